"""A Dask cluster of our own on the loopback: the processes that an operator starts."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Self

import psutil

from miler.cluster import SETTINGS

_START_S = 120.0


class Cluster:
    """A scheduler, and workers of one thread, each with a nanny that starts it anew when it is killed.

    Args:
        workers: how many to begin with.
        log: a folder for what they say.
    """

    def __init__(self, workers: int, log: Path) -> None:
        self._log = log
        self._port = _free_port()
        self.address = f"tcp://127.0.0.1:{self._port}"
        self._scheduler = self._started("scheduler", "--port", str(self._port))
        self._nannies = [self._nanny() for _ in range(workers)]

    def __enter__(self) -> Self:
        self.wait(len(self._nannies))
        return self

    def __exit__(self, *_: object) -> None:
        self._end([*self._nannies, self._scheduler])

    def add_worker(self) -> None:
        """Start one more, and wait for it."""
        self._nannies.append(self._nanny())
        self.wait(len(self._nannies))

    def wait(self, workers: int) -> None:
        """Wait for so many workers."""
        from distributed import Client

        with Client(self.address, timeout=_START_S, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=_START_S)

    def cpu_s(self) -> float:
        """Return what all of its processes have taken of the processor, those that were killed not."""
        return sum(cpu_s(process.pid) for process in [self._scheduler, *self._nannies])

    def kill_worker(self, dice: random.Random) -> bool:
        """Kill a worker as the system does that has no memory left; return whether there was one."""
        there = [child for nanny in self._nannies for child in _workers_of(nanny)]
        if there:
            os.kill(dice.choice(there), signal.SIGKILL)
        return bool(there)

    def restart(self, workers: int) -> None:
        """Kill the scheduler and all workers, and start it and so many workers anew."""
        self._end([self._scheduler, *self._nannies])
        self._scheduler = self._started("scheduler", "--port", str(self._port))
        self._nannies = [self._nanny() for _ in range(workers)]
        self.wait(workers)

    def _nanny(self) -> subprocess.Popen[bytes]:
        return self._started("worker", self.address, "--nthreads", "1")

    def _started(self, what: str, *arguments: str) -> subprocess.Popen[bytes]:
        environment = os.environ | {
            **{_variable(name): str(value) for name, value in SETTINGS.items()},
            "PYTHONPATH": os.pathsep.join(sys.path),
            "OPENBLAS_NUM_THREADS": "1",
        }
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *arguments]
        command += ["--host", "127.0.0.1", "--no-dashboard"]
        with (self._log / f"{what}.log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=self._log)

    def _end(self, processes: list[subprocess.Popen[bytes]]) -> None:
        for process in processes:
            for child in [*psutil.Process(process.pid).children(recursive=True), process]:
                child.kill()
            process.wait()


def _variable(setting: str) -> str:
    """Return the variable by which Dask is told a setting."""
    return f"DASK_{setting.replace('.', '__').replace('-', '_').upper()}"


def cpu_s(pid: int) -> float:
    """Return the seconds that a process and all below it have taken of the processor."""
    try:
        top = psutil.Process(pid)
        times = [process.cpu_times() for process in [top, *top.children(recursive=True)]]
    except psutil.NoSuchProcess:  # it ended while we looked
        return 0.0
    return float(sum(time.user + time.system for time in times))


def _workers_of(nanny: subprocess.Popen[bytes]) -> list[int]:
    """Return the worker that a nanny watches: its child that is no helper of Python's own."""
    try:
        children = psutil.Process(nanny.pid).children()
        return [child.pid for child in children if "resource_tracker import" not in " ".join(child.cmdline())]
    except psutil.NoSuchProcess:
        return []


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
