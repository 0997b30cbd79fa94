"""Activity → Odometer: what counts as distance. The table of DESIGN, one function a row.

Everything here works on steps: from one record that has the source's value to the
next. A step has a length (from the source) and a duration, and is credited with a
distance. The activity itself is never changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from miler.activity import Activity, Note, Pause
from miler.arrays import BoolArray, FloatArray, IntArray
from miler.fixes import Fixes, sound_fixes, standing
from miler.odometer import Break, Odometer, Stretch, paused_by, timetable
from miler.settings import Settings

# The fastest that anybody covered ground, by how long they kept it up: (seconds, m/s), from the world
# records as of 2026 (200 m 19.19, 400 m 43.03, 800 m 1:40.91, mile 3:42.66, 5000 m 12:35.36,
# 10,000 m 26:11.00, half marathon 56:42), each with two to five per cent in hand.
_HELD_S = np.array([10.0, 20.0, 45.0, 100.0, 220.0, 750.0, 1570.0, 3400.0, 7200.0])
_HELD_MPS = np.array([12.5, 11.0, 9.7, 8.3, 7.6, 7.0, 6.7, 6.5, 6.2])
_OTHER_SPORTS_MPS = 60.0  # a bicycle downhill is no glitch

_JITTER_M = 5.0  # a distance that falls by less is the same place
_AROUND_S = 30.0  # how far to look for the speed around a bad stretch
_APART_S = 5.0  # bad steps closer together than this are one glitch
_FAST, _SLOW = 1.6, 0.6  # times the usual speed: sudden, and hardly moving
_PAUSE_S, _RHYTHMS = 10.0, 4.0  # a gap this long, and this many usual steps, may be a pause
_PAUSE_M, _PAUSE_MPS = 25.0, 0.5  # ... if the runner hardly moved in it
_GAP_S = 5.0
_SANE_SHARE = 0.5  # device distance counts if it spans at least this share of the recording


@dataclass(eq=False)
class _Steps:
    """One source's k records and the k - 1 steps between them; `credited` is what counts in the end."""

    source: str
    times: FloatArray  # (k,) seconds
    first_m: float
    lengths: FloatArray  # (k-1,) metres as the source has it; negative where its distance fell back
    paused: FloatArray  # (k-1,) seconds of each step that the timer stood
    limits: FloatArray  # (k-1,) m/s, the fastest that can be true
    fixes: Fixes | None
    suspect: BoolArray  # (k-1,) the source itself says that something was left out here
    credited: FloatArray  # (k-1,) metres
    notes: list[Note] = field(default_factory=list)
    breaks: list[Break] = field(default_factory=list)

    @property
    def active(self) -> FloatArray:
        """(k-1,) seconds of each step that the timer ran."""
        return np.diff(self.times) - self.paused

    def distances(self) -> FloatArray:
        """(k,) metres credited by each record."""
        return self.first_m + np.concatenate(([0.0], np.cumsum(self.credited)))

    def note(self, code: str, message: str, at: int) -> None:
        """Keep a finding about the step `at`."""
        self.notes.append(Note(code, "finding", message, at_s=float(self.times[at])))


def measure(activity: Activity, settings: Settings | None = None) -> Odometer:
    """Make the distance model of an activity, credited by the table in DESIGN.

    Args:
        activity: any activity; one without distance or fixes gives an odometer without marks.
        settings: `distance_source` forces the device's distance or the fixes.

    Returns:
        An odometer that begins where the source does, normally at 0 m.
    """
    settings = settings or Settings()
    fixes = sound_fixes(activity, holdable_mps)
    samples = _device(activity, settings, fixes) or _from_fixes(fixes, settings)
    if samples is None:
        empty = np.empty(0)
        text = "neither the device's distance nor two fixes are in this recording"
        note = Note("no_distance", "finding", text)
        return Odometer(empty, empty.copy(), empty.copy(), pauses=activity.pauses, notes=(note,))
    source, times, values, suspect = samples
    times, values, suspect = _without_stale(times, values, suspect)
    pauses, inferred = _pauses(activity, times, values)
    duration = np.diff(times)
    paused = np.diff(paused_by(pauses, times))
    steps = _Steps(
        source=source,
        times=times,
        first_m=float(values[0]),
        lengths=np.diff(values),
        paused=paused,
        limits=_limits(activity, times, duration - paused, settings),
        fixes=fixes,
        suspect=suspect,
        credited=np.maximum(np.diff(values), 0.0),
        notes=inferred,
    )
    _credit_pauses(steps, settings)
    _credit_falls(steps)
    _credit_glitches(steps)
    if source == "fixes":
        steps.credited[standing(times, steps.fixes)] = 0.0
    return _odometer(activity, steps, pauses, settings)


def holdable_mps(duration_s: FloatArray) -> FloatArray:
    """Return the highest average speed that a runner can hold for each duration, (n,) s to (n,) m/s."""
    limits: FloatArray = np.interp(duration_s, _HELD_S, _HELD_MPS)
    return limits


_Samples = tuple[str, FloatArray, FloatArray, BoolArray]


def _device(activity: Activity, settings: Settings, fixes: Fixes | None) -> _Samples | None:
    """The device's distance, where it is present and sane (or nothing else is there)."""
    have = np.isfinite(activity.get("distance"))
    if have.sum() < 2 or settings.distance_source == "fixes":
        return None
    times, values = activity.elapsed[have], activity["distance"][have]
    spans = (times[-1] - times[0]) >= _SANE_SHARE * (activity.elapsed[-1] - activity.elapsed[0])
    sane = bool(spans) and bool(values.max() > values.min())
    if not sane and fixes is not None and settings.distance_source == "auto":
        return None
    if times[0] > 0 and 0 < values[0] <= times[0] * float(holdable_mps(times[:1])[0]):
        # The timer ran from 0 s; the first record is already some metres on.
        times, values = np.concatenate(([0.0], times)), np.concatenate(([0.0], values))
    return "device", times, values, np.zeros(len(times) - 1, bool)


def _from_fixes(fixes: Fixes | None, settings: Settings) -> _Samples | None:
    """Metres between sound fixes, added up."""
    if fixes is None or settings.distance_source == "device":
        return None
    return "fixes", fixes.times, np.concatenate(([0.0], np.cumsum(fixes.steps_m))), fixes.after_outliers


def _usual_mps(lengths: FloatArray, durations: FloatArray) -> float:
    """The middle speed of the steps that move at all; 0 if none does."""
    with np.errstate(invalid="ignore", divide="ignore"):
        speeds = lengths / durations
    moving = speeds[np.isfinite(speeds) & (speeds > _PAUSE_MPS)]
    return float(np.median(moving)) if len(moving) else 0.0


def _without_stale(
    times: FloatArray, values: FloatArray, suspect: BoolArray
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Leave out records that repeat an old distance until one catches up.

    Some devices write the last known value for a few seconds and then jump. Read as standing
    and sprinting, it would let an effort begin after the one and end before the other.
    """
    lengths, durations = np.diff(values), np.diff(times)
    usual = _usual_mps(lengths, durations)
    sudden = np.flatnonzero((lengths[1:] > _FAST * usual * durations[1:]) & (lengths[:-1] == 0)) + 1
    keep = np.ones(len(times), bool)
    moves = np.flatnonzero(lengths > 0)
    for step in sudden:
        before = np.searchsorted(moves, step) - 1
        stalled = int(moves[before]) + 1 if before >= 0 else 0
        average = (values[step + 1] - values[stalled]) / (times[step + 1] - times[stalled])
        if _SLOW * usual <= average <= _FAST * usual:
            keep[stalled + 1 : step + 1] = False
    if keep.all():
        return times, values, suspect
    return times[keep], values[keep], suspect[np.flatnonzero(keep)[1:] - 1]


def _pauses(
    activity: Activity, times: FloatArray, values: FloatArray
) -> tuple[tuple[Pause, ...], list[Note]]:
    """The file's pauses; where it tells of no timer, gaps with hardly any displacement as well."""
    if activity.timer_events or len(times) < 3:
        return activity.pauses, []
    durations, lengths = np.diff(times), np.diff(values)
    rhythm = float(np.percentile(durations, 90))
    stood = (
        (durations > max(_PAUSE_S, _RHYTHMS * rhythm))
        & (lengths < _PAUSE_M)
        & (lengths < _PAUSE_MPS * durations)
        & (np.diff(paused_by(activity.pauses, times)) == 0)
    )
    if not stood.any():
        return activity.pauses, []
    # What was covered in the gap was run at the usual speed; then the runner stood.
    usual = max(_usual_mps(lengths, durations), _PAUSE_MPS)
    found = [
        Pause(float(times[i] + min(max(lengths[i], 0.0) / usual, durations[i] / 2)), float(times[i + 1]))
        for i in np.flatnonzero(stood)
    ]
    total = sum(p.end_s - p.start_s for p in found)
    text = (
        f"pauses inferred from {len(found)} gap{'s' if len(found) > 1 else ''} without movement, "
        f"{total:.0f} s in all: this file does not say when the timer stood"
    )
    note = Note("pause_inferred", "finding", text, at_s=found[0].start_s)
    return tuple(sorted((*activity.pauses, *found), key=lambda p: p.start_s)), [note]


def _limits(activity: Activity, times: FloatArray, active: FloatArray, settings: Settings) -> FloatArray:
    """(k-1,) m/s, the fastest that each step can be true; other sports than running are faster."""
    limits = np.minimum(holdable_mps(active), settings.max_speed_mps)
    middle = (times[1:] + times[:-1]) / 2
    for start, end, sport in _sports(activity):
        if sport not in settings.sports:
            limits[(middle >= start) & (middle <= end)] = _OTHER_SPORTS_MPS
    return limits


def _sports(activity: Activity) -> list[tuple[float, float, str]]:
    """From when to when which sport was done; one session is taken for the whole recording."""
    if len(activity.sessions) > 1:
        return [(s.start_s, s.end_s, s.sport) for s in activity.sessions]
    return [(-np.inf, np.inf, activity.sport)]


def _credit_pauses(steps: _Steps, settings: Settings) -> None:
    """Credit nothing for what happened while the timer stood, and bar efforts across a teleport."""
    usual = _usual_mps(steps.lengths, steps.active)
    for i in np.flatnonzero(steps.paused > 0).tolist():
        most = steps.active[i] * (steps.limits[i] if steps.source == "device" else usual)
        if steps.credited[i] > most:
            steps.credited[i] = 0.0 if steps.source == "device" else most
        moved = steps.fixes.between(steps.times[i], steps.times[i + 1]) if steps.fixes else 0.0
        if moved > settings.teleport_m + most:
            steps.suspect[i] = False
            at_m = float(steps.distances()[i + 1])
            steps.breaks.append(Break(at_m, at_m, "teleport"))
            steps.note("teleport", f"moved {moved:.0f} m while the timer stood; no effort spans it", i)


def _credit_falls(steps: _Steps) -> None:
    """Go on from where a distance fell back to, or restarted; a fall of metres is the same place."""
    deep = np.flatnonzero(steps.lengths < -_JITTER_M)
    for i in deep.tolist():
        text = f"the device's distance fell by {-steps.lengths[i]:.0f} m; counted on from there"
        steps.note("distance_reset", text, i)
        steps.credited[i] = _sound_m(steps, i, i + 1, np.ones(len(steps.credited), bool))
    shallow = np.flatnonzero((steps.lengths < 0) & (steps.lengths >= -_JITTER_M))
    for i in shallow.tolist():  # what is regained was counted before
        owed = -steps.lengths[i]
        for j in range(i + 1, len(steps.credited)):
            paid = min(owed, steps.credited[j])
            steps.credited[j] -= paid
            owed -= paid
            if owed <= 0:
                break


def _credit_glitches(steps: _Steps) -> None:
    """Bridge steps beyond what a runner can do with what the other source, or the speed around, says."""
    with np.errstate(invalid="ignore", divide="ignore"):
        fast = (steps.credited > steps.limits * steps.active) & (steps.paused == 0)
    bad = fast | steps.suspect
    for first, last in _runs(bad, steps.times):
        bridged = _sound_m(steps, first, last, ~bad)
        was = float(steps.credited[first:last].sum())
        share = steps.active[first:last] / max(float(steps.active[first:last].sum()), 1e-9)
        steps.credited[first:last] = bridged * share
        text = f"{was:.0f} m in {steps.times[last] - steps.times[first]:.0f} s is no running"
        if not fast[first:last].any():
            text = f"fixes far off the course for {steps.times[last] - steps.times[first]:.0f} s"
        steps.note("glitch", f"{text}; {bridged:.0f} m were credited", first)
        distances = steps.distances()
        steps.breaks.append(Break(float(distances[first]), float(distances[last]), "glitch"))


def _runs(bad: BoolArray, times: FloatArray) -> list[tuple[int, int]]:
    """Group bad steps that are less than `_APART_S` apart: (first record, last record) of each group."""
    runs: list[tuple[int, int]] = []
    for i in np.flatnonzero(bad).tolist():
        if runs and times[i] - times[runs[-1][1]] < _APART_S:
            runs[-1] = (runs[-1][0], i + 1)
        else:
            runs.append((i, i + 1))
    return runs


def _sound_m(steps: _Steps, first: int, last: int, good: BoolArray) -> float:
    """Metres from record `first` to record `last` when the steps between cannot be believed.

    What the fixes say, if they are sound there and fit the speed around; else the time at that speed.
    """
    active = float(steps.active[first:last].sum())
    near = good & (steps.paused == 0) & (steps.lengths >= 0)
    near[first:last] = False
    close = (steps.times[1:] > steps.times[first] - _AROUND_S) & (
        steps.times[:-1] < steps.times[last] + _AROUND_S
    )
    some = near & close if (near & close).any() else near
    seconds = float(steps.active[some].sum())
    around = float(steps.credited[some].sum()) / seconds if seconds > 0 else 0.0
    moved = steps.fixes.between(steps.times[first], steps.times[last]) if steps.fixes else np.nan
    if np.isfinite(moved) and moved <= _FAST * around * active:
        return float(moved)
    return around * active


def _odometer(activity: Activity, steps: _Steps, pauses: tuple[Pause, ...], settings: Settings) -> Odometer:
    """Put the credited steps, the pauses and the sports on one timetable."""
    times, distances = steps.times, steps.distances()
    spans = [(s, e) for s, e, sport in _sports(activity) if sport not in settings.sports]
    bounds = np.array([t for p in pauses for t in (p.start_s, p.end_s)] + [t for s in spans for t in s])
    bounds = np.clip(bounds, times[0], times[-1])

    def running(at_s: FloatArray) -> FloatArray:
        return at_s - paused_by(pauses, at_s)

    # Distance grows with the running timer, so at both ends of a pause it is the same.
    at_bounds = np.interp(running(bounds), running(times), distances)
    all_times, all_distances = np.concatenate([times, bounds]), np.concatenate([distances, at_bounds])
    order: IntArray = np.lexsort((all_distances, all_times))
    marks, arrives, departs = timetable(all_times[order], np.maximum.accumulate(all_distances[order]))
    breaks = list(steps.breaks)
    if spans:
        ends = at_bounds[2 * len(pauses) :].reshape(-1, 2)
        breaks += [Break(float(a), float(b), "sport") for a, b in ends]
    active = steps.active
    gap = active > max(_GAP_S, _RHYTHMS * float(np.percentile(active, 50)))
    return Odometer(
        marks,
        arrives,
        departs,
        stretches=(Stretch(float(marks[0]), float(marks[-1]), steps.source),),
        breaks=tuple(sorted(breaks, key=lambda b: (b.from_m, b.to_m))),
        pauses=pauses,
        gaps=tuple((float(times[i]), float(times[i + 1])) for i in np.flatnonzero(gap)),
        notes=tuple(steps.notes),
    )
