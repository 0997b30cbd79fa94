"""The bars of the readers: speed beside their peers, what they save from damaged files, and what they say."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from benchmarks import damage_notes, fit_damage, fit_hostile, fit_speed, xml_damage, xml_read
from benchmarks.bar import Bar

_MEASURES = (fit_speed, fit_damage, fit_hostile, xml_read, xml_damage, damage_notes)


def bars(short: bool) -> Iterator[Bar]:
    """Measure them."""
    yield from chain.from_iterable(measure.bars(short) for measure in _MEASURES)
