from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import miler
from devtools.samples import SAMPLES
from miler.activity import Note, Source
from miler.analysis import Analysis
from miler.errors import CorruptFile, UnsupportedFile
from miler.files import Found, find
from miler.outcome import process
from miler.report import SCHEMA
from miler.report.document import csv_header, csv_row, document, dumps, failure, skipped
from miler.report.outcomes import joined, rendered
from miler.settings import Settings
from tests.conftest import SAMPLES as FOLDER

EVERY_SAMPLE = pytest.mark.parametrize("name", SAMPLES)
RULES = json.loads(files("miler.report").joinpath("schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(RULES)


def keys(words: str) -> list[str]:
    return words.split()


EFFORT = keys("name length_m clock elapsed_s timer_s start_s end_s start_m end_m pace_s_per_km")
SPLIT = keys("index start_m end_m elapsed_s timer_s heart_rate_bpm cadence_spm climb_m fall_m start_s")
# Every key that was promised, by where it stands; more may stand beside them, none may go.
PROMISED = {
    "": keys("schema source activity laps pauses efforts splits fastest_mile notes settings"),
    "source": keys("name format bytes sha256 part"),
    "activity": keys(
        "name sport sub_sport device start_time time_zone records distance_m elapsed_s timer_s moving_s"
        " distance_source"
    ),
    "laps.0": keys(
        "index trigger start_s elapsed_s timer_s distance_m heart_rate_bpm cadence_spm climb_m fall_m"
    ),
    "pauses.0": keys("start_s end_s"),
    "efforts.0": EFFORT,
    "splits": keys("km mile"),
    "splits.km.0": SPLIT,
    "splits.mile.0": SPLIT,
    "fastest_mile": [*EFFORT, "quarters", "track_laps", "evenness", "records"],
    "fastest_mile.quarters.0": SPLIT,
    "fastest_mile.track_laps.0": SPLIT,
    "fastest_mile.evenness": keys(
        "score cv_percent half_difference_percent fast_start_percent end_spurt_percent shape"
    ),
    "fastest_mile.records.0": keys("record_id label holder time_s percent profile_id behind"),
    "fastest_mile.records.0.behind.0": keys("mark_m behind_s behind_m"),
    "fastest_mile.milestone": keys("time_s faster_by_s faster_by_percent pace_s_per_km"),
    "notes.0": keys("code kind message at_s"),
}


@cache
def analysed(name: str) -> Analysis:
    return miler.analyse(miler.read(FOLDER / name))


def loaded(name: str) -> Any:
    return json.loads(dumps(document(analysed(name))))


def at(value: Any, path: str) -> Any:
    for step in filter(None, path.split(".")):
        value = value[int(step) if step.isdigit() else step]
    return value


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(RULES)


@EVERY_SAMPLE
def test_every_document_keeps_to_the_schema(name: str) -> None:
    VALIDATOR.validate(loaded(name))


def test_documents_of_real_recordings_keep_to_the_schema(corpus: Path) -> None:
    found = [*find([corpus / "fit"])][::8] + [*find([corpus / "gpx"])][::8] + [*find([corpus / "tcx"])][::8]
    kinds = set()
    for file in found:
        outcome = process(file, Settings())
        kinds.add(outcome.kind)
        for line in joined(rendered(outcome, "jsonl").pieces, "jsonl", Settings()):
            VALIDATOR.validate(json.loads(line))
    assert {"done", "skipped"} <= kinds


@pytest.mark.parametrize("place", PROMISED)
def test_every_promised_key_is_there(place: str) -> None:
    assert set(PROMISED[place]) <= set(at(loaded("road-run-pauses.fit"), place))


def test_the_schema_is_strict_everywhere() -> None:
    def walk(rule: Any) -> None:
        if isinstance(rule, dict):
            if rule.get("type") == "object":
                assert rule["additionalProperties"] is False
                assert rule["required"] == list(rule["properties"])
            for part in rule.values():
                walk(part)
        elif isinstance(rule, list):
            for part in rule:
                walk(part)

    walk(RULES)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("surprise", 1),
        ("schema", "miler.analysis/2"),
        ("activity.distance_m", "10 km"),
        ("activity.start_time", "2026-05-06 17:02"),
        ("efforts.0.clock", "timer"),
        ("fastest_mile.quarters", []),
        ("source.sha256", "abc"),
    ],
)
def test_the_schema_refuses_what_is_wrong(place: str, value: object) -> None:
    wrong = loaded("track-mile.fit")
    *path, key = place.split(".")
    at(wrong, ".".join(path))[key] = value
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(wrong)


def test_a_file_that_failed_and_one_that_was_skipped_have_documents_of_their_own() -> None:
    failed = failure(Source("a.fit", bytes=3, sha256="0" * 64), CorruptFile("cut off", code="fit_crc"))
    left = skipped(Source("b.fit", format="fit"), UnsupportedFile("a course", kind="course"))
    for refusal in (failed, left):
        VALIDATOR.validate(json.loads(dumps(refusal)))
    assert failed["error"] == {"code": "fit_crc", "message": "cut off"}
    assert left["skipped"] == {"code": "not_an_activity", "message": "a course"}
    assert failed["schema"] == left["schema"] == SCHEMA


def test_a_file_that_is_not_there_has_no_bytes_and_no_hash() -> None:
    outcome = process(Found("gone.fit", "gone.fit"), Settings())
    (line,) = rendered(outcome, "jsonl").pieces
    assert isinstance(line, str)
    VALIDATOR.validate(json.loads(line))
    assert json.loads(line)["source"]["sha256"] is None


@EVERY_SAMPLE
def test_times_and_distances_add_up(name: str) -> None:
    shown = loaded(name)
    mile = shown["fastest_mile"]
    assert mile["length_m"] == 1609.344
    assert mile["end_s"] - mile["start_s"] == pytest.approx(mile["elapsed_s"], abs=2e-6)
    for part in ("quarters", "track_laps"):
        assert sum(s["elapsed_s"] for s in mile[part]) == pytest.approx(mile["elapsed_s"], abs=1e-5)
        assert mile[part][-1]["end_m"] - mile[part][0]["start_m"] == pytest.approx(1609.344, abs=2e-6)
    (same,) = [effort for effort in shown["efforts"] if effort["length_m"] == 1609.344]
    assert same == {key: mile[key] for key in same}


def test_the_start_is_utc_with_a_z() -> None:
    assert loaded("road-run-pauses.fit")["activity"]["start_time"] == "2026-03-14T20:41:07Z"


@EVERY_SAMPLE
def test_a_line_of_jsonl_is_the_object_of_json(name: str) -> None:
    line = miler.render(analysed(name), "jsonl")
    assert line.count("\n") == 1
    assert json.loads(line) == json.loads(miler.render(analysed(name), "json"))


@given(st.text())
def test_any_text_survives_json_and_stays_on_its_line(text: str) -> None:
    analysis = replace(
        analysed("treadmill.fit"),
        notes=(Note("odd", "finding", text),),
        source=replace(analysed("treadmill.fit").source, name=text),
    )
    line = miler.render(analysis, "jsonl")
    assert len(line.splitlines()) == 1
    line.encode()
    assert json.loads(line)["notes"][0]["message"] == text
    if not any("\ud800" <= c <= "\udfff" for c in text):
        assert json.loads(line)["source"]["name"] == text


halves = st.integers(-(10**12), 10**12).map(lambda n: (n + 0.5) / 1e6)


@given(st.floats() | st.floats(-1e5, 1e5) | halves)
def test_numbers_are_cut_at_a_millionth_and_what_is_none_is_null(value: float) -> None:
    (shown,) = json.loads(dumps({"value": [value]}))["value"] if math.isfinite(value) else (None,)
    assert json.loads(dumps({"value": value}))["value"] == shown
    if math.isfinite(value):
        assert shown == round(value, 6)
        assert not dumps({"value": value}).startswith('{"value": -0.0}')


def rows(analysis: Analysis) -> dict[str, str]:
    text = csv_header(analysis.settings) + csv_row(analysis)
    (row,) = csv.DictReader(io.StringIO(text))
    return row


@EVERY_SAMPLE
def test_a_row_of_csv_says_what_the_document_says(name: str) -> None:
    row, shown = rows(analysed(name)), loaded(name)
    mile = shown["fastest_mile"]
    assert row["name"] == name
    assert row["distance_source"] == shown["activity"]["distance_source"]
    assert row["start_time"] == shown["activity"]["start_time"]
    assert float(row["mile_s"]) == pytest.approx(mile["elapsed_s"], abs=5e-4)
    assert float(row["quarter_3_s"]) == pytest.approx(mile["quarters"][2]["elapsed_s"], abs=5e-4)
    assert float(row["best_1_mile_s"]) == pytest.approx(mile["elapsed_s"], abs=5e-4)
    assert row["shape"] == mile["evenness"]["shape"]
    assert row["best_marathon_s"] == ""
    assert None not in row


def test_the_name_in_a_row_is_the_files_whatever_the_activity_is_called() -> None:
    analysis = analysed("treadmill.fit")
    called = replace(analysis, summary=replace(analysis.summary, name="Morning run"))
    assert rows(called)["name"] == "treadmill.fit"
    assert document(called)["activity"]["name"] == "Morning run"


def test_a_row_without_a_mile_leaves_its_columns_empty() -> None:
    row = rows(replace(analysed("treadmill.fit"), mile=None, efforts=()))
    assert {row[name] for name in ("mile_s", "quarter_1_s", "evenness", "shape", "flags")} == {""}


def test_a_name_is_no_formula_to_a_spreadsheet() -> None:
    for name in ("=1+1.fit", "+1.fit", "-1.fit", "@sum.fit", "\t=1.fit"):
        analysis = replace(analysed("treadmill.fit"), source=Source(name))
        assert rows(analysis)["name"].startswith("'")


def test_a_name_with_a_line_break_stays_in_its_row() -> None:
    analysis = replace(analysed("treadmill.fit"), source=Source('a\n"b",\x1b.fit'))
    assert csv_row(analysis).count("\n") == 1
    assert rows(analysis)["name"] == 'a\\x0a"b",\\x1b.fit'


@pytest.mark.parametrize("count", [1, 2, 5])
def test_pieces_of_json_make_one_value(count: int) -> None:
    pieces = [f'{{"n": {n}}}\n' for n in range(count)]
    value = json.loads("".join(joined(pieces, "json", Settings())))
    assert value == ({"n": 0} if count == 1 else [{"n": n} for n in range(count)])


@pytest.mark.parametrize("count", [0, 1, 2])
def test_of_several_files_json_is_an_array_however_many_are_sound(count: int) -> None:
    pieces = [f'{{"n": {n}}}\n' for n in range(count)]
    value = json.loads("".join(joined(pieces, "json", Settings(), several=True)))
    assert value == [{"n": n} for n in range(count)]


def test_one_file_that_failed_leaves_json_empty() -> None:
    assert "".join(joined([], "json", Settings())) == ""


@EVERY_SAMPLE
def test_laps_and_splits_say_when_and_how_they_were_run(name: str) -> None:
    analysis, shown = analysed(name), loaded(name)
    for lap, split in zip(shown["laps"], analysis.lap_splits, strict=True):
        assert lap["heart_rate_bpm"] == pytest.approx(split.heart_rate_bpm, abs=1e-6)
        assert lap["climb_m"] == pytest.approx(split.climb_m, abs=1e-6)
    mile = shown["fastest_mile"]
    assert mile["quarters"][0]["start_s"] == pytest.approx(mile["start_s"], abs=1e-6)
    assert mile["milestone"]["faster_by_percent"] == pytest.approx(
        100 * mile["milestone"]["faster_by_s"] / mile["elapsed_s"], abs=1e-5
    )


def test_pieces_of_text_are_parted_by_a_line() -> None:
    assert "".join(joined(["a\n", "b\n"], "text", Settings())) == "a\n\nb\n"


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(ValueError, match="no such format: 'pdf'"):
        list(joined([], "pdf", Settings()))
