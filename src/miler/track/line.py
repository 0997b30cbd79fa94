"""The line on which a lane is measured: two straights and two half circles; and where it lies."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from miler.arrays import FloatArray, added_up
from miler.geodesy import radii_m
from miler.oval import Oval


@dataclass(frozen=True)
class Line:
    """A closed line about the origin, its straights along x; run anticlockwise.

    Arc length counts from the western end of the southern straight, as x grows.

    Attributes:
        straight_m: length of a straight.
        radius_m: of the bends.
        swell_m: how far outwards of the line its points are seen: receivers show tracks too wide, by up to
            two metres on real ones. Lengths along the line know nothing of it.
    """

    straight_m: float
    radius_m: float
    swell_m: float = 0.0

    @classmethod
    def of(cls, oval: Oval, lane: int) -> Line:
        """The line of a lane."""
        return cls(oval.straight_m, oval.line_radius_m(lane))

    @property
    def length_m(self) -> float:
        """Length of a lap."""
        return 2 * self.straight_m + math.tau * self.radius_m

    def at(self, along_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Points (2, n) and unit tangents (2, n) at arc lengths (n,) metres."""
        half = self.length_m / 2
        along = np.mod(along_m, self.length_m)
        # The second half of the lap is the first one, turned about the centre.
        second = along >= half
        along = along - half * second
        # Each place of the straight is where the bend begins, moved back along it.
        angle = np.maximum(along - self.straight_m, 0.0) / self.radius_m - math.pi / 2
        outwards = np.stack([np.cos(angle), np.sin(angle)]) * np.where(second, -1.0, 1.0)
        points = (self.radius_m + self.swell_m) * outwards
        points[0] += (np.minimum(along, self.straight_m) - self.straight_m / 2) * np.where(second, -1.0, 1.0)
        return points, np.stack([-outwards[1], outwards[0]])

    def project(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Arc length of the nearest point, and the distance outwards from where it is seen; (n,) metres."""
        straight, radius = self.straight_m, self.radius_m
        arc = math.pi * radius
        core = np.clip(x, -straight / 2, straight / 2)
        angle = np.arctan2(y, x - core)
        east = straight + radius * (angle + math.pi / 2)
        west = 2 * straight + arc + radius * np.mod(angle - math.pi / 2, math.tau)
        south, north = x + straight / 2, 1.5 * straight + arc - x
        bend = np.where(x > 0, east, west)
        along = np.where(np.abs(x) <= straight / 2, np.where(y < 0, south, north), bend)
        return np.mod(along, self.length_m), np.hypot(x - core, y) - radius - self.swell_m

    def unwrapped(self, along_m: FloatArray) -> FloatArray:
        """Arc lengths (n,) without the step at the end of a lap: each the nearest to the one before."""
        lap = self.length_m
        steps = np.mod(np.diff(along_m) + lap / 2, lap) - lap / 2
        unwrapped: FloatArray = along_m[0] + added_up(steps)
        return unwrapped


@dataclass(frozen=True)
class Pose:
    """Where an oval lies on a plane: its centre, and the bearing of its straights from the x axis."""

    x: float
    y: float
    turn: float

    def inside(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Points of the plane in the oval's own axes."""
        cos, sin = math.cos(self.turn), math.sin(self.turn)
        return cos * (x - self.x) + sin * (y - self.y), cos * (y - self.y) - sin * (x - self.x)

    def turned(self, vectors: FloatArray) -> FloatArray:
        """Vectors (2, n) of the oval's own axes on the plane."""
        cos, sin = math.cos(self.turn), math.sin(self.turn)
        turned: FloatArray = np.array([[cos, -sin], [sin, cos]]) @ vectors
        return turned


@dataclass(frozen=True)
class Plane:
    """East and north metres about a place; good to millimetres on a track, to 1e-4 for some kilometres."""

    latitude_deg: float
    longitude_deg: float

    def metres(self, latitude_deg: FloatArray, longitude_deg: FloatArray) -> tuple[FloatArray, FloatArray]:
        """East and north (n,) of fixes."""
        east_per_degree, north_per_degree = self._per_degree
        around = np.mod(longitude_deg - self.longitude_deg + 180.0, 360.0) - 180.0
        return around * east_per_degree, (latitude_deg - self.latitude_deg) * north_per_degree

    @property
    def _per_degree(self) -> tuple[float, float]:
        meridian, across = radii_m(np.array([self.latitude_deg]))
        cos = math.cos(math.radians(self.latitude_deg))
        return math.radians(float(across[0]) * cos), math.radians(float(meridian[0]))
