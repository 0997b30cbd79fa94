"""A plan as a workout that a watch can take: FIT for today's watches, TCX for older programs.

One step for each split, with its distance and a band of speed around the plan's; before them a step
that ends when the lap button is pressed, at the start.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from datetime import datetime
from xml.sax.saxutils import escape

import fastcrc

from miler.plan import Plan, PlannedSplit
from miler.units import KILOMETRE_M, format_duration

BAND = 0.02  # how far from the plan's speed a watch may find the runner before it complains

# Numbers of messages, fields and enums: Garmin's FIT profile (Profile.xlsx).
_FILE_ID, _WORKOUT, _STEP = 0, 26, 27
_WORKOUT_FILE, _DEVELOPMENT, _RUNNING = 5, 255, 1
_DISTANCE, _OPEN, _SPEED_TARGET, _NO_TARGET, _ACTIVE, _WARM_UP = 1, 5, 0, 2, 0, 2
_ENUM, _STRING, _UINT16, _UINT32 = 0x00, 0x07, 0x84, 0x86
_SIZES = {_ENUM: ("B", 1), _UINT16: ("H", 2), _UINT32: ("I", 4)}
_NAME_BYTES = 24
_FIT_EPOCH_S = 631_065_600  # 1989-12-31T00:00:00Z

_Field = tuple[int, int, int | str]  # number, base type, value


def as_fit(plan: Plan, name: str, created: datetime) -> bytes:
    """Write a plan as a FIT workout file.

    Args:
        plan: its splits become the steps.
        name: as the watch lists it; what is longer than 23 bytes is cut off.
        created: when, in UTC.
    """
    body = b"".join(_messages(plan, name, int(created.timestamp()) - _FIT_EPOCH_S))
    header = struct.pack("<BBHI4s", 14, 0x10, 2132, len(body), b".FIT")
    header += struct.pack("<H", fastcrc.crc16.arc(header))
    return header + body + struct.pack("<H", fastcrc.crc16.arc(header + body))


def _messages(plan: Plan, name: str, created_s: int) -> Iterable[bytes]:
    yield _message(
        _FILE_ID,
        (0, _ENUM, _WORKOUT_FILE),
        (1, _UINT16, _DEVELOPMENT),
        (2, _UINT16, 0),
        (4, _UINT32, created_s),
    )
    yield _message(_WORKOUT, (4, _ENUM, _RUNNING), (6, _UINT16, len(plan.splits) + 1), (8, _STRING, name))
    yield _message(
        _STEP,
        (254, _UINT16, 0),
        (0, _STRING, "press lap at start"),
        (1, _ENUM, _OPEN),
        (3, _ENUM, _NO_TARGET),
        (7, _ENUM, _WARM_UP),
    )
    for split in plan.splits:
        slow_mps, fast_mps = _band_mps(split)
        yield _message(
            _STEP,
            (254, _UINT16, split.index),
            (0, _STRING, _step_name(split)),
            (1, _ENUM, _DISTANCE),
            (2, _UINT32, round((split.end_m - split.start_m) * 100)),
            (3, _ENUM, _SPEED_TARGET),
            (4, _UINT32, 0),
            (5, _UINT32, round(slow_mps * 1000)),
            (6, _UINT32, round(fast_mps * 1000)),
            (7, _ENUM, _ACTIVE),
        )


def _message(number: int, *fields: _Field) -> bytes:
    """Write one message behind a definition of its own; a workout has too few to share them."""
    definition, data = b"", b"\x00"
    for field, base_type, value in fields:
        if isinstance(value, str):
            # Cut at a character, not inside one.
            text = value.encode()[: _NAME_BYTES - 1].decode(errors="ignore").encode()
            written, size = text.ljust(_NAME_BYTES, b"\x00"), _NAME_BYTES
        else:
            letter, size = _SIZES[base_type]
            written = struct.pack(f"<{letter}", value)
        definition += bytes((field, size, base_type))
        data += written
    return b"\x40\x00\x00" + struct.pack("<HB", number, len(fields)) + definition + data


def as_tcx(plan: Plan, name: str) -> str:
    """Write a plan as a TCX workout; lengths are whole metres there, so that a mile loses up to 2 m."""
    steps = "".join(_tcx_step(split) for split in plan.splits)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
        f'  <Workouts>\n    <Workout Sport="Running">\n      <Name>{escape(name[:15])}</Name>\n'
        f"{steps}    </Workout>\n  </Workouts>\n</TrainingCenterDatabase>\n"
    )


def _tcx_step(split: PlannedSplit) -> str:
    slow_mps, fast_mps = _band_mps(split)
    return (
        '      <Step xsi:type="Step_t">\n'
        f"        <StepId>{split.index}</StepId>\n        <Name>{_step_name(split)}</Name>\n"
        '        <Duration xsi:type="Distance_t">'
        f"<Meters>{split.end_m - split.start_m:.0f}</Meters></Duration>\n"
        "        <Intensity>Active</Intensity>\n"
        '        <Target xsi:type="Speed_t"><SpeedZone xsi:type="CustomSpeedZone_t">'
        f"<LowInMetersPerSecond>{slow_mps:.3f}</LowInMetersPerSecond>"
        f"<HighInMetersPerSecond>{fast_mps:.3f}</HighInMetersPerSecond></SpeedZone></Target>\n"
        "      </Step>\n"
    )


def _band_mps(split: PlannedSplit) -> tuple[float, float]:
    speed_mps = KILOMETRE_M / split.pace_s_per_km
    return speed_mps * (1 - BAND), speed_mps * (1 + BAND)


def _step_name(split: PlannedSplit) -> str:
    """The split in seconds, as laps are called, and the time at its end: the 15 letters that TCX allows."""
    return f"{split.split_s:.1f} to {format_duration(split.total_s)}"[:15]
