"""Forecasts of a model beside the true values and the baselines: arrays of all origins, in parts, or a long frame."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recurra.evaluation.baselines import naive_forecasts, statistical_forecasts
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
        begins = self.table.starts[:-1][self.series]
        found = naive_forecasts(self.table.values[:, 0], self.rows, self.horizon, self.season, begins)
        for column in self.last_of:
            last = self.table.values[self.rows - 1, self.table.columns.index(column)]
            found[f"last {column}"] = np.repeat(last[:, None], self.horizon, axis=1)
        return found

    @property
    def naive_names(self) -> set[str]:
        """Names of the naive forecasts."""
        return set(replace(self, rows=self.rows[:1], series=self.series[:1]).naive)

    @property
    def models(self) -> dict[str, Floats]:
        """The forecasts of the model and of the baselines by name, [N, H] each."""
        return {MODEL_NAME: self.forecasts.values, **self.naive, **self.statistical}

    def frame(self) -> pd.DataFrame:
        """Return a row for each predicted value, with columns unique_id, ds, cutoff, step, y, last, and forecasts."""
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
        for level, (lower, upper) in self.forecasts.intervals.items():
            columns |= {f"{MODEL_NAME}-lo-{level:g}": lower, f"{MODEL_NAME}-hi-{level:g}": upper}
        return pd.DataFrame(facts | {name: values.ravel() for name, values in columns.items()})
