"""How a mile was paced, what it is worth and whom it was run against, as plain values for JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # see `words`
    from miler.analysis import Mile
    from miler.pacing import Change, Pacing
    from miler.scoring import Behind, Chased
    from miler.worth import Worth


def judged(mile: Mile) -> dict[str, Any]:
    """Return the judgement of a mile, each part under its key; a rest inside leaves no pacing to judge."""
    return {
        "pacing": None if mile.pacing is None else _pacing(mile.pacing),
        "worth": _worth(mile.worth),
        "conditions": [
            {
                "name": c.name,
                "value": c.value,
                "unit": c.unit,
                "effect_percent": c.effect_percent,
                "source": c.source,
                "words": c.words,
                "in_the_time": False,
            }
            for c in mile.conditions
        ],
        "own_bests": [
            {
                "age": b.age,
                "time_s": b.ran.time_s,
                "day": b.ran.on,
                "where": b.ran.where,
                "behind_s": b.behind_s,
            }
            for b in mile.own_bests
        ],
        "pace_light": [_chased(chased) for chased in mile.pace_light],
    }


def behind(marks: Iterable[Behind]) -> list[dict[str, Any]]:
    """Return the gap at each mark."""
    return [{"mark_m": b.mark_m, "behind_s": b.behind_s, "behind_m": b.behind_m} for b in marks]


def _chased(chased: Chased) -> dict[str, Any]:
    gaps = chased.each_second
    return {
        "name": chased.name,
        "kind": chased.kind,
        "time_s": chased.time_s,
        "behind": behind(chased.behind),
        "each_second": None
        if gaps is None
        else {
            "seconds": gaps.seconds.tolist(),
            "runner_m": gaps.runner_m.tolist(),
            "light_m": gaps.light_m.tolist(),
            "behind_s": gaps.behind_s.tolist(),
            "behind_m": gaps.behind_m.tolist(),
        },
    }


def _pacing(pacing: Pacing) -> dict[str, Any]:
    nearest, farthest = pacing.likeness[:3], pacing.likeness[-1]
    return {
        "rmssd_percent": pacing.rmssd_percent,
        "deviations_percent": list(pacing.deviations_percent),
        "slowest_quarter": pacing.slowest_quarter,
        "noise_percent": pacing.noise_percent,
        "floor_percent": pacing.floor_percent,
        "within_noise": pacing.within_noise,
        "score_low": pacing.score_low,
        "score_high": pacing.score_high,
        "lost_s": list(pacing.lost_s),
        "more_even_than_percent": pacing.more_even_than_percent,
        "races": pacing.races,
        "like": [
            {"profile_id": r.profile_id, "difference_percent": r.difference_percent}
            for r in (*nearest, farthest)
        ],
        "kick": None if pacing.kick is None else _change(pacing.kick),
        "surges": [_change(surge) for surge in pacing.surges],
    }


def _change(change: Change) -> dict[str, Any]:
    return {"start_m": change.start_m, "end_m": change.end_m, "faster_percent": change.faster_percent}


def _worth(worth: Worth) -> dict[str, Any]:
    return {
        "surface": worth.surface,
        "age": worth.age,
        "vdot": worth.vdot,
        "milestone_s": worth.milestone_s,
        "equivalents": [
            {"length_m": e.length_m, "time_s": e.time_s, "method": e.method, "valid": e.valid}
            for e in worth.equivalents
        ],
        "books": [
            {
                "sex": book.sex,
                "points": book.points,
                "shares": [{"record_id": s.mark.record_id, "percent": s.percent} for s in book.shares],
                "age_grades": [
                    {
                        "percent": g.percent,
                        "standard_s": g.standard_s,
                        "table": g.table,
                        "note": g.note,
                        "source": g.source,
                    }
                    for g in book.age_grades
                ],
                "stood_until": None if book.stood_until is None else book.stood_until.record_id,
            }
            for book in worth.books
        ],
    }
