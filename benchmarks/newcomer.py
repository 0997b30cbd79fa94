"""Does what the README and the guide print work for a newcomer? `python -m benchmarks.newcomer`.

In a fresh clone and environments of its own: set up by make, installed by pip (and by pipx and uv, where the
machine has them), the guide built as a site, and every command of every page typed to the miler that pip
installed, which has none of the tools that miler is made with.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.bar import Bar, skipped

ROOT = Path(__file__).resolve().parents[1]
BINARIES = "Scripts" if os.name == "nt" else "bin"


def bars(short: bool) -> Iterator[Bar]:
    """Try all of it; the short form has no minutes for that."""
    if short:
        yield skipped("a newcomer's commands, in a fresh clone", "all", "takes minutes")
        return
    with TemporaryDirectory() as scratch:
        clone, own = Path(scratch) / "miler", Path(scratch) / "own"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        for command in (["make", "demo"], ["make", "docs"]):
            yield _tried(command, clone, {})
        yield _tried([sys.executable, "-m", "venv", str(own)], clone, {})
        pip = [str(own / BINARIES / "python"), "-m", "pip", "install", "--quiet"]
        yield _tried([*pip, "."], clone, {})
        yield _tried([str(own / BINARIES / "miler"), "report", "sample_files"], clone, {})
        yield from _other_installers(clone)
        yield _tried([*pip, ".[card,pandas,parquet]"], clone, {})
        page_by_page = [sys.executable, "-m", "pytest", "-q", "-k", "typed", "tests/test_docs.py"]
        # The tests have the clone's sources; what they type has what pip installed, and nothing else.
        of_tests = {"PYTHONPATH": str(clone / "src"), "GUIDE_PROGRAMS": str(own / BINARIES)}
        yield _tried(page_by_page, clone, of_tests)


def _other_installers(clone: Path) -> Iterator[Bar]:
    """Those that install a command of its own, into places of the trial's own."""
    places = {
        "PIPX_HOME": str(clone / ".pipx"),
        "PIPX_BIN_DIR": str(clone / ".pipx"),
        "UV_TOOL_DIR": str(clone / ".uv"),
        "UV_TOOL_BIN_DIR": str(clone / ".uv"),
    }
    for command in (["pipx", "install", "."], ["uv", "tool", "install", "."]):
        if shutil.which(command[0]):
            yield _tried(command, clone, places)
        else:
            yield skipped(" ".join(command), "works", f"no {command[0]} here")


def _tried(command: list[str], folder: Path, environment: Mapping[str, str]) -> Bar:
    # Neither this process's modules nor its environment are a newcomer's.
    bare = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(command, cwd=folder, env={**bare, **environment}, capture_output=True, text=True)
    told = "" if done.returncode == 0 else ": " + (done.stderr or done.stdout).strip()[-60:]
    name = " ".join(Path(word).name if Path(word).is_absolute() else word for word in command)
    return Bar(name, f"exit code {done.returncode}{told}", "exit code 0", done.returncode == 0)


if __name__ == "__main__":
    for bar in bars(short=False):
        print(f"{bar.name}\n    {bar.figure}", flush=True)
