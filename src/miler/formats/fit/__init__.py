"""FIT files → activities: scan, gather, and say in the field's words what was found."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from miler.activity import Activity, Note, Source
from miler.errors import CorruptFile, DecodeError
from miler.formats.assemble import Raw, assemble
from miler.formats.fit.contents import Contents
from miler.formats.fit.heartbeats import HEART_BEATS, heart_rate_at, heartbeats, only_heartbeats
from miler.formats.fit.parts import looks_like_fit, parts
from miler.formats.fit.scan import Part, limit

__all__ = ["decode", "looks_like_fit"]

MOST_ACTIVITIES = 4_000  # chained in one file; a triathlon has five


def decode(data: bytes, *, strict: bool = False, source: Source | None = None) -> list[Activity]:
    """Read every activity of a FIT file, chained parts in order.

    Args:
        data: the bytes of the file.
        strict: raise for any damage instead of noting it.
        source: where the activities come from.

    Returns:
        At least one activity; what is said of parts that are none stands in the notes of the first.

    Raises:
        CorruptFile: if nothing usable is left, or for any damage when `strict`.
        UnsupportedFile: if the file is sound but no activity; `kind` names what it is.
    """
    raws: list[Raw] = []
    refusals: list[DecodeError] = []
    aside: list[Note] = []
    found = parts(data)
    for part in found:
        _refuse_damage(part.notes, strict)
        if only_heartbeats(part):
            aside += part.notes
            continue
        contents = Contents(part)
        refusal = contents.refusal()
        if refusal is None:
            raws.append(contents.raw())
            limit(len(raws), MOST_ACTIVITIES, "chained activities")
        else:
            refusals.append(refusal)
            aside += part.notes
    if not raws:
        worst: list[DecodeError] = [r for r in refusals if isinstance(r, CorruptFile)]
        raise (worst or refusals or [_nothing(found)])[0]
    if refusals:
        text = f"chained parts that are no activity: {len(refusals)} ({refusals[0].message})"
        aside.append(Note("part_skipped", "finding", text))
    raws[0].notes += aside
    _add_heart_beats(raws, found)
    activities = [assemble(raw, source) for raw in raws]
    for activity in activities:
        _refuse_damage(activity.notes, strict)
    return activities


def _add_heart_beats(raws: list[Raw], found: list[Part]) -> None:
    """Fill in the heart rate that the records lack from the beats that a strap kept to itself."""
    straps = [part for part in found if part.of(HEART_BEATS)]
    if not straps:
        return
    beats, rates = heartbeats(straps)
    for raw in raws:
        have = raw.streams.setdefault("heart_rate", np.full(len(raw.times), np.nan))
        lacking = np.isnan(have)
        felt = heart_rate_at(raw.times[lacking], beats, rates)
        have[lacking] = felt
        if filled := int(np.isfinite(felt).sum()):
            text = f"heart rate of {filled} records is what the chest strap kept to itself"
            raw.notes.append(Note("strap_heart_rate", "finding", text))


def _nothing(found: list[Part]) -> CorruptFile:
    if not found:
        return CorruptFile("no FIT header; nothing can be read", format="fit")
    return CorruptFile("only heart beats are in this FIT file, no activity", code="empty", format="fit")


def _refuse_damage(notes: Iterable[Note], strict: bool) -> None:
    damage = [note for note in notes if note.kind == "damage"]
    if strict and damage:
        raise CorruptFile(damage[0].message, code=damage[0].code, format="fit")
