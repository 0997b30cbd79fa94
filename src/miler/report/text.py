"""An Analysis as text for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from miler.activity import Note
from miler.analysis import Analysis, Mile
from miler.effort import Effort, Split
from miler.report.words import FLAGS, SHAPES, SOURCES, local_start, printable, sport, where, why_no_mile
from miler.scoring import RecordComparison
from miler.units import LEAD_IN_M, format_distance, format_duration, format_pace

_BAR = 24
_EIGHTHS = " ▏▎▍▌▋▊▉█"


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
        parts.append([why_no_mile(analysis)])
    else:
        parts += _mile(analysis, analysis.mile, style)
    parts.append(_efforts(analysis.efforts, style))
    parts.append(_laps(analysis, style))
    by_mile = analysis.settings.units == "mi"
    parts.append(
        _splits("MILE SPLITS" if by_mile else "KILOMETRE SPLITS", analysis, by_mile=by_mile, style=style)
    )
    parts.append(_notes(analysis.notes, style))
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def _head(analysis: Analysis, style: _Style) -> list[str]:
    summary, source = analysis.summary, analysis.source
    title = printable(source.name or "activity")
    if source.part is not None:
        title += f" (part {source.part})"
    facts = [
        format_distance(summary.distance_m, analysis.settings.units),
        f"elapsed {format_duration(summary.elapsed_s, 0)}",
        f"timer {format_duration(summary.timer_s, 0)}",
        f"moving {format_duration(summary.moving_s, 0)}",
        f"from {SOURCES.get(summary.distance_source, summary.distance_source)}",
    ]
    who = [sport(summary), local_start(summary)]
    if summary.device:
        who.append(printable(summary.device))
    line = f"━━ {title} "
    return [
        style.title(line + "━" * max(2, 78 - len(line))),
        " · ".join(printable(word) for word in who),
        style.dim(" · ".join(facts)),
    ]


def _mile(analysis: Analysis, mile: Mile, style: _Style) -> list[list[str]]:
    effort = mile.effort
    head = [
        f"{style.title('FASTEST MILE')}   {style.big(format_duration(effort.elapsed_s))}  elapsed"
        f"    {format_pace(effort.pace_s_per_km, 'mi')} · {format_pace(effort.pace_s_per_km, 'km')}",
        style.dim(" " * 15 + where(mile)),
    ]
    if "pause" in effort.flags:
        head.append(" " * 15 + f"timer {format_duration(effort.timer_s)}")
    head += [style.warn(" " * 15 + f"! {FLAGS[flag]}") for flag in effort.flags]
    return [
        head,
        _table("QUARTERS  440 yd each", mile.quarters, style),
        _evenness(mile, style),
        _table(_track_title(analysis), mile.track_laps, style),
        _records(mile, style),
    ]


def _track_title(analysis: Analysis) -> str:
    lap_m = analysis.settings.lap_m
    title = f"TRACK LAPS  {lap_m:g} m"
    return f"{title}, the first with the lead-in of {LEAD_IN_M:g} m" if lap_m == 400 else title


def _table(title: str, splits: Sequence[Split], style: _Style) -> list[str]:
    """A table of splits with a bar each: longer is faster."""
    if not splits:
        return []
    total_s, total_m = sum(s.elapsed_s for s in splits), sum(s.length_m for s in splits)
    lines = [style.title(title)]
    lines.append(
        style.dim("     metres      time     total   to even    /mi    /km    hr   spm   climb  fall")
    )
    paces = [s.pace_s_per_km or 0.0 for s in splits]
    cumulative = 0.0
    for split, pace in zip(splits, paces, strict=True):
        cumulative += split.elapsed_s
        even_s = split.elapsed_s - total_s * split.length_m / total_m
        lines.append(
            f"{split.index:>3}  {split.length_m:>7.1f} {format_duration(split.elapsed_s):>9}"
            f" {format_duration(cumulative):>9} {even_s:>+8.1f}  {_pace(split, 'mi'):>6}"
            f" {_pace(split, 'km'):>6} {_whole(split.heart_rate_bpm):>5} {_whole(split.cadence_spm):>5}"
            f" {_whole(split.climb_m):>6} {_whole(split.fall_m):>5}  {_bar(pace, paces)}"
        )
    return lines


def _pace(split: Split, per: str) -> str:
    return format_pace(split.pace_s_per_km, per).split(" ")[0]


def _whole(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"


def _bar(pace: float, paces: Sequence[float], width: int = 12) -> str:
    """A bar by speed, from three quarters of the fastest speed on, so that differences show."""
    speeds = [1 / p for p in paces if p > 0]
    if pace <= 0 or not speeds:
        return ""
    share = max(0.0, (1 / pace / max(speeds) - 0.75) / 0.25)
    eighths = round(share * width * 8)
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()) or "▏"


def _evenness(mile: Mile, style: _Style) -> list[str]:
    even = mile.evenness
    half = "second half faster" if even.half_difference_percent < 0 else "second half slower"
    return [
        f"{style.title('EVENNESS')}  {style.big(f'{even.score:.0f}')} of 100"
        f"   CV {even.cv_percent:.1f} %   {SHAPES.get(even.shape, even.shape)}",
        style.dim(
            f"          {half} by {abs(even.half_difference_percent):.1f} %"
            f" · start {even.fast_start_percent:+.1f} % and finish {even.end_spurt_percent:+.1f} %"
            " against the middle"
        ),
    ]


def _records(mile: Mile, style: _Style) -> list[str]:
    lines = []
    if mile.records:
        lines.append(style.title("AGAINST THE RECORDS") + style.dim("  behind at each quarter"))
        lines += [_record(r) for r in mile.records]
    if mile.milestone is not None:
        stone = mile.milestone
        lines.append(
            f"{style.title('NEXT')}  {format_duration(stone.time_s, 0)}: {stone.faster_by_s:.1f} s to find,"
            f" {stone.faster_by_percent:.1f} %; that is {format_pace(stone.pace_s_per_km, 'mi')}"
            f" or {format_duration(stone.time_s / 4)} a quarter"
        )
    return lines


def _record(record: RecordComparison) -> str:
    behind = "  ".join(f"{b.behind_s:+6.1f} s" for b in record.behind)
    metres = record.behind[-1].behind_m
    name = f"{record.holder} {format_duration(record.time_s, 2)}"
    pending = f"  {record.status}" if record.status != "ratified" else ""
    return f"  {name:<28}{record.percent:5.1f} %  {behind}  {metres:+5.0f} m{pending}"


def _efforts(efforts: Sequence[Effort], style: _Style) -> list[str]:
    if not efforts:
        return []
    lines = [style.title("BEST EFFORTS") + style.dim("  elapsed clock")]
    for effort in efforts:
        flags = f"  ({', '.join(effort.flags)})" if effort.flags else ""
        lines.append(
            f"  {effort.name:<14}{format_duration(effort.elapsed_s):>10}"
            f"  {format_pace(effort.pace_s_per_km, 'mi'):>9}  {format_pace(effort.pace_s_per_km, 'km'):>9}"
            f"   at {format_duration(effort.start_s, 0):>8}{flags}"
        )
    return lines


def _laps(analysis: Analysis, style: _Style) -> list[str]:
    if len(analysis.laps) < 2:
        return []
    lines = [style.title("WATCH LAPS") + style.dim("  as the watch recorded them")]
    lines.append(
        style.dim("     metres   elapsed     timer    /mi    /km    hr   spm   climb  fall   trigger")
    )
    for lap, split in zip(analysis.laps, analysis.lap_splits, strict=True):
        timer = format_duration(lap.timer_s)
        lines.append(
            f"{lap.index:>3}  {split.length_m:>7.1f} {format_duration(lap.elapsed_s):>9} {timer:>9}"
            f" {_pace(split, 'mi'):>6} {_pace(split, 'km'):>6} {_whole(split.heart_rate_bpm):>5}"
            f" {_whole(split.cadence_spm):>5} {_whole(split.climb_m):>6} {_whole(split.fall_m):>5}"
            f"   {printable(lap.trigger or '')}"
        )
    return lines


def _splits(title: str, analysis: Analysis, *, by_mile: bool, style: _Style) -> list[str]:
    return _table(title, analysis.miles if by_mile else analysis.km, style)


def _notes(notes: Iterable[Note], style: _Style) -> list[str]:
    ordered = sorted(notes, key=lambda note: note.kind != "damage")
    if not ordered:
        return []
    lines = [style.title("NOTES")]
    for note in ordered:
        at = "" if note.at_s is None else f" (at {format_duration(note.at_s, 0)})"
        line = f"  {'!' if note.kind == 'damage' else '·'} {printable(note.message)}{at}"
        lines.append(style.warn(line) if note.kind == "damage" else line)
    return lines
