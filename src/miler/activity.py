"""What one recording holds, in SI units and numpy columns.

Readers build an `Activity`; everything later relies on what its constructor has
checked. Raw is kept apart from derived: no distance is computed here, no pause
inferred, nothing smoothed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, reduce
from types import MappingProxyType
from typing import Literal

import numpy as np

from miler.arrays import FloatArray, every, frozen, rises
from miler.errors import ActivityError, MissingStream
from miler.frames import LAP_COLUMNS, Columns, Tabled, columns_of, moments_of
from miler.notebook import facts
from miler.timezone import zone
from miler.units import format_duration, format_start

_SHOWN_NOTES = 4


@dataclass(frozen=True)
class StreamKind:
    """One column over all records: its unit, and what it means."""

    unit: str
    meaning: str


STREAMS: Mapping[str, StreamKind] = MappingProxyType(
    {
        "latitude": StreamKind("deg", "WGS-84 latitude of the fix"),
        "longitude": StreamKind("deg", "WGS-84 longitude of the fix"),
        "distance": StreamKind("m", "distance since the start, as the device counted it"),
        "speed": StreamKind("m/s", "speed as the device filtered it"),
        "altitude": StreamKind("m", "altitude, the device's best (enhanced where there are two)"),
        "heart_rate": StreamKind("bpm", "heart rate"),
        "cadence": StreamKind("spm", "steps a minute when running, else revolutions a minute"),
        "power": StreamKind("W", "power"),
        "temperature": StreamKind("degC", "temperature at the sensor"),
        "vertical_oscillation": StreamKind("m", "rise and fall of the trunk at each step"),
        "ground_contact_time": StreamKind("s", "time of a foot on the ground"),
        "stride_length": StreamKind("m", "length of one step, as the device reports it"),
    }
)

# A unit as a name may end with it.
_SUFFIXES = {
    "deg": "deg", "m": "m", "m/s": "mps", "bpm": "bpm", "spm": "spm", "W": "w", "degC": "degc", "s": "s",
}  # fmt: skip


@dataclass(frozen=True)
class Note:
    """Something odd but survivable, kept with the activity.

    `damage`: the file breaks its own format, or something had to be dropped or
    repaired. `finding`: a fact about the recording that a reader should know.
    `at_s` is seconds from the start, None where the note has no moment.
    """

    code: str
    kind: Literal["damage", "finding"]
    message: str
    at_s: float | None = None


@dataclass(frozen=True)
class Lap:
    """What the watch marked, by button or by itself.

    `start_s` counts from the start of the activity; `elapsed_s` is clock time,
    `timer_s` leaves pauses out; None where the file does not say.
    """

    index: int
    trigger: str | None
    start_s: float
    elapsed_s: float
    timer_s: float | None
    distance_m: float | None


@dataclass(frozen=True)
class Pause:
    """The timer was stopped from `start_s` to `end_s`, seconds from the start."""

    start_s: float
    end_s: float


@dataclass(frozen=True)
class Session:
    """One sport within an activity; times in seconds from the start."""

    sport: str
    sub_sport: str | None
    start_s: float
    end_s: float
    timer_s: float | None = None
    distance_m: float | None = None


@dataclass(frozen=True)
class Source:
    """Where an activity came from; `part` counts from 1 where a file holds several."""

    name: str = ""
    format: str = ""
    bytes: int = 0
    sha256: str = ""
    part: int | None = None


@dataclass(frozen=True, eq=False)
class Activity(Tabled):
    """One recording.

    Promises, checked at construction: `elapsed` is (n,) float64, finite, strictly
    increasing, seconds from `start_time`; every stream has shape (n,), float64, NaN
    for missing; arrays are read-only; laps, pauses and sessions are ordered.

    Attributes:
        start_time: aware UTC; None if the file knows no date.
        elapsed: (n,) seconds from the start; n may be 0 (laps only).
        streams: name to (n,) column, names and units as in `STREAMS`; empty columns are left out.
        sport: the field's word in lower case ("running"), "unknown" where the file does not say.
        timer_events: True if the file says when the timer stopped; only then is a gap never a pause.
        time_zone: IANA name, or "UTC+02:00" from the file's own local time; None if unknown.
    """

    start_time: datetime | None
    elapsed: FloatArray
    streams: Mapping[str, FloatArray]
    sport: str = "unknown"
    sub_sport: str | None = None
    laps: tuple[Lap, ...] = ()
    pauses: tuple[Pause, ...] = ()
    sessions: tuple[Session, ...] = ()
    timer_events: bool = False
    device: str | None = None
    name: str | None = None
    time_zone: str | None = None
    notes: tuple[Note, ...] = ()
    source: Source = field(default_factory=Source)

    def __post_init__(self) -> None:
        """Check every promise once, and freeze the arrays.

        Raises:
            ActivityError: for the first one that is not kept.
        """
        n = len(self.elapsed)
        if self.elapsed.shape != (n,) or not every(np.isfinite(self.elapsed)):
            raise ActivityError("elapsed times must be one finite column")
        if not rises(self.elapsed):
            raise ActivityError("elapsed times must strictly increase")
        if self.start_time is not None and self.start_time.utcoffset() != timedelta(0):
            raise ActivityError("start_time must be aware and UTC")
        for name, column in self.streams.items():
            if name not in STREAMS:
                raise ActivityError(f"unknown stream {name!r}; known are {', '.join(STREAMS)}")
            if column.shape != (n,) or column.dtype != np.float64:
                raise ActivityError(f"stream {name!r} must be {n} float64 values")
            column.setflags(write=False)
        self.elapsed.setflags(write=False)
        for spans in (self.laps, self.pauses, self.sessions):
            starts = [span.start_s for span in spans]
            if starts != sorted(starts):
                raise ActivityError("laps, pauses and sessions must be in order of time")
        object.__setattr__(self, "streams", MappingProxyType(dict(self.streams)))

    def __len__(self) -> int:
        """Number of records."""
        return len(self.elapsed)

    def __contains__(self, name: str) -> bool:
        """Whether the stream is there, with at least one value."""
        return name in self.streams

    def __getitem__(self, name: str) -> FloatArray:
        """Return the stream's (n,) column.

        Raises:
            MissingStream: if the recording has none; the message lists those it has.
        """
        try:
            return self.streams[name]
        except KeyError:
            have = ", ".join(self.streams) or "none"
            raise MissingStream(f"no stream {name!r} in this activity; it has {have}") from None

    def get(self, name: str) -> FloatArray:
        """Return the stream's (n,) column, all NaN if the recording has none."""
        column = self.streams.get(name)
        return np.full(len(self), np.nan) if column is None else column

    def known(self, name: str, *others: str) -> tuple[FloatArray, ...]:
        """Return when a stream and others all have values, (k,) seconds, and these, (k,) each; k may be 0."""
        names = (name, *others)
        if names not in self._known:
            columns = [self.elapsed, *map(self.get, names)]
            have = reduce(np.logical_and, map(np.isfinite, columns[1:]))
            self._known[names] = tuple(
                columns if every(have) else [frozen(column[have]) for column in columns]
            )
        return self._known[names]

    @cached_property
    def _known(self) -> dict[tuple[str, ...], tuple[FloatArray, ...]]:
        """What was asked for, which is little and often the same."""
        return {}

    @property
    def elapsed_s(self) -> float:
        """Clock time from the start to the last thing recorded, in seconds."""
        ends = [float(self.elapsed[-1])] if len(self) else [0.0]
        ends += [s.end_s for s in self.sessions]
        if not self.sessions:
            ends += [lap.start_s + lap.elapsed_s for lap in self.laps]
        return max(ends)

    def __repr__(self) -> str:
        """Sport, start, length: `<Activity running 2026-05-09 17:02 UTC, 31:04 elapsed, 1864 records>`."""
        when = f"{self.start_time:%Y-%m-%d %H:%M} UTC" if self.start_time else "no date"
        took = format_duration(self.elapsed_s, 0)
        return f"<Activity {self.sport} {when}, {took} elapsed, {len(self)} records>"

    def _repr_html_(self) -> str:
        """What a notebook shows: what it is, when and how long, which streams, laps and notes."""
        rows = [
            ("start", format_start(self.start_time, zone(self.time_zone), self.time_zone)),
            ("device", self.device or "not said"),
            ("elapsed", format_duration(self.elapsed_s, 0)),
            ("records", f"{len(self)}: {', '.join(self.streams) or 'none'}".replace("_", " ")),
            ("laps, pauses", f"{len(self.laps)}, {len(self.pauses)}"),
            *((note.kind, note.message) for note in self.notes[:_SHOWN_NOTES]),
        ]
        if len(self.notes) > _SHOWN_NOTES:
            rows.append(("", f"and {len(self.notes) - _SHOWN_NOTES} more notes"))
        return facts(f"{self.name or self.source.name or 'Activity'} ({self.sport})", rows)

    def tables(self) -> dict[str, Columns]:
        """Return the records, and the watch's laps.

        Records have `time` (UTC, if known), `elapsed_s`, and the streams, called as in `STREAMS` with
        their unit behind it: `heart_rate_bpm`, `speed_mps`.
        """
        time = {} if self.start_time is None else {"time": moments_of(self.start_time, self.elapsed)}
        streams = {f"{n}_{_SUFFIXES[STREAMS[n].unit]}": column for n, column in self.streams.items()}
        return {
            "records": {**time, "elapsed_s": self.elapsed, **streams},
            "laps": columns_of(self.laps, LAP_COLUMNS),
        }
