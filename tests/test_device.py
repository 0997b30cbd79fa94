"""Watches that are plugged in: wherever systems put them, and what happens when the cable is pulled."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from miler.cli import OK, SOME_FAILED, WRONG_USE
from miler.device import roots, watches
from miler.library import Library
from tests.conftest import Miler

_MTP = "run/user/1000/gvfs/mtp:host=Garmin_Forerunner_965_0000cafe/Internal Storage/GARMIN/Activity"


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("media/anna/GARMIN/GARMIN/ACTIVITY", "GARMIN"),
        ("media/GARMIN/Garmin/Activity", "GARMIN"),
        ("run/media/anna/GARMIN/Garmin/Activities", "GARMIN"),
        ("mnt/garmin/Activity", "mnt"),
        ("mnt/watch/GARMIN/Activity", "watch"),
        ("Volumes/GARMIN/Garmin/Activity", "GARMIN"),
        (_MTP, "Garmin Forerunner 965 0000cafe"),
        ("run/user/1000/kio-fuse-AbC/mtp/Edge 1050/Internal Storage/Garmin/Activities", "Edge 1050"),
        ("run/user/1000/gvfs/mtp:host=Wahoo_ACE_1/Internal/exports", "Wahoo ACE 1"),
    ],
)
def test_a_watch_is_found_wherever_it_is_mounted(tmp_path: Path, folder: str, name: str) -> None:
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "media/anna/camera/DCIM").mkdir(parents=True)
    (tmp_path / "mnt/phone/exports").mkdir(parents=True)
    assert [(watch.name, watch.folder) for watch in watches(tmp_path)] == [(name, tmp_path / folder)]


def test_a_drive_with_a_letter_is_a_root_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "GARMIN" / "Activity").mkdir(parents=True)
    assert [watch.folder for watch in watches(tmp_path)] == [tmp_path / "GARMIN" / "Activity"]
    assert roots()


def test_other_folders_of_a_watch_are_no_activities(tmp_path: Path) -> None:
    for name in ("Monitor", "Sleep", "Courses", "NewFiles", "Activity.bak"):
        (tmp_path / "media/me/GARMIN/GARMIN" / name).mkdir(parents=True)
    (tmp_path / "media/me/GARMIN/Garmin.txt").write_text("Activity")
    assert watches(tmp_path) == ()
    assert watches(tmp_path / "nowhere") == ()


def test_a_watch_that_is_mounted_twice_is_one(tmp_path: Path) -> None:
    (tmp_path / "media/me/GARMIN/GARMIN/Activity").mkdir(parents=True)
    (tmp_path / "media/again").symlink_to(tmp_path / "media/me/GARMIN")
    assert len(watches(tmp_path)) == 1


def test_what_is_on_a_watch_is_imported_and_kept(miler: Miler, tmp_path: Path, samples: Path) -> None:
    folder = tmp_path / _MTP
    folder.mkdir(parents=True)
    shutil.copy(samples / "track-mile.fit", folder / "2026-05-06-18-02-00.fit")
    ran = miler("import", "--device", "--device-root", tmp_path, "--library", tmp_path / "a.db")
    assert ran.code == OK
    assert ran.err == f"found Garmin Forerunner 965 0000cafe: {folder}\n1 imported\n"
    shutil.rmtree(folder)
    with Library(tmp_path / "a.db") as library:
        assert library.originals.path_of(library.get(1).document["source"]["sha256"]) is not None
    assert "5:27.3" in miler("show", 1, "--format", "html", "--library", tmp_path / "a.db").out


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that the system cannot read")
def test_a_file_that_cannot_be_read_now_is_read_the_next_time(
    miler: Miler, tmp_path: Path, samples: Path
) -> None:
    folder = tmp_path / "media/me/GARMIN/GARMIN/ACTIVITY"
    folder.mkdir(parents=True)
    shutil.copy(samples / "treadmill.fit", folder / "A1.FIT")
    (folder / "A2.FIT").symlink_to("/proc/self/mem")  # reading it is an I/O error, as of a pulled cable
    command = ("import", "--device", "--device-root", tmp_path, "--library", tmp_path / "a.db")
    ran = miler(*command)
    assert ran.code == SOME_FAILED
    assert "failed A2.FIT: cannot be read: input/output error\n1 imported, 1 failed" in ran.err
    (folder / "A2.FIT").unlink()
    shutil.copy(samples / "track-mile.fit", folder / "A2.FIT")
    ran = miler(*command)
    assert (ran.code, ran.err.splitlines()[-1]) == (OK, "1 imported, 1 unchanged")


def test_without_a_watch_it_says_so(miler: Miler, tmp_path: Path) -> None:
    ran = miler("import", "--device", "--device-root", tmp_path)
    assert ran.code == SOME_FAILED
    assert "no watch was found; plug it in" in ran.err
    assert miler("import").code == WRONG_USE
