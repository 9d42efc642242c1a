"""Evaluate forecasts from many origins against naive forecasts. No forecast uses rows at or after its origin."""

import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pandas as pd

from recurra.errors import InputError, counted, printable, series_left_out
from recurra.evaluation.metrics import Scores, Truth, mase_scale, skill
from recurra.evaluation.predictions import MODEL_NAME, Forecasts, Predictions
from recurra.evaluation.significance import Comparison, diebold_mariano, is_over_series, signed_ranks, verdict
from recurra.tables.arrays import Floats, Integers, selection
from recurra.tables.as_given import as_given
from recurra.tables.dates.zones import local
from recurra.tables.origins import Origins
from recurra.tables.table import Table

PERSISTENCE = "persistence"
ROUNDING = 1e-6  # relative error of an exact forecast in float32


class Forecasting(Protocol):
    """A fitted model that `evaluate` accepts."""

    @property
    def ids(self) -> Collection[str]:
        """Ids of the series to which it was fitted."""
        ...

    @property
    def baseline_columns(self) -> Sequence[str]:
        """Columns whose last value serves as a naive forecast of the target."""
        ...

    def forecast(
        self, table: Table, origins: Origins, levels: Sequence[float] = (), *, quantiles: bool = True
    ) -> Forecasts: ...


@dataclass(frozen=True, repr=False)
class Evaluation:
    """Scores of the forecasts of a model and of naive forecasts.

    Attributes:
        arrays: the forecasts of the model and of the baselines, and the true values.
        scores: a row for each forecaster, a column for each metric; see `Scores.table`.
        skill: 1 - score of the model / score of the best naive forecast, for each metric.
        display_names: the forecasters in words.
        best_naive: name of the naive forecast with the smallest squared error.
        best_baseline: name of the baseline with the smallest squared error, which may be a statistical forecast.
        comparison: test of the model against `best_baseline`: over cutoffs that of Diebold and Mariano; over series,
            where cutoffs are few, that of Wilcoxon. See `recurra.evaluation.significance`.
        verdict: the comparison in words.
    """

    arrays: Predictions
    scores: pd.DataFrame
    skill: "pd.Series[float]"
    display_names: Mapping[str, str]
    best_naive: str
    best_baseline: str
    comparison: Comparison
    verdict: str

    @cached_property
    def plain(self) -> pd.DataFrame:
        """A row for each predicted value, with local dates and ids as texts.

        Its columns are unique_id, ds, cutoff (date of the last row before the origin), step, y, last (the target at the
        cutoff), and one for each forecaster.
        """
        return self.arrays.frame()

    @cached_property
    def predictions(self) -> Any:
        """The predictions with ids, dates and columns of ids as the table gave them, as `Forecaster.predict` has."""
        return as_given(self.plain, self.arrays.table.form, self.arrays.table.given)

    def __repr__(self) -> str:
        return f"Evaluation({counted(self.arrays.forecasts.values.size, 'prediction')}: {self.verdict})"

    def to_json(self) -> dict[str, Any]:
        """Return everything except the predictions as JSON values; undefined scores are None."""
        arrays, table = self.arrays, self.arrays.table
        predicted = np.zeros(len(table.dates), dtype=np.bool_)
        predicted[arrays.predicted_rows] = True
        days = local(table.dates[predicted].unique(), table.form)
        return {
            "predictions": int(np.isfinite(arrays.actual).sum()),
            "origins": table.dates[arrays.rows - 1].nunique(),
            "horizon": arrays.horizon,
            **dict(zip(("from", "to"), _ends(days), strict=True)),
            "scores": {str(name): _plain(row) for name, row in self.scores.iterrows()},
            "skill": _plain(self.skill),
            "model": MODEL_NAME,
            "in_words": dict(self.display_names),
            "best_naive": self.best_naive,
            "best_baseline": self.best_baseline,
            "significance_test": self.comparison.test,
            **asdict(self.comparison),  # with the number of series, if it is over these
            "statistic": _finite(self.comparison.statistic),
            "p_value": _finite(self.comparison.p_value),
            "verdict": self.verdict,
        }


def evaluate(
    model: Forecasting,
    table: Table,
    origins: Origins,
    *,
    horizon: int,
    season: int,
    step: int = 1,
    levels: Sequence[float] = (),
    statistical: bool = False,
) -> Evaluation:
    """Score the forecasts of a fitted model.

    Args:
        model: a fitted model.
        table: the series, with the true values.
        origins: the origins.
        horizon: number of predicted rows per forecast.
        season: number of rows per season.
        step: number of rows between origins, from which the overlap of forecasts follows.
        levels: levels of prediction intervals in percent.
        statistical: whether to score AutoETS, AutoARIMA and Theta too.
    """
    forecasts = model.forecast(table, origins, levels, quantiles=False)  # which no score asks for
    arrays = Predictions.of(table, origins, forecasts, season, model.baseline_columns, statistical=statistical)
    return _judged(arrays, origins, season, -(-horizon // step))


def backtest(
    fit: Callable[[Table], Forecasting],
    table: Table,
    *,
    horizon: int,
    season: int,
    folds: int,
    step: int,
    refit: bool,
    levels: Sequence[float] = (),
    statistical: bool = False,
    names: tuple[str, str] = ("folds", "step"),
) -> Evaluation:
    """Fit a model, forecast from rolling origins, and score the forecasts.

    The model is fitted on the rows before the first origin; with `refit`, again on the rows before each origin.

    Args:
        fit: function that returns a model fitted to the rows of a table.
        table: the series.
        horizon: number of predicted rows per forecast; the last horizon ends with the series.
        season: number of rows per season.
        folds: number of origins per series.
        step: number of rows between origins.
        refit: whether to fit again at each origin.
        levels: levels of prediction intervals in percent.
        statistical: whether to score AutoETS, AutoARIMA and Theta too.
        names: what messages call `folds` and `step`.

    Raises:
        InputError: all series are too short, or `folds` or `step` is less than 1.
    """
    Origins.rolling(table.lengths.max(keepdims=True), horizon, folds, step, names)  # raises errors
    tested = horizon + (folds - 1) * step
    if gone := [table.ids[place] for place in np.flatnonzero(table.lengths <= tested).tolist()]:
        why = f"as no rows remain before the {tested} rows of {names[0]}={folds}"
        warnings.warn(f"{table.source}: {series_left_out(gone, len(table.ids), why)}", stacklevel=4)
    model = fit(table.head(tested))
    table = table.only(model.ids)  # others are too short
    origins = Origins.rolling(table.lengths, horizon, folds, step)
    parts: list[Forecasts] = []
    for fold in range(folds):
        if fold and refit:
            model = fit(table.head(horizon + (folds - 1 - fold) * step))
        parts.append(model.forecast(table, origins.fold(fold), levels))
    forecasts = Forecasts(
        _interleaved([part.values for part in parts]),
        {
            level: (
                _interleaved([part.intervals[level][0] for part in parts]),
                _interleaved([part.intervals[level][1] for part in parts]),
            )
            for level in levels
        },
        {p: _interleaved([part.quantiles[p] for part in parts]) for p in parts[0].quantiles},
    )
    arrays = Predictions.of(table, origins, forecasts, season, model.baseline_columns, statistical=statistical)
    return _judged(arrays, origins, season, -(-horizon // step))


def _interleaved(folds: Sequence[Floats]) -> Floats:
    """Reorder forecasts [S, H] of each fold to [S · folds, H], series by series."""
    return np.stack(folds, axis=1).reshape(-1, folds[0].shape[1])


def _judged(arrays: Predictions, origins: Origins, season: int, overlap: int) -> Evaluation:
    """Score forecasts, and compare those of the model with the best baseline.

    Args:
        arrays: the forecasts.
        origins: their origins.
        season: number of rows per season, for MASE.
        overlap: number of consecutive forecasts that share predicted rows.

    Raises:
        InputError: the target is missing in all predicted rows.
    """
    table = arrays.table
    sums = _Sums(arrays, origins, season)
    for part in arrays.parts():
        sums.add(part)
    losses, scores = sums.losses(), sums.scores.table()
    if not losses:
        raise InputError(f"{table.source}: the target has no value in any predicted row; give rows with values.")
    naive = [name for name in losses if name in arrays.naive_names]
    error = {name: float(own.mean()) for name, own in losses.items() if name != MODEL_NAME}  # infinite if one failed
    best_naive, best = min(naive, key=error.__getitem__), min(error, key=error.__getitem__)
    by_series = sums.losses_by_series(MODEL_NAME), sums.losses_by_series(best)
    comparison: Comparison
    if is_over_series(len(by_series[0]), float(np.median(origins.counts[origins.counts > 0])), overlap):
        compared, comparison = by_series, signed_ranks(*by_series)
    else:
        compared = losses[MODEL_NAME], losses[best]
        comparison = diebold_mariano(*compared, overlap)
    better = bool(compared[0].mean() < compared[1].mean())
    exact = sums.exact[MODEL_NAME] and sums.exact[best]
    words = {name: display_name(name, table, arrays.horizon) for name in losses}
    said = verdict(words[MODEL_NAME], words[best], comparison, better, exact=exact)
    skills = skill(scores, MODEL_NAME, naive)
    if exact:
        skills[:] = np.nan  # a ratio of rounding errors
    return Evaluation(arrays, scores, skills, words, best_naive, best, comparison, said)


class _Sums:
    """What is summed up over parts of the forecasts: scores, losses, and whether forecasts are exact.

    Attributes:
        scores: scores of each series.
        exact: whether the forecasts of each forecaster differ from the values as rounding does, in every series.
    """

    def __init__(self, arrays: Predictions, origins: Origins, season: int) -> None:
        table = arrays.table
        begins, first = table.starts[:-1], np.maximum(origins.first, 0)
        self.scores, self.exact = Scores(), dict[str, bool]()
        self._mase_scale = mase_scale(table.target_values, begins, first, season)
        self._loss_scale = _mean_squared_change(table.values[:, 0], begins, first)
        self._cutoffs = np.unique(table.dates.to_numpy()[arrays.rows - 1])
        self._losses: dict[str, Floats] = {}
        self._counts = np.zeros(len(self._cutoffs))
        self._by_series: dict[str, Floats] = {}  # mean losses; NaN: no forecast of the series is scored

    def add(self, part: Predictions) -> None:
        """Add the forecasts of some series."""
        scored = np.isfinite(part.actual)
        y, last = part.actual[scored], np.broadcast_to(part.last[:, None], scored.shape)[scored]
        series = np.repeat(part.series, scored.sum(axis=1))
        if not len(y):
            return
        starts = np.flatnonzero(np.diff(series, prepend=-1))
        truth = Truth(y, last, starts, self._mase_scale[series[starts]])
        size = np.repeat(np.maximum.reduceat(np.abs(y), starts), np.diff(starts, append=len(y)))
        cutoffs = np.repeat(self._cutoffs.searchsorted(part.table.dates.to_numpy()[part.rows - 1]), scored.sum(axis=1))
        self._counts += np.bincount(cutoffs, minlength=len(self._counts))
        intervals = {level: (low[scored], high[scored]) for level, (low, high) in part.forecasts.intervals.items()}
        for name, values in part.models.items():
            forecast = values[scored]
            self.scores.add(name, truth, forecast, intervals if name == MODEL_NAME else None)
            error = np.where(np.isnan(forecast), np.inf, forecast) - y
            losses = error**2 / self._loss_scale[series]
            self._losses.setdefault(name, np.zeros(len(self._counts)))
            self._losses[name] += np.bincount(cutoffs, losses, minlength=len(self._counts))
            own = self._by_series.setdefault(name, np.full(len(self._loss_scale), np.nan))
            own[series[starts]] = truth.means(losses)
            self.exact[name] = self.exact.get(name, True) and bool((np.abs(error) <= ROUNDING * size).all())

    def losses(self) -> dict[str, Floats]:
        """Return for each forecaster the mean squared error at each cutoff, in time order.

        Errors are divided by the size of the series' changes before its first origin. They are infinite where a
        forecast is missing.
        """
        scored = self._counts > 0
        return {name: loss[scored] / self._counts[scored] for name, loss in self._losses.items()}

    def losses_by_series(self, name: str) -> Floats:
        """Return the mean squared error of a forecaster in each scored series, divided as in `losses`."""
        own = self._by_series[name]
        return own[~np.isnan(own)]


def _mean_squared_change(y: Floats, begins: Integers, counts: Integers) -> Floats:
    """Return the mean squared change of the first `counts` [S] values of each series; 1 if there is none, [S]."""
    changes = np.maximum(counts - 1, 0)
    change = y[selection(begins + 1, changes)] - y[selection(begins, changes)]
    total = np.bincount(np.repeat(np.arange(len(counts)), changes), change**2, minlength=len(counts))
    mean = total / np.maximum(changes, 1)
    return np.where(mean > 0.0, mean, 1.0)


def display_name(name: str, table: Table, horizon: int) -> str:
    """Return the name of a forecaster in words."""
    daily = table.frequency.name in {"daily", "business-daily"} and horizon == 1
    if name == PERSISTENCE or name.startswith("last "):
        column = printable(table.target if name == PERSISTENCE else name.removeprefix("last "))
        return f"yesterday's {column}" if daily else f"the last {column}"
    words = {MODEL_NAME: "the network", "seasonal naive": "the value one season earlier", "drift": "a straight line"}
    return words.get(name, name)


def _ends(days: "pd.Index[Any]") -> tuple[str, str]:
    """Return the first and the last of some dates, or numbers of rows, as text."""
    if not isinstance(days, pd.DatetimeIndex):
        return str(days.min()), str(days.max())
    form = "%Y-%m-%d" if (days == days.normalize()).all() else "%Y-%m-%d %H:%M"
    return days.min().strftime(form), days.max().strftime(form)


def _plain(values: "pd.Series[float]") -> dict[str, float | None]:
    return {str(name): _finite(value) for name, value in values.items()}


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
