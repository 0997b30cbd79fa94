"""The pace light: the mile run again against a record, a rival, a goal or an even pace.

Where both are at each moment is worked out here, in metres of the mile; the page's script only moves
two dots along the way between those points, and says how far apart they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

import numpy as np

from miler.analysis import Analysis, Mile
from miler.arrays import FloatArray
from miler.oval import STANDARD
from miler.pacelight import Light, even
from miler.report.oval_svg import OvalChart, oval_chart
from miler.report.tables import Table, lag_words
from miler.report.words import printable, told_time
from miler.scoring import behind_light, lights
from miler.settings import Settings
from miler.track import Drawing, Line
from miler.units import MILE_M, format_duration, metres_to_go

_STEP_M = 4.0  # between points of the way: less than a dot is wide
_KNOWN = 0.8  # share of the mile with positions, below which its course is not drawn
_MARGIN = 0.08
_SLIMMEST = 0.45  # height to width of a drawing, or width to height
_DOT = 0.016  # radius of a dot, of the drawing's width
_BARS_M = (10.0, 20.0, 50.0, 100.0, 200.0, 500.0)


@dataclass(frozen=True)
class CourseChart:
    """The course of the mile to scale, in metres, north up; y grows downwards, as in SVG.

    Attributes:
        box: left, top, width and height.
        run: the whole run, of which the box shows what lies in it.
        bar: a line for scale, `bar_m` long.
    """

    box: tuple[float, float, float, float]
    run: str
    bar: str
    bar_m: float


@dataclass(frozen=True)
class PaceLight:
    """All that the page shows of the pace light.

    Attributes:
        course, oval: what is drawn below: one of them.
        real: whether that is where the mile was run.
        way: a path along which both move.
        dot: radius of theirs, metres.
        runner, light: where they are when the first of them is home, against the first of the lights.
        lights: whom to choose from, the first one first.
        behind: where each was ahead at each lap.
        data: for the page's script, see `_data`.
    """

    course: CourseChart | None
    oval: OvalChart | None
    real: bool
    way: str
    dot: float
    runner: tuple[float, float]
    light: tuple[float, float]
    lights: tuple[str, ...]
    behind: Table
    data: dict[str, Any]


def pace_light(analysis: Analysis) -> PaceLight | None:
    """Draw the mile and who is chased in it; None without a mile."""
    mile = analysis.mile
    if mile is None:
        return None
    chased = _chased(mile, analysis.settings)
    along_m = np.linspace(0.0, MILE_M, round(MILE_M / _STEP_M) + 1)
    course = oval = None
    if (on_track := _on_track(analysis, mile, along_m)) is not None:
        drawing, x, y = on_track
        oval = oval_chart(drawing)
    elif (found := _positions(analysis, mile, along_m)) is not None:
        x, y = found
        course = _course(analysis, x, y)
    else:
        drawing, x, y = _standard(along_m)
        oval = oval_chart(drawing)
    width = course.box[2] if course else oval.box[2] if oval else 1.0
    times_s, metres = _runner(analysis, mile)
    first_home_s = min(float(times_s[-1]), chased[0].light.time_s)
    both_m = np.interp(first_home_s, times_s, metres), chased[0].light.metres_at(first_home_s)
    at_x, at_y = (np.round(np.interp(both_m, along_m, axis), 1).tolist() for axis in (x, -y))
    return PaceLight(
        course=course,
        oval=oval,
        real=course is not None or on_track is not None,
        way=_path(x, y),
        dot=round(_DOT * width, 2),
        runner=(at_x[0], at_y[0]),
        light=(at_x[1], at_y[1]),
        lights=tuple(one.name for one in chased),
        behind=_behind(analysis, mile, chased),
        data=_data(analysis, mile, chased, x, y),
    )


@dataclass(frozen=True)
class _Chased:
    """A light and what a reader is told of it."""

    light: Light
    name: str


def _chased(mile: Mile, settings: Settings) -> tuple[_Chased, ...]:
    """Whom a mile may chase: the runner's goals and rivals, records, the next round time, even pace."""
    chased = [
        _Chased(light, f"{printable(light.name)} {_clock(light.time_s)}") for light, _ in lights(settings)
    ]
    if mile.milestone is not None:
        next_s = mile.milestone.time_s
        chased.append(_Chased(even(MILE_M, next_s), f"next: {_clock(next_s)} at even pace"))
    return (*chased, _Chased(even(MILE_M, mile.effort.elapsed_s), "your own time at even pace"))


def _clock(time_s: float) -> str:
    return format_duration(time_s, 0 if time_s == round(time_s) else 2)


def _data(
    analysis: Analysis, mile: Mile, chased: Sequence[_Chased], x: FloatArray, y: FloatArray
) -> dict[str, Any]:
    """What moves the dots: seconds and metres of the mile, and the drawing's x and y at equal steps of it."""
    times_s, metres = _runner(analysis, mile)
    return {
        "time": told_time(mile.effort),
        "runner": {"times_s": np.round(times_s, 3).tolist(), "metres": np.round(metres, 3).tolist()},
        "way": {"x": np.round(x, 1).tolist(), "y": np.round(-y, 1).tolist()},
        "lights": [
            {
                "name": one.name,
                "times_s": np.round(one.light.times_s, 3).tolist(),
                "metres": np.round(one.light.distances_m, 3).tolist(),
            }
            for one in chased
        ],
    }


def _runner(analysis: Analysis, mile: Mile) -> tuple[FloatArray, FloatArray]:
    """The runner's curve: seconds and metres from the start of the mile, to its end."""
    trace, effort = analysis.trace, mile.effort
    inside = (trace.elapsed_s >= effort.start_s) & (trace.elapsed_s <= effort.end_s)
    times_s = trace.elapsed_s[inside] - effort.start_s
    metres = np.clip(trace.distance_m[inside] - effort.start_m, 0.0, effort.length_m)
    metres[0], metres[-1] = 0.0, effort.length_m
    return times_s, metres


def _on_track(
    analysis: Analysis, mile: Mile, along_m: FloatArray
) -> tuple[Drawing, FloatArray, FloatArray] | None:
    """The oval that the mile was run on, and the way along its lane."""
    if analysis.track is None or not (arcs := analysis.track.drawing.laps_m):
        return None
    drawing = analysis.track.drawing
    ends_m = [0.0, *accumulate(lap.length_m for lap in mile.track_laps)]
    arc_m = np.interp(along_m, ends_m, [arcs[0][0], *(end for _, end in arcs)])
    (x, y), _ = Line(drawing.straight_m, drawing.lane_m).at(arc_m)
    return replace(drawing, fixes=np.empty((2, 0)), laps_m=()), x, y


def _standard(along_m: FloatArray) -> tuple[Drawing, FloatArray, FloatArray]:
    """A standard track, run to its finish line, for a mile of which nobody knows where it was."""
    straight_m, lane_m = STANDARD.straight_m, STANDARD.line_radius_m()
    drawing = Drawing(straight_m, STANDARD.radius_m, lane_m, np.empty((2, 0)), (), straight_m, 1)
    (x, y), _ = Line(straight_m, lane_m).at(straight_m - MILE_M + along_m)
    return drawing, x, y


def _positions(analysis: Analysis, mile: Mile, along_m: FloatArray) -> tuple[FloatArray, FloatArray] | None:
    """Where the runner was at each of (n,) metres of the mile; None where too little of that is known."""
    trace, effort = analysis.trace, mile.effort
    inside = (trace.elapsed_s >= effort.start_s) & (trace.elapsed_s <= effort.end_s)
    known = inside & np.isfinite(trace.east_m)
    if known.sum() < _KNOWN * inside.sum():
        return None
    metres = trace.distance_m[known] - effort.start_m
    return np.interp(along_m, metres, trace.east_m[known]), np.interp(along_m, metres, trace.north_m[known])


def _course(analysis: Analysis, x: FloatArray, y: FloatArray) -> CourseChart:
    wide, high = max(float(np.ptp(x)), 20.0), max(float(np.ptp(y)), 20.0)
    margin = _MARGIN * max(wide, high)
    wide, high = wide + 2 * margin, high + 2 * margin
    wide, high = max(wide, _SLIMMEST * high), max(high, _SLIMMEST * wide)
    left = float(x.min() + x.max()) / 2 - wide / 2
    top = -float(y.min() + y.max()) / 2 - high / 2
    bar_m = max((m for m in _BARS_M if m <= wide / 3), default=_BARS_M[0])
    at_x, at_y = left + margin / 3, top + high - margin / 3
    run = np.isfinite(analysis.trace.east_m)
    return CourseChart(
        box=(round(left, 1), round(top, 1), round(wide, 1), round(high, 1)),
        run=_path(analysis.trace.east_m[run], analysis.trace.north_m[run]),
        bar=f"M{at_x:.1f} {at_y:.1f}h{bar_m:g}",
        bar_m=bar_m,
    )


def _behind(analysis: Analysis, mile: Mile, chased: Sequence[_Chased]) -> Table:
    """Seconds and metres behind each light at each lap of the mile; a minus is ahead."""
    ends_m = list(accumulate(lap.length_m for lap in mile.track_laps))
    gaps = [behind_light(one.light, *_runner(analysis, mile), ends_m) for one in chased]
    passed_s = accumulate(lap.elapsed_s for lap in mile.track_laps)
    rows = tuple(
        (
            f"{end_m:.7g} m",
            format_duration(at_s),
            *(f"{lag_words(b)}\n{metres_to_go(b.behind_m)}" for b in behind),
        )
        for end_m, at_s, behind in zip(ends_m, passed_s, zip(*gaps, strict=True), strict=True)
    )
    heads = ("After", "You", *(one.name for one in chased))
    return Table("Behind at each lap; a minus is ahead", heads, (False,) * len(heads), rows)


def _path(x: FloatArray, y: FloatArray) -> str:
    return "M" + "L".join(
        f"{east:.1f} {-north:.1f}" for east, north in zip(x.tolist(), y.tolist(), strict=True)
    )
