"""What the reports say of a mile's worth, conditions and lights, and the profile that they need."""

from __future__ import annotations

import dataclasses
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import miler
from miler.activity import Activity
from miler.analysis import Mile, analyse
from miler.arrays import FloatArray
from miler.cli import OK, WRONG_USE, main
from miler.conditions import conditions, flat_track, gradient_cost_ratio
from miler.config import settings_from, with_settings
from miler.recordbook import marks
from miler.report.document import document, dumps
from miler.report.judged import judged
from miler.report.verdicts import condition_words, pacing_words, shape_words, worth_words
from miler.scoring import pace_lights
from miler.settings import Settings
from miler.units import MILE_M
from miler.worth import age_class, worth

LIGHTS = """
[[rival]]
name = "Bea"
time = "5:20"

[[goal]]
time = "4:59"
like = "negative:2%"
"""
SECONDS = np.linspace(0.0, 330.0, 401)
METRES = np.linspace(0.0, MILE_M, 401)
NOTHING = np.full(401, np.nan)


ON_TRACK = Activity(
    start_time=datetime(2026, 5, 9, 17, 2, tzinfo=UTC),
    elapsed=SECONDS,
    streams={"distance": METRES * (1 + 1e-9)},
    sport="running",
    sub_sport="track",
)


def mile_of(times_s: FloatArray = SECONDS, settings: Settings | None = None, **streams: Any) -> Mile:
    """The mile of a run of exactly that length."""
    activity = dataclasses.replace(ON_TRACK, elapsed=times_s, streams={**ON_TRACK.streams, **streams})
    mile = analyse(activity, settings).mile
    assert mile is not None
    return mile


# Worth


def test_without_a_profile_both_books_are_shown_and_no_age_grade() -> None:
    found = mile_of().worth
    assert [book.sex for book in found.books] == ["M", "F"]
    assert found.age is None and not any(book.age_grades for book in found.books)


def test_a_woman_of_fifty_is_graded_by_her_age_and_her_book() -> None:
    found = mile_of(settings=Settings(sex="F", birth_year=1976)).worth
    (book,) = found.books
    assert (found.age, found.surface, book.sex) == (50, "outdoor", "F")
    assert [grade.table for grade in book.age_grades] == ["WMA 2023 track"]


def test_track_and_road_grades_are_given_side_by_side_where_the_surface_is_not_said() -> None:
    (book,) = worth(300, None, "M", 50).books
    assert [round(grade.percent, 2) for grade in book.age_grades] == [84.02, 88.04]
    assert [round(g.percent, 2) for g in worth(300, "road", "M", 50).books[0].age_grades] == [88.04]


def test_a_time_is_held_against_the_records_of_every_surface_and_of_its_age() -> None:
    (book,) = worth(300, None, "M", 62).books
    held = {(s.mark.surface, s.mark.category): s.percent for s in book.shares}
    assert set(held) == {
        ("outdoor", "senior"),
        ("road", "senior"),
        ("short_track", "senior"),
        ("outdoor", "M60"),
    }
    assert held["outdoor", "M60"] == pytest.approx(100 * 289.08 / 300)


@pytest.mark.parametrize(
    ("age", "men", "women"),
    [(None, None, None), (12, "U20", "U20"), (19, "U20", "U20"), (20, None, None), (34, None, None),
     (35, "M35", "W35"), (39, "M35", "W35"), (64, "M60", "W60")],
)  # fmt: skip
def test_age_classes_are_the_field_s(age: int | None, men: str | None, women: str | None) -> None:
    assert (age_class(age, "M"), age_class(age, "F")) == (men, women)


@pytest.mark.parametrize(
    ("mile_s", "stone_s"), [(601, None), (600, None), (599.9, 600), (239.99, 240), (240, 270), (300, 360)]
)
def test_a_round_time_counts_only_below_it(mile_s: float, stone_s: float | None) -> None:
    assert worth(mile_s).milestone_s == stone_s


def test_the_words_say_how_long_a_time_would_have_been_the_record() -> None:
    said = " ".join(worth_words(worth(240.0)))
    assert "would have been the men's world record until 6 May 1954 (Roger Bannister 3:59.4)" in said
    assert "no forecast" in said


def test_a_round_time_within_the_error_is_said_to_be_that() -> None:
    assert worth_words(worth(359.5), high_s=363.0)[0].endswith("under 6:00, but its ± reaches beyond")
    assert worth_words(worth(350.0), high_s=359.0)[0].endswith("under 6:00")


def test_words_of_worth_round_no_share_up() -> None:
    said = " ".join(worth_words(worth(300.0, "road", "M", 50)))
    assert "464 points" in said and "77.1 % of the road record (3:51.3)" in said
    assert "age grade 88.0 % at 50 (USATF" in said


# Conditions


def of_heights(heights: FloatArray, sex: Any = "M") -> dict[str, Any]:
    return {c.name: c for c in conditions(METRES, heights, NOTHING, MILE_M, sex)}


def test_a_flat_mile_at_altitude_is_slowed_by_thin_air_only() -> None:
    found = of_heights(np.full(401, 1500.0))
    assert found["altitude"].effect_percent == pytest.approx(2.42)
    assert found["gradient"].effect_percent == pytest.approx(0, abs=1e-9)
    assert of_heights(np.full(401, 3000.0))["altitude"].effect_percent is None


def test_without_a_sex_altitude_costs_the_mean_of_both() -> None:
    assert of_heights(np.full(401, 1500.0), None)["altitude"].effect_percent == pytest.approx(2.465)


def test_a_steady_slope_costs_what_minetti_measured() -> None:
    found = of_heights(100 - 0.01 * METRES)
    assert found["gradient"].value == pytest.approx(-1, abs=0.01)
    assert found["gradient"].effect_percent == pytest.approx(100 * (gradient_cost_ratio(-0.01) - 1), abs=0.05)
    assert found["drop"].value == pytest.approx(10, abs=0.1)


def test_up_and_down_costs_more_than_flat() -> None:
    assert of_heights(50 + 10 * np.sin(METRES / MILE_M * 4 * np.pi))["gradient"].effect_percent > 0


def test_without_streams_or_with_a_torn_one_nothing_is_said() -> None:
    assert conditions(METRES, NOTHING, NOTHING, MILE_M) == ()
    torn = NOTHING.copy()
    torn[:100] = 5.0
    assert conditions(METRES, torn, NOTHING, MILE_M) == ()


def test_conditions_are_said_but_never_change_the_time() -> None:
    plain, high = mile_of(), mile_of(altitude=np.full(401, 1600.0), temperature=np.full(401, 31.0))
    assert high.effort.elapsed_s == plain.effort.elapsed_s
    said = condition_words(high.conditions)
    assert said[0].startswith("1600 m above the sea: 2.7 % slower by a model")
    assert said[1].startswith("31 °C")
    assert condition_words(plain.conditions) == []


def test_wind_and_shoes_beside_a_file_are_said_and_never_in_the_time(
    samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "track-mile.fit"
    run.write_bytes((samples / run.name).read_bytes())
    assert main(["report", str(run), "--format", "json"]) == OK
    plain = json.loads(capsys.readouterr().out)["fastest_mile"]
    Path(f"{run}.toml").write_text('wind = "SW 4 m/s"\nshoes = "Spike 3"\n', encoding="utf-8")
    assert main(["report", str(run), "--format", "json"]) == OK
    said = json.loads(capsys.readouterr().out)["fastest_mile"]
    assert said | {"conditions": plain["conditions"]} == plain
    told = {c["name"]: c for c in said["conditions"] if c["words"]}
    assert {name: c["words"] for name, c in told.items()} == {"wind": "SW 4 m/s", "shoes": "Spike 3"}
    assert all(c["in_the_time"] is False and c["value"] is None and c["source"] for c in told.values())
    assert main(["report", str(run)]) == OK
    text = capsys.readouterr().out
    assert "CONDITIONS     not included in the time: " in text
    assert "\n               wind “SW 4 m/s” (a headwind costs twice what a tailwind gives: " in text
    assert "\n               shoes “Spike 3” (no model)\n" in text


@pytest.mark.parametrize(("sex", "percent"), [("M", "1.3"), ("F", "1.0"), (None, "1.1")])
def test_on_a_short_track_a_flat_one_would_have_cost_a_percent(sex: Any, percent: str) -> None:
    (said,) = condition_words([flat_track(200.0, sex)])
    assert said.startswith(f"a short track, if it was flat and not banked: {percent} % slower by a model")
    indoors = dataclasses.replace(ON_TRACK, sub_sport="indoor_track")
    mile = analyse(indoors, Settings(sex=sex)).mile
    assert mile is not None and mile.worth.surface == "short_track"
    assert [c.name for c in mile.conditions] == ["flat_track"]


# Pacing in words


def test_jitter_is_said_to_be_jitter_and_compared_with_no_race() -> None:
    said = pacing_words(mile_of())
    assert said[0].startswith("GPS by itself shows a CV of up to 1.7 %")
    assert shape_words(mile_of()) == "even within what GPS can tell"
    assert not any("lost" in line or "paced like" in line for line in said)


def test_on_a_treadmill_nothing_is_said_of_gps(samples: Path) -> None:
    text = miler.render(analyse(miler.read(samples / "treadmill.fit")), "text")
    assert "even within what the sensor can tell" in text
    assert "GPS" not in text[text.index("EVENNESS") : text.index("AGAINST")]


def test_a_blow_up_is_told_in_seconds_by_quarter() -> None:
    quarters_s = np.array([75.0, 90.0, 100.0, 105.0])
    times = np.interp(METRES / MILE_M * 4, np.arange(5.0), np.append(0.0, np.cumsum(quarters_s)))
    said = " ".join(pacing_words(mile_of(times)))
    assert "more uneven than GPS explains" in said
    assert "15 s in the second, 25 s in the third and 30 s in the last" in said
    assert "would have been 5:00 " in said
    assert "less even than any of 14 record races" in said


# Lights


def test_rivals_and_goals_are_chased_at_the_quarters() -> None:
    bea, goal = mile_of(settings=Settings(own_records=LIGHTS)).pace_light
    assert (bea.name, bea.kind, goal.name, goal.kind) == ("Bea", "rival", "goal", "goal")
    assert [round(b.behind_s, 1) for b in bea.behind] == pytest.approx([2.5, 5.0, 7.5, 10.0], abs=0.1)
    assert bea.each_second is None


def test_every_second_is_told_of_records_too_where_that_is_asked_for() -> None:
    settings = Settings(sex="F", own_records=LIGHTS, every_second=True)
    lights = pace_lights(SECONDS, METRES, settings)
    assert [light.kind for light in lights] == ["rival", "goal", "record"]
    for light in lights:
        gaps = light.each_second
        assert gaps is not None and len(gaps.seconds) == 331
        assert gaps.behind_s[-1] == pytest.approx(light.behind[-1].behind_s)
        assert gaps.light_m - gaps.runner_m == pytest.approx(gaps.behind_m)
    told = judged(mile_of(settings=settings))["pace_light"][0]["each_second"]
    assert set(told) == {"seconds", "runner_m", "light_m", "behind_s", "behind_m"}
    assert {len(column) for column in told.values()} == {331}
    assert told["runner_m"][-1] == told["light_m"][-1] == MILE_M


def test_the_text_names_rivals_beside_the_records(samples: Path) -> None:
    run = miler.read(samples / "track-mile.fit")
    text = miler.render(analyse(run, Settings(own_records=LIGHTS)), "text")
    assert re.search(r"Bea 5:20\.00 +97\.\d %.*rival$", text, flags=re.MULTILINE)
    assert "WORTH" in text and "not included in the time" in text


def test_the_page_draws_the_gap_where_every_second_is_asked_for(samples: Path) -> None:
    run = miler.read(samples / "track-mile.fit")
    drawn = miler.render(analyse(run, Settings(own_records=LIGHTS, every_second=True)), "html")
    plain = miler.render(analyse(run, Settings(own_records=LIGHTS)), "html")
    assert "Gap to <bdi>Bea</bdi> at every second" in drawn
    assert "at every second" not in plain and "Behind the light" in plain


def test_the_document_stays_small_unless_every_second_is_asked_for() -> None:
    run = dataclasses.replace(Settings(), own_records=LIGHTS)
    usual, full = (
        len(dumps(document(analyse(_run(), settings))))
        for settings in (run, dataclasses.replace(run, every_second=True))
    )
    assert full > usual + 10_000


def _run() -> Activity:
    streams = {"distance": METRES * 1.0001}
    return Activity(start_time=None, elapsed=SECONDS, streams=streams, sport="running")


def test_every_share_in_the_document_leads_to_a_source() -> None:
    known = {mark.record_id: mark.source for mark in marks()}
    shown = document(analyse(_run(), Settings(birth_year=1960)))["fastest_mile"]
    ids = [share["record_id"] for book in shown["worth"]["books"] for share in book["shares"]]
    assert len(ids) > 5 and all(known[ident] for ident in ids)
    assert all(condition["in_the_time"] is False for condition in shown["conditions"])


# Profile


def test_a_profile_is_written_and_everything_else_in_the_file_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "config.toml"
    path.write_text('# mine\ngap_s = 30\nsex = "M"  # so far\n')
    assert main(["profile", "--sex", "F", "--birth-year", "1980", "--config", str(path)]) == OK
    assert path.read_text() == '# mine\ngap_s = 30\nsex = "F"  # so far\nbirth_year = 1980\n'
    settings = settings_from({}, {}, path)
    assert (settings.sex, settings.birth_year, settings.gap_s) == ("F", 1980, 30.0)
    assert "birth_year  1980" in capsys.readouterr().out


def test_a_new_profile_makes_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.toml"
    assert main(["profile", "--units", "km", "--lane", "2", "--config", str(path)]) == OK
    settings = settings_from({}, {}, path)
    assert (settings.units, settings.lane) == ("km", 2)


def test_a_profile_alone_is_shown_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("MILER_CONFIG", raising=False)
    path = tmp_path / "config.toml"
    assert main(["profile", "--config", str(path)]) == OK
    assert "not said" in capsys.readouterr().out
    assert not path.exists()


@pytest.mark.parametrize("words", [["--birth-year", "80"], ["--lane", "0"], ["--sex", "X"]])
def test_a_profile_that_does_not_fit_is_refused_before_it_is_written(
    words: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "config.toml"
    assert main(["profile", *words, "--config", str(path)]) == WRONG_USE
    assert not path.exists()


def test_settings_are_written_before_the_first_table_of_a_file() -> None:
    text = with_settings('units = "mi"\n\n[later]\nsex = "F"\n', {"sex": "M", "lane": 1})
    assert text == 'units = "mi"\n\nsex = "M"\nlane = 1\n[later]\nsex = "F"\n'


def test_a_plan_is_cut_for_the_lane_that_it_is_run_in(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "4:59", "--lane", "2", "--format", "json"]) == OK
    made = json.loads(capsys.readouterr().out)
    splits = made["splits"]
    assert made["lane"] == 2
    assert splits[0]["end_m"] == pytest.approx(1609.344 - 3 * 407.04, abs=0.02)
    assert splits[-1]["end_m"] - splits[-1]["start_m"] == pytest.approx(407.04, abs=0.01)
    assert sum(s["split_s"] for s in splits) == pytest.approx(299, abs=0.005)
