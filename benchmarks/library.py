"""How fast is the library? `python -m benchmarks.library [--files N]`.

How many one-hour FIT files a second `miler import` takes, how long the same import takes again, and how
many bytes an activity costs. How fast a library answers: `benchmarks.questions`.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.questions import seconds
from devtools.recording import Recording
from devtools.writers import write_fit

FILES = 40
_START = datetime(1996, 5, 4, 6, 30, tzinfo=UTC)


def make_files(folder: Path, count: int) -> None:
    """Write one-hour runs on a winding road, recorded each second; no two are alike."""
    folder.mkdir(parents=True, exist_ok=True)
    time_s = np.arange(3600.0)
    for seed in range(count):
        rng = np.random.default_rng(seed)
        speed = 3.2 + 0.4 * np.sin(time_s / rng.uniform(200, 900)) + rng.normal(0, 0.05, len(time_s))
        heading = np.cumsum(rng.normal(0, 0.02, len(time_s)))
        north_m, east_m = np.cumsum(speed * np.cos(heading)), np.cumsum(speed * np.sin(heading))
        run = Recording(
            start_time=_START + timedelta(days=seed),
            time_s=time_s,
            latitude_deg=51.5 + north_m / 111_200,
            longitude_deg=-0.1 + east_m / 69_000,
            distance_m=np.cumsum(speed),
            speed_mps=speed,
            altitude_m=30 + 10 * np.sin(time_s / 400),
            heart_rate_bpm=np.round(150 + 10 * np.sin(time_s / 700)),
            cadence_spm=np.full(len(time_s), 176.0),
        )
        (folder / f"{seed:06d}.fit").write_bytes(write_fit(run))


def imports(folder: Path, files: int, jobs: int = 2) -> tuple[float, float, float]:
    """Return the seconds of an import, of the same import again, and the library's bytes an activity."""
    make_files(folder / "runs", files)
    path = folder / "imported.db"
    first, second = (seconds("import", folder / "runs", "--library", path, "--jobs", jobs) for _ in range(2))
    return first, second, path.stat().st_size / files


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=FILES)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        first, second, size = imports(Path(folder), options.files)
        print(f"import of {options.files} one-hour FIT files, two jobs")
        print(f"  first {first:.2f} s ({options.files / first:.0f} files/s), again {second:.2f} s")
        print(f"  {size / 1000:.1f} kB of library an activity")


if __name__ == "__main__":
    main()
