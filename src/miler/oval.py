"""The geometry of a running track: two straights and two bends, and how long a lap of each lane is."""

from __future__ import annotations

import math
from dataclasses import dataclass

from miler.units import TRACK_LAP_M

LANE_WIDTH_M = 1.22
_FROM_KERB_M = 0.30  # where lane 1 is measured: that far out of the raised kerb
_FROM_LINE_M = 0.20  # and every other lane, out of the line inside it


@dataclass(frozen=True)
class Oval:
    """A track of two equal bends.

    The standard track has a kerb radius of 36.50 m and straights of 84.39 m; others keep the length
    of lane 1 and differ in radius.

    Attributes:
        radius_m: of the raised kerb.
        lap_m: nominal length of a lap in lane 1.
    """

    radius_m: float = 36.50
    lap_m: float = TRACK_LAP_M

    @property
    def straight_m(self) -> float:
        """Length of a straight, to the centimetre, as tracks are built."""
        return round((self.lap_m - math.tau * (self.radius_m + _FROM_KERB_M)) / 2, 2)

    def line_radius_m(self, lane: int = 1) -> float:
        """Radius of the line on which a lane is measured; lanes count from 1 at the kerb.

        Source:
            World Athletics, Track and Field Facilities Manual: 0.30 m from the kerb in lane 1, 0.20 m
            from the inner line in the others, lanes 1.22 m wide.
        """
        if lane < 1:
            raise ValueError(f"lanes count from 1, there is no lane {lane}")
        if lane == 1:
            return self.radius_m + _FROM_KERB_M
        return self.radius_m + LANE_WIDTH_M * (lane - 1) + _FROM_LINE_M

    def lap_length_m(self, lane: int = 1) -> float:
        """Length of one lap on the line on which the lane is measured."""
        return 2 * self.straight_m + math.tau * self.line_radius_m(lane)


STANDARD = Oval()
