"""A damaged part, walked carefully: every message must be plausible, and after damage the walk goes on.

A message is plausible if its header byte was defined, and its timestamp is near those of the others.
Where one is not, there are three ways on, tried in this order:

1. One byte is wrong. Something else begins here, or between here and the last message whose time was
   right; or a definition that no message has proven yet was damaged. With the right byte, several
   messages in a row are plausible.
2. Bytes are missing or rubbish. The walk goes on at the next place from where several messages in a row
   are plausible; what is between is left out.
3. There is no such place: the rest is left out.

A part that is only cut short is read to its last complete message, and not one byte further. Stretches of
messages in turn are measured as in a sound file, with their times compared as a column.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice

import numpy as np

from miler.activity import Note
from miler.formats.fit import profile
from miler.formats.fit.layout import COMPRESSED, DEFINITION, LOCAL
from miler.formats.fit.mending import changed, resized, variants
from miler.formats.fit.outlook import Kind, Outlook
from miler.formats.fit.patience import OutOfPatience, Patience
from miler.formats.fit.plausible import definition_at, definitions_from, misfits
from miler.formats.fit.scan import Definition, Part, regular_stretch
from miler.formats.fit.trail import Trail

_WIDEST = 600  # bytes of a message whose size is guessed
_MOST_TRIES = 3  # to put things right at one place
_RECENT = 4  # messages, and definitions, that are looked at again
_MOST_LOOKED_AT, _MOST_TWINS = 4096, 128  # definitions; those that differ
_WRONG_TIMES = 1  # near another
_MOST_CHANGES = 2  # bytes of a definition
_COST_OF_A_GUESS = 200
_WALKS = (32, 1024)  # messages walked before the next look for a stretch: from, up to
_LEFT_TO_WALK = 2  # repeats of a stretch, so that the walk knows where it is
_SMALLEST_RECORD = 5  # bytes of one that tells its time
_LISTED = 10


def salvage(part: Part, first: int, cut: bool, patience: Patience) -> None:
    """Find the messages of a damaged part anew, and say what was put right or left out.

    Args:
        part: whose definitions are replaced, and notes added to.
        first: where its first message should begin.
        cut: whether its last bytes are missing.
        patience: how much work it may cost; what would cost more is left out.
    """
    walk = _CarefulWalk(part, cut, patience)
    walk.go(first)
    part.definitions[:] = walk.found()
    part.notes += _notes(part, walk)


class _CarefulWalk:
    """A walk that looks ahead, and back.

    Attributes:
        skipped: stretches of bytes that were left out.
        repaired: places of bytes that were put right.
    """

    def __init__(self, part: Part, cut: bool, patience: Patience) -> None:
        self.skipped: list[tuple[int, int]] = []
        self.repaired: list[int] = []
        self._part, self._data, self._end = part, part.data, part.end
        self._patience = patience
        self._outlook = Outlook(part, cut, patience)
        self._trail = Trail(0)
        self._tries: Counter[int] = Counter()
        self._guessed: dict[int, list[tuple[int, bytes, int]]] = {}
        places = islice(definitions_from(self._data, 0, self._end), _MOST_LOOKED_AT)
        texts = (definition_at(self._data, at) for at in places)
        self._twins = [text for text in dict.fromkeys(texts) if text][:_MOST_TWINS]

    def go(self, at: int) -> None:
        """Walk from `at` to the end."""
        self._trail.sure = at
        try:
            self._walk(at)
        except OutOfPatience:
            self._leave_out(self._end)

    def found(self) -> list[Definition]:
        """Return the definitions of all messages found, with where those begin."""
        for at, kind in self._trail.messages():
            kind.definition.walked.append(at)
        return [kind.definition for kind in self._outlook.kinds if kind.definition.count]

    def _walk(self, at: int) -> None:
        walked, patience = 0, _WALKS[0]
        while at < self._end:
            stop = self._step(at)
            if stop is None:
                if self._outlook.is_cut_off(at, self._trail.kinds):
                    self.skipped.append((at, self._end))
                    return
                at = self._recover(at)
                continue
            at = stop
            walked += 1
            if walked >= patience:
                stop = self._leap(at)
                walked, patience = 0, _WALKS[0] if stop > at else min(2 * patience, _WALKS[1])
                at = stop

    def _step(self, at: int) -> int | None:
        """Take what begins at a place; return where it ends, None if that is not plausible."""
        self._patience.spend()
        outlook, trail = self._outlook, self._trail
        if DEFINITION <= self._data[at] < COMPRESSED:
            text = definition_at(self._data, at)
            if text is None:
                return None
            trail.believe(at + len(text))
            return self._define(at, text)
        kind = outlook.kind_at(at, trail.kinds)
        if kind is None or at + kind.size > self._end:
            return None
        fits = outlook.time_fits(at, kind)
        if fits is False and not outlook.goes_on(at + kind.size, trail.kinds, wrong_times=_WRONG_TIMES):
            return None
        trail.take(at, kind, fits is True)
        return at + kind.size

    def _define(self, at: int, text: bytes) -> int:
        kind = self._outlook.kind(text)
        self._trail.define(at, text[0] & LOCAL, kind)
        if kind.text != text:
            self.repaired.append(at)
        return at + len(text)

    def _leap(self, at: int) -> int:
        """Take a regular stretch of messages with plausible times, all at once; return where it ends."""
        sizes = [0] * 256
        for local, kind in self._trail.kinds.items():
            sizes[local] = kind.size if kind.size > 1 else 0
        stretch = regular_stretch(self._data, at, sizes)
        if not stretch:
            return at
        kinds = [self._trail.kinds[self._data[places.start]] for places in stretch]
        fits = [self._outlook.times_fit(p, kind) for p, kind in zip(stretch, kinds, strict=True)]
        plausible = np.logical_and.reduce([fit for fit in fits if fit is not None] or [np.zeros(1, bool)])
        repeats = len(plausible) if plausible.all() else int(plausible.argmin())
        repeats -= _LEFT_TO_WALK
        if repeats <= 0:
            return at
        for places, kind in zip(stretch, kinds, strict=True):
            kind.definition.add_stretch(places[:repeats])
            kind.proven += repeats
        stop = stretch[0][repeats]
        self._trail.believe(stop)
        return stop

    # The ways on.

    def _recover(self, at: int) -> int:
        """Find the way on from a place where nothing plausible begins; return where it goes on."""
        self._tries[at] += 1
        if self._tries[at] > _MOST_TRIES or self._patience.is_short:
            return self._skip()
        unsure = self._trail.unsure
        self._patience.spend(len(unsure))
        if unsure:
            unsure[-1][1].doubts += 1
        untimed = [place for place, _ in self._trail.since]
        places = [at, *untimed[:-_RECENT:-1], *untimed[:_RECENT]]
        found = (stop for stop in self._ways_on(at, [*dict.fromkeys(places)]) if stop is not None)
        stop = next(found, None)
        return self._skip() if stop is None else stop

    def _ways_on(self, at: int, places: list[int]) -> Iterator[int | None]:
        """Yield where the walk would go on, for each explanation in turn; None for one that explains nothing.

        Args:
            at: where nothing plausible begins.
            places: where something else than was thought may begin.
        """
        for changes in range(1, _MOST_CHANGES + 1):
            yield from (self._as_definition(place, changes) for place in places)
            yield self._with_other_definitions(at, changes)
            if changes == 1:
                yield from (self._as_other_message(place, timed=True) for place in places)
                yield from (self._as_other_message(place, timed=False) for place in places)

    def _as_definition(self, place: int, changes: int) -> int | None:
        """Take what begins at a place as a damaged definition, if that explains what follows."""
        kinds = self._trail.kinds_before(place)
        likely = self._guesses(place, changes)
        for using in (True, False):
            for text, stop in likely:
                local, follows = text[0] & LOCAL, self._data[stop]
                if follows < DEFINITION and follows != local and follows not in kinds:
                    continue
                trial = {**kinds, local: self._outlook.kind(text)}
                if self._outlook.goes_on(stop, trial, local if using else None):
                    self._put_right(place)
                    return self._define(place, text)
        return None

    def _guesses(self, place: int, changes: int) -> list[tuple[bytes, int]]:
        """Return what a damaged definition may have been, and its end, if so many bytes were changed."""
        if place not in self._guessed:
            found = {
                (text, stop): count
                for text, stop in variants(self._data, place, self._twins)
                if (count := changed(text, self._data[place:stop])) <= _MOST_CHANGES
            }
            self._patience.spend(_COST_OF_A_GUESS + 2 * len(self._twins) + 4 * len(found))
            likeliest = sorted(found, key=lambda guess: misfits(guess[0]))
            self._guessed[place] = [(found[text, stop], text, stop) for text, stop in likeliest]
        least = 1 if changes > 1 or definition_at(self._data, place) else 0
        return [(text, stop) for count, text, stop in self._guessed[place] if least <= count <= changes]

    def _as_other_message(self, place: int, *, timed: bool) -> int | None:
        """Take what begins at a place as a message with a wrong header byte, if that explains the rest."""
        kinds = self._trail.kinds_before(place)
        for local, kind in kinds.items():
            stop = place + kind.size
            if local == self._data[place] or stop > self._end or (stop == self._end and not timed):
                continue
            if (self._outlook.time_fits(place, kind) or False) is timed and self._outlook.goes_on(
                stop, kinds
            ):
                self._put_right(place)
                self._trail.take(place, kind, timed)
                return stop
        return None

    def _with_other_definitions(self, at: int, changes: int) -> int | None:
        """Change a definition that nothing has proven, if that explains what follows."""
        trail = self._trail
        for place, local in islice(trail.definitions_back(), _RECENT):
            if place >= trail.sure and not trail.kinds[local].proven:
                stop = self._as_definition(place, changes)
                if stop is not None:
                    return stop
        here = self._outlook.kind_at(at, trail.kinds)
        used = [*trail.unsure, *([(at, here)] if here else [])]
        # The first message after a wrong definition is where what follows can be told.
        firsts = {kind: place for place, kind in reversed(used)}
        for kind, place in firsts.items():
            doubtful = kind.proven <= kind.doubts and self._data[place] <= LOCAL
            if doubtful and self._redefine(place, kind, changes):
                return place
        return None

    def _redefine(self, place: int, kind: Kind, changes: int) -> bool:
        """Change the definition that the message at a place follows, if that explains it and what follows."""
        local = self._data[place]
        kinds = self._trail.kinds_before(place)
        for text in self._others(place, kind, changes):
            other = self._outlook.kind(text)
            trial = {**kinds, local: other}
            if self._outlook.time_fits(place, other) is not False and self._outlook.goes_on(
                place, trial, local
            ):
                self._put_right(place)
                self._trail.redefine(local, other)
                return True
        return False

    def _others(self, place: int, kind: Kind, changes: int) -> Iterator[bytes]:
        """Yield what a definition may have been: with a byte put right, or just with another size."""
        local = self._data[place]
        defined_at = next((at for at, number in self._trail.definitions_back() if number == local), None)
        if defined_at is not None:
            for text, _ in self._guesses(defined_at, changes):
                if len(text) == len(kind.text) and text[0] & LOCAL == local and text != kind.text:
                    yield text
        if changes > 1:
            kinds = self._trail.kinds_before(place)
            for size in range(2, min(_WIDEST, self._end - place)):
                if size != kind.size and self._outlook.may_begin(place + size, kinds):
                    other = resized(kind.text, size - kind.size)
                    if other is not None:
                        yield other

    def _put_right(self, place: int) -> None:
        self._trail.forget_from(place)
        self.repaired.append(place)

    def _skip(self) -> int:
        """Leave bytes out up to the next place that is believable; return that place."""
        sure = self._trail.sure
        kinds = self._trail.kinds_before(sure)
        return self._leave_out(next(self._outlook.believable(sure + 1, kinds), self._end))

    def _leave_out(self, stop: int) -> int:
        self.skipped.append((self._trail.sure, stop))
        self._trail.skip_to(stop)
        self._guessed.clear()
        return stop


def _notes(part: Part, walk: _CarefulWalk) -> Iterator[Note]:
    """Say what was put right and what was left out, in bytes of the file."""
    if walk.repaired:
        places = _listed([str(part.start + at) for at in sorted(set(walk.repaired))])
        text = f"headers or definitions of messages put right: at byte {places}"
        yield Note("fit_repaired", "damage", text)
    skipped = _joined(walk.skipped)
    if skipped:
        count = sum(stop - at for at, stop in skipped)
        smallest = min((d.size for d in part.of(profile.RECORD)), default=_SMALLEST_RECORD)
        records = sum((stop - at) // smallest for at, stop in skipped)
        ranges = _listed([f"{part.start + at} to {part.start + stop}" for at, stop in skipped])
        lost = f"at most {records} record{'s' * (records > 1)}" if records else "no whole record"
        text = f"bytes {ranges} could not be decoded: {count} bytes, {lost}"
        yield Note("fit_undecodable", "damage", text)


def _joined(stretches: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the stretches in order, those that touch as one."""
    joined: list[tuple[int, int]] = []
    for start, stop in stretches:
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(stop, joined[-1][1])
        elif stop > start:
            joined.append((start, stop))
    return joined


def _listed(words: list[str]) -> str:
    shown = ", ".join(words[:_LISTED])
    return shown if len(words) <= _LISTED else f"{shown} and {len(words) - _LISTED} more"
