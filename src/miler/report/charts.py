"""What the charts of the page draw, as numbers; the markup is the template's.

Positions of lines, bars and labels are percent of the plot, from the left and from the top, so
that text keeps its size however wide the page is. Curves are SVG path data on a grid of
`GRID_X` by `GRID_Y` that the page stretches over the plot.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from miler.arrays import FloatArray
from miler.effort import Effort
from miler.odometer import TOLERANCE_M
from miler.report.runs import UNIT_M
from miler.scoring import Chased
from miler.settings import Units
from miler.trace import Trace
from miler.units import format_duration

GRID_X, GRID_Y = 20_000, 1000  # finer than the pixels of a wide screen, also where a tenth of it fills one

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
_LEAST_QUIET_SPAN = 40.0  # steps a minute, or watts
_STANDING_MPS, _STANDING_S = 0.05, 3600.0  # slower than that, or than that a unit, is no pace
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
    """A stretch of the distance axis, units of the grid."""

    left: int
    width: int

    @property
    def anchor(self) -> str:
        """Where its label hangs, so that it stays off the ends of the plot: start, middle or end."""
        middle = (self.left + self.width / 2) / GRID_X
        return "start" if middle < 0.25 else "end" if middle > 0.75 else "middle"

    @property
    def label_at(self) -> float:
        """Where its label hangs, percent of the plot from the left."""
        share = {"start": 0.0, "middle": 0.5, "end": 1.0}[self.anchor]
        return round(100 * (self.left + share * self.width) / GRID_X, 2)


@dataclass(frozen=True)
class Curve:
    """One line of the pace chart.

    Attributes:
        key: what the style sheet calls it.
        name, unit: what a reader calls it.
        path: the line, broken where values are missing.
        shown: whether it is there before it is asked for.
        said: its value at each moment as it is read out; None for missing.
    """

    key: str
    name: str
    unit: str
    path: str
    shown: bool
    said: tuple[str | int | None, ...]


@dataclass(frozen=True)
class PaceChart:
    """Pace over distance, fast is up; no curve and no ticks where a stream is missing.

    Attributes:
        averaged_s: how long the smoothed pace is averaged over.
        curves: the smoothed pace last, over all others.
        at: (n,) where each moment lies on the distance axis, units of the grid.
        distance_said, elapsed_said: (n,) how far and how late that is.
        reach: first and last distance of the axis, units of distance.
        elevation_m: lowest and highest.
        band: where the mile lies.
    """

    averaged_s: float
    curves: tuple[Curve, ...]
    at: tuple[int, ...]
    distance_said: tuple[str, ...]
    elapsed_said: tuple[str, ...]
    reach: tuple[float, float]
    distance_ticks: tuple[Tick, ...]
    pace_ticks: tuple[Tick, ...]
    heart_ticks: tuple[Tick, ...]
    elevation_m: tuple[float, float] | None
    band: Band | None

    def curve(self, key: str) -> Curve | None:
        """Return a curve by its key; None if there is none."""
        return next((curve for curve in self.curves if curve.key == key), None)


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


def pace_chart(trace: Trace, effort: Effort | None, units: Units) -> PaceChart | None:
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
    x = distance_axis.share(travelled)
    recorded = np.divide(
        unit_m, trace.speed_mps, out=np.full(len(x), np.inf), where=trace.speed_mps > _STANDING_MPS
    )
    return PaceChart(
        averaged_s=averaged_s,
        curves=(
            *_elevation(x, trace.altitude_m),
            *_quiet("power", "Power", "W", x, trace.power_w),
            *_quiet("cadence", "Cadence", "spm", x, trace.cadence_spm),
            *_heart_rate(x, trace.heart_rate_bpm, heart_axis),
            _pace("recorded", "As recorded", units, x, recorded, pace_axis, shown=False),
            _pace("pace", "Pace", units, x, paces, pace_axis, shown=True),
        ),
        at=tuple(np.rint(x * GRID_X).astype(int).tolist()),
        distance_said=tuple(f"{way:.2f}" for way in travelled.tolist()),
        elapsed_said=tuple(format_duration(at_s, 0) for at_s in trace.elapsed_s.tolist()),
        reach=(distance_axis.first, distance_axis.last),
        distance_ticks=distance_axis.ticks("{:.6g}".format, thinned=True),
        pace_ticks=pace_axis.ticks(lambda pace_s: format_duration(pace_s, 0)),
        heart_ticks=heart_axis.ticks("{:.0f}".format) if heart_axis else (),
        elevation_m=_range(trace.altitude_m),
        band=_band(distance_axis, effort, unit_m) if effort else None,
    )


def _pace(
    key: str, name: str, units: Units, x: FloatArray, paces: FloatArray, axis: _Axis, *, shown: bool
) -> Curve:
    said = tuple(format_duration(p, 0) if p < _STANDING_S else None for p in paces.tolist())
    return Curve(key, name, f"/{units}", _path(x, axis.share(paces)), shown, said)


def _heart_rate(x: FloatArray, bpm: FloatArray, axis: _Axis | None) -> Iterator[Curve]:
    if axis is not None:
        yield Curve("heart", "Heart rate", "bpm", _path(x, axis.share(bpm)), True, _whole(bpm))


def _elevation(x: FloatArray, altitude_m: FloatArray) -> Iterator[Curve]:
    axis = _elevation_axis(altitude_m)
    if axis is not None:
        yield Curve("elevation", "Elevation", "m", _area(x, axis.share(altitude_m)), True, _whole(altitude_m))


def _quiet(key: str, name: str, unit: str, x: FloatArray, values: FloatArray) -> Iterator[Curve]:
    """A curve without an axis, over the whole height, that is there when it is asked for."""
    found = _range(values)
    if found is not None:
        low, high = found[0], max(found[1], found[0] + _LEAST_QUIET_SPAN)
        yield Curve(
            key, name, unit, _path(x, _Axis(high, low, high - low).share(values)), False, _whole(values)
        )


def _whole(values: FloatArray) -> tuple[int | None, ...]:
    return tuple(round(value) if math.isfinite(value) else None for value in values.tolist())


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


def bars(*runs: Sequence[float]) -> list[tuple[Bar, ...]]:
    """Draw the quarters of miles side by side, each as a deviation from the mean of its own mile.

    Args:
        runs: seconds of each quarter; of one length. A share of the mean is as high for all.
    """
    times = np.array(runs)
    deviations_s = times - times.mean(axis=1, keepdims=True)
    shares = deviations_s / times.mean(axis=1, keepdims=True)
    heights = _BAR_SHARE * np.abs(shares) / max(float(np.abs(shares).max()), _LEAST_BAR_SCALE)
    slot, width = 100 / times.shape[1], 60 / times.size
    return [
        tuple(
            Bar(
                left=round((i + 0.2) * slot + mile * width, 2),
                width=round(width, 2),
                top=round(50.0 if deviation_s > 0 else 50 - height, 2),
                height=round(height, 2),
                deviation_s=deviation_s,
            )
            for i, (deviation_s, height) in enumerate(zip(*columns, strict=True))
        )
        for mile, columns in enumerate(zip(deviations_s.tolist(), heights.tolist(), strict=True))
    ]


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
    left, right = np.rint(axis.share(np.array([effort.start_m, effort.end_m]) / unit_m) * GRID_X).astype(int)
    return Band(int(left), int(right - left))


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
