"""The verbs that ask the library, or tell it something of an activity; `register` puts all on the group."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import click

from miler.cli_duplicates import merge, show_duplicates, unmerge
from miler.cli_import import import_, library_, library_option, open_library, reprocess
from miler.cli_options import OK, has_color, has_folder, settings_of

_LIST_LIMIT, _BEST_LIMIT = 50, 10

_format_option = click.option(
    "--format", "format_", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True
)
_number = click.argument("activity_id", type=click.IntRange(min=1), metavar="ID")


def register(group: click.Group) -> None:
    """Put the library's verbs on the group, in the order in which they are told."""
    for command in (
        import_, best, list_, show, exclude, include, set_, delete, merge, unmerge, reprocess, export,
        library_,
    ):  # fmt: skip
        group.add_command(command)


def _length(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """Read a distance as runners write it, in metres."""
    from miler.errors import SettingsError
    from miler.units import parse_distance

    try:
        return None if value is None else parse_distance(value)
    except SettingsError as error:
        raise click.BadParameter(error.message, ctx, param) from None


_effort_option = click.option(
    "--effort", "length_m", callback=_length, metavar="LENGTH", help="Only its effort of this distance (1mi)."
)


@click.command(short_help="The library's best efforts.")
@click.argument("length_m", callback=_length, required=False, metavar="[DISTANCE]")
@click.option("--year", type=click.IntRange(1, 9999), help="Of this year only.")
@click.option("--sport", help="In this sport only.")
@click.option("--limit", type=click.IntRange(min=1), default=_BEST_LIMIT, show_default=True)
@_format_option
@library_option
def best(
    length_m: float | None, year: int | None, sport: str | None, limit: int, format_: str,
    library_path: Path | None,
) -> int:  # fmt: skip
    """Show the fastest efforts over DISTANCE, one an activity; without it, the best of each distance.

    The clock is elapsed time. Efforts that were excluded are shown apart.
    """
    from miler.report import listing

    with open_library(library_path) as library:
        if length_m is None:
            known = library.lengths()
            rows = [asdict(b) for m in known for b in library.best(m, limit=1, year=year, sport=sport)]
            apart: list[dict[str, Any]] = []
        else:
            every = (
                library.best(length_m, limit=limit, year=year, sport=sport, excluded=apart_)
                for apart_ in (False, True)
            )
            rows, apart = ([asdict(effort) for effort in efforts] for efforts in every)
    color = has_color(sys.stdout)
    if format_ != "text":
        return _write_rows([*rows, *apart], format_)
    text = (
        listing.bests(rows, color=color)
        if length_m is None
        else listing.ranked(length_m, rows, apart, color=color)
    )
    click.echo(text, nl=False)
    return OK


def _write_rows(rows: list[dict[str, Any]], format: str) -> int:
    from miler.report import listing
    from miler.report.document import dumps

    if format == "json":
        click.echo(dumps(rows, indent=2))
    for line in listing.csv(rows) if format == "csv" else ():
        click.echo(line, nl=False)
    return OK


_Day = click.DateTime(["%Y-%m-%d"])


@click.command("list", short_help="The activities in the library.")
@click.option("--since", type=_Day, metavar="YYYY-MM-DD", help="From this day on.")
@click.option("--until", type=_Day, metavar="YYYY-MM-DD", help="Up to this day.")
@click.option("--sport", help="In this sport only.")
@click.option("--device", help="Whose device has this in its name.")
@click.option("--note", metavar="CODE", help="With a note of this code, such as teleport.")
@click.option("--limit", type=click.IntRange(min=0), default=_LIST_LIMIT, show_default=True,
              help="How many, the latest first; 0 for all.")  # fmt: skip
@click.option("--duplicates", is_flag=True, help="Instead: runs from several files, and why they are one.")
@_format_option
@click.option("--units", type=click.Choice(["mi", "km"]), help="What distances are shown in [mi].")
@library_option
def list_(
    since: datetime | None, until: datetime | None, limit: int, duplicates: bool, format_: str,
    units: str | None, library_path: Path | None, **filters: str | None,
) -> int:  # fmt: skip
    """List activities, the latest first. Days are those of the runner's calendar."""
    from miler.library import Filter
    from miler.report import listing

    if duplicates:
        with open_library(library_path) as library:
            return show_duplicates(library, format_, color=has_color(sys.stdout))
    chosen = Filter(since and since.date(), until and until.date(), **filters)
    shown = settings_of({"units": units, "config": None}).units
    with open_library(library_path) as library:
        rows = [asdict(row) for row in library.list(chosen, limit=limit or None)]
        total = library.count(chosen)
    if format_ != "text":
        return _write_rows(rows, format_)
    click.echo(listing.listed(rows, total, shown, color=has_color(sys.stdout)), nl=False)
    return OK


@click.command(short_help="Show the report of an activity in the library.")
@_number
@click.option(
    "--format", "format_", type=click.Choice(["text", "json", "html"]), default="text", show_default=True
)
@library_option
def show(activity_id: int, format_: str, library_path: Path | None) -> int:
    """Show the report of an activity as it was made; html is made anew from the original."""
    with open_library(library_path) as library:
        if format_ == "html":
            from miler.library.importing import analysis_of
            from miler.report.render import render

            click.echo(render(analysis_of(library, activity_id), "html"), nl=False)
            return OK
        kept = library.get(activity_id)
    if format_ == "json":
        from miler.report.document import dumps

        click.echo(dumps(kept.document, indent=2))
    else:
        from miler.report.listing import shown

        click.echo(shown(asdict(kept), color=has_color(sys.stdout)), nl=False)
    return OK


@click.command(short_help="Leave an activity out of the bests.")
@_number
@_effort_option
@library_option
def exclude(activity_id: int, length_m: float | None, library_path: Path | None) -> int:
    """Leave an activity's efforts out of the bests; it stays in the library."""
    with open_library(library_path) as library:
        library.exclude(activity_id, length_m)
    return OK


@click.command(short_help="Take an exclusion back.")
@_number
@_effort_option
@library_option
def include(activity_id: int, length_m: float | None, library_path: Path | None) -> int:
    """Let an activity's efforts count among the bests again."""
    with open_library(library_path) as library:
        library.include(activity_id, length_m)
    return OK


@click.command("set", short_help="Say what the file does not: title, tags, sport.")
@_number
@click.argument("pairs", nargs=-1, required=True, metavar="KEY=VALUE...")
@library_option
def set_(activity_id: int, pairs: Sequence[str], library_path: Path | None) -> int:
    """Give an activity a title, tags (words with commas between) or a sport; nothing after = takes it back.

    What is said here outlasts reprocessing; the file is not changed.
    """
    values = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise click.UsageError(f"{pair!r} is not KEY=VALUE")
        values[key] = value or None
    with open_library(library_path) as library:
        library.set(activity_id, **values)
    return OK


@click.command(short_help="Take an activity out of the library.")
@_number
@click.option("--yes", is_flag=True, help="Do not ask.")
@library_option
def delete(activity_id: int, yes: bool, library_path: Path | None) -> int:
    """Take an activity out of the library. Its file stays, and importing it again does not bring it back."""
    from miler.report.words import printable

    with open_library(library_path) as library:
        kept = library.get(activity_id)
        name = printable(kept.title or kept.document["source"]["name"])
        question = f"Take activity {activity_id} ({name}) out of the library?"
        if yes or click.confirm(question, err=True):
            library.delete(activity_id)
    return OK


@click.command(short_help="Write the whole library as text.")
@click.option("--format", "format_", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              callback=has_folder, help="Write to this file, whole or not at all.")  # fmt: skip
@library_option
def export(format_: str, output: Path | None, library_path: Path | None) -> int:
    """Write every activity as a line: jsonl holds all that is known, csv what a spreadsheet wants."""
    from miler.files import write_atomic
    from miler.library.exporting import lines

    with open_library(library_path) as library:
        if output is None:
            _write_lines(lines(library, format_), sys.stdout)
        else:
            with write_atomic(output) as stream:
                _write_lines(lines(library, format_), stream)
    return OK


def _write_lines(lines: Iterable[str], stream: IO[str]) -> None:
    for line in lines:
        stream.write(line)
