from __future__ import annotations

import os
import shutil
import signal
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from miler import batch, engines
from miler.batch import Batch, batches, completed, file_key
from miler.engines import Local
from miler.errors import Died
from miler.files import Found, find
from miler.limits import MIB
from miler.outcome import Kind, Outcome
from miler.report.document import document, dumps
from miler.settings import Settings

VICTIM = "b-treadmill.fit"


@pytest.fixture
def many(tmp_path: Path, samples: Path) -> list[Found]:
    """Eighteen files: more than two workers hold at a time in whole chunks."""
    for letter in "abc":
        for sample in samples.glob("*.*"):
            if sample.suffix in (".fit", ".gpx", ".gz"):
                shutil.copy(sample, tmp_path / f"{letter}-{sample.name}")
    return list(find([tmp_path]))


def told(outcome: Outcome) -> tuple[str, Kind, str | None]:
    return outcome.source.name, outcome.kind, None if outcome.error is None else outcome.error.code


def written(outcome: Outcome) -> str:
    return "".join(dumps(document(analysis)) for analysis in outcome.analyses)


def killed_by_the_victim(outcome: Outcome) -> tuple[str, Kind, str | None]:
    if outcome.source.name == VICTIM and outcome.kind == "done":
        os.kill(os.getpid(), signal.SIGKILL)
    return told(outcome)


def broken_by_the_victim(outcome: Outcome) -> tuple[str, Kind, str | None]:
    if outcome.source.name == VICTIM and outcome.kind == "done":
        raise ZeroDivisionError("no such pace")
    return told(outcome)


def message(outcome: Outcome) -> str:
    if outcome.kind == "done":
        raise ZeroDivisionError("no such pace")
    assert outcome.error is not None
    return outcome.error.message


def process_of(outcome: Outcome) -> int:
    return os.getpid()


def test_results_come_in_the_order_of_the_files(many: list[Found], jobs: int) -> None:
    results = list(batch.run(many, Settings(), told, jobs=jobs))
    assert results == [(found.name, "done", None) for found in many]


def test_one_process_and_two_give_the_same_bytes(many: list[Found]) -> None:
    serial, parallel = (list(batch.run(many, Settings(), written, jobs=jobs)) for jobs in (1, 2))
    assert serial == parallel


def test_processes_started_afresh_give_the_same_bytes(
    many: list[Found], monkeypatch: pytest.MonkeyPatch
) -> None:
    serial = list(batch.run(many, Settings(), written))
    monkeypatch.setattr(engines, "_METHOD", "spawn")  # what Windows and macOS do
    assert list(batch.run(many, Settings(), written, jobs=2)) == serial


def test_two_jobs_work_in_other_processes(many: list[Found]) -> None:
    assert set(batch.run(many, Settings(), process_of, jobs=1)) == {os.getpid()}
    assert os.getpid() not in set(batch.run(many, Settings(), process_of, jobs=2))


def test_a_file_that_cannot_be_read_stops_nothing(many: list[Found], tmp_path: Path, jobs: int) -> None:
    (tmp_path / "a-web-page.fit").write_text("<html>log in</html>")
    files = [Found("gone.fit", "gone.fit"), *find([tmp_path])]
    results = list(batch.run(files, Settings(), told, jobs=jobs))
    assert results[0] == ("gone.fit", "failed", "unreadable")
    assert ("a-web-page.fit", "failed", "unknown_format") in results
    assert [kind for _, kind, _ in results].count("done") == len(many)


def test_a_worker_that_is_killed_costs_its_file_only(many: list[Found]) -> None:
    results = list(batch.run(many, Settings(), killed_by_the_victim, jobs=2))
    expected = [(found.name, "done", None) for found in many if found.name != VICTIM]
    assert [result for result in results if result[0] != VICTIM] == expected
    assert (VICTIM, "failed", "worker_died") in results


def test_a_fault_of_miler_costs_its_file_only(many: list[Found], jobs: int) -> None:
    results = list(batch.run(many, Settings(), broken_by_the_victim, jobs=jobs))
    assert [name for name, kind, _ in results if kind == "failed"] == [VICTIM]
    assert (VICTIM, "failed", "internal") in results


def test_a_fault_is_told_with_its_place_so_that_it_can_be_mended(many: list[Found]) -> None:
    (told,) = batch.run(many[:1], Settings(), message)
    assert "ZeroDivisionError" in told
    assert "no such pace" in told
    assert "test_batch:" in told


def test_a_relative_path_means_the_same_to_a_worker(
    many: list[Found], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    monkeypatch.chdir(tmp_path)
    files = [Found(found.name, found.name) for found in many[:2]]
    results = list(batch.run(files, Settings(), told, jobs=jobs))
    assert results == [(found.name, "done", None) for found in files]


def test_files_are_asked_for_as_they_are_needed(many: list[Found]) -> None:
    asked: list[str] = []

    def forever() -> object:
        while True:
            asked.append(many[0].name)
            yield many[0]

    results = batch.run(forever(), Settings(), told, jobs=2)  # type: ignore[arg-type]
    assert next(results) == (many[0].name, "done", None)
    assert len(asked) < 100


def test_analyses_can_be_handed_back_whole(many: list[Found], jobs: int) -> None:
    (outcome,) = batch.run(many[:1], Settings(), batch.unchanged, jobs=jobs)
    (analysis,) = outcome.analyses
    assert analysis.mile is not None
    assert analysis.trace.elapsed_s.shape == analysis.trace.distance_m.shape


def test_no_files_are_no_results(jobs: int) -> None:
    assert list(batch.run([], Settings(), told, jobs=jobs)) == []


def test_there_is_always_a_job_to_do() -> None:
    assert engines.usual_jobs() >= 1


def test_groups_hold_every_result_once_and_in_order(many: list[Found], jobs: int) -> None:
    groups = list(batch.groups(many, Settings(), told, jobs=jobs, wait_s=60.0))
    assert [result for group in groups for result in group] == [(f.name, "done", None) for f in many]
    assert len(groups) == 1  # all were worth waiting for


def test_who_asks_for_what_is_ready_gets_it_be_it_nothing(many: list[Found], jobs: int) -> None:
    asking = [None, many[0], many[1], None, None, many[2]]
    groups = batch.groups(asking, Settings(), told, jobs=jobs, wait_s=60.0)
    names = [[name for name, *_ in group] for group in groups]
    assert names == [[], [many[0].name, many[1].name], [], [many[2].name]]


def names_of(batch: Batch) -> list[str]:
    return [found.name for found in batch.files]


def names_but_the_victims(batch: Batch) -> list[str]:
    names = names_of(batch)
    if VICTIM in names:
        os.kill(os.getpid(), signal.SIGKILL)
    return names


def names_at_the_second_try(batch: Batch, tried: Path) -> list[str]:
    names = names_of(batch)
    if not (tried / names[0]).exists():
        for name in names:
            (tried / name).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return names


def test_batches_hold_every_file_once_and_no_more_than_a_few_seconds_of_work(many: list[Found]) -> None:
    cut = list(batches(many * 30))
    assert [name for one in cut for name in names_of(one)] == [found.name for found in many * 30]
    assert max(map(len, cut)) == 256
    large = [replace(found, size_bytes=9 * MIB, mtime_ns=0) for found in many]
    assert [len(one) for one in batches(large)] == [1] * len(many)


def test_a_batch_is_known_by_its_files_and_by_what_its_results_depend_on(
    many: list[Found], tmp_path: Path
) -> None:
    (batch,), (again,), (other,) = (list(batches(many, made_with)) for made_with in ("a", "a", "b"))
    assert batch.batch_id == again.batch_id != other.batch_id
    os.utime(many[3].path, ns=(0, 1))
    (touched,) = batches(many, "a")
    assert touched.batch_id != batch.batch_id
    changed = [a.name for a, b in zip(batch.files, touched.files, strict=True) if file_key(a) != file_key(b)]
    assert changed == [many[3].name]


def test_members_of_an_archive_are_known_apart(tmp_path: Path, samples: Path) -> None:
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        for name in ("a.fit", "b.fit"):
            archive.write(samples / "treadmill.fit", name)
    (batch,) = batches(find([tmp_path / "export.zip"]))
    assert len({file_key(found) for found in batch.files}) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="no masks of signals")
def test_workers_are_born_deaf_to_ctrl_c_and_whoever_hires_them_is_not() -> None:
    with Local(1) as local:
        masked = local.submit(partial(signal.pthread_sigmask, signal.SIG_BLOCK), ())
        assert signal.SIGINT in masked.result()
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_every_batch_is_completed_once(many: list[Found]) -> None:
    small = [Batch((found,)) for found in many]
    with Local(2) as local:
        results = list(completed(local, names_of, small))
    assert sorted(results, key=str) == sorted(((one, names_of(one)) for one in small), key=str)


def test_a_worker_that_is_killed_by_others_costs_its_batch_again_and_no_more(
    many: list[Found], tmp_path: Path
) -> None:
    small = [Batch(tuple(many[at : at + 6])) for at in range(0, len(many), 6)]
    (tried := tmp_path / "tried").mkdir()
    with Local(2) as local:
        results = list(completed(local, partial(names_at_the_second_try, tried=tried), small))
    names = [name for _, names in results if not isinstance(names, Died) for name in names]
    assert sorted(names) == [found.name for found in many]


def test_the_file_that_ends_its_reader_is_found_among_its_batch(many: list[Found]) -> None:
    with Local(2) as local:
        results = list(completed(local, names_but_the_victims, [Batch(tuple(many)), Batch(tuple(many[:1]))]))
    died = [names_of(batch) for batch, result in results if isinstance(result, Died)]
    assert died == [[VICTIM]]
    read = [name for _, result in results if not isinstance(result, Died) for name in result]
    assert sorted([*read, VICTIM]) == sorted([many[0].name, *(found.name for found in many)])


def test_batches_are_asked_for_as_they_are_needed(many: list[Found]) -> None:
    asked: list[Batch] = []

    def forever() -> Iterator[Batch]:
        while True:
            asked.append(Batch(tuple(many[:1])))
            yield asked[-1]

    with Local(2) as local:
        assert next(completed(local, names_of, forever()))[1] == [many[0].name]
    assert len(asked) < 20


@pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux only")
def test_workers_are_born_with_what_a_report_takes() -> None:
    with Local(1) as local:
        assert local.submit(eval, "'miler.report.text' in __import__('sys').modules").result()
        assert local.submit(eval, "__import__('gc').isenabled()").result(), "what a file leaves is collected"
