"""How sure a time is: the interval holds what it says, and the grade follows the evidence."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import coverage
from devtools.motion import Leg, Motion, paced, stand
from devtools.population import checked_watch, treadmill
from devtools.simulate import ar1
from miler.activity import Activity, Pause
from miler.analysis import analyse
from miler.confidence import (
    GRADES,
    Term,
    Witness,
    _reasons,
    _unbarred_s,
    budget,
    disputed,
    grade_of,
    judge,
    on_the_track,
    rivals,
    witness,
)
from miler.confidence import judged as judge_all
from miler.crediting import believed_fixes, measure
from miler.effort import Effort, fastest
from miler.files import read
from miler.odometer import Break, Odometer, Stretch, timetable
from miler.optimism import optimisms
from miler.report.words import interval, sure_time, told_time
from miler.settings import Settings
from miler.track import find_track, onto_track
from miler.units import MILE_M
from miler.windows import near, windows


def recorded(*legs: list[Leg]) -> Activity:
    """A noise-free watch, a record a second, with the device's distance only."""
    motion = Motion.of(*legs)
    times = np.arange(motion.end_s + 1)
    return Activity(None, times, {"distance": motion.distance_at(times)}, sport="running", timer_events=True)


def judged(activity: Activity, settings: Settings | None = None) -> Effort:
    odometer = measure(activity, settings)
    effort = fastest(odometer, MILE_M)
    assert effort is not None
    return judge(effort, activity, odometer, settings)


def even(metres: float, seconds: float) -> list[Leg]:
    return [Leg(seconds, metres / seconds, metres / seconds)]


def test_an_even_runs_interval_is_that_of_its_distance() -> None:
    effort = judged(recorded(even(5000, 1500)))
    assert effort.evidence is not None
    share = (effort.high_s - effort.low_s) / 2 / effort.elapsed_s
    assert share == pytest.approx(1.96 * 0.0202, rel=0.05)  # no positions: 2 % and the ends
    assert effort.evidence.grade == "C"


def test_who_stops_at_the_mile_has_the_rest_in_the_upper_side_only() -> None:
    legs = (even(1000, 330), stand(40), even(MILE_M + 1, 300), stand(40), even(1000, 330))
    effort = judged(recorded(*legs))
    assert effort.high_s - effort.elapsed_s > 35
    assert effort.elapsed_s - effort.low_s < 15


def test_a_time_lies_within_its_own_interval() -> None:
    for seed in range(12):
        run = checked_watch(np.random.default_rng(seed))
        effort = judged(run.activity)
        assert effort.low_s <= effort.elapsed_s <= effort.high_s


def test_the_interval_inverts_the_window_exactly() -> None:
    activity = checked_watch(np.random.default_rng(5)).activity
    odometer = measure(activity)
    effort = judged(activity)
    told = witness(activity, odometer)
    off_m = 1.96 * math.hypot(*(t.sd_m for t in budget(effort, told, odometer, Settings())))
    shorter, longer = fastest(odometer, MILE_M - off_m), fastest(odometer, MILE_M + off_m)
    assert shorter is not None and longer is not None
    assert effort.low_s == pytest.approx(shorter.elapsed_s + effort.optimism_s, abs=1e-6)
    assert effort.high_s == pytest.approx(longer.elapsed_s + effort.optimism_s, abs=1e-6)


def test_a_recording_that_ends_at_the_mile_says_that_it_may_have_been_short() -> None:
    activity = recorded(even(MILE_M + 0.5, 300))
    odometer, effort = measure(activity), judged(activity)
    assert effort.evidence is not None
    told = witness(activity, odometer)
    sd_m = math.hypot(*(term.sd_m for term in budget(effort, told, odometer, Settings())))
    longer = 1 + 1.96 * sd_m / MILE_M  # at the pace of all of it
    assert effort.high_s == pytest.approx(longer * effort.elapsed_s + effort.optimism_s)
    assert any("may have been short" in reason for reason in effort.evidence.reasons)
    assert effort.high_s > effort.elapsed_s


def test_positions_that_agree_make_better_evidence_than_none() -> None:
    activity = checked_watch(np.random.default_rng(3)).activity
    without = {k: v for k, v in activity.streams.items() if k not in ("latitude", "longitude")}
    with_them, alone = judged(activity), judged(replace(activity, streams=without))
    assert with_them.evidence is not None and alone.evidence is not None
    assert (with_them.evidence.grade, alone.evidence.grade) == ("B", "C")
    assert with_them.uncertainty_s < alone.uncertainty_s


def test_a_device_at_odds_with_its_positions_is_trusted_less() -> None:
    activity = checked_watch(np.random.default_rng(3)).activity
    longer = {**activity.streams, "distance": activity["distance"] * 1.06}
    effort = judged(replace(activity, streams=longer))
    assert effort.evidence is not None
    assert effort.evidence.grade == "D"
    assert "apart" in effort.evidence.reasons[0]


def test_a_treadmill_is_told_apart() -> None:
    effort = judged(treadmill(np.random.default_rng(1)).activity)
    assert effort.evidence is not None
    assert effort.evidence.grade == "D"
    assert "indoors" in effort.evidence.reasons[0]


def test_a_gap_inside_widens_the_interval_and_is_a_reason() -> None:
    activity = checked_watch(np.random.default_rng(8)).activity
    effort = judged(activity)
    middle = (effort.start_s + effort.end_s) / 2
    keep = np.abs(activity.elapsed - middle) > 40
    holed = replace(
        activity,
        elapsed=activity.elapsed[keep].copy(),
        streams={k: v[keep].copy() for k, v in activity.streams.items()},
    )
    found = judged(holed)
    assert found.evidence is not None
    assert any("missing" in reason for reason in found.evidence.reasons)
    assert found.uncertainty_s > effort.uncertainty_s


def test_a_fitted_track_is_the_best_evidence() -> None:
    activity = recorded(even(5000, 1500))
    plain = measure(activity)
    fitted = replace(plain, stretches=(Stretch(0.0, plain.total_m, "track"),))
    effort = fastest(fitted, MILE_M)
    assert effort is not None
    evidence = judge(effort, activity, fitted).evidence
    assert evidence is not None and evidence.grade == "A"


def test_an_effort_on_a_track_is_judged_by_the_track(samples: Path) -> None:
    told = analyse(read(samples / "track-mile.fit"))
    assert told.track is not None and told.mile is not None and told.mile.effort.evidence is not None
    mile, evidence = told.mile.effort, told.mile.effort.evidence
    assert (mile.low_s, mile.high_s, mile.optimism_s) == (*(told.track.mile_s or ()), 0.0)
    likely = f"{100 * told.track.lane_sure:.0f} % likely"
    assert evidence.on_track
    assert evidence.reasons == (
        "measured along the lane of a fitted track", f"lane {told.track.lane} is assumed, {likely}"
    )  # fmt: skip
    given = analyse(read(samples / "track-mile.fit"), Settings(lane=told.track.lane)).mile
    assert given is not None and given.effort.evidence is not None
    assert given.effort.evidence.reasons == evidence.reasons[:1]


def test_what_bars_efforts_bounds_where_their_rivals_are_looked_for() -> None:
    sports = (Break(100, 200, "sport"), Break(300, 310, "sport"), Break(1200, 1300, "sport"))
    breaks = (*sports, Break(500, 505, "glitch"), Break(900, 900, "teleport"))
    run = Odometer(*timetable(np.array([0.0, 500]), np.array([0.0, 2000])), breaks=breaks)
    effort = Effort("", 400, 450, 850, 112.5, 212.5, 100, 100)
    assert _unbarred_s(effort, run) == (77.5, 225)
    assert _unbarred_s(effort, replace(run, breaks=())) == (-math.inf, math.inf)
    at_its_ends = (Break(300, 450, "sport"), Break(850, 900, "sport"))
    assert _unbarred_s(effort, replace(run, breaks=at_its_ends)) == (112.5, 212.5)


def test_a_time_that_other_paths_along_the_lane_beat_by_seconds_is_less_sure(samples: Path) -> None:
    activity = read(samples / "track-mile.fit")
    track = find_track(activity, measure(activity), Settings())
    odometer = onto_track(measure(activity), track)
    mile = fastest(odometer, MILE_M)
    assert mile is not None and track is not None
    slower = replace(mile, elapsed_s=mile.elapsed_s + 3)
    graded = [on_the_track(effort, odometer, track) for effort in (mile, slower)]
    assert [effort and effort.grade for effort in graded] == ["A", "B"]


def test_a_mile_run_hard_once_is_not_flattered_by_being_picked() -> None:
    effort = judged(recorded(even(2000, 800), even(MILE_M + 5, 300), even(2000, 800)))
    assert effort.optimism_s < 0.5


def test_an_even_run_flatters_whoever_picks_its_fastest_mile() -> None:
    assert judged(recorded(even(15_000, 4500))).optimism_s > 0.5


STEADY = checked_watch(np.random.default_rng(5)).activity
FADING = recorded([Leg(7000, 2.1, 1.9)])  # each window is half a second behind the one 100 m before it


@pytest.mark.parametrize("activity", [STEADY, FADING], ids=["steady", "fading"])
def test_the_flattery_is_that_of_all_windows_however_few_were_looked_at(activity: Activity) -> None:
    odometer = measure(activity)
    effort = judged(activity)
    told = witness(activity, odometer)
    own = ("ends", "wander", "clock")
    sd_m = math.hypot(*(t.sd_m for t in budget(effort, told, odometer, Settings()) if t.name in own))
    (expected,) = optimisms([(windows(odometer, MILE_M), effort.elapsed_s, sd_m * effort.elapsed_s / MILE_M)])
    assert effort.optimism_s == pytest.approx(expected, abs=1e-9) and expected > 0
    for found in (rivals(odometer, [MILE_M]), near(odometer, [MILE_M])):
        (again,) = judge_all((effort,), activity, odometer, None, list(found))
        assert again == effort


def test_an_effort_across_what_bars_others_has_an_interval_of_its_own_pace() -> None:
    activity = recorded(even(5000, 1500))
    odometer = replace(
        measure(activity), breaks=tuple(Break(m, m, "teleport") for m in range(500, 5000, 100))
    )
    effort = Effort("1 mile", MILE_M, 1000, 1000 + MILE_M, 300, 782.8, 482.8, 482.8)
    told = judge(effort, activity, odometer)
    sds_m = [t.sd_m for t in budget(effort, witness(activity, odometer), odometer, Settings())]
    off_s = 1.96 * math.hypot(*sds_m) * 482.8 / MILE_M
    assert [told.low_s, told.high_s] == pytest.approx([482.8 - off_s, 482.8 + off_s])


@settings(max_examples=20)
@given(st.integers(1, 30), st.floats(0.1, 3))
def test_the_flattery_of_equal_windows_is_the_mean_of_the_greatest_error(count: int, sd_s: float) -> None:
    metres = np.arange(0, MILE_M + 100.0 * count, 10.0)
    found = windows(Odometer(*timetable(metres / 4, metres)), MILE_M)
    assert found is not None
    (said,) = optimisms([(found, float(found.joined.took_s.min()), sd_s)])
    bins = len(np.unique(np.floor(found.joined.start_m / 100)))
    drawn = np.random.default_rng(1).standard_normal((4000, bins)).max(axis=1).mean()
    assert said == pytest.approx(max(drawn, 0) * sd_s, abs=0.06 * sd_s)


def test_the_budget_is_the_one_that_is_documented() -> None:
    # docs: sources of each number. 2000 m from 100 s to 500 s, between records every 4 s.
    effort = Effort("", 2000, 400, 2400, 100, 500, 400, 380)
    times = np.arange(0, 604, 4.0)
    told = Witness(times, np.empty(0), np.empty(0), np.empty(0), 0.02, False)
    odometer = Odometer(
        *timetable(np.array([0.0, 600]), np.array([0.0, 2900])),
        stretches=(Stretch(0, 2900, "fixes"),),
        breaks=(Break(300, 500, "glitch"), Break(1000, 1040, "mended"), Break(2400, 2500, "glitch")),
        pauses=(Pause(20, 100), Pause(200, 205), Pause(495, 520), Pause(500, 530)),
        gaps=((60.0, 120.0), (300.0, 330.0), (500.0, 560.0)),
    )
    speed_mps = 2900 / 600
    terms = {term.name: term for term in budget(effort, told, odometer, Settings())}
    sds_m = {name: term.sd_m for name, term in terms.items()}
    assert terms["gap"].reason == "records are missing inside it, for up to 30 s"
    assert terms["glitch"].reason == "140 m inside it were bridged"
    step_s = 380 / 100
    assert sds_m == {
        "scale": pytest.approx(2000 * math.hypot(0.015, 0.5 * 0.02)),
        "sampling": pytest.approx(2000 * 0.0007 * step_s),
        "ends": pytest.approx(math.sqrt(2) * math.hypot(2.0, 2000 / 6 * step_s / 380)),
        "wander": pytest.approx(0.004 * math.sqrt(2 * 250 * 2000)),
        "clock": pytest.approx(math.sqrt(2) * 0.1 * 5),
        # 20 s of the first gap are inside, and it hides an end; 30 s of the second; none of the third.
        "gap": pytest.approx(speed_mps * math.hypot(0.06 * 20, 0.06 * 30, 0.25 * 60)),
        "glitch": pytest.approx(math.hypot(0.3 * 100, 0.12 * 40)),
        "pause": pytest.approx(4 * math.sqrt(2)),
    }


def test_what_ends_where_an_effort_begins_or_begins_where_it_ends_costs_it_nothing() -> None:
    effort = Effort("", 2000, 500, 2500, 100, 500, 400, 400)
    told = Witness(np.arange(601.0), np.empty(0), np.empty(0), np.empty(0), 0.0, False)
    run = Odometer(
        *timetable(np.array([0.0, 600]), np.array([0.0, 3000])),
        stretches=(Stretch(0, 3000, "device"),),
        breaks=(Break(400, 500, "glitch"), Break(2500, 2600, "glitch")),
        gaps=((60.0, 100.0), (500.0, 560.0)),
    )
    names = {term.name for term in budget(effort, told, run, Settings())}
    assert names == {"scale", "ends", "wander", "clock"}
    within = replace(run, gaps=((60.0, 100.0), (100.0, 110.0), (490.0, 500.0), (500.0, 560.0)))
    (gap,) = (term for term in budget(effort, told, within, Settings()) if term.name == "gap")
    assert gap.sd_m == pytest.approx(0.12 * math.hypot(50, 50)), "no end of it lies in a gap"


def test_an_effort_between_two_records_may_be_off_by_a_sixth_of_itself_at_either_end() -> None:
    effort = Effort("", 9, 0, 9, 0, 1.5, 1.5, 1.5)
    told = Witness(np.array([0.0, 1.5]), np.empty(0), np.empty(0), np.empty(0), 0.0, False)
    run = Odometer(*timetable(np.array([0.0, 1.5]), np.array([0.0, 9.0])))
    (ends,) = (term for term in budget(effort, told, run, Settings()) if term.name == "ends")
    assert ends.sd_m == pytest.approx(math.sqrt(2) * math.hypot(2, 9 / 6))
    assert ends.reason.startswith("records every 2 s: ")
    assert told.step_s(effort) == 1.5


def test_of_the_small_terms_only_the_scale_is_told_and_the_greatest_first() -> None:
    terms = {"scale": 0.1, "wander": 3.0, "clock": 3.1, "ends": 10.0, "pause": 5.0}
    told = _reasons(tuple(Term(name, sd_m, name) for name, sd_m in terms.items()))
    assert list(told) == ["ends", "pause", "clock", "scale"]


def scale_of(told: Witness, *sources: str) -> tuple[float, str]:
    """The first row of the budget of 2000 m in 400 s: its share, and its reason, which is always told."""
    effort = Effort("", 2000, 0, 2000, 0, 400, 400, 400)
    each_m = 2000 / len(sources)
    stretches = tuple(Stretch(i * each_m, (i + 1) * each_m, source) for i, source in enumerate(sources))
    run = timetable(np.array([0.0, 400]), np.array([0.0, 2000]))
    first, *_ = budget(effort, told, Odometer(*run, stretches=stretches), Settings())
    assert first.name == "scale"
    return first.sd_m / 2000, first.reason


def seen(covered_s: float, longer: float = 0.0, noise: float = 0.0, indoors: bool = False) -> Witness:
    """Positions over the first seconds of it, along a path that is longer than the odometer by a share."""
    fix_s, counted_m = np.array([0.0, covered_s]), np.array([0.0, 5 * covered_s])
    return Witness(np.arange(401.0), fix_s, (1 + longer) * counted_m, counted_m, noise, indoors)


def test_the_device_is_checked_where_positions_cover_half_of_it() -> None:
    assert scale_of(seen(199), "device") == (0.020, "the device's distance, without positions to check it")
    assert scale_of(seen(200), "device")[0] == 0.011
    assert "borne out" in scale_of(seen(200, 0.0149), "device")[1]
    assert scale_of(seen(400, 0.0151), "device")[0] == 0.011
    assert (
        scale_of(seen(400, 0.0151), "device")[1] == "the device's distance and its positions are 1.5 % apart"
    )
    assert scale_of(seen(400, -0.04), "device")[0] == pytest.approx(0.53 * 0.04)


def test_on_a_track_in_part_positions_are_asked_about_the_rest() -> None:
    assert scale_of(seen(99), "device", "track")[0] == 0.020
    assert scale_of(seen(100), "device", "track")[0] == 0.011


def test_who_ran_indoors_or_by_positions_or_on_a_track_has_another_scale() -> None:
    assert scale_of(seen(400, indoors=True), "device")[0] == 0.030
    assert scale_of(seen(400), "track")[0] == 0.003
    assert scale_of(seen(400, noise=0.007), "fixes")[1].endswith("0.7 % too long by their noise")
    assert scale_of(seen(400, noise=0.005), "fixes")[1] == "distance added up from positions"


def test_records_far_apart_cut_corners_by_a_twentieth_at_most() -> None:
    effort = Effort("", 2000, 0, 2000, 0, 400, 400, 400)
    told = Witness(np.array([0.0, 200, 400]), np.empty(0), np.empty(0), np.empty(0), 0.0, False)
    odometer = Odometer(
        *timetable(np.array([0.0, 400]), np.array([0.0, 2000])), stretches=(Stretch(0, 2000, "fixes"),)
    )
    sds_m = {term.name: term.sd_m for term in budget(effort, told, odometer, Settings())}
    assert sds_m["sampling"] == pytest.approx(0.05 * 2000)


def test_positions_are_held_against_the_odometer_where_they_are() -> None:
    told = Witness(
        np.empty(0), np.array([10.0, 20, 30]), np.array([0.0, 42, 82]), np.array([0.0, 40, 80]), 0.0, False
    )
    later, earlier = told.compared(20, 30), told.compared(0, 20)
    assert later[0] == pytest.approx(0.0) and earlier[0] == pytest.approx(0.05)
    assert later[1] == earlier[1] == 40.0
    assert told.compared(10, 10.1)[1] == pytest.approx(0.4), "less than a metre is compared too"
    assert told.compared(30, 99) == (None, 0.0)


def phone(step_s: float = 1.0, sub_sport: str | None = None) -> Activity:
    """Four metres a second to the north; positions every so often, and the watch's distance as often."""
    times = np.arange(0.0, 900.0, step_s)
    streams = {"latitude": 50 + 4 * times / 111_229.0, "longitude": np.full(len(times), 8.0)}
    return Activity(
        None,
        times,
        {**streams, "distance": 4 * times},
        sport="running",
        sub_sport=sub_sport,
        timer_events=True,
    )


def test_positions_every_fifteen_seconds_bear_a_distance_out() -> None:
    for step_s, known in ((15.0, True), (16.0, False)):
        run = phone(step_s)
        difference, _ = witness(run, measure(run)).compared(0, 900)
        assert (difference is not None) is known


@pytest.mark.parametrize(
    "sub_sport", ["treadmill", "indoor_running", "virtual_activity", "virtual_run", "indoor_walking"]
)
def test_indoors_no_position_bears_witness(sub_sport: str) -> None:
    inside, outside = phone(sub_sport=sub_sport), phone(sub_sport="track")
    told = witness(inside, measure(inside))
    assert (told.indoors, told.noise, told.compared(0, 900)) == (True, 0.0, (None, 0.0))
    assert not witness(outside, measure(outside)).indoors


def test_the_records_that_count_are_those_that_the_distance_came_from() -> None:
    run = phone()
    sparse = np.where(np.arange(900) % 10 == 0, run["distance"], np.nan)
    run = replace(run, streams={**run.streams, "distance": sparse})
    by_fixes = Settings(distance_source="fixes")
    assert len(witness(run, measure(run, by_fixes)).record_s) == 900
    assert len(witness(run, measure(run)).record_s) == 90


@pytest.mark.parametrize(("scale", "word"), [(1.04, "shorter"), (0.96, "longer"), (1.02, None), (0.98, None)])
def test_a_distance_that_the_positions_dispute_is_told(scale: float, word: str | None) -> None:
    run = phone()
    run = replace(run, streams={**run.streams, "distance": scale * run["distance"]})
    notes = disputed(run, measure(run))
    told = [(note.code, note.kind) for note in notes]
    assert told == [("distance_disputed", "finding")] * (word is not None)
    assert all(f" {word} than " in note.message for note in notes)


@pytest.mark.parametrize(("until_s", "disputes"), [(450, True), (449, False)])
def test_positions_over_half_of_a_run_dispute_its_distance(until_s: int, disputes: bool) -> None:
    times = np.arange(901.0)
    north = np.where(times <= until_s, 50 + 4 * times / 111_229.0, np.nan)
    streams = {"latitude": north, "longitude": np.where(times <= until_s, 8.0, np.nan)}
    run = Activity(None, times, {**streams, "distance": 4.25 * times}, sport="running", timer_events=True)
    assert bool(disputed(run, measure(run))) is disputes


def test_positions_are_held_against_the_device_off_the_track_only() -> None:
    times = np.arange(901.0)
    on_track = (times >= 200) & (times < 800)
    metres = np.concatenate(([0.0], np.cumsum(np.where(on_track, 4.0, 4.25)[:-1])))
    streams = {"latitude": 50 + 4 * times / 111_229.0, "longitude": np.full(901, 8.0), "distance": metres}
    run = Activity(None, times, streams, sport="running", timer_events=True)
    bounds = metres[[0, 200, 800, 900]].tolist()
    sources = ("device", "track", "device")
    stretches = tuple(Stretch(*span, source) for span, source in zip(pairwise(bounds), sources, strict=True))
    odometer = replace(measure(run), stretches=stretches)
    difference, covered_m = witness(run, odometer).compared(-math.inf, math.inf)
    assert difference == pytest.approx(4 / 4.25 - 1, abs=1e-4)
    assert covered_m == 4.25 * 300, "all of it, before the track and behind it"
    (note,) = disputed(run, odometer)
    assert " 5.9 % shorter than " in note.message


def test_an_interval_reaches_down_to_a_tenth_of_the_length_and_no_further() -> None:
    activity = recorded(even(5000, 1500))
    odometer, wild = measure(activity), Settings(unchecked_sd=0.6)
    effort, tenth = fastest(odometer, MILE_M), fastest(odometer, MILE_M / 10)
    assert effort is not None and tenth is not None
    unsure = judge(effort, activity, odometer, wild)
    assert unsure.low_s == pytest.approx(tenth.elapsed_s + unsure.optimism_s)


def test_grades_are_shares_of_the_length() -> None:
    assert [grade_of(share) for share in (0.005, 0.01, 0.02, 0.05)] == [grade for grade, _ in GRADES]
    assert [grade_of(share) for share in (0.0059, 0.006, 0.013, 0.026)] == ["A", "B", "C", "D"]


@pytest.mark.parametrize(("jitter_m", "memory_s"), [(0.5, 5.0), (1.0, 5.0), (1.0, 20.0), (2.0, 40.0)])
def test_the_noise_of_positions_is_measured_and_taken_out(jitter_m: float, memory_s: float) -> None:
    times = np.arange(3000.0)
    rng = np.random.default_rng(4)
    east = 3.5 * times + jitter_m * ar1(rng, len(times), memory_s)
    north = 40 * np.sin(times / 90) + jitter_m * ar1(rng, len(times), memory_s)
    path_m = float(np.hypot(3.5, 40 / 90 * np.cos(times / 90)).sum())
    places = {"latitude": north / 110_574, "longitude": east / 111_319.49}
    activity = Activity(None, times, places, sport="running")
    fixes = believed_fixes(activity)
    assert fixes is not None
    excess = float(fixes.steps_m.sum()) / path_m - 1
    assert fixes.noise == pytest.approx(excess, rel=0.35, abs=0.002)
    assert measure(activity).total_m == pytest.approx(path_m, rel=0.25 * excess + 0.002)


def test_the_interval_holds_the_truth_nineteen_times_in_twenty() -> None:
    held = [trial.held for trial in coverage.trials(12)]
    assert len(held) >= 84
    assert 0.87 <= np.mean(held) <= 0.995


def test_a_recording_without_distance_has_no_witness() -> None:
    activity = Activity(None, np.arange(3.0), {"heart_rate": np.full(3, 120.0)})
    told = Witness.of(activity, measure(activity))
    assert told.compared(0, 2) == (None, 0)


def effort_of(elapsed_s: float, low_s: float, high_s: float) -> Effort:
    return Effort("1 mile", MILE_M, 0, MILE_M, 0, elapsed_s, elapsed_s, elapsed_s, low_s=low_s, high_s=high_s)


def test_digits_follow_the_uncertainty() -> None:
    assert sure_time(effort_of(297.12, 293.4, 301.0)) == "4:58 ± 4"
    assert sure_time(effort_of(297.12, 296.8, 297.5)) == "4:57.2 ± 0.4"
    assert told_time(effort_of(297.12, 293.4, 301.0)) == "4:58"


def test_a_lopsided_interval_is_written_out_and_outwards() -> None:
    effort = effort_of(297.12, 293.6, 320.1)
    assert sure_time(effort) == "4:58 (4:53 to 5:21)"
    assert interval(effort) == "4:53 to 5:21"


def test_an_unjudged_time_is_told_as_it_is() -> None:
    assert sure_time(effort_of(297.12, math.nan, math.nan)) == "4:57.2"


def test_a_wobbling_run_is_simulated_the_same_from_the_same_seed() -> None:
    one, two = (checked_watch(np.random.default_rng(9)).activity for _ in range(2))
    assert np.array_equal(one["distance"], two["distance"])
    assert paced(100, 20, np.random.default_rng(1)) == paced(100, 20, np.random.default_rng(1))
