"""The outcome of a file → its share of a report of many files, and the shares put together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from miler.analysis import Analysis
from miler.outcome import Kind, Outcome
from miler.report import document
from miler.report.render import FORMATS, render
from miler.report.words import printable
from miler.settings import Settings


@dataclass(frozen=True)
class Rendered:
    """One file's share of a report: a piece for each activity, and a line if it has none.

    A piece is text, but for html the analysis itself: a page needs all of them to begin.
    """

    kind: Kind
    pieces: tuple[str | Analysis, ...]
    line: str | None = None


def rendered(outcome: Outcome, format: str, color: bool = False) -> Rendered:
    """Render one outcome, in the worker; `joined` puts the pieces together."""
    if outcome.error is None:
        return Rendered(outcome.kind, tuple(_piece(a, format, color) for a in outcome.analyses))
    if format == "jsonl":
        refused = document.skipped if outcome.kind == "skipped" else document.failure
        return Rendered(outcome.kind, (document.dumps(refused(outcome.source, outcome.error)) + "\n",))
    return Rendered(outcome.kind, (), refusal_line(outcome))


def refusal_line(outcome: Outcome) -> str | None:
    """Say in one line why a file gave no report: `failed run.fit: the file is empty`."""
    if outcome.error is None:
        return None
    return printable(f"{outcome.kind} {outcome.source.name}: {outcome.error.message}")


def _piece(analysis: Analysis, format: str, color: bool) -> str | Analysis:
    if format == "html":
        return analysis
    return document.csv_row(analysis) if format == "csv" else render(analysis, format, color=color)


def joined(pieces: Iterable[str | Analysis], format: str, settings: Settings) -> Iterator[str]:
    """Put the pieces of many files together into one report, holding no more than two of text.

    Raises:
        ValueError: for another format.
    """
    if format == "html":
        from miler.report import html

        yield html.render([piece for piece in pieces if isinstance(piece, Analysis)])
        return
    texts = (piece for piece in pieces if isinstance(piece, str))
    if format == "json":
        yield from _object_or_array(texts)
    elif format in FORMATS:
        if format == "csv":
            yield document.csv_header(settings)
        for count, text in enumerate(texts):
            yield "\n" + text if format == "text" and count else text
    else:
        raise ValueError(f"no such format: {format!r}; there are {', '.join(FORMATS)}")


def _object_or_array(texts: Iterator[str]) -> Iterator[str]:
    """One activity is an object, several are an array: the second decides, so one is held back."""
    held = next(texts, None)
    if held is None:
        yield "[]\n"
        return
    opening = ""
    for text in texts:
        yield (opening or "[\n") + held.rstrip("\n")
        opening, held = ",\n", text
    yield opening + held.rstrip("\n") + ("\n]\n" if opening else "\n")
