"""Everything miler says about one activity, in one value."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from miler.activity import Activity, Lap, Pause, Session
from miler.analysis import Analysis, analyse
from miler.settings import Settings
from miler.trace import TRACE_POINTS
from miler.units import MILE_M


def hour(**about: object) -> Activity:
    """A run of an hour at 3.5 m/s with a mile in five minutes from 20:00, and a minute's rest after it."""
    times = np.arange(0, 3601.0)
    metres = np.interp(times, [0, 1200, 1500, 1560, 3600], np.cumsum([0, 4200, MILE_M, 0, 7140]))
    values: dict[str, object] = {
        "start_time": datetime(2026, 5, 9, 17, 2, tzinfo=UTC),
        "elapsed": times,
        "streams": {"distance": metres, "heart_rate": np.where(times < 1200, 130.0, 170.0)},
        "sport": "running",
        "pauses": (Pause(1500, 1560),),
        "timer_events": True,
    }
    return Activity(**{**values, **about})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return analyse(hour())


def test_the_fastest_mile_is_found_cut_and_scored(analysis: Analysis) -> None:
    mile = analysis.mile
    assert mile is not None
    assert mile.effort.elapsed_s == pytest.approx(300)
    assert mile.effort.start_s == pytest.approx(1200)
    assert [q.elapsed_s for q in mile.quarters] == pytest.approx([75] * 4)
    assert [round(lap.length_m, 3) for lap in mile.track_laps] == [409.344, 400, 400, 400]
    assert mile.quarters[0].heart_rate_bpm == pytest.approx(170)
    assert mile.records and mile.milestone is not None


def test_efforts_of_every_length_asked_are_there_and_farther_takes_longer(analysis: Analysis) -> None:
    assert [e.name for e in analysis.efforts][:4] == ["400 m", "800 m", "1 km", "1500 m"]
    assert analysis.efforts[-1].name == "10 km"  # 12.9 km were run
    times = [e.elapsed_s for e in analysis.efforts]
    assert times == sorted(times)
    (mile,) = (e for e in analysis.efforts if e.length_m == MILE_M)
    assert analysis.mile is not None and analysis.mile.effort == mile


def test_the_mile_is_told_even_if_other_lengths_were_asked_for() -> None:
    analysis = analyse(hour(), Settings(effort_lengths_m=(400.0, 5000.0)))
    assert [e.length_m for e in analysis.efforts] == [400, 5000]
    assert analysis.mile is not None
    assert analysis.mile.effort.elapsed_s == pytest.approx(300)


def test_the_summary_tells_elapsed_timer_and_moving_time_apart(analysis: Analysis) -> None:
    summary = analysis.summary
    assert summary.elapsed_s == 3600
    assert summary.timer_s == 3540
    assert summary.moving_s == pytest.approx(3540)
    assert summary.distance_m == pytest.approx(4200 + MILE_M + 7140)
    assert (summary.records, summary.distance_source) == (3601, "device")


def test_the_timer_is_the_files_own_where_it_tells() -> None:
    session = Session("running", None, 0, 3600, timer_s=3500.0)
    assert analyse(hour(sessions=(session,))).summary.timer_s == 3500


def test_the_run_is_cut_into_kilometres_and_miles(analysis: Analysis) -> None:
    assert len(analysis.km) == 13
    assert len(analysis.miles) == 9
    for parts in (analysis.km, analysis.miles):
        assert sum(p.length_m for p in parts) == pytest.approx(analysis.summary.distance_m)


def test_the_trace_is_thin_enough_for_a_chart(analysis: Analysis) -> None:
    trace = analysis.trace
    assert {len(column) for column in vars(trace).values()} == {len(trace.elapsed_s)}
    assert TRACE_POINTS <= len(trace.elapsed_s) <= TRACE_POINTS + 301
    assert np.isnan(trace.altitude_m).all() and np.isnan(trace.east_m).all()
    at_s = trace.elapsed_s[-1] * np.array([100, 220, 255]) / TRACE_POINTS
    speeds = np.interp(at_s, trace.elapsed_s, trace.speed_mps)
    assert speeds == pytest.approx([3.5, MILE_M / 300, 0], abs=0.01)
    assert trace.distance_m[-1] == pytest.approx(analysis.summary.distance_m)


def test_the_trace_has_every_second_of_the_mile(analysis: Analysis) -> None:
    assert analysis.mile is not None
    effort, at_s = analysis.mile.effort, analysis.trace.elapsed_s
    inside = at_s[(at_s >= effort.start_s) & (at_s <= effort.end_s)]
    assert (inside[0], inside[-1]) == (effort.start_s, effort.end_s)
    assert np.diff(inside).max() <= 1 + 1e-9


def test_equal_input_gives_equal_answers(analysis: Analysis) -> None:
    again = analyse(hour())
    assert (again.efforts, again.mile, again.notes, again.summary) == (
        analysis.efforts,
        analysis.mile,
        analysis.notes,
        analysis.summary,
    )
    np.testing.assert_array_equal(again.trace.distance_m, analysis.trace.distance_m)


def test_laps_without_records_still_tell_how_far_and_how_long() -> None:
    laps = (Lap(1, None, 0, 600, 590, 2000.0), Lap(2, None, 600, 300, 300, 1000.0))
    analysis = analyse(Activity(None, np.empty(0), {}, sport="running", laps=laps))
    assert analysis.mile is None and analysis.efforts == ()
    assert (analysis.summary.distance_m, analysis.summary.elapsed_s) == (3000, 900)
    assert [s.length_m for s in analysis.lap_splits] == [2000, 1000]
    assert len(analysis.trace.elapsed_s) == 0


def test_a_run_too_short_for_a_mile_has_none() -> None:
    times = np.arange(0, 301.0)
    run = Activity(None, times, {"distance": times * 4}, sport="running")
    assert analyse(run).mile is None


def test_notes_of_the_file_and_of_the_distance_are_kept_together() -> None:
    times = np.arange(0, 601.0)
    leap = Activity(None, times, {"distance": times * 4 + np.where(times > 300, 500, 0)}, sport="running")
    assert [n.code for n in analyse(leap).notes] == ["glitch"]
    (effort, *_) = analyse(leap).efforts
    assert effort.elapsed_s == pytest.approx(100)
