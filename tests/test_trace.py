"""What a runner relies on when he looks at where he ran."""

from __future__ import annotations

import numpy as np
import pytest

from miler.activity import Activity
from miler.analysis import analyse
from miler.geodesy import metres_between
from miler.trace import Trace


def walked(latitude_deg: float, longitude_deg: float) -> Trace:
    """Twenty minutes north-eastwards from a place, a fix a second."""
    at_s = np.arange(0.0, 1200.0)
    streams = {
        "latitude": latitude_deg + at_s * 2e-5,
        "longitude": (longitude_deg + at_s * 2e-5 + 180) % 360 - 180,
    }
    return analyse(Activity(None, at_s, streams, "running")).trace


@pytest.mark.parametrize("place", [(0.0, 10.0), (51.5, -0.1), (-45.0, 170.0), (69.6, 18.9), (10.0, 179.99)])
def test_a_course_is_drawn_to_scale_anywhere_and_across_the_date_line(place: tuple[float, float]) -> None:
    trace = walked(*place)
    degrees = 1199 * 2e-5
    (truth_m,) = metres_between(*(np.array([v]) for v in (*place, place[0] + degrees, place[1] + degrees)))
    assert (trace.east_m[0], trace.north_m[0]) == (0, 0)
    assert np.hypot(trace.east_m[-1], trace.north_m[-1]) == pytest.approx(truth_m, rel=1e-3)
    assert trace.east_m[-1] > 0 and trace.north_m[-1] > 0
    assert np.hypot(np.diff(trace.east_m), np.diff(trace.north_m)).max() < 10


def test_without_positions_nothing_is_known_of_where() -> None:
    at_s = np.arange(0.0, 1200.0)
    trace = analyse(Activity(None, at_s, {"distance": at_s * 3}, "running")).trace
    assert np.isnan(trace.east_m).all() and np.isnan(trace.north_m).all()
