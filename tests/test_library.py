from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import miler
from miler import Library, LibraryError, MilerError, SettingsError
from miler.library import Filter
from miler.report import text
from miler.report.document import document, dumps
from miler.report.look import Look
from tests.conftest import ROOT
from tests.library_dump import dump, write_run, write_runs

DOCS = ROOT / "docs" / "reference" / "library.md"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "miler.db") as opened:
        yield opened


def analysed(path: Path) -> miler.Analysis:
    return miler.analyse(miler.read(path))


def some_runs(library: Library, folder: Path, count: int = 3) -> list[int]:
    return [library.add(analysed(path)) for path in write_runs(folder / "runs", count)]


def test_a_run_that_was_added_is_found_with_the_same_document(library: Library, samples: Path) -> None:
    result = analysed(samples / "track-mile.fit")
    number = library.add(result)
    kept = library.get(number)
    assert kept.document == json.loads(dumps(document(result)))
    assert kept.text(Look(72, color=True)) == text.render(result, Look(72, color=True))


def test_adding_a_run_twice_keeps_it_once(library: Library, samples: Path) -> None:
    first, second = (library.add(analysed(samples / "treadmill.fit")) for _ in range(2))
    assert first == second
    assert library.count() == 1


def test_a_run_from_no_file_is_kept_once_too(library: Library, samples: Path) -> None:
    result = replace(analysed(samples / "treadmill.fit"), source=miler.Source(name="by hand"))
    assert library.add(result) == library.add(result)
    assert library.list()[0].file == "by hand"


def test_the_rows_say_what_the_document_says(library: Library, samples: Path) -> None:
    number = library.add(analysed(samples / "road-run-pauses.fit"))
    flat = library.get(number).document
    with library.reading() as connection:
        connection.row_factory = sqlite3.Row
        rows = {
            table: [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]
            for table in ("efforts", "laps", "splits", "notes", "activities", "scores")
        }
    assert {e["length_m"]: e["elapsed_s"] for e in rows["efforts"]} == {
        e["length_m"]: e["elapsed_s"] for e in flat["efforts"]
    }
    assert [lap["distance_m"] for lap in rows["laps"]] == [lap["distance_m"] for lap in flat["laps"]]
    kinds = {"km": flat["splits"]["km"], "quarter": flat["fastest_mile"]["quarters"]}
    for kind, splits in kinds.items():
        assert [s["elapsed_s"] for s in rows["splits"] if s["kind"] == kind] == [
            s["elapsed_s"] for s in splits
        ]
    assert [note["code"] for note in rows["notes"]] == [note["code"] for note in flat["notes"]]
    assert rows["activities"][0]["moving_s"] == flat["activity"]["moving_s"]
    assert rows["scores"][0]["evenness"] == flat["fastest_mile"]["evenness"]["score"]


def test_the_best_are_the_fastest_first(library: Library, tmp_path: Path) -> None:
    some_runs(library, tmp_path)
    best = library.best(miler.MILE_M)
    assert [effort.activity_id for effort in best] == [1, 2, 3]
    assert [effort.elapsed_s for effort in best] == sorted(effort.elapsed_s for effort in best)
    assert len(library.best(miler.MILE_M, limit=2)) == 2


def test_the_mile_is_among_the_bests_though_the_settings_did_not_ask_for_it(
    library: Library, samples: Path
) -> None:
    settings = miler.Settings(effort_lengths_m=(400.0,))
    library.add(miler.analyse(miler.read(samples / "track-mile.fit"), settings))
    assert library.lengths() == (400.0, miler.MILE_M)
    assert library.best(miler.MILE_M)[0].elapsed_s == pytest.approx(327.27, abs=0.01)


def test_a_year_is_that_of_the_place_of_the_run(library: Library, tmp_path: Path) -> None:
    run = miler.read(write_run(tmp_path / "run.gpx"))
    on_the_line = replace(run, start_time=datetime(2025, 12, 31, 23, 30, tzinfo=UTC), time_zone="Asia/Tokyo")
    library.add(miler.analyse(on_the_line))
    assert library.best(miler.MILE_M, Filter(until=date(2025, 12, 31))) == ()
    assert library.best(miler.MILE_M, Filter(since=date(2026, 1, 1)))[0].start_local == "2026-01-01T08:30:00"


def test_a_list_is_chosen_by_day_sport_device_and_note(library: Library, samples: Path) -> None:
    for name in ("track-mile.fit", "treadmill.fit", "truncated.fit", "phone-spike.gpx"):
        library.add(analysed(samples / name))

    def files(**conditions: object) -> set[str]:
        return {row.file for row in library.list(Filter(**conditions))}  # type: ignore[arg-type]

    assert files(since=date(2026, 5, 6), until=date(2026, 5, 6)) == {"track-mile.fit"}
    assert files(since=date(2026, 5, 7)) == {"truncated.fit"}
    assert files(until=date(2026, 1, 19)) == {"treadmill.fit"}
    assert files(sport="running") == files()
    assert files(sport="swimming") == set()
    assert files(device="DEVELOPMENT") == {"track-mile.fit", "treadmill.fit", "truncated.fit"}
    (glitch,) = {n["code"] for n in library.get(4).document["notes"]} & {
        "glitch",
        "spike",
        "fix_dropped",
    } or {""}
    assert not glitch or "phone-spike.gpx" in files(note=glitch)
    assert files(note="no_such_note") == set()


def test_the_latest_run_is_listed_first(library: Library, tmp_path: Path) -> None:
    some_runs(library, tmp_path)
    assert [row.activity_id for row in library.list()] == [3, 2, 1]
    assert [row.activity_id for row in library.list(limit=1)] == [3]


def test_an_excluded_effort_is_no_best_but_the_others_of_its_run_are(
    library: Library, tmp_path: Path
) -> None:
    some_runs(library, tmp_path)
    library.exclude(1, miler.MILE_M)
    assert [e.activity_id for e in library.best(miler.MILE_M)] == [2, 3]
    assert [e.activity_id for e in library.best(miler.MILE_M, excluded=True)] == [1]
    assert library.best(1000.0)[0].activity_id == 1
    assert not library.list()[-1].excluded


def test_an_excluded_run_has_no_best_at_all_until_it_is_included(library: Library, tmp_path: Path) -> None:
    some_runs(library, tmp_path)
    library.exclude(1)
    library.exclude(1)
    assert all(library.best(m)[0].activity_id == 2 for m in library.lengths())
    assert library.list()[-1].excluded
    library.include(1)
    assert library.best(miler.MILE_M)[0].activity_id == 1


def test_an_effort_that_is_not_there_cannot_be_excluded(library: Library, tmp_path: Path) -> None:
    some_runs(library, tmp_path, 1)
    with pytest.raises(LibraryError, match="no effort of 5 km") as refused:
        library.exclude(1, 5000.0)
    assert refused.value.code == "no_effort"


def test_what_the_runner_says_goes_before_what_the_file_says(library: Library, tmp_path: Path) -> None:
    some_runs(library, tmp_path, 1)
    assert library.get(1).title == "Run"
    library.set(1, title="Club mile", tags="race, track ,race", sport="walking")
    kept = library.get(1)
    assert (kept.title, kept.tags, kept.sport) == ("Club mile", ("race", "track"), "walking")
    assert library.list(Filter(sport="walking"))[0].title == "Club mile"
    library.set(1, title=None)
    assert library.get(1).title == "Run"
    assert library.get(1).tags == ("race", "track")


def test_only_title_tags_and_sport_can_be_set(library: Library, tmp_path: Path) -> None:
    some_runs(library, tmp_path, 1)
    with pytest.raises(SettingsError, match="'elapsed_s' cannot be set"):
        library.set(1, elapsed_s="1")


@pytest.mark.parametrize("name", ["get", "exclude", "include", "set", "delete"])
def test_an_activity_that_is_not_there_is_named(library: Library, name: str) -> None:
    with pytest.raises(LibraryError, match="no activity 7") as refused:
        getattr(library, name)(7)
    assert refused.value.code == "no_activity"


def test_a_deleted_run_leaves_no_row_and_its_number_is_not_given_again(
    library: Library, tmp_path: Path
) -> None:
    some_runs(library, tmp_path)
    library.set(3, title="gone")
    library.delete(3)
    rows = dump(library.path)
    assert {row[0] for row in rows["activities"]} == {1, 2}
    assert rows["overrides"] == []
    with pytest.raises(LibraryError, match="was deleted") as refused:
        library.add(analysed(tmp_path / "runs" / "002.gpx"))
    assert refused.value.code == "deleted"
    assert library.add(analysed(write_run(tmp_path / "new.gpx", day=9))) == 4


def test_words_that_are_no_unicode_are_kept_as_they_are_shown(library: Library, tmp_path: Path) -> None:
    some_runs(library, tmp_path, 1)
    library.set(1, title="half a pair \ud83d, a NUL \0, a line\n")
    assert library.get(1).title == "half a pair \\ud83d, a NUL \0, a line\n"


def test_a_library_opens_where_there_was_none_and_again(tmp_path: Path) -> None:
    path = tmp_path / "not" / "yet" / "there.db"
    for _ in range(2):
        with Library(path) as library:
            assert library.count() == 0


def test_a_question_makes_no_library(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="miler import FOLDER") as refused:
        Library(tmp_path / "none.db", create=False)
    assert refused.value.code == "no_library"
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_nothing_behind(library: Library, tmp_path: Path) -> None:
    some_runs(library, tmp_path, 1)
    before = dump(library.path)
    with pytest.raises(ZeroDivisionError), library.writing() as connection:
        connection.execute("DELETE FROM activities")
        raise ZeroDivisionError
    assert dump(library.path) == before


def test_errors_of_the_library_are_errors_of_miler() -> None:
    assert issubclass(LibraryError, MilerError)


def test_every_table_and_column_is_explained(library: Library) -> None:
    docs = DOCS.read_text(encoding="utf-8")
    with library.reading() as connection:
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        for (table,) in connection.execute(query).fetchall():
            section = re.search(rf"^## `{table}`\n(.*?)(?=^## |\Z)", docs, re.MULTILINE | re.DOTALL)
            assert section, f"docs/reference/library.md has no section `{table}`"
            for column in connection.execute(f"PRAGMA table_info({table})"):
                assert f"`{column[1]}`" in section[1], f"{table}.{column[1]} is not explained"


def test_asking_the_library_does_not_load_numpy() -> None:
    code = "import sys; from miler import Library; print('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"False\n"
