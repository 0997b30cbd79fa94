"""The record book: marks and split profiles as data, each row with a source and a status.

The tables are `marks.csv`, `profiles.toml` and `age_factors.toml` beside this module; they are
read once, when first asked for. Every row says where it comes from (`source`), how sure that is
(`confidence`) and when its status was last looked at (`as_of`). A runner may override or add marks:
wherever `own` is taken, it is the text of such a file (`own.read_own`), and empty for none.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache
from pkgutil import get_data

from miler.recordbook.own import OWN, OwnBook, Rival, read_own
from miler.recordbook.rows import (
    STATUSES,
    AgeTable,
    Confidence,
    Mark,
    Profile,
    ProfileSplit,
    Rounding,
    Status,
    Surface,
    Whose,
    parse_marks,
    parse_profiles,
)
from miler.settings import Sex

__all__ = [
    "OWN",
    "STATUSES",
    "AgeTable",
    "Confidence",
    "Mark",
    "OwnBook",
    "Profile",
    "ProfileSplit",
    "Rival",
    "Rounding",
    "Status",
    "Surface",
    "Whose",
    "age_tables",
    "is_current",
    "marks",
    "own_book",
    "parse_marks",
    "parse_profiles",
    "profile_for",
    "profiles",
    "progression",
    "select",
    "stale",
    "standing_records",
]

_STANDS: frozenset[Status] = frozenset({"ratified", "listed"})
_YEAR_DAYS = 365
_RANK: dict[Confidence, int] = {"high": 2, "medium": 1, "low": 0}


@cache
def marks(own: str = "") -> tuple[Mark, ...]:
    """Every mark, by event, surface, category and sex, oldest first; a runner's own additions last."""
    return own_book(own).marks if own else parse_marks(_table("marks.csv"))


@cache
def own_book(own: str) -> OwnBook:
    """Return the book as a runner's own file makes it, with rivals and goals.

    Raises:
        SettingsError: for text that is no such file, naming the row and what is wrong.
    """
    return read_own(own, marks())


@cache
def profiles() -> tuple[Profile, ...]:
    """Every set of published splits, in the order of `profiles.toml`."""
    return parse_profiles(_table("profiles.toml"))


@cache
def age_tables() -> tuple[AgeTable, ...]:
    """Every table of age factors for the mile."""
    import tomllib

    tables = tomllib.loads(_table("age_factors.toml"))["table"]
    return tuple(AgeTable(**(table | {"factors": tuple(table["factors"])})) for table in tables)


def select(
    marks: Iterable[Mark],
    *,
    event: str | None = None,
    surface: Surface | None = None,
    category: str | None = None,
    sex: Sex | None = None,
    status: Status | None = None,
    nationality: str | None = None,
) -> tuple[Mark, ...]:
    """Return the marks that agree with every filter given, in their order."""
    wanted = {
        "event": event,
        "surface": surface,
        "category": category,
        "sex": sex,
        "status": status,
        "nationality": nationality,
    }
    asked = {name: value for name, value in wanted.items() if value is not None}
    return tuple(m for m in marks if all(getattr(m, name) == value for name, value in asked.items()))


@cache
def progression(
    sex: Sex,
    *,
    event: str = "1 mile",
    surface: Surface = "outdoor",
    category: str = "senior",
    own: str = "",
) -> tuple[Mark, ...]:
    """One book from its first mark on, oldest first; of the outdoor mile that is the first ratified one.

    Marks that were never ratified are among them, with their status.
    """
    rows = select(marks(own), event=event, surface=surface, category=category, sex=sex)
    return tuple(sorted(rows, key=lambda mark: mark.date))


def is_current(mark: Mark, own: str = "") -> bool:
    """Whether the mark is the standing one of its book: the fastest that is ratified or listed."""
    return mark.status in _STANDS and mark.time_s <= _standing_times(own).get(mark.book, mark.time_s)


@cache
def standing_records(
    event: str = "1 mile", surface: Surface = "outdoor", sex: Sex | None = None, own: str = ""
) -> tuple[Mark, ...]:
    """The senior marks that a runner is compared with.

    For each sex the ratified record, and after it any faster mark that is pending; men
    first where `sex` is None. Empty where the book has none.
    """
    if sex is None:
        return standing_records(event, surface, "M", own) + standing_records(event, surface, "F", own)
    rows = select(marks(own), event=event, surface=surface, category="senior", sex=sex)
    records = tuple(mark for mark in rows if is_current(mark, own))
    faster = (m for m in rows if m.status == "pending" and all(m.time_s < r.time_s for r in records))
    return records + tuple(sorted(faster, key=lambda mark: mark.time_s))


def stale(marks: Iterable[Mark], on: date, own: str = "") -> tuple[tuple[Mark, str], ...]:
    """Return the marks whose status wants another look, pending ones first, with what to look up.

    Those are the pending ones, and those last looked at more than a year before the day `on`.
    """
    found = []
    for mark in marks:
        old = (on - date.fromisoformat(mark.as_of)).days > _YEAR_DAYS
        if mark.status == "pending":
            found.append((0, mark, "has it been ratified, refused or beaten since?"))
        elif old and is_current(mark, own):
            found.append((1, mark, "does it still stand, or has somebody been faster?"))
        elif old:
            found.append((2, mark, "do its time, date and status still read like that in the source?"))
    return tuple((mark, why) for _, mark, why in sorted(found, key=lambda row: row[0]))


@cache
def profile_for(mark: Mark) -> Profile | None:
    """Return the best-attested splits of the holder in that race, None if there are none.

    A profile qualifies if at least one split before the finish is the holder's own: many
    printed splits are a pacemaker's. One of low confidence never stands in for the race.
    """
    races = (p for p in profiles() if p.record_id == mark.record_id)
    known = (p for p in races if p.confidence != "low" and len(p.own) > 1)
    return max(known, key=lambda p: (_RANK[p.confidence], len(p.own)), default=None)


@cache
def _standing_times(own: str) -> dict[tuple[str, Surface, str, Sex], float]:
    best: dict[tuple[str, Surface, str, Sex], float] = {}
    for mark in marks(own):
        if mark.status in _STANDS:
            best[mark.book] = min(mark.time_s, best.get(mark.book, mark.time_s))
    return best


def _table(name: str) -> str:
    return (get_data(__name__, name) or b"").decode("utf-8")  # importlib.resources takes 7 ms to load
