"""Join dates that stand in several columns: year and month, or date and time of day."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recurra.errors import InputError, listed, shown
from recurra.tables.dates.assembling import assembled, with_century
from recurra.tables.dates.clock_times import clock_times
from recurra.tables.dates.column_names import TIME_NAMES, part_of, plain_name
from recurra.tables.dates.month_names import MONTHS
from recurra.tables.dates.one_column import Column, LocalDates, distinct_cells, holds_dates
from recurra.tables.dates.parts import SAMPLED, YEAR_OF_TIMES, Parts
from recurra.tables.whole_numbers import whole

BY_PLACE = ("year", "month", "day", "hour", "minute", "second")
OF_A_DAY = BY_PLACE[3:]
PART = re.compile(
    r"\s*(?P<prefix>[第QqTtWwMm]?)(?P<number>\d{1,4})(?:\.0*)?\s*[年月日号时時点點分秒周週季]?度?\s*", re.ASCII
)
PREFIXES = {"quarter": "QqTt", "week": "Ww", "month": "Mm"}


def role_of(name: str, values: "pd.Series[Any]") -> str | None:
    """Return the part of a date that a column holds, by its name or by letters such as in M01; None if it is none."""
    if part := part_of(name):
        return part
    first = [PART.fullmatch(str(cell)) for cell in values.dropna().head(SAMPLED)]
    prefixes = {match["prefix"] if match else "" for match in first}
    return next((part for part, letters in PREFIXES.items() if prefixes and prefixes <= set(letters)), None)


def holds_parts(values: "pd.Series[Any]", part: str) -> bool:
    """Return whether the first values of a column are parts of dates, such as months."""
    sample = whole(values.dropna().head(SAMPLED))
    return len(sample) > 0 and all(_part(str(cell), part) >= 0 for cell in sample)


def joined(columns: Sequence[Column]) -> LocalDates:
    """Read dates that stand in several columns: a column of dates and some of times, or the parts of dates.

    The parts are those that the columns say, or in the order year, month, day, hour, minute, second.

    Raises:
        InputError: a value is not a part of a date (the message gives its row), or there is no such date.
    """
    names = [column.name for column in columns]
    roles = [role_of(column.name, column.values) for column in columns]
    first, *others = columns
    if "year" not in roles and not holds_parts(first.values, "year") and holds_dates(first.values):
        found = _with_times(first.read(), first, others)
    else:
        found = LocalDates(assembled(with_century(_parts(columns, _roles(roles, BY_PLACE, first.source, names)))[0]))
        _check(columns, found.local, "date")
    note = f"the dates are joined from the columns {', '.join(map(shown, names))}."
    return replace(found, notes=(*found.notes, note))


def _roles(roles: Sequence[str | None], by_place: Sequence[str], source: str, names: Sequence[str]) -> list[str]:
    """Return the parts that columns hold; those that are not known follow from the places of the columns."""
    if len(names) > len(by_place):
        raise InputError(
            f"{source}: {listed(names)} are {len(names)} columns of dates; expected at most those of "
            f"{', '.join(by_place[:-1])} and {by_place[-1]}."
        )
    found = [role or place for role, place in zip(roles, by_place, strict=False)]
    return found if by_place[0] in found and len(set(found)) == len(found) else list(by_place[: len(names)])


def _check(columns: Sequence[Column], found: NDArray[np.datetime64], what: str) -> None:
    """Raise an InputError if the parts in the columns of a row make up no date or time."""
    if (wrong := np.isnat(found)).any():
        place = int(wrong.argmax())
        texts = ", ".join(shown(column.text(place)) for column in columns)
        raise InputError(
            f"{columns[0].source}: row {columns[0].frame.index[place]}, columns {listed([c.name for c in columns])}: "
            f"{texts} are no {what}; correct or drop the row."
        )


def _with_times(found: LocalDates, date: Column, others: Sequence[Column]) -> LocalDates:
    """Return dates with the times of day of one column, or with hours, minutes and seconds of several."""
    if (has_time := found.local != found.local.astype("datetime64[D]")).any():
        place = int(has_time.argmax())
        raise date.wrong(
            place, "a date without a time, as the time is in another column", "leave out one of the columns"
        )
    if len(others) > 1:
        names = [column.name for column in others]
        parts = _parts(others, _roles([part_of(name) for name in names], OF_A_DAY, date.source, names))
        parts["year"] = np.full(parts.length, YEAR_OF_TIMES, dtype=np.int32)
        times = assembled(parts)
        _check(others, times, "time of day")
        return replace(found, local=found.local + times.view(np.int64).astype("timedelta64[ns]"), utc=None)
    (column,) = others
    clock = clock_times(column.values, None if column.earlier is None else column.earlier.date_unit)
    if not (valid := clock.valid).all():
        raise column.wrong(int(valid.argmin()), "a time of day such as 09:30", "correct or drop the row")
    known = plain_name(column.name) in TIME_NAMES or clock.unit is not None or date.earlier is not None
    if not known and pd.api.types.is_numeric_dtype(column.values) and pd.Index(found.local).is_unique:
        raise InputError(
            f"{column.where()} holds numbers, and each date occurs once, so that they need not be hours; leave it out "
            "of --date (date=… in Python), or write times as 09:30."
        )
    local = found.local + clock.times.astype("timedelta64[ns]")
    utc = None if clock.minutes is None else local - clock.minutes.astype("timedelta64[m]")
    notes = found.notes
    if clock.unit is not None:
        place = int(clock.times.argmax())
        time = str(clock.times[place].astype("datetime64[ns]").astype("datetime64[s]"))[11:]
        notes += (f"the column {shown(column.name)} holds times of day: {shown(column.text(place))} is {time}.",)
    return replace(found, local=local, utc=utc, unit=clock.unit, notes=notes)


def _parts(columns: Sequence[Column], roles: Sequence[str]) -> Parts:
    """Return parts of dates in columns of their own."""
    parts = Parts(len(columns[0].frame), {})
    for column, role in zip(columns, roles, strict=True):
        codes, cells = distinct_cells(whole(column.values))
        numbers = np.array([_part(str(cell), role) for cell in cells], dtype=np.int32)
        numbers = numbers if codes is None else numbers[codes]
        if (wrong := numbers < 0).any():
            raise column.wrong(int(wrong.argmax()), f"a {role}", "correct or drop the row")
        parts["month" if role == "quarter" else role] = 3 * numbers - 2 if role == "quarter" else numbers
        if role == "year":
            parts["digits"] = np.where(numbers < 100, 2, 4).astype(np.int32)
    return parts


def _part(text: str, role: str) -> int:
    """Return a part of a date as a number; -1 if it is none."""
    match = PART.fullmatch(text)
    if match and (match["prefix"] in {"", "第"} or match["prefix"] in PREFIXES.get(role, "")):
        return int(match["number"])
    return MONTHS.get(text.strip().rstrip(".").lower(), -1) if role == "month" else -1
