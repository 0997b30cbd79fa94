"""The bars of hostile values and cost: millions of points, and small files made to do harm."""

from __future__ import annotations

import math
from collections.abc import Iterator

from benchmarks import cost
from benchmarks.bar import Bar
from benchmarks.cost import Cost
from devtools.large import bare_gpx, large_fit, large_gpx

_STEEPEST = 1.1
_FIT_MIB, _GPX_MIB, _SMALL_MIB = 1024, 400, 256
_GPX_S, _SMALL_S = 10.0, 1.0
_GROWING = (10_000, 100_000, 1_000_000)
_MOST_POINTS = 5_000_000


def bars(short: bool) -> Iterator[Bar]:
    """Measure each file in a process of its own; times are the processor's."""
    yield from _large_fit(short)
    yield from _large_gpx(short)
    yield from _small(short)


def _large_fit(short: bool) -> Iterator[Bar]:
    costs = cost.large(large_fit, _GROWING if short else (*_GROWING, _MOST_POINTS))
    most = costs[-1]
    name = f"FIT of {most.name}, {most.size / 1e6:.0f} MB"
    figure = f"{most.peak_mib:.0f} MiB, {most.seconds:.2f} s"
    yield _bar(name, figure, f"< {_FIT_MIB} MiB", most.peak_mib < _FIT_MIB, costs)
    steep = cost.slope(costs)
    goal = f"<= {_STEEPEST} (1: in proportion)"
    yield _bar(f"FIT: slope from {costs[0].name} on", f"{steep:.2f}", goal, steep <= _STEEPEST, costs)


def _large_gpx(short: bool) -> Iterator[Bar]:
    for make, words in ((bare_gpx, "without times"), (large_gpx, "with times"))[: 1 if short else 2]:
        one = cost.cost(words, make(_GROWING[-1]))
        figure = f"{one.seconds:.2f} s, {one.peak_mib:.0f} MiB"
        met = one.seconds < _GPX_S and one.peak_mib < _GPX_MIB
        name = f"GPX of a million points, {words}, {one.size / 1e6:.0f} MB"
        yield _bar(name, figure, f"< {_GPX_S:g} s, < {_GPX_MIB} MiB", met, [one])


def _small(short: bool) -> Iterator[Bar]:
    costs = list(cost.small(larger=not short))
    escaped = [c for c in costs if math.isnan(c.seconds)]
    figure = f"{len(escaped)} of {len(costs)}" + "".join(f"; {c.name}: {c.ended}" for c in escaped)
    yield Bar("small hostile files: undocumented exceptions", figure, "0", not escaped)
    ended = [c for c in costs if c not in escaped]
    slow = max(ended, key=lambda c: c.seconds)
    large = max(ended, key=lambda c: c.peak_mib)
    figure = f"{slow.seconds:.2f} s ({slow.name}), {large.peak_mib:.0f} MiB ({large.name})"
    met = slow.seconds < _SMALL_S and large.peak_mib < _SMALL_MIB
    goal = f"< {_SMALL_S:g} s, < {_SMALL_MIB} MiB"
    yield _bar(f"{len(ended)} small hostile files, the worst", figure, goal, met, ended)


def _bar(name: str, figure: str, goal: str, met: bool, costs: list[Cost]) -> Bar:
    """Return a bar; where the system does not tell a process's memory, it cannot be met."""
    unknown = any(math.isnan(each.peak_mib) for each in costs)
    return Bar(name, figure, goal, None if unknown else met, timed=True)
