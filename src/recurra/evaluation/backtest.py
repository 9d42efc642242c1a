"""Evaluate forecasts from many origins against naive forecasts. No forecast uses rows at or after its origin."""

import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pandas as pd

from recurra.errors import InputError, counted, printable, series_left_out
from recurra.evaluation.baselines import naive_forecasts, statistical_forecasts
from recurra.evaluation.metrics import score_table, skill
from recurra.evaluation.significance import DieboldMariano, diebold_mariano, verdict
from recurra.stages import stage
from recurra.tables.arrays import Floats, Origins
from recurra.tables.as_given import GivenTypes, as_given
from recurra.tables.dates.zones import local
from recurra.tables.form import Form
from recurra.tables.table import Table

MODEL_NAME = "recurra"  # name of the evaluated model in columns of predictions and rows of scores
PERSISTENCE = "persistence"
ROUNDING = 1e-6  # relative error of an exact forecast in float32


@dataclass(frozen=True)
class Forecasts:
    """Forecasts from all origins of all series, concatenated.

    Attributes:
        values: point forecasts, [N, H].
        intervals: lower and upper ends of the prediction intervals, [N, H] each, by level in percent.
        quantiles: quantiles by probability, such as 0.9, [N, H] each, if the model predicts any.
    """

    values: Floats
    intervals: Mapping[float, tuple[Floats, Floats]] = field(default_factory=dict)
    quantiles: Mapping[float, Floats] = field(default_factory=dict)


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

    def forecast(self, table: Table, origins: Sequence[Origins], levels: Sequence[float] = ()) -> Forecasts: ...


@dataclass(frozen=True, repr=False)
class Evaluation:
    """Scores of the forecasts of a model and of naive forecasts.

    Attributes:
        plain: a row for each predicted value, with columns unique_id, ds, cutoff (date of the last row before the
            origin), step, y, last (the target at the cutoff), and a column for each forecaster; dates are local, and
            ids texts.
        scores: a row for each forecaster, a column for each metric; see `score_table`.
        skill: 1 - score of the model / score of the best naive forecast, for each metric.
        display_names: the forecasters in words.
        best_naive: name of the naive forecast with the smallest squared error.
        best_baseline: name of the baseline with the smallest squared error, which may be a statistical forecast.
        comparison: Diebold-Mariano test of the model against `best_baseline`.
        verdict: the comparison in words.
        form, given: how the table came, and in which types.
    """

    plain: pd.DataFrame
    scores: pd.DataFrame
    skill: "pd.Series[float]"
    display_names: Mapping[str, str]
    best_naive: str
    best_baseline: str
    comparison: DieboldMariano
    verdict: str
    form: Form
    given: GivenTypes | None = None

    @cached_property
    def predictions(self) -> Any:
        """The predictions with ids, dates and columns of ids as the table gave them, as `Forecaster.predict` has."""
        return as_given(self.plain, self.form, self.given)

    def __repr__(self) -> str:
        return f"Evaluation({counted(len(self.predictions), 'prediction')}: {self.verdict})"

    def to_json(self) -> dict[str, Any]:
        """Return everything except the predictions as JSON values; undefined scores are None."""
        days = local(pd.DatetimeIndex(self.plain["ds"]), self.form)
        return {
            "predictions": int(self.plain["y"].notna().sum()),
            "origins": int(self.plain["cutoff"].nunique()),
            "horizon": int(self.plain["step"].max()),
            **dict(zip(("from", "to"), _ends(days), strict=True)),
            "scores": {str(name): _plain(row) for name, row in self.scores.iterrows()},
            "skill": _plain(self.skill),
            "model": MODEL_NAME,
            "in_words": dict(self.display_names),
            "best_naive": self.best_naive,
            "best_baseline": self.best_baseline,
            "statistic": _finite(self.comparison.statistic),
            "p_value": _finite(self.comparison.p_value),
            "verdict": self.verdict,
        }


def evaluate(
    model: Forecasting,
    table: Table,
    origins: Sequence[Origins],
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
        origins: origins of each series, ascending.
        horizon: number of predicted rows per forecast.
        season: number of rows per season.
        step: number of rows between origins, from which the overlap of forecasts follows.
        levels: levels of prediction intervals in percent.
        statistical: whether to score AutoETS, AutoARIMA and Theta too.
    """
    forecasts = model.forecast(table, origins, levels)
    return _judged(table, origins, forecasts, model.baseline_columns, horizon, season, step, statistical)


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

    Raises:
        InputError: all series are too short, or `folds` or `step` is less than 1.
    """
    rolling_origins(max(len(series.dates) for series in table.series), horizon, folds, step)  # raises errors
    tested = horizon + (folds - 1) * step
    if gone := [series.id for series in table.series if len(series.dates) <= tested]:
        why = f"as no rows remain before the {tested} rows of {counted(folds, 'fold')}"
        warnings.warn(f"{table.source}: {series_left_out(gone, len(table.series), why)}", stacklevel=3)
    model = fit(table.head(tested))
    table = table.only(model.ids)  # others are too short
    origins = [rolling_origins(len(series.dates), horizon, folds, step) for series in table.series]
    parts: list[Forecasts] = []
    for fold in range(folds):
        if fold and refit:
            model = fit(table.head(horizon + (folds - 1 - fold) * step))
        parts.append(model.forecast(table, [own[fold : fold + 1] for own in origins], levels))
    forecasts = Forecasts(
        _interleaved([part.values for part in parts]),
        {
            level: (
                _interleaved([part.intervals[level][0] for part in parts]),
                _interleaved([part.intervals[level][1] for part in parts]),
            )
            for level in levels
        },
    )
    return _judged(table, origins, forecasts, model.baseline_columns, horizon, season, step, statistical)


def rolling_origins(rows: int, horizon: int, folds: int, step: int) -> Origins:
    """Return `folds` origins, `step` rows apart, of which the last horizon ends with the series.

    Args:
        rows: number of rows of the series.
        horizon: number of predicted rows per forecast.
        folds: number of origins.
        step: number of rows between origins.

    Raises:
        InputError: `folds` or `step` is less than 1, or the series is too short.

    >>> rolling_origins(rows=20, horizon=4, folds=3, step=2)
    array([12, 14, 16])
    """
    for name, value in (("folds", folds), ("step", step)):
        if value < 1:
            raise InputError(f"{name} is {value}; expected at least 1.")
    first = rows - horizon - (folds - 1) * step
    if first < 1:
        raise InputError(
            f"{counted(folds, 'fold')} of {counted(horizon, 'row')}, {step} apart, need more than the {rows:,} "
            "available rows; take fewer."
        )
    return first + step * np.arange(folds, dtype=np.int64)


def _interleaved(folds: Sequence[Floats]) -> Floats:
    """Reorder forecasts [S, H] of each fold to [S · folds, H], series by series."""
    return np.stack(folds, axis=1).reshape(-1, folds[0].shape[1])


def _judged(
    table: Table,
    origins: Sequence[Origins],
    forecasts: Forecasts,
    last_of: Sequence[str],
    horizon: int,
    season: int,
    step: int,
    statistical: bool,
) -> Evaluation:
    columns, naive = _naive_columns(table, origins, last_of, horizon, season)
    columns[MODEL_NAME] = forecasts.values
    if statistical:
        columns |= _statistical_columns(table, origins, horizon, season)
    models = [MODEL_NAME, *(name for name in columns if name != MODEL_NAME)]
    for level, (lower, upper) in forecasts.intervals.items():
        columns |= {f"{MODEL_NAME}-lo-{level:g}": lower, f"{MODEL_NAME}-hi-{level:g}": upper}
    predictions = _frame(table, origins, horizon, columns)
    scores = score_table(predictions, models, _training_frame(table, origins), season, list(forecasts.intervals))
    losses = _losses(predictions, table, origins, models)
    error = losses[[name for name in losses if name != MODEL_NAME]].mean()  # infinite for one that failed
    best_naive, best = str(error[naive].idxmin()), str(error.idxmin())
    comparison = diebold_mariano(losses[MODEL_NAME].to_numpy(), losses[best].to_numpy(), -(-horizon // step))
    better = float(losses[MODEL_NAME].mean()) < float(losses[best].mean())
    exact = _are_exact(predictions, [MODEL_NAME, best])
    words = {name: display_name(name, table, horizon) for name in models}
    said = verdict(words[MODEL_NAME], words[best], comparison, better, exact=exact)
    skills = skill(scores, MODEL_NAME, naive)
    if exact:
        skills[:] = np.nan  # a ratio of rounding errors
    form, given = table.form, table.given
    return Evaluation(predictions, scores, skills, words, best_naive, best, comparison, said, form, given)


def display_name(name: str, table: Table, horizon: int) -> str:
    """Return the name of a forecaster in words."""
    daily = table.frequency.name in {"daily", "business-daily"} and horizon == 1
    if name == PERSISTENCE or name.startswith("last "):
        column = printable(table.target if name == PERSISTENCE else name.removeprefix("last "))
        return f"yesterday's {column}" if daily else f"the last {column}"
    words = {MODEL_NAME: "the network", "seasonal naive": "the value one season earlier", "drift": "a straight line"}
    return words.get(name, name)


def _actual(table: Table, place: int) -> Floats:
    """Return the target of a series, [T]; missing values are NaN."""
    series = table.series[place]
    return np.where(series.observed[:, 0], series.values[:, 0], np.nan)


def _naive_columns(
    table: Table, origins: Sequence[Origins], last_of: Sequence[str], horizon: int, season: int
) -> tuple[dict[str, Floats], list[str]]:
    """Return the naive forecasts that all series have, [N, H] each, and their names."""
    parts: list[dict[str, Floats]] = []
    for series, own in zip(table.series, origins, strict=True):
        if not len(own):
            continue
        part = naive_forecasts(series.values[:, 0], own, horizon, season)
        for column in last_of:
            last = series.values[own - 1, table.columns.index(column)]
            part[f"last {column}"] = np.repeat(last[:, None], horizon, axis=1)
        parts.append(part)
    names = [name for name in parts[0] if all(name in part for part in parts)]
    return {name: np.concatenate([part[name] for part in parts]) for name in names}, names


def _statistical_columns(table: Table, origins: Sequence[Origins], horizon: int, season: int) -> dict[str, Floats]:
    with stage("forecasting with AutoETS, AutoARIMA and Theta"):
        parts = [
            statistical_forecasts(series.values[:, 0], own, horizon, season)
            for series, own in zip(table.series, origins, strict=True)
            if len(own)
        ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _training_frame(table: Table, origins: Sequence[Origins]) -> pd.DataFrame:
    """Return the rows of each series before its first origin, with columns unique_id, ds and y."""
    ends = [int(own[0]) if len(own) else 0 for own in origins]
    series = list(zip(table.series, ends, strict=True))
    return pd.DataFrame(
        {
            "unique_id": np.repeat([one.id for one in table.series], ends),
            "ds": np.concatenate([one.dates.to_numpy()[:end] for one, end in series]),
            "y": np.concatenate([_actual(table, place)[:end] for place, (_, end) in enumerate(series)]),
        }
    )


def _frame(table: Table, origins: Sequence[Origins], horizon: int, columns: Mapping[str, Floats]) -> pd.DataFrame:
    """Return the forecasts as a long DataFrame."""
    ahead = np.arange(horizon)
    rows = [(first[:, None] + ahead).ravel() for first in origins]
    before = [np.repeat(first - 1, horizon) for first in origins]
    dates = [series.dates.to_numpy() for series in table.series]
    lasts = [series.values[:, 0] for series in table.series]
    facts = {
        "unique_id": np.repeat([series.id for series in table.series], [len(part) for part in rows]),
        "ds": np.concatenate([days[part] for days, part in zip(dates, rows, strict=True)]),
        "cutoff": np.concatenate([days[part] for days, part in zip(dates, before, strict=True)]),
        "step": np.tile(ahead + 1, sum(map(len, origins))),
        "y": np.concatenate([_actual(table, place)[part] for place, part in enumerate(rows)]),
        "last": np.concatenate([values[part] for values, part in zip(lasts, before, strict=True)]),
    }
    return pd.DataFrame(facts | {name: values.ravel() for name, values in columns.items()})


def _losses(predictions: pd.DataFrame, table: Table, origins: Sequence[Origins], models: Sequence[str]) -> pd.DataFrame:
    """Return mean squared errors at each cutoff, divided by the series' mean squared change before its first origin.

    They are infinite where a forecast is missing.
    """
    scale = {}
    for series, own in zip(table.series, origins, strict=True):
        if len(own):
            changes = np.diff(series.values[: own[0], 0])
            scale[series.id] = float(np.mean(changes**2)) or 1.0 if len(changes) else 1.0
    scored = predictions[predictions["y"].notna()]
    scales = scored["unique_id"].map(scale)
    squared = {name: (scored[name].fillna(np.inf) - scored["y"]) ** 2 / scales for name in models}
    return pd.DataFrame(squared).groupby(scored["cutoff"]).mean()


def _are_exact(predictions: pd.DataFrame, models: Sequence[str]) -> bool:
    """Return whether all forecasts of these models differ from the values as rounding does, by series."""
    scored = predictions[predictions["y"].notna()]
    size = scored["y"].abs().groupby(scored["unique_id"]).transform("max")
    return all(bool(((scored[name] - scored["y"]).abs() <= ROUNDING * size).all()) for name in models)


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
