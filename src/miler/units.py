"""Exact lengths; parse and format distance, duration and pace.

Inside miler everything is SI and `float`; this is the one place that knows how
runners write it. Rounding happens once, here, and never in the runner's favour.
"""

from __future__ import annotations

import math
import re

from miler.errors import SettingsError

MILE_M = 1609.344
KILOMETRE_M = 1000.0
QUARTER_M = MILE_M / 4  # 440 yd = 402.336 m
TRACK_LAP_M = 400.0
LEAD_IN_M = MILE_M - 4 * TRACK_LAP_M  # 9.344 m, start of a mile to the finish line

# Distances that runners ask for by name, shortest first.
STANDARD_LENGTHS_M: dict[str, float] = {
    "400 m": 400.0,
    "800 m": 800.0,
    "1 km": 1000.0,
    "1500 m": 1500.0,
    "1600 m": 1600.0,
    "1 mile": MILE_M,
    "3 km": 3000.0,
    "2 miles": 2 * MILE_M,
    "5 km": 5000.0,
    "10 km": 10_000.0,
    "10 miles": 10 * MILE_M,
    "half marathon": 21_097.5,
    "marathon": 42_195.0,
}

_UNITS_M = {
    "m": 1.0,
    "metre": 1.0,
    "metres": 1.0,
    "meter": 1.0,
    "meters": 1.0,
    "k": 1000.0,
    "km": 1000.0,
    "kilometre": 1000.0,
    "kilometres": 1000.0,
    "kilometer": 1000.0,
    "kilometers": 1000.0,
    "mi": MILE_M,
    "mile": MILE_M,
    "miles": MILE_M,
    "yd": 0.9144,
    "yard": 0.9144,
    "yards": 0.9144,
}
_NAMED_M = {
    "half": 21_097.5,
    "half marathon": 21_097.5,
    "half-marathon": 21_097.5,
    "marathon": 42_195.0,
    "mile": MILE_M,
    "quarter": QUARTER_M,
}
_DISTANCE = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*([a-z]+)", re.ASCII)
# Only the first part may be 60 or more: 75:00 is 1:15:00, but 4:60 is a slip.
_DURATION = re.compile(r"\d+(?::[0-5]?\d){0,2}(?:\.\d*)?|\.\d+", re.ASCII)


def parse_distance(text: str) -> float:
    """Read a distance as runners write it: `1mi`, `5k`, `400 m`, `half`, `440yd`.

    Returns:
        Metres, positive and finite.

    Raises:
        SettingsError: if the text is no distance; a bare number is refused, for its unit is a guess.
    """
    word = " ".join(text.strip().lower().split())
    if word in _NAMED_M:
        return _NAMED_M[word]
    match = _DISTANCE.fullmatch(word)
    if match is None or match[2] not in _UNITS_M:
        raise SettingsError(f"{text!r} is not a distance; write a number and a unit, such as 1mi, 400m or 5k")
    metres = float(match[1]) * _UNITS_M[match[2]]
    if not 0 < metres < 1e7:
        raise SettingsError(f"{text!r} is not between 0 and 10,000 km")
    return metres


def length_name(length_m: float) -> str:
    """Name a length in the field's words: `1 mile`, `5 km`, else metres or kilometres."""
    for name, standard_m in STANDARD_LENGTHS_M.items():
        if abs(standard_m - length_m) < 1e-6:
            return name
    miles = length_m / MILE_M
    if abs(miles - round(miles, 2)) < 1e-9:
        return f"{miles:g} miles"
    if length_m >= 2000:
        return f"{length_m / 1000:g} km"
    return f"{length_m:g} m"


def parse_duration(text: str) -> float:
    """Read a duration: `4:59.3`, `1:02:03`, `59.8`.

    Returns:
        Seconds, not negative.

    Raises:
        SettingsError: if the text is no duration.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise SettingsError(f"{text!r} is not a duration; write seconds, m:ss or h:mm:ss, such as 4:59.3")
    seconds = 0.0
    for part in match[0].split(":"):
        seconds = 60 * seconds + float(part)
    return seconds


def format_duration(seconds: float | None, digits: int = 1) -> str:
    """Write seconds as `59.8`, `4:07.7` or `1:02:03.0`, rounded up as timekeepers do.

    A time is never shown shorter than it was (World Athletics rounds to the next
    longer unit); a billionth of a second is forgiven, so that 59.8 stays 59.8.
    """
    if seconds is None or not math.isfinite(seconds):
        return "–"
    if seconds < 0:
        return "-" + format_duration(-seconds, digits)
    unit = 10**digits
    ticks = math.ceil(seconds * unit - 1e-6)
    whole, fraction = divmod(ticks, unit)
    hours, rest = divmod(whole, 3600)
    minutes, secs = divmod(rest, 60)
    tail = f".{fraction:0{digits}d}" if digits else ""
    if hours:
        return f"{hours}:{minutes:02d}:{secs:02d}{tail}"
    if minutes:
        return f"{minutes}:{secs:02d}{tail}"
    return f"{secs}{tail}" if digits else f"0:{secs:02d}"


def format_pace(pace_s_per_km: float | None, per: str = "km") -> str:
    """Write a pace as `3:26 /km` or `5:32 /mi`; whole seconds, rounded up."""
    scale = {"km": 1.0, "mi": MILE_M / KILOMETRE_M}[per]
    if pace_s_per_km is None or not math.isfinite(pace_s_per_km):
        return f"– /{per}"
    return f"{format_duration(pace_s_per_km * scale, 0)} /{per}"


def format_distance(metres: float | None, unit: str = "km") -> str:
    """Write a distance as `6.42 km`, `3.99 mi` or `1 609 m`, rounded down: never farther than run."""
    if metres is None or not math.isfinite(metres):
        return "–"
    if unit == "m":
        return f"{math.floor(metres + 1e-6):,} m".replace(",", "\u202f")
    scale = {"km": KILOMETRE_M, "mi": MILE_M}[unit]
    return f"{math.floor(metres / scale * 100 + 1e-6) / 100:.2f} {unit}"
