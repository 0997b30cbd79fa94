"""How fast is the library? `python -m benchmarks.library [--activities N] [--files N]`.

The claims, each of a whole command as a user waits for it, the median of several runs: in a library of
100,000 activities `miler best 1mi` answers within 0.3 s and `miler list` within 0.5 s. Also measured:
how many one-hour FIT files a second `miler import` takes, how long the same import takes again, and
how many bytes an activity costs.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.bar import Bar
from devtools.recording import Recording
from devtools.writers import write_fit
from miler.library import Library
from miler.units import STANDARD_LENGTHS_M

GOAL_BEST_S, GOAL_LIST_S = 0.3, 0.5
ACTIVITIES, FILES = 100_000, 40
_START = datetime(1996, 5, 4, 6, 30, tzinfo=UTC)

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


def make_files(folder: Path, count: int) -> None:
    """Write one-hour runs on a winding road, recorded each second; no two are alike."""
    folder.mkdir(parents=True, exist_ok=True)
    time_s = np.arange(3600.0)
    for seed in range(count):
        rng = np.random.default_rng(seed)
        speed = 3.2 + 0.4 * np.sin(time_s / rng.uniform(200, 900)) + rng.normal(0, 0.05, len(time_s))
        heading = np.cumsum(rng.normal(0, 0.02, len(time_s)))
        north_m, east_m = np.cumsum(speed * np.cos(heading)), np.cumsum(speed * np.sin(heading))
        run = Recording(
            start_time=_START + timedelta(days=seed),
            time_s=time_s,
            latitude_deg=51.5 + north_m / 111_200,
            longitude_deg=-0.1 + east_m / 69_000,
            distance_m=np.cumsum(speed),
            speed_mps=speed,
            altitude_m=30 + 10 * np.sin(time_s / 400),
            heart_rate_bpm=np.round(150 + 10 * np.sin(time_s / 700)),
            cadence_spm=np.full(len(time_s), 176.0),
        )
        (folder / f"{seed:06d}.fit").write_bytes(write_fit(run))


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


def imports(folder: Path, files: int, jobs: int = 2) -> tuple[float, float, float]:
    """Return the seconds of an import, of the same import again, and the library's bytes an activity."""
    make_files(folder / "runs", files)
    path = folder / "imported.db"
    first, second = (seconds("import", folder / "runs", "--library", path, "--jobs", jobs) for _ in range(2))
    return first, second, path.stat().st_size / files


def bars(short: bool) -> Iterator[Bar]:
    """Measure the bars of the library."""
    activities = ACTIVITIES // 10 if short else ACTIVITIES
    with TemporaryDirectory() as folder:
        measured = dict(questions(Path(folder), activities))
    for words, goal_s in (("best 1mi", GOAL_BEST_S), ("list", GOAL_LIST_S)):
        took_s = measured[words]
        name = f"miler {words}, {activities:,} activities"
        yield Bar(name, f"{took_s:.2f} s", f"< {goal_s} s", took_s < goal_s)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--activities", type=int, default=ACTIVITIES)
    parser.add_argument("--files", type=int, default=FILES)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        print(f"{options.activities:,} activities (goals: best {GOAL_BEST_S} s, list {GOAL_LIST_S} s)")
        for words, took_s in questions(Path(folder), options.activities):
            print(f"  miler {words:<46}{took_s:>7.2f} s")
        first, second, size = imports(Path(folder), options.files)
        print(f"import of {options.files} one-hour FIT files, two jobs")
        print(f"  first {first:.2f} s ({options.files / first:.0f} files/s), again {second:.2f} s")
        print(f"  {size / 1000:.1f} kB of library an activity")


if __name__ == "__main__":
    main()
