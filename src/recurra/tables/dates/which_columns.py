"""Find the columns of a table that hold its dates, by their types, their names and their values."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recurra.errors import InputError, listed
from recurra.tables.dates.assembling import assembled
from recurra.tables.dates.clock_times import has_times, holds_times
from recurra.tables.dates.column_names import (
    COUNTED_NAMES,
    DATE_NAMES,
    DATE_OR_TIME_NAMES,
    ROW_NUMBER_NAMES,
    TIME_NAMES,
    part_of,
    plain_name,
)
from recurra.tables.dates.forms import DATE_FORMS
from recurra.tables.dates.numbered import UNIX, are_digits, dates_of, unit_of
from recurra.tables.dates.one_column import SEARCHED, Column, as_numbers, holds_dates
from recurra.tables.dates.parts import SAMPLED, parts_of
from recurra.tables.dates.several_columns import OF_A_DAY, holds_parts, joined, role_of
from recurra.tables.wide import check_not_wide

SEARCHED_COLUMNS = 100  # number of columns among which one of dates is searched
FEWEST_DATES = 3  # from which the gaps between numbers show that they are dates
EVEN = 0.5  # more than this fraction of their gaps are equal


def date_columns(frame: pd.DataFrame, others: Collection[str | None], source: str) -> tuple[str, ...]:
    """Return the names of the columns that hold the dates; none if there is no column of dates, but only numbers.

    A column with a name of dates comes before one of another name, and one with the same date in all rows of a series
    after those that vary. If no column has valid dates, a column with a date name is returned, so that reading it
    reports the invalid value.

    Args:
        frame: the table.
        others: names of columns that have another role, such as ids.
        source: the file, for messages.

    Raises:
        InputError: several columns may hold the dates, or there is no column of dates, and one with texts that may be
            dates.
    """
    columns, ids = [str(column) for column in frame.columns if str(column) not in others], [*filter(None, others)]
    plain = {column: plain_name(column) for column in columns}
    named = [column for column in columns if plain[column] in DATE_NAMES]
    known = [*named, *(column for column in columns if plain[column] in DATE_OR_TIME_NAMES)]
    dated = [column for column in known if holds_dates(frame[column])]
    if varying := [column for column in dated if not _is_fixed(frame, column, ids)]:
        first, *rest = varying
        if rest and _repeats(frame, first, ids) and not all(_repeats(frame, column, ids) for column in rest):
            raise _several(varying, source)
        return (first, *_times(frame, first, columns, ids))
    types = {str(name): dtype for name, dtype in frame.dtypes.items()}
    typed = [column for column in columns if pd.api.types.is_datetime64_any_dtype(types[column])]
    texts = [column for column in columns if not pd.api.types.is_numeric_dtype(types[column])][:SEARCHED_COLUMNS]
    numeric = [column for column in columns if pd.api.types.is_numeric_dtype(types[column])][:SEARCHED_COLUMNS]
    partial = [column for column in columns if column not in known and part_of(column)]
    parts = _parts(frame, columns)
    single = [column for column in partial if holds_dates(frame[column])]
    single += [column for column in numeric if column not in known and _holds_evenly_spaced_dates(frame[column])]
    unknown = [column for column in dict.fromkeys([*typed, *texts]) if column not in {*known, *partial}]
    unknown = [column for column in unknown if holds_dates(frame[column])]
    if varying := [column for column in unknown if not _is_fixed(frame, column, ids)]:
        rivals = [(column,) for column in single if not _repeats(frame, column, ids)] + [parts] * bool(parts)
        against = [rival for rival in rivals if not _lie_within(frame, varying[0], rival)]
        if dated or len(varying) > 1 or against:
            raise _several([*dated, *varying, *(column for rival in against for column in rival)], source)
        return (varying[0], *_times(frame, varying[0], columns, ids))
    if dated or parts or single:
        return (dated[0], *_times(frame, dated[0], columns, ids)) if dated else parts or (single[0],)
    if len(unknown) > 1:
        raise _several(unknown, source)
    if unknown:
        return (unknown[0], *_times(frame, unknown[0], columns, ids))
    if found := [*(column for column in numeric if _numbers_rows(frame, column, ids)), *named, *known, *partial]:
        return (found[0],)
    if not texts:
        return ()
    check_not_wide(columns, source, frame)
    raise InputError(
        f"{source}: there is no column of dates; looked for one named date, ds, time, 日期 and the like, and for one "
        f"that holds dates among {listed(columns)}: name it with --date (date=… in Python)."
    )


def _several(columns: Sequence[str], source: str) -> InputError:
    return InputError(
        f"{source}: the columns {listed(columns)} all hold dates, and nothing shows which are those of the rows; name "
        "the right one with --date (date=… in Python)."
    )


def _repeats(frame: pd.DataFrame, column: str, ids: Sequence[str]) -> bool:
    """Return whether a value of a column occurs several times in the first rows of a series."""
    return bool(frame.head(SEARCHED).duplicated([column, *ids]).any())


def _is_fixed(frame: pd.DataFrame, column: str, ids: Sequence[str]) -> bool:
    """Return whether all rows of a column have the same value, although a series has several rows."""
    values = frame[column]
    if values.head(SAMPLED).nunique(dropna=False) > 1 or not _repeats(frame, column, ids):
        return False
    return bool(values.nunique(dropna=False) == 1)


def _lie_within(frame: pd.DataFrame, column: str, rival: Sequence[str]) -> bool:
    """Return whether the first dates of a column lie in the periods, such as months, that begin with those of others.

    Dates that cannot be read as they are contradict none; reading them later tells why.
    """
    first = frame.head(SAMPLED)
    try:
        dates = _read(first, [column]).astype("datetime64[D]")
        periods = _read(first, rival).astype("datetime64[D]")
    except InputError:
        return True
    months, begins = dates.astype("datetime64[M]").astype(np.int64), periods.astype("datetime64[M]")
    if (begins.astype("datetime64[D]") == periods).all():
        month = begins.astype(np.int64) % 12
        length, passed = 12 if not month.any() else 1 if (month % 3).any() else 3, months - begins.astype(np.int64)
    else:
        is_week = len(rival) > 1 and "week" in map(part_of, rival)
        length, passed = 7 if is_week else 1, (dates - periods).astype(np.int64)
    return bool(((passed >= 0) & (passed < length)).all())


def _read(frame: pd.DataFrame, columns: Sequence[str]) -> NDArray[np.datetime64]:
    read = [Column(frame, column, "", None, None, None) for column in columns]
    return (read[0].read() if len(read) == 1 else joined(read)).local


def _times(frame: pd.DataFrame, date: str, columns: Sequence[str], ids: Sequence[str]) -> Iterator[str]:
    """Yield the columns with the times of day of dates without them: one, or those of hour, minute and second.

    Numbers are times of day only where dates repeat, as they may be a covariate otherwise.
    """
    named = [column for column in columns if column != date and plain_name(column) in TIME_NAMES]
    if not named or has_times(frame[date]):
        return
    repeat = _repeats(frame, date, ids)
    for column in filter(lambda name: holds_times(frame[name]), named):
        if not pd.api.types.is_numeric_dtype(frame[column]) or (repeat and frame[column].head(SEARCHED).nunique() > 1):
            yield column
            if part_of(column) == "hour":
                for part in OF_A_DAY[1:]:
                    finer = [name for name in columns if part_of(name) == part and holds_parts(frame[name], part)]
                    yield from finer[:1]
            return


def _parts(frame: pd.DataFrame, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of a year and of its month, quarter or week and so on, if there are such."""
    by_part = {part: column for column in reversed(columns) if (part := part_of(column))}
    if "year" in by_part:  # such as the period M01 of a year
        periods = [column for column in columns if plain_name(column) in DATE_OR_TIME_NAMES]
        by_part = {part: column for column in periods if (part := role_of(column, frame[column]))} | by_part
    within = next((part for part in ("month", "week", "quarter") if part in by_part), "")
    if "year" not in by_part or not within:
        return ()
    finer = ("day", *OF_A_DAY) if within == "month" else ()
    found = [part for part in ("year", within, *finer) if part in by_part]
    return (
        tuple(by_part[part] for part in found) if all(holds_parts(frame[by_part[part]], part) for part in found) else ()
    )


def _holds_evenly_spaced_dates(values: "pd.Series[Any]") -> bool:
    """Return whether numbers are Unix time or dates such as 20200131 or 2020013109, and evenly spaced."""
    numbers = as_numbers(values.head(SEARCHED).dropna())
    if numbers is None or not len(numbers):
        return False
    if are_digits(numbers):
        parts = parts_of(numbers.astype(np.int64).astype(object), DATE_FORMS)
        moments = assembled(parts) if parts else numbers[:0]
    elif unit := unit_of(numbers, UNIX):
        moments = dates_of(numbers, unit)
    else:
        return False
    distinct = np.unique(moments)
    if np.isnat(distinct).any() or len(distinct) < FEWEST_DATES:
        return False
    _, counts = np.unique(np.diff(distinct), return_counts=True)
    return bool(counts.max() > EVEN * counts.sum())


def _numbers_rows(frame: pd.DataFrame, column: str, ids: Sequence[str]) -> bool:
    """Return whether a column numbers the rows of each series in even steps."""
    if plain_name(column) not in COUNTED_NAMES | DATE_OR_TIME_NAMES | ROW_NUMBER_NAMES and not part_of(column):
        return False
    if _repeats(frame, column, ids):
        return False
    numbers = as_numbers(frame[column].head(SEARCHED).dropna())
    return numbers is not None and bool(unit_of(numbers, ["rows"])) and len(np.unique(np.diff(np.unique(numbers)))) <= 1
