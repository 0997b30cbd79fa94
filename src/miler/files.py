"""The edge to the file system: find activity files, read them whole, write results atomically."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from miler.activity import Activity
from miler.errors import ActivityError, DecodeError, MilerError
from miler.formats import EXTENSIONS, LARGEST_FILE, decode

STDIN = "-"

# Left alone when a folder is searched: unfinished downloads, editors' and file systems' own files.
_UNFINISHED = (".part", ".filepart", ".crdownload", ".download", ".tmp", ".!sync", "~")
_FOREIGN_FOLDERS = {"@eaDir", "__MACOSX", "System Volume Information", "$RECYCLE.BIN"}


@dataclass(frozen=True)
class Found:
    """A file to read: its path, and the name by which reports call it."""

    path: str
    name: str


def find(paths: Iterable[str | os.PathLike[str]]) -> Iterator[Found]:
    """List the files that the paths stand for, in a fixed order.

    A file is taken whatever its name; a folder gives the activity files in it and below, by
    name, sorted; `-` is standard input. Names are relative to the folder that was given.
    """
    for path in paths:
        text = os.fspath(path)
        if text != STDIN and os.path.isdir(text):  # noqa: PTH112 (a Path would lose a trailing name)
            yield from _below(Path(text))
        else:
            yield Found(text, "standard input" if text == STDIN else Path(text).name)


def _below(folder: Path) -> Iterator[Found]:
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in _FOREIGN_FOLDERS)
        for file in sorted(files):
            if _is_candidate(file):
                path = Path(parent) / file
                yield Found(str(path), path.relative_to(folder).as_posix())


def _is_candidate(name: str) -> bool:
    lower = name.lower()
    return lower.endswith(EXTENSIONS) and not lower.startswith((".", "~")) and not lower.endswith(_UNFINISHED)


def load(path: str | os.PathLike[str]) -> bytes:
    """Read a whole file, or standard input for `-`.

    Raises:
        DecodeError: if it is no regular file, or larger than any activity.
        OSError: if the system refuses.
    """
    text = os.fspath(path)
    if text == STDIN:
        data = sys.stdin.buffer.read(LARGEST_FILE + 1)
    else:
        # Without O_NONBLOCK a FIFO that nobody writes to would wait for ever.
        handle = os.open(text, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise DecodeError("not a regular file; miler reads files, folders and -", code="not_a_file")
            data = file.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise DecodeError(
            f"larger than {LARGEST_FILE // 2**20} MiB; no activity is so large", code="too_large"
        )
    return data


def read_all(path: str | os.PathLike[str], *, strict: bool = False) -> list[Activity]:
    """Read every activity in a FIT, GPX or TCX file, plain or gzipped.

    Raises:
        DecodeError: if the file cannot be read; see `miler.decode`.
        OSError: if the system refuses.
    """
    return decode(load(path), strict=strict, name=Path(path).name)


def read(path: str | os.PathLike[str], *, strict: bool = False) -> Activity:
    """Read the one activity in a file.

    Raises:
        ActivityError: if the file holds several; `read_all` returns them.
        DecodeError: if the file cannot be read; see `miler.decode`.
        OSError: if the system refuses.
    """
    activities = read_all(path, strict=strict)
    if len(activities) > 1:
        raise ActivityError(
            f"{Path(path).name} holds {len(activities)} activities; use read_all", code="several_activities"
        )
    return activities[0]


def write_atomic(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file so that it is there whole or not at all, even if the machine stops."""
    target = Path(path)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(handle)
        if sys.platform != "win32":
            umask = os.umask(0)
            os.umask(umask)
            Path(temporary).chmod(0o666 & ~umask)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def explain(error: OSError) -> MilerError:
    """Put what the system refused into an error of ours, for an outcome."""
    reason = (error.strerror or str(error)).lower()
    return MilerError(f"cannot be read: {reason}", code="unreadable")
