"""A walk over a sound FIT file, as plain as can be: the twin that miler's own scan is held against."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Found(NamedTuple):
    """One message: its place in the file, its global number, and whether it is a definition."""

    start: int
    end: int
    message: int
    defines: bool


def walk(data: bytes) -> Iterator[Found]:
    """Yield every message of every part of a sound file, in order."""
    at = 0
    while at < len(data):
        end = at + data[at] + int.from_bytes(data[at + 4 : at + 8], "little")
        at += data[at]
        sizes: dict[int, int] = {}
        numbers: dict[int, int] = {}
        while at < end:
            header = data[at]
            if header < 0x80 and header & 0x40:
                local = header & 15
                numbers[local] = int.from_bytes(
                    data[at + 3 : at + 5], "big" if data[at + 2] == 1 else "little"
                )
                stop = at + 6 + 3 * data[at + 5]
                sizes[local] = sum(data[at + 7 : stop : 3])
                if header & 0x20:
                    more = stop + 1 + 3 * data[stop]
                    sizes[local] += sum(data[stop + 2 : more : 3])
                    stop = more
            else:
                local = header >> 5 & 3 if header & 0x80 else header & 15
                stop = at + 1 + sizes[local]
            yield Found(at, stop, numbers[local], header < 0x80 and bool(header & 0x40))
            at = stop
        at = end + 2
