"""How fast is the library? `python -m benchmarks.library [--activities N] [--files N]`.

The claims, each of a whole command as a user waits for it, the median of several runs: in a library of
100,000 activities `miler best 1mi` answers within 0.3 s and `miler list` within 0.5 s. And `miler import`
of 2,000 one-hour FIT files on two cores, every analysis and every commit included, takes no longer than
fitfast takes to decode them on one; the same again under 2 s; its writer holds less than 200 MB.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import statistics
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.bar import Bar, skipped
from benchmarks.hours import write_hours
from miler.library import Library
from miler.units import STANDARD_LENGTHS_M

GOAL_BEST_S, GOAL_LIST_S = 0.3, 0.5
GOAL_AGAIN_S, GOAL_PEAK_MB = 2.0, 200.0
ACTIVITIES, FILES = 100_000, 2000
_PEER = "fitfast"  # a Rust extension

# Rows are made by SQLite itself: `n` is the activity, `hex` gives digits that look random but are not.
_MADE = """
    INSERT INTO settings VALUES (1, '{}');
    CREATE TEMP TABLE made AS
        WITH RECURSIVE made(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM made WHERE n < :activities)
        SELECT n, (n * 7919 % 10007) / 10007.0 AS luck FROM made;
    INSERT INTO activities SELECT n, strftime('%Y-%m-%dT%H:%M:%SZ', '1996-05-04', (n * 160) || ' minutes'),
        strftime('%Y-%m-%dT%H:%M:%S', '1996-05-04', (n * 160) || ' minutes'), 'UTC',
        CASE n % 5 WHEN 0 THEN 'cycling' ELSE 'running' END, NULL, 'watch ' || n % 7, 'Run ' || n, 3600,
        8000 + 9000 * luck, 3600, 3590, 3570, 'device', 1, '0', '2026-01-01T00:00:00Z' FROM made;
    INSERT INTO efforts SELECT n, length_m, name, length_m * (0.21 + 0.1 * luck),
        length_m * (0.21 + 0.1 * luck), 10, 20, 30, 40, '' FROM made, lengths WHERE n % 5;
    INSERT INTO scores SELECT n, 100 * luck, 3, 1, 1, 1, 'even' FROM made WHERE n % 5;
    INSERT INTO sources SELECT n, hex(zeroblob(28)) || printf('%08x', n), 1, 'fit', n || '.fit', 150000,
        NULL FROM made;
    INSERT INTO files SELECT n, '/runs/' || n || '.fit', '', n || '.fit', 150000, 0,
        hex(zeroblob(28)) || printf('%08x', n), 'fit', 'imported', NULL, NULL, '0', '2026-01-01T00:00:00Z'
        FROM made;
    INSERT INTO splits SELECT n, 'quarter', q.value, 0, 402.336, 0, 90, 90, 160, 180, 0, 0
        FROM made, json_each('[1,2,3,4]') q WHERE n % 5;
    INSERT INTO notes SELECT n, 1, 'teleport', 'finding', 'a displacement of 250 m across a pause', 100
        FROM made WHERE n % 50 = 0;
    INSERT INTO documents SELECT n, randomblob(2400), :report FROM made;
"""


def make_library(path: Path, activities: int) -> None:
    """Write a library of many made-up activities; the sizes of their documents are those of real ones."""
    values = {"activities": activities, "report": zlib.compress(b"a report")}
    with Library(path) as library, library.writing() as connection:
        connection.execute("CREATE TEMP TABLE lengths (length_m REAL, name TEXT)")
        connection.executemany(
            "INSERT INTO lengths VALUES (?, ?)", ((m, name) for name, m in STANDARD_LENGTHS_M.items())
        )
        for statement in _MADE.split(";\n"):
            if statement.strip():
                connection.execute(statement, values if ":" in statement else {})


def seconds(*arguments: object) -> float:
    """Return how long a whole command takes, start-up included."""
    command = [sys.executable, "-m", "miler.cli", *map(str, arguments)]
    begin = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True)
    return time.perf_counter() - begin


def median(*arguments: object, runs: int = 7) -> float:
    """Return the median of several runs."""
    return statistics.median(seconds(*arguments) for _ in range(runs))


def questions(folder: Path, activities: int) -> Iterator[tuple[str, float]]:
    """Measure questions to a large library, by the words of the command."""
    path = folder / "large.db"
    make_library(path, activities)
    for words in (
        "best 1mi",
        "best",
        "best 1mi --year 2001",
        "list",
        "list --since 2001-01-01 --until 2001-12-31",
        "list --note teleport",
        "list --device 3 --sport running",
    ):
        yield words, median(*words.split(), "--library", path)


@dataclass(frozen=True)
class Import:
    """How long an import took, the same again, and a peer that only decodes the files, on one core.

    Attributes:
        peak_mb: the most memory that the process held that hands out the files and writes.
        bytes_each: what an activity takes in the library.
    """

    files: int
    first_s: float
    again_s: float
    decode_s: float | None
    peak_mb: float
    bytes_each: float


def imports(folder: Path, files: int, jobs: int = 2) -> Import:
    """Import one-hour runs, and once more; have the peer read half of them before, half after."""
    paths = write_hours(folder / "runs", files)
    path = folder / "imported.db"
    command = [sys.executable, "-m", "miler.cli", "import", str(folder / "runs")]
    command += ["--library", str(path), "--jobs", str(jobs)]
    before_s = _decoded_s(paths[::2])
    (first_s, peak_mb), (again_s, _) = _watched(command), _watched(command)
    after_s = _decoded_s(paths[1::2])
    decode_s = None if before_s is None or after_s is None else before_s + after_s
    return Import(files, first_s, again_s, decode_s, peak_mb, path.stat().st_size / files)


def _decoded_s(paths: list[Path]) -> float | None:
    """Return how long the peer takes to read the records' columns; None where it is not installed."""
    if not importlib.util.find_spec(_PEER):
        return None
    read = importlib.import_module(_PEER).records
    begin = time.perf_counter()
    for path in paths:
        read(path)
    return time.perf_counter() - begin


def _watched(command: list[str]) -> tuple[float, float]:
    """Return the seconds of a command, and the megabytes that its own process held at most."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    if not hasattr(os, "wait4"):
        process.wait()
        return time.perf_counter() - begin, 0.0
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{' '.join(command)} ended with status {status}")
    return time.perf_counter() - begin, used.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def bars(short: bool) -> Iterator[Bar]:
    """Measure the bars of the library."""
    activities = ACTIVITIES // 10 if short else ACTIVITIES
    with TemporaryDirectory() as folder:
        measured = dict(questions(Path(folder), activities))
    for words, goal_s in (("best 1mi", GOAL_BEST_S), ("list", GOAL_LIST_S)):
        took_s = measured[words]
        name = f"miler {words}, {activities:,} activities"
        yield Bar(name, f"{took_s:.2f} s", f"< {goal_s} s", took_s < goal_s)
    with TemporaryDirectory() as folder:
        yield from _bars_of(imports(Path(folder), FILES // 10 if short else FILES))


def _bars_of(done: Import) -> Iterator[Bar]:
    name, goal = (
        f"import {done.files:,} one-hour FIT files, 2 jobs",
        f"no longer than {_PEER} decodes, 1 core",
    )
    if done.decode_s is None:
        yield skipped(name, goal, f"no {_PEER} here")
    else:
        ratio = done.first_s / done.decode_s
        figure = f"{done.first_s:.1f} s against {done.decode_s:.1f} s: {ratio:.2f} of it"
        yield Bar(name, figure, goal, ratio <= 1)
    yield Bar("the same again", f"{done.again_s:.2f} s", f"< {GOAL_AGAIN_S:g} s", done.again_s < GOAL_AGAIN_S)
    goal = f"< {GOAL_PEAK_MB:g} MB"
    yield Bar("memory of its writer", f"{done.peak_mb:.0f} MB", goal, done.peak_mb < GOAL_PEAK_MB)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--activities", type=int, default=ACTIVITIES)
    parser.add_argument("--files", type=int, default=FILES)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        print(f"{options.activities:,} activities (goals: best {GOAL_BEST_S} s, list {GOAL_LIST_S} s)")
        for words, took_s in questions(Path(folder), options.activities):
            print(f"  miler {words:<46}{took_s:>7.2f} s")
        done = imports(Path(folder), options.files)
        print(f"import of {done.files:,} one-hour FIT files, two jobs")
        rate = done.files / done.first_s
        print(f"  first {done.first_s:.2f} s ({rate:.0f} files/s), again {done.again_s:.2f} s")
        print(f"  {_PEER} decodes them in {done.decode_s or float('nan'):.2f} s on one core")
        print(
            f"  {done.bytes_each / 1000:.1f} kB of library an activity; the writer held {done.peak_mb:.0f} MB"
        )


if __name__ == "__main__":
    main()
