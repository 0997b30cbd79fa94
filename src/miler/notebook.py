"""How a value shows itself in a notebook: a small table that takes the page's own colours, and no script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from miler.bars import shares
from miler.shown import printable

_BOX = "border-left:3px solid currentColor;padding-left:.8em;display:inline-block"
_CELL = "text-align:left;padding:.1em .8em .1em 0;background:none"
_LONGEST = 300  # letters
_BAR_PX, _GAP_PX, _HIGH_PX = 36, 4, 40


def facts(title: str, rows: Iterable[tuple[str, str]], times_s: Sequence[float] = ()) -> str:
    """Write a title over a table of names and values.

    Args:
        title: what it is about; escaped, as all text is.
        rows: a name and a value each.
        times_s: of parts of one length, drawn below as bars: longer is faster; none for no drawing.
    """
    lines = "".join(
        f'<tr><th scope="row" style="{_CELL}">{_safe(name)}</th><td style="{_CELL}">{_safe(value)}</td></tr>'
        for name, value in rows
    )
    return f'<div style="{_BOX}"><strong>{_safe(title)}</strong><table>{lines}</table>{_drawn(times_s)}</div>'


def _safe(text: str) -> str:
    from html import escape  # its table of names takes longer to load than all else here

    whole = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1].rstrip()}…"
    return escape(printable(whole))


def _drawn(times_s: Sequence[float]) -> str:
    if not times_s:
        return ""
    wide = len(times_s) * (_BAR_PX + _GAP_PX) - _GAP_PX
    bars = "".join(
        f'<rect x="{i * (_BAR_PX + _GAP_PX)}" y="{_HIGH_PX * (1 - share):.1f}" width="{_BAR_PX}"'
        f' height="{_HIGH_PX * share:.1f}"/>'
        for i, share in enumerate(shares([1 / time_s for time_s in times_s]))
    )
    return (
        f'<svg role="img" aria-label="speed of each part, in order" width="{wide}" height="{_HIGH_PX}"'
        f' fill="currentColor">{bars}</svg>'
    )
