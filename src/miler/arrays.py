"""The one array type of the house, and what is asked of arrays everywhere."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
Scalar = TypeVar("Scalar", bound=np.generic)

_ALIKE = 0.1  # a share of values


def frozen(values: FloatArray) -> FloatArray:
    """Return the array, made read-only."""
    values.flags.writeable = False
    return values


def writable(values: FloatArray) -> FloatArray:
    """Return a copy, to look things up in: `np.interp` copies what is read-only, and does so each time."""
    return values.copy()


def every(mask: BoolArray) -> bool:
    """Whether all of (n,) are true; as `mask.all()`, which takes three times as long for an hour of them."""
    return bool(np.count_nonzero(mask) == mask.size)


def rises(values: FloatArray) -> bool:
    """Whether each of (n,) values is more than the one before; not with a NaN, unless it is alone."""
    return every(values[1:] > values[:-1])


def distinct(values: NDArray[Scalar]) -> NDArray[Scalar]:
    """Return the different ones of (n,) values, in order; as `np.unique`, which loads numpy.ma for it."""
    ordered = np.sort(values, kind="stable")  # which merges what is in order already, as most of it is
    different: NDArray[Scalar] = ordered[np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]]
    return different


def runs(mask: BoolArray) -> list[tuple[int, int]]:
    """Return of each run of true among (n,) its first index and the one after its last."""
    edges = np.flatnonzero(np.diff(mask, prepend=False, append=False)).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def increments(values: FloatArray) -> FloatArray:
    """Return by how much each of (n,) values is more than the one before; `np.diff` takes twice as long."""
    return values[1:] - values[:-1]


def added_up(steps: NDArray[Scalar]) -> NDArray[Scalar]:
    """Return the sum of the steps by each end of (n,) of them, (n + 1,) from 0 on."""
    sums = np.empty(len(steps) + 1, steps.dtype)
    sums[0] = 0.0
    np.add.accumulate(steps, out=sums[1:])
    return sums


def median(values: NDArray[np.floating]) -> float:
    """Return the median of (n,) finite values, n > 0; as `np.median`, which takes three times as long."""
    low, high = values.min(), values.max()
    if low == high:  # the steps of a watch that records every second: partition takes longest with these
        return float(low)
    half = len(values) // 2
    if len(values) % 2:
        return float(_ordered(values, half)[half])
    low, high = _ordered(values, half - 1, half)[half - 1 : half + 1].tolist()
    return float((low + high) / 2)


def quantile(values: FloatArray, share: float) -> float:
    """Return what a share of (n,) finite values, n > 0, lies below; `np.quantile` takes ten times as long."""
    at = share * (len(values) - 1)
    below = int(at)
    above, part = min(below + 1, len(values) - 1), at - below
    low, high = _ordered(values, below, above)[[below, above]].tolist()
    # The nearer of the two is where numpy begins, too: so the last digit is the same.
    return float(high - (high - low) * (1 - part) if part >= 0.5 else low + (high - low) * part)


def _ordered(values: NDArray[np.floating], *places: int) -> NDArray[np.floating]:
    """Return (n,) values of which those at the places lie where sorting puts them."""
    alike = np.count_nonzero(values == values[places[0]])
    # The steps of a watch are few whole seconds: with these partition takes up to fifty times as long.
    return np.sort(values) if alike > _ALIKE * len(values) else np.partition(values, places)
