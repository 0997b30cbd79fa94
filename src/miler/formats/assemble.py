"""Columns as a file holds them → an `Activity` that keeps its promises.

Every reader ends here: records are put in order of time, records of one second
are merged, impossible values become NaN, and times become seconds from the start.
What that changed is said in notes.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

import numpy as np

from miler.activity import Activity, Lap, Note, Pause, Session, Source
from miler.arrays import BoolArray, FloatArray, IntArray, every, median, rises
from miler.geodesy import metres_between
from miler.timezone import name_of_offset, zone_at

# Before 1995 no watch recorded: such times count from when the device was switched on.
_FIRST_DATE_S = 788_918_400.0
_LATEST_S = 4_102_444_800.0  # 2100
# The longest runs last days; a record months from the others carries a broken time.
_FARTHEST_S = 45 * 86_400.0
# A session may begin before its first record (no fix yet), hardly a day before.
_LONGEST_WAIT_S = 86_400.0

_LIMITS: dict[str, tuple[float, float]] = {
    "latitude": (-90.0, 90.0),
    "longitude": (-180.0, 180.0),
    "altitude": (-500.0, 20_000.0),
    "distance": (0.0, 1e7),
    "speed": (0.0, 400.0),
    "heart_rate": (0.0, 255.0),
    "cadence": (0.0, 500.0),
    "power": (0.0, 10_000.0),
    "temperature": (-90.0, 100.0),
}

# Unix seconds as floats are 2.4e-7 s apart: finer than this, a difference of two is only rounding.
_TIME_DIGITS = 6
# Seconds from the start are whole ticks of a power of two, just below a microsecond: then their sums and
# differences are exact, and four seconds are not more than four, whenever they are run.
_TICKS_PER_S = 2**20

# More records than this share may well be out of order, written in blocks; fewer may have a wrong clock.
_FEW_SHARE, _FEW = 0.02, 5
_MISPLACED = 0.5

_FINITE = (-sys.float_info.max, sys.float_info.max)

_Timed = TypeVar("_Timed", Lap, Pause, Session)


@dataclass
class Raw:
    """What a reader found, in the order of the file; all times in Unix seconds.

    Attributes:
        times: (n,) Unix seconds, NaN where a record has none.
        streams: name to (n,) column; names and units of `miler.activity.STREAMS`, NaN for missing.
        start: when the recording began, where the file says so apart from its records.
        laps, pauses, sessions: their `start_s` and `end_s` are Unix seconds here.
        utc_offset_s: the wearer's local time minus UTC, where the file says.
    """

    times: FloatArray
    streams: dict[str, FloatArray]
    start: float | None = None
    sport: str = "unknown"
    sub_sport: str | None = None
    laps: list[Lap] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    timer_events: bool = False
    device: str | None = None
    name: str | None = None
    utc_offset_s: float | None = None
    notes: list[Note] = field(default_factory=list)


def assemble(raw: Raw, source: Source | None = None) -> Activity:
    """Put a reader's columns in order and make an `Activity` of them; the columns are the activity's then."""
    notes = list(raw.notes)
    times, streams = _sound_times(raw, notes)
    streams = _sound_values(streams, notes)
    _drop_null_island(streams, notes)
    start = _start(raw, times)
    return Activity(
        start_time=datetime.fromtimestamp(start, UTC) if start >= _FIRST_DATE_S else None,
        elapsed=_on_ticks(times - start),
        streams=streams,
        sport=raw.sport,
        sub_sport=raw.sub_sport,
        laps=_laps(_near(raw.laps, start, notes), start),
        pauses=_pauses(_near(raw.pauses, start, notes), start),
        sessions=_sessions(_near(raw.sessions, start, notes), start),
        timer_events=raw.timer_events,
        device=raw.device,
        name=raw.name,
        time_zone=_zone(raw, streams, start),
        notes=tuple(notes),
        source=source or Source(),
    )


def _sound_times(raw: Raw, notes: list[Note]) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Keep records with a possible time, in order, one for each microsecond."""
    times, streams = raw.times, raw.streams
    if not every(times[1:] >= times[:-1]) or not _possible(times):
        times, streams = _put_in_order(times, streams, notes)
    times = _to_the_microsecond(times)
    if rises(times):
        return times, streams
    return _merge_repeats(times, streams, notes)


def _to_the_microsecond(times: FloatArray) -> FloatArray:
    """Round (n,) seconds."""
    return times if _are_whole(times) else np.round(times, _TIME_DIGITS)


def _on_ticks(seconds: FloatArray) -> FloatArray:
    """Take the nearest tick to each of (n,) seconds, once they are rounded."""
    if _are_whole(seconds):
        return seconds
    ticks: FloatArray = np.rint(np.round(seconds, _TIME_DIGITS) * _TICKS_PER_S) / _TICKS_PER_S
    return ticks


def _are_whole(seconds: FloatArray) -> bool:
    """Whether (n,) seconds have no fraction, as most watches record: a tenth of the cost of rounding."""
    return every(np.rint(seconds) == seconds)


def _possible(times: FloatArray) -> bool:
    """Whether times in order could all be those of one activity; not if they are missing."""
    if not len(times):
        return True
    first, last = float(times[0]), float(times[-1])
    return first >= 0 and last <= _LATEST_S and last - first <= _FARTHEST_S


def _put_in_order(
    times: FloatArray, streams: dict[str, FloatArray], notes: list[Note]
) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Leave out records without a possible time or with another's, and sort the others; say both."""
    with np.errstate(invalid="ignore"):
        known = (times >= 0) & (times <= _LATEST_S)
        if known.any():
            known &= np.abs(times - median(times[known])) <= _FARTHEST_S
    if not known.all():
        lost = int((~known).sum())
        notes.append(Note("no_time", "damage", f"records left out for want of a possible time: {lost}"))
        times, streams = times[known], {k: v[known] for k, v in streams.items()}
    steps = np.diff(times)
    back = int((steps < 0).sum())
    if back:
        went_back = f"the clock went back by up to {-float(steps.min()):g} s ({back} ×)"
        order = np.argsort(times, kind="stable")
        wrong = _wrongly_timed(times, streams)
        if wrong.any() and _way_m(streams, slice(None)) < _way_m(streams, order):
            text = f"{went_back}; records left out for a time that is not theirs: {int(wrong.sum())}"
            notes.append(Note("time_backwards", "damage", text))
            order = order[~wrong[order]]
        else:
            notes.append(Note("time_backwards", "finding", f"{went_back}; records are put in order"))
        times, streams = times[order], {k: v[order] for k, v in streams.items()}
    return times, streams


def _wrongly_timed(times: FloatArray, streams: dict[str, FloatArray]) -> BoolArray:
    """Which few of (n,) seconds run ahead of all others after them, or behind all before; none if many do."""
    ahead = times > np.minimum.accumulate(times[::-1])[::-1]
    behind = times < np.maximum.accumulate(times)
    most = min(max(_FEW, _FEW_SHARE * len(times)), len(times) / 4)
    few = [_with_neighbours(times, streams, w) for w in (ahead, behind) if np.count_nonzero(w) <= most]
    wrong, _ = min(
        few, key=lambda found: (np.count_nonzero(found[0]), found[1]), default=(ahead & False, 0.0)
    )
    return wrong


def _with_neighbours(
    times: FloatArray, streams: dict[str, FloatArray], wrong: BoolArray
) -> tuple[BoolArray, float]:
    """Take in what lies beside records with a wrong time (n,) and has one too; return what remains misplaced.

    Of a few records with another's clock those that do not pass the next sound one are in order all the
    same: their moment is near the one neighbour's, their place near the other's.
    """
    off: list[float] = []
    for _ in range(_FEW):
        kept = np.flatnonzero(~wrong)
        before = np.flatnonzero(np.diff(kept) > 1)[:_FEW]
        beside = [k for k in (*before.tolist(), *(before + 1).tolist()) if 0 < k < len(kept) - 1]
        off = [_misplaced(times, streams, kept[k - 1 : k + 2]) for k in beside]
        if max(off, default=0.0) < _MISPLACED:
            break
        wrong[kept[beside[int(np.argmax(off))]]] = True
    return wrong, max(off, default=0.0)


def _misplaced(times: FloatArray, streams: dict[str, FloatArray], three: IntArray) -> float:
    """By what share of the way the middle one of three records lies off where its moment puts it."""
    way_m, took_s = _way_m(streams, three), float(times[three[2]] - times[three[0]])
    if not way_m > 0 or took_s <= 0:
        return 0.0
    return abs(_way_m(streams, three[:2]) / way_m - float(times[three[1]] - times[three[0]]) / took_s)


def _way_m(streams: dict[str, FloatArray], order: IntArray | slice) -> float:
    """How far one goes, back and forth, by the distance and by the fixes of records taken in an order."""
    way_m = 0.0
    if "distance" in streams:
        distance = streams["distance"][order]
        way_m += float(np.abs(np.diff(distance[_inside("distance", distance)])).sum())
    if {"latitude", "longitude"} <= streams.keys():
        latitude, longitude = streams["latitude"][order], streams["longitude"][order]
        known = _inside("latitude", latitude) & _inside("longitude", longitude)
        latitude, longitude = latitude[known], longitude[known]
        way_m += float(metres_between(latitude[:-1], longitude[:-1], latitude[1:], longitude[1:]).sum())
    return way_m


def _merge_repeats(
    times: FloatArray, streams: dict[str, FloatArray], notes: list[Note]
) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Make one record of those with the same time: the last value of each stream wins."""
    firsts = np.flatnonzero(np.concatenate(([True], times[1:] > times[:-1])))
    lasts = np.append(firsts[1:], len(times)) - 1
    # Most moments have one record; only the others are worth a closer look.
    repeated = np.flatnonzero(lasts > firsts)
    counts = (lasts - firsts)[repeated] + 1
    group = np.repeat(np.arange(len(repeated)), counts)
    rows = np.repeat(lasts[repeated] + 1 - np.cumsum(counts), counts) + np.arange(len(group))
    merged: dict[str, FloatArray] = {}
    differ = False
    for name, column in streams.items():
        values = column[rows]
        there = np.isfinite(values)
        kept = np.full(len(repeated), np.nan)
        kept[group[there]] = values[there]  # numpy assigns in order: the last one stays
        differ = differ or bool((values != kept[group])[there].any())
        merged[name] = column[lasts]
        merged[name][repeated] = kept
    if differ:
        text = (
            f"records with the time of the one before: {len(times) - len(firsts)}; the later values were kept"
        )
        notes.append(Note("time_repeated", "finding", text))
    return times[firsts], merged


def _inside(name: str, column: FloatArray) -> BoolArray:
    """Which values (n,) of a stream can be; not NaN."""
    low, high = _LIMITS[name]
    with np.errstate(invalid="ignore"):
        can_be: BoolArray = (column >= low) & (column <= high)
    return can_be


def _sound_values(streams: dict[str, FloatArray], notes: list[Note]) -> dict[str, FloatArray]:
    """Replace what cannot be by NaN, say how many, and leave out streams without any value."""
    sound: dict[str, FloatArray] = {}
    for name, column in streams.items():
        low, high = _LIMITS.get(name, _FINITE)
        least, most = _least_and_most(column)
        if least < low or most > high:
            column = _possible_values(name, column, low, high, notes)
            least, most = _least_and_most(column)
        if least == 0 and name == "heart_rate":  # a strap that lost contact reports 0
            column = np.where(column == 0, np.nan, column)
            least, most = _least_and_most(column)
        if least <= most:  # not where all are NaN
            sound[name] = column
    return sound


def _least_and_most(column: FloatArray) -> tuple[float, float]:
    """Return the ends of (n,) values; NaN if there are none."""
    if not len(column):
        return np.nan, np.nan
    # These stop at a NaN; where there is none, as in most columns, they take a quarter of the time.
    least, most = float(column[column.argmin()]), float(column[column.argmax()])
    return (least, most) if least <= most else (float(np.fmin.reduce(column)), float(np.fmax.reduce(column)))


def _possible_values(name: str, column: FloatArray, low: float, high: float, notes: list[Note]) -> FloatArray:
    with np.errstate(invalid="ignore"):
        wrong = (column < low) | (column > high)
    text = f"impossible values of {name.replace('_', ' ')} left out: {int(wrong.sum())}"
    notes.append(Note("impossible_value", "damage", text))
    return np.where(wrong, np.nan, column)


def _drop_null_island(streams: dict[str, FloatArray], notes: list[Note]) -> None:
    """Treat fixes at exactly 0°, 0° as missing, and half fixes as none."""
    if "latitude" not in streams or "longitude" not in streams:
        streams.pop("latitude", None)
        streams.pop("longitude", None)
        return
    latitude, longitude = streams["latitude"], streams["longitude"]
    null: BoolArray = (latitude == 0) & (longitude == 0)
    nulls = int(np.count_nonzero(null))
    if nulls:
        notes.append(Note("null_fix", "finding", f"fixes at 0°, 0° left out: {nulls}"))
    half = np.isnan(latitude) != np.isnan(longitude)
    if nulls or np.count_nonzero(half):
        gone = null | half
        for name in ("latitude", "longitude"):
            streams[name] = np.where(gone, np.nan, streams[name])
            if np.isnan(streams[name]).all():
                del streams[name]


def _start(raw: Raw, times: FloatArray) -> float:
    """Return the moment that counts as 0 s: the file's own start where it fits the records."""
    told = [
        t for t in (raw.start, *(s.start_s for s in raw.sessions), *(lap.start_s for lap in raw.laps)) if t
    ]
    if not len(times):
        return round(float(min(told, default=0.0)), _TIME_DIGITS)
    first = float(times[0])
    start = min([t for t in told if 0 <= first - t <= _LONGEST_WAIT_S], default=first)
    return round(float(start), _TIME_DIGITS)


def _since(start: float, moment: float) -> float:
    """Return the seconds from the start to a moment, 0 for one before it."""
    seconds = round(moment - start, _TIME_DIGITS)
    return max(0.0, round(seconds * _TICKS_PER_S) / _TICKS_PER_S)


def _near(spans: list[_Timed], start: float, notes: list[Note]) -> list[_Timed]:
    """Leave out what begins weeks after the start: such a time would make the activity as long."""
    near = [span for span in spans if span.start_s - start <= _FARTHEST_S]
    if len(near) < len(spans):
        kind = type(spans[0]).__name__.lower()
        text = f"{kind}s left out for want of a possible time: {len(spans) - len(near)}"
        notes.append(Note(f"bad_{kind}", "damage", text))
    return near


def _laps(laps: list[Lap], start: float) -> tuple[Lap, ...]:
    ordered = sorted(laps, key=lambda lap: lap.start_s)
    return tuple(
        Lap(i, lap.trigger, _since(start, lap.start_s), lap.elapsed_s, lap.timer_s, lap.distance_m)
        for i, lap in enumerate(ordered, start=1)
    )


def _pauses(pauses: list[Pause], start: float) -> tuple[Pause, ...]:
    """Count pauses from the start, and join those that touch or overlap."""
    joined: list[Pause] = []
    for pause in sorted(pauses, key=lambda pause: pause.start_s):
        start_s, end_s = _since(start, pause.start_s), _since(start, pause.end_s)
        if joined and start_s <= joined[-1].end_s:
            joined[-1] = Pause(joined[-1].start_s, max(joined[-1].end_s, end_s))
        elif pause.end_s > pause.start_s:
            joined.append(Pause(start_s, end_s))
    return tuple(joined)


def _sessions(sessions: list[Session], start: float) -> tuple[Session, ...]:
    moved = [replace(s, start_s=_since(start, s.start_s), end_s=_since(start, s.end_s)) for s in sessions]
    return tuple(sorted(moved, key=lambda session: session.start_s))


def _zone(raw: Raw, streams: dict[str, FloatArray], start: float) -> str | None:
    """Return the place's zone; the file's own local time where there is no fix or the two disagree."""
    place = None
    if "latitude" in streams:
        at = int(np.isfinite(streams["latitude"]).argmax())
        place = zone_at(float(streams["latitude"][at]), float(streams["longitude"][at]))
    if raw.utc_offset_s is None:
        return place
    return name_of_offset(raw.utc_offset_s, place, start)
