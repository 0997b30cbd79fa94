"""What FIT's numbers mean: the few messages and fields that miler reads.

Names, scales, offsets and enumerations come from python-fitparse's generated
profile; this module only looks them up and gives them plain types.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from miler.arrays import FloatArray

# FIT counts seconds from 1989-12-31T00:00:00Z.
EPOCH_S = 631_065_600
# Smaller times count from when the device was switched on: no date.
FIRST_DATE = 0x1000_0000
# 2^31 semicircles are half a turn.
SEMICIRCLES_PER_DEGREE = 2**31 / 180

RECORD = 20
TIMESTAMP = 253
BYTE = 0x0D
ACTIVITY_FILE = 4

# Base type -> numpy code, and the value that means "no value" (NaN says it itself, a text by being empty).
BASE_TYPES: dict[int, tuple[str, float]] = {
    0x00: ("u1", 0xFF),
    0x01: ("i1", 0x7F),
    0x02: ("u1", 0xFF),
    0x83: ("i2", 0x7FFF),
    0x84: ("u2", 0xFFFF),
    0x85: ("i4", 0x7FFF_FFFF),
    0x86: ("u4", 0xFFFF_FFFF),
    0x07: ("S", math.nan),
    0x88: ("f4", math.nan),
    0x89: ("f8", math.nan),
    0x0A: ("u1", 0),
    0x8B: ("u2", 0),
    0x8C: ("u4", 0),
    BYTE: ("u1", 0xFF),
    0x8E: ("i8", 0x7FFF_FFFF_FFFF_FFFF),
    0x8F: ("u8", 0xFFFF_FFFF_FFFF_FFFF),
    0x90: ("u8", 0),
}


def missing(base_type: int) -> float:
    """Return the raw value that means "no value"."""
    return BASE_TYPES[base_type][1]


@dataclass(frozen=True)
class Field:
    """One field of a message: value = raw / scale - offset."""

    name: str
    number: int
    scale: float
    offset: float
    is_time: bool


@cache
def _messages() -> dict[str, Any]:
    # Imported on first use: the profile costs 15 to 20 ms.
    from fitparse.profile import MESSAGE_TYPES

    return {message.name: message for message in MESSAGE_TYPES.values()}


@cache
def message_number(name: str) -> int:
    """Return the global number of a message, such as 20 for `record`."""
    return int(_messages()[name].mesg_num)


@cache
def field(message: str, name: str) -> Field:
    """Return a field's number, scale and offset by the profile's names."""
    for number, entry in _messages()[message].fields.items():
        if entry.name == name:
            is_time = entry.type.name in ("date_time", "local_date_time")
            return Field(name, int(number), float(entry.scale or 1), float(entry.offset or 0), is_time)
    raise KeyError(f"no field {name!r} in FIT message {message!r}")


@cache
def enum_name(kind: str, number: int) -> str | None:
    """Return the word for a number of an enumeration (`sport`, 1 -> running); None if unknown."""
    from fitparse.profile import FIELD_TYPES

    name = FIELD_TYPES[kind].values.get(number)
    return None if name is None else str(name)


def unix_s(fit_s: FloatArray) -> FloatArray:
    """Turn FIT times, (n,), into Unix seconds; times of a device that knew no date stay small numbers."""
    if fit_s.min(initial=FIRST_DATE) >= FIRST_DATE:
        return fit_s + EPOCH_S
    with np.errstate(invalid="ignore"):
        return np.where(fit_s >= FIRST_DATE, fit_s + EPOCH_S, fit_s)


@cache
def base_types(message: int) -> Mapping[int, int]:
    """Return the fields of a message by global number, and the base type of each; empty if it is unknown."""
    from fitparse.profile import MESSAGE_TYPES

    known = MESSAGE_TYPES.get(message)
    if known is None:
        return {}
    return {number: getattr(f.type, "base_type", f.type).identifier for number, f in known.fields.items()}
