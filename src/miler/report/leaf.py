"""One report of a folder of reports: how it is called, its page, and its line in the index."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from miler.analysis import Analysis
from miler.report import html
from miler.report.document import document, rounded
from miler.report.runs import Run, run_of, stem

INDEX, STYLE, SCRIPT = "index.html", "report.css", "report.js"


@dataclass(frozen=True)
class Leaf:
    """A report: `run.address` is the name of its file, `page` what is to be written there."""

    run: Run
    page: str


def leaf(analysis: Analysis) -> Leaf:
    """Make the report of an activity; its name is of its content, so that equal bytes are one report."""
    run = run_of(rounded(document(analysis)), analysis.settings.unit)
    name = f"{stem(run.start_local, run.title, _of_content(analysis))}.html"
    return Leaf(replace(run, address=name), page_of(analysis))


def page_of(analysis: Analysis, made_of: str | None = None) -> str:
    """Write the page of an activity, to lie beside `STYLE`, `SCRIPT` and `INDEX`."""
    return html.render([analysis], script_at=SCRIPT, style_at=STYLE, home=INDEX, made_of=made_of)


def _of_content(analysis: Analysis) -> str:
    source = analysis.source
    return hashlib.sha256(f"{source.sha256} {source.part}".encode()).hexdigest()[:12]
