"""What is there for miler to work with, looked at one after another; what is missing, with its remedy."""

from __future__ import annotations

import shutil
import tempfile
import webbrowser
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from miler.config import RECORDS, settings_from, settings_path
from miler.device import roots, watches
from miler.errors import MilerError
from miler.library import Library, importing, repair, usual_path
from miler.timezone import zone, zone_at

State = Literal["ok", "missing", "wrong"]

# What miler always needs, by the names that Python imports; `pip` brings all of them with miler.
_NEEDED = (
    "numpy", "fitparse", "fastcrc", "click", "rich", "platformdirs", "watchfiles", "tzfpy", "jinja2", "gpxpy",
    "orjson", "fastapi", "uvicorn", "python_multipart",
)  # fmt: skip
# What extras bring, and what each is for.
EXTRAS = {
    "card": (("resvg_py", "svg2pdf_py", "font_roboto"), "cards as PNG and PDF, and their type"),
    "parquet": (("pyarrow",), "export to Parquet, tables of Arrow"),
    "pandas": (("pandas",), "tables of pandas"),
    "cluster": (("distributed", "pyarrow"), "many machines: `--engine dask`, `--dataset`"),
    "s3": (("s3fs",), "files of s3://"),
    "gs": (("gcsfs",), "files of gs://"),
    "az": (("adlfs",), "files of az:// and abfs://"),
    "hdfs": (("fsspec", "pyarrow"), "files of hdfs://, by libhdfs of a Hadoop installation"),
}
_LEAST_FREE = 256 * 1024**2  # bytes; ten years of runs are a library of 60 MB, and a backup is as large
_BERLIN = (52.52, 13.405)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: its name.
        state: `ok`; `missing`, which miler does without; `wrong`, which it needs.
        said: what was found.
        remedy: what to do about it; empty where nothing is to be done.
    """

    what: str
    state: State
    said: str
    remedy: str = ""


def findings(
    library: Path | None, environment: Mapping[str, str], root: Path | None = None
) -> Iterator[Finding]:
    """Look at all that miler works with.

    Args:
        library: its file; the user's own if None.
        environment: the process's variables, which may name settings.
        root: look for watches that are mounted below this folder; everywhere if None.
    """
    path = library or usual_path()
    yield _libraries()
    for extra, (modules, purpose) in EXTRAS.items():
        yield _extra(extra, modules, purpose)
    yield _zones()
    yield _settings(environment)
    yield _library(path)
    yield _room(path)
    yield _browser()
    yield _watch(root)


def _absent(modules: tuple[str, ...]) -> str:
    return ", ".join(name for name in modules if find_spec(name) is None)


def _libraries() -> Finding:
    absent = _absent(_NEEDED)
    if absent:
        return Finding("libraries", "wrong", f"{absent} cannot be imported", "install miler again, with pip")
    return Finding("libraries", "ok", f"all {len(_NEEDED)} that miler needs")


def _extra(extra: str, modules: tuple[str, ...], purpose: str) -> Finding:
    absent = _absent(modules)
    if absent:
        return Finding(extra, "missing", f"{purpose}: no {absent}", f"pip install 'miler[{extra}]'")
    return Finding(extra, "ok", purpose)


def _zones() -> Finding:
    place = zone_at(*_BERLIN)
    if place is None or zone(place) is None:
        return Finding(
            "time zones", "wrong", "no zone data: times would be shown in UTC", "pip install tzdata"
        )
    return Finding("time zones", "ok", f"places have their local time, such as {place}")


def _settings(environment: Mapping[str, str]) -> Finding:
    path = settings_path(environment)
    try:
        settings_from({}, environment)
    except MilerError as error:
        return Finding(
            "settings", "wrong", error.message, f"mend {path}, or the variable MILER_* of that name"
        )
    there = [str(file) for file in (path, path.with_name(RECORDS)) if file.is_file()]
    return Finding("settings", "ok", ", ".join(there) or f"defaults; there is no {path}")


def _library(path: Path) -> Finding:
    if not path.exists():
        return Finding("library", "ok", f"none yet; `miler import FOLDER` makes {path}")
    try:
        with Library(path, create=False) as library:
            wrong, total, others = repair.check(library), library.count(), importing.outdated(library)
    except MilerError as error:
        return Finding("library", "wrong", error.message)
    if wrong:
        return Finding("library", "wrong", f"{path}: {wrong[0]}", "miler library rebuild")
    sound = f"{path}: sound, {total} {'activity' if total == 1 else 'activities'}"
    return Finding("library", "ok", "; ".join(filter(None, (sound, others))))


def _room(path: Path) -> Finding:
    """Try to write where the library lies, or will, and see how much goes there."""
    folder = next((folder for folder in path.absolute().parents if folder.exists()), path.parent)
    try:
        with tempfile.TemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free
    except OSError as error:
        remedy = "name a library where you may write with --library or MILER_LIBRARY"
        return Finding("disk", "wrong", f"{folder}: {error.strerror}", remedy)
    said = f"{folder}: may be written, {free / 1e9:,.1f} GB free"
    if free < _LEAST_FREE:
        return Finding("disk", "wrong", said, "make room: an import ends where the disk is full")
    return Finding("disk", "ok", said)


def _browser() -> Finding:
    try:
        webbrowser.get()
    except webbrowser.Error:
        said = "none for `miler serve --open`"
        return Finding("browser", "missing", said, "open the address that `miler serve` tells in any browser")
    return Finding("browser", "ok", "one for `miler serve --open`")


def _watch(root: Path | None) -> Finding:
    found = [watch for top in ([root] if root else roots()) for watch in watches(top)]
    if not found:
        remedy = "plug it in, unlock it, open it once in the file manager; then `miler import --device`"
        return Finding("watch", "missing", "none is plugged in", remedy)
    return Finding("watch", "ok", ", ".join(f"{watch.name}: {watch.folder}" for watch in found))
