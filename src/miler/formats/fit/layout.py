"""A FIT definition message is a numpy dtype: fields with sizes, base types and a byte order.

```
definition = 0x40|local  0  byte order  global number (2 bytes)  n  field*n  [n developer-field*n]
field      = number, size, base type            developer field = number, size, developer index
```
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from miler.formats.fit.profile import BASE_TYPES

FIELDS_AT = 6  # from the first byte of a definition
COMPRESSED, DEFINITION, DEVELOPER, LOCAL = 0x80, 0x40, 0x20, 0x0F

# A watch writes the same few dozen definitions into all its files; a folder of them is read faster.
REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class FieldLayout:
    """One field as a definition describes it; `at` counts from the message's header byte."""

    number: int
    size: int
    base_type: int
    at: int
    developer: int | None = None

    @property
    def name(self) -> str:
        """What the field is called in the dtype: `253`, or `0.7` for field 7 of developer 0."""
        return str(self.number) if self.developer is None else f"{self.developer}.{self.number}"

    @property
    def code(self) -> str:
        """The numpy code of one value, without byte order; "V" where size and type do not fit together."""
        code = BASE_TYPES.get(self.base_type, ("V", None))[0]
        if code in "SV" or self.size % int(code[1]):  # seen from COROS: a uint32 of one byte
            return "S" if code == "S" else "V"
        return code


@dataclass(frozen=True)
class DeveloperField:
    """A field that an app on the watch added, as the file itself describes it.

    Attributes:
        developer, number: which field it is.
        base_type: of its values.
        name, units: the app's words.
        native: the number of the profile's record field that it stands for.
    """

    developer: int
    number: int
    base_type: int
    name: str
    units: str
    native: int | None


@dataclass(frozen=True, eq=False)
class Layout:
    """How the data messages of one definition lie.

    Attributes:
        message: the global number, such as 20 for `record`.
        byte_order: "<" or ">".
        fields: in their order, developer fields last.
        size: bytes of a data message, its header included.
    """

    message: int
    byte_order: str
    fields: tuple[FieldLayout, ...]
    size: int

    @cached_property
    def by_number(self) -> dict[int, FieldLayout]:
        """The profile's fields that hold something; of two with one number, the first."""
        return {f.number: f for f in reversed(self.fields) if f.size and f.developer is None}

    @cached_property
    def by_developer(self) -> dict[tuple[int, int], FieldLayout]:
        """Developer fields by developer index and number."""
        return {
            (f.developer, f.number): f for f in reversed(self.fields) if f.size and f.developer is not None
        }

    @cached_property
    def dtype(self) -> np.dtype[np.void]:
        """One message, its header byte included, as a structured dtype; names as `FieldLayout.name`."""
        fields = [*self.by_number.values(), *self.by_developer.values()]
        return np.dtype(
            {
                "names": [f.name for f in fields],
                "formats": [self._format(f) for f in fields],
                "offsets": [f.at for f in fields],
                "itemsize": self.size,
            }
        )

    @cached_property
    def plain(self) -> np.dtype[np.void]:
        """One message as plain bytes."""
        return np.dtype(f"V{self.size}")

    def _format(self, field: FieldLayout) -> str:
        code = field.code
        if code in "SV":
            return f"{code}{field.size}"
        count = field.size // int(code[1])
        return f"({count},){self.byte_order}{code}" if count > 1 else self.byte_order + code


@lru_cache(maxsize=REMEMBERED)
def layout(text: bytes) -> Layout:
    """Read a definition message, whole, from its header byte on."""
    fields: list[FieldLayout] = []
    at = 1
    stop = FIELDS_AT + 3 * text[5]
    for i in range(FIELDS_AT, stop, 3):
        fields.append(FieldLayout(text[i], text[i + 1], text[i + 2], at))
        at += text[i + 1]
    for i in range(stop + 1, len(text), 3):
        fields.append(FieldLayout(text[i], text[i + 1], 0x0D, at, developer=text[i + 2]))
        at += text[i + 1]
    return Layout(global_number(text), byte_order(text), tuple(fields), at)


def byte_order(text: bytes) -> str:
    """Return the byte order of a definition and its data messages."""
    return ">" if text[2] == 1 else "<"  # a Lezyne writes neither 0 nor 1, and means "<"


def global_number(text: bytes) -> int:
    """Return which message a definition defines."""
    return text[3] << 8 | text[4] if text[2] == 1 else text[4] << 8 | text[3]


@lru_cache(maxsize=REMEMBERED)
def heading(text: bytes) -> tuple[int, int]:
    """Return which message a definition defines, and the size of its data messages, header included."""
    stop = FIELDS_AT + 3 * text[5]
    return global_number(text), 1 + sum(text[FIELDS_AT + 1 : stop : 3]) + sum(text[stop + 2 :: 3])
