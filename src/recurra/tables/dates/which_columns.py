"""Find the columns of a table that hold its dates, by their types, their names and their values."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from recurra.errors import InputError, listed
from recurra.tables.dates.numbered import UNIX, dates_of, unit_of
from recurra.tables.dates.one_column import COUNTED, SEARCHED, as_numbers, holds_dates
from recurra.tables.dates.several_columns import TIME_OF_DAY, holds_parts, holds_times, part_of

DATES = {
    "date", "ds", "datetime", "timestamp", "trade_date", "open_time", "日期", "交易日期", "datum", "fecha",
}  # fmt: skip
TIMES = {"time", "时间"}  # or complete dates; only the values tell
ROW_NUMBERS = {"", "id", "row_id", "unnamed: 0"}
SEARCHED_COLUMNS = 100  # number of columns among which one of dates is searched
FEWEST_DATES = 3  # from which the gaps between numbers show that they are dates
EVEN = 0.5  # more than this fraction of their gaps are equal
EIGHT_DIGITS = (15_000_101, 24_991_231)  # such as 20200131


def date_columns(frame: pd.DataFrame, others: Collection[str | None], source: str) -> tuple[str, ...]:
    """Return the names of the columns that hold the dates; none if there is no column of dates, but only numbers.

    If no column has valid dates, a column with a date name is returned, so that reading it reports the invalid value.

    Args:
        frame: the table.
        others: names of columns that have another role, such as ids.
        source: the file, for messages.

    Raises:
        InputError: there is no column of dates, and one with texts that may be dates.
    """
    columns = [str(column) for column in frame.columns if str(column) not in others]
    plain = {column: column.strip().lower() for column in columns}
    typed = [column for column in columns if pd.api.types.is_datetime64_any_dtype(frame[column])]
    named = [column for column in columns if plain[column] in DATES]
    texts = [column for column in columns if not pd.api.types.is_numeric_dtype(frame[column])][:SEARCHED_COLUMNS]
    partial = [column for column in columns if plain[column] in TIMES or part_of(column)]
    for column in (*typed, *named, *(column for column in texts if column not in partial)):
        if holds_dates(frame[column]):
            return (column, *_times(frame, column, columns, others))
    if parts := _parts(frame, columns):
        return parts
    numeric = [column for column in columns if column not in texts][:SEARCHED_COLUMNS]
    found = [column for column in partial if holds_dates(frame[column])]
    found += [column for column in numeric if _holds_evenly_spaced_dates(frame[column])]
    found += [column for column in numeric if _numbers_rows(frame, column, others)]
    if found := [*found, *named, *partial]:
        return (found[0],)
    if not texts:
        return ()
    raise InputError(
        f"{source}: there is no column of dates; looked for one named date, ds, time, 日期 and the like, and for one "
        f"that holds dates among {listed(columns)}: name it with --date (date=… in Python)."
    )


def _times(frame: pd.DataFrame, date: str, columns: Sequence[str], others: Collection[str | None]) -> Iterator[str]:
    """Yield the column with the times of day of dates without them, if there is one.

    Whole hours are times of day only where dates repeat, as they may be a covariate otherwise.
    """
    first = frame[date].head(SEARCHED)
    if pd.api.types.is_datetime64_any_dtype(first) or first.astype(str).str.contains(":").any():
        return
    for column in columns:
        if column != date and column.strip().lower() in TIME_OF_DAY and holds_times(frame[column]):
            is_text = not pd.api.types.is_numeric_dtype(frame[column])
            if is_text or frame.head(SEARCHED).duplicated([date, *filter(None, others)]).any():
                yield column
                return


def _parts(frame: pd.DataFrame, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of a year and of its month, quarter or week and so on, if there are such."""
    by_part = {part: column for column in reversed(columns) if (part := part_of(column))}
    within = next((part for part in ("month", "week", "quarter") if part in by_part), "")
    if "year" not in by_part or not within:
        return ()
    finer = ("day", "hour", "minute", "second") if within == "month" else ()
    found = [part for part in ("year", within, *finer) if part in by_part]
    return (
        tuple(by_part[part] for part in found) if all(holds_parts(frame[by_part[part]], part) for part in found) else ()
    )


def _holds_evenly_spaced_dates(values: "pd.Series[Any]") -> bool:
    """Return whether numbers are Unix time or dates such as 20200131, and evenly spaced."""
    numbers = as_numbers(values.head(SEARCHED).dropna())
    if numbers is None or not len(numbers):
        return False
    if unit := unit_of(numbers, UNIX):
        moments = dates_of(numbers, unit)
    elif EIGHT_DIGITS[0] <= numbers.min() <= numbers.max() <= EIGHT_DIGITS[1] and (numbers % 1 == 0).all():
        moments = pd.to_datetime(
            pd.Series(numbers.astype(np.int64)).astype(str), format="%Y%m%d", errors="coerce"
        ).to_numpy()
    else:
        return False
    distinct = np.unique(moments)
    if np.isnat(distinct).any() or len(distinct) < FEWEST_DATES:
        return False
    _, counts = np.unique(np.diff(distinct), return_counts=True)
    return bool(counts.max() > EVEN * counts.sum())


def _numbers_rows(frame: pd.DataFrame, column: str, others: Collection[str | None]) -> bool:
    """Return whether a column numbers the rows of each series in even steps."""
    name = column.strip().lower()
    if not (name in COUNTED | TIMES | ROW_NUMBERS or part_of(column)):
        return False
    if frame.head(SEARCHED).duplicated([column, *filter(None, others)]).any():
        return False
    numbers = as_numbers(frame[column].head(SEARCHED).dropna())
    return numbers is not None and bool(unit_of(numbers, ["rows"])) and len(np.unique(np.diff(np.unique(numbers)))) <= 1
