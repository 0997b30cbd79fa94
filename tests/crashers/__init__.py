"""Files that fuzzing found to break a promise, made anew by our own writers: the shortest that did."""

from __future__ import annotations

import gzip
from collections.abc import Callable

from devtools.fit_file import ENUM, UINT16, UINT32, FitFile
from tests.clocks import fit_by

NOW = 1_147_000_000  # FIT's seconds


def beats_without_a_beat() -> bytes:
    """A chest strap's message that tells of no beat."""
    file = FitFile()
    file.define(0, 0, [(0, 1, ENUM)])
    file.message(0, 4)
    file.define(1, 20, [(253, 4, UINT32), (5, 4, UINT32)])
    for i in range(5):
        file.message(1, NOW + i, 300 * i)
    file.define(2, 132, [(253, 4, UINT32), (0, 2, UINT16)])
    file.message(2, NOW, 0)
    return file.to_bytes()


def rubbish_behind_gzip() -> bytes:
    """A gzip with bytes behind it that are no gzip."""
    return gzip.compress(fit_by(range(NOW, NOW + 5)), mtime=0) + b"\0rubbish"


CRASHERS: dict[str, Callable[[], bytes]] = {
    "FIT: beats without a beat": beats_without_a_beat,
    "gzip: rubbish behind it": rubbish_behind_gzip,
}
