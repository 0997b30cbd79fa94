"""What a runner relies on when a time is shown as it was on the wrist."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

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
