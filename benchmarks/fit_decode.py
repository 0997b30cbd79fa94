"""How fast one hour of running is read from FIT: miler against three decoders of the same bytes.

`python -m benchmarks.fit_decode [--json] [--rounds N]` makes a recording of one hour (seeded, about 120 kB),
has each decoder read it in turn, round after round, and prints medians and ratios. miler makes a whole
`Activity` of it: laps, pauses, checks and all. The others are asked for every message (python-fitparse and
fitdecode) or for the columns of the record messages (fitfast, if installed: a Rust extension).

Bar: miler takes less than 1/100 of python-fitparse's time.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import fitdecode
import fitparse
import numpy as np

from benchmarks.bar import Bar
from devtools.courses import Place, Road
from devtools.motion import Motion, paced
from devtools.simulate import Watch, record
from devtools.writers import write_fit
from miler.formats import decode

_SEED = 1954
_KILOMETRES, _PACE_S = 13, 277.0
_BAR = 100.0
# In each round; the slow ones take a second.
_TIMES = {"miler": 10, "fitparse": 1, "fitdecode": 1, "fitfast": 10}


def one_hour() -> bytes:
    """Return the FIT file of an hour's run at one record a second."""
    rng = np.random.default_rng(_SEED)
    motion = Motion.of(*(paced(1000.0, _PACE_S, rng) for _ in range(_KILOMETRES)))
    run = record(
        motion,
        Watch(),
        rng,
        start_time=datetime(2026, 5, 9, 17, 2, tzinfo=UTC),
        place=Place(Road.winding(1000.0 * _KILOMETRES, rng), 51.7464, -1.2437),
        auto_lap_m=1000.0,
        utc_offset_s=3600,
    )
    return write_fit(run)


def measure(rounds: int) -> dict[str, float]:
    """Return each decoder's median time in seconds, miler first, all measured in one run."""
    data = one_hour()
    decoders = _decoders()
    spent: dict[str, list[float]] = {name: [] for name in decoders}
    for decoder in decoders.values():
        decoder(data)  # imports and caches
    for _ in range(rounds):
        for name, decoder in decoders.items():
            gc.collect()
            spent[name] += [_time(decoder, data) for _ in range(_TIMES[name])]
    return {name: statistics.median(times) for name, times in spent.items()}


def _decoders() -> dict[str, Callable[[bytes], object]]:
    decoders: dict[str, Callable[[bytes], object]] = {
        "miler": decode,
        "fitparse": lambda data: fitparse.FitFile(data).messages,
        "fitdecode": lambda data: list(fitdecode.FitReader(data)),
    }
    if importlib.util.find_spec("fitfast"):
        decoders["fitfast"] = importlib.import_module("fitfast").records
    return decoders


def _time(decoder: Callable[[bytes], object], data: bytes) -> float:
    start = time.perf_counter()
    decoder(data)
    return time.perf_counter() - start


def bars(short: bool) -> Iterator[Bar]:
    """Measure the bar of this module; see `benchmarks.bars`."""
    medians = measure(3 if short else 9)
    ratio = medians["fitparse"] / medians["miler"]
    figure = f"{medians['miler'] * 1e3:.2f} ms, {ratio:.0f} times as fast"
    yield Bar("one hour of FIT, against python-fitparse", figure, f"{_BAR:g} times as fast", ratio >= _BAR)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print numbers for programs")
    parser.add_argument("--rounds", type=int, default=9, help="of all decoders in turn")
    options = parser.parse_args()
    medians = measure(options.rounds)
    ours = medians["miler"]
    if options.json:
        print(
            json.dumps(
                {"bytes": len(one_hour()), "median_s": medians, "fitparse_ratio": medians["fitparse"] / ours}
            )
        )
        return 0
    print(f"{len(one_hour()):,} bytes, one hour at one record a second")
    print(f"{'decoder':<10} {'median':>10} {'of miler':>9}")
    for name, median in medians.items():
        print(f"{name:<10} {median * 1e3:>7.2f} ms {median / ours:>8.1f}x")
    return 0 if medians["fitparse"] / ours >= _BAR else 1


if __name__ == "__main__":
    sys.exit(main())
