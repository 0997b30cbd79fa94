"""Small parts made one, and what no manifest names deleted."""

from __future__ import annotations

import os
from collections import defaultdict
from hashlib import blake2b

import numpy as np

from miler.dataset.manifests import Manifest, name_of
from miler.dataset.reading import Current, Dataset
from miler.dataset.schema import TABLES, arrow_schema
from miler.dataset.writing import put_part


def compact(root: str | os.PathLike[str]) -> tuple[int, int]:
    """Write the rows that count into one part for each table, athlete and year, and delete all other parts.

    A kill leaves a dataset of the same rows, which the next call finishes. No import may run meanwhile, and
    who has opened the dataset before must open it again.

    Returns:
        How many parts there were, and how many there are.
    """
    dataset = Dataset(root)
    storage = dataset.storage
    merged = _merged(dataset)
    storage.put(name_of(merged.batch), merged.dumps())
    for old in dataset.manifests:
        if old.batch != merged.batch:
            storage.delete(name_of(old.batch))
    named = {part.name for part in merged.parts}
    for table in TABLES:
        for name in storage.names(table):
            if name not in named:
                storage.delete(name)
    return sum(len(old.parts) for old in dataset.manifests), len(merged.parts)


def _merged(dataset: Dataset) -> Manifest:
    """Write the parts anew, and return the manifest of all of them.

    Its run is the last one's: whatever counts in a manifest beside it has the same rows in both.
    """
    counted = list(zip(dataset.manifests, dataset.counting, strict=True))
    file_ids = np.concatenate([one.file_ids[counts] for one, counts in counted])
    read_ids = np.concatenate([one.read_ids[counts] for one, counts in counted])
    order = file_ids.argsort()
    file_ids, read_ids = file_ids[order], read_ids[order]
    codes = {read: code for one in dataset.manifests for read, code in one.failed.items()}
    batch = blake2b(read_ids.tobytes(), digest_size=16).hexdigest()
    parts = []
    for table in TABLES:
        folders: dict[str, list[Current]] = defaultdict(list)
        for current in dataset.parts(table):
            folders[current.part.folder].append(current)
        for folder, some in folders.items():
            columns = dataset.read(table, some, arrow_schema(table).names, None)
            if len(columns):
                parts.append(put_part(dataset.storage, batch, table, folder, columns)[0])
    return Manifest(
        batch=batch,
        run=max(one.run for one in dataset.manifests),
        parts=tuple(parts),
        file_ids=file_ids,
        read_ids=read_ids,
        failed={read: codes[read] for read in read_ids.tolist() if read in codes},
    )
