"""Small recordings, no two alike, for tests that need many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from devtools.recording import Recording
from devtools.writers import write_fit

START = datetime(2024, 3, 2, 7, 30, tzinfo=UTC)


def small_run(seed: int, lasts_s: float = 540.0) -> bytes:
    """Return a FIT file at a speed of its own, on a day of its own; in nine minutes a mile and a bit."""
    time_s = np.arange(0.0, lasts_s, 5.0)
    speed_mps = 3.2 + 0.002 * (seed % 500)
    return write_fit(
        Recording(
            start_time=START + timedelta(days=seed),
            time_s=time_s,
            distance_m=time_s * speed_mps,
            speed_mps=np.full(len(time_s), speed_mps),
        )
    )


def write_runs(folder: Path, count: int, seed: int = 0) -> list[Path]:
    """Write many; return where."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"run-{seed + number:04d}.fit" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(small_run(seed + number))
    return paths
