"""What pages and API ask of the library; of contents by their hash, so that nothing is sent twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import miler
from miler.files import Found, find
from miler.library import Library
from miler.library.places import place_of, stored_path
from miler.library.writing import KEPT, Ending, duplicate_of, parts_of


@dataclass(frozen=True)
class Landed:
    """What became of an upload: of an archive, of all in it.

    `activity_ids` are its activities: new ones, or those that it duplicates.
    """

    name: str
    sha256: str
    ending: Ending
    activity_ids: tuple[int, ...] = ()
    code: str | None = None
    message: str | None = None


def gave_activities(library: Library, sha256: str, name: str = "") -> Landed | None:
    """Tell of a content that gave activities before."""
    with library.reading() as connection:
        ids = tuple(dict.fromkeys(parts_of(connection, sha256).values()))
    return Landed(name, sha256, "duplicate", ids, None, duplicate_of(ids)) if ids else None


def known_contents(library: Library, hashes: Iterable[str]) -> Iterator[Landed]:
    """Yield what became of each content that was here before; what may end otherwise now is left out."""
    for sha256 in dict.fromkeys(hashes):
        landed = gave_activities(library, sha256) or _gave_none(library, sha256) or _archive(library, sha256)
        if landed is not None:
            yield landed


def _gave_none(library: Library, sha256: str) -> Landed | None:
    """Tell of a content that was skipped or failed; a newer miler may read it."""
    with library.reading() as connection:
        row = connection.execute(
            "SELECT outcome, code, message FROM files WHERE sha256 = ? AND version = ? ORDER BY id DESC",
            (sha256, miler.__version__),
        ).fetchone()
    if row is None or row[0] in KEPT:
        return None
    return Landed("", sha256, row[0], (), row[1], row[2])


def _archive(library: Library, sha256: str) -> Landed | None:
    """Tell of an archive, if all that is in it has been imported, or nothing in it was worth keeping."""
    path = library.originals.path_of(sha256)
    if path is None:
        return _let_go(library, sha256)
    ids: list[int] = []
    for found in find([path]):
        there = activities_at(library, found)
        if there is None:
            return None
        ids += there
    each = tuple(dict.fromkeys(ids))
    said = duplicate_of(each) if each else None
    return Landed("", sha256, "duplicate" if each else "skipped", each, None, said)


def _let_go(library: Library, sha256: str) -> Landed | None:
    """Tell of an archive that is not kept; a newer miler may read what is in it."""
    with library.reading() as connection:
        rows = connection.execute(
            "SELECT outcome FROM files WHERE path >= ?1 AND path < ?1 || 'g' AND version = ?2",
            (stored_path(library.originals.address(sha256)), miler.__version__),
        ).fetchall()
    outcomes = {outcome for (outcome,) in rows}
    if not outcomes or outcomes & {*KEPT}:
        return None
    ending: Ending = "failed" if "failed" in outcomes else "skipped"
    return Landed("", sha256, ending, (), None, "nothing in it is an activity")


def activities_at(library: Library, found: Found) -> tuple[int, ...] | None:
    """Return the activities that a file gave when it was imported; None if it was not."""
    place = place_of(found)
    with library.reading() as connection:
        rows = connection.execute(
            "SELECT s.activity_id FROM files f LEFT JOIN sources s ON s.sha256 = f.sha256"
            " WHERE f.path = ? AND f.member = ? ORDER BY s.part",
            (place.path, place.member),
        ).fetchall()
    return tuple(number for (number,) in rows if number is not None) if rows else None
