"""Write the expected documents of the sample files: `python -m devtools.golden`.

Run it when a result is meant to change, and review what changed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import miler
from devtools.samples import SAMPLES
from miler.report.document import document, dumps

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "tests" / "golden"


def made(name: str) -> Any:
    """Return the document that miler makes now of a sample file."""
    return json.loads(dumps(document(miler.analyse(miler.read(ROOT / "sample_files" / name)))))


def path(name: str) -> Path:
    """Return where a sample file's document is kept."""
    return FOLDER / f"{name}.json"


def main() -> None:
    """Write every document."""
    FOLDER.mkdir(exist_ok=True)
    for name in SAMPLES:
        path(name).write_text(json.dumps(made(name), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(path(name))


if __name__ == "__main__":
    main()
