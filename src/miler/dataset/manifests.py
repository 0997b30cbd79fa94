"""What counts in a dataset: one manifest a batch, written last, names its parts and its files.

A file is known by where it lies (`file_id`), a reading of it by the file as it is, whose it is and the
settings (`read_id`). What has a known `read_id` need not be read; of two readings of a file the later counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import unquote

import numpy as np

from miler.dataset.schema import SCHEMA
from miler.dataset.storage import Storage
from miler.errors import MilerError

Ids: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]

FOLDER = "_batches"
_NO_YEAR = "__HIVE_DEFAULT_PARTITION__"  # what readers of such folders take for null
# What some file system does not allow in a name, and what would be taken for an escape. Other letters stay:
# with three characters a byte a long name in Cyrillic would be longer than a name may be.
_NOT_IN_NAMES = re.compile(r'[%/\\:*?"<>|=\x00-\x1f\x7f]|[. ]$')
_UNREADABLE = "unreadable"  # the system refused it; the next time it may give it


@dataclass(frozen=True)
class Part:
    """A part file of a batch: one table, one athlete, one year.

    Attributes:
        name: below the root.
        rows: how many.
        fastest_s: of efforts, the shortest time of each length; a question opens no part that cannot matter.
    """

    name: str
    rows: int
    fastest_s: Mapping[float, float] = field(default_factory=dict)

    @property
    def table(self) -> str:
        """Which table it is of."""
        return self.name.partition("/")[0]

    @property
    def folder(self) -> str:
        """Its athlete and year, as `folder_of` writes them."""
        return self.name[len(self.table) + 1 : self.name.rindex("/")]

    @property
    def athlete(self) -> str:
        """Whose it is."""
        return unquote(self.folder.partition("/")[0].removeprefix("athlete="))


def folder_of(athlete: str, year: int | None) -> str:
    """Return the folder of an athlete and a year in each table; None is of the undated."""
    name = _NOT_IN_NAMES.sub(lambda match: f"%{ord(match[0]):02X}", athlete)
    return f"athlete={name}/year={_NO_YEAR if year is None else year}"


@dataclass(frozen=True, eq=False)
class Manifest:
    """What one batch wrote.

    Attributes:
        batch: its name.
        run: the number of the run that wrote it: of two readings of a file that of the later run counts.
        parts: its part files.
        file_ids: (n,) its files.
        read_ids: (n,) these, as they were then.
        failed: the code of each that failed, by its `read_id`.
    """

    batch: str
    run: int
    parts: tuple[Part, ...]
    file_ids: Ids
    read_ids: Ids
    failed: Mapping[int, str] = field(default_factory=dict)

    def dumps(self) -> bytes:
        """Write it as JSON."""
        members = np.column_stack([self.file_ids, self.read_ids]).astype(">i8")
        document = {
            "schema": SCHEMA,
            "batch": self.batch,
            "run": self.run,
            "parts": [vars(part) for part in self.parts],
            "files": [row.tobytes().hex() for row in members],
            "failed": {str(read_id): code for read_id, code in self.failed.items()},
        }
        return json.dumps(document, indent=1).encode()

    @classmethod
    def loads(cls, data: bytes) -> Manifest:
        """Read what `dumps` wrote.

        Raises:
            MilerError: if another miler's schema is there (`newer_dataset`).
        """
        document = json.loads(data)
        if document["schema"] != SCHEMA:
            raise MilerError(
                f"the dataset is of schema {document['schema']}, this miler knows {SCHEMA}: upgrade miler",
                code="newer_dataset",
            )
        members = np.frombuffer(bytes.fromhex("".join(document["files"])), ">i8").reshape(-1, 2)
        file_ids, read_ids = members.T.astype(np.int64)
        failed = {int(read_id): code for read_id, code in document["failed"].items()}
        parts = tuple(_part(**values) for values in document["parts"])
        return cls(document["batch"], document["run"], parts, file_ids, read_ids, failed)


def _part(name: str, rows: int, fastest_s: Mapping[str, float]) -> Part:
    return Part(name, rows, {float(length_m): seconds for length_m, seconds in fastest_s.items()})


def name_of(batch: str) -> str:
    """Return where the manifest of a batch lies."""
    return f"{FOLDER}/{batch}.json"


def load(storage: Storage) -> list[Manifest]:
    """Read every manifest, the earliest run's first."""
    names = [name for name in storage.names(FOLDER) if name.endswith(".json")]
    found = map(Manifest.loads, storage.read_all(names))
    return sorted(found, key=lambda manifest: (manifest.run, manifest.batch))


def counting(manifests: Sequence[Manifest]) -> Iterator[np.ndarray[Any, np.dtype[np.bool_]]]:
    """Yield of each manifest, in their order, which of its files count: those that no later one has.

    That the system refused a file is no later reading of it: what was read before counts on.
    """
    if not manifests:
        return
    every = np.concatenate([manifest.file_ids for manifest in manifests])
    read = ~np.concatenate([np.isin(manifest.read_ids, _refused(manifest)) for manifest in manifests])
    in_order = np.lexsort((np.arange(len(every)), read, every))
    counts = np.zeros(len(every), dtype=np.bool_)
    last = np.append(every[in_order[1:]] != every[in_order[:-1]], True)
    counts[in_order[last]] = True
    yield from np.split(counts, np.cumsum([len(manifest.file_ids) for manifest in manifests])[:-1])


def _refused(manifest: Manifest) -> Ids:
    return _ids(read for read, code in manifest.failed.items() if code == _UNREADABLE)


def _ids(values: Iterable[int]) -> Ids:
    return np.array(list(values), dtype=np.int64)


def next_run(manifests: Sequence[Manifest]) -> int:
    """Return the number of a run that begins now. No clock is asked: those of machines differ."""
    return 1 + max((manifest.run for manifest in manifests), default=0)


def done(manifests: Sequence[Manifest], *, retry: bool = False) -> Ids:
    """Return the `read_id`s of what need not be read again, sorted.

    Args:
        manifests: in order.
        retry: read again whatever failed, not only what the system refused to give.
    """
    kept = []
    for manifest, counts in zip(manifests, counting(manifests), strict=True):
        again = _ids(manifest.failed) if retry else _refused(manifest)
        kept.append(np.setdiff1d(manifest.read_ids[counts], again))
    return np.unique(np.concatenate(kept)) if kept else np.empty(0, dtype=np.int64)
