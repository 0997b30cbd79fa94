"""TCX (Garmin's Training Center Database v2) → activities.

Source: the schemas at garmin.com/xmlschemas/TrainingCenterDatabasev2.xsd and
ActivityExtensionv2.xsd.
"""

from __future__ import annotations

import math

import numpy as np

from miler.activity import Activity, Lap, Note
from miler.arrays import FloatArray
from miler.errors import DecodeError, UnsupportedFile
from miler.formats.assemble import Raw
from miler.formats.points import Points, number, sport_of, title
from miler.formats.xml import Element, Reading, Row, leaf, read


def decode(data: bytes, *, strict: bool = False) -> list[Activity]:
    """Read every activity, in the order of the file; one of a multisport session is one too.

    A break between tracks during which the recording's rhythm stops is a pause. Laps
    without points are an activity without records.

    Args:
        data: the bytes of a TCX file, in whatever encoding.
        strict: raise for any damage.

    Returns:
        At least one activity. Broken XML gives every point whose end was there, and a note.

    Raises:
        CorruptFile: if nothing usable is left, for a DTD or absurd sizes, or for any damage when `strict`.
        UnsupportedFile: for a course, a workout, or a track without times.
    """
    file = _File()
    reading = read(data, file.document(), "tcx")
    raws = [raw for activity in file.activities if (raw := activity.raw()) is not None]
    if not raws:
        raise file.refusal(reading)
    return reading.activities(raws, strict=strict)


class _Lap:
    """A `<Lap>`: its row, which fills as the file is read, and its first point."""

    def __init__(self, about: Row, first: int) -> None:
        self.about = about
        self.first = first


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
        spans = [
            _known(times[lap.first : after])
            for lap, after in zip(self.laps, [*(lap.first for lap in self.laps[1:]), None], strict=True)
        ]
        starts = [self._start(lap, span) for lap, span in zip(self.laps, spans, strict=True)]
        ends = [*starts[1:], _last(spans[-1]) if spans else math.nan]
        laps: list[Lap] = []
        for lap, start, end in zip(self.laps, starts, ends, strict=True):
            timer = number(lap.about.get("TotalTimeSeconds"))
            elapsed = _elapsed(end - start, timer, is_last=lap is self.laps[-1])
            if math.isfinite(start) and math.isfinite(elapsed):
                laps.append(
                    Lap(
                        index=len(laps) + 1,
                        trigger=(title(lap.about.get("TriggerMethod")) or "").lower() or None,
                        start_s=start,
                        elapsed_s=elapsed,
                        timer_s=_or_none(timer),
                        distance_m=_or_none(number(lap.about.get("DistanceMeters"))),
                    )
                )
        return laps

    def _start(self, lap: _Lap, span: FloatArray) -> float:
        """Return when the lap began: as it says, else at its first point."""
        told = self.points.clock.unix_s(lap.about.get("StartTime", ""))
        return told if math.isfinite(told) or not len(span) else float(span[0])


def _known(times: FloatArray) -> FloatArray:
    return times[np.isfinite(times)]


def _last(times: FloatArray) -> float:
    return float(times[-1]) if len(times) else math.nan


def _or_none(value: float) -> float | None:
    return value if value >= 0 else None  # NaN is not


def _elapsed(between: float, timer: float, *, is_last: bool) -> float:
    """Return a lap's clock time.

    Args:
        between: seconds from its start to the next lap's start or to the last point.
        timer: its TotalTimeSeconds, NaN if unknown.
        is_last: nothing after it says when it ended, and its last point may come early.

    Returns:
        Seconds, NaN if unknown. Starts are mostly written in whole seconds, the timer in
        hundredths: within a second they are the same time, and the timer has the decimals.
    """
    if not between >= 0:
        return timer if timer >= 0 else math.nan
    if abs(between - timer) < 1 or (is_last and timer > between):
        return timer
    return between


class _File:
    """What has been seen of a file; one method for each element that matters."""

    def __init__(self) -> None:
        self.activities: list[_Activity] = []
        self.courses = 0
        self.workouts = 0

    def document(self) -> Element:
        """The map of the format, as far as it matters here."""
        trackpoint = Element(
            {
                "Time": leaf("time"),
                "Position": Element(
                    {"LatitudeDegrees": leaf("latitude"), "LongitudeDegrees": leaf("longitude")}
                ),
                "AltitudeMeters": leaf("altitude"),
                "DistanceMeters": leaf("distance"),
                "HeartRateBpm": Element({"Value": leaf("heart_rate")}),
                "Cadence": leaf("cadence"),
                # TPX, with any prefix
                "Extensions": Element(
                    {"Speed": leaf("speed"), "RunCadence": leaf("cadence"), "Watts": leaf("power")},
                    through=True,
                ),
            },
            end=self.trackpoint,
        )
        lap = Element(
            {
                "TotalTimeSeconds": leaf("TotalTimeSeconds"),
                "DistanceMeters": leaf("DistanceMeters"),
                "TriggerMethod": leaf("TriggerMethod"),
                "Track": Element({"Trackpoint": trackpoint}, begin=self.track),
            },
            begin=self.lap,
        )
        activity = Element(
            {"Lap": lap, "Notes": leaf("Notes"), "Creator": Element({"Name": leaf("device")})},
            begin=self.activity,
        )
        legs = {name: Element({"Activity": activity}) for name in ("FirstSport", "NextSport")}
        activities = Element({"Activity": activity, "MultiSportSession": Element(legs)})
        database = {
            "Activities": activities,
            "Courses": Element({"Course": Element(begin=self.course)}),
            "Workouts": Element({"Workout": Element(begin=self.workout)}),
        }
        # Some exports have lost the outermost element.
        return Element({"TrainingCenterDatabase": Element(database), **database})

    def activity(self, row: Row) -> None:
        self.activities.append(_Activity(row))

    def lap(self, row: Row) -> None:
        activity = self.activities[-1]
        activity.laps.append(_Lap(row, first=len(activity.points)))

    def track(self, _row: Row) -> None:
        self.activities[-1].points.begin_segment()

    def trackpoint(self, row: Row) -> None:
        if row:  # Polar and others begin with an empty one
            self.activities[-1].points.add(row)

    def course(self, _row: Row) -> None:
        self.courses += 1

    def workout(self, _row: Row) -> None:
        self.workouts += 1

    def refusal(self, reading: Reading) -> DecodeError:
        """Say what the file is, if there is no activity in it."""
        points = sum(len(activity.points) for activity in self.activities)
        if points:
            return _unsupported(
                f"a track without times ({points} points) cannot be timed; export the activity itself",
                "track without times",
            )
        if reading.broken is not None:
            return reading.broken.error("tcx")
        if self.courses:
            return _unsupported("this is a course to follow, not a recording", "course")
        if self.workouts:
            return _unsupported("this is a planned workout, not a recording", "workout")
        return _unsupported("there is no activity in it", "empty")


def _unsupported(message: str, kind: str) -> UnsupportedFile:
    return UnsupportedFile(message, kind=kind, format="tcx")
