"""What the runner knows better than the recording: left out, clamped, given; kept beside the file.

A table of TOML, in `RUN.fit.toml` beside `RUN.fit` or in `miler.toml` of its folder under the file's name:

```toml
sport = "running"                # what the file calls wrongly
surface = "track"                # track, indoor_track, street, trail, treadmill
treadmill_distance = "5.2 km"    # what the belt said
lane = 2                         # of the track; four laps in it are more than a mile
window = ["10:00", "31:30"]      # look for efforts only here, time from the start
accept = true                    # these times are true, however fast
wind = "headwind down the home straight"   # said beside the time, never taken off it
shoes = "Spike 3"                # likewise
[official]
"1mi" = "4:58.3"                 # the official time
[[exclude]]
effort = "400m"                  # not a best
[[exclude]]
from = "12:00"                   # no effort may use this stretch
to = "13:30"
```
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from miler.activity import Activity, Note
from miler.errors import SettingsError
from miler.odometer import Break, Odometer
from miler.units import length_name, parse_distance, parse_duration

_KNOWN = ("sport", "surface", "treadmill_distance", "lane", "window", "accept", "wind", "shoes", "official",
          "exclude")  # fmt: skip
_LANES = 9


@dataclass(frozen=True)
class Overrides:
    """What the runner said of one recording.

    Attributes:
        sport, surface: instead of the file's words; None leaves them.
        treadmill_m: the whole distance; the recorded one is stretched to it.
        lane: of the track; None leaves the settings'.
        window_s: efforts lie within these seconds from the start.
        barred_s: spans of seconds that no effort may use.
        left_out_m: lengths whose effort is no best.
        official: pairs of length and official time, metres and seconds.
        accept: whether times that no runner runs are accepted.
        wind, shoes: in the runner's words; context, never in the time.
    """

    sport: str | None = None
    surface: str | None = None
    treadmill_m: float | None = None
    lane: int | None = None
    window_s: tuple[float, float] | None = None
    barred_s: tuple[tuple[float, float], ...] = ()
    left_out_m: tuple[float, ...] = ()
    official: tuple[tuple[float, float], ...] = ()
    accept: bool = False
    wind: str | None = None
    shoes: str | None = None

    def official_s(self, length_m: float) -> float | None:
        """Return the official time of a length; None if none was given."""
        return next((s for m, s in self.official if math.isclose(m, length_m)), None)

    def leaves_out(self, length_m: float) -> bool:
        """Whether the runner left out the effort of a length."""
        return any(math.isclose(m, length_m) for m in self.left_out_m)


def overrides_from(values: Mapping[str, Any]) -> Overrides:
    """Read what the runner wrote, as parsed from TOML.

    Raises:
        SettingsError: for an unknown word, or a value that does not fit, naming it.
    """
    for name in values:
        if name not in _KNOWN:
            raise SettingsError(f"unknown override {name!r}; there are {', '.join(_KNOWN)}")
    excluded = values.get("exclude", [])
    if not isinstance(excluded, list) or not all(isinstance(e, Mapping) for e in excluded):
        raise SettingsError("override 'exclude' must be tables: [[exclude]] with effort, or from and to")
    official = values.get("official", {})
    if not isinstance(official, Mapping):
        raise SettingsError("override 'official' must be a table of lengths and times")
    treadmill = values.get("treadmill_distance")
    window = values.get("window")
    if window is not None and (not isinstance(window, list) or len(window) != 2):
        raise SettingsError("override 'window' must be two times, such as ['10:00', '31:30']")
    if not isinstance(values.get("accept", False), bool):
        raise SettingsError("override 'accept' must be true or false")
    lane = values.get("lane")
    whole = isinstance(lane, int) and not isinstance(lane, bool)
    if "lane" in values and not (whole and 1 <= values["lane"] <= _LANES):
        raise SettingsError(f"override 'lane' must be 1 to {_LANES}, not {lane!r}")
    return Overrides(
        lane=lane,
        sport=_word(values, "sport"),
        surface=_word(values, "surface"),
        treadmill_m=None if treadmill is None else parse_distance(str(treadmill)),
        window_s=None if window is None else _span(*window),
        barred_s=tuple(_span(e.get("from"), e.get("to")) for e in excluded if "effort" not in e),
        left_out_m=tuple(parse_distance(str(e["effort"])) for e in excluded if "effort" in e),
        official=tuple((parse_distance(k), parse_duration(str(v))) for k, v in official.items()),
        accept=values.get("accept", False),
        wind=_text(values, "wind"),
        shoes=_text(values, "shoes"),
    )


def _text(values: Mapping[str, Any], name: str) -> str | None:
    value = values.get(name)
    if value is not None and not isinstance(value, str):
        raise SettingsError(f"override {name!r} must be text, not {value!r}")
    return value


def _word(values: Mapping[str, Any], name: str) -> str | None:
    text = _text(values, name)
    return None if text is None else text.lower()


def _span(begin: object, end: object) -> tuple[float, float]:
    if begin is None or end is None:
        raise SettingsError("override 'exclude' needs an effort, or from and to")
    from_s, to_s = parse_duration(str(begin)), parse_duration(str(end))
    if to_s <= from_s:
        raise SettingsError(f"an override's span must end after it begins, not {begin!r} to {end!r}")
    return from_s, to_s


def amended(activity: Activity, said: Overrides) -> Activity:
    """Return the activity with the sport, the surface and the treadmill's distance that the runner gave."""
    if said.sport is None and said.surface is None and said.treadmill_m is None:
        return activity
    notes = []
    streams = dict(activity.streams)
    counted = activity.get("distance")
    have = np.isfinite(counted)
    if said.treadmill_m is not None:
        text = "the treadmill's distance is not used: the watch counted none that could be stretched to it"
        if have.any() and counted[have][-1] > 0:
            scale = said.treadmill_m / float(counted[have][-1])
            streams["distance"] = counted * scale
            text = f"the runner gave the treadmill's distance: {scale:.3f} times what the watch counted"
        notes.append(Note("override", "finding", text))
    named = said.sport is not None or said.surface is not None
    if named:
        notes.append(Note("override", "finding", "sport or surface as the runner gave them"))
    sessions = activity.sessions if said.sport is None else ()
    return replace(
        activity,
        sport=said.sport or activity.sport,
        sub_sport=said.surface or activity.sub_sport,
        sessions=sessions,
        streams=streams,
        notes=activity.notes + tuple(notes),
    )


def belt_on_track(said: Overrides) -> tuple[Note, ...]:
    """Say of a run that was found on a track that a treadmill's distance has no part in it."""
    if said.treadmill_m is None:
        return ()
    text = (
        "the treadmill's distance is not used on the track: the positions go round one, and its lane is "
        "measured; with --distance device it is"
    )
    return (Note("override", "finding", text),)


def barred(odometer: Odometer, said: Overrides) -> Odometer:
    """Return the odometer with what the runner left out as breaks that no effort may span."""
    spans = list(said.barred_s)
    if said.window_s is not None:
        spans += [(-math.inf, said.window_s[0]), (said.window_s[1], math.inf)]
    if not spans or not len(odometer.marks):
        return odometer
    bounds = odometer.distance_at(np.array(spans))
    breaks = [*odometer.breaks, *(Break(a, b, "excluded") for a, b in bounds.tolist())]
    text = f"{len(spans)} stretch{'es' if len(spans) > 1 else ''} left out by the runner"
    note = Note("override", "finding", text)
    return replace(odometer, breaks=tuple(sorted(breaks, key=lambda b: b.from_m))).with_notes(note)


def why_left_out(said: Overrides, length_m: float) -> tuple[str, ...]:
    """Say that the runner left an effort out; empty where not."""
    return (f"the runner left the {length_name(length_m)} out",) if said.leaves_out(length_m) else ()
