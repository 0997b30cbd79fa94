"""Lap buttons, repetitions, and what a record would ask."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import miler
from devtools.population import intervals, track
from miler.activity import Activity, Lap
from miler.analysis import Analysis, Mile, analyse
from miler.buttons import lane_lap_m, pressed_mile
from miler.crediting import measure
from miler.eligibility import Point
from miler.odometer import Odometer, timetable
from miler.repeats import series
from miler.report.text import render
from miler.settings import Settings
from miler.units import MILE_M


def sample(samples: Path, name: str) -> tuple[Analysis, Mile]:
    analysis = analyse(miler.read(samples / name))
    assert analysis.mile is not None
    return analysis, analysis.mile


def test_the_button_is_right_where_the_watch_counts_too_much(samples: Path) -> None:
    _, mile = sample(samples, "track-mile.fit")
    assert mile.pressed is not None
    assert mile.pressed.evidence.grade == "A"
    assert mile.pressed.elapsed_s == pytest.approx(327.37, abs=0.3)  # the truth, sample_files/README.md
    assert mile.pressed.low_s < 327.37 < mile.pressed.high_s
    assert mile.pressed.explained(mile.effort) == "the window, measured along the lane, is 0.2 s quicker"
    by_device = analyse(miler.read(samples / "track-mile.fit"), Settings(distance_source="device")).mile
    assert by_device is not None
    assert "8 m more than a mile" in mile.pressed.explained(by_device.effort)


def test_hundredths_are_printed_of_laps_pressed_on_a_track_only(samples: Path) -> None:
    analysis, _ = sample(samples, "track-mile.fit")
    assert "LAP BUTTON     5:27.43 ± 0.7" in render(analysis)


def test_pressed_miles_lie_within_a_thumbs_error_of_the_truth() -> None:
    off = []
    for seed in range(15):
        run = track(np.random.default_rng(seed))
        mile = pressed_mile(run.activity, Settings())
        if mile is not None:
            off.append(mile.elapsed_s - run.pressed_s)
    assert len(off) >= 10
    assert np.abs(off).max() < 1.2


def lapped(*metres: float, trigger: str = "manual", surface: str = "track") -> Activity:
    seconds = [m / 5 for m in metres]
    starts = np.concatenate(([0.0], np.cumsum(seconds)[:-1]))
    laps = tuple(
        Lap(i, trigger, float(s), t, t, m)
        for i, (s, t, m) in enumerate(zip(starts, seconds, metres, strict=True), 1)
    )
    times = np.arange(float(sum(seconds)) + 1)
    streams = {"distance": np.minimum(times * 5, sum(metres))}
    return Activity(None, times, streams, sport="running", sub_sport=surface, laps=laps, timer_events=True)


def test_four_laps_of_400_m_are_no_mile() -> None:
    assert pressed_mile(lapped(400, 400, 400, 400), Settings()) is None


def test_a_lead_in_makes_them_one() -> None:
    mile = pressed_mile(lapped(1200, 409.3, 400, 400, 400, 300), Settings())
    assert mile is not None
    assert (mile.first_lap, mile.last_lap) == (2, 5)


def test_lanes_are_as_long_as_the_rules_say() -> None:
    laps_m = [400.00, 407.04, 414.70, 422.37, 430.03, 437.70, 445.37, 453.03]  # World Athletics' figures
    assert [lane_lap_m(lane) for lane in range(1, 9)] == pytest.approx(laps_m, abs=0.01)


def test_four_laps_in_lane_two_are_more_than_a_mile() -> None:
    run = lapped(1200, 416.4, 407, 407, 407, 300)
    mile = pressed_mile(run, Settings(), lane=2)
    assert mile is not None
    assert mile.elapsed_s == pytest.approx((416.4 + 3 * 407) / 5 * MILE_M / 1637.5, rel=1e-4)
    assert "1637.5 m in an outer lane" in mile.evidence.reasons[0]


def test_laps_that_the_watch_made_itself_are_no_presses() -> None:
    assert pressed_mile(lapped(409.3, 400, 400, 400, trigger="distance"), Settings()) is None


def test_off_a_track_a_pressed_lap_of_about_a_mile_is_told_without_a_line_to_trust() -> None:
    mile = pressed_mile(lapped(1000, 1612, 500, surface="street"), Settings())
    assert mile is not None
    assert not mile.on_track and mile.evidence.grade == "C" and np.isnan(mile.low_s)


def test_six_times_800_m_are_found_with_their_rests(samples: Path) -> None:
    analysis, mile = sample(samples, "intervals.tcx.gz")
    assert analysis.repeats is not None
    assert analysis.repeats.name == "6 × 800 m"
    assert all(165 < r.elapsed_s < 175 for r in analysis.repeats.repeats)
    assert [r.rest_s is None for r in analysis.repeats.repeats] == [False] * 5 + [True]
    assert mile.interrupted is not None and "rest between repetitions" in mile.interrupted
    text = render(analysis)
    assert "no verdict on its pacing" in text and "of 100" not in text


def test_repetitions_overlap_nowhere_and_are_those_of_the_plan() -> None:
    from devtools.motion import Motion

    found = 0
    for seed in range(12):
        plan = intervals(np.random.default_rng(seed))
        motion = Motion.of(plan.legs)
        times = np.arange(motion.end_s + 1)
        repeats = series(Odometer(*timetable(times, motion.distance_at(times))))
        if repeats is None:
            continue
        found += 1
        ends = [r.start_m + repeats.length_m for r in repeats.repeats]
        assert all(r.start_m >= end - 1 for r, end in zip(repeats.repeats[1:], ends, strict=False))
        assert repeats.length_m in (400, 800, 1000)
        assert 4 <= len(repeats.repeats) <= 6
    assert found >= 10


def test_an_even_run_has_no_repetitions(samples: Path) -> None:
    assert sample(samples, "road-run-pauses.fit")[0].repeats is None
    assert series(measure(lapped(300))) is None


def points(mile: Mile) -> dict[str, Point]:
    return {point.name: point for point in mile.eligibility}


def test_a_treadmill_mile_never_counts(samples: Path) -> None:
    _, mile = sample(samples, "treadmill.fit")
    assert [p.met for p in mile.eligibility] == ["no"]


def test_an_altitude_that_wanders_by_metres_leaves_the_drop_undetermined(samples: Path) -> None:
    _, mile = sample(samples, "intervals.tcx.gz")
    assert points(mile)["drop"].met == "undetermined"
    assert points(mile)["measured course"].met == "undetermined"


def descending(total_m: float, apart: float) -> Mile:
    """A straight mile and a bit that loses so many metres, its ends `apart` times its length apart."""
    times = np.arange(500.0)
    metres = 4 * times
    out = (
        np.where(metres < 1000 * (1 + apart), metres, 2 * 1000 * (1 + apart) - metres)
        if apart < 1
        else metres
    )
    streams = {
        "distance": metres,
        "longitude": out / 111_319.49,
        "latitude": np.zeros(500),
        "altitude": 100 - total_m * metres / metres[-1],
    }
    mile = analyse(Activity(None, times, streams, sport="running", timer_events=True)).mile
    assert mile is not None
    return mile


def test_a_mile_down_a_mountain_does_not_count() -> None:
    drop = points(descending(60, 1.0))["drop"]
    assert drop.met == "no" and "fell" in drop.reason


def test_a_mile_that_climbs_counts_by_its_drop() -> None:
    assert points(descending(-40, 1.0))["drop"].met == "yes"


def test_from_one_town_to_the_next_does_not_count() -> None:
    assert points(descending(0, 1.0))["separation"].met == "no"
    assert points(descending(0, 0.0))["separation"].met == "yes"


def test_without_altitude_or_positions_nothing_is_claimed() -> None:
    analysis = analyse(lapped(1700, surface="street"))
    assert analysis.mile is not None
    assert {p.met for p in analysis.mile.eligibility} == {"undetermined"}


def test_a_track_is_level(samples: Path) -> None:
    _, mile = sample(samples, "track-mile.fit")
    assert points(mile)["drop"].met == "yes"


def test_a_stop_in_the_mile_forbids_a_verdict() -> None:
    times = np.concatenate([np.arange(200.0), np.arange(260.0, 500.0)])
    metres = np.concatenate([np.arange(200) * 4.0, 800 + np.arange(240) * 4.0])
    activity = Activity(None, times, {"distance": metres}, sport="running", timer_events=True)
    mile = analyse(activity, replace(Settings(), effort_lengths_m=(MILE_M,))).mile
    assert mile is not None and mile.interrupted == "it holds a stop"
