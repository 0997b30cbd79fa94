from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import miler
from devtools.samples import SAMPLES
from miler.activity import Note, Pause
from miler.analysis import Analysis, Summary
from miler.report import tables, words
from miler.report.words import local_start, told_time
from miler.settings import Settings
from miler.shown import printable
from miler.units import format_duration
from tests.conftest import SAMPLES as FOLDER

EVERY_SAMPLE = pytest.mark.parametrize("name", SAMPLES)


@cache
def analysed(name: str, settings: Settings | None = None) -> Analysis:
    return miler.analyse(miler.read(FOLDER / name), settings)


def with_summary(analysis: Analysis, **changes: object) -> Analysis:
    return replace(analysis, summary=replace(analysis.summary, **changes))  # type: ignore[arg-type]


def text_of(analysis: Analysis) -> str:
    return miler.render(analysis, "text")


def block(analysis: Analysis, title: str) -> list[str]:
    """The lines of the part of a report that begins with a title, without the title's own."""
    (found,) = [part for part in text_of(analysis).split("\n\n") if part.startswith(title)]
    return found.rstrip("\n").split("\n")[1:]


@EVERY_SAMPLE
@pytest.mark.parametrize("units", ["mi", "km"])
def test_the_report_fits_a_terminal_of_a_hundred_columns(name: str, units: str) -> None:
    lines = text_of(analysed(name, Settings.from_mapping({"units": units}))).split("\n")
    assert max(map(len, lines)) <= 100
    assert [line for line in lines if line != line.rstrip()] == []


@EVERY_SAMPLE
def test_the_mile_is_told_with_no_more_digits_than_it_is_sure_of(name: str) -> None:
    mile = analysed(name).mile
    assert mile is not None
    whole = format_duration(mile.effort.elapsed_s, 0)
    assert re.search(rf"FASTEST MILE   {whole} (± \d+|\(.* to .*\))  elapsed", text_of(analysed(name)))


@EVERY_SAMPLE
def test_columns_stand_under_their_heads(name: str) -> None:
    own = {"WATCH LAPS": ("elapsed",)}
    both = analysed(name, Settings(units="both"))
    for title in ("QUARTERS", "TRACK LAPS", "MILE SPLITS", "KILOMETRE SPLITS", "WATCH LAPS"):
        if title not in text_of(both):
            continue
        head, *rows = block(both, title)
        for column in ("metres", "/mi", "/km", *own.get(title, ("time", "total", "to even"))):
            end = head.index(column) + len(column)
            for row in rows:
                assert row[end - 1] != " ", (column, row)
                assert row[end : end + 1] in ("", " "), (column, row)


def test_the_quarters_are_four_and_the_last_total_is_the_mile() -> None:
    rows = block(analysed("track-mile.fit"), "QUARTERS")[1:]
    mile = analysed("track-mile.fit").mile
    assert mile is not None
    assert len(rows) == 4
    assert rows[-1].split()[3] == told_time(mile.effort)


def test_no_quarter_and_no_gap_to_a_record_is_told_to_a_tenth_where_the_mile_is_not() -> None:
    unsure = analysed("road-run-pauses.fit")
    assert unsure.mile is not None and unsure.mile.effort.uncertainty_s > 1
    time_s = unsure.mile.effort.elapsed_s
    effort = replace(unsure.mile.effort, low_s=time_s - 0.5, high_s=time_s + 0.5)
    sure = replace(unsure, mile=replace(unsure.mile, effort=effort))
    for analysis, tenths in ((unsure, False), (sure, True)):
        times = [row.split()[2] for row in block(analysis, "QUARTERS")[1:]]
        behind = re.findall(r"[+−][\d:.]+", " ".join(block(analysis, "AGAINST")))
        assert len(times) == 4 and len(behind) >= 12
        assert {"." in time for time in times + behind} == {tenths}


def test_the_fastest_split_has_the_longest_bar() -> None:
    rows = block(analysed("track-mile.fit"), "QUARTERS")[1:]
    bars = [row.split()[-1] for row in rows]
    assert set(bars[3]) == {"█"}
    assert all(len(bar.rstrip("▏▎▍▌▋▊▉")) < len(bars[3]) for bar in bars[:3])


def test_the_pause_in_an_effort_is_told_beside_it_and_both_clocks_named() -> None:
    text = text_of(analysed("road-run-pauses.fit", Settings(effort_lengths_m=(5000.0,))))
    assert re.search(r"5 km +24:05 ± .* pause\n", text)
    assert "elapsed 49:59 · timer 47:53" in text


def test_the_start_is_told_by_the_clock_of_the_place() -> None:
    assert "Sun 15 Mar 2026, 07:41 (Australia/Melbourne)" in text_of(analysed("road-run-pauses.fit"))


def test_a_start_of_an_unknown_place_is_told_in_utc() -> None:
    summary = analysed("track-mile.fit").summary
    assert local_start(replace(summary, time_zone=None)) == "Wed 6 May 2026, 17:02 UTC"
    assert local_start(replace(summary, start_time=None)) == "date unknown"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sport": "cycling"}, "No mile is sought in cycling; ask for it with --sport cycling."),
        ({"distance_source": "none"}, "No mile: the recording has neither distance nor positions."),
        ({"distance_m": 1609.3}, "No mile: the recording is 1\u202f609 m long."),
        (
            {},
            "No unbroken mile: teleports, glitches, holes, other sports or exclusions lie between;",
        ),
    ],
)
def test_a_recording_without_a_mile_says_why(changes: dict[str, object], reason: str) -> None:
    assert reason in text_of(with_summary(replace(analysed("truncated.fit"), mile=None), **changes))


def test_damage_comes_first_and_is_marked() -> None:
    notes = (Note("teleport", "finding", "moved"), Note("fit_crc", "damage", "cut off", at_s=61.0))
    lines = block(replace(analysed("treadmill.fit"), notes=notes), "NOTES")
    assert lines == ["  ! cut off (at 1:01)", "  · moved"]


def test_a_sound_recording_without_findings_has_no_notes() -> None:
    assert "NOTES" not in text_of(analysed("treadmill.fit"))


def test_many_notes_of_one_kind_are_cut_short_in_text_and_whole_in_json() -> None:
    notes = tuple(Note("glitch", "finding", f"glitch {i}", at_s=60.0 * i) for i in range(12))
    analysis = replace(analysed("treadmill.fit"), notes=(*notes, Note("teleport", "finding", "moved")))
    assert block(analysis, "NOTES") == [
        "  · glitch 0 (at 0:00)",
        "  · glitch 1 (at 1:00)",
        "  · glitch 2 (at 2:00)",
        "  · 9 more like these; --format json has them all",
        "  · moved",
    ]
    assert miler.render(analysis, "json").count('"glitch"') == 12


def test_a_long_note_is_wrapped() -> None:
    notes = (Note("odd", "finding", "a word or two " * 20),)
    lines = block(replace(analysed("treadmill.fit"), notes=notes), "NOTES")
    assert len(lines) > 2
    assert max(map(len, lines)) <= 100
    assert all(line.startswith("    ") for line in lines[1:])


def test_a_pace_slower_than_an_hour_is_no_pace() -> None:
    analysis = analysed("treadmill.fit")
    standing = replace(analysis.lap_splits[0], start_m=0.0, end_m=1.0)
    row = block(replace(analysis, lap_splits=(standing, *analysis.lap_splits[1:])), "WATCH LAPS")[1]
    assert row.split()[4] == "–"


def test_colour_adds_colour_only() -> None:
    for name in SAMPLES:
        coloured = miler.render(analysed(name), "text", color=True)
        assert "\x1b[" in coloured
        assert re.sub("\x1b\\[[0-9;]*m", "", coloured) == text_of(analysed(name))


HOSTILE = st.text(min_size=1, max_size=30) | st.sampled_from(
    ["\x1b[2J", "a\u202eb", "\u2066", "\ud800", "x\ny", "\u2028", "\x9b31m"]
)


@given(name=HOSTILE, device=HOSTILE, sport=HOSTILE, title=HOSTILE, note=HOSTILE, zone=HOSTILE)
def test_nothing_from_a_file_can_steer_the_terminal(
    name: str, device: str, sport: str, title: str, note: str, zone: str
) -> None:
    analysis = with_summary(
        analysed("treadmill.fit"), device=device, sport=sport, sub_sport=sport, name=title, time_zone=zone
    )
    lap = replace(analysis.laps[0], trigger=note)
    analysis = replace(
        analysis,
        mile=None,
        source=replace(analysis.source, name=name),
        notes=(Note("odd", "finding", note),),
        laps=(lap, *analysis.laps[1:]),
    )
    text = text_of(analysis)
    assert printable(text.replace("\n", "")) == text.replace("\n", "")
    assert len(text.split("\n")) == len(text.splitlines()) + 1
    text.encode()


@given(st.text())
def test_what_is_made_safe_to_print_is_safe_and_made_so_once(text: str) -> None:
    safe = printable(text)
    assert printable(safe) == safe
    assert safe.isprintable() or any(c not in text or c.isspace() or not c.isprintable() for c in safe)
    if text.isascii() and text.isprintable():
        assert safe == text


def test_an_unknown_format_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="text, json, jsonl, csv, html"):
        miler.render(analysed("treadmill.fit"), "pdf")


def test_real_recordings_fit_the_terminal_too(corpus: Path) -> None:
    for path in sorted(corpus.glob("tcx/*.tcx"))[::6] + sorted(corpus.glob("fit/*run*.fit"))[::12]:
        try:
            analyses = [miler.analyse(activity) for activity in miler.read_all(path)]
        except miler.DecodeError:
            continue
        for analysis in analyses:
            _title, *lines = text_of(analysis).split("\n")
            assert max(map(len, lines)) <= 100, path.name


def test_a_summary_names_the_sub_sport_where_it_says_more() -> None:
    from miler.report.words import sport

    def of(name: str, sub_sport: str | None) -> str:
        summary: Summary = replace(analysed("treadmill.fit").summary, sport=name, sub_sport=sub_sport)
        return sport(summary)

    assert of("running", "track") == "running (track)"
    assert of("running", "generic") == "running"
    assert of("unknown", None) == "sport not said"
    assert of("stand_up_paddleboarding", None) == "stand up paddleboarding"


# Text and page


@EVERY_SAMPLE
def test_text_and_page_show_the_same_numbers(name: str) -> None:
    analysis = analysed(name)
    mile = analysis.mile
    assert mile is not None
    text, page = text_of(analysis), miler.render(analysis, "html").replace("\u00a0", " ")
    said = re.findall(r"<p class=\"time\">(.*?)</p>|<strong>([0-9.]+)</strong> of 100", page)
    time, *score = (re.sub("<.*?>", "", "".join(pair)) for pair in said)
    assert f"FASTEST MILE   {time} " in text
    assert bool(score) is (mile.interrupted is None)
    assert all(f"EVENNESS       {points} of 100" in text for points in score)
    drawn = tables.records(mile)
    for row, line in zip(drawn.rows, block(analysis, "AGAINST")[1:], strict=True):
        cells = dict(zip(drawn.heads, row, strict=True))
        ends = [cells[f"Behind at {end}"].split("\n") for end in ("¼", "½", "¾", "finish")]
        lags = [lag_.removesuffix(" s") for lag_, _ in ends]
        numbers = [cells["Time"], *cells["Your speed"].split(), *lags, *ends[-1][1].split()]
        assert f" {' '.join(numbers)} " in " ".join(line.split())
    (next_time, more, quarter) = re.findall(
        r"Next: <strong>(.*?)</strong>, (.*?) faster; four quarters of (.*?)\.</p>", page
    )[0]
    seconds, percent = re.findall(r"[0-9.]+", more)
    assert f"NEXT           {next_time}  {seconds} s or {percent} % to find; {quarter} a quarter" in text


@pytest.mark.parametrize(
    ("percent", "said"),
    [
        (0.04, "as fast as"),
        (-0.04, "as fast as"),
        (1.14, "1.1 % faster than"),
        (-1.14, "1.1 % slower than"),
    ],
)
def test_two_paces_are_compared_as_far_as_can_be_told(percent: float, said: str) -> None:
    assert words.compared(percent) == said


@pytest.mark.parametrize(
    ("lap", "title"),
    [
        ("400m", "TRACK LAPS  400 m, the first with the lead-in of 9.344 m"),
        ("200m", "TRACK LAPS  200 m, the first with the lead-in of 9.344 m"),
        ("300m", "TRACK LAPS  300 m, the first with the lead-in of 109.344 m"),
        ("440yd", "TRACK LAPS  402.336 m"),
    ],
)
def test_track_laps_are_told_with_their_true_lead_in(lap: str, title: str) -> None:
    asked = {"lap_m": lap, "distance_source": "device"}
    text = text_of(analysed("track-mile.fit", Settings.from_mapping(asked)))
    assert title in text.split("\n")


def test_the_laps_of_a_mile_measured_on_the_track_are_told_once() -> None:
    text = text_of(analysed("track-mile.fit"))
    assert "TRACK LAPS" not in text
    assert text.count("laps of 400 m, the first with the lead-in of 9.344 m") == 1


def test_track_laps_are_told_where_there_is_a_track_or_one_is_asked_for() -> None:
    by_device = Settings(distance_source="device")
    off_track = with_summary(analysed("track-mile.fit", by_device), sub_sport="generic")
    assert "TRACK LAPS" not in text_of(off_track)
    assert "track_laps" in miler.render(off_track, "json")
    asked = with_summary(analysed("track-mile.fit", replace(by_device, lap_m=200.0)), sub_sport="generic")
    assert "TRACK LAPS" in text_of(asked)


def test_pauses_are_told_with_their_moments_and_cut_short_after_six() -> None:
    def line(count: int) -> str:
        pauses = tuple(Pause(730.0 + 100 * i, 791.0 + 100 * i) for i in range(count))
        text = text_of(replace(analysed("treadmill.fit"), pauses=pauses))
        (found,) = [part for part in text.split("\n\n") if part.startswith("PAUSES")]
        return " ".join(found.split())

    assert line(2) == "PAUSES 2, 2:02 in all: at 12:10 for 1:01, at 13:50 for 1:01"
    assert line(6).endswith("at 20:30 for 1:01")
    assert line(8).endswith("at 20:30 for 1:01 and 2 more")
    assert "PAUSES" not in text_of(replace(analysed("treadmill.fit"), pauses=()))


def test_a_mile_with_hours_of_standing_fits_the_terminal_too() -> None:
    analysis = analysed("track-mile.fit")
    assert analysis.mile is not None
    records = tuple(
        replace(r, behind=tuple(replace(b, behind_s=40_000.0, behind_m=1600.0) for b in r.behind))
        for r in analysis.mile.records
    )
    rows = block(replace(analysis, mile=replace(analysis.mile, records=records)), "AGAINST")
    assert max(map(len, rows)) <= 100
    assert all("+11:06:40" in row for row in rows[1:])


def test_a_single_lap_of_the_watch_is_not_listed() -> None:
    analysis = analysed("treadmill.fit")
    one = replace(analysis, laps=analysis.laps[:1], lap_splits=analysis.lap_splits[:1])
    assert "WATCH LAPS" not in text_of(one)


def test_a_file_without_a_sport_is_told_how_to_ask_for_it() -> None:
    analysis = analysed("truncated.fit", Settings(sports=("running",)))
    text = text_of(with_summary(replace(analysis, mile=None), sport="unknown"))
    assert "The file names no sport; ask for it with --sport unknown." in text
