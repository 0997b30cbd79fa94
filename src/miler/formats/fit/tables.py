"""The messages of one kind as a table: columns of float64, NaN for missing."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from miler.arrays import FloatArray, IntArray
from miler.formats.fit import profile
from miler.formats.fit.layout import COMPRESSED, DeveloperField, FieldLayout
from miler.formats.fit.scan import Part

# Where the messages of one definition are among all, one field of theirs, raw, and its layout.
_Piece = tuple[slice | IntArray, NDArray[np.generic], FieldLayout]


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
        self._numbers = {number for layout in self._layouts for number in layout.by_number}

    def __len__(self) -> int:
        """Number of messages."""
        return sum(map(len, self._rows))

    def has(self, name: str) -> bool:
        """Whether any definition has the field."""
        return profile.field(self._message, name).number in self._numbers

    @property
    def has_developer_fields(self) -> bool:
        """Whether any definition has fields that an app added."""
        return any(layout.by_developer for layout in self._layouts)

    def column(self, name: str, per_unit: float = 1.0) -> FloatArray:
        """Return a field by the profile's name, scaled, shape (n,); the first value where it is an array.

        Args:
            name: of a field that holds numbers.
            per_unit: how many of the profile's unit make one of the unit wanted: 1000 for mm to m.
        """
        field = profile.field(self._message, name)
        pieces = [
            (place, rows[layout.name], layout)
            for place, message, rows in zip(self._places, self._layouts, self._rows, strict=True)
            if (layout := message.by_number.get(field.number)) is not None
        ]
        return self._together(pieces, field.scale * per_unit, field.offset / per_unit)

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

    def developer_column(self, field: DeveloperField) -> FloatArray:
        """Return a developer field's values, unscaled, shape (n,)."""
        pieces: list[_Piece] = []
        for where, message, rows in zip(self._places, self._layouts, self._rows, strict=True):
            place = message.by_developer.get((field.developer, field.number))
            typed = place and replace(place, base_type=field.base_type)
            if place is not None and typed is not None and typed.code not in "SV":
                raw = np.ascontiguousarray(rows[place.name]).view(message.byte_order + typed.code)
                pieces.append((where, raw.reshape(len(rows), -1), typed))
        return self._together(pieces)

    def _together(self, pieces: list[_Piece], scale: float = 1.0, offset: float = 0.0) -> FloatArray:
        """Put what the definitions have of one field together in the file's order, as numbers."""
        whole = _alike(pieces, len(self))
        if whole is not None:
            return _values(whole, pieces[0][2].base_type, scale, offset)
        out = np.full(len(self), np.nan)
        for place, raw, layout in pieces:
            out[place] = _values(raw, layout.base_type, scale, offset)
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
    for definition in (d for d in part.definitions if d.count):
        starts.append(definition.starts)
        layout = definition.layout.by_number.get(profile.TIMESTAMP)
        if layout is None:
            wholes.append(np.full(len(starts[-1]), np.nan))
        else:
            wholes.append(_values(part.gather(definition, starts[-1])[layout.name], layout.base_type))
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


def _alike(pieces: list[_Piece], n: int) -> NDArray[np.generic] | None:
    """Return raw values of one type, (n,), whole, so that they need to be made numbers only once."""
    if not pieces:
        return None
    _, raw, first = pieces[0]
    if len(raw) == n:
        return raw
    if first.code in "SV" or any(layout.base_type != first.base_type for _, _, layout in pieces):
        return None
    missing = profile.BASE_TYPES[first.base_type][1]
    whole = np.full(n, np.nan if missing is None else missing, first.code)
    for place, raw, layout in pieces:
        if layout.code == first.code:
            whole[place] = raw if raw.ndim == 1 else raw[:, 0]
    return whole


def _values(raw: NDArray[np.generic], base_type: int, scale: float = 1.0, offset: float = 0.0) -> FloatArray:
    """Turn one field's raw values into float64, NaN where the file says "no value"."""
    if raw.ndim > 1:
        raw = raw[:, 0]
    if raw.dtype.kind not in "iuf":
        return np.full(len(raw), np.nan)
    values: FloatArray = raw.astype(np.float64)
    missing = profile.BASE_TYPES[base_type][1]
    if missing is not None:
        np.putmask(values, values == missing, np.nan)
    if scale != 1:
        values /= scale
    if offset:
        values -= offset
    return values
