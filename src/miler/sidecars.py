"""The edge to what the runner wrote beside a recording: `RUN.fit.toml`, or `miler.toml` of the folder."""

from __future__ import annotations

import errno
import os
import tomllib
from typing import Any

from miler.errors import SettingsError
from miler.overrides import Overrides, overrides_from

FOLDER_FILE = "miler.toml"


def overrides_beside(path: str | None) -> Overrides | None:
    """Return what the runner wrote of a file; None where there is nothing.

    Args:
        path: of the recording; None for standard input.

    Raises:
        SettingsError: for a file that is no TOML, or says what cannot be; with its name.
    """
    if path is None:
        return None
    folder, name = os.path.split(path)
    own = f"{path}.toml"
    values = _table(own)
    if values is None:
        own = os.path.join(folder, FOLDER_FILE)  # noqa: PTH118 (a Path a file is slow)
        values = (_table(own) or {}).get(name)
    if values is None:
        return None
    if not isinstance(values, dict):
        raise SettingsError(f"{own}: {name!r} must be a table")
    try:
        return overrides_from(values)
    except SettingsError as error:
        raise SettingsError(f"{own}: {error.message}") from None


def _table(path: str) -> dict[str, Any] | None:
    try:
        with open(path, encoding="utf-8-sig") as file:  # noqa: PTH123
            return dict(tomllib.loads(file.read()))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:  # so long a name has none beside it
            return None
        raise
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not TOML: {error}") from None
