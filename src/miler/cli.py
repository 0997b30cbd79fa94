"""The command line: verbs → calls, outcomes → exit codes; nothing clever.

Only click is imported here; everything else inside the verb that needs it, so that
`miler --help` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from miler.analysis import Analysis
    from miler.files import Found
    from miler.settings import Settings

OK, SOME_FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130


class _Verbs(click.Group):
    """A group whose first word may also be a file: `miler run.fit` is `miler report run.fit`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `report` before anything that is neither a verb nor this group's own option."""
        own = {"--help", "-h", "--version"}
        if args and args[0] not in self.commands and args[0] not in own:
            args = ["report", *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=_Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="`miler FILE...` is short for `miler report FILE...`. Nothing leaves this machine.",
)
@click.version_option(None, "--version", package_name="miler", message="miler %(version)s")
def cli() -> None:
    """Find the fastest mile in what a GPS watch recorded, exactly.

    miler reads FIT, GPX and TCX files (also gzipped), cuts the fastest mile and the watch's
    laps into splits, and says how evenly it was run and how it compares with the records.
    """


def _settings_options(command: Any) -> Any:
    """Add the options that end up in Settings; each is None unless given."""
    for option in reversed(
        [
            click.option("--effort", "effort_lengths_m", multiple=True, metavar="LENGTH",
                         help="Seek this distance (1mi, 5k, 400m); may be repeated."),
            click.option("--lap", "lap_m", metavar="LENGTH", help="Length of a track lap [400m]."),
            click.option("--sex", type=click.Choice(["F", "M"]), help="Whose records to compare with."),
            click.option("--sport", "sports", multiple=True, metavar="SPORT",
                         help="Seek efforts in this sport (walking, hiking); may be repeated [running]."),
            click.option("--units", type=click.Choice(["mi", "km"]), help="What splits are shown [mi]."),
            click.option("--distance", "distance_source", type=click.Choice(["auto", "device", "fixes"]),
                         help="Whose distance counts [auto: the device's, where it is sane]."),
            click.option("--config", type=click.Path(path_type=Path, dir_okay=False),
                         help="Read settings from this TOML file."),
        ]
    ):  # fmt: skip
        command = option(command)
    return command


def _settings(options: dict[str, Any]) -> Settings:
    from miler.config import settings_from

    path = options.pop("config")
    flags = {name: (list(v) or None if isinstance(v, tuple) else v) for name, v in options.items()}
    return settings_from(flags, os.environ, path)


@cli.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--format", "format_", type=click.Choice(["text", "json", "jsonl", "csv", "html"]),
              default="text", show_default=True, help="How the report is written.")  # fmt: skip
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Write to a file instead of the screen.")  # fmt: skip
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="Processes to work with [one a core].")
@_settings_options
def report(paths: Sequence[str], format_: str, output: Path | None, jobs: int | None, **options: Any) -> int:
    """Report the fastest mile of each file: time, splits, evenness, records.

    PATH is a file, a folder (searched with all below it) or - for standard input.
    """
    from miler.files import find

    settings = _settings(options)
    files = list(find(paths))
    if not files:
        raise click.UsageError("no FIT, GPX or TCX file is in there")
    writer = _write_html if format_ == "html" else _write_pieces
    if output is None:
        return writer(files, settings, format_, jobs, sys.stdout)
    return _to_file(output, lambda stream: writer(files, settings, format_, jobs, stream))


def _to_file(output: Path, write: Any) -> int:
    import io

    from miler.files import write_atomic

    stream = io.StringIO()
    code = int(write(stream))
    write_atomic(output, stream.getvalue())
    return code


def _write_pieces(files: list[Found], settings: Settings, format: str, jobs: int | None, stream: Any) -> int:
    """Write each file's share as soon as it is there, in input order."""
    from functools import partial

    from miler import batch
    from miler.report.document import csv_header
    from miler.report.outcomes import rendered

    color = format == "text" and _color(stream)
    then = partial(rendered, format=format, color=color)
    failed = count = 0
    held: str | None = None
    if format == "csv":
        stream.write(csv_header())
    with _progress(len(files)) as step:
        for outcome in batch.run(files, settings, then, jobs=_jobs(jobs, len(files))):
            step()
            failed += outcome.kind == "failed"
            if outcome.line is not None and format != "jsonl":
                click.echo(outcome.line, err=True)
            for piece in outcome.pieces:
                count += 1
                if format != "json":
                    stream.write(("\n" if format == "text" and count > 1 else "") + piece)
                    continue
                # One activity is an object, several are an array: the second decides.
                if held is not None:
                    stream.write(("[" if count == 2 else ",") + f"\n{held}")
                held = piece.rstrip("\n")
    if format == "json":
        stream.write({0: "[]\n", 1: f"{held}\n"}.get(count, f",\n{held}\n]\n"))
    return SOME_FAILED if failed else OK


def _write_html(files: list[Found], settings: Settings, format: str, jobs: int | None, stream: Any) -> int:
    """Write one page with all activities."""
    from miler import batch
    from miler.report import html
    from miler.report.outcomes import refusal_line

    failed = 0
    analyses: list[Analysis] = []
    with _progress(len(files)) as step:
        for outcome in batch.run(files, settings, batch.unchanged, jobs=_jobs(jobs, len(files))):
            step()
            failed += outcome.kind == "failed"
            analyses += outcome.analyses
            if outcome.error is not None:
                click.echo(refusal_line(outcome), err=True)
    stream.write(html.render(analyses))
    return SOME_FAILED if failed else OK


def _jobs(asked: int | None, files: int) -> int:
    """A second process costs 0.3 s to start: not worth it for a handful of files."""
    from miler.batch import usual_jobs

    if asked is not None:
        return min(asked, files)
    return 1 if files < 50 else usual_jobs()


def _color(stream: Any) -> bool:
    return bool(stream.isatty()) and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


@contextmanager
def _progress(total: int) -> Iterator[Any]:
    """A bar on standard error while a terminal watches; silent otherwise."""
    if total < 2 or not sys.stderr.isatty() or sys.stdout.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("reading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=total)
        yield lambda: bar.advance(task)


@cli.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--strict", is_flag=True, help="Count damage as failure.")
def check(paths: Sequence[str], strict: bool) -> int:
    """Say what is wrong with files, and what was recovered from them."""
    from miler.check import verdict
    from miler.files import find

    worst = OK
    for found in find(paths):
        result = verdict(found)
        click.echo(result.text)
        if result.failed or (strict and result.damaged):
            worst = SOME_FAILED
    return worst


@cli.command()
@click.option("--sex", type=click.Choice(["F", "M"]), help="Women's or men's marks only.")
@click.option("--surface", type=click.Choice(["outdoor", "short_track", "road"]), help="One book only.")
@click.option("--event", metavar="EVENT", help='One event only, such as "1 mile".')
@click.option("--progression", is_flag=True, help="How the outdoor mile record fell, with dates and a plot.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def records(sex: Any, surface: Any, event: str | None, progression: bool, format_: str) -> int:
    """Show the record book: time, holder, place, status and source of each mark."""
    from miler import recordbook
    from miler.report import records as shown
    from miler.report.document import dumps

    color = _color(sys.stdout)
    if progression:
        both: tuple[Any, ...] = ("M", "F")
        marks = tuple(m for s in ((sex,) if sex else both) for m in recordbook.progression(s))
    else:
        marks = recordbook.select(recordbook.marks(), event=event, surface=surface, sex=sex)
    if format_ == "json":
        click.echo(dumps(shown.records_document(marks), indent=2))
    else:
        render = shown.render_progression if progression else shown.render_records
        click.echo(render(marks, color=color))
    return OK


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code.

    Args:
        argv: the arguments without the program's name; the process's own if None.
    """
    from miler.errors import MilerError

    for stream in (sys.stdout, sys.stderr):
        # A Windows console of another code page, or LC_ALL=C, must not end a report.
        getattr(stream, "reconfigure", lambda **_: None)(encoding="utf-8", errors="backslashreplace")
    try:
        code = cli.main(args=None if argv is None else list(argv), prog_name="miler", standalone_mode=False)
    except click.exceptions.Abort:
        return INTERRUPTED
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return WRONG_USE
    except MilerError as error:
        click.echo(f"miler: {error.message}", err=True)
        return WRONG_USE
    except BrokenPipeError:
        # `miler report … | head`: the reader has seen enough.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
        return OK
    return code if isinstance(code, int) else OK


if __name__ == "__main__":
    sys.exit(main())
