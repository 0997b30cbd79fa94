"""What a runner asks of the years: bests of a kind, lists by any condition, two miles, a trend, an export."""

from __future__ import annotations

import csv
import json
import re
import shlex
import shutil
import sqlite3
import sys
import xml.etree.ElementTree as ET
from contextlib import closing
from dataclasses import asdict, replace
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miler import LibraryError, SettingsError, analyse
from miler.cli import OK, SOME_FAILED, WRONG_USE, main
from miler.library import Dated, Filter, Library
from miler.library.comparing import Runner, compared, runner_of
from miler.library.connection import APPLICATION_ID
from miler.library.exporting import activity_of
from miler.plan import COURSES, planned
from miler.report import comparison, plans, trend, trend_page
from miler.report.look import Look
from miler.trends import MOST_POINTS, trend_of
from miler.units import MILE_M, format_sure, parse_duration
from tests import naive
from tests.conftest import ROOT, SAMPLES, Miler
from tests.library_dump import write_run

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="module")
def six(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The six sample files, read once: intervals 1, spike 2, road 3, track 4, treadmill 5, truncated 6."""
    path = tmp_path_factory.mktemp("six") / "library.db"
    assert main(["import", str(SAMPLES), "--library", str(path)]) == OK
    with Library(path) as library:
        library.set(4, kind="race", shoes="Spike 3", wind="SW 4 m/s", tags="club,evening")
        library.set(3, kind="Time Trial", shoes="Flyer", surface="track")
    return path


@pytest.fixture(autouse=True)
def path(six: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copy = shutil.copy(six, tmp_path / "library.db")
    monkeypatch.setenv("MILER_LIBRARY", str(copy))
    return Path(copy)


@pytest.fixture
def library(path: Path) -> Library:
    return Library(path)


@pytest.mark.parametrize(
    ("condition", "numbers"),
    [
        (["--kind", "race"], {4}),
        (["--kind", "time_trial"], {3}),
        (["--surface", "track"], {3, 4}),  # 3 by what was said, 4 by what the file says
        (["--surface", "treadmill"], {5}),
        (["--surface", "road"], set()),  # the file says so of 3, the runner knows better
        (["--shoes", "spike"], {4}),
        (["--tag", "CLUB"], {4}),
        (["--tag", "clu"], set()),
        (["--min-distance", "5mi"], {1, 3}),
        (["--max-distance", "3mi", "--min-distance", "4k"], {4, 6}),
        (["--year", "2026", "--until", "2026-02-28"], {2, 5}),
        (["--year", "2025"], set()),
        (["--note", "pause_inferred"], set()),
    ],
)
def test_a_list_holds_what_was_asked_for(miler: Miler, condition: list[str], numbers: set[int]) -> None:
    rows = json.loads(miler("list", *condition, "--format", "json").out)
    assert {row["activity_id"] for row in rows} == numbers


def test_best_and_trend_and_export_take_the_conditions_of_a_list(miler: Miler) -> None:
    best = json.loads(miler("best", "1mi", "--surface", "track", "--format", "json").out)
    assert [row["activity_id"] for row in best] == [4, 3]
    assert json.loads(miler("trend", "--kind", "race", "--format", "json").out)["efforts"] == 1
    lines = miler("export", "--shoes", "flyer").out.splitlines()
    assert [json.loads(line)["kind"] for line in lines] == ["time_trial"]


def test_who_ran_along_a_lane_ran_on_a_track_unless_he_says_otherwise(library: Library) -> None:
    library.set(4, surface="")
    with library.writing() as connection:
        connection.execute("UPDATE activities SET sub_sport = 'street' WHERE id = 4")
    assert 4 in {row.activity_id for row in library.list(Filter(surface="track"))}
    library.set(4, surface="road")
    assert 4 not in {row.activity_id for row in library.list(Filter(surface="track"))}


def test_what_the_runner_said_stands_beside_the_run(miler: Miler) -> None:
    words = "[race, track, Spike 3, SW 4 m/s, club, evening]"
    assert f"track-mile.fit {words}" in miler("best", "1mi").out
    assert f"track-mile.fit {words}" in miler("list").out
    head, context = miler("show", 4).out.splitlines()[:2]
    assert head == "#4 · [race, track, club, evening]"
    assert context == "not included in the time: wind SW 4 m/s, shoes Spike 3"


def test_a_kind_or_a_surface_that_is_none_is_refused_with_the_ones_there_are(miler: Miler) -> None:
    ran = miler("set", 4, "kind=rase")
    assert (ran.code, ran.err) == (WRONG_USE, "miler: 'rase' is no kind; did you mean race?\n")
    assert "there are track, road, trail" in miler("set", 4, "surface=moon").err
    assert "shoes, wind, surface can" in miler("set", 4, "weather=wet").err
    assert miler("set", 4, "kind=", "shoes= ").code == OK
    assert "[track, club, evening]\nnot included in the time: wind SW 4 m/s\n" in miler("show", 4).out


def test_what_was_said_outlasts_a_rebuild(library: Library, path: Path, miler: Miler) -> None:
    said = [asdict(said) for said, _ in library.export()]
    library.close()
    assert miler("library", "rebuild").code == OK
    with Library(path) as again:
        assert [asdict(said) for said, _ in again.export()] == said


@pytest.mark.parametrize(
    "conditions",
    [
        {},
        {"kind": "race"},
        {"tag": "club", "surface": "track"},
        {"since": date(2026, 3, 1)},
        {"surface": "track", "until": date(2026, 5, 31)},
        {"device": "simulator", "least_m": 4000.0},
    ],
)
def test_whatever_is_asked_the_best_are_the_fastest_of_the_list(
    library: Library, conditions: dict[str, Any]
) -> None:
    library.exclude(1)
    chosen = Filter(**conditions)
    rows = [row for row in library.list(chosen) if row.mile_s is not None]
    ranked = [row.activity_id for row in sorted(rows, key=lambda row: row.mile_s or 0) if not row.excluded]
    assert [b.activity_id for b in library.best(MILE_M, chosen)] == ranked
    apart = [b.activity_id for b in library.best(MILE_M, chosen, excluded=True)]
    assert apart == [row.activity_id for row in rows if row.excluded]
    assert sorted(d.activity_id for d in library.history(MILE_M, chosen)) == sorted(ranked)


def test_a_library_of_the_first_schema_learns_the_new_words(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    script = files("miler.library").joinpath("schema/0001_library.sql").read_text(encoding="utf-8")
    with closing(sqlite3.connect(path)) as old:
        old.executescript(script)
        old.executescript(f"PRAGMA user_version = 1; PRAGMA application_id = {APPLICATION_ID};")
        old.execute("INSERT INTO settings VALUES (1, '{}')")
        old.execute(
            "INSERT INTO activities VALUES"
            " (7, NULL, NULL, NULL, 'running', NULL, NULL, NULL, 0, 1, 1, 1, 1, 'none', 1, '0', '')"
        )
        old.execute("INSERT INTO sources VALUES (7, 'ab', 1, 'fit', 'old.fit', 1, NULL)")
        old.execute("INSERT INTO overrides VALUES (7, 'Mine', 'a,b', NULL)")
        old.commit()
    with Library(path) as library:
        library.set(7, kind="race")
        (row,) = library.list()
    assert (row.title, row.tags, row.kind, row.shoes) == ("Mine", "a,b", "race", None)


def test_the_best_of_each_year_is_the_best_of_that_year(
    miler: Miler, library: Library, tmp_path: Path
) -> None:
    for n, (day, seconds) in enumerate([(0, 400.0), (9, 390.0), (400, 410.0), (401, 380.0)]):
        write_run(tmp_path / f"{n}.gpx", day=day, seconds=seconds)
    miler("import", tmp_path / "0.gpx", tmp_path / "1.gpx", tmp_path / "2.gpx", tmp_path / "3.gpx")
    groups = library.best_by("year", MILE_M)
    assert list(groups) == ["2025", "2026"]
    for year, effort in groups.items():
        chosen = Filter(since=date(int(str(year)), 1, 1), until=date(int(str(year)), 12, 31))
        assert library.best(MILE_M, chosen, limit=1) == (effort,)
    assert "  2025   6:10 ± 12 C" in miler("best", "1mi", "--by", "year").out
    assert miler("best", "--by", "year").code == WRONG_USE


def test_what_is_not_known_is_a_group_of_its_own_and_the_last(library: Library) -> None:
    groups = library.best_by("kind", MILE_M)
    assert list(groups) == ["race", "time_trial", None]
    assert library.best_by("surface", MILE_M)["track"].activity_id == 4


def test_the_timer_clock_ranks_by_time_without_pauses(library: Library, miler: Miler) -> None:
    with library.writing() as connection:
        connection.execute(
            "UPDATE efforts SET timer_s = 200 WHERE activity_id = 3 AND length_m = ?", (MILE_M,)
        )
    assert [b.activity_id for b in library.best(MILE_M, limit=2)] == [4, 1]
    assert [b.activity_id for b in library.best(MILE_M, limit=2, clock="timer")] == [3, 4]
    lines = miler("best", "1mi", "--clock", "timer").out.splitlines()
    assert lines[0] == "BEST 1 MILE  timer clock, ± 95 %, grade of the evidence"
    assert lines[1].split()[:3] == ["1", "3:20.0", "B"]


def test_a_time_in_a_table_tells_how_sure_it_is_and_both_sides_where_they_differ() -> None:
    assert format_sure(298.0, 294.0, 302.0, brief=True) == "4:58 ± 4"
    assert format_sure(298.0, 297.5, 298.5, brief=True) == "4:58.0 ± 0.5"
    assert format_sure(298.0, 294.0, 321.0, brief=True) == "4:58 −4 +23"
    assert format_sure(298.0, None, None, brief=True) == "4:58.0"


@pytest.mark.parametrize("width", [60, 90, 100, 140])
def test_no_line_of_a_table_is_wider_than_the_terminal(width: int, library: Library) -> None:
    from miler.report import listing

    library.set(1, title="A very long name of a run along the river and back again with the Tuesday group")
    look = Look(width)
    rows = [asdict(row) for row in library.list()]
    best = [asdict(row) for row in library.best(MILE_M)]
    texts = [listing.listed(rows, 6, "mi", look), listing.ranked(MILE_M, best, best, "elapsed", look)]
    longest = max(len(line) for text in texts for line in text.splitlines())
    assert longest <= max(width, 90)  # narrower than that, lines are wrapped rather than cut to nothing


def test_two_miles_stand_side_by_side_with_the_gap_at_every_mark(miler: Miler) -> None:
    out = miler("compare", 4, 3).out
    assert "½ mile  1:23  1:49     2:44     3:36     +52" in out
    assert out.endswith("A is 1:41 faster, with B 383 m from the finish; A led at every mark.\n")
    document = json.loads(miler("compare", 3, 4, "--format", "json").out)
    assert [stage["leader"] for stage in document["quarters"]] == [2, 2, 2, 2]
    assert document["gap_s"] == pytest.approx(327.266 - 428.556, abs=0.01)
    assert [stage["at_m"] for stage in document["laps"]] == [409.344, 809.344, 1209.344, MILE_M]


def test_what_has_no_mile_is_not_compared(library: Library, miler: Miler, tmp_path: Path) -> None:
    write_run(tmp_path / "walk.gpx", seconds=5000.0)
    miler("import", tmp_path / "walk.gpx", "--sport", "rowing")
    ran = miler("compare", 4, 7)
    assert (ran.code, ran.out) == (SOME_FAILED, "")
    assert "activity 7 has no fastest mile" in ran.err
    assert miler("compare", 4).code == WRONG_USE
    assert miler("compare", 4, 99).code == SOME_FAILED


def mile_of(*quarters_s: float, sure_s: float = 0.5) -> dict[str, object]:
    """A mile by its four quarters, as in a document."""
    quarter_m = MILE_M / 4
    splits = [
        {"start_m": 10 + i * quarter_m, "end_m": 10 + (i + 1) * quarter_m, "elapsed_s": seconds}
        for i, seconds in enumerate(quarters_s)
    ]
    score = {"score": 90.0}
    total_s = sum(quarters_s)
    return {
        "elapsed_s": total_s, "timer_s": total_s, "start_s": 0.0, "flags": [],
        "low_s": total_s - sure_s, "high_s": total_s + sure_s, "uncertainty_s": sure_s,
        "evenness": score, "quarters": splits, "track_laps": splits[:1],
    }  # fmt: skip


_quarters = st.tuples(*[st.floats(50, 300)] * 4)


@given(_quarters, _quarters)
def test_a_comparison_seen_from_the_other_side_is_its_mirror(one: tuple[float], two: tuple[float]) -> None:
    runners = [Runner(i, "", None, mile_of(*quarters)) for i, quarters in enumerate((one, two), 1)]
    there, back = compared(*runners), compared(*runners[::-1])
    assert [s.gap_s for s in there.quarters] == [-s.gap_s for s in back.quarters]
    assert there.lead_changes == back.lead_changes <= 3
    assert there.behind_m == back.behind_m
    assert 0 <= there.behind_m <= MILE_M
    assert (there.behind_m > 0) == (sum(one) != sum(two))
    leaders = {1: 2, 2: 1, None: None}
    assert [leaders[s.leader] for s in there.quarters] == [s.leader for s in back.quarters]


def test_a_lead_that_is_lost_is_told() -> None:
    level = compared(
        Runner(1, "", None, mile_of(80, 80, 80, 80)), Runner(2, "", None, mile_of(80, 79, 81, 80))
    )
    assert [stage.leader for stage in level.quarters] == [None, 2, None, None]
    assert comparison.render(level.document(), Look()).endswith("They finish level.\n")
    lost = compared(
        Runner(1, "", None, mile_of(75, 80, 85, 85)), Runner(2, "", None, mile_of(80, 80, 80, 80))
    )
    assert lost.lead_changes == 1
    text = comparison.render(lost.document(), Look())
    assert text.endswith("B is 5.0 s faster, with A 24 m from the finish; the lead changed once.\n")
    other = mile_of(80, 80, 80, 80) | {"track_laps": []}
    unlike = compared(Runner(1, "", None, mile_of(75, 80, 85, 85)), Runner(2, "", None, other))
    assert unlike.laps == ()
    assert "cut into laps of different length" in comparison.render(unlike.document(), Look())


@pytest.mark.parametrize(
    ("sure_s", "said"),
    [
        (0.05, "B is 0.43 s faster, with"),
        (0.3, "B is 0.4 s faster, with"),
        (0.5, "B is 0.4 s faster, within the ±, with"),
        (8, "B is a little faster, within the ±, with"),
    ],
)
def test_a_gap_between_two_miles_has_no_more_digits_than_the_less_sure_of_them(
    sure_s: float, said: str
) -> None:
    sure, unsure = mile_of(80, 80, 80, 79.57, sure_s=0.01), mile_of(80, 80, 80, 80, sure_s=sure_s)
    document = compared(Runner(1, "", None, unsure), Runner(2, "", None, sure)).document()
    assert said in comparison.render(document, Look())


@given(_quarters, _quarters, st.sampled_from([0.05, 0.5, 8]))
def test_a_gap_is_the_difference_of_the_totals_that_stand_beside_it(
    one: tuple[float], two: tuple[float], sure_s: float
) -> None:
    miles = (mile_of(*quarters, sure_s=sure_s) for quarters in (one, two))
    document = compared(*(Runner(i, "", None, mile) for i, mile in enumerate(miles, 1))).document()
    for _, _, _, first, second, gap in comparison.told(document["quarters"], comparison.digits_of(document)):
        behind_s = parse_duration(gap.lstrip("+−")) * (-1 if "−" in gap else 1)
        tolerance_s = 1 if abs(behind_s) >= 600 else 1e-6  # whole seconds from ten minutes on
        assert parse_duration(second) - parse_duration(first) == pytest.approx(behind_s, abs=tolerance_s)


def test_a_mile_that_an_older_miler_stored_is_compared_without_its_margin() -> None:
    mile = mile_of(80, 80, 80, 80)
    for name in ("low_s", "high_s", "uncertainty_s"):
        del mile[name]
    document = compared(Runner(1, "", None, mile), Runner(2, "", None, mile)).document()
    assert "  A   5:20.0  " in comparison.render(document, Look())


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_comparisons_trends_and_plans_fit_every_terminal(width: int, library: Library) -> None:
    look = Look(width)
    one, two = (runner_of(library.get(number)) for number in (3, 4))
    history = trend_of(400.0, library.history(400.0, Filter()), {"kind": "race", "shoes": "a pair of them"})
    shown = [
        comparison.render(compared(one, two).document(), look),
        trend.render(json.loads(json.dumps(history.document())), look),
        *(plans.render_plan(planned("5:00", course=course), look) for course in COURSES),
    ]
    for text in shown:
        assert max(map(len, text.splitlines())) <= width


_histories = st.lists(
    st.tuples(st.dates(date(1970, 1, 1), date(2060, 1, 1)), st.floats(60, 6000)), min_size=1, max_size=60
).map(lambda pairs: [Dated(i, day, s) for i, (day, s) in enumerate(sorted(pairs))])


@given(_histories)
def test_a_trend_keeps_every_season_and_never_loses_a_best(history: list[Dated]) -> None:
    found = trend_of(MILE_M, history, {})
    years = {dated.day.year for dated in history}
    assert [season.year for season in found.seasons] == sorted(years)
    assert sum(season.efforts for season in found.seasons) == len(history)
    for season in found.seasons:
        assert season.best.elapsed_s == min(d.elapsed_s for d in history if d.day.year == season.year)
    assert found.records[-1].elapsed_s == min(d.elapsed_s for d in history)
    times = [dated.elapsed_s for dated in found.records]
    assert times == sorted(set(times), reverse=True)
    slopes = naive.slopes([(season.year, season.best.elapsed_s) for season in found.seasons])
    if len(years) > 2:
        assert found.slope_s_per_year == pytest.approx(slopes)
    else:
        assert found.slope_s_per_year is None


@settings(max_examples=30)
@given(_histories, st.sampled_from([30, 80, 120]), st.booleans())
def test_any_history_can_be_drawn_within_its_width(history: list[Dated], width: int, plain: bool) -> None:
    document = json.loads(json.dumps(trend_of(MILE_M, history, {}).document()))
    text = trend.render(document, Look(width, True, plain))
    plot = _ANSI.sub("", text).split("season  efforts")[0]
    assert all(len(line) <= max(width, 60) for line in plot.splitlines())
    if plain:
        assert set(plot) <= set(map(chr, range(128)))
    page = trend_page.render(document)
    numbers = [float(n) for n in re.findall(r'c[xy]="(-?[\d.]+)%"', page)]
    assert len(numbers) == 2 * len(document["seasons"])
    assert all(0 <= n <= 100 for n in numbers)


def test_a_long_history_is_thinned_but_its_bests_are_not() -> None:
    start = date(1996, 1, 1).toordinal()
    history = [Dated(i, date.fromordinal(start + i // 3), 400.0 - i * 0.001) for i in range(30_000)]
    found = trend_of(MILE_M, history, {})
    assert len(found.points) <= MOST_POINTS
    assert (found.span, found.efforts) == ("week", 30_000)
    assert found.points[-1] == found.records[-1] == history[-1]
    assert len(trend_of(MILE_M, history[:3000], {}).points) == 1000  # the best of each day


def test_a_plot_shows_dots_a_line_and_discs_that_need_no_colour(miler: Miler) -> None:
    out = miler("trend", "400m").out
    assert "●" in out and "─" in out and "╯" in out and "\x1b" not in out
    plain = miler("trend", "400m", "--ascii").out.split("season")[0]
    assert plain.isascii()
    assert "    2026        6  1:19 ± 2  6 May  4  best so far" in out


def test_a_distance_that_nobody_ran_has_no_trend(miler: Miler) -> None:
    assert (
        miler("trend", "marathon").out
        == "TREND MARATHON  elapsed clock\n  no effort with a date is like that\n"
    )
    assert "No effort with a date is like that." in miler("trend", "marathon", "--format", "html").out


def test_a_trend_leaves_out_what_was_excluded(miler: Miler) -> None:
    miler("exclude", 4, "--effort", "1mi")
    document = json.loads(miler("trend", "--format", "json").out)
    assert document["efforts"] == 5
    assert document["records"][-1]["activity_id"] == 1


def test_the_page_of_a_trend_stands_alone_and_escapes_what_was_typed(miler: Miler, tmp_path: Path) -> None:
    page = tmp_path / "t.html"
    assert miler("trend", "--device", "<script>x", "--format", "html", "-o", page).code == OK
    assert "device &lt;script&gt;x" in page.read_text(encoding="utf-8")
    miler("trend", "--format", "html", "-o", page)
    text = page.read_text(encoding="utf-8")
    assert "<script" not in text and "http" not in text.replace("http-equiv", "")
    assert "6:09" not in text and "5:28 −7 +1" in text
    ET.fromstring(re.sub(r"<(meta|!DOCTYPE)[^>]*>", "", text))  # every element is closed


def test_a_spreadsheet_gets_no_formula(miler: Miler) -> None:
    for number, text in enumerate(("=1+1", "+1", "-1", "@SUM(A1)", "\t=1"), 1):
        miler("set", number, f"title={text}", f"shoes={text}")
    for verb in (["list", "--limit", 0], ["export"], ["best", "1mi"]):
        rows = list(csv.DictReader(miler(*verb, "--format", "csv").out.splitlines()))
        cells = [cell for row in rows for key, cell in row.items() if key in ("title", "shoes")]
        assert sum(cell.startswith("'") for cell in cells) == 10
        assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for cell in cells)


def test_parquet_holds_what_csv_holds_with_types(miler: Miler, tmp_path: Path) -> None:
    target = tmp_path / "runs.parquet"
    assert miler("export", "--format", "parquet", "-o", target).code == OK
    table = pyarrow.parquet.read_table(target).to_pylist()
    rows = list(csv.DictReader(miler("export", "--format", "csv").out.splitlines()))
    assert list(table[0]) == list(rows[0])
    assert [row["best_1_mile_s"] for row in table] == [
        pytest.approx(float(row["best_1_mile_s"]), abs=1e-3) for row in rows
    ]
    assert table[1]["start_time"].isoformat() == "2026-05-06T17:02:00+00:00"
    assert [row["excluded"] for row in table] == [False] * 6
    assert list(tmp_path.glob("*.tmp")) == []


def test_without_pyarrow_parquet_says_what_to_install(
    miler: Miler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # how Python itself marks what cannot be imported
    ran = miler("export", "--format", "parquet", "-o", tmp_path / "runs.parquet")
    assert ran.code == WRONG_USE
    assert "pip install 'miler[parquet]'" in ran.err
    assert not (tmp_path / "runs.parquet").exists()


def test_a_run_exported_as_gpx_keeps_its_mile(miler: Miler, tmp_path: Path, library: Library) -> None:
    ran = miler("export", "--format", "gpx", "-o", tmp_path / "tracks")
    assert ran.err == "skipped #5: it has no positions, which GPX cannot be without\n5 written, 1 skipped\n"
    assert ran.code == OK
    miler("import", tmp_path / "tracks", "--library", tmp_path / "again.db")
    with Library(tmp_path / "again.db") as again:
        before = {row.start_time: row.mile_s for row in library.list() if row.activity_id != 5}
        after = {row.start_time: row.mile_s for row in again.list()}
        for row in library.list(Filter(note="track")):  # told by lap presses too, which GPX does not keep
            silent = analyse(replace(activity_of(library, row.activity_id), laps=())).mile
            before[row.start_time] = None if silent is None else silent.effort.elapsed_s
        assert after == {start: pytest.approx(mile_s, abs=0.05) for start, mile_s in before.items()}
        was = activity_of(library, 3)
        now = activity_of(again, 2)  # as its name is the second of the folder
    ends = [[end for p in run.pauses for end in (p.start_s, p.end_s)] for run in (was, now)]
    assert ends[1] == pytest.approx(ends[0], abs=2)
    assert now["heart_rate"].mean() == pytest.approx(was["heart_rate"].mean(), abs=0.5)


def test_an_export_replaces_its_own_files_and_no_others(miler: Miler, tmp_path: Path) -> None:
    folder = tmp_path / "tracks"
    only = ("export", "--format", "gpx", "-o", folder, "--kind", "race")
    assert miler(*only).code == OK
    name = "2026-05-06-180200-4.gpx"
    (ours,) = folder.iterdir()
    assert ours.name == name
    first = ours.read_bytes()
    miler("set", 4, "title=Bell <lap> & \x1b]0;x\x07")
    assert miler(*only).code == OK
    assert [path.name for path in folder.iterdir()] == [name]
    assert ours.read_bytes() != first
    assert "Bell <lap> & \\x1b]0;x\\x07" in [e.text for e in ET.fromstring(ours.read_bytes()).iter()]
    ours.write_text("somebody's own")
    (folder / "2026-05-06-180200-4-2.gpx").symlink_to(tmp_path / "elsewhere")
    assert miler(*only).code == OK
    assert ours.read_text() == "somebody's own"
    assert not (tmp_path / "elsewhere").exists()
    assert (folder / "2026-05-06-180200-4-3.gpx").exists()


def test_an_original_that_is_gone_fails_alone(miler: Miler, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run.gpx")
    miler("import", run)
    run.unlink()
    ran = miler("export", "--format", "gpx", "-o", tmp_path / "tracks")
    assert ran.code == SOME_FAILED
    assert "failed #7: its original is gone or has changed" in ran.err
    assert ran.err.endswith("5 written, 1 skipped, 1 failed\n")


def test_an_export_goes_where_it_can(miler: Miler, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    assert miler("export", "--format", "gpx").code == WRONG_USE
    assert miler("export", "--format", "gpx", "-o", tmp_path / "file").code == WRONG_USE
    assert miler("export", "--format", "csv", "-o", tmp_path).code == WRONG_USE
    assert (tmp_path / "file").read_text() == "here"


def test_a_word_is_told_once_and_checked_before_anything_is_written(library: Library) -> None:
    with pytest.raises(SettingsError):
        library.set(4, title="new", kind="nonsense")
    assert library.get(4).title is None
    with pytest.raises(LibraryError):
        library.set(99, kind="race")


def test_every_example_of_the_documents_runs(
    miler: Miler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "reference" / "library.md").read_text(encoding="utf-8")
    examples = re.findall(r"^miler (.+)$", text, re.MULTILINE)
    assert len(examples) >= 7
    for example in examples:
        ran = miler(*shlex.split(example, comments=True))
        assert ran.code == OK, (example, ran.err)
