"""What the charts of the page draw, as numbers; the markup is the template's.

Positions of lines, bars and labels are percent of the plot, from the left and from the top, so
that text keeps its size however wide the page is. Curves are SVG path data on a grid of
`GRID_X` by `GRID_Y` that the page stretches over the plot.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from miler.analysis import Trace
from miler.arrays import FloatArray
from miler.effort import Effort, Split
from miler.odometer import TOLERANCE_M
from miler.scoring import Chased
from miler.units import UNIT_M, Unit, format_duration

GRID_X, GRID_Y = 2000, 1000  # finer than the pixels of a wide screen

_AVERAGE_SHARE = 0.01  # of the run: a line that moves less than that is noise at the width of a page
_LEAST_AVERAGE_S = 10.0

_LEAST_WAY_M = 1.0
_PACE_STEPS_S = (5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)
_HEART_STEPS_BPM = (10.0, 20.0, 25.0, 50.0)
_FROM_ZERO_SHARE = 0.02  # of the distance
_LEAST_PACE_SPAN_S = 60.0  # an even run is to look even: less than this is not stretched over the plot
_SLOWEST = 3.0  # times the fastest pace; what is slower is a stop
_LEAST_HEART_SPAN_BPM = 40.0
_LEAST_ELEVATION_SPAN_M = 30.0  # a flat run is to look flat
_ELEVATION_SHARE = 0.4  # of the plot's height, from below
_BAR_SHARE = 36.0  # percent of the plot's height that the longest bar takes; labels take the rest
_LEAST_BAR_SCALE = 0.02  # of the mean; a deviation below the noise of GPS is not to look like much


@dataclass(frozen=True)
class Tick:
    """A label on an axis at a percentage of it; a minor one is left out where space is short."""

    at: float
    text: str
    minor: bool = False


@dataclass(frozen=True)
class Band:
    """A stretch of the distance axis, percent; `anchor` is where its label hangs: start, middle or end."""

    left: float
    width: float
    anchor: str

    @property
    def label_at(self) -> float:
        """Where the label hangs, percent from the left."""
        return self.left + {"start": 0.0, "middle": self.width / 2, "end": self.width}[self.anchor]


@dataclass(frozen=True)
class PaceChart:
    """Pace over distance, fast is up; empty paths and no ticks where a stream is missing."""

    averaged_s: float
    pace: str
    heart_rate: str
    elevation: str
    distance_ticks: tuple[Tick, ...]
    pace_ticks: tuple[Tick, ...]
    heart_ticks: tuple[Tick, ...]
    elevation_m: tuple[float, float] | None
    band: Band | None


@dataclass(frozen=True)
class GapChart:
    """The gap to a light over the seconds of the effort; `level` is where neither leads, percent."""

    name: str
    path: str
    level: float
    most_behind_s: float
    most_ahead_s: float


@dataclass(frozen=True)
class Bar:
    """A quarter's deviation from the mean of all, from the middle up if faster; percent of the plot."""

    left: float
    width: float
    top: float
    height: float
    deviation_s: float

    @property
    def faster(self) -> bool:
        """Whether the quarter took less than the mean."""
        return self.deviation_s < 0

    @property
    def middle(self) -> float:
        """Where its labels stand, percent from the left."""
        return self.left + self.width / 2


@dataclass(frozen=True)
class _Axis:
    """From values to shares of the plot: `first` at its left or top, `last` at its right or bottom."""

    first: float
    last: float
    step: float

    def share(self, values: FloatArray) -> FloatArray:
        shares: FloatArray = np.clip((values - self.first) / (self.last - self.first), 0.0, 1.0)
        return shares

    def percent(self, value: float) -> float:
        return round(100 * float(self.share(np.array([value]))[0]), 2)

    def ticks(self, text: Callable[[float], str], thinned: bool = False) -> tuple[Tick, ...]:
        """Label every step; if thinned, each second one is minor."""
        low, high = sorted((self.first, self.last))
        steps = range(math.ceil(low / self.step - 1e-9), math.floor(high / self.step + 1e-9) + 1)
        return tuple(
            Tick(self.percent(i * self.step), text(i * self.step), minor=thinned and i % 2 == 1)
            for i in steps
        )


def pace_chart(trace: Trace, effort: Effort | None, units: Unit) -> PaceChart | None:
    """Draw a run over its distance; None if it went less than a metre.

    What is slower than the axis, as a stop, runs along its lower edge.

    Args:
        trace: the thinned run.
        effort: the stretch to highlight, if any.
        units: of the distance axis and the pace axis.
    """
    if not len(trace.distance_m) or trace.distance_m[-1] - trace.distance_m[0] < _LEAST_WAY_M:
        return None
    unit_m = UNIT_M[units]
    travelled = trace.distance_m / unit_m
    averaged_s = max(_LEAST_AVERAGE_S, _AVERAGE_SHARE * float(trace.elapsed_s[-1] - trace.elapsed_s[0]))
    paces = _paces(trace, averaged_s, unit_m)
    pace_axis = _pace_axis(paces, travelled)
    if pace_axis is None:
        return None
    distance_axis = _distance_axis(travelled)
    heart_axis = _heart_axis(trace.heart_rate_bpm)
    elevation_axis = _elevation_axis(trace.altitude_m)
    x = distance_axis.share(travelled)
    return PaceChart(
        averaged_s=averaged_s,
        pace=_path(x, pace_axis.share(paces)),
        heart_rate=_path(x, heart_axis.share(trace.heart_rate_bpm)) if heart_axis else "",
        elevation=_area(x, elevation_axis.share(trace.altitude_m)) if elevation_axis else "",
        distance_ticks=distance_axis.ticks("{:.6g}".format, thinned=True),
        pace_ticks=pace_axis.ticks(lambda pace_s: format_duration(pace_s, 0)),
        heart_ticks=heart_axis.ticks("{:.0f}".format) if heart_axis else (),
        elevation_m=_range(trace.altitude_m),
        band=_band(distance_axis, effort, unit_m) if effort else None,
    )


def gap_chart(chased: Chased) -> GapChart:
    """Draw the gap to a light at every second; the runner ahead is higher."""
    gaps = chased.each_second
    if gaps is None:
        raise ValueError("the gap at every second was not asked for")
    high_s, low_s = min(float(gaps.behind_s.min()), 0.0), max(float(gaps.behind_s.max()), 0.0)
    span_s = max(low_s - high_s, 1e-9)
    return GapChart(
        name=chased.name,
        path=_path(gaps.seconds / float(gaps.seconds[-1]), (gaps.behind_s - high_s) / span_s),
        level=100 * -high_s / span_s,
        most_behind_s=low_s,
        most_ahead_s=abs(high_s),
    )


def bars(quarters: Sequence[Split]) -> tuple[Bar, ...]:
    """Draw splits of one length as bars from the mean of their times, to one scale."""
    times = np.array([s.elapsed_s for s in quarters])
    mean_s = float(times.mean())
    scale_s = max(float(np.abs(times - mean_s).max()), _LEAST_BAR_SCALE * mean_s)
    slot = 100 / len(quarters)
    drawn = []
    for i, deviation_s in enumerate(float(t) - mean_s for t in times):
        height = _BAR_SHARE * abs(deviation_s) / scale_s
        top = 50 - height if deviation_s < 0 else 50.0
        drawn.append(
            Bar(
                round((i + 0.2) * slot, 2), round(0.6 * slot, 2), round(top, 2), round(height, 2), deviation_s
            )
        )
    return tuple(drawn)


def _paces(trace: Trace, averaged_s: float, unit_m: float) -> FloatArray:
    """Seconds a unit, (n,), averaged around each moment; standing is infinitely slow."""
    at = trace.elapsed_s
    left, right = np.maximum(at - averaged_s / 2, at[0]), np.minimum(at + averaged_s / 2, at[-1])
    way = (np.interp(right, at, trace.distance_m) - np.interp(left, at, trace.distance_m)) / unit_m
    paces: FloatArray = np.divide(
        right - left, way, out=np.full(len(at), np.inf), where=way > TOLERANCE_M / unit_m
    )
    return paces


def _pace_axis(paces: FloatArray, travelled: FloatArray) -> _Axis | None:
    """From the fastest to the slowest hundredth of the way, rounded outwards; None without a way."""
    way = np.diff(travelled, prepend=travelled[:1])
    counted = (way > 0) & np.isfinite(paces)
    if not counted.any():
        return None
    order = np.argsort(paces[counted])
    sorted_paces = paces[counted][order]
    shares = np.cumsum(way[counted][order])
    fast, slow = sorted_paces[np.searchsorted(shares, shares[-1] * np.array([0.01, 0.98]))]
    slow = min(float(slow), _SLOWEST * float(fast))
    missing = max(_LEAST_PACE_SPAN_S - (slow - float(fast)), 0.0)
    top, bottom = max(float(fast) - missing / 2, 0.0), slow + missing / 2
    step = _step(bottom - top, _PACE_STEPS_S, 8)
    return _Axis(math.floor(top / step) * step, math.ceil(bottom / step) * step, step)


def _distance_axis(travelled: FloatArray) -> _Axis:
    """From zero, unless the recording starts far from it."""
    first, last = float(travelled[0]), float(travelled[-1])
    if 0 < first < _FROM_ZERO_SHARE * last:
        first = 0.0
    power = 10.0 ** math.floor(math.log10((last - first) / 10))
    return _Axis(first, last, _step(last - first, [m * power for m in (1, 2, 5, 10, 20)], 10))


def _heart_axis(heart_rate_bpm: FloatArray) -> _Axis | None:
    found = _range(heart_rate_bpm)
    if found is None:
        return None
    low = math.floor(found[0] / 10) * 10.0
    high = max(math.ceil(found[1] / 10) * 10.0, low + _LEAST_HEART_SPAN_BPM)
    return _Axis(high, low, _step(high - low, _HEART_STEPS_BPM, 5))


def _elevation_axis(altitude_m: FloatArray) -> _Axis | None:
    """Its top is above the plot's, so that the hills stay in the lower part."""
    found = _range(altitude_m)
    if found is None:
        return None
    low, high = found[0], max(found[1], found[0] + _LEAST_ELEVATION_SPAN_M)
    return _Axis(low + (high - low) / _ELEVATION_SHARE, low - 0.1 * (high - low), high - low)


def _range(values: FloatArray) -> tuple[float, float] | None:
    known = values[np.isfinite(values)]
    return (float(known.min()), float(known.max())) if len(known) else None


def _step(span: float, steps: Sequence[float], most: int) -> float:
    """The least step that gives at most so many; beyond the last, a multiple of it."""
    return next(
        (step for step in steps if span / step <= most), steps[-1] * math.ceil(span / most / steps[-1])
    )


def _band(axis: _Axis, effort: Effort, unit_m: float) -> Band:
    left, right = axis.percent(effort.start_m / unit_m), axis.percent(effort.end_m / unit_m)
    middle = (left + right) / 2
    anchor = "start" if middle < 25 else "end" if middle > 75 else "middle"
    return Band(left, round(right - left, 2), anchor)


def _path(x: FloatArray, y: FloatArray) -> str:
    """A line through the points of the grid, broken where a value is missing."""
    return "".join(f"M{_points(run)}" for run in _runs(x, y))


def _area(x: FloatArray, y: FloatArray) -> str:
    """The same, filled down to the lower edge."""
    return "".join(f"M{_points(run)}V{GRID_Y}H{run[0][0]}Z" for run in _runs(x, y))


def _points(run: Sequence[tuple[int, int]]) -> str:
    return " ".join(f"{x} {y}" for x, y in run)


def _runs(x: FloatArray, y: FloatArray) -> list[list[tuple[int, int]]]:
    """Grid points of each unbroken run of values, without points that repeat the one before."""
    runs: list[list[tuple[int, int]]] = [[]]
    for share_x, share_y in zip(x.tolist(), y.tolist(), strict=True):
        if not math.isfinite(share_y):
            runs.append([])
            continue
        point = round(share_x * GRID_X), round(share_y * GRID_Y)
        if not runs[-1] or runs[-1][-1] != point:
            runs[-1].append(point)
    return [run for run in runs if len(run) > 1]
