"""What fuzzing begins with: small recordings by our own writers, and real ones where there are any."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from devtools.fit_file import ENUM, SINT32, STRING, UINT8, UINT16, UINT32, FitFile
from devtools.writers import LapMark, Recording, write_fit, write_gpx, write_tcx
from miler.arrays import FloatArray

ROOT = Path(__file__).resolve().parents[1]
_LARGEST = 48 * 2**10  # fuzzing larger files finds the same, slower
_MOST_REAL = 60

_FILE_ID, _FIELD_DESCRIPTION, _DEVELOPER_ID = 0, 206, 207
_RECORD, _HR = 20, 132
_NOW = 1_147_000_000  # FIT's seconds


def run(count: int, *, fixes: bool = True, **more: object) -> Recording:
    """Return a plain run of so many seconds."""
    seconds = np.arange(float(count))

    def ramp(start: float, step: float) -> FloatArray:
        return start + step * seconds

    recording = Recording(
        start_time=datetime(2026, 5, 9, 17, 2, tzinfo=UTC),
        time_s=seconds,
        latitude_deg=ramp(51.7, 3e-5) if fixes else None,
        longitude_deg=ramp(-1.2, 1e-6) if fixes else None,
        distance_m=ramp(0, 3.1),
        speed_mps=ramp(3.1, 0.001),
        altitude_m=ramp(60, 0.1),
        heart_rate_bpm=ramp(120, 0.2),
        cadence_spm=ramp(170, 0),
        power_w=ramp(250, 0),
        temperature_c=ramp(14, 0),
    )
    return replace(recording, **more)  # type: ignore[arg-type]


def fit() -> Iterator[bytes]:
    """Yield FIT files, each with something of its own."""
    yield write_fit(run(30))
    yield write_fit(run(40, laps=(LapMark(0, 20, 20, 62), LapMark(20, 20, 15, 62)), pauses=((25, 30),)))
    yield write_fit(run(20, fixes=False, sub_sport="treadmill", utc_offset_s=7200))
    yield write_fit(run(8)) + write_fit(run(9))
    for endian in ("<", ">"):
        file = FitFile(protocol=0x20, header_size=12 if endian == ">" else 14)
        file.define(0, _FILE_ID, [(0, 1, ENUM), (1, 2, UINT16), (4, 4, UINT32)], endian)
        file.message(0, 4, 255, _NOW)
        file.define(1, _DEVELOPER_ID, [(3, 1, UINT8)])
        file.message(1, 0)
        described = [(0, 1, UINT8), (1, 1, UINT8), (2, 1, UINT8), (3, 16, STRING), (8, 8, STRING)]
        file.define(1, _FIELD_DESCRIPTION, described)
        file.message(1, 0, 0, UINT16, "Power", "W")
        layout = [(253, 4, UINT32), (0, 4, SINT32), (1, 4, SINT32), (5, 4, UINT32), (8, 3, 0x0D)]
        file.define(2, _RECORD, layout, endian, [(0, 2, 0, UINT16)])
        for i in range(12):
            file.message(2, _NOW + i, 616_000_000 + 300 * i, -14_000_000, 310 * i, bytes([44, i, i]), 250)
        file.define(3, _RECORD, [(5, 4, UINT32), (3, 1, UINT8), (6, 2, UINT16)])
        for i in range(12, 80):
            file.compressed(3, (_NOW + i) & 31, 310 * i, 140, 3100)
        file.define(4, _HR, [(253, 4, UINT32), (9, 4, UINT32), (6, 1, UINT8)])
        file.message(4, _NOW, 1024, 70)
        yield file.to_bytes(crc=endian == "<")


def gpx() -> Iterator[bytes]:
    """Yield GPX files: few points (walked) and many (read as columns), odd encodings."""
    plain = write_gpx(run(60, pauses=((20, 40),)))
    yield plain
    yield write_gpx(run(3))
    yield b" " * 10 + plain.replace(b"gpxtpx:", b"ns3:") + bytes(64)
    yield write_gpx(run(25)).decode().encode("utf-16")
    yield (
        b"<gpx version='1.0'><name>&lt;b&gt; &#233;</name><wpt lat='1' lon='2'/><rte/><trk><trkseg>"
        b"<trkpt lon='2' lat='+1.5'><time>2026-05-09T17:02:01.5+02:00</time><speed>3,1</speed></trkpt>"
        b"<!-- x --><trkpt lat='1.6' lon='2'><time>2026-05-09 17:02:02</time><ele><![CDATA[7]]></ele></trkpt>"
        b"</trkseg></trk></gpx>"
    )


def tcx() -> Iterator[bytes]:
    """Yield TCX files."""
    laps = (LapMark(0, 30, 30, 93), LapMark(30, 30, 25, 93, "distance"))
    yield write_tcx(run(60, laps=laps, pauses=((40, 45),)))
    yield write_tcx(run(3, fixes=False))
    yield write_tcx(run(30)).replace(b"ns3:", b"")


def recordings() -> Iterator[bytes]:
    """Yield files of every format."""
    for made in (fit, gpx, tcx):
        yield from made()


def gzipped() -> Iterator[bytes]:
    """Yield gzip, in one part and in two."""
    for data in (next(fit()), next(gpx())):
        yield gzip.compress(data, mtime=0)
        yield gzip.compress(data[:700], mtime=0) + gzip.compress(data[700:], mtime=0)


def zipped() -> Iterator[bytes]:
    """Yield archives: stored and deflated, of one level and of two."""
    inner = archive({"1.fit": next(fit()), "2.gpx": next(gpx())}, zipfile.ZIP_DEFLATED)
    yield inner
    yield archive({"a.fit": next(fit()), "b/": b"", "c.tcx.gz": gzip.compress(next(tcx()), mtime=0)})
    yield archive({"Part1.zip": inner, "activities.csv": b"a,b\n"}, zipfile.ZIP_DEFLATED)


def archive(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """Return a zip archive of these members."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as out:
        for name, data in members.items():
            out.writestr(zipfile.ZipInfo(name), data, method)
    return target.getvalue()


def kept(corpus: Path, pattern: str) -> Iterator[bytes]:
    """Yield small sample files, and small real ones where there is a corpus."""
    real = sorted(corpus.glob(f"*/{pattern}"), key=lambda path: path.stat().st_size)
    for path in (*sorted((ROOT / "sample_files").glob(pattern)), *real[:_MOST_REAL]):
        if path.stat().st_size <= _LARGEST:
            yield path.read_bytes()
