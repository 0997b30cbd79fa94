"""The pages of docs/reference/ that are made of the code: `python -m devtools.reference` writes them.

Commands from click, JSON from its schema, SQL from the migrations, settings and Python from their
docstrings. `tests/test_reference.py` holds the pages to what this makes.
"""

from __future__ import annotations

import dataclasses
import json
import re
import sqlite3
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from devtools.reference_python import described, python_page
from miler import config, limits, names
from miler.activity import STREAMS
from miler.cli import cli
from miler.cli_options import settings_options
from miler.formats import gpx, tcx
from miler.formats.fit import contents
from miler.formats.xml import Element
from miler.library.connection import APPLICATION_ID, connect, newest
from miler.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "docs" / "reference"
NOTES = Path(__file__).with_name("notes.toml")
_MADE = "<!-- Made by `python -m devtools.reference`; change what it is made of. -->\n\n"
_UNSAID = "–"


def pages() -> dict[str, str]:
    """Return every page by its name."""
    makers: dict[str, Callable[[], str]] = {
        "commands.md": commands,
        "settings.md": settings,
        "json.md": json_page,
        "sql.md": sql,
        "notes.md": notes,
        "formats.md": formats,
        "python.md": python_page,
    }
    return {name: _MADE + maker().rstrip() + "\n" for name, maker in makers.items()}


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table of Markdown, its cells made safe."""
    lines = [list(heads), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    cells = ([re.sub(r"(?<!\\)\|", r"\\|", cell) for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells) + "\n\n"


# Commands


def verbs() -> Iterator[tuple[str, click.Command, click.Context]]:
    """Yield every command with its whole name, in the order in which they are told."""
    context = click.Context(cli, info_name="miler", max_content_width=100, terminal_width=100)
    yield "miler", cli, context
    yield from _below(cli, context)


def _below(group: click.Group, context: click.Context) -> Iterator[tuple[str, click.Command, click.Context]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = click.Context(command, parent=context, info_name=name, terminal_width=100)
        yield inner.command_path, command, inner
        if isinstance(command, click.Group):
            yield from _below(command, inner)


def commands() -> str:
    """Return every command with its arguments and options."""
    text = (
        "# Commands\n\n`miler FILE...` is short for `miler report FILE...`. Every command has `--help`.\n\n"
        "Exit codes: 0 all is well (duplicates and files that are no activity are), 1 something failed,"
        " 2 wrong usage or settings, 130 interrupted. Results go to standard output; progress and errors"
        " to standard error.\n\nMost commands that read files take the **settings options**, told once"
        " at the end.\n\n"
    )
    shared = {option.name for option in _shared()}
    for name, command, context in verbs():
        takes_settings = shared <= {p.name for p in command.params}
        own = [p for p in command.params if not (takes_settings and p.name in shared)]
        text += f"## `{name}`\n\n```\n{command.get_usage(context).removeprefix('Usage: ')}\n```\n\n"
        text += f"{_prose(command.help or '')}\n\n"
        options = [p for p in own if isinstance(p, click.Option)]
        if options:
            text += table(("option", "meaning"), (_option(option, context) for option in options))
        if takes_settings:
            text += "Also the [settings options](#settings-options).\n\n"
    context = click.Context(cli)
    return (
        text
        + "## Settings options\n\n"
        + table(("option", "meaning"), (_option(option, context) for option in _shared()))
    )


def _shared() -> list[click.Option]:
    """The options that end up in Settings, as every command that has them gets them."""
    made = settings_options(click.Command("any"))
    return [option for option in made.params if isinstance(option, click.Option)]


def _option(option: click.Option, context: click.Context) -> tuple[str, str]:
    record = option.get_help_record(context)
    assert record is not None, option.name
    flags, meaning = record
    return f"`{flags.strip()}`", _prose(meaning) or _UNSAID


def _prose(text: str) -> str:
    """Return a help text as Markdown: what looks like a tag would vanish."""
    lines = (re.sub(r"\s+", " ", part).strip() for part in re.split(r"\n\s*\n", text.replace("\b", "")))
    return "\n\n".join(re.sub(r"<(?=\w)", r"\\<", line) for line in lines)


# Settings


def settings() -> str:
    """Return every setting: its default, its option, its variable, its meaning."""
    flags = {option.name: option.opts[-1] for option in _shared()}
    meanings = described(Settings).attributes
    rows = []
    for field in dataclasses.fields(Settings):
        flag = f"`{flags[field.name]}`" if field.name in flags else _UNSAID
        variable = f"`MILER_{field.name.upper()}`"
        rows.append((f"`{field.name}`", _value(field.default), flag, variable, meanings[field.name]))
    variables = {
        "MILER_CONFIG": "another settings file",
        "MILER_LIBRARY": "another library; `--library` likewise",
        "MILER_TOKEN": "the token of `miler serve` and `miler upload`",
        "MILER_UPLOAD_KEY": "the key of addresses that may upload to `miler serve`",
    }
    assert set(variables) == config._NOT_SETTINGS
    return (
        "# Settings\n\nDefaults, then the settings file, then `MILER_*` in the environment, then"
        " options: what"
        " comes later wins. The file is TOML, `config.toml` in the system's folder for settings (on Linux"
        f" `~/.config/miler/`), and beside it `{config.RECORDS}` holds your own records, rivals and goals."
        " `miler doctor` says where they are and whether they fit. Lists in variables have commas"
        " between.\n\n"
        '```toml\nsex = "F"\nbirth_year = 1990\neffort_lengths_m = ["400m", "1mi", "5k"]\n```\n\n'
        + table(("setting", "default", "option", "variable", "meaning"), rows)
        + "Variables that are no settings:\n\n"
        + table(("variable", "meaning"), ((f"`{name}`", text) for name, text in variables.items()))
        + "`NO_COLOR`, set to anything, keeps colours out of reports.\n"
    )


def _value(value: object) -> str:
    """Return a setting as a person writes it."""
    if isinstance(value, tuple):
        return ", ".join(map(_value, value))
    if isinstance(value, float):
        return f"{value:.10g}"
    return (
        "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value) or "empty"
    )


# JSON


def json_page() -> str:
    """Return every key of the JSON documents."""
    schema = json.loads((ROOT / "src" / "miler" / "report" / "schema.json").read_text(encoding="utf-8"))
    text = (
        f"# JSON\n\nWhat `--format json` and `--format jsonl` write: `{schema['title']}`."
        f" {schema['description']}"
        " `miler schema` prints the JSON Schema, to which tests hold every document.\n\n"
    )
    for name, part in schema["$defs"].items():
        text += f"## `{name}`\n\n"
        text += f"{_sentence(part['description'])}\n\n" if "description" in part else ""
        rows = list(_keys(part, ""))
        text += table(("key", "type", "meaning"), rows) if rows else f"{_type(part)}\n\n"
    return text


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


def _keys(part: dict[str, Any], path: str) -> Iterator[tuple[str, str, str]]:
    """Yield the keys of an object, and of the objects within it that have no name of their own."""
    required = set(part.get("required", ()))
    for key, inner in part.get("properties", {}).items():
        name = f"{path}{key}"
        optional = "" if key in required else " (may be absent)"
        yield f"`{name}`", _type(inner) + optional, inner.get("description", _UNSAID)
        for option in (inner, *inner.get("anyOf", ()), *inner.get("oneOf", ())):
            yield from _keys(option, f"{name}.")
            if "items" in option:
                yield from _keys(option["items"], f"{name}[].")


def _type(part: dict[str, Any]) -> str:
    if "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        return f"[{name}](#{name})"
    if "const" in part:
        return f"`{json.dumps(part['const'])}`"
    if "enum" in part:
        return ", ".join(f"`{json.dumps(value)}`" for value in part["enum"])
    for key in ("oneOf", "anyOf"):
        if key in part:
            return " or ".join(_type(option) for option in part[key])
    kinds = part.get("type", "anything")
    text = kinds if isinstance(kinds, str) else " or ".join(kinds)
    if "items" in part:
        text += f" of {_type(part['items'])}"
    return text


# SQL


def sql() -> str:
    """Return every table of the library with its columns, as the migrations leave them."""
    meanings = _meanings()
    text = (
        f"# SQL\n\nThe library's schema, version {newest()} (`PRAGMA user_version`; `application_id` is"
        f" {APPLICATION_ID}), as the migrations in `src/miler/library/schema/` make it. Units stand in"
        f" the names;"
        " moments are ISO 8601 in UTC; NULL is what the file does not say.\n\n"
    )
    with tempfile.TemporaryDirectory() as folder, closing(connect(Path(folder) / "library.db")) as database:
        for (name,) in database.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
        ).fetchall():
            heads = ("column", "type", "NULL", "key", "meaning")
            text += f"## `{name}`\n\n{table(heads, _columns(database, name, meanings))}"
    return text


def _columns(
    database: sqlite3.Connection, name: str, meanings: dict[tuple[str, str], str]
) -> Iterator[tuple[str, ...]]:
    others: dict[str, list[str]] = {}
    for _, _, other, column, *_ in database.execute(f"PRAGMA foreign_key_list({name})"):
        others.setdefault(column, []).append(f"of `{other}`")
    for _, column, type_, not_null, _, primary in database.execute(f"PRAGMA table_info({name})"):
        key = ["primary"] * bool(primary) + sorted(set(others.get(column, ())))
        may_be = "no" if not_null or primary else "yes"
        yield f"`{column}`", type_ or "any", may_be, ", ".join(key) or _UNSAID, meanings[name, column]


def _meanings() -> dict[tuple[str, str], str]:
    """Read what the columns mean in the guide to the library: a section a table, a row a column."""
    guides = (path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").rglob("library.md")))
    (text,) = (guide for guide in guides if "\n## `activities`\n" in guide)
    found: dict[tuple[str, str], str] = {}
    for name, section in re.findall(r"^## `(\w+)`\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL):
        for columns, meaning in re.findall(r"^\| (`.*?`) \| (.*) \|$", section, re.MULTILINE):
            found |= {(name, column): meaning for column in re.findall(r"`(\w+)`", columns)}
    return found


# Notes


def note_codes() -> dict[str, dict[str, str]]:
    """Return the meaning of every code, by kind."""
    return tomllib.loads(NOTES.read_text(encoding="utf-8"))


def notes() -> str:
    """Return every note with its kind and its meaning."""
    text = (
        "# Notes\n\nWhat was odd and survived is told with the activity: under the report, in JSON and in the"
        " library. The code is a stable word to ask for (`miler list --note teleport`); the message is a"
        " sentence"
        " with the numbers.\n\n"
    )
    says = {
        "damage": "The file breaks its own format, or something in it had to be dropped or repaired. An"
        " undamaged"
        " file has none; `miler check --strict` fails for one.",
        "finding": "A fact about the recording that its reader should know.",
    }
    for kind, codes in note_codes().items():
        rows = ((f"`{code}`", meaning) for code, meaning in codes.items())
        text += f"## {kind.capitalize()}\n\n{says[kind]}\n\n{table(('code', 'meaning'), rows)}"
    return text


# Formats


def formats() -> str:
    """Return what is read of each format, and what a file may ask of this machine."""
    in_gpx, in_tcx = _elements(gpx._File().point), _elements(tcx._File().point)
    in_gpx |= {"latitude": ["lat"], "longitude": ["lon"]}  # attributes
    rows = []
    for name, kind in STREAMS.items():
        told = (contents._STREAMS[name][0], in_gpx.get(name, ()), in_tcx.get(name, ()))
        rows.append((f"`{name}`", kind.unit, *(_words(words) or _UNSAID for words in told), kind.meaning))
    most = limits.LIMITS
    mib = limits.MIB
    bounds = (
        ("file that is no archive", f"{most.file_bytes // mib} MiB"),
        ("file out of gzip or an archive", f"{most.expanded_bytes // mib} MiB"),
        ("all files of an archive", f"{most.total_bytes // mib} MiB"),
        ("files in an archive", f"{most.members:,}"),
        ("archives within archives", f"{most.depth} deep"),
        (
            "how far data may expand",
            f"{most.ratio}-fold, beyond the first {most.ratio_from_bytes // mib} MiB",
        ),
    )
    return (
        "# Formats\n\nmiler reads FIT, GPX and TCX, plain or gzipped, and zip archives of them. The"
        " content decides"
        f" what a file is; in folders and archives the names that are tried end in"
        f" {_words(names.EXTENSIONS)} or"
        " `.zip`, in any case. Originals are opened to be read, and nothing else.\n\n"
        "## Streams\n\nWhat each record may hold, and which field or element of a format it comes from.\n\n"
        + table(("stream", "unit", "FIT", "GPX", "TCX", "meaning"), rows)
        + "FIT's developer fields fill streams that the watch has not. Elements of GPX and TCX count in any"
        " namespace.\n\n## Limits\n\nWhat is larger is refused, with a word on why.\n\n"
        + table(("what", "at most"), bounds)
        + "## What is written\n\nReports: text, [JSON](json.md), JSON lines, CSV, HTML. Pictures: SVG, PNG,"
        " PDF (`miler card`). From the library: JSON lines, CSV, Parquet, GPX (`miler export`). A plan: text,"
        " JSON, and FIT or TCX for a watch (`miler plan`).\n"
    )


def _elements(point: Element) -> dict[str, list[str]]:
    """Return the elements of a point by the stream that they fill."""
    found: dict[str, list[str]] = {}
    for tag, child in point.children.items():
        looked_through = child.children.others is child
        inner = {child.name: [tag]} if child.name else _elements(child)
        for stream, tags in inner.items():
            paths = tags if child.name or looked_through else [f"{tag}/{inside}" for inside in tags]
            known = found.setdefault(stream, [])
            known += [path for path in paths if path not in known]
    return found


def _words(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def main() -> None:
    """Write the pages."""
    PAGES.mkdir(exist_ok=True)
    for name, text in pages().items():
        (PAGES / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
