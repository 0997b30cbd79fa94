"""The edge to the file system: find activity files, read them whole, write results atomically."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING
from uuid import uuid4

from miler.errors import ActivityError, DecodeError, MilerError

if TYPE_CHECKING:
    from miler.activity import Activity

STDIN = "-"

# The names that a folder is searched for; what is inside decides how a file is read.
EXTENSIONS = (".fit", ".gpx", ".tcx", ".fit.gz", ".gpx.gz", ".tcx.gz")
# Left alone there: hidden and unfinished files, and the folders of file systems and archivers.
_HIDDEN = (".", "~")
_FOREIGN_FOLDERS = {"@eaDir", "__MACOSX", "System Volume Information", "$RECYCLE.BIN"}


@dataclass(frozen=True)
class Found:
    """A file to read: its path, and the name by which reports call it.

    The name is UTF-8 whatever the locale; bytes that are not are lone surrogates, as in `os.fsdecode`.
    """

    path: str
    name: str


def find(paths: Iterable[str | os.PathLike[str]]) -> Iterator[Found]:
    """List the files that the paths stand for, in a fixed order.

    A file is taken whatever its name, there or not; a folder gives the activity files in it and
    below, by name, sorted; `-` is standard input. Names are relative to the folder that was given.
    Links to folders are not followed, so a loop of them does no harm.
    """
    for path in paths:
        text = os.fspath(path)
        if text != STDIN and os.path.isdir(text):  # noqa: PTH112 (a Path would lose a trailing name)
            yield from _below(text)
        else:
            yield Found(text, "standard input" if text == STDIN else _name(Path(text).name))


def _below(top: str) -> Iterator[Found]:
    unreadable: list[OSError] = []
    for parent, folders, files in os.walk(top, onerror=unreadable.append):
        folders[:] = sorted((f for f in folders if _is_ours(f)), key=os.fsencode)
        for file in sorted(filter(_is_candidate, files), key=os.fsencode):
            path = os.path.join(parent, file)  # noqa: PTH118 (a Path a file is slow)
            yield Found(path, _name(Path(path).relative_to(top).as_posix()))
    for error in unreadable:
        yield Found(str(error.filename), _name(str(error.filename)))


def _is_ours(folder: str) -> bool:
    return not folder.startswith(".") and folder not in _FOREIGN_FOLDERS


def _is_candidate(file: str) -> bool:
    return file.lower().endswith(EXTENSIONS) and not file.startswith(_HIDDEN)


def _name(path: str) -> str:
    return os.fsencode(path).decode("utf-8", "surrogateescape")


def load(path: str | os.PathLike[str]) -> bytes:
    """Read a whole file, or standard input for `-`.

    Raises:
        DecodeError: if it is no regular file, or larger than any activity.
        OSError: if the system refuses.
    """
    from miler.formats import LARGEST_FILE

    with _opened(os.fspath(path)) as file:
        data = file.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise DecodeError(
            f"larger than {LARGEST_FILE // 2**20} MiB; no activity is so large", code="too_large"
        )
    return data


def _opened(path: str) -> IO[bytes]:
    if path == STDIN:
        return open(0, "rb", closefd=False)
    # Without O_NONBLOCK a FIFO that nobody writes to would wait for ever.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise DecodeError("not a regular file; miler reads files, folders and -", code="not_a_file")
    return os.fdopen(handle, "rb")


def read_all(path: str | os.PathLike[str], *, strict: bool = False) -> list[Activity]:
    """Read every activity in a FIT, GPX or TCX file, plain or gzipped.

    Raises:
        DecodeError: if the file cannot be read; see `miler.decode`.
        OSError: if the system refuses.
    """
    from miler.formats import decode

    return decode(load(path), strict=strict, name=_name(Path(path).name))


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


@contextmanager
def write_atomic(path: str | os.PathLike[str]) -> Iterator[IO[str]]:
    """Open a text file to write that is there whole or not at all, even if the machine stops.

    What was there stays until the `with` block ends well. A link keeps pointing where it did; a
    device or a FIFO, such as /dev/stdout, is written to as it is.
    """
    if Path(path).exists() and not Path(path).is_file():
        with _text(Path(path), "w") as stream:
            yield stream
        return
    target = Path(os.path.realpath(path))
    # Its own name may be as long as the file system allows, with no room for a suffix.
    temporary = target.with_name(f".miler-{uuid4().hex}.tmp")
    try:
        with _text(temporary, "x") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        if target.exists():
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _text(path: Path, mode: str) -> IO[str]:
    return path.open(mode, encoding="utf-8", errors="backslashreplace", newline="\n")


def explain(error: OSError) -> MilerError:
    """Put what the system refused into an error of ours, for an outcome."""
    reason = (error.strerror or str(error)).lower()
    return MilerError(f"cannot be read: {reason}", code="unreadable")
