"""A recording as GPX 1.1 with Garmin's TrackPointExtension v1; each pause begins a new `trkseg`."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from devtools.recording import Recording
from devtools.xml_parts import element, inside, iso_time
from miler.arrays import FloatArray

_HEAD = (
    '<gpx version="1.1" creator={creator} xmlns="http://www.topografix.com/GPX/1/1" '
    'xmlns:gpxtpx="http://www.garmin.com/xmlschemas/TrackPointExtension/v1">'
)


def write_gpx(run: Recording) -> bytes:
    """Return the recording as GPX; records without a position are left out, for a `trkpt` cannot be without.

    Raises:
        ValueError: if the recording has no positions at all.
    """
    if run.latitude_deg is None or run.longitude_deg is None:
        raise ValueError("GPX needs positions; this recording has none")
    return "\n".join(_lines(run, run.latitude_deg, run.longitude_deg)).encode() + b"\n"


def _lines(run: Recording, latitude: FloatArray, longitude: FloatArray) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield _HEAD.format(creator=quoteattr(run.device))
    yield f"<metadata><time>{iso_time(run.start_time)}</time></metadata>"
    yield f"<trk><name>{escape(run.name)}</name><type>{escape(run.sport)}</type>"
    for segment in run.segments():
        yield "<trkseg>"
        for i in segment:
            if np.isfinite(latitude[i]) and np.isfinite(longitude[i]):
                yield (
                    f'<trkpt lat="{latitude[i]:.7f}" lon="{longitude[i]:.7f}">'
                    f"{element('ele', run.altitude_m, i, '.1f')}"
                    f"<time>{iso_time(run.moment(run.time_s[i]))}</time>{_extensions(run, i)}</trkpt>"
                )
        yield "</trkseg>"
    yield "</trk>"
    yield "</gpx>"


def _extensions(run: Recording, i: int) -> str:
    strides = None if run.cadence_spm is None else run.cadence_spm / 2
    inner = (
        element("gpxtpx:atemp", run.temperature_c, i, ".1f")
        + element("gpxtpx:hr", run.heart_rate_bpm, i, ".0f")
        + element("gpxtpx:cad", strides, i, ".0f")
    )
    return inside("extensions", inside("gpxtpx:TrackPointExtension", inner))
