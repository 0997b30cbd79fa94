"""Many files → the library: workers read, one writer commits what they have ready.

What is committed is done; so an import that was interrupted, even killed, is finished by running it
again. Files that lie as they were are known without reading them.
"""

from __future__ import annotations

import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import miler
from miler import batch
from miler.engines import Engine
from miler.errors import DecodeError, LibraryError, MilerError
from miler.files import STDIN, Found, activities, contents, explain
from miler.library import Library, moment, writing
from miler.library.entry import Entry, entry_of
from miler.library.originals import Finder, Wanted, label_text, wanted
from miler.library.places import Place, Stamp, place_of, stamp_of
from miler.library.questions import require
from miler.library.standing import in_context
from miler.library.writing import DELETED, Part, Recorded, Visit
from miler.settings import Settings

if TYPE_CHECKING:
    from miler.activity import Activity
    from miler.analysis import Analysis

# These say something of a moment rather than of a file, so that it is read again.
PASSING = ("unreadable", "worker_died", "internal", "changed")

# A commit waits four times for the disk, whatever is in it: results are gathered for a moment, and written
# together. Another program that writes waits no longer than it takes to write one group and a file.
_GATHERED_S = 0.25
_HELD_S = 0.1
_PASSED = 64  # known files between two looks at how far the workers are

# What the rows of one file can do to SQLite; anything else concerns the library as a whole.
_BAD_ROW = (
    sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError, sqlite3.ProgrammingError,
    OverflowError, UnicodeError,
)  # fmt: skip


@dataclass(frozen=True)
class Way:
    """How files are imported.

    Attributes:
        jobs: processes that read.
        workers: processes that are there already and stay, instead.
        copy: keep copies of the originals beside the library.
        restore: bring back activities that were deleted.
    """

    jobs: int = 1
    copy: bool = False
    restore: bool = False
    workers: Engine | None = None


@dataclass(frozen=True)
class Write:
    """A file to be written, and what writes it into an open transaction."""

    entry: Entry
    into: Callable[[sqlite3.Connection], Recorded]


@dataclass(frozen=True)
class _Seen:
    """A file on its way through a worker, as it looked before it was read."""

    found: Found
    place: Place
    stamp: Stamp | None


def import_files(
    library: Library, files: Iterable[Found], settings: Settings, way: Way
) -> Iterator[Recorded]:
    """Import files, and yield what became of each, once it is on the disk.

    Raises:
        LibraryError: if the library can no longer be written: it is locked, or the disk is full.
    """
    passed: deque[Recorded] = deque()
    waiting: deque[_Seen] = deque()
    piped: dict[str, Path] = {}

    def unknown() -> Iterator[Found | None]:
        for found in files:
            if found.path == STDIN:
                found = _kept(library, found)
                if found.error is None:
                    piped[found.name] = Path(found.path)
            seen = _Seen(found, place_of(found), stamp_of(found.path))
            known = _unchanged(library, seen, way)
            if known is None:
                waiting.append(seen)
                yield found
            else:
                passed.append(known)
                if len(passed) % _PASSED == 0:
                    yield None

    for entries in batch.groups(
        unknown(), settings, entry_of, jobs=way.jobs, wait_s=_GATHERED_S, workers=way.workers
    ):
        while passed:
            yield passed.popleft()
        writes = [
            Write(entry, partial(_written, library, entry, waiting.popleft(), way)) for entry in entries
        ]
        for recorded in _committed(library, writes):
            if recorded.name in piped and not is_worth_keeping(recorded):
                piped[recorded.name].unlink(missing_ok=True)
            yield recorded
    yield from passed


def _committed(library: Library, writes: Iterable[Write]) -> Iterator[Recorded]:
    """Write files together, and yield what became of each when all of them are on the disk.

    Where SQLite refuses a row, each file of the group is written by itself: the bad one costs no other.
    (A savepoint a file would do as well, but every page that it touches is written twice more.)
    """
    left = deque(writes)
    while left:
        group: list[Write] = []
        try:
            endings = _together(library, left, group)
        except _BAD_ROW as error:
            if len(group) > 1:
                for write in group:
                    yield from _committed(library, [write])
            else:
                yield _refused(group[0].entry, error)
        else:
            yield from endings


def _together(library: Library, left: deque[Write], group: list[Write]) -> list[Recorded]:
    """Move writes from `left` to `group` for a moment, one at least, and commit those."""
    endings: list[Recorded] = []
    with library.writing() as connection:
        until = time.monotonic() + _HELD_S
        while left and (not group or time.monotonic() < until):
            group.append(left.popleft())
            endings.append(group[-1].into(connection))
        library.originals.settle()
    return endings


def _refused(entry: Entry, error: Exception) -> Recorded:
    message = f"a fault in miler, please report it: {type(error).__name__} in the library: {error}"
    return Recorded(entry.name, "failed", (), "internal", message)


def is_worth_keeping(ending: Recorded) -> bool:
    """Whether an original may be wanted again: it has an activity, had one, or may have with more luck."""
    return ending.ending not in ("failed", "skipped") or ending.code in (DELETED, *PASSING)


def _kept(library: Library, found: Found) -> Found:
    """Keep what came by standard input: there is no other original to come back to."""
    try:
        data = contents(found).data
    except DecodeError as error:
        return replace(found, error=error)
    except OSError as error:
        return replace(found, error=explain(error))
    with library.writing():
        path = library.originals.put(data, sha256(data).hexdigest(), "")
        library.originals.settle()
    return replace(found, path=str(path))


def _unchanged(library: Library, seen: _Seen, way: Way) -> Recorded | None:
    """Tell what became of a file before, if it lies as it did then; None if it has to be read."""
    if seen.stamp is None:
        return None
    with library.reading() as connection:
        row = connection.execute(
            "SELECT outcome, code, message, version, sha256 FROM files"
            " WHERE path = ? AND member = ? AND size_bytes = ? AND mtime_ns = ?",
            (seen.place.path, seen.place.member, seen.stamp.size_bytes, seen.stamp.mtime_ns),
        ).fetchone()
        if row is None or _worth_reading(library, row, way):
            return None
    outcome, code, message, *_ = row
    if outcome == "failed":
        return Recorded(seen.found.name, "failed", (), code, f"{message} (unchanged, not read again)")
    return Recorded(seen.found.name, "unchanged", (), code, message)


def _worth_reading(library: Library, row: tuple[Any, ...], way: Way) -> bool:
    """Whether a file is read again although it lies as it did."""
    outcome, code, _, version, content = row
    if outcome == "failed":
        return code in PASSING or version != miler.__version__  # a newer miler may read it
    if outcome == "skipped":
        return way.restore if code == DELETED else version != miler.__version__
    return way.copy and library.originals.path_of(content) is None


def _written(
    library: Library, entry: Entry, seen: _Seen, way: Way, connection: sqlite3.Connection
) -> Recorded:
    """Write one file's outcome, its copy first, so that no result lacks the original that was promised."""
    visit = Visit(moment(), seen.place, seen.stamp, label_text(seen.found.label))
    if way.copy and entry.kind == "done":
        data = _bytes(seen.found)
        if data is None or sha256(data).hexdigest() != entry.sha256:
            entry = _changed(entry)
        else:
            library.originals.put(data, entry.sha256, entry.format)
    if way.restore:
        writing.restore(connection, entry.sha256)
    return writing.record(connection, entry, visit)


def _bytes(found: Found) -> bytes | None:
    try:
        return contents(found).data
    except (OSError, MilerError):
        return None


def _changed(entry: Entry) -> Entry:
    message = "the file changed while it was read; import it again"
    return replace(entry, kind="failed", results=(), code="changed", message=message)


@dataclass(frozen=True)
class Again:
    """What is read again, and what cannot be: `gone` have no original any more."""

    found: tuple[tuple[Found, Wanted], ...]
    gone: tuple[Wanted, ...]


def read_again(library: Library, contents_wanted: Iterable[Wanted] | None = None) -> Again:
    """Find the originals of all activities, or of some contents."""
    if contents_wanted is None:
        with library.reading() as connection:
            contents_wanted = wanted(connection)
    finder = Finder(library.originals)
    pairs = [(finder.found(content), content) for content in contents_wanted]
    there = tuple((found, content) for found, content in pairs if found is not None)
    return Again(there, tuple(content for found, content in pairs if found is None))


def outdated(library: Library) -> str:
    """Say how many activities another version of miler analysed, and what to do; nothing if none."""
    with library.reading() as connection:
        query = "SELECT count(*) FROM activities WHERE version <> ?"
        (count,) = connection.execute(query, (miler.__version__,)).fetchone()
    if not count:
        return ""
    were = "activity was" if count == 1 else "activities were"
    advice = "`miler reprocess` reads again those whose originals are there"
    return f"{count} {were} analysed by another version of miler; {advice}"


def reprocess(
    library: Library,
    again: Again,
    settings: Settings,
    *,
    jobs: int = 1,
    ids: Mapping[Part, int] | None = None,
) -> Iterator[Recorded]:
    """Read originals again and write their results anew; numbers, and what the runner said, stay.

    An original that is gone, has changed, or cannot be read leaves the results as they are.
    """
    found = (found for found, _ in again.found)
    wanted_in_order = (content for _, content in again.found)
    for entries in batch.groups(found, settings, entry_of, jobs=jobs, wait_s=_GATHERED_S):
        yield from _committed(
            library,
            [Write(entry, partial(_rewritten, entry, next(wanted_in_order), ids or {})) for entry in entries],
        )
    for content in again.gone:
        yield _as_it_was(content.name, "gone", "its original is gone; its results stay as they are")


def _rewritten(
    entry: Entry, content: Wanted, ids: Mapping[Part, int], connection: sqlite3.Connection
) -> Recorded:
    if entry.kind != "done" and entry.sha256 in ("", content.sha256):
        return _as_it_was(entry.name, entry.code, f"{entry.message}; its results stay as they are")
    if entry.sha256 != content.sha256:
        return _as_it_was(
            entry.name, "changed", "its original has changed; `miler import` reads it as it is now"
        )
    return writing.record(connection, entry, Visit(moment(), label=content.label, again=True, ids=ids))


def _as_it_was(name: str, code: str | None, message: str) -> Recorded:
    return Recorded(name, "failed", (), code, message)


def analysis_of(library: Library, activity_id: int, workers: Engine | None = None) -> Analysis:
    """Read the original of one activity again, with the settings that made its results.

    What the library knows beside it is laid in: the runner's own bests, and what was said of wind and shoes.

    Args:
        library: where it is.
        activity_id: its number.
        workers: who reads it, so that what is wrong with it costs this process nothing.

    Raises:
        LibraryError: if there is no such activity, or its original is gone or has changed.
    """
    found, content, part = _original(library, activity_id)
    (outcome,) = batch.run([found], content.made_with, batch.unchanged, workers=workers)
    if outcome.source.sha256 != content.sha256 or not outcome.analyses:
        raise _no_original(activity_id)
    analysis = outcome.analyses[part - 1]
    return in_context(analysis, library.get(activity_id), library.own_bests(activity_id))


def recording_of(library: Library, activity_id: int) -> tuple[Activity, Settings, str | None]:
    """Read the original of one activity again, and return it with the settings that made its results.

    Returns:
        The activity, the settings, and the path that the runner may have written something beside.

    Raises:
        LibraryError: if there is no such activity, or its original is gone or has changed.
    """
    found, content, part = _original(library, activity_id)
    try:
        data = contents(found)
        if data.sha256 == content.sha256:
            return activities(found, data)[part - 1], content.made_with, None if found.way else found.path
    except (MilerError, OSError) as error:
        raise _no_original(activity_id) from error
    raise _no_original(activity_id)


def _original(library: Library, activity_id: int) -> tuple[Found, Wanted, int]:
    """Find the file that leads an activity, and which of the activities in it this is, from 1 on."""
    with library.reading() as connection:
        require(connection, activity_id)
        content = wanted(connection, activity_id)[0]
        parts = {number: part for part, number in writing.parts_of(connection, content.sha256).items()}
    found = Finder(library.originals).found(content)
    if found is None:
        raise _no_original(activity_id)
    return found, content, parts[activity_id]


def _no_original(activity_id: int) -> LibraryError:
    reason = (
        f"the original of activity {activity_id} is gone or has changed; its text and json are still here"
    )
    return LibraryError(reason, code="no_original")
