"""The README and the guide are true: every command, block and link does what the page says."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import select
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote

import click
import pytest

from devtools import figures
from devtools.guide import DOCS, Block, Command, anchors, blocks, links, pages, shows
from devtools.serving import Server, serving
from devtools.small_runs import small_run, write_runs
from miler.cli import cli
from miler.units import format_sure
from tests.conftest import ROOT, SAMPLES, Miler

PAGES = pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
# What is made of the code is held to it by tests/test_reference.py, and is nothing to type.
MADE = "<!-- Made by"
TYPED = pytest.mark.parametrize(
    "page",
    [page for page in pages() if not page.read_text(encoding="utf-8").startswith(MADE)],
    ids=lambda page: page.relative_to(ROOT).as_posix(),
)
# Where benchmarks/newcomer.py installed miler. Else it is called in this process, in a tenth of the time.
INSTALLED = os.environ.get("GUIDE_PROGRAMS")
UPLOAD_KEY = "a-key-for-tests-only"
# What asks many machines; their tests start them.
MANY_MACHINES = re.compile(r"--engine dask|\b(s3|tcp)://")
ENDED_BY_CTRL_C = (0, 130)
# Where a reader has files and folders of his own, the tests have those that the project made.
HIS_FILES = {
    "run.fit": "track-mile.fit",
    "session.fit": "track-mile.fit",
    "belt.fit": "treadmill.fit",
    "old-watch.fit": "truncated.fit",
    "run.gpx": "phone-spike.gpx",
}
HIS_FOLDERS = {
    "Downloads": "intervals.tcx.gz",
    "runs": "treadmill.fit",
    "season/anna": "track-mile.fit",
    "media/GARMIN/Activity": "treadmill.fit",
}


@dataclass
class Reader:
    """Somebody who types what a page prints, in a folder of his own."""

    folder: Path
    miler: Miler
    request: pytest.FixtureRequest
    interrupted: ClassVar[set[str]] = set()

    def types(self, command: Command) -> None:
        """Do what a command asks, and hold the page to it."""
        words = command.line.split()
        if elsewhere := ELSEWHERE.get(words[0]) or ELSEWHERE.get(" ".join(words[:2])):
            elsewhere(shlex.split(command.line))
        elif MANY_MACHINES.search(command.line):
            is_a_command(command.line)
        elif "Ctrl-C" in command.said:
            self.interrupts(command.line)
        else:
            code, out, err = self.runs(self.at_home(command.line))
            said = re.search(r"exit code (\d)", command.said)
            assert code == (int(said[1]) if said else 0), f"{command.line}: exit code {code}\n{out}{err}"
            if not any(shows(each, command.printed) for each in (out, err, err + out, out + err)):
                pytest.fail(f"{command.line} printed otherwise:\n{err}{out}", pytrace=False)

    def runs(self, line: str) -> tuple[int, str, str]:
        """Run it: in this process where it is miler alone, else as a shell does."""
        if not INSTALLED and line.startswith("miler ") and not re.search(r"[|<>$&;]", line):
            words = shlex.split(line)[1:]
            ran = self.miler(*(name for word in words for name in expanded(word)))
            return ran.code, ran.out, ran.err
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, env=self.environment())
        return done.returncode, done.stdout, done.stderr

    def interrupts(self, line: str) -> None:
        """Run what runs until it is told to end, and tell it when it has said its first word; each once."""
        if line in self.interrupted:
            return
        self.interrupted.add(line)
        line = self.at_home(line) + (" --port 0" if line.startswith("miler serve") else "")
        process = subprocess.Popen(
            ["bash", "-c", f"exec {line}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.environment(),
        )
        assert process.stdout is not None
        first = process.stdout.readline() if select.select([process.stdout], [], [], 30)[0] else ""
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=30)[0]
        assert first and process.returncode in ENDED_BY_CTRL_C, f"{line}\n{first}{rest}"

    def at_home(self, text: str) -> str:
        """Lead what goes to a server or a watch to those of the tests."""
        if text.startswith("miler import --device"):
            return f"{text} --device-root {self.folder / 'media'}"
        if not re.search(r"upload |--to |127\.0\.0\.1:8765|desk(\.local)?:8765|\$URL", text):
            return text
        server: Server = self.request.getfixturevalue("upload_server")
        if "upload " in text and "--to " not in text:
            text += f" --to {server.url} --token {server.token}" + " --every 0.2" * ("--watch" in text)
        text = re.sub(r"http://(127\.0\.0\.1|desk(\.local)?):8765|\$URL", server.url, text)
        return re.sub(r"\$?\bTOKEN\b|\$T\b", server.token, text).replace("KEY", UPLOAD_KEY)

    def environment(self) -> dict[str, str]:
        """Return this process's, with `miler` and `python` on the path, and no browser to open."""
        outside = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        outside |= {"BROWSER": "true", "PYTHONUNBUFFERED": "1"}
        programs = Path(INSTALLED) if INSTALLED else self.folder / ".bin"
        if not INSTALLED:
            outside["PYTHONPATH"] = f"{ROOT / 'src'}{os.pathsep}{ROOT}"
            programs.mkdir(exist_ok=True)
            for name, start in {"python": "", "miler": "-m miler.cli "}.items():
                (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {start}"$@"\n')
                (programs / name).chmod(0o755)
        return outside | {"PATH": f"{programs}{os.pathsep}{outside['PATH']}"}


def expanded(word: str) -> list[str]:
    """Return what a shell makes of a word: the files that it means, if any."""
    return sorted(str(path) for path in Path().glob(word)) or [word] if "*" in word else [word]


# What changes the machine or takes minutes is tried by benchmarks/newcomer.py, in an environment of its own;
# here only whether there is what it names.


def makes_a_target(words: list[str]) -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{words[1]}:", text, re.MULTILINE), f"make {words[1]}"


def installs_what_there_is(words: list[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for word in words[words.index("install") + 1 :]:
        named = re.fullmatch(r"(?:\.|miler)(?:\[(.+)\])?", word)
        assert word in ("--upgrade", "tool") or named, word
        assert not (named and named[1]) or set(named[1].split(",")) <= {*project["optional-dependencies"]}


def runs_python(words: list[str]) -> None:
    if words[1:3] == ["-m", "pip"]:
        installs_what_there_is(words)
    elif words[1] == "-m" and words[2] not in ("venv", "http.server"):
        assert importlib.util.find_spec(words[2]), words


ELSEWHERE: dict[str, Callable[[list[str]], None]] = {
    "make": makes_a_target,
    "pip": installs_what_there_is,
    "pipx": installs_what_there_is,
    "uv": installs_what_there_is,
    "python -m": runs_python,
    "py": runs_python,
    "python3": runs_python,
    ".venv/bin/python": runs_python,
    ".venv/bin/miler": lambda words: None,
    "dask": lambda words: None,  # the tests of many machines start its scheduler and its workers
    "chromium": lambda words: None,  # tests/test_report_browser.py prints the page
}


@pytest.fixture(scope="module")
def upload_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of these pages' own, which lets an address with the key upload."""
    library = tmp_path_factory.mktemp("uploads") / "library.db"
    with serving(library, "--upload-key", UPLOAD_KEY) as running:
        yield running


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that `miler import sample_files` makes."""
    path = tmp_path_factory.mktemp("imported") / "library.db"
    command = [sys.executable, "-m", "miler.cli", "import", str(SAMPLES), "--library", str(path), "-j", "1"]
    subprocess.run(command, check=True, capture_output=True)
    return path


@pytest.fixture
def reader(
    tmp_path: Path, miler: Miler, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Reader:
    """A reader with the sample files, and some files by the names that pages give to theirs."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    for name in ("sample_files", "examples"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name, sample in HIS_FILES.items():
        shutil.copy(SAMPLES / sample, tmp_path / name)
    (tmp_path / "monday.fit").write_bytes(small_run(1))
    evening = (SAMPLES / "phone-spike.gpx").read_text(encoding="utf-8").replace("2026-02-08T", "2026-02-10T")
    (tmp_path / "evening.gpx").write_text(evening, encoding="utf-8")
    monkeypatch.setattr(
        os, "sched_getaffinity", lambda _: {0}, raising=False
    )  # a process more costs a second
    for name, sample in HIS_FOLDERS.items():
        (tmp_path / name).mkdir(parents=True)
        shutil.copy(SAMPLES / sample, tmp_path / name)
    shutil.copy(ROOT / "src" / "miler" / "upload.py", tmp_path)
    monkeypatch.chdir(tmp_path)
    return Reader(tmp_path, miler, request)


@TYPED
def test_what_a_page_prints_can_be_typed(
    page: Path, reader: Reader, imported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = reader.folder / "library.db"
    monkeypatch.setenv("MILER_LIBRARY", str(library))
    if not begins_with_nothing(page):
        shutil.copy(imported, library)
    if "export.zip" in page.read_text(encoding="utf-8"):
        write_export(reader.folder)
    names: dict[str, Any] = {}
    for block in blocks(page):
        tried(block, reader, names)


def begins_with_nothing(page: Path) -> bool:
    """Whether a page is for somebody who has no library yet: else it is that of the sample files."""
    return page.parent.name == "tutorial" or page.name == "README.md"


def write_export(folder: Path) -> None:
    """Write ten years of runs, as an account's export has them."""
    with zipfile.ZipFile(folder / "export.zip", "w") as archive:
        for number in range(0, 3650, 120):
            (path,) = write_runs(folder / "made", 1, number)
            archive.write(path, f"activities/{path.name}")


def tried(block: Block, reader: Reader, names: dict[str, Any]) -> None:
    """Do what a block asks: type it, run it, write it to the file that it is, or at least read it."""
    where = f"{block.page.name}:{block.number}"
    try:
        if block.title:
            Path(block.title).expanduser().parent.mkdir(parents=True, exist_ok=True)
            Path(block.title).expanduser().write_text(block.text, encoding="utf-8")
        for command in block.commands:
            reader.types(command)
        READ[block.language](block, reader, names)
    except Exception as error:
        error.add_note(where)
        raise


def run_python(block: Block, reader: Reader, names: dict[str, Any]) -> None:
    text = block.text
    if "TOKEN" in text:
        url, names["TOKEN"] = reader.at_home("$URL TOKEN").split()
        text = text.replace("http://127.0.0.1:8765", url)
    exec(compile(text, str(block.page), "exec"), names)


def run_sql(block: Block, reader: Reader, names: dict[str, Any]) -> None:
    if "read_parquet" in block.text:
        assert pytest.importorskip("duckdb").sql(block.text).fetchall()
        return
    with closing(sqlite3.connect(reader.folder / "library.db")) as library:
        assert library.execute(block.text).fetchall()


def reads_toml(block: Block, reader: Reader, names: dict[str, Any]) -> None:
    tomllib.loads(block.text)


def reads_json(block: Block, reader: Reader, names: dict[str, Any]) -> None:
    json.loads(block.text)


def says_no_command(block: Block, reader: Reader, names: dict[str, Any]) -> None:
    assert not re.search(r"^(\$|miler) ", block.text, re.MULTILINE)


READ: dict[str, Callable[[Block, Reader, dict[str, Any]], None]] = {
    "console": lambda *_: None,
    "sh": lambda *_: None,
    "python": run_python,
    "sql": run_sql,
    "toml": reads_toml,
    "json": reads_json,
    "text": says_no_command,
    "": lambda *_: None,
}


@PAGES
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links(page):
        address, _, anchor = link.partition("#")
        if re.match(r"https?://", address):
            continue
        target = (page.parent / unquote(address)).resolve() if address else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@PAGES
def test_what_a_page_names_is_there(page: Path) -> None:
    """Files of the project, modules to be run, verbs and options, also in the middle of a sentence."""
    for named in re.findall(r"`([^`\n]+)`", page.read_text(encoding="utf-8")):
        if re.fullmatch(r"(src|tests|devtools|benchmarks|examples|docs|soak|design)/[\w./-]+", named):
            assert (ROOT / named).exists(), named
        elif module := re.match(r"python -m ((?:benchmarks|devtools|soak)[\w.]*)", named):
            assert importlib.util.find_spec(module[1]), named
        elif re.match(r"miler [a-z]", named):
            is_a_command(named)


def is_a_command(text: str) -> None:
    """Hold `miler verb --option` to the command line."""
    words = text.split()[1:]
    command: click.Command = cli
    asked = click.Context(cli)
    while isinstance(command, click.Group) and words and (verb := command.get_command(asked, words[0])):
        command = verb
        del words[0]
    assert command is not cli, text
    options = {option for each in command.params for option in each.opts + each.secondary_opts}
    if options - {"--help"}:  # upload leaves its arguments to the script that it is
        assert {word for word in words if word.startswith("--")} <= {*options, "--help"}, text


@PAGES
def test_the_time_of_the_sample_is_written_as_it_is_printed(page: Path) -> None:
    mile = json.loads((ROOT / "tests" / "golden" / "track-mile.fit.json").read_text())["fastest_mile"]
    printed = format_sure(mile["elapsed_s"], mile["low_s"], mile["high_s"], brief=True)
    assert set(re.findall(r"5:28 −\d+ \+\d+", page.read_text(encoding="utf-8"))) <= {printed}


def test_every_verb_is_told_in_the_guide() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in pages())
    assert not {verb for verb in cli.list_commands(click.Context(cli)) if f"miler {verb}" not in text}


def test_the_figures_are_those_that_the_script_draws(tmp_path: Path) -> None:
    figures.main(tmp_path)
    for drawn in tmp_path.iterdir():
        assert drawn.read_bytes() == (figures.PICTURES / drawn.name).read_bytes(), drawn.name


def test_the_pictures_of_the_readme_are_small() -> None:
    assert all(path.stat().st_size < 120_000 for path in figures.PICTURES.iterdir())


def test_every_page_is_in_the_order_of_the_guide() -> None:
    order = re.findall(
        r"^ +- (?:[\w ]+: )?(\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sorted(order) == sorted(page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md"))
