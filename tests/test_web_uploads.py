"""Uploads: every way in leads to the same importer, and what was answered is there."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from devtools.serving import Server, serving, start
from devtools.small_runs import small_run, write_runs
from miler.files import find
from miler.library import Library
from miler.library.importing import Way, import_files
from miler.settings import Settings
from tests.conftest import SAMPLES

TRACK_MILE = (SAMPLES / "track-mile.fit").read_bytes()


# stravalib, unmodified: constructor arguments only, and its ActivityUploader


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server whose library holds nothing but what the test sends."""
    with serving(tmp_path / "library.db") as running:
        yield running


@pytest.fixture
def strava(own_server: Server, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Strava's own client, whose session leads to our server instead of the internet."""
    requests = pytest.importorskip("requests")
    monkeypatch.setenv("SILENCE_TOKEN_WARNINGS", "true")
    stravalib = pytest.importorskip("stravalib", exc_type=ImportError)

    class Home(requests.adapters.HTTPAdapter):  # type: ignore[misc,name-defined]
        def send(self, request: Any, *arguments: Any, **options: Any) -> Any:
            request.url = request.url.replace("https://www.strava.com", own_server.url)
            return super().send(request, *arguments, **options)

    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://www.strava.com/", Home())
        yield stravalib.Client(access_token=own_server.token, requests_session=session)


@pytest.mark.filterwarnings("default")
def test_stravas_own_client_uploads_a_run_and_reads_it_back(strava: Any, own_server: Server) -> None:
    exc = pytest.importorskip("stravalib.exc")
    uploaded = strava.upload_activity(io.BytesIO(TRACK_MILE), "fit", name="Club night", external_id="my-run")
    activity = uploaded.wait(timeout=10)
    assert (activity.name, activity.sport_type.root, activity.external_id) == ("Club night", "Run", "file")
    assert activity.timezone is not None
    best = {effort.name: effort for effort in activity.best_efforts}
    kept = own_server.get(f"/api/v1/activities/{activity.id}").json["analysis"]
    mile_s = kept["fastest_mile"]["elapsed_s"]
    assert 0 <= best["1 mile"].elapsed_time - mile_s < 1  # Strava's are whole seconds, rounded up
    assert [lap.distance for lap in activity.laps] == [lap["distance_m"] for lap in kept["laps"]]
    assert len(activity.splits_metric) == len(kept["splits"]["km"])
    assert len(activity.splits_standard) == len(kept["splits"]["mile"])
    assert activity.start_date_local.hour == 18  # 17:02 UTC in a London summer
    assert [row.id for row in strava.get_activities(limit=5)] == [activity.id]
    with pytest.raises(exc.ActivityUploadFailed, match=f"duplicate of activity {activity.id}"):
        strava.upload_activity(io.BytesIO(TRACK_MILE), "fit").wait(timeout=10)


@pytest.mark.filterwarnings("default")
def test_stravas_own_client_is_told_what_is_no_run(strava: Any) -> None:
    exc = pytest.importorskip("stravalib.exc")
    with pytest.raises(exc.ActivityUploadFailed, match="no activity file"):
        strava.upload_activity(io.BytesIO(b"no run at all"), "fit").wait(timeout=10)


# curl, and the other shapes


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
@pytest.mark.parametrize(
    ("arguments", "new", "seed"),
    [
        (["-F", "file=@{file}", "-F", "data_type=fit", "{url}/api/v3/uploads"], "ready", 110),
        (["-F", "file=@{file}", "{url}/api/v1/uploads"], "imported", 111),
        (["--data-binary", "@{file}", "{url}/api/v1/import/generic?name=x.fit"], "imported", 112),
        (["-F", "file=@{file}", "{url}/api/v1/athlete/0/activities"], '"id":"', 113),
        (["-F", "file=@{file}", "{url}/api/v1/activities/uploads"], "imported", 114),
    ],
)
def test_curl_is_enough(server: Server, tmp_path: Path, arguments: list[str], new: str, seed: int) -> None:
    (tmp_path / "x.fit").write_bytes(small_run(seed))
    words = [word.format(file=tmp_path / "x.fit", url=server.url) for word in arguments]
    command = ["curl", "-sS", "-H", f"Authorization: Bearer {server.token}", *words]
    for said in (new, "duplicate of activity"):
        ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
        assert said in ran.stdout


def test_intervals_says_by_its_status_whether_anything_was_new(server: Server) -> None:
    for status in (201, 200):
        answer = server.form("/api/v1/athlete/i1/activities?name=Tempo", {"x.fit": small_run(201)})
        assert (answer.status, len(answer.json["activities"])) == (status, 1)
    assert server.get(f"/api/v1/activities/{answer.json['id']}").json["title"] == "Tempo"
    assert server.form("/api/v1/athlete/i1/activities", {"x.fit": b"no run"}).status == 422


def test_a_form_of_several_files_tells_of_each(server: Server) -> None:
    files = {
        "a.fit": small_run(210),
        "b.fit.gz": gzip.compress(small_run(211)),
        "copy.fit": small_run(210),
        "c.fit": b"x",
    }
    answer = server.form("/api/v1/uploads", files)
    endings = {row["name"]: row["ending"] for row in answer.json["results"]}
    assert endings == {
        "a.fit": "imported",
        "b.fit.gz": "imported",
        "copy.fit": "duplicate",
        "c.fit": "failed",
    }
    assert server.form("/api/v1/uploads", files).status == 200


def zipped(*runs: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number, run in enumerate(runs):
            archive.writestr(f"runs/{number}.fit", run)
    return out.getvalue()


def test_an_archive_brings_all_that_is_in_it(server: Server) -> None:
    archive = zipped(small_run(220), b"no run", small_run(221))
    answer = server.send(archive, "export.zip")
    assert (answer.status, answer.json["ending"], len(answer.json["activity_ids"])) == (201, "imported", 2)
    assert answer.json["message"].startswith("2 imported, 1 failed; export.zip/runs/1.fit: ")
    again = server.send(archive, "export.zip")
    assert again.json["activity_ids"] == answer.json["activity_ids"]
    asked = server.ask(
        "POST", "/api/v1/known", f'{{"sha256": ["{answer.json["sha256"]}"]}}'.encode(),
        token=server.token, Content_Type="application/json",
    )  # fmt: skip
    assert asked.json["known"][0]["activity_ids"] == answer.json["activity_ids"]


def test_what_was_deleted_does_not_come_back_by_itself(server: Server) -> None:
    number = server.send(small_run(230)).json["activity_ids"][0]
    assert server.ask("DELETE", f"/api/v1/activities/{number}", token=server.token).status == 204
    again = server.send(small_run(230))
    assert (again.status, again.json["ending"], again.json["code"]) == (200, "skipped", "deleted")


def test_uploads_give_what_an_import_of_the_same_folder_gives(own_server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    write_runs(folder, 4, seed=240)
    for path in SAMPLES.glob("*.*"):
        shutil.copy(path, folder)
    with Library(tmp_path / "by-folder.db") as library:
        list(import_files(library, find([folder]), Settings(), Way()))
        wanted = documents(library)
    answers = [own_server.send(path.read_bytes(), path.name) for path in sorted(folder.iterdir())]
    assert all(answer.status < 500 for answer in answers), [answer.body for answer in answers]
    with Library(own_server.library) as library:
        uploaded = documents(library)
    for row in (*wanted.values(), *uploaded.values()):
        del row["source"]["name"]  # the page's is the sender's word, the folder's a path
    assert len(wanted) >= 9
    assert uploaded == wanted


def documents(library: Library) -> dict[str, dict[str, Any]]:
    """Return the documents of all activities by the hashes of their files."""
    rows = [library.get(row.activity_id).document for row in library.list()]
    return {row["source"]["sha256"]: row for row in rows}


# Many at once, and ends that nobody chose


def test_uploads_at_once_and_an_import_beside_them_leave_each_run_once(
    server: Server, tmp_path: Path
) -> None:
    runs = [path.read_bytes() for path in write_runs(tmp_path / "uploaded", 10, seed=250)]
    write_runs(tmp_path / "imported", 20, seed=255)  # half of the uploads are among them
    command = [sys.executable, "-m", "miler.cli", "import", tmp_path / "imported", "-j", "1"]
    words = [*map(str, command), "--library", str(server.library)]
    before = server.activities()
    with (
        ThreadPoolExecutor(50) as pool,
        subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as importing,
    ):
        answers = list(pool.map(server.send, [runs[number % 10] for number in range(50)]))
        importing.communicate(timeout=60)
    assert importing.returncode == 0
    assert server.activities() == before + 25
    endings = Counter(answer.json["ending"] for answer in answers)
    assert endings.total() == endings["imported"] + endings["duplicate"]
    assert endings["imported"] <= 10
    said = {
        (answer.json["ending"], answer.json["message"], *answer.json["activity_ids"]) for answer in answers
    }
    assert all(
        m == (f"duplicate of activity {number}" if e == "duplicate" else None) for e, m, number in said
    )


def test_fifty_uploads_of_ten_runs_are_ten_activities_and_forty_duplicates(server: Server) -> None:
    runs = [small_run(300 + number % 10) for number in range(50)]
    before = server.activities()
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(server.send, runs))
    assert Counter(answer.json["ending"] for answer in answers) == {"imported": 10, "duplicate": 40}
    assert server.activities() == before + 10


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_what_was_answered_is_there_after_the_server_is_killed(tmp_path: Path) -> None:
    first = start(tmp_path / "library.db")
    files = {"a.fit": small_run(1), "b.fit": b"no run", "c.zip": zipped(small_run(2))}
    numbers = [first.form("/api/v3/uploads", {name: data}).json["id"] for name, data in files.items()]
    answered, seed = [], 10
    killer = threading.Timer(0.3, first.process.kill)
    killer.start()
    with contextlib.suppress(OSError, HTTPException):  # the connection breaks: nothing was promised
        while True:
            answered.append(first.send(small_run(seed)).json["sha256"])
            seed += 1
    killer.join()
    first.process.communicate()
    with serving(tmp_path / "library.db") as second:
        uploads = [second.get(f"/api/v3/uploads/{number}").json for number in numbers]
        assert second.get("/api/v3/uploads/1").status == 404
        assert second.send(small_run(seed)).status in (200, 201)
        assert second.activities() in (len(answered) + 3, len(answered) + 4)
    assert [upload["activity_id"] for upload in uploads] == [1, None, 2]
    assert [upload["error"] is None for upload in uploads] == [True, False, True]
    with Library(tmp_path / "library.db") as kept:
        assert set(answered) <= set(documents(kept))
    assert not list(tmp_path.rglob("*.tmp"))


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="only Linux tells whose child is whose")
def test_readers_that_die_are_replaced_and_nobody_else_is_harmed(server: Server) -> None:
    readers = descendants(server.process.pid)
    assert len(readers) >= 2
    for reader in readers:
        os.kill(reader, signal.SIGKILL)
    assert server.send(small_run(400)).status == 201
    assert server.get("/").status == 200


def descendants(process: int) -> list[int]:
    """Return the processes that a process started, and those that these started, the youngest first."""
    children: list[int] = []
    for task in Path(f"/proc/{process}/task").iterdir():
        children += map(int, (task / "children").read_text().split())
    return [*(grandchild for child in children for grandchild in descendants(child)), *children]


def test_a_library_that_is_locked_for_a_moment_is_waited_for(server: Server) -> None:
    with ThreadPoolExecutor(1) as pool:
        with Library(server.library) as other, other.writing():
            waiting = pool.submit(server.send, small_run(410))
            time.sleep(0.5)
            assert not waiting.done()
        assert waiting.result(timeout=30).status == 201


# What is no activity is not kept


def kept_copies(server: Server, data: bytes) -> list[Path]:
    return list(server.library.parent.rglob(f"{sha256(data).hexdigest()}*"))


def archive(*members: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        for name, data in members:
            made.writestr(name, data)
    return stream.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"no run",
        gzip.compress(b"no run either"),
        small_run(401)[:40],
        archive(("a.fit", b"x"), ("b.fit", b"y")),
    ],
    ids=["text", "gzip", "cut short", "archive"],
)
def test_rubbish_is_not_kept_but_known(server: Server, data: bytes) -> None:
    for _ in range(2):
        assert server.send(data, "rubbish.fit").json["code"] != "unreadable"
        assert kept_copies(server, data) == []
    digest = sha256(data).hexdigest()
    asked = f'{{"sha256": ["{digest}"]}}'.encode()
    answer = server.ask("POST", "/api/v1/known", asked, token=server.token, Content_Type="application/json")
    (known,) = answer.json["known"]
    assert known["ending"] in ("failed", "skipped")
    assert server.get(f"/api/v3/uploads/{int(digest[:13], 16)}").json["error"]


def test_the_original_of_what_gave_an_activity_stays_whatever_comes_with_it(server: Server) -> None:
    run = small_run(402)
    mixed = archive(("run.fit", small_run(403)), ("rubbish.fit", b"x"))
    (number,) = server.send(run, "run.fit").json["activity_ids"]
    assert server.send(mixed, "mixed.zip").json["ending"] == "imported"
    assert server.send(mixed, "mixed.zip").json["ending"] == "duplicate"
    server.ask("DELETE", f"/api/v1/activities/{number}", token=server.token)
    assert server.send(run, "run.fit").json["code"] == "deleted"
    assert len(kept_copies(server, run)) == len(kept_copies(server, mixed)) == 1  # to be restored


def test_rubbish_that_many_send_at_once_fails_for_each_in_the_same_way(server: Server) -> None:
    rubbish = b"the same rubbish"
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: server.send(rubbish, f"{number}.fit"), range(24)))
    assert {(answer.status, answer.json["code"]) for answer in answers} == {(422, "http_422")}
    assert (
        len({answer.json["detail"].removesuffix(" (unchanged, not read again)") for answer in answers}) == 1
    )
    assert kept_copies(server, rubbish) == []
