"""Every bar of every issue, measured: bar, figure, goal. `make bars` runs this.

Each module in `_ISSUES` has `bars(short) -> Iterator[Bar]`; later issues add theirs here. A bar that
needs what this machine lacks (the corpus of recordings, a peer) is said to be skipped, never met.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterator

from benchmarks.bar import Bar

_ISSUES = (
    "benchmarks.main_job",
    "benchmarks.readers",
    "benchmarks.hostile",
    "benchmarks.many_files",
    "benchmarks.importing",
    "benchmarks.bulk",
    "benchmarks.kills",
    "benchmarks.power_loss",
    "benchmarks.questions",
    "benchmarks.story",
    "benchmarks.duplicates",
    "benchmarks.drop_folder",
    "benchmarks.watch_kills",
    "benchmarks.book",
    "benchmarks.web",
    "benchmarks.site",
    "benchmarks.trust",
    "benchmarks.track",
    "benchmarks.reports",
    "benchmarks.cluster",
    "benchmarks.dataset",
)


def main() -> int:
    """Measure and print; exit 1 if a bar that could be measured is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="leave out what takes minutes")
    options = parser.parse_args()
    missed = 0
    print(f"{'bar':<66}  {'figure':<64}  {'goal':<32}  ")
    for bar in _all(options.short):
        verdict = _verdict(bar, options.short)
        missed += verdict == "MISSED"
        print(f"{bar.name:<66}  {bar.figure:<64}  {bar.goal:<32}  {verdict}", flush=True)
    return 1 if missed else 0


def _verdict(bar: Bar, short: bool) -> str:
    if bar.met is not False:
        return "skipped" if bar.met is None else "met"
    if short and (bar.timed or bar.held):
        return "slow" if bar.timed else "open"
    return "MISSED"


def _all(short: bool) -> Iterator[Bar]:
    for name in _ISSUES:
        yield from importlib.import_module(name).bars(short)


if __name__ == "__main__":
    sys.exit(main())
