"""The track: an ordinary GPS recording, measured again along the line on which the lane is measured.

`detect` asks whether a run was on an oval at all, `shape` fits the oval and asks for the lane, `path`
estimates where along the line the runner was at each second and how sure that is (`chain` solves that),
`finish` finds the line from the lap presses, `strayed` laps in another lane, `meant` who stopped on the mile,
`changepoint` when that was;
`measured` puts these together, `laid` puts the result on the odometer, and `summary` says it. How well that
works is measured in benchmarks/track.py; docs/explanation/oval.md tells the rest.
"""

from miler.track.laid import onto_track
from miler.track.line import Line
from miler.track.measured import Circuit, Track, find_track
from miler.track.summary import Drawing, LineLap, TrackSummary, summarise_track

__all__ = [
    "Circuit",
    "Drawing",
    "Line",
    "LineLap",
    "Track",
    "TrackSummary",
    "find_track",
    "onto_track",
    "summarise_track",
]
