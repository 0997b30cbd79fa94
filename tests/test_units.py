"""Lengths, durations and paces as runners write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miler.errors import SettingsError
from miler.units import (
    LEAD_IN_M,
    MILE_M,
    QUARTER_M,
    STANDARD_LENGTHS_M,
    format_distance,
    format_duration,
    format_pace,
    length_name,
    parse_distance,
    parse_duration,
)


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
    with pytest.raises(SettingsError, match=r"write a number and a unit|between 0 and"):
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
