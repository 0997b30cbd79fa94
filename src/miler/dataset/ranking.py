"""The fastest efforts in many parts, of which only those are read that may hold one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

import numpy as np

from miler.extras import needed

if TYPE_CHECKING:
    import pyarrow

Readable = TypeVar("Readable")

_FEW = 16  # parts read first; then twice as many each time
_FASTEST_FIRST = [(name, "ascending") for name in ("elapsed_s", "start_time", "athlete", "file_id", "part")]


class Candidate(NamedTuple, Generic[Readable]):
    """A part with efforts of one athlete, none of them faster than `least_s`."""

    least_s: float
    athlete: str
    part: Readable


def fastest(
    candidates: Sequence[Candidate[Readable]],
    read: Callable[[list[Readable]], pyarrow.Table],
    *,
    per_athlete: bool,
    limit: int | None,
) -> pyarrow.Table:
    """Return the efforts that lead, fastest first: one a run, or one an athlete.

    Args:
        candidates: where efforts may be.
        read: returns those in some parts; `athlete`, `start_time` and `elapsed_s` are among the columns.
        per_athlete: one an athlete.
        limit: how many at most; all if None.
    """
    arrow = needed("pyarrow", "parquet", "A dataset")
    pending = sorted(candidates, key=lambda candidate: candidate.least_s)
    found = read([])
    few = len(pending) if limit is None else _FEW
    while pending:
        now = pending[:few]
        if per_athlete:  # the part of each that may have the best; mostly it has
            now = list({candidate.athlete: candidate for candidate in reversed(now)}.values())
        taken = set(map(id, now))
        found = arrow.concat_tables([found, read([candidate.part for candidate in now])])
        found = _leading(found.sort_by(_FASTEST_FIRST), per_athlete).slice(0, limit)
        times = dict(zip(found["athlete"].to_pylist(), found["elapsed_s"].to_pylist(), strict=True))
        last_s = found["elapsed_s"][limit - 1].as_py() if len(found) == limit else math.inf
        pending = [
            candidate
            for candidate in pending
            if id(candidate) not in taken
            and candidate.least_s <= last_s
            and not (per_athlete and candidate.least_s > times.get(candidate.athlete, math.inf))
        ]
        few *= 2
    return found


def _leading(efforts: pyarrow.Table, per_athlete: bool) -> pyarrow.Table:
    """Return the first effort of each athlete, or of each run: what one athlete began in the same second."""
    athletes = efforts["athlete"].combine_chunks().dictionary_encode().indices.to_numpy()
    if per_athlete:
        _, firsts = np.unique(athletes, return_index=True)
    else:
        starts = efforts["start_time"].cast("int64").fill_null(-1).to_numpy()
        undated = np.where(efforts["start_time"].is_null().to_numpy(), np.arange(len(starts)), -1)
        _, firsts = np.unique(np.column_stack([athletes, starts, undated]), axis=0, return_index=True)
    return efforts.take(np.sort(firsts))
