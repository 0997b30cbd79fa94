"""FIT bytes → the parts of a file, each with its messages found and its damage said.

```
file = part+                          (chained files: each part has its own header)
part = header  messages  crc          header: size, protocol, profile, data size, ".FIT" [, crc]
```
"""

from __future__ import annotations

import fastcrc

from miler.activity import Note
from miler.formats.fit.scan import Part, follow

_SMALLEST_HEADER = 12
_CRC_BYTES = 2


def parts(data: bytes) -> list[Part]:
    """Find every message of every part; what breaks the format is said in the part's notes."""
    found: list[Part] = []
    at = 0
    while at + _SMALLEST_HEADER <= len(data):
        if data[at + 8 : at + 12] == b".FIT":
            found.append(_part(data, at))
            at = min(at + found[-1].end + _CRC_BYTES, len(data))
        elif not found:
            return []
        else:
            following = data.find(b".FIT", at + 8)
            until = len(data) if following < 0 else following - 8
            found[-1].notes.append(_left_out("fit_trailing_bytes", at, until, "are no FIT file"))
            at = until
    if found and at < len(data):
        found[-1].notes.append(_left_out("fit_trailing_bytes", at, len(data), "are no FIT file"))
    return found


def _part(data: bytes, start: int) -> Part:
    """Read the part that begins at `start`."""
    notes: list[Note] = []
    first = min(start + max(data[start], _SMALLEST_HEADER), len(data))
    size = int.from_bytes(data[start + 4 : start + 8], "little")
    end = first + size
    if size and end + _CRC_BYTES <= len(data):
        if not _fits(data, start, end):
            text = f"the checksum of bytes {start} to {end} does not fit them: something in there was changed"
            notes.append(Note("fit_crc", "damage", text))
    else:
        notes.append(_wrong_size(len(data), size, end + _CRC_BYTES))
        end = min(end, len(data)) if size else len(data)
        if first <= len(data) - _CRC_BYTES and _fits(data, start, len(data) - _CRC_BYTES):
            end = len(data) - _CRC_BYTES
    part = Part(memoryview(data)[start:end], start)
    part.notes += notes
    stopped = start + follow(part, first - start)
    if stopped < end:
        part.notes.append(_left_out("fit_undecodable", stopped, end, "could not be decoded"))
    return part


def _fits(data: bytes, start: int, end: int) -> bool:
    """Whether what follows these bytes is their checksum."""
    checksum = fastcrc.crc16.arc(memoryview(data)[start:end])
    return bool(checksum == int.from_bytes(data[end : end + _CRC_BYTES], "little"))


def _wrong_size(length: int, size: int, promised: int) -> Note:
    if size == 0:
        return Note("fit_data_size", "damage", "the header gives no data size; read to the end of the file")
    text = f"the file has {length} of the {promised} bytes that its header promises"
    return Note("fit_truncated", "damage", text)


def _left_out(code: str, start: int, stop: int, why: str) -> Note:
    return Note(code, "damage", f"bytes {start} to {stop} {why}")
