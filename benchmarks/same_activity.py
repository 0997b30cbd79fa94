"""Whether one recording gives one time, whatever format it was exported to.

`python -m benchmarks.same_activity FOLDER` prints one line a file: its fastest mile and by how much that
differs from the group's first file with the device's own distance. FOLDER holds activity files and
`PROVENANCE.csv`, whose notes say which files are of the same activity ("same-activity group S01").

Bar: 0.5 s between files that carry the device's distance. Where an export holds positions only, its
distance is another one, so the difference is shown and has no bar: it is what smoothing (footpods and
filters in the watch) does to a mile, from -23 to +4 s here. Two recorders of one run are not meant at all.
"""

from __future__ import annotations

import csv
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bar import CORPUS
from miler.crediting import measure
from miler.effort import fastest
from miler.errors import DecodeError
from miler.formats import decode
from miler.odometer import Odometer
from miler.settings import Settings
from miler.units import MILE_M, length_name

FORMATS_S = 0.5
LEFT_OUT = {
    "S01": "two recorders: two apps on one phone, 78 m apart over 2.1 km",
    "S02": "two recorders: a watch and a bicycle computer",
    "S09": "two recorders: a fenix 3 and an FR735XT",
    "S21": "two people on one road, started a second apart: see `ASKED` in benchmarks/duplicates.py",
    "S26": "a session of 317 m that its FIT file does not call a run; the GPX file has positions only",
}
_SHORT_M = 100.0  # for groups shorter than a mile
# Every sport: the question here is the format, not the run.
_SETTINGS = Settings(sports=("running", "unknown", "cycling", "multisport", "swimming", "transition"))
_GROUP = re.compile(r"same-activity group (S\d+)")


@dataclass(frozen=True)
class Row:
    """One export: its fastest `effort` beside that of the group's reference file."""

    group: str
    file: str
    effort: str
    source: str
    expected_s: float
    ours_s: float
    bar_s: float | None

    @property
    def difference_s(self) -> float:
        """Seconds by which this export is longer."""
        return self.ours_s - self.expected_s

    @property
    def ok(self) -> bool:
        """Whether the difference is within the bar, if there is one."""
        return self.bar_s is None or abs(self.difference_s) <= self.bar_s


def rows(folder: Path) -> list[Row]:
    """Compare the exports of every group that one recorder made."""
    return [
        row
        for name, files in groups(folder).items()
        if name not in LEFT_OUT
        for row in _group(name, files, folder)
    ]


def groups(folder: Path) -> dict[str, list[str]]:
    """Return the files of each group, FIT before GPX before TCX."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    with (folder / "PROVENANCE.csv").open(encoding="utf-8", newline="") as table:
        for line in csv.DictReader(table):
            if match := _GROUP.search(line["notes"]):
                found[match[1]].append(line["file"])
    return dict(sorted(found.items()))


def _group(name: str, files: list[str], folder: Path) -> Iterator[Row]:
    odometers = {file: odometer for file in files if (odometer := _odometer(folder / file)) is not None}
    reference = next(o for o in odometers.values() if o.source == "device")
    length_m = MILE_M if reference.total_m > MILE_M else _SHORT_M
    expected_s = _fastest_s(reference, length_m)
    for file, odometer in odometers.items():
        bar_s = FORMATS_S if odometer.source == "device" else None
        ours_s = _fastest_s(odometer, length_m)
        yield Row(name, file, length_name(length_m), odometer.source, expected_s, ours_s, bar_s)


def _odometer(path: Path) -> Odometer | None:
    """The file's odometer; None for one that holds no activity."""
    try:
        activities = decode(path.read_bytes())
    except DecodeError:
        return None
    return measure(activities[0], _SETTINGS)


def _fastest_s(odometer: Odometer, length_m: float) -> float:
    effort = fastest(odometer, length_m)
    return float("nan") if effort is None else effort.elapsed_s


def table(found: Iterable[Row]) -> str:
    """Return the rows as text, one line each, then why the other groups are left out."""
    head = f"{'':3} {'file':64} {'effort':7} {'from':6} {'time':>8} {'diff':>7} {'bar':>4}"
    lines = (
        f"{row.group} {row.file[-64:]:64} {row.effort:7} {row.source:6} {row.ours_s:8.2f} "
        f"{row.difference_s:+7.2f} {'' if row.bar_s is None else row.bar_s:>4} {'ok' if row.ok else 'NO'}"
        for row in found
    )
    return "\n".join([head, *lines, "", *(f"{name} left out: {why}" for name, why in LEFT_OUT.items())])


if __name__ == "__main__":
    print(table(rows(Path(sys.argv[1]) if len(sys.argv) > 1 else CORPUS)))
