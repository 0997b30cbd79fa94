"""A recording as TCX: laps as the watch closed them, one `Track` for each stretch between pauses."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

import numpy as np

from devtools.recording import LapMark, Recording
from devtools.xml_parts import element, inside, iso_time
from miler.arrays import IntArray

_HEAD = (
    "<TrainingCenterDatabase"
    ' xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"'
    ' xmlns:ns3="http://www.garmin.com/xmlschemas/ActivityExtension/v2"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
)
_SPORTS = {"running": "Running", "cycling": "Biking"}
_TRIGGERS = {"distance": "Distance", "time": "Time", "position_start": "Location"}


def write_tcx(run: Recording) -> bytes:
    """Return the recording as TCX with one activity; `TotalTimeSeconds` is timer time."""
    return "\n".join(_lines(run)).encode() + b"\n"


def _lines(run: Recording) -> Iterator[str]:
    laps = run.laps_or_whole()
    # A record at the very moment of a button press belongs to the lap that begins.
    lap_of = np.searchsorted([lap.start_s for lap in laps[1:]], run.time_s, side="right")
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield _HEAD
    yield f'<Activities><Activity Sport="{_SPORTS.get(run.sport, "Other")}">'
    yield f"<Id>{iso_time(run.start_time)}</Id>"
    for index, lap in enumerate(laps):
        yield from _lap(run, lap, [s[lap_of[s] == index] for s in run.segments()])
    yield (
        f'<Creator xsi:type="Device_t"><Name>{escape(run.device)}</Name><UnitId>0</UnitId>'
        f"<ProductID>{run.product}</ProductID><Version><VersionMajor>1</VersionMajor>"
        "<VersionMinor>0</VersionMinor></Version></Creator>"
    )
    yield "</Activity></Activities>"
    yield "</TrainingCenterDatabase>"


def _lap(run: Recording, lap: LapMark, tracks: list[IntArray]) -> Iterator[str]:
    yield f'<Lap StartTime="{iso_time(run.moment(lap.start_s))}">'
    yield (
        f"<TotalTimeSeconds>{lap.timer_s:.3f}</TotalTimeSeconds>"
        f"<DistanceMeters>{lap.distance_m or 0:.2f}</DistanceMeters><Calories>0</Calories>"
        f"<Intensity>Active</Intensity><TriggerMethod>{_TRIGGERS.get(lap.trigger, 'Manual')}</TriggerMethod>"
    )
    for track in tracks:
        if len(track):
            yield "<Track>"
            yield from (_trackpoint(run, i) for i in track)
            yield "</Track>"
    yield "</Lap>"


def _trackpoint(run: Recording, i: int) -> str:
    strides = None if run.cadence_spm is None else run.cadence_spm / 2
    latitude = element("LatitudeDegrees", run.latitude_deg, i, ".7f")
    longitude = element("LongitudeDegrees", run.longitude_deg, i, ".7f")
    heart_rate = element("Value", run.heart_rate_bpm, i, ".0f")
    extension = (
        element("ns3:Speed", run.speed_mps, i, ".3f")
        + element("ns3:RunCadence", strides, i, ".0f")
        + element("ns3:Watts", run.power_w, i, ".0f")
    )
    return "".join(
        (
            f"<Trackpoint><Time>{iso_time(run.moment(run.time_s[i]))}</Time>",
            inside("Position", latitude + longitude),
            element("AltitudeMeters", run.altitude_m, i, ".1f"),
            element("DistanceMeters", run.distance_m, i, ".2f"),
            inside("HeartRateBpm", heart_rate),
            inside("Extensions", inside("ns3:TPX", extension)),
            "</Trackpoint>",
        )
    )
