"""The tables of one FIT part → what an activity holds, in the field's words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TypeVar

import numpy as np

from miler.activity import Lap, Note, Pause, Session
from miler.arrays import FloatArray
from miler.errors import CorruptFile, DecodeError, UnsupportedFile
from miler.formats.assemble import Raw
from miler.formats.fit import profile
from miler.formats.fit.scan import Part
from miler.formats.fit.tables import Table

_MESSAGES = ("file_id", "record", "lap", "session", "event", "activity", "device_info", "sport")

# Stream -> the record fields that may hold it, best first, and the factor to SI.
_STREAMS: dict[str, tuple[tuple[str, ...], float]] = {
    "latitude": (("position_lat",), 1 / profile.SEMICIRCLES_PER_DEGREE),
    "longitude": (("position_long",), 1 / profile.SEMICIRCLES_PER_DEGREE),
    "distance": (("distance",), 1),
    "speed": (("enhanced_speed", "speed"), 1),
    "altitude": (("enhanced_altitude", "altitude"), 1),
    "heart_rate": (("heart_rate",), 1),
    "power": (("power",), 1),
    "temperature": (("temperature",), 1),
    "vertical_oscillation": (("vertical_oscillation",), 1e-3),
    "ground_contact_time": (("stance_time",), 1e-3),
    "stride_length": (("step_length",), 1e-3),
}
_TIMER, _START = 0, 0
_STOPS = (1, 4, 8, 9)  # stop, stop_all, stop_disable, stop_disable_all
_ON_FOOT = ("running", "walking", "hiking")
_CREATOR = 0  # the device_index of the watch itself; its sensors count from 1

_T = TypeVar("_T")


class Contents:
    """The tables of one part, and how each becomes what an activity holds."""

    def __init__(self, part: Part) -> None:
        self.tables = {name: Table(part, name) for name in _MESSAGES}
        self._part = part

    def refusal(self) -> DecodeError | None:
        """Why this part is no activity; None if it is one."""
        kind = _first(self.tables["file_id"].numbers("type"))
        if kind not in (None, profile.ACTIVITY_FILE):
            word = (profile.enum_name("file", kind) or f"file type {kind}").replace("_", " ")
            return UnsupportedFile(f"a FIT {word} file, not an activity", kind=word, format="fit")
        if np.isfinite(self._times).any() or self._laps or self._sessions:
            return None
        return CorruptFile(
            "no record with a time, no lap and no session is in this FIT file", code="empty", format="fit"
        )

    def raw(self) -> Raw:
        """Everything an activity holds, times in Unix seconds."""
        sport, sub_sport = self._sport()
        timer_events, pauses = self._pauses()
        activity = self.tables["activity"]
        return Raw(
            times=self._times,
            streams=self._streams() | {"cadence": self._cadence(sport)},
            sport=sport,
            sub_sport=sub_sport,
            laps=self._laps,
            pauses=pauses,
            sessions=self._sessions,
            timer_events=timer_events,
            device=self._device(),
            utc_offset_s=_first_finite(*(activity.times("local_timestamp") - activity.times())),
            notes=[*self._part.notes, *self._losses()],
        )

    def _losses(self) -> Iterator[Note]:
        for name, kept in (("lap", self._laps), ("session", self._sessions)):
            lost = len(self.tables[name]) - len(kept)
            if lost:
                text = f"{name}s left out for want of a start or a length: {lost}"
                yield Note(f"bad_{name}", "damage", text)

    @cached_property
    def _times(self) -> FloatArray:
        return self.tables["record"].times()

    def _streams(self) -> dict[str, FloatArray]:
        table = self.tables["record"]
        streams: dict[str, FloatArray] = {}
        for name, (fields, factor) in _STREAMS.items():
            for field in filter(table.has, fields):
                _fill(streams, name, table.column(field) * factor)
        if table.has("compressed_speed_distance"):
            speed, distance = _expand_compressed(table)
            _fill(streams, "speed", speed)
            _fill(streams, "distance", distance)
        return streams

    def _cadence(self, sport: str) -> FloatArray:
        """Steps a minute on foot (FIT counts one leg), revolutions a minute elsewhere."""
        table = self.tables["record"]
        cadence: FloatArray = table.column("cadence") + np.nan_to_num(table.column("fractional_cadence"))
        sports = [session.sport for session in self._sessions] or [sport]
        legs = np.array([2.0 if sport in _ON_FOOT else 1.0 for sport in sports])
        session = np.searchsorted([s.start_s for s in self._sessions[1:]], self._times, side="right")
        cadence *= legs[session]
        return cadence

    @cached_property
    def _sessions(self) -> list[Session]:
        table = self.tables["session"]
        starts, ends = table.times("start_time"), table.times()
        elapsed, timer = table.column("total_elapsed_time"), table.column("total_timer_time")
        distance = table.column("total_distance")
        sports, sub_sports = table.numbers("sport"), table.numbers("sub_sport")
        sessions = []
        for i, start in enumerate(starts):
            length = _first_finite(elapsed[i], ends[i] - start, timer[i])
            if np.isnan(start) or length is None:
                continue
            sessions.append(
                Session(
                    sport=_word("sport", sports[i]) or "unknown",
                    sub_sport=_word("sub_sport", sub_sports[i]),
                    start_s=float(start),
                    end_s=float(start) + max(length, 0.0),
                    timer_s=_first_finite(timer[i]),
                    distance_m=_first_finite(distance[i]),
                )
            )
        return sorted(sessions, key=lambda session: session.start_s)

    def _sport(self) -> tuple[str, str | None]:
        legs = [s for s in self._sessions if s.sport != "transition"] or self._sessions
        if len({leg.sport for leg in legs}) > 1:
            return "multisport", None
        if legs:
            return legs[0].sport, legs[0].sub_sport
        # A watch that died wrote no session; its sport message or its laps may still say.
        for name in ("sport", "lap"):
            table = self.tables[name]
            sport = _word("sport", _first(table.numbers("sport")))
            if sport is not None:
                return sport, _word("sub_sport", _first(table.numbers("sub_sport")))
        return "unknown", None

    @cached_property
    def _laps(self) -> list[Lap]:
        table = self.tables["lap"]
        starts, ends = table.times("start_time"), table.times()
        elapsed, timer = table.column("total_elapsed_time"), table.column("total_timer_time")
        distance = table.column("total_distance")
        triggers = table.numbers("lap_trigger")
        laps = []
        for i in range(len(table)):
            length = _first_finite(elapsed[i], timer[i], ends[i] - starts[i])
            start = _first_finite(starts[i], ends[i] - (length or 0.0))
            if start is None or length is None or length < 0:
                continue
            laps.append(
                Lap(
                    index=i + 1,
                    trigger=_word("lap_trigger", triggers[i]),
                    start_s=start,
                    elapsed_s=length,
                    timer_s=_first_finite(timer[i]),
                    distance_m=_first_finite(distance[i]),
                )
            )
        return laps

    def _pauses(self) -> tuple[bool, list[Pause]]:
        """Whether the file tells of its timer, and from when to when that stood."""
        table = self.tables["event"]
        times = table.times()
        events, types = table.numbers("event"), table.numbers("event_type")
        stopped: float | None = None
        pauses: list[Pause] = []
        told = False
        for i in np.argsort(times, kind="stable"):
            if events[i] != _TIMER or np.isnan(times[i]):
                continue
            told = True
            if types[i] in _STOPS and stopped is None:
                stopped = float(times[i])
            elif types[i] == _START and stopped is not None:
                pauses.append(Pause(stopped, float(times[i])))
                stopped = None
        return told, pauses

    def _device(self) -> str | None:
        """Maker and product: by name where the profile or the file has one, else by number."""
        file_id, info = self.tables["file_id"], self.tables["device_info"]
        maker = _word("manufacturer", _first(file_id.numbers("manufacturer")))
        number = _first(file_id.numbers("product"))
        known = _word("garmin_product", number) if maker == "garmin" else None
        names = zip(info.numbers("device_index"), info.texts("product_name"), strict=True)
        told = [*file_id.texts("product_name"), *(name for index, name in names if index == _CREATOR)]
        product = _first([known, *told, str(number) if number else None])  # Zwift and Suunto write 0
        return " ".join(word for word in (maker, product) if word) or None


def _expand_compressed(table: Table) -> tuple[FloatArray, FloatArray]:
    """Unpack 12 bits of speed (1/100 m/s) and 12 bits of distance (1/16 m, rolling over) of old watches."""
    raw = table.bytes_of("compressed_speed_distance", 3).astype(np.int64)
    present = (raw != 0xFF).any(axis=1)
    speed = np.where(present, (raw[:, 0] | (raw[:, 1] & 0x0F) << 8) / 100, np.nan)
    counter = raw[present, 1] >> 4 | raw[present, 2] << 4
    steps = np.diff(counter, prepend=0) & 0xFFF
    distance = np.full(len(table), np.nan)
    distance[present] = np.cumsum(steps) / 16
    return speed, distance


def _fill(streams: dict[str, FloatArray], name: str, column: FloatArray) -> None:
    """Add a stream, or what it still lacks."""
    have = streams.get(name)
    streams[name] = column if have is None else np.where(np.isnan(have), column, have)


def _first(values: Iterable[_T | None]) -> _T | None:
    return next((value for value in values if value is not None), None)


def _first_finite(*values: float) -> float | None:
    return next((float(value) for value in values if np.isfinite(value)), None)


def _word(kind: str, number: int | None) -> str | None:
    return None if number is None else profile.enum_name(kind, number)
