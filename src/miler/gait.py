"""How fast and how suddenly a runner moves: what is beyond it is the recording's error, not the runner's."""

from __future__ import annotations

import numpy as np

from miler.arrays import BoolArray, FloatArray, every, median

# The fastest that anybody covered ground, by how long they kept it up: (seconds, m/s), from the world
# records as of 2026 (200 m 19.19, 400 m 43.03, 800 m 1:40.91, mile 3:42.66, 5000 m 12:35.36,
# 10,000 m 26:11.00, half marathon 56:42), each with two to five per cent in hand.
_HELD_S = np.array([10.0, 20.0, 45.0, 100.0, 220.0, 750.0, 1570.0, 3400.0, 7200.0])
_HELD_MPS = np.array([12.5, 11.0, 9.7, 8.3, 7.6, 7.0, 6.7, 6.5, 6.2])

_ACCELERATION = 4.0  # m/s²; a sprinter leaves the blocks with about 6, for a fraction of a second
_SLACK_M = 5.0  # what a receiver's place may be off between two records of a sound course
_SURGE, _SURGE_SLACK_M = 1.75, 8.0  # one step twice as fast as those around it
_AROUND = 3  # steps on either side
_LONGEST_S, _RHYTHMS = 30.0, 5.0  # in longer steps, and of more usual ones, a runner may have done anything


def holdable_mps(duration_s: FloatArray) -> FloatArray:
    """Return the highest average speed that a runner can hold for each duration, (n,) s to (n,) m/s."""
    if every(duration_s <= _HELD_S[0]):  # as steps are; np.interp takes five times as long
        return np.full(len(duration_s), _HELD_MPS[0])
    limits: FloatArray = np.interp(duration_s, _HELD_S, _HELD_MPS)
    return limits


def sudden(lengths: FloatArray, durations: FloatArray, surge: float = _SURGE) -> BoolArray:
    """Which steps begin and end too suddenly for a runner, (k,) metres and (k,) seconds.

    With u and w the usual (median) speeds of the three steps before and the three after, a step of t
    seconds is too long

    - beyond (u + w) t/2 + a t²/4 + 5 m: who speeds up by a for half of it and slows down as much for
      the other comes no farther (the acceleration is bounded both ways);
    - beyond 1.75 (`surge`) max(u, w) t + 8 m: a single step so much faster than those around it, which in a
      recording of seconds apart is no runner's.

    Steps longer than 30 s, or than five usual ones and 5 s, are left alone.

    Source:
        The bound on speed and on acceleration, forwards and back, is how trajectories are commonly
        cleaned (Zheng 2015, ACM TIST 6(3):29, section 3.1, heuristics-based outlier detection). A
        sprinter's acceleration: di Prampero et al. 2005 (J Exp Biol 208:2809), 6.2 m/s² at most.
    """
    count = len(lengths)
    if count < 2 * _AROUND + 1 or (lengths.min() >= 0 and lengths.max() <= _SLACK_M):
        return np.zeros(count, bool)  # of steps of a second few are longer
    speeds = np.divide(lengths, durations, out=np.zeros(count), where=durations > 0)
    one, two, three = speeds[:-2], speeds[1:-1], speeds[2:]
    medians = np.maximum(np.minimum(one, two), np.minimum(np.maximum(one, two), three))
    before = np.concatenate((np.full(_AROUND, medians[0]), medians))[:count]
    after = np.concatenate((medians, np.full(_AROUND, medians[-1])))[1 : count + 1]
    after[-_AROUND:] = before[-_AROUND:]
    before[:_AROUND] = after[:_AROUND]
    reach = (before + after) / 2 * durations + _ACCELERATION / 4 * durations**2 + _SLACK_M
    surged = surge * np.maximum(before, after) * durations + _SURGE_SLACK_M
    longest_s = min(_LONGEST_S, _RHYTHMS * median(durations) + _RHYTHMS)
    found: BoolArray = (lengths > np.minimum(reach, surged)) & (durations <= longest_s)
    return found
