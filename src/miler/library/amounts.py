"""How much was run when, and how fast: of all runs, not of their best efforts."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import date
from typing import Literal

from miler.library.choosing import SPORT
from miler.report.years import Day

_FROM = "FROM activities a LEFT JOIN overrides o ON o.activity_id = a.id"
_IN_SPORTS = f"{SPORT} IN (SELECT value FROM json_each(?))"

SplitKind = Literal["mile", "km"]


def days(connection: sqlite3.Connection, sports: Sequence[str]) -> tuple[Day, ...]:
    """Return what was done on which day in some sports, an activity each."""
    rows = connection.execute(
        f"""
        SELECT substr(a.start_local, 1, 10), coalesce(a.distance_m, 0), a.elapsed_s {_FROM}
        WHERE a.start_local IS NOT NULL AND {_IN_SPORTS}
        """,
        (json.dumps(sports),),
    )
    return tuple(Day(date.fromisoformat(day), way_m, time_s) for day, way_m, time_s in rows)


def split_times(
    connection: sqlite3.Connection, kind: SplitKind, length_m: float, sports: Sequence[str]
) -> tuple[float, ...]:
    """Return the seconds of every whole split of a kind in some sports."""
    rows = connection.execute(
        f"""
        SELECT s.elapsed_s {_FROM} JOIN splits s ON s.activity_id = a.id
        WHERE s.kind = ? AND abs(s.end_m - s.start_m - ?) < 1e-3
        AND {_IN_SPORTS}
        """,
        (kind, length_m, json.dumps(sports)),
    )
    return tuple(seconds for (seconds,) in rows)
