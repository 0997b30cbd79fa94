from __future__ import annotations

import os
import stat
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

import miler
from miler.atomic import write_atomic
from miler.errors import ActivityError, DecodeError
from miler.files import Found, explain, find, load
from miler.limits import Limits

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")


def make(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def names(*paths: Path) -> list[str]:
    return [found.name for found in find(paths)]


def test_a_folder_gives_its_activity_files_in_order(tmp_path: Path) -> None:
    make(tmp_path, "b.gpx", "a.FIT", "2026/05/c.tcx", "2026/05/c.tcx.gz", "notes.txt", "photo.jpg")
    assert names(tmp_path) == ["a.FIT", "b.gpx", "2026/05/c.tcx", "2026/05/c.tcx.gz"]


def test_what_is_hidden_unfinished_or_the_file_systems_own_is_left_alone(tmp_path: Path) -> None:
    make(tmp_path, ".hidden.fit", "~a.fit", "b.fit.part", "c.fit~", ".git/d.fit", "@eaDir/e.fit", "f.fit")
    make(tmp_path, "__MACOSX/g.fit")
    assert names(tmp_path) == ["f.fit"]


def test_a_file_that_is_named_is_taken_whatever_its_name(tmp_path: Path) -> None:
    make(tmp_path, "export.bin", ".hidden.fit")
    assert names(tmp_path / "export.bin", tmp_path / ".hidden.fit") == ["export.bin", ".hidden.fit"]


def test_a_file_that_is_not_there_is_found_and_fails_when_it_is_read(tmp_path: Path) -> None:
    (found,) = find([tmp_path / "gone.fit"])
    with pytest.raises(FileNotFoundError) as refused:
        load(found.path)
    assert explain(refused.value).message == "cannot be read: no such file or directory"


def test_a_folder_named_like_a_file_is_searched(tmp_path: Path) -> None:
    make(tmp_path, "week.fit/monday.fit")
    assert names(tmp_path) == ["week.fit/monday.fit"]


def test_a_file_given_twice_is_reported_twice(tmp_path: Path) -> None:
    make(tmp_path, "a.fit")
    assert names(tmp_path / "a.fit", tmp_path) == ["a.fit", "a.fit"]


@POSIX
def test_links_that_go_round_do_not_hang_the_search(tmp_path: Path) -> None:
    make(tmp_path, "runs/a.fit")
    (tmp_path / "runs" / "again").symlink_to(tmp_path)
    (tmp_path / "runs" / "self.fit").symlink_to("self.fit")
    assert names(tmp_path) == ["runs/a.fit", "runs/self.fit"]
    with pytest.raises(OSError, match="symbolic links"):
        load(tmp_path / "runs" / "self.fit")


@POSIX
def test_a_pipe_that_nobody_writes_to_does_not_hang_the_reading(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.fit")
    with pytest.raises(DecodeError, match="not a regular file"):
        load(tmp_path / "x.fit")


@POSIX
def test_a_name_that_is_not_utf_8_is_found_and_read(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.fit"
    try:
        Path(os.fsdecode(path)).write_bytes(b"data")
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    (found,) = find([tmp_path])
    assert found.name == "caf\udce9.fit"
    assert load(found.path) == b"data"


@POSIX
@pytest.mark.skipif(sys.platform == "linux" and os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_said_to_have_failed(tmp_path: Path) -> None:
    make(tmp_path, "locked/a.fit")
    (tmp_path / "locked").chmod(0)
    try:
        (found,) = find([tmp_path])
        with pytest.raises(PermissionError):
            load(found.path)
    finally:
        (tmp_path / "locked").chmod(0o700)


def test_a_file_larger_than_any_activity_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    with (tmp_path / "huge.fit").open("wb") as file:
        file.truncate(257 * 2**20)  # a hole: it takes no space
    with pytest.raises(DecodeError, match="256 MiB") as refused:
        load(tmp_path / "huge.fit")
    assert refused.value.code == "too_large"


@pytest.mark.parametrize(("size", "refused"), [(999, False), (1000, False), (1001, True)])
def test_a_file_may_be_as_large_as_the_limit(tmp_path: Path, size: int, refused: bool) -> None:
    (tmp_path / "a.fit").write_bytes(bytes(size))
    if refused:
        with pytest.raises(DecodeError):
            load(tmp_path / "a.fit", Limits(file_bytes=1000))
    else:
        assert load(tmp_path / "a.fit", Limits(file_bytes=1000)) == bytes(size)


def test_an_archive_reads_as_the_files_in_it(tmp_path: Path, samples: Path) -> None:
    with zipfile.ZipFile(tmp_path / "1.zip", "w") as archive:
        archive.write(samples / "treadmill.fit", "1_ACTIVITY.fit")
    run = miler.read(tmp_path / "1.zip")
    assert (run.source.name, run.sport) == ("1.zip/1_ACTIVITY.fit", "running")
    with zipfile.ZipFile(tmp_path / "1.zip", "a") as archive:
        archive.write(samples / "truncated.fit", "2.fit")
        archive.writestr("3.fit", "<html>")
    assert [a.source.name for a in miler.read_all(tmp_path / "1.zip")] == [
        "1.zip/1_ACTIVITY.fit",
        "1.zip/2.fit",
    ]
    with pytest.raises(DecodeError, match=r"web page|promises"):
        miler.read_all(tmp_path / "1.zip", strict=True)


def test_archives_in_a_folder_are_looked_into_and_what_only_seems_one_is_read(
    tmp_path: Path, samples: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "b.ZIP", "w") as archive:
        archive.write(samples / "treadmill.fit", "run/t.fit")
    (tmp_path / "a.zip").write_bytes((samples / "phone-spike.gpx").read_bytes())
    (tmp_path / "c.fit").write_bytes(b"")
    assert names(tmp_path) == ["a.zip", "b.ZIP/run/t.fit", "c.fit"]
    assert miler.read(tmp_path / "a.zip").source.format == "gpx"


def test_an_archive_that_is_replaced_is_read_anew(tmp_path: Path, samples: Path) -> None:
    lengths = []
    for sample in ("treadmill.fit", "track-mile.fit"):
        part = BytesIO()
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(samples / sample, "a.fit")
        with zipfile.ZipFile(tmp_path / "z.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("Part1.zip", part.getvalue())
        lengths.append(len(miler.read(tmp_path / "z.zip")))
    assert lengths == [1362, 1465]


def test_reading_one_activity_from_a_file_of_several_says_what_to_do(tmp_path: Path, samples: Path) -> None:
    one = (samples / "treadmill.fit").read_bytes()
    (tmp_path / "two.fit").write_bytes(one + one)
    assert [activity.source.part for activity in miler.read_all(tmp_path / "two.fit")] == [1, 2]
    with pytest.raises(ActivityError, match="read_all"):
        miler.read(tmp_path / "two.fit")


def test_what_is_read_remembers_where_it_came_from(samples: Path) -> None:
    source = miler.read(samples / "intervals.tcx.gz").source
    assert (source.name, source.format, source.part) == ("intervals.tcx.gz", "tcx", None)
    assert source.bytes == (samples / "intervals.tcx.gz").stat().st_size


def test_standard_input_is_read_whole(samples: Path) -> None:
    code = "import sys; from miler.files import load; sys.stdout.write(str(len(load('-'))))"
    with (samples / "treadmill.fit").open("rb") as stream:
        done = subprocess.run([sys.executable, "-c", code], stdin=stream, capture_output=True, check=True)
    assert int(done.stdout) == (samples / "treadmill.fit").stat().st_size


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    with write_atomic(tmp_path / "report.txt") as stream:
        stream.write("5:24.9 \udcff\n")
    assert (tmp_path / "report.txt").read_bytes() == b"5:24.9 \\udcff\n"
    assert [path.name for path in tmp_path.iterdir()] == ["report.txt"]


def test_a_report_that_breaks_off_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "report.txt").write_text("the old one")
    with pytest.raises(KeyboardInterrupt), write_atomic(tmp_path / "report.txt") as stream:
        stream.write("half of the n")
        raise KeyboardInterrupt
    assert (tmp_path / "report.txt").read_text() == "the old one"
    assert [path.name for path in tmp_path.iterdir()] == ["report.txt"]


def test_the_name_of_a_report_may_be_as_long_as_the_file_system_allows(tmp_path: Path) -> None:
    target = tmp_path / ("r" * 251 + ".txt")
    with write_atomic(target) as stream:
        stream.write("x")
    assert target.read_text() == "x"


@POSIX
def test_a_link_to_a_report_stays_a_link_and_a_report_keeps_its_permissions(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "real.txt").chmod(0o640)
    (tmp_path / "link.txt").symlink_to("real.txt")
    with write_atomic(tmp_path / "link.txt") as stream:
        stream.write("new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"
    assert stat.S_IMODE((tmp_path / "real.txt").stat().st_mode) == 0o640


@POSIX
def test_a_device_is_written_to_and_never_replaced() -> None:
    with write_atomic("/dev/null") as stream:
        stream.write("x")
    assert not Path("/dev/null").is_file()


def test_names_are_relative_to_the_folder_that_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "runs/2026/a.fit")
    monkeypatch.chdir(tmp_path)
    assert list(find(["runs"])) == [Found(str(Path("runs", "2026", "a.fit")), "2026/a.fit")]
    assert [found.name for found in find(["."])] == ["runs/2026/a.fit"]
