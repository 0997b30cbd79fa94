"""Run the application: bind, say where, serve until told to stop."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import uvicorn

from miler.errors import MilerError
from miler.web.app import create_app
from miler.web.config import Config
from miler.web.protocol import StrictProtocol

CONNECTIONS = 500  # at once: more would want more open files than most systems allow
PATIENCE_S = 5  # for answers that are under way when the server is told to stop
_BACKLOG = 256


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises:
        MilerError: if the address is taken, or none of this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        try:
            if sys.platform != "win32":  # there it would let another program listen at the same address
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(_BACKLOG)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise MilerError(f"cannot listen at {host}:{port}: {reason}; --port names another") from None
    return listening


def serve(library: Path, config: Config, listening: socket.socket, started: Callable[[], object]) -> None:
    """Serve a library until SIGINT or SIGTERM; answers that are under way are finished.

    Args:
        library: the SQLite file.
        config: with the port that was bound.
        listening: what `bind` returned; closed at the end.
        started: called when requests are answered.

    Raises:
        KeyboardInterrupt: after SIGINT.
        LibraryError: if the library cannot be opened.
    """

    class Timed(StrictProtocol):
        head_s = config.idle_s

    server = _Server(
        uvicorn.Config(
            create_app(library, config),
            http=Timed,
            ws="none",
            lifespan="on",
            loop="asyncio",
            log_level="critical",  # faults are told in `problems`, once
            access_log=False,  # it would write keys that stand in addresses
            server_header=False,
            proxy_headers=False,
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=PATIENCE_S,
        )
    )
    server.started_then = started
    # uvicorn raises the signal again when it has ended: for SIGTERM that is an end like any other.
    signal.signal(signal.SIGTERM, _end)
    server.run(sockets=[listening])


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


class _Server(uvicorn.Server):
    started_then: Callable[[], object]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say that it has begun, when it has."""
        await super().startup(sockets)
        if self.started:
            self.started_then()
