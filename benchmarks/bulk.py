"""Years of runs in one archive: `python -m benchmarks.bulk [--files N]`.

The claims: of a zip within a zip of 3,000 files, one in twenty of them bad, every good one is imported,
every bad one is named with its reason, and the second import does nothing, in seconds. The exports of
Strava and Runkeeper in the corpus import as their tables say: each file that is listed, under its name.
"""

from __future__ import annotations

import argparse
import io
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.bar import CORPUS, Bar, skipped
from benchmarks.hours import one_hour
from miler import Library
from miler.exports import key, labels

FILES, BAD_ONE_IN, PARTS = 3000, 20, 2
_AGAIN_S = 5.0
_RECORDS = 600
# What bulk exports hold beside recordings: nothing, zeros of a broken copy, error pages, rubbish.
_BAD = (
    b"",
    b"\0" * 20_000,
    b"<!doctype html><html><body>Please log in</body></html>",
    b'{"message": "rate limit exceeded"}',
    b"\x0e\x10\xd9\x07 a header cut off",
    bytes(range(256)) * 40,
)


@dataclass(frozen=True)
class Ran:
    """What a command said, and how long it took."""

    code: int
    err: str
    took_s: float

    @property
    def counts(self) -> dict[str, int]:
        """Return the last line, "2,850 imported, 150 failed", as numbers."""
        found = re.findall(r"(\d[\d,]*) (\w+)", self.err.splitlines()[-1])
        return {ending: int(count.replace(",", "")) for count, ending in found}

    @property
    def named(self) -> set[str]:
        """Return the last part of the name of every file that is said to have failed."""
        return {match.rsplit("/", 1)[-1] for match in re.findall(r"^failed (.+?): ", self.err, re.MULTILINE)}


def miler_import(library: Path, *paths: Path) -> Ran:
    """Run `miler import` with two jobs."""
    command = [sys.executable, "-m", "miler.cli", "import", *map(str, paths)]
    begin = time.perf_counter()
    done = subprocess.run(
        [*command, "--library", str(library), "--jobs", "2"], capture_output=True, check=False, text=True
    )
    return Ran(done.returncode, done.stderr, time.perf_counter() - begin)


def write_nested(path: Path, files: int) -> set[str]:
    """Write a zip of zips of files; return the names of the bad ones."""
    bad: set[str] = set()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as outer:
        for part in range(PARTS):
            data = io.BytesIO()
            with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as inner:
                for number in range(part, files, PARTS):
                    name = f"runner_{number:05d}.fit"
                    is_bad = number % BAD_ONE_IN == BAD_ONE_IN // 2
                    content = _BAD[len(bad) % len(_BAD)] if is_bad else one_hour(number, _RECORDS)
                    bad |= {name} if is_bad else set()
                    inner.writestr(name, content)
            outer.writestr(f"DI-Connect-Uploaded-Files/UploadedFiles_0-_Part{part + 1}.zip", data.getvalue())
    return bad


def nested(files: int) -> Iterator[Bar]:
    """Import a zip of zips, twice."""
    with TemporaryDirectory() as name:
        archive, library = Path(name) / "export.zip", Path(name) / "library.db"
        bad = write_nested(archive, files)
        first, again = miler_import(library, archive), miler_import(library, archive)
    good = files - len(bad)
    figure = f"{first.counts}, {len(first.named & bad)} named, {first.took_s:.0f} s"
    met = first.counts == {"imported": good, "failed": len(bad)} and first.named == bad
    yield Bar(f"zip of zips of {files:,} files", figure, f"{good:,} in, {len(bad)} named", met)
    met = again.counts == {"unchanged": good, "failed": len(bad)} and again.named == bad
    yield Bar(
        "the same again", f"{again.counts}, {again.took_s:.1f} s", f"nothing new, < {_AGAIN_S:g} s",
        met and again.took_s < _AGAIN_S,
    )  # fmt: skip


def exports() -> Iterator[Bar]:
    """Import each export of the corpus, as a folder and zipped."""
    folders = sorted((CORPUS / "other").glob("*bulk*")) if CORPUS.is_dir() else []
    goal = "each listed file in, under its name"
    if not folders:
        yield skipped("bulk exports", goal, "no corpus here")
    for folder in folders:
        (table,) = folder.glob("*ctivities.csv")
        told = labels(table.read_bytes())
        there = {key(str(file.relative_to(folder))) for file in folder.rglob("*.*")} & set(told)
        with TemporaryDirectory() as name:
            archive, library = Path(name) / "export.zip", Path(name) / "library.db"
            with zipfile.ZipFile(archive, "w") as zipped:
                for file in sorted(folder.rglob("*.*")):
                    zipped.write(file, file.relative_to(folder))
            first, again = miler_import(library, folder), miler_import(library, archive)
            wrong = list(_wrong(library, {file: told[file].name for file in there}))
        figure = f"{first.counts}, zipped {again.counts}" + "".join(f"; {text}" for text in wrong[:3])
        # An archive tells besides how many of its members, such as the table, are no activities.
        ended = (first.counts | {"skipped": 0}, again.counts | {"skipped": 0})
        alike = ended == tuple({word: len(there), "skipped": 0} for word in ("imported", "duplicate"))
        yield Bar(folder.name, figure, f"{len(there)} files: {goal}", alike and not wrong)


def _wrong(path: Path, told: dict[str, str | None]) -> Iterator[str]:
    """Say which activities are called otherwise than the table has it."""
    with Library(path) as library:
        for listed in library.list():
            one = library.get(listed.activity_id)
            file = next(name for name in told if key(one.files[0]).endswith(name))
            if told[file] is not None and one.title != told[file]:
                yield f"{file} is called {one.title!r}, not {told[file]!r}"


def bars(short: bool) -> Iterator[Bar]:
    """Measure the bars of bulk imports."""
    yield from nested(FILES // 10 if short else FILES)
    yield from exports()


def main() -> None:
    """Print the bars."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--files", type=int, default=FILES)
    for bar in [*nested(parser.parse_args().files), *exports()]:
        verdict = {True: "met", False: "MISSED", None: "skipped"}[bar.met]
        print(f"{bar.name:<36} {bar.figure:<80} {bar.goal:<44} {verdict}")


if __name__ == "__main__":
    main()
