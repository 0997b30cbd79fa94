"""Many files, many processes, one order. Processes live here and nowhere else.

One file, or one member of an archive, is the unit of work. Workers return values and never write;
results come back in input order, whatever the number of workers, so that one core and many give the
same bytes. Nothing relies on fork: the same on Linux, macOS and Windows.

This module is light. What reading a file takes (numpy, the formats) is imported where the
file is read, so that one who only hands out files starts its workers at once.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, TypeVar

from miler.errors import MilerError

if TYPE_CHECKING:
    from miler.files import Found
    from miler.outcome import Outcome
    from miler.settings import Settings

Result = TypeVar("Result")

_CHUNK = 4  # files a task: enough to hide the cost of passing it
_AHEAD = 4  # tasks waiting for each worker: memory stays flat however many files there are

# On Linux a server imports the readers once and forks workers, itself untouched by our threads;
# macOS' system libraries do not survive a fork.
_METHOD = "forkserver" if sys.platform == "linux" else "spawn"
_PRELOAD = ["miler.outcome", "miler.formats", "miler.report.render", "miler.library.entry"]
_PRELOAD += ["fitparse.profile", "numpy.ma", "tzfpy"]


def run(
    files: Iterable[Found],
    settings: Settings,
    then: Callable[[Outcome], Result],
    *,
    jobs: int = 1,
    workers: Workers | None = None,
) -> Iterator[Result]:
    """Process files and hand each outcome to `then`, in the worker; yield what it returns, in input order.

    Whatever a file does to its reader, even end the process, costs that file only.

    Args:
        files: what `files.find` lists; consumed as needed.
        settings: passed to every analysis.
        then: a picklable function of an outcome, such as a renderer.
        jobs: processes; 1 works in this one.
        workers: processes that are there already, instead; they stay.
    """
    for group in groups(files, settings, then, jobs=jobs, workers=workers):
        yield from group


def groups(
    files: Iterable[Found | None],
    settings: Settings,
    then: Callable[[Outcome], Result],
    *,
    jobs: int = 1,
    wait_s: float = 0.0,
    workers: Workers | None = None,
) -> Iterator[list[Result]]:
    """Process files as `run` does, and yield the results that are ready, a list at a time.

    Args:
        files: as for `run`; None among them asks for what is ready so far, be it nothing.
        settings: passed to every analysis.
        then: as for `run`.
        jobs: as for `run`.
        wait_s: how long a list is waited for, from its first result on.
        workers: as for `run`.
    """
    task = _Task(settings, then)
    if workers is not None:
        return _run_parallel(map(_anywhere, files), task, workers, wait_s)
    if jobs <= 1:
        return _run_here(files, task, wait_s)
    return _hired(map(_anywhere, files), task, jobs, wait_s)


class Workers:
    """Processes that stay from one run to the next, for who gets a file now and then, in any thread."""

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self._lock = threading.Lock()
        self.pool = _pool(jobs)

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Send them home; what they have begun is not waited for."""
        self.pool.shutdown(wait=False, cancel_futures=True)

    def warm(self) -> None:
        """Start them, so that the first file need not wait for that."""
        for future in [self.pool.submit(os.getpid) for _ in range(self.jobs)]:
            future.result()

    def replace(self, broken: ProcessPoolExecutor) -> None:
        """Hire anew where one died, and every task in flight with it."""
        with self._lock:
            if self.pool is broken:  # else another thread has done so
                broken.shutdown(wait=False, cancel_futures=True)
                self.pool = _pool(self.jobs)


def _anywhere(found: Found | None) -> Found | None:
    """A worker's working directory is that of the moment when the server started."""
    from miler.files import STDIN

    if found is None or found.path == STDIN:
        return found
    return replace(found, path=os.path.abspath(found.path))  # noqa: PTH100


@dataclass(frozen=True)
class _Task(Generic[Result]):
    """What a worker does with a few files; it crosses the process border, so it holds plain values."""

    settings: Settings
    then: Callable[[Outcome], Result]

    def __call__(self, files: list[Found]) -> list[Result]:
        return [self.one(found) for found in files]

    def one(self, found: Found) -> Result:
        from miler.outcome import process

        try:
            return self.then(process(found, self.settings))
        except (KeyboardInterrupt, SystemExit):
            raise
        # A fault of miler's own must cost one file, not ten thousand; a panic in Rust is no Exception.
        except BaseException as error:
            return self.failed(found, _fault(error))

    def failed(self, found: Found, error: MilerError) -> Result:
        from miler.outcome import failed

        return self.then(failed(found, error))


def _fault(error: BaseException) -> MilerError:
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" at {place.tb_frame.f_globals.get('__name__')}:{place.tb_lineno}" if place else ""
    return MilerError(
        f"a fault in miler, please report it: {type(error).__name__}{where}: {error}", code="internal"
    )


def _run_here(files: Iterable[Found | None], task: _Task[Result], wait_s: float) -> Iterator[list[Result]]:
    group: list[Result] = []
    until = 0.0
    for found in files:
        if not group:
            until = time.monotonic() + wait_s
        if found is not None:
            group.append(task.one(found))
        if found is None or time.monotonic() >= until:
            yield group
            group = []
    if group:
        yield group


def _hired(
    files: Iterator[Found | None], task: _Task[Result], jobs: int, wait_s: float
) -> Iterator[list[Result]]:
    with Workers(jobs) as workers:
        yield from _run_parallel(files, task, workers, wait_s)


def _run_parallel(
    files: Iterator[Found | None], task: _Task[Result], workers: Workers, wait_s: float
) -> Iterator[list[Result]]:
    waiting: deque[tuple[list[Found], ProcessPoolExecutor, Future[list[Result]]]] = deque()
    chunks = _chunks(files)
    group: list[Result] = []
    until = 0.0

    def submit(chunk: list[Found]) -> None:
        pool = workers.pool
        waiting.append((chunk, pool, _submit(pool, task, chunk)))

    while True:
        while len(waiting) < workers.jobs * _AHEAD and (chunk := next(chunks, None)) is not None:
            submit(chunk)
        if not waiting or (group and not _is_ready(waiting[0][2], until)):
            if group:
                yield group
            if not waiting:
                return
            group = []
        chunk, pool, future = waiting.popleft()
        try:
            results = future.result()
        except BrokenProcessPool:
            # A worker died, and every task in flight with it: find the file that did it.
            workers.replace(pool)
            results = list(_one_by_one(chunk, task))
            again = [chunk for chunk, *_ in waiting]
            waiting.clear()
            for chunk in again:
                submit(chunk)
        if not group:
            until = time.monotonic() + wait_s
        group += results
        if not chunk or time.monotonic() >= until:
            yield group
            group = []


def _chunks(files: Iterator[Found | None]) -> Iterator[list[Found]]:
    """Cut files into tasks; each None becomes an empty one."""
    chunk: list[Found] = []
    for found in files:
        if found is not None:
            chunk.append(found)
        if chunk and (found is None or len(chunk) == _CHUNK):
            yield chunk
            chunk = []
        if found is None:
            yield []
    if chunk:
        yield chunk


def _is_ready(future: Future[list[Result]], until: float) -> bool:
    return bool(wait([future], max(0.0, until - time.monotonic())).done)


def _submit(pool: ProcessPoolExecutor, task: _Task[Result], chunk: list[Found]) -> Future[list[Result]]:
    """Submit a chunk; a pool that broke since the last one says so when the result is asked for."""
    from miler.files import STDIN

    own: Future[list[Result]] = Future()
    if not chunk or any(found.path == STDIN for found in chunk):
        own.set_result(task(chunk))  # no worker has our standard input
        return own
    try:
        return pool.submit(task, chunk)
    except BrokenProcessPool as error:
        own.set_exception(error)
        return own


def _one_by_one(chunk: list[Found], task: _Task[Result]) -> Iterator[Result]:
    """Run each file of a broken chunk in a process of its own; one that dies again has failed."""
    for found in chunk:
        with _pool(1) as pool:
            try:
                results = pool.submit(task, [found]).result()
            except BrokenProcessPool:
                died = MilerError("the process that read this file died", code="worker_died")
                results = [task.failed(found, died)]
        yield from results


def _pool(jobs: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context(_METHOD)
    if _METHOD == "forkserver":
        context.set_forkserver_preload(_PRELOAD)
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin_work)


def _begin_work() -> None:
    # Ctrl-C reaches every process of the terminal; the one that hands out files ends the rest.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # What was imported stays: the collector need not look through it again for every file.
    gc.freeze()


def _end_with_parent() -> None:
    """Leave no worker behind when the process that hands out files is killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def unchanged(outcome: Outcome) -> Outcome:
    """Hand the outcome itself back from the worker."""
    return outcome


def usual_jobs() -> int:
    """How many processes to use when the user does not say: one a core that we may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
