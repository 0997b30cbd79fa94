"""What a stream says of a span of time: averages by time, climb and fall."""

from __future__ import annotations

import numpy as np
import pytest

from miler.activity import Activity
from miler.arrays import FloatArray
from miler.streams import Level, Terrain, levels


def recorded(times: list[float] | FloatArray, **streams: list[float] | FloatArray) -> Activity:
    columns = {name: np.array(values, dtype=float) for name, values in streams.items()}
    return Activity(start_time=None, elapsed=np.array(times, dtype=float), streams=columns)


def mean(run: Activity, from_s: float, to_s: float) -> float | None:
    (value,) = Level.of(run, "heart_rate").average(np.array([from_s]), np.array([to_s]))
    return value


def test_each_value_weighs_as_long_as_it_holds() -> None:
    run = recorded([0, 1, 10], heart_rate=[100, 150, 120])
    assert mean(run, 0, 10) == pytest.approx((100 * 1 + 150 * 9) / 10)
    assert mean(run, 0.5, 2) == pytest.approx((100 * 0.5 + 150 * 1) / 1.5)


def test_records_without_a_value_are_bridged_for_half_a_minute_only() -> None:
    nan = float("nan")
    run = recorded([0, 10, 20, 100, 110], heart_rate=[100, nan, nan, 160, 160])
    assert mean(run, 0, 20) == pytest.approx(100)
    assert mean(run, 20, 110) is None
    assert mean(run, 90, 120) == pytest.approx(160)
    assert mean(run, 0, 110) is None


def test_a_span_hardly_covered_has_no_average() -> None:
    run = recorded([0, 100], heart_rate=[100, 100])
    assert mean(run, 0, 59) == 100
    assert mean(run, 0, 61) is None
    assert mean(run, -100, -50) is None


def test_many_spans_are_averaged_at_once_as_each_alone() -> None:
    rng = np.random.default_rng(7)
    run = recorded(np.arange(200.0), heart_rate=rng.normal(150, 10, 200))
    starts = np.array([0.0, 10.5, 100.25])
    ends = np.array([10.5, 100.25, 199.0])
    each = [mean(run, a, b) for a, b in zip(starts, ends, strict=True)]
    assert Level.of(run, "heart_rate").average(starts, ends) == pytest.approx(each)


def test_a_stream_that_is_not_there_has_no_average() -> None:
    nothing = Level.of(recorded([0, 1]), "power")
    assert nothing.average(np.array([0.0, 0.5]), np.array([0.5, 1.0])) == [None, None]
    assert mean(recorded([0, 1], heart_rate=[np.nan, np.nan]), 0, 1) is None


def test_a_hill_is_climbed_and_descended() -> None:
    times = np.arange(0, 601.0)
    terrain = Terrain.of(recorded(times, altitude=np.interp(times, [0, 300, 600], [20, 50, 20])))
    starts, ends = np.array([0.0, 0.0, 300.0]), np.array([600.0, 300.0, 600.0])
    climb, fall = terrain.climb_and_fall_m(starts, ends)
    assert climb == pytest.approx([30, 30, 0], abs=1)
    assert fall == pytest.approx([30, 0, 30], abs=1)


def test_a_sensor_that_trembles_on_the_flat_climbs_next_to_nothing() -> None:
    rng = np.random.default_rng(3)
    times = np.arange(0, 3601.0)
    terrain = Terrain.of(recorded(times, altitude=20 + rng.normal(0, 0.3, len(times))))
    raw_m = np.maximum(np.diff(20 + rng.normal(0, 0.3, len(times))), 0).sum()
    (climb_m,), _ = terrain.climb_and_fall_m(np.array([0.0]), np.array([3600.0]))
    assert climb_m is not None
    assert climb_m < raw_m / 8


def test_without_altitude_there_is_no_climb() -> None:
    terrain = Terrain.of(recorded([0, 1], altitude=[np.nan, 5]))
    assert terrain.climb_and_fall_m(np.array([0.0]), np.array([1.0])) == ([None], [None])


def test_the_streams_of_one_activity_are_never_taken_for_anothers() -> None:
    calm, hard = (recorded([0, 10], heart_rate=[rate, rate]) for rate in (100, 170))
    for run, rate in ((calm, 100), (hard, 170), (calm, 100)):
        assert levels(run).heart_rate.average(np.array([0.0]), np.array([10.0])) == [rate]
    assert levels(calm) is levels(calm)
