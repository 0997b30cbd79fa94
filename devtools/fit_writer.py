"""A recording as the FIT file a watch would leave: messages in the order in which they happened."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import numpy as np

from devtools.fit_file import ENUM, SINT8, SINT32, STRING, UINT8, UINT16, UINT32, UINT32Z, FitFile, Value
from devtools.recording import LapMark, Recording
from miler.arrays import FloatArray

# Numbers of messages, fields and enums below: Garmin's FIT profile (Profile.xlsx).
FILE_ID, SPORT, SESSION, LAP, RECORD, EVENT, DEVICE_INFO, ACTIVITY = 0, 12, 18, 19, 20, 21, 23, 34
SPORTS = {"generic": 0, "running": 1, "cycling": 2, "swimming": 5, "walking": 11, "hiking": 17}
SUB_SPORTS = {"generic": 0, "treadmill": 1, "street": 2, "trail": 3, "track": 4}
LAP_TRIGGERS = {"manual": 0, "time": 1, "distance": 2, "position_start": 3, "session_end": 7}

_FIT_EPOCH_S = 631_065_600  # 1989-12-31T00:00:00Z
_SEMICIRCLES_PER_DEG = 2**31 / 180
_TIMER, _LAP_EVENT, _SESSION_EVENT, _ACTIVITY_EVENT = 0, 9, 8, 26
_START, _STOP, _STOP_ALL = 0, 1, 4
_NAME_BYTES = 20
_SERIAL = 20_260_506

_TIME = (253, 4, UINT32)
_LAYOUTS: dict[int, tuple[tuple[int, int, int], ...]] = {
    FILE_ID: ((0, 1, ENUM), (1, 2, UINT16), (2, 2, UINT16), (3, 4, UINT32Z), (4, 4, UINT32)),
    DEVICE_INFO: (
        _TIME,
        (0, 1, UINT8),
        (2, 2, UINT16),
        (3, 4, UINT32Z),
        (4, 2, UINT16),
        (5, 2, UINT16),
        (27, _NAME_BYTES, STRING),
    ),
    SPORT: ((0, 1, ENUM), (1, 1, ENUM), (3, _NAME_BYTES, STRING)),
    EVENT: (_TIME, (0, 1, ENUM), (1, 1, ENUM), (3, 4, UINT32)),
    LAP: (
        (254, 2, UINT16),
        _TIME,
        (0, 1, ENUM),
        (1, 1, ENUM),
        (2, 4, UINT32),
        (7, 4, UINT32),
        (8, 4, UINT32),
        (9, 4, UINT32),
        (24, 1, ENUM),
        (25, 1, ENUM),
        (39, 1, ENUM),
    ),
    SESSION: (
        (254, 2, UINT16),
        _TIME,
        (0, 1, ENUM),
        (1, 1, ENUM),
        (2, 4, UINT32),
        (5, 1, ENUM),
        (6, 1, ENUM),
        (7, 4, UINT32),
        (8, 4, UINT32),
        (9, 4, UINT32),
        (25, 2, UINT16),
        (26, 2, UINT16),
        (28, 1, ENUM),
    ),
    ACTIVITY: (
        _TIME,
        (0, 4, UINT32),
        (1, 2, UINT16),
        (2, 1, ENUM),
        (3, 1, ENUM),
        (4, 1, ENUM),
        (5, 4, UINT32),
    ),
}
_LOCAL = {FILE_ID: 0, DEVICE_INFO: 1, SPORT: 2, EVENT: 3, RECORD: 4, LAP: 5, SESSION: 6, ACTIVITY: 7}


class _Column(NamedTuple):
    number: int
    size: int
    base_type: int
    raw: list[int | None]


def write_fit(run: Recording) -> bytes:
    """Return the recording as a FIT file with correct checksums."""
    return fit_file(run).to_bytes()


def fit_file(run: Recording) -> FitFile:
    """Return the recording as FIT messages.

    Times of records are whole seconds, as FIT has no others; laps carry milliseconds in their
    total times, distances are centimetres, positions semicircles (about a centimetre).
    """
    file = FitFile()
    columns = _record_columns(run)
    for number, local in _LOCAL.items():
        layout = [(253, 4, UINT32)] + [(c.number, c.size, c.base_type) for c in columns]
        file.define(local, number, layout if number == RECORD else _LAYOUTS[number])
    _preamble(file, run)
    for _, _, number, values in sorted(_timeline(run, columns), key=lambda entry: entry[:2]):
        file.message(_LOCAL[number], *values)
    _closing(file, run)
    return file


def fit_time(moment: datetime) -> int:
    """Return whole seconds since FIT's epoch."""
    return round(moment.timestamp()) - _FIT_EPOCH_S


def _record_columns(run: Recording) -> list[_Column]:
    strides = None if run.cadence_spm is None else run.cadence_spm / 2
    whole = None if strides is None else np.floor(strides)
    fraction = None if strides is None or whole is None else strides - whole
    scaled: list[tuple[int, int, int, FloatArray | None, float, float]] = [
        (0, 4, SINT32, run.latitude_deg, _SEMICIRCLES_PER_DEG, 0),
        (1, 4, SINT32, run.longitude_deg, _SEMICIRCLES_PER_DEG, 0),
        (5, 4, UINT32, run.distance_m, 100, 0),
        (73, 4, UINT32, run.speed_mps, 1000, 0),
        (78, 4, UINT32, run.altitude_m, 5, 500),
        (7, 2, UINT16, run.power_w, 1, 0),
        (3, 1, UINT8, run.heart_rate_bpm, 1, 0),
        (4, 1, UINT8, whole, 1, 0),
        (53, 1, UINT8, fraction, 128, 0),
        (13, 1, SINT8, run.temperature_c, 1, 0),
    ]
    return [
        _Column(number, size, base_type, _raw(values, scale, offset))
        for number, size, base_type, values, scale, offset in scaled
        if values is not None
    ]


def _raw(values: FloatArray, scale: float, offset: float) -> list[int | None]:
    return [round(v) if np.isfinite(v) else None for v in ((values + offset) * scale).tolist()]


_Entry = tuple[float, int, int, tuple[Value, ...]]


def _timeline(run: Recording, columns: list[_Column]) -> list[_Entry]:
    """Everything that has a moment, as (time, order within it, message, values).

    Of one moment a watch writes the timer's start first, then the record, the timer's stop and the lap.
    """
    stamps = [fit_time(run.moment(t)) for t in run.time_s]
    rows = zip(stamps, *(column.raw for column in columns), strict=True)
    entries: list[_Entry] = [(t, 1, RECORD, row) for t, row in zip(run.time_s.tolist(), rows, strict=True)]
    starts = [0.0, *(pause.end_s for pause in run.pauses)]
    stops = [*(pause.start_s for pause in run.pauses), run.elapsed_s]
    entries += [(t, 0, EVENT, _timer(run, t, _START)) for t in starts]
    entries += [(t, 2, EVENT, _timer(run, t, _STOP_ALL)) for t in stops]
    for index, lap in enumerate(run.laps_or_whole()):
        entries.append((lap.start_s + lap.elapsed_s, 3, LAP, _lap(run, index, lap)))
    return entries


def _timer(run: Recording, time_s: float, event_type: int) -> tuple[Value, ...]:
    return fit_time(run.moment(time_s)), _TIMER, event_type, 0


def _lap(run: Recording, index: int, lap: LapMark) -> tuple[Value, ...]:
    return (
        index,
        fit_time(run.moment(lap.start_s + lap.elapsed_s)),
        _LAP_EVENT,
        _STOP,
        fit_time(run.moment(lap.start_s)),
        round(lap.elapsed_s * 1000),
        round(lap.timer_s * 1000),
        _centimetres(lap.distance_m),
        LAP_TRIGGERS[lap.trigger],
        SPORTS[run.sport],
        SUB_SPORTS[run.sub_sport],
    )


def _centimetres(distance_m: float | None) -> int | None:
    return None if distance_m is None else round(distance_m * 100)


def _preamble(file: FitFile, run: Recording) -> None:
    start = fit_time(run.start_time)
    file.message(_LOCAL[FILE_ID], 4, run.manufacturer, run.product, _SERIAL, start)
    file.message(_LOCAL[DEVICE_INFO], start, 0, run.manufacturer, _SERIAL, run.product, 100, run.device)
    file.message(_LOCAL[SPORT], SPORTS[run.sport], SUB_SPORTS[run.sub_sport], run.name)


def _closing(file: FitFile, run: Recording) -> None:
    end = fit_time(run.moment(run.elapsed_s))
    timer_ms = round(run.timer_s * 1000)
    file.message(
        _LOCAL[SESSION],
        0,
        end,
        _SESSION_EVENT,
        _STOP,
        fit_time(run.start_time),
        SPORTS[run.sport],
        SUB_SPORTS[run.sub_sport],
        round(run.elapsed_s * 1000),
        timer_ms,
        _centimetres(run.total_distance_m),
        0,
        len(run.laps_or_whole()),
        0,
    )
    local_time = None if run.utc_offset_s is None else end + run.utc_offset_s
    file.message(_LOCAL[ACTIVITY], end, timer_ms, 1, 0, _ACTIVITY_EVENT, _STOP, local_time)
