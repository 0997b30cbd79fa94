"""How far at what time: the distance model on which every result hangs.

Standing still means one distance with many times. So each distance is stored once,
with two clocks, like a railway timetable: when it was first reached and when it was
last left. Between two marks the runner moves evenly.

```
marks     0 ───── 800 ─────── 1609.3
arrives   0 s     200 s       712 s
departs   0 s     500 s       712 s      300 s of standing at 800 m
```
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from miler.activity import Note, Pause
from miler.arrays import BoolArray, FloatArray, IntArray, every, frozen, increments, rises, writable
from miler.errors import ActivityError
from miler.units import format_distance

# Watches store centimetres, and a distance plus a length may round past the place where the
# runner stood; a millimetre (0.2 ms at any runner's speed) is the same place.
TOLERANCE_M = 1e-3

# A stretch that is entered by less tells nothing of an effort's distance.
_CROSSED_M = 0.01

# Two sums of the same steps differ by less.
_SAME_M = 1e-9

# A bridged glitch may lie inside an effort if it is at most this share of it (DESIGN: crediting).
BRIDGE_SHARE = 0.02


@dataclass(frozen=True)
class Stretch:
    """From one mark to another the distance has one source: `device`, `fixes` or `track`."""

    from_m: float
    to_m: float
    source: str


@dataclass(frozen=True)
class Break:
    """Marks that no effort may span.

    `teleport`, `glitch`, `sport` (another sport's session), `vehicle`, or `hole`: hours without records, in
    which hardly any way was made.

    A short glitch may lie inside a long effort; what the fixes `mended` may lie inside any.

    Where nothing was credited `from_m` equals `to_m`, and an effort may begin or end there.
    """

    from_m: float
    to_m: float
    reason: str

    def bars(self, length_m: float) -> bool:
        """Whether an effort of this length may not span it; a short bridge is allowed."""
        if self.reason == "glitch":
            return self.to_m - self.from_m > BRIDGE_SHARE * length_m
        return self.reason != "mended"

    @property
    def glitch(self) -> bool:
        """Whether the distance here is a bridge over what cannot be."""
        return self.reason in ("glitch", "mended")


@dataclass(frozen=True, eq=False)
class Odometer:
    """The distance model of one activity.

    Promises, checked at construction: `marks` strictly increase; arrives ≤ departs at every
    mark, and departs ≤ arrives of the next. Arrays are read-only.

    Attributes:
        marks: (k,) metres.
        arrives: (k,) seconds from the start, when each mark was first reached.
        departs: (k,) seconds from the start, when it was last left.
        stretches: where the distance came from.
        breaks: what no effort may span, in order.
        pauses: those the timer clock leaves out: the file's own, or inferred (then a note says so).
        gaps: (g, 2) seconds, from and to, where records are missing though the timer ran.
        notes: what was odd about the distance.
    """

    marks: FloatArray
    arrives: FloatArray
    departs: FloatArray
    stretches: tuple[Stretch, ...] = ()
    breaks: tuple[Break, ...] = ()
    pauses: tuple[Pause, ...] = ()
    gaps: tuple[tuple[float, float], ...] = ()
    notes: tuple[Note, ...] = ()

    def __post_init__(self) -> None:
        """Check the promises and freeze the arrays.

        Raises:
            ActivityError: if one is not kept.
        """
        sound = (
            len(self.marks) == len(self.arrives) == len(self.departs)
            and every(np.isfinite(self.marks))
            and rises(self.marks)
            and every(self.arrives <= self.departs)
            and every(self.departs[:-1] <= self.arrives[1:])
        )
        if not sound:
            raise ActivityError("marks must strictly increase, and so must their times")
        for column in (self.marks, self.arrives, self.departs):
            frozen(column)

    @property
    def total_m(self) -> float:
        """Metres credited in all."""
        return float(self.marks[-1] - self.marks[0]) if len(self.marks) else 0.0

    @property
    def source(self) -> str:
        """Where the distance came from, in one word; `none` if there is none."""
        return "+".join(dict.fromkeys(s.source for s in self.stretches)) or "none"

    @property
    def on_track(self) -> bool:
        """Whether some of the distance was measured along a fitted track."""
        return any(s.source == "track" for s in self.stretches)

    def track_m(self, from_m: float, to_m: float) -> float:
        """Return how many metres between two marks were measured along a fitted track."""
        spans = ((max(s.from_m, from_m), min(s.to_m, to_m)) for s in self.stretches if s.source == "track")
        return sum(max(b - a, 0.0) for a, b in spans)

    def source_between(self, from_m: float, to_m: float) -> str:
        """Where the distance between two marks came from, as in `source`."""
        inside = (
            s.source for s in self.stretches if s.from_m < to_m - _CROSSED_M and s.to_m > from_m + _CROSSED_M
        )
        return "+".join(dict.fromkeys(inside)) or self.source

    def arrival(self, at_m: FloatArray) -> FloatArray:
        """When each distance was first reached: metres, within the marks, to seconds, of any shape."""
        # np.interp goes on from the place of the last one: twice as fast as np.searchsorted where they grow.
        after = np.ceil(np.interp(at_m - TOLERANCE_M, *self._numbered)).astype(np.intp)
        # Before the first, too, the clock stands: -1 is the last mark.
        return np.minimum(self._on_the_way(after - 1, at_m), self.arrives.take(after))

    def departure(self, at_m: FloatArray) -> FloatArray:
        """When each distance was last left: metres, within the marks, to seconds, of any shape."""
        before = np.interp(at_m + TOLERANCE_M, *self._numbered).astype(np.intp)
        return np.maximum(self._on_the_way(before, at_m), self.departs.take(before))

    def _on_the_way(self, before: IntArray, at_m: FloatArray) -> FloatArray:
        """The clock at each distance between the mark `before` and the next, at even speed."""
        # Of thousands of places `take` is twice as fast as an index in brackets.
        ran_m = at_m - self.marks.take(before)
        clock: FloatArray = self.departs.take(before) + ran_m * self.paces.take(before)
        return clock

    @cached_property
    def _numbered(self) -> tuple[FloatArray, FloatArray]:
        return writable(self.marks), np.arange(len(self.marks), dtype=np.float64)

    @cached_property
    def paces(self) -> FloatArray:
        """(k,) seconds a metre from each mark to the next; beyond the last the clock stands."""
        return np.append((self.arrives[1:] - self.departs[:-1]) / increments(self.marks), 0.0)

    @cached_property
    def line(self) -> tuple[FloatArray, FloatArray]:
        """The run as one line: (j,) seconds and (j,) metres, a stop being two moments at one place."""
        stops = np.flatnonzero(self.departs > self.arrives)
        seconds = np.insert(self.arrives, stops + 1, self.departs[stops])
        return seconds, np.insert(self.marks, stops + 1, self.marks[stops])

    def distance_at(self, at_s: FloatArray) -> FloatArray:
        """Return the distance credited by each moment: seconds to metres, of any shape."""
        metres: FloatArray = np.interp(at_s, *self.line)
        return metres

    def timer_s(self, from_s: FloatArray, to_s: FloatArray) -> FloatArray:
        """Seconds between moments, (m,) and (m,), that the timer ran: elapsed minus pauses."""
        if not self.pauses:
            return to_s - from_s
        bounds, stood = self._stood
        return (to_s - from_s) - (np.interp(to_s, bounds, stood) - np.interp(from_s, bounds, stood))

    def on_timer(self) -> Odometer:
        """The same odometer on the timer clock, where pauses take no time."""
        moments = np.stack([self.arrives, self.departs], axis=1).ravel()
        timer = np.maximum.accumulate(self.timer_s(np.zeros(len(moments)), moments))  # rounding may go back
        return replace(self, arrives=timer[::2].copy(), departs=timer[1::2].copy(), pauses=(), gaps=())

    @cached_property
    def _stood(self) -> tuple[FloatArray, FloatArray]:
        return _paused_line(self.pauses)

    def moving_s(self, slowest_mps: float) -> float:
        """Seconds spent between marks at `slowest_mps` or faster, pauses left out; shown, never ranked."""
        took = self.timer_s(self.departs[:-1], self.arrives[1:])
        moving = increments(self.marks) >= slowest_mps * took
        return float(took[moving].sum())

    def barred(self, from_m: FloatArray, to_m: FloatArray, length_m: float) -> BoolArray:
        """Which of the spans (m,) to (m,) cross a break that bars an effort of this length."""
        barring = [b for b in self.breaks if b.bars(length_m)]
        if not barring:
            return np.zeros(len(from_m), bool)
        starts = np.array([b.from_m for b in barring])
        ends = np.maximum.accumulate([b.to_m for b in barring])
        # Breaks are in order: of those that end beyond the start, the first begins earliest.
        first = np.searchsorted(ends, from_m + TOLERANCE_M, "right")
        inside = first < len(barring)
        return inside & (starts[np.minimum(first, len(barring) - 1)] < to_m - TOLERANCE_M)

    def unbarred_m(self, length_m: float) -> float:
        """Metres of the longest stretch in which no break bars an effort of this length."""
        barring = [b for b in self.breaks if b.bars(length_m)]
        begins = np.maximum.accumulate([self.marks[0], *(b.to_m for b in barring)])
        ends = np.array([*(b.from_m for b in barring), self.marks[-1]])
        return float((ends - begins).max())

    def with_notes(self, *notes: Note) -> Odometer:
        """Return the same odometer with more notes."""
        return replace(self, notes=self.notes + notes) if notes else self

    def __repr__(self) -> str:
        """Length and source: `<Odometer 6.42 km, from device distance>`."""
        origin = self.source.replace("device", "device distance")
        return f"<Odometer {format_distance(self.total_m)}, from {origin}>"


def paused_by(pauses: tuple[Pause, ...], at_s: FloatArray) -> FloatArray:
    """Seconds that the timer had stood by each moment, (m,) to (m,); pauses must be apart and in order."""
    if not pauses:
        return np.zeros(len(at_s))
    seconds: FloatArray = np.interp(at_s, *_paused_line(pauses))
    return seconds


def _paused_line(pauses: tuple[Pause, ...]) -> tuple[FloatArray, FloatArray]:
    """The bounds of the pauses and the seconds that the timer had stood by each, two (2p,) columns."""
    bounds = np.array([(p.start_s, p.end_s) for p in pauses]).ravel()
    return bounds, np.cumsum(np.diff(bounds, prepend=bounds[0]) * (np.arange(len(bounds)) % 2))


def timetable(times_s: FloatArray, distances_m: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Make marks, arrives and departs of moments and the distance credited by each.

    Args:
        times_s: (n,) seconds, not decreasing.
        distances_m: (n,) metres, not decreasing.

    Returns:
        Three (k,) columns, one row for each different distance.
    """
    farther = increments(distances_m) > _SAME_M
    first, last = np.append(True, farther), np.append(farther, True)
    return distances_m[first], times_s[first], times_s[last]
