"""An import killed at the moments that matter; `benchmarks.kills` kills it at every one."""

from __future__ import annotations

import pytest

from benchmarks.kills import Case, before_call, case, injects

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
