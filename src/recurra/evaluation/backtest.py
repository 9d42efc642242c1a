"""Forecasts from many origins, scored beside what needs no model. No forecast sees a row at or after its origin."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd

from recurra.data.arrays import Floats
from recurra.data.table import Table
from recurra.data.windows import Origins
from recurra.errors import InputError
from recurra.evaluation.baselines import naive_forecasts, statistical_forecasts
from recurra.evaluation.metrics import score_table, skill
from recurra.evaluation.significance import DieboldMariano, diebold_mariano, verdict

MODEL_NAME = "recurra"  # the model's name among the forecasters
PERSISTENCE = "persistence"


@dataclass(frozen=True)
class Forecasts:
    """Forecasts of all series' samples, one series below the other.

    Attributes:
        values: [N, H].
        intervals: level in percent → lower and upper ends, [N, H] each.
    """

    values: Floats
    intervals: Mapping[float, tuple[Floats, Floats]] = field(default_factory=dict)


class Model(Protocol):
    """What can be backtested."""

    @property
    def baseline_columns(self) -> Sequence[str]:
        """Columns whose last value is a forecast of the target that needs no model."""
        ...

    def fit(self, data: Table, /) -> Any: ...
    def forecast(self, table: Table, origins: Sequence[Origins], levels: Sequence[float] = ()) -> Forecasts: ...


@dataclass(frozen=True)
class Evaluation:
    """How good forecasts were, beside what needs no model.

    Attributes:
        predictions: one row a predicted value: unique_id, ds, cutoff, step, y, last, and a column a forecaster.
        scores: one row a forecaster, one column a metric; see `score_table`.
        skill: of the model for each metric: 1 - its score / that of the best naive forecast.
        display_names: the forecasters as a person calls them.
        best_naive: the naive forecast with the smallest squared error.
        comparison: the Diebold-Mariano test of the model against it.
        verdict: the comparison in words.
    """

    predictions: pd.DataFrame
    scores: pd.DataFrame
    skill: "pd.Series[float]"
    display_names: Mapping[str, str]
    best_naive: str
    comparison: DieboldMariano
    verdict: str

    def to_json(self) -> dict[str, Any]:
        """Everything but the predictions, as plain values; None for what is not defined."""
        days = self.predictions["ds"]
        form = "%Y-%m-%d" if (days == days.dt.normalize()).all() else "%Y-%m-%d %H:%M"
        return {
            "predictions": int(self.predictions["y"].notna().sum()),
            "origins": int(self.predictions["cutoff"].nunique()),
            "horizon": int(self.predictions["step"].max()),
            "from": days.min().strftime(form),
            "to": days.max().strftime(form),
            "scores": {str(name): _plain(row) for name, row in self.scores.iterrows()},
            "skill": _plain(self.skill),
            "model": MODEL_NAME,
            "in_words": dict(self.display_names),
            "best_naive": self.best_naive,
            "statistic": _finite(self.comparison.statistic),
            "p_value": _finite(self.comparison.p_value),
            "verdict": self.verdict,
        }


def evaluate(
    model: Model,
    table: Table,
    origins: Sequence[Origins],
    *,
    horizon: int,
    season: int,
    step: int = 1,
    levels: Sequence[float] = (),
    statistical: bool = False,
) -> Evaluation:
    """Score a fitted model's forecasts from these origins.

    Args:
        model: a fitted model.
        table: the series, with the true values.
        origins: for each series the rows at which a horizon begins, ascending.
        horizon: rows of each forecast.
        season: rows of a season.
        step: rows from one origin to the next, which says how many forecasts overlap.
        levels: prediction intervals, in percent.
        statistical: score AutoETS, AutoARIMA and Theta too.
    """
    forecasts = model.forecast(table, origins, levels)
    return _judged(table, origins, forecasts, model.baseline_columns, horizon, season, step, statistical)


def backtest(
    make: Callable[[], Model],
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
    """Forecast from a rolling origin, and score.

    The model is fitted on the rows before the first origin, and, with `refit`, anew on those before each.

    Args:
        make: makes a model that is not fitted.
        table: the series.
        horizon: rows of each forecast; the last one ends with the series.
        season: rows of a season.
        folds: origins of each series.
        step: rows from one origin to the next.
        refit: fit anew at each origin.
        levels: prediction intervals, in percent.
        statistical: score AutoETS, AutoARIMA and Theta too.
    """
    origins = [rolling_origins(len(series.dates), horizon, folds, step) for series in table.series]
    parts: list[Forecasts] = []
    model = make()
    for fold in range(folds):
        if fold == 0 or refit:
            model = make()
            model.fit(table.head(horizon + (folds - 1 - fold) * step))
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
    """The first rows of `folds` horizons, `step` rows apart, the last of which ends with the series.

    Raises:
        InputError: folds or step are less than 1, or the series is too short.
    """
    for name, value in (("folds", folds), ("step", step)):
        if value < 1:
            raise InputError(f"{name} is {value}; expected at least 1.")
    first = rows - horizon - (folds - 1) * step
    if first < 1:
        raise InputError(
            f"{folds} folds of {horizon} rows, {step} apart, need more than the {rows} rows that there are; take fewer."
        )
    return first + step * np.arange(folds, dtype=np.int64)


def _interleaved(folds: Sequence[Floats]) -> Floats:
    """Folds of [S, H] each → [S · folds, H], one series below the other."""
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
    losses = _losses(predictions, table, origins, [MODEL_NAME, *naive])
    best = min(naive, key=lambda name: float(losses[name].mean()))
    comparison = diebold_mariano(losses[MODEL_NAME].to_numpy(), losses[best].to_numpy(), -(-horizon // step))
    better = float(losses[MODEL_NAME].mean()) < float(losses[best].mean())
    words = {name: display_name(name, table, horizon) for name in models}
    said = verdict(words[MODEL_NAME], words[best], comparison, better)
    return Evaluation(predictions, scores, skill(scores, MODEL_NAME, naive), words, best, comparison, said)


def display_name(name: str, table: Table, horizon: int) -> str:
    """A forecaster as a person calls it."""
    daily = table.frequency.name in {"daily", "business-daily"} and horizon == 1
    if name == PERSISTENCE or name.startswith("last "):
        column = table.target if name == PERSISTENCE else name.removeprefix("last ")
        return f"yesterday's {column}" if daily else f"the last {column}"
    words = {MODEL_NAME: "the network", "seasonal naive": "the value of a season before", "drift": "a straight line"}
    return words.get(name, name)


def _actual(table: Table, place: int) -> Floats:
    """The target's values of a series, NaN where it has none."""
    series = table.series[place]
    return np.where(series.observed[:, 0], series.values[:, 0], np.nan)


def _naive_columns(
    table: Table, origins: Sequence[Origins], last_of: Sequence[str], horizon: int, season: int
) -> tuple[dict[str, Floats], list[str]]:
    """What needs no model, [N, H] each; and the names of those that all series have."""
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
    parts = [
        statistical_forecasts(series.values[:, 0], own, horizon, season)
        for series, own in zip(table.series, origins, strict=True)
        if len(own)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _training_frame(table: Table, origins: Sequence[Origins]) -> pd.DataFrame:
    """The rows of each series before its first origin: unique_id, ds, y."""
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
    """The forecasts as one long frame."""
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
    """Squared errors of each cutoff, each series' divided by its own size, so that all series count the same."""
    size = {}
    for series, own in zip(table.series, origins, strict=True):
        if len(own):
            changes = np.diff(series.values[: own[0], 0])
            size[series.id] = float(np.mean(changes**2)) or 1.0 if len(changes) else 1.0
    scored = predictions[predictions["y"].notna()]
    sizes = scored["unique_id"].map(size)
    squared = {name: (scored[name] - scored["y"]) ** 2 / sizes for name in models}
    return pd.DataFrame(squared).groupby(scored["cutoff"]).mean()


def _plain(values: "pd.Series[float]") -> dict[str, float | None]:
    return {str(name): _finite(value) for name, value in values.items()}


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
