"""One Analysis in any format: the one table of formats."""

from __future__ import annotations

from miler.analysis import Analysis
from miler.report import document, text
from miler.report.look import Look

FORMATS = ("text", "json", "jsonl", "csv", "html")


def render(
    analysis: Analysis,
    format: str = "text",
    *,
    color: bool = False,
    width: int = text.WIDTH,
    plain: bool = False,
) -> str:
    """Write one activity's report.

    Args:
        analysis: what to report.
        format: `text`, `json`, `jsonl` (one line), `csv` (with its header) or `html` (a whole page).
        color: add ANSI colours to text.
        width: of a line of text, in columns.
        plain: draw text with ASCII only.

    Returns:
        Text that ends with a newline; the same for equal input.

    Raises:
        ValueError: for another format.
    """
    if format == "text":
        return text.render(analysis, Look(width, color, plain))
    if format == "json":
        return document.dumps(document.document(analysis), indent=2) + "\n"
    if format == "jsonl":
        return document.dumps(document.document(analysis)) + "\n"
    if format == "csv":
        return document.csv_header(analysis.settings) + document.csv_row(analysis)
    if format == "html":
        from miler.report import html

        return html.render([analysis])
    raise ValueError(f"no such format: {format!r}; there are {', '.join(FORMATS)}")
