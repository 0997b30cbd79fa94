"""Everything miler says about one activity: the one story, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from miler.activity import Activity, Lap, Note, Pause, Source
from miler.arrays import FloatArray
from miler.buttons import PressedMile, pressed_mile
from miler.conditions import Condition, conditions, flat_track, told
from miler.confidence import disputed, judged, rivals
from miler.crediting import measure
from miler.effort import (
    Cuts,
    Effort,
    Split,
    every_cut,
    fastest,
    fastest_by_timer,
    flags_of,
    quickest,
)
from miler.eligibility import Point, checklist, track_surface
from miler.frames import EFFORT_COLUMNS, LAP_COLUMNS, SPLIT_COLUMNS, Columns, Tabled, columns_of
from miler.moments import Moments, moments
from miler.notebook import facts
from miler.odometer import Odometer
from miler.overrides import Overrides, amended, barred, belt_on_track, why_left_out
from miler.ownbest import OwnBest, own_bests, own_marks
from miler.pacing import Pacing, noise_of, pacing
from miler.plausibility import doubts, without_vehicles
from miler.recordbook import Surface, standing_records
from miler.repeats import Series, rest_inside, series
from miler.scoring import (
    Chased,
    Evenness,
    Milestone,
    RecordComparison,
    against,
    evenness,
    next_milestone,
    pace_lights,
)
from miler.settings import Settings
from miler.shown import printable
from miler.timezone import at_the_place, zone
from miler.trace import Trace, thin
from miler.track import Track, TrackSummary, find_track, onto_track, summarise_track
from miler.units import (
    MILE_M,
    format_distance,
    format_duration,
    format_pace,
    format_start,
    format_sure,
)
from miler.windows import together
from miler.worth import Worth, worth

_TIMER_DIFFERS_S = 0.1
_UNTOLD_S = 10.0  # start and end of a session may lie seconds off its records


@dataclass(frozen=True)
class Summary:
    """The activity in a dozen values; None where the file does not say."""

    sport: str
    sub_sport: str | None
    device: str | None
    name: str | None
    start_time: datetime | None
    time_zone: str | None
    records: int
    distance_m: float
    elapsed_s: float
    timer_s: float
    moving_s: float
    distance_source: str


@dataclass(frozen=True)
class Mile:
    """The fastest mile: how long, how even, how it stands; `pressed` is what the lap button says.

    `by_timer` is the timer clock's fastest, where pauses left out make another stretch faster.
    `interrupted` says what makes it more than one run, so that its pacing is not judged.
    """

    effort: Effort
    quarters: tuple[Split, ...]
    track_laps: tuple[Split, ...]
    evenness: Evenness
    pacing: Pacing | None
    worth: Worth
    conditions: tuple[Condition, ...]
    pace_light: tuple[Chased, ...]
    records: tuple[RecordComparison, ...]
    milestone: Milestone | None
    own_bests: tuple[OwnBest, ...] = ()
    pressed: PressedMile | None = None
    by_timer: Effort | None = None
    interrupted: str | None = None
    eligibility: tuple[Point, ...] = ()


@dataclass(frozen=True, eq=False)
class Analysis(Tabled):
    """All that a report or the library needs, with the settings that made it."""

    source: Source
    summary: Summary
    laps: tuple[Lap, ...]
    lap_splits: tuple[Split, ...]
    pauses: tuple[Pause, ...]
    efforts: tuple[Effort, ...]
    km: tuple[Split, ...]
    miles: tuple[Split, ...]
    repeats: Series | None
    official: tuple[tuple[float, float], ...]
    mile: Mile | None
    trace: Trace
    track: TrackSummary | None
    moments: Moments
    notes: tuple[Note, ...]
    settings: Settings

    def __repr__(self) -> str:
        """What was analysed, and its mile: `<Analysis of track-mile.fit, mile 5:27 ± 7>`."""
        effort = self.mile.effort if self.mile else None
        mile = format_sure(effort.elapsed_s, effort.low_s, effort.high_s) if effort else "none"
        return f"<Analysis of {printable(self.source.name or 'an activity')}, mile {mile}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the run, its mile and the mile's quarters."""
        summary, units = self.summary, self.settings.shown_units
        rows = [
            ("start", format_start(summary.start_time, zone(summary.time_zone), summary.time_zone)),
            ("distance", " = ".join(format_distance(summary.distance_m, unit) for unit in units)),
            ("elapsed", format_duration(summary.elapsed_s, 0)),
        ]
        if self.mile is None:
            return facts(summary.name or self.source.name or "Analysis", [*rows, ("mile", "none")])
        effort, cut = self.mile.effort, self.mile.quarters
        rows += [
            ("mile", format_sure(effort.elapsed_s, effort.low_s, effort.high_s)),
            ("pace", " · ".join(format_pace(effort.pace_s_per_km, unit) for unit in units)),
            ("evidence", "; ".join(effort.evidence.reasons) if effort.evidence else ""),
            ("quarters", ", ".join(format_duration(q.elapsed_s) for q in cut)),
        ]
        return facts(summary.name or self.source.name or "Analysis", rows, [q.elapsed_s for q in cut])

    def tables(self) -> dict[str, Columns]:
        """Return the efforts, the mile's quarters and track laps, the splits, and the watch's laps."""
        mile = self.mile
        return {
            "efforts": columns_of(self.efforts, EFFORT_COLUMNS),
            "quarters": columns_of(mile.quarters if mile else (), SPLIT_COLUMNS),
            "track_laps": columns_of(mile.track_laps if mile else (), SPLIT_COLUMNS),
            "miles": columns_of(self.miles, SPLIT_COLUMNS),
            "km": columns_of(self.km, SPLIT_COLUMNS),
            "laps": columns_of(self.laps, LAP_COLUMNS),
        }


def analyse(
    activity: Activity, settings: Settings | None = None, overrides: Overrides | None = None
) -> Analysis:
    """Say everything miler knows about one activity.

    Args:
        activity: what a reader returned.
        settings: what to look for and how; the defaults if None.
        overrides: what the runner knows better.

    Returns:
        The same Analysis for the same activity and settings, always.
    """
    said = overrides or Overrides()
    settings = accepting(settings or Settings(), said)
    activity = amended(activity, said)
    odometer, track = measured(activity, settings, said)
    lengths_m = sorted({*settings.effort_lengths_m, MILE_M})
    efforts = tuple(
        effort
        for some in together(odometer, lengths_m)
        for effort in bests(activity, odometer, some, settings, said, track)
    )
    repeats = series(odometer)
    best = next((e for e in efforts if e.length_m == MILE_M and e.plausible), None)
    cuts = every_cut(activity, odometer, best, settings.lap_m)
    mile = None
    if best:
        mile = fastest_mile(activity, odometer, best, cuts, repeats, settings, said, track)
    return Analysis(
        source=activity.source,
        summary=summarise(activity, odometer, settings),
        laps=activity.laps,
        lap_splits=cuts.laps,
        pauses=odometer.pauses,
        efforts=tuple(e for e in efforts if e.length_m in settings.effort_lengths_m),
        km=cuts.km,
        miles=cuts.miles,
        repeats=repeats,
        official=said.official,
        mile=mile,
        trace=thin(activity, odometer, mile.effort if mile else None),
        track=summarise_track(track, mile.effort, mile.track_laps) if mile else summarise_track(track, None),
        moments=moments(activity),
        notes=activity.notes
        + odometer.notes
        + untold_stops(activity, odometer)
        + disputed(activity, odometer),
        settings=settings,
    )


def accepting(settings: Settings, said: Overrides) -> Settings:
    """Return the settings with what the runner says of this recording: the lane, and that it is true."""
    if not said.accept and said.lane is None:
        return settings
    return replace(
        settings,
        accept_implausible=settings.accept_implausible or said.accept,
        lane=said.lane or settings.lane,
    )


def measured(activity: Activity, settings: Settings, said: Overrides) -> tuple[Odometer, Track | None]:
    """Measure an activity: by the table of crediting, without vehicles, on the track where it was on one.

    What the runner left out comes last, for its seconds are laid on the distance that counts.
    """
    odometer = without_vehicles(activity, measure(activity, settings), settings)
    track = find_track(activity, odometer, settings)
    notes = belt_on_track(said) if track else ()
    return barred(onto_track(odometer, track), said).with_notes(*notes), track


def bests(
    activity: Activity,
    odometer: Odometer,
    lengths_m: Sequence[float],
    settings: Settings,
    said: Overrides,
    track: Track | None = None,
) -> tuple[Effort, ...]:
    """Find and judge the fastest stretch of each length that was run: the plausible one, if there is one."""
    others = tuple(b for b in odometer.breaks if b.reason != "vehicle")
    ridden = None if others == odometer.breaks else replace(odometer, breaks=others)
    efforts, chosen_from = [], []
    for length_m, found in zip(lengths_m, rivals(odometer, lengths_m), strict=True):
        if found is None:
            effort = fastest(ridden, length_m) if ridden else None
        else:
            effort = quickest(odometer, length_m, found)
        if effort is not None:
            flags = flags_of(odometer, effort, settings)
            why_not = doubts(effort, activity, odometer, settings) + why_left_out(said, length_m)
            efforts.append(replace(effort, flags=flags, doubts=why_not) if flags or why_not else effort)
            chosen_from.append(found)
    return judged(efforts, activity, odometer, settings, chosen_from, track)


def fastest_mile(
    activity: Activity,
    odometer: Odometer,
    effort: Effort,
    cuts: Cuts,
    repeats: Series | None,
    settings: Settings,
    said: Overrides,
    track: Track | None = None,
) -> Mile:
    """Score the fastest mile by its quarters, and set it against marks, lights and the runner's own bests."""
    circuit = track.circuit(effort.start_s, effort.end_s) if track else None
    track_lap_m = circuit.lane.oval.lap_m if circuit else None
    source = odometer.source_between(effort.start_m, effort.end_m)
    times_s, distances_m = _curve(odometer, effort)
    quarters_s = [split.elapsed_s for split in cuts.quarters]
    rest = rest_inside(effort, odometer, repeats)
    return Mile(
        effort=effort,
        quarters=cuts.quarters,
        track_laps=cuts.track_laps,
        evenness=evenness([split.length_m for split in cuts.quarters], quarters_s),
        pacing=None if rest else pacing(quarters_s, times_s, distances_m, noise_of(source)),
        worth=worth_of(activity, effort, settings, track_lap_m),
        conditions=conditions_of(activity, odometer, effort, settings, track_lap_m)
        + told(said.wind, said.shoes),
        pace_light=pace_lights(times_s, distances_m, settings),
        records=tuple(
            against(mark, times_s, distances_m, settings.own_records)
            for mark in standing_records(sex=settings.sex, own=settings.own_records)
        ),
        milestone=next_milestone(effort.elapsed_s, effort.length_m),
        own_bests=own_bests_of(activity, effort, settings),
        pressed=pressed_mile(activity, settings, settings.lane or 1),
        by_timer=faster_by_timer(odometer, effort),
        interrupted=rest,
        eligibility=checklist(effort, activity, track_lap_m),
    )


def faster_by_timer(odometer: Odometer, effort: Effort) -> Effort | None:
    """Return the fastest stretch by the timer where that is another, and faster by a tenth."""
    found = fastest_by_timer(odometer, effort.length_m)
    return found if found and effort.timer_s - found.timer_s >= _TIMER_DIFFERS_S else None


# What a file calls a surface, as the record book does; any other word says nothing of it.
_SURFACES: dict[str | None, Surface] = {
    "track": "outdoor",
    "indoor_track": "short_track",
    "street": "road",
    "road": "road",
}


def surface_of(activity: Activity, track_lap_m: float | None) -> Surface | None:
    """Return on what a mile was run: the track found under all of it, else what the file calls it."""
    return _SURFACES.get(activity.sub_sport) if track_lap_m is None else track_surface(track_lap_m)


def worth_of(
    activity: Activity, effort: Effort, settings: Settings, track_lap_m: float | None = None
) -> Worth:
    """Say what the mile is worth; the runner's age is that completed in the year of the run."""
    age = None
    if activity.start_time is not None and settings.birth_year is not None:
        age = max(activity.start_time.year - settings.birth_year, 0)
    surface = surface_of(activity, track_lap_m)
    return worth(effort.elapsed_s, surface, settings.sex, age, settings.own_records)


def conditions_of(
    activity: Activity,
    odometer: Odometer,
    effort: Effort,
    settings: Settings,
    track_lap_m: float | None = None,
) -> tuple[Condition, ...]:
    """Say in which conditions an effort was run, by the streams inside it and the track below it."""
    elapsed = activity.elapsed
    inside = slice(elapsed.searchsorted(effort.start_s), elapsed.searchsorted(effort.end_s, "right"))
    found = conditions(
        odometer.distance_at(elapsed[inside]) - effort.start_m,
        activity.get("altitude")[inside],
        activity.get("temperature")[inside],
        effort.length_m,
        settings.sex,
    )
    if surface_of(activity, track_lap_m) == "short_track":
        found += (flat_track(np.nan if track_lap_m is None else track_lap_m, settings.sex),)
    return found


def own_bests_of(activity: Activity, effort: Effort, settings: Settings) -> tuple[OwnBest, ...]:
    """Say how a mile stands to the runner's own marks; its day is that of the runner's calendar."""
    others = own_marks(settings.own_records)
    if not others or activity.start_time is None:
        return ()
    day = at_the_place(activity.start_time, activity.time_zone).date()
    return own_bests(effort.elapsed_s, day, others, settings.birth_year)


def summarise(activity: Activity, odometer: Odometer, settings: Settings) -> Summary:
    """Put the activity in a dozen values; distance and timer are the file's own where it has no records."""
    elapsed_s = activity.elapsed_s
    told = [s.timer_s for s in activity.sessions if s.timer_s is not None]
    paused_s = sum(p.end_s - p.start_s for p in odometer.pauses)
    timer_s = sum(told) if told else elapsed_s - paused_s
    distance_m = odometer.total_m
    if odometer.source == "none":
        distance_m = sum(lap.distance_m or 0.0 for lap in activity.laps)
    return Summary(
        sport=activity.sport,
        sub_sport=activity.sub_sport,
        device=activity.device,
        name=activity.name,
        start_time=activity.start_time,
        time_zone=activity.time_zone,
        records=len(activity),
        distance_m=distance_m,
        elapsed_s=elapsed_s,
        timer_s=float(min(timer_s, elapsed_s)),
        moving_s=min(odometer.moving_s(settings.moving_mps), timer_s),
        distance_source="track" if odometer.on_track else odometer.source,
    )


def untold_stops(activity: Activity, odometer: Odometer) -> tuple[Note, ...]:
    """Say so where the file's timer stood longer than its pauses tell: nobody knows when."""
    told = [s.timer_s for s in activity.sessions if s.timer_s is not None]
    paused_s = sum(p.end_s - p.start_s for p in odometer.pauses)
    untold_s = activity.elapsed_s - sum(told) - paused_s
    if not told or len(told) < len(activity.sessions) or untold_s < _UNTOLD_S:
        return ()
    text = (
        f"the timer stood {format_duration(untold_s, 0)} longer than the pauses that the file tells of; "
        "timer times of efforts and splits count those as running"
    )
    return (Note("timer_unplaced", "finding", text),)


def _curve(odometer: Odometer, effort: Effort) -> tuple[FloatArray, FloatArray]:
    """The effort as a line of moments and metres from its start; a stop is two moments at one place."""
    marks = odometer.marks
    inside = slice(marks.searchsorted(effort.start_m, "right"), marks.searchsorted(effort.end_m))
    clock = np.stack([odometer.arrives[inside], odometer.departs[inside]], axis=1).ravel()
    times = np.concatenate(([effort.start_s], clock, [effort.end_s])) - effort.start_s
    metres = np.concatenate(([0.0], np.repeat(marks[inside], 2) - effort.start_m, [effort.length_m]))
    moving = np.concatenate(([True], np.diff(np.maximum.accumulate(times)) > 0))
    # The end is the line, however the clock rounds.
    moving[1:-1] &= times[1:-1] < times[-1]
    return times[moving], np.minimum(metres[moving], effort.length_m)
