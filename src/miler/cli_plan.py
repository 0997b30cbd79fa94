"""The verb `plan`: the splits to run for a goal."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from miler.cli_options import OK, fits, has_folder, look_at

if TYPE_CHECKING:
    from miler.plan import Plan


@click.command(short_help="The splits to run for a goal time.")
@click.argument("time", required=False)
@click.option("--like", "like_", default="even", show_default=True, metavar="PACING",
              help="even, negative:2%, positive:1%, or a race such as el-guerrouj-1999.")  # fmt: skip
@click.option("--track", "course", type=click.Choice(["400", "200", "road"]), default="400",
              show_default=True, help="Where it is run.")  # fmt: skip
@click.option("--lane", type=click.IntRange(1, 10), help="Of a 400 m track [your profile's, else 1].")
@click.option("--distance", default="1mi", show_default=True, help="How far.")
@click.option("--format", "format_", type=click.Choice(["text", "json", "fit", "tcx"]), default="text",
              show_default=True, help="fit and tcx are workouts that a watch can take.")  # fmt: skip
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              callback=has_folder, help="Write to this file, whole or not at all.")  # fmt: skip
@click.option("--races", is_flag=True, help="List the races whose pacing can be followed.")
def plan(
    time: str | None,
    like_: str,
    course: Any,
    lane: int | None,
    distance: str,
    format_: str,
    output: Path | None,
    races: bool,
) -> int:
    """Print the splits to run for a goal TIME, such as 4:59.

    On a track the laps end at the finish line, so that a mile on 400 m begins with 409.344 m.
    """
    from miler import pacelight
    from miler.config import settings_from
    from miler.plan import planned

    if races:
        for name, profile in pacelight.races().items():
            click.echo(fits(f"{name:<30} {profile.athlete}, {profile.date[:4]}, {profile.convention}"))
        return OK
    if time is None:
        raise click.UsageError("which time? `miler plan 4:59`")
    if lane is not None and course != "400":
        raise click.UsageError("--lane is of a 400 m track")
    if lane is None:
        lane = settings_from({}, os.environ).lane or 1
    made = planned(time, distance, like_, course, lane if course == "400" else 1)
    if format_ == "text" and output is None:
        from miler.report.plans import render_plan

        click.echo(render_plan(made, look_at(sys.stdout)), nl=False)
        return OK
    data = _written(made, format_, f"{distance} {time}")
    if output is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        from miler.atomic import write_bytes

        write_bytes(output, data)
    return OK


def _written(made: Plan, format: str, name: str) -> bytes:
    if format == "fit":
        from datetime import UTC, datetime

        from miler.workout import as_fit

        return as_fit(made, name, datetime.now(UTC))
    if format == "tcx":
        from miler.workout import as_tcx

        return as_tcx(made, name).encode()
    from miler.report import plans
    from miler.report.document import dumps
    from miler.report.look import Look

    if format == "json":
        return (dumps(plans.plan_document(made), indent=2) + "\n").encode()
    return plans.render_plan(made, Look()).encode()
