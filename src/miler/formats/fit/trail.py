"""What a careful walk took for messages, and how far that is sure; what is not can be taken back."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import islice

from miler.formats.fit.outlook import Kind, Kinds

_FARTHEST_BACK = 64  # definitions


class Trail:
    """The messages taken so far, in the order of the file.

    Attributes:
        kinds: local number -> what it stands for where the walk is.
        last: the last message with a plausible time, which what follows it has yet to prove.
        since: those taken after it, none of which tells a time.
        sure: up to where all is plausible.
    """

    def __init__(self, at: int) -> None:
        self.kinds: Kinds = {}
        self.last: tuple[int, Kind] | None = None
        self.since: list[tuple[int, Kind]] = []
        self.sure = at
        self._places = array("q")
        self._taken: list[Kind] = []
        # Where which local number was defined, and what it stood for before.
        self._defined: list[tuple[int, int, Kind | None]] = []

    def define(self, at: int, local: int, kind: Kind) -> None:
        """Note that from `at` on a local number stands for this."""
        self._defined.append((at, local, self.kinds.get(local)))
        self.kinds = {**self.kinds, local: kind}

    def redefine(self, local: int, kind: Kind) -> None:
        """Have a local number stand for something else, from where the walk is."""
        self.kinds = {**self.kinds, local: kind}

    def take(self, at: int, kind: Kind, timed: bool) -> None:
        """Take a message; one that tells a plausible time proves those before it."""
        self._places.append(at)
        self._taken.append(kind)
        if timed:
            self.believe(at + (kind.size if kind.proven else 1))
            self.last = at, kind
        else:
            self.since.append((at, kind))

    def believe(self, sure: int) -> None:
        """Be sure of all that was taken so far, for what follows it is plausible."""
        for _, before in self.unsure:
            before.proven += 1
        self.last, self.since, self.sure = None, [], sure

    @property
    def unsure(self) -> list[tuple[int, Kind]]:
        """The messages that nothing has proven yet, in order."""
        return [self.last, *self.since] if self.last else self.since

    def definitions_back(self) -> Iterator[tuple[int, int]]:
        """Yield where the latest definitions were, and of which local number, the last first."""
        return ((at, local) for at, local, _ in islice(reversed(self._defined), _FARTHEST_BACK))

    def kinds_before(self, place: int) -> dict[int, Kind]:
        """Return what local numbers stood for at a place."""
        kinds = dict(self.kinds)
        for at, local, before in reversed(self._defined):
            if at < place:
                break
            if before is None:
                kinds.pop(local, None)
            else:
                kinds[local] = before
        return kinds

    def forget_from(self, place: int) -> None:
        """Take back all that was taken from a place on."""
        self.kinds = self.kinds_before(place)
        while self._defined and self._defined[-1][0] >= place:
            self._defined.pop()
        while self._places and self._places[-1] >= place:
            self._places.pop()
            self._taken.pop()
        while self.since and self.since[-1][0] >= place:
            self.since.pop()
        if self.last and self.last[0] >= place:
            self.last = None

    def skip_to(self, place: int) -> None:
        """Go on at a place after bytes that were left out."""
        self.forget_from(self.sure)
        self.sure, self.last, self.since = place, None, []

    def messages(self) -> Iterator[tuple[int, Kind]]:
        """Yield each message that was taken one by one: where it begins, and what it is."""
        return zip(self._places, self._taken, strict=True)
