"""Reports of what a library keeps, also of a library that an earlier miler made."""

from __future__ import annotations

import sqlite3
import struct
import zlib
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miler import Library, LibraryError
from miler.cli import OK, SOME_FAILED
from miler.library import kept, repair
from miler.library.connection import APPLICATION_ID
from miler.report.look import Look
from miler.trace import OUTLINE_POINTS, Outline
from tests.conftest import Miler
from tests.library_dump import dump, write_run

LONG_AGO = "\x1b[1m━━ run.gpx ━━\x1b[0m\n\nmade long ago\n"
values = st.lists(st.floats(-1e12, 1e12) | st.just(np.nan), max_size=20)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    library = tmp_path / "library.db"
    monkeypatch.setenv("MILER_LIBRARY", str(library))
    return library


@pytest.fixture
def old(path: Path, miler: Miler, tmp_path: Path) -> Path:
    """A library of the fourth schema, with one run and its report."""
    new = tmp_path / "new.db"
    miler("import", write_run(tmp_path / "run.gpx"), "--library", new)
    schema = sorted(entry.name for entry in files("miler.library").joinpath("schema").iterdir())
    with closing(sqlite3.connect(path)) as connection:
        for name in schema[:4]:
            script = files("miler.library").joinpath("schema", name).read_text(encoding="utf-8")
            for statement in script.split(";\n"):
                if "told" not in statement:  # of 4, what fills old rows
                    connection.execute(statement)
        connection.execute("ATTACH ? AS new", (str(new),))
        for table in ("settings", "activities", "efforts", "documents", "sources", "fingerprints", "files"):
            columns = ", ".join(row[1] for row in connection.execute(f"PRAGMA main.table_info({table})"))
            connection.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM new.{table}")
        connection.execute("UPDATE documents SET report = ?", (zlib.compress(LONG_AGO.encode()),))
        connection.commit()
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 4")
    return path


def test_a_report_fits_the_terminal_though_the_original_is_gone(
    miler: Miler, path: Path, tmp_path: Path
) -> None:
    run = write_run(tmp_path / "run.gpx")
    miler("import", run)
    expected = miler("report", run, "--ascii").out
    run.unlink()
    assert miler("show", 1, "--ascii").out == f"#1 - Run\n{expected}"
    with Library(path) as library:
        lines = library.get(1).text(Look(50, color=True)).splitlines()
        assert library.get(1).text(Look(100, plain=True)) == expected
        assert library.get(1).text() == miler("show", 1).out.partition("\n")[2]
    assert "\x1b[1m" in lines[0] and max(map(len, lines)) > 50
    assert all(len(line) <= 50 for line in lines if "\x1b" not in line)


def test_what_an_earlier_miler_kept_is_shown_as_it_was_made(miler: Miler, old: Path) -> None:
    assert miler("show", 1).out == "#1 · Run\n━━ run.gpx ━━\n\nmade long ago\n"
    assert miler("show", 1, "--ascii").out == "#1 - Run\n== run.gpx ==\n\nmade long ago\n"
    assert miler("library", "check").code == OK
    with Library(old) as library:
        assert library.get(1).text(Look(100, color=True)) == LONG_AGO


def test_reprocessing_lets_an_old_report_fit_too(miler: Miler, old: Path, tmp_path: Path) -> None:
    miler("reprocess")
    assert miler("show", 1).out == "#1 · Run\n" + miler("report", tmp_path / "run.gpx").out
    assert dump(old)["documents"] == dump(tmp_path / "new.db")["documents"]


def test_an_old_report_outlasts_another_file_of_its_run_and_a_rebuild(
    miler: Miler, old: Path, tmp_path: Path
) -> None:
    run = (tmp_path / "run.gpx").read_text(encoding="utf-8")
    (tmp_path / "run.gpx").unlink()
    (tmp_path / "other.gpx").write_text(run.replace("Run", "Ran"), encoding="utf-8")
    assert "merged" in miler("import", tmp_path / "other.gpx").err
    miler("unmerge", 1)
    told = {miler("show", number).out.partition("\n")[2] for number in (1, 2)}
    assert told == {"━━ run.gpx ━━\n\nmade long ago\n", miler("report", tmp_path / "other.gpx").out}
    miler("library", "rebuild")
    assert told == {miler("show", number).out.partition("\n")[2] for number in (1, 2)}


def test_a_damaged_outline_is_found_and_made_anew(miler: Miler, path: Path, tmp_path: Path) -> None:
    miler("import", write_run(tmp_path / "run.gpx"))
    expected = miler("show", 1).out
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE documents SET outline = substr(outline, 9)")
        connection.commit()
    with Library(path) as library:
        assert repair.check(library) == ["a document of activity 1 cannot be read"]
    ran = miler("show", 1)
    assert (ran.code, ran.out) == (SOME_FAILED, "")
    assert "`miler reprocess` makes it anew" in ran.err
    assert miler("show", 1, "--format", "json").code == OK
    miler("reprocess")
    assert miler("show", 1).out == expected


def test_a_library_of_somebody_else_does_no_more_to_a_terminal_than_colour_it(
    miler: Miler, path: Path, tmp_path: Path
) -> None:
    miler("import", write_run(tmp_path / "run.gpx"))
    with Library(path) as library:
        kept_one = library.get(1)
    bell = "\x1b]0;title\x07\x1b[2J\u202e"
    notes = [{"code": "odd", "kind": "finding", "message": bell, "at_s": None}]
    flagged = [effort | {"flags": [bell]} for effort in kept_one.document["efforts"]]
    told = kept_one.document | {"notes": notes, "efforts": flagged}
    for color in (False, True):
        for text in (
            kept.told(told, kept_one.outline, "", Look(100, color)),
            kept.told({}, None, bell, Look(100, color)),
        ):
            assert "\\x1b]0;title\\x07" in text and "\u202e" not in text
            assert color or text.replace("\n", "").isprintable()


@given(values, values, values, st.floats(0, 1e6), st.floats(0, 1e6))
def test_an_outline_comes_back_as_it_was_kept(
    distance: list[float], heart: list[float], altitude: list[float], first_s: float, took_s: float
) -> None:
    length = min(map(len, (distance, heart, altitude)))
    columns = (
        np.round(np.clip(column[:length], -(2**31 - 1) / scale, (2**31 - 1) / scale) * scale) / scale
        for column, scale in ((distance, 100), (heart, 1), (altitude, 10))
    )
    run = Outline(np.linspace(first_s, first_s + took_s, length), *columns)
    again = kept.unpacked(kept.packed(run))
    for name, column in vars(run).items():
        np.testing.assert_array_equal(getattr(again, name), column)


@pytest.mark.parametrize(
    "data", [b"", b"\1", struct.pack("<B2d", 2, 0, 1), struct.pack("<B2d", 1, 0, 1) + b"12345678"]
)
def test_what_is_no_outline_is_refused(data: bytes) -> None:
    assert not kept.is_sound(zlib.compress(data))
    assert not kept.is_sound(data) and not kept.is_sound(None)
    with pytest.raises(LibraryError, match="reprocess"):
        kept.told({}, zlib.compress(data), "", Look())


@pytest.mark.parametrize("settings", [[1], {"of_a_newer_miler": 1}])
def test_a_document_with_settings_that_nothing_here_has_is_refused_with_the_remedy(
    settings: object, miler: Miler, path: Path, tmp_path: Path
) -> None:
    miler("import", write_run(tmp_path / "run.gpx"))
    with Library(path) as library:
        kept_one = library.get(1)
    with pytest.raises(LibraryError, match="reprocess"):
        kept.told(kept_one.document | {"settings": settings}, kept_one.outline, "", Look())


def test_an_outline_of_an_hour_is_small() -> None:
    time_s = np.linspace(0, 3600, OUTLINE_POINTS)
    run = Outline(time_s, (3.3 * time_s).round(2), np.round(150 + 9 * np.sin(time_s / 99)), 0 * time_s)
    assert len(kept.packed(run)) < 2000
