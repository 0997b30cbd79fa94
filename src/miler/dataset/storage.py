"""Where a dataset lies: in a folder of this machine, or on another file system."""

from __future__ import annotations

import os
from pathlib import Path

from miler import remote
from miler.atomic import write_bytes
from miler.extras import needed

_STORES_OF_OBJECTS = ("s3", "gs", "az", "abfs")  # where a file is there whole or not at all


class Storage:
    """Files by their names below a root, with `/` between; what is put is there whole or not at all.

    Attributes:
        root: the folder, an absolute path or a URL.
        base: the same as its file system has it.
        arrow: that file system, for Arrow.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        fs = needed("pyarrow.fs", "parquet", "A dataset")
        text = os.fspath(root)
        if remote.is_remote(text):
            self.root = text.rstrip("/")
            self._there, self.base = remote.system_of(self.root)
            self.arrow = fs.PyFileSystem(fs.FSSpecHandler(self._there))
        else:
            self._there = None
            self.root = os.path.abspath(remote.plain(text))  # noqa: PTH100 (links stay)
            self.base = Path(self.root).as_posix()
            self.arrow = fs.LocalFileSystem()

    def put(self, name: str, data: bytes) -> None:
        """Write a file, or write it anew."""
        if self._there is not None:
            self._put_there(f"{self.base}/{name}", data)
            return
        path = Path(self.root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, data)

    def all_below(self, folder: str, ending: str) -> list[bytes]:
        """Return the contents of the files in a folder whose names end so, in their order."""
        top = f"{self.base}/{folder}"
        if self._there is None:
            return [path.read_bytes() for path in sorted(Path(top).glob(f"*{ending}"))]
        self._there.invalidate_cache()  # what others wrote is to be seen
        names = sorted(name for name in self._there.find(top) if name.endswith(ending))
        contents = self._there.cat(names) if names else {}  # many at once
        return [contents[name] for name in names]

    def _put_there(self, target: str, data: bytes) -> None:
        if self.root.startswith(_STORES_OF_OBJECTS):
            self._there.pipe_file(target, data)
            return
        self._there.makedirs(target.rpartition("/")[0], exist_ok=True)
        self._there.pipe_file(f"{target}.tmp", data)
        self._there.mv(f"{target}.tmp", target)
