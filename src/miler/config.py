"""The edge to the environment: settings from the user's file and from `MILER_*`.

Defaults < `config.toml` in the platform's configuration folder < `MILER_*` < flags.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from miler.errors import SettingsError
from miler.settings import Settings

RECORDS = "records.toml"
_COMMENT = re.compile(r"#[^\"']*$")
_LISTS = ("effort_lengths_m", "sports")
_TEXTS = ("sex", "distance_source", "units", "lap_m")
_WHOLE = ("lane",)
_SWITCHES = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
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
    asked = path is not None or bool(environment.get("MILER_CONFIG"))
    path = settings_path(environment, path)
    values = _from_file(path, asked=asked)
    values |= _own_records(path.with_name(RECORDS))
    values |= _from_environment(environment)
    values |= {name: value for name, value in flags.items() if value is not None}
    return Settings.from_mapping(values)


def with_settings(text: str, values: Mapping[str, str | int]) -> str:
    """Return a settings file's text with values written into it; all else stays as it is.

    A setting that is there is replaced in its line; a new one goes before the first table, where TOML
    has a file's own keys.
    """
    lines = text.splitlines()
    for name, value in values.items():
        line = f"{name} = {value}" if isinstance(value, int) else f'{name} = "{value}"'
        first_table = next((i for i, old in enumerate(lines) if old.lstrip().startswith("[")), len(lines))
        own = (i for i, old in enumerate(lines[:first_table]) if _key(old) == name)
        at = next(own, None)
        if at is None:
            lines.insert(first_table, line)
        else:
            comment = _COMMENT.search(lines[at])
            lines[at] = line + (f"  {comment[0]}" if comment else "")
    return "\n".join(lines) + "\n"


def _key(line: str) -> str:
    return line.partition("=")[0].strip().strip("\"'")


def settings_path(environment: Mapping[str, str], path: Path | None = None) -> Path:
    """Return where the user's settings are, or would be."""
    if path is None and environment.get("MILER_CONFIG"):
        path = Path(environment["MILER_CONFIG"])
    return path or _usual_path()


def _usual_path() -> Path:
    from platformdirs import user_config_path

    return user_config_path("miler", appauthor=False) / "config.toml"


def _own_records(path: Path) -> dict[str, str]:
    """Read the runner's records, rivals and goals, and refuse what is wrong with them before any work."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not TOML: {error}") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None
    from miler.pacelight import rival_light
    from miler.recordbook import own_book

    try:
        for rival in own_book(text).rivals:
            rival_light(rival)
    except SettingsError as error:
        raise SettingsError(f"{path}: {error.message}") from None
    return {"own_records": text}


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
    if name in _TEXTS or name == "own_records":
        return text
    if name in _WHOLE and text.isdecimal():
        return int(text)
    if name == "accept_implausible":
        return _SWITCHES.get(text.lower(), text)
    try:
        return float(text)
    except ValueError:
        return text
