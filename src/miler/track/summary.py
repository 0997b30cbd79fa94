"""What a report says of the track: the oval, the line, laps at the line, splits with their ±, a drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from miler.arrays import FloatArray
from miler.effort import Effort, Split
from miler.track.finish import Finish, crossings
from miler.track.measured import Circuit, Track, across_m

_Z95 = 1.96
_DRAWN_FIXES = 1200


@dataclass(frozen=True)
class LineLap:
    """From one crossing of the finish line to the next; `plus_minus_s` holds 95 %."""

    index: int
    start_s: float
    elapsed_s: float
    plus_minus_s: float
    pressed: bool


@dataclass(frozen=True, eq=False)
class Drawing:
    """The oval's own axes, metres: x along the straights, the centre at 0.

    Attributes:
        straight_m, kerb_m, lane_m: the straight, the radius of the kerb, and of the line that was run.
        fixes: (2, f) thinned.
        laps_m: arc length, not wrapped, at the start and the end of each lap of the mile.
        finish_m: arc length of the line on the lane, from the western end of the southern straight.
        direction: +1 anticlockwise.
    """

    straight_m: float
    kerb_m: float
    lane_m: float
    fixes: FloatArray
    laps_m: tuple[tuple[float, float], ...]
    finish_m: float
    direction: int


@dataclass(frozen=True, eq=False)
class TrackSummary:
    """The track in a dozen values, of the one with most laps where there are several.

    Attributes:
        radius_m: of the kerb.
        lap_m: nominal length of a lap in lane 1.
        lane, lane_given, lane_sure: counted from the kerb, whether said, and how likely.
        laps: run in all.
        residual_m: root mean square of the fixes across the lane.
        share_of_fixes: of the recording that were used.
        from_s, to_s: first and last moment on it.
        line: what tells the finish line: `presses`, `rests`, or `nothing`: then it is where the mile ends.
        line_count: how many presses or rests meet there.
        line_laps: every lap from line to line.
        mile_s: 95 % interval of the fastest mile; None if it was not all on the track.
        lap_plus_minus_s: 95 % of each of the mile's track laps, in their order.
        drawing: to scale.
    """

    radius_m: float
    lap_m: float
    lane: int
    lane_given: bool
    lane_sure: float
    laps: float
    residual_m: float
    share_of_fixes: float
    from_s: float
    to_s: float
    line: str
    line_count: int
    line_laps: tuple[LineLap, ...]
    mile_s: tuple[float, float] | None
    lap_plus_minus_s: tuple[float, ...]
    drawing: Drawing


def summarise_track(
    track: Track | None, mile: Effort | None, laps: Sequence[Split] = ()
) -> TrackSummary | None:
    """Put what was run on the track in a few values.

    Args:
        track: what was found; None gives None.
        mile: the fastest mile as it was judged, if there is one.
        laps: it, cut at its own finish.
    """
    if track is None:
        return None
    home, longest, lane = track.home, track.longest, track.lane
    holding = None if mile is None else track.circuit(mile.start_s, mile.end_s)
    finish = track.finish or _arbitrary(holding or longest, mile)
    bounds_m = np.array([s.start_m for s in laps] + [s.end_m for s in laps[-1:]])
    spreads = (
        holding.spreads_s(mile.start_s, mile.end_s, bounds_m - bounds_m[0])
        if holding and mile and len(laps)
        else np.empty(0)
    )
    return TrackSummary(
        radius_m=lane.oval.radius_m,
        lap_m=lane.oval.lap_m,
        lane=lane.lane,
        lane_given=lane.given,
        lane_sure=lane.sure,
        laps=sum(c.laps for c in home),
        residual_m=across_m(longest),
        share_of_fixes=sum(len(c.problem.times) for c in home) / track.fixes,
        from_s=float(home[0].times[0]),
        to_s=float(home[-1].times[-1]),
        line=finish.told,
        line_count=finish.count,
        line_laps=tuple(_line_laps(home, finish)),
        mile_s=(mile.low_s, mile.high_s) if mile and mile.evidence and mile.evidence.on_track else None,
        lap_plus_minus_s=tuple((_Z95 * spreads).tolist()),
        drawing=_drawing(holding or longest, finish, mile if holding else None, laps),
    )


def _arbitrary(circuit: Circuit, mile: Effort | None) -> Finish:
    """A line where the mile ends, else where the circuit begins: somewhere, and said to be."""
    at_s = mile.end_s if mile else float(circuit.path.times[0])
    along = float(np.interp(at_s, circuit.path.times, circuit.path.along_m))
    return Finish(float(np.mod(circuit.problem.direction * along, circuit.lane.line.length_m)), "nothing", 0)


def _line_laps(home: Sequence[Circuit], finish: Finish) -> list[LineLap]:
    found: list[LineLap] = []
    for circuit in home:
        times = crossings(circuit.problem, circuit.path, circuit.raw_m, finish, circuit.end_sd_m)
        for begin, end in pairwise(times):
            off_s = _Z95 * float(np.hypot(begin.sd_s, end.sd_s))
            pressed = begin.pressed and end.pressed
            found.append(LineLap(len(found) + 1, begin.at_s, end.at_s - begin.at_s, off_s, pressed))
    return found


def _drawing(circuit: Circuit, finish: Finish, mile: Effort | None, laps: Sequence[Split]) -> Drawing:
    problem, path = circuit.problem, circuit.path
    from_s, to_s = (mile.start_s, mile.end_s) if mile else (float(path.times[0]), float(path.times[-1]))
    fixes = np.stack(path.pose.inside(problem.x, problem.y))
    fixes = fixes[:, (problem.times >= from_s) & (problem.times <= to_s)]
    crossed_s = [s.start_s for s in laps] + [s.start_s + s.elapsed_s for s in laps[-1:]]
    arcs = (problem.direction * np.interp(crossed_s, path.times, path.along_m)).tolist() if mile else []
    step = -(-fixes.shape[1] // _DRAWN_FIXES)
    return Drawing(
        straight_m=problem.line.straight_m,
        kerb_m=circuit.lane.oval.radius_m,
        lane_m=problem.line.radius_m,
        fixes=fixes[:, :: max(step, 1)],
        laps_m=tuple(pairwise(arcs)),
        finish_m=finish.at_m,
        direction=problem.direction,
    )
