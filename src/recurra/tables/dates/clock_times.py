"""Times of day in a column of their own: texts such as 9:30, hours, or digits such as 930 and 93000."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recurra.tables.dates.assembling import NO_OFFSET, assembled, offsets
from recurra.tables.dates.forms import DATE_FORMS, TIME_FORMS
from recurra.tables.dates.numbered import UNIX, dates_of, unit_of
from recurra.tables.dates.one_column import SEARCHED, as_numbers, distinct_cells
from recurra.tables.dates.parts import SAMPLED, parts_of
from recurra.tables.form import DateUnit
from recurra.tables.whole_numbers import whole

WIDTHS: dict[DateUnit, int] = {"hhmm": 4, "hhmmss": 6}  # number of digits of times without a mark
LARGEST_HOUR = 24
LARGEST: dict[DateUnit, int] = {"hhmm": 2400, "hhmmss": 240_000}


@dataclass(frozen=True)
class ClockTimes:
    """Times of day.

    Attributes:
        times: nanoseconds since midnight, [T]; -1 where there is none.
        minutes: offsets from UTC in minutes, [T]; None if none has one.
        unit: "hhmm" or "hhmmss" for digits without a mark; None for other times.
    """

    times: NDArray[np.int64]
    minutes: NDArray[np.int64] | None
    unit: DateUnit | None

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Which rows have a time, and an offset if others have one, [T]."""
        valid = self.times >= 0
        return np.asarray(valid if self.minutes is None else valid & (self.minutes != NO_OFFSET))


def clock_times(values: "pd.Series[Any]", unit: DateUnit | None = None) -> ClockTimes:
    """Read times of day.

    Whole numbers up to 24 are hours, larger ones have digits of hours, minutes and perhaps seconds.

    Args:
        values: texts, numbers or times of day, [T].
        unit: that of an earlier table; see `ClockTimes`.
    """
    values = whole(values)
    unit = unit if unit in WIDTHS else _unit(values)
    codes, cells = distinct_cells(values)
    if unit is not None:
        cells = np.array([str(cell).strip().zfill(WIDTHS[unit]) for cell in cells], dtype=object)
    parts = parts_of(cells, TIME_FORMS)
    if parts is None:
        return ClockTimes(np.full(len(values), -1), None, None)
    times = np.maximum(assembled(parts).view(np.int64), -1)  # those of 1970-01-01; NaT is less
    minutes = offsets(parts)
    if codes is not None:
        times, minutes = times[codes], minutes if minutes is None else minutes[codes]
    return ClockTimes(times, minutes, unit)


def holds_times(values: "pd.Series[Any]") -> bool:
    """Return whether at least half of the first texts of a column are times of day, or all its numbers."""
    if pd.api.types.is_numeric_dtype(values):
        first = values.head(SEARCHED)
        return len(first) > 0 and bool(clock_times(first).valid.all())
    sample = values.dropna().head(SAMPLED)
    return len(sample) > 0 and bool(np.mean(clock_times(sample).valid) >= 0.5)


def has_times(values: "pd.Series[Any]") -> bool:
    """Return whether some of the first dates of a column have a time of day that is not midnight."""
    first = values.head(SEARCHED).dropna()
    if pd.api.types.is_datetime64_any_dtype(first):
        return bool((first != first.dt.normalize()).any())
    numbers = as_numbers(first)
    if numbers is not None and (unit := unit_of(numbers, UNIX)):
        return bool((dates_of(numbers, unit).astype("datetime64[D]") != dates_of(numbers, unit)).any())
    parts = parts_of(first.to_numpy(dtype=object), DATE_FORMS)
    return parts is not None and any(np.any(parts.of(part) > 0) for part in ("hour", "minute", "second", "hour_alone"))


def _unit(values: "pd.Series[Any]") -> DateUnit | None:
    """Return the unit of times that are digits without a mark; None if they are something else, such as hours."""
    numbers = as_numbers(values.dropna())
    if numbers is None or not len(numbers):
        return None
    if not pd.api.types.is_numeric_dtype(values):
        lengths = values.dropna().astype(str).str.len()
        if lengths.min() == lengths.max():
            return next((unit for unit, width in WIDTHS.items() if lengths.min() == width), None)
    for unit, largest in LARGEST.items():
        if LARGEST_HOUR < numbers.max() <= largest:
            return unit if numbers.max() >= 100 else None
    return None
