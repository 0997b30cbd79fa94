"""A watched folder → the library: look, wait until files are complete, import them, say what became of each.

Whatever was done can be done again: a watcher that was killed at any moment is started anew, finds what
the library knows already, and does the rest.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import miler
from miler.atomic import write_atomic
from miler.dropfolder import (
    Hints,
    Look,
    error_file,
    forget,
    lacking,
    look,
    only_watcher,
    remove_first_name,
    second_name,
    short_name,
)
from miler.errors import LibraryError
from miler.files import Found, explain, find, with_labels
from miler.library import Library, moment, usual_path
from miler.library.importing import PASSING, Way, analysis_of, import_files
from miler.library.originals import Originals
from miler.library.places import Stamp, real_name, stored_path
from miler.library.questions import sure_efforts_of
from miler.library.seen import given_by, is_known, moved
from miler.library.writing import Recorded
from miler.names import kind_of
from miler.report.runs import stem
from miler.settings import Settings
from miler.shown import printable
from miler.units import MILE_M, format_sure
from miler.watch import Ledger, Pace, Sight

_RESCAN_S = 30.0  # with events; each may have been lost
_LIBRARY_TIMEOUT_S = 2.0  # waiting inside SQLite would not hear that the watcher is to end
_PASSING = ("unreadable", "changed")  # said of a moment, not of a file
_WAITED_FOR = ("locked", "disk_full", "read_only", "unreadable")  # of the library
_WAITED_FOR_ONCE = ("locked",)  # what mends itself; nobody comes to mend the rest while cron waits
_TOLD_AFTER = 2  # looks in vain; most copies are done by then
DONE, FAILED = "processed", "failed"

Say = Callable[[str, str], None]


@dataclass(frozen=True)
class Order:
    """What is to be watched, and what is to be done with what comes.

    Attributes:
        folder: the folder.
        library: where its activities go; the user's own if None.
        settings: for every analysis.
        pace: how long to wait.
        errors: the folder for the reasons of failures.
        jobs: how many processes for so many files.
        move: put files that are done into `processed/` and `failed/` in the folder.
        copy: keep copies of the originals beside the library.
        reports: the folder for a report of each activity.
        formats: of these reports.
        events: whether the folder's file system tells of changes.
    """

    folder: Path
    library: Path | None
    settings: Settings
    pace: Pace
    errors: Path
    jobs: Callable[[int], int] = lambda files: 1
    move: bool = False
    copy: bool = False
    reports: Path | None = None
    formats: tuple[str, ...] = ("html",)
    events: bool = True


@dataclass(frozen=True)
class _Ready:
    """A file that is to be read; `lack` says what it lacks, `known` whether the library has seen it so."""

    path: str
    name: str
    sight: Sight
    lack: str | None
    known: bool


class Watcher:
    """Watches one folder; `say` is told, in one line each, what became of files and what is waited for."""

    def __init__(self, order: Order, say: Say, ledger: Ledger | None = None) -> None:
        self._order = order
        self._say = say
        self._ledger = Ledger(order.pace) if ledger is None else ledger
        self._told: dict[str, tuple[str, Sight | None]] = {}
        self._failed: set[str] = set()
        own = [order.errors, Originals(order.library or usual_path()).folder]
        own += [order.folder / DONE, order.folder / FAILED] if order.move else []
        self._left_out = frozenset([*own, order.reports] if order.reports else own)
        self._temporary = f".miler-{short_name(order.folder)}.tmp"

    def run(self, *, once: bool) -> bool:
        """Watch, for ever or until all that is there has come to an end.

        Returns:
            Whether no file failed.

        Raises:
            MilerError: if the folder is watched by another, or the library cannot be used at all; with
                `once` also if it cannot be written now, unless another program holds it.
            OSError: if there can be no folder for the reports; with `once` also if an original cannot
                be copied.
            KeyboardInterrupt: the way to end it.
        """
        if self._order.reports is not None:  # one that can never be made is better said now than waited for
            self._order.reports.mkdir(parents=True, exist_ok=True)
        with only_watcher(self._order.folder):
            self._clean()
            hints = Hints(self._order.folder, events=self._order.events and not once)
            while True:
                begin_s = time.monotonic()
                seen = self._look()
                looked_s = time.monotonic() - begin_s
                if seen is not None:
                    self._work(seen, begin_s, once=once)
                if once and not self._ledger.open_files():
                    return not self._failed
                if not hints.follow(seen.identity if seen else None):
                    self._pause(hints, begin_s, looked_s)

    def _clean(self) -> None:
        """Remove what a killed watcher of this folder was writing."""
        for folder in (self._order.errors, self._order.reports):
            for left in folder.rglob(self._temporary) if folder else ():
                forget(left)

    def _pause(self, hints: Hints, begin_s: float, looked_s: float) -> None:
        """Wait for the next file or the next event, and let the machine rest between two looks."""
        rescan_s = _RESCAN_S if hints.live else max(1.0, self._order.pace.delay_s)
        until_s = min(self._ledger.next_due_s(), begin_s + rescan_s)
        time.sleep(max(0.1, min(3 * looked_s, rescan_s)))
        hints.wait(max(0.0, until_s - time.monotonic()))

    def _look(self) -> Look | None:
        try:
            seen = look(self._order.folder, self._left_out)
        except OSError as error:
            self._tell(os.fspath(self._order.folder), "waiting", f"{explain(error).message}; waiting for it")
            return None
        self._told.pop(os.fspath(self._order.folder), None)
        return seen

    def _work(self, seen: Look, now_s: float, *, once: bool) -> None:
        # A look may take a minute on a watch: what is new was seen before its end, what is due at its begin.
        self._ledger.observe(seen.files, time.monotonic())
        for path, reason in seen.odd.items():
            self._tell(path, "skipped", reason)
        if self._ledger.next_due_s() > now_s:
            return
        try:
            with Library(self._order.library, timeout_s=_LIBRARY_TIMEOUT_S) as library:
                ready = list(self._ready(library, now_s))
                tables = [Found(path, self._name(path)) for path in seen.tables]
                for batch in _batches(ready):
                    self._import(library, batch, tables)
        except (LibraryError, OSError) as error:
            self._tell("", "waiting", _waited_for(error, once=once))
            for path, _ in list(self._ledger.due(now_s)):
                self._ledger.put_off(path, now_s, ended=False)
        else:
            self._told.pop("", None)

    def _ready(self, library: Library, now_s: float) -> Iterator[_Ready]:
        for path, sight in list(self._ledger.due(now_s)):
            known = is_known(library, path, Stamp(sight.size_bytes, sight.mtime_ns), PASSING)
            # What is complete need not be asked again, but where an incomplete file would be moved.
            lack = None if known and not self._order.move else lacking(path)
            verdict = self._ledger.judge(path, complete=lack is None or known, now_s=now_s)
            if verdict != "wait":
                yield _Ready(path, self._name(path), sight, lack, known)
            elif lack is not None and self._ledger.tries(path) == _TOLD_AFTER and os.path.lexists(path):
                self._tell(path, "waiting", lack)

    def _name(self, path: str) -> str:
        return real_name(stored_path(Path(path).relative_to(self._order.folder).as_posix()))

    def _import(self, library: Library, batch: list[_Ready], tables: list[Found]) -> None:
        files = _found(batch, tables)
        way = Way(self._order.jobs(len(files)), self._order.copy)
        owners = dict(zip([found.name for found in files], batch, strict=False))
        endings: list[Recorded] = []
        for recorded in import_files(library, files, self._order.settings, way):
            if _is_archive(batch[0]):
                endings.append(recorded)
            else:
                self._settle(library, owners[recorded.name], [recorded])
        if endings:
            self._settle(library, batch[0], endings)

    def _settle(self, library: Library, ready: _Ready, endings: list[Recorded]) -> None:
        """Do what is to be done when all of a file is in the library: reports, reasons, moving, a line."""
        failed = [recorded for recorded in endings if recorded.ending == "failed"]
        passing = any(recorded.code in _PASSING for recorded in failed)
        if passing and not os.path.lexists(ready.path):
            return  # taken away again before it was read
        for recorded in endings:
            self._tell_ending(library, ready, recorded)
        try:
            self._report(library, ready, endings)
            self._explain(ready, failed)
            if self._order.move and not passing and _is_to_go(ready, endings):
                self._put_away(library, ready, FAILED if failed else DONE)
        except OSError as error:
            what = f"{error.filename or 'its report'} cannot be written: {(error.strerror or '').lower()}"
            self._tell(ready.path, "waiting", what)
            passing = True
        except LibraryError as error:
            self._tell(ready.path, "waiting", error.message)
            passing = True
        if failed or passing:
            self._failed.add(ready.path)
        else:
            self._failed.discard(ready.path)
        if passing:
            self._ledger.put_off(ready.path, time.monotonic(), ended=True)
        else:
            self._ledger.end(ready.path, ready.sight)

    def _tell_ending(self, library: Library, ready: _Ready, recorded: Recorded) -> None:
        """Say how a file ended, if that is news."""
        name = recorded.name if _is_archive(ready) and "/" in recorded.name else ready.name
        if recorded.ending == "imported":
            part = f" in part ({ready.lack}; the whole one will replace it)" if ready.lack else ""
            self._say("imported", f"{name}{part}: {_activities(library, recorded.activity_ids)}")
        elif recorded.ending == "failed":
            if not ready.known:
                self._tell(f"{ready.path}//{name}", "failed", recorded.message or "", name, ready.sight)
        elif recorded.ending != "unchanged":
            self._say(recorded.ending, f"{name}: {recorded.message}")

    def _tell(
        self, path: str, kind: str, message: str, name: str | None = None, sight: Sight | None = None
    ) -> None:
        """Say something of a path, but not again and again."""
        if self._told.get(path) != (message, sight):
            self._told[path] = (message, sight)
            if name is None and path.startswith(os.fspath(self._order.folder) + os.sep):
                name = self._name(path)
            self._say(kind, f"{name or path}: {message}" if path else message)

    def _report(self, library: Library, ready: _Ready, endings: list[Recorded]) -> None:
        if self._order.reports is None:
            return
        fresh = {number for r in endings if r.ending == "imported" for number in r.activity_ids}
        for number, start in given_by(library, ready.path):
            name = stem(start, "", str(number))  # of which the title, that may change, is no part
            for format in self._order.formats:
                path = self._order.reports / f"{name}.{format}"
                if number in fresh or not path.exists():
                    self._write_report(library, number, path, format)

    def _write_report(self, library: Library, number: int, path: Path, format: str) -> None:
        from miler.report.render import render

        self._write(path, render(analysis_of(library, number), format))

    def _explain(self, ready: _Ready, failed: list[Recorded]) -> None:
        """Write why a file failed where the runner finds it; a reason that no longer holds goes."""
        path = error_file(self._order.errors, os.fspath(Path(ready.path).relative_to(self._order.folder)))
        if not failed:
            forget(path)
        elif not (ready.known and path.exists()):
            lines = [f"{printable(r.name)}: {printable(r.message or '')} [{r.code}]" for r in failed]
            about = f"{printable(ready.path)}, {ready.sight.size_bytes} bytes"
            when = f"{moment()}, miler {miler.__version__}; the file itself was not changed"
            self._write(path, "\n".join([*lines, "", about, when, ""]))

    def _write(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with write_atomic(path, temporary_name=self._temporary) as stream:
            stream.write(text)

    def _put_away(self, library: Library, ready: _Ready, where: str) -> None:
        """Move a file; the library is told before the first name goes, so that it knows one that is there."""
        source = Path(ready.path)
        if not _is_as(source, ready.sight):
            return
        top = self._order.folder
        folder = (top / where / source.relative_to(top)).parent
        folder.mkdir(parents=True, exist_ok=True)
        target, both = second_name(source, folder)
        moved(library, source, target)
        remove_first_name(source, target, both=both)


def _waited_for(error: LibraryError | OSError, *, once: bool) -> str:
    """Say why the library cannot take a file now; an error that waiting does not mend is raised again."""
    if isinstance(error, LibraryError):
        if error.code not in (_WAITED_FOR_ONCE if once else _WAITED_FOR):
            raise error
        return error.message
    if once or isinstance(error, BrokenPipeError):  # nobody reads what is said
        raise error
    return (
        f"{error.filename or 'the copy of an original'} cannot be written: {(error.strerror or '').lower()}"
    )


def _is_archive(ready: _Ready) -> bool:
    return kind_of(Path(ready.path).name) == "archive"


def _is_to_go(ready: _Ready, endings: list[Recorded]) -> bool:
    """Whether a file is one to move: neither in part, nor an archive of other things that only came by."""
    if any(r.ending == "failed" for r in endings):
        return True
    skipped = all(r.ending == "skipped" or (r.ending == "unchanged" and r.code) for r in endings)
    return ready.lack is None and not (skipped and _is_archive(ready))


def _batches(ready: list[_Ready]) -> Iterator[list[_Ready]]:
    """Yield all files at once, and each archive, which is many, alone."""
    plain = [one for one in ready if not _is_archive(one)]
    if plain:
        yield plain
    yield from ([one] for one in ready if _is_archive(one))


def _found(batch: list[_Ready], tables: list[Found]) -> list[Found]:
    if _is_archive(batch[0]):
        return list(find([batch[0].path]))
    return list(with_labels((Found(ready.path, ready.name) for ready in batch), tables))


def _is_as(path: Path, sight: Sight) -> bool:
    try:
        status = path.lstat()
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns, status.st_ino) == (
        sight.size_bytes,
        sight.mtime_ns,
        sight.inode,
    )


def _activities(library: Library, numbers: tuple[int, ...]) -> str:
    """Name activities by number, with the time of their mile."""
    words = []
    for number in numbers:
        with library.reading() as connection:
            mile_s = sure_efforts_of(connection, number).get(round(MILE_M, 6))
        words.append(f"activity {number}" + (f", mile {format_sure(*mile_s, brief=True)}" if mile_s else ""))
    return "; ".join(words)
