"""uvicorn's HTTP/1.1 with what it lacks: a time-out for the head of a request, and no bare line feeds."""

from __future__ import annotations

import asyncio
import re

from uvicorn.protocols.http.h11_impl import H11Protocol

_BARE_LF = re.compile(rb"(?<!\r)\n")
_END = b"\r\n\r\n"


class StrictProtocol(H11Protocol):
    """One connection, whose requests must begin soon and end their lines as HTTP says.

    A lone line feed ends a line for some and not for others: so requests are smuggled past a proxy.
    """

    head_s = 10.0  # a slow loris sends a byte now and then, for ever
    _head: bytes | None = b""  # what came of it so far; None once it is whole
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Await the first head."""
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Look at the head while it comes, and hand on everything."""
        if self._head is not None:
            self._head += data
            head, end, _ = self._head.partition(_END)
            if _BARE_LF.search(head):
                self.send_400_response("Lines of a request end in CR LF.")
                return
            if end:
                self._head_is_whole()
        super().data_received(data)

    def on_response_complete(self) -> None:
        """Await the next head of a connection that is kept, unless it has come with the one before."""
        super().on_response_complete()
        if self.cycle.response_complete and not self.transport.is_closing():
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the time-out."""
        self._head_is_whole()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._head_is_whole()
        self._head = b""
        self._timer = self.loop.call_later(self.head_s, self.transport.close)

    def _head_is_whole(self) -> None:
        self._head = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
