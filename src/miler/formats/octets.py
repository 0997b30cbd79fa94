"""Bytes read at many places at once, as literals and as words of eight bytes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from miler.arrays import BoolArray, IntArray

WordArray = NDArray[np.uint64]

# The longest literal of real files, with the blanks between two tags, has 120 bytes.
LONGEST_LITERAL = 512

# The last k of the eight bytes of a little-endian word, for k from 0 to 8.
LAST_BYTES = np.array([(2**64 - 1) >> (64 - 8 * k) << (64 - 8 * k) for k in range(9)], np.uint64)


class Octets:
    """A part of a text that is read at many places at once.

    Args:
        text: the whole.
        begin, end: the part, counted from 0 from here on.

    Attributes:
        size: bytes of the part.
        text: the part, and what comes after it.
        bytes: the same as integers.
        words: the eight bytes from each place on, as a little-endian integer.
    """

    def __init__(self, text: bytes, begin: int, end: int) -> None:
        self.size = end - begin
        self.text = text[begin : end + LONGEST_LITERAL].ljust(self.size + LONGEST_LITERAL, b"\0")
        self.bytes: NDArray[np.uint8] = np.frombuffer(self.text, np.uint8)
        self.words: WordArray = np.ndarray((len(self.text) - 7,), "<u8", self.text, strides=(1,))

    def has(self, literal: bytes, at: IntArray) -> BoolArray:
        """Say at which of (m,) places a literal stands; nowhere if it is longer than `LONGEST_LITERAL`."""
        reach = len(literal)
        if not 0 < reach <= LONGEST_LITERAL:
            return np.full(len(at), not reach)
        found = np.ndarray((len(self.text) + 1 - reach,), f"S{reach}", self.text, strides=(1,))[at]
        if found.tobytes() == literal * len(at):  # as a rule, and much faster
            return np.ones(len(at), bool)
        same: BoolArray = found == literal
        return same
