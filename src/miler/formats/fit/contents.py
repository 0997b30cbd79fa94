"""What one FIT part says, in the words of the field: records, laps, sessions, pauses, device."""

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
from miler.formats.fit.developer import developer_fields, developer_streams
from miler.formats.fit.messages import Messages, Numbers, whole
from miler.formats.fit.scan import Part
from miler.formats.fit.tables import Table, fill

# Stream -> the record fields that may hold it, best first, and how many of their units make one of ours.
_STREAMS: dict[str, tuple[tuple[str, ...], float]] = {
    "latitude": (("position_lat",), profile.SEMICIRCLES_PER_DEGREE),
    "longitude": (("position_long",), profile.SEMICIRCLES_PER_DEGREE),
    "distance": (("distance",), 1),
    "speed": (("enhanced_speed", "speed"), 1),
    "altitude": (("enhanced_altitude", "altitude"), 1),
    "heart_rate": (("heart_rate",), 1),
    "cadence": (("cadence",), 1),
    "power": (("power",), 1),
    "temperature": (("temperature",), 1),
    "vertical_oscillation": (("vertical_oscillation",), 1000),
    "ground_contact_time": (("stance_time",), 1000),
    "stride_length": (("step_length",), 1000),
}
_RECORD = (
    ("timestamp", 1.0),
    ("fractional_cadence", 1.0),
    *((name, per_unit) for names, per_unit in _STREAMS.values() for name in names),
)
_SPAN = ("timestamp", "start_time", "total_elapsed_time", "total_timer_time", "total_distance")
_TIMER, _START = 0, 0
_STOPS = (1, 4, 8, 9)  # stop, stop_all, stop_disable, stop_disable_all
_ON_FOOT = ("running", "walking", "hiking")
_TWO_LEGS = 120.0  # steps a minute: no runner's one leg comes down so often
_SWUM = 1  # the length_type of a length that was not rested
_CREATOR = 0  # the device_index of the watch itself; its sensors count from 1

_T = TypeVar("_T")


class Contents:
    """What one part holds, and how it becomes what an activity holds."""

    def __init__(self, part: Part) -> None:
        self.records = Table(part, "record", _RECORD)
        self.messages = Messages(part)
        self._part = part

    def refusal(self) -> DecodeError | None:
        """Why this part is no activity; None if it is one."""
        kind = _first(whole(message, "type") for message in self._file_id)
        if kind not in (None, profile.ACTIVITY_FILE):
            word = (profile.enum_name("file", kind) or f"file type {kind}").replace("_", " ")
            damage = next((note.message for note in self._part.notes if note.kind == "damage"), None)
            text = f"a FIT {word} file, not an activity"
            return UnsupportedFile(text, kind=word, damage=damage, format="fit")
        if self._laps or self._sessions or (len(self.records) and np.isfinite(self._times).any()):
            return None
        return CorruptFile(
            "no record with a time, no lap and no session is in this FIT file", code="empty", format="fit"
        )

    def raw(self) -> Raw:
        """Everything an activity holds, times in Unix seconds."""
        sport, sub_sport = self._sport
        timer_events, pauses = self._pauses()
        notes = [*self._part.notes, *self._losses()]
        return Raw(
            times=self._times,
            streams=self._with_developer_streams(notes),
            sport=sport,
            sub_sport=sub_sport,
            laps=self._laps,
            pauses=pauses,
            sessions=self._sessions,
            timer_events=timer_events,
            device=self._device(),
            utc_offset_s=self._utc_offset_s(),
            notes=notes,
        )

    def _losses(self) -> Iterator[Note]:
        for name, told, kept in (
            ("lap", self._lap_messages, self._laps),
            ("session", self._session_messages, self._sessions),
        ):
            lost = len(told) - len(kept)
            if lost:
                text = f"{name}s left out for want of a start or a length: {lost}"
                yield Note(f"bad_{name}", "damage", text)

    @cached_property
    def _file_id(self) -> list[Numbers]:
        return self.messages.numbers("file_id", "type", "manufacturer", "product")

    @cached_property
    def _lap_messages(self) -> list[Numbers]:
        laps = self.messages.numbers("lap", *_SPAN, "lap_trigger", "sport", "sub_sport")
        return laps or self._pool_lengths

    @property
    def _pool_lengths(self) -> list[Numbers]:
        """The lengths of a pool as laps, each swum one as long as the pool: all that some watches write."""
        lengths = self.messages.numbers("length", *_SPAN[:-1], "length_type")
        told = self.messages.numbers("session", "pool_length") if lengths else []
        pool_m = _first(message.get("pool_length") for message in told)
        for length in lengths:
            if pool_m is not None and whole(length, "length_type") == _SWUM:
                length["total_distance"] = pool_m
        return lengths

    @cached_property
    def _session_messages(self) -> list[Numbers]:
        return self.messages.numbers("session", *_SPAN, "sport", "sub_sport")

    @cached_property
    def _times(self) -> FloatArray:
        return self.records.times()

    def native_streams(self) -> dict[str, FloatArray]:
        """Return what the watch recorded itself: stream -> (n,) column in SI units, NaN for missing."""
        streams: dict[str, FloatArray] = {}
        columns = self.records.columns
        for name, (fields, _) in _STREAMS.items():
            for field in filter(columns.__contains__, fields):
                fill(streams, name, columns[field])
        if self.records.has("compressed_speed_distance"):
            speed, distance = _expand_compressed(self.records)
            fill(streams, "speed", speed)
            fill(streams, "distance", distance)
        if "cadence" in streams:
            cadence = streams["cadence"]
            if (fraction := columns.get("fractional_cadence")) is not None:
                cadence = cadence + np.where(np.isnan(fraction), 0.0, fraction)
            streams["cadence"] = cadence * self._legs_counted()
        return streams

    def _with_developer_streams(self, notes: list[Note]) -> dict[str, FloatArray]:
        """Add to the streams what only an app on the watch measured, and say so."""
        streams = self.native_streams()
        if not self.records.has_developer_fields:
            return streams
        told = developer_streams(self.records, developer_fields(self.messages), streams)
        for stream, (_, column) in told.items():
            one_leg = stream == "cadence" and np.nanmedian(column) < _TWO_LEGS
            streams[stream] = column * self._legs_counted() if one_leg else column
        if told:
            words = ", ".join(f"{stream.replace('_', ' ')} ({name!r})" for stream, (name, _) in told.items())
            notes.append(Note("developer_field", "finding", f"from apps, for the watch has none: {words}"))
        return streams

    def _legs_counted(self) -> FloatArray | float:
        """Return what makes steps of a cadence: FIT counts one leg of those on foot; (n,) or one for all."""
        sports = [session.sport for session in self._sessions] or [self._sport[0]]
        legs = [2.0 if sport in _ON_FOOT else 1.0 for sport in sports]
        if len(set(legs)) == 1:
            return legs[0]
        session = np.searchsorted([s.start_s for s in self._sessions[1:]], self._times, side="right")
        return np.array(legs)[session]

    @cached_property
    def _sessions(self) -> list[Session]:
        sessions = []
        for told in self._session_messages:
            start = told.get("start_time")
            length = _first([told.get("total_elapsed_time"), _span_s(told), told.get("total_timer_time")])
            if start is None or length is None:
                continue
            sessions.append(
                Session(
                    sport=_word("sport", whole(told, "sport")) or "unknown",
                    sub_sport=_word("sub_sport", whole(told, "sub_sport")),
                    start_s=start,
                    end_s=start + max(length, 0.0),
                    timer_s=told.get("total_timer_time"),
                    distance_m=told.get("total_distance"),
                )
            )
        return sorted(sessions, key=lambda session: session.start_s)

    @cached_property
    def _sport(self) -> tuple[str, str | None]:
        legs = [s for s in self._sessions if s.sport != "transition"] or self._sessions
        if len({leg.sport for leg in legs}) > 1:
            return "multisport", None
        if legs:
            return legs[0].sport, legs[0].sub_sport
        # A watch that died wrote no session; its sport message or its laps may still say.
        for messages in (self.messages.numbers("sport", "sport", "sub_sport"), self._lap_messages):
            sport = _word("sport", _first(whole(message, "sport") for message in messages))
            if sport is not None:
                return sport, _word("sub_sport", _first(whole(message, "sub_sport") for message in messages))
        return "unknown", None

    @cached_property
    def _laps(self) -> list[Lap]:
        laps = []
        for i, told in enumerate(self._lap_messages, start=1):
            length = told.get("total_elapsed_time", told.get("total_timer_time", _span_s(told)))
            start = told.get("start_time")
            if start is None and "timestamp" in told:
                start = told["timestamp"] - (length or 0.0)
            if start is None or length is None or length < 0:
                continue
            laps.append(
                Lap(
                    index=i,
                    trigger=_word("lap_trigger", whole(told, "lap_trigger")),
                    start_s=start,
                    elapsed_s=length,
                    timer_s=told.get("total_timer_time"),
                    distance_m=told.get("total_distance"),
                )
            )
        return laps

    def _pauses(self) -> tuple[bool, list[Pause]]:
        """Whether the file tells of its timer, and from when to when that stood."""
        events = [
            (message["timestamp"], message.get("event_type"))
            for message in self.messages.numbers("event", "timestamp", "event", "event_type")
            if message.get("event") == _TIMER and "timestamp" in message
        ]
        stopped: float | None = None
        pauses: list[Pause] = []
        for time, kind in sorted(events, key=lambda event: event[0]):
            if kind in _STOPS and stopped is None:
                stopped = time
            elif kind == _START and stopped is not None:
                pauses.append(Pause(stopped, time))
                stopped = None
        return bool(events), pauses

    def _utc_offset_s(self) -> float | None:
        """Return the wearer's local time minus UTC, where the file says."""
        for message in self.messages.numbers("activity", "timestamp", "local_timestamp"):
            if len(message) == 2:
                return message["local_timestamp"] - message["timestamp"]
        return None

    def _device(self) -> str | None:
        """Maker and product: by name where the profile or the file has one, else by number."""
        maker = _word("manufacturer", _first(whole(message, "manufacturer") for message in self._file_id))
        number = _first(whole(message, "product") for message in self._file_id)
        known = _word("garmin_product", number) if maker == "garmin" else None
        product = known or self._product_name() or (str(number) if number else None)  # Zwift, Suunto: 0
        return " ".join(word for word in (maker, product) if word) or None

    def _product_name(self) -> str | None:
        """Return what the file calls the watch."""
        told = [texts.get("product_name") for texts in self.messages.texts("file_id", "product_name")]
        if not any(told):
            indices = self.messages.numbers("device_info", "device_index")
            texts = self.messages.texts("device_info", "product_name")
            told = [
                text.get("product_name")
                for index, text in zip(indices, texts, strict=True)
                if whole(index, "device_index") == _CREATOR
            ]
        return _first(told)


def _span_s(told: dict[str, float]) -> float | None:
    """Return the time from a lap's or session's start to when it was written."""
    if "timestamp" in told and "start_time" in told:
        return told["timestamp"] - told["start_time"]
    return None


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


def _first(values: Iterable[_T | None]) -> _T | None:
    return next((value for value in values if value is not None), None)


def _word(kind: str, number: int | None) -> str | None:
    return None if number is None else profile.enum_name(kind, number)
