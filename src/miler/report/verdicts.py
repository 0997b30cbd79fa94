"""What a mile is worth and how it was paced, in sentences that text and page share.

Every number is rounded here, never in the runner's favour; every sentence stands alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from miler.analysis import Mile
from miler.conditions import Condition
from miler.effort import Effort
from miler.pacing import Change, Pacing
from miler.recordbook import Mark
from miler.report.words import SHAPES, written_day
from miler.scoring import label
from miler.shown import printable
from miler.units import digits_for, format_duration, length_name, rounded_down, rounded_up
from miler.worth import BookWorth, Worth

_ORDINALS = ("first", "second", "third", "last")
_AT_REST = 3.5  # ml/kg/min, what who sits uses; the formula is for runners
_SHOWN_CHANGES = 3
_NOTED_PERCENT = 0.5  # a condition whose model says less than that goes without words
_LOST_S = 0.05  # a quarter that lost less is not told of
_INDOORS = {"treadmill", "indoor_running", "indoor_track", "virtual_activity"}
_SEXES = {"M": "men", "F": "women"}


def shape_words(mile: Mile, sub_sport: str | None = None) -> str:
    """Name the shape of a mile's pacing, but none that the measurement alone may have made."""
    if mile.pacing is not None and mile.pacing.within_noise:
        return f"even within what {_measure(sub_sport)} can tell"
    return SHAPES.get(mile.evenness.shape, mile.evenness.shape)


def _measure(sub_sport: str | None) -> str:
    return "the sensor" if sub_sport in _INDOORS else "GPS"


def pacing_words(mile: Mile, sub_sport: str | None = None) -> list[str]:
    """Say how a mile was paced; where the measurement explains the quarters' difference, say that instead."""
    pacing = mile.pacing
    if pacing is None:
        return []
    said = [_against_noise(pacing, _measure(sub_sport))]
    if not pacing.within_noise:
        said += [_lost(pacing, mile.effort), _like(pacing)]
    if pacing.kick is not None:
        kick = pacing.kick
        said.append(
            f"kick: the last {kick.end_m - kick.start_m:.0f} m {kick.faster_percent:.1f} % faster"
            " than the quarter before them"
        )
    if pacing.surges:
        said.append(_surges(pacing.surges))
    return said


def _against_noise(pacing: Pacing, measure: str) -> str:
    interval = f"score {rounded_down(pacing.score_low)} to {rounded_down(pacing.score_high)} with 95 %"
    alone = f"{measure} by itself shows a CV of up to {rounded_up(pacing.floor_percent)} %; {interval}"
    return alone if pacing.within_noise else f"more uneven than {measure} explains: {alone}"


def _lost(pacing: Pacing, effort: Effort) -> str:
    """Where the seconds went: each quarter against the fastest one."""
    fastest = _ORDINALS[pacing.lost_s.index(0.0)]
    digits = digits_for(effort.uncertainty_s)
    each = enumerate(round(s, digits) for s in pacing.lost_s)
    lost = [f"{s:.{digits}f} s in the {_ORDINALS[i]}" for i, s in each if s >= _LOST_S]
    could_s = effort.elapsed_s - sum(pacing.lost_s)
    return (
        f"lost against its {fastest} quarter: {_listed(lost)};"
        f" at that pace throughout it would have been {format_duration(could_s, digits)}"
    )


def _like(pacing: Pacing) -> str:
    nearest, farthest = pacing.likeness[0], pacing.likeness[-1]
    races, percent = f"{pacing.races} record races", pacing.more_even_than_percent
    evenness = f"more even than {percent:.0f} % of {races}"
    if percent in (0, 100):
        evenness = f"{'more' if percent else 'less'} even than any of {races}"
    return (
        f"paced like {nearest.athlete} {nearest.year}, not like {farthest.athlete} {farthest.year};"
        f" {evenness}"
    )


def _surges(surges: Sequence[Change]) -> str:
    strongest = sorted(surges, key=lambda change: -abs(change.faster_percent))[:_SHOWN_CHANGES]
    said = [
        f"{c.start_m:.0f} to {c.end_m:.0f} m {abs(c.faster_percent):.1f} %"
        f" {'faster' if c.faster_percent > 0 else 'slower'}"
        for c in sorted(strongest, key=lambda change: change.start_m)
    ]
    return f"off its mean pace: {', '.join(said)}"


def worth_words(worth: Worth, own: str = "", high_s: float = -math.inf) -> list[str]:
    """Say what a mile is worth, by one book or both; `high_s` is the end of its interval."""
    said = [f"VDOT {rounded_down(worth.vdot)}"] if worth.vdot > _AT_REST else []
    if worth.milestone_s is not None:
        unsure = ", but its ± reaches beyond" if high_s >= worth.milestone_s else ""
        said.append(f"under {format_duration(worth.milestone_s, 0)}{unsure}")
    return [
        *filter(None, ["; ".join(said)]),
        _equivalents(worth),
        *(line for b in worth.books for line in _book(b, worth, own)),
    ]


def _equivalents(worth: Worth) -> str:
    by_length: dict[float, list[str]] = {}
    for e in worth.equivalents:
        if e.valid:
            by_length.setdefault(e.length_m, []).append(format_duration(e.time_s, 0))
    said = [f"{length_name(m)} {' to '.join(dict.fromkeys(sorted(t)))}" for m, t in sorted(by_length.items())]
    return f"about as good as {', '.join(said)} (models; no forecast)"


def _book(book: BookWorth, worth: Worth, own: str) -> Iterator[str]:
    # The outdoor records have a table of their own.
    others = [s for s in book.shares if (s.mark.surface, s.mark.category) != ("outdoor", "senior")]
    shares = [f"{rounded_down(s.percent)} % of the {_record(s.mark, own)}" for s in others]
    points = f"{book.points} points" if book.points else "no points, for the tables end at faster miles"
    yield f"{_SEXES[book.sex]}: {points}; speed {_listed(shares)}"
    for grade in book.age_grades:
        note = f"; {grade.note}" if grade.note else ""
        yield f"age grade {rounded_down(grade.percent)} % at {worth.age} ({grade.table}{note})"
    if book.stood_until is not None:
        mark = book.stood_until
        yield (
            f"would have been the {_SEXES[book.sex]}'s world record until {written_day(mark.date)}"
            f" ({mark.athlete} {mark.time_text})"
        )


def _record(mark: Mark, own: str) -> str:
    words = label(mark, own).removeprefix("men's ").removeprefix("women's ")
    return f"{words} ({mark.time_text})"


def context_words(conditions: Sequence[Condition]) -> list[str]:
    """Say the conditions, and first of all that the time knows nothing of them."""
    said = condition_words(conditions)
    return [f"not included in the time: {said[0]}", *said[1:]] if said else []


def condition_words(conditions: Sequence[Condition]) -> list[str]:
    """Say the conditions that are worth a word, each with what a model makes of it."""
    return [_condition(c) for c in conditions if _noted(c)]


def _noted(condition: Condition) -> bool:
    if condition.name == "drop":  # the checklist tells it, with its ±
        return False
    return condition.effect_percent is None or abs(condition.effect_percent) >= _NOTED_PERCENT


def _condition(condition: Condition) -> str:
    if condition.words is not None:
        return f"{condition.name} “{printable(condition.words)}” ({condition.source})"
    effect = condition.effect_percent
    model = (
        "" if effect is None else f": {abs(effect):.1f} % {'slower' if effect > 0 else 'faster'} by a model"
    )
    if condition.name == "flat_track":
        return f"a short track, if it was flat and not banked{model} ({condition.source})"
    value = f"{condition.value:.{0 if condition.name in ('altitude', 'temperature') else 1}f}"
    value = value.replace("-", "−")
    if condition.name == "altitude":
        return f"{value} m above the sea{model} ({condition.source})"
    if condition.name == "temperature":
        return f"{value} °C ({condition.source})"
    return f"hills, {value} % net{model} ({condition.source})"


def _listed(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)
