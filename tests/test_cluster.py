"""Dask's scheduler and workers as processes on the loopback: what they write is what local ones write."""

from __future__ import annotations

import gc
import random
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from devtools.clusters import Cluster
from devtools.small_runs import write_runs
from miler import batch
from miler.batch import Batch, completed
from miler.cluster import Dask
from miler.dataset.athletes import athletes
from miler.dataset.importing import import_into
from miler.dataset.reading import Dataset
from miler.dataset.schema import TABLES
from miler.engines import Engine, Local
from miler.errors import Died, MilerError
from miler.files import Found, find, load
from miler.settings import Settings
from tests.conftest import Miler
from tests.test_batch import VICTIM, names_but_the_victims, names_of

# Dask leaves sockets to be closed by whoever collects them, which may be another test.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

Rows = dict[str, list[dict[str, Any]]]
COUNT, BATCH = 60, 5
DICE = random.Random(10)


@pytest.fixture(scope="module", autouse=True)
def _collected() -> Iterator[None]:
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler with one worker; a test adds the second one."""
    with Cluster(1, tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of three athletes, and a file that is no activity."""
    folder = tmp_path_factory.mktemp("runs")
    for number, name in enumerate(("anna", "bob", "cy")):
        write_runs(folder / name, COUNT // 3, seed=number * COUNT // 3)
    (folder / "bob" / "rubbish.fit").write_bytes(b"rubbish")
    return folder


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "_BATCH_FILES", BATCH)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, runs: Path) -> Rows:
    root = tmp_path_factory.mktemp("whole")
    with Local(2) as local:
        assert sum(imported(root, runs, local)) == COUNT + 1
    return rows_of(root)


def imported(root: Path, runs: Path, engine: Engine) -> Iterator[int]:
    """Import, and yield how many files each batch had."""
    told = athletes("folder", Settings(), load)
    for done in import_into(root, find([runs]), told, engine):
        yield sum(done.counts.values())


def rows_of(root: Path) -> Rows:
    dataset = Dataset(root)
    return {name: sorted(dataset.table(name).to_pylist(), key=repr) for name in TABLES}


def test_one_worker_and_two_write_the_rows_of_local_processes(
    cluster: Cluster, runs: Path, whole: Rows, tmp_path: Path
) -> None:
    with Dask(cluster.address) as dask:
        assert dask.jobs == 1
        assert sum(imported(tmp_path / "one", runs, dask)) == COUNT + 1
    assert rows_of(tmp_path / "one") == whole
    cluster.add_worker()
    with Dask(cluster.address) as dask:
        assert dask.jobs == 2
        assert sum(imported(tmp_path / "two", runs, dask)) == COUNT + 1
        assert list(imported(tmp_path / "two", runs, dask)) == []
    assert rows_of(tmp_path / "two") == whole


def test_a_worker_that_is_killed_in_the_middle_loses_no_row_and_doubles_none(
    cluster: Cluster, runs: Path, whole: Rows, tmp_path: Path
) -> None:
    with Dask(cluster.address) as dask:
        work = imported(tmp_path, runs, dask)
        files = next(work)
        assert cluster.kill_worker(DICE)
        files += sum(work)
    assert files == COUNT + 1
    assert rows_of(tmp_path) == whole


def test_the_file_that_kills_workers_is_named_and_costs_no_other(cluster: Cluster, runs: Path) -> None:
    files = list(find([runs / "anna"]))[:4]
    some = Batch((*files, Found(VICTIM, VICTIM)))
    with Dask(cluster.address) as dask:
        results = list(completed(dask, names_but_the_victims, [some]))
    assert [names_of(part) for part, result in results if isinstance(result, Died)] == [[VICTIM]]
    read = [name for _, result in results if not isinstance(result, Died) for name in result]
    assert sorted(read) == [found.name for found in files]


def test_a_report_by_a_cluster_has_the_bytes_of_a_report_by_this_process(
    cluster: Cluster, runs: Path, miler: Miler
) -> None:
    words = ("report", runs / "bob", "--format", "json")
    here = miler(*words, "--jobs", "1")
    there = miler(*words, "--engine", "dask", "--scheduler", cluster.address)
    assert here.out.count("sha256") == COUNT // 3
    assert there == here


def test_a_library_takes_what_a_cluster_reads(
    cluster: Cluster, runs: Path, miler: Miler, tmp_path: Path
) -> None:
    by = ("--engine", "dask", "--scheduler", cluster.address)
    words = ("import", runs / "cy", "--library", tmp_path / "library.db", *by)
    assert miler(*words).err == f"{COUNT // 3} imported\n"
    assert miler(*words).err == f"{COUNT // 3} unchanged\n"


def test_a_scheduler_that_went_away_costs_what_it_had_not_finished(
    cluster: Cluster, runs: Path, whole: Rows, tmp_path: Path
) -> None:
    before: list[int] = []
    with (
        pytest.raises(MilerError, match="the same command again does the rest"),
        Dask(cluster.address) as dask,
    ):
        for count in imported(tmp_path, runs, dask):
            before.append(count)
            if len(before) == 3:
                cluster.restart(workers=1)
    with Dask(cluster.address) as dask:
        after = sum(imported(tmp_path, runs, dask))
    assert 0 < after <= COUNT + 1 - sum(before)
    assert rows_of(tmp_path) == whole


def test_a_scheduler_that_is_not_there_is_said_in_one_line(miler: Miler, runs: Path) -> None:
    ran = miler("report", runs, "--scheduler", "tcp://127.0.0.1:9")
    assert (ran.code, ran.out) == (2, "")
    assert "--scheduler is of --engine dask" in ran.err
    ran = miler("report", runs, "--engine", "dask", "--scheduler", "127.0.0.1")
    assert (ran.code, ran.out) == (1, "")
    assert "no Dask scheduler answers at 127.0.0.1" in ran.err


def test_without_dask_its_extra_is_named(monkeypatch: pytest.MonkeyPatch, miler: Miler, runs: Path) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    ran = miler("report", runs, "--engine", "dask")
    assert ran.code == 2
    assert "`pip install 'miler[cluster]'`" in ran.err


def test_a_program_that_needs_no_cluster_imports_none_of_it(samples: Path) -> None:
    look = (
        "import sys, miler.cli; miler.cli.main(['report', sys.argv[1]]);"
        "sys.exit(' '.join({'dask', 'distributed', 'pyarrow', 'fsspec'} & set(sys.modules)) or 0)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", look, samples / "treadmill.fit"], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
