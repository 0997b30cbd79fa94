"""What a runner relies on before a file is read: its content says what it is, and how large it may be."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from datetime import UTC, datetime

import numpy as np
import pytest

import miler.formats
from devtools.writers import Recording, write_fit, write_gpx, write_tcx
from miler.errors import CorruptFile, UnknownFormat
from miler.formats import EXTENSIONS, decode, recognise

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
    activity = decode(gzip.compress(WRITTEN["fit"], mtime=0)[:-60])[0]
    assert 0 < len(activity) < 20 and activity.notes[0].code == "fit_truncated"


def test_gzip_that_cannot_be_expanded_is_corrupt() -> None:
    with pytest.raises(CorruptFile) as refused:
        decode(b"\x1f\x8b\x08\0 this is no gzip data")
    assert refused.value.code == "gzip"


def test_gzip_that_expands_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(miler.formats, "LARGEST_FILE", 2**20)
    bomb = zlib.compressobj(wbits=31)
    packed = bomb.compress(bytes(2**20 + 1)) + bomb.flush()
    for data in (packed, gzip.compress(bytes(2**19)) * 3):
        with pytest.raises(CorruptFile) as refused:
            decode(data)
        assert refused.value.code == "too_large_expanded" and "1 MiB" in refused.value.message


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", "empty_file", "empty"),
        (bytes(5000), "all_zero", "zeros"),
        (gzip.compress(b"", mtime=0), "empty_file", "empty"),
        (b"\n<!DOCTYPE html><title>Sign in</title>", "unknown_format", "web page"),
        (b"PK\x03\x04 and more", "unknown_format", "zip"),
        (b'{"activity": 1}', "unknown_format", "JSON"),
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
