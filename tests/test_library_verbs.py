"""The questions on the command line: their tables, their files, their exit codes."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import click
import pytest

from miler.cli import OK, SOME_FAILED, WRONG_USE, cli
from miler.library import Filter, Library
from miler.report import listing
from miler.report.look import Look
from miler.units import MILE_M
from tests.conftest import ROOT, Miler


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, miler: Miler, samples: Path) -> Path:
    """A library of the six sample files: intervals, spike, road run, track mile, treadmill, truncated."""
    monkeypatch.setenv("MILER_LIBRARY", str(tmp_path / "library.db"))
    assert miler("import", samples).code == OK
    return tmp_path / "library.db"


def test_the_best_miles_are_ranked(miler: Miler) -> None:
    lines = miler("best", "mile", "--limit", 2).out.splitlines()
    assert lines[0] == "BEST 1 MILE  elapsed clock, ± 95 %, grade of the evidence"
    assert lines[1].split()[:5] == ["1", "5:28", "−7", "+1", "A"]
    assert lines[2].split()[:5] == ["2", "6:22", "±", "9", "B"]
    assert "Wed 6 May 2026  #4 track-mile.fit" in lines[1]


def test_without_a_distance_the_best_of_each_is_shown(miler: Miler) -> None:
    out = miler("best").out
    assert "  400 m      1:19 ± 2 A" in out
    assert "  5 km     22:24 ± 25 B" in out


@pytest.mark.parametrize("width", [40, 60, 80, 106, 200])
def test_lists_fit_every_terminal_and_keep_their_times(path: Path, width: int) -> None:
    look = Look(width)
    with Library(path) as library:
        rows = [asdict(row) for row in library.list(Filter())]
        best = [asdict(row) for row in library.best(MILE_M)]
        shown = (
            listing.listed(rows, len(rows), "mi", look),
            listing.ranked(MILE_M, best, best, "elapsed", look),
            listing.bests(best, "elapsed", look),
            listing.grouped(MILE_M, "surface", [{"group": "road", **row} for row in best], "elapsed", look),
        )
    for text in shown:
        assert max(map(len, text.splitlines())) <= width
        assert text.count("6:22 ± 9 B") == text.count("8:10 ± 13 B") > 0


def test_excluded_efforts_stand_apart(miler: Miler) -> None:
    miler("exclude", 4, "--effort", "1mi")
    ranked, apart = miler("best", "1mi").out.split("EXCLUDED")
    assert "track-mile" not in ranked
    assert "5:28 −7 +1 A" in apart
    rows = json.loads(miler("best", "1mi", "--format", "json").out)
    assert [row["activity_id"] for row in rows if row["excluded"]] == [4]
    miler("include", 4)
    assert "EXCLUDED" not in miler("best", "1mi").out


def test_a_distance_nobody_ran_has_no_best(miler: Miler) -> None:
    ran = miler("best", "marathon")
    assert (ran.code, ran.out) == (
        OK,
        "BEST MARATHON  elapsed clock, ± 95 %, grade of the evidence\n  none\n",
    )
    assert miler("best", "1 furlong").code == WRONG_USE


def test_a_list_has_a_line_an_activity_and_says_what_it_leaves_out(miler: Miler) -> None:
    lines = miler("list", "--limit", 2).out.splitlines()
    assert len(lines) == 4
    assert "Tue 2 Jun 2026  running      2.71 mi    22:40  8:10 ± 13 B  97.1  truncated.fit" in lines[1]
    assert lines[-1] == "4 earlier; --limit shows more"
    assert len(miler("list", "--limit", 0).out.splitlines()) == 7
    assert "4.36 km" in miler("list", "--units", "km").out
    assert miler("list", "--sport", "rowing").out == "No activity is like that.\n"


def test_json_and_csv_of_a_list_hold_the_same(miler: Miler) -> None:
    objects = json.loads(miler("list", "--format", "json", "--since", "2026-04-01").out)
    rows = list(csv.DictReader(miler("list", "--format", "csv", "--since", "2026-04-01").out.splitlines()))
    assert [str(o["activity_id"]) for o in objects] == [r["activity_id"] for r in rows] == ["6", "4", "1"]
    assert [float(r["mile_s"]) for r in rows] == [pytest.approx(o["mile_s"], abs=1e-3) for o in objects]


def test_show_is_the_report_under_what_the_runner_said(miler: Miler, samples: Path) -> None:
    miler("set", 4, "title=Club mile", "tags=race, track")
    miler("exclude", 4)
    expected = miler("report", samples / "track-mile.fit").out
    assert miler("show", 4).out == f"#4 · Club mile · [track, race] · excluded\n{expected}"


def test_show_gives_the_very_documents_of_the_report(miler: Miler, samples: Path) -> None:
    miler("exclude", 4)  # html sets a mile that counts beside the library's other ones
    for format in ("json", "html"):
        expected = miler("report", samples / "track-mile.fit", "--format", format).out
        assert miler("show", 4, "--format", format).out == expected


def test_what_is_set_is_taken_back_by_nothing(miler: Miler) -> None:
    miler("set", 4, "title=Club mile")
    assert "Club mile" in miler("list").out
    miler("set", 4, "title=")
    assert "Club mile" not in miler("list").out
    assert miler("set", 4, "title").code == WRONG_USE
    assert miler("set", 4, "weather=wet").code == WRONG_USE


def answered(answer: bytes, *arguments: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "miler.cli", *map(str, arguments)]
    return subprocess.run(command, input=answer, capture_output=True, env=os.environ)


def test_delete_asks_first(miler: Miler, samples: Path) -> None:
    assert b"(track-mile.fit)" in answered(b"n\n", "delete", 4).stderr
    assert miler("show", 4).code == OK
    answered(b"y\n", "delete", 4)
    assert miler("show", 4).code == SOME_FAILED
    assert (samples / "track-mile.fit").exists()


def test_an_export_has_a_line_an_activity_with_all_that_is_known(miler: Miler, tmp_path: Path) -> None:
    miler("set", 4, "title=Club mile")
    out = miler("export").out
    objects = [json.loads(line) for line in out.splitlines()]
    assert [o["activity_id"] for o in objects] == [1, 2, 3, 4, 5, 6]
    assert objects[3]["title"] == "Club mile"
    assert objects[3]["analysis"] == json.loads(miler("show", 4, "--format", "json").out)
    assert miler("export", "-o", tmp_path / "all.jsonl").out == ""
    assert (tmp_path / "all.jsonl").read_text(encoding="utf-8") == out


def test_a_csv_export_has_a_column_a_length(miler: Miler) -> None:
    rows = list(csv.DictReader(miler("export", "--format", "csv").out.splitlines()))
    assert len(rows) == 6
    assert float(rows[1]["best_1_mile_s"]) == pytest.approx(327.266, abs=0.001)
    assert rows[1]["best_5_km_s"] == ""


def test_an_activity_that_is_not_there_is_named(miler: Miler) -> None:
    ran = miler("show", 99)
    assert (ran.code, ran.err) == (SOME_FAILED, "miler: there is no activity 99; `miler list` shows them\n")


def test_a_library_can_be_named_by_flag_variable_or_neither(
    miler: Miler, tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert miler("library", "path").out == f"{path}\n"
    assert miler("library", "path", "--library", tmp_path / "b.db").out == f"{tmp_path / 'b.db'}\n"
    monkeypatch.delenv("MILER_LIBRARY")
    assert miler("library", "path").out.rstrip().endswith("library.db")
    assert "there is no library" in miler("list", "--library", tmp_path / "b.db").err


def test_every_verb_of_the_library_is_in_the_documents() -> None:
    text = (ROOT / "docs" / "reference" / "library.md").read_text(encoding="utf-8")
    context = click.Context(cli)
    library = cli.get_command(context, "library")
    verbs = {"import", "best", "list", "show", "exclude", "include", "set", "delete", "reprocess", "export"}
    verbs |= {"compare", "trend"}
    verbs |= {f"library {name}" for name in getattr(library, "commands", ())}
    assert verbs <= {*cli.list_commands(context)} | {v for v in verbs if " " in v}
    assert not {verb for verb in verbs if f"miler {verb}" not in text}


def test_no_number_is_too_large_to_ask_for(miler: Miler) -> None:
    huge = 2**63
    assert miler("show", huge).err == f"miler: there is no activity {huge}; `miler list` shows them\n"
    assert miler("compare", 1, huge).code == miler("exclude", huge).code == SOME_FAILED
    assert miler("list", "--limit", huge).out == miler("list").out
    assert miler("best", "1mi", "--limit", huge).out == miler("best", "1mi").out


def test_an_export_does_not_take_the_place_of_the_library(miler: Miler, path: Path) -> None:
    before = path.read_bytes()
    assert miler("export", "-o", path).code == WRONG_USE
    assert miler("trend", "-o", path).code == WRONG_USE
    assert path.read_bytes() == before
