"""What many tests need: the sample files, real recordings where there are any, and miler as one calls it."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import hypothesis
import pytest

from benchmarks.bar import CORPUS
from devtools.fit_file import FitFile
from devtools.serving import Server, serving
from miler.activity import Activity, Note
from miler.cli import main

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "sample_files"

# No test is timed: on a busy machine an example may take any while.
hypothesis.settings.register_profile("miler", deadline=None)
hypothesis.settings.load_profile("miler")


def cuts(size: int) -> Iterator[int]:
    """Yield where to cut a file off: one byte in 29, and every one near the end, where most is at stake.

    `benchmarks.xml_damage` and `benchmarks.fit_damage` cut at every byte.
    """
    return (cut for cut in range(size) if cut % 29 == 0 or cut > size - 150)


def thinned(files: Sequence[Path]) -> list[Path]:
    """Every small file and one large one in four, for a slow oracle; what is packed is taken for large."""
    large = [path for path in files if path.suffix == ".gz" or path.stat().st_size > 400_000]
    passed_over = {*large} - {*large[::4]}
    return [path for path in files if path not in passed_over]


class Noted(Protocol):
    """What has notes: an activity, an odometer, an analysis."""

    @property
    def notes(self) -> tuple[Note, ...]: ...


def codes(noted: Noted) -> list[str]:
    """Return the codes of the notes, in order."""
    return [note.code for note in noted.notes]


def reader_of_one(
    decode: Callable[[bytes], Sequence[Activity]],
) -> Callable[[str | bytes | FitFile], Activity]:
    """Return what reads a file of exactly one activity, given as text, as bytes or as our own FIT file."""

    def read(file: str | bytes | FitFile) -> Activity:
        if isinstance(file, FitFile):
            file = file.to_bytes()
        (activity,) = decode(file.encode() if isinstance(file, str) else file)
        return activity

    return read


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str


Miler = Callable[..., Ran]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One `miler serve` for all tests that need no other; nothing is promised of what its library holds."""
    with serving(tmp_path_factory.mktemp("server") / "library.db") as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A real browser: the Chromium of this machine."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="no playwright here: make test installs it"
    )
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        pytest.skip("no Chromium here")
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with playwright.sync_playwright() as running:
        launched = running.chromium.launch(executable_path=chromium, args=quiet)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core, which finds what keeps people from using a page."""
    package = pytest.importorskip("axe_playwright_python", reason="no axe-core here: make test installs it")
    return (Path(package.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def samples() -> Path:
    return SAMPLES


@pytest.fixture
def corpus() -> Path:
    if not CORPUS.is_dir():
        pytest.skip("no folder of real recordings here")
    return CORPUS


@pytest.fixture(params=[1, 2])
def jobs(request: pytest.FixtureRequest) -> int:
    """Every test that asks for this runs in one process, and again in two."""
    return int(request.param)


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Empty folders, one a test, numbered here: pytest would look through all the earlier ones each time."""
    root = tmp_path_factory.mktemp("homes")
    return (root / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def _nobodys_settings(monkeypatch: pytest.MonkeyPatch, homes: Iterator[Path]) -> None:
    for variable in [name for name in os.environ if name.startswith("MILER_")]:
        monkeypatch.delenv(variable)
    nobody = next(homes)
    nobody.mkdir()
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(variable, str(nobody))


@pytest.fixture
def miler(capfd: pytest.CaptureFixture[str]) -> Iterator[Miler]:
    """Run the command line in this process: `miler("report", path).out`."""

    def run(*arguments: object) -> Ran:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Ran(code, out, err)

    yield run
