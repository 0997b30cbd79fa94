"""How sure a time is, and why: the error budget, the 95 % interval, the grade of the evidence.

A time is as sure as the distance under it. The budget adds up what may be wrong with the distance
of a window, as a standard deviation in metres; the interval is found by *inverting the window*: if the
odometer may be x metres off, the true time lies between the fastest times of L - x and of L + x. That
is not the same as stretching the time: who stops at the mile has a rest just beyond it, and the
interval then holds that rest on one side only (`benchmarks/coverage.py` measures both).

The budget, one row a term; defaults in `Settings`, reasons and sources in docs/explanation/uncertainty.md:

| term | standard deviation | when |
|---|---|---|
| scale, device | 1.1 % | its positions bear it out |
| scale, device | 2.0 % | nothing to check it against |
| scale, device | 0.53 of the difference | its positions differ by more than 1.5 % |
| scale, indoors | 3.0 % | treadmill, or a sensor without calibration |
| scale, fixes | 1.5 % and half the noise taken out | added up from positions |
| scale, fitted track | 0.3 % | on the oval's own line, where no draws tell more |
| sampling | 0.07 % a second between positions | positions only: chords cut bends |
| ends | 2 m an end, and a sixth of a step | whatever the source |
| wander | 0.4 %, over some 250 m | short-lived errors of the filter |
| gap | 12 % of its metres, of positions 6 % | records missing inside |
| gap | a quarter of its metres | an end lies in it: nobody knows how the runner went |
| glitch | 0.3 of its metres | bridged inside |
| glitch | 12 % of its metres | bridged by what the fixes say |
| pause | 4 m each | the place drifts while the timer stands |
| clock | 0.1 s an end | records carry whole seconds |

On a fitted track no budget is needed: other paths along the lane, as likely as the one found, were drawn,
and the fastest times in these are the interval (`Track.interval`). Efforts that leave the track have the
budget of the device or the positions, which are compared with each other off the track only.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from miler.activity import Activity, Note
from miler.arrays import FloatArray, added_up, increments
from miler.crediting import believed_fixes
from miler.effort import Effort, Evidence, Grade
from miler.odometer import Odometer
from miler.optimism import RIVAL_SDS, optimisms
from miler.settings import Settings
from miler.track import Track
from miler.windows import Windows, fastest_s, near

Z95 = 1.96

_AGREED = 0.015  # positions this near to the device's distance bear it out
_DISPUTED = 0.03  # over a whole run so much is worth a word
_DISAGREED_SHARE = 0.53  # the truth lies anywhere between the two: 1.96 times this just covers it
_COVERED = 0.5  # share of a window that positions must cover to judge its distance
_CHECKED_STEP_S = 15.0  # a longer step between fixes says little about a path
_SAMPLING_PER_S, _MOST_SAMPLING = 0.0007, 0.05
_STEP_SHARE = 1 / 6
_WANDER, _WANDER_OVER_M = 0.004, 250.0
_GAP_DEVICE, _GAP_FIXES, _GAP_END, _PAUSE_M = 0.12, 0.06, 0.25, 4.0
_BRIDGED = {"glitch": 0.3, "mended": _GAP_DEVICE}
_CLOCK_S = 0.1
_NOISE_SHARE = 0.5
_TRACK_SD = 0.003
_SMALL = 0.3  # of the budget's greatest term: what is less is no reason worth telling
_USUAL_ENDS_M = 3.2  # both ends of a run with records every second
_INDOORS = ("treadmill", "indoor_running", "virtual_activity", "virtual_run", "indoor_walking")

# The grade is the budget in per cent of the length: below 0.6 A, below 1.3 B, below 2.6 C, else D.
GRADES: tuple[tuple[Grade, float], ...] = (("A", 0.006), ("B", 0.013), ("C", 0.026), ("D", math.inf))


class Term(NamedTuple):
    """One row of the budget: a standard deviation of the window's distance, metres, and why."""

    name: str
    sd_m: float
    reason: str


@dataclass(frozen=True, eq=False)
class Witness:
    """What a recording says about its own distance, found once an activity.

    Attributes:
        record_s: (r,) seconds of the records that the odometer's distance came from.
        fix_s: (f,) seconds of the fixes to believe.
        path_m, counted_m: (f,) metres by the path between fixes and by the odometer, over those
            steps between fixes that are short enough to compare, and off any fitted track.
        noise: share by which the noise of the positions makes their path too long.
        indoors: whether the activity was done where there are no positions to trust.
    """

    record_s: FloatArray
    fix_s: FloatArray
    path_m: FloatArray
    counted_m: FloatArray
    noise: float
    indoors: bool

    @classmethod
    def of(cls, activity: Activity, odometer: Odometer) -> Witness:
        """Compare the odometer with the fixes."""
        counted_by_fixes = "fixes" in odometer.source or not len(activity.known("distance")[0])
        record_s, _ = activity.known("latitude" if counted_by_fixes else "distance")
        indoors = activity.sub_sport in _INDOORS
        fixes = None if indoors or not len(odometer.marks) else believed_fixes(activity)
        if fixes is None:
            return cls(record_s, np.empty(0), np.empty(0), np.empty(0), 0.0, indoors)
        marks = odometer.distance_at(fixes.times)
        counted = increments(marks)
        alike = (increments(fixes.times) <= _CHECKED_STEP_S) & ~fixes.after_outliers
        for stretch in odometer.stretches:
            if stretch.source == "track":  # made from the fixes: nothing to compare them with
                alike &= (marks[1:] <= stretch.from_m) | (marks[:-1] >= stretch.to_m)
        path_m, counted_m = added_up(fixes.path_steps_m * alike), added_up(counted * alike)
        return cls(record_s, fixes.times, path_m, counted_m, fixes.noise, indoors)

    def compared(self, from_s: float, to_s: float) -> tuple[float | None, float]:
        """Hold the path between fixes against the odometer's distance from one moment to another.

        Returns:
            By what share the path is longer, None if unknown; and metres of the odometer that were compared.
        """
        counted_m = self._over(self.counted_m, from_s, to_s)
        if counted_m <= 0:
            return None, 0.0
        return self._over(self.path_m, from_s, to_s) / counted_m - 1, counted_m

    def _over(self, total_m: FloatArray, from_s: float, to_s: float) -> float:
        if len(self.fix_s) < 2:
            return 0.0
        before_m, after_m = np.interp([from_s, to_s], self.fix_s, total_m).tolist()
        return float(after_m - before_m)

    def step_s(self, effort: Effort) -> float:
        """Usual seconds between records inside an effort, pauses left out."""
        first, last = self.record_s.searchsorted((effort.start_s, effort.end_s)).tolist()
        return float(max(effort.timer_s, 1.0) / max(last - first, 1))


# As the sums of streams: found once, and forgotten with the odometer.
_witnesses: WeakKeyDictionary[Odometer, Witness] = WeakKeyDictionary()


def witness(activity: Activity, odometer: Odometer) -> Witness:
    """Return what the recording says about its own distance."""
    found = _witnesses.get(odometer)
    if found is None:
        found = _witnesses[odometer] = Witness.of(activity, odometer)
    return found


def rivals(odometer: Odometer, lengths_m: Sequence[float]) -> list[Windows | None]:
    """Return of each length the windows to choose the fastest from, as far behind as rivals usually are."""
    usual_m = (math.hypot(_USUAL_ENDS_M, _wander_m(length_m)) for length_m in lengths_m)
    spare = [RIVAL_SDS * sd_m / length_m for sd_m, length_m in zip(usual_m, lengths_m, strict=True)]
    return near(odometer, lengths_m, spare=spare)


def judge(effort: Effort, activity: Activity, odometer: Odometer, settings: Settings | None = None) -> Effort:
    """Say how sure one effort's time is, as `judged` does of many."""
    (one,) = judged((effort,), activity, odometer, settings)
    return one


def judged(
    efforts: Sequence[Effort],
    activity: Activity,
    odometer: Odometer,
    settings: Settings | None = None,
    found: Sequence[Windows | None] | None = None,
    track: Track | None = None,
) -> tuple[Effort, ...]:
    """Say how sure the times of efforts are: interval, grade, reasons, and what picking them flatters.

    Args:
        efforts: as `fastest` found them on the odometer.
        activity, odometer: what they were found in.
        settings: the budget's numbers.
        found: what `rivals` returned of their lengths, if that is known.
        track: that the odometer was laid on, if one was found.

    Returns:
        The efforts with `low_s`, `high_s`, `optimism_s` and `evidence`.

    Source:
        Inverting the window: this project's trial; numbers of the budget: docs/explanation/uncertainty.md.
    """
    by_track = [None if track is None else on_the_track(effort, odometer, track) for effort in efforts]
    chosen_from = found or [None] * len(efforts)
    off_track = [
        (effort, rivals)
        for effort, rivals, done in zip(efforts, chosen_from, by_track, strict=True)
        if done is None
    ]
    by_budget = iter(_by_budget(off_track, activity, odometer, settings or Settings()))
    return tuple(next(by_budget) if done is None else done for done in by_track)


def _by_budget(
    efforts: list[tuple[Effort, Windows | None]], activity: Activity, odometer: Odometer, settings: Settings
) -> Iterator[Effort]:
    """Judge efforts, each with its rivals if these are known, by the error budget."""
    told = witness(activity, odometer)
    budgets = [tuple(budget(effort, told, odometer, settings)) for effort, _ in efforts]
    sds_m = [math.hypot(*(term.sd_m for term in terms)) for terms in budgets]
    intervals = _inverted([effort for effort, _ in efforts], odometer, [Z95 * sd_m for sd_m in sds_m])
    flattered = optimisms(
        [_chosen_from(*each, odometer, terms) for each, terms in zip(efforts, budgets, strict=True)]
    )
    for (effort, _), terms, sd_m, (low_s, high_s), optimism_s in zip(
        efforts, budgets, sds_m, intervals, flattered, strict=True
    ):
        short = math.isnan(high_s)
        high_s = effort.elapsed_s + Z95 * sd_m * effort.elapsed_s / effort.length_m if short else high_s
        reasons = tuple(_reasons(terms))
        if short:
            reasons = (*reasons, "the recording hardly reaches the length: it may have been short of it")
        yield replace(
            effort,
            low_s=min(low_s + optimism_s, effort.elapsed_s),
            high_s=high_s + optimism_s,
            optimism_s=optimism_s,
            evidence=Evidence(grade_of(sd_m / effort.length_m), reasons),
        )


def _chosen_from(
    effort: Effort, found: Windows | None, odometer: Odometer, terms: tuple[Term, ...]
) -> tuple[Windows | None, float, float]:
    """What an effort was picked from, as `optimisms` asks; where the known rivals do not go so far, more."""
    local_m = math.hypot(*(term.sd_m for term in terms if term.name in ("ends", "wander", "clock")))
    sd_s = local_m * effort.elapsed_s / effort.length_m
    farthest_s = effort.elapsed_s + RIVAL_SDS * sd_s
    if found is None or found.at_most_s < farthest_s:
        (found,) = near(odometer, (effort.length_m,), at_most_s=(farthest_s,))
    return found, effort.elapsed_s, sd_s


def on_the_track(effort: Effort, odometer: Odometer, track: Track) -> Effort | None:
    """Judge an effort by the track that all of it was run on; None where that says nothing of it.

    The draws' fastest times hold what picking the fastest of many windows flatters, so that no optimism is
    taken off them.
    """
    interval = track.interval(effort, _unbarred_s(effort, odometer))
    if interval is None:
        return None
    low_s, high_s = interval
    reasons = ["measured along the lane of a fitted track"]
    lane = track.lane
    if not lane.given:
        reasons.append(f"lane {lane.lane} is assumed, {100 * lane.sure:.0f} % likely")
    sd_s = (high_s - low_s) / (2 * Z95)
    grade = grade_of(sd_s / effort.elapsed_s)
    return replace(
        effort,
        low_s=low_s,
        high_s=high_s,
        optimism_s=0.0,
        evidence=Evidence(grade, tuple(reasons), on_track=True),
    )


def _unbarred_s(effort: Effort, odometer: Odometer) -> tuple[float, float]:
    """From when to when nothing bars efforts of the length, around this one."""
    bars = [b for b in odometer.breaks if b.bars(effort.length_m)]
    before = [b.to_m for b in bars if b.to_m <= effort.start_m]
    after = [b.from_m for b in bars if b.from_m >= effort.end_m]
    from_s = float(odometer.departure(np.array([max(before)]))[0]) if before else -math.inf
    to_s = float(odometer.arrival(np.array([min(after)]))[0]) if after else math.inf
    return from_s, to_s


def _inverted(
    efforts: Sequence[Effort], odometer: Odometer, offs_m: Sequence[float]
) -> Iterator[tuple[float, float]]:
    """The fastest times of lengths less and more by so much; NaN where no unbroken stretch is so long."""
    each = list(zip((effort.length_m for effort in efforts), offs_m, strict=True))
    less = [max(length_m - off_m, length_m / 10) for length_m, off_m in each]
    more = [length_m + off_m for length_m, off_m in each]
    times_s = fastest_s(odometer, less + more, 2 * [length_m for length_m, _ in each])
    for effort, off_m, low_s, high_s in zip(
        efforts, offs_m, times_s[: len(each)], times_s[len(each) :], strict=True
    ):
        if math.isnan(low_s):  # the effort itself was found across what bars others
            yield effort.elapsed_s * (1 - off_m / effort.length_m), math.nan
        else:
            yield low_s, high_s


def disputed(activity: Activity, odometer: Odometer) -> tuple[Note, ...]:
    """Say so where the device's distance and the path through its positions differ over the whole run."""
    told = witness(activity, odometer)
    apart, covered_m = told.compared(-math.inf, math.inf)
    off_track_m = odometer.total_m - odometer.track_m(-math.inf, math.inf)
    if (
        apart is None
        or "device" not in odometer.source
        or abs(apart) <= _DISPUTED
        or covered_m < off_track_m / 2
    ):
        return ()
    longer = "longer" if apart > 0 else "shorter"
    text = (
        f"the path through the positions is {100 * abs(apart):.1f} % {longer} than the device's distance, "
        "which counts here; --distance fixes takes the other"
    )
    return (Note("distance_disputed", "finding", text),)


def grade_of(share: float) -> Grade:
    """Return the grade of a standard deviation, a share of the length."""
    return next(grade for grade, below in GRADES if share < below)


def _reasons(terms: tuple[Term, ...]) -> Iterator[str]:
    """The terms that decide, the greatest first; the usual ones only where they do."""
    ordered = sorted(terms, key=lambda term: -term.sd_m)
    least = _SMALL * ordered[0].sd_m
    for term in ordered:
        if term.name == "scale" or term.sd_m > least:
            yield term.reason


def budget(effort: Effort, told: Witness, odometer: Odometer, settings: Settings) -> Iterator[Term]:
    """Yield every term of the error budget of an effort, as in the table above."""
    length_m, step_s = effort.length_m, told.step_s(effort)
    speed = length_m / effort.elapsed_s
    source = odometer.source_between(effort.start_m, effort.end_m)
    off_track_m = length_m - odometer.track_m(effort.start_m, effort.end_m)
    yield _scale(effort, told, source, off_track_m, settings)
    if "fixes" in source:
        share = min(_SAMPLING_PER_S * step_s, _MOST_SAMPLING)
        yield Term("sampling", share * length_m, f"positions {_every(step_s)} cut corners")
    smear_m = _STEP_SHARE * length_m * min(step_s / max(effort.timer_s, 1.0), 1.0)
    ends_m = math.sqrt(2) * math.hypot(settings.end_sd_m, smear_m)
    yield Term("ends", ends_m, f"records {_every(step_s)}: either end is known to some {ends_m:.0f} m")
    yield Term("wander", _wander_m(length_m), "a receiver's errors come and go within the length")
    yield Term("clock", math.sqrt(2) * _CLOCK_S * speed, "records carry whole seconds")
    yield from _breaks_in(effort, odometer)


def _wander_m(length_m: float) -> float:
    return _WANDER * math.sqrt(2 * _WANDER_OVER_M * length_m)


def _scale(effort: Effort, told: Witness, source: str, off_track_m: float, settings: Settings) -> Term:
    """What may be wrong with all of the distance in the same way; of part of a track no less than off it."""
    length_m = effort.length_m
    if source == "track":
        return Term("scale", _TRACK_SD * length_m, "distance on the fitted track's own line")
    if "fixes" in source:
        share = math.hypot(settings.fixes_sd, _NOISE_SHARE * told.noise)
        noisy = f", {100 * told.noise:.1f} % too long by their noise" if told.noise > 0.005 else ""
        return Term("scale", share * length_m, f"distance added up from positions{noisy}")
    if told.indoors:
        return Term("scale", settings.indoor_sd * length_m, "indoors: the watch or the treadmill guessed it")
    difference, covered_m = told.compared(effort.start_s, effort.end_s)
    if difference is None or covered_m < _COVERED * off_track_m:
        text = "the device's distance, without positions to check it"
        return Term("scale", settings.unchecked_sd * length_m, text)
    apart = f"{100 * abs(difference):.1f} %"
    if abs(difference) <= _AGREED:
        text = f"the device's distance, borne out by its positions ({apart} apart)"
        return Term("scale", settings.device_sd * length_m, text)
    share = max(settings.device_sd, _DISAGREED_SHARE * abs(difference))
    return Term("scale", share * length_m, f"the device's distance and its positions are {apart} apart")


def _breaks_in(effort: Effort, odometer: Odometer) -> Iterator[Term]:
    """What lies inside an effort: gaps, bridged glitches, pauses."""
    spans = [(max(a, effort.start_s), min(b, effort.end_s)) for a, b in odometer.gaps]
    spans = [(a, b) for a, b in spans if b > a]
    if spans:
        share = _GAP_FIXES if "fixes" in odometer.source else _GAP_DEVICE
        metres = share * np.diff(_marks_of(odometer, spans), axis=1).ravel()
        ends = [
            _GAP_END * float(np.diff(_marks_of(odometer, [(a, b)]))[0, 0])
            for a, b in odometer.gaps
            if a < effort.start_s < b or a < effort.end_s < b
        ]
        longest = max(b - a for a, b in spans)
        text = f"records are missing inside it, for up to {longest:.0f} s"
        yield Term("gap", math.hypot(*metres.tolist(), *ends), text)
    bridges = [
        (min(b.to_m, effort.end_m) - max(b.from_m, effort.start_m), _BRIDGED[b.reason])
        for b in odometer.breaks
        if b.glitch and b.from_m < effort.end_m and b.to_m > effort.start_m
    ]
    if bridges:
        text = f"{sum(metres for metres, _ in bridges):.0f} m inside it were bridged"
        yield Term("glitch", math.hypot(*(share * metres for metres, share in bridges)), text)
    pauses = sum(p.start_s < effort.end_s and p.end_s > effort.start_s for p in odometer.pauses)
    if pauses:
        yield Term("pause", _PAUSE_M * math.sqrt(pauses), "the place drifts in a pause")


def _marks_of(odometer: Odometer, spans: list[tuple[float, float]]) -> FloatArray:
    """(s, 2) metres by the bounds of spans of seconds."""
    return odometer.distance_at(np.array(spans))


def _every(step_s: float) -> str:
    return "every second" if step_s < 1.5 else f"every {step_s:.0f} s"
