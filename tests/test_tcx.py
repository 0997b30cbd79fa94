"""What a runner relies on when a TCX file is read."""

from __future__ import annotations

import gzip
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bar import CORPUS
from miler.errors import CorruptFile, MilerError, UnsupportedFile
from miler.formats.tcx import decode
from tests.conftest import codes, cuts, reader_of_one, thinned

START = datetime(2026, 5, 9, 17, 2, 0, tzinfo=UTC)
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2">'
)


def stamp(second: float) -> str:
    return (START + timedelta(seconds=second)).isoformat().replace("+00:00", "Z")


def point(second: float, inside: str = "") -> str:
    return (
        f"<Trackpoint><Time>{stamp(second)}</Time>"
        f"<DistanceMeters>{second * 4}</DistanceMeters>{inside}</Trackpoint>\n"
    )


def lap(start: float, *tracks: str, timer: float | None = None, about: str = "") -> str:
    total = "" if timer is None else f"<TotalTimeSeconds>{timer}</TotalTimeSeconds>"
    body = "".join(f"<Track>{t}</Track>" for t in tracks)
    return f'<Lap StartTime="{stamp(start)}">{total}{about}{body}</Lap>'


def activity_xml(*laps: str, sport: str = "Running", about: str = "") -> str:
    return f'<Activity Sport="{sport}"><Id>{stamp(0)}</Id>{"".join(laps)}{about}</Activity>'


def document(*activities: str) -> str:
    return f"{HEAD}<Activities>{''.join(activities)}</Activities></TrainingCenterDatabase>"


def run(*points: str) -> str:
    return document(activity_xml(lap(0, "".join(points))))


decode_one = reader_of_one(decode)


def test_a_run_is_read_with_every_stream_that_tcx_knows() -> None:
    inside = (
        "<Position><LatitudeDegrees>51.5</LatitudeDegrees><LongitudeDegrees>-0.15</LongitudeDegrees></Position>"
        "<AltitudeMeters>20.5</AltitudeMeters><HeartRateBpm><Value>151</Value></HeartRateBpm>"
        "<Extensions><ns3:TPX CadenceSensor='Footpod'><ns3:Speed>3.25</ns3:Speed>"
        "<ns3:RunCadence>88</ns3:RunCadence><ns3:Watts>250</ns3:Watts></ns3:TPX></Extensions>"
    )
    activity = decode_one(run(point(0, inside), point(1.5, inside)))
    assert activity.start_time == START
    assert activity.elapsed == pytest.approx([0, 1.5], abs=1e-6)
    assert {name: column[1] for name, column in activity.streams.items()} == {
        "latitude": 51.5,
        "longitude": -0.15,
        "distance": 6.0,
        "altitude": 20.5,
        "heart_rate": 151,
        "speed": 3.25,
        "cadence": 176,
        "power": 250,
    }
    assert activity.sport == "running"
    assert not activity.timer_events
    assert activity.notes == ()


def test_the_device_and_the_notes_are_the_activitys_own_not_the_programs() -> None:
    about = "<Notes>Club night</Notes><Creator xsi:type='Device_t'><Name>Watch 620</Name></Creator>"
    text = document(activity_xml(lap(0, point(0), about="<Notes>lap</Notes>"), about=about))
    activity = decode_one(text.replace("</Activities>", "</Activities><Author><Name>Program</Name></Author>"))
    assert (activity.device, activity.name) == ("Watch 620", "Club night")


@pytest.mark.parametrize(("sport", "expected"), [("Running", 180), ("Biking", 90)])
def test_one_leg_of_a_runner_counts_twice_a_cranks_turn_once(sport: str, expected: int) -> None:
    text = document(activity_xml(lap(0, point(0, "<Cadence>90</Cadence>")), sport=sport))
    assert decode_one(text)["cadence"][0] == expected


def test_a_cadence_that_counts_both_feet_is_not_doubled_again() -> None:
    assert decode_one(run(point(0, "<Cadence>178</Cadence>")))["cadence"][0] == 178


def test_laps_tell_clock_time_and_timer_time() -> None:
    about = "<DistanceMeters>400.5</DistanceMeters><TriggerMethod>Manual</TriggerMethod>"
    first = lap(0, "".join(map(point, range(0, 90, 2))), timer=90.37, about=about)
    paused = lap(90, "".join(map(point, range(90, 150, 2))), timer=58.2)
    last = lap(200, "".join(map(point, range(200, 260, 2))), timer=60.9)
    one, two, three = decode_one(document(activity_xml(first, paused, last))).laps
    assert (one.index, one.start_s, one.elapsed_s, one.timer_s) == (1, 0, 90.37, 90.37)
    assert (one.trigger, one.distance_m) == ("manual", 400.5)
    assert (two.start_s, two.elapsed_s, two.timer_s) == (90, 110, 58.2)
    assert (two.trigger, two.distance_m) == (None, None)
    assert (three.start_s, three.elapsed_s, three.timer_s) == (200, 60.9, 60.9)


def test_a_lap_without_its_start_begins_at_its_first_point() -> None:
    text = document(activity_xml(lap(0, point(0), timer=5), lap(5, point(6) + point(9))))
    one, two = decode_one(text.replace(f'"{stamp(5)}"', '"?"')).laps
    assert (one.elapsed_s, two.start_s, two.elapsed_s) == (6, 6, 3)


def test_a_lap_with_neither_start_nor_time_is_left_out_and_counted() -> None:
    activity = decode_one(document(activity_xml(lap(0, point(0) + point(4)), "<Lap/>")))
    assert len(activity.laps) == 1
    assert codes(activity) == ["bad_lap"]


def test_laps_without_points_are_an_activity_without_records() -> None:
    activity = decode_one(document(activity_xml(lap(0, timer=290.5), lap(290, timer=295))))
    assert len(activity) == 0
    assert [round(x.elapsed_s, 6) for x in activity.laps] == [290.5, 295]
    assert activity.start_time == START


def test_breaks_in_and_between_laps_are_pauses_where_the_rhythm_stops() -> None:
    first = lap(0, "".join(map(point, range(5))), "".join(map(point, range(60, 65))))
    going_on = lap(65, "".join(map(point, range(65, 70))))
    after_a_stop = lap(100, "".join(map(point, range(100, 105))))
    activity = decode_one(document(activity_xml(first, going_on, after_a_stop)))
    assert [(p.start_s, p.end_s) for p in activity.pauses] == [(4, 60), (69, 100)]


def test_every_activity_of_the_file_comes_in_its_order() -> None:
    swim, ride = activity_xml(lap(0, point(0)), sport="Other"), activity_xml(lap(9, point(9)), sport="Biking")
    multisport = (
        f"<MultiSportSession><Id>x</Id><FirstSport>{swim}</FirstSport>"
        f'<NextSport><Transition StartTime="{stamp(5)}"/>{ride}</NextSport></MultiSportSession>'
    )
    activities = decode(document(activity_xml(lap(50, point(50))), multisport).encode())
    assert [activity.sport for activity in activities] == ["running", "other", "cycling"]
    assert [len(activity.laps) for activity in activities] == [1, 1, 1]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (f"<Courses><Course><Track>{point(0)}</Track></Course></Courses>", "course"),
        ("<Workouts><Workout><Name>8 x 400</Name></Workout></Workouts>", "workout"),
        ("<Activities/>", "empty"),
        (
            "<Activities><Activity><Lap><Track><Trackpoint><DistanceMeters>1</DistanceMeters></Trackpoint>"
            "</Track></Lap></Activity></Activities>",
            "track without times",
        ),
    ],
)
def test_what_is_no_recording_is_told_apart(body: str, kind: str) -> None:
    with pytest.raises(UnsupportedFile) as told:
        decode(f"{HEAD}{body}</TrainingCenterDatabase>".encode())
    assert told.value.kind == kind


def test_a_file_that_lost_its_outermost_element_is_read_and_said_to_be_damaged() -> None:
    activity = decode_one(f"<Activities>{activity_xml(lap(0, point(0)))}</Activities>")
    assert [(note.code, note.kind) for note in activity.notes] == [("tcx_root", "damage")]
    assert len(activity) == 1


def test_an_empty_point_is_nothing_a_point_with_only_a_time_is_kept() -> None:
    activity = decode_one(run("<Trackpoint/>", f"<Trackpoint><Time>{stamp(3)}</Time></Trackpoint>", point(4)))
    assert list(activity.elapsed) == [3, 4]
    assert activity.notes == ()


def test_a_point_without_a_time_among_others_is_left_out_and_counted() -> None:
    timeless = "<Trackpoint><DistanceMeters>9</DistanceMeters></Trackpoint>"
    activity = decode_one(run(point(0), timeless, point(2)))
    assert list(activity.elapsed) == [0, 2]
    assert codes(activity) == ["no_time"]


def test_values_that_are_no_numbers_are_missing_and_counted_for_each_stream() -> None:
    bad = "<AltitudeMeters>1,5</AltitudeMeters><Cadence>inf</Cadence>"
    good = "<AltitudeMeters>1.5</AltitudeMeters><Cadence>180</Cadence>"
    activity = decode_one(run(point(0, bad), point(1, good)))
    assert math.isnan(activity["altitude"][0])
    assert (activity["altitude"][1], activity["cadence"][1]) == (1.5, 180)
    assert {note.message for note in activity.notes} == {
        "altitude is not a number in 1 of 2 points",
        "cadence is not a number in 1 of 2 points",
    }


def test_damage_is_survived_or_refused_as_asked() -> None:
    text = run(*map(point, range(10))).replace(f"{stamp(5)}</Time>", f"{stamp(5)}</Tim>")
    activity = decode_one(text)
    assert list(activity.elapsed) == [0, 1, 2, 3, 4, 6, 7, 8, 9]
    assert codes(activity) == ["xml_malformed"]
    with pytest.raises(CorruptFile) as told:
        decode(text.encode(), strict=True)
    assert (told.value.code, told.value.format, told.value.at) == ("xml_malformed", "tcx", 7)


def test_the_damage_is_told_with_the_activity_it_hit() -> None:
    text = document(activity_xml(lap(0, point(0))), activity_xml(lap(9, point(9) + "</Oops>")))
    first, second = decode(text.encode())
    assert (codes(first), codes(second)) == ([], ["xml_malformed"])


def test_a_document_type_is_refused() -> None:
    with pytest.raises(CorruptFile) as told:
        decode(f"<!DOCTYPE x [<!ENTITY a 'b'>]>{run(point(0)).partition('?>')[2]}".encode())
    assert told.value.code == "xml_dtd_forbidden"


def test_a_file_cut_at_any_byte_gives_the_points_whose_end_is_there() -> None:
    inside = "<HeartRateBpm><Value>150</Value></HeartRateBpm>"
    halves = ["".join(point(t, inside) for t in range(a, a + 34)) for a in (0, 34)]
    data = document(activity_xml(lap(0, halves[0], timer=34), lap(34, halves[1], timer=34))).encode()
    assert 9_000 < len(data) < 12_000
    timer_ends = data.index(b"</TotalTimeSeconds>") + len(b"</TotalTimeSeconds>")
    for cut in cuts(len(data)):
        complete = data[:cut].count(b"</Trackpoint>")
        if cut < timer_ends and complete == 0:
            with pytest.raises(CorruptFile) as told:
                decode(data[:cut])
            assert told.value.code == "xml_truncated"
            continue
        (activity,) = decode(data[:cut])
        assert len(activity) == complete
        assert "xml_truncated" in codes(activity)


SOUND = document(activity_xml(lap(0, point(0) + point(1), timer=2), lap(2, point(2), timer=2))).encode()


@given(st.integers(0, len(SOUND) - 1), st.binary(max_size=3), st.integers(0, 3))
def test_bytes_lost_or_changed_anywhere_end_as_points_or_as_an_error_of_miler(
    at: int, put: bytes, lost: int
) -> None:
    try:
        activities = decode(SOUND[:at] + put + SOUND[at + lost :])
    except MilerError as error:
        assert error.message
    else:
        assert sum(map(len, activities)) <= 4


# Moments that come twice, for the clock went back: the walk has the last of what is said of each.
CLOCK_WENT_BACK = {"rox-10-0-gps-ride-negative-pause.tcx": slice(104, 109)}
# Files on which a plain walk of the tree and miler differ, and why.
ETREE_CANNOT = {"forerunner-410-run-malformed.tcx": "uses a prefix that it does not declare"}

PATHS = {
    "Position/LatitudeDegrees": "latitude",
    "Position/LongitudeDegrees": "longitude",
    "AltitudeMeters": "altitude",
    "DistanceMeters": "distance",
    "HeartRateBpm/Value": "heart_rate",
}


def corpus_files() -> list[Path]:
    return sorted(CORPUS.glob("tcx/*"))


def content(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def moment(text: str) -> float:
    when = datetime.fromisoformat(text.strip())
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def records(activity: ElementTree.Element) -> dict[float, dict[str, float]]:
    """What one record per moment looks like: the last of what each point says of it."""
    by_time: dict[float, dict[str, float]] = {}
    for trackpoint in activity.iterfind("Lap/Track/Trackpoint"):
        time = trackpoint.findtext("Time")
        if time is not None:
            known = by_time.setdefault(moment(time), {})
            for path, stream in PATHS.items():
                if text := trackpoint.findtext(path):
                    known[stream] = float(text)
    return dict(sorted(by_time.items()))


@pytest.mark.parametrize("path", thinned(corpus_files()), ids=lambda path: path.name)
def test_real_files_are_read_as_a_plain_walk_of_the_tree_reads_them(path: Path) -> None:
    data = content(path)
    try:
        root = ElementTree.fromstring(data.strip())
    except ElementTree.ParseError:
        assert path.name in ETREE_CANNOT
        return
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    found = [*root.iter("Activity")]
    if not found:
        with pytest.raises(UnsupportedFile):
            decode(data)
        return
    activities = decode(data)
    assert len(activities) == len(found)
    for activity, element in zip(activities, found, strict=True):
        assert activity.start_time is not None
        assert len(activity.laps) == len(element.findall("Lap"))
        expected = records(element)
        times = activity.start_time.timestamp() + activity.elapsed
        assert times == pytest.approx(list(expected), abs=2e-6)
        for stream in PATHS.values():
            column = activity[stream] if stream in activity else np.full(len(times), np.nan)
            told = np.array([r.get(stream, math.nan) for r in expected.values()])
            if stream == "heart_rate":
                told[(told < 1) | (told > 255)] = np.nan
            kept = np.ones(len(times), bool)
            if path.name in CLOCK_WENT_BACK:
                kept[CLOCK_WENT_BACK[path.name]] = False
            np.testing.assert_array_equal(column[kept], told[kept], err_msg=stream)


@pytest.mark.parametrize("path", corpus_files(), ids=lambda path: path.name)
def test_every_real_file_ends_as_activities_or_as_an_error_of_miler(path: Path) -> None:
    try:
        assert decode(content(path))
    except MilerError as error:
        assert error.message
