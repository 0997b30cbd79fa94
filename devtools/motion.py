"""What a simulated runner truly did: distance over time, known exactly.

Between knots the acceleration is constant, so distance is a parabola in time and both
directions, distance at a time and time at a distance, have closed forms.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from miler.arrays import FloatArray, IntArray

_PIECE_M = 20.0
_STANDING_START_M = 4.0  # from standing to pace takes a runner about a second and a half


class Leg(NamedTuple):
    """A stretch of constant acceleration."""

    duration_s: float
    start_mps: float
    end_mps: float


class TrueEffort(NamedTuple):
    """The fastest stretch of the true motion: where it starts, and how long it takes."""

    start_m: float
    elapsed_s: float


def took_s(*parts: Iterable[Leg]) -> float:
    """Return how long the parts take together."""
    return math.fsum(leg.duration_s for part in parts for leg in part)


def stand(duration_s: float) -> list[Leg]:
    """Stand still."""
    return [Leg(duration_s, 0.0, 0.0)]


def paced(
    distance_m: float,
    duration_s: float,
    rng: np.random.Generator,
    *,
    wobble: float = 0.012,
    standing_start: bool = False,
) -> list[Leg]:
    """Run a distance in exactly a given time, at a speed that wobbles as people's does.

    Args:
        distance_m, duration_s: both are kept exactly.
        rng: where the wobble comes from.
        wobble: standard deviation of the speed, as a share of it; 0 is a treadmill.
        standing_start: begin from rest.
    """
    head_m = min(_STANDING_START_M, distance_m / 2) if standing_start else 0.0
    pieces = max(1, round((distance_m - head_m) / _PIECE_M))
    ends_m = np.linspace(head_m, distance_m, pieces + 1)
    speeds = 1 + wobble * smooth_noise(rng, len(ends_m), memory=4)
    if standing_start:
        ends_m, speeds = np.insert(ends_m, 0, 0.0), np.insert(speeds, 0, 0.0)
    durations = 2 * np.diff(ends_m) / (speeds[1:] + speeds[:-1])
    stretch = duration_s / durations.sum()
    return [
        Leg(float(d) * stretch, float(v0) / stretch, float(v1) / stretch)
        for d, v0, v1 in zip(durations, speeds[:-1], speeds[1:], strict=True)
    ]


def smooth_noise(rng: np.random.Generator, n: int, memory: float) -> FloatArray:
    """Return (n,) values of a first-order autoregression with mean 0 and variance 1; `memory` in steps."""
    keep = math.exp(-1 / memory)
    shocks = rng.standard_normal(n)
    values = np.empty(n)
    values[0] = shocks[0]
    for i in range(1, n):
        values[i] = keep * values[i - 1] + math.sqrt(1 - keep * keep) * shocks[i]
    return values


@dataclass(frozen=True, eq=False)
class Motion:
    """Distance over time as a chain of parabolas.

    Attributes:
        time_s: (k,) knots, strictly increasing from 0.
        distance_m: (k,) distance at the knots, never falling.
        speed_mps: (k - 1,) speed at the start of each piece.
        acceleration: (k - 1,) m/s² within each piece.
    """

    time_s: FloatArray
    distance_m: FloatArray
    speed_mps: FloatArray
    acceleration: FloatArray

    @classmethod
    def of(cls, *parts: Iterable[Leg]) -> Motion:
        """Chain all legs, and stand at the end until the next whole second: watches stop on one."""
        legs = [leg for part in parts for leg in part]
        total_s = took_s(legs)
        if (rest_s := math.ceil(total_s) - total_s) > 1e-9:
            legs += stand(rest_s)
        duration, start, end = np.array(legs).T
        return cls(
            np.concatenate([[0.0], np.cumsum(duration)]),
            np.concatenate([[0.0], np.cumsum(duration * (start + end) / 2)]),
            start,
            (end - start) / duration,
        )

    @property
    def end_s(self) -> float:
        """Duration of the whole, a whole number of seconds."""
        return float(round(self.time_s[-1]))

    def distance_at(self, time_s: FloatArray) -> FloatArray:
        """Return (n,) metres run after (n,) seconds."""
        i = np.clip(np.searchsorted(self.time_s, time_s, side="right") - 1, 0, len(self.speed_mps) - 1)
        dt = np.clip(time_s, 0, self.time_s[-1]) - self.time_s[i]
        return self.distance_m[i] + self.speed_mps[i] * dt + self.acceleration[i] / 2 * dt**2

    def speed_at(self, time_s: FloatArray) -> FloatArray:
        """Return (n,) m/s after (n,) seconds."""
        i = np.clip(np.searchsorted(self.time_s, time_s, side="right") - 1, 0, len(self.speed_mps) - 1)
        return self.speed_mps[i] + self.acceleration[i] * (
            np.clip(time_s, 0, self.time_s[-1]) - self.time_s[i]
        )

    def arrival(self, distance_m: FloatArray) -> FloatArray:
        """Return (n,) seconds, when each distance was first reached."""
        return self._time_at(distance_m, self._knot(distance_m, "left"))

    def departure(self, distance_m: FloatArray) -> FloatArray:
        """Return (n,) seconds, when each distance was last left; later than its arrival after a stop."""
        return self._time_at(distance_m, self._knot(distance_m, "right"))

    def fastest(self, length_m: float) -> TrueEffort | None:
        """Return the fastest stretch of a length, by a fine search of the true curve.

        Every start at half-metre steps, and every start or end at a knot, is tried; in the deepest
        valleys the step is refined to a nanometre, so the time is right to well under a microsecond.
        None if the runner never came that far.
        """
        room_m = float(self.distance_m[-1]) - length_m
        if room_m < 0:
            return None
        knots = np.concatenate([self.distance_m, self.distance_m - length_m])
        starts = np.unique(np.concatenate([np.arange(0, room_m, 0.5), knots, [room_m]]).clip(0, room_m))
        took = np.pad(self._took(starts, length_m), 1, constant_values=np.inf)
        valleys = np.flatnonzero((took[1:-1] <= took[:-2]) & (took[1:-1] <= took[2:]))
        deepest = valleys[np.argsort(took[1:-1][valleys])][:20]
        return min(
            (self._refine(starts, int(i), length_m) for i in deepest), key=lambda effort: effort.elapsed_s
        )

    def _refine(self, starts: FloatArray, i: int, length_m: float) -> TrueEffort:
        while True:
            near = starts[max(0, i - 1) : i + 2]
            took = self._took(starts, length_m)
            if near[-1] - near[0] < 1e-9:
                return TrueEffort(float(starts[i]), float(took[i]))
            # The centre stays a candidate: at a stop it is better than anything beside it.
            starts = np.unique(np.concatenate([np.linspace(near[0], near[-1], 41), [starts[i]]]))
            i = int(np.argmin(self._took(starts, length_m)))

    def _took(self, starts: FloatArray, length_m: float) -> FloatArray:
        return self.arrival(starts + length_m) - self.departure(starts)

    def _knot(self, distance_m: FloatArray, side: Literal["left", "right"]) -> IntArray:
        return np.asarray(np.searchsorted(self.distance_m, distance_m, side=side), dtype=np.int64) - 1

    def _time_at(self, distance_m: FloatArray, i: IntArray) -> FloatArray:
        i = np.clip(i, 0, len(self.speed_mps) - 1)
        run_m = np.maximum(distance_m - self.distance_m[i], 0)
        v, a = self.speed_mps[i], self.acceleration[i]
        # The stable form of the quadratic's root; 0/0 only where nothing is left to run.
        root = v + np.sqrt(np.maximum(v * v + 2 * a * run_m, 0))
        rest_s: FloatArray = np.divide(2 * run_m, root, out=np.zeros_like(run_m), where=root > 0)
        return self.time_s[i] + rest_s
