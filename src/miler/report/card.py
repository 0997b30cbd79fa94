"""The mile as a picture to send to friends: an SVG of a fixed size, for `miler.picture` to make others of."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Literal
from unicodedata import east_asian_width
from xml.sax.saxutils import escape

import numpy as np

from miler import bars
from miler.analysis import Analysis, Mile
from miler.errors import ActivityError
from miler.report.oval_svg import oval_chart, path
from miler.report.words import told_time, why_no_mile
from miler.shown import printable
from miler.timezone import at_the_place
from miler.trace import Trace
from miler.track import Drawing
from miler.units import (
    digits_for,
    format_day,
    format_interval,
    format_margin,
    format_pace,
    format_splits,
    format_sure,
    rounded_down,
)

Size = Literal["wide", "square"]
Theme = Literal["light", "dark"]

_FONTS = "Roboto, 'Helvetica Neue', Arial, sans-serif"
_ADVANCE = 0.57  # of a figure or a middling letter, as a share of the size of the type
_MARGIN = 64
_GAP = 24  # between bars
_LONGEST_TITLE = 30  # letters
_INSET = 10  # of the course
_LEAST_M = 20.0  # of one place there is no shape


@dataclass(frozen=True)
class _Colors:
    paper: str
    ink: str
    soft: str
    rule: str
    mile: str


_COLORS: dict[Theme, _Colors] = {
    "light": _Colors(paper="#fbfaf6", ink="#1f1d1a", soft="#5d584f", rule="#cfc9b8", mile="#ab3a12"),
    "dark": _Colors(paper="#15171a", ink="#ebe8e1", soft="#aaa59b", rule="#43474c", mile="#ff9468"),
}


@dataclass(frozen=True)
class _Box:
    x: float
    y: float
    width: float
    height: float


# The picture; then where the words, the bars and the shape of the course stand in it.
_LAYOUTS: dict[Size, tuple[_Box, _Box, _Box, _Box]] = {
    "wide": (
        _Box(0, 0, 1200, 630),
        _Box(_MARGIN, 64, 600, 250),
        _Box(_MARGIN, 372, 600, 150),
        _Box(740, 64, 396, 458),
    ),
    "square": (
        _Box(0, 0, 1080, 1080),
        _Box(_MARGIN, 72, 952, 290),
        _Box(_MARGIN, 432, 420, 500),
        _Box(548, 400, 468, 556),
    ),
}


def card(analysis: Analysis, *, course: bool = True, size: Size = "wide", theme: Theme = "light") -> str:
    """Draw the fastest mile: time and ±, quarters, date, and the shape of the track or the course.

    Args:
        analysis: with a mile.
        course: whether to draw its shape, or that of the track that it was run on.
        size: `wide` is 1200 by 630, as links are shown; `square` is 1080 by 1080.
        theme: `light` or `dark`.

    Returns:
        SVG, the same for equal input; strings from the file are escaped.

    Raises:
        ActivityError: if the analysis has no mile (`no_mile`).
    """
    mile = analysis.mile
    if mile is None:
        raise ActivityError(why_no_mile(analysis), code="no_mile")
    colors = _COLORS[theme]
    whole, words, below, shape = _LAYOUTS[size]
    drawn = list(_shape(analysis, mile, shape, colors)) if course else []
    if not drawn:  # the bars take its place
        below = replace(below, width=whole.width - 2 * _MARGIN)
    parts = [
        _rect(whole, colors.paper),
        *_headline(analysis, mile, words, colors),
        *_bars(mile, below, colors),
        *drawn,
        *_footer(analysis, mile, whole, colors),
    ]
    name = _safe(f"A mile in {told_time(mile.effort)}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole.width:g}" height="{whole.height:g}"'
        f' viewBox="0 0 {whole.width:g} {whole.height:g}" role="img" font-family="{_FONTS}">\n'
        f"<title>{name}</title>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def _headline(analysis: Analysis, mile: Mile, box: _Box, colors: _Colors) -> Iterator[str]:
    effort = mile.effort
    time = told_time(effort)
    size = min(box.height * 0.72, box.width / (_ADVANCE * len(time)))
    baseline = box.y + 40 + size * 0.78
    said = _sureness(mile)
    if "km" in analysis.settings.shown_units:  # the pace of a mile a mile is its time
        said += f" · {format_pace(effort.pace_s_per_km)}"
    yield _text(box.x, box.y + 22, "FASTEST MILE", 26, colors.mile, bold=True, spaced=True)
    yield _text(box.x, baseline, time, size, colors.ink, bold=True)
    yield _text(box.x, baseline + 52, said, 28, colors.soft)


def _sureness(mile: Mile) -> str:
    """What follows the time: the ±, or both ends of the interval where one side is much the larger."""
    effort = mile.effort
    if not math.isfinite(effort.uncertainty_s):
        return "elapsed"
    digits = digits_for(effort.uncertainty_s)
    if "±" in format_sure(effort.elapsed_s, effort.low_s, effort.high_s):
        margin = format_margin(effort.uncertainty_s, digits)
        sure = f"± {margin}" if ":" in margin else f"± {margin} s"
    else:
        sure = f"{format_interval(effort.low_s, effort.high_s, digits)} with 95 %"
    return f"{sure}, evidence {effort.grade}" if effort.grade else sure


def _bars(mile: Mile, box: _Box, colors: _Colors) -> Iterator[str]:
    """A bar a quarter: longer is faster, the fastest stressed; its time above, its name below."""
    quarters, digits = mile.quarters, digits_for(mile.effort.uncertainty_s)
    shares = bars.shares([1 / quarter.elapsed_s for quarter in quarters])
    slot = (box.width + _GAP) / len(quarters)
    wide, high = slot - _GAP, box.height - 74
    said = format_splits((quarter.elapsed_s for quarter in quarters), digits)
    for i, (quarter, share, (time, _)) in enumerate(zip(quarters, shares, said, strict=True)):
        tall = high * share
        left, top = box.x + i * slot, box.y + 36 + high - tall
        color = colors.mile if share == 1 else colors.rule
        middle = left + wide / 2
        yield _rect(_Box(left, top, wide, tall), color)
        yield _text(middle, top - 12, time, min(30.0, wide / 4), colors.ink, bold=True, anchor="middle")
        yield _text(middle, box.y + box.height - 6, f"Q{quarter.index}", 22, colors.soft, anchor="middle")


def _shape(analysis: Analysis, mile: Mile, box: _Box, colors: _Colors) -> Iterator[str]:
    on_track = mile.effort.evidence is not None and mile.effort.evidence.on_track
    if on_track and analysis.track is not None:
        yield _oval(analysis.track.drawing, box, colors)
    else:
        yield from _course(analysis.trace, mile, box, colors)


def _oval(drawing: Drawing, box: _Box, colors: _Colors) -> str:
    chart = oval_chart(drawing)
    left, top, width, height = chart.box
    upright = box.height > box.width
    scale = (
        min(box.width / height, box.height / width)
        if upright
        else min(box.width / width, box.height / height)
    )
    turn = " rotate(90)" if upright else ""
    place = f"translate({box.x + box.width / 2:.1f} {box.y + box.height / 2:.1f}){turn} scale({scale:.4f})"
    line = 'fill="none" stroke-linecap="round" stroke-linejoin="round"'
    middle = f"translate({-(left + width / 2):.1f} {-(top + height / 2):.1f})"
    return (
        f'<g transform="{place} {middle}" {line}>'
        f'<path d="{chart.outside}" stroke="{colors.rule}" stroke-width="{2 / scale:.3f}"/>'
        f'<path d="{chart.kerb}" stroke="{colors.rule}" stroke-width="{2 / scale:.3f}"/>'
        f'<path d="{chart.lane}" stroke="{colors.mile}" stroke-width="{7 / scale:.3f}"/>'
        f'<path d="{chart.finish}" stroke="{colors.ink}" stroke-width="{5 / scale:.3f}"/>'
        "</g>"
    )


def _course(trace: Trace, mile: Mile, box: _Box, colors: _Colors) -> Iterator[str]:
    """North is up; the mile is stressed, with a dot where it ends; nothing of who stayed in one place."""
    known = np.isfinite(trace.east_m)
    run_m, run_s = np.array([trace.east_m, trace.north_m])[:, known], trace.elapsed_s[known]
    if not len(run_s) or (across_m := np.ptp(run_m, axis=1)).max() <= _LEAST_M:
        return
    room = np.array([box.width, box.height]) - 2 * _INSET
    scale = float((room / np.maximum(across_m, 1.0)).min())
    middle_m = (run_m.min(axis=1) + run_m.max(axis=1)) / 2
    middle = np.array([box.x + box.width / 2, -(box.y + box.height / 2)])
    points = (middle + (run_m.T - middle_m) * scale).T
    part = points[:, (run_s >= mile.effort.start_s) & (run_s <= mile.effort.end_s)]
    if not part.size:  # the mile lies where there were no fixes
        return
    for way, color, wide in ((points, colors.rule, 4), (part, colors.mile, 7)):
        yield (
            f'<path d="{path(way)}" fill="none" stroke="{color}" stroke-width="{wide}"'
            ' stroke-linecap="round" stroke-linejoin="round"/>'
        )
    x, y = part[:, -1].tolist()
    dot = f'<circle cx="{x:.1f}" cy="{-y:.1f}" r="10"'
    yield f'{dot} fill="{colors.mile}" stroke="{colors.paper}" stroke-width="4"/>'


def _footer(analysis: Analysis, mile: Mile, whole: _Box, colors: _Colors) -> Iterator[str]:
    summary = analysis.summary
    words = []
    if summary.start_time is not None:
        words.append(format_day(at_the_place(summary.start_time, summary.time_zone)))
    if summary.name:
        words.append(_shortened(printable(summary.name)))
    if not mile.interrupted:
        words.append(f"evenness {rounded_down(mile.evenness.score)} of 100")
    baseline = whole.height - 44
    yield _text(_MARGIN, baseline, " · ".join(words), 22, colors.soft)
    yield _text(whole.width - _MARGIN, baseline, "miler", 24, colors.mile, bold=True, anchor="end")


def _shortened(words: str) -> str:
    """Cut a name to the room that it has; a Chinese letter takes that of two Latin ones."""
    ends = list(accumulate(2 if east_asian_width(letter) in "WF" else 1 for letter in words))
    if not ends or ends[-1] <= _LONGEST_TITLE:
        return words
    return words[: bisect_right(ends, _LONGEST_TITLE - 1)].rstrip() + "…"


def _rect(box: _Box, color: str) -> str:
    place = f'x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}"'
    return f'<rect {place} fill="{color}"/>'


def _text(
    x: float,
    y: float,
    words: str,
    size: float,
    color: str,
    *,
    bold: bool = False,
    anchor: str = "start",
    spaced: bool = False,
) -> str:
    weight = ' font-weight="700"' if bold else ""
    spacing = f' letter-spacing="{size * 0.08:.1f}"' if spaced else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:.1f}" fill="{color}" text-anchor="{anchor}"'
        f"{weight}{spacing}>{_safe(words)}</text>"
    )


def _safe(words: str) -> str:
    # XML has no place for these two, which are no control characters either.
    return escape(re.sub("[\ufffe\uffff]", "\ufffd", printable(words)))
