"""Rows of the library as the pages show them: miles, mm:ss and days instead of SI."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from miler.library import Best, Listed, Said
from miler.library.comparing import Comparison, Stage
from miler.library.doubles import Double
from miler.report.comparison import digits_of, result, sure_time, told
from miler.report.document import Document
from miler.report.listing import evidence, said_words
from miler.report.trend import changes, told_sure
from miler.report.words import FLAGS
from miler.saying import KINDS, SURFACES
from miler.units import (
    MILE_M,
    Unit,
    format_day,
    format_distance,
    format_duration,
    format_pace,
    format_sure,
    length_name,
    rounded_down,
)
from miler.web.choosing import Conditions

View = dict[str, Any]


def run(row: Listed, units: Unit) -> View:
    """Show one activity in a line."""
    return {
        "number": row.activity_id,
        "day": _day(row.start_local),
        "iso": row.start_local,
        "title": row.title or row.file,
        "sport": row.sport.replace("_", " "),
        "distance": format_distance(row.distance_m, units),
        "elapsed": format_duration(row.elapsed_s, 0),
        "mile": "–"
        if row.mile_s is None
        else format_sure(row.mile_s, row.mile_low_s, row.mile_high_s, brief=True),
        "evenness": "–" if row.evenness is None else rounded_down(row.evenness),
        "tags": said_words(asdict(row)),
        "excluded": row.excluded,
        "has_mile": row.mile_s is not None,
    }


def filters(conditions: Conditions) -> View:
    """Show a form of conditions: what was asked, and the words that there are."""
    asked = conditions.asked()
    return {
        "asked": asked,
        "given": any(asked.values()),
        "more": any(asked[key] for key in ("year", "sport", "shoes", "tag", "device", "note")),
        "kinds": KINDS,
        "surfaces": tuple(SURFACES),
    }


def effort(row: Best) -> View:
    """Show one best effort."""
    pace_s_per_km = row.elapsed_s / row.length_m * 1000
    return {
        "number": row.activity_id,
        "length": length_text(row.length_m),
        "name": length_name(row.length_m),
        "time": format_sure(row.elapsed_s, row.low_s, row.high_s, brief=True),
        "paces": (format_pace(pace_s_per_km, "mi"), format_pace(pace_s_per_km, "km")),
        "day": _day(row.start_local),
        "iso": row.start_local,
        "title": row.title or row.file,
        "flags": [FLAGS.get(flag, flag) for flag in row.flags.split()],
    }


def double(row: Double, said: Mapping[int, Said]) -> View:
    """Show a run from several files, or two that may be one, each file with why it is of it."""
    document = asdict(row)
    return {
        "numbers": list(said),
        "sources": [
            {
                "number": source["activity_id"],
                "title": said[source["activity_id"]].title or source["file"],
                "day": _day(said[source["activity_id"]].start_local),
                "file": source["file"],
                "format": (source["format"] or "no file").upper(),
                "gives": ", ".join(source["gives"]).replace("_", " "),
                "why": evidence(source, document) if at else "",
            }
            for at, source in enumerate(document["sources"])
        ],
    }


@dataclass(frozen=True)
class GapChart:
    """How far B was behind A at each quarter: places in per cent of the plot; above `level` A leads."""

    level: float
    dots: tuple[tuple[float, float, str, str], ...]  # x, y, gap, where
    line: str  # the same, as points of a polyline in a box of 100 by 100


def comparison(two: Comparison) -> View:
    """Show two miles side by side."""
    document = two.document()
    digits = digits_of(document)
    return {
        "runners": [
            {
                "mark": mark,
                "number": mile["activity_id"],
                "title": mile["title"],
                "day": _day(mile["start_local"]),
                "time": sure_time(mile),
                "pace": format_pace(mile["elapsed_s"] / MILE_M * 1000, "km"),
                "evenness": rounded_down(mile["evenness"]["score"]),
                "flags": [FLAGS.get(flag, flag) for flag in mile["flags"]],
            }
            for mark, mile in zip("AB", document["miles"], strict=True)
        ],
        "result": result(document),
        "chart": _gap_chart(two.quarters, told(document["quarters"], digits)),
        "tables": [
            {"name": name, "rows": _stages(document[stages], digits)}
            for name, stages in (("Quarters", "quarters"), ("Track laps", "laps"))
        ],
    }


_LEAST_SCALE_S = 1.0  # a smaller gap is not to look like much


def _stages(stages: Sequence[Document], digits: int) -> list[View]:
    scale_s = max([_LEAST_SCALE_S, *(abs(stage["gap_s"]) for stage in stages)])
    return [_stage(*pair, scale_s) for pair in zip(stages, told(stages, digits), strict=True)]


def _stage(stage: Document, cells: tuple[str, ...], scale_s: float) -> View:
    at, a_time, b_time, a_total, b_total, gap = cells
    share = 50 * abs(stage["gap_s"]) / scale_s
    return {
        "at": at,
        "times": (a_time, b_time),
        "totals": (a_total, b_total),
        "gap": gap,
        "leader": {1: "A", 2: "B", None: ""}[stage["leader"]],
        "bar": (round(50 - share if stage["leader"] == 1 else 50.0, 2), round(share, 2)),
    }


def _gap_chart(stages: Sequence[Stage], cells: Sequence[tuple[str, ...]]) -> GapChart:
    gaps_s = [0.0, *(stage.gap_s for stage in stages)]
    highest_s, lowest_s = max(gaps_s), min(gaps_s)
    lacking_s = max(_LEAST_SCALE_S - (highest_s - lowest_s), 0.0)

    def height(gap_s: float) -> float:
        share = (highest_s + lacking_s / 2 - gap_s) / (highest_s - lowest_s + lacking_s)
        return round(18 + 64 * share, 2)

    level, end_m = height(0.0), stages[-1].at_m
    dots = tuple(
        (round(100 * stage.at_m / end_m, 2), height(stage.gap_s), gap, at)
        for stage, (at, *_, gap) in zip(stages, cells, strict=True)
    )
    return GapChart(level, dots, " ".join([f"0,{level:g}", *(f"{x:g},{y:g}" for x, y, _, _ in dots)]))


def length_text(length_m: float) -> str:
    """Write a length so that `parse_distance` reads the same again."""
    miles = length_m / MILE_M
    return (
        f"{round(miles)}mi"
        if abs(miles - round(miles)) < 1e-9
        else f"{length_m:.6f}".rstrip("0").rstrip(".") + "m"
    )


def _day(start_local: str | None) -> str:
    return "date unknown" if start_local is None else format_day(start_local)


def seasons(trend: Document, titles: Mapping[int, str]) -> list[View]:
    """Show the best of each year, the latest first, as sure as it is."""
    return [
        {
            "year": season["year"],
            "number": season["best"]["activity_id"],
            "title": titles[season["best"]["activity_id"]],
            "time": told_sure(season["best"]),
            "change": change,
            "efforts": season["efforts"],
            "pace": format_pace(season["best"]["elapsed_s"] / trend["length_m"] * 1000, "mi"),
            "day": _day(season["best"]["day"]),
        }
        for season, change in zip(trend["seasons"][::-1], changes(trend)[::-1], strict=True)
    ]


def books(marks: Iterable[Document]) -> list[View]:
    """Show standing records, a table an event."""

    def event(mark: Document) -> str:
        return str(mark["event"])

    return [{"event": name, "rows": [_mark(mark) for mark in group]} for name, group in groupby(marks, event)]


def _mark(mark: Document) -> View:
    return {
        "what": mark["label"],
        "time": mark["time_text"],
        "holder": f"{mark['athlete']} ({mark['nationality']})",
        "place": mark["place"],
        "date": str(mark["date"]),
        "status": str(mark["status"]).replace("_", " "),
    }
