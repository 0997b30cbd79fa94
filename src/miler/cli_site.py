"""The verb `site`: the library as pages to look at, to keep, or to put on a server."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import click

from miler.cli_import import library_option, open_library
from miler.cli_options import OK, has_folder, jobs_for, jobs_option, progress, settings_of
from miler.cli_questions import chosen_by, filters


@click.command("site", short_help="Write the library as a folder of pages.")
@click.option("-o", "--output", type=click.Path(path_type=Path, file_okay=False), required=True,
              metavar="FOLDER", callback=has_folder, help="Where to.")  # fmt: skip
@click.option("--anew", is_flag=True, help="Write every report, also those that would be the same.")
@jobs_option
@click.option("--units", type=click.Choice(["mi", "km"]), help="What the index is in [mi].")
@filters
@library_option
def site(
    output: Path,
    anew: bool,
    jobs: int | None,
    units: str | None,
    library_path: Path | None,
    **conditions: Any,
) -> int:
    """Write a report of each activity, or of those chosen, and an index: open FOLDER/index.html.

    What is there and would be the same is left as it is. An activity whose original is gone is listed,
    and keeps the report that it has. Reports of what is not in the library any more are removed.
    """
    from miler.site import build

    shown = settings_of({"units": units, "config": None}).unit
    endings = Counter[str]()
    with open_library(library_path) as library:
        chosen = chosen_by(conditions)
        total = library.count(chosen)
        with progress(total) as step:
            for ending in build(library, output, shown, chosen, jobs=jobs_for(jobs, total), anew=anew):
                endings[ending.kind] += 1
                step(1)
    words = {"written": "written", "unchanged": "unchanged", "gone": "without their original"}
    said = ", ".join(f"{endings[kind]} {words[kind]}" for kind in words if endings[kind]) or "no activities"
    click.echo(f"{said}: {output / 'index.html'}", err=True)
    return OK
