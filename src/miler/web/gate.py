"""Who comes in: each request is looked at before it is routed, and before a byte of its body is read.

A page of another site can make a browser send requests here; a name of another's can be made to
point here (DNS rebinding); a program on the network can knock. So: the Host header must be ours;
what writes must come from our own page with its token, or from a program with a bearer token;
reading is free only where no other machine can ask.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Literal
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from miler.limits import MIB
from miler.web.config import Config, same
from miler.web.problems import problem

COOKIE = "miler"
PAGE_HEADER = "x-miler-token"
LOGIN = "/login"
OPEN_PATHS = ("/static/", LOGIN)  # what a browser needs before it has shown the token
KEY_PATHS = ("/api/v1/import/",)  # where a key in the address is enough

_LINGER_S = 1.0
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"x-frame-options": b"DENY",
    b"cache-control": b"no-store",
    b"content-security-policy": (
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        b" form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
}

Who = Literal["program", "page", "reader", "uploader", "stranger", "nobody"]


@dataclass(frozen=True)
class _Refusal:
    status: int
    detail: str
    code: str
    headers: Mapping[str, str]


class Gate:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, config: Config) -> None:
        self._app = app
        self._config = config

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer why not."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        headers = _Headers(scope)
        answer = self._answer(scope, headers, request_id)
        body = _Body(receive, self._config, there=headers.announce_body)
        await (answer or self._app)(scope, body.receive, _guarded(send, request_id, body))

    def _answer(self, scope: Scope, headers: _Headers, request_id: str) -> Response | None:
        refusal = self._malformed(scope, headers) or self._forbidden(scope, headers)
        if refusal is None:
            return None
        if refusal.code == "login" and "text/html" in headers.get("accept"):
            return RedirectResponse(LOGIN, 303)
        return problem(request_id, refusal.status, refusal.detail, refusal.code, dict(refusal.headers))

    def _malformed(self, scope: Scope, headers: _Headers) -> _Refusal | None:
        """What no honest client sends, or is larger than anything that we take."""
        host = headers.all("host")
        if len(host) != 1 or not self._config.answers_to(host[0]):
            known = "this server answers to the loopback's names, and to those given with --allow-host"
            return _refuse(421 if host else 400, known, "host")
        if scope["http_version"] not in ("1.0", "1.1"):
            return _refuse(400, "this server speaks HTTP/1.1", "version")
        if not scope["path"].startswith("/") or _BAD_ESCAPE.search(scope.get("raw_path") or b""):
            return _refuse(400, "that is no path on this server", "path")
        if len(headers.all("content-length")) + len(headers.all("transfer-encoding")) > 1:
            return _refuse(400, "the length of the body is given twice", "length")
        if scope["method"] not in _METHODS:
            return _refuse(405, "no such method here", "method", allow=", ".join(_METHODS))
        if headers.length > self._config.body_bytes:
            return _refuse(413, too_large(self._config), "too_large")
        return None

    def _forbidden(self, scope: Scope, headers: _Headers) -> _Refusal | None:
        reads, path = scope["method"] == "GET", scope["path"]
        if not reads and (foreign := _foreign(headers)):
            return foreign
        if path.startswith(OPEN_PATHS):
            return None
        who = self._who(scope, headers)
        if who == "stranger":
            return _refuse(401, "the token is not this server's", "token", **_BEARER)
        if reads and (who in ("program", "page", "reader") or not self._config.private):
            return None
        if not reads and who in ("program", "page", "uploader"):
            return None
        if reads:
            return _refuse(401, "this server shows its pages only to who has its token", "login", **_BEARER)
        if headers.get("origin") or headers.get("sec-fetch-site"):
            return _refuse(403, "a page writes with its own token; load it again", "page_token")
        return _refuse(401, "writing needs the token: Authorization: Bearer …", "token", **_BEARER)

    def _who(self, scope: Scope, headers: _Headers) -> Who:
        """Say who asks; a stranger is one who shows a secret that is wrong."""
        config = self._config
        shown = _bearer(headers)
        if shown is not None:
            return "program" if same(shown, config.token) else "stranger"
        if (page := headers.get(PAGE_HEADER)) != "":
            return "page" if same(page, config.derived("page")) else "stranger"
        if scope["path"].startswith(KEY_PATHS) and (key := _key(scope)) is not None:
            return "uploader" if same(key, config.upload_key) else "stranger"
        if (cookie := _cookie(headers)) is not None and same(cookie, config.derived("session")):
            return "reader"
        return "nobody"


_BEARER = {"www-authenticate": "Bearer"}


def too_large(config: Config) -> str:
    """Say that a body is too large, and what to do."""
    return f"larger than {config.body_bytes // MIB} MiB; a whole export goes in with `miler import`"


def _refuse(status: int, detail: str, code: str, **headers: str) -> _Refusal:
    return _Refusal(status, detail, code, headers)


def _foreign(headers: _Headers) -> _Refusal | None:
    """Refuse what another site's page made a browser send; a page may not know that it does."""
    host = headers.get("host")
    origins = headers.all("origin")
    own = all(origin.lower() in (f"http://{host}".lower(), f"https://{host}".lower()) for origin in origins)
    if own and headers.get("sec-fetch-site") in ("", "same-origin", "none"):
        return None
    return _refuse(403, "a page of another site may not write here", "cross_site")


def _bearer(headers: _Headers) -> str | None:
    """Return the token as Strava's, intervals.icu's or Runalyze's clients show it; None if there is none."""
    scheme, _, value = headers.get("authorization").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode("utf-8").partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return headers.get("token") or (value or scheme if scheme else None)


def _key(scope: Scope) -> str | None:
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True, max_num_fields=50)
    return next((value for name, value in query if name in ("key", "api-key")), None)


def _cookie(headers: _Headers) -> str | None:
    try:
        morsel = SimpleCookie(headers.get("cookie")).get(COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel is not None else None


class _Headers:
    """A request's headers, by name in lower case."""

    def __init__(self, scope: Scope) -> None:
        self._pairs = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in scope["headers"]]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self._pairs if key == name]

    def get(self, name: str) -> str:
        return next(iter(self.all(name)), "")

    @property
    def announce_body(self) -> bool:
        return self.length > 0 or bool(self.all("transfer-encoding"))

    @property
    def length(self) -> int:
        text = self.get("content-length")
        return int(text) if text.isdigit() else 0


class _Body:
    """A body that ends when it is too large, stands still, or trickles."""

    def __init__(self, receive: Receive, config: Config, *, there: bool) -> None:
        self._receive = receive
        self._config = config
        self._bytes = 0
        self._waited_s = 0.0
        self.over = not there

    async def receive(self) -> Message:
        """Return the next part.

        Raises:
            HTTPException: 413 or 408.
        """
        if self.over:
            return await self._receive()  # the client has gone, or nothing more comes
        loop = asyncio.get_running_loop()
        before = loop.time()
        allowed_s = self._config.idle_s + self._bytes / self._config.slowest_bytes_s - self._waited_s
        try:
            message = await asyncio.wait_for(self._receive(), min(self._config.idle_s, max(allowed_s, 0)))
        except TimeoutError:
            raise HTTPException(408, "the body came too slowly; send it again") from None
        self._waited_s += loop.time() - before
        self._bytes += len(message.get("body", b""))
        self.over = not message.get("more_body", False)
        if self._bytes > self._config.body_bytes:
            raise HTTPException(413, too_large(self._config))
        return message

    async def drain(self) -> None:
        """Read on for a moment, and forget it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_S):
                while not self.over:
                    self.over = not (await self._receive()).get("more_body", False)


def _guarded(send: Send, request_id: str, body: _Body) -> Send:
    """Put the headers on every answer, that of an error too; what an answer says itself stands.

    A client that is still writing does not hear an answer after which the connection breaks: so what it
    writes is read for a moment, and then the answer ends.
    """

    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = list(message.get("headers", []))
            names = {name.lower() for name, _ in own}
            own += [(name, value) for name, value in _HEADERS.items() if name not in names]
            if not body.over and b"connection" not in names:
                own.append((b"connection", b"close"))
            message = {**message, "headers": [*own, (b"x-request-id", request_id.encode())]}
        elif not body.over and not message.get("more_body", False):
            await send({**message, "more_body": True})
            await body.drain()
            message = {"type": "http.response.body"}
        await send(message)

    return guarded
