"""The bars of the main job: from a file to its fastest mile, on real recordings."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from benchmarks import batch, corpus, fit_decode, oracles, same_activity, truth
from benchmarks.bar import CORPUS, Bar, skipped


def bars(short: bool) -> Iterator[Bar]:
    """Measure them in the order of the issue."""
    yield from chain(corpus.bars(short), oracles.bars(short), _truth(), _formats())
    yield from chain(fit_decode.bars(short), _speed(short))


def _truth() -> Iterator[Bar]:
    name, goal = "efforts and crossings as other programs found them", "every row within its bar"
    if not CORPUS.is_dir():
        yield skipped(name, goal, "no corpus here")
        return
    rows = truth.rows(CORPUS)
    worst = max((abs(row.difference_s) for row in rows if row.bar_s <= 0.1), default=0.0)
    met = all(row.ok for row in rows)
    yield Bar(name, f"{sum(row.ok for row in rows)} of {len(rows)} rows; {worst:.3f} s at most", goal, met)


def _formats() -> Iterator[Bar]:
    name, goal = "one recording in two formats with device distance", "within 0.5 s"
    if not CORPUS.is_dir():
        yield skipped(name, goal, "no corpus here")
        return
    rows = [row for row in same_activity.rows(CORPUS) if row.bar_s is not None]
    worst = max(abs(row.difference_s) for row in rows)
    yield Bar(name, f"{len(rows)} files, {worst:.2f} s at most", goal, all(row.ok for row in rows))


def _speed(short: bool) -> Iterator[Bar]:
    name, goal = "miler report of the corpus FIT files, --jobs 2", f"{batch.GOAL_PER_S:g} files/s"
    folder = CORPUS / "fit"
    if not folder.is_dir():
        yield skipped(name, goal, "no corpus here")
        return
    speed = batch.measure(folder, runs=3 if short else 7)
    figure = f"{speed.files} files in {speed.seconds:.2f} s: {speed.files_per_s:.0f} files/s"
    yield Bar(name, figure, goal, speed.files_per_s >= batch.GOAL_PER_S, timed=True)
