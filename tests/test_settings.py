from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miler.errors import SettingsError
from miler.settings import Settings
from miler.units import MILE_M


def test_lengths_are_written_as_runners_write_them() -> None:
    settings = Settings.from_mapping({"effort_lengths_m": ["5k", "1mi", 400], "lap_m": "200 m"})
    assert settings.effort_lengths_m == (400.0, MILE_M, 5000.0)
    assert settings.lap_m == 200.0


def test_a_length_asked_for_twice_is_sought_once() -> None:
    assert Settings.from_mapping({"effort_lengths_m": ["1km", 1000, "1000m"]}).effort_lengths_m == (1000.0,)


def test_sports_are_known_in_any_case() -> None:
    assert Settings.from_mapping({"sports": ["Running", "HIKING"]}).sports == ("running", "hiking")


def test_an_unknown_setting_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(SettingsError, match="'max_speed'; did you mean 'max_speed_mps'"):
        Settings.from_mapping({"max_speed": 12})


def test_a_setting_unlike_any_other_is_refused_with_the_list() -> None:
    with pytest.raises(SettingsError, match=r"there are accept_implausible, birth_year, .*units"):
        Settings.from_mapping({"colour": "red"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gap_s", 0),
        ("gap_s", -1),
        ("gap_s", 1e-7),
        ("gap_s", float("nan")),
        ("gap_s", float("inf")),
        ("gap_s", True),
        ("gap_s", "20"),
        ("lap_m", "400"),
        ("lap_m", 0.001),
        ("effort_lengths_m", []),
        ("effort_lengths_m", "5k"),
        ("effort_lengths_m", ["five"]),
        ("effort_lengths_m", ["0.5m"]),
        ("sports", "running"),
        ("sports", [1]),
        ("sex", "X"),
        ("units", "furlong"),
        ("distance_source", ["auto"]),
        ("birth_year", 1492),
        ("birth_year", 1980.5),
        ("birth_year", "1980"),
        ("own_records", 5),
        ("every_second", "often"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_in_one_line(name: str, value: Any) -> None:
    with pytest.raises(SettingsError) as read:
        Settings.from_mapping({name: value})
    with pytest.raises(SettingsError) as built:
        Settings(**{name: value})
    assert read.value.message == built.value.message
    assert "\n" not in read.value.message


@given(
    st.builds(
        Settings,
        effort_lengths_m=st.lists(st.floats(1, 1e6), min_size=1, max_size=5).map(tuple),
        lap_m=st.floats(50, 1000),
        sports=st.lists(st.sampled_from(["running", "walking", "hiking"])).map(tuple),
        sex=st.sampled_from([None, "F", "M"]),
        units=st.sampled_from(["km", "mi"]),
        gap_s=st.floats(0.1, 1e3),
        birth_year=st.none() | st.integers(1920, 2020),
        own_records=st.sampled_from(["", '[[goal]]\ntime = "4:59"\n']),
        every_second=st.booleans(),
    )
)
def test_settings_come_back_from_json_as_they_went(settings: Settings) -> None:
    assert Settings.from_mapping(json.loads(json.dumps(settings.as_dict()))) == settings
