"""The text report on terminals of every width, in colours or not, with Unicode or without."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from functools import cache
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import miler
from devtools.samples import SAMPLES
from miler.analysis import Analysis
from miler.cli_options import look_at
from miler.report import spark
from miler.report.layout import Column, laid_out, titled
from miler.report.look import Look
from miler.settings import Settings, Units
from miler.trace import outline
from miler.units import MILE_M, parse_duration
from tests.conftest import SAMPLES as FOLDER

WIDTHS = (40, 52, 60, 69, 70, 80, 100, 120, 160, 200)


@cache
def analysed(name: str, units: Units) -> Analysis:
    return miler.analyse(miler.read(FOLDER / name), Settings(units=units))


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("units", get_args(Units))
def test_a_report_fits_every_terminal(name: str, units: Units) -> None:
    for width in WIDTHS:
        for plain in (False, True):
            text = miler.render(analysed(name, units), width=width, plain=plain)
            assert max(map(len, text.split("\n"))) <= width
            assert text.isascii() or not plain
            assert "FASTEST MILE" in text and "QUARTERS" in text


def test_a_narrow_terminal_keeps_times_and_paces_and_gives_up_the_rest() -> None:
    text = miler.render(analysed("track-mile.fit", "mi"), width=40)
    (quarters,) = [part for part in text.split("\n\n") if part.startswith("QUARTERS")]
    assert quarters.split("\n")[1].split()[:4] == ["metres", "time", "to", "even"]
    assert "1:24" in quarters and "5:22" in quarters and "█" in quarters


def test_a_pipe_has_a_hundred_columns_and_no_colours() -> None:
    look = look_at(io.StringIO())
    assert (look.width, look.color, look.plain) == (100, False, False)
    assert look_at(io.StringIO(), 120, plain=True) == Look(120, False, True)


def columns_of_splits(units: Units, title: str) -> dict[str, list[float]]:
    """The paces of a table of the report, by the heads of their columns, in seconds."""
    text = miler.render(analysed("road-run-pauses.fit", units), width=160)
    (part,) = [part for part in text.split("\n\n") if part.startswith(title)]
    _, heads, *rows = part.split("\n")
    names = [head for head in ("/mi", "/km") if head in heads]
    ends = [heads.index(name) + len(name) for name in names]
    return {
        name: [parse_duration(row[:end].split()[-1]) for row in rows]
        for name, end in zip(names, ends, strict=True)
    }


def test_each_unit_is_told_where_it_was_asked_for_and_both_of_one_speed() -> None:
    both = columns_of_splits("both", "MILE SPLITS")
    assert both == columns_of_splits("mi", "MILE SPLITS") | {"/km": both["/km"]}
    assert both["/mi"] == [pytest.approx(MILE_M / 1000 * pace, abs=2) for pace in both["/km"]]
    assert list(columns_of_splits("km", "KILOMETRE SPLITS")) == ["/km"]
    assert (
        columns_of_splits("both", "KILOMETRE SPLITS")["/km"]
        == columns_of_splits("km", "KILOMETRE SPLITS")["/km"]
    )


def test_a_report_in_kilometres_has_no_miles_but_the_one_that_was_run() -> None:
    text = miler.render(analysed("road-run-pauses.fit", "km"))
    assert "/mi" not in text and " mi " not in text and "MILE SPLITS" not in text
    assert re.search(r"^9\.\d\d km · elapsed", text, re.MULTILINE) and "km into the run" in text


def test_letters_lose_their_accents_where_only_ascii_is_known_and_others_are_escaped() -> None:
    assert Look(plain=True).said("Zürich – 5 km · ± 4 s ½") == "Zurich - 5 km - +/- 4 s 1/2"
    assert Look(plain=True).said("朝") == "\\u671d"
    assert Look().said("Zürich – ½") == "Zürich – ½"


@given(st.text())
def test_what_a_plain_terminal_gets_is_ascii_and_translated_once(text: str) -> None:
    look = Look(plain=True)
    assert look.said(text).isascii()
    assert look.said(look.said(text)) == look.said(text)


def test_a_number_stays_with_its_unit_and_its_error() -> None:
    for width in range(12, 40):
        lines = Look(width).wrap("so it fell 5.6 m ± 6 m over 10 km, or 0.4 % of it, at 150 bpm")
        assert not any(re.match(r"(m|km|%|bpm)\b", line) or line.endswith("±") for line in lines)


def test_a_lopsided_error_is_told_by_its_larger_side_where_it_is_narrow() -> None:
    analysis = analysed("treadmill.fit", "mi")
    effort = replace(analysis.efforts[0], elapsed_s=36_000.0, low_s=35_990.0, high_s=48_131.0)
    text = miler.render(replace(analysis, mile=None, efforts=(effort,)), width=40)
    assert "10:00:00 ± 3:22:11" in text
    assert "10:00:00 (9:59:50 to 13:22:11)" in miler.render(replace(analysis, efforts=(effort,)), width=80)


# Columns


def test_the_least_wanted_column_leaves_first_and_an_empty_one_always() -> None:
    columns = [
        Column("a", ["1111"]),
        Column("b", ["2222"], 1),
        Column("c", ["3333"], 2),
        Column("d", ["–"], 1),
    ]
    assert laid_out(columns, Look(40))[0] == "     a     b     c"
    assert laid_out(columns, Look(14))[0] == "     a     b"
    assert laid_out(columns, Look(8))[0] == "     a"


def test_words_at_the_end_are_cut_before_a_column_leaves() -> None:
    columns = [Column("a", ["1111"], 1), Column("", ["men's record, pending"], 2, words=True)]
    assert laid_out(columns, Look(24))[1] == "  1111  men's record, p…"
    assert laid_out(columns, Look(16))[1] == "  1111"


@given(
    st.lists(st.tuples(st.text("abc", max_size=12), st.integers(0, 3)), min_size=1, max_size=9),
    st.integers(40, 200),
)
def test_columns_fit_whatever_they_hold(cells: list[tuple[str, int]], width: int) -> None:
    columns = [Column("head", [cell], rank or 1) for cell, rank in cells]
    lines = laid_out([Column("", ["1"]), *columns], Look(width), [1.0])
    assert max(map(len, lines)) <= width


def test_a_longer_bar_is_faster_and_the_longest_fills_the_room() -> None:
    lines = laid_out([Column("", ["1", "2", "3"])], Look(30), [0.5, 1.0, 0.0])
    assert [line.count("█") for line in lines] == [0, 12, 25, 0]
    assert laid_out([Column("", ["1"])], Look(30, plain=True), [1.0])[1].count("#") == 25


def test_a_title_stands_beside_its_words_and_above_them_where_that_is_narrow() -> None:
    assert titled("NEXT", ["5:00 to find"], Look(80)) == ["NEXT           5:00 to find"]
    assert titled("NEXT", ["5:00 to find"], Look(60)) == ["NEXT", "  5:00 to find"]
    assert titled("NEXT", [], Look(80)) == []
    assert (
        "\x1b[1;36m5:00\x1b[0m to find" in titled("NEXT", ["5:00 to find"], Look(80, color=True), "5:00")[0]
    )


# The run in a line


def trace_of(speeds: list[float], heart: float = np.nan) -> Any:
    """A trace of 60 s at each speed."""
    run = analysed("treadmill.fit", "mi").trace
    elapsed = np.arange(len(speeds) * 60 + 1.0)
    distance = np.concatenate(([0.0], np.cumsum(np.repeat(speeds, 60))))
    columns = {name: np.full(len(elapsed), np.nan) for name in vars(run)}
    columns |= {"elapsed_s": elapsed, "distance_m": distance, "heart_rate_bpm": np.full(len(elapsed), heart)}
    return replace(run, **columns)


def drawn(trace: Any) -> dict[str, tuple[str, str]]:
    lines = spark.profile(trace, None, ("km",), Look(55), 15)
    return {title: (line, words) for title, line, words in lines}


def test_fast_is_up_and_slow_is_down() -> None:
    line, words = drawn(trace_of([3.0, 5.0, 3.0]))["PACE"]
    assert len(line) == 40 and line[20] == "█" and line[0] == line[-1] == "▁"
    assert words == "fast is up: 3:20 to 5:34 /km"


def test_an_even_run_looks_even() -> None:
    line, _ = drawn(trace_of([4.0, 4.05, 4.0]))["PACE"]
    assert set(line) <= {"▇", "█"}


def test_a_straight_line_between_two_records_has_one_pace() -> None:
    assert drawn(trace_of([4.0]))["PACE"][1] == "4:10 /km throughout"


def test_one_fast_moment_does_not_flatten_the_rest() -> None:
    line, words = drawn(trace_of([3.0, 4.0] * 15 + [9.0]))["PACE"]
    assert words.endswith(", and beyond")
    assert len(set(line)) > 2


def test_the_ride_of_a_triathlon_does_not_flatten_its_run() -> None:
    mile = analysed("treadmill.fit", "mi").mile
    assert mile is not None
    ran = replace(mile.effort, elapsed_s=mile.effort.length_m / 4)
    triathlon = trace_of([10.0] * 20 + [3.0, 4.0] * 10)
    _, line, _ = next(iter(spark.profile(triathlon, ran, ("km",), Look(115), 15)))
    assert len(set(line[:70])) == 1 and len(set(line[75:])) > 2


def test_who_stands_about_lies_on_the_ground() -> None:
    assert "and beyond" in drawn(trace_of([4.0, 0.2, 4.0]))["PACE"][1]
    assert "▁" in drawn(trace_of([4.0, 0.2, 4.0] * 3, 150.0))["PACE"][0]


def test_what_does_not_change_is_worth_no_line() -> None:
    assert list(drawn(trace_of([4.0, 4.0], 150.0))) == ["PACE"]
    assert drawn(trace_of([0.5])) == {}


def test_the_mile_is_underlined_where_it_lay() -> None:
    analysis = analysed("track-mile.fit", "mi")
    assert analysis.mile is not None
    lines = list(spark.profile(outline(analysis.trace), analysis.mile.effort, ("mi",), Look(115), 15))
    effort, line = analysis.mile.effort, lines[1][1]
    first, last = line.index("━") / 100, len(line) / 100
    whole = float(analysis.trace.distance_m[-1])
    assert first == pytest.approx(effort.start_m / whole, abs=0.011)
    assert last == pytest.approx(effort.end_m / whole, abs=0.011)
    assert re.fullmatch(r"fast is up: .* /mi.*; ━ is the mile", lines[1][2])
