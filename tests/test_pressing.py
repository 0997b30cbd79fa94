from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator

import pytest

from miler.library import pressing


@pytest.fixture(autouse=True)
def _found_anew() -> Iterator[None]:
    pressing._packer.cache_clear()
    yield
    pressing._packer.cache_clear()


@pytest.mark.parametrize("without", [(), ("isal", "isal.isal_zlib")])
def test_what_is_packed_any_program_expands_also_where_the_fast_packer_is_missing(
    monkeypatch: pytest.MonkeyPatch, without: tuple[str, ...]
) -> None:
    for name in without:
        monkeypatch.setitem(sys.modules, name, None)
    for data in (b"", b"one mile", bytes(range(256)) * 400):
        packed = pressing.pressed(data)
        assert zlib.decompress(packed) == data
        assert len(packed) < len(data) / 2 or len(data) < 100
