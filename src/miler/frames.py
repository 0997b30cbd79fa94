"""Values as columns with their units in their names, and these as tables of pandas or Arrow."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from miler.arrays import FloatArray
from miler.errors import SettingsError
from miler.extras import needed

if TYPE_CHECKING:
    import pandas
    import pyarrow

Columns: TypeAlias = dict[str, np.ndarray[Any, np.dtype[Any]]]

# What a row of each kind has; docs/howto/notebook.md says what each means.
SPLIT_COLUMNS = (
    "index", "start_m", "end_m", "length_m", "start_s", "end_s", "elapsed_s", "timer_s", "pace_s_per_km",
    "heart_rate_bpm", "cadence_spm", "climb_m", "fall_m",
)  # fmt: skip
LAP_COLUMNS = ("index", "trigger", "start_s", "elapsed_s", "timer_s", "distance_m")
EFFORT_COLUMNS = (
    "name", "length_m", "start_m", "end_m", "start_s", "end_s", "elapsed_s", "timer_s", "pace_s_per_km",
    "low_s", "high_s", "uncertainty_s", "optimism_s", "grade", "flags", "plausible",
)  # fmt: skip

_COUNTS = ("index",)
_TRUTHS = ("plausible",)
_WORDS = ("name", "grade", "flags", "trigger")


def columns_of(rows: Iterable[object], names: Sequence[str]) -> Columns:
    """Lay values of one kind out as columns.

    Args:
        rows: what has an attribute of each name.
        names: numbers, NaN for None, but `index`, `plausible`, and words, which several join to one.
    """
    kept = list(rows)
    return {name: _column(name, [getattr(row, name) for row in kept]) for name in names}


def _column(name: str, values: list[Any]) -> np.ndarray[Any, np.dtype[Any]]:
    if name in _WORDS:
        words = [" ".join(value) if isinstance(value, tuple) else value for value in values]
        return np.array(words, dtype=object)
    if name in _COUNTS:
        return np.array(values, dtype=np.int64)
    if name in _TRUTHS:
        return np.array(values, dtype=np.bool_)
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def moments_of(start_time: datetime, elapsed: FloatArray) -> np.ndarray[Any, np.dtype[np.datetime64]]:
    """Return the moments of a recording in UTC, to the microsecond.

    Args:
        start_time: aware UTC.
        elapsed: (n,) seconds from it.
    """
    start = np.datetime64(start_time.replace(tzinfo=None), "us")
    return start + np.round(elapsed * 1e6).astype("timedelta64[us]")


class Tabled(ABC):
    """What can be laid out as tables: columns of numpy, of pandas, of Arrow."""

    @abstractmethod
    def tables(self) -> dict[str, Columns]:
        """Return every table by its name, the main one first, as (n,) columns named with their units."""

    def columns(self, table: str = "") -> Columns:
        """Return one table as columns of numpy; the main one without a name.

        Raises:
            SettingsError: for another name, with those there are.
        """
        tables = self.tables()
        name = table or next(iter(tables))
        if name not in tables:
            raise SettingsError(f"there is no table {table!r}; there are {', '.join(tables)}")
        return tables[name]

    def to_pandas(self, table: str = "") -> pandas.DataFrame:
        """Return one table as a DataFrame; moments are in UTC.

        Raises:
            SettingsError: if pandas is not installed (`no_pandas`), or for another table.
        """
        columns = self.columns(table)
        frame = needed("pandas", "pandas", "A DataFrame").DataFrame(columns)
        for name, column in columns.items():
            if column.dtype.kind == "M":
                frame[name] = frame[name].dt.tz_localize("UTC")
        return frame

    def to_arrow(self, table: str = "") -> pyarrow.Table:
        """Return one table as a table of Arrow; moments are in UTC, what is missing is null.

        Raises:
            SettingsError: if pyarrow is not installed (`no_pyarrow`), or for another table.
        """
        columns = self.columns(table)
        arrow = needed("pyarrow", "parquet", "An Arrow table")
        kinds = {
            "M": arrow.timestamp("us", "UTC"),
            "O": arrow.string(),
            "i": arrow.int64(),
            "b": arrow.bool_(),
            "f": arrow.float64(),
        }
        return arrow.table(
            {
                name: arrow.array(column, kinds[column.dtype.kind], from_pandas=True)
                for name, column in columns.items()
            }
        )
