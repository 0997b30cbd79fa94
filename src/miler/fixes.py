"""The fixes of a recording that can be believed, and where the runner stood among them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from miler.activity import Activity
from miler.arrays import BoolArray, FloatArray
from miler.geodesy import metres_between

_SPIKE_S = 30.0  # a spike returns within this time; what does not is a jump to another place
_SPIKE_FIXES = 64
_RETURN = 2.0  # times the usual speed: back within reach
_STILL_M, _STILL_S = 3.0, 5.0  # fixes within 3 m for 5 s before and after: standing
_STILL_FIXES = 10


@dataclass(frozen=True, eq=False)
class Fixes:
    """Sound fixes in order of time.

    Attributes:
        times: (f,) seconds.
        latitude, longitude: (f,) degrees.
        steps_m: (f-1,) metres from each fix to the next.
        after_outliers: (f-1,) whether fixes were left out within the step, or it is a jump.
    """

    times: FloatArray
    latitude: FloatArray
    longitude: FloatArray
    steps_m: FloatArray
    after_outliers: BoolArray

    def between(self, from_s: float, to_s: float) -> float:
        """Straight metres from the last fix before one moment to the first after another; NaN if far off."""
        i = max(int(np.searchsorted(self.times, from_s, "right")) - 1, 0)
        j = min(int(np.searchsorted(self.times, to_s, "left")), len(self.times) - 1)
        if j <= i or abs(self.times[i] - from_s) > _SPIKE_S or abs(self.times[j] - to_s) > _SPIKE_S:
            return float("nan")
        ends = [column[[k]] for k in (i, j) for column in (self.latitude, self.longitude)]
        return float(metres_between(*ends)[0])


def sound_fixes(activity: Activity, holdable_mps: Callable[[FloatArray], FloatArray]) -> Fixes | None:
    """Return the fixes without spikes; None if there are not two.

    A spike is a fix that no runner reaches from the one before, and that is left again: the fixes
    until one is back within reach are left out. A jump that does not return within 30 s stays, and
    its step is marked. Method: speed gate from the last sound fix, as in most GPS filters.

    Args:
        activity: its `latitude` and `longitude` are used.
        holdable_mps: the fastest average speed for each duration.
    """
    have = np.isfinite(activity.get("latitude"))
    if have.sum() < 2:
        return None
    times = activity.elapsed[have]
    latitude, longitude = activity["latitude"][have], activity["longitude"][have]
    steps_m = metres_between(latitude[:-1], longitude[:-1], latitude[1:], longitude[1:])
    durations = np.diff(times)
    fast = steps_m > holdable_mps(durations) * durations
    if activity.sport not in ("running", "walking", "hiking", "unknown") or not fast.any():
        return Fixes(times, latitude, longitude, steps_m, np.zeros(len(steps_m), bool))
    keep, jumps = _without_spikes(times, latitude, longitude, steps_m, fast)
    kept = np.flatnonzero(keep)
    steps_m = metres_between(
        latitude[kept[:-1]], longitude[kept[:-1]], latitude[kept[1:]], longitude[kept[1:]]
    )
    marked = (np.diff(kept) > 1) | jumps[kept[1:] - 1]
    return Fixes(times[keep], latitude[keep], longitude[keep], steps_m, marked)


def _without_spikes(
    times: FloatArray, latitude: FloatArray, longitude: FloatArray, steps_m: FloatArray, fast: BoolArray
) -> tuple[BoolArray, BoolArray]:
    """Which fixes to keep (f,), and which steps are jumps that stay (f-1,)."""
    keep, jumps = np.ones(len(times), bool), np.zeros(len(steps_m), bool)
    speeds = steps_m / np.diff(times)
    reach_mps = _RETURN * float(np.median(speeds[~fast])) if (~fast).any() else 0.0
    done = 0
    for i in np.flatnonzero(fast).tolist():
        if i < done:
            continue
        after = slice(i + 1, min(i + 1 + _SPIKE_FIXES, len(times)))
        count = after.stop - after.start
        away_m = metres_between(
            np.full(count, latitude[i]), np.full(count, longitude[i]), latitude[after], longitude[after]
        )
        waited = times[after] - times[i]
        back = np.flatnonzero((away_m <= reach_mps * waited) & (waited <= _SPIKE_S))
        if len(back):
            done = i + 1 + int(back[0])
            keep[i + 1 : done] = False
        else:
            jumps[i] = True
            done = i + 1
    return keep, jumps


def standing(times: FloatArray, fixes: Fixes | None) -> BoolArray:
    """Which steps between the moments (k,) are drift of fixes while the runner stood, (k-1,).

    A fix is still if every other within 5 s lies within 3 m of it: even a walker is farther on by
    then, and at a turning point a runner's fixes before and after it are.
    """
    if fixes is None or len(fixes.times) != len(times):
        return np.zeros(len(times) - 1, bool)
    still = np.ones(len(times), bool)
    counted = np.zeros(len(times), int)
    for lag in range(1, min(_STILL_FIXES, len(times) - 1) + 1):
        close_in_time = times[lag:] - times[:-lag] <= _STILL_S
        if not close_in_time.any():
            break
        apart = metres_between(
            fixes.latitude[:-lag], fixes.longitude[:-lag], fixes.latitude[lag:], fixes.longitude[lag:]
        )
        moved = close_in_time & (apart > _STILL_M)
        still[lag:] &= ~moved
        still[:-lag] &= ~moved
        counted[lag:] += close_in_time
        counted[:-lag] += close_in_time
    still &= counted >= 2
    return still[1:] & still[:-1]
