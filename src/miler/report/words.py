"""Words that every report shares: local time, flags, shapes, and text that is safe to print.

Numbers that text and page both show are rounded here, never in the runner's favour.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Protocol

from miler.units import MILE_M, format_distance, format_duration

if TYPE_CHECKING:  # the library's questions use these words, and need no numpy
    from miler.activity import Pause
    from miler.analysis import Analysis, Mile, Summary
    from miler.effort import Effort
    from miler.ownbest import OwnBest

_LOPSIDED = 2.0
_SHOWN_PAUSES = 3
_FLATTERING = 0.1  # of the ±: less is not worth a word

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
    "track": "the track's own line",
    "none": "no distance",
}


def printable(text: str) -> str:
    r"""Return text from a file without control, bidi and other invisible characters.

    A name must not move the cursor, ring the bell or turn the line around: such characters are
    shown as `\x1b`, `\u202e`; a lone surrogate (a file name that is not UTF-8) likewise.
    """
    if text.isprintable():  # nearly all text
        return text
    return "".join(
        c if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") else _escaped(c) for c in text
    )


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def local_start(summary: Summary) -> str:
    """Write the start as the runner's clock showed it: `Tue 21 May 2019, 19:15 (Europe/Berlin)`."""
    from miler.timezone import zone  # the library's questions have no use for it

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
    if summary.sport == "unknown" and "unknown" not in settings.sports:
        return "The file names no sport; ask for it with --sport unknown."
    if summary.sport not in (*settings.sports, "multisport"):
        return f"No mile is sought in {sport(summary)}; ask for it with --sport {summary.sport}."
    if summary.distance_source == "none":
        return "No mile: the recording has neither distance nor positions."
    if summary.distance_m < MILE_M:
        return f"No mile: the recording is {format_distance(summary.distance_m, 'm')} long."
    if doubted := next((e for e in analysis.efforts if e.length_m == MILE_M and e.doubts), None):
        time = format_duration(doubted.elapsed_s, 0)
        return f"No mile that a runner ran: the fastest, {time}, was {doubted.doubts[0]}."
    return "No unbroken mile: teleports, glitches or other sports lie between; see the notes."


class Sure(Protocol):
    """A time, and how sure it is."""

    @property
    def elapsed_s(self) -> float:
        """The time."""

    @property
    def low_s(self) -> float:
        """From where on it may be."""

    @property
    def high_s(self) -> float:
        """Up to where."""

    @property
    def uncertainty_s(self) -> float:
        """Its ±."""


def told_time(effort: Sure) -> str:
    """Write a time with as many digits as it is sure of: tenths only where the ± is below a second."""
    return format_duration(effort.elapsed_s, 0 if effort.uncertainty_s >= 1 else 1)


def interval(effort: Sure) -> str:
    """Write the 95 % interval, outwards: `4:54 to 5:21`."""
    digits = 0 if effort.uncertainty_s >= 1 else 1
    low_s = math.floor(effort.low_s * 10**digits + 1e-6) / 10**digits
    return f"{format_duration(low_s, digits)} to {format_duration(effort.high_s, digits)}"


def sure_time(effort: Sure) -> str:
    """Write a time with its ±, both rounded up: `4:58 ± 4`.

    Where one side of the interval is much the larger, as for who stopped at the line, the interval is
    written out: `4:58 (4:54 to 5:21)`.
    """
    if not math.isfinite(effort.uncertainty_s):
        return format_duration(effort.elapsed_s)
    digits = 0 if effort.uncertainty_s >= 1 else 1
    below, above = effort.elapsed_s - effort.low_s, effort.high_s - effort.elapsed_s
    if max(below, above) > _LOPSIDED * max(min(below, above), 10.0**-digits):
        return f"{told_time(effort)} ({interval(effort)})"
    wide = math.ceil(effort.uncertainty_s * 10**digits - 1e-6) / 10**digits
    return f"{told_time(effort)} ± {format_duration(wide, digits) if wide >= 60 else f'{wide:.{digits}f}'}"


def why_sure(effort: Effort) -> str:
    """Say how sure a time is and why, and what picking it flatters where that is worth a word."""
    if effort.evidence is None:
        return ""
    reasons = list(effort.evidence.reasons)
    if effort.optimism_s > _FLATTERING * effort.uncertainty_s:
        reasons.append(f"picking the fastest of many stretches flatters by some {effort.optimism_s:.1f} s")
    return f"evidence {effort.evidence.grade}: {interval(effort)} with 95 %; {'; '.join(reasons)}"


def by_button(mile: Mile) -> str:
    """Say what the lap button says of a mile, and why that differs from the window; empty without."""
    pressed = mile.pressed
    if pressed is None:
        return ""
    laps = f"lap {pressed.first_lap}"
    if pressed.last_lap > pressed.first_lap:
        laps = f"laps {pressed.first_lap} to {pressed.last_lap}"
    wide_s = pressed.high_s - pressed.elapsed_s
    sure = f" ± {math.ceil(wide_s * 10 - 1e-6) / 10:.1f}" if math.isfinite(wide_s) else ""
    return (
        f"{format_duration(pressed.elapsed_s, 2)}{sure}  evidence {pressed.evidence.grade}: {laps},"
        f" {pressed.evidence.reasons[0]}; {pressed.explained(mile.effort)}"
    )


def flag_words(flag: str, effort: Effort, pauses: Sequence[Pause]) -> str:
    """Say what a flag means, and of pauses where they lie and how long they are."""
    words = FLAGS.get(flag, flag)
    inside = [p for p in pauses if p.start_s < effort.end_s and p.end_s > effort.start_s]
    if flag != "pause" or not inside:
        return words
    told = [
        f"{format_duration(p.end_s - p.start_s, 0)} at {format_duration(p.start_s, 0)}"
        for p in inside[:_SHOWN_PAUSES]
    ]
    more = f" and {len(inside) - len(told)} more" if len(inside) > len(told) else ""
    return f"{words} ({', '.join(told)}{more})"


def where(mile: Mile) -> str:
    """Say where in the run the mile lies, by clock and by distance."""
    effort = mile.effort
    return (
        f"from {format_duration(effort.start_s, 0)} to {format_duration(effort.end_s, 0)}, "
        f"{effort.start_m / 1000:.2f} to {effort.end_m / 1000:.2f} km into the run"
    )


def rounded_down(value: float) -> str:
    """Write a score or a share of a record with one decimal: never higher than it is."""
    return f"{math.floor(value * 10 + 1e-9) / 10:.1f}"


def rounded_up(value: float) -> str:
    """Write what is still missing with one decimal: never less than it is."""
    return f"{math.ceil(value * 10 - 1e-6) / 10 + 0.0:.1f}"


def signed(value: float, unit: str = "") -> str:
    """Write a difference with one decimal and its sign; what rounds to nothing has none."""
    text = f"{abs(value):.1f}"
    sign = "" if text == "0.0" else "−" if value < 0 else "+"
    return f"{sign}{text}{unit}"


def lag(behind_s: float) -> str:
    """Write seconds behind a record, rounded up like a time; from ten minutes on without tenths."""
    digits = 1 if abs(behind_s) < 600 else 0
    ticks = math.ceil(behind_s * 10**digits - 1e-6)
    sign = "−" if ticks < 0 else "+" if ticks else ""
    return sign + format_duration(abs(ticks) / 10**digits, digits)


def metres_to_go(behind_m: float) -> str:
    """Write whole metres behind a record, rounded up."""
    return f"{math.ceil(behind_m - 1e-6)} m".replace("-", "−")


def compared(faster_percent: float) -> str:
    """Compare two paces: `1.1 % faster than`, `as fast as`."""
    if signed(faster_percent) == "0.0":
        return "as fast as"
    return f"{abs(faster_percent):.1f} % {'faster' if faster_percent > 0 else 'slower'} than"


def lead_in(lap_m: float) -> str:
    """Say what a mile has before its whole laps of a track; nothing where they fill it."""
    before_m = MILE_M - math.floor(MILE_M / lap_m + 1e-9) * lap_m
    return f", the first with the lead-in of {before_m:.6g} m" if before_m > 1e-6 else ""


def written_day(iso: str) -> str:
    """Write a day, or the year where that is all that is known: `6 May 1954`."""
    if len(iso) == len("1954"):
        return iso
    day = date.fromisoformat(iso)
    return f"{day.day} {day:%b %Y}"


def own_best_words(own_bests: Sequence[OwnBest], plus_minus_s: float = 0.0) -> list[str]:
    """Say how a mile stands to the runner's own bests; a difference within its ± is said to be that."""
    return [_own_best(own, plus_minus_s) for own in own_bests]


def _own_best(own: OwnBest, plus_minus_s: float) -> str:
    name = "own best" if own.age is None else f"own best at {own.age}"
    behind_s = own.behind_s
    if behind_s > 0:
        how = f"{rounded_up(behind_s)} s to find"
    else:
        how = f"beaten by {rounded_down(-behind_s)} s" if behind_s < 0 else "equalled"
    doubt = ", within the ± of this mile" if 0 < abs(behind_s) <= plus_minus_s else ""
    was = f"{format_duration(own.ran.time_s)} on {written_day(own.ran.on)}"
    return f"{name} until then {was} ({printable(own.ran.where)}): {how}{doubt}"
