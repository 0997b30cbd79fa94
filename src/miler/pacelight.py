"""The light to chase: where a record, a rival or a plan is at every moment of a mile.

A light is a piecewise-linear curve of distance over time. Records move as their holder did, where
the splits are published, else at even pace. What a report, a page or a program makes of it:

    light = like("el-guerrouj-1999", MILE_M, 299.0)    # or light_of(mark), rival_light(rival), even(…)
    light.metres_at(60.0), light.seconds_at(800.0)     # where it is at any moment, when at any place
    gaps = chase(light, times_s, distances_m)          # seconds and metres behind, at every second
    scoring.behind_light(light, times_s, distances_m)  # the same at each quarter

Between its points a light is a straight line, and so is a runner: whoever draws one needs no more than
the points, `light.times_s` and `light.distances_m`. All arrays are SI, and negative gaps are a lead.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from miler.arrays import FloatArray, every, frozen, rises
from miler.errors import SettingsError
from miler.recordbook import Mark, Profile, Rival, profile_for, profiles
from miler.units import MILE_M

_HAIR = 1e-6  # metres or seconds: well below what any device stores, well above what float64 loses
_BY_SHARE = re.compile(r"(negative|positive):(\d+(?:\.\d+)?)\s*%?")
_STEEPEST_SHARE = 25.0  # percent; halves further apart than that are no plan


@dataclass(frozen=True, eq=False)
class Light:
    """A light that runs a length.

    Attributes:
        name: whose it is, as a reader is told.
        times_s: (k,) seconds from the start, strictly increasing from 0.
        distances_m: (k,) metres from the start at those times, strictly increasing from 0.
        profile_id: whose published splits it follows; None at an even pace or one of a plan.
    """

    name: str
    times_s: FloatArray
    distances_m: FloatArray
    profile_id: str | None = None

    def __post_init__(self) -> None:
        """Freeze the arrays: those of a record are shared."""
        frozen(self.times_s)
        frozen(self.distances_m)

    @property
    def time_s(self) -> float:
        """When it reaches the finish."""
        return float(self.times_s[-1])

    @property
    def length_m(self) -> float:
        """How far it runs."""
        return float(self.distances_m[-1])

    def metres_at(self, seconds: FloatArray | float) -> FloatArray:
        """Return how far the light is at moments; it waits at the finish."""
        return np.asarray(np.interp(seconds, self.times_s, self.distances_m))

    def seconds_at(self, metres: FloatArray | float) -> FloatArray:
        """Return when the light passes marks."""
        return np.asarray(np.interp(metres, self.distances_m, self.times_s))


@dataclass(frozen=True, eq=False)
class Chase:
    """A runner against a light, at each whole second and at the finish of the slower one.

    Attributes:
        seconds: (n,) from the start.
        runner_m, light_m: (n,) how far each is; who has finished waits at the finish.
        behind_s: (n,) how much later the runner is at the place where it is; negative = ahead.
        behind_m: (n,) how much farther the light is; negative = the runner is ahead.
    """

    seconds: FloatArray
    runner_m: FloatArray
    light_m: FloatArray
    behind_s: FloatArray
    behind_m: FloatArray


@cache
def light_of(mark: Mark) -> Light:
    """Return the light of a record: the holder's own splits, stretched to the official time, else even."""
    profile = profile_for(mark)
    if profile is None:
        return even(mark.length_m, mark.time_s, mark.athlete)
    return _along(profile, mark.length_m, mark.time_s, mark.athlete)


def even(length_m: float, time_s: float, name: str = "even pace") -> Light:
    """Return a light that runs a length in a time at one pace."""
    return Light(name, np.array([0.0, time_s]), np.array([0.0, length_m]))


def halves(length_m: float, time_s: float, faster_percent: float) -> Light:
    """Return a light whose second half is faster by so many percent of the first one's time.

    Its quarters change by equal steps, which a runner can follow, rather than by one at half way.
    """
    share = faster_percent / 100
    mean_s, step_s = time_s / 4, time_s / 4 * share / (2 - share)
    quarters_s = mean_s + step_s * np.array([1.5, 0.5, -0.5, -1.5])
    word = "negative" if faster_percent >= 0 else "positive"
    return Light(
        f"{word} split, {abs(faster_percent):g} %",
        np.append(0.0, np.cumsum(quarters_s)),
        length_m * np.arange(5) / 4,
    )


def like(text: str, length_m: float, time_s: float) -> Light:
    """Return a light as a runner asks for it: `even`, `negative:2%`, `positive:1%` or `el-guerrouj-1999`.

    A race's name gives its pacing, stretched to the time; part of the name will do if only one has it.

    Raises:
        SettingsError: for anything else, with the nearest race.
    """
    word = text.strip().lower()
    if word == "even":
        return even(length_m, time_s)
    if by_share := _BY_SHARE.fullmatch(word):
        percent = float(by_share[2])
        if percent > _STEEPEST_SHARE:
            raise SettingsError(f"{text!r} is no pacing; halves may differ by up to {_STEEPEST_SHARE:g} %")
        return halves(length_m, time_s, percent if by_share[1] == "negative" else -percent)
    profile = _race(word)
    return _along(profile, length_m, time_s, f"like {profile.athlete} {profile.date[:4]}")


def rival_light(rival: Rival) -> Light:
    """Return the light of a rival or a goal, under its name.

    Raises:
        SettingsError: for a pacing that nobody has.
    """
    return replace(like(rival.like, MILE_M, rival.time_s), name=rival.name)


def races() -> dict[str, Profile]:
    """Return the races whose pacing can be followed: those with splits of the holder's own."""
    return {p.profile_id: p for p in profiles() if len(p.own) > 1}


def _race(word: str) -> Profile:
    known = races()
    if word in known:
        return known[word]
    # An id may be written either way round: `1999-el-guerrouj` is `el-guerrouj-1999`.
    parts = set(word.replace("_", "-").split("-"))
    fitting = [name for name in known if parts <= set(name.split("-"))]
    # The same race read in another way has a longer name; who gives the shorter one means the race.
    meant = [name for name in fitting if not any(name.startswith(f"{other}-") for other in fitting)]
    if len(meant) == 1:
        return known[meant[0]]
    if meant:
        raise SettingsError(f"{word!r} may be {', '.join(meant)}; write one of them")
    close = difflib.get_close_matches(word, ["even", "negative:2%", "positive:1%", *known], n=1)
    hint = f"did you mean {close[0]!r}?" if close else "`miler plan --races` lists the races"
    raise SettingsError(f"no pacing is called {word!r}: even, negative:2% or a race; {hint}")


def _along(profile: Profile, length_m: float, time_s: float, name: str) -> Light:
    times = np.array([0.0, *(split.time_s for split in profile.own)])
    distances = np.array([0.0, *(split.distance_m for split in profile.own)])
    return Light(
        name, times * (time_s / times[-1]), distances * (length_m / distances[-1]), profile.profile_id
    )


def chase(light: Light, times_s: Sequence[float] | FloatArray, distances_m: FloatArray) -> Chase:
    """Set a runner against a light over the same length.

    Args:
        light: of the length that the runner's curve ends at.
        times_s: (n,) seconds from the start of the effort, strictly increasing from 0.
        distances_m: (n,) metres at those times, increasing from 0; equal neighbours are a stop.

    Raises:
        ValueError: if the curve breaks these promises.
    """
    times, distances = np.asarray(times_s, np.float64), np.asarray(distances_m, np.float64)
    check_curve(times, distances, light.length_m)
    end_s = max(light.time_s, float(times[-1]))
    seconds = np.append(np.arange(0.0, end_s - _HAIR), end_s)
    runner_m, light_m = np.interp(seconds, times, distances), light.metres_at(seconds)
    there_s = np.minimum(seconds, times[-1])
    return Chase(seconds, runner_m, light_m, there_s - light.seconds_at(runner_m), light_m - runner_m)


def reached_s(times: FloatArray, distances: FloatArray, marks_m: FloatArray) -> FloatArray:
    """Return when (m,) marks were first reached, seconds: `np.interp` may pick any moment of a stop."""
    marks_m = np.minimum(marks_m, distances[-1])
    after = np.maximum(distances.searchsorted(marks_m - _HAIR), 1)
    before = after - 1
    share = np.minimum((marks_m - distances[before]) / (distances[after] - distances[before]), 1.0)
    seconds: FloatArray = times[before] + share * (times[after] - times[before])
    return seconds


def check_curve(times: FloatArray, distances: FloatArray, length_m: float) -> None:
    """Hold a runner's curve to its promises: from 0 s and 0 m, forward in time, never back, to the length.

    Raises:
        ValueError: naming the promise that is broken.
    """
    n = len(times)
    if n < 2 or times.shape != (n,) or distances.shape != (n,):
        raise ValueError("an effort's curve needs two or more points, each a time and a distance")
    finite = every(np.isfinite(times)) and every(np.isfinite(distances))
    if not (finite and times[0] == 0 and distances[0] == 0):
        raise ValueError("an effort's curve must be finite and start at 0 s and 0 m")
    if not (rises(times) and every(distances[1:] >= distances[:-1])):
        raise ValueError("an effort's times must strictly increase, and its distances must not fall")
    if abs(distances[-1] - length_m) > _HAIR:
        raise ValueError(f"the effort is {distances[-1]:.3f} m long, the mark {length_m:.3f} m")
