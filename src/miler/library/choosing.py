"""Which of a library's activities a question is about, as a condition in SQL."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from miler.saying import SURFACES

_MEANT = " ".join(f"WHEN '{sub}' THEN '{name}'" for name, subs in SURFACES.items() for sub in subs)
# What was measured along a lane was run on a track, whatever the watch was set to.
_ON_TRACK = "CASE a.distance_source WHEN 'track' THEN 'track' END"
SURFACE = f"coalesce(o.surface, {_ON_TRACK}, CASE a.sub_sport {_MEANT} END)"
SPORT = "coalesce(o.sport, a.sport)"


@dataclass(frozen=True)
class Filter:
    """Which activities; None for no condition. Days are the runner's calendar's, both included.

    `device` and `shoes` are a part of the name, in any case; `note` is the code of a note that the
    activity has, `tag` one of its tags; its distance is from `least_m` up to `most_m`.
    """

    since: date | None = None
    until: date | None = None
    sport: str | None = None
    device: str | None = None
    note: str | None = None
    kind: str | None = None
    surface: str | None = None
    shoes: str | None = None
    tag: str | None = None
    least_m: float | None = None
    most_m: float | None = None

    def where(self) -> tuple[str, list[Any]]:
        """Return the SQL condition on `activities a` and `overrides o`, with its values."""
        conditions = {
            "a.start_local >= ?": self.since and self.since.isoformat(),
            # Before the end of that day, for "~" sorts after "T".
            "a.start_local < ?": self.until and f"{self.until.isoformat()}~",
            f"{SPORT} = ?": self.sport,
            "instr(lower(a.device), lower(?)) > 0": self.device,
            "EXISTS (SELECT 1 FROM notes n WHERE n.activity_id = a.id AND n.code = ?)": self.note,
            "o.kind = ?": self.kind,
            f"{SURFACE} = ?": self.surface,
            "instr(lower(o.shoes), lower(?)) > 0": self.shoes,
            "instr(',' || lower(o.tags) || ',', ',' || lower(?) || ',') > 0": self.tag,
            "a.distance_m >= ?": self.least_m,
            "a.distance_m <= ?": self.most_m,
        }
        given = {sql: value for sql, value in conditions.items() if value is not None}
        return " AND ".join(given) or "1", list(given.values())

    def of_year(self, year: int | None) -> Filter:
        """Return this filter for the days of one year; None narrows nothing."""
        if year is None:
            return self
        first, last = date(year, 1, 1), date(year, 12, 31)
        return replace(self, since=max(first, self.since or first), until=min(last, self.until or last))

    def given(self) -> dict[str, str | float]:
        """Return the conditions by name, days as ISO 8601."""
        given = {name: value for name, value in vars(self).items() if value is not None}
        return {n: value.isoformat() if isinstance(value, date) else value for n, value in given.items()}

    @property
    def is_said(self) -> bool:
        """Whether only activities match of which the runner said something; they are few."""
        return any(value is not None for value in (self.kind, self.shoes, self.tag))
