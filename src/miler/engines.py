"""Who does the work of a batch: processes of this machine here, those of many in `miler.cluster`.

An engine promises little: so many tasks run at once, and a worker may die. What a death costs, and how
the file behind it is found, is settled once, in `miler.batch`. Nothing relies on fork: the same on
Linux, macOS and Windows.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Protocol, Self, TypeVar

Argument = TypeVar("Argument")
Result = TypeVar("Result")

# On Linux a server imports the readers once and forks workers, itself untouched by our threads;
# macOS' system libraries do not survive a fork.
_METHOD = "forkserver" if sys.platform == "linux" else "spawn"


class Engine(Protocol):
    """Workers that run tasks, each a picklable function of one picklable argument.

    Attributes:
        deaths: what the result of a task raises where its worker died.
        tries: how often a task is run beside others, before it is suspected of such a death.
        chunk: files a task at most, where results are wanted soon and in order: enough to hide what it costs.
    """

    deaths: tuple[type[BaseException], ...]
    tries: int
    chunk: int

    @property
    def jobs(self) -> int:
        """How many tasks run at once."""
        ...

    def submit(self, task: Callable[[Argument], Result], argument: Argument) -> Future[Result]:
        """Run a task beside others. A worker that died is replaced by the time of the next call."""
        ...

    def alone(self, task: Callable[[Argument], Result], argument: Argument) -> Future[Result]:
        """Run a task in a process that it shares with no other: if that dies, this task has done it."""
        ...

    def __enter__(self) -> Self:
        """Begin."""
        ...

    def __exit__(self, *_: object) -> None:
        """Let the workers go; after an error, what they have begun is not waited for."""
        ...


class Local:
    """Processes of this machine, for one run or for many, in any thread."""

    deaths: tuple[type[BaseException], ...] = (BrokenProcessPool,)
    tries = 2
    chunk = 8

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self._lock = threading.Lock()
        self._pool = _pool(jobs)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        # After the last task they are waited for: Python may trip over a pool that closes while it ends.
        self._pool.shutdown(wait=error[0] is None, cancel_futures=True)

    def prepare(self) -> None:
        """Have what they need imported beside us: it takes as long as to open what they work for."""
        if _METHOD == "forkserver":
            from multiprocessing.forkserver import ensure_running

            with _born_deaf():
                ensure_running()

    def warm(self) -> None:
        """Start them, so that the first file need not wait for that."""
        with _born_deaf():
            begun = [self._pool.submit(os.getpid) for _ in range(self.jobs)]
        for future in begun:
            future.result()

    def submit(self, task: Callable[[Argument], Result], argument: Argument) -> Future[Result]:
        """Run a task beside others; where one died, and every task in flight with it, hire anew."""
        pool = self._pool
        try:
            with _born_deaf():
                return pool.submit(task, argument)
        except BrokenProcessPool:
            with self._lock:
                if self._pool is pool:  # else another thread has done so
                    pool.shutdown(wait=False, cancel_futures=True)
                    self._pool = _pool(self.jobs)
            return self.submit(task, argument)

    def alone(self, task: Callable[[Argument], Result], argument: Argument) -> Future[Result]:
        """Run a task in a process of its own, and wait for it."""
        return alone(task, argument)


def alone(task: Callable[[Argument], Result], argument: Argument) -> Future[Result]:
    """Run a task in a process of this machine that it shares with no other, and wait for it."""
    with _pool(1) as pool, _born_deaf():
        return pool.submit(task, argument)


def _pool(jobs: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context(_METHOD)
    if _METHOD == "forkserver":
        context.set_forkserver_preload(["miler.preload"])
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin_work)


@contextmanager
def _born_deaf() -> Iterator[None]:
    """Hold Ctrl-C back until the processes that a task needs are born: they inherit that and never hear it.

    It reaches every process of the terminal. Those that are still importing would tell where, each in a
    traceback; and one whose pool was given up half-way would look in vain for what it shares with it.
    """
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin_work() -> None:
    # On Windows they are born with open ears; the process that hands out files ends the rest.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # What was imported stays: the collector need not look through it again for every file. And a file
    # makes thousands of values and hardly a cycle.
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)


def _end_with_parent() -> None:
    """Leave no worker behind when the process that hands out files is killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def usual_jobs() -> int:
    """How many processes to use when the user does not say: one a core that we may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
