"""What a damaged definition message may have been.

Three things tell: sound definitions elsewhere in the file, the sizes that go with the base types, and the
profile, which knows the type of each field. Whether a guess is right shows in the messages that follow it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice

from miler.formats.fit import profile
from miler.formats.fit.layout import (
    COMPRESSED,
    DEFINITION,
    DEVELOPER,
    FIELDS_AT,
    LOCAL,
    REMEMBERED,
    global_number,
)
from miler.formats.fit.plausible import (
    MOST_FIELDS,
    MOST_MISFITS,
    ORDERS,
    begins_definition,
    definition_end,
    fields_of,
    go_together,
    is_plausible,
    misfit,
    misfits,
    width,
)

_LATITUDE, _LONGITUDE = 0, 1
_MOST_STRANGE = 2  # fields whose size and type do not go together, in a definition that is worth a guess
_LIKENESS = 4  # fields that records have


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
        if len(here) == len(twin) and changed(here, twin) <= 2:
            yield twin, at + len(twin)
            if here[0] != twin[0] and here[0] & (COMPRESSED | DEFINITION) == DEFINITION:
                yield _set(twin, 0, here[0]), at + len(twin)


def changed(one: bytes, other: bytes) -> int:
    """Count the bytes in which two texts of one length differ."""
    return sum(a != b for a, b in zip(one, other, strict=True))


def _headers(data: bytes, at: int) -> list[int]:
    """Return header bytes the definition may have had: a local number is mostly used at once."""
    flag = data[at] & DEVELOPER
    found = [data[at]] if begins_definition(data[at]) else []
    for developer in (flag, flag ^ DEVELOPER):
        stop = definition_end(data, at, DEFINITION | developer)
        if stop is not None:
            local = data[stop] & LOCAL if data[stop] <= LOCAL else data[at] & LOCAL
            found += [DEFINITION | developer | local, DEFINITION | developer | data[at] & LOCAL]
    return [*dict.fromkeys(found)]


def _whole(text: bytes) -> Iterator[bytes]:
    """Yield the text with its fixed bytes as they should be, in the byte order it says or the other."""
    text = _set(text, 1, 0)
    if not _has_fields(text):
        return
    for order in dict.fromkeys((text[2], *ORDERS)) if text[2] in ORDERS else ORDERS:
        ordered = _set(text, 2, order)
        if misfits(mended(ordered)) <= min(MOST_MISFITS + 1, text[5] // 2):
            yield ordered


def _has_fields(text: bytes) -> bool:
    """Whether what should be fields are such, but for a few."""
    strange = (1 for _, size, base_type in fields_of(text) if not go_together(size, base_type))
    return sum(islice(strange, _MOST_STRANGE + 1)) <= _MOST_STRANGE


def _refitted(text: bytes) -> Iterator[bytes]:
    """Yield the text with one field given the size and type that it should have."""
    known = profile.base_types(global_number(text))
    for i, (number, size, base_type) in enumerate(fields_of(text)):
        place = FIELDS_AT + 3 * i
        likely = known.get(number, base_type)
        for bytes_each in dict.fromkeys((width(likely), width(base_type), 1, 2, 4)):
            if bytes_each and (bytes_each, likely) != (size, base_type):
                yield _set(_set(text, place + 1, bytes_each), place + 2, likely)


def _counts(data: bytes, at: int) -> Iterator[tuple[bytes, int]]:
    """Yield the definition with another number of fields, as long as they look like fields."""
    header = data[at]
    for count in range(1, MOST_FIELDS):
        stop = at + FIELDS_AT + 3 * count
        if stop >= len(data) or not go_together(data[stop - 2], data[stop - 1]):
            return
        if header & DEVELOPER:
            stop += 1 + 3 * data[stop]
        text = _set(data[at:stop], FIELDS_AT - 1, count)
        if stop < len(data) and is_plausible(text):
            yield text, stop


def resized(text: bytes, more: int) -> bytes | None:
    """Return the definition with one field made larger or smaller, the one that this suits best.

    Args:
        text: the definition.
        more: bytes that its messages are to have more; less where negative.
    """
    message = global_number(text)
    best: tuple[int, int] | None = None
    for i, (number, size, base_type) in enumerate(fields_of(text)):
        if 0 < size + more < 256:
            worse = misfit(message, number, size + more, base_type) - misfit(message, number, size, base_type)
            best = min(best or (2, 0), (worse, FIELDS_AT + 3 * i + 1))
    return None if best is None else _set(text, best[1], text[best[1]] + more)


@lru_cache(maxsize=REMEMBERED)
def mended(text: bytes) -> bytes:
    """Return a damaged part's definition as it must have been, by the profile; the sizes stay."""
    return _numbered(_typed(_as_record(text)))


def _as_record(text: bytes) -> bytes:
    """Return a definition as one of records, if its fields are those of records and of nothing else."""
    number = global_number(text)
    fields = text[FIELDS_AT : FIELDS_AT + 3 * text[5] : 3]
    if number == profile.RECORD or profile.TIMESTAMP not in fields:
        return text
    as_record = profile.base_types(profile.RECORD)
    if sum(field in as_record for field in fields) < _LIKENESS:
        return text
    record = text[:3] + profile.RECORD.to_bytes(2, "big" if text[2] == 1 else "little") + text[5:]
    if profile.base_types(number):
        better = misfits(text) > misfits(record) == 0
    else:
        better = misfits(record) <= len(fields) // 8
    return record if better else text


def _typed(text: bytes) -> bytes:
    """Return the definition with the profile's type for each field of that type's size."""
    known = profile.base_types(global_number(text))
    for i, (number, size, base_type) in enumerate(fields_of(text)):
        likely = known.get(number, base_type)
        if likely != base_type and size == width(likely):
            text = _set(text, FIELDS_AT + 3 * i + 2, likely)
    return text


def _numbered(text: bytes) -> bytes:
    """Return a definition of records with the time or the coordinate that nothing else can be."""
    fields = [*fields_of(text)]
    numbers = [number for number, _, _ in fields]
    if global_number(text) != profile.RECORD or not fields:
        return text
    known = profile.base_types(profile.RECORD)
    strange = [i for i, (number, _, base_type) in enumerate(fields) if known.get(number) != base_type]
    for i in strange:
        shape = fields[i][1:]
        if i == 0 and profile.TIMESTAMP not in numbers and shape == (4, known[profile.TIMESTAMP]):
            return _set(text, FIELDS_AT, profile.TIMESTAMP)
        for missing, other in ((_LATITUDE, _LONGITUDE), (_LONGITUDE, _LATITUDE)):
            beside = other in (numbers[i - 1 : i] + numbers[i + 1 : i + 2])
            if missing not in numbers and beside and shape == (4, known[missing]):
                return _set(text, FIELDS_AT + 3 * i, missing)
    return text


def _set(text: bytes, at: int, value: int) -> bytes:
    return text[:at] + bytes([value]) + text[at + 1 :]
