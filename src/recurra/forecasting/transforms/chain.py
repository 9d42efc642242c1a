"""The chain of transforms of a forecaster: fitted once, used for training and for every forecast."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self, TypeVar

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from recurra.errors import InputError, counted, listed, shown
from recurra.forecasting.plan import Plan, can_take, require_positive
from recurra.forecasting.static_inputs import scaled_static
from recurra.forecasting.transforms.seasonality import Deseasonalize
from recurra.forecasting.transforms.steps import Difference, Early, Extent, Floor, Logarithm, Rows, RowScaling, Step
from recurra.forecasting.transforms.window import WindowScaling, WindowSpread
from recurra.forecasting.windows import Windows
from recurra.tables.arrays import Booleans, Floats, Integers, interleaved, rows_of
from recurra.tables.origins import Origins
from recurra.tables.table import Table

S = TypeVar("S", bound=Step)
POSITIVE = {"levels", "scale", "input_gain", "target_gain", "smoothing", "spread"}  # names of what divides
NO_PLACES = np.empty(0, dtype=np.int64)
LARGEST_SCALED = 1e15  # its square, summed over a window, is far from the largest 32-bit float
FAR_BELOW = 1e-6  # the floor of a price, as a part of the smallest one in training: prices may fall far


@dataclass(frozen=True, eq=False)
class Transform:
    """What is done to the rows of each series, then to each window, and how it is undone.

    Values are undone in two parts. On the additive scale, that of the table or of its logarithms, errors are alike
    whatever the loc of the window, so that intervals are calibrated there; `to_units` leads on to the table's units.

    Attributes:
        plan: the plan by which the steps were made.
        ids: the series of training, in the order of fitted arrays.
        steps: steps that change rows, in the order of use.
        window: the step that changes windows, which is the last.
    """

    plan: Plan
    ids: tuple[str, ...]
    steps: tuple[Step, ...]
    window: WindowScaling

    @classmethod
    def of(cls, plan: Plan, ids: Sequence[str]) -> Self:
        """Return the chain of a plan, not yet fitted."""
        log, shared, windowed, future = (plan.mask(which) for which in ("log", "shared", "windowed", "future"))
        per_window, columns = plan.per_window, len(plan.columns)
        floored = (log | (windowed & per_window.divides)) & (np.arange(columns) > 0)
        shape, seasons = (len(ids), columns), plan.index_season
        steps = (
            Extent(np.full(len(ids), -np.inf), np.full(len(ids), np.inf)),
            Floor(floored, np.where(shared, FAR_BELOW, 1.0), np.full(columns, -np.inf)),
            Logarithm(log, plan.offset, np.ones(len(ids))),
            Deseasonalize(seasons, min(plan.season, seasons), shared, np.broadcast_to(0.0, (len(ids), seasons))),
            Difference(plan.lag, ~future),
            RowScaling(
                plan.row_scaling,
                "standard" if per_window.divides or per_window.kind == "subtract-level" else plan.row_scaling,
                windowed,
                shared,
                np.zeros(shape),
                np.ones(shape),
            ),
            Early(plan.early, future),
        )
        window = WindowScaling(
            per_window,
            plan.season,
            plan.base,
            plan.base_column,
            shared,
            windowed,
            np.ones(columns),
            spread=WindowSpread() if plan.divided_by_spread else None,
        )
        return cls(plan, tuple(ids), steps, window)

    @classmethod
    def fit(cls, plan: Plan, table: Table, training: Integers) -> tuple[Self, Rows]:
        """Fit to the first `training` [S] rows of each series.

        Returns:
            The fitted chain, but for the scaling of windows, which `fit_windows` fits; and the scaled rows of the
            table.

        Raises:
            InputError: if the target has a value that the scaling cannot take.
        """
        require_positive(table, plan.scaling)
        return cls.of(plan, table.ids)._fitted(table, training, lambda step, *part: step.fit(*part))

    def with_series(self, table: Table, training: Integers) -> Self:
        """Return the chain for more series, fitted to the first `training` [S] rows of each."""
        whole = replace(self, ids=(*self.ids, *table.ids))
        return whole._fitted(table, training, lambda step, *part: step.with_series(*part))[0]

    def _fitted(
        self, table: Table, training: Integers, fit: Callable[[Step, Rows, Integers], Step]
    ) -> tuple[Self, Rows]:
        """Fit each step to the rows that the steps before it return, of which the first `training` [S] are seen."""
        rows, steps = self._rows_of(table), []
        for step in self.steps:
            before = np.diff(rows.starts)
            fitted = fit(step, rows, training)
            rows = fitted.transform(rows)
            training = np.maximum(training - (before - np.diff(rows.starts)), 0)
            steps.append(fitted)
        return replace(self, steps=tuple(steps)), rows

    def unseen(self, table: Table) -> Booleans:
        """Return which series of a table the chain was not fitted to, [S]."""
        if table.ids == self.ids:
            return np.zeros(len(self.ids), dtype=np.bool_)
        return np.array([id_ not in self.place_of for id_ in table.ids], dtype=np.bool_)

    def takes(self, table: Table) -> Booleans:
        """Return which series of a table have values that the scaling can take, so that the network reads them, [S]."""
        return can_take(self.plan.scaling, table.least)

    def step(self, kind: type[S]) -> S:
        """Return the step of this kind, of which there is one."""
        return next(step for step in self.steps if isinstance(step, kind))

    def fit_windows(self, windows: Windows) -> Self:
        """Fit the scaling of windows to those of the training rows."""
        return replace(self, window=self.window.fit(windows))

    def transform(self, table: Table) -> Rows:
        """Scale the rows of a table whose series the chain was fitted to; those that it cannot take mean nothing."""
        rows = self._rows_of(table)
        for step in self.steps:
            rows = step.transform(rows)
        return rows

    def windows(
        self, rows: Rows, table: Table, origins: Origins, device: torch.device, stops: Integers | None = None
    ) -> Windows:
        """Return the windows and horizons at these origins of the table's series.

        Args:
            rows: scaled rows of the table.
            table: the table.
            origins: the origins.
            device: device of the windows.
            stops: number of rows of each series that may be compared, [S]; None: all rows of each horizon.

        Raises:
            InputError: if future covariates of a horizon are not given.
        """
        plan = self.plan
        self.check_future(table, origins)
        self.check_size(rows, table)
        firsts = origins.from_starts(rows.starts[:-1] - plan.lag)
        observed = torch.from_numpy(self._observed(table)).to(device) if plan.masked else None
        padded = origins.rows.min(initial=plan.context) < plan.window + plan.lag
        after = None if stops is None else origins.spread(stops) - origins.rows
        return Windows(
            torch.from_numpy(rows.values.astype(np.float32)).to(device),
            torch.from_numpy(firsts).to(device),
            min(plan.window, int(origins.rows.max()) - plan.lag) if padded else plan.window,
            plan.horizon,
            observed,
            origins.spread(rows.places),
            self._phases_of(rows, firsts),
            torch.from_numpy(origins.rows - plan.lag).to(device) if padded else None,
            None if after is None or (after >= plan.horizon).all() else torch.from_numpy(after).to(device),
            torch.from_numpy(self._static(table, rows.places)).to(device) if plan.static else None,
        )

    def inverse(self, answers: Tensor, windows: Windows, index: Tensor, before: Floats) -> Floats:
        """Return values [..., B, H] on the additive scale for answers of the network.

        Args:
            answers: answers of the network to the windows `index` [B], such as several quantiles, [..., B, H].
            windows: the windows.
            index: which of them were answered.
            before: values of the target on the additive scale, in the `lag` rows before each origin, [B, lag].
        """
        values = self.window.inverse(answers, windows, index)
        own = index.cpu().numpy()
        for step in reversed(self.steps):
            if not isinstance(step, Logarithm):
                values = step.inverse(values, windows.series[own], before, windows.phases[own])
        return values

    def error_scale(self, windows: Windows, index: Tensor) -> Floats:
        """Return the size on the additive scale of one unit of the network's answers, [B, 1].

        Errors divided by it are alike in all series and windows.
        """
        of_windows: Floats = self.window.scale(windows, index).double().cpu().numpy()
        of_series: Floats = self.step(RowScaling).scale[windows.series[index.cpu().numpy()], :1]
        return of_series * of_windows

    def to_units(self, values: Floats, places: Integers, *, whole: bool = False) -> Floats:
        """Convert values [N, H] of the target from the additive scale to the units of the table.

        Args:
            values: the values.
            places: [N], the place of the series that each is of, among those of training.
            whole: whether to round to whole numbers if the table has counts.
        """
        in_units = self.step(Logarithm).inverse(values, places, values[:0], NO_PLACES)
        return in_units.round() if whole and self.plan.counts else in_units

    def last(self, table: Table, origins: Origins) -> tuple[Floats, Floats]:
        """Return the target before each origin on the additive scale, and the size of a unit of its series.

        Both are [N, 1]. Where logarithms are taken, the target is that of its absolute value, and NaN for zero.
        """
        places, last = origins.spread(self.places(table)), table.values[origins.of_table(table) - 1, 0]
        last = self.step(Logarithm).additive(np.abs(last) if self.plan.columns[0].log else last, places)
        usual = 1.0 if self.window.spread is None else self.window.spread.usual
        size = np.abs(last) if self.plan.per_window.divides else np.full_like(last, usual)
        return last[:, None], (self.step(RowScaling).scale[places, 0] * size)[:, None]

    def is_constant(self, table: Table, origins: Origins) -> Booleans:
        """Return where a series had one value in its training rows, and has it in all rows before the origin, [N].

        One or two rows are no evidence.
        """
        extent, places = self.step(Extent), self.places(table)
        constant = extent.least[places] == extent.most[places]
        if not constant.any():
            return np.zeros(len(origins.rows), dtype=np.bool_)
        other = np.append(0, np.cumsum(table.values[:, 0] != np.repeat(extent.most[places], table.lengths)))
        others = other[origins.of_table(table)] - other[origins.spread(table.starts[:-1])]
        found: Booleans = constant[origins.series] & (others == 0) & (origins.rows >= self.plan.needed)
        return found

    def recent(self, table: Table) -> Table:
        """Return the last rows of a table, after which forecasts are the same as after all its rows."""
        extent, places = self.step(Extent), self.places(table)
        other = table.values[:, 0] != np.repeat(extent.most[places], table.lengths)
        changed = (extent.least[places] == extent.most[places]) & np.logical_or.reduceat(other, table.starts[:-1])
        changed |= (extent.least[places] >= 0.0) & (table.least < 0.0) | ~self.takes(table)
        first = np.maximum(table.lengths - self.plan.context, 0)
        return table.part(np.where(changed, 0, first), table.lengths)  # that a series has changed, any row may tell

    def before(self, table: Table, origins: Origins) -> Floats:
        """Return the target on the additive scale, deseasonalized, in the `lag` rows before each origin, [N, lag]."""
        if not self.plan.lag:
            return np.empty((len(origins.rows), 0))
        rows = origins.of_table(table)[:, None] + np.arange(-self.plan.lag, 0)
        places = origins.spread(self.places(table))
        values = self.step(Logarithm).additive(table.values[rows, 0], places)
        if not self.plan.deseasonalized:
            return values
        indices = self.step(Deseasonalize).indices
        deseasonalized: Floats = values - indices[places[:, None], self._phases(table, table.dates)[rows]]
        return deseasonalized

    def truth(self, table: Table, origins: Origins) -> Floats:
        """Return the true values after each origin on the additive scale, [N, H]; missing values are NaN."""
        rows = origins.of_table(table)[:, None] + np.arange(self.plan.horizon)
        values = self.step(Logarithm).additive(table.values[rows, 0], origins.spread(self.places(table)))
        return np.where(table.observed[rows, 0], values, np.nan)

    def state(self) -> dict[str, Floats]:
        """Return what `fit` has learned, by names such as `scale` or `input_gain`."""
        found = self.window.state()
        for step in self.steps:
            found |= step.state()
        return found

    def with_state(self, state: Mapping[str, Floats]) -> Self:
        """Return the chain with what `state` returned.

        Raises:
            ValueError: if a name, a shape or a number is not as expected.
        """
        own = self.state()
        if state.keys() != own.keys():
            raise ValueError(f"the transform holds {sorted(state)}, expected {sorted(own)}")
        for name, array in state.items():
            if array.shape != own[name].shape or not _as_expected(name, array):
                raise ValueError(f"{name} of the transform is not as expected")
        steps = [replace(step, **{name: state[name] for name in step.state()}) for step in self.steps]  # type: ignore[type-var]
        return replace(self, steps=tuple(steps), window=self.window.with_state(state))

    def _rows_of(self, table: Table) -> Rows:
        """Return the rows of a table as they are, those that are known in advance included."""
        phases = self._phases(table, table.dates)
        if not len(table.future_dates):
            return Rows(table.values, table.starts, self.places(table), phases)
        starts = table.starts + table.future_starts
        values = np.full((int(starts[-1]), len(self.plan.columns)), np.nan)
        values[rows_of(starts[:-1], table.lengths)] = table.values
        future = rows_of(starts[:-1] + table.lengths, np.diff(table.future_starts))
        values[future, self.plan.past :] = table.future_values
        ahead = self._phases(table, table.future_dates)
        phases = interleaved(phases, table.lengths, ahead, np.diff(table.future_starts))
        return Rows(values, starts, self.places(table), phases)

    def _phases(self, table: Table, dates: pd.DatetimeIndex) -> Integers:
        """Return the place of each date in its season; zeros if no step needs them."""
        if not self.plan.deseasonalized:
            return np.broadcast_to(np.int64(0), len(dates))
        return table.frequency.phases(dates, self.plan.index_season)

    def _phases_of(self, rows: Rows, origins: Integers) -> Integers:
        """Return the place in its season of the first predicted row of each origin: one after that of the row before.

        Args:
            rows: scaled rows of the table.
            origins: the origins among these rows, [N].
        """
        if not self.plan.deseasonalized:
            return np.broadcast_to(np.int64(0), len(origins))
        return (rows.phases[origins - 1] + 1) % self.plan.index_season

    def check_ids(self, table: Table) -> None:
        """Raise an InputError if a table has series ids and the training data had none, or the reverse."""
        if table.many == (self.ids != ("",)):
            return
        fault = f" has no series ids, and the training data has {listed(self.ids)}; add the column of ids"
        if table.many:
            fault = f" has the series {shown(table.ids[0])}, and the training data has no ids; give one series without"
        raise InputError(f"{table.source}{fault}.")

    def places(self, table: Table) -> Integers:
        """Return the place in `ids` of each series of a table, [S]."""
        if table.ids == self.ids:
            return np.arange(len(self.ids))
        return np.array([self.place_of[id_] for id_ in table.ids], dtype=np.int64)

    @cached_property
    def place_of(self) -> dict[str, int]:
        """The place of each series of training by its id."""
        return {id_: place for place, id_ in enumerate(self.ids)}

    def check_size(self, rows: Rows, table: Table) -> None:
        """Raise an InputError if a scaled value is so large that its square overflows in the network."""
        if not (large := np.abs(rows.values) > LARGEST_SCALED).any():
            return
        row, column = (int(places[0]) for places in np.nonzero(large))
        place = int(np.searchsorted(rows.starts, row, side="right")) - 1
        series = table.series[place]
        own = row - int(rows.starts[place]) + self.plan.lag
        day = series.dates.append(series.future_dates)[own]
        whose = f" of series {shown(series.id)}" if series.id else ""
        value = self._rows_of(table.at(np.array([place]))).values[own, column]
        raise InputError(
            f"{table.source}: column {shown(table.columns[column])}{whose} is {value:g} on {table.shown_date(day)}, "
            f"more than {LARGEST_SCALED:g} times what the training rows vary by; correct the value."
        )

    def _static(self, table: Table, places: Integers) -> NDArray[np.float32]:
        """Return the static covariates of all series, [S, K]; 0 for those without `places`, not in the table."""
        found = np.zeros((len(self.ids), len(self.plan.static)), dtype=np.float32)
        found[places] = scaled_static(self.plan.static, table)
        return found

    def _observed(self, table: Table) -> Booleans:
        """Return which scaled rows have a target, [L]; a difference needs both of its values."""
        lag = self.plan.lag
        starts = table.starts + table.future_starts
        observed = np.zeros(int(starts[-1]), dtype=np.bool_)
        observed[rows_of(starts[:-1], table.lengths)] = table.observed[:, 0]
        kept = rows_of(starts[:-1] + lag, np.maximum(np.diff(starts) - lag, 0))
        return observed[kept] & observed[kept - lag]

    def check_future(self, table: Table, origins: Origins, horizon: int | None = None) -> None:
        """Raise an InputError if future covariates of a horizon from one of these origins are not given.

        Args:
            table: the series.
            origins: the origins.
            horizon: number of predicted rows; None for those of the network.
        """
        if self.plan.past == len(self.plan.columns):
            return
        known = np.diff(table.starts) + np.diff(table.future_starts)
        lacking = origins.rows + (horizon or self.plan.horizon) - known[origins.series]
        if (lacking > 0).any():
            place = int(origins.series[(lacking > 0).argmax()])
            count, last = int(lacking[origins.series == place].max()), table.shown_date(table.last_dates[place])
            raise InputError(
                f"{table.source}: {counted(count, 'more row')} with values of {listed(table.future_covariates)} "
                f"{'is' if count == 1 else 'are'} needed after {last}; leave the target empty there."
            )


def _as_expected(name: str, array: Floats) -> bool:
    """Return whether the numbers of a state are such as `fit` may find."""
    if array.dtype != np.float64 or np.isnan(array).any():
        return False
    if name in POSITIVE and not (np.isfinite(array) & (array > 0.0)).all():
        return False
    if name == "smoothing":  # a weight
        return bool(array <= 1.0)
    return name != "spread" or bool((array[:2] <= 1.0).all())  # two weights, and a size
