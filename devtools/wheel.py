"""Does what would be published work? `python -m devtools.wheel [--python PYTHON ...]`, or `make dist`.

Builds sdist and wheel into dist/ (the wheel from the sdist, so that nothing is missing in that), installs
the wheel alone into a new environment of each Python, and runs it there: the sample files, `miler doctor`,
`miler --version`. Then the quickest tests of the sdist run with the wheel, for what is in it is all that they
may need.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
_TESTS = ("test_units.py", "test_effort.py", "test_formats.py", "test_golden.py", "test_document.py")
_NEEDED = ("pytest", "hypothesis", "jsonschema")  # by those


def build() -> tuple[Path, Path]:
    """Build both; return the wheel and the sdist."""
    shutil.rmtree(DIST, ignore_errors=True)
    _run(sys.executable, "-m", "build", "--outdir", str(DIST), str(ROOT))
    return next(DIST.glob("*.whl")), next(DIST.glob("*.tar.gz"))


def try_out(python: str, wheel: Path, sdist: Path, folder: Path) -> None:
    """Install the wheel for one Python, and use it."""
    _run(python, "-m", "venv", "--clear", str(folder / "bare"))
    programs = folder / "bare" / ("Scripts" if os.name == "nt" else "bin")
    inside, miler = str(programs / "python"), str(programs / "miler")
    pip = (inside, "-m", "pip", "--quiet", "--disable-pip-version-check", "install")
    _run(*pip, str(wheel))
    _run(miler, "--version")
    _run(miler, "doctor", "--library", str(folder / "library.db"))
    _run(miler, "report", str(ROOT / "sample_files"), "-o", str(folder / "report.txt"))
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    unpacked = folder / sdist.name.removesuffix(".tar.gz")
    shutil.rmtree(unpacked / "src")  # the wheel is to be what is tested
    _run(*pip, *_NEEDED)
    _run(
        inside,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        *(f"tests/{name}" for name in _TESTS),
        at=unpacked,
    )


def _run(*command: str, at: Path | None = None) -> None:
    print("$", *command, flush=True)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run(command, check=True, cwd=at, env=environment)


def main() -> None:
    """Build, and try every Python."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", nargs="+", default=[sys.executable], help="with which to try")
    options = parser.parse_args()
    wheel, sdist = build()
    for python in options.python:
        with tempfile.TemporaryDirectory() as folder:
            try_out(python, wheel, sdist, Path(folder))


if __name__ == "__main__":
    main()
