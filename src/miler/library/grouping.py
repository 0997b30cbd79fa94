"""Which sources are one activity, and which of them leads: the same whatever the order in which they came.

Values in, values out. A group depends on the evidence between all its sources and on what the runner
decided, never on what was there first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from miler.library.fingerprint import Fingerprint

Part = tuple[str, int]  # a content's hash, and which of its activities
Group = frozenset[Part]

COPIES = "copies of one recording"
_FORMATS = ("fit", "tcx", "gpx")
# A source that has this much less than the longest one is not whole.
_MISSED_S, _MISSED_SHARE = 10.0, 0.01


@dataclass(frozen=True)
class Edge:
    """Two sources that are of one run: by their own evidence, or because the runner said so."""

    first: Part
    second: Part
    why: str = ""
    gap_m: float | None = None
    said: Literal["same", "apart"] | None = None


@dataclass(frozen=True)
class Standing:
    """What decides whether a source leads."""

    part: Part
    format: str
    known: Fingerprint


def groups(parts: Iterable[Part], edges: Iterable[Edge]) -> list[Group]:
    """Part sources into activities.

    What the runner put together comes first, then the surest evidence. Evidence never brings together
    two parts of one content, nor what the runner said is apart, even by way of a third source.

    Returns:
        Every part in exactly one group.
    """
    joined: dict[Part, Group] = {part: frozenset((part,)) for part in parts}
    edges = [edge for edge in edges if edge.first in joined and edge.second in joined]
    apart = {frozenset((edge.first, edge.second)) for edge in edges if edge.said == "apart"}
    for edge in sorted((edge for edge in edges if edge.said != "apart"), key=_surest):
        one, other = joined[edge.first], joined[edge.second]
        if one is other or (edge.said is None and _kept_apart(one, other, apart)):
            continue
        both = one | other
        joined |= dict.fromkeys(both, both)
    return sorted(set(joined.values()), key=min)


def _surest(edge: Edge) -> tuple[bool, bool, float, Part, Part]:
    return (edge.said is None, edge.why != COPIES, edge.gap_m or 0.0, edge.first, edge.second)


def _kept_apart(one: Group, other: Group, apart: set[frozenset[Part]]) -> bool:
    return any(a[0] == b[0] or frozenset((a, b)) in apart for a in one for b in other)


def ranked(sources: Sequence[Standing]) -> list[Part]:
    """Put the sources of a run in order; the results of the first stand for the run.

    A whole one before one that missed something, then one whose file does not end too early; FIT before
    TCX before GPX; an undamaged file; more streams; the device's own distance; finer sampling; at last
    the smaller hash.
    """
    covered_s = {source.part: source.known.covered_s for source in sources}
    longest_s = max(covered_s.values())

    def order(source: Standing) -> tuple[bool, bool, int, bool, int, bool, int, Part]:
        known = source.known
        missed_s = max(_MISSED_S, _MISSED_SHARE * longest_s, 2.0 * known.every_s)
        return (
            longest_s - covered_s[source.part] > missed_s,
            known.cut_off,
            _FORMATS.index(source.format) if source.format in _FORMATS else len(_FORMATS),
            known.damaged,
            -len(known.streams),
            not known.by_device,
            -known.records,
            source.part,
        )

    return [source.part for source in sorted(sources, key=order)]
