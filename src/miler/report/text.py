"""An Analysis as text for the terminal."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Literal

from miler.activity import Lap, Note, Pause
from miler.analysis import Analysis, Mile
from miler.effort import Effort, Split
from miler.repeats import Series
from miler.report import oval as ovals
from miler.report.verdicts import condition_words, pacing_words, shape_words, worth_words
from miler.report.words import (
    SOURCES,
    by_button,
    by_timer,
    compared,
    flag_words,
    lag,
    lead_in,
    local_start,
    metres_to_go,
    printable,
    rounded_down,
    rounded_up,
    signed,
    sport,
    sure_time,
    where,
    why_no_mile,
    why_sure,
)
from miler.scoring import Behind, RecordComparison
from miler.units import TRACK_LAP_M, format_distance, format_duration, format_pace

_WIDTH = 100
_INDENT = " " * 15
_BAR = 12
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_SLOWEST_PACE_S = 3600.0  # slower is standing about, which has no pace
_MOST_NOTES = 8  # of one code; of more, the first few stand for the rest
_SHOWN_NOTES = 3
_SHOWN_PAUSES = 6
_LONGEST_NAME = 36


class _Style:
    """ANSI colours, or none."""

    def __init__(self, color: bool) -> None:
        self._color = color

    def __call__(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._color else text

    def title(self, text: str) -> str:
        return self(text, "1")

    def big(self, text: str) -> str:
        return self(text, "1;36")

    def dim(self, text: str) -> str:
        return self(text, "2")

    def warn(self, text: str) -> str:
        return self(text, "33")


def render(analysis: Analysis, *, color: bool = False) -> str:
    """Write one activity's report; every line fits 100 columns unless a name is longer.

    Args:
        analysis: what to report.
        color: add ANSI colours.

    Returns:
        Text that ends with a newline; strings from the file are made safe to print.
    """
    style = _Style(color)
    parts = [_head(analysis, style)]
    if analysis.mile is None:
        parts.append(textwrap.wrap(printable(why_no_mile(analysis)), _WIDTH))
    else:
        parts += _mile(analysis, analysis.mile, style)
    parts.append(_on_the_track(analysis, style))
    parts.append(_efforts(analysis.efforts, style))
    parts.append(_repeats(analysis.repeats, style))
    parts.append(_pauses(analysis.pauses, style))
    parts.append(_laps(analysis, style))
    parts.append(_splits(analysis, style))
    parts.append(_notes(analysis.notes, style))
    return "\n\n".join("\n".join(line.rstrip() for line in lines) for lines in parts if lines) + "\n"


def _head(analysis: Analysis, style: _Style) -> list[str]:
    summary, source = analysis.summary, analysis.source
    title = printable(source.name or "activity")
    if source.part is not None:
        title += f" (part {source.part})"
    if summary.name:
        title += printable(f" “{_shortened(summary.name)}”")
    who = [sport(summary), local_start(summary)]
    if summary.device:
        who.append(_shortened(summary.device))
    line = f"━━ {title} "
    return [
        style.title(line + "━" * max(2, _WIDTH - len(line))),
        " · ".join(printable(word) for word in who),
        style.dim(" · ".join(_facts(analysis))),
    ]


def _shortened(words: str) -> str:
    return words if len(words) <= _LONGEST_NAME else words[: _LONGEST_NAME - 1].rstrip() + "…"


def _facts(analysis: Analysis) -> list[str]:
    summary = analysis.summary
    clocks = [
        f"elapsed {format_duration(summary.elapsed_s, 0)}",
        f"timer {format_duration(summary.timer_s, 0)}",
    ]
    if summary.distance_source == "none":
        return [*clocks, "no distance"]
    return [
        format_distance(summary.distance_m, analysis.settings.units),
        *clocks,
        f"moving {format_duration(summary.moving_s, 0)}",
        f"from {SOURCES.get(summary.distance_source, summary.distance_source)}",
    ]


def _mile(analysis: Analysis, mile: Mile, style: _Style) -> list[list[str]]:
    effort = mile.effort
    head = [
        f"{style.title('FASTEST MILE')}   {style.big(sure_time(effort))}  elapsed"
        f"    {format_pace(effort.pace_s_per_km, 'mi')} · {format_pace(effort.pace_s_per_km, 'km')}",
        style.dim(_INDENT + where(mile)),
    ]
    head += _evidence(effort, style)
    head += [_INDENT + line for line in by_timer(mile)]
    head += _by_button(mile, style)
    official_s = next((s for m, s in analysis.official if math.isclose(m, effort.length_m)), None)
    if official_s is not None:
        head.append(
            f"{style.title('OFFICIAL')}       {format_duration(official_s, 2)}  as the runner gave it"
        )
    head += [style.warn(_INDENT + f"! {flag_words(flag, effort, analysis.pauses)}") for flag in effort.flags]
    return [
        head,
        _table("QUARTERS  440 yd each", mile.quarters, style),
        _evenness(mile, analysis.summary.sub_sport, style),
        _track_laps(analysis, mile, style),
        _records(mile, style),
        _milestone(mile, style),
        _section("WORTH", worth_words(mile.worth, analysis.settings.own_records), style),
        _section("CONDITIONS", _conditions(mile), style),
        _eligibility(mile, style),
    ]


def _evidence(effort: Effort, style: _Style) -> list[str]:
    return [style.dim(_INDENT + line) for line in textwrap.wrap(why_sure(effort), _WIDTH - len(_INDENT))]


def _by_button(mile: Mile, style: _Style) -> list[str]:
    lines = textwrap.wrap(by_button(mile), _WIDTH - len(_INDENT))
    if lines:
        lines[0] = f"{style.title('LAP BUTTON'):<{len(_INDENT) + len(style.title(''))}}{lines[0]}"
    return [*lines[:1], *(_INDENT + line for line in lines[1:])]


def _track_laps(analysis: Analysis, mile: Mile, style: _Style) -> list[str]:
    """The mile by laps where it was run on a track or a lap was asked for: else they double the quarters."""
    lap_m = analysis.settings.lap_m
    unasked = analysis.summary.sub_sport != "track" and math.isclose(lap_m, TRACK_LAP_M)
    if unasked or ovals.coached(analysis) is not None:  # that has them, with their ±
        return []
    return _table(f"TRACK LAPS  {lap_m:.6g} m{lead_in(lap_m)}", mile.track_laps, style)


def _on_the_track(analysis: Analysis, style: _Style) -> list[str]:
    lines = ovals.lines(analysis, style.dim, _WIDTH)
    return [style.title("ON THE TRACK"), *lines] if lines else []


def _table(title: str, splits: Sequence[Split], style: _Style) -> list[str]:
    """A table of splits with a bar each: longer is faster."""
    if not splits:
        return []
    total_s, total_m = sum(s.elapsed_s for s in splits), sum(s.length_m for s in splits)
    columns = f"{'':>3}  {'metres':>7} {'time':>10} {'total':>10} {'to even':>8}{_STREAM_HEADS}"
    lines = [style.title(title), style.dim(columns)]
    paces = [s.pace_s_per_km or 0.0 for s in splits]
    cumulative = 0.0
    for split, pace in zip(splits, paces, strict=True):
        cumulative += split.elapsed_s
        even_s = split.elapsed_s - total_s * split.length_m / total_m
        lines.append(
            f"{split.index:>3}  {split.length_m:>7.1f} {format_duration(split.elapsed_s):>10}"
            f" {format_duration(cumulative):>10} {signed(even_s):>8}{_of_streams(split)}  {_bar(pace, paces)}"
        )
    return lines


_STREAM_HEADS = f" {'/mi':>6} {'/km':>6} {'hr':>5} {'spm':>5} {'climb':>6} {'fall':>5}"


def _of_streams(split: Split) -> str:
    """The columns that watch laps and splits share: pace, heart rate, cadence, climb, fall."""
    return (
        f" {_pace(split, 'mi'):>6} {_pace(split, 'km'):>6} {_whole(split.heart_rate_bpm):>5}"
        f" {_whole(split.cadence_spm):>5} {_whole(split.climb_m):>6} {_whole(split.fall_m):>5}"
    )


def _pace(split: Split, per: Literal["mi", "km"]) -> str:
    pace = split.pace_s_per_km
    return "–" if pace is None or pace > _SLOWEST_PACE_S else format_pace(pace, per).split(" ")[0]


def _whole(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"


def _bar(pace: float, paces: Sequence[float]) -> str:
    """A bar by speed, from three quarters of the fastest on, or just below the slowest: differences show."""
    speeds = [1 / p for p in paces if p > 0]
    if pace <= 0 or not speeds:
        return ""
    least = max(0.0, min(0.75, min(speeds) / max(speeds) - 0.02))
    share = (1 / pace / max(speeds) - least) / (1 - least)
    eighths = round(share * _BAR * 8)
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()) or "▏"


def _evenness(mile: Mile, sub_sport: str | None, style: _Style) -> list[str]:
    even = mile.evenness
    if mile.interrupted:
        return [f"{style.title('EVENNESS')}       no verdict on its pacing: {mile.interrupted}"]
    return [
        f"{style.title('EVENNESS')}       {style.big(rounded_down(even.score))} of 100"
        f" · CV {rounded_up(even.cv_percent)} % · {shape_words(mile, sub_sport)}",
        style.dim(f"{_INDENT}second half {compared(-even.half_difference_percent)} the first"),
        style.dim(
            f"{_INDENT}start {compared(even.fast_start_percent)} the middle,"
            f" finish {compared(even.end_spurt_percent)} it"
        ),
        *(style.dim(line) for said in pacing_words(mile, sub_sport) for line in _hung(said)),
    ]


def _conditions(mile: Mile) -> list[str]:
    said = condition_words(mile.conditions)
    return [f"not included in the time: {said[0]}", *said[1:]] if said else []


def _section(title: str, sentences: Sequence[str], style: _Style) -> list[str]:
    """Sentences beside a title, each on lines of its own."""
    lines = [line for said in sentences for line in _hung(said)]
    if not lines:
        return []
    return [f"{style.title(title)}{lines[0][len(title) :]}", *lines[1:]]


def _hung(said: str) -> list[str]:
    return textwrap.wrap(said, _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT + "  ")


def _records(mile: Mile, style: _Style) -> list[str]:
    if not mile.records:
        return []
    return [
        style.title("AGAINST THE RECORDS")
        + style.dim("  speed as a share of theirs, time behind, and metres left when they finish"),
        style.dim(f"  {'':<27}  speed     1/4     1/2     3/4     1/1   to go"),
        *(_record(record) for record in mile.records),
        *(
            _against(chased.name, chased.time_s, 100 * chased.time_s / mile.effort.elapsed_s, chased.behind)
            + f"  {chased.kind}"
            for chased in mile.pace_light
            if chased.kind != "record"
        ),
    ]


def _record(record: RecordComparison) -> str:
    label = record.label.replace("outdoor ", "")
    line = f"{_against(record.holder, record.time_s, record.percent, record.behind)}  {label}"
    return line[:_WIDTH].rstrip()  # only who stood for an hour needs more room


def _against(name: str, time_s: float, percent: float, behind: Sequence[Behind]) -> str:
    who = f"{printable(name)[:18]} {format_duration(time_s, 2)}"
    lags = "".join(f" {lag(b.behind_s):>7}" for b in behind)
    return f"  {who:<27}{rounded_down(percent):>5} %{lags}{metres_to_go(behind[-1].behind_m):>8}"


def _milestone(mile: Mile, style: _Style) -> list[str]:
    stone = mile.milestone
    if stone is None:
        return []
    return [
        f"{style.title('NEXT')}           {style.big(format_duration(stone.time_s, 0))}"
        f"  {format_duration(stone.faster_by_s)} s or {rounded_up(stone.faster_by_percent)} % to find;"
        f" {format_duration(stone.time_s / 4)} a quarter, {format_pace(stone.pace_s_per_km, 'km')}"
    ]


_VERDICTS = {"yes": "yes", "no": "no", "undetermined": "?"}


def _eligibility(mile: Mile, style: _Style) -> list[str]:
    if not mile.eligibility:
        return []
    return [
        style.title("WOULD IT COUNT") + style.dim("  what a record asks, as far as a recording can answer"),
        *(f"  {_VERDICTS[p.met]:<5}{p.name}: {p.reason}" for p in mile.eligibility),
    ]


def _repeats(found: Series | None, style: _Style) -> list[str]:
    """Every repetition in a line, with the rest before the next."""
    if found is None:
        return []
    mean_s = sum(r.elapsed_s for r in found.repeats) / len(found.repeats)
    lines = [f"{style.title('REPEATS')}        {style.big(found.name)}, {format_duration(mean_s)} on average"]
    for r in found.repeats:
        rest = "" if r.rest_s is None else f"   rest {format_duration(r.rest_s, 0)}, {r.rest_m:.0f} m"
        lines.append(
            f"  {r.index:>3} {format_duration(r.elapsed_s):>10} {signed(r.elapsed_s - mean_s):>7}"
            f"   at {format_duration(r.start_s, 0):>8}{rest}"
        )
    return lines


def _efforts(efforts: Sequence[Effort], style: _Style) -> list[str]:
    if not efforts:
        return []
    lines = [style.title("BEST EFFORTS") + style.dim("  elapsed clock, ± 95 %, grade of the evidence")]
    wide = max(16, *(len(sure_time(effort)) for effort in efforts))
    for effort in efforts:
        flags = f"  ({', '.join(effort.flags)})" if effort.flags else ""
        grade = effort.evidence.grade if effort.evidence else " "
        line = (
            f"  {effort.name:<14}{sure_time(effort):>{wide}}  {grade}"
            f"  {format_pace(effort.pace_s_per_km, 'mi'):>9}  {format_pace(effort.pace_s_per_km, 'km'):>9}"
            f"   at {format_duration(effort.start_s, 0):>8}"
        )
        lines.append(line + flags if effort.plausible else style.warn(f"{line}  ! no best"))
    doubted = dict.fromkeys(doubt for effort in efforts for doubt in effort.doubts)
    return [*lines, *(style.warn(f"  ! no best: {doubt}") for doubt in doubted)][: len(lines) + _SHOWN_NOTES]


def _pauses(pauses: Sequence[Pause], style: _Style) -> list[str]:
    if not pauses:
        return []
    shown = [
        f"at {format_duration(p.start_s, 0)} for {format_duration(p.end_s - p.start_s, 0)}"
        for p in pauses[:_SHOWN_PAUSES]
    ]
    more = f" and {len(pauses) - len(shown)} more" if len(pauses) > len(shown) else ""
    total = format_duration(sum(p.end_s - p.start_s for p in pauses), 0)
    said = f"{len(pauses)}, {total} in all: {', '.join(shown)}{more}"
    first, *rest = textwrap.wrap(said, _WIDTH - len(_INDENT))
    return [style.title("PAUSES") + f"{first:>{len(first) + len(_INDENT) - 6}}", *(_INDENT + r for r in rest)]


def _laps(analysis: Analysis, style: _Style) -> list[str]:
    if len(analysis.laps) < 2:
        return []
    columns = f"{'':>3}  {'metres':>7} {'elapsed':>10} {'timer':>10}{_STREAM_HEADS}  trigger"
    lines = [style.title("WATCH LAPS") + style.dim("  as the watch recorded them"), style.dim(columns)]
    for lap, split in zip(analysis.laps, analysis.lap_splits, strict=True):
        lines.append(
            f"{lap.index:>3}  {split.length_m:>7.1f} {format_duration(lap.elapsed_s):>10}"
            f" {format_duration(lap.timer_s):>10}{_of_streams(split)}  {_trigger(lap)}"
        )
    return lines


def _trigger(lap: Lap) -> str:
    return printable((lap.trigger or "").replace("_", " "))


def _splits(analysis: Analysis, style: _Style) -> list[str]:
    by_mile = analysis.settings.units == "mi"
    splits = analysis.miles if by_mile else analysis.km
    if len(splits) < 2:
        return []
    return _table("MILE SPLITS" if by_mile else "KILOMETRE SPLITS", splits, style)


def _notes(notes: Iterable[Note], style: _Style) -> list[str]:
    """Damage first, then findings, each code together; many of one code are cut short."""
    lines = []
    ordered = sorted(notes, key=lambda note: (note.kind != "damage", note.code))
    for (kind, _), group in groupby(ordered, key=lambda note: (note.kind, note.code)):
        alike = list(group)
        shown = alike if len(alike) <= _MOST_NOTES else alike[:_SHOWN_NOTES]
        said = [printable(note.message) + _moment(note) for note in shown]
        if len(alike) > len(shown):
            said.append(f"{len(alike) - len(shown)} more like these; --format json has them all")
        for message in said:
            for line in _wrapped("!" if kind == "damage" else "·", message):
                lines.append(style.warn(line) if kind == "damage" else line)
    return [style.title("NOTES"), *lines] if lines else []


def _moment(note: Note) -> str:
    return "" if note.at_s is None else f" (at {format_duration(note.at_s, 0)})"


def _wrapped(sign: str, message: str) -> list[str]:
    return textwrap.wrap(message, _WIDTH, initial_indent=f"  {sign} ", subsequent_indent="    ")
