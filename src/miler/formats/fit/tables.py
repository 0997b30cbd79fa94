"""The messages of one kind as a table: columns of float64, NaN for missing."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from miler.arrays import FloatArray, IntArray
from miler.formats.fit import profile
from miler.formats.fit.scan import Definition, Part, gather


class Table:
    """All messages of one kind in a part, in the order of the file.

    A file may define one message many times, with other fields each time; a column
    is put together from every definition that has the field.
    """

    def __init__(self, data: bytes, part: Part, message: str) -> None:
        number = profile.message_number(message)
        self._message = message
        self._data = data
        self._definitions = [d for d in part.definitions if d.message == number and d.offsets]
        self._rows = [gather(data, d) for d in self._definitions]

    def __len__(self) -> int:
        """Number of messages."""
        return sum(len(rows) for rows in self._rows)

    @cached_property
    def offsets(self) -> IntArray:
        """(n,) where each message begins in the bytes, increasing."""
        return np.sort(self._file_offsets)

    @cached_property
    def _file_offsets(self) -> IntArray:
        lists = [np.array(d.offsets, np.int64) for d in self._definitions]
        return np.concatenate(lists) if lists else np.empty(0, np.int64)

    @cached_property
    def _order(self) -> IntArray | None:
        """Where each row of the definitions, one after another, goes in the file's order."""
        if len(self._definitions) < 2:
            return None
        return np.argsort(self._file_offsets)

    def column(self, name: str, default: float = np.nan) -> FloatArray:
        """Return a field by the profile's name, scaled, shape (n,); the first value where it is an array."""
        field = profile.field(self._message, name)
        out = np.full(len(self), default)
        at = 0
        for definition, rows in zip(self._definitions, self._rows, strict=True):
            if definition.has(field.number):
                out[at : at + len(rows)] = _values(rows[str(field.number)], definition, field)
            at += len(rows)
        return out if self._order is None else out[self._order]

    def has(self, name: str) -> bool:
        """Whether any definition has the field."""
        number = profile.field(self._message, name).number
        return any(definition.has(number) for definition in self._definitions)

    def bytes_of(self, name: str, width: int) -> NDArray[np.uint8]:
        """Return a byte-array field as (n, width) integers, all 255 where it is missing."""
        number = profile.field(self._message, name).number
        out = np.full((len(self), width), 255, np.uint8)
        at = 0
        for definition, rows in zip(self._definitions, self._rows, strict=True):
            if definition.has(number):
                raw = np.ascontiguousarray(rows[str(number)])
                if raw.dtype.itemsize * (raw.size // max(len(rows), 1)) == width:
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
            if not definition.has(number) or rows.dtype[str(number)].kind != "S":
                out += [None] * len(rows)
            else:
                out += [_text(bytes(value)) for value in rows[str(number)]]
        return out if self._order is None else [out[i] for i in self._order]

    @cached_property
    def headers(self) -> NDArray[np.uint8]:
        """(n,) the header byte of each message."""
        return np.frombuffer(self._data, np.uint8)[self.offsets]


def _values(raw: NDArray[np.generic], definition: Definition, field: profile.Field) -> FloatArray:
    """Turn one field's raw values into float64, NaN where the file says "no value"."""
    if raw.ndim > 1:
        raw = raw[:, 0]
    if raw.dtype.kind not in "iuf":
        return np.full(len(raw), np.nan)
    base_type = next(f.base_type for f in definition.fields if f.number == field.number)
    values: FloatArray = raw.astype(np.float64)
    invalid = profile.BASE_TYPES[base_type][1]
    if invalid is not None:
        values[raw == invalid] = np.nan
    if field.scale != 1:
        values /= field.scale
    if field.offset:
        values -= field.offset
    return values


def _text(raw: bytes) -> str | None:
    text = raw.split(b"\0", 1)[0].decode("utf-8", errors="replace").strip()
    return text or None


def timestamps(data: bytes, part: Part, tables: Mapping[str, Table], message: str) -> FloatArray:
    """Return the time of each message in Unix seconds, compressed headers unrolled.

    Times of a device that knew no date are small numbers: they order, and name no day.
    """
    table = tables[message]
    times = table.column("timestamp")
    compressed = table.headers >= 0x80
    if compressed.any():
        times = _unroll(table.offsets, table.headers, times, *_full_timestamps(data, part))
    return _unix(times)


def _unix(fit_s: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore"):
        return np.where(fit_s >= profile.FIRST_DATE, fit_s + profile.EPOCH_S, fit_s)


def unix_column(table: Table, name: str) -> FloatArray:
    """Return a date_time field in Unix seconds."""
    return _unix(table.column(name))


def _full_timestamps(data: bytes, part: Part) -> tuple[IntArray, FloatArray]:
    """Return offset and FIT time of every message of any kind that carries a whole timestamp."""
    at: list[IntArray] = []
    when: list[FloatArray] = []
    layout = profile.Field(profile.TIMESTAMP, 1, 0)
    for definition in part.definitions:
        if definition.offsets and definition.has(profile.TIMESTAMP):
            at.append(np.array(definition.offsets, np.int64))
            when.append(_values(gather(data, definition)[str(profile.TIMESTAMP)], definition, layout))
    if not at:
        return np.empty(0, np.int64), np.empty(0)
    offsets, times = np.concatenate(at), np.concatenate(when)
    order = np.argsort(offsets)
    order = order[np.isfinite(times[order])]
    return offsets[order], times[order]


def _unroll(
    offsets: IntArray,
    headers: NDArray[np.uint8],
    times: FloatArray,
    full_offsets: IntArray,
    full_times: FloatArray,
) -> FloatArray:
    """Add up 5-bit time offsets since the last whole timestamp, which may be of any message.

    The low five bits of each message's time are known: those of a whole timestamp from itself,
    those of a compressed header from the byte. Time only moves on, by less than 32 s at a step.
    """
    compressed = headers >= 0x80
    if not len(full_times):
        return np.where(compressed, np.nan, times)
    at = np.concatenate([full_offsets, offsets[compressed]])
    low = np.concatenate([full_times.astype(np.int64) & 31, headers[compressed].astype(np.int64) & 31])
    whole = np.concatenate([full_times, np.full(int(compressed.sum()), np.nan)])
    order = np.argsort(at)
    low, whole = low[order], whole[order]
    step = np.diff(low, prepend=low[:1]) & 31
    step[np.isfinite(whole)] = 0
    travelled = np.cumsum(step)
    last = np.maximum.accumulate(np.where(np.isfinite(whole), np.arange(len(whole)), -1))
    unrolled = np.where(last >= 0, whole[last] + travelled - travelled[last], np.nan)
    back = np.empty(len(at), np.int64)
    back[order] = np.arange(len(at))
    out = times.copy()
    out[compressed] = unrolled[back[len(full_times) :]]
    return out
