"""`miler serve`: the library in a browser, and the door for uploads."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from miler.cli_import import library_option
from miler.cli_options import OK, WRONG_USE, Seconds, settings_of, settings_options
from miler.cli_upload import kept_token, token_path

PORT = 8765
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_EVERYWHERE = ("0.0.0.0", "::")  # where to listen, but no name to be called by


@click.command(short_help="Show the library in a browser, and take uploads.")
@click.option("--host", default=_LOOPBACK[0], show_default=True,
              help="Where to listen; another than the loopback needs a token.")  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0: a free one.")
@click.option("--token", envvar="MILER_TOKEN", metavar="TOKEN",
              help="What programs and browsers must show, to read too [$MILER_TOKEN].")  # fmt: skip
@click.option("--upload-key", metavar="KEY", envvar="MILER_UPLOAD_KEY",
              help="Let an address with ?key=KEY upload, for phones; `new` makes one.")  # fmt: skip
@click.option("--allow-host", "allow_hosts", multiple=True, metavar="NAME",
              help="Answer to this name too, as of this machine at home; may be repeated.")  # fmt: skip
@click.option("--largest-mib", type=click.IntRange(1, 2048), metavar="MIB", default=256,
              show_default=True, help="The largest upload.")  # fmt: skip
@click.option("--idle", "idle_s", type=Seconds(0.1, 600), metavar="SECONDS", default=10,
              show_default=True, help="How long an upload may stand still.")  # fmt: skip
@click.option("--open", "open_", is_flag=True, help="Open it in a browser.")
@library_option
@settings_options
def serve(
    host: str, port: int, token: str | None, upload_key: str | None, allow_hosts: tuple[str, ...],
    largest_mib: int, idle_s: float, open_: bool, library_path: Path | None, **options: Any,
) -> int:  # fmt: skip
    """Show the library in a browser, and take uploads.

    Only this machine can ask, unless --host says otherwise. Programs that upload need the token; it
    is made and shown once, and kept beside the library for the next time.
    """
    from miler.library import Library, usual_path
    from miler.limits import MIB
    from miler.web.config import Config
    from miler.web.server import bind, serve

    exposed = host not in _LOOPBACK or bool(allow_hosts)
    if exposed and token is None:
        suggested = secrets.token_hex(20)
        click.echo(
            "other machines could ask: that needs a token, such as this one, made just now\n"
            f"    --token {suggested}", err=True,
        )  # fmt: skip
        return WRONG_USE
    path = library_path or usual_path()
    Library(path).close()
    given = token if token is not None else _own_token(path)
    if upload_key == "new":
        upload_key = secrets.token_hex(20)
        click.echo(f"upload key: {upload_key}", err=True)
    settings = settings_of(options)
    own = () if host in (*_LOOPBACK, *_EVERYWHERE) else (_in_address(host),)
    config = Config(
        given,
        private=token is not None,
        upload_key=upload_key,
        allow_hosts=allow_hosts + own,
        settings=settings,
        body_bytes=largest_mib * MIB,
        idle_s=idle_s,
    )
    listening = bind(host, port)
    port = listening.getsockname()[1]
    address = f"http://{'localhost' if host in _EVERYWHERE else _in_address(host)}:{port}/"

    def started() -> None:
        click.echo(f"miler serves {path} at {address}; Ctrl-C ends it", err=True)
        if open_:
            click.launch(address)

    serve(path, replace(config, port=port), listening, started)
    return OK


def _in_address(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _own_token(library: Path) -> str:
    """Return the token of this library's server, made at the first time: scripts may go on using it."""
    if (kept := kept_token(library)) is not None:
        return kept
    token, path = secrets.token_hex(20), token_path(library)
    path.touch(mode=0o600)  # nobody else's, before it says anything
    path.write_text(token, encoding="ascii")
    click.echo(f"token for programs that upload: {token}\n    kept in {path}", err=True)
    return token
