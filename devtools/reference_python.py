"""What Python's public names promise, read from their docstrings: the page docs/reference/python.md.

`described` takes a docstring apart as Google's style has it: what it says first, then its sections.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from functools import cached_property
from types import FunctionType
from typing import Any

import miler

_SECTION = re.compile(r"^(Args|Attributes|Returns|Yields|Raises):$")
_ENTRY = re.compile(r"^    ([\w.]+(?:, \w+)*): (.*)$")
_KINDS = (
    ("Reading and measuring", ("read", "read_all", "decode", "measure", "find_track", "onto_track")),
    ("Efforts and splits", ("fastest", "splits", "quarters", "every", "lap_splits", "judge", "evenness")),
    ("The whole story", ("analyse", "explain", "render", "Library")),
)


@dataclasses.dataclass(frozen=True)
class Described:
    """A docstring, taken apart: the text before the sections, and the entries of each by name."""

    text: str
    sections: dict[str, dict[str, str]]

    @property
    def attributes(self) -> dict[str, str]:
        """What each attribute means; those that are told together have one meaning."""
        together = self.sections.get("Attributes", {})
        return {name: text for names, text in together.items() for name in names.split(", ")}


def described(value: Any) -> Described:
    """Take the docstring of a function, a class or a property apart."""
    text: list[str] = []
    sections: dict[str, dict[str, str]] = {}
    section, entry = None, ""
    for line in (inspect.getdoc(value) or "").splitlines():
        if heading := _SECTION.match(line):
            section, entry = sections.setdefault(heading[1], {}), ""
        elif section is None or (line and not line.startswith(" ")):
            section = None
            text.append(line)
        elif begun := _ENTRY.match(line):
            entry = begun[1]
            section[entry] = begun[2]
        else:
            section[entry] = f"{section.get(entry, '')} {line.strip()}".strip()
    return Described("\n".join(text).strip(), sections)


def members(kind: type) -> Iterator[tuple[str, Any]]:
    """Yield what a class has under public names: methods and properties, in the order of its text."""
    for name, member in vars(kind).items():
        plain = getattr(member, "__func__", member)
        if not name.startswith("_") and isinstance(plain, FunctionType | property | cached_property):
            yield name, plain


def python_page() -> str:
    """Return every public name with its signature and what its docstring promises."""
    told = [name for _, names in _KINDS for name in names]
    rest = [name for name in miler.__all__ if name not in told and not name.startswith("__")]
    values = [name for name in rest if not isinstance(getattr(miler, name), type)]
    errors = [name for name in rest if name not in values and issubclass(getattr(miler, name), Exception)]
    types = [name for name in rest if name not in values and name not in errors]
    text = (
        "# Python\n\nThe names that `import miler` gives. Arrays are float64, read-only, in SI units,"
        " NaN for what"
        " is missing; the unit ends the name (`elapsed_s`, `distance_m`).\n\n"
    )
    for title, names in (*_KINDS, ("Values", types), ("Errors", errors)):
        text += f"## {title}\n\n" + "".join(_told(name) for name in names)
    constants = "".join(f"- `miler.{name}` = {getattr(miler, name)}\n" for name in values)
    return f"{text}## Constants\n\n{constants}"


def _told(name: str) -> str:
    value = getattr(miler, name)
    shown = _wrapped(_signature(name, value))
    text = f"### `{name}`\n\n```python\n{shown}\n```\n\n{_body(described(value))}"
    for inner, member in members(value) if isinstance(value, type) else ():
        head = f".{inner}" if not isinstance(member, FunctionType) else f".{_signature(inner, member)}"
        text += f"- `{head}`: {' '.join(described(member).text.split())}"
        raised = described(member).sections.get("Raises", {})
        text += "".join(f" Raises {error}: {why}" for error, why in raised.items()) + "\n"
    return text.rstrip() + "\n\n"


def _signature(name: str, value: Any) -> str:
    if isinstance(value, type) and issubclass(value, Exception):
        base = value.__mro__[1].__name__
        return f"class {name}({base})"
    signature = re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(inspect.signature(value)))  # annotations are text
    signature = signature.replace("(self, ", "(").replace("(self)", "()").replace("(cls, ", "(")
    return name + signature.replace(" = <factory>", " = …")


def _wrapped(head: str) -> str:
    """Return a signature as ruff would write it: an argument a line where they do not fit into one."""
    if len(head) <= 100:
        return head
    name, _, rest = head.partition("(")
    inside, _, result = rest.rpartition(") -> ")
    return f"{name}(\n" + "".join(f"    {argument},\n" for argument in _split(inside)) + f") -> {result}"


def _split(arguments: str) -> Iterator[str]:
    """Cut a list of arguments at the commas that are in no bracket."""
    depth, begin = 0, 0
    for at, sign in enumerate(arguments):
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "," and not depth:
            yield arguments[begin:at].strip()
            begin = at + 1
    yield arguments[begin:].strip()


def _body(told: Described) -> str:
    text = f"{told.text}\n\n"
    for section, entries in told.sections.items():
        lines = (f"- `{name}`: {meaning}" if name else f"- {meaning}" for name, meaning in entries.items())
        text += f"{section}\n\n" + "\n".join(lines) + "\n\n"
    return text
