"""Uploads → the library: what waits goes in together, through the importer that folders use too.

An answer is given when its upload is committed, never before. While one group is read and written the
next one gathers, so that a hundred phones cost hardly more transactions than one.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from miler.engines import Engine
from miler.errors import MilerError
from miler.files import Found, find
from miler.library import Library
from miler.library.importing import Way, import_files, is_worth_keeping
from miler.library.originals import Originals
from miler.library.writing import Ending, Recorded, duplicate_of
from miler.settings import Settings
from miler.web.asking import Landed, activities_at, gave_activities

_AT_ONCE = 2
GROUP = 64  # uploads that go in together at most: none waits long for the others


@dataclass(frozen=True)
class Upload:
    """What came in: a name, which is a label and never a path, and bytes."""

    name: str
    data: bytes
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha256", hashlib.sha256(self.data).hexdigest())


@dataclass(frozen=True)
class Landing:
    """What became of an upload, and whether its bytes are to stay: not if nothing in them is an activity."""

    landed: Landed
    stays: bool = True


_Told = Callable[[Landing | Exception], None]


class Intake:
    """The door that uploads come in by; one runs in a server."""

    def __init__(self, library: Path, settings: Settings, workers: Engine) -> None:
        self._library = library
        self._originals = Originals(library)
        self._under_way = Counter[str]()
        self._way = Way(workers=workers)
        self._settings = settings
        self._waiting: asyncio.Queue[tuple[Upload, _Told]] = asyncio.Queue()

    async def land(self, upload: Upload) -> Landed:
        """Bring an upload into the library, and return when it is there.

        Raises:
            LibraryError: if the library cannot be written; nothing was kept.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Landed] = loop.create_future()

        def tell(landing: Landing | Exception) -> None:
            self._ended(upload.sha256, landing)
            if answer.done():  # who asked has gone
                return
            if isinstance(landing, Exception):
                answer.set_exception(landing)
            else:
                answer.set_result(landing.landed)

        def told(landing: Landing | Exception) -> None:
            loop.call_soon_threadsafe(tell, landing)

        self._under_way[upload.sha256] += 1
        self._waiting.put_nowait((upload, told))
        return await answer

    def _ended(self, sha256: str, landing: Landing | Exception) -> None:
        """Let rubbish go, unless the same bytes are just being read for somebody else."""
        self._under_way[sha256] -= 1
        if self._under_way[sha256] == 0:
            del self._under_way[sha256]
            if isinstance(landing, Landing) and not landing.stays:
                with suppress(OSError):  # what cannot be removed does no harm but for its size
                    self._originals.drop(sha256)

    async def run(self) -> None:
        """Take in what waits, until cancelled: while one group is written, another is read."""
        await asyncio.gather(*(self._run() for _ in range(_AT_ONCE)))

    async def _run(self) -> None:
        while True:
            group = [await self._waiting.get()]
            while len(group) < GROUP and not self._waiting.empty():
                group.append(self._waiting.get_nowait())
            await asyncio.to_thread(self._take, group)

    def _take(self, group: list[tuple[Upload, _Told]]) -> None:
        """Bring a group in, and tell of each as soon as it is committed."""
        untold = dict(enumerate(told for _, told in group))
        try:
            with Library(self._library) as library:
                waiting = {number: upload for number, (upload, _) in enumerate(group)}
                for together in _rounds(waiting):
                    for number, landing in landings(library, together, self._settings, self._way):
                        untold.pop(number)(landing)
        except (MilerError, OSError) as error:
            for told in untold.values():
                told(error)


def _rounds(waiting: Mapping[int, Upload]) -> Iterator[dict[int, Upload]]:
    """Divide a group so that what goes in together has names and contents of its own.

    The importer calls files by their names; and a copy is known as one when the first of it is in.
    """
    rest = dict(waiting)
    while rest:
        names, contents, together = set[str](), set[str](), dict[int, Upload]()
        for number, upload in rest.items():
            if upload.name not in names and upload.sha256 not in contents:
                together[number] = upload
            names.add(upload.name)
            contents.add(upload.sha256)
        yield together
        rest = {number: upload for number, upload in rest.items() if number not in together}


def landings(
    library: Library, uploads: Mapping[int, Upload], settings: Settings, way: Way
) -> Iterator[tuple[int, Landing]]:
    """Import uploads, no two of one name, and yield what became of each when it is in the library.

    Raises:
        LibraryError: if the library can no longer be written.
    """
    unknown = {}
    for number, upload in uploads.items():
        known = gave_activities(library, upload.sha256, upload.name)
        if known is None:
            unknown[number] = upload
        else:
            yield number, Landing(known)
    found = {number: list(_found(upload, path)) for number, upload, path in _kept(library, unknown)}
    whose = {one.name: (number, one) for number, each in found.items() for one in each}
    ended: dict[int, list[Recorded]] = {number: [] for number in found}
    files = [one for each in found.values() for one in each]
    for recorded in import_files(library, files, settings, way):
        number, one = whose[recorded.name]
        ended[number].append(_seen_again(library, one, recorded))
        if len(ended[number]) == len(found[number]):
            stays = any(is_worth_keeping(one) for one in ended[number])
            yield number, Landing(_summed_up(unknown[number], ended[number]), stays)


def _kept(library: Library, uploads: Mapping[int, Upload]) -> list[tuple[int, Upload, str]]:
    """Keep the originals as standard input is kept: there is no other to come back to."""
    with library.writing():
        kept = [
            (number, upload, str(library.originals.put(upload.data, upload.sha256, "")))
            for number, upload in uploads.items()
        ]
        library.originals.settle()
    return kept


def _found(upload: Upload, path: str) -> Iterator[Found]:
    """List what there is to read: the upload, or what is in it if it is an archive."""
    for found in find([path]):
        inside = found.name.removeprefix(Path(path).name)
        yield replace(found, name=upload.name + inside)


def _summed_up(upload: Upload, endings: list[Recorded]) -> Landed:
    """Say of an upload what matters most of what was in it."""
    ids = tuple(dict.fromkeys(number for ending in endings for number in ending.activity_ids))
    if len(endings) == 1:
        only = endings[0]
        return Landed(upload.name, upload.sha256, only.ending, ids, only.code, only.message)
    counts = {kind: sum(ending.ending == kind for ending in endings) for kind in _MOST_FIRST}
    kind = next(kind for kind, count in counts.items() if count)
    said = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    wrong = [f"{ending.name}: {ending.message}" for ending in endings if ending.ending == "failed"]
    return Landed(upload.name, upload.sha256, kind, ids, None, "; ".join([said, *wrong[:_FEW]]))


_MOST_FIRST: tuple[Ending, ...] = ("imported", "duplicate", "failed", "skipped")
_FEW = 5  # what failed in an archive is named, but not all of a thousand


def _seen_again(library: Library, found: Found, ending: Recorded) -> Recorded:
    """Say of what lies as it did what it was: to who sends a file, its copy here is not known."""
    if ending.ending != "unchanged":
        return ending
    ids = ending.activity_ids or activities_at(library, found) or ()
    if ids:
        return replace(ending, ending="duplicate", activity_ids=ids, message=duplicate_of(ids))
    return replace(ending, ending="skipped")
