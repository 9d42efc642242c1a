"""Metrics of forecasts, as in published tables, computed by utilsforecast."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

ERRORS = ("rmse", "mae", "mape", "smape", "mase")


def score_table(
    predictions: pd.DataFrame,
    models: Sequence[str],
    training: pd.DataFrame,
    season: int,
    levels: Sequence[float] = (),
) -> pd.DataFrame:
    """Score forecasters: compute each metric for each series, then the mean over the series.

    Args:
        predictions: a row for each predicted value, with columns `unique_id, ds, cutoff, y, last` (the target at the
            cutoff), a column for each forecaster, and `<model>-lo-90`, `<model>-hi-90` for intervals. Rows without `y`
            are ignored.
        models: names of the forecasters.
        training: rows before the first prediction, with columns `unique_id, ds, y`; they scale MASE.
        season: number of rows per season, for MASE; a series that is not longer is scaled with season 1.
        levels: levels of prediction intervals in percent, for the forecasters that have them.

    Returns:
        A row for each forecaster, with columns `rmse`; `mae`; `mape` and `smape` in percent, sMAPE being 100 · mean of
        2 |F - y| / (|F| + |y|) with 0/0 = 0; `mase`, the MAE divided by the MAE of the seasonal naive forecast on the
        training rows (Hyndman & Koehler 2006); `direction`, the fraction of changes from `last` whose sign is
        predicted correctly; `coverage-90`, the fraction of values inside the interval; and `pinball`, the mean quantile
        loss of the ends of the intervals. Undefined scores are NaN.
    """
    from utilsforecast import losses

    models = list(models)
    scored = predictions[predictions["y"].notna()]
    plain = scored[["unique_id", "ds", "y", *models]]
    table: dict[str, pd.Series[float]] = {
        "rmse": _mean(losses.rmse(plain, models), models),
        "mae": _mean(losses.mae(plain, models), models),
        "mape": 100 * _mean(losses.mape(plain[plain["y"] != 0.0], models), models)
        if (plain["y"] != 0.0).all()
        else pd.Series(np.nan, models),
        "smape": 200 * _mean(losses.smape(plain, models), models),
        "mase": _mase(plain, models, training, season),
        "direction": _direction(scored, models),
    }
    with_intervals = [model for model in models if levels and f"{model}-lo-{levels[0]:g}" in scored.columns]
    for level in levels:
        table[f"coverage-{level:g}"] = pd.Series(
            {m: losses.coverage(_with_level_0(scored, m, level), [m], 0)[m].mean() for m in with_intervals},
            dtype=float,
        )
    if with_intervals:
        table["pinball"] = pd.Series({model: _pinball(scored, model, levels) for model in with_intervals})
    return pd.DataFrame(table, index=models)


def skill(table: pd.DataFrame, model: str, baselines: Sequence[str]) -> "pd.Series[float]":
    """Return 1 - score of the model / score of the best baseline, for each error metric; 0 means no better."""
    errors = table[list(ERRORS)].T
    best = errors[list(baselines)].min(axis=1)
    return 1.0 - errors[model] / best.where(best > 0.0)


def _mean(by_series: pd.DataFrame, models: list[str]) -> "pd.Series[float]":
    return by_series[models].mean()


def _mase(plain: pd.DataFrame, models: list[str], training: pd.DataFrame, season: int) -> "pd.Series[float]":
    from utilsforecast import losses

    rows = training.groupby("unique_id", observed=True)["y"].transform("size")
    parts: list[pd.DataFrame] = []
    for lag, rows_of_lag in ((season, training[rows > season]), (1, training[(rows <= season) & (rows > 1)])):
        own = plain[plain["unique_id"].isin(rows_of_lag["unique_id"].unique())]
        if len(own):
            parts.append(losses.mase(own, models, lag, rows_of_lag))
    if not parts:
        return pd.Series(np.nan, models)
    by_series = pd.concat(parts)[models]
    return by_series.where(np.isfinite(by_series)).mean()


def _direction(scored: pd.DataFrame, models: list[str]) -> "pd.Series[float]":
    actual = np.sign(scored["y"] - scored["last"])
    moved = actual != 0.0
    result = {}
    for model in models:
        predicted = np.sign(scored[model] - scored["last"])
        says_something = bool((predicted[moved] != 0.0).any())
        right = (predicted == actual)[moved].groupby(scored["unique_id"][moved], observed=True).mean()
        result[model] = float(right.mean()) if says_something else np.nan
    return pd.Series(result)


def _pinball(scored: pd.DataFrame, model: str, levels: Sequence[float]) -> float:
    from utilsforecast import losses

    values = []
    for level in levels:
        for end, quantile in (("lo", 0.5 - level / 200), ("hi", 0.5 + level / 200)):
            column = f"{model}-{end}-{level:g}"
            values.append(losses.quantile_loss(scored, {column: column}, quantile)[column].mean())
    return float(np.mean(values))


def _with_level_0(scored: pd.DataFrame, model: str, level: float) -> pd.DataFrame:
    """Rename the interval columns of a level to level 0, as utilsforecast requires integer levels."""
    names = {f"{model}-{end}-{level:g}": f"{model}-{end}-0" for end in ("lo", "hi")}
    return scored[["unique_id", "ds", "y", *names]].rename(columns=names)
