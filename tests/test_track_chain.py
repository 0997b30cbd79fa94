"""Long chains of unknowns are solved, and drawn from, as the whole matrix would be."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from miler.arrays import FloatArray
from miler.track.chain import Chain


def chained(count: int, width: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """A positive definite matrix (n, n) with w diagonals above its own, and its band (w + 1, n)."""
    matrix = np.eye(count)
    for first in range(count - width):
        row = rng.standard_normal(width + 1)
        matrix[first : first + width + 1, first : first + width + 1] += np.outer(row, row)
    band = np.zeros((width + 1, count))
    for further in range(min(width + 1, count)):
        band[further, : count - further] = np.diagonal(matrix, further)
    return matrix, band


@given(count=st.integers(1, 400), width=st.integers(1, 4), seed=st.integers(0, 1000))
@settings(max_examples=60)
def test_a_chain_is_solved_as_the_whole_matrix_is(count: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix, band = chained(count, width, rng)
    sides = rng.standard_normal((3, count))
    assert np.allclose(Chain.of(band, sides).solution, np.linalg.solve(matrix, sides.T).T, atol=1e-9)


def test_draws_spread_as_the_inverse_of_the_matrix_says() -> None:
    rng = np.random.default_rng(4)
    matrix, band = chained(90, 2, rng)
    drawn = Chain.of(band, np.zeros((1, 90))).draws(20_000, rng)
    # Each entry of the sample's covariance errs by less than 1/140 of the variances, or so.
    assert np.allclose(np.cov(drawn), np.linalg.inv(matrix), atol=0.05)
    assert np.allclose(drawn.mean(1), 0.0, atol=0.05)
