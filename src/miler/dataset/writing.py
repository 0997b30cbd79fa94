"""Outcomes into a dataset: the parts of a batch, and last its manifest, without which no part counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from urllib.parse import quote

import numpy as np

from miler.batch import Batch
from miler.dataset.athletes import settings_of
from miler.dataset.manifests import Manifest, name_of
from miler.dataset.marks import file_id, read_id
from miler.dataset.rows import Row, rows_of
from miler.dataset.schema import arrow_schema
from miler.dataset.storage import Storage
from miler.extras import needed
from miler.outcome import Outcome, process

NO_YEAR = "__HIVE_DEFAULT_PARTITION__"  # what readers of such folders take for null
_GROUP_ROWS = 65_536
_BY_TIME = [("length_m", "ascending"), ("elapsed_s", "ascending"), ("file_id", "ascending")]

Partition = tuple[str, str, int | None]  # a table, an athlete, a year


@dataclass(frozen=True)
class BatchDone:
    """What became of a batch.

    Attributes:
        counts: files by how they ended, `done`, `skipped` or `failed`; and `activities`.
        failures: name and message of each that failed.
        written_bytes: of its parts and its manifest.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    failures: tuple[tuple[str, str], ...] = ()
    written_bytes: int = 0


@dataclass(frozen=True)
class Into:
    """What a worker does with a batch: read it, analyse it, write it.

    Attributes:
        root: of the dataset.
        begun: when the run began, ISO 8601 UTC.
    """

    root: str
    begun: str

    def __call__(self, batch: Batch) -> BatchDone:
        settings = settings_of(batch)
        outcomes = (process(found, settings[found.athlete]) for found in batch.files)
        return write(batch, outcomes, Storage(self.root), self.begun)


def write(batch: Batch, outcomes: Iterable[Outcome], storage: Storage, begun: str) -> BatchDone:
    """Write what became of a batch: its parts, and then its manifest. The same again changes nothing.

    Args:
        batch: its files; one that is listed twice counts once.
        outcomes: how they ended, in their order.
        storage: of the dataset.
        begun: when the run began, ISO 8601 UTC: of two readings of a file that of the later run counts.
    """
    settings = settings_of(batch)
    ended = {
        file_id(found): (found, outcome) for found, outcome in zip(batch.files, outcomes, strict=True)
    }
    reads = {known: read_id(found, settings[found.athlete]) for known, (found, _) in ended.items()}
    rows: dict[Partition, list[Row]] = defaultdict(list)
    counts = Counter[str]()
    failed: dict[int, tuple[str, str, str]] = {}
    for known, (found, outcome) in ended.items():
        counts[outcome.kind] += 1
        counts["activities"] += len(outcome.analyses)
        if outcome.kind == "failed" and outcome.error is not None:
            failed[reads[known]] = (outcome.error.code, found.name, outcome.error.message)
        for table, year, row in rows_of(outcome, found.path, known):
            rows[table, found.athlete, year].append(row)
    parts = {}
    written_bytes = 0
    for partition, some in rows.items():
        data = parquet_of(partition[0], some)
        name = part_name(partition, batch.batch_id, data)
        storage.put(name, data)
        parts[name] = len(some)
        written_bytes += len(data)
    manifest = Manifest(
        batch.batch_id,
        begun,
        parts,
        np.array(list(reads), dtype=np.int64),
        np.array(list(reads.values()), dtype=np.int64),
        {read: code for read, (code, _, _) in failed.items()},
    ).dumps()
    storage.put(name_of(batch.batch_id), manifest)
    failures = tuple((name, message) for _, name, message in failed.values())
    return BatchDone(counts, failures, written_bytes + len(manifest))


def parquet_of(table: str, rows: list[Row]) -> bytes:
    """Write rows as Parquet; efforts in order of length and time, so that a question skips most of them."""
    arrow = needed("pyarrow", "parquet", "A dataset")
    parquet = needed("pyarrow.parquet", "parquet", "A dataset")
    columns = arrow.Table.from_pylist(rows, arrow_schema(table))
    if table == "efforts":
        columns = columns.sort_by(_BY_TIME)
    stream = arrow.BufferOutputStream()
    parquet.write_table(columns, stream, compression="zstd", row_group_size=_GROUP_ROWS)
    return bytes(stream.getvalue())


def part_name(partition: Partition, batch: str, data: bytes) -> str:
    """Name a part by its batch and its content: so no name ever means two contents, whoever writes when."""
    table, athlete, year = partition
    content = blake2b(data, digest_size=8).hexdigest()
    folder = f"athlete={quote(athlete, safe='')}/year={NO_YEAR if year is None else year}"
    return f"{table}/{folder}/{batch}-{content}.parquet"
