"""The one who writes: what became of a file, and the results that it gave, in one transaction.

Every function here runs inside `connection.transaction`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import miler
from miler.library.entry import Entry, Result
from miler.library.fingerprint import unpacked
from miler.library.grouping import Part as Part
from miler.library.merging import Change, Fresh, settle
from miler.library.places import Place, Stamp, stored_name
from miler.library.tables import ACTIVITY, insertion

Ending = Literal["imported", "duplicate", "skipped", "failed", "unchanged"]

DELETED, MERGED = "deleted", "merged"
_DELETED_MESSAGE = "deleted from the library; `miler import --restore` brings it back"
KEPT = ("imported", "duplicate")


@dataclass(frozen=True)
class Recorded:
    """What became of one file.

    `activity_ids` are its activities: new ones, those that it duplicates, or, with the code `merged`, those
    of other files whose runs it holds too.
    """

    name: str
    ending: Ending
    activity_ids: tuple[int, ...] = ()
    code: str | None = None
    message: str | None = None


@dataclass(frozen=True)
class Visit:
    """A file that was read: where it lies, how it looked before it was read, and what is known of it.

    Attributes:
        moment: when, ISO 8601 in UTC; the clock is read at the edge.
        label: what an export's table says of it, as in `sources.label`.
        again: write the results anew although these bytes gave some before.
        ids: ids that activities had before, where a library is rebuilt.
    """

    moment: str
    place: Place | None = None
    stamp: Stamp | None = None
    label: str | None = None
    again: bool = False
    ids: Mapping[Part, int] = field(default_factory=dict)


def record(connection: sqlite3.Connection, entry: Entry, visit: Visit) -> Recorded:
    """Write what became of a file, with its results if they are new."""
    if entry.kind != "done":
        ending = Recorded(entry.name, entry.kind, (), entry.code, entry.message)
        _remember(connection, entry, visit, ending)
        return ending
    known = parts_of(connection, entry.sha256)
    deleted = _deleted(connection, entry.sha256)
    fresh = [r for r in entry.results if r.part not in deleted]
    if not fresh:
        ending = Recorded(entry.name, "skipped", (), DELETED, _DELETED_MESSAGE)
    elif known and not visit.again:
        ending = _seen_before(connection, entry, visit, tuple(known.values()))
    else:
        ids = _written(connection, entry, visit, fresh, known)
        ending = Recorded(entry.name, "imported", ids)
    _remember(connection, entry, visit, ending)
    return ending if visit.again else _with_others(connection, entry, ending)


def parts_of(connection: sqlite3.Connection, sha256: str) -> dict[int, int]:
    """Return the activities that a content gave, by part."""
    query = "SELECT part, activity_id FROM sources WHERE sha256 = ? ORDER BY part"
    return dict(connection.execute(query, (sha256,)))


def _deleted(connection: sqlite3.Connection, sha256: str) -> set[int]:
    return {part for (part,) in connection.execute("SELECT part FROM deletions WHERE sha256 = ?", (sha256,))}


def _seen_before(
    connection: sqlite3.Connection, entry: Entry, visit: Visit, ids: tuple[int, ...]
) -> Recorded:
    """Tell a duplicate from the very file that was imported: only touched, or by another process just now."""
    if visit.place is not None:
        row = connection.execute(
            "SELECT sha256, outcome FROM files WHERE path = ? AND member = ?",
            (visit.place.path, visit.place.member),
        ).fetchone()
        if row is not None and row[0] == entry.sha256 and row[1] in KEPT:
            return Recorded(entry.name, "unchanged", ids)
    return Recorded(entry.name, "duplicate", ids, None, duplicate_of(ids))


def _written(
    connection: sqlite3.Connection, entry: Entry, visit: Visit, results: list[Result], known: dict[int, int]
) -> tuple[int, ...]:
    """Write the results, each in the place of the source that it replaces, if any."""
    former = _former(connection, entry, visit)
    homes: dict[Part, int] = {}
    for result in results:
        part = (entry.sha256, result.part)
        start_time = result.laid.activity[ACTIVITY.index("start_time")]
        replaced = None if result.part in known else former.pop(start_time, None)
        if replaced is not None and _falls_short(connection, result, replaced):
            replaced = None
        gone = frozenset() if replaced is None else frozenset((replaced,))
        fresh = {part: _fresh(connection, entry, result, visit.label)}
        homes |= settle(connection, Change(visit.moment, fresh, gone, visit.ids))
    # A newer miler may find fewer in the same bytes.
    lost = frozenset((entry.sha256, n) for n in known if n not in {r.part for r in results})
    if lost:
        homes |= settle(connection, Change(visit.moment, gone=lost))
    return tuple(dict.fromkeys(homes[(entry.sha256, result.part)] for result in results))


def _with_others(connection: sqlite3.Connection, entry: Entry, ending: Recorded) -> Recorded:
    """Tell of a file that was imported whether other files have its runs too."""
    query = """
        SELECT DISTINCT activity_id FROM sources
        WHERE activity_id IN (SELECT value FROM json_each(?)) AND sha256 <> ? ORDER BY activity_id
    """
    if ending.ending != "imported":
        return ending
    merged = connection.execute(query, (json.dumps(ending.activity_ids), entry.sha256)).fetchall()
    if not merged:
        return ending
    return replace(ending, code=MERGED, message=f"another file of {_named(number for (number,) in merged)}")


def duplicate_of(ids: Iterable[int]) -> str:
    """Say whose duplicate a content is."""
    return f"duplicate of {_named(ids)}"


def _named(ids: Iterable[int]) -> str:
    words = [str(number) for number in ids]
    return f"activit{'y' if len(words) == 1 else 'ies'} {', '.join(words)}"


def _former(connection: sqlite3.Connection, entry: Entry, visit: Visit) -> dict[str, Part]:
    """The sources, by start, whose file has been written anew and whose bytes are nowhere else.

    The same run written again (a download that was cut short) takes the former's place, and keeps its
    number and what the runner said of it. Another run under an old name does not.
    """
    if visit.place is None:
        return {}
    query = """
        SELECT a.start_time, s.sha256, s.part FROM files f
        JOIN sources s ON s.sha256 = f.sha256 JOIN activities a ON a.id = s.activity_id
        WHERE f.path = ? AND f.member = ? AND f.sha256 <> ? AND a.start_time IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM files o WHERE o.sha256 = f.sha256 AND o.id <> f.id)
    """
    rows = connection.execute(query, (visit.place.path, visit.place.member, entry.sha256))
    return {start_time: (sha256, part) for start_time, sha256, part in rows}


def _falls_short(connection: sqlite3.Connection, result: Result, former: Part) -> bool:
    """Whether a file that ends too early has less of the run than the one that it was written over.

    A synchronisation that broke off, or a full disk, must not take from the library what it knew. A
    sound file that is shorter is what the runner wanted: he cut off his way home.
    """
    _, end_s, packed = result.fingerprint
    if not unpacked(packed).cut_off:
        return False
    # Where another file of the run goes as far (a leader may miss 10 s), that one leads.
    query = """
        SELECT f.end_s > ?3 AND NOT EXISTS (
            SELECT 1 FROM sources o JOIN fingerprints g USING (sha256, part)
            WHERE o.activity_id = s.activity_id AND (o.sha256, o.part) <> (?1, ?2) AND g.end_s >= f.end_s - 10
        )
        FROM sources s JOIN fingerprints f USING (sha256, part) WHERE s.sha256 = ?1 AND s.part = ?2
    """
    row = connection.execute(query, (*former, end_s)).fetchone()
    return row is not None and bool(row[0])


def _fresh(connection: sqlite3.Connection, entry: Entry, result: Result, label: str | None) -> Fresh:
    source = (
        entry.sha256,
        result.part,
        entry.format or None,
        stored_name(entry.name),
        entry.size_bytes,
        label,
    )
    return Fresh(result.laid, source, settings_id(connection, result.settings), result.fingerprint)


def settings_id(connection: sqlite3.Connection, document: str) -> int:
    """Return the number of settings, new ones are written; equal settings are one row."""
    connection.execute("INSERT OR IGNORE INTO settings (document) VALUES (?)", (document,))
    (number,) = connection.execute("SELECT id FROM settings WHERE document = ?", (document,)).fetchone()
    return int(number)


def _remember(connection: sqlite3.Connection, entry: Entry, visit: Visit, ending: Recorded) -> None:
    """Write how the file ended, over what was known of it.

    What cannot be opened now says nothing about what it was, and what is not there is no file.
    """
    if visit.place is None or visit.stamp is None:
        return
    place, stamp = visit.place, visit.stamp
    number, former = connection.execute(
        "SELECT max(id), max(outcome) FROM files WHERE path = ? AND member = ?", (place.path, place.member)
    ).fetchone()
    if former in KEPT and not entry.sha256:
        return
    values: dict[str, Any] = {
        "path": place.path,
        "member": place.member,
        "name": stored_name(entry.name),
        "size_bytes": stamp.size_bytes,
        "mtime_ns": stamp.mtime_ns,
        "sha256": entry.sha256 or None,
        "format": entry.format or None,
        "outcome": former if ending.ending == "unchanged" else ending.ending,
        "code": ending.code,
        "message": None if ending.message is None else _text(ending.message),
        "version": miler.__version__,
        "recorded_at": visit.moment,
    }
    if number is None:
        connection.execute(insertion("files", tuple(values)), tuple(values.values()))
    else:
        assignments = ", ".join(f"{column} = ?" for column in values)
        connection.execute(f"UPDATE files SET {assignments} WHERE id = ?", (*values.values(), number))


def _text(message: str) -> str:
    return message.encode("utf-8", "backslashreplace").decode("utf-8")


def remove(connection: sqlite3.Connection, activity_id: int, moment: str) -> None:
    """Delete an activity, and remember its content: importing its folder again must not bring it back."""
    contents = connection.execute(
        "SELECT sha256, part FROM sources WHERE activity_id = ?", (activity_id,)
    ).fetchall()
    connection.execute("DELETE FROM activities WHERE id = ?", (activity_id,))
    for sha256, part in contents:
        connection.execute("INSERT OR REPLACE INTO deletions VALUES (?, ?, ?)", (sha256, part, moment))
        if not parts_of(connection, sha256):
            connection.execute(
                "UPDATE files SET outcome = 'skipped', code = ?, message = ? WHERE sha256 = ?",
                (DELETED, _DELETED_MESSAGE, sha256),
            )


def restore(connection: sqlite3.Connection, sha256: str) -> None:
    """Forget that activities of a content were deleted."""
    connection.execute("DELETE FROM deletions WHERE sha256 = ?", (sha256,))
