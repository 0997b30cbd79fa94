"""Where the members of a zip archive lie, and how each is unpacked: as a stream, by place and never by name.

Python's zipfile is not used: before 3.11.8 it takes entries that overlap (CVE-2024-0450), it gives
nothing of a member that breaks off, nor anything of an archive whose download did.

Source:
    PKWARE, APPNOTE.TXT, .ZIP File Format Specification, 6.3.10: sections 4.3 (records), 4.5.3 (zip64).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from struct import Struct, unpack_from
from typing import NamedTuple, Protocol

from miler.activity import Note
from miler.errors import CorruptFile, DecodeError
from miler.formats.inflate import RAW_DEFLATE, STEP, Content, Expansion, refuse_bomb, refuse_larger
from miler.limits import LIMITS, MIB, Limits

_LOCAL, _ENTRY, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_ZIP64_END, _ZIP64_LOCATOR = b"PK\x06\x06", b"PK\x06\x07"

_LOCAL_HEADER = Struct("<4s5H3L2H")
_ENTRY_HEADER = Struct("<4s6H3L5H2L")
_END_RECORD = Struct("<4s4H2LH")
_ZIP64_RECORD = Struct("<4sQ2H2L4Q")

_ENCRYPTED, _SIZES_FOLLOW = 1, 8  # bits of the flags
_STORED, _DEFLATED = 0, 8
_ZIP64_EXTRA = 1
_IN_ZIP64 = 0xFFFFFFFF  # a size or place of 4 GiB and more stands in the extra field
_LONGEST_COMMENT = 0xFFFF
_TAIL = 4 * MIB  # holds the directory of some 40,000 members, so that a stream need not be read twice


class Blob(Protocol):
    """Bytes that can be read at any place: of a file, in memory, or of a member of an archive."""

    size: int

    def read_at(self, at: int, count: int) -> bytes:
        """Return `count` bytes from `at` on, fewer only at the end."""
        ...


class Memory:
    """The blob of bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read_at(self, at: int, count: int) -> bytes:
        """Return `count` bytes from `at` on, fewer only at the end."""
        return self._data[at : at + count]


class Member(NamedTuple):
    """A file in an archive, and where it lies.

    `at` is the place of its local header, `end` that of what comes next: the member must fit between.
    `packed` and `size` are bytes as the archive says; `crc` is None where it does not.
    """

    name: str
    at: int
    end: int
    packed: int
    size: int
    crc: int | None
    method: int
    encrypted: bool


@dataclass(frozen=True)
class Directory:
    """The members of an archive, as they lie in it; `problem` says why some may be missing."""

    members: list[Member]
    problem: str | None = None


def directory(blob: Blob, limits: Limits = LIMITS) -> Directory:
    """List the members by the archive's directory; by their own headers, where that is cut off.

    No more than one above the limit are listed.
    """
    window = _Window(blob)
    place = _place(window)
    if place is not None:
        begin, end, shift = place
        members = list(_entries(window, begin, end, shift, limits))
        whole = len(members) > limits.members or (members[-1].end if members else begin) == end
        if members or whole:
            return Directory(_apart(members, begin), None if whole else "its directory is damaged")
    return Directory(
        list(_by_local_headers(blob, limits)),
        "its directory is missing (did the download break off?), and what precedes the break was read",
    )


class _Window:
    """A blob of which the last stretch read is kept: a directory is read in many small steps."""

    def __init__(self, blob: Blob) -> None:
        self.size = blob.size
        self._blob = blob
        self._at = max(0, blob.size - _TAIL)
        self._bytes = blob.read_at(self._at, _TAIL)

    def read_at(self, at: int, count: int) -> bytes:
        count = max(0, min(count, self.size - at))
        if not self._at <= at <= at + count <= self._at + len(self._bytes):
            self._at, self._bytes = at, self._blob.read_at(at, max(count, MIB))
        return self._bytes[at - self._at : at - self._at + count]


def _place(window: _Window) -> tuple[int, int, int] | None:
    """Return where the directory begins and ends, and by how much all places are shifted."""
    tail_at = max(0, window.size - _END_RECORD.size - _LONGEST_COMMENT)
    tail = window.read_at(tail_at, window.size - tail_at)
    at = tail.rfind(_END)
    while at >= 0:
        if at + _END_RECORD.size <= len(tail):
            *_, length, begin, comment = _END_RECORD.unpack_from(tail, at)
            if at + _END_RECORD.size + comment <= len(tail):
                return _checked(window, *_zip64(window, tail_at + at, length, begin))
        at = tail.rfind(_END, 0, at)
    return None


def _zip64(window: _Window, end: int, length: int, begin: int) -> tuple[int, int, int]:
    """Return end, length and begin of the directory, by the records of zip64 where there are any."""
    at = end - 20 - _ZIP64_RECORD.size
    record = window.read_at(at, end - at) if at >= 0 else b""
    if len(record) == end - at and record.startswith(_ZIP64_END) and record[-20:-16] == _ZIP64_LOCATOR:
        *_, length, begin = _ZIP64_RECORD.unpack_from(record)
        return at, length, begin
    return end, length, begin


def _checked(window: _Window, end: int, length: int, told: int) -> tuple[int, int, int] | None:
    """Take a directory only where it can be that of this archive.

    Something may stand before an archive, as a program that unpacks it. But where a member comes
    first, a shift means that this is the end of an archive within, and that of this one is cut off.
    """
    begin = end - length
    shift = begin - told
    if begin < 0 or shift < 0 or (shift and window.read_at(0, 4) == _LOCAL):
        return None
    return begin, end, shift


def _entries(window: _Window, at: int, end: int, shift: int, limits: Limits) -> Iterator[Member]:
    """Yield the members of a directory; `end` of each is, so far, that of its entry."""
    for _ in range(limits.members + 1):
        header = window.read_at(at, _ENTRY_HEADER.size)
        if at + _ENTRY_HEADER.size > end or not header.startswith(_ENTRY):
            return
        (_, _, _, flags, method, _, _, crc, packed, size, n_name, n_extra, n_comment, *_, begin) = (
            _ENTRY_HEADER.unpack(header)
        )
        rest = window.read_at(at + _ENTRY_HEADER.size, n_name + n_extra)
        size, packed, begin = _wide([size, packed, begin], rest[n_name:])
        at += _ENTRY_HEADER.size + n_name + n_extra + n_comment
        if at > end:
            return
        yield Member(
            _text(rest[:n_name]), begin + shift, at, packed, size, crc, method, bool(flags & _ENCRYPTED)
        )


def _wide(values: list[int], extra: bytes) -> list[int]:
    """Replace those values that zip64 keeps in the extra field; a lie there is found out when reading."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = unpack_from("<2H", extra, at)
        if kind == _ZIP64_EXTRA:
            wide = iter(
                unpack_from(f"<{length // 8}Q", extra[at + 4 : at + 4 + length].ljust(length, b"\xff"))
            )
            return [next(wide, value) if value == _IN_ZIP64 else value for value in values]
        at += 4 + length
    return values


def _text(name: bytes) -> str:
    """Read a member's name; many programs write UTF-8 and do not say so."""
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        return name.decode("cp437")


def _apart(members: list[Member], begin: int) -> list[Member]:
    """Return the members as they lie in the archive, each with the place where the next begins."""
    ordered = sorted(members, key=lambda m: m.at)
    nexts = [*(m.at for m in ordered[1:]), begin]
    return [member._replace(end=end) for member, end in zip(ordered, nexts, strict=False)]


def _by_local_headers(blob: Blob, limits: Limits) -> Iterator[Member]:
    """Yield the members that follow one another from the beginning, as far as they are there."""
    at = expanded = 0
    for _ in range(limits.members + 1):
        header = blob.read_at(at, _LOCAL_HEADER.size)
        if len(header) < _LOCAL_HEADER.size or not header.startswith(_LOCAL):
            return
        _, _, flags, method, _, _, crc, packed, size, n_name, n_extra = _LOCAL_HEADER.unpack(header)
        begin = at + _LOCAL_HEADER.size + n_name + n_extra
        rest = blob.read_at(at + _LOCAL_HEADER.size, n_name + n_extra)
        size, packed = _wide([size, packed], rest[n_name:])
        told: int | None = crc
        if flags & _SIZES_FOLLOW:
            if method != _DEFLATED or flags & _ENCRYPTED:
                return  # nothing says where it ends
            expansion = Expansion(_stretch(blob, begin, blob.size), RAW_DEFLATE, limits)
            for piece in expansion:
                expanded += len(piece)
                if expanded > limits.total_bytes or limits.is_bomb(expanded, blob.size):
                    return
            packed, size, told = expansion.taken, expansion.given, None
        end = min(begin + packed, blob.size)
        yield Member(_text(rest[:n_name]), at, end, packed, size, told, method, bool(flags & _ENCRYPTED))
        at = end + (_gap(blob, end) if flags & _SIZES_FOLLOW else 0)


def _gap(blob: Blob, at: int) -> int:
    """Return the length of the record with the sizes that follow a member: 12 to 24 bytes."""
    places = [p for p in map(blob.read_at(at, 24 + 4).find, (_LOCAL, _ENTRY)) if p >= 0]
    return min(places, default=0)


def _stretch(blob: Blob, begin: int, end: int) -> Iterator[bytes]:
    """Yield what lies there; an archive within another may be shorter than that one says."""
    for at in range(begin, end, STEP):
        piece = blob.read_at(at, min(STEP, end - at))
        if not piece:
            return
        yield piece


class Unpacking:
    """What a member expands to, in pieces, as `Expansion`; read again, it begins anew.

    Raises:
        CorruptFile: if there is no such member at its place, or it overlaps the next.
        DecodeError: if it is encrypted, or packed in a way that is not read.
    """

    def __init__(self, blob: Blob, member: Member, limits: Limits = LIMITS) -> None:
        if member.encrypted:
            raise DecodeError("it is encrypted; unpack it, and hand over the files", code="zip_encrypted")
        if member.method not in (_STORED, _DEFLATED):
            raise DecodeError(
                f"it is packed by method {member.method}; miler reads those that are stored or deflated",
                code="zip_method",
            )
        header = blob.read_at(member.at, _LOCAL_HEADER.size)
        if len(header) < _LOCAL_HEADER.size or not header.startswith(_LOCAL):
            raise CorruptFile("no member begins where the archive says", code="zip_damaged")
        *_, n_name, n_extra = _LOCAL_HEADER.unpack(header)
        begin = member.at + _LOCAL_HEADER.size + n_name + n_extra
        if begin + member.packed > member.end and member.end < blob.size:  # else it is merely cut off
            raise CorruptFile("it overlaps what comes next; no sound archive does", code="zip_overlap")
        self._blob, self._member, self._limits = blob, member, limits
        self._begin, self._end = begin, min(begin + member.packed, blob.size)
        self.damage: str | None = None

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces.

        Raises:
            CorruptFile: for a bomb, or a member larger than the archive says.
        """
        given = crc = 0
        packed = _stretch(self._blob, self._begin, self._end)
        deflated = self._member.method == _DEFLATED
        expansion = Expansion(packed, RAW_DEFLATE, self._limits) if deflated else None
        for piece in packed if expansion is None else expansion:
            given += len(piece)
            crc = zlib.crc32(piece, crc)
            if given > self._member.size:
                raise CorruptFile(
                    f"it holds more than the {self._member.size} bytes that the archive says", code="zip_size"
                )
            yield piece
        self.damage = (expansion.damage if expansion else None) or self._told(given, crc)

    def _told(self, given: int, crc: int) -> str | None:
        if given < self._member.size:
            return "it ends too early"
        return None if self._member.crc in (None, crc) else "its check sum is wrong"


def content(blob: Blob, member: Member, limits: Limits = LIMITS) -> Content:
    """Unpack one member; one that is damaged gives what can be unpacked, with a note.

    Raises:
        CorruptFile: if nothing can, or the member is larger than any activity.
        DecodeError: if it is encrypted, or packed in a way that is not read.
    """
    unpacking = Unpacking(blob, member, limits)
    refuse_larger(member.size, limits)
    refuse_bomb(member.size, member.packed, limits)
    data = b"".join(unpacking)
    if unpacking.damage is None:
        return Content(data)
    if not data:
        raise CorruptFile(f"nothing of it can be unpacked: {unpacking.damage}", code="zip_damaged")
    text = f"damaged in the archive ({unpacking.damage}); what could be unpacked was read"
    return Content(data, (Note("zip_damaged", "damage", text),))


class Unpacked:
    """The blob of a member that is itself an archive: a stream that goes forward, and else begins anew.

    Read in the order in which things lie, it is unpacked once, and never held whole. `spend` is
    told of all bytes unpacked, so that who reads in another order can be stopped.
    """

    def __init__(
        self, blob: Blob, member: Member, limits: Limits = LIMITS, spend: Callable[[int], None] | None = None
    ) -> None:
        self.size = member.size
        self._unpacking = Unpacking(blob, member, limits)
        self._spend = spend
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._pieces = iter(self._unpacking)
        self._at, self._piece = 0, b""

    def read_at(self, at: int, count: int) -> bytes:
        """Return `count` bytes from `at` on, fewer only at the end.

        Raises:
            CorruptFile: for a bomb, or a member larger than the archive says.
        """
        if at < self._at:
            self._begin_anew()
        got = bytearray()
        while count > 0:
            skip = at - self._at
            if skip < len(self._piece):
                part = self._piece[skip : skip + count]
                got += part
                at += len(part)
                count -= len(part)
                continue
            self._at += len(self._piece)
            self._piece = next(self._pieces, b"")
            if self._spend is not None:
                self._spend(len(self._piece))
            if not self._piece:
                break
        return bytes(got)
