"""What GPX and TCX have in common: elements that are left out when empty, and times."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from miler.arrays import FloatArray


def element(tag: str, column: FloatArray | None, i: int, digits: str) -> str:
    """Return the column's value at `i` as an element; nothing where there is none."""
    if column is None or not np.isfinite(column[i]):
        return ""
    return inside(tag, f"{column[i]:{digits}}")


def inside(tag: str, content: str) -> str:
    """Return an element around the content; nothing around nothing."""
    return f"<{tag}>{content}</{tag}>" if content else ""


def iso_time(moment: datetime) -> str:
    """Return ISO 8601 in UTC; milliseconds only where there are any."""
    digits = "milliseconds" if round(moment.microsecond, -3) else "seconds"
    return moment.isoformat(timespec=digits).replace("+00:00", "Z")
