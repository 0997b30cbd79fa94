"""Any distance: its fastest stretch, how it is cut, and what the stretch looked like second by second."""

# %%
import sys
from pathlib import Path

import miler

SAMPLES = Path(__file__).resolve().parents[1] / "sample_files"
path = Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES / "road-run-pauses.fit"
LENGTH_M = 3 * miler.MILE_M

# %% With its ±: say the lengths in the settings.
settings = miler.Settings(effort_lengths_m=(LENGTH_M, 5000.0))
result = miler.analyse(miler.read(path), settings)
for effort in result.efforts:
    print(effort.name, f"{effort.elapsed_s:.0f} s ± {effort.uncertainty_s:.0f}", effort.flags)

# %% By hand: the distance model, the exact fastest stretch on it, and its splits.
run = miler.read(path)
odometer = miler.measure(run)
stretch = miler.fastest(odometer, LENGTH_M)
if stretch is None:
    sys.exit("shorter than that")
for split in miler.splits(run, odometer, stretch, miler.MILE_M):
    print(split.index, f"{split.length_m:.1f} m in {split.elapsed_s:.1f} s")

# %% The records inside it, as a table.
records = run.to_pandas()
inside = records[records["elapsed_s"].between(stretch.start_s, stretch.end_s)]
print(inside[["heart_rate_bpm", "cadence_spm"]].describe().loc[["mean", "min", "max"]].round(0))
