"""What is kept of an activity to tell its report again: beside the document, an outline of the run.

An outline is packed with zlib: a byte for its version, two float64 for its first and last moment in seconds,
and three columns of int32 of one length, as differences: distance in centimetres, heart rate in beats and
altitude in decimetres, where the least int32 stands for missing. All is little-endian.
"""

from __future__ import annotations

import re
import struct
import zlib
from typing import Any

import numpy as np

from miler.errors import LibraryError, SettingsError
from miler.library.pressing import pressed
from miler.report.look import Look
from miler.shown import printable
from miler.trace import Outline

_VERSION = 1
_HEAD = struct.Struct("<B2d")
_SCALES = np.array([[100.0], [1.0], [10.0]])
_MISSING, _MOST = -(2**31), 2**31 - 1
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_OURS = re.compile(rf"({_COLOUR.pattern}|\n)")
_DAMAGE = (LookupError, TypeError, ValueError, struct.error, zlib.error)


def packed(run: Outline) -> bytes:
    """Write an outline: of an hour 1.5 kB."""
    columns = np.stack((run.distance_m, run.heart_rate_bpm, run.altitude_m)) * _SCALES
    whole = np.where(np.isnan(columns), _MISSING, np.rint(columns).clip(-_MOST, _MOST)).astype(np.int32)
    steps = whole.copy()
    steps[:, 1:] -= whole[:, :-1]  # what is too large for int32 wraps, there and back
    ends_s = run.elapsed_s[[0, -1]].tolist() if len(run.elapsed_s) else (0.0, 0.0)
    return pressed(_HEAD.pack(_VERSION, *ends_s) + steps.astype("<i4").tobytes())


def unpacked(blob: bytes) -> Outline:
    """Read what `packed` wrote.

    Raises:
        ValueError, struct.error or zlib.error: if it is damaged, or of another version.
    """
    data = zlib.decompress(blob)
    version, first_s, last_s = _HEAD.unpack_from(data)
    if version != _VERSION:
        raise ValueError(f"an outline of version {version}, not {_VERSION}")
    steps = np.frombuffer(data, "<i4", offset=_HEAD.size).reshape(3, -1)
    whole = steps.cumsum(axis=1, dtype=np.int32)
    columns = np.where(whole == _MISSING, np.nan, whole / _SCALES)
    return Outline(np.linspace(first_s, last_s, whole.shape[1]), *columns)


def is_sound(blob: Any) -> bool:
    """Whether a column of outlines holds one."""
    try:
        unpacked(blob)
    except _DAMAGE:
        return False
    return True


def told(document: dict[str, Any], outline: bytes | None, report: str, look: Look | None = None) -> str:
    """Write the text report of what is kept: the very one that `text.render` makes of the analysis.

    Args:
        document: as the library has it.
        outline: packed; None of an activity that was imported before outlines were kept.
        report: of such a one, the text as it was made then: for 100 columns, with ANSI colours.
        look: as in `text.render`.

    Raises:
        LibraryError: if it is damaged (`damaged`).
    """
    from miler.report.revived import revived
    from miler.report.text import WIDTH, retold

    look = look or Look(WIDTH)
    if outline is None:
        return look.said(_safe(report if look.color else _COLOUR.sub("", report)))
    try:
        analysis, run = revived(document), unpacked(outline)
    except (*_DAMAGE, AttributeError, SettingsError) as error:
        why = "what is kept of the activity cannot be read; `miler reprocess` makes it anew from its original"
        raise LibraryError(why, code="damaged") from error
    return _safe(retold(analysis, run, look))


def _safe(text: str) -> str:
    """Escape what does more to a terminal than colour it and end lines: a library may be somebody else's."""
    return "".join(piece if i % 2 else printable(piece) for i, piece in enumerate(_OURS.split(text)))
