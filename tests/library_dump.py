"""A library as plain values, to hold one against another; and many short runs that are all different."""

from __future__ import annotations

import sqlite3
import zlib
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from devtools.recording import Recording
from devtools.writers import write_gpx

_OF_THE_MOMENT = {"recorded_at", "added_at", "deleted_at"}


def dump(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table but the time of day when it was written; what is packed is unpacked."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True)) as connection:
        names = [
            name
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
            )
            if not name.startswith("sqlite_")
        ]
        return {name: _rows(connection, name) for name in names}


def _rows(connection: sqlite3.Connection, table: str) -> list[tuple[Any, ...]]:
    cursor = connection.execute(f"SELECT * FROM {table}")
    kept = [i for i, column in enumerate(cursor.description) if column[0] not in _OF_THE_MOMENT]
    rows = [tuple(_plain(table, row[i]) for i in kept) for row in cursor]
    return sorted(rows, key=repr)


def _plain(table: str, value: Any) -> Any:
    return zlib.decompress(value) if table == "documents" and isinstance(value, bytes) else value


def write_runs(folder: Path, count: int, first: int = 0) -> list[Path]:
    """Write runs of a mile and a bit, each a day later than the one before, some seconds slower."""
    folder.mkdir(parents=True, exist_ok=True)
    return [write_run(folder / f"{i:03d}.gpx", day=i, seconds=300.0 + i) for i in range(first, first + count)]


def write_run(path: Path, *, day: int = 0, seconds: float = 300.0, name: str = "Run") -> Path:
    """Write a steady run of 1,700 m, fixes five seconds apart."""
    time_s = np.append(np.arange(0.0, seconds, 5.0), seconds)
    run = Recording(
        start_time=datetime(2025, 1, 1, 12, tzinfo=UTC) + timedelta(days=day),
        time_s=time_s,
        latitude_deg=51.5 + 1700 / 111_257 * time_s / seconds,
        longitude_deg=np.full(len(time_s), -0.1),
        name=name,
    )
    path.write_bytes(write_gpx(run))
    return path
