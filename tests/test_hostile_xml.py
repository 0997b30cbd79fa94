"""What a runner relies on when a GPX or TCX file was made to do harm, or is absurdly large."""

from __future__ import annotations

import math
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from miler.errors import CorruptFile, MilerError, UnknownFormat
from miler.formats import decode
from tests.conftest import reader_of_one


def trkpt(second: int, inside: str = "", lat: str = "51.5", lon: str = "-0.15") -> str:
    time = f"2026-05-09T{17 + second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z"
    return f'<trkpt lat="{lat}" lon="{lon}"><ele>20</ele><time>{time}</time>{inside}</trkpt>\n'


def gpx(body: str, head: str = "") -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>{head}<gpx><trk><trkseg>{body}</trkseg></trk></gpx>'


# Enough points to be read as columns.
RUN = [trkpt(second) for second in range(60)]


decode_one = reader_of_one(decode)


def doctype(declarations: str) -> str:
    return f"<!DOCTYPE gpx [{declarations}]>"


LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
DTDS = {
    "a billion laughs": doctype(f'<!ENTITY l0 "lol">{LAUGHS}'),
    "a few laughs": doctype('<!ENTITY l0 "lol"><!ENTITY l1 "&l0;&l0;">'),
    "a long entity many times": doctype(f'<!ENTITY l1 "{"x" * 2000}">'),
    "a file as an entity": doctype('<!ENTITY l1 SYSTEM "file:///etc/hostname">'),
    "a page as an entity": doctype('<!ENTITY l1 SYSTEM "http://127.0.0.1:9/x">'),
    "a page as the DTD": '<!DOCTYPE gpx SYSTEM "http://127.0.0.1:9/gpx.dtd">',
    "parameter entities": doctype('<!ENTITY % p SYSTEM "http://127.0.0.1:9/p"> %p;'),
    "a default attribute": doctype('<!ATTLIST trkpt lat CDATA "0">'),
}


@pytest.mark.parametrize("points", [3, 60])
@pytest.mark.parametrize("dtd", DTDS)
def test_a_document_type_is_refused_before_it_can_do_anything(dtd: str, points: int) -> None:
    body = "".join(RUN[:points]) + trkpt(100, "<name>&l1;</name>")
    with pytest.raises(CorruptFile) as told:
        decode(gpx(body, DTDS[dtd]).encode())
    assert told.value.code == "xml_dtd_forbidden"


def test_no_file_makes_miler_open_another_file_or_a_connection() -> None:
    include = (
        '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/hostname" parse="text"/>'
    )
    located = 'xsi:schemaLocation="http://127.0.0.1:9/a http://127.0.0.1:9/a.xsd"'
    documents = [gpx("".join(RUN), dtd) for dtd in DTDS.values()]
    documents += [
        gpx(f"{''.join(RUN)}{trkpt(99, include)}"),
        gpx("".join(RUN)).replace("<gpx", f"<gpx {located}"),
    ]
    script = """
        import sys
        from miler.errors import MilerError
        from miler.formats import decode
        documents = sys.stdin.read().split("\\0")
        decode(documents[-1].encode())
        seen = []
        sys.addaudithook(lambda event, of: event.startswith(("socket.", "open")) and seen.append(event))
        for document in documents:
            try:
                decode(document.encode())
            except MilerError:
                pass
        print(seen)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        input="\0".join(documents),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_what_xinclude_names_is_not_read() -> None:
    include = '<xi:include href="file:///etc/hostname" parse="text"/>'
    text = gpx("".join(RUN)).replace("<trk>", f"<trk><name>Run{include}</name>")
    assert decode_one(text).name == "Run"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("<extensions>" * 200_000, "xml_depth"),
        (trkpt(0, "<e>" * 200_000 + "</e>" * 200_000), "xml_depth"),
        (trkpt(0, f'<link href="{"x" * 20_000_000}"/>'), "xml_text"),
        (trkpt(0, f"<desc>{'x' * 20_000_000}</desc>"), "xml_text"),
        (trkpt(0, "<e " + " ".join(f'a{i}=""' for i in range(200_000)) + "/>"), "xml_text"),
        (trkpt(0, "<e " + " ".join(f'a{i}=""' for i in range(50_000)) + "/>"), "xml_attributes"),
    ],
    ids=["200,000 deep, not closed", "200,000 deep", "attribute", "text", "200,000 attributes", "50,000"],
)
def test_what_is_absurdly_deep_or_long_is_refused(body: str, code: str) -> None:
    with pytest.raises(CorruptFile) as told:
        decode(gpx("".join(RUN) + body).encode())
    assert told.value.code == code


MILLION = """
    import io
    from miler.formats import decode
    file = io.BytesIO(b"<gpx><trk><trkseg>")
    file.seek(0, io.SEEK_END)
    for _ in range({bare} // 1000):
        file.write(b'<trkpt lat="1" lon="2"/>' * 1000)
    for i in range({timed}):
        day, hour, minute, second = 1 + i // 86400, i // 3600 % 24, i // 60 % 60, i % 60
        file.write(b'<trkpt lat="51.%06d" lon="-0.15"><time>2026-05-%02dT%02d:%02d:%02dZ</time></trkpt>'
                   % (i, day, hour, minute, second))
    file.write(b"</trkseg></trk></gpx>")
    (activity,) = decode(file.getvalue())
    # Not getrusage: that counts the memory of the process that this one was forked from.
    (peak,) = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
    print(len(activity), int(peak) // 2**10)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="tells no peak of memory")
@pytest.mark.parametrize(("bare", "timed"), [(1_000_000, 1), (0, 1_000_000)], ids=["24 MB", "84 MB"])
def test_a_million_points_are_read_within_400_mb(bare: int, timed: int) -> None:
    script = textwrap.dedent(MILLION).format(bare=bare, timed=timed)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    points, peak_mib = map(int, done.stdout.split())
    assert points == timed
    assert peak_mib < 400


ZOE = gpx("".join(RUN)).replace("<trk>", "<trk><name>Zoë läuft</name>")


@pytest.mark.parametrize(
    "data",
    [
        ZOE.encode("utf-16"),
        b"\xfe\xff" + ZOE.encode("utf-16-be"),
        ZOE.encode("utf-8-sig"),
        b" " * 10 + ZOE.encode(),
        ZOE.encode() + b"\0" * 10_000,
        ZOE.replace("\n", "\r\n").encode(),
        ZOE.replace("UTF-8", "UTF-16").encode(),
        ZOE.replace("UTF-8", "US-ASCII").encode(),
        ZOE.replace("UTF-8", "zlib_codec").encode(),
        ZOE.replace("UTF-8", "ISO-8859-15").encode("iso-8859-15"),
    ],
    ids=[
        "16",
        "16 BE",
        "BOM",
        "ten spaces",
        "NULs",
        "CRLF",
        "not 16",
        "not ASCII",
        "no codec of text",
        "Latin-9",
    ],
)
def test_however_it_is_encoded_a_file_is_read_whole_and_without_a_word(data: bytes) -> None:
    (activity,) = decode(data)
    assert (activity.name, len(activity), activity.notes) == ("Zoë läuft", 60, ())


def test_latin_1_that_claims_to_be_utf_8_is_read_and_told() -> None:
    (activity,) = decode(ZOE.encode("latin-1"))
    assert (activity.name, len(activity)) == ("Zoë läuft", 60)
    assert [(note.code, note.kind) for note in activity.notes] == [("encoding", "damage")]


BAD_NUMBERS = [
    "NaN",
    "inf",
    "-Infinity",
    "1e999",
    "91.5",
    "1,5",
    "٥١",
    "5" * 5000,
    "2147483647",
    "1_0",
    "",
    "0x33",
]


@pytest.mark.parametrize("points", [4, 60])
@pytest.mark.parametrize("text", BAD_NUMBERS)
def test_a_latitude_that_is_none_costs_the_fix_and_is_told(text: str, points: int) -> None:
    rows = [trkpt(s, lat=text) if s == 2 else RUN[s] for s in range(points)]
    activity = decode_one(gpx("".join(rows)))
    assert len(activity) == points
    assert np.isnan(activity["latitude"]).tolist() == [s == 2 for s in range(points)]
    assert np.isnan(activity["longitude"]).tolist() == [s == 2 for s in range(points)]
    assert [note.kind for note in activity.notes] == ["damage"]


@pytest.mark.parametrize("text", [each for each in BAD_NUMBERS if each not in ("", "91.5")])
def test_no_value_is_ever_infinite_and_each_that_is_none_is_told(text: str) -> None:
    sensors = ("ele", "hr", "cad", "power", "speed", "atemp")
    for sensor in sensors:
        rows = [trkpt(s, f"<{sensor}>{text if s == 2 else 9}</{sensor}>") for s in range(60)]
        activity = decode_one(gpx("".join(rows)))
        assert not any(np.isinf(column).any() for column in activity.streams.values())
        assert [note.kind for note in activity.notes] == ["damage"], sensor


def test_fixes_at_the_ends_of_the_earth_are_kept_and_the_one_at_0_0_is_none() -> None:
    places = [("90", "0.5"), ("-90.0", "-0.5"), ("10", "180"), ("10", "-180.000"), ("0", "0"), ("0", "0.1")]
    activity = decode_one(gpx("".join(trkpt(s, lat=lat, lon=lon) for s, (lat, lon) in enumerate(places))))
    assert activity["latitude"][:4].tolist() == [90, -90, 10, 10]
    assert activity["longitude"][:4].tolist() == [0.5, -0.5, 180, -180]
    assert math.isnan(activity["latitude"][4])
    assert activity["longitude"][5] == 0.1


@pytest.mark.parametrize(
    "data",
    [
        b"<",
        b"<gpx",
        b"<gpx>",
        b"<gpx><gpx><gpx>",
        b"<gpx/>" * 50,
        b"<gpx>" + b"<trkpt " * 20_000,
        b"<gpx>" + b"<?" * 50_000,
    ],
    ids=["<", "<gpx", "<gpx>", "nested", "one after another", "starts only", "instructions only"],
)
def test_what_only_looks_like_a_recording_is_refused_in_words(data: bytes) -> None:
    with pytest.raises((MilerError, UnknownFormat)) as told:
        decode(data)
    assert told.value.message
