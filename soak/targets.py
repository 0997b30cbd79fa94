"""What is fuzzed: a promise, and the files that fuzzing begins with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from soak import promises, seeds


@dataclass(frozen=True)
class Target:
    """One thing to be fuzzed.

    Attributes:
        check: takes any bytes; raises only where a promise is broken.
        seeds: files made by our own writers.
        kept: which of the sample files and of the corpus are added.
    """

    check: Callable[[bytes], None]
    seeds: Callable[[], Iterator[bytes]]
    kept: str | None = None


TARGETS: dict[str, Target] = {
    "recognise": Target(promises.known_or_refused, seeds.recordings),
    "fit": Target(promises.read_or_refused, seeds.fit, "*.fit"),
    "gpx": Target(promises.read_or_refused, seeds.gpx, "*.gpx"),
    "tcx": Target(promises.read_or_refused, seeds.tcx, "*.tcx"),
    "gzip": Target(promises.read_or_refused, seeds.gzipped),
    "zip": Target(promises.read_or_refused, seeds.zipped, "*.zip"),
    "report": Target(promises.told_or_refused, seeds.recordings),
}
