"""The path of a number, and what the runner knows better."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import miler
from miler.activity import Activity
from miler.analysis import analyse
from miler.errors import SettingsError
from miler.explaining import explain
from miler.overrides import Overrides, overrides_from
from miler.report.explained import render
from miler.report.look import Look
from miler.settings import Settings
from miler.sidecars import overrides_beside
from miler.units import MILE_M
from tests.conftest import Miler


def test_an_explanation_tells_the_same_time_as_the_report(samples: Path) -> None:
    for name in ("track-mile.fit", "phone-spike.gpx", "treadmill.fit"):
        activity = miler.read(samples / name)
        mile, found = analyse(activity).mile, explain(activity)
        assert mile is not None
        assert found.effort == mile.effort


def test_it_tells_what_was_left_out_and_what_that_would_have_made(samples: Path) -> None:
    found = explain(miler.read(samples / "phone-spike.gpx"))
    assert found.left_out == 3
    assert found.source == "fixes"
    text = render(found, "phone-spike.gpx")
    assert "3 positions far off the course were not believed" in text
    assert "unfiltered" in text


def test_it_names_what_lost_and_by_how_much(samples: Path) -> None:
    found = explain(miler.read(samples / "road-run-pauses.fit"))
    assert found.effort is not None
    slower = [c for c in found.candidates if "elsewhere" in c.why]
    assert slower and all(c.elapsed_s >= found.effort.elapsed_s for c in slower)


def test_a_faster_stretch_across_a_break_is_named_with_what_bars_it() -> None:
    times = np.concatenate([np.arange(0, 700.0), np.arange(700.0, 1400)])
    metres = 3.0 * times
    metres[700:] += 900.0
    found = explain(Activity(None, times, {"distance": metres}, sport="running", timer_events=True))
    assert any(
        c.why.startswith("by ") or "for it spans a glitch" in c.why or "unfiltered" in c.why
        for c in found.candidates
    )


def test_the_budget_adds_up_to_the_grade(samples: Path) -> None:
    found = explain(miler.read(samples / "track-mile.fit"), Settings(distance_source="device"))
    sds = [term.sd_m for term in found.terms]
    assert sds == sorted(sds, reverse=True)
    assert found.terms[0].name == "scale"


def test_a_time_by_the_track_says_how_it_was_found_and_what_the_watch_would_have_said(samples: Path) -> None:
    found = explain(miler.read(samples / "track-mile.fit"))
    text = " ".join(render(found, "x").split())
    assert "paths along the lane as likely as the one found were drawn" in text
    assert found.terms == () and found.difference is None
    by = {c.why: c.elapsed_s for c in found.candidates}
    assert by["by the device's own distance"] == pytest.approx(324.9, abs=0.05)
    assert "by the positions alone" in by


def test_a_recording_without_a_mile_is_explained_too(samples: Path) -> None:
    found = explain(miler.read(samples / "track-mile.fit"), length_m=50_000.0)
    assert found.effort is None
    assert "No unbroken stretch" in render(found, "x")


def test_a_mile_in_a_sport_that_is_not_sought_is_said_to_be_that(samples: Path) -> None:
    ride = replace(miler.read(samples / "track-mile.fit"), sport="cycling", sessions=())
    found = explain(ride)
    assert found.effort is None
    assert "for it spans a sport that is not sought (--sport)" in " ".join(render(found, "x").split())


def test_an_explanation_fits_its_terminal(samples: Path) -> None:
    text = render(explain(miler.read(samples / "track-mile.fit")), "x", Look(40, plain=True))
    assert max(map(len, text.splitlines())) <= 40 and text.isascii()


def test_the_verb_writes_words_and_json(miler: Miler, samples: Path) -> None:
    words = miler("explain", samples / "track-mile.fit")
    assert words.code == 0
    assert "THE ERROR BUDGET" in words.out and "All are the defaults" in words.out
    asked = ("--format", "json", "--effort", "1km", "--distance", "device")
    told = json.loads(miler("explain", samples / "track-mile.fit", *asked).out)
    assert told["schema"] == "miler.explanation/1"
    assert told["length_m"] == 1000
    assert {row["term"] for row in told["budget"]} >= {"scale", "ends", "wander", "clock"}
    assert told["effort"]["evidence"]["grade"] == "B"


def test_settings_that_are_not_the_defaults_are_told(miler: Miler, samples: Path) -> None:
    assert (
        "distance_source = fixes" in miler("explain", samples / "track-mile.fit", "--distance", "fixes").out
    )


def beside(folder: Path, samples: Path, name: str, words: str) -> Path:
    copy = folder / name
    shutil.copy(samples / name, copy)
    Path(f"{copy}.toml").write_text(words, encoding="utf-8")
    return copy


def test_what_the_runner_wrote_beside_a_file_counts_every_time(
    miler: Miler, samples: Path, tmp_path: Path
) -> None:
    path = beside(tmp_path, samples, "treadmill.fit", 'treadmill_distance = "5 km"\n')
    told = json.loads(miler("report", path, "--format", "json").out)
    assert told["activity"]["distance_m"] == pytest.approx(5000, abs=0.1)
    assert any(note["code"] == "override" for note in told["notes"])


def test_a_folders_file_speaks_of_each_recording_by_name(miler: Miler, samples: Path, tmp_path: Path) -> None:
    shutil.copy(samples / "track-mile.fit", tmp_path)
    words = '["track-mile.fit".official]\n"1mi" = "5:27.4"\n[["track-mile.fit".exclude]]\neffort = "400m"\n'
    (tmp_path / "miler.toml").write_text(words, encoding="utf-8")
    out = miler("report", tmp_path / "track-mile.fit").out
    assert "OFFICIAL       5:27.40" in out
    assert "the runner left the 400 m out" in out


def test_a_window_clamps_where_efforts_are_sought(samples: Path) -> None:
    activity = miler.read(samples / "road-run-pauses.fit")
    mile = analyse(activity, None, Overrides(window_s=(0.0, 1000.0))).mile
    assert mile is not None and mile.effort.end_s <= 1000.0


def test_no_effort_uses_a_stretch_that_was_left_out(samples: Path) -> None:
    activity = miler.read(samples / "road-run-pauses.fit")
    free = analyse(activity).mile
    assert free is not None
    middle = (free.effort.start_s + free.effort.end_s) / 2
    mile = analyse(activity, None, Overrides(barred_s=((middle, middle + 5),))).mile
    assert mile is not None
    assert mile.effort.end_s <= middle + 5 or mile.effort.start_s >= middle
    assert mile.effort.elapsed_s > free.effort.elapsed_s


def test_what_the_runner_accepts_is_a_best() -> None:
    times = np.arange(1000.0)
    ride = Activity(None, times, {"distance": times * 9.0}, sport="running", timer_events=True)
    assert analyse(ride).mile is None
    mile = analyse(ride, None, Overrides(accept=True)).mile
    assert mile is not None and mile.effort.length_m == MILE_M


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"colour": "red"}, "unknown override 'colour'"),
        ({"window": ["1:00"]}, "two times"),
        ({"window": ["2:00", "1:00"]}, "end after it begins"),
        ({"exclude": "all"}, "must be tables"),
        ({"exclude": [{"from": "1:00"}]}, "from and to"),
        ({"official": "4:00"}, "table of lengths"),
        ({"accept": "yes"}, "true or false"),
        ({"sport": 3}, "must be text"),
        ({"wind": 3}, "must be text"),
        ({"lane": 12}, "1 to 9"),
        ({"treadmill_distance": "far"}, "not a distance"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_reason(values: dict[str, object], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        overrides_from(values)


def test_a_slip_beside_a_file_fails_that_file_and_names_the_toml(
    miler: Miler, samples: Path, tmp_path: Path
) -> None:
    path = beside(tmp_path, samples, "treadmill.fit", "treadmill_distance = \n")
    ran = miler("report", path)
    assert ran.code == 1
    assert "treadmill.fit.toml is not TOML" in ran.err


def test_nothing_beside_a_file_says_nothing(tmp_path: Path) -> None:
    assert overrides_beside(None) is None
    assert overrides_beside(str(tmp_path / "run.fit")) is None
    (tmp_path / "miler.toml").write_text('"run.fit" = 3\n', encoding="utf-8")
    with pytest.raises(SettingsError, match="must be a table"):
        overrides_beside(str(tmp_path / "run.fit"))


def test_an_activity_of_the_library_is_explained_as_its_file_is(
    miler: Miler, samples: Path, tmp_path: Path
) -> None:
    library, run = ("--library", tmp_path / "runs.db"), tmp_path / "run.fit"
    run.write_bytes((samples / "track-mile.fit").read_bytes())
    assert miler("import", run, *library).code == 0
    of_file = miler("explain", run).out.splitlines()
    assert miler("explain", "1", *library).out.splitlines()[1:] == of_file[1:]
    asked = ("--distance", "device", "--effort", "1km")
    assert (
        miler("explain", "1", *library, *asked).out.splitlines()[1:]
        == (miler("explain", run, *asked).out.splitlines()[1:])
    )
    settings = tmp_path / "mine.toml"
    settings.write_text('distance_source = "fixes"\n', encoding="utf-8")
    by_file = ("--config", settings)
    explained = miler("explain", run, *by_file).out.splitlines()[1:]
    assert miler("explain", "1", *library, *by_file).out.splitlines()[1:] == explained != of_file[1:]


@pytest.mark.parametrize("loss", [Path.unlink, lambda path: path.write_bytes(b"another")])
def test_an_activity_whose_original_is_gone_cannot_be_explained(
    miler: Miler, samples: Path, tmp_path: Path, loss: Callable[[Path], object]
) -> None:
    library, run = ("--library", tmp_path / "runs.db"), tmp_path / "run.fit"
    run.write_bytes((samples / "track-mile.fit").read_bytes())
    miler("import", run, *library)
    loss(run)
    done = miler("explain", "1", *library)
    assert done.code == 1 and "the original of activity 1 is gone or has changed" in done.err
