"""Metrics of forecasts, as in published tables: of each series, and their means over the series."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from recurra.tables.arrays import Booleans, Floats, Integers, selection

ERRORS = ("rmse", "mae", "mape", "smape", "mase")


@dataclass(frozen=True, eq=False)
class Truth:
    """True values with which forecasts are compared, series by series.

    Attributes:
        y: the true values, without NaN, [R].
        last: the target before the origin of each forecast, [R].
        starts: the first value of each series, [S].
        scale: what divides the MAE of each series to give MASE, NaN if it is not defined; see `mase_scale`, [S].
    """

    y: Floats
    last: Floats
    starts: Integers
    scale: Floats

    def means(self, values: Floats | Booleans) -> Floats:
        """Return the mean of values [R] of each series, [S]."""
        counts = np.diff(self.starts, append=len(self.y))
        means: Floats = np.add.reduceat(values, self.starts, dtype=np.float64) / counts
        return means


class Scores:
    """Scores of forecasters, collected over parts of the series.

    >>> truth = Truth(np.array([10.0, 20.0]), np.array([12.0, 12.0]), np.array([0]), np.array([2.0]))
    >>> scores = Scores()
    >>> scores.add("m", truth, np.array([12.0, 16.0]))
    >>> scores.table().loc["m", ["mae", "mase"]].tolist()
    [3.0, 1.5]
    """

    def __init__(self) -> None:
        self._found: dict[str, dict[str, list[Floats]]] = {}

    def add(
        self,
        model: str,
        truth: Truth,
        forecast: Floats,
        intervals: Mapping[float, tuple[Floats, Floats]] | None = None,
    ) -> None:
        """Score the forecasts [R] of a forecaster.

        Args:
            model: name of the forecaster.
            truth: the true values.
            forecast: the forecasts.
            intervals: lower and upper ends of prediction intervals, by level in percent.
        """
        own = self._found.setdefault(model, defaultdict(list))
        found = _point_scores(truth, forecast)
        if intervals:
            found |= _interval_scores(truth, intervals)
        for name, values in found.items():
            own[name].append(values)

    def table(self) -> pd.DataFrame:
        """Return the mean scores over the series.

        Returns:
            A row for each forecaster, with columns `rmse`; `mae`; `mape` and `smape` in percent, sMAPE being
            100 · mean of 2 |F - y| / (|F| + |y|) with 0/0 = 0; `mase`, the MAE divided by the MAE of the seasonal naive
            forecast on the training rows (Hyndman & Koehler 2006); `direction`, the fraction of changes from `last`
            whose sign is predicted correctly; `coverage-90`, the fraction of values inside the interval; and `pinball`,
            the mean quantile loss of the ends of the intervals. Undefined scores are NaN.
        """
        rows = {}
        for model, own in self._found.items():
            by_series = {name: np.concatenate(parts) for name, parts in own.items()}
            moves = by_series.pop("moves")
            means = {name: _mean(values) for name, values in by_series.items()}
            rows[model] = means | ({} if moves.any() else {"direction": np.nan})
        return pd.DataFrame.from_dict(rows, orient="index", dtype=float)


def skill(table: pd.DataFrame, model: str, baselines: Sequence[str]) -> "pd.Series[float]":
    """Return 1 - score of the model / score of the best baseline, for each error metric; 0 means no better."""
    errors = table[list(ERRORS)].T
    best = errors[list(baselines)].min(axis=1)
    return 1.0 - errors[model] / best.where(best > 0.0)


def mase_scale(y: Floats, begins: Integers, counts: Integers, season: int) -> Floats:
    """Return the mean absolute change from one season to the next of each series, [S].

    It is NaN for a series that is constant or has a single value.

    Args:
        y: values, NaN if missing, [L].
        begins: the first value of each series, [S].
        counts: number of values of each series before its first forecast, [S].
        season: number of values per season; 1 is taken for a series that is not longer.

    >>> mase_scale(np.array([1.0, 3.0, 2.0, 6.0]), np.array([0]), np.array([4]), season=2)
    array([2.])
    """
    lag = np.where(counts > season, season, 1)
    changed = np.maximum(counts - lag, 0)
    series = np.repeat(np.arange(len(counts)), changed)
    change = np.abs(y[selection(begins + lag, changed)] - y[selection(begins, changed)])
    known = ~np.isnan(change)
    total = np.bincount(series[known], change[known], minlength=len(counts))
    number = np.bincount(series[known], minlength=len(counts))
    scale = total / np.maximum(number, 1)
    return np.where(scale > 0.0, scale, np.nan)


def _point_scores(truth: Truth, forecast: Floats) -> dict[str, Floats]:
    """Return the scores of each series, [S] each; see `Scores.table`."""
    y, means = truth.y, truth.means
    error = np.abs(forecast - y)
    size, both = np.abs(y), np.abs(forecast) + np.abs(y)
    mae = means(error)
    change, predicted = np.sign(y - truth.last), np.sign(forecast - truth.last)
    moved = change != 0.0
    right = np.where(np.isnan(forecast), np.nan, moved & (predicted == change))
    with np.errstate(divide="ignore", invalid="ignore"):
        mape = np.where(means(size == 0.0) > 0.0, np.inf, means(100 * error / size))
        direction = means(right) / means(moved)
    return {
        "rmse": np.sqrt(means(error**2)),
        "mae": mae,
        "mape": mape,
        "smape": means(np.divide(200 * error, both, out=both * 0.0, where=both != 0.0)),
        "mase": mae / truth.scale,
        "direction": direction,
        "moves": means(moved & (predicted != 0.0)),
    }


def _interval_scores(truth: Truth, intervals: Mapping[float, tuple[Floats, Floats]]) -> dict[str, Floats]:
    """Return coverage and mean quantile loss of each series, [S] each."""
    found, losses = {}, []
    for level, (lower, upper) in intervals.items():
        found[f"coverage-{level:g}"] = truth.means((lower <= truth.y) & (truth.y <= upper))
        for values, quantile in ((lower, 0.5 - level / 200), (upper, 0.5 + level / 200)):
            above = truth.y - values
            losses.append(truth.means(np.maximum(quantile * above, (quantile - 1) * above)))
    return found | {"pinball": np.mean(losses, axis=0)}


def _mean(by_series: Floats) -> float:
    """Return the mean over the series for which a score is defined; NaN if there are none, or one is infinite."""
    if np.isinf(by_series).any() or np.isnan(by_series).all():
        return float("nan")
    return float(np.nanmean(by_series))
