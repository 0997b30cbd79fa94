"""The tables of docs/dataset.md: `python -m devtools.dataset_tables` prints them as they are to stand."""

from __future__ import annotations

from collections.abc import Iterable

from miler.dataset.schema import PARTITION, TABLES, Column

_PARQUET = {
    "text": "string",
    "whole": "int64",
    "number": "double",
    "moment": "timestamp, UTC",
    "local time": "timestamp",
}


def tables() -> dict[str, str]:
    """Return each table's columns in Markdown, and those that are folders, by name."""
    return {name: _markdown(columns) for name, columns in {"folders": PARTITION, **TABLES}.items()}


def _markdown(columns: Iterable[Column]) -> str:
    lines = ["| column | type | what it is |", "|---|---|---|"]
    lines += [f"| `{column.name}` | {_PARQUET[column.type]} | {column.meaning} |" for column in columns]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    for name, text in tables().items():
        print(f"### {name}\n\n{text}")
