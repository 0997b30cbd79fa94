"""The columns of the tables that are written, each list once; docs/reference/library.md explains them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from miler.saying import KEYS

ACTIVITY = (
    "start_time",
    "start_local",
    "time_zone",
    "sport",
    "sub_sport",
    "device",
    "name",
    "records",
    "distance_m",
    "elapsed_s",
    "timer_s",
    "moving_s",
    "distance_source",
)

_STREAMS = ("heart_rate_bpm", "cadence_spm", "climb_m", "fall_m")

# All that hang on an activity and are written anew with it; `activity_id` comes first in each.
RESULTS: Mapping[str, tuple[str, ...]] = {
    "efforts": (
        "length_m",
        "name",
        "elapsed_s",
        "timer_s",
        "start_s",
        "end_s",
        "start_m",
        "end_m",
        "flags",
        "low_s",
        "high_s",
        "grade",
    ),
    "scores": (
        "evenness",
        "cv_percent",
        "half_difference_percent",
        "fast_start_percent",
        "end_spurt_percent",
        "shape",
    ),
    "laps": ("number", "trigger", "start_s", "elapsed_s", "timer_s", "distance_m", *_STREAMS),
    "splits": (
        "kind",
        "number",
        "start_m",
        "end_m",
        "start_s",
        "elapsed_s",
        "timer_s",
        *_STREAMS,
    ),
    "notes": ("number", "code", "kind", "message", "at_s"),
    "documents": ("document", "outline", "report"),
}

SOURCE = ("sha256", "part", "format", "name", "size_bytes", "label")

# Of each source: by what its run is known again. And the results of one that does not lead its activity.
FINGERPRINT = ("begin_s", "end_s", "fingerprint")
SPARE = ("settings_id", "version", *RESULTS["documents"])

# Evidence that two sources are of one run; the first columns are the key.
PAIR = (
    "sha256",
    "part",
    "other_sha256",
    "other_part",
    "verdict",
    "why",
    "overlap_s",
    "overlap_percent",
    "clock_s",
    "gap_m",
)

# What the runner said of an activity: kept through reprocessing and rebuilding.
SAID: Mapping[str, tuple[str, ...]] = {
    "overrides": KEYS,
    "exclusions": ("length_m",),
}


@cache
def insertion(table: str, columns: tuple[str, ...]) -> str:
    """Return the statement that inserts one row."""
    names = ", ".join(f'"{column}"' for column in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"
