"""The outcome of a file → its share of a report of many files. Runs in the worker."""

from __future__ import annotations

from dataclasses import dataclass

from miler.analysis import Analysis
from miler.batch import Kind, Outcome
from miler.report import document
from miler.report.render import render
from miler.report.words import printable


@dataclass(frozen=True)
class Rendered:
    """One file's share of a report: a piece for each activity, and a line if there is none."""

    kind: Kind
    pieces: tuple[str, ...]
    line: str | None = None


def rendered(outcome: Outcome, format: str, color: bool) -> Rendered:
    """Render one outcome as text, json, jsonl or csv (without its header)."""
    if outcome.error is None:
        pieces = tuple(_piece(analysis, format, color) for analysis in outcome.analyses)
        return Rendered(outcome.kind, pieces)
    line = refusal_line(outcome)
    if format != "jsonl":
        return Rendered(outcome.kind, (), line)
    refused = document.skipped if outcome.kind == "skipped" else document.failure
    return Rendered(outcome.kind, (document.dumps(refused(outcome.source, outcome.error)) + "\n",), line)


def refusal_line(outcome: Outcome) -> str | None:
    """Say in one line why a file gave no report: `failed run.fit: the file is empty`."""
    if outcome.error is None:
        return None
    return printable(f"{outcome.kind} {outcome.source.name}: {outcome.error.message}")


def _piece(analysis: Analysis, format: str, color: bool) -> str:
    return document.csv_row(analysis) if format == "csv" else render(analysis, format, color=color)
