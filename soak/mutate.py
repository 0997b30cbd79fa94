"""Files changed at random, seeded: the fuzzing where there is no atheris, which sees what code is reached."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

_HOSTILE = [bytes([b]) * n for b in (0, 0x7F, 0x80, 0xFF) for n in (1, 2, 4)]
_HOSTILE += [
    b"<",
    b">",
    b"&",
    b'"',
    b"</",
    b"<!DOCTYPE",
    b"<![CDATA[",
    b"NaN",
    b"1e999",
    b"-",
    b".FIT",
    b"PK\x01\x02",
]


def _flip(data: bytearray, rng: random.Random) -> None:
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _set(data: bytearray, rng: random.Random) -> None:
    data[rng.randrange(len(data))] = rng.randrange(256)


def _put(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    word = rng.choice(_HOSTILE)
    data[at : at + rng.choice((0, len(word)))] = word


def _drop(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    del data[at : at + rng.randrange(1, 64)]


def _cut(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(1, len(data) + 1) :]


def _repeat(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    data[at:at] = data[at : at + rng.randrange(1, 256)] * rng.randrange(1, 9)


_CHANGES: tuple[Callable[[bytearray, random.Random], None], ...] = (_flip, _set, _put, _drop, _cut, _repeat)


def mutants(files: list[bytes], seed: int) -> Iterator[bytes]:
    """Yield the files themselves, and then, without end, one with a few changes."""
    yield from files
    rng = random.Random(seed)
    while True:
        data = bytearray(rng.choice(files))
        for _ in range(rng.choice((1, 1, 2, 4, 8))):
            if data:
                rng.choice(_CHANGES)(data, rng)
        yield bytes(data)
