"""How one file ended, as rows: what a worker hands to the one who writes.

The rows of a result are its JSON document laid flat, digit for digit. So SQL and JSON never differ, and
a later schema can be filled from the documents that are there.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from miler.library.fingerprint import fingerprint, packed
from miler.library.pressing import pressed
from miler.library.tables import ACTIVITY, RESULTS
from miler.report import flat

if TYPE_CHECKING:
    from miler.analysis import Analysis
    from miler.outcome import Kind, Outcome

Row = tuple[Any, ...]
Document = dict[str, Any]

_OUR_WORDS = ("efforts", "scores", "splits")  # tables in which no word is of a file


@dataclass(frozen=True)
class Laid:
    """One activity: its row of `activities`, and its rows of each other table, as in `tables`."""

    activity: Row
    rows: Mapping[str, tuple[Row, ...]]


@dataclass(frozen=True)
class Result:
    """One activity of a content: its rows, the settings that made them, and its row of `fingerprints`."""

    part: int
    laid: Laid
    settings: str
    fingerprint: Row


@dataclass(frozen=True)
class Entry:
    """How one content ended; plain values, for it crosses the process border.

    `sha256` is empty where the file could not be read at all.
    """

    name: str
    kind: Kind
    format: str
    size_bytes: int
    sha256: str
    results: tuple[Result, ...] = ()
    code: str | None = None
    message: str | None = None


def entry_of(outcome: Outcome) -> Entry:
    """Lay an outcome out as rows, in the worker."""
    source, error = outcome.source, outcome.error
    format = outcome.analyses[0].source.format if outcome.analyses else source.format
    return Entry(
        name=source.name,
        kind=outcome.kind,
        format=format,
        size_bytes=source.bytes,
        sha256=source.sha256,
        results=tuple(result_of(analysis) for analysis in outcome.analyses),
        code=None if error is None else error.code,
        message=None if error is None else error.message,
    )


def entry_of_one(analysis: Analysis) -> Entry:
    """Lay a single analysis out; one that came from no file is known by the hash of its document."""
    source, result = analysis.source, result_of(analysis)
    document, *_ = result.laid.rows["documents"][0]
    sha256 = source.sha256 or hashlib.sha256(zlib.decompress(document)).hexdigest()
    return Entry(source.name, "done", source.format, source.bytes, sha256, (result,))


def result_of(analysis: Analysis) -> Result:
    """Lay one analysis out as rows."""
    from miler.library import kept
    from miler.report.document import document, rounded, written
    from miler.trace import outline

    told = rounded(document(analysis))
    taken = fingerprint(analysis)
    return Result(
        part=analysis.source.part or 1,
        laid=_laid(told, (_pressed(written(told)), kept.packed(outline(analysis.trace)), _NO_REPORT)),
        settings=json.dumps(told["settings"], sort_keys=True),
        fingerprint=(taken.begin_s, taken.end_s, packed(taken)),
    )


def laid_out(document: bytes, outline: bytes | None, report: bytes) -> Laid:
    """Lay a kept document out as rows: those that `result_of` made of its analysis."""
    return _laid(json.loads(unpressed(document)), (document, outline, report))


def _laid(document: Document, kept: Row) -> Laid:
    scores = flat.scores(document)
    return Laid(
        activity=_storable(itemgetter(*ACTIVITY)(flat.activity(document))),
        rows={
            "efforts": _rows("efforts", flat.efforts(document)),
            "scores": _rows("scores", [scores] if scores else []),
            "laps": _rows("laps", flat.laps(document)),
            "splits": _rows("splits", flat.splits(document)),
            "notes": _rows("notes", flat.notes(document)),
            "documents": (kept,),
        },
    )


def _pressed(text: str) -> bytes:
    return pressed(text.encode("utf-8", "backslashreplace"))


_NO_REPORT = zlib.compress(b"")


def unpressed(blob: bytes) -> str:
    """Return the text of a column of `documents`."""
    return zlib.decompress(blob).decode("utf-8")


def text_of(blob: Any) -> str | None:
    """Return the text of a column of `documents`, None if it is damaged."""
    try:
        return unpressed(blob)
    except (zlib.error, UnicodeDecodeError, TypeError):
        return None


def _rows(table: str, rows: Iterable[Document]) -> tuple[Row, ...]:
    picked = map(itemgetter(*RESULTS[table]), rows)
    return tuple(picked if table in _OUR_WORDS else map(_storable, picked))


def _storable(row: Row) -> Row:
    """Write a row's text as SQLite's, which is UTF-8."""
    return tuple([flat.storable(v) if isinstance(v, str) else v for v in row])
