from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miler.bars import shares

SPEEDS = st.lists(st.just(0.0) | st.floats(0.1, 12.0), max_size=12)


@given(SPEEDS)
def test_the_fastest_bar_is_the_longest_and_a_longer_one_is_never_slower(speeds: list[float]) -> None:
    lengths = shares(speeds)
    assert len(lengths) == len(speeds)
    assert all(0 <= length <= 1 for length in lengths)
    assert [length for _, length in sorted(zip(speeds, lengths, strict=True))] == sorted(lengths)
    if any(speeds):
        assert lengths[speeds.index(max(speeds))] == 1


@given(SPEEDS)
def test_who_ran_has_a_bar_and_who_did_not_has_none(speeds: list[float]) -> None:
    assert [length > 0 for length in shares(speeds)] == [speed > 0 for speed in speeds]


def test_an_even_run_has_even_bars_and_a_slower_split_is_seen() -> None:
    assert shares([4.0, 4.0]) == [1.0, 1.0]
    assert shares([4.0, 3.8]) == pytest.approx([1.0, 0.8])
