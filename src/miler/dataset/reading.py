"""A dataset, asked: which files it has read, its tables, and the best efforts."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from miler.dataset import manifests
from miler.dataset.manifests import Ids, Part, folder_of
from miler.dataset.ranking import Candidate, fastest
from miler.dataset.schema import PARTITION, arrow_schema
from miler.dataset.storage import Storage
from miler.errors import MilerError
from miler.extras import needed
from miler.units import MILE_M

if TYPE_CHECKING:
    import pyarrow

_KEY = ("file_id", "part")
_TIMED = (
    *_KEY, "athlete", "year", "start_time", "length_m", "elapsed_s", "timer_s", "low_s", "high_s", "grade",
    "flags",
)  # fmt: skip
_SAID = (*_KEY, "start_local", "file", "device", "age_grade_percent")


class Current(NamedTuple):
    """A part, and the files whose rows in it do not count, for they were read again later."""

    part: Part
    gone: Ids


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
        self.counting = list(manifests.counting(self.manifests))

    def done(self, *, retry: bool = False) -> Ids:
        """Return the `read_id`s of what need not be read again, sorted: 8 bytes a file.

        Args:
            retry: leave out all that failed; else only what the system refused to give.
        """
        return manifests.done(self.manifests, retry=retry)

    def parts(self, table: str) -> list[Current]:
        """Return the parts of a table in which there are rows that count."""
        found: list[Current] = []
        for manifest, counts in zip(self.manifests, self.counting, strict=True):
            if counts.any():
                gone = manifest.file_ids[~counts]
                found += [Current(part, gone) for part in manifest.parts if part.table == table]
        return found

    def table(self, name: str, columns: Sequence[str] | None = None, where: Any = None) -> pyarrow.Table:
        """Return the rows of one table that count, in no order.

        Args:
            name: of `TABLES`.
            columns: of its own, and of `athlete` and `year`; all if None.
            where: an expression of `pyarrow.compute` on any of them.
        """
        return self.read(name, self.parts(name), columns or arrow_schema(name, partitioned=True).names, where)

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
        length_m = round(length_m, 6)  # as documents hold lengths
        candidates = [
            Candidate(one.part.fastest_s[length_m], one.part.athlete, one)
            for one in self.parts("efforts")
            if length_m in one.part.fastest_s
            and athlete in (None, one.part.athlete)
            and one.part.folder.endswith("" if year is None else f"/year={year}")
        ]
        chosen = fastest(
            candidates,
            lambda parts: self.read("efforts", parts, _TIMED, field("length_m") == length_m),
            per_athlete=per_athlete,
            limit=limit,
        )
        return tuple(self._told(chosen.to_pylist(), length_m == MILE_M))

    def _told(self, efforts: list[dict[str, Any]], graded: bool) -> Iterator[DatasetBest]:
        """Yield efforts with what is known of their activities."""
        field = needed("pyarrow.compute", "parquet", "A dataset").field
        folders = {folder_of(row["athlete"], row["year"]) for row in efforts}
        parts = [one for one in self.parts("activities") if one.part.folder in folders]
        these = field("file_id").isin([row["file_id"] for row in efforts])
        said = {_key(row): row for row in self.read("activities", parts, _SAID, these).to_pylist()}
        for row in efforts:
            told = said[_key(row)] | row | ({} if graded else {"age_grade_percent": None})
            yield DatasetBest(**{name: told[name] for name in _SHOWN})

    def read(self, table: str, parts: Sequence[Current], columns: Sequence[str], where: Any) -> pyarrow.Table:
        """Return rows of some parts of a table that count, in no order.

        Args:
            table: of `TABLES`.
            parts: some of its `parts`.
            columns: as for `table`.
            where: as for `table`.
        """
        arrow = needed("pyarrow", "parquet", "A dataset")
        field = needed("pyarrow.compute", "parquet", "A dataset").field
        columns = list(columns)
        found = [arrow_schema(table, partitioned=True).empty_table().select(columns)]
        if whole := [part.name for part, gone in parts if not len(gone)]:
            found.append(self._scanned(table, whole, columns, where))
        for part, gone in parts:
            if len(gone):
                current = ~field("file_id").isin(gone)
                found.append(
                    self._scanned(table, [part.name], columns, current if where is None else current & where)
                )
        return arrow.concat_tables(found)

    def _scanned(self, table: str, names: list[str], columns: list[str], where: Any) -> pyarrow.Table:
        dataset = needed("pyarrow.dataset", "parquet", "A dataset")
        schema = arrow_schema(table, partitioned=True)
        folders = needed("pyarrow", "parquet", "A dataset").schema(
            [schema.field(column.name) for column in PARTITION]
        )
        found = dataset.dataset(
            [f"{self.storage.base}/{name}" for name in names],
            schema=schema,
            format="parquet",
            filesystem=self.storage.arrow,
            partitioning=dataset.partitioning(folders, flavor="hive"),
            partition_base_dir=f"{self.storage.base}/{table}",
        )
        return found.to_table(columns=columns, filter=where)


def _key(row: dict[str, Any]) -> tuple[int, int]:
    return row["file_id"], row["part"]
