"""A run on the track, measured along its lane: laid on the odometer, with what the draws say of each time."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from miler.activity import Activity, Note, Pause
from miler.arrays import FloatArray
from miler.effort import Effort
from miler.odometer import Break, Odometer, Stretch, timetable
from miler.settings import Settings
from miler.track.detect import Course, Found, tracks_in
from miler.track.line import Plane
from miler.track.path import Noise, Path, Problem, follow, learn_noise
from miler.track.shape import Lane, tell_lane
from miler.units import MILE_M

_DRAWS = 96
# The draws are too narrow by this: the bend of the line and the steps of speed are more than a Gaussian
# about the most likely path. Set on simulated runs other than those of benchmarks/track.py.
_WIDENED, _WIDENED_SMART = 1.4, 1.6
_SMART_STEP_S = 1.5
_SMOOTH_END_SD_M = 2.5  # of either end, where the receiver's errors are smoother than the model
_LEAST_FIXES = 30


@dataclass(frozen=True, eq=False)
class Circuit:
    """One stretch along the line, in one direction.

    Attributes:
        times: (g,) seconds.
        along_m: (g,) metres from its start, never falling, standing where the timer stood.
        drawn_m: (g, d) metres of paths as likely.
        lane: of which track.
        path: the estimate itself, on the unwrapped line.
        problem: what it was made from.
        plane: that its fixes lie on.
        first, last: of the fixes of the recording, last included.
    """

    times: FloatArray
    along_m: FloatArray
    drawn_m: FloatArray
    lane: Lane
    path: Path
    problem: Problem
    plane: Plane

    @property
    def laps(self) -> float:
        """Laps run."""
        return float(self.along_m[-1]) / self.lane.line.length_m

    @property
    def end_sd_m(self) -> float:
        """What either end of a stretch may be off beyond the draws."""
        return _SMOOTH_END_SD_M if self.path.noise.smooth else 0.0

    def holds(self, from_s: float, to_s: float) -> bool:
        """Whether a span lies inside it."""
        return float(self.times[0]) - 1e-6 <= from_s and to_s <= float(self.times[-1]) + 1e-6


@dataclass(frozen=True, eq=False)
class Track:
    """All that was run on tracks in one recording.

    Attributes:
        circuits: in order of time, apart.
        fixes: of the recording.
    """

    circuits: tuple[Circuit, ...]
    fixes: int

    def circuit(self, from_s: float, to_s: float) -> Circuit | None:
        """Return the circuit that holds a span of time."""
        return next((c for c in self.circuits if c.holds(from_s, to_s)), None)

    @property
    def longest(self) -> Circuit:
        """The circuit with most laps."""
        return max(self.circuits, key=lambda c: c.laps)

    @property
    def lane(self) -> Lane:
        """The lane of the longest circuit."""
        return self.longest.lane

    def interval(self, effort: Effort) -> tuple[float, float] | None:
        """Between which times the fastest stretch of an effort's length lies, in 95 of 100 cases.

        None where the effort is not all on one circuit.
        """
        circuit = self.circuit(effort.start_s, effort.end_s)
        if circuit is None:
            return None
        took = np.array([_fastest_s(circuit.times, drawn, effort.length_m) for drawn in circuit.drawn_m.T])
        short = np.isnan(took)
        if short.mean() > 0.5:
            return None
        speed = effort.length_m / effort.elapsed_s
        rng = np.random.default_rng(1)
        took = took + rng.standard_normal(len(took)) * math.sqrt(2) * circuit.end_sd_m / speed
        low, high = np.quantile(took[~short], [0.025, 0.975])
        return min(float(low), effort.elapsed_s), max(float(high), effort.elapsed_s)


def find_track(activity: Activity, odometer: Odometer, settings: Settings) -> Track | None:
    """Find what was run on tracks; None if nothing was, or if the distance's source was chosen by hand.

    Args:
        activity: its positions are used.
        odometer: its pauses are: no distance is credited in one.
        settings: the lane, if the runner says it.
    """
    have = np.isfinite(activity.get("latitude")) & np.isfinite(activity.get("longitude"))
    if settings.distance_source != "auto" or have.sum() < _LEAST_FIXES:
        return None
    course = Course.of(activity.elapsed[have], activity["latitude"][have], activity["longitude"][have])
    circuits = [
        circuit
        for found in tracks_in(course)
        for circuit in _circuits(course, found, odometer.pauses, settings)
    ]
    circuits.sort(key=lambda c: float(c.times[0]))
    return Track(tuple(circuits), len(course.times)) if circuits else None


def _circuits(course: Course, found: Found, pauses: tuple[Pause, ...], settings: Settings) -> list[Circuit]:
    """Measure every run along one track."""
    on = np.concatenate([np.arange(first, last + 1) for first, last, _ in found.runs])
    shape = found.shape
    noise = learn_noise(course.times[on], found.x[on], found.y[on], shape.pose, shape.line)
    lane = tell_lane(shape, found.family, given=settings.lane, independent=_independent(course, found, noise))
    made = []
    for first, last, direction in found.runs:
        inside = slice(first, last + 1)
        times, x, y = course.times[inside], found.x[inside], found.y[inside]
        noise = learn_noise(times, x, y, shape.pose, lane.line)
        problem = Problem(times, x, y, lane.line, direction, noise)
        made.append(_circuit(problem, follow(problem, shape.pose), lane, pauses, found.plane))
    return made


def _independent(course: Course, found: Found, noise: Noise) -> float:
    """How many of the positions that the shape was fitted to are worth an independent one."""
    seconds = sum(float(course.times[last] - course.times[first]) for first, last, _ in found.runs)
    used = len(found.shape.residuals_m)
    return max(used * 2 * noise.memory_s / max(seconds, 1.0), 1.0)


def _circuit(
    problem: Problem, path: Path, lane: Lane, pauses: tuple[Pause, ...], plane: Plane
) -> Circuit:
    smart = float(np.mean(np.diff(problem.times))) > _SMART_STEP_S
    drawn = path.draws(_DRAWS, _WIDENED_SMART if smart else _WIDENED)
    times, paths = _held(path.times, np.column_stack([path.along_m, drawn]), pauses)
    drawn = paths[:, 1:] * _scales(lane, drawn.shape[1])
    return Circuit(times, paths[:, 0], drawn, lane, path, problem, plane)


def _held(
    times: FloatArray, paths: FloatArray, pauses: tuple[Pause, ...]
) -> tuple[FloatArray, FloatArray]:
    """Let paths (g, p) never fall, begin at 0, and stand while the timer stood."""
    bounds = np.array([t for p in pauses for t in (p.start_s, p.end_s) if times[0] < t < times[-1]])
    every = np.union1d(times, bounds)
    if len(every) > len(times):
        paths = np.column_stack([np.interp(every, times, path) for path in paths.T])
    steps = np.diff(np.maximum.accumulate(paths, axis=0), axis=0)
    middle = (every[1:] + every[:-1]) / 2
    for pause in pauses:
        steps[(middle > pause.start_s) & (middle < pause.end_s)] = 0.0
    return every, np.concatenate((np.zeros((1, paths.shape[1])), np.cumsum(steps, axis=0)))


def _scales(lane: Lane, count: int) -> FloatArray:
    """How much longer each draw's lap is than the one assumed: draws share out the lanes."""
    lengths = np.array([lane.oval.lap_length_m(n + 1) for n in range(len(lane.shares))])
    rng = np.random.default_rng(2)
    drawn = rng.permutation((np.arange(count) + 0.5) / count)
    chosen = np.searchsorted(np.cumsum(lane.shares), drawn)
    return lengths[np.minimum(chosen, len(lengths) - 1)] / lane.line.length_m


def _fastest_s(times: FloatArray, along_m: FloatArray, length_m: float) -> float:
    """Return the least time over a length of one draw; NaN if it is too short. `fastest`, without breaks."""
    rising = along_m + 1e-7 * (times - times[0])
    if rising[-1] - rising[0] < length_m:
        return math.nan
    front = rising[: np.searchsorted(rising, rising[-1] - length_m, "right")]
    back = int(np.searchsorted(rising, rising[0] + length_m))
    begun = np.interp(front + length_m, rising, times) - times[: len(front)]
    ended = times[back:] - np.interp(rising[back:] - length_m, rising, times)
    return float(min(begun.min(), ended.min(initial=math.inf)))


def onto_track(odometer: Odometer, track: Track | None) -> Odometer:
    """Return the odometer with its distance on the track taken from the track.

    Args:
        odometer: as measured from the device or the fixes.
        track: what `find_track` found in the same recording; None changes nothing.

    Returns:
        An odometer whose stretches on the track have the source `track`; before, between and after
        them distance grows as it did.
    """
    if track is None or len(odometer.marks) < 2:
        return odometer
    times = np.stack([odometer.arrives, odometer.departs], axis=1).ravel()
    metres = np.repeat(odometer.marks, 2)
    source = odometer.stretches[0].source
    pieces_s, pieces_m = [], []
    stretches: list[Stretch] = []
    reached, left_s = float(metres[0]), float(times[0])
    for circuit in track.circuits:
        from_s, to_s = float(circuit.times[0]), float(circuit.times[-1])
        between = (times >= left_s) & (times < from_s)
        moved = _grown(odometer, left_s, times[between], from_s)
        pieces_s += [times[between], circuit.times]
        begun = reached + moved[-1]
        pieces_m += [reached + moved[:-1], begun + circuit.along_m]
        stretches.append(Stretch(reached, begun, source))
        reached, left_s = begun + float(circuit.along_m[-1]), to_s
        stretches.append(Stretch(begun, reached, "track"))
    after = times > left_s
    moved = _grown(odometer, left_s, times[after], float(times[-1]))
    pieces_s.append(times[after])
    pieces_m.append(reached + moved[:-1])
    stretches.append(Stretch(reached, reached + float(moved[-1]), source))
    line_s, line_m = np.concatenate(pieces_s), np.concatenate(pieces_m)
    order = np.lexsort((line_m, line_s))
    marks, arrives, departs = timetable(line_s[order], np.maximum.accumulate(line_m[order]))
    laid = replace(
        odometer,
        marks=marks,
        arrives=arrives,
        departs=departs,
        stretches=tuple(s for s in stretches if s.to_m - s.from_m > 1.0 or s.source == "track"),
        notes=odometer.notes + tuple(said(track)),
    )
    return replace(laid, breaks=_carried(odometer, laid))


def _grown(odometer: Odometer, from_s: float, at_s: FloatArray, to_s: float) -> FloatArray:
    """Metres that the odometer grew from a moment to others, and to the last one."""
    metres = odometer.distance_at(np.concatenate(([from_s], at_s, [to_s])))
    return metres[1:] - metres[0]


def _carried(old: Odometer, new: Odometer) -> tuple[Break, ...]:
    """The breaks at their moments, on the new odometer."""
    if not old.breaks:
        return ()
    starts = old.departure(np.array([b.from_m for b in old.breaks]))
    ends = old.arrival(np.array([b.to_m for b in old.breaks]))
    from_m = new.distance_at(np.minimum(starts, ends))
    to_m = new.distance_at(np.maximum(starts, ends))
    spans = zip(from_m.tolist(), to_m.tolist(), old.breaks, strict=True)
    return tuple(Break(a, b, broken.reason) for a, b, broken in spans)


def said(track: Track) -> list[Note]:
    """Say what was found, what was assumed, and what would make it surer."""
    notes = []
    for circuit in track.circuits[:1]:
        notes.append(Note("track", "finding", "on a track", at_s=float(circuit.times[0])))
    return notes
