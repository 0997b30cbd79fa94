"""A run at round moments of the day, by which two recordings of it can be held against each other.

Every recorder samples as it likes, but the moments of the day are the same for all: on a grid of UTC, two
recordings of one run are at one place at one moment, whatever they call its start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from miler.activity import Activity
from miler.arrays import FloatArray, increments

# Each step is a multiple of the one before, so that a short recording and a long one share moments, and
# divides a quarter of an hour, so that a clock wrong by a time zone has the same moments.
STEPS_S = (5, 15, 30, 60, 300, 900)
LONGEST = 120  # moments; what lies beyond them at the widest step, 30 hours, is left out
CHANNELS = ("latitude", "longitude", "distance", "heart_rate", "cadence")
_HOLE_S = 60.0  # between records further apart nothing is known
_TOWARDS = {"latitude": "northward", "longitude": "eastward"}


@dataclass(frozen=True, eq=False)
class Moments:
    """A run at every `every_s`-th second of UTC.

    Attributes:
        begin_s, end_s: when recording began and ended, seconds since 1970; None if the file knows no date.
        every_s: one of `STEPS_S`.
        first_s: the first moment, seconds since 1970, a multiple of `every_s`.
        columns: (n,) values for each of `CHANNELS` that the run has, in the unit of `STREAMS`, NaN for
            missing; where it has positions also `northward` and `eastward`, degrees a second.
        streams: the names of all streams of the recording.
    """

    begin_s: float | None
    end_s: float | None
    every_s: int
    first_s: int
    columns: Mapping[str, FloatArray]
    streams: tuple[str, ...]


def moments(activity: Activity) -> Moments:
    """Sample an activity at round moments; linear between records at most a minute apart."""
    streams = tuple(activity.streams)
    if activity.start_time is None:
        return Moments(None, None, STEPS_S[-1], 0, {}, streams)
    start_s = activity.start_time.timestamp()
    whole = activity.elapsed[[0, -1]] if len(activity) else np.array([0.0, activity.elapsed_s])
    begin_s, end_s = (start_s + whole).tolist()
    every_s = next((step for step in STEPS_S if end_s - begin_s < step * LONGEST), STEPS_S[-1])
    first_s = int(np.ceil(begin_s / every_s)) * every_s
    last_s = min(end_s, first_s + (LONGEST - 1) * every_s)
    at_s = np.arange(first_s, last_s + 1e-6, every_s) - start_s
    around_s = np.concatenate((at_s, at_s - 0.5, at_s + 0.5))
    holes = bool((increments(activity.elapsed) > _HOLE_S).any())
    columns: dict[str, FloatArray] = {}
    for name in CHANNELS:
        if name in _TOWARDS and name in activity:
            columns[name], before, after = _at(activity, name, around_s, holes).reshape(3, -1)
            columns[_TOWARDS[name]] = after - before
        elif name in activity:
            columns[name] = _at(activity, name, at_s, holes)
    return Moments(begin_s, end_s, every_s, first_s, columns, streams)


def _at(activity: Activity, name: str, at_s: FloatArray, holes: bool) -> FloatArray:
    """A stream at some moments; NaN inside a hole: between records, or where it has no values."""
    known_s, values = activity.known(name)
    sampled: FloatArray = np.interp(at_s, known_s, values, left=np.nan, right=np.nan)
    holes = holes or len(known_s) < len(activity)
    if holes and (increments(known_s) > _HOLE_S).any():
        after = np.minimum(known_s.searchsorted(at_s), len(known_s) - 1)
        before = np.maximum(known_s.searchsorted(at_s, "right") - 1, 0)
        sampled[known_s[after] - known_s[before] > _HOLE_S] = np.nan
    return sampled
