"""Every stretch of a length on an odometer; and, of many lengths at once, those that may be the fastest.

A recording of an hour has 7,200 stretches of each length, of which a few hundred are worth a look. Which
these are is told by an outline of the run, with a corner for every sixteen marks: the times of its stretches
are soon found, and the run's own lie off them by no more than the run lies off its outline.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from operator import itemgetter
from typing import NamedTuple, TypeVar

import numpy as np

from miler.arrays import FloatArray, IntArray, increments, writable
from miler.odometer import TOLERANCE_M, Odometer
from miler.once import once

_MARKS = 16  # to a corner; more take more windows to try, fewer more corners
_SAME_S = 1e-6  # sums of the same seconds differ by less
_TIED_S = 1e-9  # two that take the same differ by less
_SPARE_M = 4 * TOLERANCE_M  # each end may lie a tolerance into a break, and a length be short by one
_Timed = Callable[[Odometer, IntArray, FloatArray], "Stretches"]
_Lengths = TypeVar("_Lengths", IntArray, Sequence[float])
_CELLS = 2**16  # lengths times corners at once: half a megabyte a table, which stays in the processor's cache


class Stretches(NamedTuple):
    """Stretches in order, of one kind: each begins on a mark, or each ends on one.

    (w,) each: metres, seconds from the start, and seconds, infinite for a stretch across a break.
    """

    start_m: FloatArray
    end_m: FloatArray
    start_s: FloatArray
    end_s: FloatArray
    took_s: FloatArray

    def first(self, at_most_s: float) -> list[float]:
        """Start and end, metres, start and end, seconds, of the first that takes no longer; one must."""
        index = (self.took_s <= at_most_s).argmax()
        return [float(column[index]) for column in self[:4]]


@dataclass(frozen=True, eq=False)
class Windows:
    """Stretches of one length.

    Attributes:
        kinds: those that begin on a mark, and those that end on one.
        least_s: seconds that the fastest of each kind took.
        at_most_s: all unbroken windows that take no longer than this are there.
    """

    kinds: tuple[Stretches, Stretches]
    least_s: tuple[float, float]
    at_most_s: float

    @property
    def fastest(self) -> list[float]:
        """Start and end, metres, start and end, seconds, of the fastest; of the earliest, if several tie."""
        tied_s = min(self.least_s) + _TIED_S
        each = zip(self.kinds, self.least_s, strict=True)
        return min((kind.first(tied_s) for kind, least_s in each if least_s <= tied_s), key=itemgetter(2))

    @cached_property
    def joined(self) -> Stretches:
        """Those that begin on a mark, then those that end on one."""
        return Stretches(*map(np.concatenate, zip(*self.kinds, strict=True)))


def windows(odometer: Odometer, length_m: float) -> Windows | None:
    """Return every stretch of a length that begins or ends on a mark; None if none is unbroken.

    Args:
        odometer: the distance model of one activity.
        length_m: metres, positive.

    Raises:
        ValueError: if `length_m` is not positive and finite.
    """
    lengths = np.array([length_m])
    (count,) = _beginnings(odometer, lengths)
    if not count:
        return None
    first = odometer.marks.searchsorted(odometer.marks[0] + length_m - TOLERANCE_M)
    begin, end = np.arange(count), np.arange(first, len(odometer.marks))
    begun, ended = _begun(odometer, begin, lengths), _ended(odometer, end, lengths)
    for kind in (begun, ended):
        _bar(odometer, kind, length_m)
    return _unbroken(begun, ended)


def near(
    odometer: Odometer,
    lengths_m: Sequence[float],
    judged_m: Sequence[float] | None = None,
    *,
    at_most_s: Sequence[float] | None = None,
    spare: Sequence[float] | float = 0.0,
) -> list[Windows | None]:
    """Return those of the `windows` of each length that may be the fastest, or take at most so long.

    Along an outline of the run the time of a stretch changes evenly while both its ends lie between the same
    corners: of all of these one that touches a corner is the fastest, and the run's own are faster by no more
    than it goes off the outline at either end. Where that is too long, none of them need be tried.

    Args:
        odometer: the distance model of one activity.
        lengths_m: (l,) metres, positive.
        judged_m: (l,) metres; bridges are barred as for an effort of this length, of its own if not said.
        at_most_s: (l,) seconds; if not said, about the fastest window's own time.
        spare: share of that time by which others may be slower, of each length or of all.

    Returns:
        One for each length; None where there is none.

    Raises:
        ValueError: if a length is not positive and finite.
    """
    lengths = np.asarray(lengths_m, dtype=np.float64)
    judged = lengths if judged_m is None else np.asarray(judged_m, dtype=np.float64)
    slower = 1 + np.broadcast_to(spare, lengths.shape)
    found: list[Windows | None] = [None] * len(lengths)
    for some, look in _looked_at(odometer, lengths, judged):
        longest_s = slower[some] * look.quick_s if at_most_s is None else np.asarray(at_most_s)[some]
        for length, each in zip(some.tolist(), look.windows(longest_s), strict=True):
            found[length] = each
    return found


def fastest_s(odometer: Odometer, lengths_m: Sequence[float], judged_m: Sequence[float]) -> list[float]:
    """Return how long the fastest window of each length took, as `near` takes them; NaN for none."""
    lengths, judged = np.asarray(lengths_m, dtype=np.float64), np.asarray(judged_m, dtype=np.float64)
    seconds = np.full(len(lengths), np.nan)
    for some, look in _looked_at(odometer, lengths, judged):
        seconds[some] = look.fastest_s()
    return seconds.tolist()


def _looked_at(
    odometer: Odometer, lengths: FloatArray, judged: FloatArray
) -> Iterator[tuple[IntArray, _Look]]:
    """Yield which of the lengths (l,) are looked at together, without those too long, and their look."""
    counts = _beginnings(odometer, lengths)
    if odometer.breaks and counts.any():  # of another sport's recording all is barred
        unbarred_m = np.array([odometer.unbarred_m(length_m) for length_m in judged.tolist()])
        counts[lengths - _SPARE_M > unbarred_m] = 0
    for every in together(odometer, np.arange(len(lengths))):
        some = every[counts[every] > 0]
        if len(some):
            yield some, _Look.of(odometer, lengths[some], judged[some], counts[some])


def together(odometer: Odometer, lengths: _Lengths) -> Iterator[_Lengths]:
    """Cut lengths into those to look at together: of an hour three hundred, of days one after the other."""
    at_once = max(_CELLS * _MARKS // (len(odometer.marks) + 1), 1)
    return (lengths[i : i + at_once] for i in range(0, len(lengths), at_once))


@dataclass(frozen=True, eq=False)
class _Outline:
    """A run drawn with few corners, at even distances, and how far it lies off that.

    Attributes:
        corners: (n + 1,) metres.
        arrives, departs: (n + 1,) seconds, when each corner was reached at the earliest, left at the latest.
        early, late: (n + 1,) and (n,) by how many seconds at most the run reaches a place between two corners
            before the straight line of `arrives`, and leaves it after that of `departs`; beyond the last it
            never arrives.
        first: (n + 1,) the first mark at or beyond each corner; in the end how many marks there are.
    """

    corners: FloatArray
    arrives: FloatArray
    departs: FloatArray
    early: FloatArray
    late: FloatArray
    first: IntArray


@once
def _outline(odometer: Odometer) -> _Outline:
    """Draw a run of two marks or more."""
    marks = writable(odometer.marks)
    corners = np.linspace(marks[0], marks[-1], -(-len(marks) // _MARKS) + 1)
    first = marks.searchsorted(corners)
    first[-1] = len(marks)
    arrives, departs = (np.interp(corners, marks, clock) for clock in (odometer.arrives, odometer.departs))
    early_s = np.interp(marks, corners, arrives) - odometer.arrives
    late_s = odometer.departs - np.interp(marks, corners, departs)
    early, late = (np.maximum(np.maximum.reduceat(s, first[:-1]), 0.0) for s in (early_s, late_s))
    return _Outline(corners, arrives, departs, np.append(early, -np.inf), late, first)


@dataclass(frozen=True, eq=False)
class _Look:
    """How long stretches of l lengths take at least, by the outline: c cells from corner to corner each.

    Attributes:
        odometer, outline: of the run.
        lengths, judged: (l,) metres, as for `near`.
        counts: (l,) on how many marks, from the first on, a stretch of each length can begin; one at least.
        begun_s: (l, c) seconds, no more than any stretch takes that begins on a mark of the cell; infinite
            where all are barred or there is none.
        ended_s: (l, c) the same of stretches that end on a mark of the cell so many further on:
        further: (l,) cells.
    """

    odometer: Odometer
    outline: _Outline
    lengths: FloatArray
    judged: FloatArray
    counts: IntArray
    begun_s: FloatArray
    ended_s: FloatArray
    further: IntArray

    @classmethod
    def of(cls, odometer: Odometer, lengths: FloatArray, judged: FloatArray, counts: IntArray) -> _Look:
        """Time what begins or ends on a corner: from one such stretch to the next the time changes evenly."""
        outline = _outline(odometer)
        corners = outline.corners
        # What has a mark's own time, within a tolerance, takes no less than what is shorter by the spare.
        shorter = np.maximum(lengths - _SPARE_M, 0.0)
        cells, part = np.divmod(shorter / (corners[1] - corners[0]), 1.0)
        further, part = cells.astype(np.int64), part[:, None]
        count = len(corners) - 1 - int(further.min())
        ends = further[:, None] + np.arange(count + 2)
        arrives, departs = outline.arrives.take(ends, mode="clip"), outline.departs[: count + 1]
        begun = arrives[:, :-1] + part * (arrives[:, 1:] - arrives[:, :-1]) - departs
        ended = arrives[:, 1:-1] - departs[1:] + part * increments(departs)
        early = outline.early.take(ends[:, :-1], mode="clip")
        late = outline.late[:count]
        # Of those that begin in a cell the first end so many further on, the others one cell more.
        some = np.minimum(begun[:, :-1], ended) - early[:, :-1] - late
        others = np.minimum(ended, begun[:, 1:]) - early[:, 1:] - late
        for row, judged_m in enumerate(judged.tolist()) if odometer.breaks else ():
            # What bars the way that all have in common bars all.
            nearest, farthest = corners[:count] + shorter[row], corners[1 : count + 1]
            barred = odometer.barred(farthest, nearest, judged_m)
            some[row, barred] = others[row, barred] = np.inf
        begun_s = np.minimum(some, others)
        np.minimum(some[:, 1:], others[:, :-1], out=some[:, 1:])
        return cls(odometer, outline, lengths, judged, counts, begun_s, some, further)

    @property
    def quick_s(self) -> FloatArray:
        """(l,) seconds of a stretch hardly slower than the fastest: it begins near one; else infinite."""
        least_s, first = self.begun_s, self.outline.first[: self.begun_s.shape[1]]
        if self.odometer.breaks:
            least_s = least_s.copy()
            asked = zip(self.lengths.tolist(), self.judged.tolist(), self.counts.tolist(), strict=True)
            for row, (length_m, judged_m, count) in enumerate(asked):
                starts = self.odometer.marks.take(np.minimum(first, count - 1))
                least_s[row, self.odometer.barred(starts, starts + length_m, judged_m)] = np.inf
        begin = np.minimum(first.take(least_s.argmin(axis=1)), self.counts - 1)
        took_s = _begun(self.odometer, begin, self.lengths).took_s
        return np.where(least_s.min(axis=1) < np.inf, took_s, np.inf)

    def windows(self, at_most_s: FloatArray) -> Iterator[Windows | None]:
        """Yield the windows of each length in those cells that may hold one which takes at most so long."""
        each = (
            [Stretches(*(c[span] for c in kind)) for span in self._spans(row)]
            for kind, row in self._tried(at_most_s)
        )
        return map(_unbroken, *each, at_most_s.tolist())

    def fastest_s(self) -> FloatArray:
        """(l,) seconds of the fastest stretch of each length; NaN where all are barred."""
        least = np.full(len(self.lengths), np.inf)
        for stretches, row in self._tried(self.quick_s):
            np.minimum.at(least, row, stretches.took_s)
        least[np.isinf(least)] = np.nan
        return least

    def _tried(self, at_most_s: FloatArray) -> Iterator[tuple[Stretches, IntArray]]:
        """Yield those that begin on marks, then those that end on marks, and (w,) which length each is of."""
        first, longest_s = self.outline.first, at_most_s[:, None] + _SAME_S
        row, cell = (self.begun_s < longest_s).nonzero()
        yield self._timed(
            _begun, row, first.take(cell), np.minimum(first.take(cell + 1), self.counts.take(row))
        )
        soonest = self.odometer.marks.searchsorted(self.odometer.marks[0] + self.lengths - TOLERANCE_M)
        row, cell = (self.ended_s < longest_s).nonzero()
        cell += self.further.take(row)
        yield self._timed(_ended, row, np.maximum(first.take(cell), soonest.take(row)), first.take(cell + 1))

    def _timed(
        self, timed: _Timed, row: IntArray, first: IntArray, beyond: IntArray
    ) -> tuple[Stretches, IntArray]:
        """Time stretches of (r,) lengths that begin or end on marks, from one (r,) to short of another."""
        many = np.maximum(beyond - first, 0)
        row = row.repeat(many)
        mark = (first - many.cumsum() + many).repeat(many) + np.arange(len(row))
        stretches = timed(self.odometer, mark, self.lengths.take(row))
        if self.odometer.breaks:
            for span, judged_m in zip(self._spans(row), self.judged.tolist(), strict=True):
                _bar(self.odometer, Stretches(*(column[span] for column in stretches)), judged_m)
        return stretches, row

    def _spans(self, row: IntArray) -> list[slice]:
        """Where each length lies among (w,) rows in order."""
        bounds = row.searchsorted(np.arange(len(self.lengths) + 1)).tolist()
        return [slice(a, b) for a, b in pairwise(bounds)]


def _beginnings(odometer: Odometer, lengths: FloatArray) -> IntArray:
    """On how many marks, from the first on, a stretch of each length can begin, (l,) metres."""
    if not all(0 < length_m < math.inf for length_m in lengths.tolist()):
        raise ValueError(f"a length must be positive and finite, not {lengths.tolist()}")
    marks = odometer.marks
    if len(marks) < 2:
        return np.zeros(len(lengths), np.int64)
    counts: IntArray = marks.searchsorted(marks[-1] - lengths + TOLERANCE_M, "right")
    return counts


# A stretch keeps the very mark that it begins or ends on, with the mark's own time: start + length may round
# past a stop.


def _begun(odometer: Odometer, begin: IntArray, lengths: FloatArray) -> Stretches:
    """Where and when stretches begin and end that begin on marks, and how long they took.

    (w,) each, of (w,) lengths or of one.
    """
    starts, leaves = odometer.marks.take(begin), odometer.departs.take(begin)
    ends = np.minimum(starts + lengths, odometer.marks[-1])
    reaches = odometer.arrival(ends)
    return Stretches(starts, ends, leaves, reaches, reaches - leaves)


def _ended(odometer: Odometer, end: IntArray, lengths: FloatArray) -> Stretches:
    """Where and when stretches begin and end that end on marks, and how long they took; as for `_begun`."""
    ends, reaches = odometer.marks.take(end), odometer.arrives.take(end)
    starts = np.maximum(ends - lengths, odometer.marks[0])
    leaves = odometer.departure(starts)
    return Stretches(starts, ends, leaves, reaches, reaches - leaves)


def _bar(odometer: Odometer, stretches: Stretches, judged_m: float) -> None:
    """Let stretches across breaks take for ever."""
    stretches.took_s[odometer.barred(stretches.start_m, stretches.end_m, judged_m)] = np.inf


def _unbroken(begun: Stretches, ended: Stretches, at_most_s: float = math.inf) -> Windows | None:
    """Put both kinds together; None if all are across breaks."""
    least_s = float(begun.took_s.min(initial=np.inf)), float(ended.took_s.min(initial=np.inf))
    return Windows((begun, ended), least_s, at_most_s) if min(least_s) < math.inf else None
