"""What a runner relies on when a GPX file is read."""

from __future__ import annotations

import gzip
import math
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import gpxpy
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bar import CORPUS
from miler.errors import CorruptFile, MilerError, UnsupportedFile
from miler.formats.gpx import decode
from tests.conftest import codes, cuts, reader_of_one, thinned

START = datetime(2026, 5, 9, 17, 2, 0, tzinfo=UTC)
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<gpx version="1.1" creator="Test Watch">'


def point(second: float, inside: str = "", *, time: str | None = None, lat: str = "51.5") -> str:
    """One point, 3 m farther north for each second."""
    stamp = time or (START + timedelta(seconds=second)).isoformat().replace("+00:00", "Z")
    north = lat if lat != "51.5" else f"{51.5 + second * 27e-6:.7f}"
    return f'<trkpt lat="{north}" lon="-0.15"><ele>20.5</ele><time>{stamp}</time>{inside}</trkpt>\n'


def track(*segments: str, about: str = "<type>running</type>") -> str:
    return f"<trk>{about}{''.join(f'<trkseg>{s}</trkseg>' for s in segments)}</trk>"


def document(*tracks: str) -> str:
    return f"{HEAD}{''.join(tracks)}</gpx>"


def run(*points: str) -> str:
    return document(track("".join(points)))


decode_one = reader_of_one(decode)


def test_a_run_is_read_with_fixes_times_and_altitude() -> None:
    activity = decode_one(run(point(0), point(1), point(3.25)))
    assert activity.start_time == START
    assert activity.elapsed == pytest.approx([0, 1, 3.25], abs=1e-6)
    assert list(activity["latitude"]) == [51.5, 51.500027, 51.5000877]
    assert list(activity["longitude"]) == [-0.15] * 3
    assert list(activity["altitude"]) == [20.5] * 3
    assert activity.sport == "running"
    assert activity.device == "Test Watch"
    assert not activity.timer_events
    assert activity.notes == ()


def test_gpx_1_0_has_its_speed_in_the_point_and_its_name_at_the_top() -> None:
    text = run(point(0, "<speed>3.5</speed>"), point(1, "<speed>4</speed>"))
    activity = decode_one(
        text.replace('version="1.1" creator="Test Watch">', 'version="1.0"><name>Club  night</name>')
    )
    assert list(activity["speed"]) == [3.5, 4.0]
    assert activity.name == "Club night"


def test_sensors_are_read_under_any_prefix_declared_or_not() -> None:
    inside = (
        "<extensions><power>250</power><ns9:TrackPointExtension><ns9:hr>151</ns9:hr><ns9:cad>80</ns9:cad>"
        "<ns9:atemp>12.5</ns9:atemp><gpxtpx:speed>3.25</gpxtpx:speed></ns9:TrackPointExtension></extensions>"
    )
    activity = decode_one(run(point(0, inside), point(1)))
    read = {name: column[0] for name, column in activity.streams.items()}
    expected = {"heart_rate": 151, "cadence": 160, "temperature": 12.5, "speed": 3.25, "power": 250}
    assert expected.items() <= read.items()
    assert math.isnan(activity["heart_rate"][1])
    assert activity.notes == ()


@pytest.mark.parametrize(
    ("sport", "cadence", "expected"), [("running", 84, 168), ("running", 168, 168), ("cycling", 84, 84)]
)
def test_a_runners_cadence_is_steps_a_minute_whichever_way_it_was_counted(
    sport: str, cadence: int, expected: int
) -> None:
    inside = f"<extensions><a:cad>{cadence}</a:cad></extensions>"
    text = document(track(point(0) + point(1, inside) + point(2, inside), about=f"<type>{sport}</type>"))
    assert list(decode_one(text)["cadence"][1:]) == [expected, expected]


def test_a_heart_rate_of_0_is_a_strap_without_contact_not_damage() -> None:
    activity = decode_one(run(point(0, "<hr>0</hr>"), point(1, "<hr>140</hr>")))
    assert math.isnan(activity["heart_rate"][0])
    assert activity.notes == ()


@pytest.mark.parametrize(
    ("word", "sport", "sub_sport"),
    [
        ("9", "running", None),
        ("Run", "running", None),
        ("trail_running", "running", "trail"),
        ("Track Running", "running", "track"),
        (" walking ", "walking", None),
        ("10", "walking", None),
        ("mountain biking", "cycling", "mountain"),
        ("Kite Surfing", "kite surfing", None),
        ("", "unknown", None),
    ],
)
def test_the_sport_is_told_in_the_fields_words(word: str, sport: str, sub_sport: str | None) -> None:
    activity = decode_one(document(track(point(0), about=f"<type>{word}</type>")))
    assert (activity.sport, activity.sub_sport) == (sport, sub_sport)


def test_the_type_of_a_link_is_not_the_sport() -> None:
    about = '<link href="x"><text>t</text><type>text/html</type></link>'
    assert decode_one(document(track(point(0), about=about))).sport == "unknown"


def test_a_distance_counted_from_the_start_is_kept() -> None:
    activity = decode_one(run(*(point(t, f"<g:distance>{3 * t}</g:distance>") for t in range(5))))
    assert list(activity["distance"]) == [0, 3, 6, 9, 12]


def test_one_damaged_distance_does_not_cost_the_others() -> None:
    distances = [3.0 * t for t in range(200)]
    distances[100] = 33000.0
    activity = decode_one(run(*(point(t, f"<g:distance>{d}</g:distance>") for t, d in enumerate(distances))))
    assert list(activity["distance"]) == distances
    assert activity.notes == ()


@pytest.mark.parametrize("steps", [(3, 3, 3, 3, 3), (3, 3.1, 2.9, 3, 3)])
def test_a_distance_from_point_to_point_is_not_taken_for_the_distance_run(steps: tuple[float, ...]) -> None:
    activity = decode_one(run(*(point(t, f"<g:distance>{d}</g:distance>") for t, d in enumerate(steps))))
    assert "distance" not in activity
    assert codes(activity) == ["distance_steps"]


def test_a_break_between_segments_longer_than_the_rhythm_is_a_pause() -> None:
    segments = ("".join(map(point, s)) for s in (range(5), range(60, 65), range(65, 70)))
    activity = decode_one(document(track(*segments)))
    assert [(p.start_s, p.end_s) for p in activity.pauses] == [(4.0, 60.0)]


def test_a_segment_that_goes_on_in_a_slow_rhythm_is_no_pause() -> None:
    segments = ("".join(map(point, s)) for s in (range(0, 60, 10), range(65, 120, 10)))
    assert decode_one(document(track(*segments))).pauses == ()


def test_each_track_is_an_activity_in_the_order_of_the_file() -> None:
    untimed = '<trk><trkseg><trkpt lat="51.5" lon="0"/></trkseg></trk>'
    later = track(point(900) + point(901), about="<name>later</name>")
    first, second = decode(document(untimed, later, "<trk/>", track(point(0))).encode())
    assert (first.name, len(first), second.start_time) == ("later", 2, START)
    assert [note.message for note in first.notes] == ["tracks left out for want of times: 1 of 3"]
    assert second.notes == ()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ('<rte><rtept lat="51" lon="0"><time>2026-05-09T17:02:00Z</time></rtept></rte>', "route"),
        ('<wpt lat="51" lon="0"><time>2026-05-09T17:02:00Z</time></wpt>', "waypoints"),
        ('<trk><trkseg><trkpt lat="51" lon="0"/></trkseg></trk>', "track without times"),
        ("<trk><trkseg/></trk>", "empty"),
    ],
)
def test_what_is_no_recording_is_told_apart(body: str, kind: str) -> None:
    with pytest.raises(UnsupportedFile) as told:
        decode(document(body).encode())
    assert told.value.kind == kind


def test_a_track_without_times_says_how_many_points_it_has() -> None:
    with pytest.raises(UnsupportedFile, match="7 points"):
        decode(run(*['<trkpt lat="51" lon="0"/>'] * 7).encode())


def test_a_point_without_a_time_among_others_is_left_out_and_counted() -> None:
    activity = decode_one(run(point(0), '<trkpt lat="51.5" lon="0"/>', point(2)))
    assert list(activity.elapsed) == [0, 2]
    assert codes(activity) == ["no_time"]


@pytest.mark.parametrize(
    "text",
    ["NaN", "-nan", "inf", "1e999", "1,5", "١٢٣", "1_000", "0x1F", "n/a", "--", "12 m", "9" * 5000],
)
def test_a_value_that_is_no_number_is_missing_and_counted(text: str) -> None:
    activity = decode_one(run(point(0, "<speed>2.5</speed>"), point(1, f"<speed>{text}</speed>")))
    assert activity["speed"][0] == 2.5
    assert math.isnan(activity["speed"][1])
    assert [n.message for n in activity.notes] == ["speed is not a number in 1 of 2 points"]


def test_an_empty_element_is_a_missing_value_not_damage() -> None:
    activity = decode_one(run(point(0, "<hr></hr><cad/>"), point(1, "<hr>140</hr>")))
    assert math.isnan(activity["heart_rate"][0])
    assert activity.notes == ()


@given(st.floats(-89, 89))
def test_a_latitude_is_read_to_the_last_bit(latitude: float) -> None:
    assert decode_one(run(point(0, lat=repr(latitude))))["latitude"][0] == latitude


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="<&\ufffe\uffff")))
def test_whatever_stands_for_a_value_is_a_finite_number_or_missing(text: str) -> None:
    activity = decode_one(run(point(0, f"<power>{text}</power>"), point(1, "<power>200</power>")))
    assert activity["power"][1] == 200
    assert not math.isinf(activity["power"][0])


@pytest.mark.parametrize(
    "text",
    [
        "2026-05-09T17:02:00Z",
        "2026-05-09T17:02:00.000Z",
        "2026-05-09T17:02:00,000z",
        " 2026-05-09T17:02:00+00:00\n",
        "2026-05-09T19:02:00+02:00",
        "2026-05-09T22:47:00+0545",
        "2026-05-09T13:32:00-03:30",
        "2026-05-10T07:02:00+14",
        "2026-05-09 17:02:00",
    ],
)
def test_a_time_is_the_same_moment_however_it_is_written(text: str) -> None:
    assert decode_one(run(point(0, time=text))).start_time == START


@pytest.mark.parametrize(
    "text",
    [
        "0000-00-00T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "1901-12-13T20:45:52.207Z",
        "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-05-09T24:00:00Z",
        "2026-05-09T17:60:00Z",
        "2026-05-09T17:02:60Z",
        "2026-05-09T17:02:00+99:99",
        "2026-05-09T17:02:00+14:01",
        "٢٠٢٦-05-09T17:02:00Z",
        "2026-05-09",
        "17:02:00",
        "now",
        "1778346120",
    ],
)
def test_a_time_that_is_none_leaves_its_point_out_and_is_counted(text: str) -> None:
    activity = decode_one(run(point(0), point(1, time=text), point(2)))
    assert list(activity.elapsed) == [0, 2]
    assert codes(activity) == ["no_time"]


@given(
    st.datetimes(datetime(1996, 1, 1), datetime(2099, 12, 30)),  # noqa: DTZ001 - the zone is drawn apart
    st.integers(-14 * 60, 14 * 60),
)
def test_any_moment_in_any_zone_is_read_to_the_microsecond(naive: datetime, offset_min: int) -> None:
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=offset_min)))
    read = decode_one(run(point(0, time=moment.isoformat()))).start_time
    assert read is not None
    assert abs(read - moment) <= timedelta(microseconds=1)


def test_times_without_a_zone_are_utc_and_it_is_said_once() -> None:
    activity = decode_one(run(point(0, time="2026-05-09T17:02:00"), point(1, time="2026-05-09T17:02:01")))
    assert activity.start_time == START
    assert codes(activity) == ["no_zone"]


def test_the_files_own_zone_is_kept_where_there_is_no_fix() -> None:
    stamp = "2026-05-09T19:02:00+02:00"
    assert decode_one(run(f"<trkpt><time>{stamp}</time></trkpt>")).time_zone == "UTC+02:00"


def test_names_keep_entities_cdata_and_accents() -> None:
    about = "<name>Tom &amp; Zoë <![CDATA[<3 km>]]></name>"
    assert decode_one(document(track(point(0), about=about))).name == "Tom & Zoë <3 km>"


NAMED = document(track(point(0) + point(1), about="<name>Zoë läuft</name>"))


@pytest.mark.parametrize(
    "data",
    [
        NAMED.encode("utf-8-sig"),
        NAMED.encode("utf-16"),
        NAMED.encode("utf-16-be"),
        NAMED.replace("UTF-8", "UTF-16").encode(),
        NAMED.replace("UTF-8", "ISO-8859-1").encode("latin-1"),
        NAMED.replace("UTF-8", "windows-1252").encode("cp1252"),
        b" " * 10 + NAMED.encode(),
        b"\r\n\n" + NAMED.encode("utf-8-sig"),
        NAMED.encode() + b"\0" * 4096,
        NAMED.replace("\n", "\r\n").encode(),
    ],
    ids=[
        "bom",
        "utf-16",
        "utf-16be",
        "not 16",
        "latin-1",
        "cp1252",
        "ten spaces",
        "blank lines",
        "nuls",
        "crlf",
    ],
)
def test_encodings_and_what_strava_and_power_cuts_add_are_seen_through(data: bytes) -> None:
    activity = decode_one(data)
    assert (activity.name, len(activity), activity.notes) == ("Zoë läuft", 2, ())


def test_latin_1_bytes_that_claim_to_be_utf_8_are_read_and_said() -> None:
    activity = decode_one(NAMED.encode("latin-1"))
    assert (activity.name, len(activity), codes(activity)) == ("Zoë läuft", 2, ["encoding"])
    with pytest.raises(CorruptFile) as told:
        decode(NAMED.encode("latin-1"), strict=True)
    assert told.value.code == "encoding"


ENTITIES = '<!DOCTYPE gpx [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (run(point(0)).replace("<gpx", f"{ENTITIES}<gpx").replace("20.5", "&b;"), "xml_dtd_forbidden"),
        (run(point(0)).replace("<gpx", '<!DOCTYPE gpx SYSTEM "http://x/y.dtd"><gpx'), "xml_dtd_forbidden"),
        (run(point(0, "<extensions>" + "<e>" * 60)), "xml_depth"),
        (run(point(0, f"<desc>{'x' * (2**20 + 1)}</desc>")), "xml_text"),
        (run(point(0, f'<link href="{"x" * (2**16 + 1)}"/>')), "xml_text"),
    ],
    ids=["entities", "external dtd", "depth", "text", "attribute"],
)
def test_what_no_recording_needs_is_refused(text: str, code: str) -> None:
    with pytest.raises(CorruptFile) as told:
        decode(text.encode())
    assert told.value.code == code
    assert told.value.format == "gpx"
    assert told.value.at is not None


def test_xml_within_the_limits_is_read() -> None:
    inside = (
        f"<extensions>{'<e>' * 59}{'</e>' * 59}</extensions>"
        f'<desc>{"x" * 2**20}</desc><link href="{"x" * 2**16}"/>'
    )
    assert decode_one(run(point(0, inside))).notes == ()


def test_every_point_but_the_broken_one_is_kept_and_the_break_is_told() -> None:
    text = run(*map(point, range(10))).replace("51.5001350", "51.5<001350")
    activity = decode_one(text)
    assert list(activity.elapsed) == [0, 1, 2, 3, 4, 6, 7, 8, 9]
    (note,) = activity.notes
    assert (note.code, note.kind) == ("xml_malformed", "damage")
    begin = text.index('<trkpt lat="51.5<001350"')
    assert f"bytes {begin} to {text.index('<trkpt', begin + 1)} were skipped" in note.message
    assert "line 7" in note.message
    assert "points dropped: 1" in note.message
    with pytest.raises(CorruptFile) as told:
        decode(text.encode(), strict=True)
    assert (told.value.code, told.value.at) == ("xml_malformed", 7)


def test_strict_reading_of_a_sound_file_is_the_same() -> None:
    (strict,) = decode(run(point(0), point(1)).encode(), strict=True)
    assert list(strict.elapsed) == [0, 1]


def test_a_file_cut_at_any_byte_gives_the_points_whose_end_is_there() -> None:
    inside = "<extensions><gpxtpx:hr>150</gpxtpx:hr></extensions>"
    closed = '<trkpt lat="51.5" lon="-0.15" time="not here"/>\n'
    halves = ["".join(point(t, inside) for t in range(a, a + 33)) for a in (0, 40)]
    data = document(track(halves[0] + closed, halves[1], about="<name>Zoë</name>")).encode()
    assert 9_000 < len(data) < 12_000
    for cut in cuts(len(data)):
        before = data[:cut]
        complete = before.count(b"</trkpt>")
        if complete == 0:
            with pytest.raises(CorruptFile) as told:
                decode(before)
            assert told.value.code == "xml_truncated"
            continue
        (activity,) = decode(before)
        assert len(activity) == complete
        assert "xml_truncated" in codes(activity)


def test_a_long_recording_is_seamless_where_a_sensor_joins_late() -> None:
    n = 20_000
    points = (point(t, "<hr>150</hr>" if t >= 15_000 else "") for t in range(n))
    activity = decode_one(run(*points))
    assert list(activity.elapsed) == list(range(n))
    assert np.isnan(activity["heart_rate"][:15_000]).all()
    assert (activity["heart_rate"][15_000:] == 150).all()


SOUND = run(*(point(t, "<hr>150</hr>") for t in range(4))).encode()


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


CLOCK_WENT_BACK = "runkeeper-run-runkeeper-negative-time-step-at-start.gpx"
# What gpxpy refuses as a whole, and what miler makes of it.
GPXPY_CANNOT = {"etrex-30-track-standard.gpx": "one point has no latitude: it is kept without a fix"}


def corpus_files() -> list[Path]:
    return sorted([*CORPUS.glob("gpx/*"), *CORPUS.glob("other/**/*.gpx*")])


def content(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def merged(points: list[gpxpy.gpx.GPXTrackPoint]) -> dict[float, list[float]]:
    """What one record per moment looks like: the last of what each point says of it."""
    by_time: dict[float, list[float]] = {}
    for p in points:
        if p.time is None or p.time.year < 1970:
            continue
        moment = (p.time if p.time.tzinfo else p.time.replace(tzinfo=UTC)).timestamp()
        fix = [p.latitude, p.longitude]
        if abs(p.latitude) > 90 or abs(p.longitude) > 180 or fix == [0, 0]:
            fix = [math.nan, math.nan]
        told = [*fix, math.nan if p.elevation is None else p.elevation]
        known = by_time.setdefault(moment, [math.nan] * 3)
        by_time[moment] = [old if math.isnan(new) else new for old, new in zip(known, told, strict=True)]
    return dict(sorted(by_time.items()))


@pytest.mark.parametrize("path", thinned(corpus_files()), ids=lambda path: path.name)
def test_real_files_are_read_as_gpxpy_reads_them(path: Path) -> None:
    data = content(path)
    try:
        peer = gpxpy.parse(data)
    except (gpxpy.gpx.GPXException, UnicodeDecodeError):
        assert path.name in GPXPY_CANNOT
        return
    expected = [m for t in peer.tracks if (m := merged([p for s in t.segments for p in s.points]))]
    if not expected:
        with pytest.raises(UnsupportedFile):
            decode(data)
        return
    activities = decode(data)
    assert len(activities) == len(expected)
    for activity, records in zip(activities, expected, strict=True):
        assert activity.start_time is not None
        times = activity.start_time.timestamp() + activity.elapsed
        if any(note.code == "time_backwards" and note.kind == "damage" for note in activity.notes):
            assert path.name == CLOCK_WENT_BACK  # records with a time that is not theirs were left out
            assert len(records) - len(times) == 1
            continue
        assert times == pytest.approx(list(records), abs=2e-6)
        for i, name in enumerate(("latitude", "longitude", "altitude")):
            column = activity[name] if name in activity else np.full(len(times), np.nan)
            np.testing.assert_array_equal(column, [r[i] for r in records.values()], err_msg=name)


@pytest.mark.parametrize("path", corpus_files(), ids=lambda path: path.name)
def test_every_real_file_ends_as_activities_or_as_an_error_of_miler(path: Path) -> None:
    try:
        assert decode(content(path))
    except MilerError as error:
        assert error.message
