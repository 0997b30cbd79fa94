"""The fastest mile by the two programs on PyPI that search for one, beside miler's.

`python -m benchmarks.peers_mile` prints the table. Both get what they want: chironpy the device's distance
resampled to a second (its own reader's way), sportgems times and positions. sportgems can run for ever
or end its process on real recordings, so each of its answers comes from a process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks import truth
from benchmarks.bar import CORPUS, Bar, skipped
from miler.activity import Activity
from miler.crediting import measure
from miler.effort import fastest
from miler.errors import MilerError
from miler.formats import decode
from miler.settings import Settings
from miler.units import MILE_M

_TIMEOUT_S = 5.0
_SPORTGEMS = """
import json, sys, time, sportgems
times, places = json.load(sys.stdin)
began = time.process_time()
found = sportgems.find_fastest_section(1609, times, [tuple(p) for p in places])
print(json.dumps([times[found.end] - times[found.start], time.process_time() - began]))
"""


@dataclass(frozen=True)
class Answer:
    """One program's mile of one recording: seconds, NaN without an answer, and how long it took."""

    mile_s: float
    took_s: float


Program = Callable[[Activity], Answer]


def miler_mile(activity: Activity) -> Answer:
    """The exact window on the credited distance."""
    began = time.process_time()
    found = fastest(measure(activity, Settings(sports=(activity.sport,))), MILE_M)
    return Answer(np.nan if found is None else found.elapsed_s, time.process_time() - began)


def chironpy_mile(activity: Activity) -> Answer:
    """Chironpy's search over the device's distance, second by second."""
    from chironpy.metrics.speed import fastest_distance_interval

    metres = activity.get("distance")
    have = np.isfinite(metres)
    if have.sum() < 2:
        return Answer(np.nan, 0.0)
    began = time.process_time()
    seconds = np.arange(activity.elapsed[have][0], activity.elapsed[have][-1] + 1)
    if len(seconds) > 100_000:
        return Answer(np.nan, 0.0)
    found = fastest_distance_interval(np.interp(seconds, activity.elapsed[have], metres[have]), MILE_M)
    return Answer(np.nan if found is None else float(found["value"]), time.process_time() - began)


def sportgems_mile(activity: Activity) -> Answer:
    """Sportgems' search over the positions, in a process that may be ended."""
    have = np.isfinite(activity.get("latitude"))
    if have.sum() < 2:
        return Answer(np.nan, 0.0)
    places = np.stack([activity["latitude"][have], activity["longitude"][have]], axis=1)
    told = json.dumps([activity.elapsed[have].tolist(), places.tolist()])
    try:
        ended = subprocess.run(
            [sys.executable, "-c", _SPORTGEMS],
            input=told,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=True,
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        return Answer(np.nan, np.nan)
    return Answer(*json.loads(ended.stdout))


PROGRAMS: dict[str, Program] = {
    "miler": miler_mile,
    "chironpy": chironpy_mile,
    "sportgems": sportgems_mile,
}


def runs(short: bool) -> list[Activity]:
    """The runs among the FIT files of the corpus, every fourth in short."""
    found = []
    for path in sorted((CORPUS / "fit").iterdir())[:: 4 if short else 1]:
        try:
            found += [a for a in decode(path.read_bytes()) if a.sport == "running" and len(a) > 60]
        except (MilerError, OSError):
            continue
    return [a for a in found if np.isfinite(miler_mile(a).mile_s)]


def table(short: bool) -> Iterator[tuple[str, str, int, float]]:
    """Yield program, figures, answers and median error against the truth files."""
    activities = runs(short)
    exact = np.array([miler_mile(a).mile_s for a in activities])
    true = [row for row in truth.rows(CORPUS) if row.effort == "mile" or row.effort == "1 mile"]
    known = [
        (truth.recorded(CORPUS / "truth" / row.file), row.expected_s) for row in true if ".json" in row.file
    ]
    for name, program in PROGRAMS.items():
        answers = [program(a) for a in activities]
        miles, took = np.array([a.mile_s for a in answers]), np.array([a.took_s for a in answers])
        answered = int(np.isfinite(miles).sum())
        off = np.abs(miles - exact)[np.isfinite(miles)]
        errors = np.array([abs(program(a).mile_s - s) for a, s in known])
        error = float(np.nanmax(errors)) if np.isfinite(errors).any() else np.nan
        figure = (
            f"{answered} of {len(activities)} answered, {1e3 * np.nanmedian(took):.1f} ms, truth off by "
            f"{error:.2f} s, {int((off > 5).sum())} over 5 s off"
        )
        yield name, figure, answered, error


def bars(short: bool) -> Iterator[Bar]:
    """One row a program."""
    try:
        import chironpy  # noqa: F401
        import sportgems  # noqa: F401
    except ImportError:
        yield skipped("fastest mile against chironpy and sportgems", "a table", "they are not here")
        return
    rows = list(table(short))
    ours = rows[0]
    for name, figure, answered, error in rows:
        best = name == "miler" and error <= 0.1 and answered == max(r[2] for r in rows)
        goal = "every file, within 0.1 s" if name == "miler" else "shown"
        yield Bar(f"fastest mile by {name}", figure, goal, best if row_is_ours(name, ours) else True)


def row_is_ours(name: str, ours: tuple[str, str, int, float]) -> bool:
    """Whether the row is miler's: only that can be missed."""
    return name == ours[0]


if __name__ == "__main__":
    for program, figures, *_ in table(short="--short" in sys.argv):
        print(f"{program:10} {figures}")
