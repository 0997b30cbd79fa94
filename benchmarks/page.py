"""The guide's page of bars: each claim with its command and what was measured, a section a module.

`python -m benchmarks.bars --page` measures, and writes the sections of what it measured anew; others stay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.util import find_spec
from pathlib import Path

from benchmarks.bar import Bar

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
_SECTION = re.compile(r"^<!-- (\w+) -->\n", re.MULTILINE)


def update(page: str, measured: Mapping[str, Sequence[tuple[Bar, str]]], on: date, *, short: bool) -> str:
    """Return the page with the sections of what was measured written anew, all in the order of their names.

    Args:
        page: as it is.
        measured: the bars of each module, by its name without the package, each with its verdict.
        on: the day.
        short: whether what takes minutes was left out.
    """
    head, *parts = _SECTION.split(page)
    sections = dict(zip(parts[::2], parts[1::2], strict=True))
    sections |= {name: _section(name, bars, on, short) for name, bars in measured.items()}
    return head + "".join(f"<!-- {name} -->\n{sections[name]}" for name in sorted(sections))


def _section(name: str, bars: Sequence[tuple[Bar, str]], on: date, short: bool) -> str:
    cells = ((bar.name, bar.figure, bar.goal, verdict) for bar, verdict in bars)
    rows = ("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n" for row in cells)
    how = "the short form" if short else "the whole"
    return (
        f"## {_title(name)}\n\n```sh\npython -m benchmarks.bars --only {name}\n```\n\n"
        f"| what | measured | goal | |\n|---|---|---|---|\n{''.join(rows)}\n{how}, {on:%Y-%m-%d}\n\n"
    )


def _title(name: str) -> str:
    """The claim, as the first sentence of the module says it."""
    spec = find_spec(f"benchmarks.{name}")
    if spec is None or spec.origin is None:
        return name
    first = Path(spec.origin).read_text(encoding="utf-8").split('"""')[1].strip().splitlines()[0]
    return re.split(r"[?.:](?: |$)", first)[0] + ("?" if "? " in first else "")
