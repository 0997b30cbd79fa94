"""The finish line: where it is, and when the runner crossed it.

A watch does not know the line; the runner does. Who presses the lap button on a track presses at the
line: places along the lane at which presses meet are it, and each press is then a sight of the runner
at a known place, to the thumb. Presses also show how late the receiver is: at speed a filter's
positions lag by a second or two, so that presses at one line seem to be at two, one for each speed.
Without presses the line is where repetitions end; without those it is anywhere, and the report says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np

from miler.activity import Lap
from miler.arrays import FloatArray, IntArray, median
from miler.track.path import Path, Pressed, Problem

Told = Literal["presses", "rests", "nothing"]

_SECOND_S = 1.001  # to which watches keep when a lap began
_MEET_M = 12.0  # presses at one line lie so near to one another, thumbs and fixes together
_LEAST_PRESSES, _LEAST_SHARE = 3, 0.3
_LEAST_RESTS = 2
_LATE_S = np.round(np.arange(-2.0, 3.01, 0.1), 1).tolist()
_CLOSER = 0.75  # being late must bring the presses so much nearer together
_THUMB_SD_S, _STANCE_SD_M = 0.25, 1.0  # in time, and of a runner's place about the line
_AT_LINE_M, _WAITED_S = 4.0, 1.0
_REST_MPS, _REST_S = 0.5, 5.0  # standing


@dataclass(frozen=True)
class Finish:
    """Where the finish line is.

    Attributes:
        at_m: arc length of the lane's line, from the end of a straight, anticlockwise.
        told: by what.
        count: how many presses or rests met there.
        lag_s: how late positions are.
    """

    at_m: float
    told: Told
    count: int
    lag_s: float = 0.0


class Crossing(NamedTuple):
    """The runner crossed the line: when, how sure, and whether a press says so."""

    at_s: float
    sd_s: float
    pressed: bool


class Sight(NamedTuple):
    """A moment that may be one at the line, and the arc length at which the runner then was."""

    at_s: float
    arc_m: float


def closings_s(laps: Sequence[Lap]) -> FloatArray:
    """When each lap was closed, (n,) seconds from the start of the activity.

    A watch keeps when a lap began to the second, and how long it took to the millisecond. Where each lap
    begins as the one before ends, the durations tell the moments, but for a share of a second that is the
    same for all: so that each began within a second of what was kept.
    """
    if not laps:
        return np.empty(0)
    began = np.array([lap.start_s for lap in laps])
    took = np.array([lap.elapsed_s for lap in laps])
    closed: FloatArray = began + took
    apart = np.abs(began[1:] - closed[:-1]) > _SECOND_S
    bounds = [0, *(np.flatnonzero(apart) + 1).tolist(), len(laps)]
    for first, last in pairwise(bounds):
        ran = np.cumsum(took[first:last])
        off = began[first:last] - (ran - took[first:last])
        if np.ptp(off) < _SECOND_S:
            closed[first:last] = ran + (off.max() + off.min()) / 2
    return closed


def presses(pressed_s: FloatArray, problem: Problem, path: Path, late_s: float = 0.0) -> list[Sight]:
    """Where the runner was at each press (n,) of the lap button within a path, its positions being late."""
    inside = (pressed_s >= path.times[0]) & (pressed_s <= path.times[-1])
    return _seen(pressed_s[inside], problem, path, late_s)


def rests(problem: Problem, path: Path) -> list[Sight]:
    """Where the runner came to stand."""
    speed = np.gradient(path.along_m, path.times)
    still = speed < _REST_MPS
    begins = np.flatnonzero(still[1:] & ~still[:-1]) + 1
    ends = np.flatnonzero(~still[1:] & still[:-1]) + 1
    kept = []
    for begin in begins.tolist():
        after = ends[ends > begin]
        end_s = float(path.times[after[0]]) if len(after) else float(path.times[-1])
        before = (path.times > path.times[begin] - 30.0) & (path.times < path.times[begin] - 5.0)
        hard = before.any() and median(speed[before]) > 2 * _REST_MPS
        if hard and end_s - float(path.times[begin]) >= _REST_S:
            kept.append(float(path.times[begin]))
    return _seen(np.array(kept), problem, path)


def _seen(at_s: FloatArray, problem: Problem, path: Path, late_s: float = 0.0) -> list[Sight]:
    along = np.interp(at_s + late_s, path.times, path.along_m)
    arcs = np.mod(problem.direction * along, problem.line.length_m)
    return [Sight(t, arc) for t, arc in zip(at_s.tolist(), arcs.tolist(), strict=True)]


def locate(pressed: Callable[[float], list[Sight]], rested: Sequence[Sight], lap_m: float) -> Finish | None:
    """Find the line: the place where most presses meet, else where most rests do; None if they do not.

    Args:
        pressed: where the presses were, if positions were late by so many seconds.
        rested: where the runner came to stand.
        lap_m: length of a lap.
    """
    found = _meeting(pressed(0.0), lap_m)
    if found is not None and found.met >= max(_LEAST_PRESSES, _LEAST_SHARE * found.of):
        others = [(_meeting(pressed(late_s), lap_m) or found, late_s) for late_s in _LATE_S]
        best, late_s = min(others, key=lambda other: other[0].apart_m)
        if best.apart_m < _CLOSER * found.apart_m:
            return Finish(best.arc_m, "presses", best.met, late_s)
        return Finish(found.arc_m, "presses", found.met)
    found = _meeting(rested, lap_m)
    if found is not None and found.met >= max(_LEAST_RESTS, found.of / 2):
        return Finish(found.arc_m, "rests", found.met)
    return None


class _Meeting(NamedTuple):
    """Where sights meet, how many of how many, and how far all are from it, 12 m at most counted."""

    arc_m: float
    met: int
    of: int
    apart_m: float


def _meeting(sights: Sequence[Sight], lap_m: float) -> _Meeting | None:
    """The middle of the largest group of places that lie within 12 m of one of them."""
    if not sights:
        return None
    arcs = np.array([sight.arc_m for sight in sights])
    apart = np.mod(arcs[:, None] - arcs[None, :] + lap_m / 2, lap_m) - lap_m / 2
    near = np.abs(apart) <= _MEET_M
    best = int(np.argmax(near.sum(0)))
    middle = median(apart[near[:, best], best])
    off = np.minimum(np.abs(apart[:, best] - middle), _MEET_M)
    met = int(near[:, best].sum())
    return _Meeting(
        float(np.mod(arcs[best] + middle, lap_m)), met, len(sights), float(np.sqrt(np.mean(off**2)))
    )


def as_observed(
    pressed: Sequence[Sight], finish: Finish, problem: Problem, path: Path
) -> tuple[Pressed, ...]:
    """Presses at the line as places on the unwrapped path, late as its positions; others are left out."""
    lap = problem.line.length_m
    speed = np.gradient(path.along_m, path.times)
    found = []
    for sight in pressed:
        at_s = sight.at_s + finish.lag_s
        here = float(np.interp(at_s, path.times, path.along_m))
        off = float(np.mod(problem.direction * finish.at_m - here + lap / 2, lap)) - lap / 2
        if abs(off) <= _MEET_M:
            sd_m = math.hypot(_STANCE_SD_M, _THUMB_SD_S * float(np.interp(at_s, path.times, speed)))
            found.append(Pressed(at_s, here + off, sd_m))
    return tuple(found)


def crossings(
    problem: Problem, path: Path, drawn_m: FloatArray, finish: Finish, end_sd_m: float
) -> tuple[Crossing, ...]:
    """When the line was crossed, in order.

    Args:
        problem, path: of the circuit.
        drawn_m: (g, d) other paths as likely.
        finish: the line.
        end_sd_m: what a place may be off beyond the draws, where nobody pressed.
    """
    lap = problem.line.length_m
    along = np.maximum.accumulate(path.along_m)
    first = np.mod(problem.direction * finish.at_m - along[0], lap) + along[0]
    marks = np.arange(first, along[-1], lap)
    rising = np.maximum.accumulate(np.column_stack([along, drawn_m]).T, axis=1)
    at_s, *drawn_s = _reached(marks, rising, path.times)
    by_hand = [(press.at_s, float(np.interp(press.at_s, path.times, along))) for press in problem.pressed]
    found = []
    for mark_m, mark_s, other_s in zip(marks.tolist(), at_s.tolist(), np.transpose(drawn_s), strict=True):
        near = [pressed_s for pressed_s, here_m in by_hand if abs(here_m - mark_m) < _AT_LINE_M]
        spread_s = float(np.nanstd(other_s))
        if near and max(abs(near[0] - mark_s), spread_s) > _WAITED_S:
            # Who stops at the line presses there: whether a step before or behind it no fix can tell.
            found.append(Crossing(near[0] - finish.lag_s, _THUMB_SD_S, True))
            continue
        speed = max(float(np.interp(mark_s, path.times, np.gradient(along, path.times))), 1.0)
        more_s = 0.0 if len(near) else end_sd_m / speed
        found.append(Crossing(mark_s - finish.lag_s, float(np.hypot(spread_s, more_s)), bool(len(near))))
    return tuple(found)


def _reached(marks: FloatArray, along: FloatArray, times: FloatArray) -> FloatArray:
    """When each mark (m,) was first reached on each path (p, g): (p, m) seconds; NaN if it was not."""
    at: IntArray = np.array([path.searchsorted(marks) for path in along])
    inside = (at > 0) & (at < len(times))
    at = np.clip(at, 1, len(times) - 1)
    before, after = (np.take_along_axis(along, i, axis=1) for i in (at - 1, at))
    share = (marks - before) / np.maximum(after - before, 1e-9)
    reached: FloatArray = times[at - 1] + share * (times[at] - times[at - 1])
    return np.where(inside, reached, np.nan)
