"""The verb `card`: the mile of a file as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from miler.cli_options import OK, has_place, one_file, settings_of, settings_options

if TYPE_CHECKING:
    from miler.report.card import Size, Theme

_KINDS = (".png", ".svg", ".pdf")


def _is_picture(ctx: click.Context, param: click.Parameter, value: Path) -> Path:
    if value.suffix.lower() not in _KINDS:
        raise click.BadParameter(f"{value.name} is none of {', '.join(_KINDS)}", ctx, param)
    has_place(ctx, param, value)
    return value


@click.command(short_help="Draw the mile of a file as a picture to share.")
@click.argument("path", type=click.Path(), metavar="FILE", callback=one_file)
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path, dir_okay=False),
              metavar="FILE", callback=_is_picture, help="A name ending in .png, .svg or .pdf.")  # fmt: skip
@click.option("--size", type=click.Choice(["wide", "square"]), default="wide", show_default=True,
              help="1200 by 630, as links are shown, or 1080 by 1080.")  # fmt: skip
@click.option("--theme", type=click.Choice(["light", "dark"]), default="light", show_default=True)
@click.option("--course/--no-course", default=True, show_default=True,
              help="Draw the shape of the track or the course; never where it lies.")  # fmt: skip
@settings_options
def card(path: str, output: Path, size: Size, theme: Theme, course: bool, **options: Any) -> int:
    """Draw the fastest mile of FILE: time and ±, quarters, date, the shape of the course.

    SVG needs nothing more; PNG and PDF need `pip install 'miler[card]'`.
    """
    from miler import picture
    from miler.analysis import analyse
    from miler.atomic import write_bytes
    from miler.files import read_all
    from miler.report.card import card as drawn
    from miler.sidecars import overrides_beside

    settings, said = settings_of(options), overrides_beside(path)
    runs = [analyse(activity, settings, said) for activity in read_all(path)]
    # Of several activities in one file, the one with the fastest mile; of none with a mile, any says why.
    analysis = min(runs, key=lambda run: run.mile.effort.elapsed_s if run.mile else float("inf"))
    svg = drawn(analysis, course=course, size=size, theme=theme)
    kind = output.suffix.lower()
    data = picture.png(svg) if kind == ".png" else picture.pdf(svg) if kind == ".pdf" else svg.encode()
    write_bytes(output, data)
    return OK
