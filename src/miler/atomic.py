"""Files that are there whole or not at all, even if the machine stops."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import IO, AnyStr
from uuid import uuid4


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
