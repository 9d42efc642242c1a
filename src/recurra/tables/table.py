"""Checked tables: `Table` holds series with the same columns and the same frequency, one below the other."""

import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import overload

import numpy as np
import pandas as pd

from recurra.errors import InputError, counted
from recurra.tables.arrays import Booleans, Floats, Integers, interleaved, rows_of, selection, starts_of
from recurra.tables.as_given import GivenTypes
from recurra.tables.dates.frequency import Frequency
from recurra.tables.dates.many_series import next_dates
from recurra.tables.dates.zones import local, shown_date
from recurra.tables.fingerprint import fingerprint
from recurra.tables.form import Form
from recurra.tables.static_covariates import StaticCovariates


@dataclass(frozen=True, eq=False)
class Series:
    """One series of a table, a view of its arrays.

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
    observed: Booleans
    future: Floats
    future_dates: pd.DatetimeIndex


@dataclass(frozen=True, eq=False)
class Table:
    """Series with the same columns and the same frequency, as `make_table` builds them.

    The rows of the series stand one below the other: those of series s are `starts[s]` to `starts[s + 1]` (exclusive).

    Attributes:
        ids: ids of the series, [S]; a single empty one if the table has no ids.
        starts: the row at which each series starts, and the number of rows, [S + 1].
        dates: dates of the rows, ascending in each series, [L].
        values: values of the rows, with the columns of `columns`, [L, C]. There is no NaN: missing values are
            forward-filled.
        observed: which values are not missing, [L, C].
        future_starts: as `starts`, of the future rows, [S + 1].
        future_dates: dates of the future rows, in which only the columns known in advance have values, [F].
        future_values: their values, [F, K].
        target: name of the column to predict, as in the file.
        past_covariates: columns whose values are known up to the present only.
        future_covariates: columns whose values are known in advance.
        frequency: time between rows.
        source: the file, or "the table", for messages.
        many: whether the table has a column of series ids.
        notes: sentences about how the table was read, and about changed or unusual rows, for the user.
        form: how the table was read.
        given: types in which a frame of another library than pandas gave its dates and ids; None for other tables.
        cut: number of later rows of each series that the table has been cut before, [S]; None: of no series. Part of
            the fingerprint.
        static: columns that have one value for each series.
        signed: whether the target has negative values, also in rows that the table has been cut before: a fact about
            its unit.
    """

    ids: tuple[str, ...]
    starts: Integers
    dates: pd.DatetimeIndex
    values: Floats
    observed: Booleans
    future_starts: Integers
    future_dates: pd.DatetimeIndex
    future_values: Floats
    target: str
    past_covariates: tuple[str, ...]
    future_covariates: tuple[str, ...]
    frequency: Frequency
    source: str
    many: bool
    notes: tuple[str, ...]
    form: Form
    given: GivenTypes | None = None
    cut: Integers | None = None
    static: StaticCovariates = field(default_factory=StaticCovariates)
    signed: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of `values`; the target is first."""
        return (self.target, *self.past_covariates, *self.future_covariates)

    @cached_property
    def lengths(self) -> Integers:
        """Number of rows of each series, [S]."""
        return np.diff(self.starts)

    @cached_property
    def last_dates(self) -> pd.DatetimeIndex:
        """The date of the last row of each series, [S]."""
        return self.dates[self.starts[1:] - 1]

    @cached_property
    def places(self) -> dict[str, int]:
        """The place of each series by its id."""
        return {id_: place for place, id_ in enumerate(self.ids)}

    @property
    def target_values(self) -> Floats:
        """Values of the target, NaN where they are missing, [L]."""
        values = self.values[:, 0]
        return values if self.observed[:, 0].all() else np.where(self.observed[:, 0], values, np.nan)

    @property
    def series(self) -> "AllSeries":
        """The series as views of the table, made when they are asked for."""
        return AllSeries(self)

    def part(self, first: Integers, stop: Integers) -> "Table":
        """Keep the rows `first` to `stop` (exclusive) of each series; series without any are left out.

        Of later rows, the columns known in advance are kept as future rows.

        Args:
            first: indices within each series, [S].
            stop: indices within each series, [S].
        """
        lengths = self.lengths
        known = len(self.future_covariates)
        kept = np.flatnonzero(first < stop)
        table = self if len(kept) == len(self.ids) else self.at(kept)
        first, stop, lengths = first[kept], stop[kept], lengths[kept]
        counts, later = stop - first, lengths - stop
        rows = selection(table.starts[:-1] + first, counts)
        cut = later if table.cut is None else later + table.cut
        new = replace(
            table,
            starts=starts_of(counts),
            dates=table.dates[rows],
            values=table.values[rows],
            observed=table.observed[rows],
            cut=cut if cut.any() else None,
        )
        if not known or not later.any():
            return new
        coming, own = rows_of(table.starts[:-1] + stop, later), np.diff(table.future_starts)
        return replace(
            new,
            future_starts=starts_of(later + own),
            future_dates=_interleaved_dates(table.dates[coming], later, table.future_dates, own),
            future_values=interleaved(table.values[coming, -known:], later, table.future_values, own),
        )

    def at(self, places: Integers) -> "Table":
        """Return the series at these places, in this order."""
        counts, coming = self.lengths[places], np.diff(self.future_starts)[places]
        rows = selection(self.starts[:-1][places], counts)
        later = selection(self.future_starts[:-1][places], coming)
        return replace(
            self,
            ids=tuple(self.ids[place] for place in places.tolist()),
            starts=starts_of(counts),
            dates=self.dates[rows],
            values=self.values[rows],
            observed=self.observed[rows],
            future_starts=starts_of(coming),
            future_dates=self.future_dates[later],
            future_values=self.future_values[later],
            cut=None if self.cut is None else self.cut[places],
            static=self.static.at(places),
        )

    def where(self, kept: Booleans) -> "Table":
        """Keep the series for which `kept` [S] is true."""
        return self if kept.all() else self.at(np.flatnonzero(kept))

    def only(self, ids: Collection[str]) -> "Table":
        """Keep only the series with these ids."""
        wanted = ids if isinstance(ids, set | frozenset | dict) else set(ids)
        return self.where(np.fromiter((id_ in wanted for id_ in self.ids), np.bool_, len(self.ids)))

    def head(self, drop: int) -> "Table":
        """Drop the last `drop` rows of every series; series without remaining rows are left out."""
        return self.part(np.zeros_like(self.lengths), self.lengths - drop)

    def tail(self, rows: int) -> "Table":
        """Keep the last `rows` rows of every series."""
        return self.part(np.maximum(self.lengths - rows, 0), self.lengths)

    def between(self, start: date | None, end: date | None) -> "Table":
        """Keep the rows from day `start` to day `end`, inclusive. None: no bound.

        Raises:
            InputError: there are no such rows, or the rows have no dates.
        """
        if start is None and end is None:
            return self
        if self.form.date_unit == "rows":
            raise InputError(f"{self.source}: its rows are numbered and have no dates; leave out start and end.")
        days = local(self.dates, self.form).to_numpy().astype("datetime64[D]")
        before = np.zeros(len(days), np.int64) if start is None else days < np.datetime64(start, "D")
        until = np.ones(len(days), np.int64) if end is None else days <= np.datetime64(end, "D")
        first, stop = (np.add.reduceat(chosen, self.starts[:-1], dtype=np.int64) for chosen in (before, until))
        if not (first < stop).any():
            which = f"up to {end}" if start is None else f"from {start} on" if end is None else f"from {start} to {end}"
            raise InputError(f"{self.source} has no rows {which}.")
        kept = self.part(first, stop)
        return replace(kept, signed=bool((kept.values[:, 0] < 0.0).any()))

    def after(self, earlier: "Table", *, at_least: int) -> "Table":
        """Precede every series with those rows of `earlier` that are older than its first row.

        Args:
            earlier: a table with the same columns.
            at_least: number of rows from which on a series needs no earlier rows; if a shorter series does not follow
                its earlier rows without a gap, a warning is given.
        """
        places = np.array([earlier.places.get(id_, -1) for id_ in self.ids], dtype=np.int64)
        known = np.flatnonzero(places >= 0)
        before = earlier.at(places[known])
        older = before.dates.to_numpy() < np.repeat(self.dates.to_numpy()[self.starts[:-1]][known], before.lengths)
        added = np.zeros(len(self.ids), np.int64)
        added[known] = np.add.reduceat(older, before.starts[:-1], dtype=np.int64) if len(known) else 0
        if not older.any():
            return self
        starts, own = starts_of(added + self.lengths), self.lengths
        whole = replace(
            self,
            starts=starts,
            dates=_interleaved_dates(before.dates[older], added, self.dates, own),
            values=interleaved(before.values[older], added, self.values, own),
            observed=interleaved(before.observed[older], added, self.observed, own),
        )
        whole._warn_of_gaps(starts[:-1] + added, (added > 0) & (own < at_least), earlier.source)
        return whole

    def extended(self, target: Floats) -> "Table":
        """Return the series with the next values of the target, as if they had been observed.

        Args:
            target: the next values of each series, [S, H].

        Raises:
            ValueError: the table has past covariates, or fewer than H future rows of a future covariate.
        """
        count, known = target.shape[1], len(self.future_covariates)
        if self.past_covariates:
            raise ValueError("the next values of past covariates are not known")
        added, own, future = np.full(len(self.ids), count), self.lengths, np.diff(self.future_starts)
        if known and future.min() < count:
            raise ValueError(f"there are fewer than {count} future rows")
        coming = rows_of(self.future_starts[:-1], added) if known else np.empty(0, dtype=np.int64)
        left = future - count if known else future
        later = selection(self.future_starts[:-1] + future - left, left)
        values = np.column_stack([target.reshape(-1, 1), self.future_values[coming].reshape(target.size, known)])
        return replace(
            self,
            starts=starts_of(own + added),
            dates=_interleaved_dates(self.dates, own, self.following(count), added),
            values=interleaved(self.values, own, values, added),
            observed=interleaved(self.observed, own, np.ones(values.shape, dtype=np.bool_), added),
            future_starts=starts_of(left),
            future_dates=self.future_dates[later],
            future_values=self.future_values[later],
            cut=None,
        )

    def with_series(self, newer: "Table") -> "Table":
        """Return this table with the series of another, which replace those of the same ids; new ones are last."""
        kept = self.where(np.array([id_ not in newer.places for id_ in self.ids]))
        if not kept.ids:
            return newer
        return replace(
            newer,
            ids=kept.ids + newer.ids,
            starts=starts_of(np.concatenate([kept.lengths, newer.lengths])),
            dates=_joined(kept.dates, newer.dates),
            values=np.concatenate([kept.values, newer.values]),
            observed=np.concatenate([kept.observed, newer.observed]),
            future_starts=starts_of(np.concatenate([np.diff(kept.future_starts), np.diff(newer.future_starts)])),
            future_dates=_joined(kept.future_dates, newer.future_dates),
            future_values=np.concatenate([kept.future_values, newer.future_values]),
            cut=None,
            static=kept.static.joined(newer.static),
        )

    def in_order(self, ids: Sequence[str]) -> "Table":
        """Return the series in the order of these ids, which may contain more."""
        places = np.array([self.places[id_] for id_ in ids if id_ in self.places], dtype=np.int64)
        return self if (places == np.arange(len(self.ids))).all() else self.at(places)

    def interpolated(self, rows: Integers) -> "Table":
        """Interpolate gaps within the first `rows` [S] rows of each series linearly; later gaps stay forward-filled."""
        values = self.values.copy()
        index = np.arange(len(values))
        series = np.repeat(np.arange(len(self.ids)), self.lengths)
        inside = index < np.repeat(self.starts[:-1] + rows, self.lengths)
        for column, observed in enumerate(self.observed.T):
            seen = np.flatnonzero(observed & inside)
            gaps = np.flatnonzero(~observed & inside)
            after = seen.searchsorted(gaps)
            ends = seen[np.minimum(after, len(seen) - 1)] if len(seen) else gaps
            gaps = gaps[(after > 0) & (after < len(seen)) & (series[ends] == series[gaps])]
            before = seen[seen.searchsorted(gaps) - 1]
            gaps = gaps[series[before] == series[gaps]]
            values[gaps, column] = np.interp(gaps, seen, values[seen, column]) if len(gaps) else 0.0
        return replace(self, values=values)

    def following(self, count: int) -> pd.DatetimeIndex:
        """Return the `count` dates after the last row of each series, those of its future rows if it has enough.

        Returns:
            The dates, series by series, [S · count].

        Raises:
            InputError: see `Frequency.next_dates`.
        """
        enough = np.diff(self.future_starts) >= count
        if enough.all():
            return self.future_dates[selection(self.future_starts[:-1], np.full(len(self.ids), count))]
        lacking = self.where(~enough)
        found = next_dates(self.frequency, lacking.dates, lacking.starts[:-1], count)
        if not enough.any():
            return found
        dates = np.empty((len(self.ids), count), dtype="datetime64[ns]")
        dates[~enough] = found.to_numpy().reshape(-1, count)
        rows = selection(self.future_starts[:-1][enough], np.full(int(enough.sum()), count))
        dates[enough] = self.future_dates.to_numpy()[rows].reshape(-1, count)
        return pd.DatetimeIndex(dates.ravel())

    def shown_date(self, date: pd.Timestamp) -> str:
        """Return a date of a series as the file shows it, for messages."""
        return shown_date(date, self.form)

    def fingerprint(self) -> str:
        """Return a SHA-256 hash of column names, series ids, dates and values."""
        return fingerprint(self)

    def _warn_of_gaps(self, begins: Integers, short: Booleans, earlier: str) -> None:
        """Warn if a date is absent right before the row `begins` of a series, for the series that are `short`, [S]."""
        for place in np.flatnonzero(short).tolist():
            absent = self.frequency.absent(self.dates[begins[place] - 1 : begins[place] + 1])
            if len(absent):
                warnings.warn(
                    f"{self.source}: {counted(len(absent), 'date is', 'dates are')} absent between these rows and "
                    f"{earlier}, the first is {self.shown_date(absent[0])}; the forecast treats the rows as "
                    "consecutive: add the missing rows.",
                    stacklevel=6,
                )


class AllSeries(Sequence[Series]):
    """The series of a table, each made when it is asked for."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def __len__(self) -> int:
        return len(self._table.ids)

    @overload
    def __getitem__(self, place: int) -> Series: ...
    @overload
    def __getitem__(self, place: slice) -> list[Series]: ...
    def __getitem__(self, place: int | slice) -> Series | list[Series]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        table, place = self._table, range(len(self))[place]
        rows = slice(int(table.starts[place]), int(table.starts[place + 1]))
        coming = slice(int(table.future_starts[place]), int(table.future_starts[place + 1]))
        return Series(
            table.ids[place],
            table.dates[rows],
            table.values[rows],
            table.observed[rows],
            table.future_values[coming],
            table.future_dates[coming],
        )


def _interleaved_dates(
    first: pd.DatetimeIndex, counts: Integers, second: pd.DatetimeIndex, others: Integers
) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(interleaved(first.to_numpy(), counts, second.to_numpy(), others))


def _joined(*dates: pd.DatetimeIndex) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(np.concatenate([part.to_numpy() for part in dates]))
