"""Lists of activities and of best efforts, as tables for the terminal and as CSV.

A row is a JSON object of the list, in SI; here it gets its miles and its mm:ss. What a narrow terminal
has no room for is left out: weekdays, elapsed time, evenness, a second pace; then sport, distance, any pace.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from miler.ownbest import OwnBest
from miler.report.document import Document, csv_line
from miler.report.look import Look
from miler.report.words import own_best_words
from miler.shown import printable
from miler.units import (
    Unit,
    format_day,
    format_distance,
    format_duration,
    format_pace,
    format_sure,
    length_name,
    rounded_down,
)

_WIDE = 106  # columns, from which on there is room for everything
_NARROW = 64  # columns, below which only the time finds room
_LONGEST_WORDS = 46
_SHORTEST_WORDS = 14
_LONGEST_NAME = 24
_LEAST_WORDS = 4
_DIM, _BOLD = "2", "1"


def listed(rows: Sequence[Document], total: int, units: Unit, look: Look, *, narrowed: bool = True) -> str:
    """Write a table of activities, the latest first, a line each.

    Args:
        rows: what `miler list --format json` gives.
        total: how many there are, of which `rows` are the first.
        units: `mi` or `km`.
        look: for whom.
        narrowed: whether there may be others, which were not asked for.
    """
    wide, narrow = look.width >= _WIDE, look.width < _NARROW
    elapsed, even = (f" {'elapsed':>8}", f" {'even':>5}") if wide else ("", "")
    miles = [_sure(row["mile_s"], row["mile_low_s"], row["mile_high_s"], row["mile_grade"]) for row in rows]
    room = max(map(len, miles), default=7)
    ran = "" if narrow else f"  {'sport':<10} {'distance':>9}"
    head = f"{'#':>6}  {'date':<{15 if wide else 10}}{ran}{elapsed} {'mile, ±':>{room}}"
    lines = [look(f"{head}{even}  what", _DIM)]
    for row, mile in zip(rows, miles, strict=True):
        elapsed = f" {format_duration(row['elapsed_s'], 0):>8}" if wide else ""
        evenness = f" {_score(row['evenness']):>5}" if wide else ""
        sport, distance = row["sport"].replace("_", " "), format_distance(row["distance_m"], units)
        ran = "" if narrow else f"  {_short(sport, 10):<10} {distance:>9}"
        line = f"{row['activity_id']:>6}  {_day(row, wide)}{ran}{elapsed} {mile:>{room}}{evenness}  "
        lines.append(look(line + _what(row, look.width - len(line)), _DIM, row["excluded"]))
    if total > len(rows):
        lines.append(look(f"{total - len(rows)} earlier; --limit shows more", _DIM))
    none = (
        "No activity is like that."
        if narrowed
        else "There is no activity yet; `miler import` brings them in."
    )
    return "\n".join(lines if rows else [none]) + "\n"


def ranked(
    length_m: float, rows: Sequence[Document], excluded: Sequence[Document], clock: str, look: Look
) -> str:
    """Write the best efforts of one length, fastest first; those that were excluded apart, below."""
    lines = [_title(f"best {length_name(length_m)}", clock, look)]
    efforts = _efforts([*rows, *excluded], clock, look.width - 6)
    lines += [f"{place:>4}  {effort}" for place, effort in enumerate(efforts[: len(rows)], 1)]
    if not rows:
        lines.append("  none")
    if excluded:
        lines += ["", look("EXCLUDED", _BOLD)]
        lines += [look(f"   –  {effort}", _DIM) for effort in efforts[len(rows) :]]
    return "\n".join(lines) + "\n"


def grouped(length_m: float, group: str, rows: Sequence[Document], clock: str, look: Look) -> str:
    """Write the best effort of each group, such as each year."""
    names = [printable(_short((row["group"] or "not known").replace("_", " "), 20)) for row in rows]
    wide = max(map(len, names), default=0)
    lines = [_title(f"best {length_name(length_m)} by {group}", clock, look)]
    lines += [
        f"  {name:<{wide}}  {effort}"
        for name, effort in zip(names, _efforts(rows, clock, look.width - wide - 4), strict=True)
    ]
    return "\n".join(lines if rows else [*lines, "  none"]) + "\n"


def bests(rows: Sequence[Document], clock: str, look: Look) -> str:
    """Write the best effort of each length, shortest first."""
    names = [length_name(row["length_m"]) for row in rows]
    wide = max(map(len, names), default=0)
    lines = [_title("best efforts", clock, look)]
    lines += [
        f"  {name:<{wide}}  {effort}"
        for name, effort in zip(names, _efforts(rows, clock, look.width - wide - 4), strict=True)
    ]
    return "\n".join(lines if len(lines) > 1 else ["There is no effort yet."]) + "\n"


def of_athletes(length_m: float, rows: Sequence[Document], look: Look) -> str:
    """Write the best efforts of many athletes, fastest first, as `Dataset.best` has them."""
    lines = [_title(f"best {length_name(length_m)}", "elapsed", look)]
    times = [_time(row, "elapsed") for row in rows]
    room = max(map(len, times), default=0)
    names = [printable(_short(row["athlete"], _LONGEST_NAME)) for row in rows]
    wide = max(map(len, names), default=0)
    for place, (row, time, name) in enumerate(zip(rows, times, names, strict=True), 1):
        graded = row["age_grade_percent"]
        grade = "" if graded is None else f"  age grade {rounded_down(graded)} %"
        pace = format_pace(row["elapsed_s"] / length_m * 1000, "mi")
        line = f"{place:>4}  {time:>{room}}  {pace:>9}  {_day(row, False)}  {name:<{wide}}  "
        what = max(look.width - len(line) - len(grade), _SHORTEST_WORDS)
        lines.append(f"{line}{printable(_short(row['file'], what))}{grade}")
    return "\n".join(lines if rows else [*lines, "  none"]) + "\n"


def shown(kept: Document, report: str, look: Look, own_bests: Sequence[OwnBest] = ()) -> str:
    """Write a kept report under what only the library knows: what the runner said of it, and own bests.

    Args:
        kept: one activity, as `Stored` has it.
        report: its text.
        look: for whom.
        own_bests: of the library.
    """
    words = [f"#{kept['activity_id']}"]
    if kept["title"]:
        words.append(kept["title"])
    if said := said_words({**kept, "tags": ",".join(kept["tags"]), "shoes": None, "wind": None}):
        words.append(f"[{', '.join(said)}]")
    words += [
        "excluded" if length_m == 0 else f"{length_name(length_m)} excluded"
        for length_m in kept["excluded_m"]
    ]
    context = [f"{key} {kept[key]}" for key in ("wind", "shoes") if kept[key]]
    mile = kept["document"]["fastest_mile"] or {}
    beside = own_best_words(own_bests, mile.get("uncertainty_s"))
    if context:
        beside.insert(0, f"not included in the time: {', '.join(context)}")
    lines = [line for said in (" · ".join(words), *beside) for line in look.wrap(printable(said))]
    return "".join(f"{line}\n" for line in lines) + report


def duplicates(rows: Sequence[Document], look: Look) -> str:
    """Write the runs that came from several files: each with its files, the leading one first, and why.

    Args:
        rows: what `miler list --duplicates --format json` gives.
        look: how it is laid out.
    """
    lines: list[str] = []
    for row in rows:
        numbers = dict.fromkeys(f"#{source['activity_id']}" for source in row["sources"])
        kind = "one run" if row["kind"] == "same" else "perhaps one run"
        lines.append(look(f"{', '.join(numbers)}  {kind}", "1"))
        first, *others = row["sources"]
        lines.append(f"  {_source(first)}")
        for source in others:
            lines += [f"  {_source(source)}", look(f"    {evidence(source, row)}", _DIM)]
    return "\n".join(lines or ["No run is here twice."]) + "\n"


def _source(source: Document) -> str:
    words = [printable(source["file"]), f"({source['format'] or 'no file'})"]
    if source["gives"]:
        words += ["gives" if source["leads"] else "adds", ", ".join(source["gives"]).replace("_", " ")]
    return " ".join(words)


def evidence(source: Document, row: Document) -> str:
    """Say why a source is of the run: by the leading source, else by another one."""
    leading = row["sources"][0]["file"]
    mine = [why for why in row["evidence"] if source["file"] in (why["file"], why["other_file"])]
    mine.sort(key=lambda why: leading not in (why["file"], why["other_file"]))
    if not mine:
        return "by way of the others"
    why = mine[0]
    words = [printable(why["why"])]
    if why["overlap_s"] is not None:
        words.append(f"{format_duration(why['overlap_s'], 0)} at once ({why['overlap_percent']:.0f} %)")
    if why["gap_m"] is not None:
        words.append(f"tracks {why['gap_m']:.1f} m apart")
    if why["clock_s"]:
        words.append(f"clocks {abs(why['clock_s']):.0f} s apart")
    return ", ".join(words)


def csv(rows: Iterable[Document]) -> Iterator[str]:
    """Yield the lines of a CSV table, the names of the columns first; text cannot pass for a formula."""
    for number, row in enumerate(rows):
        if number == 0:
            yield csv_line(row)
        yield csv_line(row.values())


def _title(words: str, clock: str, look: Look) -> str:
    sure = "" if look.width < _NARROW else ", ± 95 %, grade of the evidence"
    return look(words.upper(), _BOLD) + look(f"  {clock} clock{sure}", _DIM)


def _efforts(rows: Sequence[Document], clock: str, width: int) -> list[str]:
    """Write efforts, their times below each other."""
    times = [_time(row, clock) for row in rows]
    room = max(map(len, times), default=0)
    return [_effort(row, f"{time:>{room}}", clock, width) for row, time in zip(rows, times, strict=True)]


def _time(row: Document, clock: str) -> str:
    """Write what is ranked; how sure it is holds for the elapsed clock, and without a pause for both."""
    if row[f"{clock}_s"] != row["elapsed_s"]:
        return _sure(row[f"{clock}_s"], None, None, row["grade"])
    return _sure(row["elapsed_s"], row["low_s"], row["high_s"], row["grade"])


def _sure(seconds: float | None, low_s: float | None, high_s: float | None, grade: str | None) -> str:
    if seconds is None:
        return "–  "
    return f"{format_sure(seconds, low_s, high_s, brief=True)} {grade or ' '}"


def _effort(row: Document, time: str, clock: str, width: int) -> str:
    wide = width >= _WIDE - 20
    pace_s_per_km = row[f"{clock}_s"] / row["length_m"] * 1000
    shown: tuple[Unit, ...] = ("mi", "km") if wide else ("mi",) if width >= _NARROW - 20 else ()
    paces = "".join(f"  {format_pace(pace_s_per_km, per):>9}" for per in shown)
    line = f"{time}{paces}  {_day(row, wide)}  #{row['activity_id']} "
    flags = f"  ({row['flags'].replace(' ', ', ')})" if row["flags"] else ""
    return f"{line}{_what(row, width - len(line) - len(flags))}{flags}".rstrip()


def _day(row: Document, wide: bool) -> str:
    if row["start_local"] is None:
        return f"{'date unknown':<15}" if wide else f"{'no date':<10}"
    day = row["start_local"][:10]
    return f"{format_day(day):>15}" if wide else day


def _what(row: Document, width: int) -> str:
    """The title if the activity has one, else the file's name; what the runner said; cut to the width."""
    said = [f"[{', '.join(words)}]"] if (words := said_words(row)) else []
    if row["excluded"]:
        said.append("(excluded)")
    title, tail = printable(row["title"] or row["file"]), printable("".join(f" {words}" for words in said))
    room = width - min(len(title), _SHORTEST_WORDS)
    tail = _short(tail, room) if room >= _SHORTEST_WORDS / 2 else ""
    return _short(title, min(width - len(tail), _LONGEST_WORDS)) + tail if width >= _LEAST_WORDS else ""


def said_words(row: Document) -> list[str]:
    """Return what was said of an activity in words; the surface, also where only the file tells it."""
    words = [row["kind"], row["surface"], row["shoes"], row["wind"], *(row["tags"] or "").split(",")]
    return list(dict.fromkeys(word.replace("_", " ") for word in words if word))


def _short(words: str, longest: int) -> str:
    return words if len(words) <= longest else words[: longest - 1].rstrip() + "…"


def _score(value: float | None) -> str:
    return "–" if value is None else rounded_down(value)
