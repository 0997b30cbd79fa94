"""How many files a second does `miler report` handle? `python -m benchmarks.batch [FOLDER] [--json]`.

The claim: at least 100 FIT recordings a second on two cores. Measured is the whole program from start
to exit, as a user waits for it, the median of several runs; the first may compile miler.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.bar import CORPUS, as_installed
from miler.files import find

GOAL_PER_S = 100.0
_TASKS = (("text", 2), ("jsonl", 2), ("text", 1), ("jsonl", 1))


@dataclass(frozen=True)
class Speed:
    """How fast a folder was reported."""

    format: str
    jobs: int
    files: int
    seconds: float

    @property
    def files_per_s(self) -> float:
        """Files a second, start-up included."""
        return self.files / self.seconds


def measure(folder: Path, format: str = "text", jobs: int = 2, runs: int = 5) -> Speed:
    """Report a folder several times; return the median run."""
    files = sum(1 for _ in find([folder]))
    return Speed(format, jobs, files, statistics.median(_seconds(folder, format, jobs) for _ in range(runs)))


def _seconds(folder: Path, format: str, jobs: int) -> float:
    options = ["--format", format, "--jobs", str(jobs)]
    command = [sys.executable, "-m", "miler.cli", "report", str(folder), *options]
    begin = time.perf_counter()
    done = subprocess.run(command, capture_output=True, check=False, env=as_installed())
    seconds = time.perf_counter() - begin
    # Some files may fail; a program that broke off would look fast.
    if done.returncode > 1 or b"Traceback" in done.stderr:
        raise RuntimeError(f"{' '.join(command)} ended with code {done.returncode}")
    return seconds


def all_speeds(folder: Path, runs: int) -> Iterator[Speed]:
    """Measure each format with one process and with two."""
    for format, jobs in _TASKS:
        yield measure(folder, format, jobs, runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=CORPUS / "fit")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    speeds = list(all_speeds(options.folder, options.runs))
    if options.json:
        print(json.dumps([asdict(s) | {"files_per_s": s.files_per_s} for s in speeds], indent=2))
        return
    print(f"{'format':<8}{'jobs':>6}{'files':>8}{'seconds':>10}{'files/s':>10}")
    for s in speeds:
        print(f"{s.format:<8}{s.jobs:>6}{s.files:>8}{s.seconds:>10.2f}{s.files_per_s:>10.0f}")
    print(f"goal: {GOAL_PER_S:.0f} files/s with 2 jobs on 2 cores")


if __name__ == "__main__":
    main()
