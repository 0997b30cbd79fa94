"""Two miles side by side: how far apart they were at each mark, and who led."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate, pairwise
from typing import Any

from miler.errors import LibraryError
from miler.library.questions import Stored

SCHEMA = "miler.comparison/1"
_TIE_S = 5e-4  # watches know milliseconds at best; what is closer is level


@dataclass(frozen=True)
class Runner:
    """One of the two: an activity, and its fastest mile as in its document."""

    activity_id: int
    title: str
    start_local: str | None
    mile: Mapping[str, Any]


@dataclass(frozen=True)
class Stage:
    """One split of both miles, and how they stood at its end.

    `elapsed_s` and `total_s` are the first's and the second's; `gap_s` is how far the second is behind
    the first at the mark `at_m`, negative ahead; `leader` is 1 or 2, None when level.
    """

    number: int
    at_m: float
    elapsed_s: tuple[float, float]
    total_s: tuple[float, float]
    gap_s: float
    leader: int | None


@dataclass(frozen=True)
class Comparison:
    """Two miles, by quarters and by track laps; `laps` is empty where the two were cut differently.

    `behind_m` is how far the slower still had to go when the faster was done, and `lead_changes` how
    often the lead had changed from one quarter to the next.
    """

    runners: tuple[Runner, Runner]
    quarters: tuple[Stage, ...]
    laps: tuple[Stage, ...]
    lead_changes: int
    behind_m: float

    @property
    def finish(self) -> Stage:
        """How they stood at the end."""
        return self.quarters[-1]

    def document(self) -> dict[str, Any]:
        """Return it as plain values, with a schema's name."""
        miles = [
            {
                "activity_id": runner.activity_id,
                "title": runner.title,
                "start_local": runner.start_local,
                **{key: runner.mile[key] for key in ("elapsed_s", "timer_s", "start_s", "flags", "evenness")},
                **{key: runner.mile.get(key) for key in ("low_s", "high_s", "uncertainty_s")},
            }
            for runner in self.runners
        ]
        return {
            "schema": SCHEMA,
            "miles": miles,
            "quarters": [asdict(stage) for stage in self.quarters],
            "laps": [asdict(stage) for stage in self.laps],
            "gap_s": self.finish.gap_s,
            "leader": self.finish.leader,
            "behind_m": self.behind_m,
            "lead_changes": self.lead_changes,
        }


def runner_of(stored: Stored) -> Runner:
    """Take the fastest mile of what is kept of an activity.

    Raises:
        LibraryError: if it has no mile (`no_effort`).
    """
    mile = stored.document["fastest_mile"]
    if mile is None:
        raise LibraryError(
            f"activity {stored.activity_id} has no fastest mile to compare;"
            f" `miler show {stored.activity_id}` says why",
            code="no_effort",
        )
    title = stored.title or stored.document["source"]["name"]
    return Runner(stored.activity_id, title, stored.start_local, mile)


def compared(first: Runner, second: Runner) -> Comparison:
    """Put two miles side by side."""
    quarters = _stages(first, second, "quarters")
    leaders = [stage.leader for stage in quarters if stage.leader is not None]
    return Comparison(
        runners=(first, second),
        quarters=quarters,
        laps=_stages(first, second, "track_laps"),
        lead_changes=sum(before != after for before, after in pairwise(leaders)),
        behind_m=_to_go_m(first, second),
    )


def _stages(first: Runner, second: Runner, kind: str) -> tuple[Stage, ...]:
    both = first.mile[kind], second.mile[kind]
    ends = [_ends_m(splits) for splits in both]
    # Settings may have cut one of them for a track of another length.
    if len(ends[0]) != len(ends[1]) or any(abs(a - b) > 1e-3 for a, b in zip(*ends, strict=True)):
        return ()
    times = [[split["elapsed_s"] for split in splits] for splits in both]
    totals = [list(accumulate(column)) for column in times]
    return tuple(
        Stage(number, at_m, (one, two), (sum_one, sum_two), gap := sum_two - sum_one, _leader(gap))
        for number, (at_m, one, two, sum_one, sum_two) in enumerate(
            zip(ends[0], *times, *totals, strict=True), start=1
        )
    )


def _ends_m(splits: Sequence[Mapping[str, Any]]) -> list[float]:
    return [split["end_m"] - splits[0]["start_m"] for split in splits]


def _leader(gap_s: float) -> int | None:
    return None if abs(gap_s) < _TIE_S else 1 if gap_s > 0 else 2


def _to_go_m(first: Runner, second: Runner) -> float:
    """How far the slower still had to go when the faster was done, at even pace within each quarter."""
    fast, slow = sorted((first.mile, second.mile), key=lambda mile: mile["elapsed_s"])
    left_s = slow["elapsed_s"] - fast["elapsed_s"]
    to_go_m = 0.0
    for quarter in reversed(slow["quarters"]):
        share = min(left_s / quarter["elapsed_s"], 1.0)
        to_go_m += share * (quarter["end_m"] - quarter["start_m"])
        left_s -= share * quarter["elapsed_s"]
    return to_go_m
