"""What only the library knows beside a mile: the runner's other miles, and what was said of this one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from miler.library.choosing import Filter
from miler.library.questions import WHOLE, Best, Said, Stored, best, history
from miler.ownbest import OwnBest, Ran, own_bests, own_marks
from miler.report.document import Document
from miler.trends import Dated
from miler.units import MILE_M, larger_side_s

if TYPE_CHECKING:
    from miler.analysis import Analysis


def own_bests_of(connection: sqlite3.Connection, kept: Stored) -> tuple[OwnBest, ...]:
    """Return how a mile stands to own bests until then; empty without a mile that counts, or a date.

    The year of birth and the runner's own marks are those of the settings that made its results.
    """

    def before(day: date) -> Iterable[Ran]:
        earlier = Filter(until=day - timedelta(days=1))
        for chosen in (earlier, earlier.of_year(day.year)):
            for effort in best(connection, MILE_M, chosen, limit=1):
                on = str(effort.start_local)[: len("2026-05-09")]
                yield _ran(on, effort)

    return _own_bests(kept, kept.document, before)


def standing(connection: sqlite3.Connection) -> Callable[[Said, Document], tuple[OwnBest, ...]]:
    """Return what tells the same of any activity and its document, after one look at all miles."""
    before = _before(history(connection, MILE_M, Filter()))
    return lambda said, document: _own_bests(said, document, lambda day: before.get(day, ()))


def _own_bests(
    said: Said, document: Document, before: Callable[[date], Iterable[Ran]]
) -> tuple[OwnBest, ...]:
    mile = document["fastest_mile"]
    if mile is None or said.start_local is None or {WHOLE, MILE_M} & set(said.excluded_m):
        return ()
    settings = document["settings"]
    day = date.fromisoformat(said.start_local[: len("2026-05-09")])
    others = (*before(day), *own_marks(settings.get("own_records", "")))
    return own_bests(mile["elapsed_s"], day, others, settings.get("birth_year"))


def _before(miles: Iterable[Dated]) -> dict[date, tuple[Ran, ...]]:
    """Return for each day with a mile the fastest one before it, and the fastest before it in its year."""
    before: dict[date, tuple[Ran, ...]] = {}
    best: Ran | None = None
    of_year: Ran | None = None
    for day, ran_then in groupby(miles, lambda dated: dated.day):
        if of_year is not None and of_year.day.year != day.year:
            of_year = None
        before[day] = tuple(ran for ran in (best, of_year) if ran is not None)
        for dated in ran_then:
            ran = _ran(day.isoformat(), dated)
            best = ran if best is None or ran.time_s < best.time_s else best
            of_year = ran if of_year is None or ran.time_s < of_year.time_s else of_year
    return before


def _ran(on: str, effort: Best | Dated) -> Ran:
    plus_minus_s = None
    if effort.low_s is not None and effort.high_s is not None:
        plus_minus_s = larger_side_s(effort.elapsed_s, effort.low_s, effort.high_s)
    return Ran(on, effort.elapsed_s, f"activity {effort.activity_id}", plus_minus_s)


def in_context(analysis: Analysis, kept: Said, own_bests: tuple[OwnBest, ...]) -> Analysis:
    """Lay what the library knows beside a mile; its words on wind and shoes are later than a file's."""
    from miler.conditions import told  # numpy, which `miler show` does without

    if analysis.mile is None:
        return analysis
    said = told(kept.wind, kept.shoes)
    names = {condition.name for condition in said}
    measured = tuple(c for c in analysis.mile.conditions if c.name not in names)
    mile = replace(analysis.mile, conditions=measured + said, own_bests=own_bests)
    return replace(analysis, mile=mile)
