"""Whether miler reads FIT as python-fitparse and fitdecode do: every record and lap of a folder of files.

`python -m benchmarks.oracles FOLDER_OR_FILE...` prints one line a file and what differs. Compared are the
tables as they lie in the file, before records are put in order and merged; the last columns say what
became of them in the activity. Where python-fitparse refuses a file, fitdecode is asked, which reads on
over some damage; for a header without a size, both are shown the size that it should have.
"""

from __future__ import annotations

import math
import sys
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fitdecode
import numpy as np
from fitparse.base import FitFileDecoder
from fitparse.utils import FitParseError

from benchmarks.bar import CORPUS, Bar, skipped
from miler.arrays import FloatArray
from miler.errors import DecodeError
from miler.formats import decode
from miler.formats.fit.contents import Contents
from miler.formats.fit.parts import parts

_EPOCH_S, _FIRST_DATE = 631_065_600, 0x1000_0000
# Notes of damage after which miler went on.
_WENT_ON = {"fit_undecodable", "fit_repaired"}
_DEGREES = 180 / 2**31
_ON_FOOT = ("running", "walking", "hiking")

# What is compared: name -> fields of the record message, best first.
_RECORD_FIELDS = {
    "timestamp": ("timestamp",),
    "latitude": ("position_lat",),
    "longitude": ("position_long",),
    "distance": ("distance",),
    "speed": ("enhanced_speed", "speed"),
    "altitude": ("enhanced_altitude", "altitude"),
    "heart_rate": ("heart_rate",),
    "cadence": ("cadence",),
    "fractional_cadence": ("fractional_cadence",),
}
_LAP_FIELDS = ("timestamp", "start_time", "total_elapsed_time", "total_timer_time", "total_distance")
_TIMES = ("timestamp", "start_time")

_Values = dict[str, float]


@dataclass(frozen=True, eq=False)
class Decoded:
    """What one decoder found in a file, in its order: names to columns, SI units, NaN for missing."""

    records: dict[str, FloatArray]
    laps: dict[str, FloatArray]


@dataclass(frozen=True)
class Row:
    """One file compared.

    Attributes:
        oracle: who was asked: "fitparse", "fitdecode" (which may have stopped early), or "none".
        differing: what is not the same -> in how many records or laps; counts of messages by their own name.
        moments: how many different times the records have; records of one time are merged.
        activities: how many came out; `kept` records they hold in all, with the notes that say why fewer.
        refused: miler's own refusal, its code or the kind of the file.
    """

    file: str
    oracle: str
    records: int
    laps: int
    differing: dict[str, int]
    moments: int
    activities: int
    kept: int
    notes: tuple[str, ...]
    refused: str

    @property
    def agrees(self) -> bool:
        """Whether nothing differs, but for one record at damage where fitdecode gave up, and what follows."""
        if self.oracle != "fitdecode" or not _WENT_ON & {*self.notes}:
            return not self.differing
        return all(
            count > 0 if name in ("records", "laps") else count == 1 for name, count in self.differing.items()
        )


def compare(path: Path) -> Row:
    """Decode one file with miler and with an oracle, and count what differs."""
    data = path.read_bytes()
    oracle, theirs = _ask_an_oracle(data)
    ours = by_miler(data)
    try:
        activities, refused = decode(data), ""
    except DecodeError as error:
        activities, refused = [], str(getattr(error, "kind", error.code))
    return Row(
        file=path.name,
        oracle=oracle,
        records=len(ours.records["timestamp"]),
        laps=len(ours.laps["timestamp"]),
        differing={} if theirs is None else differences(ours, theirs),
        moments=len(np.unique(ours.records["timestamp"][np.isfinite(ours.records["timestamp"])])),
        activities=len(activities),
        kept=sum(len(activity) for activity in activities),
        notes=tuple(note.code for activity in activities for note in activity.notes),
        refused=refused,
    )


def differences(ours: Decoded, theirs: Decoded) -> dict[str, int]:
    """Count the records and laps in which two decoders do not agree, NaN being equal to NaN."""
    counted: dict[str, int] = {}
    for kind, mine, other in (
        ("records", ours.records, theirs.records),
        ("laps", ours.laps, theirs.laps),
    ):
        n, m = len(mine["timestamp"]), len(other["timestamp"])
        if n != m:
            counted[kind] = n - m
        for name in mine:
            a, b = mine[name][: min(n, m)], other[name][: min(n, m)]
            wrong = ~np.isclose(a, b, rtol=1e-12, atol=1e-9, equal_nan=True)
            if wrong.any():
                counted[name if kind == "records" else f"lap {name}"] = int(wrong.sum())
    return counted


def by_miler(data: bytes) -> Decoded:
    """Return the raw tables of every part of a file, activity or not."""
    records: defaultdict[str, list[FloatArray]] = defaultdict(list)
    laps: defaultdict[str, list[FloatArray]] = defaultdict(list)
    for part in parts(data):
        contents = Contents(part)
        raw, streams = contents.raw(), contents.native_streams()
        missing = np.full(len(raw.times), np.nan)
        records["timestamp"].append(raw.times)
        for name in [*_RECORD_FIELDS][1:-1]:
            records[name].append(streams.get(name, missing))
        told = contents.messages.numbers("lap", *_LAP_FIELDS)
        for name in _LAP_FIELDS:
            laps[name].append(np.array([lap.get(name, math.nan) for lap in told]))
    names = [*_RECORD_FIELDS][:-1]
    return Decoded(
        {name: np.concatenate(records[name] or [np.empty(0)]) for name in names},
        {name: np.concatenate(laps[name] or [np.empty(0)]) for name in _LAP_FIELDS},
    )


def by_fitparse(data: bytes) -> Decoded:
    """Return what python-fitparse reads; its errors are passed on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _collect(FitFileDecoder(data).get_messages())


def by_fitdecode(data: bytes) -> Decoded:
    """Return what fitdecode reads, or had read when it gave up."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _collect(_fitdecode_messages(data))


def _fitdecode_messages(data: bytes) -> Iterator[Any]:
    reader = fitdecode.FitReader(
        data,
        processor=None,
        check_crc=fitdecode.CrcCheck.DISABLED,
        error_handling=fitdecode.ErrorHandling.IGNORE,
    )
    try:
        for frame in reader:
            if frame.frame_type == fitdecode.FIT_FRAME_DATA:
                yield frame
    except (fitdecode.FitError, AssertionError, ValueError):  # its own checks speak up at damage as well
        return


def _ask_an_oracle(data: bytes) -> tuple[str, Decoded | None]:
    try:
        return "fitparse", by_fitparse(data)
    except FitParseError:
        found = by_fitdecode(_with_size(data))
        return ("fitdecode", found) if len(found.records["timestamp"]) else ("none", None)


def _with_size(data: bytes) -> bytes:
    """Fill in the size of the data where the header of a lone part says 0."""
    size = len(data) - data[0] - 2
    return data if any(data[4:8]) else data[:4] + size.to_bytes(4, "little") + data[8:]


def _collect(messages: Iterable[Any]) -> Decoded:
    """Make columns of the messages of either library: both name their fields alike."""
    records: list[_Values] = []
    laps: list[_Values] = []
    sessions: list[tuple[float, str]] = []
    said: list[str] = []
    for message in messages:
        if message.name == "record":
            records.append({name: _number(message, *fields) for name, fields in _RECORD_FIELDS.items()})
        elif message.name == "lap":
            laps.append({name: _number(message, name) for name in _LAP_FIELDS})
        elif message.name == "session":
            sessions.append((_number(message, "start_time"), _sport(message)))
        if message.name == "sport":
            said.append(_sport(message))
    columns = {name: np.array([r[name] for r in records], np.float64) for name in _RECORD_FIELDS}
    columns["latitude"] *= _DEGREES
    columns["longitude"] *= _DEGREES
    fraction = columns.pop("fractional_cadence")
    sports = sorted(sessions) or [(-math.inf, sport) for sport in said[:1]]
    legs = [_legs(time, sports) for time in columns["timestamp"]]
    columns["cadence"] = (columns["cadence"] + np.nan_to_num(fraction)) * np.array(legs, np.float64)
    lap_columns = {name: np.array([lap[name] for lap in laps], np.float64) for name in _LAP_FIELDS}
    columns["timestamp"] = _unix(columns["timestamp"])
    for name in _TIMES:
        lap_columns[name] = _unix(lap_columns[name])
    return Decoded(columns, lap_columns)


def _sport(message: Any) -> str:
    return next((str(field.value) for field in message.fields if field.name == "sport"), "unknown")


def _legs(time: float, sports: list[tuple[float, str]]) -> int:
    """Return 2 where the session begun last is on foot: FIT counts the steps of one leg."""
    sport = next((s for start, s in reversed(sports) if start <= time), sports[0][1] if sports else "")
    return 2 if sport in _ON_FOOT else 1


def _number(message: Any, *names: str) -> float:
    """Return the first of the fields that has a value: as written, else as expanded from another field."""
    for name in names:
        named = [f for f in message.fields if f.name == name]
        for field in sorted(named, key=lambda f: f.field_def is None):
            value = field.value[0] if isinstance(field.value, tuple) else field.value
            if isinstance(value, int | float):
                return float(value)
    return float("nan")


def _unix(fit_s: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore"):
        return np.where(fit_s >= _FIRST_DATE, fit_s + _EPOCH_S, fit_s)


def _files(paths: Sequence[str]) -> list[Path]:
    found = [
        file
        for path in map(Path, paths)
        for file in (sorted(path.rglob("*.fit")) if path.is_dir() else [path])
    ]
    return sorted(found, key=lambda file: (file.name, file))


def bars(short: bool) -> Iterator[Bar]:
    """Measure the bar of this module over the corpus; see `benchmarks.bars`."""
    name, goal = "FIT records and laps as python-fitparse and fitdecode read them", "every file"
    files = _files([str(CORPUS)]) if CORPUS.is_dir() else []
    if not files or short:
        yield skipped(name, goal, "takes a minute" if files else "no corpus here")
        return
    rows = [compare(file) for file in files]
    asked = [row for row in rows if row.oracle != "none"]
    equal = sum(row.agrees for row in asked)
    yield Bar(name, f"{equal} of {len(asked)} files", goal, equal == len(asked))


def main(paths: Sequence[str], say: Callable[[str], None] = print) -> int:
    """Print a line for each file; the exit code says whether any record or lap differs."""
    rows = [compare(path) for path in _files(paths)]
    say(f"{'file':<75} {'oracle':<10} {'records':>7} {'laps':>4} {'kept':>6}  notes and differences")
    for row in rows:
        said = [row.refused and f"refused: {row.refused}", *row.notes]
        said += [f"≠ {name} × {count}" for name, count in row.differing.items()]
        words = ", ".join(word for word in said if word)
        say(f"{row.file[-75:]:<75} {row.oracle:<10} {row.records:>7} {row.laps:>4} {row.kept:>6}  {words}")
    unequal = sum(not row.agrees for row in rows)
    say(f"{len(rows)} files, {unequal} with differences")
    return int(unequal > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
