"""Was this run on an oval? Windows of the path that go round one; then every fix that lies along it.

False alarms come first: who ran round a park is to keep the park's distance. A cheap look at the spread
of each window leaves nearly nothing of a run that was on no track; what is left must lie on an oval that
is built as tracks are, all the way round, and run along it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from miler.arrays import BoolArray, FloatArray, IntArray, added_up, distinct, increments
from miler.fixes import Fixes
from miler.oval import FROM_KERB_M, LANE_WIDTH_M
from miler.track.line import Line, Plane, Pose
from miler.track.shape import FAMILIES, Family, Shape, fit_shape, guess
from miler.units import TRACK_LAP_M

_STEP_M = 6.0  # between the points of a window
_LAPS = 2.1  # of a window, so that every part is seen twice
_HOP_LAPS = 0.5
_FASTEST_MPS = 12.5  # a faster step is a jump of the receiver, and ends a piece
_LONGEST_GAP_S = 120.0

# Spread along and across an oval of 400 m, evenly run: 53 m and 32 m; a fifth either way, as the noise
# and two laps and a tenth leave them.
_ALONG_M, _ACROSS_M, _SPREAD = 55.5, 31.0, 0.3
# A path of L metres whose ends lie D apart has a variance of D³/12L or more, both axes together, for it goes
# from the one to the other: where they lie farther apart, no window has the spread of an oval.
ENDS_APART_M = (12 * _LAPS * 400.0 * (1 + _SPREAD) ** 2 * (_ALONG_M**2 + _ACROSS_M**2)) ** (1 / 3)

# What an accepted window must show. Chosen with the recordings in view that docs/explanation/oval.md names.
_HOPELESS_M = 9.0
_LARGEST_RMS_M, _LARGEST_RMS_IN_ALL_M = 4.5, 7.0
_RMS_AT_FIRST_M, _RMS_PER_LAP_M = 3.0, 0.5  # a few laps must lie the nearer
_NET = 0.88  # of its path, along the oval
_HEADED = 0.88  # of its points head along the line within 37°
_HEADING = 0.8
_SECTORS, _SEEN = 20, 0.9
_LANES_OUT = (-1.5, 9.0)  # where the bends may lie, in lanes from the kerb's
_SHORT_TRACK_LANES, _SHORT_TRACK_LAPS = 5.0, 4.0  # short tracks are narrow, and noise is large on them
_BUILT_M = 1.5  # by which the fit may miss the radii that are built

# What all that was run on it must show. Lap after lap the errors of fixes average out; the difference between
# a park and an oval does not: it stays in the mean of each part of the lap. Real tracks reach 1.02 of what
# errors alone would leave there; decoys begin at 1.03, in the worst noise, and mostly lie beyond 1.9.
_LEFT, _LEFT_IF_ODD = 1.15, 1.0  # odd: few laps, unusual bends, or much noise
_MANY_LAPS, _USUAL_M = 5.0, 1.5
# What is left in the same way on either side of the centre is the course's, not the receiver's, as a block's
# corners are: 1.17 m at most on tracks; rounded blocks that pass for ovals in noise of 5 m begin at 1.3 m.
_LEFT_ON_BOTH_SIDES_M = 1.25
# The outer lanes of a track with tight bends are an oval of 450 m: without being told, no bend may be tighter
# than is built, and the less so the noisier the fit is and the fewer the laps. An error that lasts a minute
# lasts half a lap: of three and a half laps the fit itself, rms and all, can be that of the other oval.
_OUTER_LANES, _SURE_RMS_M, _PER_RMS, _SURE_LAPS = 4.5, 2.6, 0.5, 3.9

# What then belongs to it, fix by fix.
_NEAR_M, _NEAR_RMS = 7.0, 3.0
_SLOW_MPS = 0.7
_ABOUT_S = 6.0
_SHORT_S = 20.0
_STRAYED_M, _AS_FAR = 20.0, (0.75, 1.3)  # between two runs: off the line, and along it by path
_SHORTEST_LAPS = 0.45
_LEAST_LAPS = 1.9  # in all
_MOST_TRACKS = 5


@dataclass(frozen=True, eq=False)
class Course:
    """Fixes in order of time on a plane that follows them: steps are true, far places are not.

    Attributes:
        fixes: (f,) of them.
        place: (f,) metres east + metres north i.
        path_m: (f,) metres travelled by each fix, jumps left out.
        breaks: (b,) the fixes that begin a piece: after a jump or a long gap.
    """

    fixes: Fixes
    place: NDArray[np.complex128]
    path_m: FloatArray
    breaks: IntArray

    @classmethod
    def of(cls, fixes: Fixes) -> Course:
        """Lay fixes out."""
        took = increments(fixes.times)
        jump = fixes.steps_m > _FASTEST_MPS * np.maximum(took, 1.0) + 10.0
        breaks = np.flatnonzero(jump | (took > _LONGEST_GAP_S)) + 1
        place = added_up(fixes.east_m + 1j * fixes.north_m)
        return cls(fixes, place, added_up(fixes.steps_m * ~jump), breaks)

    @property
    def times(self) -> FloatArray:
        """(f,) seconds."""
        return self.fixes.times

    def pieces(self) -> Iterator[slice]:
        """Runs of fixes without a jump or a long gap."""
        for first, last in pairwise([0, *self.breaks.tolist(), len(self.times)]):
            yield slice(first, last)


@dataclass(frozen=True, eq=False)
class Found:
    """A track in a course.

    Attributes:
        family: of which nominal lap.
        plane: about the track.
        x, y: (f,) metres of every fix of the course on that plane.
        shape: the free fit to the fixes on it.
        runs: (first, last, direction) of each stretch along it: fixes of the course, last included; +1
            is anticlockwise.
    """

    family: Family
    plane: Plane
    x: FloatArray
    y: FloatArray
    shape: Shape
    runs: tuple[tuple[int, int, int], ...]


def tracks_in(course: Course, lane: int | None = None) -> list[Found]:
    """Return every track that the course was run on, in the order they were found.

    Args:
        course: the fixes.
        lane: if the runner said it.
    """
    found: list[Found] = []
    taken = np.zeros(len(course.times), bool)
    for family in FAMILIES:
        settled = taken.copy()  # or looked at in vain
        for window in windows(course, family):
            inside = slice(*np.searchsorted(course.times, window.times[[0, -1]]).tolist())
            if len(found) >= _MOST_TRACKS or settled[inside].mean() > 0.5:
                continue
            shape = accepted(window, family)
            grown = None if shape is None else _grow(course, window, shape, family, taken)
            if grown is None:
                continue
            for first, last, _ in grown.runs:
                settled[first : last + 1] = True
            if _convincing(course, grown, lane):
                found.append(grown)
                for first, last, _ in grown.runs:
                    taken[first : last + 1] = True
    return found


@dataclass(frozen=True, eq=False)
class Window:
    """Points every 6 m of a path, (p,) each: when, and where."""

    times: FloatArray
    x: FloatArray
    y: FloatArray


def windows(course: Course, family: Family) -> Iterator[Window]:
    """Windows of two laps whose spread is that of an oval; nearly none of a run on no track."""
    scale = family.lap_m / 400.0
    step_m = _STEP_M * scale
    count = int(_LAPS * family.lap_m / step_m)
    hop = int(_HOP_LAPS * family.lap_m / step_m)
    length_m = (count - 1) * step_m
    for piece in course.pieces():
        path, place = course.path_m[piece], course.place[piece]
        starts = np.arange(path[0], path[-1] - length_m, hop * step_m)
        begun, ended = np.interp(np.array((starts, starts + length_m)), path, place)
        near = starts[np.abs(ended - begun) < ENDS_APART_M * scale]
        if not len(near):
            continue
        at_m = near[:, None] + step_m * np.arange(count)
        points = np.interp(at_m, path, place)
        x, y = points.real.copy(), points.imag.copy()
        along, across = _spreads(x, y)
        along, across = along / (_ALONG_M * scale), across / (_ACROSS_M * scale)
        likely = (np.abs(along - 1) < _SPREAD) & (np.abs(across - 1) < _SPREAD)
        for i in np.flatnonzero(likely).tolist():
            yield Window(np.interp(at_m[i], path, course.times[piece]), x[i], y[i])


def _spreads(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Standard deviations (w,) of points (w, p) along their longer axis, and the shorter one, metres."""
    dx, dy = (v - v.mean(axis=1, keepdims=True) for v in (x, y))
    xx, yy, xy = (dx * dx).mean(axis=1), (dy * dy).mean(axis=1), (dx * dy).mean(axis=1)
    middle, apart = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    return np.sqrt(np.maximum(middle + apart, 0)), np.sqrt(np.maximum(middle - apart, 0))


def accepted(window: Window, family: Family) -> Shape | None:
    """Return the oval that a window was run on; None if it was on none that is built."""
    shape = fit_shape(window.x, window.y, guess(window.x, window.y, family), give_up_m=_HOPELESS_M)
    scale = family.lap_m / 400.0
    if shape.rms_m > _LARGEST_RMS_M * max(scale, 0.7) or not _is_built(shape.line, family):
        return None
    u, w = shape.pose.inside(window.x, window.y)
    along, _ = shape.line.project(u, w)
    steps = np.diff(shape.line.unwrapped(along))
    _, tangent = shape.line.at(along)
    ahead = np.stack([np.gradient(u), np.gradient(w)])
    ahead /= np.hypot(*ahead) + 1e-9
    direction = 1.0 if steps.sum() >= 0 else -1.0
    headed = direction * (ahead * tangent).sum(0) > _HEADING
    sector = (along / shape.line.length_m * _SECTORS).astype(int) % _SECTORS
    seen = float(np.mean(np.bincount(sector, minlength=_SECTORS) > 0))
    net = abs(float(steps.sum())) / (_STEP_M * scale * len(steps))
    return shape if net > _NET and float(headed.mean()) > _HEADED and seen >= _SEEN else None


def _convincing(course: Course, found: Found, lane: int | None) -> bool:
    """Whether all that was run there bears the oval out."""
    family, line = found.family, found.shape.line
    laps = sum(course.path_m[last] - course.path_m[first] for first, last, _ in found.runs) / family.lap_m
    least = _LEAST_LAPS if family.lap_m == TRACK_LAP_M else _SHORT_TRACK_LAPS
    rms_m = found.shape.rms_m
    most_m = min(_LARGEST_RMS_IN_ALL_M, _RMS_AT_FIRST_M + _RMS_PER_LAP_M * laps)
    if laps < least or rms_m > most_m or not _is_built(line, family):
        return False
    kerb_m, lanes = _kerb_and_lanes(line, family)
    if lanes > _OUTER_LANES and (lane or 1) < _OUTER_LANES:
        built = family.least_m + _PER_RMS * max(rms_m - _SURE_RMS_M, 0.0) + (_SURE_LAPS / laps) ** 4
        if kerb_m < built:
            return False
    chosen = np.concatenate([_evenly(course.path_m, first, last) for first, last, _ in found.runs])
    along, outwards = line.project(*found.shape.pose.inside(found.x[chosen], found.y[chosen]))
    outwards = np.clip(outwards, -15.0, 15.0)
    sector = (along / line.length_m * _SECTORS).astype(int) % _SECTORS
    count = np.bincount(sector, minlength=_SECTORS)
    sums = np.bincount(sector, outwards, _SECTORS)
    if _rms_of_means(sums.reshape(2, -1).sum(0), count.reshape(2, -1).sum(0)) > _LEFT_ON_BOTH_SIDES_M:
        return False
    plain = laps >= _MANY_LAPS and abs(kerb_m - family.usual_m) < _USUAL_M and rms_m < _LARGEST_RMS_M
    most_left = _LEFT if plain else _LEFT_IF_ODD
    return _rms_of_means(sums, count) < most_left * float(np.sqrt(np.mean(outwards**2))) / math.sqrt(laps)


def _rms_of_means(sums: FloatArray | IntArray, count: IntArray) -> float:
    """Root mean square of the means of parts (p,), each of so many points."""
    return float(np.sqrt(np.average((sums / np.maximum(count, 1)) ** 2, weights=count)))


def _is_built(line: Line, family: Family) -> bool:
    """Whether straights and bends are those of a track."""
    kerb_m, lanes = _kerb_and_lanes(line, family)
    slack = _BUILT_M * family.lap_m / 400.0
    built = family.least_m - slack <= kerb_m <= family.most_m + slack
    most = _LANES_OUT[1] if family.lap_m == TRACK_LAP_M else _SHORT_TRACK_LANES
    return built and _LANES_OUT[0] < lanes < most


def _kerb_and_lanes(line: Line, family: Family) -> tuple[float, float]:
    """The kerb's radius that the straights tell, and how many lanes out of it the bends lie."""
    kerb_m = (family.lap_m / 2 - line.straight_m) / math.pi - FROM_KERB_M
    return kerb_m, (line.radius_m - kerb_m) / LANE_WIDTH_M


def _grow(course: Course, window: Window, shape: Shape, family: Family, taken: BoolArray) -> Found | None:
    """Find every fix that lies along a window's oval, and fit the oval to all of them."""
    middle = (float(window.times[0]) + float(window.times[-1])) / 2
    at = int(np.searchsorted(course.times, middle))
    latitude, longitude = course.fixes.latitude, course.fixes.longitude
    plane = Plane(float(latitude[at]), float(longitude[at]))
    x, y = plane.metres(latitude, longitude)
    # From the plane that follows the fixes to the one about the track: a shift, here.
    pose = Pose(
        shape.pose.x + float(x[at] - course.place[at].real),
        shape.pose.y + float(y[at] - course.place[at].imag),
        shape.pose.turn,
    )
    shape = Shape(pose, shape.line, shape.residuals_m, shape.covariance)
    for _ in range(2):
        runs = _runs(course, x, y, shape, taken)
        if not runs:
            return None
        chosen = np.concatenate([_evenly(course.path_m, first, last) for first, last, _ in runs])
        shape = fit_shape(x[chosen], y[chosen], shape)
    return Found(family, plane, x, y, shape, tuple(runs))


def _evenly(path_m: FloatArray, first: int, last: int) -> IntArray:
    """Fixes some metres of path apart, so that standing weighs nothing."""
    metres = np.arange(path_m[first], path_m[last], _STEP_M / 2)
    at: IntArray = distinct(np.searchsorted(path_m[first : last + 1], metres)) + first
    return at


def _runs(
    course: Course, x: FloatArray, y: FloatArray, shape: Shape, taken: BoolArray
) -> list[tuple[int, int, int]]:
    """Stretches of fixes near the line that go along it, or stand; each with its direction."""
    u, w = shape.pose.inside(x, y)
    along, outwards = shape.line.project(u, w)
    near = np.abs(outwards) < max(_NEAR_M, _NEAR_RMS * shape.rms_m)
    times = course.times
    before = np.interp(times - _ABOUT_S, times, np.arange(len(times))).astype(int)
    after = np.ceil(np.interp(times + _ABOUT_S, times, np.arange(len(times)))).astype(int)
    lap = shape.line.length_m
    gone = np.mod(along[after] - along[before] + lap / 2, lap) - lap / 2
    moved = np.hypot(u[after] - u[before], w[after] - w[before])
    took = np.maximum(times[after] - times[before], 1.0)
    slow = moved < _SLOW_MPS * took
    headed = np.abs(gone) > _HEADING * moved
    ways = np.where(near & (headed | slow) & ~taken, np.where(slow, 2, np.sign(gone)), 0).astype(int)
    found = list(_stretches(course, ways, lap))
    return _joined(course, found, np.mod(along, lap), outwards, lap)


def _joined(
    course: Course, runs: list[tuple[int, int, int]], along: FloatArray, outwards: FloatArray, lap_m: float
) -> list[tuple[int, int, int]]:
    """Join runs between which the receiver strayed, and the runner went on along the line."""
    joined = runs[:1]
    cuts = course.breaks
    for first, last, way in runs[1:]:
        before, until, same = joined[-1]
        path_m = course.path_m[first] - course.path_m[until]
        gone_m = np.mod(way * (along[first] - along[until]), lap_m)
        strayed = np.abs(outwards[until : first + 1]).max() < _STRAYED_M
        cut = ((cuts > until) & (cuts <= first)).any()
        if (
            same == way
            and strayed
            and not cut
            and _AS_FAR[0] * path_m < gone_m + 5.0 < _AS_FAR[1] * path_m + 15.0
        ):
            joined[-1] = (before, last, way)
        else:
            joined.append((first, last, way))
    return joined


def _stretches(course: Course, ways: IntArray, lap_m: float) -> Iterator[tuple[int, int, int]]:
    """Runs of one direction, standing taken with either, short lapses passed over."""
    bounds = [0, *(np.flatnonzero(np.diff(ways)) + 1).tolist(), len(ways)]
    cuts = set(course.breaks.tolist())
    open_: list[int] | None = None  # first, last along, direction
    for first, end in pairwise(bounds):
        way, last = int(ways[first]), end - 1
        long = course.times[last] - course.times[max(first - 1, 0)] > _SHORT_S
        broken = open_ is not None and any(open_[1] < cut <= first for cut in cuts)
        other = open_ is not None and way in (1, -1) and open_[2] not in (2, way)
        if open_ is not None and (broken or (long and (way == 0 or other))):
            yield from _long_enough(course, open_, lap_m)
            open_ = None
        if way == 0 or (other and not long and open_ is not None):
            continue
        if open_ is None:
            open_ = [first, last, way]
        else:
            open_[1] = last
            open_[2] = way if open_[2] == 2 else open_[2]
    if open_ is not None:
        yield from _long_enough(course, open_, lap_m)


def _long_enough(course: Course, run: list[int], lap_m: float) -> Iterator[tuple[int, int, int]]:
    first, last, way = run
    if way != 2 and course.path_m[last] - course.path_m[first] >= _SHORTEST_LAPS * lap_m:
        yield first, last, way
