"""How the efforts of a length moved over the years: season bests, the best so far, improvement a year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from itertools import combinations
from statistics import median
from typing import Any

from miler.units import length_name

SCHEMA = "miler.trend/1"
MOST_POINTS = 1500  # more than a plot can show apart

# A long history is thinned to the best of each span of days.
_SPANS = ((1, "day"), (7, "week"), (28, "four weeks"), (91, "quarter of a year"))


@dataclass(frozen=True)
class Dated:
    """One activity's effort of a length, on the elapsed clock, and the day by the runner's calendar.

    `low_s` to `high_s` holds its true time with 95 %; None where that is not known.
    """

    activity_id: int
    day: date
    elapsed_s: float
    low_s: float | None = None
    high_s: float | None = None


@dataclass(frozen=True)
class Season:
    """One calendar year: its best effort, how many there were, and the change to the season before.

    `improvement_s` is positive for faster, None in the first season; `record` says that the best so far
    fell in it.
    """

    year: int
    efforts: int
    best: Dated
    improvement_s: float | None
    record: bool


@dataclass(frozen=True)
class Trend:
    """The efforts of one length by date, on the elapsed clock.

    Attributes:
        length_m: of what.
        given: the conditions that chose the activities, by name.
        efforts: how many there were.
        points: the efforts in order of time; of a long history the best of each span.
        span: what each point is the best of; "activity" for all of them.
        records: those that were faster than all before, the first included.
        seasons: each year that has an effort, the earliest first.
        slope_s_per_year: how season bests change in a year, negative for faster: the median of the slopes
            between all pairs of them (Theil 1950, Sen 1968), which one odd season does not move; None of
            fewer than three seasons.
    """

    length_m: float
    given: Mapping[str, str | float]
    efforts: int
    points: tuple[Dated, ...]
    span: str
    records: tuple[Dated, ...]
    seasons: tuple[Season, ...]
    slope_s_per_year: float | None

    def document(self) -> dict[str, Any]:
        """Return it as plain values, with a schema's name."""
        return {
            "schema": SCHEMA,
            "length_m": self.length_m,
            "name": length_name(self.length_m),
            "clock": "elapsed",
            "filter": dict(self.given),
            "efforts": self.efforts,
            "slope_s_per_year": self.slope_s_per_year,
            "seasons": [asdict(season) | {"best": _plain(season.best)} for season in self.seasons],
            "records": [_plain(dated) for dated in self.records],
            "span": self.span,
            "points": [_plain(dated) for dated in self.points],
        }


def _plain(dated: Dated) -> dict[str, Any]:
    return asdict(dated) | {"day": dated.day.isoformat()}


def trend_of(length_m: float, history: Sequence[Dated], given: Mapping[str, str | float]) -> Trend:
    """Put a history together.

    Args:
        length_m: of which length.
        history: its efforts in order of time.
        given: what chose them.
    """
    seasons = _seasons(history)
    span, points = _thinned(history)
    return Trend(
        length_m, given, len(history), tuple(points), span, _records(history), seasons, _slope(seasons)
    )


def _records(history: Sequence[Dated]) -> tuple[Dated, ...]:
    records: list[Dated] = []
    for dated in history:
        if not records or dated.elapsed_s < records[-1].elapsed_s:
            records.append(dated)
    return tuple(records)


def _seasons(history: Sequence[Dated]) -> tuple[Season, ...]:
    years: dict[int, list[Dated]] = {}
    for dated in history:
        years.setdefault(dated.day.year, []).append(dated)
    seasons: list[Season] = []
    for year, efforts in years.items():
        best = min(efforts, key=lambda dated: dated.elapsed_s)
        before = seasons[-1].best.elapsed_s if seasons else None
        seasons.append(
            Season(
                year=year,
                efforts=len(efforts),
                best=best,
                improvement_s=None if before is None else before - best.elapsed_s,
                record=all(best.elapsed_s < season.best.elapsed_s for season in seasons),
            )
        )
    return tuple(seasons)


def _slope(seasons: Sequence[Season]) -> float | None:
    if len(seasons) < 3:
        return None
    return median(
        (later.best.elapsed_s - earlier.best.elapsed_s) / (later.year - earlier.year)
        for earlier, later in combinations(seasons, 2)
    )


def _thinned(history: Sequence[Dated]) -> tuple[str, Sequence[Dated]]:
    """Keep the best of each day, week … as soon as that leaves few enough; the coarsest in any case."""
    kept, name = history, "activity"
    for days, called in _SPANS:
        if len(kept) <= MOST_POINTS:
            break
        best: dict[int, Dated] = {}
        for dated in history:
            span = (dated.day.toordinal() - 1) // days  # day 1 was a Monday
            former = best.get(span)
            if former is None or dated.elapsed_s < former.elapsed_s:
                best[span] = dated
        kept, name = list(best.values()), called
    return name, kept
