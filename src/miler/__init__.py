"""miler: the fastest mile in what a GPS watch recorded.

The public names, loaded when first used: `import miler` alone costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# `as` says to type checkers that the names are meant to be used from here.
if TYPE_CHECKING:
    from miler.activity import Activity as Activity
    from miler.activity import Lap as Lap
    from miler.activity import Note as Note
    from miler.activity import Pause as Pause
    from miler.activity import Session as Session
    from miler.activity import Source as Source
    from miler.analysis import Analysis as Analysis
    from miler.analysis import Mile as Mile
    from miler.analysis import analyse as analyse
    from miler.confidence import judge as judge
    from miler.crediting import measure as measure
    from miler.effort import Effort as Effort
    from miler.effort import Evidence as Evidence
    from miler.effort import Split as Split
    from miler.effort import every as every
    from miler.effort import fastest as fastest
    from miler.effort import lap_splits as lap_splits
    from miler.effort import quarters as quarters
    from miler.effort import splits as splits
    from miler.errors import ActivityError as ActivityError
    from miler.errors import CorruptFile as CorruptFile
    from miler.errors import DecodeError as DecodeError
    from miler.errors import LibraryError as LibraryError
    from miler.errors import MilerError as MilerError
    from miler.errors import MissingStream as MissingStream
    from miler.errors import SettingsError as SettingsError
    from miler.errors import UnknownFormat as UnknownFormat
    from miler.errors import UnsupportedFile as UnsupportedFile
    from miler.explaining import explain as explain
    from miler.files import read as read
    from miler.files import read_all as read_all
    from miler.formats import decode as decode
    from miler.library import Library as Library
    from miler.odometer import Odometer as Odometer
    from miler.overrides import Overrides as Overrides
    from miler.report.render import render as render
    from miler.scoring import Evenness as Evenness
    from miler.scoring import evenness as evenness
    from miler.settings import Settings as Settings
    from miler.track import Track as Track
    from miler.track import TrackSummary as TrackSummary
    from miler.track import find_track as find_track
    from miler.track import onto_track as onto_track
    from miler.units import MILE_M as MILE_M

_HOMES = {
    "activity": ("Activity", "Lap", "Note", "Pause", "Session", "Source"),
    "analysis": ("Analysis", "Mile", "analyse"),
    "confidence": ("judge",),
    "crediting": ("measure",),
    "effort": ("Effort", "Evidence", "Split", "every", "fastest", "lap_splits", "quarters", "splits"),
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
    "explaining": ("explain",),
    "files": ("read", "read_all"),
    "formats": ("decode",),
    "library": ("Library",),
    "odometer": ("Odometer",),
    "overrides": ("Overrides",),
    "report.render": ("render",),
    "scoring": ("Evenness", "evenness"),
    "settings": ("Settings",),
    "track": ("Track", "TrackSummary", "find_track", "onto_track"),
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
