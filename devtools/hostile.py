"""Small files that were made to do harm: each asks for far more time or memory than its size suggests.

The threats are those of docs/explanation/threats.md. Files of one name are the same bytes each time.
"""

from __future__ import annotations

import gzip
import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator

from devtools.fit_file import BYTE, ENUM, STRING, UINT8, UINT32, FitFile

MIB = 2**20
_NOW = 1_147_000_000  # FIT's seconds
_FILE_ID, _RECORD, _FIELD_DESCRIPTION, _DEVELOPER_ID = 0, 20, 206, 207
_POINT = "<trkpt lat='51.5' lon='-0.15'><time>2026-05-09T17:{:02d}:{:02d}Z</time>{}</trkpt>\n"


def _begun() -> FitFile:
    """Return a FIT activity to which records may be added: local number 1, a time and a distance."""
    file = FitFile()
    file.define(0, _FILE_ID, [(0, 1, ENUM), (4, 4, UINT32)])
    file.message(0, 4, _NOW)
    file.define(1, _RECORD, [(253, 4, UINT32), (5, 4, UINT32)])
    return file


def _run(file: FitFile, count: int = 30) -> None:
    for i in range(count):
        file.message(1, _NOW + i, 300 * i)


def empty_messages() -> bytes:
    """Return five million messages of one byte, without a field (A9)."""
    file = _begun()
    file.define(2, _RECORD, [])
    file.raw(b"\x02" * 5_000_000)
    return gzip.compress(file.to_bytes(), mtime=0)


def widest_messages() -> bytes:
    """Return messages of 255 fields of 255 bytes (A10)."""
    file = _begun()
    file.define(2, _RECORD, [(i, 255, BYTE) for i in range(255)])
    for _ in range(64):
        file.raw(b"\x02" + bytes(255 * 255))
    return file.to_bytes()


def redefinitions() -> bytes:
    """Return 300,000 definitions of one local number, with a record after each (A10)."""
    file = _begun()
    file.define(2, _RECORD, [(253, 4, UINT32)])
    one = file.to_bytes()[-2 - 9 :][:9] + b"\x02" + struct.pack("<I", _NOW)
    file.raw(one * 300_000)
    return file.to_bytes()


def distinct_definitions() -> bytes:
    """Return 60,000 definitions of which no two are alike, with a record after each."""
    file = _begun()
    for i in range(60_000):
        file.raw(struct.pack("<BBBHB", 0x42, 0, 0, _RECORD, 2))
        file.raw(struct.pack("<BBBBBB", 253, 4, UINT32, 100 + i % 100, 1 + i // 100 % 250, BYTE))
        file.raw(struct.pack("<BI", 2, _NOW + i) + bytes(1 + i // 100 % 250))
    return gzip.compress(file.to_bytes(), mtime=0)


def chained_files() -> bytes:
    """Return 10,000 activities of a few records in one file (A10)."""
    file = _begun()
    _run(file, 3)
    return file.to_bytes() * 10_000


def chained_heads() -> bytes:
    """Return nothing but file headers, one behind the other."""
    return FitFile().to_bytes() * 60_000


def headers_within() -> bytes:
    """Return rubbish that is full of what begins a FIT file."""
    file = _begun()
    _run(file)
    file.raw(b"\x0e\x10\x54\x08\xff\xff\x00\x00.FIT\0\0" * 70_000)
    return file.to_bytes()


def fit_rubbish() -> bytes:
    """Return a mebibyte of random bytes in the middle of a FIT activity."""
    file = _begun()
    _run(file)
    file.raw(random.Random(1954).randbytes(MIB))
    _run(file)
    return file.to_bytes()


def described_fields() -> bytes:
    """Return fields of apps, described by 50,000 messages, of base types that there are and are not (A10)."""
    file = _begun()
    file.define(2, _DEVELOPER_ID, [(3, 1, UINT8)])
    file.message(2, 0)
    file.define(2, _FIELD_DESCRIPTION, [(0, 1, UINT8), (1, 1, UINT8), (2, 1, UINT8), (3, 9, STRING)])
    for i in range(50_000):
        file.message(2, 0, i % 255, i % 256 if i % 256 != 255 else None, f"\x7f{i}")
    file.define(3, _RECORD, [(253, 4, UINT32)], developer_fields=[(i, 1, 0) for i in range(255)])
    for i in range(100):
        file.message(3, _NOW + i, *[bytes([i])] * 255)
    return file.to_bytes()


def gzip_bomb() -> bytes:
    """Return a gigabyte of zeros in a megabyte (A1)."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(bytes(MIB)) for _ in range(1000)) + packer.flush()


def gzip_parts() -> bytes:
    """Return a gzip of 40,000 parts."""
    return gzip.compress(b"<gpx>", mtime=0) * 40_000


def zip_bomb() -> bytes:
    """Return an archive of sixteen members of a hundred mebibytes of zeros (A2)."""
    return _zeros(100 * MIB, 16)


def zip_zeros() -> bytes:
    """Return an archive of sixty members of sixteen mebibytes of zeros: none is a bomb, all together are."""
    return _zeros(16 * MIB, 60)


def zip_cut() -> bytes:
    """Return the same without its directory, so that members are found by their own headers only."""
    data = zip_zeros()
    return data[: data.index(b"PK\x01\x02")]


def zip_in_zip() -> bytes:
    """Return archives five deep, each with eight of the next (A2)."""
    data = _zip([("a.fit", bytes(8 * MIB))])
    for _ in range(5):
        data = _zip((f"{i}.zip", data) for i in range(8))
    return data


def zip_overlap() -> bytes:
    """Return an archive of 2,000 entries for the same bytes (A2)."""
    with_one = _zip([("a.fit", bytes(8 * MIB))])
    entry_at, end_at = with_one.index(b"PK\x01\x02"), with_one.index(b"PK\x05\x06")
    entry, end = with_one[entry_at:end_at], with_one[end_at:]
    many = struct.pack("<HHII", 2000, 2000, 2000 * len(entry), entry_at)
    return with_one[:entry_at] + entry * 2000 + end[:8] + many + end[20:]


def zip_members() -> bytes:
    """Return an archive of 100,000 members (A2)."""
    return _zip(((f"{i}.fit", b"") for i in range(100_000)), zipfile.ZIP_STORED)


def _zeros(size: int, count: int) -> bytes:
    """Return an archive of members of so many zeros each, deflated once for all of them."""
    one = _zip([("000.fit", bytes(size))])
    entry_at, end_at = one.index(b"PK\x01\x02"), one.index(b"PK\x05\x06")
    member, entry, end = one[:entry_at], one[entry_at:end_at], one[end_at:]
    places = (struct.pack("<I", len(member) * i) for i in range(count))
    entries = b"".join(entry[:42] + place + entry[46:] for place in places)
    told = struct.pack("<HHII", count, count, len(entries), len(member) * count)
    return b"".join((member * count, entries, end[:8], told, end[20:]))


def _zip(members: object, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members:  # type: ignore[attr-defined]
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


def _points(count: int = 60, inside: str = "") -> str:
    return "".join(_POINT.format(i // 60 % 60, i % 60, inside) for i in range(count))


def _gpx(body: str, head: str = "") -> bytes:
    return f"{head}<gpx><trk><trkseg>{_points()}{body}</trkseg></trk></gpx>".encode()


def entities() -> bytes:
    """Return a billion laughs (A5)."""
    rows = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    return _gpx("<name>&l9;</name>", f'<!DOCTYPE gpx [<!ENTITY l0 "lol">{rows}]>')


XML: dict[str, Callable[[], bytes]] = {
    "XML: a billion laughs": entities,
    "XML: 200,000 deep": lambda: _gpx("<e>" * 200_000 + "</e>" * 200_000),
    "XML: 200,000 not closed": lambda: _gpx("<extensions>" * 200_000),
    "XML: 200,000 attributes": lambda: _gpx("<e " + " ".join(f'a{i}=""' for i in range(200_000)) + "/>"),
    "XML: an attribute of 20 MB": lambda: _gpx(f'<e a="{"x" * 20_000_000}"/>'),
    "XML: a text of 20 MB": lambda: _gpx(f"<desc>{'x' * 20_000_000}</desc>"),
    "XML: starts of tags only": lambda: _gpx("<trkpt " * 150_000),
    "XML: starts of comments only": lambda: _gpx("<!--" * 250_000),
    "XML: starts of CDATA only": lambda: _gpx("<![CDATA[" * 110_000),
    "XML: instructions only": lambda: _gpx("<?" * 500_000),
    "XML: ampersands only": lambda: _gpx("&" * 1_000_000),
    "XML: less-than signs only": lambda: _gpx("<" * 1_000_000),
    "XML: end tags only": lambda: _gpx("</trkpt>" * 125_000),
    "XML: every other point broken": lambda: _gpx(_points(4000, "<name>&</name>") + _points(4000)),
    "XML: a root without end": lambda: b"<gpx>" * 200_000,
    "XML: roots one after another": lambda: b"<gpx/>" * 170_000,
    "XML: 2,000 tracks": lambda: b"<gpx>" + b"<trk><trkseg>%b</trkseg></trk>" % _points(2).encode() * 2_000,
    "XML: 20,000 segments": lambda: _gpx(f"</trkseg><trkseg>{_points(1)}" * 10_000),
    "XML: a number of 500,000 digits": lambda: _gpx(_points(4, f"<ele>{'7' * 500_000}</ele>")),
    "XML: 300,000 quotes": lambda: _gpx("<trkpt lat='" + "\"'" * 150_000),
    "XML: UTF-16 without a character": lambda: b"\xff\xfe" + b"\x00\xd8" * 500_000,
    "XML: a name of blanks": lambda: _gpx(f"<trkpt lat='1'{' ' * 500_000}lon='2'/>" * 2),
}

FILES: dict[str, Callable[[], bytes]] = {
    "FIT: messages without fields": empty_messages,
    "FIT: messages of 65,025 bytes": widest_messages,
    "FIT: 300,000 redefinitions": redefinitions,
    "FIT: 60,000 distinct definitions": distinct_definitions,
    "FIT: 10,000 chained files": chained_files,
    "FIT: 60,000 empty files": chained_heads,
    "FIT: rubbish of headers": headers_within,
    "FIT: rubbish in the middle": fit_rubbish,
    "FIT: 50,000 described fields": described_fields,
    "gzip: a gigabyte of zeros": gzip_bomb,
    "gzip: 40,000 parts": gzip_parts,
    "zip: sixteen times 100 MiB": zip_bomb,
    "zip: sixty times 16 MiB": zip_zeros,
    "zip: the same, cut off": zip_cut,
    "zip: five deep": zip_in_zip,
    "zip: 2,000 overlapping members": zip_overlap,
    "zip: 100,000 members": zip_members,
    **XML,
}

# Those that take a good part of a second to make or to read, though some are small.
LARGER = frozenset(
    (
        "FIT: messages of 65,025 bytes",
        "FIT: 300,000 redefinitions",
        "FIT: 60,000 distinct definitions",
        "FIT: 10,000 chained files",
        "FIT: 50,000 described fields",
        "gzip: a gigabyte of zeros",
        "zip: sixteen times 100 MiB",
        "zip: sixty times 16 MiB",
        "zip: the same, cut off",
        "zip: 100,000 members",
        "XML: an attribute of 20 MB",
        "XML: a text of 20 MB",
        "XML: 2,000 tracks",
    )
)


def files(*, larger: bool = True) -> Iterator[tuple[str, bytes]]:
    """Yield every file with what it is called; the larger ones only where they are wanted."""
    for name, make in FILES.items():
        if larger or name not in LARGER:
            yield name, make()
