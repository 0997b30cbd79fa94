"""Does a file say by its own format that it is complete? Copies grow, and some are zeros of full size first.

Only ends are looked at, and what the format keeps for this purpose: no message and no point is read.
"""

from __future__ import annotations

import re

import fastcrc

from miler.errors import CorruptFile
from miler.formats.inflate import GZIP, gunzip
from miler.formats.ziparchive import Blob
from miler.limits import LIMITS, Limits
from miler.names import is_zip

_HEAD = _TAIL = 4096
_ZIP_END, _ZIP_END_BYTES, _LONGEST_COMMENT = b"PK\x05\x06", 22, 0xFFFF
_FIT_HEADER, _CRC_BYTES = 12, 2
# No text has so many in a row, in UTF-16 neither; file systems fill whole sectors, eight times as many.
_HOLE = bytes(64)
_XML_END = re.compile(rb"</(?:[\w.-]+:)?(?:gpx|trainingcenterdatabase|activities)\s*>", re.IGNORECASE)


def lacking(blob: Blob, limits: Limits = LIMITS) -> str | None:
    """Say what a FIT, GPX or TCX file, gzipped or not, or a zip archive lacks to be complete.

    Args:
        blob: the file. Of an archive only the end is read, of others all.
        limits: a file beyond them is not looked at; its reader refuses it.

    Returns:
        What is lacking, in words; None if nothing, or if it is no such format and so cannot be told.
    """
    head = blob.read_at(0, _HEAD)
    if not head:
        return "it is empty"
    if not head.strip(b"\0"):
        return "it begins with zeros"
    if is_zip(head):
        return _zip(blob)
    if blob.size > limits.file_bytes:
        return None
    data = blob.read_at(0, blob.size)
    if head.startswith(GZIP):
        return _gzip(data, limits)
    if data[8:12] == b".FIT":
        return _fit(data)
    return _text(data)


def _fit(data: bytes) -> str | None:
    """Go through the parts of a chained file, each with its length and its checksum."""
    at = 0
    while data[at + 8 : at + 12] == b".FIT":
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        end = at + max(data[at], _FIT_HEADER) + size
        if not size or end + _CRC_BYTES > len(data):
            # Some devices write a wrong length, and the right checksum at the end of the file.
            if _fits(data, at, len(data) - _CRC_BYTES):
                return None
            return (
                f"it has {len(data)} of {end + _CRC_BYTES} bytes" if size else "its header has no length yet"
            )
        if not _fits(data, at, end):
            return "its checksum does not fit"
        at = end + _CRC_BYTES
    return "only zeros follow its first part" if at < len(data) and not data[at:].strip(b"\0") else None


def _fits(data: bytes, start: int, end: int) -> bool:
    following = int.from_bytes(data[end : end + _CRC_BYTES], "little")
    return start + _FIT_HEADER < end and bool(fastcrc.crc16.arc(memoryview(data)[start:end]) == following)


def _gzip(data: bytes, limits: Limits) -> str | None:
    try:
        notes = gunzip(data, limits).notes
    except CorruptFile as error:
        return "its gzip data breaks off" if error.code == "gzip" else None
    return "its gzip data breaks off" if notes else None


def _zip(blob: Blob) -> str | None:
    tail = blob.read_at(max(0, blob.size - _ZIP_END_BYTES - _LONGEST_COMMENT), blob.size)
    at = tail.rfind(_ZIP_END)
    while at >= 0:
        comment = int.from_bytes(tail[at + _ZIP_END_BYTES - 2 : at + _ZIP_END_BYTES], "little")
        if at + _ZIP_END_BYTES + comment == len(tail):
            return None
        at = tail.rfind(_ZIP_END, 0, at)
    return "the directory at its end is missing"


def _text(data: bytes) -> str | None:
    if _HOLE in data:
        return "a part of it is zeros"
    head = data[:_HEAD].replace(b"\0", b"").lower()  # without NULs, UTF-16 reads as text
    if b"<gpx" in head or b":gpx" in head or b"trainingcenterdatabase" in head or b"<activities>" in head:
        end = data[-_TAIL:].replace(b"\0", b"")
        return None if _XML_END.search(end) else "its end tag is missing"
    # So little may be the beginning of anything.
    begun = len(data) <= _FIT_HEADER or (len(data) < _HEAD and b"<?xml" in head[:32])
    return "it has only begun" if begun else None
