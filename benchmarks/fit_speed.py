"""How fast real FIT files are read: miler against fitfast, python-fitparse and fitdecode on the same bytes.

`python -m benchmarks.fit_speed [--json] [--rounds N]` has miler and fitfast, a Rust extension, read each
file of the corpus that is large enough, in turn, round after round, and prints the median of each and the
ratio, in seconds of the processor. miler makes whole activities: checksum, every stream and app field, laps,
sessions, pauses and notes. fitfast is asked for the columns of the records alone. With `--slow`, the two
readers in pure Python, asked for every message, read each file once, which takes minutes.
A file that a peer cannot read is left out of the comparison with that peer.

Bars, as geometric means over the files: 3 times faster than fitfast, and slower on at most one file in
twenty, each with a reason in `WHY_SLOWER`; 200 times faster than python-fitparse and than fitdecode.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import importlib.util
import json
import math
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import fitdecode
from fitparse.base import FitFileDecoder

from benchmarks.bar import CORPUS, Bar, skipped
from miler.errors import DecodeError
from miler.formats.fit import decode

_SMALLEST = 20_000
_FAST, _SLOW = "fitfast", {"fitparse", "fitdecode"}
_BARS = {"fitfast": 3.0, "fitparse": 200.0, "fitdecode": 200.0}
_SLOWER_AT_MOST = 1 / 20
# Each reader is measured as it is in a folder of files: with its code in the processor's cache.
_IN_A_ROW = 5

# What miler does for these files that the columns of the records do not ask for.
_BEATS = (
    "{} heart beats that the strap kept to itself are unpacked and spread over the records that have no"
    " heart rate without them: {} of the time; fitfast leaves them out"
)
WHY_SLOWER = {
    "garmin-fenix3-swim-activity-poolswim-with-hr.fit": _BEATS.format("7,579", "two fifths"),
    "garmin-fr955-walk-hrmplugintestactivity.fit": _BEATS.format("891", "a third"),
    "garmin-fr735xt-swim-event-timestamp.fit": (
        _BEATS.format("11,292", "two fifths") + "; 99 laps are another tenth"
    ),
    "suunto-run-suunto-ambit-3-peak-without-final-lap.fit": (
        "every message is defined anew: 14,217 definitions for 14,768 messages, each looked up in Python, are"
        " two thirds of the time, and to merge the two records of a second is another twentieth"
    ),
}

Reader = Callable[[bytes], object]


@dataclass
class Row:
    """One file: how long miler and each peer that can read it took, in milliseconds."""

    file: str
    bytes: int
    miler_ms: float
    peers_ms: dict[str, float]


def measure(files: Iterable[Path], rounds: int, slow: bool) -> Iterator[Row]:
    """Time the readers on each file that miler takes for an activity."""
    readers = _readers(slow)
    for path in files:
        data = path.read_bytes()
        try:
            decode(data)
        except DecodeError:
            continue
        first = {name: _first_ms(reader, data) for name, reader in readers.items()}
        spent = {name: [ms] for name, ms in first.items() if ms is not None}
        for _ in range(rounds):
            gc.collect()
            for name in spent.keys() - _SLOW:
                spent[name] += [_ms(readers[name], data) for _ in range(_IN_A_ROW)]
        medians = {name: statistics.median(times) for name, times in spent.items()}
        yield Row(path.name, len(data), medians.pop("miler"), medians)


def _readers(slow: bool) -> dict[str, Reader]:
    readers: dict[str, Reader] = {"miler": decode}
    if importlib.util.find_spec(_FAST):
        readers[_FAST] = importlib.import_module(_FAST).records
    if slow:
        readers["fitparse"] = lambda data: list(FitFileDecoder(data).get_messages())
        readers["fitdecode"] = lambda data: list(fitdecode.FitReader(data))
    return readers


def _first_ms(reader: Reader, data: bytes) -> float | None:
    """Return how long a first reading takes; None if a peer cannot read the file, whatever it raises."""
    try:
        return _ms(reader, data)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # a panic in Rust is no Exception
        return None


def _ms(reader: Reader, data: bytes) -> float:
    """Return the processor's time for one reading: other programs on the machine do not count."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = time.process_time()
        reader(data)
        return (time.process_time() - start) * 1e3


def ratios(rows: Iterable[Row], peer: str) -> list[float]:
    """Return how many times faster miler was, on each file that the peer reads."""
    return [_ratio(row, peer) for row in rows if peer in row.peers_ms]


def _ratio(row: Row, peer: str) -> float:
    """Return how many times faster miler was on a file; infinitely, if the peer cannot read it."""
    return row.peers_ms.get(peer, math.inf) / row.miler_ms


def bars(short: bool) -> Iterator[Bar]:
    """Measure the bars of this module over the corpus; see `benchmarks.bars`."""
    rows = list(measure(_files(), 3 if short else 9, slow=not short))
    for peer, least in _BARS.items():
        name, goal = f"FIT of 20 kB and more, against {peer}", f"{least:g} times as fast"
        found = ratios(rows, peer)
        if not found:
            yield skipped(name, goal, "takes minutes" if short and peer in _SLOW else "no corpus, or no peer")
            continue
        mean = statistics.geometric_mean(found)
        yield Bar(name, f"{mean:.1f} times as fast ({len(found)} files)", goal, mean >= least, timed=True)
        if peer == _FAST:
            slower = [row.file for row in rows if _ratio(row, peer) < 1]
            without = len(set(slower) - WHY_SLOWER.keys())
            figure = f"{len(slower)} of {len(found)} files, {without} without a reason"
            met = len(slower) <= _SLOWER_AT_MOST * len(found) and not without
            yield Bar(f"{name}: slower", figure, "one file in twenty, each with a reason", met, timed=True)


def _files() -> list[Path]:
    found = sorted(CORPUS.rglob("*.fit")) if CORPUS.is_dir() else []
    return [path for path in found if path.stat().st_size >= _SMALLEST]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print numbers for programs")
    parser.add_argument("--rounds", type=int, default=9, help="of miler and fitfast in turn")
    parser.add_argument("--slow", action="store_true", help="python-fitparse and fitdecode as well: minutes")
    options = parser.parse_args()
    rows = list(measure(_files(), options.rounds, options.slow))
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
        return 0
    for row in sorted(rows, key=lambda row: _ratio(row, _FAST)):
        shown = "  ".join(f"{name} {ms:9.2f} ({ms / row.miler_ms:6.2f})" for name, ms in row.peers_ms.items())
        print(f"{row.file[-64:]:<64} {row.bytes / 1e3:7.0f} kB  miler {row.miler_ms:7.2f} ms  {shown}")
        if _ratio(row, _FAST) < 1:
            print(f"    slower: {WHY_SLOWER.get(row.file, 'WITHOUT A REASON')}")
    for peer in _BARS:
        if found := ratios(rows, peer):
            slower = sum(ratio < 1 for ratio in found)
            mean = statistics.geometric_mean(found)
            print(f"{peer}: {mean:.2f} times as slow (geometric mean of {len(found)}); faster on {slower}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
