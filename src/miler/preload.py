"""What workers have imported before they are forked, once for all: to read and report a file takes that.

Nothing of it is garbage, so that the collector need not look through it: not now, not in the workers, and
not when the server of the workers ends, for which whoever reads the output to its end waits as well.
"""

from __future__ import annotations

import gc
from importlib import import_module

gc.disable()
for _name in (
    "miler.batch",
    "miler.outcome",
    "miler.formats",
    "miler.report.outcomes",
    "miler.report.render",
    "fitparse.profile",
    "tzfpy",
):
    import_module(_name)
gc.freeze()
gc.enable()
