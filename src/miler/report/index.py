"""The index of many reports: personal bests, the mile over the years, weeks, paces, and a table of all runs.

It says all without its script, which only searches and sorts the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from miler.report import page, trend_page
from miler.report.charts import GRID_X, GRID_Y
from miler.report.runs import Run, Timed, bests, history, in_time
from miler.report.trend import changes, sentences
from miler.report.words import margin_words, sure_time, told_time
from miler.report.years import Day, paces, weeks
from miler.trends import Trend, trend_of
from miler.units import (
    MILE_M,
    Unit,
    format_day,
    format_distance,
    format_duration,
    format_pace,
    length_name,
    rounded_down,
)

View = dict[str, Any]

_MISSING = "–"


def render(runs: Sequence[Run], units: Unit) -> str:
    """Write the index of runs, in whatever order they come.

    Args:
        runs: what to list; none gives a page that says so.
        units: of distances and paces.

    Returns:
        A complete HTML document; see `page.render`.
    """
    ordered = in_time(runs)
    best = bests(ordered)
    return page.render(
        "index.html.jinja",
        ("report.css", "trend.css", "index.css"),
        ("index.js",),
        grid=(GRID_X, GRID_Y),
        unit=units,
        facts=_facts(ordered, units),
        mile=next((_best(*one, units) for one in best if one[0].length_m == MILE_M), None),
        bests=[_best(*one, units) for one in best],
        graded=any(run.age_grade_percent is not None for run in ordered),
        years=_over_years(ordered),
        weeks=weeks(_days(ordered), units),
        paces=paces((time_s for run in ordered if run.counts for time_s in run.splits_s), units),
        runs=[_row(run, units) for run in reversed(ordered)],
    )


def _facts(runs: Sequence[Run], units: Unit) -> list[tuple[str, str]]:
    days = sorted(run.day for run in runs if run.day is not None)
    way_m = sum(run.distance_m or 0.0 for run in runs if run.counts)
    time_s = sum(run.elapsed_s for run in runs if run.counts)
    facts = [
        ("Activities", f"{len(runs):,}"),
        ("Run in all", format_distance(way_m, units)),
        ("Time", format_duration(time_s, 0)),
    ]
    if days:
        facts += [
            ("First", format_day(days[0], weekday=False)),
            ("Latest", format_day(days[-1], weekday=False)),
        ]
    return facts


def _days(runs: Sequence[Run]) -> Iterator[Day]:
    for run in runs:
        if run.counts and run.day is not None:
            yield Day(run.day, run.distance_m or 0.0, run.elapsed_s)


def _best(effort: Timed, run: Run, units: Unit) -> View:
    other: Unit = "km" if units == "mi" else "mi"
    pace_s_per_km = effort.elapsed_s / effort.length_m * 1000
    grade = run.age_grade_percent if effort.length_m == MILE_M else None
    return {
        "name": length_name(effort.length_m),
        "time": sure_time(effort),
        "told": told_time(effort),
        "sure": margin_words(effort),
        "paces": [format_pace(pace_s_per_km, unit) for unit in (units, other)],
        "grade": effort.grade or _MISSING,
        "age_grade": None if grade is None else _percent(grade),
        **_link(run),
    }


def _link(run: Run) -> View:
    day = run.start_local[:10] if run.start_local else None
    return {
        "address": run.address,
        "title": run.title,
        "iso": day,
        "day": format_day(day, weekday=False) if day else "date unknown",
    }


def _percent(value: float | None) -> str:
    return _MISSING if value is None else f"{rounded_down(value)} %"


def _over_years(runs: Sequence[Run]) -> View | None:
    """The mile by date; None without a dated one that counts."""
    efforts = history(runs, MILE_M)
    if not efforts:
        return None
    trend = trend_of(MILE_M, efforts, {})
    document = trend.document()
    return {
        "chart": trend_page.chart(document),
        "sentences": sentences(document),
        "seasons": list(_seasons(trend, runs)),
    }


def _seasons(trend: Trend, runs: Sequence[Run]) -> Iterator[View]:
    fastest_s = trend.records[-1].elapsed_s
    changed = changes(trend.document())
    for season, change in zip(reversed(trend.seasons), reversed(changed), strict=True):
        run = runs[season.best.activity_id]
        yield {
            "year": season.year,
            "efforts": season.efforts,
            "time": sure_time(run.mile) if run.mile else format_duration(season.best.elapsed_s),
            "change": change,
            "age_grade": _percent(run.age_grade_percent),
            "fastest": season.best.elapsed_s == fastest_s,
            **_link(run),
        }


def _row(run: Run, units: Unit) -> View:
    return {
        **_link(run),
        "words": run.words,
        "distance": format_distance(run.distance_m, units),
        "elapsed": format_duration(run.elapsed_s, 0),
        "mile": sure_time(run.mile) if run.mile else _MISSING,
        "grade": (run.mile.grade if run.mile else None) or _MISSING,
        "evenness": _MISSING if run.evenness is None else rounded_down(run.evenness),
    }
