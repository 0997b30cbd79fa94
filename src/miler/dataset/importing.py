"""Many files of many athletes into a dataset: what is missing in it, by whatever engine."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from miler.batch import Batch, batches, completed, outcome_of, placed
from miler.dataset.athletes import Athletes, settings_of
from miler.dataset.manifests import Ids, next_run
from miler.dataset.marks import read_id
from miler.dataset.reading import Dataset
from miler.dataset.storage import Storage
from miler.dataset.writing import BatchDone, write
from miler.engines import Engine
from miler.errors import Died
from miler.files import Found, stamped
from miler.outcome import failed


@dataclass(frozen=True)
class Into:
    """What a worker does with a batch: read it, analyse it, write it.

    Attributes:
        root: of the dataset.
        run: its number.
    """

    root: str
    run: int

    def __call__(self, batch: Batch) -> BatchDone:
        """Do it, in the worker."""
        settings = settings_of(batch)
        outcomes = (outcome_of(found, settings[found.athlete]) for found in batch.files)
        return write(batch, outcomes, Storage(self.root), self.run)


def import_into(
    root: str | os.PathLike[str],
    files: Iterable[Found],
    athletes: Athletes,
    engine: Engine,
    *,
    retry: bool = False,
) -> Iterator[BatchDone]:
    """Read files into a dataset, those it has not read as they are now; yield what became of each batch.

    Args:
        root: of the dataset, made where there is none; a relative path is of this process.
        files: what `files.find` lists; consumed as needed.
        athletes: whose they are, and how they are read.
        engine: who works.
        retry: read again what failed, also the files that ended their reader's process.
    """
    dataset = Dataset(root, create=True)
    storage, into = dataset.storage, Into(dataset.storage.root, next_run(dataset.manifests))
    lacking = _lacking(files, athletes, dataset.done(retry=retry))
    del dataset  # of all its manifests no more than 8 bytes a file are needed now
    cut = (replace(batch, made_with=athletes.made_with(batch.files)) for batch in batches(lacking))
    for batch, result in completed(engine, into, cut):
        if isinstance(result, Died):
            quarantined = [failed(found, result) for found in batch.files]
            yield write(batch, quarantined, storage, into.run)
        else:
            yield result


def _lacking(files: Iterable[Found], athletes: Athletes, done: Ids) -> Iterator[Found]:
    """Yield what is to be read, each by its absolute path, with its size, time and athlete."""
    for found in files:
        known = athletes.assigned(stamped(placed(found)))
        read = read_id(known, athletes.settings(known.athlete))
        at = done.searchsorted(read)
        if at == len(done) or done[at] != read:
            yield known
