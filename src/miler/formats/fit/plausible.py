"""What a definition message looks like, and where one may begin.

Of 2,550 definitions in 150 real files all but two give every field a size that fits its type, and all
but nine give every known field the profile's type: where a byte is wrong, it shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from miler.arrays import IntArray
from miler.formats.fit import profile
from miler.formats.fit.layout import COMPRESSED, DEFINITION, DEVELOPER, FIELDS_AT, REMEMBERED, global_number

ORDERS = (0, 1)  # of bytes: little-endian, big-endian
MOST_FIELDS = 120
MOST_MISFITS = 1  # a COROS has one
_RESERVED_BIT = 0x10
# Garmin's own messages, documented or not, end below; makers' own begin at 0xFF00.
_LAST_NUMBER, _MAKERS_OWN = 1024, 0xFF00


def begins_definition(header: int) -> bool:
    """Whether a header byte is that of a definition, the reserved bit being as it must."""
    return header & (COMPRESSED | DEFINITION | _RESERVED_BIT) == DEFINITION


def definition_at(data: bytes, at: int) -> bytes | None:
    """Return the definition message at a place of a part's data, whole; None if there is no plausible one."""
    header = data[at]
    stop = definition_end(data, at, header) if begins_definition(header) else None
    if stop is None:
        return None
    text = data[at:stop]
    return text if is_plausible(text) else None


def definition_end(data: bytes, at: int, header: int) -> int | None:
    """Return where a definition ends if its header byte were `header`; None if that is past the end."""
    stop = at + FIELDS_AT + 3 * data[at + FIELDS_AT - 1] if at + FIELDS_AT < len(data) else len(data)
    if header & DEVELOPER and stop < len(data):
        stop += 1 + 3 * data[stop]
    return stop if stop < len(data) else None


def may_be_cut_off(data: bytes, at: int, end: int) -> bool:
    """Whether a definition may begin at a place that the end cuts off: so far, all of it is plausible."""
    text = data[at:end]
    if (
        definition_end(data, at, text[0]) is not None
        or any(text[1:2])
        or any(b not in ORDERS for b in text[2:3])
    ):
        return False
    fields = text[FIELDS_AT : FIELDS_AT + 3 * text[5]] if len(text) >= FIELDS_AT else b""
    pairs = zip(fields[1::3], fields[2::3], strict=False)
    return sum(not go_together(size, base_type) for size, base_type in pairs) <= MOST_MISFITS


def definitions_from(data: bytes, start: int, stop: int) -> Iterator[int]:
    """Yield places where a definition may begin, by its fixed bytes and its first field, in order."""
    seen = FIELDS_AT + 2  # up to the first field's base type
    window = np.frombuffer(data, np.uint8, max(0, min(stop + seen, len(data)) - start), start)
    count = len(window) - seen
    if count <= 0:
        return
    header, reserved, order, _, _, fields, _, size = (window[i : i + count] for i in range(seen))
    looks = (header & (COMPRESSED | DEFINITION | _RESERVED_BIT) == DEFINITION) & (reserved == 0)
    looks &= (order <= max(ORDERS)) & (fields > 0) & (fields <= MOST_FIELDS) & (size > 0)
    places: IntArray = np.flatnonzero(looks) + start
    yield from places.tolist()


@lru_cache(maxsize=REMEMBERED)
def is_plausible(text: bytes) -> bool:
    """Whether a whole definition message is one that a watch would write."""
    number = global_number(text)
    if text[1] != 0 or text[2] not in ORDERS or not 0 < text[5] <= MOST_FIELDS:
        return False
    if _LAST_NUMBER < number < _MAKERS_OWN:
        return False
    known = profile.base_types(number)
    wrong_sizes = wrong_types = 0
    for field, size, base_type in fields_of(text):
        wrong_sizes += not go_together(size, base_type)
        wrong_types += known.get(field, base_type) != base_type
        if wrong_sizes > MOST_MISFITS or wrong_types > MOST_MISFITS:
            return False
    return True


def misfits(text: bytes) -> int:
    """Count fields with a size or a type that is not theirs."""
    number = global_number(text)
    return sum(misfit(number, *field) for field in fields_of(text))


def misfit(message: int, number: int, size: int, base_type: int) -> bool:
    """Whether a field of a message has a size or a type that is not its own."""
    known = profile.base_types(message)
    if not go_together(size, base_type) or known.get(number, base_type) != base_type:
        return True
    return number in known and size != width(base_type) != 0


def fields_of(text: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield number, size and base type of each field of a definition that is the profile's."""
    fields = text[FIELDS_AT : FIELDS_AT + 3 * text[5]]
    return zip(fields[::3], fields[1::3], fields[2::3], strict=True)


def width(base_type: int) -> int:
    """Return the bytes of one value; 0 of what has no width of its own: texts, bytes, unknown types."""
    code = profile.BASE_TYPES.get(base_type, ("S", None))[0]
    return 0 if code == "S" or base_type == profile.BYTE else int(code[1])


def go_together(size: int, base_type: int) -> bool:
    """Whether a size is one or several values of a base type."""
    return (size, base_type) in _SIZES_OF_TYPES


_SIZES_OF_TYPES = frozenset(
    (size, base_type)
    for base_type in profile.BASE_TYPES
    for size in range(width(base_type) or 1, 256, width(base_type) or 1)
)
