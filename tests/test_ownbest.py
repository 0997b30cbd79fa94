"""Own bests: most runners' record is their own."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miler.analysis import analyse
from miler.cli import OK, main
from miler.files import find, read
from miler.library import Library
from miler.library.importing import Way, analysis_of, import_files
from miler.ownbest import OwnBest, Ran, own_bests, own_marks
from miler.report.document import document
from miler.report.render import render
from miler.report.words import own_best_words
from miler.settings import Settings
from miler.units import MILE_M

DAY = date(2026, 5, 9)
YOUNG, LAST_YEAR = Ran("1999-06-01", 268.0, "club"), Ran("2025-07-01", 331.0, "activity 3")
SPRING = Ran("2026-04-11", 333.0, "activity 7")
MARKS = """
[[mark]]
athlete = "Ann Example"
sex = "F"
time = "4:51.3"
date = "2019"
place = "Oldtown"
source = "club championships, result list"
as_of = 2026-05-10

[[mark]]
athlete = "A friend"
sex = "M"
time = "4:31.3"
date = 2019-07-01
category = "club"
source = "the same list"
as_of = 2026-05-10
"""


def test_the_mark_to_beat_is_the_fastest_before() -> None:
    assert own_bests(330.0, DAY, [LAST_YEAR, SPRING]) == (OwnBest(LAST_YEAR, None, -1.0),)
    assert own_bests(330.0, DAY, []) == ()


def test_a_later_mile_does_not_take_a_best_back() -> None:
    assert own_bests(330.0, DAY, [Ran("2026-05-10", 300.0, "activity 9"), Ran("2026-05-09", 310.0, "")]) == ()


def test_the_best_at_this_age_stands_beside_the_best_of_all() -> None:
    found = own_bests(330.0, DAY, [YOUNG, LAST_YEAR, SPRING], birth_year=1980)
    assert found == (OwnBest(YOUNG, None, 62.0), OwnBest(SPRING, 46, -3.0))
    assert own_bests(330.0, DAY, [YOUNG, LAST_YEAR, SPRING]) == found[:1]


def test_a_best_of_all_that_was_run_at_this_age_is_told_once() -> None:
    assert own_bests(340.0, DAY, [LAST_YEAR, SPRING, Ran("2026-01-01", 329.0, "")], 1980)[1:] == ()


MILES = st.builds(
    Ran, st.dates(date(2020, 1, 1), date(2026, 12, 31)).map(str), st.floats(200, 900), st.just("activity 1")
)


@given(st.floats(200, 900), st.lists(MILES), st.sampled_from([None, 1980]))
def test_no_mile_before_was_faster_than_the_best(
    time_s: float, others: list[Ran], birth_year: int | None
) -> None:
    before = [ran for ran in others if ran.day < DAY]
    found = own_bests(time_s, DAY, others, birth_year)
    assert bool(found) == bool(before)
    for own in found:
        rivals = [ran for ran in before if own.age is None or ran.day.year == DAY.year]
        assert own.ran.time_s == min(ran.time_s for ran in rivals)
        assert own.behind_s == time_s - own.ran.time_s


def test_the_runner_s_own_marks_are_those_without_another_category() -> None:
    assert own_marks(MARKS) == (Ran("2019", 291.3, "Oldtown"),)
    assert own_marks("") == ()
    assert own_bests(300.0, date(2019, 8, 1), own_marks(MARKS)) == ()  # nobody knows which came first


def test_words_round_nothing_in_the_runner_s_favour_and_doubt_what_the_measure_may_have_made() -> None:
    slower, faster = OwnBest(LAST_YEAR, None, 6.41), OwnBest(SPRING, 46, -1.29)
    assert own_best_words([slower, faster], 3.0) == [
        "own best until then 5:31.0 of 1 Jul 2025 (activity 3): 7 s to find",
        "own best at 46 until then 5:33.0 of 11 Apr 2026 (activity 7): beaten by 1 s,"
        " within the ± of this mile",
    ]
    sure, unsure = replace(LAST_YEAR, uncertainty_s=0.05), replace(LAST_YEAR, uncertainty_s=12.0)
    assert own_best_words([OwnBest(ran, None, 6.41) for ran in (sure, unsure)], 0.4) == [
        "own best until then 5:31.00 of 1 Jul 2025 (activity 3): 6.5 s to find",
        "own best until then 5:31 of 1 Jul 2025 (activity 3): 7 s to find",
    ]
    (nothing,) = own_best_words([OwnBest(LAST_YEAR, None, -0.4)], 3.0)
    assert nothing.endswith("(activity 3): equalled, within the ± of this mile")
    (minutes,) = own_best_words([OwnBest(LAST_YEAR, None, 101.3)])
    assert minutes.endswith("1:41.3 to find")
    assert own_best_words([OwnBest(Ran("2019", 300.0, "club"), None, 0.0)])[0].endswith(
        "2019 (club): equalled"
    )


def test_a_report_names_the_own_best_of_the_records_file(samples: Path) -> None:
    analysis = analyse(read(samples / "track-mile.fit"), Settings(own_records=MARKS))
    assert analysis.mile is not None and analysis.mile.own_bests[0].ran.where == "Oldtown"
    text = render(analysis, "text")
    assert " /mi\n               own best until then 4:51.3 of 2019 (Oldtown): " in text
    assert "A friend" not in text
    assert "Own best until then 4:51.3" in render(analysis, "html")
    (told,) = document(analysis)["fastest_mile"]["own_bests"]
    assert (told["day"], told["time_s"], told["age"]) == ("2019", 291.3, None)


@pytest.fixture
def library(tmp_path: Path, samples: Path) -> Path:
    """A library of two miles: a road run, and after it the track mile."""
    for name in ("road-run-pauses.fit", "track-mile.fit"):
        shutil.copy(samples / name, tmp_path / name)
    path = tmp_path / "miler.db"
    with Library(path) as opened:
        list(import_files(opened, list(find([str(tmp_path)])), Settings(birth_year=1980), Way()))
    return path


def test_the_library_knows_the_best_until_then(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Library(library) as opened:
        earlier, later = sorted(opened.history(MILE_M), key=lambda dated: dated.day)
        assert opened.own_bests(earlier.activity_id) == ()
        (own,) = opened.own_bests(later.activity_id)
        ran = Ran(earlier.day.isoformat(), earlier.elapsed_s, f"activity {earlier.activity_id}")
        assert replace(own.ran, uncertainty_s=None) == ran
        assert own.ran.uncertainty_s == pytest.approx(10.4, abs=0.1)
        assert own.behind_s == pytest.approx(later.elapsed_s - earlier.elapsed_s)
        opened.exclude(earlier.activity_id)
        assert opened.own_bests(later.activity_id) == ()
        opened.include(earlier.activity_id)
        opened.exclude(later.activity_id, MILE_M)
        assert opened.own_bests(later.activity_id) == ()  # a mile that does not count beats nothing
        opened.include(later.activity_id)
        opened.set(later.activity_id, wind="SW 4 m/s", shoes="Spike 3")
        again = analysis_of(opened, later.activity_id)
    assert again.mile is not None and again.mile.own_bests == (own,)
    assert {c.name: c.words for c in again.mile.conditions if c.words} == {
        "wind": "SW 4 m/s",
        "shoes": "Spike 3",
    }
    assert main(["show", str(later.activity_id), "--library", str(library)]) == OK
    shown = capsys.readouterr().out.splitlines()
    assert shown[1] == "not included in the time: wind SW 4 m/s, shoes Spike 3"
    assert shown[2].startswith("own best until then ") and f"(activity {earlier.activity_id})" in shown[2]
