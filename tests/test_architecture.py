"""What ARCHITECTURE.md promises of the house, held by the walls themselves."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from types import FunctionType

import pytest

import miler

PACKAGE = Path(miler.__file__).parent
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")
EVERY_MODULE = pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(PACKAGE).as_posix())

# Each may import those before it, and nothing after; a package is one room.
ORDER = (
    "errors",
    "arrays",
    "once",
    "units",
    "limits",
    "names",
    "shown",
    "saying",
    "extras",
    "frames",
    "bars",
    "notebook",
    "timezone",
    "activity",
    "geodesy",
    "settings",
    "recordbook",
    "oval",
    "conditions",
    "ownbest",
    "worth",
    "pacelight",
    "plan",
    "workout",
    "formats",
    "odometer",
    "gait",
    "fixes",
    "streams",
    "moments",
    "bridging",
    "crediting",
    "windows",
    "optimism",
    "effort",
    "track",
    "confidence",
    "overrides",
    "plausibility",
    "buttons",
    "repeats",
    "eligibility",
    "scoring",
    "pacing",
    "trace",
    "trends",
    "analysis",
    "explaining",
    "exports",
    "sidecars",
    "device",
    "atomic",
    "remote",
    "files",
    "outcome",
    "report",
    "picture",
    "check",
    "preload",
    "engines",
    "cluster",
    "batch",
    "versions",
    "dataset",
    "library",
    "folder",
    "site",
    "watch",
    "dropfolder",
    "watching",
    "config",
    "doctor",
    "web",
    "upload",
    "cli_options",
    "cli_dataset",
    "cli_import",
    "cli_duplicates",
    "cli_questions",
    "cli_explain",
    "cli_card",
    "cli_library",
    "cli_plan",
    "cli_records",
    "cli_watch",
    "cli_site",
    "cli_upload",
    "cli_serve",
    "cli_doctor",
    "cli_completion",
    "cli",
    "__main__",
)
# The edges are where the program meets the machine: what feeds a batch, and all that stands on one.
EDGES = {"device", "atomic", "remote", "sidecars", "files", "outcome", "check", "preload"}
EDGES |= set(ORDER[ORDER.index("engines") :]) - {"watch"}
PROCESSES = {"multiprocessing", "concurrent", "subprocess", "threading", "asyncio", "signal"}
# Who watches, serves or is told twice ends by a signal; who serves waits for many at once.
PROCESS_ROOMS = {
    "__main__": {"signal"},
    "engines": PROCESSES,
    "cluster": {"concurrent", "threading"},
    "batch": {"concurrent"},
    "cli_watch": {"signal"},
    "web": {"asyncio", "signal"},
}
WORLD = PROCESSES | {
    "logging",
    "time",
    "random",
    "socket",
    "urllib",
    "http",
    "warnings",
    "getpass",
    "tempfile",
}
# What reads the clock, the environment, the machine's own place or time, or prints.
TOUCHES = {"open", "print", "input", "breakpoint", "environ", "getenv", "now", "today", "localtime", "getcwd"}
LONGEST = 420


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it, as a dotted name."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where a name comes from"
            assert node.module is not None
            # `from miler import batch` imports a module of that name.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_room_has_its_place_in_the_order() -> None:
    assert {room(path) for path in MODULES} == set(ORDER)


@EVERY_MODULE
def test_imports_point_down(path: Path) -> None:
    below = ORDER[: ORDER.index(room(path)) + 1]
    rooms = {name.split(".")[1] for name in imported(path) if name.startswith("miler.")}
    assert rooms <= set(below)


def dotted(path: Path) -> str:
    return ".".join(("miler", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")


def test_no_two_modules_need_each_other() -> None:
    modules = {dotted(path) for path in MODULES}

    def home(name: str) -> str | None:
        """The module that an imported name lives in: the longest that its own name begins with."""
        parts = name.split(".")
        prefixes = (".".join(parts[:n]) for n in range(len(parts), 1, -1))
        return next((prefix for prefix in prefixes if prefix in modules), None)

    needs = {dotted(path): {home(name) for name in imported(path)} - {None} for path in MODULES}
    TopologicalSorter(needs).prepare()  # raises CycleError, and names the circle


@EVERY_MODULE
def test_the_core_neither_opens_nor_prints_nor_looks_at_the_clock(path: Path) -> None:
    if room(path) in EDGES:
        return
    assert not {name.split(".")[0] for name in imported(path)} & WORLD
    for node in ast.walk(tree(path)):
        name = getattr(node, "id", None) or getattr(node, "attr", None)
        assert name not in TOUCHES, f"{name} in line {getattr(node, 'lineno', 0)}"


@EVERY_MODULE
def test_processes_live_in_the_engines_only(path: Path) -> None:
    allowed = PROCESS_ROOMS.get(room(path), set())
    assert {name.split(".")[0] for name in imported(path)} & PROCESSES <= allowed


@EVERY_MODULE
def test_a_module_can_be_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize("name", [name for name in miler.__all__ if not name.startswith("__")])
def test_every_public_name_is_there_and_explained(name: str) -> None:
    value = getattr(miler, name)
    if not isinstance(value, float):
        assert inspect.getdoc(value)
        assert inspect.getdoc(value) != inspect.getdoc(object)
    if isinstance(value, type):
        for member, method in vars(value).items():
            if isinstance(method, FunctionType | property) and not member.startswith("_"):
                assert inspect.getdoc(method), f"{name}.{member}"


def test_type_checkers_are_told_the_same_names_as_users() -> None:
    front = tree(PACKAGE / "__init__.py")
    told = {
        alias.asname for node in ast.walk(front) if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert told - {None} == set(miler.__all__) - {"__version__"}


def test_a_name_that_is_not_public_is_refused_as_by_any_module() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = miler.nonsense
    assert set(miler.__all__) <= set(dir(miler))


@EVERY_MODULE
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert importlib.import_module(dotted(path)).__doc__
