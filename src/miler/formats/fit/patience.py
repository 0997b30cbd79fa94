"""How much work a damaged file may cost, so that none made for it keeps a reader busy."""

from __future__ import annotations

# One unit is about a microsecond. Real damage costs a few thousand units a place; the messages of a file
# that are not measured in stretches cost one each, and are seldom smaller than what pays for one.
_AT_ONCE = 300_000
_BYTES_A_UNIT = 16
_RESERVED = 1 / 3


class OutOfPatience(Exception):
    """The file has cost enough: what was found counts."""


class Patience:
    """What is left of the work that a file may cost, in proportion to its size."""

    def __init__(self, size: int) -> None:
        self._left = _AT_ONCE + size // _BYTES_A_UNIT
        self._reserve = int(self._left * _RESERVED)

    @property
    def is_short(self) -> bool:
        """Whether what is left should be kept for finding the way, and not be spent on repairs."""
        return self._left < self._reserve

    def spend(self, work: int = 1) -> None:
        """Spend some.

        Raises:
            OutOfPatience: when nothing is left.
        """
        self._left -= work
        if self._left < 0:
            raise OutOfPatience
