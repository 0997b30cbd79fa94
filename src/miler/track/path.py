"""Where along the line the runner was at each second, and how sure that is.

A fix is a point on the line plus an error that comes and goes within seconds or minutes (an
Ornstein-Uhlenbeck process, whose size and memory are learnt across the line, where the runner's place
is known). The runner's speed mostly stays as it is and sometimes changes at once (steps of a Cauchy
distribution); at rest it is zero. The most likely path under both is the minimum of one sum of squares,
found by reweighting; along with it the place of the oval is refined. As a runner turns with the bends,
errors that were across the line come to lie along it: so the line itself takes the drift out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from miler.arrays import FloatArray, IntArray
from miler.track.line import Line, Pose

_MEMORIES_S = (5.0, 8.0, 12.0, 16.0, 20.0, 26.0, 34.0, 45.0, 60.0, 80.0, 110.0, 150.0)
_SMOOTH_S = 110.0  # a memory from here on is a receiver that filters more than the model knows
_MOST_STEPS = 3  # of the grid, between two fixes
_CHANGE_MPS = 0.016  # scale of a second's change of speed; it is neared from half a metre a second
_FIRST_CHANGE_MPS, _COOLING = 0.5, 0.7
_STILL_MPS, _STILL_SD_MPS = 0.5, 0.03
_ROUNDS, _LEAST_ROUNDS = 30, 15
_HUBER = 4.0  # standard deviations from which a fix pulls less; real receivers jump
_POSE_SD = np.array([2.0, 2.0, 0.05])  # of the oval's place, metres and radians, about the fit to all runs
_LARGEST_M = 15.0


@dataclass(frozen=True)
class Noise:
    """The error of a fix: standard deviation in each axis, and how long it lasts."""

    sd_m: float
    memory_s: float

    @property
    def smooth(self) -> bool:
        """Whether it is smoother than the model, so that the ends are less sure than the draws tell."""
        return self.memory_s >= _SMOOTH_S


@dataclass(frozen=True)
class Pressed:
    """The runner pressed at a known place along the unwrapped line."""

    at_s: float
    along_m: float
    sd_m: float


@dataclass(frozen=True, eq=False)
class Path:
    """The most likely path, with what is needed to draw others as likely.

    Attributes:
        times: (g,) seconds, at most about one apart.
        along_m: (g,) metres, growing as the runner goes; not yet made monotone.
        pose: of the oval, as refined.
        noise: of the fixes.
        residuals_m: (f,) metres by which fixes lie off the path.
    """

    times: FloatArray
    along_m: FloatArray
    pose: Pose
    noise: Noise
    residuals_m: FloatArray
    _factor: FloatArray
    _tilt: FloatArray
    _root: FloatArray

    def draws(self, count: int, widened: float, seed: int = 0) -> FloatArray:
        """Paths (g, count) as likely as this one, spread by a factor; equal seeds, equal paths."""
        from scipy.linalg import solve_banded

        rng = np.random.default_rng(seed)
        width = len(self._factor) - 1
        shocks = rng.standard_normal((len(self.times), count))
        bent = solve_banded((0, width), self._factor, shocks, check_finite=False)
        shifted = self._tilt @ (self._root @ rng.standard_normal((3, count)))
        paths: FloatArray = self.along_m[:, None] + widened * (bent - shifted)
        return paths


def learn_noise(times: FloatArray, x: FloatArray, y: FloatArray, pose: Pose, line: Line) -> Noise:
    """Learn size and memory of the errors from the distances across the line.

    Across the line the truth is zero. Between fixes at which the line has turned by θ, an error of memory
    τ keeps the share exp(-dt/τ) cos θ of itself across.

    Source:
        Pairwise composite likelihood; Varin, Reid & Firth 2011, Statistica Sinica 21:5.
    """
    along, across = line.project(*pose.inside(x, y))
    _, tangent = line.at(along)
    step = np.diff(times)
    near = step <= 10.0
    turned = (tangent[:, 1:] * tangent[:, :-1]).sum(0)[near]
    before, after, step = across[:-1][near], across[1:][near], step[near]
    best, told = -math.inf, Noise(3.0, 20.0)
    for memory_s in _MEMORIES_S if near.any() else ():
        kept = np.exp(-step / memory_s) * turned
        fresh = np.maximum(1 - kept**2, 1e-9)
        variance = float(np.mean((after - kept * before) ** 2 / fresh))
        likely = -0.5 * float(np.log(fresh).sum()) - 0.5 * len(step) * math.log(max(variance, 1e-6))
        if likely > best:
            best, told = likely, Noise(max(math.sqrt(variance), 0.1), memory_s)
    return told


class _Solved(NamedTuple):
    """Steps along (n,) and of the place (3,); the band's factor, the tilt (n, 3), the corner's root."""

    step: FloatArray
    moved: FloatArray
    factor: FloatArray
    tilt: FloatArray
    root: FloatArray


class _Squares:
    """A sum of weighted squares of residuals, each linear in a few neighbouring unknowns.

    The unknowns are n places along the line, in a band, bordered by the three of the oval's place.
    """

    def __init__(self, n: int, width: int) -> None:
        self.band = np.zeros((width + 1, n))
        self.pull = np.zeros(n)
        self.border = np.zeros((n, 3))
        self.corner = np.zeros((3, 3))
        self.corner_pull = np.zeros(3)
        self._width = width

    def add(
        self,
        at: Sequence[IntArray],
        slopes: Sequence[FloatArray | float],
        weights: FloatArray | float,
        residuals: FloatArray,
        by_pose: FloatArray | None = None,
    ) -> None:
        """Add rows weights · (residuals - Σ slopes · unknowns[at])²; no unknown twice in one `at`."""
        for k, (row, slope) in enumerate(zip(at, slopes, strict=True)):
            weighted = weights * slope
            self.pull[row] += weighted * residuals
            for column, other in zip(at[k:], slopes[k:], strict=True):
                self.band[self._width - (column - row), column] += weighted * other
            if by_pose is not None:
                self.border[row] += np.atleast_1d(weighted)[:, None] * by_pose
        if by_pose is not None:
            share = by_pose * np.broadcast_to(weights, residuals.shape)[:, None]
            self.corner += share.T @ by_pose
            self.corner_pull += share.T @ residuals

    def solve(self) -> _Solved:
        """Return the minimum, and what its neighbourhood looks like."""
        # Banded Cholesky is LAPACK's; numpy has none, and a loop in Python takes seconds.
        from scipy.linalg import cho_solve_banded, cholesky_banded

        factor = cholesky_banded(self.band, check_finite=False)
        columns = np.concatenate([self.pull[:, None], self.border], axis=1)
        solved = cho_solve_banded((factor, False), columns, check_finite=False)
        tilt = solved[:, 1:]
        rest = self.corner - self.border.T @ tilt
        moved = np.linalg.solve(rest, self.corner_pull - self.border.T @ solved[:, 0])
        root = np.linalg.cholesky(np.linalg.inv((rest + rest.T) / 2))
        return _Solved(solved[:, 0] - tilt @ moved, moved, factor, tilt, root)


@dataclass(frozen=True, eq=False)
class Problem:
    """What the path is estimated from: fixes (f,) on a plane, run in one direction along a line."""

    times: FloatArray
    x: FloatArray
    y: FloatArray
    line: Line
    direction: int
    noise: Noise
    pressed: tuple[Pressed, ...] = ()


def follow(problem: Problem, pose: Pose) -> Path:
    """Estimate the path.

    Args:
        problem: the fixes and what is known of them.
        pose: of the oval, as fitted to all fixes on it.

    Source:
        Iteratively reweighted least squares (Cauchy and Huber weights) on a linearised
        Ornstein-Uhlenbeck likelihood; this project's trial, docs/track.md.
    """
    times = _grid(problem.times)
    at = np.searchsorted(times, problem.times - 1e-9)
    along, _ = problem.line.project(*pose.inside(problem.x, problem.y))
    start = problem.direction * problem.line.unwrapped(along)
    along_m = np.interp(times, problem.times, start)
    width = max(2, int(np.diff(at).max()))
    values = np.array([pose.x, pose.y, pose.turn])
    first = values.copy()
    solved: _Solved | None = None
    residuals = np.zeros((2, len(problem.times)))
    for rounds in range(_ROUNDS):
        squares = _Squares(len(times), width)
        here = Pose(*values.tolist())
        residuals = _add_fixes(squares, problem, here, along_m, at, robust=rounds > 2)
        scale = max(_CHANGE_MPS, _FIRST_CHANGE_MPS * _COOLING**rounds)
        _add_changes(squares, times, along_m, scale)
        if rounds > 6:
            _add_rest(squares, times, along_m)
        _add_presses(squares, problem, times, along_m)
        squares.corner += np.diag(1 / _POSE_SD**2)
        squares.corner_pull += (first - values) / _POSE_SD**2
        solved = squares.solve()
        step, moved = solved.step, solved.moved
        along_m = along_m + np.clip(step, -_LARGEST_M, _LARGEST_M)
        values = values + moved
        if rounds > _LEAST_ROUNDS and float(np.abs(step).max()) < 0.01:
            break
    assert solved is not None
    return Path(
        times,
        along_m,
        Pose(*values.tolist()),
        problem.noise,
        np.hypot(*residuals),
        solved.factor,
        solved.tilt,
        solved.root,
    )


def _grid(times: FloatArray) -> FloatArray:
    """Moments that hold every fix and lie about a second apart, at most three steps between two."""
    steps = np.diff(times)
    counts = np.clip(np.round(steps), 1, _MOST_STEPS).astype(int)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    share = (np.arange(len(first)) - first + 1) / np.repeat(counts, counts)
    grid: FloatArray = np.concatenate(
        (times[:1], np.repeat(times[:-1], counts) + share * np.repeat(steps, counts))
    )
    grid[np.cumsum(counts)] = times[1:]
    return grid


def _add_fixes(
    squares: _Squares, problem: Problem, pose: Pose, along_m: FloatArray, at: IntArray, *, robust: bool
) -> FloatArray:
    """Add what each fix says beyond the one before; return how far fixes lie off the path, (2, f)."""
    points, tangents = problem.line.at(problem.direction * along_m[at])
    points, tangents = pose.turned(points), pose.turned(tangents) * problem.direction
    off = np.stack([problem.x - pose.x - points[0], problem.y - pose.y - points[1]])
    one, zero = np.ones(len(at)), np.zeros(len(at))
    by_pose = np.stack([np.stack([one, zero, -points[1]], 1), np.stack([zero, one, points[0]], 1)])
    kept = np.exp(-np.diff(problem.times) / problem.noise.memory_s)
    variance = problem.noise.sd_m**2 * (1 - kept**2) + 1e-4
    news = off[:, 1:] - kept * off[:, :-1]
    weights = 1 / variance
    if robust:
        weights = weights / np.maximum(1, np.sqrt((news**2).sum(0) / variance) / _HUBER)
    for axis in (0, 1):
        news_by_pose = by_pose[axis, 1:] - kept[:, None] * by_pose[axis, :-1]
        slopes = (-kept * tangents[axis, :-1], tangents[axis, 1:])
        squares.add((at[:-1], at[1:]), slopes, weights, news[axis], news_by_pose)
        known = np.array([1 / problem.noise.sd_m**2])
        squares.add((at[:1],), (tangents[axis, :1],), known, off[axis, :1], by_pose[axis, :1])
    return off


def _add_changes(squares: _Squares, times: FloatArray, along_m: FloatArray, scale_mps: float) -> None:
    """Add that speed seldom changes: Cauchy's weights let a few great changes through."""
    step = np.diff(times)
    before, after = 1 / step[:-1], 1 / step[1:]
    slopes = (before, -(before + after), after)
    middle = np.arange(1, len(times) - 1)
    at = (middle - 1, middle, middle + 1)
    change = sum(slope * along_m[i] for slope, i in zip(slopes, at, strict=True))
    weights = 2 / (scale_mps**2 * (step[1:] + step[:-1]) / 2 + change**2)
    squares.add(at, slopes, weights, -np.asarray(change))


def _add_rest(squares: _Squares, times: FloatArray, along_m: FloatArray) -> None:
    """Add that who hardly moves stands."""
    slow = np.abs(np.gradient(along_m, times)) < _STILL_MPS
    still = np.flatnonzero(slow[1:] & slow[:-1])
    weights = 1 / (_STILL_SD_MPS * np.diff(times)[still]) ** 2
    squares.add((still, still + 1), (-1.0, 1.0), weights, along_m[still] - along_m[still + 1])


def _add_presses(squares: _Squares, problem: Problem, times: FloatArray, along_m: FloatArray) -> None:
    """Add where the runner was when pressing."""
    for press in problem.pressed:
        after = int(np.clip(np.searchsorted(times, press.at_s), 1, len(times) - 1))
        share = (press.at_s - times[after - 1]) / (times[after] - times[after - 1])
        here = (1 - share) * along_m[after - 1] + share * along_m[after]
        at = (np.array([after - 1]), np.array([after]))
        squares.add(at, (1 - share, share), 1 / press.sd_m**2, np.array([press.along_m - here]))
