"""By what a file is known in a dataset: eight bytes of a hash, as the signed number that Parquet has.

Of a million files two are taken for one with a chance of 3e-8, of a billion with one of 3 %.
"""

from __future__ import annotations

import json
from functools import lru_cache
from hashlib import blake2b

from miler.batch import file_key
from miler.files import Found
from miler.settings import Settings


def file_id(found: Found) -> int:
    """Return by what a file is known however often it changes: where it lies, in an archive too."""
    return _hash(found.path, found.member)


def read_id(found: Found, settings: Settings) -> int:
    """Return by what a reading is known: the file as it is, whose it is, and the settings."""
    return _hash(file_key(found), found.athlete, _settings_id(settings))


@lru_cache(maxsize=1024)
def _settings_id(settings: Settings) -> int:
    return _hash(settings.as_dict())


def _hash(*values: object) -> int:
    text = json.dumps(values, sort_keys=True).encode("ascii")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), signed=True)
