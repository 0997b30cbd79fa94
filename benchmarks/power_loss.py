"""What does a power cut cost an import? `python -m benchmarks.power_loss [--short]`.

The claim: nothing that was said to be done. The system calls of one import are recorded, and a disk that
keeps only what it must is led through them: bytes that were not synced may be there or not, sector by
sector, and a new name that its folder was not synced for, too. After each call the power goes. What such a
disk then holds must open, be sound, have every run that the import had told of, and lead to the rows and
files of an undisturbed import when the same command runs again.

Recording needs strace on Linux.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.bar import Bar, skipped
from benchmarks.kills import Case, case, finish, injects
from miler.errors import MilerError
from miler.library import Library, repair
from tests.library_dump import dump

_SECTOR = 512
_RUNS = 4
_STRACE = (
    "strace",
    "-y",
    "-xx",
    "-s",
    "99999999",
    "-e",
    "trace=%file,write,pwrite64,ftruncate,fsync,fdatasync",
)
_CALL = re.compile(rb"(\w+)\((.*)\) = (?!-1)")
_TEXT = re.compile(rb'"([^"]*)"|\d+<((?:\\x\w\w)*)>')


@dataclass(frozen=True)
class Call:
    """One system call: its name, the paths and bytes in it, and the text of its arguments."""

    name: str
    texts: tuple[bytes, ...]
    arguments: bytes

    @property
    def path(self) -> Path:
        """The file or folder that it is about."""
        return Path(os.fsdecode(self.texts[0]))

    @property
    def number(self) -> int:
        """The last argument: an offset or a length."""
        return int(self.arguments.rpartition(b", ")[2])


@dataclass(eq=False)
class Content:
    """The bytes of a file: those on the disk, and what was done to them since.

    Attributes:
        synced: what a power cut leaves.
        since: where bytes were written, in order; None for them where the file was cut to a length.
    """

    synced: bytearray = field(default_factory=bytearray)
    since: list[tuple[int, bytes | None]] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How long the file is to those who read it."""
        return len(self.after(self.since))

    def after(self, changes: list[tuple[int, bytes | None]]) -> bytearray:
        """Return what is on the disk when these changes have come there."""
        made = bytearray(self.synced)
        for at, data in changes:
            if data is None:
                del made[at:]
            else:
                made.extend(bytes(max(0, at - len(made))))
                made[at : at + len(data)] = data
        return made

    def sync(self) -> None:
        """Bring all to the disk."""
        self.synced, self.since = self.after(self.since), []

    def torn(self, dice: random.Random) -> bytearray:
        """Return what is there if every other sector came to the disk."""
        sectors = (piece for change in self.since for piece in _sectors(*change))
        return self.after([piece for piece in sectors if dice.random() < 0.5])


def _sectors(at: int, data: bytes | None) -> Iterator[tuple[int, bytes | None]]:
    if data is None:
        yield at, None
        return
    cuts = [at, *range(at - at % _SECTOR + _SECTOR, at + len(data), _SECTOR), at + len(data)]
    for begin, end in pairwise(cuts):
        yield begin, data[begin - at : end - at]


Names = dict[Path, Content | None]  # None for a folder
_GONE = Content()


class Disk:
    """A folder that was empty and safe, while a program writes into it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: Names = {}
        self._synced: Names = {}
        self._since: list[Names] = []  # the names that each call changed, but for those synced since

    def take(self, call: Call) -> bool:
        """Do what a call did; return whether it was about this folder."""
        path = call.path
        if path != self._folder and self._folder not in path.parents:
            return False
        match call.name:
            case "openat" if b"O_CREAT" in call.arguments and path not in self._names:
                self._rename({path: Content()})
            case "openat" if b"O_TRUNC" in call.arguments:
                self._file(path).since.append((0, None))
            case "mkdir":
                self._rename({path: None})
            case "write":
                self._file(path).since.append((self._file(path).size, call.texts[1]))
            case "pwrite64":
                self._file(path).since.append((call.number, call.texts[1]))
            case "ftruncate":
                self._file(path).since.append((call.number, None))
            case "rename":
                other = Path(os.fsdecode(call.texts[1]))
                self._rename({path: _GONE, other: self._names[path]})
            case "unlink":
                self._rename({path: _GONE})
            case "fsync" | "fdatasync":
                self._sync(path)
            case _:
                return False
        return True

    def _file(self, path: Path) -> Content:
        content = self._names[path]
        assert content is not None
        return content

    def _rename(self, changes: Names) -> None:
        self._since.append(changes)
        self._names = _renamed(self._names, changes)

    def _sync(self, path: Path) -> None:
        content = self._names.get(path)
        if content is not None:
            content.sync()
            return
        for changes in self._since:  # a folder is synced as it is now, also with what was moved out of it
            self._synced = _renamed(self._synced, {p: c for p, c in changes.items() if p.parent == path})
        others = ({p: c for p, c in changes.items() if p.parent != path} for changes in self._since)
        self._since = [changes for changes in others if changes]

    def left(self, dice: random.Random | None) -> dict[Path, bytes]:
        """Return the files that a power cut leaves: what must be there, or, by dice, some of the rest too."""
        names = self._synced
        for changes in self._since[: dice.randint(0, len(self._since))] if dice else ():
            names = _renamed(names, changes)  # file systems keep the order of names
        return {
            path: bytes(content.torn(dice) if dice else content.synced)
            for path, content in names.items()
            if content is not None and all(p in names for p in path.parents if self._folder in p.parents)
        }


def _renamed(names: Names, changes: Names) -> Names:
    return {path: content for path, content in (names | changes).items() if content is not _GONE}


def recorded(one: Case, folder: Path) -> list[Call]:
    """Run an import into an empty folder, and return its system calls in order."""
    folder.mkdir()
    log = folder.with_suffix(".strace")
    subprocess.run([*_STRACE, "-o", log, *one.command(folder)], check=False, capture_output=True)
    return [call for line in log.read_bytes().splitlines() if (call := _call(line)) is not None]


def _call(line: bytes) -> Call | None:
    match = _CALL.match(line)
    if match is None:
        return None
    texts = [quoted or of_handle for quoted, of_handle in _TEXT.findall(match[2])]
    plain = tuple(bytes.fromhex(text.replace(b"\\x", b"").decode()) for text in texts)
    return Call(match[1].decode(), plain, match[2]) if plain else None


@dataclass
class Cut:
    """How many power cuts there were, and what was wrong after any of them."""

    cuts: int = 0
    faults: list[str] = field(default_factory=list)


def measure(every: int = 1, seed: int = 11) -> Cut:
    """Cut the power after each system call, or each `every`-th, of an import that keeps copies.

    And at its end, when all is said to be imported.
    """
    dice, done, seen = random.Random(seed), Cut(), set[int]()
    with TemporaryDirectory() as name:
        one = case(Path(name).resolve(), _RUNS, ("--jobs", "1", "--copy"))
        folder = one.whole.with_name("cut")
        calls = recorded(one, folder)
        disk, number, said = Disk(folder), 0, False
        for call in calls:
            ours = disk.take(call)
            number += ours
            said = said or (not ours and b" imported" in call.texts[-1])
            for left in (disk.left(None), disk.left(dice)) if number % every == 0 or said else ():
                state = hash(frozenset(left.items()))
                if state not in seen:
                    seen.add(state)
                    done.cuts += 1
                    done.faults += [
                        f"after call {number}: {fault}" for fault in _faults(one, folder, left, said)
                    ]
    if not said:
        done.faults.append("the import never said that it was done")
    return done


def _faults(one: Case, folder: Path, left: Mapping[Path, bytes], said: bool) -> Iterator[str]:
    """Say what is wrong with what is left, and what the next import does not put right."""
    shutil.rmtree(folder)
    folder.mkdir()
    for path, data in left.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    try:
        yield from _wrong(one, folder, said)
    except MilerError as error:
        yield str(error)


def _wrong(one: Case, folder: Path, said: bool) -> Iterator[str]:
    library = folder / "library.db"
    if library.exists():
        with Library(library) as opened:
            yield from repair.check(opened)
    if said and (not library.exists() or dump(library) != dump(one.whole / "library.db")):
        yield "not all is there that was said to be imported"
    finish(one, folder)
    yield from one.faults(folder)


def bars(short: bool) -> Iterator[Bar]:
    """Measure the bar of power cuts."""
    name, goal = "import, power cut: what was not synced is lost", "sound; then the same rows and copies"
    if not injects():
        yield skipped(name, goal, "strace cannot trace here")
        return
    done = measure(every=20 if short else 1)
    figure = f"{done.cuts} states of the disk, {len(done.faults)} faults"
    yield Bar(
        name,
        "; ".join([figure, *(f[:200] for f in done.faults[:3])]),
        goal,
        done.cuts > 0 == len(done.faults),
    )


def main() -> int:
    """Cut the power, and say what that cost."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--short", action="store_true", help="one call of twenty: seconds")
    options = parser.parse_args()
    done = measure(every=20 if options.short else 1)
    print(f"{done.cuts} states of the disk, {len(done.faults)} faults", *done.faults[:20], sep="\n")
    return 1 if done.faults else 0


if __name__ == "__main__":
    sys.exit(main())
