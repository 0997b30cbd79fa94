"""The verbs `records` and `profile`: the record book, and who the runner is."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from miler.cli_options import OK, fits, look_at

if TYPE_CHECKING:
    from miler.recordbook import Mark


@click.command(short_help="Show the record book.")
@click.option("--sex", type=click.Choice(["F", "M"]), help="Women's or men's marks only.")
@click.option("--surface", type=click.Choice(["outdoor", "short_track", "road"]), help="One book only.")
@click.option("--event", metavar="EVENT", help='One event only, such as "1 mile".')
@click.option("--category", metavar="CATEGORY", help="senior, U20, M40, W60, USA (its record), …")
@click.option("--country", metavar="CODE", help="Marks of athletes of one country only, such as KEN.")
@click.option("--status", metavar="STATUS", help="ratified, listed, pending, superseded, unofficial, …")
@click.option("--progression", is_flag=True,
              help="How the record of a book fell [outdoor mile], with dates and a plot.")  # fmt: skip
@click.option("--splits", is_flag=True, help="The published splits of record races, with their sources.")
@click.option("--check", "check_", is_flag=True,
              help="List the marks that are pending, or not looked at for a year.")  # fmt: skip
@click.option("--sources", is_flag=True, help="Below each mark, where it comes from.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False),
              help="Read settings, and records.toml beside them, from here.")  # fmt: skip
def records(
    progression: bool,
    splits: bool,
    check_: bool,
    sources: bool,
    format_: str,
    config: Path | None,
    **filters: Any,
) -> int:
    """Show the record book: time, holder, place, status and source of each mark.

    Marks, rivals and goals of your own are read from records.toml beside the settings file.
    """
    from miler import recordbook
    from miler.config import settings_from
    from miler.report import records as shown
    from miler.report.document import dumps

    if splits:
        return _show_splits(filters["sex"], format_)
    own = settings_from({}, os.environ, config).own_records
    filters["nationality"] = filters.pop("country")
    book = recordbook.marks(own)
    for name, value in filters.items():
        _refuse_unknown(name, value, book)
    if progression:
        # Unasked, the outdoor mile; what was asked for decides instead, each book a progression.
        usual = {"event": "1 mile", "surface": "outdoor", "category": "senior"}
        filters = {name: filters[name] or usual.get(name) for name in filters}
    marks = recordbook.select(book, **filters)
    if check_:
        from datetime import UTC, datetime

        found = recordbook.stale(marks, datetime.now(UTC).date(), own)
        marks = tuple(mark for mark, _ in found)
        if format_ == "text":
            click.echo(shown.render_check(found, look_at(sys.stdout).width), nl=False)
            return OK
    if format_ == "json":
        click.echo(dumps(shown.records_document(marks, own), indent=2))
    else:
        render = shown.render_progression if progression else shown.render_records
        look = look_at(sys.stdout)
        click.echo(render(marks, look.width, look.color, own, sources), nl=False)
    return OK


def _show_splits(sex: str | None, format: str) -> int:
    from miler.recordbook import profiles
    from miler.report import profiles as shown
    from miler.report.document import dumps

    races = [race for race in profiles() if sex in (None, race.sex)]
    if format == "json":
        click.echo(dumps(shown.profiles_document(races), indent=2))
    else:
        click.echo(shown.render_profiles(races, look_at(sys.stdout).width), nl=False)
    return OK


def _refuse_unknown(name: str, value: str | None, book: tuple[Mark, ...]) -> None:
    """Tell a filter that nothing in the book has from one that only finds nothing beside others."""
    known = dict.fromkeys(str(getattr(mark, name)) for mark in book)
    if value is not None and value not in known:
        raise click.UsageError(f"no record of {value!r} is in the book; it has {', '.join(known)}")


@click.command(short_help="Say who runs: sex, birth year, lane, units.")
@click.option("--sex", type=click.Choice(["F", "M"]), help="Whose records to compare with.")
@click.option("--birth-year", type=int, metavar="YEAR", help="For the age grade.")
@click.option("--lane", type=int, metavar="N", help="Of the track, by habit; else told from the positions.")
@click.option("--units", type=click.Choice(["mi", "km", "both"]), help="What paces and splits are shown in.")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False),
              help="The settings file [the user's own].")  # fmt: skip
def profile(config: Path | None, **values: Any) -> int:
    """Show the runner's profile, or write what is given into the settings file.

    None of it is needed: without a sex miles are compared with both books, without a birth year they
    have no age grade. What else is in the file stays there. It never leaves this machine.
    """
    from miler.config import settings_from, settings_path, with_settings
    from miler.settings import Settings

    given = {name: value for name, value in values.items() if value is not None}
    path = settings_path(os.environ, config)
    if given:
        from miler.atomic import write_atomic

        Settings.from_mapping(given)  # refuses what does not fit before anything is written
        old = path.read_text(encoding="utf-8-sig") if path.exists() else ""
        path.parent.mkdir(parents=True, exist_ok=True)
        with write_atomic(path) as stream:
            stream.write(with_settings(old, given))
    settings = settings_from({}, os.environ, path if path.exists() else None)
    for name in values:
        value = getattr(settings, name)
        click.echo(f"{name:<10}  {'not said' if value is None else value}")
    click.echo(fits(f"{'file':<10}  {path}{'' if path.exists() else ' (not there yet)'}"))
    return OK
