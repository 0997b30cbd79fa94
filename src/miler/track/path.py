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
from functools import cached_property
from typing import NamedTuple

import numpy as np

from miler.arrays import FloatArray, IntArray
from miler.track.chain import Chain
from miler.track.line import Line, Pose

_MEMORIES_S = (5.0, 8.0, 12.0, 16.0, 20.0, 26.0, 34.0, 45.0, 60.0, 80.0, 110.0, 150.0)
_SMOOTH_S = 110.0  # a memory from here on is a receiver that filters more than the model knows
_STEP_S, _MOST_STEPS = 8.0, 3  # of the grid, between two fixes
_CHANGE_MPS = 0.011  # scale of a second's change of speed; it is neared from half a metre a second
_FIRST_CHANGE_MPS, _COOLING = 0.5, 0.5
_STILL_MPS, _STILL_SD_MPS = 0.5, 0.03
_ROUNDS, _LEAST_ROUNDS = 18, 9
_COLD_ROUNDS = 7  # before rest is looked for; a path that is nearly known does without them
HUBER_SD = 4.0  # standard deviations from which a fix pulls less; real receivers jump
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
    _about: _About

    def draws(self, count: int, widened: float, seed: int = 0) -> FloatArray:
        """Paths (g, count) as likely as this one, spread by a factor; equal seeds, equal paths."""
        off_m = self._about.draws(count, np.random.default_rng(seed))
        paths: FloatArray = self.along_m[:, None] + widened * off_m
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


class _About(NamedTuple):
    """About a minimum: the chain, how it follows the oval's place (3, n), and what ties that (3, 3)."""

    chain: Chain
    tilt: FloatArray
    rest: FloatArray

    def draws(self, count: int, rng: np.random.Generator) -> FloatArray:
        """Steps along (n, count) from the minimum, as likely as it."""
        root = np.linalg.cholesky(np.linalg.inv((self.rest + self.rest.T) / 2))
        shifted = self.tilt.T @ (root @ rng.standard_normal((3, count)))
        return self.chain.draws(count, rng) - shifted


class _Squares:
    """A sum of weighted squares of residuals, each linear in a few neighbouring unknowns.

    The unknowns are n places along the line, in a chain, bordered by the three of the oval's place. Right
    sides stand in front of the border: `border` is (1 + 3, n), `corner` (1 + 3, 1 + 3).
    """

    def __init__(self, n: int, width: int) -> None:
        self.band = np.zeros((width + 1, n))
        self.border = np.zeros((4, n))
        self.corner = np.zeros((4, 4))

    def add(
        self,
        slopes: Sequence[FloatArray | float],
        weights: FloatArray | float,
        residuals: FloatArray,
        first: int = 0,
    ) -> None:
        """Add weights · (residuals - Σ slopes[k] · unknowns[first + k])², a row for each residual, one on."""
        for k, slope in enumerate(slopes):
            here = slice(first + k, first + k + len(residuals))
            weighted = weights * slope
            self.border[0, here] += weighted * residuals
            for further, other in enumerate(slopes[k:]):
                self.band[further, here] += weighted * other

    def solve(self) -> tuple[FloatArray, FloatArray, _About]:
        """Return the steps along (n,) and of the place (3,) to the minimum, and what lies about it."""
        chain = Chain.of(self.band, self.border)
        alone, tilt = chain.solution[0], chain.solution[1:]
        rest = self.corner[1:, 1:] - self.border[1:] @ tilt.T
        pull = self.corner[1:, 0] - self.border[1:] @ alone
        moved = np.asarray(np.linalg.solve(rest, pull), dtype=np.float64)
        return alone - moved @ tilt, moved, _About(chain, tilt, rest)


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

    @cached_property
    def kept(self) -> FloatArray:
        """The share (f-1,) of each fix's error that the next one still has."""
        kept: FloatArray = np.exp(-np.diff(self.times) / self.noise.memory_s)
        return kept

    @cached_property
    def variance(self) -> FloatArray:
        """Square metres (f,) of what is new in the error of each fix."""
        variance: FloatArray = self.noise.sd_m**2 * (1 - np.append(0.0, self.kept) ** 2) + 1e-4
        return variance


def follow(problem: Problem, pose: Pose, begun: Path | None = None) -> Path:
    """Estimate the path.

    Args:
        problem: the fixes and what is known of them.
        pose: of the oval, as fitted to all fixes on it.
        begun: the path without the presses, if it is known.

    Source:
        Iteratively reweighted least squares (Cauchy and Huber weights) on a linearised
        Ornstein-Uhlenbeck likelihood; this project's trial, docs/explanation/oval.md.
    """
    times = _grid(problem.times)
    at = np.searchsorted(times, problem.times - 1e-9)
    if begun is None:
        along, _ = problem.line.project(*pose.inside(problem.x, problem.y))
        start = problem.direction * problem.line.unwrapped(along)
        along_m = np.interp(times, problem.times, start)
    else:
        along_m = begun.along_m
    width = max(2, int(np.diff(at).max()))
    values = np.array([pose.x, pose.y, pose.turn])
    first = values.copy()
    for rounds in range(0 if begun is None else _COLD_ROUNDS, _ROUNDS):
        squares = _Squares(len(times), width)
        squares.corner[1:, 1:] = np.diag(1 / _POSE_SD**2)
        squares.corner[1:, 0] = (first - values) / _POSE_SD**2
        here = Pose(*values.tolist())
        off_m = _add_fixes(squares, problem, here, along_m, at, robust=rounds > 2)
        scale = max(_CHANGE_MPS, _FIRST_CHANGE_MPS * _COOLING**rounds)
        _add_changes(squares, times, along_m, scale)
        if rounds >= _COLD_ROUNDS:
            _add_rest(squares, times, along_m)
        _add_presses(squares, problem, times, along_m)
        step, moved, about = squares.solve()
        along_m = along_m + np.clip(step, -_LARGEST_M, _LARGEST_M)
        values = values + moved
        if rounds > _LEAST_ROUNDS and float(np.abs(step).max()) < 0.01:
            break
    return Path(times, along_m, Pose(*values.tolist()), problem.noise, off_m, about)


def _grid(times: FloatArray) -> FloatArray:
    """Moments that hold every fix, and two more at most in a gap.

    Between two fixes nothing tells when speed changed: with more moments there the fit would choose one
    of them, and be the worse for it.
    """
    steps = np.diff(times)
    counts = np.clip(np.ceil(steps / _STEP_S), 1, _MOST_STEPS).astype(int)
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
    """Add what each fix says beyond the one before; return how far fixes lie off the path, (f,)."""
    points, tangents = problem.line.at(problem.direction * along_m[at])
    points, tangents = pose.turned(points), pose.turned(tangents) * problem.direction
    off = np.zeros((2, 4, len(at)))  # and its slopes by the oval's place
    off[0, 0], off[1, 0] = problem.x - pose.x - points[0], problem.y - pose.y - points[1]
    off[0, 1] = off[1, 2] = 1.0
    off[0, 3], off[1, 3] = -points[1], points[0]
    kept, variance = problem.kept, problem.variance
    news = off.copy()
    news[..., 1:] -= kept * off[..., :-1]
    weights = 1 / variance
    if robust:
        weights /= np.maximum(1, np.hypot(*news[:, 0]) / np.sqrt(variance) / HUBER_SD)
    weighted = weights * news
    squares.border[:, at] += (tangents[:, None] * weighted).sum(0)
    squares.border[:, at[:-1]] -= ((kept * tangents[:, :-1])[:, None] * weighted[..., 1:]).sum(0)
    squares.corner += (news @ weighted.transpose(0, 2, 1)).sum(0)
    squares.band[0, at] += weights
    squares.band[0, at[:-1]] += weights[1:] * kept**2
    squares.band[np.diff(at), at[:-1]] -= weights[1:] * kept * (tangents[:, 1:] * tangents[:, :-1]).sum(0)
    lie_off: FloatArray = np.hypot(*off[:, 0])
    return lie_off


def _add_changes(squares: _Squares, times: FloatArray, along_m: FloatArray, scale_mps: float) -> None:
    """Add that speed seldom changes: Cauchy's weights let a few great changes through."""
    step = np.diff(times)
    before, after = 1 / step[:-1], 1 / step[1:]
    change = np.diff(np.diff(along_m) / step)
    weights = 2 / (scale_mps**2 * (step[1:] + step[:-1]) / 2 + change**2)
    squares.add((before, -(before + after), after), weights, -change)


def _add_rest(squares: _Squares, times: FloatArray, along_m: FloatArray) -> None:
    """Add that who hardly moves stands."""
    slow = np.abs(np.gradient(along_m, times)) < _STILL_MPS
    weights = (slow[1:] & slow[:-1]) / (_STILL_SD_MPS * np.diff(times)) ** 2
    squares.add((-1.0, 1.0), weights, -np.diff(along_m))


def _add_presses(squares: _Squares, problem: Problem, times: FloatArray, along_m: FloatArray) -> None:
    """Add where the runner was when pressing."""
    for press in problem.pressed:
        after = int(np.clip(np.searchsorted(times, press.at_s), 1, len(times) - 1))
        share = (press.at_s - times[after - 1]) / (times[after] - times[after - 1])
        here = (1 - share) * along_m[after - 1] + share * along_m[after]
        squares.add((1 - share, share), 1 / press.sd_m**2, np.array([press.along_m - here]), after - 1)
