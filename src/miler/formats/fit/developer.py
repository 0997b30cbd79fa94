"""Fields that apps on the watch add to its records, and the streams that they stand for.

A `field_description` message says of each what it is called, its unit, its type and, if the app's maker
took the trouble, which of the profile's fields it stands for. Of what a foot pod or a power app measures
only that is taken which the watch did not measure itself.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from miler.arrays import FloatArray
from miler.formats.fit import profile
from miler.formats.fit.layout import DeveloperField
from miler.formats.fit.messages import Messages, Numbers, whole
from miler.formats.fit.tables import Table

# As Stryd, RunScribe, Garmin Running Power and others call them; the maker's name is left out.
_BY_NAME = {
    "power": "power",
    "power avg": "power",
    "cadence": "cadence",
    "heart rate": "heart_rate",
    "ground time": "ground_contact_time",
    "ground contact time": "ground_contact_time",
    "contacttime": "ground_contact_time",
    "stance time": "ground_contact_time",
    "vertical oscillation": "vertical_oscillation",
    "step length": "stride_length",
    "stride length": "stride_length",
    "speed": "speed",
    "distance": "distance",
}
_MAKERS = ("rp ", "rs ", "stryd ")
# Record field -> stream; Stryd's "Ground Time" once claims to be stance_time_percent, so names go first.
_BY_NATIVE = {
    3: "heart_rate",
    4: "cadence",
    5: "distance",
    6: "speed",
    7: "power",
    39: "vertical_oscillation",
    41: "ground_contact_time",
    73: "speed",
    85: "stride_length",
}
# What one unit of the app is in the stream's; units are written in any way.
_UNITS: dict[str, dict[str, float]] = {
    "power": {"watts": 1, "watt": 1, "w": 1},
    "cadence": {"rpm": 1, "spm": 1, "": 1},
    "heart_rate": {"bpm": 1, "": 1},
    "ground_contact_time": {"milliseconds": 1e-3, "ms": 1e-3, "seconds": 1, "s": 1},
    "vertical_oscillation": {
        "centimeters": 1e-2,
        "cm": 1e-2,
        "millimeters": 1e-3,
        "mm": 1e-3,
        "meters": 1,
        "m": 1,
    },
    "stride_length": {"meters": 1, "m": 1, "centimeters": 1e-2, "cm": 1e-2, "millimeters": 1e-3, "mm": 1e-3},
    "speed": {"m/s": 1, "mps": 1, "km/h": 1 / 3.6, "kph": 1 / 3.6},
    "distance": {"meters": 1, "m": 1, "km": 1000, "kilometers": 1000},
}


def developer_fields(messages: Messages) -> list[DeveloperField]:
    """Return the developer fields of records that a part describes; of one described again, the last."""
    numbers = messages.numbers(
        "field_description",
        "developer_data_index",
        "field_definition_number",
        "fit_base_type_id",
        "native_mesg_num",
        "native_field_num",
    )
    texts = messages.texts("field_description", "field_name", "units")
    fields = [field for told in zip(numbers, texts, strict=True) if (field := _field(*told)) is not None]
    return list({(field.developer, field.number): field for field in fields}.values())


def _field(numbers: Numbers, texts: dict[str, str]) -> DeveloperField | None:
    developer, number, base_type = (
        whole(numbers, name)
        for name in ("developer_data_index", "field_definition_number", "fit_base_type_id")
    )
    if developer is None or number is None or base_type is None:
        return None
    of_records = whole(numbers, "native_mesg_num") in (None, profile.message_number("record"))
    return DeveloperField(
        developer,
        number,
        base_type if base_type in profile.BASE_TYPES else base_type | 0x80,  # some leave the highest bit out
        texts.get("field_name", ""),
        texts.get("units", ""),
        whole(numbers, "native_field_num") if of_records else None,
    )


def developer_streams(
    records: Table, fields: list[DeveloperField], native: Mapping[str, FloatArray]
) -> dict[str, tuple[str, FloatArray]]:
    """Return the streams that only developer fields measured.

    Args:
        records: of the part.
        fields: that it describes.
        native: the streams that the watch has itself.

    Returns:
        Stream -> the field's name, and its (n,) column in the stream's unit (one leg's for cadence).
    """
    streams: dict[str, tuple[str, FloatArray]] = {}
    for field in fields:
        stream = _stream(field)
        if stream is None or stream in streams or (stream in native and np.isfinite(native[stream]).any()):
            continue
        column = records.developer_column(field) * _UNITS[stream][_plain(field.units)]
        if np.nan_to_num(column).any():  # a foot pod that was not worn writes zeros
            streams[stream] = field.name, column
    return streams


def _stream(field: DeveloperField) -> str | None:
    """Return the stream that a field stands for, if its unit is known there."""
    name = _plain(field.name)
    for maker in _MAKERS:
        name = name.removeprefix(maker)
    stream = _BY_NAME.get(name) or _BY_NATIVE.get(-1 if field.native is None else field.native)
    return stream if stream is not None and _plain(field.units) in _UNITS[stream] else None


def _plain(text: str) -> str:
    return " ".join(text.lower().replace("_", " ").split())
