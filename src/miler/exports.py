"""What the table of an account's export says of its files: the runner's name for each, and the sport.

Strava's activities.csv, in the words of a dozen languages, and Runkeeper's cardioActivities.csv.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace

from miler.activity import Activity
from miler.formats.points import sport_of, title
from miler.names import EXTENSIONS

# Strava writes its types in the language of the account; these are its running, where it is not "Run".
_RUNNING = {
    *("lauf", "laufen", "course à pied", "course", "carrera", "correr", "corsa", "corrida", "hardlopen"),
    *("hardloopsessie", "løb", "løping", "löpning", "juoksu", "bieg", "бег", "забег", "koşu", "běh"),
    *("ランニング", "ラン", "跑步", "달리기", "lari"),
}
_ROW_HEADS = {"name": ("activity name", "name", "route name"), "type": ("activity type", "type")}


@dataclass(frozen=True)
class Label:
    """What an export's table says of one file."""

    name: str | None
    sport: str
    sub_sport: str | None


def labels(table: bytes) -> dict[str, Label]:
    """Read an export's table; a row that names no activity file is passed over.

    Args:
        table: the bytes of the CSV file.

    Returns:
        A label by the file that it is about, as `key` writes it: relative to the table's folder.
    """
    head, *rows = _rows(table) or [[]]
    full_of_files = Counter(i for row in rows for i, cell in enumerate(row) if _is_file(cell))
    if not full_of_files:
        return {}
    ((file, _),) = full_of_files.most_common(1)  # whatever its head says, in whatever language
    rows = [row for row in rows if _is_file(_cell(row, file))]
    name, kind = _columns(head, rows)
    return {key(row[file]): Label(title(_cell(row, name)), *_sport(_cell(row, kind))) for row in rows}


def key(file: str) -> str:
    """Return the form in which files are compared: many unpack what Strava gzipped, and keep the table."""
    return file.replace("\\", "/").lower().removesuffix(".gz")


def labelled(activity: Activity, label: Label | None) -> Activity:
    """Return the activity with what the label says where the file itself says nothing."""
    if label is None:
        return activity
    if activity.sport == "unknown":
        activity = replace(activity, sport=label.sport, sub_sport=label.sub_sport)
    return activity if activity.name else replace(activity, name=label.name)


def _rows(table: bytes) -> list[list[str]]:
    text = table.decode("utf-8-sig", "replace").replace("\0", "")
    rows: list[list[str]] = []
    with suppress(csv.Error):  # a cell without end; what came before it stands
        rows.extend(row for row in csv.reader(io.StringIO(text, newline="")) if row)
    return rows


def _is_file(cell: str) -> bool:
    return cell.lower().endswith(EXTENSIONS)


def _columns(head: list[str], rows: list[list[str]]) -> tuple[int, int]:
    """Return the columns of name and type, -1 for none."""
    if all(row[0].isdigit() for row in rows):
        return 2, 3  # Strava's number, date, name, type: in this order in every language, then as now
    words = [cell.strip().lower() for cell in head]
    name, kind = (
        next((words.index(word) for word in _ROW_HEADS[column] if word in words), -1)
        for column in ("name", "type")
    )
    return name, kind


def _cell(row: list[str], column: int) -> str:
    cell = row[column] if 0 <= column < len(row) else ""
    return "" if cell.startswith("#error") else cell  # Strava could not say


def _sport(word: str) -> tuple[str, str | None]:
    return ("running", None) if word.strip().lower() in _RUNNING else sport_of(word)
