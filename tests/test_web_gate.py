"""Who comes in at `miler serve`: the threats W1 to W9 of the reliability notes, each with its outcome."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import socket
import stat
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from devtools.serving import TOKEN, Server, form, serving, stop
from devtools.small_runs import small_run
from tests.conftest import Miler

EVIL = "http://evil.example"


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    library = tmp_path_factory.mktemp("private") / "library.db"
    options = ("--allow-host", "desk.home", "--upload-key", "a-key-for-phones-1")
    with serving(library, *options, private=True) as running:
        yield running


def request(line: str, *headers: str, body: bytes = b"") -> bytes:
    return "\r\n".join([line, *headers, "", ""]).encode("latin-1") + body


# W1


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]", "LOCALHOST"])
def test_the_loopbacks_names_are_answered(server: Server, name: str) -> None:
    assert server.status(request("GET / HTTP/1.1", f"Host: {name}:{server.port}", "Connection: close")) == 200


@pytest.mark.parametrize(
    "host",
    [
        "Host: evil.example:{port}",
        "Host: 127.0.0.1.evil.example:{port}",
        "Host: localhost.:{port}",
        "Host: 127.0.0.1",
        "Host: 127.0.0.1:1",
        "Host: 127.1:{port}",
        "Host: 0.0.0.0:{port}",
        "Host: ",
        "Host: localhost:{port}, evil.example",
        "Host: localhost:{port}\r\nHost: evil.example",
        "Accept: */*",
    ],
)
def test_a_name_that_is_made_to_point_here_is_refused(server: Server, host: str) -> None:
    line = host.format(port=server.port)
    assert server.status(request("GET /api/v1/activities HTTP/1.1", line, "Connection: close")) in (400, 421)


def test_an_address_in_absolute_form_is_refused(server: Server) -> None:
    host = f"Host: 127.0.0.1:{server.port}"
    assert server.status(request("GET http://evil.example/ HTTP/1.1", host, "Connection: close")) in (
        400,
        421,
    )


def test_a_name_that_was_allowed_is_answered_and_only_that(private: Server) -> None:
    for name, status in (("desk.home", 401), ("desk.home:8765", 401), ("other.home", 421)):
        assert private.status(request("GET / HTTP/1.1", f"Host: {name}", "Connection: close")) == status


# W2


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "{own}", "Sec_Fetch_Site": "same-origin"},
        {"Origin": "{own}", "Content_Type": "text/plain"},
    ],
)
def test_another_sites_page_cannot_write(server: Server, headers: dict[str, str]) -> None:
    sent = {name: value.format(own=server.url) for name, value in headers.items()}
    before = server.activities()
    for data in (form({"x.fit": small_run(600)})[1], small_run(600)):
        assert server.ask("POST", "/api/v1/import/generic", data, **sent).status == 403
    assert server.activities() == before


def test_not_even_with_the_token_does_another_sites_page_write(server: Server) -> None:
    assert server.ask("POST", "/api/v1/known", b"{}", token=server.token, Origin=EVIL).status == 403


def test_our_own_page_writes_with_its_token(server: Server) -> None:
    page = re.search(rb'name="miler-token" content="([0-9a-f]{64})"', server.get("/").body)
    assert page is not None
    own = {"Origin": server.url, "Sec_Fetch_Site": "same-origin", "Content_Type": "application/json"}
    asked = b'{"sha256": []}'
    answer = server.ask("POST", "/api/v1/known", asked, X_Miler_Token=page[1].decode(), **own)
    assert (answer.status, answer.json) == (200, {"known": []})
    assert server.ask("POST", "/api/v1/known", asked, X_Miler_Token="0" * 64, **own).status == 401


def test_programs_write_with_the_token_in_any_of_the_usual_ways(server: Server) -> None:
    basic = base64.b64encode(f"API_KEY:{server.token}".encode()).decode()
    ways = (
        {"Authorization": f"Bearer {server.token}"},
        {"Authorization": f"Basic {basic}"},
        {"Token": server.token},
    )
    for way in ways:
        answer = server.ask(
            "POST", "/api/v1/known", b'{"sha256": []}', Content_Type="application/json", **way
        )
        assert answer.status == 200


@pytest.mark.parametrize(
    "headers",
    [{}, *({"Authorization": value} for value in ("Bearer wrong", "Basic !", "x")), {"Token": "wrong"}],
)
def test_who_has_no_token_or_another_one_does_not_write(server: Server, headers: dict[str, str]) -> None:
    answer = server.ask("POST", "/api/v1/import/generic", b"x", **headers)
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_no_page_elsewhere_may_read_what_is_answered(server: Server) -> None:
    answer = server.get("/api/v1/activities", Origin=EVIL)
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert server.ask("OPTIONS", "/api/v1/activities", Origin=EVIL).status == 405


def test_pages_run_no_script_but_their_own_files(server: Server) -> None:
    for path in ("/", "/upload", "/bests", "/trend", "/records", "/duplicates", "/compare", "/nothing"):
        answer = server.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert not re.search(rb"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=|javascript:", answer.body)


# W3


@pytest.mark.parametrize("options", [("--host", "0.0.0.0"), ("--allow-host", "desk.home")])
def test_other_machines_can_ask_only_if_a_token_was_given(
    miler: Miler, tmp_path: Path, options: tuple[str, ...]
) -> None:
    ran = miler("serve", "--port", 0, "--library", tmp_path / "x.db", *options)
    assert ran.code == 2
    assert re.search(r"--token [0-9a-f]{40}\n", ran.err)


@pytest.mark.parametrize("option", ["--token", "--upload-key"])
def test_a_secret_that_can_be_guessed_is_refused(miler: Miler, tmp_path: Path, option: str) -> None:
    ran = miler("serve", "--port", 0, "--library", tmp_path / "x.db", option, "1234")
    assert ran.code == 2
    assert "can be guessed" in ran.err


def test_where_a_token_was_given_reading_needs_it_too(private: Server) -> None:
    for path in (
        "/",
        "/activities/1",
        "/bests",
        "/api/v1/activities",
        "/api/openapi.json",
        "/api/v3/athlete",
    ):
        assert private.get(path).status == 401
    assert private.get("/", Accept="text/html").headers["location"] == "/login"
    assert private.ask("GET", "/api/v1/activities", token=TOKEN).status == 200
    assert private.ask("GET", "/api/v1/activities", token="wrong").status == 401


def test_a_browser_shows_the_token_once_and_then_a_cookie_that_does_not_tell_it(private: Server) -> None:
    kind = "application/x-www-form-urlencoded"
    wrong = private.ask("POST", "/login", b"token=wrong", Content_Type=kind, Origin=private.url)
    right = private.ask("POST", "/login", f"token={TOKEN}".encode(), Content_Type=kind, Origin=private.url)
    assert (wrong.status, right.status) == (401, 303)
    cookie = right.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict"} <= {part.strip() for part in cookie.split(";")}
    assert TOKEN not in cookie
    assert private.get("/", Cookie=cookie.partition(";")[0]).status == 200
    assert private.get("/", Cookie="miler=" + "0" * 64).status == 401
    # A cookie is sent along by other sites' pages: alone it does not write.
    answer = private.ask("POST", "/api/v1/known", b"{}", Cookie=cookie.partition(";")[0], Origin=private.url)
    assert answer.status == 403


def test_the_login_page_gives_nothing_away(private: Server) -> None:
    page = private.get("/login")
    assert page.status == 200
    assert b'name="miler-token" content=""' in page.body


def test_a_key_in_the_address_uploads_and_does_nothing_else(private: Server) -> None:
    key = "key=a-key-for-phones-1"
    assert private.ask("POST", f"/api/v1/import/generic?{key}", b"x").status == 422  # read, and no activity
    assert private.ask("POST", f"/api/v1/import/fitotrack?api-{key}", b"x").status == 422
    assert private.ask("POST", "/api/v1/import/generic?key=another-key-123456", b"x").status == 401
    assert private.ask("POST", f"/api/v1/known?{key}", b"{}").status == 401
    assert private.ask("DELETE", f"/api/v1/activities/1?{key}").status == 401
    assert private.get(f"/api/v1/activities?{key}").status == 401


def test_a_key_in_the_address_is_off_unless_asked_for(server: Server) -> None:
    for key in ("", "None", server.token):
        assert server.ask("POST", f"/api/v1/import/generic?key={key}", b"x").status == 401


def test_the_token_is_shown_once_kept_from_others_and_in_no_log(tmp_path: Path) -> None:
    library = tmp_path / "library.db"
    with serving(library) as first:
        first.ask("POST", f"/api/v1/import/generic?key={first.token}", b"x")
        first.send(b"x")
        assert f"at {first.url}/" in first.said
    assert stop(first).count(first.token) == 1
    assert first.process.returncode == 0
    if os.name != "nt":
        assert stat.S_IMODE((tmp_path / "library-token").stat().st_mode) == 0o600
    with serving(library) as second:
        assert second.token == first.token
    assert first.token not in stop(second)


# W4


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("narrow") / "x.db", "--largest-mib", "1", "--idle", "1") as running:
        yield running


def test_a_body_that_says_it_is_huge_is_refused_before_it_comes(server: Server) -> None:
    head = (f"Host: 127.0.0.1:{server.port}", f"Authorization: Bearer {server.token}")
    for path in ("/api/v1/uploads", "/api/v1/import/generic", "/api/v3/uploads"):
        assert server.status(request(f"POST {path} HTTP/1.1", *head, "Content-Length: 10737418240")) == 413


def test_a_body_without_end_is_ended(narrow: Server) -> None:
    head = request(
        "POST /api/v1/import/generic HTTP/1.1", f"Host: 127.0.0.1:{narrow.port}",
        f"Authorization: Bearer {narrow.token}", "Transfer-Encoding: chunked",
    )  # fmt: skip
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    assert b" 413 " in narrow.raw(head + chunk * 64)[:20]
    assert narrow.send(b"x" * 3_000_000).status == 413
    assert narrow.form("/api/v1/uploads", {"x.fit": b"x" * 3_000_000}).status == 413


def test_a_form_of_very_many_parts_or_a_very_large_field_is_refused(server: Server) -> None:
    many = b"".join(b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n' for _ in range(10_000))
    files = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n1\r\n' for _ in range(50)
    )
    field = b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + b"x" * 100_000 + b"\r\n"
    for body in (many, files, field):
        kind = "multipart/form-data; boundary=b"
        answer = server.ask(
            "POST", "/api/v1/uploads", body + b"--b--\r\n", token=server.token, Content_Type=kind
        )
        assert answer.status == 413


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("multipart/form-data", b"x", 400),
        ("multipart/form-data; boundary=b", b"--b\r\nnonsense", 422),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--',
            422,
        ),
        ("application/json", b"{}", 415),
    ],
)
def test_a_form_that_is_none_is_said_to_be_none(server: Server, kind: str, body: bytes, status: int) -> None:
    answer = server.ask("POST", "/api/v1/uploads", body, token=server.token, Content_Type=kind)
    assert answer.status == status


# W5


@pytest.mark.parametrize(
    "filename",
    [
        'filename="../../outside.fit"',
        'filename="/etc/outside.fit"',
        'filename="..\\\\..\\\\outside.fit"',
        'filename="\x00outside.fit"',
        'filename="' + "x" * 60_000 + '.fit"',
        "filename=\"a.fit\"; filename*=UTF-8''..%2f..%2foutside.fit",
        'filename="-rf"',
        'filename=""',
    ],
)
def test_the_name_of_an_upload_is_a_label_and_never_a_path(server: Server, filename: str) -> None:
    head = f'--b\r\nContent-Disposition: form-data; name="file"; {filename}\r\n\r\n'
    body = head.encode() + b"not a run\r\n--b--\r\n"
    kind = "multipart/form-data; boundary=b"
    answer = server.ask("POST", "/api/v1/uploads", body, token=server.token, Content_Type=kind)
    assert answer.status in (200, 400, 413, 422)
    if answer.status == 200:
        name = answer.json["results"][0]["name"]
        assert 0 < len(name) <= 255
        assert not set(name) & set("/\\\x00")


# W6


def test_who_dawdles_is_sent_away_and_keeps_nobody_waiting(narrow: Server, samples: Path) -> None:
    with contextlib.ExitStack() as stack:
        slow = [
            stack.enter_context(socket.create_connection(("127.0.0.1", narrow.port), timeout=20))
            for _ in range(200)
        ]
        head = request(
            "POST /api/v1/import/generic HTTP/1.1", f"Host: 127.0.0.1:{narrow.port}",
            f"Authorization: Bearer {narrow.token}", "Content-Length: 1000",
        )  # fmt: skip
        for number, stream in enumerate(slow):
            stream.sendall(b"POST /api/v1/imp" if number % 2 else head + b"x")
        assert narrow.send((samples / "track-mile.fit").read_bytes()).status == 201
        answers = [b"".join(iter(partial(stream.recv, 4096), b"")) for stream in slow]
        assert {answer[:13] for answer in answers} == {b"", b"HTTP/1.1 408 "}


# W7


@pytest.mark.parametrize(
    ("line", "headers", "body"),
    [
        ("POST /api/v1/known HTTP/1.1", ["Content-Length: 4", "Transfer-Encoding: chunked"], b"0\r\n\r\n"),
        ("POST /api/v1/known HTTP/1.1", ["Content-Length: 4", "Content-Length: 5"], b"0000"),
        ("GET / HTTP/1.1", ["X: " + "x" * 1_000_000], b""),
        ("GET /%zz HTTP/1.1", [], b""),
        ("GET /% HTTP/1.1", [], b""),
        ("GET / HTTP/9.9", [], b""),
        ("TRACE / HTTP/1.1", [], b""),
        ("CONNECT evil.example:80 HTTP/1.1", [], b""),
        ("NONSENSE", [], b""),
        ("GET / HTTP/1.1", [" folded"], b""),
    ],
)
def test_what_could_be_read_in_two_ways_is_not_read(
    server: Server, line: str, headers: list[str], body: bytes
) -> None:
    host = f"Host: 127.0.0.1:{server.port}"
    assert server.status(request(line, host, *headers, "Connection: close", body=body)) in (400, 405, 421)


def test_lines_that_end_in_a_line_feed_alone_are_refused(server: Server) -> None:
    text = f"GET / HTTP/1.1\nHost: 127.0.0.1:{server.port}\n\n".encode()
    assert server.status(text) == 400
    mixed = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\nX: y\r\n\r\n".encode()
    assert server.status(mixed) == 400


def test_one_connection_serves_many_requests(server: Server) -> None:
    host = f"Host: 127.0.0.1:{server.port}"
    twice = request("GET /api/v1/status HTTP/1.1", host) + request(
        "GET /api/v1/status HTTP/1.1", host, "Connection: close"
    )
    assert server.raw(twice).count(b"HTTP/1.1 200 OK") == 2


def test_a_body_may_follow_a_request_that_came_before_its_answer(server: Server) -> None:
    """Pipelined: what comes after is a body with line feeds in it, and no head."""
    head = [f"Host: 127.0.0.1:{server.port}", f"Authorization: Bearer {server.token}"]
    status = request("GET /api/v1/status HTTP/1.1", *head)
    known = request("POST /api/v1/known HTTP/1.1", *head, "Content-Length: 16", "Connection: close",
                    "Content-Type: application/json")  # fmt: skip
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as stream:
        stream.sendall(status + known)
        assert stream.recv(15) == b"HTTP/1.1 200 OK"
        time.sleep(0.1)
        stream.sendall(b'{"sha256":\n\n\n[]}')
        answer = b"".join(iter(partial(stream.recv, 4096), b""))
    assert b'{"known":[]}' in answer


# W8


@pytest.mark.parametrize(
    "path",
    [
        "/static/..%2f..%2f..%2fetc/passwd",
        "/static/../pages.py",
        "/static/%2e%2e/pages.py",
        "/static/..%5cpages.py",
        "/static/%00",
        "/static/web.css%00.js",
        "/static//etc/passwd",
        "/static/",
        "/%ff%fe",
        "/activities/..%2f1",
    ],
)
def test_no_path_leads_out_of_what_is_served(server: Server, path: str) -> None:
    assert server.get(path).status in (404, 422)


# W9


def test_a_fault_tells_the_other_side_nothing_but_its_number(tmp_path: Path) -> None:
    library = tmp_path / "library.db"
    with serving(library) as server:
        library.write_bytes(b"no library any more" * 1000)
        answers = [
            server.get(path) for path in ("/", "/api/v1/activities", "/activities/1", "/api/v3/activities/1")
        ]
        answers.append(server.send(b"some bytes"))
    for answer in answers:
        assert answer.status >= 500
        assert answer.headers["content-type"] == "application/problem+json"
        assert {"title", "status", "detail", "code", "request_id"} <= set(answer.json)
        assert str(tmp_path).encode() not in answer.body
        assert b"Traceback" not in answer.body
    stop(server)


# The program


def test_an_address_that_is_taken_is_said_to_be(server: Server, miler: Miler, tmp_path: Path) -> None:
    ran = miler("serve", "--port", server.port, "--library", tmp_path / "x.db")
    assert ran.code == 1
    assert "--port names another" in ran.err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no BROWSER")
def test_the_address_is_opened_in_the_browser_that_the_user_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, shown = tmp_path / "browser", tmp_path / "shown"
    browser.write_text(f'#!/bin/sh\necho "$1" > "{shown}.part"\n/bin/mv "{shown}.part" "{shown}"\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(browser))
    monkeypatch.setenv("PATH", str(tmp_path))  # without the opener of a desktop, which asks that first
    with serving(tmp_path / "library.db", "--open") as server:
        deadline = time.monotonic() + 30
        while not shown.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert shown.read_text() == f"{server.url}/\n"
        assert server.get("/").status == 200
