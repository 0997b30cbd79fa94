"""The fastest stretch of a given length, exactly; and splits between two distances."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from miler.activity import Activity
from miler.arrays import FloatArray, IntArray
from miler.odometer import TOLERANCE_M, Odometer
from miler.settings import Settings
from miler.streams import levels
from miler.units import QUARTER_M, length_name

Grade = Literal["A", "B", "C", "D"]

_BLOCK = 8  # marks that are looked at together: few enough for the look to tell much
_SAME_S = 1e-6  # sums of the same seconds differ by less


@dataclass(frozen=True)
class Evidence:
    """How good the evidence of a time is, A the best, and why; `docs/trust.md` says what each means.

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
        return max(self.elapsed_s - self.low_s, self.high_s - self.elapsed_s)

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
    found = near(odometer, length_m)
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
    took = found.took_s
    tied = np.flatnonzero(took <= took.min() + 1e-9)
    best = tied[np.argmin(found.start_s[tied])]
    columns = (found.start_m, found.end_m, found.start_s, found.end_s)
    return _effort(odometer, length_m, *(float(c[best]) for c in columns))


@dataclass(frozen=True, eq=False)
class Windows:
    """Stretches of one length, in two rows: those that begin on a mark, then those that end on one.

    Attributes:
        start_m, end_m: (w,) metres.
        start_s, end_s: (w,) seconds from the start.
        took_s: (w,) seconds; infinite for a stretch across a break.
        at_most_s: all windows that take no longer than this are there.
    """

    start_m: FloatArray
    end_m: FloatArray
    start_s: FloatArray
    end_s: FloatArray
    took_s: FloatArray
    at_most_s: float = math.inf


def windows(odometer: Odometer, length_m: float) -> Windows | None:
    """Return every stretch of a length that begins or ends on a mark; None if none is unbroken.

    Args:
        odometer: the distance model of one activity.
        length_m: metres, positive.

    Raises:
        ValueError: if `length_m` is not positive and finite.
    """
    count = _beginnings(odometer, length_m)
    if not count:
        return None
    first = np.searchsorted(odometer.marks, odometer.marks[0] + length_m - TOLERANCE_M, "left")
    return _windows(odometer, length_m, np.arange(count), np.arange(first, len(odometer.marks)), length_m)


def near(
    odometer: Odometer,
    length_m: float,
    judged_m: float | None = None,
    *,
    at_most_s: float = math.inf,
    spare: float = 0.0,
) -> Windows | None:
    """Return those of `windows` that may be the fastest, or take at most so long; None if there is none.

    No window of which a part takes longer can be among them. All windows that begin between two marks
    share the part from the second mark to a length beyond the first; so, with a few marks to a
    block, one look tells for most blocks that nothing in them need be tried.

    Args:
        odometer: the distance model of one activity.
        length_m: metres, positive.
        judged_m: bridges are barred as for an effort of this length; of `length_m` if not said.
        at_most_s: seconds; about the fastest window's own time, if infinite.
        spare: share of that time by which others may be slower.

    Raises:
        ValueError: if `length_m` is not positive and finite.
    """
    count = _beginnings(odometer, length_m)
    if not count:
        return None
    if length_m <= TOLERANCE_M:
        return windows(odometer, length_m)
    judged_m = judged_m or length_m
    marks, arrives, departs = odometer.marks, odometer.arrives, odometer.departs
    begins, leaves = marks[:count:_BLOCK], departs[:count:_BLOCK]
    beyond = departs[_BLOCK::_BLOCK][: len(begins)]
    if len(beyond) < len(begins):
        beyond = np.append(beyond, departs[-1])
    # The first mark at which a window can end that begins in the block, or just beyond.
    ends = np.minimum(marks.searchsorted(begins + length_m - TOLERANCE_M), len(marks) - 1)
    if at_most_s == math.inf:
        tried_s = arrives[ends] - leaves
        if odometer.breaks:
            tried_s[odometer.barred(begins, begins + length_m, judged_m)] = math.inf
        at_most_s = (1 + spare) * float(tried_s.min())
    tried = departs[ends - 1] - beyond <= at_most_s + _SAME_S
    begin = tried.repeat(_BLOCK)[:count].nonzero()[0]
    counts = np.append(ends[1:], len(marks)) - ends
    end = tried.repeat(counts).nonzero()[0] + ends[0]
    return _windows(odometer, length_m, begin, end, judged_m, at_most_s) if len(begin) else None


def _beginnings(odometer: Odometer, length_m: float) -> int:
    """On how many marks, from the first on, a stretch of a length can begin."""
    if not (length_m > 0 and math.isfinite(length_m)):
        raise ValueError(f"a length must be positive and finite, not {length_m!r}")
    marks = odometer.marks
    if len(marks) < 2 or odometer.total_m < length_m - TOLERANCE_M:
        return 0
    return int(np.searchsorted(marks, marks[-1] - length_m + TOLERANCE_M, "right"))


def _windows(
    odometer: Odometer,
    length_m: float,
    begin: IntArray,
    end: IntArray,
    judged_m: float,
    at_most_s: float = math.inf,
) -> Windows | None:
    # Either end stays that very mark, with the mark's own time: start + length may round past a stop.
    marks = odometer.marks
    front, back = marks[begin], marks[end]
    starts = np.concatenate([front, np.maximum(back - length_m, marks[0])])
    ends = np.concatenate([np.minimum(front + length_m, marks[-1]), back])
    leaves = np.concatenate([odometer.departs[begin], odometer.departure(starts[len(front) :])])
    reaches = np.concatenate([odometer.arrival(ends[: len(front)]), odometer.arrives[end]])
    took = reaches - leaves
    if odometer.breaks:
        took[odometer.barred(starts, ends, judged_m)] = math.inf
    return Windows(starts, ends, leaves, reaches, took, at_most_s) if took.min() < math.inf else None


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


def quarters(activity: Activity, odometer: Odometer, effort: Effort) -> tuple[Split, ...]:
    """Cut an effort into quarters of 440 yd; a mile has four, on which evenness is scored."""
    count = round(effort.length_m / QUARTER_M)
    return cut(activity, odometer, np.linspace(effort.start_m, effort.end_m, max(count, 1) + 1), effort)


def splits(activity: Activity, odometer: Odometer, effort: Effort, lap_m: float) -> tuple[Split, ...]:
    """Cut an effort at the finish line of a track.

    The start lies before the line by what is left over from whole laps: 9.344 m for a mile
    on 400 m. That lead-in is shorter than a lap and joins the first; the last is the bell lap.

    Raises:
        ValueError: if `lap_m` is not positive.
    """
    if not lap_m > 0:
        raise ValueError(f"a lap must be positive, not {lap_m!r}")
    laps = max(int(effort.length_m / lap_m + 1e-9), 1)
    from_end = np.arange(laps - 1, -1, -1) * lap_m
    return cut(activity, odometer, np.concatenate(([effort.start_m], effort.end_m - from_end)), effort)


def every(activity: Activity, odometer: Odometer, length_m: float) -> tuple[Split, ...]:
    """Cut the whole run every `length_m`, from its first mark; the last split may be shorter."""
    marks = odometer.marks
    if len(marks) < 2 or odometer.total_m < TOLERANCE_M:
        return ()
    whole = math.floor((marks[-1] + TOLERANCE_M) / length_m)
    first = math.floor(marks[0] / length_m) + 1
    inner = np.arange(first, whole + 1) * length_m
    bounds = np.concatenate((marks[:1], np.minimum(inner, marks[-1]), marks[-1:]))
    bounds = bounds[np.concatenate(([True], np.diff(bounds) > TOLERANCE_M))]
    return cut(activity, odometer, bounds)


def cut(
    activity: Activity, odometer: Odometer, bounds_m: FloatArray, effort: Effort | None = None
) -> tuple[Split, ...]:
    """Cut at the given distances, (b,) metres increasing, into b - 1 consecutive splits.

    A split ends when its last metre was first reached; standing there belongs to the next. So the
    times sum exactly to that of the whole, which ends with its last metre: who stands at the end
    before stopping the watch has finished.
    """
    crossings = odometer.arrival(bounds_m)
    if effort:
        crossings[0], crossings[-1] = effort.start_s, effort.end_s
    return between(activity, odometer, crossings[:-1], crossings[1:], bounds_m[:-1], bounds_m[1:])


def lap_splits(activity: Activity, odometer: Odometer) -> tuple[Split, ...]:
    """Describe the watch's laps as the watch recorded them, with what the streams say of each.

    Length and times are the lap's own; where the file gives no distance, the odometer's.
    """
    laps = activity.laps
    starts = np.array([lap.start_s for lap in laps])
    ends = starts + np.array([lap.elapsed_s for lap in laps])
    if not laps:
        return ()
    at_start, at_end = (
        (odometer.distance_at(starts), odometer.distance_at(ends))
        if len(odometer.marks)
        else (np.zeros(len(laps)), np.zeros(len(laps)))
    )
    own = np.array([np.nan if lap.distance_m is None else lap.distance_m for lap in laps])
    at_end = np.where(np.isnan(own), at_end, at_start + own)
    return between(activity, odometer, starts, ends, at_start, at_end, timers=[lap.timer_s for lap in laps])


def between(
    activity: Activity,
    odometer: Odometer,
    starts_s: FloatArray,
    ends_s: FloatArray,
    starts_m: FloatArray,
    ends_m: FloatArray,
    timers: Sequence[float | None] | None = None,
) -> tuple[Split, ...]:
    """Make splits of spans (b,) of time and distance, with what each stream says of them."""
    told = levels(activity)
    heart_rate = told.heart_rate.average(starts_s, ends_s)
    cadence = told.cadence.average(starts_s, ends_s)
    climb, fall = told.terrain.climb_m(starts_s, ends_s), told.terrain.fall_m(starts_s, ends_s)
    timer = odometer.timer_s(starts_s, ends_s)
    return tuple(
        Split(
            index=i + 1,
            start_m=float(starts_m[i]),
            end_m=float(ends_m[i]),
            start_s=float(starts_s[i]),
            end_s=float(ends_s[i]),
            elapsed_s=float(ends_s[i] - starts_s[i]),
            timer_s=float(timer[i]) if timers is None or timers[i] is None else float(timers[i] or 0.0),
            heart_rate_bpm=heart_rate[i],
            cadence_spm=cadence[i],
            climb_m=climb[i],
            fall_m=fall[i],
        )
        for i in range(len(starts_s))
    )
