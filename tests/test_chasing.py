"""What a runner relies on when he runs his mile again against a light."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from miler.activity import Activity
from miler.analysis import Analysis, analyse
from miler.formats import decode
from miler.report.chasing import PaceLight, pace_light
from miler.settings import Settings
from miler.units import MILE_M, lag

SAMPLES = Path(__file__).parents[1] / "sample_files"
RIVALS = """
[[rival]]
name = "Bea <b>\u202e"
time = "5:05"

[[goal]]
time = "4:59"
"""

samples = pytest.mark.parametrize(
    "name", ["track-mile.fit", "road-run-pauses.fit", "phone-spike.gpx", "treadmill.fit"]
)


@cache
def sample(name: str, own_records: str = "") -> tuple[Analysis, PaceLight]:
    (activity,) = decode((SAMPLES / name).read_bytes(), name=name)
    analysis = analyse(activity, Settings(own_records=own_records))
    light = pace_light(analysis)
    assert light is not None
    return analysis, light


@samples
def test_the_gap_at_the_finish_is_that_of_the_records(name: str) -> None:
    analysis, light = sample(name)
    assert analysis.mile is not None
    last = light.behind.rows[-1]
    for cell, record in zip(last[2:], analysis.mile.records, strict=False):
        assert cell.startswith(lag(record.behind[-1].behind_s, 0))
    assert last[-1] == "0 s\n0 m"  # one's own time, at even pace


@samples
def test_the_way_is_a_mile_long_and_to_scale(name: str) -> None:
    _, light = sample(name)
    x, y = (np.array(light.data["way"][axis]) for axis in "xy")
    assert np.hypot(np.diff(x), np.diff(y)).sum() == pytest.approx(MILE_M, rel=0.03)
    left, top, width, height = light.drawn.box
    assert left <= x.min() and x.max() <= left + width
    assert top <= y.min() and y.max() <= top + height


@samples
def test_the_script_is_told_the_mile_as_it_was_measured(name: str) -> None:
    analysis, light = sample(name)
    assert analysis.mile is not None
    runner = light.data["runner"]
    assert (runner["times_s"][0], runner["metres"][0]) == (0, 0)
    assert runner["times_s"][-1] == pytest.approx(analysis.mile.effort.elapsed_s, abs=1e-3)
    assert runner["metres"][-1] == pytest.approx(MILE_M, abs=0.01)
    for quarter in analysis.mile.quarters:
        end_m, end_s = (
            getattr(quarter, f"end_{u}") - getattr(analysis.mile.effort, f"start_{u}") for u in "ms"
        )
        assert np.interp(end_m, runner["metres"], runner["times_s"]) == pytest.approx(end_s, abs=0.1)
    assert [one["name"] for one in light.data["lights"]] == list(light.lights)


def test_a_track_is_drawn_where_one_was_found_and_for_who_ran_nowhere() -> None:
    drawn = {name: sample(name)[1].where for name in ("track-mile.fit", "treadmill.fit", "phone-spike.gpx")}
    assert list(drawn.values()) == ["track", "standard", "course"]


def test_a_place_that_never_changes_is_no_course() -> None:
    at_s = np.arange(0.0, 600.0)
    streams = {"distance": at_s * 4, "latitude": 0 * at_s + 51.5, "longitude": 0 * at_s}
    light = pace_light(analyse(Activity(None, at_s, streams, "running")))
    assert light is not None and light.where == "standard"


def test_rivals_and_goals_are_chased_before_the_records() -> None:
    _, light = sample("track-mile.fit", RIVALS)
    assert light.lights[0] == "Bea <b>\\u202e 5:05"  # as it is printed anywhere
    assert "4:59" in light.lights[1]
    assert light.lights[-2:] == ("next: 5:00 at even pace", "your own time at even pace")
    assert light.behind.rows[-1][2].startswith("+23 s")


def test_no_mile_no_light() -> None:
    analysis, _ = sample("treadmill.fit")
    assert pace_light(Analysis(**{**vars(analysis), "mile": None})) is None
