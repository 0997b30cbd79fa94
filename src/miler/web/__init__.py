"""The local page and the upload API: `miler serve`.

Who may do what is decided in `gate`, before a byte of a body is read. Every upload lands in
`intake`, which hands it to the one importer that the command line and the drop folder use.
"""

from __future__ import annotations

from miler.web.app import create_app
from miler.web.config import Config

__all__ = ["Config", "create_app"]
