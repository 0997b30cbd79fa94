"""Lengths, durations and paces as runners write them."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from itertools import accumulate
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import miler
from miler.errors import SettingsError
from miler.units import (
    LEAD_IN_M,
    MILE_M,
    QUARTER_M,
    STANDARD_LENGTHS_M,
    UNIT_M,
    Unit,
    digits_for,
    format_day,
    format_distance,
    format_duration,
    format_interval,
    format_margin,
    format_pace,
    format_splits,
    format_start,
    format_sure,
    lag,
    length_name,
    metres_to_go,
    off_mean,
    pace_figure,
    parse_distance,
    parse_duration,
    rounded_down,
    rounded_up,
    signed,
)

UNITS = pytest.mark.parametrize("unit", get_args(Unit))


@given(st.lists(st.floats(0.1, 5000), min_size=1, max_size=30), st.integers(0, 2))
def test_splits_as_they_are_written_add_up_to_the_time_as_it_is_written(
    seconds: list[float], digits: int
) -> None:
    times, totals = zip(*format_splits(seconds, digits), strict=True)
    assert sum(map(parse_duration, times)) == pytest.approx(parse_duration(totals[-1]))
    assert totals[-1] == format_duration(list(accumulate(seconds))[-1], digits)


def test_a_time_off_a_mean_is_written_in_minutes_from_one_on() -> None:
    assert [off_mean(s) for s in (-1.64, 106.4, -0.04)] == ["−1.6", "+1:46.4", "0.0"]
    assert [off_mean(s, 0) for s in (-1.64, 106.4, -0.4)] == ["−2", "+1:46", "0"]


def test_a_mile_is_exactly_1609_344_m() -> None:
    assert MILE_M == 1609.344
    assert QUARTER_M == 402.336
    assert pytest.approx(9.344) == LEAD_IN_M


@pytest.mark.parametrize(
    ("text", "metres"),
    [
        ("1mi", 1609.344),
        ("5k", 5000),
        ("400 m", 400),
        (" 10  KM ", 10_000),
        ("440yd", 402.336),
        (".5 mile", 804.672),
        ("half", 21_097.5),
        ("Half  Marathon", 21_097.5),
        ("mile", 1609.344),
        ("quarter", 402.336),
    ],
)
def test_a_distance_is_read_as_runners_write_it(text: str, metres: float) -> None:
    assert parse_distance(text) == pytest.approx(metres)


@pytest.mark.parametrize(
    "text", ["5000", "", "m", "-5k", "5 parsecs", "1e3 m", "0 m", "99999 km", "1,5 km", "nan m"]
)
def test_what_is_no_distance_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(SettingsError, match=r"write a number and a unit|must be more than 0 m"):
        parse_distance(text)


@pytest.mark.parametrize("name", STANDARD_LENGTHS_M)
def test_a_standard_length_is_called_by_its_name(name: str) -> None:
    assert length_name(STANDARD_LENGTHS_M[name]) == name


OTHER_LENGTHS = {
    300.0: "300 m",
    1234.5: "1234.5 m",
    7500.0: "7.5 km",
    5 * MILE_M: "5 miles",
    0.25 * MILE_M: "0.25 miles",
}


@pytest.mark.parametrize(("metres", "name"), OTHER_LENGTHS.items())
def test_other_lengths_are_named_in_miles_metres_or_kilometres(metres: float, name: str) -> None:
    assert length_name(metres) == name


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("4:59.3", 299.3), ("1:02:03", 3723), ("59.8", 59.8), ("0:05", 5), ("90", 90), ("75:00", 4500)],
)
def test_a_duration_is_read_as_runners_write_it(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4:",
        ":30",
        "4:60",
        "1:60:00",
        "-4:00",
        "4:-1",
        "1:2:3:4",
        "inf",
        "nan",
        "4:5x",
        "1_0",
        "1e2",
        "4: 59",
        "4:5.9:10",
    ],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="not a duration"):
        parse_duration(text)


def test_a_time_is_rounded_up_never_in_the_runners_favour() -> None:
    assert format_duration(239.91) == "4:00.0"
    assert format_duration(239.9) == "3:59.9"
    assert format_duration(59.8) == "59.8"
    assert format_duration(3599.95) == "1:00:00.0"
    assert format_duration(223.13, 2) == "3:43.13"
    assert format_duration(222.6501, 2) == "3:42.66"


def test_whole_seconds_and_missing_times_are_written_too() -> None:
    assert format_duration(59.2, 0) == "1:00"
    assert format_duration(5, 0) == "0:05"
    assert format_duration(3723, 0) == "1:02:03"
    assert format_duration(-5.5) == "-5.5"
    assert format_duration(None) == format_duration(float("nan")) == "–"


@given(st.floats(0, 1e6), st.integers(0, 3))
def test_what_is_written_reads_as_no_less_than_it_was(seconds: float, digits: int) -> None:
    read = parse_duration(format_duration(seconds, digits))
    assert seconds - 1e-6 <= read < seconds + 10.0**-digits + 1e-6


def test_pace_is_told_per_kilometre_or_per_mile() -> None:
    assert format_pace(206.0) == "3:26 /km"
    assert format_pace(206.0, "mi") == "5:32 /mi"
    assert format_pace(None) == "– /km"


def test_a_distance_is_rounded_down_never_farther_than_run() -> None:
    assert format_distance(6429.9) == "6.42 km"
    assert format_distance(MILE_M, "mi") == "1.00 mi"
    assert format_distance(1609.344, "m") == "1\u202f609 m"
    assert format_distance(None) == "–"


@given(st.floats(0, 1e5), st.integers(0, 3))
def test_a_time_that_is_written_and_read_is_written_alike_again(seconds: float, digits: int) -> None:
    written = format_duration(seconds, digits)
    assert format_duration(parse_duration(written), digits) == written
    assert not written.endswith(":60") and ":60." not in written


@given(st.sampled_from(sorted(STANDARD_LENGTHS_M)))
def test_a_length_is_read_by_its_own_name(name: str) -> None:
    assert parse_distance(name) == pytest.approx(STANDARD_LENGTHS_M[name], abs=1e-9)


@UNITS
@given(pace_s_per_km=st.floats(60, 3600))
def test_a_printed_pace_is_never_faster_than_the_runner_and_within_a_second(
    unit: Unit, pace_s_per_km: float
) -> None:
    real_s = pace_s_per_km * UNIT_M[unit] / 1000
    printed_s = parse_duration(pace_figure(pace_s_per_km, unit))
    assert real_s - 1e-6 <= printed_s < real_s + 1
    assert format_pace(pace_s_per_km, unit) == f"{pace_figure(pace_s_per_km, unit)} /{unit}"


@given(st.floats(60, 3600))
def test_paces_in_both_units_are_of_one_speed(pace_s_per_km: float) -> None:
    mile_s, km_s = (parse_duration(pace_figure(pace_s_per_km, unit)) for unit in ("mi", "km"))
    assert abs(mile_s / MILE_M - km_s / 1000) < 1 / 1000


@UNITS
@given(metres=st.floats(0, 1e6))
def test_a_printed_distance_is_never_farther_than_run(unit: Unit, metres: float) -> None:
    printed_m = parse_distance(format_distance(metres + 20.0, unit))
    assert metres + 20.0 - 0.01 * UNIT_M[unit] - 1e-3 <= printed_m <= metres + 20.0 + 1e-3


def test_who_stands_about_has_no_pace() -> None:
    assert pace_figure(3601.0, "km") == pace_figure(math.inf, "km") == pace_figure(math.nan, "mi") == "–"


@given(st.floats(10, 20_000), st.floats(0.005, 500), st.floats(0.005, 500))
def test_a_printed_interval_holds_the_real_one(elapsed_s: float, below_s: float, above_s: float) -> None:
    low_s, high_s = max(elapsed_s - below_s, 0.0), elapsed_s + above_s
    digits = digits_for(max(elapsed_s - low_s, high_s - elapsed_s))
    low, high = (parse_duration(part) for part in format_interval(low_s, high_s, digits).split(" to "))
    assert low <= low_s + 1e-6 and high_s - 1e-6 <= high
    written = format_sure(elapsed_s, low_s, high_s)
    assert written.startswith(f"{format_duration(elapsed_s, digits)} ")
    if "±" in written:
        time, margin = (parse_duration(part) for part in written.split(" ± "))
        assert time - margin <= low_s + 10.0**-digits and high_s - 1e-6 <= time + margin


@pytest.mark.parametrize(
    ("uncertainty_s", "written"),
    [(4.0, "4:08 ± 4"), (0.4, "4:07.7 ± 0.4"), (0.04, "4:07.64 ± 0.04"), (math.nan, "4:07.7")],
)
def test_a_time_has_the_digits_that_its_evidence_bears(uncertainty_s: float, written: str) -> None:
    assert format_sure(247.64, 247.64 - uncertainty_s, 247.64 + uncertainty_s) == written


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (rounded_down(99.99), "99.9"),
        (rounded_down(100.0), "100.0"),
        (rounded_down(97.3), "97.3"),
        (rounded_up(0.01), "0.1"),
        (rounded_up(4.3), "4.3"),
        (lag(0.01), "+0.1"),
        (lag(-0.09), "0.0"),
        (lag(-2.55), "−2.5"),
        (lag(117.2), "+1:57.2"),
        (lag(661.2), "+11:02"),
        (lag(47.2, 0), "+48"),
        (lag(-0.9, 0), "0"),
        (lag(3661.2), "+1:01:02"),
        (metres_to_go(0.2), "1 m"),
        (metres_to_go(0.0), "0 m"),
        (metres_to_go(-3.5), "−3 m"),
        (signed(-0.04), "0.0"),
        (signed(3.0, " s"), "+3.0 s"),
        (format_margin(0.31), "0.4"),
        (format_margin(64.2, 0), "1:05"),
    ],
)
def test_no_number_is_rounded_in_the_runners_favour(written: str, shown: str) -> None:
    assert written == shown


def test_a_day_is_written_alike_everywhere() -> None:
    assert format_day(date(2026, 5, 9)) == format_day("2026-05-09T23:59:59+02:00") == "Sat 9 May 2026"
    assert format_day("1954-05-06", weekday=False) == "6 May 1954"
    assert format_day("1954-05-06", weekday=False, year=False) == "6 May"


def test_a_start_is_told_by_the_clock_of_the_place_with_its_zone() -> None:
    start = datetime(2026, 5, 9, 22, 30, tzinfo=UTC)
    berlin = ZoneInfo("Europe/Berlin")
    assert format_start(start, berlin, "Europe/Berlin") == "Sun 10 May 2026, 00:30 (Europe/Berlin)"
    assert format_start(start, None, None) == "Sat 9 May 2026, 22:30 UTC"
    assert format_start(None, berlin, "Europe/Berlin") == "date unknown"


def test_no_other_module_writes_minutes_or_names_of_days() -> None:
    package = Path(miler.__file__).parent
    written = re.compile(r":02d\}|:%[aAbB]\b|strftime|divmod\([^)]*60\)")
    found = {p.name for p in package.rglob("*.py") if written.search(p.read_text(encoding="utf-8"))}
    assert found == {"units.py", "timezone.py"}  # that one writes `UTC+05:30`
