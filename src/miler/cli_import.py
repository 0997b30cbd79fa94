"""The verbs that work on many files: import, reprocess, and the care of the library's own."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from miler.cli_dataset import import_into_dataset, into_dataset_options
from miler.cli_options import (
    OK,
    SOME_FAILED,
    Crew,
    crew_options,
    has_folder,
    jobs_for,
    jobs_option,
    listed,
    named,
    settings_of,
    settings_options,
)

if TYPE_CHECKING:
    from miler.library import Library
    from miler.library.writing import Recorded

_ENDINGS = ("imported", "duplicate", "skipped", "failed", "unchanged")

library_option = click.option(
    "--library", "library_path", type=click.Path(path_type=Path, dir_okay=False), envvar="MILER_LIBRARY",
    metavar="FILE", help="The library [in your data folder; $MILER_LIBRARY].",
)  # fmt: skip


def open_library(path: Path | None, *, create: bool = False) -> Library:
    """Open the library that was named, else the user's own."""
    from miler.library import Library

    return Library(path, create=create)


@click.command("import", short_help="Put files into the library.")
@click.argument("paths", nargs=-1, type=click.Path(), metavar="PATH...", callback=named)
@click.option("--device", is_flag=True, help="From a plugged-in watch, with --copy.")
@click.option("--device-root", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR",
              help="Look for watches that are mounted below this folder [/].")  # fmt: skip
@click.option("--copy", is_flag=True, help="Keep copies of the originals beside the library.")
@click.option("--restore", is_flag=True, help="Bring back activities that were deleted.")
@library_option
@into_dataset_options
@crew_options
@settings_options
def import_(
    paths: Sequence[str],
    device: bool,
    device_root: Path | None,
    copy: bool,
    restore: bool,
    library_path: Path | None,
    dataset: str | None,
    athletes: str | None,
    retry: bool,
    crew: Crew,
    **options: Any,
) -> int:
    """Put files into the library: each is read, analysed, and kept with its results.

    PATH is a file, a folder, a zip archive, - for standard input, or a URL (s3://bucket/runs).
    Files that were imported before are not read again, and equal bytes are kept once. An import that
    was interrupted is finished by the same command. Originals are never changed. With --device the
    activities of a plugged-in watch are imported and copied; what it cannot give now is read again
    the next time. With --dataset the results of many athletes' files go into a folder of Parquet
    files instead, by any number of workers.
    """
    if device:
        paths, copy = (*paths, *_plugged_in(device_root)), True  # it will be unplugged
    if not paths:
        raise click.UsageError("name a PATH, or a plugged-in watch with --device")
    settings = settings_of(options)
    if dataset is not None:
        if copy or restore:
            raise click.UsageError("--copy, --restore and --device are of a library, not of a --dataset")
        return import_into_dataset(dataset, paths, settings, athletes, crew, retry=retry)
    if athletes is not None or retry:
        raise click.UsageError("--athletes and --retry are of a --dataset; a library is of one runner")
    files, count = listed(paths, lazily=not crew.local)
    with crew.hired(count) as workers, open_library(library_path, create=True) as library:
        from miler.library.importing import Way, import_files, outdated  # while the workers import theirs

        way = Way(copy=copy, restore=restore, workers=workers)
        code = _follow(import_files(library, files, settings, way), count)
        if others := outdated(library):
            click.echo(others, err=True)
        return code


def _plugged_in(root: Path | None) -> Iterator[str]:
    """Say which watches are there, and return the folders of their activities."""
    from miler.device import roots, watches
    from miler.errors import MilerError
    from miler.shown import printable

    found = [watch for top in (roots() if root is None else [root]) for watch in watches(top)]
    if not found:
        raise MilerError(
            "no watch was found; plug it in, unlock it, and open it once in the file manager,"
            " or name the folder of its activities",
            code="no_device",
        )
    for watch in found:
        click.echo(printable(f"found {watch.name}: {watch.folder}"), err=True)
        yield str(watch.folder)


def _follow(endings: Iterable[Recorded], total: int | None) -> int:
    """Show how far the work is, and at its end, also an early one, what became of the files."""
    from miler.library.writing import MERGED

    counts = Counter[str]()
    failed: list[Recorded] = []
    try:
        with _progress(total, counts) as step:
            for ending in endings:
                counts[ending.ending] += 1
                counts[MERGED] += ending.code == MERGED
                if ending.ending == "failed":
                    failed.append(ending)
                step()
    finally:
        _sum_up(counts, failed)
    return SOME_FAILED if failed else OK


def _sum_up(counts: Counter[str], failed: list[Recorded]) -> None:
    from miler.shown import printable

    for ending in failed:
        click.echo(printable(f"failed {ending.name}: {ending.message}"), err=True)
    click.echo(_said(counts) or "nothing was done", err=True)


def _said(counts: Counter[str]) -> str:
    words = [f"{counts[ending]} {ending}" for ending in _ENDINGS if counts[ending]]
    if counts["merged"]:  # of those imported, which come first
        words[0] += f" ({counts['merged']} merged with other files of the same run)"
    return ", ".join(words)


@contextmanager
def _progress(total: int | None, counts: Counter[str]) -> Iterator[Callable[[], object]]:
    """A bar with the rate, the time left and the counts on standard error, while a terminal watches it."""
    if (total is not None and total < 2) or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    told = (
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(compact=True),
        TextColumn("left"),
        TextColumn("{task.description}"),
    )
    columns = (BarColumn(), MofNCompleteColumn(), *told)
    with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False) as bar:
        task = bar.add_task("", total=total, rate="")

        def step() -> None:
            speed = bar.tasks[0].speed
            rate = f"{speed:,.0f}/s" if speed and speed >= 1 else ""
            bar.update(task, advance=1, description=_said(counts), rate=rate)

        yield step


@click.command(short_help="Read all originals again, after an upgrade or with other settings.")
@library_option
@jobs_option
@settings_options
def reprocess(library_path: Path | None, jobs: int | None, **options: Any) -> int:
    """Read the originals again and write their results anew, with the settings as they are now.

    Numbers, titles, tags and exclusions stay. What has no original any more stays as it is.
    """
    from miler.library import importing

    settings = settings_of(options)
    with open_library(library_path) as library:
        again = importing.read_again(library)
        total = len(again.found) + len(again.gone)
        work = importing.reprocess(library, again, settings, jobs=jobs_for(jobs, total))
        return _follow(work, total)


@click.group("library", short_help="Look after the library: path, check, backup, rebuild.")
def library_() -> None:
    """Look after the library's file."""


@library_.command(short_help="Say where the library is.")
@library_option
def path(library_path: Path | None) -> int:
    """Say where the library is, or would be."""
    from miler.library import usual_path

    click.echo(library_path or usual_path())
    return OK


@library_.command(short_help="Say what is wrong with the library.")
@library_option
def check(library_path: Path | None) -> int:
    """Look through the whole library; say what is wrong with it, and which originals are gone."""
    from miler.library import importing, repair

    with open_library(library_path) as library:
        wrong = repair.check(library)
        gone = [] if wrong else importing.read_again(library).gone
        total, others = library.count(), importing.outdated(library)
    for line in wrong:
        click.echo(f"! {line}")
    if wrong:
        click.echo("`miler library rebuild` makes the library anew from the originals")
        return SOME_FAILED
    click.echo(
        f"sound: {total} {'activity' if total == 1 else 'activities'}"
        + (f"; the originals of {len(gone)} are gone" if gone else "")
    )
    if others:
        click.echo(others)
    return OK


@library_.command(short_help="Copy the library, also while it is in use.")
@click.argument(
    "target", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", callback=has_folder
)
@library_option
def backup(target: Path, library_path: Path | None) -> int:
    """Copy the library to FILE, also while it is in use."""
    from miler.library import repair

    with open_library(library_path) as library:
        repair.backup(library, target)
    return OK


@library_.command(short_help="Make the library anew from the originals.")
@library_option
@jobs_option
def rebuild(library_path: Path | None, jobs: int | None) -> int:
    """Make a library anew from the originals, and from what can be read of the old one, which is kept."""
    from miler.library import repair, usual_path

    return _follow(repair.rebuild(library_path or usual_path(), jobs=jobs or 1), 0)
