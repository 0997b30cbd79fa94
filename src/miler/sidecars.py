"""The edge to what the runner wrote beside a recording: `RUN.fit.toml`, or `miler.toml` of the folder."""

from __future__ import annotations

import errno
import tomllib
from pathlib import Path
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
    own = Path(f"{path}.toml")
    values = _table(own)
    if values is None:
        own = Path(path).parent / FOLDER_FILE
        values = (_table(own) or {}).get(Path(path).name)
    if values is None:
        return None
    if not isinstance(values, dict):
        raise SettingsError(f"{own}: {Path(path).name!r} must be a table")
    try:
        return overrides_from(values)
    except SettingsError as error:
        raise SettingsError(f"{own}: {error.message}") from None


def _table(path: Path) -> dict[str, Any] | None:
    try:
        return dict(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:  # so long a name has none beside it
            return None
        raise
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not TOML: {error}") from None
