"""A runner's own records file, and what `miler records` makes of the book."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from miler import recordbook
from miler.cli import OK, WRONG_USE, main
from miler.config import settings_from
from miler.errors import SettingsError
from miler.recordbook import is_current, marks, own_book, stale, standing_records

RATIFIED = """
[[mark]]
record_id = "mile-outdoor-m-2026-kerr"
status = "ratified"
source = "ratification release"
as_of = 2027-01-20
"""
CLUB = """
[[mark]]
athlete = "Ann Example"
sex = "F"
time = "5:12.3"
date = 2026-05-09
category = "club"
source = "club championships, result list"
as_of = "2026-05-10"

[[rival]]
name = "Bea"
time = "5:05"

[[goal]]
time = "4:59.5"
like = "negative:2%"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "records.toml").write_text(CLUB + RATIFIED)
    path = tmp_path / "config.toml"
    path.write_text('units = "km"\n')
    return path


def test_a_runner_who_knows_of_the_ratification_is_compared_with_one_record() -> None:
    assert [m.athlete for m in standing_records(sex="M")] == ["Hicham El Guerrouj", "Josh Kerr"]
    (only,) = standing_records(sex="M", own=RATIFIED)
    assert (only.athlete, only.source, only.as_of) == ("Josh Kerr", "ratification release", "2027-01-20")
    el_guerrouj = next(m for m in marks() if m.record_id == "mile-outdoor-m-1999-el-guerrouj")
    assert is_current(el_guerrouj) and not is_current(el_guerrouj, RATIFIED)
    assert is_current(el_guerrouj)  # what one runner knows changes nobody else's book


def test_a_mark_of_ones_own_stands_in_a_book_of_its_own() -> None:
    mark = own_book(CLUB).marks[-1]
    assert (mark.time_s, mark.rounding, mark.category, mark.event) == (312.3, "tenth", "club", "1 mile")
    assert is_current(mark, CLUB)
    assert len(own_book(CLUB).marks) == len(marks()) + 1


def test_rivals_and_goals_have_a_name_a_time_and_a_pacing() -> None:
    bea, goal = own_book(CLUB).rivals
    assert (bea.name, bea.time_s, bea.kind, bea.like) == ("Bea", 305.0, "rival", "even")
    assert (goal.name, goal.time_s, goal.kind, goal.like) == ("goal", 299.5, "goal", "negative:2%")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[mark]", "is not TOML"),
        ("mark = 5", r"must write marks as \[\[mark\]\]"),
        ("[[record]]\n", "unknown 'record'; there are goal, mark, rival"),
        (CLUB.replace("source =", "note ="), r"\[\[mark\]\] 1 .* has no source"),
        (CLUB.replace('as_of = "2026-05-10"', ""), "has no as_of"),
        (CLUB.replace("2026-05-10", "last week"), "as_of must be a day such as 2026-05-09"),
        (CLUB.replace("athlete =", "athlet ="), "unknown 'athlet'; did you mean 'athlete'"),
        (CLUB.replace('athlete = "Ann Example"', ""), "is new to the book and lacks athlete"),
        (CLUB.replace('"5:12.3"', '"fast"'), r"\[\[mark\]\] 1 .*'fast'"),
        (CLUB.replace('sex = "F"', 'sex = "f"'), "sex must be one of F, M, not 'f'"),
        (CLUB.replace('"5:12.3"', "312.3"), "time must be text, not 312.3"),
        (CLUB.replace('name = "Bea"', ""), r"\[\[rival\]\] 1 of the records file has no name"),
        (CLUB.replace('"5:05"', '"0:00"'), "no time of a runner|'0:00'"),
    ],
)
def test_a_row_that_does_not_fit_is_named(text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as refused:
        own_book(text)
    assert "\n" not in refused.value.message


def test_the_file_beside_the_settings_is_read_with_them(config: Path) -> None:
    settings = settings_from({}, {}, config)
    assert settings.units == "km"
    assert [r.name for r in own_book(settings.own_records).rivals] == ["Bea", "goal"]


def test_a_pacing_that_nobody_has_is_refused_before_any_work(config: Path) -> None:
    file = config.with_name("records.toml")
    file.write_text(CLUB.replace("negative:2%", "wobbly"))
    with pytest.raises(SettingsError, match=r"records\.toml: no pacing is called 'wobbly'"):
        settings_from({}, {}, config)


def test_marks_pending_and_not_looked_at_for_a_year_want_another_look() -> None:
    seen = date(2026, 11, 21)
    found = {mark.record_id: why for mark, why in stale(marks(), seen)}
    assert "ratified" in found["mile-outdoor-m-2026-kerr"]
    assert "stand" in found["mile-outdoor-usa-m-2023-nuguse"]
    old = {m.record_id for m in marks() if m.as_of < "2025-11-21"}
    assert set(found) == old | {m.record_id for m in marks() if m.status == "pending"}
    assert len(stale(marks(), date(2030, 1, 1))) == len(marks())


def told(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["records", *words]) == OK
    return capsys.readouterr().out


def test_check_prints_every_row_with_where_it_was_seen(capsys: pytest.CaptureFixture[str]) -> None:
    out = told(capsys, "--check", "--category", "senior")
    assert out.index("Josh Kerr") < out.index("want another look")
    assert "seen 2026-09-27 in a World Athletics report" in out
    rows = json.loads(told(capsys, "--check", "--format", "json"))
    assert all(row["source"] and row["as_of"] for row in rows)


def test_the_book_is_filtered_by_category_country_and_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Dan King" in told(capsys, "--category", "M60")
    kenya = json.loads(told(capsys, "--country", "KEN", "--format", "json"))
    assert kenya and {row["nationality"] for row in kenya} == {"KEN"}
    pending = json.loads(told(capsys, "--status", "pending", "--format", "json"))
    assert {row["athlete"] for row in pending} == {"Josh Kerr", "Kathy Martin"}


@pytest.mark.parametrize("words", [["--category", "M99"], ["--country", "Kenya"], ["--status", "broken"]])
def test_a_filter_that_no_mark_has_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["records", *words]) == WRONG_USE
    assert "is in the book; it has" in capsys.readouterr().err


def test_every_book_has_a_progression(capsys: pytest.CaptureFixture[str]) -> None:
    indoors = told(capsys, "--progression", "--surface", "short_track", "--sex", "M")
    assert indoors.index("4:26.0          1895-11-30  Walsh") < indoors.index("3:58.9")
    assert "superseded?" in indoors and "3:45.14" in indoors
    assert "3:51.3" in told(capsys, "--progression", "--surface", "road")
    assert "3:57.91" in told(capsys, "--progression", "--category", "M40")


def test_every_mark_shows_its_source_where_sources_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    out = " ".join(told(capsys, "--progression", "--sources", "--sex", "M").split())
    for mark in recordbook.progression("M"):
        assert " ".join(mark.source.split()) in out
        assert f"seen {mark.as_of}, confidence {mark.confidence}" in out


def test_every_set_of_splits_is_shown_with_whose_it_is_and_its_source(
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = " ".join(told(capsys, "--splits").split())
    rows = json.loads(told(capsys, "--splits", "--format", "json"))
    assert len(rows) == len(recordbook.profiles())
    for race in recordbook.profiles():
        assert " ".join(race.source.split()) in out and race.convention in out
    assert "55.07, pacemaker)" in out
    assert {row["sex"] for row in json.loads(told(capsys, "--splits", "--sex", "F", "--format", "json"))} == {
        "F"
    }


def test_a_mark_of_ones_own_is_shown_with_the_book(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = told(capsys, "--config", str(config), "--category", "club")
    assert "Ann Example" in out and "club, listed" in out
    men = told(capsys, "--config", str(config), "--event", "1 mile", "--surface", "outdoor", "--sex", "M")
    assert "pending" not in men
