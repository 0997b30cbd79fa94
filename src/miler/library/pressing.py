"""What is kept in few bytes: zlib streams, which any program expands."""

from __future__ import annotations


def pressed(data: bytes) -> bytes:
    """Pack bytes with zlib: about as small as its own level 2, in a quarter of its time."""
    from isal import isal_zlib  # who only reads need not load it

    return isal_zlib.compress(data, 1)
