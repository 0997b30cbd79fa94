"""What a definition message looks like, and what a damaged one may have been.

Of 2,550 definitions in 150 real files all but two give every field a size that fits its type, and all
but nine give every known field the profile's type: where a byte is wrong, it shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from miler.arrays import IntArray
from miler.formats.fit import profile
from miler.formats.fit.layout import (
    COMPRESSED,
    DEFINITION,
    DEVELOPER,
    FIELDS_AT,
    LOCAL,
    global_number,
    message_size,
)

_RESERVED_BIT = 0x10
_ORDERS = (0, 1)
_MOST_FIELDS = 120
# Garmin's own, documented or not, end below; makers' own begin at 0xFF00.
_LAST_NUMBER, _MAKERS_OWN = 1024, 0xFF00
_MISFITS = 1  # a COROS has one
_RECORD, _LATITUDE, _LONGITUDE = profile.RECORD, 0, 1
_ESSENTIAL = {profile.TIMESTAMP}
_LIKENESS = 4  # fields that records have


def definition_at(data: bytes, at: int) -> bytes | None:
    """Return the definition message at a place of a part's data, whole; None if there is no plausible one."""
    header = data[at]
    if header & (COMPRESSED | DEFINITION | _RESERVED_BIT) != DEFINITION or at + FIELDS_AT >= len(data):
        return None
    stop = definition_end(data, at, header)
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


def definitions_from(data: bytes, start: int, stop: int) -> list[int]:
    """Return places where a plausible definition may begin, at first sight, in order."""
    window = np.frombuffer(data, np.uint8, max(0, min(stop + FIELDS_AT, len(data)) - start), start)
    if len(window) < FIELDS_AT:
        return []
    header, reserved, order = window[: 1 - FIELDS_AT], window[1 : 2 - FIELDS_AT], window[2 : 3 - FIELDS_AT]
    fields = window[FIELDS_AT - 1 :]
    looks = (header & (COMPRESSED | DEFINITION | _RESERVED_BIT) == DEFINITION) & (reserved == 0)
    looks &= (order <= max(_ORDERS)) & (fields > 0) & (fields <= _MOST_FIELDS)
    places: IntArray = np.flatnonzero(looks) + start
    return [int(at) for at in places if definition_at(data, int(at)) is not None]


def is_plausible(text: bytes) -> bool:
    """Whether a whole definition message is one that a watch would write."""
    number = global_number(text)
    return (
        text[1] == 0
        and text[2] in _ORDERS
        and 0 < text[5] <= _MOST_FIELDS
        and (number <= _LAST_NUMBER or number >= _MAKERS_OWN)
        and sum(not _fits(size, base_type) for _, size, base_type in _fields(text)) <= _MISFITS
        and _fits_the_profile(text)
    )


def _fits_the_profile(text: bytes) -> bool:
    known = profile.base_types(global_number(text))
    wrong = sum(known.get(number, base_type) != base_type for number, _, base_type in _fields(text))
    return wrong <= _MISFITS


def misfits(text: bytes) -> int:
    """Count fields with a size or a type that is not theirs."""
    known = profile.base_types(global_number(text))
    return sum(
        not _fits(size, base_type)
        or known.get(number, base_type) != base_type
        or (number in known and size != _width(base_type) != 0)
        for number, size, base_type in _fields(text)
    )


def _fields(text: bytes) -> Iterator[tuple[int, int, int]]:
    fields = text[FIELDS_AT : FIELDS_AT + 3 * text[5]]
    return zip(fields[::3], fields[1::3], fields[2::3], strict=True)


def _fits(size: int, base_type: int) -> bool:
    if base_type not in profile.BASE_TYPES or not size:
        return False
    return size % (_width(base_type) or 1) == 0


def _width(base_type: int) -> int:
    """Return the bytes of one value; 0 of what has no width of its own: texts, bytes, unknown types."""
    code = profile.BASE_TYPES.get(base_type, ("S", None))[0]
    return 0 if code == "S" or base_type == profile.BYTE else int(code[1])


def variants(data: bytes, at: int, twins: Sequence[bytes]) -> Iterator[tuple[bytes, int]]:
    """Yield what a damaged definition at a place may have been, and where it would end; likeliest first.

    Args:
        data: of the part.
        at: where the definition begins, whatever its header byte says now.
        twins: sound definitions elsewhere in the part.
    """
    yield from _twins(data, at, twins)
    for header in _headers(data, at):
        stop = definition_end(data, at, header)
        if stop is None:
            continue
        text = _set(data[at:stop], 0, header)
        for whole in _whole(text):
            yield whole, stop
            for better in _refitted(whole):
                yield better, stop
    yield from _counts(data, at)


def _twins(data: bytes, at: int, twins: Sequence[bytes]) -> Iterator[tuple[bytes, int]]:
    """Yield definitions elsewhere that differ from this one in a byte or two, under this local number too."""
    for twin in twins:
        here = data[at : at + len(twin)]
        different = sum(a != b for a, b in zip(here, twin, strict=False))
        if len(here) == len(twin) and different <= 2:
            yield twin, at + len(twin)
            if here[0] != twin[0] and here[0] & (COMPRESSED | DEFINITION) == DEFINITION:
                yield _set(twin, 0, here[0]), at + len(twin)


def _headers(data: bytes, at: int) -> list[int]:
    """Return header bytes the definition may have had: a local number is mostly used at once."""
    flag = data[at] & DEVELOPER
    found = [data[at]] if data[at] & (COMPRESSED | DEFINITION | _RESERVED_BIT) == DEFINITION else []
    for developer in (flag, flag ^ DEVELOPER):
        stop = definition_end(data, at, DEFINITION | developer)
        if stop is not None:
            local = data[stop] & LOCAL if data[stop] <= LOCAL else data[at] & LOCAL
            found += [DEFINITION | developer | local, DEFINITION | developer | data[at] & LOCAL]
    return [*dict.fromkeys(found)]


def _whole(text: bytes) -> Iterator[bytes]:
    """Yield the text with its fixed bytes as they should be, in the byte order it says or the other."""
    text = _set(text, 1, 0)
    for order in (text[2], *_ORDERS) if text[2] in _ORDERS else _ORDERS:
        ordered = _set(text, 2, order)
        if misfits(mended_text(ordered)) <= min(_MISFITS + 1, text[5] // 2):
            yield ordered


def _refitted(text: bytes) -> Iterator[bytes]:
    """Yield the text with one field given the size and type that it should have."""
    known = profile.base_types(global_number(text))
    for i, (number, size, base_type) in enumerate(_fields(text)):
        place = FIELDS_AT + 3 * i
        likely = known.get(number, base_type)
        for width in dict.fromkeys((_width(likely), _width(base_type), 1, 2, 4)):
            if width and (width, likely) != (size, base_type):
                yield _set(_set(text, place + 1, width), place + 2, likely)


def _counts(data: bytes, at: int) -> Iterator[tuple[bytes, int]]:
    """Yield the definition with another number of fields, as long as they look like fields."""
    header = data[at]
    for count in range(1, _MOST_FIELDS):
        stop = at + FIELDS_AT + 3 * count
        if stop >= len(data) or not _fits(data[stop - 2], data[stop - 1]):
            return
        if header & DEVELOPER:
            stop += 1 + 3 * data[stop]
        text = _set(data[at:stop], FIELDS_AT - 1, count)
        if stop < len(data) and is_plausible(text):
            yield text, stop


def resized(text: bytes, size: int) -> bytes | None:
    """Return the definition with one field changed so that its messages have this size; None if none can."""
    more = size - message_size(text)
    places = range(FIELDS_AT + 1, FIELDS_AT + 3 * text[5], 3)
    others = [_set(text, at, text[at] + more) for at in places if 0 < text[at] + more < 256]
    return min(others, key=misfits, default=None)


def mended_text(text: bytes) -> bytes:
    """Return a damaged part's definition as it must have been, by the profile; the sizes stay."""
    return _numbered(_typed(_as_record(text)))


def _as_record(text: bytes) -> bytes:
    """Return a definition as one of records, if its fields are those of records and of nothing else."""
    number = global_number(text)
    record = text[:3] + (bytes([0, _RECORD]) if text[2] == 1 else bytes([_RECORD, 0])) + text[5:]
    as_it_says, as_record = profile.base_types(number), profile.base_types(_RECORD)
    fields = [field for field, _, _ in _fields(text)]
    likely = sum(field in as_record for field in fields) >= _LIKENESS and {*fields} >= _ESSENTIAL
    better = misfits(record) == 0 and (not as_it_says or misfits(text) > 0)
    return record if number != _RECORD and likely and better else text


def _typed(text: bytes) -> bytes:
    """Return the definition with the profile's type for each field of that type's size."""
    known = profile.base_types(global_number(text))
    for i, (number, size, base_type) in enumerate(_fields(text)):
        likely = known.get(number, base_type)
        if likely != base_type and size == _width(likely):
            text = _set(text, FIELDS_AT + 3 * i + 2, likely)
    return text


def _numbered(text: bytes) -> bytes:
    """Return a definition of records with the time or the coordinate that nothing else can be."""
    fields = [*_fields(text)]
    numbers = [number for number, _, _ in fields]
    if global_number(text) != _RECORD or not fields:
        return text
    known = profile.base_types(_RECORD)
    strange = [i for i, (number, _, base_type) in enumerate(fields) if known.get(number) != base_type]
    for i in strange:
        shape = fields[i][1:]
        if i == 0 and profile.TIMESTAMP not in numbers and shape == (4, 0x86):
            return _set(text, FIELDS_AT, profile.TIMESTAMP)
        for missing, other in ((_LATITUDE, _LONGITUDE), (_LONGITUDE, _LATITUDE)):
            beside = other in (numbers[i - 1 : i] + numbers[i + 1 : i + 2])
            if missing not in numbers and beside and shape == (4, known[missing]):
                return _set(text, FIELDS_AT + 3 * i, missing)
    return text


def _set(text: bytes, at: int, value: int) -> bytes:
    return text[:at] + bytes([value]) + text[at + 1 :]
