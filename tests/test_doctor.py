"""What a newcomer asks first: which version is this, is all there, and may the shell complete it?"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

import miler as package
from miler import doctor
from miler.cli import OK, SOME_FAILED, WRONG_USE
from miler.library.connection import newest
from miler.remote import _BRINGS
from miler.versions import library_schema
from tests.conftest import ROOT, Miler

DAMAGED = b"SQLite format 3\x00" + bytes(4000)


def state(out: str, what: str) -> str:
    """The state of one finding, as it is printed."""
    (line,) = (line for line in out.splitlines() if line[10:].startswith(f"{what} "))
    return line.split()[0]


def remedy(out: str, what: str) -> str:
    lines = out.splitlines()
    at = next(i for i, line in enumerate(lines) if line[10:].startswith(f"{what} "))
    return lines[at + 1].partition("→ ")[2]


def test_the_version_names_all_that_a_result_may_depend_on(miler: Miler) -> None:
    ran = miler("--version")
    assert ran.code == OK
    assert ran.out.splitlines() == [
        f"miler {package.__version__}",
        f"Python {'.'.join(map(str, sys.version_info[:3]))}, numpy {version('numpy')},"
        f" SQLite {sqlite3.sqlite_version}",
        f"document miler.analysis/1, library schema {newest()}",
    ]


def test_the_version_of_the_library_is_the_one_that_it_writes() -> None:
    assert library_schema() == newest()


def test_the_version_needs_neither_numpy_nor_the_packages_metadata() -> None:
    asked = "import sys, miler.cli as c; c.main(['--version']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    heavy = {"numpy", "importlib.metadata", "email", "rich", "json", "jinja2", "fitparse", "miler.cli_import"}
    assert not loaded & heavy


def test_no_verb_brings_a_library_before_it_is_to_work() -> None:
    asked = (
        "import sys, click; from miler.cli import cli; context = click.Context(cli);"
        " print(all(cli.get_command(context, name) for name in cli.list_commands(context)), *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    every, *loaded = done.stdout.split()
    assert every == "True"
    heavy = {
        "numpy",
        "rich",
        "jinja2",
        "fitparse",
        "gpxpy",
        "fastapi",
        "uvicorn",
        "watchfiles",
        "tzfpy",
        "json",
    }
    assert not heavy & set(loaded)
    assert not {"asyncio", "multiprocessing", "platformdirs", "sqlite3"} & set(loaded)


def test_a_newcomer_is_told_that_all_is_well(miler: Miler, tmp_path: Path) -> None:
    ran = miler("doctor", "--library", tmp_path / "library.db", "--device-root", tmp_path)
    assert ran.code == OK
    assert ran.out.startswith(miler("--version").out)
    assert {"ok", "missing"} >= {line.split()[0] for line in ran.out.splitlines()[3:]} - {"→"}
    assert "none yet; `miler import FOLDER` makes" in ran.out
    assert state(ran.out, "watch") == "missing"
    assert "miler import --device" in remedy(ran.out, "watch")
    assert not (tmp_path / "library.db").exists()


def test_a_sound_library_and_a_watch_are_told(miler: Miler, tmp_path: Path, samples: Path) -> None:
    library, device = tmp_path / "library.db", tmp_path / "media" / "FORERUNNER" / "GARMIN" / "Activity"
    device.mkdir(parents=True)
    miler("import", samples / "track-mile.fit", "--library", library)
    ran = miler("doctor", "--library", library, "--device-root", tmp_path)
    assert ran.code == OK
    assert f"{library}: sound, 1 activity\n" in ran.out
    assert f"FORERUNNER: {device}" in ran.out


@pytest.mark.parametrize(
    ("content", "said"), [(DAMAGED, "library rebuild"), (b"a diary", "no miler library")]
)
def test_a_library_that_is_none_is_wrong(miler: Miler, tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "library.db"
    path.write_bytes(content)
    ran = miler("doctor", "--library", path)
    assert ran.code == SOME_FAILED
    assert state(ran.out, "library") == "wrong"
    assert said in ran.out


def test_a_broken_row_of_the_library_is_found_with_its_remedy(
    miler: Miler, tmp_path: Path, samples: Path
) -> None:
    path = tmp_path / "library.db"
    miler("import", samples / "track-mile.fit", "--library", path)
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM sources")
    connection.commit()
    connection.close()
    ran = miler("doctor", "--library", path)
    assert (ran.code, state(ran.out, "library")) == (SOME_FAILED, "wrong")
    assert remedy(ran.out, "library") == "miler library rebuild"


def test_settings_that_do_not_fit_are_wrong(miler: Miler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILER_SEX", "x")
    ran = miler("doctor")
    assert (ran.code, state(ran.out, "settings")) == (SOME_FAILED, "wrong")
    assert "MILER_*" in remedy(ran.out, "settings")


def test_what_is_not_installed_is_named_with_the_extra_that_brings_it(
    miler: Miler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    ran = miler("doctor")
    assert (ran.code, state(ran.out, "parquet")) == (OK, "missing")
    assert remedy(ran.out, "parquet") == "pip install 'miler[parquet]'"
    monkeypatch.setitem(sys.modules, "gpxpy", None)
    ran = miler("doctor")
    assert (ran.code, state(ran.out, "libraries")) == (SOME_FAILED, "wrong")
    assert "gpxpy cannot be imported" in ran.out


def test_every_extra_that_a_runner_may_want_is_looked_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    assert set(doctor.EXTRAS) == set(extras) - {"dev", "docs", "peers", "s3-tests", "soak"}
    for extra, (modules, _) in doctor.EXTRAS.items():
        assert len(extras[extra]) == len(modules)
    assert {(module, extra) for module, extra in _BRINGS.values()} <= {
        (module, extra) for extra, (modules, _) in doctor.EXTRAS.items() for module in modules
    }
    without = sum(";" in line for line in project["dependencies"])
    assert len(doctor._NEEDED) == len(project["dependencies"]) - without


def test_no_zone_data_and_no_browser_are_told(miler: Miler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webbrowser._tryorder", [])
    monkeypatch.setattr(doctor, "_BERLIN", (0.0, -30.0))  # at sea, where no zone is known
    ran = miler("doctor")
    assert ran.code == SOME_FAILED
    assert (state(ran.out, "time zones"), state(ran.out, "browser")) == ("wrong", "missing")
    assert remedy(ran.out, "time zones") == "pip install tzdata"


def test_a_full_disk_is_foretold(miler: Miler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_LEAST_FREE", 10**18)
    ran = miler("doctor", "--library", tmp_path / "library.db")
    assert (ran.code, state(ran.out, "disk")) == (SOME_FAILED, "wrong")
    assert "make room" in remedy(ran.out, "disk")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_wrong(miler: Miler, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    ran = miler("doctor", "--library", tmp_path / "library.db")
    tmp_path.chmod(0o700)
    assert (ran.code, state(ran.out, "disk")) == (SOME_FAILED, "wrong")


# Completion


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_takes_what_completes(miler: Miler, shell: str, tmp_path: Path) -> None:
    ran = miler("completion", shell)
    assert ran.code == OK
    assert "_MILER_COMPLETE" in ran.out
    if shutil.which(shell):
        script = tmp_path / "completion"
        script.write_text(ran.out)
        subprocess.run([shell, "-n", script], check=True)


def test_no_other_shell_is_promised(miler: Miler) -> None:
    assert miler("completion", "tcsh").code == WRONG_USE


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("miler ser", {"plain,serve"}),
        ("miler library ba", {"plain,backup"}),
        ("miler report --form", {"plain,--format"}),
        ("miler report --format js", {"plain,json", "plain,jsonl"}),
        ("miler report ", {"file,"}),
        ("miler check old", {"file,old"}),
        ("miler old", {"file,old"}),
        ("miler completion z", {"plain,zsh"}),
    ],
)
def test_verbs_options_choices_and_paths_are_completed(words: str, expected: set[str]) -> None:
    environment = {
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
        "_MILER_COMPLETE": "bash_complete",
    }
    done = subprocess.run(
        [sys.executable, "-c", "from miler.cli import main; main()"],
        capture_output=True, text=True, env=os.environ | environment, timeout=60,
    )  # fmt: skip
    assert set(done.stdout.splitlines()) == expected
