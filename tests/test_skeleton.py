"""What a runner relies on when points are read as columns: nothing is different but the time it takes.

The twin of the fast way is the slow one: where the word that stands for runs of points is in a file, if only
as an element that nobody knows, all of it is walked.
"""

from __future__ import annotations

import gzip
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.bar import CORPUS
from miler.activity import Activity
from miler.errors import MilerError
from miler.formats import decode, gpx, recognise, tcx
from miler.formats.skeleton import skeleton
from miler.formats.xmlfile import XmlFile

SPOILER = b"<run-of-points/>"
SKIPPED_TO = re.compile(r" to \d+ were")  # beyond the spoiler, where a break is near the end


def content(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def corpus_files() -> list[Path]:
    return sorted(
        p for kind in ("gpx", "tcx") for p in [*CORPUS.glob(f"{kind}/*"), *CORPUS.glob(f"other/**/*.{kind}*")]
    )


def spoiled(data: bytes) -> bytes:
    """Return the same document, with what forbids the fast way before its last end tag."""
    at = max(data.rfind(b"</gpx"), data.rfind(b"</Activit"), data.rfind(b"</TrainingCenterDatabase"), 0)
    return data[:at] + SPOILER + data[at:]


def everything(activity: Activity) -> tuple[object, ...]:
    """Return all that an activity says, to the last bit."""
    columns = {name: column.tobytes() for name, column in activity.streams.items()}
    about = (activity.start_time, activity.sport, activity.sub_sport, activity.device, activity.name)
    said = (activity.laps, activity.pauses, activity.sessions, activity.time_zone)
    notes = [(n.code, n.kind, n.at_s, SKIPPED_TO.sub("", n.message)) for n in activity.notes]
    return activity.elapsed.tobytes(), sorted(columns.items()), *about, *said, notes


def result(data: bytes) -> object:
    try:
        return [everything(activity) for activity in decode(data)]
    except MilerError as error:
        return type(error), error.code


def file_of(data: bytes) -> XmlFile[Any]:
    return gpx._File() if recognise(data) == "gpx" else tcx._File()


def points_in_columns(data: bytes) -> int:
    file = file_of(data)
    bones = skeleton(data, file.format)
    return sum(len(run.times) for run in bones.runs) if bones else 0


@pytest.mark.parametrize("path", corpus_files(), ids=lambda path: path.name)
def test_a_real_file_is_the_same_read_as_columns_and_walked(path: Path) -> None:
    data = content(path)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        pytest.skip("the comment would not be in its encoding")
    assert result(data) == result(spoiled(data))


LARGE = [path for path in corpus_files() if path.stat().st_size > 60_000]


@pytest.mark.parametrize("path", LARGE, ids=lambda path: path.name)
def test_nearly_all_points_of_a_large_file_become_columns(path: Path) -> None:
    data = content(path)
    assert points_in_columns(data) >= 0.9 * len(re.findall(rb"<(trkpt|Trackpoint)\b", data))


def stamp(second: int) -> str:
    return f"2026-05-09T17:{second // 60:02d}:{second % 60:02d}Z"


def point(second: int, inside: str = "<hr>150</hr>") -> str:
    return (
        f'  <trkpt lat="51.{5000000 + 270 * second}" lon="-0.15">\n    <ele>{20 + second % 7 / 10}</ele>\n'
        f"    <time>{stamp(second)}</time>\n    <extensions>{inside}</extensions>\n  </trkpt>\n"
    )


POINTS = [point(second) for second in range(400)]
ODD_POINT = {
    "a comment": point(200).replace("<ele>", "<!-- <ele>1</ele> --><ele>"),
    "a comment without a tag": point(200).replace("20.", "20<!--1-->."),
    "CDATA": point(200).replace("<hr>150</hr>", "<hr><![CDATA[151]]></hr>"),
    "an instruction": point(200).replace("<ele>", "<?x <ele>1</ele> ?><ele>"),
    "an entity": point(200, "<hr>&#49;51</hr>"),
    "attributes the other way": re.sub(r'(lat="\S+") (lon="\S+")', r"\2 \1", point(200)),
    "single quotes": re.sub(r'="(\S+)"', r"='\1'", point(200)),
    "a quote in a single quote": point(200).replace('lon="', "id='\"' lon=\"").replace("-0.15", "-0.25"),
    "another attribute": point(200).replace("lat=", 'id="7" lat='),
    "a bracket in an attribute": point(200).replace("lat=", 'id="a>b" lat='),
    "a quote in a text": point(200, '<name>5" more</name><hr>151</hr>'),
    "no value": point(200, "<hr></hr><power/>"),
    "a blank value": point(200, "<hr> </hr>"),
    "two values of a kind": point(200, "<hr>151</hr><hr>152</hr>"),
    "a value in two parts": point(200, "<hr>1<b/>51</hr>"),
    "a value around a value": point(200, "<hr>1<cad>80</cad></hr>"),
    "no number": point(200, "<hr>strap</hr>"),
    "another spelling": point(200, "<hr>1.51e2</hr>"),
    "blanks around a value": point(200, "<hr>\n 151\t</hr>"),
    "seconds in decimals": point(200).replace("20Z", "20.2505Z"),
    "another zone": point(200).replace("17:03:20Z", "19:03:20+02:00"),
    "no zone": point(200).replace("20Z", "20"),
    "no time of the calendar": point(200).replace("-05-09", "-02-30"),
    "a second too many": point(200).replace(":20Z", ":60Z"),
    "an accent in the time": point(200).replace("17:03", "1é:03"),
    "an accent in the minute": point(200).replace("17:03", "17:é3"),
    "an accent in a value": point(200, "<hr>1é1</hr>"),
    "one digit of a second": point(200).replace(":20Z", ":2.Z"),
    "a minus in the time": point(200).replace(":20Z", ":-2Z"),
    "no time": re.sub("<time>.*</time>", "", point(200)),
    "a prefix": point(200).replace("trkpt", "gpx:trkpt"),
    "nothing in it": '<trkpt lat="51.5" lon="-0.15"/>',
    "a new segment": "</trkseg><trkseg>" + point(200),
    "a new track": f"</trkseg></trk><trk><name>two</name><trkseg>{point(200)}",
    "it is commented out": f"<!-- {point(200)} -->",
    "it is in CDATA": f"<x><![CDATA[ {point(200)} ]]></x>",
    "it is in something unknown": f"<x>{point(200)}</x>",
    "it is in an attribute": f"<x y='{point(200)}'/>",
    "a text stands beside it": f"lost {point(200)} words",
    "the end of CDATA stands beside it": f"]]> {point(200)}",
    "it is a quote": point(200, '<hr>151</hr>"<power>7</power>'),
    "it says what stands for runs": f"<run-of-points/>{point(200)}",
    "it says so in a name": point(200, "<name>run-of-points</name>"),
    "a control character": point(200, "<name>\x01</name>"),
    "a control character in a value": point(200, "<hr>\x0c151</hr>"),
    "another name space": point(200, '<a xmlns="b&amp;c" x="\'"/><hr>151</hr>'),
    "a short text": point(200, "<sat>7</sat><hr>151</hr>"),
    "an accent": point(200, "<name>Zoë</name>"),
    "broken": point(200).replace("</ele>", "</ele"),
    "not ended": point(200).replace("</trkpt>", ""),
}


@pytest.mark.parametrize("inside", [True, False], ids=["one odd point", "all after it are odd"])
@pytest.mark.parametrize("oddity", ODD_POINT)
def test_an_odd_point_is_read_as_ever_and_so_are_its_neighbours(oddity: str, inside: bool) -> None:
    odd = ODD_POINT[oddity]
    after = POINTS[201:] if inside else [odd.replace(stamp(200), stamp(s)) for s in range(201, 400)]
    body = "".join([*POINTS[:200], odd, *after])
    data = f'<gpx creator="x"><trk><type>9</type><trkseg>{body}</trkseg></trk></gpx>'.encode()
    assert result(data) == result(spoiled(data))


def test_points_of_many_shapes_mixed_together_keep_their_order() -> None:
    shapes = ["<hr>150</hr>", "", "<cad>80</cad>", "<hr>150</hr><a:power>201.5</a:power>"]
    rng = random.Random(1954)
    body = "".join(point(second, rng.choice(shapes)) for second in range(400))
    data = f"<gpx><trk><trkseg>{body}</trkseg></trk></gpx>".encode()
    assert points_in_columns(data) == 400
    assert result(data) == result(spoiled(data))


def test_a_recording_of_many_windows_is_seamless() -> None:
    body = "".join(f"<trkseg>{''.join(POINTS)}</trkseg>".replace("2026", str(2001 + i)) for i in range(45))
    data = f"<gpx><trk><trkseg>{''.join(POINTS)}</trkseg>{body}</trk></gpx>".encode()
    assert len(data) > 2 * 2**20
    assert points_in_columns(data) == 46 * 400


@pytest.mark.parametrize(
    "path",
    [p for p in corpus_files() if 20_000 < p.stat().st_size < 120_000 and p.suffix != ".gz"][::4],
    ids=lambda p: p.name,
)
def test_a_damaged_file_is_the_same_read_as_columns_and_walked(path: Path) -> None:
    data = content(path)
    rng = random.Random(1954)
    first = re.search(rb"</(trkpt|Trackpoint)>", data)
    assert first
    for _ in range(30):
        at = rng.randrange(first.end(), data.rfind(b"</"))
        mutant = data[:at] + bytes([rng.randrange(32, 127)]) + data[at + rng.randrange(3) :]
        assert result(mutant) == result(spoiled(mutant))


def test_columns_hold_only_finite_numbers_or_nothing() -> None:
    body = "".join(point(s, "<hr>1e999</hr>" if s % 2 else "<hr>150</hr>") for s in range(100))
    (activity,) = decode(f"<gpx><trk><trkseg>{body}</trkseg></trk></gpx>".encode())
    assert set(activity["heart_rate"][::2]) == {150.0}
    assert np.isnan(activity["heart_rate"][1::2]).all()
