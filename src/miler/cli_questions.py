"""The verbs that ask the library something: best, list, compare, trend."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from miler.cli_dataset import best_of_dataset, dataset_options
from miler.cli_duplicates import show_duplicates
from miler.cli_import import library_option, open_library
from miler.cli_options import ENDLESS, OK, Number, has_place, look_at, settings_of, write_rows
from miler.saying import KINDS, SURFACES

if TYPE_CHECKING:
    from miler.library import Clock, Filter, Group

_LIST_LIMIT, _BEST_LIMIT = 50, 10
_TREND_COLUMNS = 120  # where no terminal bounds them
_GROUPS = ("year", "surface", "sport", "kind", "shoes", "device")

_format_option = click.option(
    "--format", "format_", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True
)
_units_option = click.option(
    "--units", type=click.Choice(["mi", "km"]), help="What distances are shown in [mi]."
)


def length(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """Read a distance as runners write it, in metres."""
    from miler.errors import SettingsError
    from miler.units import parse_distance

    try:
        return None if value is None else parse_distance(value)
    except SettingsError as error:
        raise click.BadParameter(error.message, ctx, param) from None


def _day(ctx: click.Context, param: click.Parameter, value: datetime | None) -> date | None:
    return None if value is None else value.date()


_Day = click.DateTime(["%Y-%m-%d"])


def filters(command: Callable[..., Any]) -> Any:
    """Add the options that choose activities; each is None unless given."""
    for option in reversed(
        [
            click.option("--since", type=_Day, callback=_day, metavar="YYYY-MM-DD", help="From this day on."),
            click.option("--until", type=_Day, callback=_day, metavar="YYYY-MM-DD", help="Up to this day."),
            click.option("--year", type=click.IntRange(1, 9999), help="Of this year."),
            click.option("--sport", help="In this sport."),
            click.option("--kind", type=click.Choice(KINDS), help="What you said it was."),
            click.option("--surface", type=click.Choice(list(SURFACES)), help="On this ground."),
            click.option("--shoes", metavar="TEXT", help="In shoes with this in their name."),
            click.option("--tag", help="With this tag."),
            click.option("--device", metavar="TEXT", help="Whose device has this in its name."),
            click.option("--note", metavar="CODE", help="With a note of this code, such as teleport."),
            click.option("--min-distance", "least_m", callback=length, metavar="LENGTH",
                         help="At least so far."),
            click.option("--max-distance", "most_m", callback=length, metavar="LENGTH",
                         help="At most so far."),
        ]
    ):  # fmt: skip
        command = option(command)
    return command


def chosen_by(conditions: dict[str, Any]) -> Filter:
    """Put the filter together; a year narrows what the days say."""
    from miler.library import Filter

    year = conditions.pop("year")
    return Filter(**conditions).of_year(year)


@click.command(short_help="The library's best efforts.")
@click.argument("length_m", callback=length, required=False, metavar="[DISTANCE]")
@click.option("--by", "group", type=click.Choice(_GROUPS), help="The best of each.")
@click.option("--clock", type=click.Choice(["elapsed", "timer"]), default="elapsed", show_default=True,
              help="What ranks: timer leaves pauses out.")  # fmt: skip
@click.option("--limit", type=click.IntRange(min=1), default=_BEST_LIMIT, show_default=True)
@filters
@dataset_options
@_format_option
@library_option
def best(
    length_m: float | None, group: Group | None, clock: Clock, limit: int, format_: str,
    library_path: Path | None, dataset: str | None, athlete: str | None, per_athlete: bool, **conditions: Any,
) -> int:  # fmt: skip
    """Show the fastest efforts over DISTANCE, one an activity; without it, the best of each distance.

    An effort is the stretch that is fastest on the elapsed clock, stops included; --clock timer ranks
    these stretches by their time without pauses. Efforts that were excluded are shown apart.
    """
    from miler.report import listing

    if dataset is not None:
        return best_of_dataset(
            dataset, length_m, athlete, per_athlete, limit, format_,
            **conditions, by=group, clock=None if clock == "elapsed" else clock,
        )  # fmt: skip
    if athlete is not None or per_athlete:
        raise click.UsageError("--athlete and --per-athlete are of a --dataset; a library is of one runner")
    if group is not None and length_m is None:
        raise click.UsageError("--by needs a DISTANCE, such as `miler best 1mi --by year`")
    chosen = chosen_by(conditions)
    apart: list[dict[str, Any]] = []
    with open_library(library_path) as library:
        if length_m is None:
            rows = [
                asdict(b) for m in library.lengths() for b in library.best(m, chosen, limit=1, clock=clock)
            ]
        elif group is not None:
            groups = library.best_by(group, length_m, chosen, clock=clock)
            rows = [{"group": name, **asdict(effort)} for name, effort in groups.items()]
        else:
            rows, apart = (
                [
                    asdict(b)
                    for b in library.best(length_m, chosen, limit=limit, clock=clock, excluded=excluded)
                ]
                for excluded in (False, True)
            )
    if format_ != "table":
        return write_rows([*rows, *apart], format_)
    look = look_at(sys.stdout, ENDLESS)
    if length_m is None:
        text = listing.bests(rows, clock, look)
    elif group is not None:
        text = listing.grouped(length_m, group, rows, clock, look)
    else:
        text = listing.ranked(length_m, rows, apart, clock, look)
    click.echo(text, nl=False)
    return OK


@click.command("list", short_help="The activities in the library.")
@filters
@click.option("--limit", type=click.IntRange(min=0), default=_LIST_LIMIT, show_default=True,
              help="How many, the latest first; 0 for all.")  # fmt: skip
@click.option("--duplicates", is_flag=True, help="Instead: runs from several files, and why they are one.")
@_format_option
@_units_option
@library_option
def list_(
    limit: int,
    duplicates: bool,
    format_: str,
    units: str | None,
    library_path: Path | None,
    **conditions: Any,
) -> int:
    """List activities, the latest first. Days are those of the runner's calendar."""
    from miler.report import listing

    look = look_at(sys.stdout, ENDLESS)
    if duplicates:
        with open_library(library_path) as library:
            return show_duplicates(library, format_, look)
    chosen = chosen_by(conditions)
    shown = settings_of({"units": units, "config": None}).unit
    with open_library(library_path) as library:
        rows = [asdict(row) for row in library.list(chosen, limit=limit or None)]
        total = library.count(chosen) if format_ == "table" else 0
    if format_ != "table":
        return write_rows(rows, format_)
    click.echo(listing.listed(rows, total, shown, look, narrowed=bool(chosen.given())), nl=False)
    return OK


@click.command(short_help="Two miles side by side.")
@click.argument("ids", nargs=2, type=Number(min=1), metavar="ID ID")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@library_option
def compare(ids: tuple[int, int], format_: str, library_path: Path | None) -> int:
    """Run the fastest miles of two activities side by side: quarters, laps, gaps, who led.

    The gap is how far the second is behind the first; a minus is ahead.
    """
    from miler.library.comparing import compared, runner_of

    with open_library(library_path) as library:
        comparison = compared(*(runner_of(library.get(number)) for number in ids))
    if format_ == "json":
        from miler.report.document import dumps

        click.echo(dumps(comparison.document(), indent=2))
    else:
        from miler.report import comparison as shown

        look = look_at(sys.stdout, ENDLESS)

        click.echo(shown.render(comparison.document(), look), nl=False)
    return OK


@click.command(short_help="How a best time moved over the years.")
@click.argument("length_m", callback=length, default="1mi", metavar="[DISTANCE]")
@filters
@click.option(
    "--format", "format_", type=click.Choice(["text", "json", "html"]), default="text", show_default=True
)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              callback=has_place, help="Write to this file, whole or not at all.")  # fmt: skip
@click.option("--ascii", "plain", is_flag=True, help="Draw with plain characters only.")
@library_option
def trend(
    length_m: float,
    format_: str,
    output: Path | None,
    plain: bool,
    library_path: Path | None,
    **conditions: Any,
) -> int:
    """Plot the efforts over DISTANCE [1mi] by date, with season bests and the best so far.

    The clock is elapsed time. Efforts that were excluded, and activities without a date, are left out.
    """
    from miler.trends import trend_of

    chosen = chosen_by(conditions)
    with open_library(library_path) as library:
        found = trend_of(length_m, library.history(length_m, chosen), chosen.given())
    with _stream(output) as stream:
        if format_ == "html":
            from miler.report import trend_page

            stream.write(trend_page.render(found.document()))
        elif format_ == "json":
            from miler.report.document import dumps

            stream.write(dumps(found.document(), indent=2) + "\n")
        else:
            from miler.report import trend as shown

            look = look_at(stream, _TREND_COLUMNS, plain=plain)
            stream.write(look.said(shown.render(found.document(), look)))
    return OK


@contextmanager
def _stream(output: Path | None) -> Iterator[IO[str]]:
    if output is None:
        yield sys.stdout
        return
    from miler.atomic import write_atomic

    with write_atomic(output) as stream:
        yield stream
