"""Lists of activities and of best efforts, as tables for the terminal and as CSV.

A row is a JSON object of the list, in SI; here it gets its miles and its mm:ss.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from miler.report.document import Document, csv_line
from miler.report.words import printable, rounded_down
from miler.units import format_distance, format_duration, format_pace, length_name

_LONGEST_WORDS = 36
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def listed(rows: Sequence[Document], total: int, units: str, *, color: bool = False) -> str:
    """Write a table of activities, the latest first, a line each.

    Args:
        rows: what `miler list --format json` gives.
        total: how many there are, of which `rows` are the first.
        units: `mi` or `km`.
        color: add ANSI colours.
    """
    head = (
        f"{'#':>6}  {'date':<15}  {'sport':<10} {'distance':>9} {'elapsed':>9} {'mile':>8} {'even':>5}  what"
    )
    lines = [_styled(head, "2", color)]
    for row in rows:
        line = (
            f"{row['activity_id']:>6}  {_day(row):<15}  {_short(row['sport'].replace('_', ' '), 10):<10}"
            f" {format_distance(row['distance_m'], units):>9} {format_duration(row['elapsed_s'], 0):>9}"
            f" {format_duration(row['mile_s']):>8} {_score(row['evenness']):>5}  {_what(row)}"
        )
        lines.append(_styled(line, "2", color and row["excluded"]))
    if total > len(rows):
        lines.append(_styled(f"{total - len(rows)} earlier; --limit shows more", "2", color))
    return "\n".join(lines if rows else ["No activity is like that."]) + "\n"


def ranked(
    length_m: float, rows: Sequence[Document], excluded: Sequence[Document], *, color: bool = False
) -> str:
    """Write the best efforts of one length, fastest first; those that were excluded apart, below."""
    lines = [
        _styled(f"BEST {length_name(length_m).upper()}", "1", color) + _styled("  elapsed clock", "2", color)
    ]
    lines += [f"{place:>4}  {_effort(row)}" for place, row in enumerate(rows, 1)]
    if not rows:
        lines.append("  none")
    if excluded:
        lines += ["", _styled("EXCLUDED", "1", color)]
        lines += [_styled(f"   –  {_effort(row)}", "2", color) for row in excluded]
    return "\n".join(lines) + "\n"


def bests(rows: Iterable[Document], *, color: bool = False) -> str:
    """Write the best effort of each length, shortest first."""
    lines = [_styled("BEST EFFORTS", "1", color) + _styled("  elapsed clock", "2", color)]
    lines += [f"  {length_name(row['length_m']):<14}{_effort(row)}" for row in rows]
    return "\n".join(lines if len(lines) > 1 else ["There is no effort yet."]) + "\n"


def shown(kept: Document, *, color: bool = False) -> str:
    """Write a kept report under a line with the activity's number and what the runner said of it."""
    words = [f"#{kept['activity_id']}"]
    if kept["title"]:
        words.append(kept["title"])
    if kept["tags"]:
        words.append(f"[{', '.join(kept['tags'])}]")
    words += [
        "excluded" if length_m == 0 else f"{length_name(length_m)} excluded"
        for length_m in kept["excluded_m"]
    ]
    # The report's colours are the only escapes in it: what comes from a file was made printable.
    report = kept["report"] if color else _ANSI.sub("", kept["report"])
    return f"{printable(' · '.join(words))}\n{report}"


def duplicates(rows: Sequence[Document], *, color: bool = False) -> str:
    """Write the runs that came from several files: each with its files, the leading one first, and why.

    Args:
        rows: what `miler list --duplicates --format json` gives.
        color: add ANSI colours.
    """
    lines: list[str] = []
    for row in rows:
        numbers = dict.fromkeys(f"#{source['activity_id']}" for source in row["sources"])
        kind = "one run" if row["kind"] == "same" else "perhaps one run"
        lines.append(_styled(f"{', '.join(numbers)}  {kind}", "1", color))
        first, *others = row["sources"]
        lines.append(f"  {_source(first)}")
        for source in others:
            lines += [f"  {_source(source)}", _styled(f"    {_evidence(source, row)}", "2", color)]
    return "\n".join(lines or ["No run is here twice."]) + "\n"


def _source(source: Document) -> str:
    words = [printable(source["file"]), f"({source['format'] or 'no file'})"]
    if source["gives"]:
        words += ["gives" if source["leads"] else "adds", ", ".join(source["gives"]).replace("_", " ")]
    return " ".join(words)


def _evidence(source: Document, row: Document) -> str:
    """Why a source is of the run: by the leading source, else by another one."""
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


def _effort(row: Document) -> str:
    pace = row["elapsed_s"] / row["length_m"] * 1000
    flags = f"  ({row['flags'].replace(' ', ', ')})" if row["flags"] else ""
    return (
        f"{format_duration(row['elapsed_s']):>9}  {format_pace(pace, 'mi'):>9}  {format_pace(pace, 'km'):>9}"
        f"  {_day(row):<15}  #{row['activity_id']} {_what(row)}{flags}"
    )


def _day(row: Document) -> str:
    if row["start_local"] is None:
        return "date unknown"
    return f"{date.fromisoformat(row['start_local'][:10]):%a %d %b %Y}"


def _what(row: Document) -> str:
    """The title if the activity has one, else the file's name; its tags, and whether it is excluded."""
    words = [_short(row["title"] or row["file"], _LONGEST_WORDS)]
    if row.get("tags"):
        words.append(f"[{row['tags'].replace(',', ', ')}]")
    if row["excluded"]:
        words.append("(excluded)")
    return printable(" ".join(words))


def _short(words: str, longest: int) -> str:
    return words if len(words) <= longest else words[: longest - 1].rstrip() + "…"


def _score(value: float | None) -> str:
    return "–" if value is None else rounded_down(value)


def _styled(text: str, code: str, color: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if color else text
