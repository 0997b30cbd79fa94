"""A damaged part, walked carefully: every message must be plausible, and after damage the walk goes on.

A message is plausible if its header byte was defined, and its timestamp is near those of the others.
Where one is not, there are three ways on, tried in this order:

1. One byte is wrong. Something else begins here, or between here and the last message whose time was
   right; or a definition that no message has proven yet was damaged. With the right byte, several
   messages in a row are plausible.
2. Bytes are missing or rubbish. The walk goes on at the next place from where several messages in a row
   are plausible; what is between is left out.
3. There is no such place: the rest is left out.

A part that is only cut short is read to its last complete message, and not one byte further.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
from miler.formats.fit.plausible import (
    definition_at,
    definition_end,
    definitions_from,
    mended_text,
    misfits,
    resized,
    variants,
)

from miler.activity import Note
from miler.arrays import IntArray
from miler.formats.fit import profile
from miler.formats.fit.layout import COMPRESSED, DEFINITION, LOCAL, byte_order, global_number, layout
from miler.formats.fit.scan import Definition, Part

# A time this far from the most frequent ones is none; the longest activities last days.
_FARTHEST_S = 45 * 86_400
_BUCKET_BITS = 19  # six days
_IN_A_ROW_S = 10
_SAMPLE = 2**20  # bytes that are enough to find the usual times
_FEW, _AGREEING = 3, 0.8  # times that are enough to be believed; the share of them that must agree
_NO_TIME = 0xFFFF_FFFF
_LAST_DATE = 0x6000_0000  # 2041
# A time fits by chance once in 500 places, a definition never; a known header byte once in 10, and where
# the bytes have a period, many times in a row.
_BELIEF_OF_TIME, _BELIEF_OF_DEFINITION, _BELIEF_OF_MANY, _ENOUGH = 10, 20, 9, 20
_FARTHEST_LOOK = 60  # messages
_WIDEST = 600  # bytes of a message whose size is guessed
_MOST_TRIES = 3  # to put things right at one place
_RECENT = 4  # definitions that are looked at again
_WINDOW = 4096


class _Kind:
    """A definition, mended, and how often what followed one of its messages was plausible, or was not."""

    __slots__ = ("definition", "doubts", "order", "proven", "size", "text", "time_at")

    def __init__(self, as_written: bytes) -> None:
        self.text = text = mended_text(as_written)
        self.definition = Definition(text)
        self.size = self.definition.size
        self.proven = self.doubts = 0
        self.order: Literal["little", "big"] = "big" if byte_order(text) == ">" else "little"
        time = layout(text).by_number.get(profile.TIMESTAMP)
        self.time_at = time.at if time is not None and time.code == "u4" else None


_Kinds = dict[int, _Kind]


def salvage(part: Part, first: int, cut: bool) -> None:
    """Find the messages of a damaged part anew, and say what was put right or left out.

    Args:
        part: whose definitions are replaced, and notes added to.
        first: where its first message should begin.
        cut: whether its last bytes are missing.
    """
    walk = _CarefulWalk(part, cut)
    walk.go(first)
    kinds = dict.fromkeys(kind for _, kind in walk.taken)
    for at, kind in walk.taken:
        kind.definition.walked.append(at)
    part.definitions[:] = [kind.definition for kind in kinds]
    part.notes += walk.notes(part.start)


def is_suspicious(part: Part) -> bool:
    """Whether a part that could be walked to its end says something that is not plausible."""
    texts = [definition.text for definition in part.definitions]
    if not part.of(profile.RECORD) or any(misfits(text) or mended_text(text) != text for text in texts):
        return True
    times, usual = _times_told(part), usual_times(part)
    return usual is None or bool(((times < usual[0]) | (times > usual[1])).any())


def hides_records(part: Part) -> bool:
    """Whether a part seems to have no records, for their definition says that they are something else."""
    return not part.of(profile.RECORD) and any(
        global_number(mended_text(d.text)) == profile.RECORD for d in part.definitions
    )


class _CarefulWalk:
    """A walk that looks ahead, and back.

    Attributes:
        kinds: local number -> what it stands for where the walk is.
        taken: the messages found, in order.
        skipped: stretches of bytes that were left out.
        repaired: places of bytes that were put right.
    """

    def __init__(self, part: Part, cut: bool) -> None:
        self.kinds: _Kinds = {}
        self.taken: list[tuple[int, _Kind]] = []
        self.skipped: list[tuple[int, int]] = []
        self.repaired: list[int] = []
        self._data, self._end, self._cut = part.data, part.end, cut
        self._known: dict[bytes, _Kind] = {}
        self._tries: Counter[int] = Counter()
        # Where which local number was defined, and what it stood for before.
        self._defined: list[tuple[int, int, _Kind | None]] = []
        # The last message with a plausible time, and those taken since.
        self._last: tuple[int, _Kind] | None = None
        self._since: list[tuple[int, _Kind]] = []
        self._sure = 0  # up to where all is plausible
        places = definitions_from(self._data, 0, self._end)
        texts = (definition_at(self._data, at) for at in places)
        self._twins = [text for text in dict.fromkeys(texts) if text]
        self._times = usual_times(part)

    def go(self, at: int) -> None:
        """Walk from `at` to the end."""
        self._sure = at
        while at < self._end:
            stop = self._step(at)
            if stop is None and self._is_cut_off(at):
                self.skipped.append((at, self._end))
                return
            at = self._recover(at) if stop is None else stop

    def notes(self, start: int) -> Iterator[Note]:
        """Say what was put right and what was left out, in bytes of the file."""
        if self.repaired:
            places = _listed([str(start + at) for at in sorted(set(self.repaired))])
            yield Note(
                "fit_repaired", "damage", f"headers or definitions of messages put right: at byte {places}"
            )
        if self.skipped:
            count = sum(stop - at for at, stop in self.skipped)
            ranges = _listed([f"{start + at} to {start + stop}" for at, stop in self.skipped])
            lost = f"{count} bytes, at most {self._lost_records()} records"
            yield Note("fit_undecodable", "damage", f"bytes {ranges} could not be decoded: {lost}")

    def _lost_records(self) -> int:
        sizes = [
            kind.size
            for kind in {kind for _, kind in self.taken}
            if kind.definition.message == profile.RECORD
        ]
        return sum((stop - at) // min(sizes) for at, stop in self.skipped) if sizes else 0

    # What one message says.

    def _step(self, at: int) -> int | None:
        """Take what begins at a place; return where it ends, None if that is not plausible."""
        if DEFINITION <= self._data[at] < COMPRESSED:
            text = definition_at(self._data, at)
            if text is None:
                return None
            self._believe(at + len(text))
            return self._define(at, text)
        kind = self._kind_at(at, self.kinds)
        if kind is None or at + kind.size > self._end:
            return None
        fits = self._time_fits(at, kind)
        if fits is False and not self._goes_on(at + kind.size, self.kinds):
            return None
        return self._take(at, kind, fits is True)

    def _kind_at(self, at: int, kinds: _Kinds) -> _Kind | None:
        header = self._data[at]
        return kinds.get(header >> 5 & 3 if header & COMPRESSED else header)

    def _time_fits(self, at: int, kind: _Kind) -> bool | None:
        """Whether the timestamp of a message is near the others; None if it has none."""
        if kind.time_at is None or self._times is None:
            return None
        place = at + kind.time_at
        time = int.from_bytes(self._data[place : place + 4], kind.order)
        return None if time == _NO_TIME else self._times[0] <= time <= self._times[1]

    def _take(self, at: int, kind: _Kind, timed: bool) -> int:
        self.taken.append((at, kind))
        if timed:
            self._believe(at + (kind.size if kind.proven else 1))
            self._last = at, kind
        else:
            self._since.append((at, kind))
        return at + kind.size

    def _believe(self, sure: int) -> None:
        """Be sure of all that was taken so far, for what follows it is plausible."""
        for _, before in (*self._since, *([self._last] if self._last else [])):
            before.proven += 1
        self._last, self._since, self._sure = None, [], sure

    def _define(self, at: int, text: bytes) -> int:
        local = text[0] & LOCAL
        self._defined.append((at, local, self.kinds.get(local)))
        self.kinds = {**self.kinds, local: self._kind(text)}
        if self.kinds[local].text != text:
            self.repaired.append(at)
        return at + len(text)

    def _kind(self, text: bytes) -> _Kind:
        if text not in self._known:
            self._known[text] = _Kind(text)
        return self._known[text]

    # Looking ahead.

    def _goes_on(self, at: int, kinds: _Kinds, using: int | None = None) -> bool:
        """Whether what follows from `at` on is plausible for so long that it cannot be chance.

        Args:
            at: where the first message begins.
            kinds: what local numbers stand for there.
            using: a local number that one of the messages must have.
        """
        belief = untimed = 0
        for _ in range(_FARTHEST_LOOK):
            if belief + min(untimed, _BELIEF_OF_MANY) >= _ENOUGH and using is None:
                return True
            if at >= self._end:
                return at == self._end and using is None
            if DEFINITION <= self._data[at] < COMPRESSED:
                text = definition_at(self._data, at)
                if text is None or text[0] & LOCAL == using:
                    return False
                kinds = {**kinds, text[0] & LOCAL: self._kind(text)}
                belief += _BELIEF_OF_DEFINITION
                at += len(text)
                continue
            kind = self._kind_at(at, kinds)
            if kind is None:
                return False
            if at + kind.size > self._end:
                return self._cut and using is None and belief > 0
            fits = self._time_fits(at, kind)
            if fits is False:
                return False
            if fits or self._times is None:
                belief += _BELIEF_OF_TIME if fits else 1
            else:
                untimed += 1
            using = None if self._data[at] == using else using
            at += kind.size
        return False

    def _is_cut_off(self, at: int) -> bool:
        """Whether what begins at a place is a message that the end of the bytes cuts off."""
        if not self._cut:
            return False
        header = self._data[at]
        if DEFINITION <= header < COMPRESSED:
            return definition_end(self._data, at, header) is None
        kind = self._kind_at(at, self.kinds)
        if kind is None or at + kind.size <= self._end:
            return False
        whole_time = kind.time_at is not None and at + kind.time_at + 4 <= self._end
        return not whole_time or self._time_fits(at, kind) is not False

    # The ways on.

    def _recover(self, at: int) -> int:
        """Find the way on from a place where nothing plausible begins; return where it goes on."""
        self._tries[at] += 1
        if self._tries[at] > _MOST_TRIES:
            return self._skip()
        unsure = [place for place, _ in self._since]
        for _, kind in (self._since or ([self._last] if self._last else []))[-1:]:
            kind.doubts += 1
        places = [at, *unsure[:-_RECENT:-1], *unsure[:_RECENT]]
        ways: list[Callable[[int], int | None]] = [
            lambda place: self._as_definition(place, 1),
            lambda _: self._with_other_definitions(at, 1),
            lambda place: self._as_other_message(place, timed=True),
            lambda place: self._as_definition(place, 2),
            lambda _: self._with_other_definitions(at, 2),
            lambda place: self._as_other_message(place, timed=False),
        ]
        found = (stop for way in ways for place in places if (stop := way(place)) is not None)
        return next(found, None) or self._skip()

    def _as_definition(self, place: int, changes: int) -> int | None:
        """Take what begins at a place as a damaged definition, if that explains what follows."""
        kinds = self._kinds_before(place)
        likely = self._likely_definitions(place, changes)
        for using in (True, False):
            for text, stop in likely:
                local, follows = text[0] & LOCAL, self._data[stop]
                if follows < DEFINITION and follows != local and follows not in kinds:
                    continue
                trial = {**kinds, local: self._kind(text)}
                if self._goes_on(stop, trial, local if using else None):
                    self._forget_from(place)
                    self.repaired.append(place)
                    self._define(place, text)
                    return stop
        return None

    def _likely_definitions(self, place: int, changes: int) -> list[tuple[bytes, int]]:
        """Return what a damaged definition may have been, and its end, if so many bytes were changed."""
        least = 1 if changes > 1 or definition_at(self._data, place) else 0
        return [
            (text, stop)
            for text, stop in dict.fromkeys(variants(self._data, place, self._twins))
            if least <= sum(a != b for a, b in zip(text, self._data[place:stop], strict=True)) <= changes
        ]

    def _as_other_message(self, place: int, *, timed: bool) -> int | None:
        """Take what begins at a place as a message with a wrong header byte, if that explains the rest."""
        kinds = self._kinds_before(place)
        for local, kind in kinds.items():
            stop = place + kind.size
            if local == self._data[place] or stop > self._end or (stop == self._end and not timed):
                continue
            if (self._time_fits(place, kind) or False) is timed and self._goes_on(stop, kinds):
                self._forget_from(place)
                self.repaired.append(place)
                return self._take(place, kind, timed)
        return None

    def _with_other_definitions(self, at: int, changes: int) -> int | None:
        """Change a definition that nothing has proven, if that explains what follows."""
        for place, local, _ in self._defined[: -_RECENT - 1 : -1]:
            if place >= self._sure and not self.kinds[local].proven:
                stop = self._as_definition(place, changes)
                if stop is not None:
                    return stop
        here = self._kind_at(at, self.kinds)
        used = [*([self._last] if self._last else []), *self._since, *([(at, here)] if here else [])]
        # The first message after a wrong definition is where what follows can be told.
        firsts = {kind: place for place, kind in reversed(used)}
        for kind, place in firsts.items():
            doubtful = kind.proven <= kind.doubts and self._data[place] <= LOCAL
            if doubtful and self._redefine(place, kind, changes):
                return place
        return None

    def _redefine(self, place: int, kind: _Kind, changes: int) -> bool:
        """Change the definition that the message at a place follows, if that explains it and what follows."""
        local = self._data[place]
        kinds = self._kinds_before(place)
        for text in self._others(local, kind, changes):
            other = self._kind(text)
            if self._time_fits(place, other) is not False and self._goes_on(
                place, {**kinds, local: other}, local
            ):
                self._forget_from(place)
                self.repaired.append(place)
                self.kinds = {**self.kinds, local: other}
                return True
        return False

    def _others(self, local: int, kind: _Kind, changes: int) -> Iterator[bytes]:
        """Yield what a definition may have been: with a byte put right, or just with another size."""
        defined_at = next((at for at, number, _ in reversed(self._defined) if number == local), None)
        if defined_at is not None:
            for text, _ in self._likely_definitions(defined_at, changes):
                if len(text) == len(kind.text) and text[0] & LOCAL == local and text != kind.text:
                    yield text
        if changes > 1:
            sizes = (size for size in range(2, _WIDEST) if size != kind.size)
            yield from filter(None, (resized(kind.text, size) for size in sizes))

    def _skip(self) -> int:
        """Leave bytes out up to the next place that is believable; return that place."""
        stop = next(self._believable(self._sure + 1), self._end)
        self._forget_from(self._sure)
        self.skipped.append((self._sure, stop))
        self._sure, self._last, self._since = stop, None, []
        return stop

    def _believable(self, start: int) -> Iterator[int]:
        """Yield places from where several messages in a row are plausible, in order."""
        while start < self._end:
            stop = min(start + _WINDOW, self._end)
            for at in sorted([*self._timed_from(start, stop), *definitions_from(self._data, start, stop)]):
                text = definition_at(self._data, at)
                if text is not None:
                    trial = {**self.kinds, text[0] & LOCAL: self._kind(text)}
                    if self._goes_on(at + len(text), trial):
                        yield at
                elif self._goes_on(at, self.kinds):
                    yield at
            start = stop

    def _timed_from(self, start: int, stop: int) -> list[int]:
        """Return places where a message of a defined kind with a plausible time may begin."""
        if self._times is None:
            return [at for at in range(start, stop) if self._data[at] in self.kinds]
        places: list[int] = []
        window = np.frombuffer(self._data, np.uint8)[start:stop]
        for local, kind in self.kinds.items():
            if kind.time_at is not None:
                found = np.flatnonzero(window == local) + start
                places += [int(at) for at in found if self._time_fits(int(at), kind)]
        return places

    # Going back.

    def _kinds_before(self, place: int) -> _Kinds:
        kinds = dict(self.kinds)
        for at, local, before in reversed(self._defined):
            if at < place:
                break
            if before is None:
                kinds.pop(local, None)
            else:
                kinds[local] = before
        return kinds

    def _forget_from(self, place: int) -> None:
        """Take back all that was taken from a place on."""
        self.kinds = self._kinds_before(place)
        while self._defined and self._defined[-1][0] >= place:
            self._defined.pop()
        while self.taken and self.taken[-1][0] >= place:
            self.taken.pop()
        self._since = [message for message in self._since if message[0] < place]
        if self._last and self._last[0] >= place:
            self._last = None


def usual_times(part: Part) -> tuple[int, int] | None:
    """Return from when to when the times of a part are plausible; None if it seems to have none.

    What the walk found counts, if it agrees; else every four bytes are taken for a time, in both orders: true
    times are many and follow each other within seconds, others are spread over the years.
    """
    told = _times_told(part)
    middle = _crowd(told)[1]
    if len(told) >= _FEW and np.mean(abs(told - middle) <= _FARTHEST_S) >= _AGREEING:
        return middle - _FARTHEST_S, middle + _FARTHEST_S
    count = max(min(len(part.data) - 3, _SAMPLE), 0)
    crowds = [(0, 0)]
    for order in "<>":
        words = np.ndarray((count,), f"{order}u4", part.data, strides=(1,))
        dates = words[(words >= profile.FIRST_DATE) & (words <= _LAST_DATE)]
        times = np.unique(np.concatenate((dates.astype(np.int64), told)))
        crowds.append(_crowd(times[np.diff(times, prepend=0) <= _IN_A_ROW_S]))
    most, middle = max(crowds)
    return (middle - _FARTHEST_S, middle + _FARTHEST_S) if most >= _FEW else None


def _times_told(part: Part) -> IntArray:
    """Return the timestamps of all messages that were found, as FIT counts them."""
    found = [np.empty(0, np.int64)]
    for definition in part.definitions:
        time = definition.layout.by_number.get(profile.TIMESTAMP)
        if definition.count and time is not None and time.code == "u4":
            column = part.gather(definition, definition.starts)[time.name]
            found.append(column[column != _NO_TIME].astype(np.int64))
    return np.concatenate(found)


def _crowd(times: IntArray) -> tuple[int, int]:
    """Return how many of the times are in the week that has most of them, and when that is."""
    if not len(times):
        return 0, 0
    weeks, counts = np.unique(times >> _BUCKET_BITS, return_counts=True)
    return int(counts.max()), int(np.median(times[times >> _BUCKET_BITS == weeks[counts.argmax()]]))


_LISTED = 10


def _listed(words: list[str]) -> str:
    shown = ", ".join(words[:_LISTED])
    return shown if len(words) <= _LISTED else f"{shown} and {len(words) - _LISTED} more"
