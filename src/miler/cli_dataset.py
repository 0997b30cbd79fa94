"""What the command line asks a dataset of many athletes, and puts into it."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from miler.cli_options import ENDLESS, OK, SOME_FAILED, Crew, listed, look_at, progress, write_rows

if TYPE_CHECKING:
    from miler.settings import Settings

_ENDINGS = {"done": "imported", "skipped": "skipped", "failed": "failed"}


def dataset_options(command: Callable[..., Any]) -> Any:
    """Add the options that ask a dataset instead of the library."""
    for option in reversed(
        [
            click.option("--dataset", metavar="DIR", help="Ask this dataset, not the library; a URL too."),
            click.option("--athlete", metavar="NAME", help="Of a dataset: this athlete's."),
            click.option("--per-athlete", is_flag=True, help="Of a dataset: the best of each athlete."),
        ]
    ):
        command = option(command)
    return command


def into_dataset_options(command: Callable[..., Any]) -> Any:
    """Add the options that import into a dataset instead of the library."""
    for option in reversed(
        [
            click.option("--dataset", metavar="DIR", help="Into this dataset, not the library; a URL too."),
            click.option("--athletes", metavar="RULE",
                         help="Of a dataset: whose a file is. `folder`: named like the first folder below"
                         " PATH; or a pattern such as '{athlete}_*.fit'; or a table MAP.csv [nobody's]."),
            click.option("--retry", is_flag=True, help="Of a dataset: read again what failed."),
        ]
    ):  # fmt: skip
        command = option(command)
    return command


def import_into_dataset(
    root: str, paths: Sequence[str], settings: Settings, rule: str | None, crew: Crew, *, retry: bool
) -> int:
    """Read what a dataset lacks of the files, and say at the end, also an early one, what became of them.

    Args:
        root: of the dataset, made where there is none.
        paths: listed as they are needed.
        settings: of all athletes, as far as their own do not say otherwise.
        rule: whose a file is.
        crew: who reads.
        retry: read again what failed.
    """
    from miler.dataset.athletes import athletes
    from miler.dataset.importing import import_into
    from miler.files import STDIN, load
    from miler.shown import printable

    if STDIN in paths:
        raise click.UsageError("- has no place by which a dataset could know it; name a file")
    files, _ = listed(paths, lazily=True)
    told = athletes(rule, settings, load)
    counts = Counter[str]()
    try:
        with crew.hired() as engine, progress(None) as step:
            assert engine is not None
            for done in import_into(root, files, told, engine, retry=retry):
                counts.update(done.counts)
                for name, message in done.failures:
                    click.echo(printable(f"failed {name}: {message}"), err=True)
                step(sum(done.counts.values()))
        if not counts:
            click.echo("nothing is missing", err=True)
    finally:
        words = [f"{counts[kind]} {word}" for kind, word in _ENDINGS.items() if counts[kind]]
        click.echo(", ".join(words), err=True, nl=bool(words))
    return SOME_FAILED if counts["failed"] else OK


@click.group("dataset", short_help="Look after a dataset of many athletes: compact.")
def dataset_() -> None:
    """Look after a dataset of many athletes."""


@dataset_.command("compact", short_help="Make one part of many small ones.")
@click.argument("root", metavar="DIR")
def compact_(root: str) -> int:
    """Make one part for each table, athlete and year of the dataset in DIR, which questions then open.

    A kill does no harm. No import into the dataset may run meanwhile.
    """
    from miler.dataset.compacting import compact

    before, after = compact(root)
    click.echo(f"{before:,} parts before, {after:,} now", err=True)
    return OK


def best_of_dataset(
    root: str,
    length_m: float | None,
    athlete: str | None,
    per_athlete: bool,
    limit: int,
    format: str,
    *,
    year: int | None,
    **others: object,
) -> int:
    """Show the fastest efforts over a distance in a dataset, a line each.

    Args:
        root: of the dataset.
        length_m: metres.
        athlete: of this one only.
        per_athlete: one of each.
        limit: how many.
        format: `table`, `json` or `csv`.
        year: of this one only.
        others: what only a library can be asked by; all None.
    """
    from miler.dataset.reading import Dataset
    from miler.report import listing

    if length_m is None:
        raise click.UsageError("--dataset needs a DISTANCE, such as `miler best 1mi --dataset DIR`")
    if asked := [name for name, value in others.items() if value is not None]:
        raise click.UsageError(f"a dataset is asked by --year, --athlete, --per-athlete, not by {asked[0]}")
    found = Dataset(root).best(length_m, athlete=athlete, year=year, per_athlete=per_athlete, limit=limit)
    rows = [asdict(one) | {"start_local": one.start_local and one.start_local.isoformat()} for one in found]
    if format != "table":
        return write_rows(rows, format)
    click.echo(listing.of_athletes(length_m, rows, look_at(sys.stdout, ENDLESS)), nl=False)
    return OK
