"""The bytes of a file → what its format makes of them, the fastest way that is sure.

Three ways, each for what the one before cannot do: the runs of points as columns and the rest
walked (`skeleton`), the whole walked, and what is broken walked from break to break (`mend`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from xml.parsers import expat

from miler.activity import Activity, Note, Source
from miler.errors import CorruptFile, DecodeError, UnsupportedFile
from miler.formats.assemble import Raw, assemble
from miler.formats.mend import Break, mend
from miler.formats.skeleton import skeleton
from miler.formats.xml import Walker
from miler.formats.xmlfile import XmlFile
from miler.formats.xmltext import XmlText, refuse_long_runs

_File = TypeVar("_File", bound=XmlFile[Any])

# Who reads more than this reads none.
_MOST_TOLD = 20


@dataclass(frozen=True)
class Reading:
    """How reading the XML went: whole if there are no breaks."""

    format: str
    text: XmlText
    breaks: list[Break]

    def activities(
        self, raws: list[tuple[int, Raw]], *, strict: bool, source: Source | None
    ) -> list[Activity]:
        """Assemble what was found; a break is told with the recording it hit.

        Args:
            raws: the recordings, at least one, each with its number in the file, from 1.
            strict: raise for any damage.
            source: where they come from.

        Raises:
            CorruptFile: for any damage, if `strict`.
        """
        raws[0][1].notes[:0] = self.text.notes
        for broken in self.breaks[:_MOST_TOLD]:
            self._hit(raws, broken).notes.append(Note(broken.code, "damage", self._said(broken)))
        more = self.breaks[_MOST_TOLD:]
        if more:
            points = sum(broken.points for broken in more)
            text = f"the XML is broken in {len(more)} more places; points dropped there: {points}"
            raws[-1][1].notes.append(Note("xml_malformed", "damage", text))
        activities = [assemble(raw, source) for _, raw in raws]
        damage = [note for activity in activities for note in activity.notes if note.kind == "damage"]
        if strict and damage:
            line = self.text.line(self.breaks[0].begin) if self.breaks else None
            raise CorruptFile(damage[0].message, code=damage[0].code, format=self.format, at=line)
        return activities

    def refusal(self, file: XmlFile[Any]) -> DecodeError:
        """Say why a file gives no activity: it has no times, is broken, or is something else."""
        points = sum(len(recording.points) for recording in file.recordings)
        if self.breaks and not points:
            return self._nothing_left()
        if points:
            counted = f"{points} point{'s' if points > 1 else ''}"
            text = f"a track without times ({counted}) cannot be timed; export the activity itself"
            kind = "track without times"
        else:
            text, kind = file.instead()
        return UnsupportedFile(text, kind=kind, format=self.format)

    def _nothing_left(self) -> CorruptFile:
        broken = self.breaks[0]
        return CorruptFile(
            f"{self._said(broken)}, and nothing usable is left; copy or export the file again",
            code=broken.code,
            format=self.format,
            at=self.text.line(broken.begin),
        )

    @staticmethod
    def _hit(raws: list[tuple[int, Raw]], broken: Break) -> Raw:
        return next((raw for number, raw in raws if number >= broken.recordings), raws[-1][1])

    def _said(self, broken: Break) -> str:
        what = "the file ends too early" if broken.code == "xml_truncated" else "the XML is broken"
        begin, end = self.text.place(broken.begin), self.text.place(broken.end)
        return (
            f"{what} in line {self.text.line(broken.begin)} ({broken.reason}): "
            f"bytes {begin} to {end} were skipped, points dropped: {broken.points}"
        )


def read(data: bytes, new: Callable[[], _File]) -> tuple[_File, Reading]:
    """Read a file, however it is encoded, and as much of it as there is.

    Args:
        data: the bytes of the file.
        new: makes a file of the format of which nothing has been read.

    Raises:
        CorruptFile: for what no recording needs: a DTD, absurd depth or length.
    """
    xml = XmlText.of(data)
    file = _read_fast(xml.text, new)
    if file is not None:
        return file, Reading(file.format.name, xml, [])
    file = new()
    refuse_long_runs(xml.text, file.format.name)
    try:
        Walker(file.document(), file.format.name).walk(xml.text)
    except (expat.ExpatError, CorruptFile) as problem:
        # Where end tags were lost, elements are nested without end.
        if isinstance(problem, CorruptFile) and problem.code != "xml_depth":
            raise
        file = new()
        return file, Reading(file.format.name, xml, mend(xml.text, file))
    return file, Reading(file.format.name, xml, [])


def _read_fast(text: bytes, new: Callable[[], _File]) -> _File | None:
    """Read the points as columns; None if not all of the text is as plain as that needs."""
    file = new()
    format = file.format
    refuse_long_runs(text, format.name)
    document = file.document()
    bones = skeleton(text, format)
    if bones is None:
        return None
    file.runs.extend(bones.runs)
    try:
        Walker(document, format.name).walk(bones.text)
    except (expat.ExpatError, CorruptFile):
        return None  # to be told with the place in the whole text
    return None if file.runs else file
