"""Many files, many workers: in one order, or as they are ready, and never a result lost to a death.

One file, or one member of an archive, is the unit of a report, a `Batch` of them that of a dataset.
Who does the work is an `Engine`. For a report workers return values and never write; results come back
in input order, whatever the number of workers, so that one core and many give the same bytes.

This module is light. What reading a file takes (numpy, the formats) is imported where the
file is read, so that one who only hands out files starts its workers at once.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Generic, TypeVar

import miler
from miler.engines import Engine, Local
from miler.errors import Died, MilerError
from miler.limits import MIB

if TYPE_CHECKING:
    from miler.files import Found
    from miler.outcome import Outcome
    from miler.settings import Settings

Result = TypeVar("Result")

_AHEAD = 4  # tasks waiting for each worker: memory stays flat however many files there are
_SHARE = 16  # a task is at most a sixteenth of what each worker has had so far
_BATCH_BYTES, _BATCH_FILES = 16 * MIB, 256  # some seconds of work, which a death costs again


@dataclass(frozen=True)
class Batch:
    """Files that one task reads, and whose results are written together.

    Attributes:
        files: with size and time, so that another run knows them without reading.
        made_with: what else their results depend on, such as a hash of settings.
    """

    files: tuple[Found, ...]
    made_with: str = ""

    def __len__(self) -> int:
        return len(self.files)

    @cached_property
    def batch_id(self) -> str:
        """The same for the same files, settings and miler; 32 hexadecimal digits."""
        hashed = blake2b(f"{miler.__version__}\n{self.made_with}\n".encode(), digest_size=16)
        for found in self.files:
            hashed.update(file_key(found).to_bytes(8))
        return hashed.hexdigest()

    def halves(self) -> tuple[Batch, Batch]:
        """Cut it in the middle."""
        middle = len(self) // 2
        return replace(self, files=self.files[:middle]), replace(self, files=self.files[middle:])


def run(
    files: Iterable[Found],
    settings: Settings,
    then: Callable[[Outcome], Result],
    *,
    jobs: int = 1,
    workers: Engine | None = None,
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
    workers: Engine | None = None,
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
    anywhere = (found and placed(found) for found in files)
    if workers is not None:
        return _run_parallel(anywhere, task, workers, wait_s)
    if jobs <= 1:
        return _run_here(files, task, wait_s)
    return _hired(anywhere, task, jobs, wait_s)


def placed(found: Found) -> Found:
    """Name a file by its absolute path: a worker's working directory is that of when the server started."""
    from miler.files import STDIN, absolute

    return found if found.path == STDIN else replace(found, path=absolute(found.path))


@dataclass(frozen=True)
class _Task(Generic[Result]):
    """What a worker does with a few files; it crosses the process border, so it holds plain values."""

    settings: Settings
    then: Callable[[Outcome], Result]

    def __call__(self, batch: Batch) -> list[Result]:
        return [self.one(found) for found in batch.files]

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
    with Local(jobs) as workers:
        yield from _run_parallel(files, task, workers, wait_s)


def _run_parallel(
    files: Iterator[Found | None], task: _Task[Result], workers: Engine, wait_s: float
) -> Iterator[list[Result]]:
    waiting: deque[tuple[Batch, Future[list[Result]]]] = deque()
    chunks = _chunks(files, workers)
    group: list[Result] = []
    until = 0.0
    while True:
        while len(waiting) < workers.jobs * _AHEAD and (chunk := next(chunks, None)) is not None:
            waiting.append((chunk, _submit(workers, task, chunk)))
        if not waiting or (group and not _is_ready(waiting[0][1], until)):
            if group:
                yield group
            if not waiting:
                return
            group = []
        chunk, future = waiting.popleft()
        try:
            results = future.result()
        except workers.deaths:
            results = []
            for part, result in _suspected(workers, task, chunk):
                results += [task.failed(part.files[0], result)] if isinstance(result, Died) else result
        if not group:
            until = time.monotonic() + wait_s
        group += results
        if not chunk or time.monotonic() >= until:
            yield group
            group = []


def _chunks(files: Iterator[Found | None], workers: Engine) -> Iterator[Batch]:
    """Cut files into batches; each None becomes an empty one.

    They grow with what was handed out: a few files keep all workers busy, and at the end of many none has
    long to do what others could help with.
    """
    chunk: list[Found] = []
    gone = 0
    for found in files:
        if found is not None:
            chunk.append(found)
        size = min(workers.chunk, max(workers.chunk // 4, gone // (_SHARE * workers.jobs)))
        if chunk and (found is None or len(chunk) >= size):
            yield Batch(tuple(chunk))
            gone += len(chunk)
            chunk = []
        if found is None:
            yield Batch(())
    if chunk:
        yield Batch(tuple(chunk))


def _is_ready(future: Future[list[Result]], until: float) -> bool:
    return bool(wait([future], max(0.0, until - time.monotonic())).done)


def _submit(workers: Engine, task: _Task[Result], chunk: Batch) -> Future[list[Result]]:
    from miler.files import STDIN

    if chunk and all(found.path != STDIN for found in chunk.files):
        return workers.submit(task, chunk)
    own: Future[list[Result]] = Future()
    own.set_result(task(chunk))  # no worker has our standard input
    return own


def file_key(found: Found) -> int:
    """Return the number below 2**64 by which an unchanged file is known: a hash of path, size and time.

    Of a million files two have the same one with a chance of 3e-8.
    """
    text = f"{found.path}\0{found.member}\0{found.size_bytes}\0{found.mtime_ns}"
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8).digest())


def batches(files: Iterable[Found], made_with: str = "") -> Iterator[Batch]:
    """Cut files into batches of 16 MiB or 256 files, whichever is less, as they are listed."""
    from miler.files import stamped

    batch: list[Found] = []
    size = 0
    for found in map(stamped, map(placed, files)):
        takes = found.way[-1].packed if found.way else found.size_bytes or 0
        if batch and (len(batch) == _BATCH_FILES or size + takes > _BATCH_BYTES):
            yield Batch(tuple(batch), made_with)
            batch, size = [], 0
        batch.append(found)
        size += takes
    if batch:
        yield Batch(tuple(batch), made_with)


def completed(
    engine: Engine, task: Callable[[Batch], Result], batches: Iterable[Batch]
) -> Iterator[tuple[Batch, Result | Died]]:
    """Run a task on each batch and yield the results as they are ready, in no order.

    A worker that dies costs its batch again and nothing else. A batch whose worker died twice is run
    in a process of its own, and by halves where that dies too; so what comes back may be parts of a
    batch, and a `Died` is always of one file.

    Args:
        engine: who works.
        task: a picklable function; to be run twice must do no harm.
        batches: consumed as needed, a few for each worker.
    """
    waiting = iter(batches)
    flying: dict[Future[Result], tuple[Batch, int]] = {}
    while True:
        while len(flying) < engine.jobs * _AHEAD and (batch := next(waiting, None)) is not None:
            flying[engine.submit(task, batch)] = batch, 1
        if not flying:
            return
        for future in wait(flying, return_when=FIRST_COMPLETED).done:
            batch, tried = flying.pop(future)
            try:
                result = future.result()
            except engine.deaths:
                if tried == engine.tries:
                    yield from _suspected(engine, task, batch)
                else:
                    flying[engine.submit(task, batch)] = batch, tried + 1
            else:
                yield batch, result


def _suspected(
    engine: Engine, task: Callable[[Batch], Result], batch: Batch
) -> Iterator[tuple[Batch, Result | Died]]:
    """Run a batch by itself, and by halves if that ends its process, until it is known which file does it."""
    try:
        result = engine.alone(task, batch).result()
    except engine.deaths:
        if len(batch) == 1:
            yield batch, Died("the process that read this file died")
        else:
            for half in batch.halves():
                yield from _suspected(engine, task, half)
    else:
        yield batch, result


def outcome_of(found: Found, settings: Settings) -> Outcome:
    """Process one file; whatever goes wrong with it, by a fault of miler's own too, is its outcome."""
    return _Task(settings, unchanged).one(found)


def unchanged(outcome: Outcome) -> Outcome:
    """Hand the outcome itself back from the worker."""
    return outcome
