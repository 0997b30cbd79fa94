"""The verbs for runs that came from several files: merge, unmerge, and what `list --duplicates` shows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from miler.cli_import import library_option, open_library
from miler.cli_options import OK, Number

if TYPE_CHECKING:
    from miler.library import Library
    from miler.report.look import Look


@click.command(short_help="Make several activities one.")
@click.argument("activity_ids", nargs=-1, required=True, type=Number(min=1), metavar="ID ID...")
@library_option
def merge(activity_ids: Sequence[int], library_path: Path | None) -> int:
    """Make activities one: the best source leads, the smallest number stays, and this is remembered."""
    with open_library(library_path) as library:
        number = library.merge(*activity_ids)
    click.echo(f"activity {number}")
    return OK


@click.command(short_help="Make the files of an activity activities of their own.")
@click.argument("activity_ids", nargs=-1, required=True, type=Number(min=1), metavar="ID...")
@library_option
def unmerge(activity_ids: Sequence[int], library_path: Path | None) -> int:
    """Make each file of an activity an activity of its own; importing them again does not merge them.

    Several IDs: they stay as they are, and are not asked about again.
    """
    with open_library(library_path) as library:
        numbers = library.unmerge(*activity_ids)
    click.echo(f"activities {', '.join(str(number) for number in numbers)}")
    return OK


def show_duplicates(library: Library, format_: str, look: Look) -> int:
    """Show the runs that came from several files, and those that may have, with the evidence.

    Raises:
        UsageError: for csv, which has no place for a list within a list.
    """
    from dataclasses import asdict

    from miler.report import listing
    from miler.report.document import dumps

    if format_ == "csv":
        raise click.UsageError("--duplicates is text or json")
    found = [asdict(double) for double in library.duplicates()]
    if format_ == "json":
        click.echo(dumps(found, indent=2))
    else:
        click.echo(listing.duplicates(found, look), nl=False)
    return OK
