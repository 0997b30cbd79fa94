"""What is wrong with a file, and what was recovered from it, in words."""

from __future__ import annotations

from dataclasses import dataclass

from miler.activity import Activity
from miler.errors import MilerError, UnsupportedFile
from miler.files import Found, explain, load
from miler.formats import decode
from miler.report.words import printable
from miler.units import format_duration


@dataclass(frozen=True)
class Verdict:
    """One file's verdict; `damaged` files were read as far as they go."""

    text: str
    failed: bool = False
    damaged: bool = False


def verdict(found: Found) -> Verdict:
    """Read one file and say how sound it is."""
    name = printable(found.name)
    try:
        activities = decode(load(found.path), name=found.name)
    except UnsupportedFile as error:
        return Verdict(f"{name}: sound, but {error.message}")
    except MilerError as error:
        return Verdict(f"{name}: failed, {error.message} [{error.code}]", failed=True)
    except OSError as error:
        return Verdict(f"{name}: failed, {explain(error).message}", failed=True)
    damaged = any(note.kind == "damage" for a in activities for note in a.notes)
    word = "damaged, read as far as it goes" if damaged else "sound"
    lines = [f"{name}: {word}", *(line for a in activities for line in _lines(a))]
    return Verdict("\n".join(lines), damaged=damaged)


def _lines(activity: Activity) -> list[str]:
    streams = ", ".join(name.replace("_", " ") for name in activity.streams) or "no streams"
    part = "" if activity.source.part is None else f"part {activity.source.part}: "
    lines = [
        f"  {part}{activity.source.format.upper()} {activity.sport}, {len(activity)} records over "
        f"{format_duration(activity.elapsed_s, 0)}, {len(activity.laps)} laps, "
        f"{len(activity.pauses)} pauses",
        f"  with {streams}",
    ]
    for note in sorted(activity.notes, key=lambda n: n.kind != "damage"):
        lines.append(f"  {'!' if note.kind == 'damage' else '·'} {printable(note.message)} [{note.code}]")
    return lines
