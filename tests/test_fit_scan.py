"""Where every message of a FIT file lies, found by the quick scan as by the slow, obvious one."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miler.errors import CorruptFile
from miler.formats.fit.scan import (
    MOST_DEFINITIONS,
    MOST_MESSAGES,
    WANTED,
    Definition,
    Part,
    follow,
    limit,
    regular_stretch,
)

UNWANTED = 999
RECORD, LAP, EVENT = 20, 19, 21
KINDS = (RECORD, UNWANTED, EVENT, LAP)  # of the local numbers 0 to 3


def definition(local: int, message: int, *sizes: int, developer: tuple[int, ...] = ()) -> bytes:
    """A definition message whose fields are so many bytes long."""
    fields = b"".join(bytes((number, size, 13)) for number, size in enumerate(sizes))
    extra = b"".join(bytes((number, size, 0)) for number, size in enumerate(developer))
    head = bytes((0x40 | 0x20 * bool(developer) | local, 0, 0)) + message.to_bytes(2, "little")
    return head + bytes((len(sizes),)) + fields + (bytes((len(developer),)) + extra if developer else b"")


def walked(data: bytes) -> tuple[dict[int, list[int]], int]:
    """The slow twin: offsets by message, one after another, and where there was no whole message any more."""
    found: dict[int, list[int]] = defaultdict(list)
    known: dict[int, tuple[int, int]] = {}
    at = 0
    while at < len(data):
        header = data[at]
        if header & 0x80:
            local = header >> 5 & 3
        elif header & 0x40:
            stop = at + 6 + 3 * data[at + 5] if at + 5 < len(data) else len(data) + 1
            if header & 0x20:
                stop += 1 + 3 * data[stop] if stop < len(data) else 1
            if stop > len(data):
                return found, at
            text = data[at:stop]
            known[header & 15] = Definition(text).message, Definition(text).size
            at = stop
            continue
        else:
            local = header & 15
        if local not in known or at + known[local][1] > len(data):
            return found, at
        message, size = known[local]
        found[message].append(at)
        at += size
    return found, at


def scanned(data: bytes) -> tuple[dict[int, list[int]], int]:
    part = Part(data)
    end = follow(part, 0)
    found: dict[int, list[int]] = defaultdict(list)
    for one in part.definitions:
        starts = one.starts.tolist()
        assert len(starts) == one.count
        assert starts == sorted(starts) == one.offsets
        found[one.message] += starts
    return {message: sorted(starts) for message, starts in found.items() if starts}, end


PATTERNS = st.lists(st.integers(0, 3), min_size=1, max_size=6)
BLOCKS = st.lists(
    st.tuples(PATTERNS, st.integers(1, 90), st.none() | st.integers(0, 3)), min_size=1, max_size=6
)


@given(BLOCKS, st.lists(st.integers(1, 9), min_size=4, max_size=4), st.integers(0, 40))
def test_the_scan_finds_what_the_slow_walk_finds(
    blocks: list[tuple[list[int], int, int | None]], sizes: list[int], cut: int
) -> None:
    data = b"".join(definition(local, KINDS[local], sizes[local]) for local in range(4))
    for pattern, repeats, redefined in blocks:
        data += b"".join(bytes((local,)) + bytes(sizes[local]) for local in pattern) * repeats
        if redefined is not None:  # the same number means something longer from here on
            sizes[redefined] += 1
            data += definition(redefined, KINDS[redefined], 1, sizes[redefined] - 1)
    data = data[: max(len(data) - cut, 0)]
    expected, end = walked(data)
    expected.pop(UNWANTED, None)
    assert scanned(data) == (expected, end)


@pytest.mark.parametrize("messages", [*range(12, 20), 40, 41])
def test_a_message_that_is_cut_anywhere_is_left_out_and_none_before_it(messages: int) -> None:
    data = definition(0, RECORD, 3) + bytes((0, 0, 1, 0)) * messages
    for missing in range(1, 8):
        assert scanned(data[:-missing]) == walked(data[:-missing])
    longer = data + definition(1, EVENT, 1, 2)
    for missing in range(1, 8):
        assert scanned(longer[:-missing])[1] == len(data)


@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from((None, 0, 1, 31))), min_size=1, max_size=120),
    st.none() | st.integers(0, 120),
)
def test_where_times_are_compressed_every_message_is_noted_once(
    rows: list[tuple[bool, int | None]], redefined: int | None
) -> None:
    data = definition(0, RECORD, 2) + definition(1, UNWANTED, 3, developer=(2,))
    size = 5
    for number, (unwanted, second) in enumerate(rows):
        if number == redefined:
            data += definition(1, UNWANTED, 1)
            size = 1
        header = int(unwanted) if second is None else 0x80 | 0x20 * unwanted | second
        data += bytes((header,)) + bytes(size if unwanted else 2)
    expected, end = walked(data)
    if all(second is None for _, second in rows):
        expected.pop(UNWANTED, None)
    assert scanned(data) == (expected, end)


def test_messages_without_fields_are_noted_and_no_unwanted_one_with_them() -> None:
    data = definition(2, RECORD) + definition(1, UNWANTED, 2) + bytes((2, 2, 2)) + bytes((1, 7, 7)) * 40
    assert scanned(data) == ({RECORD: [15, 16, 17]}, len(data))


def test_a_number_that_nothing_defined_ends_the_scan() -> None:
    data = definition(0, RECORD, 1) + bytes((0, 7)) * 3
    assert scanned(data + bytes((5, 7)))[1] == len(data)
    assert scanned(data + bytes((0xE0, 7)))[1] == len(data)


# The first look for a stretch comes after 16 messages, of which two are definitions.
BREAKS = (
    (),
    (101,),
    (0,) * 14,
    (0,) * 14 + (200,),
    (0,) * 30,
    (0,) * 30 + (200,),
    (0,) * 30 + (200, 470, 499),
)


@pytest.mark.parametrize("breaks", BREAKS)
def test_messages_are_gathered_whether_they_were_walked_or_measured(breaks: tuple[int, ...]) -> None:
    rows = [bytes((0, n % 251)) for n in range(500)]
    for at in sorted(breaks, reverse=True):
        rows.insert(at, bytes((1, 9)))
    part = Part(definition(0, RECORD, 1) + definition(1, EVENT, 1) + b"".join(rows))
    assert follow(part, 0) == part.end
    (one,) = part.of(RECORD)
    table = part.gather(one, one.starts)
    assert table.shape == (500,)
    assert [row.tobytes() for row in table] == [row for row in rows if row[0] == 0]


def test_messages_that_come_twice_in_each_turn_are_gathered_in_the_order_of_the_file() -> None:
    turns = b"".join(bytes((0, n, 1, 9, 0, 100 + n)) for n in range(50))
    part = Part(definition(0, RECORD, 1) + definition(1, EVENT, 1) + bytes((1, 9)) * 14 + turns)
    assert follow(part, 0) == part.end
    (one,) = part.of(RECORD)
    assert part.gather(one, one.starts).tobytes() == bytes(
        byte for n in range(50) for byte in (0, n, 0, 100 + n)
    )


@pytest.mark.parametrize("message", sorted(WANTED))
def test_every_message_that_somebody_reads_is_noted(message: int) -> None:
    # file_id, sport, session, lap, record, event, device_info, activity, length, hr, field_description
    assert message in (0, 12, 18, 19, 20, 21, 23, 34, 101, 132, 206)
    found, _ = scanned(definition(0, message, 1) + bytes((0, 1)) * 60)
    assert len(found[message]) == 60


def test_a_short_pattern_is_measured_only_where_it_comes_often() -> None:
    sizes = [2] + [0] * 255
    assert regular_stretch(bytes((0, 9)) * 24 + b"\x40", 0, sizes) == [range(0, 48, 2)]
    assert regular_stretch(bytes((0, 9)) * 23 + b"\x40", 0, sizes) == []
    assert regular_stretch(b"\x40" + bytes((0, 9)) * 24 + b"\x40", 1, sizes) == [range(1, 49, 2)]


def test_a_pattern_of_two_is_measured_from_half_as_many_turns_on() -> None:
    sizes = [2, 1] + [0] * 254
    turns = [range(0, 36, 3), range(2, 38, 3)]
    assert regular_stretch(bytes((0, 9, 1)) * 12 + b"\x40", 0, sizes) == turns
    assert regular_stretch(bytes((0, 9, 1)) * 11 + b"\x40", 0, sizes) == []


def test_more_definitions_than_any_recording_has_are_refused() -> None:
    data = b"".join(definition(0, number, 1) for number in range(10_001))
    assert follow(Part(data[: 10_000 * 9]), 0) == 10_000 * 9
    with pytest.raises(CorruptFile) as told:
        follow(Part(data), 0)
    assert told.value.code == "too_many_definitions"
    assert MOST_DEFINITIONS == 10_000


def test_as_many_messages_as_the_longest_recording_has_are_read() -> None:
    data = definition(0, RECORD, 1) + bytes((0, 1)) * (MOST_MESSAGES - 1)  # the definition is one too
    assert follow(Part(data), 0) == len(data)


def test_messages_that_come_one_by_one_count_as_those_in_turn_do() -> None:
    again = definition(0, RECORD, 1)
    with pytest.raises(CorruptFile) as told:
        follow(Part(again + bytes((0, 1)) * (MOST_MESSAGES - 2000) + again * 4000), 0)
    assert told.value.code == "too_many_messages"


def test_more_messages_without_fields_than_any_recording_has_are_refused() -> None:
    data = definition(0, RECORD) + bytes(10_000)
    assert follow(Part(data), 0) == len(data)
    with pytest.raises(CorruptFile) as told:
        follow(Part(data + b"\0"), 0)
    assert told.value.code == "too_many_empty_messages"


def test_more_messages_than_any_recording_has_are_refused() -> None:
    with pytest.raises(CorruptFile) as told:
        follow(Part(definition(0, RECORD, 1) + bytes((0, 1)) * (MOST_MESSAGES + 2000)), 0)
    assert told.value.code == "too_many_messages"
    assert MOST_MESSAGES == 10_000_000
    limit(3, 3, "legs")
