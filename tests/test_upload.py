"""The script that sends files, alone and as `miler upload`, against a real server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from http.client import RemoteDisconnected
from pathlib import Path

import pytest

from devtools.serving import Server, start, stop
from devtools.small_runs import write_runs
from miler import upload
from miler.library import Library
from tests.conftest import SAMPLES, Miler

SCRIPT = Path(upload.__file__)


def send(server: Server, *arguments: object, token: str | None = None) -> int:
    """Run the script in this process."""
    to = ["--to", server.url, "--token", server.token if token is None else token, "--patience", "1"]
    return upload.main([*map(str, arguments), *to])


def test_the_script_needs_nothing_but_python(server: Server, tmp_path: Path) -> None:
    alone = shutil.copy(SCRIPT, tmp_path / "send.py")
    run = write_runs(tmp_path / "runs", 1, seed=900)[0]
    command = [sys.executable, "-I", "-S", alone, run, "--to", server.url, "--token", server.token]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "1 imported\n")
    assert ran.stdout.startswith("imported ")


def test_a_second_run_sends_nothing(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_runs(tmp_path / "runs", 3, seed=910)
    assert send(server, tmp_path) == 0
    before = server.activities()
    assert "3 imported" in capsys.readouterr().err
    assert send(server, tmp_path) == 0
    out, err = capsys.readouterr()
    assert err == "3 duplicate\n"
    assert out.count("duplicate of activity") == 3
    assert server.activities() == before


def test_each_file_has_its_line_and_a_bad_one_its_reason(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_runs(tmp_path, 1, seed=920)[0]
    (tmp_path / "copy.fit").write_bytes(run.read_bytes())
    (tmp_path / "bad.fit").write_bytes(b"nothing like a run")
    (tmp_path / "not-looked-at.txt").write_bytes(b"x")
    assert send(server, tmp_path, tmp_path / "missing.fit") == 1
    out, err = capsys.readouterr()
    endings = Counter(line.split()[0] for line in out.splitlines())
    assert endings == {"imported": 1, "duplicate": 1, "failed": 2}
    assert "bad.fit  this is no activity file" in out
    assert "missing.fit  cannot be read" in out
    assert err == "1 duplicate, 2 failed, 1 imported\n"


@pytest.mark.parametrize("api", ["strava", "intervals", "runalyze"])
def test_other_servers_are_spoken_to_in_their_own_ways(
    server: Server, tmp_path: Path, api: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_runs(tmp_path, 1, seed=hash_of(api))[0]
    assert send(server, run, "--api", api) == 0
    assert capsys.readouterr().out.startswith("imported ")
    assert send(server, run, "--api", api) == 0
    assert capsys.readouterr().out.startswith("duplicate ")
    bad = tmp_path / "bad.gpx"
    bad.write_bytes(b"nothing")
    assert send(server, bad, "--api", api) == 1


def hash_of(api: str) -> int:
    return 930 + len(api)


def test_a_wrong_token_is_said_and_not_tried_again(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert send(server, SAMPLES / "track-mile.fit", token="wrong") == 2
    assert "refuses (401)" in capsys.readouterr().err


def test_a_server_that_is_away_is_waited_for_and_then_given_up(capsys: pytest.CaptureFixture[str]) -> None:
    run = str(SAMPLES / "track-mile.fit")
    assert upload.main([run, "--to", "http://127.0.0.1:9", "--patience", "0.1"]) == 1
    assert "was not reached" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["x.fit", "--to", "ftp://x"], ["x.fit", "--api", "nonsense"]])
def test_wrong_use_is_code_two(arguments: list[str], miler: Miler) -> None:
    assert miler("upload", *arguments).code == 2


def test_an_answer_that_got_lost_is_asked_for_and_not_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Server
) -> None:
    """The file arrives, the answer does not: the script asks by hash before it sends again."""
    run = write_runs(tmp_path, 1, seed=940)[0]
    asked = upload.Server(server.url, server.token)
    sender = upload.Sender(asked, "miler", 5, sleep=lambda seconds: None)
    real, sent = asked.ask, []

    def broken(method: str, path: str, body: bytes | None, headers: dict[str, str]) -> upload.Answer:
        answer = real(method, path, body, headers)
        if "import" in path:
            sent.append(path)
            raise RemoteDisconnected("its answer is lost")
        return answer

    monkeypatch.setattr(asked, "ask", broken)
    assert sender.send_all([str(run)]) == {"duplicate": 1}
    assert len(sent) == 1
    asked.close()


def test_a_server_killed_in_the_middle_gets_every_file_once(tmp_path: Path) -> None:
    library = tmp_path / "library.db"
    runs = write_runs(tmp_path / "runs", 30, seed=950)
    server = start(library)
    command = [sys.executable, SCRIPT, tmp_path / "runs", "--to", server.url, "--token", server.token]
    with subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, text=True) as script:
        assert script.stdout is not None
        said = [script.stdout.readline() for _ in range(8)]
        server.process.kill()
        server.process.communicate()
        again = start(library, port=server.port)
        said += script.stdout.readlines()
    try:
        assert script.returncode == 0
        assert sum(line.startswith(("imported", "duplicate")) for line in said) == len(runs)
        assert again.activities() == len(runs)
        assert send(again, tmp_path / "runs") == 0
    finally:
        stop(again)
    with Library(library) as kept:
        assert len({row.file for row in kept.list()}) == len(runs)


def test_the_verb_knows_this_machines_own_token(
    server: Server, tmp_path: Path, miler: Miler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILER_LIBRARY", str(tmp_path / "library.db"))
    (tmp_path / "library-token").write_text(server.token)
    run = write_runs(tmp_path / "runs", 1, seed=960)[0]
    ran = miler("upload", run, "--to", server.url)
    assert (ran.code, ran.err) == (0, "1 imported\n")


def test_the_script_calls_itself_by_what_was_typed(miler: Miler) -> None:
    assert miler("upload", "--help").out.startswith("usage: miler upload [-h]")
    alone = subprocess.run([sys.executable, upload.__file__, "--help"], capture_output=True, text=True)
    assert alone.stdout.startswith("usage: upload.py [-h]")


def test_a_watch_is_found_whatever_its_letters(tmp_path: Path) -> None:
    wanted = [
        "media/anna/GARMIN/GARMIN/Activity",
        "run/media/anna/GARMIN/Garmin/Activities",
        "run/user/1000/gvfs/mtp:host=Garmin_x/Internal Storage/GARMIN/Activity",
        "Volumes/GARMIN/garmin/ACTIVITY",
    ]
    for folder in [*wanted, "media/anna/GARMIN/GARMIN/Monitor", "media/anna/stick/Activity"]:
        (tmp_path / folder).mkdir(parents=True)
    assert sorted(upload.devices(str(tmp_path))) == sorted(str(tmp_path / folder) for folder in wanted)


def test_what_comes_is_sent_when_it_lies_still(tmp_path: Path) -> None:
    """Each look of the watcher is a step here: nothing sleeps."""
    steps: list[float] = []

    def step(seconds: float) -> None:
        steps.append(seconds)
        grow = {1: (tmp_path / "a.fit", b"half"), 2: (tmp_path / "a.fit", b"half and half")}
        if len(steps) in grow:
            path, data = grow[len(steps)]
            path.write_bytes(data)

    (tmp_path / "old.fit").write_bytes(b"old")
    seen = upload.watched(lambda: list(upload.find([str(tmp_path)])), step, 1.0)
    assert [Path(path).name for path in next(seen)] == ["old.fit"]
    assert [Path(path).name for path in next(seen)] == ["a.fit"]
    assert len(steps) == 3


def test_a_name_cannot_move_the_cursor() -> None:
    assert upload.shown("a\x1b[2Jb\u202ec") == "a\\x1b[2Jb\\u202ec"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such thing")
def test_what_is_no_file_fails_and_is_not_waited_for(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "pipe.fit")
    assert send(server, tmp_path, "") == 1
    assert "pipe.fit  cannot be read: not a regular file" in capsys.readouterr().out


@pytest.mark.parametrize("token", ["a\nb", "\u65e5\u672c"])
def test_a_token_that_cannot_be_sent_is_wrong_use(token: str, miler: Miler) -> None:
    ran = miler("upload", "x.fit", "--token", token)
    assert (ran.code, ran.err.splitlines()[-1]) == (
        2,
        "miler upload: error: the token has signs that no token has; copy it anew",
    )


@pytest.mark.parametrize("token", ["", "\u65e5" * 20])
def test_a_token_that_is_none_opens_no_server(token: str, miler: Miler, tmp_path: Path) -> None:
    ran = miler("serve", "--port", 0, "--token", token, "--library", tmp_path / "library.db")
    assert ran.code == 2
    assert ran.err.count("\n") == 1
