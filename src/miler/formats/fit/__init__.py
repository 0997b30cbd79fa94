"""FIT files → activities: scan, gather, and say in the field's words what was found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from miler.activity import Activity, Lap, Note, Pause, Session
from miler.arrays import FloatArray
from miler.errors import CorruptFile, DecodeError, UnsupportedFile
from miler.formats.assemble import Raw, assemble
from miler.formats.fit import profile
from miler.formats.fit.scan import Part, scan
from miler.formats.fit.tables import Table, timestamps, unix_column

__all__ = ["decode"]

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


def decode(data: bytes, *, strict: bool = False) -> list[Activity]:
    """Read every activity of a FIT file, chained parts in order.

    Args:
        data: the bytes of the file.
        strict: raise for any damage instead of noting it.

    Raises:
        CorruptFile: if nothing usable is left, or for any damage when `strict`.
        UnsupportedFile: if the file is sound but no activity; `kind` names what it is.
    """
    activities: list[Activity] = []
    refusals: list[DecodeError] = []
    for part in scan(data):
        _refuse_damage(part.notes, strict)
        contents = _Contents(data, part)
        refusal = contents.refusal()
        if refusal is None:
            activities.append(assemble(contents.raw()))
            _refuse_damage(activities[-1].notes, strict)
        else:
            refusals.append(refusal)
    if not activities:
        worst: list[DecodeError] = [r for r in refusals if isinstance(r, CorruptFile)]
        raise (worst or refusals or [CorruptFile("no FIT header; nothing can be read", format="fit")])[0]
    return activities


def _refuse_damage(notes: list[Note] | tuple[Note, ...], strict: bool) -> None:
    damage = [note for note in notes if note.kind == "damage"]
    if strict and damage:
        raise CorruptFile(damage[0].message, code=damage[0].code, format="fit")


@dataclass(frozen=True)
class _Device:
    manufacturer: str | None
    product: str | None

    def __str__(self) -> str:
        return " ".join(word for word in (self.manufacturer, self.product) if word)


class _Contents:
    """The tables of one part, and how each becomes what an activity holds."""

    def __init__(self, data: bytes, part: Part) -> None:
        self._data = data
        self._part = part
        self._tables = {name: Table(data, part, name) for name in _MESSAGES}

    def refusal(self) -> DecodeError | None:
        """Why this part is no activity; None if it is one."""
        kinds = [k for k in self._tables["file_id"].numbers("type") if k is not None]
        kind = kinds[0] if kinds else None
        held = sum(len(self._tables[name]) for name in ("record", "lap", "session"))
        if kind in (None, profile.ACTIVITY_FILE) and held:
            return None
        if kind in (None, profile.ACTIVITY_FILE):
            return CorruptFile("no record, lap or session is in this FIT file", code="empty", format="fit")
        word = (profile.enum_name("file", kind) or f"file type {kind}").replace("_", " ")
        return UnsupportedFile(f"a FIT {word} file, not an activity", kind=word, format="fit")

    def raw(self) -> Raw:
        """Everything an activity holds, times in Unix seconds."""
        sessions = self._sessions()
        sport, sub_sport = self._sport(sessions)
        raw = Raw(
            times=timestamps(self._data, self._part, self._tables, "record"),
            streams=self._streams(),
            start=sessions[0].start_s if sessions else None,
            sport=sport,
            sub_sport=sub_sport,
            laps=self._laps(),
            sessions=sessions,
            device=str(self._device()) or None,
            utc_offset_s=self._utc_offset_s(),
            notes=list(self._part.notes),
        )
        raw.timer_events, raw.pauses = self._pauses()
        raw.streams["cadence"] = self._cadence(raw.times, sessions, sport)
        return raw

    def _streams(self) -> dict[str, FloatArray]:
        table = self._tables["record"]
        streams: dict[str, FloatArray] = {}
        for name, (fields, factor) in _STREAMS.items():
            present = [table.column(field) for field in fields if table.has(field)]
            if not present:
                continue
            column = present[0]
            for other in present[1:]:
                column = np.where(np.isnan(column), other, column)
            streams[name] = column * factor if factor != 1 else column
        if table.has("compressed_speed_distance"):
            _expand_compressed(table, streams)
        return streams

    def _cadence(self, times: FloatArray, sessions: list[Session], sport: str) -> FloatArray:
        """Steps a minute on foot (FIT counts one leg), revolutions a minute elsewhere."""
        table = self._tables["record"]
        fraction = table.column("fractional_cadence") if table.has("fractional_cadence") else np.nan
        cadence = table.column("cadence") + np.nan_to_num(fraction)
        if not sessions:
            return cadence * 2 if sport in _ON_FOOT else cadence
        legs = np.ones(len(cadence))
        for session in sessions:
            if session.sport in _ON_FOOT:
                alone = len(sessions) == 1
                legs[(times >= session.start_s) & (times <= session.end_s) | alone] = 2
        return cadence * legs

    def _sessions(self) -> list[Session]:
        table = self._tables["session"]
        starts, ends = (
            unix_column(table, "start_time"),
            timestamps(self._data, self._part, self._tables, "session"),
        )
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

    def _sport(self, sessions: list[Session]) -> tuple[str, str | None]:
        sports = {s.sport for s in sessions if s.sport != "transition"}
        if len(sports) > 1:
            return "multisport", None
        if sessions:
            main = next((s for s in sessions if s.sport != "transition"), sessions[0])
            return main.sport, main.sub_sport
        # A watch that died wrote no session; its sport message or its laps may still say.
        for name in ("sport", "lap"):
            table = self._tables[name]
            said = [s for s in table.numbers("sport") if s is not None] if table.has("sport") else []
            if said:
                return _word("sport", said[0]) or "unknown", None
        return "unknown", None

    def _laps(self) -> list[Lap]:
        table = self._tables["lap"]
        starts, ends = (
            unix_column(table, "start_time"),
            timestamps(self._data, self._part, self._tables, "lap"),
        )
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
        table = self._tables["event"]
        times = timestamps(self._data, self._part, self._tables, "event")
        stopped: float | None = None
        pauses: list[Pause] = []
        told = False
        order = np.argsort(times, kind="stable")
        events, types = table.numbers("event"), table.numbers("event_type")
        for i in order:
            if events[i] != _TIMER or np.isnan(times[i]):
                continue
            told = True
            if types[i] in _STOPS and stopped is None:
                stopped = float(times[i])
            elif types[i] == _START and stopped is not None:
                pauses.append(Pause(stopped, float(times[i])))
                stopped = None
        return told, pauses

    def _utc_offset_s(self) -> float | None:
        table = self._tables["activity"]
        if not len(table):
            return None
        local = unix_column(table, "local_timestamp") - unix_column(table, "timestamp")
        return _first_finite(*local)

    def _device(self) -> _Device:
        table = self._tables["file_id"]
        makers = [m for m in table.numbers("manufacturer") if m is not None]
        maker = _word("manufacturer", makers[0]) if makers else None
        info = self._tables["device_info"]
        named = (table.texts("product_name") if table.has("product_name") else []) + (
            info.texts("product_name") if info.has("product_name") else []
        )
        products = [p for p in table.numbers("product") if p is not None]
        if maker == "garmin" and products:
            known = profile.enum_name("garmin_product", products[0])
            return _Device(maker, known or str(products[0]))
        name = next((n for n in named if n), None)
        return _Device(maker, name or (str(products[0]) if products else None))


def _expand_compressed(table: Table, streams: dict[str, FloatArray]) -> None:
    """Unpack 12 bits of speed (1/100 m/s) and 12 bits of distance (1/16 m, rolling over) of old watches."""
    raw = table.bytes_of("compressed_speed_distance", 3).astype(np.int64)
    present = (raw != 255).any(axis=1)
    speed = np.where(present, (raw[:, 0] | (raw[:, 1] & 0x0F) << 8) / 100, np.nan)
    counter = raw[present, 1] >> 4 | raw[present, 2] << 4
    steps = np.diff(counter, prepend=0) & 0xFFF
    distance = np.full(len(table), np.nan)
    distance[present] = np.cumsum(steps) / 16
    for name, column in (("speed", speed), ("distance", distance)):
        have = streams.get(name)
        streams[name] = column if have is None else np.where(np.isnan(have), column, have)


def _first_finite(*values: float) -> float | None:
    return next((float(v) for v in values if np.isfinite(v)), None)


def _word(kind: str, number: int | None) -> str | None:
    return None if number is None else profile.enum_name(kind, number)
