"""When is a file in a watched folder to be read? Observations in, decisions out; the clock is an argument.

```
            seen, or seen otherwise                complete, or waited long enough
  (new) ──────────────────────────→ settling ───────────────────────────────→ handed out → ended
                                     │    ↑ ↘ incomplete: look again, ever later            │
                                     │    └──────────────────────────────── seen otherwise ─┘
                                     └── not seen any more → (forgotten)
```

A file is settled when two observations, a delay apart, found it alike: size, time and inode. What was
observed is the truth; events only make the next observation come sooner. Times are of a clock that only
runs forward (`time.monotonic`), so that a change of the time of day does no harm.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

NEVER = math.inf

Verdict = Literal["read", "salvage", "wait"]


@dataclass(frozen=True)
class Sight:
    """How a file looked: what changes when it is written, or when another takes its name."""

    size_bytes: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True)
class Pace:
    """How long to wait.

    Attributes:
        delay_s: for this long a file must lie unchanged; also the first wait for an incomplete one.
        patience_s: for this long it may be incomplete, or refuse to be read; also the longest wait.
    """

    delay_s: float = 2.0
    patience_s: float = 600.0

    def wait_s(self, tries: int) -> float:
        """Return the wait after so many tries in vain: twice as long each time."""
        return min(max(self.delay_s, 0.1) * 2.0 ** min(tries, 30), max(self.patience_s, self.delay_s))


@dataclass(frozen=True)
class Tracked:
    """One file, as far as it has come.

    Attributes:
        sight: how it looks.
        since_s: when it was first seen so.
        due_s: when it is to be looked into.
        tries: how often that was in vain.
        ended: whether it has come to an end, as it looks now.
    """

    sight: Sight
    since_s: float
    due_s: float
    tries: int = 0
    ended: bool = False


class Ledger:
    """What is known of each file of a watched folder, by its path."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._files: dict[str, Tracked] = {}

    def observe(self, seen: Mapping[str, Sight], now_s: float) -> None:
        """Take in how the whole folder looks: what is not in it any more is forgotten."""
        files = {}
        for path, sight in seen.items():
            former = self._files.get(path)
            if former is not None and former.sight == sight:
                files[path] = former
            else:
                files[path] = Tracked(sight, now_s, now_s + self._pace.delay_s)
        self._files = files

    def due(self, now_s: float) -> Iterator[tuple[str, Sight]]:
        """Yield what is to be looked into, longest waiting first: it was settled when last observed."""
        due = [(tracked.due_s, path) for path, tracked in self._files.items() if tracked.due_s <= now_s]
        for _, path in sorted(due):
            yield path, self._files[path].sight

    def judge(self, path: str, *, complete: bool, now_s: float) -> Verdict:
        """Decide about a file that was looked into; one that is to be read is handed out until `end`."""
        tracked = self._files[path]
        if complete:
            return "read"
        patient_until_s = tracked.since_s + self._pace.patience_s
        if now_s >= patient_until_s:
            return "salvage"
        self._files[path] = self._later(tracked, now_s, at_most_s=patient_until_s)
        return "wait"

    def end(self, path: str, sight: Sight) -> None:
        """Note that a file, as it looked, has come to its end; one that looks otherwise by now has not."""
        tracked = self._files.get(path)
        if tracked is not None and tracked.sight == sight:
            self._files[path] = replace(tracked, due_s=NEVER, ended=True)

    def put_off(self, path: str, now_s: float, *, ended: bool) -> None:
        """Look at a file again later: its end, or that it has none yet, may have been of the moment."""
        tracked = self._files.get(path)
        if tracked is not None:
            self._files[path] = replace(self._later(tracked, now_s), ended=ended)

    def _later(self, tracked: Tracked, now_s: float, at_most_s: float = NEVER) -> Tracked:
        due_s = min(now_s + self._pace.wait_s(tracked.tries), at_most_s)
        return replace(tracked, due_s=due_s, tries=tracked.tries + 1)

    def next_due_s(self) -> float:
        """Return when the next file is to be looked into; `NEVER` if none is."""
        return min((tracked.due_s for tracked in self._files.values()), default=NEVER)

    def open_files(self) -> int:
        """Return how many files have not come to an end."""
        return sum(not tracked.ended for tracked in self._files.values())

    def tries(self, path: str) -> int:
        """Return how often a file was looked into in vain."""
        return self._files[path].tries
