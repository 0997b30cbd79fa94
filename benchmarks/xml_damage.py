"""What is left of GPX and TCX files that were damaged on the way.

`python -m benchmarks.xml_damage [--json] [--short]` damages real files of the corpus, seeded, and counts the
points whose own bytes were not touched and that are read with every value as before. Three kinds of damage:

- a byte flipped: one byte, anywhere, becomes another;
- a tag broken: one tag loses a character, is lost, comes twice, or has a raw `<` or `&` put before it;
- cut off: the file ends at any byte; exactly the complete points must be read.

Points are compared by their time, through the public `decode`: what a damaged neighbour does to the whole
recording (its order, its start, a sensor dropped) counts against miler.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.bar import CORPUS, Bar, skipped
from miler.activity import STREAMS, Activity
from miler.errors import MilerError
from miler.formats import decode

_SEED = 1954
_FILES, _MUTANTS = 12, 200
_SIZES = (10_000, 1_200_000)
_CUT_SIZE = 30_000
_GOALS = {"a byte flipped": 0.95, "a tag broken": 0.95, "cut off": 1.0}
_POINT = {
    "gpx": re.compile(rb"<trkpt\b[^>]*>.*?</trkpt>", re.DOTALL),
    "tcx": re.compile(rb"<Trackpoint\b[^>]*>.*?</Trackpoint>", re.DOTALL),
}
_TAG = re.compile(rb"<[^<>]*>")

Record = tuple[float | None, ...]
Edit = tuple[int, int, bytes]  # from where to where bytes are replaced, and by what


@dataclass(frozen=True)
class Tally:
    """What one kind of damage did to the files of one format.

    `excess` counts points that are not in the sound file, `undocumented` exceptions that are not miler's.
    """

    format: str
    damage: str
    files: int
    mutants: int
    untouched: int
    recovered: int
    excess: int
    undocumented: int

    @property
    def share(self) -> float:
        """Share of the untouched points that were read as before."""
        return self.recovered / self.untouched if self.untouched else 1.0


@dataclass(frozen=True)
class _Subject:
    """A sound file, and the bytes and the record of each of its points."""

    data: bytes
    spans: list[tuple[int, int]]
    records: list[Record]


def flipped(data: bytes, rng: random.Random) -> Edit:
    """Return the edit that makes one byte another."""
    at = rng.randrange(len(data))
    return at, at + 1, bytes([data[at] ^ rng.randrange(1, 256)])


def tag_broken(data: bytes, rng: random.Random) -> Edit:
    """Return the edit that makes a tag something like it."""
    begin, end = rng.choice([match.span() for match in _TAG.finditer(data)])
    tag = data[begin:end]
    lost = rng.randrange(len(tag))
    return begin, end, rng.choice((tag[:lost] + tag[lost + 1 :], b"", tag + tag, b"<" + tag, b"&" + tag))


def rows(short: bool = False) -> list[Tally]:
    """Measure every kind of damage on both formats; empty without a corpus."""
    tallies = []
    for format in ("gpx", "tcx"):
        subjects = [s for path in sorted(CORPUS.glob(f"{format}/*")) if (s := _subject(path, format))]
        if subjects:
            edits = {
                name: [
                    _edits(subject, damage, _MUTANTS // 20 if short else _MUTANTS // 2)
                    for subject in subjects
                ]
                for name, damage in (("a byte flipped", flipped), ("a tag broken", tag_broken))
            }
            tallies += [_tally(format, name, subjects[:_FILES], edits[name]) for name in edits]
            tallies.append(_tally(format, "cut off", *_cuts(subjects, 97 if short else 1)))
    return tallies


def _subject(path: Path, format: str) -> _Subject | None:
    """Return a file of a middling size if it is sound, in order, and has one record for each point."""
    data = path.read_bytes()
    data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    if not _SIZES[0] <= len(data) <= _SIZES[1]:
        return None
    try:
        activities = decode(data, strict=True)
    except MilerError:
        return None
    if any(note.code in ("time_backwards", "time_repeated") for a in activities for note in a.notes):
        return None
    spans = [match.span() for match in _POINT[format].finditer(data)]
    records = _records(activities)
    return _Subject(data, spans, records) if len(spans) == len(records) == len(set(records)) else None


def _records(activities: list[Activity]) -> list[Record]:
    """Return the time and all values of each record, None for missing."""
    records: list[Record] = []
    for activity in activities:
        start_s = activity.start_time.timestamp() if activity.start_time else 0.0
        columns = [np.round(activity.elapsed + start_s, 3), *(activity.get(name) for name in STREAMS)]
        records += zip(*([None if x != x else x for x in c.tolist()] for c in columns), strict=True)
    return records


def _edits(subject: _Subject, damage: Callable[[bytes, random.Random], Edit], count: int) -> list[Edit]:
    rng = random.Random(_SEED)
    return [damage(subject.data, rng) for _ in range(count)]


def _cuts(subjects: list[_Subject], step: int) -> tuple[list[_Subject], list[list[Edit]]]:
    """Return the file nearest to 30 kB, and the edits that cut it off at every byte, or at some."""
    subject = min(subjects, key=lambda s: abs(len(s.data) - _CUT_SIZE))
    size = len(subject.data)
    return [subject], [[(at, size, b"") for at in range(0, size, step)]]


def _tally(format: str, damage: str, subjects: list[_Subject], edits: list[list[Edit]]) -> Tally:
    untouched = recovered = excess = undocumented = mutants = 0
    for subject, edits_of_it in zip(subjects, edits, strict=False):
        for begin, end, put in edits_of_it:
            kept = {
                record
                for (lo, hi), record in zip(subject.spans, subject.records, strict=True)
                if hi <= begin or lo >= end
            }
            mutants += 1
            try:
                read = set(_records(decode(subject.data[:begin] + put + subject.data[end:])))
            except MilerError:
                read = set()
            except Exception as bug:  # the bar is that there is none
                print(f"{type(bug).__name__}: {bug} ({damage} at {begin})", file=sys.stderr)
                undocumented, read = undocumented + 1, set()
            untouched += len(kept)
            recovered += len(kept & read)
            excess += len(read - kept) if damage == "cut off" else 0
    return Tally(format, damage, len(subjects), mutants, untouched, recovered, excess, undocumented)


def bars(short: bool) -> Iterator[Bar]:
    """Yield one bar for each kind of damage and format, and one for exceptions."""
    tallies = rows(short)
    if not tallies:
        yield skipped("GPX and TCX damaged", "points recovered", "needs the corpus")
        return
    for tally in tallies:
        goal = _GOALS[tally.damage]
        figure = f"{tally.share:.2%} of {tally.untouched} points, {tally.mutants} mutants"
        met = tally.share >= goal and not tally.excess
        yield Bar(f"{tally.format.upper()}, {tally.damage}: read as before", figure, f"{goal:.1%}", met)
    bugs = sum(tally.undocumented for tally in tallies)
    mutants = sum(tally.mutants for tally in tallies)
    yield Bar("GPX and TCX damaged: undocumented exceptions", f"{bugs} of {mutants} mutants", "0", not bugs)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--short", action="store_true", help="a tenth of the mutants")
    options = parser.parse_args()
    tallies = rows(options.short)
    if options.json:
        print(json.dumps([asdict(tally) | {"share": tally.share} for tally in tallies], indent=2))
        return 0
    for tally in tallies:
        print(
            f"{tally.format}  {tally.damage:<15} {tally.files:3} files {tally.mutants:6} mutants  "
            f"{tally.recovered} of {tally.untouched} untouched points = {tally.share:.4%}, "
            f"{tally.excess} too many, {tally.undocumented} undocumented exceptions"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
