"""Many machines, tried on one: `python -m benchmarks.cluster [--files N] [--kills N]`.

The claims: a Dask scheduler and its workers, each a process of its own on the loopback, write the rows of
local processes, whatever their number, and whoever kills them; a scheduler that is restarted costs only what
was not finished; an S3 is read and written like a folder; two workers do nearly twice the work of one, the
cost of a file does not depend on how many there are, nor does the memory of who hands them out; and Dask
costs little more than processes.

Times of the processor are those of all processes together, so that they hold on a busy machine too; a
throughput does not, and is best measured on an idle one.
"""

from __future__ import annotations

import argparse
import importlib.util
import logging
import os
import random
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.bar import Bar, skipped
from devtools.clusters import Cluster, cpu_s
from devtools.small_runs import small_run

FILES, KILLS = 20_000, 20
_SHORT, _SHORT_KILLS = 600, 2
_LASTS_S = 150.0  # a run: one effort and a lap, so that what an engine costs is seen beside it
_WARM = 1_500  # files that workers read first, six batches, so that both have imported what that takes
_TURNS = 3  # a machine is not as fast from minute to minute
_ATHLETE = 500  # files of one
_UNLIKE = 2_000  # days; the next athletes ran on the same ones
_BETWEEN_S = (1.0, 3.0)  # kills: a worker is there again after two seconds or so
_LOOK_S = 0.5
_THERE = ("path", "file_id")  # what tells where a file lies
_LEAST_SPEEDUP, _STEEPEST, _MOST_OVERHEAD, _MOST_GROWTH_MIB = 1.8, 1.03, 0.15, 32.0


@dataclass(frozen=True)
class Took:
    """One import into a dataset: what was said, and what it took.

    `cpu_s` is that of everybody's processes, `peak_mib` the memory of the one that was asked.
    """

    code: int
    err: str
    wall_s: float
    cpu_s: float
    peak_mib: float

    @property
    def imported(self) -> int:
        """Return how many files it said to have imported."""
        said = re.search(r"^(\d+) imported", self.err, re.MULTILINE)
        return int(said[1]) if said else 0


def write_files(folder: Path, count: int) -> None:
    """Write small runs of many athletes, a folder each; what is there stays."""
    contents = [small_run(number, _LASTS_S) for number in range(min(count, _UNLIKE))]
    for number in range(count):
        path = folder / f"athlete-{number // _ATHLETE:03d}" / f"{number:06d}.fit"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(contents[number % _UNLIKE])


def run(
    source: str, root: str, cluster: Cluster | None, meanwhile: Callable[[], None] = lambda: None
) -> Took:
    """Import a folder into a dataset, by a cluster or by two processes of its own."""
    import psutil

    words = [sys.executable, "-m", "miler.cli", "import", source, "--dataset", root, "--athletes", "folder"]
    words += ["--engine", "dask", "--scheduler", cluster.address] if cluster else ["--jobs", "2"]
    before = cluster.cpu_s() if cluster else 0.0
    begin, used, peak = time.monotonic(), 0.0, 0
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            used = max(used, cpu_s(process.pid))
            try:
                peak = max(peak, psutil.Process(process.pid).memory_info().rss)
            except psutil.NoSuchProcess:
                break
            meanwhile()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_LOOK_S)
        wall_s = time.monotonic() - begin
        err = process.stderr.read() if process.stderr else ""
    used += (cluster.cpu_s() if cluster else 0.0) - before
    return Took(process.returncode, err, wall_s, used, peak / 2**20)


def rows(root: str, without: Sequence[str] = ()) -> dict[str, Any]:
    """Return every table of a dataset in one order."""
    from miler.dataset.reading import Dataset
    from miler.dataset.schema import TABLES

    dataset, tables = Dataset(root), {}
    for name in TABLES:
        table = dataset.table(name).drop_columns(
            [c for c in without if c in dataset.table(name).column_names]
        )
        tables[name] = table.sort_by([(column, "ascending") for column in table.column_names])
    return tables


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two datasets have the same rows, none lost and none twice."""
    return one["efforts"].num_rows > 0 and all(one[name].equals(other[name]) for name in one)


class Killer:
    """Kills a worker at random moments, so often, and restarts the scheduler once in the middle, if asked."""

    def __init__(self, cluster: Cluster, kills: int, restarts_after: int | None = None) -> None:
        self.kills = 0
        self._cluster, self._most, self._restarts_after = cluster, kills, restarts_after
        self._dice = random.Random(10)
        self._next_s = time.monotonic() + 1.0

    def __call__(self) -> None:
        """Do so if it is time."""
        if time.monotonic() < self._next_s or self.kills >= self._most:
            return
        if self.kills == self._restarts_after:
            self._restarts_after = None
            self._cluster.restart(workers=2)
        self.kills += self._cluster.kill_worker(self._dice)
        self._next_s = time.monotonic() + self._dice.uniform(*_BETWEEN_S)


@dataclass(frozen=True)
class Measured:
    """All runs over one folder; `sizes` are a few parts of it, by two workers.

    `turns` are of all of it: by local processes, by one worker, by two, one after the other.
    """

    files: int
    turns: list[tuple[Took, Took, Took]]
    sizes: dict[int, Took]
    same_rows: bool
    killed: list[Took]
    kills: int
    kills_asked: int
    same_after_kills: bool


def measure(files: int, kills: int, turns: int) -> Measured:
    """Run them all."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        counts = sorted({max(files // 20, 150), max(files // 4, 300), files})
        for count in (_WARM, *counts):
            write_files(folder / str(count), count)
        whole, warm = str(folder / str(files)), str(folder / str(_WARM))
        with Cluster(1, folder) as single, Cluster(2, folder) as double:
            crews = {"local": None, "one": single, "two": double}
            for crew in ("one", "two"):
                run(warm, str(folder / f"warm-{crew}"), crews[crew])
            took = [
                [run(whole, str(folder / f"{crew}-{turn}"), cluster) for crew, cluster in crews.items()]
                for turn in range(turns)
            ]
            sizes = {c: run(str(folder / str(c)), str(folder / f"size-{c}"), double) for c in counts}
            expected = rows(str(folder / "local-0"))
            same_rows = all(same(expected, rows(str(folder / name))) for name in ("one-0", "two-0"))
            killer = Killer(double, kills, restarts_after=kills // 2)
            killed = [run(whole, str(folder / "killed"), double, killer) for _ in range(3)]
        return Measured(
            files, [(local, one, two) for local, one, two in took], sizes, same_rows, killed, killer.kills,
            kills, same(expected, rows(str(folder / "killed"))),
        )  # fmt: skip


def bars(short: bool) -> Iterator[Bar]:
    """Measure the bars of this module; see `benchmarks.bars`."""
    if importlib.util.find_spec("distributed") is None:
        yield skipped(
            "many machines", "the rows of local processes", "no Dask here: miler[cluster] brings it"
        )
        return
    yield from _bars(measure(_SHORT, _SHORT_KILLS, 1) if short else measure(FILES, KILLS, _TURNS))
    yield _s3_bar()


def _bars(found: Measured) -> Iterator[Bar]:
    sizes = found.sizes
    whole, (least, *_) = sizes[found.files], sorted(sizes)
    name = f"{found.files:,} files by Dask"
    told = "the same" if found.same_rows else "OTHERS"
    yield Bar(f"{name}: rows of 1 and 2 workers", told, "those of local processes", found.same_rows)

    first, second, again = (took.imported for took in found.killed)
    figure = f"{found.kills} kills, scheduler restarted: {first:,} + {second:,} + {again} imported, "
    figure += "same rows" if found.same_after_kills else "OTHER ROWS"
    met = found.same_after_kills and again == 0 and first + second <= found.files
    # A fast machine is done with a few files before the last of them.
    met &= found.kills == found.kills_asked or found.files < FILES
    yield Bar(f"{name}: workers killed", figure, "same rows, none twice, 2nd run the rest", met)

    speedup = statistics.median(one.wall_s / two.wall_s for _, one, two in found.turns)
    yield Bar(
        f"{name}: throughput of 2 workers to 1", f"{speedup:.2f}", f">= {_LEAST_SPEEDUP}",
        speedup >= _LEAST_SPEEDUP, timed=True,
    )  # fmt: skip

    counts = sorted(sizes)
    steep = float(np.polyfit(np.log(counts), np.log([sizes[c].cpu_s for c in counts]), 1)[0])
    each = ", ".join(f"{sizes[c].cpu_s / c * 1e3:.1f}" for c in counts)
    yield Bar(
        f"{least:,} to {found.files:,} files: ms of processor each", f"{each}; slope {steep:.3f}",
        f"slope <= {_STEEPEST}", steep <= _STEEPEST, timed=True,
    )  # fmt: skip

    grown = whole.peak_mib - sizes[least].peak_mib
    figure = f"{whole.peak_mib:.0f} MiB, {grown:+.0f} to {least:,} files"
    # Looked at twice a second: of a few files the most may be missed.
    yield Bar(
        f"{name}: memory of the client", figure, f"< +{_MOST_GROWTH_MIB:g} MiB", grown < _MOST_GROWTH_MIB,
        timed=True,
    )  # fmt: skip

    cost = statistics.median(two.cpu_s / local.cpu_s for local, _, two in found.turns) - 1
    wall = statistics.median(two.wall_s / local.wall_s for local, _, two in found.turns) - 1
    yield Bar(
        f"{name}: overhead over processes", f"{cost:+.1%} of the processor, {wall:+.1%} of the clock",
        f"< {_MOST_OVERHEAD:.0%}", cost < _MOST_OVERHEAD, timed=True,
    )  # fmt: skip


def _s3_bar() -> Bar:
    """Read a bucket by a cluster, and write the dataset into another one."""
    name, goal = "s3:// to s3:// by Dask, of a server on the loopback", "the rows of a folder"
    if not all(map(importlib.util.find_spec, ("moto", "s3fs"))):
        return skipped(name, goal, "no S3 here: miler[s3-tests] brings one")
    with TemporaryDirectory() as folder, _server() as client:
        write_files(Path(folder) / "runs", 60)
        for path in Path(folder, "runs").glob("*/*.fit"):
            client.put_file(str(path), str(path.relative_to(folder)))
        run(f"{folder}/runs", f"{folder}/local", None)
        with Cluster(1, Path(folder)) as cluster:
            there = run("s3://runs", "s3://datasets/d", cluster)
            again = run("s3://runs", "s3://datasets/d", cluster)
        alike = same(rows(f"{folder}/local", _THERE), rows("s3://datasets/d", _THERE))
        figure = f"{there.imported} imported, then {again.imported}; {'the same' if alike else 'OTHERS'}"
        return Bar(name, figure, goal, alike and there.imported == 60 and again.imported == 0)


@contextmanager
def _server() -> Iterator[Any]:
    import s3fs
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line a request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "here",
        "AWS_SECRET_ACCESS_KEY": "here",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    client = s3fs.S3FileSystem()
    for bucket in ("runs", "datasets"):
        client.mkdir(bucket)
    try:
        yield client
    finally:
        server.stop()


def main() -> int:
    """Measure and print; exit 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--files", type=int, default=FILES)
    parser.add_argument("--kills", type=int, default=KILLS)
    options = parser.parse_args()
    missed = 0
    for bar in [*_bars(measure(options.files, options.kills, _TURNS)), _s3_bar()]:
        missed += bar.met is False
        print(f"{bar.name:<56}  {bar.figure:<72}  {bar.goal:<42} {bar.met}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
