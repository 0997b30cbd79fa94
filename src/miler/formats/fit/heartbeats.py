"""Heart beats that a chest strap kept to itself and handed over at the end of a swim.

A first message tells the time of one beat, on the clock of the day and on the strap's own, which ticks
1024 times a second; each of those that follow packs the low 12 bits of eight more ticks into 12 bytes.

Source: Garmin, FIT SDK, the `hr` message and its plug-in that spreads it over the records.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from miler.arrays import FloatArray, IntArray
from miler.formats.fit.scan import Definition, Part
from miler.formats.fit.tables import Table, counted_on

HEART_BEATS = 132  # the global number of `hr`

_TICKS_PER_S = 1024
_FIELDS = (
    ("timestamp", 1.0),
    ("fractional_timestamp", 1.0),
    ("event_timestamp", 1 / _TICKS_PER_S),
    ("filtered_bpm", 1.0),
)
_BEATS = 8  # in one message
_BITS = 12
_MISSING = 0xFF
# A record shows the beat before it, unless the strap had lost the skin for this long.
_STALE_S = 5.0


def heartbeats(parts: list[Part]) -> tuple[FloatArray, FloatArray]:
    """Return when straps felt each beat, in Unix seconds, and the heart rate then, (b,) each, in order.

    Args:
        parts: that have such messages; each begins with one that tells the time.
    """
    seconds, ticks, packed, rates = _columns(Table(_joined(parts), "hr", _FIELDS))
    tells_time = np.isfinite(seconds) & np.isfinite(ticks)
    # One row a message, one column a beat in it; `there` says which beats there are.
    there = np.zeros(rates.shape, bool)
    there[~tells_time & (packed != _MISSING).any(axis=1)] = True
    there[tells_time, 0] = True
    whole = np.full(rates.shape, np.nan)
    whole[tells_time, 0] = ticks[tells_time]
    beat_ticks = counted_on(whole[there], _unpacked(packed)[there], _BITS)
    told_by = np.maximum.accumulate(np.where(tells_time, np.arange(len(ticks)), 0))[np.nonzero(there)[0]]
    times = seconds[told_by] + (beat_ticks - ticks[told_by]) / _TICKS_PER_S
    known = np.isfinite(times) & (rates[there] > 0) & (rates[there] < _MISSING)
    times, beat_rates = times[known], rates[there][known]
    order = np.argsort(times, kind="stable")
    return times[order], beat_rates[order]


def _joined(parts: list[Part]) -> Part:
    """Return the beats of all parts as one part: a file has many, each with a few."""
    whole = Part(b"".join(part.data for part in parts))
    definitions: dict[bytes, Definition] = {}
    shift = 0
    for part in parts:
        for definition in part.of(HEART_BEATS):
            same = definitions.setdefault(definition.text, Definition(definition.text))
            same.walked += (definition.starts + shift).tolist()
        shift += len(part.data)
    whole.definitions += definitions.values()
    return whole


def _columns(table: Table) -> tuple[FloatArray, FloatArray, NDArray[np.uint8], FloatArray]:
    """Return the columns of the messages: second and tick of a single beat, packed ticks of eight, rates."""
    nothing = np.full(len(table), np.nan)
    fraction, ticks, rate = (table.columns.get(name, nothing) for name, _ in _FIELDS[1:])
    rates = table.bytes_of("filtered_bpm", _BEATS).astype(np.float64)
    alone = np.isfinite(ticks)
    rates[alone, 0] = rate[alone]
    seconds = table.times() + np.where(np.isnan(fraction), 0.0, fraction)
    return seconds, ticks, table.bytes_of("event_timestamp_12", _BEATS * _BITS // 8), rates


def only_heartbeats(part: Part) -> bool:
    """Whether a part has nothing that is asked for but beats: a Garmin chains such parts to a swim."""
    kinds = (d.message for d in part.definitions if d.count)
    return next(kinds, None) == HEART_BEATS and all(kind == HEART_BEATS for kind in kinds)


def heart_rate_at(times: FloatArray, beats: FloatArray, rates: FloatArray) -> FloatArray:
    """Return the heart rate at these moments, (n,), by the beat before each; NaN where that is long ago."""
    if not len(beats):
        return np.full(len(times), np.nan)
    last = np.searchsorted(beats, times, side="right") - 1
    with np.errstate(invalid="ignore"):
        fresh = (last >= 0) & (times - beats[last] <= _STALE_S)
    return np.where(fresh, rates[last], np.nan)


def _unpacked(packed: NDArray[np.uint8]) -> IntArray:
    """Return the (n, 8) 12-bit counts in (n, 12) bytes: two in every three bytes, low bits first."""
    first, middle, last = np.moveaxis(packed.reshape(len(packed), -1, 3).astype(np.int64), 2, 0)
    pairs = np.stack((first | (middle & 0x0F) << 8, middle >> 4 | last << 4), axis=2)
    return pairs.reshape(len(packed), -1)
