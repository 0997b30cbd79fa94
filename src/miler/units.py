"""Exact lengths, and how runners write numbers: times, paces, distances, differences, days.

Inside miler everything is SI and `float`; this is the one place that knows how
runners write it. Rounding happens once, here, and never in the runner's favour.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, tzinfo
from itertools import accumulate, pairwise
from typing import Literal

from miler.errors import SettingsError

Unit = Literal["mi", "km"]

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

UNIT_M: dict[Unit, float] = {"mi": MILE_M, "km": KILOMETRE_M}

_SLOWEST_PACE_S_PER_KM = 3600.0  # slower is standing about, which has no pace
_LOPSIDED = 2.0
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

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
        raise SettingsError(f"{text!r} is no length to run; it must be more than 0 m and less than 10,000 km")
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
    whole, fraction = divmod(_ticks(seconds, digits), 10**digits)
    hours, rest = divmod(whole, 3600)
    minutes, secs = divmod(rest, 60)
    tail = f".{fraction:0{digits}d}" if digits else ""
    if hours:
        return f"{hours}:{minutes:02d}:{secs:02d}{tail}"
    if minutes:
        return f"{minutes}:{secs:02d}{tail}"
    return f"{secs}{tail}" if digits else f"0:{secs:02d}"


def _ticks(seconds: float, digits: int) -> int:
    """Return a time in units of its last digit, rounded up."""
    return math.ceil(seconds * 10.0**digits - 1e-6)


def format_splits(seconds: Iterable[float], digits: int = 1) -> list[tuple[str, str]]:
    """Write times that follow one another, each with the total by then: the times add up to the totals.

    Totals are rounded up, as `format_duration` does; a time is what lies between two of them.
    """
    unit = 10**digits
    ticks = [0, *(_ticks(total_s, digits) for total_s in accumulate(seconds))]
    return [
        (format_duration((till - since) / unit, digits), format_duration(till / unit, digits))
        for since, till in pairwise(ticks)
    ]


def digits_for(uncertainty_s: float | None) -> int:
    """Return how many decimals a time deserves that is so sure: hundredths only where they can be told."""
    if uncertainty_s is None or math.isnan(uncertainty_s):
        return 1
    return 0 if uncertainty_s >= 1 else 1 if uncertainty_s >= 0.1 else 2


def larger_side_s(elapsed_s: float, low_s: float, high_s: float) -> float:
    """Return the ± of a time whose interval need not be symmetric: its larger side, seconds."""
    return max(elapsed_s - low_s, high_s - elapsed_s)


def format_interval(low_s: float, high_s: float, digits: int = 1) -> str:
    """Write an interval, outwards: `4:54 to 5:21`."""
    outwards_s = math.floor(low_s * 10**digits + 1e-6) / 10**digits
    return f"{format_duration(outwards_s, digits)} to {format_duration(high_s, digits)}"


def format_sure(elapsed_s: float, low_s: float | None, high_s: float | None, *, brief: bool = False) -> str:
    """Write a time with its ±, both rounded up: `4:58 ± 4`; alone where its interval is not known.

    Where one side of the interval is much the larger, as for who stopped at the line, the interval is
    written out: `4:58 (4:54 to 5:21)`, or its sides where a column must be narrow: `4:58 −4 +23`.
    """
    if low_s is None or high_s is None:
        return format_duration(elapsed_s)
    below_s, above_s = elapsed_s - low_s, high_s - elapsed_s
    wide_s = larger_side_s(elapsed_s, low_s, high_s)
    digits = digits_for(wide_s)
    time = format_duration(elapsed_s, digits)
    if not math.isfinite(wide_s):
        return time
    if wide_s > _LOPSIDED * max(min(below_s, above_s), 10.0**-digits):
        if brief:
            return f"{time} −{format_margin(below_s, digits)} +{format_margin(above_s, digits)}"
        return f"{time} ({format_interval(low_s, high_s, digits)})"
    return f"{time} ± {format_margin(wide_s, digits)}"


def format_margin(seconds: float, digits: int = 1) -> str:
    """Write what follows a ±, rounded up: `4`, `0.3`, `1:05`."""
    margin_s = _ticks(seconds, digits) / 10**digits
    return format_duration(margin_s, digits) if margin_s >= 60 else f"{margin_s:.{digits}f}"


def format_pace(pace_s_per_km: float | None, per: Unit = "km") -> str:
    """Write a pace as `3:26 /km` or `5:32 /mi`; whole seconds, rounded up."""
    return f"{pace_figure(pace_s_per_km, per)} /{per}"


def pace_figure(pace_s_per_km: float | None, per: Unit) -> str:
    """Write a pace for a column that names its unit: `5:32`; a dash for who stands about."""
    if pace_s_per_km is None or not 0 <= pace_s_per_km <= _SLOWEST_PACE_S_PER_KM:
        return "–"
    return format_duration(pace_s_per_km * UNIT_M[per] / KILOMETRE_M, 0)


def format_distance(metres: float | None, unit: Literal["mi", "km", "m"] = "km") -> str:
    """Write a distance as `6.42 km`, `3.99 mi` or `1 609 m`, rounded down: never farther than run."""
    if metres is None or not math.isfinite(metres):
        return "–"
    if unit == "m":
        return f"{math.floor(metres + 1e-6):,} m".replace(",", "\u202f")
    return f"{math.floor(metres / UNIT_M[unit] * 100 + 1e-6) / 100:.2f} {unit}"


def rounded_down(value: float) -> str:
    """Write a score or a share of a record with one decimal: never higher than it is."""
    return f"{math.floor(value * 10 + 1e-9) / 10:.1f}"


def rounded_up(value: float) -> str:
    """Write what is still missing with one decimal: never less than it is."""
    return f"{math.ceil(value * 10 - 1e-6) / 10 + 0.0:.1f}"


def signed(value: float, unit: str = "", digits: int = 1) -> str:
    """Write a difference with its sign; what rounds to nothing has none."""
    text = f"{abs(value):.{digits}f}"
    sign = "" if not float(text) else "−" if value < 0 else "+"
    return f"{sign}{text}{unit}"


def off_mean(seconds: float, digits: int = 1) -> str:
    """Write how far a time is off a mean, to the nearest: `−1.6`, `+1:46.4`."""
    rounded_s = round(abs(seconds), digits)
    sign = "" if not rounded_s else "−" if seconds < 0 else "+"
    return sign + format_margin(rounded_s, digits)


def lag(behind_s: float, digits: int = 1) -> str:
    """Write seconds behind a record, rounded up like a time; from ten minutes on whole ones."""
    digits = digits if abs(behind_s) < 600 else 0
    ticks = _ticks(behind_s, digits)
    sign = "−" if ticks < 0 else "+" if ticks else ""
    return sign + format_margin(abs(ticks) / 10**digits, digits)


def lag_between(times_s: Sequence[float], digits: int = 1) -> str:
    """Write how far the second of two times that stand beside it is behind: by what is shown of them."""
    first, second = (_ticks(seconds, digits) for seconds in times_s)
    return lag((second - first) / 10**digits, digits)


def metres_to_go(behind_m: float) -> str:
    """Write whole metres behind a record, rounded up."""
    return f"{math.ceil(behind_m - 1e-6)} m".replace("-", "−")


def format_day(day: date | str, *, weekday: bool = True, year: bool = True) -> str:
    """Write a day as `Sat 9 May 2026`, the same in every locale.

    Args:
        day: a date, or what begins with one in ISO 8601.
        weekday: name it.
        year: name it.
    """
    if isinstance(day, str):
        day = date.fromisoformat(day[:10])
    before = f"{_WEEKDAYS[day.weekday()]} " if weekday else ""
    after = f" {day.year}" if year else ""
    return f"{before}{day.day} {MONTHS[day.month - 1]}{after}"


def format_start(start_time: datetime | None, there: tzinfo | None, zone_name: str | None) -> str:
    """Write a start as the runner's clock showed it: `Tue 21 May 2019, 19:15 (Europe/Berlin)`.

    Args:
        start_time: aware; None if nobody knows.
        there: the zone of the place; None for UTC.
        zone_name: its name.
    """
    if start_time is None:
        return "date unknown"
    local = start_time.astimezone(there or UTC)
    return f"{format_day(local)}, {local:%H:%M} {'UTC' if there is None else f'({zone_name})'}"
