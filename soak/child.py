"""One target, fuzzed in a process of its own: `python -m soak.child TARGET SECONDS FOLDER`.

Within 1 GiB of address space, each input within 5 s. What breaks a promise is kept in FOLDER, one input for
each place where it broke, the shortest; the fuzzing goes on. What hangs or ends the process ends it.
"""

from __future__ import annotations

import argparse
import faulthandler
import hashlib
import importlib.util
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from benchmarks.bar import CORPUS

MEMORY_BYTES = 2**30
INPUT_S = 5
SEED = 1954
_LONGEST = 2**16


def main() -> None:
    """Fuzz; say executions and coverage last, in the words of libFuzzer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target")
    parser.add_argument("seconds", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--plain", action="store_true", help="mutate at random, without atheris")
    options = parser.parse_args()
    guided = not options.plain and importlib.util.find_spec("atheris") is not None
    # What is imported in here is watched: the code that an input reaches steers the next ones.
    with importlib.import_module("atheris").instrument_imports(["miler"]) if guided else nullcontext():
        from soak.seeds import kept
        from soak.targets import TARGETS

    target = TARGETS[options.target]
    files = [*target.seeds(), *(kept(CORPUS, target.kept) if target.kept else ())]
    _limit_memory()
    fuzz = _guided if guided else _plain
    fuzz(Keeper(target.check, options.folder), files, options.seconds)


class Keeper:
    """Runs the check, and keeps what breaks it.

    Attributes:
        folder: where to.
    """

    def __init__(self, check: Callable[[bytes], None], folder: Path) -> None:
        self.folder = folder
        self._check = check
        self._shortest: dict[str, int] = {}

    def __call__(self, data: bytes) -> None:
        """Check one input."""
        try:
            self._check(data)
        except Exception as fault:  # finding these is what this is for
            self._keep(data, fault)

    def _keep(self, data: bytes, fault: Exception) -> None:
        frames = traceback.extract_tb(fault.__traceback__)
        where = [f"{frame.filename}:{frame.lineno}" for frame in frames[-3:]]
        name = hashlib.sha256("".join([*where, type(fault).__name__]).encode()).hexdigest()[:12]
        if len(data) < self._shortest.get(name, sys.maxsize):
            self._shortest[name] = len(data)
            (self.folder / f"crash-{name}").write_bytes(data)
            (self.folder / f"crash-{name}.txt").write_text("".join(traceback.format_exception(fault)))


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _guided(keeper: Keeper, files: list[bytes], seconds: int) -> None:
    """Hand over to atheris, which does not come back."""
    atheris = importlib.import_module("atheris")
    begun = keeper.folder / "seeds"
    begun.mkdir()
    for i, data in enumerate(files):
        (begun / str(i)).write_bytes(data)
    flags = {
        "max_total_time": seconds,
        "timeout": INPUT_S,
        "rss_limit_mb": 0,  # the address space is limited already
        "max_len": _LONGEST,
        "seed": SEED,
        "artifact_prefix": f"{keeper.folder}/ended-",
        "print_final_stats": 1,
    }
    arguments = [f"-{name}={value}" for name, value in flags.items()]
    atheris.Setup([sys.argv[0], *arguments, str(begun)], keeper)
    atheris.Fuzz()


def _plain(keeper: Keeper, files: list[bytes], seconds: int) -> None:
    """Mutate at random; the input at hand lies in a file, should the process end with it."""
    from soak.mutate import mutants

    at_hand = keeper.folder / "ended-plain"
    ends = time.monotonic() + seconds
    done = 0
    for data in mutants(files, SEED):
        if time.monotonic() > ends:
            break
        at_hand.write_bytes(data)
        faulthandler.dump_traceback_later(INPUT_S, exit=True)
        keeper(data)
        faulthandler.cancel_dump_traceback_later()
        done += 1
    at_hand.unlink()
    print(f"stat::number_of_executed_units: {done}", file=sys.stderr)


if __name__ == "__main__":
    main()
