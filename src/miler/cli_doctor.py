"""The verb `doctor`: is all there that miler works with?"""

from __future__ import annotations

import os
from pathlib import Path

import click

from miler.cli_import import library_option
from miler.cli_options import OK, SOME_FAILED, fits


@click.command(short_help="Say what is there to work with, and what is missing.")
@click.option("--device-root", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR",
              help="Look for watches that are mounted below this folder [/].")  # fmt: skip
@library_option
def doctor(device_root: Path | None, library_path: Path | None) -> int:
    """Say what is there to work with: libraries, extras, zones, settings, library, disk, browser, watch.

    Each is ok, missing (miler does without) or wrong, with what to do about it. The exit code is 1 if
    anything is wrong. Nothing is changed, save that a library of an older miler is brought up to date.
    """
    from miler.doctor import findings
    from miler.shown import printable
    from miler.versions import told

    for line in told().splitlines():
        click.echo(fits(line))
    code = OK
    for finding in findings(library_path, os.environ, device_root):
        click.echo(fits(printable(f"{finding.state:<8}  {finding.what:<10}  {finding.said}")))
        if finding.remedy:
            click.echo(fits(printable(f"{'':<22}→ {finding.remedy}")))
        if finding.state == "wrong":
            code = SOME_FAILED
    return code
