"""The outcome of a file → its share of a report of many files, and the shares put together.

Shares are rendered in workers. What only passes them on needs neither numpy nor a renderer, and
does not wait for them: they are imported where a share is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miler.settings import Settings

if TYPE_CHECKING:
    from miler.analysis import Analysis
    from miler.outcome import Kind, Outcome
    from miler.report.leaf import Leaf
    from miler.report.look import Look

    Piece = str | Analysis | Leaf

FOLDER = "folder"  # html, a page an activity


@dataclass(frozen=True)
class Rendered:
    """One file's share of a report: a piece for each activity, and a line if it has none.

    A piece is text, but for html the analysis itself, for one page needs all of them to begin, and for
    a folder of html a `Leaf`.
    """

    kind: Kind
    pieces: tuple[Piece, ...]
    line: str | None = None


def rendered(outcome: Outcome, format: str, look: Look | None = None) -> Rendered:
    """Render one outcome, in the worker; `joined` puts the pieces together."""
    from miler.report import document
    from miler.shown import printable

    if outcome.error is None:
        return Rendered(outcome.kind, tuple(_piece(a, format, look) for a in outcome.analyses))
    if format == "jsonl":
        refused = document.skipped if outcome.kind == "skipped" else document.failure
        return Rendered(outcome.kind, (document.dumps(refused(outcome.source, outcome.error)) + "\n",))
    line = printable(f"{outcome.kind} {outcome.source.name}: {outcome.error.message}")
    return Rendered(outcome.kind, (), line)


def _piece(analysis: Analysis, format: str, look: Look | None) -> Piece:
    from miler.report import document, render, text

    if format == "html":
        return analysis
    if format == FOLDER:
        from miler.report.leaf import leaf

        return leaf(analysis)
    if format == "csv":
        return document.csv_row(analysis)
    if format == "text":
        return text.render(analysis, look)
    return render.render(analysis, format)


def joined(
    pieces: Iterable[Piece], format: str, settings: Settings, *, several: bool = False
) -> Iterator[str]:
    """Put the pieces of many files together into one report, holding no more than two of text.

    Args:
        pieces: of every file, in order.
        format: the pieces' own.
        settings: that made them; they name the columns of csv.
        several: whether more than one file was asked for: then json is an array however many
            activities there are, so that what a program gets never depends on what failed.

    Raises:
        ValueError: for another format.
    """
    if format == "html":
        from miler.analysis import Analysis
        from miler.report import html

        yield html.render([piece for piece in pieces if isinstance(piece, Analysis)])
        return
    texts = (piece for piece in pieces if isinstance(piece, str))
    if format == "json":
        yield from _object_or_array(texts, several)
        return
    if format == "csv":
        from miler.report.document import csv_header

        yield csv_header(settings)
    elif format not in ("text", "jsonl"):
        raise ValueError(f"no such format: {format!r}")
    for count, text in enumerate(texts):
        yield "\n" + text if format == "text" and count else text


def _object_or_array(texts: Iterator[str], several: bool) -> Iterator[str]:
    """One file's one activity is an object, else an array: a second decides, so one is held back."""
    held = next(texts, None)
    if held is None:
        yield from ["[]\n"] if several else []
        return
    opening = "[\n" if several else ""
    for text in texts:
        yield (opening or "[\n") + held.rstrip("\n")
        opening, held = ",\n", text
    yield opening + held.rstrip("\n") + ("\n]\n" if opening else "\n")
