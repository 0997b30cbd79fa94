"""By how much the fastest of many stretches flatters: it is fast partly because it erred that way."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from miler.arrays import FloatArray, IntArray
from miler.windows import Windows

APART_M = 100.0  # windows that begin farther apart than this err apart
RIVAL_SDS = 4.0  # a window slower by more of its own errors was not nearly the fastest
_GRID = np.linspace(-4.0, 5.0, 46)  # of the normal distribution
_GRID_STEPS = np.diff(_GRID)


def optimisms(asked: Sequence[tuple[Windows | None, float, float]]) -> list[float]:
    """Return by how many seconds the fastest of the windows of each length is expected to flatter.

    Each window's time errs by its own ends and wander. The fastest is fast partly because it erred
    that way: with the windows' true lags m behind the best and independent errors e, by the mean of
    max(e - m). Windows that begin within 100 m of each other err alike and count once; the lags are
    taken as measured, so that a mile run hard once has none and an even run some of it.

    Args:
        asked: of each length its windows, those at least that take `RIVAL_SDS` of their errors longer than
            the fastest; the fastest one's time; and the standard deviation of a window's own error, seconds.
    """
    seconds = [0.0] * len(asked)
    erring = [i for i, (found, _, sd_s) in enumerate(asked) if found is not None and sd_s > 0]
    if not erring:
        return seconds
    # All lengths at once: on so few numbers numpy's calls take longer than the sums.
    lags, counts = _lags([asked[i] for i in erring])
    some = np.flatnonzero(counts)
    firsts = (counts.cumsum() - counts)[some]
    below = np.multiply.reduceat(_normal(_GRID[:, None] + lags), firsts, axis=1)
    # Each length by itself along the last axis: so it has the same sum alone and among others.
    below = below.T.copy()
    means = _GRID[-1] - ((below[:, 1:] + below[:, :-1]) / 2 * _GRID_STEPS).sum(axis=1)
    for k, mean in zip(some.tolist(), means.tolist(), strict=True):
        seconds[erring[k]] = max(mean, 0.0) * asked[erring[k]][2]
    return seconds


def _lags(asked: Sequence[tuple[Windows | None, float, float]]) -> tuple[FloatArray, IntArray]:
    """How far behind the best the fastest of each 100 m was, in its own errors: of one length after another.

    And of each length, how many of them.
    """
    kinds = [found.kinds for found, _, _ in asked if found]
    counts = np.array([len(begun.took_s) + len(ended.took_s) for begun, ended in kinds])
    start_m, took_s = (np.concatenate([kind[k] for both in kinds for kind in both]) for k in (0, 4))
    place = np.floor(start_m / APART_M).astype(np.int64)
    firsts = counts.cumsum() - counts
    least = np.minimum.reduceat(place, firsts)
    places = np.maximum.reduceat(place, firsts) - least + 1
    begins = places.cumsum() - places
    fastest_s = np.full(int(places.sum()), np.inf)
    np.minimum.at(fastest_s, place + (begins - least).repeat(counts), took_s)
    best_s, sd_s = (np.array([each[k] for each in asked]).repeat(places) for k in (1, 2))
    behind_s = fastest_s - best_s
    near = behind_s < RIVAL_SDS * sd_s
    return behind_s[near] / sd_s[near], np.add.reduceat(near.astype(np.int64), begins)


def _normal(x: FloatArray) -> FloatArray:
    """The normal distribution, to 2e-4 (the usual tanh form; Page 1977, Applied Statistics 26:75)."""
    values: FloatArray = 0.5 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * (x * x * x))))
    return values
