"""Looking ahead in a damaged part: whether what would follow from a place is plausible.

What a local number stands for is a `Kind`; what all of them stand for at a place are its `Kinds`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

import numpy as np

from miler.arrays import BoolArray
from miler.formats.fit import profile
from miler.formats.fit.layout import COMPRESSED, DEFINITION, FIELDS_AT, LOCAL, byte_order, layout
from miler.formats.fit.mending import mended
from miler.formats.fit.patience import Patience
from miler.formats.fit.plausible import definition_at, definitions_from, may_be_cut_off
from miler.formats.fit.scan import Definition, Part
from miler.formats.fit.suspicion import NO_TIME, usual_times

# A time fits by chance once in 500 places, a definition never; a known header byte once in 10, and where
# the bytes have a period, many times in a row.
_BELIEF_OF_TIME, _BELIEF_OF_DEFINITION, _BELIEF_OF_MANY, _ENOUGH = 10, 20, 9, 20
_CRC_BYTES = 2  # may be the last of a part of which no one knows the end
_FARTHEST_LOOK = 60  # messages
_WINDOWS = (128, 65_536)  # bytes looked through at once: from, up to
_COST_OF_A_KIND, _COST_OF_A_WINDOW = 100, 60


class Kind:
    """A definition, mended, and how often what followed one of its messages was plausible, or was not."""

    __slots__ = ("definition", "doubts", "order", "proven", "size", "text", "time_at")

    def __init__(self, as_written: bytes) -> None:
        self.text = text = mended(as_written)
        self.definition = Definition(text)
        self.size = self.definition.size
        self.proven = self.doubts = 0
        self.order: Literal["little", "big"] = "big" if byte_order(text) == ">" else "little"
        time = layout(text).by_number.get(profile.TIMESTAMP)
        self.time_at = time.at if time is not None and time.code == "u4" else None


Kinds = Mapping[int, Kind]


class Outlook:
    """What can be told from the bytes of a part.

    Attributes:
        data, end: the bytes, and where the last message should end.
        times: from when to when a timestamp is plausible; None if the part has none.
    """

    def __init__(self, part: Part, cut: bool, patience: Patience) -> None:
        self.data, self.end = part.data, part.end
        self.times = usual_times(part)
        self._cut = cut
        self._patience = patience
        self._known: dict[bytes, Kind] = {}

    def kind(self, text: bytes) -> Kind:
        """Return what a definition defines; the same bytes, the same kind."""
        if text not in self._known:
            self._patience.spend(_COST_OF_A_KIND + len(text) // 2)
            self._known[text] = Kind(text)
        return self._known[text]

    @property
    def kinds(self) -> Iterable[Kind]:
        """All kinds that were ever thought of."""
        return self._known.values()

    def kind_at(self, at: int, kinds: Kinds) -> Kind | None:
        """Return what the message at a place is, by its header byte."""
        header = self.data[at]
        if header < COMPRESSED:
            return kinds.get(header)
        kind = kinds.get(header >> 5 & 3)
        return kind if kind and kind.time_at is None else None  # who writes the time in full compresses none

    def time_fits(self, at: int, kind: Kind) -> bool | None:
        """Whether the timestamp of a message is near the others; None if it has none."""
        if kind.time_at is None or self.times is None:
            return None
        place = at + kind.time_at
        time = int.from_bytes(self.data[place : place + 4], kind.order)
        return None if time == NO_TIME else self.times[0] <= time <= self.times[1]

    def times_fit(self, places: range, kind: Kind) -> BoolArray | None:
        """Whether timestamps are near the others, of messages at equal distances; None if they have none."""
        if kind.time_at is None or self.times is None:
            return None
        place, code = places.start + kind.time_at, ">u4" if kind.order == "big" else "<u4"
        times = np.ndarray((len(places),), code, self.data, place, (places.step,))
        return (times >= self.times[0]) & (times <= self.times[1])

    def goes_on(self, at: int, kinds: Kinds, using: int | None = None, wrong_times: int = 0) -> bool:
        """Whether what follows from `at` on is plausible for so long that it cannot be chance.

        Args:
            at: where the first message begins.
            kinds: what local numbers stand for there.
            using: a local number that one of the messages must have.
            wrong_times: how many messages may tell a time that does not fit.
        """
        belief = untimed = 0
        for _ in range(_FARTHEST_LOOK):
            self._patience.spend()
            if belief + min(untimed, _BELIEF_OF_MANY) >= _ENOUGH and using is None:
                return True
            if at >= self.end:
                return at == self.end and using is None
            if self._cut and at == self.end - _CRC_BYTES:
                return belief > 0 and using is None
            if DEFINITION <= self.data[at] < COMPRESSED:
                text = definition_at(self.data, at)
                if text is None or text[0] & LOCAL == using:
                    return False
                kinds = {**kinds, text[0] & LOCAL: self.kind(text)}
                belief += _BELIEF_OF_DEFINITION
                at += len(text)
                continue
            kind = self.kind_at(at, kinds)
            if kind is None:
                return False
            if at + kind.size > self.end:
                return self._cut and using is None and belief > 0
            fits = self.time_fits(at, kind)
            if fits is False:
                wrong_times -= 1
                if wrong_times < 0:
                    return False
            elif fits or self.times is None:
                belief += _BELIEF_OF_TIME if fits else 1
            else:
                untimed += 1
            using = None if self.data[at] == using else using
            at += kind.size
        return False

    def may_begin(self, at: int, kinds: Kinds) -> bool:
        """Whether a message of these kinds, a definition or the end may be at a place, at first sight."""
        if at >= self.end:
            return at == self.end
        if DEFINITION <= self.data[at] < COMPRESSED:
            return definition_at(self.data, at) is not None
        return self.kind_at(at, kinds) is not None

    def is_cut_off(self, at: int, kinds: Kinds) -> bool:
        """Whether what begins at a place is a message that the end of the bytes cuts off."""
        if not self._cut:
            return False
        header = self.data[at]
        if DEFINITION <= header < COMPRESSED:
            return may_be_cut_off(self.data, at, self.end)
        kind = self.kind_at(at, kinds)
        if kind is None or at + kind.size <= self.end:
            return False
        whole_time = kind.time_at is not None and at + kind.time_at + 4 <= self.end
        return not whole_time or self.time_fits(at, kind) is not False

    def believable(self, start: int, kinds: Kinds) -> Iterator[int]:
        """Yield places from where several messages in a row are plausible, in order."""
        window = _WINDOWS[0]
        while start < self.end:
            self._patience.spend(_COST_OF_A_WINDOW)
            stop = min(start + window, self.end)
            window = min(2 * window, _WINDOWS[1])
            definitions = definitions_from(self.data, start, stop)
            for at in sorted((*self._timed_from(start, stop, kinds), *definitions)):
                self._patience.spend()
                if not DEFINITION <= self.data[at] < COMPRESSED:
                    if self.goes_on(at, kinds):
                        yield at
                    continue
                self._patience.spend(self.data[at + FIELDS_AT - 1] // 2)
                text = definition_at(self.data, at)
                if text is not None:
                    trial = {**kinds, text[0] & LOCAL: self.kind(text)}
                    if self.goes_on(at + len(text), trial):
                        yield at
            start = stop

    def _timed_from(self, start: int, stop: int, kinds: Kinds) -> list[int]:
        """Return places where a message of a defined kind with a plausible time may begin."""
        window = np.frombuffer(self.data, np.uint8)[start:stop]
        places: list[int] = []
        for local, kind in kinds.items():
            found = np.flatnonzero(window == local) + start
            if self.times is None:
                places += found.tolist()
            elif kind.time_at is not None:
                found = found[found + kind.size <= self.end]
                shape = (max(len(self.data) - kind.time_at - 3, 0),)
                code = ">u4" if kind.order == "big" else "<u4"
                told = np.ndarray(shape, code, self.data, kind.time_at, (1,))[found]
                places += found[(told >= self.times[0]) & (told <= self.times[1])].tolist()
        return places
