"""The run thinned to what a screen shows, for charts and for the way that the mile took."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from miler.activity import Activity
from miler.arrays import FloatArray, distinct
from miler.crediting import believed_fixes
from miler.effort import Effort
from miler.geodesy import RADIANS, around_deg, radii_m
from miler.odometer import Odometer

TRACE_POINTS = 600  # enough for a chart as wide as a screen
OUTLINE_POINTS = 480  # three for each of the cells that the widest terminal has
_MILE_POINTS = 900  # the seconds of a mile at a walk; a slower one is thinned
_RECORDED_S = 2.0  # watches write a place a second: less than two of them is no speed


@dataclass(frozen=True, eq=False)
class Trace:
    """The run at moments even in time, and at every second of the mile, where readers look closest.

    Columns of one length, NaN for missing.

    Attributes:
        elapsed_s: (n,) from the start, strictly increasing.
        distance_m: (n,) by the odometer.
        speed_mps: (n,) over two seconds, as the odometer has it: not smoothed.
        heart_rate_bpm, altitude_m, cadence_spm, power_w: (n,) streams of the recording.
        east_m, north_m: (n,) from the first fix, so that nothing that is drawn tells where on earth it lies.
    """

    elapsed_s: FloatArray
    distance_m: FloatArray
    speed_mps: FloatArray
    heart_rate_bpm: FloatArray
    altitude_m: FloatArray
    cadence_spm: FloatArray
    power_w: FloatArray
    east_m: FloatArray
    north_m: FloatArray


@dataclass(frozen=True, eq=False)
class Outline:
    """The run in so few points that a library keeps them: what lines of characters show of it.

    Columns of one length, NaN for missing; empty where the run has no distance.

    Attributes:
        elapsed_s: (n,) from the start, even in time.
        distance_m: (n,) by the odometer, to the centimetre.
        heart_rate_bpm, altitude_m: (n,) whole beats; to the decimetre.
    """

    elapsed_s: FloatArray
    distance_m: FloatArray
    heart_rate_bpm: FloatArray
    altitude_m: FloatArray


def outline(trace: Trace) -> Outline:
    """Thin a run further, to what a library keeps of it."""
    if not len(trace.elapsed_s):
        return Outline(*(np.empty(0) for _ in range(4)))
    at_s = np.linspace(trace.elapsed_s[0], trace.elapsed_s[-1], OUTLINE_POINTS)
    columns = ((trace.distance_m, 2), (trace.heart_rate_bpm, 0), (trace.altitude_m, 1))
    # No zero has a sign: it would be printed.
    return Outline(at_s, *(np.interp(at_s, trace.elapsed_s, c).round(digits) + 0.0 for c, digits in columns))


def thin(activity: Activity, odometer: Odometer, mile: Effort | None = None) -> Trace:
    """Sample a run for drawing."""
    if len(odometer.marks) < 2:
        return Trace(*(np.empty(0) for _ in range(9)))
    first_s, last_s = float(odometer.arrives[0]), float(odometer.departs[-1])
    at_s = np.linspace(first_s, last_s, min(TRACE_POINTS, 2 * len(activity) + 2))
    if mile is not None:
        at_s = distinct(np.append(at_s, _seconds(mile)))
    left_s, right_s = np.maximum(at_s - _RECORDED_S / 2, first_s), np.minimum(at_s + _RECORDED_S / 2, last_s)
    travelled_m = odometer.distance_at(right_s) - odometer.distance_at(left_s)
    east_m, north_m = _plane(activity, at_s)
    return Trace(
        elapsed_s=at_s,
        distance_m=odometer.distance_at(at_s),
        speed_mps=np.divide(travelled_m, right_s - left_s, out=np.zeros(len(at_s)), where=right_s > left_s),
        heart_rate_bpm=_sampled(at_s, *activity.known("heart_rate")),
        altitude_m=_sampled(at_s, *activity.known("altitude")),
        cadence_spm=_sampled(at_s, *activity.known("cadence")),
        power_w=_sampled(at_s, *activity.known("power")),
        east_m=east_m,
        north_m=north_m,
    )


def _seconds(mile: Effort) -> FloatArray:
    """The mile's every second, and its end."""
    count = min(int(mile.elapsed_s), _MILE_POINTS)
    step_s = max(1.0, mile.elapsed_s / _MILE_POINTS)
    return np.append(mile.start_s + step_s * np.arange(count), mile.end_s)


def _sampled(at_s: FloatArray, times: FloatArray, values: FloatArray) -> FloatArray:
    if not len(times):
        return np.full(len(at_s), np.nan)
    return np.interp(at_s, times, values, left=np.nan, right=np.nan)


def _plane(activity: Activity, at_s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Metres east and north of the first fix on the plane that touches the earth at the middle latitude."""
    fixes = believed_fixes(activity)
    if fixes is None:
        missing = np.full(len(at_s), np.nan)
        return missing, missing
    middle_deg = np.array([(fixes.latitude.min() + fixes.latitude.max()) / 2])
    meridian_m, prime_vertical_m = (float(radius[0]) for radius in radii_m(middle_deg))
    across_m = prime_vertical_m * float(np.cos(np.radians(middle_deg[0])))
    east_deg = around_deg(fixes.longitude - fixes.longitude[0])
    north_deg = fixes.latitude - fixes.latitude[0]
    return (
        _sampled(at_s, fixes.times, RADIANS * east_deg * across_m),
        _sampled(at_s, fixes.times, RADIANS * north_deg * meridian_m),
    )
