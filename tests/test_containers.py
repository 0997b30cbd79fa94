"""What a runner relies on who hands over an archive: all in it is read, and nothing in it does harm."""

from __future__ import annotations

import gzip
import json
import random
import struct
import tracemalloc
import zipfile
import zlib
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st

from miler.errors import CorruptFile, DecodeError, MilerError, UnsupportedFile
from miler.files import find
from miler.formats import decode, decode_content
from miler.formats.containers import Archive, Entry
from miler.formats.inflate import Content, gunzip
from miler.formats.ziparchive import Memory, Unpacked, directory
from miler.limits import LIMITS, Limits
from miler.outcome import process
from miler.settings import Settings
from tests.conftest import SAMPLES, Miler, codes, cuts

FIT = (SAMPLES / "treadmill.fit").read_bytes()
GPX = (SAMPLES / "phone-spike.gpx").read_bytes()
TCX_GZ = (SAMPLES / "intervals.tcx.gz").read_bytes()
KIB = 1024


def zipped(
    *members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED, stream: bool = False, zip64: bool = False
) -> bytes:
    """Zip members by Python's own writer; `stream` lets their sizes follow them, as servers do."""
    target = BytesIO()
    out: Any = _Stream(target) if stream else target
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            with archive.open(info, "w", force_zip64=zip64) as file:
                file.write(data)
    return target.getvalue()


class _Stream:
    """A file that cannot go back, so that what is written to it must say sizes afterwards."""

    def __init__(self, target: BytesIO) -> None:
        self._target = target

    def write(self, data: bytes) -> int:
        return self._target.write(data)

    def flush(self) -> None:
        """Nothing is held back."""


def patched(data: bytes, signature: bytes, offset: int, format: str, value: int, which: int = 0) -> bytes:
    """Return the archive with one field of the header that begins with the signature changed."""
    at = -1
    for _ in range(which + 1):
        at = data.index(signature, at + 1)
    out = bytearray(data)
    struct.pack_into(format, out, at + offset, value)
    return bytes(out)


LOCAL, ENTRY, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"


def names(data: bytes, limits: Limits = LIMITS) -> list[str]:
    return [entry.name for entry in Archive(Memory(data), limits).entries("z") if entry.way]


def errors(data: bytes, limits: Limits = LIMITS) -> list[str]:
    """The code of every error: those that the search tells, and those of reading."""
    archive = Archive(Memory(data), limits)
    return [code for entry in archive.entries("z") if (code := code_of(archive, entry)) is not None]


def code_of(archive: Archive, entry: Entry) -> str | None:
    if entry.error is not None:
        return entry.error.code
    try:
        archive.read(entry.way)
    except MilerError as error:
        return error.code
    return None


def read(data: bytes) -> list[bytes]:
    archive = Archive(Memory(data))
    return [archive.read(entry.way).data for entry in archive.entries("z") if entry.way]


# What is in an archive is read


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("zip64", [False, True])
def test_every_member_comes_out_as_it_went_in(method: int, stream: bool, zip64: bool) -> None:
    members = (("a.fit", FIT), ("b/c.gpx", GPX), ("d.tcx.gz", TCX_GZ), ("e.fit", b""))
    data = zipped(*members, method=method, stream=stream, zip64=zip64)
    assert names(data) == ["z/a.fit", "z/b/c.gpx", "z/d.tcx.gz", "z/e.fit"]
    assert read(data) == [content for _, content in members]


def test_members_come_as_they_lie_in_the_archive_whatever_the_order_of_its_directory() -> None:
    data = zipped(("b.fit", FIT), ("a.fit", GPX))
    begin = data.index(ENTRY)
    second, end = data.index(ENTRY, begin + 1), data.index(END)
    turned = data[:begin] + data[second:end] + data[begin:second] + data[end:]
    assert names(turned) == ["z/b.fit", "z/a.fit"]
    assert read(turned) == [FIT, GPX]


def test_what_is_plainly_no_activity_is_counted_and_not_listed() -> None:
    others = ("photo.jpg", "a.json", "__MACOSX/._a.fit", "._a.fit", ".git/b.fit", "activities.csv")
    data = zipped(("a.fit", FIT), ("folder/", b""), *((name, b"x") for name in others))
    archive = Archive(Memory(data))
    run, table, rest = archive.entries("export.zip")
    assert (run.name, table.table) == ("export.zip/a.fit", True)
    assert rest.error is not None
    assert rest.error.message == "6 members are no activity files"


def test_an_archive_within_the_archive_is_read_as_a_folder_would_be() -> None:
    part = zipped(("1.fit", FIT), ("2.gpx", GPX))
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        data = zipped(("P/Part1.zip", part), ("P/Part2.zip", part), ("3.fit", FIT), method=method)
        assert names(data) == [
            *("z/P/Part1.zip/1.fit", "z/P/Part1.zip/2.gpx", "z/P/Part2.zip/1.fit", "z/P/Part2.zip/2.gpx"),
            "z/3.fit",
        ]
        assert read(data) == [FIT, GPX, FIT, GPX, FIT]


def test_an_archive_within_is_unpacked_once_for_all_that_is_read_in_order() -> None:
    noise = [(f"{i}.fit", random.Random(i).randbytes(40 * KIB)) for i in range(30)]
    inner = zipped(*noise)
    archive = Archive(Memory(zipped(("Part1.zip", inner))))
    spent: list[int] = []
    (member,) = directory(Memory(zipped(("Part1.zip", inner)))).members
    stream = Unpacked(Memory(zipped(("Part1.zip", inner))), member, spend=spent.append)
    at_once = [m for m in directory(Memory(inner)).members]
    assert [stream.read_at(m.at + 30 + len(m.name), 4) for m in at_once]
    assert sum(spent) <= len(inner)
    assert [archive.read(entry.way).data for entry in archive.entries("z")] == [data for _, data in noise]


def test_members_of_an_archive_within_can_be_read_in_any_order() -> None:
    inner = zipped(*((f"{i}.fit", bytes([i]) * 100_000) for i in range(5)), method=zipfile.ZIP_STORED)
    archive = Archive(Memory(zipped(("Part1.zip", inner), ("Part2.zip", inner))))
    entries = list(archive.entries("z"))
    random.Random(4).shuffle(entries)
    for entry in entries:
        assert archive.read(entry.way).data == bytes([int(entry.name[-5])]) * 100_000


def test_a_name_is_read_as_utf_8_where_it_is_and_as_dos_wrote_it_where_not() -> None:
    data = zipped(("läufe/größe.fit", FIT))
    assert names(data) == ["z/läufe/größe.fit"]
    flagless = patched(patched(data, LOCAL, 6, "<H", 0), ENTRY, 8, "<H", 0)
    assert names(flagless) == ["z/läufe/größe.fit"]
    dos = zipped(("l_ufe.fit", FIT)).replace(b"l_ufe", b"l\x84ufe")
    assert names(dos) == ["z/läufe.fit"]


def test_something_before_the_archive_does_no_harm() -> None:
    data = b"#!/bin/sh a program that unpacks itself\n" + zipped(("a.fit", FIT), ("b.fit", GPX))
    assert read(data) == [FIT, GPX]


def test_a_comment_that_looks_like_an_end_is_a_comment() -> None:
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a.fit", FIT)
        archive.comment = b"see PK\x05\x06 in the handbook"
    assert read(target.getvalue()) == [FIT]


def test_an_empty_archive_is_said_to_be_empty() -> None:
    for data in (zipped(), zipped(("folder/", b""))):
        with pytest.raises(UnsupportedFile, match="archive is empty"):
            decode(data)


# An archive handed over as bytes


def test_the_bytes_of_an_archive_read_as_the_files_in_it() -> None:
    data = zipped(("a.fit", FIT), ("settings.json", b"{}"), ("b.gpx", GPX), ("c.tcx.gz", TCX_GZ))
    activities = decode(data, name="19957645253.zip")
    assert [a.source.name for a in activities] == [
        f"19957645253.zip/{n}" for n in ("a.fit", "b.gpx", "c.tcx.gz")
    ]
    assert [a.source.format for a in activities] == ["fit", "gpx", "tcx"]
    assert [a.source.bytes for a in activities] == [len(FIT), len(GPX), len(TCX_GZ)]
    assert all(note.kind == "finding" for a in activities for note in a.notes)


def test_a_file_in_an_archive_has_the_check_sum_that_it_has_in_a_folder() -> None:
    ((alone,), (within,)) = decode(FIT), decode(zipped(("a.fit", FIT)))
    assert alone.source.sha256 == within.source.sha256


def test_what_cannot_be_read_in_an_archive_is_damage_and_stops_nothing() -> None:
    data = zipped(("page.fit", b"<html>log in</html>"), ("a.fit", FIT))
    (activity,) = decode(data, name="z.zip")
    (note,) = (note for note in activity.notes if note.kind == "damage")
    assert note.code == "member_failed" and note.message.startswith(
        "z.zip/page.fit could not be read: this is a web page"
    )
    with pytest.raises(DecodeError, match="web page"):
        decode(data, strict=True)
    with pytest.raises(DecodeError, match="web page"):
        decode(zipped(("page.fit", b"<html>log in</html>")))


def test_an_archive_of_two_hundred_broken_files_says_so_in_a_few_notes() -> None:
    data = zipped(("a.fit", FIT), *((f"{i}.fit", b"<html>") for i in range(200)))
    notes = [note for note in decode(data)[0].notes if note.code == "member_failed"]
    assert len(notes) == 21 and notes[-1].message == "files that could not be read either: 180"


# Limits: at each, below and above


@pytest.mark.parametrize(("limit", "refused"), [(4999, True), (5000, False), (5001, False)])
def test_a_member_may_be_as_large_as_the_limit(limit: int, refused: bool) -> None:
    data = zipped(("a.fit", bytes(5000)))
    assert errors(data, Limits(expanded_bytes=limit)) == ["too_large_expanded"] * refused
    packed = gzip.compress(bytes(5000), mtime=0)
    if refused:
        with pytest.raises(CorruptFile) as caught:
            gunzip(packed, Limits(expanded_bytes=limit))
        assert caught.value.code == "too_large_expanded"
    else:
        assert gunzip(packed, Limits(expanded_bytes=limit)) == Content(bytes(5000))


def test_the_limit_holds_for_all_parts_of_a_gzip_together() -> None:
    packed = gzip.compress(bytes(2000), mtime=0) * 3
    assert gunzip(packed, Limits(expanded_bytes=6000)).data == bytes(6000)
    with pytest.raises(CorruptFile, match="no activity is so large"):
        gunzip(packed, Limits(expanded_bytes=5999))


@pytest.mark.parametrize(("parts", "refused"), [(2, False), (3, False), (4, True)])
def test_a_gzip_may_have_as_many_parts_as_the_limit(parts: int, refused: bool) -> None:
    packed = gzip.compress(b"", mtime=0) * parts
    if refused:
        with pytest.raises(CorruptFile, match="more than 3 parts"):
            gunzip(packed, Limits(members=3))
    else:
        assert gunzip(packed, Limits(members=3)) == Content(b"")


@pytest.mark.parametrize(("more", "refused"), [(-1, False), (0, False), (1, True)])
def test_a_file_may_expand_as_far_as_the_ratio(more: int, refused: bool) -> None:
    size = 50_000 + more
    raw = zlib.compress(bytes(size), wbits=-15)
    stored = len(zlib.compress(bytes(50_000), wbits=-15))
    assert len(raw) == stored, "the three sizes are to differ in what comes out only"
    limits = Limits(ratio=1, ratio_from_bytes=50_000)
    assert errors(zipped(("a.fit", bytes(size))), limits) == ["too_large_expanded"] * refused


def test_the_ratio_is_asked_only_beyond_its_first_bytes() -> None:
    packed = zlib.compress(bytes(50_000), wbits=31)
    exact = -(-50_000 // len(packed))  # the least whole ratio that lets it pass
    for ratio, refused in ((exact, False), (exact - 1, True)):
        limits = Limits(ratio=ratio, ratio_from_bytes=1000)
        if refused:
            with pytest.raises(CorruptFile, match=f"{ratio}-fold"):
                gunzip(packed, limits)
        else:
            assert gunzip(packed, limits).data == bytes(50_000)


@pytest.mark.parametrize(("count", "read_of_it"), [(4, 4), (5, 5), (6, 5)])
def test_an_archive_may_have_as_many_members_as_the_limit_and_of_more_the_first_are_read(
    count: int, read_of_it: int
) -> None:
    data = zipped(*((f"{i}.fit", FIT) for i in range(count)))
    assert len(names(data, Limits(members=5))) == read_of_it
    assert errors(data, Limits(members=5)) == ["zip_too_large"] * (count > 5)


def test_members_of_archives_within_count_too() -> None:
    inner = zipped(("1.fit", FIT), ("2.fit", FIT))
    data = zipped(("a.zip", inner), ("b.zip", inner))
    assert len(names(data, Limits(members=6))) == 4
    assert errors(data, Limits(members=5)) == ["zip_too_large"]


@pytest.mark.parametrize(("more", "read_of_it"), [(-1, 1), (0, 2), (1, 2)])
def test_an_archive_may_expand_to_as_much_as_the_limit(more: int, read_of_it: int) -> None:
    data = zipped(("1.fit", FIT), ("2.fit", FIT))
    limits = Limits(total_bytes=2 * len(FIT) + more)
    assert len(names(data, limits)) == read_of_it
    assert errors(data, limits) == ["zip_too_large"] * (read_of_it < 2)


def test_an_archive_whose_members_are_no_bombs_may_be_one_as_a_whole() -> None:
    data = zipped(*((f"{i}.fit", bytes(100_000)) for i in range(9)))
    limits = Limits(ratio_from_bytes=150_000, ratio=100_000 // (len(data) // 9) * 5 // 9)
    assert len(names(data, limits)) in (4, 5)
    assert "zip_too_large" in errors(data, limits)


@pytest.mark.parametrize(("levels", "refused"), [(1, False), (2, False), (3, True), (5, True)])
def test_archives_within_archives_are_read_as_deep_as_the_limit(levels: int, refused: bool) -> None:
    data = zipped(("a.fit", FIT))
    for _ in range(levels):
        data = zipped(("deeper.zip", data))
    assert errors(data, Limits(depth=2)) == ["zip_too_deep"] * refused
    assert len(names(data, Limits(depth=2))) == (not refused)


def test_an_archive_that_holds_itself_without_end_is_left() -> None:
    """A member that lies at the very place of its archive, as in a quine."""
    inner = zipped(("r.zip", b"?" * 98), method=zipfile.ZIP_STORED)
    endless = patched(inner, ENTRY, 42, "<L", 0)
    data = zipped(("r.zip", endless), ("r.fit", endless), ("a.fit", FIT), method=zipfile.ZIP_STORED)
    assert len(decode(data)) == 1


# Lies and harm


def test_members_that_overlap_are_refused_and_the_others_are_read() -> None:
    """A bomb of a few kilobytes points to the same packed bytes again and again (CVE-2024-0450)."""
    data = zipped(("a.fit", GPX), ("b.fit", FIT), ("c.fit", FIT))
    second = data.index(LOCAL, data.index(LOCAL) + 1)
    again = patched(data, ENTRY, 42, "<L", second, which=2)  # c lies where b does
    assert errors(again) == ["zip_overlap"]
    longer = patched(data, ENTRY, 20, "<L", len(data), which=0)  # a reaches into b
    assert errors(longer) == ["zip_overlap"]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_member_larger_than_its_archive_says_is_refused(method: int) -> None:
    data = patched(zipped(("a.fit", FIT), ("b.fit", FIT), method=method), ENTRY, 24, "<L", 1000)
    assert errors(data) == ["zip_size"]


def test_a_member_smaller_than_its_archive_says_is_read_and_noted() -> None:
    data = patched(zipped(("a.fit", FIT)), ENTRY, 24, "<L", len(FIT) + 1)
    (activity,) = decode(data)
    assert [note.code for note in activity.notes if note.kind == "damage"] == ["zip_damaged"]


def test_a_member_with_a_wrong_check_sum_is_read_and_noted() -> None:
    data = patched(zipped(("a.fit", FIT)), ENTRY, 16, "<L", 1)
    (activity,) = decode(data)
    assert "check sum" in activity.notes[0].message
    with pytest.raises(CorruptFile, match="check sum"):
        decode(data, strict=True)


def test_a_damaged_member_that_is_no_activity_fails_for_its_damage() -> None:
    """It may have been one: a route is all that is left of a file whose tracks come later."""
    route = b"<gpx><rte><rtept lat='1' lon='2'/></rte></gpx>"
    with pytest.raises(UnsupportedFile, match="planned route"):
        decode(zipped(("a.gpx", route)))
    for data in (patched(zipped(("a.gpx", route)), ENTRY, 16, "<L", 1), gzip.compress(route)[:-1]):
        with pytest.raises(CorruptFile, match="nothing usable is left: this is a planned route"):
            decode(data)


def test_a_broken_member_does_not_outlive_its_reading() -> None:
    """An error keeps the frames that raised it, and each frame a file: only errors to be told are kept."""
    page = b"<html>" + bytes(64 * KIB)
    data = zipped(("a.fit", FIT), *((f"{i}.fit", page) for i in range(256)), method=zipfile.ZIP_STORED)
    tracemalloc.start()
    decode(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 128 * len(page)


def test_an_encrypted_member_fails_with_a_reason_and_the_others_are_read() -> None:
    data = patched(zipped(("a.fit", FIT), ("b.fit", FIT)), ENTRY, 8, "<H", 1)
    assert errors(data) == ["zip_encrypted"]
    assert len(decode(data)) == 1


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_packed_in_another_way_fails_with_a_reason(method: int) -> None:
    assert errors(zipped(("a.fit", FIT), method=method)) == ["zip_method"]


@pytest.mark.parametrize(
    "name",
    [
        "../../evil.fit",
        "/abs/evil.fit",
        "C:\\evil.fit",
        "a/../../b.fit",
        "n\0ul.fit",
        "..\\..\\evil.fit",
        "a\nb.fit",
    ],
)
def test_a_name_is_a_label_whatever_it_points_to(name: str) -> None:
    data = zipped(("x" * len(name.encode()), FIT)).replace(b"x" * len(name.encode()), name.encode())
    (activity,) = decode(data, name="z")
    assert activity.source.name == f"z/{name}"


def test_a_link_in_an_archive_leads_nowhere() -> None:
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        link = zipfile.ZipInfo("link.fit")
        link.external_attr = 0xA1FF << 16
        archive.writestr(link, str(SAMPLES / "treadmill.fit"))
    with pytest.raises(DecodeError, match="no activity file"):
        decode(target.getvalue())


def test_a_place_beyond_what_a_system_can_seek_is_no_place(disk: Path) -> None:
    data = zipped(("a.fit", FIT), ("b.fit", FIT))
    first, second = data.index(ENTRY), data.index(ENTRY, data.index(ENTRY) + 1)
    entry = bytearray(data[first:second] + struct.pack("<2HQ", 1, 8, 2**64 - 1))
    struct.pack_into("<H", entry, 30, 12)
    struct.pack_into("<L", entry, 42, 0xFFFFFFFF)
    end = data.index(END)
    far = data[:first] + bytes(entry) + data[second:end] + data[end:]
    far = patched(far, END, 12, "<L", end - first + 12)
    disk.write_bytes(far)
    assert [process(found, Settings()).kind for found in find([disk])] == ["done", "failed"]


def test_two_members_of_one_name_are_two_files() -> None:
    data = zipped(("a.fit", FIT), ("b.fit", GPX)).replace(b"b.fit", b"a.fit")
    assert read(data) == [FIT, GPX]


@pytest.mark.parametrize("field", [24, 20, 42])
def test_numbers_beyond_four_gigabytes_with_nothing_behind_them_are_refused(field: int) -> None:
    data = patched(zipped(("a.fit", FIT), ("b.fit", FIT)), ENTRY, field, "<L", 0xFFFFFFFF)
    assert len(errors(data)) == 1
    assert len(decode(data)) == 1


# What breaks off


@pytest.mark.parametrize("stream", [False, True])
def test_an_archive_whose_download_broke_off_gives_what_had_come(stream: bool) -> None:
    data = zipped(("a.fit", FIT), ("b.gpx", GPX), ("c.fit", FIT), stream=stream)
    third = data.index(LOCAL, data.index(LOCAL, data.index(LOCAL) + 1) + 1)
    activities = decode(data[: third + len(FIT) // 4], name="z")
    assert [a.source.name for a in activities] == ["z/a.fit", "z/b.gpx", "z/c.fit"]
    whole = decode(FIT)[0]
    assert len(activities[0]) == len(whole) > len(activities[2]) > 0
    assert "zip_damaged" in codes(activities[2])
    assert any("directory is missing" in note.message for note in activities[0].notes)
    with pytest.raises(CorruptFile, match="directory is missing"):
        decode(data[:third], strict=True)


def test_the_end_of_an_archive_within_is_not_taken_for_that_of_one_cut_off() -> None:
    inner = zipped(("deep.fit", FIT))
    data = zipped(("a.fit", FIT), ("Part1.zip", inner), method=zipfile.ZIP_STORED)
    cut = data[: data.index(END) + 22]
    assert names(cut) == ["z/a.fit", "z/Part1.zip/deep.fit"]


def test_a_directory_that_is_damaged_half_way_is_said_to_be() -> None:
    data = zipped(("a.fit", FIT), ("b.fit", FIT))
    second = data.index(ENTRY, data.index(ENTRY) + 1)
    broken = data[:second] + b"????" + data[second + 4 :]
    assert names(broken) == ["z/a.fit"]
    assert errors(broken) == ["zip_directory"]


def test_a_gzip_that_breaks_off_gives_all_that_came_before() -> None:
    noise = random.Random(1).randbytes(300_000)
    packed = gzip.compress(noise, mtime=0)
    for cut in (20, 1000, 150_000, len(packed) - 1):
        content = gunzip(packed[:cut])
        assert noise.startswith(content.data) and len(content.data) >= min(cut - 100, 300_000)
        assert codes(content) == ["gzip_truncated"]


def test_what_follows_a_gzip_is_said_and_a_filled_block_is_not() -> None:
    packed = gzip.compress(FIT, mtime=0)
    assert decode(packed + bytes(512))[0].notes == decode(packed)[0].notes
    with_rubbish = decode(packed + b"\0rubbish")[0].notes
    assert [note.code for note in with_rubbish] == ["gzip_trailing"] and "8 bytes" in with_rubbish[0].message
    with pytest.raises(CorruptFile):
        decode(packed + b"\0rubbish", strict=True)


def test_a_gzip_with_a_flipped_bit_gives_all_up_to_where_it_can_no_longer_be_expanded() -> None:
    text = b"".join(b"%d some text\n" % i for i in range(100_000))
    packed = bytearray(gzip.compress(text, mtime=0))
    packed[len(packed) // 2] ^= 0x10
    content = gunzip(bytes(packed))
    assert len(content.data) > 0.45 * len(text)
    assert content.data[: int(0.45 * len(text))] == text[: int(0.45 * len(text))]
    assert codes(content) == ["gzip_damaged"]


# Whatever the bytes are


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("disk") / "z.zip"


def ends_well(data: bytes, disk: Path) -> None:
    """Every way in ends in contents or an error of ours, from memory and from disk."""
    disk.write_bytes(data)
    for found in find([disk]):
        assert process(found, Settings()).kind in ("done", "skipped", "failed")
    limits = Limits(expanded_bytes=4 * 2**20, ratio_from_bytes=2**20, total_bytes=16 * 2**20)
    archive = Archive(Memory(data), limits)
    for entry in archive.entries("z"):
        code_of(archive, entry)
    with suppress(MilerError):
        decode_content(Content(data), limits=limits)


SEEDS = (
    zipped(("a.fit", FIT[:400]), ("b.zip", zipped(("c.gpx", GPX[:900]), ("d.fit", FIT[:300])))),
    zipped(("a.fit", FIT[:400]), ("b.gpx", GPX[:900]), stream=True),
    zipped(("b.zip", zipped(("c.fit", FIT[:300]), zip64=True)), method=zipfile.ZIP_STORED, zip64=True),
    gzip.compress(GPX[:900], mtime=0),
)


def test_an_archive_that_lies_about_its_length_is_read_no_further_than_it_goes(disk: Path) -> None:
    data = bytearray(SEEDS[2][:200])
    for member, size, packed in ((0, 2**55, 2**55), (55, 300, 2**54)):  # b.zip, and c.fit in it
        assert data[member : member + 4] == b"PK\3\4"
        struct.pack_into("<2Q", data, member + 39, size, packed)
    ends_well(bytes(data), disk)
    ends = {found.name: process(found, Settings()).kind for found in find([disk])}
    assert ends == dict.fromkeys(("z.zip", "z.zip/b.zip", "z.zip/b.zip/c.fit"), "failed")


@tries(max_examples=400, deadline=None)
@given(
    seed=st.sampled_from(SEEDS),
    changes=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=6),
    cut=st.none() | st.integers(0, 4000),
)
def test_a_damaged_archive_never_ends_the_program(
    disk: Path, seed: bytes, changes: list[tuple[int, int]], cut: int | None
) -> None:
    data = bytearray(seed[:cut])
    for at, value in changes:
        if data:
            data[at % len(data)] = value
    ends_well(bytes(data), disk)


@tries(max_examples=150, deadline=None)
@given(
    seed=st.sampled_from(SEEDS[:3]),
    which=st.integers(0, 3),
    signature=st.sampled_from([LOCAL, ENTRY, END]),
    offset=st.integers(4, 42),
    value=st.sampled_from([0, 1, 8, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF]),
)
def test_an_archive_that_lies_in_any_field_never_ends_the_program(
    disk: Path, seed: bytes, which: int, signature: bytes, offset: int, value: int
) -> None:
    data = bytearray(seed)
    places = [i for i in range(len(data)) if data.startswith(signature, i)]
    if places:
        at = places[which % len(places)] + offset
        data[at : at + 4] = struct.pack("<L", value)[: max(0, len(data) - at)]
    ends_well(bytes(data), disk)


def test_an_archive_cut_at_every_byte_ends_well(disk: Path) -> None:
    for seed in SEEDS[:2]:
        for cut in cuts(len(seed)):
            ends_well(seed[:cut], disk)


def test_random_bytes_with_a_head_of_zip_end_well(disk: Path) -> None:
    for i in range(200):
        ends_well(LOCAL + random.Random(i).randbytes(500) + END + random.Random(-i).randbytes(18), disk)


# On the command line, from a file


@pytest.fixture
def export(tmp_path: Path) -> Path:
    part = zipped(*((f"{i}.fit", FIT) for i in range(30)), ("bad.fit", b"<html>"), ("settings.json", b"{}"))
    path = tmp_path / "export.zip"
    path.write_bytes(zipped(("Part1.zip", part), ("run.gpx", GPX), ("Part2.zip", part), ("photo.jpg", b"")))
    return path


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_each_file_in_an_archive_is_reported_in_order_and_nothing_is_written(
    miler: Miler, export: Path, jobs: int
) -> None:
    before = tree(export.parent)
    ran = miler("report", export, "--format", "csv", "--jobs", jobs)
    inner = [f"{i}.fit" for i in range(30)]
    assert [line.split(",")[0] for line in ran.out.splitlines()[1:]] == [
        *(f"export.zip/Part1.zip/{name}" for name in inner),
        "export.zip/run.gpx",
        *(f"export.zip/Part2.zip/{name}" for name in inner),
    ]
    said = ran.err.splitlines()
    assert [line.split(":")[0] for line in said] == [
        "failed export.zip/Part1.zip/bad.fit",
        "failed export.zip/Part2.zip/bad.fit",
        "skipped export.zip",
    ]
    assert said[-1] == "skipped export.zip: 3 members are no activity files"
    assert ran.code == 1
    assert tree(export.parent) == before


def test_an_archive_is_checked_member_by_member(miler: Miler, export: Path) -> None:
    ran = miler("check", export)
    assert "export.zip/Part2.zip/29.fit: sound" in ran.out
    assert "export.zip: 3 members are no activity files" in ran.out
    assert ran.out.splitlines()[-1] == "61 sound, 1 skipped, 2 failed"


def test_an_archive_by_the_name_of_an_activity_is_read_as_what_it_is(miler: Miler, tmp_path: Path) -> None:
    (tmp_path / "run.fit").write_bytes(zipped(("1.fit", FIT), ("2.gpx", GPX)))
    for path in (tmp_path / "run.fit", tmp_path):
        ran = miler("report", path, "--format", "csv")
        assert [line.split(",")[0] for line in ran.out.splitlines()[1:]] == ["run.fit/1.fit", "run.fit/2.gpx"]
        assert (ran.code, ran.err) == (0, "")


def test_the_check_of_one_within_an_archive_names_its_members(miler: Miler, tmp_path: Path) -> None:
    within = zipped(("1.fit", FIT), ("2.gpx", GPX))
    (tmp_path / "export.zip").write_bytes(zipped(("run.fit", within)))
    lines = miler("check", tmp_path / "export.zip").out.splitlines()
    assert "export.zip/run.fit: sound" in lines
    for start in ("  export.zip/run.fit/1.fit: FIT, ", "  export.zip/run.fit/2.gpx: GPX, "):
        assert any(line.startswith(start) for line in lines)


def test_a_hostile_archive_costs_its_bad_members_only(miler: Miler, tmp_path: Path, jobs: int) -> None:
    bomb = zlib.compressobj(9, wbits=31)
    zeros = b"".join(bomb.compress(bytes(2**20)) for _ in range(64)) + bomb.flush()
    deep = zipped(("x.fit", FIT))
    for _ in range(5):
        deep = zipped(("deep.zip", deep))
    members = [
        ("bomb.fit.gz", zeros),
        ("../../evil.fit", FIT),
        ("deep.zip", deep),
        ("zeros.fit", bytes(2**25)),
    ]
    data = zipped(*members, ("secret.fit", FIT), ("last.fit", FIT))
    at = [i for i in range(len(data)) if data.startswith(ENTRY, i)][4]
    data = data[: at + 8] + b"\x01" + data[at + 9 :]
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "hostile.zip").write_bytes(data)
    before = tree(tmp_path.parent)
    ran = miler("report", folder, "--format", "jsonl", "--jobs", jobs)
    assert tree(tmp_path.parent) == before
    lines = [json.loads(line) for line in ran.out.splitlines()]
    refused = [line["error"]["code"] for line in lines if "error" in line]
    assert refused == ["too_large_expanded", "zip_too_deep", "too_large_expanded", "zip_encrypted"]
    assert len(lines) - len(refused) == 2
