"""What every later stage may rely on: the promises that an activity checks once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from miler.activity import STREAMS, Activity, Lap, Pause, Session
from miler.errors import ActivityError, MissingStream

START = datetime(2026, 5, 9, 17, 2, tzinfo=UTC)


def activity(**about: object) -> Activity:
    values: dict[str, object] = {
        "start_time": START,
        "elapsed": np.array([0.0, 1.0, 2.5]),
        "streams": {"heart_rate": np.array([120.0, np.nan, 122.0])},
        "sport": "running",
    }
    return Activity(**{**values, **about})  # type: ignore[arg-type]


def test_a_stream_is_asked_for_by_name() -> None:
    run = activity()
    assert "heart_rate" in run and "power" not in run
    assert run["heart_rate"][0] == 120
    assert np.isnan(run.get("power")).all() and len(run.get("power")) == 3
    with pytest.raises(MissingStream, match="it has heart_rate"):
        run["power"]


def test_its_columns_cannot_be_changed() -> None:
    run = activity()
    with pytest.raises(ValueError, match="read-only"):
        run["heart_rate"][0] = 99
    with pytest.raises(ValueError, match="read-only"):
        run.elapsed[0] = 99
    for column in run.known("heart_rate"):  # kept for the next who asks
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 99
    with pytest.raises(TypeError):
        run.streams["power"] = run.elapsed  # type: ignore[index]


@pytest.mark.parametrize("elapsed", [[0.0, 0.0, 1.0], [0.0, 2.0, 1.0], [0.0, np.nan, 1.0], [[0.0, 1.0, 2.0]]])
def test_times_that_do_not_strictly_increase_are_refused(elapsed: list[float]) -> None:
    with pytest.raises(ActivityError):
        activity(elapsed=np.array(elapsed), streams={})


@pytest.mark.parametrize(
    "streams",
    [
        {"heartrate": np.zeros(3)},
        {"heart_rate": np.zeros(2)},
        {"heart_rate": np.zeros(3, dtype=np.int64)},
    ],
)
def test_a_column_of_another_name_length_or_type_is_refused(streams: dict[str, np.ndarray]) -> None:
    with pytest.raises(ActivityError):
        activity(streams=streams)


@pytest.mark.parametrize(
    "start", [START.replace(tzinfo=None), START.astimezone(timezone(timedelta(hours=2)))]
)
def test_the_start_is_in_utc_or_unknown(start: datetime) -> None:
    with pytest.raises(ActivityError):
        activity(start_time=start)
    assert activity(start_time=None).start_time is None


def test_laps_pauses_and_sessions_are_in_order() -> None:
    with pytest.raises(ActivityError):
        activity(pauses=(Pause(50, 60), Pause(10, 20)))
    with pytest.raises(ActivityError):
        activity(laps=(Lap(1, None, 9, 1, None, None), Lap(2, None, 0, 1, None, None)))
    with pytest.raises(ActivityError):
        activity(sessions=(Session("running", None, 9, 10), Session("cycling", None, 0, 9)))


def test_it_lasts_until_the_last_thing_recorded() -> None:
    assert activity().elapsed_s == 2.5
    assert activity(laps=(Lap(1, None, 0, 600, None, None),)).elapsed_s == 600
    assert activity(sessions=(Session("running", None, 0, 700),)).elapsed_s == 700
    assert activity(elapsed=np.empty(0), streams={}).elapsed_s == 0


def test_it_introduces_itself_in_a_notebook() -> None:
    assert repr(activity()) == "<Activity running 2026-05-09 17:02 UTC, 0:03 elapsed, 3 records>"
    assert "no date" in repr(activity(start_time=None))


def test_every_stream_has_a_unit_and_a_meaning() -> None:
    assert all(kind.unit and kind.meaning for kind in STREAMS.values())
