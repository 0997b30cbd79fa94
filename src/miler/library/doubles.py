"""What the library tells of runs that it has from several files: their sources, and why they are one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Literal

from miler.library.grouping import Part, ranked
from miler.library.merging import standing
from miler.library.places import real_name

_SAID = {"same": "you said so", "apart": "you said that they are not"}


@dataclass(frozen=True)
class SourceOf:
    """One source of an activity.

    `gives` are the streams that come from it: all of the leading source's, of another those that no
    better one has.
    """

    activity_id: int
    file: str
    format: str | None
    leads: bool
    gives: tuple[str, ...]


@dataclass(frozen=True)
class Why:
    """The evidence between two sources, by their files; None where only the runner's word holds."""

    file: str
    other_file: str
    why: str
    overlap_s: float | None = None
    overlap_percent: float | None = None
    clock_s: float | None = None
    gap_m: float | None = None


Kind = Literal["same", "perhaps"]


@dataclass(frozen=True)
class Double:
    """A run from several files: one activity (`same`), or two that may be one (`perhaps`)."""

    kind: Kind
    sources: tuple[SourceOf, ...]
    evidence: tuple[Why, ...]


def merged(connection: sqlite3.Connection, limit: int | None = None, offset: int = 0) -> list[Double]:
    """List the activities with several sources, in order of numbers: at most `limit` after `offset`."""
    several = connection.execute(
        f"{_SEVERAL} ORDER BY activity_id LIMIT ? OFFSET ?", (-1 if limit is None else limit, offset)
    ).fetchall()
    return [_same(connection, number) for (number,) in several]


def perhaps(connection: sqlite3.Connection, limit: int | None = None, offset: int = 0) -> list[Double]:
    """List the pairs that may be one run and are not decided, in order of numbers, likewise."""
    pairs = islice(_asked(connection), offset, None if limit is None else offset + limit)
    return [_maybe(connection, *pair) for pair in pairs]


def counts(connection: sqlite3.Connection) -> dict[Kind, int]:
    """Return how many there are of each kind."""
    (several,) = connection.execute(f"SELECT count(*) FROM ({_SEVERAL})").fetchone()
    return {"same": int(several), "perhaps": sum(1 for _ in _asked(connection))}


_SEVERAL = "SELECT activity_id FROM sources GROUP BY activity_id HAVING count(*) > 1"


def _same(connection: sqlite3.Connection, number: int) -> Double:
    sources = _sources(connection, number)
    evidence = (_why(connection, pair, sources) for pair in combinations(sorted(sources), 2))
    return Double("same", tuple(sources.values()), tuple(why for why in evidence if why is not None))


def _sources(connection: sqlite3.Connection, number: int) -> dict[Part, SourceOf]:
    """The sources of an activity, the best first, each with the streams that come from it."""
    rows = connection.execute(
        "SELECT s.sha256, s.part, s.name, s.format, p.sha256 IS NULL FROM sources s LEFT JOIN spares p"
        " ON p.sha256 = s.sha256 AND p.part = s.part WHERE s.activity_id = ?",
        (number,),
    ).fetchall()
    told = {(sha256, part): rest for sha256, part, *rest in rows}
    found: dict[Part, SourceOf] = {}
    taken: set[str] = set()
    known = {part: standing(connection, part) for part in told}
    for part in ranked(list(known.values())):
        name, format, leads = told[part]
        gives = tuple(stream for stream in known[part].known.streams if stream not in taken)
        taken.update(gives)
        found[part] = SourceOf(number, real_name(name), format, bool(leads), gives)
    return found


def _why(
    connection: sqlite3.Connection, pair: tuple[Part, Part], sources: dict[Part, SourceOf]
) -> Why | None:
    first, second = pair
    files = (sources[first].file, sources[second].file)
    key = "WHERE sha256 = ? AND part = ? AND other_sha256 = ? AND other_part = ?"
    said = connection.execute(f"SELECT verdict FROM decisions {key}", (*first, *second)).fetchone()
    row = connection.execute(
        f"SELECT why, overlap_s, overlap_percent, clock_s, gap_m FROM pairs {key}", (*first, *second)
    ).fetchone()
    if row is None:
        return None if said is None else Why(*files, _SAID[said[0]])
    return Why(*files, row[0] if said is None else _SAID[said[0]], *row[1:])


def _asked(connection: sqlite3.Connection) -> Iterator[tuple[Part, Part]]:
    """Pairs of sources that may be one run, one for each two activities, and not yet decided."""
    rows = connection.execute(
        """
        SELECT p.sha256, p.part, p.other_sha256, p.other_part, s.activity_id, o.activity_id FROM pairs p
        JOIN sources s ON s.sha256 = p.sha256 AND s.part = p.part
        JOIN sources o ON o.sha256 = p.other_sha256 AND o.part = p.other_part
        WHERE s.activity_id <> o.activity_id AND NOT EXISTS (
            SELECT 1 FROM decisions d WHERE d.sha256 = p.sha256 AND d.part = p.part
            AND d.other_sha256 = p.other_sha256 AND d.other_part = p.other_part)
        ORDER BY min(s.activity_id, o.activity_id), max(s.activity_id, o.activity_id), p.gap_m, 1, 2, 3, 4
        """
    )
    seen: set[frozenset[int]] = set()
    for sha256, part, other_sha256, other_part, *numbers in rows.fetchall():
        if frozenset(numbers) not in seen:
            seen.add(frozenset(numbers))
            yield (sha256, part), (other_sha256, other_part)


def _maybe(connection: sqlite3.Connection, first: Part, second: Part) -> Double:
    query = "SELECT activity_id FROM sources WHERE sha256 = ? AND part = ?"
    sources: dict[Part, SourceOf] = {}
    for part in (first, second):
        (number,) = connection.execute(query, part).fetchone()
        sources[part] = _sources(connection, number)[part]
    why = _why(connection, (first, second), sources)
    order = tuple(sorted(sources.values(), key=lambda source: source.activity_id))
    return Double("perhaps", order, () if why is None else (why,))
