"""The sample files: made again byte for byte, and answered as they are known to be.

What is known stands in sample_files/answers.json; see the README beside it.
"""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import miler
from devtools.make_samples import make
from miler.analysis import Analysis
from tests.conftest import codes

FOLDER = Path(__file__).resolve().parents[1] / "sample_files"
ANSWERS: dict[str, dict[str, Any]] = json.loads((FOLDER / "answers.json").read_text())
FIT = [name for name in ANSWERS if name.endswith(".fit")]
EVERY_FILE = pytest.mark.parametrize("name", ANSWERS)


@cache
def analysed(name: str) -> Analysis:
    return miler.analyse(miler.read(FOLDER / name))


def mile_of(name: str) -> Any:
    mile = analysed(name).mile
    assert mile is not None
    return mile


def content(name: str, data: bytes) -> bytes:
    # Compressors differ from one zlib to the next; what they hold does not.
    return gzip.decompress(data) if name.endswith(".gz") else data


def test_making_the_samples_again_gives_the_same_bytes() -> None:
    made = make()
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(made)
    for name, data in made.items():
        assert content(name, data) == content(name, (FOLDER / name).read_bytes()), name


def test_every_sample_is_small() -> None:
    assert max(path.stat().st_size for path in FOLDER.iterdir()) < 120_000


@EVERY_FILE
def test_the_fastest_mile_is_the_one_that_is_known(name: str) -> None:
    known = ANSWERS[name]["mile"]
    expected_s = known[f"{known['held_to']}_s"]
    assert mile_of(name).effort.elapsed_s == pytest.approx(expected_s, abs=known["tolerance_s"])


@EVERY_FILE
def test_four_quarters_make_the_mile(name: str) -> None:
    mile = mile_of(name)
    assert len(mile.quarters) == 4
    assert sum(q.elapsed_s for q in mile.quarters) == pytest.approx(mile.effort.elapsed_s, abs=1e-6)


def test_the_quarters_of_the_track_mile_are_uneven_as_they_were_run() -> None:
    quarters_s = [q.elapsed_s for q in mile_of("track-mile.fit").quarters]
    true_s = ANSWERS["track-mile.fit"]["mile"]["true_quarters_s"]
    assert quarters_s == pytest.approx(true_s, abs=1.5)
    assert quarters_s.index(max(quarters_s)) == 2
    assert quarters_s.index(min(quarters_s)) == 3


def test_a_mile_on_the_track_is_cut_at_the_finish_line() -> None:
    laps = mile_of("track-mile.fit").track_laps
    true_s = ANSWERS["track-mile.fit"]["track_laps_s"]
    assert [lap.elapsed_s for lap in laps] == pytest.approx(true_s, abs=1.5)


@EVERY_FILE
def test_the_summary_says_what_was_run(name: str) -> None:
    summary, known = analysed(name).summary, ANSWERS[name]
    assert summary.sport == known["sport"]
    assert (summary.sub_sport or "generic") == (known["sub_sport"] or "generic")
    assert summary.records == known["records"]
    assert summary.elapsed_s == pytest.approx(known["elapsed_s"], abs=0.001)
    if known["distance_m"] is None:
        assert summary.distance_m == pytest.approx(known["true_distance_m"], rel=0.02)


@pytest.mark.parametrize("name", [n for n in ANSWERS if ANSWERS[n]["mile"]["held_to"] == "recorded"])
def test_the_distance_is_the_devices_own(name: str) -> None:
    assert analysed(name).summary.distance_m == pytest.approx(ANSWERS[name]["distance_m"], abs=0.011)


@pytest.mark.parametrize("name", FIT)
def test_the_timer_leaves_out_the_pauses_that_the_watch_wrote(name: str) -> None:
    analysis, known = analysed(name), ANSWERS[name]
    assert [[pause.start_s, pause.end_s] for pause in analysis.pauses] == known["pauses"]
    assert analysis.summary.timer_s == pytest.approx(known["timer_s"], abs=0.001)


@pytest.mark.parametrize("name", [n for n in ANSWERS if ANSWERS[n]["laps"]])
def test_the_laps_are_those_of_the_watch(name: str) -> None:
    laps, known = analysed(name).laps, ANSWERS[name]["laps"]
    # A lap's start is written in whole seconds, its length in thousandths.
    assert [lap.start_s for lap in laps] == pytest.approx([lap["start_s"] for lap in known], abs=1.0)
    assert [lap.distance_m for lap in laps] == pytest.approx([lap["distance_m"] for lap in known], abs=0.006)
    assert [lap.elapsed_s for lap in laps] == pytest.approx([lap["elapsed_s"] for lap in known], abs=0.002)


def test_no_mile_spans_the_teleport() -> None:
    analysis = analysed("road-run-pauses.fit")
    (_, teleport) = analysis.pauses
    effort = mile_of("road-run-pauses.fit").effort
    assert effort.start_s + effort.elapsed_s <= teleport.start_s or effort.start_s >= teleport.end_s
    assert "teleport" in codes(analysis)


def test_three_bad_fixes_set_no_record() -> None:
    known = ANSWERS["phone-spike.gpx"]["mile"]
    assert mile_of("phone-spike.gpx").effort.elapsed_s > known["naive_s"] + 60
    assert "glitch" in codes(analysed("phone-spike.gpx"))


def test_a_file_that_was_cut_off_keeps_every_whole_record_and_says_so() -> None:
    analysis = analysed("truncated.fit")
    assert analysis.summary.records == ANSWERS["truncated.fit"]["records"]
    assert any(note.kind == "damage" for note in analysis.notes)


@pytest.mark.parametrize("name", [n for n in ANSWERS if n != "truncated.fit"])
def test_sound_files_are_not_called_damaged(name: str) -> None:
    assert [note for note in analysed(name).notes if note.kind == "damage"] == []
