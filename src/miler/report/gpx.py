"""An activity as GPX 1.1, for other programs: every fix with its time, a segment between any two pauses.

Heart rate, cadence and temperature go into Garmin's TrackPointExtension v1, the device's distance into
Cluetrust's gpxdata, from where miler reads it back, so that the mile stays what it was.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np

from miler.errors import ActivityError
from miler.shown import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpxpy.gpx import GPX, GPXTrackPoint

    from miler.activity import Activity
    from miler.arrays import FloatArray

CREATOR = "miler"

_GARMIN = "http://www.garmin.com/xmlschemas/TrackPointExtension/v1"
_CLUETRUST = "http://www.cluetrust.com/XML/GPXDATA/1/0"
# The schema has them in this order, hr and cad as whole numbers; cadence counts one leg.
_SENSORS = (
    ("temperature", "atemp", "{:.1f}", 1.0),
    ("heart_rate", "hr", "{:.0f}", 1.0),
    ("cadence", "cad", "{:.0f}", 0.5),
)


def render(activity: Activity, name: str | None = None) -> str:
    """Write the activity's fixes; records without one are left out, for GPX has no place for them.

    Args:
        activity: what was recorded.
        name: what to call it, instead of its own name.

    Raises:
        ActivityError: if it has no fix (`no_fixes`).
    """
    from gpxpy.gpx import GPX, GPXTrack, GPXTrackSegment

    latitude, longitude = activity.get("latitude"), activity.get("longitude")
    (fixed,) = np.nonzero(np.isfinite(latitude) & np.isfinite(longitude))
    if not len(fixed):
        raise ActivityError("it has no positions, which GPX cannot be without", code="no_fixes")
    gpx = GPX()
    gpx.creator = CREATOR
    gpx.nsmap = {"gpxtpx": _GARMIN, "gpxdata": _CLUETRUST}
    track = GPXTrack(name=_text(name or activity.name))
    track.type = None if activity.sport == "unknown" else activity.sport  # type: ignore[assignment]
    track.source = _text(activity.device)
    gpx.tracks.append(track)
    ends_s = [pause.end_s for pause in activity.pauses]
    for run in np.split(fixed, _cuts(activity.elapsed[fixed], ends_s)):
        if len(run):
            track.segments.append(GPXTrackSegment(_points(activity, run.tolist())))
    return _xml(gpx)


def _xml(gpx: GPX) -> str:
    text: str = gpx.to_xml(version="1.1", prettyprint=False)
    return text + "\n"


def _text(words: str | None) -> str | None:
    """XML has no place for control characters."""
    return None if words is None else printable(words)


def _cuts(elapsed_s: FloatArray, ends_s: Sequence[float]) -> list[int]:
    """Return where each pause that lies between two of the (n,) moments cuts them."""
    cuts: list[int] = np.searchsorted(elapsed_s, np.array(ends_s, np.float64)).tolist()
    return cuts


def _points(activity: Activity, indices: Sequence[int]) -> list[GPXTrackPoint]:
    from gpxpy.gpx import GPXTrackPoint

    latitude, longitude = activity["latitude"].tolist(), activity["longitude"].tolist()
    altitude, elapsed = activity.get("altitude").tolist(), activity.elapsed.tolist()
    sensors = [
        (activity[s].tolist(), tag, form, factor) for s, tag, form, factor in _SENSORS if s in activity
    ]
    distance = activity["distance"].tolist() if "distance" in activity else None
    start = activity.start_time
    points = []
    for i in indices:
        point = GPXTrackPoint(
            round(latitude[i], 7),
            round(longitude[i], 7),
            elevation=None if altitude[i] != altitude[i] else round(altitude[i], 2),
            time=None if start is None else start + timedelta(milliseconds=round(1000 * elapsed[i])),
        )
        read = [
            (tag, form.format(column[i] * factor))
            for column, tag, form, factor in sensors
            if column[i] == column[i]
        ]
        if read:
            extension = ElementTree.Element(f"{{{_GARMIN}}}TrackPointExtension")
            for tag, text in read:
                ElementTree.SubElement(extension, f"{{{_GARMIN}}}{tag}").text = text
            point.extensions.append(extension)
        if distance is not None and distance[i] == distance[i]:
            element = ElementTree.Element(f"{{{_CLUETRUST}}}distance")
            element.text = f"{distance[i]:.2f}"
            point.extensions.append(element)
        points.append(point)
    return points
