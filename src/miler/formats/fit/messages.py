"""The few messages of one kind, such as laps, each as its numbers and texts.

Columns pay for thousands of records; a dozen laps are read faster one by one.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from struct import Struct, calcsize
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
        definitions = self._part.of(profile.message_number(kind))
        found = [
            self._read(reader, offset)
            for definition in definitions
            for reader in (_reader(definition.text, kind, fields),)
            for offset in definition.offsets
        ]
        return sorted(found) if len(definitions) > 1 else found

    def _read(self, reader: _Reader, offset: int) -> Message:
        data = self._part.data
        numbers = {
            name: raw / scale - shift
            for (name, missing, scale, shift), raw in zip(
                reader.slots, reader.numbers.unpack_from(data, offset), strict=True
            )
            if raw == raw != missing  # NaN is no value either
        }
        for name in reader.times:
            if name in numbers and numbers[name] >= profile.FIRST_DATE:
                numbers[name] += profile.EPOCH_S
        if data[offset] & COMPRESSED and "timestamp" not in numbers:
            numbers |= self._compressed_time(offset)
        return Message(offset, numbers, reader.texts_at(data, offset) if reader.names else {})

    def _compressed_time(self, offset: int) -> dict[str, float]:
        time = self._timeline.get(offset)
        return {} if time is None or time != time else {"timestamp": time}

    @cached_property
    def _timeline(self) -> dict[int, float]:
        offsets, fit_s = timeline(self._part)
        return dict(zip(offsets.tolist(), profile.unix_s(fit_s).tolist(), strict=True))


class _Slot(NamedTuple):
    name: str
    missing: float
    scale: float
    offset: float


class _Reader(NamedTuple):
    """What unpacks the messages of one definition.

    Attributes:
        numbers, slots: where the fields that are numbers lie, and what each means.
        times: the names of those that are moments.
        texts, names: where texts lie, and their names.
    """

    numbers: Struct
    slots: list[_Slot]
    times: list[str]
    texts: Struct
    names: list[str]

    def texts_at(self, data: bytes, offset: int) -> dict[str, str]:
        """Return the texts of a message that are not empty."""
        texts = zip(self.names, map(_text, self.texts.unpack_from(data, offset)), strict=True)
        return {name: text for name, text in texts if text}


@lru_cache(maxsize=REMEMBERED)
def _reader(definition: bytes, kind: str, names: tuple[str, ...]) -> _Reader:
    """Return what unpacks the fields of one definition's messages."""
    message = layout(definition)
    told = [(message.by_number.get(field.number), field) for field in (profile.field(kind, n) for n in names)]
    found = sorted(((place.at, place, field) for place, field in told if place is not None))
    numbers = [(place, field) for _, place, field in found if place.code in _STRUCT_CODES]
    texts = [(place, field) for _, place, field in found if place.code == "S"]
    return _Reader(
        _struct(message.byte_order, [(place.at, _STRUCT_CODES[place.code]) for place, _ in numbers]),
        [_Slot(f.name, profile.missing(place.base_type), f.scale, f.offset) for place, f in numbers],
        [field.name for _, field in numbers if field.is_time],
        _struct(message.byte_order, [(place.at, f"{place.size}s") for place, _ in texts]),
        [field.name for _, field in texts],
    )


def _struct(byte_order: str, values: list[tuple[int, str]]) -> Struct:
    """Return what unpacks values, of these struct codes at these places, in order."""
    codes = [byte_order]
    end = 0
    for at, code in values:
        codes.append(f"{at - end}x{code}")
        end = at + calcsize(byte_order + code)
    return Struct("".join(codes))


def _text(raw: bytes) -> str:
    # 0xFF, which UTF-8 never has, is how a Lezyne writes "no text".
    return raw.split(b"\0", 1)[0].rstrip(b"\xff").decode("utf-8", errors="replace").strip()
