"""What a dataset of many athletes costs, and how it answers: `python -m benchmarks.dataset cost|ask|open`.

`cost` takes hour-long runs through all that a worker does, stage by stage, in seconds of the processor;
docs/scale.md reckons with it. `ask` puts the same questions to miler, on pyarrow, and in SQL to duckdb,
where that is installed, both from opening the dataset to the rows. `open` finds out which of a million
files were read. The claims: what a worker writes costs it little beside what it reads, and of 100,000
activities of 200 athletes `miler best 1mi` answers within 1.5 s of the processor, start-up included; most of
that is the start of pyarrow, which loads pandas where it is installed.
"""

from __future__ import annotations

import argparse
import gzip
import os
import statistics
import sys
import time
import tracemalloc
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import questions
from benchmarks.bar import Bar
from benchmarks.hours import one_hour
from miler.analysis import analyse
from miler.batch import Batch
from miler.dataset.manifests import Manifest, Part, folder_of, name_of
from miler.dataset.reading import Dataset
from miler.dataset.schema import arrow_schema
from miler.dataset.storage import Storage
from miler.dataset.writing import write
from miler.files import Found, load
from miler.formats import decode
from miler.formats.inflate import gunzip
from miler.outcome import Outcome
from miler.report import gpx
from miler.units import MILE_M, STANDARD_LENGTHS_M

ACTIVITIES = 100_000
MILLION = 1_000_000
_EACH = 500  # activities of an athlete
_YEARS = range(2021, 2026)
_BATCH = 256
_GOAL_S = 1.5
_MOST_SHARE = 0.35
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

Ask = Callable[[Path, dict[str, Any]], list[tuple[Any, ...]]]


def stages(files: int) -> dict[str, float]:
    """Return the milliseconds of the processor that each stage takes of an hour's run, the median of many.

    GPX is the same run as far as that format has it. What is written is a batch of one athlete, and for
    `scattered` one in which each file is of another: parts of a single run, as of a daily import.
    """
    took: dict[str, list[float]] = defaultdict(list)

    def timed(stage: str, work: Callable[..., Any], *given: Any) -> Any:
        begin = time.process_time()
        result = work(*given)
        took[stage].append((time.process_time() - begin) * 1e3)
        return result

    with TemporaryDirectory() as folder:
        ended: list[tuple[Found, Outcome]] = []
        for number in range(files):
            path = Path(folder) / f"{number}.fit"
            path.write_bytes(one_hour(number))
            data = timed("read", load, path)
            (activity,) = timed("decode FIT", decode, data)
            timed("gunzip FIT", gunzip, gzip.compress(data))
            text = gpx.render(activity).encode()
            timed("decode GPX", decode, text)
            timed("gunzip GPX", gunzip, gzip.compress(text))
            outcome = Outcome(activity.source, "done", (timed("analyse", analyse, activity),))
            ended.append((Found(str(path), path.name, size_bytes=len(data), mtime_ns=0), outcome))
        write(Batch((ended[0][0],)), [ended[0][1]], Storage(Path(folder) / "warm.ds"), 1)
        storage = Storage(Path(folder) / "out.ds")
        timed("write", write, Batch(tuple(f for f, _ in ended)), [o for _, o in ended], storage, 1)
        size = sum(file.stat().st_size for file in Path(storage.root).rglob("*") if file.is_file())
        scattered = Batch(tuple(replace(f, athlete=f.name) for f, _ in ended))
        timed("write, scattered", write, scattered, [o for _, o in ended], storage, 2)
    found = {stage: statistics.median(some) for stage, some in took.items()}
    found |= {stage: found[stage] / files for stage in ("write", "write, scattered")}
    return found | {"bytes": size / files}


def make_dataset(root: Path, activities: int) -> None:
    """Write a dataset of made-up activities, cut into batches as an import cuts them."""
    storage = Storage(root)
    lengths_m = np.array(list(STANDARD_LENGTHS_M.values()))
    for begin in range(0, activities, _BATCH):
        numbers = np.arange(begin, min(begin + _BATCH, activities))
        batch = f"{begin:032x}"
        athletes, years = numbers // _EACH, _YEARS[0] + numbers % _EACH * len(_YEARS) // _EACH
        parts: list[Part] = []
        for athlete, year in sorted(set(zip(athletes.tolist(), years.tolist(), strict=True))):
            those = numbers[(athletes == athlete) & (years == year)]
            luck = those * 7919 % 10007 / 10007  # what looks random but is not
            elapsed_s = np.outer(0.21 + 0.1 * luck, lengths_m)
            efforts = _columns(
                "efforts",
                file_id=np.repeat(those, len(lengths_m)),
                length_m=np.tile(lengths_m, len(those)),
                elapsed_s=elapsed_s.ravel(),
            ).sort_by([("length_m", "ascending"), ("elapsed_s", "ascending")])
            fastest_s = dict(zip(lengths_m.tolist(), elapsed_s.min(axis=0).tolist(), strict=True))
            for columns, fastest in ((_columns("activities", file_id=those), {}), (efforts, fastest_s)):
                table = "efforts" if fastest else "activities"
                name = f"{table}/{folder_of(f'runner {athlete:05d}', year)}/{batch}-{0:016x}.parquet"
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                pq.write_table(columns, root / name, compression="zstd")
                parts.append(Part(name, len(columns), fastest))
        storage.put(name_of(batch), Manifest(batch, 1, tuple(parts), numbers, numbers).dumps())


def _columns(table: str, *, file_id: Any, **others: Any) -> Any:
    """Return made-up columns: what is not given has a value in every row, as real ones have."""
    count = len(file_id)
    moments = 1_600_000_000_000_000 + file_id * 86_400_000_000
    made = {"string": np.full(count, "a word"), "int64": np.ones(count, np.int64), "double": file_id * 0.37}
    given = {"file_id": file_id, **others}
    schema = arrow_schema(table)
    arrays = [given.get(field.name, made.get(str(field.type), moments)) for field in schema]
    return pa.table(
        [pa.array(array).cast(field.type) for array, field in zip(arrays, schema, strict=True)], schema=schema
    )


def by_pyarrow(root: Path, question: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Ask miler."""
    return [tuple(vars(best).values()) for best in Dataset(root).best(MILE_M, **question)]


def by_duckdb(root: Path, question: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Ask the same in SQL of all parts that the manifests name."""
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


def seconds(ask: Ask, root: Path, question: dict[str, Any]) -> tuple[float, float]:
    """Return the least seconds that an answer took, and of the processor; the first is not counted."""
    ask(root, question)
    took = []
    for _ in range(3):
        wall, cpu = time.perf_counter(), time.process_time()
        ask(root, question)
        took.append((time.perf_counter() - wall, time.process_time() - cpu))
    return min(wall for wall, _ in took), min(cpu for _, cpu in took)


def opened(files: int) -> tuple[float, float, float]:
    """Return what it takes to know which of so many files were read: MB on the disk, seconds, MiB at most."""
    with TemporaryDirectory() as folder:
        for begin in range(0, files, _BATCH):
            ids = np.random.default_rng(begin).integers(-(2**63), 2**63 - 1, (2, _BATCH))
            lengths = {length_m: 1000.123456 for length_m in STANDARD_LENGTHS_M.values()}
            parts = [
                Part(f"{table}/athlete=runner/year={year}/{begin:032x}-{begin:016x}.parquet", 1000, lengths)
                for table in ("activities", "efforts", "splits", "laps", "notes")
                for year in _YEARS[:3]
            ]
            data = Manifest(f"{begin:032x}", 1, tuple(parts), *ids).dumps()
            (path := Path(folder) / name_of(f"{begin:032x}")).parent.mkdir(exist_ok=True)
            path.write_bytes(data)
        size_mb = sum(path.stat().st_size for path in Path(folder).rglob("*.json")) / 1e6
        begin_s = time.process_time()
        Dataset(folder).done()
        took_s = time.process_time() - begin_s
        tracemalloc.start()
        dataset = Dataset(folder)
        dataset.done()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return size_mb, took_s, peak / 2**20


def bars(short: bool) -> Iterator[Bar]:
    """Measure the bars of datasets; see `benchmarks.bars`."""
    took = stages(10 if short else 40)
    share = took["write"] / (took["decode FIT"] + took["analyse"])
    figure = f"{share:.0%} of reading and analysing it"
    met = share < _MOST_SHARE
    yield Bar("an hour's run into a dataset: writing", figure, f"< {_MOST_SHARE:.0%}", met, timed=True)
    activities = ACTIVITIES // 20 if short else ACTIVITIES
    with TemporaryDirectory() as folder:
        root = Path(folder) / "large.ds"
        make_dataset(root, activities)
        for words in ("best 1mi", "best 1mi --per-athlete"):
            took_s = min(_command_s(*words.split(), "--dataset", root) for _ in range(3))
            name = f"miler {words} --dataset, {activities:,} activities"
            figure, goal = f"{took_s:.2f} s of the processor", f"< {_GOAL_S:g} s"
            yield Bar(name, figure, goal, took_s < _GOAL_S, timed=True)


def _command_s(*arguments: object) -> float:
    """Return the seconds of the processor that a whole command takes, start-up included."""
    before = os.times()
    questions.seconds(*arguments)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def _show_cost(files: int) -> None:
    for stage, value in stages(files).items():
        unit = "bytes" if stage == "bytes" else "ms"
        hours = "" if stage == "bytes" else f"{value * MILLION / 3.6e6:9.2f} core-hours a million"
        print(f"{stage:<20}{value:10.2f} {unit:<6}{hours}")


def _show_answers(activities: int) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder) / "large.ds"
        make_dataset(root, activities)
        files = [path.stat().st_size for path in root.rglob("*.parquet")]
        print(f"{activities:,} activities, {len(files):,} parts, {sum(files) / 1e6:.0f} MB")
        for words, question in _QUESTIONS.items():
            for name, ask in (("pyarrow", by_pyarrow), ("duckdb", by_duckdb)):
                wall_s, cpu_s = seconds(ask, root, question)
                print(f"  {words:<26}{name:<10}{wall_s:6.2f} s, {cpu_s:.2f} s of the processor", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=("cost", "ask", "open"), nargs="?", default="cost")
    parser.add_argument("--many", type=int, help="files of `cost` [40], activities of `ask` [100,000],"
                        " files of `open` [1,000,000]")  # fmt: skip
    options = parser.parse_args()
    if options.what == "cost":
        _show_cost(options.many or 40)
    elif options.what == "ask":
        _show_answers(options.many or ACTIVITIES)
    else:
        size_mb, took_s, peak_mib = opened(options.many or MILLION)
        print(f"{size_mb:.0f} MB of manifests, {took_s:.1f} s of the processor, {peak_mib:.0f} MiB at most")


if __name__ == "__main__":
    main()
