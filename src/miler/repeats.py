"""Every repetition of an interval session, found from the motion alone; and whether a stretch was one run.

Who runs 6 × 800 m has six results, not one. Laps pressed by hand would tell, but most sessions have
none, so the fast pieces are found by their speed, named by the length that most of them have, and each
is timed by its own fastest window of that length.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from miler.arrays import BoolArray, IntArray, median, quantile
from miler.effort import Effort
from miler.odometer import Odometer
from miler.units import MILE_M, length_name
from miler.windows import Stretches, windows

_PIECE_M = 50.0
_CONTRAST = 1.25  # fast pieces are this many times as fast as slow ones, or it is one run
_STOPPED = 0.7  # of the middle speed: a slower cut holds a stop
_LEAST = 3  # repetitions that make a series
_LIKE = 0.15  # a piece belongs to a series if its length is this near to it
_SHORTEST_PIECE_M = 150.0
_LENGTHS_M = np.array(
    [200, 300, 400, 500, 600, 800, 1000, 1200, 1500, 1600, MILE_M, 2000, 3000, 2 * MILE_M, 5000]
)
_ALIKE = 0.12  # repetitions are run within this of their middle time
_LONGEST_REST_S = 600.0
_REST_S, _REST_MPS = 10.0, 1.0  # slower than a stroll for so long is a rest


@dataclass(frozen=True)
class Repeat:
    """One repetition; the rest is what came before the next, None for the last."""

    index: int
    start_s: float
    start_m: float
    elapsed_s: float
    rest_s: float | None
    rest_m: float | None


@dataclass(frozen=True)
class Series:
    """The repetitions of one length, in order of time, none overlapping another."""

    length_m: float
    repeats: tuple[Repeat, ...]

    @property
    def name(self) -> str:
        """As runners write it: `6 × 800 m`."""
        return f"{len(self.repeats)} × {length_name(self.length_m)}"


def series(odometer: Odometer) -> Series | None:
    """Find the repetitions of a session; None if it has no three fast pieces of like length.

    The run is cut every 50 m. Pieces are fast above the middle between the speeds of its slow and its
    fast sixth, where these differ by a quarter or more; a single slow cut within a piece is noise.
    """
    if odometer.total_m < _LEAST * (_SHORTEST_PIECE_M + _PIECE_M):
        return None
    places = np.arange(float(odometer.marks[0]), float(odometer.marks[-1]), _PIECE_M)
    # From leaving one place to leaving the next: a stop belongs to the piece that it ends.
    seconds = np.diff(odometer.departure(places))
    speeds = _PIECE_M / np.maximum(seconds, 1e-6)
    slow, fast = quantile(speeds, 0.17), quantile(speeds, 0.83)
    if fast < _CONTRAST * slow:
        return None
    middle = math.sqrt(slow * fast)
    pieces = _pieces(speeds > middle, speeds > _STOPPED * middle)
    lengths = _PIECE_M * (pieces[:, 1] - pieces[:, 0])
    lengths, pieces = lengths[lengths >= _SHORTEST_PIECE_M], pieces[lengths >= _SHORTEST_PIECE_M]
    if len(lengths) < _LEAST:
        return None
    length_m = float(_LENGTHS_M[np.argmin(np.abs(np.log(_LENGTHS_M / median(lengths))))])
    like = np.abs(lengths / length_m - 1) <= max(_LIKE, 1.1 * _PIECE_M / length_m)
    found = windows(odometer, length_m)
    if like.sum() < _LEAST or found is None:
        return None
    spans = places[pieces[like]]
    stretches = found.joined
    chosen = [_best_near(stretches, a, b, length_m) for a, b in spans.tolist()]
    return _series(stretches, [i for i in chosen if i is not None], length_m)


def _pieces(fast: BoolArray, moving: BoolArray) -> IntArray:
    """(p, 2) first and beyond-last index of each run of fast cuts; a single slow one is bridged, no stop."""
    bridged = fast.copy()
    bridged[1:-1] |= fast[:-2] & fast[2:] & moving[1:-1]
    edges = np.diff(np.concatenate(([0], bridged.astype(int), [0])))
    return np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)], axis=1)


def _best_near(found: Stretches, from_m: float, to_m: float, length_m: float) -> int | None:
    """The index of the fastest window whose middle lies within a piece; None if it is barred."""
    middle = found.start_m + length_m / 2
    slack = max(_PIECE_M, (length_m - (to_m - from_m)) / 2)
    near = np.flatnonzero((found.start_m >= from_m - slack) & (found.end_m <= to_m + slack))
    near = near if len(near) else np.flatnonzero((middle >= from_m) & (middle <= to_m))
    if not len(near):
        return None
    best = int(near[np.argmin(found.took_s[near])])
    return best if np.isfinite(found.took_s[best]) else None


def _series(found: Stretches, chosen: list[int], length_m: float) -> Series | None:
    kept: list[int] = []
    for i in chosen:
        if not kept or found.start_m[i] >= found.end_m[kept[-1]] - 1.0:
            kept.append(i)
    kept = _alike(found, kept)
    if len(kept) < _LEAST:
        return None
    after: list[int | None] = [*kept[1:], None]
    return Series(
        length_m,
        tuple(
            Repeat(
                index=k,
                start_s=float(found.start_s[i]),
                start_m=float(found.start_m[i]),
                elapsed_s=float(found.took_s[i]),
                rest_s=None if j is None else float(found.start_s[j] - found.end_s[i]),
                rest_m=None if j is None else float(found.start_m[j] - found.end_m[i]),
            )
            for k, (i, j) in enumerate(zip(kept, after, strict=True), 1)
        ),
    )


def _alike(found: Stretches, kept: list[int]) -> list[int]:
    """The longest row of pieces with like times, rested between: slower by the contrast, and not for long."""
    middle_s = median(found.took_s[kept]) if kept else 0.0
    rows: list[list[int]] = [[]]
    for i in kept:
        if abs(found.took_s[i] / middle_s - 1) > _ALIKE:
            continue
        before = rows[-1][-1] if rows[-1] else None
        if before is not None and not _rested(found, before, i):
            rows.append([])
        rows[-1].append(i)
    return max(rows, key=len)


def _rested(found: Stretches, before: int, after: int) -> bool:
    seconds = float(found.start_s[after] - found.end_s[before])
    metres = float(found.start_m[after] - found.end_m[before])
    speed = float((found.end_m[before] - found.start_m[before]) / found.took_s[before])
    return 0 < seconds <= _LONGEST_REST_S and metres / seconds <= speed / _CONTRAST


def rest_inside(effort: Effort, odometer: Odometer, found: Series | None) -> str | None:
    """Say in words what makes a stretch more than one run, of which no pacing can be judged; else None."""
    times, metres = odometer.line
    inside = slice(times.searchsorted(effort.start_s), times.searchsorted(effort.end_s, "right"))
    at = times[inside]
    later = np.minimum(at + _REST_S, effort.end_s)
    slow = (odometer.distance_at(later) - metres[inside] < _REST_MPS * _REST_S) & (later >= at + _REST_S)
    if slow.any():
        return "it holds a stop"
    if found is not None:
        ends = [r.start_s + r.elapsed_s for r in found.repeats if r.rest_s is not None]
        if any(effort.start_s < end - 1 and end + 10 < effort.end_s for end in ends):
            return f"it holds a rest between repetitions ({found.name})"
    return None
