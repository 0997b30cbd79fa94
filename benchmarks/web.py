"""What the server claims: `python -m benchmarks.web [--kills N] [--files N] [--axe FILE]`.

Each claim is measured of a real `miler serve`. Uploads are of one-hour FIT files over one keep-alive
connection a client. What answers are worth is measured too: the server is killed at random moments, and
every upload that was answered is there, none twice.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.client import HTTPConnection, HTTPException
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Semaphore, Thread
from typing import Literal
from urllib.parse import urlsplit

import numpy as np

from benchmarks.bar import Bar, skipped
from benchmarks.questions import make_library
from devtools.doubles import Scene
from devtools.recording import Recording
from devtools.serving import Server, serving, start, stop
from devtools.small_runs import START, small_run, write_runs
from devtools.writers import write_fit, write_gpx
from miler import upload
from miler.library import Library

GOAL_ANSWER_S, GOAL_RATE, GOAL_PAGE_S, GOAL_BESIDE_LORIS_S = 0.1, 50, 0.2, 2.0
_CLIENTS = 8
_STATEFUL_FROM = 20
_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)


def hours(count: int) -> dict[str, bytes]:
    """Return one-hour runs, recorded each second on a winding road, by name; no two are alike."""
    return {f"{seed}.fit": _hour(np.random.default_rng(seed), seed) for seed in range(count)}


def _hour(rng: np.random.Generator, day: int) -> bytes:
    time_s = np.arange(3600.0)
    speed_mps = 3.2 + 0.4 * np.sin(time_s / rng.uniform(200, 900)) + rng.normal(0, 0.05, len(time_s))
    heading = np.cumsum(rng.normal(0, 0.02, len(time_s)))
    north_m, east_m = (np.cumsum(speed_mps * turned(heading)) for turned in (np.cos, np.sin))
    run = Recording(
        start_time=START + timedelta(days=day),
        time_s=time_s,
        latitude_deg=51.5 + north_m / 111_200,
        longitude_deg=-0.1 + east_m / 69_000,
        distance_m=np.cumsum(speed_mps),
        speed_mps=speed_mps,
        altitude_m=30 + 10 * np.sin(time_s / 400),
        heart_rate_bpm=np.round(150 + 10 * np.sin(time_s / 700)),
        cadence_spm=np.full(len(time_s), 176.0),
    )
    return write_fit(run)


class Client:
    """A client that keeps its connection."""

    def __init__(self, server: Server) -> None:
        self._connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
        self._headers = {"Authorization": f"Bearer {server.token}"}

    def send(self, data: bytes, name: str) -> float:
        """Upload a file that is new; return the seconds until it is in the library."""
        begin = time.perf_counter()
        self._connection.request("POST", f"/api/v1/import/generic?name={name}", data, self._headers)
        response = self._connection.getresponse()
        said = response.read()
        assert response.status == 201, said
        return time.perf_counter() - begin

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def answers(folder: Path, count: int) -> list[float]:
    """Return how long one-hour files take, sent one after another."""
    files = hours(count)
    with serving(folder / "answers.db") as server:
        client = Client(server)
        took = [client.send(data, name) for name, data in files.items()]
        client.close()
    return took


def rate(folder: Path, count: int) -> float:
    """Return how many one-hour files a second come in from several clients at once."""
    files = list(hours(count).items())
    with serving(folder / "rate.db") as server:

        def share(number: int) -> None:
            client = Client(server)
            for name, data in files[number::_CLIENTS]:
                client.send(data, name)
            client.close()

        begin = time.perf_counter()
        with ThreadPoolExecutor(_CLIENTS) as pool:
            list(pool.map(share, range(_CLIENTS)))
        took_s = time.perf_counter() - begin
        assert server.activities() == count
    return count / took_s


def pages(folder: Path, activities: int, runs: int = 9) -> dict[str, float]:
    """Return the median seconds of pages of a large library."""
    make_library(folder / "large.db", activities)
    asked = {"runs": "/", "runs, page 1,000": "/?page=1000", "runs of a sport": "/?sport=cycling",
             "runs of a kind": "/?kind=race", "bests of a mile": "/bests?length=1mi", "trend": "/trend",
             "duplicates": "/duplicates"}  # fmt: skip
    with serving(folder / "large.db") as server:
        return {
            name: statistics.median(_seconds(server, path) for _ in range(runs))
            for name, path in asked.items()
        }


def _seconds(server: Server, path: str) -> float:
    begin = time.perf_counter()
    assert server.get(path).status == 200
    return time.perf_counter() - begin


def beside_slow_ones(folder: Path, connections: int = 200) -> float:
    """Return how long an upload takes while others dawdle in their heads and in their bodies."""
    with serving(folder / "slow.db") as server, contextlib.ExitStack() as stack:
        body = (
            f"POST /api/v1/import/generic HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
            f"Authorization: Bearer {server.token}\r\nContent-Length: 1000\r\n\r\nx"
        )
        for number in range(connections):
            stream = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=20))
            stream.sendall(b"POST /api" if number % 2 else body.encode())
        client = Client(server)
        took_s = client.send(small_run(1), "run.fit")
        client.close()
    return took_s


def contract(url: str, token: str, examples: int) -> subprocess.CompletedProcess[str]:
    """Send what the OpenAPI description allows, and what it does not; code 0 if every answer is in it."""
    command = [shutil.which("schemathesis", path=Path(sys.executable).parent) or "schemathesis", "run"]
    command += [f"{url}/api/openapi.json", "-H", f"Authorization: Bearer {token}", "--no-color"]
    command += ["--checks", ",".join(_CHECKS), "--max-examples", str(examples)]
    if examples < _STATEFUL_FROM:  # sequences of requests take their time
        command += ["--phases", "coverage,fuzzing"]
    with TemporaryDirectory() as folder:  # it keeps what it found where it runs
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


def kills(folder: Path, times: int, seed: int = 5) -> tuple[int, int, int]:
    """Kill the server at random moments during uploads; return how many were answered, are lost, double."""
    library, chance = folder / "killed.db", random.Random(seed)
    answered: set[str] = set()
    numbers = iter(range(10**9))
    for _ in range(times):
        server = start(library)
        # After so many answers and a little: a slow machine gets as far as a fast one.
        left, pause_s = Semaphore(0), chance.uniform(0, 0.05)
        killer = Thread(target=_kill, args=(server, left, chance.randint(0, 15), pause_s))
        killer.start()
        with ThreadPoolExecutor(4) as pool:
            for sent in pool.map(_until_killed, [server] * 4, [numbers] * 4, [left] * 4):
                answered |= sent
        killer.join()
        server.process.communicate()
    with serving(library) as server:
        server.send(small_run(next(numbers)))
    with Library(library) as kept:
        there = Counter(row.file for row in kept.list())
        with kept.reading() as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert not list(folder.glob("killed-originals/**/*.tmp"))
    return len(answered), len(answered - set(there)), sum(count > 1 for count in there.values())


def _kill(server: Server, answered: Semaphore, count: int, pause_s: float) -> None:
    for _ in range(count):
        answered.acquire()
    time.sleep(pause_s)
    server.process.kill()


def _until_killed(server: Server, numbers: Iterator[int], told: Semaphore) -> set[str]:
    answered, client = set(), Client(server)
    with contextlib.suppress(OSError, HTTPException):
        while True:
            number = next(numbers)
            client.send(small_run(number), f"{number}.fit")
            answered.add(f"{number}.fit")
            told.release()
    client.close()
    return answered


def script(folder: Path, files: int) -> tuple[int, int, str]:
    """Kill the server in the middle of many files; return what is there, twice, what a second run says."""
    write_runs(folder / "runs", files)
    library = folder / "script.db"
    server = start(library)
    command = [sys.executable, upload.__file__, folder / "runs", "--to", server.url, "--token", server.token]
    words = list(map(str, command))
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as sending:
        assert sending.stdout is not None
        for _ in range(files // 2):
            sending.stdout.readline()
        server.process.kill()
        server.process.communicate()
        again = start(library, port=urlsplit(server.url).port or 0)
        sending.communicate()
    second = subprocess.run(words, capture_output=True, text=True, check=False)
    stop(again)
    with Library(library) as kept:
        there = Counter(row.file for row in kept.list())
    return len(there), sum(count > 1 for count in there.values()), second.stderr.strip()


def unfit(folder: Path, axe: Path) -> list[str]:
    """Return what axe-core finds on the pages, in light and dark, at the width of a desk and of a phone."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    found = []
    with serving(folder / "axe.db") as server, sync_playwright() as running:
        for seed in (1, 400, 800):
            server.send(small_run(seed), f"{seed}.fit")
        server.ask("PUT", "/api/v1/activities/2/exclusion", token=server.token)
        scene = Scene(0)
        for data in (write_fit(scene.run), write_gpx(scene.run), write_fit(scene.friend())):
            server.send(data, "scene")
        schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
        browser = running.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for scheme, width in product(schemes, (1200, 390)):
            context = browser.new_context(
                color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True
            )
            page = context.new_page()
            for path in (
                "/",
                "/activities/1",
                "/bests",
                "/bests?length=1mi",
                "/trend",
                "/years",
                "/plan?time=4:59",
                "/records",
                "/duplicates",
                "/compare?run=1&run=4",
                "/upload",
                "/login",
            ):
                page.goto(server.url + path)
                page.add_script_tag(content=axe.read_text(encoding="utf-8"))
                rules = page.evaluate(
                    "axe.run().then(found => found.violations.map(v => v.id + ' ' + v.nodes[0].html))"
                )
                found += [f"{path} {scheme} {width}: {rule}" for rule in rules]
            context.close()
        browser.close()
    return found


def bars(short: bool) -> Iterator[Bar]:
    """Measure the bars of the server."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        median_s = statistics.median(answers(folder, 10 if short else 60))
        yield Bar("a one-hour FIT is uploaded, in the library, answered", f"{median_s * 1000:.0f} ms, median",
                  f"< {GOAL_ANSWER_S * 1000:.0f} ms", median_s < GOAL_ANSWER_S, timed=True)  # fmt: skip
        came = rate(folder, 80 if short else 500)
        name, goal = "one-hour FITs uploaded a second, sustained", f">= {GOAL_RATE}"
        yield Bar(name, f"{came:.0f}", goal, came >= GOAL_RATE, timed=True)
        activities = 10_000 if short else 100_000
        page_s = pages(folder, activities)["runs"]
        yield Bar(f"the page of runs, {activities:,} activities", f"{page_s * 1000:.0f} ms",
                  f"< {GOAL_PAGE_S * 1000:.0f} ms", page_s < GOAL_PAGE_S, timed=True)  # fmt: skip
        slow_s = beside_slow_ones(folder)
        yield Bar("an upload beside 200 that dawdle", f"{slow_s:.2f} s", f"< {GOAL_BESIDE_LORIS_S:g} s",
                  slow_s < GOAL_BESIDE_LORIS_S, timed=True)  # fmt: skip
        count, lost, double = kills(folder, 3 if short else 100)
        figure = f"{count} answered, {lost} lost, {double} twice"
        name = f"the server killed {3 if short else 100} times during uploads"
        yield Bar(name, figure, "0 lost, 0 twice", count > 0 and not lost and not double)
        yield _scripted(folder, 40 if short else 500)
        yield _described(folder, 3 if short else 60)


def _scripted(folder: Path, files: int) -> Bar:
    there, twice, second = script(folder, files)
    goal = f"{files} once; then nothing is sent"
    met = there == files and not twice and second == f"{files} duplicate"
    return Bar(
        f"the server killed in the middle of {files} files",
        f"{there}, {twice} twice; then {second}",
        goal,
        met,
    )


def _described(folder: Path, examples: int) -> Bar:
    name, goal = "answers that are faults or undocumented", "0"
    if shutil.which("schemathesis", path=Path(sys.executable).parent) is None:
        return skipped(name, goal, "no schemathesis here")
    with serving(folder / "contract.db") as server:
        server.send(small_run(1))
        ran = contract(server.url, server.token, examples)
    cases = re.search(r"\d+ generated.*", ran.stdout)
    said = cases[0] if cases else "it did not run"
    return Bar(name, said, goal, ran.returncode == 0)


def main() -> None:
    """Measure one thing, or all that the bars ask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--kills", type=int, metavar="N", help="only: kill the server so often during uploads"
    )
    parser.add_argument("--files", type=int, metavar="N", help="only: the script with so many files")
    parser.add_argument("--axe", type=Path, metavar="FILE", help="only: the pages under this axe.min.js")
    options = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        if options.kills:
            print("answered {}, lost {}, twice {}".format(*kills(folder, options.kills)))
        elif options.files:
            print("there {}, twice {}; a second run: {}".format(*script(folder, options.files)))
        elif options.axe:
            found = unfit(folder, options.axe)
            print("\n".join(found) or "axe-core finds nothing")
        else:
            for bar in bars(short=False):
                print(f"{bar.name}: {bar.figure} (goal {bar.goal})", flush=True)
            for page, took_s in pages(folder, 100_000).items():
                print(f"  {page:<20}{took_s * 1000:>7.0f} ms")


if __name__ == "__main__":
    main()
