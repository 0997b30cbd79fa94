"""Libraries that only some need: imported when they are used, asked for by name where they are missing."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from miler.errors import SettingsError


def needed(module: str, extra: str, purpose: str, otherwise: str = "") -> Any:
    """Import a library that an extra of miler brings.

    Args:
        module: its name for Python.
        extra: what brings it: `pip install 'miler[extra]'`.
        purpose: what it is needed for, as a sentence begins.
        otherwise: what else would do.

    Raises:
        SettingsError: if it is not installed (`no_` and its name).
    """
    try:
        return import_module(module)
    except ImportError:
        name = module.partition(".")[0]
        remedy = f"`pip install 'miler[{extra}]'`" + (f", or {otherwise}" if otherwise else "")
        raise SettingsError(
            f"{purpose} needs {name}, which is not installed: {remedy}", code=f"no_{name}"
        ) from None
