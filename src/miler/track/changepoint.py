"""When the runner set off, and when the runner stopped: every moment near is tried.

The path has no moments between fixes, so that it tells such a change to a second. The fixes tell it better: a
receiver's error moves by less than a metre in a second, a runner by five. Whether pace was reached at once or
within a second and a half they seldom tell; so that is tried too, and what it leaves open is in the draws.

Source:
    The posterior of a change point over a grid, under the path's own likelihood of fixes (`path`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from miler.arrays import FloatArray
from miler.track.path import HUBER_SD, Path, Problem

_EVERY_S = 0.05
_THUMB_SD_S = 0.45  # of a timer that is started by who sets off, or stopped by who stops; of a lap press, too
_MEANT_ELSE = 0.1  # of the lap presses near a change are for something else
_RAMPS_S = (0.0, 0.5, 1.0, 1.5)  # that a change takes; seldom told by fixes
_GRADUAL = 0.12  # how common those that take a while are, for one at once: set so that intervals hold both
_SEEN_S = 5.0  # fixes this far on either side take part, and one more


class Change(NamedTuple):
    """When speed changed: the estimate, and moments (n,) with how likely each is, adding up to one."""

    at_s: float
    moments: FloatArray
    likely: FloatArray

    def draws(self, count: int, rng: np.random.Generator) -> FloatArray:
        """Moments (count,) as likely as they are."""
        return rng.choice(self.moments, count, p=self.likely)


def pressed(at_s: float) -> Change:
    """A change at the press of a button, as good as a thumb."""
    off_sd = np.linspace(-2.5, 2.5, 21)
    likely = np.exp(-(off_sd**2) / 2)
    return Change(at_s, at_s + _THUMB_SD_S * off_sd, likely / likely.sum())


def changed(
    problem: Problem,
    path: Path,
    near_s: float,
    place_s: float,
    speeds_mps: Sequence[float],
    within_s: Sequence[float],
    laps_s: FloatArray,
) -> Change:
    """Tell when the runner's speed began to change.

    Args:
        problem: the fixes.
        path: tells where that was.
        near_s: about when.
        place_s: a moment at which the runner was there too.
        speeds_mps: before and after.
        within_s: between which moments neither speed changed otherwise.
        laps_s: (l,) when the lap button was pressed.
    """
    earliest_s, latest_s = max(near_s - _SEEN_S, within_s[0]), min(near_s + _SEEN_S, within_s[1])
    first = max(int(np.searchsorted(problem.times, earliest_s)) - 1, 0)
    last = int(np.searchsorted(problem.times, latest_s, side="right")) + 1
    times = problem.times[first:last]
    tried = np.arange(max(times[0], within_s[0]), min(times[-1], within_s[1]), _EVERY_S)
    since = times - tried[:, None]
    before, after = speeds_mps
    grown = np.stack([_grown(since, ramp_s, resting=after < before) for ramp_s in _RAMPS_S])
    there_m = float(np.interp(place_s, path.times, path.along_m))
    loss = _loss(problem, path, slice(first, last), there_m + before * since + (after - before) * grown)
    likely = np.exp(loss.min() - loss)
    likely[1:] *= _GRADUAL / (len(_RAMPS_S) - 1)
    likely *= _by_thumb(tried, laps_s)
    best = likely[likely.sum(axis=1).argmax()]
    return Change(float(tried @ best / best.sum()), tried, likely.sum(axis=0) / likely.sum())


def _by_thumb(tried: FloatArray, laps_s: FloatArray) -> FloatArray:
    """How likely the lap button was pressed when it was, were the change at each moment (n,)."""
    near_s = laps_s[(laps_s >= tried[0] - _SEEN_S) & (laps_s <= tried[-1] + _SEEN_S)]
    if not len(near_s):
        return np.ones(len(tried))
    off_sd = (tried - near_s[:, None]) / _THUMB_SD_S
    meant = np.exp(-(off_sd**2) / 2).max(axis=0) / (math.sqrt(2 * math.pi) * _THUMB_SD_S)
    likely: FloatArray = (1 - _MEANT_ELSE) * meant + _MEANT_ELSE / (2 * _SEEN_S)
    return likely


def _loss(problem: Problem, path: Path, seen: slice, along_m: FloatArray) -> FloatArray:
    """How little fixes (f,) bear out where the runner was, (..., f): minus the log of the likelihood."""
    points, _ = problem.line.at(problem.direction * along_m.ravel())
    east, north = path.pose.turned(points).reshape(2, *along_m.shape)
    off = np.stack([problem.x[seen] - path.pose.x - east, problem.y[seen] - path.pose.y - north])
    news = off[..., 1:] - problem.kept[seen][: off.shape[-1] - 1] * off[..., :-1]
    surprise = np.hypot(*news) / np.sqrt(problem.variance[seen][1:])
    beyond = np.maximum(surprise - HUBER_SD, 0.0)
    loss: FloatArray = (surprise**2 - beyond**2).sum(axis=-1) / 2
    return loss


def _grown(since: FloatArray, ramp_s: float, *, resting: bool) -> FloatArray:
    """Seconds at the new speed that are worth the seconds since the change began, which took a ramp."""
    run = np.maximum(since, 0.0)
    ramp = np.minimum(run, ramp_s)
    grown: FloatArray = run - ramp + ramp**2 / (2 * ramp_s) if ramp_s else run
    return grown + resting * ramp_s / 2
