"""A dataset, asked: which files it has read, its tables, and the best efforts."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from miler.dataset import manifests
from miler.dataset.manifests import Ids, Manifest
from miler.dataset.schema import PARTITION, arrow_schema
from miler.dataset.storage import Storage
from miler.errors import MilerError
from miler.extras import needed
from miler.units import MILE_M

if TYPE_CHECKING:
    import pyarrow

_KEY = ("file_id", "part")
_RANKED = (
    "athlete", *_KEY, "start_time", "length_m", "elapsed_s", "timer_s", "low_s", "high_s", "grade", "flags",
)  # fmt: skip
_SAID = (*_KEY, "start_local", "file", "device", "age_grade_percent")
_FASTEST_FIRST = [(name, "ascending") for name in ("elapsed_s", "start_time", "athlete", *_KEY)]


@dataclass(frozen=True)
class DatasetBest:
    """One athlete's effort of a length, on the elapsed clock.

    `low_s` to `high_s` holds its true time with 95 %, `grade` is that of the evidence. The start is on the
    runner's clock; only a mile has an age grade.
    """

    athlete: str
    length_m: float
    elapsed_s: float
    timer_s: float
    low_s: float | None
    high_s: float | None
    grade: str | None
    flags: str
    start_local: datetime | None
    file: str
    device: str | None
    age_grade_percent: float | None


_SHOWN = tuple(field.name for field in fields(DatasetBest))


class Dataset:
    """What was written below a root, as it was when this was made.

    Args:
        root: a folder, or a URL such as `s3://bucket/runs`.
        create: take a root where nothing is yet, instead of refusing.

    Raises:
        MilerError: if there is none (`no_dataset`), or that of a newer miler (`newer_dataset`).
    """

    def __init__(self, root: str | os.PathLike[str], *, create: bool = False) -> None:
        self.storage = Storage(root)
        self.manifests = manifests.load(self.storage)
        if not self.manifests and not create:
            raise MilerError(
                f"there is no dataset in {self.storage.root}; `miler import PATH --dataset` makes one",
                code="no_dataset",
            )

    def done(self, *, retry: bool = False) -> Ids:
        """Return the `read_id`s of what need not be read again, sorted: 8 bytes a file.

        Args:
            retry: leave out all that failed; else only what the system refused to give.
        """
        return manifests.done(self.manifests, retry=retry)

    def table(self, name: str, columns: Sequence[str] | None = None, where: Any = None) -> pyarrow.Table:
        """Return the rows of one table that count, in no order.

        Args:
            name: of `TABLES`.
            columns: of its own, and of `athlete` and `year`; all if None.
            where: an expression of `pyarrow.compute` on any of them.
        """
        arrow = needed("pyarrow", "parquet", "A dataset")
        columns = list(columns or arrow_schema(name, partitioned=True).names)
        nothing = arrow_schema(name, partitioned=True).empty_table().select(columns)
        found = (self._scanned(name, *chosen, columns) for chosen in self._parts(name, where))
        return arrow.concat_tables([nothing, *found])

    def best(
        self,
        length_m: float,
        *,
        athlete: str | None = None,
        year: int | None = None,
        per_athlete: bool = False,
        limit: int | None = 10,
    ) -> tuple[DatasetBest, ...]:
        """Return the fastest efforts of a length, fastest first.

        Recordings of one athlete that begin in the same second are one run; its fastest counts.

        Args:
            length_m: metres.
            athlete: of this one only.
            year: on the runner's clock, of this one only.
            per_athlete: one of each athlete.
            limit: how many at most.
        """
        field = needed("pyarrow.compute", "parquet", "A dataset").field
        where = field("length_m") == round(length_m, 6)  # as documents hold lengths
        for name, asked in (("athlete", athlete), ("year", year)):
            if asked is not None:
                where &= field(name) == asked
        ranked = self.table("efforts", _RANKED, where).sort_by(_FASTEST_FIRST)
        chosen = ranked.take(_firsts(ranked, per_athlete)[:limit]).to_pylist()
        these = field("file_id").isin([row["file_id"] for row in chosen])
        said = {_key(row): row for row in self.table("activities", _SAID, these).to_pylist()}
        ungraded = {} if length_m == MILE_M else {"age_grade_percent": None}
        rows = (said[_key(row)] | row | ungraded for row in chosen)
        return tuple(DatasetBest(**{name: row[name] for name in _SHOWN}) for row in rows)

    def _parts(self, table: str, where: Any) -> Iterator[tuple[list[str], Any]]:
        """Yield parts with the condition on their rows, which leaves out files that were read again."""
        field = needed("pyarrow.compute", "parquet", "A dataset").field
        whole: list[str] = []
        for manifest, counts in zip(self.manifests, manifests.counting(self.manifests), strict=True):
            parts = _of(manifest, table)
            if counts.all():
                whole += parts
            elif parts and counts.any():
                current = ~field("file_id").isin(manifest.file_ids[~counts])
                yield parts, current if where is None else current & where
        if whole:
            yield whole, where

    def _scanned(self, table: str, parts: list[str], where: Any, columns: list[str]) -> pyarrow.Table:
        dataset = needed("pyarrow.dataset", "parquet", "A dataset")
        schema = arrow_schema(table, partitioned=True)
        folders = needed("pyarrow", "parquet", "A dataset").schema(
            [schema.field(column.name) for column in PARTITION]
        )
        found = dataset.dataset(
            [f"{self.storage.base}/{part}" for part in parts],
            schema=schema,
            format="parquet",
            filesystem=self.storage.arrow,
            partitioning=dataset.partitioning(folders, flavor="hive"),
            partition_base_dir=f"{self.storage.base}/{table}",
        )
        return found.to_table(columns=columns, filter=where)


def _of(manifest: Manifest, table: str) -> list[str]:
    return [part for part in manifest.parts if part.startswith(f"{table}/")]


def _key(row: dict[str, Any]) -> tuple[int, int]:
    return row["file_id"], row["part"]


def _firsts(ranked: pyarrow.Table, per_athlete: bool) -> Ids:
    """Return the places of the first effort of each run, or of each athlete, of efforts in order."""
    athletes = ranked["athlete"].combine_chunks().dictionary_encode().indices.to_numpy()
    if per_athlete:
        _, firsts = np.unique(athletes, return_index=True)
    else:
        starts = ranked["start_time"].cast("int64").fill_null(-1).to_numpy()
        undated = np.where(ranked["start_time"].is_null().to_numpy(), np.arange(len(starts)), -1)
        _, firsts = np.unique(np.column_stack([athletes, starts, undated]), axis=0, return_index=True)
    return np.sort(firsts)
