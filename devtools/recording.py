"""One recording as plain columns: what the writers turn into bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np

from miler.arrays import FloatArray, IntArray


class LapMark(NamedTuple):
    """A lap as the watch closed it; seconds from the start, metres by the watch's own count."""

    start_s: float
    elapsed_s: float
    timer_s: float
    distance_m: float | None
    trigger: str = "manual"


class Span(NamedTuple):
    """Seconds from the start during which the timer was stopped."""

    start_s: float
    end_s: float


@dataclass(frozen=True, eq=False)
class Recording:
    """Columns over all records, and what a watch says about them as a whole.

    Lists are accepted wherever an array is named; laps and pauses may be plain tuples.

    Attributes:
        start_time: aware UTC.
        time_s: (n,) seconds from the start.
        latitude_deg ... temperature_c: (n,) columns, NaN where a record has no value, None if none has.
        cadence_spm: steps a minute. FIT, TCX and GPX store strides a minute; the writers halve it.
        laps: in order of time; without any, the writers that need one write a single lap over everything.
        pauses: in order of time; the timer was stopped from `start_s` to `end_s`.
        manufacturer, product: FIT's numbers; 255 is "development": no real watch.
        utc_offset_s: the wearer's local time minus UTC; None leaves it out.
    """

    start_time: datetime
    time_s: FloatArray
    latitude_deg: FloatArray | None = None
    longitude_deg: FloatArray | None = None
    distance_m: FloatArray | None = None
    speed_mps: FloatArray | None = None
    altitude_m: FloatArray | None = None
    heart_rate_bpm: FloatArray | None = None
    cadence_spm: FloatArray | None = None
    power_w: FloatArray | None = None
    temperature_c: FloatArray | None = None
    laps: Sequence[LapMark] = ()
    pauses: Sequence[Span] = ()
    sport: str = "running"
    sub_sport: str = "generic"
    name: str = "Run"
    device: str = "miler simulator"
    manufacturer: int = 255
    product: int = 1
    utc_offset_s: int | None = None

    def __post_init__(self) -> None:
        """Make arrays of lists and named tuples of plain ones; refuse columns of unequal length."""
        if self.start_time.utcoffset() != timedelta(0):
            raise ValueError("start_time must be aware and UTC")
        for column in _COLUMNS:
            values = getattr(self, column)
            if values is None:
                continue
            array = np.asarray(values, dtype=np.float64)
            if array.shape != (len(self.time_s),):
                raise ValueError(f"{column} must hold {len(self.time_s)} values, not {array.shape}")
            object.__setattr__(self, column, array)
        object.__setattr__(self, "laps", tuple(LapMark(*lap) for lap in self.laps))
        object.__setattr__(self, "pauses", tuple(Span(*pause) for pause in self.pauses))

    def __len__(self) -> int:
        """Number of records."""
        return len(self.time_s)

    @property
    def elapsed_s(self) -> float:
        """Clock time from the start to the last thing recorded."""
        ends = [*self.time_s[-1:].tolist(), *(lap.start_s + lap.elapsed_s for lap in self.laps)]
        return float(max(ends, default=0.0))

    @property
    def timer_s(self) -> float:
        """Clock time minus pauses."""
        return self.elapsed_s - sum(pause.end_s - pause.start_s for pause in self.pauses)

    @property
    def total_distance_m(self) -> float | None:
        """The last distance the device counted; None without any."""
        if self.distance_m is None or not np.isfinite(self.distance_m).any():
            return None
        return float(self.distance_m[np.isfinite(self.distance_m)][-1])

    def laps_or_whole(self) -> Sequence[LapMark]:
        """Return the laps, or one over everything."""
        whole = LapMark(0.0, self.elapsed_s, self.timer_s, self.total_distance_m, "session_end")
        return self.laps or (whole,)

    def segments(self) -> list[IntArray]:
        """Return the indices of the records between pauses, one (k,) array for each stretch that has any."""
        resumed = np.array([pause.end_s for pause in self.pauses])
        number = np.searchsorted(resumed, self.time_s, side="right")
        return [np.flatnonzero(number == k) for k in np.unique(number)]

    def moment(self, time_s: float) -> datetime:
        """Return the clock time that lies `time_s` seconds from the start."""
        return self.start_time + timedelta(seconds=float(time_s))


_COLUMNS = tuple(f.name for f in fields(Recording) if str(f.type).startswith("FloatArray"))
