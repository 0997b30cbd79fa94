"""Duplicates on the local page and in its API: the evidence, and what the runner decides."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any
from urllib.parse import quote

from devtools.doubles import Scene
from devtools.recording import Recording
from devtools.serving import Answered, Server
from devtools.writers import write_fit, write_gpx

PAYLOAD = """<img src="x" alt='y'>"""
JSON = {"Content_Type": "application/json"}


@cache
def _recorded() -> tuple[Recording, Recording]:
    scene = Scene(0)
    return scene.run, scene.friend()


def send_day(server: Server, number: int) -> tuple[int, int]:
    """Send a run in two files, and a friend's that may be the same, all of one day; return the numbers."""
    run, friend = (replace(one, start_time=one.start_time + timedelta(days=number)) for one in _recorded())
    files = (("run.fit", write_fit(run)), ("run.gpx", write_gpx(run)), ("friend.fit", write_fit(friend)))
    answers = [server.send(data, f"{quote(PAYLOAD)}{number}-{name}").json for name, data in files]
    first, second, other = [answer["activity_ids"][0] for answer in answers]
    assert first == second
    return first, other


def decide(server: Server, what: str, *numbers: int) -> Answered:
    body = json.dumps({"activity_ids": numbers}).encode()
    return server.ask("POST", f"/api/v1/{what}", body, token=server.token, **JSON)


def found(server: Server, kind: str, number: int) -> list[Any]:
    rows = server.get(f"/api/v1/duplicates?kind={kind}&limit=500").json["duplicates"]
    return [row for row in rows if any(source["activity_id"] == number for source in row["sources"])]


def test_the_api_tells_why_runs_are_one_and_which_may_be(server: Server) -> None:
    mine, friends = send_day(server, 1)
    (same,) = found(server, "same", mine)
    assert [source["leads"] for source in same["sources"]] == [True, False]
    assert same["evidence"][0]["why"] == "copies of one recording"
    (perhaps,) = found(server, "perhaps", mine)
    assert [source["activity_id"] for source in perhaps["sources"]] == [mine, friends]
    assert "heart rates differ" in perhaps["evidence"][0]["why"]
    answer = server.get("/api/v1/duplicates?limit=1&offset=500").json
    assert answer["duplicates"] == []
    assert answer["total"] >= 1


def test_what_was_merged_over_the_api_can_be_parted_again(server: Server) -> None:
    mine, friends = send_day(server, 2)
    assert decide(server, "merge", friends, mine).json == {"activity_ids": [mine]}
    assert server.get(f"/api/v1/activities/{friends}").status == 404
    assert len(found(server, "same", mine)[0]["sources"]) == 3
    parted = decide(server, "unmerge", mine).json["activity_ids"]
    assert parted[0] == mine
    assert len(parted) == 3
    assert decide(server, "unmerge", mine).json["code"] == "one_source"
    assert decide(server, "merge", mine, mine).status == 409
    assert decide(server, "merge", mine, 999).status == decide(server, "unmerge", 999).status == 404
    assert decide(server, "merge").status == 422


def test_that_two_runs_are_two_ends_the_question_and_nothing_else(server: Server) -> None:
    mine, friends = send_day(server, 3)
    assert decide(server, "unmerge", mine, friends).json == {"activity_ids": [mine, friends]}
    assert found(server, "perhaps", mine) == []
    assert len(found(server, "same", mine)[0]["sources"]) == 2


def test_only_our_own_page_decides(server: Server) -> None:
    page = re.search(r'name="miler-token" content="(\w+)"', server.get("/duplicates").body.decode())
    assert page is not None
    asked = b'{"activity_ids": [998, 999]}'
    for what in ("merge", "unmerge"):
        path = f"/api/v1/{what}"
        own = {"Origin": server.url, "Sec_Fetch_Site": "same-origin", **JSON}
        assert server.ask("POST", path, asked, **own).status == 403
        assert server.ask("POST", path, asked, X_Miler_Token=page[1], **own).status == 404
        others = {"Origin": "http://evil.example", "X_Miler_Token": page[1], **JSON}
        assert server.ask("POST", path, asked, **others).status == 403
        assert server.ask("POST", path, asked, **JSON).status == 401


def test_names_of_files_are_no_markup_on_the_pages_of_duplicates(server: Server) -> None:
    """N1, where names stand in attributes too."""
    mine, friends = send_day(server, 4)
    for path in ("/duplicates", f"/compare?run={mine}&run={friends}", "/"):
        page = server.get(path).body.decode()
        assert "<img" not in page
        assert 'src="x"' not in page
        assert "&lt;img" in page
