"""FIT files → activities: scan, gather, and say in the field's words what was found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from miler.activity import Activity, Note
from miler.errors import CorruptFile, DecodeError
from miler.formats.assemble import assemble
from miler.formats.fit.contents import Contents
from miler.formats.fit.parts import parts

__all__ = ["decode"]


def decode(data: bytes, *, strict: bool = False) -> list[Activity]:
    """Read every activity of a FIT file, chained parts in order.

    Args:
        data: the bytes of the file.
        strict: raise for any damage instead of noting it.

    Returns:
        At least one activity; what is said of parts that are none stands in the notes of the first.

    Raises:
        CorruptFile: if nothing usable is left, or for any damage when `strict`.
        UnsupportedFile: if the file is sound but no activity; `kind` names what it is.
    """
    activities: list[Activity] = []
    refusals: list[DecodeError] = []
    aside: list[Note] = []
    for part in parts(data):
        _refuse_damage(part.notes, strict)
        contents = Contents(part)
        refusal = contents.refusal()
        if refusal is None:
            activities.append(assemble(contents.raw()))
            _refuse_damage(activities[-1].notes, strict)
        else:
            refusals.append(refusal)
            aside += part.notes
    if not activities:
        worst: list[DecodeError] = [r for r in refusals if isinstance(r, CorruptFile)]
        raise (worst or refusals or [CorruptFile("no FIT header; nothing can be read", format="fit")])[0]
    if refusals:
        # A Garmin chains a part without file_id that holds a chest strap's own heart beats.
        text = f"chained parts that are no activity: {len(refusals)} ({refusals[0].message})"
        aside.append(Note("part_skipped", "finding", text))
    if aside:
        activities[0] = replace(activities[0], notes=(*activities[0].notes, *aside))
    return activities


def _refuse_damage(notes: Iterable[Note], strict: bool) -> None:
    damage = [note for note in notes if note.kind == "damage"]
    if strict and damage:
        raise CorruptFile(damage[0].message, code=damage[0].code, format="fit")
