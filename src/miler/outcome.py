"""How one file ended: its analyses, or the reason why there are none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from miler.activity import Source
from miler.analysis import Analysis, analyse
from miler.errors import MilerError, UnsupportedFile
from miler.files import Found, activities, contents, explain
from miler.remote import is_remote
from miler.settings import Settings
from miler.sidecars import overrides_beside

Kind = Literal["done", "skipped", "failed"]


@dataclass(frozen=True)
class Outcome:
    """What became of one file; `error` is None exactly where `kind` is "done"."""

    source: Source
    kind: Kind
    analyses: tuple[Analysis, ...] = ()
    error: MilerError | None = None


def process(found: Found, settings: Settings) -> Outcome:
    """Read and analyse one file; what is wrong with it becomes an outcome, not an exception."""
    source = Source(name=found.name)
    try:
        content = contents(found)
        source = Source(found.name, "", len(content.data), content.sha256)
        read = activities(found, content)
        said = overrides_beside(None if found.way or is_remote(found.path) else found.path)
        return Outcome(source, "done", tuple(analyse(activity, settings, said) for activity in read))
    except UnsupportedFile as error:
        return Outcome(_recognised(source, error.format), "skipped", error=error)
    except MilerError as error:
        return Outcome(_recognised(source, getattr(error, "format", None)), "failed", error=error)
    except OSError as error:
        return Outcome(source, "failed", error=explain(error))


def failed(found: Found, error: MilerError) -> Outcome:
    """Return the outcome of a file of which nothing is known but that it failed."""
    return Outcome(Source(name=found.name), "failed", error=error)


def _recognised(source: Source, format: str | None) -> Source:
    return Source(source.name, format or "", source.bytes, source.sha256)
