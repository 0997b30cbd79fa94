"""How seldom a track is found where there is none: decoys, other sports, and every real recording.

python -m benchmarks.track_alarms FOLDER     what is accepted below a folder, and how long the question took
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.bar import CORPUS, Bar, skipped
from devtools.courses import Oval, Place, Road
from devtools.motion import smooth_noise
from miler.activity import Activity
from miler.arrays import FloatArray
from miler.errors import MilerError
from miler.files import read_all
from miler.fixes import Fixes, recorded_fixes
from miler.track.detect import Course, tracks_in, windows
from miler.track.shape import FAMILIES

# The real ovals of the corpus: three sessions on a track, and a road run that passes through one.
REAL = (
    "garmin-fr25-trackrun-with-nones.fit",
    "garmin-fr920xt-trackrun-920xt-2019-05-21-22-04-30.fit",
    "garmin-fr920xt-trackrun-fr920xt-with-stryd.fit",
    "garmin-connect-run-garmin-example.gpx",
)
_LEAST_FIXES = 30
_PER_HOUR_S = 0.030
_PLACE = (51.5, -0.1)


@dataclass(frozen=True, eq=False)
class Corners:
    """A closed way through corners, run round and round; a `Course` of devtools."""

    x: FloatArray
    y: FloatArray

    def plane(self, distance_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """See `devtools.courses.Course`."""
        x, y = np.append(self.x, self.x[:1]), np.append(self.y, self.y[:1])
        run = np.concatenate(([0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))))
        at = np.mod(distance_m, run[-1])
        return np.interp(at, run, x), np.interp(at, run, y)


def rectangle(length_m: float, width_m: float, rounded_m: float = 0.0) -> Corners:
    """A block, or the edge of a pitch; its corners rounded off."""
    angles = np.linspace(0, math.pi / 2, 12)
    xs, ys = [], []
    for k, (sx, sy) in enumerate(((1, 1), (-1, 1), (-1, -1), (1, -1))):
        turned = angles + k * math.pi / 2
        xs.append(sx * (length_m / 2 - rounded_m) + rounded_m * np.cos(turned))
        ys.append(sy * (width_m / 2 - rounded_m) + rounded_m * np.sin(turned))
    return Corners(np.concatenate(xs), np.concatenate(ys))


def blob(length_m: float, rng: np.random.Generator) -> Corners:
    """A park loop: an ellipse with a few random waves."""
    angle = np.linspace(0, math.tau, 361)[:-1]
    radius = 1 + sum(
        rng.normal(0, 0.18 / k) * np.cos(k * angle + rng.uniform(0, math.tau)) for k in (2, 3, 4, 5)
    )
    flat = rng.uniform(0.45, 1.0)
    x, y = radius * np.cos(angle), flat * radius * np.sin(angle)
    scale = length_m / float(np.hypot(np.diff(x, append=x[:1]), np.diff(y, append=y[:1])).sum())
    return Corners(x * scale, y * scale)


def decoys(rng: np.random.Generator, each: int) -> Iterator[tuple[str, Corners | Oval | Road]]:
    """Courses that are no track, each kind so many times."""
    for _ in range(each):
        yield "park loop", blob(float(rng.uniform(300, 550)), rng)
        side = rng.uniform(60, 140)
        yield "city block", rectangle(float(side), float(400 / 2 - side + rng.uniform(-20, 40)))
        yield "rounded block", rectangle(float(side + 20), float(180 - side + 20), float(rng.uniform(5, 20)))
        width = float(rng.uniform(60, 140))
        yield "roundabout", rectangle(width, width, width / 2)
        yield "football pitch", rectangle(float(rng.uniform(95, 115)), float(rng.uniform(60, 75)))
        for lap_m in (350.0, 450.0):
            scale = lap_m / 400.0
            yield f"oval of {lap_m:.0f} m", Oval(84.39 * scale, 36.80 * scale)
        yield "out and back", rectangle(float(rng.uniform(80, 400)), 2.0)
        yield "winding loop", Road.winding(float(rng.uniform(380, 900)), rng, loop=True)


def course_of(shape: Corners | Oval | Road, rng: np.random.Generator) -> Course:
    """Run some minutes to half an hour round a shape with a receiver's errors."""
    times = np.arange(float(rng.choice((400, 900, 1800))))
    sd_m, memory_s = float(rng.choice((1.5, 3.0, 5.0))), float(rng.choice((20, 60)))
    metres = np.cumsum(3.3 + 0.1 * smooth_noise(rng, len(times), 30))
    place = Place(shape, *_PLACE, float(rng.uniform(0, 360)))
    east, north = place.plane(metres)
    east, north = (v + sd_m * smooth_noise(rng, len(times), memory_s) for v in (east, north))
    return Course.of(Fixes.of(times, *place.fixes(east, north)))


def alarms(each: int, seed: int = 7) -> tuple[int, list[str]]:
    """How many decoys were run, and the names of those that were taken for tracks."""
    rng = np.random.default_rng(seed)
    run, taken = 0, []
    for name, shape in decoys(rng, each):
        run += 1
        if tracks_in(course_of(shape, rng)):
            taken.append(name)
    return run, taken


@dataclass(frozen=True)
class Asked:
    """One real activity: what was asked and what it took."""

    file: str
    sport: str
    hours: float
    windows: int
    likely: int
    accepted: int
    took_s: float


def asked(folder: Path) -> Iterator[Asked]:
    """Ask every activity with positions below a folder, whatever its sport."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        try:
            activities = read_all(path)
        except MilerError:
            continue
        for activity in activities:
            course = _course(activity)
            if course is None:
                continue
            began = time.process_time()
            found = tracks_in(course)
            took_s = time.process_time() - began
            hop_m = FAMILIES[0].lap_m / 2
            yield Asked(
                path.name,
                activity.sport,
                float(course.times[-1] - course.times[0]) / 3600,
                int(course.path_m[-1] / hop_m),
                sum(1 for family in FAMILIES for _ in windows(course, family)),
                len(found),
                took_s,
            )


def _course(activity: Activity) -> Course | None:
    fixes = recorded_fixes(activity)
    return None if len(fixes.times) < _LEAST_FIXES else Course.of(fixes)


def bars(short: bool) -> Iterator[Bar]:
    """Measure false alarms and the cost of the question."""
    run, taken = alarms(10 if short else 200)
    yield Bar("decoys taken for a track", f"{len(taken)} of {run}", "0", not taken)
    name, goal = "corpus recordings on no oval taken for one", "0, and every real one found"
    if not CORPUS.is_dir():
        yield skipped(name, goal, "no corpus here")
        return
    rows = list(asked(CORPUS))
    false = [row for row in rows if row.accepted and row.file not in REAL]
    missed = set(REAL) - {row.file for row in rows if row.accepted}
    figure = f"{len(false)} of {len(rows)} activities, {len(missed)} real ones missed"
    yield Bar(name, figure, goal, not false and not missed)
    others = [row for row in rows if row.file not in REAL]
    count = sum(row.windows for row in others)
    yield Bar(
        "windows of two laps of no oval, taken for one",
        f"{sum(row.accepted for row in others)} of {count} ({sum(row.likely for row in others)} looked at)",
        "0",
        not false,
    )
    per_hour = sum(row.took_s for row in others) / sum(row.hours for row in others if row.hours < 24)
    slowest = max(row.took_s for row in others)
    yield Bar(
        "asking for a track where there is none",
        f"{1000 * per_hour:.1f} ms an hour of recording; {1000 * slowest:.0f} ms at most",
        f"{1000 * _PER_HOUR_S:.0f} ms an hour; none takes seconds",
        per_hour <= _PER_HOUR_S and slowest < 1.0,
    )


def main() -> int:
    """Print every activity that was taken for a track, or looked at for long."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else CORPUS
    for row in asked(folder):
        if row.accepted or row.took_s > _PER_HOUR_S * max(row.hours, 0.1):
            print(row)
    return 0


if __name__ == "__main__":
    sys.exit(main())
