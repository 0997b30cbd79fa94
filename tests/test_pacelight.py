"""The light to chase, the plan that is cut from it, and the workout that a watch can take."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from fitparse import FitFile
from hypothesis import given
from hypothesis import strategies as st

from miler.cli import main
from miler.errors import SettingsError
from miler.pacelight import chase, even, halves, light_of, like, races
from miler.plan import COURSES, Course, plan
from miler.recordbook import Mark, marks
from miler.report.plans import rows
from miler.scoring import behind_light
from miler.units import MILE_M, pace_figure
from miler.workout import as_fit, as_tcx

GOALS_S = st.floats(min_value=210, max_value=1200)
PACINGS = st.sampled_from(["even", "negative:2%", "positive:1.5", *races()])
COURSE = st.sampled_from(list(COURSES))
MADE = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize("mark", marks(), ids=lambda m: m.record_id)
def test_the_light_of_a_record_meets_the_holder_s_time_at_the_line(mark: Mark) -> None:
    light = light_of(mark)
    assert light.time_s == pytest.approx(mark.time_s, abs=1e-9)
    assert light.length_m == mark.length_m
    assert float(light.metres_at(mark.time_s)) == pytest.approx(mark.length_m)
    assert (np.diff(light.times_s) > 0).all() and (np.diff(light.distances_m) > 0).all()


def test_el_guerrouj_passes_half_way_where_he_did() -> None:
    (record,) = (m for m in marks() if m.record_id == "mile-outdoor-m-1999-el-guerrouj")
    light = light_of(record)
    if light.profile_id is not None:
        assert float(light.seconds_at(MILE_M / 2)) == pytest.approx(111.6, abs=0.6)


@given(GOALS_S, PACINGS, COURSE)
def test_a_plan_s_splits_sum_to_the_goal(goal_s: float, pacing: str, course: Course) -> None:
    made = plan(like(pacing, MILE_M, goal_s), course)
    assert sum(split.split_s for split in made.splits) == pytest.approx(goal_s, abs=0.01)
    assert made.splits[-1].total_s == pytest.approx(goal_s, abs=1e-9)
    assert made.splits[-1].end_m == pytest.approx(MILE_M)
    assert all(a.end_m == b.start_m and a.total_s < b.total_s for a, b in pairwise(made.splits))


@given(GOALS_S, COURSE)
def test_an_even_plan_has_the_pace_that_was_asked_for_in_every_split(goal_s: float, course: Course) -> None:
    made = plan(like("even", MILE_M, goal_s), course)
    asked = (pace_figure(goal_s / MILE_M * 1000, "mi"), pace_figure(goal_s / MILE_M * 1000, "km"))
    assert {row[-2:] for row in rows(made)} == {asked}


@pytest.mark.parametrize(
    ("length_m", "course", "lengths_m"),
    [
        (MILE_M, "400", [409.344, 400, 400, 400]),
        (MILE_M, "200", [209.344, *[200] * 7]),
        (MILE_M, "road", [402.336] * 4),
        (1500, "400", [300, 400, 400, 400]),
        (800, "400", [400, 400]),
        (300, "400", [300]),
    ],
)
def test_laps_of_a_track_end_at_the_finish_line(
    length_m: float, course: Course, lengths_m: list[float]
) -> None:
    made = plan(even(length_m, 300), course)
    assert [split.end_m - split.start_m for split in made.splits] == pytest.approx(lengths_m)


@given(GOALS_S, st.floats(min_value=-20, max_value=20))
def test_a_negative_split_is_as_negative_as_asked_for(goal_s: float, percent: float) -> None:
    light = halves(MILE_M, goal_s, percent)
    half_s = float(light.seconds_at(MILE_M / 2))
    assert light.time_s == pytest.approx(goal_s)
    assert 100 * (1 - (goal_s - half_s) / half_s) == pytest.approx(percent, abs=1e-6)


@pytest.mark.parametrize("word", ["el-guerrouj", "1999-EL-GUERROUJ", "hassan", "1954-bannister", "cram"])
def test_a_race_is_found_by_its_name_or_part_of_it(word: str) -> None:
    assert like(word, MILE_M, 299).name.startswith("like ")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("el-guerouj-1999", "did you mean 'el-guerrouj-1999'"),
        ("kipyegon", "may be"),
        ("negative:60%", "up to 25"),
        ("fast", "no pacing"),
        ("negativ:2%", "did you mean 'negative:2%'"),
    ],
)
def test_another_pacing_is_refused_with_the_nearest(word: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        like(word, MILE_M, 299)


def test_who_runs_with_the_light_is_never_behind_it() -> None:
    light = even(MILE_M, 300)
    chased = chase(light, light.times_s, light.distances_m)
    assert np.abs(chased.behind_s).max() < 1e-9
    assert np.abs(chased.behind_m).max() < 1e-9


def test_a_runner_ten_seconds_slower_ends_ten_seconds_and_no_metre_behind() -> None:
    chased = chase(even(MILE_M, 300), [0.0, 310.0], np.array([0.0, MILE_M]))
    assert chased.seconds[-1] == 310
    assert chased.behind_s[-1] == pytest.approx(10)
    assert chased.behind_m[-1] == pytest.approx(0)
    at_300 = int(np.flatnonzero(chased.seconds == 300)[0])
    assert chased.behind_m[at_300] == pytest.approx(MILE_M * 10 / 310)


def test_a_faster_runner_is_ahead_until_the_light_comes_in() -> None:
    chased = chase(even(MILE_M, 300), [0.0, 290.0], np.array([0.0, MILE_M]))
    assert (chased.behind_s[1:] < 0).all()
    assert chased.seconds[-1] == 300
    assert chased.behind_m[-1] == pytest.approx(0)
    assert chased.behind_s[-1] == pytest.approx(-10)


@given(
    st.lists(st.tuples(st.floats(0.5, 30), st.floats(0, 80)), min_size=1, max_size=30),
    st.floats(200, 900),
    st.sampled_from(["even", "hassan", "el-guerrouj"]),
)
def test_the_gaps_are_what_stopping_the_watch_at_every_second_finds(
    steps: list[tuple[float, float]], light_s: float, pacing: str
) -> None:
    steps = [*steps, (5.0, 20.0)]  # ends on the move
    times = np.cumsum([0.0, *(s for s, _ in steps)])
    metres = np.cumsum([0.0, *(m for _, m in steps)])
    light = like(pacing, float(metres[-1]), light_s)
    gaps = chase(light, times, metres)
    assert gaps.seconds[:-1].tolist() == list(range(len(gaps.seconds) - 1))
    for second, runner_m, light_m, behind_s, behind_m in zip(*vars(gaps).values(), strict=True):
        assert runner_m == pytest.approx(np.interp(second, times, metres))
        assert light_m == pytest.approx(float(light.metres_at(second)))
        assert behind_m == pytest.approx(light_m - runner_m, abs=1e-6)
        assert light.seconds_at(runner_m) + behind_s == pytest.approx(min(second, times[-1]))
    assert gaps.behind_s[-1] == pytest.approx(behind_light(light, times, metres)[-1].behind_s)


# --- workouts ------------------------------------------------------------------------------------------


@given(GOALS_S, PACINGS, COURSE)
def test_a_fit_workout_says_what_the_plan_says(goal_s: float, pacing: str, course: Course) -> None:
    made = plan(like(pacing, MILE_M, goal_s), course)
    with FitFile(as_fit(made, "1mi 4:59", MADE)) as read:
        messages = [(m.name, m.get_values()) for m in read.get_messages()]
    names = [name for name, _ in messages]
    assert names == ["file_id", "workout", *["workout_step"] * (len(made.splits) + 1)]
    assert messages[0][1]["type"] == "workout"
    assert messages[1][1]["wkt_name"] == "1mi 4:59"
    assert messages[1][1]["num_valid_steps"] == len(made.splits) + 1
    for split, (_, step) in zip(made.splits, messages[3:], strict=True):
        length_m = split.end_m - split.start_m
        assert step["duration_distance"] == pytest.approx(length_m, abs=0.006)
        low, high = step["custom_target_speed_low"], step["custom_target_speed_high"]
        assert low < length_m / split.split_s < high


def test_a_long_name_is_cut_at_a_character() -> None:
    made = plan(even(MILE_M, 300))
    with FitFile(as_fit(made, "é" * 30, MADE)) as read:
        (workout,) = read.get_messages("workout")
    assert workout.get_values()["wkt_name"] == "é" * 11


def test_a_tcx_workout_is_xml_with_a_step_a_split() -> None:
    made = plan(even(MILE_M, 300))
    root = ElementTree.fromstring(as_tcx(made, "<mile & more>").encode())
    space = "{http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2}"
    assert [int(e.text or "") for e in root.iter(f"{space}Meters")] == [409, 400, 400, 400]
    assert [e.text for e in root.iter(f"{space}Name")] == [
        "<mile & more>", "76.3 to 1:16.3", "74.6 to 2:30.9", "74.5 to 3:45.4", "74.6 to 5:00.0"
    ]  # fmt: skip


# --- the verb -------------------------------------------------------------------------------------------


def test_plan_prints_the_splits_to_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "5:00"]) == 0
    out = capsys.readouterr().out
    assert "1 mile in 5:00.0" in out
    assert "409.3" in out and "1:16.3" in out  # 300 s * 409.344 / 1609.344, to the tenth


@pytest.mark.parametrize(("track", "splits"), [("400", 4), ("200", 8), ("road", 4)])
def test_plan_cuts_the_mile_as_it_is_run_there(
    track: str, splits: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", "5:00", "--track", track, "--format", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["splits"]) == splits


def test_plan_writes_json_and_workouts(tmp_path: Path) -> None:
    for format in ("json", "fit", "tcx", "text"):
        to = tmp_path / f"plan.{format}"
        assert main(["plan", "4:59", "--like", "hassan", "--format", format, "-o", str(to)]) == 0
        assert to.stat().st_size > 100
    document = json.loads((tmp_path / "plan.json").read_text())
    assert sum(split["split_s"] for split in document["splits"]) == pytest.approx(299, abs=0.01)
    assert list(tmp_path.glob(".miler-*")) == []


def test_a_lane_by_habit_is_left_out_where_it_has_no_length(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MILER_LANE", "3")
    assert main(["plan", "5:00"]) == main(["plan", "5:00", "--track", "200"]) == 0
    on_400_m, on_200_m = capsys.readouterr().out.split("1 mile")[1:]
    assert "lane 3" in on_400_m and "lane" not in on_200_m


@pytest.mark.parametrize("words", [["plan"], ["plan", "0:05"], ["plan", "nonsense"], ["plan", "9:00:00"]])
def test_plan_refuses_what_is_no_goal(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err


def test_plan_lists_the_races_to_follow(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--races"]) == 0
    assert "el-guerrouj-1999" in capsys.readouterr().out
