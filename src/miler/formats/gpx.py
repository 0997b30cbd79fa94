"""GPX 1.0 and 1.1 → activities, one for each track.

Source: the schemas at topografix.com/GPX/1/0 and /GPX/1/1 (gpx.xsd); point extensions by
Garmin (TrackPointExtension v1 and v2, PowerExtension v1) and Cluetrust (gpxdata).
"""

from __future__ import annotations

import numpy as np

from miler.activity import Activity, Note, Source
from miler.formats.assemble import Raw
from miler.formats.points import Points, sport_of, title
from miler.formats.reading import read
from miler.formats.skeleton import RUN
from miler.formats.xml import Element, Row, leaf
from miler.formats.xmlfile import XmlFile, XmlFormat
from miler.geodesy import metres_between

_KEYS = {"latitude": "lat", "longitude": "lon"}

# What the vendors call it, whatever prefix they give it → stream. Cadence: see `points._steps`.
_SENSORS = {
    "hr": "heart_rate",
    "heartrate": "heart_rate",
    "cad": "cadence",
    "cadence": "cadence",
    "RunCadence": "cadence",
    "atemp": "temperature",
    "temp": "temperature",
    "power": "power",
    "watts": "power",
    "PowerInWatts": "power",
    "speed": "speed",
    "distance": "distance",
}

# As a share of the points.
_MOST_FALLS = 0.01


def _point() -> Element:
    sensors = {name: leaf(stream) for name, stream in _SENSORS.items()}
    # GPX 1.0 has speed, and anybody's elements, right in the point; 1.1 has them in extensions.
    extensions = Element(sensors, through=True)
    return Element({"ele": leaf("altitude"), "time": leaf("time"), **sensors, "extensions": extensions})


_GPX = XmlFormat(
    name="gpx",
    point="trkpt",
    make_point=_point,
    keys=frozenset({"lat", "lon", "altitude", "time", *_SENSORS.values()}),
    homes={"gpx": "", "trk": "gpx", "trkseg": "trk", "trkpt": "trkseg"},
)


def decode(data: bytes, *, strict: bool = False, source: Source | None = None) -> list[Activity]:
    """Read every track that has times, in the order of the file.

    Each `<trk>` is an activity of its own, also where one continues another: only the
    runner knows whether they belong together. A break between segments during which the
    recording's rhythm stops is a pause.

    Args:
        data: the bytes of a GPX file, in whatever encoding.
        strict: raise for any damage.
        source: where the activities come from.

    Returns:
        At least one activity. Broken XML gives every complete point, and a note for each break.

    Raises:
        CorruptFile: if no usable point is left, for a DTD or absurd sizes, or for any damage when `strict`.
        UnsupportedFile: for a route, waypoints, or a track without times.
    """
    file, reading = read(data, _File)
    tracks = [(number, track) for number, track in enumerate(file.recordings, start=1) if len(track.points)]
    timed = [(n, track, raw) for n, track in tracks if np.isfinite((raw := track.raw()).times).any()]
    if not timed:
        raise reading.refusal(file)
    for _, track, raw in timed:
        raw.device = title(file.about.get("creator"))
        raw.name = title(track.about.get("name") or file.about.get("name"))
    raws = [(number, raw) for number, _, raw in timed]
    without = len(tracks) - len(raws)
    if without:
        text = f"tracks left out for want of times: {without} of {len(tracks)}"
        raws[0][1].notes.append(Note("untimed_track", "finding", text))
    return reading.activities(raws, strict=strict, source=source)


class _Track:
    """A `<trk>`: its row, which fills as the file is read, and its points."""

    def __init__(self, about: Row) -> None:
        self.about = about
        self.points = Points(_KEYS)

    def raw(self) -> Raw:
        raw = self.points.raw(*sport_of(self.about.get("type")))
        _drop_steps(raw)
        return raw


class _File(XmlFile[_Track]):
    """What has been seen of a file; one method for each element that matters."""

    format = _GPX

    def __init__(self) -> None:
        super().__init__()
        self.about: Row = {}
        self.routes = 0
        self.waypoints = 0
        self.point = _point().handed_to(self.trkpt)

    def document(self) -> Element:
        """Return the map of the format, as far as it matters here."""
        trkseg = Element({"trkpt": self.point, RUN: Element(begin=self.run)}, begin=self.segment)
        trk = Element({"name": leaf("name"), "type": leaf("type"), "trkseg": trkseg}, begin=self.trk)
        gpx = Element(
            {
                "name": leaf("name"),  # 1.0
                "metadata": Element({"name": leaf("name")}),  # 1.1
                "wpt": Element(begin=self.wpt),
                "rte": Element(begin=self.rte),
                "trk": trk,
            },
            begin=self.gpx,
        )
        return Element({"gpx": gpx})

    def gpx(self, row: Row) -> None:
        self.about = row

    def trk(self, row: Row) -> None:
        self.recordings.append(_Track(row))

    def trkpt(self, row: Row) -> None:
        self.recordings[-1].points.add(row)

    def rte(self, _row: Row) -> None:
        self.routes += 1

    def wpt(self, _row: Row) -> None:
        self.waypoints += 1

    def instead(self) -> tuple[str, str]:
        """Say what a file is that has no recording: in a sentence, and by its kind."""
        if self.routes:
            return "this is a planned route, not a recording", "route"
        if self.waypoints:
            return f"this is a list of waypoints ({self.waypoints}), not a recording", "waypoints"
        return "there is no track in it", "empty"


def _drop_steps(raw: Raw) -> None:
    """Keep `distance` only where it counts from the start.

    Suunto writes metres since the start under the name that others use for the metres since
    the point before: the first hardly ever falls (a damaged digit may), and grows about as far
    as the fixes go.
    """
    column = raw.streams.get("distance")
    if column is None:
        return
    latitude, longitude = (raw.streams.get(name, np.full(len(column), np.nan)) for name in _KEYS)
    sensible = (np.abs(latitude) <= 90) & (np.abs(longitude) <= 180)
    latitude, longitude = latitude[sensible], longitude[sensible]
    path_m = float(metres_between(latitude[:-1], longitude[:-1], latitude[1:], longitude[1:]).sum())
    counted = column[np.isfinite(column)]
    grown_m = float(counted[-1] - counted[0]) if len(counted) else 0.0
    falls = int((np.diff(counted) < 0).sum())
    if falls <= _MOST_FALLS * len(counted) and grown_m >= path_m / 2:
        return
    del raw.streams["distance"]
    text = "the distances in the file do not count from the start; the fixes were used instead"
    raw.notes.append(Note("distance_steps", "finding", text))
