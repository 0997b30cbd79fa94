"""The fastest stretch, exactly; and splits between two distances."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from miler.activity import Activity, Lap, Pause
from miler.crediting import measure
from miler.effort import (
    Evidence,
    cut,
    described,
    every,
    every_cut,
    fastest,
    fastest_by_timer,
    flags_of,
    lap_splits,
    quarters,
    splits,
)
from miler.odometer import Break, Odometer, timetable
from miler.settings import Settings
from miler.units import MILE_M

NOTHING = Activity(start_time=None, elapsed=np.empty(0), streams={})


def line(*points: tuple[float, float]) -> Odometer:
    """An odometer through (seconds, metres)."""
    seconds, metres = np.array(points, dtype=float).T
    return Odometer(*timetable(seconds, metres))


def test_the_fastest_stretch_need_not_begin_on_a_record() -> None:
    # 100 m at 2 m/s, 100 m at 5 m/s, 100 m at 2 m/s: the best 150 m hold the fast hundred whole.
    effort = fastest(line((0, 0), (50, 100), (70, 200), (120, 300)), 150)
    assert effort is not None
    assert effort.elapsed_s == pytest.approx(45)
    assert (effort.start_m, effort.end_m) == (50, 200)
    assert effort.start_s == 25


def test_of_several_as_fast_the_earliest_is_told() -> None:
    effort = fastest(line((0, 0), (100, 400), (200, 600), (300, 1000)), 400)
    assert effort is not None
    assert (effort.start_s, effort.elapsed_s) == (0, 100)


def test_a_stop_inside_the_mile_counts() -> None:
    stopped = line((0, 0), (200, 1000), (260, 1000), (400, 1700))
    effort = fastest(stopped, 1600)
    assert effort is not None
    assert effort.elapsed_s == pytest.approx(380)


def test_a_stop_at_the_start_or_the_end_does_not_count() -> None:
    effort = fastest(line((0, 0), (60, 0), (260, 1000), (400, 1000)), 1000)
    assert effort is not None
    assert (effort.start_s, effort.end_s) == (60, 260)


def test_a_stop_on_the_finish_line_is_found_though_centimetres_do_not_add_up() -> None:
    # 0.1 + 0.2 is not 0.3: the end of the stretch rounds past the stop at 0.3 m.
    effort = fastest(line((0, 0), (1, 0.1), (2, 0.2), (3, 0.3), (100, 0.3), (101, 0.4)), 0.2)
    assert effort is not None
    assert effort.elapsed_s == pytest.approx(2)


def test_a_run_shorter_than_asked_has_no_effort() -> None:
    run = line((0, 0), (400, 1609.34))
    assert fastest(run, MILE_M + 0.1) is None
    assert fastest(Odometer(np.empty(0), np.empty(0), np.empty(0)), 100) is None
    assert fastest(line((0, 0)), 100) is None


def test_a_run_of_exactly_the_length_has_one_though_the_watch_rounds() -> None:
    effort = fastest(line((0, 0), (300, 1609.344 - 0.0005)), MILE_M)
    assert effort is not None
    assert effort.elapsed_s == 300


@pytest.mark.parametrize("length_m", [0.0, -5.0, float("nan"), float("inf")])
def test_a_length_that_is_none_is_refused(length_m: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        fastest(line((0, 0), (10, 50)), length_m)


def test_no_effort_spans_a_break_but_one_may_end_at_it() -> None:
    run = replace(line((0, 0), (100, 500), (180, 1000)), breaks=(Break(500, 500, "teleport"),))
    effort = fastest(run, 500)
    assert effort is not None
    assert (effort.start_m, effort.elapsed_s) == (500, 80)
    assert fastest(run, 501) is None


def test_the_timer_of_an_effort_leaves_its_pauses_out() -> None:
    run = replace(line((0, 0), (100, 500), (160, 500), (260, 1000)), pauses=(Pause(100, 160),))
    effort = fastest(run, 1000)
    assert effort is not None
    assert (effort.elapsed_s, effort.timer_s) == (260, 200)
    assert effort.pace_s_per_km == 260
    assert flags_of(run, effort, Settings()) == ("pause",)


def test_flags_tell_of_gaps_and_bridges_inside_the_effort_only() -> None:
    breaks = (Break(900, 905, "glitch"),)
    run = replace(line((0, 0), (250, 1000), (500, 2000)), gaps=((300.0, 321.0),), breaks=breaks)
    effort = fastest(run, 2000)
    assert effort is not None
    assert flags_of(run, effort, Settings()) == ("gap", "glitch")
    early = replace(
        effort, start_m=0.0, end_m=800.0, start_s=0.0, end_s=200.0, elapsed_s=200.0, timer_s=200.0
    )
    assert flags_of(run, early, Settings()) == ()


def test_a_gap_is_told_from_twenty_seconds_on_or_two_per_cent_of_the_effort() -> None:
    def flags(seconds: float, gap_s: float, at_s: float = 100.0) -> tuple[str, ...]:
        run = replace(line((0, 0), (seconds, 4 * seconds)), gaps=((at_s, at_s + gap_s),))
        effort = fastest(run, 4 * seconds)
        assert effort is not None
        return flags_of(run, effort, Settings())

    assert flags(2000, 20.0) == () and flags(2000, 20.5) == ("gap",)
    assert flags(200, 3.5) == () and flags(200, 4.5) == ("gap",)


def test_what_ends_where_the_effort_begins_or_begins_where_it_ends_is_not_in_it() -> None:
    run = line((0, 0), (250, 1000), (750, 3000), (1000, 4000))
    middle = fastest(replace(run, breaks=(Break(1000, 1000, "sport"), Break(3000, 3000, "sport"))), 2000)
    assert middle is not None and (middle.start_s, middle.end_s) == (250, 750)
    outside = replace(
        run,
        gaps=((200.0, 250.0), (750.0, 800.0)),
        breaks=(Break(900, 1000, "glitch"), Break(3000, 3100, "glitch")),
    )
    assert flags_of(outside, middle, Settings()) == ()
    inside = replace(run, gaps=((200.0, 251.0),), breaks=(Break(900, 1001, "glitch"),))
    assert flags_of(inside, middle, Settings()) == ("gap", "glitch")


def test_an_effort_is_on_the_clock_and_has_no_grade_until_it_is_judged() -> None:
    effort = fastest(line((0, 0), (400, 1609.344)), MILE_M)
    assert effort is not None
    assert (effort.clock, effort.grade, effort.plausible) == ("elapsed", None, True)
    judged = replace(effort, evidence=Evidence("B", ()))
    assert judged.grade == "B" and judged.evidence is not None and not judged.evidence.on_track
    assert not replace(effort, doubts=("a car",)).plausible


def test_a_time_is_as_unsure_as_the_larger_side_of_its_interval() -> None:
    effort = fastest(line((0, 0), (400, 1609.344)), MILE_M)
    assert effort is not None
    assert replace(effort, low_s=397, high_s=408).uncertainty_s == 8
    assert replace(effort, low_s=390, high_s=401).uncertainty_s == 10


def test_a_notebook_is_shown_evidence_flags_and_doubts() -> None:
    run = line((0, 0), (400, 1609.344))
    mile = fastest(run, MILE_M)
    assert mile is not None
    evidence = Evidence("C", ("no positions", "a gap"))
    shown = replace(mile, evidence=evidence, flags=("pause",), doubts=("no runner ran it",))._repr_html_()
    assert shown.index("pause") < shown.index("no runner ran it")
    told = dict(re.findall(r"<th>(.*?)</th><td>(.*?)</td>", re.sub(r"<(t[hd])[^>]*>", r"<\1>", shown)))
    assert told == {
        "elapsed": "6:40.0",
        "timer": "6:40.0",
        "pace": "6:40 /mi · 4:09 /km",
        "from": "0:00, 0.00 km into the run",
        "evidence C": "no positions; a gap",
        "flag": "pause",
        "no best": "no runner ran it",
    }


def test_a_mile_has_four_quarters_of_440_yards() -> None:
    run = line((0, 0), (150, 804.672), (310, 1609.344), (400, 1700))
    mile = fastest(run, MILE_M)
    assert mile is not None
    four = quarters(NOTHING, run, mile)
    assert [q.length_m for q in four] == pytest.approx([402.336] * 4)
    assert [q.elapsed_s for q in four] == pytest.approx([75, 75, 80, 80])
    assert [q.index for q in four] == [1, 2, 3, 4]
    for length_m in (100, 400):
        short = fastest(run, length_m)
        assert short is not None
        assert [q.length_m for q in quarters(NOTHING, run, short)] == pytest.approx([length_m])


def test_on_the_track_the_lead_in_joins_the_first_lap() -> None:
    run = line((0, 0), (400, 1609.344))
    mile = fastest(run, MILE_M)
    assert mile is not None
    laps = splits(NOTHING, run, mile, 400)
    assert [lap.length_m for lap in laps] == pytest.approx([409.344, 400, 400, 400])
    assert [round(lap.length_m, 3) for lap in splits(NOTHING, run, mile, 5000)] == [1609.344]
    three = fastest(run, 1200)
    assert three is not None
    assert [lap.length_m for lap in splits(NOTHING, run, three, 400)] == pytest.approx([400, 400, 400])
    assert len(splits(NOTHING, run, three, 1)) == 1200
    with pytest.raises(ValueError, match="positive"):
        splits(NOTHING, run, mile, 0)


def test_standing_at_a_line_belongs_to_the_split_that_follows() -> None:
    run = line((0, 0), (100, 400), (130, 400), (230, 800))
    (first, second), (short,) = described(
        NOTHING, run, cut(run, np.array([0.0, 400.0, 800.0])), cut(run, np.array([0.0, 0.5]))
    )
    assert (first.elapsed_s, second.elapsed_s) == (100, 130)
    assert (first.pace_s_per_km, second.pace_s_per_km) == (250, 325)
    assert short.pace_s_per_km == pytest.approx(250)


def test_the_whole_run_is_cut_at_whole_kilometres_and_ends_with_the_rest() -> None:
    parts = every(NOTHING, line((0, 0), (600, 2500)), 1000)
    assert [p.length_m for p in parts] == [1000, 1000, 500]
    assert [p.elapsed_s for p in parts] == pytest.approx([240, 240, 120])
    assert every(NOTHING, line((0, 0)), 1000) == ()


def test_a_mark_beyond_the_last_whole_kilometre_cuts_nothing() -> None:
    parts = every(NOTHING, line((0, 0), (480, 2000), (540, 2300), (600, 2500)), 1000)
    assert [p.length_m for p in parts] == [1000, 1000, 500]


def test_marks_between_whole_kilometres_cut_nothing_and_hide_none() -> None:
    parts = every(NOTHING, line((0, 0), (120, 500), (600, 2500)), 1000)
    assert [(p.start_m, p.end_m) for p in parts] == [(0, 1000), (1000, 2000), (2000, 2500)]


def test_a_run_that_begins_at_a_later_mark_is_cut_at_whole_kilometres_all_the_same() -> None:
    parts = every(NOTHING, line((0, 700), (600, 2700)), 1000)
    assert [(p.start_m, p.end_m) for p in parts] == [(700, 1000), (1000, 2000), (2000, 2700)]


def test_the_watchs_laps_are_told_as_the_watch_recorded_them() -> None:
    times = np.arange(601.0)
    run = Activity(
        start_time=None,
        elapsed=times,
        streams={"distance": times * 4, "heart_rate": np.where(times < 300, 120.0, 160.0)},
        laps=(Lap(1, "manual", 0, 300, 290, 1205.0), Lap(2, "manual", 300, 300, None, None)),
    )
    first, second = lap_splits(run, measure(run))
    assert (first.length_m, first.elapsed_s, first.timer_s) == (1205, 300, 290)
    assert second.length_m == pytest.approx(1200)
    assert second.timer_s == 300
    assert [first.heart_rate_bpm, second.heart_rate_bpm] == pytest.approx([120, 160])
    assert lap_splits(NOTHING, measure(NOTHING)) == ()


def test_a_run_without_laps_has_its_kilometres_and_miles_all_the_same() -> None:
    run = line((0, 0), (600, 2500))
    cuts = every_cut(NOTHING, run, None, 400)
    assert cuts == ((), every(NOTHING, run, 1000), every(NOTHING, run, MILE_M), (), ())


def test_laps_without_any_distance_have_none_and_no_pace() -> None:
    run = Activity(
        None, np.arange(10.0), {"heart_rate": np.full(10, 99.0)}, laps=(Lap(1, None, 0, 9, None, None),)
    )
    (lap,) = lap_splits(run, measure(run))
    assert lap.length_m == 0
    assert lap.pace_s_per_km is None


def test_the_timer_clock_has_its_own_fastest_stretch() -> None:
    marks = np.array([0.0, 500.0, 1000.0, 1500.0, 2000.0])
    arrives, departs = np.array([0.0, 100, 260, 400, 540]), np.array([0.0, 160, 260, 400, 540])
    odometer = Odometer(marks, arrives, departs, pauses=(Pause(100.0, 160.0),))
    by_clock, by_timer = fastest(odometer, 1000), fastest_by_timer(odometer, 1000)
    assert by_clock is not None and (by_clock.start_m, by_clock.elapsed_s) == (500, 240)
    assert by_timer is not None and (by_timer.start_m, by_timer.timer_s, by_timer.elapsed_s) == (0, 200, 260)
    assert by_timer.clock == "timer"
    later = fastest_by_timer(replace(odometer, pauses=(Pause(200.0, 250.0),)), 500)
    assert later is not None and (later.start_s, later.end_s, later.elapsed_s) == (160, 260, 100)
    assert fastest_by_timer(replace(odometer, pauses=()), 1000) is None
