"""What the lap button says of a mile: watches keep laps to the millisecond, records to the second.

Pressed at the line of a track, a mile's time is as good as the thumb: far better than any distance
by satellite. So where laps that were pressed by hand make up a mile, their time stands beside the
window's, and the difference is explained.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from miler.activity import Activity, Lap
from miler.confidence import Z95
from miler.effort import Effort, Evidence
from miler.settings import Settings
from miler.units import LEAD_IN_M, MILE_M, TRACK_LAP_M

_BY_HAND = ("manual", "session_end")  # who stops the watch at the line has pressed too
_MOST_LAPS = 9  # eight laps of a short track and its lead-in
_NEAR = 0.025  # a watch counts a mile on a track to within this
_ABOUT = 0.01  # off a track a lap is about a mile if the watch counted it so nearly
_LEAD = LEAD_IN_M / TRACK_LAP_M / 2  # a first lap longer than the others by more than this has the lead-in


@dataclass(frozen=True)
class PressedMile:
    """A mile by the lap button.

    Attributes:
        first_lap, last_lap: indices of the watch's laps, counted from 1.
        start_s: seconds from the start of the activity.
        elapsed_s: by the button, to the millisecond.
        low_s, high_s: 95 % of thumbs; NaN off a track, where only the watch says that it was a mile.
        counted_m: metres that the watch counted for it.
        on_track: whether it was measured by a track's line.
        evidence: A on a track.
    """

    first_lap: int
    last_lap: int
    start_s: float
    elapsed_s: float
    low_s: float
    high_s: float
    counted_m: float
    on_track: bool
    evidence: Evidence

    def explained(self, effort: Effort) -> str:
        """Say why the window's time differs from the button's."""
        difference_s = effort.elapsed_s - self.elapsed_s
        if effort.start_s > self.start_s + self.elapsed_s or effort.end_s < self.start_s:
            return "the fastest mile of the distance lies elsewhere in the run"
        over_m = self.counted_m - MILE_M
        faster = "quicker" if difference_s < 0 else "slower"
        if effort.evidence is not None and effort.evidence.on_track:
            return f"the window, measured along the lane, is {abs(difference_s):.1f} s {faster}"
        return (
            f"the window is {abs(difference_s):.1f} s {faster}: for these laps the watch counted "
            f"{self.counted_m:.0f} m, {abs(over_m):.0f} m {'more' if over_m >= 0 else 'less'} than a mile"
        )


def lane_lap_m(lane: int) -> float:
    """Return the length of a lap of the standard track in a lane, metres.

    Source:
        World Athletics, Track and Field Facilities Manual: straights of 84.39 m, a kerb of 36.50 m, lanes
        of 1.22 m; lane 1 is measured 0.30 m from the kerb, the others 0.20 m from their line.
    """
    out_m = 0.30 if lane == 1 else 1.22 * (lane - 1) + 0.20
    return 2 * 84.39 + 2 * math.pi * (36.50 + out_m)


def pressed_mile(activity: Activity, settings: Settings, lane: int = 1) -> PressedMile | None:
    """Return the fastest mile that laps pressed by hand make up; None if there is none.

    On a track, laps whose first has the lead-in of 9.344 m and which the watch counted as a mile
    within 2.5 %, or one lap so long; elsewhere one lap that it counted as a mile within 1 %.

    Args:
        activity: its laps are used.
        settings: `press_sd_s`.
        lane: in which the runner ran; in the outer ones four laps are more than a mile, whose time is
            then the share of the whole at even pace.
    """
    on_track = activity.sub_sport == "track"
    run_m = LEAD_IN_M + 4 * lane_lap_m(lane) if on_track and lane > 1 else MILE_M
    found = [
        _pressed(laps, counted_m, on_track, settings, run_m)
        for laps, counted_m in _candidates(activity.laps, run_m)
        if on_track or len(laps) == 1
        if abs(counted_m / run_m - 1) <= (_NEAR if on_track else _ABOUT)
        if len(laps) == 1 or _has_lead_in(laps)
    ]
    return min(found, key=lambda mile: mile.elapsed_s, default=None)


def _candidates(laps: tuple[Lap, ...], run_m: float) -> Iterator[tuple[tuple[Lap, ...], float]]:
    """Consecutive laps that were begun, parted and ended by hand, with the metres that the watch counted."""
    for first in range(len(laps)):
        if first and laps[first - 1].trigger != "manual":
            continue
        counted_m = 0.0
        for last in range(first, min(first + _MOST_LAPS, len(laps))):
            lap = laps[last]
            if lap.trigger not in _BY_HAND or lap.distance_m is None:
                break
            counted_m += lap.distance_m
            if counted_m > run_m * (1 + _NEAR):
                break
            if lap.elapsed_s > 0:
                yield laps[first : last + 1], counted_m


def _has_lead_in(laps: tuple[Lap, ...]) -> bool:
    """Whether the first of several laps is longer than whole laps like the others: a mile, not 1600 m."""
    metres = [lap.distance_m or 0.0 for lap in laps]
    whole = [max(round(m / TRACK_LAP_M), 1) for m in metres]
    one_m = sum(metres[1:]) / sum(whole[1:])
    near = all(abs(m / (n * one_m) - 1) < _NEAR for m, n in zip(metres[1:], whole[1:], strict=True))
    return near and metres[0] > whole[0] * one_m + _LEAD * one_m


def _pressed(
    laps: tuple[Lap, ...], counted_m: float, on_track: bool, settings: Settings, run_m: float
) -> PressedMile:
    elapsed_s = math.fsum(lap.elapsed_s for lap in laps) * MILE_M / run_m
    counted_m *= MILE_M / run_m
    off_s = Z95 * math.sqrt(2) * settings.press_sd_s if on_track else math.nan
    reason = (
        "pressed by hand at the line of a track"
        if on_track
        else "pressed by hand; how long it was only the watch says"
    )
    if run_m > MILE_M:
        reason += f", {run_m:.1f} m in an outer lane, of which a mile at even pace"
    return PressedMile(
        first_lap=laps[0].index,
        last_lap=laps[-1].index,
        start_s=laps[0].start_s,
        elapsed_s=elapsed_s,
        low_s=elapsed_s - off_s,
        high_s=elapsed_s + off_s,
        counted_m=counted_m,
        on_track=on_track,
        evidence=Evidence("A" if on_track else "C", (reason,)),
    )
