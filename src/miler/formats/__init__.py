"""Bytes → activities: one table of formats, recognised by content and never by name."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from dataclasses import replace

from miler.activity import Activity, Source
from miler.errors import CorruptFile, UnknownFormat
from miler.formats import fit, gpx, tcx

__all__ = ["EXTENSIONS", "decode", "recognise"]

# The names that a folder is searched for; what is inside decides how it is read.
EXTENSIONS = (".fit", ".gpx", ".tcx", ".fit.gz", ".gpx.gz", ".tcx.gz")

LARGEST_FILE = 256 * 2**20
_GZIP = b"\x1f\x8b"
_HEAD = 4096

_READERS: dict[str, Callable[..., list[Activity]]] = {
    "fit": fit.decode,
    "gpx": gpx.decode,
    "tcx": tcx.decode,
}


def decode(data: bytes, *, strict: bool = False, name: str = "") -> list[Activity]:
    """Read every activity in the bytes of one file, gzipped or not.

    Args:
        data: the bytes of a FIT, GPX or TCX file.
        strict: raise for damage instead of returning what is left with notes.
        name: what the source is called in reports; never used to guess the format.

    Returns:
        At least one activity, in the order of the file.

    Raises:
        UnknownFormat: if the content is none of the formats.
        CorruptFile: if nothing usable is left, or for any damage when `strict`.
        UnsupportedFile: if the file is sound but no activity.
    """
    source = Source(name=name, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    content = _gunzip(data) if data[:2] == _GZIP else data
    format = recognise(content)
    activities = _READERS[format](content, strict=strict)
    several = len(activities) > 1
    return [
        activity.with_source(replace(source, format=format, part=i if several else None))
        for i, activity in enumerate(activities, start=1)
    ]


def recognise(data: bytes) -> str:
    """Return the format of the content: `fit`, `gpx` or `tcx`.

    Raises:
        UnknownFormat: with words on what it looks like instead.
    """
    if not data:
        raise UnknownFormat("the file is empty", code="empty_file")
    if b".FIT" in data[:16]:
        return "fit"
    if not data.strip(b"\0"):
        raise UnknownFormat(
            "the file is all zeros; the copy from the watch was not finished", code="all_zero"
        )
    head = data[:_HEAD].replace(b"\0", b"").lower()  # without NULs, UTF-16 reads as text
    if b"<gpx" in head or b":gpx" in head:
        return "gpx"
    if b"trainingcenterdatabase" in head or b"<activities>" in head:
        return "tcx"
    raise UnknownFormat(f"{_looks_like(head)}; miler reads FIT, GPX and TCX, plain or gzipped")


def _looks_like(head: bytes) -> str:
    text = head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if text.startswith((b"<!doctype html", b"<html")):
        return "this is a web page"
    if text.startswith(b"pk\x03\x04"):
        return "this is a zip archive"
    if text.startswith(b"{"):
        return "this is JSON"
    if text.startswith(b"<"):
        return "this is XML, but neither GPX nor TCX"
    return "this is no activity file"


def _gunzip(data: bytes) -> bytes:
    """Expand gzip within `LARGEST_FILE`; a stream that breaks off gives what came before."""
    expanded = bytearray()
    rest = data
    while rest[:2] == _GZIP:
        stream = zlib.decompressobj(wbits=31)
        try:
            expanded += stream.decompress(rest, LARGEST_FILE + 1 - len(expanded))
        except zlib.error as error:
            if not expanded:
                raise CorruptFile(f"the gzip data cannot be expanded ({error})", code="gzip") from None
            break
        if len(expanded) > LARGEST_FILE:
            raise CorruptFile(
                f"expands to more than {LARGEST_FILE // 2**20} MiB; no activity is so large",
                code="too_large_expanded",
            )
        rest = stream.unused_data
    return bytes(expanded)
