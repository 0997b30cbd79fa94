"""How even an effort was, how far from the records it is, and what comes next.

Numbers only, each with a name, a unit and a definition. The score rates evenness, not
quality: a tactical winner scores low, and an even jog scores 100.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from miler.arrays import FloatArray, added_up
from miler.pacelight import Chase, Light, chase, check_curve, light_of, reached_s, rival_light
from miler.recordbook import Mark, Status, is_current, own_book, standing_records
from miler.settings import Settings
from miler.units import KILOMETRE_M

Shape = Literal["even", "negative", "positive", "U", "J", "reverse J", "variable"]
ChasedKind = Literal["rival", "goal", "record"]

HALF_SCORE_CV_PERCENT = 6.0
NOISE_PERCENT = 1.0
MILESTONE_STEP_S = 30.0

_HAIR = 1e-6  # metres or seconds: well below what any device stores, well above what float64 loses


@dataclass(frozen=True)
class Evenness:
    """How equal the segments of an effort were; see `evenness` for each definition.

    Attributes:
        score: 0 to 100, 100 only for even pace.
        cv_percent: distance-weighted sample coefficient of variation of the segments' pace.
        half_difference_percent: second half against the first; negative = negative split.
        fast_start_percent: first quarter against the middle two; positive = faster.
        end_spurt_percent: last quarter against the middle two; positive = faster.
        shape: the field's word for the four quarters, by the rules of `shape_of`.
    """

    score: float
    cv_percent: float
    half_difference_percent: float
    fast_start_percent: float
    end_spurt_percent: float
    shape: Shape


@dataclass(frozen=True)
class Behind:
    """Where the runner is against a record at one mark; negative = ahead.

    `behind_s` compares the two times at the mark. `behind_m` is what the runner still lacks
    of the mark when the record reaches it; a runner ahead is beyond it, but never beyond the
    finish, so `behind_m` of the last mark is at least 0.
    """

    mark_m: float
    behind_s: float
    behind_m: float


@dataclass(frozen=True)
class RecordComparison:
    """An effort against one mark of the record book.

    Attributes:
        holder: the athlete.
        time_s: the mark's time.
        percent: the runner's speed in percent of the record's, 100 * record / own time.
        behind: at each quarter of the length; the last is the finish.
        status: the mark's, one of `recordbook.STATUSES`.
        label: what the mark is, such as "men's outdoor record".
        profile_id: whose splits `behind` is measured against; None = even pace.
    """

    record_id: str
    holder: str
    time_s: float
    percent: float
    behind: tuple[Behind, ...]
    status: Status
    label: str
    profile_id: str | None


@dataclass(frozen=True, eq=False)
class Chased:
    """An effort against the light of a rival, a goal or a record.

    Attributes:
        behind: at each quarter of the length; the last is the finish.
        each_second: at every second, where that was asked for.
    """

    name: str
    kind: ChasedKind
    time_s: float
    behind: tuple[Behind, ...]
    each_second: Chase | None


@dataclass(frozen=True)
class Milestone:
    """A round time to run next.

    `faster_by_percent` is the share of the present time that has to go.
    """

    time_s: float
    faster_by_s: float
    faster_by_percent: float
    pace_s_per_km: float


def evenness(lengths_m: Sequence[float] | FloatArray, times_s: Sequence[float] | FloatArray) -> Evenness:
    """Score how evenly an effort was run.

    With segment lengths d, times t, their sums D and T, and the relative pace
    p = (t/d) / (T/D) of each of n segments:

        CV    = 100 * sqrt(n/(n-1) * sum(d/D * (p-1)^2))    percent
        score = 100 / (1 + (CV/6)^2)

    For equal segments CV is the ordinary sample coefficient of variation of their times. It
    does not change with scale or order, and a first lap of 409.344 m counts as what it is. It
    does rise with finer segments: compare scores of four quarters with each other.

    The other numbers are of four equal quarters Q1 to Q4, read off the distance-time curve
    where the segments are not quarters. With M the mean of Q2 and Q3: fast start is
    100 (M - Q1)/M, end spurt 100 (M - Q4)/M, half difference 100 (second - first)/first.

    Args:
        lengths_m: (n,) positive metres.
        times_s: (n,) positive seconds.

    Returns:
        The numbers, each in percent but the score.

    Raises:
        ValueError: for fewer than three segments, which say too little, or values that are
            not positive and finite.

    Source:
        CV of lap times as the field's measure of evenness: Foster, de Koning & Thiel 2014
        (IJSPP 9:715), whose figures fit the sample CV. The curve and its 6 % are this
        project's choice: it puts 50 points within the 5.2 to 9.1 % of championship races
        (Hanley, Stellingwerff & Hettinga 2019, IJSPP 14:894), and 94 to 80 points at the
        1.5 to 3.0 % of mile records (Foster et al.).
    """
    lengths, times = [float(metres) for metres in lengths_m], [float(seconds) for seconds in times_s]
    if len(lengths) < 3 or len(lengths) != len(times):
        counts = f"{len(lengths)} and {len(times)}"
        raise ValueError(f"evenness needs three or more segments with a time each, not {counts}")
    if not all(0 < value < math.inf for value in (*lengths, *times)):
        raise ValueError("segments must have positive, finite lengths and times")
    spread = cv_percent(lengths, times)
    quarters_s = quarter_times_s(np.array(lengths), np.array(times)).tolist()
    half_difference, fast_start, end_spurt = _differences_percent(quarters_s)
    return Evenness(
        score=score_of(spread),
        cv_percent=spread,
        half_difference_percent=half_difference,
        fast_start_percent=fast_start,
        end_spurt_percent=end_spurt,
        shape=shape_of(quarters_s),
    )


def score_of(spread_percent: float) -> float:
    """Return the evenness score of a CV; the formula and its status are those of `evenness`."""
    return 100 / (1 + (spread_percent / HALF_SCORE_CV_PERCENT) ** 2)


def quarter_times_s(lengths_m: FloatArray, times_s: FloatArray) -> FloatArray:
    """Cut consecutive segments, (n,) metres and (n,) seconds, into the (4,) times of equal quarters.

    Pace is taken as even within a segment.
    """
    distances, elapsed = added_up(lengths_m), added_up(times_s)
    return np.diff(np.interp(distances[-1] * np.arange(5) / 4, distances, elapsed))


def shape_of(quarters_s: Sequence[float]) -> Shape:
    """Name the pacing of four equal quarters; the first rule that fits decides.

    A difference counts from 1 % on (`NOISE_PERCENT`): quarters measured by GPS scatter by
    about as much, and it is the evenness that Foster, de Koning & Thiel 2014 expect of a
    next mile record. With fast start, end spurt and half difference as in `evenness`:

    1. "even": the CV of the quarters is at most 1 %.
    2. First and last quarter both faster than the middle by more than 1 %, and than each of the
       two quarters in it:
       "U" if fast start and end spurt are within 1 % of each other,
       "J" if the end spurt is the greater, "reverse J" if the fast start is.
    3. "positive" or "negative": the second half is slower or faster by more than 1 %.
    4. "positive" or "negative": the last quarter is slower or faster than the first by more
       than 1 % of the middle, and the second half is so too, if by less.
    5. "variable": anything else, as slow at both ends, or jagged.

    Where the laps lie decides more than the rule does: El Guerrouj's printed times of 1999
    are a "U" as 440 yd quarters (Noakes, Lambert & Hauman 2009 found first and last quarters
    of the men's records alike), and a "reverse J" with a first lap of 409 m (Casado et al.
    2021 say so of the men's records). The U that they find for women is an average;
    Kipyegon 2023 and Hassan 2019 are "negative".

    Args:
        quarters_s: (4,) seconds.

    Source:
        Words: Abbiss & Laursen 2008 (Sports Med 38:239). Thresholds: this project's choice.
    """
    half, start, spurt = _differences_percent(quarters_s)
    if cv_percent((1.0,) * 4, quarters_s) <= NOISE_PERCENT:
        return "even"
    first_s, *middle_s, last_s = quarters_s
    if min(start, spurt) > NOISE_PERCENT and max(first_s, last_s) < min(middle_s):
        if abs(start - spurt) <= NOISE_PERCENT:
            return "U"
        return "J" if spurt > start else "reverse J"
    last_slower = start - spurt
    if abs(half) > NOISE_PERCENT or (abs(last_slower) > NOISE_PERCENT and last_slower * half > 0):
        return "positive" if half > 0 else "negative"
    return "variable"


def against(
    mark: Mark,
    times_s: Sequence[float] | FloatArray,
    distances_m: Sequence[float] | FloatArray,
    own: str = "",
) -> RecordComparison:
    """Compare an effort with a mark of the same length.

    Both are piecewise-linear curves. The record's runs through the holder's own published
    splits (a pacemaker's are left out), else at even pace; splits that do not add up to
    the official time are stretched to it.

    Args:
        mark: a row of the record book.
        times_s: (n,) seconds from the start of the effort, strictly increasing from 0.
        distances_m: (n,) metres from the start of the effort at those times, increasing from 0
            to the mark's length; equal neighbours are a stop, and a mark inside it is
            reached at its beginning.
        own: text of the runner's own records file, which may say what is current.

    Raises:
        ValueError: if the curve breaks these promises.
    """
    light = light_of(mark)
    behind = behind_light(light, times_s, distances_m)
    return RecordComparison(
        record_id=mark.record_id,
        holder=mark.athlete,
        time_s=mark.time_s,
        percent=100 * mark.time_s / float(times_s[-1]),
        behind=behind,
        status=mark.status,
        label=label(mark, own),
        profile_id=light.profile_id,
    )


def behind_light(
    light: Light,
    times_s: Sequence[float] | FloatArray,
    distances_m: Sequence[float] | FloatArray,
    marks_m: Sequence[float] = (),
) -> tuple[Behind, ...]:
    """Say where a runner is against a light at each mark, or quarter.

    Args:
        light: who is chased.
        times_s, distances_m: (m,) the runner's curve, as in `against`.
        marks_m: metres on it; the quarters if there are none.

    Raises:
        ValueError: for a curve that `against` refuses.
    """
    times, distances = np.asarray(times_s, dtype=np.float64), np.asarray(distances_m, dtype=np.float64)
    check_curve(times, distances, light.length_m)
    at_m = np.asarray(marks_m or light.length_m * np.arange(1, 5) / 4)
    lights_s = light.seconds_at(at_m)
    behind_s = reached_s(times, distances, at_m) - lights_s
    behind_m = at_m - np.interp(lights_s, times, distances)
    columns = (column.tolist() for column in (at_m, behind_s, behind_m))
    return tuple(Behind(*values) for values in zip(*columns, strict=True))


def pace_lights(
    times_s: Sequence[float] | FloatArray, distances_m: FloatArray, settings: Settings
) -> tuple[Chased, ...]:
    """Set a mile against the runner's rivals and goals; with every second, against the records too.

    The records' gaps at the quarters are those of `against`; the curve is as there, (m,) seconds at
    (m,) metres.
    """
    return tuple(
        Chased(
            light.name,
            kind,
            light.time_s,
            behind_light(light, times_s, distances_m),
            chase(light, times_s, distances_m) if settings.every_second else None,
        )
        for light, kind in lights(settings, records=settings.every_second)
    )


def lights(settings: Settings, *, records: bool = True) -> list[tuple[Light, ChasedKind]]:
    """Return the lights of the runner's rivals and goals, and of the records that a mile is compared with."""
    rivals = own_book(settings.own_records).rivals if settings.own_records else ()
    standing = standing_records(sex=settings.sex, own=settings.own_records) if records else ()
    return [
        *((rival_light(rival), rival.kind) for rival in rivals),
        *((light_of(mark), "record") for mark in standing),
    ]


def label(mark: Mark, own: str = "") -> str:
    """Say what a mark is: "men's outdoor record", "former women's short track record"."""
    owner = "men's" if mark.sex == "M" else "women's"
    category = "" if mark.category == "senior" else f"{mark.category} "
    book = f"{owner} {mark.surface.replace('_', ' ')} {category}"
    if mark.status in ("unofficial", "not_eligible"):
        return f"{book}mark, {mark.status.replace('_', ' ')}"
    if mark.status == "pending":
        return f"{book}record, pending"
    return f"{book}record" if is_current(mark, own) else f"former {book}record"


def next_milestone(elapsed_s: float, length_m: float) -> Milestone | None:
    """Return the next whole half minute below a time; None where there is none above zero.

    A time on a half minute has the one below it as its milestone.
    """
    time_s = MILESTONE_STEP_S * (math.ceil((elapsed_s - _HAIR) / MILESTONE_STEP_S) - 1)
    if time_s <= 0:
        return None
    faster_by_s = elapsed_s - time_s
    return Milestone(time_s, faster_by_s, 100 * faster_by_s / elapsed_s, time_s / length_m * KILOMETRE_M)


def cv_percent(lengths_m: Sequence[float], times_s: Sequence[float]) -> float:
    """Return the distance-weighted sample CV of the pace of segments, (n,) metres and (n,) seconds."""
    n, length_m = len(lengths_m), sum(lengths_m)
    mean_pace = sum(times_s) / length_m
    segments = zip(lengths_m, times_s, strict=True)
    variance = (
        sum(metres * (seconds / metres / mean_pace - 1) ** 2 for metres, seconds in segments) / length_m
    )
    return 100 * math.sqrt(n / (n - 1) * variance)


def _differences_percent(quarters_s: Sequence[float]) -> tuple[float, float, float]:
    """Return half difference, fast start and end spurt, as `evenness` defines them."""
    q1, q2, q3, q4 = quarters_s
    middle_s = (q2 + q3) / 2
    return (
        100 * (q3 + q4 - q1 - q2) / (q1 + q2),
        100 * (middle_s - q1) / middle_s,
        100 * (middle_s - q4) / middle_s,
    )
