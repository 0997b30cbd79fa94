"""Uploads → the library: what waits goes in together, through the importer that folders use too.

An answer is given when its upload is committed, never before. While one group is read and written the
next one gathers, so that a hundred phones cost hardly more transactions than one.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from miler.batch import Workers
from miler.errors import LibraryError
from miler.files import Found, find
from miler.library import Library
from miler.library.importing import Way, import_files
from miler.library.writing import Ending, Recorded, parts_of
from miler.settings import Settings
from miler.web.asking import Landed, duplicate_of, gave_activities

GROUP = 64  # uploads that go in together at most: none waits long for the others


@dataclass(frozen=True)
class Upload:
    """What came in: a name, which is a label and never a path, and bytes."""

    name: str
    data: bytes
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha256", hashlib.sha256(self.data).hexdigest())


_Told = Callable[[Landed | Exception], None]


class Intake:
    """The door that uploads come in by; one runs in a server."""

    def __init__(self, library: Path, settings: Settings, workers: Workers) -> None:
        self._library = library
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

        def tell(landed: Landed | Exception) -> None:
            if answer.done():  # who asked has gone
                return
            if isinstance(landed, Exception):
                answer.set_exception(landed)
            else:
                answer.set_result(landed)

        def told(landed: Landed | Exception) -> None:
            loop.call_soon_threadsafe(tell, landed)

        self._waiting.put_nowait((upload, told))
        return await answer

    async def run(self) -> None:
        """Take in what waits, until cancelled."""
        while True:
            group = [await self._waiting.get()]
            while len(group) < GROUP and not self._waiting.empty():
                group.append(self._waiting.get_nowait())
            await asyncio.to_thread(self._take, group)

    def _take(self, group: list[tuple[Upload, _Told]]) -> None:
        """Bring a group in, and tell of each as soon as it is committed."""
        untold = [told for _, told in group]
        uploads = [upload for upload, _ in group]
        try:
            with Library(self._library) as library:
                for landed in landings(library, uploads, self._settings, self._way):
                    untold.pop(0)(landed)
        except (LibraryError, OSError) as error:
            for told in untold:
                told(error)


def landings(library: Library, uploads: list[Upload], settings: Settings, way: Way) -> Iterator[Landed]:
    """Import uploads, and yield what became of each, in order, when it is in the library.

    Raises:
        LibraryError: if the library can no longer be written.
    """
    known = [gave_activities(library, upload.sha256, upload.name) for upload in uploads]
    kept = _kept(library, (u for u, k in zip(uploads, known, strict=True) if k is None))
    found = [
        list(_found(upload, kept[upload.sha256])) if k is None else []
        for upload, k in zip(uploads, known, strict=True)
    ]
    recorded = import_files(library, (one for each in found for one in each), settings, way)
    for upload, before, each in zip(uploads, known, found, strict=True):
        yield before or _summed_up(library, upload, [next(recorded) for _ in each])
    recorded.close()  # type: ignore[attr-defined]


def _kept(library: Library, uploads: Iterable[Upload]) -> dict[str, str]:
    """Keep the originals as standard input is kept: there is no other to come back to."""
    with library.writing():
        return {u.sha256: str(library.originals.put(u.data, u.sha256, "")) for u in uploads}


def _found(upload: Upload, path: str) -> Iterator[Found]:
    """List what there is to read: the upload, or what is in it if it is an archive."""
    for found in find([path]):
        inside = found.name.removeprefix(Path(path).name)
        yield replace(found, name=upload.name + inside)


def _summed_up(library: Library, upload: Upload, endings: list[Recorded]) -> Landed:
    """Say of an upload what matters most of what was in it."""
    each = [_seen_again(library, upload, ending) for ending in endings]
    ids = tuple(dict.fromkeys(number for ending in each for number in ending.activity_ids))
    if len(each) == 1:
        return Landed(upload.name, upload.sha256, each[0].ending, ids, each[0].code, each[0].message)
    counts = {kind: sum(ending.ending == kind for ending in each) for kind in _MOST_FIRST}
    kind = next(kind for kind, count in counts.items() if count)
    said = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    wrong = [f"{ending.name}: {ending.message}" for ending in each if ending.ending == "failed"]
    return Landed(upload.name, upload.sha256, kind, ids, None, "; ".join([said, *wrong[:5]]))


_MOST_FIRST: tuple[Ending, ...] = ("imported", "failed", "duplicate", "skipped")


def _seen_again(library: Library, upload: Upload, ending: Recorded) -> Recorded:
    """Say of what lies as it did what it was: to who sends a file, its copy here is not known."""
    if ending.ending != "unchanged":
        return ending
    with library.reading() as connection:
        ids = ending.activity_ids or tuple(parts_of(connection, upload.sha256).values())
    if ids:
        return replace(ending, ending="duplicate", activity_ids=ids, message=duplicate_of(ids))
    return replace(ending, ending="skipped")
