"""What an import does where the system says no: permissions, a full disk, another lock, a bad row."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from miler import Library, LibraryError, Settings
from miler.cli import OK, SOME_FAILED
from miler.files import find
from miler.library import importing
from miler.library.entry import Entry, entry_of
from miler.library.importing import Way, import_files
from miler.library.repair import check
from miler.outcome import Outcome
from tests.conftest import Miler
from tests.library_dump import dump, write_run, write_runs
from tests.test_library_safety import holding

NOBODY = 65534
USERS = pytest.mark.skipif(not hasattr(os, "seteuid"), reason="only where there are users")


@pytest.fixture
def home(miler: Miler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of a user who is not root, who may do everything; and this process that user's."""
    # Root may read what the user cannot: Python's own modules are loaded before.
    write_runs(tmp_path / "warm", 1)
    miler("import", tmp_path / "warm", "--copy", "--library", tmp_path / "warm.db")
    with TemporaryDirectory() as name:
        monkeypatch.setenv("MILER_LIBRARY", f"{name}/lib/library.db")
        for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME"):
            monkeypatch.setenv(variable, name)
        root = os.geteuid() == 0
        if root:
            os.chown(name, NOBODY, NOBODY)
            os.seteuid(NOBODY)
        try:
            write_runs(Path(name) / "runs", 6)
            yield Path(name)
        finally:
            if root:
                os.seteuid(0)


@USERS
def test_a_file_that_may_not_be_read_waits_and_the_rest_goes_on(miler: Miler, home: Path) -> None:
    closed, hidden = home / "runs" / "003.gpx", home / "runs" / "hidden"
    hidden.mkdir()
    write_run(hidden / "away.gpx", day=30)
    closed.chmod(0)
    hidden.chmod(0)
    for again in ("5 imported, 2 failed\n", "2 failed, 5 unchanged\n"):
        ran = miler("import", home / "runs")
        assert ran.code == SOME_FAILED
        assert "failed 003.gpx: cannot be read: permission denied" in ran.err
        assert "hidden: cannot be read: permission denied" in ran.err
        assert ran.err.endswith(again)
    closed.chmod(0o600)
    hidden.chmod(0o700)
    assert miler("import", home / "runs").err == "2 imported, 5 unchanged\n"


@USERS
@pytest.mark.parametrize(
    ("file", "folder", "saying"),
    [
        (0o400, 0o500, "it can be read but not written"),
        (0o600, 0o500, "it can be read but not written"),
        (0o000, 0o700, "cannot be opened; look at its folder and its permissions"),
    ],
)
def test_a_library_that_may_not_be_written_is_said_and_stays_as_it_is(
    miler: Miler, home: Path, file: int, folder: int, saying: str
) -> None:
    path = home / "lib" / "library.db"
    miler("import", home / "runs")
    write_run(home / "runs" / "new.gpx", day=20)
    before = path.read_bytes()
    path.with_name("library.db-journal").unlink()
    path.chmod(file)
    path.parent.chmod(folder)
    ran = miler("import", home / "runs")
    assert ran.code == SOME_FAILED
    assert saying in ran.err
    path.parent.chmod(0o700)
    path.chmod(0o600)
    assert path.read_bytes() == before
    assert miler("import", home / "runs").err == "1 imported, 6 unchanged\n"


@USERS
def test_questions_are_answered_where_nothing_may_be_written(miler: Miler, home: Path) -> None:
    path = home / "lib" / "library.db"
    miler("import", home / "runs")
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        with Library(path, create=False) as library:
            assert library.count() == 6
            with pytest.raises(LibraryError) as refusal:
                library.delete(1)
            assert refusal.value.code == "read_only"
    finally:
        path.parent.chmod(0o700)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, of 1 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("copy", [False, True])
def test_a_disk_that_is_full_keeps_what_was_imported_and_takes_the_rest_later(
    miler: Miler, small_disk: Path, tmp_path: Path, copy: bool
) -> None:
    runs, path = tmp_path / "runs", small_disk / "library.db"
    write_runs(runs, 30)
    filler = small_disk / "filler"
    miler("import", runs / "000.gpx", "--library", path)
    arguments = ("import", runs, "--library", path, *(["--copy"] if copy else []))
    filler.write_bytes(b"x" * (shutil.disk_usage(small_disk).free - 40_000))
    ran = miler(*arguments)
    assert ran.code == SOME_FAILED
    assert "disk is full" in ran.err or "No space left" in ran.err
    filler.unlink()
    with Library(path) as library:
        assert check(library) == []
        assert library.count() >= 1
    assert miler(*arguments).code == OK
    with Library(path) as library:
        assert library.count() == 30
    assert not list(small_disk.rglob("*.tmp"))


def test_a_lock_in_the_middle_of_an_import_is_waited_for(tmp_path: Path) -> None:
    path, runs = tmp_path / "library.db", tmp_path / "runs"
    write_runs(runs, 4)
    with Library(path) as library:
        import_files(library, [], Settings(), Way())
        other = holding(path, 1.0)
        endings = Counter(r.ending for r in import_files(library, find([runs]), Settings(), Way()))
        other.join()
    assert endings == {"imported": 4}


def test_a_lock_that_stays_ends_the_import_and_loses_nothing(tmp_path: Path) -> None:
    path, runs = tmp_path / "library.db", tmp_path / "runs"
    write_runs(runs, 4)
    with Library(path, timeout_s=0.1) as library:
        list(import_files(library, find([runs / "000.gpx"]), Settings(), Way()))
        before = dump(path)
        other = holding(path, 1.0)
        with pytest.raises(LibraryError, match="another program is writing to it; try again") as locked:
            list(import_files(library, find([runs]), Settings(), Way()))
        assert locked.value.code == "locked"
        other.join()
        assert dump(path) == before
        endings = Counter(r.ending for r in import_files(library, find([runs]), Settings(), Way()))
    assert endings == {"imported": 3, "unchanged": 1}


def test_what_is_said_to_be_imported_is_there_for_every_other_program(tmp_path: Path) -> None:
    path, runs = tmp_path / "library.db", tmp_path / "runs"
    write_runs(runs, 12)
    with Library(path) as library, Library(path) as other:
        for said, recorded in enumerate(import_files(library, find([runs]), Settings(), Way()), start=1):
            assert other.count() >= said
            assert other.get(recorded.activity_ids[0]).files == (str(runs / recorded.name),)


def test_files_that_are_ready_together_are_one_transaction(tmp_path: Path) -> None:
    path, runs = tmp_path / "library.db", tmp_path / "runs"
    write_runs(runs, 12)
    with Library(path) as library, library.reading() as connection:
        commits: list[str] = []
        connection.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
        endings = list(import_files(library, find([runs]), Settings(), Way()))
    assert len(commits) < len(endings) == 12


def test_a_row_that_the_library_refuses_costs_its_own_file_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, runs = tmp_path / "library.db", tmp_path / "runs"
    write_runs(runs, 5)

    def with_a_number_beyond_sqlite(outcome: Outcome) -> Entry:
        entry = entry_of(outcome)
        return replace(entry, size_bytes=2**63) if entry.name == "002.gpx" else entry

    monkeypatch.setattr(importing, "entry_of", with_a_number_beyond_sqlite)
    with Library(path) as library:
        endings = list(import_files(library, find([runs]), Settings(), Way()))
        assert check(library) == []
        assert library.count() == 4
    assert [r.ending for r in endings] == ["imported", "imported", "failed", "imported", "imported"]
    assert endings[2].code == "internal"
    monkeypatch.undo()
    with Library(path) as library:
        again = Counter(r.ending for r in import_files(library, find([runs]), Settings(), Way()))
    assert again == {"imported": 1, "unchanged": 4}


def test_a_library_whose_journal_was_deleted_after_a_kill_is_made_anew_with_the_same_results(
    miler: Miler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, runs = tmp_path / "library.db", tmp_path / "runs"
    monkeypatch.setenv("MILER_LIBRARY", str(path))
    write_runs(runs, 8)
    miler("import", runs)
    before = dump(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as torn:
        torn.execute("PRAGMA cache_size = 1")  # so that changes reach the file before the commit
        torn.execute("BEGIN")
        torn.execute("UPDATE documents SET report = randomblob(9000) WHERE activity_id < 5")
        half = path.read_bytes()
        torn.execute("ROLLBACK")
    path.write_bytes(half)  # and no journal tells how it was
    assert miler("library", "check").code == SOME_FAILED
    assert miler("library", "rebuild").code == OK
    assert dump(path) == before
