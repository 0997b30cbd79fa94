"""Look after a library: check it, back it up, and make a damaged one anew from the originals."""

from __future__ import annotations

import json
import os
import sqlite3
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from miler.errors import LibraryError
from miler.library import Library
from miler.library.connection import connect, told
from miler.library.entry import unpressed
from miler.library.importing import read_again, reprocess
from miler.library.originals import Originals, Wanted
from miler.library.places import Place, real_name
from miler.library.tables import RESULTS, SAID
from miler.library.writing import Part, Recorded
from miler.settings import Settings

_WRONG_SHOWN = 10
_PATIENCE_S = 3.0  # for another program that is writing


def check(library: Library) -> list[str]:
    """Return what is wrong with a library, a sentence each; nothing if it is sound."""
    with library.reading() as connection:
        lines = [line for (line,) in connection.execute(f"PRAGMA integrity_check({_WRONG_SHOWN})")]
        wrong = [] if lines == ["ok"] else lines
        for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
            wrong.append(f"row {row} of {table} belongs to no row of {parent}")
        for number, *blobs in connection.execute("SELECT activity_id, document, report FROM documents"):
            wrong += [f"the document of activity {number} cannot be read" for b in blobs if not _readable(b)]
        orphans = connection.execute(
            "SELECT id FROM activities WHERE id NOT IN (SELECT activity_id FROM documents)"
            " OR id NOT IN (SELECT activity_id FROM sources)"
        )
        wrong += [f"activity {number} has no document or no source" for (number,) in orphans]
    return wrong


def _readable(blob: bytes) -> bool:
    try:
        return bool(unpressed(blob))
    except (zlib.error, UnicodeDecodeError):
        return False


def backup(library: Library, target: Path) -> None:
    """Copy a library while it is in use; the copy is there whole or not at all.

    Raises:
        LibraryError: if there is a file of that name already.
        OSError: if the system refuses.
    """
    if target.exists():
        raise LibraryError(f"{target} is there already; a backup replaces nothing", code="exists")
    unfinished = target.with_name(f".{target.name}.tmp")
    unfinished.unlink(missing_ok=True)
    try:
        with library.reading() as connection, closing(sqlite3.connect(unfinished)) as copy:
            connection.backup(copy)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


@dataclass
class _Salvage:
    """What could be read of a library, table by table, as rows by column."""

    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    lost: bool = False

    def rows(self, table: str) -> list[dict[str, Any]]:
        return self.tables.get(table, [])

    def wanted(self) -> list[Wanted]:
        """The contents of its activities, in order of their numbers."""
        made_with = {row["id"]: row["document"] for row in self.rows("settings")}
        settings = {row["id"]: made_with.get(row["settings_id"], "{}") for row in self.rows("activities")}
        places: dict[str, list[Place]] = defaultdict(list)
        for row in self.rows("files"):
            places[row["sha256"]].append(Place(row["path"], row["member"]))
        found: dict[str, Wanted] = {}
        for row in sorted(self.rows("sources"), key=lambda row: (row["activity_id"], row["part"])):
            sha256 = row["sha256"]
            found.setdefault(
                sha256,
                Wanted(
                    sha256,
                    real_name(row["name"]),
                    row["label"],
                    settings.get(row["activity_id"], "{}"),
                    tuple(places[sha256]),
                ),
            )
        return list(found.values())

    def ids(self) -> dict[Part, int]:
        return {(row["sha256"], row["part"]): row["activity_id"] for row in self.rows("sources")}


_RESULT_TABLES = ("activities", *RESULTS, "sources")
_OTHER_TABLES = ("files", *SAID)


def _salvage(path: Path) -> _Salvage:
    """Read every row that can be read, from both ends of each table."""
    salvage = _Salvage()
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        for table in ("settings", *_RESULT_TABLES, *_OTHER_TABLES, "deletions", "sqlite_sequence"):
            rows: dict[tuple[Any, ...], dict[str, Any]] = {}
            for order in ("ASC", "DESC"):
                try:
                    for row in connection.execute(f"SELECT * FROM {table} ORDER BY 1 {order}"):
                        rows.setdefault(tuple(row), dict(row))
                    break
                except (sqlite3.DatabaseError, OverflowError, UnicodeDecodeError):
                    salvage.lost = True
            salvage.tables[table] = list(rows.values())
    return salvage


def rebuild(path: Path, *, jobs: int = 1) -> Iterator[Recorded]:
    """Make a library anew: results from the originals, all else from what can be read of the old file.

    Numbers, and what the runner said, stay. The old file is kept beside the new one, which takes its
    place only when it is whole.

    Yields:
        What became of each original; a failed one leaves what the old file still holds of it.

    Raises:
        LibraryError: if nothing can be read of the old file, or another program is writing to it.
    """
    if not path.is_file():
        raise LibraryError(f"there is no library {path}; `miler import FOLDER` makes one", code="no_library")
    unfinished = path.with_name(f"{path.name}.rebuilding")
    with _alone(path):
        salvage = _salvaged(path)
        yield from _made_anew(unfinished, path, salvage, jobs)
    _take_place(unfinished, path)


def _made_anew(unfinished: Path, path: Path, salvage: _Salvage, jobs: int) -> Iterator[Recorded]:
    for name in (unfinished, _journal(unfinished)):
        name.unlink(missing_ok=True)
    with Library(unfinished) as library:
        library.originals = Originals(path)
        with library.writing() as connection:
            _copy(connection, salvage, ("deletions",))
        yield from _results(library, salvage, jobs)
        with library.writing() as connection:
            _carry_over(connection, salvage)


def _salvaged(path: Path) -> _Salvage:
    salvage = _salvage(path)
    if not salvage.rows("files") and not salvage.rows("sources"):
        raise LibraryError(
            f"nothing can be read of {path}; move it away, and import your folders"
            f" and {Originals(path).folder} again",
            code="damaged",
        )
    return salvage


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other writers out, and refuse what a newer miler wrote; a file too damaged to open has none."""
    with ExitStack() as held:
        try:
            connection = held.enter_context(closing(connect(path, create=False, timeout_s=_PATIENCE_S)))
            with told(path):
                connection.execute("BEGIN IMMEDIATE")
        except LibraryError as error:
            if error.code in ("newer_library", "locked"):
                raise
        yield


def _results(library: Library, salvage: _Salvage, jobs: int) -> Iterator[Recorded]:
    """Read the originals again, those that were made with the same settings together."""
    groups: dict[str, list[Wanted]] = defaultdict(list)
    for content in salvage.wanted():
        groups[content.settings].append(content)
    for text, contents in groups.items():
        settings = Settings.from_mapping(json.loads(text))
        yield from reprocess(library, read_again(library, contents), settings, jobs=jobs, ids=salvage.ids())


def _carry_over(connection: sqlite3.Connection, salvage: _Salvage) -> None:
    """Copy what is no result, and the results whose originals gave none."""
    there = {number for (number,) in connection.execute("SELECT id FROM activities")}
    missing = [row for row in salvage.rows("activities") if row["id"] not in there]
    settings = {row["id"]: row["document"] for row in salvage.rows("settings")}
    for row in missing:
        document = settings.get(row["settings_id"], "{}")
        connection.execute("INSERT OR IGNORE INTO settings (document) VALUES (?)", (document,))
        query = "SELECT id FROM settings WHERE document = ?"
        (row["settings_id"],) = connection.execute(query, (document,)).fetchone()
        _insert(connection, "activities", row)
    numbers = {row["id"] for row in missing}
    for table in (*RESULTS, "sources"):
        for row in salvage.rows(table):
            if row["activity_id"] in numbers:
                _insert(connection, table, row)
    there |= numbers
    for row in salvage.rows("activities"):
        connection.execute("UPDATE activities SET added_at = ? WHERE id = ?", (row["added_at"], row["id"]))
    _copy(connection, salvage, _OTHER_TABLES, there)
    for row in salvage.rows("sqlite_sequence"):  # a number that was deleted is not given again
        connection.execute(
            "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (row["seq"], row["name"])
        )


def _copy(
    connection: sqlite3.Connection, salvage: _Salvage, tables: Iterable[str], there: set[int] | None = None
) -> None:
    for table in tables:
        for row in salvage.rows(table):
            if there is None or row.get("activity_id") is None or row["activity_id"] in there:
                _insert(connection, table, row)


def _insert(connection: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    names = ", ".join(f'"{column}"' for column in row)
    values = ", ".join("?" * len(row))
    # Damage can leave rows that contradict each other; the first one stands.
    connection.execute(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({values})", tuple(row.values()))


def _journal(path: Path) -> Path:
    return path.with_name(f"{path.name}-journal")


def _take_place(new: Path, path: Path) -> None:
    """Put the new file where the old one was, which stays beside it under a name that is free.

    A journal that was left goes with the old file: it would be played back into the new one.
    """
    number = 1
    while (kept := path.with_name(f"{path.name}.before-rebuild-{number}")).exists():
        number += 1
    if _journal(path).exists():
        _journal(path).replace(_journal(kept))
    _journal(new).unlink(missing_ok=True)
    try:
        os.link(path, kept)
    except OSError:  # not every file system has links; then there is no library for a moment
        path.replace(kept)
    new.replace(path)
