"""What reports say of the track, in words and tables: the line, the mile as a coach writes it, the laps."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from miler.analysis import Analysis, Mile
from miler.pacelight import light_of
from miler.recordbook import marks
from miler.report.layout import Column, laid_out
from miler.report.look import Look
from miler.report.tables import Table
from miler.report.words import lead_in
from miler.track import LineLap, TrackSummary
from miler.units import format_duration, format_margin

_LINES = {
    "presses": "the finish line is where {count} lap presses meet",
    "rests": "the finish line is taken to be where {count} runs end",
    "nothing": "nothing tells the finish line: it is put where the mile ends, else where the track begins",
}


def facts(track: TrackSummary) -> str:
    """Say on what track, in what lane, how far, and what tells the line."""
    lane = f"lane {track.lane}" + ("" if track.lane_given else f" ({100 * track.lane_sure:.0f} % likely)")
    line = _LINES[track.line].format(count=track.line_count)
    return (
        f"{track.laps:.1f} laps of {track.lap_m:.0f} m, {lane}, fixes {track.residual_m:.1f} m off it; {line}"
    )


def coached(analysis: Analysis) -> Table | None:
    """The mile's laps as a coach writes them: length, time, its ±, total, and the record's beside it."""
    track, mile = analysis.track, analysis.mile
    if track is None or mile is None or len(track.lap_plus_minus_s) != len(mile.track_laps):
        return None
    record = _record_laps(mile)
    heads = ["Lap", "Length, m", "Time", "±, s", "Total", *([f"{record[0]}"] if record else [])]
    rows, total_s = [], 0.0
    for i, (lap, off_s) in enumerate(zip(mile.track_laps, track.lap_plus_minus_s, strict=True)):
        total_s += lap.elapsed_s
        name = "bell" if i == len(mile.track_laps) - 1 else str(lap.index)
        row = [name, f"{lap.length_m:.7g}", format_duration(lap.elapsed_s), format_margin(off_s)]
        rows.append((*row, format_duration(total_s), *([format_duration(record[1][i])] if record else [])))
    text = tuple(False for _ in heads)
    lap_m = analysis.settings.lap_m
    caption = f"The mile as a coach writes it, in laps of {lap_m:.6g} m{lead_in(lap_m)}"
    return Table(caption, tuple(heads), text, tuple(rows), None)


def _record_laps(mile: Mile) -> tuple[str, list[float]] | None:
    """Who holds the first record of those compared with, and the laps of that mile."""
    if not mile.records:
        return None
    held = next((mark for mark in marks() if mark.record_id == mile.records[0].record_id), None)
    if held is None:
        return None
    ends = np.array([0.0, *(lap.end_m - mile.effort.start_m for lap in mile.track_laps)])
    passed = light_of(held).seconds_at(np.minimum(ends, held.length_m)).tolist()
    return held.athlete, [after - before for before, after in pairwise(passed)]


def line_laps(track: TrackSummary | None) -> Table | None:
    """Every lap from line to line."""
    if track is None or not track.line_laps:
        return None
    rows = tuple(_row(lap) for lap in track.line_laps)
    heads = ("Lap", "Begins", "Time", "±, s", "Pressed")
    return Table("Laps at the finish line", heads, (False, False, False, False, True), rows, None)


def _row(lap: LineLap) -> tuple[str, ...]:
    pressed = "both ends" if lap.pressed else "–"
    begins = format_duration(lap.start_s, 0)
    return str(lap.index), begins, format_duration(lap.elapsed_s), format_margin(lap.plus_minus_s), pressed


def lines(analysis: Analysis, look: Look) -> list[str]:
    """Lay out what a text report says of the track; nothing without one."""
    if analysis.track is None:
        return []
    told = look.wrap(facts(analysis.track), "  ")
    for table in (coached(analysis), line_laps(analysis.track)):
        if table is not None:
            told += ["", *look.wrap(table.caption, "  "), *laid_out(_columns(table), look)]
    return told


def _columns(table: Table) -> list[Column]:
    """The table's columns; on a narrow terminal the last leave first."""
    cells = list(zip(*table.rows, strict=True))
    return [Column(head, cells[i], i, table.text[i]) for i, head in enumerate(table.heads)]
