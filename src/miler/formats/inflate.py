"""zlib within limits: a break gives what came before it, a bomb is refused before it fills the memory."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from miler.activity import Note
from miler.errors import CorruptFile
from miler.limits import LIMITS, MIB, Limits

GZIP = b"\x1f\x8b"
RAW_DEFLATE, GZIP_DEFLATE = -15, 31  # zlib's words for what surrounds the data
STEP = 64 * 2**10
_PIECE = 4 * STEP


@dataclass(frozen=True)
class Content:
    """The bytes of one file as they came out of their containers, and what was odd about that."""

    data: bytes
    notes: tuple[Note, ...] = ()

    @cached_property
    def sha256(self) -> str:
        """By which the same bytes are known again."""
        return hashlib.sha256(self.data).hexdigest()


class Expansion:
    """What packed bytes expand to, in pieces.

    Attributes:
        taken, given: bytes of input used, and of output given, so far.
        damage: after the last piece, how the stream broke; None if it ended as it should.
    """

    def __init__(self, packed: Iterable[bytes], wbits: int, limits: Limits = LIMITS) -> None:
        self._packed = packed
        self._wbits = wbits
        self._limits = limits
        self.taken = self.given = 0
        self.damage: str | None = None

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces.

        Raises:
            CorruptFile: for a bomb, `too_large_expanded`.
        """
        stream = zlib.decompressobj(self._wbits)
        for packed in self._packed:
            rest = packed
            while True:
                before = stream.copy()
                try:
                    piece = stream.decompress(rest, _PIECE)
                except zlib.error as error:
                    self.damage = str(error).rpartition(": ")[2]
                    yield from self._until_the_break(before, rest)
                    return
                left = stream.unused_data if stream.eof else stream.unconsumed_tail
                self.taken += len(rest) - len(left)
                if piece:
                    yield self._counted(piece)
                if stream.eof:
                    return
                rest = left
                # A full piece may have left output inside zlib, though all input was used.
                if not rest and len(piece) < _PIECE:
                    break
        self.damage = "it ends too early"

    def _until_the_break(self, stream: zlib._Decompress, packed: bytes) -> Iterator[bytes]:
        """Expand byte by byte: zlib keeps nothing of a call that fails."""
        for at in range(len(packed)):
            try:
                piece = stream.decompress(packed[at : at + 1])
            except zlib.error:
                return
            self.taken += 1
            if piece:
                yield self._counted(piece)

    def _counted(self, piece: bytes) -> bytes:
        self.given += len(piece)
        refuse_bomb(self.given, self.taken, self._limits)
        return piece


def refuse_bomb(expanded: int, packed: int, limits: Limits) -> None:
    """Refuse what expands further than any recording.

    Raises:
        CorruptFile: `too_large_expanded`.
    """
    if limits.is_bomb(expanded, packed):
        raise CorruptFile(
            f"expands more than {limits.ratio}-fold; no recording does", code="too_large_expanded"
        )


def refuse_larger(size: int, limits: Limits) -> None:
    """Refuse a file that no activity fills.

    Raises:
        CorruptFile: `too_large_expanded`.
    """
    if size > limits.expanded_bytes:
        raise CorruptFile(
            f"expands to more than {limits.expanded_bytes / MIB:g} MiB; no activity is so large",
            code="too_large_expanded",
        )


def gunzip(data: bytes, limits: Limits = LIMITS) -> Content:
    """Expand gzip, in one part or several; a part that breaks off gives what came before.

    Raises:
        CorruptFile: if nothing came before the break, or too much comes out.
    """
    pieces: list[bytes] = []
    at = size = parts = 0
    while data[at : at + 2] == GZIP:
        parts += 1
        if parts > limits.members:
            raise CorruptFile(f"gzip in more than {limits.members} parts", code="too_large_expanded")
        slices = (data[i : i + STEP] for i in range(at, len(data), STEP))
        expansion = Expansion(slices, GZIP_DEFLATE, limits)
        for piece in expansion:
            size += len(piece)
            refuse_larger(size, limits)
            pieces.append(piece)
        at += expansion.taken
        if expansion.damage is not None:
            if not size:
                raise CorruptFile(f"the gzip data cannot be expanded ({expansion.damage})", code="gzip")
            early = at >= len(data)
            text = f"the gzip data is damaged ({expansion.damage}); what came before was read"
            note = Note("gzip_truncated" if early else "gzip_damaged", "damage", text)
            return Content(b"".join(pieces), (note,))
    return Content(b"".join(pieces), _left_over(data, at))


def _left_over(data: bytes, at: int) -> tuple[Note, ...]:
    """Return a note if anything follows the last part; zeros only fill a block."""
    if not data[at:].strip(b"\0"):
        return ()
    text = f"{len(data) - at} bytes follow the gzip data; they were not read"
    return (Note("gzip_trailing", "damage", text),)
