"""TCX (Garmin's Training Center Database v2) → activities.

Source: the schemas at garmin.com/xmlschemas/TrainingCenterDatabasev2.xsd and
ActivityExtensionv2.xsd.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from miler.activity import Activity, Lap, Note, Source
from miler.arrays import FloatArray
from miler.formats.assemble import Raw
from miler.formats.points import Points, number, sport_of, title
from miler.formats.reading import read
from miler.formats.skeleton import RUN
from miler.formats.xml import SKIPPED, Element, Row, leaf
from miler.formats.xmlfile import XmlFile, XmlFormat


def _point() -> Element:
    return Element(
        {
            "Time": leaf("time"),
            "Position": Element({"LatitudeDegrees": leaf("latitude"), "LongitudeDegrees": leaf("longitude")}),
            "AltitudeMeters": leaf("altitude"),
            "DistanceMeters": leaf("distance"),
            "HeartRateBpm": Element({"Value": leaf("heart_rate")}),
            "Cadence": leaf("cadence"),
            # TPX, with any prefix
            "Extensions": Element(
                {"Speed": leaf("speed"), "RunCadence": leaf("cadence"), "Watts": leaf("power")}, through=True
            ),
        }
    )


_TCX = XmlFormat(
    name="tcx",
    point="Trackpoint",
    make_point=_point,
    keys=frozenset(
        ("time", "latitude", "longitude", "altitude", "distance", "heart_rate", "cadence", "speed", "power")
    ),
    homes={
        "TrainingCenterDatabase": "",
        "Activities": "TrainingCenterDatabase",
        "Activity": "Activities",
        "Lap": "Activity",
        "Track": "Lap",
        "Trackpoint": "Track",
        "Creator": "Activity",
    },
)


def decode(data: bytes, *, strict: bool = False, source: Source | None = None) -> list[Activity]:
    """Read every activity, in the order of the file; one of a multisport session is one too.

    A break between tracks during which the recording's rhythm stops is a pause. Laps
    without points are an activity without records.

    Args:
        data: the bytes of a TCX file, in whatever encoding.
        strict: raise for any damage.
        source: where the activities come from.

    Returns:
        At least one activity. Broken XML gives every complete point, and a note for each break.

    Raises:
        CorruptFile: if nothing usable is left, for a DTD or absurd sizes, or for any damage when `strict`.
        UnsupportedFile: for a course, a workout, or a track without times.
    """
    file, reading = read(data, _File)
    found = enumerate((activity.raw() for activity in file.recordings), start=1)
    raws = [(number, raw) for number, raw in found if raw is not None]
    if not raws:
        raise reading.refusal(file)
    if not file.has_root:
        text = "the outermost element, TrainingCenterDatabase, is missing; what it would hold was read"
        raws[0][1].notes.append(Note("tcx_root", "damage", text))
    return reading.activities(raws, strict=strict, source=source)


@dataclass
class _Lap:
    """A `<Lap>`: its row, which fills as the file is read, and the index of its first point."""

    about: Row
    first: int


class _Activity:
    """An `<Activity>`: its row, its laps, and the points of all its laps."""

    def __init__(self, about: Row) -> None:
        self.about = about
        self.points = Points()
        self.laps: list[_Lap] = []

    def raw(self) -> Raw | None:
        """Return what was found; None if there is neither a time nor a lap."""
        raw = self.points.raw(*sport_of(self.about.get("Sport")))
        raw.device = title(self.about.get("device"))
        raw.name = title(self.about.get("Notes"))
        raw.laps = self._timed_laps(raw.times)
        lost = len(self.laps) - len(raw.laps)
        if lost:
            raw.notes.append(
                Note("bad_lap", "damage", f"laps left out for want of a start or a time: {lost}")
            )
        return raw if raw.laps or np.isfinite(raw.times).any() else None

    def _timed_laps(self, times: FloatArray) -> list[Lap]:
        """Return the laps whose start and length are known; a lap lasts until the next begins."""
        bounds = [*(lap.first for lap in self.laps), len(times)]
        laps: list[Lap] = []
        next_start = math.nan
        for index in reversed(range(len(self.laps))):
            about = self.laps[index].about
            span = times[bounds[index] : bounds[index + 1]]
            span = span[np.isfinite(span)]
            start = self._start(about, span)
            timer_s = _amount(about.get("TotalTimeSeconds"))
            elapsed_s = _elapsed(start, next_start, timer_s, span)
            if math.isfinite(start):
                next_start = start
                if math.isfinite(elapsed_s):
                    laps.append(_lap(about, index + 1, start, elapsed_s, timer_s))
        return laps[::-1]

    def _start(self, about: Row, span: FloatArray) -> float:
        """Return when a lap began: as it says, else at its first point."""
        told = self.points.clock.unix_s(about.get("StartTime", ""))
        return told if math.isfinite(told) or not len(span) else float(span[0])


def _elapsed(start: float, next_start: float, timer_s: float, span: FloatArray) -> float:
    """Return a lap's clock time.

    Args:
        start, next_start: Unix seconds; NaN if unknown, the latter also if the lap is the last.
        timer_s: its TotalTimeSeconds, NaN if unknown.
        span: (k,) Unix seconds of its points.

    Returns:
        Seconds, NaN if unknown. Starts are mostly written in whole seconds, the timer in
        hundredths: within a second they are the same time, and the timer has the decimals.
        Nothing tells when the last lap ended, and its last point may come before.
    """
    is_last = not math.isfinite(next_start)
    end = float(span[-1]) if is_last and len(span) else next_start
    between = end - start
    if not between >= 0:
        return timer_s
    if abs(between - timer_s) < 1 or (is_last and timer_s > between):
        return timer_s
    return between


def _lap(about: Row, index: int, start: float, elapsed_s: float, timer_s: float) -> Lap:
    distance_m = _amount(about.get("DistanceMeters"))
    return Lap(
        index=index,
        trigger=(title(about.get("TriggerMethod")) or "").lower() or None,
        start_s=start,
        elapsed_s=elapsed_s,
        timer_s=None if math.isnan(timer_s) else timer_s,
        distance_m=None if math.isnan(distance_m) else distance_m,
    )


def _amount(text: str | None) -> float:
    value = number(text)
    return value if value >= 0 else math.nan


class _File(XmlFile[_Activity]):
    """What has been seen of a file; one method for each element that matters."""

    format = _TCX

    def __init__(self) -> None:
        super().__init__()
        self.has_root = True
        self.courses = 0
        self.workouts = 0
        self.point = _point().handed_to(self.trackpoint)

    def document(self) -> Element:
        """Return the map of the format, as far as it matters here."""
        track = Element({"Trackpoint": self.point, RUN: Element(begin=self.run)}, begin=self.segment)
        # Named, though nothing in a course is read: the laps and points in it are at home there.
        course = Element(
            {"Lap": SKIPPED, "Track": Element({"Trackpoint": SKIPPED}), "Creator": SKIPPED}, begin=self.course
        )
        lap = Element(
            {
                "TotalTimeSeconds": leaf("TotalTimeSeconds"),
                "DistanceMeters": leaf("DistanceMeters"),
                "TriggerMethod": leaf("TriggerMethod"),
                "Track": track,
            },
            begin=self.lap,
        )
        activity = Element(
            {"Lap": lap, "Notes": leaf("Notes"), "Creator": Element({"Name": leaf("device")})},
            begin=self.activity,
        )
        legs = {name: Element({"Activity": activity}) for name in ("FirstSport", "NextSport")}
        activities = {"Activity": activity, "MultiSportSession": Element(legs)}
        database = {
            "Activities": Element(activities),
            "Courses": Element({"Course": course}),
            "Workouts": Element({"Workout": Element(begin=self.workout)}),
        }
        without_root = {**database, "Activities": Element(activities, begin=self.without_root)}
        return Element({"TrainingCenterDatabase": Element(database), **without_root})

    def without_root(self, _row: Row) -> None:
        self.has_root = False

    def activity(self, row: Row) -> None:
        self.recordings.append(_Activity(row))

    def lap(self, row: Row) -> None:
        activity = self.recordings[-1]
        activity.laps.append(_Lap(row, first=len(activity.points)))

    def trackpoint(self, row: Row) -> None:
        if row:  # Polar and others begin with an empty one
            self.recordings[-1].points.add(row)

    def course(self, _row: Row) -> None:
        self.courses += 1

    def workout(self, _row: Row) -> None:
        self.workouts += 1

    def instead(self) -> tuple[str, str]:
        """Say what a file is that has no recording: in a sentence, and by its kind."""
        if self.courses:
            return "this is a course to follow, not a recording", "course"
        if self.workouts:
            return "this is a planned workout, not a recording", "workout"
        return "there is no activity in it", "empty"
