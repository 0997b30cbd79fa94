"""What counts in a dataset: one manifest a batch, written last, names its parts and its files.

A file is known by where it lies (`file_id`), a reading of it by the file as it is, whose it is and the
settings (`read_id`). What has a known `read_id` need not be read; of two readings of a file the later counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from miler.dataset.schema import SCHEMA
from miler.dataset.storage import Storage
from miler.errors import MilerError

Ids: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]

FOLDER = "_batches"
_UNREADABLE = "unreadable"  # the system refused it; the next time it may give it


@dataclass(frozen=True, eq=False)
class Manifest:
    """What one batch wrote.

    Attributes:
        batch: its name.
        run: the number of the run that wrote it: of two readings of a file that of the later run counts.
        parts: the names of its part files, with their rows.
        file_ids: (n,) its files.
        read_ids: (n,) these, as they were then.
        failed: the code of each that failed, by its `read_id`.
    """

    batch: str
    run: int
    parts: Mapping[str, int]
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
            "parts": dict(self.parts),
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
        return cls(document["batch"], document["run"], document["parts"], file_ids, read_ids, failed)


def name_of(batch: str) -> str:
    """Return where the manifest of a batch lies."""
    return f"{FOLDER}/{batch}.json"


def load(storage: Storage) -> list[Manifest]:
    """Read every manifest, the earliest run's first."""
    found = [Manifest.loads(storage.get(name)) for name in storage.names(FOLDER) if name.endswith(".json")]
    return sorted(found, key=lambda manifest: (manifest.run, manifest.batch))


def counting(manifests: Sequence[Manifest]) -> Iterator[np.ndarray[Any, np.dtype[np.bool_]]]:
    """Yield of each manifest, in their order, which of its files count: those that no later one has."""
    if not manifests:
        return
    every = np.concatenate([manifest.file_ids for manifest in manifests])
    # The first of each in the opposite order is the last of each.
    _, first = np.unique(every[::-1], return_index=True)
    counts = np.zeros(len(every), dtype=np.bool_)
    counts[len(every) - 1 - first] = True
    yield from np.split(counts, np.cumsum([len(manifest.file_ids) for manifest in manifests])[:-1])


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
        again = [read for read, code in manifest.failed.items() if retry or code == _UNREADABLE]
        kept.append(np.setdiff1d(manifest.read_ids[counts], np.array(again, dtype=np.int64)))
    return np.unique(np.concatenate(kept)) if kept else np.empty(0, dtype=np.int64)
