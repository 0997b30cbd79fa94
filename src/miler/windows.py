"""Every stretch of a length on an odometer; and, of many lengths at once, those that may be the fastest.

A recording of an hour has 7,200 stretches of each length, of which a few hundred are worth a look. Which
these are is told by every twelfth mark: from there to the next of them, the time of a stretch falls no faster
than the paces at its two ends allow.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, repeat
from typing import TypeVar

import numpy as np

from miler.arrays import FloatArray, IntArray, increments
from miler.odometer import TOLERANCE_M, Odometer

_BLOCK = 12  # marks that are looked at together; more take more windows to try, fewer more blocks
_SAME_S = 1e-6  # sums of the same seconds differ by less
_SPARE_M = 4 * TOLERANCE_M  # each end may lie a tolerance into a break, and a length be short by one
_Columns = list[FloatArray]
_Lengths = TypeVar("_Lengths", IntArray, Sequence[float])
_CELLS = 2**16  # lengths times blocks at once: half a megabyte a table, which stays in the processor's cache


@dataclass(frozen=True, eq=False)
class Windows:
    """Stretches of one length: those that begin on a mark, then those that end on one.

    Attributes:
        start_m, end_m: (w,) metres.
        start_s, end_s: (w,) seconds from the start.
        took_s: (w,) seconds; infinite for a stretch across a break.
        at_most_s: all unbroken windows that take no longer than this are there.
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
    lengths = np.array([length_m])
    (count,) = _beginnings(odometer, lengths)
    if not count:
        return None
    first = odometer.marks.searchsorted(odometer.marks[0] + length_m - TOLERANCE_M)
    begin, end = np.arange(count), np.arange(first, len(odometer.marks))
    begun, ended = _begun(odometer, begin, lengths), _ended(odometer, end, lengths)
    for columns in (begun, ended):
        _bar(odometer, columns, length_m)
    return _unbroken(begun, ended)


def near(
    odometer: Odometer,
    lengths_m: Sequence[float],
    judged_m: Sequence[float] | None = None,
    *,
    at_most_s: Sequence[float] | None = None,
    spare: Sequence[float] | float = 0.0,
) -> Iterator[Windows | None]:
    """Yield those of the `windows` of each length that may be the fastest, or take at most so long.

    Between two marks x and x + w a stretch of length L takes no less than one that begins on x, were its
    end run at the fastest pace from x + L to x + L + w and its beginning at the slowest from x to
    x + w. Where that is too long, nothing from one to the other need be tried.

    Args:
        odometer: the distance model of one activity.
        lengths_m: (l,) metres, positive.
        judged_m: (l,) metres; bridges are barred as for an effort of this length, of its own if not said.
        at_most_s: (l,) seconds; if not said, about the fastest window's own time.
        spare: share of that time by which others may be slower, of each length or of all.

    Yields:
        One for each length; None where there is none.

    Raises:
        ValueError: if a length is not positive and finite.
    """
    lengths = np.asarray(lengths_m, dtype=np.float64)
    judged = lengths if judged_m is None else np.asarray(judged_m, dtype=np.float64)
    slower = 1 + np.broadcast_to(spare, lengths.shape)
    told = 0
    for some, blocks in _looked_at(odometer, lengths, judged):
        longest_s = slower[some] * blocks.quick_s if at_most_s is None else np.asarray(at_most_s)[some]
        for length, found in zip(some.tolist(), blocks.windows(longest_s), strict=True):
            yield from repeat(None, length - told)
            yield found
            told = length + 1
    yield from repeat(None, len(lengths) - told)


def fastest_s(odometer: Odometer, lengths_m: Sequence[float], judged_m: Sequence[float]) -> list[float]:
    """Return how long the fastest window of each length took, as `near` takes them; NaN for none."""
    lengths, judged = np.asarray(lengths_m, dtype=np.float64), np.asarray(judged_m, dtype=np.float64)
    seconds = np.full(len(lengths), np.nan)
    for some, blocks in _looked_at(odometer, lengths, judged):
        seconds[some] = blocks.fastest_s()
    return seconds.tolist()


def _looked_at(
    odometer: Odometer, lengths: FloatArray, judged: FloatArray
) -> Iterator[tuple[IntArray, _Blocks]]:
    """Yield which of the lengths (l,) are looked at together, without those too long, and their blocks."""
    counts = _beginnings(odometer, lengths)
    if odometer.breaks and counts.any():  # of another sport's recording all is barred
        unbarred_m = np.array([odometer.unbarred_m(length_m) for length_m in judged.tolist()])
        counts[lengths - _SPARE_M > unbarred_m] = 0
    for every in together(odometer, np.arange(len(lengths))):
        some = every[counts[every] > 0]
        if len(some):
            yield some, _Blocks.of(odometer, lengths[some], judged[some], counts[some])


def together(odometer: Odometer, lengths: _Lengths) -> Iterator[_Lengths]:
    """Cut lengths into those to look at together: of an hour two hundred, of days one after the other."""
    at_once = max(_CELLS * _BLOCK // (len(odometer.marks) + 1), 1)
    return (lengths[i : i + at_once] for i in range(0, len(lengths), at_once))


@dataclass(frozen=True, eq=False)
class _Blocks:
    """The marks in blocks of twelve: c cells, of each of l lengths the blocks in which it can begin.

    Attributes:
        odometer: whose marks.
        lengths, judged: (l,) metres, as for `near`.
        counts: (l,) on how many marks, from the first on, a stretch of each length can begin; one at least.
        bounds: (l + 1,) where the cells of each length begin, and how many there are.
        row, block: (c,) which length, and which block.
        ends, next_ends: (c,) the first mark at which a stretch ends that begins in the block, or beyond;
            and that of the next block.
        took_s: (c,) seconds of the stretch that begins on the first mark of the block; infinite where a
            break bars it.
        least_s: (c,) seconds, less than any that begins in the block takes; NaN where all are barred.
    """

    odometer: Odometer
    lengths: FloatArray
    judged: FloatArray
    counts: IntArray
    bounds: IntArray
    row: IntArray
    block: IntArray
    ends: IntArray
    next_ends: IntArray
    took_s: FloatArray
    least_s: FloatArray

    @classmethod
    def of(cls, odometer: Odometer, lengths: FloatArray, judged: FloatArray, counts: IntArray) -> _Blocks:
        """Look at the first mark of each block."""
        marks, departs, paces = odometer.marks, odometer.departs, odometer.paces
        blocks = -(-counts // _BLOCK)
        bounds = np.append(0, blocks.cumsum())
        row = np.arange(len(lengths)).repeat(blocks)
        block = np.arange(bounds[-1]) - bounds.take(row)
        knots = np.append(marks[::_BLOCK], marks[-1])
        starts = knots.take(block)
        aims = np.minimum(starts + lengths.take(row), marks[-1])
        ends = odometer.after(aims)
        next_ends = np.append(ends[1:], 0)
        next_ends[bounds[1:] - 1] = len(marks)
        took_s = odometer.arrival(aims, ends) - departs[::_BLOCK].take(block)
        # Where two marks are one place, within a millimetre, the step beyond takes part.
        quickest = _least_between(paces, np.maximum(ends - 1, 0), np.maximum(next_ends - 1, 0))
        slow = np.append(increments(departs) / increments(marks), 0.0)
        slowest = np.maximum.reduceat(slow, np.arange(0, len(marks), _BLOCK))
        slowest[:-1] = np.maximum(slowest[:-1], slow[_BLOCK::_BLOCK])
        slowest = slowest.take(block)
        falls_s = np.minimum(quickest - slowest, 0.0) * increments(knots).take(block)
        least_s = took_s + falls_s - TOLERANCE_M * (quickest + slowest)
        for span, judged_m in zip(pairwise(bounds), judged.tolist(), strict=True) if odometer.breaks else ():
            cells = slice(*span)
            reaches = starts[cells] + lengths.take(row[cells])
            took_s[cells][odometer.barred(starts[cells], reaches, judged_m)] = np.inf
            # What bars the shortest way, from the end of a block to where its first stretch ends, bars all.
            after = knots.take(block[cells] + 1)
            least_s[cells][odometer.barred(after + _SPARE_M, reaches - _SPARE_M, judged_m)] = np.nan
        return cls(odometer, lengths, judged, counts, bounds, row, block, ends, next_ends, took_s, least_s)

    @property
    def quick_s(self) -> FloatArray:
        """(l,) seconds of the fastest stretch of each length that begins on the first mark of a block."""
        return np.minimum.reduceat(self.took_s, self.bounds[:-1])

    def windows(self, at_most_s: FloatArray) -> Iterator[Windows | None]:
        """Yield the windows of each length in those blocks that may hold one which takes at most so long."""
        (begun, of_begun), (ended, of_ended) = self._tried(at_most_s)
        for row, longest_s in enumerate(at_most_s.tolist()):
            here, there = (slice(*bounds[row : row + 2]) for bounds in (of_begun, of_ended))
            yield _unbroken([column[here] for column in begun], [c[there] for c in ended], longest_s)

    def fastest_s(self) -> FloatArray:
        """(l,) seconds of the fastest stretch of each length; NaN where all are barred."""
        least = np.full(len(self.lengths), np.inf)
        for (*_, took_s), bounds in self._tried(self.quick_s):
            # Beyond the last there is a time for a length that has none.
            first = np.minimum.reduceat(np.append(took_s, np.inf), bounds[:-1])
            np.minimum(least, first, out=least, where=np.diff(bounds) > 0)
        least[np.isinf(least)] = np.nan
        return least

    def _tried(self, at_most_s: FloatArray) -> Iterator[tuple[_Columns, list[int]]]:
        """Yield those that begin on marks, then those that end on marks, with the bounds of each length."""
        cells = np.flatnonzero(self.least_s <= at_most_s.take(self.row) + _SAME_S)
        row = self.row[cells]
        begin = (self.block[cells, None] * _BLOCK + np.arange(_BLOCK)).ravel()
        begin_row = row.repeat(_BLOCK)
        some = begin < self.counts.take(begin_row)
        begin, begin_row = begin[some], begin_row[some]
        yield self._barred(_begun(self.odometer, begin, self.lengths.take(begin_row)), begin_row)
        first = self.ends[cells]
        many = self.next_ends[cells] - first
        end = (first - many.cumsum() + many).repeat(many) + np.arange(many.sum())
        end_row = row.repeat(many)
        yield self._barred(_ended(self.odometer, end, self.lengths.take(end_row)), end_row)

    def _barred(self, columns: _Columns, row: IntArray) -> tuple[_Columns, list[int]]:
        """Bar stretches across breaks, (w,) columns of which each belongs to a length."""
        bounds = row.searchsorted(np.arange(len(self.lengths) + 1)).tolist()
        if self.odometer.breaks:
            for span, judged_m in zip(pairwise(bounds), self.judged.tolist(), strict=True):
                _bar(self.odometer, [column[slice(*span)] for column in columns], judged_m)
        return columns, bounds


def _least_between(values: FloatArray, first: IntArray, last: IntArray) -> FloatArray:
    """No more than the least of (n,) values from one place to another, inclusive; 0 where that is far."""
    least = values
    for reach in (1, 2, 4, 8):
        least = np.minimum(least, np.append(least, np.full(reach, np.inf))[reach:])
    # Two runs of sixteen that overlap: `np.minimum.reduceat` takes five times as long.
    both = np.minimum(least.take(first), least.take(np.maximum(last - 15, 0)))
    return np.where(last - first < 32, both, 0.0)


def _beginnings(odometer: Odometer, lengths: FloatArray) -> IntArray:
    """On how many marks, from the first on, a stretch of each length can begin, (l,) metres."""
    if not ((lengths > 0) & (lengths < np.inf)).all():
        raise ValueError(f"a length must be positive and finite, not {lengths.tolist()}")
    marks = odometer.marks
    if len(marks) < 2:
        return np.zeros(len(lengths), np.int64)
    counts: IntArray = marks.searchsorted(marks[-1] - lengths + TOLERANCE_M, "right")
    return counts


# A stretch keeps the very mark that it begins or ends on, with the mark's own time: start + length may round
# past a stop.


def _begun(odometer: Odometer, begin: IntArray, lengths: FloatArray) -> _Columns:
    """Where and when stretches begin and end that begin on marks, and how long they took.

    (w,) each, of (w,) lengths or of one.
    """
    starts, leaves = odometer.marks.take(begin), odometer.departs.take(begin)
    ends = np.minimum(starts + lengths, odometer.marks[-1])
    reaches = odometer.arrival(ends)
    return [starts, ends, leaves, reaches, reaches - leaves]


def _ended(odometer: Odometer, end: IntArray, lengths: FloatArray) -> _Columns:
    """Where and when stretches begin and end that end on marks, and how long they took; as for `_begun`."""
    ends, reaches = odometer.marks.take(end), odometer.arrives.take(end)
    starts = np.maximum(ends - lengths, odometer.marks[0])
    leaves = odometer.departure(starts)
    return [starts, ends, leaves, reaches, reaches - leaves]


def _bar(odometer: Odometer, columns: _Columns, judged_m: float) -> None:
    """Let stretches across breaks take for ever."""
    if odometer.breaks:
        starts, ends, *_, took_s = columns
        took_s[odometer.barred(starts, ends, judged_m)] = np.inf


def _unbroken(begun: _Columns, ended: _Columns, at_most_s: float = math.inf) -> Windows | None:
    """Put both kinds together; None if all are across breaks."""
    starts, ends, leaves, reaches, took_s = map(np.concatenate, zip(begun, ended, strict=True))
    unbroken = took_s.min(initial=np.inf) < np.inf
    return Windows(starts, ends, leaves, reaches, took_s, at_most_s) if unbroken else None
