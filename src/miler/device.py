"""Where a plugged-in watch keeps its activities, among what the system has mounted.

Older watches are drives, newer ones speak MTP, which GNOME (gvfs) and KDE (kio-fuse) mount in the user's
run folder, with a level more for the kind of storage. Either way a Garmin has `GARMIN/Activity`, in
whatever case; its handhelds and later Edges have `Activities`. A Wahoo has its rides in `exports`.
"""

from __future__ import annotations

import os
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Where drives are mounted: Linux desktops, by hand, macOS; then MTP, of which each folder is a storage.
_DRIVES = ("media/*", "media/*/*", "run/media/*/*", "mnt", "mnt/*", "Volumes/*")
_STORAGES = ("run/user/*/gvfs/mtp:host=*/*", "run/user/*/kio-fuse-*/mtp/*/*")
_GARMIN = ("activity", "activities")


@dataclass(frozen=True)
class Watch:
    """A folder of activities on something that is plugged in, and what that calls itself."""

    name: str
    folder: Path


def watches(root: Path) -> tuple[Watch, ...]:
    """Find the watches that are mounted below a root; what cannot be looked into is none.

    Args:
        root: of the file system; for a drive with a letter, the drive.
    """
    found = [watch for name, top in _tops(root) for watch in _on(name, top)]
    # One drive may be mounted, or found, in two ways.
    return tuple({os.path.realpath(watch.folder): watch for watch in reversed(found)}.values())[::-1]


def roots() -> tuple[Path, ...]:
    """Return the roots of this system: one, or on Windows each drive."""
    if os.name != "nt":
        return (Path("/"),)
    drives = (Path(f"{letter}:\\") for letter in string.ascii_uppercase[2:])  # A and B are floppies: slow
    return tuple(drive for drive in drives if drive.exists())


def _tops(root: Path) -> Iterator[tuple[str, Path]]:
    """The top of every storage, by the name of its drive or device; the root itself, as a drive's letter."""
    yield str(root), root
    for pattern in _DRIVES:
        for top in _matching(root, pattern.split("/")):
            yield top.name, top
    for pattern in _STORAGES:
        for top in _matching(root, pattern.split("/")):
            yield top.parent.name.removeprefix("mtp:host=").replace("_", " "), top


def _matching(top: Path, pattern: list[str]) -> list[Path]:
    """Like `Path.glob`, which gives up at the first folder that it may not look into."""
    tops = [top]
    for part in pattern:
        tops = [path for folder in tops for path in _folders(folder) if path.match(part)]
    return tops


def _folders(folder: Path) -> list[Path]:
    try:
        paths = sorted(folder.iterdir())
    except OSError:  # not there, not ours, or unplugged just now
        return []
    # `Path.is_dir` would raise for a neighbour whose mount is stale.
    return [path for path in paths if os.path.isdir(path)]  # noqa: PTH112


def _on(name: str, top: Path) -> Iterator[Watch]:
    for folder in _folders(top):
        if folder.name.lower() == "garmin":
            for inner in _folders(folder):
                if inner.name.lower() in _GARMIN:
                    yield Watch(name, inner)
        elif folder.name.lower() == "exports" and "wahoo" in name.lower():
            yield Watch(name, folder)
