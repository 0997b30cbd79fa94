"""What a report costs its reader: `python -m benchmarks.reports [--plotly]`.

A one-hour run as one HTML file, opened from the disk in headless Chromium: when it first paints, when it
is done, how large it is with its script and without. With `--plotly` the same data as a chart of plotly's,
its script written into the page, is opened beside it: that is the comparison in design/charts.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import importlib.util
import json
import shutil
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.bar import Bar, skipped
from benchmarks.hours import one_hour
from miler.analysis import Analysis, analyse
from miler.formats import decode
from miler.report.charts import pace_chart
from miler.report.html import render, script

GOAL_PAINT_MS, GOAL_SHARED_KB, GOAL_ALONE_KB = 1000, 300, 6000
TIMES = 5


@dataclass(frozen=True)
class Opened:
    """A page in a browser: milliseconds from its address to the first paint and to the end of loading."""

    painted_ms: float
    loaded_ms: float
    wrong: tuple[str, ...]


def hour() -> Analysis:
    """Analyse a run of an hour."""
    (activity,) = decode(one_hour(1), name="hour.fit")
    return analyse(activity)


def opened(page: str, times: int) -> Opened:
    """Open a page several times, each in a context of its own; medians, and what the browser complains of."""
    from playwright.sync_api import sync_playwright

    timings: list[Any] = []
    wrong: dict[str, None] = {}
    with TemporaryDirectory() as folder, sync_playwright() as running:
        path = Path(folder) / "report.html"
        path.write_text(page, encoding="utf-8")
        browser = running.chromium.launch(executable_path=_chromium(), args=["--no-sandbox", "--disable-gpu"])
        for _ in range(times):
            tab = browser.new_context().new_page()
            tab.on("console", lambda said: wrong.setdefault(said.text))
            tab.on("pageerror", lambda error: wrong.setdefault(str(error)))
            tab.goto(path.as_uri())
            timings.append(
                tab.evaluate(
                    """async () => {
                      const painted = await new Promise((done) => new PerformanceObserver(
                        (list) => done(list.getEntries()[0].startTime)
                      ).observe({ type: "paint", buffered: true }));
                      const [all] = performance.getEntriesByType("navigation");
                      return [painted, all.loadEventEnd];
                    }"""
                )
            )
            tab.context.close()
        browser.close()
    painted_ms, loaded_ms = (statistics.median(column) for column in zip(*timings, strict=True))
    return Opened(painted_ms, loaded_ms, tuple(wrong))


def with_plotly(analysis: Analysis) -> str:
    """The pace chart alone, drawn by plotly under the policy that comes nearest to the report's."""
    from plotly.offline import get_plotlyjs

    chart = pace_chart(analysis.trace, None, "mi")
    assert chart is not None
    line = {"x": chart.at, "y": analysis.trace.speed_mps.tolist(), "mode": "lines"}
    heart = {"x": chart.at, "y": analysis.trace.heart_rate_bpm.tolist(), "yaxis": "y2", "mode": "lines"}
    layout = {"yaxis2": {"overlaying": "y", "side": "right"}}
    draw = f'Plotly.newPlot("chart", {json.dumps([line, heart])}, {json.dumps(layout)})'
    texts = {"style-src": [""], "script-src": [get_plotlyjs(), draw]}
    policy = "; ".join(f"{name} {' '.join(map(_hashed, given))}" for name, given in texts.items())
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>plotly</title>'
        f'<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; {policy}; img-src data:">'
        '</head><body><h1>plotly</h1><div id="chart"></div>'
        f"<script>{get_plotlyjs()}</script><script>{draw}</script></body></html>"
    )


def _hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("google-chrome")


def bars(short: bool) -> Iterator[Bar]:
    """Measure the bars of the report of one activity."""
    analysis = hour()
    alone, shared = render([analysis]), render([analysis], script_at="report.js")
    kilobytes = [len(page.encode()) / 1000 for page in (alone, shared)]
    yield Bar("report of an hour, one file", f"{kilobytes[0]:.0f} kB", f"< {GOAL_ALONE_KB} kB",
              kilobytes[0] < GOAL_ALONE_KB)  # fmt: skip
    yield Bar("the same beside its script", f"{kilobytes[1]:.0f} kB, {len(script()) / 1000:.0f} kB shared",
              f"< {GOAL_SHARED_KB} kB", kilobytes[1] < GOAL_SHARED_KB)  # fmt: skip
    same = render([hour()]) == alone
    yield Bar("the same, read and written again", "the same bytes" if same else "other bytes",
              "the same bytes", same)  # fmt: skip
    name, goal = "report of an hour, first paint in headless Chromium", f"< {GOAL_PAINT_MS} ms"
    if _chromium() is None or importlib.util.find_spec("playwright") is None:
        yield skipped(name, goal, "no Chromium, or no playwright")
        return
    found = opened(alone, 3 if short else TIMES)
    yield Bar(name, f"{found.painted_ms:.0f} ms, all loaded after {found.loaded_ms:.0f} ms", goal,
              found.painted_ms < GOAL_PAINT_MS, timed=True)  # fmt: skip
    wrong = "; ".join(found.wrong)
    yield Bar("what the browser complains of in it", wrong or "nothing", "nothing", not wrong)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plotly", action="store_true", help="also a chart of plotly's")
    options = parser.parse_args()
    for bar in bars(short=False):
        print(f"{bar.name:<56}  {bar.figure:<44}  {bar.goal:<16}  {bar.met}")
    if options.plotly:
        page = with_plotly(hour())
        found = opened(page, TIMES)
        print(f"plotly: {len(page.encode()) / 1000:.0f} kB, first paint {found.painted_ms:.0f} ms,"
              f" loaded after {found.loaded_ms:.0f} ms; complaints: {len(found.wrong)}")  # fmt: skip
        print("\n".join(found.wrong))


if __name__ == "__main__":
    main()
