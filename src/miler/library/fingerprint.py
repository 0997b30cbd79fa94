"""What is kept of a recording to know it again: when, how far, and where it was at round moments.

Made in the worker, of an analysis; `sameness` holds two of them against each other.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import sub
from typing import TYPE_CHECKING

from miler.library.pressing import pressed

if TYPE_CHECKING:
    from miler.analysis import Analysis
    from miler.arrays import FloatArray

Column = tuple[int | None, ...]

# What a column's whole numbers are: a decimetre or less everywhere.
SCALES = {
    "latitude": 1e6,
    "longitude": 1e6,
    "northward": 1e7,
    "eastward": 1e7,
    "distance": 10,
    "heart_rate": 1,
    "cadence": 1,
}


@dataclass(frozen=True)
class Fingerprint:
    """What is kept of a recording to know it again; plain values, some 1 kB when packed.

    Attributes:
        begin_s, end_s: of its records, seconds since 1970 by its own clock; None for no date.
        sport: the field's word.
        distance_m: how far in all.
        by_device: whether the device counted that distance, or a track's lane tells it.
        records: how many.
        streams: the names of its streams.
        cut_off, damaged: whether its file ends too early, or breaks its format in any way.
        every_s, first_s, columns: its moments, as in `miler.moments`, in whole numbers.
    """

    begin_s: float | None
    end_s: float | None
    sport: str
    distance_m: float
    by_device: bool
    records: int
    streams: tuple[str, ...]
    cut_off: bool
    damaged: bool
    every_s: int
    first_s: int
    columns: Mapping[str, Column]

    @property
    def covered_s(self) -> float:
        """How long it recorded something."""
        some = sum(any(v is not None for v in row) for row in zip(*self.columns.values(), strict=True))
        return float(some * self.every_s)


UNKNOWN = Fingerprint(None, None, "unknown", 0.0, False, 0, (), False, False, 900, 0, {})


def fingerprint(analysis: Analysis) -> Fingerprint:
    """Take what has to be known of a recording to find it again."""
    taken, summary = analysis.moments, analysis.summary
    return Fingerprint(
        begin_s=taken.begin_s,
        end_s=taken.end_s,
        sport=summary.sport,
        distance_m=round(summary.distance_m, 1),
        by_device=summary.distance_source in ("device", "track"),
        records=summary.records,
        streams=taken.streams,
        cut_off=any(note.code.endswith("_truncated") for note in analysis.notes),
        damaged=any(note.kind == "damage" for note in analysis.notes),
        every_s=taken.every_s,
        first_s=taken.first_s,
        columns={name: _whole(column, SCALES[name]) for name, column in taken.columns.items()},
    )


def _whole(column: FloatArray, scale: float) -> Column:
    values = (column * scale).round()
    if (values == values).all():
        return tuple(values.astype("int64").tolist())
    return tuple(None if value != value else int(value) for value in values.tolist())


def packed(one: Fingerprint) -> bytes:
    """Write a fingerprint: JSON with the columns as differences, packed with zlib."""
    from miler.report.document import written

    values = vars(one) | {"columns": {name: _differences(c) for name, c in one.columns.items()}}
    return pressed(written(values).encode())


def unpacked(blob: bytes) -> Fingerprint:
    """Read what `packed` wrote."""
    values = json.loads(zlib.decompress(blob))
    values["columns"] = {name: _sums(column) for name, column in values["columns"].items()}
    values["streams"] = tuple(values["streams"])
    return Fingerprint(**values)


def _differences(column: Column) -> list[int | None]:
    try:
        return [*map(sub, column, (0, *column))]
    except TypeError:  # something is missing
        known = [value for value in column if value is not None]
        steps = iter(map(sub, known, [0, *known]))
        return [None if value is None else next(steps) for value in column]


def _sums(steps: Iterable[int | None]) -> Column:
    total, values = 0, []
    for step in steps:
        total += step or 0
        values.append(None if step is None else total)
    return tuple(values)
