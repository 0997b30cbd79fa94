"""What a time is worth: points, age grade, VDOT, equivalents at other lengths, and its place in history.

Every figure is a published formula or table with its source, and says where it stops being valid.
None of them changes the time itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

from miler.recordbook import (
    AgeTable,
    Mark,
    Surface,
    age_tables,
    is_current,
    marks,
    progression,
    select,
    standing_records,
)
from miler.settings import Sex
from miler.units import MILE_M

# a and b of points = floor(a (T - b)^2). World Athletics' scoring tables of 2022 and 2025 (Spiriev);
# the formula alone is given here, for the printed tables are World Athletics'.
_POINTS: dict[tuple[Sex, bool], tuple[float, float]] = {
    ("M", False): (0.0351, 415.0),
    ("F", False): (0.01165, 580.0),
    ("M", True): (0.0369, 415.0),
    ("F", True): (0.01154, 585.5),
}
_RIEGEL_EXPONENT = 1.06
MILESTONES_S = (600.0, 540.0, 480.0, 420.0, 360.0, 300.0, 270.0, 240.0)
_FIRST_MASTERS_AGE, _MASTERS_STEP = 35, 5
_LAST_JUNIOR_AGE = 19
_FASTEST_MPS, _SLOWEST_MPS = 12.0, 0.5
_RIEGEL_VALID_S = (3.5 * 60, 230 * 60)
_MILE_OF_1500 = 1.08  # the records themselves: 1.083 (2026)
_MILE_OF_1600 = 1.0058


@dataclass(frozen=True)
class AgeGrade:
    """A time in percent of what its runner's age is held to be capable of.

    Attributes:
        percent: 100 * standard_s / time.
        standard_s: the age's standard, seconds: the open standard divided by the age's factor.
        table: name and surface of the table; those of track and road are never mixed.
        note: what to know of the table; empty if nothing.
    """

    percent: float
    standard_s: float
    table: str
    note: str
    source: str


@dataclass(frozen=True)
class Equivalent:
    """A time that is worth the same at another length, by one method.

    `valid` says whether the method claims to hold for both times.
    """

    length_m: float
    time_s: float
    method: str
    valid: bool
    source: str


@dataclass(frozen=True)
class Share:
    """A time in percent of a record's speed."""

    mark: Mark
    percent: float


@dataclass(frozen=True)
class BookWorth:
    """What a mile is worth by the book of one sex.

    Attributes:
        points: see `points`.
        shares: of the standing records on every surface, of any faster pending mark, and of the
            runner's age class where the book has it.
        age_grades: by the table of the surface; by both, each by its own, where it is not known.
        stood_until: see `stood_until`.
    """

    sex: Sex
    points: int
    shares: tuple[Share, ...]
    age_grades: tuple[AgeGrade, ...]
    stood_until: Mark | None


@dataclass(frozen=True)
class Worth:
    """What a mile is worth; nothing of it is in the time.

    Attributes:
        surface: on which it was run, None where the recording does not say.
        age: years that the runner completes in the year of the run; None if not known.
        milestone_s: the fastest of the round times 10:00, 9:00 … 5:00, 4:30, 4:00 that it is under.
        books: the runner's, or men's and women's.
    """

    surface: Surface | None
    age: int | None
    vdot: float
    milestone_s: float | None
    equivalents: tuple[Equivalent, ...]
    books: tuple[BookWorth, ...]


def worth(
    mile_s: float,
    surface: Surface | None = None,
    sex: Sex | None = None,
    age: int | None = None,
    own: str = "",
) -> Worth:
    """Say what a mile is worth by every measure here.

    Args:
        mile_s: seconds.
        surface: None where it is not known; points are then those of outdoor and road, which agree.
        sex: None for both books.
        age: in whole years; None for no age grade.
        own: text of the runner's own records file.
    """
    sexes: tuple[Sex, ...] = ("M", "F") if sex is None else (sex,)
    return Worth(
        surface=surface,
        age=age,
        vdot=vdot(mile_s),
        milestone_s=min((stone_s for stone_s in MILESTONES_S if mile_s < stone_s), default=None),
        equivalents=tuple(equivalents(mile_s)),
        books=tuple(_by_book(mile_s, surface, each, age, own) for each in sexes),
    )


def _by_book(mile_s: float, surface: Surface | None, sex: Sex, age: int | None, own: str) -> BookWorth:
    surfaces: tuple[Surface, ...] = ("outdoor", "road") if surface is None else (surface,)
    graded = () if age is None else (age_grade(mile_s, age, sex, each) for each in surfaces)
    return BookWorth(
        sex=sex,
        points=points(mile_s, sex, surface or "outdoor"),
        shares=tuple(
            Share(mark, 100 * mark.time_s / mile_s) for mark in _compared(sex, age_class(age, sex), own)
        ),
        age_grades=tuple(grade for grade in graded if grade is not None),
        stood_until=stood_until(mile_s, sex, own),
    )


@cache
def _compared(sex: Sex, category: str | None, own: str) -> tuple[Mark, ...]:
    """The standing records of every surface, and of an age class."""
    surfaces: tuple[Surface, ...] = ("outdoor", "road", "short_track")
    seniors = [mark for surface in surfaces for mark in standing_records("1 mile", surface, sex, own)]
    peers = select(marks(own), event="1 mile", category=category, sex=sex) if category else ()
    return (*seniors, *(mark for mark in peers if is_current(mark, own)))


def age_class(age: int | None, sex: Sex) -> str | None:
    """Name the class of an age as the record book does: "U20", "M40", "W60"; None for a senior."""
    if age is None or _LAST_JUNIOR_AGE < age < _FIRST_MASTERS_AGE:
        return None
    if age <= _LAST_JUNIOR_AGE:
        return "U20"
    return f"{'M' if sex == 'M' else 'W'}{age // _MASTERS_STEP * _MASTERS_STEP}"


def points(time_s: float, sex: Sex, surface: Surface = "outdoor") -> int:
    """Score a mile as World Athletics' tables do; 0 from 6:55 (men) or 9:40 (women) on.

    Road miles score as outdoor ones do, short track has constants of its own.

    Source:
        Spiriev, World Athletics Scoring Tables 2022 and 2025: points = floor(a (T - b)^2).
    """
    a, b = _POINTS[sex, surface == "short_track"]
    # Times stand in hundredths; a billionth of a point keeps a mark on the edge where the table has it.
    return math.floor(a * (time_s - b) ** 2 + 1e-9) if time_s < b else 0


def age_grade(time_s: float, age: int, sex: Sex, surface: Surface = "outdoor") -> AgeGrade | None:
    """Grade a mile by age: WMA's table on the track, USATF's on the road.

    Returns:
        None on short track, which no table grades, and for an age that the table leaves out: the
        track's begins at 30.
    """
    table = _age_table(sex, surface)
    factor = table.factor(age) if table else None
    if table is None or factor is None:
        return None
    standard_s = table.open_standard_s / factor
    return AgeGrade(
        percent=100 * standard_s / time_s,
        standard_s=standard_s,
        table=f"{table.name} {table.surface}",
        note=table.note,
        source=table.source,
    )


@cache
def _age_table(sex: Sex, surface: Surface) -> AgeTable | None:
    wanted = {"outdoor": "track", "road": "road"}.get(surface)
    return next((t for t in age_tables() if t.sex == sex and t.surface == wanted), None)


def vdot(time_s: float, length_m: float = MILE_M) -> float:
    """Return Daniels' VDOT of a race, ml/kg/min: the oxygen uptake that its time implies.

    Source:
        Daniels & Gilbert, Oxygen Power, 1979.
    """
    minutes = time_s / 60
    speed = length_m / minutes
    uptake = -4.60 + 0.182258 * speed + 0.000104 * speed**2
    share = 0.8 + 0.1894393 * math.exp(-0.012778 * minutes) + 0.2989558 * math.exp(-0.1932605 * minutes)
    return uptake / share


def same_vdot_s(vdot_wanted: float, length_m: float) -> float | None:
    """Return the seconds in which a length is run at a VDOT; None if no pace from 0.5 to 12 m/s has it.

    Source:
        The Illinois form of false position; Dowell & Jarratt 1971, BIT 11:168.
    """
    fast_s, slow_s = length_m / _FASTEST_MPS, length_m / _SLOWEST_MPS
    over, under = (vdot(time_s, length_m) - vdot_wanted for time_s in (fast_s, slow_s))
    if not under <= 0 <= over:
        return None
    last = 0.0
    while True:  # VDOT falls as the time grows
        between_s = (fast_s * under - slow_s * over) / (under - over)
        off = vdot(between_s, length_m) - vdot_wanted
        if abs(off) < 1e-11 or not fast_s < between_s < slow_s:
            return between_s
        # An end that stays where it is counts half: else the other would creep towards the time.
        if off > 0:
            fast_s, over, under = between_s, off, under / 2 if last > 0 else under
        else:
            slow_s, under, over = between_s, off, over / 2 if last < 0 else over
        last = off


def riegel_s(time_s: float, from_m: float, to_m: float) -> float:
    """Carry a time to another length: T2 = T1 (D2/D1)^1.06.

    Source:
        Riegel 1981, Athletic records and human endurance, American Scientist 69:285. Fitted to
        efforts of 3.5 to 230 minutes.
    """
    return time_s * math.pow(to_m / from_m, _RIEGEL_EXPONENT)


def equivalents(mile_s: float, lengths_m: tuple[float, ...] = (800, 3000, 5000, 10_000)) -> list[Equivalent]:
    """Say what a mile is worth over 1500 m and 1600 m, and by two methods over other lengths."""
    named = [
        Equivalent(1500.0, mile_s / _MILE_OF_1500, "÷ 1.08", True, "Track & Field News, Big Green Book"),
        Equivalent(1600.0, mile_s / _MILE_OF_1600, "÷ 1.0058", True, "same pace, 9.344 m less"),
    ]
    vdot_run = vdot(mile_s)
    carried = [
        Equivalent(length_m, time_s, method, _in_range(mile_s, time_s), source)
        for length_m in lengths_m
        for method, time_s, source in (
            ("Riegel", riegel_s(mile_s, MILE_M, length_m), "Riegel 1981"),
            ("VDOT", same_vdot_s(vdot_run, length_m), "Daniels & Gilbert 1979"),
        )
        if time_s is not None
    ]
    return named + carried


def _in_range(*times_s: float) -> bool:
    """Both methods were fitted to races of some minutes up to some hours."""
    shortest_s, longest_s = _RIEGEL_VALID_S
    return all(shortest_s <= time_s <= longest_s for time_s in times_s)


def stood_until(time_s: float, sex: Sex, own: str = "") -> Mark | None:
    """Return the record that first beat a time: until that day it would have been the world record.

    None where no record has been faster, and where the first on the list already was.
    """
    records = _recognised(sex, own)
    faster = next((mark for mark in records if mark.time_s < time_s), None)
    return None if faster is None or faster is records[0] else faster


@cache
def _recognised(sex: Sex, own: str) -> tuple[Mark, ...]:
    statuses = ("ratified", "superseded", "listed")
    return tuple(mark for mark in progression(sex, own=own) if mark.status in statuses)
