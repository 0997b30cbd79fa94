"""What years of running look like: a calendar of weeks, and how often which pace was run.

Places are percent of the plot, as in `charts`; the markup is the template's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from miler.units import MONTHS, UNIT_M, Unit, format_day, format_distance, format_duration, format_pace

_WEEKS = 53  # of the longest year of ISO 8601
_LEVELS = 4
_STEPS = (
    1,
    2,
    5,
    10,
    15,
    20,
    25,
    30,
    40,
    50,
    75,
    100,
    150,
    200,
    300,
    500,
)  # of a level, in units of distance
_USUAL = 0.9  # of the weeks lie within the levels but the last
_PACE_STEP_S: Mapping[Unit, int] = {"km": 10, "mi": 15}
_SLOWEST = 1.6  # times the median: what is slower is walked, and told in a number
_FEWEST = 4  # splits, for a distribution


@dataclass(frozen=True)
class Day:
    """What was run on a day."""

    day: date
    distance_m: float
    elapsed_s: float


@dataclass(frozen=True)
class Cell:
    """A week with a run: place and level in the calendar, and what it was."""

    x: float
    row: int
    level: int
    said: str


@dataclass(frozen=True)
class Year:
    """A row of the calendar: sums of the year; its longest week is of those that ISO 8601 counts to it."""

    year: int
    runs: int
    distance: str
    time: str
    longest: str


@dataclass(frozen=True)
class Weeks:
    """A calendar of weeks, the latest year on top.

    Attributes:
        cells: the weeks with a run.
        years: the rows, without a gap.
        months: where months begin, about, and their names.
        levels: the words of the legend.
    """

    cells: tuple[Cell, ...]
    years: tuple[Year, ...]
    months: tuple[tuple[float, str], ...]
    levels: tuple[str, ...]


def weeks(days: Iterable[Day], units: Unit) -> Weeks | None:
    """Lay out a calendar; None without any run."""
    runs = list(days)
    by_week: dict[tuple[int, int], list[Day]] = {}
    for run in runs:
        year, week, _ = run.day.isocalendar()
        by_week.setdefault((year, week), []).append(run)
    if not by_week:
        return None
    way_m = {week: sum(run.distance_m for run in those) for week, those in by_week.items()}
    step = _step(sorted(way_m.values()), UNIT_M[units])
    of = [year for year, _ in by_week] + [run.day.year for run in runs]
    first, last = min(of), max(of)
    cells = tuple(
        Cell(
            round(100 * (week - 1) / _WEEKS, 2),
            last - year,
            min(int(way_m[year, week] / (step * UNIT_M[units])) + 1, _LEVELS),
            _week(year, week, way_m[year, week], len(by_week[year, week]), units),
        )
        for year, week in sorted(by_week, reverse=True)
    )
    years = tuple(_year(year, runs, way_m, units) for year in range(last, first - 1, -1))
    months = tuple(
        (round(100 * (date(2025, month, 1).timetuple().tm_yday - 1) / (7 * _WEEKS), 2), name)
        for month, name in enumerate(MONTHS, start=1)
    )
    return Weeks(cells, years, months, _legend(step, units))


def _year(year: int, runs: list[Day], way_m: Mapping[tuple[int, int], float], units: Unit) -> Year:
    those = [run for run in runs if run.day.year == year]
    return Year(
        year,
        len(those),
        format_distance(sum(run.distance_m for run in those), units),
        format_duration(sum(run.elapsed_s for run in those), 0),
        format_distance(max((way for (of, _), way in way_m.items() if of == year), default=0.0), units),
    )


def _step(ways_m: list[float], unit_m: float) -> int:
    """Return the width of a level, in units: round, and such that few weeks lie beyond the levels."""
    usual = ways_m[int(_USUAL * (len(ways_m) - 1))] / unit_m
    return next((step for step in _STEPS if step * (_LEVELS - 1) >= usual * 0.75), _STEPS[-1])


def _legend(step: int, units: Unit) -> tuple[str, ...]:
    under = f"under {step} {units}"
    between = tuple(f"{step * level} to {step * (level + 1)}" for level in range(1, _LEVELS - 1))
    return (under, *between, f"{step * (_LEVELS - 1)} and more")


def _week(year: int, week: int, way_m: float, runs: int, units: Unit) -> str:
    monday = date.fromisocalendar(year, week, 1)
    sunday = monday + timedelta(days=6)
    return (
        f"{format_day(monday, weekday=False, year=False)} to {format_day(sunday, weekday=False)}:"
        f" {format_distance(way_m, units)} in {runs} {'run' if runs == 1 else 'runs'}"
    )


@dataclass(frozen=True)
class PaceBar:
    """How many splits were run at a pace: from the left, width, height; percent of the plot."""

    x: float
    width: float
    height: float
    pace: str
    count: int


@dataclass(frozen=True)
class Paces:
    """How often which pace was run; quicker is to the left.

    Attributes:
        bars: each pace up to the slowest one shown.
        ticks: labels of the axis, a share of it and the text.
        median, middle: the pace that half of the splits are under, and the middle half of them.
        count: how many splits there are in all.
        slower: how many are slower than the plot.
    """

    bars: tuple[PaceBar, ...]
    ticks: tuple[tuple[float, str], ...]
    median: str
    middle: tuple[str, str]
    count: int
    slower: int
    unit: str


def paces(splits_s: Iterable[float], units: Unit) -> Paces | None:
    """Count splits of a mile or a kilometre by their pace; None of too few of them."""
    times = sorted(splits_s)
    if len(times) < _FEWEST:
        return None
    step_s = _PACE_STEP_S[units]
    median_s = times[len(times) // 2]
    first, last = int(times[0] // step_s), int(min(times[-1], _SLOWEST * median_s) // step_s)
    counts = dict.fromkeys(range(first, last + 1), 0)
    for time_s in times:
        if (at := int(time_s // step_s)) <= last:
            counts[at] += 1
    width = 100 / len(counts)
    most = max(counts.values())
    bars = tuple(
        PaceBar(
            round((at - first) * width, 2),
            round(width, 2),
            round(100 * count / most, 2),
            f"{format_duration(at * step_s, 0)} to {format_duration((at + 1) * step_s, 0)}",
            count,
        )
        for at, count in counts.items()
    )
    every = max(1, -(-len(counts) // 8))
    ticks = tuple(
        (round((at - first) * width, 2), format_duration(at * step_s, 0))
        for at in range(first, last + 2)
        if at % every == 0
    )

    def pace(time_s: float) -> str:
        return format_pace(time_s * 1000 / UNIT_M[units], units)

    return Paces(
        bars=bars,
        ticks=ticks,
        median=pace(median_s),
        middle=(pace(times[len(times) // 4]), pace(times[3 * len(times) // 4])),
        count=len(times),
        slower=len(times) - sum(counts.values()),
        unit="miles" if units == "mi" else "kilometres",
    )
