"""The messages of one kind as a table: columns of float64, NaN for missing."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property, lru_cache
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from miler.arrays import FloatArray, IntArray
from miler.formats.fit import profile
from miler.formats.fit.layout import COMPRESSED, REMEMBERED, DeveloperField, layout
from miler.formats.fit.scan import Part

# Fields by the profile's names, and how many of its units make one of the unit wanted: 1000 for mm to m.
Fields = tuple[tuple[str, float], ...]


class _Meaning(NamedTuple):
    """What a raw number stands for: `missing` for no value, any other for raw / scale - offset."""

    missing: float
    scale: float
    offset: float


class Table:
    """All messages of one kind in a part, in the order of the file.

    A file may define one message many times, with other fields each time; a column
    is put together from every definition that has the field.
    """

    def __init__(self, part: Part, message: str, fields: Fields) -> None:
        """Find the messages.

        Args:
            part: of a file.
            message: the profile's name of the messages.
            fields: that make a column.
        """
        self._part = part
        self._message = message
        self._fields = fields
        self._definitions = part.of(profile.message_number(message))
        self._layouts = [definition.layout for definition in self._definitions]
        self._starts = [definition.starts for definition in self._definitions]
        self._rows = [part.gather(d, s) for d, s in zip(self._definitions, self._starts, strict=True)]
        self._count = sum(map(len, self._rows))

    def __len__(self) -> int:
        """Number of messages."""
        return self._count

    def has(self, name: str) -> bool:
        """Whether any definition has the field."""
        number = profile.field(self._message, name).number
        return any(number in layout.by_number for layout in self._layouts)

    @property
    def has_developer_fields(self) -> bool:
        """Whether any definition has fields that an app added."""
        return any(layout.by_developer for layout in self._layouts)

    @cached_property
    def columns(self) -> dict[str, FloatArray]:
        """Those of the fields that the messages have, scaled, (n,) each; the first value of an array."""
        pieces: dict[tuple[str, _Meaning], list[tuple[slice, NDArray[np.generic]]]] = {}
        for definition, place, rows in zip(self._definitions, self._places, self._rows, strict=True):
            for name, key, meaning in _numbers(definition.text, self._message, self._fields):
                pieces.setdefault((name, meaning), []).append((place, rows[key]))
        columns: dict[str, FloatArray] = {}
        for (name, meaning), found in pieces.items():
            fill(columns, name, self._column(found, meaning))
        return columns

    def _column(self, pieces: list[tuple[slice, NDArray[np.generic]]], meaning: _Meaning) -> FloatArray:
        """Put what the definitions have of one field together, and give it its meaning."""
        column = np.empty(self._count)
        if len(pieces) < len(self._rows):
            column.fill(np.nan)
        for place, raw in pieces:
            column[place] = raw if raw.ndim == 1 else raw[:, 0]
        column[column == meaning.missing] = np.nan
        if meaning.scale != 1:
            column /= meaning.scale
        if meaning.offset:
            column -= meaning.offset
        return self._in_order(column)

    def times(self) -> FloatArray:
        """Return the messages' timestamps in Unix seconds, shape (n,), compressed ones unrolled.

        Times of a device that knew no date are small numbers: they order, and name no day.
        """
        fit_s = self.columns.get("timestamp")
        if fit_s is None:
            fit_s = np.full(len(self), np.nan)
        short = np.isnan(fit_s)
        if np.count_nonzero(short) and (short := short & (self._headers >= COMPRESSED)).any():
            offsets, times = timeline(self._part)
            fit_s[short] = times[np.searchsorted(offsets, self._offsets[short])]
        return profile.unix_s(fit_s)

    def bytes_of(self, name: str, width: int) -> NDArray[np.uint8]:
        """Return a byte-array field as (n, width) integers, all 255 where it is missing."""
        number = profile.field(self._message, name).number
        out = np.full((len(self), width), 255, np.uint8)
        for place, message, rows in zip(self._places, self._layouts, self._rows, strict=True):
            told = message.by_number.get(number)
            if told is not None and told.size == width:
                raw = np.ascontiguousarray(rows[told.name])
                out[place] = raw.view(np.uint8).reshape(len(rows), width)
        return out if self._order is None else out[self._order]

    def developer_column(self, field: DeveloperField) -> FloatArray:
        """Return a developer field's values, unscaled, shape (n,)."""
        column = np.full(len(self), np.nan)
        for place, message, rows in zip(self._places, self._layouts, self._rows, strict=True):
            told = message.by_developer.get((field.developer, field.number))
            typed = told and replace(told, base_type=field.base_type)
            if told is not None and typed is not None and typed.code not in "SV":
                raw = np.ascontiguousarray(rows[told.name]).view(message.byte_order + typed.code)
                column[place] = _values(raw.reshape(len(rows), -1), typed.base_type)
        return self._in_order(column)

    @cached_property
    def _places(self) -> list[slice]:
        """Where the messages of each definition are, definition after definition."""
        ends = accumulate(map(len, self._rows), initial=0)
        return [slice(*ends) for ends in pairwise(ends)]

    @cached_property
    def _order(self) -> IntArray | None:
        """(n,) how the file has them, taken from definition after definition; None if that is its order."""
        if all(one[-1] < other[0] for one, other in pairwise(self._starts)):
            return None
        return np.argsort(np.concatenate(self._starts), kind="stable")

    def _in_order(self, column: FloatArray) -> FloatArray:
        """Return a column, (n,), in the file's order."""
        return column if self._order is None else column[self._order]

    @property
    def _offsets(self) -> IntArray:
        """(n,) where each message begins in the bytes, increasing."""
        return np.sort(_joined(self._starts))

    @property
    def _headers(self) -> NDArray[np.uint8]:
        """(n,) the header byte of each message."""
        return np.frombuffer(self._part.data, np.uint8)[self._offsets]


@lru_cache(maxsize=REMEMBERED)
def _numbers(definition: bytes, message: str, fields: Fields) -> list[tuple[str, str, _Meaning]]:
    """Return which of the fields a definition has as numbers: name, name in the dtype, meaning."""
    told = layout(definition).by_number
    found = [(profile.field(message, name), per_unit) for name, per_unit in fields]
    return [
        (
            field.name,
            place.name,
            _Meaning(profile.missing(place.base_type), field.scale * per_unit, field.offset / per_unit),
        )
        for field, per_unit in found
        if (place := told.get(field.number)) is not None and place.code not in "SV"
    ]


def fill(columns: dict[str, FloatArray], name: str, column: FloatArray) -> None:
    """Add a column, or what it still lacks."""
    have = columns.setdefault(name, column)
    if have is not column:
        np.copyto(have, column, where=np.isnan(have))


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
    for definition in (d for d in part.definitions if d.count):
        starts.append(definition.starts)
        told = definition.layout.by_number.get(profile.TIMESTAMP)
        if told is None:
            wholes.append(np.full(len(starts[-1]), np.nan))
        else:
            wholes.append(_values(part.gather(definition, starts[-1])[told.name], told.base_type))
    offsets, whole = _joined(starts), np.concatenate(wholes)
    headers = np.frombuffer(part.data, np.uint8)[offsets]
    order = np.argsort(offsets)
    order = order[np.isfinite(whole[order]) | (headers[order] >= COMPRESSED)]
    offsets, whole, headers = offsets[order], whole[order], headers[order]
    return offsets, counted_on(whole, headers, bits=5)


def counted_on(whole: FloatArray, low: IntArray | NDArray[np.uint8], bits: int) -> FloatArray:
    """Return a counter of which some moments are known wholly, others by their lowest bits.

    Args:
        whole: (n,) counts, NaN where only the lowest bits are known.
        low: (n,) those bits, and any others, which are ignored.
        bits: how many. The counter never moves on by more than they can hold.

    Returns:
        (n,) counts; NaN before the first one known wholly.
    """
    known = np.flatnonzero(np.isfinite(whole))
    lowest = low.astype(np.int64)
    lowest[known] = whole[known]
    steps = np.diff(lowest, prepend=lowest[:1]) & ((1 << bits) - 1)
    steps[known] = 0
    travelled = np.cumsum(steps)
    counts = np.full(len(whole), np.nan)
    if len(known):
        since = np.repeat(whole[known] - travelled[known], np.diff(known, append=len(whole)))
        counts[known[0] :] = since + travelled[known[0] :]
    return counts


def _joined(starts: list[IntArray]) -> IntArray:
    return np.concatenate(starts or [np.empty(0, np.int64)])


def _values(raw: NDArray[np.generic], base_type: int) -> FloatArray:
    """Turn one field's raw values into float64, NaN where the file says "no value"."""
    if raw.ndim > 1:
        raw = raw[:, 0]
    if raw.dtype.kind not in "iuf":
        return np.full(len(raw), np.nan)
    values: FloatArray = raw.astype(np.float64)
    values[values == profile.missing(base_type)] = np.nan
    return values
