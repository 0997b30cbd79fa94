"""A folder of very many small files: `python -m benchmarks.many_files [--most N]`.

The claim: a folder of 100,000 recordings of a minute is reported in time in proportion to their number,
within a gibibyte. Measured is the whole program, working in one process, in seconds of the processor, for
folders each three times as large as the one before; the slope is that of the logarithms. The bars stop at
10,000 files, which take a minute: `--most 100000` takes ten.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.bar import Bar, skipped
from benchmarks.hours import one_hour

_MINUTE = 60  # records
_UNLIKE = 50  # files; the others are as one of these
_COUNTS = (300, 1_000, 3_000, 10_000, 30_000, 100_000)
_SHORT, _LONG = 1_000, 10_000
_STEEPEST = 1.1
_MOST_MIB = 1024


@dataclass(frozen=True)
class Took:
    """What reporting a folder cost; `peak_mib` is the most that any of the folders took so far."""

    files: int
    seconds: float
    peak_mib: float


def measure(most: int) -> Iterator[Took]:
    """Report ever larger folders; the files of one stay for the next."""
    contents = [one_hour(number, _MINUTE) for number in range(_UNLIKE)]
    with TemporaryDirectory() as name:
        folder = Path(name)
        there = 0
        for count in (count for count in _COUNTS if count <= most):
            for number in range(there, count):
                (folder / f"{number:06d}.fit").write_bytes(contents[number % _UNLIKE])
            there = count
            yield _report(folder, count)


def _report(folder: Path, count: int) -> Took:
    import resource  # no Windows has it

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "miler.cli", "report", str(folder), "--format", "jsonl", "--jobs", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        lines = sum(1 for _ in process.stdout or ())
    if lines != count or process.returncode:
        raise RuntimeError(f"{lines} of {count} files were reported, and code {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(count, seconds, after.ru_maxrss / 1024)


def slope(found: list[Took]) -> float:
    """Return with which power of the number of files the time grows (least squares of the logarithms)."""
    files, seconds = (np.log([getattr(took, name) for took in found]) for name in ("files", "seconds"))
    return float(np.polyfit(files, seconds, 1)[0])


def bars(short: bool) -> Iterator[Bar]:
    """Measure the bars of this module; see `benchmarks.bars`."""
    if importlib.util.find_spec("resource") is None:
        yield skipped(
            "very many files", "time in proportion", "this system does not tell what a program took"
        )
        return
    found = list(measure(_SHORT if short else _LONG))
    most, steep = found[-1], slope(found)
    name = f"{most.files:,} files of a minute"
    figure = f"{most.seconds / most.files * 1e3:.1f} ms each, slope {steep:.2f}"
    yield Bar(name, figure, f"slope <= {_STEEPEST} (1: in proportion)", steep <= _STEEPEST, timed=True)
    figure, goal = f"{most.peak_mib:.0f} MiB", f"< {_MOST_MIB} MiB"
    yield Bar(f"{name}: memory", figure, goal, most.peak_mib < _MOST_MIB)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--most", type=int, default=_LONG, help="files in the largest folder")
    found = []
    for took in measure(parser.parse_args().most):
        print(f"{took.files:>8,} files {took.seconds:8.1f} s {took.peak_mib:6.0f} MiB", flush=True)
        found.append(took)
    print(f"slope {slope(found):.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
