"""Slow, obvious twins of the fast routines: plain Python, one place at a time.

Two definitions are shared with the originals, for without them there is no one answer. A place within a
millimetre of a mark is that mark (`TOLERANCE_M`; watches store centimetres, so sums of them miss a stop by
rounding). And only stretches that begin or end on a mark are tried: `dense_fastest` does not need that,
and shows that nothing faster lies between.
"""

from __future__ import annotations

import math

from miler.odometer import TOLERANCE_M, Odometer


def arrival(odometer: Odometer, at_m: float) -> float:
    """Walk along the marks until the place is reached; the moment of that."""
    marks, arrives = odometer.marks.tolist(), odometer.arrives.tolist()
    for i, mark in enumerate(marks):
        if mark >= at_m - TOLERANCE_M:
            return float(arrives[i]) if mark <= at_m else _on_the_way(odometer, i, at_m)
    return float(arrives[-1])


def departure(odometer: Odometer, at_m: float) -> float:
    """Walk back along the marks until the place is reached; the moment when it was last left."""
    marks, departs = odometer.marks.tolist(), odometer.departs.tolist()
    for i in reversed(range(len(marks))):
        if marks[i] <= at_m + TOLERANCE_M:
            return float(departs[i]) if marks[i] >= at_m else _on_the_way(odometer, i + 1, at_m)
    return float(departs[0])


def _on_the_way(odometer: Odometer, to: int, at_m: float) -> float:
    """The moment at a place between a mark and the one before it, at even speed."""
    if not 0 < to < len(odometer.marks):
        return float(odometer.arrives[0] if to == 0 else odometer.departs[-1])
    left, reached = float(odometer.departs[to - 1]), float(odometer.arrives[to])
    before, after = float(odometer.marks[to - 1]), float(odometer.marks[to])
    return left + (reached - left) * (at_m - before) / (after - before)


def crosses_a_break(odometer: Odometer, start_m: float, end_m: float, length_m: float) -> bool:
    """Whether a stretch has a break inside that bars its length."""
    return any(
        b.bars(length_m) and b.from_m < end_m - TOLERANCE_M and b.to_m > start_m + TOLERANCE_M
        for b in odometer.breaks
    )


def fastest(odometer: Odometer, length_m: float) -> float | None:
    """Least seconds over a length, of all stretches that begin or end on a mark; None if there is none."""
    best = math.inf
    first, last = float(odometer.marks[0]), float(odometer.marks[-1])
    for i, mark in enumerate(odometer.marks.tolist()):
        if mark + length_m <= last + TOLERANCE_M and not crosses_a_break(
            odometer, mark, mark + length_m, length_m
        ):
            took = arrival(odometer, min(mark + length_m, last)) - float(odometer.departs[i])
            best = min(best, took)
        if mark - length_m >= first - TOLERANCE_M and not crosses_a_break(
            odometer, mark - length_m, mark, length_m
        ):
            took = float(odometer.arrives[i]) - departure(odometer, max(mark - length_m, first))
            best = min(best, took)
    return None if math.isinf(best) else best


def dense_fastest(odometer: Odometer, length_m: float, starts: int) -> float | None:
    """Least seconds over a length, of stretches that begin at many even places."""
    first, span = float(odometer.marks[0]), odometer.total_m - length_m
    if span < 0:
        return None
    best = math.inf
    for k in range(starts + 1):
        start_m = first + span * k / starts
        if not crosses_a_break(odometer, start_m, start_m + length_m, length_m):
            best = min(best, arrival(odometer, start_m + length_m) - departure(odometer, start_m))
    return None if math.isinf(best) else best


def slopes(points: list[tuple[int, float]]) -> float | None:
    """The middle one of the slopes between any two points; the mean of the middle two."""
    found = sorted((y2 - y1) / (x2 - x1) for x1, y1 in points for x2, y2 in points if x2 > x1)
    if not found:
        return None
    return (found[(len(found) - 1) // 2] + found[len(found) // 2]) / 2
