"""An import killed, or cut from power, at some moments; `benchmarks` has all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import power_loss
from benchmarks.kills import Case, before_call, case, injects
from benchmarks.power_loss import Call

# In mid-write, before the commit, after it; a copy's bytes, its name, and the end of the temporary one.
MOMENTS = [
    ("pwrite64", 40),
    ("fdatasync", 4),
    ("ftruncate", 2),
    ("rename", 2),
    ("unlink", 1),
]


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return case(tmp_path_factory.mktemp("kills"), 3, ("--jobs", "1", "--copy"))


@pytest.mark.skipif(not injects(), reason="strace cannot inject signals here")
@pytest.mark.parametrize(("call", "number"), MOMENTS)
def test_an_import_killed_before_a_system_call_is_finished_by_the_next(
    one: Case, call: str, number: int
) -> None:
    killed, faults = before_call(one, call, number)
    assert killed
    assert faults == []


@pytest.mark.skipif(not injects(), reason="strace cannot trace here")
def test_a_power_cut_takes_nothing_that_was_said_to_be_imported() -> None:
    done = power_loss.measure(every=200)
    assert done.faults == []
    assert done.cuts >= 4


def test_what_was_not_synced_is_lost_in_a_power_cut_and_what_was_is_not() -> None:
    folder = Path("/run")
    disk = power_loss.Disk(folder)
    kept, lost = folder / "kept", folder / "lost"
    for path in (kept, lost):
        disk.take(Call("openat", (bytes(path),), b"O_CREAT"))
        disk.take(Call("write", (bytes(path), b"first"), b""))
    disk.take(Call("fsync", (bytes(kept),), b""))
    disk.take(Call("pwrite64", (bytes(kept), b"then"), b"4, 0"))
    assert disk.left(None) == {}
    disk.take(Call("fsync", (bytes(folder),), b""))
    assert disk.left(None) == {kept: b"first", lost: b""}
    disk.take(Call("fdatasync", (bytes(kept),), b""))
    disk.take(Call("rename", (bytes(kept), bytes(lost)), b""))
    assert disk.left(None) == {kept: b"thent", lost: b""}
    disk.take(Call("fsync", (bytes(folder),), b""))
    assert disk.left(None) == {lost: b"thent"}
