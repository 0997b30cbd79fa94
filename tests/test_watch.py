"""A folder is watched: what is dropped there ends up in the library, whole and once, and is told of."""

from __future__ import annotations

import os
import plistlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miler.cli import INTERRUPTED, OK, SOME_FAILED, WRONG_USE
from miler.dropfolder import error_file, is_remote, look, remove_first_name, second_name
from miler.names import is_searched, kind_of
from miler.watch import NEVER, Ledger, Pace, Sight
from tests.conftest import Miler
from tests.library_dump import dump, write_run, write_runs

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such thing")
PROGRAM = [sys.executable, "-u", "-m", "miler.cli", "watch"]
QUICK = ("--delay", "0.2", "--patience", "1")
PACE = Pace(delay_s=2, patience_s=60)
A, B = Sight(100, 1, 7), Sight(200, 2, 7)


# ---- the policy: no clock, no files


@pytest.mark.parametrize(
    ("observed", "due_at_s"),
    [
        ([(0, A)], 2),
        ([(0, A), (1, B)], 3),  # it grew
        ([(0, A), (1, A)], 2),
        ([(0, A), (1, B), (1.5, A)], 3.5),  # as before, but it was another meanwhile
        ([(0, A), (1, None), (1.5, A)], 3.5),  # it was away
        ([(0, A), (1, Sight(100, 1, 8))], 3),  # another file took its name
        ([(0, A), (1, Sight(100, 0, 7))], 3),  # the clock was set back
        ([(0, A), (1, None)], NEVER),
    ],
)
def test_a_file_is_due_when_it_was_seen_alike_for_the_delay(
    observed: list[tuple[float, Sight | None]], due_at_s: float
) -> None:
    ledger = Ledger(PACE)
    for now_s, sight in observed:
        ledger.observe({} if sight is None else {"run.fit": sight}, now_s)
    assert ledger.next_due_s() == due_at_s
    assert list(ledger.due(due_at_s - 0.01)) == []


def settled(now_s: float = 2.0) -> Ledger:
    ledger = Ledger(PACE)
    for moment in (0.0, now_s):
        ledger.observe({"run.fit": A}, moment)
    return ledger


def test_an_incomplete_file_is_looked_at_ever_later_and_then_read_as_it_is() -> None:
    ledger, now_s, waits = settled(), 2.0, []
    while (verdict := ledger.judge("run.fit", complete=False, now_s=now_s)) == "wait":
        waits.append(ledger.next_due_s() - now_s)
        now_s = ledger.next_due_s()
    assert verdict == "salvage"
    assert waits == [2, 4, 8, 16, 28]  # the last is cut, so that no more than the patience goes by
    assert now_s == PACE.patience_s


def test_a_file_that_ended_is_left_alone_until_it_changes() -> None:
    ledger = settled()
    assert ledger.judge("run.fit", complete=True, now_s=2) == "read"
    ledger.end("run.fit", A)
    ledger.observe({"run.fit": A}, 1000)
    assert (ledger.next_due_s(), ledger.open_files()) == (NEVER, 0)
    ledger.observe({"run.fit": B}, 1001)
    assert (ledger.next_due_s(), ledger.open_files()) == (1003, 1)


def test_the_end_of_an_older_look_does_not_hide_that_the_file_has_changed() -> None:
    ledger = settled()
    ledger.observe({"run.fit": B}, 3)
    ledger.end("run.fit", A)
    assert ledger.open_files() == 1


def test_what_refused_to_be_read_is_tried_again_ever_later_but_does_not_keep_anyone_waiting() -> None:
    ledger = settled()
    ledger.put_off("run.fit", 2, ended=True)
    assert (ledger.next_due_s(), ledger.open_files()) == (4, 0)
    for _ in range(20):
        ledger.put_off("run.fit", 0, ended=True)
    assert ledger.next_due_s() == PACE.patience_s


Step = tuple[str, str, float]
PATHS = st.sampled_from(["a.fit", "b.fit", "c.fit"])
STEPS = st.lists(
    st.tuples(st.sampled_from(["write", "finish", "remove", "look"]), PATHS, st.floats(0, 20)), max_size=40
)


@given(STEPS)
def test_in_whatever_order_things_happen_every_file_comes_to_one_end_and_none_is_read_too_early(
    steps: list[Step],
) -> None:
    ledger, now_s = Ledger(PACE), 0.0
    disk: dict[str, tuple[Sight, bool]] = {}
    ended: dict[str, list[Sight]] = {}
    seen_since: dict[str, tuple[Sight, float]] = {}
    version = 0

    def turn() -> None:
        ledger.observe({path: sight for path, (sight, _) in disk.items()}, now_s)
        for path in [*seen_since]:
            if path not in disk:
                del seen_since[path]
        for path, (sight, _) in disk.items():
            if seen_since.get(path, (None, 0))[0] != sight:
                seen_since[path] = (sight, now_s)
        for path, sight in list(ledger.due(now_s)):
            complete = disk[path][1]
            verdict = ledger.judge(path, complete=complete, now_s=now_s)
            least_s = PACE.delay_s if complete else PACE.patience_s
            assert verdict == "wait" or now_s >= seen_since[path][1] + least_s
            if verdict != "wait":
                ended.setdefault(path, []).append(sight)
                ledger.end(path, sight)

    for action, path, wait_s in steps:
        if action in ("write", "finish"):
            version += 1
            disk[path] = (Sight(version, version, 1), action == "finish")
            ended.pop(path, None)
        elif action == "remove":
            disk.pop(path, None)
            ended.pop(path, None)
        else:
            turn()
        now_s += wait_s
    turn()
    while ledger.next_due_s() < NEVER:
        now_s = max(now_s, ledger.next_due_s())
        turn()
    assert ledger.open_files() == 0
    assert ended == {path: [sight] for path, (sight, _) in disk.items()}


# ---- the folder


@pytest.mark.parametrize(
    "name",
    [".run.fit", "._run.fit", "run.fit.part", "run.fit.filepart", "run.fit.crdownload", "run.fit.tmp",
     "run.fit~", ".syncthing.run.fit.tmp", "~syncthing~run.fit.tmp", ".~lock.run.gpx#", "run.fit.!sync",
     ".nfs0000000001", "inProgressActivity.fit", "notes.txt"],
)  # fmt: skip
def test_unfinished_and_hidden_names_are_left_alone(name: str) -> None:
    assert kind_of(name) == "other"


@pytest.mark.parametrize(
    "name", [".stfolder", ".stversions", "@eaDir", "__MACOSX", ".Trash-1000", "run.fit.download"]
)
def test_folders_of_other_programs_are_left_alone(name: str) -> None:
    assert not is_searched(name)


@POSIX
def test_links_pipes_and_sockets_are_named_and_never_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe.fit")
    (tmp_path / "link.fit").symlink_to("/etc/passwd")
    (tmp_path / "loop.gpx").symlink_to("loop.gpx")
    (tmp_path / "round").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "folder.fit").mkdir()
    write_run(tmp_path / "folder.fit" / "run.gpx")
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    with closing(socket.socket(socket.AF_UNIX)) as door:
        door.bind("socket.tcx")
        seen = look(tmp_path)
    assert [*seen.files] == [str(tmp_path / "folder.fit" / "run.gpx")]
    assert {Path(path).name: reason.split()[1].strip(";,") for path, reason in seen.odd.items()} == {
        "pipe.fit": "pipe",
        "link.fit": "link",
        "loop.gpx": "link",
        "socket.tcx": "socket",
    }


def test_a_second_name_never_takes_the_place_of_another_file(tmp_path: Path) -> None:
    done = tmp_path / "processed"
    done.mkdir()
    (done / "run.fit.gz").write_bytes(b"an older one")
    source = tmp_path / "run.fit.gz"
    source.write_bytes(b"the new one")
    target, both = second_name(source, done)
    assert (target.name, both, target.read_bytes()) == ("run (2).fit.gz", True, b"the new one")
    assert second_name(source, done) == (target, True)  # as after a kill between the two names
    assert (done / "run.fit.gz").read_bytes() == b"an older one"


def test_a_file_system_with_one_name_a_file_gets_a_place_that_nobody_else_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "done").mkdir()
    (tmp_path / "run.fit").write_bytes(b"a run")
    target, both = second_name(tmp_path / "run.fit", tmp_path / "done")
    assert (both, target.read_bytes()) == (False, b"")
    assert second_name(tmp_path / "run.fit", tmp_path / "done")[0].name == "run (2).fit"
    remove_first_name(tmp_path / "run.fit", target, both=both)
    assert target.read_bytes() == b"a run"


def test_a_file_that_came_to_the_old_name_while_one_was_moved_stays(tmp_path: Path) -> None:
    (tmp_path / "done").mkdir()
    source = write_run(tmp_path / "run.gpx")
    target, both = second_name(source, tmp_path / "done")
    source.unlink()
    source.write_bytes(b"the next run")
    remove_first_name(source, target, both=both)
    assert source.read_bytes() == b"the next run"


def test_a_folder_on_a_network_is_known_by_its_name_or_by_its_mount(tmp_path: Path) -> None:
    assert is_remote(Path("//server/runs"))
    assert not is_remote(tmp_path)


def test_the_reason_of_a_file_with_the_longest_name_has_a_name_too(tmp_path: Path) -> None:
    twins = {error_file(tmp_path, "é" * 125 + end) for end in ("a.fit", "b.fit")}
    assert len(twins) == 2
    for path in twins:
        path.write_text("a reason")


# ---- the whole program, until all is done


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MILER_LIBRARY", str(tmp_path / "library.db"))
    return tmp_path / "library.db"


@pytest.fixture
def inbox(tmp_path: Path, library: Path) -> Path:
    write_runs(tmp_path / "inbox", 2)
    return tmp_path / "inbox"


def rows(library: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(library)) as connection:
        return connection.execute(query).fetchall()


def reasons(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.error.txt"))


def half(path: Path) -> Path:
    """Cut a file, a track point whole."""
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"<trkpt", len(data) // 2)])
    return path


def test_everything_in_the_folder_is_imported_once_and_said_in_one_line_each(
    miler: Miler, inbox: Path, library: Path
) -> None:
    (inbox / "below").mkdir()
    shutil.copy(inbox / "000.gpx", inbox / "below" / "copy.gpx")
    ran = miler("watch", inbox, "--once", *QUICK)
    assert ran.code == OK
    assert ran.out.splitlines() == [
        "imported 000.gpx: activity 1, mile 4:44 ± 10",
        "imported 001.gpx: activity 2, mile 4:45 ± 10",
        "duplicate below/copy.gpx: duplicate of activity 1",
    ]
    again = miler("watch", inbox, "--once", "--poll", *QUICK)
    assert (again.code, again.out, again.err) == (OK, "", "")


def test_what_fails_has_its_reason_in_a_file_until_it_fails_no_more(
    miler: Miler, inbox: Path, tmp_path: Path
) -> None:
    (inbox / "zeros.fit").write_bytes(bytes(5000))
    (inbox / "web page.fit").write_bytes(b"<!DOCTYPE html><html>Please sign in</html>" * 9)
    options = ("--once", *QUICK, "--errors", tmp_path / "reasons")
    ran = miler("watch", inbox, *options)
    assert ran.code == SOME_FAILED
    assert "failed zeros.fit: the file is all zeros" in ran.err
    assert reasons(tmp_path / "reasons") == ["web page.fit.error.txt", "zeros.fit.error.txt"]
    assert "all zeros" in (tmp_path / "reasons" / "zeros.fit.error.txt").read_text()
    assert (inbox / "zeros.fit").read_bytes() == bytes(5000)
    write_run(inbox / "zeros.fit", day=9)
    assert miler("watch", inbox, *options).code == SOME_FAILED  # the other one is still no run
    assert reasons(tmp_path / "reasons") == ["web page.fit.error.txt"]


def test_a_file_that_stays_incomplete_is_read_as_far_as_it_goes_and_replaced_by_the_whole(
    miler: Miler, inbox: Path, library: Path
) -> None:
    whole = (inbox / "000.gpx").read_bytes()
    half(inbox / "000.gpx")
    ran = miler("watch", inbox, "--once", *QUICK)
    assert "imported 000.gpx in part (its end tag is missing" in ran.out
    ((number, short_m),) = rows(
        library, "SELECT id, distance_m FROM activities WHERE start_local < '2025-01-02'"
    )
    (inbox / "000.gpx").write_bytes(whole)
    assert "imported 000.gpx: activity" in miler("watch", inbox, "--once", *QUICK).out
    ((same, long_m),) = rows(
        library, "SELECT id, distance_m FROM activities WHERE start_local < '2025-01-02'"
    )
    assert same == number
    assert float(str(long_m)) > float(str(short_m)) * 1.5


def test_what_is_done_is_moved_if_the_runner_says_so_and_nothing_is_overwritten(
    miler: Miler, inbox: Path, library: Path
) -> None:
    (inbox / "bad.fit").write_bytes(b"no run at all, but a text\n" * 20)
    (inbox / "processed").mkdir()
    (inbox / "processed" / "000.gpx").write_bytes(b"an older one")
    (inbox / "sunday").mkdir()
    write_run(inbox / "sunday" / "long.gpx", day=5)
    assert miler("watch", inbox, "--once", "--move", *QUICK).code == SOME_FAILED
    left = sorted(path.relative_to(inbox).as_posix() for path in inbox.rglob("*") if path.is_file())
    assert left == [
        "failed/bad.fit",
        "failed/bad.fit.error.txt",
        "processed/000 (2).gpx",
        "processed/000.gpx",
        "processed/001.gpx",
        "processed/sunday/long.gpx",
    ]
    assert (inbox / "processed" / "000.gpx").read_bytes() == b"an older one"
    assert miler("reprocess").err == "3 imported\n"  # the library knows where they are now


def test_an_archive_of_other_things_is_not_moved_nor_are_copies_of_originals_imported(
    miler: Miler, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILER_LIBRARY", str(inbox / "library.db"))
    with zipfile.ZipFile(inbox / "photos.zip", "w") as archive:
        archive.writestr("beach.jpg", b"a beach")
    for _ in range(2):
        ran = miler("watch", inbox, "--once", "--move", "--copy", *QUICK)
        assert ran.code == OK
        assert "duplicate" not in ran.out
        assert [path.name for path in inbox.glob("*.zip")] == ["photos.zip"]


def test_an_incomplete_file_is_not_moved_so_that_the_whole_one_can_replace_it(
    miler: Miler, inbox: Path
) -> None:
    half(inbox / "000.gpx")
    for _ in range(2):
        miler("watch", inbox, "--once", "--move", *QUICK)
        assert [path.name for path in inbox.glob("*.gpx")] == ["000.gpx"]


def test_each_activity_has_its_reports_and_one_that_was_removed_comes_again(
    miler: Miler, inbox: Path, tmp_path: Path
) -> None:
    options = ("--once", *QUICK, "--reports", tmp_path / "reports", "--format", "html,json")
    miler("watch", inbox, *options)
    names = sorted(path.name for path in (tmp_path / "reports").iterdir())
    assert names == [f"2025-01-0{i}-1200-{i}.{kind}" for i in (1, 2) for kind in ("html", "json")]
    (tmp_path / "reports" / names[0]).unlink()
    miler("watch", inbox, *options)
    assert sorted(path.name for path in (tmp_path / "reports").iterdir()) == names


def test_each_run_in_a_dropped_archive_is_imported_and_a_bad_one_named(
    miler: Miler, inbox: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(inbox / "export.zip", "w") as archive:
        for day in range(5, 8):
            archive.write(write_run(tmp_path / "run.gpx", day=day), f"{day}.gpx")
        archive.writestr("bad.fit", b"a line of text\n" * 30)
    ran = miler("watch", inbox, "--once", *QUICK, "--errors", tmp_path)
    assert ran.out.count("imported export.zip/") == 3
    assert "failed export.zip/bad.fit: " in ran.err
    assert "export.zip/bad.fit: " in (tmp_path / "export.zip.error.txt").read_text()


def test_an_unpacked_export_of_an_account_gives_its_names(miler: Miler, inbox: Path, library: Path) -> None:
    (inbox / "export" / "activities").mkdir(parents=True)
    run = write_run(inbox / "export" / "activities" / "12.gpx", day=5)
    run.write_bytes(run.read_bytes().replace(b"Run", b""))
    head = "Activity ID,Activity Date,Activity Name,Activity Type,Filename"
    (inbox / "export" / "activities.csv").write_text(f"{head}\n12,x,Club mile,Run,activities/12.gpx\n")
    miler("watch", inbox, "--once", *QUICK)
    assert rows(library, "SELECT name FROM activities ORDER BY id DESC LIMIT 1") == [("Club mile",)]


@POSIX
def test_a_name_cannot_move_the_cursor_nor_break_the_line(miler: Miler, inbox: Path, tmp_path: Path) -> None:
    shutil.copy(inbox / "000.gpx", inbox / "z\x1b[2J\n\u202e\udcff.gpx")
    ran = miler("watch", inbox, "--once", *QUICK, "--log", tmp_path / "logs" / "watch.log")
    assert ran.out.splitlines()[-1].startswith(r"duplicate z\x1b[2J\x0a\u202e\xff.gpx: ")
    log = (tmp_path / "logs" / "watch.log").read_text().splitlines()
    assert [line.partition(" ")[2] for line in log] == ran.out.splitlines()


def test_another_bad_file_by_the_same_name_is_said_again(inbox: Path, library: Path) -> None:
    with Running(inbox) as watcher:
        for times in (1, 2):
            (inbox / "bad.fit").write_bytes(b"not a run, in words\n" * 30 * times)
            watcher.said("failed bad.fit: this is no activity file", times)


@pytest.mark.parametrize("moment_s", [0, 600_000_000, 4_300_000_000])
def test_the_time_of_day_is_of_no_importance(miler: Miler, inbox: Path, moment_s: int) -> None:
    os.utime(inbox / "000.gpx", (moment_s, moment_s))
    assert miler("watch", inbox, "--once", *QUICK).out.count("imported") == 2


@POSIX
@pytest.mark.skipif(os.geteuid() == 0, reason="everything can be read by root")
def test_a_file_that_may_not_be_read_keeps_nothing_else_waiting(miler: Miler, inbox: Path) -> None:
    (inbox / "000.gpx").chmod(0)
    ran = miler("watch", inbox, "--once", *QUICK)
    assert "imported 001.gpx" in ran.out
    assert "failed 000.gpx: cannot be read: permission denied" in ran.err


def test_wrong_use_is_refused(miler: Miler, inbox: Path) -> None:
    assert miler("watch", inbox / "nowhere").code == WRONG_USE
    assert miler("watch", inbox, "--format", "pdf").code == WRONG_USE


def test_a_folder_for_reports_that_cannot_be_is_said_before_anything_is_done(
    miler: Miler, inbox: Path, tmp_path: Path, library: Path
) -> None:
    (tmp_path / "file").touch()
    ran = miler("watch", inbox, "--once", "--reports", tmp_path / "file" / "reports", "--library", library)
    assert ran.code == SOME_FAILED
    assert "file" in ran.err and "irectory" in ran.err
    assert not library.exists()


def test_the_units_for_log_in_have_the_paths_of_this_installation(miler: Miler, inbox: Path) -> None:
    odd = inbox / 'a "50%" & <more>'
    odd.mkdir()
    text = miler("watch", odd, "--install-help").out
    assert f'ExecStart="{sys.executable}" "-m" "miler.cli" "watch" ' in text
    assert r"\"50%%\" & <more>" in text
    plist = text[text.index("<?xml") : text.index("</plist>") + len("</plist>")]
    arguments = plistlib.loads(plist.encode())["ProgramArguments"]
    assert arguments == [sys.executable, "-m", "miler.cli", "watch", str(odd.resolve())]


# ---- the whole program, as it runs for days


class Running:
    """A watcher in a process of its own; what it says is gathered."""

    def __init__(self, folder: Path, *options: object) -> None:
        command = [*PROGRAM, str(folder), *QUICK, *map(str, options)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def said(self, words: str, times: int = 1, within_s: float = 40) -> None:
        until_s = time.monotonic() + within_s
        while sum(words in line for line in self.lines) < times:
            assert self.process.poll() is None, self.lines
            assert time.monotonic() < until_s, (words, self.lines)
            time.sleep(0.02)

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(timeout=20)
        self._reader.join(timeout=5)
        return code

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join(timeout=5)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def __enter__(self) -> Running:
        return self


Writer = Callable[[Path, bytes], Iterator[None]]


def slowly(path: Path, data: bytes) -> Iterator[None]:
    for at in range(0, len(data), len(data) // 5):
        with path.open("ab") as file:
            file.write(data[at : at + len(data) // 5])
        yield


def created_then_filled(path: Path, data: bytes) -> Iterator[None]:
    path.touch()
    yield
    yield
    path.write_bytes(data)
    yield


def renamed(path: Path, data: bytes) -> Iterator[None]:
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    yield
    yield
    part.rename(path)
    yield


def zeros_then_filled(path: Path, data: bytes) -> Iterator[None]:
    path.write_bytes(bytes(len(data)))
    yield
    yield
    with path.open("r+b") as file:
        file.write(data)
    os.utime(path, ns=(1, path.stat().st_mtime_ns))
    yield


@POSIX
def test_however_a_copy_is_made_it_is_imported_whole_and_once(inbox: Path, library: Path) -> None:
    data = write_run(inbox / "model.gpx", day=7).read_bytes()
    (inbox / "model.gpx").unlink()
    writers: tuple[Writer, ...] = (slowly, created_then_filled, renamed, zeros_then_filled)
    with Running(inbox, "--patience", 30) as watcher:
        watcher.said("imported", 2)
        copies = [
            writer(inbox / f"{writer.__name__}.gpx", data.replace(b"Run", writer.__name__.encode()))
            for writer in writers
        ]
        while copies:
            copies = [copy for copy in copies if next(copy, "done") is None]
            time.sleep(0.35)
        watcher.said("imported", 2 + len(writers))
        assert watcher.end() == 0
    assert not [line for line in watcher.lines if "in part" in line or line.startswith("failed")]
    assert rows(library, "SELECT count(*), count(DISTINCT sha256) FROM files") == [(6, 6)]


@POSIX
def test_the_two_signals_end_it_at_once_with_the_codes_that_were_promised(inbox: Path) -> None:
    for number, code in ((signal.SIGTERM, OK), (signal.SIGINT, INTERRUPTED)):
        with Running(inbox) as watcher:
            if number == signal.SIGTERM:
                watcher.said("imported", 2)
            else:
                time.sleep(1)
            assert watcher.end(number) == code
            assert not [line for line in watcher.lines if "Traceback" in line]


@POSIX
def test_a_second_watcher_of_a_folder_says_so_and_ends(miler: Miler, inbox: Path) -> None:
    with Running(inbox) as watcher:
        watcher.said("imported", 2)
        ran = miler("watch", inbox, "--once", *QUICK)
        assert (ran.code, ran.out) == (SOME_FAILED, "")
        assert "another miler watches" in ran.err
        assert miler("import", inbox).err == "2 unchanged\n"


@POSIX
def test_a_folder_that_goes_away_is_waited_for(inbox: Path, tmp_path: Path) -> None:
    with Running(inbox) as watcher:
        watcher.said("imported", 2)
        inbox.rename(tmp_path / "elsewhere")
        watcher.said("waiting for it")
        write_run(tmp_path / "elsewhere" / "new.gpx", day=9)
        (tmp_path / "elsewhere").rename(inbox)
        watcher.said("imported new.gpx")
        assert len(watcher.lines) == 5  # with what it watches


@POSIX
def test_a_library_that_another_program_holds_is_waited_for(inbox: Path, library: Path) -> None:
    with Running(inbox) as watcher:
        watcher.said("imported", 2)
        with closing(sqlite3.connect(library, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            write_run(inbox / "new.gpx", day=9)
            watcher.said("another program is writing to it")
            other.execute("COMMIT")
        watcher.said("imported new.gpx")


def test_one_look_ends_with_the_reason_where_the_library_cannot_be_written(
    miler: Miler, inbox: Path, library: Path
) -> None:
    miler("import", inbox, "--library", library)
    write_run(inbox / "new.gpx", day=9)
    journal = library.with_name(f"{library.name}-journal")
    journal.unlink(missing_ok=True)
    journal.mkdir()  # no transaction can begin
    ran = miler("watch", inbox, "--once", *QUICK)
    assert (ran.code, ran.out) == (SOME_FAILED, "")
    assert ran.err.startswith(f"miler: the library {library}: ")
    journal.rmdir()
    assert miler("watch", inbox, "--once", *QUICK).code == OK


def test_one_look_waits_for_another_program_that_holds_the_library(
    miler: Miler, inbox: Path, library: Path
) -> None:
    miler("import", inbox)
    write_run(inbox / "new.gpx", day=9)
    with closing(sqlite3.connect(library, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")
        freed = threading.Timer(3, other.execute, ["COMMIT"])  # longer than SQLite itself waits
        freed.start()
        ran = miler("watch", inbox, "--once", *QUICK)
        freed.join()
    assert (ran.code, ran.out.count("imported new.gpx")) == (OK, 1)
    assert "another program is writing to it" in ran.err


def test_one_look_that_could_not_write_a_report_has_failed(
    miler: Miler, inbox: Path, library: Path, tmp_path: Path
) -> None:
    options = ("--once", *QUICK, "--reports", tmp_path / "reports", "--format", "text")
    assert miler("watch", inbox, *options).code == OK
    report = min((tmp_path / "reports").iterdir())
    report.unlink()
    report.mkdir()
    library.unlink()
    ran = miler("watch", inbox, *options)
    assert (ran.code, ran.out.count("imported")) == (SOME_FAILED, 2)
    assert f"waiting 000.gpx: {report} cannot be written" in ran.err


@POSIX
def test_a_watcher_that_is_killed_and_started_anew_leaves_what_one_would_have(
    inbox: Path, library: Path, tmp_path: Path
) -> None:
    reports = ["--reports", str(tmp_path / "reports"), "--format", "text"]
    for first in (2, 8):
        write_runs(inbox, 6, first=first)
        with Running(inbox, *reports) as watcher:
            watcher.said("imported")
            watcher.process.kill()
    options = ["--once", *QUICK, *reports]
    subprocess.run([*PROGRAM, str(inbox), *options], check=True, capture_output=True)
    killed = dump(library)
    library.unlink()
    subprocess.run([*PROGRAM, str(inbox), *options], check=True, capture_output=True)
    assert dump(library) == killed
    assert len(list((tmp_path / "reports").iterdir())) == 14
