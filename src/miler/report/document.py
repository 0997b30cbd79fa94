"""An Analysis as the JSON document `miler.analysis/1`, and as a row of CSV.

Keys are written out here, so that no rename in the code changes the format. Numbers
are SI floats rounded to a millionth: beyond that they differ from machine to machine.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from miler.errors import MilerError
from miler.report.words import printable
from miler.units import length_name

if TYPE_CHECKING:  # see `words`
    from miler.activity import Source
    from miler.analysis import Analysis, Mile, Summary
    from miler.effort import Effort, Split
    from miler.pacing import Change, Pacing
    from miler.scoring import Behind, Chased
    from miler.settings import Settings
    from miler.worth import Worth

SCHEMA = "miler.analysis/1"
_INVISIBLE = re.compile("[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")

Document = dict[str, Any]


def document(analysis: Analysis) -> Document:
    """Return the document of one activity, ready for `dumps`."""
    return {
        "schema": SCHEMA,
        "source": source(analysis.source),
        "activity": _summary(analysis.summary),
        "laps": [
            {
                "index": lap.index,
                "trigger": lap.trigger,
                "start_s": lap.start_s,
                "elapsed_s": lap.elapsed_s,
                "timer_s": lap.timer_s,
                "distance_m": lap.distance_m,
                **_streams(split),
            }
            for lap, split in zip(analysis.laps, analysis.lap_splits, strict=True)
        ],
        "pauses": [{"start_s": p.start_s, "end_s": p.end_s} for p in analysis.pauses],
        "efforts": [_effort(effort) for effort in analysis.efforts],
        "splits": {"km": [_split(s) for s in analysis.km], "mile": [_split(s) for s in analysis.miles]},
        "fastest_mile": None if analysis.mile is None else _mile(analysis.mile),
        "notes": [
            {"code": n.code, "kind": n.kind, "message": n.message, "at_s": n.at_s} for n in analysis.notes
        ],
        "settings": analysis.settings.as_dict(),
    }


def failure(origin: Source, error: MilerError) -> Document:
    """Return the document of a file that could not be read."""
    return {
        "schema": SCHEMA,
        "source": source(origin),
        "error": {"code": error.code, "message": error.message},
    }


def skipped(origin: Source, error: MilerError) -> Document:
    """Return the document of a sound file that is no activity."""
    return {
        "schema": SCHEMA,
        "source": source(origin),
        "skipped": {"code": error.code, "message": error.message},
    }


def dumps(value: Document | list[Document], *, indent: int | None = None) -> str:
    """Write a document as JSON: same order, same digits, never NaN.

    Characters that do not show (control, bidi, line separators) are escaped, so that a name can
    neither break a line of jsonl nor turn a terminal around; what a reader gets is the same.
    """
    return written(rounded(value), indent=indent)


def written(value: Any, *, indent: int | None = None) -> str:
    """Write what `rounded` returned, as `dumps` does."""
    text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    return _INVISIBLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def source(origin: Source) -> Document:
    """Return where an activity came from."""
    # A name that is not UTF-8 reaches us with surrogates, which JSON readers refuse.
    name = origin.name.encode("utf-8", "backslashreplace").decode("utf-8")
    return {
        "name": name,
        "format": origin.format or None,
        "bytes": origin.bytes,
        "sha256": origin.sha256 or None,
        "part": origin.part,
    }


def _summary(summary: Summary) -> Document:
    start = summary.start_time
    return {
        "name": summary.name,
        "sport": summary.sport,
        "sub_sport": summary.sub_sport,
        "device": summary.device,
        "start_time": None if start is None else start.isoformat().replace("+00:00", "Z"),
        "time_zone": summary.time_zone,
        "records": summary.records,
        "distance_m": summary.distance_m,
        "elapsed_s": summary.elapsed_s,
        "timer_s": summary.timer_s,
        "moving_s": summary.moving_s,
        "distance_source": summary.distance_source,
    }


def _effort(effort: Effort) -> Document:
    return {
        "name": effort.name,
        "length_m": effort.length_m,
        "clock": effort.clock,
        "elapsed_s": effort.elapsed_s,
        "timer_s": effort.timer_s,
        "start_s": effort.start_s,
        "end_s": effort.end_s,
        "start_m": effort.start_m,
        "end_m": effort.end_m,
        "pace_s_per_km": effort.pace_s_per_km,
        "flags": list(effort.flags),
    }


def _split(split: Split) -> Document:
    return {
        "index": split.index,
        "start_m": split.start_m,
        "end_m": split.end_m,
        "start_s": split.start_s,
        "elapsed_s": split.elapsed_s,
        "timer_s": split.timer_s,
        **_streams(split),
    }


def _streams(split: Split) -> Document:
    return {
        "heart_rate_bpm": split.heart_rate_bpm,
        "cadence_spm": split.cadence_spm,
        "climb_m": split.climb_m,
        "fall_m": split.fall_m,
    }


def _mile(mile: Mile) -> Document:
    even = mile.evenness
    return _effort(mile.effort) | {
        "quarters": [_split(s) for s in mile.quarters],
        "track_laps": [_split(s) for s in mile.track_laps],
        "evenness": {
            "score": even.score,
            "cv_percent": even.cv_percent,
            "half_difference_percent": even.half_difference_percent,
            "fast_start_percent": even.fast_start_percent,
            "end_spurt_percent": even.end_spurt_percent,
            "shape": even.shape,
        },
        "pacing": _pacing(mile.pacing),
        "worth": _worth(mile.worth),
        "conditions": [
            {
                "name": c.name,
                "value": c.value,
                "unit": c.unit,
                "effect_percent": c.effect_percent,
                "in_the_time": False,
            }
            for c in mile.conditions
        ],
        "pace_light": [_chased(chased) for chased in mile.pace_light],
        "records": [
            {
                "record_id": r.record_id,
                "label": r.label,
                "holder": r.holder,
                "time_s": r.time_s,
                "status": r.status,
                "percent": r.percent,
                "profile_id": r.profile_id,
                "behind": _behind(r.behind),
            }
            for r in mile.records
        ],
        "milestone": None
        if mile.milestone is None
        else {
            "time_s": mile.milestone.time_s,
            "faster_by_s": mile.milestone.faster_by_s,
            "faster_by_percent": mile.milestone.faster_by_percent,
            "pace_s_per_km": mile.milestone.pace_s_per_km,
        },
    }


def _behind(behind: Iterable[Behind]) -> list[Document]:
    return [{"mark_m": b.mark_m, "behind_s": b.behind_s, "behind_m": b.behind_m} for b in behind]


def _chased(chased: Chased) -> Document:
    gaps = chased.each_second
    return {
        "name": chased.name,
        "kind": chased.kind,
        "time_s": chased.time_s,
        "behind": _behind(chased.behind),
        "each_second": None
        if gaps is None
        else {
            "seconds": gaps.seconds.tolist(),
            "behind_s": gaps.behind_s.tolist(),
            "behind_m": gaps.behind_m.tolist(),
        },
    }


def _pacing(pacing: Pacing) -> Document:
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
        "like": [
            {"profile_id": r.profile_id, "difference_percent": r.difference_percent}
            for r in (*nearest, farthest)
        ],
        "kick": None if pacing.kick is None else _change(pacing.kick),
        "surges": [_change(surge) for surge in pacing.surges],
    }


def _change(change: Change) -> Document:
    return {"start_m": change.start_m, "end_m": change.end_m, "faster_percent": change.faster_percent}


def _worth(worth: Worth) -> Document:
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
                    {"percent": g.percent, "standard_s": g.standard_s, "table": g.table, "source": g.source}
                    for g in book.age_grades
                ],
                "stood_until": None if book.stood_until is None else book.stood_until.record_id,
            }
            for book in worth.books
        ],
    }


def rounded(value: Any) -> Any:
    """Return a document as whoever reads its JSON finds it: numbers rounded, NaN as null, tuples as lists."""
    if isinstance(value, float):
        if value.is_integer():  # most times and distances of a watch, and rounding is slow
            return value + 0.0
        return round(value, 6) + 0.0 if math.isfinite(value) else None
    if isinstance(value, dict):
        return {k: v if v is None or isinstance(v, str) else rounded(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(v) for v in value]
    return value


_COLUMNS = (
    "name",
    "part",
    "sport",
    "sub_sport",
    "device",
    "start_time",
    "time_zone",
    "distance_m",
    "distance_source",
    "elapsed_s",
    "timer_s",
    "mile_s",
    "mile_start_s",
    "quarter_1_s",
    "quarter_2_s",
    "quarter_3_s",
    "quarter_4_s",
    "evenness",
    "cv_percent",
    "shape",
    "flags",
)


def csv_header(settings: Settings) -> str:
    """Return the header line of the CSV report: fixed columns, then one a length that is sought."""
    names = [length_name(length_m).replace(" ", "_") for length_m in settings.effort_lengths_m]
    return csv_line([*_COLUMNS, *(f"best_{name}_s" for name in names)])


def csv_row(analysis: Analysis) -> str:
    """Return one activity as a line of CSV under `csv_header`; empty where there is no value."""
    shown = document(analysis)
    values = shown["activity"] | shown["source"] | _mile_columns(analysis.mile)
    best = {effort.length_m: effort.elapsed_s for effort in analysis.efforts}
    lengths = analysis.settings.effort_lengths_m
    return csv_line([*(values.get(name) for name in _COLUMNS), *(best.get(m) for m in lengths)])


def _mile_columns(mile: Mile | None) -> Document:
    if mile is None:
        return {}
    return {
        "mile_s": mile.effort.elapsed_s,
        "mile_start_s": mile.effort.start_s,
        **{f"quarter_{q.index}_s": q.elapsed_s for q in mile.quarters},
        "evenness": mile.evenness.score,
        "cv_percent": mile.evenness.cv_percent,
        "shape": mile.evenness.shape,
        "flags": " ".join(mile.effort.flags),
    }


def csv_line(values: Iterable[Any]) -> str:
    """Write one line of CSV; text shows no control characters and cannot pass for a formula."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow([_cell(v) for v in values])
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    if not isinstance(value, str):
        return value
    # A spreadsheet would run text that begins like a formula.
    return ("'" if value[:1] in ("=", "+", "-", "@", "\t", "\r") else "") + printable(value)
