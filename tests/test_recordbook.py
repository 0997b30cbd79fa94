"""What a runner relies on in the record book, and in its printed form."""

from __future__ import annotations

import json
import re
from datetime import date
from itertools import pairwise

import pytest

from miler import recordbook
from miler.recordbook import (
    STATUSES,
    Mark,
    Profile,
    is_current,
    marks,
    parse_marks,
    profile_for,
    profiles,
    progression,
    select,
    standing_records,
)
from miler.report.records import records_document, render_progression, render_records
from miler.settings import Sex
from miler.units import MILE_M, STANDARD_LENGTHS_M, parse_duration

FIFTHS_END = "1958-01-01"
HUNDREDTHS_BEGIN = "1981-01-01"
ROUNDING_S = {"hundredth": 0.01, "tenth": 0.1, "fifth": 0.2}


def mark_of(record_id: str) -> Mark:
    (mark,) = (m for m in marks() if m.record_id == record_id)
    return mark


def profile_of(profile_id: str) -> Profile:
    (profile,) = (p for p in profiles() if p.profile_id == profile_id)
    return profile


@pytest.mark.parametrize("row", [*marks(), *profiles()], ids=lambda r: getattr(r, "profile_id", r.record_id))
def test_every_row_says_where_it_comes_from_and_when_it_was_looked_at(row: Mark | Profile) -> None:
    assert row.source
    assert date.fromisoformat(row.as_of) > date(2010, 1, 1)
    assert row.confidence in ("high", "medium", "low")
    assert row.athlete and row.sex in ("F", "M")
    assert row.surface in ("outdoor", "short_track", "road")


@pytest.mark.parametrize("mark", marks(), ids=lambda m: m.record_id)
def test_every_mark_agrees_with_itself(mark: Mark) -> None:
    assert mark.status in STATUSES
    assert parse_duration(mark.time_text) == pytest.approx(mark.time_s, abs=1e-9)
    assert mark.length_m == STANDARD_LENGTHS_M[mark.event]
    assert re.fullmatch(r"\d{4}(-\d\d-\d\d)?", mark.date)
    assert mark.date <= mark.as_of
    assert re.fullmatch(r"[A-Z]{3}", mark.nationality)
    steps = mark.time_s / ROUNDING_S[mark.rounding]
    assert steps == pytest.approx(round(steps), abs=1e-6)
    if mark.unrounded_text:
        lost_s = mark.time_s - parse_duration(mark.unrounded_text)
        assert 0 < lost_s < ROUNDING_S[mark.rounding]


def test_record_ids_are_unique_and_stable_slugs() -> None:
    ids = [m.record_id for m in marks()]
    assert len(set(ids)) == len(ids) == 118
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", i) for i in ids)
    assert len({p.profile_id for p in profiles()}) == len(profiles()) == 26


def test_the_mile_is_exact() -> None:
    assert {m.length_m for m in marks() if m.event == "1 mile"} == {MILE_M} == {1609.344}


def test_every_status_that_is_explained_occurs() -> None:
    assert {m.status for m in marks()} == set(STATUSES)


def test_the_mens_progression_has_32_ratified_marks_and_one_pending() -> None:
    rows = progression("M")
    assert [m.status for m in rows] == ["ratified"] * 32 + ["pending"]
    assert (rows[0].time_text, rows[-1].athlete) == ("4:14.4", "Josh Kerr")


def test_the_womens_progression_has_15_ratified_marks_and_three_that_never_counted() -> None:
    rows = progression("F")
    assert len(select(rows, status="ratified")) == 15
    assert {m.time_text for m in select(rows, status="unofficial")} == {"4:34.9", "4:15.8", "4:06.42"}
    assert len(rows) == 18


@pytest.mark.parametrize("sex", ["M", "F"])
def test_a_ratified_record_beats_the_one_before(sex: Sex) -> None:
    rows = select(progression(sex), status="ratified")
    assert [m.date for m in rows] == sorted(m.date for m in rows)
    not_faster = [after.record_id for before, after in pairwise(rows) if not after.time_s < before.time_s]
    # Andersson equalled Hägg's nine-day-old 4:06.2, and both were ratified.
    assert not_faster == (["mile-outdoor-m-1942-andersson"] if sex == "M" else [])
    assert mark_of("mile-outdoor-m-1942-andersson").time_s == mark_of("mile-outdoor-m-1942-07-01-hagg").time_s


def test_old_times_are_not_taken_to_a_hundredth() -> None:
    for mark in select(progression("M"), status="ratified"):
        coarse = {True: "fifth", mark.date >= FIFTHS_END: "tenth", mark.date >= HUNDREDTHS_BEGIN: "hundredth"}
        assert mark.rounding == coarse[True]
    assert mark_of("mile-outdoor-m-1954-landy").unrounded_text == "3:57.9"


def test_a_man_is_compared_with_the_ratified_record_and_with_the_faster_pending_one() -> None:
    ratified, pending = standing_records(sex="M")
    assert (ratified.athlete, ratified.time_s, ratified.status) == ("Hicham El Guerrouj", 223.13, "ratified")
    assert (pending.athlete, pending.time_s, pending.status) == ("Josh Kerr", 222.66, "pending")


def test_an_exhibition_is_no_record_to_be_compared_with() -> None:
    assert [m.time_text for m in standing_records(sex="F")] == ["4:07.64"]


def test_without_a_sex_both_books_are_compared() -> None:
    assert standing_records() == standing_records(sex="M") + standing_records(sex="F")


@pytest.mark.parametrize(
    ("event", "surface", "times"),
    [
        ("1 mile", "short_track", ["3:45.14", "4:13.31"]),
        ("1 mile", "road", ["3:51.3", "4:20.98"]),
        ("1500 m", "outdoor", ["3:26.00", "3:48.68"]),
        ("1500 m", "short_track", ["3:29.63", "3:53.09"]),
        ("1500 m", "road", []),
    ],
)
def test_each_surface_and_event_has_its_own_book(
    event: str, surface: recordbook.Surface, times: list[str]
) -> None:
    assert [m.time_text for m in standing_records(event, surface)] == times


def test_a_downhill_course_never_holds_the_road_record() -> None:
    fifth_avenue = select(marks(), surface="road", status="not_eligible")
    assert len(fifth_avenue) == 3
    assert not any(is_current(m) for m in fifth_avenue)
    assert min(m.time_s for m in fifth_avenue) < standing_records(surface="road", sex="M")[0].time_s


def test_each_book_has_exactly_one_current_mark() -> None:
    books = [m.book for m in marks() if is_current(m)]
    assert sorted(books) == sorted(set(books)) == sorted({m.book for m in marks()})


def test_filters_combine() -> None:
    (hiltz,) = select(marks(), sex="F", category="USA")
    assert (hiltz.athlete, hiltz.time_text, hiltz.as_of[:4]) == ("Nikki Hiltz", "4:16.35", "2023")
    assert select(marks()) == marks()
    assert select(marks(), event="marathon") == ()


def test_a_book_of_ones_own_is_read_with_the_same_columns() -> None:
    columns = list(Mark.__dataclass_fields__)
    row = [str(getattr(marks()[0], name)) for name in columns]
    assert parse_marks(",".join(columns) + "\n" + ",".join(f'"{v}"' for v in row)) == marks()[:1]


@pytest.mark.parametrize("profile", profiles(), ids=lambda p: p.profile_id)
def test_published_splits_end_at_the_official_time_or_are_flagged(profile: Profile) -> None:
    ends = profile.splits[-1]
    assert ends.distance_m == MILE_M and ends.whose == "own"
    assert ends.time_s - profile.official_time_s == pytest.approx(profile.end_error_s, abs=0.005)
    assert min(profile.lengths_m) > 0 and min(profile.times_s) > 0


def test_only_two_sets_of_splits_do_not_add_up() -> None:
    flagged = {p.profile_id: p.end_error_s for p in profiles() if p.end_error_s}
    assert flagged == {"ingebrigtsen-2025": 0.20, "landy-1954": -0.10}


@pytest.mark.parametrize("profile", [p for p in profiles() if p.record_id], ids=lambda p: p.profile_id)
def test_splits_belong_to_the_race_of_their_mark(profile: Profile) -> None:
    mark = mark_of(str(profile.record_id))
    assert (mark.athlete, mark.date, mark.sex) == (profile.athlete, profile.date, profile.sex)
    assert (mark.time_s, mark.place) == (profile.official_time_s, profile.place)


def test_a_pacemakers_split_is_never_the_holders() -> None:
    profile = profile_for(mark_of("mile-outdoor-m-1999-el-guerrouj"))
    assert profile is not None and profile.profile_id == "el-guerrouj-1999"
    assert [s.time_s for s in profile.own] == [167.91, 223.13]
    assert [s.whose for s in profile.splits] == ["pacemaker", "pacemaker", "own", "own"]


def test_splits_from_recollection_do_not_stand_in_for_a_race() -> None:
    assert profile_of("landy-1954").confidence == "low"
    assert profile_for(mark_of("mile-outdoor-m-1954-landy")) is None
    assert profile_for(mark_of("mile-outdoor-f-2025-kipyegon")) is None


def test_a_race_without_published_splits_has_no_profile() -> None:
    assert profile_for(mark_of("mile-outdoor-m-2026-kerr")) is None


def test_kipyegon_has_a_split_every_hundred_metres() -> None:
    profile = profile_for(mark_of("mile-outdoor-f-2023-kipyegon"))
    assert profile is not None
    at = {s.distance_m: s.time_s for s in profile.own}
    assert len(at) == 17
    assert (at[400.0], at[800.0], at[1200.0], at[1500.0], at[MILE_M]) == (62.6, 124.6, 186.8, 231.5, 247.64)


@pytest.mark.parametrize("width", [20, 60, 80, 100])
def test_no_printed_line_is_longer_than_the_terminal(width: int) -> None:
    for text in (
        render_records(marks(), width),
        render_progression(progression("M"), width),
        render_progression(marks(), width),
    ):
        assert max(len(line) for line in text.splitlines()) <= width


def test_colour_changes_nothing_but_colour() -> None:
    coloured = render_records(marks(), color=True)
    assert coloured != render_records(marks())
    assert re.sub(r"\033\[[\d;]*m", "", coloured) == render_records(marks())


def test_pending_and_not_eligible_marks_are_printed_apart_from_records() -> None:
    lines = render_records(select(marks(), event="1 mile", sex="M")).splitlines()
    pending = lines.index("  pending, as last seen 2026-09-27:")
    assert "Hicham El Guerrouj" in lines[1] and "Josh Kerr" in lines[pending + 1]
    assert "pending" not in lines[pending + 1]
    road = lines.index("1 mile, road, men")
    not_counted = next(i for i in range(road, len(lines)) if lines[i].startswith("  not counted"))
    assert "Elliot Giles" in lines[road + 1]
    assert [("not eligible" in line) for line in lines[not_counted + 1 : not_counted + 3]] == [True, True]


def test_every_current_mark_is_printed_with_date_and_place() -> None:
    text = render_records(marks())
    for mark in filter(is_current, marks()):
        assert re.search(rf"{mark.time_text}  {mark.date} .*{mark.athlete} .*{mark.place}", text)


def test_the_progression_prints_each_mark_once_and_what_it_took_off() -> None:
    lines = render_progression(progression("M")).splitlines()
    assert sum("ratified" in line for line in lines) == 32
    (bannister,) = (line for line in lines if "Bannister" in line)
    (andersson,) = (line for line in lines if "1942-07-10" in line)
    (kerr,) = (line for line in lines if "Kerr" in line)
    assert "−2.0 " in bannister and " =  " in andersson and "−0.47" in kerr


def test_the_plot_falls_step_by_step_to_the_ring_of_the_pending_mark() -> None:
    plot = [line for line in render_progression(progression("M")).splitlines() if "┤" in line]
    assert plot[0].startswith("  4:15 ┤ ─")
    assert plot[-1].endswith("─○")
    falls = [line.index("╰") for line in plot if "╰" in line]
    assert falls == sorted(falls) and len(falls) > 10


def test_a_book_with_few_marks_is_not_plotted() -> None:
    assert "┤" not in render_progression(select(marks(), event="1500 m"))


def test_an_empty_selection_says_so() -> None:
    assert render_records([]) == render_progression([]) == "no such mark in the record book\n"


def test_the_document_is_json_and_complete() -> None:
    rows = records_document(marks())
    assert json.loads(json.dumps(rows)) == rows
    assert len(rows) == len(marks())
    by_id = {row["record_id"]: row for row in rows}
    kipyegon, kerr = by_id["mile-outdoor-f-2023-kipyegon"], by_id["mile-outdoor-m-2026-kerr"]
    assert kipyegon["current"] and kipyegon["splits"][0] == {
        "distance_m": 100.0,
        "time_s": 15.5,
        "whose": "own",
    }
    assert not kerr["current"] and kerr["splits"] is None
    assert kerr["label"] == "men's outdoor record, pending"
