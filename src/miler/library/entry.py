"""How one file ended, as rows: what a worker hands to the one who writes.

The rows of a result are its JSON document laid flat, digit for digit. So SQL and JSON never differ, and
a later schema can be filled from the documents that are there.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miler.library.fingerprint import fingerprint, packed
from miler.library.tables import ACTIVITY, RESULTS
from miler.timezone import on_the_clock

if TYPE_CHECKING:
    from miler.analysis import Analysis
    from miler.outcome import Kind, Outcome

Row = tuple[Any, ...]
Document = dict[str, Any]
_UNSURE = {"low_s": None, "high_s": None}  # in documents that were made before times had their ±


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
    sha256 = source.sha256 or hashlib.sha256(result.laid.rows["documents"][0][0]).hexdigest()
    return Entry(source.name, "done", source.format, source.bytes, sha256, (result,))


def result_of(analysis: Analysis) -> Result:
    """Lay one analysis out as rows."""
    from miler.report import text
    from miler.report.document import document, rounded, written
    from miler.report.look import Look

    flat = rounded(document(analysis))
    report = text.render(analysis, Look(text.WIDTH, color=True))
    taken = fingerprint(analysis)
    return Result(
        part=analysis.source.part or 1,
        laid=_laid(flat, _pressed(written(flat)), _pressed(report)),
        settings=json.dumps(flat["settings"], sort_keys=True),
        fingerprint=(taken.begin_s, taken.end_s, packed(taken)),
    )


def laid_out(document: bytes, report: bytes) -> Laid:
    """Lay a kept document out as rows: those that `result_of` made of its analysis."""
    return _laid(json.loads(unpressed(document)), document, report)


def _laid(flat: Document, document: bytes, report: bytes) -> Laid:
    return Laid(
        activity=_activity(flat["activity"]),
        rows={
            "efforts": tuple(_efforts(flat)),
            "scores": tuple(_scores(flat["fastest_mile"])),
            "laps": tuple(_row("laps", lap | {"number": lap["index"]}) for lap in flat["laps"]),
            "splits": tuple(_splits(flat)),
            "notes": tuple(_row("notes", note | {"number": i}) for i, note in enumerate(flat["notes"], 1)),
            "documents": ((document, report),),
        },
    )


def _pressed(text: str) -> bytes:
    # Of an hour 8.3 kB in 0.14 ms; the usual level 6 gives 7.5 kB in 0.3 ms.
    return zlib.compress(text.encode("utf-8", "backslashreplace"), 2)


def unpressed(blob: bytes) -> str:
    """Return the text of a column of `documents`."""
    return zlib.decompress(blob).decode("utf-8")


def _activity(values: Document) -> Row:
    told = values | {"start_local": on_the_clock(values["start_time"], values["time_zone"])}
    return _storable([told[column] for column in ACTIVITY])


def _efforts(flat: Document) -> Iterator[Row]:
    """Every effort, and the mile although the settings did not ask for it: it is always found.

    What no runner ran is in the document only: the table is where bests are looked for.
    """
    mile = flat["fastest_mile"]
    asked = {effort["length_m"] for effort in flat["efforts"]}
    for effort in [*flat["efforts"], *([mile] if mile and mile["length_m"] not in asked else [])]:
        if effort["plausible"]:
            grade = (effort.get("evidence") or {}).get("grade")
            yield _row("efforts", _UNSURE | effort | {"flags": " ".join(effort["flags"]), "grade": grade})


def _scores(mile: Document | None) -> Iterator[Row]:
    if mile is not None:
        yield _row("scores", mile["evenness"] | {"evenness": mile["evenness"]["score"]})


def _splits(flat: Document) -> Iterator[Row]:
    mile = flat["fastest_mile"] or {"quarters": [], "track_laps": []}
    kinds = {
        "quarter": mile["quarters"],
        "track_lap": mile["track_laps"],
        "mile": flat["splits"]["mile"],
        "km": flat["splits"]["km"],
    }
    for kind, splits in kinds.items():
        for split in splits:
            yield _row("splits", split | {"kind": kind, "number": split["index"]})


def _row(table: str, values: Document) -> Row:
    return _storable([values[column] for column in RESULTS[table]])


def _storable(values: list[Any]) -> Row:
    """SQLite's text is UTF-8: half a surrogate pair in a device's text is written out as it is in reports."""
    return tuple([v if not isinstance(v, str) or v.isascii() else _utf8(v) for v in values])


def _utf8(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
