from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from miler.cli import INTERRUPTED, OK, SOME_FAILED, WRONG_USE, cli
from tests.conftest import Miler

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such thing")
PROGRAM = [sys.executable, "-m", "miler.cli"]
HOSTILE = "evil\n\x1b[31mred\x1b[0m\u202egnirts\u2066.fit"


@pytest.fixture
def week(tmp_path: Path, samples: Path) -> Path:
    """A folder with every sample file."""
    folder = tmp_path / "week"
    shutil.copytree(samples, folder)
    return folder


def program(
    *arguments: object, env: dict[str, str] | None = None, stdin: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    with (stdin or Path(os.devnull)).open("rb") as stream:
        return subprocess.run(
            [*PROGRAM, *map(str, arguments)],
            stdin=stream,
            capture_output=True,
            env=os.environ | (env or {}),
            timeout=120,
        )


def test_python_m_miler_is_the_same_program() -> None:
    done = subprocess.run([sys.executable, "-m", "miler", "--version"], capture_output=True, timeout=60)
    assert (done.returncode, done.stdout) == (OK, program("--version").stdout)


# The report


def test_a_file_alone_means_report(miler: Miler, samples: Path) -> None:
    short, long = miler(samples / "track-mile.fit"), miler("report", samples / "track-mile.fit")
    assert short == long
    assert short.code == OK
    assert "FASTEST MILE" in short.out
    assert short.err == ""


def test_files_folders_and_their_order_make_one_report(miler: Miler, week: Path, jobs: int) -> None:
    ran = miler(week / "treadmill.fit", week, "--jobs", jobs)
    titles = re.findall(r"^━━ (\S+)", ran.out, flags=re.MULTILINE)
    assert titles == [
        "treadmill.fit",
        "intervals.tcx.gz",
        "phone-spike.gpx",
        "road-run-pauses.fit",
        "track-mile.fit",
        "treadmill.fit",
        "truncated.fit",
    ]


@pytest.mark.parametrize("format", ["text", "json", "jsonl", "csv", "html"])
def test_one_process_and_two_write_the_same_bytes(miler: Miler, week: Path, format: str) -> None:
    one, two = (miler("report", week, "--format", format, "--jobs", jobs) for jobs in (1, 2))
    assert one == two
    assert one.code == OK
    assert one.out


def test_one_activity_is_an_object_and_several_are_an_array(miler: Miler, week: Path) -> None:
    one = json.loads(miler("report", week / "treadmill.fit", "--format", "json").out)
    assert one["source"]["name"] == "treadmill.fit"
    several = json.loads(miler("report", week, "--format", "json").out)
    assert [document["source"]["name"] for document in several] == sorted(
        path.name for path in week.iterdir() if path.suffix in (".fit", ".gpx", ".gz")
    )
    assert one in several
    two = json.loads(miler("report", week / "treadmill.fit", week / "treadmill.fit", "--format", "json").out)
    assert two == [one, one]


def test_the_shape_of_json_depends_on_what_was_asked_never_on_what_failed(
    miler: Miler, tmp_path: Path, samples: Path
) -> None:
    sound, broken = samples / "treadmill.fit", tmp_path / "folder" / "broken.fit"
    broken.parent.mkdir()
    broken.write_bytes(b"no activity")
    several = miler("report", sound, broken, "--format", "json")
    assert several.code == SOME_FAILED
    assert [document["source"]["name"] for document in json.loads(several.out)] == ["treadmill.fit"]
    assert several.err.startswith("failed broken.fit: ")
    assert miler("report", broken.parent, "--format", "json").out == "[]\n"
    broken.unlink()
    shutil.copy(sound, broken.parent)
    assert len(json.loads(miler("report", broken.parent, "--format", "json").out)) == 1
    archive = shutil.make_archive(str(tmp_path / "export"), "zip", broken.parent)
    assert isinstance(json.loads(miler("report", archive, "--format", "json").out), list)


def test_a_file_of_several_activities_is_an_array_with_its_parts(
    miler: Miler, tmp_path: Path, samples: Path
) -> None:
    one = (samples / "treadmill.fit").read_bytes()
    (tmp_path / "two.fit").write_bytes(one + one)
    documents = json.loads(miler("report", tmp_path / "two.fit", "--format", "json").out)
    assert [document["source"]["part"] for document in documents] == [1, 2]


def test_one_file_that_fails_leaves_standard_output_empty(miler: Miler, tmp_path: Path) -> None:
    ran = miler("report", tmp_path / "gone.fit", "--format", "json")
    assert (ran.code, ran.out) == (SOME_FAILED, "")
    assert ran.err.startswith("failed gone.fit: ")


def test_every_line_of_jsonl_is_a_document_in_the_order_of_the_files(
    miler: Miler, week: Path, jobs: int
) -> None:
    (week / "a.fit").write_bytes(b"\0" * 100)
    ran = miler("report", week, "--format", "jsonl", "--jobs", jobs)
    documents = [json.loads(line) for line in ran.out.splitlines()]
    assert [document["source"]["name"] for document in documents][:2] == ["a.fit", "intervals.tcx.gz"]
    assert documents[0]["error"]["code"] == "all_zero"
    assert (ran.code, ran.err) == (SOME_FAILED, "")


def test_csv_has_a_line_an_activity_and_a_column_a_length(miler: Miler, week: Path) -> None:
    ran = miler("report", week, "--format", "csv", "--effort", "1mi", "--effort", "2km")
    header, *rows = list(csv.reader(ran.out.splitlines()))
    assert header[-2:] == ["best_1_mile_s", "best_2_km_s"]
    assert len(rows) == 6
    assert {len(row) for row in rows} == {len(header)}
    assert all(float(row[-2]) > 240 for row in rows)


def test_html_is_one_page_with_all_of_them(miler: Miler, week: Path) -> None:
    page = miler("report", week, "--format", "html").out
    assert page.lower().count("<!doctype html>") == 1
    assert all(name in page for name in ("track-mile.fit", "intervals.tcx.gz"))


def test_standard_input_is_a_file_too(week: Path) -> None:
    done = program("-", "--format", "json", stdin=week / "treadmill.fit")
    assert json.loads(done.stdout)["source"]["name"] == "standard input"
    both = program("report", "-", week, "--jobs", "2", "--format", "jsonl", stdin=week / "treadmill.fit")
    documents = [json.loads(line) for line in both.stdout.splitlines()]
    assert documents[0]["source"]["sha256"] == documents[5]["source"]["sha256"]


def test_flags_change_what_is_sought(miler: Miler, samples: Path) -> None:
    arguments = ["--effort", "1km", "--effort", "440yd", "--sex", "F", "--units", "km", "--lap", "200m"]
    asked = miler(samples / "treadmill.fit", "--format", "json", *arguments, "--every-second")
    document = json.loads(asked.out)
    assert [effort["length_m"] for effort in document["efforts"]] == [402.336, 1000.0]
    assert {record["holder"] for record in document["fastest_mile"]["records"]} == {"Faith Kipyegon"}
    assert len(document["fastest_mile"]["track_laps"]) == 8
    assert document["settings"]["units"] == "km" and document["settings"]["every_second"] is True


def test_the_settings_file_and_the_environment_count(
    miler: Miler, samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.toml").write_text('units = "km"\nlap_m = 300\n')
    monkeypatch.setenv("MILER_LAP_M", "250m")
    ran = miler(samples / "treadmill.fit", "--config", tmp_path / "mine.toml", "--format", "json")
    settings = json.loads(ran.out)["settings"]
    assert (settings["units"], settings["lap_m"]) == ("km", 250.0)


# What goes where, and exit codes


def test_results_go_to_stdout_and_errors_to_stderr(miler: Miler, week: Path, jobs: int) -> None:
    (week / "a-web-page.fit").write_text("<!doctype html><title>log in</title>")
    ran = miler(week, week / "gone.fit", "--jobs", jobs)
    assert ran.code == SOME_FAILED
    assert ran.err.splitlines() == [
        "failed a-web-page.fit: this is a web page; miler reads FIT, GPX and TCX, plain or gzipped",
        "failed gone.fit: cannot be read: no such file or directory",
    ]
    assert ran.out.count("FASTEST MILE") == 6


def test_a_sound_file_that_is_no_activity_is_skipped_and_all_is_well(miler: Miler, tmp_path: Path) -> None:
    (tmp_path / "route.gpx").write_text(
        '<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">'
        '<rte><rtept lat="51.7" lon="-1.2"/><rtept lat="51.8" lon="-1.2"/></rte></gpx>'
    )
    ran = miler(tmp_path / "route.gpx")
    assert (ran.code, ran.out) == (OK, "")
    assert ran.err.startswith("skipped route.gpx: ")
    document = json.loads(miler("report", tmp_path / "route.gpx", "--format", "jsonl").out)
    assert set(document) == {"schema", "source", "skipped"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--nonsense"],
        ["report"],
        ["report", "--format", "pdf", "x.fit"],
        ["report", "--jobs", "0", "x.fit"],
        ["report", "--effort", "5", "x.fit"],
        ["report", "--lap", "1m", "x.fit"],
        ["report", "--lap", "2km", "x.fit"],
        ["report", "--config", "gone.toml", "x.fit"],
        ["report", "-o", "no-such-folder/out.txt", "x.fit"],
        ["check"],
        ["records", "--sex", "X"],
        ["records", "--country", "Atlantis"],
    ],
)
def test_wrong_use_is_code_2_with_a_reason_and_no_result(miler: Miler, arguments: list[str]) -> None:
    ran = miler(*arguments)
    assert (ran.code, ran.out) == (WRONG_USE, "")
    assert ran.err.strip()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["recrods", "--sex", "F"], "'recrods' is neither a verb nor a file; did you mean 'records'?"),
        (["forecast"], "'forecast' is neither a verb nor a file; "),
        ([""], "an empty path is no file"),
        (["check", ""], "an empty path is no file"),
        (["http://example.org/run.fit"], "download it first"),
        (["show", "run.fit"], "is no activity's number; `miler list` shows them"),
        (["plan", "5:00", "--track", "200", "--lane", "3"], "--lane is of a 400 m track"),
        (["card", ".", "-o", "x.svg"], ". is a folder; name one file"),
        (["explain", "."], ". is a folder; name one file"),
        (["records", "--event", "2 miles"], "no record of '2 miles' is in the book; it has 1 mile, 1500 m"),
    ],
)
def test_a_slip_is_answered_with_what_was_meant(miler: Miler, arguments: list[str], said: str) -> None:
    ran = miler(*arguments)
    assert (ran.code, ran.out) == (WRONG_USE, "")
    assert said in ran.err


def test_a_word_beside_a_file_that_is_there_is_a_file_that_is_not(miler: Miler, samples: Path) -> None:
    ran = miler("gone", samples / "treadmill.fit")
    assert ran.code == SOME_FAILED
    assert ran.err == "failed gone: cannot be read: no such file or directory\n"


def test_a_wrong_setting_in_the_environment_is_code_2(
    miler: Miler, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILER_GAPS", "20")
    ran = miler(samples / "treadmill.fit")
    assert ran.code == WRONG_USE
    assert ran.err == "miler: unknown setting 'gaps'; did you mean 'gap_s'?\n"


def test_a_folder_without_activities_is_wrong_use(miler: Miler, tmp_path: Path) -> None:
    for verb in ("report", "check"):
        assert miler(verb, tmp_path).code == WRONG_USE


def test_a_report_goes_to_a_file_whole(miler: Miler, week: Path, tmp_path: Path, jobs: int) -> None:
    shown = miler(week, "--jobs", jobs)
    kept = miler(week, "--jobs", jobs, "-o", tmp_path / "report.txt")
    assert (kept.code, kept.out, kept.err) == (OK, "", "")
    assert (tmp_path / "report.txt").read_text(encoding="utf-8") == shown.out


def test_an_output_that_cannot_be_written_is_said_and_not_a_crash(
    miler: Miler, samples: Path, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    ran = miler(samples / "treadmill.fit", "-o", tmp_path / "folder")
    assert ran.code == WRONG_USE
    assert "is a folder; text is one file" in ran.err


@POSIX
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_said_and_not_a_crash(samples: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*PROGRAM, str(samples / "treadmill.fit")], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == SOME_FAILED
    assert done.stderr == "miler: the report cannot be written: No space left on device\n"


@POSIX
def test_a_reader_that_has_seen_enough_is_no_failure(week: Path) -> None:
    process = subprocess.Popen([*PROGRAM, *[str(week)] * 20], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == OK


@POSIX
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_ends_everything_with_code_130_and_one_word(week: Path, jobs: str) -> None:
    # So much that the pipe is full and the program waits: it cannot be done before the signal.
    process = subprocess.Popen(
        [*PROGRAM, "report", *[str(week)] * 40, "--jobs", jobs],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED
    assert err.decode().split() == ["interrupted"]
    deadline = time.monotonic() + 30
    while True:
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        assert time.monotonic() < deadline, "a worker lives on"
        time.sleep(0.05)


def test_ctrl_c_before_the_command_line_is_there_is_one_word_too() -> None:
    impatient = (
        "import signal, sys, types; from miler.__main__ import main; come = signal.raise_signal;"
        " late = types.SimpleNamespace(find_spec=lambda *_: come(signal.SIGINT));"
        " sys.meta_path.insert(0, late); sys.exit(main())"
    )
    done = subprocess.run([sys.executable, "-c", impatient], stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (INTERRUPTED, "interrupted\n")


@POSIX
def test_who_presses_ctrl_c_twice_waits_for_no_worker_and_sees_no_traceback(week: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "miler", "report", *[str(week)] * 40, "--jobs", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    assert next(filter(bytes.strip, process.stderr)) == b"interrupted\n"
    time.sleep(0.02)  # until Python, with nothing else to do, waits for the workers
    os.killpg(process.pid, signal.SIGINT)
    try:
        assert process.communicate(timeout=30)[1] in (b"", b"interrupted\n")
    finally:
        process.kill()
    assert process.returncode in (INTERRUPTED, -signal.SIGINT)


@POSIX
def test_ctrl_c_leaves_no_half_written_file(week: Path, tmp_path: Path) -> None:
    place = tmp_path / "reports"
    place.mkdir()
    process = subprocess.Popen(
        [*PROGRAM, *[str(week)] * 500, "-o", str(place / "out.txt")], stderr=subprocess.PIPE
    )
    while not any(path.stat().st_size for path in place.iterdir()):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED
    assert list(place.iterdir()) == []


# The same everywhere


@POSIX
@pytest.mark.parametrize("format", ["text", "jsonl", "csv"])
def test_locale_time_zone_hash_seed_and_processes_change_no_byte(week: Path, format: str) -> None:
    shutil.copy(week / "treadmill.fit", week / "fußläufig-ünïcode.fit")
    usual = program("report", week, "--format", format, "--jobs", 1, env={"LC_ALL": "C.UTF-8", "TZ": "UTC"})
    odd = {
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
        "TZ": "Pacific/Apia",
        "PYTHONHASHSEED": "random",
        "COLUMNS": "40",
    }
    there = program("report", week, "--format", format, "--jobs", 2, env=odd)
    assert (there.returncode, there.stdout, there.stderr) == (OK, usual.stdout, b"")


@POSIX
@pytest.mark.parametrize("format", ["text", "json", "jsonl", "csv"])
def test_a_hostile_name_reaches_no_terminal(miler: Miler, week: Path, format: str) -> None:
    shutil.copy(week / "treadmill.fit", week / HOSTILE)
    (week / f"broken-{HOSTILE}").write_bytes(b"")
    ran = miler("report", week, "--format", format)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", ran.out + ran.err)
    assert "red" in ran.out
    if format == "jsonl":
        names = [json.loads(line)["source"]["name"] for line in ran.out.splitlines()]
        assert HOSTILE in names


@POSIX
def test_names_of_any_kind_are_read(miler: Miler, week: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["-x.fit", "n" * 251 + ".fit", " .fit", "a b;$(c).fit", "records"]
    for name in names:
        shutil.copy(week / "treadmill.fit", week / name)
    monkeypatch.chdir(week)
    for name in names:
        ran = miler("report", "--format", "json", "--", name)
        assert json.loads(ran.out)["source"]["name"] == name
    assert miler("--", "-x.fit").code == OK
    assert miler("./records").out.startswith("━━ records ")


@POSIX
def test_what_is_no_file_fails_without_hanging(miler: Miler, week: Path, jobs: int) -> None:
    os.mkfifo(week / "pipe.fit")
    (week / "loop.fit").symlink_to("loop.fit")
    (week / "folder.fit").mkdir()
    ran = miler(week, "--jobs", jobs)
    assert ran.code == SOME_FAILED
    assert sorted(line.split(":")[0] for line in ran.err.splitlines()) == [
        "failed loop.fit",
        "failed pipe.fit",
    ]
    assert ran.out.count("FASTEST MILE") == 6


# On a terminal


def on_a_terminal(*arguments: object, of: str, env: dict[str, str]) -> tuple[bytes, bytes]:
    """Run with stdout or stderr on a terminal; return what it showed, and what the other pipe got."""
    import pty

    leader, follower = pty.openpty()
    other = "stderr" if of == "stdout" else "stdout"
    process = subprocess.Popen(
        [*PROGRAM, *map(str, arguments)],
        env={name: v for name, v in os.environ.items() if name != "NO_COLOR"} | {"TERM": "xterm"} | env,
        stdin=subprocess.DEVNULL,
        **{of: follower, other: subprocess.PIPE},  # type: ignore[call-overload]
    )
    os.close(follower)
    shown = b""
    while True:
        try:
            data = os.read(leader, 4096)
        except OSError:  # Linux says so when the other end is closed
            data = b""
        if not data:
            break
        shown += data
    os.close(leader)
    piped = process.communicate(timeout=60)[0 if other == "stdout" else 1]
    assert process.returncode == OK
    return shown, piped


@POSIX
def test_text_is_coloured_on_a_terminal_unless_the_user_does_not_want_it(samples: Path) -> None:
    arguments = ("report", samples / "track-mile.fit")
    plain = program(*arguments).stdout
    coloured, _ = on_a_terminal(*arguments, of="stdout", env={"COLUMNS": "100"})
    assert b"\x1b[1;36m" in coloured
    assert re.sub(rb"\x1b\[[\d;]*m", b"", coloured).replace(b"\r\n", b"\n") == plain
    for wish in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert b"\x1b" not in on_a_terminal(*arguments, of="stdout", env=wish)[0]


@POSIX
@pytest.mark.parametrize("verb", [("check", "truncated.fit"), ("plan", "5:00"), ("records", "--splits")])
def test_lines_end_where_a_narrow_terminal_does_and_stay_whole_in_a_pipe(
    samples: Path, monkeypatch: pytest.MonkeyPatch, verb: tuple[str, str]
) -> None:
    monkeypatch.chdir(samples)
    shown, _ = on_a_terminal(*verb, of="stdout", env={"COLUMNS": "40", "NO_COLOR": "1"})
    assert max(map(len, shown.decode().splitlines())) <= 40
    assert max(map(len, program(*verb).stdout.decode().splitlines())) > 40


@POSIX
@pytest.mark.parametrize("wish", [{"TERM": "dumb"}, {"LC_ALL": "POSIX"}])
def test_a_terminal_without_unicode_gets_ascii_from_every_verb(samples: Path, wish: dict[str, str]) -> None:
    verbs = (("report", samples / "track-mile.fit"), ("records", "--progression"), ("plan", "5:00"))
    for arguments in verbs:
        shown, _ = on_a_terminal(*arguments, of="stdout", env=wish)
        assert shown.isascii() and b"\\u" not in shown


@POSIX
def test_a_bar_is_drawn_on_a_terminal_only_and_never_into_the_report(week: Path) -> None:
    plain = program("report", week)
    assert plain.stderr == b""
    bar, report = on_a_terminal("report", week, of="stderr", env={})
    assert b"reading" in bar
    assert report == plain.stdout


# The other verbs


def test_check_says_what_is_wrong_and_what_was_saved(miler: Miler, week: Path) -> None:
    (week / "empty.fit").write_bytes(b"")
    ran = miler("check", week)
    assert ran.code == SOME_FAILED
    assert "empty.fit: failed, the file is empty [empty_file]" in ran.out
    assert "truncated.fit: damaged, read as far as it goes" in ran.out
    assert ran.out.splitlines()[-1] == "5 sound, 1 damaged, 1 failed"


def test_damage_fails_a_check_only_if_asked_to_be_strict(miler: Miler, samples: Path) -> None:
    assert miler("check", samples / "truncated.fit").code == OK
    assert miler("check", "--strict", samples / "truncated.fit").code == SOME_FAILED
    assert miler("check", "--strict", samples / "treadmill.fit").code == OK


def test_the_record_book_is_shown_by_sex_surface_and_event(miler: Miler) -> None:
    ran = miler("records", "--sex", "F", "--surface", "outdoor", "--event", "1 mile")
    assert ran.code == OK
    assert "Kipyegon" in ran.out
    assert "El Guerrouj" not in ran.out
    marks = json.loads(miler("records", "--sex", "F", "--format", "json").out)
    assert {mark["sex"] for mark in marks} == {"F"}


def test_the_marks_of_a_book_stand_by_time(miler: Miler) -> None:
    out = miler("records", "--sex", "M", "--surface", "outdoor", "--event", "1 mile").out
    times = re.findall(r"^ +(3:\d\d\.\d+)", out.split("  and ")[0], flags=re.MULTILINE)
    assert len(times) > 2 and times == sorted(times)


def test_the_progression_of_the_record_ends_with_its_holder(miler: Miler) -> None:
    ran = miler("records", "--progression", "--sex", "M")
    assert ran.code == OK
    assert "El Guerrouj" in ran.out


def test_schema_prints_the_schema_of_the_documents(miler: Miler) -> None:
    ran = miler("schema")
    assert ran.code == OK
    assert json.loads(ran.out)["title"] == "miler.analysis/1"


@pytest.mark.parametrize("verb", [None, *cli.list_commands(click.Context(cli))])
def test_every_verb_has_help_that_fits_a_terminal(
    miler: Miler, verb: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ran = miler(*filter(None, [verb]), "--help")
    assert ran.code == OK
    assert max(map(len, ran.out.splitlines())) <= 80
    assert not re.search(r"[a-z]\.\.\.", ran.out), "a short help is cut off"


def test_without_a_word_miler_tells_how_it_is_used(miler: Miler) -> None:
    ran = miler()
    assert "Usage: miler" in ran.out + ran.err


# Start-up


def imported_by(code: str) -> set[str]:
    code += "\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


HEAVY = {"numpy", "fitparse", "tzfpy", "jinja2", "rich", "click"}


def test_import_miler_costs_nothing() -> None:
    assert not imported_by("import miler") & (HEAVY | {"miler.errors"})


def test_help_waits_for_click_alone() -> None:
    code = "import miler.cli\nmiler.cli.main(['--help'])"
    assert imported_by(code) & HEAVY == {"click"}


def test_who_hands_out_files_need_not_load_the_readers_first() -> None:
    code = "import miler.batch, miler.config, miler.files\nlist(miler.files.find(['.']))"
    assert not imported_by(code) & HEAVY


def test_who_puts_the_shares_of_workers_together_never_loads_them(samples: Path) -> None:
    code = f"""
if __name__ == "__main__":
    import miler.cli
    miler.cli.main(["report", {str(samples)!r}, "--jobs", "2", "--format", "jsonl"])"""
    assert imported_by(code) & HEAVY == {"click"}


def test_text_waits_for_no_template_and_no_bar(samples: Path) -> None:
    code = f"import miler.cli\nmiler.cli.main([{str(samples / 'treadmill.fit')!r}])"
    assert not imported_by(code) & {"jinja2", "rich", "multiprocessing.pool"}


@pytest.mark.parametrize("name", ["track-mile.fit", "phone-spike.gpx", "intervals.tcx.gz"])
def test_no_report_takes_the_place_of_a_recording(miler: Miler, week: Path, name: str) -> None:
    """`miler -o run.fit *.fit` is a slip of the hand, and the recording may be the only one."""
    before = (week / name).read_bytes()
    ran = miler("report", week / "truncated.fit", "-o", week / name)
    assert (ran.code, ran.out) == (WRONG_USE, "")
    assert f"{name} is no report but an original; name another file" in ran.err
    assert miler("watch", week, "--once", "--log", week / name).code == WRONG_USE
    assert (week / name).read_bytes() == before


@pytest.mark.parametrize("format", ["text", "json", "csv", "html"])
def test_a_report_takes_the_place_of_an_older_one(miler: Miler, week: Path, format: str) -> None:
    run = (week / "truncated.fit").rename(week / "a.FIT")  # the name stands where FIT's own sign would
    for _ in range(2):
        assert miler("report", run, "--format", format, "-o", week / "out").code == OK


def test_an_empty_path_is_not_imported(miler: Miler, tmp_path: Path) -> None:
    ran = miler("import", "", "--library", tmp_path / "library.db")
    assert ran.code == WRONG_USE
    assert "an empty path is no file" in ran.err


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_closed_stream_ends_no_work(week: Path, tmp_path: Path, closed: str) -> None:
    library = tmp_path / "library.db"
    verbs = ('import "$1"', "list")
    work = " && ".join(f'"$0" -m miler.cli {verb} --library "$2" {closed}' for verb in verbs)
    ran = subprocess.run(
        ["sh", "-c", work, sys.executable, week / "truncated.fit", library], capture_output=True, check=False
    )
    assert ran.returncode == OK
    assert b"Traceback" not in ran.stderr


@pytest.mark.parametrize("option", ["--delay", "--patience"])
def test_no_time_is_no_number(miler: Miler, week: Path, option: str) -> None:
    assert miler("watch", week, "--once", option, "nan").code == WRONG_USE
