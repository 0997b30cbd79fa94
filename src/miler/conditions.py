"""Conditions as context: what altitude, a gradient or a flat short track would cost. None is in the time.

The figures are models, and the models disagree; so each is a number beside the time, with its source.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from miler.arrays import FloatArray
from miler.settings import Sex

STEEPEST = 0.45  # Minetti's range of gradients, up and down

# Slowdown of a mile in percent at metres above the sea, men and women.
_ALTITUDE_PERCENT: dict[Sex, tuple[tuple[float, float], ...]] = {
    "M": ((0, 0.0), (500, 0.85), (1000, 1.58), (1500, 2.42), (2000, 3.57), (2240, 4.29)),
    "F": ((0, 0.0), (500, 0.88), (1000, 1.64), (1500, 2.51), (2000, 3.70), (2240, 4.45)),
}
_BANKED_OF_FLAT: dict[Sex, float] = {"M": 0.9874, "F": 0.9902}

# Heights err by metres: averaged over less, or compared over less, their steps would be hills.
_APART_M, _ABOUT_M = 200.0, 50.0
_COVERED = 0.8  # of the length; a stream that covers less says nothing of the effort
_MINETTI = "Minetti et al. 2002"
_WIND = "a headwind costs twice what a tailwind gives: Pugh 1971, Davies 1980"
_SHOES = "no model"

Name = Literal["altitude", "gradient", "drop", "temperature", "flat_track", "wind", "shoes"]


@dataclass(frozen=True)
class Condition:
    """One condition of an effort; it is not in the time.

    Attributes:
        value: in `unit`; of a gradient, the net rise in percent; of a drop, metres a kilometre; of a
            flat track, its lap. NaN of what is only told in words.
        effect_percent: how much longer a model says the same effort takes; None where none is given.
        source: of the model, or what to know of the value.
        words: the runner's own; None of what the recording tells.
    """

    name: Name
    value: float
    unit: str
    effect_percent: float | None
    source: str
    words: str | None = None


def conditions(
    distances_m: FloatArray,
    altitudes_m: FloatArray,
    temperatures_c: FloatArray,
    length_m: float,
    sex: Sex | None = None,
) -> tuple[Condition, ...]:
    """Say in which conditions an effort was run, as far as its recording tells.

    Args:
        distances_m: (n,) metres from the start of the effort, never falling.
        altitudes_m, temperatures_c: (n,) streams at those places, NaN for missing.
        length_m: of the effort.
        sex: whose model of altitude; the mean of both if None.
    """
    at_m, heights_m = _nodes(distances_m, altitudes_m, length_m)
    found = []
    if len(at_m) > 1 and at_m[-1] - at_m[0] > _COVERED * length_m:
        found += [_altitude(float(heights_m.mean()), sex), *_slope(at_m, heights_m)]
    known_c = temperatures_c[np.isfinite(temperatures_c)]
    if len(known_c):
        words = "the sensor's; on a wrist it reads too warm"
        found.append(Condition("temperature", float(known_c.mean()), "degC", None, words))
    return tuple(found)


def told(wind: str | None, shoes: str | None) -> tuple[Condition, ...]:
    """Put what the runner says of wind and shoes beside what the recording tells; no model reads words.

    Source:
        Pugh 1971 (J Physiol 213:255) and Davies 1980 (J Appl Physiol 48:702): the cost rises with the
        square of the speed of the air, and a tailwind helps about half of what a headwind costs.
    """
    said: tuple[tuple[Name, str | None, str], ...] = (("wind", wind, _WIND), ("shoes", shoes, _SHOES))
    return tuple(Condition(name, math.nan, "", None, source, words) for name, words, source in said if words)


def flat_track(lap_m: float, sex: Sex | None = None) -> Condition:
    """Return what a mile on a short track costs if it was flat, for nothing in a recording tells.

    Args:
        lap_m: of the track; NaN where nobody measured it.
        sex: whose factor; the mean of both if None.

    Source:
        USTFCCCA/NCAA track-size conversion, as in nrcd 0.1.5.
    """
    sexes: tuple[Sex, ...] = ("M", "F") if sex is None else (sex,)
    banked = sum(banked_mile_s(1.0, each) for each in sexes) / len(sexes)
    return Condition("flat_track", lap_m, "m", 100 * (1 / banked - 1), "USTFCCCA, NCAA")


def _altitude(mean_m: float, sex: Sex | None) -> Condition:
    sexes: tuple[Sex, ...] = ("M", "F") if sex is None else (sex,)
    effects = [altitude_slowdown_percent(mean_m, each) for each in sexes]
    known = [effect for effect in effects if effect is not None]
    effect = sum(known) / len(known) if known else None
    return Condition("altitude", mean_m, "m", effect, "Péronnet & Thibault 1989, 1991")


def _slope(at_m: FloatArray, heights_m: FloatArray) -> list[Condition]:
    """What climbing and falling cost from node to node, and the fall from the first to the last."""
    steps_m = np.diff(at_m)
    gradients = np.diff(heights_m) / steps_m
    if np.abs(gradients).max() > STEEPEST:
        return []
    ratios = np.array([gradient_cost_ratio(float(gradient)) for gradient in gradients])
    effect = 100 * (float((ratios * steps_m).sum() / steps_m.sum()) - 1)
    rise = float((heights_m[-1] - heights_m[0]) / steps_m.sum())
    return [
        Condition("gradient", 100 * rise, "%", effect, _MINETTI),
        Condition("drop", -1000 * rise, "m/km", None, "road records allow 1 m/km: CR 31.21"),
    ]


def _nodes(distances_m: FloatArray, heights_m: FloatArray, length_m: float) -> tuple[FloatArray, FloatArray]:
    """Average heights about places evenly along the effort, both ends included: (k,) metres, (k,) heights."""
    apart_m = length_m / max(math.floor(length_m / _APART_M), 1)
    have = np.isfinite(heights_m)
    at_m, heights = distances_m[have], heights_m[have]
    node = np.rint(at_m / apart_m).astype(np.int64)
    near = np.abs(at_m - node * apart_m) <= _ABOUT_M
    counts = np.bincount(node[near])
    full = counts > 0
    means = (np.bincount(node[near], weights=values[near])[full] / counts[full] for values in (at_m, heights))
    where, height = means
    return where, height


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
