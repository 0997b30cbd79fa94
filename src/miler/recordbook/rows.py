"""Rows of the record book, and how they are read from text."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, cast

from miler.settings import Sex

Surface = Literal["outdoor", "short_track", "road"]
Status = Literal["ratified", "listed", "pending", "superseded", "unofficial", "not_eligible"]
Rounding = Literal["hundredth", "tenth", "fifth"]
Confidence = Literal["high", "medium", "low"]
Whose = Literal["own", "leader", "pacemaker", "unclear"]

STATUSES: dict[Status, str] = {
    "ratified": "ratified as a record, standing or since beaten",
    "listed": "named as the best of its class; no ratification was seen",
    "pending": "claimed as a record; its ratification had not been seen",
    "superseded": "the record once, since beaten; its ratification was not seen",
    "unofficial": "a time that no record list counts",
    "not_eligible": "run on a course on which no record can be set",
}


@dataclass(frozen=True)
class Mark:
    """One row of the record book.

    Attributes:
        record_id: stable slug, such as `mile-outdoor-m-1999-el-guerrouj`.
        event: name of the length, as in `units.STANDARD_LENGTHS_M`.
        length_m: exact length, metres.
        category: "senior", "U20", a country (its national record), an age ("age 15"), or an age class of
            masters, by sex and first year: "M40", "W60".
        time_text: the time as it stands in the record list.
        time_s: the same in seconds.
        rounding: the step in which the time was recorded; times before 1981 are not good to a hundredth.
        unrounded_text: what the watches or the photo showed, where the record list rounded it up.
        nationality: three letters as World Athletics writes them, of that day.
        date: ISO 8601, or only its year where no more is known.
        place: stadium and city, with the country; empty where not known.
        status: one of `STATUSES`.
        confidence: how well the row is attested.
        as_of: ISO date when the status was last looked at.
    """

    record_id: str
    event: str
    length_m: float
    surface: Surface
    category: str
    sex: Sex
    time_text: str
    time_s: float
    rounding: Rounding
    unrounded_text: str
    athlete: str
    nationality: str
    date: str
    place: str
    status: Status
    confidence: Confidence
    note: str
    source: str
    as_of: str

    @property
    def book(self) -> tuple[str, Surface, str, Sex]:
        """The book that the mark stands in: event, surface, category and sex."""
        return self.event, self.surface, self.category, self.sex


@dataclass(frozen=True)
class ProfileSplit:
    """A time at a distance, both from the start, and whose time it is."""

    distance_m: float
    time_s: float
    whose: Whose


@dataclass(frozen=True)
class Profile:
    """The published splits of one race, as (distance, time) pairs.

    Bare laps would not do: the same printed numbers mean different paces at 440 yd marks,
    at the finish line of a 400 m track (409.344 m first) and at 400, 800 and 1200 m.

    Attributes:
        record_id: the mark that was run, None where the race is not in the book.
        official_time_s: time of the race, seconds.
        end_error_s: published end minus official time; zero but for two flagged sets.
        splits: in order; the last is the finish.
        convention: where the marks lie, and how that is known.
    """

    profile_id: str
    record_id: str | None
    athlete: str
    sex: Sex
    date: str
    place: str
    surface: Surface
    official_time_s: float
    end_error_s: float
    splits: tuple[ProfileSplit, ...]
    convention: str
    confidence: Confidence
    note: str
    source: str
    as_of: str

    @property
    def lengths_m(self) -> tuple[float, ...]:
        """Length of each segment, metres."""
        return _steps(split.distance_m for split in self.splits)

    @property
    def times_s(self) -> tuple[float, ...]:
        """Time of each segment, seconds."""
        return _steps(split.time_s for split in self.splits)

    @property
    def own(self) -> tuple[ProfileSplit, ...]:
        """The splits that are the holder's; the finish always is."""
        return tuple(split for split in self.splits if split.whose == "own")


@dataclass(frozen=True)
class AgeTable:
    """Factors by age: the best that an age is held to be capable of is `open_standard_s / factor`.

    Attributes:
        surface: "track" or "road"; the two were fitted to different marks.
        factors: one for each year from `first_age` on.
        note: what to know of it; empty if nothing.
    """

    name: str
    surface: Literal["track", "road"]
    sex: Sex
    open_standard_s: float
    first_age: int
    factors: tuple[float, ...]
    source: str
    as_of: str
    note: str = ""

    def factor(self, age: int) -> float | None:
        """Return the factor of an age in whole years, None if the table leaves it out."""
        years = age - self.first_age
        return self.factors[years] if 0 <= years < len(self.factors) else None


def parse_marks(text: str) -> tuple[Mark, ...]:
    """Read marks from CSV text whose columns are the fields of `Mark`."""
    rows = csv.DictReader(text.splitlines())
    return tuple(
        Mark(**cast("Any", row | {"length_m": float(row["length_m"]), "time_s": float(row["time_s"])}))
        for row in rows
    )


def parse_profiles(text: str) -> tuple[Profile, ...]:
    """Read profiles from TOML text: one `[[profile]]` each, with the fields of `Profile`."""
    import tomllib  # here and below: start-up need not wait for what most runs never ask for

    defaults = {"record_id": None, "end_error_s": 0.0, "note": ""}
    return tuple(
        Profile(**(defaults | table | {"splits": tuple(ProfileSplit(*split) for split in table["splits"])}))
        for table in tomllib.loads(text)["profile"]
    )


def _steps(cumulative: Iterable[float]) -> tuple[float, ...]:
    return tuple(after - before for before, after in pairwise((0.0, *cumulative)))
