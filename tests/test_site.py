"""What a runner relies on when she keeps all her runs as a folder of pages, and puts it on a server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtools.small_runs import small_run, write_runs
from miler.analysis import analyse
from miler.cli import OK, SOME_FAILED
from miler.errors import SettingsError
from miler.files import read
from miler.folder import Folder
from miler.formats import decode
from miler.library import Library
from miler.report import index
from miler.report.document import document, rounded
from miler.report.leaf import leaf
from miler.report.runs import Run, Timed, bests, run_of, stem
from miler.report.years import Day, paces, weeks
from miler.units import MILE_M
from tests.conftest import SAMPLES, Miler
from tests.test_report_html import HOSTILE, Page

SHARED = {"index.html", "report.css", "report.js"}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    for name in ("track-mile.fit", "road-run-pauses.fit"):
        shutil.copy(SAMPLES / name, folder)
    write_runs(folder, 6, seed=300)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def names(folder: Path) -> set[str]:
    return set(contents(folder)) - SHARED


def line(day: date | None, mile_s: float | None = None, title: str = "Run", **values: Any) -> Run:
    """A run as the index knows it."""
    mile = None if mile_s is None else Timed(MILE_M, mile_s, mile_s - 2, mile_s + 2, 2.0, "B")
    run = Run(
        address=None,
        title=title,
        start_local=None if day is None else f"{day.isoformat()}T07:30:00",
        words=(),
        distance_m=8000.0,
        elapsed_s=2400.0,
        mile=mile,
        efforts=() if mile is None else (mile,),
        evenness=None,
        age_grade_percent=None,
        counts=True,
        splits_s=(480.0, 490.0),
    )
    return replace(run, **values)


# A folder of reports


def test_a_folder_has_a_report_a_run_an_index_and_what_they_share_once(
    miler: Miler, runs: Path, tmp_path: Path
) -> None:
    ran = miler("report", runs, "--format", "html", "-o", tmp_path / "out")
    assert ran.code == 0
    assert "8 reports" in ran.err
    written = contents(tmp_path / "out")
    assert set(written) >= SHARED
    assert len(written) == 8 + len(SHARED)
    shown = Page(written["index.html"].decode()).root
    linked = {a.attributes["href"] for a in shown.all("a") if not a.attributes["href"].startswith("#")}
    assert linked == names(tmp_path / "out")
    for name in linked:
        page = Page(written[name].decode()).root
        assert [s.attributes["src"] for s in page.all("script") if "src" in s.attributes] == ["report.js"]
        assert [link.attributes["href"] for link in page.all("link")] == ["report.css"]
        assert "index.html" in [a.attributes.get("href") for a in page.all("a")]
        assert len(written[name]) < 300_000


def test_the_same_runs_give_the_same_bytes_however_many_processes(
    miler: Miler, runs: Path, tmp_path: Path
) -> None:
    for jobs, order in ((1, sorted(runs.iterdir())), (2, sorted(runs.iterdir(), reverse=True))):
        miler("report", *order, "--format", "html", "-o", tmp_path / str(jobs), "--jobs", jobs)
    assert contents(tmp_path / "1") == contents(tmp_path / "2")


def test_what_lies_there_already_is_not_written_again(miler: Miler, runs: Path, tmp_path: Path) -> None:
    command = ("report", runs / "run-0300.fit", "--format", "html", "-o", tmp_path / "out")
    miler(*command)
    for path in (tmp_path / "out").iterdir():
        os.utime(path, ns=(1, 1))
    miler(*command)
    assert {path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()} == {1}


def test_a_name_that_ends_in_html_is_one_page(miler: Miler, runs: Path, tmp_path: Path) -> None:
    miler(
        "report", runs / "run-0300.fit", runs / "run-0301.fit", "--format", "html", "-o", tmp_path / "a.html"
    )
    assert (tmp_path / "a.html").is_file()
    assert miler("report", runs, "--format", "json", "-o", tmp_path).code == 2
    assert miler("report", runs, "--format", "html", "-o", tmp_path / "no" / "such").code == 2


def test_equal_bytes_are_one_report_and_a_broken_file_stops_none(
    miler: Miler, runs: Path, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.fit", "b.fit"):
        shutil.copy(runs / "run-0300.fit", tmp_path / "in" / name)
    (tmp_path / "in" / "c.fit").write_bytes(b"\x0e\x10.FIT no more")
    ran = miler("report", tmp_path / "in", "--format", "html", "-o", tmp_path / "out")
    assert ran.code == 1
    assert "1 report, 1 twice" in ran.err
    assert "c.fit" in ran.err
    assert len(names(tmp_path / "out")) == 1


LIMITED = """
import resource, sys
from miler.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
@pytest.mark.parametrize("verb", ["report", "site"])
def test_where_the_disk_takes_no_more_the_reports_that_fit_are_whole_and_told(
    miler: Miler, tmp_path: Path, verb: str
) -> None:
    full, small = tmp_path / "full", tmp_path / "small"
    library = ("--library", tmp_path / "library.db")
    files = (SAMPLES / "treadmill.fit", SAMPLES / "track-mile.fit")
    miler("import", *files, *library)
    arguments = (*files, "--format", "html") if verb == "report" else library
    miler(verb, *arguments, "-o", full)
    whole = contents(full)
    between = sum(len(whole[name]) for name in names(full)) // 2
    for limit, reports in ((len(whole["report.css"]), 0), (between, 1)):
        command = [sys.executable, "-c", LIMITED, limit, verb, *arguments, "-o", small]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60)
        assert done.returncode == SOME_FAILED
        if reports:
            assert done.stderr.endswith("; 1 report is written, the index is not\n")
            assert len(names(small)) == 1 and (small / "report.css").exists()
        else:
            assert done.stderr.endswith("; no report is written\n")
            assert not small.exists()
    assert miler(verb, *arguments, "-o", small).code == OK
    assert {path.name for path in small.iterdir()} == {path.name for path in full.iterdir()}


def test_an_index_that_somebody_else_wrote_stays(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<title>My garden</title>")
    with pytest.raises(SettingsError, match="no page of miler's"):
        Folder(tmp_path)
    assert (tmp_path / "index.html").read_text() == "<title>My garden</title>"


@given(st.text(max_size=80), st.text("0123456789abcdef", min_size=1, max_size=12))
def test_any_title_makes_a_name_that_every_file_system_takes(title: str, identity: str) -> None:
    named = stem("2026-05-09T18:02:00", title, identity)
    assert re.fullmatch(r"2026-05-09-1802-[a-z0-9-]+", named)
    assert named.endswith(f"-{identity}")
    assert len(named) < 80


def test_names_in_files_stay_names(tmp_path: Path) -> None:
    name = f"../../{HOSTILE}"
    analysis = replace(
        analysed := analyse(decode(small_run(1))[0]), summary=replace(analysed.summary, name=name)
    )
    made = leaf(analysis)
    folder = Folder(tmp_path / "out")
    folder.add(made)
    folder.close("mi")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    for path in (tmp_path / "out").glob("*.html"):
        root = Page(path.read_text("utf-8")).root
        assert not [a for a in root.all("a") if a.attributes["href"].startswith("javascript:")]
        assert "alert" not in "".join(s.text for s in root.all("script"))
        assert not re.search("[\x00\x1b\u202e\u2066]", path.read_text("utf-8"))
        assert "Content-Security-Policy" in path.read_text("utf-8")


# The index


def test_the_index_has_the_best_of_each_distance_with_its_day() -> None:
    early, late = (run_of(rounded(document(analyse(read(SAMPLES / name)))), "mi") for name in
                   ("treadmill.fit", "track-mile.fit"))  # fmt: skip
    found = {effort.length_m: (effort, run) for effort, run in bests([late, early])}
    assert found[MILE_M][1] is late
    for length_m, (effort, run) in found.items():
        others = [e.elapsed_s for r in (early, late) for e in r.efforts if e.length_m == length_m]
        assert effort.elapsed_s == min(others)
        assert effort in run.efforts


def test_what_was_left_out_of_the_bests_is_listed_but_no_best() -> None:
    shown = rounded(document(analyse(read(SAMPLES / "track-mile.fit"))))
    assert run_of(shown, "mi", excluded_m=(0.0,)).efforts == ()
    without_mile = run_of(shown, "mi", excluded_m=(MILE_M,))
    assert without_mile.mile is not None
    assert MILE_M not in {effort.length_m for effort in without_mile.efforts}
    assert without_mile.efforts


def test_season_bests_are_told_with_as_many_digits_as_they_are_sure_of() -> None:
    page = index.render([line(date(2020, 5, 1), 330.2), line(date(2021, 5, 1), 325.7)], "mi")
    assert "5:26 ±\u00a02" in page
    assert "325.7" not in page
    assert "5:25.7" not in page


def test_the_index_says_so_where_there_is_nothing() -> None:
    assert "No activities." in index.render([], "mi")
    assert "No run has a mile." in index.render([line(None)], "km")


def test_the_order_of_runs_plays_no_part() -> None:
    many = [line(date(2020, 1, 1) + timedelta(days=9 * i), 400.0 - i, f"Run {i}") for i in range(20)]
    assert index.render(many, "mi") == index.render(many[::-1], "mi")


def test_an_age_grade_needs_sex_and_year_of_birth() -> None:
    from miler.settings import Settings

    activity = read(SAMPLES / "track-mile.fit")
    known = run_of(rounded(document(analyse(activity, Settings(sex="M", birth_year=1980)))), "mi")
    unknown = run_of(rounded(document(analyse(activity, Settings(birth_year=1980)))), "mi")
    assert known.age_grade_percent is not None
    assert unknown.age_grade_percent is None
    assert f"{int(known.age_grade_percent)}." in index.render([known], "mi")


@given(st.lists(st.tuples(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.floats(0, 50_000)), min_size=1))
def test_every_run_is_in_one_week_of_the_calendar(ran: list[tuple[date, float]]) -> None:
    found = weeks([Day(day, way_m, 600.0) for day, way_m in ran], "km")
    assert found is not None
    assert sum(int(cell.said.split(" in ")[1].split()[0]) for cell in found.cells) == len(ran)
    assert sum(year.runs for year in found.years) == len(ran)
    assert all(0 <= cell.x < 100 and 1 <= cell.level <= 4 for cell in found.cells)
    assert len({(cell.x, cell.row) for cell in found.cells}) == len(found.cells)
    assert all(0 <= cell.row < len(found.years) for cell in found.cells)


@given(st.lists(st.floats(150, 1500), min_size=4))
def test_every_split_is_counted_once(times_s: list[float]) -> None:
    found = paces(times_s, "mi")
    assert found is not None
    assert sum(bar.count for bar in found.bars) + found.slower == found.count == len(times_s)
    assert max(bar.height for bar in found.bars) == 100


# The library as a site


@pytest.fixture
def library(tmp_path: Path, miler: Miler) -> Path:
    write_runs(tmp_path / "runs", 3, seed=300)
    assert miler("import", tmp_path / "runs", "--library", tmp_path / "library.db").code == 0
    return tmp_path / "library.db"


def test_a_site_is_written_once_and_then_only_where_something_changed(
    library: Path, miler: Miler, tmp_path: Path
) -> None:
    def site(*more: str) -> str:
        ran = miler("site", "-o", tmp_path / "site", "--library", library, *more)
        assert ran.code == 0
        return ran.err

    assert "3 written" in site()
    before = contents(tmp_path / "site")
    assert "3 unchanged" in site()
    assert contents(tmp_path / "site") == before
    miler("set", 1, "title=Club mile", "kind=race", "--library", library)
    assert "1 written, 2 unchanged" in site()
    assert any("club-mile-1.html" in name for name in names(tmp_path / "site"))
    assert len(names(tmp_path / "site")) == 3  # the one of the former name is gone
    assert "race" in (tmp_path / "site" / "index.html").read_text()
    assert "Club mile" in next((tmp_path / "site").glob("*-club-mile-1.html")).read_text()
    assert "3 written" in site("--anew", "--jobs", "2")
    with Library(library) as opened:
        opened.delete(2)
    site()
    assert len(names(tmp_path / "site")) == 2


def test_an_activity_whose_original_is_gone_is_listed_and_keeps_its_report(
    library: Path, miler: Miler, tmp_path: Path
) -> None:
    miler("site", "-o", tmp_path / "old", "--library", library)
    for original in (tmp_path / "runs").iterdir():
        original.unlink()
    miler("set", 1, "title=Renamed", "--library", library)
    for folder, kept in (("old", 3), ("new", 0)):
        ran = miler("site", "-o", tmp_path / folder, "--library", library)
        assert ran.code == 0
        assert "without their original" in ran.err
        shown = (tmp_path / folder / "index.html").read_text()
        assert "Renamed" in shown
        assert len(names(tmp_path / folder)) == kept
        assert ("original gone" in shown) == (kept == 0)


def test_what_others_put_into_the_folder_stays(library: Path, miler: Miler, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    mine = {"2024-01-01-0730-mine-77.html": "<meta name='miler'>", "notes.txt": "mine"}
    for name, text in mine.items():
        (tmp_path / "site" / name).write_text(text)
    miler("site", "-o", tmp_path / "site", "--library", library)
    assert {name: (tmp_path / "site" / name).read_text() for name in mine} == mine


def test_a_site_of_some_runs_has_only_those(library: Path, miler: Miler, tmp_path: Path) -> None:
    miler("set", 2, "tags=club", "--library", library)
    assert "1 written" in miler("site", "-o", tmp_path / "site", "--library", library, "--tag", "club").err
    assert len(names(tmp_path / "site")) == 1


# In a real browser


@pytest.fixture(scope="module")
def site(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from miler.cli import main

    folder = tmp_path_factory.mktemp("site") / "out"
    assert main(["report", str(runs), "--format", "html", "-o", str(folder)]) == 0
    return folder


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1400])
def test_the_index_is_searched_and_sorted_by_keyboard_alone(
    site: Path, browser: Any, axe: str, scheme: str, width: int
) -> None:
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    page = context.new_page()
    wrong: list[str] = []
    asked: list[str] = []
    page.on("console", lambda said: wrong.append(said.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto((site / "index.html").as_uri())
    rows = page.locator("table.runs tbody tr:visible")
    assert rows.count() == 8
    page.get_by_role("searchbox").focus()
    page.keyboard.type("2026-05 running")
    assert rows.count() == 1
    assert page.get_by_role("status").inner_text() == "1 of 8"
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    assert rows.count() == 8
    page.get_by_role("button", name="Mile").focus()
    times = []
    for _ in range(2):
        page.keyboard.press("Enter")
        times.append(
            [text.split(" ±")[0] for text in page.locator("table.runs td:nth-child(5)").all_inner_texts()]
        )
    assert times[0] == sorted(times[0])
    assert times[1] == times[0][::-1]
    assert page.locator("th[aria-sort]").get_attribute("aria-sort") == "descending"
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.evaluate(axe)
    assert page.evaluate("axe.run().then(found => found.violations.map(rule => rule.id))") == []
    page.locator("table.runs tbody a").first.focus()
    page.keyboard.press("Enter")
    page.locator(".pace-chart .controls").wait_for()  # the shared script runs, the shared sheet is read
    assert page.evaluate("getComputedStyle(document.body).maxWidth") == "1216px"
    page.locator("p.home a").click()
    page.locator("table.runs").wait_for()
    context.close()
    assert wrong == []
    assert all(address.startswith(site.as_uri()) for address in asked)
