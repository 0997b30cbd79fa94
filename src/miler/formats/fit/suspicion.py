"""Whether a part that could be walked to its end is yet damaged: what it says is not plausible."""

from __future__ import annotations

from functools import lru_cache
from itertools import islice

import numpy as np

from miler.arrays import IntArray, distinct
from miler.formats.fit import profile
from miler.formats.fit.layout import REMEMBERED, global_number
from miler.formats.fit.mending import mended
from miler.formats.fit.plausible import fields_of, misfits
from miler.formats.fit.scan import Part

NO_TIME = 0xFFFF_FFFF
# A time this far from the most frequent ones is none; the longest activities last days.
_FARTHEST_S = 45 * 86_400
_BUCKET_BITS = 19  # six days
_IN_A_ROW_S = 10
_SAMPLE = 2**19  # bytes that are enough to find the usual times
_FEW, _AGREEING = 3, 0.8  # times that are enough to be believed; the share of them that must agree
_WORTH = 10  # a time that was told counts as so many places that look like one
_LAST_DATE = 0x6000_0000  # 2041
_ENOUGH = 1000  # definitions that are looked at


def is_suspicious(part: Part) -> bool:
    """Whether a part has no records, a definition with a wrong byte, or a time far from the others."""
    texts = [definition.text for definition in islice(part.definitions, _ENOUGH)]
    if not part.of(profile.RECORD) or any(misfits(text) or mended(text) != text for text in texts):
        return True
    times, usual = _times_told(part), usual_times(part)
    return usual is None or bool(((times < usual[0]) | (times > usual[1])).any())


def is_a_lie(part: Part) -> bool:
    """Whether a part whose checksum fits cannot be meant as it is written.

    Either one field of its records has a type that FIT does not have, or there are no records, for their
    definition says that they are something else.
    """
    if records := part.of(profile.RECORD):
        return any(_strange_types(definition.text) == 1 for definition in records[:_ENOUGH])
    definitions = islice(part.definitions, _ENOUGH)
    return any(global_number(mended(definition.text)) == profile.RECORD for definition in definitions)


@lru_cache(maxsize=REMEMBERED)
def _strange_types(text: bytes) -> int:
    return sum(base_type not in profile.BASE_TYPES for _, _, base_type in fields_of(text))


def usual_times(part: Part) -> tuple[int, int] | None:
    """Return from when to when the times of a part are plausible; None if it seems to have none.

    What the walk found counts, if it agrees; else every four bytes are taken for a time, in both orders: true
    times are many and follow each other within seconds, others are spread over the years.
    """
    told = _times_told(part)
    dated = told[(told >= profile.FIRST_DATE) & (told <= _LAST_DATE)]
    told = (
        dated if dated.size else told
    )  # zeros, as of an unfinished copy, are no times where there are dates
    many, middle = _crowd(told)
    if len(told) >= _FEW and np.mean(abs(told - middle) <= _FARTHEST_S) >= _AGREEING:
        return middle - _FARTHEST_S, middle + _FARTHEST_S
    count = max(min(len(part.data) - 3, _SAMPLE), 0)
    crowds = [(_WORTH * many, middle)]
    for order in "<>":
        words = np.ndarray((count,), f"{order}u4", part.data, strides=(1,))
        dates = words[(words >= profile.FIRST_DATE) & (words <= _LAST_DATE)]
        times = distinct(np.concatenate((dates.astype(np.int64), told)))
        crowds.append(_crowd(times[np.diff(times, prepend=0) <= _IN_A_ROW_S]))
    most, middle = max(crowds)
    return (middle - _FARTHEST_S, middle + _FARTHEST_S) if most >= _FEW else None


def _times_told(part: Part) -> IntArray:
    """Return the timestamps of all messages that were found, as FIT counts them."""
    found = [np.empty(0, np.int64)]
    for definition in (d for d in part.definitions if d.count):
        time = definition.layout.by_number.get(profile.TIMESTAMP)
        if time is not None and time.code == "u4" and time.size == 4:
            column = part.gather(definition, definition.starts)[time.name]
            found.append(column[column != NO_TIME].astype(np.int64))
    return np.concatenate(found)


def _crowd(times: IntArray) -> tuple[int, int]:
    """Return how many of the times are in the week that has most of them, and when that is."""
    if not len(times):
        return 0, 0
    weeks, counts = np.unique(times >> _BUCKET_BITS, return_counts=True)
    return int(counts.max()), int(np.median(times[times >> _BUCKET_BITS == weeks[counts.argmax()]]))
