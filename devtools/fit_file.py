"""A general FIT encoder: any definition, any byte order, any damage on request.

Source of the layout: Garmin, FIT Protocol (flexible and interoperable data transfer),
sections on the file header, record headers, definition and data messages.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from fastcrc import crc16

Endian = Literal["<", ">"]
Value = int | float | str | bytes | tuple[int | float | None, ...] | None

ENUM, SINT8, UINT8, STRING, UINT8Z, BYTE = 0x00, 0x01, 0x02, 0x07, 0x0A, 0x0D
SINT16, UINT16, SINT32, UINT32 = 0x83, 0x84, 0x85, 0x86
FLOAT32, FLOAT64, UINT16Z, UINT32Z = 0x88, 0x89, 0x8B, 0x8C
SINT64, UINT64, UINT64Z = 0x8E, 0x8F, 0x90


class BaseType(NamedTuple):
    """How one element is packed, and the value that means "none"."""

    code: str
    invalid: int


# A float is invalid with all bits set, a NaN that struct cannot be asked for: packed as an unsigned integer.
BASE_TYPES: dict[int, BaseType] = {
    ENUM: BaseType("B", 0xFF),
    SINT8: BaseType("b", 0x7F),
    UINT8: BaseType("B", 0xFF),
    UINT8Z: BaseType("B", 0),
    SINT16: BaseType("h", 0x7FFF),
    UINT16: BaseType("H", 0xFFFF),
    UINT16Z: BaseType("H", 0),
    SINT32: BaseType("i", 0x7FFF_FFFF),
    UINT32: BaseType("I", 0xFFFF_FFFF),
    UINT32Z: BaseType("I", 0),
    FLOAT32: BaseType("f", 0xFFFF_FFFF),
    FLOAT64: BaseType("d", 0xFFFF_FFFF_FFFF_FFFF),
    SINT64: BaseType("q", 0x7FFF_FFFF_FFFF_FFFF),
    UINT64: BaseType("Q", 0xFFFF_FFFF_FFFF_FFFF),
    UINT64Z: BaseType("Q", 0),
}
_AS_UNSIGNED = {"f": "I", "d": "Q"}


class DeveloperField(NamedTuple):
    """A field described by a field_description message; without a base type its values are raw bytes."""

    number: int
    size: int
    developer_index: int
    base_type: int = BYTE


@dataclass(frozen=True)
class _Definition:
    global_number: int
    endian: Endian
    layout: tuple[tuple[int, int], ...]  # (size, base type) of each field, developer fields last


@dataclass
class FitFile:
    """Messages in the order they are added; values are raw, scaled by the caller.

    Attributes:
        protocol: version byte of the header, 0x10 or 0x20 (developer fields, 64-bit types).
        header_size: 14, or 12 for the old header without a CRC.
        profile: profile version of the header.
        spans: for each data message its global number, and where it starts and ends in the file.
    """

    protocol: int = 0x10
    header_size: int = 14
    profile: int = 2132
    spans: list[tuple[int, int, int]] = field(default_factory=list)
    _body: bytearray = field(default_factory=bytearray, repr=False)
    _definitions: dict[int, _Definition] = field(default_factory=dict, repr=False)

    def define(
        self,
        local: int,
        global_number: int,
        fields: Sequence[tuple[int, int, int]],
        endian: Endian = "<",
        developer_fields: Sequence[tuple[int, int, int] | tuple[int, int, int, int]] = (),
    ) -> None:
        """Write a definition message; it holds for `local` until the next one.

        Args:
            local: 0 to 15 (0 to 3 where compressed timestamps are to follow).
            global_number: the message's number in the profile: 20 is record.
            fields: number, size in bytes and base type of each.
            endian: byte order of this message's definition and data.
            developer_fields: see `DeveloperField`.
        """
        described = [DeveloperField(*spec) for spec in developer_fields]
        self._body.append(0x40 | (0x20 if described else 0) | local)
        self._body += struct.pack(endian + "BBHB", 0, endian == ">", global_number, len(fields))
        for spec in fields:
            self._body += bytes(spec)
        if described:
            self._body.append(len(described))
            for developer in described:
                self._body += bytes(developer[:3])
        layout = [spec[1:] for spec in fields] + [(d.size, d.base_type) for d in described]
        self._definitions[local] = _Definition(global_number, endian, tuple(layout))

    def message(self, local: int, *values: Value) -> None:
        """Write a data message; None becomes the base type's invalid value."""
        self._data(local, local, values)

    def compressed(self, local: int, time_offset: int, *values: Value) -> None:
        """Write a data message with the low five bits of its time in the header, in place of a field 253."""
        self._data(0x80 | local << 5 | time_offset & 31, local, values)

    def raw(self, data: bytes) -> None:
        """Write bytes as they are: rubbish on request."""
        self._body += data

    def to_bytes(self, data_size: int | None = None, crc: bool = True) -> bytes:
        """Return the whole file.

        Args:
            data_size: what the header says of the length, where that is to be a lie.
            crc: False leaves zeros in place of both checksums, as some apps do.
        """
        size = len(self._body) if data_size is None else data_size
        header = struct.pack("<BBHI4s", self.header_size, self.protocol, self.profile, size, b".FIT")
        if self.header_size > len(header):
            header += struct.pack("<H", crc16.arc(header) if crc else 0)
        data = header + bytes(self._body)
        return data + struct.pack("<H", crc16.arc(data) if crc else 0)

    def _data(self, header: int, local: int, values: Sequence[Value]) -> None:
        definition = self._definitions[local]
        start = self.header_size + len(self._body)
        self._body.append(header)
        for (size, base_type), value in zip(definition.layout, values, strict=True):
            self._body += _encode(value, size, base_type, definition.endian)
        self.spans.append((definition.global_number, start, self.header_size + len(self._body)))


def _encode(value: Value, size: int, base_type: int, endian: Endian) -> bytes:
    if base_type == STRING:
        text = (value if isinstance(value, str) else "").encode()
        return text[: size - 1].ljust(size, b"\0")
    if base_type == BYTE:
        return (value if isinstance(value, bytes) else b"").ljust(size, b"\xff")[:size]
    if isinstance(value, str | bytes):
        raise TypeError(f"base type {base_type:#04x} holds numbers, not {value!r}")
    kind = BASE_TYPES[base_type]
    elements = value if isinstance(value, tuple) else (value,)
    missing = (None,) * (size // struct.calcsize(kind.code) - len(elements))
    return b"".join(_element(element, kind, endian) for element in (*elements, *missing))


def _element(value: int | float | None, kind: BaseType, endian: Endian) -> bytes:
    if value is None:
        return struct.pack(endian + _AS_UNSIGNED.get(kind.code, kind.code), kind.invalid)
    return struct.pack(endian + kind.code, value)
