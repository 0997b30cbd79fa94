"""Points as texts → columns of numbers, for the formats that write them out.

A text is a number or it is not: nothing here asks the locale, and what is no number
becomes NaN and is counted.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType

import numpy as np

from miler.activity import STREAMS, Note, Pause
from miler.arrays import FloatArray, IntArray, distinct, every
from miler.formats.assemble import Raw

# Texts take twenty times the room of numbers; a block of points is converted, then forgotten.
_BLOCK = 8192
_REMEMBERED = 2**16
# Reads as NaN, and no file spells it so: a missing value is told from a bad one by this alone.
_MISSING = " +nan "

# A segment ends at a stop, and often at a lap; only a gap out of rhythm was a stop.
_SHORTEST_STOP_S = 3.0
_OUT_OF_RHYTHM = 2.5

# Garmin, Polar and Huawei count one leg, 55 to 106 a minute in real files; two legs give 120 and more.
_ONE_LEG_BELOW = 120.0

_MINUTE = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d):(\d\d):", re.ASCII)
_SECOND = re.compile(r"(\d\d(?:[.,]\d{1,18})?) ?(?:[Zz]|([+-])(\d\d):?(\d\d)?)?", re.ASCII)
_FARTHEST_ZONE_S = 14 * 3600
# GPSBabel writes 1901-12-13 (-2^31 s) where it has no time, .NET programs 0001-01-01.
_FIRST_YEAR, _LAST_YEAR = 1970, 2099

_NO_NAMES: Mapping[str, str] = MappingProxyType({})


class _Memo(dict[str, float]):
    """What a text says, worked out once: a minute of points shares all but the seconds."""

    def __init__(self, value: Callable[[str], float]) -> None:
        super().__init__()
        self._value = value

    def __missing__(self, text: str) -> float:
        if len(self) >= _REMEMBERED:
            self.clear()
        value = self[text] = self._value(text)
        return value


class Clock:
    """Reads the ISO 8601 times of one recording (xsd:dateTime; a decimal comma is let pass).

    Attributes:
        without_zone: whether a time came without a zone; it was read as UTC.
        utc_offset_s: the first offset from UTC that was not zero; None if there was none.
    """

    def __init__(self) -> None:
        self.without_zone = False
        self.utc_offset_s: float | None = None
        self._minutes = _Memo(unix_minute)
        self.seconds = _Memo(self.second)

    def unix_s(self, text: str) -> float:
        """Return Unix seconds, NaN for what is no time of the calendar."""
        text = text.strip()
        return self._minutes[text[:17]] + self.seconds[text[17:]]

    def column(self, texts: list[str]) -> FloatArray:
        """Return Unix seconds of (n,) texts, NaN where one is no time."""
        minutes, seconds = self._minutes, self.seconds
        return np.array([minutes[t[:17]] + seconds[t[17:]] for t in map(str.strip, texts)], np.float64)

    def second(self, text: str) -> float:
        """Return what follows the minute, `SS.fffZ`, in seconds of UTC; NaN for what is no second."""
        match = _SECOND.fullmatch(text)
        if match is None:
            return math.nan
        second = float(match[1].replace(",", "."))
        if match[2] is None:
            self.without_zone |= text[-1] not in "Zz"
            return second if second < 60 else math.nan
        offset_s = int(match[3]) * 3600 + int(match[4] or 0) * 60
        if second >= 60 or offset_s > _FARTHEST_ZONE_S or int(match[4] or 0) > 59:
            return math.nan
        if match[2] == "-":
            offset_s = -offset_s
        if offset_s and self.utc_offset_s is None:
            self.utc_offset_s = float(offset_s)
        return second - offset_s


def unix_minute(text: str) -> float:
    """Return Unix seconds of `2026-05-09T17:02:`, NaN for what is no minute of the calendar."""
    match = _MINUTE.fullmatch(text)
    if match is None:
        return math.nan
    hour, minute = int(match[2]), int(match[3])
    return _unix_day(match[1]) + hour * 3600 + minute * 60 if hour < 24 and minute < 60 else math.nan


@lru_cache(maxsize=64)
def _unix_day(text: str) -> float:
    """Return Unix seconds of `2026-05-09`; a recording has one or two days."""
    if not _FIRST_YEAR <= int(text[:4]) <= _LAST_YEAR:
        return math.nan
    try:
        return datetime.fromisoformat(f"{text}T00:00Z").timestamp()
    except ValueError:
        return math.nan


def number(text: str | None) -> float:
    """Read one decimal number; NaN for anything else that Python would let pass as one."""
    if text is None or "_" in text or not text.isascii():
        return math.nan
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def _numbers(texts: list[list[str]]) -> FloatArray:
    """Read (k, n) decimal numbers, NaN for what is none; a row at once where all of it is sound."""
    values = np.empty((len(texts), len(texts[0]) if texts else 0))
    for row, column in zip(values, texts, strict=True):
        whole = "".join(column)
        if whole.isascii() and "_" not in whole:
            try:
                row[:] = list(map(float, column))
                continue
            except ValueError:
                pass
        row[:] = [number(text) for text in column]
    values[np.isinf(values)] = np.nan
    return values


@dataclass(frozen=True)
class Run:
    """Consecutive points that are columns already, and sound in all their values.

    Attributes:
        times: (n,) Unix seconds, NaN for missing.
        keys: what the values are called in a row.
        values: (k, n), NaN for missing.
        utc_offset_s: the first offset of its clock from UTC that was not zero.
    """

    times: FloatArray
    keys: Sequence[str]
    values: FloatArray
    utc_offset_s: float | None


@dataclass(frozen=True)
class _Block:
    """Some points as columns: where they are among all, (n,) times, and (k, n) values of k streams."""

    places: slice | IntArray
    times: FloatArray
    streams: list[int]
    values: FloatArray


class Points:
    """The points of one recording, in the order of the file.

    Args:
        keys: where a stream's text is found in a row, if not under the stream's own name;
            the time is always under `time`.
    """

    def __init__(self, keys: Mapping[str, str] = _NO_NAMES) -> None:
        self.clock = Clock()
        self.breaks: list[int] = []
        self._streams = {keys.get(stream, stream): i for i, stream in enumerate(STREAMS)}
        self._count = 0
        self._rows: list[dict[str, str]] = []
        self._places: list[int] = []
        self._blocks: list[_Block] = []
        self._bad: Counter[str] = Counter()

    def __len__(self) -> int:
        """Number of points so far."""
        return self._count

    def add(self, row: dict[str, str]) -> None:
        """Take a point: texts by stream name, and `time`."""
        self._rows.append(row)
        self._places.append(self._count)
        self._count += 1
        if len(self._rows) == _BLOCK:
            self._convert()

    def add_run(self, run: Run) -> None:
        """Take points that are columns already."""
        if run.utc_offset_s is not None and self.clock.utc_offset_s is None:
            self._convert()  # perhaps an earlier point has an offset
            self.clock.utc_offset_s = self.clock.utc_offset_s or run.utc_offset_s
        end = self._count + len(run.times)
        streams = [self._streams[key] for key in run.keys]
        self._blocks.append(_Block(slice(self._count, end), run.times, streams, run.values))
        self._count = end

    def begin_segment(self) -> None:
        """Remember that the format begins a new segment before the next point."""
        self.breaks.append(len(self))

    def raw(self, sport: str, sub_sport: str | None = None) -> Raw:
        """Return all columns, with the pauses between segments and notes on what was odd."""
        times, streams = self._columns()
        if sport == "running" and "cadence" in streams:
            streams["cadence"] = _steps(streams["cadence"])
        return Raw(
            times=times,
            streams=streams,
            sport=sport,
            sub_sport=sub_sport,
            pauses=_pauses(times, np.array(self.breaks, np.int64)),
            utc_offset_s=self.clock.utc_offset_s,
            notes=self._notes(),
        )

    def _convert(self) -> None:
        """Turn the rows at hand into a block of columns."""
        rows, self._rows = self._rows, []
        places, self._places = np.array(self._places, np.int64), []
        times = self.clock.column([row.get("time", "") for row in rows])
        present = set().union(*rows)
        keys = [key for key in self._streams if key in present]
        texts = [[row.get(key, _MISSING) for row in rows] for key in keys]
        values = _numbers(texts)
        for key, bad, column in zip(keys, np.isnan(values).sum(axis=1).tolist(), texts, strict=True):
            self._bad[key] += bad - column.count(_MISSING)
        self._blocks.append(_Block(places, times, [self._streams[key] for key in keys], values))

    def _columns(self) -> tuple[FloatArray, dict[str, FloatArray]]:
        """Put the blocks together; a stream that a block does not have is NaN there."""
        if self._rows:
            self._convert()
        times = np.empty(self._count)
        table = np.full((len(STREAMS), self._count), np.nan)
        for block in self._blocks:
            times[block.places] = block.times
            for i, column in zip(block.streams, block.values, strict=True):
                table[i, block.places] = column
        there = np.isfinite(table).any(axis=1).tolist()
        return times, {
            stream: column for stream, column, is_there in zip(STREAMS, table, there, strict=True) if is_there
        }

    def _notes(self) -> list[Note]:
        notes = [
            Note(
                "bad_value",
                "damage",
                f"{stream.replace('_', ' ')} is not a number in {count} of {len(self)} points",
            )
            for stream, key in zip(STREAMS, self._streams, strict=True)
            if (count := self._bad[key])
        ]
        if self.clock.without_zone:
            notes.append(Note("no_zone", "finding", "times are given without a zone; they were read as UTC"))
        return notes


def _steps(cadence: FloatArray) -> FloatArray:
    """Return steps a minute from a runner's (n,) cadence, doubled where one leg was counted.

    The file does not say which; half of the moving points below 120 says one leg, for
    no run has so few steps, and nobody's one leg so many.
    """
    moving = cadence[cadence > 0]
    one_leg = len(moving) > 0 and _median(moving) < _ONE_LEG_BELOW
    return cadence * 2 if one_leg else cadence


def _median(values: FloatArray) -> float:
    """Return the middle of (n,) values, the upper one of two; n is not 0."""
    return float(np.partition(values, len(values) // 2)[len(values) // 2])


def _pauses(times: FloatArray, breaks: IntArray) -> list[Pause]:
    """Return the stops of the recorder: breaks between segments that are out of rhythm.

    Args:
        times: (n,) Unix seconds, NaN allowed.
        breaks: (k,) indices of the points that begin a segment.
    """
    if not breaks.any():  # one segment
        return []
    known = np.isfinite(times)
    moments = times[known]
    # Among the points that have a time.
    at = breaks if len(moments) == len(times) else np.concatenate(([0], np.cumsum(known)))[breaks]
    at = at[(at > 0) & (at < len(moments))]
    steps = np.diff(moments)
    if every(steps[at - 1] <= _SHORTEST_STOP_S):  # laps, as a rule
        return []
    at = distinct(at)
    within = np.delete(steps, at - 1)
    within = within[within > 0]
    rhythm_s = _median(within) if len(within) else 0.0
    stops = at[steps[at - 1] > max(_SHORTEST_STOP_S, _OUT_OF_RHYTHM * rhythm_s)]
    return [Pause(float(moments[i - 1]), float(moments[i])) for i in stops]


# Strava's GPX numbers its sports; the words are those of Garmin, Strava, OpenTracks and TCX.
_SPORTS: dict[str, tuple[str, str | None]] = {
    "": ("unknown", None),
    **dict.fromkeys(("run", "running", "9"), ("running", None)),
    **dict.fromkeys(("trail run", "trail running"), ("running", "trail")),
    **dict.fromkeys(("track run", "track running"), ("running", "track")),
    **dict.fromkeys(("treadmill", "treadmill running"), ("running", "treadmill")),
    **dict.fromkeys(("walk", "walking", "10"), ("walking", None)),
    **dict.fromkeys(("hike", "hiking", "4"), ("hiking", None)),
    **dict.fromkeys(("bike", "biking", "cycling", "ride", "1"), ("cycling", None)),
    **dict.fromkeys(("road biking", "road cycling"), ("cycling", "road")),
    **dict.fromkeys(("mountain biking", "mountain bike"), ("cycling", "mountain")),
    **dict.fromkeys(("swim", "swimming", "16"), ("swimming", None)),
}


def sport_of(text: str | None) -> tuple[str, str | None]:
    """Return sport and sub-sport in FIT's words; an unknown word as it is, in lower case."""
    words = (text or "").lower().replace("_", " ").replace("-", " ").split()
    known = _SPORTS.get(" ".join(words))
    return known if known is not None else ((text or "").strip().lower(), None)


def title(text: str | None) -> str | None:
    """Return a name on one line; None if there is none."""
    return " ".join((text or "").split()) or None
