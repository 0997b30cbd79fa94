from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest

from miler import Library, LibraryError, Settings
from miler.cli import OK, SOME_FAILED, WRONG_USE
from miler.files import find
from miler.library.importing import Way, import_files
from miler.library.repair import check
from tests.conftest import Miler
from tests.library_dump import dump, write_run, write_runs

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such thing")
PROGRAM = [sys.executable, "-m", "miler.cli"]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the library of the test is; every command uses it."""
    monkeypatch.setenv("MILER_LIBRARY", str(tmp_path / "lib" / "library.db"))
    return tmp_path / "lib" / "library.db"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    write_runs(tmp_path / "runs", 6)
    return tmp_path / "runs"


def snapshot(folder: Path) -> dict[str, str]:
    """The hash of every file in a folder and below."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def outcomes(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT name, outcome FROM files ORDER BY id").fetchall()


def test_a_folder_is_imported_with_one_line_of_summary(
    miler: Miler, path: Path, runs: Path, jobs: int
) -> None:
    ran = miler("import", runs, "--jobs", jobs)
    assert (ran.code, ran.out, ran.err) == (OK, "", "6 imported\n")
    assert [name for name, _ in outcomes(path)] == [f"00{i}.gpx" for i in range(6)]


def test_one_process_and_two_make_the_same_library(miler: Miler, tmp_path: Path, runs: Path) -> None:
    one, two = tmp_path / "one.db", tmp_path / "two.db"
    for library, jobs in ((one, 1), (two, 2)):
        miler("import", runs, "--jobs", jobs, "--library", library)
    assert dump(one) == dump(two)


def test_importing_twice_does_nothing(miler: Miler, path: Path, runs: Path) -> None:
    miler("import", runs)
    before = path.read_bytes()
    ran = miler("import", runs)
    assert (ran.code, ran.err) == (OK, "6 unchanged\n")
    assert path.read_bytes() == before


def test_a_file_that_lies_as_it_did_is_not_even_opened(miler: Miler, path: Path, runs: Path) -> None:
    miler("import", runs)
    file = runs / "003.gpx"
    status = file.stat()
    file.write_bytes(b"x" * status.st_size)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert miler("import", runs).err == "6 unchanged\n"


def test_a_file_that_was_only_touched_is_no_duplicate_of_itself(miler: Miler, path: Path, runs: Path) -> None:
    miler("import", runs)
    os.utime(runs / "003.gpx", ns=(1, 1))
    assert miler("import", runs).err == "6 unchanged\n"
    assert {outcome for _, outcome in outcomes(path)} == {"imported"}


def test_a_changed_file_is_read_again_and_keeps_its_number_and_title(
    miler: Miler, path: Path, runs: Path
) -> None:
    miler("import", runs)
    miler("set", 4, "title=Mine")
    write_run(runs / "003.gpx", day=3, seconds=400.0)
    assert miler("import", runs).err == "1 imported, 5 unchanged\n"
    with Library(path) as library:
        assert library.count() == 6
        assert (library.get(4).title, library.list()[2].elapsed_s) == ("Mine", 400.0)


def test_another_run_under_an_old_name_does_not_push_out_the_first(
    miler: Miler, path: Path, runs: Path
) -> None:
    miler("import", runs)
    write_run(runs / "003.gpx", day=50)
    assert miler("import", runs).err == "1 imported, 5 unchanged\n"
    with Library(path) as library:
        assert library.count() == 7


def test_equal_bytes_under_other_names_are_one_activity(miler: Miler, path: Path, runs: Path) -> None:
    for i in range(5):
        shutil.copy(runs / "000.gpx", runs / f"copy {i}.gpx")
    ran = miler("import", runs)
    assert (ran.code, ran.err) == (OK, "6 imported, 5 duplicate\n")
    with Library(path) as library:
        assert library.count() == 6
        assert len(library.get(1).files) == 6


def test_every_failed_file_is_named_with_its_reason_each_time(
    miler: Miler, path: Path, runs: Path, samples: Path
) -> None:
    (runs / "zeros.fit").write_bytes(b"\0" * 500)
    (runs / "page.gpx").write_bytes(b"<!doctype html><html></html>")
    first, second = miler("import", runs), miler("import", runs)
    assert first.code == second.code == SOME_FAILED
    assert "failed page.gpx: this is a web page" in first.err
    assert "failed zeros.fit: the file is all zeros" in first.err
    assert first.err.endswith("6 imported, 2 failed\n")
    assert "failed page.gpx" in second.err
    assert second.err.endswith("2 failed, 6 unchanged\n")


def test_a_file_that_is_not_there_fails_and_is_not_remembered(
    miler: Miler, path: Path, tmp_path: Path
) -> None:
    assert miler("import", tmp_path / "gone.fit").code == SOME_FAILED
    assert outcomes(path) == []


def test_a_folder_without_activities_is_wrong_use(miler: Miler, path: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert miler("import", tmp_path / "empty").code == WRONG_USE
    assert not path.exists()


def test_each_file_in_an_archive_is_imported_once(miler: Miler, path: Path, runs: Path) -> None:
    with zipfile.ZipFile(runs.parent / "export.zip", "w") as archive:
        for file in sorted(runs.iterdir()):
            archive.write(file, f"activities/{file.name}")
    archive_file = runs.parent / "export.zip"
    assert miler("import", archive_file).err == "6 imported\n"
    assert miler("import", archive_file).err == "6 unchanged\n"
    assert miler("import", runs).err == "6 duplicate\n"
    assert outcomes(path)[0] == ("export.zip/activities/000.gpx", "imported")


def test_what_an_exports_table_says_outlasts_reprocessing(miler: Miler, path: Path, runs: Path) -> None:
    rows = "Activity ID,Activity Date,Activity Name,Activity Type,Filename\n"
    with zipfile.ZipFile(runs.parent / "export.zip", "w") as archive:
        for i, file in enumerate(sorted(runs.iterdir())):
            data = file.read_bytes().replace(b"<name>Run</name>", b"").replace(b"<type>running</type>", b"")
            archive.writestr(f"activities/{file.name}", data)
            rows += f'{i},"Jan 1, 2025",Lunch {i},Run,activities/{file.name}\n'
        archive.writestr("activities.csv", rows)
    miler("import", runs.parent / "export.zip")
    before = dump(path)
    miler("reprocess")
    assert dump(path) == before
    with Library(path) as library:
        assert library.get(2).title == "Lunch 1"


def test_standard_input_is_kept_for_there_is_no_other_original(path: Path, runs: Path, samples: Path) -> None:
    def fed(file: Path) -> subprocess.CompletedProcess[bytes]:
        with file.open("rb") as stream:
            return subprocess.run([*PROGRAM, "import", "-"], stdin=stream, capture_output=True)

    assert fed(samples / "track-mile.fit").stderr == b"1 imported\n"
    copies = snapshot(path.parent / "library-originals")
    assert list(copies.values()) == [hashlib.sha256((samples / "track-mile.fit").read_bytes()).hexdigest()]
    (runs / "zeros.fit").write_bytes(b"\0" * 500)
    assert fed(runs / "zeros.fit").returncode == SOME_FAILED
    assert snapshot(path.parent / "library-originals") == copies
    with Library(path) as library:
        assert library.get(1).files == (str(path.parent / "library-originals" / next(iter(copies))),)


def test_copies_are_byte_for_byte_and_kept_once(miler: Miler, path: Path, runs: Path) -> None:
    miler("import", runs)
    shutil.copy(runs / "000.gpx", runs / "copy.gpx")
    assert miler("import", runs, "--copy").err == "1 duplicate, 6 unchanged\n"
    copies = snapshot(path.parent / "library-originals")
    assert sorted(copies.values()) == sorted(set(snapshot(runs).values()))
    assert all(Path(name).stem == content for name, content in copies.items())


def test_a_copy_that_a_power_cut_left_under_two_names_has_one_after_the_next_import(
    miler: Miler, path: Path, runs: Path
) -> None:
    assert miler("import", runs, "--library", path, "--copy").code == 0
    copies = path.with_name(f"{path.stem}-originals")
    kept = sorted(copies.rglob("*.*"))
    # Both names of the last one are on the disk, and the commit that was to follow is not.
    (copies / "incoming.tmp").hardlink_to(kept[-1])
    path.unlink()
    assert miler("import", runs, "--library", path, "--copy").code == 0
    assert sorted(copies.rglob("*.*")) == kept


def test_a_report_needs_no_original_and_html_finds_the_copy(miler: Miler, path: Path, runs: Path) -> None:
    miler("import", runs / "000.gpx", "--copy")
    miler("import", runs / "001.gpx")
    expected = miler("report", runs / "000.gpx").out
    page = miler("report", runs / "000.gpx", "--format", "html").out
    shutil.rmtree(runs)
    assert miler("show", 1).out == f"#1 · Run\n{expected}"
    assert miler("show", 1, "--format", "html").out == page
    assert "no_original" not in miler("show", 2).err
    gone = miler("show", 2, "--format", "html")
    assert (gone.code, gone.out) == (SOME_FAILED, "")
    assert "the original of activity 2 is gone" in gone.err


def test_a_deleted_run_stays_deleted_until_it_is_restored(miler: Miler, path: Path, runs: Path) -> None:
    miler("import", runs)
    miler("delete", 2, "--yes")
    assert miler("import", runs).err == "6 unchanged\n"
    shutil.copy(runs / "001.gpx", runs / "again.gpx")
    assert miler("import", runs).err == "1 skipped, 6 unchanged\n"
    assert miler("import", runs, "--restore").err == "1 imported, 1 duplicate, 5 unchanged\n"
    with Library(path) as library:
        assert library.count() == 6


def test_reprocessing_uses_the_settings_of_now_and_keeps_what_the_runner_said(
    miler: Miler, path: Path, runs: Path
) -> None:
    miler("import", runs)
    miler("set", 1, "title=Mine")
    miler("exclude", 2, "--effort", "1mi")
    (runs / "005.gpx").unlink()
    ran = miler("reprocess", "--effort", "1200m", "--effort", "1mi")
    assert ran.code == SOME_FAILED
    assert "its original is gone; its results stay as they are" in ran.err
    with Library(path) as library:
        assert library.get(1).title == "Mine"
        assert [e.activity_id for e in library.best(1609.344)] == [1, 3, 4, 5, 6]
        assert [e.activity_id for e in library.best(1200.0)] == [1, 2, 3, 4, 5]
        assert [e.activity_id for e in library.best(1000.0)] == [6]


def test_what_another_version_analysed_is_told_until_it_is_reprocessed(
    miler: Miler, path: Path, runs: Path
) -> None:
    assert "another version" not in miler("import", runs).err
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE activities SET version = '0.0.1' WHERE id = 1")
    told = "1 activity was analysed by another version of miler; `miler reprocess` reads again those whose"
    assert told in miler("import", runs).err
    assert told in miler("library", "check").out
    assert told in miler("doctor").out
    miler("reprocess")
    assert "another version" not in miler("library", "check").out


def test_reprocessing_refuses_an_original_that_has_changed(miler: Miler, path: Path, runs: Path) -> None:
    miler("import", runs / "000.gpx")
    before = dump(path)
    write_run(runs / "000.gpx", day=9)
    assert "its original has changed" in miler("reprocess").err
    assert dump(path) == before


@POSIX
def test_any_name_that_a_file_can_have_is_imported_and_found_again(
    miler: Miler, path: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "hostile"
    folder.mkdir()
    names = [b"=cmd|' calc'!A0.gpx", b"two\nlines.gpx", b"\xff\xfe bytes.gpx", "\u202egnirts.gpx".encode()]
    names += [b"-o.gpx", b"'; DROP TABLE activities; --.gpx", b"CON.gpx", ("é" * 120).encode() + b".gpx"]
    for i, name in enumerate(names):
        write_run(Path(os.fsdecode(os.fsencode(folder) + b"/" + name)), day=i)
    originals = snapshot(folder)
    assert miler("import", folder).err == f"{len(names)} imported\n"
    assert miler("import", folder).err == f"{len(names)} unchanged\n"
    before = dump(path)
    assert miler("reprocess").code == OK
    assert dump(path) == before
    assert snapshot(folder) == originals
    with Library(path) as library:
        assert {file for i in range(len(names)) for file in library.get(i + 1).files} == {
            f"{folder}{os.sep}{os.fsdecode(name)}" for name in names
        }
    table = miler("list").out
    assert len(table.splitlines()) == len(names) + 1
    assert not {"\u202e", "\x1b"} & set(table)
    assert ",'=cmd" in miler("list", "--format", "csv").out
    assert ",'=cmd" in miler("export", "--format", "csv").out


def program(*arguments: object) -> subprocess.Popen[bytes]:
    command = [*PROGRAM, *map(str, arguments)]
    # A group of its own, so that its workers can be killed with it.
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )


def ended(processes: Iterable[subprocess.Popen[bytes]]) -> list[tuple[int, bytes]]:
    results = []
    for process in processes:
        _, err = process.communicate(timeout=300)
        results.append((process.returncode, err))
    return results


def test_four_imports_of_one_folder_at_once_give_each_file_once(path: Path, tmp_path: Path) -> None:
    runs = tmp_path / "many"
    write_runs(runs, 25)
    shutil.copy(runs / "000.gpx", runs / "copy.gpx")
    results = ended([program("import", runs, "--jobs", 1) for _ in range(4)])
    assert {code for code, _ in results} == {OK}, results
    rows = dump(path)
    assert len(rows["activities"]) == len(rows["documents"]) == 25
    assert len(rows["files"]) == 26
    imported = sum(int(err.split(b" imported")[0]) for _, err in results if b" imported" in err)
    assert imported == 25


@POSIX
@pytest.mark.parametrize("arguments", [["--jobs", "2"], ["--jobs", "1", "--copy"]])
def test_an_import_killed_at_any_moment_is_finished_by_the_next(tmp_path: Path, arguments: list[str]) -> None:
    runs = tmp_path / "many"
    write_runs(runs, 20)
    (runs / "zeros.fit").write_bytes(b"\0" * 500)
    originals = snapshot(runs)
    whole, killed = tmp_path / "whole.db", tmp_path / "killed.db"
    begin = time.monotonic()
    ended([program("import", runs, "--library", whole, *arguments)])
    took_s = time.monotonic() - begin
    dice = random.Random(4)
    kills = 0
    for _ in range(3):  # `benchmarks.kills` does so 150 times
        process = program("import", runs, "--library", killed, *arguments)
        time.sleep(dice.uniform(0.3, 0.9) * took_s)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        kills += ended([process])[0][0] == -signal.SIGKILL
        if killed.exists():
            with Library(killed) as library:  # a question in between, over whatever journal was left
                assert library.count() <= 20
    assert kills
    ended([program("import", runs, "--library", killed, *arguments)])
    assert dump(killed) == dump(whole)
    assert snapshot(runs) == originals
    if "--copy" in arguments:
        assert snapshot(tmp_path / "killed-originals") == snapshot(tmp_path / "whole-originals")


@POSIX
def test_an_interrupted_import_says_how_far_it_came(path: Path, tmp_path: Path) -> None:
    write_runs(tmp_path / "many", 200)
    process = program("import", tmp_path / "many", "--jobs", 1)
    while not path.exists() or not outcomes_or_none(path):
        time.sleep(0.05)
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    ((code, err),) = ended([process])
    assert code == 130
    assert b" imported\n" in err
    assert err.endswith(b"interrupted\n")


def outcomes_or_none(path: Path) -> list[tuple[str, str]] | None:
    try:
        return outcomes(path)
    except sqlite3.OperationalError:  # no table yet, or its writer is at work
        return None


def test_a_full_disk_stops_the_import_and_loses_nothing(path: Path, runs: Path) -> None:
    originals = snapshot(runs)
    with Library(path) as library:
        with library.reading() as connection:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages + 4}")
        with pytest.raises(LibraryError, match="the disk is full") as full:
            list(import_files(library, find([runs]), Settings(), Way()))
        assert full.value.code == "disk_full"
        assert library.count() < 6
    with Library(path) as library:
        assert check(library) == []
        there = library.count()
        endings = Counter(r.ending for r in import_files(library, find([runs]), Settings(), Way()))
        assert endings == {"imported": 6 - there, "unchanged": there} if there else {"imported": 6}
        assert library.count() == 6
    assert snapshot(runs) == originals
