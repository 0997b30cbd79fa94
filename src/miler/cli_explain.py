"""The verb `explain`: the path of a number."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from miler.cli_options import OK, look_at, one_file, settings_of, settings_options


@click.command(short_help="Explain how a file's time came about.")
@click.argument("path", type=click.Path(), metavar="FILE", callback=one_file)
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@settings_options
def explain(path: str, format_: str, effort_lengths_m: Sequence[str], **options: Any) -> int:
    """Explain how a file's time came about: records, filters, error budget, and what lost against it.

    Of the mile, or of the length that --effort names.
    """
    from miler.explaining import explain as explained
    from miler.files import read_all
    from miler.report import explained as report
    from miler.report.document import dumps
    from miler.sidecars import overrides_beside
    from miler.units import MILE_M, parse_distance

    settings = settings_of({**options, "effort_lengths_m": ()})
    length_m = parse_distance(effort_lengths_m[-1]) if effort_lengths_m else MILE_M
    name, said = Path(path).name, overrides_beside(path)
    for activity in read_all(path):
        found = explained(activity, settings, length_m, said)
        if format_ == "json":
            click.echo(dumps(report.explanation_document(found, name), indent=2))
        else:
            click.echo(report.render(found, name, look_at(sys.stdout)), nl=False)
    return OK
