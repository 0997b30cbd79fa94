from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devtools.dataset_tables import tables
from devtools.small_runs import small_run, write_runs
from miler.batch import Batch
from miler.dataset import reading
from miler.dataset.athletes import athletes
from miler.dataset.compacting import compact
from miler.dataset.importing import import_into
from miler.dataset.manifests import FOLDER, Manifest, counting, done
from miler.dataset.ranking import Candidate, fastest
from miler.dataset.reading import Dataset
from miler.dataset.schema import TABLES, arrow_schema
from miler.dataset.storage import Storage
from miler.dataset.writing import BatchDone, write
from miler.errors import CorruptFile, MilerError, SettingsError
from miler.files import Found, find, load
from miler.library.tables import ACTIVITY, RESULTS
from miler.outcome import Outcome, failed, process
from miler.settings import Settings
from miler.units import MILE_M
from tests.conftest import SAMPLES, Miler

pyarrow = pytest.importorskip("pyarrow", reason="no pyarrow here: make test installs it")

Argument = TypeVar("Argument")
Result = TypeVar("Result")
Rows = dict[str, list[dict[str, Any]]]


class Killed(BaseException):
    """What the process that does the work does not survive."""


class Here:
    """An engine that works in this process, which a `Killed` is held not to end."""

    deaths: tuple[type[BaseException], ...] = (Killed,)
    tries = 2
    chunk = 4
    jobs = 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, task: Callable[[Argument], Result], argument: Argument) -> Future[Result]:
        own: Future[Result] = Future()
        try:
            own.set_result(task(argument))
        except BaseException as error:
            own.set_exception(error)
        return own

    alone = submit


class Dying(Storage):
    """A storage whose process is killed when it is to write once more than so often."""

    def __init__(self, root: Path, writes: int) -> None:
        super().__init__(root)
        self.writes = writes

    def put(self, name: str, data: bytes) -> None:
        if self.writes == 0:
            raise Killed
        self.writes -= 1
        super().put(name, data)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Found, Outcome]]:
    """Six files of two athletes and how they ended: runs of two years, an undated one, broken ones."""
    folder = tmp_path_factory.mktemp("runs")
    paths = [*write_runs(folder / "anna", 2), *write_runs(folder / "bob", 1, seed=400)]
    done = [process(Found(str(path), path.name), Settings()) for path in paths]
    undated = process(Found(str(SAMPLES / "treadmill.fit"), "treadmill.fit"), Settings())
    (run,) = undated.analyses
    without = replace(run, summary=replace(run.summary, start_time=None))
    done.append(replace(undated, analyses=(without,)))
    done += [
        failed(Found("", name), CorruptFile("nothing is left", code="empty")) for name in ("x.fit", "y.fit")
    ]
    names = ["anna", "anna", "bob", "bob", "anna", "bob"]
    return [
        (Found(f"/runs/{i}.fit", outcome.source.name, size_bytes=1000, mtime_ns=i, athlete=name), outcome)
        for i, (name, outcome) in enumerate(zip(names, done, strict=True))
    ]


def put(
    some: Sequence[tuple[Found, Outcome]], storage: Storage, run: int = 1, made_with: str = ""
) -> BatchDone:
    batch = Batch(tuple(found for found, _ in some), made_with)
    return write(batch, [outcome for _, outcome in some], storage, run)


def rows_in(root: Path) -> Rows:
    """Every row that counts, in an order of its own."""
    dataset = Dataset(root, create=True)
    return {name: sorted(dataset.table(name).to_pylist(), key=repr) for name in TABLES}


def imported(root: Path, folder: Path, rule: str | None = "folder", **options: Any) -> list[BatchDone]:
    own = athletes(rule, options.pop("base", Settings()), load)
    return list(import_into(root, find([folder]), own, options.pop("engine", Here()), **options))


def counted(done: Sequence[BatchDone]) -> int:
    return sum(sum(batch.counts.values()) for batch in done)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Two athletes' runs, a folder each."""
    write_runs(tmp_path / "in" / "anna", 2)
    write_runs(tmp_path / "in" / "bob", 2, seed=50)
    return tmp_path / "in"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, outcomes: list[tuple[Found, Outcome]]) -> Rows:
    root = tmp_path_factory.mktemp("whole")
    put(outcomes, Storage(root))
    return rows_in(root)


@given(order=st.permutations(range(6)), cuts=st.sets(st.integers(1, 5)))
@settings(max_examples=10)
def test_any_order_and_cutting_of_batches_gives_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory,
    outcomes: list[tuple[Found, Outcome]],
    whole: Rows,
    order: list[int],
    cuts: set[int],
) -> None:
    root = tmp_path_factory.mktemp("cut")
    ends = [0, *sorted(cuts), len(order)]
    for begin, end in pairwise(ends):
        put([outcomes[i] for i in order[begin:end]], Storage(root))
    assert rows_in(root) == whole


def test_a_kill_between_any_two_writes_leaves_nothing_that_is_read(
    tmp_path: Path, outcomes: list[tuple[Found, Outcome]], whole: Rows
) -> None:
    first, then = outcomes[:1], outcomes[1:]
    kept = tmp_path / "kept"
    put(first, Storage(kept))
    before = rows_in(kept)
    for writes in range(100):
        try:
            put(then, Dying(kept, writes))
        except Killed:
            assert rows_in(kept) == before
        else:
            break
    assert writes > 5  # parts and a manifest
    assert rows_in(kept) == whole


def test_parts_that_a_kill_left_do_no_harm_when_files_are_cut_otherwise_the_next_time(
    tmp_path: Path, outcomes: list[tuple[Found, Outcome]], whole: Rows
) -> None:
    with pytest.raises(Killed):
        put(outcomes, Dying(tmp_path, 4))
    put(outcomes[:3], Storage(tmp_path), run=2)
    put(outcomes[3:], Storage(tmp_path), run=2)
    assert rows_in(tmp_path) == whole


def test_a_batch_that_two_workers_write_is_there_once(
    tmp_path: Path, outcomes: list[tuple[Found, Outcome]], whole: Rows
) -> None:
    put(outcomes, Storage(tmp_path))
    put(outcomes, Storage(tmp_path))
    put(outcomes[2:5], Storage(tmp_path))  # by one that was held dead, cut otherwise
    assert rows_in(tmp_path) == whole


def test_a_file_that_is_listed_twice_counts_once(
    tmp_path: Path, outcomes: list[tuple[Found, Outcome]], whole: Rows
) -> None:
    done = put([*outcomes, *outcomes[:2]], Storage(tmp_path))
    assert sum(done.counts.values()) == len(outcomes)
    assert rows_in(tmp_path) == whole


def test_a_second_run_reads_nothing(tmp_path: Path, runs: Path) -> None:
    assert counted(imported(tmp_path / "out", runs)) == 4
    before = rows_in(tmp_path / "out")
    assert imported(tmp_path / "out", runs) == []
    assert rows_in(tmp_path / "out") == before


def test_a_second_run_reads_what_is_new_and_what_changed(tmp_path: Path, runs: Path) -> None:
    imported(tmp_path / "out", runs)
    changed = next(runs.glob("anna/*"))
    changed.write_bytes(small_run(300))
    write_runs(runs / "carl", 1, seed=90)
    assert counted(imported(tmp_path / "out", runs)) == 2
    imported(tmp_path / "anew", runs)
    assert rows_in(tmp_path / "out") == rows_in(tmp_path / "anew")
    assert imported(tmp_path / "out", runs) == []


def test_a_file_that_is_put_back_as_it_was_counts_as_it_is(tmp_path: Path, runs: Path) -> None:
    path = next(runs.glob("anna/*"))
    old, status = path.read_bytes(), path.stat()
    imported(tmp_path / "out", runs)
    before = rows_in(tmp_path / "out")
    path.write_bytes(small_run(300) + b"longer")
    imported(tmp_path / "out", runs)
    assert rows_in(tmp_path / "out") != before
    path.write_bytes(old)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    imported(tmp_path / "out", runs)
    assert rows_in(tmp_path / "out") == before


def test_other_settings_of_an_athlete_are_a_reason_to_read_their_files_again(
    tmp_path: Path, runs: Path
) -> None:
    imported(tmp_path / "out", runs)
    (runs / "anna" / "athlete.toml").write_text('sex = "F"\nbirth_year = 1960\n')
    assert counted(imported(tmp_path / "out", runs)) == 2
    grades = {
        row["athlete"]: (row["age"], row["age_grade_percent"] is not None)
        for row in rows_in(tmp_path / "out")["activities"]
    }
    assert grades == {"anna": (64, True), "bob": (None, False)}


_READING = st.tuples(st.integers(0, 5), st.integers(0, 9), st.sampled_from(["", "", "corrupt", "unreadable"]))


@given(st.lists(st.lists(_READING, min_size=1, max_size=4, unique_by=lambda reading: reading[0]), max_size=6))
def test_of_any_history_the_last_reading_of_each_file_counts_and_is_not_done_again(
    history: list[list[tuple[int, int, str]]],
) -> None:
    written = [
        Manifest(
            str(number),
            number,
            (),
            np.array([file for file, *_ in readings]),
            np.array([10 * file + version for file, version, _ in readings]),
            {10 * file + version: code for file, version, code in readings if code},
        )
        for number, readings in enumerate(history)
    ]
    last: dict[int, tuple[int, int, str]] = {}
    for number, readings in enumerate(history):
        for file, version, code in readings:
            if code != "unreadable" or last.get(file, (0, 0, code))[2] == "unreadable":
                last[file] = number, version, code
    counted = [
        (number, int(file))
        for number, (manifest, counts) in enumerate(zip(written, counting(written), strict=True))
        for file in manifest.file_ids[counts]
    ]
    assert sorted(counted) == sorted((number, file) for file, (number, *_) in last.items())
    for retry in (False, True):
        again = ("corrupt", "unreadable") if retry else ("unreadable",)
        expected = [10 * file + version for file, (_, version, code) in last.items() if code not in again]
        assert done(written, retry=retry).tolist() == sorted(expected)


@pytest.fixture
def in_pieces(tmp_path: Path, outcomes: list[tuple[Found, Outcome]]) -> Path:
    """A dataset of many small parts, with a file that was read twice and what a kill left."""
    root = tmp_path / "pieces"
    for number, one in enumerate(outcomes):
        put([one], Storage(root), run=number % 3)
    put([(replace(outcomes[0][0], mtime_ns=9), outcomes[1][1])], Storage(root), run=5)
    with pytest.raises(Killed):
        put(outcomes, Dying(root, 3), run=5)
    return root


def test_a_compacted_dataset_has_the_same_rows_in_fewer_parts_and_knows_the_same_files(
    in_pieces: Path, miler: Miler
) -> None:
    before, done = rows_in(in_pieces), Dataset(in_pieces).done(retry=True).tolist()
    best = Dataset(in_pieces).best(MILE_M)
    assert miler("dataset", "compact", in_pieces).code == 0
    assert rows_in(in_pieces) == before
    assert Dataset(in_pieces).done(retry=True).tolist() == done
    assert Dataset(in_pieces).best(MILE_M) == best
    assert None in [effort.start_local for effort in best]
    parts = [path.relative_to(in_pieces).parent for path in in_pieces.rglob("*.parquet")]
    assert len(set(parts)) == len(parts)
    (manifest,) = (in_pieces / FOLDER).iterdir()
    assert miler("dataset", "compact", in_pieces).code == 0
    assert [*(in_pieces / FOLDER).iterdir()] == [manifest]
    assert rows_in(in_pieces) == before


class Stopping(Storage):
    """A storage whose process is killed when it is to write or delete once more than so often."""

    left = 0

    def put(self, name: str, data: bytes) -> None:
        self.step()
        super().put(name, data)

    def delete(self, name: str) -> None:
        self.step()
        super().delete(name)

    def step(self) -> None:
        if Stopping.left == 0:
            raise Killed
        Stopping.left -= 1


def test_a_kill_at_any_step_of_compacting_leaves_the_same_rows(
    in_pieces: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows_in(in_pieces)
    monkeypatch.setattr(reading, "Storage", Stopping)
    steps = 0
    while True:
        Stopping.left = steps
        try:
            compact(in_pieces)
        except Killed:
            steps += 7
        else:
            break
        finally:
            assert rows_in(in_pieces) == before
    assert steps > 14


class Victim(Here):
    """An engine whose process is killed by files of one name, however often it tries."""

    def submit(self, task: Callable[[Argument], Result], argument: Argument) -> Future[Result]:
        if isinstance(argument, Batch) and any("0050" in found.name for found in argument.files):
            own: Future[Result] = Future()
            own.set_exception(Killed())
            return own
        return super().submit(task, argument)

    alone = submit


def test_a_file_that_kills_its_reader_is_a_failure_by_name_and_tried_again_only_when_asked(
    tmp_path: Path, runs: Path
) -> None:
    imported(tmp_path / "out", runs, engine=Victim())
    rows = rows_in(tmp_path / "out")
    assert [(row["file"], row["outcome"], row["code"]) for row in rows["failures"]] == [
        ("bob/run-0050.fit", "failed", "worker_died")
    ]
    assert len(rows["activities"]) == 3
    assert imported(tmp_path / "out", runs, engine=Victim()) == []
    assert counted(imported(tmp_path / "out", runs, retry=True)) == 1
    rows = rows_in(tmp_path / "out")
    assert (len(rows["activities"]), rows["failures"]) == (4, [])


def test_a_file_that_the_system_refused_is_read_the_next_time(tmp_path: Path, runs: Path) -> None:
    gone = [Found(str(runs / "gone.fit"), "gone.fit")]
    everybody = athletes(None, Settings(), load)
    for _ in range(2):
        (done,) = import_into(tmp_path / "out", gone, everybody, Here())
        assert [name for name, _ in done.failures] == ["gone.fit"]
    assert len(rows_in(tmp_path / "out")["failures"]) == 1


def test_a_file_that_cannot_be_read_now_keeps_the_rows_it_had(tmp_path: Path, runs: Path) -> None:
    (path,) = runs.glob("anna/run-0000.fit")
    everybody = athletes(None, Settings(), load)
    list(import_into(tmp_path / "out", find([path]), everybody, Here()))
    before = rows_in(tmp_path / "out")
    data = path.read_bytes()
    path.unlink()
    (done,) = import_into(tmp_path / "out", find([path]), everybody, Here())
    assert done.counts == {"failed": 1}
    assert rows_in(tmp_path / "out") == before
    path.write_bytes(data + b"changed")
    assert counted(list(import_into(tmp_path / "out", find([path]), everybody, Here()))) == 1
    assert rows_in(tmp_path / "out") != before


def test_what_is_no_activity_is_a_row_of_the_skipped(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "route.gpx").write_text(
        '<gpx version="1.1"><rte><rtept lat="1" lon="2"/><rtept lat="1" lon="3"/></rte></gpx>'
    )
    imported(tmp_path / "out", tmp_path / "in")
    (row,) = rows_in(tmp_path / "out")["failures"]
    assert (row["outcome"], row["athlete"], row["year"]) == ("skipped", "unknown", None)
    assert imported(tmp_path / "out", tmp_path / "in") == []


def test_rows_have_the_words_and_the_digits_of_the_library_and_of_json() -> None:
    for table, ours in RESULTS.items():
        if table not in ("documents", "scores"):
            assert set(ours) <= {column.name for column in TABLES[table]}
    assert {*ACTIVITY, *RESULTS["scores"]} <= {column.name for column in TABLES["activities"]}


def test_a_row_has_what_the_report_says(tmp_path: Path, miler: Miler) -> None:
    sample = SAMPLES / "track-mile.fit"
    imported(tmp_path, sample, rule=None)
    (told,) = json.loads(f"[{miler('report', sample, '--format', 'json').out}]")
    (row,) = rows_in(tmp_path)["activities"]
    assert row["mile_s"] == told["fastest_mile"]["elapsed_s"]
    assert row["evenness"] == told["fastest_mile"]["evenness"]["score"]
    assert row["distance_m"] == told["activity"]["distance_m"]
    assert json.loads(row["settings"]) == told["settings"]
    efforts = {row["length_m"]: row["elapsed_s"] for row in rows_in(tmp_path)["efforts"]}
    assert efforts == {e["length_m"]: e["elapsed_s"] for e in told["efforts"] if e["plausible"]}


LONG = "Екатерина Александровна Константинопольская-Преображенская"


def test_a_folder_whose_name_is_not_utf_8_is_an_athlete_too(
    tmp_path: Path, outcomes: list[tuple[Found, Outcome]]
) -> None:
    found, outcome = outcomes[0]
    told = athletes("folder", Settings(), no_file)
    known = told.assigned(replace(found, name="\udcff/run.fit"))
    put([(known, outcome)], Storage(tmp_path))
    assert {row["athlete"] for row in rows_in(tmp_path)["activities"]} == {"\\udcff"}


@pytest.mark.parametrize("name", ["../up", "a/b", "x=y", "50%41", "..", "'; drop", "tab\t", "a.", LONG])
def test_any_name_of_an_athlete_comes_back_as_it_was(
    tmp_path: Path, outcomes: list[tuple[Found, Outcome]], name: str
) -> None:
    found, outcome = outcomes[0]
    put([(replace(found, athlete=name), outcome)], Storage(tmp_path / "here"))
    assert {row["athlete"] for row in rows_in(tmp_path / "here")["efforts"]} == {name}
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


@pytest.mark.parametrize(
    ("rule", "name", "athlete"),
    [
        (None, "anna/run.fit", "unknown"),
        ("folder", "anna/2026/run.fit", "anna"),
        ("folder", "run.fit", "unknown"),
        ("{athlete}_*.fit", "anna_2026-05-09.fit", "anna"),
        ("{athlete}_*.fit", "2026/anna_1.fit", "unknown"),
        ("**/{athlete}_*.fit", "2026/05/anna_1.fit", "anna"),
        ("**/{athlete}_*.fit", "anna_1.fit", "anna"),
        ("team-?/{athlete}/**", "team-a/bob/2026/run.fit", "bob"),
        ("team-?/{athlete}/**", "team-ab/bob/run.fit", "unknown"),
    ],
)
def test_whose_a_file_is_is_told_by_its_name(rule: str | None, name: str, athlete: str) -> None:
    assert athletes(rule, Settings(), no_file).assigned(Found(f"/in/{name}", name)).athlete == athlete


def no_file(path: str) -> bytes:
    raise FileNotFoundError(path)


def told_by(table: str, **files: str) -> Callable[[str], bytes]:
    there = {"/team/who.csv": table, **{f"/team/{name}.toml": text for name, text in files.items()}}
    return lambda path: there[path].encode() if path in there else no_file(path)


def test_a_table_says_whose_files_are_whose_and_how_they_are_read() -> None:
    table = "files,athlete,settings\nA-17,Anna,anna.toml\nA-17/guests,Gus,\n*.gpx,Bob,\nB/*/run-?.fit,Bea,\n"
    team = athletes("/team/who.csv", Settings(sex="M"), told_by(table, anna='sex = "F"\nlane = 2'))
    names = ["A-17/1.fit", "A-17/2026/2.gpx", "A-17/guests/3.fit", "4.gpx", "B/2026/run-5.fit", "B/6.fit"]
    found = [team.assigned(Found(f"/in/{name}", name)) for name in names]
    assert [one.athlete for one in found] == ["Anna", "Anna", "Gus", "Bob", "Bea", "unknown"]
    assert (team.settings("Anna").sex, team.settings("Anna").lane) == ("F", 2)
    assert team.settings("Bea") == Settings(sex="M")


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("who,what\n", "first line must be files,athlete,settings"),
        ("files,athlete,settings\n,Anna,\n", "line 2: files and athlete must not be empty"),
        ("files,athlete,settings\nA,Anna,gone.toml\n", "there is no settings file /team/gone.toml"),
        ("files,athlete,settings\nA,Anna,odd.toml\n", "unknown setting 'sexx'; did you mean 'sex'?"),
        ("files,athlete,settings\nA,Anna,broken.toml\n", "broken.toml is not TOML"),
        ("files,athlete,settings\nA,Anna,book.toml\n", "book.toml: "),
        ("files,athlete,settings\nA,Anna,\nB,Anna,odd.toml\n", "line 3: Anna has two files of settings"),
    ],
)
def test_a_table_that_is_wrong_is_refused_by_name_and_line(table: str, says: str) -> None:
    with pytest.raises(SettingsError, match="/team/") as refused:
        athletes(
            "/team/who.csv",
            Settings(),
            told_by(table, odd="sexx = 1", broken="=", book="own_records = 'x = 1'"),
        ).assigned(Found("/in/A/1.fit", "A/1.fit"))
    assert says in refused.value.message


def test_the_best_of_each_athlete_is_a_line_each(tmp_path: Path, runs: Path, miler: Miler) -> None:
    (runs / "bob" / "athlete.toml").write_text('sex = "M"\nbirth_year = 1970\n')
    imported(tmp_path / "out", runs)
    asked = ["best", "1mi", "--dataset", tmp_path / "out"]
    everybody = miler(*asked, "--per-athlete")
    assert everybody.code == 0
    title, first, second = everybody.out.splitlines()
    assert title.startswith("BEST 1 MILE  elapsed clock")
    assert "bob" in first and "bob/run-0051.fit  age grade" in first  # the faster of his two
    assert "anna" in second and "age grade" not in second
    assert len(miler(*asked).out.splitlines()) == 5
    assert len(miler(*asked, "--athlete", "anna").out.splitlines()) == 3
    assert "none" in miler(*asked, "--year", "1999").out
    rows = json.loads(miler(*asked, "--athlete", "bob", "--limit", "1", "--format", "json").out)
    assert [(row["athlete"], row["length_m"], row["start_local"]) for row in rows] == [
        ("bob", MILE_M, "2024-04-22T07:30:00")
    ]


def test_two_recordings_of_one_start_are_one_run(tmp_path: Path, runs: Path) -> None:
    (runs / "anna" / "copy.fit").write_bytes((runs / "anna" / "run-0000.fit").read_bytes())
    (runs / "bob" / "paced.fit").write_bytes((runs / "anna" / "run-0000.fit").read_bytes())
    imported(tmp_path / "out", runs)
    assert [best.athlete for best in Dataset(tmp_path / "out").best(MILE_M)].count("anna") == 2
    assert len(Dataset(tmp_path / "out").best(MILE_M)) == 5


_EFFORTS = st.lists(st.tuples(st.integers(0, 9), st.none() | st.integers(0, 3)), min_size=1, max_size=3)


@given(
    parts=st.lists(st.tuples(st.sampled_from("abc"), _EFFORTS, st.integers(0, 2)), max_size=40),
    per_athlete=st.booleans(),
    limit=st.none() | st.integers(1, 5),
)
def test_parts_that_are_not_read_would_not_have_changed_the_answer(
    parts: list[tuple[str, list[tuple[int, int | None]], int]], per_athlete: bool, limit: int | None
) -> None:
    every = [
        (float(elapsed_s), start, athlete, number, at)
        for number, (athlete, efforts, _) in enumerate(parts)
        for at, (elapsed_s, start) in enumerate(efforts)
    ]
    leading: dict[object, tuple[float, int | None, str, int, int]] = {}
    for effort in sorted(every, key=lambda e: (e[0], e[1] is None, e[1] or 0, *e[2:])):
        run = effort[2] if per_athlete else effort[1:3] if effort[1] is not None else effort
        leading.setdefault(run, effort)

    def read(numbers: list[int]) -> Any:
        rows = [effort for effort in every if effort[3] in numbers]
        columns = zip(*rows, strict=True) if rows else [[]] * 5
        types = (
            pyarrow.float64(),
            pyarrow.timestamp("us", "UTC"),
            pyarrow.string(),
            pyarrow.int64(),
            pyarrow.int64(),
        )
        names = ("elapsed_s", "start_time", "athlete", "file_id", "part")
        return pyarrow.table(
            {
                name: pyarrow.array(list(column), kind)
                for name, column, kind in zip(names, columns, types, strict=True)
            }
        )

    candidates = [
        Candidate(min(elapsed_s for elapsed_s, _ in efforts) - early, athlete, number)
        for number, (athlete, efforts, early) in enumerate(parts)
    ]
    found = fastest(candidates, read, per_athlete=per_athlete, limit=limit)
    expected = list(leading.values())[:limit]
    assert list(zip(found["file_id"].to_pylist(), found["part"].to_pylist(), strict=True)) == [
        e[3:] for e in expected
    ]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "needs a DISTANCE"),
        (("1mi", "--by", "year"), "not by by"),
        (("1mi", "--surface", "track"), "not by surface"),
        (("1mi", "--clock", "timer"), "not by clock"),
    ],
)
def test_what_only_a_library_can_be_asked_is_refused(
    tmp_path: Path, miler: Miler, options: tuple[str, ...], says: str
) -> None:
    ran = miler("best", *options, "--dataset", tmp_path)
    assert ran.code == 2
    assert says in " ".join(ran.err.split())


def test_a_folder_without_a_dataset_and_a_newer_one_are_refused(tmp_path: Path, miler: Miler) -> None:
    ran = miler("best", "1mi", "--dataset", tmp_path)
    assert (ran.code, ran.out) == (1, "")
    assert "there is no dataset in" in ran.err
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "x.json").write_text('{"schema": "miler.dataset/2"}')
    with pytest.raises(MilerError, match="upgrade miler"):
        Dataset(tmp_path)


def test_the_command_that_imports_says_what_became_of_the_files(
    tmp_path: Path, runs: Path, miler: Miler
) -> None:
    (runs / "bob" / "broken.fit").write_bytes(b"nothing")
    command = ["import", runs, "--dataset", tmp_path / "out", "--athletes", "folder", "--jobs", "1"]
    ran = miler(*command)
    assert ran.code == 1
    assert "failed bob/broken.fit: this is no activity file" in ran.err
    assert "4 imported, 1 failed" in ran.err
    ran = miler(*command)
    assert (ran.code, ran.err) == (0, "nothing is missing\n")


def test_an_athlete_is_not_asked_of_a_library(miler: Miler) -> None:
    assert "a library is of one runner" in miler("best", "1mi", "--athlete", "anna").err


def test_other_programs_read_the_parts_with_their_folders(
    tmp_path: Path, outcomes: list[tuple[Found, Outcome]], whole: Rows
) -> None:
    duckdb = pytest.importorskip("duckdb", reason="no duckdb here")
    put(outcomes, Storage(tmp_path))
    found = duckdb.sql(
        f"SELECT athlete, year, count(*) FROM read_parquet('{tmp_path}/activities/**/*.parquet') GROUP BY ALL"
    ).fetchall()
    ours = [(row["athlete"], row["year"]) for row in whole["activities"]]
    assert {(athlete, year): count for athlete, year, count in found} == {
        key: ours.count(key) for key in ours
    }


def test_every_column_has_a_type_of_arrow() -> None:
    for table, columns in TABLES.items():
        assert arrow_schema(table).names == [column.name for column in columns]
        assert arrow_schema(table, partitioned=True).names[:2] == ["athlete", "year"]


def test_the_documented_tables_are_those_that_are_written() -> None:
    told = (SAMPLES.parent / "docs" / "dataset.md").read_text(encoding="utf-8")
    for name, table in tables().items():
        assert table in told, f"`python -m devtools.dataset_tables` has {name} as it is now"
