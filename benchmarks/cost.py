"""What reading costs: time and memory, of a file of millions of points and of small files made to do harm.

`python -m benchmarks.cost [--short]` reads each file in a fresh process of its own, which tells how many
seconds of the processor reading took, and the most memory that it ever held, imports included. Large files
are read several times, and the fastest counts: the first time, a system that hands out memory page by page
takes longer than reading does. The files are made by `devtools.large` and `devtools.hostile`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from devtools import hostile
from devtools.large import bare_gpx, large_fit, large_gpx
from miler.errors import MilerError
from miler.formats import decode

_LONGEST_S = 120
_MIB = 2**20


@dataclass(frozen=True)
class Cost:
    """What reading one file cost; `ended` says in a word how, `peak_mib` is NaN where no system tells."""

    name: str
    size: int
    seconds: float
    peak_mib: float
    records: int
    ended: str


def cost(name: str, data: bytes, runs: int = 1) -> Cost:
    """Read the bytes in a fresh process; of several runs, the fastest counts."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file")
        path.write_bytes(data)
        command = [sys.executable, "-m", "benchmarks.cost", "--read", str(path), "--runs", str(runs)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST_S)
    if done.returncode:
        why = done.stderr.strip().splitlines()
        return Cost(name, len(data), np.nan, np.nan, 0, why[-1] if why else f"code {done.returncode}")
    return Cost(name=name, size=len(data), **json.loads(done.stdout))


def large(make: Callable[[int], bytes], counts: tuple[int, ...]) -> list[Cost]:
    """Read files of so many points."""
    return [cost(f"{n:,} points", make(n), runs=3) for n in counts]


def slope(costs: list[Cost]) -> float:
    """Return with which power of the size the time grows (least squares of the logarithms)."""
    sizes, seconds = (np.log([getattr(c, name) for c in costs]) for name in ("size", "seconds"))
    return float(np.polyfit(sizes, seconds, 1)[0])


def small(*, larger: bool = True) -> Iterator[Cost]:
    """Read each file that was made to do harm."""
    for name, data in hostile.files(larger=larger):
        yield cost(name, data)


def _read(path: Path, runs: int) -> dict[str, float | int | str]:
    data = path.read_bytes()
    records, ended, first = _ended(data)
    peak_mib = _peak_mib()
    seconds = min([first, *(_ended(data)[2] for _ in range(runs - 1))])
    return {"seconds": seconds, "peak_mib": peak_mib, "records": records, "ended": ended}


def _ended(data: bytes) -> tuple[int, str, float]:
    """Return how many records were read, how that ended, and how long it took."""
    began = time.process_time()
    try:
        records, ended = sum(map(len, decode(data))), "read"
    except MilerError as error:
        records, ended = 0, error.code
    return records, ended, time.process_time() - began


def _peak_mib() -> float:
    """Return the most memory that this process held; getrusage would count what its parent had, too."""
    status = Path("/proc/self/status")
    if not status.exists():
        return float("nan")
    (peak,) = [line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    return int(peak) * 1024 / _MIB


def main() -> int:
    """Measure and print; or read one file, and say what it cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="a million points at most")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--runs", type=int, default=1, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read is not None:
        print(json.dumps(_read(options.read, options.runs)))
        return 0
    counts = (10_000, 100_000, 1_000_000) if options.short else (10_000, 100_000, 1_000_000, 5_000_000)
    for make in (large_fit, large_gpx, bare_gpx):
        costs = large(make, counts if make is large_fit else counts[:3])
        for each in costs:
            _print(make.__name__, each)
        print(f"{make.__name__}: slope {slope(costs):.2f}")
    for each in small(larger=not options.short):
        _print(each.name, each)
    return 0


def _print(name: str, each: Cost) -> None:
    print(
        f"{name:<34} {each.size / 1e6:8.2f} MB {each.seconds:8.3f} s {each.peak_mib:6.0f} MiB  "
        f"{each.records:>9} records  {each.ended}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
