"""What is wrong with a file, and what was recovered from it, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from miler.activity import Activity
from miler.errors import MilerError, UnsupportedFile
from miler.files import Found, activities, contents, explain
from miler.shown import printable
from miler.units import format_duration

Kind = Literal["sound", "damaged", "skipped", "failed"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Verdict:
    """One file's verdict, in lines; `damaged` files were read as far as they go."""

    kind: Kind
    text: str


def verdict(found: Found) -> Verdict:
    """Read one file and say how sound it is."""
    name = printable(found.name)
    try:
        read = activities(found, contents(found))
    except UnsupportedFile as error:
        # What is said of an archive is a whole sentence.
        but = "" if error is found.error or error.damage else "sound, but "
        return Verdict("skipped", f"{name}: {but}{printable(error.message)} [{error.code}]")
    except MilerError as error:
        return Verdict("failed", f"{name}: failed, {printable(error.message)} [{error.code}]")
    except OSError as error:
        return Verdict("failed", f"{name}: failed, {explain(error).message}")
    damaged = any(note.kind == "damage" for a in read for note in a.notes)
    word = "damaged, read as far as it goes" if damaged else "sound"
    lines = [f"{name}: {word}", *(line for a in read for line in _lines(a, found.name))]
    return Verdict("damaged" if damaged else "sound", "\n".join(lines))


def _lines(activity: Activity, file: str) -> list[str]:
    """Say what an activity is; and where in the file, if it has several members or parts."""
    source = activity.source
    streams = ", ".join(name.replace("_", " ") for name in activity.streams) or "no streams"
    member = "" if source.name == file else f"{printable(source.name)}: "
    part = "" if source.part is None else f"part {source.part}: "
    pieces = (activity, "record"), (activity.laps, "lap"), (activity.pauses, "pause")
    records, laps, pauses = (f"{len(those)} {name}{'' if len(those) == 1 else 's'}" for those, name in pieces)
    lines = [
        f"  {member}{part}{source.format.upper()}, {printable(activity.sport)}, {records}"
        f" over {format_duration(activity.elapsed_s, 0)}, {laps}, {pauses}",
        f"  with {streams}",
    ]
    for note in sorted(activity.notes, key=lambda n: n.kind != "damage"):
        lines.append(f"  {'!' if note.kind == 'damage' else '·'} {printable(note.message)} [{note.code}]")
    return lines
