"""What the reference promises: every command, option, setting, note and public name, as it is now."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import FunctionType
from typing import Any

import click

import miler
from devtools import reference
from devtools.reference_python import members, python_page
from miler.formats import decode
from tests.conftest import ROOT

SOURCES = sorted((ROOT / "src" / "miler").rglob("*.py"))
HOMES = [f"miler.{home}" for home in miler._HOMES]


def test_the_pages_say_what_the_code_says() -> None:
    made = reference.pages()
    stale = [name for name in made if (reference.PAGES / name).read_text(encoding="utf-8") != made[name]]
    assert not stale, "`make reference` writes them anew"


def test_every_command_and_every_option_is_in_the_reference() -> None:
    page = (reference.PAGES / "commands.md").read_text(encoding="utf-8")
    shared = page[page.index("## Settings options") :]
    sections = dict(re.findall(r"^## `(miler[^`]*)`\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    for name, command, _ in reference.verbs():
        told = sections[name] + (shared if "#settings-options" in sections[name] else "")
        options = [p for p in command.params if isinstance(p, click.Option)]
        missing = [flag for option in options for flag in option.opts if not re.search(rf"{flag}\b", told)]
        assert not missing, name
        assert command.help


# Notes


def codes() -> Iterator[tuple[str, str]]:
    """Every code of a note that src/ makes, with its kind; `*` where a part of it is filled in."""
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef):
                for call in ast.walk(function):
                    if isinstance(call, ast.Call):
                        yield from _codes_of(call, function)


def _codes_of(call: ast.Call, function: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    if isinstance(call.func, ast.Name) and call.func.id == "Note" and len(call.args) > 1:
        kind = call.args[1]
        assert isinstance(kind, ast.Constant), "the kind of a note stands where it is made"
        yield from ((code, str(kind.value)) for code in _texts(call.args[0], function))
    elif isinstance(call.func, ast.Attribute) and call.func.attr == "note":
        yield from ((code, "finding") for code in _texts(call.args[0], function))


def _texts(node: ast.expr, function: ast.FunctionDef) -> Iterator[str]:
    """What an expression for a code may be: a text, one of two, one with a part to fill in, a variable."""
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.IfExp):
        yield from (*_texts(node.body, function), *_texts(node.orelse, function))
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in node.values)
    elif isinstance(node, ast.Attribute):
        yield "xml_*"  # of a break in the XML
    elif isinstance(node, ast.Name) and node.id not in {argument.arg for argument in function.args.args}:
        yield from _assigned(node.id, function)


def _assigned(name: str, function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            targets, values = node.targets[0], node.value
            if isinstance(targets, ast.Tuple) and isinstance(values, ast.Tuple):
                pairs = list(zip(targets.elts, values.elts, strict=True))
            else:
                pairs = [(targets, values)]
            for target, value in pairs:
                if isinstance(target, ast.Name) and target.id == name:
                    yield from _texts(value, function)


def test_every_note_is_in_the_reference_and_the_reference_has_no_other() -> None:
    told = {(code, kind) for kind, meanings in reference.note_codes().items() for code in meanings}
    made = set(codes())
    patterns = {pair for pair in made if "*" in pair[0]}
    filled = {
        (code, kind)
        for code, kind in told
        for pattern, same in patterns
        if kind == same and re.fullmatch(pattern.replace("*", r"\w+"), code)
    }
    assert made - patterns <= told
    assert told <= (made | filled)
    assert {pattern for pattern, _ in patterns} == {"bad_*", "xml_*"}


def test_a_file_with_many_faults_gets_no_note_that_is_not_in_the_reference(samples: Path) -> None:
    told = {code for meanings in reference.note_codes().values() for code in meanings}
    for path in sorted(samples.glob("*.*")):
        if path.suffix in (".fit", ".gpx", ".gz"):
            data = path.read_bytes()
            for content in (data, data[: len(data) * 3 // 4]):
                notes = [note for activity in decode(content) for note in activity.notes]
                assert {note.code for note in notes} <= told


# Public names


def public() -> Iterator[tuple[str, Any]]:
    """Every public function, class, method and property of the modules that `miler` gives names from."""
    for home in HOMES:
        module = importlib.import_module(home)
        for name, value in vars(module).items():
            here = getattr(value, "__module__", None) == home
            if name.startswith("_") or not here or not isinstance(value, type | FunctionType):
                continue
            yield f"{home}.{name}", value
            if isinstance(value, type):
                yield from ((f"{home}.{name}.{inner}", member) for inner, member in members(value))


def function_of(value: Any) -> Any:
    """The function behind a property."""
    if isinstance(value, property):
        return value.fget
    return value.func if isinstance(value, cached_property) else value


def test_every_public_name_is_explained_in_a_sentence() -> None:
    for name, value in public():
        text = inspect.getdoc(value)
        assert text, name
        assert text != inspect.getdoc(object), name
        assert text.partition("\n\n")[0].endswith((".", ":")), name


SHAPE = re.compile(r"\((\d|\d?[a-z]),( \d)?\)|of any shape")


def test_every_array_that_goes_in_or_out_has_a_shape() -> None:
    for name, value in public():
        annotations = getattr(function_of(value), "__annotations__", {})
        if any(re.search(r"\b\w+Array\b", str(kind)) for kind in annotations.values()):
            assert SHAPE.search(inspect.getdoc(value) or ""), name


def raised(value: Any) -> set[str]:
    """The errors that a function, or a class while it is made, raises by itself."""
    (top,) = ast.parse(textwrap.dedent(inspect.getsource(value))).body
    bodies = [top]
    if isinstance(top, ast.ClassDef):
        bodies = [node for node in top.body if getattr(node, "name", "") in MAKERS]
    calls = (node.exc for body in bodies for node in ast.walk(body) if isinstance(node, ast.Raise))
    return {call.func.id for call in calls if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)}


MAKERS = ("__init__", "__post_init__")


def test_every_error_is_named_where_it_is_raised() -> None:
    for name, value in public():
        makers = [vars(value).get(maker) for maker in MAKERS] if isinstance(value, type) else []
        told = "".join(inspect.getdoc(part) or "" for part in (value, *makers) if part is not None)
        assert not [error for error in raised(function_of(value)) if error not in told], name


def test_every_public_name_is_on_the_page_of_python() -> None:
    page = python_page()
    assert not [
        name
        for name in miler.__all__
        if not name.startswith("__") and f"`{name}`" not in page and f"miler.{name}" not in page
    ]
