"""What a stream says of a span of time: averages by time, climb and fall."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from miler.activity import Activity
from miler.arrays import FloatArray

_LONGEST_HOLD_S = 30.0  # a value holds no longer than this when the next is missing
_SMOOTH_S = 15.0  # shorter rises and falls are the sensor's, not the hill's


def average(activity: Activity, name: str, starts_s: FloatArray, ends_s: FloatArray) -> list[float | None]:
    """Average a stream by time over each span; None where it has too few values.

    Each value holds until the next, for 30 s at most; a span needs half its time covered.
    """
    column = activity.get(name)
    have = np.isfinite(column)
    if not have.any():
        return [None] * len(starts_s)
    times, values = activity.elapsed[have], column[have]
    hold = np.minimum(np.diff(times, append=np.inf), _LONGEST_HOLD_S)
    covered, area = (np.concatenate(([0.0], np.cumsum(c)[:-1])) for c in (hold, hold * values))

    def until(at_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        last = np.maximum(np.searchsorted(times, at_s, "right") - 1, 0)
        part = np.clip(at_s - times[last], 0.0, hold[last])
        return covered[last] + part, area[last] + part * values[last]

    (seconds_from, sum_from), (seconds_to, sum_to) = until(starts_s), until(ends_s)
    seconds, sums = seconds_to - seconds_from, sum_to - sum_from
    enough = seconds > np.maximum((ends_s - starts_s) / 2, 1e-9)
    return [float(s / t) if ok else None for s, t, ok in zip(sums, seconds, enough, strict=True)]


@dataclass(frozen=True, eq=False)
class Terrain:
    """Rise and fall of the smoothed altitude, added up over time."""

    times: FloatArray
    risen_m: FloatArray
    fallen_m: FloatArray

    @classmethod
    def of(cls, activity: Activity) -> Terrain:
        """Smooth the altitude over 15 s by time and add up its rises and falls apart."""
        column = activity.get("altitude")
        have = np.isfinite(column)
        if have.sum() < 2:
            return cls(np.empty(0), np.empty(0), np.empty(0))
        times, altitude = activity.elapsed[have], column[have]
        area = np.concatenate(([0.0], np.cumsum(np.diff(times) * (altitude[1:] + altitude[:-1]) / 2)))
        left = np.maximum(times - _SMOOTH_S / 2, times[0])
        right = np.minimum(times + _SMOOTH_S / 2, times[-1])
        smooth = (np.interp(right, times, area) - np.interp(left, times, area)) / (right - left)
        steps = np.diff(smooth)
        return cls(
            times,
            np.concatenate(([0.0], np.cumsum(np.maximum(steps, 0)))),
            np.concatenate(([0.0], np.cumsum(np.maximum(-steps, 0)))),
        )

    def climb_m(self, starts_s: FloatArray, ends_s: FloatArray) -> list[float | None]:
        """Metres risen in each span; None without altitude."""
        return self._over(self.risen_m, starts_s, ends_s)

    def fall_m(self, starts_s: FloatArray, ends_s: FloatArray) -> list[float | None]:
        """Metres fallen in each span; None without altitude."""
        return self._over(self.fallen_m, starts_s, ends_s)

    def _over(self, total_m: FloatArray, starts_s: FloatArray, ends_s: FloatArray) -> list[float | None]:
        if not len(self.times):
            return [None] * len(starts_s)
        metres = np.interp(ends_s, self.times, total_m) - np.interp(starts_s, self.times, total_m)
        return [float(m) for m in metres]
