"""The verb that watches a folder."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from miler.cli_import import library_option
from miler.cli_options import (
    OK,
    SOME_FAILED,
    Seconds,
    jobs_for,
    settings_of,
    settings_options,
    spares_originals,
)
from miler.shown import printable

if TYPE_CHECKING:
    from miler.watching import Order

_FORMATS = ("html", "json", "text", "csv")
_LOG_BYTES, _LOGS = 2**20, 5
_ERRORS = ("failed", "waiting")  # these lines are no results


def _formats(ctx: click.Context, param: click.Parameter, value: str) -> tuple[str, ...]:
    words = tuple(word.strip() for word in value.split(",") if word.strip())
    for word in words:
        if word not in _FORMATS:
            raise click.BadParameter(f"{word!r} is none of {', '.join(_FORMATS)}", ctx, param)
    return words


@click.command("watch", short_help="Import what is dropped into a folder.")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR")
@click.option("--once", is_flag=True, help="End when all that is there is done.")
@click.option("--move", is_flag=True, help="Put what is done into DIR/processed and DIR/failed.")
@click.option("--copy", is_flag=True, help="Keep copies of the originals beside the library.")
@click.option("--reports", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
              help="Write a report of each activity there.")  # fmt: skip
@click.option("--format", "formats", default="html", show_default=True, callback=_formats, metavar="FORMATS",
              help="Of the reports: html, json, text, csv, with commas between.")  # fmt: skip
@click.option("--errors", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
              help="Write NAME.error.txt there for what fails"
              " [your state folder; DIR/failed with --move].")  # fmt: skip
@click.option("--log", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              callback=spares_originals,
              help="Keep the lines in this file too; at 1 MiB a new one begins, five are kept.")  # fmt: skip
@click.option("--delay", "delay_s", type=Seconds(min=0), metavar="SECONDS",
              help="How long a file must lie unchanged [2; 10 on a network or a watch].")  # fmt: skip
@click.option("--patience", "patience_s", type=Seconds(min=0), default=600, show_default=True,
              metavar="SECONDS", help="How long to wait for the rest of an incomplete file.")  # fmt: skip
@click.option("--poll", is_flag=True, help="Only look, and rely on no events.")
@click.option("--install-help", is_flag=True, help="Print how to start this at log-in, and end.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), metavar="N", help="Processes [one a core].")
@library_option
@settings_options
def watch(
    folder: Path,
    once: bool,
    log: Path | None,
    install_help: bool,
    **options: Any,
) -> int:
    """Import what is dropped into DIR and below, as soon as it is complete; Ctrl-C ends it.

    Files stay where they are unless --move is given. One that is still being copied is waited for;
    one that stays incomplete is read as far as it goes, and replaced when the whole one comes.
    """
    if install_help:
        click.echo(_install_help(folder), nl=False)
        return OK
    from miler.watching import Watcher

    order = _order(folder.absolute(), options)
    with _lines(log) as say, _terminable() as terminated:
        watcher = Watcher(order, say)
        if not once:
            click.echo(f"miler watches {printable(str(folder))}; Ctrl-C ends it", err=True)
        try:
            return OK if watcher.run(once=once) else SOME_FAILED
        except KeyboardInterrupt:
            if not terminated():
                raise
            return OK


def _order(folder: Path, options: dict[str, Any]) -> Order:
    from miler.dropfolder import is_remote, short_name, state_folder
    from miler.watch import Pace
    from miler.watching import FAILED, Order

    own = {
        name: options.pop(name)
        for name in ("move", "copy", "reports", "formats", "errors", "delay_s", "patience_s", "poll")
    }
    library, jobs = options.pop("library_path"), options.pop("jobs")
    remote = is_remote(folder)
    delay_s = own["delay_s"] if own["delay_s"] is not None else (10.0 if remote else 2.0)
    errors = own["errors"] or (
        folder / FAILED if own["move"] else state_folder() / "failed" / short_name(folder)
    )
    return Order(
        folder=folder,
        library=library,
        settings=settings_of(options),
        pace=Pace(delay_s, own["patience_s"]),
        errors=errors.absolute(),
        jobs=lambda files: jobs_for(jobs, files),
        move=own["move"],
        copy=own["copy"],
        reports=own["reports"].absolute() if own["reports"] else None,
        formats=own["formats"],
        events=not (own["poll"] or remote),
    )


@contextmanager
def _lines(log: Path | None) -> Iterator[Callable[[str, str], None]]:
    """Lend what says a line: on the terminal, and in the log with the time."""
    from miler.library import moment
    from miler.shown import printable

    keep = _log(log)
    try:

        def say(kind: str, text: str) -> None:
            line = printable(f"{kind} {text}")
            click.echo(line, err=kind in _ERRORS)
            keep(f"{moment()} {line}")

        yield say
    finally:
        keep(None)


def _log(path: Path | None) -> Callable[[str | None], None]:
    """Return what keeps a line in the log; None closes it."""
    if path is None:
        return lambda line: None
    import logging
    from logging.handlers import RotatingFileHandler

    path.parent.mkdir(parents=True, exist_ok=True)
    # Lone surrogates are printed escaped already; a full disk must not end the watcher.
    logging.raiseExceptions = False
    handler = RotatingFileHandler(path, maxBytes=_LOG_BYTES, backupCount=_LOGS - 1, encoding="utf-8")

    def keep(line: str | None) -> None:
        if line is None:
            handler.close()
        else:
            handler.emit(logging.LogRecord("miler", logging.INFO, "", 0, line, None, None))

    return keep


@contextmanager
def _terminable() -> Iterator[Callable[[], bool]]:
    """Let SIGTERM end the work as Ctrl-C does; lend what tells the two apart."""
    came: list[int] = []

    def end(number: int, frame: FrameType | None) -> None:
        came.append(number)
        raise KeyboardInterrupt

    former = signal.signal(signal.SIGTERM, end)
    try:
        yield lambda: bool(came)
    finally:
        signal.signal(signal.SIGTERM, former)


def _install_help(folder: Path) -> str:
    """Return units for systemd and launchd with the paths of this installation."""
    command = [sys.executable, "-m", "miler.cli", "watch", os.fspath(folder.resolve())]
    return _INSTALL.format(
        systemd=" ".join(_for_systemd(word) for word in command),
        launchd="\n".join(f"    <string>{_for_xml(word)}</string>" for word in command),
        home=_for_xml(os.fspath(Path.home())),
    )


def _for_systemd(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'


def _for_xml(word: str) -> str:
    from xml.sax.saxutils import escape

    return escape(word)


_INSTALL = """\
Linux (systemd): save this as ~/.config/systemd/user/miler-watch.service

[Unit]
Description=miler imports what is dropped into a folder

[Service]
ExecStart={systemd}
Restart=on-failure
RestartSec=30

[Install]
WantedBy=default.target

then:  systemctl --user daemon-reload && systemctl --user enable --now miler-watch
look:  journalctl --user -u miler-watch        stop:  systemctl --user disable --now miler-watch


macOS (launchd): save this as ~/Library/LaunchAgents/miler.watch.plist

<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key> <string>miler.watch</string>
  <key>ProgramArguments</key>
  <array>
{launchd}
  </array>
  <key>RunAtLoad</key> <true/>
  <key>KeepAlive</key> <dict><key>SuccessfulExit</key> <false/></dict>
  <key>StandardOutPath</key> <string>{home}/Library/Logs/miler-watch.log</string>
  <key>StandardErrorPath</key> <string>{home}/Library/Logs/miler-watch.log</string>
</dict>
</plist>

then:  launchctl load ~/Library/LaunchAgents/miler.watch.plist        stop:  launchctl unload, the same path
"""
