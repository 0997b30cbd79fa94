"""How fast real GPX and TCX files are read: miler against three readers of the same bytes.

`python -m benchmarks.xml_read [--json] [--rounds N]` has each reader read each file of the corpus that is
large enough, in turn, round after round, and prints the median of each and the ratio. miler makes a whole
`Activity`: recognised, hashed, every sensor, pauses, laps and notes. gpxpy is measured with both of its XML
libraries, and the faster counts for each file; it leaves extensions as XML. A file that a peer cannot read,
or of which it reads less than nine tenths of the points, is left out of the comparison with that peer.

Bars: as a geometric mean over the files, 12 times faster than gpxpy (GPX of 300 kB and more), than
tcxreader and than activity-parser (TCX of 100 kB and more).
"""

from __future__ import annotations

import argparse
import gzip
import importlib
import importlib.util
import json
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import gpxpy
import gpxpy.parser

from benchmarks.bar import CORPUS, Bar, skipped
from miler.errors import UnsupportedFile
from miler.formats import decode

# Reads a file, and says how many points it found.
Reader = Callable[[bytes], int]

_ENOUGH = 0.9
_BAR = 12.0
_SMALLEST = {"gpx": 300_000, "tcx": 100_000}
# miler is so much faster that one reading of it would be one of the clock's ticks.
_MILER_TIMES = 5


@dataclass(frozen=True)
class Row:
    """One file: its size, and the median seconds of each reader that can read it."""

    file: str
    format: str
    bytes: int
    seconds: dict[str, float]


def rows(rounds: int = 5) -> list[Row]:
    """Measure every file of the corpus that is large enough; empty without a corpus."""
    warnings.simplefilter("ignore")  # the peers' own
    measured = []
    for format, smallest in _SMALLEST.items():
        for path in _files(format):
            data = _content(path)
            if len(data) >= smallest and _is_activity(data):
                measured.append(Row(path.name, format, len(data), _medians(data, format, rounds)))
    return measured


def _files(format: str) -> list[Path]:
    return sorted([*CORPUS.glob(f"{format}/*"), *CORPUS.glob(f"other/**/*.{format}*")])


def _content(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def _is_activity(data: bytes) -> bool:
    try:
        decode(data)
    except UnsupportedFile:
        return False
    return True


def _medians(data: bytes, format: str, rounds: int) -> dict[str, float]:
    """Return the median seconds of each reader that can read the file, miler first."""
    # The peers do not see through what some programs write before the XML.
    plain = data.lstrip(b" \t\r\n\xef\xbb\xbf")
    readers = _able({"miler": _miler, **_peers(format)}, plain)
    times: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(rounds):
        for name, reader in readers.items():
            times[name] += _timed(reader, plain, _MILER_TIMES if name == "miler" else 1)
    return {name: statistics.median(seconds) for name, seconds in times.items()}


def _able(readers: dict[str, Reader], data: bytes) -> dict[str, Reader]:
    """Return the readers that read about as many points as miler."""
    enough = _ENOUGH * _miler(data)
    able = {}
    for name, reader in readers.items():
        try:
            points = reader(data)
        except Exception as refusal:  # whatever a peer raises for a file that it cannot read
            print(f"{name} cannot read this: {type(refusal).__name__}", file=sys.stderr)
            continue
        if points >= enough:
            able[name] = reader
        else:
            print(f"{name} reads {points} points of {enough / _ENOUGH:.0f}", file=sys.stderr)
    return able


def _timed(reader: Reader, data: bytes, times: int) -> list[float]:
    """Return the processor's time for each reading: other programs on the machine do not count."""
    seconds = []
    for _ in range(times):
        begin = time.process_time()
        reader(data)
        seconds.append(time.process_time() - begin)
    return seconds


def _miler(data: bytes) -> int:
    return sum(map(len, decode(data)))


def _peers(format: str) -> dict[str, Reader]:
    if format == "gpx":
        peers: dict[str, Reader] = {"gpxpy": _gpxpy(ElementTree)}
        if importlib.util.find_spec("lxml"):
            peers["gpxpy with lxml"] = _gpxpy(importlib.import_module("lxml.etree"))
        return peers
    peers = {}
    if importlib.util.find_spec("tcxreader"):
        tcxreader = importlib.import_module("tcxreader.tcxreader").TCXReader()
        peers["tcxreader"] = lambda data: len(tcxreader.read(BytesIO(data), only_gps=False).trackpoints)
    if importlib.util.find_spec("activity_parser"):
        parser = importlib.import_module("activity_parser").ActivityParser()
        peers["activity-parser"] = lambda data: len(parser.parse(BytesIO(data), "tcx")[0])
    return peers


def _gpxpy(backend: object) -> Reader:
    def parse(data: bytes) -> int:
        vars(gpxpy.parser)["mod_etree"] = backend
        return int(gpxpy.parse(data).get_track_points_no())

    return parse


def ratios(measured: list[Row]) -> dict[str, tuple[float, int]]:
    """Return for each peer how many times faster miler is, as a geometric mean, and over how many files."""
    compared: dict[str, list[float]] = {}
    for row in measured:
        miler_s = row.seconds["miler"]
        peers = {name: seconds for name, seconds in row.seconds.items() if name != "miler"}
        if row.format == "gpx" and peers:
            peers = {"gpxpy": min(peers.values())}
        for name, seconds in peers.items():
            compared.setdefault(name, []).append(seconds / miler_s)
    return {name: (statistics.geometric_mean(times), len(times)) for name, times in compared.items()}


def bars(short: bool) -> Iterator[Bar]:
    """Yield one bar for each peer."""
    found = ratios(rows(rounds=1 if short else 5))
    goal = f"{_BAR:g} times faster, geometric mean"
    for peer, format in (("gpxpy", "GPX"), ("tcxreader", "TCX"), ("activity-parser", "TCX")):
        name = f"{format} read, against {peer}"
        if peer not in found:
            yield skipped(name, goal, "needs the corpus and the peer")
            continue
        ratio, files = found[peer]
        yield Bar(name, f"{ratio:.1f} times faster, {files} files", goal, ratio >= _BAR, timed=True)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--rounds", type=int, default=5, help="how often each reader reads each file")
    options = parser.parse_args()
    measured = rows(options.rounds)
    found = ratios(measured)
    if options.json:
        print(json.dumps({"files": [asdict(row) for row in measured], "ratios": found}, indent=2))
        return 0
    for row in measured:
        times = "  ".join(f"{name} {seconds * 1e3:.1f}" for name, seconds in row.seconds.items())
        print(f"{row.file[:44]:<44} {row.bytes / 1e6:5.2f} MB  ms: {times}")
    for peer, (ratio, files) in found.items():
        print(f"{peer}: miler is {ratio:.1f} times faster, geometric mean of {files} files")
    return 0


if __name__ == "__main__":
    sys.exit(main())
