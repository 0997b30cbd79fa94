"""Is the same run from several files one activity? `python -m benchmarks.duplicates [--looked-at]`.

The corpus is imported whole, and every merge is a row of a table with its evidence: each was looked at.
Bars: the marked groups are one activity each; nothing else was merged but what was looked at and is right;
simulated copies are merged, simulated near-misses and doubts are not; the look-up of those that may be the
same run costs under a millisecond in a library of 100,000 activities.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.bar import CORPUS, Bar, skipped
from benchmarks.same_activity import groups
from devtools.doubles import COPIES, DOUBTS, NEAR_MISSES, Scene
from miler.analysis import analyse
from miler.files import Found, find
from miler.formats import decode
from miler.library import Library, moment
from miler.library.doubles import Double
from miler.library.entry import Entry, entry_of
from miler.library.fingerprint import fingerprint
from miler.library.merging import around
from miler.library.sameness import compare
from miler.library.writing import Visit
from miler.outcome import process
from miler.settings import Settings

LOOK_UP_S = 0.001
ACTIVITIES = 100_000
# Marked groups that are two people by their plots: listed, and left to the runner. In S21 each walks at
# minutes of his own (17 and 66; 61) and his heart slows down with him, one falls behind by 140 m along a
# road that
# both keep to within 10 m, and they wait for each other.
ASKED = {"S21": "two people: each walks, and his heart slows, while the other runs"}
# Merges that are not marked in the corpus, by a word of their files, and why they are right.
LOOKED_AT: Mapping[tuple[str, ...], str] = {
    ("dynastream-hrm1",): "one recording of 14 s in nine states of damage",
    ("laufen-landal-park", "12866632127"): "the watch's own file, and as Strava gives it back",
    ("vivosmart-hr",): "one recording, by GPSBabel",
    ("cruiser-track",): "one track with and without speed",
}


@dataclass(frozen=True)
class Imported:
    """What became of a folder: its doubles, and the files of each activity, each with its leader."""

    doubles: tuple[Double, ...]
    activities: frozenset[tuple[str, frozenset[str]]]


def entries(folder: Path) -> list[Entry]:
    """Read every file of a folder."""
    return [entry_of(process(found, Settings())) for found in find([str(folder)])]


def imported(read: list[Entry], library: Path) -> Imported:
    """Put files that were read into a library, in this order."""
    with Library(library) as opened:
        with opened.reading() as connection:
            connection.execute("PRAGMA synchronous = OFF")  # nobody's library
        for entry in read:
            opened.record(entry, Visit(moment()))
        with opened.reading() as connection:
            rows = connection.execute(
                "SELECT s.activity_id, s.sha256 || s.part, NOT EXISTS"
                " (SELECT 1 FROM spares p WHERE p.sha256 = s.sha256 AND p.part = s.part) FROM sources s"
            ).fetchall()
        homes: dict[int, set[str]] = {}
        leaders: dict[int, str] = {}
        for number, part, leads in rows:
            homes.setdefault(number, set()).add(part)
            if leads:
                leaders[number] = part
        activities = frozenset((leaders[number], frozenset(parts)) for number, parts in homes.items())
        return Imported(opened.duplicates(), activities)


def corpus_bars(folder: Path, short: bool) -> Iterator[Bar]:
    """Measure the corpus."""
    read = entries(CORPUS)
    first = imported(read, folder / "first.db")
    merged = [double for double in first.doubles if double.kind == "same"]
    sets = [{_short(source.file) for source in double.sources} for double in merged]
    activities = {_short(entry.name) for entry in read if entry.kind == "done"}
    marked = {name: {Path(f).name for f in files} & activities for name, files in groups(CORPUS).items()}
    marked = {name: files for name, files in marked.items() if len(files) > 1}
    apart = {name for name, files in marked.items() if not any(files <= one for one in sets)}
    asked = [{_short(s.file) for s in double.sources} for double in first.doubles if double.kind == "perhaps"]
    listed = {name for name in apart & set(ASKED) if any(marked[name] == one for one in asked)}
    yield Bar(
        "marked same-activity groups of the corpus are one activity each",
        f"{len(marked) - len(apart)} of {len(marked)}; not merged: {_reasons(apart) or 'none'}",
        "all, but two people, who are asked about",
        apart == listed,
    )
    unknown = [one for one in sets if not any(one <= files for files in marked.values()) and not _judged(one)]
    yield Bar(
        "merges in the corpus that were not looked at, or are wrong",
        f"{len(unknown)} of {len(merged)} merges of {sum(map(len, sets))} files",
        "0",
        not unknown,
    )
    orders = _orders(read, 2 if short else 10)
    alike = sum(imported(order, folder / f"{i}.db").activities == first.activities for i, order in orders)
    total = 2 if short else 10
    yield Bar(
        "groups and leaders in other orders of the files", f"{alike} of {total} alike", "all", alike == total
    )


def _orders(read: list[Entry], how_many: int) -> Iterator[tuple[int, list[Entry]]]:
    """The files backwards, and dealt out in ever other ways."""
    for i in range(how_many):
        yield i, read[::-1] if i == 0 else [entry for k in range(i + 1) for entry in read[k :: i + 1]]


def _reasons(groups: set[str]) -> str:
    return "; ".join(f"{name} ({ASKED.get(name, 'unexplained')})" for name in sorted(groups))


def _short(name: str) -> str:
    return Path(name).name


def _judged(files: set[str]) -> bool:
    return any(all(any(word in file for word in words) for file in files) for words in LOOKED_AT)


def simulated_bars(seeds: int) -> Iterator[Bar]:
    """Measure simulated pairs of files."""
    tables = (
        ("simulated copies merged", COPIES, "same", "all"),
        ("simulated doubts left to the runner", DOUBTS, "perhaps", "all"),
        ("simulated near-misses not merged", NEAR_MISSES, None, "all"),
    )
    for name, table, wanted, goal in tables:
        wrong = []
        for seed in range(seeds):
            scene = Scene(seed)
            for what, make in table.items():
                first, second = (fingerprint(analyse(decode(data)[0])) for data in make(scene))
                evidence = compare(first, second)
                verdict = None if evidence is None else evidence.verdict
                if verdict != wanted if wanted else verdict == "same":
                    wrong.append(f"{what} ({seed})")
        total = seeds * len(table)
        figure = f"{total - len(wrong)} of {total}" + (f", not: {', '.join(wrong[:3])}" if wrong else "")
        yield Bar(name, figure, goal, not wrong)


def any_order_bar(folder: Path) -> Bar:
    """Import one run in five files in every order."""
    scene = Scene(0)
    names = ("GPX of a FIT", "saved too early", "two hours off", "second watch")
    contents = dict.fromkeys(data for name in names for data in COPIES[name](scene))
    read = []
    for i, data in enumerate(contents):
        file = folder / f"{i}.run"
        file.write_bytes(data)
        read.append(entry_of(process(Found(str(file), file.name), Settings())))
    orders = list(permutations(read))
    found = {imported(list(order), folder / f"order-{i}.db").activities for i, order in enumerate(orders)}
    ones = [len(activities) for activities in found]
    return Bar(
        f"one run in {len(read)} files, in every order",
        f"{len(orders)} orders, {len(found)} outcome, {ones[0]} activity",
        "one outcome, one activity",
        ones == [1],
    )


def look_up_bar(folder: Path, activities: int) -> Bar:
    """Time the look-up of those that may be the same run in a library of thirty years."""
    path = folder / "large.db"
    with Library(path) as library:
        with library.writing() as connection:
            connection.execute("INSERT INTO settings VALUES (1, '{}')")
            connection.execute(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
                " INSERT INTO activities SELECT i, '', '', 'UTC', 'running', NULL, NULL, NULL, 1, 0, 0, 0,"
                " 0, 'none', 1, '0', '' FROM n",
                (activities,),
            )
            connection.execute(
                "INSERT INTO sources SELECT id, printf('%064x', id), 1, 'fit', 'x', 1, NULL FROM activities"
            )
            connection.execute(
                "INSERT INTO fingerprints SELECT printf('%064x', id), 1, 8.3e8 + id * 9000.0,"
                " 8.3e8 + id * 9000.0 + 3600, zeroblob(1000) FROM activities"
            )
        took = []
        with library.reading() as connection:
            for i in range(500):
                begin_s = 8.3e8 + (i * 7919 % activities) * 9000.0 + 100.0
                began = time.perf_counter()
                around(connection, ("f" * 64, 1), (begin_s, begin_s + 3600.0))
                took.append(time.perf_counter() - began)
    return Bar(
        f"look-up of what may be the same run, of {activities:,} activities",
        f"{1000 * median(took):.3f} ms, all zones included",
        f"< {1000 * LOOK_UP_S:.0f} ms",
        median(took) < LOOK_UP_S,
    )


def bars(short: bool) -> Iterator[Bar]:
    """Measure all."""
    with TemporaryDirectory() as folder:
        if CORPUS.is_dir():
            yield from corpus_bars(Path(folder), short)
        else:
            yield skipped("marked same-activity groups of the corpus", "all", "no corpus here")
        yield from simulated_bars(2 if short else 20)
        if not short:
            yield any_order_bar(Path(folder))
        yield look_up_bar(Path(folder), ACTIVITIES // 10 if short else ACTIVITIES)


def main() -> None:
    """Print the table of all merges in the corpus, with their evidence; or the bars."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--looked-at", action="store_true", help="the table of merges instead of the bars")
    parser.add_argument("--short", action="store_true", help="the bars that take seconds")
    options = parser.parse_args()
    if not options.looked_at:
        for bar in bars(options.short):
            print(f"{bar.name:<66}  {bar.figure:<64}  {bar.goal:<32}  {bar.met}", flush=True)
        return
    with TemporaryDirectory() as folder:
        for double in imported(entries(CORPUS), Path(folder) / "table.db").doubles:
            _print(double)


def _print(double: Double) -> None:
    print(double.kind, *(f"\n    {'*' if s.leads else ' '} {s.file}" for s in double.sources))
    for why in double.evidence:
        gap = "" if why.gap_m is None else f"{why.gap_m:.1f} m"
        share = f"{why.overlap_s:.0f} s ({why.overlap_percent:.0f} %)"
        print(f"      {why.why:<52} {share:>16} {gap:>8} {why.clock_s:+8.1f} s")


if __name__ == "__main__":
    main()
