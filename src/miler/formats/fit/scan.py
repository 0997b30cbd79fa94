"""Where every message of a FIT file lies: one pass over the record headers.

The data messages that follow a definition have exactly its layout, so the scan only keeps, for
each definition, the offsets of its messages; `tables` then gathers each list as an array.

```
messages = message*
message  = 1 byte  body        0x40 set: a definition (see `layout`), else data of a local number 0..15
                               0x80 set: data with a compressed timestamp, local number 0..3
```

A watch writes the same message, or the same two or three in turn, for minutes. Such a stretch is
not walked but measured: at each place of the pattern every header byte is compared, in C.

Measured by benchmarks/fit_speed.py: 40 to 60 ns a message walked, 1 to 5 ns measured.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from miler.activity import Note
from miler.arrays import IntArray
from miler.errors import CorruptFile
from miler.formats.fit import layout as fit_layout
from miler.formats.fit.layout import COMPRESSED, DEFINITION, DEVELOPER, FIELDS_AT, LOCAL, Layout

# No recording comes near; what does is made to keep a reader busy.
MOST_MESSAGES = 10_000_000
MOST_DEFINITIONS = 10_000
MOST_EMPTY_MESSAGES = 10_000

# What is asked for: file_id, sport, session, lap, record, event, device_info, activity, length, hr,
# field_description.
WANTED = frozenset((0, 12, 18, 19, 20, 21, 23, 34, 101, 132, 206))

_LONGEST_PATTERN = 4
_SHORTEST_STRETCH = 24  # messages; fewer are walked as fast
_FIRST_LOOK = 64  # repeats
_WALKS = (16, 1024)  # messages walked before the next look for a stretch: from, up to


class Definition:
    """A definition message, and where the data messages that follow it begin.

    Attributes:
        text: the definition message, whole.
        message: the global number of what it defines.
        size: bytes of each data message, its header included.
        walked: offsets of the messages found last, one by one; those before are in `stretches`.
    """

    __slots__ = ("message", "size", "stretches", "text", "walked")

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.message, self.size = fit_layout.heading(text)
        self.walked: list[int] = []
        self.stretches: list[range | list[int]] = []

    @property
    def count(self) -> int:
        """Number of messages."""
        return len(self.walked) + sum(map(len, self.stretches))

    @property
    def offsets(self) -> list[int]:
        """Where each message begins in the bytes, increasing; the list is the definition's own."""
        return self.starts.tolist() if self.stretches else self.walked

    @property
    def layout(self) -> Layout:
        """What the fields are and where."""
        return fit_layout.layout(self.text)

    @property
    def starts(self) -> IntArray:
        """(m,) where each message begins in the bytes, increasing; to be asked for when the scan is done."""
        if not self.stretches:
            return _as_array(self.walked)
        starts = np.concatenate([_as_array(piece) for piece in (*self.stretches, self.walked)])
        if (starts[1:] < starts[:-1]).any():  # a pattern that has this message twice
            starts.sort()
        return starts

    def add_stretch(self, stretch: range) -> None:
        """Add messages at equal distances."""
        if self.walked:
            self.stretches.append(self.walked.copy())
            self.walked.clear()  # and not a new list: the walk holds its `append`
        self.stretches.append(stretch)


# What a header byte stands for: bytes to skip, its size, its definition, what adds an offset to that.
_Meaning = tuple[int, int, Definition, Callable[[int], None]]

# What a header byte stands for that nothing defined.
_NOBODY = Definition(bytes(FIELDS_AT))


def _as_array(piece: range | list[int]) -> IntArray:
    if isinstance(piece, range):
        return np.arange(piece.start, piece.stop, piece.step)
    return np.fromiter(piece, np.int64, len(piece))


class Part:
    """One FIT file within the bytes: its definitions in order of appearance, and its damage.

    Attributes:
        data: the part's bytes, from its header to its last message. One more follows, as if a
            definition began there: so no walk steps over the end unseen.
        start: where the part begins in the file; all other places count from there.
        definitions, notes: what was found.
    """

    def __init__(self, data: bytes | memoryview, start: int = 0) -> None:
        self.data = b"".join((data, bytes([DEFINITION])))
        self.start = start
        self.definitions: list[Definition] = []
        self.notes: list[Note] = []

    @property
    def end(self) -> int:
        """Where the last message ends."""
        return len(self.data) - 1

    def of(self, message: int) -> list[Definition]:
        """Return the definitions of one kind of message that have any, in order of appearance."""
        return [d for d in self.definitions if d.message == message and d.count]

    def gather(self, definition: Definition, starts: IntArray) -> NDArray[np.void]:
        """Return messages of one definition as a structured array of shape (m,).

        Args:
            definition: that the messages follow.
            starts: (m,) where they begin.
        """
        layout = definition.layout
        only = definition.stretches[0] if len(definition.stretches) == 1 and not definition.walked else None
        if isinstance(only, range):
            return np.ndarray((len(only),), layout.dtype, self.data, only.start, (only.step,))
        # Every byte of the part is seen as a possible start of a message; indexing copies the true ones,
        # as plain bytes, which is ten times faster than field by field.
        shape = (len(self.data) - layout.size + 1,)
        everywhere: NDArray[np.void] = np.ndarray(shape, layout.plain, self.data, strides=(1,))
        return everywhere[starts].view(layout.dtype)


def follow(part: Part, at: int) -> int:
    """Note where messages begin, from `at` on; return where there was none, which is the end of a sound part.

    Noted are the messages that somebody asks for; where times are compressed, all, for then each
    depends on the one before it.

    Raises:
        CorruptFile: for more messages or definitions than any recording has.
    """
    try:
        return _Walk(part, WANTED).go(at)
    except _TimesAreCompressed:
        part.definitions.clear()
        return _Walk(part, None).go(at)


class _TimesAreCompressed(Exception):
    """The walk must begin anew, and note every message."""


class _Walk:
    """One pass over the record headers, and what each of the 256 header bytes stands for meanwhile.

    Attributes:
        skips: bytes of a message with this header, if nobody asks for it.
        sizes: bytes of any message with this header. Zeros stand for what is not walked over: it begins
            a definition, is empty, is not known, or is a compressed one that has not come yet.
        owners, joins: the definition that such a message follows, and what adds an offset to it.
    """

    def __init__(self, part: Part, wanted: frozenset[int] | None) -> None:
        self.skips = [0] * 256
        self.sizes = [0] * 256
        self.owners = [_NOBODY] * 256
        self.joins = [_NOBODY.walked.append] * 256
        self._part = part
        self._wanted = wanted
        self._known: dict[bytes, _Meaning] = {}
        # Local number -> the header bytes that name it, as far as they came.
        self._headers = [[local] for local in range(LOCAL + 1)]
        self._empty = 0
        self._messages = 0

    def go(self, at: int) -> int:
        """Walk from message to message; return where there is none, or none that is complete."""
        data, known, headers = self._part.data, self._known, self._headers
        skips, sizes, owners, joins = self.skips, self.sizes, self.owners, self.joins
        patience = _WALKS[0]
        header = DEFINITION
        try:
            while True:
                for _ in repeat(None, patience):
                    while skip := skips[header := data[at]]:
                        at += skip
                    if size := sizes[header]:
                        joins[header](at)
                        at += size
                    elif DEFINITION <= header < COMPRESSED:
                        stop = at + FIELDS_AT + 3 * data[at + FIELDS_AT - 1]
                        if header & DEVELOPER:
                            stop += 1 + 3 * data[stop]
                        if stop >= len(data):
                            return at
                        # A Suunto defines each message anew before it writes one: the same bytes are
                        # read only once, and here, for a call would take as long again.
                        text = data[at:stop]
                        meaning = known.get(text) or self._add(text)
                        for named in headers[header & LOCAL]:
                            skips[named], sizes[named], owners[named], joins[named] = meaning
                        at = stop
                    elif (owner := self._owner_of_odd(header)) is not _NOBODY:
                        owner.walked.append(at)
                        at += owner.size
                    else:
                        return at
                self._count(patience)
                stretch = regular_stretch(data, at, sizes)
                patience = _WALKS[0] if stretch else min(2 * patience, _WALKS[1])
                at = self._jump(stretch) if stretch else at
        except IndexError:  # a look past the end: what came last is not complete
            if sizes[header] and not skips[header]:
                owners[header].walked.pop()
            return at - sizes[header]

    def _owner_of_odd(self, header: int) -> Definition:
        """Return the definition of a message that is empty, or tells a compressed time for the first time."""
        local = header >> 5 & 3 if header & COMPRESSED else header
        owner = self.owners[local]
        if header & COMPRESSED and owner is not _NOBODY:
            if self._wanted is not None:
                raise _TimesAreCompressed
            self._headers[local].append(header)
            meaning = self._means(owner)
            self.skips[header], self.sizes[header], self.owners[header], self.joins[header] = meaning
        if owner.size == 1:
            self._empty += 1
            limit(self._empty, MOST_EMPTY_MESSAGES, "empty messages")
        return owner

    def _add(self, text: bytes) -> _Meaning:
        definition = Definition(text)
        self._part.definitions.append(definition)
        limit(len(self._part.definitions), MOST_DEFINITIONS, "definitions")
        meaning = self._known[text] = self._means(definition)
        return meaning

    def _means(self, definition: Definition) -> _Meaning:
        size = definition.size if definition.size > 1 else 0
        skip = 0 if self._wanted is None or definition.message in self._wanted else size
        return skip, size, definition, definition.walked.append

    def _jump(self, stretch: list[range]) -> int:
        """Note a regular stretch, one range for each place of its pattern; return where it ends."""
        for places in stretch:
            header = self._part.data[places.start]
            if not self.skips[header]:
                self.owners[header].add_stretch(places)
        self._count(len(stretch) * len(stretch[0]))
        return stretch[0].stop

    def _count(self, messages: int) -> None:
        self._messages += messages
        limit(self._messages, MOST_MESSAGES, "messages")


def regular_stretch(data: bytes, at: int, sizes: list[int]) -> list[range]:
    """Find messages that come in turn, over and over, from `at` on; return none if there are few.

    Args:
        data: of a part.
        at: where the first message begins.
        sizes: of messages by header byte; 0 of what ends a stretch.
    """
    places: list[int] = []
    to = at
    while len(places) < _LONGEST_PATTERN and (size := sizes[data[to]]):
        places.append(to)
        to += size
        if to >= len(data):
            break
        # The last byte that a stretch must have tells most places where there is none.
        stride, least = to - at, _SHORTEST_STRETCH // len(places)
        last = at + (least - 1) * stride
        if data[to] == data[at] and data[at : at + 1] == data[last : last + 1]:
            repeats = min(_repeats(data, place, stride) for place in places)
            repeats = min(repeats, (len(data) - 1 - at) // stride)
            if repeats >= least:
                return [range(place, place + repeats * stride, stride) for place in places]
    return []


def _repeats(data: bytes, at: int, stride: int) -> int:
    """Count how often the byte at `at` comes again at this distance."""
    byte = data[at : at + 1]
    found, looked = 0, _FIRST_LOOK
    while True:
        column = data[at + found * stride : at + (found + looked) * stride : stride]
        same = len(column) - len(column.lstrip(byte))
        found += same
        if same < looked:
            return found
        looked *= 4


def limit(found: int, most: int, what: str) -> None:
    """Refuse a file that has more of something than any recording needs: it is made to cost time."""
    if found > most:
        raise CorruptFile(
            f"refused: more than {most:,} {what}; no recording needs that",
            code=f"too_many_{what.replace(' ', '_')}",
            format="fit",
        )
