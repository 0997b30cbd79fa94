"""The edge to a watched folder: how it looks, who watches it, and where its files go when they are done."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import IO

from miler.errors import DecodeError, MilerError
from miler.files import OnDisk, explain
from miler.names import is_searched, kind_of
from miler.watch import Sight

# No event is told of what others do there, and what is written is seen late.
_REMOTE = ("nfs", "cifs", "smb", "9p", "afs", "ceph", "davfs", "fuse.", "ncpfs", "vboxsf", "vmhgfs", "drvfs")
_TICK_MS = 250
_LONGEST_NAME = 200  # bytes; room for a suffix below every file system's 255
_ODD = {
    stat.S_IFLNK: "a link; only files themselves are read",
    stat.S_IFIFO: "a pipe, no file",
    stat.S_IFSOCK: "a socket, no file",
    stat.S_IFCHR: "a device, no file",
    stat.S_IFBLK: "a device, no file",
}


@dataclass(frozen=True)
class Look:
    """How a folder looked.

    Attributes:
        files: the activity files and archives in it and below, by path.
        tables: of the exports of accounts, outermost first.
        odd: what else bears such a name or cannot be looked at, by path, with the reason.
        identity: of the folder itself: another one may be mounted there.
    """

    files: dict[str, Sight] = field(default_factory=dict)
    odd: dict[str, str] = field(default_factory=dict)
    tables: list[str] = field(default_factory=list)
    identity: tuple[int, int] = (0, 0)


def look(folder: Path, left_out: frozenset[Path] = frozenset()) -> Look:
    """Look at a folder and all below it; links are not followed, nothing is opened.

    Args:
        folder: where to look.
        left_out: folders in it that are passed over.

    Raises:
        OSError: if the folder itself is not there, or cannot be read.
    """
    status = folder.stat()
    seen = Look(identity=(status.st_dev, status.st_ino))
    passed = {os.fspath(path) for path in left_out}
    top = os.fspath(folder)
    waiting = [top]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    if _is_folder(entry):
                        if is_searched(entry.name) and entry.path not in passed:
                            waiting.append(entry.path)
                    elif kind_of(entry.name) in ("activity", "archive"):
                        _note(seen, entry)
                    elif kind_of(entry.name) == "table":
                        seen.tables.append(entry.path)
        except OSError as error:
            if here == top:
                raise
            seen.odd[here] = explain(error).message
    return seen


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _note(seen: Look, entry: os.DirEntry[str]) -> None:
    try:
        # Windows' entries know neither inode nor the size of a file that is still open.
        status = os.lstat(entry.path) if sys.platform == "win32" else entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return
    except OSError as error:
        seen.odd[entry.path] = explain(error).message
        return
    if stat.S_ISREG(status.st_mode):
        seen.files[entry.path] = Sight(status.st_size, status.st_mtime_ns, status.st_ino)
    else:
        seen.odd[entry.path] = _ODD.get(stat.S_IFMT(status.st_mode), "no file")


def lacking(path: str) -> str | None:
    """Say what a file lacks to be read: by its own format, or by what the system refuses; None if nothing."""
    from miler.formats import complete

    try:
        with OnDisk(path, follow=False) as disk:
            return complete.lacking(disk)
    except DecodeError as error:
        return error.message
    except OSError as error:
        return explain(error).message


def is_remote(folder: Path) -> bool:
    """Whether a folder lies on a network's file system, a phone or a watch (MTP), as far as can be told."""
    if os.fspath(folder).startswith(("\\\\", "//")):
        return True
    status = folder.stat()
    device = f"{os.major(status.st_dev)}:{os.minor(status.st_dev)}" if hasattr(os, "major") else ""
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    kinds = (line.partition(" - ")[2] for line in mounts if line.split()[2] == device)
    return any(kind.startswith(_REMOTE) for kind in kinds)


def state_folder() -> Path:
    """Return where the watcher keeps its locks and its reports of failures if nobody says otherwise."""
    from platformdirs import user_state_path

    return user_state_path("miler", appauthor=False)


def short_name(folder: Path) -> str:
    """Return a file name for a folder, its own name and a part that tells it from others."""
    whole = os.path.realpath(folder)
    return f"{_shortened(Path(whole).name)}-{hashlib.sha256(os.fsencode(whole)).hexdigest()[:8]}"


@contextmanager
def only_watcher(folder: Path) -> Iterator[None]:
    """Watch alone: hold the folder's lock, which ends with the process however it ends.

    Raises:
        MilerError: `watched`, if another process holds it.
    """
    locks = state_folder() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with (locks / f"{short_name(folder)}.lock").open("a+b") as file:
        if not _locked(file):
            raise MilerError(
                f"another miler watches {folder} already; stop that one, or leave the work to it",
                code="watched",
            )
        yield


def _locked(file: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
            raise
        return False
    return True


class Hints:
    """What tells that something happened in a folder, so that it is looked at before the time is up.

    Events may be lost and folders may be mounted anew: whoever waits here looks for himself afterwards.
    """

    def __init__(self, folder: Path, *, events: bool) -> None:
        self._folder = folder
        self._events = events
        self._changes: Iterator[object] | None = None
        self._identity: tuple[int, int] | None = None

    def follow(self, identity: tuple[int, int] | None) -> bool:
        """Follow the folder that is there now, None for none; say whether it is another than before.

        What came to it before it was followed was told by no event: it has to be looked at once more.
        """
        if identity == self._identity or not self._events:
            return False
        self._identity, self._changes = identity, None
        if identity is None:
            return False
        from watchfiles import watch

        self._changes = iter(
            watch(
                self._folder,
                watch_filter=None,
                debounce=1000,
                step=100,
                rust_timeout=_TICK_MS,
                yield_on_timeout=True,
                ignore_permission_denied=True,
            )
        )
        self._wait_one()
        return True

    @property
    def live(self) -> bool:
        """Whether there are events at all."""
        return self._changes is not None

    def wait(self, longest_s: float) -> None:
        """Return when something happened, at the latest after a while."""
        until = time.monotonic() + longest_s
        while self._changes is not None and time.monotonic() < until:
            if self._wait_one():
                return
        time.sleep(max(0.0, until - time.monotonic()))

    def _wait_one(self) -> bool:
        """Return whether something happened in one tick; without events there is only time."""
        if self._changes is None:
            return False
        try:
            changes = next(self._changes, None)
        except (OSError, RuntimeError):  # the system has no more watches to give, or the folder is gone
            changes = None
        if changes is None:
            self._changes = None
        return bool(changes)


def second_name(source: Path, folder: Path) -> tuple[Path, bool]:
    """Give a file a second name in a folder, `run (2).fit` where another has its own; nothing is overwritten.

    Returns:
        That name, and whether both are of one file now: a file system that knows one name a file
        (exFAT, a phone's) gets an empty file there, which nobody else takes, to be replaced.

    Raises:
        OSError: if the system refuses.
    """
    stem, dot, suffix = source.name.partition(".")
    for number in count(1):
        target = folder / (f"{stem} ({number}){dot}{suffix}" if number > 1 else source.name)
        try:
            os.link(source, target, follow_symlinks=False)
        except FileExistsError:
            if not target.samefile(source):  # else somebody was killed before he removed the first name
                continue
        except FileNotFoundError:
            raise
        except OSError:
            if os.path.lexists(target):
                continue
            target.open("xb").close()
            return target, False
        return target, True
    raise AssertionError("numbers do not end")


def remove_first_name(source: Path, target: Path, *, both: bool) -> None:
    """End what `second_name` began; a file that came to the first name meanwhile stays there."""
    if not both:
        source.replace(target)
    elif target.samefile(source):
        source.unlink()


def _shortened(name: str) -> str:
    """Cut a name that leaves no room for a suffix, with a part that tells it from others."""
    data = os.fsencode(name)
    if len(data) <= _LONGEST_NAME:
        return name
    cut = data[: _LONGEST_NAME - 9].decode("utf-8", "ignore")
    return f"{cut}-{hashlib.sha256(data).hexdigest()[:8]}"


def error_file(folder: Path, name: str) -> Path:
    """Return where the reason is written why a file failed; `name` is its path below the watched folder."""
    path = folder / name
    return path.with_name(f"{_shortened(path.name)}.error.txt")


def forget(path: Path) -> None:
    """Remove a reason that no longer holds."""
    with suppress(OSError):
        path.unlink(missing_ok=True)
