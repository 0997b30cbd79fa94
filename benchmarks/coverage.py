"""Whether the 95 % interval holds the truth in 95 % of runs, at each grade.

`python -m benchmarks.coverage [RUNS]` simulates RUNS runs of each kind (2,600 make 2,000 and more of every
grade) and prints, by grade and by kind: how many, the median absolute error of the mile, how often the
interval held the true fastest mile, and how wide it was. The estimator sees the recording only.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.bar import Bar
from devtools.population import KINDS, Simulated
from miler.buttons import pressed_mile
from miler.confidence import judge
from miler.crediting import measure
from miler.effort import fastest
from miler.settings import Settings
from miler.units import MILE_M

SHORT, SOAK = 60, 2600
GOAL = (0.93, 0.97)


@dataclass(frozen=True)
class Trial:
    """One simulated mile: its grade, its kind, what was said and what was true."""

    grade: str
    kind: str
    plan: str
    said_s: float
    low_s: float
    high_s: float
    truth_s: float

    @property
    def held(self) -> bool:
        """Whether the interval held the truth."""
        return self.low_s <= self.truth_s <= self.high_s


def trials(runs: int, seed: int = 20260509) -> Iterator[Trial]:
    """Simulate and judge `runs` runs of every kind."""
    for number, kind in enumerate(KINDS):
        for run in range(runs):
            simulated = kind(np.random.default_rng([seed, number, run]))
            yield from _judged(simulated, kind.__name__)


def _judged(run: Simulated, kind: str) -> Iterator[Trial]:
    settings = Settings()
    odometer = measure(run.activity, settings)
    if math.isfinite(run.pressed_s):
        mile = pressed_mile(run.activity, settings)
        if mile is not None:
            said = (mile.elapsed_s, mile.low_s, mile.high_s)
            yield Trial(mile.evidence.grade, kind, run.plan, *said, run.pressed_s)
        return
    found = fastest(odometer, MILE_M)
    if found is not None:
        effort = judge(found, run.activity, odometer, settings)
        grade = effort.evidence.grade if effort.evidence else "-"
        yield Trial(grade, kind, run.plan, effort.elapsed_s, effort.low_s, effort.high_s, run.truth_s)


def summary(found: Iterable[Trial]) -> str:
    """Return one line of figures."""
    trials = list(found)
    errors = np.array([abs(t.said_s - t.truth_s) for t in trials])
    bias = np.median([t.said_s - t.truth_s for t in trials])
    held = np.mean([t.held for t in trials])
    below = np.mean([t.truth_s < t.low_s for t in trials])
    wide = np.median([t.high_s - t.low_s for t in trials]) / 2
    return (
        f"{len(trials):6d} runs, median error {np.median(errors):5.2f} s (bias {bias:+5.2f}), "
        f"held {100 * held:5.1f} % (below {100 * below:4.1f} %), half width {wide:5.1f} s"
    )


def bars(short: bool) -> Iterator[Bar]:
    """Coverage at each grade; in short with the bounds that so few runs allow."""
    found = list(trials(SHORT if short else SOAK))
    for grade in "ABCD":
        of_grade = [t for t in found if t.grade == grade]
        held = float(np.mean([t.held for t in of_grade]))
        spread = 3 * math.sqrt(0.05 * 0.95 / len(of_grade)) if short else 0.0
        error = float(np.median([abs(t.said_s - t.truth_s) for t in of_grade]))
        figure = f"{100 * held:.1f} % of {len(of_grade)} runs; median error {error:.2f} s"
        low, high = GOAL[0] - spread, min(GOAL[1] + spread, 1.0)
        yield Bar(f"grade {grade}: the interval holds the truth", figure, "93 to 97 %", low <= held <= high)


def main() -> None:
    """Print the tables."""
    found = list(trials(int(sys.argv[1]) if len(sys.argv) > 1 else SHORT))
    keys: tuple[Callable[[Trial], str], ...] = (
        lambda t: t.grade,
        lambda t: t.kind,
        lambda t: f"{t.grade} {t.plan}",
    )
    for key in keys:
        for value in sorted({key(t) for t in found}):
            print(f"{value:20}", summary(t for t in found if key(t) == value))


if __name__ == "__main__":
    main()
