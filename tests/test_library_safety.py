"""What must not go wrong with a library, and what is said when it has."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

import miler
from miler import Library, LibraryError
from miler.cli import OK, SOME_FAILED
from miler.library import connection, repair
from tests.conftest import Miler
from tests.library_dump import dump, write_run, write_runs


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, miler: Miler) -> Path:
    """A library of twelve runs, with something said of three of them."""
    library = tmp_path / "library.db"
    monkeypatch.setenv("MILER_LIBRARY", str(library))
    write_runs(tmp_path / "runs", 12)
    shutil.copy(tmp_path / "runs" / "000.gpx", tmp_path / "runs" / "copy.gpx")
    (tmp_path / "runs" / "zeros.fit").write_bytes(b"\0" * 500)
    miler("import", tmp_path / "runs")
    miler("set", 3, "title=Club mile", "tags=race")
    miler("exclude", 2)
    miler("delete", 12, "--yes")
    return library


def refused(path: Path, **options: float) -> LibraryError:
    with pytest.raises(LibraryError) as error:
        Library(path, **options)  # type: ignore[arg-type]
    assert str(path) in error.value.message
    assert "\n" not in error.value.message
    return error.value


def altered(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_a_library_of_a_newer_miler_is_refused_with_both_versions(path: Path) -> None:
    altered(path, "PRAGMA user_version = 99")
    error = refused(path)
    assert error.code == "newer_library"
    assert "schema 99" in error.message
    assert f"up to {connection.newest()}" in error.message


def test_a_newer_library_is_not_rebuilt_either(path: Path, miler: Miler) -> None:
    altered(path, "PRAGMA user_version = 99")
    before = path.read_bytes()
    assert "made by a newer miler" in miler("library", "rebuild").err
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"PK\x03\x04 no database at all" * 100, b"a line of text\n"])
def test_a_file_that_is_no_library_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    assert refused(path).code == "not_a_library"
    assert path.read_bytes() == content


def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    altered(path, "CREATE TABLE recipes (name TEXT)")
    before = path.read_bytes()
    assert refused(path).code == "not_a_library"
    assert path.read_bytes() == before


def test_an_empty_file_left_by_a_kill_at_the_very_start_becomes_a_library(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    path.touch()
    with Library(path) as library:
        assert library.count() == 0


def test_a_migration_is_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "library.db"
    with Library(path):
        pass
    broken = [*connection._migrations(), "CREATE TABLE half (a);\nCREATE TABLE half (a);\n"]
    with monkeypatch.context() as patched:
        patched.setattr(connection, "_migrations", lambda: broken)
        with pytest.raises(sqlite3.OperationalError, match="already exists"):
            Library(path)
    with Library(path) as library:
        assert library.count() == 0
    assert "half" not in dump(path)


def test_a_library_with_a_later_migration_is_brought_up_to_date_once(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = [*connection._migrations(), "ALTER TABLE scores ADD COLUMN age_grade_percent REAL;\n"]
    monkeypatch.setattr(connection, "_migrations", lambda: later)
    for _ in range(2):
        with Library(path) as library:
            assert library.count() == 11


def flipped(path: Path, page: int, size: int = 4096) -> None:
    """Damage one page of a library."""
    data = bytearray(path.read_bytes())
    for at in range(page * size, (page + 1) * size, 3):
        data[at] ^= 0xA5
    path.write_bytes(data)


def test_damage_is_said_with_its_remedy(path: Path, miler: Miler) -> None:
    for page in range(1, path.stat().st_size // 4096):
        flipped(path, page)
    ran = miler("list")
    assert ran.code == SOME_FAILED
    assert "damaged" in ran.err
    assert "miler library rebuild" in ran.err


def test_a_check_finds_a_damaged_page_wherever_it_is(path: Path, tmp_path: Path, miler: Miler) -> None:
    assert miler("library", "check").out == "sound: 11 activities\n"
    sound = path.read_bytes()
    unnoticed = []
    for page in range(1, len(sound) // 4096, 3):
        path.write_bytes(sound)
        flipped(path, page)
        if miler("library", "check").code == OK:
            unnoticed.append(page)
    # A free page, left by what was deleted, holds nothing to damage.
    with closing(sqlite3.connect(path)) as database:
        path.write_bytes(sound)
        (free,) = database.execute("PRAGMA freelist_count").fetchone()
    assert len(unnoticed) <= free


def test_a_rebuilt_library_has_the_same_rows(path: Path, miler: Miler) -> None:
    before = dump(path)
    ran = miler("library", "rebuild")
    assert (ran.code, ran.err) == (OK, "11 imported\n")
    assert dump(path) == before
    assert dump(path.with_name("library.db.before-rebuild-1")) == before


def test_a_library_damaged_anywhere_is_rebuilt_with_every_result(path: Path, miler: Miler) -> None:
    whole, sound = dump(path), path.read_bytes()
    told_by_one_page_only = {"files", "overrides", "exclusions", "deletions"}
    beyond_repair = 0
    for page in range(1, len(sound) // 4096, 3):
        path.write_bytes(sound)
        flipped(path, page)
        damaged = path.read_bytes()
        if "nothing can be read" in miler("library", "rebuild").err:  # the page that names the tables
            assert path.read_bytes() == damaged
            beyond_repair += 1
            continue
        assert miler("library", "check").code == OK
        rebuilt = dump(path)
        lost = {table for table in whole if rebuilt[table] != whole[table]}
        assert lost <= told_by_one_page_only
        assert len(lost) <= 1
    assert beyond_repair <= 3


def test_a_rebuild_keeps_the_results_whose_originals_are_gone(
    path: Path, tmp_path: Path, miler: Miler
) -> None:
    before = dump(path)
    (tmp_path / "runs" / "004.gpx").unlink()
    ran = miler("library", "rebuild")
    assert ran.code == SOME_FAILED
    assert "its original is gone" in ran.err
    assert dump(path) == before


def test_a_number_that_was_deleted_is_not_given_again_after_a_rebuild(
    path: Path, tmp_path: Path, miler: Miler
) -> None:
    miler("library", "rebuild")
    write_run(tmp_path / "new.gpx", day=30)
    miler("import", tmp_path / "new.gpx")
    with Library(path) as library:
        assert library.list()[0].activity_id == 13


def test_a_library_beyond_repair_says_where_to_begin_again(path: Path, miler: Miler) -> None:
    path.write_bytes(os.urandom(50_000))
    before = path.read_bytes()
    ran = miler("library", "rebuild")
    assert ran.code == SOME_FAILED
    assert "import your folders" in ran.err
    assert path.read_bytes() == before


def test_a_library_without_a_run_is_rebuilt_as_one(tmp_path: Path, miler: Miler) -> None:
    empty = tmp_path / "empty.db"
    Library(empty).close()
    ran = miler("library", "rebuild", "--library", empty)
    assert (ran.code, ran.err) == (OK, "nothing was done\n")
    listed = miler("list", "--library", empty).out
    assert listed == "There is no activity yet; `miler import` brings them in.\n"


def test_a_device_or_a_folder_is_no_library(tmp_path: Path) -> None:
    assert refused(Path(os.devnull)).code == refused(tmp_path).code == "not_a_library"


def test_a_backup_taken_while_another_writes_is_whole_and_replaces_nothing(
    path: Path, tmp_path: Path, miler: Miler
) -> None:
    copy = tmp_path / "copy.db"
    assert miler("library", "backup", copy).code == OK
    assert dump(copy) == dump(path)
    assert miler("library", "backup", copy).code == SOME_FAILED
    with Library(copy) as library:
        assert repair.check(library) == []


def holding(path: Path, seconds: float) -> threading.Thread:
    """Hold the library's lock for a while, as another program would; return when it is held."""
    held = threading.Event()

    def hold() -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            held.set()
            time.sleep(seconds)
            other.execute("ROLLBACK")

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    return thread


def test_a_library_that_is_locked_for_three_seconds_is_waited_for(path: Path) -> None:
    other = holding(path, 3.0)
    with Library(path) as library:
        library.set(1, title="in the end")
        assert library.get(1).title == "in the end"
    other.join()


def test_a_library_that_stays_locked_says_so(path: Path) -> None:
    other = holding(path, 2.0)
    error = refused(path, timeout_s=0.2)
    assert error.code == "locked"
    assert "another program" in error.message
    other.join()


def test_a_write_that_cannot_get_the_lock_changes_nothing(path: Path) -> None:
    with Library(path, timeout_s=0.2) as library:
        before = dump(path)
        other = holding(path, 1.5)
        with pytest.raises(LibraryError, match="another program") as locked:
            library.delete(1)
        assert locked.value.code == "locked"
        other.join()
        assert dump(path) == before


@pytest.mark.skipif(not hasattr(os, "setuid"), reason="only where there are users")
def test_questions_work_where_nothing_may_be_written(path: Path, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    folder = path.parent
    path.chmod(0o400)
    folder.chmod(0o500)
    try:
        with Library(path, create=False) as library:
            assert len(library.best(miler.MILE_M)) == 10
            with pytest.raises(LibraryError) as refusal:
                library.delete(1)
            assert refusal.value.code == "read_only"
    finally:
        folder.chmod(0o700)
        path.chmod(0o600)


def test_a_journal_left_by_a_kill_in_mid_write_is_rolled_back_by_the_next_question(path: Path) -> None:
    before = dump(path)
    killed = """
import os, signal, sys
from miler import Library
library = Library(sys.argv[1])
with library.writing() as connection:
    connection.execute("PRAGMA cache_size = 1")  # so that changes reach the file before the commit
    connection.execute("DELETE FROM documents")
    connection.execute("UPDATE files SET name = 'x' || name")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", killed, path], check=False)
    assert path.with_name("library.db-journal").stat().st_size > 0
    with Library(path, create=False) as library:
        assert library.count() == 11
    assert dump(path) == before
