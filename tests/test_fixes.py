"""Which fixes can be believed, and where the runner stood among them."""

from __future__ import annotations

import numpy as np
import pytest

from miler.activity import Activity
from miler.arrays import FloatArray
from miler.fixes import Fixes, fresh, sound_fixes, standing, usual_mps
from miler.gait import holdable_mps

PER_DEG = 111_319.49


def fixes_of(
    times: FloatArray, east_m: FloatArray, north_m: FloatArray | None = None, sport: str = "running"
) -> Fixes:
    north_m = np.zeros(len(times)) if north_m is None else north_m
    streams = {"latitude": north_m / 110_574.0, "longitude": east_m / PER_DEG}
    fixes = sound_fixes(Activity(None, times, streams, sport=sport), holdable_mps)
    assert fixes is not None
    return fixes


TIMES = np.arange(0, 301.0)
EVEN = TIMES * 4.0


def test_sound_fixes_are_all_kept() -> None:
    fixes = fixes_of(TIMES, EVEN)
    assert len(fixes.times) == 301
    assert not fixes.after_outliers.any()
    assert fixes.steps_m.sum() == pytest.approx(1200, abs=0.01)


def test_a_spike_is_left_out_and_told() -> None:
    places = EVEN.copy()
    places[100] += 60
    fixes = fixes_of(TIMES, places)
    assert fixes.left_out_s.tolist() == [100]
    assert np.flatnonzero(fixes.after_outliers).tolist() == [99]
    assert fixes.steps_m.sum() == pytest.approx(1200, abs=0.01)


def test_the_side_that_goes_on_is_believed_not_the_one_that_came_first() -> None:
    places = EVEN.copy()
    places[:3] -= 400
    assert fixes_of(TIMES, places).left_out_s.tolist() == [0, 1, 2]
    places = EVEN.copy()
    places[-2:] += 400
    assert fixes_of(TIMES, places).left_out_s.tolist() == [299, 300]


def test_two_recordings_mixed_into_one_are_taken_apart() -> None:
    # Every second fix is of a phone that lies 200 m away.
    times = np.arange(0, 301.0) / 2
    places = np.where(np.arange(301) % 2 == 0, times * 4.0, -200.0)
    fixes = fixes_of(times, places)
    assert len(fixes.times) == pytest.approx(151, abs=1)
    assert fixes.steps_m.max() < 10


def test_a_jump_to_another_place_stays_and_is_marked() -> None:
    fixes = fixes_of(TIMES, EVEN + np.where(TIMES >= 150, 500.0, 0.0))
    assert len(fixes.left_out_s) == 0
    assert np.flatnonzero(fixes.after_outliers).tolist() == [149]


def test_a_spike_too_long_to_guess_across_is_two_jumps() -> None:
    fixes = fixes_of(TIMES, EVEN + np.where((TIMES >= 100) & (TIMES < 160), 500.0, 0.0))
    assert len(fixes.left_out_s) == 0
    assert np.flatnonzero(fixes.after_outliers).tolist() == [99, 159]


def test_a_cyclist_is_not_held_to_what_a_runner_can_do() -> None:
    fixes = fixes_of(TIMES, TIMES * 18.0, sport="cycling")
    assert len(fixes.times) == 301
    assert not fixes.after_outliers.any()


def test_fewer_than_two_fixes_are_none() -> None:
    one = {"latitude": np.array([1.0, np.nan]), "longitude": np.array([1.0, np.nan])}
    assert sound_fixes(Activity(None, np.arange(2.0), one), holdable_mps) is None
    assert sound_fixes(Activity(None, np.arange(2.0), {}), holdable_mps) is None


def test_two_fixes_that_no_runner_connects_leave_none() -> None:
    far = {"latitude": np.array([0.0, 1.0]), "longitude": np.zeros(2)}
    assert sound_fixes(Activity(None, np.arange(2.0), far), holdable_mps) is None


def test_a_frozen_fix_that_jumps_on_is_stale_not_a_spike() -> None:
    places = EVEN.copy()
    places[100:110] = places[99]
    fixes = fixes_of(TIMES, places)
    assert len(fixes.left_out_s) == 0
    assert not fixes.after_outliers.any()
    assert fixes.steps_m.sum() == pytest.approx(1200, abs=0.01)
    assert np.diff(fixes.times).max() == 11


def test_a_rest_is_not_stale_however_fast_the_runner_starts_again() -> None:
    lengths = np.array([4.0] * 50 + [0.0] * 60 + [8.0] + [4.0] * 50)
    assert fresh(np.arange(len(lengths) + 1.0), lengths).all()


def test_the_straight_line_between_two_moments_uses_the_fixes_around_them() -> None:
    fixes = fixes_of(TIMES[::5], EVEN[::5])
    assert fixes.between(10, 20) == pytest.approx(40, abs=0.01)
    assert fixes.between(11, 19) == pytest.approx(40, abs=0.01)
    assert np.isnan(fixes.between(400, 500))


def test_a_runner_who_turns_round_does_not_stand() -> None:
    there_and_back = 600 - np.abs(EVEN - 600)
    assert not standing(fixes_of(TIMES, there_and_back)).any()


def test_a_slow_walker_does_not_stand() -> None:
    assert not standing(fixes_of(TIMES, TIMES * 0.9)).any()


def test_drift_of_a_metre_is_standing() -> None:
    angle = TIMES * 1.7
    still = standing(fixes_of(TIMES, np.cos(angle), np.sin(angle)))
    assert still.all()


def test_the_usual_speed_leaves_standing_out() -> None:
    lengths = np.array([0.0] * 10 + [3.0] * 5 + [4.0] * 4)
    assert usual_mps(lengths, np.ones(19)) == 3.0
    assert usual_mps(np.zeros(3), np.ones(3)) == 0.0
