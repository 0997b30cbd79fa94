"""Is a watcher that was killed as good as one that was not? `python -m benchmarks.watch_kills [--times N]`.

The claim: killed by SIGKILL at any moment, as often as one likes, and started anew, a watcher ends with
the rows, the originals and the reports of an uninterrupted run; nothing is there twice, no temporary file
is left. Each second episode moves what is done (`--move`). The order of things is that of the names.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.bar import Bar, skipped
from tests.library_dump import dump, write_run, write_runs

TIMES, SHORT_TIMES, PER_EPISODE = 150, 4, 3
_OPTIONS = ("--once", "--delay", "0.05", "--patience", "0.2", "--format", "text,json", "--jobs", "1")


def make(folder: Path) -> None:
    """Write runs, one of them twice and one cut off, an archive, and what is no run at all."""
    write_runs(folder, 12)
    shutil.copy2(folder / "003.gpx", folder / "copy of 003.gpx")
    cut = folder / "005.gpx"
    cut.write_bytes(cut.read_bytes()[:-1500])
    (folder / "page.fit").write_bytes(b"<!DOCTYPE html><html>Please sign in</html>\n" * 10)
    with zipfile.ZipFile(folder / "export.zip", "w") as archive:
        for day in range(20, 24):
            archive.write(write_run(folder / "member.gpx", day=day), f"{day}.gpx")
    (folder / "member.gpx").unlink()


@dataclass(frozen=True)
class State:
    """All that a watcher leaves: the library's rows, and the files of each folder by their hashes."""

    rows: dict[str, Any]
    files: dict[str, str]


class Stage:
    """A place where the same is done again and again, by the same paths."""

    def __init__(self, top: Path) -> None:
        self._top = top
        make(top / "model")

    def set_up(self) -> None:
        """Begin from nothing."""
        for name in ("inbox", "out"):
            shutil.rmtree(self._top / name, ignore_errors=True)
        (self._top / "out").mkdir()
        shutil.copytree(self._top / "model", self._top / "inbox")  # with the times

    def watcher(self, *, move: bool) -> subprocess.Popen[bytes]:
        """Start a watcher that ends when all is done."""
        out = self._top / "out"
        command = [sys.executable, "-m", "miler.cli", "watch", str(self._top / "inbox"), *_OPTIONS]
        command += ["--library", str(out / "library.db"), "--reports", str(out / "reports")]
        command += ["--errors", str(out / "errors"), *(["--move"] if move else [])]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def state(self) -> State:
        """Return what is there now; of a reason for a failure, whose text has the time, only that it is."""
        files = {}
        for path in sorted(self._top.glob("[io]*/**/*")):
            name = path.relative_to(self._top).as_posix()
            if path.is_file() and path.name != "library.db":
                alike = path.name.endswith(".error.txt") or not path.stat().st_size
                files[name] = "" if alike else hashlib.sha256(path.read_bytes()).hexdigest()
        return State(dump(self._top / "out" / "library.db"), files)


@dataclass(frozen=True)
class Result:
    """How often a watcher was killed that had not ended yet, and what was different in the end."""

    kills: int
    differing: tuple[str, ...]


def measure(times: int, seed: int = 1) -> Result:
    """Kill so often, in episodes of a few kills each."""
    rng = random.Random(seed)
    kills = episodes = 0
    differing: list[str] = []
    with TemporaryDirectory() as folder:
        stage = Stage(Path(folder))
        whole = {move: _uninterrupted(stage, move=move) for move in (False, True)}
        while kills < times:
            move = bool(episodes % 2)
            episodes += 1
            stage.set_up()
            expected, takes_s = whole[move]
            for _ in range(PER_EPISODE):
                kills += _killed(stage, rng.uniform(0.2, 1.0) * takes_s, move=move)
            stage.watcher(move=move).wait()
            differing += _differences(expected, stage.state(), f"after {kills} kills, move {move}")
    return Result(kills, tuple(differing))


def _uninterrupted(stage: Stage, *, move: bool) -> tuple[State, float]:
    stage.set_up()
    begin = time.perf_counter()
    stage.watcher(move=move).wait()
    return stage.state(), time.perf_counter() - begin


def _killed(stage: Stage, after_s: float, *, move: bool) -> bool:
    """Return whether there was somebody to kill."""
    watcher = stage.watcher(move=move)
    try:
        watcher.wait(after_s)
    except subprocess.TimeoutExpired:
        watcher.kill()
        watcher.wait()
        return True
    return False


def _differences(expected: State, found: State, when: str) -> Iterator[str]:
    for name in sorted(expected.files.keys() | found.files.keys()):
        if expected.files.get(name) != found.files.get(name):
            yield f"{when}: file {name}"
    for table, rows in expected.rows.items():
        if rows != found.rows[table]:
            yield f"{when}: table {table}: {set(map(repr, rows)) ^ set(map(repr, found.rows[table]))}"


def bars(short: bool) -> Iterator[Bar]:
    """Measure the bar of killed watchers."""
    name = "watch: SIGKILL at random moments, then the same rows and files"
    if sys.platform == "win32":
        yield skipped(name, "no differences", "Windows has no SIGKILL")
        return
    result = measure(SHORT_TIMES if short else TIMES)
    figure = f"{result.kills} kills, {len(result.differing)} differences"
    yield Bar(name, figure, "no differences", not result.differing)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=TIMES)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    result = measure(options.times, options.seed)
    print(f"{result.kills} kills, {len(result.differing)} differences")
    for line in result.differing:
        print(f"  {line[:300]}")
    return 1 if result.differing else 0


if __name__ == "__main__":
    sys.exit(main())
