"""Local time of the place of the run, offline."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_FARTHEST_S = 14 * 3600  # Kiribati, UTC+14
_STEP_S = 15 * 60  # Nepal is UTC+5:45: all zones are whole quarters of an hour


def zone_at(latitude_deg: float, longitude_deg: float) -> str | None:
    """Return the IANA name of the zone at a place, such as `Europe/Berlin`; None at sea."""
    # Its map is 6 MB; a treadmill run never needs it.
    from tzfpy import get_tz

    name = get_tz(longitude_deg, latitude_deg)
    return name if name and not name.startswith("Etc/") else None


def name_of_offset(offset_s: float, place: str | None, at_unix_s: float) -> str | None:
    """Name the zone of a file that gives its own local time.

    The place's IANA name where it had the same offset at that moment; else `UTC+02:00`,
    the clock that the wearer looked at. An offset of more than 14 hours is a clock error
    (two vendors write 1989 or 2126 there) and leaves the place's name.
    """
    rounded = round(offset_s / _STEP_S) * _STEP_S
    if abs(offset_s) > _FARTHEST_S or abs(offset_s - rounded) > 120:
        return place
    if place is not None:
        there = zone(place)
        local = datetime.fromtimestamp(at_unix_s, there) if there else None
        if local is not None and local.utcoffset() == timedelta(seconds=rounded):
            return place
    sign = "-" if rounded < 0 else "+"
    hours, rest = divmod(abs(rounded), 3600)
    return f"UTC{sign}{hours:02d}:{rest // 60:02d}"


def zone(name: str | None) -> tzinfo | None:
    """Return the zone of a name that `Activity.time_zone` may hold; None if unknown."""
    if not name:
        return None
    if name == "UTC":
        return UTC
    if name.startswith("UTC") and len(name) == 9:
        sign = -1 if name[3] == "-" else 1
        return timezone(sign * timedelta(hours=int(name[4:6]), minutes=int(name[7:9])))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def at_the_place(moment: datetime, place: str | None) -> datetime:
    """Return an aware moment as the runner's clock showed it, in UTC where the place is unknown."""
    return moment.astimezone(zone(place) or UTC)


def on_the_clock(start_time: str | None, place: str | None) -> str | None:
    """Return a moment of ISO 8601 on the runner's clock, UTC where the place is unknown: what a day means."""
    if start_time is None:
        return None
    local = at_the_place(datetime.fromisoformat(start_time), place)
    return local.replace(tzinfo=None).isoformat(timespec="seconds")
