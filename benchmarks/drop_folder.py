"""Does the watched folder lose anything? `python -m benchmarks.drop_folder [--files N]`.

The claim (threats F1 to F6, F13): whatever is dropped, however it is copied, comes to exactly one end,
within two looks of being complete, although no event is ever told. A burst of small files, of which some
are equal, some no activities and some broken, is written while the watcher works, and half of it while
the watcher is stopped (SIGSTOP); among them slow copies, files that are created first and written later,
files renamed when they are whole, and zeros of full size that are filled afterwards.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

import numpy as np

from benchmarks.bar import Bar, skipped
from devtools.recording import Recording
from devtools.writers import write_gpx
from miler import watching
from miler.settings import Settings
from miler.watch import Ledger, Pace, Sight

FILES, SHORT_FILES = 20_000, 300
DELAY_S, LONGEST_S = 2.0, 900.0
_START = datetime(2001, 1, 1, 6, tzinfo=UTC)
_DAY = b"2001-01-01"
# What a browser keeps when nobody was signed in.
_PAGE = b"<!DOCTYPE html><html><body>Please sign in</body></html>\n" * 8
_ALIKE = {"duplicate": "imported"}


def template() -> bytes:
    """Return a run of ten seconds, to be given other days."""
    time_s = np.arange(0.0, 11.0, 5.0)
    return write_gpx(
        Recording(
            start_time=_START,
            time_s=time_s,
            latitude_deg=51.5 + 3e-5 * time_s,
            longitude_deg=np.full(len(time_s), -0.1),
        )
    )


def run_of(day: int, pattern: bytes) -> bytes:
    """Return the run of a day, unlike every other."""
    return pattern.replace(_DAY, f"{_START + timedelta(days=day):%Y-%m-%d}".encode())


@dataclass(frozen=True)
class Burst:
    """What was written: how each file is to end, and which were not whole from the beginning."""

    expected: dict[str, str]
    late: frozenset[str]


def burst(folder: Path, files: int, seed: int) -> Iterator[Burst]:
    """Write the files, in four bursts; yield after each, then once more when the late ones are whole.

    Of a hundred files 70 are runs, 14 equal to one of them, 8 no activity, 4 late in some way, 4 renamed.
    """
    rng, pattern = random.Random(seed), template()
    expected: dict[str, str] = {}
    late: dict[str, bytes] = {}
    runs = 0
    for i in range(files):
        name, kind = f"{i % 20:02d}/{i:06d}.gpx", i % 100
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        expected[name] = "imported"
        if 70 <= kind < 84:
            path.write_bytes(run_of(rng.randrange(runs), pattern))
            expected[name] = "duplicate"
        elif 84 <= kind < 92:
            path.write_bytes(_PAGE)
            expected[name] = "failed"
        else:
            data = run_of(runs, pattern)
            runs += 1
            if kind >= 96:
                part = path.with_suffix(".gpx.part")
                part.write_bytes(data)
                part.rename(path)
            elif kind >= 92:
                late[name] = data
                path.write_bytes((b"", bytes(len(data)), data[: len(data) // 2], b"")[kind - 92])
            else:
                path.write_bytes(data)
        if i % (files // 4) == files // 4 - 1:
            yield Burst(expected, frozenset(late))
    for name, data in late.items():
        with (folder / name).open("r+b") as file:
            file.write(data)
    yield Burst(expected, frozenset(late))


@dataclass(frozen=True)
class Result:
    """What came of a burst.

    Attributes:
        wrong: files that ended otherwise than they should, or not, or twice.
        looks: the most that a file took: the first that saw it whole, and those a delay after it.
        took_s: from the end of the burst.
    """

    wrong: int
    looks: int
    took_s: float
    made: Burst


def measure(files: int, seed: int = 1) -> Result:
    """Write a burst beside a watcher in a process of its own, and wait until it has nothing left to do."""
    with TemporaryDirectory() as home:
        top = Path(home)
        (top / "inbox").mkdir()
        made = Burst({}, frozenset())
        command = [sys.executable, "-m", "benchmarks.drop_folder", "--child", home]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as watcher:
            assert watcher.stdout is not None
            watcher.stdout.readline()  # it has begun
            for turn, written in enumerate(burst(top / "inbox", files, seed)):
                made = written
                if turn == 1:
                    watcher.send_signal(signal.SIGSTOP)
                time.sleep(1.0)
            watcher.send_signal(signal.SIGCONT)
            begin = time.perf_counter()
            while _ended(top) < len(made.expected) and time.perf_counter() - begin < LONGEST_S:
                time.sleep(0.3)
            took_s = time.perf_counter() - begin
            time.sleep(1.0)  # what is committed is said a moment later
            watcher.send_signal(signal.SIGTERM)
        told = json.loads((top / "told.json").read_text())
        return Result(_wrong(top, made, told["said"]), max(told["looks"].values()), took_s, made)


def _ended(top: Path) -> int:
    with closing(sqlite3.connect(top / "library.db")) as connection, suppress(sqlite3.OperationalError):
        (count,) = connection.execute("SELECT count(*) FROM files").fetchone()
        return int(count)
    return 0


def _wrong(top: Path, made: Burst, said: Mapping[str, list[str]]) -> int:
    """Count what is otherwise than expected: in the library, in what was said, or in the folder.

    Which of equal files is the first is a matter of order.
    """
    with closing(sqlite3.connect(top / "library.db")) as connection:
        rows = dict(connection.execute("SELECT name, outcome FROM files"))
        (activities,) = connection.execute("SELECT count(*) FROM activities").fetchone()
    wrong = 0
    for name, kind in made.expected.items():
        ends = [rows.get(name, "no row"), *said.get(name, ["no word"])]
        wrong += len(ends) != 2 or {_ALIKE.get(end, end) for end in ends} != {_ALIKE.get(kind, kind)}
    there = {path.relative_to(top / "inbox").as_posix() for path in (top / "inbox").rglob("*.*")}
    runs = Counter(made.expected.values())["imported"]
    astray = len(set(rows) ^ set(made.expected)) + len(there ^ set(made.expected))
    return wrong + abs(int(activities) - runs) + astray


class _Counted(Ledger):
    """A ledger that counts looks: the first that saw a file as it is, and those a delay after it."""

    counts: ClassVar[dict[str, int]] = {}
    until_end: ClassVar[dict[str, int]] = {}
    _first: ClassVar[dict[str, tuple[Sight, float]]] = {}

    def observe(self, seen: Mapping[str, Sight], now_s: float) -> None:
        super().observe(seen, now_s)
        for path, sight in seen.items():
            if path not in self._first or self._first[path][0] != sight:
                self._first[path], self.counts[path] = (sight, now_s), 1

    def due(self, now_s: float) -> Iterator[tuple[str, Sight]]:
        for path, (_, since_s) in self._first.items():
            self.counts[path] += now_s >= since_s + DELAY_S  # looks between are for the sake of other files
        return super().due(now_s)

    def end(self, path: str, sight: Sight) -> None:
        super().end(path, sight)
        self.until_end[path] = self.counts[path]


def _watch(top: Path) -> None:
    """Be the watcher: without events, and with a count of looks; end by SIGTERM."""
    said: dict[str, list[str]] = {}

    def say(kind: str, text: str) -> None:
        said.setdefault(text.partition(":")[0], []).append(kind)

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    order = watching.Order(
        folder=top / "inbox",
        library=top / "library.db",
        settings=Settings(),
        pace=Pace(DELAY_S),
        errors=top / "errors",
        jobs=lambda files: min(files, 2),
        events=False,
    )
    print("begun", flush=True)
    with suppress(KeyboardInterrupt):
        watching.Watcher(order, say, _Counted(order.pace)).run(once=False)
    (top / "told.json").write_text(json.dumps({"said": said, "looks": _Counted.until_end}))


def bars(short: bool) -> Iterator[Bar]:
    """Measure the bars of the watched folder."""
    if sys.platform == "win32":
        yield skipped("drop folder", "no SIGSTOP", "Windows stops no process")
        return
    result = measure(SHORT_FILES if short else FILES)
    files = len(result.made.expected)
    name = f"drop folder: burst of {files:,}, {len(result.made.late)} incomplete at first"
    yield Bar(
        f"{name}: ends", f"{result.wrong} wrong, {result.took_s:.0f} s", "one end each", not result.wrong
    )
    yield Bar(f"{name}: looks", f"{result.looks} looks at most", "<= 2, no events", result.looks <= 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=FILES)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child is not None:
        _watch(options.child)
        return
    result = measure(options.files)
    kinds = Counter(result.made.expected.values())
    print(f"{options.files:,} files ({len(result.made.late)} of them incomplete at first): {dict(kinds)}")
    print(f"  wrong ends {result.wrong}; looks until the end, at most {result.looks}")
    print(f"  {result.took_s:.0f} s after the last was written")


if __name__ == "__main__":
    main()
