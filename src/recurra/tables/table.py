"""Checked tables: `Table` holds series with the same columns and the same frequency."""

import hashlib
import warnings
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recurra.errors import InputError, counted
from recurra.tables.arrays import Floats
from recurra.tables.as_given import GivenTypes
from recurra.tables.dates.frequency import Frequency
from recurra.tables.dates.zones import local, shown_date
from recurra.tables.form import Form


@dataclass(frozen=True, eq=False)
class Series:
    """One series of a table.

    Attributes:
        id: the series' unique_id; empty if the table has a single series.
        dates: unique dates in ascending order, [T].
        values: [T, C], with the columns of `Table.columns`. There is no NaN: missing values are forward-filled.
        observed: mask of the values that are not missing, [T, C].
        future: future values of the columns known in advance, in the rows after the last, [F, K]; F may be 0.
        future_dates: dates of the future rows, [F].
    """

    id: str
    dates: pd.DatetimeIndex
    values: Floats
    observed: NDArray[np.bool_]
    future: Floats
    future_dates: pd.DatetimeIndex

    def slice(self, start: int, stop: int) -> "Series":
        """Return rows `start` to `stop` (exclusive). Of later rows, only the columns known in advance are kept."""
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
        """Interpolate gaps within the first `rows` rows linearly; later gaps stay forward-filled."""
        values = self.values.copy()
        for column, observed in enumerate(self.observed[:rows].T):
            seen, gaps = np.flatnonzero(observed), np.flatnonzero(~observed)
            gaps = gaps[gaps < seen[-1]] if len(seen) else gaps[:0]
            values[gaps, column] = np.interp(gaps, seen, values[seen, column])
        return replace(self, values=values)

    def after(self, earlier: "Series") -> "Series":
        """Return the series preceded by those rows of `earlier` that are older than its first row."""
        count = int(earlier.dates.searchsorted(self.dates[0]))
        return replace(
            self,
            dates=pd.DatetimeIndex(earlier.dates[:count].append(self.dates)),
            values=np.concatenate([earlier.values[:count], self.values]),
            observed=np.concatenate([earlier.observed[:count], self.observed]),
        )


@dataclass(frozen=True, eq=False)
class Table:
    """Series with the same columns and the same frequency, as `make_table` builds them.

    Attributes:
        series: one or more series.
        target: name of the column to predict, as in the file.
        past_covariates: columns whose values are known up to the present only.
        future_covariates: columns whose values are known in advance.
        frequency: time between rows.
        source: the file, or "the table", for messages.
        many: whether the table has a column of series ids.
        notes: sentences about how the table was read, and about changed or unusual rows, for the user.
        form: how the table was read.
        given: types in which a frame of another library than pandas gave its dates and ids; None for other tables.
    """

    series: tuple[Series, ...]
    target: str
    past_covariates: tuple[str, ...]
    future_covariates: tuple[str, ...]
    frequency: Frequency
    source: str
    many: bool
    notes: tuple[str, ...]
    form: Form
    given: GivenTypes | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of `Series.values`; the target is first."""
        return (self.target, *self.past_covariates, *self.future_covariates)

    def head(self, drop: int) -> "Table":
        """Drop the last `drop` rows of every series; series without remaining rows are left out."""
        lengths = [len(series.dates) - drop for series in self.series]
        kept = (series.slice(0, rows) for series, rows in zip(self.series, lengths, strict=True) if rows > 0)
        return replace(self, series=tuple(kept))

    def only(self, ids: Collection[str]) -> "Table":
        """Keep only the series with these ids."""
        wanted = set(ids)
        return replace(self, series=tuple(series for series in self.series if series.id in wanted))

    def shown_date(self, date: pd.Timestamp) -> str:
        """Return a date of a series as the file shows it, for messages."""
        return shown_date(date, self.form)

    def following(self, series: Series, count: int) -> pd.DatetimeIndex:
        """Return the `count` dates after the last row of a series: those of its future rows, if there are enough."""
        if len(series.future_dates) >= count:
            return series.future_dates[:count]
        return self.frequency.like(series.dates).next_dates(series.dates[-1], count)

    def between(self, start: date | None, end: date | None) -> "Table":
        """Keep the rows from day `start` to day `end`, inclusive. None: no bound.

        Raises:
            InputError: there are no such rows, or the rows have no dates.
        """
        if start is None and end is None:
            return self
        if self.form.date_unit == "rows":
            raise InputError(f"{self.source}: its rows are numbered and have no dates; leave out start and end.")
        parts = []
        for series in self.series:
            days = local(series.dates, self.form).to_numpy().astype("datetime64[D]")
            first = 0 if start is None else int(days.searchsorted(np.datetime64(start, "D")))
            stop = len(series.dates) if end is None else int(days.searchsorted(np.datetime64(end, "D"), "right"))
            if first < stop:
                parts.append(series.slice(first, stop))
        if not parts:
            which = f"up to {end}" if start is None else f"from {start} on" if end is None else f"from {start} to {end}"
            raise InputError(f"{self.source} has no rows {which}.")
        return replace(self, series=tuple(parts))

    def tail(self, rows: int) -> "Table":
        """Keep the last `rows` rows of every series."""
        ends = [len(series.dates) for series in self.series]
        parts = (series.slice(max(end - rows, 0), end) for series, end in zip(self.series, ends, strict=True))
        return replace(self, series=tuple(parts))

    def after(self, earlier: "Table", *, at_least: int) -> "Table":
        """Precede every series with those rows of `earlier` that are older than its first row.

        Args:
            earlier: a table with the same columns.
            at_least: number of rows from which on a series needs no earlier rows; if a shorter series does not follow
                its earlier rows without a gap, a warning is given.
        """
        before = {series.id: series for series in earlier.series}
        joined = [series.after(before[series.id]) if series.id in before else series for series in self.series]
        for whole, series in zip(joined, self.series, strict=True):
            begin = len(whole.dates) - len(series.dates)
            if begin and len(series.dates) < at_least:
                absent = self.frequency.absent(whole.dates[begin - 1 : begin + 1])
                if len(absent):
                    warnings.warn(
                        f"{self.source}: {counted(len(absent), 'date is', 'dates are')} absent between these rows and "
                        f"{earlier.source}, the first is {self.shown_date(absent[0])}; the forecast treats the rows as "
                        "consecutive: add the missing rows.",
                        stacklevel=5,
                    )
        return replace(self, series=tuple(joined))

    def fingerprint(self) -> str:
        """Return a SHA-256 hash of column names, series ids, dates and values."""
        digest = hashlib.sha256(repr(self.columns).encode())
        for series in self.series:
            digest.update(series.id.encode() + b"\0")
            days = series.dates.to_numpy().astype("datetime64[ns]", copy=False).view(np.int64)
            coming = series.future_dates.to_numpy().astype("datetime64[ns]", copy=False).view(np.int64)
            for array in (days, series.values, series.observed, series.future, coming):
                digest.update(repr(array.shape).encode())
                digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()
