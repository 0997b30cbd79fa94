"""The pace light: the mile run again against a record, a rival, a goal or an even pace.

Where both are at each moment is worked out here, in metres of the mile; the page's script only moves
two dots along the way between those points, and says how far apart they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, Literal

import numpy as np

from miler.analysis import Analysis, Mile
from miler.arrays import FloatArray
from miler.oval import STANDARD
from miler.pacelight import Light, even
from miler.report.oval_svg import OvalChart, oval_chart, path
from miler.report.tables import Table, lag_words
from miler.report.words import told_time
from miler.scoring import behind_light, lights
from miler.settings import Settings
from miler.shown import printable
from miler.track import Drawing, Line
from miler.units import MILE_M, digits_for, format_duration, metres_to_go

_STEP_M = 4.0  # between points of the way: less than a dot is wide
_KNOWN = 0.8  # share of the mile that the positions must show, in time and in length, to be its course
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
        where: what is drawn: the `track` or the `course` that it was run on, or, if nobody knows, a
            `standard` track.
        drawn: that, below what moves.
        way: a path along which both move.
        dot: radius of theirs, metres.
        runner, light: where they are when the first of them is home, against the first of the lights.
        lights: whom to choose from, the first one first.
        behind: how far behind each of them the runner is at each lap.
        data: for the page's script, see `_data`.
    """

    where: Literal["track", "course", "standard"]
    drawn: OvalChart | CourseChart
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
    where, drawn, x, y = _ground(analysis, mile, along_m)
    times_s, metres = _runner(analysis, mile)
    first_home_s = min(float(times_s[-1]), chased[0].light.time_s)
    both_m = np.interp(first_home_s, times_s, metres), chased[0].light.metres_at(first_home_s)
    at_x, at_y = (np.round(np.interp(both_m, along_m, axis), 1).tolist() for axis in (x, -y))
    return PaceLight(
        where=where,
        drawn=drawn,
        way=path(np.array([x, y])),
        dot=round(_DOT * drawn.box[2], 2),
        runner=(at_x[0], at_y[0]),
        light=(at_x[1], at_y[1]),
        lights=tuple(one.name for one in chased),
        behind=_behind(analysis, mile, chased),
        data=_data(analysis, mile, chased, x, y),
    )


_Ground = tuple[Literal["track", "course", "standard"], OvalChart | CourseChart, FloatArray, FloatArray]


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


def _ground(analysis: Analysis, mile: Mile, along_m: FloatArray) -> _Ground:
    """Draw where the mile was run; with that come x and y at each of (n,) metres of it."""
    if analysis.track is not None and (arcs := analysis.track.drawing.laps_m):
        drawing = replace(analysis.track.drawing, fixes=np.empty((2, 0)), laps_m=())
        ends_m = [0.0, *accumulate(lap.length_m for lap in mile.track_laps)]
        arc_m = np.interp(along_m, ends_m, [arcs[0][0], *(end for _, end in arcs)])
        return "track", oval_chart(drawing), *_along(drawing, arc_m)
    if (found := _positions(analysis, mile, along_m)) is not None:
        return "course", _course(analysis, *found), *found
    # A mile that ends at the finish line, at the end of the home straight.
    straight_m = STANDARD.straight_m
    drawing = Drawing(
        straight_m, STANDARD.radius_m, STANDARD.line_radius_m(), np.empty((2, 0)), (), straight_m, 1
    )
    return "standard", oval_chart(drawing), *_along(drawing, straight_m - MILE_M + along_m)


def _along(drawing: Drawing, arc_m: FloatArray) -> tuple[FloatArray, FloatArray]:
    (x, y), _ = Line(drawing.straight_m, drawing.lane_m).at(arc_m)
    return x, y


def _positions(analysis: Analysis, mile: Mile, along_m: FloatArray) -> tuple[FloatArray, FloatArray] | None:
    """Where the runner was at each of (n,) metres of the mile; None where too little of that is known."""
    trace, effort = analysis.trace, mile.effort
    inside = (trace.elapsed_s >= effort.start_s) & (trace.elapsed_s <= effort.end_s)
    known = inside & np.isfinite(trace.east_m)
    if known.sum() < _KNOWN * inside.sum():
        return None
    metres = trace.distance_m[known] - effort.start_m
    x, y = (np.interp(along_m, metres, axis[known]) for axis in (trace.east_m, trace.north_m))
    # A watch indoors may keep on writing the place where it last saw the sky.
    return (x, y) if np.hypot(np.diff(x), np.diff(y)).sum() >= _KNOWN * effort.length_m else None


def _course(analysis: Analysis, x: FloatArray, y: FloatArray) -> CourseChart:
    wide, high = max(float(np.ptp(x)), 20.0), max(float(np.ptp(y)), 20.0)
    margin = _MARGIN * max(wide, high)
    wide, high = wide + 2 * margin, high + 2 * margin
    wide, high = max(wide, _SLIMMEST * high), max(high, _SLIMMEST * wide)
    left = float(x.min() + x.max()) / 2 - wide / 2
    top = -float(y.min() + y.max()) / 2 - high / 2
    bar_m = max((m for m in _BARS_M if m <= wide / 3), default=_BARS_M[0])
    at_x, at_y = left + margin / 3, top + high - margin / 3
    trace = analysis.trace
    return CourseChart(
        box=(round(left, 1), round(top, 1), round(wide, 1), round(high, 1)),
        run=path(np.array([trace.east_m, trace.north_m])[:, np.isfinite(trace.east_m)]),
        bar=f"M{at_x:.1f} {at_y:.1f}h{bar_m:g}",
        bar_m=bar_m,
    )


def _behind(analysis: Analysis, mile: Mile, chased: Sequence[_Chased]) -> Table:
    """Seconds and metres behind each light at each lap of the mile; a minus is ahead."""
    ends_m = list(accumulate(lap.length_m for lap in mile.track_laps))
    gaps = [behind_light(one.light, *_runner(analysis, mile), ends_m) for one in chased]
    digits = digits_for(mile.effort.uncertainty_s)
    passed_s = accumulate(lap.elapsed_s for lap in mile.track_laps)
    rows = tuple(
        (
            f"{end_m:.7g} m",
            format_duration(at_s, digits),
            *(f"{lag_words(b, digits)}\n{metres_to_go(b.behind_m)}" for b in behind),
        )
        for end_m, at_s, behind in zip(ends_m, passed_s, zip(*gaps, strict=True), strict=True)
    )
    heads = ("After", "You", *(one.name for one in chased))
    return Table("Behind at each lap; a minus is ahead", heads, (False,) * len(heads), rows)
