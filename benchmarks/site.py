"""What folders of reports cost: `python -m benchmarks.site [--runs N]`.

The claims: 1,000 reports of one-hour runs with their index are in a folder within a minute, on two cores;
each page is below 300 kB; one process writes the same bytes as many; and a site where nothing changed is
looked through without reading an original.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.bar import Bar
from benchmarks.web import hours

RUNS, GOAL_S, GOAL_BYTES, GOAL_AGAIN_S = 1000, 60.0, 300_000, 5.0
_CORES = 2
_START_S = 2.0  # of the program and its processes: no share of it grows with the runs


@dataclass(frozen=True)
class Took:
    """Seconds on the wall, and of the processor; those of workers are their own."""

    wall_s: float
    cpu_s: float


def took(*arguments: object) -> Took:
    """Return what a whole command takes, start-up and workers included."""
    command = [sys.executable, "-m", "miler.cli", *map(str, arguments)]
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, stderr=subprocess.PIPE, check=True)
    wall_s, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Took(wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def make(folder: Path, count: int) -> Path:
    """Write one-hour runs into a folder."""
    folder.mkdir()
    for name, data in hours(count).items():
        (folder / name).write_bytes(data)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def bars(short: bool, runs: int | None = None) -> Iterator[Bar]:
    """Measure the bars of folders of reports."""
    count = runs or (24 if short else RUNS)
    with TemporaryDirectory() as temporary:
        here = Path(temporary)
        originals = make(here / "runs", count)
        spent = took("report", originals, "--format", "html", "-o", here / "out", "--jobs", _CORES)
        goal_s = GOAL_S if count == RUNS else _START_S + GOAL_S * count / RUNS
        figure = f"{spent.wall_s:.1f} s at load {os.getloadavg()[0]:.0f}"
        yield Bar(f"{count:,} reports of an hour and their index, two processes", figure, f"< {goal_s:.0f} s",
                  spent.wall_s < goal_s, timed=True)  # fmt: skip
        written = contents(here / "out")
        largest = max(written, key=lambda name: len(written[name]))
        yield Bar("the largest page of a folder", f"{len(written[largest]) / 1000:.0f} kB",
                  f"< {GOAL_BYTES / 1000:.0f} kB", len(written[largest]) < GOAL_BYTES)  # fmt: skip
        yield Bar("the index", f"{len(written['index.html']) / 1000:.0f} kB of {count:,} runs",
                  f"< {GOAL_BYTES / 1000:.0f} kB", len(written["index.html"]) < GOAL_BYTES)  # fmt: skip
        yield from _same_bytes(here, sorted(originals.iterdir())[:24])
        yield from _again(here, originals, count)


def _same_bytes(here: Path, originals: list[Path]) -> Iterator[Bar]:
    spent = {
        jobs: took("report", *originals, "--format", "html", "-o", here / f"jobs-{jobs}", "--jobs", jobs)
        for jobs in (1, 2)
    }
    each_s, goal_s = spent[1].cpu_s / len(originals), _CORES * GOAL_S / RUNS
    name, figure = "a report of an hour, processor time", f"{each_s * 1000:.0f} ms, start-up included"
    yield Bar(name, figure, f"< {goal_s * 1000:.0f} ms", each_s < goal_s, timed=True)
    same = contents(here / "jobs-1") == contents(here / "jobs-2")
    yield Bar("the same bytes from one process and from two", "yes" if same else "no", "yes", same)


def _again(here: Path, originals: Path, count: int) -> Iterator[Bar]:
    library = here / "library.db"
    took("import", originals, "--library", library)
    site = ("site", "-o", here / "site", "--library", library, "--jobs", _CORES)
    took(*site)
    before = contents(here / "site")
    again = took(*site)
    name, figure = f"a site of {count:,} runs where nothing changed", f"{again.wall_s:.1f} s"
    yield Bar(name, figure, f"< {GOAL_AGAIN_S:g} s", again.wall_s < GOAL_AGAIN_S, timed=True)
    same = contents(here / "site") == before
    yield Bar("the same bytes when a site is written again", "yes" if same else "no", "yes", same)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    for bar in bars(short=False, runs=parser.parse_args().runs):
        print(f"{bar.name}: {bar.figure} (goal {bar.goal})", flush=True)


if __name__ == "__main__":
    main()
