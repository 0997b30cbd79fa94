"""What must hold for every run, however it went: hypothesis makes the runs."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from miler.activity import Activity, Pause
from miler.crediting import measure
from miler.effort import cut, described, every, fastest, quarters, splits
from miler.odometer import TOLERANCE_M, Break, Odometer, timetable
from miler.windows import fastest_s, near, windows
from tests import naive

# A slow machine is no failure.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

EMPTY = Activity(start_time=None, elapsed=np.empty(0), streams={})

# Steps of whole centimetres and whole seconds, as watches write them: ties are common, stops too.
STEPS = st.lists(
    st.tuples(st.integers(1, 9), st.one_of(st.just(0), st.integers(0, 60), st.integers(1, 6000))),
    min_size=2,
    max_size=40,
)


def odometer_of(steps: list[tuple[int, int]], breaks: tuple[Break, ...] = ()) -> Odometer:
    seconds = np.cumsum([0.0, *(s for s, _ in steps)])
    metres = np.cumsum([0, *(cm for _, cm in steps)]) / 100
    return Odometer(*timetable(seconds, metres), breaks=breaks)


@st.composite
def runs(draw: st.DrawFn, *, broken: bool = False) -> Odometer:
    steps = draw(STEPS)
    odometer = odometer_of(steps)
    assume(len(odometer.marks) >= 2)
    if not broken:
        return odometer
    places = st.integers(0, len(odometer.marks) - 1)
    spans = draw(
        st.lists(st.tuples(places, places, st.sampled_from(["teleport", "glitch", "sport"])), max_size=3)
    )
    breaks = [
        Break(float(odometer.marks[min(a, b)]), float(odometer.marks[max(a, b)]), why) for a, b, why in spans
    ]
    return replace(odometer, breaks=tuple(sorted(breaks, key=lambda b: (b.from_m, b.to_m))))


def lengths(odometer: Odometer) -> st.SearchStrategy[float]:
    """Lengths that a run holds, often a whole number of centimetres: the end then lies on a mark."""
    most_cm = round(odometer.total_m * 100)
    return st.integers(1, most_cm).map(lambda cm: cm / 100) | st.floats(0.01, odometer.total_m)


@given(st.data(), runs(broken=True))
def test_the_fastest_stretch_is_the_one_that_a_patient_person_finds(
    data: st.DataObject, run: Odometer
) -> None:
    length_m = data.draw(lengths(run))
    effort, expected = fastest(run, length_m), naive.fastest(run, length_m)
    if effort is None or expected is None:
        assert effort is None and expected is None
    else:
        assert effort.elapsed_s == pytest.approx(expected, abs=1e-6)


@given(st.data(), runs(broken=True), st.floats(0.0, 2.0))
def test_what_is_not_looked_at_is_slower(data: st.DataObject, run: Odometer, spare: float) -> None:
    length_m = data.draw(lengths(run))
    every_one, (some,) = windows(run, length_m), near(run, (length_m,), spare=spare)
    if every_one is None or some is None:
        assert every_one is None and some is None
        return
    assert some.at_most_s >= (1 + spare) * every_one.joined.took_s.min() - 1e-6
    took_s = every_one.joined.took_s
    quick = (took_s <= some.at_most_s) & (took_s < np.inf)
    tried = set(zip(*(column.tolist() for column in some.joined), strict=True))
    assert tried.issuperset(zip(*(column[quick].tolist() for column in every_one.joined), strict=True))


@given(st.data(), runs(broken=True))
def test_many_lengths_looked_at_together_are_as_each_alone(data: st.DataObject, run: Odometer) -> None:
    asked = data.draw(st.lists(lengths(run) | st.just(run.total_m + 1.0), min_size=1, max_size=6))
    for length_m, together in zip(asked, near(run, asked), strict=True):
        (alone,) = near(run, (length_m,))
        if alone is None or together is None:
            assert alone is None and together is None
        else:
            assert together.joined.took_s.tolist() == alone.joined.took_s.tolist()


@given(st.data(), runs(broken=True))
def test_the_least_times_of_many_lengths_are_those_of_their_windows(
    data: st.DataObject, run: Odometer
) -> None:
    asked = data.draw(st.lists(lengths(run) | st.just(run.total_m + 1.0), min_size=1, max_size=6))
    judged = [data.draw(lengths(run)) for _ in asked]
    least = [np.nan if found is None else found.joined.took_s.min() for found in near(run, asked, judged)]
    assert fastest_s(run, asked, judged) == pytest.approx(least, abs=0, nan_ok=True)


@pytest.mark.parametrize("seed", range(12))
def test_the_fastest_stretch_of_a_long_uneven_run_with_stops_is_looked_at(seed: int) -> None:
    rng = np.random.default_rng(seed)
    seconds = np.cumsum(rng.choice([1, 1, 1, 2, 7, 60], 3000, p=[0.4, 0.2, 0.2, 0.1, 0.09, 0.01]))
    mps = np.maximum(3 + np.cumsum(rng.normal(0, 0.1, 3000)) % 2 + rng.normal(0, 0.5, 3000), 0)
    metres = np.cumsum(np.round(mps * np.diff(seconds, prepend=0) * (rng.random(3000) > 0.05), 2))
    run = Odometer(*timetable(seconds.astype(float), metres))
    asked = [50.0, 400.0, 1609.344, 5000.0]
    for length_m, some in zip(asked, near(run, asked), strict=True):
        every_one = windows(run, length_m)
        assert some is not None and every_one is not None
        assert some.joined.took_s.min() == every_one.joined.took_s.min()


@pytest.mark.parametrize("seed", range(6))
def test_nothing_faster_is_passed_over_where_places_are_less_than_a_millimetre_apart(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(20):
        metres = np.cumsum(rng.choice([0.0003, 0.001, 0.002, 0.01, 1.0, 2.5, 3.2, 50.0], 150))
        run = Odometer(*timetable(np.cumsum(rng.choice([1.0, 2.0, 30.0, 300.0], 150)), metres))
        asked = [run.total_m / 50, run.total_m / 7, run.total_m / 2, *(metres[-1] - metres[5:140:30])]
        for length_m, least_s in zip(asked, fastest_s(run, asked, asked), strict=True):
            every_one = windows(run, length_m)
            assert every_one is not None and least_s == every_one.joined.took_s.min()


@given(st.data(), runs(broken=True))
def test_no_stretch_between_the_marks_is_faster(data: st.DataObject, run: Odometer) -> None:
    length_m = data.draw(lengths(run))
    dense = naive.dense_fastest(run, length_m, starts=300)
    if dense is not None:
        effort = fastest(run, length_m)
        assert effort is not None
        # A start within a millimetre of a stop counts as the stop: that millimetre at the pace beside it.
        slack = 2 * TOLERANCE_M * max_pace(run)
        assert effort.elapsed_s <= dense + slack + 1e-9


def max_pace(run: Odometer) -> float:
    return float(((run.arrives[1:] - run.departs[:-1]) / np.diff(run.marks)).max())


@given(st.data(), runs())
def test_places_are_reached_and_left_when_a_patient_person_says(data: st.DataObject, run: Odometer) -> None:
    at_m = data.draw(st.floats(0, run.total_m) | st.sampled_from(run.marks.tolist()))
    assert run.arrival(np.array([at_m]))[0] == pytest.approx(naive.arrival(run, at_m), abs=1e-9)
    assert run.departure(np.array([at_m]))[0] == pytest.approx(naive.departure(run, at_m), abs=1e-9)


@given(st.data(), runs(broken=True))
def test_an_effort_is_as_long_as_asked_and_lies_inside_the_run(data: st.DataObject, run: Odometer) -> None:
    length_m = data.draw(lengths(run))
    effort = fastest(run, length_m)
    if effort is not None:
        assert effort.end_m - effort.start_m == pytest.approx(length_m, abs=2e-3)
        assert run.marks[0] <= effort.start_m < effort.end_m <= run.marks[-1]
        assert run.departs[0] <= effort.start_s < effort.end_s <= run.arrives[-1]


@given(st.data(), runs(), st.floats(1.0, 500.0))
def test_splits_sum_to_the_effort(data: st.DataObject, run: Odometer, lap_m: float) -> None:
    effort = fastest(run, data.draw(lengths(run)))
    assume(effort is not None and effort.length_m > 0.1)
    assert effort is not None
    for parts in (quarters(EMPTY, run, effort), splits(EMPTY, run, effort, lap_m)):
        assert parts[0].start_s == effort.start_s
        assert parts[-1].end_s == effort.end_s
        assert all(a.end_s == b.start_s and a.end_m == b.start_m for a, b in pairwise(parts))
        assert sum(p.elapsed_s for p in parts) == pytest.approx(effort.elapsed_s, abs=1e-9)
        assert sum(p.length_m for p in parts) == pytest.approx(effort.length_m, abs=2e-3)
        assert all(p.elapsed_s >= 0 for p in parts)


@given(runs(), st.floats(5.0, 500.0))
def test_splits_of_the_whole_run_cover_it(run: Odometer, length_m: float) -> None:
    parts = every(EMPTY, run, length_m)
    assume(parts)
    assert sum(p.length_m for p in parts) == pytest.approx(run.total_m, abs=2e-3)
    assert all(p.length_m <= length_m + 2e-3 for p in parts)
    assert all(a.end_m == b.start_m for a, b in pairwise(parts))


@given(st.data(), runs())
def test_farther_takes_longer(data: st.DataObject, run: Odometer) -> None:
    shorter_m, longer_m = sorted((data.draw(lengths(run)), data.draw(lengths(run))))
    shorter, longer = fastest(run, shorter_m), fastest(run, longer_m)
    assert shorter is not None and longer is not None
    slack = 2 * TOLERANCE_M * max_pace(run)
    assert shorter.elapsed_s <= longer.elapsed_s + slack + 1e-9


@given(st.data(), STEPS)
def test_a_stop_never_makes_an_effort_faster(data: st.DataObject, steps: list[tuple[int, int]]) -> None:
    run = odometer_of(steps)
    assume(len(run.marks) >= 2)
    length_m = data.draw(lengths(run))
    at = data.draw(st.integers(0, len(steps)))
    stop_s = data.draw(st.integers(1, 1000))
    stopped = odometer_of([*steps[:at], (stop_s, 0), *steps[at:]])
    before, after = fastest(run, length_m), fastest(stopped, length_m)
    assert before is not None and after is not None
    assert after.elapsed_s >= before.elapsed_s - 1e-9


@given(st.data(), runs(), st.integers(1, 10**6))
def test_the_hour_of_the_day_changes_nothing(data: st.DataObject, run: Odometer, later_s: int) -> None:
    length_m = data.draw(lengths(run))
    shifted = Odometer(run.marks, run.arrives + later_s, run.departs + later_s)
    effort, moved = fastest(run, length_m), fastest(shifted, length_m)
    assert effort is not None and moved is not None
    assert moved.elapsed_s == pytest.approx(effort.elapsed_s, abs=1e-6)


@given(st.data(), runs(), st.sampled_from([0.5, 2.0, 4.0]))
def test_half_as_fast_takes_twice_as_long(data: st.DataObject, run: Odometer, factor: float) -> None:
    length_m = data.draw(lengths(run))
    slower = Odometer(run.marks, run.arrives * factor, run.departs * factor)
    effort, scaled = fastest(run, length_m), fastest(slower, length_m)
    assert effort is not None and scaled is not None
    assert scaled.elapsed_s == pytest.approx(factor * effort.elapsed_s, rel=1e-9)
    assert scaled.start_m == pytest.approx(effort.start_m, abs=1e-9)


@given(runs(), st.integers(1, 500))
def test_a_stop_at_either_end_of_the_stretch_is_not_counted(run: Odometer, stop_s: int) -> None:
    whole = fastest(run, run.total_m)
    arrives, departs = run.arrives + stop_s, run.departs + stop_s
    arrives[0] -= stop_s
    departs[-1] += stop_s
    waited = fastest(Odometer(run.marks, arrives, departs), run.total_m)
    assert whole is not None and waited is not None
    assert waited.elapsed_s == pytest.approx(whole.elapsed_s, abs=1e-9)


SPEEDS = st.lists(st.integers(0, 700), min_size=5, max_size=120)


@given(SPEEDS, st.lists(st.integers(0, 119), max_size=6, unique=True))
def test_the_odometer_of_any_recording_keeps_its_promises(speeds_cm: list[int], bounds: list[int]) -> None:
    metres = np.cumsum([0, *speeds_cm]) / 100
    seconds = np.arange(len(metres), dtype=float)
    bounds = sorted(b for b in bounds if b < len(metres))
    pauses = tuple(Pause(float(a), float(b)) for a, b in zip(bounds[::2], bounds[1::2], strict=False))
    run = Activity(
        start_time=None,
        elapsed=seconds,
        streams={"distance": metres},
        sport="running",
        pauses=pauses,
        timer_events=True,
    )
    odometer = measure(run)  # the constructor checks its promises
    assert odometer.total_m <= metres[-1] + 1e-6
    if not pauses and max(speeds_cm) <= 500:  # a single longer step out of standing is no runner's
        assert odometer.total_m == pytest.approx(metres[-1])


@given(st.lists(st.floats(-1e4, 1e5) | st.just(float("nan")), min_size=2, max_size=60), st.booleans())
def test_nonsense_is_credited_but_never_breaks_the_promises(values: list[float], events: bool) -> None:
    run = Activity(
        start_time=None,
        elapsed=np.arange(len(values), dtype=float),
        streams={"distance": np.array(values)},
        sport="running",
        timer_events=events,
    )
    odometer = measure(run)
    assert (np.diff(odometer.marks) > 0).all()
    for length_m in (100.0, 1609.344):
        effort = fastest(odometer, length_m)
        # The record for 100 m is 9.58 s; nonsense may not beat it.
        assert effort is None or effort.elapsed_s >= length_m / 12.6


@given(
    st.lists(st.tuples(st.floats(0.1, 50), st.floats(-60, 60), st.floats(-180, 180)), min_size=2, max_size=40)
)
def test_fixes_anywhere_on_earth_never_break_the_promises(points: list[tuple[float, float, float]]) -> None:
    run = Activity(
        start_time=None,
        elapsed=np.cumsum([p[0] for p in points]),
        streams={"latitude": np.array([p[1] for p in points]), "longitude": np.array([p[2] for p in points])},
    )
    odometer = measure(run)
    assert (np.diff(odometer.marks) > 0).all()


@given(runs())
def test_cutting_a_run_at_its_marks_gives_it_back(run: Odometer) -> None:
    (parts,) = described(EMPTY, run, cut(run, run.marks))
    assert [p.end_s for p in parts] == pytest.approx(run.arrives[1:].tolist(), abs=1e-9)
