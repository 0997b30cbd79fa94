"""Metres between fixes, against the geodesics of GeographicLib (Karney 2013)."""

from __future__ import annotations

import numpy as np
import pytest
from geographiclib.geodesic import Geodesic
from hypothesis import given
from hypothesis import strategies as st

from miler.geodesy import metres_between, radii_m


def ours(*place: float) -> float:
    return float(metres_between(*(np.array([v]) for v in place))[0])


def theirs(latitude1: float, longitude1: float, latitude2: float, longitude2: float) -> float:
    return float(Geodesic.WGS84.Inverse(latitude1, longitude1, latitude2, longitude2)["s12"])


@given(st.floats(-80, 80), st.floats(-180, 180), st.floats(0, 360), st.floats(0.01, 1000))
def test_steps_of_a_run_are_right_to_a_tenth_of_a_millimetre(
    latitude: float, longitude: float, azimuth: float, metres: float
) -> None:
    end = Geodesic.WGS84.Direct(latitude, longitude, azimuth, metres)
    place = (latitude, longitude, end["lat2"], end["lon2"])
    assert ours(*place) == pytest.approx(theirs(*place), abs=1e-4)


@given(st.floats(-70, 70), st.floats(-180, 180), st.floats(0, 360), st.floats(1000, 10_000))
def test_ten_kilometres_are_right_to_a_millionth(
    latitude: float, longitude: float, azimuth: float, metres: float
) -> None:
    end = Geodesic.WGS84.Direct(latitude, longitude, azimuth, metres)
    place = (latitude, longitude, end["lat2"], end["lon2"])
    assert ours(*place) == pytest.approx(theirs(*place), rel=1e-6, abs=1e-3)


@given(st.floats(-89, 89), st.floats(-180, 180), st.floats(-89, 89), st.floats(-180, 180))
def test_far_apart_is_known_to_a_hundredth(a: float, b: float, c: float, d: float) -> None:
    assert ours(a, b, c, d) == pytest.approx(theirs(a, b, c, d), rel=0.01, abs=1.0)


def test_a_sphere_would_be_wrong_by_metres_in_a_mile() -> None:
    north = Geodesic.WGS84.Direct(0, 0, 0, 1609.344)
    assert ours(0, 0, north["lat2"], 0) == pytest.approx(1609.344, abs=1e-3)
    assert np.radians(north["lat2"]) * 6_371_000 == pytest.approx(1618.4, abs=0.1)


def on_a_sphere(latitude1: float, longitude1: float, latitude2: float, longitude2: float) -> float:
    """The haversine formula with the mean radius of 6371.0088 km, as most programs have it."""
    a, b, over = np.radians([latitude1, latitude2, longitude2 - longitude1])
    half = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(over / 2) ** 2
    return float(2 * 6_371_008.8 * np.arcsin(np.sqrt(half)))


@pytest.mark.parametrize(
    ("latitude", "azimuth", "percent"),
    [(0, 0, "+0.561"), (89.9, 0, "-0.447"), (45, 0, "+0.057"), (45, 90, "-0.279"), (51.5, 0, "-0.056"),
     (51.5, 90, "-0.317")],
)  # fmt: skip
def test_a_sphere_is_wrong_by_up_to_half_a_percent_and_miler_is_not(
    latitude: float, azimuth: float, percent: str
) -> None:
    end = Geodesic.WGS84.Direct(latitude, 0, azimuth, 100)
    place = (latitude, 0, end["lat2"], end["lon2"])
    assert f"{100 * (on_a_sphere(*place) / 100 - 1):+.3f}" == percent
    assert f"{100 * (ours(*place) / 100 - 1):+.3f}".lstrip("+-") == "0.000"


def test_the_date_line_is_no_jump() -> None:
    assert ours(0, 179.99999, 0, -179.99999) == pytest.approx(2.2264, abs=1e-3)
    assert ours(0, -179.99999, 0, 179.99999) == pytest.approx(2.2264, abs=1e-3)


def test_one_place_is_no_distance_and_no_place_is_none() -> None:
    assert ours(51.5, -0.1, 51.5, -0.1) == 0
    assert np.isnan(ours(51.5, -0.1, float("nan"), 0))


def test_the_radii_are_those_of_the_ellipsoid() -> None:
    meridian, prime_vertical = radii_m(np.array([0.0, 90.0]))
    assert meridian == pytest.approx([6_335_439.327, 6_399_593.626], abs=1e-3)
    assert prime_vertical == pytest.approx([6_378_137.0, 6_399_593.626], abs=1e-3)
