"""The bars of what runners read and pass on: text of every width, numbers, notebook, card.

python -m benchmarks.story
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import miler
from benchmarks.bar import CORPUS, Bar, skipped
from miler import picture
from miler.activity import Activity
from miler.analysis import Analysis
from miler.library import kept
from miler.report.card import card
from miler.report.document import document as document_of
from miler.report.document import dumps
from miler.report.look import Look
from miler.trace import outline
from miler.units import (
    MILE_M,
    UNIT_M,
    Unit,
    format_distance,
    format_duration,
    pace_figure,
    parse_distance,
    parse_duration,
)

_SAMPLES = Path(__file__).resolve().parents[1] / "sample_files"
_WIDTHS = (40, 60, 80, 100, 120, 200)
_EVERY, _EVERY_SHORT = 3, 40  # of the corpus's files
_NUMBERS = 200_000
_CARD_S = 2.0
_UNITS: tuple[Unit, ...] = ("mi", "km")


def bars(short: bool) -> Iterator[Bar]:
    """Measure them."""
    yield _widths(short)
    yield _told_again(short)
    yield _numbers(_NUMBERS // 10 if short else _NUMBERS)
    run = miler.read(_SAMPLES / "road-run-pauses.fit")
    yield _bytes(run)
    yield _card(miler.analyse(run))


def _widths(short: bool) -> Bar:
    name, goal = "lines of text reports wider than their terminal, or not ASCII where asked", "0"
    if not CORPUS.is_dir():
        return skipped(name, goal, "no folder of real recordings here")
    reports = wrong = 0
    for analysis in _analysed(_EVERY_SHORT if short else _EVERY):
        for width, plain in product(_WIDTHS, (False, True)):
            text = miler.render(analysis, width=width, plain=plain)
            wrong += sum(len(line) > width for line in text.split("\n")) + (plain > text.isascii())
            reports += 1
    return Bar(name, f"{wrong} in {reports} reports", goal, wrong == 0)


def _told_again(short: bool) -> Bar:
    """Make reports of runs just read, and of what a library keeps of these."""
    name, goal = "reports of what a library keeps that differ by a letter", "0"
    if not CORPUS.is_dir():
        return skipped(name, goal, "no folder of real recordings here")
    reports = other = 0
    for analysis in _analysed(_EVERY_SHORT if short else 1):
        document = json.loads(dumps(document_of(analysis)))
        packed = kept.packed(outline(analysis.trace))
        for width, color in product((72, 100), (False, True)):
            told = kept.told(document, packed, "", Look(width, color))
            other += told != miler.render(analysis, width=width, color=color)
            reports += 1
    return Bar(name, f"{other} of {reports}", goal, other == 0)


def _analysed(every: int) -> Iterator[Analysis]:
    """Analyse one in so many recordings of the corpus."""
    files = sorted(p for kind in ("fit", "gpx", "tcx") for p in (CORPUS / kind).iterdir())
    for path in files[::every]:
        try:
            activities = miler.read_all(path)
        except miler.MilerError:
            continue
        for activity in activities:
            yield miler.analyse(activity, miler.Settings(units="both"))


def _numbers(count: int) -> Bar:
    """Print times, paces and distances, read them again, and count those in the runner's favour."""
    draw = random.Random(1609)
    favoured = 0
    for _ in range(count):
        time_s, digits = draw.uniform(0.01, 20_000), draw.randrange(3)
        favoured += parse_duration(format_duration(time_s, digits)) < time_s - 1e-6
        pace_s_per_km, length_m = draw.uniform(100, 3000), draw.uniform(20, 60_000)
        for unit in _UNITS:
            paced_s = parse_duration(pace_figure(pace_s_per_km, unit))
            favoured += paced_s < pace_s_per_km * UNIT_M[unit] / 1000 - 1e-6
            favoured += parse_distance(format_distance(length_m, unit)) > length_m + 1e-3
    return Bar(
        "printed numbers better than the real ones", f"{favoured} of {5 * count:,}", "0", favoured == 0
    )


def _bytes(run: Activity) -> Bar:
    """Make everything twice, from the same file read twice."""

    def all_of_it() -> tuple[str | bytes, ...]:
        analysis = miler.analyse(miler.read(_SAMPLES / "road-run-pauses.fit"))
        svg = card(analysis)
        effort = next(e for e in analysis.efforts if e.length_m == MILE_M)
        shown = [value._repr_html_() for value in (run, analysis, effort)]
        return (miler.render(analysis), *shown, svg, picture.png(svg), picture.pdf(svg))

    first, second = all_of_it(), all_of_it()
    other = sum(a != b for a, b in zip(first, second, strict=True))
    name = "text, notebook, SVG, PNG and PDF that differ from run to run"
    return Bar(name, f"{other} of {len(first)}", "0", other == 0)


def _card(analysis: Analysis) -> Bar:
    began = time.process_time()
    data = picture.png(card(analysis))
    took_s = time.process_time() - began
    figure = f"{took_s:.2f} s of processor, {len(data) / 1000:.0f} kB"
    return Bar("a card as PNG", figure, f"< {_CARD_S:g} s", took_s < _CARD_S, timed=True)


if __name__ == "__main__":
    for bar in bars(short=False):
        print(f"{bar.name}: {bar.figure} (goal {bar.goal})")
