"""Many files, many processes, one order. Processes live here and nowhere else.

One file is the unit of work. Workers return values and never write; results come back
in input order, whatever the number of workers, so that one core and many give the
same bytes. Spawn-safe: the same on Linux, macOS and Windows.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from typing import Generic, Literal, TypeVar

from miler.activity import Source
from miler.analysis import Analysis, analyse
from miler.errors import MilerError, UnsupportedFile
from miler.files import Found, explain, load
from miler.formats import decode
from miler.settings import Settings

Kind = Literal["done", "skipped", "failed"]
Result = TypeVar("Result")

_CHUNK = 4  # files a task: enough to hide the cost of passing it
_AHEAD = 4  # tasks waiting for each worker: memory stays flat however many files there are


@dataclass(frozen=True)
class Outcome:
    """How one file ended: its analyses, or the reason why there are none."""

    source: Source
    kind: Kind
    analyses: tuple[Analysis, ...] = ()
    error: MilerError | None = None


def process(found: Found, settings: Settings) -> Outcome:
    """Read and analyse one file; whatever its content, this returns."""
    source = Source(name=found.name)
    try:
        data = load(found.path)
        source = Source(found.name, "", len(data), hashlib.sha256(data).hexdigest())
        activities = decode(data, name=found.name)
        return Outcome(source, "done", tuple(analyse(activity, settings) for activity in activities))
    except UnsupportedFile as error:
        return Outcome(_recognised(source, error.format), "skipped", error=error)
    except MilerError as error:
        return Outcome(_recognised(source, getattr(error, "format", None)), "failed", error=error)
    except OSError as error:
        return Outcome(source, "failed", error=explain(error))


def _recognised(source: Source, format: str | None) -> Source:
    return Source(source.name, format or "", source.bytes, source.sha256)


@dataclass(frozen=True)
class _Task(Generic[Result]):
    """What a worker does with a few files; it crosses the process border, so it holds plain values."""

    settings: Settings
    then: Callable[[Outcome], Result]

    def __call__(self, files: list[Found]) -> list[Result]:
        return [self.then(process(found, self.settings)) for found in files]


def run(
    files: Iterable[Found], settings: Settings, then: Callable[[Outcome], Result], *, jobs: int = 1
) -> Iterator[Result]:
    """Process files and hand each outcome to `then`, in the worker; yield what it returns, in input order.

    Args:
        files: what `files.find` lists; consumed as needed.
        settings: passed to every analysis.
        then: a picklable function of an outcome, such as a renderer.
        jobs: processes; 1 works in this one.
    """
    task = _Task(settings, then)
    if jobs <= 1:
        for found in files:
            yield from task([found])
        return
    yield from _run_parallel(iter(files), task, jobs)


def _run_parallel(files: Iterator[Found], task: _Task[Result], jobs: int) -> Iterator[Result]:
    waiting: deque[tuple[list[Found], Future[list[Result]]]] = deque()
    pool = _pool(jobs)
    try:
        while True:
            while len(waiting) < jobs * _AHEAD and (chunk := list(islice(files, _CHUNK))):
                waiting.append((chunk, pool.submit(task, chunk)))
            if not waiting:
                return
            chunk, future = waiting.popleft()
            try:
                yield from future.result()
            except BrokenProcessPool:
                # A worker died, and every task in flight with it: find the file that did it.
                yield from _one_by_one(chunk, task)
                pool.shutdown(wait=False, cancel_futures=True)
                pool = _pool(jobs)
                waiting = deque((again, pool.submit(task, again)) for again, _ in waiting)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _one_by_one(chunk: list[Found], task: _Task[Result]) -> Iterator[Result]:
    """Run each file of a broken chunk in a process of its own; one that dies again has failed."""
    for found in chunk:
        with _pool(1) as pool:
            try:
                yield from pool.submit(task, [found]).result()
            except BrokenProcessPool:
                error = MilerError("the process that read this file died", code="worker_died")
                yield task.then(Outcome(Source(name=found.name), "failed", error=error))


def _pool(jobs: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"))


def unchanged(outcome: Outcome) -> Outcome:
    """Hand the outcome itself back from the worker."""
    return outcome


def usual_jobs() -> int:
    """How many processes to use when the user does not say: one a core that we may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
