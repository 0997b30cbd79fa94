"""A simulated watch on a simulated runner: true motion → what the watch would have recorded.

Everything follows from the motion, the watch's own faults and one seed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np

from devtools.courses import Place
from devtools.motion import Motion, smooth_noise
from devtools.recording import LapMark, Recording, Span
from miler.arrays import BoolArray, FloatArray

_HEART_LAG_S = 25.0  # a heart follows effort with a time constant of about half a minute
_RESTING_BPM, _HARDEST_BPM, _HARDEST_MPS = 88.0, 186.0, 5.2
_SPEED_LAG_S = 3.0


@dataclass(frozen=True)
class Watch:
    """The faults of one watch.

    Attributes:
        distance_scale: counted metres per true metre.
        distance_wander: standard deviation of that scale from minute to minute.
        fix_noise_m: standard deviation of a fix in each axis; slow, for receivers filter.
        fix_memory_s: how long an error lasts.
        standing_noise: by how much the error moves faster while the runner stands.
        steps_s: lengths between records, drawn at random: (1,) is every second, more is "smart" recording.
        distance_noise_m, distance_memory_s: error of the counted distance that comes and goes.
        path_scale: how much longer the receiver's path is than the runner's, in all that it records.
        jitter_m, jitter_memory_s: a second, quick error of the fixes, as phones have it.
    """

    distance_scale: float = 1.0
    distance_wander: float = 0.004
    fix_noise_m: float = 1.5
    fix_memory_s: float = 90.0
    standing_noise: float = 1.0
    steps_s: tuple[int, ...] = (1,)
    distance_noise_m: float = 0.0
    distance_memory_s: float = 30.0
    path_scale: float = 1.0
    jitter_m: float = 0.0
    jitter_memory_s: float = 5.0


def record(
    motion: Motion,
    watch: Watch,
    rng: np.random.Generator,
    *,
    start_time: datetime,
    place: Place | None = None,
    pauses: Sequence[Span] = (),
    presses_s: Sequence[float] = (),
    auto_lap_m: float | None = None,
    **labels: Any,
) -> Recording:
    """Record a motion.

    Args:
        motion: what the runner truly did.
        watch: its faults.
        rng: seeded; equal seeds give equal recordings.
        start_time: aware UTC, whole seconds.
        place: None records no positions (a treadmill).
        pauses: whole seconds from the start between which the timer was stopped.
        presses_s: seconds from the start at which the lap button was pressed.
        auto_lap_m: the watch's own lap, by its own distance.
        labels: the remaining attributes of `Recording`: sport, sub_sport, name, utc_offset_s.
    """
    clock = np.arange(motion.end_s + 1)
    truth = motion.distance_at(clock)
    speed = motion.speed_at(clock)
    counted = _counted_distance(clock, truth, pauses, watch, rng)
    drift_east = _fix_error(speed, watch, rng)
    drift_north = _fix_error(speed, watch, rng)
    keep = _kept(clock, pauses, watch, rng)
    presses = sorted([*presses_s, *_auto_laps(clock, counted, auto_lap_m)])
    columns: dict[str, Any] = {
        "distance_m": counted.round(2),
        "speed_mps": _lagged(speed, _SPEED_LAG_S).round(3),
        "heart_rate_bpm": _heart_rate(speed).round(),
        "cadence_spm": np.where(speed > 0.5, 158 + 6 * speed + smooth_noise(rng, len(clock), 10), 0).round(),
        "temperature_c": np.full(len(clock), 21.0),
    }
    if place is not None:
        east, north = place.plane(truth * watch.path_scale)
        if watch.jitter_m > 0:
            drift_east = drift_east + watch.jitter_m * ar1(rng, len(clock), watch.jitter_memory_s)
            drift_north = drift_north + watch.jitter_m * ar1(rng, len(clock), watch.jitter_memory_s)
        latitude, longitude = place.fixes(east + drift_east, north + drift_north)
        altitude = place.altitudes(truth) + 0.5 * smooth_noise(rng, len(clock), memory=120)
        columns |= {"latitude_deg": latitude, "longitude_deg": longitude, "altitude_m": altitude.round(1)}
    return Recording(
        start_time=start_time,
        time_s=clock[keep],
        laps=_laps(clock, counted, presses, pauses, "manual" if auto_lap_m is None else "distance"),
        pauses=pauses,
        **{name: column[keep] for name, column in columns.items()},
        **labels,
    )


def _paused(clock: FloatArray, pauses: Sequence[Span]) -> BoolArray:
    """Whether the timer stood still during the second that ends at each tick."""
    paused = np.zeros(len(clock), dtype=bool)
    for start_s, end_s in pauses:
        paused |= (clock > start_s) & (clock <= end_s)
    return paused


def _counted_distance(
    clock: FloatArray, truth: FloatArray, pauses: Sequence[Span], watch: Watch, rng: np.random.Generator
) -> FloatArray:
    steps = np.diff(truth, prepend=0.0)
    steps[_paused(clock, pauses)] = 0.0
    scale = watch.distance_scale + watch.distance_wander * smooth_noise(rng, len(clock), memory=60)
    counted = np.cumsum(steps * scale)
    if watch.distance_noise_m > 0:
        error = watch.distance_noise_m * ar1(rng, len(clock), watch.distance_memory_s)
        still = steps == 0
        error[still] = np.nan
        counted = np.maximum.accumulate(np.nan_to_num(counted + error - error[~still][0], nan=0.0))
    return np.maximum(counted, 0.0)


def ar1(rng: np.random.Generator, n: int, memory: float) -> FloatArray:
    """Return (n,) values of a first-order autoregression, as `smooth_noise`, of blocks at once."""
    keep = math.exp(-1 / memory)
    block = max(1, int(30 * memory))
    powers = keep ** np.arange(min(block, n))
    values = np.empty(n)
    level = float(rng.standard_normal())
    for start in range(0, n, block):
        count = min(block, n - start)
        shocks = math.sqrt(1 - keep * keep) * rng.standard_normal(count)
        # x_i = keep^i (level + sum of shocks_j / keep^j)
        piece = powers[:count] * (keep * level + np.cumsum(shocks / powers[:count]))
        values[start : start + count] = piece
        level = float(piece[-1])
    return values


def _fix_error(speed: FloatArray, watch: Watch, rng: np.random.Generator) -> FloatArray:
    shocks = rng.standard_normal(len(speed))
    keep = math.exp(-1 / watch.fix_memory_s)
    pull = watch.fix_noise_m * math.sqrt(1 - keep * keep) * np.where(speed < 0.1, watch.standing_noise, 1.0)
    error = np.empty(len(speed))
    error[0] = watch.fix_noise_m * shocks[0]
    for i in range(1, len(speed)):
        error[i] = keep * error[i - 1] + pull[i] * shocks[i]
    return error


def _kept(clock: FloatArray, pauses: Sequence[Span], watch: Watch, rng: np.random.Generator) -> BoolArray:
    """Which ticks become records: none inside a pause, always those at its ends, the first and the last."""
    stride = np.cumsum(rng.choice(watch.steps_s, len(clock)))
    keep = np.isin(clock, stride)
    keep[[0, -1]] = True
    for start_s, end_s in pauses:
        keep[(clock > start_s) & (clock < end_s)] = False
        keep[(clock == start_s) | (clock == end_s)] = True
    return keep


def _lagged(values: FloatArray, lag_s: float) -> FloatArray:
    follow = 1 - math.exp(-1 / lag_s)
    lagged = np.empty(len(values))
    level = values[0]
    for i, value in enumerate(values):
        level += follow * (value - level)
        lagged[i] = level
    return lagged


def _heart_rate(speed: FloatArray) -> FloatArray:
    effort = np.minimum(speed / _HARDEST_MPS, 1.05) ** 1.2
    return _lagged(_RESTING_BPM + (_HARDEST_BPM - _RESTING_BPM) * effort, _HEART_LAG_S)


def _auto_laps(clock: FloatArray, counted: FloatArray, lap_m: float | None) -> list[float]:
    if lap_m is None:
        return []
    marks = np.arange(lap_m, counted[-1], lap_m)
    return [float(t) for t in np.interp(marks, counted, clock)]


def _laps(
    clock: FloatArray, counted: FloatArray, presses: Sequence[float], pauses: Sequence[Span], trigger: str
) -> list[LapMark]:
    bounds = [0.0, *(round(press, 3) for press in presses), float(clock[-1])]
    metres = np.interp(bounds, clock, counted).round(2)
    laps = []
    for i, (start_s, end_s) in enumerate(pairwise(bounds)):
        stopped = sum(max(0.0, min(end_s, p.end_s) - max(start_s, p.start_s)) for p in pauses)
        why = trigger if i + 2 < len(bounds) else "session_end"
        elapsed = round(end_s - start_s, 3)
        laps.append(
            LapMark(
                start_s, elapsed, round(elapsed - stopped, 3), round(float(metres[i + 1] - metres[i]), 2), why
            )
        )
    return laps
