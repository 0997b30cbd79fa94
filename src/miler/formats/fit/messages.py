"""The few messages of one kind, such as laps, each as its numbers and texts.

Columns pay for thousands of records; a dozen laps are read faster one by one.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from struct import Struct
from typing import NamedTuple

from miler.formats.fit import profile
from miler.formats.fit.layout import COMPRESSED, REMEMBERED, layout
from miler.formats.fit.scan import Part
from miler.formats.fit.tables import timeline

_NUMPY_CODES = ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"]
_STRUCT_CODES = dict(zip(_NUMPY_CODES, "BbHhIiQqfd", strict=True))


class Message(NamedTuple):
    """One message: those of its fields that have a value, by the profile's names.

    Times in `numbers` are Unix seconds (small numbers, and no day, of a device that knew no date).
    """

    offset: int
    numbers: dict[str, float]
    texts: dict[str, str]

    def number(self, name: str) -> int | None:
        """Return a value that counts or enumerates."""
        value = self.numbers.get(name)
        return None if value is None else int(value)


class Messages:
    """Reads the few messages of a part."""

    def __init__(self, part: Part) -> None:
        self._part = part

    def of(self, kind: str, *fields: str) -> list[Message]:
        """Return the messages of one kind in the order of the file, with these fields.

        Args:
            kind: the profile's name of the message.
            fields: the profile's names; of an array, the first value is given.
        """
        found = [
            self._read(reader, offset)
            for definition in self._part.of(profile.message_number(kind))
            for reader in (_reader(definition.text, kind, fields),)
            for offset in definition.starts.tolist()
        ]
        return sorted(found) if len(found) > 1 else found

    def _read(self, reader: _Reader, offset: int) -> Message:
        numbers: dict[str, float] = {}
        texts: dict[str, str] = {}
        values = reader.struct.unpack_from(self._part.data, offset)
        for (name, invalid, scale, shift, is_time), raw in zip(reader.slots, values, strict=True):
            if raw == invalid or raw != raw:
                continue
            if isinstance(raw, bytes):
                if text := _text(raw):
                    texts[name] = text
            elif is_time:
                numbers[name] = raw + profile.EPOCH_S if raw >= profile.FIRST_DATE else raw
            else:
                numbers[name] = raw / scale - shift
        if self._part.data[offset] & COMPRESSED and "timestamp" not in numbers:
            numbers |= self._compressed_time(offset)
        return Message(offset, numbers, texts)

    def _compressed_time(self, offset: int) -> dict[str, float]:
        time = self._timeline.get(offset)
        return {} if time is None or time != time else {"timestamp": time}

    @cached_property
    def _timeline(self) -> dict[int, float]:
        offsets, fit_s = timeline(self._part)
        return dict(zip(offsets.tolist(), profile.unix_s(fit_s).tolist(), strict=True))


class _Slot(NamedTuple):
    name: str
    invalid: int | None
    scale: float
    offset: float
    is_time: bool


class _Reader(NamedTuple):
    struct: Struct
    slots: tuple[_Slot, ...]


@lru_cache(maxsize=REMEMBERED)
def _reader(definition: bytes, kind: str, names: tuple[str, ...]) -> _Reader:
    """Return what unpacks the fields of one definition's messages."""
    message = layout(definition)
    found = [
        (place, profile.field(kind, name))
        for name in names
        if (place := message.by_number.get(profile.field(kind, name).number)) is not None
    ]
    codes: list[str] = [message.byte_order]
    slots: list[_Slot] = []
    at = 0
    for place, field in sorted(found, key=lambda pair: pair[0].at):
        code = f"{place.size}s" if place.code == "S" else _STRUCT_CODES.get(place.code)
        if code is None:
            continue
        codes.append(f"{place.at - at}x{code}")
        at = place.at + (place.size if place.code == "S" else int(place.code[1]))
        invalid = profile.BASE_TYPES[place.base_type][1]
        slots.append(_Slot(field.name, invalid, field.scale, field.offset, field.is_time))
    return _Reader(Struct("".join(codes)), tuple(slots))


def _text(raw: bytes) -> str:
    # 0xFF, which UTF-8 never has, is how a Lezyne writes "no text".
    return raw.split(b"\0", 1)[0].rstrip(b"\xff").decode("utf-8", errors="replace").strip()
