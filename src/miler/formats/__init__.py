"""Bytes → activities: one table of formats, recognised by content and never by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from miler.activity import Activity, Note, Source
from miler.errors import CorruptFile, DecodeError, MilerError, UnknownFormat, UnsupportedFile
from miler.formats import fit, gpx, tcx
from miler.formats.containers import Archive, Entry
from miler.formats.inflate import GZIP, Content, gunzip
from miler.formats.lookalikes import looks_like
from miler.formats.ziparchive import Memory
from miler.limits import LIMITS, Limits
from miler.names import EXTENSIONS, is_zip

__all__ = ["EXTENSIONS", "decode", "decode_content", "gathered", "recognise"]

_HEAD = 4096
_MOST_TOLD = 20  # members that cannot be read; who reads more reads none

_READERS: dict[str, Callable[..., list[Activity]]] = {
    "fit": fit.decode,
    "gpx": gpx.decode,
    "tcx": tcx.decode,
}


def decode(data: bytes, *, strict: bool = False, name: str = "") -> list[Activity]:
    """Read every activity in the bytes of one file, gzipped or not, or of a zip archive of such files.

    Args:
        data: the bytes of a FIT, GPX or TCX file, or of an archive.
        strict: raise for damage instead of returning what is left with notes.
        name: what the source is called in reports; never used to guess the format.

    Returns:
        At least one activity, in the order of the file. Of an archive, whatever can be read; what
        cannot is damage, in the notes of the first activity.

    Raises:
        UnknownFormat: if the content is none of the formats.
        CorruptFile: if nothing usable is left, or for any damage when `strict`.
        UnsupportedFile: if the file is sound but no activity.
    """
    return decode_content(Content(data), strict=strict, name=name)


def decode_content(
    content: Content, *, strict: bool = False, name: str = "", limits: Limits = LIMITS
) -> list[Activity]:
    """Read as `decode` what came out of an archive, with the notes on how it did."""
    if not is_zip(content.data[:4]):
        return _decode_file(content, strict, name, limits)
    archive = Archive(Memory(content.data), limits)

    def reading(entry: Entry) -> Callable[[], list[Activity]]:
        def read() -> list[Activity]:
            if entry.error is not None:
                raise entry.error
            return _decode_file(archive.read(entry.way), strict, entry.name, limits)

        return read

    entries = (entry for entry in archive.entries(name or "archive") if not entry.table)
    return gathered(((entry.name, reading(entry)) for entry in entries), strict=strict)


def gathered(
    readings: Iterable[tuple[str, Callable[[], list[Activity]]]], *, strict: bool = False
) -> list[Activity]:
    """Read the members of an archive, each by calling its reading, and put the activities together.

    Raises:
        DecodeError: if there is no activity, the first reason; if `strict`, the first damage.
    """
    activities: list[Activity] = []
    others: list[MilerError] = []
    failures: list[tuple[str, MilerError]] = []
    failed = 0
    for name, read in readings:
        try:
            activities += read()
        except UnsupportedFile as error:
            others = others or [error]
        except DecodeError as error:
            if strict:
                raise
            failed += 1
            if failed <= _MOST_TOLD:  # an error holds on to the frames that raised it, and what is in them
                failures.append((name, error))
    if not activities:
        raise ([error for _, error in failures] or others)[0]
    if failures:
        activities[0] = replace(activities[0], notes=(*activities[0].notes, *_told(failures, failed)))
    return activities


def _told(failures: list[tuple[str, MilerError]], failed: int) -> list[Note]:
    texts = [f"{name} could not be read: {error.message}" for name, error in failures]
    if failed > len(failures):
        texts.append(f"files that could not be read either: {failed - len(failures)}")
    return [Note("member_failed", "damage", text) for text in texts]


def _decode_file(content: Content, strict: bool, name: str, limits: Limits) -> list[Activity]:
    plain = gunzip(content.data, limits) if content.data[:2] == GZIP else Content(content.data)
    notes = (*content.notes, *plain.notes)
    if strict and notes:
        raise CorruptFile(notes[0].message, code=notes[0].code)
    try:
        format = recognise(plain.data)
        source = Source(name, format, len(content.data), content.sha256)
        activities = _READERS[format](plain.data, strict=strict, source=source)
    except (UnknownFormat, UnsupportedFile) as error:
        if notes:  # what the container lost may have been the activity
            text = f"{notes[0].message}, and nothing usable is left: {error.message}"
            raise CorruptFile(text, code=notes[0].code) from None
        raise
    several = len(activities) > 1
    if not (several or notes):  # an activity that is made anew is checked anew
        return activities
    return [
        replace(
            activity,
            source=replace(source, part=i if several else None),
            notes=(*notes, *activity.notes),
        )
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
    if data[0] == 0 and data == bytes(len(data)):
        raise UnknownFormat(
            "the file is all zeros; the copy from the watch was not finished", code="all_zero"
        )
    head = data[:_HEAD].replace(b"\0", b"").lower()  # without NULs, UTF-16 reads as text
    if b"<gpx" in head or b":gpx" in head:
        return "gpx"
    if b"trainingcenterdatabase" in head or b"<activities>" in head:
        return "tcx"
    if fit.looks_like_fit(data):
        return "fit"
    raise UnknownFormat(f"{looks_like(data[:_HEAD])}; miler reads FIT, GPX and TCX, plain or gzipped")
