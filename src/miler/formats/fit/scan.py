"""FIT bytes → where every message lies, in one pass over the record headers.

A definition message lists fields with sizes, base types and a byte order, and the
data messages that follow have exactly that layout: it *is* a numpy dtype. So the
scan only keeps, for each definition, the offsets of its messages; `tables` then
gathers each list and views it as a structured array.

```
file    = part+                      (chained files: each part has its own header)
part    = header  message*  crc      header: size, protocol, profile, data size, ".FIT" [, crc]
message = 1 byte  body               0x40 set: a definition, else data of a local number 0..15
                                     0x80 set: data with a compressed timestamp, local number 0..3
```
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import fastcrc
import numpy as np
from numpy.typing import NDArray

from miler.activity import Note
from miler.arrays import IntArray
from miler.formats.fit.profile import BASE_TYPES, BYTE

_COMPRESSED, _DEFINITION, _DEVELOPER, _LOCAL = 0x80, 0x40, 0x20, 0x0F
_SMALLEST_HEADER = 12
_CRC_BYTES = 2


@dataclass(frozen=True)
class FieldLayout:
    """One field as a definition describes it; `at` counts from the message's header byte."""

    number: int
    size: int
    base_type: int
    at: int
    developer: int | None = None

    def code(self, byte_order: str) -> str:
        """Return the field's numpy format; plain bytes where size and type do not fit together."""
        code = BASE_TYPES.get(self.base_type, ("V", None))[0]
        if code == "S":
            return f"S{self.size}"
        if code == "V" or self.size % (width := int(code[1])):
            return f"V{self.size}"  # seen from COROS: a uint32 of one byte
        return f"{byte_order}{code}" if self.size == width else f"({self.size // width},){byte_order}{code}"


@dataclass(eq=False)
class Definition:
    """A definition message, and where the data messages that follow it begin."""

    message: int
    byte_order: str
    fields: tuple[FieldLayout, ...]
    size: int
    offsets: list[int] = field(default_factory=list)

    @cached_property
    def starts(self) -> IntArray:
        """(m,) the offsets as an array; to be asked for when the scan is done."""
        return np.array(self.offsets, np.int64)

    @cached_property
    def by_number(self) -> dict[int, FieldLayout]:
        """The profile's fields that hold something; of two with one number, the first."""
        return {f.number: f for f in reversed(self.fields) if f.size and f.developer is None}

    @cached_property
    def dtype(self) -> np.dtype[np.void]:
        """The layout of one message, its header byte included, as a structured dtype."""
        return np.dtype(
            {
                "names": [str(number) for number in self.by_number],
                "formats": [f.code(self.byte_order) for f in self.by_number.values()],
                "offsets": [f.at for f in self.by_number.values()],
                "itemsize": self.size,
            }
        )


@dataclass(eq=False)
class Part:
    """One FIT file within the bytes: its definitions in order of appearance, and its damage."""

    data: bytes = field(repr=False)
    start: int = 0
    definitions: list[Definition] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def gather(self, definition: Definition) -> NDArray[np.void]:
        """Return the messages of one definition, which has some, as a structured array of shape (m,)."""
        # Every byte of the file is seen as a possible start of a message; indexing copies the true ones.
        count = len(self.data) - definition.size + 1
        everywhere: NDArray[np.void] = np.ndarray((count,), definition.dtype, self.data, strides=(1,))
        return everywhere[definition.starts]


def scan(data: bytes) -> list[Part]:
    """Find every message of every part; what breaks the format is said in the part's notes."""
    parts: list[Part] = []
    at = 0
    while at + _SMALLEST_HEADER <= len(data):
        if data[at + 8 : at + 12] == b".FIT":
            parts.append(Part(data, at))
            at = _scan_part(parts[-1])
        elif not parts:
            return []
        else:
            following = data.find(b".FIT", at + 8)
            until = len(data) if following < 0 else following - 8
            parts[-1].notes.append(_left_out("fit_trailing_bytes", at, until, "are no FIT file"))
            at = until
    if parts and at < len(data):
        parts[-1].notes.append(_left_out("fit_trailing_bytes", at, len(data), "are no FIT file"))
    return parts


def _scan_part(part: Part) -> int:
    """Scan one part from its header on; return where the next may begin."""
    data, start = part.data, part.start
    first = min(start + max(data[start], _SMALLEST_HEADER), len(data))
    size = int.from_bytes(data[start + 4 : start + 8], "little")
    end = first + size
    if size and end + _CRC_BYTES <= len(data):
        if not _fits(data, start, end):
            text = f"the checksum of bytes {start} to {end} does not fit them: something in there was changed"
            part.notes.append(Note("fit_crc", "damage", text))
    else:
        part.notes.append(_wrong_size(len(data), size, end + _CRC_BYTES))
        end = min(end, len(data)) if size else len(data)
        if first <= len(data) - _CRC_BYTES and _fits(data, start, len(data) - _CRC_BYTES):
            end = len(data) - _CRC_BYTES
    stopped = _scan_messages(part, first, end)
    if stopped < end:
        part.notes.append(_left_out("fit_undecodable", stopped, end, "could not be decoded"))
    return min(end + _CRC_BYTES, len(data))


def _fits(data: bytes, start: int, end: int) -> bool:
    return fastcrc.crc16.arc(data[start:end]) == int.from_bytes(data[end : end + _CRC_BYTES], "little")


def _wrong_size(length: int, size: int, promised: int) -> Note:
    if size == 0:
        return Note("fit_data_size", "damage", "the header gives no data size; read to the end of the file")
    text = f"the file has {length} of the {promised} bytes that its header promises"
    return Note("fit_truncated", "damage", text)


def _left_out(code: str, start: int, stop: int, why: str) -> Note:
    return Note(code, "damage", f"bytes {start} to {stop} {why}")


def _scan_messages(part: Part, at: int, end: int) -> int:
    """Note the offset of every message from `at`; return where the scan had to stop."""
    data = part.data
    # One entry for each of the 256 header bytes: the message's whole size, and whose list it joins.
    sizes = [0] * 256
    nobody: list[int] = []
    joins = [nobody.append] * 256
    known: dict[bytes, Definition] = {}
    while at < end:
        header = data[at]
        size = sizes[header]
        if size:
            joins[header](at)
            at += size
            continue
        stop = _definition_end(data, at, end)
        if stop is None:
            break
        # A Suunto defines each message anew before it writes one: the same bytes are read only once.
        text = data[at:stop]
        definition = known.get(text)
        if definition is None:
            definition = known[text] = _read_definition(text)
            part.definitions.append(definition)
        local = header & _LOCAL
        sizes[local], joins[local] = definition.size, definition.offsets.append
        if local < 4:  # these may come with any of 32 compressed timestamps as well
            timed = _COMPRESSED + 32 * local
            sizes[timed : timed + 32] = [definition.size] * 32
            joins[timed : timed + 32] = [definition.offsets.append] * 32
        at = stop
    if at > end:
        # The last message reaches past the end: it is not complete.
        owner = max(part.definitions, key=lambda d: d.offsets[-1] if d.offsets else -1)
        return owner.offsets.pop()
    return at


def _definition_end(data: bytes, at: int, end: int) -> int | None:
    """Return where the definition message at `at` ends; None if there is none, or not all of it."""
    if data[at] & (_COMPRESSED | _DEFINITION) != _DEFINITION or at + 6 > end:
        return None
    stop = at + 6 + 3 * data[at + 5]
    if data[at] & _DEVELOPER:
        if stop >= end:
            return None
        stop += 1 + 3 * data[stop]
    return stop if stop <= end else None


def _read_definition(text: bytes) -> Definition:
    """Lay out the messages that a definition message describes."""
    byte_order = ">" if text[2] == 1 else "<"  # a Lezyne writes neither 0 nor 1, and means "<"
    fields: list[FieldLayout] = []
    size = 1
    developer_count_at = 6 + 3 * text[5]
    for i in range(6, developer_count_at, 3):
        fields.append(FieldLayout(text[i], text[i + 1], text[i + 2], size))
        size += text[i + 1]
    for i in range(developer_count_at + 1, len(text), 3):
        fields.append(FieldLayout(text[i], text[i + 1], BYTE, size, developer=text[i + 2]))
        size += text[i + 1]
    message = int.from_bytes(text[3:5], "big" if byte_order == ">" else "little")
    return Definition(message, byte_order, tuple(fields), size)
