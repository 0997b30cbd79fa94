"""A point of XML with its values cut out, to be held against the other points.

The points of a recording are all alike: `<trkpt lat="□" lon="□"><ele>□</ele>…</trkpt>`. A point
with the same bytes between its values, which end at the same marks (`<` and `"`), means the
same. What that is, is not guessed but asked of expat, with a number written into each hole: what
is a number, or has no `<`, no `&` and no quote, can stand where that number stood and nothing
else changes.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from xml.parsers import expat

import numpy as np

from miler.arrays import BoolArray, IntArray
from miler.errors import CorruptFile
from miler.formats.octets import LONGEST_LITERAL, Octets
from miler.formats.points import Clock
from miler.formats.xml import Element, Row, Walker
from miler.formats.xmlfile import XmlFormat

# Real points have up to 40. Half are start tags at most, so nothing is nested too deep.
_MOST_MARKS = 96

_QUOTE = ord('"')
_BLANKS = b" \t\r\n"
_MARK = re.compile(rb'[<"]')
_HOLE = re.compile(r"#(\d+)#")
_ZONE = re.compile(rb"(?:Z|[+-]\d\d:?\d\d)\Z")


@dataclass(frozen=True)
class Stencil:
    """One point with its values cut out.

    Attributes:
        literals: what stands before, between and after the holes.
        cuts: (k,) the mark that each literal begins with, counted within the point.
        marks: how many marks there are.
        keys: the values that are wanted; the time comes first, if there is one.
        holes: (q,) where they are: after which literal, and (q, 1) `lengths` of these.
        has_more: whether there are other holes; what is in them is not looked at.
        zone: how the time ends.
        offset_s: how far this zone is ahead of UTC; NaN if there is no such zone.
    """

    literals: list[bytes]
    cuts: IntArray
    marks: int
    keys: list[str]
    holes: IntArray
    lengths: IntArray
    has_more: bool
    zone: bytes
    offset_s: float

    @classmethod
    def of(cls, body: bytes, format: XmlFormat) -> Stencil | None:
        """Cut the values out of a point.

        Args:
            body: the point, from its first byte to its last.
            format: of its file.

        Returns:
            None if it is not plain, or has none of the values.
        """
        marks = [match.start() for match in _MARK.finditer(body)]
        pieces = _pieces(body, marks) if len(marks) <= _MOST_MARKS else None
        if not pieces or max(piece.end - piece.begin for piece in pieces) > LONGEST_LITERAL:
            return None
        marked = b"".join(b"%b#%d#" % (body[begin:end], i) for i, (_, begin, end) in enumerate(pieces[:-1]))
        holes = _holes(marked + body[pieces[-1].begin :], format)
        if not holes:
            return None
        # What attribute is not wanted is mostly the same everywhere: a name space, a type.
        kept = [
            i for i in range(len(pieces) - 1) if i in holes.values() or not _is_attribute(body, pieces[i])
        ]
        bounds = [0, *(i + 1 for i in kept), len(pieces)]
        literals = [body[pieces[i].begin : pieces[j - 1].end] for i, j in pairwise(bounds)]
        if max(map(len, literals)) > LONGEST_LITERAL:
            return None
        keys = sorted(holes, key=lambda key: key != "time")
        places = [kept.index(holes[key]) for key in keys]
        zone = _ZONE.search(body[: pieces[holes["time"] + 1].begin]) if "time" in holes else None
        return cls(
            literals=literals,
            cuts=np.array([pieces[i].mark for i in bounds[:-1]], np.int64),
            marks=len(marks),
            keys=keys,
            holes=np.array(places, np.int64),
            lengths=np.array([[len(literals[i])] for i in places], np.int64),
            has_more=len(kept) > len(set(holes.values())),
            zone=zone[0] if zone else b"",
            offset_s=-Clock().second("00" + zone[0].decode()) if zone else math.nan,
        )

    def fits(self, octets: Octets, at: IntArray) -> BoolArray:
        """Say which points have the same literals.

        Args:
            octets: the text.
            at: (k, m) where each literal of each point would be.
        """
        fits = octets.has(self.literals[0], at[0])
        for literal, places in zip(self.literals[1:], at[1:], strict=True):
            fits &= octets.has(literal, places)
        return fits

    def spans(self, at: IntArray) -> tuple[IntArray, IntArray]:
        """Return (q, m) where the values that are wanted begin and end."""
        return at[self.holes] + self.lengths, at[self.holes + 1]


class _Piece(NamedTuple):
    """A literal in a point: the mark that it begins with, and its bytes; up to the next is a hole."""

    mark: int
    begin: int
    end: int


def _is_attribute(body: bytes, piece: _Piece) -> bool:
    return body[piece.end - 1] == _QUOTE


def _pieces(body: bytes, marks: list[int]) -> list[_Piece] | None:
    """Cut a point at its values; blanks between tags are none.

    None for what a glance at the marks cannot tell apart: a comment, another quote, a quote in a text.
    """
    pieces: list[_Piece] = []
    first = begin = 0
    in_tag = in_value = False
    for mark, (at, following) in enumerate(pairwise([*marks, len(body)])):
        text = body[at:following]
        is_quote = text[0] == _QUOTE
        if is_quote != in_tag or b"<!" in text or b"<?" in text:
            return None
        in_value = is_quote and not in_value
        size = 1 if in_value else text.find(b">") + 1
        in_tag = in_value or not size
        if b"'" in text[: size or None]:
            return None
        if size and text[size:].strip(_BLANKS):
            pieces.append(_Piece(first, begin, at + size))
            first, begin = mark + 1, following
    return [*pieces, _Piece(first, begin, len(body))]


# One device writes the same points into all its files; a folder of them is read faster.
@lru_cache(maxsize=64)
def _holes(marked: bytes, format: XmlFormat) -> dict[str, int] | None:
    """Ask expat in which hole of a point each value is that is wanted; each hole has its number in it."""
    rows: list[Row] = []
    walker = Walker(Element({format.point: format.make_point().handed_to(rows.append)}), format.name)
    try:
        walker.walk(marked)
    except (expat.ExpatError, CorruptFile):
        return None
    if len(rows) != 1:
        return None
    holes: dict[str, int] = {}
    for key in format.keys & rows[0].keys():
        match = _HOLE.fullmatch(rows[0][key])
        if match is None:
            return None
        holes[key] = int(match[1])
    return holes
