"""What a runner relies on when he keeps, prints or passes on the page."""

from __future__ import annotations

import base64
import hashlib
import itertools
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.bar import CORPUS
from miler.activity import Activity, Lap, Note, Source
from miler.analysis import Analysis, analyse
from miler.effort import Split
from miler.errors import MilerError
from miler.formats import decode
from miler.report import charts, tables
from miler.report.html import render, script
from miler.report.words import FLAGS, sure_time, told_time
from miler.scoring import Behind
from miler.settings import Settings
from miler.shown import printable
from miler.trace import Trace
from miler.units import MILE_M, format_duration, format_pace, format_splits

SAMPLES = Path(__file__).parents[1] / "sample_files"

VOID = {"meta", "link", "br", "hr", "img", "input"}
HOSTILE = (
    '"><script>alert(\'x\')</script><a href="javascript:alert(1)">&amp;\x00\x1b[31m\u202e\u2066\ud800\r\n'
)


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def all(self, tag: str) -> list[Element]:
        return [e for e in self.walk() if e.tag == tag]

    def walk(self) -> Iterator[Element]:
        yield self
        for child in self.children:
            yield from child.walk()

    def words(self) -> str:
        return " ".join(self.text.split())


class Page(HTMLParser):
    """A page as a tree; a tag that is not closed, or closed out of order, is an error."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.root = Element("", {})
        self.open = [self.root]
        self.feed(source)
        self.close()
        assert [e.tag for e in self.open] == [""], "an element is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        assert len(element.attributes) == len(attrs), f"an attribute of {tag} comes twice"
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data


@cache
def sample(name: str, settings: Settings | None = None) -> Analysis:
    (activity,) = decode((SAMPLES / name).read_bytes(), name=name)
    return analyse(activity, settings)


@cache
def page(name: str) -> Element:
    return Page(render([sample(name)])).root


def jog(metres: float = 3000.0, **said: object) -> Activity:
    """An even run at 4 m/s, one record a second."""
    elapsed = np.arange(0.0, metres / 4 + 1)
    activity = Activity(
        datetime(2026, 5, 9, 17, 2, tzinfo=UTC), elapsed, {"distance": elapsed * 4}, "running"
    )
    return replace(activity, **said)  # type: ignore[arg-type]


def rows(root: Element, caption: str) -> list[dict[str, str]]:
    """The table whose caption starts so: a mapping of head to cell for each row."""
    (table,) = (t for t in root.all("table") if t.all("caption")[0].words().startswith(caption))
    heads = [th.words() for th in table.all("thead")[0].all("th")]
    return [
        dict(zip(heads, [c.words() for c in tr.children], strict=True))
        for tr in table.all("tbody")[0].all("tr")
    ]


samples = pytest.mark.parametrize(
    "name", sorted(p.name for p in SAMPLES.glob("*.*") if p.suffix not in (".md", ".json"))
)


@samples
def test_the_page_is_well_formed_with_one_heading_and_landmarks(name: str) -> None:
    root = page(name)
    assert [len(root.all(tag)) for tag in ("html", "h1", "main")] == [1, 1, 1]
    assert root.all("html")[0].attributes["lang"] == "en"
    levels = [int(e.tag[1]) for e in root.walk() if re.fullmatch(r"h[1-6]", e.tag)]
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def policy(root: Element) -> str:
    (found,) = (m.attributes["content"] for m in root.all("meta") if "http-equiv" in m.attributes)
    return found


@samples
def test_the_page_fetches_nothing_and_runs_only_its_own_script(name: str) -> None:
    source = render([sample(name)])
    used = {(e.tag, a): v for e in page(name).walk() for a, v in e.attributes.items()}
    assert not {e.tag for e in page(name).walk()} & {"link", "iframe", "object", "embed", "base", "img"}
    assert not [key for key in used if key[1] in ("src", "srcset", "style") or key[1].startswith("on")]
    assert not re.search(r"url\(|@import|https?:|javascript:|fetch\(|import\(", source)


@samples
def test_the_policy_allows_exactly_the_style_and_the_script_that_are_there(name: str) -> None:
    source = render([sample(name)])
    hashes = [
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for tag in ("style", "script")
        for text in re.findall(rf"<{tag}>(.*?)</{tag}>", source, re.DOTALL)
    ]
    told = "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:;"
    assert policy(page(name)).startswith(told.format(*hashes))


def test_a_page_of_a_folder_takes_its_script_from_beside_it_and_from_nowhere_else() -> None:
    root = Page(render([sample("track-mile.fit")], script_at="report.js")).root
    (run,) = (s for s in root.all("script") if s.attributes.get("type") != "application/json")
    assert (run.attributes, run.text) == ({"src": "report.js"}, "")
    assert "script-src 'self' file:;" in policy(root)
    assert script() not in render([sample("track-mile.fit")], script_at="report.js")


@samples
def test_names_of_elements_are_unique_and_every_reference_is_met(name: str) -> None:
    root = Page(render([sample(name), sample(name)])).root
    ids = Counter(e.attributes["id"] for e in root.walk() if "id" in e.attributes)
    assert max(ids.values()) == 1
    labels = [
        e.attributes["aria-labelledby"].split() for e in root.walk() if "aria-labelledby" in e.attributes
    ]
    links = [e.attributes["href"] for e in root.all("a")]
    assert {i for label in labels for i in label} <= set(ids)
    assert [link[0] for link in links] == ["#", "#"] and {link[1:] for link in links} <= set(ids)


@samples
def test_every_table_has_a_caption_and_heads_for_each_row_and_column(name: str) -> None:
    found = page(name).all("table")
    assert found
    for table in found:
        assert table.all("caption")[0].words()
        heads = table.all("thead")[0].all("th")
        assert {th.attributes["scope"] for th in heads} == {"col"}
        for row in table.all("tbody")[0].all("tr"):
            assert row.children[0].attributes["scope"] == "row"
            assert len(row.children) == len(heads)
            assert all(cell.words() for cell in row.children)


@samples
def test_every_chart_is_named_and_described_for_those_who_cannot_see_it(name: str) -> None:
    outer = [svg for figure in page(name).all("figure") for svg in figure.children if svg.tag == "svg"]
    assert outer
    for svg in outer:
        assert svg.attributes["role"] == "img"
        told = {e.attributes["id"]: e.words() for e in svg.children if e.tag in ("title", "desc")}
        assert list(told) == svg.attributes["aria-labelledby"].split()
        assert all(told.values())


@samples
def test_an_hour_on_a_page_is_small(name: str) -> None:
    assert len(render([sample(name)]).encode()) < 200_000


@samples
def test_no_line_ends_between_a_number_and_its_unit(name: str) -> None:
    parted = re.findall(r"\d (?:%|(?:k?m|s|mi|miles?|bpm|/km|/mi)\b)|± \d", page(name).all("body")[0].text)
    assert not parted


def test_equal_input_gives_equal_bytes() -> None:
    data = (SAMPLES / "track-mile.fit").read_bytes()
    first, second = (render([analyse(decode(data, name="x.fit")[0])]) for _ in range(2))
    assert first == second


def test_the_headline_is_the_fastest_mile_with_its_clock() -> None:
    mile = sample("track-mile.fit").mile
    assert mile is not None
    (headline,) = (e for e in page("track-mile.fit").walk() if e.attributes.get("class") == "result")
    lines = [p.words() for p in headline.children]
    assert lines[0] == sure_time(mile.effort)
    assert lines[1] == "fastest mile, elapsed clock"
    pace = mile.effort.pace_s_per_km
    assert lines[2] == f"{format_pace(pace, 'mi')} · {format_pace(pace, 'km')}"


def test_quarters_show_time_sum_deviation_and_seconds_behind_the_record() -> None:
    mile = sample("track-mile.fit").mile
    assert mile is not None
    shown = rows(page("track-mile.fit"), "Quarters")
    assert [r["Time"] for r in shown] == ["1:21", "1:23", "1:24", "1:20"]
    assert shown[-1]["Cumulative"] == told_time(mile.effort)
    mean_s = mile.effort.elapsed_s / 4
    deviations = [float(r["To mean, s"].replace("−", "-")) for r in shown]
    assert deviations == pytest.approx([q.elapsed_s - mean_s for q in mile.quarters], abs=0.5)
    record = mile.records[0]
    finish_s = math.ceil(record.behind[-1].behind_s - 1e-6)
    unit = " s" if finish_s < 60 else ""
    assert shown[-1][f"Behind {record.holder}"] == f"+{format_duration(finish_s, 0)}{unit}"


def test_track_laps_have_the_lead_in_in_the_first() -> None:
    shown = rows(page("track-mile.fit"), "The mile as a coach writes it")
    assert [r["Length, m"] for r in shown] == ["409.344", "400", "400", "400"]


def test_each_record_is_shown_with_holder_status_and_share_of_its_speed() -> None:
    mile = sample("track-mile.fit").mile
    assert mile is not None
    shown = rows(page("track-mile.fit"), "Behind the records")
    assert [(r["Holder"], r["Record"], r["Status"]) for r in shown] == [
        (c.holder, c.label, c.status) for c in mile.records
    ]
    for row, record in zip(shown, mile.records, strict=True):
        assert 0 <= record.percent - float(row["Your speed"].removesuffix(" %")) < 0.1 + 1e-9


def written(splits: Sequence[Split]) -> list[str]:
    return [time for time, _ in format_splits((s.elapsed_s for s in splits), 0)]


def test_efforts_splits_and_watch_laps_are_all_there() -> None:
    analysis, root = sample("track-mile.fit"), page("track-mile.fit")
    times = [r["Elapsed, ± 95 %"] for r in rows(root, "Fastest stretch")]
    assert times == [sure_time(e) for e in analysis.efforts]
    assert [r["Time"] for r in rows(root, "Kilometre")] == written(analysis.km)
    assert [r["Time"] for r in rows(root, "Mile")] == written(analysis.miles)
    assert [r["Elapsed"] for r in rows(root, "Laps of the watch")] == [
        format_duration(lap.elapsed_s) for lap in analysis.laps
    ]


def test_watch_laps_stand_beside_what_the_odometer_counted() -> None:
    laps = (Lap(1, "manual", 0.0, 250.0, 250.0, 990.0), Lap(2, "manual", 250.0, 500.0, None, None))
    shown = rows(Page(render([analyse(jog(laps=laps))])).root, "Laps of the watch")
    assert [(r["Watch, m"], r["Miler, m"]) for r in shown] == [("990", "1 000"), ("–", "2 000")]


def test_a_column_that_no_row_fills_is_left_out() -> None:
    (table, *_) = Page(render([analyse(jog())])).root.all("table")
    heads = [th.words() for th in table.all("thead")[0].all("th")]
    assert "Time" in heads and "Heart rate, bpm" not in heads


def test_the_readers_own_unit_comes_first() -> None:
    for units, other in (("km", "mi"), ("mi", "km")):
        root = Page(render([analyse(jog(), Settings.from_mapping({"units": units}))])).root
        heads = list(rows(root, "Quarters")[0])
        assert heads.index(f"Pace /{units}") < heads.index(f"Pace /{other}")
        (plot,) = (e for e in root.all("svg") if e.attributes.get("class") == "pace-plot")
        assert f"/{units}" in [text.words() for text in plot.all("text")]


def test_flags_of_the_mile_are_told_in_plain_words() -> None:
    analysis = analyse(jog())
    assert analysis.mile is not None
    flagged = replace(analysis.mile.effort, flags=tuple(FLAGS), timer_s=analysis.mile.effort.timer_s - 30)
    root = Page(render([replace(analysis, mile=replace(analysis.mile, effort=flagged))])).root
    told = [e.words() for e in root.walk() if e.attributes.get("class") == "flag"]
    for words, said in zip(told, FLAGS.values(), strict=True):
        assert words.lower().startswith(said.lower())
    assert sum(format_duration(flagged.timer_s) in p.words() for p in root.all("p")) == 1


def test_damage_is_noted_before_findings() -> None:
    notes = (Note("b", "finding", "a fact"), Note("a", "damage", "a break", at_s=61.0))
    root = Page(render([analyse(jog(notes=notes))])).root
    (listed,) = (e for e in root.all("ul") if e.attributes.get("class") == "notes")
    assert [li.words() for li in listed.children] == ["damage a break, at 1:01", "finding a fact"]


def test_a_run_without_a_mile_says_so_and_shows_the_rest() -> None:
    root = Page(render([analyse(jog(1240.0))])).root
    (said,) = (e.words() for e in root.walk() if e.attributes.get("class") == "no-mile")
    assert said.startswith("No mile") and "1 240 m" in said
    assert rows(root, "Kilometre splits")
    assert not [e for e in root.walk() if e.attributes.get("class") == "result"]


def test_a_recording_of_nothing_still_gives_a_page() -> None:
    root = Page(render([analyse(Activity(None, np.empty(0), {}))])).root
    assert "date unknown" in root.text
    assert not root.all("figure")


def test_no_activities_give_a_page_that_says_so() -> None:
    assert "No activities" in Page(render([])).root.all("main")[0].text


def test_several_activities_have_a_list_of_contents_and_one_has_none() -> None:
    assert not page("track-mile.fit").all("nav")
    root = Page(render([analyse(jog()), analyse(jog(500.0)), sample("treadmill.fit")])).root
    assert len(root.all("article")) == 3
    listed = [li.words() for li in root.all("nav")[0].all("li")]
    assert len(listed) == 3 and listed[1].endswith("no mile")


def test_of_several_activities_each_names_its_file() -> None:
    def named(root: Element) -> list[str]:
        return [e.words() for e in root.walk() if e.attributes.get("class") == "file"]

    assert named(page("track-mile.fit")) == []
    both = [sample("track-mile.fit"), sample("treadmill.fit")]
    assert named(Page(render(both)).root) == ["track-mile.fit", "treadmill.fit"]


@cache
def page_with(name: str, device: str, trigger: str, note: str, file: str, sport: str) -> Element:
    activity = jog(
        2000.0,
        name=name,
        device=device,
        sport=sport,
        laps=(Lap(1, trigger, 0.0, 500.0, 500.0, 2000.0),),
        notes=(Note("odd", "finding", note),),
        source=Source(name=file),
    )
    source = render([analyse(activity, Settings(sports=(sport,)))])
    source.encode()  # lone surrogates cannot be written to a file
    lines = source.split("\n")
    assert [printable(line) for line in lines] == lines
    return Page(source).root


@settings(max_examples=30)
@given(st.lists(st.text() | st.just(HOSTILE), min_size=6, max_size=6))
def test_no_text_of_a_file_can_become_markup(texts: Sequence[str]) -> None:
    safe, root = page_with("a", "b", "c", "d", "e", "f"), page_with(*(f"a{text}" for text in texts))
    tags = [e.tag for e in root.walk()]
    assert [t for t in tags if t != "br"] == [e.tag for e in safe.walk() if e.tag != "br"]
    assert root.all("h2")[0].text == printable(f"a{texts[0]}")


def trace(speeds: np.ndarray, **columns: np.ndarray) -> Trace:
    """A run of one sample every five seconds, with nothing else known but what is said."""
    elapsed = np.arange(len(speeds), dtype=np.float64) * 5.0
    names = ("heart_rate_bpm", "altitude_m", "cadence_spm", "power_w", "east_m", "north_m")
    known = {name: np.full(len(speeds), np.nan) for name in names} | columns
    return Trace(elapsed, np.cumsum(speeds * 5), speeds, **known)


TRACES = st.integers(2, 40).flatmap(
    lambda n: st.tuples(
        st.lists(st.floats(0, 12), min_size=n, max_size=n),
        st.lists(st.floats(40, 220) | st.just(math.nan), min_size=n, max_size=n),
        st.lists(st.floats(-400, 5000) | st.just(math.nan), min_size=n, max_size=n),
    )
)


@given(TRACES)
def test_curves_and_ticks_stay_inside_the_plot(columns: tuple[list[float], list[float], list[float]]) -> None:
    speeds, hearts, hills = (np.array(column) for column in columns)
    run = trace(speeds, heart_rate_bpm=hearts, altitude_m=hills, cadence_spm=hearts, power_w=hills)
    chart = charts.pace_chart(run, None, "km")
    if chart is None:
        assert np.ptp(run.distance_m) < 1
        return
    for curve in chart.curves:
        assert len(curve.said) == len(chart.at) == len(speeds)
        if curve.key == "elevation":
            continue
        points = np.array([int(number) for number in re.findall(r"\d+", curve.path)]).reshape(-1, 2)
        assert ((points >= 0) & (points <= (charts.GRID_X, charts.GRID_Y))).all()
    for ticks in (chart.pace_ticks, chart.distance_ticks, chart.heart_ticks):
        assert all(0 <= tick.at <= 100 for tick in ticks)
        assert len({tick.text for tick in ticks}) == len(ticks) <= 12


def test_faster_is_higher_and_a_stop_runs_along_the_lower_edge() -> None:
    speeds = np.concatenate((np.full(50, 3.0), np.zeros(50), np.full(50, 5.0)))
    chart = charts.pace_chart(trace(speeds), None, "km")
    assert chart is not None
    assert [curve.key for curve in chart.curves] == ["recorded", "pace"]
    assert chart.curves[-1].said[75] is None and chart.curves[-1].said[20] == "5:34"
    heights = [int(y) for y in re.findall(r"\d+ (\d+)", chart.curves[-1].path)]
    assert heights[-1] < heights[0] < charts.GRID_Y
    assert max(heights) == charts.GRID_Y
    tops = {tick.text: tick.at for tick in chart.pace_ticks}
    assert tops["4:00"] < tops["5:00"]
    assert chart.heart_ticks == ()


def test_the_mile_is_shaded_where_it_was_run() -> None:
    analysis = analyse(jog(2 * MILE_M))
    assert analysis.mile is not None
    later = replace(analysis.mile.effort, start_m=MILE_M, end_m=2 * MILE_M)
    chart = charts.pace_chart(analysis.trace, later, "mi")
    assert chart is not None and chart.band is not None
    assert chart.band.left / charts.GRID_X == pytest.approx(0.5, abs=0.005)
    assert (chart.band.left + chart.band.width) / charts.GRID_X == pytest.approx(1, abs=0.001)
    assert chart.band.anchor == "middle"
    assert chart.band.label_at == pytest.approx(75, abs=1)


def test_bars_rise_for_a_faster_quarter_to_one_scale() -> None:
    (drawn,) = charts.bars([60.0, 66.0, 64.0, 62.0])
    assert [bar.faster for bar in drawn] == [True, False, False, True]
    assert [bar.top + bar.height if bar.faster else bar.top for bar in drawn] == pytest.approx(
        [50] * 4, abs=0.02
    )
    assert drawn[0].height == pytest.approx(3 * drawn[3].height, abs=0.05)


def test_a_record_paced_alike_has_bars_as_high_as_the_runners() -> None:
    own, record = charts.bars([90.0, 99.0, 96.0, 93.0], [60.0, 66.0, 64.0, 62.0])
    assert [bar.height for bar in own] == pytest.approx([bar.height for bar in record])
    for mine, theirs in zip(own, record, strict=True):
        assert mine.left + mine.width == pytest.approx(theirs.left, abs=0.02)


@pytest.mark.parametrize(
    ("behind_s", "shown"),
    [(0.01, "+0.1 s"), (59.99, "+1:00.0"), (-0.09, "0.0 s"), (-2.55, "−2.5 s"), (117.2, "+1:57.2")],
)
def test_nobody_is_shown_closer_to_a_record_than_he_was(behind_s: float, shown: str) -> None:
    mile = sample("track-mile.fit").mile
    assert mile is not None
    time_s = mile.effort.elapsed_s
    mile = replace(mile, effort=replace(mile.effort, low_s=time_s - 0.5, high_s=time_s + 0.5))
    behind = tuple(Behind(b.mark_m, behind_s, 1.2) for b in mile.records[0].behind)
    table = tables.records(replace(mile, records=(replace(mile.records[0], behind=behind),)))
    assert table.rows[0][table.heads.index("Behind at finish")] == f"{shown}\n2 m"


def test_text_can_be_read_on_its_ground_in_the_light_and_in_the_dark() -> None:
    (style,) = re.findall(r"<style>(.*?)</style>", render([]), re.DOTALL)
    light, dark = (
        {k: v for k, v in re.findall(r"--(\w+): (#\w{6});", part)}
        for part in style.split("* {")[0].split("@media")
    )
    for colours in (light, dark):
        for name in ("ink", "soft", "mile", "heart", "pace", "cadence", "power"):
            assert _contrast(colours[name], colours["paper"]) >= 4.5, name


def _contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio of two sRGB colours."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of recordings is not here")
def test_every_recording_gives_a_well_formed_page() -> None:
    rendered = 0
    for path in sorted(p for p in CORPUS.glob("*/*") if p.suffix in (".fit", ".gpx", ".tcx"))[::7]:
        try:
            activities = decode(path.read_bytes(), name=path.name)
        except MilerError:
            continue
        root = Page(render([analyse(activity) for activity in activities])).root
        assert len(root.all("article")) == len(activities)
        rendered += 1
    assert rendered > 20
