"""One activity with several sources: bring together in the library what is one run, and part what is not.

Every function here runs inside `connection.transaction`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, field

import miler
from miler.library.entry import Laid, Row, laid_out
from miler.library.fingerprint import UNKNOWN, Fingerprint, unpacked
from miler.library.grouping import Edge, Group, Part, Standing, groups, ranked
from miler.library.lending import LENT, Lender, filled
from miler.library.sameness import FARTHEST_ZONE_S, LONGEST_S, compare, slips
from miler.library.tables import ACTIVITY, FINGERPRINT, PAIR, RESULTS, SOURCE, SPARE, insertion

_INSERT = {table: insertion(table, ("activity_id", *columns)) for table, columns in RESULTS.items()}
_KEY = ("sha256", "part")
_NUMBER_AND_LEADS = """
    SELECT s.activity_id, NOT EXISTS (SELECT 1 FROM spares p WHERE p.sha256 = s.sha256 AND p.part = s.part)
    FROM sources s WHERE s.sha256 = ? AND s.part = ?
"""


@dataclass(frozen=True)
class Fresh:
    """What a source has just given: its rows, with those of `sources` and `fingerprints`."""

    laid: Laid
    source: Row
    settings_id: int
    fingerprint: Row
    version: str = miler.__version__


@dataclass(frozen=True)
class Change:
    """What changes at once: sources that are new or read anew, and sources that are no more.

    Attributes:
        moment: when, ISO 8601 in UTC.
        ids: numbers that activities had before, where a library is rebuilt.
    """

    moment: str
    fresh: Mapping[Part, Fresh] = field(default_factory=dict)
    gone: frozenset[Part] = frozenset()
    ids: Mapping[Part, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Seat:
    """Where a source is: in which activity, and whether that has its results."""

    number: int
    leads: bool


def settle(connection: sqlite3.Connection, change: Change, touched: Iterable[Part] = ()) -> dict[Part, int]:
    """Write a change, and bring all that it touches into the activities that the evidence asks for.

    An activity that loses its leading source to another keeps its number, and with it what the runner said.

    Returns:
        The activities of the sources that were touched, and of those that are with them.
    """
    for part, fresh in change.fresh.items():
        _fingerprinted(connection, part, fresh)
    members = _reached(connection, {*change.fresh, *change.gone, *touched})
    seats = {part: seat for part in sorted(members) if (seat := _seat(connection, part)) is not None}
    made = groups(members - change.gone, _edges(connection, members))
    orders = {group: _order(connection, group, change) for group in made}
    numbers, freed = _numbered(made, seats, change)
    for part, seat in seats.items():
        stays = any(orders[g][0] == part and numbers.get(g) == seat.number for g in made if part in g)
        if seat.leads and not stays and part not in change.fresh and part not in change.gone:
            _lift(connection, part, seat.number)
    _forget(connection, change)
    homes: dict[Part, int] = {}
    for group in made:
        number = _seated(connection, group, orders[group][0], numbers.get(group), seats, change)
        homes |= dict.fromkeys(group, number)
        if len(group) > 1 or len(seats) > 1:
            _lend(connection, number, orders[group])
    for number, heir in freed.items():
        if heir is not None:
            _inherit(connection, number, homes[heir])
        connection.execute("DELETE FROM activities WHERE id = ?", (number,))
    return homes


def _fingerprinted(connection: sqlite3.Connection, part: Part, fresh: Fresh) -> None:
    """Write a fingerprint, and the evidence that it gives with others."""
    for key in _KEY_COLUMNS:
        connection.execute(f"DELETE FROM pairs WHERE {key[0]} = ? AND {key[1]} = ?", part)
    connection.execute(
        insertion("fingerprints", (*_KEY, *FINGERPRINT)).replace("INSERT", "REPLACE", 1),
        (*part, *fresh.fingerprint),
    )
    begin_s, end_s, blob = fresh.fingerprint
    if begin_s is None:
        return
    mine: Fingerprint | None = None
    for other, other_s in around(connection, part, (begin_s, end_s)):
        if slips((begin_s, end_s), other_s):
            mine = mine or unpacked(blob)
            _paired(connection, {part: mine, other: _known(connection, other)})


_KEY_COLUMNS = (_KEY, ("other_sha256", "other_part"))


def around(
    connection: sqlite3.Connection, part: Part, span_s: tuple[float, float]
) -> list[tuple[Part, tuple[float, float]]]:
    """Find, along the index, the sources of other contents that may overlap, were a clock off by a zone.

    Returns:
        Each with when it began and ended.
    """
    begin_s, end_s = span_s[0] - FARTHEST_ZONE_S, min(span_s[1], span_s[0] + LONGEST_S) + FARTHEST_ZONE_S
    query = """
        SELECT sha256, part, begin_s, end_s FROM fingerprints
        WHERE begin_s BETWEEN ? AND ? AND end_s >= ? AND sha256 <> ?
    """
    rows = connection.execute(query, (begin_s - LONGEST_S, end_s, begin_s, part[0]))
    return [((sha256, number), (first_s, last_s)) for sha256, number, first_s, last_s in rows]


def _paired(connection: sqlite3.Connection, both: Mapping[Part, Fingerprint]) -> None:
    first, second = sorted(both)
    evidence = compare(both[first], both[second])
    if evidence is not None:
        connection.execute(insertion("pairs", PAIR), (*first, *second, *astuple(evidence)))


def _known(connection: sqlite3.Connection, part: Part) -> Fingerprint:
    query = "SELECT fingerprint FROM fingerprints WHERE sha256 = ? AND part = ?"
    row = connection.execute(query, part).fetchone()
    return UNKNOWN if row is None else unpacked(row[0])  # none until a first library is reprocessed


def _seat(connection: sqlite3.Connection, part: Part) -> _Seat | None:
    row = connection.execute(_NUMBER_AND_LEADS, part).fetchone()
    return None if row is None else _Seat(row[0], bool(row[1]))


def _reached(connection: sqlite3.Connection, parts: set[Part]) -> set[Part]:
    """All sources that hang together with some: in one activity, by evidence, or by a decision."""
    reached, new = set(parts), set(parts)
    while new:
        new = {other for part in new for other in _beside(connection, part)} - reached
        reached |= new
    there = "SELECT 1 FROM sources WHERE sha256 = ? AND part = ?"
    return {part for part in reached if part in parts or connection.execute(there, part).fetchone()}


def _beside(connection: sqlite3.Connection, part: Part) -> Iterator[Part]:
    yield from connection.execute(
        "SELECT o.sha256, o.part FROM sources s JOIN sources o ON o.activity_id = s.activity_id"
        " WHERE s.sha256 = ? AND s.part = ?",
        part,
    )
    for table in ("pairs", "decisions"):
        yield from connection.execute(
            f"SELECT other_sha256, other_part FROM {table}"
            " WHERE sha256 = ?1 AND part = ?2 AND verdict = 'same'"
            f" UNION ALL SELECT sha256, part FROM {table}"
            " WHERE other_sha256 = ?1 AND other_part = ?2 AND verdict = 'same'",
            part,
        )


def _edges(connection: sqlite3.Connection, members: Iterable[Part]) -> Iterator[Edge]:
    for part in sorted(members):
        where = "WHERE sha256 = ? AND part = ?"
        for sha256, number, why, gap_m in connection.execute(
            f"SELECT other_sha256, other_part, why, gap_m FROM pairs {where} AND verdict = 'same'", part
        ):
            yield Edge(part, (sha256, number), why, gap_m)
        for sha256, number, said in connection.execute(
            f"SELECT other_sha256, other_part, verdict FROM decisions {where}", part
        ):
            yield Edge(part, (sha256, number), said=said)


def _order(connection: sqlite3.Connection, group: Group, change: Change) -> list[Part]:
    if len(group) == 1:
        return list(group)
    return ranked([standing(connection, part, change) for part in sorted(group)])


def standing(connection: sqlite3.Connection, part: Part, change: Change | None = None) -> Standing:
    """Return what decides whether a source leads, of one that is there or that a change brings."""
    if change is not None and part in change.fresh:
        format = change.fresh[part].source[SOURCE.index("format")]
    else:
        (format,) = connection.execute(
            "SELECT format FROM sources WHERE sha256 = ? AND part = ?", part
        ).fetchone()
    return Standing(part, format or "", _known(connection, part))


def _numbered(
    made: list[Group], seats: Mapping[Part, _Seat], change: Change
) -> tuple[dict[Group, int], dict[int, Part | None]]:
    """Give each number to one group: to that of its leading source, else to another of its sources.

    What takes the place of a source that is gone takes its number too.

    Returns:
        The numbers of the groups that have one; and the numbers that are left over, each with a source
        of the activity that inherits what was said of it.
    """
    home = {part: group for group in made for part in group}
    numbers: dict[Group, int] = {}
    freed: dict[int, Part | None] = {}
    for number in sorted({seat.number for seat in seats.values()}):
        seated = [part for part in seats if seats[part].number == number and part in home]
        seated.sort(key=lambda part: (not seats[part].leads, part))
        claims = [home[part] for part in seated or sorted(change.fresh)]
        free = next((group for group in claims if group not in numbers), None)
        if free is not None:
            numbers[free] = number
        else:
            freed[number] = min(claims[0]) if claims else None
    return numbers, freed


def _lift(connection: sqlite3.Connection, part: Part, number: int) -> None:
    """Keep the results of a source that no longer leads beside the tables of results."""
    columns = ", ".join(SPARE)
    connection.execute(
        f"INSERT INTO spares (sha256, part, {columns}) SELECT ?, ?, {columns}"
        " FROM activities a JOIN documents d ON d.activity_id = a.id WHERE a.id = ?",
        (*part, number),
    )


def _forget(connection: sqlite3.Connection, change: Change) -> None:
    for part in change.gone:
        connection.execute("DELETE FROM sources WHERE sha256 = ? AND part = ?", part)
    for part in change.fresh:
        connection.execute("DELETE FROM spares WHERE sha256 = ? AND part = ?", part)


def _seated(
    connection: sqlite3.Connection,
    group: Group,
    lead: Part,
    number: int | None,
    seats: Mapping[Part, _Seat],
    change: Change,
) -> int:
    """Write the activity of a group: the results of its leading source, and all its sources."""
    if lead in change.fresh or number is None or seats[lead] != _Seat(number, leads=True):
        laid, *made = _results(connection, lead, change)
        number = _written(connection, number, (*laid.activity, *made), group, change)
        _hang(connection, number, laid)
    for part in sorted(group):
        if part in change.fresh:
            _sourced(connection, part, number, change.fresh[part])
            if part != lead:
                _spared(connection, part, change.fresh[part])
        elif seats[part].number != number:
            connection.execute(
                "UPDATE sources SET activity_id = ? WHERE sha256 = ? AND part = ?", (number, *part)
            )
    return number


def _results(connection: sqlite3.Connection, part: Part, change: Change) -> tuple[Laid, int, str]:
    """The results of a source that is to lead, fresh or taken up again, with their settings and version."""
    if part in change.fresh:
        fresh = change.fresh[part]
        return fresh.laid, fresh.settings_id, fresh.version
    where = "WHERE sha256 = ? AND part = ?"
    settings_id, version, *kept = connection.execute(
        f"SELECT {', '.join(SPARE)} FROM spares {where}", part
    ).fetchone()
    connection.execute(f"DELETE FROM spares {where}", part)
    return laid_out(*kept), settings_id, version


def _written(
    connection: sqlite3.Connection, number: int | None, row: Row, group: Group, change: Change
) -> int:
    columns = (*ACTIVITY, "settings_id", "version")
    if number is None:
        chosen = _former_number(connection, group, change)
        statement = insertion("activities", ("id", *columns, "added_at"))
        return int(connection.execute(statement, (chosen, *row, change.moment)).lastrowid or 0)
    assignments = ", ".join(f"{column} = ?" for column in columns)
    connection.execute(f"UPDATE activities SET {assignments} WHERE id = ?", (*row, number))
    for table in RESULTS:
        connection.execute(f"DELETE FROM {table} WHERE activity_id = ?", (number,))
    return number


def _former_number(connection: sqlite3.Connection, group: Group, change: Change) -> int | None:
    """The number that the group had before its library was rebuilt, if no other has it by now."""
    for number in sorted({change.ids[part] for part in group if part in change.ids}):
        if connection.execute("SELECT 1 FROM activities WHERE id = ?", (number,)).fetchone() is None:
            return number
    return None


def _hang(connection: sqlite3.Connection, number: int, laid: Laid) -> None:
    for table, rows in laid.rows.items():
        connection.executemany(_INSERT[table], ((number, *row) for row in rows))


def _lend(connection: sqlite3.Connection, number: int, order: list[Part]) -> None:
    """Give the laps and splits of an activity what only another source has; take back what it had before."""
    query = "SELECT document, outline, report FROM documents WHERE activity_id = ?"
    lenders = [
        Lender(_known(connection, other), clock_s)
        for other in order[1:]
        if (clock_s := _clock_s(connection, order[0], other)) is not None
    ]
    own = laid_out(*connection.execute(query, (number,)).fetchone())
    laid = filled(own, _known(connection, order[0]), lenders)
    for table in LENT:
        connection.execute(f"DELETE FROM {table} WHERE activity_id = ?", (number,))
        connection.executemany(_INSERT[table], ((number, *row) for row in laid.rows[table]))


def _clock_s(connection: sqlite3.Connection, one: Part, other: Part) -> float | None:
    """By how much the other's clock is ahead of one's; None if they were never held against each other."""
    first, second = sorted((one, other))
    row = connection.execute(
        "SELECT clock_s FROM pairs WHERE sha256 = ? AND part = ? AND other_sha256 = ? AND other_part = ?",
        (*first, *second),
    ).fetchone()
    return None if row is None else float(row[0] if first == one else -row[0])


def _sourced(connection: sqlite3.Connection, part: Part, number: int, fresh: Fresh) -> None:
    # Never REPLACE: it would delete the row first, and all that hangs on it.
    columns = ("activity_id", *SOURCE)
    changes = ", ".join(f"{column} = excluded.{column}" for column in columns if column not in _KEY)
    statement = f"{insertion('sources', columns)} ON CONFLICT (sha256, part) DO UPDATE SET {changes}"
    connection.execute(statement, (number, *fresh.source))


def _spared(connection: sqlite3.Connection, part: Part, fresh: Fresh) -> None:
    (texts,) = fresh.laid.rows["documents"]
    connection.execute(
        insertion("spares", (*_KEY, *SPARE)), (*part, fresh.settings_id, fresh.version, *texts)
    )


def _inherit(connection: sqlite3.Connection, number: int, heir: int) -> None:
    """Let what was said of one activity hold for another, where nothing else was said of that."""
    query = "SELECT title, tags, sport FROM overrides WHERE activity_id = ?"
    said, own = (connection.execute(query, (n,)).fetchone() for n in (number, heir))
    if said is not None:
        title, tags, sport = own or (None, None, None)
        words = [word for text in (tags, said[1]) if text for word in text.split(",")]
        row = (heir, title or said[0], ",".join(dict.fromkeys(words)) or None, sport or said[2])
        connection.execute(
            insertion("overrides", ("activity_id", "title", "tags", "sport")).replace("INSERT", "REPLACE", 1),
            row,
        )
    connection.execute(
        "INSERT OR IGNORE INTO exclusions SELECT ?, length_m FROM exclusions WHERE activity_id = ?",
        (heir, number),
    )
