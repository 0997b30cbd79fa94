"""Which oval: centre, bearing, straights and bends fitted to positions; and which lane."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from miler.arrays import FloatArray, quantile
from miler.oval import Oval
from miler.track.line import Line, Pose

_SCALE_M = 3.0  # a residual beyond this counts less and less
_MOST_POINTS = 400
_ROUNDS = 25

# Lane and radius before anything is seen. Runners train in lane 1 where they may; most tracks are
# standard ones; the radii of the others are spread between those that are built.
_LANES = 8
_LANE_1 = 0.7
_STANDARD = 0.7

# What a receiver does to a shape beyond noise: real sessions show lane 1 up to two metres too wide.
_WARP_SD_M = 1.2


class Family(NamedTuple):
    """Tracks of one nominal lap: the radii of the kerb that are built, the usual one first."""

    lap_m: float
    usual_m: float
    least_m: float
    most_m: float

    def ovals(self) -> Iterator[tuple[Oval, float]]:
        """Every oval of the family with its share before anything is seen."""
        radii = np.arange(self.least_m, self.most_m + 0.01, 0.25)
        for radius in radii.tolist():
            yield Oval(radius, self.lap_m), (1 - _STANDARD) / len(radii)
        yield Oval(self.usual_m, self.lap_m), _STANDARD


FAMILIES = (
    Family(400.0, 36.50, 35.0, 40.0),
    Family(300.0, 27.0, 22.0, 31.0),
    Family(200.0, 17.2, 15.0, 20.0),
)


@dataclass(frozen=True, eq=False)
class Shape:
    """An oval fitted to positions.

    Attributes:
        pose: where it lies.
        line: the straights and the radius that fit best, whatever is built.
        residuals_m: (n,) metres outwards of the positions that were used.
        covariance: (2, 2) of radius and straight, square metres, were the positions independent.
    """

    pose: Pose
    line: Line
    residuals_m: FloatArray
    covariance: FloatArray

    @property
    def rms_m(self) -> float:
        """Root mean square of the residuals, each taken as 15 m at most."""
        return float(np.sqrt(np.mean(np.minimum(np.abs(self.residuals_m), 15.0) ** 2)))


class _Steps(NamedTuple):
    """The residuals (n,) of a guess, and their derivatives (5, n)."""

    residuals: FloatArray
    slopes: FloatArray


def fit_shape(x: FloatArray, y: FloatArray, start: Shape, *, give_up_m: float = math.inf) -> Shape:
    """Fit centre, bearing, radius and straights to positions, by Gauss-Newton with falling weights.

    Args:
        x, y: (n,) metres; at most 400 of them, evenly chosen, are used.
        start: where to begin; its radius and straights also hold the fit loosely.
        give_up_m: return early if after a few rounds the residuals are worse than this.

    Source:
        Gauss-Newton with the weights of the pseudo-Huber loss; any text on robust regression.
    """
    chosen = np.linspace(0, len(x) - 1, min(_MOST_POINTS, len(x))).astype(int)
    x, y = x[chosen], y[chosen]
    values = np.array([*_numbers(start)])
    held = values.copy()
    loose = np.diag([0.0, 0.0, 0.0, 1 / 5.0**2, 1 / 10.0**2])
    for rounds in range(_ROUNDS):
        residuals, slopes = _step(x, y, values)
        weights = 1 / np.sqrt(1 + (residuals / _SCALE_M) ** 2) / _SCALE_M**2
        weighted = slopes * weights
        normal = weighted @ slopes.T + loose
        pull = weighted @ residuals + loose @ (values - held)
        change = np.linalg.solve(normal + 1e-9 * np.eye(5), pull)
        change = np.clip(change, *_LARGEST)
        values = values - change
        values[3:] = np.clip(values[3:], 5.0, 200.0)
        if float(np.abs(change).max()) < 1e-3:
            break
        if rounds == 6 and float(np.sqrt(np.mean(np.minimum(np.abs(residuals), 15.0) ** 2))) > give_up_m:
            break
    residuals, slopes = _step(x, y, values)
    spread = float(np.mean(np.minimum(residuals**2, 225.0)))
    inverse = np.asarray(np.linalg.inv(slopes @ slopes.T + 1e-6 * np.eye(5)) * spread, dtype=np.float64)
    pose = Pose(float(values[0]), float(values[1]), float(values[2]))
    return Shape(pose, Line(float(values[4]), float(values[3])), residuals, inverse[3:, 3:])


_LARGEST = (np.array([-15.0, -15.0, -0.3, -4.0, -10.0]), np.array([15.0, 15.0, 0.3, 4.0, 10.0]))


def _numbers(shape: Shape) -> tuple[float, ...]:
    pose, line = shape.pose, shape.line
    return pose.x, pose.y, pose.turn, line.radius_m, line.straight_m


def _step(x: FloatArray, y: FloatArray, values: FloatArray) -> _Steps:
    """Residuals outwards and their derivatives by centre, bearing, radius and straight."""
    pose = Pose(*values[:3].tolist())
    radius, half = float(values[3]), float(values[4]) / 2
    u, w = pose.inside(x, y)
    beyond = u - np.clip(u, -half, half)
    far = np.maximum(np.hypot(beyond, w), 1e-6)
    out_u, out_w = beyond / far, w / far
    cos, sin = math.cos(pose.turn), math.sin(pose.turn)
    slopes = np.array(
        [
            out_w * sin - out_u * cos,
            -out_u * sin - out_w * cos,
            out_u * w - out_w * u,
            np.full(len(x), -1.0),
            -np.abs(out_u) / 2,
        ]
    )
    return _Steps(far - radius, slopes)


def guess(x: FloatArray, y: FloatArray, family: Family) -> Shape:
    """A start for the fit: the middle and the longer axis of positions that go round evenly."""
    line = Line.of(Oval(family.usual_m, family.lap_m), 1)
    covariance = np.cov(x, y)
    turn = math.atan2(2 * covariance[0, 1], covariance[0, 0] - covariance[1, 1]) / 2
    aside = Pose(0.0, 0.0, turn)
    u, w = aside.inside(x, y)
    middle = [(quantile(v, 0.02) + quantile(v, 0.98)) / 2 for v in (u, w)]
    centre = aside.turned(np.array(middle)[:, None])[:, 0]
    pose = Pose(float(centre[0]), float(centre[1]), turn)
    return Shape(pose, line, np.empty(0), np.eye(2))


@dataclass(frozen=True)
class Lane:
    """Which track and which of its lanes, and how sure.

    Attributes:
        oval: the track.
        lane: counted from the kerb.
        shares: probability of each lane from 1; one of them is 1 where the lane was given.
        given: whether the runner said it.
    """

    oval: Oval
    lane: int
    shares: tuple[float, ...]
    given: bool

    @property
    def sure(self) -> float:
        """Probability of the lane."""
        return self.shares[self.lane - 1]

    @property
    def line(self) -> Line:
        """The line on which the lane is measured."""
        return Line.of(self.oval, self.lane)


def tell_lane(shape: Shape, family: Family, *, given: int | None, independent: float) -> Lane:
    """Weigh every track and lane of a family against the shape that fits best.

    The straights tell the kerb's radius, as the lap in lane 1 is known; the bends then tell the lane.

    Args:
        shape: the free fit.
        family: tracks of one nominal lap.
        given: the lane, if the runner said it.
        independent: positions that are worth one independent position.
    """
    covariance = shape.covariance * independent + np.eye(2) * _WARP_SD_M**2
    inverse = np.linalg.inv(covariance)
    # Noise across a bend pushes outwards: its mean distance from the centre grows by σ²/2R.
    outwards = float(np.mean(np.minimum(shape.residuals_m**2, 225.0))) / (2 * shape.line.radius_m)
    found = np.array([shape.line.radius_m - outwards, shape.line.straight_m])
    lanes = range(1, max(_LANES, given or 1) + 1)
    shares = np.zeros(len(lanes))
    best: tuple[float, Oval, int] | None = None
    for oval, share in family.ovals():
        for lane in lanes:
            off = np.array([oval.line_radius_m(lane), oval.straight_m]) - found
            prior = _LANE_1 if lane == 1 else (1 - _LANE_1) / (_LANES - 1)
            weight = share * prior * math.exp(max(-0.5 * float(off @ inverse @ off), -600.0))
            shares[lane - 1] += weight
    told = given or int(np.argmax(shares)) + 1
    for oval, share in family.ovals():
        off = np.array([oval.line_radius_m(told), oval.straight_m]) - found
        weight = math.log(share) - 0.5 * float(off @ inverse @ off)
        if best is None or weight > best[0]:
            best = weight, oval, told
    assert best is not None
    if given is not None:
        shares = np.array([float(lane == given) for lane in lanes])
    return Lane(best[1], told, tuple((shares / shares.sum()).tolist()), given is not None)
