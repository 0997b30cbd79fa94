"""What can be read of a library, however damaged, put together as far as one part tells of another."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from miler.library.entry import text_of
from miler.library.kept import is_sound
from miler.library.originals import Wanted
from miler.library.places import Place, real_name
from miler.library.tables import RESULTS, SAID
from miler.library.writing import KEPT, Part

Row = dict[str, Any]

_OF_SOURCES = ("sources", "spares", "fingerprints")
_OF_FILES = ("files", "deletions", "decisions")
_TABLES = ("settings", "activities", *RESULTS, *_OF_SOURCES, *_OF_FILES, *SAID, "sqlite_sequence")


@dataclass(frozen=True)
class Salvage:
    """Rows of a library by table and column."""

    tables: dict[str, list[Row]]

    def rows(self, table: str) -> list[Row]:
        """Return the rows of a table that could be read."""
        return self.tables[table]

    def settings(self) -> dict[int, str]:
        """Return the settings that results were made with, by number."""
        return {row["id"]: row["document"] for row in self.rows("settings")}

    def last_number(self) -> int:
        """Return the highest number that an activity ever had, as far as is known."""
        known = [row["seq"] for row in self.rows("sqlite_sequence") if row["name"] == "activities"]
        known += [row["id"] for row in self.rows("activities")]
        known += [row["activity_id"] for row in self.rows("sources")]
        return max(known, default=0)

    def ids(self) -> dict[Part, int]:
        """Return the numbers of the activities by content and part."""
        return {(row["sha256"], row["part"]): row["activity_id"] for row in self.rows("sources")}

    def wanted(self) -> list[Wanted]:
        """Return the contents to be read again: those of activities, in their order, then any others."""
        texts = self.settings()
        made_with = {row["id"]: texts.get(row["settings_id"]) for row in self.rows("activities")}
        usual = next(iter(texts.values()), "{}")
        places: dict[str, list[Place]] = defaultdict(list)
        for row in self.rows("files"):
            places[row["sha256"]].append(Place(row["path"], row["member"]))
        found: dict[str, Wanted] = {}
        kept = [row for row in self.rows("files") if row["outcome"] in KEPT]
        for row in [*sorted(self.rows("sources"), key=lambda row: (row["activity_id"], row["part"])), *kept]:
            sha256 = row["sha256"]
            settings = made_with.get(row.get("activity_id")) or usual
            content = Wanted(
                sha256, real_name(row["name"]), row.get("label"), settings, tuple(places[sha256])
            )
            found.setdefault(sha256, content)
        return list(found.values())

    def results(self) -> Iterator[tuple[Row, Row, Row]]:
        """Yield the sources whose results could be read: source, results, and fingerprint as far as known.

        Results are a row as of `spares`, also those of a source that leads its activity.
        """
        settings = self.settings()
        spares = {(row["sha256"], row["part"]): row for row in self.rows("spares")}
        prints = {(row["sha256"], row["part"]): row for row in self.rows("fingerprints")}
        documents = {row["activity_id"]: row for row in self.rows("documents")}
        leading = {
            row["id"]: row | documents[row["id"]] for row in self.rows("activities") if row["id"] in documents
        }
        for source in self.rows("sources"):
            key = (source["sha256"], source["part"])
            kept = spares.get(key) or leading.pop(source["activity_id"], None)
            if kept is None or kept["settings_id"] not in settings:
                continue
            if can_be_told(kept):
                yield source, kept, prints.get(key, {})


def salvage(path: Path) -> Salvage:
    """Read every row that can be read, from both ends of each table."""
    tables: dict[str, list[Row]] = {}
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        for table in _TABLES:
            tables[table] = _rows(connection, table)
    tables["sources"] += _sources_of_documents(tables)
    return Salvage(tables)


def _rows(connection: sqlite3.Connection, table: str) -> list[Row]:
    rows: dict[tuple[Any, ...], Row] = {}
    for order in ("ASC", "DESC"):
        try:
            for row in connection.execute(f"SELECT * FROM {table} ORDER BY 1 {order}"):
                rows.setdefault(tuple(row), dict(row))
            break
        except sqlite3.DatabaseError:
            continue
    return list(rows.values())


def _sources_of_documents(tables: dict[str, list[Row]]) -> list[Row]:
    """A document names its own source, which serves where the row of `sources` is lost."""
    known = {row["activity_id"] for row in tables["sources"]}
    lost = []
    for row in tables["documents"]:
        text = None if row["activity_id"] in known else text_of(row["document"])
        if text is None:
            continue
        source = json.loads(text)["source"]
        lost.append(
            {
                "activity_id": row["activity_id"],
                "sha256": source["sha256"],
                "part": source["part"] or 1,
                "format": source["format"],
                "name": source["name"],
                "size_bytes": source["bytes"],
                "label": None,
            }
        )
    return [row for row in lost if row["sha256"]]


def can_be_told(kept: Row) -> bool:
    """Whether a row of `documents` can be read: its document and its outline, else its report."""
    outline = kept.get("outline")  # a library before the fifth schema has no such column
    beside = text_of(kept["report"]) is not None if outline is None else is_sound(outline)
    return beside and text_of(kept["document"]) is not None
