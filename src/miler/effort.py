"""The fastest stretch of a given length, exactly; and splits between two distances."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Literal, NamedTuple

import numpy as np

from miler.activity import Activity
from miler.arrays import FloatArray, increments
from miler.notebook import facts
from miler.odometer import TOLERANCE_M, Odometer
from miler.settings import Settings
from miler.streams import levels
from miler.units import (
    KILOMETRE_M,
    MILE_M,
    QUARTER_M,
    digits_for,
    format_distance,
    format_duration,
    format_pace,
    format_sure,
    larger_side_s,
    length_name,
)
from miler.windows import Windows, near

Grade = Literal["A", "B", "C", "D"]


@dataclass(frozen=True)
class Evidence:
    """How good the evidence of a time is, A the best, and why; docs/explanation/uncertainty.md tells each.

    `on_track` says that the time and its interval are those of a fitted track's lane.
    """

    grade: Grade
    reasons: tuple[str, ...]
    on_track: bool = False


@dataclass(frozen=True)
class Effort:
    """The fastest unbroken stretch of a given distance.

    `start_m` and `end_m` are marks on the odometer, `length_m` apart; `elapsed_s` is clock
    time with stops, which ranks; `timer_s` leaves pauses out. Flags: `pause`, `gap`, `glitch`.

    What `confidence.judge` adds: `low_s` to `high_s` holds the true time with 95 %, `optimism_s` is
    by how much picking the fastest of many windows flatters, `doubts` say why it is not `plausible`.
    """

    name: str
    length_m: float
    start_m: float
    end_m: float
    start_s: float
    end_s: float
    elapsed_s: float
    timer_s: float
    clock: str = "elapsed"
    flags: tuple[str, ...] = ()
    low_s: float = math.nan
    high_s: float = math.nan
    optimism_s: float = math.nan
    evidence: Evidence | None = None
    doubts: tuple[str, ...] = ()

    @property
    def uncertainty_s(self) -> float:
        """The larger side of the 95 % interval, seconds; NaN before it is judged."""
        return larger_side_s(self.elapsed_s, self.low_s, self.high_s)

    @property
    def grade(self) -> Grade | None:
        """Of the evidence, A the best; None before it is judged."""
        return None if self.evidence is None else self.evidence.grade

    def _repr_html_(self) -> str:
        """What a notebook shows: the time with its ±, where it lies, why it can be trusted."""
        rows = [
            ("elapsed", format_sure(self.elapsed_s, self.low_s, self.high_s)),
            ("timer", format_duration(self.timer_s, digits_for(self.uncertainty_s))),
            ("pace", " · ".join(format_pace(self.pace_s_per_km, unit) for unit in ("mi", "km"))),
            ("from", f"{format_duration(self.start_s, 0)}, {format_distance(self.start_m)} into the run"),
        ]
        if self.evidence is not None:
            rows.append((f"evidence {self.evidence.grade}", "; ".join(self.evidence.reasons)))
        rows += [("flag", flag) for flag in self.flags] + [("no best", doubt) for doubt in self.doubts]
        return facts(self.name, rows)

    @property
    def plausible(self) -> bool:
        """Whether a runner can have done it; only such an effort is a best."""
        return not self.doubts

    @property
    def pace_s_per_km(self) -> float:
        """Seconds a kilometre, on the elapsed clock."""
        return self.elapsed_s / self.length_m * 1000


@dataclass(frozen=True)
class Split:
    """A stretch between two distances, as miler cut it, or between two moments, as the watch did.

    None where the recording has no such stream. `cadence_spm` is steps a minute on foot.
    """

    index: int
    start_m: float
    end_m: float
    start_s: float
    end_s: float
    elapsed_s: float
    timer_s: float
    heart_rate_bpm: float | None = None
    cadence_spm: float | None = None
    climb_m: float | None = None
    fall_m: float | None = None

    @property
    def length_m(self) -> float:
        """Metres from start to end."""
        return self.end_m - self.start_m

    @property
    def pace_s_per_km(self) -> float | None:
        """Seconds a kilometre, on the elapsed clock; None where nothing was covered."""
        return self.elapsed_s / self.length_m * 1000 if self.length_m > 0 else None


def fastest(odometer: Odometer, length_m: float) -> Effort | None:
    """Find the fastest unbroken stretch of a given length, on the elapsed clock.

    Clock time is piecewise linear in distance, so the best stretch starts or ends exactly
    on a mark; both families are tried, and the result is the true minimum, not the best
    recorded window. Stops inside the stretch count. It spans no break.

    Args:
        odometer: the distance model of one activity.
        length_m: metres, positive.

    Returns:
        The effort with the least elapsed time (the earliest, if several tie), or None if no
        unbroken stretch is that long.

    Raises:
        ValueError: if `length_m` is not positive and finite.

    Source:
        tests/naive.py has the slow, obvious twin.
    """
    (found,) = near(odometer, (length_m,))
    return None if found is None else quickest(odometer, length_m, found)


def fastest_by_timer(odometer: Odometer, length_m: float) -> Effort | None:
    """Find the stretch of a length that the timer clock makes the fastest, pauses left out.

    Its `start_s`, `end_s` and `elapsed_s` are on the elapsed clock all the same. None if the timer never
    stood, or no unbroken stretch is that long.
    """
    found = fastest(odometer.on_timer(), length_m) if odometer.pauses else None
    if found is None:
        return None
    start_s = float(odometer.departure(np.array([found.start_m]))[0])
    end_s = float(odometer.arrival(np.array([found.end_m]))[0])
    return replace(found, start_s=start_s, end_s=end_s, elapsed_s=end_s - start_s, clock="timer")


def quickest(odometer: Odometer, length_m: float, found: Windows) -> Effort:
    """Return the window that took least of those found, the earliest if several tie, as an effort."""
    return _effort(odometer, length_m, *found.fastest)


def _effort(
    odometer: Odometer, length_m: float, start_m: float, end_m: float, start_s: float, end_s: float
) -> Effort:
    timer = odometer.timer_s(np.array([start_s]), np.array([end_s]))
    return Effort(
        name=length_name(length_m),
        length_m=length_m,
        start_m=start_m,
        end_m=end_m,
        start_s=start_s,
        end_s=end_s,
        elapsed_s=end_s - start_s,
        timer_s=float(timer[0]),
    )


def flags_of(odometer: Odometer, effort: Effort, settings: Settings) -> tuple[str, ...]:
    """Say what a reader should know of an effort: a pause, a gap or a bridged glitch inside it."""
    flags = []
    if effort.elapsed_s - effort.timer_s > 1e-6:
        flags.append("pause")
    longest_s = min(settings.gap_s, settings.gap_share * effort.elapsed_s)
    if any(b - a > longest_s for a, b in odometer.gaps if a < effort.end_s and b > effort.start_s):
        flags.append("gap")
    if any(b.glitch and b.from_m < effort.end_m and b.to_m > effort.start_m for b in odometer.breaks):
        flags.append("glitch")
    return tuple(flags)


class Spans(NamedTuple):
    """Where a run is cut: b stretches of time, seconds, and of distance, metres, (b,) each.

    `timers_s` are the file's own, where it tells them.
    """

    starts_s: FloatArray
    ends_s: FloatArray
    starts_m: FloatArray
    ends_m: FloatArray
    timers_s: Sequence[float | None]


def quarters(activity: Activity, odometer: Odometer, effort: Effort) -> tuple[Split, ...]:
    """Cut an effort into quarters of 440 yd; a mile has four, on which evenness is scored."""
    return described(activity, odometer, _quarter_spans(odometer, effort))[0]


def _quarter_spans(odometer: Odometer, effort: Effort) -> Spans:
    count = round(effort.length_m / QUARTER_M)
    return cut(odometer, np.linspace(effort.start_m, effort.end_m, max(count, 1) + 1), effort)


def splits(activity: Activity, odometer: Odometer, effort: Effort, lap_m: float) -> tuple[Split, ...]:
    """Cut an effort at the finish line of a track.

    The start lies before the line by what is left over from whole laps: 9.344 m for a mile
    on 400 m. That lead-in is shorter than a lap and joins the first; the last is the bell lap.

    Raises:
        ValueError: if `lap_m` is not positive.
    """
    return described(activity, odometer, _track_spans(odometer, effort, lap_m))[0]


def _track_spans(odometer: Odometer, effort: Effort, lap_m: float) -> Spans:
    if not lap_m > 0:
        raise ValueError(f"a lap must be positive, not {lap_m!r}")
    laps = max(int(effort.length_m / lap_m + 1e-9), 1)
    from_end = np.arange(laps - 1, -1, -1) * lap_m
    return cut(odometer, np.concatenate(([effort.start_m], effort.end_m - from_end)), effort)


def every(activity: Activity, odometer: Odometer, length_m: float) -> tuple[Split, ...]:
    """Cut the whole run every `length_m`, from its first mark; the last split may be shorter."""
    return described(activity, odometer, _even_spans(odometer, length_m))[0]


def _even_spans(odometer: Odometer, length_m: float) -> Spans:
    marks = odometer.marks
    if len(marks) < 2 or odometer.total_m < TOLERANCE_M:
        return _NOWHERE
    whole = math.floor((marks[-1] + TOLERANCE_M) / length_m)
    first = math.floor(marks[0] / length_m) + 1
    inner = np.arange(first, whole + 1) * length_m
    bounds = np.concatenate((marks[:1], np.minimum(inner, marks[-1]), marks[-1:]))
    return cut(odometer, bounds[np.append(True, increments(bounds) > TOLERANCE_M)])


def cut(odometer: Odometer, bounds_m: FloatArray, effort: Effort | None = None) -> Spans:
    """Cut at the given distances, (b,) metres increasing, into b - 1 consecutive spans.

    A split ends when its last metre was first reached; standing there belongs to the next. So the
    times sum exactly to that of the whole, which ends with its last metre: who stands at the end
    before stopping the watch has finished.
    """
    crossings = odometer.arrival(bounds_m)
    if effort:
        crossings[0], crossings[-1] = effort.start_s, effort.end_s
    untold = [None] * (len(bounds_m) - 1)
    return Spans(crossings[:-1], crossings[1:], bounds_m[:-1], bounds_m[1:], untold)


def lap_splits(activity: Activity, odometer: Odometer) -> tuple[Split, ...]:
    """Describe the watch's laps as the watch recorded them, with what the streams say of each.

    Length and times are the lap's own; where the file gives no distance, the odometer's.
    """
    return described(activity, odometer, _lap_spans(activity, odometer))[0]


def _lap_spans(activity: Activity, odometer: Odometer) -> Spans:
    laps = activity.laps
    if not laps:
        return _NOWHERE
    starts = np.array([lap.start_s for lap in laps])
    ends = starts + np.array([lap.elapsed_s for lap in laps])
    at_start, at_end = (
        (odometer.distance_at(starts), odometer.distance_at(ends))
        if len(odometer.marks)
        else (np.zeros(len(laps)), np.zeros(len(laps)))
    )
    own = np.array([np.nan if lap.distance_m is None else lap.distance_m for lap in laps])
    at_end = np.where(np.isnan(own), at_end, at_start + own)
    return Spans(starts, ends, at_start, at_end, [lap.timer_s for lap in laps])


_NOWHERE = Spans(np.empty(0), np.empty(0), np.empty(0), np.empty(0), [])


class Cuts(NamedTuple):
    """A run cut in every way that a report shows; the last two are of an effort, empty without one."""

    laps: tuple[Split, ...]
    km: tuple[Split, ...]
    miles: tuple[Split, ...]
    quarters: tuple[Split, ...] = ()
    track_laps: tuple[Split, ...] = ()


def every_cut(activity: Activity, odometer: Odometer, effort: Effort | None, lap_m: float) -> Cuts:
    """Return `lap_splits`, `every` kilometre and mile, and `quarters` and `splits` of an effort."""
    spans = [_lap_spans(activity, odometer)]
    spans += [_even_spans(odometer, length_m) for length_m in (KILOMETRE_M, MILE_M)]
    if effort:
        spans += [_quarter_spans(odometer, effort), _track_spans(odometer, effort, lap_m)]
    return Cuts(*described(activity, odometer, *spans))


def described(activity: Activity, odometer: Odometer, *cuts: Spans) -> list[tuple[Split, ...]]:
    """Make splits of the spans of each cut, with what each stream says of them.

    Of all cuts at once: of a dozen spans numpy's calls take longer than the sums.
    """
    told = levels(activity)
    starts_s, ends_s, starts_m, ends_m = map(np.concatenate, zip(*(spans[:4] for spans in cuts), strict=True))
    heart_rate = told.heart_rate.average(starts_s, ends_s)
    cadence = told.cadence.average(starts_s, ends_s)
    climb, fall = told.terrain.climb_and_fall_m(starts_s, ends_s)
    ran_s = odometer.timer_s(starts_s, ends_s).tolist()
    own_s = chain(*(spans.timers_s for spans in cuts))
    timer = [ran if own is None else own for own, ran in zip(own_s, ran_s, strict=True)]
    columns = (column.tolist() for column in (starts_m, ends_m, starts_s, ends_s, ends_s - starts_s))
    rows = zip(*columns, timer, heart_rate, cadence, climb, fall, strict=True)
    return [
        tuple(Split(number, *row) for number, row in enumerate(islice(rows, len(spans.starts_s)), start=1))
        for spans in cuts
    ]
