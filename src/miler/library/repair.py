"""Look after a library: check it, back it up, and make a damaged one anew from the originals."""

from __future__ import annotations

import json
import os
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from miler.errors import LibraryError
from miler.library import Library, moment
from miler.library.connection import connect, told
from miler.library.entry import laid_out
from miler.library.fingerprint import UNKNOWN, packed
from miler.library.importing import read_again, reprocess
from miler.library.merging import Change, Fresh, settle
from miler.library.originals import Originals, Wanted
from miler.library.salvage import Row, Salvage, can_be_told, salvage
from miler.library.tables import FINGERPRINT, RESULTS, SAID, SOURCE, insertion
from miler.library.writing import Recorded, settings_id
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
        documents = (
            "SELECT activity_id, document, outline, report FROM documents"
            " UNION ALL SELECT s.activity_id, p.document, p.outline, p.report FROM spares p JOIN sources s"
            " ON s.sha256 = p.sha256 AND s.part = p.part"
        )
        for number, *kept in connection.execute(documents):
            if not can_be_told(dict(zip(RESULTS["documents"], kept, strict=True))):
                wrong.append(f"a document of activity {number} cannot be read")
        orphans = connection.execute(
            "SELECT id FROM activities WHERE id NOT IN (SELECT activity_id FROM documents)"
            " OR id NOT IN (SELECT activity_id FROM sources)"
        )
        wrong += [f"activity {number} has no document or no source" for (number,) in orphans]
        leading = connection.execute(
            "SELECT s.activity_id, count(*) - count(p.part) AS leads FROM sources s LEFT JOIN spares p"
            " ON p.sha256 = s.sha256 AND p.part = s.part GROUP BY s.activity_id HAVING leads <> 1"
        )
        wrong += [f"activity {number} has {leads} leading sources" for number, leads in leading]
    return wrong


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
        yield from _made_anew(unfinished, path, _salvaged(path), jobs)
    _take_place(unfinished, path)


def _made_anew(unfinished: Path, path: Path, found: Salvage, jobs: int) -> Iterator[Recorded]:
    for name in (unfinished, _journal(unfinished)):
        name.unlink(missing_ok=True)
    with Library(unfinished) as library:
        library.originals = Originals(path)
        with library.writing() as connection:
            # What was deleted does not come back, nor does its number; what was said to be apart stays so.
            for table in ("deletions", "decisions"):
                _copy(connection, table, found.rows(table))
            _copy(connection, "sqlite_sequence", [{"name": "activities", "seq": found.last_number()}])
        yield from _results(library, found, jobs)
        with library.writing() as connection:
            _carry_over(connection, found)


def _salvaged(path: Path) -> Salvage:
    found = salvage(path)
    if not found.wanted() and not _is_sound(path):
        raise LibraryError(
            f"nothing can be read of {path}; move it away, and import your folders"
            f" and {Originals(path).folder} again",
            code="damaged",
        )
    return found


def _is_sound(path: Path) -> bool:
    try:
        with Library(path, create=False) as library:
            return not check(library)
    except LibraryError:
        return False


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


def _results(library: Library, found: Salvage, jobs: int) -> Iterator[Recorded]:
    """Read the originals again, those that were made with the same settings together."""
    groups: dict[str, list[Wanted]] = defaultdict(list)
    for content in found.wanted():
        groups[content.settings].append(content)
    for text, contents in groups.items():
        settings = Settings.from_mapping(json.loads(text))
        yield from reprocess(library, read_again(library, contents), settings, jobs=jobs, ids=found.ids())


def _carry_over(connection: sqlite3.Connection, found: Salvage) -> None:
    """Copy what is no result, and the results whose originals gave none."""
    texts, ids = found.settings(), found.ids()
    there = set(connection.execute("SELECT sha256, part FROM sources"))
    for source, kept, known in found.results():
        part = (source["sha256"], source["part"])
        if part in there:
            continue
        fresh = Fresh(
            laid_out(kept["document"], kept.get("outline"), kept["report"]),
            tuple(source[column] for column in SOURCE),
            settings_id(connection, texts[kept["settings_id"]]),
            tuple(known[column] for column in FINGERPRINT) if known else (None, None, packed(UNKNOWN)),
            kept["version"],
        )
        settle(connection, Change(moment(), {part: fresh}, ids=ids))
    for row in found.rows("activities"):
        connection.execute("UPDATE activities SET added_at = ? WHERE id = ?", (row["added_at"], row["id"]))
    numbers = {number for (number,) in connection.execute("SELECT id FROM activities")}
    for table in SAID:
        _copy(connection, table, (row for row in found.rows(table) if row["activity_id"] in numbers))
    _copy(connection, "files", found.rows("files"))


def _copy(connection: sqlite3.Connection, table: str, rows: Iterable[Row]) -> None:
    for row in rows:
        # Damage can leave rows that contradict each other; the first one stands.
        statement = insertion(table, tuple(row)).replace("INSERT", "INSERT OR IGNORE", 1)
        connection.execute(statement, tuple(row.values()))


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
