"""The whole library as text: JSON lines with all that is known, or CSV for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from miler.library import Library
from miler.report import listing
from miler.report.document import dumps
from miler.units import length_name

SCHEMA = "miler.library/1"


def lines(library: Library, format: str) -> Iterator[str]:
    """Yield the lines of an export.

    Raises:
        ValueError: for another format than `jsonl` and `csv`.
    """
    if format == "jsonl":
        return _jsonl(library)
    if format == "csv":
        return _csv(library)
    raise ValueError(f"no such format: {format!r}; there are jsonl and csv")


def _jsonl(library: Library) -> Iterator[str]:
    """An object an activity: what the runner said, and its document, untouched, under `analysis`."""
    for said, document in library.export():
        head = dumps({"schema": SCHEMA, **asdict(said)})
        yield f'{head[:-1]}, "analysis": {document}}}\n'


def _csv(library: Library) -> Iterator[str]:
    """A row an activity, the latest first, with its best effort of every length in the library."""
    lengths = library.lengths()
    names = {length_m: f"best_{length_name(length_m).replace(' ', '_')}_s" for length_m in lengths}

    def rows() -> Iterator[dict[str, object]]:
        for row in library.list():
            efforts = library.efforts(row.activity_id)
            yield asdict(row) | {name: efforts.get(length_m) for length_m, name in names.items()}

    return listing.csv(rows())
