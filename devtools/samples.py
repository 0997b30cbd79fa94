"""The recipes of the sample files: six recordings, each with what is known about it beforehand."""

from __future__ import annotations

import gzip
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from devtools.answers import fastest_recorded_s
from devtools.courses import Oval, Place, Road
from devtools.motion import Leg, Motion, TrueEffort, paced, stand, took_s
from devtools.recording import Recording, Span
from devtools.simulate import Watch, record
from devtools.writers import fit_file, write_fit, write_gpx, write_tcx
from miler.arrays import FloatArray
from miler.geodesy import metres_between
from miler.units import LEAD_IN_M, MILE_M, QUARTER_M, TRACK_LAP_M

Answer = dict[str, Any]


@dataclass(frozen=True)
class Sample:
    """A file and its answers, as they stand in answers.json."""

    data: bytes
    answer: Answer


def track_mile() -> Sample:
    """Five laps to warm up, a stop at the line, a mile time trial, three laps to cool down."""
    rng = np.random.default_rng(1954)
    warm_up = paced(5 * TRACK_LAP_M - LEAD_IN_M, 612.4, rng) + stand(74.3)
    laps = [
        paced(LEAD_IN_M + TRACK_LAP_M, 81.87, rng, wobble=0.008, standing_start=True),
        paced(TRACK_LAP_M, 82.93, rng, wobble=0.008),
        paced(TRACK_LAP_M, 83.62, rng, wobble=0.008),
        paced(TRACK_LAP_M, 78.95, rng, wobble=0.008),
    ]
    motion = Motion.of(warm_up, *laps, stand(48.0), paced(3 * TRACK_LAP_M, 401.0, rng))
    line_s = np.cumsum([took_s(warm_up), *(took_s(lap) for lap in laps)])
    # A thumb is late by a tenth or two, and never early.
    presses = line_s + rng.uniform(0.05, 0.25, len(line_s))
    run = record(
        motion,
        Watch(distance_scale=1.004, distance_wander=0.002, fix_noise_m=1.2),
        rng,
        start_time=datetime(2026, 5, 6, 17, 2, tzinfo=UTC),
        place=Place(Oval(), 51.7464, -1.2437, bearing_deg=38.0, altitude_m=58.0),
        presses_s=presses.tolist(),
        sub_sport="track",
        name="Track mile",
        utc_offset_s=3600,
    )
    answer = _answer(run, motion, held_to="true", tolerance_s=3.0)
    answer["gun_to_line_s"] = round(float(line_s[-1] - line_s[0]), 3)
    answer["track_laps_s"] = [round(float(s), 3) for s in np.diff(line_s)]
    return Sample(write_fit(run), answer)


def road_run_pauses() -> Sample:
    """Ten kilometres with auto laps, a pause at a crossing, and one that was ended too late."""
    rng = np.random.default_rng(42)
    before = _steadily(850, (257.0, 251.3, 246.8, 245.6), rng)
    crossing = stand(52.0)
    middle = _steadily(850, (232.7, 226.9, 225.3, 240.2), rng)
    forgotten = stand(20.0) + paced(190, 62.0, rng)
    after = _steadily(800, (238.0, 236.4, 235.1, 229.7), rng)
    motion = Motion.of(before, crossing, middle, forgotten, after)
    first_s = took_s(before)
    second_s = took_s(before, crossing, middle)
    pauses = (
        Span(math.ceil(first_s) + 2.0, math.floor(first_s + took_s(crossing)) - 1.0),
        Span(math.ceil(second_s) + 3.0, float(math.floor(second_s + took_s(forgotten)))),
    )
    run = record(
        motion,
        Watch(distance_scale=0.997),
        rng,
        start_time=datetime(2026, 3, 14, 20, 41, 7, tzinfo=UTC),
        place=Place(Road.winding(5000, rng, loop=True), -37.8422, 144.9668, altitude_m=9.0, hill_m=3.0),
        pauses=pauses,
        auto_lap_m=1000.0,
        sub_sport="street",
        name="Lake, twice",
        utc_offset_s=11 * 3600,
    )
    answer = _answer(run, motion, held_to="recorded", tolerance_s=0.01, barriers_s=[pauses[1].start_s])
    answer["teleport_m"] = round(_jump_m(run, pauses[1]))
    return Sample(write_fit(run), answer)


def intervals() -> Sample:
    """Six times 800 m on the lap button, with jogged and standing rests in turn."""
    rng = np.random.default_rng(800)
    parts = [paced(1650, 497.0, rng) + stand(31.0)]
    for number, rep_s in enumerate((172.9, 170.6, 171.4, 169.8, 170.9, 166.2)):
        parts.append(paced(800, rep_s, rng, wobble=0.01, standing_start=number % 2 == 0))
        parts.append(paced(205, 88.0, rng) if number % 2 == 0 else stand(75.0))
    parts.append(paced(1000, 331.0, rng))
    motion = Motion.of(*parts)
    run = record(
        motion,
        Watch(distance_scale=1.002),
        rng,
        start_time=datetime(2026, 4, 21, 10, 15, 30, tzinfo=UTC),
        place=Place(Road.winding(2720, rng, loop=True), 40.7851, -73.9634, altitude_m=36.0, hill_m=4.0),
        presses_s=np.cumsum([took_s(part) for part in parts[:-1]]).tolist(),
        name="6 x 800 m",
    )
    run = replace(run, temperature_c=None)
    answer = _answer(run, motion, held_to="recorded", tolerance_s=0.01)
    # GPX and TCX have no word for a sport within a sport.
    answer["sub_sport"] = None
    return Sample(gzip.compress(write_tcx(run), 9, mtime=0), answer)


def phone_spike() -> Sample:
    """A phone's GPX: positions only, three fixes thrown aside, and a stop during which the fixes wander."""
    rng = np.random.default_rng(7)
    steady, fast, easy = (
        paced(1150, 391.0, rng),
        paced(1640, 402.0, rng, wobble=0.02),
        paced(560, 190.0, rng),
    )
    motion = Motion.of(steady, fast, stand(84.0), easy)
    run = record(
        motion,
        Watch(fix_noise_m=2.2, fix_memory_s=150.0, standing_noise=3.0),
        rng,
        start_time=datetime(2026, 2, 8, 9, 30, tzinfo=UTC),
        place=Place(Road.winding(3600, rng), 52.5145, 13.3501, altitude_m=34.0),
        name="Park",
    )
    run = replace(
        run, distance_m=None, speed_mps=None, heart_rate_bpm=None, cadence_spm=None, temperature_c=None
    )
    run = replace(run, laps=())
    clean_m, spiked = _line_m(run), _with_spike(run, at_s=322)
    # The naive program adds up the distances between fixes, as they come.
    naive_s = fastest_recorded_s(spiked.time_s.tolist(), _line_m(spiked).tolist(), MILE_M)
    answer = _answer(spiked, motion, held_to="true", tolerance_s=0.015 * _true_mile(motion).elapsed_s)
    answer["mile"]["recorded_s"] = round(fastest_recorded_s(run.time_s.tolist(), clean_m.tolist(), MILE_M), 3)
    answer["mile"]["naive_s"] = round(naive_s, 3)
    answer |= {"sub_sport": None, "laps": [], "stop_s": [round(took_s(steady, fast), 3), 84.0]}
    return Sample(write_gpx(spiked), answer)


def treadmill() -> Sample:
    """Five kilometres indoors, faster with every mile; the foot pod counts 1.4 % short."""
    rng = np.random.default_rng(5)
    belt = [(MILE_M, 470.0), (MILE_M, 441.0), (MILE_M, 409.0), (5000 - 3 * MILE_M, 41.0)]
    motion = Motion.of(*(paced(d, s, rng, wobble=0.0) for d, s in belt))
    run = record(
        motion,
        Watch(distance_scale=0.986, distance_wander=0.002),
        rng,
        start_time=datetime(2026, 1, 19, 5, 48, 12, tzinfo=UTC),
        auto_lap_m=MILE_M,
        sub_sport="treadmill",
        name="Treadmill",
        utc_offset_s=3600,
    )
    return Sample(write_fit(run), _answer(run, motion, held_to="recorded", tolerance_s=0.01))


def truncated() -> Sample:
    """A watch that died: the file ends in the middle of a record, its header promises more."""
    rng = np.random.default_rng(13)
    motion = Motion.of(_steadily(1000, (322.0, 311.5, 304.9, 309.3, 315.0), rng))
    run = record(
        motion,
        Watch(distance_scale=1.001, steps_s=(1, 2, 3, 4, 5, 6)),
        rng,
        start_time=datetime(2026, 6, 2, 16, 5, 44, tzinfo=UTC),
        place=Place(Road.winding(3400, rng, loop=True), 21.2680, -157.8180, altitude_m=4.0, hill_m=2.0),
        auto_lap_m=1000.0,
        name="Until it died",
        utc_offset_s=-10 * 3600,
    )
    file = fit_file(run)
    records = [start for number, start, _ in file.spans if number == 20]
    whole = len(records) * 7 // 8
    survived = _first(run, whole)
    answer = _answer(survived, motion, held_to="recorded", tolerance_s=0.01)
    answer["records_written"] = len(run)
    return Sample(file.to_bytes()[: records[whole] + 11], answer)


SAMPLES: dict[str, Callable[[], Sample]] = {
    "track-mile.fit": track_mile,
    "road-run-pauses.fit": road_run_pauses,
    "intervals.tcx.gz": intervals,
    "phone-spike.gpx": phone_spike,
    "treadmill.fit": treadmill,
    "truncated.fit": truncated,
}


def _steadily(distance_m: float, times_s: Iterable[float], rng: np.random.Generator) -> list[Leg]:
    """Run one distance again and again, each in its own time."""
    return [leg for time_s in times_s for leg in paced(distance_m, time_s, rng, wobble=0.02)]


def _true_mile(motion: Motion) -> TrueEffort:
    effort = motion.fastest(MILE_M)
    if effort is None:
        raise ValueError("a sample must hold a mile")
    return effort


def _answer(
    run: Recording,
    motion: Motion,
    *,
    held_to: str,
    tolerance_s: float,
    barriers_s: list[float] | None = None,
) -> Answer:
    """What is known of a recording; `held_to` says which of its miles a reader must find, and how closely."""
    mile = _true_mile(motion)
    marks = mile.start_m + QUARTER_M * np.arange(5.0)
    passed = motion.arrival(marks)
    passed[0] = motion.departure(marks[:1])[0]
    recorded_s = None
    if run.distance_m is not None:
        recorded_s = fastest_recorded_s(
            run.time_s.tolist(), run.distance_m.tolist(), MILE_M, barriers_s or []
        )
    return {
        "start_time": run.start_time.isoformat(),
        "sport": run.sport,
        "sub_sport": None if run.sub_sport == "generic" else run.sub_sport,
        "records": len(run),
        "elapsed_s": run.elapsed_s,
        "timer_s": run.timer_s,
        "distance_m": run.total_distance_m,
        "true_distance_m": round(float(motion.distance_at(np.array([run.elapsed_s]))[0]), 2),
        "pauses": [list(pause) for pause in run.pauses],
        "laps": [
            {"start_s": lap.start_s, "elapsed_s": lap.elapsed_s, "distance_m": lap.distance_m}
            for lap in run.laps
        ],
        "mile": {
            "held_to": held_to,
            "tolerance_s": round(tolerance_s, 3),
            "recorded_s": None if recorded_s is None else round(recorded_s, 6),
            "true_s": round(mile.elapsed_s, 6),
            "true_start_s": round(float(passed[0]), 3),
            "true_quarters_s": [round(float(s), 3) for s in np.diff(passed)],
        },
    }


def _first(run: Recording, n: int) -> Recording:
    """The first n records of a run without pauses, and the laps that were closed before the next."""
    next_s = float(run.time_s[n])
    columns: dict[str, Any] = {
        name: column[:n] for name, column in vars(run).items() if isinstance(column, np.ndarray)
    }
    laps = [lap for lap in run.laps if lap.start_s + lap.elapsed_s < next_s]
    return replace(run, **columns, laps=laps)


def _with_spike(run: Recording, at_s: float) -> Recording:
    """Throw three fixes aside, one after the other to another side."""
    if run.latitude_deg is None or run.longitude_deg is None:
        raise ValueError("only a recording with positions can have a spike")
    latitude, longitude = run.latitude_deg.copy(), run.longitude_deg.copy()
    first = int(np.searchsorted(run.time_s, at_s))
    for i, (north_m, east_m) in enumerate(((74.0, 41.0), (-66.0, 35.0), (28.0, -58.0)), start=first):
        latitude[i] += north_m / 111_200
        longitude[i] += east_m / (111_200 * math.cos(math.radians(latitude[i])))
    return replace(run, latitude_deg=latitude, longitude_deg=longitude)


def _line_m(run: Recording) -> FloatArray:
    """Return (n,) metres along the straight lines between fixes."""
    if run.latitude_deg is None or run.longitude_deg is None:
        raise ValueError("a line needs positions")
    latitude, longitude = run.latitude_deg, run.longitude_deg
    steps = metres_between(latitude[:-1], longitude[:-1], latitude[1:], longitude[1:])
    return np.concatenate([[0.0], np.cumsum(steps)])


def _jump_m(run: Recording, pause: Span) -> float:
    """Metres between the last fix before a pause and the first after it."""
    if run.latitude_deg is None or run.longitude_deg is None:
        raise ValueError("a jump needs positions")
    ends = np.searchsorted(run.time_s, [pause.start_s, pause.end_s])
    latitude, longitude = run.latitude_deg[ends], run.longitude_deg[ends]
    return float(metres_between(latitude[:1], longitude[:1], latitude[1:], longitude[1:])[0])
