"""Broken XML → as much of it as there is: go on after each break where the next thing begins.

A break costs the point it is in. Expat says where the text stops being XML; from there to the
next tag that begins a point or something points are in, the text is skipped. A fresh parser then
goes on, within the elements that are open, or would be if the break had not swallowed their tag.

A lost end tag is noticed before expat can: a point does not begin inside a point.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

from miler.formats.xml import Element, Row, Walker
from miler.formats.xmlfile import XmlFile

# Each break reads some text again. This is enough for one in every hundred bytes of a real
# file, and bounds what a hostile one can cost.
_FIRST_BITE = 2**12
_READ_AGAIN = 8
_READ_ANYWAY = 64 * 2**20

_OPEN_CDATA = expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION]
_ENDED_EARLY = {
    expat.errors.codes[message]
    for message in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
}


@dataclass(frozen=True)
class Break:
    """Text that was skipped, and why.

    Attributes:
        code, reason: what is wrong there.
        begin, end: the bytes of the text that were skipped.
        points: how many points begin in them.
        recordings: how many recordings had begun before.
    """

    code: str
    reason: str
    begin: int
    end: int
    points: int
    recordings: int


def mend(text: bytes, file: XmlFile[Any]) -> list[Break]:
    """Walk broken XML from break to break.

    Args:
        text: in UTF-8.
        file: a file of which nothing has been read.

    Returns:
        Each break, in order; one at the end of the text if that comes too early.

    Raises:
        CorruptFile: for a document type, or past the limits of depth and length.
    """
    walker = _Mender(text, file)
    breaks: list[Break] = []
    at = 0
    while (stop := walker.walk_from(at)) is not None:
        restart = walker.next_tag(max(at + 1, stop.look_from))
        begin = walker.beginning_of_loss(at, stop)
        end = restart.start() if restart else len(text)
        code = "xml_truncated" if stop.ended_early and not restart else "xml_malformed"
        points = walker.points_between(begin, end)
        breaks.append(Break(code, stop.reason, begin, end, points, len(file.recordings)))
        if restart is None:
            break
        walker.go_where(restart[1].decode())
        at = end
    return breaks


@dataclass(frozen=True)
class _Stop:
    """Where a parser stopped, from where on it is worth looking for the next tag, and why."""

    at: int
    look_from: int
    reason: str
    ended_early: bool = False


class _Misplaced(Exception):
    """A tag that belongs somewhere else: the end tag of what it is in was lost."""

    def __init__(self, at: int, tag: str, around: str) -> None:
        super().__init__(f"{tag} inside {around}")
        self.at = at  # told here, for expat goes on to the end of what it was fed


class _Mender(Walker):
    """Walks a text from any tag on, within the elements that are open.

    Attributes:
        point_at: where the open point begins; None if none is open.
        heard_at: where the last tag was that a walk can begin with.
    """

    def __init__(self, text: bytes, file: XmlFile[Any]) -> None:
        super().__init__(file.document(), file.format.name)
        names = "|".join(file.format.homes)
        self.point_at: int | None = None
        self.heard_at = -1
        self._tags = re.compile(rf"<(?:[A-Za-z_][\w.-]*:)?({names})(?=[\s/>])".encode())
        self._to_read = _READ_ANYWAY + _READ_AGAIN * len(text)
        self._text = text
        self._homes = file.format.homes
        self._point = file.point
        self._point_tag = file.format.point.encode()
        self._base = 0
        self._cdata_at = 0

    def next_tag(self, at: int) -> re.Match[bytes] | None:
        """Find the next tag that a walk can begin with; none if enough has been read."""
        return self._tags.search(self._text, at) if self._to_read > 0 else None

    def beginning_of_loss(self, at: int, stop: _Stop) -> int:
        """Return where what is lost by a stop begins: the open point, or the tag that was never told."""
        begin = stop.at if self.point_at is None else self.point_at
        unheard = self._tags.finditer(self._text, max(at, self.heard_at + 1), stop.at)
        return min([begin, *[tag.start() for tag in unheard][-1:]])

    def points_between(self, begin: int, end: int) -> int:
        """Count the points that begin between two places."""
        return sum(tag[1] == self._point_tag for tag in self._tags.finditer(self._text, begin, end))

    def walk_from(self, at: int) -> _Stop | None:
        """Walk until the end of the text, or a break."""
        self.parser = self.fresh_parser()
        opened = "".join(f"<{tag}>" for tag, _, _ in self.opened).encode()
        self.parser.Parse(opened, False)
        self.listen()
        self.parser.StartCdataSectionHandler = self._cdata
        self.point_at = None
        self._base = at - len(opened)
        try:
            self._feed(at)
        except _Misplaced as misplaced:
            return _Stop(misplaced.at, misplaced.at, str(misplaced))
        except expat.ExpatError as error:
            here = self._beginning_of_break(at, error.code)
            # What is never closed is not looked into again; what is invalid may hide the next tag.
            look_from = here + (error.code in _ENDED_EARLY)
            return _Stop(here, look_from, expat.ErrorString(error.code), error.code in _ENDED_EARLY)
        return None

    def _beginning_of_break(self, at: int, code: int) -> int:
        """Return where what broke begins: what swallowed the text after it, or the place itself."""
        if code == _OPEN_CDATA:
            return self._cdata_at
        here = self._base + self.parser.ErrorByteIndex
        # The dashes of a comment within a comment are an error, told at their end.
        comment = self._text.rfind(b"<!--", at, here - 1)
        return comment if comment >= 0 and self._text.find(b"-->", comment, here) < 0 else here

    def _feed(self, at: int) -> None:
        """Feed the parser more and more: most breaks come far from each other."""
        bite = _FIRST_BITE
        while at < len(self._text):
            self._to_read -= bite
            self.parser.Parse(self._text[at : at + bite], False)
            at += bite
            bite *= 2
        self.parser.Parse(b"", True)

    def _cdata(self) -> None:
        self._cdata_at = self._here()

    def _here(self) -> int:
        return self._base + self.parser.CurrentByteIndex

    def line(self) -> int:
        """Return the line of the text where the parser is."""
        return self._text.count(b"\n", 0, self._here()) + 1

    def start(self, tag: str, attributes: Row) -> None:
        """Go into an element that belongs here, or that nobody knows."""
        name = tag.rpartition(":")[2]
        if name in self._homes and name not in self.element.children:
            raise _Misplaced(self._here(), name, self.opened[-1][0] if self.opened else "nothing")
        super().start(tag, attributes)
        if name in self._homes:
            self.heard_at = self._here()
        if self.element is self._point:
            self.point_at = self._here()

    def end(self, tag: str) -> None:
        """Leave an element."""
        if self.element is self._point:
            self.point_at = None
        super().end(tag)

    def go_where(self, name: str) -> None:
        """Close elements until one is open that `name` belongs in; if there is none, open it."""
        around = [element for _, element, _ in self.opened]
        for depth, element in reversed([*enumerate([*around, self.element])]):
            if name in element.children:
                while len(self.opened) > depth:
                    self._give_up(self.element)
                return
        home = self._homes[name]
        self.go_where(home)
        super().start(home, {})

    def _give_up(self, element: Element) -> None:
        """Leave an element whose end was lost; a point that is not complete is none."""
        if element.end is not None and element is not self._point:
            element.end(self.row)
        _, self.element, self.row = self.opened.pop()
