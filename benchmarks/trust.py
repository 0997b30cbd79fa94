"""A mile that can be trusted: the bars of issue 6 but for coverage and peers, which have files of their own.

`python -m benchmarks.trust [GLITCHES]` prints every glitch that set a best or blew up the ±.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from benchmarks import coverage, peers_mile, real_runs, truth
from benchmarks.bar import CORPUS, Bar, skipped
from devtools.glitches import KINDS, glitched
from devtools.motion import Motion, paced, stand
from miler.activity import Activity
from miler.analysis import Analysis, analyse
from miler.crediting import measure
from miler.effort import Effort, fastest
from miler.errors import MilerError
from miler.files import activities, contents, find
from miler.formats import decode
from miler.odometer import Odometer, timetable
from miler.plausibility import record_s
from miler.settings import Settings
from miler.units import MILE_M

_ONE_HOUR = "fit/garmin-fr965-run-run.fit"
_ONLY_MILE = Settings(effort_lengths_m=(MILE_M,))
_SHORT_GLITCHES, _GLITCHES = 200, 1000


@dataclass(frozen=True)
class Injured:
    """A recording with a glitch against the clean one."""

    file: str
    kind: str
    clean: Effort
    found: Effort | None

    @property
    def faster(self) -> bool:
        """Whether the glitch made the best mile faster than the clean run's ± allows."""
        return (
            self.found is not None and self.clean.elapsed_s - self.found.elapsed_s > self.clean.uncertainty_s
        )

    @property
    def wide(self) -> bool:
        """Whether the glitch more than doubled the ±."""
        return self.found is not None and self.found.uncertainty_s > 2 * self.clean.uncertainty_s


@cache
def corpus() -> tuple[tuple[str, Activity], ...]:
    """Every activity of the corpus that can be read."""
    found = []
    for file in find([str(CORPUS / folder) for folder in ("fit", "gpx", "tcx", "other")]):
        try:
            found += [(file.name, activity) for activity in activities(file, contents(file))]
        except (MilerError, OSError):
            continue
    return tuple(found)


@cache
def analyses() -> tuple[tuple[str, Activity, Analysis], ...]:
    """Every activity of the corpus, analysed."""
    return tuple((name, activity, analyse(activity)) for name, activity in corpus())


def injured(count: int, seed: int = 1) -> Iterator[Injured]:
    """Put glitches into the runs of the corpus, one each, in turn."""
    clean = [
        (name, activity, mile.effort)
        for name, activity in corpus()
        if activity.sport in ("running", "unknown") and len(activity) > 60
        if (mile := analyse(activity, _ONLY_MILE).mile) is not None
    ]
    rng = np.random.default_rng(seed)
    turns = zip(itertools.cycle(clean), itertools.cycle(KINDS), strict=False)
    for (name, activity, effort), kind in itertools.islice(turns, count):
        mile = analyse(glitched(activity, rng, kind), _ONLY_MILE).mile
        yield Injured(name, kind, effort, None if mile is None else mile.effort)


def bars(short: bool) -> Iterator[Bar]:
    """Measure the bars of issue 6."""
    if CORPUS.is_dir():
        rows = truth.rows(CORPUS)
        met = all(row.ok for row in rows)
        yield Bar(
            "times agree with independent answers", f"{sum(r.ok for r in rows)} of {len(rows)}", "all", met
        )
    yield from coverage.bars(short)
    yield _window_error()
    if not CORPUS.is_dir():
        yield skipped("glitches, monotony, auto-laps, peers, speed", "see issue 6", "no corpus here")
        return
    yield from real_runs.bars(corpus())
    yield from _glitches(_SHORT_GLITCHES if short else _GLITCHES)
    yield from _sound()
    yield _auto_laps()
    yield from peers_mile.bars(short)
    yield _speed()


def _window_error() -> Bar:
    """The window's own error, and that of a window snapped to samples, of the same noise-free recordings."""
    ours, snapped = [], []
    for seed, seconds in itertools.product(range(8), range(240, 481, 30)):
        rng = np.random.default_rng([seed, seconds])
        before, after = paced(700 + 37 * seed, 260.3, rng), paced(700, 262.7, rng)
        motion = Motion.of(before, stand(7.3), paced(MILE_M + 15, seconds, rng), after)
        true = motion.fastest(MILE_M)
        times = np.arange(motion.end_s + 1)
        metres = motion.distance_at(times)
        found = fastest(Odometer(*timetable(times, metres)), MILE_M)
        ends = np.searchsorted(metres, metres + MILE_M)
        whole = ends < len(times)
        assert true is not None and found is not None
        ours.append(abs(found.elapsed_s - true.elapsed_s))
        snapped.append(abs(float((times[ends[whole]] - times[whole]).min()) - true.elapsed_s))
    ratio = float(np.median(ours) / np.median(snapped))
    figure = f"{np.median(ours):.3f} s against {np.median(snapped):.3f} s: {ratio:.2f}"
    return Bar("the window's own error, 1 Hz, 4:00 to 8:00", figure, "a quarter of snapping", ratio <= 0.25)


def _glitches(count: int) -> Iterator[Bar]:
    found = list(injured(count))
    faster, wide = sum(i.faster for i in found), sum(i.wide for i in found)
    yield Bar("glitches that set a best", f"{faster} of {count}", "0", faster == 0)
    held = wide <= count / 200
    yield Bar("glitches that more than double the ±", f"{wide} of {count}", "0", wide == 0, held=held)
    beyond = sum(
        effort.plausible and effort.elapsed_s < record_s(effort.length_m)
        for _, _, analysis in analyses()
        for effort in analysis.efforts
    )
    yield Bar("bests of the corpus that beat the record", str(beyond), "0", beyond == 0)


def _sound() -> Iterator[Bar]:
    rising = split = still = shifted = 0
    runs = [(a, r) for _, a, r in analyses() if r.mile is not None]
    for number, (activity, analysis) in enumerate(runs):
        times = [e.elapsed_s for e in analysis.efforts if e.plausible]
        rising += times != sorted(times)
        assert analysis.mile is not None
        mile = analysis.mile.effort
        split += abs(sum(q.elapsed_s for q in analysis.mile.quarters) - mile.elapsed_s) > 1e-6
        if number % 4:
            continue
        odometer = measure(activity)
        still += _faster_with_a_stop(odometer)
        moved = replace(activity, elapsed=activity.elapsed + 8.0)
        later = analyse(replace(moved, pauses=(), sessions=(), laps=()), _ONLY_MILE).mile
        same = analyse(replace(activity, pauses=(), sessions=(), laps=()), _ONLY_MILE).mile
        if later is not None and same is not None:
            shifted += abs(later.effort.elapsed_s - same.effort.elapsed_s) > 1e-6
    figure = (
        f"{rising} of {len(runs)} not rising, {split} splits off, {still} stops that help, {shifted} moved"
    )
    met = not rising + split + still + shifted
    name = "time rises with length; splits sum; stops never help; shifts"
    yield Bar(name, figure, "0 of each", met)


def _faster_with_a_stop(odometer: Odometer) -> bool:
    """Whether a minute's stop in the middle makes any mile faster."""
    before = fastest(odometer, MILE_M)
    middle = len(odometer.marks) // 2
    later = np.arange(len(odometer.marks)) > middle
    held = replace(
        odometer,
        arrives=odometer.arrives + 60.0 * later,
        departs=odometer.departs + 60.0 * (np.arange(len(odometer.marks)) >= middle),
    )
    after = fastest(held, MILE_M)
    return before is not None and after is not None and after.elapsed_s < before.elapsed_s - 1e-6


def _auto_laps() -> Bar:
    late, files = [], 0
    for name, activity in corpus():
        laps = [
            lap.timer_s
            for lap in activity.laps
            if lap.trigger == "distance"
            and lap.timer_s
            and lap.distance_m
            and abs(lap.distance_m - MILE_M) < 1
        ]
        if len(activity.sessions) > 1 or activity.sport != "running" or not laps:
            continue
        mile = fastest(measure(activity).on_timer(), MILE_M)
        files += 1
        if mile is None or mile.elapsed_s > min(laps) + 0.1:
            late.append(name)
    return Bar(
        "best mile against one-mile auto-laps, timer clock",
        f"{len(late)} of {files} files slower",
        "0",
        not late,
    )


def _speed() -> Bar:
    """Decoding and the whole analysis of a one-hour run beside `fitfast.records()`, in turns."""
    name, goal = "decode and analyse an hour, against fitfast.records()", "2.0 times"
    try:
        import fitfast
    except ImportError:
        return skipped(name, goal, "fitfast is not here")
    path = CORPUS / _ONE_HOUR
    data = path.read_bytes()
    ours, theirs = [], []
    for _ in range(15):
        ours.append(_took(lambda: [analyse(activity) for activity in decode(data)]))
        theirs.append(_took(lambda: fitfast.records(str(path))))
    ratio = float(np.median(ours) / np.median(theirs))
    figure = f"{1e3 * np.median(ours):.1f} ms against {1e3 * np.median(theirs):.1f} ms: {ratio:.2f}"
    return Bar(name, figure, goal, ratio <= 2.0)


def _took(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def main() -> None:
    """Print the glitches that did harm."""
    harm: Counter[str] = Counter()
    for i in injured(int(sys.argv[1]) if len(sys.argv) > 1 else _GLITCHES):
        harm[i.kind] += 1
        if i.found is not None and (i.faster or i.wide):
            harm[f"{i.kind} {'faster' if i.faster else 'wide'}"] += 1
            said = f"{i.clean.elapsed_s:.1f} ± {i.clean.uncertainty_s:.1f} s"
            became = f"{i.found.elapsed_s:.1f} ± {i.found.uncertainty_s:.1f} s"
            print(f"{i.kind:13} {i.file[-50:]:50} {said} became {became}")
    print(dict(harm))


if __name__ == "__main__":
    main()
