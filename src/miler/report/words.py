"""Words that every report shares: local time, flags, shapes.

Numbers in them are written by `miler.units`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from miler.shown import printable
from miler.units import (
    MILE_M,
    Unit,
    digits_for,
    format_day,
    format_distance,
    format_duration,
    format_interval,
    format_margin,
    format_start,
    format_sure,
    lag,
    signed,
)

if TYPE_CHECKING:  # the library's questions use these words, and need no numpy
    from miler.activity import Pause
    from miler.analysis import Analysis, Mile, Summary
    from miler.effort import Effort
    from miler.ownbest import OwnBest

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


def local_start(summary: Summary) -> str:
    """Write the start as the runner's clock showed it: `Tue 21 May 2019, 19:15 (Europe/Berlin)`."""
    from miler.timezone import zone  # the library's questions have no use for it

    there = zone(summary.time_zone)
    return format_start(summary.start_time, there, summary.time_zone)


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
        return f"The fastest mile, {time}, is no best: {doubted.doubts[0]}."
    return (
        "No unbroken mile: teleports, glitches, holes, other sports or exclusions lie between; see the notes."
    )


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
    """Write a time with as many digits as it is sure of."""
    return format_duration(effort.elapsed_s, digits_for(effort.uncertainty_s))


def margin_words(effort: Sure) -> str:
    """Write what stands smaller beside `told_time`, which it makes a `sure_time`: `± 4`."""
    return sure_time(effort).removeprefix(told_time(effort)).strip()


def interval(effort: Sure) -> str:
    """Write the 95 % interval, outwards: `4:54 to 5:21`."""
    return format_interval(effort.low_s, effort.high_s, digits_for(effort.uncertainty_s))


def sure_time(effort: Sure) -> str:
    """Write a time with its ±, as `units.format_sure` does."""
    return format_sure(effort.elapsed_s, effort.low_s, effort.high_s)


def why_sure(effort: Effort) -> str:
    """Say how sure a time is and why, and what picking it flatters where that is worth a word."""
    if effort.evidence is None:
        return ""
    reasons = list(effort.evidence.reasons)
    if effort.optimism_s > _FLATTERING * effort.uncertainty_s:
        reasons.append(f"picking the fastest of many stretches flatters by some {effort.optimism_s:.1f} s")
    return f"evidence {effort.evidence.grade}: {interval(effort)} with 95 %; {'; '.join(reasons)}"


def by_timer(mile: Mile) -> list[str]:
    """Say what the timer clock says of the fastest mile, and of its own where that is another."""
    effort, other = mile.effort, mile.by_timer
    lines = [f"timer {format_duration(effort.timer_s)}"] if "pause" in effort.flags else []
    if other is not None:
        span = f"{format_duration(other.start_s, 0)} to {format_duration(other.end_s, 0)}"
        lines.append(
            f"by the timer, pauses left out, the fastest is {format_duration(other.timer_s)}, from {span}"
        )
    return lines


def by_button(mile: Mile) -> str:
    """Say what the lap button says of a mile, and why that differs from the window; empty without."""
    pressed = mile.pressed
    if pressed is None:
        return ""
    laps = f"lap {pressed.first_lap}"
    if pressed.last_lap > pressed.first_lap:
        laps = f"laps {pressed.first_lap} to {pressed.last_lap}"
    wide_s = pressed.high_s - pressed.elapsed_s
    sure = f" ± {format_margin(wide_s)}" if math.isfinite(wide_s) else ""
    return (
        f"{format_duration(pressed.elapsed_s, 2)}{sure}, evidence {pressed.evidence.grade}: {laps},"
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


def where(mile: Mile, unit: Unit = "km") -> str:
    """Say where in the run the mile lies, by clock and by distance."""
    effort = mile.effort
    start, end = (format_distance(metres, unit) for metres in (effort.start_m, effort.end_m))
    return (
        f"from {format_duration(effort.start_s, 0)} to {format_duration(effort.end_s, 0)}, "
        f"{start.removesuffix(f' {unit}')} to {end} into the run"
    )


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
    return iso if len(iso) == len("1954") else format_day(iso, weekday=False)


def own_best_words(own_bests: Sequence[OwnBest], plus_minus_s: float | None = None) -> list[str]:
    """Say how a mile stands to the runner's own bests; a difference within its ± is said to be that."""
    return [_own_best(own, plus_minus_s) for own in own_bests]


def _own_best(own: OwnBest, plus_minus_s: float | None) -> str:
    name = "own best" if own.age is None else f"own best at {own.age}"
    then = digits_for(own.ran.uncertainty_s)
    behind = lag(own.behind_s, min(then, digits_for(plus_minus_s)))
    much = behind[1:] if ":" in behind else f"{behind[1:]} s"
    how = {"+": f"{much} to find", "−": f"beaten by {much}"}.get(behind[0], "equalled")
    doubt = ", within the ± of this mile" if 0 < abs(own.behind_s) <= (plus_minus_s or 0.0) else ""
    was = f"{format_duration(own.ran.time_s, then)} of {written_day(own.ran.on)}"
    return f"{name} until then {was} ({printable(own.ran.where)}): {how}{doubt}"
