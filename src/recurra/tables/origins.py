"""Origins of forecasts: the first predicted row of each forecast of each series of a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from recurra.errors import InputError, InputTypeError, counted, shown
from recurra.tables.arrays import Booleans, Integers, rows_of, starts_of
from recurra.tables.table import Table

NEVER = pd.Timestamp.min  # the last training row of a series that the model was not trained on


@dataclass(frozen=True, eq=False)
class Origins(Sequence[Integers]):
    """Origins of the forecasts of several series; item s holds those of series s.

    Attributes:
        rows: index of the first predicted row of each forecast within its series, series by series, ascending in each
            series, [N].
        counts: number of forecasts of each series, [S].

    >>> origins = Origins.between(np.array([2, 5]), np.array([4, 6]))
    >>> origins.rows.tolist(), origins.counts.tolist()
    ([2, 3, 5], [2, 1])
    >>> origins[0].tolist()
    [2, 3]
    """

    rows: Integers
    counts: Integers

    @classmethod
    def of_each(cls, parts: Sequence[Integers]) -> "Origins":
        """Return origins that are given for each series."""
        return cls(np.concatenate([*parts, []]).astype(np.int64), np.array([len(own) for own in parts], dtype=np.int64))

    @classmethod
    def between(cls, first: Integers, stop: Integers) -> "Origins":
        """Return every row from `first` to `stop` (exclusive) of each series, [S] each."""
        counts = np.maximum(stop - first, 0)
        return cls(rows_of(first, counts), counts)

    @classmethod
    def of_part(
        cls, start: Integers, stop: Integers, context: int, horizon: int, *, reach_back: bool = True
    ) -> "Origins":
        """Return the origins whose horizons lie entirely within one part of each series, so that parts share no target.

        Args:
            start: index of the first row of the part, [S].
            stop: index after its last row, [S].
            context: number of rows that a sample needs before its origin.
            horizon: number of predicted rows per sample.
            reach_back: whether a window may start before the part. The rows before it are inputs only, never targets.

        >>> start, stop = np.array([10]), np.array([20])
        >>> Origins.of_part(start, stop, context=4, horizon=3).rows.tolist()
        [10, 11, 12, 13, 14, 15, 16, 17]
        >>> Origins.of_part(start, stop, context=4, horizon=3, reach_back=False).rows.tolist()
        [14, 15, 16, 17]
        """
        first = np.maximum(start, context) if reach_back else start + context
        return cls.between(first, stop - horizon + 1)

    @classmethod
    def rolling(
        cls, lengths: Integers, horizon: int, folds: int, step: int, names: tuple[str, str] = ("folds", "step")
    ) -> "Origins":
        """Return `folds` origins of each series, `step` rows apart, of which the last horizon ends with the series.

        Args:
            lengths: number of rows of each series, [S].
            horizon: number of predicted rows per forecast.
            folds: number of origins of each series.
            step: number of rows between origins.
            names: what messages call `folds` and `step`.

        Raises:
            InputError: `folds` or `step` is less than 1, or a series is too short.

        >>> Origins.rolling(np.array([20]), horizon=4, folds=3, step=2).rows.tolist()
        [12, 14, 16]
        """
        for name, value in zip(names, (folds, step), strict=True):
            if value < 1:
                raise InputError(f"{name} is {value}; expected at least 1.")
        first = lengths - horizon - (folds - 1) * step
        if len(first) and first.min() < 1:
            raise InputError(
                f"{names[0]}={folds}, {names[1]}={step} and a horizon of {horizon} need more than the "
                f"{lengths.min():,} available rows; take fewer."
            )
        rows = first[:, None] + step * np.arange(folds, dtype=np.int64)
        return cls(rows.ravel(), np.full(len(lengths), folds, dtype=np.int64))

    @classmethod
    def after_last(cls, table: Table) -> "Origins":
        """Return the origin after the last row of each series."""
        return cls(table.lengths, np.ones(len(table.ids), dtype=np.int64))

    @classmethod
    def after(cls, table: Table, cutoffs: pd.DatetimeIndex, context: int | Integers, horizon: int) -> "Origins":
        """Return all origins of each series after its last training row.

        Args:
            table: the series.
            cutoffs: date of the last training row of each series, [S].
            context: number of rows that a forecast needs before its origin; of all series, or of each [S].
            horizon: number of rows that a forecast predicts.

        Raises:
            InputError: if there are too few rows, or too few later ones.
        """
        newer = table.dates.to_numpy() > np.repeat(cutoffs.to_numpy(), table.lengths)
        counts = np.add.reduceat(newer, table.starts[:-1], dtype=np.int64)
        found = cls.between(np.maximum(table.lengths - counts, context), table.lengths - horizon + 1)
        if not len(found.rows):
            raise _too_few_later(table, counts, cutoffs, int(np.max(context)), horizon)
        return found

    def __len__(self) -> int:
        return len(self.counts)

    def __getitem__(self, place: int) -> Integers:  # type: ignore[override]
        return self.rows[self.starts[place] : self.starts[place + 1]]

    @cached_property
    def starts(self) -> Integers:
        """The place of the first origin of each series, and the number of origins, [S + 1]."""
        return starts_of(self.counts)

    @cached_property
    def series(self) -> Integers:
        """The place of the series of each origin, [N]."""
        return self.spread(np.arange(len(self.counts)))

    @cached_property
    def first(self) -> Integers:
        """The first origin of each series; -1 for a series without, [S]."""
        found = np.full(len(self.counts), -1, dtype=np.int64)
        some = self.counts > 0
        found[some] = self.rows[self.starts[:-1][some]]
        return found

    def spread(self, values: Integers) -> Integers:
        """Return for each origin the value of its series, given that of each series [S], [N]."""
        return np.repeat(values, self.counts) if len(values) > 1 else np.broadcast_to(values, len(self.rows))

    def from_starts(self, starts: Integers) -> Integers:
        """Return the row of each origin where the series stand one below the other and start at these rows [S], [N]."""
        return self.rows + self.spread(starts) if starts.any() else self.rows

    def of_table(self, table: Table) -> Integers:
        """Return the row of the table of each origin, [N]."""
        return self.from_starts(table.starts[:-1])

    def where(self, kept: Booleans) -> "Origins":
        """Keep the origins for which `kept` [N] is true."""
        return self if kept.all() else Origins(self.rows[kept], np.bincount(self.series[kept], minlength=len(self)))

    def fold(self, number: int) -> "Origins":
        """Return the origin of this number of each series, which all have one."""
        return Origins(self.rows[self.starts[:-1] + number], np.ones_like(self.counts))


def checked_origins(table: Table, origins: object) -> Origins:
    """Return origins that a user gave for each series of a table.

    Args:
        table: the series.
        origins: for each series, the indices of the first row of each horizon.

    Raises:
        InputError: if they are no such indices.
    """
    if isinstance(origins, Origins):
        return origins
    if not isinstance(origins, Sequence | np.ndarray) or isinstance(origins, str):
        raise InputTypeError(
            f"{table.source}: the origins are {shown(origins)}; expected a list of arrays, one for each series."
        )
    if len(origins) != len(table.ids):
        raise InputError(f"{table.source}: origins of {len(origins)} series were given, and it has {len(table.ids)}.")
    for id_, own in zip(table.ids, origins, strict=True):
        if not isinstance(own, np.ndarray) or own.ndim != 1 or (len(own) and own.dtype.kind not in "iu"):
            raise InputError(
                f"{table.source}: origins{_of_series(id_)} are expected as a 1-D array of row indices; found "
                f"{shown(own)}."
            )
    return Origins.of_each([np.sort(own.astype(np.int64)) for own in origins])


def check_origins(table: Table, origins: Origins, context: int, horizon: int) -> None:
    """Check that a forecast from each origin is possible.

    Args:
        table: the series.
        origins: the origins.
        context: number of rows that a forecast needs before its origin.
        horizon: number of rows that must follow from each origin on.

    Raises:
        InputError: if there is no origin, or one does not fit its series.
    """
    if not len(origins.rows):
        raise InputError(f"{table.source}: no origin was given; at least one is needed.")
    early, late = origins.rows < context, origins.rows > origins.spread(table.lengths - horizon)
    if early.any():
        place = int(early.argmax())
        raise InputError(
            f"{table.source}: a forecast needs {counted(context, 'row')} before it, and one has "
            f"{origins.rows[place]}{_of_series(table.ids[origins.series[place]])}; give more rows."
        )
    if late.any():
        series = int(origins.series[late.argmax()])
        raise InputError(
            f"{table.source}: an origin is row {origins[series][-1]}{_of_series(table.ids[series])}, which has "
            f"{counted(int(table.lengths[series]), 'row')}; {horizon} of them are needed from each origin on."
        )


def check_later(table: Table, origins: Origins, cutoffs: pd.DatetimeIndex) -> None:
    """Raise an InputError if a forecast predicts a row up to the last training row of its series, `cutoffs` [S]."""
    dates = table.dates[origins.of_table(table)]
    too_early = dates <= cutoffs[origins.series]
    if too_early.any():
        place = int(too_early.argmax())
        raise InputError(
            f"{table.source}: an origin is {table.shown_date(dates[place])}, and the last training row "
            f"{table.shown_date(cutoffs[origins.series[place]])}; scores on training rows would be too good: give "
            "later origins."
        )


def _of_series(id_: str) -> str:
    return f" of series {shown(id_)}" if id_ else ""


def _too_few_later(table: Table, newer: Integers, cutoffs: pd.DatetimeIndex, context: int, horizon: int) -> InputError:
    """Return the error that no forecast of rows after the last training rows can be scored.

    Args:
        table: the series.
        newer: number of rows of each series after its last training row, [S].
        cutoffs: date of the last training row of each series, [S].
        context: number of rows that a forecast needs before its origin.
        horizon: number of rows that a forecast predicts.
    """
    longest = int(table.lengths.argmax())
    rows = counted(int(table.lengths[longest]), "row")
    if (cutoffs == NEVER).all():
        return InputError(
            f"{table.source}: the longest series has {rows}; one that the model was not trained on needs "
            f"{context + horizon} to be scored: give more rows."
        )
    most = int(newer.max())
    cutoff = table.shown_date(cutoffs[newer == most].max())
    if not most:
        return InputError(
            f"{table.source} has no rows after {cutoff}, the last training row; scores on training rows would be too "
            "good: give newer rows."
        )
    if most < horizon:
        return InputError(
            f"{table.source}: only {counted(most, 'row is', 'rows are')} later than {cutoff}, the last training row, "
            f"with those that the model remembers; a horizon of {horizon} needs {horizon}: give more rows."
        )
    return InputError(
        f"{table.source}: no forecast of rows after {cutoff}, the last training row, can be scored: up to "
        f"{table.shown_date(table.last_dates[longest])} there are {rows} with those that the model remembers, and a "
        f"window and a horizon need {context + horizon}; give newer rows."
    )
