"""Would a test see it? Change the code a little and run its tests: `python -m devtools.mutants [MODULE...]`.

A mutant is a module with one small change: a comparison, an operator or a number is another one, a condition
is turned round, a statement is left out. One that every test accepts has survived: either a test is missing,
or no runner could see the change either; those are in `devtools/equivalents.toml`, with the reason, and one
of them that a test sees after all is told as refuted. One that hung is told as well: it counts as seen if it
never ends, not if the machine was busy. Mutants are drawn with a seed, so that a run can be had again.

Each runs in a fork of a process that has imported what all need, so POSIX only. What tests run in further
processes (a batch's workers, a server) has the module as it is.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import importlib
import importlib.abc
import importlib.util
import multiprocessing
import os
import random
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]
EQUIVALENTS = Path(__file__).with_name("equivalents.toml")

# The tests of each module, the quickest first: most mutants die by those.
TESTS = {
    "miler.odometer": ("odometer", "effort", "crediting", "streams", "properties"),
    "miler.effort": ("effort", "streams", "crediting", "sessions", "properties"),
    "miler.scoring": ("scoring", "pacing", "recordbook", "judgement", "own_records"),
    "miler.confidence": ("confidence", "judgement", "explain"),
    "miler.formats.fit.scan": ("fit_scan", "fit", "fit_salvage"),
}
# What is the same in all forks; nothing of miler, for the mutant is to be imported by it.
_PRELOADED = ("pytest", "hypothesis", "numpy", "click", "fitparse", "jinja2", "rich.console", "xml.sax")
_HANGS = 4.0  # times as long as with the sound module: a test would be said to hang
_LEAST_S = 20.0
_ROUNDING = 1e-5  # numbers below only keep rounding from telling
_COUNTED = 10  # numbers below are changed by one, larger ones and fractions doubled

_OTHER_OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or,
    ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd, ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.Continue: ast.Break,
    ast.Break: ast.Continue,
}  # fmt: skip
_OTHER_NAMES = {"min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "any": "all",
                "all": "any", "ceil": "floor", "floor": "ceil"}  # fmt: skip
_NOT_RUN = {"annotation", "returns", "decorator_list"}


@dataclass(frozen=True)
class Mutant:
    """A module with one change: its text, and the line of it that is another one."""

    module: str
    line: int
    was: str
    became: str
    text: str

    @property
    def name(self) -> tuple[str, str, str]:
        """What it is known by when the lines above it have moved."""
        return self.module, self.was, self.became


@dataclass(frozen=True)
class _Place:
    """A node's place in its parent, and another node for it."""

    line: int
    parent: ast.AST
    field: str
    at: int | None
    node: ast.AST

    def put(self, node: ast.AST) -> ast.AST:
        """Put a node there, and return the one that was."""
        if self.at is None:
            was: ast.AST = getattr(self.parent, self.field)
            setattr(self.parent, self.field, node)
        else:
            was = getattr(self.parent, self.field)[self.at]
            getattr(self.parent, self.field)[self.at] = node
        return was


def drawn(module: str, text: str, sample: int | None, seed: int) -> list[Mutant]:
    """Return so many mutants of a module's text, drawn without return; all if `sample` is None."""
    tree = ast.parse(text)
    places = list(_places(tree, 1))
    if sample is not None and sample < len(places):
        places = sorted(random.Random(seed).sample(places, sample), key=lambda place: place.line)
    sound = ast.unparse(tree).splitlines()
    made = []
    for place in places:
        node = place.put(place.node)
        mutated = ast.unparse(tree)
        place.put(node)
        pairs = zip(sound, mutated.splitlines(), strict=False)
        was, became = next((a.strip(), b.strip()) for a, b in pairs if a != b)
        made.append(Mutant(module, place.line, was, became, mutated))
    return made


def _places(parent: ast.AST, line: int) -> Iterator[_Place]:
    for field, value in ast.iter_fields(parent):
        if field in _NOT_RUN:
            continue
        for at, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(node, ast.AST) or _is_told(node):
                continue
            here = getattr(node, "lineno", line)
            for other in _others(parent, field, node):
                yield _Place(here, parent, field, at, other)
            yield from _places(node, here)


def _is_told(node: ast.AST) -> bool:
    """Whether it is for readers and checkers: a docstring, what an error says, slots, a `Literal`."""
    if isinstance(node, ast.Assign):
        slots = isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__slots__"
        literal = isinstance(node.value, ast.Subscript) and getattr(node.value.value, "id", "") == "Literal"
        return slots or literal
    if isinstance(node, ast.keyword):  # zip's: what our own columns are checked with, twice
        return node.arg == "strict"
    return isinstance(node, ast.Raise) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )


def _others(parent: ast.AST, field: str, node: ast.AST) -> Iterator[ast.AST]:
    """Yield what could stand in a node's place."""
    if type(node) in _OTHER_OPERATORS:
        yield _OTHER_OPERATORS[type(node)]()
    elif isinstance(node, ast.Constant):
        yield from _other_constants(node)
    elif isinstance(node, ast.Name) and node.id in _OTHER_NAMES:
        yield ast.Name(_OTHER_NAMES[node.id], node.ctx)
    elif isinstance(node, ast.Attribute) and node.attr in _OTHER_NAMES:
        yield ast.Attribute(node.value, _OTHER_NAMES[node.attr], node.ctx)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub | ast.Invert):
        yield node.operand
    elif isinstance(node, ast.AugAssign) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        yield ast.Pass()
    if field == "test" and not isinstance(node, ast.Compare | ast.UnaryOp) and not _for_types(node):
        yield ast.UnaryOp(ast.Not(), node)  # type: ignore[arg-type]


def _for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "TYPE_CHECKING"


def _other_constants(node: ast.Constant) -> Iterator[ast.Constant]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int | float) and (isinstance(value, int) or value == 0 or value > _ROUNDING):
        counted = value == 0 or (isinstance(value, int) and value < _COUNTED)
        yield ast.Constant(value + 1 if counted else 2 * value)
    elif isinstance(value, str) and value.isidentifier():
        yield ast.Constant(value + "_")


class _Given(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Gives one module another text."""

    def __init__(self, module: str, text: str) -> None:
        self.module, self.text = module, text

    def find_spec(self, name: str, path: object, target: ModuleType | None = None) -> ModuleSpec | None:
        """Find that module, and no other."""
        return importlib.util.spec_from_loader(name, self) if name == self.module else None

    def get_source(self, fullname: str) -> str:
        """Return the text."""
        return self.text


def _tested(module: str, text: str, files: Sequence[str]) -> None:
    """Run the tests on a text of a module, and end with pytest's code: the fork's whole life."""
    import pytest
    from hypothesis import Phase, settings

    # That an example fails is enough: none is made smaller, which takes minutes where each runs on and on.
    settings.register_profile("mutants", deadline=None, phases=(Phase.explicit, Phase.generate))
    options = ["-x", "-q", "-p", "no:cacheprovider", "--assert=plain", "--hypothesis-seed=0"]
    sys.meta_path.insert(0, _Given(module, text))
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
        tests = [str(ROOT / "tests" / f"test_{name}.py") for name in files]
        os._exit(pytest.main([*options, "--hypothesis-profile=mutants", *tests]))


def ended(module: str, text: str, limit_s: float) -> str:
    """Say how the tests ended on a text of a module: `survived`, `killed` or `hung`."""
    fork = multiprocessing.get_context("fork").Process(target=_tested, args=(module, text, TESTS[module]))
    fork.start()
    fork.join(limit_s)
    if fork.is_alive():
        fork.kill()
        fork.join()
        return "hung"
    return "killed" if fork.exitcode else "survived"


def equivalents() -> dict[tuple[str, str, str], str]:
    """Return the changes that no runner could see, each with its reason."""
    rows = tomllib.loads(EQUIVALENTS.read_text(encoding="utf-8"))["equivalent"]
    return {(row["module"], row["was"], row["became"]): row["why"] for row in rows}


def _mutate(module: str, sample: int | None, seed: int, jobs: int) -> Counter[str]:
    """Measure a module; print what survived or hung as it comes, and a line of counts."""
    spec = importlib.util.find_spec(module)
    assert spec is not None and spec.origin is not None
    text = Path(spec.origin).read_text(encoding="utf-8")
    for name in [name for name in sys.modules if name.partition(".")[0] == "miler"]:
        del sys.modules[name]
    began = time.monotonic()
    if ended(module, text, 600.0) != "survived":
        sys.exit(f"{module}: its tests fail without any change")
    limit_s = max(_HANGS * (time.monotonic() - began), _LEAST_S)
    known, counts = equivalents(), Counter[str]()

    def verdict(mutant: Mutant) -> tuple[Mutant, str]:
        return mutant, ended(module, mutant.text, limit_s)

    with ThreadPoolExecutor(jobs) as pool:
        for mutant, how in pool.map(verdict, drawn(module, text, sample, seed)):
            if mutant.name in known:
                how = {"survived": "equivalent", "killed": "refuted"}.get(how, how)
            counts[how] += 1
            if how in ("survived", "hung", "refuted"):
                print(f"{module}:{mutant.line} {how}\n  - {mutant.was}\n  + {mutant.became}", flush=True)
    total = counts.total() - counts["equivalent"]
    share = counts["survived"] / total
    print(
        f"{module}: {total} mutants, {counts['survived']} survived ({share:.1%}), {dict(counts)}", flush=True
    )
    return counts


def main() -> None:
    """Measure the modules named, or all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("modules", nargs="*", default=list(TESTS), metavar="MODULE")
    parser.add_argument("--sample", type=int, help="mutants a module [all]")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    for name in _PRELOADED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = folder  # else a killed mutant's examples are tried on
        for module in options.modules:
            _mutate(module, options.sample, options.seed, options.jobs)


if __name__ == "__main__":
    main()
