"""From rest to rest a mile, within the error: then it was meant for one.

Who runs a mile for time stops on it. Half of all estimates, however good, then fall short of the mile by a
metre or two, and its fastest window would have to take in a rest of minutes: no recording can tell. Runners
can: nobody stops three metres from the line. So a stretch from rest to rest (or from where the watch was
started, to where it was stopped) that a mile lies within the error of is stretched to the mile, and said so.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from miler.activity import Pause
from miler.arrays import FloatArray
from miler.units import MILE_M

_WITHIN_SD = 2.5
_LEAST_SD_M, _MOST_SD_M = 1.0, 4.0  # a 1600 is 9.344 m short of a mile, and is to stay one
_REST_MPS, _REST_S = 0.5, 3.0
_OVER_M = 0.01  # a hair beyond, so that rounding takes no rest in


def as_meant(
    times: FloatArray, paths: FloatArray, pauses: tuple[Pause, ...]
) -> tuple[FloatArray, tuple[tuple[float, float], ...]]:
    """Stretch what was meant for a mile to one.

    Args:
        times: (g,) seconds.
        paths: (g, p) metres, never falling; the first is the estimate, the others are as likely.
        pauses: of the timer.

    Returns:
        The paths, and from which moment to which each mile was meant.
    """
    ends = _ends(times, paths[:, 0], pauses)
    steps = np.diff(paths, axis=0)
    meant = []
    for first, last in pairwise(ends):
        metres = paths[last] - paths[first]
        sd_m = float(np.clip(metres[1:].std(), _LEAST_SD_M, _MOST_SD_M))
        if abs(float(metres[0]) - MILE_M) <= _WITHIN_SD * sd_m:
            steps[first:last] *= (MILE_M + _OVER_M) / metres
            meant.append((float(times[first]), float(times[last])))
    if not meant:
        return paths, ()
    return np.concatenate((paths[:1], paths[:1] + np.cumsum(steps, axis=0))), tuple(meant)


def _ends(times: FloatArray, along_m: FloatArray, pauses: tuple[Pause, ...]) -> list[int]:
    """Indices of moments at which a rest or a pause begins or ends, and of the first and the last."""
    slow = np.diff(along_m) < _REST_MPS * np.diff(times)
    middle = (times[1:] + times[:-1]) / 2
    for pause in pauses:
        slow |= (middle > pause.start_s) & (middle < pause.end_s)
    turns = np.flatnonzero(np.diff(slow)) + 1
    bounds = [0, *turns.tolist(), len(times) - 1]
    kept = {0, len(times) - 1}
    for first, last in pairwise(bounds):
        if slow[min(first, len(slow) - 1)] and times[last] - times[first] >= _REST_S:
            kept |= {first, last}
    return sorted(kept)
