"""Where a simulated runner ran: a distance along the course → a fix on the ellipsoid."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from devtools.motion import smooth_noise
from miler.arrays import FloatArray
from miler.geodesy import radii_m


class Course(Protocol):
    """A line on a flat plane."""

    def plane(self, distance_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return (n,) metres east and (n,) metres north of the course's first point."""
        ...


@dataclass(frozen=True)
class Oval:
    """A running track, anticlockwise, starting at the finish line at the end of the home straight.

    Two straights of 84.39 m and bends measured at 36.80 m (36.50 m to the kerb and 0.30 m out) make
    400.00 m in lane 1. Source: World Athletics, Track and Field Facilities Manual, the standard track.
    """

    straight_m: float = 84.39
    radius_m: float = 36.80

    @property
    def lap_m(self) -> float:
        """Length of a lap."""
        return 2 * self.straight_m + 2 * math.pi * self.radius_m

    def plane(self, distance_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """See `Course`; x runs along the home straight."""
        half = self.straight_m + math.pi * self.radius_m
        # Half a lap from bend to bend; the second half is the first, turned about the centre of the track.
        along = np.mod(distance_m, half)
        side = np.where(np.mod(np.floor_divide(distance_m, half), 2) == 0, 1.0, -1.0)
        angle = np.minimum(along / self.radius_m, math.pi)
        back = np.maximum(along - math.pi * self.radius_m, 0)
        x = self.radius_m * np.sin(angle) - back
        y = self.radius_m * (1 - np.cos(angle))
        turned_x, turned_y = -self.straight_m - x, 2 * self.radius_m - y
        return np.where(side > 0, x, turned_x), np.where(side > 0, y, turned_y)


@dataclass(frozen=True, eq=False)
class Road:
    """A winding line of one-metre steps; beyond its end a loop starts again.

    Attributes:
        east_m, north_m: (k,) vertices, one metre apart.
    """

    east_m: FloatArray
    north_m: FloatArray

    @classmethod
    def winding(cls, length_m: float, rng: np.random.Generator, *, loop: bool = False) -> Road:
        """Make a road of smooth random curvature, about a bend in 150 m; closed if it is to be a loop."""
        steps = round(length_m)
        turns = np.cumsum(smooth_noise(rng, steps, memory=60)) * 0.006
        if loop:
            # The random turns are brought back to where they began, and one full turn is added.
            turns += np.linspace(0, 2 * math.pi - turns[-1], steps)
        east, north = np.cumsum(np.cos(turns)), np.cumsum(np.sin(turns))
        if not loop:
            return cls(np.insert(east, 0, 0.0), np.insert(north, 0, 0.0))
        return cls(*_closed(east, north, steps))

    def plane(self, distance_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """See `Course`."""
        marks = np.arange(len(self.east_m), dtype=np.float64)
        closed = math.hypot(self.east_m[-1] - self.east_m[0], self.north_m[-1] - self.north_m[0]) < 1e-6
        at = np.mod(distance_m, marks[-1]) if closed else distance_m
        return np.interp(at, marks, self.east_m), np.interp(at, marks, self.north_m)


def _closed(east: FloatArray, north: FloatArray, steps: int) -> tuple[FloatArray, FloatArray]:
    """Shear a line so that it ends where it began, and cut it again into steps of one metre."""
    share = np.linspace(0, 1, steps + 1)
    east = np.insert(east, 0, 0.0) - share * east[-1]
    north = np.insert(north, 0, 0.0) - share * north[-1]
    run = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(east), np.diff(north)))])
    marks = np.linspace(0, run[-1], steps + 1)
    scale = steps / run[-1]
    return np.interp(marks, run, east) * scale, np.interp(marks, run, north) * scale


@dataclass(frozen=True)
class Place:
    """Where on Earth the course's first point lies, and which way its x axis points.

    Lengths hold to about 1e-4 of themselves for a kilometre around the place, and to millimetres on a track.
    """

    course: Course
    latitude_deg: float
    longitude_deg: float
    bearing_deg: float = 90.0
    altitude_m: float = 20.0
    hill_m: float = 0.0

    def plane(self, distance_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return (n,) metres east and north of the first point, the course turned to its bearing."""
        x, y = self.course.plane(distance_m)
        turn = math.radians(90 - self.bearing_deg)
        return x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)

    def fixes(self, east_m: FloatArray, north_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return (n,) latitudes and longitudes in degrees of points on the plane."""
        meridian, _ = radii_m(np.array([self.latitude_deg]))
        latitude = self.latitude_deg + np.degrees(north_m / meridian)
        _, prime_vertical = radii_m(latitude)
        longitude = self.longitude_deg + np.degrees(east_m / (prime_vertical * np.cos(np.radians(latitude))))
        return latitude, longitude

    def altitudes(self, distance_m: FloatArray) -> FloatArray:
        """Return (n,) metres above the sea: rolling hills of `hill_m`."""
        return self.altitude_m + self.hill_m * (np.sin(distance_m / 430) + 0.5 * np.sin(distance_m / 170))
