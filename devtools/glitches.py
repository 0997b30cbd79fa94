"""Glitches as receivers and watches make them, put into a recording: positions and distance both."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from miler.activity import Activity
from miler.arrays import FloatArray
from miler.formats.assemble import Raw, assemble

KINDS = ("jump", "out_and_back", "zero", "clock", "distance")
_START_S = 1.6e9
_METRES_A_DEGREE = 111_195.0


def glitched(activity: Activity, rng: np.random.Generator, kind: str) -> Activity:
    """Return the recording with one glitch at a random record.

    - `jump`: from one record on everything lies 30 m to 10 km elsewhere, and the distance counts the way.
    - `out_and_back`: one to five records lie elsewhere, and the distance counts the way there and back.
    - `zero`: one to five records have fixes at 0° N 0° E, and a distance of 0.
    - `clock`: one to five records carry a time that is ten seconds to a quarter of an hour late. (A clock
      that stays late is no glitch to be found: it looks, second by second, like a runner who stood.)
    - `distance`: from one record on the distance has some metres, up to 10 km, that nobody ran.

    Raises:
        ValueError: for another kind.
    """
    if kind not in KINDS:
        raise ValueError(f"a glitch is one of {', '.join(KINDS)}, not {kind!r}")
    count = len(activity)
    first = int(rng.integers(count // 20 + 1, count - count // 20 - 1))
    few = slice(first, first + int(rng.integers(1, 6)))
    metres = float(10 ** rng.uniform(1.5, 4))
    times = activity.elapsed.copy()
    streams = {name: column.copy() for name, column in activity.streams.items()}
    distance = streams.get("distance", np.empty(0))
    if kind == "clock":
        times[few] += 10 ** rng.uniform(1, 3)
    elif kind == "zero":
        for name in ("latitude", "longitude", "distance"):
            if name in streams:
                streams[name][few] = 0.0
    elif kind == "distance":
        distance[first:] += metres
    else:
        elsewhere = few if kind == "out_and_back" else slice(first, None)
        _move(streams, elsewhere, metres, rng.uniform(0, 2 * math.pi))
        distance[first:] += metres
        if kind == "out_and_back":
            distance[few.stop :] += metres
    return _read(activity, times, streams)


def _read(activity: Activity, times: FloatArray, streams: dict[str, FloatArray]) -> Activity:
    """The same recording with other records, as readers make it of a file that holds these."""
    read = assemble(Raw(_START_S + times, streams, start=_START_S))
    return replace(activity, elapsed=read.elapsed, streams=read.streams)


def _move(streams: dict[str, FloatArray], part: slice, metres: float, bearing: float) -> None:
    if "latitude" not in streams:
        return
    shrink = math.cos(math.radians(float(np.nanmean(streams["latitude"]))))
    streams["latitude"][part] += metres * math.cos(bearing) / _METRES_A_DEGREE
    streams["longitude"][part] += metres * math.sin(bearing) / (_METRES_A_DEGREE * shrink)
