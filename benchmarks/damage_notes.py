"""The right damage note on every damaged file of the corpus, and none on the sound ones.

`python -m benchmarks.damage_notes` holds what miler says against two witnesses: the corpus's own
provenance table, which says what is wrong with a file, and readers that refuse what is damaged
(python-fitparse and fitdecode, with every check that they have; expat for GPX and TCX). Where miler says
more or less than they do, `EXCEPTIONS` says why.
"""

from __future__ import annotations

import csv
import gzip
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

import fitdecode
from fitparse import FitFile

from benchmarks.bar import CORPUS, Bar, skipped
from miler.errors import CorruptFile, DecodeError
from miler.formats import decode
from miler.formats.inflate import GZIP

# What the provenance table says is wrong -> the notes of which one must be there.
_WRONG = {
    r"data_size = 0": {"fit_data_size"},
    r"truncated: \d+ bytes missing": {"fit_truncated"},
    r"bad file CRC": {"fit_crc", "fit_data_size", "fit_truncated"},
    r"undef local|local message \d+ not defined": {"fit_undecodable", "fit_repaired"},
    r"bad header at": {"fit_header", "fit_trailing_bytes"},
    # A prefix without a declaration is no damage in itself; one file lost its declarations with its root.
    r"not well-formed XML": {"xml_malformed", "xml_truncated", "tcx_root"},
}
_REFUSED = "PARSERS:"
# The readers in Python take a second for 100 kB; of larger files the table says whether they refused them.
_LARGEST, _LARGEST_SHORT = 250_000, 20_000

# File -> why miler says something else of it than the witnesses, who do not look at values.
_NO_TIMES = "its points have no times: none can be used, which is said"
_WRONG_CLOCK = "its clock goes back for a moment: records with a time that is not theirs are left out"
EXCEPTIONS = {
    "fit/broken-empty.fit": "no FIT at all but what macOS keeps beside a file, and refused as that",
    "fit/dynastream-9001-other-developerdata.fit": "refused, for its records have no times",
    "fit/dynastream-hrm1-run-activity-settings-corruptheader.fit": (
        "what was a second header is read as two records, of the years 2060 and 2075: these are left out"
    ),
    "fit/garmin-fenix2-multisport-activity-large-fenxi2-multisport.fit": _WRONG_CLOCK,
    "gpx/activity-parser-tests-ride-sample.gpx": "has a heart rate that no heart has",
    "gpx/activity-parser-tests-track-bad-speed.gpx": "has a speed that is no number",
    "gpx/activity-parser-tests-track-no-time.gpx": _NO_TIMES,
    "gpx/gpsbabel-track-cerknicko-without-times.gpx": _NO_TIMES,
    "gpx/opentracks-debug-track-legacy-gpx-pause-resume.gpx": "marks its pauses by a latitude of 100 degrees",
    "gpx/runkeeper-run-runkeeper-negative-time-step-at-start.gpx": _WRONG_CLOCK,
    "tcx/ride-no-time.tcx": _NO_TIMES,
    "tcx/ride-sample.tcx": "has a heart rate that no heart has",
    "tcx/rox-10-0-gps-ride-negative-pause.tcx": _WRONG_CLOCK,
}


@dataclass(frozen=True)
class File:
    """A file of the corpus.

    Attributes:
        name: with its folder.
        wrong: what the provenance table says is wrong with it, and the notes that would say so.
        refused: whether the table says that a reader refused it.
        damage: codes of miler's damage notes; the error's code if it was refused as corrupt.
    """

    name: str
    wrong: tuple[tuple[str, frozenset[str]], ...]
    refused: bool
    damage: frozenset[str]

    @property
    def untold(self) -> list[str]:
        """What is wrong with it that miler does not say."""
        return [what for what, codes in self.wrong if not codes & self.damage]


def files() -> Iterator[File]:
    """Yield every recording of the corpus that its provenance table lists."""
    with (CORPUS / "PROVENANCE.csv").open(encoding="utf-8", newline="") as table:
        rows = [row for row in csv.DictReader(table) if row["file"].split("/")[0] in ("fit", "gpx", "tcx")]
    for row in rows:
        notes = row["notes"]
        wrong = [
            (m.group(), frozenset(codes)) for what, codes in _WRONG.items() if (m := re.search(what, notes))
        ]
        damage = said((CORPUS / row["file"]).read_bytes())
        yield File(row["file"], tuple(wrong), _REFUSED in notes, damage)


def said(data: bytes) -> frozenset[str]:
    """Return the codes of the damage that miler finds."""
    try:
        activities = decode(data)
    except CorruptFile as error:
        return frozenset({error.code})
    except DecodeError:
        return frozenset()
    return frozenset(note.code for activity in activities for note in activity.notes if note.kind == "damage")


def wrongly_damaged(file: File, largest: int = 0) -> bool:
    """Whether miler finds damage in a file that the witnesses find sound.

    Args:
        file: of the corpus.
        largest: bytes of the largest FIT file that the readers are asked about; of others the table says.
    """
    if not file.damage or file.wrong:
        return False
    data = (CORPUS / file.name).read_bytes()
    if not file.name.endswith(".fit"):
        return _reads(_parse_xml, data)
    return any(_reads(reader, data) for reader in _FIT_READERS) if len(data) <= largest else not file.refused


def _fitparse(data: bytes) -> None:
    FitFile(data, check_crc=True).parse()


def _fitdecode(data: bytes) -> None:
    strict = {"check_crc": fitdecode.CrcCheck.RAISE, "error_handling": fitdecode.ErrorHandling.RAISE}
    for _ in fitdecode.FitReader(data, **strict):
        pass


def _parse_xml(data: bytes) -> None:
    ElementTree.fromstring(gzip.decompress(data) if data[:2] == GZIP else data)


_FIT_READERS = (_fitparse, _fitdecode)


def _reads(reader: Callable[[bytes], None], data: bytes) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            reader(data)
        except Exception:  # whatever a peer raises, it complains
            return False
    return True


def bars(short: bool) -> Iterator[Bar]:
    """Measure the bars of this module over the corpus; see `benchmarks.bars`."""
    if not CORPUS.is_dir():
        yield skipped("damage notes", "the right ones, and no others", "no corpus here")
        return
    listed = list(files())
    damaged = [file for file in listed if file.wrong]
    untold = [file for file in damaged if file.untold]
    largest = _LARGEST_SHORT if short else _LARGEST
    wrong = [file for file in listed if wrongly_damaged(file, largest)]
    for name, found, of in (
        ("files damaged by their provenance: not said", untold, damaged),
        ("files that other readers find sound: said to be damaged", wrong, listed),
    ):
        excused = [file for file in found if file.name in EXCEPTIONS]
        figure = f"{len(found) - len(excused)} of {len(of)}, and {len(excused)} exceptions with a reason"
        yield Bar(name, figure, "0", len(found) == len(excused))


def main() -> int:
    """Print what miler says of each file that is damaged, or that it takes for damaged."""
    for file in files():
        told = f"{file.name}: {', '.join(sorted(file.damage)) or 'nothing'}"
        if file.untold:
            print(f"{told}; not said: {', '.join(file.untold)}; {EXCEPTIONS.get(file.name, 'WRONG')}")
        elif wrongly_damaged(file, _LARGEST):
            print(f"{told}; others find it sound; {EXCEPTIONS.get(file.name, 'WRONG')}")
        elif file.wrong or file.damage:
            print(f"{told}; right")
    return 0


if __name__ == "__main__":
    sys.exit(main())
