"""Send runs to a server: one file, standard library only; it runs alone when copied to another machine.

    python upload.py --to http://desk:8765 --token TOKEN ~/Garmin/Activity

Files, folders, and a plugged-in watch (--device). A server of miler's is asked by hash, and gets only
what it lacks; what a broken connection leaves open is asked again, so that nothing is sent twice and
nothing is missing. Strava, intervals.icu and Runalyze, or what speaks like them, with --api.

Exit codes: 0 all is there, 1 some file failed or the server was not reached, 2 wrong use, 130 interrupted.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import http.client
import json
import os
import stat
import string
import sys
import time
import unicodedata
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote, urlsplit

T = TypeVar("T")

OK, SOME_FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130

ENDINGS = (".fit", ".gpx", ".tcx", ".fit.gz", ".gpx.gz", ".tcx.gz", ".zip")
ASKED_AT_ONCE = 200
TIMEOUT_S = 60.0
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0
_POLLS = 60


class Ended(NamedTuple):
    """What became of a file: imported, duplicate, skipped or failed."""

    ending: str
    message: str = ""


class Answer(NamedTuple):
    """What a server answered: its status, and its JSON."""

    status: int
    body: Any


class GivenUp(Exception):
    """The server was not reached for longer than one is willing to wait."""


class Refused(Exception):
    """The server does not want us: another token or another address is needed, not another try."""


class Busy(Exception):
    """The server cannot now; perhaps it said when."""

    def __init__(self, message: str, after_s: float | None) -> None:
        super().__init__(message)
        self.after_s = after_s


@dataclass(frozen=True)
class File:
    """A file with its bytes, read once: a watch may be pulled out at any moment."""

    name: str
    data: bytes
    sha256: str


class Server:
    """One server, over one connection that is opened again when it breaks."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no address of a server, such as http://localhost:8765")
        if not (token.isascii() and token.isprintable()):
            raise ValueError("the token has signs that no token has; copy it anew")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=TIMEOUT_S)
        self._base = parts.path.rstrip("/")
        self.token = token

    def ask(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        """Send one request.

        Raises:
            OSError, http.client.HTTPException: if the connection breaks.
            Busy: if another try may help.
            Refused: if another token, or another address, is needed.
        """
        try:
            self._connection.request(method, self._base + path, body, dict(headers))
            response = self._connection.getresponse()
            data = response.read()
        except BaseException:
            self.close()
            raise
        try:
            answer = Answer(response.status, json.loads(data or b"{}"))
        except ValueError:
            answer = Answer(response.status, {})
        if answer.status in (408, 429, 502, 503, 504):
            after = response.headers.get("Retry-After", "")
            raise Busy(f"it answered {answer.status}", float(after) if after.isdigit() else None)
        if answer.status in (401, 403, 404, 421):
            raise Refused(f"the server refuses ({answer.status}): {_said(answer)}")
        return answer

    def send(self, path: str, file: File, headers: Mapping[str, str], **fields: str) -> Answer:
        """Send a form."""
        kind, body = _form(file, fields)
        return self.ask("POST", path, body, {**headers, "Content-Type": kind})

    def close(self) -> None:
        """Close the connection; the next request opens it again."""
        self._connection.close()


def _bearer(server: Server) -> dict[str, str]:
    return {"Authorization": f"Bearer {server.token}"} if server.token else {}


def known_to(server: Server, hashes: Sequence[str]) -> dict[str, Ended]:
    """Ask a server of miler's which contents it has, and what became of them."""
    body = json.dumps({"sha256": list(hashes)}).encode()
    headers = _bearer(server) | {"Content-Type": "application/json"}
    answer = server.ask("POST", "/api/v1/known", body, headers)
    if answer.status != 200:
        raise Refused(f"this is no server of miler's: it answered {answer.status}")
    return {row["sha256"]: Ended(row["ending"], row["message"] or "") for row in answer.body["known"]}


def _to_miler(server: Server, file: File) -> Ended:
    path = f"/api/v1/import/generic?name={quote(os.fsencode(file.name), safe='')}"
    headers = _bearer(server) | {"Content-Type": "application/octet-stream"}
    answer = server.ask("POST", path, file.data, headers)
    if answer.status not in (200, 201):
        return Ended("failed", _said(answer))
    ids = ", ".join(str(number) for number in answer.body["activity_ids"])
    return Ended(answer.body["ending"], answer.body["message"] or (f"activity {ids}" if ids else ""))


def _to_strava(server: Server, file: File) -> Ended:
    kind = next((ending[1:] for ending in reversed(ENDINGS) if file.name.lower().endswith(ending)), "fit")
    answer = server.send("/api/v3/uploads", file, _bearer(server), data_type=kind, external_id=file.name)
    for _ in range(_POLLS):
        if answer.status not in (200, 201):
            return Ended("failed", _said(answer))
        if answer.body.get("error"):
            error = str(answer.body["error"])
            return Ended("duplicate" if "duplicate" in error else "failed", error)
        if answer.body.get("activity_id"):
            return Ended("imported", f"activity {answer.body['activity_id']}")
        time.sleep(1)
        answer = server.ask("GET", f"/api/v3/uploads/{answer.body['id']}", None, _bearer(server))
    return Ended("failed", "the server did not finish with it")


def _to_intervals(server: Server, file: File) -> Ended:
    basic = base64.b64encode(f"API_KEY:{server.token}".encode()).decode()
    answer = server.send("/api/v1/athlete/0/activities", file, {"Authorization": f"Basic {basic}"})
    if answer.status not in (200, 201):
        return Ended("failed", _said(answer))
    return Ended("imported" if answer.status == 201 else "duplicate", f"activity {answer.body.get('id')}")


def _to_runalyze(server: Server, file: File) -> Ended:
    answer = server.send("/api/v1/activities/uploads", file, {"token": server.token})
    if answer.status not in (200, 201, 202):
        return Ended("failed", _said(answer))
    said = str(answer.body.get("message", ""))
    return Ended("duplicate" if "duplicate" in said else "imported", said)


APIS: dict[str, tuple[Callable[[Server, File], Ended], str]] = {
    "miler": (_to_miler, "http://127.0.0.1:8765"),
    "strava": (_to_strava, "https://www.strava.com"),
    "intervals": (_to_intervals, "https://intervals.icu"),
    "runalyze": (_to_runalyze, "https://runalyze.com"),
}


def _said(answer: Answer) -> str:
    said = answer.body if isinstance(answer.body, dict) else {}
    words = (said.get(key) for key in ("detail", "message", "error"))
    return str(next(filter(None, words), f"it answered {answer.status}"))


def _form(file: File, fields: Mapping[str, str]) -> tuple[str, bytes]:
    """Return a form's content type and its bytes."""
    boundary = uuid.uuid4().hex
    name = "".join(c for c in file.name if c not in '"\r\n')
    begin = f"--{boundary}\r\nContent-Disposition: form-data; name="
    head = "".join(f'{begin}"{key}"\r\n\r\n{value}\r\n' for key, value in fields.items())
    head += f'{begin}"file"; filename="{name}"\r\nContent-Type: application/octet-stream\r\n\r\n'
    body = head.encode("utf-8", "replace") + file.data + f"\r\n--{boundary}--\r\n".encode()
    return f"multipart/form-data; boundary={boundary}", body


class Sender:
    """Sends files, whatever the connection does, for as long as one is willing to wait."""

    def __init__(
        self, server: Server, api: str, patience_s: float, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        self._server = server
        self._send = APIS[api][0]
        self._asks = api == "miler"
        self._patience_s = patience_s
        self._sleep = sleep

    def send_all(self, paths: Sequence[str]) -> Counter[str]:
        """Send what the server lacks; return how many files ended how.

        Raises:
            GivenUp: if the server is not reached.
            Refused: if it does not want us.
        """
        counts = Counter[str]()
        for begin in range(0, len(paths), ASKED_AT_ONCE):
            some = [(path, _hashed(path)) for path in paths[begin : begin + ASKED_AT_ONCE]]
            asked = [sha256 for _, sha256 in some if sha256]
            known = self._steadily(partial(self._known, asked))
            for path, sha256 in some:
                ended = known.get(sha256) or self._one(path)
                if ended.ending == "imported" and sha256:
                    known[sha256] = Ended("duplicate", ended.message)  # its copy may come later
                counts[ended.ending] += 1
                _say(f"{ended.ending:<10} {shown(path)}  {shown(ended.message)}".rstrip())
        return counts

    def _known(self, hashes: Sequence[str]) -> dict[str, Ended]:
        return known_to(self._server, hashes) if self._asks else {}

    def _one(self, path: str) -> Ended:
        try:
            file = read(path)
        except OSError as error:
            return Ended("failed", f"cannot be read: {error.strerror or error}")

        def again() -> Ended:
            # The answer may be what was lost.
            return self._known([file.sha256]).get(file.sha256) or self._send(self._server, file)

        return self._steadily(lambda: self._send(self._server, file), again)

    def _steadily(self, first: Callable[[], T], again: Callable[[], T] | None = None) -> T:
        """Do it, again and again while the server is away or busy, at longer and longer intervals."""
        work, wait_s, waited_s = first, 0.0, 0.0
        while True:
            try:
                return work()
            except (OSError, http.client.HTTPException, Busy) as error:
                pause_s = getattr(error, "after_s", None) or wait_s
                if waited_s + pause_s > self._patience_s:
                    raise GivenUp(f"the server was not reached for {waited_s:.0f} s: {error}") from None
                if waited_s == 0 < pause_s:  # at first a connection was merely closed, having been idle
                    _say(f"waiting for the server: {error}")
                self._sleep(pause_s)
                waited_s += pause_s
                wait_s = min(max(2 * wait_s, FIRST_WAIT_S), LONGEST_WAIT_S)
                work = again or first


def read(path: str) -> File:
    """Read a whole file."""
    if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116
        raise OSError("not a regular file")  # a FIFO would be waited for, for ever
    data = Path(path).read_bytes()
    return File(os.path.basename(path), data, hashlib.sha256(data).hexdigest())  # noqa: PTH119


def _hashed(path: str) -> str:
    """Return the hash of a file; nothing for one that cannot be read, which is told when it is sent."""
    try:
        return read(path).sha256
    except OSError:
        return ""


def find(paths: Sequence[str]) -> Iterator[str]:
    """List files: those named, and the runs in folders and below, sorted."""
    for path in paths:
        if not os.path.isdir(path):  # noqa: PTH112
            yield path
            continue
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith((".", "__", "@")))
            for name in sorted(names):
                if name.lower().endswith(ENDINGS) and not name.startswith((".", "~")):
                    yield os.path.join(folder, name)  # noqa: PTH118


def devices(root: str = "/") -> Iterator[str]:
    """List the folders of activities on watches that are plugged in, as drives or as media players."""
    for pattern in ("media/*/*", "run/media/*/*", "media/*", "mnt/*", "Volumes/*", "run/user/*/gvfs/*/*"):
        for drive in sorted(Path(root).glob(pattern)):
            yield from _activities(drive)
    if os.name == "nt":
        for letter in string.ascii_uppercase[3:]:
            yield from _activities(Path(f"{letter}:/"))


def _activities(drive: Path) -> Iterator[str]:
    """Find GARMIN/Activity whatever its letters: watches differ."""
    try:
        for garmin in (p for p in drive.iterdir() if p.name.lower() == "garmin"):
            for folder in sorted(garmin.iterdir()):
                if folder.name.lower() in ("activity", "activities") and folder.is_dir():
                    yield str(folder)
    except OSError:
        return  # no folder, or pulled out just now


def watched(
    list_files: Callable[[], Sequence[str]], sleep: Callable[[float], object], every_s: float
) -> Iterator[list[str]]:
    """Yield the files that are new or have changed, once they lie still between two looks; never ends."""
    done: dict[str, tuple[int, int]] = {}
    before: dict[str, tuple[int, int]] = {}
    while True:
        now = {path: stamp for path in list_files() if (stamp := _stamp(path)) is not None}
        still = [path for path, stamp in now.items() if before.get(path) == stamp and done.get(path) != stamp]
        if still:
            yield still
            done.update((path, now[path]) for path in still)
        before = now
        sleep(every_s)


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def shown(text: str) -> str:
    """Return text without what moves a terminal's cursor or turns its line around."""
    return "".join(c if unicodedata.category(c)[0] != "C" else ascii(c)[1:-1] for c in text)


def _parser(prog: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description="Send runs to a server; only what it lacks.")
    option = parser.add_argument
    option("paths", nargs="*", metavar="PATH", help="files, and folders with all below them")
    option("--to", metavar="URL", help="the server [http://127.0.0.1:8765, or the --api's own]")
    option("--token", default=os.environ.get("MILER_TOKEN", ""), help="what it wants to see [$MILER_TOKEN]")
    option("--api", choices=list(APIS), default="miler", help="how to speak to it [miler]")
    option("--device", action="store_true", help="what is on a plugged-in watch")
    option("--watch", action="store_true", help="go on, and send what comes")
    option("--every", type=float, default=10.0, metavar="SECONDS", help="how often to look [10]")
    option("--patience", type=float, default=300.0, metavar="SECONDS", help="how long to wait for it [300]")
    return parser


def main(argv: Sequence[str] | None = None, token: str = "", prog: str | None = None) -> int:
    """Send files; return the exit code.

    Args:
        argv: the arguments without the program's name; the process's own if None.
        token, prog: what to show where none is given; what the program is called, its file's name if None.
    """
    parser = _parser(prog)
    options = parser.parse_args(argv)
    if not options.paths and not options.device:
        parser.error("name files or folders, or --device")
    try:
        server = Server(options.to or APIS[options.api][1], options.token.strip() or token)
    except ValueError as error:
        parser.error(str(error))
    sender = Sender(server, options.api, options.patience)

    def list_files() -> list[str]:
        return list(dict.fromkeys(find([*options.paths, *(devices() if options.device else ())])))

    try:
        if not options.watch:
            return _sum_up(sender.send_all(list_files()))
        for files in watched(list_files, time.sleep, max(0.1, min(options.every, 3600.0))):
            sender.send_all(files)
    except (GivenUp, Refused) as error:
        print(f"{parser.prog}: {shown(str(error))}", file=sys.stderr)
        return WRONG_USE if isinstance(error, Refused) else SOME_FAILED
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    finally:
        server.close()
    return OK


def _say(line: str) -> None:
    print(line, flush=True)


def _sum_up(counts: Counter[str]) -> int:
    said = ", ".join(f"{count} {ending}" for ending, count in sorted(counts.items()))
    print(said or "there was nothing to send", file=sys.stderr)
    return SOME_FAILED if counts["failed"] else OK


if __name__ == "__main__":
    sys.exit(main())
