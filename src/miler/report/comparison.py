"""Two miles side by side, as text for the terminal."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from miler.report.document import Document
from miler.report.layout import MISSING, Column, fitted, headed, laid_out
from miler.report.look import Look
from miler.shown import printable
from miler.units import (
    MILE_M,
    QUARTER_M,
    digits_for,
    format_day,
    format_splits,
    format_sure,
    lag_between,
    metres_to_go,
    pace_figure,
    rounded_down,
)

_MARKS = {1.0: "¼ mile", 2.0: "½ mile", 3.0: "¾ mile", 4.0: "1 mile"}  # by quarters
_HEADS = ("to", "A", "B", "A total", "B total", "gap, s")
_WITH_TOTALS = 60  # columns, from which on there is room for them
_BAR = 8  # cells to either side of level
_LEAST_SCALE_S = 1.0
_FIRST, _SECOND = "34", "33"  # blue and yellow: told apart by any eye, and by where they stand


def render(compared: Document, look: Look) -> str:
    """Write what `miler compare --format json` gives."""
    digits = digits_of(compared)
    lines = [headed("TWO MILES", "  elapsed clock; + is how far B is behind A", look)]
    lines += [*_runners(compared["miles"], look), ""]
    lines += [*_table("QUARTERS", compared["quarters"], digits, look), ""]
    if compared["laps"]:
        lines += _table("TRACK LAPS", compared["laps"], digits, look)
    else:
        unlike = "The two were cut into laps of different length; `miler reprocess` cuts alike."
        lines += map(look.dim, fitted(unlike, look))
    return "\n".join([*lines, "", *fitted(result(compared), look)]) + "\n"


def _runners(miles: Sequence[Document], look: Look) -> list[str]:
    def column(head: str, rank: int, of: Callable[[Document], str]) -> Column:
        return Column(head, [of(mile) for mile in miles], rank)

    heads, *lines = laid_out(
        [
            Column("", list("AB")),
            column("mile, ±", 0, sure_time),
            column("/km", 3, lambda mile: pace_figure(mile["elapsed_s"] / MILE_M * 1000, "km")),
            column("even", 4, lambda mile: rounded_down(mile["evenness"]["score"])),
            column(
                "day", 2, lambda mile: format_day(mile["start_local"]) if mile["start_local"] else MISSING
            ),
            column("#", 0, lambda mile: str(mile["activity_id"])),
            column("", 1, lambda mile: ", ".join(mile["flags"])),
            Column("what", [printable(mile["title"]) for mile in miles], words=True),
        ],
        look,
    )
    codes = zip(lines, "AB", (_FIRST, _SECOND), strict=True)
    return [heads, *(line.replace(mark, look(mark, "1;" + code), 1) for line, mark, code in codes)]


def _table(title: str, stages: Sequence[Document], digits: int, look: Look) -> list[str]:
    scale_s = max([_LEAST_SCALE_S, *(abs(stage["gap_s"]) for stage in stages)])
    columns = list(map(Column, _HEADS, zip(*told(stages, digits), strict=True)))
    if look.width < _WITH_TOTALS:  # one of them alone would say nothing
        del columns[3:5]
    first, *below = laid_out(columns, look)
    if len(below[0]) + 2 + 2 * _BAR + 1 <= look.width:
        first += look.dim(f"  {'A leads':>{_BAR}}|B leads")
        below = [f"{line}  {_bar(stage, scale_s, look)}" for line, stage in zip(below, stages, strict=True)]
    return [look.title(title), first, *below]


def told(stages: Sequence[Document], digits: int) -> list[tuple[str, ...]]:
    """Write splits: where each ends, its times, the totals by then, and the gap."""
    first, second = (format_splits((one["elapsed_s"][side] for one in stages), digits) for side in (0, 1))
    return [
        (mark_name(stage), a_s, b_s, a_total, b_total, lag_between(stage["total_s"], digits))
        for stage, (a_s, a_total), (b_s, b_total) in zip(stages, first, second, strict=True)
    ]


def sure_time(mile: Document) -> str:
    """Write the time of one of the two with its ±."""
    return format_sure(mile["elapsed_s"], mile["low_s"], mile["high_s"], brief=True)


def digits_of(compared: Document) -> int:
    """Return how many decimals the two deserve beside each other: those of the one that is less sure."""
    return digits_for(_unsure_s(compared))


def _unsure_s(compared: Document) -> float:
    known = [mile["uncertainty_s"] for mile in compared["miles"] if mile["uncertainty_s"] is not None]
    return max(known, default=math.nan)


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
    gap = lag_between(compared["quarters"][-1]["total_s"], digits_of(compared)).lstrip("+−")
    much = "a little" if not gap.strip("0.") else gap if ":" in gap else f"{gap} s"
    doubt = ", within the ±" if abs(compared["gap_s"]) <= _unsure_s(compared) else ""
    changes = compared["lead_changes"]
    if changes:
        lead = "the lead changed once" if changes == 1 else f"the lead changed {changes} times"
    else:
        always = all(stage["leader"] for stage in compared["quarters"])
        lead = f"{fast} led at every mark" if always else f"{fast} was never behind"
    return (
        f"{fast} is {much} faster{doubt}, with {slow} {metres_to_go(compared['behind_m'])} from the finish;"
        f" {lead}."
    )
