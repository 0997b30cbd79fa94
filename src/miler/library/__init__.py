"""The library: one SQLite file that remembers every activity, its efforts, and what the runner said.

`docs/reference/library.md` describes its tables, which are meant to be read by other programs too.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from miler import saying
from miler.errors import LibraryError
from miler.library import questions
from miler.library.choosing import Filter
from miler.library.connection import TIMEOUT_S, connect, told, transaction
from miler.library.originals import Originals
from miler.library.questions import WHOLE, Best, Clock, Group, Listed, Said, Stored
from miler.trends import Dated
from miler.units import length_name

if TYPE_CHECKING:
    from miler.analysis import Analysis
    from miler.library.amounts import SplitKind
    from miler.library.doubles import Double
    from miler.library.entry import Entry
    from miler.library.writing import Recorded, Visit
    from miler.ownbest import OwnBest
    from miler.report.years import Day

__all__ = [
    "Best",
    "Clock",
    "Dated",
    "Filter",
    "Group",
    "Library",
    "Listed",
    "Said",
    "Stored",
    "moment",
    "usual_path",
]


def usual_path() -> Path:
    """Return where the library lies if nobody says otherwise: in the platform's folder for a user's data."""
    from platformdirs import user_data_path

    return user_data_path("miler", appauthor=False) / "library.db"


def moment() -> str:
    """Return the time of day in UTC, as it is written into the library."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


class Library:
    """A library, open from construction until `close` or the end of a `with`.

    Each writing method is one transaction, on the disk when the method returns; programs that write
    at the same time wait for each other.

    Attributes:
        path: the SQLite file.
        originals: the folder of copies beside it.
    """

    def __init__(
        self, path: str | Path | None = None, *, create: bool = True, timeout_s: float = TIMEOUT_S
    ) -> None:
        """Open the library, made where there is none.

        Args:
            path: the file; the user's own library if None.
            create: make one if there is none, instead of refusing.
            timeout_s: how long to wait for another program that is writing.

        Raises:
            LibraryError: with `code` `no_library`, `not_a_library`, `newer_library`, `damaged`,
                `locked`, `read_only` or `unreadable`.
        """
        self.path = Path(path) if path is not None else usual_path()
        self.originals = Originals(self.path)
        self._connection = connect(self.path, create=create, timeout_s=timeout_s)

    def __enter__(self) -> Library:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; the library cannot be used any more."""
        self._connection.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection for questions; what SQLite refuses becomes a `LibraryError`."""
        with told(self.path):
            yield self._connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection inside one transaction: all of it is written, or nothing."""
        with told(self.path), transaction(self._connection):
            yield self._connection

    def add(self, analysis: Analysis) -> int:
        """Add one activity; one that is there already is left as it is.

        Returns:
            Its number, by which the other methods call it.

        Raises:
            LibraryError: if it was deleted from the library before (`deleted`).
        """
        from miler.library import entry, writing
        from miler.library.writing import Visit

        one = entry.entry_of_one(analysis)
        recorded = self.record(one, Visit(moment()))
        if not recorded.activity_ids:
            raise LibraryError(
                "this activity was deleted from the library; `miler import --restore` brings it back",
                code=writing.DELETED,
            )
        with self.reading() as connection:
            return writing.parts_of(connection, one.sha256)[one.results[0].part]

    def record(self, one: Entry, visit: Visit) -> Recorded:
        """Write what became of a file, with its results, in one transaction."""
        from miler.library import writing

        with self.writing() as connection:
            return writing.record(connection, one, visit)

    def best(
        self,
        length_m: float,
        chosen: Filter | None = None,
        *,
        limit: int = 10,
        clock: Clock = "elapsed",
        excluded: bool = False,
    ) -> tuple[Best, ...]:
        """Return the fastest efforts of a length, one an activity.

        Args:
            length_m: metres, one of `lengths()`.
            chosen: of which activities; all if None.
            limit: how many at most.
            clock: what ranks. An effort is the stretch that is fastest on the elapsed clock; "timer"
                ranks these stretches by their time without pauses.
            excluded: those that were excluded, instead of the others.
        """
        with self.reading() as connection:
            return questions.best(
                connection, length_m, chosen or Filter(), limit, clock=clock, excluded=excluded
            )

    def best_by(
        self, group: Group, length_m: float, chosen: Filter | None = None, *, clock: Clock = "elapsed"
    ) -> dict[str | None, Best]:
        """Return the fastest effort of a length in each group, such as each "year".

        The groups are in order of their names; None, the last, is of those of which it is not known.
        """
        with self.reading() as connection:
            return questions.best_by(connection, group, length_m, chosen or Filter(), clock=clock)

    def history(self, length_m: float, chosen: Filter | None = None) -> tuple[Dated, ...]:
        """Return the efforts of a length in order of time, without excluded and undated ones."""
        with self.reading() as connection:
            return questions.history(connection, length_m, chosen or Filter())

    def days(self, sports: Sequence[str]) -> tuple[Day, ...]:
        """Return what was done on which day in some sports, an activity each."""
        from miler.library import amounts

        with self.reading() as connection:
            return amounts.days(connection, sports)

    def split_times(self, kind: SplitKind, length_m: float, sports: Sequence[str]) -> tuple[float, ...]:
        """Return the seconds of every whole mile or kilometre, `length_m` metres, in some sports."""
        from miler.library import amounts

        with self.reading() as connection:
            return amounts.split_times(connection, kind, length_m, sports)

    def lengths(self) -> tuple[float, ...]:
        """Return the lengths of which there are efforts, metres, shortest first."""
        with self.reading() as connection:
            return questions.lengths(connection)

    def list(
        self, chosen: Filter | None = None, *, limit: int | None = None, offset: int = 0
    ) -> tuple[Listed, ...]:
        """Return activities, the latest first: all, or those of a choice; at most `limit` after `offset`."""
        with self.reading() as connection:
            return tuple(questions.listed(connection, chosen or Filter(), limit, offset))

    def count(self, chosen: Filter | None = None) -> int:
        """Return how many activities there are, or how many of a choice."""
        with self.reading() as connection:
            return questions.count(connection, chosen or Filter())

    def get(self, activity_id: int) -> Stored:
        """Return all that is kept of one activity.

        Raises:
            LibraryError: if there is no such activity (`no_activity`).
        """
        with self.reading() as connection:
            questions.require(connection, activity_id)
            return questions.stored(connection, activity_id)

    def own_bests(self, activity_id: int) -> tuple[OwnBest, ...]:
        """Return how an activity's mile stands to the runner's own bests until then: see `miler.ownbest`.

        Those are the other miles of the library without the excluded ones, and the runner's own marks.

        Raises:
            LibraryError: if there is no such activity (`no_activity`).
        """
        from miler.library.standing import own_bests_of

        kept = self.get(activity_id)
        with self.reading() as connection:
            return own_bests_of(connection, kept)

    def export(self, chosen: Filter | None = None) -> Iterator[tuple[Said, str]]:
        """Yield what was said of each activity, and its document as one line of JSON, in order of numbers."""
        with self.reading() as connection:
            for number in questions.numbers(connection, chosen or Filter()):
                yield questions.said(connection, number), questions.document(connection, number)

    def efforts(self, activity_id: int) -> dict[float, float]:
        """Return the elapsed seconds of an activity's efforts by length, metres."""
        with self.reading() as connection:
            return questions.efforts_of(connection, activity_id)

    def exclude(self, activity_id: int, length_m: float | None = None) -> None:
        """Leave an activity's efforts, or its one of a length, out of the bests; it stays in the library.

        Raises:
            LibraryError: if there is no such activity (`no_activity`) or effort (`no_effort`).
        """
        with self.writing() as connection:
            questions.require(connection, activity_id)
            efforts = questions.efforts_of(connection, activity_id)
            length_m = WHOLE if length_m is None else round(length_m, 6)
            if length_m != WHOLE and length_m not in efforts:
                raise LibraryError(
                    f"activity {activity_id} has no effort of {length_name(length_m)}", code="no_effort"
                )
            connection.execute("INSERT OR IGNORE INTO exclusions VALUES (?, ?)", (activity_id, length_m))

    def include(self, activity_id: int, length_m: float | None = None) -> None:
        """Take an exclusion back: of one length, or all of the activity's.

        Raises:
            LibraryError: if there is no such activity (`no_activity`).
        """
        with self.writing() as connection:
            questions.require(connection, activity_id)
            connection.execute(
                "DELETE FROM exclusions WHERE activity_id = ?1 AND (?2 IS NULL OR length_m = ?2)",
                (activity_id, None if length_m is None else round(length_m, 6)),
            )

    def set(self, activity_id: int, **values: str | None) -> None:
        """Say what the file does not; None takes it back.

        Args:
            activity_id: of which activity.
            values: `title`, `tags` (with commas between), `sport`, `kind` (such as "race"), `shoes`,
                `wind`, `surface` (such as "track").

        Raises:
            LibraryError: if there is no such activity (`no_activity`).
            SettingsError: for another key, or a kind or a surface that is none.
        """
        said = {key: saying.written(key, value) for key, value in values.items()}
        with self.writing() as connection:
            questions.require(connection, activity_id)
            connection.execute("INSERT OR IGNORE INTO overrides (activity_id) VALUES (?)", (activity_id,))
            for key, text in said.items():
                connection.execute(
                    f"UPDATE overrides SET {key} = ? WHERE activity_id = ?", (text, activity_id)
                )

    def delete(self, activity_id: int) -> None:
        """Take an activity out of the library; its file stays, and importing it again changes nothing.

        Raises:
            LibraryError: if there is no such activity (`no_activity`).
        """
        from miler.library import writing

        with self.writing() as connection:
            questions.require(connection, activity_id)
            writing.remove(connection, activity_id, moment())

    def duplicates(self) -> tuple[Double, ...]:
        """Return the runs from several files, then the pairs that may be one run, with the evidence."""
        from miler.library.doubles import merged, perhaps

        with self.reading() as connection:
            return (*merged(connection), *perhaps(connection))

    def merge(self, *activity_ids: int) -> int:
        """Make activities one, with all their sources; remembered, also when the library is rebuilt.

        Returns:
            The number of that activity, the smallest of them.

        Raises:
            LibraryError: if one is not there (`no_activity`), or there is only one (`one_activity`).
        """
        from miler.library import deciding

        with self.writing() as connection:
            for activity_id in activity_ids:
                questions.require(connection, activity_id)
            return deciding.merge(connection, activity_ids, moment())

    def unmerge(self, activity_id: int, *others: int) -> tuple[int, ...]:
        """Make each source of an activity an activity of its own; remembered likewise.

        With others named, these stay as they are, and that they are not one run is remembered.

        Returns:
            Their numbers, first the one that kept its number, and with it what the runner said.

        Raises:
            LibraryError: if one is not there (`no_activity`), or the only one has one source (`one_source`).
        """
        from miler.library import deciding

        with self.writing() as connection:
            for number in (activity_id, *others):
                questions.require(connection, number)
            return deciding.unmerge(connection, (activity_id, *others), moment())
