"""The messages of one kind as a table: columns of float64, NaN for missing."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from miler.arrays import FloatArray, IntArray
from miler.formats.fit import profile
from miler.formats.fit.layout import COMPRESSED, FieldLayout
from miler.formats.fit.scan import Part


class Table:
    """All messages of one kind in a part, in the order of the file.

    A file may define one message many times, with other fields each time; a column
    is put together from every definition that has the field.
    """

    def __init__(self, part: Part, message: str) -> None:
        self._part = part
        self._message = message
        definitions = part.of(profile.message_number(message))
        self._layouts = [definition.layout for definition in definitions]
        self._starts = [definition.starts for definition in definitions]
        self._rows = [part.gather(d, s) for d, s in zip(definitions, self._starts, strict=True)]

    def __len__(self) -> int:
        """Number of messages."""
        return sum(map(len, self._rows))

    def has(self, name: str) -> bool:
        """Whether any definition has the field."""
        number = profile.field(self._message, name).number
        return any(number in layout.by_number for layout in self._layouts)

    def column(self, name: str, per_unit: float = 1.0) -> FloatArray:
        """Return a field by the profile's name, scaled, shape (n,); the first value where it is an array.

        Args:
            name: of a field that holds numbers.
            per_unit: how many of the profile's unit make one of the unit wanted: 1000 for mm to m.
        """
        field = profile.field(self._message, name)
        columns = [
            None
            if (layout := message.by_number.get(field.number)) is None
            else _values(rows[layout.name], layout, field.scale * per_unit, field.offset / per_unit)
            for message, rows in zip(self._layouts, self._rows, strict=True)
        ]
        return self._together(columns)

    def times(self) -> FloatArray:
        """Return the messages' timestamps in Unix seconds, shape (n,), compressed ones unrolled.

        Times of a device that knew no date are small numbers: they order, and name no day.
        """
        fit_s = self.column("timestamp")
        short = np.isnan(fit_s)
        if short.any() and (short := short & (self._headers >= COMPRESSED)).any():
            offsets, times = timeline(self._part)
            fit_s[short] = times[np.searchsorted(offsets, self._offsets[short])]
        return profile.unix_s(fit_s)

    def bytes_of(self, name: str, width: int) -> NDArray[np.uint8]:
        """Return a byte-array field as (n, width) integers, all 255 where it is missing."""
        number = profile.field(self._message, name).number
        out = np.full((len(self), width), 255, np.uint8)
        for place, message, rows in zip(self._places, self._layouts, self._rows, strict=True):
            layout = message.by_number.get(number)
            if layout is not None and layout.size == width:
                raw = np.ascontiguousarray(rows[layout.name])
                out[place] = raw.view(np.uint8).reshape(len(rows), width)
        return out

    def _together(self, columns: list[FloatArray | None]) -> FloatArray:
        """Put the columns of the definitions together in the file's order."""
        if len(columns) == 1 and columns[0] is not None:
            return columns[0]
        out = np.full(len(self), np.nan)
        for place, column in zip(self._places, columns, strict=True):
            if column is not None:
                out[place] = column
        return out

    @cached_property
    def _places(self) -> list[slice | IntArray]:
        """Where the messages of each definition are among all, in the file's order."""
        ends = np.cumsum([len(starts) for starts in self._starts]).tolist()
        slices = [slice(a, b) for a, b in pairwise([0, *ends])]
        offsets = _joined(self._starts)
        if (offsets[1:] > offsets[:-1]).all():
            return [*slices]
        ranks = np.empty(len(offsets), np.int64)
        ranks[np.argsort(offsets, kind="stable")] = np.arange(len(offsets))
        return [ranks[part] for part in slices]

    @cached_property
    def _offsets(self) -> IntArray:
        """(n,) where each message begins in the bytes, increasing."""
        return np.sort(_joined(self._starts))

    @cached_property
    def _headers(self) -> NDArray[np.uint8]:
        """(n,) the header byte of each message."""
        return np.frombuffer(self._part.data, np.uint8)[self._offsets]


def timeline(part: Part) -> tuple[IntArray, FloatArray]:
    """Return offset and FIT time of every message that tells its time, compressed ones unrolled.

    A compressed header holds the low five bits of the time, and counts on from the message before it,
    of whatever kind: time only moves on, by less than 32 s at a step. Before the first whole timestamp
    such a header names no time: NaN.

    Source:
        Garmin, FIT Protocol, section on the compressed timestamp header.
    """
    starts: list[IntArray] = []
    wholes: list[FloatArray] = []
    for definition in filter(len, part.definitions):
        starts.append(definition.starts)
        layout = definition.layout.by_number.get(profile.TIMESTAMP)
        if layout is None:
            wholes.append(np.full(len(starts[-1]), np.nan))
        else:
            wholes.append(_values(part.gather(definition, starts[-1])[layout.name], layout))
    offsets, whole = _joined(starts), np.concatenate(wholes)
    headers = np.frombuffer(part.data, np.uint8)[offsets]
    order = np.argsort(offsets)
    order = order[np.isfinite(whole[order]) | (headers[order] >= COMPRESSED)]
    offsets, whole, headers = offsets[order], whole[order], headers[order]
    is_whole = np.isfinite(whole)
    low = np.where(is_whole, whole, headers).astype(np.int64) & 31
    steps = np.diff(low, prepend=low[:1]) & 31
    steps[is_whole] = 0
    travelled = np.cumsum(steps)
    last = np.maximum.accumulate(np.where(is_whole, np.arange(len(whole)), -1))
    return offsets, np.where(last >= 0, whole[last] + travelled - travelled[last], np.nan)


def _joined(starts: list[IntArray]) -> IntArray:
    return np.concatenate(starts or [np.empty(0, np.int64)])


def _values(
    raw: NDArray[np.generic], layout: FieldLayout, scale: float = 1.0, offset: float = 0.0
) -> FloatArray:
    """Turn one field's raw values into float64, NaN where the file says "no value"."""
    if raw.ndim > 1:
        raw = raw[:, 0]
    if raw.dtype.kind not in "iuf":
        return np.full(len(raw), np.nan)
    values: FloatArray = raw.astype(np.float64)
    if scale != 1:
        values /= scale
    if offset:
        values -= offset
    invalid = profile.BASE_TYPES[layout.base_type][1]
    if invalid is not None:
        np.putmask(values, raw == invalid, np.nan)
    return values
