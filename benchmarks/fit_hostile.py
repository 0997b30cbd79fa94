"""FIT files made to keep a reader busy or to fill its memory, and what they cost miler.

`python -m benchmarks.fit_hostile [--json]` decodes each in this process and prints seconds of the processor,
and the most memory that the process ever held. Each begins with a few sound records, but for those that
cannot.

Bars: each file of at most 5 MB under 1 s, all of them under 256 MB.
"""

from __future__ import annotations

import argparse
import json
import random
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from benchmarks.bar import Bar
from benchmarks.corpus import peak_mb
from devtools.fit_file import ENUM, UINT8, UINT16, UINT32, FitFile
from miler.errors import MilerError
from miler.formats import decode

SOUND = 50  # records at the beginning
_LONGEST_S, _LARGEST_MB = 1.0, 256.0
_FILE_ID, _RECORD = 0, 20
_START = 1_000_000_000
_TIME = (253, 4, UINT32)
_WEEKS_S = 9000 * 60


def _begun() -> FitFile:
    file = FitFile()
    file.define(15, _FILE_ID, [(0, 1, ENUM)])
    file.message(15, 4)
    _add_records(file, 0, range(SOUND))
    return file


def _add_records(file: FitFile, local: int, seconds: range) -> None:
    file.define(local, _RECORD, [_TIME, (5, 4, UINT32), (3, 1, UINT8)])
    for second in seconds:
        file.message(local, _START + second, 300 * second, 100)


def _with(body: bytes) -> bytes:
    """Return sound records and then this, with a checksum that does not fit."""
    file = _begun()
    file.raw(body)
    return file.to_bytes()[:-2] + b"\0\0"


def _record(second: int) -> bytes:
    return struct.pack("<BIIB", 0, _START + second % _WEEKS_S, 0, 100)


def _definition(number: int, fields: bytes) -> bytes:
    return struct.pack("<BBBHB", 0x40 | number & 15, 0, 0, number % 1000, len(fields) // 3) + fields


def _noise(size: int) -> bytes:
    return _with(random.Random(1).randbytes(size))


def _believable_for_a_moment(size: int) -> bytes:
    three = (b"".join(_record(3 * i + k) for k in range(3)) + b"\xfe\xfd\xfc" for i in range(size // 33))
    return _with(b"".join(three))


def _definition_bomb(size: int) -> bytes:
    return _with(b"\xff" + b"".join(_definition(i, bytes([i >> 10 & 255, 1, 2])) for i in range(size // 9)))


def _wide_definitions(size: int) -> bytes:
    fields = b"".join(bytes([number, 1, UINT8]) for number in range(120))
    return _with(b"\xff" + b"".join(_definition(i, fields) + b"\xee" for i in range(size // 367)))


def _wrong_definitions(size: int) -> bytes:
    rng = random.Random(2)
    types = (UINT8, UINT16, UINT32)

    def fields() -> bytes:
        return b"".join(bytes([n, rng.choice((1, 2, 4)), rng.choice(types)]) for n in range(120))

    return _with(b"\xff" + b"".join(_definition(i, fields()) + b"\xee" for i in range(size // 367)))


def _empty_messages(size: int) -> bytes:
    return _with(_definition(1, bytes([3, 0, UINT8])) + b"\x01" * 5000 + b"\xfe" + b"\x01" * size)


def _headers(size: int) -> bytes:
    """Headers of parts, each of which says that it goes on to the end."""
    count = size // 14
    return b"".join(
        struct.pack("<BBHI4sH", 14, 16, 2132, max(14 * (count - i - 1) - 2, 0), b".FIT", 0)
        for i in range(count)
    )


def _damaged_parts(size: int) -> bytes:
    part = _begun().to_bytes()[:-2] + b"xx"
    return part * (size // len(part))


def _a_stray_byte_every_third_record(size: int) -> bytes:
    file = _begun()
    for i in range(size // 60):
        _add_records(file, i % 8, range(SOUND + 3 * i, SOUND + 3 * i + 3))
        file.raw(b"\xfa")
    return file.to_bytes()


def _many_definitions_and_no_record(size: int) -> bytes:
    file = FitFile()
    for i in range(min(size // 27, 65_000)):
        numbers = [
            (i % 250, 1, UINT8),
            (i >> 3 & 127, 4, UINT32),
            (0, 4, UINT8),
            (5, 4, UINT8),
            (3, 1, UINT8),
        ]
        file.define(i % 16, i % 1000, [_TIME, *numbers])
    file.raw(b"\xff")
    return file.to_bytes()


# What it is -> a file of about so many bytes.
HOSTILE: dict[str, Callable[[int], bytes]] = {
    "noise": _noise,
    "every byte a header of definitions": lambda size: _with(b"\x40" * size),
    "every byte a header of records": lambda size: _with(bytes(size)),
    "every byte the header of a record with a time": lambda size: _with(
        b"\xff" + _record(60)[:5] * (size // 5)
    ),
    "one record at a time": lambda size: _with(
        b"".join(b"\xff" + _record(i) + b"\xfe" for i in range(size // 12))
    ),
    "three records at a time": _believable_for_a_moment,
    "a definition bomb": _definition_bomb,
    "wide definitions": _wide_definitions,
    "wide definitions, wrong": _wrong_definitions,
    "empty messages": _empty_messages,
    "headers that all go on to the end": _headers,
    "damaged parts": _damaged_parts,
    "a stray byte every third record": _a_stray_byte_every_third_record,
    "many definitions and no record": _many_definitions_and_no_record,
}
_SIZE, _SIZE_SHORT = 5_000_000, 300_000


def cost(size: int) -> Iterator[tuple[str, int, float]]:
    """Decode each file; yield its name, its bytes, and the seconds of the processor that it took."""
    for name, make in HOSTILE.items():
        data = make(size)
        began = time.process_time()
        with suppress(MilerError):
            decode(data)
        yield name, len(data), time.process_time() - began


def bars(short: bool) -> Iterator[Bar]:
    """Measure in a process of its own, whose memory nothing else has used."""
    command = [sys.executable, "-m", "benchmarks.fit_hostile", "--json", *(["--short"] if short else [])]
    told = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    slowest = max(told["seconds"], key=told["seconds"].get)
    took_s, peak = told["seconds"][slowest], told["peak_mb"]
    figure = f"{took_s:.2f} s at most ({slowest}), {peak:.0f} MB"
    met = took_s < _LONGEST_S and peak < _LARGEST_MB
    yield Bar(f"{len(told['seconds'])} hostile FIT files", figure, "< 1 s each, < 256 MB", met)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--short", action="store_true", help="files of 300 kB instead of 5 MB")
    options = parser.parse_args()
    costs = list(cost(_SIZE_SHORT if options.short else _SIZE))
    if options.json:
        print(json.dumps({"seconds": {name: took_s for name, _, took_s in costs}, "peak_mb": peak_mb()}))
        return 0
    for name, size, took_s in costs:
        print(f"{name:<48} {size / 1e6:5.2f} MB {took_s:6.2f} s")
    print(f"peak {peak_mb():.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
