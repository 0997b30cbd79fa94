"""Paths of other file systems, read from an S3 of the tests' own on the loopback."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from miler import remote
from miler.batch import Batch, batches, file_key
from miler.dataset.athletes import athletes
from miler.dataset.reading import Dataset
from miler.dataset.storage import Storage
from miler.dataset.writing import write
from miler.files import Found, find, is_folder, load
from miler.outcome import process
from miler.settings import Settings
from miler.units import MILE_M
from tests.conftest import SAMPLES, Miler

RUNS = ("ann/treadmill.fit", "ann/2026/road-run-pauses.fit", "bob/track-mile.fit")


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    """A client of a server that has one bucket, `runs`."""
    moto = pytest.importorskip("moto.server", reason="no moto here: miler[s3-tests] brings it")
    s3fs = pytest.importorskip("s3fs", reason="no s3fs here: miler[s3-tests] brings it")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "of-the-tests")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-tests")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        client = s3fs.S3FileSystem(use_listings_cache=False)
        client.mkdir("runs")
        for key in RUNS:
            client.pipe_file(f"runs/{key}", (SAMPLES / Path(key).name).read_bytes())
        client.pipe_file("runs/bob/notes.txt", b"no activity")
        client.pipe_file("runs/.trash/a.fit", b"hidden")
        yield client
    server.stop()


def test_a_bucket_gives_its_activity_files_in_order_with_size_and_time(s3: Any) -> None:
    files = list(find(["s3://runs"]))
    assert [found.name for found in files] == list(RUNS)
    assert [found.path for found in files] == [f"s3://runs/{key}" for key in RUNS]
    assert files[0].size_bytes == (SAMPLES / "treadmill.fit").stat().st_size
    assert files[0].mtime_ns


def test_a_folder_of_a_bucket_is_searched_like_a_folder(s3: Any) -> None:
    assert [found.name for found in find(["s3://runs/ann/"])] == [
        "treadmill.fit",
        "2026/road-run-pauses.fit",
    ]
    assert is_folder("s3://runs/ann")
    assert not is_folder(f"s3://runs/{RUNS[0]}")


def test_a_file_of_a_bucket_has_the_same_bytes_and_results_as_the_file(s3: Any, samples: Path) -> None:
    (there,) = (process(found, Settings()) for found in find(["s3://runs/bob/track-mile.fit"]))
    (here,) = (process(found, Settings()) for found in find([samples / "track-mile.fit"]))
    assert there.source == here.source
    assert there.analyses[0].mile == here.analyses[0].mile


def test_an_object_is_known_by_the_same_key_however_it_was_listed_and_by_another_when_it_changed(
    s3: Any,
) -> None:
    def key(path: str) -> int:
        (batch,) = batches(find([path]))
        return file_key(batch.files[-1])

    s3.pipe_file("runs/cy/a.fit", b"one")
    known = key("s3://runs/cy")
    assert key("s3://runs/cy/a.fit") == known
    s3.pipe_file("runs/cy/a.fit", b"two, longer")
    assert key("s3://runs/cy") != known
    s3.rm_file("runs/cy/a.fit")


def test_an_archive_in_a_bucket_is_read_by_its_members(s3: Any, samples: Path) -> None:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(samples / "treadmill.fit", "activities/1.fit")
        archive.write(samples / "track-mile.fit", "activities/2.fit")
    s3.mkdir("zipped")
    s3.pipe_file("zipped/export.zip", packed.getvalue())
    files = list(find(["s3://zipped"]))
    assert [found.name for found in files] == [
        "export.zip/activities/1.fit",
        "export.zip/activities/2.fit",
    ]
    assert [process(found, Settings()).kind for found in files] == ["done", "done"]


def test_a_file_that_is_not_there_has_failed_with_the_reason_of_any_other(s3: Any) -> None:
    (outcome,) = (process(found, Settings()) for found in find(["s3://runs/gone.fit"]))
    assert outcome.error is not None
    assert outcome.error.message == "cannot be read: no such file or directory"


def test_an_object_larger_than_any_activity_is_not_fetched(s3: Any) -> None:
    outcome = process(Found(f"s3://runs/{RUNS[0]}", "large.fit", size_bytes=2**40, mtime_ns=0), Settings())
    assert outcome.error is not None
    assert outcome.error.code == "too_large"


def test_the_report_of_a_bucket_is_that_of_the_folder(s3: Any, miler: Miler, tmp_path: Path) -> None:
    for key in RUNS:
        (tmp_path / key).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / key).write_bytes((SAMPLES / Path(key).name).read_bytes())
    there, here = (miler("report", path, "--format", "json") for path in ("s3://runs/", tmp_path))
    assert here.code == there.code == 0
    assert here.out.count("sha256") == 3
    assert there.out == here.out


def test_a_library_knows_what_it_imported_from_a_bucket(s3: Any, miler: Miler, tmp_path: Path) -> None:
    library = ("--library", tmp_path / "library.db")
    assert miler("import", "s3://runs/ann", *library).err.endswith("2 imported\n")
    assert miler("import", "s3://runs/ann", *library).err.endswith("2 unchanged\n")
    assert miler("reprocess", *library).err.endswith("2 imported\n")


def test_a_missing_library_is_asked_for_by_the_extra_that_brings_it(
    monkeypatch: pytest.MonkeyPatch, miler: Miler
) -> None:
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    ran = miler("report", "gs://bucket/run.fit")
    assert ran.code == 2
    assert "`pip install 'miler[gs]'`" in ran.err


def test_a_server_that_does_not_answer_is_said_in_one_line(s3: Any, miler: Miler) -> None:
    ran = miler("report", "s3://no-such-bucket/")
    assert ran.code == 1
    assert "no-such-bucket" in ran.err
    assert len(ran.err.splitlines()) == 1


def test_a_url_of_this_machine_is_its_path(tmp_path: Path, samples: Path) -> None:
    name = "a run.fit"
    (tmp_path / name).write_bytes((samples / "treadmill.fit").read_bytes())
    (found,) = find([tmp_path.as_uri() + "/a%20run.fit"])
    assert load(found.path) == (tmp_path / name).read_bytes()
    assert [found.name for found in find([tmp_path.as_uri()])] == [name]


@pytest.mark.parametrize(
    "path", ["run.fit", "/a/run.fit", "C:\\run.fit", "file:///a/run.fit", "-", "s3/run.fit"]
)
def test_a_path_of_this_machine_is_not_taken_for_a_url(path: str) -> None:
    assert not remote.is_remote(path)


def test_an_athlete_of_a_bucket_has_the_settings_of_the_folder(s3: Any) -> None:
    s3.pipe_file("runs/ann/athlete.toml", b'sex = "F"\nbirth_year = 1980\n')
    told = athletes("folder", Settings(lane=2), load)
    names = {told.assigned(found).athlete for found in find(["s3://runs"])}
    assert names == {"ann", "bob"}
    assert told.settings("ann") == Settings(sex="F", birth_year=1980, lane=2)
    assert told.settings("bob") == Settings(lane=2)


def test_a_dataset_in_a_bucket_has_the_rows_of_one_in_a_folder(s3: Any, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="no pyarrow here: make test installs it")
    files = tuple(find(["s3://runs/bob"]))
    outcomes = [process(found, Settings()) for found in files]
    tables = []
    for root in ("s3://runs/out.ds", str(tmp_path)):
        for _ in range(2):  # once more changes nothing
            write(Batch(files), outcomes, Storage(root), 1)
        dataset = Dataset(root)
        tables.append(
            [dataset.table(name).sort_by("file_id").to_pylist() for name in ("activities", "notes")]
        )
        assert len(dataset.done()) == len(files)
    assert tables[0] == tables[1] and len(tables[0][0]) == 1
    assert [best.file for best in Dataset("s3://runs/out.ds").best(MILE_M)] == ["track-mile.fit"]
