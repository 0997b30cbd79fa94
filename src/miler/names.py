"""Which names are looked at where nobody named a file: in a folder, and inside an archive.

Light, for those that only hand out files.
"""

from __future__ import annotations

from typing import Literal

# What is inside decides how a file is read; these names decide only that it is tried.
EXTENSIONS = (".fit", ".gpx", ".tcx", ".fit.gz", ".gpx.gz", ".tcx.gz")

# The table that Strava, or Runkeeper, puts beside the files of an account's export.
_TABLES = ("activities.csv", "cardioactivities.csv")

# Left alone: hidden and unfinished files, and the folders of file systems and archivers.
_HIDDEN = (".", "~")
_UNFINISHED = ("inprogressactivity.fit",)  # Zwift's ride of the moment; it ends as a file of its own
_UNFINISHED_FOLDERS = (".download",)  # Safari keeps what it loads in a folder of that name
_FOREIGN_FOLDERS = {"@eaDir", "__MACOSX", "System Volume Information", "$RECYCLE.BIN"}

# How a zip archive begins: with its first member, or with its end if it has none.
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")

Kind = Literal["activity", "archive", "table", "other"]


def kind_of(file: str) -> Kind:
    """Say by the name of a file, without its folders, what it may be."""
    lower = file.lower()
    if file.startswith(_HIDDEN) or lower in _UNFINISHED:
        return "other"
    if lower.endswith(EXTENSIONS):
        return "activity"
    if lower.endswith(".zip"):
        return "archive"
    return "table" if lower in _TABLES else "other"


def kind_of_member(path: str) -> Kind:
    """Say the same of a file inside an archive, whose path may have been written by Windows."""
    *folders, file = path.replace("\\", "/").split("/")
    # An absolute path or one with dots is odd, but nothing is ever written there: it is a label.
    odd = ("", ".", "..")
    return kind_of(file) if all(f in odd or is_searched(f) for f in folders) else "other"


def is_searched(folder: str) -> bool:
    """Whether a folder of this name is searched for activities."""
    hidden = folder.startswith(".") or folder.endswith(_UNFINISHED_FOLDERS)
    return not hidden and folder not in _FOREIGN_FOLDERS


def is_zip(head: bytes) -> bool:
    """Whether a file that begins like this is a zip archive, whatever its name."""
    return head.startswith(_ZIP)
