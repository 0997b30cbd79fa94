"""A file is not read before its own format says that all of it is there."""

from __future__ import annotations

import gzip
import io
import random
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtools.recording import Recording
from devtools.writers import write_fit, write_gpx, write_tcx
from miler.formats.complete import lacking
from miler.formats.ziparchive import Memory
from miler.limits import Limits

TIME_S = np.arange(0.0, 120.0)
RUN = Recording(
    start_time=datetime(2026, 5, 9, 17, tzinfo=UTC),
    time_s=TIME_S,
    latitude_deg=51.5 + TIME_S * 3e-5,
    longitude_deg=np.full(len(TIME_S), -0.1),
    distance_m=TIME_S * 3.3,
)
FIT, GPX, TCX = write_fit(RUN), write_gpx(RUN), write_tcx(RUN)


def zipped(*contents: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for i, data in enumerate(contents):
            archive.writestr(f"{i}.fit", data)
        archive.comment = b"made by a test"
    return stream.getvalue()


WHOLE = {
    "fit": FIT,
    "chained fit": FIT + FIT,
    "gpx": GPX,
    "tcx": TCX,
    "gpx in utf-16": GPX.decode().encode("utf-16"),
    "gpx with a comment at its end": GPX + b"\n<!-- exported -->\n",
    "gzipped fit": gzip.compress(FIT),
    "gzip in two parts": gzip.compress(GPX[:900]) + gzip.compress(GPX[900:]),
    "zip": zipped(FIT, GPX),
    "empty zip": zipped(),
}
EVERY_FORMAT = pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE.keys())


def lack(data: bytes) -> str | None:
    return lacking(Memory(data))


@EVERY_FORMAT
def test_a_whole_file_lacks_nothing(data: bytes) -> None:
    assert lack(data) is None


@pytest.mark.parametrize("name", sorted(set(WHOLE) - {"chained fit", "gzip in two parts", "empty zip"}))
def test_a_copy_that_has_come_some_way_is_never_taken_for_whole(name: str) -> None:
    data = WHOLE[name]
    rng = random.Random(name)
    tails = {b"\n<!-- exported -->\n", b"</gpx>\n"}
    room = max(len(tail) for tail in tails) + 40  # what follows the last end tag need not have come
    cuts = {0, 1, 2, 7, 8, 11, 12, 13, 100, 1000, *(rng.randrange(len(data) - room) for _ in range(40))}
    assert [cut for cut in cuts if lack(data[:cut]) is None] == []


@EVERY_FORMAT
def test_a_file_of_full_size_that_is_still_zeros_is_not_whole(data: bytes) -> None:
    assert lack(bytes(len(data))) == "it begins with zeros"
    half = len(data) // 2
    if half > 600:
        assert lack(data[:half] + bytes(len(data) - half)) is not None


@pytest.mark.parametrize("data", [FIT, GPX, TCX], ids=["fit", "gpx", "tcx"])
def test_a_sector_of_zeros_in_the_middle_is_noticed(data: bytes) -> None:
    at = len(data) // 2
    assert lack(data[:at] + bytes(512) + data[at + 512 :]) is not None


def test_a_fit_file_says_how_much_of_it_is_missing() -> None:
    assert lack(FIT[:-10]) == f"it has {len(FIT) - 10} of {len(FIT)} bytes"


def test_a_fit_file_that_the_watch_is_still_writing_has_no_length_yet() -> None:
    assert lack(FIT[:4] + bytes(4) + FIT[8:-10]) == "its header has no length yet"


def test_a_wrong_length_with_the_right_checksum_is_whole() -> None:
    wrong = bytearray(FIT)
    wrong[4:8] = (len(FIT) * 2).to_bytes(4, "little")
    body = bytes(wrong[:-2])
    import fastcrc

    assert lack(body + fastcrc.crc16.arc(body).to_bytes(2, "little")) is None


def test_a_second_part_that_breaks_off_is_noticed() -> None:
    assert lack(FIT + FIT[:500]) is not None


def test_a_changed_byte_in_a_fit_file_is_noticed() -> None:
    changed = bytearray(FIT)
    changed[len(FIT) // 2] ^= 1
    assert lack(bytes(changed)) == "its checksum does not fit"


@pytest.mark.parametrize(
    "data", [b"<!DOCTYPE html><html><body>Sign in</body></html>" * 3, b"a line of text\n" * 20]
)
def test_what_is_no_activity_is_not_waited_for(data: bytes) -> None:
    assert lack(data) is None


@pytest.mark.parametrize("data", [b"\x0e\x10", b'<?xml version="1.0"?>', b"<gpx"])
def test_what_has_only_begun_is_waited_for(data: bytes) -> None:
    assert lack(data) is not None


def test_a_file_beyond_all_limits_is_left_to_its_reader() -> None:
    assert lacking(Memory(FIT[:-10]), Limits(file_bytes=100)) is None


@given(st.binary(max_size=200), st.sampled_from([b"", b"PK\x03\x04", b"\x1f\x8b", FIT[:30], GPX[:200]]))
def test_whatever_the_bytes_are_there_is_an_answer(data: bytes, head: bytes) -> None:
    assert isinstance(lack(head + data), str | None)


def test_the_sample_files_are_as_whole_as_their_names_say(samples: Path) -> None:
    lacks = {
        path.name: lack(path.read_bytes())
        for path in samples.iterdir()
        if path.suffix in (".fit", ".gpx", ".tcx")
    }
    assert [name for name, what in lacks.items() if what] == [n for n in lacks if "truncated" in n]
