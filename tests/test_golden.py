"""The whole document of each sample file, as it was when it was last reviewed.

A result that is meant to change is written anew by `python -m devtools.golden`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from devtools.golden import FOLDER, made, path
from devtools.samples import SAMPLES


def approximately(value: Any) -> Any:
    """Compare numbers to two millionths: where they are cut, processors differ in the last digit."""
    if isinstance(value, float):
        return pytest.approx(value, abs=2e-6)
    if isinstance(value, dict):
        return {key: approximately(entry) for key, entry in value.items()}
    return [approximately(entry) for entry in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_file_gives_the_reviewed_document(name: str) -> None:
    reviewed, now = json.loads(path(name).read_text(encoding="utf-8")), made(name)
    assert list(now) == list(reviewed)
    for key in reviewed:
        assert now[key] == approximately(reviewed[key]), key


def test_no_document_is_kept_of_a_file_that_is_gone() -> None:
    assert {file.name for file in FOLDER.iterdir()} == {Path(path(name)).name for name in SAMPLES}
