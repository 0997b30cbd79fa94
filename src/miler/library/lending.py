"""What the leading source of a run lacks and another one has: heart rate and cadence of laps and splits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import fmean

from miler.library.entry import Laid, Row
from miler.library.fingerprint import Fingerprint
from miler.library.tables import ACTIVITY, RESULTS

LENT = ("laps", "splits")
_CHANNELS = {"heart_rate_bpm": "heart_rate", "cadence_spm": "cadence"}
_FEWEST = 4  # moments in a span, for an average worth the name


@dataclass(frozen=True)
class Lender:
    """A source that does not lead; `clock_s` is by how much its clock is ahead of the leading one's."""

    known: Fingerprint
    clock_s: float


def filled(laid: Laid, leading: Fingerprint, lenders: Sequence[Lender]) -> Laid:
    """Fill the channels that the leading source has nowhere, each from the first lender that has it.

    Averages are of the lender's moments within a span's time; a span of fewer than four stays empty.
    """
    start_time = laid.activity[ACTIVITY.index("start_time")]
    if start_time is None:
        return laid
    start_s = datetime.fromisoformat(start_time).timestamp()
    rows = dict(laid.rows)
    for column, stream in _CHANNELS.items():
        lender = next((one for one in lenders if stream in one.known.columns), None)
        if lender is None or stream in leading.streams:
            continue
        for table in LENT:
            rows[table] = tuple(_lent(table, row, column, start_s, lender) for row in rows[table])
    return replace(laid, rows=rows)


def _lent(table: str, row: Row, column: str, start_s: float, lender: Lender) -> Row:
    columns = RESULTS[table]
    at, span_s = columns.index(column), row[columns.index("elapsed_s")]
    begin_s = start_s + row[columns.index("start_s")] + lender.clock_s
    known = lender.known
    first = max(0, -int((known.first_s - begin_s) // known.every_s))
    last = int((begin_s + span_s - known.first_s) // known.every_s) + 1
    values = [v for v in known.columns[_CHANNELS[column]][first : max(first, last)] if v is not None]
    if len(values) < _FEWEST:
        return row
    return (*row[:at], round(fmean(values), 1), *row[at + 1 :])
