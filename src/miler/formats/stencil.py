"""A point of XML with its values cut out, to be held against the other points.

The points of a recording are all alike: `<trkpt lat="□" lon="□"><ele>□</ele>…</trkpt>`. A point
with the same bytes between its values, which end at the same marks (`<` and `"`), means the
same. What that is, is not guessed but asked of expat, with a number written into each hole: a
value has no `<`, no `&` and no quote, so it can stand where the number stood and nothing else
changes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.parsers import expat

import numpy as np

from miler.arrays import BoolArray, IntArray
from miler.errors import CorruptFile
from miler.formats.octets import LONGEST_LITERAL, Octets
from miler.formats.points import Clock
from miler.formats.xml import Element, Row, Walker

# Real points have up to 40. Half are start tags at most, so nothing is nested too deep.
_MOST_MARKS = 96

_QUOTE = ord('"')
_MARK = re.compile(rb'[<"]')
_HOLE = re.compile(r"#(\d+)#")
_ZONE = re.compile(rb"(?:Z|[+-]\d\d:?\d\d)\Z")


@dataclass(frozen=True)
class Stencil:
    """One point with its values cut out, to be held against others.

    Attributes:
        literals: what stands before, between and after the values.
        cuts: (k,) the mark that each literal begins with, counted within the point.
        marks: how many marks there are.
        keys: the values that are wanted; the time comes first, if there is one.
        holes: (q,) where they are: after which literal.
        zone: how the time ends.
        offset_s: how far this zone is ahead of UTC; NaN if there is no such zone.
    """

    literals: list[bytes]
    cuts: IntArray
    marks: int
    keys: list[str]
    holes: IntArray
    zone: bytes
    offset_s: float

    @classmethod
    def of(cls, body: bytes, tag: str, point: Element, wanted: frozenset[str]) -> Stencil | None:
        """Cut the values out of a point; None if it is not plain, or has none of the values."""
        places = [match.start() for match in _MARK.finditer(body)]
        pieces = _pieces(body, places) if len(places) <= _MOST_MARKS else None
        if pieces is None:
            return None
        cuts, literals = zip(*pieces, strict=True)
        holes = _holes(literals, tag, point, wanted)
        if not holes:
            return None
        keys = sorted(holes, key=lambda key: key != "time")
        zone = b""
        if "time" in holes:
            i = holes["time"]
            match = _ZONE.search(body[: places[cuts[i + 1]]])
            zone = match[0] if match else b""
        return cls(
            literals=list(literals),
            cuts=np.array(cuts, np.int64),
            marks=len(places),
            keys=keys,
            holes=np.array([holes[key] for key in keys], np.int64),
            zone=zone,
            offset_s=-Clock().second("00" + zone.decode()) if zone else math.nan,
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
        lengths = np.array([len(self.literals[i]) for i in self.holes])
        return at[self.holes] + lengths[:, None], at[self.holes + 1]


def _pieces(body: bytes, marks: list[int]) -> list[tuple[int, bytes]] | None:
    """Return the literals of a point, each with the mark that it begins with; values come between.

    None for what a glance at the marks cannot tell apart: a comment, another quote, a quote in a text.
    """
    pieces: list[tuple[int, bytes]] = []
    begin = cut = 0
    in_tag = in_value = False
    for mark, (at, following) in enumerate(pairwise([*marks, len(body)])):
        piece = body[at:following]
        is_quote = piece[0] == _QUOTE
        if is_quote != in_tag or b"<!" in piece or b"<?" in piece:
            return None
        in_value = is_quote and not in_value
        size = 1 if in_value else piece.find(b">") + 1
        in_tag = in_value or not size
        if b"'" in piece[: size or None]:
            return None
        if size and not piece[size:].isspace() and piece[size:]:
            pieces.append((cut, body[begin : at + size]))
            begin, cut = following, mark + 1
    pieces.append((cut, body[begin:]))
    return pieces if max(len(literal) for _, literal in pieces) <= LONGEST_LITERAL else None


def _holes(
    literals: Sequence[bytes], tag: str, point: Element, wanted: frozenset[str]
) -> dict[str, int] | None:
    """Ask expat after which literal each value is that is wanted, by writing a number into each hole."""
    marked = b"".join(b"%b#%d#" % (literal, i) for i, literal in enumerate(literals[:-1]))
    rows: list[Row] = []
    walker = Walker(Element({tag: point.handed_to(rows.append)}), tag)
    try:
        walker.walk(marked + literals[-1])
    except (expat.ExpatError, CorruptFile):
        return None
    if len(rows) != 1:
        return None
    holes: dict[str, int] = {}
    for key in wanted & rows[0].keys():
        match = _HOLE.fullmatch(rows[0][key])
        if match is None:
            return None
        holes[key] = int(match[1])
    return holes
