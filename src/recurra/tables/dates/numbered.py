"""Dates that are numbers: Unix time, days of a spreadsheet, decimal years, or numbers of rows."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recurra.tables.dates.date_numbers import SECONDS_PER_DAY
from recurra.tables.form import DateUnit

UNIX: dict[DateUnit, int] = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}  # nanoseconds of a unit
MOMENTS = (100_000_000, 1_988_150_400)  # seconds of 1973 and 2033
DIGITS = {8: 1500, 10: 1900, 12: 1900}  # digits of dates such as 2020013109, and their first year
LAST_YEAR = 2499  # of such dates
SPREADSHEET_DAYS = (18_264, 73_050)  # of the years 1950 to 2099
DAY_0 = np.datetime64("1899-12-30", "ns")  # of spreadsheets
EPOCH = np.datetime64("1970-01-01", "ns")
YEARS = (1500, 2262)
LARGEST_ROW = 9_000_000_000  # rows are kept as seconds since 1970
BESIDE_A_MONTH = 0.13  # how far a decimal year may be from the start or the middle of a month, in months
ROUNDED = 0.05  # of a month, by which 1991.58 is before August
EXACT: tuple[DateUnit, ...] = (*UNIX, "year.month", "years")  # nothing else has such numbers
IN_WORDS: dict[DateUnit, str] = {
    "s": "Unix time in seconds",
    "ms": "Unix time in milliseconds",
    "us": "Unix time in microseconds",
    "ns": "Unix time in nanoseconds",
    "excel days": "days since 1899-12-30, as spreadsheets count them",
    "year.month": "years with the month after the point",
    "years": "decimal years",
    "rows": "numbers of rows",
}


def unit_of(values: NDArray[Any], units: Iterable[DateUnit]) -> DateUnit | None:
    """Return the first of the units of which all numbers can be dates; None if there is none.

    Args:
        values: numbers, none of which is missing, [T].
        units: names of units.
    """
    return next((unit for unit in units if len(values) and _fit(values, unit)), None)


def are_digits(values: NDArray[Any]) -> bool:
    """Return whether all numbers are dates by their digits, such as 20200131, 2020013109 and 202001310930.

    Hours from 1900 to 1988 are Unix seconds of 2030 to 2033 as well, and minutes are Unix milliseconds of 1976; numbers
    of these years that all have the digits of months, days and hours are no Unix times.
    """
    if not len(values) or (values % 1 != 0).any():
        return False
    width = len(str(int(values.max())))
    if width not in DIGITS or values.min() < 10 ** (width - 1):
        return False
    days, clock = np.divmod(values.astype(np.int64), 10 ** (width - 8))
    year, month, day = days // 10_000, days // 100 % 100, days % 100
    hour, minute = np.divmod(clock, 10 ** (width - 10)) if width > 8 else (clock, clock)
    possible = (year >= DIGITS[width]) & (year <= LAST_YEAR) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    return bool((possible & (hour <= 24) & (minute < 60)).all())


def dates_of(values: NDArray[Any], unit: DateUnit) -> NDArray[np.datetime64]:
    """Return the dates of numbers, [T]; NaT where a number is missing or cannot be a date of this unit."""
    values = np.where(np.isinf(values), np.nan, values) if values.dtype.kind == "f" else values
    possible = are_possible(values, unit)
    values = np.where(possible, values, 0)
    if unit in UNIX or unit == "rows":
        size = UNIX.get(unit, 10**9)
        whole = np.floor(values).astype(np.int64)
        rest = np.round((values - whole) * size / 1000).astype(np.int64) * 1000  # as exact as floats are
        found = (whole * size + rest).astype("datetime64[ns]")
    elif unit == "excel days":
        found = DAY_0 + np.round(values * SECONDS_PER_DAY).astype(np.int64).astype("timedelta64[s]")
    else:
        within = np.floor(values % 1 * 12 + ROUNDED) if unit == "years" else np.round(values % 1 * 100) - 1
        months = (np.floor(values) - 1970) * 12 + within
        found = months.astype(np.int64).astype("datetime64[M]").astype("datetime64[ns]")
    return np.asarray(np.where(possible, found, np.datetime64("NaT", "ns")), dtype="datetime64[ns]")


def numbers_of(dates: pd.DatetimeIndex, unit: DateUnit) -> "pd.Index[Any]":
    """Return dates as numbers of a unit: whole ones if they all are; of other units, the dates as they are.

    >>> numbers_of(pd.DatetimeIndex(["2024-01-01 06:00"]), "excel days").tolist()
    [45292.25]
    """
    sizes = UNIX | {"excel days": SECONDS_PER_DAY * 10**9, "rows": 10**9}
    if unit not in sizes:
        return dates
    size = sizes[unit]
    whole, rest = np.divmod((dates.to_numpy() - (DAY_0 if unit == "excel days" else EPOCH)).astype(np.int64), size)
    return pd.Index(whole + rest / size if rest.any() else whole)


def are_possible(values: NDArray[Any], unit: DateUnit) -> NDArray[np.bool_]:
    """Return which numbers can be dates of a unit, [T]."""
    if unit in UNIX:
        first, last = (moment * 10**9 // UNIX[unit] for moment in MOMENTS)
        return np.asarray((values >= first) & (values < last))
    if unit == "excel days":
        return np.asarray((values >= SPREADSHEET_DAYS[0]) & (values < SPREADSHEET_DAYS[1]))
    if unit == "rows":
        return np.asarray((np.abs(values) < LARGEST_ROW) & (values % 1 == 0))
    within = (values >= YEARS[0]) & (values < YEARS[1])
    if unit == "year.month":
        months = values % 1 * 100
        return np.asarray(within & (np.abs(months - months.round()) < 1e-6) & (months > 0.5) & (months < 12.5))
    halves = values % 1 * 24  # decimal years are those of the start or the middle of a month
    return np.asarray(within & (np.abs(halves - halves.round()) <= 2 * BESIDE_A_MONTH))


def _end_in_years(values: NDArray[Any]) -> bool:
    """Return whether numbers are days and months before a few years, such as 1312020 or 31012020."""
    days, years = np.divmod(values, 10_000)
    first, second = np.divmod(days, 100)
    day, month = np.maximum(first, second), np.minimum(first, second)
    possible = (years >= DIGITS[10]) & (years <= YEARS[1]) & (month >= 1) & (month <= 12) & (day <= 31)
    return bool(possible.all()) and 2 * len(np.unique(years)) <= len(values)


def _fit(values: NDArray[Any], unit: DateUnit) -> bool:
    if not are_possible(values, unit).all():
        return False
    if unit == "years":
        return bool((values % 1 > 0).any())
    if unit == "rows" and _end_in_years(values):
        return False
    # 2020.1 is October if there is 2020.01, otherwise it may be January
    return unit != "year.month" or bool((values % 1 < 0.095).any())
