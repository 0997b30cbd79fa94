"""A real `miler serve` in a process of its own, on a free port, and ways to talk to it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

TOKEN = "a-token-for-tests-only"


@dataclass(frozen=True)
class Answered:
    """What came back; names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


@dataclass
class Server:
    """A server that runs."""

    process: subprocess.Popen[str]
    library: Path
    port: int
    token: str
    said: str

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self, method: str, path: str, body: bytes | None = None, *, token: str | None = None, **headers: str
    ) -> Answered:
        """Send one request, with a bearer token if one is given; `_` in a header's name is a hyphen."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return Answered(
                response.status, {k.lower(): v for k, v in response.headers.items()}, response.read()
            )
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answered:
        """Read as a browser on this machine does."""
        return self.ask("GET", path, None, token=None, **headers)

    def send(self, data: bytes, name: str = "run.fit") -> Answered:
        """Upload bytes."""
        return self.ask("POST", f"/api/v1/import/generic?name={name}", data, token=self.token)

    def form(self, path: str, files: Mapping[str, bytes], **headers: str) -> Answered:
        """Upload a form as `curl -F` does."""
        kind, body = form(files)
        return self.ask("POST", path, body, token=self.token, Content_Type=kind, **headers)

    def raw(self, data: bytes, wait_s: float = 5.0) -> bytes:
        """Write bytes to the socket and return what comes, until the server closes or says no more."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=wait_s) as stream:
            got = b""
            with contextlib.suppress(ConnectionError):
                stream.sendall(data)
            with contextlib.suppress(ConnectionError, TimeoutError):
                while piece := stream.recv(65536):
                    got += piece
            return got

    def status(self, data: bytes, wait_s: float = 5.0) -> int:
        """Return the status of the answer to bytes."""
        return int(self.raw(data, wait_s).split(None, 2)[1])

    def activities(self) -> int:
        """Return how many activities the library has."""
        return int(self.get("/api/v1/status").json["activities"])


def form(files: Mapping[str, bytes]) -> tuple[str, bytes]:
    """Return a form's content type and its bytes."""
    boundary = uuid.uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n".encode()
        + data
        + b"\r\n"
        for name, data in files.items()
    ]
    return f"multipart/form-data; boundary={boundary}", b"".join([*parts, f"--{boundary}--\r\n".encode()])


@contextlib.contextmanager
def serving(library: Path, *options: str, port: int = 0, private: bool = False) -> Iterator[Server]:
    """Run a server until the end of the block; private is with a token that reading needs too."""
    server = start(library, *options, port=port, private=private)
    try:
        yield server
    finally:
        stop(server)


def start(library: Path, *options: str, port: int = 0, private: bool = False) -> Server:
    """Start a server, and return when it answers."""
    command = [sys.executable, "-m", "miler.cli", "serve", "--port", str(port), "--library", str(library)]
    environment = os.environ | ({"MILER_TOKEN": TOKEN} if private else {})
    process = subprocess.Popen(
        [*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment
    )
    assert process.stderr is not None
    said, deadline = "", time.monotonic() + 60
    while not (found := re.search(r" at http://[^ ]*:(\d+)/", said)):
        if not select.select([process.stderr], [], [], deadline - time.monotonic())[0]:
            process.kill()
            raise AssertionError(f"the server did not start: {said}")
        line = process.stderr.readline()
        assert line, f"the server ended: {said}"
        said += line
    token = TOKEN if private else library.with_name(f"{library.stem}-token").read_text()
    return Server(process, library, int(found[1]), token, said)


def stop(server: Server) -> str:
    """End a server, as a service manager does; return what it said."""
    if server.process.poll() is None:
        server.process.terminate()
    try:
        _, said = server.process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        server.process.kill()
        raise
    return server.said + said
