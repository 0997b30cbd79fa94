"""The path of a number: which records made it, what touched them, what lost against it, and why.

`miler explain` asks for it; nothing here decides anything. Every step is taken again by the function
that took it for the report, so an explanation cannot differ from what it explains.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from miler.activity import Activity, Note
from miler.analysis import accepting, bests, measured
from miler.arrays import added_up
from miler.buttons import PressedMile, pressed_mile
from miler.confidence import Term, budget, witness
from miler.crediting import believed_fixes, measure
from miler.effort import Effort, fastest
from miler.errors import ActivityError
from miler.odometer import Odometer, timetable
from miler.overrides import Overrides, amended
from miler.plausibility import record_s
from miler.settings import DistanceSource, Settings
from miler.units import MILE_M
from miler.windows import Stretches, windows

_RUNNERS_UP = 3
_RECKONINGS: dict[DistanceSource, str] = {
    "device": "by the device's own distance",
    "fixes": "by the positions alone",
}
_BARS = {
    "teleport": "a teleport",
    "glitch": "a glitch",
    "hole": "hours without records, at less than a walk",
    "sport": "a sport that is not sought (--sport)",
    "vehicle": "a ride in a vehicle",
    "excluded": "what you left out",
}


@dataclass(frozen=True)
class Candidate:
    """A stretch that is not the effort, and why it is not."""

    start_s: float
    elapsed_s: float
    why: str


@dataclass(frozen=True)
class Explanation:
    """How an effort came about.

    Attributes:
        length_m: what was sought.
        records, records_inside: the activity's records, and those that the effort lies on.
        source, why_source: whose distance counts, and why.
        difference: share by which the positions' path is longer than the odometer; None if unknown.
        noise: share by which the positions' noise makes their path too long, taken out of it.
        left_out: fixes that were not believed.
        findings: what touched the distance.
        effort: the result; None if there is none.
        terms: the error budget, greatest first; none where a track tells the interval.
        candidates: what lost, and why.
        record_s: the fastest that anybody ran the length.
        pressed: the lap button's mile.
        settings: those that are not the defaults.
    """

    length_m: float
    records: int
    records_inside: int
    source: str
    why_source: str
    difference: float | None
    noise: float
    left_out: int
    findings: tuple[Note, ...]
    effort: Effort | None
    terms: tuple[Term, ...]
    candidates: tuple[Candidate, ...]
    record_s: float
    pressed: PressedMile | None
    settings: dict[str, Any]


def explain(
    activity: Activity,
    settings: Settings | None = None,
    length_m: float = MILE_M,
    overrides: Overrides | None = None,
) -> Explanation:
    """Explain the fastest stretch of a length.

    Args:
        activity: what a reader returned.
        settings: as for `analyse`.
        length_m: metres, the mile if not said.
        overrides: what the runner knows better.
    """
    said = overrides or Overrides()
    settings = accepting(settings or Settings(), said)
    activity = amended(activity, said)
    odometer, track = measured(activity, settings, said)
    effort = next(iter(bests(activity, odometer, (length_m,), settings, said, track)), None)
    told = witness(activity, odometer)
    fixes = believed_fixes(activity)
    terms: tuple[Term, ...] = ()
    inside = 0
    if effort is not None:
        if effort.evidence is None or not effort.evidence.on_track:
            terms = tuple(sorted(budget(effort, told, odometer, settings), key=lambda t: -t.sd_m))
        inside = int(np.diff(np.searchsorted(told.record_s, [effort.start_s, effort.end_s + 1e-9]))[0])
    return Explanation(
        length_m=length_m,
        records=len(activity),
        records_inside=inside,
        source=odometer.source,
        why_source=_why(activity, odometer, settings),
        difference=told.compared(-math.inf, math.inf)[0] if "device" in odometer.source else None,
        noise=0.0 if fixes is None else fixes.noise,
        left_out=0 if fixes is None else len(fixes.left_out_s),
        findings=tuple(n for n in odometer.notes if n.kind == "finding"),
        effort=effort,
        terms=terms,
        candidates=tuple(_losers(activity, odometer, effort, length_m, settings)),
        record_s=record_s(length_m, settings.sex),
        pressed=pressed_mile(activity, settings, settings.lane or 1)
        if math.isclose(length_m, MILE_M)
        else None,
        settings=_changed(settings),
    )


def _why(activity: Activity, odometer: Odometer, settings: Settings) -> str:
    if settings.distance_source != "auto":
        return f"asked for with distance_source = {settings.distance_source}"
    if odometer.on_track:
        return "a lane's length is known to the centimetre, and the positions go round one"
    if odometer.source == "device":
        return "the device counts with filters, and perhaps a foot pod, that positions do not have"
    if odometer.source == "fixes":
        has = np.isfinite(activity.get("distance")).any()
        return "the device's own distance is broken" if has else "the recording has no distance of the device"
    return "the recording has neither distance nor positions"


def _changed(settings: Settings) -> dict[str, Any]:
    usual = Settings()
    names = [f.name for f in fields(settings) if getattr(settings, f.name) != getattr(usual, f.name)]
    values = settings.as_dict()
    return {name: values[name] for name in names}


def _losers(
    activity: Activity, odometer: Odometer, effort: Effort | None, length_m: float, settings: Settings
) -> list[Candidate]:
    """Other stretches: by another reckoning, across what bars efforts, and the next in line."""
    found = []
    if effort is not None:
        every_one = windows(odometer, length_m)
        found += _runners_up(every_one.joined, effort) if every_one else []
    found += _barred(odometer, effort, length_m)
    raw = None if odometer.on_track else _raw(activity, odometer)
    if raw is not None and (bare := fastest(raw, length_m)) is not None:
        why = f"the {odometer.source} distance as it stands in the file, unfiltered"
        same = effort is not None and abs(bare.elapsed_s - effort.elapsed_s) <= 0.05
        found += [] if same else [Candidate(bare.start_s, bare.elapsed_s, why)]
    for other, why in _RECKONINGS.items():
        if other == odometer.source:
            continue
        reckoned = measure(activity, replace(settings, distance_source=other))
        if reckoned.source == other and (by_other := fastest(reckoned, length_m)) is not None:
            found.append(Candidate(by_other.start_s, by_other.elapsed_s, why))
    return found


def _runners_up(found: Stretches, effort: Effort) -> list[Candidate]:
    """The fastest stretches that share no metre with the effort, nor with one another."""
    free = (found.end_m <= effort.start_m) | (found.start_m >= effort.end_m)
    chosen: list[Candidate] = []
    while free.any() and len(chosen) < _RUNNERS_UP:
        i = int(np.argmin(np.where(free, found.took_s, np.inf)))
        if not np.isfinite(found.took_s[i]):
            break
        took = float(found.took_s[i])
        why = f"{took - effort.elapsed_s:.1f} s slower, elsewhere in the run"
        chosen.append(Candidate(float(found.start_s[i]), took, why))
        free &= (found.end_m <= found.start_m[i]) | (found.start_m >= found.end_m[i])
    return chosen


def _barred(odometer: Odometer, effort: Effort | None, length_m: float) -> list[Candidate]:
    """The fastest stretch if nothing barred it, where it is faster."""
    free = fastest(replace(odometer, breaks=()), length_m)
    if free is None or (effort is not None and free.elapsed_s >= effort.elapsed_s - 1e-6):
        return []
    across = [
        b.reason
        for b in odometer.breaks
        if b.bars(length_m) and b.from_m < free.end_m and b.to_m > free.start_m
    ]
    reasons = " and ".join(dict.fromkeys(_BARS[reason] for reason in across))
    return [Candidate(free.start_s, free.elapsed_s, f"no effort, for it spans {reasons}")]


def _raw(activity: Activity, odometer: Odometer) -> Odometer | None:
    """The source's distance without any of miler's filters."""
    if odometer.source == "device":
        have = np.isfinite(activity.get("distance"))
        times, metres = activity.elapsed[have], activity["distance"][have]
    else:
        fixes = believed_fixes(activity)
        if fixes is None:
            return None
        times, metres = fixes.times, added_up(fixes.steps_m)
    try:
        return Odometer(*timetable(times, np.maximum.accumulate(metres)))
    except (ActivityError, IndexError):
        return None
