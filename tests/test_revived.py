"""A document read back: what is told of it is what was told of the run when it was read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devtools.samples import SAMPLES
from miler import Analysis, Settings, analyse, read
from miler.files import Found
from miler.library import kept
from miler.outcome import process
from miler.overrides import Overrides
from miler.report import text
from miler.report.document import document, dumps, rounded
from miler.report.look import Look
from miler.report.revived import revived
from miler.trace import outline
from tests.test_own_records import CLUB

ASKED = Settings(
    effort_lengths_m=(400.0, 1234.5678912),
    lap_m=201.0,
    sex="F",
    birth_year=1980,
    units="both",
    own_records=CLUB,
    every_second=True,
)
SAID = Overrides(wind="SW 4 m/s", shoes="Spike", official=((1609.344, 300.12),))
LOOKS = [
    Look(width, color, plain) for width in (100, 72) for color in (False, True) for plain in (False, True)
]


def told_again(analysis: Analysis, look: Look) -> str:
    """The report of what a library keeps of it: JSON, and bytes."""
    return kept.told(json.loads(dumps(document(analysis))), kept.packed(outline(analysis.trace)), "", look)


def agrees(analysis: Analysis, looks: list[Look]) -> None:
    told = rounded(document(analysis))
    assert rounded(document(revived(json.loads(dumps(told))))) == told
    for look in looks:
        assert told_again(analysis, look) == text.render(analysis, look)


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("settings", [Settings(), ASKED], ids=["usual", "asked"])
def test_a_report_is_told_again_to_the_letter(samples: Path, name: str, settings: Settings) -> None:
    agrees(analyse(read(samples / name), settings, SAID), LOOKS)


def test_every_real_recording_is_told_again_to_the_letter(corpus: Path) -> None:
    told = 0
    for number, path in enumerate(sorted(p for p in corpus.rglob("*") if p.is_file())[::2]):
        for analysis in process(Found(str(path), path.name), (Settings(), ASKED)[number % 2]).analyses:
            agrees(analysis, [LOOKS[number % len(LOOKS)]])
            told += 1
    assert told > 100


def test_a_name_that_is_no_unicode_and_a_run_without_a_date_are_told_again(samples: Path) -> None:
    run = read(samples / "treadmill.fit")
    odd = replace(run, start_time=None, name="a\x1b[2Jb\udc80", source=replace(run.source, name="\udcff.fit"))
    agrees(analyse(odd), LOOKS[:2])


def test_the_least_of_settings_is_told_again(samples: Path) -> None:
    least = Settings(effort_lengths_m=(1.0, 4 / 3), gap_share=1e-6, moving_mps=1e-6, end_sd_m=1e-6)
    agrees(analyse(read(samples / "treadmill.fit"), least), LOOKS[:1])


def test_numbers_that_follow_from_others_in_the_document_follow_from_what_is_written_there(
    samples: Path,
) -> None:
    for name in SAMPLES:
        for effort in rounded(document(analyse(read(samples / name))))["efforts"]:
            assert effort["pace_s_per_km"] == round(effort["elapsed_s"] / effort["length_m"] * 1000, 6)
            sides = (effort["elapsed_s"] - effort["low_s"], effort["high_s"] - effort["elapsed_s"])
            assert effort["uncertainty_s"] == round(max(sides), 6)


def test_what_is_drawn_on_pages_is_not_in_a_document(samples: Path) -> None:
    told = revived(rounded(document(analyse(read(samples / "track-mile.fit")))))
    assert told.track is not None
    assert len(told.trace.elapsed_s) == 0 and told.track.drawing.fixes.size == 0 and not told.moments.columns


@pytest.mark.parametrize("broken", [{}, {"laps": None}, {"pauses": [{"start_s": 1.0}]}])
def test_what_is_no_document_is_refused(samples: Path, broken: dict[str, Any]) -> None:
    told = rounded(document(analyse(read(samples / "treadmill.fit"))))
    with pytest.raises((LookupError, TypeError, ValueError)):
        revived(told | broken if broken else {})


def test_the_lines_of_a_report_are_as_fine_as_its_terminal_shows(samples: Path) -> None:
    run = outline(analyse(read(samples / "road-run-pauses.fit")).trace)
    assert np.ptp(np.diff(run.elapsed_s)) < 1e-6 * run.elapsed_s[-1]
    assert (np.diff(run.distance_m) >= 0).all()
