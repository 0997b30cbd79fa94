"""The edge to other file systems: `s3://`, `gs://`, `az://`, `hdfs://`, each by a library of an extra.

fsspec is the seam that they share. Who may read there, and at which end point, is told as each of them
is told it everywhere: by the environment, the provider's own files, or `FSSPEC_S3_…`.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import IO, Any, NamedTuple

from miler.extras import needed
from miler.limits import MIB
from miler.names import is_searched

# By the beginning of a path: the library that reads there, and the extra that brings it.
_BRINGS = {
    "s3": ("s3fs", "s3"),
    "gs": ("gcsfs", "gs"),
    "az": ("adlfs", "az"),
    "abfs": ("adlfs", "az"),
    "hdfs": ("fsspec", "hdfs"),
}
_BLOCK = MIB  # read at once of an archive, of which only some members may be wanted
_TIMES = ("mtime", "LastModified", "last_modified", "updated", "created")  # as each file system has it


class Item(NamedTuple):
    """A file of a listing."""

    path: str
    size_bytes: int
    mtime_ns: int


def is_remote(path: str) -> bool:
    """Whether a path is of another file system."""
    scheme, found, _ = path.partition("://")
    return bool(found) and scheme in _BRINGS


def plain(path: str) -> str:
    """Return what a `file://` URL says, as this machine says it; any other path as it is."""
    if not path.startswith("file://"):
        return path
    from urllib.request import url2pathname  # brings all of HTTP with it

    return url2pathname(path.removeprefix("file://").removeprefix("localhost"))


def is_folder(path: str) -> bool:
    """Whether there is anything below this path.

    Raises:
        SettingsError: if the library for it is not installed.
        OSError: if the file system refuses, or cannot be reached.
    """
    system, inside = system_of(path)
    with _told(path):
        return bool(system.isdir(inside))


def walk(top: str, unreadable: list[OSError]) -> Iterator[list[Item]]:
    """List the files of a folder, sorted, then those of each folder below: one folder's at a time.

    Args:
        top: the folder.
        unreadable: takes what the file system refused.
    """
    system, inside = system_of(top)
    start = _start(top, inside)
    folders = [inside]
    while folders:
        folder = folders.pop()
        try:
            with _told(start + folder):
                listed = sorted(system.ls(folder, detail=True), key=lambda info: str(info["name"]))
                system.invalidate_cache()  # fsspec would keep all that was ever listed
        except OSError as error:
            unreadable.append(error)
            continue
        # An object store may have an object by the name of a folder, to hold its place.
        listed = [info for info in listed if info["name"].rstrip("/") != folder.rstrip("/")]
        yield [_item(start, info) for info in listed if info["type"] == "file"]
        below = [info["name"].rstrip("/") for info in listed if info["type"] == "directory"]
        folders += reversed([name for name in below if is_searched(name.rpartition("/")[2])])


def look(path: str) -> Item:
    """Look at one file without reading it.

    Raises:
        OSError: if the file system refuses, or cannot be reached.
    """
    system, inside = system_of(path)
    with _told(path):
        return _item(_start(path, inside), system.info(inside))


def load(path: str) -> bytes:
    """Read a whole file.

    Raises:
        OSError: if the file system refuses, or cannot be reached.
    """
    system, inside = system_of(path)
    with _told(path):
        return bytes(system.cat_file(inside))


def opened(path: str) -> tuple[IO[bytes], int]:
    """Open a file to be read at any place, and tell its size in bytes.

    Raises:
        OSError: if the file system refuses, or cannot be reached.
    """
    system, inside = system_of(path)
    with _told(path):
        file = system.open(inside, "rb", block_size=_BLOCK)
        return file, int(file.size)


def system_of(path: str) -> tuple[Any, str]:
    """Return the file system of a path, as fsspec has it, and the path in it."""
    scheme = path.partition("://")[0]
    module, extra = _BRINGS[scheme]
    needed(module, extra, f"{scheme}://")
    with _told(path):
        system, inside = needed("fsspec.core", extra, f"{scheme}://").url_to_fs(path)
    return system, inside


def _start(path: str, inside: str) -> str:
    """Return what stands before a path of a file system in its URL: for hdfs:// a machine's name, too."""
    path = path.rstrip("/")
    return path.removesuffix(inside) if path.endswith(inside) else path.partition("://")[0] + "://"


def _item(start: str, info: dict[str, Any]) -> Item:
    return Item(start + info["name"], int(info["size"] or 0), _nanoseconds(info))


def _nanoseconds(info: dict[str, Any]) -> int:
    value = next((info[name] for name in _TIMES if info.get(name) is not None), 0.0)
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return round((value.timestamp() if isinstance(value, datetime) else value) * 1e9)


@contextmanager
def _told(path: str) -> Iterator[None]:
    """Make an OSError with the path of whatever the library of a provider raises: there is no list of it."""
    try:
        yield
    except FileNotFoundError as error:
        raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), path) from error
    except OSError as error:
        raise OSError(error.errno or errno.EIO, error.strerror or str(error), path) from error
    except Exception as error:
        raise OSError(errno.EIO, f"{type(error).__name__}: {error}", path) from error
