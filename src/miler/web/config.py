"""What a server is told when it starts, and what it may be called."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from miler.errors import SettingsError
from miler.limits import LIMITS, MIB
from miler.settings import Settings

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
SHORTEST_TOKEN = 16


@dataclass(frozen=True)
class Config:
    """How a server behaves; frozen, and the same for every request.

    Attributes:
        token: what programs show as a bearer token, and a browser at the login page.
        port: where it listens; part of the names that it answers to.
        private: reading needs the token too; off only where no other machine can ask.
        upload_key: what may stand in an address instead, and only to upload; None for never.
        allow_hosts: names beside the loopback's under which it may be asked, with or without a port.
        settings: how uploads are analysed.
        jobs: processes that read files.
        body_bytes: the largest request; an account's export is for `miler import`.
        part_count, field_bytes: parts of a form, and the largest of those that are no file.
        idle_s: how long a body may stand still.
        slowest_bytes_s: and how slow it may be in all, once `idle_s` are over.
    """

    token: str = field(repr=False)
    port: int = 8765
    private: bool = False
    upload_key: str | None = field(default=None, repr=False)
    allow_hosts: tuple[str, ...] = ()
    settings: Settings = field(default_factory=Settings)
    jobs: int = 2
    body_bytes: int = LIMITS.file_bytes + MIB
    part_count: int = 20
    field_bytes: int = 64 * 1024
    idle_s: float = 10.0
    slowest_bytes_s: float = 4096.0

    def __post_init__(self) -> None:
        for name, secret in (("token", self.token), ("upload key", self.upload_key)):
            if secret is not None and len(secret) < SHORTEST_TOKEN:
                raise SettingsError(
                    f"a {name} of {len(secret)} characters can be guessed;"
                    f" give at least {SHORTEST_TOKEN}, or leave it to miler"
                )
            if secret is not None and not (secret.isascii() and secret.isprintable()):
                raise SettingsError(
                    f"a {name} is of ASCII letters, digits and signs; clients send no others alike"
                )

    def answers_to(self, host: str) -> bool:
        """Whether a Host header names this server; one that merely leads to it is a trick."""
        host = host.lower()
        name, colon, port = host.rpartition(":")
        if not colon or not port.isdigit() or (name.startswith("[") and not name.endswith("]")):
            name, port = host, ""
        if name in LOOPBACK and (port == str(self.port) or (not port and self.port == 80)):
            return True
        return any(allowed.lower() in (host, name) for allowed in self.allow_hosts)

    def derived(self, purpose: str) -> str:
        """Return a secret that only who knows the token can make, and that does not tell the token.

        It is the same after a restart, so that an open page goes on working.
        """
        return hmac.new(self.token.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def same(given: str, secret: str | None) -> bool:
    """Compare secrets in a time that tells nothing; nothing equals a secret that is not set."""
    return secret is not None and hmac.compare_digest(
        given.encode("utf-8", "surrogateescape"), secret.encode("utf-8", "surrogateescape")
    )
