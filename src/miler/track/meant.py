"""From rest to rest a mile, within the error: then it was meant for one.

Who runs a mile for time stops on it. Half of all estimates, however good, then fall short of the mile by a
metre or two, and its fastest window would have to take in a rest of minutes: no recording can tell. Runners
can: nobody stops three metres from the line. So a stretch from rest to rest (or from where the watch was
started, to where it was stopped) that a mile lies within the error of is stretched to the mile, and said so.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from miler.activity import Pause
from miler.arrays import FloatArray
from miler.units import LEAD_IN_M, MILE_M

_WITHIN_SD, _LEAST_SD_M = 3.0, 1.0
_WITHIN_M = LEAD_IN_M / 2  # what is nearer to 1600 m is to stay that
_REST_MPS, _REST_S = 0.5, 3.0
_OVER_M = 0.01  # a hair beyond, so that rounding takes no rest in


class Meant(NamedTuple):
    """From when to when a mile was meant, and how sure its distance was, metres, before that was known.

    Where it is not `taken` for one, 1600 m lie nearer; it may have been a mile all the same.
    """

    from_s: float
    to_s: float
    sd_m: float
    taken: bool


def as_meant(
    times: FloatArray, paths: FloatArray, pauses: tuple[Pause, ...]
) -> tuple[FloatArray, tuple[Meant, ...]]:
    """Stretch what was meant for a mile to one.

    Args:
        times: (g,) seconds.
        paths: (g, p) metres, never falling; the first is the estimate, the others are as likely.
        pauses: of the timer.

    Returns:
        The paths, and the miles that were meant, or may have been.
    """
    ends = _ends(times, paths[:, 0], pauses)
    steps = np.diff(paths, axis=0)
    meant = []
    for first, last in pairwise(ends):
        metres = paths[last] - paths[first]
        sd_m = max(float(metres[1:].std()), _LEAST_SD_M)
        off_m = abs(float(metres[0]) - MILE_M)
        if off_m <= _WITHIN_SD * sd_m:
            meant.append(Meant(float(times[first]), float(times[last]), sd_m, off_m <= _WITHIN_M))
            if meant[-1].taken:
                steps[first:last] *= (MILE_M + _OVER_M) / metres
    if not any(mile.taken for mile in meant):
        return paths, tuple(meant)
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
