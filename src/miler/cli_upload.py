"""`miler upload`: the script that sends files, as a verb; it knows the token of this machine's own server."""

from __future__ import annotations

import os
from pathlib import Path

import click


@click.command(
    short_help="Send files to a server: miler's, Strava's, intervals.icu's.",
    context_settings={"ignore_unknown_options": True},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="PATH...")
def upload(arguments: tuple[str, ...]) -> int:
    """Send files, folders, or what is on a plugged-in watch; only what the server lacks."""
    from miler import upload as script
    from miler.library import usual_path

    library = Path(os.environ.get("MILER_LIBRARY") or usual_path())
    try:
        return script.main(list(arguments), kept_token(library) or "", "miler upload")
    except SystemExit as end:  # argparse ends the program itself, after --help or wrong use
        return end.code if isinstance(end.code, int) else 0


def token_path(library: Path) -> Path:
    """Return where a library's server keeps its token."""
    return library.with_name(f"{library.stem}-token")


def kept_token(library: Path) -> str | None:
    """Return the token of a library's server; None before there is one."""
    path = token_path(library)
    return (path.read_text(encoding="ascii", errors="replace").strip() or None) if path.exists() else None
