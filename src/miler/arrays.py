"""The one array type of the house, and what is asked of arrays everywhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


def frozen(values: FloatArray) -> FloatArray:
    """Return the array, made read-only."""
    values.flags.writeable = False
    return values
