"""An Analysis as text for the terminal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from miler.activity import Note, Pause
from miler.analysis import Analysis, Mile
from miler.bars import shares
from miler.effort import Effort, Split
from miler.repeats import Series
from miler.report import oval as ovals
from miler.report import spark
from miler.report.document import document, rounded
from miler.report.layout import BESIDE, MISSING, Column, headed, hung, indent, laid_out, titled
from miler.report.look import Look
from miler.report.noted import noted
from miler.report.revived import revived
from miler.report.verdicts import context_words, pacing_words, shape_words, worth_words
from miler.report.words import (
    SOURCES,
    by_button,
    by_timer,
    compared,
    flag_words,
    lead_in,
    local_start,
    own_best_words,
    sport,
    sure_time,
    told_time,
    where,
    why_no_mile,
    why_sure,
)
from miler.scoring import Behind
from miler.shown import printable
from miler.trace import Outline, outline
from miler.units import (
    TRACK_LAP_M,
    Unit,
    digits_for,
    format_distance,
    format_duration,
    format_margin,
    format_pace,
    format_splits,
    lag,
    metres_to_go,
    off_mean,
    pace_figure,
    rounded_down,
    rounded_up,
)

WIDTH = 100  # where nobody says how wide

_SHOWN_DOUBTS = 3
_SHOWN_PAUSES = 6
_LONGEST_NAME = 36
_SPLIT_TITLES: dict[Unit, str] = {"mi": "MILE SPLITS", "km": "KILOMETRE SPLITS"}


def render(analysis: Analysis, look: Look | None = None) -> str:
    """Write one activity's report; every line fits, unless a word alone is longer.

    Args:
        analysis: what to report.
        look: how wide, in colours or not, in which characters; 100 columns without colours if None.

    Returns:
        Text that ends with a newline; strings from the file are made safe to print.
    """
    # By way of its document: so JSON has the same digits, and a library tells the very same report later.
    return retold(revived(rounded(document(analysis))), outline(analysis.trace), look or Look(WIDTH))


def retold(analysis: Analysis, run: Outline, look: Look) -> str:
    """Write the same report of what is kept of an activity.

    Args:
        analysis: as `revived` makes it of the document.
        run: its outline.
        look: as in `render`.
    """
    units = analysis.settings.shown_units
    mile = analysis.mile
    digits = digits_for(mile.effort.uncertainty_s) if mile else 1
    profile = _profile(analysis, run, look)
    parts = [_head(analysis, look)]
    if mile is None:
        parts += [look.wrap(printable(why_no_mile(analysis))), profile]
    else:
        headline, *rest = _mile(analysis, mile, look)
        parts += [headline, profile, *rest]
    parts.append(_on_the_track(analysis, look))
    parts.append(_efforts(analysis.efforts, units, look))
    parts.append(_repeats(analysis.repeats, digits, look))
    parts.append(_pauses(analysis.pauses, look))
    parts.append(_laps(analysis, look))
    for unit in units:
        splits = analysis.miles if unit == "mi" else analysis.km
        if len(splits) > 1:
            parts.append(_table(_SPLIT_TITLES[unit], splits, units, digits, look))
    parts.append(_notes(analysis.notes, look))
    return look.said("\n\n".join("\n".join(map(str.rstrip, lines)) for lines in parts if lines)) + "\n"


def _head(analysis: Analysis, look: Look) -> list[str]:
    summary, source = analysis.summary, analysis.source
    title = printable(source.name or "activity")
    if source.part is not None:
        title += f" (part {source.part})"
    if summary.name:
        title += printable(f" “{_shortened(summary.name)}”")
    who = [sport(summary), local_start(summary)]
    if summary.device:
        who.append(_shortened(summary.device))
    *above, last = look.wrap(title, look.said("━━ "), "   ")
    rule = look.said("━") * max(look.prose - len(last) - 1, 0)
    return [
        *map(look.title, above),
        look.title(f"{last} {rule}".rstrip()),
        *look.wrap(" · ".join(printable(word) for word in who)),
        *map(look.dim, look.wrap(" · ".join(_facts(analysis)))),
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
        " = ".join(format_distance(summary.distance_m, unit) for unit in analysis.settings.shown_units),
        *clocks,
        f"moving {format_duration(summary.moving_s, 0)}",
        f"from {SOURCES.get(summary.distance_source, summary.distance_source)}",
    ]


def _mile(analysis: Analysis, mile: Mile, look: Look) -> list[list[str]]:
    units, digits = analysis.settings.shown_units, digits_for(mile.effort.uncertainty_s)
    return [
        _headline(analysis, mile, look),
        _table("QUARTERS  440 yd each", mile.quarters, units, digits, look),
        _evenness(mile, analysis.summary.sub_sport, look),
        _track_laps(analysis, mile, digits, look),
        _records(mile, digits, look),
        _milestone(mile, units, digits, look),
        titled("WORTH", worth_words(mile.worth, analysis.settings.own_records, mile.effort.high_s), look),
        titled("CONDITIONS", context_words(mile.conditions), look),
        _eligibility(mile, look),
    ]


def _headline(analysis: Analysis, mile: Mile, look: Look) -> list[str]:
    effort, units = mile.effort, analysis.settings.shown_units
    paces = " · ".join(format_pace(effort.pace_s_per_km, unit) for unit in units)
    time = sure_time(effort)
    said = [where(mile, units[0]), why_sure(effort), *by_timer(mile)]
    flags = [f"! {flag_words(flag, effort, analysis.pauses)}" for flag in effort.flags]
    official_s = next((s for m, s in analysis.official if math.isclose(m, effort.length_m)), None)
    lines = titled("FASTEST MILE", [f"{time}  elapsed    {paces}"], look, time)
    for words in said:
        lines += map(look.dim, hung(words, look))
    lines += titled("LAP BUTTON", [by_button(mile)], look)
    if official_s is not None:
        lines += titled("OFFICIAL", [f"{format_duration(official_s, 2)}  as the runner gave it"], look)
    for words in flags:
        lines += map(look.warn, hung(words, look))
    return lines


def _profile(analysis: Analysis, run: Outline, look: Look) -> list[str]:
    """The whole run in lines of little bars, each over what it means."""
    effort = analysis.mile.effort if analysis.mile else None
    before = indent(look)
    lines = []
    for title, drawn, words in spark.profile(run, effort, analysis.settings.shown_units, look, len(before)):
        if look.width < BESIDE:
            lines += [look.title(title)] if title else []
            lines.append(before + drawn)
        else:
            lines.append(look.title(title) + before[len(title) :] + drawn)
        if words:
            lines += map(look.dim, hung(words, look))
    return lines


def _track_laps(analysis: Analysis, mile: Mile, digits: int, look: Look) -> list[str]:
    """The mile by laps where it was run on a track or a lap was asked for: else they double the quarters."""
    lap_m = analysis.settings.lap_m
    unasked = analysis.summary.sub_sport != "track" and math.isclose(lap_m, TRACK_LAP_M)
    if unasked or ovals.coached(analysis) is not None:  # that has them, with their ±
        return []
    title = f"TRACK LAPS  {lap_m:.6g} m{lead_in(lap_m)}"
    return _table(title, mile.track_laps, analysis.settings.shown_units, digits, look)


def _on_the_track(analysis: Analysis, look: Look) -> list[str]:
    lines = ovals.lines(analysis, look)
    return [look.title("ON THE TRACK"), *lines] if lines else []


def _table(title: str, splits: Sequence[Split], units: Sequence[Unit], digits: int, look: Look) -> list[str]:
    """A table of splits with a bar each, longer is faster; no times are surer than the mile's."""
    if not splits:
        return []
    total_s, total_m = sum(s.elapsed_s for s in splits), sum(s.length_m for s in splits)
    even_s = [s.elapsed_s - total_s * s.length_m / total_m for s in splits]
    times, totals = zip(*format_splits((s.elapsed_s for s in splits), digits), strict=True)
    columns = [
        Column("", [str(s.index) for s in splits]),
        Column("metres", [f"{s.length_m:.1f}" for s in splits], 3),
        Column("time", list(times)),
        Column("total", list(totals), 4),
        Column("to even", [off_mean(s, digits) for s in even_s], 2),
        *_of_streams(splits, units),
    ]
    return [*look.wrap(look.title(title)), *laid_out(columns, look, shares(_speeds(splits)))]


def _of_streams(splits: Sequence[Split], units: Sequence[Unit]) -> list[Column]:
    """The columns that watch laps and splits share: pace, heart rate, cadence, climb, fall."""
    paces = [
        Column(f"/{unit}", [pace_figure(s.pace_s_per_km, unit) for s in splits], rank)
        for rank, unit in enumerate(units, 1)
    ]
    return [
        *paces,
        Column("hr", [_whole(s.heart_rate_bpm) for s in splits], 5),
        Column("spm", [_whole(s.cadence_spm) for s in splits], 8),
        Column("climb", [_whole(s.climb_m) for s in splits], 6),
        Column("fall", [_whole(s.fall_m) for s in splits], 7),
    ]


def _whole(value: float | None) -> str:
    return MISSING if value is None else f"{value:.0f}"


def _speeds(splits: Sequence[Split]) -> list[float]:
    return [s.length_m / s.elapsed_s if s.elapsed_s > 0 else 0.0 for s in splits]


def _evenness(mile: Mile, sub_sport: str | None, look: Look) -> list[str]:
    even = mile.evenness
    if mile.interrupted:
        return titled("EVENNESS", [f"no verdict on its pacing: {mile.interrupted}"], look)
    score = rounded_down(even.score)
    first = f"{score} of 100 · CV {rounded_up(even.cv_percent)} % · {shape_words(mile, sub_sport)}"
    said = [
        f"second half {compared(-even.half_difference_percent)} the first",
        f"start {compared(even.fast_start_percent)} the middle, finish {compared(even.end_spurt_percent)} it",
        *pacing_words(mile, sub_sport),
    ]
    lines = titled("EVENNESS", [first], look, score)
    return [*lines, *(look.dim(line) for words in said for line in hung(words, look))]


def _records(mile: Mile, digits: int, look: Look) -> list[str]:
    if not mile.records:
        return []
    time_s = mile.effort.elapsed_s
    rows = [(r.holder, r.time_s, r.percent, r.behind, r.label.replace("outdoor ", "")) for r in mile.records]
    rows += [
        (c.name, c.time_s, 100 * c.time_s / time_s, c.behind, c.kind)
        for c in mile.pace_light
        if c.kind != "record"
    ]
    names, times, shares, behinds, labels = zip(*rows, strict=True)
    who = [f"{printable(name)[:18]} {format_duration(s, 2)}" for name, s in zip(names, times, strict=True)]
    columns = [
        Column("", who, words=True),
        Column("speed", [f"{rounded_down(share)} %" for share in shares], 3),
        *(
            Column(head, [lag(at[i].behind_s, digits) for at in behinds], rank)
            for i, (head, rank) in enumerate((("1/4", 6), ("1/2", 5), ("3/4", 4), ("1/1", 0)))
        ),
        Column("to go", [_to_go(at) for at in behinds], 1),
        Column("", labels, 2, words=True),
    ]
    title = "AGAINST THE RECORDS"
    meaning = "  speed as a share of theirs, time behind, and metres left when they finish"
    return [headed(title, meaning, look), *laid_out(columns, look)]


def _to_go(behind: Sequence[Behind]) -> str:
    return metres_to_go(behind[-1].behind_m)


def _milestone(mile: Mile, units: Sequence[Unit], digits: int, look: Look) -> list[str]:
    stone = mile.milestone
    if stone is None:
        return []
    time = format_duration(stone.time_s, 0)
    paces = ", ".join(format_pace(stone.pace_s_per_km, unit) for unit in units)
    said = (
        f"{time}  {format_margin(stone.faster_by_s, digits)} s or {rounded_up(stone.faster_by_percent)} % to"
        f" find; {format_duration(stone.time_s / 4)} a quarter, {paces}"
    )
    own = own_best_words(mile.own_bests, mile.effort.uncertainty_s)
    return titled("NEXT", [said, *own], look, time)


_VERDICTS = {"yes": "yes", "no": "no", "undetermined": "?"}


def _eligibility(mile: Mile, look: Look) -> list[str]:
    if not mile.eligibility:
        return []
    lines = [headed("WOULD IT COUNT", "  what a record asks, as far as a recording can answer", look)]
    for point in mile.eligibility:
        lines += look.wrap(f"{point.name}: {point.reason}", f"  {_VERDICTS[point.met]:<5}", " " * 7)
    return lines


def _repeats(found: Series | None, digits: int, look: Look) -> list[str]:
    """Every repetition in a line, with the rest before the next."""
    if found is None:
        return []
    repeats = found.repeats
    mean_s = sum(r.elapsed_s for r in repeats) / len(repeats)
    columns = [
        Column("", [str(r.index) for r in repeats]),
        Column("time", [format_duration(r.elapsed_s, digits) for r in repeats]),
        Column("to mean", [off_mean(r.elapsed_s - mean_s, digits) for r in repeats], 1),
        Column("after", [format_duration(r.start_s, 0) for r in repeats], 3),
        Column("rest", [format_duration(r.rest_s, 0) for r in repeats], 2),
        Column("rest, m", [_whole(r.rest_m) for r in repeats], 4),
    ]
    said = f"{found.name}, {format_duration(mean_s, digits)} on average"
    head = titled("REPEATS", [said], look, found.name)
    return [*head, *laid_out(columns, look, shares([1 / r.elapsed_s for r in repeats]))]


def _sure(effort: Effort, look: Look) -> str:
    """A time with its ±; where it is narrow the larger side stands for both."""
    if look.width >= BESIDE or not math.isfinite(effort.uncertainty_s):
        return sure_time(effort)
    margin = format_margin(effort.uncertainty_s, digits_for(effort.uncertainty_s))
    return f"{told_time(effort)} ± {margin}"


def _efforts(efforts: Sequence[Effort], units: Sequence[Unit], look: Look) -> list[str]:
    if not efforts:
        return []
    columns = [
        Column("", [e.name for e in efforts], words=True),
        Column("time", [_sure(e, look) for e in efforts]),
        Column("", [e.evidence.grade if e.evidence else "" for e in efforts], 1),
        *(
            Column(f"/{unit}", [pace_figure(e.pace_s_per_km, unit) for e in efforts], rank)
            for rank, unit in enumerate(units, 2)
        ),
        Column("after", [format_duration(e.start_s, 0) for e in efforts], 4),
        Column(
            "", [", ".join(e.flags if e.plausible else (*e.flags, "! no best")) for e in efforts], 1, True
        ),
    ]
    heads, *rows = laid_out(columns, look)
    lines = [headed("BEST EFFORTS", "  elapsed clock, ± 95 %, grade of the evidence", look), heads]
    lines += [row if e.plausible else look.warn(row) for row, e in zip(rows, efforts, strict=True)]
    doubted = dict.fromkeys(doubt for effort in efforts for doubt in effort.doubts)
    for doubt in list(doubted)[:_SHOWN_DOUBTS]:
        lines += map(look.warn, look.wrap(f"no best: {doubt}", "  ! ", "    "))
    return lines


def _notes(notes: Iterable[Note], look: Look) -> list[str]:
    lines = list(noted(notes, look))
    return [look.title("NOTES"), *lines] if lines else []


def _pauses(pauses: Sequence[Pause], look: Look) -> list[str]:
    if not pauses:
        return []
    shown = [
        f"at {format_duration(p.start_s, 0)} for {format_duration(p.end_s - p.start_s, 0)}"
        for p in pauses[:_SHOWN_PAUSES]
    ]
    more = f" and {len(pauses) - len(shown)} more" if len(pauses) > len(shown) else ""
    total = format_duration(sum(p.end_s - p.start_s for p in pauses), 0)
    return titled("PAUSES", [f"{len(pauses)}, {total} in all: {', '.join(shown)}{more}"], look)


def _laps(analysis: Analysis, look: Look) -> list[str]:
    laps, splits = analysis.laps, analysis.lap_splits
    if len(laps) < 2:
        return []
    columns = [
        Column("", [str(lap.index) for lap in laps]),
        Column("metres", [f"{s.length_m:.1f}" for s in splits], 3),
        Column("elapsed", [format_duration(lap.elapsed_s) for lap in laps]),
        Column("timer", [format_duration(lap.timer_s) for lap in laps], 4),
        *_of_streams(splits, analysis.settings.shown_units),
        Column("trigger", [printable((lap.trigger or "").replace("_", " ")) for lap in laps], 9, True),
    ]
    title = headed("WATCH LAPS", "  as the watch recorded them", look)
    return [title, *laid_out(columns, look, shares(_speeds(splits)))]
