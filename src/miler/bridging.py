"""Steps from record to record, and bridges over those that cannot be.

A step that no runner makes is a glitch, or it makes up for metres that came late. What lies there is credited
by what the other source says, else by the speed around.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from miler.activity import Note
from miler.arrays import BoolArray, FloatArray, added_up, increments
from miler.fixes import Fixes, usual_mps
from miler.gait import holdable_mps, sudden

OTHER_SPORTS_MPS = 60.0  # a bicycle downhill is no glitch

JITTER_M = 5.0  # a distance that falls by less is the same place
_AROUND_S = 30.0  # how far to look for the speed around a bad stretch
_APART_S = 5.0  # bad steps closer together than this are one glitch
_LIKELY = 1.2  # times the speed around: as a runner's speed changes within half a minute
_AGREE = 1.25  # two sources within a quarter of each other tell of the same metres
_LAG_S = 15.0  # a watch that lost its place makes up for it within this time

FindFixes = Callable[[], Fixes | None]


@dataclass(eq=False)
class Steps:
    """One source's k records and the k - 1 steps between them; `credited` is what counts in the end."""

    source: str
    times: FloatArray  # (k,) seconds
    first_m: float
    lengths: FloatArray  # (k-1,) metres as the source has it; negative where its distance fell back
    paused: FloatArray  # (k-1,) seconds of each step that the timer stood
    limits: FloatArray  # (k-1,) m/s, the fastest that can be true
    fixes: FindFixes  # those to believe; found only when first asked for
    suspect: BoolArray  # (k-1,) the source itself says that something was left out here
    credited: FloatArray  # (k-1,) metres
    notes: list[Note] = field(default_factory=list)
    breaks: list[tuple[float, float, str]] = field(default_factory=list)  # from and to when, why

    @cached_property
    def active(self) -> FloatArray:
        """(k-1,) seconds of each step that the timer ran."""
        return increments(self.times) - self.paused

    @cached_property
    def usual_mps(self) -> float:
        """The usual speed, as the source has it, of the steps that can be true."""
        true = self.lengths <= self.limits * self.active
        return usual_mps(self.lengths[true], self.active[true])

    def distances(self) -> FloatArray:
        """(k,) metres credited by each record."""
        return self.first_m + added_up(self.credited)

    def note(self, code: str, message: str, at: int) -> None:
        """Keep a finding about the step `at`."""
        self.notes.append(Note(code, "finding", message, at_s=float(self.times[at])))


def credit_resets(steps: Steps) -> None:
    """Go on from where a distance fell back to, or restarted."""
    falls = np.flatnonzero(steps.lengths < -JITTER_M).tolist()
    if not falls:
        return
    # What leaps forward again beside a fall says nothing of the speed around.
    true = (steps.lengths >= 0) & (steps.lengths <= steps.limits * steps.active)
    for i in falls:
        text = f"the device's distance fell by {-steps.lengths[i]:.0f} m; counted on from there"
        steps.note("distance_reset", text, i)
        steps.credited[i] = _sound_m(steps, i, i + 1, _around_mps(steps, i, i + 1, true))


def credit_glitches(steps: Steps) -> None:
    """Mend steps beyond what a runner can do: late metres go where they were run, others are bridged."""
    fast = steps.credited > steps.limits * steps.active
    on_foot = steps.limits < OTHER_SPORTS_MPS
    fast |= sudden(steps.credited, steps.active) & on_foot
    if steps.source == "device":
        _deny(steps, fast, on_foot)
    bad = (fast | steps.suspect) & (steps.paused == 0)
    for first, last in _runs(bad, steps.times):
        around_mps = _around_mps(steps, first, last, ~bad)
        behind = _behind_since(steps, first, last, _LIKELY * around_mps)
        if behind is not None:
            _spread(steps, behind, last, float(steps.credited[behind:last].sum()))
            continue
        was_m = float(steps.credited[first:last].sum())
        is_m = _sound_m(steps, first, last, around_mps)
        _spread(steps, first, last, is_m)
        reason = "mended" if _borne_out(steps, first, last, around_mps) else "glitch"
        steps.breaks.append((float(steps.times[first]), float(steps.times[last]), reason))
        took_s = float(steps.times[last] - steps.times[first])
        steps.note(
            "glitch", f"a glitch of {took_s:.0f} s: {was_m:.0f} m as recorded, {is_m:.0f} m credited", first
        )


def _deny(steps: Steps, fast: BoolArray, on_foot: BoolArray) -> None:
    """Mark as `fast` (k-1,) also what the device alone tells: a surge of which the fixes have less."""
    surges = sudden(steps.credited, steps.active, _LIKELY) & on_foot & ~fast
    for i in np.flatnonzero(surges).tolist():
        fast[i] = _AGREE * _moved_m(steps, i, i + 1) < steps.credited[i]


def _behind_since(steps: Steps, first: int, last: int, likely_mps: float) -> int | None:
    """Since which record the distance was late, if the bad steps only make up for that; else None.

    Watches that lose their place for seconds count too little and then all of it in a step or two:
    the metres are right, their moments are not. Fixes between which a spike was left out are as right.
    """
    oldest = min(int(np.searchsorted(steps.times, steps.times[last] - _LAG_S)), first)
    sound = (steps.paused[oldest:last] == 0) & (steps.lengths[oldest:last] >= 0)
    if not sound[first - oldest :].all():
        return None
    oldest += int(np.flatnonzero(~sound)[-1]) + 1 if not sound.all() else 0
    # From each record on to the end of the bad steps: the slower on average, the more was late.
    metres = np.cumsum(steps.credited[oldest:last][::-1])[::-1][: first - oldest + 1]
    speeds = metres / (steps.times[last] - steps.times[oldest : first + 1])
    slowest = int(np.argmin(speeds))
    return oldest + slowest if speeds[slowest] <= likely_mps else None


def _spread(steps: Steps, first: int, last: int, metres: float) -> None:
    """Credit metres evenly in time to the steps from one record to another."""
    active = steps.active[first:last]
    steps.credited[first:last] = metres * active / max(float(active.sum()), 1e-9)


def _runs(bad: BoolArray, times: FloatArray) -> list[tuple[int, int]]:
    """Group bad steps that are less than `_APART_S` apart: (first record, last record) of each group."""
    runs: list[tuple[int, int]] = []
    for i in np.flatnonzero(bad).tolist():
        if runs and times[i] - times[runs[-1][1]] < _APART_S:
            runs[-1] = (runs[-1][0], i + 1)
        else:
            runs.append((i, i + 1))
    return runs


def _around_mps(steps: Steps, first: int, last: int, good: BoolArray) -> float:
    """The speed of the good steps within half a minute of those between two records; else the usual one."""
    low = int(np.searchsorted(steps.times[1:], steps.times[first] - _AROUND_S, "right"))
    high = int(np.searchsorted(steps.times[:-1], steps.times[last] + _AROUND_S, "left"))
    near = good[low:high] & (steps.paused[low:high] == 0)
    near[first - low : last - low] = False
    seconds = float(steps.active[low:high][near].sum())
    return float(steps.credited[low:high][near].sum()) / seconds if seconds > 0 else steps.usual_mps


def _sound_m(steps: Steps, first: int, last: int, around_mps: float) -> float:
    """Metres from record `first` to record `last` when the steps between cannot be believed.

    What the fixes say, if they fit the speed around, or if the device's distance agrees and a runner
    can have covered it in the time; else the time at the speed around.
    """
    active_s = float(steps.active[first:last].sum())
    usual_m = around_mps * active_s
    moved_m = _moved_m(steps, first, last)
    device_m = float(steps.lengths[first:last].sum())
    agreed = steps.source == "device" and moved_m <= _AGREE * device_m and device_m <= _AGREE * moved_m
    held = moved_m <= active_s * float(holdable_mps(np.array([active_s]))[0])
    return moved_m if moved_m <= _LIKELY * usual_m or (agreed and held) else usual_m


def _borne_out(steps: Steps, first: int, last: int, around_mps: float) -> bool:
    """Whether fixes, where they are a second source, tell as many metres as the speed around makes."""
    usual_m = around_mps * float(steps.active[first:last].sum())
    moved_m = _moved_m(steps, first, last) if steps.source == "device" else float("nan")
    return usual_m <= _LIKELY * moved_m and moved_m <= _LIKELY * usual_m


def _moved_m(steps: Steps, first: int, last: int) -> float:
    """Straight metres between two records by the fixes; NaN where these do not tell."""
    fixes = steps.fixes()
    return fixes.between(steps.times[first], steps.times[last]) if fixes else float("nan")
