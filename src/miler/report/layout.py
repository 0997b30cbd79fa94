"""Sentences beside titles, and columns that fit: for the least wanted there may be no room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from miler.report.look import Look

MISSING = "–"
BESIDE = 70  # columns, from which on titles stand beside their words, not above

_GAP = 2
_LEAST_BAR, _MOST_BAR = 6, 40
_LEAST_WORDS = 12
_INDENT = 2
_TITLE = 15  # columns that a title takes beside its words


@dataclass(frozen=True)
class Column:
    """Cells under a head; `rank` 0 always stays, a higher one leaves first; words stand to the left."""

    head: str
    cells: Sequence[str]
    rank: int = 0
    words: bool = False

    @cached_property
    def width(self) -> int:
        """Of the widest cell or the head."""
        return max(len(self.head), *map(len, self.cells), 0)


def laid_out(columns: Sequence[Column], look: Look, bars: Sequence[float] = ()) -> list[str]:
    """Lay columns out, the heads in the first line.

    Args:
        columns: from the left; one without a value is left out.
        look: how wide, in which characters.
        bars: a share of the longest for each row, drawn where there is room; none for no bars.
    """
    if look.plain:
        columns = [replace(c, head=look.said(c.head), cells=[*map(look.said, c.cells)]) for c in columns]
    room = look.width - _INDENT - (_GAP + _LEAST_BAR if bars else 0)
    kept = _fitting([c for c in columns if not c.rank or _told(c, look)], room, cut=not bars)
    cells = min(look.width - _INDENT - _across(kept) - _GAP, _MOST_BAR)
    rows = [[c.head for c in kept], *zip(*(c.cells for c in kept), strict=True)]
    lines = [" " * _INDENT + (" " * _GAP).join(map(_cell, row, kept)) for row in rows]
    if bars and cells >= _LEAST_BAR:
        lines[1:] = [
            line + " " * _GAP + look.bar(share, cells) if share > 0 else line
            for line, share in zip(lines[1:], bars, strict=True)
        ]
    heads, *below = (_cut(line.rstrip(), look) for line in lines)
    return [look.dim(heads), *below]


def _told(column: Column, look: Look) -> bool:
    return any(cell not in ("", look.said(MISSING)) for cell in column.cells)


def _fitting(columns: list[Column], room: int, *, cut: bool) -> list[Column]:
    """Leave out what does not fit; words at the end may be cut off, but for their beginning."""
    while any(c.rank for c in columns):
        spared = max(columns[-1].width - _LEAST_WORDS, 0) if cut and columns[-1].words else 0
        if _across(columns) - spared <= room:
            break
        columns.remove(max(reversed(columns), key=lambda c: c.rank))
    return columns


def _across(columns: Sequence[Column]) -> int:
    return sum(c.width for c in columns) + _GAP * (len(columns) - 1)


def _cell(text: str, column: Column) -> str:
    return text.ljust(column.width) if column.words else text.rjust(column.width)


def _cut(line: str, look: Look) -> str:
    if len(line) <= look.width:
        return line
    end = look.said("…")
    return line[: look.width - len(end)].rstrip() + end


def fitted(line: str, look: Look) -> list[str]:
    """Break a line that is too wide; what follows stands further in than its beginning."""
    if len(line) <= look.width:
        return [look.said(line)]
    before = " " * (len(line) - len(line.lstrip()))
    return look.wrap(line.strip(), before, before + "  ")


def indent(look: Look) -> str:
    """Return what is left of words under a title."""
    return " " * (_TITLE if look.width >= BESIDE else _INDENT)


def hung(said: str, look: Look) -> list[str]:
    """Break a sentence into lines under a title; the second and later ones stand back a little."""
    return look.wrap(said, indent(look), indent(look) + "  ") if said else []


def titled(title: str, sentences: Iterable[str], look: Look, big: str = "") -> list[str]:
    """Put sentences beside a title, or below it where that is narrow; `big` is what the first begins with."""
    lines = [line for said in sentences for line in hung(said, look)]
    if not lines:
        return []
    big = look.said(big)
    lines[0] = lines[0].replace(big, look.big(big), 1) if big else lines[0]
    if look.width < BESIDE:
        return [look.title(title), *lines]
    return [f"{look.title(title)}{lines[0][len(title) :]}", *lines[1:]]


def headed(title: str, meaning: str, look: Look) -> str:
    """Write a title, with what stands below it where there is room for that."""
    return look.title(title) + (look.dim(meaning) if len(title + meaning) <= look.width else "")
