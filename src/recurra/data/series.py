"""Checked tables of series: one series from a plain table, or many from a long one with columns unique_id, ds, y."""

import hashlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recurra.data.columns import DATE, ID, Names, chosen_columns, date_column, found_column, hint_of_id, ids
from recurra.data.frequency import Frequency, infer_frequency
from recurra.data.tables import dates, numbers, read_frame
from recurra.errors import InputError

Floats = NDArray[np.float64]
Places = slice | NDArray[np.int64]  # of a series' rows in its table; a slice copies nothing
Missing = Literal["error", "ffill", "interpolate", "mask"]


@dataclass(frozen=True, eq=False)
class Series:
    """One series.

    Attributes:
        id: its unique_id; empty if the table is one series.
        dates: [T], ascending, each once.
        values: [T, C], columns as in `Table.columns`, without NaN: what is missing is filled.
        observed: [T, C], False where there was no value.
        future: [F, K], the coming values of the columns known in advance, in rows after the last; F may be 0.
    """

    id: str
    dates: pd.DatetimeIndex
    values: Floats
    observed: NDArray[np.bool_]
    future: Floats

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
        )

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
        """Every series without its last `drop` rows."""
        return replace(self, series=tuple(series.rows(0, len(series.dates) - drop) for series in self.series))

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
            for array in (days, series.values, series.observed, series.future):
                digest.update(repr(array.shape).encode())
                digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def require(self, rows: int, purpose: str) -> None:
        """InputError if a series has fewer rows than `purpose` needs."""
        for series in self.series:
            if len(series.dates) < rows:
                whose = f"series {series.id!r} has" if series.id else "there are"
                raise InputError(
                    f"{self.source}: {whose} {len(series.dates)} rows, and {purpose} needs at least {rows}; "
                    "give more rows."
                )


def make_table(
    data: pd.DataFrame | str | Path,
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
        data: a DataFrame, or a CSV or Parquet file. Either one series, with a column (or index) of dates and columns of
            numbers, or many, one below the other, with a column that tells them apart.
        target: the column to predict; None: the only column of numbers, or `y`.
        covariates: columns known only up to the present; "all": every other column of numbers that is not constant.
        known: columns known in advance. Rows after the last value of the target are the future; only these columns need
            values there.
        date: the column of dates; None: found by its name or by what it holds.
        id: the column that tells series apart; None: `unique_id`, if there is one.
        missing: where there is no value: "error"; or fill it with the last one ("ffill"), with a straight line
            ("interpolate"), or as the first but so that a model can pass over it ("mask"). If it is no error, dates
            that are absent become rows without values.
        calendar: an exchange whose sessions the dates are.
        frequency: how often there is a row; None: seen from the dates.

    Raises:
        InputError: the table is at fault; the message names file, row and column, and the mend.
    """
    source = "the table" if isinstance(data, pd.DataFrame) else str(data)
    frame = _with_row_numbers(data) if isinstance(data, pd.DataFrame) else read_frame(data)
    if not len(frame):
        raise InputError(f"{source}: holds no rows of data; at least one is needed.")
    id_column = found_column(frame, id, source, "id") if id else ID if ID in frame.columns else None
    days_column = found_column(frame, date, source, "date") if date else date_column(frame, id_column, source)
    names = chosen_columns(frame, target, _list(covariates), _list(known), {days_column, id_column}, source)
    days = dates(frame, days_column, source)
    values = np.stack([numbers(frame, name, source) for name in names.all], axis=1)
    rows = _Rows(source, names, days, values, frame.index, missing)
    hint = "" if id_column is not None else hint_of_id(frame, {days_column, *names.all})
    notes: list[str] = []
    parts = {
        name: rows.sorted(places, name, notes, hint)
        for name, places in _groups(ids(frame, id_column, source), len(frame))
    }
    frequency = frequency or _frequency(parts, days, calendar, source)
    series = tuple(rows.series(name, places, frequency, notes) for name, places in parts.items())
    return Table(
        series, names.target, names.covariates, names.known, frequency, source, id_column is not None, tuple(notes)
    )


@dataclass(frozen=True)
class _Rows:
    """All rows of a table, as they stand in it."""

    source: str
    names: Names
    dates: pd.DatetimeIndex
    values: Floats  # [L, C], NaN where there is none
    numbers: "pd.Index[int]"  # of the rows in the file
    missing: Missing

    def sorted(self, places: Places, id_: str, notes: list[str], hint: str) -> Places:
        """The places of one series' rows by date; InputError if a date comes twice."""
        days = self.dates[places]
        whose = f" of series {id_!r}" if id_ else ""
        if not days.is_monotonic_increasing:
            order = days.argsort(kind="stable")
            places, days = _each(places, len(self.dates))[order], days[order]
            notes.append(f"the rows{whose} were not in the order of their dates; they are sorted.")
        if (twice := days[1:] == days[:-1]).any():
            first = int(twice.argmax())
            a, b = self.numbers[places][[first, first + 1]]
            raise InputError(
                f"{self.source}: rows {a} and {b}{whose} have the same date {_text(days[first])}; "
                f"expected each date once: drop one{hint}."
            )
        return places

    def series(self, id_: str, places: Places, frequency: Frequency, notes: list[str]) -> Series:
        values, days, known = self.values[places], self.dates[places], len(self.names.known)
        end = len(values)
        if known:  # rows after the last value of the target are the future
            has_target = np.flatnonzero(~np.isnan(values[:, 0]))
            end = int(has_target[-1]) + 1 if len(has_target) else 0
        future = values[end:, values.shape[1] - known :] if known else values[:0, :0]
        lenient = self.missing != "error"
        self._check(values[:end], places, 0, range(values.shape[1]), lenient=lenient)
        self._check(values[end:], places, end, range(values.shape[1] - known, values.shape[1]), lenient=False)
        values, days = values[:end], days[:end]
        whose = f" of series {id_!r}" if id_ else ""
        if not end:
            raise InputError(f"{self.source}: the target {self.names.target!r}{whose} has no value at all.")
        try:
            absent = frequency.absent(days)
        except InputError as error:  # of the calendar
            raise InputError(f"{self.source}: {error}") from error
        if len(absent):
            how = "filled" if self.missing != "error" else "passed over as if there were none"
            notes.append(f"{len(absent)} dates{whose} are absent, the first is {_text(absent[0])}; they are {how}.")
            if self.missing != "error":
                whole = days.union(absent)
                filled = np.full((len(whole), values.shape[1]), np.nan)
                filled[whole.get_indexer(days)] = values
                values, days = filled, whole
        observed = ~np.isnan(values)
        return Series(id_, days, _filled(values, self.missing), observed, future)

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


def _with_row_numbers(data: pd.DataFrame) -> pd.DataFrame:
    """The frame with rows counted from 1; an index that says something becomes a column."""
    says_something = isinstance(data.index, pd.DatetimeIndex) or any(name is not None for name in data.index.names)
    frame = data.reset_index() if says_something else data.copy(deep=False)
    frame = frame.rename(columns={"index": DATE} if isinstance(data.index, pd.DatetimeIndex) else {}).rename(
        columns=str
    )
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    return frame


def _each(places: Places, rows: int) -> NDArray[np.int64]:
    return np.arange(rows, dtype=np.int64)[places]


def _groups(ids: "pd.Series[str] | None", rows: int) -> Iterator[tuple[str, Places]]:
    """Each series' name and the places of its rows, in the order in which the series come."""
    if ids is None:
        yield "", slice(0, rows)
        return
    codes, names = pd.factorize(ids)
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes))[:-1]
    yield from zip(map(str, names), np.split(order, ends), strict=True)


def _frequency(parts: Mapping[str, Places], days: pd.DatetimeIndex, calendar: str | None, source: str) -> Frequency:
    """The frequency of the longest series, which all must have."""
    longest = max(parts, key=lambda name: len(days[parts[name]]))
    try:
        frequency = infer_frequency(days[parts[longest]], calendar)
    except InputError as error:
        raise InputError(f"{source}: {error}") from error
    for name, places in parts.items():
        if len(days[places]) >= 5 and len(parts) > 1:
            other = infer_frequency(days[places], calendar).name
            if {other, frequency.name} <= {"daily", "business-daily"} or other == frequency.name:
                continue
            raise InputError(
                f"{source}: series {longest!r} is {frequency.name}, and {name!r} is {other}; "
                "expected one frequency: forecast them apart."
            )
    return frequency


def _filled(values: Floats, missing: Missing) -> Floats:
    """Values without NaN."""
    if not np.isnan(values).any():
        return values
    frame = pd.DataFrame(values)
    if missing == "interpolate":
        return frame.interpolate(limit_direction="both").to_numpy()
    return frame.ffill().bfill().to_numpy()


def _text(day: pd.Timestamp) -> str:
    return str(day.date() if day == day.normalize() else day)
