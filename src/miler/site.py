"""The library as a site: a report of each activity, made anew only where something changed, and an index.

A report says in its head what it was made of. So nothing is kept beside the pages: what lies there says
of which activity it is, and whether it would be the same again.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby, islice
from pathlib import Path
from typing import Literal

import miler
from miler import batch
from miler.engines import Engine, Local
from miler.files import Found
from miler.folder import Folder, pages
from miler.library import Filter, Library, Said, writing
from miler.library.importing import read_again
from miler.library.originals import Wanted, wanted
from miler.library.standing import in_context, standing
from miler.outcome import Outcome
from miler.ownbest import OwnBest
from miler.report.leaf import page_of
from miler.report.listing import said_words
from miler.report.runs import Run, run_of, stem
from miler.settings import Settings
from miler.units import Unit

_CHUNK = 64  # originals whose context crosses the process border together
_OURS = re.compile("[0-9]+ [0-9a-f]{32}")

Kind = Literal["written", "unchanged", "gone"]


@dataclass(frozen=True)
class Ending:
    """What became of the report of an activity; one whose original is gone may be there from before."""

    activity_id: int
    kind: Kind


@dataclass(frozen=True)
class _Wish:
    """A report to be made: what the library knows beside the original."""

    said: Said
    run: Run
    own_bests: tuple[OwnBest, ...]
    made_of: str

    @property
    def name(self) -> str:
        """What its file is called."""
        return f"{stem(self.run.start_local, self.run.title, str(self.said.activity_id))}.html"


def build(
    library: Library,
    folder: Path,
    units: Unit,
    chosen: Filter | None = None,
    *,
    jobs: int = 1,
    anew: bool = False,
) -> Iterator[Ending]:
    """Write the site of a library, and yield what became of each report; the index is written last.

    Reports of activities that are in the library no more, or not chosen, are removed; no other file is.

    Args:
        library: whose activities.
        folder: where to; made if it is not there.
        units: of the index. A report has those of the settings that made its results.
        chosen: which activities; all if None.
        jobs: processes to read originals with.
        anew: also write the reports that would be the same.

    Raises:
        SettingsError: see `Folder`.
    """
    with Folder(folder) as site:
        yield from _filled(site, library, units, chosen or Filter(), jobs, anew)


def _filled(
    site: Folder, library: Library, units: Unit, chosen: Filter, jobs: int, anew: bool
) -> Iterator[Ending]:
    folder = site.path
    there = {name: made_of for name, made_of in pages(folder) if _OURS.fullmatch(made_of)}
    of = {int(made_of.split()[0]): name for name, made_of in there.items()}
    wishes = list(_wishes(library, units, chosen))
    listed: dict[int, str] = {}
    missing: dict[int, _Wish] = {}
    for wish in wishes:
        number = wish.said.activity_id
        if not anew and there.get(wish.name) == wish.made_of:
            listed[number] = wish.name
            yield Ending(number, "unchanged")
        else:
            missing[number] = wish
    for ending, page in _made(library, list(missing.values()), jobs):
        number = ending.activity_id
        if page is not None:
            listed[number] = missing[number].name
            site.write(listed[number], page)
        elif number in of:
            listed[number] = of[number]  # as it was when there was an original
        yield ending
    for wish in wishes:
        number = wish.said.activity_id
        address = listed.get(number)
        words = wish.run.words if address else (*wish.run.words, "original gone")
        site.list(replace(wish.run, address=address, words=words), str(number))
    site.close(units)
    for name in there.keys() - set(listed.values()):
        (folder / name).unlink(missing_ok=True)


def _wishes(library: Library, units: Unit, chosen: Filter) -> Iterator[_Wish]:
    with library.reading() as connection:
        own_bests_of = standing(connection)
    for said, text in library.export(chosen):
        document = json.loads(text)
        words = said_words({**vars(said), "tags": ",".join(said.tags)})
        run = run_of(document, units, title=said.title, words=words, excluded_m=said.excluded_m)
        own_bests = own_bests_of(said, document)
        # Where its files lie, and what is left out of the bests, does not show in a report.
        shown = replace(said, files=(), excluded_m=())
        made_of = hashlib.sha256(repr((miler.__version__, text, shown, own_bests)).encode()).hexdigest()[:32]
        yield _Wish(said, run, own_bests, f"{said.activity_id} {made_of}")


@dataclass(frozen=True)
class _Task:
    """A report to be made, and what it is made from: a part of a content, whose file may be gone."""

    wish: _Wish
    content: Wanted
    part: int


def _made(library: Library, wishes: list[_Wish], jobs: int) -> Iterator[tuple[Ending, str | None]]:
    """Make reports from their originals, those of equal settings together."""
    with library.reading() as connection:
        tasks = [_task(connection, wish) for wish in wishes]
    again = read_again(library, {task.content.sha256: task.content for task in tasks}.values())
    found = {content.sha256: found for found, content in again.found}
    tasks.sort(key=lambda task: task.content.settings)
    jobs = min(jobs, len(tasks))
    with Local(jobs) if jobs > 1 else nullcontext() as workers:
        for text, alike in groupby(tasks, lambda task: task.content.settings):
            settings = Settings.from_mapping(json.loads(text))
            while some := list(islice(alike, _CHUNK)):
                yield from _read(found, settings, some, workers)


def _task(connection: sqlite3.Connection, wish: _Wish) -> _Task:
    number = wish.said.activity_id
    (content,) = wanted(connection, number)
    parts = writing.parts_of(connection, content.sha256)
    return _Task(wish, content, next(part for part, given in parts.items() if given == number))


def _read(
    found: Mapping[str, Found], settings: Settings, tasks: list[_Task], workers: Engine | None
) -> Iterator[tuple[Ending, str | None]]:
    wishes = {(task.content.sha256, task.part): task.wish for task in tasks}
    there = [found[sha256] for sha256 in dict.fromkeys(sha256 for sha256, _ in wishes) if sha256 in found]
    left = {wish.said.activity_id for wish in wishes.values()}
    for made in batch.run(there, settings, partial(_pages, wishes), workers=workers):
        for number, page in made.items():
            left.discard(number)
            yield Ending(number, "written"), page
    for number in sorted(left):
        yield Ending(number, "gone"), None


def _pages(wishes: Mapping[tuple[str, int], _Wish], outcome: Outcome) -> dict[int, str]:
    """Write the pages of a content, in the worker; of one that has changed there is none."""
    made = {}
    for part, analysis in enumerate(outcome.analyses, 1):
        wish = wishes.get((outcome.source.sha256, part))
        if wish is not None:
            known = in_context(analysis, wish.said, wish.own_bests)
            known = replace(known, summary=replace(known.summary, name=wish.said.title))
            made[wish.said.activity_id] = page_of(known, wish.made_of)
    return made
