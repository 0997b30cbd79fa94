"""Every bar of every issue, measured: bar, figure, goal. `make bars` runs this.

`--only NAME` measures one module's, `--page` writes what was measured into docs/benchmarks.md.

Each module in `_ISSUES` has `bars(short) -> Iterator[Bar]`; later issues add theirs here. A bar that
needs what this machine lacks (the corpus of recordings, a peer) is said to be skipped, never met.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import UTC, datetime

from benchmarks import page
from benchmarks.bar import Bar
from benchmarks.page import PAGE

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
    "benchmarks.startup",
    "benchmarks.newcomer",
)


def main() -> int:
    """Measure and print; exit 1 if a bar that could be measured is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="leave out what takes minutes")
    parser.add_argument("--only", metavar="NAME", action="append", help="one module's; may be repeated")
    parser.add_argument("--page", action="store_true", help="write docs/benchmarks.md")
    options = parser.parse_args()
    missed, measured = 0, defaultdict[str, list[tuple[Bar, str]]](list)
    print(f"{'bar':<66}  {'figure':<64}  {'goal':<32}  ")
    for module, bar in _all(options.short, options.only):
        verdict = _verdict(bar, options.short)
        measured[module].append((bar, verdict))
        missed += verdict == "MISSED"
        print(f"{bar.name:<66}  {bar.figure:<64}  {bar.goal:<32}  {verdict}", flush=True)
    if options.page:
        told = page.update(PAGE.read_text("utf-8"), measured, datetime.now(UTC).date(), short=options.short)
        PAGE.write_text(told, "utf-8")
    return 1 if missed else 0


def _verdict(bar: Bar, short: bool) -> str:
    if bar.met is not False:
        return "skipped" if bar.met is None else "met"
    if short and (bar.timed or bar.held):
        return "slow" if bar.timed else "open"
    return "MISSED"


def _all(short: bool, only: Collection[str] | None) -> Iterator[tuple[str, Bar]]:
    for name in _ISSUES:
        module = name.removeprefix("benchmarks.")
        if only is None or module in only:
            yield from ((module, bar) for bar in importlib.import_module(name).bars(short))


if __name__ == "__main__":
    sys.exit(main())
