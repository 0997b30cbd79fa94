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
from miler.formats.fit.profile import BASE_TYPES

_COMPRESSED, _DEFINITION, _DEVELOPER = 0x80, 0x40, 0x20
_SMALLEST_HEADER = 12


@dataclass(frozen=True)
class FieldLayout:
    """One field as a definition describes it; `at` counts from the message's header byte."""

    number: int
    size: int
    base_type: int
    at: int
    developer: int | None = None

    def code(self, byte_order: str) -> str:
        """Return the field's numpy format; bytes where size and type do not fit together."""
        code = BASE_TYPES.get(self.base_type, ("V", None))[0]
        if code in "SV" or self.size == 0:
            return f"{'S' if code == 'S' else 'V'}{self.size}"
        width = int(code[1])
        if self.size % width:
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
    def dtype(self) -> np.dtype[np.void]:
        """The layout of one message, its header byte included, as a structured dtype."""
        usable = {f.number: f for f in reversed(self.fields) if f.size and f.developer is None}
        return np.dtype(
            {
                "names": [str(number) for number in usable],
                "formats": [f.code(self.byte_order) for f in usable.values()],
                "offsets": [f.at for f in usable.values()],
                "itemsize": self.size,
            }
        )

    def has(self, number: int) -> bool:
        """Whether the definition has this field."""
        return str(number) in (self.dtype.names or ())


@dataclass(eq=False)
class Part:
    """One FIT file within the bytes: its definitions in order of appearance, and its damage."""

    start: int
    definitions: list[Definition] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def scan(data: bytes) -> list[Part]:
    """Find every message of every part; what breaks the format is said in the part's notes."""
    parts: list[Part] = []
    at = 0
    while at + _SMALLEST_HEADER <= len(data):
        part = Part(at)
        if data[at + 8 : at + 12] != b".FIT":
            if not parts:
                return []
            following = data.find(b".FIT", at + 8)
            until = len(data) if following < 0 else following - 8
            parts[-1].notes.append(_skipped("fit_trailing_bytes", at, until, "are no FIT file"))
            at = until
            continue
        parts.append(part)
        at = _scan_part(data, at, part)
    if parts and at < len(data):
        parts[-1].notes.append(_skipped("fit_trailing_bytes", at, len(data), "are no FIT file"))
    return parts


def _scan_part(data: bytes, at: int, part: Part) -> int:
    """Scan one part from its header on; return where the next may begin."""
    first = at + max(data[at], _SMALLEST_HEADER)
    size = int.from_bytes(data[at + 4 : at + 8], "little")
    end = first + size
    sized = size > 0 and end + 2 <= len(data)
    if not sized:
        _say_wrong_size(data, first, size, part)
        whole = fastcrc.crc16.arc(data[at:-2]) == int.from_bytes(data[-2:], "little")
        end = len(data) - 2 if whole else len(data)
    elif fastcrc.crc16.arc(data[at:end]) != int.from_bytes(data[end : end + 2], "little"):
        text = f"the checksum of bytes {at} to {end} does not fit them: something in there was changed"
        part.notes.append(Note("fit_crc", "damage", text))
    stopped = _scan_messages(data, first, end, part)
    if stopped < end:
        part.notes.append(_skipped("fit_undecodable", stopped, end, "could not be decoded"))
    return end + 2 if sized or end + 2 == len(data) else len(data)


def _say_wrong_size(data: bytes, first: int, size: int, part: Part) -> None:
    missing = first + size + 2 - len(data)
    if size == 0:
        note = Note("fit_data_size", "damage", "the header gives no data size; read to the end of the file")
    else:
        text = f"the file ends {missing} bytes before the end that its header gives"
        note = Note("fit_truncated", "damage", text)
    part.notes.append(note)


def _scan_messages(data: bytes, at: int, end: int, part: Part) -> int:
    """Note the offset of every message from `at`; return where the scan had to stop."""
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
        if header & _COMPRESSED or not header & _DEFINITION:
            break
        found = _read_definition(data, at, end)
        if found is None:
            break
        key, definition = found
        if key in known:
            definition = known[key]
        else:
            known[key] = definition
            part.definitions.append(definition)
        local = header & 0x0F
        headers = [local, *range(_COMPRESSED | local << 5, (_COMPRESSED | local << 5) + 32)]
        for byte in headers if local < 4 else headers[:1]:
            sizes[byte] = definition.size
            joins[byte] = definition.offsets.append
        at += len(key)
    if at > end:
        # The last message reaches past the end: it is not complete.
        owner = max(part.definitions, key=lambda d: d.offsets[-1] if d.offsets else -1)
        return owner.offsets.pop()
    return at


def _read_definition(data: bytes, at: int, end: int) -> tuple[bytes, Definition] | None:
    """Read the definition message at `at`; None if it is cut off."""
    if at + 6 > end:
        return None
    count = data[at + 5]
    fields_end = at + 6 + 3 * count
    stop = fields_end
    if data[at] & _DEVELOPER:
        if fields_end >= end:
            return None
        stop = fields_end + 1 + 3 * data[fields_end]
    if stop > end:
        return None
    key = data[at:stop]
    little = key[2] != 1  # some Lezyne units write neither 0 nor 1, and mean little-endian
    fields: list[FieldLayout] = []
    size = 1
    for i in range(6, 6 + 3 * count, 3):
        fields.append(FieldLayout(key[i], key[i + 1], key[i + 2], size))
        size += key[i + 1]
    for i in range(6 + 3 * count + 1, len(key), 3):
        fields.append(FieldLayout(key[i], key[i + 1], 0x0D, size, developer=key[i + 2]))
        size += key[i + 1]
    message = int.from_bytes(key[3:5], "little" if little else "big")
    return key, Definition(message, "<" if little else ">", tuple(fields), size)


def _skipped(code: str, start: int, stop: int, what: str) -> Note:
    return Note(code, "damage", f"{stop - start} bytes, from {start} to {stop}, {what}")


def gather(data: bytes, definition: Definition) -> NDArray[np.void]:
    """Return the messages of one definition as a structured array of shape (m,)."""
    size = definition.size
    # Every byte of the file is seen as a possible start of a message; indexing copies the true ones.
    everywhere: NDArray[np.void] = np.ndarray((len(data) - size + 1,), definition.dtype, data, strides=(1,))
    return everywhere[np.array(definition.offsets, np.intp)]
