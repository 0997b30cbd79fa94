"""The slow obvious twin of the fastest mile: every start and every end, one at a time.

It shares no code with miler's odometer, so that the two can be held against each other.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise


def fastest_recorded_s(
    time_s: Sequence[float],
    distance_m: Sequence[float],
    length_m: float,
    barriers_s: Sequence[float] = (),
) -> float:
    """Return the shortest time in which the recorded distance grew by a length.

    Distance is taken as linear in time between records. A stretch may start or end between records; then its
    other end lies on one, for between them both ends move at constant speeds.

    Args:
        time_s: (n,) seconds, increasing.
        distance_m: (n,) metres, never falling, no NaN.
        length_m: how far.
        barriers_s: moments that no stretch may span.

    Returns:
        Seconds; infinite if the distance never grows by so much.
    """
    bounds = [0, *(bisect_right(time_s, barrier) for barrier in barriers_s), len(time_s)]
    return min(
        _fastest_within(list(time_s[a:b]), list(distance_m[a:b]), length_m) for a, b in pairwise(bounds)
    )


def _fastest_within(time_s: list[float], distance_m: list[float], length_m: float) -> float:
    best_s = math.inf
    for at_s, at_m in zip(time_s, distance_m, strict=True):
        if at_m + length_m <= distance_m[-1]:
            best_s = min(best_s, _first_at(time_s, distance_m, at_m + length_m) - at_s)
        if at_m - length_m >= distance_m[0]:
            best_s = min(best_s, at_s - _last_at(time_s, distance_m, at_m - length_m))
    return best_s


def _first_at(time_s: list[float], distance_m: list[float], mark_m: float) -> float:
    after = bisect_left(distance_m, mark_m)
    return _between(time_s, distance_m, after, mark_m) if distance_m[after] > mark_m else time_s[after]


def _last_at(time_s: list[float], distance_m: list[float], mark_m: float) -> float:
    after = bisect_right(distance_m, mark_m)
    if distance_m[after - 1] == mark_m:
        return time_s[after - 1]
    return _between(time_s, distance_m, after, mark_m)


def _between(time_s: list[float], distance_m: list[float], after: int, mark_m: float) -> float:
    share = (mark_m - distance_m[after - 1]) / (distance_m[after] - distance_m[after - 1])
    return time_s[after - 1] + share * (time_s[after] - time_s[after - 1])
