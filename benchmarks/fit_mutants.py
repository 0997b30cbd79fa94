"""Sound FIT files, damaged on purpose: each kind of damage that was seen, at seeded places.

Kinds: `truncate` (cut anywhere), `flip` (1 to 8 bytes changed anywhere), `definition` (one byte of a
definition message changed), `lie` (the same with the checksum made again, so that nothing tells),
`size_zero`, `size_huge`, `size_random` (the header's data size), `header_dropped`, `header_size`,
`magic`, `protocol` (a byte of the header changed, or all of it lost), `crc` (the checksum changed),
`trailing` (rubbish after the end), `chained` (a second copy after the end).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

from fastcrc import crc16

from benchmarks.fit_walker import walk

# Kind -> how many of 200 mutants.
SHARES = {
    "truncate": 40,
    "flip": 50,
    "definition": 40,
    "lie": 10,
    "size_zero": 6,
    "size_huge": 6,
    "size_random": 6,
    "header_dropped": 6,
    "header_size": 6,
    "magic": 6,
    "protocol": 6,
    "crc": 6,
    "trailing": 6,
    "chained": 6,
}
HEADER = ("size_zero", "size_huge", "header_dropped", "header_size", "magic", "protocol")


class Mutant(NamedTuple):
    """A damaged file; `kept` is how many of the sound file's first bytes are all there."""

    kind: str
    data: bytes
    kept: int


def mutants(data: bytes, seed: str, share: float = 1.0) -> Iterator[Mutant]:
    """Damage a sound file of one part in every way; the same seed gives the same mutants.

    Args:
        data: the file.
        seed: any text.
        share: of 200 mutants; of each kind there is at least one.
    """
    for kind, count in SHARES.items():
        rng = random.Random(f"{seed} {kind}")
        for _ in range(max(1, round(count * share))):
            yield Mutant(kind, *_DAMAGE[kind](data, rng))


def _changed(data: bytes, at: int, rng: random.Random) -> bytes:
    return data[:at] + bytes([data[at] ^ rng.randrange(1, 256)]) + data[at + 1 :]


def _truncate(data: bytes, rng: random.Random) -> tuple[bytes, int]:
    cut = rng.randrange(data[0] + 1, len(data))
    return data[:cut], cut


def _flip(data: bytes, rng: random.Random) -> tuple[bytes, int]:
    for at in rng.sample(range(len(data)), rng.randint(1, 8)):
        data = _changed(data, at, rng)
    return data, len(data)


def _definition(data: bytes, rng: random.Random) -> tuple[bytes, int]:
    found = rng.choice([message for message in walk(data) if message.defines])
    return _changed(data, rng.randrange(found.start, found.end), rng), len(data)


def _lie(data: bytes, rng: random.Random) -> tuple[bytes, int]:
    changed, kept = _definition(data, rng)
    return changed[:-2] + crc16.arc(changed[:-2]).to_bytes(2, "little"), kept


def _size(size: Callable[[bytes, random.Random], int]) -> Callable[[bytes, random.Random], tuple[bytes, int]]:
    def damage(data: bytes, rng: random.Random) -> tuple[bytes, int]:
        return data[:4] + size(data, rng).to_bytes(4, "little") + data[8:], len(data)

    return damage


def _header_byte(low: int, high: int) -> Callable[[bytes, random.Random], tuple[bytes, int]]:
    def damage(data: bytes, rng: random.Random) -> tuple[bytes, int]:
        return _changed(data, rng.randrange(low, high), rng), len(data)

    return damage


def _trailing(data: bytes, rng: random.Random) -> tuple[bytes, int]:
    return data + rng.randbytes(rng.randint(1, 2000)), len(data)


_DAMAGE: dict[str, Callable[[bytes, random.Random], tuple[bytes, int]]] = {
    "truncate": _truncate,
    "flip": _flip,
    "definition": _definition,
    "lie": _lie,
    "size_zero": _size(lambda data, rng: 0),
    "size_huge": _size(lambda data, rng: rng.randrange(2**31, 2**32)),
    "size_random": _size(lambda data, rng: rng.randrange(1, 2 * len(data))),
    "header_dropped": lambda data, rng: (data[data[0] :], len(data)),
    "header_size": _header_byte(0, 1),
    "magic": _header_byte(8, 12),
    "protocol": _header_byte(1, 2),
    "crc": lambda data, rng: (_changed(data, len(data) - rng.randint(1, 2), rng), len(data)),
    "trailing": _trailing,
    "chained": lambda data, rng: (data + data, len(data)),
}
