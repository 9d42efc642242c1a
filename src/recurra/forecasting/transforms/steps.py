"""Steps of the chain of transforms: each changes the rows of all series, and is fitted on their training rows."""

from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np
import pandas as pd

from recurra.errors import InputError
from recurra.tables.arrays import Booleans, Floats, Integers, of_equal_length, rows_of, selection, starts_of

RowScalingKind = Literal["none", "minmax", "standard", "robust"]
Mask = Booleans  # of columns, [C]


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of several series, one below the other.

    Attributes:
        values: [L, C], the target first. The rows after the last of a series whose future covariates are known have NaN
            in the other columns.
        starts: [S + 1], the row at which each series starts; the last is L.
        places: [S], for each series its place among the series of training.
        phases: [L], the place of each row in its season.
    """

    values: Floats
    starts: Integers
    places: Integers
    phases: Integers

    def first(self, counts: Integers) -> Floats:
        """Return the first `counts` [S] rows of each series."""
        return self.values[selection(self.starts[:-1], counts)]

    def phases_of_first(self, counts: Integers) -> Integers:
        """Return the places in their season of the first `counts` [S] rows of each series."""
        return self.phases[selection(self.starts[:-1], counts)]


class Step:
    """One step of the chain; by default it learns nothing and leaves the target as it is. A step is immutable."""

    def fit(self, rows: Rows, training: Integers) -> Self:
        """Return the step fitted to the first `training` [S] rows of each series."""
        return self

    def with_series(self, rows: Rows, training: Integers) -> Self:
        """Return the step for more series, fitted to their first `training` [S] rows; their places are the last."""
        own = self.fit(rows, training).state()
        return replace(self, **{name: np.concatenate([array, own[name]]) for name, array in self.state().items()})  # type: ignore[type-var]

    def transform(self, rows: Rows) -> Rows:
        """Return the rows changed."""
        raise NotImplementedError

    def inverse(self, target: Floats, places: Integers, before: Floats, phases: Integers) -> Floats:
        """Undo the step on values of the target.

        Args:
            target: values [..., N, H] after the step.
            places: [N], the place of the series that each is of.
            before: values [N, B] of the target before the step, in the rows before the first of these.
            phases: [N], the place in its season of the first of these.
        """
        return target

    def state(self) -> dict[str, Floats]:
        """Return what `fit` has learned, by the name of the field."""
        return {}


@dataclass(frozen=True, eq=False)
class Extent(Step):
    """Change nothing, and keep the smallest and the largest target of each series in the training rows.

    Args:
        least: set by `fit`, [S]. If later rows are negative, it is the smallest of them all: a fact about the unit.
        most: set by `fit`, [S].
    """

    least: Floats
    most: Floats

    def fit(self, rows: Rows, training: Integers) -> Self:
        seen, starts = rows.first(training)[:, 0], starts_of(training)[:-1]
        least, all_least = np.minimum.reduceat(seen, starts), np.fmin.reduceat(rows.values[:, 0], rows.starts[:-1])
        return replace(self, least=np.where(all_least < 0.0, all_least, least), most=np.maximum.reduceat(seen, starts))

    def transform(self, rows: Rows) -> Rows:
        return rows

    def state(self) -> dict[str, Floats]:
        return {"least": self.least, "most": self.most}


@dataclass(frozen=True, eq=False)
class Floor(Step):
    """Raise covariates that needed positive values to the smallest of the training rows.

    Args:
        columns: columns that are raised, [C].
        shares: [C], part of the smallest value that is the floor: a price may fall far.
        floor: set by `fit`, [C]; -inf in other columns.
    """

    columns: Mask
    shares: Floats
    floor: Floats

    def fit(self, rows: Rows, training: Integers) -> Self:
        least = rows.first(training).min(axis=0) * self.shares
        return replace(self, floor=np.where(self.columns, least, -np.inf))

    def with_series(self, rows: Rows, training: Integers) -> Self:
        return self

    def transform(self, rows: Rows) -> Rows:
        if not self.columns.any():
            return rows
        return replace(rows, values=np.maximum(rows.values, self.floor))

    def state(self) -> dict[str, Floats]:
        return {"floor": self.floor}


@dataclass(frozen=True, eq=False)
class Logarithm(Step):
    """Take the natural logarithm of some columns; of a target with zeros that of y / level + offset.

    Without an offset, a target that is not positive is read as the last positive value before it; with one, a negative
    target is read as zero.

    Args:
        columns: columns that are changed, [C].
        offset: what is added to the target in units of its level, so that zeros have a logarithm; 0 adds nothing.
        levels: mean of the target of each series in the training rows, set by `fit` if there is an offset, [S].
    """

    columns: Mask
    offset: float
    levels: Floats

    def fit(self, rows: Rows, training: Integers) -> Self:
        if not self.offset:
            return self
        means = np.add.reduceat(rows.first(training)[:, 0], starts_of(training)[:-1]) / training
        return replace(self, levels=np.where(means > 0.0, means, 1.0))

    def transform(self, rows: Rows) -> Rows:
        if not self.columns.any():
            return rows
        values = rows.values.copy()
        if self.columns[0] and self.offset:
            target = np.maximum(values[:, 0], 0.0)
            values[:, 0] = target / np.repeat(self.levels[rows.places], np.diff(rows.starts)) + self.offset
        elif self.columns[0]:
            values[:, 0] = with_last_positive(values[:, 0], rows.starts)
        return replace(rows, values=np.log(values, where=self.columns, out=values))

    def inverse(self, target: Floats, places: Integers, before: Floats, phases: Integers) -> Floats:
        if not self.columns[0]:
            return target
        values = np.exp(target)
        return np.maximum(values - self.offset, 0.0) * self.levels[places][:, None] if self.offset else values

    def additive(self, values: Floats, places: Integers) -> Floats:
        """Convert values of the target of series `places` [N], [N, ...]; those without a logarithm become NaN."""
        if not self.columns[0]:
            return values
        if self.offset:
            values = values / self.levels[places].reshape(-1, *[1] * (values.ndim - 1)) + self.offset
        converted: Floats = np.log(np.where(values > 0.0, values, np.nan))
        return converted

    def state(self) -> dict[str, Floats]:
        return {"levels": self.levels} if self.offset else {}


@dataclass(frozen=True, eq=False)
class Difference(Step):
    """Subtract from each row the row `lag` before: 1 removes a trend, the length of a season removes the season.

    The first `lag` rows of each series are lost.

    Args:
        lag: number of rows; 0 changes nothing.
        columns: columns that are changed, [C].
    """

    lag: int
    columns: Mask

    def transform(self, rows: Rows) -> Rows:
        if not self.lag:
            return rows
        values, starts = differenced(rows.values, rows.starts, self.lag, self.columns)
        return Rows(values, starts, rows.places, rows.phases[selection(rows.starts[:-1] + self.lag, np.diff(starts))])

    def inverse(self, target: Floats, places: Integers, before: Floats, phases: Integers) -> Floats:
        return summed(target, before[:, before.shape[1] - self.lag :]) if self.lag else target


@dataclass(frozen=True, eq=False)
class RowScaling(Step):
    """Scale each column of each series to (x - center) / scale.

    Args:
        kind: how columns are scaled; see `center_and_scale`.
        own_kind: how columns are scaled that are neither in `windowed` nor in `shared`.
        windowed: columns that are scaled by window as well, [C].
        shared: columns that share center and scale of the target, [C].
        center: set by `fit`, [S, C].
        scale: set by `fit`, [S, C].
    """

    kind: RowScalingKind
    own_kind: RowScalingKind
    windowed: Mask
    shared: Mask
    center: Floats
    scale: Floats

    def fit(self, rows: Rows, training: Integers) -> Self:
        seen = rows.first(training)
        fitted = centers_and_scales(self.kind, seen, training)
        own = fitted if self.own_kind == self.kind else centers_and_scales(self.own_kind, seen, training)
        center, scale = (
            np.where(self.windowed | self.shared, np.where(self.shared, usual[:, :1], usual), other)
            for usual, other in zip(fitted, own, strict=True)
        )
        return replace(self, center=center, scale=scale)

    def transform(self, rows: Rows) -> Rows:
        center, scale = self.center[rows.places], self.scale[rows.places]
        if len(rows.places) > 1:
            center, scale = (np.repeat(array, np.diff(rows.starts), axis=0) for array in (center, scale))
        values = rows.values - center
        with np.errstate(over="ignore"):  # what is too large is refused later, with its row
            values /= scale
        return replace(rows, values=values)

    def inverse(self, target: Floats, places: Integers, before: Floats, phases: Integers) -> Floats:
        return target * self.scale[places, :1] + self.center[places, :1]

    def state(self) -> dict[str, Floats]:
        return {"center": self.center, "scale": self.scale}


@dataclass(frozen=True, eq=False)
class Early(Step):
    """Read columns known in advance some rows early, as the networks of model files of format 1 do.

    Args:
        count: number of rows; 0 changes nothing.
        columns: columns that are read early, [C].
    """

    count: int
    columns: Mask

    def transform(self, rows: Rows) -> Rows:
        if not self.count:
            return rows
        lengths = np.diff(rows.starts)
        filled = rows_of(rows.starts[:-1], np.maximum(lengths - self.count, 0))
        values = np.where(self.columns, np.nan, rows.values)
        values[filled] = np.where(self.columns, rows.values[filled + self.count], rows.values[filled])
        return replace(rows, values=values)


def with_last_positive(values: Floats, starts: Integers) -> Floats:
    """Replace values that are not positive by the last positive one of their series, or by the first after them.

    Args:
        values: values of several series, one series after another, [L]; NaN stays.
        starts: where each series starts, and L, [S + 1].

    >>> with_last_positive(np.array([0.0, 3.0, 0.0, 0.0, 2.0]), np.array([0, 3, 5])).tolist()
    [3.0, 3.0, 3.0, 2.0, 2.0]
    """
    wrong = values <= 0.0
    if not wrong.any():
        return values
    series = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    positive = pd.Series(np.where(wrong, np.nan, values))
    filled = positive.groupby(series).ffill().groupby(series).bfill()
    return np.where(wrong, filled.fillna(1.0), values)


def center_and_scale(kind: RowScalingKind, rows: Floats) -> tuple[Floats, Floats]:
    """Return for each column what is subtracted and what divides, [..., C] each.

    Args:
        kind: "minmax" scales the rows to the range 0 to 1, "standard" to mean 0 and standard deviation 1, "robust" to
            median 0 and interquartile range 1; "none" does not change them. A constant column is only shifted.
        rows: [..., T, C].

    Raises:
        InputError: if there are no rows.

    >>> center_and_scale("minmax", np.array([[10.0], [30.0]]))
    (array([10.]), array([20.]))
    """
    if not rows.shape[-2]:
        raise InputError(f"there are no rows to fit a {kind} scaler on; at least one is needed.")
    if kind == "minmax":
        center, scale = rows.min(axis=-2), np.ptp(rows, axis=-2)
    elif kind == "standard":
        center, scale = rows.mean(axis=-2), rows.std(axis=-2)
    elif kind == "robust":
        lower, center, upper = np.percentile(rows, [25, 50, 75], axis=-2)
        scale = upper - lower
    else:
        shape = *rows.shape[:-2], rows.shape[-1]
        return np.zeros(shape), np.ones(shape)
    negligible = np.abs(center) * 1e-12  # rounding errors of a constant column
    return center, np.where(scale > negligible, scale, 1.0)


def centers_and_scales(kind: RowScalingKind, rows: Floats, counts: Integers) -> tuple[Floats, Floats]:
    """Return what `center_and_scale` does for each of several series, [S, C] each.

    Args:
        kind: see `center_and_scale`.
        rows: rows of the series, one below the other, [L, C].
        counts: number of rows of each series, [S]; one without rows has center 0 and scale 1.
    """
    center, scale = np.empty((len(counts), rows.shape[1])), np.empty((len(counts), rows.shape[1]))
    for places, parts in of_equal_length(rows, counts):
        if not parts.shape[1]:  # a series without rows
            center[places], scale[places] = 0.0, 1.0
            continue
        center[places], scale[places] = center_and_scale(kind, parts)
    return center, scale


def differenced(values: Floats, starts: Integers, lag: int, columns: Mask) -> tuple[Floats, Integers]:
    """Subtract from each row of each series the row `lag` before; the first `lag` rows of each series are lost.

    Args:
        values: rows of the series, one below the other, [L, C].
        starts: the row at which each series starts, and L, [S + 1].
        lag: number of rows; 0 changes nothing.
        columns: columns that are changed, [C].

    Returns:
        The new rows and starts.
    """
    if not lag:
        return values, starts
    counts = np.maximum(np.diff(starts) - lag, 0)
    later, earlier = values[selection(starts[:-1] + lag, counts)], values[selection(starts[:-1], counts)]
    return np.where(columns, later - earlier, later), starts_of(counts)


def summed(differences: Floats, before: Floats) -> Floats:
    """Return the values of differences [..., N, H] with the value `lag` before, given the lag values before them.

    >>> summed(np.array([[2.0, -1.0]]), before=np.array([[3.0]])).tolist()
    [[5.0, 4.0]]
    """
    lag = before.shape[1]
    values: Floats = np.broadcast_to(before, (*differences.shape[:-1], lag))
    for step in range(differences.shape[-1]):
        later = differences[..., step : step + 1] + values[..., step : step + 1]
        values = np.concatenate([values, later], axis=-1)
    return values[..., lag:]
