"""Runs at an even speed by whatever clock: the bytes that a watch with that clock would have left."""

from __future__ import annotations

from collections.abc import Sequence

from devtools.fit_file import ENUM, UINT32, FitFile

FIT_EPOCH_S = 631_065_600  # 1989-12-31
_FILE_ID, _RECORD = 0, 20
STEP_M = 4


def fit_by(stamps: Sequence[int]) -> bytes:
    """Return a FIT activity with a record at each of FIT's seconds, and four more metres at each."""
    file = FitFile()
    file.define(0, _FILE_ID, [(0, 1, ENUM)])
    file.message(0, 4)
    file.define(1, _RECORD, [(253, 4, UINT32), (5, 4, UINT32)])
    for i, stamp in enumerate(stamps):
        file.message(1, stamp, 100 * STEP_M * i)
    return file.to_bytes()


def gpx_by(stamps: Sequence[str]) -> bytes:
    """Return a GPX track with a point at each of these times, eastward along the equator."""
    points = "".join(
        f'<trkpt lat="10" lon="{10 + STEP_M * i / 109_639.3:.9f}"><time>{stamp}</time></trkpt>'
        for i, stamp in enumerate(stamps)
    )
    return f"<gpx><trk><type>running</type><trkseg>{points}</trkseg></trk></gpx>".encode()


def tcx_by(stamps: Sequence[str]) -> bytes:
    """Return a TCX activity with a point at each of these times, and four more metres at each."""
    points = "".join(
        f"<Trackpoint><Time>{stamp}</Time><DistanceMeters>{STEP_M * i}</DistanceMeters></Trackpoint>"
        for i, stamp in enumerate(stamps)
    )
    track = (
        f'<Lap StartTime="{stamps[0]}"><TotalTimeSeconds>9</TotalTimeSeconds><Track>{points}</Track></Lap>'
    )
    body = f'<Activities><Activity Sport="Running"><Id>x</Id>{track}</Activity></Activities>'
    return f"<TrainingCenterDatabase>{body}</TrainingCenterDatabase>".encode()
