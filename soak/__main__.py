"""Fuzz every reader: `python -m soak [TARGET...] [--seconds 60] [--keep FOLDER] [--plain]`, or `make fuzz`.

Guided by coverage where atheris is installed (Linux and CPython only), else by changing files at random.
Each target runs in a child process; one line tells how it went. Exit code 1 if a promise was broken: the
inputs are kept in FOLDER (a change of a real recording is among them: they are not for the repository).
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from soak.targets import TARGETS

_KEEP = Path(__file__).resolve().parents[1] / ".soak"
_JOBS = 2
_GRACE_S = 120  # to import, read the seeds and end
_LINE = "{:<10} {:>10} {:>8} {:>9} {:>8}"


@dataclass(frozen=True)
class Summary:
    """How fuzzing one target went; `coverage` counts places in the code, None if nobody looked."""

    target: str
    executions: int
    seconds: float
    coverage: int | None
    crashes: list[Path]


def fuzz(target: str, *, seconds: int, keep: Path, plain: bool) -> Summary:
    """Fuzz one target in a child process."""
    folder = keep / target
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "soak.child", target, str(seconds), str(folder)]
    began = time.monotonic()
    # Threads of a BLAS that is not used would reserve all of the address space.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    try:
        child = subprocess.run(
            [*command, *(["--plain"] if plain else [])],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=seconds + _GRACE_S,
        )
        log, code = child.stderr.decode("utf-8", "replace"), child.returncode
    except subprocess.TimeoutExpired as late:
        log, code = (late.stderr or b"").decode("utf-8", "replace"), None
    took = time.monotonic() - began
    (folder / "log").write_text(log, encoding="utf-8")
    crashes = sorted(path for path in folder.glob("[ce]*-*") if path.suffix != ".txt")
    if code != 0 and not crashes:
        crashes = [folder / "log"]
    return Summary(target, _executions(log), took, _coverage(log), crashes)


def _executions(log: str) -> int:
    counts = (
        re.findall(r"number_of_executed_units: (\d+)", log) or re.findall(r"^#(\d+)\s", log, re.M) or ["0"]
    )
    return int(counts[-1])


def _coverage(log: str) -> int | None:
    places = re.findall(r" cov: (\d+) ", log)
    return int(places[-1]) if places else None


def main() -> int:
    """Fuzz and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--keep", type=Path, default=_KEEP, help="where inputs that break a promise are kept")
    parser.add_argument(
        "--plain", action="store_true", help="change files at random, though atheris is there"
    )
    options = parser.parse_args()
    if unknown := set(options.targets) - set(TARGETS):
        parser.error(f"unknown target {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    if not options.plain and importlib.util.find_spec("atheris") is None:
        print("atheris is not installed (it is for CPython on Linux): files are changed at random instead")
    # Among what is kept are real recordings, and they are nobody's to commit.
    options.keep.mkdir(parents=True, exist_ok=True)
    (options.keep / ".gitignore").write_text("*\n", encoding="utf-8")
    one = partial(fuzz, seconds=options.seconds, keep=options.keep, plain=options.plain)
    print(_LINE.format("target", "executions", "seconds", "coverage", "crashes"))
    crashes: list[Path] = []
    with ThreadPoolExecutor(_JOBS) as pool:
        for done in pool.map(one, options.targets or TARGETS):
            seen = "–" if done.coverage is None else done.coverage
            line = _LINE.format(done.target, done.executions, f"{done.seconds:.0f}", seen, len(done.crashes))
            print(line, flush=True)
            crashes += done.crashes
    for path in crashes:
        print(f"kept: {path}")
    return 1 if crashes else 0


if __name__ == "__main__":
    sys.exit(main())
