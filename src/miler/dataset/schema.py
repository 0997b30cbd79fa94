"""The tables of a dataset, column by column; docs/dataset.md is held to this by a test.

Units stand in the names, which are those of the JSON document and of the library. Every table lies in
folders `athlete=NAME/year=YEAR`, which hold two more columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

from miler.extras import needed

if TYPE_CHECKING:
    import pyarrow

SCHEMA = "miler.dataset/1"
Type = Literal["text", "whole", "number", "moment", "local time"]


@dataclass(frozen=True)
class Column:
    """One column: its name, its type, and what it means."""

    name: str
    type: Type
    meaning: str


_FILE_ID = Column("file_id", "whole", "the file: a hash of its path, and of its place in an archive")
_KEY = (_FILE_ID, Column("part", "whole", "which activity of the file, from 1"))
_PLACE = (
    Column("path", "text", "where the file lies: an absolute path, or a URL"),
    Column("file", "text", "its name as reports have it, inside archives too"),
    Column("format", "text", "`fit`, `gpx` or `tcx`; null if unknown"),
    Column("size_bytes", "whole", "its size, unpacked"),
    Column("sha256", "text", "hash of its bytes; null where they could not be read"),
)
_VERSION = Column("miler_version", "text", "the miler that wrote the row")
_STREAMS = (
    Column("heart_rate_bpm", "number", "mean heart rate"),
    Column("cadence_spm", "number", "mean cadence, steps of both feet"),
    Column("climb_m", "number", "metres climbed"),
    Column("fall_m", "number", "metres descended"),
)
_SPAN = (
    Column("start_s", "number", "when it begins, from the start of the activity"),
    Column("elapsed_s", "number", "its time with stops"),
    Column("timer_s", "number", "its time without pauses"),
)

TABLES: dict[str, tuple[Column, ...]] = {
    "activities": (
        *_KEY,
        *_PLACE,
        Column("start_time", "moment", "when it began, UTC"),
        Column("start_local", "local time", "the same on the runner's clock; UTC where the place is unknown"),
        Column("time_zone", "text", "that clock: an IANA name or an offset"),
        Column("sport", "text", "the file's word; `unknown` if it has none"),
        Column("sub_sport", "text", "the file's word for the kind of it"),
        Column("device", "text", "the watch"),
        Column("name", "text", "what the file calls the activity"),
        Column("records", "whole", "moments recorded"),
        Column("distance_m", "number", "its length"),
        Column("elapsed_s", "number", "its time with stops"),
        Column("timer_s", "number", "its time without pauses"),
        Column("moving_s", "number", "time above the speed of standing"),
        Column("distance_source", "text", "whose distance counted: `device`, `fixes`, `track`, `none`"),
        Column("mile_s", "number", "its fastest mile, elapsed; null without one"),
        Column("mile_low_s", "number", "lower end of its 95 % interval"),
        Column("mile_high_s", "number", "upper end of its 95 % interval"),
        Column("mile_grade", "text", "grade of the evidence, A to D"),
        Column("evenness", "number", "score of the mile's quarters, 0 to 100"),
        Column("cv_percent", "number", "their coefficient of variation"),
        Column("half_difference_percent", "number", "second half against the first; negative is faster"),
        Column("fast_start_percent", "number", "first quarter against the mean"),
        Column("end_spurt_percent", "number", "last quarter against the mean"),
        Column("shape", "text", "the mile's pacing in a word"),
        Column("vdot", "number", "Daniels' VDOT of the mile"),
        Column("age", "whole", "the athlete's age in the year of the run; null if not said"),
        Column("age_grade_percent", "number", "age grade of the mile; null without sex and age"),
        Column("settings", "text", "JSON of the settings that made the row"),
        _VERSION,
    ),
    "efforts": (
        *_KEY,
        Column("start_time", "moment", "when the activity began, UTC"),
        Column("length_m", "number", "length of the effort; 1609.344 is the mile"),
        Column("name", "text", "that length in words"),
        *_SPAN,
        Column("end_s", "number", "when it ends, from the start of the activity"),
        Column("start_m", "number", "where it begins, on the activity's distance"),
        Column("end_m", "number", "where it ends"),
        Column("low_s", "number", "lower end of the 95 % interval of elapsed_s"),
        Column("high_s", "number", "upper end of it"),
        Column("grade", "text", "grade of the evidence, A to D"),
        Column("flags", "text", "`pause`, `gap` and the like, with spaces between"),
    ),
    "splits": (
        *_KEY,
        Column("kind", "text", "`quarter` or `track_lap` of the fastest mile, `mile` or `km` of the run"),
        Column("number", "whole", "which one, from 1"),
        Column("start_m", "number", "where it begins, on the activity's distance"),
        Column("end_m", "number", "where it ends"),
        *_SPAN,
        *_STREAMS,
    ),
    "laps": (
        *_KEY,
        Column("number", "whole", "which lap of the watch, from 1"),
        Column("trigger", "text", "what ended it: `manual`, `distance` and the like"),
        *_SPAN,
        Column("distance_m", "number", "the watch's distance for it"),
        *_STREAMS,
    ),
    "notes": (
        *_KEY,
        Column("number", "whole", "which note, from 1"),
        Column("code", "text", "its stable word"),
        Column("kind", "text", "`damage`: the file breaks its format; `finding`: a fact about the recording"),
        Column("message", "text", "in words"),
        Column("at_s", "number", "when, from the start of the activity; null for all of it"),
    ),
    "failures": (
        _FILE_ID,
        *_PLACE,
        Column("outcome", "text", "`failed`, or `skipped`: sound, but no activity"),
        Column("code", "text", "the reason's stable word; `worker_died`: reading it ends the process"),
        Column("message", "text", "in words"),
        _VERSION,
    ),
}

PARTITION = (
    Column("athlete", "text", "who ran"),
    Column("year", "whole", "of the start on the runner's clock; null for failures and the undated"),
)


def arrow_schema(table: str, *, partitioned: bool = False) -> pyarrow.Schema:
    """Return a table's columns for Arrow, with those that are its folders' names if asked for.

    Raises:
        SettingsError: if pyarrow is not installed (`no_pyarrow`).
    """
    types = _arrow_types()
    columns = (*PARTITION, *TABLES[table]) if partitioned else TABLES[table]
    return needed("pyarrow", "parquet", "A dataset").schema(
        [(column.name, types[column.type]) for column in columns]
    )


@cache
def _arrow_types() -> dict[Type, pyarrow.DataType]:
    arrow = needed("pyarrow", "parquet", "A dataset")
    return {
        "text": arrow.string(),
        "whole": arrow.int64(),
        "number": arrow.float64(),
        "moment": arrow.timestamp("us", "UTC"),
        "local time": arrow.timestamp("us"),
    }
