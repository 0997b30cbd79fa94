"""From rest to rest a mile, within the error: then it was meant for one.

Who runs a mile for time stops on it. Half of all estimates, however good, then fall short of the mile by a
metre or two, and its fastest window would have to take in a rest of minutes: no recording can tell. Runners
can: nobody stops three metres from the line. So a stretch from rest to rest (or from where the watch was
started, to where it was stopped) is stretched to the mile unless it surely was none, and said so. Four whole
laps, 1600 m, are only 9 m less: how likely it was that is kept beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from miler.activity import Pause
from miler.arrays import BoolArray, FloatArray, quantile, runs
from miler.track.changepoint import Change, changed, pressed
from miler.track.path import Path, Problem
from miler.units import LEAD_IN_M, MILE_M

FOUR_LAPS_M = MILE_M - LEAD_IN_M
DOUBTED = 0.025  # likely that a mile was 1600 m: from here on the 95 % interval holds both
_WITHIN_SD, _LEAST_SD_M = 3.0, 1.0
_SLOW, _FAST, _REST_S = 0.4, 0.9, 3.0  # resting is slower than this share of what nine tenths do not exceed
_SPEED_S, _REST_SPEED_S, _SETTLED_S = 20.0, 4.0, 2.0
_OVER_M = 0.01  # a hair beyond, so that rounding takes no rest in


class Meant(NamedTuple):
    """A mile from rest to rest.

    Attributes:
        from_s, to_s: when it was.
        measured_m: its length, before it was known for a mile.
        sd_m: of that.
        longer_s: (d,) by how much longer it took if its ends were at other moments, as likely.
    """

    from_s: float
    to_s: float
    measured_m: float
    sd_m: float
    longer_s: FloatArray

    @property
    def four_laps(self) -> float:
        """How likely it was 1600 m, if it was that or a mile, and either is as common."""
        odds = (self.measured_m - (MILE_M + FOUR_LAPS_M) / 2) * LEAD_IN_M / self.sd_m**2
        return 1 / (1 + math.exp(min(odds, 700.0)))


class _Edge(NamedTuple):
    """Where a rest meets a run, indices of moments.

    Attributes:
        far: where the rest meets the run on its other side.
        turn: where it meets this one, to a moment.
        place: that surely is at the place of the rest, next to `turn`.
    """

    far: int
    turn: int
    place: int


def as_meant(
    times: FloatArray,
    paths: FloatArray,
    pauses: tuple[Pause, ...],
    problem: Problem,
    path: Path,
    laps_s: FloatArray,
) -> tuple[FloatArray, FloatArray, tuple[Meant, ...]]:
    """Stretch what was meant for a mile to one.

    Args:
        times: (g,) seconds.
        paths: (g, p) metres, never falling; the first is the estimate, the others are as likely.
        pauses: of the timer.
        problem, path: what they were made from.
        laps_s: (l,) when the lap button was pressed.

    Returns:
        The times and the paths, and the miles that were meant. Where a mile begins and ends there is one
        moment in place of those around it.
    """
    meant: list[Meant] = []
    next_place, next_s = len(times), math.inf  # where and when the mile after begins
    for start, end in reversed(list(_stretches(times, paths[:, 0], pauses))):
        if end.place > next_place:  # a rest of a single step has no moment for both
            continue
        metres = paths[end.place] - paths[start.place]
        sd_m = max(float(metres[1:].std()), _LEAST_SD_M)
        if abs(float(metres[0]) - MILE_M) > _WITHIN_SD * sd_m:
            continue
        middle_s = float(times[start.turn] + times[end.turn]) / 2
        began, ended = (
            _changed(times, paths[:, 0], edge, (middle_s, next_s), problem, path, laps_s)
            for edge in (start, end)
        )
        rng = np.random.default_rng(3)
        took = ended.draws(len(metres) - 1, rng) - began.draws(len(metres) - 1, rng)
        longer_s = took - (ended.at_s - began.at_s)
        meant.append(Meant(began.at_s, ended.at_s, float(metres[0]), sd_m, longer_s))
        times, paths = _stretched(times, paths, (start.place, end.place), (began.at_s, ended.at_s))
        next_place, next_s = start.place, began.at_s
    return times, paths, tuple(reversed(meant))


def _stretches(
    times: FloatArray, along_m: FloatArray, pauses: tuple[Pause, ...]
) -> Iterator[tuple[_Edge, _Edge]]:
    """Where each stretch between two rests or pauses, or one and an end of the path, begins and ends."""
    speed = np.diff(along_m) / np.diff(times)
    slow: BoolArray = speed < _SLOW * quantile(speed, _FAST)
    middle = (times[1:] + times[:-1]) / 2
    for pause in pauses:
        slow |= (middle > pause.start_s) & (middle < pause.end_s)
    end = len(times) - 1
    stopped = {t for pause in pauses for t in (pause.start_s, pause.end_s)}
    rests = [(a, b) for a, b in runs(slow) if times[b] - times[a] >= _REST_S]

    def edge(far: int, turn: int) -> _Edge:
        known = far == turn or float(times[turn]) in stopped
        return _Edge(far, turn, turn if known else turn + (1 if far > turn else -1))

    for before, after in pairwise([(0, 0), *rests, (end, end)]):
        if before[1] < after[0]:
            yield edge(*before), edge(*reversed(after))


def _changed(
    times: FloatArray,
    along_m: FloatArray,
    edge: _Edge,
    ran_s: tuple[float, float],
    problem: Problem,
    path: Path,
    laps_s: FloatArray,
) -> Change:
    """When a rest ended or began: told by the timer, where it was started or stopped there.

    `ran_s` are a moment of the run, and when the mile after it began.
    """
    far_s, turn_s, place_s = times[list(edge)].tolist()
    if turn_s == place_s:
        return pressed(turn_s)
    middle_s, far_s = ran_s[0], min(far_s, ran_s[1])
    way = 1 if middle_s > turn_s else -1

    def mps(from_s: float, to_s: float) -> float:
        metres = np.interp([from_s, to_s], times, along_m)
        return float(metres[1] - metres[0]) / (to_s - from_s)

    rested_s, off_s = min(abs(place_s - far_s), _REST_SPEED_S), turn_s + way * _SETTLED_S
    resting = mps(place_s - way * rested_s, place_s) if rested_s else 0.0
    speeds = (resting, mps(off_s, off_s + way * _SPEED_S))[::way]
    return changed(problem, path, turn_s, place_s, speeds, (far_s, middle_s)[::way], laps_s)


def _stretched(
    times: FloatArray, paths: FloatArray, places: tuple[int, int], bounds_s: tuple[float, float]
) -> tuple[FloatArray, FloatArray]:
    """The times and the paths, a stretch of which is a mile between two moments."""
    (start, end), (rested_s, rests_s), (from_s, to_s) = paths[list(places)], times[list(places)], bounds_s
    mile = start + MILE_M + _OVER_M
    before, after = times < min(from_s, rested_s), (times > to_s) & (times >= rests_s)
    inside = (times > max(from_s, rested_s) + _SETTLED_S) & (times < min(to_s, rests_s) - _SETTLED_S)
    ran = start + (paths[inside] - start) * (mile - start) / (end - start)
    return (
        np.concatenate((times[before], [from_s], times[inside], [to_s], times[after])),
        np.concatenate((paths[before], [start], ran, [mile], paths[after] + (mile - end))),
    )
