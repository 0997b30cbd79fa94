"""How fast is an import? `python -m benchmarks.importing [--files N]`.

The claims, each of a whole command as a user waits for it: `miler import` of 2,000 one-hour FIT files
on two cores, every analysis and every commit included, takes no longer than fitfast takes to decode them
on one; the same again under 2 s; its writer holds less than 200 MB.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.bar import Bar, as_installed, skipped
from benchmarks.hours import write_hours

GOAL_AGAIN_S, GOAL_PEAK_MB = 2.0, 200.0
FILES = 2000
_TURNS = 3  # a machine is not as fast from minute to minute
_PEER = "fitfast"  # a Rust extension
_PEAK = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, status, used = os.wait4(process.pid, 0)
print(used.ru_maxrss)
sys.exit(status != 0)
"""


@dataclass(frozen=True)
class Import:
    """How long an import took, the same again, and a peer that only decodes the files, on one core.

    Attributes:
        peak_mb: the most memory that the process held that hands out the files and writes.
        bytes_each: what an activity takes in the library.
    """

    files: int
    first_s: float
    again_s: float
    decode_s: float | None
    peak_mb: float
    bytes_each: float


def imports(folder: Path, files: int, jobs: int = 2) -> Import:
    """Import one-hour runs, and once more, thrice; the turn whose ratio to the peer's is in the middle."""
    paths = write_hours(folder / "runs", files)
    turns = [_turn(paths, folder / f"{turn}.db", jobs) for turn in range(_TURNS)]
    return sorted(turns, key=lambda turn: turn.first_s / (turn.decode_s or 1.0))[_TURNS // 2]


def _turn(paths: list[Path], library: Path, jobs: int) -> Import:
    """Import into a new library, and again; the peer reads half of the files before, half after."""
    command = [sys.executable, "-m", "miler.cli", "import", str(paths[0].parent)]
    command += ["--library", str(library), "--jobs", str(jobs)]
    before_s = _decoded_s(paths[::2])
    (first_s, peak_mb), (again_s, _) = _watched(command), _watched(command)
    after_s = _decoded_s(paths[1::2])
    decode_s = None if before_s is None or after_s is None else before_s + after_s
    return Import(len(paths), first_s, again_s, decode_s, peak_mb, library.stat().st_size / len(paths))


def _decoded_s(paths: list[Path]) -> float | None:
    """Return how long the peer takes to read the records' columns; None where it is not installed."""
    if not importlib.util.find_spec(_PEER):
        return None
    read = importlib.import_module(_PEER).records
    begin = time.perf_counter()
    for path in paths:
        read(path)
    return time.perf_counter() - begin


def _watched(command: list[str]) -> tuple[float, float]:
    """Return the seconds of a command, and the megabytes that its own process held at most."""
    begin = time.perf_counter()
    # A child begins with the peak of the process that forked it, so that a small one has to.
    told = subprocess.run(
        [sys.executable, "-c", _PEAK, *command],
        capture_output=True,
        text=True,
        check=True,
        env=as_installed(),
    )
    return time.perf_counter() - begin, float(told.stdout) / (2**20 if sys.platform == "darwin" else 2**10)


def bars(short: bool) -> Iterator[Bar]:
    """Measure the bars of importing."""
    with TemporaryDirectory() as folder:
        yield from _bars_of(imports(Path(folder), FILES // 10 if short else FILES))


def _bars_of(done: Import) -> Iterator[Bar]:
    name, goal = (
        f"import {done.files:,} one-hour FIT files, 2 jobs",
        f"no longer than {_PEER} decodes, 1 core",
    )
    if done.decode_s is None:
        yield skipped(name, goal, f"no {_PEER} here")
    else:
        ratio = done.first_s / done.decode_s
        figure = f"{done.first_s:.1f} s against {done.decode_s:.1f} s: {ratio:.2f} of it"
        yield Bar(name, figure, goal, ratio <= 1, timed=True)
    yield Bar(
        "the same again",
        f"{done.again_s:.2f} s",
        f"< {GOAL_AGAIN_S:g} s",
        done.again_s < GOAL_AGAIN_S,
        timed=True,
    )
    goal = f"< {GOAL_PEAK_MB:g} MB"
    yield Bar("memory of its writer", f"{done.peak_mb:.0f} MB", goal, done.peak_mb < GOAL_PEAK_MB)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=FILES)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        done = imports(Path(folder), options.files)
        print(f"import of {done.files:,} one-hour FIT files, two jobs")
        rate = done.files / done.first_s
        print(f"  first {done.first_s:.2f} s ({rate:.0f} files/s), again {done.again_s:.2f} s")
        print(f"  {_PEER} decodes them in {done.decode_s or float('nan'):.2f} s on one core")
        print(
            f"  {done.bytes_each / 1000:.1f} kB of library an activity; the writer held {done.peak_mb:.0f} MB"
        )


if __name__ == "__main__":
    main()
