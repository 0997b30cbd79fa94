"""Points of XML → columns, without a look at each: the points of a recording are all alike.

A *stencil* is one point with its values cut out: `<trkpt lat="□" lon="□"><ele>□</ele>…</trkpt>`.
Every point whose bytes are the same between its values is read through it, for all points at
once: the values are where the marks (`<` and `"`) say, and become numbers a column at a time.

Nothing is guessed about XML. What a value means is asked of expat, once for each stencil, with a
number written into each of its holes. A value has no `<`, no `&` and no quote, so it can stand
where the number stood and nothing else changes. What remains of the document when runs of such
points are taken out, its *skeleton*, is walked by expat as ever, with an empty element where
each run was. Points that fit no stencil stay in the skeleton; where anything does not add up,
there is none, and the whole text is walked.

Measured by benchmarks/xml_read.py.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.parsers import expat

import numpy as np

from miler.arrays import BoolArray, FloatArray, IntArray
from miler.errors import CorruptFile
from miler.formats.decimals import LAST_BYTES, Octets, decimals
from miler.formats.points import Clock, Run, number, unix_minute
from miler.formats.xml import LONGEST_ATTRIBUTE, Element, Row, Walker

# Stands in the skeleton for a run of points; no file has it, or it has no skeleton.
RUN = "run-of-points"

# Some MB of columns at a time, whatever the size of the file; and in the processor's cache.
_WINDOW = 2**20
_MOST_STENCILS = 24
# To cut a stencil costs as much as to read some points alone.
_FEWEST_POINTS = 24
_MOST_PIECES = 64
_LONGEST_LITERAL = 512
# A run costs as much as some points read alone; where runs are shorter there is nothing to win.
_SHORTEST_RUN = 8

_LESS, _QUOTE, _DOT, _COLON, _MINUS = b'<".:-'
_MARK = re.compile(rb'[<"]')
_HOLE = re.compile(r"#(\d+)#")
_ZONE = re.compile(rb"(?:Z|[+-]\d\d:?\d\d)$")
# 2026-05-09T17:02: is the minute, then come two digits, and perhaps a dot and up to 18 more.
_MINUTE, _LONGEST_SECOND = 17, 21


@dataclass(frozen=True)
class Skeleton:
    """A document without its runs of points, and these, in its order."""

    text: bytes
    runs: list[Run]


def skeleton(text: bytes, tag: str, point: Element, keys: frozenset[str]) -> Skeleton | None:
    """Take the runs of points out of a document.

    Args:
        text: XML in UTF-8, sound or not.
        tag: the tag of a point.
        point: what a point is in the map of the format.
        keys: what of a point is wanted, as it is called in its row; all are numbers but `time`.

    Returns:
        None where there is nothing to win, or not all is plain.
    """
    begin, end = text.find(b"<%b" % tag.encode()), text.rfind(b"</%b>" % tag.encode()) + len(tag) + 3
    if begin < 0 or not _means_itself(text, begin, end):
        return None
    reader = _Reader(tag, point, keys)
    rest: list[bytes] = []
    runs: list[Run] = []
    done = points = 0
    for lo, hi in _windows(text, tag, begin, end):
        window = _Window.of(Octets(text, lo, hi), tag)
        if not window.is_plain():
            return None
        points += len(window.firsts)
        for first, last, run in _runs(window, reader.read(window)):
            rest.append(text[done : lo + first])
            runs.append(run)
            done = lo + last
        if len(runs) * _SHORTEST_RUN > points + _SHORTEST_RUN:
            return None
    rest.append(text[done:])
    if not runs or any(RUN.encode() in piece for piece in rest):
        return None
    return Skeleton((b"<%b/>" % RUN.encode()).join(rest), runs)


def _means_itself(text: bytes, begin: int, end: int) -> bool:
    """Say whether no character between two places stands for another, or ends what had no begin."""
    if text.find(b"&", begin, end) >= 0:
        return False
    if text.find(b"]", begin, end) >= 0 and text.find(b"]]>", begin, end) >= 0:
        return False
    return text.isascii() or text[begin:end].isascii()


def _windows(text: bytes, tag: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut what reaches from the first point to the last into windows that begin with a point."""
    opening = b"<%b" % tag.encode()
    while begin < end:
        stop = text.find(opening, begin + _WINDOW, end)
        stop = stop if stop >= 0 else end
        yield begin, stop
        begin = stop


@dataclass(frozen=True)
class _Window:
    """Some points, and the marks in their text.

    Attributes:
        octets: the text.
        marks: (k,) where the marks are.
        firsts, lasts: (m,) for each point, the mark that begins it, and the one of its end tag.
        closing: bytes of an end tag.
    """

    octets: Octets
    marks: IntArray
    firsts: IntArray
    lasts: IntArray
    closing: int

    @classmethod
    def of(cls, octets: Octets, tag: str) -> _Window:
        """Find the marks, and the points that end before the next one begins."""
        octet = octets.bytes[: octets.size]
        is_mark = octet == _LESS
        is_mark |= octet == _QUOTE
        marks = np.flatnonzero(is_mark)
        opening, closing = (b % tag.encode() for b in (b"<%b", b"</%b>"))
        begins = _beginning(octets, marks, opening)
        ends = _beginning(octets, marks, closing)
        following = np.searchsorted(ends, begins)
        lasts = np.append(ends, len(marks))[following]
        whole = lasts < np.append(begins[1:], len(marks))
        return cls(octets, marks, begins[whole], lasts[whole], len(closing))

    def is_plain(self) -> bool:
        """Say whether there is no control character, and no text of an insane length."""
        octet = self.octets.bytes[: self.octets.size]
        controls = np.count_nonzero(octet < ord(" "))
        for blank in b"\n\r\t":
            controls -= np.count_nonzero(octet == blank) if controls else 0
        return not controls and int(np.diff(self.marks).max(initial=0)) <= LONGEST_ATTRIBUTE

    def body(self, point: int) -> bytes:
        """Return the text of one point."""
        begin, end = self.marks[self.firsts[point]], self.marks[self.lasts[point]]
        return self.octets.text[begin : end + self.closing]


def _beginning(octets: Octets, marks: IntArray, literal: bytes) -> IntArray:
    """Return which of (k,) marks begin a literal, as far as its first eight bytes tell."""
    found = np.flatnonzero(octets.bytes[marks + 1] == literal[1])
    found = found[octets.bytes[marks[found] + 2] == literal[2]]
    first = literal[:8]
    word, mask = int.from_bytes(first, "little"), 256 ** len(first) - 1
    same: BoolArray = octets.words[marks[found]] & np.uint64(mask) == np.uint64(word)
    return found[same]


@dataclass(frozen=True)
class _Stencil:
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
    def of(cls, body: bytes, tag: str, point: Element, wanted: frozenset[str]) -> _Stencil | None:
        """Cut the values out of a point; None if it is not plain, or has none of the values."""
        places = [match.start() for match in _MARK.finditer(body)]
        pieces = _pieces(body, places)
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
    is_plain = len(pieces) <= _MOST_PIECES and max(len(literal) for _, literal in pieces) <= _LONGEST_LITERAL
    return pieces if is_plain else None


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


class _Columns:
    """What was read of the (m,) points of a window.

    Attributes:
        regular: (m,) whether all of a point was read; the other columns say nothing of other points.
        times: (m,) Unix seconds, NaN for missing.
        offsets: (m,) seconds that its clock is ahead of UTC.
        keys: what the rows of `values` are.
        values: (q, m), NaN for missing.
    """

    def __init__(self, keys: list[str], points: int) -> None:
        self.regular = np.zeros(points, bool)
        self.times = np.full(points, np.nan)
        self.offsets = np.zeros(points)
        self.keys = keys
        self.values = np.full((len(keys), points), np.nan)

    def run(self, begin: int, end: int) -> Run:
        """Return consecutive points."""
        ahead = self.offsets[begin:end]
        return Run(
            times=self.times[begin:end],
            keys=self.keys,
            values=self.values[:, begin:end],
            utc_offset_s=float(ahead[ahead != 0][0]) if ahead.any() else None,
        )


class _Reader:
    """Reads one window after the other; remembers the stencils."""

    def __init__(self, tag: str, point: Element, keys: frozenset[str]) -> None:
        self._tag = tag
        self._point = point
        self._keys = keys
        self._numbers = sorted(keys - {"time"})
        self._stencils: list[_Stencil] = []
        self._cut = 0

    def read(self, window: _Window) -> _Columns:
        """Read the points of a window that fit a stencil and have sound values."""
        columns = _Columns(self._numbers, len(window.firsts))
        rest = np.arange(len(window.firsts))
        for stencil in self._stencils:
            if len(rest) >= _FEWEST_POINTS:
                rest = _read_through(stencil, window, rest, columns)
        while len(rest) >= _FEWEST_POINTS and self._cut < _MOST_STENCILS:
            self._cut += 1
            middle = len(rest) // 2  # the first points are often not like the others
            new = _Stencil.of(window.body(int(rest[middle])), self._tag, self._point, self._keys)
            if new is not None:
                self._stencils.append(new)
                rest = _read_through(new, window, rest, columns)
            else:
                rest = np.delete(rest, middle)
        return columns


def _read_through(stencil: _Stencil, window: _Window, rest: IntArray, columns: _Columns) -> IntArray:
    """Fill the columns with the points that fit; return those that do not."""
    firsts = window.firsts[rest]
    fits = window.lasts[rest] - firsts == stencil.marks - 1
    at = window.marks[firsts[fits] + stencil.cuts[:, None]]
    same = stencil.fits(window.octets, at)
    fits[fits] = same
    _fill(columns, rest[fits], stencil, window.octets, at if same.all() else at[:, same])
    left: IntArray = rest[~fits]
    return left


def _fill(columns: _Columns, points: IntArray, stencil: _Stencil, octets: Octets, at: IntArray) -> None:
    """Read the values of (m,) points that fit; a point with an unsound value is left out.

    Args:
        columns: what is filled.
        points: (m,) rows of the columns.
        stencil, octets: what the values are.
        at: (k, m) where the literals of each point are.
    """
    starts, ends = stencil.spans(at)
    if stencil.zone:
        starts[0] += _MINUTE
        ends[0] -= len(stencil.zone)
    values, sure = decimals(octets, starts.ravel(), ends.ravel())
    values, sure = values.reshape(starts.shape), sure.reshape(starts.shape)
    if stencil.keys[0] == "time":
        values[0] = _times(octets, starts[0], ends[0], values[0], sure[0], stencil)
        sure[0] = True
    for row, point in np.argwhere(~sure).tolist():
        values[row, point] = number(octets.text[starts[row, point] : ends[row, point]].decode())
    columns.regular[points] = np.isfinite(values).all(axis=0)
    if stencil.keys[0] == "time":
        columns.times[points] = values[0]
        columns.offsets[points] = stencil.offset_s
        values = values[1:]
    rows = [columns.keys.index(key) for key in stencil.keys if key != "time"]
    columns.values[np.array(rows, np.int64)[:, None], points] = values


def _times(
    octets: Octets, starts: IntArray, ends: IntArray, seconds: FloatArray, sure: BoolArray, stencil: _Stencil
) -> FloatArray:
    """Return (n,) Unix seconds, NaN for what is no time in the zone of the stencil.

    Args:
        octets: the text.
        starts, ends: (n,) where the seconds of each time begin and end, after the minute and before the zone.
        seconds, sure: (n,) these seconds, and whether they are plain digits.
        stencil: has the zone.
    """
    size, zone = ends - starts, stencil.zone
    sound = sure & (seconds < 60) & (octets.bytes[starts] != _MINUS)
    sound &= (size == 2) | ((size > 3) & (size <= _LONGEST_SECOND) & (octets.bytes[starts + 2] == _DOT))
    sound &= octets.words[ends + len(zone) - 8] & LAST_BYTES[len(zone)] == np.uint64(
        int.from_bytes(zone.rjust(8, b"\0"), "little")
    )
    return np.where(sound, _minutes(octets, starts - _MINUTE) + (seconds - stencil.offset_s), np.nan)


def _minutes(octets: Octets, starts: IntArray) -> FloatArray:
    """Read the (n,) minutes at the beginning of times; one in sixty, mostly, is a new one."""
    if not len(starts):
        return np.empty(0)
    halves = octets.words[starts], octets.words[starts + 8]
    new = np.concatenate(([True], (halves[0][1:] != halves[0][:-1]) | (halves[1][1:] != halves[1][:-1])))
    at = np.flatnonzero(new)
    texts = (octets.text[i : i + _MINUTE].decode() for i in starts[at].tolist())
    minutes = np.repeat([unix_minute(text) for text in texts], np.diff(np.append(at, len(starts))))
    return np.where(octets.bytes[starts + _MINUTE - 1] == _COLON, minutes, np.nan)


def _runs(window: _Window, columns: _Columns) -> Iterator[tuple[int, int, Run]]:
    """Yield where points that were read follow each other, from byte to byte, and their columns."""
    regular = columns.regular
    follows = regular[1:] & regular[:-1] & (window.firsts[1:] == window.lasts[:-1] + 1)
    begins = np.flatnonzero(regular & ~np.concatenate(([False], follows)))
    ends = np.flatnonzero(regular & ~np.concatenate((follows, [False])))
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        first, last = window.marks[window.firsts[begin]], window.marks[window.lasts[end]]
        yield int(first), int(last) + window.closing, columns.run(begin, end + 1)
