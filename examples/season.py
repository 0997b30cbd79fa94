"""A season in pandas: a library of runs, and how the mile moved from month to month.

Run it as it stands, or with a folder of your own: `python examples/season.py Downloads`.
"""

# %%
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import pandas as pd

import miler

SAMPLES = Path(__file__).resolve().parents[1] / "sample_files"
folder = Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES

# %% A library is one file. `miler import` fills the usual one; here is one for the moment.
with tempfile.TemporaryDirectory() as place, miler.Library(Path(place) / "season.db") as library:
    for path in sorted(folder.iterdir()):
        try:
            run = miler.read(path)
        except miler.DecodeError:
            continue  # no recording, such as a README
        library.add(miler.analyse(run))
    bests = pd.DataFrame(asdict(best) for best in library.best(miler.MILE_M, limit=1000))

# %% One activity's fastest mile a row, excluded and implausible ones left out.
bests["start"] = pd.to_datetime(bests["start_local"])
bests["mile"] = pd.to_timedelta(bests["elapsed_s"], unit="s").dt.ceil("1s")
print(bests[["start", "mile", "file"]].sort_values("start").to_string(index=False))

# %% The best of each month, and how far that is from the best so far.
months = bests.set_index("start")["elapsed_s"].resample("MS").min().dropna()
trend = pd.DataFrame({"best_s": months, "behind_s": months - months.cummin()})
print(trend.round(1).to_string())
