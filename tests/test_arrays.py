"""What is asked of arrays everywhere."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from miler.arrays import added_up, distinct, frozen, increments, median, quantile, runs, writable

_SOME = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40).map(np.array)


@given(_SOME, st.floats(0, 1))
def test_a_quantile_is_numpys_to_the_last_digit(values: np.ndarray, share: float) -> None:
    assert quantile(values, share) == np.quantile(values, share)


@given(_SOME)
def test_a_median_is_numpys_to_the_last_digit(values: np.ndarray) -> None:
    assert median(values) == np.median(values)


@given(st.lists(st.integers(-5, 5)))
def test_different_values_are_told_once_and_in_order(values: list[int]) -> None:
    assert distinct(np.array(values)).tolist() == sorted(set(values))


@given(_SOME)
def test_increments_and_sums_are_numpys_to_the_last_digit(values: np.ndarray) -> None:
    assert increments(values).tolist() == np.diff(values).tolist()
    assert added_up(values).tolist() == [0.0, *np.cumsum(values).tolist()]
    assert added_up(values[:0]).tolist() == [0.0]


@given(st.lists(st.booleans()))
def test_runs_hold_all_that_is_true_and_nothing_else_and_do_not_touch(values: list[bool]) -> None:
    found = runs(np.array(values, dtype=bool))
    inside = [i for first, end in found for i in range(first, end)]
    assert inside == [i for i, value in enumerate(values) if value]
    assert all(end < first for (_, end), (first, _) in pairwise(found))


def test_what_is_looked_up_in_often_is_a_copy_that_can_be_written() -> None:
    kept = frozen(np.arange(3.0))
    copied = writable(kept)
    copied[0] = 9.0
    assert kept[0] == 0.0
