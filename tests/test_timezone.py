"""What a runner relies on when a time is shown as it was on the wrist."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from miler.activity import Activity
from miler.analysis import analyse
from miler.report.words import local_start
from miler.timezone import name_of_offset, zone, zone_at

SUMMER_S = datetime(2026, 7, 1, 12, tzinfo=UTC).timestamp()
WINTER_S = datetime(2026, 1, 1, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("latitude_deg", "longitude_deg", "name"),
    [
        (52.52, 13.40, "Europe/Berlin"),
        (27.71, 85.32, "Asia/Kathmandu"),
        (-33.87, 151.21, "Australia/Sydney"),
        (40.71, -74.01, "America/New_York"),
    ],
)
def test_a_place_has_the_zone_of_its_country(latitude_deg: float, longitude_deg: float, name: str) -> None:
    assert zone_at(latitude_deg, longitude_deg) == name


def test_the_open_sea_has_no_zone() -> None:
    assert zone_at(0.0, -150.0) is None


def test_a_clock_that_agrees_with_the_place_is_named_by_the_place() -> None:
    assert name_of_offset(7200, "Europe/Berlin", SUMMER_S) == "Europe/Berlin"
    assert name_of_offset(3600, "Europe/Berlin", WINTER_S) == "Europe/Berlin"
    assert name_of_offset(7201, "Europe/Berlin", SUMMER_S) == "Europe/Berlin"  # Garmin is a second off


def test_a_watch_left_on_the_time_of_home_is_named_by_its_offset() -> None:
    assert name_of_offset(3600, "Europe/Berlin", SUMMER_S) == "UTC+01:00"
    assert name_of_offset(-18_000, "Europe/Berlin", SUMMER_S) == "UTC-05:00"


@pytest.mark.parametrize(
    ("offset_s", "name"),
    [(0, "UTC+00:00"), (20_700, "UTC+05:45"), (-12_600, "UTC-03:30"), (50_400, "UTC+14:00")],
)
def test_a_clock_without_a_place_is_named_by_its_offset(offset_s: float, name: str) -> None:
    assert name_of_offset(offset_s, None, SUMMER_S) == name
    named = zone(name)
    assert named is not None and named.utcoffset(None) == timedelta(seconds=offset_s)


@pytest.mark.parametrize("offset_s", [-1_507_163_689, 90_000, 1080])
def test_a_clock_error_is_no_zone(offset_s: float) -> None:
    assert name_of_offset(offset_s, "Europe/Berlin", SUMMER_S) == "Europe/Berlin"
    assert name_of_offset(offset_s, None, SUMMER_S) is None


@pytest.mark.parametrize("name", [None, "", "Mars/Olympus", "../../etc/passwd", "UTC+ab"])
def test_a_name_that_is_no_zone_gives_none(name: str | None) -> None:
    assert zone(name) is None


def test_names_of_the_tz_database_and_utc_are_zones() -> None:
    moment = datetime.fromtimestamp(SUMMER_S, zone("Europe/Berlin"))
    assert moment.utcoffset() == timedelta(hours=2)
    assert zone("UTC") is UTC


@pytest.mark.parametrize(
    ("zone_name", "utc", "local"),
    [
        ("Asia/Kolkata", datetime(2026, 1, 4, 1, 0, tzinfo=UTC), "Sun 4 Jan 2026, 06:30 (Asia/Kolkata)"),
        ("Asia/Kathmandu", datetime(2026, 1, 4, 1, 0, tzinfo=UTC), "Sun 4 Jan 2026, 06:45 (Asia/Kathmandu)"),
        # Clocks go back at 01:00 UTC: the hour from 02:00 comes twice.
        (
            "Europe/Berlin",
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
            "Sun 25 Oct 2026, 02:30 (Europe/Berlin)",
        ),
        (
            "Europe/Berlin",
            datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
            "Sun 25 Oct 2026, 02:30 (Europe/Berlin)",
        ),
        ("Europe/Berlin", datetime(2026, 3, 29, 1, 30, tzinfo=UTC), "Sun 29 Mar 2026, 03:30 (Europe/Berlin)"),
        ("UTC+05:30", datetime(2026, 1, 4, 1, 0, tzinfo=UTC), "Sun 4 Jan 2026, 06:30 (UTC+05:30)"),
    ],
)
def test_the_start_is_told_as_the_runners_clock_showed_it(zone_name: str, utc: datetime, local: str) -> None:
    times = np.arange(3.0)
    run = Activity(utc, times, {"distance": times * 3}, sport="running", time_zone=zone_name)
    assert local_start(analyse(run).summary) == local


def test_a_run_through_the_night_of_the_clock_change_takes_as_long_as_it_took() -> None:
    times = np.arange(7200.0)
    start = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    run = Activity(start, times, {"distance": times * 3}, sport="running", time_zone="Europe/Berlin")
    assert analyse(run).summary.elapsed_s == 7199.0
