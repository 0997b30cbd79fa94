"""What a runner relies on when any reader's columns become an activity."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miler.activity import Activity, Lap, Note, Pause, Session
from miler.formats.assemble import Raw, assemble
from tests.conftest import codes

NOON_S = datetime(2026, 5, 9, 12, tzinfo=UTC).timestamp()
YEAR_S = 365 * 86_400.0


def assembled(times: list[float], streams: dict[str, list[float]] | None = None, **told: Any) -> Activity:
    """Make an activity of records at these seconds after noon."""
    columns = {name: np.array(column, np.float64) for name, column in (streams or {}).items()}
    return assemble(Raw(np.array(times, np.float64) + NOON_S, columns, **told))


def column(activity: Activity, name: str) -> list[float | None]:
    return [None if math.isnan(value) else value for value in activity[name].tolist()]


def test_sound_columns_pass_unchanged() -> None:
    activity = assembled([0, 1, 3], {"distance": [0, 3, 9], "heart_rate": [120, math.nan, 130]})
    assert activity.start_time == datetime(2026, 5, 9, 12, tzinfo=UTC)
    assert activity.elapsed.tolist() == [0, 1, 3]
    assert column(activity, "distance") == [0, 3, 9] and column(activity, "heart_rate") == [120, None, 130]
    assert not activity.notes


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=30), st.integers(0, 2_300_000_000))
def test_a_moment_is_as_far_from_the_start_as_the_file_says_to_the_last_digit(
    moments_us: list[int], later_s: int
) -> None:
    wanted = sorted({moment - min(moments_us) for moment in moments_us})
    start_s = NOON_S + later_s
    activity = assemble(
        Raw(
            start_s + np.array(moments_us) / 1e6,
            {},
            laps=[Lap(1, None, start_s + moment / 1e6, 1.0, None, None) for moment in sorted(moments_us)],
        )
    )
    assert np.round(activity.elapsed, 6).tolist() == [each / 1e6 for each in wanted]
    assert {lap.start_s for lap in activity.laps} == set(activity.elapsed.tolist())


@given(st.sets(st.integers(1, 10**7), min_size=1, max_size=30), st.integers(0, 86_000))
def test_steps_take_as_long_however_long_after_the_start(moments_ms: set[int], later_s: int) -> None:
    moments_s = NOON_S + np.array([0, *sorted(moments_ms)]) / 1e3
    steps, later = (
        np.diff(assemble(Raw(moments_s, {}, start=float(NOON_S - before_s))).elapsed)
        for before_s in (0, later_s)
    )
    assert (steps == later).all()
    whole = np.abs(steps - np.rint(steps)) < 1e-5
    assert (
        steps[whole] == np.rint(steps[whole])
    ).all()  # from 4.001 s to 8.001 s is not a hair more than four


def test_times_closer_than_a_microsecond_are_one_moment() -> None:
    activity = assembled([0, 1, 1 + 2.4e-7, 2])
    assert activity.elapsed.tolist() == [0, 1, 2]


def test_records_out_of_order_are_put_in_order_and_it_is_said() -> None:
    activity = assembled([0, 1, 5, 2, 3], {"distance": [0, 3, 15, 6, 9]})
    assert activity.elapsed.tolist() == [0, 1, 2, 3, 5]
    assert column(activity, "distance") == [0, 3, 6, 9, 15]
    (note,) = activity.notes
    assert (note.code, note.kind) == ("time_backwards", "finding") and "3 s" in note.message


@pytest.mark.parametrize("late_s", [20.0, 300.0, 5000.0, -30.0])
def test_a_few_records_with_a_wrong_clock_are_left_out_where_the_way_says_so(late_s: float) -> None:
    times = np.arange(400.0)
    times[100:103] += late_s
    along = {"distance": 3.0 * np.arange(400), "latitude": 3e-5 * np.arange(400), "longitude": np.ones(400)}
    for streams in ({"distance": along["distance"]}, {k: along[k] for k in ("latitude", "longitude")}):
        activity = assembled(times.tolist(), {name: column.tolist() for name, column in streams.items()})
        assert np.isin(activity.elapsed, np.delete(np.arange(400.0), [100, 101, 102])).all()
        assert [(n.code, n.kind) for n in activity.notes] == [("time_backwards", "damage")]


@pytest.mark.parametrize("late_s", [19.3, -19.3])
def test_a_wrong_clock_is_left_out_also_where_it_does_not_pass_the_next_record(late_s: float) -> None:
    times = 5.0 * np.arange(100)
    times[50:54] += late_s
    activity = assembled(times.tolist(), {"distance": (15.0 * np.arange(100)).tolist()})
    assert activity.elapsed.tolist() == np.delete(5.0 * np.arange(100), range(50, 54)).tolist()


def test_of_records_with_one_time_the_last_value_of_each_stream_stays() -> None:
    activity = assembled(
        [0, 1, 1, 1], {"distance": [0, 3, 4, math.nan], "heart_rate": [120, math.nan, math.nan, 121]}
    )
    assert column(activity, "distance") == [0, 4] and column(activity, "heart_rate") == [120, 121]
    assert codes(activity) == ["time_repeated"]


def test_records_with_one_time_that_do_not_disagree_are_merged_without_a_word() -> None:
    activity = assembled([0, 1, 1, 2], {"distance": [0, 3, math.nan, 6], "heart_rate": [120, 121, 121, 122]})
    assert len(activity) == 3 and not activity.notes


def test_records_without_a_possible_time_are_left_out() -> None:
    activity = assembled([0, math.nan, 2, 3 * YEAR_S, -NOON_S - 5, 4], {"distance": [0, 3, 6, 9, 12, 15]})
    assert column(activity, "distance") == [0, 6, 15]
    (note,) = activity.notes
    assert (note.code, note.kind) == ("no_time", "damage") and note.message.endswith(": 3")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("latitude", 90.5),
        ("longitude", -181.0),
        ("altitude", 25_000.0),
        ("distance", -1.0),
        ("speed", 1000.0),
        ("heart_rate", 256.0),
        ("cadence", math.inf),
        ("power", 65_000.0),
        ("temperature", -127.0),
        ("stride_length", math.inf),
    ],
)
def test_an_impossible_value_is_left_out_and_said(name: str, value: float) -> None:
    streams = {"latitude": [10.0, 10.0], "longitude": [20.0, 20.0]} | {name: [1.0, value]}
    activity = assembled([0, 1], streams)
    assert math.isfinite(activity[name][0]) and math.isnan(activity[name][1])
    assert codes(activity) == ["impossible_value"] and activity.notes[0].kind == "damage"


def test_fixes_at_null_island_and_half_fixes_are_no_fixes() -> None:
    activity = assembled([0, 1, 2], {"latitude": [0, 51.5, math.nan], "longitude": [0, -0.1, -0.1]})
    assert column(activity, "latitude") == [None, 51.5, None]
    assert column(activity, "longitude") == [None, -0.1, None]
    assert codes(activity) == ["null_fix"]


def test_a_fix_on_the_equator_is_a_fix() -> None:
    activity = assembled([0, 1], {"latitude": [0, 0.001], "longitude": [9.4, 9.4]})
    assert column(activity, "latitude") == [0, 0.001] and not activity.notes


def test_latitudes_without_longitudes_are_no_stream() -> None:
    assert "latitude" not in assembled([0, 1], {"latitude": [51.5, 51.5]})


def test_a_heart_rate_of_zero_is_a_lost_strap() -> None:
    assert column(assembled([0, 1], {"heart_rate": [0, 120]}), "heart_rate") == [None, 120]


def test_a_stream_without_any_value_is_left_out() -> None:
    activity = assembled([0, 1], {"distance": [0, 3], "power": [math.nan, math.nan], "heart_rate": [0, 0]})
    assert list(activity.streams) == ["distance"]


def test_the_session_may_begin_before_the_first_record() -> None:
    session = Session("running", None, NOON_S - 12, NOON_S + 20)
    activity = assembled([0, 1], {"distance": [0, 3]}, sessions=[session])
    assert activity.elapsed.tolist() == [12, 13]
    assert (activity.sessions[0].start_s, activity.sessions[0].end_s) == (0, 32)
    assert activity.elapsed_s == 32


@pytest.mark.parametrize("start", [NOON_S - 2 * 86_400, NOON_S + 5])
def test_a_session_that_begins_days_before_or_after_the_first_record_does_not_move_the_start(
    start: float,
) -> None:
    session = Session("running", None, start, start + 20)
    activity = assembled([0, 10], sessions=[session])
    assert activity.elapsed.tolist() == [0, 10]


def test_laps_are_numbered_in_order_of_time_from_the_start() -> None:
    laps = [Lap(7, None, NOON_S + 60, 61.5, None, None), Lap(9, None, NOON_S, 60.25, None, None)]
    activity = assembled([0, 122], laps=laps)
    assert [(lap.index, lap.start_s, lap.elapsed_s) for lap in activity.laps] == [
        (1, 0, 60.25),
        (2, 60, 61.5),
    ]


def test_a_file_with_laps_alone_is_an_activity() -> None:
    activity = assembled([], laps=[Lap(1, None, NOON_S + 5, 300.0, None, 1609.0)])
    assert len(activity) == 0 and activity.elapsed_s == 300.0
    assert activity.start_time == datetime(2026, 5, 9, 12, 0, 5, tzinfo=UTC)


def test_a_lap_of_a_later_year_does_not_make_the_run_as_long() -> None:
    laps = [Lap(1, None, NOON_S, 10.0, None, None), Lap(2, None, NOON_S + 3 * YEAR_S, 10.0, None, None)]
    activity = assembled([0, 20], laps=laps)
    assert len(activity.laps) == 1 and activity.elapsed_s == 20 and codes(activity) == ["bad_lap"]


def test_pauses_that_touch_are_one_and_empty_ones_are_none() -> None:
    spans = [(5, 9), (9, 12), (30, 30), (11, 15), (50, 60)]
    pauses = [Pause(NOON_S + start, NOON_S + end) for start, end in spans]
    activity = assembled([0, 100], pauses=pauses)
    assert activity.pauses == (Pause(5, 15), Pause(50, 60))


def test_a_device_that_knew_no_date_gives_no_date() -> None:
    activity = assemble(Raw(np.array([500.0, 501.0]), {"distance": np.array([0.0, 3.0])}))
    assert activity.start_time is None and activity.elapsed.tolist() == [0, 1]


def test_the_zone_is_that_of_the_first_fix() -> None:
    place = {"latitude": [math.nan, 51.5], "longitude": [math.nan, -0.1]}
    assert assembled([0, 1], place).time_zone == "Europe/London"
    assert assembled([0, 1], place, utc_offset_s=3600.0).time_zone == "Europe/London"
    assert assembled([0, 1], place, utc_offset_s=7200.0).time_zone == "UTC+02:00"
    assert assembled([0, 1], utc_offset_s=7200.0).time_zone == "UTC+02:00"
    assert assembled([0, 1]).time_zone is None


def test_what_the_reader_noted_comes_first() -> None:
    note = Note("fit_crc", "damage", "the checksum does not fit")
    assert codes(assembled([1, 0], notes=[note])) == ["fit_crc", "time_backwards"]


ODD = st.floats(allow_nan=True, allow_infinity=True)


@given(st.lists(st.tuples(st.floats(0, 1e4) | ODD, ODD, ODD, ODD), max_size=40))
def test_whatever_a_reader_finds_the_activity_keeps_its_promises(rows: list[tuple[float, ...]]) -> None:
    times, distance, latitude, longitude = np.array(rows, np.float64).reshape(-1, 4).T
    streams = {"distance": distance, "latitude": latitude, "longitude": longitude}
    activity = assemble(Raw(times + NOON_S, dict(streams)))  # its constructor checks every promise
    kept = {float(t) for t in activity.elapsed}
    assert len(kept) == len(activity) <= len(rows)
    assert set(activity.streams) <= set(streams)
    assert not len(activity) or activity.elapsed[0] == 0
