"""miler: the fastest mile in what a GPS watch recorded.

The public names, loaded when first used: `import miler` alone costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from miler.activity import Activity, Lap, Note, Pause, Session, Source
    from miler.analysis import Analysis, Mile, analyse
    from miler.crediting import measure
    from miler.effort import Effort, Split, every, fastest, lap_splits, quarters, splits
    from miler.errors import (
        ActivityError,
        CorruptFile,
        DecodeError,
        LibraryError,
        MilerError,
        MissingStream,
        SettingsError,
        UnknownFormat,
        UnsupportedFile,
    )
    from miler.files import read, read_all
    from miler.formats import decode
    from miler.odometer import Odometer
    from miler.report.render import render
    from miler.scoring import Evenness, evenness
    from miler.settings import Settings
    from miler.units import MILE_M

_HOMES = {
    "activity": ("Activity", "Lap", "Note", "Pause", "Session", "Source"),
    "analysis": ("Analysis", "Mile", "analyse"),
    "crediting": ("measure",),
    "effort": ("Effort", "Split", "every", "fastest", "lap_splits", "quarters", "splits"),
    "errors": (
        "ActivityError",
        "CorruptFile",
        "DecodeError",
        "LibraryError",
        "MilerError",
        "MissingStream",
        "SettingsError",
        "UnknownFormat",
        "UnsupportedFile",
    ),
    "files": ("read", "read_all"),
    "formats": ("decode",),
    "odometer": ("Odometer",),
    "report.render": ("render",),
    "scoring": ("Evenness", "evenness"),
    "settings": ("Settings",),
    "units": ("MILE_M",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
__all__ = ["__version__", *_HOME_OF]


def __getattr__(name: str) -> Any:
    """Import a public name from where it lives, when it is first asked for (PEP 562)."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'miler' has no attribute {name!r}")
    value = getattr(import_module(f"miler.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, those not loaded yet as well."""
    return sorted(__all__)
