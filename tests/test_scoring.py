"""What a runner relies on in the evenness score, the comparison with records, and the milestone."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from miler.recordbook import Mark, marks, profiles, standing_records
from miler.scoring import (
    RecordComparison,
    against,
    evenness,
    label,
    lights,
    next_milestone,
    quarter_times_s,
    shape_of,
)
from miler.settings import Settings
from miler.units import LEAD_IN_M, MILE_M, QUARTER_M

QUARTERS_M = (QUARTER_M,) * 4
PROFILES = {profile.profile_id: profile for profile in profiles()}
MARKS = {mark.record_id: mark for mark in marks()}
EL_GUERROUJ = MARKS["mile-outdoor-m-1999-el-guerrouj"]
KERR = MARKS["mile-outdoor-m-2026-kerr"]
KIPYEGON = MARKS["mile-outdoor-f-2023-kipyegon"]

# Worked out for the project in exact arithmetic, before and apart from this program, from the
# splits in profiles.toml. CV % and score of the published segments; quarter times; CV % and
# score of the quarters; half difference, end spurt and fast start in percent.
KNOWN_ANSWERS = """
jones-1913                    7.366  39.9  61.80 67.60 67.20 57.80  7.366 39.9  -3.40 +14.24  +8.31
taber-1915                    8.047  35.7  58.00 67.00 68.00 59.60  8.047 35.7  +2.08 +11.70 +14.07
nurmi-1923                    4.410  64.9  58.60 63.20 64.90 63.70  4.410 64.9  +5.58  +0.55  +8.51
ladoumegue-1931               2.438  85.8  60.80 63.40 63.80 61.20  2.438 85.8  +0.64  +3.77  +4.40
lovelock-1933                 4.127  67.9  61.40 62.20 65.10 58.90  4.127 67.9  +0.32  +7.46  +3.53
cunningham-1934               3.182  78.1  61.80 64.00 61.80 59.20  3.182 78.1  -3.82  +5.88  +1.75
bannister-1954                3.498  74.6  57.50 60.70 62.30 58.90  3.498 74.6  +2.54  +4.23  +6.50
landy-1954-wire               2.911  80.9  58.00 59.00 62.00 59.00  2.911 80.9  +3.42  +2.48  +4.13
landy-1954                    1.924  90.7  58.50 60.20 58.50 60.70  1.924 90.7  +0.42  -2.27  +1.43
ryun-1967                     5.005  59.0  59.20 59.80 58.60 53.50  5.005 59.0  -5.80  +9.63  -0.00
bayi-1975                     3.102  78.9  56.90 59.70 58.70 55.70  3.102 78.9  -1.89  +5.91  +3.89
walker-1975                   2.740  82.7  55.80 59.30 57.90 56.40  2.740 82.7  -0.70  +3.75  +4.78
cram-1985                     4.976  59.2  55.05 58.09 59.65 53.53  4.933 59.7  +0.03  +9.08  +6.49
el-guerrouj-1999              1.331  95.3  55.07 56.51 56.33 55.22  1.331 95.3  -0.03  +2.13  +2.39
el-guerrouj-1999-finish-line  2.249  87.7  54.13 56.79 56.66 55.55  2.217 88.0  +1.16  +2.08  +4.58
el-guerrouj-1999-metric       2.156  88.6  55.40 56.84 56.62 54.27  2.129 88.8  -1.20  +4.32  +2.34
nuguse-2025                   0.813  98.2  56.40 56.24 57.27 56.72  0.804 98.2  +1.20  +0.06  +0.63
ingebrigtsen-2025             0.776  98.4  56.72 56.68 56.16 55.78  0.800 98.3  -1.29  +1.13  -0.53
hassan-2019                   2.650  83.7  64.63 64.29 62.27 61.14  2.639 83.8  -4.28  +3.39  -2.14
kipyegon-2023                 2.381  86.4  62.96 62.36 62.53 59.78  2.328 86.9  -2.40  +4.27  -0.82
kipyegon-2025-exhibition      2.131  88.8  60.55 60.91 61.48 63.47  2.116 88.9  +2.88  -3.72  +1.05
barton-2019                   3.340  76.3  66.97 65.72 65.02 61.88  3.340 76.3  -4.36  +5.34  -2.45
"""


def known_answers() -> list[tuple[str, list[str]]]:
    rows = (line.split() for line in KNOWN_ANSWERS.strip().splitlines())
    return [(name, numbers) for name, *numbers in rows]


def as_printed(value: float, like: str) -> str:
    sign = "+" if like[0] in "+-" else ""
    return f"{value:{sign}.{len(like.split('.')[1])}f}"


def naive_cv_percent(lengths: Sequence[float], times: Sequence[float]) -> float:
    """The formula, word by word."""
    total_m, total_s, n = sum(lengths), sum(times), len(lengths)
    spread = 0.0
    for length, time in zip(lengths, times, strict=True):
        relative_pace = (time / length) / (total_s / total_m)
        spread += length / total_m * (relative_pace - 1) ** 2
    return 100 * math.sqrt(n / (n - 1) * spread)


lap_times = st.floats(40, 200)
segments = st.lists(st.tuples(st.floats(5, 500), lap_times), min_size=3, max_size=20)


@pytest.mark.parametrize(
    ("profile_id", "numbers"), known_answers(), ids=lambda v: v if isinstance(v, str) else ""
)
def test_record_races_score_as_worked_out_by_hand(profile_id: str, numbers: list[str]) -> None:
    profile = PROFILES[profile_id]
    published = evenness(profile.lengths_m, profile.times_s)
    quarters = quarter_times_s(np.array(profile.lengths_m), np.array(profile.times_s))
    resampled = evenness(QUARTERS_M, quarters)
    values = [
        *(published.cv_percent, published.score, *quarters, resampled.cv_percent, resampled.score),
        *(published.half_difference_percent, published.end_spurt_percent, published.fast_start_percent),
    ]
    assert [as_printed(v, n) for v, n in zip(values, numbers, strict=True)] == numbers


@pytest.mark.parametrize(
    ("times_s", "cv", "score", "half", "spurt", "start"),
    [
        ((60, 60, 60, 60), "0.000", "100.0", "+0.00", "+0.00", "+0.00"),
        ((80, 92, 95, 85), "7.707", "37.7", "+4.65", "+9.09", "+14.44"),
        ((75, 90, 100, 105), "14.301", "15.0", "+24.24", "-10.53", "+21.05"),
    ],
)
def test_plain_quarters_score_as_worked_out_by_hand(
    times_s: tuple[float, ...], cv: str, score: str, half: str, spurt: str, start: str
) -> None:
    e = evenness(QUARTERS_M, times_s)
    assert (as_printed(e.cv_percent, cv), as_printed(e.score, score)) == (cv, score)
    differences = (e.half_difference_percent, e.end_spurt_percent, e.fast_start_percent)
    assert tuple(as_printed(d, "+0.00") for d in differences) == (half, spurt, start)


@pytest.mark.parametrize(
    ("lengths_m", "cv", "score"),
    [
        (QUARTERS_M, "1.331", "95.3"),
        ((400 + LEAD_IN_M, 400, 400, 400), "2.249", "87.7"),
        ((400, 400, 400, 400 + LEAD_IN_M), "2.156", "88.6"),
    ],
)
def test_where_the_laps_lie_changes_the_score_of_the_same_printed_times(
    lengths_m: tuple[float, ...], cv: str, score: str
) -> None:
    e = evenness(lengths_m, (55.07, 56.51, 56.33, 55.22))
    assert (as_printed(e.cv_percent, cv), as_printed(e.score, score)) == (cv, score)


@pytest.mark.parametrize(
    ("cv_percent", "score"),
    [
        (1.0, 97.3),
        (1.5, 94.1),
        (3.0, 80.0),
        (5.2, 57.1),
        (6.0, 50.0),
        (7.0, 42.4),
        (9.1, 30.3),
        (12.0, 20.0),
        (20.0, 8.3),
    ],
)
def test_published_spreads_land_where_the_scale_says(cv_percent: float, score: float) -> None:
    # Two laps faster and two slower by d have a sample CV of d * sqrt(4/3).
    d = cv_percent / 100 / math.sqrt(4 / 3)
    e = evenness(QUARTERS_M, [60 * (1 - d), 60 * (1 + d)] * 2)
    assert e.cv_percent == pytest.approx(cv_percent)
    assert e.score == pytest.approx(score, abs=0.05)


@given(segments)
def test_the_spread_is_the_formula_word_by_word(laps: list[tuple[float, float]]) -> None:
    lengths, times = zip(*laps, strict=True)
    e = evenness(lengths, times)
    assert e.cv_percent == pytest.approx(naive_cv_percent(lengths, times), rel=1e-9, abs=1e-9)
    assert e.score == pytest.approx(100 / (1 + (e.cv_percent / 6) ** 2))


@given(st.lists(lap_times, min_size=3, max_size=12))
def test_for_equal_laps_the_spread_is_the_ordinary_cv_of_their_times(times: list[float]) -> None:
    cv = 100 * statistics.stdev(times) / statistics.fmean(times)
    assert evenness([400.0] * len(times), times).cv_percent == pytest.approx(cv, abs=1e-9)


@given(st.lists(st.floats(5, 500), min_size=3, max_size=20), st.floats(0.1, 1))
def test_even_pace_scores_100_however_it_is_cut(lengths: list[float], pace: float) -> None:
    e = evenness(lengths, [length * pace for length in lengths])
    assert (round(e.score, 9), e.shape) == (100.0, "even")
    differences = (e.half_difference_percent, e.fast_start_percent, e.end_spurt_percent)
    assert differences == pytest.approx((0, 0, 0), abs=1e-8)


@given(segments, st.integers(0, 19), st.floats(0.001, 0.5))
def test_only_even_pace_scores_100(laps: list[tuple[float, float]], which: int, slower: float) -> None:
    lengths = [length for length, _ in laps]
    times = [length * 0.2 for length in lengths]
    times[which % len(times)] *= 1 + slower
    assert evenness(lengths, times).score < 100


@given(segments, st.floats(0.1, 10))
def test_a_slower_runner_with_the_same_pattern_has_the_same_score(
    laps: list[tuple[float, float]], factor: float
) -> None:
    lengths, times = zip(*laps, strict=True)
    slower = evenness(lengths, [time * factor for time in times])
    assert slower.score == pytest.approx(evenness(lengths, times).score)


@given(
    st.lists(lap_times, min_size=3, max_size=12).flatmap(lambda t: st.tuples(st.just(t), st.permutations(t)))
)
def test_the_order_of_equal_laps_does_not_matter_to_the_score(
    orders: tuple[list[float], list[float]],
) -> None:
    before, after = (evenness([400.0] * len(times), times) for times in orders)
    assert after.score == pytest.approx(before.score)


@given(segments, st.floats(1.01, 3))
def test_the_score_falls_as_the_spread_grows(laps: list[tuple[float, float]], factor: float) -> None:
    lengths, times = zip(*laps, strict=True)
    total_m, total_s = sum(lengths), sum(times)
    wider = [s + (s - m * total_s / total_m) * (factor - 1) for m, s in laps]
    narrow = evenness(lengths, times)
    assume(min(wider) > 0 and narrow.cv_percent > 1e-6)
    e = evenness(lengths, wider)
    assert e.cv_percent == pytest.approx(narrow.cv_percent * factor, rel=1e-6)
    assert e.score < narrow.score


@pytest.mark.parametrize(
    ("lengths_m", "times_s"),
    [
        ((MILE_M / 2,) * 2, (150, 150)),
        ((400, 400, 400), (60, 60)),
        ((400, 400, 0), (60, 60, 60)),
        ((400, 400, 400), (60, 60, math.nan)),
        ((400, 400, 400), (60, 60, -1)),
        ((400, 400, 400), (60, 60, 0)),
        ((400, 400, 400), (60, 60, math.inf)),
    ],
)
def test_too_few_or_senseless_segments_are_refused(
    lengths_m: tuple[float, ...], times_s: tuple[float, ...]
) -> None:
    with pytest.raises(ValueError, match="segments"):
        evenness(lengths_m, times_s)


@pytest.mark.parametrize(
    ("quarters_s", "shape"),
    [
        ((75, 75, 75, 75), "even"),
        ((74.5, 75.2, 75.2, 74.5), "even"),
        ((72, 75, 75, 72.5), "U"),
        ((73, 75, 75, 70), "J"),
        ((70, 75, 75, 73), "reverse J"),
        ((72, 74, 76, 78), "positive"),
        ((70, 75, 75, 75), "positive"),
        ((78, 76, 74, 72), "negative"),
        ((75, 75, 75, 72), "negative"),
        ((74, 76, 74.6, 76.2), "positive"),
        ((74, 76.5, 74.5, 76), "variable"),
        ((76, 73, 76, 74), "variable"),
        ((78, 75, 75, 78), "variable"),
        ((77, 75, 76, 76.3), "variable"),
    ],
)
def test_each_shape_has_its_word(quarters_s: tuple[float, ...], shape: str) -> None:
    assert shape_of(quarters_s) == shape


@pytest.mark.parametrize(
    ("profile_id", "shape"),
    [
        ("el-guerrouj-1999", "U"),
        ("el-guerrouj-1999-finish-line", "reverse J"),
        ("bannister-1954", "reverse J"),
        ("taber-1915", "reverse J"),
        ("cram-1985", "J"),
        ("nurmi-1923", "positive"),
        ("ryun-1967", "negative"),
        ("hassan-2019", "negative"),
        ("kipyegon-2023", "negative"),
        ("nuguse-2025", "even"),
        ("ingebrigtsen-2025", "even"),
    ],
)
def test_record_races_have_the_shapes_that_are_told_of_them(profile_id: str, shape: str) -> None:
    profile = PROFILES[profile_id]
    assert evenness(profile.lengths_m, profile.times_s).shape == shape


@given(st.tuples(lap_times, lap_times, lap_times, lap_times), st.sampled_from([0.5, 2.0, 4.0]))
def test_the_shape_does_not_depend_on_the_speed(
    quarters: tuple[float, float, float, float], factor: float
) -> None:
    # Powers of two scale without rounding, so that not even a threshold moves.
    assert shape_of([q * factor for q in quarters]) == shape_of(quarters)


@pytest.mark.parametrize(
    ("quarters_s", "shape"),
    [
        ((69.2, 69.1, 71.2, 69.2), "positive"),  # both ends fast, but the second quarter was the fastest
        ((68.0, 69.1, 71.2, 69.3), "positive"),  # the second was faster than the last
        ((69.1, 69.1, 71.2, 69.1), "positive"),  # the second was as fast as both
        ((68.6, 70.6, 71.4, 70.3), "positive"),  # the last was hardly faster than the middle
        ((71.2, 71.4, 71.4, 68.8), "negative"),  # the first was
        ((69.5, 70.1, 68.8, 71.0), "positive"),  # the halves are alike, and the last quarter tells
        ((69.8, 69.6, 70.7, 68.6), "negative"),
    ],
)
def test_where_the_ends_do_not_decide_the_halves_do(quarters_s: tuple[float, ...], shape: str) -> None:
    assert shape_of(quarters_s) == shape


@pytest.mark.parametrize(
    ("quarters_s", "shape"),
    [
        ((99, 100, 100, 95), "negative"),  # the first against the middle
        ((95, 100, 100, 99), "positive"),  # the last against the middle
        ((97, 100, 100, 98), "U"),  # the two against each other
        ((102, 100, 100, 103), "variable"),  # the last against the first
        ((102, 98, 102, 100), "variable"),  # the second half against the first
        ((98, 102, 98, 100), "variable"),
    ],
)
def test_a_difference_of_one_percent_is_none_yet(quarters_s: tuple[float, ...], shape: str) -> None:
    assert shape_of(quarters_s) == shape


def test_segments_may_be_shares_of_the_whole() -> None:
    metres, shares = evenness([400.0] * 4, [70, 71, 72, 70]), np.array([70, 71, 72, 70]) / 283
    assert evenness([0.25] * 4, shares).score == pytest.approx(metres.score)


def test_the_percent_of_a_record_is_of_the_whole_time() -> None:
    comparison = against(EL_GUERROUJ, [0, 60, 100, 240], [0, 400, 700, EL_GUERROUJ.length_m])
    assert comparison.percent == pytest.approx(100 * EL_GUERROUJ.time_s / 240)


def even_run(elapsed_s: float, mark: Mark = EL_GUERROUJ) -> RecordComparison:
    return against(mark, [0, elapsed_s], [0, mark.length_m])


def test_behind_an_even_record_the_gap_grows_evenly() -> None:
    comparison = even_run(2 * KERR.time_s, KERR)
    assert comparison.profile_id is None
    assert comparison.percent == pytest.approx(50)
    for quarter, behind in enumerate(comparison.behind, start=1):
        assert behind.mark_m == pytest.approx(quarter * QUARTER_M)
        assert behind.behind_s == pytest.approx(KERR.time_s * quarter / 4)
        assert behind.behind_m == pytest.approx(behind.mark_m / 2)


def test_a_comparison_says_whose_record_it_is_and_how_it_stands() -> None:
    comparison = even_run(300, KERR)
    assert (comparison.record_id, comparison.holder) == ("mile-outdoor-m-2026-kerr", "Josh Kerr")
    assert (comparison.time_s, comparison.status) == (222.66, "pending")
    assert comparison.label == "men's outdoor record, pending"


def test_percent_is_the_speed_against_the_records() -> None:
    assert even_run(300).percent == pytest.approx(100 * 223.13 / 300)


def test_the_record_is_followed_along_the_holders_own_splits() -> None:
    # An even 4:07.64 against Kipyegon's own: she was slower over three quarters and came back.
    quarters = even_run(247.64, KIPYEGON).behind
    passes = [62.6 + 2.336 * 0.155, 124.6 + 4.672 * 0.155, 186.8 + 7.008 * 0.151, 247.64]
    assert [b.behind_s for b in quarters] == pytest.approx(
        [247.64 * k / 4 - passed for k, passed in enumerate(passes, start=1)]
    )
    assert [b.behind_s < 0 for b in quarters] == [True, True, True, False]


def test_a_pacemakers_splits_are_not_held_against_a_runner() -> None:
    # Only 2:47.91 at three quarters was El Guerrouj's own; before it his pace counts as even.
    quarters = even_run(300).behind
    assert [b.behind_s for b in quarters] == pytest.approx(
        [75 - 167.91 / 3, 150 - 167.91 * 2 / 3, 225 - 167.91, 300 - 223.13]
    )


def test_splits_that_do_not_add_up_still_end_at_the_official_time() -> None:
    mark = MARKS["mile-short-track-m-2025-ingebrigtsen"]
    last = even_run(300, mark).behind[-1]
    assert last.behind_s == pytest.approx(300 - 225.14)


@pytest.mark.parametrize("mark", marks(), ids=lambda m: m.record_id)
def test_running_the_record_itself_is_level_at_the_finish(mark: Mark) -> None:
    comparison = even_run(mark.time_s, mark)
    assert comparison.percent == pytest.approx(100)
    assert comparison.behind[-1].behind_s == pytest.approx(0, abs=1e-9)
    assert comparison.behind[-1].behind_m == pytest.approx(0, abs=1e-9)
    assert comparison.holder == mark.athlete


def test_a_runner_ahead_is_beyond_the_mark_but_never_beyond_the_finish() -> None:
    quarters = even_run(0.9 * KERR.time_s, KERR).behind
    assert [b.behind_m for b in quarters[:3]] == pytest.approx(
        [b.mark_m - b.mark_m / 0.9 for b in quarters[:3]]
    )
    assert quarters[-1].behind_s == pytest.approx(-0.1 * KERR.time_s)
    assert quarters[-1].behind_m == 0


def test_a_stop_on_the_mark_counts_after_the_mark() -> None:
    times, distances = [0, 75, 95, 320], [0, QUARTER_M, QUARTER_M, MILE_M]
    first, second, *_ = against(KERR, times, distances).behind
    assert first.behind_s == pytest.approx(75 - KERR.time_s / 4)
    assert second.behind_s == pytest.approx(95 + 75 - KERR.time_s / 2)
    # The record reaches the half while the runner is under way again.
    assert second.behind_m == pytest.approx(QUARTER_M * (1 - (KERR.time_s / 2 - 95) / 75))


def naive_behind(mark: Mark, times: Sequence[float], distances: Sequence[float]) -> list[tuple[float, float]]:
    """Against an even record: walk along the runner's curve for every question."""
    found = []
    for quarter in (1, 2, 3, 4):
        mark_m, record_s = mark.length_m * quarter / 4, mark.time_s * quarter / 4
        own_s, own_m = times[-1], distances[-1]
        for i in reversed(range(1, len(times))):
            (t0, t1), (d0, d1) = times[i - 1 : i + 1], distances[i - 1 : i + 1]
            if d0 <= mark_m <= d1:
                own_s = t0 + (t1 - t0) * (mark_m - d0) / (d1 - d0)
            if t0 <= record_s <= t1:
                own_m = d0 + (d1 - d0) * (record_s - t0) / (t1 - t0)
        found.append((own_s - record_s, mark_m - own_m))
    return found


@given(
    st.lists(st.tuples(st.floats(1, 100), st.floats(1, 100)), min_size=1, max_size=15), st.floats(150, 900)
)
@example([(1.0, 1.0)] * 4, 300.0)
def test_the_gap_is_what_walking_along_the_curve_finds(
    steps: list[tuple[float, float]], elapsed_s: float
) -> None:
    step_s, step_m = (np.array(column) for column in zip(*steps, strict=True))
    times = [0.0, *(np.cumsum(step_s) / step_s.sum() * elapsed_s).tolist()]
    distances = [0.0, *(np.cumsum(step_m) / step_m.sum() * MILE_M).tolist()]
    found = [(b.behind_s, b.behind_m) for b in against(KERR, times, distances).behind]
    assert np.array(found) == pytest.approx(np.array(naive_behind(KERR, times, distances)), abs=1e-4)


@pytest.mark.parametrize(
    ("times_s", "distances_m", "reason"),
    [
        ([0], [0], "two or more"),
        ([0, 300], [0, 1000, MILE_M], "two or more"),
        ([1, 300], [0, MILE_M], "start at 0"),
        ([0, math.nan], [0, MILE_M], "finite"),
        ([0, 200, 200, 300], [0, 800, 900, MILE_M], "increase"),
        ([0, 200, 250, 300], [0, 800, 790, MILE_M], "fall"),
        ([0, 300], [0, 1609.0], "1609.000 m long"),
    ],
)
def test_a_curve_that_is_not_an_effort_over_the_length_is_refused(
    times_s: list[float], distances_m: list[float], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        against(KERR, times_s, distances_m)


@pytest.mark.parametrize(
    ("record_id", "words"),
    [
        ("mile-outdoor-f-2023-kipyegon", "women's outdoor record"),
        ("mile-outdoor-f-2019-hassan", "former women's outdoor record"),
        ("mile-outdoor-f-2025-kipyegon", "women's outdoor mark, unofficial"),
        ("mile-road-m-2023-kerr", "men's road mark, not eligible"),
        ("mile-short-track-m-2025-nuguse", "former men's short track record"),
        ("mile-outdoor-u20-m-2023-cheruiyot", "men's outdoor U20 record"),
        ("mile-outdoor-usa-f-2023-hiltz", "women's outdoor USA record"),
    ],
)
def test_a_label_says_what_a_mark_is(record_id: str, words: str) -> None:
    assert label(MARKS[record_id]) == words


def test_a_runner_without_a_stated_sex_is_compared_with_three_marks() -> None:
    percents = [even_run(360, mark).percent for mark in standing_records()]
    assert [round(p, 2) for p in percents] == [61.98, 61.85, 68.79]


def test_who_has_no_rival_chases_the_standing_records() -> None:
    assert [(light.time_s, kind) for light, kind in lights(Settings())] == [
        (mark.time_s, "record") for mark in standing_records()
    ]
    assert lights(Settings(), records=False) == []


@pytest.mark.parametrize(
    ("elapsed_s", "time_s"),
    [(301.2, 300), (300.0, 270), (299.9, 270), (300.0000001, 270), (300.001, 300), (31, 30)],
)
def test_the_next_milestone_is_the_half_minute_below(elapsed_s: float, time_s: float) -> None:
    milestone = next_milestone(elapsed_s, MILE_M)
    assert milestone is not None and milestone.time_s == time_s
    assert milestone.faster_by_s == pytest.approx(elapsed_s - time_s)


def test_a_milestone_says_the_pace_and_what_has_to_go() -> None:
    milestone = next_milestone(312.5, MILE_M)
    assert milestone is not None
    assert (milestone.time_s, milestone.faster_by_s, milestone.faster_by_percent) == (300.0, 12.5, 4.0)
    assert milestone.pace_s_per_km == pytest.approx(300 / 1.609344)


@pytest.mark.parametrize("elapsed_s", [30.0, 12.0])
def test_below_half_a_minute_there_is_no_milestone(elapsed_s: float) -> None:
    assert next_milestone(elapsed_s, 100.0) is None


@given(st.floats(31, 7200))
def test_a_milestone_is_at_most_half_a_minute_away(elapsed_s: float) -> None:
    milestone = next_milestone(elapsed_s, MILE_M)
    assert milestone is not None
    assert 0 < milestone.faster_by_s <= 30 + 1e-6
    assert milestone.time_s % 30 == 0
