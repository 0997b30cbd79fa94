"""How one file ended, as rows of a dataset: its document laid flat, and its failure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import miler
from miler.analysis import Analysis
from miler.dataset.schema import TABLES
from miler.errors import MilerError
from miler.outcome import Outcome
from miler.report import flat
from miler.report.document import document, rounded

Row = dict[str, Any]
Placed = tuple[str, int | None, Row]  # its table, its year, and the row

_COLUMNS = {table: [column.name for column in columns] for table, columns in TABLES.items()}
_MILE = {"mile_s": "elapsed_s", "mile_low_s": "low_s", "mile_high_s": "high_s"}


def rows_of(outcome: Outcome, path: str, file_id: int) -> Iterator[Placed]:
    """Yield the rows of one file, each with its table and its year.

    Args:
        outcome: how it ended.
        path: where it lies.
        file_id: by what it is known.
    """
    source = outcome.source
    place = {
        "file_id": file_id,
        "path": path,
        "file": source.name,
        "format": source.format or None,
        "size_bytes": source.bytes,
        "sha256": source.sha256 or None,
        "miler_version": miler.__version__,
    }
    if outcome.error is not None:
        yield "failures", None, _picked("failures", place | _failure(outcome, outcome.error))
    for analysis in outcome.analyses:
        yield from _rows_of_one(analysis, place)


def _failure(outcome: Outcome, error: MilerError) -> Row:
    return {"outcome": outcome.kind, "code": error.code, "message": error.message}


def _rows_of_one(analysis: Analysis, place: Row) -> Iterator[Placed]:
    told = rounded(document(analysis))
    activity = flat.activity(told)
    start_time, start_local = (_moment(activity[name]) for name in ("start_time", "start_local"))
    year = None if start_local is None else start_local.year
    own = place | {
        "part": analysis.source.part or 1,
        "format": analysis.source.format or None,
        "start_time": start_time,
    }
    tables: dict[str, Iterable[Row]] = {
        "activities": [activity | _mile(told) | {"start_local": start_local, "settings": _settings(told)}],
        "efforts": flat.efforts(told),
        "splits": flat.splits(told),
        "laps": flat.laps(told),
        "notes": flat.notes(told),
    }
    for table, rows in tables.items():
        yield from ((table, year, _picked(table, row | own)) for row in rows)


def _mile(told: Row) -> Row:
    """Return what the table of activities says of the fastest mile; nothing of what is not known."""
    mile = told["fastest_mile"]
    if mile is None:
        return {}
    evidence = mile["evidence"]
    return {
        **{name: mile[of] for name, of in _MILE.items()},
        "mile_grade": evidence and evidence["grade"],
        **(flat.scores(told) or {}),
        "vdot": mile["worth"]["vdot"],
        "age": mile["worth"]["age"],
        "age_grade_percent": flat.age_grade(told),
    }


def _settings(told: Row) -> str:
    return json.dumps(told["settings"], sort_keys=True)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _picked(table: str, row: Row) -> Row:
    """Take a table's columns; Parquet's text is UTF-8."""
    picked = {name: row.get(name) for name in _COLUMNS[table]}
    return {name: flat.storable(v) if isinstance(v, str) else v for name, v in picked.items()}
