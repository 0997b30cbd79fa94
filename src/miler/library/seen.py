"""What the library knows of a file in a watched folder: whether it was read, what it gave, where it lies."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import miler
from miler.library import Library
from miler.library.places import Stamp, stored_path


def is_known(library: Library, path: str, stamp: Stamp, again: Sequence[str]) -> bool:
    """Whether a file was read by this miler as it is now, and did not fail with one of the codes `again`."""
    with library.reading() as connection:
        rows = connection.execute(
            "SELECT coalesce(code, '') FROM files WHERE path = ? AND size_bytes = ? AND mtime_ns = ?"
            " AND version = ?",
            (stored_path(path), stamp.size_bytes, stamp.mtime_ns, miler.__version__),
        ).fetchall()
    return any(code not in again for (code,) in rows)


def given_by(library: Library, path: str) -> list[tuple[int, str | None]]:
    """List the activities that a file gave, each with its start by the runner's clock."""
    with library.reading() as connection:
        return connection.execute(
            "SELECT DISTINCT a.id, a.start_local FROM files f JOIN sources s ON s.sha256 = f.sha256"
            " JOIN activities a ON a.id = s.activity_id WHERE f.path = ? ORDER BY a.id",
            (stored_path(path),),
        ).fetchall()


def moved(library: Library, source: Path, target: Path) -> None:
    """Tell the library where a file lies now."""
    places = (stored_path(os.fspath(target)), stored_path(os.fspath(source)))
    with library.writing() as connection:
        # One whose move was broken off after this was read again under its old name, as its own duplicate.
        connection.execute(
            "DELETE FROM files AS o WHERE path = ?2 AND EXISTS (SELECT 1 FROM files n"
            " WHERE n.path = ?1 AND n.member = o.member AND n.sha256 IS o.sha256)",
            places,
        )
        connection.execute("UPDATE OR REPLACE files SET path = ?1 WHERE path = ?2", places)
