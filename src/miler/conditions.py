"""Conditions as context: what altitude, a gradient or a flat indoor track would cost. None is in the time.

The figures are models, and the models disagree; so each is a number beside the time, with its source.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise

from miler.settings import Sex

STEEPEST = 0.45  # Minetti's range of gradients, up and down

# Slowdown of a mile in percent at metres above the sea, men and women.
_ALTITUDE_PERCENT: dict[Sex, tuple[tuple[float, float], ...]] = {
    "M": ((0, 0.0), (500, 0.85), (1000, 1.58), (1500, 2.42), (2000, 3.57), (2240, 4.29)),
    "F": ((0, 0.0), (500, 0.88), (1000, 1.64), (1500, 2.51), (2000, 3.70), (2240, 4.45)),
}
_BANKED_OF_FLAT: dict[Sex, float] = {"M": 0.9874, "F": 0.9902}


def altitude_slowdown_percent(elevation_m: float, sex: Sex) -> float | None:
    """Return by how much thin air slows a mile, in percent of its time; None above the model's 2,240 m.

    Straight lines between the model's values; nothing at the sea and below.

    Source:
        Péronnet & Thibault 1989 and 1991 (J Appl Physiol 67:453; 70:399), values for the mile as
        computed by nrcd 0.1.5.
    """
    table = _ALTITUDE_PERCENT[sex]
    heights = [height for height, _ in table]
    if elevation_m > heights[-1]:
        return None
    if elevation_m <= 0:
        return 0.0
    after = bisect_left(heights, elevation_m)
    (low, low_percent), (high, high_percent) = list(pairwise(table))[after - 1]
    return low_percent + (high_percent - low_percent) * (elevation_m - low) / (high - low)


def running_cost_j_per_kg_m(gradient: float) -> float:
    """Return what running a metre costs per kilogram, joules, at a gradient (0.01 is 1 % up).

    Raises:
        ValueError: beyond ±45 %, where nothing was measured.

    Source:
        Minetti et al. 2002 (J Appl Physiol 93:1039).
    """
    if not -STEEPEST <= gradient <= STEEPEST:
        raise ValueError(f"a gradient of {gradient:g} is beyond the measured ±{STEEPEST:g}")
    i = gradient
    return 155.4 * i**5 - 30.4 * i**4 - 43.3 * i**3 + 46.3 * i**2 + 19.5 * i + 3.6


def gradient_cost_ratio(gradient: float) -> float:
    """Return the cost of running at a gradient against running on the flat, by Minetti et al. 2002."""
    return running_cost_j_per_kg_m(gradient) / running_cost_j_per_kg_m(0.0)


def banked_mile_s(flat_mile_s: float, sex: Sex) -> float:
    """Return what a mile on a flat 200 m track is worth on a banked one.

    Source:
        USTFCCCA/NCAA track-size conversion, as in nrcd 0.1.5: 0.9874 men, 0.9902 women.
    """
    return flat_mile_s * _BANKED_OF_FLAT[sex]
