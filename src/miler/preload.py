"""What workers have imported before they are forked, once for all: to read and report a file takes that.

Nothing of it is garbage, so that the collector need not look through it: not now, not in the workers, and
not when the server of the workers ends, for which whoever reads the output to its end waits as well.
"""

from __future__ import annotations

import gc
import os
from importlib import import_module
from threading import Thread

from miler.timezone import zone_at

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the workers fill the cores; its threads would only spin
gc.disable()
# The map of zones takes 0.09 s to open: here it is done once, on a core that stands idle now.
_map = Thread(target=zone_at, args=(51.48, 0.0))
_map.start()
for _name in (
    "miler.batch",
    "miler.outcome",
    "miler.formats",
    "miler.report.outcomes",
    "miler.report.render",
    "fitparse.profile",
):
    import_module(_name)
_map.join()
gc.freeze()
gc.enable()
