"""What does a kill cost an import? `python -m benchmarks.kills [--times N] [--short]`.

The claim: nothing. An import is killed at random moments, and before each write, sync, rename, unlink
and truncation that it makes, the n-th for every n. After the same command has run again, the library has
the rows of one that was never killed, originals and copies have their bytes, and no other file is left.

The second part needs strace on Linux, which delivers the kill on entry to the system call.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.bar import Bar, skipped
from miler import Library, Settings
from miler.files import find
from miler.library import repair
from miler.library.importing import Way, import_files
from tests.library_dump import dump, write_runs

TIMES = 150
CALLS = ("pwrite64", "write", "fdatasync", "fsync", "ftruncate", "rename", "unlink")
_WAYS = (("--jobs", "1"), ("--jobs", "2"), ("--jobs", "1", "--copy"), ("--jobs", "2", "--copy"))
_MANY, _FEW = 40, 4
_IN_A_ROW = 5  # kills before an import may end


@dataclass(frozen=True)
class Case:
    """An import that is killed, and what it leaves if it is not.

    Attributes:
        runs: the folder of originals.
        arguments: of the command.
        whole: the folder with the library of an import that ran to its end.
        took_s: how long that took.
    """

    runs: Path
    arguments: tuple[str, ...]
    whole: Path
    took_s: float

    def command(self, folder: Path) -> list[str]:
        """Return the command that imports into a library in a folder."""
        library = folder / "library.db"
        words = ["import", str(self.runs), "--library", str(library), *self.arguments]
        return [sys.executable, "-m", "miler.cli", *words]

    def faults(self, folder: Path) -> list[str]:
        """Say what is not as an uninterrupted import leaves it."""
        path = folder / "library.db"
        with Library(path, create=False) as library:
            found = repair.check(library)
        if dump(path) != dump(self.whole / "library.db"):
            found.append("other rows")
        if files(folder) != files(self.whole):
            found.append(f"other files: {sorted(files(folder).items() ^ files(self.whole).items())}")
        return found


def files(folder: Path) -> dict[str, str]:
    """Return the hash of every file in a folder and below, but that of the library itself."""
    return {
        str(path.relative_to(folder)): ""
        if path.name == "library.db"
        else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def case(folder: Path, runs: int, arguments: tuple[str, ...]) -> Case:
    """Make originals, one of them twice and one of them no activity, and import them undisturbed."""
    originals, whole = folder / "runs", folder / "whole"
    write_runs(originals, runs)
    shutil.copy(originals / "000.gpx", originals / "copy.gpx")
    (originals / "zeros.fit").write_bytes(b"\0" * 500)
    whole.mkdir()
    made = Case(originals, arguments, whole, 0.0)
    begin = time.monotonic()
    _run(made.command(whole))
    return Case(originals, arguments, whole, time.monotonic() - begin)


def _run(command: list[str], killed_after_s: float | None = None) -> bool:
    """Run a command, or kill it and its workers after a while; return whether it was killed."""
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True, env=environment)
    try:
        process.wait(killed_after_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


@dataclass
class Killed:
    """How many kills there were, and what any of them left wrong."""

    kills: int
    faults: list[str]


def at_random(times: int, seed: int = 4) -> Killed:
    """Kill imports at random moments, a few times in a row, and let each be finished."""
    dice, done = random.Random(seed), Killed(0, [])
    with TemporaryDirectory() as name:
        for turn, arguments in enumerate(_WAYS):
            folder = Path(name) / str(turn)
            one = case(folder, _MANY, arguments)
            originals = files(one.runs)
            while done.kills < times * (turn + 1) / len(_WAYS):
                target = folder / "killed"
                target.mkdir()
                # Not in the tenths of a second in which Python starts, when there is nothing to lose.
                moments = [dice.uniform(0.2, 1.0) * one.took_s for _ in range(_IN_A_ROW)]
                done.kills += sum(_run(one.command(target), moment) for moment in moments)
                _run(one.command(target))
                done.faults += one.faults(target)
                done.faults += [] if files(one.runs) == originals else ["other originals"]
                shutil.rmtree(target)
    return done


def before_calls(call: str, every: int = 1) -> Killed:
    """Kill an import before each of its system calls of one kind (or each `every`-th); finish it."""
    done, number = Killed(0, []), 1
    with TemporaryDirectory() as name:
        one = case(Path(name), _FEW, ("--jobs", "1", "--copy"))
        while True:
            killed, faults = before_call(one, call, number)
            done.kills += killed
            done.faults += [f"{call} {number}: {fault}" for fault in faults]
            number += every
            if not killed:
                return done


def before_call(one: Case, call: str, number: int) -> tuple[bool, list[str]]:
    """Kill an import before its n-th system call of one kind; return whether it came so far, and faults."""
    originals, target = files(one.runs), one.whole.with_name("killed")
    target.mkdir()
    trace = ["-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={number}"]
    killed = _run(["strace", "-f", "-o", os.devnull, *trace, *one.command(target)])
    if killed:
        finish(one, target)
    faults = one.faults(target) + ([] if files(one.runs) == originals else ["other originals"])
    shutil.rmtree(target)
    return killed, faults


def finish(one: Case, target: Path) -> None:
    """Do what the command does, in this process: it takes a tenth of the time."""
    with Library(target / "library.db") as library:
        for _ in import_files(library, find([one.runs]), Settings(), Way(copy=True)):
            pass


def behind_a_lock(held_s: float) -> tuple[str, list[str]]:
    """Import while another program holds the library; return its last line, and faults after the next."""
    with TemporaryDirectory() as name:
        one = case(Path(name), _FEW, ("--jobs", "1"))
        target = Path(name) / "locked"
        target.mkdir()
        with Library(target / "library.db"):
            pass
        other = sqlite3.connect(target / "library.db", isolation_level=None, check_same_thread=False)
        other.execute("BEGIN EXCLUSIVE")
        release = threading.Timer(held_s, other.execute, ["ROLLBACK"])
        release.start()
        done = subprocess.run(one.command(target), stderr=subprocess.PIPE, check=False)
        release.join()
        other.close()
        _run(one.command(target))
        return done.stderr.decode().splitlines()[-1], one.faults(target)


def injects() -> bool:
    """Whether strace is here and may do this."""
    if shutil.which("strace") is None:
        return False
    inject = ["strace", "-f", "-o", os.devnull, "-e", "inject=getcwd:signal=KILL"]
    return subprocess.run([*inject, "pwd", "-P"], capture_output=True, check=False).returncode != 0


def bars(short: bool) -> Iterator[Bar]:
    """Measure the bars of kills; the short form samples the system calls."""
    goal = "the same rows, originals and copies; no file left"
    for held_s, ends in ((3.0, "imported"),) if short else ((3.0, "imported"), (120.0, "another program")):
        said, faults = behind_a_lock(held_s)
        figure = f"says {said[-90:]!r}; {len(faults)} faults"
        yield Bar(f"import, library locked {held_s:g} s", figure, ends, ends in said and not faults)
    done = at_random(6 if short else TIMES)
    yield Bar("import killed at random", _figure(done), goal, not done.faults and done.kills >= 6)
    name = "import killed before the n-th " + ", ".join(CALLS)
    if not injects():
        yield skipped(name, goal, "strace cannot inject here")
        return
    parts = [before_calls(call, every=20 if short else 1) for call in CALLS]
    whole = Killed(sum(p.kills for p in parts), [fault for p in parts for fault in p.faults])
    yield Bar(name, _figure(whole), goal, not whole.faults)


def _figure(done: Killed) -> str:
    return f"{done.kills} kills, {len(done.faults)} faults" + "".join(f"; {f[:200]}" for f in done.faults[:3])


def main() -> int:
    """Kill, and say what that cost."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=TIMES, help="kills at random moments")
    parser.add_argument("--short", action="store_true", help="a few kills of each kind: seconds")
    options = parser.parse_args()
    faults = 0
    done = at_random(6 if options.short else options.times)
    print(f"at random: {_figure(done)}", flush=True)
    faults += len(done.faults)
    for call in CALLS if injects() else ():
        done = before_calls(call, every=20 if options.short else 1)
        print(f"before each {call}: {_figure(done)}", flush=True)
        faults += len(done.faults)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
