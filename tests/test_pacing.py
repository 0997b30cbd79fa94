"""How an effort was paced: what is noise, where seconds were lost, which race it is like."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miler.arrays import FloatArray
from miler.pacing import (
    Pacing,
    kick_of,
    likeness,
    noise_of,
    pacing,
    score_interval,
    surges_of,
)
from miler.recordbook import profiles
from miler.scoring import cv_percent, quarter_times_s, score_of
from miler.units import MILE_M, QUARTER_M

LUCK = np.random.default_rng(7)
QUARTERS = st.lists(st.floats(50, 200), min_size=4, max_size=4)


def curve(*stretches: tuple[float, float]) -> tuple[FloatArray, FloatArray]:
    """A run of stretches, each metres and metres per second: its times and distances."""
    metres = np.concatenate(([0.0], np.cumsum([m for m, _ in stretches])))
    seconds = np.concatenate(([0.0], np.cumsum([m / v for m, v in stretches])))
    return seconds, metres


def paced(*quarters_s: float, noise_percent: float = 1.0) -> Pacing:
    times, metres = curve(*((QUARTER_M, QUARTER_M / s) for s in quarters_s))
    return pacing(quarters_s, times, metres, noise_percent)


def test_el_guerrouj_s_quarters_step_by_1_89_percent() -> None:
    found = paced(55.07, 56.51, 56.33, 55.22)
    assert round(found.rmssd_percent, 2) == 1.89
    assert found.slowest_quarter == 2
    assert [round(d, 1) for d in found.deviations_percent] == [-1.3, 1.3, 1.0, -1.0]


# Steps from quarter to quarter, percent, as worked out from the published splits.
STEPS_PERCENT = {
    "jones-1913": 10.03,
    "taber-1915": 11.29,
    "nurmi-1923": 4.66,
    "ladoumegue-1931": 3.43,
    "lovelock-1933": 6.43,
    "cunningham-1934": 3.79,
    "bannister-1954": 4.76,
    "landy-1954-wire": 4.23,
    "landy-1954": 3.16,
    "ryun-1967": 5.27,
    "bayi-1975": 4.22,
    "walker-1975": 4.08,
    "cram-1985": 7.15,
    "el-guerrouj-1999": 1.89,
    "el-guerrouj-1999-finish-line": 2.99,
    "el-guerrouj-1999-metric": 2.85,
    "nuguse-2025": 1.20,
    "ingebrigtsen-2025": 0.66,
    "hassan-2019": 2.14,
    "kipyegon-2023": 2.63,
    "kipyegon-2025-exhibition": 1.97,
    "barton-2019": 3.07,
}


@pytest.mark.parametrize("profile_id", STEPS_PERCENT)
def test_steps_from_quarter_to_quarter_are_those_worked_out_by_hand(profile_id: str) -> None:
    (race,) = (p for p in profiles() if p.profile_id == profile_id)
    quarters_s = quarter_times_s(np.array(race.lengths_m), np.array(race.times_s))
    assert round(paced(*quarters_s).rmssd_percent, 2) == STEPS_PERCENT[profile_id]


@pytest.mark.parametrize(
    ("quarters_s", "rmssd_percent"),
    [
        ((60.0, 60.0, 60.0, 60.0), 0.00),
        ((80.0, 92.0, 95.0, 85.0), 10.44),
        ((75.0, 90.0, 100.0, 105.0), 11.68),
    ],
)
def test_plain_quarters_step_as_worked_out_by_hand(
    quarters_s: tuple[float, ...], rmssd_percent: float
) -> None:
    assert round(paced(*quarters_s).rmssd_percent, 2) == rmssd_percent


def test_jitter_of_gps_is_not_called_bad_pacing() -> None:
    called = [paced(*(90 * (1 + LUCK.normal(0, 0.01, 4)))).within_noise for _ in range(1000)]
    assert 0.93 < np.mean(called) < 0.97


def test_a_blow_up_is_not_excused_as_jitter() -> None:
    assert not paced(75, 90, 100, 105).within_noise
    assert not paced(75, 90, 100, 105, noise_percent=1.5).within_noise


def test_a_mile_measured_along_a_lane_is_believed_more_than_the_device() -> None:
    assert noise_of("track") < noise_of("device") == noise_of("device+track")


def test_positions_alone_are_believed_less_than_the_device() -> None:
    assert noise_of("fixes") == noise_of("device+fixes") > noise_of("device")
    assert paced(88, 90, 92, 90, noise_percent=noise_of("fixes")).within_noise
    assert not paced(87, 90, 93, 90, noise_percent=noise_of("device")).within_noise


@pytest.mark.parametrize("true_percent", [0.0, 1.0, 2.0, 5.0, 10.0])
def test_the_interval_of_the_score_holds_the_true_one_nineteen_times_in_twenty(true_percent: float) -> None:
    shape = np.array([-1.0, 1.0, 1.0, -1.0]) * np.sqrt(3) / 2  # a CV of 1
    held = 0
    for _ in range(1000):
        measured = 1 + shape * true_percent / 100 + LUCK.normal(0, 0.01, 4)
        low, high = score_interval(cv_percent((1.0,) * 4, measured.tolist()), 1.0)
        held += low - 1e-9 <= score_of(true_percent) <= high + 1e-9
    assert held >= 930


@given(st.floats(0, 30), st.floats(0.1, 3))
def test_the_interval_lies_around_the_score_within_the_scale(spread: float, noise: float) -> None:
    low, high = score_interval(spread, noise)
    assert 0 <= low <= high <= 100
    assert low <= score_of(spread)


@given(QUARTERS)
def test_seconds_lost_add_up_to_what_the_fastest_quarter_would_have_saved(quarters_s: list[float]) -> None:
    lost = paced(*quarters_s).lost_s
    assert min(lost) == 0
    assert sum(lost) == pytest.approx(sum(quarters_s) - 4 * min(quarters_s))


@given(QUARTERS, st.floats(0.5, 2))
def test_pacing_is_the_same_at_any_speed(quarters_s: list[float], factor: float) -> None:
    one, other = paced(*quarters_s), paced(*(factor * q for q in quarters_s))
    assert one.rmssd_percent == pytest.approx(other.rmssd_percent, abs=1e-9)
    assert one.deviations_percent == pytest.approx(other.deviations_percent, abs=1e-9)
    assert [r.difference_percent for r in one.likeness] == pytest.approx(
        [r.difference_percent for r in other.likeness], abs=1e-9
    )


def test_who_runs_like_el_guerrouj_is_like_1999_and_not_like_1915() -> None:
    found = paced(*(1.4 * q for q in (55.07, 56.51, 56.33, 55.22)))
    assert (found.likeness[0].profile_id, found.likeness[-1].profile_id) == ("el-guerrouj-1999", "taber-1915")
    assert found.likeness[0].difference_percent == pytest.approx(0, abs=1e-9)


def test_every_race_with_a_time_for_each_quarter_is_compared_and_no_doubtful_one() -> None:
    compared = {race.profile_id for race in likeness(np.array([60.0, 60, 60, 60]))}
    assert compared == {p.profile_id for p in profiles() if p.confidence != "low" and len(p.splits) >= 4}
    assert {"bannister-1954", "hassan-2019", "kipyegon-2023"} <= compared


def test_even_pace_is_more_even_than_all_records_and_a_blow_up_than_none() -> None:
    assert paced(60, 60, 60, 60).more_even_than_percent == 100
    assert paced(75, 90, 100, 105).more_even_than_percent == 0


def test_a_kick_begins_where_the_runner_sped_up() -> None:
    kick = kick_of(*curve((1400.0, 5.0), (MILE_M - 1400, 6.0)), 1.0)
    assert kick is not None
    assert kick.start_m == pytest.approx(1400, abs=10)
    assert kick.end_m == pytest.approx(MILE_M)
    assert kick.faster_percent == pytest.approx(20, abs=1)


def test_an_even_finish_or_a_slower_one_is_no_kick() -> None:
    assert kick_of(*curve((MILE_M, 5.0)), 1.0) is None
    assert kick_of(*curve((1400.0, 5.0), (MILE_M - 1400, 4.5)), 1.0) is None


def test_a_finish_within_the_noise_is_no_kick() -> None:
    run = curve((1450.0, 5.0), (MILE_M - 1450, 5.2))
    assert kick_of(*run, 1.0) is None


def test_surges_and_slumps_are_found_where_they_were() -> None:
    run = curve((300.0, 5.0), (200.0, 6.5), (300.0, 5.0), (200.0, 3.8), (MILE_M - 1000, 5.0))
    fast, slow = surges_of(*run, 1.0, None)
    assert [fast.start_m, fast.end_m] == pytest.approx([300, 500], abs=60)
    assert fast.faster_percent > 12 and slow.faster_percent < -12
    assert [slow.start_m, slow.end_m] == pytest.approx([800, 1000], abs=60)


def test_the_kick_is_not_told_twice() -> None:
    run = curve((1300.0, 5.0), (MILE_M - 1300, 6.5))
    kick = kick_of(*run, 1.0)
    assert kick is not None
    assert all(surge.end_m <= kick.start_m + 1e-6 for surge in surges_of(*run, 1.0, kick))


def test_jitter_makes_hardly_any_surge_or_kick() -> None:
    told = 0
    for _ in range(200):
        metres = np.linspace(0, MILE_M, 331)
        metres[1:-1] += LUCK.normal(0, 1.5, 329).cumsum() * 0.1 + LUCK.normal(0, 0.5, 329)
        metres = np.maximum.accumulate(np.clip(metres, 0, MILE_M))
        seconds = np.arange(331.0)
        kick = kick_of(seconds, metres, 1.0)
        told += kick is not None or bool(surges_of(seconds, metres, 1.0, kick))
    assert told <= 10


def test_a_stop_inside_the_mile_is_a_slow_stretch() -> None:
    seconds = np.array([0.0, 160.0, 190.0, 352.0])
    metres = np.array([0.0, 800.0, 800.0, MILE_M])
    slow = min(surges_of(seconds, metres, 1.0, None), key=lambda change: change.faster_percent)
    assert slow.start_m <= 800 <= slow.end_m
