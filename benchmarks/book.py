"""Is the book right, and does all of it reach a runner? `python -m benchmarks.book [--short]`.

The claims: every published answer holds to its printed digit; points, age grades, VDOT and Riegel are
those of independent programs, on 1,000 random miles each; every fact comes with its source, and
`miler records --check` names each that wants another look; and what must hold of any pacing, light and
plan holds of as many as hypothesis tries. A fifth is told beside them: how often an evenly run mile,
measured with the noise that is claimed of GPS, is called uneven.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import json
import math
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from benchmarks.bar import Bar, skipped
from miler.cli import main as miler
from miler.pacing import DEVICE_NOISE_PERCENT, pacing
from miler.recordbook import age_tables, marks, profiles
from miler.settings import Sex
from miler.units import MILE_M
from miler.worth import age_grade, points, riegel_s, vdot

RANDOM_MILES = 1000

_KNOWN = (
    "tests/test_scoring.py::test_record_races_score_as_worked_out_by_hand",
    "tests/test_scoring.py::test_plain_quarters_score_as_worked_out_by_hand",
    "tests/test_scoring.py::test_where_the_laps_lie_changes_the_score_of_the_same_printed_times",
    "tests/test_scoring.py::test_published_spreads_land_where_the_scale_says",
    "tests/test_pacing.py::test_steps_from_quarter_to_quarter_are_those_worked_out_by_hand",
    "tests/test_pacing.py::test_plain_quarters_step_as_worked_out_by_hand",
    "tests/test_worth.py::test_points_are_those_of_the_scoring_tables",
    "tests/test_worth.py::test_a_slow_mile_scores_nothing_and_never_less",
    "tests/test_worth.py::test_age_grades_are_those_of_the_published_tables",
    "tests/test_worth.py::test_standards_are_those_of_the_published_tables",
    "tests/test_worth.py::test_vdot_of_a_mile_is_daniels_own",
    "tests/test_worth.py::test_conversions_are_the_field_s_factors",
    "tests/test_worth.py::test_gradients_cost_what_minetti_measured",
    "tests/test_worth.py::test_the_drop_that_a_road_record_allows_is_worth_half_a_percent",
    "tests/test_worth.py::test_altitude_slows_by_the_model_s_values",
    "tests/test_worth.py::test_a_flat_short_track_mile_is_worth_less_time_on_a_banked_one",
    "tests/test_worth.py::test_lanes_are_as_long_as_tracks_are_built",
    "tests/test_worth.py::test_a_mile_run_in_lane_two_is_longer",
    "tests/test_geodesy.py::test_a_sphere_is_wrong_by_up_to_half_a_percent_and_miler_is_not",
)
_PROPERTIES = (
    "tests/test_scoring.py::test_even_pace_scores_100_however_it_is_cut",
    "tests/test_scoring.py::test_only_even_pace_scores_100",
    "tests/test_scoring.py::test_a_slower_runner_with_the_same_pattern_has_the_same_score",
    "tests/test_scoring.py::test_the_order_of_equal_laps_does_not_matter_to_the_score",
    "tests/test_scoring.py::test_the_score_falls_as_the_spread_grows",
    "tests/test_pacelight.py::test_the_light_of_a_record_meets_the_holder_s_time_at_the_line",
    "tests/test_pacelight.py::test_the_gaps_are_what_stopping_the_watch_at_every_second_finds",
    "tests/test_pacelight.py::test_a_plan_s_splits_sum_to_the_goal",
)


def bars(short: bool) -> Iterator[Bar]:
    """Measure the four bars of the record book, and the noise floor; `short` changes nothing."""
    yield _tests("the book: published answers hold to their printed digit", _KNOWN)
    yield _against_athlib()
    yield _against_running_performance()
    yield from _sources()
    yield _tests("the book: properties of score, light and plan", _PROPERTIES)
    yield _jitter()


class _Count:
    """A plugin of pytest that counts how tests ended."""

    def __init__(self) -> None:
        self.passed = self.failed = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count one phase of one test."""
        if report.failed:
            self.failed += 1
        elif report.when == "call" and report.passed:
            self.passed += 1


def _tests(name: str, nodes: tuple[str, ...]) -> Bar:
    count = _Count()
    with redirect_stdout(io.StringIO()):
        code = pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist", *nodes], plugins=[count])
    met = code == pytest.ExitCode.OK and count.failed == 0 and count.passed > 0
    return Bar(name, f"{count.passed} of {count.passed + count.failed}", "all", met)


def _against_athlib() -> Bar:
    name, goal = "the book: points and age grades against athlib", "the same, to 1e-6 %"
    if importlib.util.find_spec("athlib") is None:
        return skipped(name, goal, "athlib is not installed")
    import athlib

    random, differ, worst = np.random.default_rng(2026), 0, 0.0
    ages = random.integers(30, 105, RANDOM_MILES)
    for time_s, age in zip(random.uniform(215, 415, RANDOM_MILES), ages, strict=True):
        sex: Sex = "F" if random.random() < 0.5 else "M"
        hundredths_s = math.ceil(float(time_s) * 100) / 100
        differ += points(hundredths_s, sex) != athlib.hungarian_score(sex, "OUT", "MILE", hundredths_s)
        ours = age_grade(hundredths_s, int(age), sex)
        theirs = 100 * athlib.ag2023.calculate_age_grade(sex.lower(), int(age), "MILE", hundredths_s)
        worst = max(worst, math.inf if ours is None else abs(ours.percent - theirs))
    figure = f"points differ in {differ} of {RANDOM_MILES}, age grades by {worst:.0e} % at most"
    return Bar(name, figure, goal, differ == 0 and worst < 1e-6)


def _against_running_performance() -> Bar:
    name, goal = "the book: VDOT and Riegel against running-performance", "equal to 1e-6"
    if importlib.util.find_spec("running_performance") is None:
        return skipped(name, goal, "running-performance is not installed")
    from running_performance.riegel import riegel_prediction
    from running_performance.vo2max import VO2Max

    worst = 0.0
    for time_s in np.random.default_rng(2027).uniform(215, 900, RANDOM_MILES).tolist():
        worst = max(
            worst,
            abs(vdot(time_s) - VO2Max(MILE_M, time_s, None)),
            abs(riegel_s(time_s, MILE_M, 5000) / riegel_prediction(MILE_M, time_s, 5000) - 1),
        )
    return Bar(name, f"differ by {worst:.1e} at most in {RANDOM_MILES} each", goal, worst < 1e-6)


def _sources() -> Iterator[Bar]:
    """Ask the program itself, as a runner would."""
    shown = _told("records") + _told("records", "--splits")
    sourced = sum(bool(row["source"] and row["as_of"]) for row in shown)
    tables = sum(bool(table.source and table.as_of) for table in age_tables())
    facts = len(marks()) + len(profiles())
    figure = f"{sourced} of {facts} marks and split sets, {tables} of {len(age_tables())} age tables"
    met = sourced == len(shown) == facts and tables == len(age_tables())
    yield Bar("the book: facts that reach the runner with source and date", figure, "all", met)
    year_ago = (datetime.now(UTC).date() - timedelta(days=365)).isoformat()
    due = {m.record_id for m in marks() if m.status == "pending" or m.as_of < year_ago}
    listed = {row["record_id"] for row in _told("records", "--check")}
    figure = f"{len(listed & due)} of {len(due)} due, {len(listed - due)} others"
    yield Bar("the book: rows that --check lists", figure, "all due, no others", listed == due)


def _told(*words: str) -> list[dict[str, str]]:
    """What the program says to a runner without settings and records of their own."""
    with TemporaryDirectory() as folder, redirect_stdout(io.StringIO()) as out:
        nobodys = Path(folder, "config.toml")
        nobodys.touch()
        miler([*words, "--format", "json", "--config", str(nobodys)])
    rows: list[dict[str, str]] = json.loads(out.getvalue())
    return rows


def _jitter() -> Bar:
    """How often the claimed noise alone is called uneven."""
    random = np.random.default_rng(2028)
    times, metres = np.array([0.0, 360.0]), np.array([0.0, MILE_M])
    called = 0
    for _ in range(RANDOM_MILES):
        quarters_s = (90 * (1 + random.normal(0, DEVICE_NOISE_PERCENT / 100, 4))).tolist()
        called += not pacing(quarters_s, times, metres, DEVICE_NOISE_PERCENT).within_noise
    figure = f"{100 * called / RANDOM_MILES:.1f} % of {RANDOM_MILES}"
    return Bar("the book: even miles called uneven for GPS jitter", figure, "5 %, within 2", called <= 70)


def main() -> None:
    """Print the bars."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="the same: this takes seconds")
    for bar in bars(parser.parse_args().short):
        print(f"{bar.name:<66}  {bar.figure:<70}  {bar.goal:<24}  {bar.met}")


if __name__ == "__main__":
    main()
