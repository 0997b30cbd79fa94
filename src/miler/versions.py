"""The versions that a result may depend on, told without importing what they are of: ten times as quick."""

from __future__ import annotations

import re
import sqlite3
import sys
from importlib.util import find_spec
from pathlib import Path

import miler
from miler.report import SCHEMA

_MIGRATIONS = Path(__file__).parent / "library" / "schema"


def told() -> str:
    """Return the versions of miler, Python, numpy, SQLite, and of what miler writes, in three lines."""
    python = ".".join(map(str, sys.version_info[:3]))
    return (
        f"miler {miler.__version__}\n"
        f"Python {python}, numpy {_numpy()}, SQLite {sqlite3.sqlite_version}\n"
        f"document {SCHEMA}, library schema {library_schema()}"
    )


def library_schema() -> int:
    """Return the version of the library's schema that this miler writes: one a migration."""
    return sum(1 for path in _MIGRATIONS.iterdir() if path.suffix == ".sql")


def _numpy() -> str:
    """Read numpy's version where numpy itself has it."""
    spec = find_spec("numpy")
    if spec is None or spec.origin is None:
        return "missing"
    text = Path(spec.origin).with_name("version.py").read_text(encoding="utf-8")
    found = re.search(r'^version = "(.+?)"', text, re.MULTILINE)
    return found[1] if found else "unknown"
