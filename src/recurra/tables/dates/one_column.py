"""Read one column of dates, all of which are written in the same form."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recurra.errors import InputError, shown
from recurra.tables.arrays import Integers
from recurra.tables.dates.assembling import (
    IN_ORDER,
    NANOSECOND_YEARS,
    NO_OFFSET,
    First,
    assembled,
    in_order,
    offsets,
    with_century,
)
from recurra.tables.dates.column_names import COUNTED_NAMES, plain_name
from recurra.tables.dates.day_order import order_of
from recurra.tables.dates.doubtful_parts import may_be_days, with_hours, with_months
from recurra.tables.dates.forms import DATE_FORMS
from recurra.tables.dates.numbered import EXACT, IN_WORDS, UNIX, are_digits, dates_of, unit_of
from recurra.tables.dates.parts import SAMPLED, Cells, Parts, parts_of
from recurra.tables.dates.zones import is_zone
from recurra.tables.form import DateUnit, Form
from recurra.tables.whole_numbers import whole

SEARCHED = 10_000  # number of rows in which the first dates are searched
COMPARED = 20_000  # number of rows from which it is seen whether dates repeat
YEAR_FIRST = re.compile(r"(\d{4})-\d{2}", re.ASCII)
NUMBER = re.compile(r"\s*\d+(?:\.\d*)?\s*", re.ASCII)


@dataclass(frozen=True)
class LocalDates:
    """Dates as they are written.

    Attributes:
        local: local times, [T].
        utc: the same in UTC, [T]; None if that is not known.
        zone: name of the zone, if it is known.
        dayfirst: whether the day comes before the month; None if that is not known, or the dates are not of that kind.
        unit: unit of dates that are numbers; see `recurra.tables.dates.numbered`.
        notes: sentences about how they were read.
    """

    local: NDArray[np.datetime64]
    utc: NDArray[np.datetime64] | None = None
    zone: str | None = None
    dayfirst: bool | None = None
    unit: DateUnit | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Column:
    """A column of dates, and what is known of it.

    Attributes:
        frame: the table; its index gives the row numbers for messages.
        name: name of the column.
        source: the file, for messages.
        dayfirst: whether the user says that the day comes before the month.
        earlier: how an earlier table was read.
        gap: usual number of days between the rows of the earlier table.
    """

    frame: pd.DataFrame
    name: str
    source: str
    dayfirst: bool | None
    earlier: Form | None
    gap: float | None

    def read(self) -> LocalDates:
        """Read the column.

        Raises:
            InputError: a value is not a date (the message gives its row), or two readings remain.
        """
        values = self.values
        if isinstance(values.dtype, pd.PeriodDtype):
            values = values.dt.to_timestamp()
        if pd.api.types.is_datetime64_any_dtype(values):
            return _of_type(self, pd.DatetimeIndex(values))
        numbers = as_numbers(values.head(SEARCHED).dropna())
        if not self._has_digits(numbers) and (unit := _unit(self, numbers, EXACT)) is not None:
            return _numbered(self, unit)
        codes, cells = distinct_cells(whole(values))
        has_fractions = numbers is not None and values.dtype.kind == "f" and bool((numbers % 1 > 0).any())
        if not has_fractions and (parts := parts_of(cells, DATE_FORMS)) is not None:
            return _written(self, parts, codes)
        counted = plain_name(self.name) in COUNTED_NAMES
        unit = _unit(self, numbers, ("rows", "excel days") if counted else ("excel days", "rows"))
        if unit is None:
            raise self.no_date(0)
        return _numbered(self, unit)

    @property
    def values(self) -> "pd.Series[Any]":
        return self.frame[self.name]

    def _has_digits(self, numbers: NDArray[Any] | None) -> bool:
        """Return whether numbers are dates by their digits, unless those of the earlier table were of a unit."""
        known = self.earlier is not None and self.earlier.date_unit in IN_WORDS
        return numbers is not None and not known and are_digits(numbers)

    def where(self, place: int | None = None) -> str:
        row = "" if place is None else f"row {self.frame.index[place]}, "
        return f"{self.source}: {row}column {shown(self.name)}"

    def text(self, place: int) -> str:
        value = self.values.iloc[place]
        return "" if pd.isna(value) else str(value).strip()

    def wrong(self, place: int, expected: str, mend: str) -> InputError:
        """Return the error of a cell that holds something else than expected."""
        found = shown(self.text(place)) if self.text(place) else "nothing"
        return InputError(f"{self.where(place)}: found {found}, expected {expected}; {mend}.")

    def no_date(self, place: int) -> InputError:
        """Return the error of a cell that holds no date, or one that is too early or late."""
        text, what = self.text(place), "there is no date"
        if text:
            year = YEAR_FIRST.match(text)
            outside = year is not None and not NANOSECOND_YEARS[0] <= int(year[1]) <= NANOSECOND_YEARS[1]
            what = f"{shown(text)} is {'outside the years 1678 to 2261' if outside else 'not a date'}"
        return InputError(
            f"{self.where(place)}: {what}; expected one such as 2020-01-31, 2020/1/31, 20200131 or 2020年1月31日, "
            "written in the same way in every row; correct or drop the row."
        )


def holds_dates(values: "pd.Series[Any]") -> bool:
    """Return whether at least half of the first values of a column are dates; numbers that may be dates are not."""
    sample = values.head(SEARCHED).dropna().head(SAMPLED)
    if pd.api.types.is_datetime64_any_dtype(values) or isinstance(values.dtype, pd.PeriodDtype) or not len(sample):
        return len(sample) > 0
    numbers = as_numbers(sample)
    if numbers is not None and unit_of(numbers, EXACT):
        return True
    parts = parts_of(whole(sample).to_numpy(dtype=object), DATE_FORMS)
    if parts is None:
        return False
    parts = with_months(parts, None) if "end_year" in parts else parts
    readings = [in_order(parts, first) for first in IN_ORDER] if "first" in parts else [parts]
    return max(int((~np.isnat(assembled(with_century(one)[0]))).sum()) for one in readings) >= len(sample) / 2


def _of_type(of: Column, found: pd.DatetimeIndex) -> LocalDates:
    """Read dates that have the type of dates."""
    first, last = NANOSECOND_YEARS
    if found.hasnans or found.min().year < first or found.max().year > last:
        years = found.year.to_numpy()  # NaN where there is no date
        raise of.no_date(int(((years >= first) & (years <= last)).argmin()))
    if found.tz is None:
        return LocalDates(found.to_numpy().astype("datetime64[ns]", copy=False))
    local = found.tz_localize(None).to_numpy().astype("datetime64[ns]", copy=False)
    utc = found.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[ns]", copy=False)
    return LocalDates(local, utc, str(found.tz) if is_zone(str(found.tz)) else None)


def _numbered(of: Column, unit: DateUnit) -> LocalDates:
    """Read dates that are numbers."""
    values = pd.to_numeric(of.values, errors="coerce")
    numbers = values.to_numpy() if values.dtype.kind in "iuf" else values.to_numpy(dtype=np.float64, na_value=np.nan)
    found = dates_of(numbers, unit)
    if (wrong := np.isnat(found)).any():
        raise of.wrong(int(wrong.argmax()), f"{IN_WORDS[unit]} as in other rows", "correct or drop the row")
    note = f"the column {shown(of.name)} holds {IN_WORDS[unit]}."
    return LocalDates(found, found if unit in UNIX else None, unit=unit, notes=(note,))


def _written(of: Column, parts: Parts, codes: Integers | None) -> LocalDates:
    """Read dates that are texts."""

    def row(place: int) -> int:
        return place if codes is None else int((codes == place).argmax())

    def cell(place: int) -> str:
        return f"{shown(of.text(row(place)))} (row {of.frame.index[row(place)]})"

    dayfirst, notes = None, []
    if "end_year" in parts:
        parts = with_months(parts, of.gap)
        if "month" not in parts:
            notes.append(f"the column {shown(of.name)} holds pairs of years such as {cell(0)}; the first is taken.")
    if "first" in parts:
        order = order_of(
            parts,
            cell,
            of.where(),
            said=of.dayfirst,
            earlier=None if of.earlier is None else of.earlier.dayfirst,
            gap=of.gap,
        )
        first: First = "day" if order.day_first else "month"
        parts, dayfirst = in_order(parts, first), order.day_first if order.known else None
        if order.reason:
            notes.append(f"dates such as {cell(0)} have the {first} first, since they are {order.reason} that way.")
    elif "day" not in parts and may_be_days(parts):
        raise InputError(
            f"{of.where()}: {cell(0)} may be a month with its year or a day without its year, and the next dates do "
            "not show which; write it as 2020-01 or 2020-01-31."
        )
    parts, years = with_century(parts)
    if years is not None:
        span = " to ".join(map(str, dict.fromkeys(years)))
        notes.append(f"the two-digit years in the column {shown(of.name)} are read as {span}.")
    if "until" in parts:
        notes.append(f"the column {shown(of.name)} holds periods, of which the start is taken.")
    if "hour_alone" in parts:
        place = int((parts["hour_alone"] >= 0).argmax())
        if (parts_with_hours := with_hours(parts, of.gap)) is None:
            raise InputError(
                f"{of.where()}: {cell(place)} ends in a number that may be an hour or something else, as dates do not "
                "repeat; write times with minutes, as in 2020-01-31 09:00."
            )
        parts = parts_with_hours
    found = assembled(parts)
    if (wrong := np.isnat(found)).any():
        odd, usual = row(int(wrong.argmax())), int(wrong.argmin())
        shapes = {re.sub(r"\d+", "0", of.text(place)) for place in (odd, row(usual))}
        if len(shapes) > 1 and holds_dates(of.values.iloc[odd : odd + 1]):  # unlike 2012-13 among months
            raise of.wrong(odd, f"a date written as {cell(usual)}", "write all dates in the same way")
        raise of.no_date(odd)
    utc = None
    if (minutes := offsets(parts)) is not None:
        if (without := minutes == NO_OFFSET).any():
            raise InputError(
                f"{of.where()}: {cell(int(without.argmax()))} has no offset from UTC, unlike "
                f"{cell(int(without.argmin()))}; write all dates in the same way."
            )
        utc = found - minutes.astype("timedelta64[m]")
    if codes is not None:
        found, utc = found[codes], utc if utc is None else utc[codes]
    return LocalDates(found, utc, dayfirst=dayfirst, notes=tuple(notes))


def _unit(of: Column, numbers: NDArray[Any] | None, units: Iterable[DateUnit]) -> DateUnit | None:
    """Return the unit of numbers, that of the earlier table if it fits; None if they are no numbers or fit none."""
    if numbers is None:
        return None
    if of.earlier is None:
        return unit_of(numbers, units)
    if of.earlier.date_unit in IN_WORDS and unit_of(numbers, [of.earlier.date_unit]):
        return of.earlier.date_unit
    return unit_of(numbers, [unit for unit in units if unit != "rows"])


def as_numbers(values: "pd.Series[Any]") -> NDArray[Any] | None:
    """Return values as numbers, [T]; None if some are none."""
    if pd.api.types.is_bool_dtype(values) or pd.api.types.is_complex_dtype(values):
        return None
    if not pd.api.types.is_numeric_dtype(values) and not all(
        NUMBER.fullmatch(str(value)) for value in values[:SAMPLED]
    ):
        return None
    found = pd.to_numeric(values, errors="coerce").dropna()
    numbers = found.to_numpy() if found.dtype.kind in "iuf" else found.to_numpy(dtype=np.float64)
    return numbers if np.isfinite(numbers).all() else None


def distinct_cells(values: "pd.Series[Any]") -> tuple[Integers | None, Cells]:
    """Return distinct values and the place of each row's among them, [T]; None and all values if most are distinct."""
    try:
        few = values.iloc[np.linspace(0, len(values) - 1, min(COMPARED, len(values))).astype(np.int64)]
        if few.nunique() <= COMPARED / 2 < COMPARED <= len(values):
            codes, cells = pd.factorize(values, use_na_sentinel=False)
            return codes.astype(np.int64), cells.to_numpy(dtype=object)
    except TypeError:  # values such as lists have no hash
        pass
    return None, values.to_numpy(dtype=object)
