"""What a zip archive holds: each activity file in it by its place, archives within it included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from miler.errors import CorruptFile, DecodeError, MilerError, UnsupportedFile
from miler.formats.inflate import Content
from miler.formats.ziparchive import Blob, Member, Unpacked, content, directory
from miler.limits import LIMITS, MIB, Limits
from miler.names import is_zip, kind_of_member

Way = tuple[Member, ...]


@dataclass(frozen=True)
class Entry:
    """A file in an archive, or something to be said of the archive.

    Attributes:
        name: what reports call it: `export.zip/activities/1.fit`. A label; nothing is opened by it.
        way: the members to go through, the outermost archive's first; empty where there is an error.
        table: whether it is the table of an account's export and no activity.
        error: why it cannot be read, as far as is known without reading it.
    """

    name: str
    way: Way = ()
    table: bool = False
    error: MilerError | None = None


class Archive:
    """A zip archive. Its members are unpacked one at a time, in memory, and never by name.

    The archives within it are streams: those that lead to the member read last are kept at
    that place, so that who reads in the order of the entries unpacks each of them once.
    """

    def __init__(self, blob: Blob, limits: Limits = LIMITS) -> None:
        self._blob = blob
        self._limits = limits
        self._open: list[tuple[Member, Unpacked]] = []

    def entries(self, name: str) -> Iterator[Entry]:
        """Yield the activity files in the order in which they lie, and last, how many others there are.

        What cannot be read is an entry with an error; nothing is raised.
        """
        return _Search(self._limits, self._blob.size).all_in(self._blob, name)

    def read(self, way: Way) -> Content:
        """Unpack the member at the end of the way.

        Raises:
            CorruptFile: if nothing of it can be, or it is larger than any activity.
            DecodeError: if it is encrypted, or packed in a way that is not read.
        """
        return content(self._within(way[:-1]), way[-1], self._limits)

    def _within(self, way: Way) -> Blob:
        kept = 0
        while kept < min(len(way), len(self._open)) and self._open[kept][0] == way[kept]:
            kept += 1
        del self._open[kept:]
        for member in way[kept:]:
            self._open.append((member, Unpacked(self._innermost(), member, self._limits)))
        return self._innermost()

    def _innermost(self) -> Blob:
        return self._open[-1][1] if self._open else self._blob


class _Search:
    """One search of an archive of so many bytes, counting what it meets against the limits."""

    def __init__(self, limits: Limits, size: int) -> None:
        self._limits = limits
        self._size = size
        self._members = 0
        self._expanded = 0
        self._others = 0

    def all_in(self, blob: Blob, name: str) -> Iterator[Entry]:
        empty = True
        try:
            for entry in self._below(blob, name, ()):
                empty = False
                yield entry
        except _Full as full:
            yield Entry(name, error=CorruptFile(f"{full}; what follows was not read", code="zip_too_large"))
        except DecodeError as error:
            yield Entry(name, error=error)
        else:
            if empty and not self._others:
                nothing = UnsupportedFile("the archive is empty", kind="archive", code="empty_archive")
                yield Entry(name, error=nothing)
        if self._others:
            many = f"{self._others} members are no activity files"
            text = many if self._others > 1 else "1 member is no activity file"
            yield Entry(name, error=UnsupportedFile(text, kind="archive", code="other_members"))

    def _below(self, blob: Blob, name: str, way: Way) -> Iterator[Entry]:
        listed = directory(blob, self._limits)
        if listed.problem:
            text = f"the archive is damaged: {listed.problem}; members found: {len(listed.members)}"
            yield Entry(name, error=CorruptFile(text, code="zip_directory"))
        for member in listed.members:
            self._count(1, 0)
            if not member.name.endswith(("/", "\\")):
                yield from self._member(blob, f"{name}/{member.name}", (*way, member))

    def _member(self, blob: Blob, name: str, way: Way) -> Iterator[Entry]:
        member = way[-1]
        kind = kind_of_member(member.name)
        if kind == "archive":
            yield from self._archive(blob, name, way)
        if kind in ("other", "table"):
            self._others += 1
        if kind in ("activity", "table"):
            # What is refused by itself costs nothing, and must not cost the others their place.
            if not self._limits.is_bomb(member.size, member.packed):
                self._count(0, min(member.size, self._limits.expanded_bytes))
            yield Entry(name, way, table=kind == "table")

    def _archive(self, blob: Blob, name: str, way: Way) -> Iterator[Entry]:
        depth = self._limits.depth
        if len(way) > depth:
            text = f"archives within archives more than {depth} deep; unpack it, and hand over the files"
            yield Entry(name, error=CorruptFile(text, code="zip_too_deep"))
            return
        try:
            inner = Unpacked(blob, way[-1], self._limits, spend=lambda count: self._count(0, count))
            if is_zip(inner.read_at(0, 4)):
                yield from self._below(inner, name, way)
            else:  # something else by a wrong name: its content says what
                yield Entry(name, way)
        except DecodeError as error:
            yield Entry(name, error=error)

    def _count(self, members: int, expanded: int) -> None:
        self._members += members
        self._expanded += expanded
        if self._members > self._limits.members:
            raise _Full(f"the archive has more than {self._limits.members} members")
        if self._expanded > self._limits.total_bytes:
            raise _Full(f"the archive expands to more than {self._limits.total_bytes / MIB:g} MiB")
        if self._limits.is_bomb(self._expanded, self._size):
            raise _Full(f"the archive expands more than {self._limits.ratio}-fold")


class _Full(Exception):
    """A limit of the whole archive is reached; ends the search, however deep it is."""
