"""Forecasts of a model beside the true values and the baselines: arrays of all origins, in parts, or a long frame."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recurra.evaluation.baselines import deviations, naive_forecasts, statistical_forecasts
from recurra.stages import stage
from recurra.tables.arrays import Floats, Integers
from recurra.tables.origins import Origins
from recurra.tables.table import Table

MODEL_NAME = "recurra"  # name of the evaluated model in columns of predictions and rows of scores
AT_ONCE = 500_000  # predicted values that are scored at once


@dataclass(frozen=True)
class Forecasts:
    """Forecasts from all origins of all series, concatenated.

    Attributes:
        values: point forecasts, [N, H].
        intervals: lower and upper ends of the prediction intervals, [N, H] each, by level in percent.
        quantiles: quantiles by probability, such as 0.9, [N, H] each, if the model predicts any.
        methods: what made each forecast, [N]; None: the network made all.
    """

    values: Floats
    intervals: Mapping[float, tuple[Floats, Floats]] = field(default_factory=dict)
    quantiles: Mapping[float, Floats] = field(default_factory=dict)
    methods: NDArray[np.str_] | None = None

    def part(self, origins: slice | Integers) -> "Forecasts":
        """Return the forecasts from these origins."""
        return Forecasts(
            self.values[origins],
            {level: (lower[origins], upper[origins]) for level, (lower, upper) in self.intervals.items()},
            {probability: values[origins] for probability, values in self.quantiles.items()},
            None if self.methods is None else self.methods[origins],
        )


@dataclass(frozen=True, eq=False)
class Predictions:
    """Forecasts of a model and of the baselines; naive forecasts are made when they are asked for.

    Attributes:
        table: the series, with the true values.
        rows: row of the table of each origin, series by series, [N].
        series: place of the series of each origin, [N].
        forecasts: those of the model.
        season: number of rows per season; 1 if the baselines have no seasonal naive forecast.
        last_of: columns whose last value is a naive forecast of the target.
        statistical: forecasts of AutoETS, AutoARIMA and Theta by name, [N, H] each, if they were asked for.
    """

    table: Table
    rows: Integers
    series: Integers
    forecasts: Forecasts
    season: int
    last_of: Sequence[str] = ()
    statistical: Mapping[str, Floats] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        table: Table,
        origins: Origins,
        forecasts: Forecasts,
        season: int,
        last_of: Sequence[str],
        *,
        statistical: bool,
    ) -> "Predictions":
        """Put a model's forecasts beside the baselines; a seasonal naive forecast must be possible for most origins."""
        rows, horizon = origins.of_table(table), forecasts.values.shape[1]
        usual = season if np.median(origins.rows) >= season else 1
        found: dict[str, Floats] = {}
        if statistical:
            with stage("forecasting with AutoETS, AutoARIMA and Theta"):
                parts = [
                    statistical_forecasts(series.values[:, 0], own, horizon, season)
                    for series, own in zip(table.series, origins, strict=True)
                    if len(own)
                ]
            found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        return cls(table, rows, origins.series, forecasts, usual, last_of, found)

    @property
    def horizon(self) -> int:
        """Number of predicted rows of each forecast."""
        return int(self.forecasts.values.shape[1])

    def parts(self) -> Iterator["Predictions"]:
        """Return the forecasts of some series at a time."""
        most = max(AT_ONCE // self.horizon, 1)
        ends = np.flatnonzero(np.diff(self.series, append=-1)) + 1  # after the last origin of each series
        start = 0
        while start < len(self.rows):
            stop = int(ends[max(ends.searchsorted(start + most, side="right") - 1, ends.searchsorted(start + 1))])
            yield self.part(slice(start, stop))
            start = stop

    def part(self, origins: slice | Integers) -> "Predictions":
        """Return the forecasts from these origins."""
        return replace(
            self,
            rows=self.rows[origins],
            series=self.series[origins],
            forecasts=self.forecasts.part(origins),
            statistical={name: values[origins] for name, values in self.statistical.items()},
        )

    def of_series(self, ids: Sequence[str]) -> "Predictions":
        """Return the forecasts of the series with these ids."""
        return self.part(np.flatnonzero(np.isin(self.series, self.table.places_of(tuple(ids)))))

    @property
    def predicted_rows(self) -> Integers:
        """Rows of the table that are predicted, [N, H]."""
        return self.rows[:, None] + np.arange(self.horizon)

    @cached_property
    def actual(self) -> Floats:
        """The true values, [N, H]; missing ones are NaN."""
        rows = self.predicted_rows
        return np.where(self.table.observed[rows, 0], self.table.values[rows, 0], np.nan)

    @property
    def last(self) -> Floats:
        """The value of the target before each origin, [N]."""
        last: Floats = self.table.values[self.rows - 1, 0]
        return last

    @cached_property
    def naive(self) -> dict[str, Floats]:
        """The naive forecasts by name, [N, H] each."""
        return self._naive_from(self.rows, self.series, slice(0, self.horizon))

    def naive_intervals(self) -> dict[str, dict[float, tuple[Floats, Floats]]]:
        """Return prediction intervals of the naive forecasts by name, of the levels that the model's forecasts have.

        Their ends are normal quantiles. The standard deviation is the root mean square of the errors at this step of
        the same forecast from all earlier rows of the series, on the rows before the origin; where there is none, that
        of the step before. They are NaN if no error is known.
        """
        truth, places = self.table.target_values, np.arange(len(self.table.ids))
        rows = np.delete(np.arange(len(truth)), self.table.starts[:-1])  # those with one before them in their series
        series = np.repeat(places, self.table.lengths - 1)
        first = (self.table.starts[:-1] - places)[self.series]
        deviation = {name: np.full(values.shape, np.nan) for name, values in self.naive.items()}
        for step in range(self.horizon):
            target = truth[np.minimum(rows + step, len(truth) - 1)]
            stop = np.maximum(self.rows - step - (self.series + 1), first)  # whose target is before the origin
            for name, values in self._naive_from(rows, series, slice(step, step + 1)).items():
                own = deviations(target - values[:, 0], first, stop)
                before = deviation[name][:, max(step - 1, 0)]
                deviation[name][:, step] = np.where(np.isnan(own), before, own)
        normal = {level: NormalDist().inv_cdf(0.5 + level / 200) for level in self.forecasts.intervals}
        return {
            name: {level: (self.naive[name] - z * own, self.naive[name] + z * own) for level, z in normal.items()}
            for name, own in deviation.items()
        }

    def _naive_from(self, rows: Integers, series: Integers, steps: slice) -> dict[str, Floats]:
        """Return the naive forecasts from these rows of these series [N] by name, [N, steps] each."""
        begins, values = self.table.starts[:-1][series], self.table.values
        found = naive_forecasts(values[:, 0], rows, steps.stop, self.season, begins, first=steps.start)
        for column in self.last_of:
            last = values[rows - 1, self.table.columns.index(column)]
            found[f"last {column}"] = np.repeat(last[:, None], steps.stop - steps.start, axis=1)
        return found

    @property
    def naive_names(self) -> set[str]:
        """Names of the naive forecasts."""
        return set(replace(self, rows=self.rows[:1], series=self.series[:1]).naive)

    @property
    def models(self) -> dict[str, Floats]:
        """The forecasts of the model and of the baselines by name, [N, H] each."""
        return {MODEL_NAME: self.forecasts.values, **self.naive, **self.statistical}

    def frame(self, *, naive_intervals: bool = False) -> pd.DataFrame:
        """Return a row for each predicted value, with columns unique_id, ds, cutoff, step, y, last, and forecasts.

        Args:
            naive_intervals: whether the naive forecasts have intervals too.
        """
        horizon, dates = self.horizon, self.table.dates.to_numpy()
        ids = np.array(self.table.ids, dtype=object)
        facts = {
            "unique_id": np.repeat(ids[self.series], horizon),
            "ds": dates[self.predicted_rows].ravel(),
            "cutoff": np.repeat(dates[self.rows - 1], horizon),
            "step": np.tile(np.arange(1, horizon + 1), len(self.rows)),
            "y": self.actual.ravel(),
            "last": np.repeat(self.last, horizon),
        }
        columns = {**self.naive, MODEL_NAME: self.forecasts.values, **self.statistical}
        intervals = {**(self.naive_intervals() if naive_intervals else {}), MODEL_NAME: self.forecasts.intervals}
        for name, own in intervals.items():
            for level, (lower, upper) in own.items():
                columns |= {f"{name}-lo-{level:g}": lower, f"{name}-hi-{level:g}": upper}
        return pd.DataFrame(facts | {name: values.ravel() for name, values in columns.items()})
