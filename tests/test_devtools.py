"""The tools that the other tests stand on: what they write is read back by other people's readers."""

from __future__ import annotations

import io
import math
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import fitdecode
import fitparse
import gpxpy
import numpy as np
import pytest
from fitparse.utils import FitCRCError
from geographiclib.geodesic import Geodesic
from hypothesis import given
from hypothesis import strategies as st

from devtools import fit_file as fit
from devtools.answers import fastest_recorded_s
from devtools.courses import Oval, Place, Road
from devtools.motion import Leg, Motion, paced, stand, took_s
from devtools.simulate import Watch, record
from devtools.writers import FitFile, LapMark, Recording, Span, write_fit, write_gpx, write_tcx
from miler.arrays import FloatArray
from miler.units import MILE_M

START = datetime(2026, 5, 6, 17, 2, tzinfo=UTC)
OXFORD = Place(Oval(), 51.7464, -1.2437, bearing_deg=38.0)
SEMICIRCLE_DEG = 180 / 2**31
NAMESPACES = {
    "t": "http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2",
    "x": "http://www.garmin.com/xmlschemas/ActivityExtension/v2",
}


@pytest.fixture(scope="module")
def run() -> Recording:
    """Ten minutes on a track, with a pause, two laps and every column."""
    rng = np.random.default_rng(3)
    motion = Motion.of(paced(1200, 300.0, rng), stand(60.0), paced(1000, 240.0, rng, standing_start=True))
    made = record(
        motion,
        Watch(),
        rng,
        start_time=START,
        place=OXFORD,
        pauses=[Span(305.0, 350.0)],
        presses_s=[304.25],
        sub_sport="track",
        name="Tea & cake",
        utc_offset_s=3600,
    )
    power = np.where(np.arange(len(made)) % 7 == 0, np.nan, 250.0)
    return replace(made, power_w=power)


def read_by_fitparse(data: bytes, name: str) -> list[dict[str, Any]]:
    return [message.get_values() for message in fitparse.FitFile(io.BytesIO(data)).get_messages(name)]


def read_by_fitdecode(data: bytes, name: str) -> list[dict[str, Any]]:
    with fitdecode.FitReader(io.BytesIO(data), error_handling=fitdecode.ErrorHandling.RAISE) as reader:
        return [
            {field.name: field.value for field in frame.fields}
            for frame in reader
            if isinstance(frame, fitdecode.FitDataMessage) and frame.name == name
        ]


READERS = pytest.mark.parametrize("read", [read_by_fitparse, read_by_fitdecode])


def column(rows: list[dict[str, Any]], name: str) -> FloatArray:
    return np.array([math.nan if row.get(name) is None else row[name] for row in rows], dtype=np.float64)


def given_column(values: FloatArray | None) -> FloatArray:
    assert values is not None
    return values


@READERS
def test_a_fit_record_says_what_the_columns_said(read: Any, run: Recording) -> None:
    rows = read(write_fit(run), "record")
    times = [(row["timestamp"].replace(tzinfo=UTC) - START).total_seconds() for row in rows]
    assert times == run.time_s.tolist()
    for name, values, step in [
        ("distance", run.distance_m, 0.01),
        ("enhanced_speed", run.speed_mps, 0.001),
        ("enhanced_altitude", run.altitude_m, 0.2),
        ("heart_rate", run.heart_rate_bpm, 1),
        ("power", run.power_w, 1),
        ("temperature", run.temperature_c, 1),
    ]:
        np.testing.assert_allclose(column(rows, name), given_column(values), rtol=0, atol=step * 0.501)
    for name, values in [("position_lat", run.latitude_deg), ("position_long", run.longitude_deg)]:
        degrees = column(rows, name) * SEMICIRCLE_DEG
        np.testing.assert_allclose(degrees, given_column(values), rtol=0, atol=SEMICIRCLE_DEG)
    strides = column(rows, "cadence") + column(rows, "fractional_cadence")
    np.testing.assert_allclose(2 * strides, given_column(run.cadence_spm), atol=1 / 64)


@READERS
def test_a_fit_file_tells_laps_pauses_and_totals(read: Any, run: Recording) -> None:
    data = write_fit(run)
    laps = read(data, "lap")
    assert [lap["total_elapsed_time"] for lap in laps] == [lap.elapsed_s for lap in run.laps]
    assert [lap["total_timer_time"] for lap in laps] == [lap.timer_s for lap in run.laps]
    assert [lap["total_distance"] for lap in laps] == [lap.distance_m for lap in run.laps]
    assert [lap["lap_trigger"] for lap in laps] == ["manual", "session_end"]
    events = [
        (e["event_type"], (e["timestamp"].replace(tzinfo=UTC) - START).seconds) for e in read(data, "event")
    ]
    assert events == [("start", 0), ("stop_all", 305), ("start", 350), ("stop_all", 600)]
    (session,) = read(data, "session")
    assert (session["sport"], session["sub_sport"], session["num_laps"]) == ("running", "track", 2)
    assert (session["total_elapsed_time"], session["total_timer_time"]) == (600.0, 555.0)
    (activity,) = read(data, "activity")
    local = activity["local_timestamp"]
    # One reader gives FIT's number, the other a date; both are the wearer's clock, an hour ahead.
    if not isinstance(local, datetime):
        local = datetime(1989, 12, 31) + timedelta(seconds=local)  # noqa: DTZ001
    assert local.replace(tzinfo=UTC) == START + timedelta(seconds=600 + 3600)


@READERS
@pytest.mark.parametrize("endian", ["<", ">"])
def test_any_definition_can_be_written(read: Any, endian: fit.Endian) -> None:
    file = FitFile(protocol=0x20, header_size=12)
    file.define(3, 207, [(3, 1, fit.UINT8)], endian)
    file.message(3, 0)
    file.define(
        2, 206, [(0, 1, fit.UINT8), (1, 1, fit.UINT8), (2, 1, fit.UINT8), (3, 12, fit.STRING)], endian
    )
    file.message(2, 0, 5, fit.UINT16, "Bounce")
    file.define(0, 20, [(253, 4, fit.UINT32), (5, 4, fit.UINT32)], endian, [(5, 2, 0, fit.UINT16)])
    file.message(0, 1_000_000_000, 12_345, 77)
    # The local number is defined anew in mid-file, and the times move into the headers.
    file.define(0, 20, [(5, 4, fit.UINT32)], endian)
    for second in range(1, 41):
        file.compressed(0, 1_000_000_000 + second, 12_345 + second)
    rows = read(file.to_bytes(), "record")
    assert [row["distance"] for row in rows] == [(12_345 + k) / 100 for k in range(41)]
    assert rows[0]["Bounce"] == 77
    seconds = [(row["timestamp"] - rows[0]["timestamp"]).total_seconds() for row in rows]
    assert seconds == list(range(41))


@pytest.mark.parametrize("base_type", [*fit.BASE_TYPES, fit.STRING, fit.BYTE])
def test_none_is_written_as_the_invalid_value(base_type: int) -> None:
    size = 4 if base_type in (fit.STRING, fit.BYTE) else np.dtype(fit.BASE_TYPES[base_type].code).itemsize
    file = FitFile()
    file.define(0, 0xFF00, [(0, size, base_type)])
    file.message(0, None)
    ((_, start, end),) = file.spans
    read = fitdecode.FitReader(io.BytesIO(file.to_bytes()))
    messages = [frame for frame in read if isinstance(frame, fitdecode.FitDataMessage)]
    value = messages[0].fields[0].value
    assert end - start == 1 + size
    assert value in (None, (None,) * size) or value == ""


@READERS
def test_an_array_field_holds_several_values(read: Any) -> None:
    file = FitFile()
    file.define(0, 78, [(0, 10, fit.UINT16)])  # hrv: up to five times between heartbeats
    file.message(0, (812, 799, None, 805))
    assert read(file.to_bytes(), "hrv")[0]["time"] == (0.812, 0.799, None, 0.805, None)


def test_damage_is_written_on_request(run: Recording) -> None:
    file = FitFile()
    file.define(0, 20, [(253, 4, fit.UINT32)])
    file.message(0, 1)
    file.raw(b"\x0f")
    sound, lying = file.to_bytes(), file.to_bytes(data_size=9999)
    assert int.from_bytes(sound[4:8], "little") == len(sound) - 16
    assert int.from_bytes(lying[4:8], "little") == 9999
    unchecked = file.to_bytes(crc=False)
    assert unchecked[12:14] == unchecked[-2:] == b"\0\0"
    assert unchecked[14:-2] == sound[14:-2]
    broken = bytearray(write_fit(run))
    broken[len(broken) // 2] ^= 0xFF
    with pytest.raises(FitCRCError):
        fitparse.FitFile(bytes(broken)).parse()


@given(
    st.lists(
        st.tuples(
            st.floats(-90, 90), st.floats(-179.99, 179.99), st.floats(0, 1e6), st.integers(0, 254) | st.none()
        ),
        min_size=1,
        max_size=20,
    )
)
def test_fit_keeps_any_columns_to_its_own_resolution(
    rows: list[tuple[float, float, float, int | None]],
) -> None:
    latitude, longitude, distance, heart_rate = (
        np.array([math.nan if v is None else v for v in values], dtype=np.float64)
        for values in zip(*rows, strict=True)
    )
    run = Recording(
        START,
        np.arange(float(len(rows))),
        latitude_deg=latitude,
        longitude_deg=longitude,
        distance_m=np.maximum.accumulate(distance),
        heart_rate_bpm=heart_rate,
    )
    back = read_by_fitparse(write_fit(run), "record")
    np.testing.assert_allclose(
        column(back, "position_lat") * SEMICIRCLE_DEG, latitude, rtol=0, atol=SEMICIRCLE_DEG
    )
    np.testing.assert_allclose(
        column(back, "position_long") * SEMICIRCLE_DEG, longitude, rtol=0, atol=SEMICIRCLE_DEG
    )
    np.testing.assert_allclose(column(back, "distance"), given_column(run.distance_m), rtol=0, atol=0.00501)
    np.testing.assert_array_equal(column(back, "heart_rate"), heart_rate)


def test_gpx_keeps_fixes_times_and_extensions(run: Recording) -> None:
    (track,) = gpxpy.parse(write_gpx(run).decode()).tracks
    assert f"{track.name}, {track.type}" == "Tea & cake, running"
    assert [len(segment.points) for segment in track.segments] == [306, 251]
    points = [point for segment in track.segments for point in segment.points]
    assert [point.time for point in points] == [run.moment(t) for t in run.time_s]
    np.testing.assert_allclose(
        [p.latitude for p in points], given_column(run.latitude_deg), rtol=0, atol=1e-7
    )
    np.testing.assert_allclose(
        [p.longitude for p in points], given_column(run.longitude_deg), rtol=0, atol=1e-7
    )
    elevation = np.array([p.elevation for p in points], dtype=np.float64)
    np.testing.assert_allclose(elevation, given_column(run.altitude_m), rtol=0, atol=0.06)
    values = {child.tag.split("}")[1]: child.text for child in points[100].extensions[0]}
    assert values == {
        "atemp": "21.0",
        "hr": f"{given_column(run.heart_rate_bpm)[100]:.0f}",
        "cad": f"{given_column(run.cadence_spm)[100] / 2:.0f}",
    }


def test_gpx_and_tcx_keep_fractions_of_seconds() -> None:
    run = Recording(START, np.array([0.0, 1.25]), latitude_deg=np.zeros(2), longitude_deg=np.ones(2))
    (track,) = gpxpy.parse(write_gpx(run).decode()).tracks
    assert track.segments[0].points[1].time == START + timedelta(seconds=1.25)
    assert b"<Time>2026-05-06T17:02:01.250Z</Time>" in write_tcx(run)


def test_gpx_without_positions_is_refused() -> None:
    with pytest.raises(ValueError, match="positions"):
        write_gpx(Recording(START, np.array([0.0])))


def test_tcx_keeps_laps_tracks_and_columns(run: Recording) -> None:
    root = ET.fromstring(write_tcx(run))
    laps = root.findall(".//t:Lap", NAMESPACES)
    assert [float(lap.findtext("t:TotalTimeSeconds", "", NAMESPACES)) for lap in laps] == [
        lap.timer_s for lap in run.laps
    ]
    assert [float(lap.findtext("t:DistanceMeters", "", NAMESPACES)) for lap in laps] == [
        lap.distance_m for lap in run.laps
    ]
    # The button came 0.75 s before the pause, so the second lap begins with one record before it.
    tracks = [[len(track) for track in lap.findall("t:Track", NAMESPACES)] for lap in laps]
    assert tracks == [[305], [1, 251]]
    points = root.findall(".//t:Trackpoint", NAMESPACES)
    for path, values, step in [
        ("t:Position/t:LatitudeDegrees", run.latitude_deg, 1e-7),
        ("t:Position/t:LongitudeDegrees", run.longitude_deg, 1e-7),
        ("t:DistanceMeters", run.distance_m, 0.01),
        ("t:AltitudeMeters", run.altitude_m, 0.1),
        ("t:HeartRateBpm/t:Value", run.heart_rate_bpm, 1),
        ("t:Extensions/x:TPX/x:Speed", run.speed_mps, 0.001),
        ("t:Extensions/x:TPX/x:Watts", run.power_w, 1),
    ]:
        read = [float(point.findtext(path, "nan", NAMESPACES)) for point in points]
        np.testing.assert_allclose(read, given_column(values), rtol=0, atol=step * 0.51)


def test_plain_streams_become_all_three_formats() -> None:
    streams: dict[str, list[float]] = {
        "time": [0, 1, 3],
        "distance": [0, 3.5, 10.1],
        "lat": [45.0, 45.00003, 45.0001],
        "lon": [9.0, 9.0, 9.0],
        "heart_rate": [120, 121, 123],
    }
    columns = {name: np.array(values) for name, values in streams.items()}
    run = Recording(
        START,
        columns["time"],
        distance_m=columns["distance"],
        latitude_deg=columns["lat"],
        longitude_deg=columns["lon"],
        heart_rate_bpm=columns["heart_rate"],
    )
    assert [row["distance"] for row in read_by_fitparse(write_fit(run), "record")] == streams["distance"]
    assert len(read_by_fitparse(write_fit(run), "lap")) == 1
    assert gpxpy.parse(write_gpx(run).decode()).tracks[0].segments[0].points[2].latitude == 45.0001
    assert b"<DistanceMeters>10.10</DistanceMeters>" in write_tcx(run)


def test_columns_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="distance_m must hold 2"):
        Recording(START, np.array([0.0, 1.0]), distance_m=np.array([0.0]))


def test_plain_tuples_will_do_for_laps_and_pauses() -> None:
    laps: Any = [(0.0, 60.0, 50.0, 200.0, "manual")]
    pauses: Any = [(10.0, 20.0)]
    run = Recording(START, np.array([0.0, 61.0]), laps=laps, pauses=pauses)
    assert run.laps == (LapMark(0.0, 60.0, 50.0, 200.0, "manual"),)
    assert (run.elapsed_s, run.timer_s) == (61.0, 51.0)


@pytest.mark.parametrize("latitude_deg", [0.0, 51.7464, -37.84])
def test_a_lap_of_the_oval_is_400_metres_on_the_ellipsoid(latitude_deg: float) -> None:
    place = Place(Oval(), latitude_deg, 144.97, bearing_deg=38.0)
    latitude, longitude = place.fixes(*place.plane(np.linspace(0, 400, 4001)))
    steps = [
        Geodesic.WGS84.Inverse(*fixes)["s12"]
        for fixes in zip(latitude[:-1], longitude[:-1], latitude[1:], longitude[1:], strict=True)
    ]
    assert sum(steps) == pytest.approx(400.0, abs=0.05)
    assert Geodesic.WGS84.Inverse(latitude[0], longitude[0], latitude[-1], longitude[-1])["s12"] < 0.01


def test_a_winding_road_is_as_long_as_it_says_and_a_loop_comes_home() -> None:
    for loop in (False, True):
        road = Road.winding(3000, np.random.default_rng(8), loop=loop)
        east, north = road.plane(np.arange(0.0, 3000.5, 1.0))
        assert np.hypot(np.diff(east), np.diff(north)).sum() == pytest.approx(3000, rel=1e-3)
        assert (math.hypot(east[-1] - east[0], north[-1] - north[0]) < 1e-6) is loop


def test_the_true_mile_of_a_known_curve_is_exact() -> None:
    # Slower into the middle and faster out of it: v = |t - 300| / 100 + 3 for ten minutes, and back again.
    motion = Motion.of([Leg(300, 3, 6), Leg(300, 6, 3)])
    effort = motion.fastest(MILE_M)
    assert effort is not None
    # By symmetry the fastest mile is centred on the peak: half of it is 6 h - h²/200.
    half_s = 600 - math.sqrt(360_000 - 100 * MILE_M)
    assert effort.elapsed_s == pytest.approx(2 * half_s, abs=1e-6)


def test_a_stop_counts_in_the_true_mile_and_a_start_waits_for_it() -> None:
    motion = Motion.of([Leg(200, 4, 4)], stand(30), [Leg(300, 5, 5)], stand(30), [Leg(200, 4, 4)])
    effort = motion.fastest(MILE_M)
    assert effort is not None
    # 1500 m at 5 m/s, 30 s at the stop, the rest at 4 m/s.
    assert effort.elapsed_s == pytest.approx(300 + 30 + (MILE_M - 1500) / 4, abs=1e-6)
    marks = np.array([800.0])
    assert (motion.arrival(marks)[0], motion.departure(marks)[0]) == (200.0, 230.0)


@given(st.integers(0, 1000), st.floats(10, 3000), st.floats(3, 6), st.booleans())
def test_a_paced_stretch_keeps_its_distance_and_time(
    seed: int, metres: float, speed: float, standing: bool
) -> None:
    rng = np.random.default_rng(seed)
    legs = paced(metres, metres / speed, rng, standing_start=standing)
    motion = Motion.of(legs)
    assert took_s(legs) == pytest.approx(metres / speed)
    assert motion.distance_m[-1] == pytest.approx(metres)
    times = np.linspace(0, metres / speed, 97)
    np.testing.assert_allclose(motion.arrival(motion.distance_at(times)), times, atol=1e-6)


def test_equal_seeds_give_equal_bytes_and_others_do_not() -> None:
    def made(seed: int) -> bytes:
        rng = np.random.default_rng(seed)
        motion = Motion.of(paced(500, 120, rng))
        return write_fit(record(motion, Watch(), rng, start_time=START, place=OXFORD))

    assert made(1) == made(1)
    assert made(1) != made(2)


def test_a_watch_has_the_faults_it_was_given() -> None:
    rng = np.random.default_rng(4)
    motion = Motion.of(paced(1500, 400, rng), stand(60), paced(1500, 400, rng))
    watch = Watch(
        distance_scale=1.01, distance_wander=0.0, fix_noise_m=2.0, fix_memory_s=20, steps_s=(2, 3, 4)
    )
    run = record(motion, watch, rng, start_time=START, place=OXFORD, pauses=[Span(403, 455)])
    distance = given_column(run.distance_m)
    assert distance[-1] == pytest.approx(3030, abs=0.01)
    np.testing.assert_array_equal(distance, distance.round(2))
    steps = np.diff(run.time_s)
    assert set(steps) <= {1.0, 2.0, 3.0, 4.0, 52.0}
    assert not ((run.time_s > 403) & (run.time_s < 455)).any()
    assert {403.0, 455.0} <= set(run.time_s)
    latitude, longitude = OXFORD.fixes(*OXFORD.plane(motion.distance_at(run.time_s)))
    error_m = np.hypot(
        (given_column(run.latitude_deg) - latitude) * 111_200,
        (given_column(run.longitude_deg) - longitude) * 111_200 * math.cos(math.radians(51.7464)),
    )
    assert 1.0 < np.sqrt((error_m**2).mean() / 2) < 3.0


def test_a_heart_lags_behind_the_effort() -> None:
    rng = np.random.default_rng(6)
    run = record(Motion.of(stand(60), paced(1500, 300, rng), stand(60)), Watch(), rng, start_time=START)
    heart_rate = given_column(run.heart_rate_bpm)
    assert heart_rate[65] < heart_rate[120] < heart_rate[350]
    assert heart_rate[365] > 1.3 * heart_rate[30]


def test_the_slow_search_finds_a_mile_that_starts_between_records() -> None:
    # 4 m/s, then a minute and a half at 8 m/s, then 4 m/s: fast part whole, the rest at 4 m/s.
    time_s = [0.0, 500.0, 590.0, 1090.0]
    distance_m = [0.0, 2000.0, 2720.0, 4720.0]
    expected = 90 + (MILE_M - 720) / 4
    assert fastest_recorded_s(time_s, distance_m, MILE_M) == pytest.approx(expected)


def test_the_slow_search_spans_a_stop_but_no_barrier() -> None:
    time_s = [0.0, 400.0, 430.0, 530.0]
    distance_m = [0.0, 1600.0, 1600.0, 2000.0]
    assert fastest_recorded_s(time_s, distance_m, MILE_M) == pytest.approx(430 + 9.344 / 4)
    assert fastest_recorded_s(time_s, distance_m, MILE_M, barriers_s=[415.0]) == math.inf
    assert fastest_recorded_s(time_s, distance_m, 400.0, barriers_s=[415.0]) == pytest.approx(100)


@given(st.integers(0, 10_000))
def test_the_slow_search_agrees_with_the_true_curve(seed: int) -> None:
    rng = np.random.default_rng(seed)
    motion = Motion.of(paced(900, 250, rng, wobble=0.1), stand(20), paced(1100, 260, rng, wobble=0.1))
    fine = np.arange(0, motion.end_s + 0.01, 0.05)
    effort = motion.fastest(1000.0)
    assert effort is not None
    found = fastest_recorded_s(fine.tolist(), motion.distance_at(fine).tolist(), 1000.0)
    assert found == pytest.approx(effort.elapsed_s, abs=0.01)
