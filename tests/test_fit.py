"""What a runner relies on when a FIT file is read: any layout a watch may choose, and words for damage."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from fastcrc import crc16
from hypothesis import given
from hypothesis import strategies as st

from devtools import fit_file
from devtools.fit_file import (
    BYTE,
    ENUM,
    SINT8,
    SINT32,
    STRING,
    UINT8,
    UINT16,
    UINT32,
    Endian,
    FitFile,
    Value,
)
from devtools.writers import LapMark, Recording, Span, write_fit
from miler.activity import Pause
from miler.errors import CorruptFile, UnsupportedFile
from miler.formats.fit import decode
from miler.formats.fit.parts import parts
from tests.conftest import codes, reader_of_one

FILE_ID, SPORT, SESSION, LAP, RECORD, EVENT, DEVICE_INFO, ACTIVITY, LENGTH = (
    0,
    12,
    18,
    19,
    20,
    21,
    23,
    34,
    101,
)
TIME = (253, 4, UINT32)
DISTANCE, HEART_RATE, CADENCE = (5, 4, UINT32), (3, 1, UINT8), (4, 1, UINT8)
T0 = 1_000_000_000
START = datetime(1989, 12, 31, tzinfo=UTC) + timedelta(seconds=T0)


def begun(kind: int | None = 4, header_size: int = 14, protocol: int = 0x10) -> FitFile:
    file = FitFile(header_size=header_size, protocol=protocol)
    file.define(15, FILE_ID, [(0, 1, ENUM)])
    file.message(15, kind)
    return file


def add(
    file: FitFile, local: int, number: int, fields: Sequence[tuple[int, int, int]], *rows: Sequence[Value]
) -> None:
    file.define(local, number, fields)
    for row in rows:
        file.message(local, *row)


def add_records(file: FitFile, *seconds: int) -> None:
    """Add records at these seconds, with 3 m and one heart beat more each second."""
    add(file, 0, RECORD, [TIME, DISTANCE, HEART_RATE], *[(T0 + s, 300 * s, 100 + s) for s in seconds])


def a_run(seconds: int = 5, header_size: int = 14) -> bytes:
    file = begun(header_size=header_size)
    add_records(file, *range(seconds))
    return file.to_bytes()


one = reader_of_one(decode)


def sealed(data: bytes | bytearray) -> bytes:
    """Make the checksum fit again after a change."""
    return bytes(data[:-2]) + crc16.arc(bytes(data[:-2])).to_bytes(2, "little")


@pytest.mark.parametrize("endian", ["<", ">"])
def test_both_byte_orders_give_the_same_run(endian: Endian) -> None:
    file = begun()
    file.define(0, RECORD, [TIME, DISTANCE, HEART_RATE], endian)
    file.message(0, T0, 12_345, 150)
    file.message(0, T0 + 1, 12_700, None)
    activity = one(file)
    assert activity.start_time == START
    assert activity["distance"] == pytest.approx([123.45, 127.0], abs=1e-9)
    assert activity["heart_rate"] == pytest.approx([150, math.nan], nan_ok=True)


def test_a_byte_order_that_is_neither_0_nor_1_means_little_endian() -> None:
    data = bytearray(a_run())
    (record,) = [d for d in parts(bytes(data))[0].definitions if d.message == RECORD]
    at = int(record.starts[0]) - len(record.text)
    assert data[at : at + 3] == b"\x40\0\0"
    data[at + 2] = 7
    assert one(sealed(data))["distance"] == pytest.approx([0, 3, 6, 9, 12])


@pytest.mark.parametrize("header_size", [12, 14, 16])
def test_old_and_new_headers_are_read(header_size: int) -> None:
    data = bytearray(a_run(header_size=min(header_size, 14)))
    if header_size > 14:
        data[0] = header_size
        data[14:14] = b"\0" * (header_size - 14)
    activity = one(sealed(data))
    assert len(activity) == 5 and not activity.notes


def test_a_header_without_its_own_checksum_is_sound() -> None:
    data = bytearray(a_run())
    data[12:14] = b"\0\0"
    assert not one(sealed(data)).notes


def test_a_local_number_may_change_its_meaning_in_mid_file() -> None:
    file = begun()
    add_records(file, 0, 1)
    add(file, 0, RECORD, [HEART_RATE, TIME], (150, T0 + 2))
    add(file, 0, EVENT, [TIME, (0, 1, ENUM)], (T0 + 2, 9))
    add_records(file, 3)
    activity = one(file)
    assert activity.elapsed.tolist() == [0, 1, 2, 3]
    assert activity["heart_rate"].tolist() == [100, 101, 150, 103]
    assert activity["distance"] == pytest.approx([0, 3, math.nan, 9], nan_ok=True)


def test_a_definition_written_again_before_each_message_is_one_table() -> None:
    file = begun()
    for second in range(50):
        add_records(file, second)
        add(file, 0, EVENT, [TIME, (0, 1, ENUM)], (T0 + second, 9))
    (part,) = parts(file.to_bytes())
    assert sorted(d.count for d in part.definitions) == [1, 50, 50]
    assert one(file)["distance"] == pytest.approx(3.0 * np.arange(50))


def test_two_local_numbers_with_records_keep_the_order_of_the_file() -> None:
    file = begun()
    file.define(1, RECORD, [TIME, HEART_RATE])
    file.define(2, RECORD, [HEART_RATE, TIME])
    for second in range(6):
        row = (T0 + second, 100 + second)
        file.message(*((1, *row) if second % 3 else (2, *reversed(row))))
    activity = one(file)
    assert activity["heart_rate"].tolist() == [100, 101, 102, 103, 104, 105] and not activity.notes


def test_of_an_array_the_first_value_counts() -> None:
    file = begun()
    add(file, 0, RECORD, [TIME, (3, 3, UINT8), (7, 4, UINT16)], (T0, (150, 151, 152), (250, 9)))
    activity = one(file)
    assert activity["heart_rate"].tolist() == [150] and activity["power"].tolist() == [250]


def test_a_field_whose_size_does_not_fit_its_type_is_missing_and_disturbs_no_other() -> None:
    file = begun()
    add(file, 0, RECORD, [TIME, (5, 1, BYTE), (7, 3, BYTE), HEART_RATE], (T0, b"\x01", b"abc", 150))
    data = bytearray(file.to_bytes())
    for size, wrong in ((1, UINT32), (3, UINT16)):
        at = data.index(bytes([5 if size == 1 else 7, size, BYTE]))
        data[at + 2] = wrong
    activity = one(sealed(data))
    assert activity["heart_rate"].tolist() == [150]
    assert "distance" not in activity and "power" not in activity


def test_fields_without_size_and_of_unknown_type_disturb_no_other() -> None:
    file = begun()
    add(file, 0, RECORD, [(5, 0, BYTE), TIME, (7, 2, BYTE), HEART_RATE], (b"", T0, b"ab", 150))
    data = bytearray(file.to_bytes())
    data[data.index(bytes([7, 2, BYTE])) + 2] = 0x55
    activity = one(sealed(data))
    assert activity["heart_rate"].tolist() == [150] and activity.start_time == START
    assert list(activity.streams) == ["heart_rate"]


def test_of_a_field_defined_twice_the_first_counts() -> None:
    file = begun()
    add(file, 0, RECORD, [TIME, (3, 0, BYTE), HEART_RATE, (3, 2, UINT16)], (T0, b"", 150, 99))
    assert one(file)["heart_rate"].tolist() == [150]


@pytest.mark.parametrize("base_type", fit_file.BASE_TYPES)
def test_every_number_type_gives_its_value_and_its_missing_value(base_type: int) -> None:
    size = struct.calcsize(fit_file.BASE_TYPES[base_type].code)
    file = begun()
    add(file, 0, RECORD, [TIME, (7, size, base_type)], (T0, 100), (T0 + 1, None))
    assert one(file)["power"] == pytest.approx([100, math.nan], nan_ok=True)


def test_developer_fields_are_stepped_over() -> None:
    file = begun(protocol=0x20)
    file.define(0, RECORD, [TIME, HEART_RATE], developer_fields=[(3, 2, 0), (0, 5, 1)])
    file.message(0, T0, 150, b"\x01\x02", b"abcde")
    file.message(0, T0 + 1, 151, b"\x03\x04", b"fghij")
    add(file, 1, EVENT, [TIME, (0, 1, ENUM), (1, 1, ENUM)], (T0 + 1, 0, 4))
    activity = one(file)
    assert activity["heart_rate"].tolist() == [150, 151] and not activity.notes
    assert activity.timer_events


def test_enhanced_fields_are_preferred_and_plain_ones_fill_the_rest() -> None:
    file = begun()
    fields = [TIME, (6, 2, UINT16), (73, 4, UINT32), (2, 2, UINT16), (78, 4, UINT32)]
    rows = [(T0, 3000, 3210, 2600, 2605), (T0 + 1, 3000, None, 2600, None)]
    add(file, 0, RECORD, fields, *rows)
    activity = one(file)
    assert activity["speed"] == pytest.approx([3.21, 3.0])
    assert activity["altitude"] == pytest.approx([21.0, 20.0])


def test_compressed_timestamps_count_on_and_roll_over() -> None:
    file = begun()
    add(file, 1, RECORD, [TIME, HEART_RATE], (T0, 100))
    file.define(0, RECORD, [HEART_RATE])
    for second in (5, 31, 40, 70, 101):
        file.compressed(0, T0 + second, second)
    assert one(file).elapsed.tolist() == [0, 5, 31, 40, 70, 101]


def test_compressed_timestamps_count_from_the_last_message_of_any_kind() -> None:
    file = begun()
    file.define(0, RECORD, [HEART_RATE])
    file.define(1, EVENT, [(0, 1, ENUM)])
    file.define(5, EVENT, [TIME, (0, 1, ENUM)])
    file.message(5, T0, 9)
    file.compressed(0, T0 + 10, 110)
    file.message(5, T0 + 1000, 9)
    file.compressed(0, T0 + 1020, 120)
    file.compressed(1, T0 + 1050, 9)  # without it, the next record would seem 32 s earlier
    file.compressed(0, T0 + 1060, 130)
    activity = one(file)
    assert activity.start_time == START + timedelta(seconds=10)
    assert activity.elapsed.tolist() == [0, 1010, 1050]


def test_a_compressed_timestamp_before_any_whole_one_names_no_time() -> None:
    file = begun()
    file.define(0, RECORD, [HEART_RATE])
    file.compressed(0, 7, 90)
    add(file, 1, RECORD, [TIME, HEART_RATE], (T0, 100))
    activity = one(file)
    assert activity["heart_rate"].tolist() == [100] and codes(activity) == ["no_time"]


def test_speed_and_distance_packed_in_three_bytes_are_read_and_roll_over() -> None:
    def packed(speed_cms: int, metres: float) -> bytes:
        sixteenths = int(metres * 16) & 0xFFF
        return (speed_cms | sixteenths << 12).to_bytes(3, "little")

    metres = [10.0, 250.0, 260.5, 300.0, 515.0]  # the counter rolls over at 256 m
    file = begun()
    add(file, 0, RECORD, [TIME, (8, 3, BYTE)], *[(T0 + i, packed(350 + i, m)) for i, m in enumerate(metres)])
    file.message(0, T0 + 5, None)
    activity = one(file)
    assert activity["distance"] == pytest.approx([*metres, math.nan], nan_ok=True)
    assert activity["speed"] == pytest.approx([3.5, 3.51, 3.52, 3.53, 3.54, math.nan], nan_ok=True)


def test_a_watch_that_knew_no_date_gives_times_and_no_day() -> None:
    file = begun()
    add(file, 0, RECORD, [TIME, HEART_RATE], (500, 100), (503, 101))
    activity = one(file)
    assert activity.start_time is None and activity.elapsed.tolist() == [0, 3]


@pytest.mark.parametrize(
    ("offset_s", "place", "zone"),
    [
        (7200, None, "UTC+02:00"),
        (-12_600, None, "UTC-03:30"),
        (7200, (52.5, 13.4), "Europe/Berlin"),
        (3600, (52.5, 13.4), "UTC+01:00"),
        (None, (52.5, 13.4), "Europe/Berlin"),
        (-1_507_163_689, (52.5, 13.4), "Europe/Berlin"),  # Zwift
        (None, None, None),
    ],
)
def test_local_time_and_place_name_the_time_zone(
    offset_s: int | None, place: tuple[float, float] | None, zone: str | None
) -> None:
    file = begun()
    fix = [None, None] if place is None else [round(degrees * 2**31 / 180) for degrees in place]
    add(file, 0, RECORD, [TIME, (0, 4, SINT32), (1, 4, SINT32), HEART_RATE], (T0, *fix, 100))
    local = None if offset_s is None else (T0 + offset_s) & 0xFFFF_FFFF
    add(file, 1, ACTIVITY, [TIME, (5, 4, UINT32)], (T0, local))
    assert one(file).time_zone == zone


def test_timer_events_become_pauses() -> None:
    file = begun()
    add_records(file, 0, 10, 20, 80, 90)
    events = [(0, 0), (10, 4), (20, 1), (80, 0), (85, 0), (88, 8), (89, 0), (90, 9)]
    add(file, 1, EVENT, [TIME, (0, 1, ENUM), (1, 1, ENUM)], *[(T0 + t, 0, kind) for t, kind in events])
    file.message(1, T0 + 50, 9, 0)  # a lap's event starts no timer
    activity = one(file)
    assert activity.timer_events
    assert activity.pauses == (Pause(10, 80), Pause(88, 89))  # the last stop is the end, not a pause


def test_a_file_without_timer_events_says_so() -> None:
    activity = one(a_run())
    assert not activity.timer_events and not activity.pauses


def test_laps_are_read_to_the_millisecond() -> None:
    file = begun()
    add_records(file, *range(100))
    fields = [TIME, (2, 4, UINT32), (7, 4, UINT32), (8, 4, UINT32), (9, 4, UINT32), (24, 1, ENUM)]
    rows = [
        (T0 + 162, T0 + 82, 81_873, 80_002, 40_934, 0),
        (T0 + 82, T0, 82_001, None, None, 2),
        (T0 + 163, T0 + 162, None, None, None, None),
    ]
    add(file, 1, LAP, fields, *rows)
    first, second, third = one(file).laps
    assert (first.index, first.trigger, first.start_s, first.elapsed_s) == (1, "distance", 0.0, 82.001)
    assert first.timer_s is None and first.distance_m is None
    assert (second.elapsed_s, second.timer_s, second.distance_m) == (81.873, 80.002, 409.34)
    assert (third.index, third.trigger, third.elapsed_s) == (3, None, 1.0)


def test_a_lap_without_start_or_length_is_left_out_and_said() -> None:
    file = begun()
    add_records(file, 0, 1)
    add(file, 1, LAP, [TIME, (9, 4, UINT32)], (None, 5000))
    activity = one(file)
    assert not activity.laps and codes(activity) == ["bad_lap"]


def test_the_lengths_of_a_pool_are_laps_where_the_watch_marked_no_others() -> None:
    file = begun()
    fields = [TIME, (2, 4, UINT32), (3, 4, UINT32), (4, 4, UINT32), (12, 1, ENUM)]
    rows = [
        (T0 + 30, T0, 30_000, 30_000, 1),
        (T0 + 50, T0 + 30, 20_000, 0, 0),
        (T0 + 81, T0 + 50, 31_000, 31_000, 1),
    ]
    add(file, 1, LENGTH, fields, *rows)
    add(file, 2, SESSION, [TIME, (2, 4, UINT32), (5, 1, ENUM), (7, 4, UINT32), (44, 2, UINT16)])
    file.message(2, T0 + 81, T0, 5, 81_000, 2500)
    laps = one(file).laps
    assert [lap.distance_m for lap in laps] == [25, None, 25]
    assert [(lap.start_s, lap.elapsed_s) for lap in laps] == [(0, 30), (30, 20), (50, 31)]
    add(file, 3, LAP, [TIME, (2, 4, UINT32), (7, 4, UINT32)], (T0 + 81, T0, 81_000))
    assert [lap.elapsed_s for lap in one(file).laps] == [81]


def test_a_triathlon_has_a_session_for_each_sport_and_counts_steps_where_it_is_run() -> None:
    file = begun()
    rows = [(T0 + t, 45 + t // 100) for t in (0, 50, 100, 150, 200, 250, 310)]
    add(file, 0, RECORD, [TIME, CADENCE], *rows)
    fields = [TIME, (2, 4, UINT32), (5, 1, ENUM), (6, 1, ENUM), (7, 4, UINT32), (9, 4, UINT32)]
    legs = [(5, 0, 0, 100), (3, 0, 100, 120), (2, 0, 120, 200), (1, 4, 200, 300)]
    for sport, sub_sport, start, end in legs:
        add(file, 1, SESSION, fields, (T0 + end, T0 + start, sport, sub_sport, (end - start) * 1000, 5000))
    activity = one(file)
    assert (activity.sport, activity.sub_sport) == ("multisport", None)
    assert [s.sport for s in activity.sessions] == ["swimming", "transition", "cycling", "running"]
    assert (activity.sessions[-1].sub_sport, activity.sessions[-1].start_s) == ("track", 200.0)
    assert activity["cadence"].tolist() == [45, 45, 46, 46, 94, 94, 96]


def test_cadence_on_foot_is_steps_with_their_fraction() -> None:
    file = begun()
    add(file, 1, SPORT, [(0, 1, ENUM), (1, 1, ENUM)], (1, 4))
    add(file, 0, RECORD, [TIME, CADENCE, (53, 1, UINT8)], (T0, 88, 64), (T0 + 1, 88, None))
    activity = one(file)  # a watch that died wrote no session
    assert (activity.sport, activity.sub_sport) == ("running", "track")
    assert activity["cadence"].tolist() == [177, 176]


@pytest.mark.parametrize(
    ("maker", "product", "file_name", "watch_name", "device"),
    [
        (1, 1623, b"", "", "garmin fr620"),
        (1, 65_000, b"", "", "garmin 65000"),
        (1, 65_000, b"", "New Watch", "garmin New Watch"),
        (23, 0, b"", "", "suunto"),
        (32, 31, b"ELEMNT BOLT", "", "wahoo_fitness ELEMNT BOLT"),
        (32, 31, b"a name without end..", "", "wahoo_fitness a name without end.."),
        (258, 4, b"\xff\xff", "", "lezyne 4"),
        (294, 7, b"", "COROS PACE 2", "coros COROS PACE 2"),
        (None, None, b"", "", None),
    ],
)
def test_the_device_is_named_by_the_profile_the_file_or_its_number(
    maker: int | None, product: int | None, file_name: bytes, watch_name: str, device: str | None
) -> None:
    file = FitFile()
    fields = [(0, 1, ENUM), (1, 2, UINT16), (2, 2, UINT16), (8, 20, BYTE)]
    add(file, 0, FILE_ID, fields, (4, maker, product, file_name.ljust(20, b"\0")))
    add(file, 1, DEVICE_INFO, [(0, 1, UINT8), (27, 20, STRING)], (3, "A chest strap"), (0, watch_name))
    add_records(file, 0)
    data = bytearray(file.to_bytes())
    data[data.index(bytes([8, 20, BYTE])) + 2] = STRING
    assert one(sealed(data)).device == device


def test_a_recording_comes_back_as_it_was_written() -> None:
    run = Recording(
        start_time=START,
        time_s=np.arange(4.0),
        distance_m=np.array([0, 3.5, 7.25, 11]),
        temperature_c=np.array([20, math.nan, -3, 20]),
        laps=(LapMark(0, 3, 2, 11.0, "manual"),),
        pauses=(Span(1, 2),),
        sub_sport="track",
    )
    activity = one(write_fit(run))
    assert activity["distance"] == pytest.approx([0, 3.5, 7.25, 11])
    assert activity["temperature"] == pytest.approx([20, math.nan, -3, 20], nan_ok=True)
    assert (activity.sport, activity.sub_sport, activity.laps[0].trigger) == ("running", "track", "manual")
    assert activity.pauses == (Pause(1, 2),) and not activity.notes
    assert activity.device == "development miler simulator"


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (2, "settings"),
        (3, "sport"),
        (5, "workout"),
        (6, "course"),
        (15, "monitoring a"),
        (200, "file type 200"),
    ],
)
def test_a_file_of_another_kind_is_refused_by_name(number: int, kind: str) -> None:
    file = begun(kind=number)
    add_records(file, 0, 1)
    with pytest.raises(UnsupportedFile, match=kind) as refused:
        decode(file.to_bytes())
    assert refused.value.kind == kind and refused.value.format == "fit"


def test_a_damaged_file_of_another_kind_is_not_called_sound() -> None:
    file = begun(kind=2)
    add_records(file, 0, 1)
    data = bytearray(file.to_bytes())
    data[-1] ^= 1
    with pytest.raises(UnsupportedFile, match=r"settings file, not an activity; damaged: .*checksum"):
        decode(bytes(data))


def test_an_activity_with_nothing_to_measure_is_corrupt() -> None:
    empty, timeless = begun(), begun()
    add(timeless, 0, RECORD, [HEART_RATE], (100,))
    for file in (empty, timeless):
        with pytest.raises(CorruptFile) as refused:
            decode(file.to_bytes())
        assert refused.value.code == "empty"


def test_chained_activities_are_read_in_order() -> None:
    first, second = decode(a_run(3) + a_run(7))
    assert (len(first), len(second)) == (3, 7) and not first.notes and not second.notes


def test_a_chained_part_that_is_no_activity_is_left_out_and_said() -> None:
    activity = one(begun(kind=2).to_bytes() + a_run(3))
    assert len(activity) == 3 and codes(activity) == ["part_skipped"]
    assert activity.notes[0].kind == "finding" and "settings" in activity.notes[0].message


def test_what_follows_the_file_is_said() -> None:
    assert codes(one(a_run() + b"\0" * 5)) == ["fit_trailing_bytes"]
    between = decode(a_run(3) + b"rubbish of some length" + a_run(4))
    assert [len(activity) for activity in between] == [3, 4]
    assert codes(between[0]) == ["fit_trailing_bytes"] and not between[1].notes


def test_what_a_watch_left_of_an_older_run_in_its_last_block_is_no_part_of_this_one() -> None:
    file = begun()
    add_records(file, 0, 1, 2)
    add(file, 1, ACTIVITY, [TIME], (T0 + 2,))
    block = len(file.to_bytes()) - 16 + 400
    closed = file.to_bytes(data_size=block)
    older = FitFile()
    add(older, 0, RECORD, [TIME, DISTANCE, HEART_RATE], *[(T0 - 60_000 + s, 300 * s, 100) for s in range(50)])
    run = one((closed + older.to_bytes()[14:])[: block + 16])
    assert codes(run) == ["fit_data_size", "fit_trailing_bytes"]
    assert len(run) == 3 and run.elapsed[-1] == 2


def test_a_file_cut_anywhere_gives_every_whole_record_and_never_one_more() -> None:
    file = begun()
    add_records(file, 0, 1, 2, 3)
    file.define(1, EVENT, [TIME, (0, 1, ENUM)], ">")
    file.message(1, T0 + 3, 9)
    file.define(0, RECORD, [HEART_RATE])
    for second in (4, 40, 41):
        file.compressed(0, T0 + second, 100 + second)
    data = file.to_bytes()
    for cut in range(len(data)):
        whole = sum(number == RECORD and end <= cut for number, _, end in file.spans)
        if whole:
            activity = one(data[:cut])
            assert len(activity) == whole and codes(activity)[0] == "fit_truncated"
        else:
            with pytest.raises(CorruptFile):
                decode(data[:cut])
    assert len(one(data)) == 7 and not one(data).notes


def test_a_cut_message_with_a_reserved_header_bit_is_no_message() -> None:
    file = begun()
    add_records(file, 0, 1, 2)
    sound = file.to_bytes()[:-2]
    cut = bytearray(sound + b"\x10\x3b\x9a")  # local 0 with the reserved bit, and two bytes of its time
    cut[4:8] = (1_000_000).to_bytes(4, "little")
    assert len(one(bytes(cut))) == 3


def damaged() -> dict[str, bytes]:
    sound = a_run()
    flipped, unsized, stray = bytearray(sound), bytearray(sound), bytearray(sound)
    rubbish = begun()
    add_records(rubbish, 0, 1, 2)
    rubbish.raw(b"\xff" * 20)
    for second in (5, 6, 7):
        rubbish.message(0, T0 + second, 300 * second, 100)
    flipped[-4] ^= 1
    unsized[4:8] = bytes(4)
    at = len(stray) - 2 - 10  # the last record's header byte: no such local number
    stray[at] = 9
    return {
        "fit_crc": bytes(flipped),
        "fit_data_size": bytes(unsized),
        "fit_truncated": sound[:-7],
        "fit_trailing_bytes": sound + b"\0",
        "fit_header": sound[14:],
        "fit_repaired": sealed(stray),
        "fit_undecodable": rubbish.to_bytes(),
        "no_time": begun_with_a_lost_time(),
    }


def begun_with_a_lost_time() -> bytes:
    file = begun()
    add(file, 0, RECORD, [TIME, HEART_RATE], (T0, 100), (None, 101), (T0 + 2, 102))
    return file.to_bytes()


@pytest.mark.parametrize("code", damaged())
def test_damage_is_said_and_strict_refuses_it(code: str) -> None:
    data = damaged()[code]
    activity = one(data)
    assert code in codes(activity) and len(activity) >= 2
    assert {note.kind for note in activity.notes} == {"damage"}
    with pytest.raises(CorruptFile) as refused:
        decode(data, strict=True)
    assert refused.value.code in codes(activity) and refused.value.format == "fit"


def test_strict_reads_a_sound_file() -> None:
    assert len(decode(a_run(), strict=True)[0]) == 5


def test_bytes_that_only_look_like_fit_are_corrupt() -> None:
    for data in (b"", b"\x0e", b"xxxxx.FIT and more text", b"\x0e\x10\0\0\0\0\0\0.FIT"):
        with pytest.raises(CorruptFile):
            decode(data)


def values(low: int, high: int) -> st.SearchStrategy[int | None]:
    return st.none() | st.integers(low, high)


COLUMNS: dict[str, tuple[tuple[int, int, int], float, float, st.SearchStrategy[int | None]]] = {
    "latitude": ((0, 4, SINT32), 2**31 / 180, 0, values(-(2**30), -1)),
    "longitude": ((1, 4, SINT32), 2**31 / 180, 0, values(-(2**31), 2**31 - 2)),
    "distance": ((5, 4, UINT32), 100, 0, values(0, 10**9)),
    "heart_rate": (HEART_RATE, 1, 0, values(1, 254)),
    "cadence": (CADENCE, 1, 0, values(0, 254)),
    "speed": ((6, 2, UINT16), 1000, 0, values(0, 65_534)),
    "altitude": ((78, 4, UINT32), 5, 500, values(0, 100_000)),
    "power": ((7, 2, UINT16), 1, 0, values(0, 10_000)),
    "temperature": ((13, 1, SINT8), 1, 0, values(-90, 100)),
}
ROWS = st.lists(
    st.fixed_dictionaries({name: column[3] for name, column in COLUMNS.items()}), min_size=1, max_size=30
)
SHAPES = st.lists(
    st.tuples(st.lists(st.sampled_from(sorted(COLUMNS)), unique=True), st.sampled_from(["<", ">"])),
    min_size=1,
    max_size=4,
)


@given(ROWS, SHAPES, st.lists(st.integers(1, 40), min_size=30, max_size=30), st.data())
def test_whatever_a_watch_writes_comes_back(
    rows: list[dict[str, int | None]],
    shapes: list[tuple[list[str], Endian]],
    steps: list[int],
    data: st.DataObject,
) -> None:
    file = begun()
    times = np.cumsum(steps)[: len(rows)]
    expected = {name: np.full(len(rows), np.nan) for name in COLUMNS}
    defined: dict[int, list[str]] = {}
    for i, (row, time) in enumerate(zip(rows, times.tolist(), strict=True)):
        local = data.draw(st.integers(0, 3))
        redefine = data.draw(st.booleans())
        if local not in defined or redefine:
            names, endian = data.draw(st.sampled_from(shapes))
            file.define(local, RECORD, [TIME, *(COLUMNS[name][0] for name in names)], endian)
            defined[local] = names
        file.message(local, T0 + time, *(row[name] for name in defined[local]))
        for name in defined[local]:
            _, scale, offset, _ = COLUMNS[name]
            value = row[name]
            expected[name][i] = math.nan if value is None else value / scale - offset
    halves = np.isnan(expected["latitude"]) | np.isnan(expected["longitude"])
    expected["latitude"][halves] = expected["longitude"][halves] = np.nan  # half a fix is none
    activity = one(file)
    assert activity.elapsed.tolist() == (times - times[0]).tolist()
    for name, column in expected.items():
        np.testing.assert_allclose(activity.get(name), column, rtol=1e-12, atol=1e-9, err_msg=name)
    assert not activity.notes
