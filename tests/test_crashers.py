"""What a runner relies on after a fault was found: it does not come back."""

from __future__ import annotations

from pathlib import Path

import pytest

from soak.__main__ import fuzz
from soak.child import Keeper
from soak.mutate import mutants
from soak.promises import Broken, promise, read_or_refused, told_or_refused
from soak.seeds import recordings
from soak.targets import TARGETS
from tests.crashers import CRASHERS


@pytest.mark.parametrize("name", CRASHERS)
def test_what_broke_a_promise_once_keeps_it_now(name: str) -> None:
    data = CRASHERS[name]()
    read_or_refused(data)
    told_or_refused(data)


@pytest.mark.parametrize("name", TARGETS)
def test_what_fuzzing_begins_with_keeps_every_promise(name: str) -> None:
    seeds = list(TARGETS[name].seeds())
    assert seeds
    for data in seeds:
        TARGETS[name].check(data)


def test_mutants_begin_with_the_files_and_are_the_same_each_time() -> None:
    files = list(recordings())
    first, second = mutants(files, 7), mutants(files, 7)
    some = [next(first) for _ in range(len(files) + 50)]
    assert some == [next(second) for _ in some]
    assert some[: len(files)] == files
    assert not set(some[len(files) :]) <= set(files)


def breaking(data: bytes) -> None:
    promise(b"x" not in data, "no x")


def test_of_what_breaks_a_promise_the_shortest_is_kept_with_the_place(tmp_path: Path) -> None:
    keeper = Keeper(breaking, tmp_path)
    for data in (b"sound", b"axa", b"x", b"xx"):
        keeper(data)
    told, kept = sorted(tmp_path.iterdir(), key=lambda path: path.suffix, reverse=True)
    assert kept.read_bytes() == b"x"
    assert "no x" in told.read_text()


def test_a_target_is_fuzzed_in_a_process_of_its_own(tmp_path: Path) -> None:
    summary = fuzz("recognise", seconds=1, keep=tmp_path, plain=True)
    assert (summary.target, summary.coverage, summary.crashes) == ("recognise", None, [])
    assert summary.executions > len(list(recordings()))


def test_a_target_that_does_not_even_begin_has_crashed(tmp_path: Path) -> None:
    (crash,) = fuzz("no such target", seconds=1, keep=tmp_path, plain=True).crashes
    assert "KeyError" in crash.read_text()


def test_a_promise_that_is_not_kept_is_found_out() -> None:
    with pytest.raises(Broken, match="not so"):
        promise(False, "not so")
