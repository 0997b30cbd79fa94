"""Real sessions on a track: what the watch counted and what the track says, where the distance is known.

python -m benchmarks.track_sessions

What was run between two presses is known from the sessions' own structure: repetitions of 800 m with a
lap between, of 300 m with 100 m between, of 200 m. Presses are as good as a thumb, so that whole circuits
tell most. The track is asked twice: by its positions alone, and with the presses as sights of the line.

One known distance lies outside of its bar, and stays there: the first 300 m of the runner who rests, who
crosses the line at full speed and presses 2.2 s later, when the rest begins; the other three are 1.1 to 1.9 s
late. The watch counted 325 m. By positions alone all seven presses at the end of that session's repetitions
lie beyond their marks, by 3 to 20 m. What was run between those presses was not 300 m, and the interval is of
what was run.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.bar import CORPUS, Bar, skipped
from miler.crediting import measure
from miler.files import read_all
from miler.settings import Settings
from miler.track import Track, find_track
from miler.track.finish import closings_s

_LANE_1 = Settings(lane=1)
_END_SD_M = 2.5  # of a press and a position, either end
RESTED = ("garmin-fr25-trackrun-with-nones.fit",)  # sessions with a rest at either end of a repetition

# File, first and last lap (indices from 0), metres known.
KNOWN: tuple[tuple[str, tuple[tuple[int, int, float], ...]], ...] = (
    (
        "garmin-fr920xt-trackrun-920xt-2019-05-21-22-04-30.fit",
        (
            *((lap, lap, 800.0) for lap in (0, 2, 4, 6, 8)),
            *((lap, lap, 400.0) for lap in (3, 5, 7)),
            *((lap, lap + 1, 1200.0) for lap in (2, 4, 6)),
        ),
    ),
    (
        "garmin-fr25-trackrun-with-nones.fit",
        (
            *((lap, lap, 300.0) for lap in (1, 3, 5, 7)),
            *((lap, lap, 200.0) for lap in (9, 10, 11, 12)),
            (1, 2, 400.0),
            *((lap, lap + 1, 400.0) for lap in (9, 10, 11)),
        ),
    ),
)


@dataclass(frozen=True)
class Known:
    """A distance that is known, and what is said of it; NaN where it left the track."""

    file: str
    known_m: float
    watch_m: float
    alone_m: float
    pressed_m: float
    sd_m: float

    @property
    def circuits(self) -> bool:
        """Whether it begins and ends at one place, run through: who rests presses where the rest is."""
        return self.known_m % 400.0 == 0 and self.known_m != 800.0 and self.file not in RESTED

    @property
    def bar_m(self) -> float:
        """By how much it may be off: 0.5 % of circuits, 1.5 % of 800 m, else the stated interval."""
        if self.known_m == 800.0:
            return 12.0
        stated = 1.96 * math.hypot(self.sd_m, math.sqrt(2) * _END_SD_M)
        return max(0.005 * self.known_m, stated if not self.circuits else 0.0)

    @property
    def ok(self) -> bool:
        """Whether it is within the bar."""
        return abs(self.pressed_m - self.known_m) <= self.bar_m


def known() -> Iterator[Known]:
    """Measure every known distance."""
    for name, spans in KNOWN:
        (activity,) = read_all(next(CORPUS.rglob(name)))
        device = measure(activity, _LANE_1)
        track, alone = (
            find_track(asked, device, _LANE_1) for asked in (activity, replace(activity, laps=()))
        )
        assert track is not None and alone is not None and track.finish is not None
        closed_s = closings_s(activity.laps)
        for first, last, metres in spans:
            to_s = float(closed_s[last])
            from_s = to_s - sum(lap.elapsed_s for lap in activity.laps[first : last + 1])
            watch_m = sum(lap.distance_m or math.nan for lap in activity.laps[first : last + 1])
            late = track.finish.lag_s
            said, by_positions = (_between(one, from_s + late, to_s + late) for one in (track, alone))
            yield Known(name, metres, watch_m, by_positions[0], said[0], by_positions[1])


def _between(track: Track, from_s: float, to_s: float) -> tuple[float, float]:
    """Metres along the line between two moments, stops and pauses included, and their standard deviation."""
    for circuit in track.circuits:
        times, path = circuit.path.times, circuit.path.along_m
        if times[0] - 5 <= from_s and to_s <= times[-1] + 5:
            metres = [
                float(np.diff(np.interp([from_s, to_s], times, p))[0]) for p in (path, *circuit.raw_m.T)
            ]
            return metres[0], float(np.std(metres[1:]))
    return math.nan, math.nan


def bars(short: bool) -> Iterator[Bar]:
    """Measure the known distances."""
    name, goal = "known distances of real track sessions", "circuits 0.5 %, 800 m 1.5 %, else ±"
    if not CORPUS.is_dir():
        yield skipped(name, goal, "no corpus here")
        return
    rows = [row for row in known() if not math.isnan(row.pressed_m)]
    worst = max(abs(row.pressed_m / row.known_m - 1) for row in rows if row.circuits)
    watch = max(abs(row.watch_m / row.known_m - 1) for row in rows if row.circuits)
    longer = max(abs(row.pressed_m / row.known_m - 1) for row in rows if row.known_m == 800.0)
    figure = (
        f"{sum(r.ok for r in rows)} of {len(rows)}; circuits {100 * worst:.2f} % "
        f"(watch {100 * watch:.1f} %), 800 m {100 * longer:.2f} %"
    )
    held = sum(row.ok for row in rows) >= 22 and worst <= 0.005
    yield Bar(name, figure, goal, all(row.ok for row in rows), held=held)


def main() -> int:
    """Print the table."""
    print(f"{'file':<56} {'known':>6} {'watch':>7} {'alone':>7} {'pressed':>7} {'sd':>5}")
    for row in known():
        mark = "" if row.ok else "  OFF"
        print(
            f"{row.file:<56} {row.known_m:>6.0f} {row.watch_m:>7.1f} {row.alone_m:>7.1f}"
            f" {row.pressed_m:>7.1f} {row.sd_m:>5.1f}{mark}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
