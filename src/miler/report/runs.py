"""Many activities, each as a line: what an index shows of a run, and what it adds to the sums of all.

A line is made of the JSON document `miler.analysis/1`, so that a file just read and what a
library keeps of it give the same one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from miler.report.document import Document
from miler.report.flat import age_grade
from miler.timezone import on_the_clock
from miler.trends import Dated
from miler.units import UNIT_M, Unit

SPLITS: Mapping[Unit, Literal["km", "mile"]] = {"km": "km", "mi": "mile"}  # as documents name them
_LONGEST_SLUG = 40
_ODD = re.compile("[^a-z0-9]+")


@dataclass(frozen=True)
class Timed:
    """An effort of a run: its 95 % interval and its ± are NaN where its document is older than they are."""

    length_m: float
    elapsed_s: float
    low_s: float
    high_s: float
    uncertainty_s: float
    grade: str | None


@dataclass(frozen=True)
class Run:
    """One activity in a line.

    Attributes:
        address: of its report, relative to the index; None where there is none.
        title: what the runner, the file or else the sport calls it.
        start_local: on the runner's clock.
        words: what else is said of it.
        mile: its fastest mile, also where that is left out of the bests.
        efforts: those that count among the bests.
        evenness: of the mile.
        age_grade_percent: of the mile, by the stricter table where the surface is not known.
        counts: whether its way counts among the runner's; a ride's does not.
        splits_s: seconds of each whole mile or kilometre.
    """

    address: str | None
    title: str
    start_local: str | None
    words: tuple[str, ...]
    distance_m: float | None
    elapsed_s: float
    mile: Timed | None
    efforts: tuple[Timed, ...]
    evenness: float | None
    age_grade_percent: float | None
    counts: bool
    splits_s: tuple[float, ...]

    @property
    def day(self) -> date | None:
        """By the runner's calendar."""
        return date.fromisoformat(self.start_local[:10]) if self.start_local else None


def run_of(
    document: Document,
    units: Unit,
    *,
    title: str | None = None,
    words: Iterable[str] = (),
    excluded_m: Sequence[float] = (),
) -> Run:
    """Put a document in a line.

    Args:
        document: of one activity.
        units: of its splits.
        title: what the runner calls it.
        words: what the runner said of it.
        excluded_m: lengths whose efforts do not count, 0 for all.
    """
    activity, mile = document["activity"], document["fastest_mile"]
    efforts = {effort["length_m"]: effort for effort in document["efforts"] if effort["plausible"]}
    if mile is not None:
        efforts[mile["length_m"]] = mile
    return Run(
        address=None,
        title=title or activity["name"] or _kind(activity),
        start_local=on_the_clock(activity["start_time"], activity["time_zone"]),
        words=tuple(words),
        distance_m=activity["distance_m"],
        elapsed_s=activity["elapsed_s"],
        mile=None if mile is None else _timed(mile),
        efforts=tuple(_timed(effort) for m, effort in efforts.items() if not {0.0, m} & set(excluded_m)),
        evenness=None if mile is None or mile["interrupted"] else mile["evenness"]["score"],
        age_grade_percent=age_grade(document),
        counts=activity["sport"] in document["settings"]["sports"],
        splits_s=tuple(
            split["elapsed_s"]
            for split in document["splits"][SPLITS[units]]
            if abs(split["end_m"] - split["start_m"] - UNIT_M[units]) < 1e-3
        ),
    )


def _kind(activity: Document) -> str:
    sport, sub_sport = activity["sport"], activity["sub_sport"]
    words = "activity" if sport == "unknown" else sport
    if sub_sport and sub_sport not in ("generic", sport):
        words += f" ({sub_sport})"
    return (words[:1].upper() + words[1:]).replace("_", " ")


def _timed(effort: Document) -> Timed:
    def known(key: str) -> float:
        value = effort.get(key)
        return float("nan") if value is None else value

    evidence = effort.get("evidence")
    return Timed(
        effort["length_m"],
        effort["elapsed_s"],
        known("low_s"),
        known("high_s"),
        known("uncertainty_s"),
        evidence and evidence["grade"],
    )


def bests(runs: Sequence[Run]) -> list[tuple[Timed, Run]]:
    """Return the fastest effort of each length and its run, shortest first; the earlier of equal ones."""
    found: dict[float, tuple[Timed, Run]] = {}
    for run in in_time(runs):
        for effort in run.efforts:
            former = found.get(effort.length_m)
            if former is None or effort.elapsed_s < former[0].elapsed_s:
                found[effort.length_m] = effort, run
    return [found[length_m] for length_m in sorted(found)]


def in_time(runs: Iterable[Run]) -> list[Run]:
    """Return runs in order of time, those without a date first; the order of equal ones plays no part."""
    return sorted(runs, key=lambda run: (run.start_local or "", run.address or "", run.title, run.elapsed_s))


def history(runs: Sequence[Run], length_m: float) -> list[Dated]:
    """Return the dated efforts of a length; each is numbered by the place of its run."""
    return [
        Dated(number, run.day, effort.elapsed_s, effort.low_s, effort.high_s)
        for number, run in enumerate(runs)
        for effort in run.efforts
        if effort.length_m == length_m and run.day is not None
    ]


def stem(start_local: str | None, title: str, identity: str) -> str:
    """Name the report of an activity: `2026-05-09-1802-track-mile-214`, which any file system takes.

    Args:
        start_local: ISO 8601; what is not known is `undated`.
        title: of which the Latin letters and digits are kept.
        identity: what no other activity in the folder has.
    """
    when = f"{start_local:.16}".replace("T", "-").replace(":", "") if start_local else "undated"
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode("ascii").lower()
    slug = _ODD.sub("-", plain)[:_LONGEST_SLUG].strip("-")
    return "-".join(part for part in (when, slug, identity) if part)
