"""The plan of a fit: what is decided about a table once, from its training rows, before anything is scaled."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt, model_validator

from recurra.errors import InputError, listed, shown
from recurra.forecasting.choices import long_season_of, scaling_of
from recurra.forecasting.static_inputs import MOST_INPUTS, StaticPlan, static_plans
from recurra.forecasting.transforms.steps import Logarithm, Mask, Rows, RowScalingKind, centers_and_scales, differenced
from recurra.forecasting.transforms.window import Base, PerWindow, WindowScalingKind
from recurra.settings.base import Count, Settings
from recurra.settings.forecasting import (
    COUNTING,
    ForecasterSettings,
    RowScaling,
    Scaling,
    WindowScaling,
    transformations_of,
)
from recurra.tables.arrays import Booleans, Floats, Integers, of_equal_length, selection, starts_of
from recurra.tables.table import Table

BASES: dict[str, Base] = {"none": "none", "last": "last", "seasonal": "seasonal"}
LEAST = 3  # rows of a window that are no padding
OFFSET = 0.05  # before the logarithm of a target with zeros, in units of its mean


@dataclass(frozen=True, kw_only=True)
class ColumnPlan(Settings):
    """What happens to a column.

    Attributes:
        name: its name; the target is the first column of a plan.
        future: whether it is a future covariate, whose values are known in advance.
        log: whether its logarithm is taken.
        shared: whether it has the unit of the target, and shares the target's scaler and loc.
        windowed: whether each window is scaled by a loc of its own.
    """

    name: str
    future: bool
    log: bool
    shared: bool
    windowed: bool


@dataclass(frozen=True, kw_only=True)
class Plan(Settings):
    """What a fit decides about its table, once.

    Attributes:
        horizon: number of rows to predict, H.
        window: number of past rows that the network reads, W.
        least: number of rows of a window that are enough for a forecast by the network; the rest is padding. None: all.
        season: number of rows per season.
        long_season: number of rows of a longer season, whose indices are subtracted too; None: there is none.
        lag: number of rows before each row with which it is differenced; 0: rows are not differenced.
        base: forecast that the network corrects: none, the last value, or the value one season earlier.
        base_column: index of the column whose last value it is.
        nearest_column: index of the column whose last value was nearest to the target in the training rows.
        scaling: transformations of the values, in the order of use.
        offset: what is added to a target before its logarithm is taken, in units of the mean of its series; 0 if no
            value is zero.
        masked: whether the network skips rows without a target.
        early: number of rows by which future covariates are read early; the horizon in models of file format 1, whose
            networks saw them in this way only, and 0 otherwise.
        columns: the columns; future covariates are the last.
        lower: lower bound of the forecasts; None if there is none, as in models of earlier versions.
        static: how each static covariate becomes inputs.
    """

    horizon: Count
    window: Count
    least: Count | None = None
    season: Count
    long_season: Count | None = None
    lag: NonNegativeInt
    base: Base
    base_column: NonNegativeInt
    nearest_column: NonNegativeInt
    scaling: Annotated[tuple[Scaling, ...], Field(fail_fast=True)]
    offset: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    masked: bool
    early: NonNegativeInt
    columns: Annotated[tuple[ColumnPlan, ...], Field(fail_fast=True, min_length=1)]
    lower: float | None = None
    static: Annotated[tuple[StaticPlan, ...], Field(fail_fast=True)] = ()

    @classmethod
    def of(
        cls,
        settings: ForecasterSettings,
        table: Table,
        training: Integers,
        usual_rows: int,
        season: int,
        window: int,
        early: int,
    ) -> Self:
        """Decide on the first `training` rows of each series.

        Args:
            settings: checked settings.
            table: the series.
            training: number of training rows of each series, [S].
            usual_rows: number of training rows of a usual series; see `usual_rows_of`.
            season: number of rows per season; see `season_and_window`.
            window: number of past rows that the network reads.
            early: number of rows by which future covariates are read early.

        Raises:
            InputError: if `residual` names no suitable column, a value does not suit the scaling, the loss or `lower`,
                or the static covariates have too many words or are of one series.
        """
        scaling = scaling_of(settings, table, season, usual_rows)
        require_positive(table, scaling)
        if settings.loss == COUNTING:
            require_counts(table)
            settings = replace(settings, residual="none")  # a correction is no count
        lag = lag_of(scaling, season)
        rows = table.values[selection(table.starts[:-1], training)]
        columns = _columns(scaling, table, rows)
        offset = OFFSET if "log" in scaling and (table.values[:, 0] == 0.0).any() else 0.0
        errors = _BaseErrors(rows, training, columns, row_scaling_of(scaling), lag, offset)
        last = {i: errors.of(i, np.arange(settings.horizon) + 1) for i, column in enumerate(columns) if column.shared}
        nearest = min(last, key=last.__getitem__)
        base, base_column = BASES.get(settings.residual, "last"), 0
        if settings.residual == "auto" and "subtract-level" in scaling:
            base, base_column = "level", nearest
        elif settings.residual == "auto":
            base_column = nearest
            seasons_back = season * (np.arange(settings.horizon) // season + 1)
            # a season that the window does not show could not be corrected where it is wrong
            chosen = scaling != transformations_of(settings)  # by auto, which knows how many rows show a season
            seen = 1 < season <= window and (chosen or usual_rows - lag > 2 * season)
            seasonal = seen and "deseasonalize" not in scaling
            if seasonal and errors.of(0, seasons_back) < last[nearest]:
                base, base_column = "seasonal", 0
        elif settings.residual not in BASES:
            names = [columns[i].name for i in last]
            if settings.residual not in names:
                raise InputError(
                    f"residual is {settings.residual!r}; expected auto, last, seasonal, none, or a column that stays "
                    f"within a factor of two of the target: {listed(names)}."
                )
            base_column = table.columns.index(settings.residual)
        return cls(
            horizon=settings.horizon,
            window=window,
            least=None if early else min(LEAST, window),
            season=season,
            long_season=long_season_of(settings, table, scaling, usual_rows),
            lag=lag,
            base=base,
            base_column=base_column,
            nearest_column=nearest,
            scaling=scaling,
            offset=offset,
            masked=settings.missing == "mask",
            early=early,
            columns=tuple(columns),
            lower=lower_of(settings, table),
            static=static_plans(table),
        )

    @cached_property
    def context(self) -> int:
        """Number of rows before its origin that a forecast reads, if there are so many."""
        return context_of(self.window, self.season, self.lag, self.base)

    @cached_property
    def needed(self) -> int:
        """Number of rows before its origin that a forecast by the network needs."""
        return context_of(self.least or self.window, self.season, self.lag, self.base)

    @cached_property
    def deseasonalized(self) -> bool:
        """Whether seasonal indices are subtracted from the rows of each series."""
        return "deseasonalize" in self.scaling and self.season > 1

    @cached_property
    def index_season(self) -> int:
        """Number of seasonal indices of a series, as many as rows per longest season; 1 if there are none."""
        return (self.long_season or self.season) if self.deseasonalized else 1

    @cached_property
    def row_scaling(self) -> RowScalingKind:
        """How the rows of each series are scaled."""
        return row_scaling_of(self.scaling)

    @cached_property
    def per_window(self) -> PerWindow:
        """How each window is scaled."""
        return per_window_of(self.scaling)

    @cached_property
    def divided_by_spread(self) -> bool:
        """Whether each window is divided by its own spread."""
        return "divide-spread" in self.scaling

    @cached_property
    def past(self) -> int:
        """Number of columns whose values are known up to the present only."""
        return sum(not column.future for column in self.columns)

    @cached_property
    def future_size(self) -> int:
        """Number of features of each predicted row that the network is given."""
        return 0 if self.early else len(self.columns) - self.past

    @cached_property
    def static_size(self) -> int:
        """Number of features of each series that the network is given beside the columns, in every row of a window."""
        return sum(plan.size for plan in self.static)

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def mask(self, which: Literal["future", "log", "shared", "windowed"]) -> Mask:
        """Return which columns have this property, [C]."""
        return np.array([getattr(column, which) for column in self.columns], dtype=np.bool_)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if max(self.base_column, self.nearest_column) >= self.past:
            raise ValueError("base_column and nearest_column are expected to be no future covariates")
        if sorted(column.future for column in self.columns) != [column.future for column in self.columns]:
            raise ValueError("future covariates are expected to be the last columns")
        if self.static_size > MOST_INPUTS or len({plan.name for plan in self.static}) < len(self.static):
            raise ValueError(f"expected at most {MOST_INPUTS} inputs of static covariates, each named once")
        if not self.columns[0].shared or self.columns[0].future:
            raise ValueError("the first column is expected to be the target")
        if self.lag != lag_of(self.scaling, self.season):
            raise ValueError(f"lag {self.lag} is not that of the scaling, {lag_of(self.scaling, self.season)}")
        if self.long_season is not None and self.long_season % self.season:
            raise ValueError(f"long_season {self.long_season} is no multiple of season {self.season}")
        return self


def lag_of(scaling: Sequence[str], season: int) -> int:
    """Return the number of rows before each row with which these transformations difference it."""
    return season if "season-difference" in scaling else int("difference" in scaling)


def context_of(window: int, season: int, lag: int, base: Base) -> int:
    """Return the number of rows before its origin that a forecast from a window reads."""
    return max(window, season if base == "seasonal" else 0) + lag


def row_scaling_of(scaling: Sequence[str]) -> RowScalingKind:
    """Return how these transformations scale rows."""
    kinds: tuple[RowScalingKind, ...] = get_args(RowScaling)
    return next((kind for kind in kinds if kind in scaling), "none")


def per_window_of(scaling: Sequence[str]) -> PerWindow:
    """Return how these transformations scale windows."""
    kinds: tuple[WindowScalingKind, ...] = get_args(WindowScaling)
    return PerWindow(next((kind for kind in kinds if kind in scaling), "none"))


def require_positive(table: Table, scaling: Sequence[str]) -> None:
    """Raise an InputError if the target has a value that these transformations cannot take."""
    divides = per_window_of(scaling).divides
    if not divides and "log" not in scaling:
        return
    zeros = "divide-last" not in scaling
    wrong = table.values[:, 0] < 0.0 if zeros else table.values[:, 0] <= 0.0
    if wrong.any():
        taken = "no negative values" if zeros else "positive values only"
        raise InputError(
            f"{_target_at(table, wrong)}, and scaling {', '.join(scaling)} takes {taken}; choose another, such as "
            "standard and subtract-last."
        )


def lower_of(settings: ForecasterSettings, table: Table) -> float | None:
    """Return the lower bound of the forecasts: the one that is set, or 0 if no value of the table is negative.

    Raises:
        InputError: if the target has an observed value below the bound that is set.
    """
    if settings.lower is None:
        return None if table.signed else 0.0
    if (wrong := table.observed[:, 0] & (table.values[:, 0] < settings.lower)).any():
        raise InputError(
            f"{_target_at(table, wrong)}, and lower is {settings.lower:g}; expected no value below this bound."
        )
    return settings.lower


def require_counts(table: Table) -> None:
    """Raise an InputError if the target has an observed value that is no count."""
    y = table.values[:, 0]
    wrong = table.observed[:, 0] & ((y < 0.0) | (y != y.round()))
    if wrong.any():
        raise InputError(
            f"{_target_at(table, wrong)}, and loss {COUNTING} needs counts: 0, 1, 2 and so on; choose another loss, "
            "such as quantile."
        )


def _target_at(table: Table, wrong: Booleans) -> str:
    """Return as a clause what the target is in the first of the wrong rows [L]."""
    row = int(wrong.argmax())
    id_ = table.ids[int(table.starts.searchsorted(row, side="right")) - 1]
    whose = f" of series {shown(id_)}" if id_ else ""
    day = table.shown_date(table.dates[row])
    return f"{table.source}: the target {shown(table.target)}{whose} is {table.values[row, 0]:g} on {day}"


def _columns(scaling: Sequence[str], table: Table, rows: Floats) -> list[ColumnPlan]:
    """Decide what happens to each column by its values in the training rows [L, C].

    A covariate that stays within a factor of two of the target, as the other prices of a share do, has the target's
    unit: it shares the target's scaler and loc, so that what lies between the two is not lost.
    """
    count = len(table.columns)
    future = np.array([column in table.future_covariates for column in table.columns])
    positive = np.asarray((rows > 0.0).all(axis=0))
    near = ((rows > 0.5 * rows[:, :1]) & (rows < 2.0 * rows[:, :1])).all(axis=0)
    shared = (np.arange(count) == 0) | (near & ~future & positive[0])
    log = (positive | (np.arange(count) == 0)) & ~future & ("log" in scaling)
    per_window = per_window_of(scaling)
    divisible = positive | (np.arange(count) == 0)  # the target, which `require_positive` has checked
    windowed = ~future & (divisible | (not per_window.divides)) & (per_window.kind != "none")
    return [
        ColumnPlan(
            name=name, future=bool(future[i]), log=bool(log[i]), shared=bool(shared[i]), windowed=bool(windowed[i])
        )
        for i, name in enumerate(table.columns)
    ]


class _BaseErrors:
    """Squared errors of naive forecasts on the training rows, each series' in units of its own spread."""

    def __init__(
        self,
        rows: Floats,
        counts: Integers,
        columns: Sequence[ColumnPlan],
        row_scaling: RowScalingKind,
        lag: int,
        offset: float,
    ) -> None:
        self.places = [i for i, column in enumerate(columns) if column.shared]
        every = np.ones(len(self.places), np.bool_)
        shared = Rows(rows[:, self.places], starts_of(counts), np.arange(len(counts)), np.zeros(len(rows), np.int64))
        if columns[0].log:
            shared = Logarithm(every, offset, np.ones(len(counts))).fit(shared, counts).transform(shared)
        self.rows, starts = differenced(shared.values, shared.starts, lag, every)
        self.lengths = np.diff(starts)
        self.units = centers_and_scales(row_scaling, self.rows[:, :1], self.lengths)[1][:, 0]

    def of(self, column: int, lags: NDArray[np.int64]) -> float:
        """Return the sum over all series of the mean squared error of the values so many rows before."""
        place = self.places.index(column)
        total, seen = np.zeros(len(self.lengths)), np.zeros(len(self.lengths))
        for own, parts in of_equal_length(self.rows, self.lengths):
            for lag in lags[lags < parts.shape[1]].tolist():
                errors = (parts[:, lag:, 0] - parts[:, : parts.shape[1] - lag, place]) / self.units[own, None]
                total[own] += (errors**2).mean(axis=1)
                seen[own] += 1
        if not seen.any():
            return float("inf")
        return float((total / np.maximum(seen, 1)).sum())
