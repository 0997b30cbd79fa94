"""Independent answers for real activities, and the same recording in several formats.

The tables are made by benchmarks/truth.py and benchmarks/same_activity.py; the recordings are real
people's and not in this repository, so these tests are skipped where they are missing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from benchmarks import same_activity, truth
from benchmarks.bar import CORPUS
from devtools.recording import Recording, Span
from devtools.writers import write_fit, write_tcx
from miler.activity import Activity
from miler.analysis import analyse
from miler.errors import DecodeError
from miler.formats import EXTENSIONS, decode
from miler.units import MILE_M

needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="the recordings are not here")


@needs_corpus
def test_every_time_agrees_with_the_independent_answer() -> None:
    rows = truth.rows(CORPUS)
    assert len(rows) >= 33
    assert [row for row in rows if not row.ok] == []


@needs_corpus
def test_garmin_strava_and_nike_are_each_among_the_answers() -> None:
    rows = truth.rows(CORPUS)
    assert sum("by Garmin" in row.effort for row in rows) == 4
    assert sum(row.file.startswith("strava-runpandas") for row in rows) == 7
    assert sum(row.effort.startswith("split_mile") for row in rows) == 10


@needs_corpus
def test_one_recording_gives_one_mile_in_every_format_with_device_distance() -> None:
    rows = same_activity.rows(CORPUS)
    held = [row for row in rows if row.bar_s is not None]
    assert len({row.group for row in held}) >= 10
    assert [row for row in held if not row.ok] == []


@needs_corpus
def test_every_group_is_compared_or_left_out_for_a_reason() -> None:
    compared = {row.group for row in same_activity.rows(CORPUS)}
    assert compared | set(same_activity.LEFT_OUT) == set(same_activity.groups(CORPUS))
    assert not compared & set(same_activity.LEFT_OUT)


@cache
def corpus_files() -> list[Path]:
    files = (p for p in sorted(CORPUS.glob("*/**/*")) if p.name.lower().endswith(EXTENSIONS))
    return [p for p in files if p.parent.name != "truth"]


@needs_corpus
def test_no_real_file_makes_the_analysis_fail_or_contradict_itself() -> None:
    analysed = 0
    for path in corpus_files():
        try:
            activities = decode(path.read_bytes())
        except DecodeError:
            continue
        for activity in activities:
            contradiction = _contradiction(activity)
            assert contradiction is None, f"{path.name}: {contradiction}"
            analysed += 1
    assert analysed > 300


def _contradiction(activity: Activity) -> str | None:
    analysis = analyse(activity)
    times = [effort.elapsed_s for effort in analysis.efforts]
    if times != sorted(times):
        return "a longer effort is faster"
    if analysis.mile is not None:
        for parts in (analysis.mile.quarters, analysis.mile.track_laps):
            if abs(sum(p.elapsed_s for p in parts) - analysis.mile.effort.elapsed_s) > 1e-6:
                return "the splits do not sum to the mile"
    if analysis.km and abs(sum(p.length_m for p in analysis.km) - analysis.summary.distance_m) > 0.01:
        return "the kilometres do not sum to the run"
    return None


def test_a_run_with_pauses_gives_the_same_mile_as_fit_and_as_tcx() -> None:
    rng = np.random.default_rng(11)
    ran = np.concatenate([np.arange(0, 700.0), np.arange(760, 1500.0)])
    metres = np.cumsum(np.concatenate([[0.0], 4 + rng.normal(0, 0.3, len(ran) - 1)]))
    run = Recording(
        start_time=datetime(2026, 5, 9, 17, 2, tzinfo=UTC),
        time_s=ran,
        distance_m=metres,
        pauses=[Span(699.0, 760.0)],
    )
    miles = []
    for data in (write_fit(run), write_tcx(run)):
        (activity,) = decode(data)
        (mile,) = (e for e in analyse(activity).efforts if e.length_m == MILE_M)
        miles.append(mile)
    assert miles[0].elapsed_s == pytest.approx(miles[1].elapsed_s, abs=0.05)
    assert miles[0].timer_s == pytest.approx(miles[1].timer_s, abs=0.05)
