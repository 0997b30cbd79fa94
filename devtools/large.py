"""Recordings of millions of points, made by numpy: in a second, where the other writers take minutes."""

from __future__ import annotations

import struct

import numpy as np
from fastcrc import crc16

from devtools.fit_file import ENUM, UINT16, UINT32, FitFile

_FIT_BEGIN = 1_000_000_000  # FIT's seconds: 2021
_RECORD = np.dtype(
    [
        ("header", "u1"),
        ("timestamp", "<u4"),
        ("position_lat", "<i4"),
        ("position_long", "<i4"),
        ("distance", "<u4"),
        ("altitude", "<u2"),
        ("speed", "<u2"),
        ("heart_rate", "u1"),
        ("cadence", "u1"),
        ("temperature", "i1"),
    ]
)
_FIELDS = (
    (253, 4, UINT32),
    (0, 4, 0x85),
    (1, 4, 0x85),
    (5, 4, UINT32),
    (2, 2, UINT16),
    (6, 2, UINT16),
    (3, 1, 0x02),
    (4, 1, 0x02),
    (13, 1, 0x01),
)


def large_fit(points: int) -> bytes:
    """Return a FIT activity of 24 bytes a point, one a second: five million are 120 MB."""
    file = FitFile()
    file.define(0, 0, [(0, 1, ENUM), (1, 2, UINT16), (4, 4, UINT32)])
    file.message(0, 4, 255, _FIT_BEGIN)
    file.define(1, 20, _FIELDS)
    head = file.to_bytes()[file.header_size : -2]
    i = np.arange(points)
    records = np.zeros(points, _RECORD)
    records["header"] = 1
    records["timestamp"] = _FIT_BEGIN + i
    records["position_lat"] = 616_000_000 + 300 * (i % 100_000)
    records["position_long"] = -14_000_000 + i % 1000
    records["distance"] = 200 * i  # centimetres; as many as a field holds
    records["altitude"] = 2_800 + i % 50
    records["speed"] = 2_000
    records["heart_rate"] = 120 + i % 60
    records["cadence"] = 85
    records["temperature"] = 14
    body = head + records.tobytes()
    header = struct.pack("<BBHI4s", 14, 0x10, 2132, len(body), b".FIT")
    data = b"".join((header, struct.pack("<H", crc16.arc(header)), body))
    return data + struct.pack("<H", crc16.arc(data))


def large_gpx(points: int) -> bytes:
    """Return a GPX track of 84 bytes a point, one a second."""
    i = np.arange(points)
    times = (np.datetime64("2026-05-01T00:00:00") + i).astype("S19")
    rows = b'<trkpt lat="51.%s" lon="-0.15"><ele>20.0</ele><time>%sZ</time></trkpt>\n'
    return _track(rows, [_digits(i, 6), times])


def bare_gpx(points: int) -> bytes:
    """Return a GPX track of 24 bytes a point, all but the last without a time."""
    last = b'<trkpt lat="1" lon="2"><time>2026-05-09T17:02:00Z</time></trkpt>'
    return _track(b'<trkpt lat="%s" lon="2"/>', [_digits(np.arange(points - 1), 1)], last)


def _digits(
    values: np.ndarray[tuple[int], np.dtype[np.int64]], count: int
) -> np.ndarray[tuple[int], np.dtype[np.bytes_]]:
    """Return the last decimal digits of (n,) whole numbers, as (n,) texts of that length."""
    powers = 10 ** np.arange(count - 1, -1, -1)
    digits = (values[:, None] // powers % 10 + ord("0")).astype(np.uint8)
    return np.ascontiguousarray(digits).view(f"S{count}")[:, 0]


def _track(
    row: bytes, columns: list[np.ndarray[tuple[int], np.dtype[np.bytes_]]], last: bytes = b""
) -> bytes:
    """Return a track of one row for each value of the columns, which stand where the row has `%s`."""
    pieces = row.split(b"%s")
    layout = [(f"text{k}", f"S{len(piece)}") for k, piece in enumerate(pieces)]
    layout += [(f"value{k}", column.dtype.str) for k, column in enumerate(columns)]
    order = [
        f"{kind}{k}"
        for k in range(len(pieces))
        for kind in ("text", "value")
        if k < len(columns) or kind == "text"
    ]
    types = dict(layout)
    table = np.empty(len(columns[0]), np.dtype([(name, types[name]) for name in order]))
    for k, piece in enumerate(pieces):
        table[f"text{k}"] = piece
    for k, column in enumerate(columns):
        table[f"value{k}"] = column
    return b"".join((b"<gpx><trk><trkseg>", table.tobytes(), last, b"</trkseg></trk></gpx>"))
