"""The few messages of one kind, such as laps, each as its numbers and texts.

Columns pay for thousands of records; a dozen laps are read faster one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache
from operator import itemgetter
from struct import Struct, calcsize
from typing import NamedTuple, TypeVar

from miler.formats.fit import profile
from miler.formats.fit.layout import COMPRESSED, REMEMBERED, FieldLayout, byte_order, layout
from miler.formats.fit.scan import Part
from miler.formats.fit.tables import timeline

_NUMPY_CODES = ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"]
_STRUCT_CODES = dict(zip(_NUMPY_CODES, "BbHhIiQqfd", strict=True))

# The numbers of one message: those of its fields that have a value, by the profile's names. Times are Unix
# seconds (small numbers, and no day, of a device that knew no date).
Numbers = dict[str, float]

_Reader = TypeVar("_Reader")


def whole(numbers: Numbers, name: str) -> int | None:
    """Return a value that counts or enumerates, if the message has it."""
    value = numbers.get(name)
    return None if value is None else int(value)


class Messages:
    """Reads the few messages of a part."""

    def __init__(self, part: Part) -> None:
        self._part = part

    def numbers(self, kind: str, *fields: str) -> list[Numbers]:
        """Return the numbers in the messages of one kind, in the order of the file.

        Args:
            kind: the profile's name of the message.
            fields: the profile's names; of an array, the first value is given.
        """
        return [self._numbers(offset, reader) for offset, reader in self._found(_numbers, kind, fields)]

    def texts(self, kind: str, *fields: str) -> list[dict[str, str]]:
        """Return the texts in the messages of one kind that are not empty; see `numbers`."""
        return [
            {
                name: text
                for name, raw in zip(names, struct.unpack_from(data, offset), strict=True)
                if (text := _text(raw))
            }
            for data in (self._part.data,)
            for offset, (struct, names) in self._found(_texts, kind, fields)
        ]

    def _found(
        self, reader_of: Callable[[bytes, str, tuple[str, ...]], _Reader], kind: str, fields: tuple[str, ...]
    ) -> list[tuple[int, _Reader]]:
        """Return where each message begins, in the order of the file, and what reads it."""
        definitions = self._part.of(profile.message_number(kind))
        found = [
            (offset, reader)
            for definition in definitions
            for reader in (reader_of(definition.text, kind, fields),)
            for offset in definition.offsets
        ]
        return sorted(found, key=itemgetter(0)) if len(definitions) > 1 else found

    def _numbers(self, offset: int, reader: _NumberReader) -> Numbers:
        struct, slots, times = reader
        data = self._part.data
        numbers = {
            name: raw / scale - shift
            for (name, missing, scale, shift), raw in zip(
                slots, struct.unpack_from(data, offset), strict=True
            )
            if raw == raw != missing  # NaN is no value either
        }
        for name in times:
            if name in numbers and numbers[name] >= profile.FIRST_DATE:
                numbers[name] += profile.EPOCH_S
        if data[offset] & COMPRESSED and "timestamp" not in numbers:
            numbers |= self._compressed_time(offset)
        return numbers

    def _compressed_time(self, offset: int) -> Numbers:
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


class _NumberReader(NamedTuple):
    """What unpacks the numbers of one definition's messages, what each means, and which are times."""

    struct: Struct
    slots: list[_Slot]
    times: list[str]


@lru_cache(maxsize=REMEMBERED)
def _numbers(definition: bytes, kind: str, names: tuple[str, ...]) -> _NumberReader:
    found = [(f, place) for f, place in _told(definition, kind, names) if place.code in _STRUCT_CODES]
    return _NumberReader(
        _struct(definition, [(place.at, _STRUCT_CODES[place.code]) for _, place in found]),
        [_Slot(f.name, profile.missing(place.base_type), f.scale, f.offset) for f, place in found],
        [field.name for field, _ in found if field.is_time],
    )


@lru_cache(maxsize=REMEMBERED)
def _texts(definition: bytes, kind: str, names: tuple[str, ...]) -> tuple[Struct, list[str]]:
    """Return what unpacks the texts of one definition's messages, and their names."""
    found = [(field, place) for field, place in _told(definition, kind, names) if place.code == "S"]
    return (
        _struct(definition, [(place.at, f"{place.size}s") for _, place in found]),
        [field.name for field, _ in found],
    )


def _told(definition: bytes, kind: str, names: tuple[str, ...]) -> list[tuple[profile.Field, FieldLayout]]:
    """Return those of the fields that a definition has, in its order."""
    by_number = layout(definition).by_number
    fields = [profile.field(kind, name) for name in names]
    told = [(field, by_number[field.number]) for field in fields if field.number in by_number]
    return sorted(told, key=lambda pair: pair[1].at)


def _struct(definition: bytes, values: list[tuple[int, str]]) -> Struct:
    """Return what unpacks values from a message, at these places, of these struct codes."""
    codes = [byte_order(definition)]
    end = 0
    for at, code in values:
        codes.append(f"{at - end}x{code}")
        end = at + calcsize(f"={code}")
    return Struct("".join(codes))


def _text(raw: bytes) -> str:
    # 0xFF, which UTF-8 never has, is how a Lezyne writes "no text".
    return raw.split(b"\0", 1)[0].rstrip(b"\xff").decode("utf-8", errors="replace").strip()
