"""Build a checked `Table` from a file or a DataFrame: one series, or many with columns unique_id, ds, y."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recurra.errors import InputError
from recurra.tables.arrays import Floats
from recurra.tables.columns import DATE, ID, TARGET, Names, chosen_columns, date_column, found_column, hint_of_id, ids
from recurra.tables.dates import dates, usual_gap
from recurra.tables.frequency import Frequency
from recurra.tables.frequency_inference import infer_frequency
from recurra.tables.numbers import numbers
from recurra.tables.reader import read_frame
from recurra.tables.table import Series, Table, date_text

RowIndices = slice | NDArray[np.int64]  # a series' rows in the table; a slice avoids a copy
Missing = Literal["error", "ffill", "interpolate", "mask"]


def make_table(
    data: "pd.DataFrame | pd.Series[Any] | str | Path",
    *,
    target: str | None = None,
    past_covariates: str | Sequence[str] = (),
    future_covariates: str | Sequence[str] = (),
    date: str | None = None,
    id: str | None = None,
    missing: Missing = "error",
    calendar: str | None = None,
    frequency: Frequency | None = None,
) -> Table:
    """Build a checked table from a file or a DataFrame.

    Column names are case-insensitive; dates and prices are also found by their English or Chinese names.

    Args:
        data: a DataFrame or Series, or the path of a CSV or Parquet file. A single series has a column (or index) of
            dates and columns of numbers; a long table of several series also has a column of ids.
        target: column to predict; None: `y`, or the only column of numbers.
        past_covariates: columns whose values are known up to the present only; "all": every other numeric column that
            is not constant.
        future_covariates: columns whose values are known in advance. Rows after the last value of the target are future
            rows, in which only these columns need values.
        date: column of dates; None: inferred from names and values.
        id: column of series ids; None: `unique_id`, if the table has it.
        missing: how to treat missing values. "error" raises an error. "ffill" forward-fills them. "interpolate" and
            "mask" also forward-fill them, and let a model interpolate training rows or mask the filled rows. Except
            with "error", absent dates become rows of missing values, and a series starts where all its columns have
            values.
        calendar: name of an exchange calendar whose sessions the dates are, such as "XSHG".
        frequency: time between rows; None: inferred from the dates.

    Raises:
        InputError: the table is invalid; the message names the file, row and column, and how to fix it.

    >>> days = ["2024-01-01", "2024-01-02", "2024-01-03"]
    >>> table = make_table(pd.DataFrame({"date": days, "sales": [5, 7, 6]}))
    >>> table.target, table.frequency.name
    ('sales', 'daily')
    >>> table.series[0].values[:, 0].tolist()
    [5.0, 7.0, 6.0]
    """
    source = str(data) if isinstance(data, str | Path) else "the table"
    texts = [id] if id else []
    frame = read_frame(data, texts=texts) if isinstance(data, str | Path) else _with_row_numbers(data)
    if not len(frame):
        raise InputError(f"{source}: has no rows of data; at least one is needed.")
    id_column = found_column(frame, id, source, "id") if id else ID if ID in frame.columns else None
    days_column = found_column(frame, date, source, "date") if date else date_column(frame, id_column, source)
    names = chosen_columns(
        frame, target, _list(past_covariates), _list(future_covariates), {days_column, id_column}, source
    )
    days = dates(frame, days_column, source, gap=None if frequency is None else frequency.days)
    values = np.stack([numbers(frame, name, source) for name in names.all], axis=1)
    rows = _Rows(source, names, days, values, frame.index, missing)

    def hint() -> str:
        return "" if id_column is not None else hint_of_id(frame, days_column, {days_column, *names.all})

    parts = {
        name: rows.sorted(indices, name, hint) for name, indices in _groups(ids(frame, id_column, source), len(frame))
    }
    frequency = frequency or _frequency(parts, days, calendar, source, rows.notes)
    series = tuple(rows.series(name, indices, frequency) for name, indices in parts.items())
    notes = tuple(_of_many(note, whose) for note, whose in rows.notes.items())
    return Table(
        series,
        names.target,
        names.past_covariates,
        names.future_covariates,
        frequency,
        source,
        id_column is not None,
        notes,
    )


@dataclass(frozen=True)
class _Rows:
    """All rows of a table, in the order of the file."""

    source: str
    names: Names
    dates: pd.DatetimeIndex
    values: Floats  # [L, C], NaN if missing
    numbers: "pd.Index[int]"  # row numbers in the file
    missing: Missing
    notes: dict[str, list[str]] = field(default_factory=dict)  # note → ids of the series it is about

    def note(self, text: str, id_: str) -> None:
        self.notes.setdefault(text, []).append(id_)

    def sorted(self, indices: RowIndices, id_: str, hint: Callable[[], str]) -> RowIndices:
        """Return the indices of a series' rows sorted by date; InputError if a date occurs twice."""
        days = self.dates[indices]
        whose = f" of series {id_!r}" if id_ else ""
        if not days.is_monotonic_increasing:
            order = days.argsort(kind="stable")
            indices, days = _each(indices, len(self.dates))[order], days[order]
            self.note("the rows were not in the order of their dates; they are sorted", id_)
        if (twice := days[1:] == days[:-1]).any():
            first = int(twice.argmax())
            a, b = self.numbers[indices][[first, first + 1]]
            clock = "" if days[first] == days[first].normalize() else ", or, where a clock was set back, give UTC"
            raise InputError(
                f"{self.source}: rows {a} and {b}{whose} have the same date {date_text(days[first])}; "
                f"expected each date once: drop one{clock}{hint()}."
            )
        return indices

    def series(self, id_: str, indices: RowIndices, frequency: Frequency) -> Series:
        values, days, known = self.values[indices], self.dates[indices], len(self.names.future_covariates)
        end = len(values)
        if known:  # rows after the last value of the target are future rows
            has_target = np.flatnonzero(~np.isnan(values[:, 0]))
            end = int(has_target[-1]) + 1 if len(has_target) else 0
        future = values[end:, values.shape[1] - known :] if known else values[:0, :0]
        lenient = self.missing != "error"
        self._check(values[:end], indices, 0, range(values.shape[1]), lenient=lenient)
        self._check(values[end:], indices, end, range(values.shape[1] - known, values.shape[1]), lenient=False)
        coming = days[end:] if known else days[:0]
        self._check_coming(indices, end, coming, days[:end], frequency)
        values, days = values[:end], days[:end]
        whose = f" of series {id_!r}" if id_ else ""
        if not end:
            raise InputError(f"{self.source}: the target {self.names.target!r}{whose} has no values.")
        try:
            absent = frequency.absent(days)
        except InputError as error:  # from the calendar
            raise InputError(f"{self.source}: {error}") from error
        if len(absent):
            count = "some dates are" if id_ else "1 date is" if len(absent) == 1 else f"{len(absent)} dates are"
            first = "" if id_ else f", the first is {date_text(absent[0])}"
            passed = "skipped: the rows before and after count as consecutive (--missing ffill fills them)"
            self.note(f"{count} absent{first}, and {'filled' if lenient else passed}", id_)
            if lenient:
                whole = days.union(absent)
                filled = np.full((len(whole), values.shape[1]), np.nan)
                filled[whole.get_indexer(days)] = values
                values, days = filled, whole
        observed = ~np.isnan(values)
        begin = int(observed.argmax(axis=0).max())  # no value is filled with a later one
        if begin:
            self.note("the first rows are left out, as not all columns have values there", id_)
        values = pd.DataFrame(values[begin:]).ffill().to_numpy() if lenient else values
        return Series(id_, days[begin:], values, observed[begin:], future, coming)

    def _check_coming(
        self, indices: RowIndices, end: int, coming: pd.DatetimeIndex, days: pd.DatetimeIndex, frequency: Frequency
    ) -> None:
        """Raise InputError if future rows skip dates, except for business days without a calendar of holidays."""
        if not len(coming) or not end or (frequency.name == "business-daily" and frequency.calendar is None):
            return
        expected = frequency.next_dates(days[-1], len(coming))
        if (other := np.asarray(coming != expected)).any():
            first = int(other.argmax())
            place = _each(indices, len(self.dates))[end + first]
            raise InputError(
                f"{self.source}: row {self.numbers[place]}: a future row has the date {date_text(coming[first])}, "
                f"expected {date_text(expected[first])}, the next date; give every future row its date."
            )

    def _check(self, values: Floats, indices: RowIndices, begin: int, columns: Sequence[int], *, lenient: bool) -> None:
        """Raise InputError if a value from row `begin` on is infinite, or is missing and `lenient` is False."""
        for column in columns:
            name = self.names.all[column]
            for wrong, found in ((np.isinf(values[:, column]), "infinity"), (np.isnan(values[:, column]), "no value")):
                if not wrong.any() or (lenient and found == "no value" and not wrong.all()):
                    continue
                place = _each(indices, len(self.dates))[begin + int(wrong.argmax())]
                more = f" ({int(wrong.sum())} such rows in all)" if wrong.sum() > 1 else ""
                mend = "" if found == "infinity" else ", or allow it with --missing ffill, interpolate or mask"
                where = f"{self.source}: row {self.numbers[place]} ({date_text(self.dates[place])}), column {name!r}"
                raise InputError(f"{where}: has {found}{more}, expected a number; correct the cell{mend}.")


def _list(names: str | Sequence[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _with_row_numbers(data: object) -> pd.DataFrame:
    """Return a DataFrame with rows numbered from 1, and with named or date index levels as columns.

    Raises:
        InputError: `data` is not a DataFrame or Series, or its column names are duplicated or have several levels.
    """
    if isinstance(data, pd.Series):
        data = data.to_frame(TARGET if data.name is None else str(data.name))
    if not isinstance(data, pd.DataFrame):
        raise InputError(f"the table is a {type(data).__name__}; expected a DataFrame or the path of a file.")
    if isinstance(data.columns, pd.MultiIndex):
        raise InputError(
            f"the table has columns of {data.columns.nlevels} levels, the first is {data.columns[0]}; expected plain "
            "names: choose one level, such as with data.droplevel(1, axis=1)."
        )
    frame = data.copy(deep=False)
    frame.columns = frame.columns.map(str)
    for number in range(data.index.nlevels):
        level = data.index.get_level_values(number)
        if isinstance(level, pd.PeriodIndex):
            level = level.to_timestamp()
        dated = isinstance(level, pd.DatetimeIndex)
        name = str(level.name) if level.name is not None else DATE if dated else ID
        says_something = dated or level.name is not None or data.index.nlevels > 1
        if says_something and name not in frame.columns:
            frame.insert(number, name, level.to_numpy())
    if (twice := frame.columns[frame.columns.duplicated()]).size:
        raise InputError(f"the table has the column {twice[0]!r} twice; give each column a unique name.")
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    return frame


def _each(indices: RowIndices, rows: int) -> NDArray[np.int64]:
    return np.arange(rows, dtype=np.int64)[indices] if isinstance(indices, slice) else indices


def _of_many(note: str, whose: Sequence[str]) -> str:
    """Return a note as a sentence, with the number of series it is about and the first of them."""
    if whose == [""]:
        return f"{note}."
    return f"{note} in {len(whose)} series, the first is {whose[0]!r}."


def _groups(ids: "pd.Series[str] | None", rows: int) -> Iterator[tuple[str, RowIndices]]:
    """Yield the id and the row indices of each series, in order of first occurrence."""
    if ids is None:
        yield "", slice(0, rows)
        return
    codes, names = pd.factorize(ids)
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes))[:-1]
    yield from zip(map(str, names), np.split(order, ends), strict=True)


def _frequency(
    parts: Mapping[str, RowIndices],
    days: pd.DatetimeIndex,
    calendar: str | None,
    source: str,
    notes: dict[str, list[str]],
) -> Frequency:
    """Return the frequency of the longest series; series that deviate from it are noted."""
    longest = max(parts, key=lambda name: len(days[parts[name]]))
    try:
        frequency = infer_frequency(days[parts[longest]], calendar)
    except InputError as error:
        raise InputError(f"{source}: {error}") from error
    if len(parts) == 1:
        return frequency
    usual = usual_gap(days[parts[longest]].to_numpy())
    for name, indices in parts.items():
        if len(days[indices]) >= 5 and not usual / 2 < usual_gap(days[indices].to_numpy()) < usual * 2:
            text = f"rows are farther apart or closer than the {frequency.name} ones of series {longest!r}"
            notes.setdefault(text, []).append(name)
    return frequency
