"""How fast does a large library answer? `python -m benchmarks.questions [--activities N]`.

The claims, each of a whole command as a user waits for it, start-up included, the median of several runs:
in a library of 100,000 activities `miler best 1mi` answers within 0.3 s and `miler list` within 0.5 s. All
other questions are measured beside them.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.bar import Bar
from miler.analysis import analyse
from miler.files import read
from miler.library import Library
from miler.library.entry import entry_of_one
from miler.units import STANDARD_LENGTHS_M

GOALS_S = {"best 1mi": 0.3, "list": 0.5}
ACTIVITIES = 100_000
_QUESTIONS = (
    "best 1mi",
    "best",
    "best 1mi --year 2001",
    "best 1mi --by year",
    "best 1mi --clock timer",
    "best 1mi --surface track",
    "best 1mi --kind race",
    "list",
    "list --since 2001-01-01 --until 2001-12-31",
    "list --note teleport",
    "list --device 3 --sport running",
    "list --surface track",
    "list --shoes racer",
    "list --tag club",
    "list --min-distance 10mi",
    "trend",
    "trend --format html",
    "compare 1 2",
    "export --format csv",
)

# Rows are made by SQLite itself: `n` is the activity, `luck` looks random but is not. Documents have the
# size of real ones; the first two are whole enough to be compared.
_MADE = """
    INSERT INTO settings VALUES (1, '{}');
    CREATE TEMP TABLE made AS
        WITH RECURSIVE made(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM made WHERE n < :activities)
        SELECT n, (n * 7919 % 10007) / 10007.0 AS luck FROM made;
    INSERT INTO activities SELECT n, strftime('%Y-%m-%dT%H:%M:%SZ', '1996-05-04', (n * 160) || ' minutes'),
        strftime('%Y-%m-%dT%H:%M:%S', '1996-05-04', (n * 160) || ' minutes'), 'UTC',
        CASE n % 5 WHEN 0 THEN 'cycling' ELSE 'running' END,
        CASE n % 9 WHEN 1 THEN 'track' WHEN 2 THEN 'street' END, 'watch ' || n % 7, 'Run ' || n, 3600,
        8000 + 9000 * luck, 3600, 3590, 3570, 'device', 1, '0', '2026-01-01T00:00:00Z' FROM made;
    INSERT INTO efforts SELECT n, length_m, name, length_m * (0.21 + 0.1 * luck),
        length_m * (0.21 + 0.1 * luck), 10, 20, 30, 40, '', length_m * (0.2 + 0.1 * luck),
        length_m * (0.22 + 0.1 * luck), 'B' FROM made, lengths WHERE n % 5;
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
    INSERT INTO documents (activity_id, document, report) SELECT n, :document, :report FROM made;
    INSERT INTO overrides (activity_id, tags, kind, shoes) SELECT n, 'club,home', 'race', 'Racer ' || n % 4
        FROM made WHERE n % 100 = 0;
"""
# Nobody needs this file after a crash.
_HASTE = ("synchronous = OFF", "journal_mode = OFF", "cache_size = -200000", "temp_store = MEMORY")
_INDEXES = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"


def make_library(path: Path, activities: int) -> None:
    """Write a library of many made-up activities, with every index made at the end, in order."""
    Library(path).close()
    values = {"activities": activities, "report": zlib.compress(b"a report"), "document": _document()}
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in _HASTE:
            connection.execute(f"PRAGMA {pragma}").fetchall()
        connection.execute("BEGIN")
        indexes = connection.execute(_INDEXES).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        connection.execute("CREATE TEMP TABLE lengths (length_m REAL, name TEXT)")
        connection.executemany(
            "INSERT INTO lengths VALUES (?, ?)", ((m, name) for name, m in STANDARD_LENGTHS_M.items())
        )
        for statement in filter(str.strip, _MADE.split(";\n")):
            connection.execute(statement, values if ":" in statement else {})
        for _, statement in indexes:
            connection.execute(statement)
        connection.execute("COMMIT")


def _document() -> bytes:
    """A document of a sample's, as the library keeps it."""
    sample = Path(__file__).resolve().parents[1] / "sample_files" / "track-mile.fit"
    document: bytes = entry_of_one(analyse(read(sample))).results[0].laid.rows["documents"][0][0]
    return document


def seconds(*arguments: object) -> float:
    """Return how long a whole command takes, start-up included."""
    command = [sys.executable, "-m", "miler.cli", *map(str, arguments)]
    begin = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
    return time.perf_counter() - begin


def answers(
    path: Path, questions: tuple[str, ...] = _QUESTIONS, runs: int = 7
) -> Iterator[tuple[str, float]]:
    """Yield each question with the median seconds of its answers."""
    for words in questions:
        yield words, statistics.median(seconds(*words.split(), "--library", path) for _ in range(runs))


def bars(short: bool) -> Iterator[Bar]:
    """Measure the bars of the library's questions."""
    activities = ACTIVITIES // 10 if short else ACTIVITIES
    with TemporaryDirectory() as folder:
        path = Path(folder) / "large.db"
        make_library(path, activities)
        for words, took_s in answers(path, tuple(GOALS_S)):
            name = f"miler {words}, {activities:,} activities"
            yield Bar(name, f"{took_s:.2f} s", f"< {GOALS_S[words]} s", took_s < GOALS_S[words], timed=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--activities", type=int, default=ACTIVITIES)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "large.db"
        begin = time.perf_counter()
        make_library(path, options.activities)
        made_s = time.perf_counter() - begin
        size_mb = path.stat().st_size / 1e6
        print(f"{options.activities:,} activities, made in {made_s:.1f} s, {size_mb:.0f} MB")
        for words, took_s in answers(path, runs=options.runs):
            goal = f"  goal {GOALS_S[words]} s" if words in GOALS_S else ""
            print(f"  miler {words:<46}{took_s:>7.2f} s{goal}")


if __name__ == "__main__":
    main()
