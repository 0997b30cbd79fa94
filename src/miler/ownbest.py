"""How a mile stands among its runner's own: most runners' record is their own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from miler.recordbook import OWN, own_book, select


@dataclass(frozen=True)
class Ran:
    """A mile that the runner ran on another day.

    Attributes:
        on: the day as ISO 8601 has it, or the year where that is all that is known.
        where: how it is known.
        uncertainty_s: its ±; None where nobody knows.
    """

    on: str
    time_s: float
    where: str
    uncertainty_s: float | None = None

    @property
    def day(self) -> date:
        """That day; of a year alone its last one, so that it comes before no run of that year."""
        return date(int(self.on), 12, 31) if len(self.on) == len("1954") else date.fromisoformat(self.on)


@dataclass(frozen=True)
class OwnBest:
    """The fastest mile before a run, and how that run stands to it.

    Attributes:
        ran: that mile.
        age: the best at this age only, in years; None of all.
        behind_s: how much slower the run is; negative: it is the new best.
    """

    ran: Ran
    age: int | None
    behind_s: float


def own_bests(
    time_s: float, day: date, others: Iterable[Ran], birth_year: int | None = None
) -> tuple[OwnBest, ...]:
    """Return the runner's best until a day, and the best until then at the age of that day.

    Args:
        time_s: of the mile that is looked at.
        day: on which it was run; miles of that day and later ones are no mark for it.
        others: the runner's other miles.
        birth_year: None for no age. The age is the one completed in the year of a run.

    Returns:
        None, one or both; where the best was run at this age, it is told once, as the best of all.
    """
    before = [ran for ran in others if ran.day < day]
    if not before:
        return ()
    best = min(before, key=_fastest)
    found = [OwnBest(best, None, time_s - best.time_s)]
    # A year of age by the year of birth is a calendar year.
    peers = [ran for ran in before if ran.day.year == day.year]
    if birth_year is not None and peers and best not in peers:
        peer = min(peers, key=_fastest)
        found.append(OwnBest(peer, day.year - birth_year, time_s - peer.time_s))
    return tuple(found)


def _fastest(ran: Ran) -> tuple[float, date]:
    return ran.time_s, ran.day


def own_marks(own: str) -> tuple[Ran, ...]:
    """Return the runner's own miles in the text of `records.toml`: the marks without another category."""
    if not own:
        return ()
    marks = select(own_book(own).marks, event="1 mile", category=OWN)
    return tuple(Ran(mark.date, mark.time_s, mark.place or "records.toml") for mark in marks)
