"""How long does miler take to say a word? `python -m benchmarks.startup [--json]`.

The claim: `miler --help` takes less than three times as long as importing click, which it is made with;
and `import miler` adds next to nothing to Python's own start. The runs take turns, so that a busy moment
of the machine hits all alike; medians are compared.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time

GOAL_RATIO = 3.0
_COMMANDS = {
    "python": ["-c", "pass"],
    "import click": ["-c", "import click"],
    "import miler": ["-c", "import miler"],
    "miler --help": ["-m", "miler.cli", "--help"],
}


def measure(runs: int = 21) -> dict[str, float]:
    """Return the median seconds of each command."""
    seconds: dict[str, list[float]] = {name: [] for name in _COMMANDS}
    for _ in range(runs):
        for name, arguments in _COMMANDS.items():
            begin = time.perf_counter()
            subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
            seconds[name].append(time.perf_counter() - begin)
    return {name: statistics.median(values) for name, values in seconds.items()}


def help_ratio(medians: dict[str, float]) -> float:
    """Return how many times as long `miler --help` takes as importing click."""
    return medians["miler --help"] / medians["import click"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=21)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    medians = measure(options.runs)
    if options.json:
        print(json.dumps({"seconds": medians, "help_ratio": help_ratio(medians)}, indent=2))
        return
    for name, seconds in medians.items():
        print(f"{name:<14}{1000 * seconds:>8.1f} ms{seconds / medians['import click']:>8.2f} × import click")
    print(f"goal: miler --help < {GOAL_RATIO:g} × import click")


if __name__ == "__main__":
    main()
