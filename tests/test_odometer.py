"""The distance model: one distance, two clocks, like a railway timetable."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from miler.activity import Note, Pause
from miler.errors import ActivityError
from miler.odometer import Break, Odometer, Stretch, paused_by, timetable

# 800 m in 200 s, five minutes of standing there, and the rest of a mile in 212 s.
MILE = Odometer(
    np.array([0.0, 800.0, 1609.344]),
    np.array([0.0, 200.0, 712.0]),
    np.array([0.0, 500.0, 712.0]),
    stretches=(Stretch(0.0, 1609.344, "device"),),
    pauses=(Pause(210.0, 490.0),),
)


def at(value: float) -> np.ndarray:
    return np.array([value])


def test_standing_is_one_place_with_two_times() -> None:
    assert MILE.arrival(at(800.0))[0] == 200
    assert MILE.departure(at(800.0))[0] == 500


def test_between_marks_the_runner_moves_evenly() -> None:
    assert MILE.arrival(at(400.0))[0] == MILE.departure(at(400.0))[0] == 100
    assert MILE.arrival(at(1204.672))[0] == pytest.approx(606)


def test_a_place_within_a_millimetre_of_the_stop_is_the_stop() -> None:
    assert MILE.arrival(at(800.0005))[0] == 200
    assert MILE.departure(at(799.9995))[0] == 500
    assert MILE.arrival(at(800.0015))[0] == pytest.approx(500, abs=0.01)
    assert MILE.departure(at(799.9985))[0] == pytest.approx(200, abs=0.01)


def test_who_stands_before_the_first_step_is_at_the_start_from_the_first_second() -> None:
    stood = Odometer(np.array([0.0, 100.0]), np.array([0.0, 80.0]), np.array([60.0, 80.0]))
    assert (stood.arrival(at(0.0))[0], stood.departure(at(0.0))[0]) == (0, 60)


def test_within_a_millimetre_beyond_the_last_mark_the_clock_stands() -> None:
    assert MILE.departure(at(1609.3448))[0] == 712


def test_the_distance_by_a_moment_stands_still_while_the_runner_does() -> None:
    assert MILE.distance_at(np.array([0.0, 100.0, 200.0, 350.0, 500.0, 712.0])) == pytest.approx(
        [0, 400, 800, 800, 800, 1609.344]
    )


def test_a_run_as_a_line_has_a_place_twice_only_where_the_runner_stood() -> None:
    seconds, metres = MILE.line
    assert seconds.tolist() == [0, 200, 500, 712]
    assert metres.tolist() == [0, 800, 800, 1609.344]


def test_the_timer_leaves_pauses_out_and_moving_time_leaves_standing_out() -> None:
    assert MILE.timer_s(at(0.0), at(712.0))[0] == 432
    assert MILE.timer_s(at(300.0), at(400.0))[0] == 0
    assert MILE.timer_s(at(480.0), at(500.0))[0] == 10
    assert MILE.moving_s(0.5) == 412


def test_a_stretch_just_as_fast_as_asked_is_moving_and_a_slower_one_is_not() -> None:
    times = np.array([0.0, 20.0, 61.0])
    walk = Odometer(np.array([0.0, 10.0, 30.0]), times, times)
    assert walk.moving_s(0.5) == 20


def test_pauses_add_up_by_each_moment() -> None:
    pauses = (Pause(10, 20), Pause(50, 55))
    assert paused_by(pauses, np.array([0.0, 10, 15, 20, 40, 52, 60])).tolist() == [0, 0, 5, 10, 10, 12, 15]
    assert paused_by((), at(5.0)).tolist() == [0]


def test_a_timetable_has_each_distance_once() -> None:
    marks, arrives, departs = timetable(np.array([0.0, 1, 2, 3, 4]), np.array([0.0, 5, 5, 5, 9]))
    assert marks.tolist() == [0, 5, 9]
    assert arrives.tolist() == [0, 1, 4]
    assert departs.tolist() == [0, 3, 4]


def test_a_clock_that_runs_back_is_refused() -> None:
    marks = np.array([0.0, 5.0])
    with pytest.raises(ActivityError):
        Odometer(marks, np.array([0.0, 1.0]), np.array([2.0, 2.0]))
    with pytest.raises(ActivityError):
        Odometer(np.array([0.0, 0.0]), np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    with pytest.raises(ActivityError):
        Odometer(marks, np.array([0.0]), np.array([0.0]))
    with pytest.raises(ActivityError):
        Odometer(np.array([0.0, np.nan]), np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    with pytest.raises(ActivityError):  # left after the next mark was reached, and not at the first
        Odometer(np.array([0.0, 5.0, 9.0]), np.array([0.0, 1.0, 2.0]), np.array([0.0, 3.0, 3.0]))
    Odometer(marks, np.zeros(2), np.zeros(2))  # two marks within one second of a coarse clock


def test_its_arrays_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        MILE.marks[0] = 1.0


def test_a_break_at_one_place_bars_what_spans_it_but_not_what_ends_there() -> None:
    odometer = Odometer(MILE.marks, MILE.arrives, MILE.departs, breaks=(Break(800, 800, "teleport"),))
    starts, ends = np.array([0.0, 0.0, 800.0, 700.0]), np.array([1000.0, 800.0, 1609.0, 900.0])
    assert odometer.barred(starts, ends, 500).tolist() == [True, False, False, True]


def test_a_short_bridge_bars_short_efforts_only() -> None:
    assert Break(100, 110, "glitch").bars(499)
    assert not Break(100, 110, "glitch").bars(500), "two per cent is allowed, and no more"
    assert not Break(100, 400, "mended").bars(400)
    assert Break(100, 110, "sport").bars(100_000)


def test_one_long_break_hides_none_that_lies_inside_it() -> None:
    breaks = (Break(100, 900, "sport"), Break(200, 200, "teleport"), Break(950, 950, "teleport"))
    odometer = Odometer(MILE.marks, MILE.arrives, MILE.departs, breaks=breaks)
    starts, ends = np.array([0.0, 890.0, 900.0, 900.0]), np.array([100.0, 940.0, 950.0, 951.0])
    assert odometer.barred(starts, ends, 50).tolist() == [False, True, False, True]


def test_it_says_how_long_a_stretch_no_break_bars() -> None:
    breaks = (Break(100, 900, "sport"), Break(200, 200, "teleport"), Break(1000, 1010, "glitch"))
    odometer = Odometer(MILE.marks, MILE.arrives, MILE.departs, breaks=breaks)
    assert odometer.unbarred_m(499) == 1609.344 - 1010
    assert odometer.unbarred_m(500) == 1609.344 - 900, "ten metres may be bridged"
    assert MILE.unbarred_m(500) == 1609.344


def test_it_says_how_long_it_is_and_where_that_comes_from() -> None:
    assert repr(MILE) == "<Odometer 1.60 km, from device distance>"
    assert MILE.total_m == 1609.344
    assert replace(MILE, marks=MILE.marks + 500).total_m == pytest.approx(1609.344)
    empty = Odometer(np.empty(0), np.empty(0), np.empty(0))
    assert (empty.total_m, empty.source) == (0.0, "none")


def test_of_each_stretch_it_says_where_its_distance_comes_from() -> None:
    stretches = (Stretch(0, 400, "device"), Stretch(400, 1200, "track"), Stretch(1200, 1609.344, "device"))
    odometer = replace(MILE, stretches=stretches)
    assert (odometer.source, odometer.on_track, MILE.on_track) == ("device+track", True, False)
    assert odometer.source_between(0, 400) == odometer.source_between(1200, 1600) == "device"
    assert odometer.source_between(400, 1200) == "track"
    assert odometer.source_between(300, 500) == "device+track"
    assert odometer.source_between(0, 400.015) == "device+track", "more than a centimetre is on the track"
    assert odometer.source_between(400, 400) == "device+track", "of nothing at all: the whole is told"


def test_it_says_how_much_was_measured_along_a_track() -> None:
    stretches = (Stretch(100, 300, "track"), Stretch(300, 500, "device"), Stretch(500, 900, "track"))
    odometer = replace(MILE, stretches=stretches)
    assert odometer.track_m(0, 1609) == 600
    assert odometer.track_m(200, 700) == 300
    assert odometer.track_m(0, 100) == odometer.track_m(900, 1600) == odometer.track_m(350, 450) == 0


def test_notes_are_added_to_a_copy() -> None:
    note = Note("odd", "finding", "something")
    assert MILE.with_notes(note).notes == (note,)
    assert MILE.notes == ()
