"""Where a run went, as a shape: metres on a plane, and nothing that tells where on earth that lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from miler.activity import Activity
from miler.arrays import FloatArray
from miler.crediting import believed_fixes
from miler.geodesy import radii_m

_POINTS = 600  # finer than a picture shows
_LEAST_M = 20.0  # of one place there is no shape


@dataclass(frozen=True, eq=False)
class Course:
    """A way over a plane.

    Attributes:
        elapsed_s: (n,) from the start of the activity, strictly increasing.
        east_m, north_m: (n,) from the first fix.
    """

    elapsed_s: FloatArray
    east_m: FloatArray
    north_m: FloatArray

    def between(self, start_s: float, end_s: float) -> Course:
        """Return the way from one moment to another, both ends between fixes."""
        inside = self.elapsed_s[(self.elapsed_s > start_s) & (self.elapsed_s < end_s)]
        at = np.concatenate(([start_s], inside, [end_s]))
        return Course(
            at, np.interp(at, self.elapsed_s, self.east_m), np.interp(at, self.elapsed_s, self.north_m)
        )


def course_of(activity: Activity) -> Course | None:
    """Return the shape of a run from the fixes that can be believed; None without, or if it stood still."""
    fixes = believed_fixes(activity)
    if fixes is None:
        return None
    kept = np.unique(np.linspace(0, len(fixes.times) - 1, _POINTS).astype(int))
    middle_deg = np.array([(fixes.latitude.min() + fixes.latitude.max()) / 2])
    meridian_m, prime_vertical_m = (float(radius[0]) for radius in radii_m(middle_deg))
    across_m = prime_vertical_m * float(np.cos(np.radians(middle_deg[0])))
    east_deg = np.unwrap(fixes.longitude - fixes.longitude[0], period=360.0)[kept]
    north_deg = (fixes.latitude - fixes.latitude[0])[kept]
    course = Course(fixes.times[kept], np.radians(east_deg) * across_m, np.radians(north_deg) * meridian_m)
    return course if max(np.ptp(course.east_m), np.ptp(course.north_m)) > _LEAST_M else None
