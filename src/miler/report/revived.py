"""The Analysis that a document tells of: `document` read backwards.

Text reports are made of it, be the run just read or long in a library: so they and JSON tell the same
digits, and what a library kept is told as it was. What is drawn on pages is not in a document, and is empty
here; names of records and races are looked up in the book.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

import numpy as np

from miler.activity import Lap, Note, Pause, Source
from miler.analysis import Analysis, Mile, Summary
from miler.buttons import PressedMile
from miler.conditions import Condition
from miler.effort import Effort, Evidence, Split
from miler.eligibility import Point
from miler.moments import STEPS_S, Moments
from miler.ownbest import OwnBest, Ran
from miler.pacelight import Chase
from miler.pacing import Change, Likeness, Pacing
from miler.recordbook import Mark, marks, profiles
from miler.repeats import Repeat, Series
from miler.report.document import Document
from miler.scoring import Behind, Chased, Evenness, Milestone, RecordComparison
from miler.settings import Settings
from miler.trace import Trace
from miler.track import Drawing, LineLap, TrackSummary
from miler.worth import AgeGrade, BookWorth, Equivalent, Share, Worth

_NO_TRACE = Trace(*(np.empty(0) for _ in range(9)))
_NO_MOMENTS = Moments(None, None, STEPS_S[-1], 0, {}, ())
_NO_DRAWING = Drawing(0.0, 0.0, 0.0, np.empty((2, 0)), (), 0.0, 1)


def revived(document: Document) -> Analysis:
    """Return the analysis that a document tells of.

    Args:
        document: as `rounded` gives it, or a reader of its JSON; one that this miler made.

    Returns:
        An Analysis whose document is that one again. Its trace, moments and drawing of a track are empty,
        and its values rounded to a millionth.

    Raises:
        LookupError, TypeError or ValueError: if it is no such document, or names a record that the book
            does not have.
        SettingsError: if it names settings that are none.
    """
    activity, laps = document["activity"], document["laps"]
    settings = Settings.from_mapping(document["settings"])
    return Analysis(
        source=_source(document["source"]),
        summary=_summary(activity),
        laps=tuple(Lap(**{name: lap[name] for name in Lap.__dataclass_fields__}) for lap in laps),
        lap_splits=tuple(_lap_split(lap) for lap in laps),
        pauses=tuple(Pause(**pause) for pause in document["pauses"]),
        efforts=tuple(_effort(effort) for effort in document["efforts"]),
        km=_splits(document["splits"]["km"]),
        miles=_splits(document["splits"]["mile"]),
        repeats=_series(document["repeats"]),
        official=tuple((time["length_m"], time["time_s"]) for time in document["official"]),
        mile=_mile(document["fastest_mile"], activity["track"], settings),
        trace=_NO_TRACE,
        track=_track(activity["track"]),
        moments=_NO_MOMENTS,
        notes=tuple(Note(**note) for note in document["notes"]),
        settings=settings,
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _source(source: Document) -> Source:
    known = {name: source[name] or "" for name in ("format", "sha256")}
    return Source(**source | known)


def _summary(activity: Document) -> Summary:
    start = activity["start_time"]
    told = {name: value for name, value in activity.items() if name != "track"}
    return Summary(**told | {"start_time": None if start is None else datetime.fromisoformat(start)})


def _splits(splits: list[Document]) -> tuple[Split, ...]:
    return tuple(Split(**split, end_s=split["start_s"] + split["elapsed_s"]) for split in splits)


def _lap_split(lap: Document) -> Split:
    told = {name: lap[name] for name in Split.__dataclass_fields__ if name != "end_s"}
    return Split(**told | {"timer_s": _number(lap["timer_s"])}, end_s=lap["start_s"] + lap["elapsed_s"])


def _effort(effort: Document, *, on_track: bool = False) -> Effort:
    evidence = effort["evidence"]
    names = ("name", "length_m", "start_m", "end_m", "start_s", "end_s", "elapsed_s", "timer_s", "clock")
    return Effort(
        **{name: effort[name] for name in names},
        low_s=_number(effort["low_s"]),
        high_s=_number(effort["high_s"]),
        optimism_s=_number(effort["optimism_s"]),
        flags=tuple(effort["flags"]),
        doubts=tuple(effort["doubts"]),
        evidence=None if evidence is None else _evidence(evidence, on_track=on_track),
    )


def _evidence(evidence: Document, *, on_track: bool = False) -> Evidence:
    return Evidence(evidence["grade"], tuple(evidence["reasons"]), on_track)


def _series(repeats: Document | None) -> Series | None:
    if repeats is None:
        return None
    return Series(repeats["length_m"], tuple(Repeat(**repeat) for repeat in repeats["repeats"]))


def _track(track: Document | None) -> TrackSummary | None:
    if track is None:
        return None
    told = dict(track)
    low_s, high_s = told.pop("mile_low_s"), told.pop("mile_high_s")
    return TrackSummary(
        lane_sure=told.pop("lane_probability"),
        line_laps=tuple(LineLap(**lap) for lap in told.pop("line_laps")),
        mile_s=None if low_s is None else (low_s, high_s),
        lap_plus_minus_s=tuple(told.pop("mile_laps_plus_minus_s")),
        drawing=_NO_DRAWING,
        **told,
    )


def _mile(mile: Document | None, track: Document | None, settings: Settings) -> Mile | None:
    if mile is None:
        return None
    effort = _effort(mile, on_track=track is not None and track["mile_low_s"] is not None)
    by_timer, pressed = mile["by_timer"], mile["pressed"]
    return Mile(
        effort=effort,
        quarters=_splits(mile["quarters"]),
        track_laps=_splits(mile["track_laps"]),
        evenness=Evenness(**mile["evenness"]),
        pacing=None if mile["pacing"] is None else _pacing(mile["pacing"]),
        worth=_worth(mile["worth"], settings.own_records),
        conditions=tuple(_condition(condition) for condition in mile["conditions"]),
        pace_light=tuple(_chased(chased) for chased in mile["pace_light"]),
        records=tuple(RecordComparison(**r | {"behind": _behind(r["behind"])}) for r in mile["records"]),
        milestone=None if mile["milestone"] is None else Milestone(**mile["milestone"]),
        own_bests=tuple(_own_best(best) for best in mile["own_bests"]),
        pressed=None if pressed is None else _pressed(pressed),
        by_timer=None
        if by_timer is None
        else Effort(effort.name, effort.length_m, **by_timer, clock="timer"),
        interrupted=mile["interrupted"],
        eligibility=tuple(Point(**point) for point in mile["eligibility"]),
    )


def _pressed(pressed: Document) -> PressedMile:
    told = {name: pressed[name] for name in PressedMile.__dataclass_fields__}
    sides = {name: _number(told[name]) for name in ("low_s", "high_s")}
    return PressedMile(**told | sides | {"evidence": _evidence(pressed["evidence"])})


def _condition(condition: Document) -> Condition:
    told = {name: condition[name] for name in Condition.__dataclass_fields__}
    return Condition(**told | {"value": _number(condition["value"])})


def _own_best(best: Document) -> OwnBest:
    return OwnBest(Ran(best["day"], best["time_s"], best["where"]), best["age"], best["behind_s"])


def _behind(marks: list[Document]) -> tuple[Behind, ...]:
    return tuple(Behind(**mark) for mark in marks)


def _chased(chased: Document) -> Chased:
    gaps = chased["each_second"]
    each_second = None if gaps is None else Chase(**{name: np.array(gap) for name, gap in gaps.items()})
    return Chased(**chased | {"behind": _behind(chased["behind"]), "each_second": each_second})


def _pacing(pacing: Document) -> Pacing:
    told: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in pacing.items()}
    races = {race.profile_id: race for race in profiles()}
    likeness = tuple(
        Likeness(race.profile_id, race.athlete, int(race.date[:4]), math.nan, like["difference_percent"])
        for like in told.pop("like")
        for race in (races[like["profile_id"]],)
    )
    kick, surges = told.pop("kick"), told.pop("surges")
    return Pacing(
        **told,
        likeness=likeness,
        kick=None if kick is None else Change(**kick),
        surges=tuple(Change(**surge) for surge in surges),
    )


def _worth(worth: Document, own: str) -> Worth:
    book = {mark.record_id: mark for mark in marks(own)}
    equivalents = tuple(Equivalent(**each, source="") for each in worth["equivalents"])
    books = tuple(_book_worth(each, book) for each in worth["books"])
    return Worth(**worth | {"equivalents": equivalents, "books": books})


def _book_worth(worth: Document, book: dict[str, Mark]) -> BookWorth:
    until = worth["stood_until"]
    return BookWorth(
        sex=worth["sex"],
        points=worth["points"],
        shares=tuple(Share(book[share["record_id"]], share["percent"]) for share in worth["shares"]),
        age_grades=tuple(AgeGrade(**grade) for grade in worth["age_grades"]),
        stood_until=None if until is None else book[until],
    )
