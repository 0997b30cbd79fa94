"""What a runner relies on when a FIT file was damaged: what is left is read, and what is not is said."""

from __future__ import annotations

import gzip
import random
import re
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from fastcrc import crc16
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchmarks import damage_notes, fit_hostile
from benchmarks.fit_mutants import mutants
from benchmarks.fit_walker import walk
from devtools.fit_file import BYTE, ENUM, SINT32, UINT8, UINT16, UINT32, FitFile
from devtools.writers import LapMark, Recording, Span, write_fit, write_gpx, write_tcx
from miler.activity import Activity
from miler.errors import CorruptFile, MilerError, UnknownFormat
from miler.formats import decode, recognise
from tests.conftest import reader_of_one

FILE_ID, RECORD = 0, 20
TIME, DISTANCE, HEART_RATE = (253, 4, UINT32), (5, 4, UINT32), (3, 1, UINT8)
T0 = 1_000_000_000
RECORD_BYTES = 10


@cache
def a_run(seconds: int = 200) -> bytes:
    """A run as a watch writes it, with laps, a pause and every common column."""
    time = np.arange(float(seconds))
    return write_fit(
        Recording(
            start_time=datetime(2026, 5, 9, 17, 2, tzinfo=UTC),
            time_s=time,
            latitude_deg=51.7 + 3e-5 * time,
            longitude_deg=-1.2 + 1e-5 * time,
            distance_m=3.1 * time,
            heart_rate_bpm=100 + time % 60,
            cadence_spm=170 + time % 3,
            laps=tuple(LapMark(a, b - a, b - a, 3.1 * (b - a), "manual") for a, b in pairwise((0, 90, 199))),
            pauses=(Span(60, 61),),
        )
    )


def plain(count: int) -> FitFile:
    """Records of 10 bytes each, one a second, after a file_id."""
    file = FitFile()
    file.define(15, FILE_ID, [(0, 1, ENUM)])
    file.message(15, 4)
    file.define(0, RECORD, [TIME, DISTANCE, HEART_RATE])
    for second in range(count):
        file.message(0, T0 + second, 310 * second, 100 + second % 60)
    return file


def record_places(file: FitFile) -> list[tuple[int, int]]:
    return [(start, end) for number, start, end in file.spans if number == RECORD]


one = reader_of_one(decode)


def rows(activity: Activity) -> list[tuple[float, ...]]:
    """Every record as its moment and its values."""
    start = activity.start_time.timestamp() if activity.start_time else 0.0
    names = ("distance", "latitude", "longitude", "heart_rate")
    columns = [activity.elapsed + start, *(np.nan_to_num(activity.get(name), nan=-1) for name in names)]
    return [tuple(row) for row in np.stack(columns, axis=1).round(7).tolist()]


def damage(activity: Activity) -> dict[str, str]:
    return {note.code: note.message for note in activity.notes if note.kind == "damage"}


def dropped(activity: Activity) -> int:
    """How many records the notes say were dropped."""
    undecodable = re.search(r"at most (\d+) record", damage(activity).get("fit_undecodable", ""))
    timeless = re.search(r"time: (\d+)", damage(activity).get("no_time", ""))
    return sum(int(told.group(1)) for told in (undecodable, timeless) if told)


def sealed(data: bytes) -> bytes:
    """Make the checksum fit again after a change."""
    return data[:-2] + crc16.arc(data[:-2]).to_bytes(2, "little")


# Damage in the middle.


@settings(max_examples=30, derandomize=True)
@given(st.integers(5, 80), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_rubbish_over_some_records_costs_these_and_the_notes_say_how_many(
    first: int, count: int, seed: int
) -> None:
    file = plain(100)
    places = record_places(file)
    start, stop = places[first][0], places[first + count - 1][1]
    rubbish = bytes(random.Random(seed).choices(range(0x80, 0x100), k=stop - start))
    sound = file.to_bytes()
    activity = one(sound[:start] + rubbish + sound[stop:])
    assert set(rows(activity)) <= set(rows(one(sound)))
    assert len(activity) == 100 - count and dropped(activity) == count


@settings(max_examples=30, derandomize=True)
@example(83, b"@\x00\x03\x00\x00\xff")
@given(st.integers(1, 99), st.binary(min_size=1, max_size=300))
def test_whatever_is_put_between_two_records_costs_hardly_any_other(place: int, rubbish: bytes) -> None:
    file = plain(100)
    at = record_places(file)[place][0]
    sound = file.to_bytes()
    activity = one(sound[:at] + rubbish + sound[at:])
    kept = set(rows(activity)) & set(rows(one(sound)))
    assert len(kept) >= 97  # rubbish may look like a message, and swallow what follows it
    assert damage(activity)


def test_what_is_left_out_and_what_is_read_make_up_the_whole_file() -> None:
    file = plain(300)
    places = record_places(file)
    data = bytearray(file.to_bytes())
    for first, count in ((20, 3), (100, 1), (200, 10)):
        data[places[first][0] : places[first + count - 1][1]] = b"\xfe" * (RECORD_BYTES * count)
    activity = one(bytes(data))
    assert len(activity) + dropped(activity) == 300 and dropped(activity) == 14
    told = damage(activity)["fit_undecodable"]
    assert f"{places[20][0]} to {places[22][1]}" in told and f"{places[200][0]} to {places[209][1]}" in told


def test_a_record_whose_header_byte_was_changed_is_read() -> None:
    file = plain(50)
    data = bytearray(file.to_bytes())
    data[record_places(file)[20][0]] = 9
    activity = one(sealed(bytes(data)))
    assert rows(activity) == rows(one(file.to_bytes()))
    assert [*damage(activity)] == ["fit_repaired"]
    assert str(record_places(file)[20][0]) in damage(activity)["fit_repaired"]


def test_a_definition_of_which_a_size_was_changed_is_put_right() -> None:
    sound = a_run()
    definition = next(found for found in walk(sound) if found.defines and found.message == RECORD)
    whole = rows(one(sound))
    for place in range(definition.start + 7, definition.end, 3):
        for wrong in (0, 1, 3, 40):
            data = sound[:place] + bytes([wrong]) + sound[place + 1 :]
            if data != sound:
                activity = one(data)
                assert len(set(rows(activity)) & set(whole)) >= 0.98 * len(whole), (place, wrong)
                assert damage(activity)


def test_a_lie_about_what_records_are_is_seen_though_the_checksum_fits() -> None:
    sound = a_run()
    definition = next(found for found in walk(sound) if found.defines and found.message == RECORD)
    for place, wrong in ((definition.start + 3, 99), (definition.start + 11, 0x97)):
        activity = one(sealed(sound[:place] + bytes([wrong]) + sound[place + 1 :]))
        assert rows(activity) == rows(one(sound)) and "fit_repaired" in damage(activity)


def test_zeros_at_the_end_of_a_copy_that_was_not_finished_cost_nothing_before_them() -> None:
    sound = a_run()
    activity = one(sound[:3000] + bytes(50_000))
    whole = sum(f.message == RECORD and not f.defines and f.end <= 3000 for f in walk(sound))
    assert rows(activity)[:whole] == rows(one(sound))[:whole] and len(activity) <= whole + 1


def test_messages_whose_times_are_compressed_are_found_again_after_rubbish() -> None:
    file = FitFile()
    file.define(15, FILE_ID, [(0, 1, ENUM)])
    file.message(15, 4)
    file.define(1, RECORD, [TIME, HEART_RATE])
    file.define(0, RECORD, [HEART_RATE, (7, 2, UINT16)])
    for second in range(0, 400, 10):
        if second == 200:
            file.raw(b"\x1f" * 11)
        file.message(1, T0 + second, 100)
        for more in range(1, 10):
            file.compressed(0, T0 + second + more, 100, 250)
    assert len(one(file.to_bytes())) >= 390


def test_a_big_endian_file_is_mended_too() -> None:
    file = FitFile()
    file.define(15, FILE_ID, [(0, 1, ENUM)], ">")
    file.message(15, 4)
    file.define(0, RECORD, [TIME, (0, 4, SINT32), (1, 4, SINT32), DISTANCE, HEART_RATE], ">")
    for second in range(80):
        file.message(0, T0 + second, 600_000_000 + 350 * second, -14_000_000, 310 * second, 120)
    sound = file.to_bytes()
    start = file.spans[30][1]
    activity = one(sound[:start] + b"\xaa" * 7 + sound[start:])
    assert set(rows(one(sound))) <= set(rows(activity))


# The header.


@pytest.mark.parametrize(
    "damaged",
    [
        lambda data: data[data[0] :],
        lambda data: data[3:],
        lambda data: data[9:],
        lambda data: b"\x47" + data[1:],
        lambda data: b"\x00" + data[1:],
        lambda data: data[:8] + b".FLT" + data[12:],
        lambda data: data[:8] + b"\0\0\0\0" + data[12:],
        lambda data: bytes(14) + data[14:],
        lambda data: b"\xff" * 14 + data[14:],
    ],
    ids=["none", "cut", "cut shorter", "size", "no size", "magic", "no magic", "zeros", "ones"],
)
def test_a_file_without_its_header_is_known_and_read_whole(damaged: Callable[[bytes], bytes]) -> None:
    data = damaged(a_run())
    assert recognise(data) == "fit"
    activity = one(data)
    assert rows(activity) == rows(one(a_run()))
    assert "fit_header" in damage(activity)
    with pytest.raises(CorruptFile):
        decode(data, strict=True)


@pytest.mark.parametrize("size", [0, 1, 500, 6000, 2**31, 2**32 - 1])
@pytest.mark.parametrize("header_size", [12, 14])
def test_whatever_size_the_header_tells_all_is_read(size: int, header_size: int) -> None:
    file = plain(900)
    file.header_size = header_size
    activity = one(file.to_bytes(data_size=size))
    assert rows(activity) == rows(one(plain(900).to_bytes()))
    assert [*damage(activity)] in (["fit_data_size"], ["fit_truncated"])


def test_a_chained_part_with_a_damaged_checksum_leaves_the_others_as_they_are() -> None:
    sound = a_run()
    activities = decode(sound + sound[:-1] + bytes([sound[-1] ^ 1]) + sound)
    assert [len(activity) for activity in activities] == [len(one(sound))] * 3
    assert [[*damage(activity)] for activity in activities] == [[], ["fit_crc"], []]


# What is FIT, and what is not.


OTHERS = {
    "text": b"The quick brown fox jumps over the lazy dog. @ @ @\n" * 40,
    "csv": b"date,distance,time\n2026-05-09,1609.344,4:01\n" * 30,
    "many @": b"@" * 5000,
    "@ and zeros": b"@\0\0\0\0\1" * 500,
    "ones": b"\xff" * 5000,
    "png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8,
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_fit_is_not_taken_for_it(name: str) -> None:
    with pytest.raises(UnknownFormat):
        recognise(OTHERS[name])


@given(st.binary(max_size=300))
def test_random_bytes_are_not_taken_for_fit(data: bytes) -> None:
    with suppress(UnknownFormat):
        assert recognise(data) != "fit" or b".FIT" in data


def test_zeros_are_told_as_zeros_and_other_formats_as_themselves() -> None:
    with pytest.raises(UnknownFormat) as told:
        recognise(bytes(5000))
    assert told.value.code == "all_zero"
    ones = np.ones(3)
    start = datetime(2026, 5, 9, tzinfo=UTC)
    run = Recording(start_time=start, time_s=np.arange(3.0), latitude_deg=ones, longitude_deg=ones)
    assert (recognise(write_gpx(run)), recognise(write_tcx(run))) == ("gpx", "tcx")


def test_each_real_file_is_known_for_what_its_folder_says(corpus: Path) -> None:
    wrong = []
    for path in sorted(p for format in ("fit", "gpx", "tcx") for p in corpus.glob(f"{format}/*")):
        try:
            data = path.read_bytes()
            found = recognise(gzip.decompress(data) if path.suffix == ".gz" else data)
        except UnknownFormat:
            found = "none"
        if found != path.parent.name:
            wrong.append(path.name)
    assert wrong == ["broken-empty.fit"]  # what macOS keeps beside a file


def test_each_real_file_that_lost_its_header_is_still_known(corpus: Path) -> None:
    known = lost = 0
    for path in sorted(corpus.glob("fit/*.fit")):
        data = path.read_bytes()
        if data[8:12] == b".FIT" and data[0] in (12, 14) and int.from_bytes(data[4:8], "little"):
            lost += 1
            with suppress(UnknownFormat):
                known += recognise(data[data[0] :]) == "fit"
    assert known >= 0.99 * lost > 100


# All kinds at once.


def test_of_any_damage_something_is_said_and_nothing_else_than_our_errors_escapes() -> None:
    sound = a_run()
    whole = rows(one(sound))
    ends = [found.end for found in walk(sound) if found.message == RECORD and not found.defines]
    shares: dict[str, list[float]] = {}
    for mutant in mutants(sound, "any damage", share=0.25):
        expected = whole[: sum(end <= mutant.kept for end in ends)]
        try:
            activities = decode(mutant.data)
        except MilerError:
            activities = []
        found = [row for activity in activities for row in rows(activity)]
        if mutant.kind == "truncate":
            assert found == expected
        assert mutant.kind in ("chained", "lie") or not activities or any(map(damage, activities))
        shares.setdefault(mutant.kind, []).append(len(set(found) & set(expected)) / max(len(expected), 1))
    least = {kind: float(np.mean(of_kind)) for kind, of_kind in shares.items()}
    assert least.pop("flip") >= 0.95 and least.pop("definition") >= 0.8 and least.pop("lie") >= 0.8
    assert set(least.values()) == {1.0}


def test_a_file_cut_at_any_byte_holds_what_a_plain_walk_counts() -> None:
    sound = a_run(25)
    ends = [found.end for found in walk(sound) if found.message == RECORD and not found.defines]
    whole = rows(one(sound))
    for cut in range(len(sound)):
        count = sum(end <= cut for end in ends)
        try:
            found = rows(one(sound[:cut]))
        except MilerError:
            found = []
        assert found == whole[:count], cut


@pytest.mark.parametrize("count", [1, 2])
def test_the_first_records_of_a_file_that_was_cut_in_the_next_are_read(count: int) -> None:
    file = plain(3)
    assert len(one(file.to_bytes()[: record_places(file)[count][0] + 6])) == count


# Files made to do harm.


@pytest.mark.parametrize("name", fit_hostile.HOSTILE)
def test_a_hostile_file_gives_its_sound_records_or_a_reason_in_bounded_memory(name: str) -> None:
    data = fit_hostile.HOSTILE[name](40_000)
    tracemalloc.start()
    try:
        activities = decode(data)
        assert len(activities[0]) >= fit_hostile.SOUND and damage(activities[0])
    except CorruptFile as error:
        assert error.code == "empty"
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 100e6


def test_a_field_that_is_wider_than_any_message_does_no_harm() -> None:
    file = plain(5)
    file.define(1, RECORD, [TIME, *((number, 255, BYTE) for number in range(120))])
    file.message(1, T0 + 9, *[b""] * 120)
    data = file.to_bytes()
    assert len(one(data)) == 6
    assert len(one(data[:-400])) == 5


# Real files.


def test_the_right_damage_is_said_of_real_files_and_none_of_sound_ones(corpus: Path) -> None:
    assert corpus
    for file in damage_notes.files():
        if file.name not in damage_notes.EXCEPTIONS:
            assert not file.untold, file
            assert not damage_notes.wrongly_damaged(file), file
