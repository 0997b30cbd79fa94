"""The bars of the readers: speed beside their peers, and what they save from damaged files."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from benchmarks import fit_speed, xml_damage, xml_read
from benchmarks.bar import Bar


def bars(short: bool) -> Iterator[Bar]:
    """Measure them; how FIT is salvaged has no measure yet."""
    yield from chain(fit_speed.bars(short), xml_read.bars(short), xml_damage.bars(short))
