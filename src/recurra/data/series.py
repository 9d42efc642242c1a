"""Checked tables of series: one series from a plain table, or many from a long one with columns unique_id, ds, y."""

import hashlib
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recurra.data.columns import DATE, ID, TARGET, Names, chosen_columns, date_column, found_column, hint_of_id, ids
from recurra.data.dates import usual_gap
from recurra.data.frequency import Frequency, infer_frequency
from recurra.data.tables import dates, numbers, read_frame
from recurra.errors import InputError

Floats = NDArray[np.float64]
Places = slice | NDArray[np.int64]  # of a series' rows in its table; a slice copies nothing
DAY = pd.Timedelta(days=1)
Missing = Literal["error", "ffill", "interpolate", "mask"]


@dataclass(frozen=True, eq=False)
class Series:
    """One series.

    Attributes:
        id: its unique_id; empty if the table is one series.
        dates: [T], ascending, each once.
        values: [T, C], columns as in `Table.columns`, without NaN: what is missing is filled with the value before.
        observed: [T, C], False where there was no value.
        future: [F, K], the coming values of the columns known in advance, in rows after the last; F may be 0.
        future_dates: [F], the dates of those rows.
    """

    id: str
    dates: pd.DatetimeIndex
    values: Floats
    observed: NDArray[np.bool_]
    future: Floats
    future_dates: pd.DatetimeIndex

    def rows(self, start: int, stop: int) -> "Series":
        """The rows from `start` to before `stop`. Of the later ones only what is known in advance stays known."""
        known = self.future.shape[1]
        coming = self.values[stop:, self.values.shape[1] - known :]
        return Series(
            self.id,
            self.dates[start:stop],
            self.values[start:stop],
            self.observed[start:stop],
            np.concatenate([coming, self.future]),
            pd.DatetimeIndex(self.dates[stop:].append(self.future_dates)) if known else self.future_dates,
        )

    def interpolated(self, rows: int) -> "Series":
        """With gaps on a straight line, where both ends lie within the first `rows` rows; later gaps stay filled."""
        values = self.values.copy()
        for column, observed in enumerate(self.observed[:rows].T):
            seen, gaps = np.flatnonzero(observed), np.flatnonzero(~observed)
            gaps = gaps[gaps < seen[-1]] if len(seen) else gaps[:0]
            values[gaps, column] = np.interp(gaps, seen, values[seen, column])
        return replace(self, values=values)

    def after(self, earlier: "Series") -> "Series":
        """This series with those rows of an earlier stretch of it before it that are older than its first."""
        count = int(earlier.dates.searchsorted(self.dates[0]))
        return replace(
            self,
            dates=pd.DatetimeIndex(earlier.dates[:count].append(self.dates)),
            values=np.concatenate([earlier.values[:count], self.values]),
            observed=np.concatenate([earlier.observed[:count], self.observed]),
        )


@dataclass(frozen=True, eq=False)
class Table:
    """Series with the same columns and the same frequency.

    Attributes:
        series: at least one.
        target: the column to predict, as the file names it.
        covariates: columns known only up to the present.
        known: columns known in advance.
        frequency: how often there is a row.
        source: the file, or "the table", for messages.
        many: the table has a column that tells series apart.
        notes: what was done to the rows, and what is odd about them.
    """

    series: tuple[Series, ...]
    target: str
    covariates: tuple[str, ...]
    known: tuple[str, ...]
    frequency: Frequency
    source: str
    many: bool
    notes: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of every series' values: the target first."""
        return (self.target, *self.covariates, *self.known)

    def head(self, drop: int) -> "Table":
        """Every series without its last `drop` rows; those that would have none are left out."""
        lengths = [len(series.dates) - drop for series in self.series]
        kept = (series.rows(0, rows) for series, rows in zip(self.series, lengths, strict=True) if rows > 0)
        return replace(self, series=tuple(kept))

    def only(self, ids: Collection[str]) -> "Table":
        """The series of these names."""
        return replace(self, series=tuple(series for series in self.series if series.id in ids))

    def following(self, series: Series, count: int) -> pd.DatetimeIndex:
        """The `count` dates after a series' last row: those of its coming rows, if they are enough."""
        if len(series.future_dates) >= count:
            return series.future_dates[:count]
        return self.frequency.like(series.dates).next_dates(series.dates[-1], count)

    def between(self, start: date | None, end: date | None) -> "Table":
        """The rows from the day `start` to the day `end`; None: from the first, to the last.

        Raises:
            InputError: there is none.
        """
        if start is None and end is None:
            return self
        parts = []
        for series in self.series:
            first = 0 if start is None else int(series.dates.searchsorted(pd.Timestamp(start)))
            stop = len(series.dates) if end is None else int(series.dates.searchsorted(pd.Timestamp(end) + DAY))
            if first < stop:
                parts.append(series.rows(first, stop))
        if not parts:
            raise InputError(f"{self.source}: has no rows from {start or 'the first'} to {end or 'the last'}.")
        return replace(self, series=tuple(parts))

    def tail(self, rows: int) -> "Table":
        """The last `rows` rows of every series."""
        ends = [len(series.dates) for series in self.series]
        parts = (series.rows(max(end - rows, 0), end) for series, end in zip(self.series, ends, strict=True))
        return replace(self, series=tuple(parts))

    def after(self, earlier: "Table", *, at_least: int) -> "Table":
        """Every series with those rows of `earlier` before it that are older than its first.

        Where a series has fewer than `at_least` rows itself and dates are absent between the two, a warning says so.
        """
        known = {series.id: series for series in earlier.series}
        joined = [series.after(known[series.id]) if series.id in known else series for series in self.series]
        for whole, series in zip(joined, self.series, strict=True):
            begin = len(whole.dates) - len(series.dates)
            if begin and len(series.dates) < at_least:
                absent = self.frequency.absent(whole.dates[begin - 1 : begin + 1])
                if len(absent):
                    warnings.warn(
                        f"{self.source}: {len(absent)} dates are absent between these rows and {earlier.source}, the "
                        f"first is {_text(absent[0])}; a window reaches over the gap: give the rows between too.",
                        stacklevel=4,
                    )
        return replace(self, series=tuple(joined))

    def fingerprint(self) -> str:
        """A hash of the names, dates and values."""
        digest = hashlib.sha256(repr(self.columns).encode())
        for series in self.series:
            digest.update(series.id.encode() + b"\0")
            days = series.dates.to_numpy().astype("datetime64[ns]", copy=False).view(np.int64)
            coming = series.future_dates.to_numpy().astype("datetime64[ns]", copy=False).view(np.int64)
            for array in (days, series.values, series.observed, series.future, coming):
                digest.update(repr(array.shape).encode())
                digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


def make_table(
    data: "pd.DataFrame | pd.Series[Any] | str | Path",
    *,
    target: str | None = None,
    covariates: str | Sequence[str] = (),
    known: str | Sequence[str] = (),
    date: str | None = None,
    id: str | None = None,
    missing: Missing = "error",
    calendar: str | None = None,
    frequency: Frequency | None = None,
) -> Table:
    """Check a table and cut it into series.

    Columns are found by their name, whatever its case, and prices by their English or Chinese names.

    Args:
        data: a DataFrame or Series, or a CSV or Parquet file. Either one series, with a column (or index) of dates and
            columns of numbers, or many, one below the other, with a column that tells them apart.
        target: the column to predict; None: the only column of numbers, or `y`.
        covariates: columns known only up to the present; "all": every other column of numbers that is not constant.
        known: columns known in advance. Rows after the last value of the target are the future; only these columns need
            values there.
        date: the column of dates; None: found by its name or by what it holds.
        id: the column that tells series apart; None: `unique_id`, if there is one.
        missing: where there is no value: "error"; or fill it with the last one ("ffill"); so too, but that a model may
            draw a straight line where it learns ("interpolate") or pass over the row ("mask"). If it is no error, dates
            that are absent become rows without values, and a series begins where all its columns do.
        calendar: an exchange whose sessions the dates are.
        frequency: how often there is a row; None: seen from the dates.

    Raises:
        InputError: the table is at fault; the message names file, row and column, and the mend.
    """
    source = str(data) if isinstance(data, str | Path) else "the table"
    texts = [id] if id else []
    frame = read_frame(data, texts=texts) if isinstance(data, str | Path) else _with_row_numbers(data)
    if not len(frame):
        raise InputError(f"{source}: holds no rows of data; at least one is needed.")
    id_column = found_column(frame, id, source, "id") if id else ID if ID in frame.columns else None
    days_column = found_column(frame, date, source, "date") if date else date_column(frame, id_column, source)
    names = chosen_columns(frame, target, _list(covariates), _list(known), {days_column, id_column}, source)
    days = dates(frame, days_column, source, gap=None if frequency is None else frequency.days)
    values = np.stack([numbers(frame, name, source) for name in names.all], axis=1)
    rows = _Rows(source, names, days, values, frame.index, missing)

    def hint() -> str:
        return "" if id_column is not None else hint_of_id(frame, days_column, {days_column, *names.all})

    parts = {
        name: rows.sorted(places, name, hint) for name, places in _groups(ids(frame, id_column, source), len(frame))
    }
    frequency = frequency or _frequency(parts, days, calendar, source, rows.notes)
    series = tuple(rows.series(name, places, frequency) for name, places in parts.items())
    notes = tuple(_of_many(note, whose) for note, whose in rows.notes.items())
    return Table(series, names.target, names.covariates, names.known, frequency, source, id_column is not None, notes)


@dataclass(frozen=True)
class _Rows:
    """All rows of a table, as they stand in it."""

    source: str
    names: Names
    dates: pd.DatetimeIndex
    values: Floats  # [L, C], NaN where there is none
    numbers: "pd.Index[int]"  # of the rows in the file
    missing: Missing
    notes: dict[str, list[str]] = field(default_factory=dict)  # what is odd → about which series

    def note(self, text: str, id_: str) -> None:
        self.notes.setdefault(text, []).append(id_)

    def sorted(self, places: Places, id_: str, hint: Callable[[], str]) -> Places:
        """The places of one series' rows by date; InputError if a date comes twice."""
        days = self.dates[places]
        whose = f" of series {id_!r}" if id_ else ""
        if not days.is_monotonic_increasing:
            order = days.argsort(kind="stable")
            places, days = _each(places, len(self.dates))[order], days[order]
            self.note("the rows were not in the order of their dates; they are sorted", id_)
        if (twice := days[1:] == days[:-1]).any():
            first = int(twice.argmax())
            a, b = self.numbers[places][[first, first + 1]]
            clock = "" if days[first] == days[first].normalize() else ", or, where a clock was set back, give UTC"
            raise InputError(
                f"{self.source}: rows {a} and {b}{whose} have the same date {_text(days[first])}; "
                f"expected each date once: drop one{clock}{hint()}."
            )
        return places

    def series(self, id_: str, places: Places, frequency: Frequency) -> Series:
        values, days, known = self.values[places], self.dates[places], len(self.names.known)
        end = len(values)
        if known:  # rows after the last value of the target are the future
            has_target = np.flatnonzero(~np.isnan(values[:, 0]))
            end = int(has_target[-1]) + 1 if len(has_target) else 0
        future = values[end:, values.shape[1] - known :] if known else values[:0, :0]
        lenient = self.missing != "error"
        self._check(values[:end], places, 0, range(values.shape[1]), lenient=lenient)
        self._check(values[end:], places, end, range(values.shape[1] - known, values.shape[1]), lenient=False)
        coming = days[end:] if known else days[:0]
        self._check_coming(places, end, coming, days[:end], frequency)
        values, days = values[:end], days[:end]
        whose = f" of series {id_!r}" if id_ else ""
        if not end:
            raise InputError(f"{self.source}: the target {self.names.target!r}{whose} has no value at all.")
        try:
            absent = frequency.absent(days)
        except InputError as error:  # of the calendar
            raise InputError(f"{self.source}: {error}") from error
        if len(absent):
            count = "some dates are" if id_ else "1 date is" if len(absent) == 1 else f"{len(absent)} dates are"
            first = "" if id_ else f", the first is {_text(absent[0])}"
            passed = "passed over, so that what was before and after stands side by side (--missing ffill fills them)"
            self.note(f"{count} absent{first}, and {'filled' if lenient else passed}", id_)
            if lenient:
                whole = days.union(absent)
                filled = np.full((len(whole), values.shape[1]), np.nan)
                filled[whole.get_indexer(days)] = values
                values, days = filled, whole
        observed = ~np.isnan(values)
        begin = int(observed.argmax(axis=0).max())  # where every column has begun: nothing later fills what was before
        if begin:
            self.note("the first rows are left out, as not every column has begun there", id_)
        values = pd.DataFrame(values[begin:]).ffill().to_numpy() if lenient else values
        return Series(id_, days[begin:], values, observed[begin:], future, coming)

    def _check_coming(
        self, places: Places, end: int, coming: pd.DatetimeIndex, days: pd.DatetimeIndex, frequency: Frequency
    ) -> None:
        """InputError if the coming rows have other dates than follow; an exchange's holidays cannot be known."""
        if not len(coming) or not end or (frequency.name == "business-daily" and frequency.calendar is None):
            return
        expected = frequency.next_dates(days[-1], len(coming))
        if (other := np.asarray(coming != expected)).any():
            first = int(other.argmax())
            place = _each(places, len(self.dates))[end + first]
            raise InputError(
                f"{self.source}: row {self.numbers[place]}: a coming row has the date {_text(coming[first])}, expected "
                f"{_text(expected[first])}, which follows; give every coming row its date."
            )

    def _check(self, values: Floats, places: Places, begin: int, columns: Sequence[int], *, lenient: bool) -> None:
        """InputError if one of a series' values from row `begin` on is missing and may not be, or is infinite."""
        for column in columns:
            name = self.names.all[column]
            for wrong, found in ((np.isinf(values[:, column]), "infinity"), (np.isnan(values[:, column]), "no value")):
                if not wrong.any() or (lenient and found == "no value" and not wrong.all()):
                    continue
                place = _each(places, len(self.dates))[begin + int(wrong.argmax())]
                more = f" ({int(wrong.sum())} such rows in all)" if wrong.sum() > 1 else ""
                mend = "" if found == "infinity" else ", or allow it with --missing ffill, interpolate or mask"
                where = f"{self.source}: row {self.numbers[place]} ({_text(self.dates[place])}), column {name!r}"
                raise InputError(f"{where}: has {found}{more}, expected a number; mend the cell{mend}.")


def _list(names: str | Sequence[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _with_row_numbers(data: object) -> pd.DataFrame:
    """A frame with rows counted from 1; what its index says becomes columns.

    Raises:
        InputError: it is no DataFrame or Series, or two of its columns have one name.
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
        raise InputError(f"the table has the column {twice[0]!r} twice; give each column a name of its own.")
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    return frame


def _each(places: Places, rows: int) -> NDArray[np.int64]:
    return np.arange(rows, dtype=np.int64)[places] if isinstance(places, slice) else places


def _of_many(note: str, whose: Sequence[str]) -> str:
    """What is odd about one series, or about several of which the first is named."""
    if whose == [""]:
        return f"{note}."
    return f"{note} in {len(whose)} series, the first is {whose[0]!r}."


def _groups(ids: "pd.Series[str] | None", rows: int) -> Iterator[tuple[str, Places]]:
    """Each series' name and the places of its rows, in the order in which the series come."""
    if ids is None:
        yield "", slice(0, rows)
        return
    codes, names = pd.factorize(ids)
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes))[:-1]
    yield from zip(map(str, names), np.split(order, ends), strict=True)


def _frequency(
    parts: Mapping[str, Places],
    days: pd.DatetimeIndex,
    calendar: str | None,
    source: str,
    notes: dict[str, list[str]],
) -> Frequency:
    """The frequency of the longest series, as which all are read."""
    longest = max(parts, key=lambda name: len(days[parts[name]]))
    try:
        frequency = infer_frequency(days[parts[longest]], calendar)
    except InputError as error:
        raise InputError(f"{source}: {error}") from error
    if len(parts) == 1:
        return frequency
    usual = usual_gap(days[parts[longest]].to_numpy())
    for name, places in parts.items():
        if len(days[places]) >= 5 and not usual / 2 < usual_gap(days[places].to_numpy()) < usual * 2:
            text = f"rows stand farther apart or closer than the {frequency.name} ones of series {longest!r}"
            notes.setdefault(text, []).append(name)
    return frequency


def _text(day: pd.Timestamp) -> str:
    return str(day.date() if day == day.normalize() else day)
