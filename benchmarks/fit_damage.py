"""How much of a damaged FIT file is recovered: miler, and chiptime beside it.

`python -m benchmarks.fit_damage [--rival] [--files N] [--share X] [--worst]` damages real recordings of 5 to
300 kB in every way of `fit_mutants`, 200 mutants a file, decodes each, and compares with the sound file what
came out: time, distance, position and heart rate of every record. A record counts as recovered if all of
them are the same; of a truncated file those count that were complete. chiptime is asked for the records of
some of the same mutants, and held against its own decoding of the sound file.

Bars, as means over the mutants: truncation 100 % and not one record more; header damage 99 %; a wrong data
size 95 %; flipped bytes 95 %; definitions 80 %; no exception but miler's own, nothing longer than 10 s; no
file that lost every record and was called sound. And of a file of 30 kB, cut at every byte, exactly the
records that a plain walk counts.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.bar import CORPUS, Bar, skipped
from benchmarks.fit_mutants import HEADER, SHARES, Mutant, mutants
from benchmarks.fit_walker import walk
from miler.activity import Activity
from miler.errors import MilerError
from miler.formats import decode

_SIZES = range(5_000, 300_000)
_FILES, _FILES_SHORT = 24, 5
_SHARE_SHORT = 0.1
_RIVAL_SHARE = 0.05
_CUT_SIZE = 30_000
_LONGEST_S = 10.0
_POOR = 0.9
_RECORD = 20
_COLUMNS = ("distance", "latitude", "longitude", "heart_rate")
_GOALS = (
    ("truncated", 1.0, ("truncate",)),
    ("a damaged header", 0.99, HEADER),
    ("a wrong data size", 0.95, ("size_zero", "size_huge", "size_random")),
    ("flipped bytes", 0.95, ("flip",)),
    ("a damaged definition", 0.80, ("definition",)),
)


class Decoded(NamedTuple):
    """What a decoder made of a file: what tells each record apart, and whether it called the file sound."""

    records: list[Hashable]
    sound: bool


Decoder = Callable[[bytes], Decoded]


@dataclass
class Tally:
    """What became of the mutants of one kind, over all files.

    Attributes:
        shares: of each mutant, which share of its records was recovered.
        extra: of each, how many records came out that are not in the sound file.
        escaped: exceptions that are not the decoder's own.
        slow: mutants that took longer than 10 s.
        silent: mutants that lost records and were called sound.
        emptied: of those, the ones that lost all.
    """

    shares: list[float] = field(default_factory=list)
    extra: list[int] = field(default_factory=list)
    escaped: list[str] = field(default_factory=list)
    slow: int = 0
    silent: int = 0
    emptied: int = 0

    @property
    def share(self) -> float:
        """Mean share recovered."""
        return float(np.mean(self.shares)) if self.shares else math.nan

    def add(self, mutant: Mutant, expected: list[Hashable], decoder: Decoder) -> None:
        """Decode one mutant, and count."""
        start = time.perf_counter()
        found = Decoded([], False)
        try:
            found = decoder(mutant.data)
        except MilerError:
            pass
        except Exception as error:  # finding these is what this is for
            self.escaped.append(f"{type(error).__name__}: {error}")
        self.slow += time.perf_counter() - start > _LONGEST_S
        same = (Counter(found.records) & Counter(expected)).total()
        self.shares.append(same / len(expected) if expected else 1.0)
        self.extra.append(len(found.records) - same)
        self.silent += found.sound and same < len(expected)
        self.emptied += found.sound and not same and bool(expected)


def by_miler(data: bytes) -> Decoded:
    """Return the records of every activity."""
    activities = decode(data)
    sound = not any(note.kind == "damage" for activity in activities for note in activity.notes)
    return Decoded([record for activity in activities for record in _records(activity)], sound)


def _records(activity: Activity) -> list[Hashable]:
    start = activity.start_time.timestamp() if activity.start_time else 0.0
    columns = [np.round(activity.elapsed + start, 3), *(np.round(activity.get(c), 7) for c in _COLUMNS)]
    rows = np.ascontiguousarray(np.stack(columns, axis=1) + 0.0)
    rows[np.isnan(rows)] = np.nan  # one NaN of many, for the bytes are compared
    records: list[Hashable] = rows.view(f"V{rows.itemsize * rows.shape[1]}").ravel().tolist()
    return records


def by_chiptime(data: bytes) -> Decoded:
    """Return the records that chiptime finds, in FIT's own units."""
    chiptime: Any = importlib.import_module("chiptime")
    names = ("timestamp", "distance", "position_lat", "position_long", "heart_rate")
    records = [m for m in chiptime.parse(data).messages if m.name == "record"]
    return Decoded([tuple(_plain(m.get_raw(name)) for name in names) for m in records], sound=False)


def _plain(value: Any) -> Hashable:
    """A damaged definition can make an array of a field, which chiptime returns as a list."""
    return tuple(value) if isinstance(value, list) else value


def tally(files: list[Path], decoder: Decoder, share: float = 1.0, worst: bool = False) -> dict[str, Tally]:
    """Damage each file, decode what is left, and count."""
    kinds: defaultdict[str, Tally] = defaultdict(Tally)
    for path in files:
        sound = path.read_bytes()
        whole = decoder(sound).records
        ends = _record_ends(sound)
        for i, mutant in enumerate(mutants(sound, path.name, share)):
            expected = whole[: sum(end <= mutant.kept for end in ends)] * (1 + (mutant.kind == "chained"))
            kinds[mutant.kind].add(mutant, expected, decoder)
            if worst and kinds[mutant.kind].shares[-1] < _POOR:
                print(f"{mutant.kind:<14} {i:>3} {kinds[mutant.kind].shares[-1]:7.3f} {path.name}")
    return dict(kinds)


def _record_ends(data: bytes) -> list[int]:
    return [found.end for found in walk(data) if found.message == _RECORD and not found.defines]


def wrong_cuts(path: Path, step: int = 1) -> tuple[int, int]:
    """Cut a file at every byte; return how often not exactly the whole records came out, of how often."""
    data = path.read_bytes()
    whole, ends = by_miler(data).records, _record_ends(data)
    wrong = 0
    cuts = range(0, len(data), step)
    for cut in cuts:
        try:
            found = by_miler(data[:cut]).records
        except MilerError:
            found = []
        wrong += found != whole[: sum(end <= cut for end in ends)]
    return wrong, len(cuts)


def suitable(path: Path) -> bool:
    """Whether a corpus file is a sound recording whose records are all kept as they are."""
    data = path.read_bytes()
    if len(data) not in _SIZES:
        return False
    try:
        activities = decode(data)
    except MilerError:
        return False
    if len(activities) > 1 or _altered(activities[0]):
        return False
    return len(activities[0]) == len(_record_ends(data)) > 20


def _altered(activity: Activity) -> bool:
    codes = {note.code for note in activity.notes}
    return any(note.kind == "damage" for note in activity.notes) or bool(
        codes & {"strap_heart_rate", "time_backwards"}
    )


def chosen(count: int) -> list[Path]:
    """Choose files of every size, among them every maker's."""
    files = sorted(
        (p for p in CORPUS.glob("fit/*.fit") if suitable(p)), key=lambda p: (p.stat().st_size, p.name)
    )
    makers: dict[str, Path] = {}
    for path in files:
        makers.setdefault(path.name.split("-")[0], path)
    others = [path for path in files if path not in makers.values()]
    wanted = max(0, count - len(makers))
    spread = [others[i * len(others) // wanted] for i in range(min(wanted, len(others)))]
    return [*makers.values(), *spread][:count]


def bars(short: bool) -> Iterator[Bar]:
    """Measure the bars of this module over the corpus; see `benchmarks.bars`."""
    files = chosen(_FILES_SHORT if short else _FILES) if CORPUS.is_dir() else []
    if not files:
        yield skipped("FIT damaged", "records recovered", "no corpus here")
        return
    kinds = tally(files, by_miler, _SHARE_SHORT if short else 1.0)
    for name, goal, names in _GOALS:
        shares = [share for kind in names for share in kinds[kind].shares]
        figure = f"{np.mean(shares):.2%} of the records, {len(shares)} mutants of {len(files)} files"
        yield Bar(f"FIT, {name}: read as before", figure, f"{goal:.0%}", bool(np.mean(shares) >= goal))
    extra = sum(kinds["truncate"].extra)
    yield Bar("FIT, truncated: records that never were", f"{extra}", "0", extra == 0)
    escaped = sum(len(kind.escaped) + kind.slow for kind in kinds.values())
    yield Bar("FIT, damaged: foreign exceptions and hangs", f"{escaped}", "0", escaped == 0)
    emptied = sum(kind.emptied for kind in kinds.values())
    yield Bar("FIT, damaged: lost all and called sound", f"{emptied}", "0", emptied == 0)
    path = min(chosen(1000), key=lambda path: abs(path.stat().st_size - _CUT_SIZE))
    wrong, cuts = wrong_cuts(path, 97 if short else 1)
    kb = path.stat().st_size / 1000
    yield Bar(
        f"FIT of {kb:.0f} kB cut at every byte: not what it holds", f"{wrong} of {cuts}", "0", not wrong
    )


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rival", action="store_true", help="chiptime as well: minutes")
    parser.add_argument("--worst", action="store_true", help="name every mutant that lost a tenth")
    parser.add_argument("--files", type=int, default=_FILES)
    parser.add_argument("--share", type=float, default=1.0, help="of 200 mutants a file")
    options = parser.parse_args()
    files = chosen(options.files)
    columns = {"miler": tally(files, by_miler, options.share, options.worst)}
    if options.rival:
        if importlib.util.find_spec("chiptime") is None:
            parser.error("chiptime is not installed")
        columns["miler, the same"] = tally(files, by_miler, _RIVAL_SHARE)
        columns["chiptime"] = tally(files, by_chiptime, _RIVAL_SHARE)
    print(f"{len(files)} files; records recovered, mean (records that never were; foreign exceptions; hangs)")
    for kind in SHARES:
        cells = [
            f"{name} {t.share:7.2%} ({sum(t.extra)}; {len(t.escaped)}; {t.slow}) of {len(t.shares)}"
            for name, kinds in columns.items()
            for t in (kinds[kind],)
        ]
        silent = columns["miler"][kind]
        print(f"{kind:<15} {'   '.join(cells)}   silent {silent.silent}, all lost {silent.emptied}")
    for name, kinds in columns.items():
        for error, count in Counter(e for t in kinds.values() for e in t.escaped).most_common(10):
            print(f"{name}: {count} × {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
