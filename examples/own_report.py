"""A report of one's own: the texts that miler writes, one's own line, and the card to share.

Run it as it stands, or with a file and a folder: `python examples/own_report.py my-run.fit pictures`.
"""

# %%
import sys
import tempfile
from pathlib import Path

import miler
from miler.report.card import card
from miler.units import format_day, format_duration, format_sure

SAMPLES = Path(__file__).resolve().parents[1] / "sample_files"
path = Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES / "track-mile.fit"
folder = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(tempfile.mkdtemp())

# %% What `miler report` prints, as narrow as a phone.
run = miler.read(path)
result = miler.analyse(run, miler.Settings(units="both"))
print(miler.render(result, "text", width=60).split("\n\n")[1])

# %% A line for a training diary: numbers are written by `miler.units`, and never in the runner's favour.
if result.mile is None or run.start_time is None:
    sys.exit("no mile, or no date, in there")
effort = result.mile.effort
quarters = ", ".join(format_duration(quarter.elapsed_s) for quarter in result.mile.quarters)
time = format_sure(effort.elapsed_s, effort.low_s, effort.high_s)
print(f"{format_day(run.start_time.date())}: a mile in {time}, quarters {quarters}")

# %% The picture. `miler.picture.png` and `pdf` make others of it, with `pip install 'miler[card]'`.
picture = folder / "mile.svg"
picture.write_text(card(result, size="square", theme="dark"), encoding="utf-8")
print(picture.name, picture.stat().st_size > 1000)
