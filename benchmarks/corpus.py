"""Every file of the corpus ends as a report or as an error of ours, in bounded time and memory.

python -m benchmarks.corpus [FOLDER]
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bar import CORPUS, Bar, skipped
from miler.errors import MilerError
from miler.files import Found
from miler.outcome import Outcome, process
from miler.settings import Settings

_LONGEST_S, _LARGEST_MB = 10.0, 500.0


@dataclass(frozen=True)
class Ended:
    """How one file ended, and how long that took; `escaped` is an exception that is not ours."""

    file: str
    kind: str
    took_s: float
    escaped: str | None = None


def ended(folder: Path) -> Iterator[Ended]:
    """Process every file below the folder, whatever it is called."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        began = time.perf_counter()
        try:
            kind, escaped = _kind(process(Found(str(path), name), Settings())), None
        except Exception as error:  # finding these is what this is for
            kind, escaped = "escaped", repr(error)
        yield Ended(name, kind, time.perf_counter() - began, escaped)


def _kind(outcome: Outcome) -> str:
    if outcome.error is not None and not isinstance(outcome.error, MilerError):
        return "escaped"
    return outcome.kind


def peak_mb() -> float:
    """Return the most memory that this process ever held; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def bars(short: bool) -> Iterator[Bar]:
    """Measure the corpus as it is."""
    name, goal = "every corpus file ends well", "0 escaped, < 10 s, < 500 MB"
    if not CORPUS.is_dir():
        yield skipped(name, goal, "no corpus here")
        return
    results = list(ended(CORPUS))
    counts = Counter(r.kind for r in results)
    slowest, memory = max(r.took_s for r in results), peak_mb()
    figure = f"{len(results)} files: " + ", ".join(f"{n} {kind}" for kind, n in sorted(counts.items()))
    met = not counts["escaped"] and slowest < _LONGEST_S and memory < _LARGEST_MB
    yield Bar(name, f"{figure}; {slowest:.2f} s, {memory:.0f} MB at most", goal, met)


def main() -> int:
    """Print what escaped and what took long."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else CORPUS
    results = list(ended(folder))
    for result in results:
        if result.escaped or result.took_s > 1:
            print(f"{result.file}: {result.kind} after {result.took_s:.2f} s {result.escaped or ''}")
    print(Counter(r.kind for r in results), f"peak {peak_mb():.0f} MB")
    return 1 if any(r.escaped for r in results) else 0


if __name__ == "__main__":
    sys.exit(main())
