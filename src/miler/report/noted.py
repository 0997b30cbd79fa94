"""What was odd about a recording, in lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from miler.activity import Note
from miler.report.look import Look
from miler.shown import printable
from miler.units import format_duration

_MOST = 8  # of one code; of more, the first few stand for the rest
_SHOWN = 3


def noted(notes: Iterable[Note], look: Look) -> Iterator[str]:
    """Damage first, then findings, each code together; many of one code are cut short."""
    ordered = sorted(notes, key=lambda note: (note.kind != "damage", note.code))
    for (kind, _), group in groupby(ordered, key=lambda note: (note.kind, note.code)):
        alike = list(group)
        shown = alike if len(alike) <= _MOST else alike[:_SHOWN]
        said = [printable(note.message) + _moment(note) for note in shown]
        if len(alike) > len(shown):
            said.append(f"{len(alike) - len(shown)} more like these; --format json has them all")
        for message in said:
            for line in look.wrap(message, "  ! " if kind == "damage" else "  · ", "    "):
                yield look.warn(line) if kind == "damage" else line


def _moment(note: Note) -> str:
    return "" if note.at_s is None else f" (at {format_duration(note.at_s, 0)})"
