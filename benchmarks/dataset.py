"""How fast does a dataset of many athletes answer? `python -m benchmarks.dataset [--activities N]`.

A made-up dataset, its activities and efforts as many as real ones have, in batches as an import cuts them.
Asked are the best miles of all, of one athlete, and of each; by miler's own question on pyarrow, and by the
same question in SQL on duckdb, where that is installed: both from opening the dataset to the rows.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from miler.dataset.manifests import Manifest, Part, name_of
from miler.dataset.reading import Dataset
from miler.dataset.schema import arrow_schema
from miler.dataset.storage import Storage
from miler.dataset.writing import put_part
from miler.units import MILE_M, STANDARD_LENGTHS_M

ACTIVITIES = 100_000
_EACH = 500  # activities of an athlete
_YEARS = range(2021, 2026)
_BATCH = 256
_GOAL_S = 1.0
_QUESTIONS: dict[str, dict[str, Any]] = {
    "best 1mi": {},
    "best 1mi --athlete": {"athlete": "runner 00007"},
    "best 1mi --per-athlete": {"per_athlete": True, "limit": None},
}
_SQL = """
    WITH ranked AS (
        SELECT *, row_number() OVER (PARTITION BY athlete{run} ORDER BY elapsed_s, start_time) AS place
        FROM read_parquet({efforts}, hive_partitioning = true) WHERE length_m = {length_m} {where})
    SELECT r.athlete, r.length_m, r.elapsed_s, r.timer_s, r.low_s, r.high_s, r.grade, r.flags, a.start_local,
           a.file, a.device, a.age_grade_percent
    FROM (SELECT * FROM ranked WHERE place = 1 ORDER BY elapsed_s, start_time LIMIT {limit}) r
    JOIN read_parquet({activities}, hive_partitioning = true) a USING (file_id, part) ORDER BY r.elapsed_s
"""


def make_dataset(root: Path, activities: int) -> None:
    """Write a dataset of made-up activities, batch by batch."""
    storage = Storage(root)
    for begin in range(0, activities, _BATCH):
        numbers = range(begin, min(begin + _BATCH, activities))
        batch = f"{begin:032x}"
        parts: list[Part] = []
        for athlete, year in sorted({(_athlete(n), _year(n)) for n in numbers}):
            those = [n for n in numbers if (_athlete(n), _year(n)) == (athlete, year)]
            rows = {
                "activities": [_activity(n) for n in those],
                "efforts": [_effort(n, m) for n in those for m in STANDARD_LENGTHS_M.values()],
            }
            parts += [
                put_part(storage, batch, (table, athlete, year), some)[0] for table, some in rows.items()
            ]
        ids = np.array(numbers, dtype=np.int64)
        storage.put(name_of(batch), Manifest(batch, 1, tuple(parts), ids, ids).dumps())


def _athlete(number: int) -> str:
    return f"runner {number // _EACH:05d}"


def _year(number: int) -> int:
    return _YEARS[number % _EACH * len(_YEARS) // _EACH]


def _luck(number: int) -> float:
    """Return what looks random but is not, below 1."""
    return number * 7919 % 10007 / 10007


def _row(table: str, number: int, values: dict[str, Any]) -> dict[str, Any]:
    """Return a row with a value in every column, as real ones have."""
    kinds: dict[str, Any] = {"string": "a word", "int64": 7, "double": 1000 * _luck(number)}
    moment = 1_600_000_000_000_000 + number * 86_400_000_000
    own = {"file_id": number, "part": 1}
    names = ((field.name, str(field.type)) for field in arrow_schema(table))
    return {name: kinds.get(kind, moment) for name, kind in names} | own | values


def _activity(number: int) -> dict[str, Any]:
    return _row("activities", number, {"path": f"/runs/{number}.fit", "file": f"{number}.fit"})


def _effort(number: int, length_m: float) -> dict[str, Any]:
    elapsed_s = length_m * (0.21 + 0.1 * _luck(number))
    return _row("efforts", number, {"length_m": length_m, "elapsed_s": elapsed_s, "flags": ""})


def by_pyarrow(root: Path, question: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Ask miler."""
    return [tuple(vars(best).values()) for best in Dataset(root).best(MILE_M, **question)]


def by_duckdb(root: Path, question: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Ask the same in SQL of the parts that the manifests name."""
    import duckdb

    dataset = Dataset(root)
    query = _SQL.format(
        efforts=[str(root / part.name) for part, _ in dataset.parts("efforts")],
        activities=[str(root / part.name) for part, _ in dataset.parts("activities")],
        length_m=MILE_M,
        run="" if question.get("per_athlete") else ", start_time",
        where=f"AND athlete = '{question['athlete']}'" if "athlete" in question else "",
        limit=question.get("limit", 10) or sys.maxsize,
    )
    rows: list[tuple[Any, ...]] = duckdb.connect().execute(query).fetchall()
    return rows


def seconds(
    ask: Callable[[Path, dict[str, Any]], list[tuple[Any, ...]]], root: Path, question: dict[str, Any]
) -> float:
    """Return the median of five answers, the first of which is not counted."""
    took = []
    for _ in range(6):
        begin = time.perf_counter()
        ask(root, question)
        took.append(time.perf_counter() - begin)
    return statistics.median(took[1:])
