"""Published splits as text, and as plain values for JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from textwrap import wrap
from typing import Any

from miler.recordbook import Profile
from miler.units import format_duration

_UNDER = "    "


def render_profiles(profiles: Iterable[Profile], width: int = 100) -> str:
    """Write sets of splits: where each mark lies, when it was passed, whose time that is, and the source.

    No line is longer than `width` columns of the terminal.
    """
    lines = []
    for profile in profiles:
        time = format_duration(profile.official_time_s, 2)
        head = f"{profile.athlete} {time}, {profile.date}, {profile.place}"
        note = f"; {profile.note}" if profile.note else ""
        said = [
            f"{profile.profile_id}: {profile.convention}",
            ", ".join(_splits(profile)),
            f"{profile.source}; seen {profile.as_of}, confidence {profile.confidence}{note}",
        ]
        lines += [head[:width], *(_UNDER + line for text in said for line in wrap(text, width - len(_UNDER)))]
    return "\n".join(lines) + "\n"


def _splits(profile: Profile) -> list[str]:
    ends = zip(profile.splits, profile.times_s, strict=True)
    return [
        f"{_metres(split.distance_m)} m {format_duration(split.time_s, 2)} ({alone_s:.2f}"
        + (")" if split.whose == "own" else f", {split.whose})")
        for split, alone_s in ends
    ]


def _metres(distance_m: float) -> str:
    return f"{distance_m:.3f}".rstrip("0").rstrip(".")


def profiles_document(profiles: Iterable[Profile]) -> list[dict[str, Any]]:
    """Return sets of splits as plain values, every field of each."""
    return [asdict(profile) for profile in profiles]
