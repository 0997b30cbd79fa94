"""What a file costs on its way into the library, stage by stage: `python -m benchmarks.stages [--files N]`.

Milliseconds of the processor, the least and the median over one-hour runs, each file through all stages
in turn and beside a peer that only decodes it, so that a busy machine slows all of them alike.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import importlib.util
import pickle
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from benchmarks.hours import write_hours
from miler.analysis import analyse
from miler.formats import decode
from miler.library.entry import entry_of
from miler.outcome import Outcome

_PEER = "fitfast"  # a Rust extension
_WARM = 5  # files before the measured ones
_Result = TypeVar("_Result")


@dataclass
class Stages:
    """The milliseconds of each stage, a file each."""

    taken: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def timed(self, stage: str, work: Callable[..., _Result], *given: Any) -> _Result:
        """Do the work and keep what it took."""
        begin = time.process_time()
        result = work(*given)
        self.taken[stage].append(1000 * (time.process_time() - begin))
        return result


def stages(paths: list[Path]) -> Stages:
    """Take each file through all stages."""
    took = Stages()
    peer = importlib.import_module(_PEER).records if importlib.util.find_spec(_PEER) else None
    gc.collect()
    gc.freeze()  # as a worker does
    for path in paths:
        if peer is not None:
            took.timed(_PEER, peer, path)
        data = took.timed("read", path.read_bytes)
        (activity,) = took.timed("decode", decode, data)
        analysis = took.timed("analyse", analyse, activity)
        entry = took.timed("entry", entry_of, Outcome(analysis.source, "done", (analysis,)))
        took.timed("pickle", lambda kept: pickle.loads(pickle.dumps(kept)), entry)
    return took


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--files", type=int, default=60)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        took = stages(write_hours(Path(folder), options.files + _WARM))
    for stage, each in took.taken.items():
        print(f"{stage:<10} least {min(each[_WARM:]):6.2f} ms, median {median(each[_WARM:]):6.2f} ms")


if __name__ == "__main__":
    main()
