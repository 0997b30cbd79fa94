"""Where a dataset lies: in a folder of this machine, or on another file system."""

from __future__ import annotations

import os
from collections.abc import Sequence
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

    def names(self, folder: str) -> list[str]:
        """Return the names of all files in a folder and below it, sorted; none where it is missing."""
        top = f"{self.base}/{folder}"
        if self._there is None:
            paths = [path.as_posix() for path in Path(top).rglob("*") if path.is_file()]
        else:
            self._there.invalidate_cache()  # what others wrote is to be seen
            paths = self._there.find(top)
        return sorted(path[len(self.base) + 1 :] for path in paths)

    def read_all(self, names: Sequence[str]) -> list[bytes]:
        """Return the contents of files; of another file system, many at once."""
        paths = [f"{self.base}/{name}" for name in names]
        if self._there is None:
            return [Path(path).read_bytes() for path in paths]
        contents = self._there.cat(paths) if paths else {}
        return [contents[path] for path in paths]

    def delete(self, name: str) -> None:
        """Delete a file, which may be gone already."""
        if self._there is None:
            Path(self.root, name).unlink(missing_ok=True)
        elif self._there.exists(f"{self.base}/{name}"):
            self._there.rm_file(f"{self.base}/{name}")

    def _put_there(self, target: str, data: bytes) -> None:
        if self.root.startswith(_STORES_OF_OBJECTS):
            self._there.pipe_file(target, data)
            return
        self._there.makedirs(target.rpartition("/")[0], exist_ok=True)
        self._there.pipe_file(f"{target}.tmp", data)
        self._there.mv(f"{target}.tmp", target)
