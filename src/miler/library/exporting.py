"""The library for other programs: JSON lines, CSV, Parquet of what is known, GPX of what was recorded."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, fields
from datetime import datetime
from hashlib import sha256
from itertools import chain, count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miler.atomic import replacing, write_atomic
from miler.errors import LibraryError, MilerError
from miler.extras import needed
from miler.files import Found, activities, contents, explain
from miler.library import Filter, Library, Listed, questions, writing
from miler.library.originals import wanted
from miler.library.writing import Ending, Recorded
from miler.report import listing
from miler.report.document import dumps
from miler.units import length_name

if TYPE_CHECKING:
    import pyarrow

    from miler.activity import Activity
    from miler.formats.inflate import Content

SCHEMA = "miler.library/1"
_ROWS = 10_000  # of a Parquet row group


def lines(library: Library, format: str, chosen: Filter) -> Iterator[str]:
    """Yield the lines of an export.

    Raises:
        ValueError: for another format than `jsonl` and `csv`.
    """
    if format == "jsonl":
        return _jsonl(library, chosen)
    if format == "csv":
        return listing.csv(_rows(library, chosen))
    raise ValueError(f"no such format: {format!r}; there are jsonl and csv")


def _jsonl(library: Library, chosen: Filter) -> Iterator[str]:
    """An object an activity: what the runner said, and its document, untouched, under `analysis`."""
    for said, document in library.export(chosen):
        head = dumps({"schema": SCHEMA, **asdict(said)})
        yield f'{head[:-1]}, "analysis": {document}}}\n'


def _rows(library: Library, chosen: Filter) -> Iterator[dict[str, Any]]:
    """A row an activity, the latest first, with its best effort of every length in the library, and its ±."""
    names = _effort_columns(library)
    with library.reading() as connection:
        for row in questions.listed(connection, chosen, None):
            efforts = questions.sure_efforts_of(connection, row.activity_id)
            times = {
                m: dict(zip(columns, efforts.get(m, (None,) * 3), strict=True))
                for m, columns in names.items()
            }
            yield vars(row) | {name: time for columns in times.values() for name, time in columns.items()}


def _effort_columns(library: Library) -> dict[float, tuple[str, ...]]:
    """Return the columns of each length: a time, and from when to when it may be with 95 %."""
    names = {length_m: f"best_{length_name(length_m).replace(' ', '_')}" for length_m in library.lengths()}
    return {length_m: (f"{name}_s", f"{name}_low_s", f"{name}_high_s") for length_m, name in names.items()}


def write_parquet(library: Library, path: Path, chosen: Filter) -> None:
    """Write the rows of the CSV export as Parquet, typed, whole or not at all.

    Raises:
        SettingsError: if pyarrow is not installed (`no_pyarrow`).
    """
    pyarrow = needed("pyarrow", "parquet", "Parquet", "choose csv")
    parquet = needed("pyarrow.parquet", "parquet", "Parquet", "choose csv")
    schema = _schema(chain.from_iterable(_effort_columns(library).values()))
    with replacing(path) as temporary, parquet.ParquetWriter(temporary, schema) as writer:
        rows = _rows(library, chosen)
        while batch := [_typed(row) for row in islice(rows, _ROWS)]:
            writer.write_table(pyarrow.Table.from_pylist(batch, schema))


def _schema(efforts: Iterable[str]) -> pyarrow.Schema:
    import pyarrow

    kinds = {
        "int": pyarrow.int64(),
        "float": pyarrow.float64(),
        "str": pyarrow.string(),
        "bool": pyarrow.bool_(),
    }
    columns = {field.name: kinds[str(field.type).split(" |")[0]] for field in fields(Listed)}
    columns["start_time"] = pyarrow.timestamp("ms", "UTC")
    columns["start_local"] = pyarrow.timestamp("ms")
    return pyarrow.schema([*columns.items(), *((name, pyarrow.float64()) for name in efforts)])


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    times = {key: row[key] and datetime.fromisoformat(row[key]) for key in ("start_time", "start_local")}
    # A name that is not UTF-8 has lone surrogates, which Parquet's text cannot hold.
    return row | times | {"file": row["file"].encode("utf-8", "backslashreplace").decode("utf-8")}


def write_gpx(library: Library, folder: Path, chosen: Filter) -> Iterator[Recorded]:
    """Write each activity as a GPX file of its own, made from its original, whole or not at all.

    A file that an earlier export wrote is written anew; any other of that name is left alone, and the
    activity gets the next name that is free.

    Yields:
        What became of each activity: `imported` is written, `skipped` has no positions.
    """
    from miler.report import gpx

    with library.reading() as connection:
        numbers = questions.numbers(connection, chosen)
    for number in numbers:
        with library.reading() as connection:
            said = questions.said(connection, number)
        try:
            text = gpx.render(activity_of(library, number), said.title)
        except (MilerError, OSError) as error:
            yield _left_out(number, explain(error) if isinstance(error, OSError) else error)
            continue
        path = _free(folder, _stem(number, said.start_local))
        with write_atomic(path) as stream:
            stream.write(text)
        yield Recorded(path.name, "imported", (number,))


def _left_out(number: int, error: MilerError) -> Recorded:
    ending: Ending = "skipped" if error.code == "no_fixes" else "failed"
    return Recorded(f"#{number}", ending, (number,), error.code, error.message)


def _stem(number: int, start_local: str | None) -> str:
    """A name that any file system takes, in order of time: `2026-05-06-180200-4`."""
    when = start_local[:19].replace("T", "-").replace(":", "") if start_local else "undated"
    return f"{when}-{number}"


def _free(folder: Path, stem: str) -> Path:
    names = (folder / f"{stem}{'' if i == 1 else f'-{i}'}.gpx" for i in count(1))
    return next(path for path in names if not os.path.lexists(path) or _is_ours(path))


def _is_ours(path: Path) -> bool:
    """Whether an export of miler's lies there; a link is somebody's own."""
    from miler.report.gpx import CREATOR

    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return f'creator="{CREATOR}"'.encode() in file.read(1000)


def activity_of(library: Library, activity_id: int) -> Activity:
    """Read the original of one activity again.

    Raises:
        LibraryError: if there is no such activity, or its original is gone or has changed (`no_original`).
        DecodeError: if it cannot be read any more.
    """
    found, data, content = original_of(library, activity_id)
    with library.reading() as connection:
        parts = writing.parts_of(connection, content)
    part = next(part for part, number in parts.items() if number == activity_id)
    return activities(found, data)[part - 1]


def original_of(library: Library, activity_id: int) -> tuple[Found, Content, str]:
    """Find the original that leads an activity, in an archive too; return it, its bytes and their hash.

    Raises:
        LibraryError: if there is no such activity, or its original is gone or has changed (`no_original`).
    """
    from miler.library.importing import read_again

    with library.reading() as connection:
        questions.require(connection, activity_id)
        contents_wanted = wanted(connection, activity_id)
    for found, content in read_again(library, contents_wanted).found:
        with suppress(OSError, MilerError):
            data = contents(found)
            if sha256(data.data).hexdigest() == content.sha256:
                return found, data, content.sha256
    raise LibraryError("its original is gone or has changed", code="no_original")
