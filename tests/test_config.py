from __future__ import annotations

from pathlib import Path

import pytest

from miler.config import settings_from
from miler.errors import SettingsError
from miler.settings import Settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text('units = "km"\nsex = "F"\ngap_s = 30\n')
    return path


def test_without_any_of_them_the_defaults_hold() -> None:
    assert settings_from({}, {}) == Settings()


def test_flags_beat_the_environment_and_the_environment_beats_the_file(file: Path) -> None:
    settings = settings_from({"sex": "M", "units": None}, {"MILER_SEX": "F", "MILER_GAP_S": "45"}, file)
    assert (settings.units, settings.sex, settings.gap_s) == ("km", "M", 45.0)


def test_the_environment_may_name_the_file(file: Path) -> None:
    assert settings_from({}, {"MILER_CONFIG": str(file)}).sex == "F"


def test_lists_in_the_environment_are_separated_by_commas() -> None:
    settings = settings_from({}, {"MILER_EFFORT_LENGTHS_M": "1mi, 5k,", "MILER_SPORTS": "running,Walking"})
    assert settings.effort_lengths_m == (1609.344, 5000.0)
    assert settings.sports == ("running", "walking")


def test_an_empty_variable_is_none() -> None:
    assert settings_from({}, {"MILER_SEX": "", "MILER_GAP_S": "", "MILER_CONFIG": ""}) == Settings()


def test_other_programs_variables_are_none_of_our_business() -> None:
    assert settings_from({}, {"PATH": "/bin", "EMILER_UNITS": "km", "miler_units": "km"}) == Settings()


def test_a_file_saved_by_a_windows_editor_is_read(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b'\xef\xbb\xbfunits = "km"\r\n')
    assert settings_from({}, {}, tmp_path / "config.toml").units == "km"


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({"MILER_GAP_S": "long"}, "'gap_s' must be a number, not 'long'"),
        ({"MILER_GAPS": "20"}, "unknown setting 'gaps'; did you mean 'gap_s'"),
        ({"MILER_LAP_M": "400"}, "'400' is not a distance; write a number and a unit"),
        ({"MILER_CONFIG": "nowhere.toml"}, "there is no settings file nowhere.toml"),
    ],
)
def test_a_variable_that_does_not_fit_is_refused(environment: dict[str, str], reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        settings_from({}, environment)


@pytest.mark.parametrize("content", [b"units = km", b"\xff\xfe\x00", b"units = 'km'\nunits = 'mi'"])
def test_a_file_that_is_no_toml_is_refused_by_name(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(content)
    with pytest.raises(SettingsError, match=r"config\.toml is not TOML"):
        settings_from({}, {}, tmp_path / "config.toml")


def test_a_folder_is_no_settings_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        settings_from({}, {}, tmp_path)


def test_a_file_that_was_asked_for_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no settings file"):
        settings_from({}, {}, tmp_path / "gone.toml")


@pytest.mark.parametrize("text", ["gap_s = 1" + 400 * "0", "lap_m = " + 5000 * "["])
def test_a_settings_file_of_any_size_is_refused_in_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(SettingsError):
        settings_from({}, {}, tmp_path / "config.toml")
