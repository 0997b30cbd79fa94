"""The run in one line of characters each: pace over distance, fast is up; heart rate; elevation; the mile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from miler.arrays import FloatArray, quantile
from miler.effort import Effort
from miler.report.look import Look
from miler.trace import Outline
from miler.units import Unit, format_pace, pace_figure

_LEAST_WAY_M = 100.0
_LEAST_CELLS = 20
_MOST_CELLS = 160
_FASTEST = 1.2  # times what nine in ten cells stay below: one spike is not to flatten the rest
_NEVER_RUN = 1.5  # times the mile: what is faster is another sport's, as of a triathlon
_SLOWEST = 0.5  # of the top: what is slower lies on the ground
_EVEN = 0.15  # of the top: an even run is to look even
_FLAT = 0.2  # of that height: less is not worth a line
_LEAST_BPM, _LEAST_CLIMB_M = 40.0, 30.0  # less is not stretched over the height


def profile(
    run: Outline, effort: Effort | None, units: Sequence[Unit], look: Look, indent: int
) -> Iterator[tuple[str, str, str]]:
    """Yield title, drawing and words of each line; none for a run of less than a hundred metres.

    Args:
        run: what is kept of it.
        effort: what to underline.
        units: of the pace that is told.
        look: how wide, in which characters.
        indent: columns before the drawing.
    """
    cells = min(look.width - indent, _MOST_CELLS)
    if cells < _LEAST_CELLS or not len(run.distance_m) or _way_m(run) < _LEAST_WAY_M:
        return
    edges = np.linspace(run.distance_m[0], run.distance_m[-1], cells + 1)
    clock = np.interp(edges, run.distance_m, run.elapsed_s)
    speeds = np.diff(edges) / np.maximum(np.diff(clock), 1e-3)
    mile_mps = effort.length_m / effort.elapsed_s if effort else np.inf
    drawn, words = _paces(speeds, _NEVER_RUN * mile_mps, units, look)
    if effort is None:
        yield "PACE", drawn, words
    else:
        inside = (edges[1:] > effort.start_m) & (edges[:-1] < effort.end_m)
        yield "PACE", drawn, ""
        mark = "^" if look.plain else "━"
        yield "", "".join(mark if here else " " for here in inside).rstrip(), f"{words}; {mark} is the mile"
    for title, values, least, unit in (
        ("HEART RATE", run.heart_rate_bpm, _LEAST_BPM, "bpm"),
        ("ELEVATION", run.altitude_m, _LEAST_CLIMB_M, "m"),
    ):
        if np.isfinite(values).sum() > 1:
            means = _means(run, values, clock)
            low, high = float(np.nanmin(means)), float(np.nanmax(means))
            if high - low < _FLAT * least:
                continue
            words = f"{low:.0f} to {high:.0f} {unit}".replace("-", "−")
            yield title, look.spark(((means - low) / max(high - low, least)).tolist()), words


def _way_m(run: Outline) -> float:
    return float(run.distance_m[-1] - run.distance_m[0])


def _paces(speeds: FloatArray, most_mps: float, units: Sequence[Unit], look: Look) -> tuple[str, str]:
    slowest, fastest = float(speeds.min()), float(speeds.max())
    high = min(fastest, _FASTEST * quantile(speeds, 0.9), most_mps)
    low = min(max(slowest, _SLOWEST * high), (1 - _EVEN) * high)
    drawn = look.spark(((speeds - low) / (high - low)).tolist())
    if fastest - slowest < 1e-6 * fastest:  # of a straight line between two records
        return drawn, f"{' = '.join(format_pace(1000 / fastest, unit) for unit in units)} throughout"
    told = [
        f"{pace_figure(1000 / high, unit)} to {format_pace(1000 / max(slowest, low), unit)}" for unit in units
    ]
    beyond = ", and beyond" if fastest > high or slowest < low else ""
    return drawn, f"fast is up: {' = '.join(told)}{beyond}"


def _means(run: Outline, values: FloatArray, clock: FloatArray) -> FloatArray:
    """The mean of a stream in each cell, by time; NaN where it has none."""
    cell = np.clip(np.searchsorted(clock, run.elapsed_s, side="right") - 1, 0, len(clock) - 2)
    known = np.isfinite(values)
    counts = np.bincount(cell[known], minlength=len(clock) - 1)
    sums = np.bincount(cell[known], weights=values[known], minlength=len(clock) - 1)
    means = np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)
    middle = np.arange(len(means))
    have = counts > 0
    filled: FloatArray = np.interp(middle, middle[have], means[have])
    filled[(middle < middle[have][0]) | (middle > middle[have][-1])] = np.nan
    return filled
