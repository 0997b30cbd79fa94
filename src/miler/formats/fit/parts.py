"""FIT bytes → the parts of a file, each with its messages found and its damage said.

```
file = part+                          (chained files: each part has its own header)
part = header  messages  crc          header: size, protocol, profile, data size, ".FIT" [, crc]
```

A sound part is one whose checksum fits: its messages are walked, and that is all. Anything else is damage:
where the part begins and ends is found out, and `salvage` looks at every message.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import fastcrc

from miler.activity import Note
from miler.formats.fit.layout import global_number
from miler.formats.fit.patience import Patience
from miler.formats.fit.plausible import definition_at, definitions_from, fields_of, go_together
from miler.formats.fit.salvage import salvage
from miler.formats.fit.scan import Part, follow
from miler.formats.fit.suspicion import is_a_lie, is_suspicious

_SIZES = (14, 12)  # of headers, with and without a checksum of their own
_SIZE_AT, _MAGIC_AT = 4, 8
_MAGIC = b".FIT"
_CRC_BYTES = 2
_FILE_ID, _CLOSING = 0, 34  # the first message of a file, and the one that closes an activity
_MOST_CLOSED = 4
_LONGEST_HEADER = 64  # in which the first message is looked for
_MOST_BROKEN = 256  # parts, or stretches between them; what follows is left out


@dataclass
class _Frame:
    """Where a part is in the file.

    Attributes:
        start: of its header.
        first, end: where its messages begin, and end.
        cut: whether its last bytes are missing.
        notes: what of its header or its checksum is wrong; none of a sound part.
    """

    start: int
    first: int
    end: int
    cut: bool = False
    notes: list[Note] = field(default_factory=list)


def parts(data: bytes) -> list[Part]:
    """Find every message of every part; what breaks the format is said in the part's notes."""
    found: list[Part] = []
    patience = Patience(len(data))
    at = broken = 0
    while at < len(data) and broken < _MOST_BROKEN:
        frame = _sound_frame(data, at)
        if frame is None:
            broken += 1
            frame = _damaged_frame(data, at, alone=not found)
        if frame is None:
            following = _next_header(data, at + 1)
            _say_left_out(found, at, following)
            at = following
        else:
            found.append(_read(data, frame, patience))
            at = min(frame.end + _CRC_BYTES, len(data))
    if at < len(data):
        _say_left_out(found, at, len(data))
    return found


def looks_like_fit(data: bytes) -> bool:
    """Whether bytes begin as a FIT file does, be its header damaged or lost."""
    return _MAGIC in data[: 2 * _MAGIC_AT] or _first_message(data, 0, has_magic=False, alone=True) is not None


def _say_left_out(found: list[Part], start: int, stop: int) -> None:
    if found:
        text = f"bytes {start} to {stop} are no FIT file"
        found[-1].notes.append(Note("fit_trailing_bytes", "damage", text))


def _read(data: bytes, frame: _Frame, patience: Patience) -> Part:
    part = Part(memoryview(data)[frame.start : frame.end], frame.start)
    first = frame.first - frame.start
    stopped = follow(part, first)
    end = _closed(data, part) if frame.notes and _is_header(data, frame.start) else None
    if end is not None:
        frame.notes = [_size_note(_data_size(data, frame.start), end - frame.first)]
        frame.end, frame.cut = end, False
        return _read(data, frame, patience)
    part.notes += frame.notes
    if stopped < part.end or (is_suspicious(part) if frame.notes else is_a_lie(part)):
        salvage(part, first, frame.cut, patience)
    return part


def _closed(data: bytes, part: Part) -> int | None:
    """Return where a part was closed before the end that its header tells; None if it was not.

    Some watches write whole blocks, and count the block: after the message that closes an activity, and the
    checksum, stands what the memory held before, such as records of an older run.
    """
    stops = sorted(part.start + int(at) + d.size for d in part.of(_CLOSING) for at in d.starts[:_MOST_CLOSED])
    before = (stop for stop in stops[:_MOST_CLOSED] if stop < part.start + part.end)
    return next((stop for stop in before if _checksum_fits(data, part.start, stop)), None)


def _size_note(told: int, size: int) -> Note:
    text = f"the header gives a data size of {told} bytes; it is {size} by the checksum"
    return Note("fit_data_size", "damage", text)


def _sound_frame(data: bytes, start: int) -> _Frame | None:
    """Return the part that begins here, if its header is whole and its checksum fits."""
    if data[start + _MAGIC_AT : start + _MAGIC_AT + 4] != _MAGIC or data[start] < min(_SIZES):
        return None
    first = start + data[start]
    end = first + _data_size(data, start)
    return _Frame(start, first, end) if first < end and _checksum_fits(data, start, end) else None


def _damaged_frame(data: bytes, start: int, *, alone: bool) -> _Frame | None:
    """Return the damaged part that begins here; None if there is none.

    Args:
        data: the file.
        start: where it may begin.
        alone: whether it is the first: only then may its header be missing altogether.
    """
    has_magic = data[start + _MAGIC_AT : start + _MAGIC_AT + 4] == _MAGIC
    first = _first_message(data, start, has_magic, alone)
    if first is None:
        return None
    frame = _Frame(start, first, _end_before(data, first))
    if first == start:
        frame.cut = True
        frame.notes.append(_header_note("missing"))
        return frame
    if not has_magic or data[start] not in _SIZES:
        frame.notes.append(_header_note("damaged"))
    _find_end(data, frame)
    return frame


def _header_note(state: str) -> Note:
    return Note("fit_header", "damage", f"the header is {state}; read from the first message on")


def _first_message(data: bytes, start: int, has_magic: bool, alone: bool) -> int | None:
    """Return where the messages of a damaged part begin: after its header, or what is left of that."""
    size = data[start]
    for first in dict.fromkeys(start + size for size in (size, *_SIZES) if size >= min(_SIZES)):
        text = definition_at(data, first) if first < len(data) else None
        if text is not None and (has_magic or _defines_file_id(text)):
            return first
    if has_magic or alone:
        for place in definitions_from(data, start, start + _LONGEST_HEADER):
            text = definition_at(data, place)
            if text is not None and _defines_file_id(text):
                return place
    return min(start + (size if size in _SIZES else max(_SIZES)), len(data)) if has_magic else None


def _defines_file_id(text: bytes) -> bool:
    """Whether a definition is that of a file's first message, and every field of it can be."""
    return global_number(text) == _FILE_ID and all(
        go_together(size, base_type) for _, size, base_type in fields_of(text)
    )


def _find_end(data: bytes, frame: _Frame) -> None:
    """Find out where the messages of a part end, whose checksum does not fit where the header says."""
    size = _data_size(data, frame.start)
    claimed = frame.first + size
    following = _next_header(data, frame.first)
    if size and (claimed + _CRC_BYTES == len(data) or _is_header(data, claimed + _CRC_BYTES)):
        frame.end = claimed
        if frame.notes:  # a damaged header is enough for a checksum not to fit
            return
        code, text = "fit_crc", f"the checksum of bytes {frame.start} to {claimed} does not fit them"
    elif following == len(data) and _checksum_fits_but_for_size(data, frame):
        frame.end -= _CRC_BYTES
        frame.notes.append(_size_note(size, frame.end - frame.first))
        return
    elif size and claimed + _CRC_BYTES > following:
        frame.end, frame.cut = min(claimed, following), claimed > following
        code = "fit_truncated"
        text = f"the file has {following} of the {claimed + _CRC_BYTES} bytes that its header promises"
    else:
        frame.cut = True
        code = "fit_data_size"
        told = f"a data size of {size} bytes, which nothing bears out" if size else "no data size"
        text = f"the header gives {told}; read up to byte {frame.end}"
    frame.notes.append(Note(code, "damage", text))


def _data_size(data: bytes, start: int) -> int:
    return int.from_bytes(data[start + _SIZE_AT : start + _MAGIC_AT], "little")


def _next_header(data: bytes, start: int) -> int:
    """Return where the next part begins at or after `start`: the end of the bytes if none does."""
    magic = data.find(_MAGIC, start + _MAGIC_AT)
    while magic >= 0 and not _is_header(data, magic - _MAGIC_AT):
        magic = data.find(_MAGIC, magic + 1)
    return len(data) if magic < 0 else magic - _MAGIC_AT


def _end_before(data: bytes, first: int) -> int:
    """Return where the messages end that begin at `first`, if nothing says so but the next part."""
    following = _next_header(data, first)
    return following if following == len(data) else following - _CRC_BYTES


def _is_header(data: bytes, at: int) -> bool:
    return data[at : at + 1] in (b"\x0c", b"\x0e") and data[at + _MAGIC_AT : at + _MAGIC_AT + 4] == _MAGIC


def _checksum_fits(data: bytes, start: int, end: int) -> bool:
    """Whether what follows these bytes is their checksum."""
    told = data[end : end + _CRC_BYTES]
    return len(told) == _CRC_BYTES and _crc(memoryview(data)[start:end]) == int.from_bytes(told, "little")


def _checksum_fits_but_for_size(data: bytes, frame: _Frame) -> bool:
    """Whether a complete part has its checksum at its end, made with its data size as told or as it is."""
    end = frame.end - _CRC_BYTES
    size = max(end - frame.first, 0).to_bytes(_MAGIC_AT - _SIZE_AT, "little")
    start = frame.start
    header = data[start : start + _SIZE_AT] + size + data[start + _MAGIC_AT : frame.first]
    told = int.from_bytes(data[end : end + _CRC_BYTES], "little")
    messages = memoryview(data)[frame.first : end]
    return told in (_crc(messages, _crc(header)), _crc(messages, _crc(data[start : frame.first])))


def _crc(data: bytes | memoryview, initial: int = 0) -> int:
    return int(fastcrc.crc16.arc(data, initial))
