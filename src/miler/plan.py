"""A plan for a mile: the splits to run for a goal time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from miler.errors import SettingsError
from miler.oval import STANDARD
from miler.pacelight import Light, like
from miler.units import KILOMETRE_M, QUARTER_M, parse_distance, parse_duration

Course = Literal["400", "200", "road"]
COURSES: dict[Course, float] = {"400": 400.0, "200": 200.0, "road": QUARTER_M}
_FASTEST_MPS, _SLOWEST_MPS = 15.0, 0.2  # wider than any runner
_LEAD_IN = 0.25  # of a lap; what is shorter before the first crossing of the line is no split of its own


@dataclass(frozen=True)
class PlannedSplit:
    """One split of a plan: where it ends, and when.

    Attributes:
        index: from 1.
        start_m, end_m: metres from the start.
        split_s: seconds for the split alone.
        total_s: seconds from the start to its end.
        pace_s_per_km: the light's own over the split: of 200 m, the tenths of a time are a second a mile.
    """

    index: int
    start_m: float
    end_m: float
    split_s: float
    total_s: float
    pace_s_per_km: float


@dataclass(frozen=True)
class Plan:
    """Splits that end at the goal.

    Attributes:
        goal_s: the time to run.
        length_m: over this length.
        like: whose pacing it is.
        course: a track of 400 m or 200 m, whose laps end at the finish line, or the road, in quarters.
        lane: of the track.
    """

    goal_s: float
    length_m: float
    like: str
    course: Course
    splits: tuple[PlannedSplit, ...]
    lane: int = 1


def plan(light: Light, course: Course = "400", lane: int = 1) -> Plan:
    """Cut a light into the splits of a course.

    Laps of a track end at the finish line, so that what is left of the length comes first, as a split
    from a quarter of a lap on, else with the first lap: 1500 m begin with 300 m, a mile with 409.344 m.
    On the road it is cut into quarters of 402.336 m. Totals are whole tenths, as a watch is read, and
    splits their differences: what is printed sums to the goal. In another lane than the first, laps of
    400 m are as long as that lane of a standard track.
    """
    lap_m = COURSES[course] if lane == 1 or course != "400" else STANDARD.lap_length_m(lane)
    laps = int(light.length_m / lap_m + 1e-9)
    marks = [light.length_m - lap_m * left for left in range(laps, -1, -1)]
    if laps and marks[0] < _LEAD_IN * lap_m:
        del marks[0]
    passed_s = [float(light.seconds_at(mark)) for mark in marks]
    totals = [round(seconds, 1) for seconds in passed_s[:-1]] + [light.time_s]
    ends = [(0.0, 0.0, 0.0), *zip(marks, totals, passed_s, strict=True)]
    splits = tuple(
        PlannedSplit(
            index, start_m, end_m, end_s - start_s, end_s, (till_s - from_s) / (end_m - start_m) * KILOMETRE_M
        )
        for index, ((start_m, start_s, from_s), (end_m, end_s, till_s)) in enumerate(pairwise(ends), 1)
    )
    return Plan(light.time_s, light.length_m, light.name, course, splits, lane)


def planned(
    time: str, distance: str = "1mi", pacing: str = "even", course: Course = "400", lane: int = 1
) -> Plan:
    """Make a plan as a runner asks for it.

    Args:
        time: the goal, such as `4:59`.
        distance: such as `1mi`.
        pacing: see `pacelight.like`.
        course: see `plan`, as `lane`.
        lane: as there.

    Raises:
        SettingsError: for what cannot be read, and for a goal that is no pace of a runner.
    """
    goal_s, length_m = parse_duration(time), parse_distance(distance)
    if not length_m / _FASTEST_MPS <= goal_s <= length_m / _SLOWEST_MPS:
        raise SettingsError(f"{time} over {distance} is no pace of a runner")
    return plan(like(pacing, length_m, goal_s), course, lane)
