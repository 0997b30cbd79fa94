"""The originals: copies beside the library if asked for, and where the bytes of an activity are to be had."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from miler.files import Found, find
from miler.library.places import Place, place_of, real_name, real_path, stamp_of
from miler.settings import Settings

if TYPE_CHECKING:
    from miler.exports import Label

_GZIP = b"\x1f\x8b"


class Originals:
    """A folder of copies, each named by the hash of its bytes: `originals/ab/abcd….fit`.

    Whoever writes here holds the library's write lock, so that one temporary name is enough: what a
    killed process left there is overwritten by the next.
    """

    def __init__(self, library: Path) -> None:
        self.folder = library.with_name(f"{library.stem}-originals")
        self._temporary = self.folder / "incoming.tmp"
        self._unsettled: set[Path] = set()

    def path_of(self, sha256: str) -> Path | None:
        """Return where the copy of a content is; None if there is none."""
        folder = self.folder / sha256[:2]
        try:
            names = os.listdir(folder)  # noqa: PTH208 (a pattern that is new each time costs milliseconds)
        except OSError:  # nothing was ever kept there
            return None
        return next((folder / name for name in sorted(names) if name.startswith(sha256)), None)

    def put(self, data: bytes, sha256: str, format: str) -> Path:
        """Keep a copy, on the disk after the next `settle`; equal bytes are kept once."""
        there = self.path_of(sha256)
        if there is not None:
            # A power cut may have kept both names of a copy that was being moved here.
            self._temporary.unlink(missing_ok=True)
            return there
        suffix = f".{format or 'bin'}" + (".gz" if data.startswith(_GZIP) else "")
        target = self.folder / sha256[:2] / f"{sha256}{suffix}"
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self._temporary.open("wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            self._temporary.replace(target)
        finally:
            self._temporary.unlink(missing_ok=True)
        self._unsettled |= {target.parent, self.folder, self.folder.parent}
        return target

    def address(self, sha256: str) -> str:
        """Return the absolute path of a copy, there or not, up to its suffix."""
        return os.path.abspath(self.folder / sha256[:2] / sha256)  # noqa: PTH100 (as `place_of` writes it)

    def drop(self, sha256: str) -> None:
        """Let the copy of a content go, if there is one."""
        path = self.path_of(sha256)
        if path is not None:
            path.unlink(missing_ok=True)

    def settle(self) -> None:
        """Bring the names of all copies to the disk; their bytes are there already."""
        while self._unsettled:
            _sync(self._unsettled.pop())


def _sync(folder: Path) -> None:
    """Bring a new name to the disk; Windows does so by itself, and opens no folders."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def label_text(label: Label | None) -> str | None:
    """Write what an export's table says of a file, for `sources.label`."""
    return None if label is None else json.dumps(asdict(label), sort_keys=True)


def _label(text: str | None) -> Label | None:
    if text is None:
        return None
    from miler.exports import Label

    return Label(**json.loads(text))


@dataclass(frozen=True)
class Wanted:
    """A content to be read again: its hash, the name and label it was read under, what made its results."""

    sha256: str
    name: str
    label: str | None
    settings: str
    places: tuple[Place, ...]

    @property
    def made_with(self) -> Settings:
        """The settings that made its results."""
        return Settings.from_mapping(json.loads(self.settings))


def wanted(connection: sqlite3.Connection, activity_id: int | None = None) -> list[Wanted]:
    """List the contents of all activities, in their order, or the one that leads an activity."""
    rows = connection.execute(
        "SELECT s.sha256, min(s.name), min(s.label), min(t.document) FROM sources s"
        " JOIN activities a ON a.id = s.activity_id JOIN settings t ON t.id = a.settings_id"
        " WHERE ?1 IS NULL OR (s.activity_id = ?1 AND NOT EXISTS (SELECT 1 FROM spares p"
        " WHERE p.sha256 = s.sha256 AND p.part = s.part)) GROUP BY s.sha256 ORDER BY min(s.activity_id)",
        (activity_id,),
    ).fetchall()
    return [
        Wanted(sha256, real_name(name), label, settings, tuple(_places(connection, sha256)))
        for sha256, name, label, settings in rows
    ]


def _places(connection: sqlite3.Connection, sha256: str) -> Iterator[Place]:
    query = "SELECT path, member FROM files WHERE sha256 = ? ORDER BY id"
    return (Place(*row) for row in connection.execute(query, (sha256,)))


class Finder:
    """Finds originals again; an archive that holds many is listed once."""

    def __init__(self, originals: Originals) -> None:
        self._originals = originals
        self._listed: tuple[str, dict[Place, Found]] = ("", {})

    def found(self, content: Wanted) -> Found | None:
        """Return what to read for a content; None if its original is gone. Its bytes may have changed."""
        copy = self._originals.path_of(content.sha256)
        label = _label(content.label)
        if copy is not None:
            return Found(os.fspath(copy), content.name, label=label)
        for place in content.places:
            at = self._at(place)
            if at is not None:
                return replace(at, name=content.name, label=label)
        return None

    def _at(self, place: Place) -> Found | None:
        path = real_path(place.path)
        if stamp_of(path) is None:
            return None
        if not place.member:
            return Found(path, path)
        if self._listed[0] != path:
            self._listed = (path, {place_of(found): found for found in find([path])})
        return self._listed[1].get(place)
