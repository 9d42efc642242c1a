"""Forecasts after the last rows of a table, as a frame: of one horizon, or of many that follow one another."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from recurra.errors import InputError, listed
from recurra.evaluation.predictions import Forecasts
from recurra.tables.origins import Origins
from recurra.tables.table import Table

if TYPE_CHECKING:
    from recurra.forecasting.predictor import Predictor

MOST_HORIZONS = 1_000  # that one prediction may continue


def following_rows(predictor: "Predictor", table: Table, levels: Sequence[float], count: int) -> pd.DataFrame:
    """Predict the `count` rows after the last ones of a table, with local dates and ids as texts."""
    dates, forecasts = table.following(count), _continued(predictor, table, levels, count)
    columns: dict[str, Any] = {}
    if table.many:
        columns["unique_id"] = np.repeat(np.array(table.ids, dtype=object), count)
    columns["ds"] = dates
    columns["forecast"] = forecasts.values[:, :count].ravel()
    for level, (lower, upper) in forecasts.intervals.items():
        columns |= {f"lo-{level:g}": lower[:, :count].ravel(), f"hi-{level:g}": upper[:, :count].ravel()}
    if table.many:
        assert forecasts.methods is not None
        columns["method"] = np.repeat(forecasts.methods, count)
    return pd.DataFrame(columns)


def check_horizon(count: int, horizon: int, name: str) -> None:
    """Raise an InputError if so many rows cannot be predicted; `name` is what the message calls their number."""
    most = MOST_HORIZONS * horizon
    if not 1 <= count <= most:
        raise InputError(
            f"{name} is {count}; expected 1 to {most:,}, which is {MOST_HORIZONS:,} times the horizon that the "
            "model was trained for."
        )


def _continued(predictor: "Predictor", table: Table, levels: Sequence[float], count: int) -> Forecasts:
    """Forecast at least `count` rows after the last ones; later horizons begin with the forecasts before them.

    Intervals are those of the first horizon, and NaN beyond it.

    Raises:
        InputError: if past covariates would be needed beyond the horizon, or a forecast is not finite.
    """
    horizon = predictor.plan.horizon
    if count > horizon and table.past_covariates:
        raise InputError(
            f"{count} rows are more than the horizon of {horizon} that the model was trained for, and later values of "
            f"{listed(table.past_covariates)} are not known; predict fewer rows, or train with horizon={count}."
        )
    ends = Origins.after_last(table)
    predictor.transform.check_future(table, ends, count)
    forecasts = predictor.forecast(table, ends, levels, quantiles=False)  # but for the ends of intervals
    values, place = forecasts.values, 0  # of the origin, after the last rows
    while values.shape[1] < count:
        following = min(place + horizon, count - horizon)  # no row after the last is predicted
        table, place = predictor.transform.recent(table).extended(values[:, place:following]), following
        later = predictor.forecast(table, Origins.after_last(table), quantiles=False).values
        values = np.concatenate([values, later[:, values.shape[1] - place :]], axis=1)
    if not np.isfinite(values).all():
        raise InputError(f"{table.source}: the forecasts are not finite numbers; correct the rows, or train again.")
    beyond = np.full((len(values), values.shape[1] - horizon), np.nan)
    intervals = {
        level: (np.hstack([low, beyond]), np.hstack([high, beyond]))
        for level, (low, high) in forecasts.intervals.items()
    }
    return replace(forecasts, values=values, intervals=intervals)
