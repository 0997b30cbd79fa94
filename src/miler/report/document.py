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

import orjson

from miler.errors import MilerError
from miler.report import SCHEMA
from miler.report.judged import behind, judged
from miler.shown import printable
from miler.units import larger_side_s, length_name

if TYPE_CHECKING:  # see `words`
    from miler.activity import Source
    from miler.analysis import Analysis, Mile, Summary
    from miler.buttons import PressedMile
    from miler.effort import Effort, Split
    from miler.repeats import Series
    from miler.settings import Settings
    from miler.track import TrackSummary

_INVISIBLE = re.compile("[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")

Document = dict[str, Any]

_AS_IT_IS = frozenset((str, int, bool, type(None)))
_FEW = 1e11  # so many millionths are multiplied out to 1e-5 of one
_NEAR = 0.4999
_WHOLE = 1.5 * 2.0**52  # added to a float and taken off again, it leaves the nearest whole number


def document(analysis: Analysis) -> Document:
    """Return the document of one activity, ready for `dumps`."""
    return {
        "schema": SCHEMA,
        "source": source(analysis.source),
        "activity": _summary(analysis.summary) | {"track": _track(analysis.track)},
        "laps": [
            {
                "index": lap.index,
                "trigger": lap.trigger,
                "start_m": split.start_m,
                "end_m": split.end_m,
                "start_s": lap.start_s,
                "elapsed_s": lap.elapsed_s,
                "timer_s": lap.timer_s,
                "distance_m": lap.distance_m,
                **_streams(split),
            }
            for lap, split in zip(analysis.laps, analysis.lap_splits, strict=True)
        ],
        "pauses": [{"start_s": p.start_s, "end_s": p.end_s} for p in analysis.pauses],
        "efforts": [effort_document(effort) for effort in analysis.efforts],
        "splits": {"km": [_split(s) for s in analysis.km], "mile": [_split(s) for s in analysis.miles]},
        "official": [{"length_m": m, "time_s": s} for m, s in analysis.official],
        "repeats": None if analysis.repeats is None else _repeats(analysis.repeats),
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
    if indent is None:
        text = _on_a_line(value)
    else:
        text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    if text.isprintable():  # as most are, and looking for what does not show takes five times as long
        return text
    return _INVISIBLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _on_a_line(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:  # a name that is no Unicode, a number beyond 64 bits
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


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


def _track(track: TrackSummary | None) -> Document | None:
    if track is None:
        return None
    return {
        "radius_m": track.radius_m,
        "lap_m": track.lap_m,
        "lane": track.lane,
        "lane_given": track.lane_given,
        "lane_probability": track.lane_sure,
        "laps": track.laps,
        "residual_m": track.residual_m,
        "share_of_fixes": track.share_of_fixes,
        "from_s": track.from_s,
        "to_s": track.to_s,
        "line": track.line,
        "line_count": track.line_count,
        "line_laps": [
            {
                "index": lap.index,
                "start_s": lap.start_s,
                "elapsed_s": lap.elapsed_s,
                "plus_minus_s": lap.plus_minus_s,
                "pressed": lap.pressed,
            }
            for lap in track.line_laps
        ],
        "mile_low_s": track.mile_s[0] if track.mile_s else None,
        "mile_high_s": track.mile_s[1] if track.mile_s else None,
        "mile_laps_plus_minus_s": list(track.lap_plus_minus_s),
    }


def effort_document(effort: Effort) -> Document:
    """Return an effort, with how sure it is.

    What follows from other numbers follows from them as they are written: so the document agrees with itself.
    """
    length_m, elapsed_s, low_s, high_s = (
        round(value, 6) for value in (effort.length_m, effort.elapsed_s, effort.low_s, effort.high_s)
    )
    return {
        "name": effort.name,
        "length_m": length_m,
        "clock": effort.clock,
        "elapsed_s": elapsed_s,
        "timer_s": effort.timer_s,
        "start_s": effort.start_s,
        "end_s": effort.end_s,
        "start_m": effort.start_m,
        "end_m": effort.end_m,
        "pace_s_per_km": elapsed_s / length_m * 1000,
        "low_s": low_s,
        "high_s": high_s,
        "uncertainty_s": larger_side_s(elapsed_s, low_s, high_s),
        "optimism_s": effort.optimism_s,
        "evidence": None
        if effort.evidence is None
        else {"grade": effort.evidence.grade, "reasons": list(effort.evidence.reasons)},
        "plausible": effort.plausible,
        "doubts": list(effort.doubts),
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
    return effort_document(mile.effort) | {
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
        **judged(mile),
        "records": [
            {
                "record_id": r.record_id,
                "label": r.label,
                "holder": r.holder,
                "time_s": r.time_s,
                "status": r.status,
                "percent": r.percent,
                "profile_id": r.profile_id,
                "behind": behind(r.behind),
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
        "interrupted": mile.interrupted,
        "eligibility": [{"name": p.name, "met": p.met, "reason": p.reason} for p in mile.eligibility],
        "pressed": None if mile.pressed is None else pressed_document(mile.pressed, mile.effort),
        "by_timer": None if mile.by_timer is None else _by_timer(mile.by_timer),
    }


def _repeats(found: Series) -> Document:
    return {
        "name": found.name,
        "length_m": found.length_m,
        "repeats": [
            {
                "index": r.index,
                "start_s": r.start_s,
                "start_m": r.start_m,
                "elapsed_s": r.elapsed_s,
                "rest_s": r.rest_s,
                "rest_m": r.rest_m,
            }
            for r in found.repeats
        ],
    }


def _by_timer(effort: Effort) -> Document:
    names = ("timer_s", "elapsed_s", "start_s", "end_s", "start_m", "end_m")
    return {name: getattr(effort, name) for name in names}


def pressed_document(pressed: PressedMile, effort: Effort) -> Document:
    """Return the lap button's mile, with why the window's time differs."""
    return {
        "first_lap": pressed.first_lap,
        "last_lap": pressed.last_lap,
        "start_s": pressed.start_s,
        "elapsed_s": pressed.elapsed_s,
        "low_s": pressed.low_s,
        "high_s": pressed.high_s,
        "counted_m": pressed.counted_m,
        "on_track": pressed.on_track,
        "evidence": {"grade": pressed.evidence.grade, "reasons": list(pressed.evidence.reasons)},
        "explained": pressed.explained(effort),
    }


def rounded(value: Any) -> Any:
    """Return a document as whoever reads its JSON finds it: numbers rounded, NaN as null, tuples as lists."""
    if isinstance(value, dict):
        return {
            k: _to_the_millionth(v) if type(v) is float else v if type(v) in _AS_IT_IS else rounded(v)
            for k, v in value.items()
        }
    if isinstance(value, list | tuple):
        return [_to_the_millionth(v) if type(v) is float else rounded(v) for v in value]
    if isinstance(value, float):
        return _to_the_millionth(value)
    return value


def _to_the_millionth(value: float) -> float | None:
    """Return `round(value, 6)`, in half of its time; never -0.0; None for what is no number."""
    millionths = value * 1e6
    if -_FEW < millionths < _FEW:
        nearest = millionths + _WHOLE - _WHOLE
        if -_NEAR < millionths - nearest < _NEAR:  # else the product may lie on the other side of a half
            return nearest / 1e6
    return round(value, 6) + 0.0 if math.isfinite(value) else None


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
    "mile_low_s",
    "mile_high_s",
    "mile_grade",
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
    best = {effort.length_m: effort.elapsed_s for effort in analysis.efforts if effort.plausible}
    lengths = analysis.settings.effort_lengths_m
    return csv_line([*(values.get(name) for name in _COLUMNS), *(best.get(m) for m in lengths)])


def _mile_columns(mile: Mile | None) -> Document:
    if mile is None:
        return {}
    return {
        "mile_s": mile.effort.elapsed_s,
        "mile_low_s": mile.effort.low_s,
        "mile_high_s": mile.effort.high_s,
        "mile_grade": mile.effort.evidence.grade if mile.effort.evidence else None,
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
