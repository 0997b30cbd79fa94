"""The track: what is one and what is none, how far it was, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.track import ROWS, Row, simulated
from benchmarks.track_alarms import Corners, course_of, rectangle
from devtools.courses import Oval as OvalCourse
from devtools.courses import Place, Road
from devtools.motion import Motion, paced, smooth_noise, stand
from devtools.simulate import Watch, record
from devtools.writers import write_fit
from miler.activity import Activity, Lap, Pause
from miler.analysis import Analysis, analyse
from miler.confidence import witness
from miler.crediting import measure
from miler.effort import Evidence, fastest
from miler.errors import SettingsError
from miler.files import read
from miler.fixes import Fixes
from miler.formats import decode
from miler.oval import Oval
from miler.overrides import Overrides
from miler.pacing import DEVICE_NOISE_PERCENT, TRACK_NOISE_PERCENT
from miler.report.html import render as render_html
from miler.report.oval_svg import oval_chart
from miler.report.text import render as render_text
from miler.settings import Settings
from miler.track import Line, Track, find_track, onto_track
from miler.track.detect import ENDS_APART_M, Course, tracks_in
from miler.track.finish import closings_s
from miler.track.meant import Meant
from miler.track.shape import FAMILIES, Family
from miler.units import MILE_M
from tests.conftest import codes

PLAIN, SMART, LANES, STOPS, FOUR_LAPS, UNTOLD = ROWS[0], ROWS[2], *ROWS[10:14]
START = datetime(2026, 5, 9, 17, 2, tzinfo=UTC)
LANE_1 = Settings(lane=1)


@cache
def run(row: Row, seed: int) -> tuple[Motion, Activity, int]:
    motion, recording, lane = simulated(row, np.random.default_rng(seed))
    (activity,) = decode(write_fit(recording))
    return motion, activity, lane


@cache
def road_track_road() -> tuple[Motion, Activity]:
    """Two kilometres to the track, five laps on it, two back, with a watch that counts 2 % too much."""
    rng = np.random.default_rng(3)
    oval = OvalCourse()
    x, y = oval.plane(np.arange(0.0, 5 * oval.lap_m))
    out = np.arange(2000.0, 0.0, -1.0)
    back = np.arange(1.0, 2000.0)
    east, north = np.concatenate([out, x, back]), np.concatenate([-0.3 * out, y, -0.5 * back])
    run_m = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(east), np.diff(north)))])
    even = np.arange(0.0, run_m[-1])
    road = Road(np.interp(even, run_m, east), np.interp(even, run_m, north))
    motion = Motion.of(paced(len(even) - 1.0, 2100.0, rng))
    recording = record(
        motion, Watch(distance_scale=1.02), rng, start_time=START, place=Place(road, 47.4, 8.5, 70.0)
    )
    (activity,) = decode(write_fit(recording))
    return motion, activity


def track_of(activity: Activity, chosen: Settings = LANE_1) -> Track:
    track = find_track(activity, measure(activity, chosen), chosen)
    assert track is not None
    return track


@pytest.fixture(scope="module")
def plain() -> Analysis:
    return analyse(run(PLAIN, 1)[1], LANE_1)


@pytest.mark.parametrize("row", [PLAIN, SMART, LANES, STOPS], ids=lambda row: row.name)
def test_a_mile_on_the_track_is_found_to_a_second_or_two(row: Row) -> None:
    motion, activity, lane = run(row, 1)
    analysis = analyse(activity, Settings(lane=lane))
    truth = motion.fastest(MILE_M)
    assert truth is not None and analysis.mile is not None and analysis.track is not None
    assert analysis.mile.effort.elapsed_s == pytest.approx(truth.elapsed_s, abs=2.0)
    assert analysis.track.mile_s is not None
    low_s, high_s = analysis.track.mile_s
    assert low_s <= truth.elapsed_s <= high_s
    assert high_s - low_s < 6.0


def test_distance_on_the_track_is_the_lanes_own(plain: Analysis) -> None:
    motion, _, _ = run(PLAIN, 1)
    assert plain.summary.distance_source == "track"
    assert plain.summary.distance_m == pytest.approx(float(motion.distance_m[-1]), abs=10.0)


def test_equal_recordings_give_equal_analyses() -> None:
    _, activity, _ = run(PLAIN, 1)
    again, first = (track_of(activity).circuits[0] for _ in range(2))
    assert np.array_equal(again.drawn_m, first.drawn_m)


def test_a_runner_who_stops_on_the_mile_has_run_it_without_the_rest() -> None:
    _, activity, _ = run(STOPS, 1)
    analysis = analyse(activity, LANE_1)
    assert analysis.mile is not None
    assert codes(analysis).count("track_mile") == 1
    assert analysis.mile.effort.elapsed_s < 430


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_mile_from_rest_to_rest_takes_from_the_first_step_to_the_last(seed: int) -> None:
    motion, activity, lane = run(replace(STOPS, noise_m=1.0), seed)
    truth, settings = motion.fastest(MILE_M), Settings(lane=lane)
    device = measure(activity, settings)
    mile = fastest(onto_track(device, track_of(activity, settings)), MILE_M)
    assert truth is not None and mile is not None
    assert mile.elapsed_s == pytest.approx(truth.elapsed_s, abs=0.5)  # of fixes a second apart


def test_miles_a_few_seconds_apart_keep_their_own_starts_and_ends() -> None:
    rng = np.random.default_rng(2)  # whose watch records every four seconds
    reps = [(MILE_M, 330.0), (MILE_M, 330.3), (MILE_M + 0.2, 331.0)]
    parts = [stand(20), *(part for rep in reps for part in (paced(*rep, rng), stand(5))), stand(15)]
    place = Place(OvalCourse(), 48.0, 11.0, 30.0)
    watch = Watch(fix_noise_m=1.5, fix_memory_s=20.0, steps_s=(4,))
    recording = record(Motion.of(*parts), watch, rng, start_time=START, place=place)
    (activity,) = decode(write_fit(recording))
    (circuit,) = track_of(activity).circuits
    assert circuit.miles
    for mile in circuit.miles:
        metres = np.diff(np.interp([mile.from_s, mile.to_s], circuit.times, circuit.along_m))
        assert metres == pytest.approx(MILE_M, abs=0.02)
    assert all(one.to_s < another.from_s for one, another in pairwise(circuit.miles))


@pytest.mark.parametrize("seed", range(1, 6))
def test_sixteen_hundred_metres_seen_by_a_good_receiver_are_no_mile(seed: int) -> None:
    motion, activity, _ = run(replace(FOUR_LAPS, noise_m=1.0), seed)
    truth, mile = motion.fastest(MILE_M), analyse(activity, LANE_1).mile
    assert not any(circuit.miles for circuit in track_of(activity).circuits)
    assert truth is not None and mile is not None
    assert mile.effort.elapsed_s == pytest.approx(truth.elapsed_s, abs=2.0)


@pytest.mark.parametrize(("row", "seed"), [(STOPS, 2), (FOUR_LAPS, 1), (FOUR_LAPS, 3)])
def test_where_1600_m_and_a_mile_are_one_to_the_receiver_the_interval_holds_both(row: Row, seed: int) -> None:
    motion, activity, _ = run(row, seed)
    truth, analysis = motion.fastest(MILE_M), analyse(activity, LANE_1)
    assert truth is not None and analysis.track is not None and analysis.track.mile_s is not None
    (mile,) = (mile for circuit in track_of(activity).circuits for mile in circuit.miles)
    low_s, high_s = analysis.track.mile_s
    assert low_s <= mile.to_s - mile.from_s < mile.to_s - mile.from_s + 5 < high_s
    assert low_s <= truth.elapsed_s <= high_s
    assert "does not exclude 1600 m" in next(n.message for n in analysis.notes if n.code == "track_mile")


@pytest.mark.parametrize("seed", range(6))
def test_of_several_repetitions_of_1600_m_all_may_be_that(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rep, rest = paced(1600.0, 330.0, rng), stand(60)
    place = Place(OvalCourse(), 48.0, 11.0, 30.0)
    motion = Motion.of(stand(20), rep, rest, paced(1600.1, 331.0, rng), rest, paced(800, 300.0, rng))
    recording = record(motion, Watch(fix_noise_m=3.0, fix_memory_s=20.0), rng, start_time=START, place=place)
    (activity,) = decode(write_fit(recording))
    truth, found = motion.fastest(MILE_M), analyse(activity, LANE_1).track
    assert truth is not None and found is not None and found.mile_s is not None
    low_s, high_s = found.mile_s
    assert low_s <= truth.elapsed_s <= high_s + 0.5


def test_a_mile_and_nothing_else_may_be_1600_m_at_that_pace() -> None:
    _, activity, _ = run(STOPS, 1)
    (mile,) = (mile for circuit in track_of(activity).circuits for mile in circuit.miles)
    inside = (activity.elapsed >= mile.from_s) & (activity.elapsed <= mile.to_s)
    elapsed = activity.elapsed[inside]
    streams = {name: stream[inside] for name, stream in activity.streams.items()}
    alone = replace(activity, elapsed=elapsed - elapsed[0], streams=streams, laps=())
    track = track_of(alone)
    effort = fastest(onto_track(measure(alone, LANE_1), track), MILE_M)
    assert effort is not None
    interval = track.interval(effort)
    assert interval is not None
    low_s, high_s = interval
    assert low_s < effort.elapsed_s - 0.2  # a thumb
    assert effort.elapsed_s * (MILE_M / 1600 - 1) < high_s - effort.elapsed_s < 6


@given(off_m=st.floats(-15, 15), sd_m=st.floats(1, 5))
def test_what_lies_nearer_to_1600_m_is_likelier_that(off_m: float, sd_m: float) -> None:
    mile, lead_in_m = Meant(0.0, 300.0, MILE_M + off_m, sd_m, np.zeros(1)), MILE_M - 1600.0
    likelier = math.exp((off_m**2 - (off_m + lead_in_m) ** 2) / (2 * sd_m**2))
    assert mile.four_laps == pytest.approx(likelier / (1 + likelier))


def test_streams_of_speed_and_cadence_are_not_asked_when_the_mile_began() -> None:
    _, activity, _ = run(STOPS, 1)
    streams = {name: activity[name] for name in ("latitude", "longitude", "distance")}
    alone = replace(activity, streams=streams)
    assert track_of(alone).longest.miles[0][:4] == track_of(activity).longest.miles[0][:4]


def test_a_timer_stopped_at_the_line_tells_when_the_mile_ended() -> None:
    _, activity, _ = run(STOPS, 1)
    (mile,) = track_of(activity).longest.miles
    stopped_s = round(mile.to_s) + 1.0
    paused = replace(activity, pauses=(Pause(stopped_s, stopped_s + 4.0),), timer_events=True)
    assert track_of(paused).longest.miles[0].to_s == pytest.approx(mile.to_s, abs=1.1)


def test_road_and_track_and_road_keep_their_own_distances() -> None:
    motion, activity = road_track_road()
    device = measure(activity, LANE_1)
    track = track_of(activity)
    laid = onto_track(device, track)
    assert [s.source for s in laid.stretches] == ["device", "track", "device"]
    begun, ended = laid.stretches[1].from_m, laid.stretches[1].to_m
    on_s = laid.arrival(np.array([begun + 50, ended - 50]))
    true_m = float(np.diff(motion.distance_at(on_s))[0])
    assert ended - begun - 100 == pytest.approx(true_m, abs=12.0)
    assert begun == pytest.approx(float(device.distance_at(laid.arrival(np.array([begun])))[0]), abs=1e-6)
    after_s = np.array([float(track.circuits[-1].times[-1]), float(laid.departs[-1])])
    assert np.diff(laid.distance_at(after_s)) == pytest.approx(np.diff(device.distance_at(after_s)), abs=1e-6)


def test_the_promises_of_an_odometer_hold_across_its_seams() -> None:
    _, activity = road_track_road()
    laid = onto_track(measure(activity, LANE_1), track_of(activity))
    assert (np.diff(laid.marks) > 0).all()
    assert laid.stretches[0].from_m == laid.marks[0]
    assert laid.stretches[-1].to_m == pytest.approx(float(laid.marks[-1]), abs=0.01)


def test_no_distance_is_credited_in_a_pause() -> None:
    _, activity, _ = run(PLAIN, 1)
    paused = replace(activity, pauses=(Pause(300.0, 330.0),), timer_events=True)
    odometer = measure(paused, LANE_1)
    laid = onto_track(odometer, track_of(paused))
    assert np.diff(laid.distance_at(np.array([300.5, 329.5])))[0] == pytest.approx(0.0, abs=1e-9)


def test_without_a_track_the_odometer_is_left_alone() -> None:
    _, activity, _ = run(PLAIN, 1)
    odometer = measure(activity)
    assert onto_track(odometer, None) is odometer


@pytest.mark.parametrize("source", ["device", "fixes"])
def test_a_source_chosen_by_hand_is_kept(source: str) -> None:
    _, activity, _ = run(PLAIN, 1)
    chosen = Settings.from_mapping({"distance_source": source})
    assert find_track(activity, measure(activity, chosen), chosen) is None


def test_both_directions_are_the_same_distance() -> None:
    _, activity, _ = run(PLAIN, 1)
    mirrored = replace(activity, streams=dict(activity.streams) | {"longitude": -activity["longitude"]})
    there, back = track_of(activity), track_of(mirrored)
    assert there.longest.problem.direction == -back.longest.problem.direction
    assert there.longest.laps == pytest.approx(back.longest.laps, abs=0.01)


DECOYS: dict[str, Corners | OvalCourse] = {
    "a football pitch": rectangle(105.0, 68.0),
    "a rounded block": rectangle(120.0, 80.0, 15.0),
    "a city block": rectangle(115.0, 85.0),
    "a roundabout": rectangle(127.0, 127.0, 63.5),
    "an oval of 350 m": OvalCourse(84.39 * 0.875, 36.80 * 0.875),
    "an oval of 450 m": OvalCourse(84.39 * 1.125, 36.80 * 1.125),
    "out and back": rectangle(198.0, 2.0),
}


@pytest.mark.parametrize("name", DECOYS)
def test_what_is_no_track_is_taken_for_none(name: str) -> None:
    assert not tracks_in(course_of(DECOYS[name], np.random.default_rng(5)))


def test_the_same_laps_on_a_track_are_taken_for_one() -> None:
    assert tracks_in(course_of(OvalCourse(), np.random.default_rng(5)))


def test_three_laps_in_an_outer_lane_are_an_oval_of_450_m_unless_the_lane_is_named() -> None:
    oval = Oval()
    place = Place(OvalCourse(oval.straight_m, oval.line_radius_m(7)), 51.5, -0.1, 40.0)
    rng = np.random.default_rng(5)

    def ran(laps: float) -> Course:
        times = np.arange(laps * oval.lap_m / 3.3)
        east, north = (v + 2.0 * smooth_noise(rng, len(times), 20) for v in place.plane(3.3 * times))
        return Course.of(Fixes.of(times, *place.fixes(east, north)))

    few, many = ran(2.9), ran(9.0)
    assert not tracks_in(few)
    assert tracks_in(few, lane=7)
    assert tracks_in(many)


def test_a_mile_on_another_continent_in_mid_file_does_no_harm() -> None:
    _, activity, _ = run(PLAIN, 1)
    latitude = activity["latitude"].copy()
    latitude[200:210] *= -1
    jumped = replace(activity, streams=dict(activity.streams) | {"latitude": latitude})
    assert analyse(jumped, LANE_1).mile is not None


@given(st.integers(0, 139), st.integers(0, 139), st.floats(-1, 1), st.sampled_from(FAMILIES))
def test_no_window_has_an_ovals_spread_that_is_not_looked_at(
    first: int, last: int, bend: float, family: Family
) -> None:
    """Who waits at both ends and dashes between them has the least spread for ends so far apart."""
    scale = family.lap_m / 400.0
    point = np.arange(140)
    moving = (point >= min(first, last)) & (point < max(first, last))
    heading = bend * np.cumsum(moving) / 20
    x, y = (np.cumsum(6.0 * scale * moving * turn(heading)) for turn in (np.cos, np.sin))
    if math.hypot(x[-1] - x[0], y[-1] - y[0]) >= ENDS_APART_M * scale:
        assert math.hypot(x.std(), y.std()) >= 1.3 * math.hypot(55.5, 31.0) * scale


def test_too_few_fixes_are_no_track() -> None:
    _, activity, _ = run(PLAIN, 1)
    latitude = np.where(np.arange(len(activity)) < 20, activity["latitude"], np.nan)
    few = replace(activity, streams=dict(activity.streams) | {"latitude": latitude})
    assert find_track(few, measure(few), LANE_1) is None


def test_who_stands_is_on_no_track() -> None:
    still = np.zeros(50)
    assert not tracks_in(Course.of(Fixes.of(np.arange(50.0), still, still)))


def test_a_lane_that_nobody_named_is_said_to_be_assumed_and_widens_the_interval() -> None:
    _, activity, _ = run(PLAIN, 1)
    told, untold = (analyse(activity, chosen) for chosen in (LANE_1, Settings()))
    assert told.track is not None and untold.track is not None
    assert not any(note.code == "track_lane" for note in told.notes)
    assert any(note.code == "track_lane" and "--lane" in note.message for note in untold.notes)
    assert told.track.lane_sure == 1.0 and untold.track.lane_sure < 1.0
    assert told.track.mile_s is not None and untold.track.mile_s is not None
    assert untold.track.mile_s[0] < told.track.mile_s[0]


def test_the_outer_lane_is_longer_when_it_is_named() -> None:
    _, activity, _ = run(PLAIN, 1)
    inner, outer = (track_of(activity, Settings(lane=lane)).longest for lane in (1, 2))
    ratio = Oval().lap_length_m(2) / Oval().lap_length_m(1)
    assert outer.along_m[-1] / inner.along_m[-1] == pytest.approx(ratio, abs=0.002)


def laps_in(*lanes: int) -> Activity:
    """Laps, each in a lane, entered on the home straight; a watch that counts 1 % too much."""
    ovals = [OvalCourse(Oval().straight_m, Oval().line_radius_m(lane)) for lane in lanes]
    parts = [np.stack(oval.plane(np.arange(0.0, oval.lap_m))) - [[0.0], [oval.radius_m]] for oval in ovals]
    east, north = np.concatenate(parts, axis=1)
    rng = np.random.default_rng(8)
    length_m = sum(oval.lap_m for oval in ovals)
    recording = record(
        Motion.of(paced(length_m, length_m / 4, rng)),
        Watch(fix_noise_m=2.0, distance_scale=1.01),
        rng,
        start_time=START,
        place=Place(Road(east, north), 60.2, 24.9, 12.0),
    )
    (activity,) = decode(write_fit(recording))
    return activity


def test_a_lap_on_the_inside_of_the_others_is_as_long_as_it_is_there() -> None:
    activity = laps_in(6, 6, 6, 1, 6, 6, 6)
    track = track_of(activity, Settings())
    (other,) = track.longest.others
    assert track.lane.lane - other.lane == pytest.approx(5, abs=1)
    assert other.from_s == pytest.approx(3 * 437.6 / 4, abs=25.0)
    assert any(note.code == "track_other_lane" for note in onto_track(measure(activity), track).notes)
    unmoved = track_of(activity, Settings(lane=track.lane.lane)).longest
    gone_m = unmoved.along_m[-1] - track.longest.along_m[-1]
    assert gone_m == pytest.approx(unmoved.lane.line.length_m * (1 - other.longer), abs=3.0)


def test_laps_in_one_lane_stay_in_it() -> None:
    assert not track_of(laps_in(1, 1, 1, 1, 1), Settings()).longest.others


@pytest.mark.parametrize("lane", [0, 11, 1.5, "one", True])
def test_a_lane_that_no_track_has_is_refused(lane: object) -> None:
    with pytest.raises(SettingsError, match="lane"):
        Settings.from_mapping({"lane": lane})


def pressed_laps(noise_m: float = 2.0, presses: int = 6) -> tuple[Motion, Activity]:
    """Laps pressed at the line, half of them at a jog: receivers lag."""
    rng = np.random.default_rng(11)
    motion = Motion.of(*(paced(400.0, 90.0 if i % 2 else 160.0, rng) for i in range(presses + 2)))
    presses_s = motion.arrival(np.linspace(400.0, presses * 400.0, presses)).tolist()
    recording = record(
        motion,
        Watch(fix_noise_m=noise_m, fix_memory_s=40.0),
        rng,
        start_time=START,
        place=Place(OvalCourse(), -33.9, 151.2, 33.0),
        presses_s=presses_s,
    )
    (activity,) = decode(write_fit(recording))
    return motion, activity


def test_the_line_is_where_the_presses_are() -> None:
    motion, activity = pressed_laps()
    track = analyse(activity, LANE_1).track
    assert track is not None
    assert track.line == "presses" and track.line_count >= 5
    true_s = np.diff(motion.arrival(np.linspace(400.0, 2400.0, 6)))
    pressed = [lap for lap in track.line_laps if lap.pressed]
    assert len(pressed) == 5
    for lap, expected_s in zip(pressed, true_s.tolist(), strict=True):
        assert lap.elapsed_s == pytest.approx(expected_s, abs=max(2 * lap.plus_minus_s, 1.0))


def test_who_stands_at_the_line_crossed_it_when_the_button_was_pressed(samples: Path) -> None:
    track = analyse(read(samples / "track-mile.fit"), LANE_1).track
    assert track is not None and track.line == "presses"
    assert max(lap.plus_minus_s for lap in track.line_laps) < 1.0


def test_laps_that_begin_on_whole_seconds_close_when_their_durations_say() -> None:
    took_s = [70.31, 81.62, 69.47, 90.08]
    closed_s = 0.4 + np.cumsum(took_s)
    began_s = np.floor(np.concatenate(([0.4], closed_s[:-1])))
    laps = [
        Lap(i, "manual", start, took, took, 400.0)
        for i, (start, took) in enumerate(zip(began_s.tolist(), took_s, strict=True))
    ]
    off_s = closings_s(laps) - closed_s
    assert np.ptp(off_s) < 1e-9
    assert abs(off_s[0]) <= 1.0
    assert not len(closings_s([]))


def test_presses_tell_how_late_the_receiver_is() -> None:
    _, activity = pressed_laps(noise_m=0.5)
    late_s = 2.0
    shifted = {
        name: np.interp(activity.elapsed - late_s, activity.elapsed, activity[name])
        for name in ("latitude", "longitude")
    }
    late = replace(activity, streams=dict(activity.streams) | shifted)
    finish = track_of(late).finish
    assert finish is not None
    assert finish.lag_s == pytest.approx(late_s, abs=0.75)


def test_without_presses_or_rests_the_line_is_said_to_be_anywhere() -> None:
    _, activity = road_track_road()
    analysis = analyse(activity, LANE_1)
    assert analysis.track is not None and analysis.track.line == "nothing"
    assert "nothing tells the finish line" in " ".join(render_text(analysis).split())


def test_the_coach_reads_a_lead_in_three_laps_and_the_bell(plain: Analysis) -> None:
    text = render_text(plain)
    table = text[text.index("as a coach writes it") :].split("\n\n")[0].splitlines()
    assert [row.split()[0] for row in table[2:]] == ["1", "2", "3", "bell"]
    assert [row.split()[1] for row in table[2:]] == ["409.344", "400", "400", "400"]


def test_every_track_lap_has_its_plus_minus(plain: Analysis) -> None:
    assert plain.track is not None and plain.mile is not None
    assert len(plain.track.lap_plus_minus_s) == len(plain.mile.track_laps)
    assert all(0.1 < off_s < 5 for off_s in plain.track.lap_plus_minus_s)


def test_the_page_draws_the_oval_to_scale(plain: Analysis) -> None:
    assert plain.track is not None and plain.mile is not None
    drawn = oval_chart(plain.track.drawing, plain.mile.track_laps)
    assert len(drawn.rings) == 4
    left, top, width, height = drawn.box
    # The kerb is 2 · 36.50 m high and 84.39 m longer than that; the drawing leaves as much on all sides.
    points = np.array([p.split() for p in drawn.kerb.strip("M").split("L")], dtype=float)
    high, wide = np.ptp(points[:, 1]), np.ptp(points[:, 0])
    assert high == pytest.approx(2 * plain.track.radius_m, abs=0.3)
    assert wide - high == pytest.approx(Oval(plain.track.radius_m).straight_m, abs=0.5)
    assert width - wide == pytest.approx(height - high, abs=0.5)
    assert left < points[:, 0].min() and top < points[:, 1].min()
    assert "oval-plot" in render_html([plain])


@given(at=st.floats(0, 399.99), radius=st.floats(36.6, 46.0), outwards=st.floats(-20, 20))
@settings(max_examples=60)
def test_a_point_off_the_line_is_projected_to_where_it_was(at: float, radius: float, outwards: float) -> None:
    line = Line(84.39, radius)
    along = np.array([at * line.length_m / 400])
    point, tangent = line.at(along)
    out = np.stack([tangent[1], -tangent[0]])
    back, off = line.project(*(point + outwards * out))
    lap = line.length_m
    assert abs((float(back[0] - along[0]) + lap / 2) % lap - lap / 2) < 1e-6
    assert float(off[0]) == pytest.approx(outwards, abs=1e-6)


def test_a_lap_of_the_line_is_as_long_as_its_points_tell() -> None:
    line = Line.of(Oval(), 1)
    points, tangents = line.at(np.linspace(0, line.length_m, 40_001))
    length_m = float(np.hypot(*np.diff(points)).sum())
    assert length_m == pytest.approx(400.0, abs=0.01)
    assert np.allclose(np.hypot(*tangents), 1.0)
    assert math.isclose(line.length_m, Oval().lap_length_m(1))


def test_efforts_that_leave_the_track_have_no_interval_of_it() -> None:
    _, activity = road_track_road()
    track = track_of(activity)
    laid = onto_track(measure(activity, LANE_1), track)
    long = fastest(laid, 5000.0)
    assert long is not None
    assert track.interval(long) is None


def test_the_interval_of_a_mile_on_the_track_is_the_tracks_own(plain: Analysis) -> None:
    truth = run(PLAIN, 1)[0].fastest(MILE_M)
    assert plain.mile is not None and plain.track is not None and truth is not None
    mile = plain.mile.effort
    assert mile.evidence == Evidence("A", ("measured along the lane of a fitted track",), on_track=True)
    assert plain.track.mile_s == (mile.low_s, mile.high_s)
    assert mile.low_s <= truth.elapsed_s <= mile.high_s
    untold = analyse(run(PLAIN, 1)[1]).mile
    assert untold is not None and untold.effort.evidence is not None
    assert "is assumed" in untold.effort.evidence.reasons[1]


def test_a_mile_on_the_track_is_a_track_mile_whatever_the_file_says(plain: Analysis) -> None:
    street = analyse(replace(run(PLAIN, 1)[1], sub_sport="street"), LANE_1).mile
    assert street is not None and street.worth.surface == "outdoor"
    assert street.pacing is not None
    assert (street.eligibility[0].met, street.pacing.noise_percent) == ("yes", TRACK_NOISE_PERCENT)
    assert "a track of 400 m" in street.eligibility[0].reason


def test_a_road_mile_before_the_track_is_no_track_mile() -> None:
    _, activity = road_track_road()
    whole = analyse(activity, LANE_1)
    assert whole.track is not None
    road = analyse(activity, LANE_1, Overrides(window_s=(0.0, whole.track.from_s - 10.0))).mile
    assert road is not None and road.effort.evidence is not None
    assert not road.effort.evidence.on_track and road.worth.surface is None
    assert road.pacing is not None
    assert road.pacing.noise_percent == DEVICE_NOISE_PERCENT
    # This watch counts 2 % too much, which its positions say of the road.
    assert "the device's distance and its positions are" in road.effort.evidence.reasons[0]


def test_what_the_runner_left_out_on_the_track_is_not_in_the_interval_either(plain: Analysis) -> None:
    _, activity, _ = run(PLAIN, 1)
    assert plain.mile is not None
    best = plain.mile.effort
    middle = (best.start_s + best.end_s) / 2
    other = analyse(activity, LANE_1, Overrides(barred_s=((middle, middle + 5.0),))).mile
    assert other is not None and other.effort.elapsed_s > best.elapsed_s + 5.0
    assert other.effort.evidence is not None and other.effort.evidence.on_track
    assert other.effort.low_s > best.high_s


def test_a_treadmills_distance_has_no_part_on_a_track_and_that_is_said(plain: Analysis) -> None:
    _, activity, _ = run(PLAIN, 1)
    belt = analyse(activity, LANE_1, Overrides(treadmill_m=1.1 * float(activity["distance"][-1])))
    assert belt.mile is not None and plain.mile is not None
    assert belt.mile.effort.elapsed_s == pytest.approx(plain.mile.effort.elapsed_s, abs=0.01)
    assert any("not used on the track" in note.message for note in belt.notes)


def test_the_lane_beside_the_file_is_the_tracks() -> None:
    _, activity, _ = run(PLAIN, 1)
    said = analyse(activity, None, Overrides(lane=3))
    assert said.track is not None
    assert (said.track.lane, said.track.lane_given) == (3, True)
    assert said.settings.lane == 3
    habit = analyse(activity, Settings(lane=2), Overrides())
    assert habit.track is not None and habit.track.lane == 2


def test_device_and_positions_are_compared_off_the_track_only() -> None:
    _, activity = road_track_road()
    odometer = onto_track(measure(activity, LANE_1), track_of(activity))
    assert odometer.source == "device+track"
    told = witness(activity, odometer)
    assert (
        told.compared(-math.inf, math.inf)[1] < odometer.total_m - odometer.track_m(-math.inf, math.inf) + 50
    )
    assert told.compared(-math.inf, math.inf)[0] == pytest.approx(-0.02, abs=0.012)


def test_a_lap_press_tells_when_a_mile_from_rest_to_rest_began(samples: Path) -> None:
    pressed = read(samples / "track-mile.fit")
    silent = replace(pressed, laps=())
    begun = {}
    for name, activity in (("pressed", pressed), ("silent", silent)):
        mile = analyse(activity, LANE_1).mile
        assert mile is not None
        begun[name] = mile.effort.start_s
    press_s = pressed.laps[1].start_s
    assert abs(begun["pressed"] - press_s) < 0.3 < 0.4 < abs(begun["silent"] - press_s)
