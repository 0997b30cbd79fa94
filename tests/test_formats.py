"""What a runner relies on before a file is read: its content says what it is, and how large it may be."""

from __future__ import annotations

import gzip
import hashlib
import random
import tracemalloc
import zlib
from datetime import UTC, datetime

import numpy as np
import pytest

from devtools.writers import Recording, write_fit, write_gpx, write_tcx
from miler.errors import CorruptFile, UnknownFormat
from miler.formats import EXTENSIONS, decode, recognise
from tests.conftest import codes

RUN = Recording(
    start_time=datetime(2026, 5, 9, 17, 2, tzinfo=UTC),
    time_s=np.arange(20.0),
    latitude_deg=51.7 + 3e-5 * np.arange(20.0),
    longitude_deg=np.full(20, -1.2),
    distance_m=3.0 * np.arange(20.0),
)
WRITTEN = {"fit": write_fit(RUN), "gpx": write_gpx(RUN), "tcx": write_tcx(RUN)}


@pytest.mark.parametrize("format", WRITTEN)
def test_the_content_says_the_format_whatever_the_name(format: str) -> None:
    data = WRITTEN[format]
    (activity,) = decode(data, name="run.txt")
    assert len(activity) == 20 and activity.source.format == format
    assert activity.source.name == "run.txt" and activity.source.part is None
    assert activity.source.bytes == len(data)
    assert activity.source.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("format", WRITTEN)
def test_a_gzipped_file_reads_as_the_plain_one(format: str) -> None:
    packed = gzip.compress(WRITTEN[format], mtime=0)
    (activity,), (plain,) = decode(packed), decode(WRITTEN[format])
    assert activity.elapsed.tolist() == plain.elapsed.tolist() and activity.notes == plain.notes
    assert activity.source.bytes == len(packed)
    assert activity.source.sha256 == hashlib.sha256(packed).hexdigest()


def test_gzip_in_several_members_is_one_file() -> None:
    data = WRITTEN["fit"]
    packed = gzip.compress(data[:200], mtime=0) + gzip.compress(data[200:], mtime=0)
    assert len(decode(packed)[0]) == 20 and not decode(packed)[0].notes


def test_gzip_that_breaks_off_gives_what_came_before() -> None:
    cut = gzip.compress(WRITTEN["fit"], mtime=0)[:-60]
    activity = decode(cut)[0]
    assert 0 < len(activity) < 20
    assert codes(activity)[:2] == ["gzip_truncated", "fit_truncated"]
    assert {note.kind for note in activity.notes} == {"damage"}
    with pytest.raises(CorruptFile) as refused:
        decode(cut, strict=True)
    assert refused.value.code == "gzip_truncated"


def test_gzip_that_breaks_off_is_said_of_each_activity_that_was_saved() -> None:
    activities = decode(gzip.compress(WRITTEN["fit"] * 2, mtime=0)[:-10])
    assert [activity.notes[0].code for activity in activities] == ["gzip_truncated", "gzip_truncated"]


def test_gzip_that_breaks_off_before_anything_usable_is_corrupt() -> None:
    for cut in (14, 20, 25):
        with pytest.raises(CorruptFile) as refused:
            decode(gzip.compress(WRITTEN["gpx"], mtime=0)[:cut])
        assert refused.value.code in ("gzip", "gzip_truncated")


def test_gzip_that_cannot_be_expanded_is_corrupt() -> None:
    with pytest.raises(CorruptFile) as refused:
        decode(b"\x1f\x8b\x08\0 this is no gzip data")
    assert refused.value.code == "gzip"


def test_a_gigabyte_of_zeros_in_a_megabyte_is_refused_with_little_of_it_expanded() -> None:
    bomb = zlib.compressobj(9, wbits=31)
    mebibyte = bomb.compress(bytes(2**20)) + bomb.flush(zlib.Z_FULL_FLUSH)
    again = bomb.compress(bytes(2**20)) + bomb.flush(zlib.Z_FULL_FLUSH)
    packed = mebibyte + again * 999  # after a full flush the same bytes mean the same again
    tracemalloc.start()
    with pytest.raises(CorruptFile) as refused:
        decode(packed)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refused.value.code == "too_large_expanded"
    assert peak < 32 * 2**20


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", "empty_file", "empty"),
        (bytes(5000), "all_zero", "zeros"),
        (gzip.compress(b"", mtime=0), "empty_file", "empty"),
        (b"\n<!DOCTYPE html><title>Sign in</title>", "unknown_format", "web page"),
        (b"<?xml version='1.0'?>\n<!DOCTYPE html><html>", "unknown_format", "web page"),
        (gzip.compress(gzip.compress(b"x", mtime=0), mtime=0), "unknown_format", "gzip within gzip"),
        (gzip.compress(b"PK\x03\x04 and more", mtime=0), "unknown_format", "zip archive within a file"),
        (b"7z\xbc\xaf\x27\x1c", "unknown_format", "7-Zip"),
        (bytes(257).replace(b"\0", b"a") + b"ustar", "unknown_format", "tar archive"),
        (b'{"activity": 1}', "unknown_format", "JSON"),
        (b' [{"message": "Authorization Error"}]', "unknown_format", "JSON"),
        (b"\x89PNG\r\n\x1a\n", "unknown_format", "an image"),
        (b"\xff\xd8\xff\xe0", "unknown_format", "an image"),
        (b"\0\0\0\x18ftypheic", "unknown_format", "an image"),
        (b"%PDF-1.7", "unknown_format", "PDF"),
        (b"\0\x05\x16\x07\0\x02\0\0Mac OS X", "unknown_format", r"\._name"),
        (b"\0\0\0\x01Bud1", "unknown_format", "DS_Store"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "unknown_format", "Windows"),
        (b"\x0e", "unknown_format", "no activity file"),
        (random.Random(5).randbytes(2 * 2**20), "unknown_format", "no activity file"),
        (bytes(100_000), "all_zero", "copy from the watch was not finished"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><kml/>", "unknown_format", "neither GPX nor TCX"),
        (b"time,distance\n0,0\n", "unknown_format", "no activity file"),
    ],
)
def test_what_is_no_activity_is_refused_with_words_on_what_it_is(data: bytes, code: str, words: str) -> None:
    with pytest.raises(UnknownFormat, match=words) as refused:
        decode(data)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("data", "format"),
    [
        (b'<?xml version="1.0"?><gpx version="1.1">', "gpx"),
        (b"<GPX>", "gpx"),
        (b'<g:gpx xmlns:g="http://www.topografix.com/GPX/1/1">', "gpx"),
        ('<?xml version="1.0" encoding="UTF-16"?><gpx>'.encode("utf-16"), "gpx"),
        (b"\xef\xbb\xbf<TrainingCenterDatabase>", "tcx"),
        (b"<?xml?><!-- a long word on the exporter --><Activities>", "tcx"),
        (b"\x0e\x10\0\0\0\0\0\0.FIT\0\0", "fit"),
    ],
)
def test_a_format_is_known_by_its_first_bytes(data: bytes, format: str) -> None:
    assert recognise(data) == format


def test_activities_of_one_file_are_numbered_parts() -> None:
    first, second = decode(WRITTEN["fit"] + WRITTEN["fit"], name="two.fit")
    assert (first.source.part, second.source.part) == (1, 2)
    assert first.source.sha256 == second.source.sha256


def test_strict_is_passed_to_the_reader() -> None:
    cut = WRITTEN["fit"][:-40]
    assert decode(cut)[0].notes
    with pytest.raises(CorruptFile):
        decode(cut, strict=True)


def test_every_format_has_its_extension_plain_and_gzipped() -> None:
    assert set(EXTENSIONS) == {f".{format}{packed}" for format in WRITTEN for packed in ("", ".gz")}
