"""What a runner relies on when columns of numbers are read at once: each is what Python's float says."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miler.formats.decimals import decimals
from miler.formats.octets import Octets

DIGITS = st.text("0123456789", min_size=1, max_size=34)


def read(texts: list[str]) -> tuple[list[float], list[bool]]:
    """Read the texts as they stand in a file: one after the other, with a tag between."""
    before = "<trkpt><"
    text, starts = before, []
    for each in texts:
        starts.append(len(text))
        text += each + "<"
    places = np.array(starts, np.int64)
    ends = places + np.array([len(each) for each in texts], np.int64)
    values, sure = decimals(Octets(text.encode(), 0, len(text)), places, ends)
    return values.tolist(), sure.tolist()


def assert_as_float(texts: list[str]) -> None:
    for text, value, sure in zip(texts, *read(texts), strict=True):
        if sure:
            assert repr(value) == repr(float(text)), text


@given(st.lists(st.floats(-200, 200).map(repr), min_size=1))
def test_a_coordinate_is_read_to_the_last_bit(texts: list[str]) -> None:
    assert_as_float(texts)


@given(st.lists(st.tuples(st.sampled_from(["", "-"]), DIGITS, DIGITS).map(lambda t: f"{t[0]}{t[1]}.{t[2]}")))
def test_decimals_of_any_length_are_read_to_the_last_bit(texts: list[str]) -> None:
    assert_as_float(texts)


@given(st.floats(0.001, 1000), st.integers(14, 40))
def test_a_decimal_halfway_between_two_floats_is_never_rounded_the_wrong_way(
    value: float, length: int
) -> None:
    halfway = (Decimal(value) + Decimal(float(np.nextafter(value, 2000)))) / 2
    assert_as_float([f"{halfway:.{length}f}", f"{Decimal(value):f}"[:length]])


@given(st.lists(st.tuples(st.integers(0, 10**7 - 1), st.integers(0, 10**8 - 1)), min_size=1))
def test_what_watches_write_is_read_without_help(numbers: list[tuple[int, int]]) -> None:
    texts = [f"{whole}.{fraction}"[:16] for whole, fraction in numbers]
    values, sure = read(texts)
    assert all(sure)
    assert values == [float(text) for text in texts]


def test_garmins_doubles_written_in_full_are_read_without_help() -> None:
    rng = np.random.default_rng(1954)
    degrees = rng.uniform(1, 180, 2000).tolist()
    values, sure = read([f"{Decimal(each):f}" for each in degrees])
    assert np.mean(sure) > 0.95
    assert [v for v, s in zip(values, sure, strict=True) if s] == [
        d for d, s in zip(degrees, sure, strict=True) if s
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        ".",
        "-.",
        ".5",
        " 5",
        "5 ",
        "+5",
        "1e3",
        "1_0",
        "0x1",
        "nan",
        "inf",
        "1.2.3",
        "--1",
        "1-2",
        "1,5",
    ],
)
def test_what_is_no_plain_decimal_is_left_to_others(text: str) -> None:
    (_, *_), (sure, beside) = read([text, "7"])
    assert not sure
    assert beside


def test_minus_nothing_is_minus_zero() -> None:
    values, sure = read(["-0", "-0.0", "0"])
    assert (list(map(repr, values)), sure) == (["-0.0", "-0.0", "0.0"], [True] * 3)
