"""A runner's own records, rivals and goals, from a TOML file beside the settings.

[[mark]]                        # a mark of the book: only what changes
record_id = "mile-outdoor-m-2026-kerr"
status = "ratified"
source = "World Athletics, ratification release"
as_of = 2027-01-20

[[mark]]                        # a mark of one's own
athlete = "Ann Example"
sex = "F"
time = "5:12.3"
date = 2026-05-09
category = "club"
source = "club championships, result list"
as_of = 2026-05-10

[[rival]]
name = "Bea"
time = "5:05"

[[goal]]
time = "4:59"
like = "negative:2%"
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, Literal, get_args

from miler.errors import MilerError, SettingsError
from miler.recordbook.rows import Confidence, Mark, Rounding, Status, Surface
from miler.settings import Sex
from miler.units import STANDARD_LENGTHS_M, parse_duration

_NEEDED = ("athlete", "sex", "time", "date")
_TEXTS = {
    "record_id", "event", "surface", "category", "sex", "time", "athlete", "nationality", "place",
    "status", "confidence", "rounding", "note", "source",
}  # fmt: skip
_DATES = {"date", "as_of"}
_CHOICES = {
    "event": tuple(STANDARD_LENGTHS_M),
    "surface": get_args(Surface),
    "sex": get_args(Sex),
    "status": get_args(Status),
    "confidence": get_args(Confidence),
    "rounding": get_args(Rounding),
}
OWN = "own"  # the category of a mark that names none: the runner's
_ADDED = {
    "event": "1 mile",
    "surface": "outdoor",
    "category": OWN,
    "nationality": "–",
    "place": "",
    "status": "listed",
    "confidence": "medium",
    "note": "",
}
_SLUG = re.compile(r"[^a-z0-9]+")

Kind = Literal["rival", "goal"]


@dataclass(frozen=True)
class Rival:
    """A time over a mile to run against: a rival's, or a goal of one's own.

    Attributes:
        name: as a reader is told.
        like: the pacing, as `pacelight.like` takes it.
    """

    name: str
    time_s: float
    kind: Kind
    like: str = "even"


@dataclass(frozen=True)
class OwnBook:
    """The record book as a runner's file makes it, and whom the runner runs against."""

    marks: tuple[Mark, ...]
    rivals: tuple[Rival, ...]


def read_own(text: str, marks: Sequence[Mark]) -> OwnBook:
    """Read a runner's file over the shipped marks.

    Raises:
        SettingsError: for text that is no TOML, for tables and keys unknown, a row without source or
            as_of, or a value that does not fit; it names the row.
    """
    import tomllib

    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"the records file is not TOML: {error}") from None
    _refuse_unknown("the records file", tables, {"mark", "rival", "goal"})
    book = {mark.record_id: mark for mark in marks}
    for name, row in _rows(tables, "mark"):
        mark = _mark(name, row, book)
        book[mark.record_id] = mark
    rivals = [_rival(name, row, "rival") for name, row in _rows(tables, "rival")]
    goals = [_rival(name, row, "goal") for name, row in _rows(tables, "goal")]
    return OwnBook(tuple(book.values()), tuple(rivals + goals))


def _rows(tables: Mapping[str, Any], kind: str) -> list[tuple[str, dict[str, Any]]]:
    rows = tables.get(kind, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SettingsError(f"the records file must write {kind}s as [[{kind}]]")
    return [(f"[[{kind}]] {n} of the records file", row) for n, row in enumerate(rows, 1)]


def _mark(name: str, row: dict[str, Any], book: Mapping[str, Mark]) -> Mark:
    _refuse_unknown(name, row, _TEXTS | _DATES)
    for key in ("source", "as_of"):
        if not row.get(key):
            raise SettingsError(f"{name} has no {key}; every mark says where it comes from, and when seen")
    said = {key: _date(name, key, value) if key in _DATES else _word(name, key, value)
            for key, value in row.items()}  # fmt: skip
    if said.get("record_id") in book:
        return replace(book[said["record_id"]], **_timed(name, said))
    missing = [key for key in _NEEDED if key not in said]
    if missing:
        raise SettingsError(f"{name} is new to the book and lacks {', '.join(missing)}")
    values = {field.name: "" for field in fields(Mark)} | _ADDED | _timed(name, said)
    values["length_m"] = STANDARD_LENGTHS_M[values["event"]]
    values["record_id"] = values["record_id"] or _slug(values)
    return Mark(**values)


def _timed(name: str, said: Mapping[str, str]) -> dict[str, Any]:
    """Turn the time as written into the fields that it stands in; the digits say how it was taken."""
    if "time" not in said:
        return dict(said)
    time = said["time"]
    rounding = "hundredth" if re.search(r"\.\d\d", time) else "tenth"
    return {"rounding": rounding, "time_text": time, "time_s": _seconds(name, time)} | {
        key: value for key, value in said.items() if key != "time"
    }


def _rival(name: str, row: dict[str, Any], kind: Kind) -> Rival:
    _refuse_unknown(name, row, {"name", "time", "like"})
    said = {key: _word(name, key, value) for key, value in row.items()}
    for key in ("name", "time") if kind == "rival" else ("time",):
        if not said.get(key):
            raise SettingsError(f"{name} has no {key}")
    return Rival(said.get("name", kind), _seconds(name, said["time"]), kind, said.get("like", "even"))


def _seconds(name: str, text: str) -> float:
    try:
        time_s = parse_duration(text)
    except MilerError as error:
        raise SettingsError(f"{name}: {error.message}") from None
    if not time_s > 0:
        raise SettingsError(f"{name}: {text!r} is no time of a runner")
    return time_s


def _word(name: str, key: str, value: object) -> str:
    if not isinstance(value, str):
        raise SettingsError(f"{name}: {key} must be text, not {value!r}")
    choices = _CHOICES.get(key)
    if choices and value not in choices:
        raise SettingsError(f"{name}: {key} must be one of {', '.join(choices)}, not {value!r}")
    return value


def _date(name: str, key: str, value: object) -> str:
    """Take a day as TOML or as text has it; of a mark's own date the year will do."""
    if isinstance(value, date):
        return value.isoformat()[:10]
    try:
        if isinstance(value, str) and not (key == "date" and re.fullmatch(r"\d{4}", value)):
            date.fromisoformat(value)
    except ValueError:
        value = None
    if not isinstance(value, str):
        raise SettingsError(f"{name}: {key} must be a day such as 2026-05-09")
    return value


def _refuse_unknown(name: str, row: Mapping[str, Any], known: set[str]) -> None:
    for key in row:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(sorted(known))}"
            raise SettingsError(f"{name} has an unknown {key!r}; {hint}")


def _slug(values: Mapping[str, Any]) -> str:
    parts = (values[k] for k in ("event", "surface", "category", "sex", "date", "athlete", "time_text"))
    return "own-" + _SLUG.sub("-", "-".join(parts).lower()).strip("-")
