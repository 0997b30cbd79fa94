"""The command line: verbs → calls, outcomes → exit codes; nothing clever.

Only click is imported here. A verb's module comes when it is asked for, and all else inside the
verb that needs it, so that every verb pays for itself alone.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from miler.cli_options import (
    INTERRUPTED,
    OK,
    SOME_FAILED,
    WRONG_USE,
    Crew,
    Spelling,
    crew_options,
    draws_plain,
    fits,
    has_place,
    is_folder,
    listed,
    look_at,
    named,
    progress,
    settings_of,
    settings_options,
)

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from miler.files import Found
    from miler.report.outcomes import Piece
    from miler.settings import Settings

__all__ = ["INTERRUPTED", "OK", "SOME_FAILED", "WRONG_USE", "cli", "main"]

# Where the verbs live that are not told here, in the order in which they are told.
_HOMES = {
    "import": "cli_import:import_",
    "best": "cli_questions:best",
    "list": "cli_questions:list_",
    "show": "cli_library:show",
    "compare": "cli_questions:compare",
    "trend": "cli_questions:trend",
    "exclude": "cli_library:exclude",
    "include": "cli_library:include",
    "set": "cli_library:set_",
    "delete": "cli_library:delete",
    "merge": "cli_duplicates:merge",
    "unmerge": "cli_duplicates:unmerge",
    "reprocess": "cli_import:reprocess",
    "export": "cli_library:export",
    "library": "cli_import:library_",
    "plan": "cli_plan:plan",
    "records": "cli_records:records",
    "profile": "cli_records:profile",
    "dataset": "cli_dataset:dataset_",
    "watch": "cli_watch:watch",
    "site": "cli_site:site",
    "serve": "cli_serve:serve",
    "upload": "cli_upload:upload",
    "explain": "cli_explain:explain",
    "card": "cli_card:card",
    "doctor": "cli_doctor:doctor",
    "completion": "cli_completion:completion",
}


class _ReaderLeft(Exception):
    """Nobody reads standard output any more, as after `miler report … | head`."""


class _Verbs(click.Group):
    """A group whose first word may also be a file: `miler run.fit` is `miler report run.fit`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `report` before anything that is neither a verb nor this group's own option."""
        own = {"--help", "-h", "--version"}
        if args and args[0] not in self.list_commands(ctx) and args[0] not in own:
            if not ctx.resilient_parsing:  # a shell that asks how the word may go on
                self._refuse_slip(ctx, args)
            args = ["report", *args]
        return super().parse_args(ctx, args)

    def _refuse_slip(self, ctx: click.Context, args: list[str]) -> None:
        """Tell a mistyped verb from a file that is not there: a file has a dot, a slash or a fellow."""
        word = args[0]
        if word[:1] in ("", "-") or set(word) & set("./\\") or any(map(os.path.exists, args)):
            return
        from difflib import get_close_matches

        verbs = self.list_commands(ctx)
        close = get_close_matches(word, verbs, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"the verbs are {', '.join(verbs)}"
        raise click.UsageError(f"{word!r} is neither a verb nor a file; {hint}", ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the verbs as they are told here, the main one first."""
        return [*self.commands, *_HOMES]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a verb when it is asked for."""
        if cmd_name not in _HOMES:
            return super().get_command(ctx, cmd_name)
        module, _, function = _HOMES[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"miler.{module}"), function)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the first word as a verb, or as the name of a file."""
        from click.shell_completion import CompletionItem

        return super().shell_complete(ctx, incomplete) or [CompletionItem(incomplete, type="file")]

    def invoke(self, ctx: click.Context) -> Any:
        """Tell a broken pipe from other ends: click would end the program with code 1."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise _ReaderLeft from None


def _tell_versions(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from miler.versions import told

        click.echo(told())
        ctx.exit()


@click.group(
    cls=_Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="`miler FILE...` is short for `miler report FILE...`. Nothing leaves unless you say where to.",
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_tell_versions,
              help="Show the versions that a result depends on, and exit.")  # fmt: skip
def cli() -> None:
    """Find the fastest mile in what a GPS watch recorded, exactly.

    miler reads FIT, GPX and TCX files (also gzipped or zipped), cuts the fastest mile and the
    watch's laps into splits, and says how evenly it was run and how it compares with the records.
    """


@cli.command(short_help="Report the fastest mile of each file.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(), metavar="PATH...", callback=named)
@click.option("--format", "format_", type=click.Choice(["text", "json", "jsonl", "csv", "html"]),
              default="text", show_default=True, help="How the report is written.")  # fmt: skip
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="PATH", callback=has_place,
              help="Write to this file, whole or not at all; html, if it does not end in .html:"
              " into this folder, a page each and an index.")  # fmt: skip
@crew_options
@click.option("--ascii", "plain", is_flag=True, help="Draw with plain characters only.")
@settings_options
def report(
    paths: Sequence[str], format_: str, output: Path | None, crew: Crew, plain: bool, **options: Any
) -> int:
    """Report the fastest mile of each file: time, splits, evenness, records.

    PATH is a file, a folder (searched with all below it), a zip archive such as an account's
    export, - for standard input, or a URL such as s3://bucket/runs. A file that cannot be read is
    named on standard error and stops nothing; the exit code is then 1.
    """
    from miler.atomic import write_atomic
    from miler.files import is_archive
    from miler.files import is_folder as is_searched

    settings = settings_of(options)
    work = _Work(*listed(paths, lazily=not crew.local), settings, format_, crew, plain)
    # What was asked for decides, not what was found: one file in a folder is still a list of one.
    several = len(paths) > 1 or is_searched(paths[0]) or is_archive(paths[0])
    if output is None:
        return _write_report(work, several, sys.stdout)
    if format_ == "html" and is_folder(output):
        return _write_folder(work, output)
    if output.is_dir():
        raise click.BadParameter(f"{output} is a folder; {format_} is one file", param_hint="'-o'")
    with write_atomic(output) as stream:
        return _write_report(work, several, stream)


@dataclass(frozen=True)
class _Work:
    """What is to be reported, how, and by whom; `count` is None where files are listed as they are needed."""

    files: Iterable[Found]
    count: int | None
    settings: Settings
    format: str
    crew: Crew
    plain: bool


def _write_report(work: _Work, several: bool, stream: IO[str]) -> int:
    """Write each file's share as soon as it is there, in input order."""
    from miler.report.outcomes import joined

    codes = {OK}
    pieces = _pieces(work, work.format, stream, codes)
    for text in joined(pieces, work.format, work.settings, several=several):
        stream.write(text)
    return max(codes)


def _write_folder(work: _Work, path: Path) -> int:
    """Write a page of each activity into a folder, and an index of them."""
    from miler.folder import Folder
    from miler.report.leaf import Leaf
    from miler.report.outcomes import FOLDER

    codes = {OK}
    written = again = 0
    with Folder(path) as folder:
        for piece in _pieces(work, FOLDER, None, codes):
            assert isinstance(piece, Leaf)
            new = folder.add(piece)
            written, again = written + new, again + (not new)
        index = folder.close(work.settings.unit)
    twice = f", {again} twice" if again else ""
    click.echo(f"{written} {'report' if written == 1 else 'reports'}{twice}: {index}", err=True)
    return max(codes)


def _pieces(work: _Work, format: str, stream: IO[str] | None, codes: set[int]) -> Iterator[Piece]:
    """Read the files, and yield the pieces of a report in their order; how they ended goes into `codes`."""
    from functools import partial

    from miler import batch
    from miler.report.outcomes import rendered

    look = None if stream is None else look_at(stream, plain=work.plain)
    then = partial(rendered, format=format, look=look)
    with work.crew.hired(work.count) as workers, progress(work.count, stream) as step:
        for share in batch.run(work.files, work.settings, then, workers=workers):
            step(1)
            codes.add(SOME_FAILED if share.kind == "failed" else OK)
            if share.line is not None:
                click.echo(share.line, err=True)
            yield from share.pieces


@cli.command(short_help="Say what is wrong with files.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(), metavar="PATH...", callback=named)
@click.option("--strict", is_flag=True, help="Count damage as failure.")
def check(paths: Sequence[str], strict: bool) -> int:
    """Say what is wrong with files, and what was recovered from them.

    A ! marks damage: the file breaks its own format, or something had to be dropped or repaired.
    """
    from miler.check import KINDS, verdict
    from miler.files import find

    counts = dict.fromkeys(KINDS, 0)
    for found in find(paths):
        result = verdict(found)
        for line in result.text.splitlines():
            click.echo(fits(line))
        counts[result.kind] += 1
    if not any(counts.values()):
        raise click.UsageError("no FIT, GPX or TCX file is in there")
    if sum(counts.values()) > 1:
        click.echo(fits(", ".join(f"{count} {kind}" for kind, count in counts.items() if count)))
    return SOME_FAILED if counts["failed"] or (strict and counts["damaged"]) else OK


@cli.command(short_help="Print the JSON Schema of the reports.")
def schema() -> int:
    """Print the JSON Schema of what `--format json` and `--format jsonl` write."""
    from importlib.resources import files

    click.echo(files("miler.report").joinpath("schema.json").read_text(encoding="utf-8"), nl=False)
    return OK


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code.

    Args:
        argv: the arguments without the program's name; the process's own if None.
    """
    from miler.errors import MilerError, SettingsError

    # Nothing here multiplies matrices; the idle threads of numpy's BLAS cost a worker a fifth of its time.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # glibc gives the memory of a large column back, and asks for it again: a twentieth of a worker's time.
    os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", "33554432")
    os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", "67108864")
    # Where Ctrl-C ends us twice over, Python's own helper clears up, and need not say so.
    os.environ.setdefault("PYTHONWARNINGS", "ignore::UserWarning:multiprocessing.resource_tracker")
    # Where the caller closed a stream (>&-) Python has none, and the next file would get its number.
    sys.stdout, sys.stderr = (s or Path(os.devnull).open("w") for s in (sys.stdout, sys.stderr))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        # A Windows console of another code page, or LC_ALL=C, must neither end a report nor change it.
        getattr(stream, "reconfigure", lambda **_: None)(
            encoding="utf-8", errors="backslashreplace", newline="\n"
        )
    if draws_plain(sys.stdout):
        sys.stdout = Spelling(sys.stdout.buffer, encoding="utf-8", newline="\n", line_buffering=True)
    try:
        code = cli.main(args=None if argv is None else list(argv), prog_name="miler", standalone_mode=False)
        sys.stdout.flush()
    except (KeyboardInterrupt, click.exceptions.Abort):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return WRONG_USE
    except MilerError as error:
        click.echo(f"miler: {error.message}", err=True)
        return WRONG_USE if isinstance(error, SettingsError) else SOME_FAILED
    except (_ReaderLeft, BrokenPipeError):
        # What is still in the buffer would complain when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except OSError as error:
        where = error.filename or "the report cannot be written"
        click.echo(f"miler: {where}: {error.strerror}", err=True)
        return SOME_FAILED
    return code if isinstance(code, int) else OK


if __name__ == "__main__":
    sys.exit(main())
