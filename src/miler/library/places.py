"""Where a file lies, as the library remembers it; any name that a file system allows comes back as it was."""

from __future__ import annotations

import os
from dataclasses import dataclass

from miler.files import Found, absolute, stamped

Stored = str | bytes  # text; bytes for what is not UTF-8


def stored_path(path: str) -> Stored:
    """Write a path for SQLite, whatever the locale: its bytes are text where they are UTF-8."""
    data = os.fsencode(path)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data


def real_path(stored: Stored) -> str:
    """Return the path that `stored_path` wrote."""
    return os.fsdecode(stored.encode("utf-8") if isinstance(stored, str) else stored)


def stored_name(name: str) -> Stored:
    """Write a name as reports have it, in which bytes that are not UTF-8 are lone surrogates."""
    data = name.encode("utf-8", "surrogateescape")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data


def real_name(stored: Stored) -> str:
    """Return the name that `stored_name` wrote."""
    return stored if isinstance(stored, str) else stored.decode("utf-8", "surrogateescape")


@dataclass(frozen=True)
class Place:
    """Where something to read lies: a file, and the member if that is an archive.

    `member` is its path inside; of what is said of the archive as a whole, `!` and the code.
    """

    path: Stored
    member: Stored = ""


@dataclass(frozen=True)
class Stamp:
    """By what an unchanged file is known without reading it: the size and time of the file on disk."""

    size_bytes: int
    mtime_ns: int


def place_of(found: Found) -> Place:
    """Return the place of what was found, by its absolute path."""
    path = stored_path(absolute(found.path))
    return Place(path, stored_name(found.member))


def stamp_of(path: str) -> Stamp | None:
    """Look at a file without reading it; None if it is not there."""
    found = stamped(Found(path, path))
    if found.size_bytes is None or found.mtime_ns is None:
        return None
    return Stamp(found.size_bytes, found.mtime_ns)
