"""Whether miler's times agree with independent answers for real activities: Garmin, Strava, Nike.

`python -m benchmarks.truth FOLDER` prints one line an answer. FOLDER holds activity files and a folder
`truth` of streams that other programs gave out, with `EXPECTED.csv`: the programs' own best efforts and
split moments, and the exact window in the same series of distances. Each stream is written as a FIT or TCX
file and read again, so the whole way from bytes to a time is on trial.

Bars: 0.1 s for the exact window and for a crossing; 0.05 s for Garmin's own splits (its "mile" is 1609 m);
1 s for the 606 s that Strava found in the original upload, for Strava gives whole seconds.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bar import CORPUS
from devtools.recording import Recording, Span
from devtools.writers import write_fit, write_tcx
from miler.activity import Activity
from miler.crediting import measure
from miler.effort import fastest
from miler.formats import decode
from miler.odometer import Odometer
from miler.units import MILE_M

WINDOW_S, GARMIN_S, WHOLE_SECONDS_S = 0.1, 0.05, 1.0
_ORIGINAL, _ORIGINAL_MILE_S = "tcx/run-2020-12-06t06-36-21-300-running.tcx", 606.0
_NEGATIVE_SPLIT, _HALVES_S = "fit-negative-split/short_run_fit_data.json", (686.0, 593.0)
_GARMIN_MILE_M = 1609.0


@dataclass(frozen=True)
class Row:
    """One answer: what was expected, what miler says, and how far they may be apart."""

    file: str
    effort: str
    expected_s: float
    ours_s: float
    bar_s: float

    @property
    def difference_s(self) -> float:
        """Seconds by which miler is longer."""
        return self.ours_s - self.expected_s

    @property
    def ok(self) -> bool:
        """Whether the difference is within the bar."""
        return abs(self.difference_s) <= self.bar_s


def rows(folder: Path) -> list[Row]:
    """Compare miler with every answer in the folder."""
    with (folder / "truth" / "EXPECTED.csv").open(encoding="utf-8", newline="") as table:
        expected = list(csv.DictReader(table))
    found = [row for line in expected for row in _compare(folder / "truth", line)]
    return [*found, *_halves(folder / "truth"), _original(folder)]


def _compare(truth: Path, line: dict[str, str]) -> Iterator[Row]:
    file, effort, metres = line["truth_file"], line["effort"], float(line["metres"])
    odometer = _odometer(truth / file)
    if effort.startswith("split_"):
        crossed = odometer.arrival(np.array([metres]))
        yield Row(file, effort.partition(" (")[0], _exact(line), float(crossed[0]), WINDOW_S)
        return
    yield Row(file, effort, _exact(line), _fastest_s(odometer, metres), WINDOW_S)
    _, said, garmin = line["second_official_value"].partition("Garmin Connect fastestSplit: ")
    if said:
        length_m = _GARMIN_MILE_M if metres == MILE_M else metres
        yield Row(file, f"{effort} by Garmin", float(garmin), _fastest_s(odometer, length_m), GARMIN_S)


def _exact(line: dict[str, str]) -> float:
    return float(line["reference_interpolated_s"])


def _fastest_s(odometer: Odometer, length_m: float) -> float:
    effort = fastest(odometer, length_m)
    return float("nan") if effort is None else effort.elapsed_s


def _halves(truth: Path) -> Iterator[Row]:
    odometer = _odometer(truth / _NEGATIVE_SPLIT)
    # The other program cut at the first record beyond half the distance counted from zero.
    middle = np.searchsorted(odometer.marks, odometer.marks[-1] / 2)
    halves = (odometer.arrives[middle] - odometer.arrives[0], odometer.departs[-1] - odometer.arrives[middle])
    for name, expected_s, ours_s in zip(("first half", "second half"), _HALVES_S, halves, strict=True):
        yield Row(_NEGATIVE_SPLIT, name, expected_s, float(ours_s), WHOLE_SECONDS_S)


def _original(folder: Path) -> Row:
    (activity,) = decode((folder / _ORIGINAL).read_bytes())
    return Row(_ORIGINAL, "1 mile", _ORIGINAL_MILE_S, _fastest_s(measure(activity), MILE_M), WHOLE_SECONDS_S)


@cache
def _odometer(path: Path) -> Odometer:
    return measure(recorded(path))


def recorded(path: Path) -> Activity:
    """Return the activity that a stream of the truth files holds, written as a watch would have, and read."""
    if path.parent.name.startswith("nike"):
        data = write_tcx(_nike(_json(path)))  # milliseconds, which FIT's records have not
    elif path.parent.name == "fit-negative-split":
        data = write_fit(_records(_json(path)["records"]))
    else:
        data = write_fit(_strava(_json(path.with_name(path.name.replace("activity", "streams")))))
    (activity,) = decode(data)
    return activity


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _strava(streams: Any) -> Recording:
    """Strava's streams: a list with types, or a mapping."""
    listed = streams if isinstance(streams, list) else [{"type": k, **v} for k, v in streams.items()]
    columns = {stream["type"]: stream["data"] for stream in listed}
    place = np.array(columns["latlng"], dtype=float)
    return Recording(
        start_time=datetime(2026, 1, 1, tzinfo=UTC),
        time_s=np.array(columns["time"], dtype=float),
        latitude_deg=place[:, 0],
        longitude_deg=place[:, 1],
        distance_m=np.array(columns["distance"], dtype=float),
    )


def _nike(run: Any) -> Recording:
    """Nike's export: metres of each interval, and halts. The watch counts from 0 m at the start."""
    begin_ms = run["start_epoch_ms"]
    intervals = next(m["values"] for m in run["metrics"] if m["type"] == "distance")
    times_s, metres, reached_m = [0.0], [0.0], 0.0
    for interval in intervals:
        start_s, end_s = ((interval[f"{end}_epoch_ms"] - begin_ms) / 1000 for end in ("start", "end"))
        if (
            start_s > times_s[-1] + 0.0015
        ):  # the next interval begins in the same millisecond or the one after
            times_s.append(start_s)
            metres.append(reached_m)
        reached_m += 1000 * interval["value"]
        times_s.append(end_s)
        metres.append(reached_m)
    return Recording(
        start_time=datetime(2026, 1, 1, tzinfo=UTC),
        time_s=np.array(times_s),
        distance_m=np.array(metres),
        pauses=_halts(run["moments"], begin_ms),
    )


def _halts(moments: Iterable[dict[str, Any]], begin_ms: int) -> list[Span]:
    halts: list[Span] = []
    stopped_s: float | None = None
    for moment in sorted((m for m in moments if m["key"] == "halt"), key=lambda m: int(m["timestamp"])):
        at_s = (moment["timestamp"] - begin_ms) / 1000
        if moment["value"].endswith("pause"):
            stopped_s = at_s
        elif stopped_s is not None:
            halts.append(Span(stopped_s, at_s))
            stopped_s = None
    return halts


def _records(records: list[dict[str, Any]]) -> Recording:
    """FIT records as another decoder gave them out: seconds, and miles."""
    return Recording(
        start_time=datetime(2026, 1, 1, tzinfo=UTC),
        time_s=np.array([r["elapsed_time"] for r in records], dtype=float),
        distance_m=np.array([r["distance"] for r in records], dtype=float) * MILE_M,
    )


def table(found: Iterable[Row]) -> str:
    """Return the rows as text, one line each."""
    head = f"{'file':56} {'effort':22} {'expected':>9} {'ours':>9} {'diff':>7} {'bar':>5}"
    lines = (
        f"{row.file[-56:]:56} {row.effort:22} {row.expected_s:9.2f} {row.ours_s:9.2f} "
        f"{row.difference_s:+7.3f} {row.bar_s:5.2f} {'ok' if row.ok else 'NO'}"
        for row in found
    )
    return "\n".join([head, *lines])


if __name__ == "__main__":
    print(table(rows(Path(sys.argv[1]) if len(sys.argv) > 1 else CORPUS)))
