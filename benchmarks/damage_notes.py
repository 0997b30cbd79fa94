"""The right damage note on every damaged file of the corpus, and none on the sound ones.

`python -m benchmarks.damage_notes [--short]` holds what miler says against two witnesses: the corpus's own
provenance table, which says what is wrong with a file, and readers that refuse what is damaged
(python-fitparse and fitdecode, with every check that they have; expat for GPX and TCX). Where miler says
more or less than they do, `EXCEPTIONS` says why.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import re
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import fitdecode
from fitparse import FitFile

from benchmarks.bar import CORPUS, Bar, skipped
from miler.errors import CorruptFile, DecodeError
from miler.formats import decode

# What the provenance table says is wrong -> the notes of which one must be there.
_WRONG = {
    r"data_size = 0": {"fit_data_size"},
    r"truncated: \d+ bytes missing": {"fit_truncated"},
    r"bad file CRC": {"fit_crc", "fit_data_size", "fit_truncated"},
    r"undef local|local message \d+ not defined": {"fit_undecodable", "fit_repaired"},
    r"bad header at": {"fit_header", "fit_trailing_bytes"},
    r"not well-formed XML": {"xml_malformed", "xml_truncated"},
}
_REFUSED = re.compile(r"PARSERS:")
# The readers in Python take a second for 100 kB; of larger files the table says what they said.
_LARGEST = {True: 20_000, False: 250_000}

# File -> why miler says something else than the witnesses.
EXCEPTIONS: dict[str, str] = {}


@dataclass(frozen=True)
class File:
    """A file of the corpus.

    Attributes:
        name: with its folder.
        wrong: what the provenance table says is wrong with it, and the notes that would say so.
        refused: whether the table names a reader that refused it.
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
        wrong = [(m.group(), frozenset(codes)) for what, codes in _WRONG.items() if (m := re.search(what, notes))]
        damage = said((CORPUS / row["file"]).read_bytes())
        yield File(row["file"], tuple(wrong), bool(_REFUSED.search(notes)), damage)


def said(data: bytes) -> frozenset[str]:
    """Return the codes of the damage that miler finds."""
    try:
        activities = decode(data)
    except CorruptFile as error:
        return frozenset({error.code})
    except DecodeError:
        return frozenset()
    return frozenset(note.code for activity in activities for note in activity.notes if note.kind == "damage")


def is_read_without_complaint(name: str, data: bytes) -> bool:
    """Whether a reader that checks everything reads the file: one of two for FIT, an XML parser else."""
    if not name.endswith(".fit"):
        try:
            ElementTree.fromstring(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
        except ElementTree.ParseError:
            return False
        return True
    return any(_reads(reader, data) for reader in (_fitparse, _fitdecode))


def _fitparse(data: bytes) -> None:
    FitFile(data, check_crc=True).parse()


def _fitdecode(data: bytes) -> None:
    checks = {"check_crc": fitdecode.CrcCheck.RAISE, "error_handling": fitdecode.ErrorHandling.RAISE}
    for _ in fitdecode.FitReader(data, **checks):
        pass


def _reads(reader: object, data: bytes) -> bool:
    assert callable(reader)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            reader(data)
        except Exception:  # whatever a peer raises, it complains
            return False
    return True
