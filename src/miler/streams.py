"""What a stream says of a span of time: averages by time, climb and fall."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from miler.activity import Activity
from miler.arrays import FloatArray, added_up, increments, writable
from miler.once import once

_LONGEST_HOLD_S = 30.0  # a value holds no longer than this when the next is missing
_SMOOTH_S = 15.0  # shorter rises and falls are the sensor's, not the hill's


@dataclass(frozen=True, eq=False)
class Level:
    """One stream added up over time: each value holds until the next, for 30 s at most.

    Attributes:
        times, values: (k,) the records that have a value.
        hold: (k,) seconds that each holds.
        covered, area: (k,) seconds covered before each, and values times seconds.
    """

    times: FloatArray
    values: FloatArray
    hold: FloatArray
    covered: FloatArray
    area: FloatArray

    @classmethod
    def of(cls, activity: Activity, name: str) -> Level:
        """Add up the stream; one without any value is empty."""
        times, values = activity.known(name)
        hold = np.append(np.minimum(increments(times), _LONGEST_HOLD_S), _LONGEST_HOLD_S)[: len(times)]
        covered, area = (added_up(column)[:-1] for column in (hold, hold * values))
        return cls(times, values, hold, covered, area)

    def average(self, starts_s: FloatArray, ends_s: FloatArray) -> list[float | None]:
        """Average by time over each span, (b,) to (b,) seconds; None where less than half is covered."""
        if not len(self.times):
            return [None] * len(starts_s)
        bounds_s = np.concatenate((starts_s, ends_s))
        last = np.maximum(self.times.searchsorted(bounds_s, "right") - 1, 0)
        part = np.minimum(np.maximum(bounds_s - self.times[last], 0.0), self.hold[last])
        seconds = _each_span(self.covered[last] + part)
        sums = _each_span(self.area[last] + part * self.values[last])
        enough = seconds > np.maximum((ends_s - starts_s) / 2, 1e-9)
        columns = zip(sums.tolist(), seconds.tolist(), enough.tolist(), strict=True)
        return [s / t if ok else None for s, t, ok in columns]


def _each_span(total: FloatArray) -> FloatArray:
    """What came in each of (b,) spans, of a (2b,) total by the beginning and then by the end of each."""
    return total[len(total) // 2 :] - total[: len(total) // 2]


@dataclass(frozen=True, eq=False)
class Terrain:
    """Rise and fall of the altitude: (k,) seconds, and metres risen by then, and of smoothed altitude."""

    times: FloatArray
    risen_m: FloatArray
    height_m: FloatArray

    @classmethod
    def of(cls, activity: Activity) -> Terrain:
        """Smooth the altitude over 15 s by time and add up its rises."""
        times, altitude = activity.known("altitude")
        if len(times) < 2:
            return cls(np.empty(0), np.empty(0), np.empty(0))
        area = added_up(increments(times) * (altitude[1:] + altitude[:-1]) / 2)
        left = np.maximum(times - _SMOOTH_S / 2, times[0])
        right = np.minimum(times + _SMOOTH_S / 2, times[-1])
        smooth = (np.interp(right, times, area) - np.interp(left, times, area)) / (right - left)
        return cls(writable(times), added_up(np.maximum(increments(smooth), 0)), smooth)

    def climb_and_fall_m(
        self, starts_s: FloatArray, ends_s: FloatArray
    ) -> tuple[list[float | None], list[float | None]]:
        """Metres risen and metres fallen in each of (b,) spans; None without altitude."""
        if not len(self.times):
            return [None] * len(starts_s), [None] * len(starts_s)
        at_s = np.concatenate((starts_s, ends_s))
        climb, rise = (_each_span(np.interp(at_s, self.times, m)) for m in (self.risen_m, self.height_m))
        return climb.tolist(), np.maximum(climb - rise, 0.0).tolist()


@dataclass(frozen=True, eq=False)
class Levels:
    """What splits tell of an activity beside length and time."""

    heart_rate: Level
    cadence: Level
    terrain: Terrain


@once
def levels(activity: Activity) -> Levels:
    """Return the streams of an activity, added up once: an analysis cuts it into splits many times over."""
    heart_rate, cadence = (Level.of(activity, name) for name in ("heart_rate", "cadence"))
    return Levels(heart_rate, cadence, Terrain.of(activity))
