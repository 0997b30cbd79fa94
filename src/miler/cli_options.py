"""What every verb of the command line shares: exit codes, and the options that end up in Settings."""

from __future__ import annotations

import codecs
import locale
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from io import TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from miler.engines import Engine
    from miler.files import Found
    from miler.report.look import Look
    from miler.settings import Settings

OK, SOME_FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130
_FEW_FILES = 50  # a second process costs some 0.3 s to start: not worth it for a handful


jobs_option = click.option(
    "-j", "--jobs", type=click.IntRange(min=1), metavar="N", help="Processes to work with [one a core]."
)


class Seconds(click.FloatRange):
    """A time as a number; `nan` is none, and would be waited for, for ever."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read it."""
        seconds = super().convert(value, param, ctx)
        if seconds != seconds:
            self.fail(f"{value!r} is not a valid float range.", param, ctx)
        return seconds


class Number(click.IntRange):
    """The number of an activity; a name of a file is a likely slip."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read it."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{value!r} is no activity's number; `miler list` shows them", param, ctx)


def settings_options(command: Any) -> Any:
    """Add the options that end up in Settings; each is None unless given."""
    for option in reversed(
        [
            click.option("--effort", "effort_lengths_m", multiple=True, metavar="LENGTH",
                         help="Seek this distance (1mi, 5k, 400m); may be repeated."),
            click.option("--lap", "lap_m", metavar="LENGTH", help="Length of a track lap [400m]."),
            click.option("--lane", type=int, metavar="N",
                         help="Lane of the track that was run in [1, if nothing tells]."),
            click.option("--sex", type=click.Choice(["F", "M"]), help="Whose records to compare with."),
            click.option("--birth-year", type=int, metavar="YEAR", help="For the age grade."),
            click.option("--every-second", is_flag=True, default=None,
                         help="The gap to records, rivals and goals at every second (json, html)."),
            click.option("--sport", "sports", multiple=True, metavar="SPORT",
                         help="Seek efforts in this sport (walking, hiking); may be repeated"
                         " [running, and files that name no sport]."),
            click.option("--units", type=click.Choice(["mi", "km", "both"]),
                         help="What paces and splits are shown in [mi]."),
            click.option("--distance", "distance_source", type=click.Choice(["auto", "device", "fixes"]),
                         help="Whose distance counts [auto: the device's, where it is sane]."),
            click.option("--config", type=click.Path(path_type=Path, dir_okay=False),
                         help="Read settings from this TOML file."),
        ]
    ):  # fmt: skip
        command = option(command)
    return command


def settings_of(options: dict[str, Any]) -> Settings:
    """Put the settings together from flags, the environment and the user's file."""
    from miler.config import settings_from
    from miler.units import MILE_M

    settings = settings_from(given(options), os.environ, options["config"])
    if settings.lap_m > MILE_M + 1e-6:
        raise click.UsageError(f"a lap of {settings.lap_m:g} m is longer than the mile that it is to cut")
    return settings


def given(options: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that flags name, as they were typed."""
    flags = {name: list(v) if isinstance(v, tuple) else v for name, v in options.items() if name != "config"}
    return {name: value for name, value in flags.items() if value not in (None, [])}


def has_folder(ctx: click.Context, param: click.Parameter, value: Path | None) -> Path | None:
    """Find out before the work that its result has a place to go."""
    if value is not None and not value.parent.is_dir():
        raise click.BadParameter(f"there is no folder {value.parent}", ctx, param)
    return value


def has_place(ctx: click.Context, param: click.Parameter, value: Path | None) -> Path | None:
    """Find out likewise, and that the place is nothing's that cannot be made again."""
    return spares_originals(ctx, param, has_folder(ctx, param, value))


def spares_originals(ctx: click.Context, param: click.Parameter, value: Path | None) -> Path | None:
    """Refuse to write where a recording or a library lies, as after `-o run.fit`: it may be the only one."""
    from miler.files import is_original

    if value is not None and is_original(value):
        raise click.BadParameter(f"{value} is no report but an original; name another file", ctx, param)
    return value


def named(ctx: click.Context, param: click.Parameter, paths: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse an empty path, such as of a variable that is not set, and a URL that nothing here can read."""
    from miler.remote import is_remote

    if "" in paths:  # it would be the working folder
        raise click.BadParameter("an empty path is no file", ctx, param)
    for path in paths:
        if "://" in path and not (is_remote(path) or path.startswith("file://")):
            told = f"{path}: miler reads s3://, gs://, az://, abfs://, hdfs:// and file://; download it first"
            raise click.BadParameter(told, ctx, param)
    return paths


def one_file(ctx: click.Context, param: click.Parameter, path: str) -> str:
    """Refuse a folder where one file is asked for."""
    named(ctx, param, (path,))
    if Path(path).is_dir():
        raise click.BadParameter(f"{path} is a folder; name one file", ctx, param)
    return path


@dataclass(frozen=True)
class Crew:
    """Who is to work, as the command line was told.

    Attributes:
        jobs: processes of this machine; None for one a core, where that pays.
        engine: "local" or "dask".
        scheduler: address of Dask's; None starts one here.
    """

    jobs: int | None
    engine: str
    scheduler: str | None

    @property
    def local(self) -> bool:
        """Whether the processes are of this machine, and not a scheduler's."""
        return self.engine == "local"

    @contextmanager
    def hired(self, files: int | None = None) -> Iterator[Engine | None]:
        """Lend an engine; None where the processes of one are not worth their start.

        Args:
            files: how many there are to read, if that is known.
        """
        jobs = jobs_for(self.jobs, files)
        if not self.local:
            from miler.cluster import Dask

            with Dask(self.scheduler, jobs) as dask:
                yield dask
        elif jobs == 1 and files is not None:
            yield None
        else:
            from miler.engines import Local

            with Local(jobs) as local:
                local.prepare()
                yield local


def crew_options(command: Callable[..., Any]) -> Any:
    """Add the options that say who works, and hand them over as one `crew`."""

    @wraps(command)
    def gathered(*args: Any, jobs: int | None, engine: str, scheduler: str | None, **options: Any) -> Any:
        if scheduler is not None and engine != "dask":
            raise click.UsageError("--scheduler is of --engine dask")
        return command(*args, crew=Crew(jobs, engine, scheduler), **options)

    options = (
        jobs_option,
        click.option("--engine", type=click.Choice(["local", "dask"]), default="local", show_default=True,
                     help="Who works: processes of this machine, or workers of a Dask cluster."),
        click.option("--scheduler", metavar="ADDRESS",
                     help="Of Dask, such as tcp://host:8786 [one is started on this machine]."),
    )  # fmt: skip
    result: Any = gathered
    for option in reversed(options):
        result = option(result)
    return result


def listed(paths: Sequence[str], *, lazily: bool = False) -> tuple[Iterable[Found], int | None]:
    """Find files, one at least, and count them.

    Args:
        paths: as they were named.
        lazily: list them as they are needed: then nobody knows how many there are.
    """
    from miler.files import find

    files = find(paths)
    first = next(files, None)
    if first is None:
        raise click.UsageError("no FIT, GPX or TCX file is in there")
    if lazily:
        return chain([first], files), None
    every = [first, *files]
    return every, len(every)


def jobs_for(asked: int | None, files: int | None) -> int:
    """Return how many processes work on so many files: those asked for, else one a core where that pays."""
    from miler import engines

    if files is None:  # nobody knows: many
        return asked or engines.usual_jobs()
    return max(1, min(asked or (engines.usual_jobs() if files >= _FEW_FILES else 1), files))


ENDLESS = 10_000  # columns, for what is a line a thing where no terminal bounds it
_USUAL_COLUMNS, _LEAST_COLUMNS, _MOST_COLUMNS = 100, 40, 200
_PLAIN_TERMINALS = ("dumb", "linux", "vt100", "vt220")


def look_at(stream: IO[str], elsewhere: int = _USUAL_COLUMNS, *, plain: bool = False) -> Look:
    """Return how text is laid out there: as wide as the terminal, in its colours and characters.

    Args:
        stream: where it goes.
        elsewhere: columns where no terminal bounds them.
        plain: ask for ASCII whatever the terminal.
    """
    from miler.report.look import Look

    if not stream.isatty():
        return Look(elsewhere, False, plain)
    import shutil

    columns = shutil.get_terminal_size((_USUAL_COLUMNS, 24)).columns
    return Look(
        width=min(max(columns, _LEAST_COLUMNS), _MOST_COLUMNS),
        color=has_color(stream),
        plain=plain or draws_plain(stream),
    )


def fits(line: str) -> str:
    """Break a line where the terminal ends; where there is none it stays one."""
    from miler.report.layout import fitted

    return "\n".join(fitted(line, look_at(sys.stdout, ENDLESS)))


def draws_plain(stream: IO[str]) -> bool:
    """Whether it is a terminal that has no more than ASCII; a console of Windows has Unicode always."""
    if not stream.isatty():
        return False
    unicode = os.name == "nt" or codecs.lookup(locale.getencoding()).name == "utf-8"
    return not unicode or os.environ.get("TERM") in _PLAIN_TERMINALS


class Spelling(TextIOWrapper):
    """What writes to such a terminal, whichever verb: it gets what it can show."""

    def write(self, text: str, /) -> int:
        """Write it spelt out in ASCII."""
        from miler.report.look import Look

        super().write(Look(plain=True).said(text))
        return len(text)


def has_color(stream: IO[str]) -> bool:
    """Whether colours are wanted there."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def is_folder(path: Path) -> bool:
    """Whether pages are to be written into it: it is there as a folder, or nothing and no name of a page."""
    return path.is_dir() or not (path.exists() or path.suffix.lower() in (".html", ".htm"))


def write_rows(rows: Sequence[dict[str, Any]], format: str) -> int:
    """Write the answer to a question as `json` or `csv`."""
    from miler.report import listing
    from miler.report.document import dumps

    if format == "json":
        click.echo(dumps(list(rows), indent=2))
    for line in listing.csv(rows) if format == "csv" else ():
        click.echo(line, nl=False)
    return OK


@contextmanager
def progress(total: int | None, stream: IO[str] | None = None) -> Iterator[Callable[[int], object]]:
    """A bar on standard error while a terminal watches it and no report runs through it, by `stream`.

    It is told how many files were done, and knows of how many unless `total` is None.
    """
    alone = total is not None and total < 2
    if alone or not sys.stderr.isatty() or (stream is not None and stream.isatty()):
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("reading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as bar:
        task = bar.add_task("reading", total=total)
        yield lambda count: bar.advance(task, count)
