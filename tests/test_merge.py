from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from importlib.resources import files
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devtools.doubles import Scene, indoors, plain, shifted, until
from devtools.writers import write_fit, write_gpx, write_tcx
from miler import Library, LibraryError, Settings
from miler.cli import OK, SOME_FAILED, WRONG_USE
from miler.files import Found
from miler.library import moment
from miler.library.entry import Entry, entry_of
from miler.library.writing import Visit
from miler.outcome import process
from tests.conftest import Miler
from tests.library_dump import dump


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One run in many files, and a friend's file of it."""
    scene = Scene(0)
    run = replace(scene.run, name="Evening")
    written = {
        "run.fit": write_fit(run),
        "run.gpx": write_gpx(run),
        "run.tcx": write_tcx(run),
        "short.fit": write_fit(until(run, 500.0)),
        "local.gpx": write_gpx(shifted(run, 2)),
        "watch.fit": write_fit(scene.other_watch()),
        "friend.fit": write_fit(scene.friend()),
        "bare.gpx": write_gpx(plain(run)),
        "treadmill.fit": write_fit(indoors(shifted(run, 100))),
    }
    made = tmp_path_factory.mktemp("doubles")
    for name, data in written.items():
        (made / name).write_bytes(data)
    return made


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the library of the test is; every command uses it."""
    monkeypatch.setenv("MILER_LIBRARY", str(tmp_path / "library.db"))
    return tmp_path / "library.db"


def leading(path: Path) -> dict[str, set[str]]:
    """The files of each activity, by the name of the one that leads."""
    with Library(path) as library, library.reading() as connection:
        rows = connection.execute("SELECT activity_id, name FROM sources").fetchall()
        return {
            Path(listed.file).name: {Path(name).name for number, name in rows if number == listed.activity_id}
            for listed in library.list()
        }


@pytest.mark.parametrize("order", [("run.gpx", "run.fit", "run.tcx"), ("run.fit", "run.tcx", "run.gpx")])
def test_one_run_in_three_formats_is_one_activity_led_by_the_fit_file(
    miler: Miler, path: Path, folder: Path, order: tuple[str, ...]
) -> None:
    merged = "1 imported (1 merged with other files of the same run)\n"
    for name in order:
        assert miler("import", folder / name).err == ("1 imported\n" if name == order[0] else merged)
    assert miler("import", *(folder / name for name in order)).err == "3 unchanged\n"
    assert leading(path) == {"run.fit": {"run.fit", "run.gpx", "run.tcx"}}
    with Library(path) as library:
        assert [row.activity_id for row in library.list()] == [1]
        assert library.get(1).document["source"]["format"] == "fit"


def test_the_whole_file_takes_the_place_of_the_one_that_was_cut_short(
    miler: Miler, path: Path, folder: Path
) -> None:
    miler("import", folder / "short.fit")
    miler("set", 1, "title=Mine")
    miler("exclude", 1, "--effort", "1mi")
    miler("import", folder / "run.fit")
    with Library(path) as library:
        kept = library.get(1)
        assert library.count() == 1
        assert (kept.title, kept.excluded_m) == ("Mine", (1609.344,))
        assert kept.document["activity"]["elapsed_s"] > 1400


def test_results_are_those_of_the_leading_file_alone(
    miler: Miler, path: Path, tmp_path: Path, folder: Path
) -> None:
    alone = tmp_path / "alone.db"
    miler("import", folder / "run.fit", "--library", alone)
    for name in ("run.gpx", "run.fit", "short.fit"):
        miler("import", folder / name)
    several, one = dump(path), dump(alone)
    for table in ("activities", "efforts", "laps", "splits", "scores", "notes", "documents"):
        assert several[table] == one[table]


ENTRIES: dict[Path, list[Entry]] = {}
NUMBERS = count()


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(st.data())
def test_whatever_the_order_of_files_the_groups_and_their_leaders_are_the_same(
    tmp_path: Path, folder: Path, data: st.DataObject
) -> None:
    if folder not in ENTRIES:
        names = sorted(folder.iterdir())
        ENTRIES[folder] = [entry_of(process(Found(str(f), f.name), Settings())) for f in names]
    library = tmp_path / f"{next(NUMBERS)}.db"
    with Library(library) as opened:
        with opened.reading() as connection:
            connection.execute("PRAGMA synchronous = OFF")
        for entry in data.draw(st.permutations(ENTRIES[folder])):
            opened.record(entry, Visit(moment()))
    assert leading(library) == {
        "run.fit": {"run.fit", "run.gpx", "run.tcx", "short.fit", "local.gpx", "watch.fit", "bare.gpx"},
        "friend.fit": {"friend.fit"},
        "treadmill.fit": {"treadmill.fit"},
    }


def test_unmerge_gives_each_file_its_own_activity_with_its_own_results(
    miler: Miler, path: Path, folder: Path
) -> None:
    miler("import", folder / "run.fit", folder / "run.gpx")
    miler("set", 1, "title=Mine")
    ran = miler("unmerge", 1)
    assert (ran.code, ran.out) == (OK, "activities 1, 2\n")
    assert leading(path) == {"run.fit": {"run.fit"}, "run.gpx": {"run.gpx"}}
    with Library(path) as library:
        assert [library.get(number).document["source"]["format"] for number in (1, 2)] == ["fit", "gpx"]
        assert [library.get(number).title for number in (1, 2)] == ["Mine", "Evening"]


@pytest.mark.parametrize("again", [("import",), ("reprocess",), ("library", "rebuild")], ids=" ".join)
def test_what_was_unmerged_stays_apart(
    miler: Miler, path: Path, folder: Path, again: tuple[str, ...]
) -> None:
    miler("import", folder / "run.fit", folder / "run.gpx")
    miler("unmerge", 1)
    before = dump(path)
    for name in ("run.fit", "run.gpx"):
        os.utime(folder / name)
    miler(*again, *([folder / "run.fit", folder / "run.gpx"] if again == ("import",) else []))
    after = dump(path)
    assert [after[table] for table in ("activities", "sources", "decisions")] == [
        before[table] for table in ("activities", "sources", "decisions")
    ]


def test_what_was_unmerged_can_be_merged_again(miler: Miler, path: Path, folder: Path) -> None:
    miler("import", folder / "run.fit", folder / "run.gpx")
    miler("unmerge", 1)
    miler("merge", 2, 1)
    assert leading(path) == {"run.fit": {"run.fit", "run.gpx"}}


def test_merge_joins_what_evidence_does_not_and_what_was_said_of_both(
    miler: Miler, path: Path, folder: Path
) -> None:
    miler("import", folder / "friend.fit", folder / "run.fit")
    miler("set", 1, "tags=road,cold")
    miler("set", 2, "title=Together", "tags=road,race")
    miler("exclude", 2)
    assert miler("merge", 1, 2).out == "activity 1\n"
    with Library(path) as library:
        kept = library.get(1)
        assert library.count() == 1
        assert (kept.title, kept.tags, kept.excluded_m) == ("Together", ("road", "cold", "race"), (0.0,))
    before = dump(path)
    miler("library", "rebuild")
    assert dump(path) == before


def test_a_rebuild_gives_the_same_groups_and_numbers(miler: Miler, path: Path, folder: Path) -> None:
    for name in ("short.fit", "friend.fit", "run.gpx", "watch.fit", "run.fit"):
        miler("import", folder / name)
    before = dump(path)
    assert miler("library", "rebuild").code == OK
    assert dump(path) == before


def test_a_rebuild_keeps_what_a_file_gave_that_is_gone(
    miler: Miler, path: Path, tmp_path: Path, folder: Path
) -> None:
    for name in ("run.fit", "run.gpx"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
        miler("import", tmp_path / name)
    before = dump(path)
    (tmp_path / "run.fit").unlink()
    assert miler("library", "rebuild").code == SOME_FAILED
    assert dump(path) == before


def test_reprocessing_changes_no_group(miler: Miler, path: Path, folder: Path) -> None:
    miler("import", folder)
    before = dump(path)
    miler("reprocess")
    assert dump(path) == before


def test_a_deleted_run_comes_back_by_none_of_its_files(miler: Miler, path: Path, folder: Path) -> None:
    both = folder / "run.fit", folder / "run.gpx"
    miler("import", *both)
    miler("delete", 1, "--yes")
    for file in both:
        os.utime(file)
    assert miler("import", *both).err == "2 skipped\n"
    assert miler("import", "--restore", *both).err.startswith("2 imported (1 merged ")
    assert leading(path) == {"run.fit": {"run.fit", "run.gpx"}}


def test_when_the_leading_file_is_cut_short_the_next_one_leads(
    miler: Miler, path: Path, tmp_path: Path, folder: Path
) -> None:
    file = tmp_path / "mine.fit"
    file.write_bytes((folder / "run.fit").read_bytes())
    miler("import", file)
    miler("import", folder / "run.gpx")
    file.write_bytes((folder / "short.fit").read_bytes())
    miler("import", file)
    assert leading(path) == {"run.gpx": {"run.gpx", "mine.fit"}}
    with Library(path) as library:
        assert library.get(1).document["source"]["format"] == "gpx"


def test_a_copy_that_broke_off_takes_nothing_from_the_library(
    miler: Miler, path: Path, tmp_path: Path, folder: Path
) -> None:
    """A synchronisation wrote half a file over the whole one, and the whole one is nowhere else."""
    file, whole = tmp_path / "mine.fit", (folder / "run.fit").read_bytes()
    file.write_bytes(whole)
    miler("import", file)
    before = miler("best").out
    for data in (whole[: len(whole) // 2], whole[: len(whole) // 3], whole):
        file.write_bytes(data)
        assert miler("import", file).code == 0
        assert miler("best").out == before
    with Library(path) as library:
        assert library.count() == 1


def test_a_run_that_was_made_shorter_on_purpose_is_shorter(
    miler: Miler, path: Path, tmp_path: Path, folder: Path
) -> None:
    file = tmp_path / "mine.fit"
    for name in ("run.fit", "short.fit"):
        file.write_bytes((folder / name).read_bytes())
        miler("import", file)
    with Library(path) as library:
        (listed,) = library.list()
        assert listed.elapsed_s < 600


def test_the_list_of_duplicates_says_why(miler: Miler, path: Path, folder: Path) -> None:
    for name in ("run.fit", "local.gpx", "friend.fit"):
        miler("import", folder / name)
    text = miler("list", "--duplicates").out
    assert "#1  one run" in text
    assert "copies of one recording, 27:" in text
    assert "tracks 0.0 m apart, clocks 7200 s apart" in text
    assert "#1, #2  perhaps one run" in text
    assert "at one place, but their heart rates differ" in text
    same, perhaps = json.loads(miler("list", "--duplicates", "--format", "json").out)
    assert [source["leads"] for source in same["sources"]] == [True, False]
    assert "heart_rate" in same["sources"][0]["gives"]
    assert same["evidence"][0]["overlap_percent"] == 100.0
    assert perhaps["kind"] == "perhaps"


def test_what_a_better_source_lacks_comes_from_the_next(miler: Miler, path: Path, folder: Path) -> None:
    scene = Scene(0)
    bare = path.with_name("bare.fit")
    bare.write_bytes(write_fit(replace(scene.run, heart_rate_bpm=None, cadence_spm=None)))
    miler("import", bare)
    miler("import", folder / "run.tcx")
    (double,) = Library(path).duplicates()
    assert [Path(source.file).name for source in double.sources] == ["bare.fit", "run.tcx"]
    assert double.sources[1].gives == ("heart_rate", "cadence")


def test_the_heart_rate_of_another_file_fills_the_splits_of_one_without(
    miler: Miler, path: Path, tmp_path: Path
) -> None:
    run = Scene(0).run
    bare, whole = tmp_path / "bare.fit", tmp_path / "whole.fit"
    bare.write_bytes(write_fit(replace(run, heart_rate_bpm=None)))
    whole.write_bytes(write_fit(run))
    later = tmp_path / "later.gpx"
    later.write_bytes(write_gpx(shifted(run, 2)))
    query = "SELECT heart_rate_bpm FROM splits WHERE activity_id = 1 AND kind = 'km' ORDER BY number"

    def hearts(library: Path) -> list[float | None]:
        with closing(sqlite3.connect(library)) as connection:
            return [bpm for (bpm,) in connection.execute(query)]

    alone = tmp_path / "alone.db"
    miler("import", whole, "--library", alone)
    miler("import", bare)
    assert set(hearts(path)) == {None}
    miler("import", later)
    assert hearts(path) == pytest.approx(hearts(alone), abs=1.5)
    miler("unmerge", 1)
    assert set(hearts(path)) == {None}


def test_a_decision_ends_the_question(miler: Miler, path: Path, folder: Path) -> None:
    miler("import", folder / "run.fit", folder / "friend.fit")
    assert "perhaps" in miler("list", "--duplicates").out
    miler("merge", 1, 2)
    assert "you said so" in miler("list", "--duplicates").out
    miler("unmerge", 1)
    assert miler("list", "--duplicates").out == "No run is here twice.\n"


def test_that_two_runs_are_two_can_be_said_before_they_are_one(
    miler: Miler, path: Path, folder: Path
) -> None:
    miler("import", folder / "run.fit", folder / "run.gpx", folder / "friend.fit")
    assert miler("unmerge", 1, 2).out == "activities 1, 2\n"
    text = miler("list", "--duplicates").out
    assert "perhaps" not in text
    assert "#1  one run" in text  # its own files stay together


def test_a_check_finds_an_activity_that_no_source_leads(miler: Miler, path: Path, folder: Path) -> None:
    miler("import", folder / "run.fit", folder / "run.gpx")
    assert miler("library", "check").code == OK
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM spares")
        connection.commit()
    assert "activity 1 has 2 leading sources" in miler("library", "check").out


def test_there_is_nothing_to_undo_in_an_activity_of_one_file(miler: Miler, path: Path, folder: Path) -> None:
    miler("import", folder / "run.fit")
    assert miler("unmerge", 1).code == SOME_FAILED
    assert miler("merge", 1, 1).code == SOME_FAILED
    assert miler("list", "--duplicates", "--format", "csv").code == WRONG_USE
    with Library(path) as library, pytest.raises(LibraryError, match="no activity 7"):
        library.merge(1, 7)


def test_a_library_of_the_first_schema_is_brought_up_to_date(
    miler: Miler, path: Path, tmp_path: Path, folder: Path
) -> None:
    miler("import", folder / "run.fit")
    first = files("miler.library").joinpath("schema", "0001_library.sql").read_text(encoding="utf-8")
    old = tmp_path / "old.db"
    with closing(sqlite3.connect(old)) as connection:
        connection.executescript(first)
        connection.execute("ATTACH ? AS new", (str(path),))
        for table in ("settings", "activities", "efforts", "documents", "sources", "files"):
            columns = ", ".join(
                name for _, name, *_ in connection.execute(f"PRAGMA main.table_info({table})")
            )
            connection.execute(f"INSERT INTO {table} SELECT {columns} FROM new.{table}")
        connection.commit()
        connection.execute("PRAGMA application_id = 1835625573")
        connection.execute("PRAGMA user_version = 1")
    times = "SELECT length_m, elapsed_s, low_s, high_s, grade FROM efforts ORDER BY length_m"
    Library(old).close()
    told = [closing(sqlite3.connect(library)) for library in (old, path)]
    with told[0] as one, told[1] as other:
        assert one.execute(times).fetchall() == other.execute(times).fetchall()
    miler("import", folder / "run.gpx", "--library", old)
    assert leading(old) == {"run.fit": {"run.fit"}, "run.gpx": {"run.gpx"}}
    miler("reprocess", "--library", old)
    assert leading(old) == {"run.fit": {"run.fit", "run.gpx"}}


def test_the_runs_of_a_time_are_found_along_the_index(path: Path) -> None:
    with Library(path) as library, library.reading() as connection:
        plan = connection.execute(
            "EXPLAIN QUERY PLAN SELECT sha256, part, begin_s, end_s FROM fingerprints"
            " WHERE begin_s BETWEEN 0 AND 1 AND end_s >= 0 AND sha256 <> ''"
        ).fetchall()
    assert "COVERING INDEX fingerprints_by_time (begin_s>? AND begin_s<?)" in plan[0][3]
