"""The edge to the environment: settings from the user's file and from `MILER_*`.

Defaults < `config.toml` in the platform's configuration folder < `MILER_*` < flags.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from miler.errors import SettingsError
from miler.settings import Settings

_LISTS = ("effort_lengths_m", "sports")
_TEXTS = ("sex", "distance_source", "units", "lap_m")
_PREFIX = "MILER_"
_NOT_SETTINGS = {"MILER_CONFIG", "MILER_LIBRARY", "MILER_TOKEN", "MILER_UPLOAD_KEY"}


def settings_from(
    flags: Mapping[str, Any], environment: Mapping[str, str], path: Path | None = None
) -> Settings:
    """Put the user's settings together; a flag that is None was not given.

    Raises:
        SettingsError: for a file that is missing though asked for, or no TOML; for an unknown name or
            a value that does not fit.
    """
    if path is None and environment.get("MILER_CONFIG"):
        path = Path(environment["MILER_CONFIG"])
    values = _from_file(path or _usual_path(), asked=path is not None)
    values |= _from_environment(environment)
    values |= {name: value for name, value in flags.items() if value is not None}
    return Settings.from_mapping(values)


def _usual_path() -> Path:
    from platformdirs import user_config_path

    return user_config_path("miler", appauthor=False) / "config.toml"


def _from_file(path: Path, *, asked: bool) -> dict[str, Any]:
    try:
        return dict(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except FileNotFoundError:
        if asked:
            raise SettingsError(f"there is no settings file {path}") from None
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not TOML: {error}") from None
    except RecursionError:
        raise SettingsError(f"{path} is not TOML that can be read: it is nested too deeply") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for variable, text in environment.items():
        if variable.startswith(_PREFIX) and variable not in _NOT_SETTINGS and text:
            name = variable.removeprefix(_PREFIX).lower()
            values[name] = _value(name, text)
    return values


def _value(name: str, text: str) -> object:
    """Give a variable's text the type that its setting wants; what does not fit is refused there."""
    if name in _LISTS:
        return [part.strip() for part in text.split(",") if part.strip()]
    if name in _TEXTS:
        return text
    try:
        return float(text)
    except ValueError:
        return text
