"""When the runner set off, and when the runner stopped: every moment near is tried.

The path has no moments between fixes, so that it tells such a change to a second. The fixes tell it better:
a receiver's error moves by less than a metre in a second, a runner by five.

Source:
    The posterior of a change point over a grid, under the path's own likelihood of fixes (`path`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from miler.arrays import FloatArray
from miler.track.path import HUBER_SD, Path, Problem

_EVERY_S = 0.05
_SEEN_S = 5.0  # fixes this far on either side take part, and one more


class Change(NamedTuple):
    """When speed changed: moments (n,) and how likely each is, (n,) adding up to one."""

    moments: FloatArray
    likely: FloatArray

    @property
    def at_s(self) -> float:
        """The mean moment."""
        return float(self.moments @ self.likely)

    def draws(self, count: int, rng: np.random.Generator) -> FloatArray:
        """Moments (count,) as likely as they are."""
        return rng.choice(self.moments, count, p=self.likely)


def certain(at_s: float) -> Change:
    """A change at a moment that is known."""
    return Change(np.array([at_s]), np.ones(1))


def changed(
    problem: Problem,
    path: Path,
    near_s: float,
    place_s: float,
    speeds_mps: Sequence[float],
    within_s: Sequence[float],
) -> Change:
    """Tell when the runner's speed changed.

    Args:
        problem: the fixes.
        path: tells where that was.
        near_s: about when.
        place_s: a moment at which the runner was there too.
        speeds_mps: before and after.
        within_s: between which moments neither speed changed otherwise.
    """
    earliest_s, latest_s = max(near_s - _SEEN_S, within_s[0]), min(near_s + _SEEN_S, within_s[1])
    first = max(int(np.searchsorted(problem.times, earliest_s)) - 1, 0)
    last = int(np.searchsorted(problem.times, latest_s, side="right")) + 1
    times = problem.times[first:last]
    tried = np.arange(max(times[0], within_s[0]), min(times[-1], within_s[1]), _EVERY_S)
    since = times - tried[:, None]
    there_m = float(np.interp(place_s, path.times, path.along_m))
    along_m = there_m + np.where(since < 0, speeds_mps[0], speeds_mps[1]) * since
    points, _ = problem.line.at(problem.direction * along_m.ravel())
    points = path.pose.turned(points).reshape(2, *along_m.shape)
    off = (
        np.stack([problem.x[first:last] - path.pose.x, problem.y[first:last] - path.pose.y])[:, None] - points
    )
    news = off[..., 1:] - problem.kept[first : last - 1] * off[..., :-1]
    surprise = np.hypot(*news) / np.sqrt(problem.variance[first + 1 : last])
    beyond = np.maximum(surprise - HUBER_SD, 0.0)
    loss = (surprise**2 - beyond**2).sum(axis=1) / 2
    likely = np.exp(loss.min() - loss)
    return Change(tried, likely / likely.sum())
