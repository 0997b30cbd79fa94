"""Runners and watches by the thousand, of whom the truth is known.

What varies from run to run is drawn here: the runner's plan, the course, the watch and its faults. Who
judges the recordings knows none of it. How far the watches err is what studies of watches found, with
their scatter from run to run; docs/explanation/uncertainty.md names them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from devtools.courses import Oval, Place, Road
from devtools.motion import Leg, Motion, paced, stand, took_s
from devtools.recording import Recording, Span
from devtools.simulate import Watch, record
from miler.activity import Activity, Lap, Pause
from miler.units import LEAD_IN_M, MILE_M, TRACK_LAP_M

START = datetime(2026, 5, 9, 16, 2, tzinfo=UTC)


@dataclass(frozen=True, eq=False)
class Simulated:
    """One recording and what truly happened.

    Attributes:
        activity: what a reader would have made of the file.
        truth_s: the fastest mile of the true motion, elapsed clock.
        pressed_s: the true time of the mile at whose ends the lap button was pressed; NaN without.
        plan: what the runner did.
    """

    activity: Activity
    truth_s: float
    pressed_s: float
    plan: str


@dataclass(frozen=True, eq=False)
class _Plan:
    """A motion, when the timer was stopped in it, and from when to when its mile was run, if one was."""

    name: str
    legs: list[Leg]
    pauses: tuple[Span, ...] = ()
    mile_s: tuple[float, float] | None = None


def steady(rng: np.random.Generator) -> _Plan:
    """A run of 3 to 8 km whose pace wanders."""
    metres, pace = rng.uniform(2500, 8000), rng.uniform(0.22, 0.40)
    return _Plan("steady", paced(metres, metres * pace, rng, wobble=rng.uniform(0.01, 0.04)))


def stops(rng: np.random.Generator) -> _Plan:
    """A run with one to three stops, at which the timer is stopped too."""
    legs: list[Leg] = []
    pauses = []
    pace = rng.uniform(0.22, 0.40)
    for _ in range(int(rng.integers(2, 5))):
        metres = rng.uniform(500, 2200)
        legs += paced(metres, metres * pace, rng, wobble=0.02, standing_start=bool(legs))
        begin = math.ceil(took_s(legs)) + 1
        end = begin + int(rng.integers(10, 90))
        legs += stand(end + 1 - took_s(legs))
        pauses.append(Span(begin, end))
    legs += paced(2000, 2000 * pace, rng, wobble=0.02, standing_start=True)
    return _Plan("stops", legs, tuple(pauses))


def intervals(rng: np.random.Generator) -> _Plan:
    """Four to six fast pieces with jogs between."""
    legs = paced(1200, 1200 * 0.36, rng)
    length, pace = float(rng.choice([400.0, 800.0, 1000.0])), rng.uniform(0.20, 0.27)
    for _ in range(int(rng.integers(4, 7))):
        legs += paced(length, length * pace, rng) + paced(200, 200 * rng.uniform(0.35, 0.5), rng)
    return _Plan("intervals", legs)


def trial(rng: np.random.Generator, beyond_m: float = 0.0) -> _Plan:
    """A warm-up, a rest, a mile run hard, and a rest: at the line, or `beyond_m` after it."""
    legs = paced(rng.uniform(800, 2000), rng.uniform(330, 600), rng) + stand(rng.uniform(10, 60))
    begin = took_s(legs)
    time_s = rng.uniform(255, 480)
    legs += paced(MILE_M, time_s, rng, wobble=rng.uniform(0.008, 0.03), standing_start=True)
    end = took_s(legs)
    if beyond_m > 0:
        legs += paced(beyond_m, beyond_m * time_s / MILE_M * 1.2, rng)
    legs += stand(rng.uniform(5, 60)) + paced(900, 330, rng, standing_start=True)
    return _Plan("runs on" if beyond_m else "stops at the mile", legs, mile_s=(begin, end))


def runs_on(rng: np.random.Generator) -> _Plan:
    """As `trial`, but the runner goes on for 20 to 90 m."""
    return trial(rng, rng.uniform(20, 90))


_PLANS: tuple[Callable[[np.random.Generator], _Plan], ...] = (steady, stops, intervals, trial, runs_on)


def _scale(rng: np.random.Generator, low: float, high: float) -> float:
    """A scale that errs from run to run: its own spread is drawn too, and never told."""
    return float(1 + rng.normal(0, rng.uniform(low, high)))


def _road(rng: np.random.Generator) -> Place:
    return Place(Road.winding(12_000, rng), rng.uniform(-50, 60), rng.uniform(-100, 100))


def checked_watch(rng: np.random.Generator) -> Simulated:
    """A watch whose distance and positions agree, recording every second or as it likes."""
    common = _scale(rng, 0.0055, 0.013)
    watch = Watch(
        distance_scale=common * _scale(rng, 0.002, 0.004),
        distance_wander=rng.uniform(0.001, 0.006),
        distance_noise_m=rng.uniform(0.5, 3),
        distance_memory_s=rng.uniform(10, 60),
        fix_noise_m=rng.uniform(0.5, 4),
        fix_memory_s=rng.uniform(30, 150),
        steps_s=((1,), (1,), (1,), (2, 3, 4, 5, 6, 7))[rng.integers(4)],
        path_scale=common,
    )
    return _recorded(rng, watch, _road(rng))


def unchecked_watch(rng: np.random.Generator) -> Simulated:
    """A watch with a distance and no positions: a foot pod, or an old one whose GPS was off."""
    watch = Watch(
        distance_scale=_scale(rng, 0.012, 0.026),
        distance_wander=rng.uniform(0.002, 0.008),
        distance_noise_m=rng.uniform(0.5, 3),
        steps_s=((1,), (2, 3, 4, 5, 6))[rng.integers(2)],
    )
    return _recorded(rng, watch, None)


def phone(rng: np.random.Generator) -> Simulated:
    """Positions only, every one to four seconds, with the quick errors of a phone."""
    step = int(rng.integers(1, 5))
    watch = Watch(
        fix_noise_m=rng.uniform(1, 5),
        fix_memory_s=rng.uniform(30, 150),
        jitter_m=math.exp(rng.uniform(math.log(0.1), math.log(1.5))),
        jitter_memory_s=rng.uniform(3, 20),
        path_scale=_scale(rng, 0.009, 0.018),
        steps_s=(step,),
    )
    return _recorded(rng, watch, _road(rng), only_fixes=True)


def sparse(rng: np.random.Generator) -> Simulated:
    """Positions only, ten to thirty seconds apart."""
    step = int(rng.integers(10, 31))
    watch = Watch(
        fix_noise_m=rng.uniform(1, 6),
        fix_memory_s=rng.uniform(30, 150),
        path_scale=_scale(rng, 0.01, 0.02),
        steps_s=(step,),
    )
    return _recorded(rng, watch, _road(rng), only_fixes=True)


def treadmill(rng: np.random.Generator) -> Simulated:
    """Indoors, where the watch guesses the distance from the swing of an arm."""
    watch = Watch(
        distance_scale=_scale(rng, 0.02, 0.038),
        distance_wander=rng.uniform(0.004, 0.01),
        distance_noise_m=rng.uniform(0.5, 3),
    )
    return _recorded(rng, watch, None, sub_sport="treadmill")


def tunnels(rng: np.random.Generator) -> Simulated:
    """A watch that loses its records for one to four minutes at a time, and counts on as it can."""
    run = checked_watch(rng)
    activity = run.activity
    times, metres = activity.elapsed, activity["distance"].copy()
    keep = np.ones(len(times), bool)
    for _ in range(int(rng.integers(3, 7))):
        begin = rng.uniform(60, max(times[-1] - 300, 120))
        inside = (times > begin) & (times < begin + rng.uniform(60, 240))
        keep &= ~inside
        steps = np.diff(metres, prepend=metres[0])
        steps[inside] *= 1 + rng.normal(0, 0.1)
        metres = np.cumsum(steps)
    return replace(run, activity=_with(activity, {"distance": metres}, keep))


def disputed(rng: np.random.Generator) -> Simulated:
    """A watch whose distance and positions are 2 to 8 % apart; the truth lies anywhere between."""
    apart = rng.uniform(0.02, 0.08) * rng.choice([-1, 1])
    share = rng.uniform(-0.1, 1.1)
    watch = Watch(
        distance_scale=1 - share * apart,
        distance_noise_m=rng.uniform(0.5, 3),
        fix_noise_m=rng.uniform(1, 4),
        path_scale=1 + (1 - share) * apart,
    )
    return _recorded(rng, watch, _road(rng))


def track(rng: np.random.Generator) -> Simulated:
    """A mile on a track, the lap button pressed at the start, at each passing of the line and at the end."""
    plan = trial(rng, rng.uniform(0, 40))
    scale = _scale(rng, 0.005, 0.011)
    watch = Watch(distance_scale=scale, distance_noise_m=rng.uniform(0.5, 3), fix_noise_m=2.0)
    return _recorded(rng, watch, Place(Oval(), 51.5, 0.0), plan=plan, sub_sport="track", pressed=True)


KINDS: tuple[Callable[[np.random.Generator], Simulated], ...] = (
    checked_watch,
    unchecked_watch,
    phone,
    sparse,
    treadmill,
    tunnels,
    disputed,
    track,
)


def _recorded(
    rng: np.random.Generator,
    watch: Watch,
    place: Place | None,
    *,
    plan: _Plan | None = None,
    sub_sport: str = "generic",
    only_fixes: bool = False,
    pressed: bool = False,
) -> Simulated:
    plan = plan or _PLANS[rng.integers(len(_PLANS))](rng)
    motion = Motion.of(plan.legs)
    fastest = motion.fastest(MILE_M)
    assert fastest is not None
    presses: list[float] = []
    pressed_s = math.nan
    if pressed and plan.mile_s is not None:
        line_m = motion.distance_at(np.array(plan.mile_s[:1]))[0] + LEAD_IN_M + TRACK_LAP_M * np.arange(1, 4)
        lines_s = [plan.mile_s[0], *motion.arrival(line_m).tolist(), plan.mile_s[1]]
        presses = [s + float(rng.normal(0, rng.uniform(0.1, 0.35))) for s in lines_s]
        pressed_s = plan.mile_s[1] - plan.mile_s[0]
    run = record(
        motion,
        watch,
        rng,
        start_time=START,
        place=place,
        pauses=plan.pauses,
        presses_s=presses,
        sub_sport=sub_sport,
    )
    return Simulated(activity_of(run, only_fixes=only_fixes), fastest.elapsed_s, pressed_s, plan.name)


def activity_of(run: Recording, *, only_fixes: bool = False) -> Activity:
    """Return what a reader would make of a recording; as GPX has it, with positions and times only."""
    columns = {
        "distance": None if only_fixes else run.distance_m,
        "latitude": run.latitude_deg,
        "longitude": run.longitude_deg,
        "heart_rate": run.heart_rate_bpm,
        "cadence": run.cadence_spm,
    }
    laps = tuple(
        Lap(i, lap.trigger, lap.start_s, lap.elapsed_s, lap.timer_s, lap.distance_m)
        for i, lap in enumerate(run.laps, 1)
    )
    return Activity(
        start_time=run.start_time,
        elapsed=np.array(run.time_s, dtype=np.float64),
        streams={k: np.array(v, dtype=np.float64) for k, v in columns.items() if v is not None},
        sport=run.sport,
        sub_sport=run.sub_sport,
        laps=() if only_fixes else laps,
        pauses=() if only_fixes else tuple(Pause(p.start_s, p.end_s) for p in run.pauses),
        timer_events=not only_fixes,
    )


def _with(activity: Activity, changed: dict[str, np.ndarray], keep: np.ndarray) -> Activity:
    streams = {**activity.streams, **changed}
    return replace(
        activity,
        elapsed=activity.elapsed[keep].copy(),
        streams={name: column[keep].copy() for name, column in streams.items()},
    )
