"""What a runner relies on whatever clock, machine or malice: see docs/explanation/threats.md."""

from __future__ import annotations

import ast
import math
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st

from devtools import hostile
from devtools.writers import Recording, Span, write_fit, write_gpx, write_tcx
from miler import batch
from miler.activity import Activity
from miler.analysis import Analysis, analyse
from miler.crediting import measure
from miler.effort import fastest
from miler.errors import MilerError
from miler.files import Found, find
from miler.formats import decode
from miler.gait import holdable_mps
from miler.outcome import Outcome
from miler.report.document import document
from miler.settings import Settings
from tests.clocks import FIT_EPOCH_S, fit_by, gpx_by, tcx_by
from tests.conftest import ROOT, codes, reader_of_one

COUNT = 600
HALF = COUNT // 2
T0 = 1_147_000_000  # FIT's seconds: 2026-05-06
DAY_S = 86_400
SOUND = range(T0, T0 + COUNT)


decode_one = reader_of_one(decode)


def one(data: bytes) -> Analysis:
    return analyse(decode_one(data))


def is_sane(analysis: Analysis) -> bool:
    """Whether every time is possible: no split is empty or endless, and no mile faster than any runner's."""
    mile = analysis.mile
    efforts = [*analysis.efforts, *((mile.effort,) if mile else ())]
    splits = [*analysis.km, *analysis.miles, *(mile.quarters if mile else ())]
    held = all(e.elapsed_s >= e.length_m / float(holdable_mps(np.array([e.elapsed_s]))[0]) for e in efforts)
    return held and all(0 < each.elapsed_s < math.inf for each in splits)


# V2: clocks. What each leaves of 600 records, and what is said.

WRONG_CLOCKS = {
    "it goes back 100 s": ([*SOUND[:HALF], *range(T0 + 200, T0 + 500)], 500, "time_backwards"),
    "it shows each second twice": ([T0 + i // 2 * 2 for i in range(COUNT)], HALF, "time_repeated"),
    "it stands": ([T0] * COUNT, 1, "time_repeated"),
    "it runs backwards": (SOUND[::-1], COUNT, "time_backwards"),
    "it jumps a day": ([*SOUND[:HALF], *(s + DAY_S for s in SOUND[HALF:])], COUNT, "pause_inferred"),
    "it knows the date late": ([*range(150), *SOUND[150:]], 450, "no_time"),
    "it is 1,024 weeks late at first": (
        [*(s - 7168 * DAY_S for s in SOUND[:50]), *SOUND[50:]],
        550,
        "no_time",
    ),
    "it shows FFFFFFFE once": ([*SOUND[:HALF], 0xFFFF_FFFE, *SOUND[HALF + 1 :]], 599, "no_time"),
    "it shows FFFFFFFE": ([0xFFFF_FFFE] * COUNT, 0, "no_time"),
    "it runs into 2106": (range(2**32 - FIT_EPOCH_S - HALF, 2**32 - FIT_EPOCH_S + HALF), 0, "no_time"),
}


@pytest.mark.parametrize("clock", WRONG_CLOCKS)
def test_a_wrong_clock_costs_no_more_than_its_own_records_and_is_said(clock: str) -> None:
    stamps, records, code = WRONG_CLOCKS[clock]
    analysis = one(fit_by(list(stamps)))
    assert analysis.summary.records == records
    assert code in codes(analysis)
    assert is_sane(analysis)


SOUND_CLOCKS = {
    "the epoch of FIT, for want of a date": (0, None),
    "into 2038, where Unix seconds fill 31 bits": (2**31 - FIT_EPOCH_S - HALF, "2038-01-19T03:09:08+00:00"),
    "1,024 weeks ago, as an old receiver of GPS counts": (T0 - 7168 * DAY_S, "2006-09-20T11:06:40+00:00"),
}


@pytest.mark.parametrize("clock", SOUND_CLOCKS)
def test_a_clock_that_is_only_set_wrong_measures_as_well_as_any(clock: str) -> None:
    first, start = SOUND_CLOCKS[clock]
    analysis, right = one(fit_by(range(first, first + COUNT))), one(fit_by(SOUND))
    told = analysis.summary.start_time
    assert (told and told.isoformat()) == start
    assert not codes(analysis)
    assert analysis.mile is not None and analysis.mile == right.mile


def iso(seconds: int) -> str:
    return datetime.fromtimestamp(FIT_EPOCH_S + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


ZULU = [iso(s) + "Z" for s in SOUND]
WRONG_TIMES = {
    "a leap second": ([*ZULU[:HALF], "2026-06-30T23:59:60Z", *ZULU[HALF + 1 :]], 599, "no_time"),
    "no day": ([*ZULU[:HALF], "0000-00-00T00:00:00Z", *ZULU[HALF + 1 :]], 599, "no_time"),
    "no zone": ([each[:-1] for each in ZULU], COUNT, "no_zone"),
    "no such zone": ([*ZULU[:HALF], ZULU[HALF][:-1] + "+99:99", *ZULU[HALF + 1 :]], 599, "no_time"),
    "summer begins, no zone": (
        [each[:-1] for each in ZULU[:HALF]] + [iso(s + 3600) for s in SOUND[HALF:]],
        COUNT,
        "no_zone",
    ),
    "summer ends, no zone": (
        [each[:-1] for each in ZULU[:HALF]] + [iso(s - 3600) for s in SOUND[HALF:]],
        COUNT,
        "no_zone",
    ),
}


@pytest.mark.parametrize("by", [gpx_by, tcx_by])
@pytest.mark.parametrize("clock", WRONG_TIMES)
def test_a_written_time_that_is_none_or_unclear_is_said(by: Any, clock: str) -> None:
    stamps, records, code = WRONG_TIMES[clock]
    analysis = one(by(stamps))
    assert (analysis.summary.records, codes(analysis)[0]) == (records, code)
    assert is_sane(analysis)


@pytest.mark.parametrize("by", [gpx_by, tcx_by])
@pytest.mark.parametrize("hours", [1, -1])
def test_summer_time_may_begin_or_end_in_mid_run(by: Any, hours: int) -> None:
    changed = [f"{iso(s + hours * 3600)}{hours:+03d}:00" for s in SOUND[HALF:]]
    assert one(by([*ZULU[:HALF], *changed])).mile == one(by(ZULU)).mile


def a_run(start: datetime) -> Recording:
    """A run with a stop, fixes in Berlin and sixty-odd beats: a mile and a bit."""
    seconds = np.concatenate([np.arange(300.0), np.arange(340.0, 560.0)])
    metres = 3.7 * np.concatenate([np.arange(300.0), np.arange(300.0, 520.0)])
    return Recording(
        start_time=start,
        time_s=seconds,
        latitude_deg=52.5 + metres / 111_319.49,
        longitude_deg=np.full(len(seconds), 13.4),
        distance_m=metres,
        heart_rate_bpm=150 + 10 * np.sin(seconds / 60),
        pauses=(Span(299.0, 340.0),),
    )


def undated(data: bytes) -> dict[str, Any]:
    """Everything that miler says about a file but its date, its name and its check sum."""
    told = document(one(data))
    del told["source"]
    del told["activity"]["start_time"]
    return told


NOON = datetime(2026, 5, 9, 12, tzinfo=UTC)
FIRST, LAST = datetime(1995, 1, 2, tzinfo=UTC), datetime(2099, 12, 30, tzinfo=UTC)
BOUNDS = int((FIRST - NOON).total_seconds()), int((LAST - NOON).total_seconds())


@pytest.mark.parametrize("write", [write_fit, write_gpx, write_tcx])
@tries(max_examples=10)
@given(later_s=st.integers(*BOUNDS))
def test_the_date_changes_nothing_else(write: Any, later_s: int) -> None:
    assert undated(write(a_run(NOON + timedelta(seconds=later_s)))) == undated(write(a_run(NOON)))


# V3: distances


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("write", [write_fit, write_gpx, write_tcx])
def test_a_recording_that_hardly_moves_is_an_activity_without_a_mile(write: Any, count: int) -> None:
    """Of one point, or of several at one place."""
    still = Recording(
        start_time=NOON,
        time_s=np.arange(float(count)),
        latitude_deg=np.full(count, 52.5),
        longitude_deg=np.full(count, 13.4),
        distance_m=np.zeros(count),
    )
    analysis = one(write(still))
    assert (analysis.summary.records, analysis.mile, analysis.efforts) == (count, None, ())


@pytest.mark.parametrize(
    "data", [fit_by([]), gpx_by([]), b"<TrainingCenterDatabase/>"], ids=["fit", "gpx", "tcx"]
)
def test_a_recording_of_no_point_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(MilerError) as told:
        decode(data)
    assert told.value.message


def by_distance(metres: list[float]) -> Activity:
    return Activity(
        start_time=None,
        elapsed=np.arange(len(metres), dtype=float),
        streams={"distance": np.array(metres)},
        sport="running",
        timer_events=True,
    )


PACES = st.lists(st.integers(150, 650).map(lambda cm: cm / 100), min_size=20, max_size=120)


@given(PACES, st.integers(1, 30), st.integers(150, 650))
def test_to_run_on_never_makes_what_was_run_slower(steps: list[float], more: int, cm: int) -> None:
    metres = np.cumsum([0.0, *steps])
    longer = np.cumsum([0.0, *steps, *([cm / 100] * more)])
    length_m = float(metres[-1]) / 2
    before, after = (fastest(measure(by_distance(m.tolist())), length_m) for m in (metres, longer))
    assert before is not None and after is not None
    assert after.elapsed_s <= before.elapsed_s + 1e-9
    if after.end_m <= metres[-1]:
        assert after.elapsed_s == pytest.approx(before.elapsed_s, abs=1e-9)


@given(PACES, st.sets(st.integers(0, 119), max_size=20))
def test_more_points_on_a_straight_and_even_way_change_nothing(steps: list[float], halved: set[int]) -> None:
    seconds, metres = np.arange(len(steps) + 1.0), np.cumsum([0.0, *steps])
    at = np.array(sorted(i for i in halved if i < len(steps)), np.int64)
    finer = replace(
        by_distance(metres.tolist()),
        elapsed=np.insert(seconds, at + 1, seconds[at] + 0.5),
        streams={"distance": np.insert(metres, at + 1, (metres[at] + metres[at + 1]) / 2)},
    )
    length_m = float(metres[-1]) / 2
    plain, fine = (fastest(measure(run), length_m) for run in (by_distance(metres.tolist()), finer))
    assert plain is not None and fine is not None
    assert fine.elapsed_s == pytest.approx(plain.elapsed_s, abs=1e-6)


@given(st.integers(60, 540), st.floats(300.0, 5e6))
def test_nobody_runs_a_mile_at_a_thousand_kilometres_an_hour(at: int, jump_m: float) -> None:
    metres = 4.0 * np.arange(COUNT, dtype=float)
    metres[at:] += jump_m
    analysis = analyse(by_distance(metres.tolist()))
    assert is_sane(analysis)
    assert "glitch" in codes(analysis)


# V5: the machine


@cache
def usual_documents() -> bytes:
    return documents({"LC_ALL": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "0"})


def documents(environment: dict[str, str]) -> bytes:
    """What the program writes of every sample file, run in that environment."""
    files = sorted(str(path) for path in (ROOT / "sample_files").glob("*.[ftg]*"))
    command = [sys.executable, "-m", "miler.cli", "report", *files[:3], "--format", "jsonl"]
    done = subprocess.run(command, capture_output=True, env={**os.environ, **environment}, check=True)
    return done.stdout


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "PYTHONHASHSEED": "1"},
        {"LC_ALL": "de_DE.ISO-8859-1", "PYTHONHASHSEED": "2", "TZ": "Pacific/Apia"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "TZ": "America/St_Johns"},
    ],
    ids=["Turkish", "German", "C"],
)
def test_language_and_zone_of_the_machine_change_no_byte(environment: dict[str, str]) -> None:
    assert documents(environment) == usual_documents() != b""


# A13: a reader that ends more than itself


class Panic(BaseException):
    """What a panic in Rust becomes in Python: no `Exception`."""


VICTIM = "b.fit"


def told(outcome: Outcome) -> str:
    return f"{outcome.source.name} {outcome.error.code if outcome.error else outcome.kind}"


def aborted(outcome: Outcome) -> str:
    if outcome.source.name == VICTIM and outcome.kind == "done":
        os.abort()
    return told(outcome)


def panicked(outcome: Outcome) -> str:
    if outcome.source.name == VICTIM and outcome.kind == "done":
        raise Panic("remainder by zero")
    return told(outcome)


def out_of_memory(outcome: Outcome) -> str:
    if outcome.source.name == VICTIM and outcome.kind == "done":
        np.ones(2**60, np.float64)
    return told(outcome)


@pytest.fixture
def three(tmp_path: Path) -> list[Found]:
    for name in ("a.fit", VICTIM, "c.fit"):
        (tmp_path / name).write_bytes(fit_by(SOUND[:10]))
    return list(find([tmp_path]))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no signals here")
def test_a_reader_that_aborts_costs_its_file_only(three: list[Found]) -> None:
    results = list(batch.run(three, Settings(), aborted, jobs=2))
    assert results == ["a.fit done", f"{VICTIM} worker_died", "c.fit done"]


@pytest.mark.parametrize("fate", [panicked, out_of_memory])
def test_a_reader_that_panics_or_has_no_memory_costs_its_file_only(
    three: list[Found], fate: Any, jobs: int
) -> None:
    results = list(batch.run(three, Settings(), fate, jobs=jobs))
    assert results == ["a.fit done", f"{VICTIM} internal", "c.fit done"]


# All of them: small files made to do harm


# Those of megabytes are read by benchmarks/hostile.py, each in a process of its own.
SMALL = [name for name in hostile.FILES if name not in hostile.LARGER]


@pytest.mark.parametrize("name", SMALL)
def test_a_file_made_to_do_harm_is_read_or_refused_in_words(name: str) -> None:
    try:
        activities = decode(hostile.FILES[name]())
    except MilerError as error:
        assert error.code and error.message
    else:
        assert activities and all(np.isfinite(activity.elapsed).all() for activity in activities)


def test_messages_without_fields_are_refused() -> None:
    with pytest.raises(MilerError) as told:
        decode(hostile.empty_messages())
    assert told.value.code == "too_many_empty_messages"


# The table


TABLE = ROOT / "docs" / "explanation" / "threats.md"


def named_tests() -> set[tuple[str, str]]:
    """Every test that the table names, with its file."""
    return set(re.findall(r"`(test_\w+\.py)::(test_\w+)`", TABLE.read_text(encoding="utf-8")))


def test_every_threat_has_a_row_and_every_row_names_tests() -> None:
    rows = re.findall(r"^\| ([AVF]\d+) \|(.*)\|$", TABLE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [number for number, _ in rows] == [
        *(f"A{n}" for n in range(1, 14)),
        *(f"V{n}" for n in range(1, 6)),
        *(f"F{n}" for n in range(1, 16)),
    ]
    assert all("test_" in row or "benchmarks/" in row for _, row in rows)


@pytest.mark.parametrize("file", sorted({file for file, _ in named_tests()}))
def test_every_test_that_the_table_names_is_there(file: str) -> None:
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    there = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert {test for of, test in named_tests() if of == file} <= there
