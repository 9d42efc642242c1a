"""Convert dates to integers (seconds, minutes, days, weekdays, months) and back."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recurra.errors import InputError
from recurra.tables.arrays import Array, Integers

MINUTES_PER_DAY, MINUTES_PER_WEEK = 1440, 10080
SECONDS_PER_DAY = 86400
END = int(np.datetime64("2262-01-01", "s").astype(np.int64))  # of the full years of datetime64[ns], in seconds
MONDAY = 4  # day of 1970-01-05, the first Monday, counted from 1970-01-01
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def most_frequent(values: NDArray[Any]) -> float:
    """Return the most frequent value, the smallest one if there are several."""
    if (values == values[0]).all():
        return float(values[0])
    found, counts = np.unique(values, return_counts=True)
    return float(found[counts.argmax()])


def date_numbers(dates: pd.DatetimeIndex, unit: Literal["s", "D", "M"]) -> Integers:
    """Return seconds, days or months since 1970."""
    if unit == "M":
        return by_day(date_numbers(dates, "D"), months_of)
    return dates.to_numpy().astype(f"datetime64[{unit}]").astype(np.int64)


def months_of(days: Integers) -> Integers:
    """Return months since 1970 of days since 1970."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def by_day(days: Integers, of: Callable[[Integers], Array]) -> Array:
    """Return what a function says of days since 1970; it sees each day once if there are more rows than days.

    >>> by_day(np.array([31, 0, 31]), months_of).tolist()
    [1, 0, 1]
    """
    first, last = (int(days.min()), int(days.max())) if len(days) else (0, 0)
    if last - first >= len(days):
        return of(days)
    return of(np.arange(first, last + 1))[days - first]  # type: ignore[return-value]


def weekdays_of(dates: pd.DatetimeIndex) -> Integers:
    """Return weekdays; 0 is Monday."""
    return np.asarray((date_numbers(dates, "D") - MONDAY) % 7)


def minutes_from_monday(dates: pd.DatetimeIndex) -> Integers:
    """Return minutes after Monday 1970-01-05 00:00."""
    return np.asarray(date_numbers(dates, "s") // 60 - MONDAY * MINUTES_PER_DAY)


def dates_of_seconds(seconds: Integers) -> pd.DatetimeIndex:
    """Return the dates of seconds since 1970.

    Raises:
        InputError: a date is later than the year 2261.
    """
    if len(seconds) and seconds.max() >= END:
        raise InputError("the next dates are later than the year 2261, the last that there is; give earlier dates.")
    return pd.DatetimeIndex(seconds.astype("datetime64[s]")).as_unit("ns")


def date_text(day: pd.Timestamp) -> str:
    """Format a date; the time of day is omitted if it is midnight."""
    return str(day.date() if day == day.normalize() else day)
