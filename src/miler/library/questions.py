"""What a library is asked. Results are SI; times of day are ISO 8601, local where the place is known."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from miler.errors import LibraryError
from miler.library.choosing import SPORT, SURFACE, Filter
from miler.library.places import real_name, real_path
from miler.trends import Dated
from miler.units import MILE_M

if TYPE_CHECKING:
    from miler.report.look import Look

_MOST = 2**63 - 1  # SQLite's largest number
WHOLE = 0.0  # the length_m of an exclusion that holds for every effort of an activity


@dataclass(frozen=True)
class Best:
    """One activity's effort of a length, on the elapsed clock.

    `low_s` to `high_s` holds its true time with 95 %, `grade` is that of the evidence; None of those made
    by a miler that did not know.
    """

    activity_id: int
    length_m: float
    elapsed_s: float
    timer_s: float
    low_s: float | None
    high_s: float | None
    grade: str | None
    start_s: float
    flags: str
    start_local: str | None
    time_zone: str | None
    sport: str
    title: str | None
    device: str | None
    kind: str | None
    surface: str | None
    shoes: str | None
    wind: str | None
    tags: str | None
    file: str
    excluded: bool


@dataclass(frozen=True)
class Listed:
    """One activity in a line; `mile_s` is its fastest mile, also where that is excluded."""

    activity_id: int
    start_time: str | None
    start_local: str | None
    time_zone: str | None
    sport: str
    distance_m: float | None
    elapsed_s: float
    timer_s: float | None
    mile_s: float | None
    mile_low_s: float | None
    mile_high_s: float | None
    mile_grade: str | None
    evenness: float | None
    device: str | None
    title: str | None
    kind: str | None
    surface: str | None
    shoes: str | None
    wind: str | None
    tags: str | None
    file: str
    excluded: bool


@dataclass(frozen=True)
class Said:
    """What the runner said of an activity, and where its file is.

    `excluded_m` are the lengths whose efforts are left out of the bests, 0 for all of them;
    `files` the paths where its bytes were seen.
    """

    activity_id: int
    start_local: str | None
    title: str | None
    tags: tuple[str, ...]
    sport: str
    kind: str | None
    surface: str | None
    shoes: str | None
    wind: str | None
    excluded_m: tuple[float, ...]
    files: tuple[str, ...]


@dataclass(frozen=True)
class Stored(Said):
    """One activity as it is kept: its document `miler.analysis/1`, and what its text is made of beside that.

    `outline` is the run's, packed; without one, `report` is the text as it was made at import, else empty.
    """

    document: dict[str, Any]
    outline: bytes | None
    report: str

    def text(self, look: Look | None = None) -> str:
        """Write the report as `miler report` does; without an outline, as it was made at import.

        Raises LibraryError: if what is kept is damaged (`damaged`).
        """
        from miler.library.kept import told

        return told(self.document, self.outline, self.report, look)


Clock = Literal["elapsed", "timer"]
Group = Literal["year", "surface", "sport", "kind", "shoes", "device"]

_FILE = """(SELECT s.name FROM sources s WHERE s.activity_id = a.id AND NOT EXISTS (
    SELECT 1 FROM spares p WHERE p.sha256 = s.sha256 AND p.part = s.part))"""
_TITLE = "coalesce(o.title, a.name)"
_LEFT_OUT = f"EXISTS (SELECT 1 FROM exclusions x WHERE x.activity_id = a.id AND x.length_m = {WHOLE})"
_SAID = f"o.kind, {SURFACE}, o.shoes, o.wind"
_OVERRIDES = "LEFT JOIN overrides o ON o.activity_id = a.id"

_GROUPS: Mapping[Group, str] = {
    "year": "substr(a.start_local, 1, 4)",
    "surface": SURFACE,
    "sport": SPORT,
    "kind": "o.kind",
    "shoes": "o.shoes",
    "device": "a.device",
}

_ROW = f"""e.activity_id, e.length_m, e.elapsed_s, e.timer_s, e.low_s, e.high_s, e.grade, e.start_s, e.flags,
    a.start_local, a.time_zone, {SPORT}, {_TITLE}, a.device, {_SAID}, o.tags, {_FILE}"""
# CROSS JOIN keeps SQLite to this order. The index has the efforts of a length in order of time, so that the
# first few are enough; but of a few days it is quicker to look at every activity, and few are told of.
_FASTEST_FIRST = f"efforts e CROSS JOIN activities a ON a.id = e.activity_id {_OVERRIDES}"
_DAYS_FIRST = f"activities a CROSS JOIN efforts e ON e.activity_id = a.id {_OVERRIDES}"
_SAID_FIRST = (
    "overrides o CROSS JOIN activities a ON a.id = o.activity_id CROSS JOIN efforts e ON e.activity_id = a.id"
)
_EXCLUDED_FROM = f"(SELECT x.activity_id FROM exclusions x WHERE x.length_m IN ({WHOLE}, ?))"
_IN_ORDER: Mapping[Clock, str] = {
    "elapsed": "ORDER BY e.elapsed_s, e.activity_id",
    "timer": "ORDER BY e.timer_s, e.activity_id",
}


def _efforts(
    columns: str, length_m: float, chosen: Filter, *, excluded: bool = False
) -> tuple[str, list[Any]]:
    """Return the query for the efforts of a length, without its order, and its values."""
    condition, values = chosen.where()
    if chosen.is_said:
        tables = _SAID_FIRST
    else:
        tables = _DAYS_FIRST if excluded or chosen.since or chosen.until else _FASTEST_FIRST
    length_m = round(length_m, 6)  # as documents hold lengths
    query = (
        f"SELECT {columns} FROM {tables} WHERE e.length_m = ? AND {condition}"
        f" AND a.id {'' if excluded else 'NOT'} IN {_EXCLUDED_FROM}"
    )
    return query, [length_m, *values, length_m]


def best(
    connection: sqlite3.Connection,
    length_m: float,
    chosen: Filter,
    limit: int,
    *,
    clock: Clock = "elapsed",
    excluded: bool = False,
) -> tuple[Best, ...]:
    """Return the fastest efforts of a length, or of those excluded; a tie goes to the earlier import."""
    query, values = _efforts("e.activity_id", length_m, chosen, excluded=excluded)
    rows = connection.execute(f"{query} {_IN_ORDER[clock]} LIMIT ?", (*values, min(limit, _MOST)))
    numbers = [number for (number,) in rows]
    found = _effort_of(connection, length_m, numbers, excluded=excluded)
    return tuple(found[number] for number in numbers if number in found)


def _effort_of(
    connection: sqlite3.Connection, length_m: float, numbers: Sequence[int], *, excluded: bool = False
) -> dict[int, Best]:
    """Return the effort of each of a few activities, by its number; one may have been deleted just now."""
    query = (
        f"SELECT {_ROW} FROM {_DAYS_FIRST} WHERE e.length_m = ? AND a.id IN (SELECT value FROM json_each(?))"
    )
    rows = connection.execute(query, (round(length_m, 6), json.dumps(numbers)))
    return {row[0]: Best(*(*row[:-1], real_name(row[-1]), excluded)) for row in rows}


def best_by(
    connection: sqlite3.Connection,
    group: Group,
    length_m: float,
    chosen: Filter,
    *,
    clock: Clock = "elapsed",
) -> dict[str | None, Best]:
    """Return the fastest effort of a length in each group, in order of their names; None comes last."""
    query, values = _efforts(f"{_GROUPS[group]}, e.activity_id", length_m, chosen)
    firsts: dict[str | None, int] = {}
    for name, number in connection.execute(f"{query} {_IN_ORDER[clock]}", values):
        firsts.setdefault(name, number)
    found = _effort_of(connection, length_m, list(firsts.values()))
    names = sorted((n for n in firsts if firsts[n] in found), key=lambda name: (name is None, name))
    return {name: found[firsts[name]] for name in names}


def history(connection: sqlite3.Connection, length_m: float, chosen: Filter) -> tuple[Dated, ...]:
    """Return the efforts of a length in order of time, without excluded ones and those without a date."""
    columns = "e.activity_id, substr(a.start_local, 1, 10), e.elapsed_s, e.low_s, e.high_s"
    query, values = _efforts(columns, length_m, chosen)
    rows = connection.execute(
        f"{query} AND a.start_local IS NOT NULL ORDER BY a.start_local, a.id", values
    ).fetchall()
    return tuple(Dated(number, date.fromisoformat(day), *times_s) for number, day, *times_s in rows)


def lengths(connection: sqlite3.Connection) -> tuple[float, ...]:
    """Return the lengths of which there are efforts, shortest first; leaps along the index."""
    rows = connection.execute(
        """
        WITH RECURSIVE known(length_m) AS (
            SELECT min(length_m) FROM efforts
            UNION ALL
            SELECT (SELECT min(e.length_m) FROM efforts e WHERE e.length_m > known.length_m)
            FROM known WHERE length_m IS NOT NULL
        ) SELECT length_m FROM known WHERE length_m IS NOT NULL
        """
    )
    return tuple(length_m for (length_m,) in rows)


_FROM = f"FROM activities a {_OVERRIDES}"


def listed(
    connection: sqlite3.Connection, chosen: Filter, limit: int | None, offset: int = 0
) -> Iterator[Listed]:
    """Yield activities, the latest first; those without a date last. The first `offset` are passed over."""
    condition, values = chosen.where()
    rows = connection.execute(
        f"""
        SELECT a.id, a.start_time, a.start_local, a.time_zone, {SPORT}, a.distance_m,
               a.elapsed_s, a.timer_s,
               e.elapsed_s, e.low_s, e.high_s, e.grade,
               (SELECT c.evenness FROM scores c WHERE c.activity_id = a.id),
               a.device, {_TITLE}, {_SAID}, o.tags, {_LEFT_OUT}, {_FILE}
        {_FROM} LEFT JOIN efforts e ON e.activity_id = a.id AND e.length_m = {MILE_M}
        WHERE {condition} ORDER BY a.start_local DESC, a.id DESC LIMIT ? OFFSET ?
        """,
        (*values, -1 if limit is None else min(limit, _MOST), offset),
    )
    for *columns, left_out, file in rows:
        yield Listed(*(*columns, real_name(file), bool(left_out)))


def count(connection: sqlite3.Connection, chosen: Filter) -> int:
    """Return how many activities there are."""
    condition, values = chosen.where()
    source = _FROM if chosen != Filter() else "FROM activities a"
    (number,) = connection.execute(f"SELECT count(*) {source} WHERE {condition}", values).fetchone()
    return int(number)


def numbers(connection: sqlite3.Connection, chosen: Filter) -> list[int]:
    """Return the numbers of activities, in order."""
    condition, values = chosen.where()
    rows = connection.execute(f"SELECT a.id {_FROM} WHERE {condition} ORDER BY a.id", values)
    return [number for (number,) in rows]


def efforts_of(connection: sqlite3.Connection, activity_id: int) -> dict[float, float]:
    """Return the elapsed seconds of an activity's efforts by length."""
    return {length_m: times[0] for length_m, times in sure_efforts_of(connection, activity_id).items()}


def sure_efforts_of(
    connection: sqlite3.Connection, activity_id: int
) -> dict[float, tuple[float, float | None, float | None]]:
    """Return the elapsed seconds of an activity's efforts by length, and from when to when they may be."""
    query = "SELECT length_m, elapsed_s, low_s, high_s FROM efforts WHERE activity_id = ?"
    return {length_m: tuple(times) for length_m, *times in connection.execute(query, (activity_id,))}


def require(connection: sqlite3.Connection, activity_id: int) -> None:
    """Refuse an activity that is not there.

    Raises:
        LibraryError: naming it.
    """
    query = "SELECT 1 FROM activities WHERE id = ?"
    if activity_id > _MOST or connection.execute(query, (activity_id,)).fetchone() is None:
        raise LibraryError(f"there is no activity {activity_id}; `miler list` shows them", code="no_activity")


def document(connection: sqlite3.Connection, activity_id: int) -> str:
    """Return the document of an activity, one line of JSON."""
    from miler.library.entry import unpressed

    query = "SELECT document FROM documents WHERE activity_id = ?"
    return unpressed(connection.execute(query, (activity_id,)).fetchone()[0])


def said(connection: sqlite3.Connection, activity_id: int) -> Said:
    """Return what the runner said of an activity, and where its file is."""
    query = f"SELECT a.start_local, {_TITLE}, o.tags, {SPORT}, {_SAID} {_FROM} WHERE a.id = ?"
    start_local, title, tags, sport, *rest = connection.execute(query, (activity_id,)).fetchone()
    kind, surface, shoes, wind = rest
    return Said(
        activity_id=activity_id,
        start_local=start_local,
        title=title,
        tags=tuple(tags.split(",")) if tags else (),
        sport=sport,
        kind=kind,
        surface=surface,
        shoes=shoes,
        wind=wind,
        excluded_m=_column(connection, _EXCLUDED, activity_id),
        files=tuple(real_path(path) for path in _column(connection, _PATHS, activity_id)),
    )


def stored(connection: sqlite3.Connection, activity_id: int) -> Stored:
    """Return all that is kept of one activity."""
    from miler.library.entry import unpressed

    query = "SELECT document, outline, report FROM documents WHERE activity_id = ?"
    document, outline, report = connection.execute(query, (activity_id,)).fetchone()
    told = {"document": json.loads(unpressed(document)), "outline": outline, "report": unpressed(report)}
    return Stored(**vars(said(connection, activity_id)), **told)


_EXCLUDED = "SELECT length_m FROM exclusions WHERE activity_id = ? ORDER BY length_m"
_PATHS = """
    SELECT DISTINCT f.path FROM files f JOIN sources s ON s.sha256 = f.sha256
    WHERE s.activity_id = ? ORDER BY f.id
"""


def _column(connection: sqlite3.Connection, query: str, activity_id: int) -> tuple[Any, ...]:
    rows: Sequence[tuple[Any]] = connection.execute(query, (activity_id,)).fetchall()
    return tuple(value for (value,) in rows)
