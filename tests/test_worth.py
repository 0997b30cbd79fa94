"""What a time is worth, against published answers and against other programs."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miler.conditions import (
    altitude_slowdown_percent,
    banked_mile_s,
    gradient_cost_ratio,
    running_cost_j_per_kg_m,
)
from miler.oval import STANDARD, Oval
from miler.recordbook import Surface, age_tables, standing_records
from miler.settings import Sex
from miler.units import LEAD_IN_M, MILE_M
from miler.worth import (
    age_grade,
    equivalents,
    points,
    riegel_s,
    same_vdot_s,
    stood_until,
    vdot,
)

EVENTS = ("1 mile", "1500 m")
MILE_TIMES_S = st.floats(min_value=210, max_value=1500)

# Time, sex, surface, points: World Athletics' tables of 2022 and 2025, single marks.
POINTS: list[tuple[float, Sex, Surface, int]] = [
    (222.66, "M", "outdoor", 1298),
    (223.13, "M", "outdoor", 1292),
    (223.40, "M", "outdoor", 1288),
    (240.00, "M", "outdoor", 1074),
    (246.21, "M", "outdoor", 1000),
    (246.22, "M", "outdoor", 999),
    (248.41, "M", "outdoor", 974),
    (300.00, "M", "road", 464),
    (360.00, "M", "outdoor", 106),
    (420.00, "M", "outdoor", 0),
    (246.42, "F", "outdoor", 1296),
    (247.64, "F", "outdoor", 1286),
    (287.02, "F", "outdoor", 1000),
    (239.96, "F", "outdoor", 1347),
    (300.00, "F", "outdoor", 913),
    (360.00, "F", "road", 563),
    (225.14, "M", "short_track", 1330),
    (250.37, "M", "short_track", 1000),
    (253.31, "F", "short_track", 1273),
    (291.12, "F", "short_track", 1000),
]


@pytest.mark.parametrize(("time_s", "sex", "surface", "expected"), POINTS)
def test_points_are_those_of_the_scoring_tables(
    time_s: float, sex: Sex, surface: Surface, expected: int
) -> None:
    assert points(time_s, sex, surface) == expected


@pytest.mark.parametrize(
    ("sex", "surface", "zero_s"),
    [("M", "outdoor", 415.0), ("F", "road", 580.0), ("M", "short_track", 415.0), ("F", "short_track", 585.5)],
)
def test_a_slow_mile_scores_nothing_and_never_less(sex: Sex, surface: Surface, zero_s: float) -> None:
    assert points(zero_s, sex, surface) == points(zero_s + 100, sex, surface) == 0
    assert points(zero_s - 30, sex, surface) > 0


# Time, age, sex, surface, percent.
GRADES: list[tuple[float, int, Sex, Surface, float]] = [
    (300.00, 50, "M", "outdoor", 84.02),
    (300.00, 50, "M", "road", 88.04),
    (330.00, 45, "F", "outdoor", 84.16),
    (330.00, 45, "F", "road", 81.30),
    (289.08, 60, "M", "outdoor", 94.75),  # King 2020
    (247.64, 30, "F", "outdoor", 101.89),  # Kipyegon 2023: the standard is older than her record
]


@pytest.mark.parametrize(("time_s", "age", "sex", "surface", "percent"), GRADES)
def test_age_grades_are_those_of_the_published_tables(
    time_s: float, age: int, sex: Sex, surface: Surface, percent: float
) -> None:
    graded = age_grade(time_s, age, sex, surface)
    assert graded is not None
    assert round(graded.percent, 2) == percent
    assert ("track" if surface == "outdoor" else "road") in graded.table


# Open standard and the factor at fifty, as printed.
STANDARDS: list[tuple[Sex, Surface, float, float]] = [
    ("M", "outdoor", 223.13, 0.8852),
    ("F", "outdoor", 252.33, 0.8737),
    ("M", "road", 227.0, 0.8595),
    ("F", "road", 253.0, 0.8985),
]


@pytest.mark.parametrize(("sex", "surface", "open_s", "factor"), STANDARDS)
def test_standards_are_those_of_the_published_tables(
    sex: Sex, surface: Surface, open_s: float, factor: float
) -> None:
    at_fifty = age_grade(300.0, 50, sex, surface)
    assert at_fifty is not None
    assert round(at_fifty.standard_s * factor, 2) == open_s


def test_no_age_grade_where_no_table_has_one() -> None:
    assert age_grade(300, 29, "M", "outdoor") is None
    assert age_grade(300, 111, "M", "outdoor") is None
    assert age_grade(300, 50, "M", "short_track") is None
    assert age_grade(300, 20, "M", "road") is not None


def test_the_women_s_track_standard_is_said_to_be_older_than_the_record() -> None:
    graded = age_grade(300, 40, "F", "outdoor")
    assert graded is not None and "4:12.33" in graded.note


def test_every_age_table_is_whole_and_says_where_it_comes_from() -> None:
    tables = age_tables()
    assert {(t.surface, t.sex) for t in tables} == {(s, x) for s in ("track", "road") for x in "FM"}
    for table in tables:
        assert table.source and table.as_of
        assert all(0 < factor <= 1 for factor in table.factors)
        assert max(table.factors) == 1
        assert len(table.factors) == (81 if table.surface == "track" else 95)


@pytest.mark.parametrize(
    ("time_s", "expected"),
    [(223.13, 83.23), (240, 76.53), (300, 59.40), (360, 48.42), (420, 40.74), (480, 35.06)],
)
def test_vdot_of_a_mile_is_daniels_own(time_s: float, expected: float) -> None:
    assert round(vdot(time_s), 2) == expected


@given(MILE_TIMES_S, st.sampled_from([1500.0, MILE_M, 5000.0, 10_000.0]))
def test_the_same_vdot_at_another_length_has_that_vdot(mile_s: float, length_m: float) -> None:
    carried_s = same_vdot_s(vdot(mile_s), length_m)
    assert carried_s is not None
    assert vdot(carried_s, length_m) == pytest.approx(vdot(mile_s), abs=1e-6)


def test_a_vdot_that_nobody_has_has_no_time() -> None:
    assert same_vdot_s(1000, MILE_M) is None


def test_conversions_are_the_field_s_factors() -> None:
    at_1500, at_1600, *_ = equivalents(300)
    assert at_1500.time_s == pytest.approx(277.78, abs=0.01)
    assert at_1600.time_s == pytest.approx(298.27, abs=0.01)
    assert pytest.approx(1.00584) == MILE_M / 1600
    outdoor = {
        (sex, event): standing_records(event, sex=sex)[0].time_s for sex in ("M", "F") for event in EVENTS
    }
    assert round(outdoor["M", "1 mile"] / outdoor["M", "1500 m"], 4) == 1.0832
    assert round(outdoor["F", "1 mile"] / outdoor["F", "1500 m"], 4) == 1.0829


def test_a_mile_is_worth_itself_by_every_method() -> None:
    assert riegel_s(300, MILE_M, MILE_M) == 300
    assert same_vdot_s(vdot(300), MILE_M) == pytest.approx(300, abs=1e-5)


def test_equivalents_say_where_their_method_stops() -> None:
    by_length = {(e.length_m, e.method): e for e in equivalents(300)}
    assert by_length[1500, "÷ 1.08"].time_s == pytest.approx(300 / 1.08)
    assert by_length[5000, "Riegel"].valid
    assert not by_length[800, "Riegel"].valid  # 2:23, and Riegel begins at 3.5 minutes
    assert all(e.source for e in equivalents(300))


def test_four_minutes_would_have_been_the_record_until_bannister() -> None:
    beaten = stood_until(240.0, "M")
    assert beaten is not None and beaten.athlete == "Roger Bannister"


def test_a_slow_mile_never_was_a_record_and_a_faster_one_than_all_still_would_be() -> None:
    assert stood_until(300.0, "M") is None
    assert stood_until(222.0, "M") is None


def test_a_pending_mark_ends_no_reign() -> None:
    assert stood_until(223.0, "M") is None  # Kerr's 3:42.66 is pending


# --- conditions --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gradient", "ratio"),
    [(0.01, 1.055), (0.02, 1.113), (0.05, 1.301), (-0.01, 0.947), (-0.02, 0.897), (-0.05, 0.763),
     (-0.10, 0.598)],
)  # fmt: skip
def test_gradients_cost_what_minetti_measured(gradient: float, ratio: float) -> None:
    assert round(gradient_cost_ratio(gradient), 3) == ratio


def test_the_drop_that_a_road_record_allows_is_worth_half_a_percent() -> None:
    assert round(100 * (1 - gradient_cost_ratio(-0.001)), 2) == 0.54


def test_the_flat_costs_3_6_joules_and_beyond_45_percent_nothing_is_known() -> None:
    assert running_cost_j_per_kg_m(0) == 3.6
    with pytest.raises(ValueError, match="beyond"):
        running_cost_j_per_kg_m(0.46)


@pytest.mark.parametrize(
    ("elevation_m", "men", "women"),
    [(0, 0, 0), (500, 0.85, 0.88), (1000, 1.58, 1.64), (1500, 2.42, 2.51), (2000, 3.57, 3.70),
     (2240, 4.29, 4.45)],
)  # fmt: skip
def test_altitude_slows_by_the_model_s_values(elevation_m: float, men: float, women: float) -> None:
    assert altitude_slowdown_percent(elevation_m, "M") == pytest.approx(men)
    assert altitude_slowdown_percent(elevation_m, "F") == pytest.approx(women)


def test_above_mexico_city_the_model_says_nothing_and_below_the_sea_air_is_free() -> None:
    assert altitude_slowdown_percent(2241, "M") is None
    assert altitude_slowdown_percent(-400, "F") == 0


@given(st.floats(min_value=0, max_value=2240), st.floats(min_value=0, max_value=2240))
def test_higher_is_never_faster(one_m: float, other_m: float) -> None:
    low, high = sorted((one_m, other_m))
    slow, slower = altitude_slowdown_percent(low, "M"), altitude_slowdown_percent(high, "M")
    assert slow is not None and slower is not None and slow <= slower


def test_a_flat_short_track_mile_is_worth_less_time_on_a_banked_one() -> None:
    assert banked_mile_s(242, "M") == pytest.approx(238.95, abs=0.01)  # 4:02 -> 3:59
    assert banked_mile_s(300, "F") == pytest.approx(297.06)


# --- the track -----------------------------------------------------------------------------------------


def test_lanes_are_as_long_as_tracks_are_built() -> None:
    laps = [round(STANDARD.lap_length_m(lane), 2) for lane in range(1, 9)]
    assert laps == [400.00, 407.04, 414.70, 422.37, 430.03, 437.70, 445.37, 453.03]


def test_a_mile_run_in_lane_two_is_longer() -> None:
    assert round(4 * STANDARD.lap_length_m(2) + LEAD_IN_M, 1) == 1637.5


def test_tracks_of_other_radii_have_laps_of_400_m_all_the_same() -> None:
    assert Oval(40.0).lap_length_m() == pytest.approx(400, abs=0.02)
    assert Oval(40.0).straight_m < STANDARD.straight_m
    with pytest.raises(ValueError, match="no lane 0"):
        STANDARD.line_radius_m(0)


# --- against other programs ------------------------------------------------------------------------------


def test_points_and_age_grades_agree_with_athlib_on_random_miles() -> None:
    athlib = pytest.importorskip("athlib")
    import numpy as np

    random = np.random.default_rng(7)
    # Slower than 6:55 its parabola rises again, and so do its points.
    for time_s, age in zip(random.uniform(215, 415, 1000), random.integers(30, 105, 1000), strict=True):
        sex: Sex = "F" if random.random() < 0.5 else "M"
        hundredths_s = math.ceil(float(time_s) * 100) / 100
        assert points(hundredths_s, sex) == athlib.hungarian_score(sex, "OUT", "MILE", hundredths_s)
        ours = age_grade(hundredths_s, int(age), sex)
        assert ours is not None
        theirs = athlib.ag2023.calculate_age_grade(sex.lower(), int(age), "MILE", hundredths_s)
        assert ours.percent / 100 == pytest.approx(theirs, abs=5e-5)


def test_vdot_and_riegel_agree_with_another_program_on_random_miles() -> None:
    pytest.importorskip("running_performance")
    import numpy as np
    from running_performance.riegel import riegel_prediction
    from running_performance.vo2max import VO2Max

    for time_s in np.random.default_rng(11).uniform(215, 900, 1000).tolist():
        assert vdot(time_s) == pytest.approx(VO2Max(MILE_M, time_s, None), abs=1e-9)
        assert riegel_s(time_s, MILE_M, 5000) == pytest.approx(riegel_prediction(MILE_M, time_s, 5000))
