"""Whether the ± holds on real runs, where nobody told the simulator what to draw.

Two witnesses: positions alone against the device's own distance, and two recorders of one run. Neither is the
truth, so a difference has the errors of both.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from benchmarks import same_activity
from benchmarks.bar import CORPUS, Bar
from miler.activity import Activity
from miler.confidence import judge
from miler.crediting import measure
from miler.effort import Effort, fastest
from miler.formats import decode
from miler.settings import DistanceSource, Settings
from miler.units import MILE_M

_TWO_RECORDERS = ("S01", "S02", "S09", "S21")
_ENOUGH = 100  # records with a distance, and with a fix


def mile(activity: Activity, source: DistanceSource = "auto", length_m: float = MILE_M) -> Effort | None:
    """The fastest stretch by one source, judged; None where there is none by that source."""
    settings = Settings(distance_source=source, sports=(activity.sport,))
    odometer = measure(activity, settings)
    effort = fastest(odometer, length_m)
    if effort is None or source not in ("auto", odometer.source):
        return None
    return judge(effort, activity, odometer, settings)


def by_positions(runs: Sequence[tuple[str, Activity]]) -> Iterator[tuple[str, Effort, Effort]]:
    """Name, the device's mile and the positions' mile of each run that has both."""
    for name, activity in runs:
        both = [np.isfinite(activity.get(stream)).sum() for stream in ("distance", "latitude")]
        if activity.sport not in ("running", "unknown") or min(both) < _ENOUGH:
            continue
        device, fixes = mile(activity, "device"), mile(activity, "fixes")
        if device is not None and fixes is not None:
            yield name, device, fixes


def two_recorders() -> Iterator[tuple[str, Effort, Effort]]:
    """Group and both recorders' fastest stretch, of a mile or of 90 % of the shorter recording."""
    for group, files in same_activity.groups(CORPUS).items():
        if group not in _TWO_RECORDERS:
            continue
        recorded = [activity for file in files for activity in decode((CORPUS / file).read_bytes())]
        for one, two in combinations(recorded, 2):
            shorter_m = min(measure(a, Settings(sports=(a.sport,))).total_m for a in (one, two))
            length_m = min(MILE_M, 0.9 * shorter_m)
            if length_m < 400:
                continue
            first, second = mile(one, length_m=length_m), mile(two, length_m=length_m)
            if first is not None and second is not None:
                yield group, first, second


def bars(runs: Sequence[tuple[str, Activity]]) -> Iterator[Bar]:
    """Measure the witnesses."""
    pairs = list(by_positions(runs))
    held = [fixes.low_s <= device.elapsed_s <= fixes.high_s for _, device, fixes in pairs]
    ratios = np.array([fixes.elapsed_s / device.elapsed_s - 1 for _, device, fixes in pairs])
    spread = 1.4826 * float(np.median(np.abs(ratios - np.median(ratios))))
    share = float(np.mean(held))
    figure = f"{100 * share:.0f} % of {len(pairs)}; {100 * spread:.1f} % apart (robust sd)"
    yield Bar("positions' ± holds the device's mile, real runs", figure, "at least 90 %", share >= 0.9)
    twice = list(two_recorders())
    within = sum(
        abs(a.elapsed_s - b.elapsed_s) <= math.hypot(a.uncertainty_s, b.uncertainty_s) for _, a, b in twice
    )
    # Too few to hold a bar to: two on bicycles, and a phone's positions 5 % from a watch's distance.
    yield Bar("two recorders of one run", f"{within} of {len(twice)} pairs within both ±", "shown", True)
