"""A folder of reports: each page whole or not at all, what all share once, and an index."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from miler.atomic import write_atomic
from miler.errors import SettingsError
from miler.report.leaf import INDEX, SCRIPT, STYLE

if TYPE_CHECKING:
    from miler.report.leaf import Leaf
    from miler.report.runs import Run
    from miler.units import Unit

_HEAD = 2000  # characters, in which a page says what it is made of
_MADE_OF = re.compile('<meta name="miler" content="([^"]*)">')


class Folder:
    """Writes reports into a folder. What is there already, byte for byte, is not written again.

    As a context it leaves nothing behind where no report could be written, and says else what is there.
    """

    def __init__(self, path: Path) -> None:
        """Make the folder, and what all reports share.

        Raises:
            SettingsError: if a page lies there as the index that miler did not write (`not_ours`).
        """
        from miler.report import html

        self.path = path
        self._made = not path.exists()
        self._new: list[str] = []
        self._reports = 0
        path.mkdir(exist_ok=True)
        if (path / INDEX).exists() and made_of(path / INDEX) is None:
            raise SettingsError(
                f"{path / INDEX} is no page of miler's, and stays; name another folder", code="not_ours"
            )
        self._runs: dict[str, Run] = {}
        self._shared = {STYLE: html.style(), SCRIPT: html.script()}

    def __enter__(self) -> Self:
        """Lend it to be filled."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """After a failure, take away what only reports need that are not there.

        Raises:
            OSError: the one that came, and how far it let us come.
        """
        if error is None:
            return
        with suppress(OSError):  # what came first is to be said
            if not self._reports:
                for name in self._new:
                    (self.path / name).unlink()
                if self._made:
                    self.path.rmdir()
        if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
            some = f"{self._reports} {'report is' if self._reports == 1 else 'reports are'} written"
            said = f"{some}, the index is not" if self._reports else "no report is written"
            raise OSError(error.errno, f"{error.strerror}; {said}", error.filename) from error

    def add(self, leaf: Leaf) -> bool:
        """Write a report, and list it; one of the same name, which is of the same bytes, changes nothing."""
        name = leaf.run.address
        assert name is not None
        if name in self._runs:
            return False
        self.write(name, leaf.page)
        self._runs[name] = leaf.run
        return True

    def list(self, run: Run, key: str) -> None:
        """List a run, whose report, if it has one, is there already."""
        self._runs[key] = run

    def close(self, units: Unit) -> Path:
        """Write the index of all that was listed; return where it is."""
        from miler.report import index

        self.write(INDEX, index.render(list(self._runs.values()), units))
        return self.path / INDEX

    def write(self, name: str, text: str) -> None:
        """Write a page that is not there yet, whole or not at all."""
        for shared in self._shared.items():
            self._write(*shared)
        self._shared = {}
        self._write(name, text)
        self._reports += name != INDEX

    def _write(self, name: str, text: str) -> None:
        path = self.path / name
        if not _holds(path, text):
            fresh = not path.exists()
            with write_atomic(path) as stream:
                stream.write(text)
            self._new += [name] * fresh


def _holds(path: Path, text: str) -> bool:
    try:
        return path.read_bytes() == text.encode("utf-8", "backslashreplace")
    except OSError:
        return False


def made_of(page: Path) -> str | None:
    """Return what a page of ours says that it is made of; None if it says nothing, or is nobody's."""
    try:
        with page.open(encoding="utf-8", errors="replace") as stream:
            found = _MADE_OF.search(stream.read(_HEAD))
    except OSError:
        return None
    return found[1] if found else None


def pages(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the name of each page in a folder that says what it is made of, and that."""
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if entry.name.endswith(".html") and entry.is_file())
    for name in names:
        said = made_of(folder / name)
        if said is not None and name != INDEX:
            yield name, said
