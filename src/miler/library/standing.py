"""What only the library knows beside a mile: the runner's other miles, and what was said of this one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING

from miler.library.questions import WHOLE, Filter, Said, Stored, history
from miler.ownbest import OwnBest, Ran, own_bests, own_marks
from miler.report.document import Document
from miler.trends import Dated
from miler.units import MILE_M

if TYPE_CHECKING:
    from miler.analysis import Analysis


def own_bests_of(connection: sqlite3.Connection, kept: Stored) -> tuple[OwnBest, ...]:
    """Return how a mile stands to own bests until then; see `standing`."""
    return standing(connection)(kept, kept.document)


def standing(connection: sqlite3.Connection) -> Callable[[Said, Document], tuple[OwnBest, ...]]:
    """Return what tells of any activity and its document how its mile stands to own bests until then.

    It tells nothing without a mile that counts, or a date. The year of birth and the runner's own marks are
    those of the settings that made its results.
    """
    before = _before(history(connection, MILE_M, Filter()))

    def own(said: Said, document: Document) -> tuple[OwnBest, ...]:
        mile = document["fastest_mile"]
        if mile is None or said.start_local is None or {WHOLE, MILE_M} & set(said.excluded_m):
            return ()
        settings = document["settings"]
        day = date.fromisoformat(said.start_local[: len("2026-05-09")])
        others = (*before.get(day, ()), *own_marks(settings.get("own_records", "")))
        return own_bests(mile["elapsed_s"], day, others, settings.get("birth_year"))

    return own


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
            ran = Ran(day.isoformat(), dated.elapsed_s, f"activity {dated.activity_id}")
            best = ran if best is None or ran.time_s < best.time_s else best
            of_year = ran if of_year is None or ran.time_s < of_year.time_s else of_year
    return before


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
