"""What only the library knows beside a mile: the runner's other miles, and what was said of this one."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from miler.library.questions import WHOLE, Filter, Stored, best
from miler.ownbest import OwnBest, Ran, own_bests, own_marks
from miler.units import MILE_M

if TYPE_CHECKING:
    from miler.analysis import Analysis


def own_bests_of(connection: sqlite3.Connection, kept: Stored) -> tuple[OwnBest, ...]:
    """Return how a mile stands to own bests until then; empty without a mile that counts, or a date.

    The year of birth and the runner's own marks are those of the settings that made its results.
    """
    mile = kept.document["fastest_mile"]
    if mile is None or kept.start_local is None or {WHOLE, MILE_M} & set(kept.excluded_m):
        return ()
    settings = kept.document["settings"]
    day = date.fromisoformat(kept.start_local[: len("2026-05-09")])
    before = Filter(until=day - timedelta(days=1))
    others = [
        Ran(str(effort.start_local)[: len("2026-05-09")], effort.elapsed_s, f"activity {effort.activity_id}")
        for chosen in (before, before.of_year(day.year))
        for effort in best(connection, MILE_M, chosen, limit=1)
    ]
    others += own_marks(settings.get("own_records", ""))
    return own_bests(mile["elapsed_s"], day, others, settings.get("birth_year"))


def in_context(analysis: Analysis, kept: Stored, own_bests: tuple[OwnBest, ...]) -> Analysis:
    """Lay what the library knows beside a mile; its words on wind and shoes are later than a file's."""
    from miler.conditions import told  # numpy, which `miler show` does without

    if analysis.mile is None:
        return analysis
    said = told(kept.wind, kept.shoes)
    names = {condition.name for condition in said}
    measured = tuple(c for c in analysis.mile.conditions if c.name not in names)
    mile = replace(analysis.mile, conditions=measured + said, own_bests=own_bests)
    return replace(analysis, mile=mile)
