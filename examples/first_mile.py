"""One file: its fastest mile, and why to trust it.

Run it as it stands, or with a file of your own: `python examples/first_mile.py my-run.fit`.
"""

# %%
import sys
from pathlib import Path

import miler
from miler.units import format_duration, format_sure

SAMPLES = Path(__file__).resolve().parents[1] / "sample_files"
path = Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES / "track-mile.fit"

# %% What the watch recorded. In a notebook, a cell that ends with `run` shows a table.
run = miler.read(path)
print(run)
print(sorted(run.streams))

# %% Everything that miler says, in one value.
result = miler.analyse(run)
mile = result.mile
if mile is None:
    sys.exit("no mile in there")
effort = mile.effort
print(f"{effort.elapsed_s:.3f} s, that is {format_sure(effort.elapsed_s, effort.low_s, effort.high_s)}")

# %% Why: the grade of the evidence, and its reasons.
print(effort.grade, effort.evidence.reasons if effort.evidence else ())

# %% How even it was, quarter by quarter.
for quarter in mile.quarters:
    print(quarter.index, format_duration(quarter.elapsed_s))
print(f"{mile.evenness.score:.1f} of 100, {mile.evenness.shape}")
