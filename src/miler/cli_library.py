"""The verbs that show, tell of, delete or export activities."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from miler.cli_import import library_option, open_library
from miler.cli_options import OK, SOME_FAILED, Number, has_place, look_at
from miler.cli_questions import chosen_by, filters, length

if TYPE_CHECKING:
    from miler.library import Filter, Library

_number = click.argument("activity_id", type=Number(min=1), metavar="ID")


_effort_option = click.option(
    "--effort", "length_m", callback=length, metavar="LENGTH", help="Only its effort of this distance (1mi)."
)


@click.command(short_help="Show the report of an activity in the library.")
@_number
@click.option(
    "--format", "format_", type=click.Choice(["text", "json", "html"]), default="text", show_default=True
)
@click.option("--ascii", "plain", is_flag=True, help="Draw with plain characters only.")
@library_option
def show(activity_id: int, format_: str, plain: bool, library_path: Path | None) -> int:
    """Show the report of an activity, also where its original is gone; html needs the original."""
    with open_library(library_path) as library:
        if format_ == "html":
            from miler.library.importing import analysis_of
            from miler.report.render import render

            click.echo(render(analysis_of(library, activity_id), "html"), nl=False)
            return OK
        kept, own_bests = library.get(activity_id), library.own_bests(activity_id)
    if format_ == "json":
        from miler.report.document import dumps

        click.echo(dumps(kept.document, indent=2))
    else:
        from miler.report.listing import shown

        look = look_at(sys.stdout, plain=plain)
        click.echo(shown(vars(kept), kept.text(look), look, own_bests), nl=False)
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


@click.command("set", short_help="Say what the file does not: title, tags, kind, shoes, wind …")
@_number
@click.argument("pairs", nargs=-1, required=True, metavar="KEY=VALUE...")
@library_option
def set_(activity_id: int, pairs: Sequence[str], library_path: Path | None) -> int:
    """Say what the file does not; nothing after = takes it back.

    KEY is title, tags (words with commas between), sport, kind (race, time_trial, workout, long_run,
    easy), surface (track, road, trail, grass, indoor, treadmill), shoes or wind. What
    is said here outlasts reprocessing; the file is not changed.
    """
    values = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise click.UsageError(f"{pair!r} is not KEY=VALUE")
        values[key] = value
    with open_library(library_path) as library:
        library.set(activity_id, **values)
    return OK


@click.command(short_help="Take an activity out of the library.")
@_number
@click.option("--yes", is_flag=True, help="Do not ask.")
@library_option
def delete(activity_id: int, yes: bool, library_path: Path | None) -> int:
    """Take an activity out of the library. Its file stays, and importing it again does not bring it back."""
    from miler.shown import printable

    with open_library(library_path) as library:
        kept = library.get(activity_id)
        name = printable(kept.title or kept.document["source"]["name"])
        question = f"Take activity {activity_id} ({name}) out of the library?"
        if yes or click.confirm(question, err=True):
            library.delete(activity_id)
    return OK


@click.command(short_help="Write the library for other programs.")
@click.option("--format", "format_", type=click.Choice(["jsonl", "csv", "parquet", "gpx"]), default="jsonl",
              show_default=True)  # fmt: skip
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="PATH", callback=has_place,
              help="Write to this file, whole or not at all; gpx: into this folder.")  # fmt: skip
@filters
@library_option
def export(format_: str, output: Path | None, library_path: Path | None, **conditions: Any) -> int:
    """Write every activity, or those chosen, for other programs.

    jsonl holds all that is known, a line an activity; csv and parquet a row an activity, as a
    spreadsheet wants it; gpx a file an activity, made from its original, into a folder.
    """
    from miler.atomic import write_atomic
    from miler.library import exporting

    if format_ in ("parquet", "gpx") and output is None:
        where = "-o FOLDER" if format_ == "gpx" else "-o FILE"
        raise click.UsageError(f"{format_} is not for the terminal; name a place with {where}")
    if output is not None and output.is_dir() != (format_ == "gpx") and output.exists():
        raise click.UsageError(f"{output} is {'a' if output.is_dir() else 'no'} folder")
    chosen = chosen_by(conditions)
    with open_library(library_path) as library:
        if format_ == "gpx":
            assert output is not None
            return _export_gpx(library, output, chosen)
        if format_ == "parquet":
            assert output is not None
            exporting.write_parquet(library, output, chosen)
        elif output is None:
            _write_lines(exporting.lines(library, format_, chosen), sys.stdout)
        else:
            with write_atomic(output) as stream:
                _write_lines(exporting.lines(library, format_, chosen), stream)
    return OK


def _export_gpx(library: Library, folder: Path, chosen: Filter) -> int:
    from miler.library.exporting import write_gpx
    from miler.shown import printable

    folder.mkdir(exist_ok=True)
    counts = Counter[str]()
    for ending in write_gpx(library, folder, chosen):
        counts[ending.ending] += 1
        if ending.message is not None:
            click.echo(printable(f"{ending.ending} {ending.name}: {ending.message}"), err=True)
    left = "".join(f", {counts[word]} {word}" for word in ("skipped", "failed") if counts[word])
    click.echo(f"{counts['imported']} written{left}", err=True)
    return SOME_FAILED if counts["failed"] else OK


def _write_lines(lines: Iterable[str], stream: IO[str]) -> None:
    for line in lines:
        stream.write(line)
