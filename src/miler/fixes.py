"""The fixes of a recording, those that can be believed, and where the runner stood among them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from miler.activity import Activity
from miler.arrays import BoolArray, FloatArray, IntArray, every, increments, median, writable
from miler.geodesy import displacements_m, metres_between
from miler.once import once

# Sports, and words for none in particular, in which nobody is faster than a runner.
ON_FOOT = ("running", "walking", "hiking", "generic", "other", "unknown")

_MOVING_MPS = 0.5
_FAST, _SLOW = 1.6, 0.6  # times the usual speed: sudden, and hardly moving
_SPIKE_S = 30.0  # a spike returns within this time; what does not is a jump to another place
_LOOK_BACK = 64  # pieces of a course; more within half a minute are noise
_RETURN = 2.0  # times the usual speed: back within reach
_STILL_M, _STILL_S = 3.0, 5.0  # fixes within 3 m for 5 s before and after: standing
_STILL_FIXES = 10
_NOISY_STEP_S, _MOST_NOISE = 4.0, 0.25


@dataclass(frozen=True, eq=False)
class Fixes:
    """Fixes in order of time.

    Attributes:
        times: (f,) seconds.
        latitude, longitude: (f,) degrees.
        north_m, east_m, steps_m: (f-1,) metres from each fix to the next: either way, and in all.
        after_outliers: (f-1,) whether fixes were left out within the step, or it is a jump.
        left_out_s: (o,) seconds of the fixes off the course that were left out.
        noise: share by which their noise makes the path too long; see `noise_of`.
    """

    times: FloatArray
    latitude: FloatArray
    longitude: FloatArray
    north_m: FloatArray
    east_m: FloatArray
    steps_m: FloatArray
    after_outliers: BoolArray
    left_out_s: FloatArray

    @classmethod
    def of(cls, times: FloatArray, latitude: FloatArray, longitude: FloatArray) -> Fixes:
        """Take fixes in order of time, (f,) seconds and degrees, as they are."""
        steps = displacements_m(latitude[:-1], longitude[:-1], latitude[1:], longitude[1:])
        return cls(times, latitude, longitude, *steps, np.zeros(len(steps[0]), bool), np.empty(0))

    def only(self, kept: BoolArray | IntArray) -> Fixes:
        """Return those that are kept: which, or their indices."""
        return Fixes.of(self.times[kept], self.latitude[kept], self.longitude[kept])

    @cached_property
    def noise(self) -> float:
        """Share by which the noise of the fixes makes their path too long."""
        return noise_of(self)

    @cached_property
    def path_steps_m(self) -> FloatArray:
        """(f-1,) metres from each fix to the next, without what noise adds."""
        return self.steps_m / (1 + self.noise)

    def between(self, from_s: float, to_s: float) -> float:
        """Straight metres from the last fix before one moment to the first after another; NaN if far off."""
        i = max(int(np.searchsorted(self.times, from_s, "right")) - 1, 0)
        j = min(int(np.searchsorted(self.times, to_s, "left")), len(self.times) - 1)
        if j <= i or abs(self.times[i] - from_s) > _SPIKE_S or abs(self.times[j] - to_s) > _SPIKE_S:
            return float("nan")
        ends = [column[[k]] for k in (i, j) for column in (self.latitude, self.longitude)]
        return float(metres_between(*ends)[0])


def usual_mps(lengths: FloatArray, durations: FloatArray) -> float:
    """Return the middle speed of the steps that move at all, (k,) m and (k,) s; 0 if none does."""
    with np.errstate(invalid="ignore", divide="ignore"):
        speeds = lengths / durations
    moving = speeds[np.isfinite(speeds) & (speeds > _MOVING_MPS)]
    return median(moving) if len(moving) else 0.0


def fresh(times: FloatArray, lengths: FloatArray) -> BoolArray:
    """Which records to keep (k,) so that none repeats an old place until one catches up.

    Some devices write the last known value for a few seconds and then jump. Read as standing and
    sprinting, it would let an effort begin after the one and end before the other.

    Args:
        times: (k,) seconds.
        lengths: (k-1,) metres of the steps between.
    """
    keep = np.ones(len(times), bool)
    stalls = lengths[:-1] == 0
    if not np.count_nonzero(stalls):
        return keep
    durations = increments(times)
    moves = np.flatnonzero(lengths > 0)
    # Every place may be an old one for a while: what is usual is from one move to the next.
    usual = usual_mps(lengths[moves[1:]], increments(times[moves + 1]))
    sudden = np.flatnonzero((lengths[1:] > _FAST * usual * durations[1:]) & stalls) + 1
    for step in sudden.tolist():
        before = int(np.searchsorted(moves, step)) - 1
        stalled = int(moves[before]) + 1 if before >= 0 else 0
        average = lengths[step] / (times[step + 1] - times[stalled])
        if _SLOW * usual <= average <= _FAST * usual:
            keep[stalled + 1 : step + 1] = False
    return keep


@once
def recorded_fixes(activity: Activity) -> Fixes:
    """Return all fixes of an activity, as they are."""
    return Fixes.of(*map(writable, activity.known("latitude", "longitude")))


def sound_fixes(activity: Activity, holdable_mps: Callable[[FloatArray], FloatArray]) -> Fixes | None:
    """Return the fixes without spikes and without stale ones; None if fewer than two are left.

    A spike is a group of fixes that no runner reaches from those before, and none leaves for those
    after: it is left out. A jump that does not return within 30 s stays, and its step is marked.

    Args:
        activity: its `latitude` and `longitude` are used.
        holdable_mps: the fastest average speed for each duration.
    """
    fixes = recorded_fixes(activity)
    if len(fixes.times) < 2:
        return None
    if activity.sport not in ON_FOOT:
        return fixes
    keep = fresh(fixes.times, fixes.steps_m)
    if not every(keep):
        fixes = fixes.only(keep)
    durations = increments(fixes.times)
    fast = fixes.steps_m > holdable_mps(durations) * durations
    if not np.count_nonzero(fast):
        return fixes
    reach_mps = _RETURN * usual_mps(fixes.steps_m[~fast], durations[~fast])
    kept = _likeliest(fixes, fast, reach_mps)
    if len(kept) < 2:
        return None
    marked = (np.diff(kept) > 1) | fast[kept[1:] - 1]
    return replace(fixes.only(kept), after_outliers=marked, left_out_s=np.delete(fixes.times, kept))


def _likeliest(fixes: Fixes, fast: BoolArray, reach_mps: float) -> IntArray:
    """Return the indices of the fixes to believe.

    Fast steps cut the course into pieces. Of all stories told by leaving pieces out the cheapest is
    believed. What a piece costs that is left out grows with the square of the seconds it leaves
    unknown, which must be few and end within reach; a jump, with both its pieces believed, costs as
    much as the longest spike. So neither the fixes before a jump nor those after it are favoured, and
    a bad first fix is left out like any other.
    """
    times, latitude, longitude = fixes.times, fixes.latitude, fixes.longitude
    first = np.concatenate(([0], np.flatnonzero(fast) + 1))
    last = np.concatenate((np.flatnonzero(fast), [len(times) - 1]))
    cost = _unknown_cost(times[first] - times[0])
    came = np.full(len(first), -1)
    for piece in range(1, len(first)):
        before = np.arange(max(0, piece - _LOOK_BACK), piece)
        here, there = np.full(len(before), first[piece]), last[before]
        unknown = times[here] - times[there]
        apart = metres_between(latitude[there], longitude[there], latitude[here], longitude[here])
        price = np.where(apart <= reach_mps * unknown, _unknown_cost(unknown), np.inf)
        price[-1] = _SPIKE_S
        total = cost[before] + price
        cheapest = int(np.argmin(total))
        if total[cheapest] < cost[piece]:
            cost[piece], came[piece] = total[cheapest], before[cheapest]
    piece = int(np.argmin(cost + _unknown_cost(times[-1] - times[last])))
    believed = []
    while piece >= 0:
        believed.append(np.arange(first[piece], last[piece] + 1))
        piece = int(came[piece])
    return np.concatenate(believed[::-1])


def _unknown_cost(unknown_s: FloatArray) -> FloatArray:
    return np.where(unknown_s <= _SPIKE_S, unknown_s**2 / _SPIKE_S, np.inf)


def noise_of(fixes: Fixes) -> float:
    """Return by what share the noise of the fixes makes the path through them too long.

    Every step's zigzag adds length. Leave out every other fix and the zigzag adds half as much (if the
    noise wanders) while bends are cut; leave out three of four, a quarter. Of the path's length at
    one, two and four steps, L(k) = L (1 + c/k - b (k² - 1)), the noise c and the bends b are known.

    Steps longer than 4 s are left alone: there a runner covers metres enough that noise adds little,
    and recorders that choose their moments choose them at bends.

    Source:
        Ranacher et al. 2016 (IJGIS 30:316): noise makes distances too long by an amount that its
            autocorrelation sets, σ²(1-ρ)/d² for steps d. The three lengths: docs/explanation/uncertainty.md.
    """
    durations = increments(fixes.times)
    if len(durations) < 40 or median(durations) > _NOISY_STEP_S:
        return 0.0
    even = (durations <= _NOISY_STEP_S) & ~fixes.after_outliers & (fixes.steps_m > _MOVING_MPS * durations)
    whole = even[:-3] & even[1:-2] & even[2:-1] & even[3:]
    if np.count_nonzero(whole) < 40:
        return 0.0
    # Ways add up, for metres are as long at one fix as at the next.
    north, east = fixes.north_m[:-1] + fixes.north_m[1:], fixes.east_m[:-1] + fixes.east_m[1:]
    one, two, four = fixes.steps_m, _long(north, east), _long(north[:-2] + north[2:], east[:-2] + east[2:])
    l1 = float((one[:-3] + one[1:-2] + one[2:-1] + one[3:])[whole].sum())
    l2 = float((two[:-2] + two[2:])[whole].sum())
    l4 = float(four[whole].sum())
    c = 4 / 7 * (4 * (l1 - l2) - (l2 - l4)) / l1
    return min(max(c, 0.0), _MOST_NOISE)


def _long(north: FloatArray, east: FloatArray) -> FloatArray:
    metres: FloatArray = np.sqrt(north * north + east * east)
    return metres


def standing(fixes: Fixes) -> BoolArray:
    """Which steps between the fixes are drift while the runner stood, (f-1,).

    A fix is still if every other within 5 s lies within 3 m of it: even a walker is farther on by
    then, and at a turning point a runner's fixes before and after it are.
    """
    times, latitude, longitude = fixes.times, fixes.latitude, fixes.longitude
    still = np.ones(len(times), bool)
    near = np.zeros(len(times), int)
    for lag in range(1, min(_STILL_FIXES, len(times) - 1) + 1):
        soon = times[lag:] - times[:-lag] <= _STILL_S
        if not soon.any():
            break
        apart = metres_between(latitude[:-lag], longitude[:-lag], latitude[lag:], longitude[lag:])
        moved = soon & (apart > _STILL_M)
        still[lag:] &= ~moved
        still[:-lag] &= ~moved
        near[lag:] += soon
        near[:-lag] += soon
    still &= near >= 2
    return still[1:] & still[:-1]
