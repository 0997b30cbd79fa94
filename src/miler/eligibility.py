"""What a mile would need to count, point by point, and what a recording cannot know.

A road mile counts if its course falls by no more than 1 in 1000, its ends lie apart by no more than
half of its length, and somebody measured the course. A watch's altitude is worse than the 1.6 m that
the first point is about, so the honest answer is often "undetermined".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from miler.activity import Activity
from miler.crediting import believed_fixes
from miler.effort import Effort
from miler.geodesy import metres_between
from miler.recordbook import Surface

Verdict = Literal["yes", "no", "undetermined"]

DROP_SHARE, SEPARATION_SHARE = 1 / 1000, 0.5  # World Athletics CR 31.21 (formerly Rule 260.21)
_ALTITUDE_SD_M = 2.0  # of one end, averaged over 15 s: a barometer drifts by as much in a mile's time
_FIX_SD_M = 5.0
_AVERAGED_S = 15.0
_Z95 = 1.96
_SHORT_LAP_M = 201.2
_TRACKS = {"track": "an outdoor track", "indoor_track": "a short track"}


@dataclass(frozen=True)
class Point:
    """One point of the checklist: what it asks, whether it is met, and why."""

    name: str
    met: Verdict
    reason: str


def track_surface(lap_m: float) -> Surface:
    """Return what the record book calls a track by the length of its lap, metres.

    Source:
        World Athletics Competition Rules: short track records are run on laps of 201.2 m at most.
    """
    return "short_track" if lap_m <= _SHORT_LAP_M else "outdoor"


def checklist(effort: Effort, activity: Activity, track_lap_m: float | None = None) -> tuple[Point, ...]:
    """Return the points that a record asks of an effort, as far as a recording can answer.

    Args:
        effort: what was run.
        activity: where it was.
        track_lap_m: a lap of the track that was found under all of it, metres; None where none was.

    Source:
        World Athletics Competition Rule 31.21 for road records: drop and separation.
    """
    surface = activity.sub_sport or ""
    if surface in ("treadmill", "indoor_running", "virtual_activity"):
        return (Point("surface", "no", "a treadmill: the belt ran, and its length is only guessed"),)
    measured = Point("measured course", "undetermined", "a recording cannot say whether anybody measured it")
    on = None
    if track_lap_m is not None:
        on = Point("surface", "yes", f"a track of {track_lap_m:.0f} m, which its positions show")
    elif surface in _TRACKS:
        on = Point("surface", "yes", f"{_TRACKS[surface]}, as the watch was told")
    if on is not None:
        return (on, Point("drop", "yes", "a track is level"), measured)
    road = Point("surface", "undetermined", "taken for a road; a recording does not say what lay under foot")
    return (road, _drop(effort, activity), _separation(effort, activity), measured)


def _drop(effort: Effort, activity: Activity) -> Point:
    times, altitude = activity.known("altitude")
    about_s = _AVERAGED_S / 2 + 1
    ends = []
    for at_s in (effort.start_s, effort.end_s):
        first, last = times.searchsorted(at_s - about_s), times.searchsorted(at_s + about_s, "right")
        if first == last:
            return Point("drop", "undetermined", "the recording has no altitude there")
        ends.append(float(altitude[first:last].mean()))
    drop_m, most_m = ends[0] - ends[1], DROP_SHARE * effort.length_m
    off_m = _Z95 * np.sqrt(2) * _ALTITUDE_SD_M
    met: Verdict = "undetermined"
    if drop_m - off_m > most_m:
        met = "no"
    elif drop_m + off_m <= most_m:
        met = "yes"
    fell = f"fell {drop_m:.1f} m" if drop_m >= 0 else f"rose {-drop_m:.1f} m"
    return Point("drop", met, f"the course {fell} ± {off_m:.0f} m; at most {most_m:.1f} m may be lost")


def _separation(effort: Effort, activity: Activity) -> Point:
    fixes = believed_fixes(activity)
    if fixes is None or fixes.times[0] > effort.end_s or fixes.times[-1] < effort.start_s:
        return Point("separation", "undetermined", "the recording has no positions there")
    places = np.array([effort.start_s, effort.end_s])
    latitude = np.interp(places, fixes.times, fixes.latitude)
    longitude = np.interp(places, fixes.times, fixes.longitude)
    apart_m = float(metres_between(latitude[:1], longitude[:1], latitude[1:], longitude[1:])[0])
    most_m = SEPARATION_SHARE * effort.length_m
    met: Verdict = "undetermined"
    if abs(apart_m - most_m) > _Z95 * _FIX_SD_M:
        met = "yes" if apart_m < most_m else "no"
    return Point("separation", met, f"start and finish lie {apart_m:.0f} m apart; {most_m:.0f} m are allowed")
