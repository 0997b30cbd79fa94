"""Runs of points out of XML as columns; the rest of the document, its skeleton, for expat.

Points that fit a stencil are read all at once: where their values are is known from the marks,
and they become numbers a column at a time. The skeleton has an empty element where each run was,
and is walked as ever, so that what the runs are in is not guessed either. Points that fit no
stencil, or have an unsound value, stay in the skeleton. Where anything does not add up, there is
none, and the whole text is walked.

Measured by benchmarks/xml_read.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from miler.arrays import BoolArray, FloatArray, IntArray
from miler.formats.decimals import decimals
from miler.formats.octets import LAST_BYTES, Octets, WordArray
from miler.formats.points import Run, number, unix_minute
from miler.formats.stencil import Stencil
from miler.formats.xml import LONGEST_ATTRIBUTE
from miler.formats.xmlfile import XmlFormat

# Stands in the skeleton for a run of points; no file has it, or it has no skeleton.
RUN = "run-of-points"

# Some MB of columns at a time, whatever the size of the file.
_WINDOW = 2**20
_MOST_STENCILS = 24
# To cut a stencil costs as much as to read some points alone.
_FEWEST_POINTS = 24
# A run costs as much as some points read alone; where runs are shorter there is nothing to win.
_SHORTEST_RUN = 8

_LESS, _QUOTE, _DOT, _COLON, _MINUS = b'<".:-'
# 2026-05-09T17: is the hour, 02: the minute, then come two digits, and perhaps a dot and up to 18 more.
_HOUR, _MINUTE, _LONGEST_SECOND = 14, 17, 21
_BITS_AFTER_HOUR = np.uint64(16)
_ZERO = np.uint8(ord("0"))


@dataclass(frozen=True)
class Skeleton:
    """A document without its runs of points, and these, in its order."""

    text: bytes
    runs: list[Run]


def skeleton(text: bytes, format: XmlFormat) -> Skeleton | None:
    """Take the runs of points out of a document.

    Args:
        text: XML in UTF-8, sound or not.
        format: of the document.

    Returns:
        None where there is nothing to win, or not all is plain.
    """
    tag = format.point
    begin, last = (find(b"<%b" % tag.encode()) for find in (text.find, text.rfind))
    end = text.find(b">", max(last, text.rfind(b"</%b>" % tag.encode()))) + 1
    if begin < 0:
        return None
    reader = _Reader(format)
    rest: list[bytes] = []
    runs: list[Run] = []
    done = points = 0
    for lo, hi in _windows(text, tag, begin, end):
        window = _Window.of(Octets(text, lo, hi), tag)
        points += len(window.firsts)
        for first, stop, run in _runs(window, reader.read(window)):
            rest.append(text[done : lo + first])
            runs.append(run)
            done = lo + stop
        if len(runs) * _SHORTEST_RUN > points + _SHORTEST_RUN:
            return None
    rest.append(text[done:])
    if not runs or any(RUN.encode() in piece for piece in rest):
        return None
    return Skeleton((b"<%b/>" % RUN.encode()).join(rest), runs)


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
        firsts, lasts: (m,) for each point, the marks that begin it and, if nothing is odd, its end.
    """

    octets: Octets
    marks: IntArray
    firsts: IntArray
    lasts: IntArray

    @classmethod
    def of(cls, octets: Octets, tag: str) -> _Window:
        """Find the marks, and where points begin and end.

        A point ends with its end tag, or with the last quote before the next point: `lon="0"/>`.
        """
        octet = octets.bytes[: octets.size]
        is_mark = octet == _LESS
        is_mark |= octet == _QUOTE
        marks = np.flatnonzero(is_mark)
        heads = octets.words[marks]
        begins, ends = (_beginning(heads, literal % tag.encode()) for literal in (b"<%b", b"</%b>"))
        lasts = np.append(ends, len(marks))[np.searchsorted(ends, begins)]
        return cls(octets, marks, begins, np.minimum(lasts, np.append(begins[1:], len(marks)) - 1))

    @cached_property
    def is_plain(self) -> bool:
        """Whether every character means itself, and no text is of an insane length."""
        text = self.octets.text[: self.octets.size]
        # To look for one byte first takes a fiftieth of the time.
        if not text.isascii() or b"&" in text or (b"]" in text and b"]]>" in text):
            return False
        octet = self.octets.bytes[: self.octets.size]
        controls = np.count_nonzero(octet < ord(" "))
        for blank in b"\n\r\t":
            controls -= np.count_nonzero(octet == blank) if controls else 0
        return not controls and int(np.diff(self.marks).max(initial=0)) <= LONGEST_ATTRIBUTE

    def body(self, point: int) -> bytes:
        """Return the text of one point."""
        begin, last = self.marks[self.firsts[point]], self.marks[self.lasts[point]]
        return self.octets.text[begin : self.octets.text.find(b">", last) + 1]


def _beginning(heads: WordArray, literal: bytes) -> IntArray:
    """Return which of (k,) words begin with a literal, as far as its first eight bytes tell."""
    first = literal[:8]
    word, mask = np.uint64(int.from_bytes(first, "little")), LAST_BYTES[8 - len(first)]
    return np.flatnonzero(heads & ~mask == word)


class _Columns:
    """What was read of the (m,) points of a window.

    Attributes:
        regular: (m,) whether all of a point was read; the other columns say nothing of other points.
        ends: (m,) where in the text it ends.
        times: (m,) Unix seconds, NaN for missing.
        offsets: (m,) seconds that its clock is ahead of UTC.
        keys: what the rows of `values` are.
        values: (q, m), NaN for missing.
    """

    def __init__(self, keys: list[str], points: int) -> None:
        self.regular = np.zeros(points, bool)
        self.ends = np.zeros(points, np.int64)
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

    def __init__(self, format: XmlFormat) -> None:
        self._format = format
        self._numbers = sorted(format.keys - {"time"})
        self._stencils: list[Stencil] = []
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
            new = Stencil.of(window.body(int(rest[middle])), self._format)
            if new is not None:
                self._stencils.append(new)
                rest = _read_through(new, window, rest, columns)
            else:
                rest = np.delete(rest, middle)
        return columns


def _read_through(stencil: Stencil, window: _Window, rest: IntArray, columns: _Columns) -> IntArray:
    """Fill the columns with the points that fit; return those that do not."""
    if stencil.has_more and not window.is_plain:
        return rest
    firsts = window.firsts[rest]
    fits = window.lasts[rest] - firsts == stencil.marks - 1
    at = window.marks[firsts[fits] + stencil.cuts[:, None]]
    same = stencil.fits(window.octets, at)
    fits[fits] = same
    _fill(columns, rest[fits], stencil, window.octets, at if same.all() else at[:, same])
    left: IntArray = rest[~fits]
    return left


def _fill(columns: _Columns, points: IntArray, stencil: Stencil, octets: Octets, at: IntArray) -> None:
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
        values[row, point] = _number(octets.text[starts[row, point] : ends[row, point]])
    columns.regular[points] = np.isfinite(values).all(axis=0)
    columns.ends[points] = at[-1] + len(stencil.literals[-1])
    if stencil.keys[0] == "time":
        columns.times[points] = values[0]
        columns.offsets[points] = stencil.offset_s
        values = values[1:]
    rows = [columns.keys.index(key) for key in stencil.keys if key != "time"]
    columns.values[np.array(rows, np.int64)[:, None], points] = values


def _number(text: bytes) -> float:
    """Read one number as it is in XML; NaN if it is none, or not in characters of XML."""
    word = text.decode("utf-8", "replace").strip(" \t\r\n")
    return number(word) if word.isprintable() else np.nan


def _times(
    octets: Octets, starts: IntArray, ends: IntArray, seconds: FloatArray, sure: BoolArray, stencil: Stencil
) -> FloatArray:
    """Return (n,) Unix seconds, NaN for what is no time in the zone of the stencil.

    Args:
        octets: the text.
        starts, ends: (n,) where the seconds of each time begin and end, after the minute and before the zone.
        seconds, sure: (n,) these seconds, and whether they are plain digits.
        stencil: has the zone.
    """
    size, zone = ends - starts, stencil.zone
    sound = sure & (seconds < 60) & (octets.bytes[starts] != _MINUS) & (octets.bytes[starts + 1] != _DOT)
    sound &= (size == 2) | ((size > 3) & (size <= _LONGEST_SECOND) & (octets.bytes[starts + 2] == _DOT))
    sound &= octets.words[ends + len(zone) - 8] & LAST_BYTES[len(zone)] == np.uint64(
        int.from_bytes(zone.rjust(8, b"\0"), "little")
    )
    return np.where(sound, _minutes(octets, starts - _MINUTE) + (seconds - stencil.offset_s), np.nan)


def _minutes(octets: Octets, starts: IntArray) -> FloatArray:
    """Read the (n,) minutes that times begin with, as Unix seconds; NaN for what is none."""
    if not len(starts):
        return np.empty(0)
    # The date and the hour are mostly those of the time before.
    first, second = octets.words[starts], octets.words[starts + 8] << _BITS_AFTER_HOUR
    new = np.concatenate(([True], (first[1:] != first[:-1]) | (second[1:] != second[:-1])))
    at = np.flatnonzero(new)
    hours = [unix_minute(octets.text[i : i + _HOUR].decode("latin-1") + "00:") for i in starts[at].tolist()]
    tens, ones = octets.bytes[starts + _HOUR] - _ZERO, octets.bytes[starts + _HOUR + 1] - _ZERO
    sound = (tens < 6) & (ones < 10) & (octets.bytes[starts + _HOUR + 2] == _COLON)
    minutes = np.repeat(hours, np.diff(np.append(at, len(starts)))) + (tens * 10.0 + ones) * 60
    return np.where(sound, minutes, np.nan)


def _runs(window: _Window, columns: _Columns) -> Iterator[tuple[int, int, Run]]:
    """Yield where points that were read follow each other, from byte to byte, and their columns."""
    regular = columns.regular
    follows = _follows(window, columns)
    begins = np.flatnonzero(regular & ~np.concatenate(([False], follows)))
    ends = np.flatnonzero(regular & ~np.concatenate((follows, [False])))
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        first = window.marks[window.firsts[begin]]
        yield int(first), int(columns.ends[end]), columns.run(begin, end + 1)


def _follows(window: _Window, columns: _Columns) -> BoolArray:
    """Say which of the points after the first follow the one before after the usual blanks, both read."""
    begins, ends = window.marks[window.firsts[1:]], columns.ends[:-1]
    follows: BoolArray = columns.regular[1:] & columns.regular[:-1]
    follows &= window.firsts[1:] == window.lasts[:-1] + 1
    pairs = np.flatnonzero(follows)
    if len(pairs):
        usual = pairs[len(pairs) // 2]
        blanks = window.octets.text[ends[usual] : begins[usual]]
        follows &= (begins - ends == len(blanks)) & window.octets.has(blanks, ends)
        follows &= not blanks.strip(b" \t\r\n")
    return follows
