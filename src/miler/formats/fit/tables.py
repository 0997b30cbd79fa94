"""The messages of one kind as a table: columns of float64, NaN for missing."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from miler.arrays import FloatArray, IntArray
from miler.formats.fit import profile
from miler.formats.fit.scan import Definition, Part

_COMPRESSED = 0x80


class Table:
    """All messages of one kind in a part, in the order of the file.

    A file may define one message many times, with other fields each time; a column
    is put together from every definition that has the field.
    """

    def __init__(self, part: Part, message: str) -> None:
        number = profile.message_number(message)
        self._part = part
        self._message = message
        self._definitions = [d for d in part.definitions if d.message == number and d.offsets]
        self._rows = [part.gather(d) for d in self._definitions]

    def __len__(self) -> int:
        """Number of messages."""
        return sum(len(rows) for rows in self._rows)

    def has(self, name: str) -> bool:
        """Whether any definition has the field."""
        number = profile.field(self._message, name).number
        return any(number in definition.by_number for definition in self._definitions)

    def column(self, name: str) -> FloatArray:
        """Return a field by the profile's name, scaled, shape (n,); the first value where it is an array."""
        field = profile.field(self._message, name)
        out = np.full(len(self), np.nan)
        at = 0
        for definition, rows in zip(self._definitions, self._rows, strict=True):
            if field.number in definition.by_number:
                out[at : at + len(rows)] = _values(rows, definition, field)
            at += len(rows)
        return out if self._order is None else out[self._order]

    def times(self, name: str = "timestamp") -> FloatArray:
        """Return a date_time field in Unix seconds, shape (n,), compressed timestamps unrolled.

        Times of a device that knew no date are small numbers: they order, and name no day.
        """
        fit_s = self.column(name)
        if name == "timestamp" and (short := np.isnan(fit_s) & (self._headers >= _COMPRESSED)).any():
            offsets, times = _timeline(self._part)
            fit_s[short] = times[np.searchsorted(offsets, self._offsets[short])]
        with np.errstate(invalid="ignore"):
            return np.where(fit_s >= profile.FIRST_DATE, fit_s + profile.EPOCH_S, fit_s)

    def bytes_of(self, name: str, width: int) -> NDArray[np.uint8]:
        """Return a byte-array field as (n, width) integers, all 255 where it is missing."""
        number = profile.field(self._message, name).number
        out = np.full((len(self), width), 255, np.uint8)
        at = 0
        for definition, rows in zip(self._definitions, self._rows, strict=True):
            layout = definition.by_number.get(number)
            if layout is not None and layout.size == width:
                raw = np.ascontiguousarray(rows[str(number)])
                out[at : at + len(rows)] = raw.view(np.uint8).reshape(len(rows), width)
            at += len(rows)
        return out if self._order is None else out[self._order]

    def numbers(self, name: str) -> list[int | None]:
        """Return an enumeration or count as one integer (or None) a message."""
        return [None if np.isnan(v) else int(v) for v in self.column(name)]

    def texts(self, name: str) -> list[str | None]:
        """Return a string field as one text (or None) a message."""
        number = profile.field(self._message, name).number
        out: list[str | None] = []
        for definition, rows in zip(self._definitions, self._rows, strict=True):
            if number not in definition.by_number or rows.dtype[str(number)].kind != "S":
                out += [None] * len(rows)
            else:
                out += [_text(bytes(value)) for value in rows[str(number)]]
        return out if self._order is None else [out[i] for i in self._order]

    @cached_property
    def _order(self) -> IntArray | None:
        """Where each row of the definitions, one after another, goes in the file's order."""
        return np.argsort(_offsets_of(self._definitions)) if len(self._definitions) > 1 else None

    @cached_property
    def _offsets(self) -> IntArray:
        """(n,) where each message begins in the bytes, increasing."""
        return np.sort(_offsets_of(self._definitions))

    @cached_property
    def _headers(self) -> NDArray[np.uint8]:
        """(n,) the header byte of each message."""
        return np.frombuffer(self._part.data, np.uint8)[self._offsets]


def _offsets_of(definitions: list[Definition]) -> IntArray:
    return np.concatenate([d.starts for d in definitions] or [np.empty(0, np.int64)])


def _values(rows: NDArray[np.void], definition: Definition, field: profile.Field) -> FloatArray:
    """Turn one field's raw values into float64, NaN where the file says "no value"."""
    raw = rows[str(field.number)]
    if raw.ndim > 1:
        raw = raw[:, 0]
    if raw.dtype.kind not in "iuf":
        return np.full(len(raw), np.nan)
    values: FloatArray = raw.astype(np.float64)
    invalid = profile.BASE_TYPES[definition.by_number[field.number].base_type][1]
    if invalid is not None:
        values[raw == invalid] = np.nan
    if field.scale != 1:
        values /= field.scale
    if field.offset:
        values -= field.offset
    return values


def _text(raw: bytes) -> str | None:
    # 0xFF, which UTF-8 never has, is how a Lezyne writes "no text".
    text = raw.split(b"\0", 1)[0].rstrip(b"\xff").decode("utf-8", errors="replace").strip()
    return text or None


def _timeline(part: Part) -> tuple[IntArray, FloatArray]:
    """Return offset and FIT time of every message that tells its time, compressed ones unrolled.

    A compressed header holds the low five bits of the time, and counts on from the message before it,
    of whatever kind: time only moves on, by less than 32 s at a step. Before the first whole timestamp
    such a header names no time: NaN.

    Source:
        Garmin, FIT Protocol, section on the compressed timestamp header.
    """
    layout = profile.Field(profile.TIMESTAMP, 1, 0)
    definitions = [d for d in part.definitions if d.offsets]
    offsets = _offsets_of(definitions)
    whole = np.concatenate(
        [
            _values(part.gather(d), d, layout)
            if profile.TIMESTAMP in d.by_number
            else np.full(len(d.offsets), np.nan)
            for d in definitions
        ]
    )
    headers = np.frombuffer(part.data, np.uint8)[offsets]
    order = np.argsort(offsets)
    order = order[np.isfinite(whole[order]) | (headers[order] >= _COMPRESSED)]
    offsets, whole, headers = offsets[order], whole[order], headers[order]
    is_whole = np.isfinite(whole)
    low = np.where(is_whole, whole, headers).astype(np.int64) & 31
    steps = np.diff(low, prepend=low[:1]) & 31
    steps[is_whole] = 0
    travelled = np.cumsum(steps)
    last = np.maximum.accumulate(np.where(is_whole, np.arange(len(whole)), -1))
    return offsets, np.where(last >= 0, whole[last] + travelled - travelled[last], np.nan)
