"""One-hour runs by the thousand: FIT files of 3,600 records of 13 fields, 119 kB each, no two alike.

`python -m benchmarks.hours FOLDER [COUNT]` writes them; a few milliseconds each.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from devtools.fit_file import ENUM, SINT8, SINT32, UINT8, UINT16, UINT32, UINT32Z, FitFile
from devtools.fit_writer import fit_time
from miler.arrays import FloatArray
from miler.units import MILE_M

RECORDS = 3600
_START = datetime(2018, 5, 4, 6, 30, tzinfo=UTC)
_FILE_ID, _SESSION, _LAP, _RECORD, _EVENT, _ACTIVITY = 0, 18, 19, 20, 21, 34
_LOCAL = {
    number: local for local, number in enumerate((_FILE_ID, _EVENT, _RECORD, _LAP, _SESSION, _ACTIVITY))
}

# Field numbers, sizes and base types of Garmin's FIT profile; what a running watch with a sensor writes.
_FIELDS: tuple[tuple[str, int, str, int], ...] = (
    ("timestamp", 253, "<u4", UINT32),
    ("position_lat", 0, "<i4", SINT32),
    ("position_long", 1, "<i4", SINT32),
    ("distance", 5, "<u4", UINT32),
    ("enhanced_speed", 73, "<u4", UINT32),
    ("altitude", 2, "<u2", UINT16),
    ("power", 7, "<u2", UINT16),
    ("vertical_oscillation", 39, "<u2", UINT16),
    ("stance_time", 41, "<u2", UINT16),
    ("heart_rate", 3, "u1", UINT8),
    ("cadence", 4, "u1", UINT8),
    ("fractional_cadence", 53, "u1", UINT8),
    ("temperature", 13, "i1", SINT8),
)
_MESSAGE = np.dtype([("header", "u1"), *((name, form) for name, _, form, _ in _FIELDS)])
_LAYOUTS: dict[int, list[tuple[int, int, int]]] = {
    _FILE_ID: [(0, 1, ENUM), (1, 2, UINT16), (2, 2, UINT16), (3, 4, UINT32Z), (4, 4, UINT32)],
    _EVENT: [(253, 4, UINT32), (0, 1, ENUM), (1, 1, ENUM)],
    _RECORD: [(number, np.dtype(form).itemsize, base) for _, number, form, base in _FIELDS],
    _LAP: [(253, 4, UINT32), (2, 4, UINT32), (7, 4, UINT32), (8, 4, UINT32), (9, 4, UINT32), (24, 1, ENUM)],
    _SESSION: [
        (253, 4, UINT32),
        (2, 4, UINT32),
        (5, 1, ENUM),
        (7, 4, UINT32),
        (8, 4, UINT32),
        (9, 4, UINT32),
    ],
    _ACTIVITY: [(253, 4, UINT32), (0, 4, UINT32), (1, 2, UINT16)],
}


def write_hours(folder: Path, count: int) -> list[Path]:
    """Write runs, a day apart, into a folder; those that are there are left as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{seed:06d}.fit" for seed in range(count)]
    for seed, path in enumerate(paths):
        if not path.exists():
            path.write_bytes(one_hour(seed))
    return paths


def one_hour(seed: int, records: int = RECORDS) -> bytes:
    """Return a run on a winding road, recorded each second, with laps of a mile: an hour, or less."""
    rng = np.random.default_rng(seed)
    start = fit_time(_START + timedelta(days=seed))
    speed_mps = 3.2 + 0.4 * np.sin(np.arange(records) / rng.uniform(200, 900)) + rng.normal(0, 0.05, records)
    distance_m = np.cumsum(speed_mps)
    messages = _messages(rng, start, speed_mps, distance_m)
    file = FitFile()
    for number, layout in _LAYOUTS.items():
        file.define(_LOCAL[number], number, layout)
    file.message(_LOCAL[_FILE_ID], 4, 255, 1, 1 + seed, start)
    file.message(_LOCAL[_EVENT], start, 0, 0)
    for first, end in _laps(distance_m):
        file.raw(messages[first:end].tobytes())
        took_ms = 1000 * (end - first)
        metres = distance_m[end - 1] - (distance_m[first - 1] if first else 0.0)
        file.message(_LOCAL[_LAP], start + end - 1, start + first, took_ms, took_ms, round(100 * metres), 2)
    total_ms, last = 1000 * (records - 1), start + records - 1
    file.message(_LOCAL[_EVENT], last, 0, 4)
    file.message(_LOCAL[_SESSION], last, start, 1, total_ms, total_ms, round(100 * distance_m[-1]))
    file.message(_LOCAL[_ACTIVITY], last, total_ms, 1)
    return file.to_bytes()


def _laps(distance_m: FloatArray) -> Iterator[tuple[int, int]]:
    """Cut the records where a mile is full."""
    ends = np.flatnonzero(np.diff(distance_m // MILE_M)) + 2
    edges = [0, *ends.tolist(), len(distance_m)]
    return ((a, b) for a, b in pairwise(edges) if b > a)


def _messages(
    rng: np.random.Generator, start: int, speed_mps: FloatArray, distance_m: FloatArray
) -> NDArray[np.void]:
    records = len(distance_m)
    time_s = np.arange(records)
    heading = np.cumsum(rng.normal(0, 0.02, records))
    north_m, east_m = np.cumsum(speed_mps * np.cos(heading)), np.cumsum(speed_mps * np.sin(heading))
    semicircles = 2**31 / 180
    effort = speed_mps - 3.2
    columns = {
        "timestamp": start + time_s,
        "position_lat": (51.5 + north_m / 111_200) * semicircles,
        "position_long": (-0.1 + east_m / 69_000) * semicircles,
        "distance": 100 * distance_m,
        "enhanced_speed": 1000 * speed_mps,
        "altitude": 5 * (530 + 10 * np.sin(time_s / rng.uniform(200, 600))),
        "power": 270 + 90 * effort + rng.normal(0, 6, records),
        "vertical_oscillation": 850 + rng.normal(0, 30, records),
        "stance_time": 2400 + rng.normal(0, 60, records),
        "heart_rate": 150 + 25 * effort + 8 * np.sin(time_s / 700),
        "cadence": 88 + 3 * effort,
        "fractional_cadence": 64 * rng.integers(0, 2, records),
        "temperature": 18 - time_s / 1200,
    }
    messages = np.zeros(records, _MESSAGE)
    messages["header"] = _LOCAL[_RECORD]
    for name, values in columns.items():
        messages[name] = np.round(values)
    return messages


def main() -> None:
    """Write runs into a folder."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("count", type=int, nargs="?", default=2000)
    options = parser.parse_args()
    write_hours(options.folder, options.count)


if __name__ == "__main__":
    main()
