"""The figures of the guide, drawn from recordings that the project made: `python -m devtools.figures`.

Each has paper of its own and follows the system's light or dark, so that it can be read on any page. The same
code draws the same bytes; `tests/test_docs.py` holds the committed figures to that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

import miler
from devtools.guide import DOCS, ROOT
from miler.activity import Activity
from miler.arrays import FloatArray
from miler.confidence import Z95
from miler.odometer import Odometer
from miler.report.card import card
from miler.report.oval_svg import oval_chart
from miler.scoring import score_of, shape_of
from miler.units import MILE_M

PICTURES = DOCS / "pictures"
SAMPLES = ROOT / "sample_files"

_STYLE = """
  svg { font-family: Roboto, 'Helvetica Neue', Arial, sans-serif; font-size: 15px; }
  .paper { fill: #fbfaf6; } text { fill: #5d584f; } .ink { fill: #1f1d1a; } .bar { fill: #8d8778; }
  .strong { fill: #ab3a12; font-weight: 600; } .dot { fill: #5d584f; } .mark { fill: #ab3a12; }
  .band { fill: #ab3a12; opacity: 0.13; } .rule { stroke: #cfc9b8; fill: none; }
  .thin { stroke: #5d584f; stroke-width: 1.5; fill: none; }
  .line { stroke: #1f1d1a; stroke-width: 2; fill: none; }
  .best, .dash { stroke: #ab3a12; stroke-width: 3; fill: none; }
  .dash { stroke-width: 1.5; stroke-dasharray: 5 4; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #15171a; } text { fill: #aaa59b; } .ink { fill: #ebe8e1; } .bar { fill: #7d7a74; }
    .strong { fill: #ff9468; } .dot { fill: #aaa59b; } .mark, .band { fill: #ff9468; }
    .rule { stroke: #43474c; } .thin { stroke: #aaa59b; } .line { stroke: #ebe8e1; }
    .best, .dash { stroke: #ff9468; }
  }
"""


@dataclass
class Figure:
    """A drawing with axes: what is added is placed by values, not by pixels.

    Attributes:
        title: for those who cannot see it.
        x, y: first and last value of each axis, left to right and bottom to top.
        size: of the picture, pixels.
        margin: left, top, right and bottom of the plot, pixels.
    """

    title: str
    x: tuple[float, float]
    y: tuple[float, float]
    size: tuple[int, int] = (760, 380)
    margin: tuple[int, int, int, int] = (70, 24, 24, 56)
    parts: list[str] = field(default_factory=list)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a pair of values lies, pixels."""
        left, top, right, bottom = self.margin
        wide, high = self.size[0] - left - right, self.size[1] - top - bottom
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return left + wide * across, top + high * (1 - up)

    def path(self, xs: Sequence[float] | FloatArray, ys: Sequence[float] | FloatArray, kind: str) -> None:
        """Add a line through points."""
        places = (self.at(float(x), float(y)) for x, y in zip(xs, ys, strict=True))
        self.parts.append(f'<path class="{kind}" d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in places)}"/>')

    def dots(self, xs: FloatArray, ys: FloatArray, kind: str, radius: float = 3.5) -> None:
        """Add a dot at each point."""
        for x, y in zip(xs.tolist(), ys.tolist(), strict=True):
            across, down = self.at(x, y)
            self.parts.append(f'<circle class="{kind}" cx="{across:.1f}" cy="{down:.1f}" r="{radius:g}"/>')

    def box(self, x: tuple[float, float], y: tuple[float, float], kind: str) -> None:
        """Add a filled rectangle between two pairs of values."""
        left, bottom = self.at(x[0], y[0])
        right, top = self.at(x[1], y[1])
        self.parts.append(
            f'<rect class="{kind}" x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}"'
            f' height="{bottom - top:.1f}"/>'
        )

    def say(
        self,
        x: float,
        y: float,
        text: str,
        kind: str = "",
        *,
        anchor: str = "start",
        off: tuple[int, int] = (0, 0),
    ) -> None:
        """Write beside a point, some pixels off it."""
        across, down = self.at(x, y)
        self.parts.append(
            f'<text class="{kind}" x="{across + off[0]:.1f}" y="{down + off[1]:.1f}" text-anchor="{anchor}">'
            f"{escape(text)}</text>"
        )

    def axes(
        self,
        across: Sequence[tuple[float, str]],
        up: Sequence[tuple[float, str]],
        names: tuple[str, str],
    ) -> None:
        """Add rules and labels at values of both axes, and what the axes are."""
        for value, label in up:
            self.path(self.x, (value, value), "rule")
            self.say(self.x[0], value, label, anchor="end", off=(-8, 5))
        for value, label in across:
            self.path((value, value), (self.y[0], self.y[0] + (self.y[1] - self.y[0]) * 0.02), "thin")
            self.say(value, self.y[0], label, anchor="middle", off=(0, 20))
        self.say(self.x[1], self.y[0], names[0], anchor="end", off=(0, 42))
        self.say(self.x[0], self.y[1], names[1], off=(6, 14))

    def svg(self) -> str:
        """Return the picture."""
        wide, high = self.size
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}"'
            f' viewBox="0 0 {wide} {high}" role="img">\n<title>{escape(self.title)}</title>\n'
            f'<style>{_STYLE}</style>\n<rect class="paper" width="{wide}" height="{high}" rx="6"/>\n'
            + "\n".join(self.parts)
            + "\n</svg>\n"
        )


def walked(*legs: tuple[float, float]) -> Activity:
    """Return a run of legs, each so many seconds at so many metres a second, recorded every second."""
    speeds = np.concatenate([np.full(round(seconds), speed) for seconds, speed in legs])
    metres = np.concatenate([[0.0], np.cumsum(speeds)])
    return Activity(
        start_time=None,
        elapsed=np.arange(len(metres), dtype=float),
        streams={"distance": metres},
        sport="running",
        timer_events=True,
    )


def clock(seconds: float) -> str:
    """Write whole seconds as a clock does, rounded up: 65 is 1:05."""
    minutes, rest = divmod(math.ceil(seconds - 1e-6), 60)
    return f"{minutes}:{rest:02d}"


def took_s(odometer: Odometer, starts_m: FloatArray, length_m: float) -> FloatArray:
    """Return the clock time of the windows of a length that begin at each of some marks, seconds."""
    return odometer.arrival(starts_m + length_m) - odometer.departure(starts_m)


def exact_mile() -> str:
    """Draw the time of each mile of a recording, and of those that begin and end on records."""
    odometer = miler.measure(miler.read(SAMPLES / "truncated.fit"))
    best = miler.fastest(odometer, MILE_M)
    assert best is not None
    starts = np.linspace(best.start_m - 45.0, best.start_m + 45.0, 1801)
    marks = odometer.marks[(odometer.marks > starts[0]) & (odometer.marks < starts[-1])]
    # A window of records is the first record that is a mile or more after the one it begins at.
    ends = odometer.marks[np.searchsorted(odometer.marks, marks + MILE_M)]
    snapped = odometer.arrival(ends) - odometer.departure(marks)
    times = took_s(odometer, starts, MILE_M)
    low, high = float(times.min()) - 1.0, float(max(times.max(), snapped.max())) + 1.2
    figure = Figure(
        "The time of a mile by where it begins", (float(starts[0]), float(starts[-1])), (low, high)
    )
    ticks = np.arange(np.ceil(low), high, 2.0).tolist()
    figure.axes(
        [(float(m), f"{m:.0f} m") for m in np.arange(np.ceil(starts[0] / 20) * 20, starts[-1], 20.0)],
        [(t, clock(t)) for t in ticks],
        ("where the mile begins", "how long it took"),
    )
    figure.path(starts, times, "line")
    figure.dots(marks, snapped, "dot", 4.5)
    figure.dots(np.array([best.start_m]), np.array([best.elapsed_s]), "mark", 6)
    figure.say(
        best.start_m, best.elapsed_s, f"the exact minimum, {best.elapsed_s:.2f} s", "strong", off=(10, 16)
    )
    quickest = int(np.argmin(snapped))
    figure.say(
        float(marks[quickest]),
        float(snapped[quickest]),
        f"from record to record: {snapped[quickest]:.0f} s at best",
        off=(8, -10),
    )
    return figure.svg()


def two_clocks() -> str:
    """Draw the timetable of a runner who stops once: when each mark was reached, and when it was left."""
    odometer = miler.measure(walked((40, 3.5), (25, 0.0), (45, 3.5)))
    figure = Figure("A timetable of a run with a stop", (0.0, 300.0), (0.0, 115.0))
    figure.axes(
        [(m, f"{m:.0f} m") for m in (0, 50, 100, 150, 200, 250)],
        [(t, clock(t)) for t in (0, 30, 60, 90)],
        ("distance", "clock"),
    )
    distances = np.repeat(odometer.marks, 2)
    clocks = np.column_stack((odometer.arrives, odometer.departs)).ravel()
    figure.path(distances, clocks, "line")
    stop = int(np.argmax(odometer.departs - odometer.arrives))
    at, arrives, departs = (float(a[stop]) for a in (odometer.marks, odometer.arrives, odometer.departs))
    figure.path((at, at), (arrives, departs), "best")
    figure.dots(np.array([at, at]), np.array([arrives, departs]), "mark", 5)
    figure.say(at, arrives, f"arrives {clock(arrives)}", "strong", off=(12, 6))
    figure.say(at, departs, f"departs {clock(departs)}", "strong", anchor="end", off=(-10, 0))
    figure.path((40, at), (5, 5), "thin")
    figure.say(40, 5, "ends here: counts to the arrival", off=(0, -8))
    figure.path((at, 240), (12, 12), "thin")
    figure.say(at, 12, "begins here: counts from the departure", off=(6, -8))
    return figure.svg()


def uncertainty() -> str:
    """Draw the fastest time of lengths about a mile, of a runner who stops at it, and the interval."""
    odometer = miler.measure(walked((300, 2.6), (60, 0.0), (350, 4.6), (60, 0.0), (300, 2.6)))
    off_m = Z95 * 0.011 * MILE_M
    lengths = np.linspace(MILE_M - 60, MILE_M + 60, 481)
    times = np.array([miler.fastest(odometer, float(m)).elapsed_s for m in lengths])  # type: ignore[union-attr]
    low, mid, high = (float(np.interp(MILE_M + m, lengths, times)) for m in (-off_m, 0.0, off_m))
    floor, roof = float(times[0]) - 4, float(times[-1]) + 6
    figure = Figure(
        "The interval of a time, from that of its distance", (lengths[0], lengths[-1]), (floor, roof)
    )
    figure.box((MILE_M - off_m, MILE_M + off_m), (floor, roof), "band")
    figure.axes(
        [(MILE_M + m, f"{m:+.0f} m" if m else "1 mile") for m in (-50, -25, 0, 25, 50)],
        [(t, clock(t)) for t in np.arange(np.ceil(floor / 20) * 20, roof, 20.0).tolist()],
        ("what the odometer may have been off by", "fastest time of that length"),
    )
    figure.path(lengths, times, "line")
    for value, off in ((low, -off_m), (high, off_m)):
        figure.path((lengths[0], MILE_M + off), (value, value), "dash")
    figure.dots(np.array([MILE_M]), np.array([mid]), "mark", 6)
    told = f"{clock(mid)} ({clock(low)} to {clock(high)})"
    figure.say(MILE_M, mid, told, "strong", off=(14, 20))
    figure.say(lengths[0], high, "too many metres counted: the mile had to take in a rest", off=(8, -8))
    return figure.svg()


def oval() -> str:
    """Draw the fixes of a session on a track, and the lane that they tell."""
    result = miler.analyse(miler.read(SAMPLES / "track-mile.fit"))
    assert result.track is not None and result.track.drawing is not None
    chart = oval_chart(result.track.drawing)
    left, top, wide, high = chart.box
    figure = Figure("Fixes of a session, and the lane", (0, 1), (0, 1), (760, round(720 * high / wide) + 70))
    scale = 720 / wide
    figure.parts = [
        f'<g transform="translate({20 - left * scale:.1f} {20 - top * scale:.1f}) scale({scale:.3f})">'
        f'<path class="rule" style="stroke-width:0.4" d="{chart.kerb}"/>'
        f'<path class="rule" style="stroke-width:0.4" d="{chart.outside}"/>'
        f'<path class="thin" style="stroke-width:1.1;stroke-linecap:round" d="{chart.fixes}"/>'
        f'<path class="best" style="stroke-width:0.9" d="{chart.lane}"/>'
        f'<path class="line" style="stroke-width:0.8" d="{chart.finish}"/></g>'
    ]
    down = figure.size[1] - 20
    figure.parts.append(f'<text x="30" y="{down}">dots: the fixes of the watch</text>')
    figure.parts.append(f'<text class="strong" x="290" y="{down}">line: lane 1, 400 m a lap</text>')
    figure.parts.append(f'<text x="530" y="{down}">across: where lap was pressed</text>')
    return figure.svg()


def evenness() -> str:
    """Draw the score over the coefficient of variation, with what was published of record and other races."""
    figure = Figure("The evenness score", (0.0, 10.0), (0.0, 105.0))
    for (first, last), said in {(1.5, 3.0): "mile records", (5.2, 9.1): "championship finals"}.items():
        figure.box((first, last), (0.0, 105.0), "band")
        figure.say((first + last) / 2, 0.0, said, anchor="middle", off=(0, -10))
    figure.axes(
        [(c, f"{c} %") for c in range(0, 11, 2)],
        [(s, f"{s}") for s in (0, 25, 50, 75, 100)],
        ("coefficient of variation of the quarters", ""),
    )
    spreads = np.linspace(0, 10, 101)
    figure.path(spreads, [score_of(float(c)) for c in spreads], "line")
    figure.dots(np.array([6.0]), np.array([score_of(6.0)]), "mark", 6)
    figure.say(6.0, score_of(6.0), "50 at 6 %", "strong", off=(12, -6))
    figure.path((1.0, 1.0), (0.0, 105.0), "dash")
    figure.say(1.0, 12.0, "what GPS alone shows", off=(6, 0))
    return figure.svg()


SHAPES = {
    "even": (80.0, 80.0, 80.0, 80.0),
    "negative": (82.0, 81.0, 79.0, 78.0),
    "positive": (78.0, 79.0, 81.0, 82.0),
    "U": (78.0, 82.0, 82.0, 78.0),
    "J": (80.5, 82.0, 82.0, 76.5),
    "reverse J": (76.5, 82.0, 82.0, 80.5),
}


def shapes() -> str:
    """Draw the quarters of each shape, faster is higher; the words are those of the code."""
    figure = Figure("Shapes of a mile", (0.0, 6.0), (-7.5, 6.0), (760, 240), (24, 20, 24, 20))
    for number, (name, quarters) in enumerate(SHAPES.items()):
        assert shape_of(quarters) == name, (name, shape_of(quarters))
        for quarter, seconds in enumerate(quarters):
            left, faster = number + 0.1 + quarter * 0.2, 80.0 - seconds
            figure.box((left, left + 0.17), (min(faster, 0.0) - 0.06, max(faster, 0.0) + 0.06), "bar")
        figure.path((number + 0.06, number + 0.94), (0.0, 0.0), "rule")
        figure.say(number + 0.5, -7.0, name, "ink", anchor="middle")
    return figure.svg()


def sample_card() -> str:
    """Draw the card of the sample file that was run on a track."""
    result = miler.analyse(miler.read(SAMPLES / "track-mile.fit"))
    return card(result)


FIGURES: dict[str, Callable[[], str]] = {
    "card.svg": sample_card,
    "exact-mile.svg": exact_mile,
    "two-clocks.svg": two_clocks,
    "uncertainty.svg": uncertainty,
    "oval.svg": oval,
    "evenness.svg": evenness,
    "shapes.svg": shapes,
}


def main(folder: Path = PICTURES) -> None:
    """Draw all."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in FIGURES.items():
        (folder / name).write_text(draw(), encoding="utf-8")


if __name__ == "__main__":
    main()
