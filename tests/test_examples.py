"""The examples run as they stand, and say what the sample files hold."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, SAMPLES

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
SAID = {
    "first_mile.py": "that is 5:28 (5:20 to 5:28)",
    "season.py": "2026-05-06 18:02:00 0 days 00:05:28 track-mile.fit",
    "custom_distance.py": "3 miles 1393 s ± ",
    "own_report.py": "Wed 6 May 2026: a mile in 5:28 (5:20 to 5:28), quarters 1:20.4, ",
}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_runs_as_it_stands(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(sys, "argv", [str(path)])
    runpy.run_path(str(path), run_name="__main__")
    assert SAID[path.name] in " ".join(capsys.readouterr().out.split())


def test_an_example_takes_a_file_of_ones_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = ROOT / "examples" / "first_mile.py"
    monkeypatch.setattr(sys, "argv", [str(path), str(SAMPLES / "treadmill.fit")])
    runpy.run_path(str(path), run_name="__main__")
    assert "D (" in capsys.readouterr().out


@pytest.mark.parametrize("guide", ["README.md", "docs/howto/notebook.md"])
def test_the_python_in_a_guide_runs_as_it_is_printed(guide: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / guide).read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    exec("\n".join(blocks), {})


def test_every_example_is_in_the_guide() -> None:
    guide = (ROOT / "docs" / "howto" / "notebook.md").read_text(encoding="utf-8")
    assert all(f"examples/{path.name}" in guide for path in EXAMPLES)
