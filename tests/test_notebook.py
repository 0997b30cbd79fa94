"""Activities, efforts and analyses in a notebook, and as tables."""

from __future__ import annotations

import sys
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import miler
from miler.activity import STREAMS, Note
from miler.frames import EFFORT_COLUMNS, LAP_COLUMNS, SPLIT_COLUMNS
from miler.units import format_duration
from tests.conftest import ROOT, SAMPLES

RUN = miler.read(SAMPLES / "track-mile.fit")
ANALYSIS = miler.analyse(RUN)


HOSTILE = (
    "<script>alert(1)</script>",
    "</td></table><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "&lt;b&gt; &#60;i&#62; ]]> --> <!--",
    "\ud800 \u202e \x00 \x1b[2J",
)


class Page(HTMLParser):
    """The elements and attributes of a fragment, and the text outside them."""

    def __init__(self, fragment: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.open: list[str] = []
        self.feed(fragment)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += f" {data}"


ELEMENTS = {"div", "strong", "table", "tr", "th", "td", "svg", "rect"}
NAMES = {"style", "scope", "role", "aria-label", "width", "height", "fill", "x", "y"}


def test_a_run_shows_what_it_is() -> None:
    page = Page(RUN._repr_html_())
    assert "track-mile.fit (running)" in page.text and "Wed 6 May 2026, 18:02 (Europe/London)" in page.text
    assert "heart rate" in page.text and "24:24" in page.text


def test_a_mile_shows_its_error_and_why_it_can_be_trusted() -> None:
    assert ANALYSIS.mile is not None
    page = Page(ANALYSIS.mile.effort._repr_html_())
    assert "5:28 (5:20 to 5:28)" in page.text and "5:28 /mi · 3:24 /km" in page.text
    assert "evidence A" in page.text and "lane of a fitted track" in page.text


def test_an_analysis_shows_the_mile_and_a_bar_for_each_quarter() -> None:
    page = Page(ANALYSIS._repr_html_())
    assert ANALYSIS.mile is not None
    assert page.tags.count("rect") == 4
    assert ", ".join(format_duration(q.elapsed_s) for q in ANALYSIS.mile.quarters) in page.text
    assert "mile none" in " ".join(Page(replace(ANALYSIS, mile=None)._repr_html_()).text.split())


def test_what_is_shown_takes_the_pages_own_colours_and_is_small() -> None:
    for shown in (RUN._repr_html_(), ANALYSIS._repr_html_()):
        assert "currentColor" in shown and "#" not in shown and "rgb" not in shown
        assert len(shown) < 4_000


@settings(max_examples=50)
@given(name=st.text() | st.sampled_from(HOSTILE))
def test_a_name_stays_within_its_cell(name: str) -> None:
    notes = (Note("odd", "finding", name),)
    run = replace(RUN, name=name or None, device=name, sport=name, time_zone=name, notes=notes)
    analysis = replace(ANALYSIS, summary=replace(ANALYSIS.summary, name=name, time_zone=name))
    assert ANALYSIS.mile is not None
    effort = replace(ANALYSIS.mile.effort, name=name, flags=(name,), doubts=(name,))
    for shown in (run._repr_html_(), analysis._repr_html_(), effort._repr_html_()):
        page = Page(shown)
        assert not page.open and set(page.tags) <= ELEMENTS and page.attributes <= NAMES
        shown.encode()


def test_records_are_a_frame_with_units_in_the_names_and_moments_in_utc() -> None:
    frame = RUN.to_pandas()
    assert list(frame.columns)[:4] == ["time", "elapsed_s", "latitude_deg", "longitude_deg"]
    assert str(frame["time"].dt.tz) == "UTC" and frame["time"].iloc[0] == RUN.start_time
    np.testing.assert_array_equal(frame["heart_rate_bpm"], RUN["heart_rate"])
    assert "time" not in replace(RUN, start_time=None).to_pandas()


@pytest.mark.parametrize("name", sorted(ANALYSIS.tables()))
def test_every_table_is_the_same_in_numpy_pandas_and_arrow(name: str) -> None:
    columns, frame, table = ANALYSIS.columns(name), ANALYSIS.to_pandas(name), ANALYSIS.to_arrow(name)
    assert list(columns) == list(frame.columns) == table.column_names
    for column, values in columns.items():
        if values.dtype.kind == "f":
            np.testing.assert_array_equal(frame[column], values)
            arrow = [np.nan if value is None else value for value in table[column].to_pylist()]
            np.testing.assert_array_equal(arrow, values)
        else:
            assert frame[column].tolist() == table[column].to_pylist() == values.tolist()


def test_the_efforts_come_first_and_the_quarters_add_up_to_the_mile() -> None:
    efforts = ANALYSIS.to_pandas()
    mile = efforts[efforts["name"] == "1 mile"].iloc[0]
    assert mile["grade"] == "A" and bool(mile["plausible"])
    assert ANALYSIS.to_pandas("quarters")["elapsed_s"].sum() == pytest.approx(mile["elapsed_s"])


def test_a_run_without_a_mile_has_empty_tables_of_the_same_types() -> None:
    without = replace(ANALYSIS, mile=None)
    assert without.to_arrow("quarters").schema == ANALYSIS.to_arrow("quarters").schema
    assert len(without.to_pandas("quarters")) == 0


def test_another_table_is_refused_with_those_there_are() -> None:
    with pytest.raises(miler.SettingsError, match=r"no table 'splits'; there are efforts, quarters"):
        ANALYSIS.to_pandas("splits")


@pytest.mark.parametrize(("library", "method"), [("pandas", "to_pandas"), ("pyarrow", "to_arrow")])
def test_a_missing_library_is_named_with_the_way_to_get_it(
    monkeypatch: pytest.MonkeyPatch, library: str, method: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(miler.SettingsError, match=rf"needs {library}.*pip install 'miler\[") as raised:
        getattr(RUN, method)()
    assert raised.value.code == f"no_{library}"


def test_every_column_is_explained() -> None:
    text = (ROOT / "docs" / "howto" / "notebook.md").read_text(encoding="utf-8")
    records = replace(RUN, streams={name: RUN.elapsed.copy() for name in STREAMS}).columns()
    for column in {*EFFORT_COLUMNS, *SPLIT_COLUMNS, *LAP_COLUMNS, *records}:
        assert f"`{column}`" in text, column
    for table in {*RUN.tables(), *ANALYSIS.tables()}:
        assert f"`{table}`" in text, table


def test_a_name_turns_no_line_around_in_a_notebook_and_fills_no_page() -> None:
    names = ("\x1b[31m\u202eegdirb\u2066\ud800", "A" * 10_000)
    for name in names:
        shown = replace(RUN, name=name)._repr_html_() + miler.analyse(replace(RUN, name=name))._repr_html_()
        assert not set("\x1b\u202e\u2066\ud800") & set(shown)
        assert len(shown) < 5000


def test_an_analysis_shows_itself_in_a_line() -> None:
    assert repr(ANALYSIS) == "<Analysis of track-mile.fit, mile 5:28 (5:20 to 5:28)>"
