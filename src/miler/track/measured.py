"""A run on the track, measured along its lane, with what other paths as likely say of each time."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

import numpy as np

from miler.activity import Activity, Pause
from miler.arrays import FloatArray, IntArray, distinct, median
from miler.effort import Effort
from miler.fixes import recorded_fixes
from miler.odometer import Odometer
from miler.settings import Settings
from miler.track.detect import Course, Found, tracks_in
from miler.track.finish import Finish, Sight, as_observed, closings_s, locate, presses, rests
from miler.track.line import Plane
from miler.track.meant import FOUR_LAPS_M, Meant, as_meant
from miler.track.path import Noise, Path, Problem, follow, learn_noise
from miler.track.shape import Lane, tell_lane
from miler.track.strayed import Strayed, in_lanes, strayed
from miler.units import MILE_M

_DRAWS = 96
# The draws are too narrow by this: the bend of the line and the steps of speed are more than a Gaussian
# about the most likely path. Set on simulated runs other than those of benchmarks/track.py.
_WIDENED, _WIDENED_SLOW, _WIDENED_SMART = 1.4, 1.25, 1.5
_SLOW_S = 34.0  # errors that last so long are the better known
_SMART_STEP_S = 1.5
SMOOTH_END_SD_M = 2.5  # of either end, where the receiver's errors are smoother than the model
_MOST_SHORT = 0.5  # of the draws may be shorter than a length that is still given an interval
_MOST_FOUR_LAPS = 0.5  # of the draws: what is taken for a mile keeps its own spread
_LEAST_FIXES = 30
_RISE_MPS = 1e-7  # at rest, so that each place has one moment
_ALWAYS_S = (-math.inf, math.inf)


@dataclass(frozen=True, eq=False)
class Circuit:
    """One stretch along the line, in one direction.

    Attributes:
        times: (g,) seconds.
        along_m: (g,) metres from its start, never falling, standing where the timer stood.
        drawn_m: (g, d) the same of paths as likely; where they start is drawn too.
        scales: (d,) how much longer each draw's lap is than the assumed lane's.
        lane: of which track.
        problem: what it was made from.
        path: the estimate itself, on the unwrapped line.
        raw_m: (r, d) draws of the path itself.
        plane: that its fixes lie on.
        miles: what was taken for one.
        others: laps in another lane.
    """

    times: FloatArray
    along_m: FloatArray
    drawn_m: FloatArray
    scales: FloatArray
    lane: Lane
    problem: Problem
    path: Path
    raw_m: FloatArray
    plane: Plane
    miles: tuple[Meant, ...]
    others: tuple[Strayed, ...]

    @property
    def laps(self) -> float:
        """Laps run."""
        return float(self.along_m[-1]) / self.lane.line.length_m

    @property
    def end_sd_m(self) -> float:
        """What either end of a stretch may be off beyond the draws."""
        return SMOOTH_END_SD_M if self.path.noise.smooth else 0.0

    @cached_property
    def _rising(self) -> FloatArray:
        """The draws (d, g), so that they rise even at rest."""
        rising: FloatArray = np.ascontiguousarray(self.drawn_m.T) + _RISE_MPS * (self.times - self.times[0])
        return rising

    def holds(self, from_s: float, to_s: float) -> bool:
        """Whether a span lies inside it."""
        return float(self.times[0]) - 1e-6 <= from_s and to_s <= float(self.times[-1]) + 1e-6

    def fastest_s(self, length_m: float, within_s: tuple[float, float] = _ALWAYS_S) -> FloatArray:
        """(d,) least times over a length, one a draw; NaN where a draw is too short in those seconds."""
        first, last = np.searchsorted(self.times, [within_s[0] - 1e-6, within_s[1] + 1e-6]).tolist()
        inside = slice(first, last)
        if last - first < 2:
            return np.full(len(self.scales), np.nan)
        times, along_m, drawn = self.times[inside], self.along_m[inside], self._rising[:, inside]
        lengths_m = length_m / self.scales
        apart_m = float(np.ptp(drawn - along_m, axis=1).max())  # by which any stretch is longer in a draw
        starts, ends = _rivals(times, along_m, lengths_m.min() - apart_m, lengths_m.max() + apart_m)
        return np.array(
            [
                _fastest_s(times, rising, metres, starts, ends)
                for rising, metres in zip(drawn, lengths_m.tolist(), strict=True)
            ]
        )

    def but_four_laps(self) -> Circuit:
        """What its draws would be had its miles been 1600 m each: who runs several runs them alike."""
        steps = np.diff(self.drawn_m, axis=0)
        for mile in self.miles:
            steps[(self.times[1:] > mile.from_s) & (self.times[1:] <= mile.to_s)] *= FOUR_LAPS_M / MILE_M
        return replace(
            self, drawn_m=np.concatenate((self.drawn_m[:1], self.drawn_m[:1] + np.cumsum(steps, axis=0)))
        )

    def spreads_s(self, start_s: float, end_s: float, bounds_m: FloatArray) -> FloatArray:
        """Standard deviations (b-1,) of the times between distances (b,) of a stretch.

        Draws are laid on its start and on its end, and the surer is taken: at a rest a metre is minutes.
        """
        from_start, from_end = [], []
        for rising, scale in zip(self._rising, self.scales.tolist(), strict=True):
            begun, ended = np.interp([start_s, end_s], self.times, rising).tolist()
            metres = bounds_m / scale
            from_start.append(np.diff(np.interp(begun + metres, rising, self.times)))
            from_end.append(np.diff(np.interp(ended - (metres[-1] - metres), rising, self.times)))
        spread = np.minimum(_spread(np.array(from_start)), _spread(np.array(from_end)))
        took_s = np.median(from_start, axis=0)
        ends_s = math.sqrt(2) * self.end_sd_m * took_s / np.maximum(np.diff(bounds_m), 1.0)
        both: FloatArray = np.hypot(spread, ends_s)
        return both


def _spread(values: FloatArray) -> FloatArray:
    """Half the width of the middle 68 % of each column: a standard deviation that few strays do not move."""
    low, high = np.quantile(values, [0.16, 0.84], axis=0)
    half: FloatArray = (high - low) / 2
    return half


@dataclass(frozen=True, eq=False)
class Track:
    """All that was run on tracks in one recording.

    Attributes:
        circuits: in order of time, apart.
        finish: the line of the track of the longest circuit; None if nothing tells it.
        fixes: of the recording.
    """

    circuits: tuple[Circuit, ...]
    finish: Finish | None
    fixes: int

    def circuit(self, from_s: float, to_s: float) -> Circuit | None:
        """Return the circuit that holds a span of time."""
        return next((c for c in self.circuits if c.holds(from_s, to_s)), None)

    @cached_property
    def longest(self) -> Circuit:
        """The circuit with most laps."""
        return max(self.circuits, key=lambda c: c.laps)

    @property
    def home(self) -> tuple[Circuit, ...]:
        """The circuits on the track of the longest one."""
        return tuple(c for c in self.circuits if c.plane == self.longest.plane)

    @property
    def lane(self) -> Lane:
        """The lane of the longest circuit."""
        return self.longest.lane

    def interval(
        self, effort: Effort, within_s: tuple[float, float] = _ALWAYS_S
    ) -> tuple[float, float] | None:
        """Between which times the fastest stretch of an effort's length lies, in 95 of 100 cases.

        None where the effort is not all on one circuit.

        Args:
            effort: as `fastest` found it.
            within_s: from when to when stretches are looked for, seconds.
        """
        circuit = self.circuit(effort.start_s, effort.end_s)
        if circuit is None:
            return None
        took = circuit.fastest_s(effort.length_m, within_s)
        short = np.isnan(took)
        if short.mean() > _MOST_SHORT:
            return None
        if mile := next((m for m in circuit.miles if _same(m, effort)), None):
            count = round(min(mile.four_laps, _MOST_FOUR_LAPS) * len(took))
            others = circuit.but_four_laps().fastest_s(effort.length_m, within_s)
            others[np.isnan(others)] = effort.elapsed_s * MILE_M / FOUR_LAPS_M  # no mile, but at its pace
            took[:count] = others[:count]
            # Draws that were all made a mile agree on its ends.
            took += mile.longer_s
        random = np.random.default_rng(1)
        ends_s = math.sqrt(2) * circuit.end_sd_m * effort.elapsed_s / effort.length_m
        took += random.standard_normal(len(took)) * ends_s
        low, high = np.nanquantile(took, [0.025, 0.975])
        return min(float(low), effort.elapsed_s), max(float(high), effort.elapsed_s)


def _same(mile: Meant, effort: Effort) -> bool:
    """Whether an effort is what was meant for a mile, give or take a few seconds."""
    return abs(mile.from_s - effort.start_s) < 5.0 and abs(mile.to_s - effort.end_s) < 5.0


def find_track(activity: Activity, odometer: Odometer, settings: Settings) -> Track | None:
    """Find what was run on tracks; None if nothing was, or if the distance's source was chosen by hand.

    Args:
        activity: its positions and lap presses are used.
        odometer: its pauses are: no distance is credited in one.
        settings: the lane, if the runner says it.
    """
    fixes = recorded_fixes(activity)
    if settings.distance_source != "auto" or len(fixes.times) < _LEAST_FIXES:
        return None
    course = Course.of(fixes)
    circuits: list[Circuit] = []
    finish, most = None, 0.0
    for found in tracks_in(course, settings.lane):
        more, line = _circuits(course, found, activity, odometer, settings)
        circuits += more
        if (laps := max(c.laps for c in more)) > most:
            finish, most = line, laps
    circuits.sort(key=lambda c: float(c.times[0]))
    return Track(tuple(circuits), finish, len(course.times)) if circuits else None


def _circuits(
    course: Course, found: Found, activity: Activity, odometer: Odometer, settings: Settings
) -> tuple[list[Circuit], Finish | None]:
    """Measure every run along one track, find its line, and measure again with the presses at it."""
    on = np.concatenate([np.arange(first, last + 1) for first, last, _ in found.runs])
    shape = found.shape
    noise = learn_noise(course.times[on], found.x[on], found.y[on], shape.pose, shape.line)
    lane = tell_lane(shape, found.family, given=settings.lane, independent=_independent(course, found, noise))
    _, outwards = lane.line.project(*shape.pose.inside(found.x[on], found.y[on]))
    line = replace(lane.line, swell_m=median(outwards))
    followed: list[tuple[Problem, Path]] = []
    for first, last, direction in found.runs:
        inside = slice(first, last + 1)
        times, x, y = course.times[inside], found.x[inside], found.y[inside]
        noise = learn_noise(times, x, y, shape.pose, line)
        problem = Problem(times, x, y, line, direction, noise)
        followed.append((problem, follow(problem, shape.pose)))

    pressed_s = closings_s(activity.laps)[[lap.trigger == "manual" for lap in activity.laps]]

    def pressed(late_s: float = 0.0) -> list[list[Sight]]:
        return [presses(pressed_s, *one, late_s) for one in followed]

    rested = [sight for one in followed for sight in rests(*one)]
    finish = locate(lambda late_s: list(chain(*pressed(late_s))), rested, lane.line.length_m)
    if finish is not None and finish.told == "presses":
        for i, ((problem, path), some) in enumerate(zip(followed, pressed(), strict=True)):
            if observed := as_observed(some, finish, problem, path):
                problem = replace(problem, pressed=observed)
                followed[i] = problem, follow(problem, path.pose, path)
    return [_circuit(*one, lane, odometer, found.plane, pressed_s) for one in followed], finish


def _independent(course: Course, found: Found, noise: Noise) -> float:
    """How many of the positions that the shape was fitted to are worth an independent one."""
    seconds = sum(float(course.times[last] - course.times[first]) for first, last, _ in found.runs)
    used = len(found.shape.residuals_m)
    return max(used * 2 * noise.memory_s / max(seconds, 1.0), 1.0)


def _circuit(
    problem: Problem, path: Path, lane: Lane, odometer: Odometer, plane: Plane, pressed_s: FloatArray
) -> Circuit:
    drawn = path.draws(_DRAWS, _widened(problem))
    times, paths = _held(path.times, np.column_stack([path.along_m, drawn]), odometer.pauses)
    others = strayed(problem, path, lane, odometer)
    paths = in_lanes(times, paths, others)
    times, paths, miles = as_meant(times, paths, odometer.pauses, problem, path, pressed_s)
    scales = _scales(lane, _DRAWS)
    return Circuit(times, paths[:, 0], paths[:, 1:], scales, lane, problem, path, drawn, plane, miles, others)


def _widened(problem: Problem) -> float:
    """By how much the draws of a path are too narrow."""
    if float(np.mean(np.diff(problem.times))) > _SMART_STEP_S:
        return _WIDENED_SMART
    return _WIDENED_SLOW if problem.noise.memory_s >= _SLOW_S else _WIDENED


def _held(times: FloatArray, paths: FloatArray, pauses: tuple[Pause, ...]) -> tuple[FloatArray, FloatArray]:
    """Let paths (g, p) never fall and stand while the timer stood, the first from 0."""
    bounds = np.array([t for p in pauses for t in (p.start_s, p.end_s) if times[0] < t < times[-1]])
    every = distinct(np.append(times, bounds))
    if len(every) > len(times):
        paths = np.column_stack([np.interp(every, times, path) for path in paths.T])
    steps = np.diff(np.maximum.accumulate(paths, axis=0), axis=0)
    middle = (every[1:] + every[:-1]) / 2
    for pause in pauses:
        steps[(middle > pause.start_s) & (middle < pause.end_s)] = 0.0
    start = paths[:1] - paths[0, 0]
    return every, np.concatenate((start, start + np.cumsum(steps, axis=0)))


def _scales(lane: Lane, count: int) -> FloatArray:
    """How much longer each draw's lap is than the one assumed: draws share out the lanes."""
    lengths = np.array([lane.oval.lap_length_m(n + 1) for n in range(len(lane.shares))])
    drawn = np.random.default_rng(2).permutation((np.arange(count) + 0.5) / count)
    chosen = np.searchsorted(np.cumsum(lane.shares), drawn)
    scales: FloatArray = lengths[np.minimum(chosen, len(lengths) - 1)] / lane.line.length_m
    return scales


def _rivals(
    times: FloatArray, along_m: FloatArray, least_m: float, most_m: float
) -> tuple[IntArray, IntArray]:
    """Where the fastest stretch of a draw may start and where it may end, indices of moments.

    Such a stretch of the estimate is `least_m` long or more, and some stretch of `most_m` is surely as fast.
    """
    rising = along_m + _RISE_MPS * (times - times[0])

    def took_s(length_m: float) -> tuple[FloatArray, FloatArray]:
        begun = np.interp(rising + length_m, rising, times, right=np.inf) - times
        return begun, times - np.interp(rising - length_m, rising, times, left=-np.inf)

    longest_s = took_s(most_m)[0].min()
    starts, ends = (np.flatnonzero(took <= longest_s) for took in took_s(least_m))
    return starts, ends


def _fastest_s(
    times: FloatArray, rising: FloatArray, length_m: float, starts: IntArray, ends: IntArray
) -> float:
    """Return the least time over a length of one draw; NaN if it is too short. `fastest`, without breaks."""
    if rising[-1] - rising[0] < length_m:
        return math.nan
    from_m, to_m = rising[starts] + length_m, rising[ends] - length_m
    begun = np.interp(from_m, rising, times, right=np.inf) - times[starts]
    ended = times[ends] - np.interp(to_m, rising, times, left=-np.inf)
    return float(min(begun.min(initial=math.inf), ended.min(initial=math.inf)))


def across_m(circuit: Circuit) -> float:
    """Root mean square of the distances of a circuit's fixes across its line, metres."""
    problem = circuit.problem
    _, outwards = problem.line.project(*circuit.path.pose.inside(problem.x, problem.y))
    return float(np.sqrt(np.mean(outwards**2)))
