"""Two miles side by side, as text for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from miler.report.document import Document
from miler.report.look import Look
from miler.shown import printable
from miler.units import (
    MILE_M,
    QUARTER_M,
    format_day,
    format_duration,
    format_pace,
    lag,
    metres_to_go,
    rounded_down,
)

_SHORTEST_TITLE = 14
_MARKS = {1.0: "¼ mile", 2.0: "½ mile", 3.0: "¾ mile", 4.0: "1 mile"}  # by quarters
_BAR = 8  # cells to either side of level
_LEAST_SCALE_S = 1.0
_FIRST, _SECOND = "34", "33"  # blue and yellow: told apart by any eye, and by where they stand


def render(compared: Document, look: Look) -> str:
    """Write what `miler compare --format json` gives."""
    lines = [look("TWO MILES", "1") + look("  elapsed clock; + is how far B is behind A", "2")]
    lines += [
        _runner(mark, mile, look, code)
        for mark, mile, code in zip("AB", compared["miles"], (_FIRST, _SECOND), strict=True)
    ]
    lines += ["", *_table("QUARTERS", compared["quarters"], look)]
    if compared["laps"]:
        lines += ["", *_table("TRACK LAPS", compared["laps"], look)]
    else:
        lines += [
            "",
            look("The two were cut into laps of different length; `miler reprocess` cuts alike.", "2"),
        ]
    lines += ["", result(compared)]
    return "\n".join(lines) + "\n"


def _runner(mark: str, mile: Document, look: Look, code: str) -> str:
    day = mile["start_local"]
    when = format_day(day) if day else "date unknown"
    time = f"{format_duration(mile['elapsed_s']):>8}"
    pace = format_pace(mile["elapsed_s"] / MILE_M * 1000, "km")  # a mile for each mile is its time
    rest = f"  {pace:>9}  even {rounded_down(mile['evenness']['score']):>5}  {when}  #{mile['activity_id']} "
    flags = f"  ({', '.join(mile['flags'])})" if mile["flags"] else ""
    room = max(look.width - len(time + rest + flags) - 5, _SHORTEST_TITLE)
    title = printable(mile["title"])
    title = title if len(title) <= room else title[: room - 1] + "…"
    return f"  {look(mark, '1;' + code)}  {look(time, '1')}{rest}{title}{flags}"


def _table(title: str, stages: Sequence[Document], look: Look) -> list[str]:
    scale_s = max([_LEAST_SCALE_S, *(abs(stage["gap_s"]) for stage in stages)])
    lines = [look(title, "1")]
    heads = "".join(f" {head:>9}" for head in ("A", "B", "A total", "B total"))
    lines.append(look(f"{'to':>10}{heads} {'gap, s':>8}  {'A leads':>{_BAR}}|B leads", "2"))
    for stage in stages:
        at = mark_name(stage)
        times = [format_duration(seconds) for seconds in (*stage["elapsed_s"], *stage["total_s"])]
        cells = "".join(f" {cell:>9}" for cell in times)
        lines.append(f"{at:>10}{cells} {lag(stage['gap_s']):>8}  {_bar(stage, scale_s, look)}".rstrip())
    return lines


def mark_name(stage: Document) -> str:
    """Name where a split ended: a quarter of a mile, or metres."""
    return _MARKS.get(round(stage["at_m"] / QUARTER_M, 6)) or f"{stage['at_m']:.7g} m"


def _bar(stage: Document, scale_s: float, look: Look) -> str:
    """A bar to the side of who leads, as long as the gap."""
    leader: int | None = stage["leader"]
    if leader is None:
        return " " * _BAR + "|"
    cells: int = max(round(_BAR * abs(stage["gap_s"]) / scale_s), 1)
    drawn = ("#" if look.plain else "█") * cells
    if leader == 1:
        return " " * (_BAR - cells) + look(drawn, _FIRST) + "|"
    return " " * _BAR + "|" + look(drawn, _SECOND)


def result(compared: Document) -> str:
    """Say who was faster, by how much, and how the lead changed."""
    if compared["leader"] is None:
        return "They finish level."
    fast, slow = ("A", "B") if compared["leader"] == 1 else ("B", "A")
    gap = lag(compared["gap_s"]).lstrip("+−")
    seconds = gap if ":" in gap else f"{gap} s"
    changes = compared["lead_changes"]
    if changes:
        lead = "the lead changed once" if changes == 1 else f"the lead changed {changes} times"
    else:
        always = all(stage["leader"] for stage in compared["quarters"])
        lead = f"{fast} led at every mark" if always else f"{fast} was never behind"
    return (
        f"{fast} is {seconds} faster, with {slow} {metres_to_go(compared['behind_m'])} from the finish;"
        f" {lead}."
    )
