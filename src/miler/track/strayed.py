"""Laps run in another lane than the rest: a recovery on the inside, repetitions further out.

A lane is 1.22 m wide, and receivers err by more. But the mean over a whole lap does not know of a receiver
that drifts one way, so that some lanes' difference shows in it; and who runs further in runs less, which the
watch counts too. Where both agree, a lap is taken for the lane that it was run in.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from miler.arrays import FloatArray, added_up
from miler.odometer import Odometer
from miler.oval import LANE_WIDTH_M
from miler.track.line import Line
from miler.track.path import Path, Problem
from miler.track.shape import Lane

_STEP_M = 5.0
_LEAST_LANES, _MOST_LANES = 3.0, 9
_LEAST_SD = 1.8  # of a fix: the mean of a lap spreads by two fifths of one, in the simulated rows
_AGREES = 0.5  # at least so much of the difference in length is in the watch's distance too


class Strayed(NamedTuple):
    """From when to when a lap was run in another lane, and how many times as long a lap is there."""

    from_s: float
    to_s: float
    lane: int
    longer: float


def strayed(problem: Problem, path: Path, lane: Lane, odometer: Odometer) -> tuple[Strayed, ...]:
    """Find whole laps in another lane than most; none where the runner said the lane.

    Args:
        problem, path: of a run along the track.
        lane: of most of it.
        odometer: what the watch counted.

    Returns:
        Laps that do not overlap, in order of time.
    """
    lap_m = problem.line.length_m
    rising = np.maximum.accumulate(path.along_m)
    at_m = np.arange(rising[0], rising[-1], _STEP_M)
    count = round(lap_m / _STEP_M)
    if lane.given or len(at_m) < 2 * count:
        return ()
    _, outwards = problem.line.project(*path.pose.inside(problem.x, problem.y))
    at_s = np.interp(at_m, rising, path.times)
    off_m = _over_laps(np.interp(at_s, problem.times, outwards), count)
    off_m -= np.median(off_m)
    counted_m = odometer.distance_at(at_s)
    told_m = counted_m[count:] - counted_m[:-count]
    usual_m = float(np.median(told_m))
    least_m = max(_LEAST_LANES * LANE_WIDTH_M, _LEAST_SD * problem.noise.sd_m)
    found: list[Strayed] = []
    for first in np.argsort(-np.abs(off_m), kind="stable").tolist():
        other = lane.lane + round(float(off_m[first]) / LANE_WIDTH_M)
        from_s, to_s = float(at_s[first]), float(at_s[first + count])
        if abs(off_m[first]) < least_m:
            break
        if not 1 <= other <= _MOST_LANES or any(from_s < lap.to_s and lap.from_s < to_s for lap in found):
            continue
        longer = Line.of(lane.oval, other).length_m / lap_m
        if (told_m[first] - usual_m) / (longer - 1) > _AGREES * usual_m:
            found.append(Strayed(from_s, to_s, other, longer))
    return tuple(sorted(found))


def in_lanes(times: FloatArray, paths: FloatArray, laps: tuple[Strayed, ...]) -> FloatArray:
    """Paths (g, p) along the lane of most laps, each lap in another lane as long as it is there."""
    steps = np.diff(paths, axis=0)
    for lap in laps:
        steps[(times[1:] > lap.from_s) & (times[:-1] < lap.to_s)] *= lap.longer
    return np.concatenate((paths[:1], paths[:1] + np.cumsum(steps, axis=0))) if laps else paths


def _over_laps(values: FloatArray, count: int) -> FloatArray:
    """Means over every so many values on end."""
    sums = added_up(values)
    means: FloatArray = (sums[count:-1] - sums[: -count - 1]) / count
    return means
