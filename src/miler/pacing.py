"""How an effort was paced: evenly or not, like which record races, and where it lost time.

Positions err by metres, so quarters of an evenly run mile differ too. What such an error explains is
never called pacing: every verdict here is given against the noise of the measurement.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np

from miler.arrays import FloatArray
from miler.recordbook import profiles
from miler.scoring import cv_percent, quarter_times_s, score_of
from miler.units import QUARTER_M

# Scatter of a quarter's measured length, percent, by where the distance comes from. An end of a quarter
# is off by some 2 m along the way (sources in docs/records.md); summed fixes scatter more.
DEVICE_NOISE_PERCENT = 1.0
FIXES_NOISE_PERCENT = 1.5
TRACK_NOISE_PERCENT = 0.5  # measured along the line of a lane
_CHI2_95 = 7.815  # 95 % of chi-square with three degrees of freedom: four quarters about their mean
_NORMAL_95 = 1.96
_WHOLE = 4  # fewer published splits than quarters say nothing of each quarter

_WINDOW_M = 100.0
_STEP_M = 10.0
_KICK_FROM = 0.7  # share of the effort; what begins before that is no kick
_SURE = 3.0  # standard deviations: dozens of places are tried, and one in twenty would always stand out


@dataclass(frozen=True)
class Likeness:
    """How near the pacing of a record race is.

    `difference_percent` is the root mean square of the four quarters' differences, each a share of
    its own race's mean quarter: 0 is the same pattern at any speed.
    """

    profile_id: str
    athlete: str
    year: int
    cv_percent: float
    difference_percent: float


@dataclass(frozen=True)
class Change:
    """A stretch that was run faster than what it is compared with; negative = slower."""

    start_m: float
    end_m: float
    faster_percent: float


@dataclass(frozen=True)
class Pacing:
    """How an effort was paced; percentages are of its mean quarter unless said otherwise.

    Attributes:
        rmssd_percent: root mean square of the steps from quarter to quarter, 100 sqrt(mean(dQ^2))/mean(Q).
        deviations_percent: (4,) each quarter against the mean; positive = slower.
        slowest_quarter: 1 to 4.
        noise_percent: scatter of a quarter that the measurement alone gives.
        floor_percent: CV that even pace shows in one measurement of twenty; below it nothing is said.
        within_noise: whether the quarters differ by no more than that.
        score_low, score_high: 95 % of the evenness score, given the noise.
        lost_s: (4,) seconds that each quarter lost against the fastest one.
        more_even_than_percent: of the record races with a published time for each quarter.
        races: how many these are.
        likeness: every one of those races, the most alike first.
        kick: the finish, against the quarter before it; None where no faster one shows.
        surges: stretches of 100 m or more off the effort's mean, outside the kick.
    """

    rmssd_percent: float
    deviations_percent: tuple[float, ...]
    slowest_quarter: int
    noise_percent: float
    floor_percent: float
    within_noise: bool
    score_low: float
    score_high: float
    lost_s: tuple[float, ...]
    more_even_than_percent: float
    races: int
    likeness: tuple[Likeness, ...]
    kick: Change | None
    surges: tuple[Change, ...]


def pacing(
    quarters_s: Sequence[float], times_s: FloatArray, distances_m: FloatArray, noise_percent: float
) -> Pacing:
    """Judge how an effort was paced.

    Args:
        quarters_s: (4,) seconds, each of a quarter of the effort.
        times_s: (n,) seconds from the start of the effort, strictly increasing from 0.
        distances_m: (n,) metres at those times, increasing from 0; equal neighbours are a stop.
        noise_percent: scatter of a quarter by the measurement alone, see `noise_of`.

    Source:
        Steps from lap to lap, CV: as in `scoring.evenness`. The test is chi-square on three degrees of
        freedom; quarters whose lengths scatter independently by s % have a CV of about s %.
    """
    mean_s, fastest_s, slowest_s = sum(quarters_s) / 4, min(quarters_s), max(quarters_s)
    steps_s = [after - before for before, after in pairwise(quarters_s)]
    spread = cv_percent((1.0,) * 4, quarters_s)
    low, high = score_interval(spread, noise_percent)
    alike = likeness(np.array(quarters_s))
    kick = kick_of(times_s, distances_m, noise_percent)
    floor = noise_percent * math.sqrt(_CHI2_95 / 3)
    return Pacing(
        rmssd_percent=100 * math.hypot(*steps_s) / math.sqrt(3) / mean_s,
        deviations_percent=tuple(100 * (quarter_s / mean_s - 1) for quarter_s in quarters_s),
        slowest_quarter=quarters_s.index(slowest_s) + 1,
        noise_percent=noise_percent,
        floor_percent=floor,
        within_noise=spread <= floor,
        score_low=low,
        score_high=high,
        lost_s=tuple(quarter_s - fastest_s for quarter_s in quarters_s),
        more_even_than_percent=100 * sum(r.cv_percent > spread for r in alike) / len(alike),
        races=len(alike),
        likeness=alike,
        kick=kick,
        surges=surges_of(times_s, distances_m, noise_percent, kick),
    )


def noise_of(distance_source: str) -> float:
    """Return the scatter of a quarter, percent, by the odometer's source of distance."""
    if distance_source == "track":
        return TRACK_NOISE_PERCENT
    return FIXES_NOISE_PERCENT if "fixes" in distance_source else DEVICE_NOISE_PERCENT


def score_interval(measured_percent: float, noise_percent: float) -> tuple[float, float]:
    """Return the 95 % interval of the evenness score of four quarters, lower bound first.

    A true CV of t, measured with a scatter of s, gives a squared CV of mean t^2 + s^2 and variance
    (2 s^4 + 4 t^2 s^2)/3 (noncentral chi-square, three degrees of freedom). The interval holds the t
    for which the measured square lies within 1.96 standard deviations.
    """
    square, noise = measured_percent**2, noise_percent**2
    k = _NORMAL_95**2 / 3
    # (t^2 + s^2 - c^2)^2 = k (2 s^4 + 4 t^2 s^2), solved for t^2
    half = square - noise + 2 * k * noise
    root = math.sqrt(max(half**2 - (noise - square) ** 2 + 2 * k * noise**2, 0.0))
    low, high = (math.sqrt(max(half + sign * root, 0.0)) for sign in (-1, 1))
    return score_of(high), score_of(low)


def likeness(quarters_s: FloatArray) -> tuple[Likeness, ...]:
    """Compare four quarters, (4,) seconds, with every record race that has them; the most alike first."""
    own = quarters_s / quarters_s.mean()
    races, patterns = _patterns()
    apart = np.sqrt(((own - patterns) ** 2).mean(axis=1))
    found = [Likeness(*race, 100 * share) for race, share in zip(races, apart.tolist(), strict=True)]
    return tuple(sorted(found, key=lambda race: (race.difference_percent, race.profile_id)))


@cache
def _patterns() -> tuple[list[tuple[str, str, int, float]], FloatArray]:
    """The r races that have published splits enough, and their quarters (r, 4) as shares of their mean.

    Splits of whoever led are among them: it is the race that a runner's pacing is like.
    """
    races, patterns = [], []
    for race in profiles():
        if race.confidence == "low" or len(race.splits) < _WHOLE:
            continue
        quarters = quarter_times_s(np.array(race.lengths_m), np.array(race.times_s))
        spread = cv_percent((1.0,) * 4, quarters.tolist())
        races.append((race.profile_id, race.athlete, int(race.date[:4]), spread))
        patterns.append(quarters / quarters.mean())
    return races, np.array(patterns)


def kick_of(times_s: FloatArray, distances_m: FloatArray, noise_percent: float) -> Change | None:
    """Find the finish that was run faster than the quarter before it.

    Of all places in the last three tenths, 100 m before the end at the latest, it begins where its gain
    stands out most from the noise; None where none does. Ends of a stretch are off by metres, whatever
    its length: in percent, a longer stretch is surer.
    """
    length_m = float(distances_m[-1])
    starts = np.arange(math.ceil(length_m * _KICK_FROM), length_m - _WINDOW_M + 1e-9, _STEP_M)
    if len(starts) == 0:
        return None
    before_m = np.minimum(starts, QUARTER_M)
    at_start, at_before = (
        _clock(times_s, distances_m, starts),
        _clock(times_s, distances_m, starts - before_m),
    )
    speed = (length_m - starts) / (times_s[-1] - at_start)
    gains = 100 * (speed * (at_start - at_before) / before_m - 1)
    bars = np.hypot(_scatter(length_m - starts, noise_percent), _scatter(before_m, noise_percent))
    best = int((gains / bars).argmax())
    if gains[best] <= _SURE * bars[best]:
        return None
    return Change(float(starts[best]), length_m, float(gains[best]))


def surges_of(
    times_s: FloatArray, distances_m: FloatArray, noise_percent: float, kick: Change | None
) -> tuple[Change, ...]:
    """Find stretches of 100 m or more, before the kick, whose pace is off the mean by more than the noise.

    Windows of 100 m, one every 10 m, that stand out on the same side are one stretch as far as they touch.
    """
    length_m = float(distances_m[-1])
    end_m = kick.start_m if kick else length_m
    starts = np.arange(0.0, end_m - _WINDOW_M + 1e-9, _STEP_M)
    clock = _clock(times_s, distances_m, np.append(starts, starts + _WINDOW_M)).reshape(2, -1)
    faster = 100 * (_WINDOW_M / (clock[1] - clock[0]) / (length_m / float(times_s[-1])) - 1)
    sides = np.where(np.abs(faster) > _SURE * _scatter(_WINDOW_M, noise_percent), np.sign(faster), 0.0)
    edges = [0, *(np.flatnonzero(np.diff(sides)) + 1).tolist(), len(sides)]
    runs = [
        (float(starts[a]), float(starts[b - 1] + _WINDOW_M)) for a, b in pairwise(edges) if b > a and sides[a]
    ]
    mean_mps = length_m / float(times_s[-1])
    return tuple(Change(a, b, 100 * (_speed(times_s, distances_m, a, b) / mean_mps - 1)) for a, b in runs)


def _scatter(stretch_m: FloatArray | float, noise_percent: float) -> FloatArray:
    """Return the noise of a stretch, percent: the same metres at its ends, whatever its length."""
    return np.asarray(noise_percent * QUARTER_M / np.asarray(stretch_m))


def _speed(times_s: FloatArray, distances_m: FloatArray, start_m: float, end_m: float) -> float:
    start_s, end_s = _clock(times_s, distances_m, np.array([start_m, end_m]))
    return float((end_m - start_m) / (end_s - start_s))


def _clock(times_s: FloatArray, distances_m: FloatArray, at_m: FloatArray) -> FloatArray:
    """When marks were passed; of a mark on which the runner stood, any moment of the stop."""
    return np.asarray(np.interp(at_m, distances_m, times_s))
