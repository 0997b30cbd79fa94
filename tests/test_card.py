"""The mile as a picture."""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import miler
from miler import picture
from miler.analysis import Analysis
from miler.report.card import Size, Theme, card
from tests.conftest import SAMPLES, Miler
from tests.test_notebook import HOSTILE

TRACK, ROAD, TREADMILL = "track-mile.fit", "road-run-pauses.fit", "treadmill.fit"
RUNS = {name: miler.read(SAMPLES / name) for name in (TRACK, ROAD, TREADMILL)}
ANALYSES = {name: miler.analyse(run) for name, run in RUNS.items()}
SVG = "{http://www.w3.org/2000/svg}"


def drawn(name: str, size: Size = "wide", theme: Theme = "light") -> ET.Element:
    return ET.fromstring(card(ANALYSES[name], size=size, theme=theme))


def texts(picture_: ET.Element) -> list[str]:
    return [element.text or "" for element in picture_.iter(f"{SVG}text")]


def named(analysis: Analysis, name: str) -> Analysis:
    return replace(analysis, summary=replace(analysis.summary, name=name))


def test_a_card_has_the_time_its_error_the_quarters_and_the_day() -> None:
    words = texts(drawn(ROAD))
    assert words[:3] == ["FASTEST MILE", "7:09", "± 11 s, evidence B"]
    assert [w for w in words if w.startswith("1:")] == ["1:47", "1:49", "1:46", "1:47"]
    assert "Sun 15 Mar 2026 · evenness 95.2 of 100" in words


def test_where_one_side_of_the_error_is_larger_both_ends_are_told() -> None:
    assert "5:20 to 5:28 with 95 %, evidence A" in texts(drawn(TRACK))


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("size", get_args(Size))
def test_nothing_is_drawn_outside_the_picture(name: str, size: Size) -> None:
    whole = drawn(name, size)
    width, height = float(whole.attrib["width"]), float(whole.attrib["height"])
    for rect in whole.iter(f"{SVG}rect"):
        x, y, w, h = (float(rect.attrib[key]) for key in ("x", "y", "width", "height"))
        assert x >= 0 and x + w <= width + 0.1 and y >= 0 and y + h <= height
    for text in whole.iter(f"{SVG}text"):
        assert 0 < float(text.attrib["x"]) < width and 0 < float(text.attrib["y"]) < height
        if text.attrib["text-anchor"] == "start":
            wide = 0.6 * float(text.attrib["font-size"]) * len(text.text or "")
            assert float(text.attrib["x"]) + wide < width


def test_the_longest_time_fits_beside_the_course() -> None:
    analysis = ANALYSES[ROAD]
    assert analysis.mile is not None
    slow = replace(analysis.mile.effort, elapsed_s=43_201.3, low_s=43_201.0, high_s=43_201.6)
    whole = ET.fromstring(card(replace(analysis, mile=replace(analysis.mile, effort=slow))))
    (time,) = [text for text in whole.iter(f"{SVG}text") if text.text == "12:00:01.3"]
    assert 64 + 0.57 * float(time.attrib["font-size"]) * len("12:00:01.3") <= 664 + 1


def test_the_fastest_quarter_is_the_tallest_and_alone_in_its_colour() -> None:
    bars = list(drawn(TRACK).iter(f"{SVG}rect"))[1:]
    heights = [float(bar.attrib["height"]) for bar in bars]
    assert heights.index(max(heights)) == 3
    assert [bar.attrib["fill"] for bar in bars].count(bars[3].attrib["fill"]) == 1


def test_a_track_is_drawn_as_an_oval_a_road_as_its_course_a_treadmill_not_at_all() -> None:
    assert len(list(drawn(TRACK).iter(f"{SVG}g"))) == 1
    assert len(list(drawn(ROAD).iter(f"{SVG}circle"))) == 1
    assert not list(drawn(TREADMILL).iter(f"{SVG}path"))


def test_the_shape_can_be_left_out() -> None:
    assert "<path" not in card(ANALYSES[TRACK], course=False)


def course(analysis: Analysis) -> list[float]:
    run = next(ET.fromstring(card(analysis)).iter(f"{SVG}path"))
    return [float(number) for number in re.findall(r"[\d.]+", run.attrib["d"])]


@pytest.mark.parametrize("at_deg", [5.0, 180.0])  # the second one crosses the date line
def test_the_same_course_elsewhere_on_earth_gives_the_same_picture(at_deg: float) -> None:
    run = RUNS[ROAD]
    longitude = (run["longitude"] - run["longitude"][0] + at_deg + 180.0) % 360.0 - 180.0
    moved = miler.analyse(replace(run, streams={**run.streams, "longitude": longitude}))
    np.testing.assert_allclose(course(moved), course(ANALYSES[ROAD]), atol=0.11)


@settings(max_examples=40)
@given(name=st.text(max_size=80) | st.sampled_from(HOSTILE))
def test_a_name_is_words_of_the_picture_and_nothing_else(name: str) -> None:
    plain, given_ = (card(named(ANALYSES[ROAD], words)) for words in ("x", name or "x"))
    tags = [[element.tag for element in ET.fromstring(svg).iter()] for svg in (plain, given_)]
    assert tags[0] == tags[1]


def test_a_long_name_is_cut_by_the_room_that_it_takes() -> None:
    (latin,) = [w for w in texts(ET.fromstring(card(named(ANALYSES[ROAD], "w" * 99)))) if "www" in w]
    (wide,) = [w for w in texts(ET.fromstring(card(named(ANALYSES[ROAD], "跑" * 99)))) if "跑" in w]
    assert (latin.count("w"), wide.count("跑")) == (29, 14)


@pytest.mark.parametrize("theme", get_args(Theme))
def test_the_same_run_gives_the_same_bytes(theme: Theme) -> None:
    svgs = {card(miler.analyse(RUNS[ROAD]), theme=theme) for _ in range(2)}
    (svg,) = svgs
    assert picture.png(svg) == picture.png(svg)
    assert picture.pdf(svg) == picture.pdf(svg)


@pytest.mark.parametrize(
    ("name", "size", "begins"),
    [("mile.png", "wide", b"\x89PNG"), ("mile.pdf", "wide", b"%PDF-"), ("MILE.SVG", "square", b"<svg ")],
)
def test_the_name_says_which_picture(
    miler: Miler, samples: Path, tmp_path: Path, name: str, size: str, begins: bytes
) -> None:
    path = tmp_path / name
    ran = miler("card", samples / TRACK, "-o", path, "--size", size, "--theme", "dark")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert path.read_bytes().startswith(begins)


def test_the_shape_is_left_out_where_nobody_is_to_see_it(miler: Miler, samples: Path, tmp_path: Path) -> None:
    assert miler("card", samples / TRACK, "-o", tmp_path / "mile.svg", "--no-course").code == 0
    assert (tmp_path / "mile.svg").read_text("utf-8") == card(ANALYSES[TRACK], course=False)


def test_a_png_is_of_the_size_that_sites_ask_for() -> None:
    data = picture.png(card(ANALYSES[ROAD]))
    assert (int.from_bytes(data[16:20]), int.from_bytes(data[20:24])) == (1200, 630)


def test_a_card_of_no_mile_or_no_picture_is_refused(miler: Miler, samples: Path, tmp_path: Path) -> None:
    ran = miler("card", samples / TRACK, "-o", tmp_path / "a.png", "--sport", "cycling")
    assert ran.code == 1 and "No mile is sought in running" in ran.err
    assert miler("card", samples / TRACK, "-o", tmp_path / "a.jpeg").code == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("library", "name"), [("resvg_py", "a.png"), ("svg2pdf_py", "a.pdf"), ("font_roboto", "a.png")]
)
def test_what_a_picture_needs_is_said(
    miler: Miler, samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str, name: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    ran = miler("card", samples / TRACK, "-o", tmp_path / name)
    assert ran.code == 2 and f"needs {library}" in ran.err and "pip install 'miler[card]'" in ran.err
    assert not (tmp_path / name).exists()
    assert miler("card", samples / TRACK, "-o", tmp_path / "a.svg").code == 0
