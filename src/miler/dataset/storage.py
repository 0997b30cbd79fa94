"""Where a dataset lies: a folder of this machine, or of any store that fsspec knows."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from miler.atomic import write_bytes
from miler.extras import needed

# A put of these is there whole or not at all; elsewhere a file gets its name when it is whole.
_STORES_OF_OBJECTS = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "memory")


class Storage:
    """Files by their names below a root, with `/` between; what is put is there whole or not at all.

    Attributes:
        root: the folder, an absolute path or a URL.
        arrow: the file system, for Arrow.
        base: the root in it.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        fs = needed("pyarrow.fs", "parquet", "A dataset")
        scheme, is_url, _ = os.fspath(root).partition("://")
        self._atomic = scheme in _STORES_OF_OBJECTS
        self._folder: Path | None = None
        if is_url and scheme != "file":
            core = needed("fsspec.core", "cluster", f"{scheme}://")
            self.root = os.fspath(root).rstrip("/")
            remote, self.base = core.url_to_fs(self.root)
            self.arrow: Any = fs.PyFileSystem(fs.FSSpecHandler(remote))
        else:
            self._folder = Path(os.fspath(root).removeprefix("file://")).absolute()
            self.root = str(self._folder)
            self.base = self._folder.as_posix()
            self.arrow = fs.LocalFileSystem()
        self._selector = fs.FileSelector

    def put(self, name: str, data: bytes) -> None:
        """Write a file, or write it anew."""
        if self._folder is not None:
            path = self._folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(path, data)
            return
        path_there = f"{self.base}/{name}"
        self.arrow.create_dir(path_there.rpartition("/")[0], recursive=True)
        written = path_there if self._atomic else f"{path_there}.tmp"
        with self.arrow.open_output_stream(written) as stream:
            stream.write(data)
        if not self._atomic:
            self.arrow.move(written, path_there)

    def get(self, name: str) -> bytes:
        """Return a file's bytes."""
        with self.arrow.open_input_file(f"{self.base}/{name}") as stream:
            return bytes(stream.read())

    def names(self, folder: str) -> list[str]:
        """Return the names of the files in a folder and below it, sorted; none where it is missing."""
        chosen = self._selector(f"{self.base}/{folder}", recursive=True, allow_not_found=True)
        skipped = len(self.base) + 1
        return sorted(info.path[skipped:] for info in self.arrow.get_file_info(chosen) if info.is_file)

    def delete(self, name: str) -> None:
        """Delete a file."""
        self.arrow.delete_file(f"{self.base}/{name}")
