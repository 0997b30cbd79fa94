"""What counts as distance: one test for each row of the table, and for what watches do besides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from miler.activity import Activity, Lap, Pause, Session
from miler.arrays import FloatArray
from miler.crediting import measure
from miler.effort import fastest, flags_of
from miler.gait import holdable_mps
from miler.odometer import Odometer
from miler.settings import Settings
from tests.conftest import codes

PER_DEG = 111_319.49  # metres on the equator to a degree of longitude


def even(seconds: int, mps: float = 4.0) -> tuple[FloatArray, FloatArray]:
    """A run at even speed, a record each second: seconds and metres."""
    times = np.arange(seconds + 1, dtype=float)
    return times, times * mps


def eastward(metres: FloatArray) -> dict[str, FloatArray]:
    """Fixes on the equator, that many metres east of Greenwich."""
    return {"latitude": np.zeros(len(metres)), "longitude": metres / PER_DEG}


def run(
    times: FloatArray,
    metres: FloatArray | None = None,
    *,
    fixes: FloatArray | None = None,
    pauses: Sequence[tuple[float, float]] = (),
    sessions: Sequence[Session] = (),
    sport: str = "running",
    timer_events: bool = True,
) -> Activity:
    streams = {} if metres is None else {"distance": np.array(metres, dtype=float)}
    return Activity(
        start_time=None,
        elapsed=np.array(times, dtype=float),
        streams=streams | ({} if fixes is None else eastward(fixes)),
        sport=sport,
        pauses=tuple(Pause(*pause) for pause in pauses),
        sessions=tuple(sessions),
        timer_events=timer_events,
    )


def credited(odometer: Odometer, from_s: float, to_s: float) -> float:
    return float(np.diff(odometer.distance_at(np.array([from_s, to_s])))[0])


def seconds_for(odometer: Odometer, length_m: float) -> float | None:
    effort = fastest(odometer, length_m)
    return None if effort is None else effort.elapsed_s


# ---- the rows of the table, in its order


def test_a_pause_at_one_place_counts_on_the_clock_but_not_on_the_timer() -> None:
    times = np.concatenate([np.arange(0, 101.0), np.arange(160, 261.0)])
    metres = np.concatenate([np.arange(101) * 4.0, 400 + np.arange(101) * 4.0])
    odometer = measure(run(times, metres, pauses=[(100, 160)]))
    effort = fastest(odometer, 800)
    assert effort is not None
    assert (effort.elapsed_s, effort.timer_s) == (260, 200)
    assert flags_of(odometer, effort, Settings()) == ("pause",)
    assert odometer.notes == ()


def test_walking_on_while_the_timer_stands_gains_nothing() -> None:
    times = np.concatenate([np.arange(0, 101.0), np.arange(160, 261.0)])
    places = np.concatenate([np.arange(101) * 4.0, 480 + np.arange(101) * 4.0])
    odometer = measure(run(times, fixes=places, pauses=[(100, 160)]))
    assert odometer.total_m == pytest.approx(800, abs=0.1)
    assert seconds_for(odometer, 799) == pytest.approx(259.75, abs=0.05)


def test_no_effort_spans_a_teleport() -> None:
    times = np.concatenate([np.arange(0, 201.0), np.arange(800, 1001.0)])
    places = np.concatenate([np.arange(201) * 4.0, 3000 + np.arange(201) * 4.0])
    metres = np.concatenate([np.arange(201) * 4.0, 800 + np.arange(201) * 4.0])
    for activity in (
        run(times, metres, fixes=places, pauses=[(200, 800)]),
        run(times, fixes=places, pauses=[(200, 800)]),
    ):
        odometer = measure(activity)
        assert codes(odometer) == ["teleport"]
        assert odometer.total_m == pytest.approx(1600, abs=0.1)
        assert seconds_for(odometer, 799) == pytest.approx(199.75, abs=0.05)
        assert fastest(odometer, 801) is None


def test_a_device_that_adds_the_teleport_to_its_distance_is_not_believed() -> None:
    times = np.concatenate([np.arange(0, 201.0), np.arange(800, 1001.0)])
    places = np.concatenate([np.arange(201) * 4.0, 3000 + np.arange(201) * 4.0])
    odometer = measure(run(times, places, fixes=places, pauses=[(200, 800)]))
    assert odometer.total_m == pytest.approx(1600, abs=0.1)
    assert fastest(odometer, 801) is None


def test_a_teleport_is_seen_though_records_go_on_through_the_pause() -> None:
    times, _ = even(600)
    places = np.interp(times, [0, 200, 400, 600], [0, 800, 1100, 1900])
    odometer = measure(run(times, np.minimum(places, 800) + np.maximum(places - 1100, 0), fixes=places,
                           pauses=[(200, 400)]))  # fmt: skip
    assert codes(odometer) == ["teleport"]
    assert fastest(odometer, 801) is None


def test_in_a_gap_the_devices_distance_counts_and_a_long_gap_is_flagged() -> None:
    times = np.concatenate([np.arange(0, 101.0), np.arange(140, 241.0)])
    odometer = measure(run(times, times * 4.0))
    effort = fastest(odometer, 900)
    assert effort is not None
    assert effort.elapsed_s == pytest.approx(225)
    assert flags_of(odometer, effort, Settings()) == ("gap",)
    short = fastest(odometer, 300)
    assert short is not None
    assert flags_of(odometer, short, Settings()) == ()


def test_in_a_gap_without_device_distance_the_straight_line_counts() -> None:
    times = np.concatenate([np.arange(0, 101.0), np.arange(140, 241.0)])
    odometer = measure(run(times, fixes=times * 4.0))
    assert odometer.total_m == pytest.approx(960, abs=0.1)
    assert odometer.gaps == ((100.0, 140.0),)
    assert odometer.breaks == ()


def test_no_effort_spans_hours_without_records_in_which_nobody_ran() -> None:
    times = np.concatenate([np.arange(0, 101.0), np.arange(30_000, 30_101.0)])
    stood = np.where(times > 2000, times - 29_880, times) * 4.0
    odometer = measure(run(times, stood))
    assert codes(odometer) == ["gap"] and "no effort spans that" in odometer.notes[0].message
    assert fastest(odometer, 400) is not None
    assert fastest(odometer, 500) is None
    ran_on = measure(run(times, times * 4.0))
    assert codes(ran_on) == ["gap"]
    assert fastest(ran_on, 5000) is not None


def test_smart_recording_is_no_row_of_gaps_but_twenty_seconds_always_are_one() -> None:
    smart = np.arange(0, 900, 7.0)
    assert measure(run(smart, smart * 4.0)).gaps == ()
    sparse = np.array([0.0, 600.0, 1200.0])
    assert len(measure(run(sparse, sparse * 4.0)).gaps) == 2


def test_a_glitch_is_bridged_with_what_sound_fixes_say() -> None:
    times, metres = even(600)
    jumped = metres + np.where(times >= 300, 100.0, 0.0)
    odometer = measure(run(times, jumped, fixes=metres))
    assert codes(odometer) == ["glitch"]
    assert odometer.total_m == pytest.approx(2400, abs=0.1)
    assert odometer.notes[0].at_s == 299
    effort = fastest(odometer, 2000)
    assert effort is not None
    assert effort.elapsed_s == pytest.approx(500, abs=0.1)
    assert flags_of(odometer, effort, Settings()) == ("glitch",)


def test_a_bridge_that_sound_fixes_bear_out_bars_no_effort() -> None:
    times = np.arange(0.0, 601.0, 10.0)
    metres = 4.0 * times
    jumped = metres + np.where(times >= 300, 500.0, 0.0)
    seen, unseen = measure(run(times, jumped, fixes=metres)), measure(run(times, jumped))
    assert seconds_for(seen, 400) == pytest.approx(100, abs=0.1)
    assert [b.reason for b in seen.breaks] == ["mended"] and [b.reason for b in unseen.breaks] == ["glitch"]
    assert fastest(unseen, 1300) is None and seconds_for(seen, 1300) == pytest.approx(325, abs=0.1)


def test_a_surge_that_the_fixes_deny_is_not_run() -> None:
    times = np.arange(0.0, 601.0, 10.0)
    metres = 3.0 * times
    surged = metres + np.where(times >= 300, 25.0, 0.0)
    assert measure(run(times, surged, fixes=metres)).total_m == pytest.approx(1800, abs=0.1)
    assert measure(run(times, surged, fixes=surged)).total_m == pytest.approx(1825, abs=0.1)


def test_a_glitch_without_fixes_is_bridged_at_the_speed_around_it() -> None:
    times, metres = even(600)
    odometer = measure(run(times, metres + np.where(times >= 300, 100.0, 0.0)))
    assert odometer.total_m == pytest.approx(2400, abs=0.1)


def test_no_effort_spans_a_bridge_longer_than_a_fiftieth_of_it() -> None:
    times, metres = even(600)
    leap = 50.0 * np.clip(times - 300, 0, 10)
    odometer = measure(run(times, metres + leap))
    assert credited(odometer, 300, 310) == pytest.approx(40, abs=0.1)
    assert seconds_for(odometer, 1100) == pytest.approx(275)
    assert fastest(odometer, 1999) is None  # 40 m are more than a fiftieth
    assert measure(run(*even(600))).breaks == ()


def test_a_spike_of_fixes_is_left_out_and_bars_nothing() -> None:
    times, metres = even(600)
    places = metres.copy()
    places[300:304] += 500
    odometer = measure(run(times, fixes=places))
    assert codes(odometer) == ["glitch"]
    assert "4 fixes" in odometer.notes[0].message
    assert odometer.total_m == pytest.approx(2400, abs=0.1)
    assert seconds_for(odometer, 2300) == pytest.approx(575, abs=0.1)


def test_a_jump_of_fixes_that_does_not_return_is_not_run() -> None:
    times, metres = even(600)
    odometer = measure(run(times, fixes=metres + np.where(times >= 300, 200.0, 0.0)))
    assert odometer.total_m == pytest.approx(2400, abs=0.1)
    assert codes(odometer) == ["glitch"]


def test_a_bad_first_fix_costs_only_itself() -> None:
    times, metres = even(600)
    places = metres.copy()
    places[0] = -300.0
    odometer = measure(run(times, fixes=places))
    assert odometer.total_m == pytest.approx(2396, abs=0.1)
    assert odometer.arrives[0] == 1


def test_standing_while_fixes_drift_is_standing() -> None:
    times, _ = even(500)
    places = np.interp(times, [0, 200, 300, 500], [0, 800, 800, 1600])
    drift = np.where((times > 200) & (times < 300), np.sin(times) * 1.2, 0.0)
    odometer = measure(run(times, fixes=places + drift))
    assert odometer.total_m == pytest.approx(1600, abs=8)
    assert credited(odometer, 210, 290) == 0


def test_without_timer_events_a_gap_at_one_place_is_a_pause() -> None:
    times = np.concatenate([np.arange(0, 101.0), np.arange(160, 261.0)])
    places = np.concatenate([np.arange(101) * 4.0, 402 + np.arange(101) * 4.0])
    odometer = measure(run(times, fixes=places, timer_events=False))
    assert codes(odometer) == ["pause_inferred"]
    (pause,) = odometer.pauses
    assert pause.start_s == pytest.approx(100.5, abs=0.01)
    assert pause.end_s == 160
    effort = fastest(odometer, 800)
    assert effort is not None
    assert effort.timer_s == pytest.approx(effort.elapsed_s - 59.5, abs=0.01)
    with_events = measure(run(times, fixes=places, timer_events=True))
    assert with_events.pauses == () and with_events.notes == ()


def test_a_runner_who_went_on_through_a_gap_did_not_pause() -> None:
    times = np.concatenate([np.arange(0, 101.0), np.arange(160, 261.0)])
    odometer = measure(run(times, fixes=times * 4.0, timer_events=False))
    assert odometer.pauses == ()


def test_a_record_without_distance_is_interpolated() -> None:
    times, metres = even(600)
    metres[299:302] = np.nan
    odometer = measure(run(times, metres))
    assert credited(odometer, 298, 300) == pytest.approx(8)
    assert odometer.notes == ()


@pytest.mark.parametrize("restart_m", [0.0, 500.0])
def test_a_distance_that_restarts_is_counted_on(restart_m: float) -> None:
    times, metres = even(600)
    odometer = measure(run(times, np.where(times < 300, metres, metres - 1200 + restart_m)))
    assert codes(odometer) == ["distance_reset"]
    assert odometer.total_m == pytest.approx(2400, abs=0.1)
    assert seconds_for(odometer, 2300) == pytest.approx(575, abs=0.1)


# ---- what watches do besides


def test_a_distance_that_falls_by_centimetres_counts_no_metre_twice() -> None:
    times, metres = even(600)
    metres[300:] -= 2.5
    metres[400:] += 1.0
    odometer = measure(run(times, metres))
    assert odometer.notes == ()
    assert odometer.total_m == pytest.approx(2398.5)


def test_a_stale_value_repeated_until_one_catches_up_is_no_sprint() -> None:
    times, metres = even(600)
    stale = metres.copy()
    stale[300:308] = stale[299]
    odometer = measure(run(times, stale))
    assert odometer.notes == ()
    assert seconds_for(odometer, 36) == pytest.approx(9, abs=0.01)


def test_a_watch_that_lags_and_catches_up_in_one_step_is_no_glitch() -> None:
    times, metres = even(600)
    late = metres.copy()
    late[291:301] -= np.linspace(1, 13, 10)  # counts too little for ten seconds, then all of it
    odometer = measure(run(times, late))
    assert odometer.notes == () and odometer.breaks == ()
    assert odometer.total_m == pytest.approx(2400)
    assert seconds_for(odometer, 40) == pytest.approx(10, abs=0.2)


def test_the_watchs_few_metres_across_a_pause_count_for_events_are_whole_seconds() -> None:
    times = np.concatenate([np.arange(0, 101.0), np.arange(160, 261.0)])
    metres = np.concatenate([np.arange(101) * 4.0, 406 + np.arange(101) * 4.0])
    odometer = measure(run(times, metres, pauses=[(100, 160)]))
    assert odometer.total_m == pytest.approx(806)
    # ... but they took none of the time before the stop: an effort that ends within them waits.
    assert odometer.arrival(np.array([403.0]))[0] == pytest.approx(130)


def test_a_first_record_that_is_some_metres_on_was_run_since_the_start() -> None:
    times, metres = even(600)
    odometer = measure(run(times[5:], metres[5:]))
    assert odometer.marks[0] == 0
    assert odometer.total_m == 2400
    far = measure(run(times[5:], metres[5:] + 5000))
    assert far.marks[0] == 5020
    assert far.total_m == 2380


def test_cycling_is_not_sought_and_a_descent_is_no_glitch() -> None:
    times, metres = even(600, mps=18.0)
    odometer = measure(run(times, metres, sport="cycling"))
    assert odometer.total_m == pytest.approx(10_800)
    assert codes(odometer) == []
    assert [b.reason for b in odometer.breaks] == ["sport"]
    assert fastest(odometer, 1609.344) is None
    wanted = Settings(sports=("cycling",))
    assert seconds_for(measure(run(times, metres, sport="cycling"), wanted), 1800) == pytest.approx(100)


def test_in_a_triathlon_efforts_are_sought_in_the_run_only() -> None:
    times = np.arange(0, 1201.0)
    metres = np.interp(times, [0, 600, 1200], [0, 6000, 8400])
    sessions = [Session("cycling", None, 0, 600), Session("running", None, 600, 1200)]
    odometer = measure(run(times, metres, sport="multisport", sessions=sessions))
    effort = fastest(odometer, 1609.344)
    assert effort is not None
    assert effort.start_s >= 600
    assert effort.elapsed_s == pytest.approx(1609.344 / 4)


def test_the_fixes_stand_in_for_a_device_distance_that_never_moves() -> None:
    times, metres = even(600)
    activity = run(times, np.zeros(601), fixes=metres)
    assert measure(activity).source == "fixes"
    assert measure(activity, Settings(distance_source="device")).source == "device"
    both = run(times, metres * 1.01, fixes=metres)
    assert measure(both).total_m == pytest.approx(2424)
    assert measure(both, Settings(distance_source="fixes")).total_m == pytest.approx(2400, abs=0.1)


def test_a_recording_without_any_place_or_distance_says_so() -> None:
    odometer = measure(run(np.arange(5.0)))
    assert codes(odometer) == ["no_distance"]
    assert (odometer.total_m, odometer.source) == (0.0, "none")
    laps_only = Activity(None, np.empty(0), {}, laps=(Lap(1, None, 0.0, 600.0, None, 2000.0),))
    assert codes(measure(laps_only)) == ["no_distance"]


def test_measuring_leaves_the_activity_as_it_was() -> None:
    times, metres = even(60)
    metres[30:] += 200
    activity = run(times, metres.copy())
    measure(activity)
    assert activity["distance"].tolist() == metres.tolist()


def test_every_world_record_can_be_held_and_little_more() -> None:
    records = {9.58: 100, 19.19: 200, 43.03: 400, 100.91: 800, 206.0: 1500, 222.66: 1609.344, 440.67: 3000,
               755.36: 5000, 1571.0: 10_000, 3402.0: 21_097.5, 7235.0: 42_195}  # fmt: skip
    for seconds, metres in records.items():
        speed = metres / seconds
        assert speed < holdable_mps(np.array([seconds]))[0] < 1.21 * speed


@pytest.mark.parametrize("every_s", [2, 3, 5])
def test_a_distance_that_is_written_anew_every_few_seconds_is_no_glitch(every_s: int) -> None:
    times, _ = even(900)
    stepped = np.floor(times / every_s) * every_s * 4.0
    odometer = measure(run(times, stepped))
    assert odometer.total_m == stepped[-1]
    assert codes(odometer) == []
    mile_s = seconds_for(odometer, 1609.344)
    assert mile_s == pytest.approx(1609.344 / 4, abs=0.01)
