"""How long does miler take to say a word, and how large is it? `python -m benchmarks.startup [--verbs]`.

The claims: `miler --version` takes less than 7.5 times as long as `python -c pass` (0.15 s where that takes
0.02 s); `miler --help`, which loads every verb, less than three times as long as importing click, which it
is made with; and `import miler` adds next to nothing. The runs take turns, so that a busy moment of the
machine hits all alike; medians are compared. Bytecode is kept, as an installed program has it.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import click

import miler
from benchmarks.bar import Bar, as_installed
from miler.cli import cli

GOAL_VERSION = 7.5
GOAL_HELP = 3.0
PLAIN, CLICK, IMPORT, VERSION, HELP = (
    "python",
    "import click",
    "import miler",
    "miler --version",
    "miler --help",
)
_COMMANDS = {
    PLAIN: ("-c", "pass"),
    CLICK: ("-c", "import click"),
    IMPORT: ("-c", "import miler"),
    VERSION: ("-m", "miler", "--version"),
    HELP: ("-m", "miler", "--help"),
}
_MIB = 1024**2


def measure(commands: Mapping[str, Sequence[str]], runs: int) -> dict[str, float]:
    """Return the median seconds of each command; the first run of each is left out: it may write bytecode."""
    environment = as_installed()
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(runs + 1):
        for name, arguments in commands.items():
            begin = time.perf_counter()
            subprocess.run(
                [sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True, env=environment
            )
            seconds[name].append(time.perf_counter() - begin)
    return {name: statistics.median(values[1:]) for name, values in seconds.items()}


def bars(short: bool) -> Iterator[Bar]:
    """Yield the bars of starting up."""
    medians = measure(_COMMANDS, 7 if short else 21)
    for name, reference, goal in ((VERSION, PLAIN, GOAL_VERSION), (HELP, CLICK, GOAL_HELP)):
        ratio = medians[name] / medians[reference]
        figure = f"{ratio:.1f} times `{reference}` ({1000 * medians[name]:.0f} ms)"
        yield Bar(f"`{name}` starts at once", figure, f"under {goal:g} times", ratio < goal, timed=True)


def verbs(runs: int) -> dict[str, float]:
    """Return the median seconds of each verb's help: what it imports before it begins."""
    names = cli.list_commands(click.Context(cli))
    return measure({name: ("-m", "miler", name, "--help") for name in names}, runs)


def installed_bytes(name: str, seen: set[str]) -> dict[str, int]:
    """Return the size on disk of a distribution and of all that it needs, extras left out."""
    if name in seen:
        return {}
    seen.add(name)
    try:
        found = distribution(name)
    except PackageNotFoundError:  # of another system
        return {}
    paths = (Path(str(found.locate_file(file))) for file in found.files or ())
    sizes = {name: sum(path.stat().st_size for path in paths if path.is_file())}
    for line in found.requires or ():
        if "extra ==" not in line:
            needed = re.split(r"[^\w.-]", line, maxsplit=1)[0].lower().replace("_", "-")
            sizes |= installed_bytes(needed, seen)
    return sizes


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=21)
    parser.add_argument("--verbs", action="store_true", help="each verb's start too")
    options = parser.parse_args()
    medians = measure(_COMMANDS, options.runs)
    for name, seconds in medians.items():
        print(f"{name:<18}{1000 * seconds:>8.1f} ms{seconds / medians[PLAIN]:>8.2f} × {PLAIN}")
    print(f"goals: {VERSION} < {GOAL_VERSION:g} × {PLAIN}; {HELP} < {GOAL_HELP:g} × {CLICK}", end="")
    print(f" (now {medians[HELP] / medians[CLICK]:.2f})")
    if options.verbs:
        for name, seconds in sorted(verbs(max(options.runs // 4, 3)).items(), key=lambda item: item[1]):
            print(f"{name:<18}{1000 * seconds:>8.1f} ms{seconds / medians[PLAIN]:>8.2f} × {PLAIN}")
    sizes = installed_bytes("miler", set())
    own = sum(path.stat().st_size for path in Path(miler.__file__).parent.rglob("*") if path.suffix != ".pyc")
    sizes["miler"] = own
    print(f"installed: {sum(sizes.values()) / _MIB:.0f} MiB without bytecode of miler, of which")
    for name, size in sorted(sizes.items(), key=lambda item: -item[1])[:8]:
        print(f"{name:<18}{size / _MIB:>8.1f} MiB")


if __name__ == "__main__":
    main()
