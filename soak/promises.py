"""What must hold of any bytes whatever: the promises of a reader, asked from outside of it.

Whether a file is damaged is asked of others (`fastcrc`, expat, zlib), so that a reader that swallows damage
without a word is found out as well as one that stumbles.
"""

from __future__ import annotations

import struct
import zlib
from xml.parsers import expat

import numpy as np
from fastcrc import crc16

from miler.activity import Activity, Note, Pause, Session
from miler.analysis import analyse
from miler.errors import DecodeError, MilerError, UnknownFormat, UnsupportedFile
from miler.formats import decode, recognise
from miler.formats.xmltext import XmlText
from miler.report.document import document, dumps

_LONGEST_S = 92 * 86_400.0  # from 45 days before the middle record to 45 days after it, a day of wait
_FIT_CRC_BYTES = 2
_ZIP = b"PK"


class Broken(Exception):
    """A promise that was not kept."""


def promise(kept: bool, what: str) -> None:
    """Ask for what was promised.

    Raises:
        Broken: if it is not so.
    """
    if not kept:
        raise Broken(what)


def known_or_refused(data: bytes) -> None:
    """Bytes are of a format, or refused in words."""
    try:
        promise(recognise(data) in ("fit", "gpx", "tcx"), "a format that nobody reads")
    except UnknownFormat as error:
        promise(bool(error.message and error.code), "refused without a word")


def read_or_refused(data: bytes) -> None:
    """Bytes become activities that keep their promises, damage is said, or they are refused in words."""
    try:
        activities = decode(data)
    except DecodeError as error:
        promise(bool(error.message and error.code), "refused without a word")
        return
    promise(len(activities) > 0, "neither an activity nor an error")
    for activity in activities:
        _sound(activity)
    damage = [note for activity in activities for note in activity.notes if note.kind == "damage"]
    promise(bool(damage) or not _damaged(data), "damage is not said")
    _strict_agrees(data, activities, damage)


def told_or_refused(data: bytes) -> None:
    """Bytes become documents of finite numbers, or are refused in words."""
    try:
        for activity in decode(data):
            dumps(document(analyse(activity)))  # refuses what is not finite
    except MilerError as error:
        promise(bool(error.message and error.code), "refused without a word")


def _sound(activity: Activity) -> None:
    """Ask for what `Activity` promises beyond what its constructor looks at."""
    elapsed = activity.elapsed
    promise(bool((elapsed >= 0).all() and (elapsed <= _LONGEST_S).all()), "a moment outside of the activity")
    for name, column in activity.streams.items():
        promise(not np.isinf(column).any(), f"an infinite {name}")
        promise(bool(np.isfinite(column).any()), f"no {name} at all, and yet a column")
    spans: tuple[Pause | Session, ...] = (*activity.pauses, *activity.sessions)
    for span in spans:
        promise(
            0 <= span.start_s <= span.end_s < np.inf, f"a {type(span).__name__} that ends before it begins"
        )
    for lap in activity.laps:
        promise(0 <= lap.start_s < np.inf and 0 <= lap.elapsed_s < np.inf, "a lap without a length")
    promise(bool(np.isfinite(activity.elapsed_s)), "an endless activity")
    promise(all(note.code and note.message for note in activity.notes), "a note without a word")


def _strict_agrees(data: bytes, lenient: list[Activity], damage: list[Note]) -> None:
    """Strict reading refuses what has damage, and reads the rest as ever."""
    try:
        strict = decode(data, strict=True)
    except UnsupportedFile:
        raise Broken("strict reading takes an activity for none") from None
    except DecodeError:
        # In an archive, the damage may be to a member that turned out to be no activity.
        promise(bool(damage) or data[:2] == _ZIP, "strict reading refuses a file without damage")
        return
    promise(not damage, "strict reading lets damage pass")
    same = [(len(activity), activity.notes) for activity in strict]
    promise(
        same == [(len(activity), activity.notes) for activity in lenient], "strict reading reads otherwise"
    )


def _damaged(data: bytes) -> bool:
    """Whether others find the file damaged; False where they cannot say."""
    if data[:2] == b"\x1f\x8b":
        return _gzip_damaged(data)
    if data[:2] == _ZIP:
        return False  # what belongs to an archive is a matter of opinion
    return _fit_damaged(data) if b".FIT" in data[:16] else _xml_damaged(data)


def _gzip_damaged(data: bytes) -> bool:
    plain = b""
    while data.strip(b"\0"):  # some tapes and disks fill their last block
        stream = zlib.decompressobj(31)
        try:
            plain += stream.decompress(data)
        except zlib.error:
            return True
        if not stream.eof:
            return True
        data = stream.unused_data
    return _damaged(plain)


def _fit_damaged(data: bytes) -> bool:
    """Whether the file is anything but whole parts with right checksums, one behind the other."""
    while data:
        if len(data) < 12 or data[8:12] != b".FIT":
            return True
        end = data[0] + struct.unpack_from("<I", data, 4)[0]
        told = data[end : end + _FIT_CRC_BYTES]
        if len(told) < _FIT_CRC_BYTES:
            return True
        crc = struct.unpack("<H", told)[0]
        if crc not in (0, crc16.arc(data[:end])):
            return True
        data = data[end + _FIT_CRC_BYTES :]
    return False


def _xml_damaged(data: bytes) -> bool:
    parser = expat.ParserCreate("utf-8")
    try:
        parser.Parse(XmlText.of(data).text, True)
    except expat.ExpatError:
        return True
    return False
