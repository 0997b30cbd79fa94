"""What no runner ran is flagged, said in plain words, and kept out of bests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from miler.activity import Activity, Session
from miler.analysis import Analysis, analyse
from miler.gait import holdable_mps, sudden
from miler.plausibility import record_s
from miler.report.document import csv_row, document
from miler.report.text import render
from miler.settings import Settings
from miler.units import MILE_M


def ran(*parts: tuple[float, float], **columns: np.ndarray) -> Activity:
    """A recording of (seconds, m/s) parts, a record a second."""
    speeds = np.concatenate([np.full(int(seconds), mps) for seconds, mps in parts])
    metres = np.concatenate(([0.0], np.cumsum(speeds)))
    streams = {"distance": metres, **{k: v.astype(float) for k, v in columns.items()}}
    return Activity(None, np.arange(len(metres), dtype=float), streams, sport="running", timer_events=True)


def mile_of(analysis: Analysis) -> float | None:
    return None if analysis.mile is None else analysis.mile.effort.elapsed_s


def test_the_drive_home_with_the_watch_still_running_sets_no_best() -> None:
    analysis = analyse(ran((1800, 3.5), (60, 0.0), (500, 11.5)))
    assert mile_of(analysis) == pytest.approx(MILE_M / 3.5, abs=0.1)
    assert any(n.code == "vehicle" for n in analysis.notes)
    assert all(e.plausible for e in analysis.efforts if e.length_m <= 6000)


def test_a_ride_that_slows_down_for_a_mile_sets_no_best_either() -> None:
    analysis = analyse(ran((200, 9.0), (60, 0.0), (400, 6.6), (60, 0.0), (900, 3.0)))
    (mile,) = (e for e in analysis.efforts if e.length_m == MILE_M)
    assert not mile.plausible
    assert "carried in part" in mile.doubts[0]


def test_a_ride_that_is_called_a_run_has_no_mile_and_says_why() -> None:
    analysis = analyse(ran((2000, 9.0)))
    assert analysis.mile is None
    assert all(not e.plausible for e in analysis.efforts)
    text = render(analysis)
    assert "is no best: " in text
    assert "a vehicle or a bicycle" in text
    assert document(analysis)["efforts"][0]["plausible"] is False


def test_what_no_runner_ran_is_not_in_the_table_of_bests_either() -> None:
    assert csv_row(analyse(ran((2000, 9.0)))).rstrip("\n").endswith("," * len(Settings().effort_lengths_m))


def test_a_runner_who_says_that_it_is_true_is_believed() -> None:
    analysis = analyse(ran((2000, 9.0)), Settings(accept_implausible=True))
    assert mile_of(analysis) == pytest.approx(MILE_M / 9.0, abs=0.1)


def test_a_fast_runner_is_not_taken_for_a_car() -> None:
    analysis = analyse(ran((900, 3.0), (240, 6.9), (900, 3.0)))
    assert mile_of(analysis) == pytest.approx(MILE_M / 6.9, abs=0.1)
    assert analysis.mile is not None and analysis.mile.effort.plausible


def test_the_bicycle_of_a_triathlon_does_not_bar_its_run() -> None:
    activity = ran((1800, 11.0), (1800, 4.0))
    sessions = (Session("cycling", None, 0, 1800), Session("running", None, 1800, 3600))
    analysis = analyse(replace(activity, sport="multisport", sessions=sessions))
    assert mile_of(analysis) == pytest.approx(MILE_M / 4.0, abs=0.1)
    assert not any(n.code == "vehicle" for n in analysis.notes)


def test_a_calm_heart_at_racing_speed_is_doubted() -> None:
    calm = np.full(1201, 82.0)
    analysis = analyse(ran((1200, 5.5), heart_rate=calm))
    assert analysis.mile is None
    assert "heart rate of 82" in analysis.efforts[0].doubts[0]


def test_wheels_take_no_steps() -> None:
    steps = np.concatenate([np.full(600, 172.0), np.zeros(1201)])
    analysis = analyse(ran((600, 3.0), (1200, 5.5), cadence=steps))
    (mile,) = (e for e in analysis.efforts if e.length_m == MILE_M)
    assert "hardly a step" in mile.doubts[0]


def test_a_recording_that_is_named_a_ride_is_doubted_where_no_sport_is_said() -> None:
    ride = replace(ran((1200, 5.2)), sport="unknown", name="Morning ride")
    assert analyse(ride).mile is None
    assert analyse(replace(ride, name="Morning pride")).mile is not None


def test_records_rise_with_length_and_hold_the_mile() -> None:
    lengths = [100.0, 400.0, 1000.0, 1500.0, MILE_M, 5000.0, 42_195.0, 100_000.0, 200_000.0]
    for sex in ("M", "F"):
        times = [record_s(length_m, sex) for length_m in lengths]
        assert times == sorted(times)
    assert record_s(MILE_M) == pytest.approx(222.66)
    assert record_s(MILE_M, "F") == pytest.approx(246.42)


def test_nobody_leaps_ten_metres_within_a_second_of_jogging() -> None:
    lengths, seconds = np.full(40, 3.0), np.ones(40)
    lengths[20] = 11.0
    assert np.flatnonzero(sudden(lengths, seconds)).tolist() == [20]
    assert lengths[20] < holdable_mps(seconds)[0]


def test_setting_off_fast_after_a_rest_is_no_glitch() -> None:
    lengths = np.concatenate([np.zeros(20), [2.0, 5.0], np.full(30, 7.0), [4.0], np.zeros(20)])
    assert not sudden(lengths, np.ones(len(lengths))).any()


def test_a_few_records_have_no_usual_speed() -> None:
    assert not sudden(np.array([3.0, 90.0, 3.0]), np.ones(3)).any()
