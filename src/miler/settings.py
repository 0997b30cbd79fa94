"""One frozen `Settings`, parsed from a mapping; it travels inside every Analysis."""

from __future__ import annotations

import dataclasses
import difflib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from miler.errors import SettingsError
from miler.units import STANDARD_LENGTHS_M, TRACK_LAP_M, Unit, parse_distance

Sex = Literal["F", "M"]
DistanceSource = Literal["auto", "device", "fixes"]
Units = Literal["mi", "km", "both"]

LANES = 10  # of the widest tracks
FIRST_BIRTH_YEAR, LAST_BIRTH_YEAR = 1880, 2100
_LEAST = 1e-6  # to which documents are rounded, and with them the settings that a result was made with
SHORTEST_EFFORT_M = 1.0  # a moment has no speed
SHORTEST_LAP_M = 50.0  # a tenth of a second of pace is then 0.2 %; no track is shorter


@dataclass(frozen=True)
class Settings:
    """Everything that changes a result; equal settings and equal bytes give equal results.

    Values are checked at construction. Lengths may be given as numbers (metres) or as text (`5k`).

    Attributes:
        effort_lengths_m: lengths of the efforts sought, metres.
        lap_m: lap of the track on which the mile is cut into track laps, metres.
        sports: sports in which efforts are sought; "unknown" is a file that does not say.
        sex: whose record book; None compares with both.
        birth_year: the runner's; None compares with no age.
        distance_source: "auto" takes the device's distance where it is sane, else the fixes.
        lane: of the track, counted from the kerb; None tells it from the positions where they can.
        units: what a reader sees: miles, kilometres, or both, the mile first.
        own_records: text of the runner's records.toml, empty for none: marks, rivals and goals.
        every_second: give the gap to each light at every second, not at the quarters only.
        max_speed_mps: a step faster than this is a glitch. 12.5 is just above the fastest
            moment of the fastest 100 m ever run (Bolt 2009, 12.4 m/s: World Athletics' analysis).
        teleport_m: across a pause, a displacement above this is a teleport.
        gap_s, gap_share: records missing for longer than this, or for this share of an effort, are flagged.
        moving_mps: slower than this is standing, for the moving time.
        device_sd, unchecked_sd, indoor_sd, fixes_sd: standard deviation of the scale of a distance, as a
            share of it: the device's that positions bear out, without any, indoors; added up from fixes.
        end_sd_m: of either end of a stretch. Sources of these five: docs/explanation/uncertainty.md.
        press_sd_s: of a lap button's press against the line.
        accept_implausible: take times that no runner runs, or that a vehicle ran, for bests all the same.
    """

    effort_lengths_m: tuple[float, ...] = tuple(STANDARD_LENGTHS_M.values())
    lap_m: float = TRACK_LAP_M
    sports: tuple[str, ...] = ("running", "unknown")
    sex: Sex | None = None
    birth_year: int | None = None
    distance_source: DistanceSource = "auto"
    lane: int | None = None
    units: Units = "mi"
    own_records: str = ""
    every_second: bool = False
    max_speed_mps: float = 12.5
    teleport_m: float = 100.0
    gap_s: float = 20.0
    gap_share: float = 0.02
    moving_mps: float = 0.5
    device_sd: float = 0.011
    unchecked_sd: float = 0.020
    indoor_sd: float = 0.030
    fixes_sd: float = 0.015
    end_sd_m: float = 2.0
    press_sd_s: float = 0.25
    accept_implausible: bool = False

    def __post_init__(self) -> None:
        """Check every value once, and put it into its one form.

        Raises:
            SettingsError: for a value that does not fit, naming it and its setting.
        """
        for field in dataclasses.fields(self):
            parse = _PARSERS.get(field.name, _positive)
            object.__setattr__(self, field.name, parse(field.name, getattr(self, field.name)))

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Settings:
        """Read settings as a person wrote them: from a parsed TOML file, from flags or from JSON.

        Raises:
            SettingsError: for an unknown name, with the nearest known one, or a value that does not fit.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        for name in values:
            if name not in known:
                close = difflib.get_close_matches(name, known, n=1)
                hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(sorted(known))}"
                raise SettingsError(f"unknown setting {name!r}; {hint}")
        return cls(**{name: _lower(value) if name == "sports" else value for name, value in values.items()})

    @property
    def unit(self) -> Unit:
        """The unit that a reader sees first, or alone."""
        return self.shown_units[0]

    @property
    def shown_units(self) -> tuple[Unit, ...]:
        """The units that a reader sees."""
        return ("mi", "km") if self.units == "both" else (self.units,)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, in the order of the fields."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in vars(self).items()}


def _positive(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SettingsError(f"setting {name!r} must be a number, not {value!r}")
    # Compared, not asked: an integer of TOML may be larger than any float.
    if not _LEAST <= value <= sys.float_info.max:
        raise SettingsError(f"setting {name!r} must be positive, a millionth or more, not {value!r}")
    return float(value)


def _yes_or_no(name: str, value: object) -> bool:
    if value not in (True, False):
        raise SettingsError(f"setting {name!r} must be true or false, not {value!r}")
    return bool(value)


def _length(name: str, value: object) -> float:
    return parse_distance(value) if isinstance(value, str) else _positive(name, value)


def _long_enough(name: str, length_m: float, shortest_m: float) -> float:
    if length_m < shortest_m:
        raise SettingsError(f"setting {name!r} must be at least {shortest_m:g} m, not {length_m:g} m")
    return length_m


def _lengths(name: str, value: object) -> tuple[float, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise SettingsError(f"setting {name!r} must be a list of lengths, such as ['1mi', '5k']")
    return tuple(sorted({_long_enough(name, _length(name, v), SHORTEST_EFFORT_M) for v in value}))


def _lap(name: str, value: object) -> float:
    return _long_enough(name, _length(name, value), SHORTEST_LAP_M)


def _words(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(v, str) for v in value):
        raise SettingsError(f"setting {name!r} must be a list of words")
    return tuple(value)


def _year(name: str, value: object) -> int | None:
    if value is None:
        return None
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    if numeric and FIRST_BIRTH_YEAR <= cast("float", value) <= LAST_BIRTH_YEAR:
        year = int(cast("float", value))
        if year == value:
            return year
    raise SettingsError(f"setting {name!r} must be the year of a runner's birth, not {value!r}")


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise SettingsError(f"setting {name!r} must be text, not {value!r}")
    return value


def _lower(words: Any) -> Any:
    """Write sports as activities name them, in lower case; what is no list of words is refused later."""
    if not isinstance(words, list | tuple):
        return words
    return tuple(word.lower() if isinstance(word, str) else word for word in words)


def _lane(name: str, value: object) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= LANES):
        return value
    raise SettingsError(f"setting {name!r} must be a lane from 1, at the kerb, to {LANES}, not {value!r}")


def _one_of(*choices: object) -> Callable[[str, object], Any]:
    def parse(name: str, value: object) -> object:
        if value not in choices:
            shown = ", ".join(repr(c) for c in choices)
            raise SettingsError(f"setting {name!r} must be one of {shown}, not {value!r}")
        return value

    return parse


_PARSERS: dict[str, Callable[[str, object], Any]] = {
    "effort_lengths_m": _lengths,
    "lap_m": _lap,
    "sports": _words,
    "birth_year": _year,
    "own_records": _text,
    "every_second": _yes_or_no,
    "sex": _one_of(None, *cast("tuple[str, ...]", get_args(Sex))),
    "distance_source": _one_of(*get_args(DistanceSource)),
    "lane": _lane,
    "units": _one_of(*get_args(Units)),
    "accept_implausible": _yes_or_no,
}
