"""The engine of many machines: Dask's scheduler and workers, there already or started here.

miler has no scheduler of its own. Imported only where this engine is asked for; `miler[cluster]` brings it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, Generic, Self

import miler
from miler.engines import Argument, Result, alone
from miler.errors import MilerError
from miler.extras import needed

# How a cluster of our own is set up, and docs/scale.md advises everybody's.
SETTINGS = {
    "distributed.scheduler.allowed-failures": 1,  # a task whose worker died twice is suspected
    "distributed.worker.profile.enabled": False,  # looks at every stack a hundred times a second
    # What each process looks after itself, by far too often: a twentieth of the work of two workers.
    "distributed.admin.tick.interval": "500ms",
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.worker.memory.monitor-interval": "1s",
}

_CONNECT_S = 10
_COUNTED_S = 5.0  # workers come and go; how many there are is asked this often

# A worker may have threads. The reader of archives is for one at a time, and Python runs one anyway.
_READING = threading.Lock()


class Dask:
    """Workers of a Dask cluster; what they read and write must lie where all of them reach it."""

    # The scheduler runs a task again by itself, as often as its `allowed-failures` say.
    tries = 1
    chunk = 32

    def __init__(self, scheduler: str | None = None, jobs: int = 1) -> None:
        """Connect to a scheduler, or start one.

        Args:
            scheduler: its address, `tcp://host:8786`; None starts a scheduler and workers on this machine.
            jobs: workers to start.

        Raises:
            SettingsError: if Dask is not installed.
            MilerError: if no scheduler answers.
        """
        distributed = needed("distributed", "cluster", "--engine dask")
        self.deaths: tuple[type[BaseException], ...] = (distributed.KilledWorker, BrokenProcessPool)
        self._lost = (CancelledError, distributed.CancelledError)  # what its tasks end with
        self._cluster: Any = None if scheduler else _own_cluster(distributed, jobs)
        self._address = scheduler or "this machine"
        try:
            self._client = distributed.Client(
                scheduler or self._cluster, timeout=_CONNECT_S, name="miler", set_as_default=False
            )
        except (OSError, ValueError) as error:
            reason = f"no Dask scheduler answers at {scheduler}: {error}; `dask scheduler` starts one"
            raise MilerError(reason, code="no_scheduler") from None
        self._executor = self._client.get_executor(pure=False)
        self._jobs, self._counted = 0, 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ended: object) -> None:
        # That a scheduler is gone is said once, and by us.
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()
        if isinstance(ended[1], self._lost):
            raise self._gone() from ended[1]

    def _gone(self) -> MilerError:
        reason = f"the Dask scheduler at {self._address} went away; the same command again does the rest"
        return MilerError(reason, code="no_scheduler")

    @property
    def jobs(self) -> int:
        """How many threads the workers have now."""
        if not self._jobs or time.monotonic() > self._counted + _COUNTED_S:
            try:
                self._jobs = sum(self._client.nthreads().values()) or 1
            except (
                OSError,
                AttributeError,
            ) as error:  # while it looks for its scheduler, the client has none
                raise self._gone() from error
            self._counted = time.monotonic()
        return self._jobs

    def submit(self, task: Callable[[Argument], Result], argument: Argument) -> Future[Result]:
        """Run a task on any worker."""
        if self._client.status != "running":
            raise self._gone()
        future: Future[Result] = self._executor.submit(_Told(task, miler.__version__), argument)
        return future

    def alone(self, task: Callable[[Argument], Result], argument: Argument) -> Future[Result]:
        """Run a task in a process of this machine: workers of the cluster have died of it."""
        return alone(task, argument)


@dataclass(frozen=True)
class _Told(Generic[Argument, Result]):
    """A task, and the version of miler that its results are said to be of."""

    task: Callable[[Argument], Result]
    version: str

    def __call__(self, argument: Argument) -> Result:
        if miler.__version__ != self.version:
            reason = (
                f"a worker has miler {miler.__version__} where {self.version} asks it; install one of them"
            )
            raise MilerError(reason, code="other_version")
        with _READING:
            return self.task(argument)


def _own_cluster(distributed: Any, jobs: int) -> Any:
    with needed("dask", "cluster", "--engine dask").config.set(SETTINGS):
        return distributed.LocalCluster(
            n_workers=jobs,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        )
