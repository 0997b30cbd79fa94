"""Whether a runner can have done it: against the records, and against what a body can hold.

Two questions. Of the recording: from where to where was it moved faster than anybody runs, so that a
vehicle or a bicycle carried it? No effort may use those metres. Of an effort: is it faster than the
record of its length, or do its heart and its steps say that nobody ran it?
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

import numpy as np

from miler.activity import Activity, Note
from miler.arrays import BoolArray, FloatArray
from miler.effort import Effort
from miler.fixes import ON_FOOT
from miler.gait import holdable_mps
from miler.odometer import Break, Odometer
from miler.settings import Settings, Sex
from miler.streams import levels

# The fastest anybody ran each length, whatever its status: metres, men's and women's seconds. Mile
# and 1500 m as in the record book; the others World Athletics' lists as of 2026. Between them the
# logarithms are interpolated, which is never slower than a record by more than a half per cent.
_RECORDS = np.array(
    [
        (100.0, 9.58, 10.49),
        (200.0, 19.19, 21.34),
        (400.0, 43.03, 47.60),
        (800.0, 100.91, 113.28),
        (1000.0, 131.96, 148.98),
        (1500.0, 206.00, 228.68),
        (1609.344, 222.66, 246.42),
        (3000.0, 437.55, 486.11),
        (5000.0, 755.36, 838.06),
        (10_000.0, 1571.00, 1734.14),
        (21_097.5, 3402.0, 3772.0),
        (42_195.0, 7235.0, 7796.0),
        (100_000.0, 21_914.0, 23_591.0),
    ]
)
_LOG_RECORDS = np.log(_RECORDS).T.copy()

_HELD_S = (30.0, 60.0, 180.0, 600.0)  # faster than a runner for so long is a vehicle; shorter is a glitch
_LEAST_RIDING_MPS = 0.95 * float(holdable_mps(np.array(_HELD_S[-1:]))[0])  # windows begin on records
_RIDING = 0.7  # of that limit at both ends of the span
_STOP_S, _STOP_MPS = 20.0, 1.5  # who gets on or off is this slow for so long
_WHOLE, _OFTEN = 0.75, 0.4  # carried for this share, or for that one but more than once: carried altogether
_SUSPECT = 1.15  # times the record: who was carried before was so again
_FAST_MPS = 5.0  # nobody runs a mile in 5:22 ...
_CALM_BPM = 95.0  # ... with a heart this calm
_STEPS_SPM = 120.0  # the sensor counts a runner's steps elsewhere ...
_NO_STEPS_SPM = 20.0  # ... and hardly any here
_CARRIED = re.compile(
    r"\b(ride|riding|bike|biking|cycling|bicycle|cycle|drive|driving|fahrrad|v[eé]lo)\b", re.I
)


@lru_cache
def record_s(length_m: float, sex: Sex | None = None) -> float:
    """Return the fastest time that anybody ever ran for a length; men's unless the sex is said.

    Args:
        length_m: metres; beyond the table the nearest record's speed.
        sex: whose.
    """
    lengths, men, women = _LOG_RECORDS
    times = women if sex == "F" else men
    at = math.log(length_m)
    beyond = at - min(max(at, float(lengths[0])), float(lengths[-1]))
    return math.exp(float(np.interp(at, lengths, times)) + beyond)


def without_vehicles(activity: Activity, odometer: Odometer, settings: Settings) -> Odometer:
    """Bar efforts from where the recording moved faster than anybody runs, from stop to stop.

    A stretch counts if its average over 30 s, or a minute, or longer, is beyond what a runner can hold
    for so long; it reaches back and on to where the movement was slow enough to get on and off. If that
    is three quarters of the distance, or two fifths in several pieces, all of it is barred.
    """
    if settings.accept_implausible or activity.sport not in (*ON_FOOT, "multisport"):
        return odometer
    if not (odometer.paces[:-1] < 1 / _LEAST_RIDING_MPS).any():
        return odometer  # no step is so fast, and no average is faster than the fastest of its steps
    times, metres = odometer.line
    others = [(s.start_s, s.end_s) for s in activity.sessions if s.sport not in ON_FOOT]
    carried = _carried(times, odometer, others if len(activity.sessions) > 1 else [])
    if not carried.any():
        return odometer
    spans = _from_stop_to_stop(times, odometer, carried, others)
    bounds = odometer.distance_at(np.array(spans))
    rode_m = float(np.diff(bounds, axis=1).sum())
    whole = rode_m > (_WHOLE if len(spans) == 1 else _OFTEN) * odometer.total_m
    if whole:
        bounds = np.array([[metres[0], metres[-1]]])
    vehicles = (Break(a, b, "vehicle") for a, b in bounds.tolist())
    breaks = sorted([*odometer.breaks, *vehicles], key=lambda b: b.from_m)
    fastest_kmh = 3.6 * float(_held_mps(times, odometer, _HELD_S[0]).max())
    what = "all of it is taken for a ride" if whole else "a vehicle or a bicycle; no effort uses them"
    speed = f"up to {fastest_kmh:.0f} km/h for 30 s"
    text = f"{rode_m / 1000:.2f} km were faster than anybody runs ({speed}): {what}"
    note = Note("vehicle", "finding", text, at_s=float(spans[0][0]))
    return replace(odometer, breaks=tuple(breaks)).with_notes(note)


def _held_mps(times: FloatArray, odometer: Odometer, held_s: float) -> FloatArray:
    """(t,) the average speed over `held_s` from each moment on; 0 where the recording ends before."""
    later = times + held_s
    ahead = odometer.distance_at(later) - odometer.distance_at(times)
    speeds: FloatArray = np.where(later <= times[-1], ahead / held_s, 0.0)
    return speeds


def _carried(times: FloatArray, odometer: Odometer, others: list[tuple[float, float]]) -> BoolArray:
    """(t,) whether each moment lies in a span that is too fast for a runner, and not in another sport."""
    carried = np.zeros(len(times), bool)
    # No average over longer is greater than the greatest over half a minute.
    if _held_mps(times, odometer, _HELD_S[0]).max() < _LEAST_RIDING_MPS:
        return carried
    for held_s in _HELD_S:
        limit = float(holdable_mps(np.array([held_s]))[0])
        fast = _held_mps(times, odometer, held_s) > limit
        if not fast.any():
            continue
        # A run before the ride, or after it, belongs to no window of the ride.
        ends = odometer.distance_at(times + held_s) - odometer.distance_at(times + held_s - _HELD_S[0])
        fast &= np.minimum(_held_mps(times, odometer, _HELD_S[0]), ends / _HELD_S[0]) > _RIDING * limit
        for start_s, end_s in others:
            fast &= (times + held_s < start_s) | (times > end_s)
        for i in np.flatnonzero(fast).tolist():
            carried[i : int(np.searchsorted(times, times[i] + held_s, "right"))] = True
    return carried


def _from_stop_to_stop(
    times: FloatArray, odometer: Odometer, carried: BoolArray, others: list[tuple[float, float]]
) -> list[tuple[float, float]]:
    """Seconds from the last stop before to the first after each carried moment; a change of sport is one."""
    before = odometer.distance_at(times) - odometer.distance_at(times - _STOP_S)
    slow = times[(before < _STOP_MPS * _STOP_S) & (times - _STOP_S >= times[0])]
    slow = np.sort(np.concatenate((slow, np.array(others).ravel())))
    spans: list[tuple[float, float]] = []
    for at in times[carried].tolist():
        if spans and at <= spans[-1][1]:
            continue
        before_it, after_it = np.searchsorted(slow, [at, at + _STOP_S], "right").tolist()
        start = float(slow[before_it - 1]) if before_it else float(times[0])
        end = float(slow[after_it]) - _STOP_S if after_it < len(slow) else float(times[-1])
        spans.append((start, max(end, at)))
    return spans


def doubts(effort: Effort, activity: Activity, odometer: Odometer, settings: Settings) -> tuple[str, ...]:
    """Say in words why a runner cannot have run an effort; empty if nothing speaks against it."""
    if settings.accept_implausible or activity.sport not in (*ON_FOOT, "multisport"):
        return ()
    return tuple(_doubts(effort, activity, odometer, settings))


def _doubts(effort: Effort, activity: Activity, odometer: Odometer, settings: Settings) -> Iterator[str]:
    record = record_s(effort.length_m, settings.sex)
    if effort.elapsed_s < record:
        yield f"faster than anybody ever ran {effort.name}: {record:.2f} s"
    vehicles = [b for b in odometer.breaks if b.reason == "vehicle"]
    if any(b.from_m < effort.end_m and b.to_m > effort.start_m for b in vehicles):
        yield "moved faster than anybody runs: a vehicle or a bicycle"
    elif vehicles and effort.elapsed_s < _SUSPECT * record:
        yield "close to the record, in a recording that a vehicle or a bicycle carried in part"
    if activity.sport == "unknown" and activity.name and _CARRIED.search(activity.name):
        yield "the recording's name says that it was a ride"
    speed = effort.length_m / effort.elapsed_s
    if speed < _FAST_MPS:
        return
    told = levels(activity)
    span = (np.array([effort.start_s]), np.array([effort.end_s]))
    (heart_rate,) = told.heart_rate.average(*span)
    if heart_rate is not None and 0 < heart_rate < _CALM_BPM:
        yield f"a heart rate of {heart_rate:.0f} at {3.6 * speed:.0f} km/h"
    (cadence,) = told.cadence.average(*span)
    if cadence is not None and cadence < _NO_STEPS_SPM and (told.cadence.values > _STEPS_SPM).sum() > 60:
        yield f"hardly a step was counted at {3.6 * speed:.0f} km/h"
