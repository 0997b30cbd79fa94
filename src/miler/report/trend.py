"""How a best time moved over the years, as text: a plot, and a table of seasons. `trend_page` is its page.

In the plot the way up is faster. An activity is a dot, the best so far a line, a season's best a disc:
each has a shape of its own, so that no colour is needed to tell them apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median

from miler.report.document import Document
from miler.report.layout import MISSING, Column, fitted, laid_out
from miler.report.look import Look
from miler.shown import printable
from miler.units import (
    digits_for,
    format_day,
    format_distance,
    format_duration,
    format_sure,
    larger_side_s,
    length_name,
    signed,
)

_ROWS = 16
_LEAST_COLUMNS = 24
_LEAST_SPAN_S = 4.0  # an even history is to look even
_FEW, _SLOWEST = 30, 1.5  # efforts that are all shown, up to so many times the best
_MARGIN = 0.06  # of the span, above and below
_STEPS_S = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
_STEPS_MONTHS = (1, 3, 6, 12, 24, 60, 120, 240, 600)
_LEAST_DAYS = 28
_DOT, _LINE, _DISC = "34", "1", "33"  # blue, bold, yellow

# Bits of a braille cell, by row and column of its dots.
_BRAILLE = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_BRAILLE_0 = 0x2800


@dataclass(frozen=True)
class Scale:
    """Where a day and a time lie in the plot, as shares from the left and from the top, which is fast.

    Attributes:
        first: the first day, an ordinal.
        days: how many days the plot covers.
        top_s: the time at the upper edge.
        bottom_s: the time at the lower edge; what is slower is not drawn.
    """

    first: int
    days: int
    top_s: float
    bottom_s: float

    def x(self, day: date) -> float:
        """Return the share from the left."""
        return (day.toordinal() - self.first) / self.days

    def y(self, seconds: float) -> float:
        """Return the share from the top."""
        return (seconds - self.top_s) / (self.bottom_s - self.top_s)

    def times(self, most: int) -> tuple[float, ...]:
        """Return times for the labels of the axis, fastest first, at most so many."""
        span_s = self.bottom_s - self.top_s
        step_s = next((step for step in _STEPS_S if span_s / step <= most), _STEPS_S[-1])
        first = -(-self.top_s // step_s)
        return tuple((first + i) * step_s for i in range(int(self.bottom_s // step_s - first) + 1))

    def dates(self, most: int) -> tuple[tuple[date, str], ...]:
        """Return first days of years, or of months of a short history, for the axis, at most so many."""
        first, last = date.fromordinal(self.first), date.fromordinal(self.first + self.days)
        months = range(12 * first.year + first.month, 12 * last.year + last.month)  # those that begin within
        step = next((step for step in _STEPS_MONTHS if len(months) / step <= most), _STEPS_MONTHS[-1])
        days = [date(month // 12, month % 12 + 1, 1) for month in months if month % step == 0]
        names = [format_day(day, weekday=False).removeprefix("1 ") for day in days]
        return tuple((day, name[-4:] if step >= 12 else name) for day, name in zip(days, names, strict=True))


def scale_of(trend: Document) -> Scale:
    """Return the scale of a trend that has an effort.

    Its lower edge is the slowest season best or the median effort, whichever is slower: easy runs, of
    which there are many, would press all that matters together. A few efforts are all shown.
    """
    times = [point["elapsed_s"] for point in trend["points"]]
    fast_s = min(times)
    usual_s = min(max(times), _SLOWEST * fast_s) if len(times) <= _FEW else median(times)
    slow_s = max(usual_s, *(season["best"]["elapsed_s"] for season in trend["seasons"]))
    missing_s = max(_LEAST_SPAN_S - (slow_s - fast_s), 0.0)
    margin_s = _MARGIN * (slow_s - fast_s) + missing_s / 2
    days = [date.fromisoformat(point["day"]).toordinal() for point in trend["points"]]
    span = max(days) - min(days)
    return Scale(min(days), max(span, _LEAST_DAYS), max(fast_s - margin_s, 0.0), slow_s + margin_s)


def render(trend: Document, look: Look) -> str:
    """Write what `miler trend --format json` gives."""
    name = length_name(trend["length_m"])
    title, meaning = f"TREND {name.upper()}", f"  elapsed clock{_given(trend)}"
    if len(title + meaning) <= look.width:
        lines = [look.title(title) + look.dim(meaning)]
    else:
        lines = [look.title(title), *map(look.dim, fitted(meaning, look))]
    if not trend["seasons"]:
        return "\n".join([*lines, "  no effort with a date is like that"]) + "\n"
    plot = _plot(trend, look)
    lines += ["", *plot, ""] if plot else [""]
    lines += _seasons(trend, look)
    lines += ["", *(line for sentence in sentences(trend) for line in fitted(f"  {sentence}", look))]
    return "\n".join(lines) + "\n"


def told(best: Document) -> str:
    """Write a time of a trend with as many digits as it is sure of."""
    return format_duration(best["elapsed_s"], _digits(best))


def told_sure(best: Document) -> str:
    """Write a time of a trend with its ±."""
    return format_sure(best["elapsed_s"], best["low_s"], best["high_s"], brief=True)


def _digits(best: Document) -> int:
    elapsed_s, low_s, high_s = best["elapsed_s"], best["low_s"], best["high_s"]
    return digits_for(None if low_s is None else larger_side_s(elapsed_s, low_s, high_s))


def sentences(trend: Document) -> tuple[str, ...]:
    """Say the best ever, and what a year brings."""
    best = trend["records"][-1]
    on = format_day(best["day"], weekday=False)
    said = [f"Best of {trend['efforts']}: {told(best)} on {on}."]
    slope = trend["slope_s_per_year"]
    if slope is not None:
        first, last = trend["seasons"][0]["year"], trend["seasons"][-1]["year"]
        much = f"{abs(slope):.1f}"
        what = (
            "did not change"
            if much == "0.0"
            else f"got {much} s a year {'faster' if slope < 0 else 'slower'}"
        )
        said.append(f"From {first} to {last} season bests {what} (median of the slopes between them).")
    return tuple(said)


def conditions(given: Document) -> tuple[str, ...]:
    """Say what chose the activities: `kind race`, `from 2020-01-01`."""
    words = {"since": "from", "until": "to", "least_m": "at least", "most_m": "at most"}
    return tuple(
        f"{words.get(name, name)} "
        + (format_distance(value) if isinstance(value, float) else printable(value.replace("_", " ")))
        for name, value in given.items()
    )


def _given(trend: Document) -> str:
    return "".join(f" · {words}" for words in conditions(trend["filter"]))


def _seasons(trend: Document, look: Look) -> list[str]:
    seasons = trend["seasons"][::-1]
    bests = [season["best"] for season in seasons]
    columns = [
        Column("season", [str(season["year"]) for season in seasons]),
        Column("efforts", [str(season["efforts"]) for season in seasons], 2),
        Column("best, ±", [told_sure(best) for best in bests]),
        Column("change", changes(trend)[::-1], 1),
        Column("on", [format_day(best["day"], weekday=False, year=False) for best in bests]),
        Column("#", [str(best["activity_id"]) for best in bests]),
        Column("", ["best so far" if season["record"] else "" for season in seasons], 3, words=True),
    ]
    heads, *lines = laid_out(columns, look)
    bold = (look(line, "1", season["record"]) for line, season in zip(lines, seasons, strict=True))
    return [heads, *bold]


def point_name(span: str) -> str:
    """Say what a point of the plot is."""
    if span == "activity":
        return "an activity"
    return f"best of {'' if span.startswith('four') else 'a '}{span}"


def changes(trend: Document) -> list[str]:
    """Write how much each season changed, with the digits of the less sure best: `−3.2 s` is faster."""
    seasons = trend["seasons"]
    digits = [_digits(season["best"]) for season in seasons]
    return [
        MISSING
        if season["improvement_s"] is None
        else signed(-season["improvement_s"], " s", min(digits[i - 1 : i + 1]))
        for i, season in enumerate(seasons)
    ]


def _plot(trend: Document, look: Look) -> list[str]:
    """Draw the plot with its axes and its legend; nothing where there is too little to draw or no room."""
    if len(trend["points"]) < 2:
        return []
    scale = scale_of(trend)
    times = scale.times(_ROWS // 3)
    digits = 0 if all(seconds == int(seconds) for seconds in times) else 1
    tick = max(len(format_duration(seconds, digits)) for seconds in times) if times else 0
    columns = look.width - tick - 5
    if columns < _LEAST_COLUMNS:
        return []
    canvas = _Canvas(columns, scale, look.plain)
    canvas.scatter(trend["points"])
    canvas.line(trend["records"])
    canvas.discs(season["best"] for season in trend["seasons"])
    labels = {canvas.row(scale.y(seconds)): format_duration(seconds, digits) for seconds in times}
    edge = "|" if look.plain else "│"
    mark = "+" if look.plain else "┤"
    lines = [
        f"  {labels.get(row, ''):>{tick}} {mark if row in labels else edge} {canvas.text(row, look)}".rstrip()
        for row in range(_ROWS)
    ]
    return [*lines, " " * (tick + 5) + _dates(scale, canvas), *_legend(trend, scale, canvas, look, tick + 5)]


def _dates(scale: Scale, canvas: _Canvas) -> str:
    text = [" "] * canvas.columns
    for day, name in scale.dates(max(canvas.columns // 11, 1)):
        at = canvas.column(scale.x(day))
        if at + len(name) <= canvas.columns:
            text[at : at + len(name)] = name
    return "".join(text).rstrip()


def _legend(trend: Document, scale: Scale, canvas: _Canvas, look: Look, indent: int) -> list[str]:
    signs = (
        (canvas.dot, _DOT, point_name(trend["span"])),
        (canvas.level, _LINE, "best so far"),
        (canvas.disc, _DISC, "season best"),
    )
    room = indent + len("   ".join(f"{sign} {words}" for sign, _, words in signs)) <= look.width
    told = [f"{look(sign, code)} {words}" for sign, code, words in signs]
    lines = ["   ".join(told)] if room else told
    slower = sum(p["elapsed_s"] > scale.bottom_s for p in trend["points"])
    return [" " * indent + line for line in (*lines, *([f"{slower} slower, below the plot"] * (slower > 0)))]


class _Canvas:
    """Cells of text, `_ROWS` high, with dots finer than cells where the characters allow it."""

    def __init__(self, columns: int, scale: Scale, plain: bool) -> None:
        self.columns = columns
        self._scale = scale
        self._plain = plain
        self.dot, self.level, self.disc = (".", "-", "o") if plain else ("⠂", "─", "●")
        self._dots: dict[tuple[int, int], int] = {}
        self._drawn: dict[tuple[int, int], tuple[str, str]] = {}

    def column(self, x: float) -> int:
        """Return the cell of a share from the left."""
        return min(int(x * self.columns), self.columns - 1)

    def row(self, y: float) -> int:
        """Return the cell of a share from the top."""
        return min(max(int(y * _ROWS), 0), _ROWS - 1)

    def _place(self, point: Document) -> tuple[float, float]:
        return self._scale.x(date.fromisoformat(point["day"])), self._scale.y(point["elapsed_s"])

    def scatter(self, points: Iterable[Document]) -> None:
        """Set a dot for each point that is within the plot."""
        for x, y in map(self._place, points):
            if y <= 1.0:
                across = min(int(x * 2 * self.columns), 2 * self.columns - 1)
                down = min(int(y * 4 * _ROWS), 4 * _ROWS - 1)
                cell = down // 4, across // 2
                self._dots[cell] = self._dots.get(cell, 0) | _BRAILLE[down % 4][across % 2]

    def line(self, records: Sequence[Document]) -> None:
        """Draw the best so far, level from each record to the next and up where it falls."""
        # Of several in one column, the last is the highest.
        corners = list({self.column(x): self.row(y) for x, y in map(self._place, records)}.items())
        _, before = corners[0]
        turn, rise, up = ("+", "+", "|") if self._plain else ("╯", "╭", "│")
        ends = [*(column for column, _ in corners[1:]), self.columns]
        for (column, row), end in zip(corners, ends, strict=True):
            if row < before:
                self._put(before, column, turn)
                for between in range(row + 1, before):
                    self._put(between, column, up)
                self._put(row, column, rise)
            for across in range(column + (row < before), end):
                self._put(row, across, self.level)
            before = row

    def _put(self, row: int, column: int, character: str) -> None:
        self._drawn[row, column] = character, _LINE

    def discs(self, bests: Iterable[Document]) -> None:
        """Put a disc on each season's best."""
        for x, y in map(self._place, bests):
            self._drawn[self.row(y), self.column(x)] = self.disc, _DISC

    def text(self, row: int, look: Look) -> str:
        """Return one row of cells."""
        return _joined((self._cell(row, column) for column in range(self.columns)), look)

    def _cell(self, row: int, column: int) -> tuple[str, str]:
        if (row, column) in self._drawn:
            return self._drawn[row, column]
        dots = self._dots.get((row, column), 0)
        if not dots:
            return " ", ""
        return (":" if dots & (dots - 1) else ".") if self._plain else chr(_BRAILLE_0 + dots), _DOT


def _joined(cells: Iterable[tuple[str, str]], look: Callable[[str, str, bool], str]) -> str:
    """Join cells, those of one colour under one escape."""
    runs: list[tuple[str, str]] = []
    for character, code in cells:
        if runs and (runs[-1][1] == code or character == " "):
            runs[-1] = runs[-1][0] + character, runs[-1][1]
        else:
            runs.append((character, code))
    return "".join(
        look(text.rstrip(), code, bool(code)) + " " * (len(text) - len(text.rstrip())) for text, code in runs
    )
