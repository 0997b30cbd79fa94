"""The document `miler.analysis/1` laid flat: the rows of its lists, for stores with columns.

A row is an object of the document with what a store knows it by. SQL and Parquet pick their columns from
the same rows, so that neither they nor JSON ever differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from miler.timezone import on_the_clock

Document = dict[str, Any]
_UNSURE = {"low_s": None, "high_s": None}  # in documents that were made before times had their ±
_NO_MILE: Document = {"quarters": [], "track_laps": []}


def activity(document: Document) -> Document:
    """Return the activity, with its start on the runner's clock."""
    values: Document = document["activity"]
    return values | {"start_local": on_the_clock(values["start_time"], values["time_zone"])}


def efforts(document: Document) -> Iterator[Document]:
    """Yield every effort, and the mile although the settings did not ask for it: it is always found.

    What no runner ran is in the document only: rows are where bests are looked for.
    """
    mile = document["fastest_mile"]
    asked = {effort["length_m"] for effort in document["efforts"]}
    for effort in [*document["efforts"], *([mile] if mile and mile["length_m"] not in asked else [])]:
        if effort["plausible"]:
            grade = (effort.get("evidence") or {}).get("grade")
            yield _UNSURE | effort | {"flags": " ".join(effort["flags"]), "grade": grade}


def scores(document: Document) -> Document | None:
    """Return how even the mile was; None without one."""
    mile = document["fastest_mile"]
    return None if mile is None else {**mile["evenness"], "evenness": mile["evenness"]["score"]}


def age_grade(document: Document) -> float | None:
    """Return the age grade of the mile in percent, the lowest of the tables that may hold.

    None without a mile, and where sex or age is not known.
    """
    mile = document["fastest_mile"]
    if mile is None or document["settings"].get("sex") is None:
        return None
    grades = [grade["percent"] for book in mile["worth"]["books"] for grade in book["age_grades"]]
    return min(grades, default=None)


def laps(document: Document) -> Iterator[Document]:
    """Yield the watch's laps by `number`."""
    return (lap | {"number": lap["index"]} for lap in document["laps"])


def splits(document: Document) -> Iterator[Document]:
    """Yield the mile's quarters and track laps, the miles and the kilometres, each `kind` by `number`."""
    mile = document["fastest_mile"] or _NO_MILE
    kinds = {
        "quarter": mile["quarters"],
        "track_lap": mile["track_laps"],
        "mile": document["splits"]["mile"],
        "km": document["splits"]["km"],
    }
    return (
        split | {"kind": kind, "number": split["index"]} for kind, some in kinds.items() for split in some
    )


def notes(document: Document) -> Iterator[Document]:
    """Yield the notes by `number`."""
    return (note | {"number": number} for number, note in enumerate(document["notes"], 1))


def storable(text: str) -> str:
    """Return a text as UTF-8 can hold it: half a surrogate pair is written out, as it is in reports."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")
