"""How a best time moved over the years, as one HTML page with a plot; the text is `trend`'s."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from typing import Any

from miler.report import page
from miler.report.charts import GRID_X, GRID_Y, Tick
from miler.report.document import Document
from miler.report.tables import Table
from miler.report.trend import Scale, changes, conditions, point_name, scale_of, sentences, told, told_sure
from miler.units import format_day, format_duration, format_pace, length_name

_MOST_TIMES, _MOST_DATES = 8, 12
_LABEL = (7.0, 8.0)  # percent of the plot that the label of a season best takes, across and down


def render(trend: Document) -> str:
    """Write a page of what `miler trend --format json` gives; see `page.render`."""
    name = length_name(trend["length_m"])
    best = trend["records"][-1] if trend["records"] else None
    return page.render(
        "trend.html.jinja",
        ("report.css", "trend.css"),
        grid=(GRID_X, GRID_Y),
        name=name,
        conditions=conditions(trend["filter"]),
        best=_best(best, trend["length_m"]) if best else None,
        sentences=sentences(trend) if best else (),
        chart=chart(trend) if best else None,
        seasons=_seasons(trend),
    )


def _best(best: Document, length_m: float) -> dict[str, Any]:
    pace_s_per_km = best["elapsed_s"] / length_m * 1000
    return {
        "time": told_sure(best),
        "day": format_day(best["day"]),
        "activity_id": best["activity_id"],
        "paces": [format_pace(pace_s_per_km, unit) for unit in ("mi", "km")],
    }


def chart(trend: Document) -> dict[str, Any]:
    """Lay out the plot of a trend that has an effort, for `trend_plot`."""
    scale = scale_of(trend)
    times = scale.times(_MOST_TIMES)
    digits = 0 if all(seconds == int(seconds) for seconds in times) else 1
    shown = [point for point in trend["points"] if point["elapsed_s"] <= scale.bottom_s]
    seasons = [season["best"] for season in trend["seasons"]]
    places = [
        (_percent(scale.x(date.fromisoformat(best["day"]))), _percent(scale.y(best["elapsed_s"])))
        for best in seasons
    ]
    labelled = _apart(places)
    whiskers = [_whisker(scale, best) for best in seasons]
    return {
        "efforts": "".join("M{} {}h0".format(*_on_grid(scale, point)) for point in shown),
        "records": _steps([_on_grid(scale, record) for record in trend["records"]]),
        "seasons": [
            {
                "x": place[0],
                "y": place[1],
                "time": told(best) if place in labelled else None,
                "said": f"{format_day(best['day'], weekday=False)}: {told(best)}",
                "sure": whisker,
            }
            for best, place, whisker in zip(seasons, places, whiskers, strict=True)
        ],
        "sure": any(whiskers),
        "time_ticks": [Tick(_percent(scale.y(s)), format_duration(s, digits)) for s in times],
        "date_ticks": [Tick(_percent(scale.x(day)), text) for day, text in scale.dates(_MOST_DATES)],
        "slower": len(trend["points"]) - len(shown),
        "point": point_name(trend["span"]),
    }


def _whisker(scale: Scale, best: Document) -> tuple[float, float] | None:
    if best["low_s"] is None or not math.isfinite(best["high_s"] - best["low_s"]):
        return None
    low, high = (_percent(min(max(scale.y(best[key]), 0.0), 1.0)) for key in ("low_s", "high_s"))
    return low, high


def _apart(places: Sequence[tuple[float, float]]) -> set[tuple[float, float]]:
    """Return those whose labels do not run into each other; of two that would, the higher has its label."""
    kept: set[tuple[float, float]] = set()
    for x, y in sorted(places, key=lambda place: place[1]):
        if all(abs(x - x_0) >= _LABEL[0] or abs(y - y_0) >= _LABEL[1] for x_0, y_0 in kept):
            kept.add((x, y))
    return kept


def _percent(share: float) -> float:
    return round(100 * share, 2)


def _on_grid(scale: Scale, point: Document) -> tuple[int, int]:
    """What is slower than the scale, as the first of a line may be, lies on its lower edge."""
    x, y = scale.x(date.fromisoformat(point["day"])), min(scale.y(point["elapsed_s"]), 1.0)
    return round(x * GRID_X), round(y * GRID_Y)


def _steps(corners: Sequence[tuple[int, int]]) -> str:
    """A line level from each record to the next, and then up to it."""
    (x, y), *later = corners
    return f"M{x} {y}" + "".join(f"H{x}V{y}" for x, y in later) + f"H{GRID_X}"


def _seasons(trend: Document) -> Table:
    heads = ("Season", "Efforts", "Best, ±", "Change", "On", "Activity", "")
    seasons = trend["seasons"][::-1]
    rows = tuple(
        (
            str(season["year"]),
            str(season["efforts"]),
            told_sure(season["best"]),
            change,
            format_day(season["best"]["day"], weekday=False, year=False),
            f"#{season['best']['activity_id']}",
            "best so far" if season["record"] else "",
        )
        for season, change in zip(seasons, changes(trend)[::-1], strict=True)
    )
    fastest = min(range(len(seasons)), key=lambda i: seasons[i]["best"]["elapsed_s"], default=None)
    text = tuple(head == "" for head in heads)
    return Table(
        "Season bests on the elapsed clock; a minus is faster than the season before",
        heads,
        text,
        rows,
        fastest,
    )
