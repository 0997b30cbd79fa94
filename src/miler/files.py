"""The edge to the file system: find activity files, also in archives, read them, write results atomically."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, AnyStr
from uuid import uuid4

from miler.errors import ActivityError, DecodeError, MilerError
from miler.limits import LIMITS, MIB, Limits
from miler.names import is_searched, is_zip, kind_of

if TYPE_CHECKING:
    from miler.activity import Activity
    from miler.exports import Label
    from miler.formats.containers import Archive, Way
    from miler.formats.inflate import Content

STDIN = "-"
_HEAD = 4096
_KEPT = (b"\x1f\x8b", b"PK\x03\x04", b"SQLite format 3\0")  # gzip, zip, a library


@dataclass(frozen=True)
class Found:
    """A file to read, on its own or in an archive, and the name by which reports call it.

    The name is UTF-8 whatever the locale; bytes that are not are lone surrogates, as in `os.fsdecode`.

    Attributes:
        path: the file on disk.
        way: if that is an archive, the members to go through, the last of them the file to read.
        label: what the table of an account's export says of the file.
        error: why there is nothing to read, where finding it told so.
    """

    path: str
    name: str
    way: Way = ()
    label: Label | None = None
    error: MilerError | None = None


def find(paths: Iterable[str | os.PathLike[str]]) -> Iterator[Found]:
    """List the files that the paths stand for, in a fixed order.

    A file is taken whatever its name, there or not; a folder gives the activity files in it and
    below, by name, sorted; a zip archive gives those in it, as they lie there, and last, how many
    others; `-` is standard input. Names are relative to the folder that was given. Links to folders
    are not followed, so a loop of them does no harm.
    """
    for path in paths:
        text = os.fspath(path)
        if text != STDIN and os.path.isdir(text):  # noqa: PTH112 (a Path would lose a trailing name)
            yield from _below(text)
        else:
            yield from _file(text, "standard input" if text == STDIN else _name(Path(text).name))


def _below(top: str) -> Iterator[Found]:
    unreadable: list[OSError] = []
    labels: dict[str, Label] = {}
    for parent, folders, files in os.walk(top, onerror=unreadable.append):
        folders[:] = sorted(filter(is_searched, folders), key=os.fsencode)
        here = [(kind_of(file), parent, file) for file in sorted(files, key=os.fsencode)]
        # A table first: what it says is of the files beside it, and below.
        for kind, *place in sorted(here, key=lambda item: item[0] != "table"):
            path = os.path.join(*place)  # noqa: PTH118 (a Path a file is slow)
            if kind == "other":
                continue
            name = _name(Path(path).relative_to(top).as_posix())
            if kind == "archive":
                yield from _file(path, name)
            elif kind == "activity":
                yield Found(path, name, label=_label(labels, name))
            else:
                yield from _learn(labels, Found(path, name))
    for error in unreadable:
        yield Found(str(error.filename), _name(str(error.filename)))


def _file(path: str, name: str) -> Iterator[Found]:
    if path != STDIN and _is_archive(path):
        yield from _inside(path, name)
    else:
        yield Found(path, name)


def _is_archive(path: str) -> bool:
    """Look at the content; what cannot be opened is left to fail when it is read."""
    try:
        with OnDisk(path) as disk:
            return is_zip(disk.read_at(0, 4))
    except (OSError, DecodeError):
        return False


def _inside(path: str, name: str) -> Iterator[Found]:
    from miler.formats.containers import Archive

    labels: dict[str, Label] = {}
    try:
        with OnDisk(path) as disk:
            entries = list(Archive(disk).entries(name))
        for entry in sorted(entries, key=lambda entry: not entry.table):
            found = Found(path, entry.name, entry.way, _label(labels, entry.name), entry.error)
            yield from _learn(labels, found) if entry.table else (found,)
    except OSError as error:
        yield Found(path, name, error=explain(error))


def _learn(labels: dict[str, Label], table: Found) -> Iterator[Found]:
    """Add what an export's table says; one that cannot be read is found, and fails when read."""
    from miler import exports

    try:
        content = contents(table)
    except (OSError, DecodeError):
        yield table
        return
    folder = table.name[: table.name.rfind("/") + 1]
    labels.update((exports.key(folder + file), label) for file, label in exports.labels(content.data).items())


def with_labels(files: Iterable[Found], tables: Iterable[Found]) -> Iterator[Found]:
    """Yield files with what the tables of exports beside or above them say; names are below one folder."""
    labels: dict[str, Label] = {}
    for table in tables:
        for _ in _learn(labels, table):
            pass  # one that cannot be read says nothing
    for found in files:
        yield replace(found, label=_label(labels, found.name))


def _label(labels: dict[str, Label], name: str) -> Label | None:
    if not labels:
        return None
    from miler import exports

    return labels.get(exports.key(name))


def _name(path: str) -> str:
    return os.fsencode(path).decode("utf-8", "surrogateescape")


def load(path: str | os.PathLike[str], limits: Limits = LIMITS) -> bytes:
    """Read a whole file, or standard input for `-`.

    Raises:
        DecodeError: if it is no regular file, or larger than any activity.
        OSError: if the system refuses.
    """
    with _opened(os.fspath(path)) as file:
        # Asked for the largest size at once, Python would make room for it first: slower than reading.
        size = min(os.fstat(file.fileno()).st_size, limits.file_bytes)
        data = file.read(size + 1)
        if len(data) > size:  # a pipe, or a file that grows
            data += file.read(limits.file_bytes + 1 - len(data))
    if len(data) > limits.file_bytes:
        raise DecodeError(
            f"larger than {limits.file_bytes / MIB:g} MiB; no activity is so large", code="too_large"
        )
    return data


def _opened(path: str, *, follow: bool = True) -> IO[bytes]:
    if path == STDIN:
        return open(0, "rb", closefd=False)
    # Without O_NONBLOCK a FIFO that nobody writes to would wait for ever.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags if follow else flags | getattr(os, "O_NOFOLLOW", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise DecodeError("not a regular file; miler reads files, folders and -", code="not_a_file")
    return os.fdopen(handle, "rb")


class OnDisk:
    """A file as a `Blob`, open only inside a `with`: what is kept of an archive holds no file."""

    def __init__(self, path: str, *, follow: bool = True) -> None:
        self._path = path
        self._follow = follow

    def __enter__(self) -> OnDisk:
        """Open the file.

        Raises:
            DecodeError: if it is no regular file.
            OSError: if the system refuses.
        """
        self._file = _opened(self._path, follow=self._follow)
        self.size = os.fstat(self._file.fileno()).st_size
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._file.close()

    def read_at(self, at: int, count: int) -> bytes:
        """Return `count` bytes from `at` on, fewer only at the end."""
        if at >= self.size:  # an archive may point beyond what a system can seek
            return b""
        self._file.seek(at)
        return self._file.read(count)


@lru_cache(maxsize=1)
def _archive(path: str, stamp: tuple[int, int]) -> tuple[OnDisk, Archive]:
    """Return the archive read last, with the streams within it that are unpacked up to some place."""
    from miler.formats.containers import Archive

    disk = OnDisk(path)
    return disk, Archive(disk)


def contents(found: Found) -> Content:
    """Read the bytes of what was found, out of its archive if it is in one.

    Raises:
        MilerError: the error that finding it told of.
        DecodeError: if it is no regular file, larger than any activity, or cannot be unpacked.
        OSError: if the system refuses.
    """
    from miler.formats.inflate import Content

    if found.error is not None:
        raise found.error
    if not found.way:
        return Content(load(found.path))
    status = os.stat(found.path)  # noqa: PTH116
    disk, archive = _archive(found.path, (status.st_size, status.st_mtime_ns))
    with disk:
        return archive.read(found.way)


def activities(found: Found, content: Content, *, strict: bool = False) -> list[Activity]:
    """Read every activity in what was found, given its contents.

    Raises:
        DecodeError: if it cannot be read; see `miler.decode`.
    """
    from miler.exports import labelled
    from miler.formats import decode_content

    read = decode_content(content, strict=strict, name=found.name)
    return [labelled(activity, found.label) for activity in read]


def read_all(path: str | os.PathLike[str], *, strict: bool = False) -> list[Activity]:
    """Read every activity in a FIT, GPX or TCX file, plain or gzipped, or in a zip archive of them.

    Raises:
        DecodeError: if the file cannot be read; see `miler.decode`.
        OSError: if the system refuses.
    """
    from miler.formats import gathered

    def reading(found: Found) -> Callable[[], list[Activity]]:
        return lambda: activities(found, contents(found), strict=strict)

    text = os.fspath(path)
    files = _file(text, _name(Path(text).name))
    return gathered(((found.name, reading(found)) for found in files), strict=strict)


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


def is_original(path: Path) -> bool:
    """Whether a recording, an archive or a library lies there, which no report may replace."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return False  # who writes there will hear of it
    if head.startswith((b"\x0c", b"\x0e")):
        return head[8:12] == b".FIT"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return head.startswith(_KEPT) or (
        text.startswith(b"<") and (b"<gpx" in text or b"<trainingcenter" in text)
    )


def write_atomic(
    path: str | os.PathLike[str], *, temporary_name: str | None = None
) -> AbstractContextManager[IO[str]]:
    """Open a text file to write that is there whole or not at all, even if the machine stops.

    The temporary file beside it has a name of its own, or the one that is given: whoever alone uses
    that one can remove it after a kill.

    What was there stays until the `with` block ends well. A link keeps pointing where it did; a
    device or a FIFO, such as /dev/stdout, is written to as it is.
    """
    return _whole(path, _text, temporary_name)


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file that is there whole or not at all, as `write_atomic` does."""
    with _whole(path, _binary) as stream:
        stream.write(data)


@contextmanager
def _whole(
    path: str | os.PathLike[str],
    opened: Callable[[Path, str], IO[AnyStr]],
    temporary_name: str | None = None,
) -> Iterator[IO[AnyStr]]:
    if Path(path).exists() and not Path(path).is_file():
        with opened(Path(path), "w") as stream:
            yield stream
        return
    mode = "w" if temporary_name else "x"
    with replacing(path, temporary_name) as temporary, opened(temporary, mode) as stream:
        yield stream


@contextmanager
def replacing(path: str | os.PathLike[str], temporary_name: str | None = None) -> Iterator[Path]:
    """Lend a name beside a file; what is there when the `with` block ends well takes the file's place."""
    target = Path(os.path.realpath(path))
    # Its own name may be as long as the file system allows, with no room for a suffix.
    temporary = target.with_name(temporary_name or f".miler-{uuid4().hex}.tmp")
    try:
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        if target.exists():
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        temporary.replace(target)
    except OSError as error:
        if error.filename == os.fspath(temporary):  # a name that nobody gave
            error.filename = os.fspath(path)
        raise
    finally:
        with suppress(OSError):  # as of a disk that takes no writing: that was said by then
            temporary.unlink()


def _text(path: Path, mode: str) -> IO[str]:
    return path.open(mode, encoding="utf-8", errors="backslashreplace", newline="\n")


def _binary(path: Path, mode: str) -> IO[bytes]:
    return path.open(f"{mode}b")


def explain(error: OSError) -> MilerError:
    """Put what the system refused into an error of ours, for an outcome."""
    reason = (error.strerror or str(error)).lower()
    return MilerError(f"cannot be read: {reason}", code="unreadable")
