"""What the runner decides against the evidence: activities made one, and parted again.

Every function here runs inside `connection.transaction`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from itertools import combinations, product

from miler.errors import LibraryError
from miler.library.grouping import Part
from miler.library.merging import Change, settle


def merge(connection: sqlite3.Connection, numbers: Iterable[int], moment: str) -> int:
    """Make some activities one, and remember that the runner said so.

    Returns:
        The number of that activity: the smallest.

    Raises:
        LibraryError: if there is one activity only.
    """
    parts = [_parts(connection, number) for number in sorted(set(numbers))]
    if len(parts) < 2:
        raise LibraryError("merging takes two activities", code="one_activity")
    for first, second in combinations(parts, 2):
        for one, other in product(first, second):
            _undecide(connection, one, other)
    for some in parts[1:]:
        _decide(connection, parts[0][0], some[0], "same", moment)
    return settle(connection, Change(moment), {part for some in parts for part in some})[parts[0][0]]


def unmerge(connection: sqlite3.Connection, numbers: Iterable[int], moment: str) -> tuple[int, ...]:
    """Make each source of an activity an activity of its own, or say of several that they are not one run.

    Returns:
        The numbers of those activities, the one that kept its number first.

    Raises:
        LibraryError: if there is one activity, with one source only.
    """
    chosen = sorted(set(numbers))
    first, *others = [_parts(connection, number) for number in chosen]
    if others:
        apart = [pair for some, more in combinations([first, *others], 2) for pair in product(some, more)]
    elif len(first) > 1:
        apart = list(combinations(first, 2))
    else:
        raise LibraryError(
            f"activity {chosen[0]} has one source; there is nothing to undo", code="one_source"
        )
    for one, other in apart:
        _decide(connection, one, other, "apart", moment)
    parts = {part for pair in apart for part in pair}
    homes = settle(connection, Change(moment), parts)
    return tuple(sorted({homes[part] for part in parts}, key=lambda n: (n != chosen[0], n)))


def _parts(connection: sqlite3.Connection, number: int) -> list[Part]:
    query = "SELECT sha256, part FROM sources WHERE activity_id = ? ORDER BY sha256, part"
    return list(connection.execute(query, (number,)))


def _decide(connection: sqlite3.Connection, one: Part, other: Part, said: str, moment: str) -> None:
    first, second = sorted((one, other))
    connection.execute("REPLACE INTO decisions VALUES (?, ?, ?, ?, ?, ?)", (*first, *second, said, moment))


def _undecide(connection: sqlite3.Connection, one: Part, other: Part) -> None:
    first, second = sorted((one, other))
    connection.execute(
        "DELETE FROM decisions WHERE sha256 = ? AND part = ? AND other_sha256 = ? AND other_part = ?",
        (*first, *second),
    )
