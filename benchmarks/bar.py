"""What a measured bar is, and where the corpus of recordings may lie."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

# Real recordings by other people are kept outside the repository, beside it.
CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"


@dataclass(frozen=True)
class Bar:
    """One measured bar; `met` is None where it could not be measured here.

    A `timed` one depends on what else the machine does: a short run tells of it, and does not fail by it.
    One that is known to be open says with `held` whether it still stands where it stood: a short run fails
    by losing that ground, and the whole measurement by every goal that is not reached.
    """

    name: str
    figure: str
    goal: str
    met: bool | None
    timed: bool = False
    held: bool = False


def skipped(name: str, goal: str, why: str) -> Bar:
    """Return a bar that could not be measured here, with the reason."""
    return Bar(name, why, goal, None)


def as_installed() -> dict[str, str]:
    """Return the environment for a program as users have it: its modules are compiled once, not each time."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
