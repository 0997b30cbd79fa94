"""How long a bar is that stands for a speed: one scale for terminal, notebook and card."""

from __future__ import annotations

from collections.abc import Sequence

_FROM = 0.75  # of the fastest
_BELOW = 0.02  # the slowest: it is to have a bar too


def shares(speeds: Sequence[float]) -> list[float]:
    """Return each bar as a share of the longest: 1 for the fastest, 0 for none.

    Bars begin at three quarters of the fastest speed, or just below the slowest: so differences show.

    Args:
        speeds: in any one unit; 0 is no speed.
    """
    run = [speed for speed in speeds if speed > 0]
    if not run:
        return [0.0] * len(speeds)
    least = max(0.0, min(_FROM, min(run) / max(run) - _BELOW))
    return [max(speed / max(run) - least, 0.0) / (1 - least) for speed in speeds]
