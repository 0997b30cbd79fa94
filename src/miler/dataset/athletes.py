"""Whose recording it is, and with which settings it is read.

A file is told by its name below the folder that was given: by its first folder, by a pattern such as
`{athlete}_*.fit`, or by a table of folders and patterns.
"""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from miler.batch import Batch
from miler.errors import SettingsError
from miler.files import Found
from miler.recordbook import own_book
from miler.report.flat import storable
from miler.settings import Settings

NOBODY = "unknown"  # whose files are that nothing tells of
FOLDER = "folder"  # the rule that a file is of whom its first folder is named after
SETTINGS_FILE = "athlete.toml"  # in that folder
_CAPTURE = "{athlete}"
_COLUMNS = ("files", "athlete", "settings")
_WILD = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]", _CAPTURE: "(?P<athlete>[^/]+?)"}
_TOKENS = re.compile("|".join(re.escape(token) for token in _WILD))

Load = Callable[[str], bytes]


@dataclass(frozen=True)
class Named:
    """An athlete, and the file with their settings: none of their own, or one that may be missing."""

    athlete: str
    settings_path: str = ""
    may_miss: bool = False


class Athletes:
    """Tells of each file whose it is, and of each athlete the settings; each file of settings is read once.

    Args:
        settings: of all, as far as an athlete's own do not say otherwise.
        named: who is named for a file, by its place below the folder that was given.
        load: how a file of settings is read.
    """

    def __init__(self, settings: Settings, named: Callable[[Found], Named], load: Load) -> None:
        self._everybody = settings
        self._named = named
        self._load = load
        self._own: dict[str, Settings] = {}

    def assigned(self, found: Found) -> Found:
        """Return what was found with its athlete.

        Raises:
            SettingsError: if the athlete's settings cannot be read.
        """
        named = self._named(found)
        athlete = storable(named.athlete)
        if athlete not in self._own:
            self._own[athlete] = self._read(named)
        return replace(found, athlete=athlete)

    def settings(self, athlete: str) -> Settings:
        """Return the settings of an athlete who was assigned a file."""
        return self._own[athlete]

    def made_with(self, files: Iterable[Found]) -> str:
        """Return the settings of all athletes in a batch, as its `made_with`; `settings_of` reads them."""
        names = sorted({found.athlete for found in files})
        return json.dumps({name: self._own[name].as_dict() for name in names})

    def _read(self, named: Named) -> Settings:
        if not named.settings_path:
            return self._everybody
        try:
            values = tomllib.loads(self._load(named.settings_path).decode("utf-8-sig"))
            settings = Settings.from_mapping(self._everybody.as_dict() | values)
            own_book(settings.own_records)  # what is wrong with it is to be heard of now
            return settings
        except FileNotFoundError:
            if named.may_miss:
                return self._everybody
            raise SettingsError(f"there is no settings file {named.settings_path}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{named.settings_path} is not TOML: {error}") from None
        except SettingsError as error:
            raise SettingsError(f"{named.settings_path}: {error.message}") from None


def settings_of(batch: Batch) -> dict[str, Settings]:
    """Return the settings of each athlete in a batch; the defaults where it carries none."""
    if not batch.made_with:
        return {found.athlete: Settings() for found in batch.files}
    values: dict[str, dict[str, Any]] = json.loads(batch.made_with)
    return {name: Settings.from_mapping(some) for name, some in values.items()}


def athletes(rule: str | None, settings: Settings, load: Load) -> Athletes:
    """Return who tells athletes apart by a rule, as a person wrote it.

    Args:
        rule: `folder`; a pattern with `{athlete}`; the path of a table; None for one athlete.
        settings: of all.
        load: how tables and settings are read.

    Raises:
        SettingsError: for a table that is none.
        OSError: if the system does not give it.
    """
    if rule is None:
        return Athletes(settings, lambda found: Named(NOBODY), load)
    if rule == FOLDER:
        return Athletes(settings, _by_folder, load)
    if _CAPTURE in rule:
        return Athletes(settings, _by_pattern(rule), load)
    return Athletes(settings, _by_table(load(rule), rule), load)


def _by_folder(found: Found) -> Named:
    """Name the first folder, or the archive in its place; there the athlete's settings may lie."""
    first, slash, _ = found.name.partition("/")
    if not slash:
        return Named(NOBODY)
    if found.way:
        return Named(first.removesuffix(".zip"))
    top = found.path[: len(found.path) - len(found.name)]
    return Named(first, f"{top}{first}/{SETTINGS_FILE}", may_miss=True)


def _by_pattern(pattern: str) -> Callable[[Found], Named]:
    matches = _matcher(pattern)

    def named(found: Found) -> Named:
        match = matches(found.name)
        return Named(match["athlete"] if match else NOBODY)

    return named


def _by_table(data: bytes, path: str) -> Callable[[Found], Named]:
    """Read a table of `files,athlete,settings`: a folder or a file first, the longest, then the patterns."""
    known: dict[str, Named] = {}
    places: dict[str, Named] = {}
    patterns: list[tuple[Callable[[str], re.Match[str] | None], Named]] = []
    try:
        reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig")))
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8: {error}") from None
    if tuple(reader.fieldnames or ())[:2] != _COLUMNS[:2]:
        raise SettingsError(f"{path}: its first line must be {','.join(_COLUMNS)}")
    beside = path[: path.replace("\\", "/").rfind("/") + 1]
    for row in reader:
        files, athlete, own = ((row.get(column) or "").strip() for column in _COLUMNS)
        if not files or not athlete:
            raise SettingsError(f"{path}, line {reader.line_num}: files and athlete must not be empty")
        named = Named(athlete, beside + own if own else "")
        if known.setdefault(athlete, named) != named:
            raise SettingsError(f"{path}, line {reader.line_num}: {athlete} has two files of settings")
        if _TOKENS.search(files):
            patterns.append((_matcher(files), named))
        else:
            places[files.rstrip("/")] = named

    def name(found: Found) -> Named:
        place = found.name
        while place:
            if place in places:
                return places[place]
            place = place.rpartition("/")[0]
        return next((named for matches, named in patterns if matches(found.name)), Named(NOBODY))

    return name


def _matcher(pattern: str) -> Callable[[str], re.Match[str] | None]:
    """Return what matches a whole name: `*` and `?` within one folder, `**` across folders."""
    ends = [0, *(end for match in _TOKENS.finditer(pattern) for end in match.span()), len(pattern)]
    words = [pattern[begin:end] for begin, end in pairwise(ends)]
    return re.compile("".join(_WILD.get(word, re.escape(word)) for word in words), re.DOTALL).fullmatch
