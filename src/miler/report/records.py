"""The record book as text, and as plain values for JSON."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import date
from textwrap import wrap
from typing import Any

from miler.recordbook import STATUSES, Mark, is_current, profile_for
from miler.scoring import label
from miler.units import format_duration

_STYLES = {"heading": "1;4", "current": "1", "pending": "33", "aside": "2", "": ""}
_SECTIONS = ("record", "former", "pending", "not counted")
_STYLE_OF = {"record": "current", "former": "", "pending": "pending", "not counted": "aside"}
_PLOT_ROWS = 16
_PLOT_FROM = 4  # marks; fewer are read faster than drawn
_PLOT_MIN_WIDTH = 30
_GAP = "  "
_UNDER = "    "
_NOTHING = "no such mark in the record book\n"


def render_records(
    marks: Iterable[Mark], width: int = 100, color: bool = False, own: str = "", sources: bool = False
) -> str:
    """Write the standing marks as books, one for each event, surface and sex.

    Each book has its records first; what is pending and what no list counts follow apart,
    under their own headings. Former records are only counted: `render_progression` shows them.

    Args:
        marks: rows of the record book, in any order.
        width: columns of the terminal; no line is longer.
        color: with ANSI colours.
        own: text of the runner's own records file.
        sources: below each mark, where it comes from and what to know of it.
    """
    marks = tuple(marks)
    if not marks:
        return _NOTHING
    layout = _Layout([m for m in marks if _section(m, own) != "former"], width, color, own, sources)
    blocks = [_book(title, book, layout) for title, book in _grouped(marks, _book_title)]
    oldest, newest = (pick(mark.as_of for mark in marks) for pick in (min, max))
    seen = newest if oldest == newest else f"between {oldest} and {newest}"
    footer = [f"Status of each mark as last seen {seen}."]
    footer += [f"{_words(s)}: {STATUSES[s]}" for s in STATUSES if any(m.status == s for m in layout.marks)]
    blocks.append("\n".join(layout.style(line, "aside") for line in [*footer, *_unsure(layout)]))
    return "\n\n".join(blocks) + "\n"


def render_progression(
    marks: Iterable[Mark], width: int = 100, color: bool = False, own: str = "", sources: bool = False
) -> str:
    """Write marks by date, with the seconds that each took off the record, and a small plot.

    Args:
        marks: rows of the record book, such as `recordbook.progression` returns; each event,
            surface, category and sex is a progression of its own.
        width: columns of the terminal; no line is longer.
        color: with ANSI colours.
        own: text of the runner's own records file.
        sources: below each mark, where it comes from and what to know of it.
    """
    rows = sorted(marks, key=lambda mark: mark.date)
    layout = _Layout(rows, width, color, own, sources)
    blocks = []
    for title, book in _grouped(rows, _progression_title):
        lines = [layout.style(title, "heading")]
        standing: Mark | None = None
        for mark in book:
            lines += layout.rows(mark, _gain(standing, mark))
            standing = mark if _was_record(mark) else standing
        blocks += ["\n".join(lines), *_plot(book, width)]
    blocks += [layout.style(line, "aside") for line in _unsure(layout)]
    return "\n\n".join(blocks) + "\n" if blocks else _NOTHING


def render_check(found: Iterable[tuple[Mark, str]], width: int = 100) -> str:
    """Write the rows that want another look, and what to look up; see `recordbook.stale`."""
    rows = list(found)
    layout = _Layout([mark for mark, _ in rows], width, False)
    lines = []
    for title, book in _grouped((mark for mark, _ in rows), _progression_title):
        lines.append(title)
        for mark in book:
            why = next(why for other, why in rows if other is mark)
            said = f"seen {mark.as_of} in {mark.source}: {why}"
            lines += [layout.row(mark), *(layout.style(_UNDER + line, "") for line in wrap(said, width - 4))]
    ids = f"{len(rows)} marks want another look" if rows else "no mark wants another look"
    return "\n".join([*lines, ids]) + "\n"


def records_document(marks: Iterable[Mark], own: str = "") -> list[dict[str, Any]]:
    """Return the marks as plain values: every field, what the mark is, and the holder's splits.

    `splits` is a list of `{distance_m, time_s, whose}` with the convention and source of the
    splits beside it; None where no good ones are known.
    """
    return [
        asdict(mark) | {"current": is_current(mark, own), "label": label(mark, own)} | _splits(mark)
        for mark in marks
    ]


def _splits(mark: Mark) -> dict[str, Any]:
    profile = profile_for(mark)
    if profile is None:
        return {"splits": None, "splits_convention": None, "splits_source": None}
    return {
        "splits": [asdict(split) for split in profile.splits],
        "splits_convention": profile.convention,
        "splits_source": profile.source,
    }


class _Layout:
    """Columns as wide as their widest value, the place cut where the line would be too long."""

    def __init__(
        self, marks: Sequence[Mark], width: int, color: bool, own: str = "", sources: bool = False
    ) -> None:
        self.marks = marks
        self.own = own
        self.sources = sources
        self.color = color
        self.width = width
        self.time = max((len(m.time_text) for m in marks), default=0)
        self.athlete = max((len(m.athlete) for m in marks), default=0)
        self.what = max((len(_what(m)) for m in marks), default=0)

    def style(self, text: str, name: str) -> str:
        text = _cut(text, self.width)
        return f"\033[{_STYLES[name]}m{text}\033[0m" if self.color and name else text

    def rows(self, mark: Mark, gain: str | None = None, heading: str = "") -> list[str]:
        """One mark, and where it comes from if that was asked for."""
        said = f"{mark.source}; seen {mark.as_of}, confidence {mark.confidence}"
        said += f"; {mark.note}" if mark.note else ""
        below = wrap(said, max(self.width - 4, 8)) if self.sources else []
        return [self.row(mark, gain, heading), *(self.style(_UNDER + line, "aside") for line in below)]

    def row(self, mark: Mark, gain: str | None = None, heading: str = "") -> str:
        """One line: time, gain if asked for, date, athlete, what the mark is, place."""
        cells = [f"{mark.time_text:>{self.time}}"]
        if gain is not None:
            cells.append(f"{gain:>6}")
        cells += [
            f"{mark.date:<10}",
            f"{mark.athlete:<{self.athlete}}",
            mark.nationality,
            f"{_what(mark, heading):<{self.what}}",
            mark.place or "–",
        ]
        return self.style("  " + _GAP.join(cells), _STYLE_OF[_section(mark, self.own)])


def _book(title: str, marks: Sequence[Mark], layout: _Layout) -> str:
    sections = {
        name: sorted((m for m in marks if _section(m, layout.own) == name), key=_by_time)
        for name in _SECTIONS
    }
    lines = [layout.style(title, "heading")]
    lines += [line for mark in sections["record"] for line in layout.rows(mark)]
    if sections["former"]:
        lines.append(layout.style(f"  and {len(sections['former'])} former", "aside"))
    for name in ("pending", "not counted"):
        if sections[name]:
            seen = min(mark.as_of for mark in sections[name])
            lines.append(layout.style(f"  {name}, as last seen {seen}:", _STYLE_OF[name]))
            lines += [line for mark in sections[name] for line in layout.rows(mark, heading=name)]
    return "\n".join(lines)


def _grouped(marks: Iterable[Mark], title: Callable[[Mark], str]) -> list[tuple[str, list[Mark]]]:
    """Group by title, in the order in which the titles first occur."""
    groups: dict[str, list[Mark]] = {}
    for mark in marks:
        groups.setdefault(title(mark), []).append(mark)
    return list(groups.items())


def _book_title(mark: Mark) -> str:
    return f"{mark.event}, {_words(mark.surface)}, {'men' if mark.sex == 'M' else 'women'}"


def _progression_title(mark: Mark) -> str:
    return _book_title(mark) + ("" if mark.category == "senior" else f", {mark.category}")


def _section(mark: Mark, own: str = "") -> str:
    if mark.status in ("unofficial", "not_eligible"):
        return "not counted"
    if mark.status == "pending":
        return "pending"
    return "record" if is_current(mark, own) else "former"


def _was_record(mark: Mark) -> bool:
    return _section(mark) in ("record", "former")


def _gain(standing: Mark | None, mark: Mark) -> str:
    """What the mark took off the record, no finer than either was recorded."""
    if standing is None or _section(mark) == "not counted":
        return ""
    if mark.time_s == standing.time_s:
        return "="
    digits = 2 if mark.rounding == standing.rounding == "hundredth" else 1
    return f"{mark.time_s - standing.time_s:+.{digits}f}".replace("-", "−")


def _what(mark: Mark, heading: str = "") -> str:
    """Category and status in a word or two: "ratified", "U20, listed", "superseded?" where unsure.

    The status is left out where the heading above is the same word.
    """
    status = _words(mark.status) + ("?" if mark.confidence == "low" else "")
    words = (mark.category if mark.category != "senior" else "", status if status != heading else "")
    return ", ".join(filter(None, words))


def _unsure(layout: _Layout) -> list[str]:
    low = any(mark.confidence == "low" for mark in layout.marks)
    return ["?: from recollection, or from one list that was not checked"] if low else []


def _words(slug: str) -> str:
    return slug.replace("_", " ")


def _by_time(mark: Mark) -> tuple[float, str]:
    return mark.time_s, mark.date


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _plot(marks: Sequence[Mark], width: int) -> list[str]:
    """Draw the record over the years as steps, with a ring for each mark that is pending."""
    stood = [mark for mark in marks if _was_record(mark)]
    rings = [mark for mark in marks if mark.status == "pending"]
    if len(stood) < _PLOT_FROM or width < _PLOT_MIN_WIDTH:
        return []
    shown = sorted(stood + rings, key=lambda mark: mark.date)
    first_day, days = _day(shown[0]), max(_day(shown[-1]) - _day(shown[0]), 1)
    slow_s, fast_s = max(m.time_s for m in shown), min(m.time_s for m in shown)
    digits = 0 if slow_s - fast_s > _PLOT_ROWS else 1
    tick = len(format_duration(slow_s, digits))
    columns = width - tick - 5

    def column(day: int) -> int:
        return round((day - first_day) / days * (columns - 1))

    def row(mark: Mark) -> int:
        return round((slow_s - mark.time_s) / (slow_s - fast_s or 1) * (_PLOT_ROWS - 1))

    grid = _steps([column(_day(m)) for m in stood], [row(m) for m in stood], columns)
    for mark in rings:
        grid[row(mark)][column(_day(mark))] = "○"
    lines = []
    for y, cells in enumerate(grid):
        at_s = slow_s + (fast_s - slow_s) * y / (_PLOT_ROWS - 1)
        text = format_duration(at_s, digits) if y % 3 == 0 else ""
        lines.append(f"  {text:>{tick}} ┤ {''.join(cells)}".rstrip())
    years = [" "] * (columns + 4)
    for year in range(int(shown[0].date[:4]) // 10 * 10 + 10, int(shown[-1].date[:4]) + 1, 10):
        at = column(date(year, 1, 1).toordinal())
        years[at : at + 4] = str(year)
    lines.append((" " * (tick + 5) + "".join(years)[:columns]).rstrip())
    return ["\n".join(lines + (["  ○ pending"] if rings else []))]


def _steps(columns_of: Sequence[int], rows_of: Sequence[int], columns: int) -> list[list[str]]:
    """Draw a line, level from each column to the next and down where the row changes."""
    grid = [[" "] * columns for _ in range(_PLOT_ROWS)]
    before = rows_of[0]
    for x in range(columns):
        after = rows_of[max(bisect_right(columns_of, x) - 1, 0)]
        grid[after][x] = "─"
        if after > before:
            grid[before][x], grid[after][x] = "╮", "╰"
            for y in range(before + 1, after):
                grid[y][x] = "│"
        before = after
    return grid


def _day(mark: Mark) -> int:
    year, month, day = (*mark.date.split("-"), "1", "1")[:3]
    return date(int(year), int(month), int(day)).toordinal()
