"""Activity → Odometer: what counts as distance. The table of DESIGN, one function a row.

Everything here works on steps: from one record that has the source's value to the
next. A step has a length (from the source) and a duration, and is credited with a
distance. The activity itself is never changed.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from miler.activity import Activity, Note, Pause
from miler.arrays import BoolArray, FloatArray, IntArray, added_up, every, increments, median, quantile
from miler.bridging import JITTER_M, OTHER_SPORTS_MPS, FindFixes, Steps, credit_glitches, credit_resets
from miler.fixes import ON_FOOT, Fixes, fresh, sound_fixes, standing, usual_mps
from miler.gait import holdable_mps
from miler.odometer import Break, Odometer, Stretch, paused_by, timetable
from miler.once import once
from miler.settings import Settings
from miler.units import format_duration

_VAGUE_S = 4.0  # the timer may have run so long about a pause, in seconds or in records: see `measure`
_PAUSE_S, _RHYTHMS = 10.0, 4.0  # a gap this long, and this many usual steps, may be a pause
_PAUSE_M, _PAUSE_MPS = 25.0, 0.5  # ... if the runner hardly moved in it
_GAP_S, _LONG_GAP_S = 2.0, 20.0  # shorter is no gap; longer is one, whatever the rhythm
_HOLE_S = 600.0  # a gap this long is said, wherever the efforts lie
_NO_RUN_S = 6 * 3600.0  # one so long in which hardly any way was made is no part of a run: a clock jumped
_SANE_SHARE = 0.5  # device distance counts if it spans at least this share of the recording


def measure(activity: Activity, settings: Settings | None = None) -> Odometer:
    """Make the distance model of an activity, credited by the table in DESIGN.

    Args:
        activity: any activity; one without distance or fixes gives an odometer without marks.
        settings: `distance_source` forces the device's distance or the fixes.

    Returns:
        An odometer that begins where the source does, normally at 0 m.
    """
    settings = settings or Settings()

    def fixes() -> Fixes | None:
        return believed_fixes(activity)

    samples = _device(activity, settings, fixes) or _from_fixes(fixes, settings)
    if samples is None:
        empty = np.empty(0)
        text = "neither the device's distance nor two fixes to believe are in this recording"
        note = Note("no_distance", "finding", text)
        return Odometer(empty, empty.copy(), empty.copy(), pauses=activity.pauses, notes=(note,))
    source, times, values, suspect = samples
    pauses, inferred = _pauses(activity, times, values)
    duration, lengths = increments(times), increments(values)
    paused = increments(paused_by(pauses, times))
    steps = Steps(
        source=source,
        times=times,
        first_m=float(values[0]),
        lengths=lengths,
        paused=paused,
        limits=_limits(activity, times, duration - paused, settings),
        fixes=fixes,
        suspect=suspect,
        credited=_regained_once(lengths),
        notes=inferred,
    )
    # Without timer events a pause is known only by the records around it.
    rhythm_s = 1.0 if activity.timer_events else max(1.0, median(duration))
    _credit_pauses(steps, _VAGUE_S * rhythm_s)
    _bar_teleports(steps, pauses, settings)
    credit_resets(steps)
    credit_glitches(steps)
    _bar_holes(steps)
    if source == "fixes" and (believed := fixes()) is not None:
        _tell_left_out(steps, believed)
        steps.credited[standing(believed)] = 0.0
    return _odometer(activity, steps, pauses, settings)


@once
def believed_fixes(activity: Activity) -> Fixes | None:
    """Return the fixes of an activity that can be believed, found once; None if there are not two."""
    return sound_fixes(activity, holdable_mps)


_Samples = tuple[str, FloatArray, FloatArray, BoolArray]  # source, times, metres by then, suspect steps


def _device(activity: Activity, settings: Settings, fixes: FindFixes) -> _Samples | None:
    """The device's distance, where it is present and sane (or nothing else is there)."""
    times, values = activity.known("distance")
    if len(times) < 2 or settings.distance_source == "fixes":
        return None
    spans = (times[-1] - times[0]) >= _SANE_SHARE * (activity.elapsed[-1] - activity.elapsed[0])
    sane = bool(spans) and bool(values.max() > values.min())
    if not sane and settings.distance_source == "auto" and fixes() is not None:
        return None
    if times[0] > 0 and 0 < values[0] <= times[0] * float(holdable_mps(times[:1])[0]):
        # The timer ran from 0 s; the first record is already some metres on.
        times, values = np.concatenate(([0.0], times)), np.concatenate(([0.0], values))
    keep = fresh(times, increments(values))
    if not every(keep):
        times, values = times[keep], values[keep]
    return "device", times, values, np.zeros(len(times) - 1, bool)


def _from_fixes(fixes: FindFixes, settings: Settings) -> _Samples | None:
    """Metres between sound fixes, added up."""
    found = None if settings.distance_source == "device" else fixes()
    if found is None:
        return None
    metres = added_up(found.path_steps_m)
    return "fixes", found.times, metres, found.after_outliers


def _pauses(
    activity: Activity, times: FloatArray, values: FloatArray
) -> tuple[tuple[Pause, ...], list[Note]]:
    """The file's pauses; where it tells of no timer, gaps with hardly any displacement as well."""
    if activity.timer_events or len(times) < 3 or _timer_never_stood(activity):
        return activity.pauses, []
    durations, lengths = increments(times), increments(values)
    rhythm = quantile(durations, 0.9)
    stood = (
        (durations > max(_PAUSE_S, _RHYTHMS * rhythm))
        & (lengths < _PAUSE_M)
        & (lengths < _PAUSE_MPS * durations)
        & (increments(paused_by(activity.pauses, times)) == 0)
    )
    if not stood.any():
        return activity.pauses, []
    # What was covered in the gap was run at the usual speed; then the runner stood.
    usual = max(usual_mps(lengths, durations), _PAUSE_MPS)
    found = [
        Pause(float(times[i] + min(max(lengths[i], 0.0) / usual, durations[i] / 2)), float(times[i + 1]))
        for i in np.flatnonzero(stood)
    ]
    total = sum(p.end_s - p.start_s for p in found)
    text = (
        f"pauses inferred from {len(found)} gap{'s' if len(found) > 1 else ''} without movement, "
        f"{format_duration(total, 0)} in all: this file does not say when the timer stood"
    )
    note = Note("pause_inferred", "finding", text, at_s=found[0].start_s)
    return tuple(sorted((*activity.pauses, *found), key=lambda p: p.start_s)), [note]


def _timer_never_stood(activity: Activity) -> bool:
    """Whether the file's sessions say that the timer ran all the time."""
    timers = [s.timer_s for s in activity.sessions]
    told = sum(t for t in timers if t is not None)
    return None not in timers and bool(timers) and activity.elapsed_s - told < _PAUSE_S


def _limits(activity: Activity, times: FloatArray, active: FloatArray, settings: Settings) -> FloatArray:
    """(k-1,) m/s, the fastest that each step can be true; what is not done on foot is faster."""
    limits = np.minimum(holdable_mps(active), settings.max_speed_mps)
    for start, end, sport in _sports(activity):
        if sport not in ON_FOOT:
            middle = (times[1:] + times[:-1]) / 2
            limits[(middle >= start) & (middle <= end)] = OTHER_SPORTS_MPS
    return limits


def _sports(activity: Activity) -> list[tuple[float, float, str]]:
    """From when to when which sport was done; one session is taken for the whole recording."""
    if len(activity.sessions) > 1:
        return [(s.start_s, s.end_s, s.sport) for s in activity.sessions]
    return [(-np.inf, np.inf, activity.sport)]


def _regained_once(lengths: FloatArray) -> FloatArray:
    """Credit no metre twice: what a distance regains after falling by metres was counted before, (k-1,)."""
    if lengths.min() >= 0:
        return lengths.copy()
    reached = added_up(np.where(lengths < -JITTER_M, 0.0, lengths))
    return increments(np.maximum.accumulate(reached))


def _credit_pauses(steps: Steps, vague_s: float) -> None:
    """Credit nothing for what happened while the timer stood.

    The device's own distance is believed for the `vague_s` that the timer may have run beyond what
    the file tells; positions are not, for a runner who waits walks about.
    """
    if not steps.paused.any():
        return
    fitting_m = believed_m = steps.usual_mps * steps.active
    if steps.source == "device":
        believed_m = steps.limits * steps.active + steps.usual_mps * vague_s
    beyond = (steps.paused > 0) & (steps.credited > believed_m)
    steps.credited[beyond] = fitting_m[beyond]


def _bar_teleports(steps: Steps, pauses: tuple[Pause, ...], settings: Settings) -> None:
    """Bar efforts across a pause after which the runner went on somewhere else."""
    fixes = steps.fixes() if pauses else None
    for pause in pauses if fixes else ():
        before = max(int(np.searchsorted(steps.times, pause.start_s, "right")) - 1, 0)
        after = min(int(np.searchsorted(steps.times, pause.end_s)), len(steps.times) - 1)
        moved_m = fixes.between(steps.times[before], steps.times[after]) if fixes else 0.0
        ran_m = steps.usual_mps * float(steps.active[before:after].sum())
        if moved_m > settings.teleport_m + ran_m:
            steps.breaks.append((pause.end_s, pause.end_s, "teleport"))
            text = f"moved {moved_m:.0f} m while the timer stood; no effort spans it"
            steps.notes.append(Note("teleport", "finding", text, at_s=pause.start_s))


def _bar_holes(steps: Steps) -> None:
    """Say where records are missing for so long that somebody wonders; bar efforts where nobody ran."""
    for i in np.flatnonzero(steps.active > _HOLE_S).tolist():
        hole_s, metres = float(steps.active[i]), float(steps.credited[i])
        text = f"no records for {format_duration(hole_s, 0)}"
        if hole_s > _NO_RUN_S and metres < _PAUSE_MPS * hole_s:
            text += f", in which {metres:.0f} m were covered: no effort spans that"
            steps.breaks.append((float(steps.times[i]), float(steps.times[i + 1]), "hole"))
        steps.note("gap", text, i)


def _tell_left_out(steps: Steps, fixes: Fixes) -> None:
    """Say how many fixes were left out as spikes; the straight line between their neighbours counts."""
    count = len(fixes.left_out_s)
    if count:
        text = f"{count} fix{'es' if count > 1 else ''} far off the course left out"
        steps.notes.append(Note("glitch", "finding", text, at_s=float(fixes.left_out_s[0])))


def _odometer(activity: Activity, steps: Steps, pauses: tuple[Pause, ...], settings: Settings) -> Odometer:
    """Put the credited steps, the pauses and the sports on one timetable."""
    times_s, metres = steps.times, steps.distances()
    if pauses:
        bounds_s, bounds_m = _pause_bounds(steps, pauses, metres)
        times_s, metres = np.concatenate([times_s, bounds_s]), np.concatenate([metres, bounds_m])
        order: IntArray = np.lexsort((metres, times_s))
        times_s, metres = times_s[order], np.maximum.accumulate(metres[order])
    marks, arrives, departs = timetable(times_s, metres)
    unbroken = Odometer(
        marks,
        arrives,
        departs,
        stretches=(Stretch(float(marks[0]), float(marks[-1]), steps.source),),
        pauses=pauses,
        gaps=_gaps(steps),
        notes=tuple(sorted(steps.notes, key=lambda note: note.at_s or 0.0)),
    )
    others = [(s, e, "sport") for s, e, sport in _sports(activity) if sport not in settings.sports]
    spans = sorted(steps.breaks + others)
    ends = (unbroken.distance_at(np.array(span[:2])).tolist() for span in spans)
    breaks = tuple(Break(a, b, why) for (a, b), (_, _, why) in zip(ends, spans, strict=True))
    return replace(unbroken, breaks=breaks) if breaks else unbroken


def _pause_bounds(
    steps: Steps, pauses: tuple[Pause, ...], distances: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Moments between records when the timer stopped or started, and the distance by then.

    Distance grows with the running timer. Where it grew by more than that explains, the file's whole
    seconds are to blame, and the metres are left spread over the clock: never in the runner's favour.
    """
    at = np.array([t for p in pauses for t in (p.start_s, p.end_s)])
    after = np.searchsorted(steps.times, at)
    step = after - 1
    on_record = steps.times[np.minimum(after, len(steps.times) - 1)] == at
    inside = (step >= 0) & (step < len(steps.credited)) & ~on_record
    at, step = at[inside], step[inside]
    explained = steps.credited[step] <= steps.limits[step] * steps.active[step]
    at, step = at[explained], step[explained]
    begin = steps.times[step]
    ran = (at - begin) - (paused_by(pauses, at) - paused_by(pauses, begin))
    active = steps.active[step]
    share = np.divide(ran, active, out=np.zeros(len(at)), where=active > 0)
    return at, distances[step] + share * steps.credited[step]


def _gaps(steps: Steps) -> tuple[tuple[float, float], ...]:
    """Where records are missing though the timer ran, judged by the recording's own rhythm."""
    usual_s = _RHYTHMS * median(steps.active)
    missing = steps.active > max(_GAP_S, min(usual_s, _LONG_GAP_S))
    return tuple((float(steps.times[i]), float(steps.times[i + 1])) for i in np.flatnonzero(missing))
