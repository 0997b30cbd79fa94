"""The pages, as a program reads them and as a real browser shows them."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest

from devtools.recording import Recording
from devtools.serving import Answered, Server, serving
from devtools.small_runs import START, small_run, write_runs
from devtools.writers import write_fit, write_gpx
from miler.library import Library
from tests.conftest import SAMPLES
from tests.test_web_duplicates import found, send_day

PAGES = (
    "/", "/bests", "/bests?length=1mi", "/trend", "/trend?length=400m", "/years", "/plan", "/plan?time=4:59",
    "/records", "/duplicates", "/compare",
    "/compare?run=1&run=2", "/upload", "/login",
)  # fmt: skip
FOREIGN = "main img, main script:not([type='application/json']), [onerror], a[href^='javascript:']"
JSON = {"Content_Type": "application/json"}
PAYLOAD = "<img src=x onerror=\"alert('in')\"><script>alert('in')</script>"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("server") / "library.db") as running:
        for path in sorted(SAMPLES.glob("*.[fgt]*")):
            running.send(path.read_bytes(), path.name)
        for seed in (700, 1100, 1500):  # another year each
            running.send(small_run(seed), f"run-{seed}.fit")
        yield running


def text(server: Server, path: str) -> str:
    answer = server.get(path)
    assert answer.status == 200, (path, answer.body)
    return answer.body.decode()


def patched(server: Server, path: str, said: Mapping[str, str | None]) -> Answered:
    return server.ask("PATCH", path, json.dumps(said).encode(), token=server.token, **JSON)


def number_of(server: Server, file: str) -> int:
    rows = server.get("/api/v1/activities?limit=500").json["activities"]
    return next(int(row["activity_id"]) for row in rows if row["file"] == file)


def test_the_runs_can_be_filtered_and_turned_over(server: Server, tmp_path: Path) -> None:
    assert "track-mile.fit" in text(server, "/")
    assert "track-mile.fit" not in text(server, "/?since=2026-05-07&until=&sport=&device=")
    assert "No run is like that." in text(server, "/?sport=curling")
    assert server.get("/?since=nonsense").status == 422
    assert server.get("/?page=0").status == 422


def test_runs_and_bests_are_asked_by_what_was_said_of_them(server: Server) -> None:
    number = number_of(server, "road-run-pauses.fit")
    said = {"kind": "long run", "shoes": "Old Faithful", "wind": "calm", "tags": "club,hills"}
    path = f"/api/v1/activities/{number}"
    kept = patched(server, path, said).json
    assert (kept["kind"], kept["surface"], kept["wind"]) == ("long_run", "road", "calm")
    for asked in (
        "kind=long_run",
        "surface=road",
        "shoes=faithful",
        "tag=hills",
        "since=2026-03-15&until=2026-03-15",
    ):
        rows = server.get(f"/api/v1/activities?{asked}").json["activities"]
        assert [row["activity_id"] for row in rows] == [number], asked
        assert server.get(f"/api/v1/bests?{asked}").json["bests"][0]["activity_id"] == number, asked
        for page in ("/?", "/bests?", "/bests?length=1mi&"):
            shown = text(server, page + asked + "&sport=&year=&device=")
            assert f'/activities/{number}"' in shown, (page, asked)
            assert "track-mile.fit" not in shown, (page, asked)
    assert "Old Faithful" in text(server, "/?kind=long_run")
    assert "length=1mi&amp;kind=long_run" in text(server, "/bests?kind=long_run")
    assert server.get("/?kind=dance").status == server.get("/api/v1/bests?surface=ice").status == 422
    assert patched(server, path, {"kind": "dance"}).status == 422
    taken_back = patched(server, path, {"kind": None, "shoes": None, "tags": None, "wind": None}).json
    assert (taken_back["kind"], taken_back["shoes"], taken_back["surface"]) == (None, None, "road")


def test_two_miles_are_shown_side_by_side(server: Server) -> None:
    fast, slow = (number_of(server, file) for file in ("track-mile.fit", "run-700.fit"))
    page = text(server, f"/compare?run={fast}&run={slow}")
    assert page.index("track-mile.fit") < page.index("run-700.fit")
    assert "A led at every mark" in page
    assert f"/compare?run={slow}&amp;run={fast}" in page  # the other way round
    assert f'value="{fast}" aria-label="Compare track-mile.fit' in text(server, "/")
    assert f"/compare?run={slow}&amp;run={fast}" in text(server, f"/activities/{slow}")
    assert "Comparing takes two runs." in text(server, f"/compare?run={fast}")
    brief = Recording(START, np.arange(0.0, 60.0), distance_m=3 * np.arange(0.0, 60.0))
    short = server.send(write_fit(brief), "short.fit").json["activity_ids"][0]
    assert "One of them has no fastest mile." in text(server, f"/compare?run={fast}&run={short}")
    assert server.get(f"/compare?run={fast}&run=999").status == 404


def test_a_page_has_fifty_runs_and_the_next_one_goes_on(tmp_path: Path) -> None:
    from miler.files import find
    from miler.library.importing import Way, import_files
    from miler.settings import Settings

    write_runs(tmp_path / "runs", 53)
    with Library(tmp_path / "library.db") as library:
        list(import_files(library, find([tmp_path / "runs"]), Settings(), Way()))
        first, second = (library.list(limit=50, offset=offset) for offset in (0, 50))
        assert first + second == library.list()
        assert len(second) == 3


def test_a_run_is_shown_as_its_report_is(server: Server) -> None:
    number = number_of(server, "track-mile.fit")
    page = text(server, f"/activities/{number}")
    for words in (
        "fastest mile, elapsed clock",
        "Quarters and evenness",
        "Laps of the watch",
        "Pace over distance",
    ):
        assert words in page
    assert page.count("<main>") == page.count("</main>") == 1
    assert server.get("/activities/999").status == 404
    assert server.get("/activities/99999999999999999999").status == 422


def test_a_browser_that_asks_for_what_is_not_there_gets_a_page(server: Server) -> None:
    for path in ("/activities/999", "/nowhere"):
        answer = server.get(path, Accept="text/html,*/*;q=0.8")
        assert (answer.status, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert b"<h1>Not there</h1>" in answer.body
    problem = server.get("/api/v1/activities/999", Accept="text/html")
    assert problem.headers["content-type"] == "application/problem+json"


def test_a_run_whose_original_is_gone_is_shown_as_it_was_kept(server: Server) -> None:
    sent = server.send(small_run(1), "gone.fit").json
    (number,) = sent["activity_ids"]
    for original in server.library.parent.rglob(f"{sent['sha256']}*"):
        original.unlink()
    page = text(server, f"/activities/{number}")
    assert "Its original is gone" in page
    assert "FASTEST MILE" in page
    assert server.get(f"/api/v1/activities/{number}/original").status == 404


def test_the_original_comes_back_as_a_file_to_be_saved(server: Server) -> None:
    number = number_of(server, "phone-spike.gpx")
    answer = server.get(f"/api/v1/activities/{number}/original")
    assert answer.body == (SAMPLES / "phone-spike.gpx").read_bytes()
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox")


def test_an_original_in_an_archive_comes_back_too(server: Server, tmp_path: Path) -> None:
    data = small_run(77)
    with zipfile.ZipFile(tmp_path / "week.zip", "w") as archive:
        archive.writestr("week/run.fit", data)
    (number,) = server.send((tmp_path / "week.zip").read_bytes(), "week.zip").json["activity_ids"]
    answer = server.get(f"/api/v1/activities/{number}/original")
    assert answer.body == data
    assert "run.fit" in answer.headers["content-disposition"]


def test_excluding_a_run_changes_the_bests_and_including_it_brings_it_back(server: Server) -> None:
    number = number_of(server, "track-mile.fit")

    def best() -> int:
        return int(server.get("/api/v1/bests?length=1mi").json["bests"][0]["activity_id"])

    path = f"/api/v1/activities/{number}/exclusion"
    assert best() == number
    assert server.ask("PUT", path, token=server.token).json["excluded_m"] == [0.0]
    assert best() != number
    assert "excluded" in text(server, "/")
    assert server.ask("DELETE", path, token=server.token).json["excluded_m"] == []
    assert server.ask("PUT", f"{path}?length=1mi", token=server.token).status == 200
    assert best() != number
    assert "Excluded" in text(server, "/bests?length=1mi")
    server.ask("DELETE", path, token=server.token)
    assert best() == number
    assert server.ask("PUT", f"{path}?length=42km", token=server.token).status == 404
    assert server.ask("PUT", f"{path}?length=far", token=server.token).status == 422


def test_what_is_said_of_a_run_is_kept_and_can_be_taken_back(server: Server) -> None:
    path = f"/api/v1/activities/{number_of(server, 'treadmill.fit')}"
    kind = {"Content_Type": "application/json"}
    said = server.ask(
        "PATCH", path, b'{"title": "Rain", "tags": "hills, hills,wet"}', token=server.token, **kind
    )
    assert (said.json["title"], said.json["tags"]) == ("Rain", ["hills", "wet"])
    said = server.ask("PATCH", path, b'{"title": null}', token=server.token, **kind)
    assert (said.json["title"], said.json["tags"]) == (None, ["hills", "wet"])
    assert server.ask("PATCH", path, b'{"distance_m": 1}', token=server.token, **kind).status == 422


def test_nothing_says_where_files_lie_on_this_machine(server: Server) -> None:
    number = number_of(server, "track-mile.fit")
    paths = [*PAGES, f"/activities/{number}", f"/api/v1/activities/{number}", f"/api/v3/activities/{number}",
             "/api/v1/activities", "/api/v1/bests", "/api/v1/status", "/api/openapi.json"]  # fmt: skip
    for path in paths:
        assert str(server.library.parent) not in text(server, path), path
        assert "-originals" not in text(server, path), path


# In a real browser


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page of phone width that fails the test if a script of somebody else's runs."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    opened = context.new_page()
    wrong: list[str] = []

    def dismissed(dialog: Any) -> None:
        wrong.append(dialog.message)
        dialog.dismiss()

    opened.on("dialog", dismissed)
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda said: wrong.append(said.text) if "Content Security" in said.text else None)
    yield opened
    context.close()
    assert wrong == []


DROP = """(files) => {
    const transfer = new DataTransfer();
    for (const [name, bytes] of files) transfer.items.add(new File([new Uint8Array(bytes)], name));
    document.getElementById("drop").dispatchEvent(
        new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""


def test_a_run_is_dropped_opened_and_excluded_in_a_browser(server: Server, page: Any) -> None:
    fast = small_run(499)  # the fastest of its kind: 4.2 m/s
    page.goto(f"{server.url}/upload")
    page.evaluate(DROP, [["fast.fit", list(fast)], ["no-run.txt", list(b"no run")]])
    page.locator("#results li.failed .message", has_text="no activity file").wait_for()
    page.locator("#results li.imported").wait_for()
    assert page.locator("#sum").inner_text() == "2 of 2, 1 imported, 1 failed"
    assert page.locator("#all").evaluate("bar => bar.value") == 1
    page.locator("#results li.imported a").click()
    number = re.search(r"/activities/(\d+)$", page.url)
    assert number is not None
    page.goto(f"{server.url}/bests?length=400m&year=2025")
    place = page.locator(f'a[href="/activities/{number[1]}"]')
    assert place.count() == 1
    page.get_by_role("button", name="exclude fast.fit").click()
    page.locator("#apart").wait_for()
    assert page.locator("section[aria-labelledby=apart] td a").inner_text() == "fast.fit"
    page.goto(f"{server.url}/activities/{number[1]}")
    page.get_by_role("button", name="Let it count again").click()
    page.get_by_role("button", name="Exclude from the bests").wait_for()
    page.get_by_text("Title, kind, surface").click()
    page.get_by_label("Title").fill(PAYLOAD)
    page.get_by_label("Kind").select_option("time_trial")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.get_by_role("button", name="Save").click()
    page.locator("h1", has_text="onerror").wait_for()
    kept = server.get(f"/api/v1/activities/{number[1]}").json
    assert (kept["kind"], kept["sport"], kept["tags"]) == ("time_trial", "running", [])


def test_two_runs_are_chosen_and_compared_in_a_browser(server: Server, page: Any) -> None:
    page.goto(server.url)
    boxes, button = page.locator("form.choose input"), page.get_by_role("button", name="Compare two runs")
    boxes.nth(0).check()
    assert button.is_disabled()
    boxes.nth(1).check()
    assert boxes.nth(2).is_disabled()
    button.click()
    page.locator(".result").wait_for()
    assert page.locator(".runner").count() == 2


def test_a_pair_is_told_apart_and_a_run_unmerged_in_a_browser(server: Server, page: Any) -> None:
    mine, friends = send_day(server, 5)
    page.goto(f"{server.url}/duplicates")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0

    def article(section: str, number: int) -> Any:
        link = page.locator(f'a[href="/activities/{number}"]')
        return page.locator(f"section[aria-labelledby={section}] article", has=link)

    pair, run = article("perhaps", friends), article("same", mine)
    pair.get_by_role("button", name="They are two").click()
    pair.wait_for(state="detached")
    run.get_by_role("button", name="Unmerge").click()
    run.wait_for(state="detached")
    assert found(server, "same", mine) == found(server, "perhaps", mine) == []


def test_what_others_wrote_into_files_runs_nowhere(server: Server, page: Any) -> None:
    """N1: names of files, of activities and of devices that are markup."""
    time_s = np.arange(0.0, 600.0, 5.0)
    run = Recording(START, time_s, latitude_deg=51.5 + time_s * 3e-5, longitude_deg=0 * time_s)
    words = PAYLOAD.replace("<", "&lt;").replace('"', "&quot;")
    fields = f"<name>{words}</name><desc>{words}</desc><type>{words}</type>"
    gpx = write_gpx(run).decode().replace("<trk>", f"<trk>{fields}")
    gpx = re.sub('creator="[^"]*"', f'creator="{words}"', gpx)
    page.goto(f"{server.url}/upload")
    page.evaluate(DROP, [[f"{PAYLOAD}.gpx", list(gpx.encode())]])
    page.locator("#results li.imported a").click()
    number = page.url.rpartition("/")[2]
    assert "onerror" in page.content()
    for path in (
        "/",
        f"/activities/{number}",
        "/bests",
        "/bests?length=400m",
        "/trend?length=400m",
        f"/?shoes={quote(PAYLOAD)}",
    ):
        page.goto(server.url + path)
        assert page.locator(FOREIGN).count() == 0


@pytest.mark.parametrize("path", [*PAGES, "/activities/1"])
def test_no_page_is_wider_than_a_phone(server: Server, page: Any, path: str) -> None:
    page.goto(server.url + path)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.locator("h1").count() == 1
