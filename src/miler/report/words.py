"""Words that every report shares: local time, flags, shapes, and text that is safe to print."""

from __future__ import annotations

import unicodedata

from miler.analysis import Analysis, Mile, Summary
from miler.timezone import zone
from miler.units import MILE_M, format_distance, format_duration

FLAGS = {
    "pause": "a pause lies inside it; its time counts",
    "gap": "records are missing inside it",
    "glitch": "a GPS glitch inside it was bridged",
}

SHAPES = {
    "even": "even",
    "negative": "negative: quicker late than early",
    "positive": "positive: slower late than early",
    "U": "U: quick at both ends, slow in the middle",
    "J": "J: quick at both ends, the finish quickest",
    "reverse J": "reverse J: quick at both ends, the start quickest",
    "variable": "variable: now quick, now slow",
}

SOURCES = {
    "device": "the device's distance",
    "fixes": "the path between GPS fixes",
    "none": "no distance",
}


def printable(text: str) -> str:
    r"""Return text from a file without control, bidi and other invisible characters.

    A name must not move the cursor, ring the bell or turn the line around: such characters are
    shown as `\x1b`, `\u202e`; a lone surrogate (a file name that is not UTF-8) likewise.
    """
    return "".join(
        c if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") else _escaped(c) for c in text
    )


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def local_start(summary: Summary) -> str:
    """Write the start as the runner's clock showed it: `Tue 21 May 2019, 19:15 (Europe/Berlin)`."""
    if summary.start_time is None:
        return "date unknown"
    there = zone(summary.time_zone)
    if there is None:
        return f"{summary.start_time:%a %d %b %Y, %H:%M} UTC"
    return f"{summary.start_time.astimezone(there):%a %d %b %Y, %H:%M} ({summary.time_zone})"


def sport(summary: Summary) -> str:
    """Name the sport, the sub-sport where it says more."""
    words = summary.sport.replace("_", " ")
    if summary.sub_sport and summary.sub_sport not in ("generic", summary.sport):
        words += f" ({summary.sub_sport.replace('_', ' ')})"
    return words if words != "unknown" else "sport not said"


def why_no_mile(analysis: Analysis) -> str:
    """Say in a sentence why there is no fastest mile."""
    summary, settings = analysis.summary, analysis.settings
    if summary.sport not in (*settings.sports, "multisport"):
        return f"No mile is sought in {sport(summary)}; ask for it with --sport {summary.sport}."
    if summary.distance_source == "none":
        return "No mile: the recording has neither distance nor positions."
    if summary.distance_m < MILE_M:
        return f"No mile: the recording is {format_distance(summary.distance_m, 'm')} long."
    return "No unbroken mile: teleports, glitches or other sports lie between; see the notes."


def where(mile: Mile) -> str:
    """Say where in the run the mile lies, by clock and by distance."""
    effort = mile.effort
    return (
        f"from {format_duration(effort.start_s, 0)} to {format_duration(effort.end_s, 0)}, "
        f"{effort.start_m / 1000:.2f} to {effort.end_m / 1000:.2f} km into the run"
    )
