"""Outcomes into a dataset: the parts of a batch, and last its manifest, without which no part counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from miler.batch import Batch
from miler.dataset.athletes import settings_of
from miler.dataset.manifests import Manifest, Part, folder_of, name_of
from miler.dataset.marks import file_id, read_id
from miler.dataset.rows import Row, rows_of
from miler.dataset.schema import arrow_schema
from miler.dataset.storage import Storage
from miler.extras import needed
from miler.files import Found
from miler.outcome import Kind, Outcome

if TYPE_CHECKING:
    import pyarrow

_GROUP_ROWS = 65_536
_LENGTH_AND_TIME = ("length_m", "elapsed_s")
_BY_TIME = [(name, "ascending") for name in (*_LENGTH_AND_TIME, "file_id", "part")]


@dataclass(frozen=True)
class BatchDone:
    """What became of a batch.

    Attributes:
        counts: how many of its files ended how.
        activities: how many were in them.
        failures: name and message of each file that failed.
        written_bytes: of its parts and its manifest.
    """

    counts: Mapping[Kind, int]
    activities: int
    failures: tuple[tuple[str, str], ...]
    written_bytes: int


@dataclass(frozen=True)
class _Ended:
    """One file of a batch, by what it is known, and how it ended."""

    found: Found
    file_id: int
    read_id: int
    outcome: Outcome


def write(batch: Batch, outcomes: Iterable[Outcome], storage: Storage, run: int) -> BatchDone:
    """Write what became of a batch: its parts, and then its manifest. The same again changes nothing.

    Args:
        batch: its files; one that is listed twice counts once.
        outcomes: how they ended, in their order.
        storage: of the dataset.
        run: its number: of two readings of a file that of the later run counts.
    """
    ended = list(_ended(batch, outcomes))
    failures = [(one, one.outcome.error) for one in ended if one.outcome.kind == "failed"]
    written = list(_put_parts(storage, batch.batch_id, ended))
    manifest = Manifest(
        batch=batch.batch_id,
        run=run,
        parts=tuple(part for part, _ in written),
        file_ids=np.array([one.file_id for one in ended], dtype=np.int64),
        read_ids=np.array([one.read_id for one in ended], dtype=np.int64),
        failed={one.read_id: error.code for one, error in failures if error is not None},
    ).dumps()
    storage.put(name_of(batch.batch_id), manifest)
    return BatchDone(
        counts=dict(Counter(one.outcome.kind for one in ended)),
        activities=sum(len(one.outcome.analyses) for one in ended),
        failures=tuple((one.found.name, error.message) for one, error in failures if error is not None),
        written_bytes=sum(size for _, size in written) + len(manifest),
    )


def _ended(batch: Batch, outcomes: Iterable[Outcome]) -> Iterator[_Ended]:
    settings = settings_of(batch)
    seen: set[int] = set()
    for found, outcome in zip(batch.files, outcomes, strict=True):
        known = file_id(found)
        if known not in seen:
            yield _Ended(found, known, read_id(found, settings[found.athlete]), outcome)
        seen.add(known)


def _put_parts(storage: Storage, batch: str, ended: Iterable[_Ended]) -> Iterator[tuple[Part, int]]:
    """Write a part for each table, athlete and year; yield it with its bytes."""
    rows: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for one in ended:
        for table, year, row in rows_of(one.outcome, one.found.path, one.file_id):
            rows[table, folder_of(one.found.athlete, year)].append(row)
    table_of = needed("pyarrow", "parquet", "A dataset").Table.from_pylist
    for (table, folder), some in rows.items():
        yield put_part(storage, batch, table, folder, table_of(some, arrow_schema(table)))


def put_part(
    storage: Storage, batch: str, table: str, folder: str, columns: pyarrow.Table
) -> tuple[Part, int]:
    """Write rows of one table, athlete and year; return the part and its bytes.

    Efforts are in order of length and time, so that a question skips most of them. A part is named by its
    batch and its content: no name ever means two contents, whoever writes when.
    """
    parquet = needed("pyarrow.parquet", "parquet", "A dataset")
    fastest_s: dict[float, float] = {}
    if table == "efforts":
        columns = columns.sort_by(_BY_TIME)
        # The first of each length is the last to stay.
        fastest_s = dict(zip(*(columns[name].to_pylist()[::-1] for name in _LENGTH_AND_TIME), strict=True))
    stream = needed("pyarrow", "parquet", "A dataset").BufferOutputStream()
    parquet.write_table(columns, stream, compression="zstd", row_group_size=_GROUP_ROWS)
    data = bytes(stream.getvalue())
    name = f"{table}/{folder}/{batch}-{blake2b(data, digest_size=8).hexdigest()}.parquet"
    storage.put(name, data)
    return Part(name, len(columns), fastest_s), len(data)
