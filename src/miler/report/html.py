"""Analyses as one HTML page that stands alone: nothing fetched, the same bytes every time.

Numbers are written here, charts are laid out in `charts.py`, tables in `tables.py`; the markup is
the template's, and the template's only escape is autoescape.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from miler.analysis import Analysis, Mile, Summary
from miler.report import chasing, page, tables
from miler.report import oval as ovals
from miler.report.charts import GRID_X, GRID_Y, bars, gap_chart, pace_chart
from miler.report.oval_svg import oval_chart
from miler.report.tables import ROUNDING
from miler.report.verdicts import condition_words, pacing_words, shape_words, worth_words
from miler.report.words import (
    SOURCES,
    by_button,
    by_timer,
    compared,
    flag_words,
    local_start,
    margin_words,
    own_best_words,
    sport,
    told_time,
    where,
    why_no_mile,
    why_sure,
)
from miler.scoring import Milestone, lights
from miler.units import (
    Unit,
    digits_for,
    format_distance,
    format_duration,
    format_margin,
    format_pace,
    format_splits,
    rounded_down,
    rounded_up,
    signed,
)

_UNIT_NAMES: dict[Unit, str] = {"km": "kilometres", "mi": "miles"}

_STYLES = ("report.css",)
_SCRIPTS = ("chart.js", "pacelight.js")

View = dict[str, Any]


def script() -> str:
    """Return the script of reports, to be put where `render` says it lies; the same for all of them."""
    return page.joined(_SCRIPTS)


def style() -> str:
    """Return the style sheet of reports, to be put where `render` says it lies."""
    return page.joined(_STYLES)


def render(
    analyses: Sequence[Analysis],
    *,
    script_at: str | None = None,
    style_at: str | None = None,
    home: str | None = None,
    made_of: str | None = None,
) -> str:
    """Write one page about any number of activities, each an article, with a list of contents.

    Args:
        analyses: what to report, in this order; none gives a page that says so.
        script_at: where `script()` lies, as an address relative to the page; None writes it into the
            page, which then is one file to pass on.
        style_at: where `style()` lies, likewise.
        home: the address of a page that lists this one.
        made_of: what tells whether the page would be the same if it were made again.

    Returns:
        A complete HTML document, which says all without its script. Strings from files are escaped,
        and shown without control and bidi characters; a Content-Security-Policy allows the page's
        own style sheet and script and nothing else.
    """
    return page.render(
        "report.html.jinja",
        _STYLES,
        _SCRIPTS,
        script_at,
        style_at=style_at,
        home=home,
        made_of=made_of,
        grid=(GRID_X, GRID_Y),
        articles=[_article(f"a{i}", analysis) for i, analysis in enumerate(analyses, start=1)],
    )


def _article(ident: str, analysis: Analysis) -> View:
    summary, units = analysis.summary, analysis.settings.unit
    mile = analysis.mile
    return {
        "id": ident,
        "file": analysis.source.name or None,
        "title": summary.name or _capitalised(sport(summary)),
        "when": local_start(summary),
        "iso": summary.start_time.isoformat() if summary.start_time else None,
        "result": f"mile {told_time(mile.effort)}" if mile else "no mile",
        "facts": _facts(analysis),
        "mile": _mile(analysis, mile, units) if mile else None,
        "why_no_mile": None if mile else why_no_mile(analysis),
        "chart": _chart(analysis),
        "light": chasing.pace_light(analysis),
        "track": _track(analysis),
        "repeats": tables.repeats(analysis.repeats, _digits(analysis)) if analysis.repeats else None,
        "efforts": tables.efforts(analysis.efforts, units) if analysis.efforts else None,
        "splits": _splits(analysis),
        "laps": tables.watch_laps(analysis) if analysis.laps else None,
        "notes": [
            (note.kind, note.message, None if note.at_s is None else format_duration(note.at_s, 0))
            for note in sorted(analysis.notes, key=lambda note: note.kind != "damage")
        ],
        "settings": tables.settings(analysis.settings),
        "source": _source(analysis),
    }


def _chart(analysis: Analysis) -> View | None:
    mile, units = analysis.mile, analysis.settings.unit
    chart = pace_chart(analysis.trace, mile.effort if mile else None, units)
    if chart is None:
        return None
    hills = chart.elevation_m
    return {
        "drawn": chart,
        "unit": units,
        "unit_name": _UNIT_NAMES[units],
        "averaged": f"{chart.averaged_s:.0f} s",
        "elevation": f"{hills[0]:.0f} to {hills[1]:.0f} m".replace("-", "−") if hills else None,
        "data": {
            "at": chart.at,
            "reach": chart.reach,
            "distance": chart.distance_said,
            "elapsed": chart.elapsed_said,
            "curves": {curve.key: curve.said for curve in chart.curves},
        },
    }


def _bars(analysis: Analysis, mile: Mile) -> View:
    """The quarters as bars, beside them those of the first whom the mile chases."""
    chased = next((light for light, _ in lights(analysis.settings)), None)
    own_s = [q.elapsed_s for q in mile.quarters]
    ends_m = np.cumsum([0.0, *(q.length_m for q in mile.quarters)])
    runs = [own_s, *([np.diff(chased.seconds_at(ends_m)).tolist()] if chased else [])]
    drawn = bars(*runs)
    labels = [
        [
            (time, signed(bar.deviation_s, " s", sure))
            for (time, _), bar in zip(format_splits(run, sure), row, strict=True)
        ]
        for run, row, sure in zip(runs, drawn, (_digits(analysis), 1), strict=False)  # a light is exact
    ]
    return {"drawn": drawn, "labels": labels, "chased": chased.name if chased else None}


def _track(analysis: Analysis) -> View | None:
    track, mile = analysis.track, analysis.mile
    if track is None:
        return None
    return {
        "drawn": oval_chart(track.drawing, mile.track_laps if mile else ()),
        "facts": ovals.facts(track),
        "coached": ovals.coached(analysis),
        "laps": ovals.line_laps(track),
    }


def _facts(analysis: Analysis) -> list[tuple[str, str]]:
    summary = analysis.summary
    facts = [
        ("Distance", _distance(summary, analysis.settings.unit)),
        ("Elapsed", format_duration(summary.elapsed_s, 0)),
        ("Timer", format_duration(summary.timer_s, 0)),
        ("Moving", format_duration(summary.moving_s, 0)),
    ]
    if analysis.pauses:
        paused_s = sum(p.end_s - p.start_s for p in analysis.pauses)
        facts.append(("Pauses", f"{len(analysis.pauses)}, {format_duration(paused_s, 0)} in all"))
    facts.append(("Sport", sport(summary)))
    facts.append(("Device", summary.device or "not said"))
    facts.append(("Measured by", SOURCES.get(summary.distance_source, summary.distance_source)))
    return facts


def _distance(summary: Summary, units: Unit) -> str:
    other: Unit = "km" if units == "mi" else "mi"
    return f"{format_distance(summary.distance_m, units)} ({format_distance(summary.distance_m, other)})"


def _mile(analysis: Analysis, mile: Mile, units: Unit) -> View:
    effort = mile.effort
    per: tuple[Unit, Unit] = ("mi", "km") if units == "mi" else ("km", "mi")
    return {
        "time": told_time(effort),
        "sure": margin_words(effort),
        "why_sure": _capitalised(why_sure(effort)),
        "by_timer": by_timer(mile),
        "by_button": by_button(mile),
        "clock": effort.clock,
        "paces": [format_pace(effort.pace_s_per_km, unit) for unit in per],
        "where": where(mile, units),
        "flags": [_capitalised(flag_words(flag, effort, analysis.pauses)) for flag in effort.flags],
        "bars": _bars(analysis, mile),
        "quarters": tables.quarters(mile, units),
        "track_laps": tables.track_laps(mile, units),
        "rounding": ROUNDING,
        "pacing": [_sentence(said) for said in pacing_words(mile, analysis.summary.sub_sport)],
        "worth": [
            _sentence(said)
            for said in worth_words(mile.worth, analysis.settings.own_records, mile.effort.high_s)
        ],
        "conditions": [_sentence(said) for said in condition_words(mile.conditions)],
        "evenness": None if mile.interrupted else _evenness(mile, analysis.summary.sub_sport),
        "interrupted": mile.interrupted,
        "eligibility": [(p.name, p.met, p.reason) for p in mile.eligibility],
        "records": tables.records(mile) if mile.records else None,
        "pace_light": tables.pace_light(mile) if mile.pace_light else None,
        "each_second": [gap_chart(chased) for chased in mile.pace_light if chased.each_second is not None],
        "milestone": _milestone(mile.milestone, _digits(analysis)) if mile.milestone else None,
        "own_bests": [_sentence(s) for s in own_best_words(mile.own_bests, effort.uncertainty_s)],
    }


def _evenness(mile: Mile, sub_sport: str | None) -> View:
    evenness = mile.evenness
    sentence = (
        f"{_capitalised(shape_words(mile, sub_sport))}. "
        f"The second half was {compared(-evenness.half_difference_percent)} the first; "
        f"the first quarter was {compared(evenness.fast_start_percent)} the middle two, "
        f"the last {compared(evenness.end_spurt_percent)} them."
    )
    numbers = [
        ("Shape", evenness.shape),
        ("Variation (CV)", f"{rounded_up(evenness.cv_percent)} %"),
        ("Half difference", signed(evenness.half_difference_percent, " %")),
        ("Fast start", signed(evenness.fast_start_percent, " %")),
        ("End spurt", signed(evenness.end_spurt_percent, " %")),
    ]
    return {"score": rounded_down(evenness.score), "sentence": sentence, "numbers": numbers}


def _milestone(milestone: Milestone, digits: int) -> View:
    seconds, percent = format_margin(milestone.faster_by_s, digits), rounded_up(milestone.faster_by_percent)
    return {
        "time": format_duration(milestone.time_s, 0),
        "faster": f"{seconds} s ({percent} %)",
        "quarter": format_duration(milestone.time_s / 4),
    }


def _digits(analysis: Analysis) -> int:
    """How many decimals the run's times deserve: none is surer than the mile."""
    return digits_for(analysis.mile.effort.uncertainty_s) if analysis.mile else 1


def _splits(analysis: Analysis) -> list[tables.Table]:
    """Mile and kilometre splits, the reader's own unit first."""
    digits = _digits(analysis)
    both = {
        "mi": tables.splits("Mile splits", analysis.miles, "mi", digits),
        "km": tables.splits("Kilometre splits", analysis.km, "km", digits),
    }
    first = both.pop(analysis.settings.unit)
    return [table for table in (first, *both.values()) if table.rows]


def _source(analysis: Analysis) -> list[tuple[str, str]]:
    source = analysis.source
    part = "" if source.part is None else f", activity {source.part} of the file"
    return [
        ("File", (source.name or "not named") + part),
        ("Format", source.format.upper() or "unknown"),
        ("Size", f"{source.bytes:,} bytes"),
        ("SHA-256", source.sha256 or "unknown"),
        ("Records", f"{analysis.summary.records:,}"),
    ]


def _sentence(said: str) -> str:
    return f"{_capitalised(said)}."


def _capitalised(words: str) -> str:
    return words[:1].upper() + words[1:]
