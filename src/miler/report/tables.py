"""The tables of the page, as text ready to be escaped; a column without any value is left out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from miler.activity import Lap
from miler.analysis import Analysis, Mile
from miler.effort import Effort, Split
from miler.repeats import Repeat, Series
from miler.report.words import lead_in, sure_time
from miler.scoring import Behind, Chased, RecordComparison
from miler.settings import Settings
from miler.units import (
    MILE_M,
    Unit,
    digits_for,
    format_distance,
    format_duration,
    format_splits,
    lag,
    length_name,
    metres_to_go,
    pace_figure,
    rounded_down,
    signed,
)

ROUNDING = "Times have the digits that the mile is sure of; sums are rounded up, and parts add up to them."

_QUARTER_ENDS = ("¼", "½", "¾", "finish")
_MISSING = "–"

T = TypeVar("T")
B = TypeVar("B", RecordComparison, Chased)


@dataclass(frozen=True)
class Table:
    """Text cells, a cell of two lines with a line feed; the first of a row is its head.

    `text` says which columns are words, not numbers; `best` is the row to stress.
    """

    caption: str
    heads: tuple[str, ...]
    text: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    best: int | None = None


@dataclass(frozen=True)
class _Column(Generic[T]):
    head: str
    of: Callable[[T], str | None]
    text: bool = False


def _table(caption: str, columns: Iterable[_Column[T]], items: Sequence[T], best: int | None = None) -> Table:
    filled = [(column, [column.of(item) for item in items]) for column in columns]
    kept = [(column, cells) for column, cells in filled if any(cell is not None for cell in cells)]
    return Table(
        caption=caption,
        heads=tuple(column.head for column, _ in kept),
        text=tuple(column.text for column, _ in kept),
        rows=tuple(
            tuple(_MISSING if cell is None else cell for cell in row)
            for row in zip(*(cells for _, cells in kept), strict=True)
        ),
        best=best,
    )


def quarters(mile: Mile, units: Unit) -> Table:
    """The four quarters: deviation from their mean, and seconds behind the first record."""
    mean_s = mile.effort.elapsed_s / len(mile.quarters)
    digits = digits_for(mile.effort.uncertainty_s)
    rows = _with_times(mile.quarters, digits)
    columns: list[_Column[tuple[Split, str, str]]] = [
        _Column("Quarter", lambda row: f"Q{row[0].index}"),
        _Column("Time", lambda row: row[1]),
        _Column("To mean, s", lambda row: signed(row[0].elapsed_s - mean_s, digits=digits)),
        _Column("Cumulative", lambda row: row[2]),
        *_lifted(_paces(units) + _streams(), lambda row: row[0]),
    ]
    if mile.records:
        record = mile.records[0]
        columns.append(
            _Column(f"Behind {record.holder}", lambda row: lag_words(record.behind[row[0].index - 1], digits))
        )
    return _table("Quarters of 402.336 m (440 yd)", columns, rows)


def track_laps(mile: Mile, units: Unit) -> Table:
    """The mile cut at the finish line of a track."""
    lap_m, digits = mile.track_laps[-1].length_m, digits_for(mile.effort.uncertainty_s)
    caption = f"Laps of a {lap_m:.6g} m track{lead_in(lap_m)}"
    columns: list[_Column[tuple[Split, str, str]]] = [
        _Column("Lap", lambda row: str(row[0].index)),
        _Column("Length, m", lambda row: f"{row[0].length_m:.7g}"),
        _Column("Time", lambda row: row[1]),
        _Column("Cumulative", lambda row: row[2]),
        *_lifted(_paces(units) + _streams(), lambda row: row[0]),
    ]
    return _table(caption, columns, _with_times(mile.track_laps, digits))


def records(mile: Mile) -> Table:
    """The mile against each record, with seconds and metres behind at each quarter."""
    columns: list[_Column[RecordComparison]] = [
        _Column("Holder", lambda r: r.holder),
        _Column("Record", lambda r: r.label, text=True),
        _Column("Time", lambda r: format_duration(r.time_s, 2)),
        _Column("Status", lambda r: _words(r.status), text=True),
        _Column("Your speed", lambda r: f"{rounded_down(r.percent)} %"),
        *_behind(RecordComparison, digits_for(mile.effort.uncertainty_s)),
        _Column("Measured along", lambda r: "own splits" if r.profile_id else "even pace", text=True),
    ]
    return _table("Behind the records; a minus is ahead", columns, mile.records)


def pace_light(mile: Mile) -> Table:
    """The mile against each rival and goal."""
    columns: list[_Column[Chased]] = [
        _Column("Light", lambda c: c.name),
        _Column("Kind", lambda c: c.kind, text=True),
        _Column("Time", lambda c: format_duration(c.time_s, 2)),
        *_behind(Chased, digits_for(mile.effort.uncertainty_s)),
    ]
    return _table("Behind the light; a minus is ahead", columns, mile.pace_light)


def efforts(found: Sequence[Effort], units: Unit) -> Table:
    """Every effort, with the timer clock beside the elapsed one where any differs."""
    first, second = _order(units)
    stopped = any(_stopped(e) for e in found)
    columns: list[_Column[Effort]] = [
        _Column("Distance", lambda e: e.name),
        _Column("Elapsed, ± 95 %", sure_time),
        _Column("Evidence", lambda e: e.evidence.grade if e.evidence else None),
        _Column("Timer", lambda e: format_duration(e.timer_s) if stopped else None),
        _Column(f"Pace /{first}", lambda e: _pace(e.pace_s_per_km, first)),
        _Column(f"Pace /{second}", lambda e: _pace(e.pace_s_per_km, second)),
        _Column("Starts at", lambda e: format_distance(e.start_m, units)),
        _Column("After", lambda e: format_duration(e.start_s, 0)),
        _Column("Flags", lambda e: "; ".join([*e.flags, *e.doubts]) or None, text=True),
    ]
    best = next((i for i, e in enumerate(found) if math.isclose(e.length_m, MILE_M) and e.plausible), None)
    return _table("Fastest stretch of each distance, on the elapsed clock", columns, found, best)


def repeats(found: Series, digits: int) -> Table:
    """Every repetition of an interval session, with the rest before the next."""
    columns: list[_Column[Repeat]] = [
        _Column("Repetition", lambda r: str(r.index)),
        _Column("Time", lambda r: format_duration(r.elapsed_s, digits)),
        _Column("After", lambda r: format_duration(r.start_s, 0)),
        _Column("Rest", lambda r: None if r.rest_s is None else format_duration(r.rest_s, 0)),
        _Column("Rest, m", lambda r: None if r.rest_m is None else f"{r.rest_m:.0f}"),
    ]
    return _table(f"Repetitions: {found.name}, found from the motion", columns, found.repeats)


def splits(caption: str, cut: Sequence[Split], unit: Unit, digits: int) -> Table:
    """The whole run cut every mile or kilometre; the fastest whole one is stressed."""
    longest_m = max((s.length_m for s in cut), default=0.0)
    whole = [s for s in cut if s.length_m > 0.999 * longest_m]
    best = cut.index(min(whole, key=lambda s: s.elapsed_s)) if len(whole) > 1 else None
    columns: list[_Column[tuple[Split, str, str]]] = [
        _Column("To", lambda row: format_distance(row[0].end_m, unit)),
        _Column("Time", lambda row: row[1]),
        _Column(f"Pace /{unit}", lambda row: _pace(row[0].pace_s_per_km, unit)),
        *_lifted(_streams() + _terrain(), lambda row: row[0]),
    ]
    return _table(caption, columns, _with_times(cut, digits), best)


def watch_laps(analysis: Analysis) -> Table:
    """What the watch marked, and beside it what miler measured between the same moments."""
    units = analysis.settings.unit
    columns: list[_Column[tuple[Lap, Split, float | None]]] = [
        _Column("Lap", lambda row: str(row[0].index)),
        _Column("Ended by", lambda row: _words(row[0].trigger), text=True),
        _Column("Watch, m", lambda row: _metres(row[0].distance_m)),
        _Column("Elapsed", lambda row: format_duration(row[0].elapsed_s)),
        _Column("Timer", lambda row: _time(row[0].timer_s)),
        _Column("Miler, m", lambda row: _metres(row[2])),
        *_lifted(_paces(units) + _streams() + _terrain(), lambda row: row[1]),
    ]
    rows = list(zip(analysis.laps, analysis.lap_splits, _lap_lengths(analysis), strict=True))
    return _table("Laps of the watch; miler measures from the start of one to the next", columns, rows)


def settings(used: Settings) -> Table:
    """Every setting by its name."""
    columns: list[_Column[tuple[str, object]]] = [
        _Column("Setting", lambda row: row[0]),
        _Column("Value", lambda row: _setting(*row), text=True),
    ]
    return _table("Settings that made this report", columns, list(used.as_dict().items()))


def _paces(units: Unit) -> list[_Column[Split]]:
    first, second = _order(units)
    return [
        _Column(f"Pace /{first}", lambda s: _pace(s.pace_s_per_km, first)),
        _Column(f"Pace /{second}", lambda s: _pace(s.pace_s_per_km, second)),
    ]


def _streams() -> list[_Column[Split]]:
    return [
        _Column("Heart rate, bpm", lambda s: _whole(s.heart_rate_bpm)),
        _Column("Cadence, spm", lambda s: _whole(s.cadence_spm)),
    ]


def _terrain() -> list[_Column[Split]]:
    return [
        _Column("Climb, m", lambda s: _whole(s.climb_m)),
        _Column("Fall, m", lambda s: _whole(s.fall_m)),
    ]


def _lifted(columns: Iterable[_Column[Split]], split_of: Callable[[T], Split]) -> list[_Column[T]]:
    """Columns of a split, for rows that hold one."""
    return [_Column(c.head, partial(_of_row, c, split_of)) for c in columns]


def _of_row(column: _Column[Split], split_of: Callable[[T], Split], row: T) -> str | None:
    return column.of(split_of(row))


def _with_times(cut: Sequence[Split], digits: int) -> list[tuple[Split, str, str]]:
    """Splits, each with its time and the total by then as they are written."""
    said = format_splits((s.elapsed_s for s in cut), digits)
    return [(split, *written) for split, written in zip(cut, said, strict=True)]


def _behind(columns: type[B], digits: int) -> list[_Column[B]]:
    """A column a quarter: seconds behind, and metres."""

    def at(quarter: int) -> Callable[[B], str | None]:
        return lambda row: (
            f"{lag_words(row.behind[quarter], digits)}\n{metres_to_go(row.behind[quarter].behind_m)}"
        )

    return [_Column(f"Behind at {end}", at(i)) for i, end in enumerate(_QUARTER_ENDS)]


def lag_words(behind: Behind, digits: int) -> str:
    """Write seconds behind with their unit, where they are not minutes."""
    text = lag(behind.behind_s, digits)
    return text if ":" in text else f"{text} s"


def _lap_lengths(analysis: Analysis) -> list[float | None]:
    """What the odometer counted in each lap; None where the recording has no distance."""
    marks = [s.start_m for s in analysis.lap_splits]
    if not len(analysis.trace.distance_m):
        return [None] * len(marks)
    ends = [*marks[1:], float(analysis.trace.distance_m[-1])]
    return [end - start for start, end in zip(marks, ends, strict=True)]


def _order(units: Unit) -> tuple[Unit, Unit]:
    return ("km", "mi") if units == "km" else ("mi", "km")


def _stopped(effort: Effort) -> bool:
    return format_duration(effort.timer_s) != format_duration(effort.elapsed_s)


def _pace(pace_s_per_km: float | None, per: Unit) -> str | None:
    return None if pace_s_per_km is None else pace_figure(pace_s_per_km, per)


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else format_duration(seconds)


def _words(slug: str | None) -> str | None:
    return None if slug is None else slug.replace("_", " ")


def _metres(metres: float | None) -> str | None:
    return None if metres is None else format_distance(metres, "m").removesuffix(" m")


def _whole(value: float | None) -> str | None:
    return None if value is None else f"{value:.0f}"


def _setting(name: str, value: object) -> str:
    if isinstance(value, list):
        return ", ".join(length_name(v) if isinstance(v, float) else str(v) for v in value)
    if isinstance(value, float):
        return f"{value:g}"
    if name == "own_records" and value:
        return f"{len(str(value).splitlines())} lines"
    return "not set" if value in (None, "") else str(value)
