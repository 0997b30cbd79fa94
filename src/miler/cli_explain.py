"""The verb `explain`: the path of a number."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from miler.cli_import import library_option, open_library
from miler.cli_options import OK, given, look_at, one_file, settings_of, settings_options

if TYPE_CHECKING:
    from miler.activity import Activity
    from miler.settings import Settings


@click.command(short_help="Explain how a time came about.")
@click.argument("what", type=click.Path(), metavar="FILE|ID", callback=one_file)
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@library_option
@settings_options
def explain(
    what: str, format_: str, library_path: Path | None, effort_lengths_m: Sequence[str], **options: Any
) -> int:
    """Explain how a time came about: records, filters, error budget, and what lost against it.

    Of a file, or of an activity of the library, whose original is read again; of the mile, or of the length
    that --effort names.
    """
    from miler.explaining import explain as explained
    from miler.report import explained as report
    from miler.report.document import dumps
    from miler.sidecars import overrides_beside
    from miler.units import MILE_M, parse_distance

    length_m = parse_distance(effort_lengths_m[-1]) if effort_lengths_m else MILE_M
    number = int(what) if what.isdecimal() and not Path(what).exists() else None
    read = _of_file(what, options) if number is None else _of_library(number, library_path, options)
    name = Path(what).name if number is None else f"activity {number}"
    for activity, settings, path in read:
        found = explained(activity, settings, length_m, overrides_beside(path))
        if format_ == "json":
            click.echo(dumps(report.explanation_document(found, name), indent=2))
        else:
            click.echo(report.render(found, name, look_at(sys.stdout)), nl=False)
    return OK


_Read = Iterator[tuple["Activity", "Settings", str | None]]


def _of_file(path: str, options: dict[str, Any]) -> _Read:
    from miler.files import read_all

    settings = settings_of({**options, "effort_lengths_m": ()})
    for activity in read_all(path):
        yield activity, settings, path


def _of_library(number: int, library_path: Path | None, options: dict[str, Any]) -> _Read:
    """Yield an activity with the settings that made its results, or a file's, and what flags say else."""
    from miler.library.importing import recording_of
    from miler.settings import Settings

    with open_library(library_path) as library:
        activity, settings, path = recording_of(library, number)
    if options["config"] is None:
        yield activity, Settings.from_mapping(settings.as_dict() | given(options)), path
    else:
        yield activity, settings_of(options), path
