"""Columns of decimal texts → columns of float64, without a Python object for each.

Eight digits are read at a time as one 64-bit integer, all rows at once. Every value is the
float64 nearest to its text, as Python's `float` gives it: a row where that cannot be proven,
or that is written in another way (`1e3`, ` 5`, `.5`), is said to be unsure and left to `float`.

Source: eight digits in three multiplications, D. Lemire, "Quickly parsing eight digits" (2022);
an integer below 2^53 divided by an exact power of ten is correctly rounded, W. D. Clinger, "How
to read floating point numbers accurately" (PLDI 1990); the exact remainder of a division by
splitting, T. J. Dekker, "A floating-point technique" (Numer. Math. 18, 1971).
"""

from __future__ import annotations

import numpy as np

from miler.arrays import BoolArray, FloatArray, IntArray
from miler.formats.octets import LAST_BYTES, Octets, WordArray

_BYTE, _EIGHT = np.uint64(0xFF), np.uint64(8)
_MINUS, _DOT = np.uint64(ord("-")), ord(".")
_EXACT = np.uint64(2**53)
_MOST_DIGITS = 19  # below 2^64
_NOWHERE = 2**32
_LONGEST_FRACTION = 60  # a double written in full has up to 52 or so
_POWERS: FloatArray = 10.0 ** np.arange(_MOST_DIGITS + 1, dtype=np.float64)
_INTEGER_POWERS = np.array([10**k for k in range(_MOST_DIGITS + 1)], np.uint64)
_SPLITTER = 2.0**27 + 1

_ZEROS = np.uint64(0x3030303030303030)
_NO_DIGIT = np.uint64(0x8080808080808080)
_PAST_NINE = np.uint64(0x7676767676767676)  # turns any byte above 9 into one above 0x7F
_UNUSED_BITS = np.array([64 - 8 * k if k else 0 for k in range(9)], np.uint64)
_STEPS = [
    (np.uint64(10), np.uint64(8), np.uint64(0x00FF00FF00FF00FF)),
    (np.uint64(100), np.uint64(16), np.uint64(0x0000FFFF0000FFFF)),
    (np.uint64(10_000), np.uint64(32), np.uint64(0x00000000FFFFFFFF)),
]


def decimals(octets: Octets, starts: IntArray, ends: IntArray) -> tuple[FloatArray, BoolArray]:
    """Read plain decimals: `51.5`, `-0.15`, `180`.

    Args:
        octets: the text.
        starts, ends: (n,) where each number begins and ends; not in its first eight bytes.

    Returns:
        (n,) values and (n,) whether each is surely what `float` would give; others are arbitrary.
    """
    head = octets.words[starts]
    negative = (head & _BYTE) == _MINUS
    if negative.any():
        head[negative] >>= _EIGHT
    size = ends - starts - negative
    dot = (head.view(np.uint8).reshape(-1, 8) == _DOT).argmax(axis=1)
    dot[dot == 0] = _NOWHERE
    before = np.minimum(dot, size)  # digits before the dot, and after it
    after = np.maximum(size - before - 1, 0)
    plain = (before > 0) & (before <= 8) & (after <= _LONGEST_FRACTION)
    if not plain.all():
        before, after = np.where(plain, before, 0), np.where(plain, after, 0)
    mantissa, digits = _eight_digits(head << _UNUSED_BITS[before], before)
    plain &= digits
    values = mantissa.astype(np.float64)
    rows = np.flatnonzero(after)
    values[rows], sure = _with_fraction(octets, mantissa[rows], before[rows], ends[rows], after[rows])
    plain[rows] &= sure
    np.negative(values, out=values, where=negative)
    return values, plain


def _with_fraction(
    octets: Octets, mantissa: WordArray, before: IntArray, ends: IntArray, after: IntArray
) -> tuple[FloatArray, BoolArray]:
    """Add the (n,) `after` digits before each end to an integer of `before` digits."""
    kept = np.minimum(after, _MOST_DIGITS - before)
    is_cut = after > kept
    fraction, plain = _many_digits(octets, ends - (after - kept), kept)
    if is_cut.any():
        plain &= _many_digits(octets, ends, after - kept)[1]
    mantissa *= _INTEGER_POWERS[kept]
    mantissa += fraction
    mantissa[~plain] = 0
    values, sure = _quotient(mantissa, kept, is_cut)
    return values, plain & sure


def _eight_digits(number: WordArray, count: IntArray) -> tuple[WordArray, BoolArray]:
    """Read the last `count` ≤ 8 bytes of (n,) words as numbers, in place, and say which are digits."""
    number ^= _ZEROS
    number &= LAST_BYTES[count]
    odd = number + _PAST_NINE
    odd |= number
    odd &= _NO_DIGIT
    for base, shift, mask in _STEPS:
        right = number >> shift
        number *= base
        number += right
        number &= mask
    return number, odd == 0


def _many_digits(octets: Octets, ends: IntArray, count: IntArray) -> tuple[WordArray, BoolArray]:
    """Read the (n,) `count` bytes before each end, from the last eight on; beyond 19 only check them."""
    number, digits = _eight_digits(octets.words[ends - 8], np.minimum(count, 8))
    for done in range(8, int(count.max(initial=0)), 8):
        rows = np.flatnonzero(count > done)
        words = octets.words[ends[rows] - (done + 8)]
        higher, good = _eight_digits(words, np.minimum(count[rows] - done, 8))
        digits[rows] &= good
        if done < _MOST_DIGITS:
            number[rows] += higher * _INTEGER_POWERS[done]
    return number, digits


def _quotient(mantissa: WordArray, places: IntArray, is_cut: BoolArray) -> tuple[FloatArray, BoolArray]:
    """Divide by 10^places, to the nearest float64.

    Args:
        mantissa: (n,) integers.
        places: (n,) up to 19.
        is_cut: (n,) whether digits follow that the mantissa does not have.

    Returns:
        (n,) quotients, and (n,) whether each is surely the nearest.
    """
    power = _POWERS[places]
    quotient = mantissa.astype(np.float64)
    quotient /= power
    hard = mantissa > _EXACT
    hard |= is_cut
    sure = ~hard
    rows = np.flatnonzero(hard)
    if len(rows):
        quotient[rows], sure[rows] = _careful_quotient(mantissa[rows], power[rows], is_cut[rows])
    return quotient, sure


def _careful_quotient(
    mantissa: WordArray, power: FloatArray, is_cut: BoolArray
) -> tuple[FloatArray, BoolArray]:
    """Divide with twice the digits; sure is where both ends of what is left round to the same."""
    high = mantissa.astype(np.float64)
    low = (mantissa - high.astype(np.uint64)).view(np.int64).astype(np.float64)
    quotient = high / power
    correction = (_remainder(high, quotient, power) + low) / power
    error = np.abs(correction) * 2.0**-50
    last_place = np.where(is_cut, (1 + 2.0**-40) / power, 0.0)
    at_least = quotient + (correction - error)
    at_most = quotient + (correction + error + last_place)
    return at_least, at_least == at_most


def _remainder(dividend: FloatArray, quotient: FloatArray, divisor: FloatArray) -> FloatArray:
    """Return dividend - quotient × divisor, exactly."""
    product = quotient * divisor
    q_high, q_low = _halves(quotient)
    d_high, d_low = _halves(divisor)
    lost = ((q_high * d_high - product) + q_high * d_low + q_low * d_high) + q_low * d_low
    return (dividend - product) - lost


def _halves(value: FloatArray) -> tuple[FloatArray, FloatArray]:
    shifted = value * _SPLITTER
    high = shifted - (shifted - value)
    return high, value - high
