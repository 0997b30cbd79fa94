"""The oval to scale, as SVG path data in metres: the lane, the fixes, each lap of the mile; pure numbers.

The markup is the template's. y grows downwards, as in SVG.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from miler.arrays import FloatArray
from miler.effort import Split
from miler.oval import LANE_WIDTH_M
from miler.track import Drawing, Line

_LANES = 8
_RING_M, _FIRST_RING_M = 4.5, 16.0  # between the laps drawn round the track, and of the first from the lane
_MARGIN_M = 6.0
_STEP_M = 3.0


@dataclass(frozen=True)
class Ring:
    """A lap of the mile, drawn outside the track; `faster` than the mean of all or not."""

    path: str
    faster: bool


@dataclass(frozen=True)
class OvalChart:
    """The drawing; all in metres about the centre.

    Attributes:
        box: left, top, width and height.
        kerb, outside, lane: the edges of the track, and the line that was run.
        fixes: a path of dots.
        finish: the finish line, across the lanes.
        rings: laps of the mile, the first innermost.
    """

    box: tuple[float, float, float, float]
    kerb: str
    outside: str
    lane: str
    fixes: str
    finish: str
    rings: tuple[Ring, ...]


def oval_chart(drawing: Drawing, laps: Sequence[Split] = ()) -> OvalChart:
    """Draw a track.

    Args:
        drawing: where all lies, in the oval's own axes.
        laps: of the mile, as many as the drawing has laps of it.
    """
    line = Line(drawing.straight_m, drawing.lane_m)
    mean = sum(s.elapsed_s for s in laps) / max(sum(s.length_m for s in laps), 1.0)
    rings = [
        Ring(_along(line, from_m, to_m, _FIRST_RING_M + i * _RING_M), s.elapsed_s < mean * s.length_m)
        for i, (s, (from_m, to_m)) in enumerate(zip(laps, drawing.laps_m, strict=False))
    ]
    reach = drawing.lane_m + _FIRST_RING_M + max(len(rings) - 1, 0) * _RING_M + _MARGIN_M
    width = drawing.straight_m + 2 * reach
    kerb = Line(drawing.straight_m, drawing.kerb_m)
    return OvalChart(
        box=(round(-width / 2, 1), round(-reach, 1), round(width, 1), round(2 * reach, 1)),
        kerb=_along(kerb, 0.0, kerb.length_m, 0.0),
        outside=_along(kerb, 0.0, kerb.length_m, _LANES * LANE_WIDTH_M),
        lane=_along(line, 0.0, line.length_m, 0.0),
        fixes="".join(f"M{x:.1f} {-y:.1f}h0" for x, y in drawing.fixes.T.tolist()),
        finish=_across(line, drawing.finish_m, drawing.kerb_m - drawing.lane_m, _LANES * LANE_WIDTH_M),
        rings=tuple(rings),
    )


def _along(line: Line, from_m: float, to_m: float, outwards_m: float) -> str:
    """A path along a line, some way outside it."""
    count = max(int(abs(to_m - from_m) / _STEP_M), 2)
    points, _ = Line(line.straight_m, line.radius_m, outwards_m).at(np.linspace(from_m, to_m, count))
    return path(points)


def _across(line: Line, at_m: float, inner_m: float, outer_m: float) -> str:
    """A path across the lanes."""
    ends = [Line(line.straight_m, line.radius_m, m).at(np.array([at_m]))[0] for m in (inner_m, outer_m)]
    return path(np.concatenate(ends, axis=1))


def path(points: FloatArray) -> str:
    """Write (2, n) metres, y upwards, as a line of SVG, whose y grows downwards."""
    return "M" + "L".join(f"{x:.1f} {-y:.1f}" for x, y in points.T.tolist())
