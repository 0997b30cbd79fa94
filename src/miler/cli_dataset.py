"""What the command line asks a dataset of many athletes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import click

from miler.cli_options import OK, look_at, write_rows

_ENDLESS = 10_000  # where no terminal bounds a line


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
    click.echo(listing.of_athletes(length_m, rows, look_at(sys.stdout, _ENDLESS)), nl=False)
    return OK
