"""What workers have imported before they are forked, once for all: to read and report a file takes that.

Nothing of it is garbage, so that the collector need not look through it: not now, not in the workers, and
not when the server of the workers ends, for which whoever reads the output to its end waits as well.
"""

from __future__ import annotations

import gc
import os
from importlib import import_module

from miler.timezone import zone_at

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the workers fill the cores; its threads would only spin
gc.disable()
for _name in (
    "miler.batch",
    "miler.outcome",
    "miler.formats",
    "miler.report.outcomes",
    "miler.report.render",
    "fitparse.profile",
):
    import_module(_name)
zone_at(51.48, 0.0)  # opens the map of zones: 0.09 s of CPU here, once, and not in each of them
gc.freeze()
gc.enable()
