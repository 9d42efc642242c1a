"""Baselines: naive and statistical forecasts with which a model's scores are compared."""

import warnings
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from recurra.errors import InputError
from recurra.tables.arrays import Floats, Integers


def most_frequent_accuracy(symbols: Sequence[str], training: Sequence[str]) -> float:
    """Return the accuracy of always predicting the most frequent training target.

    Args:
        symbols: the targets to predict.
        training: the targets in training.

    Raises:
        InputError: `symbols` or `training` is empty.

    >>> most_frequent_accuracy("abca", training="aab")
    0.5
    """
    if not symbols or not training:
        raise InputError("there is nothing to score: no symbols to predict.")
    most_frequent = Counter(training).most_common(1)[0][0]
    return sum(symbol == most_frequent for symbol in symbols) / len(symbols)


def naive_forecasts(
    y: Floats, origins: Integers, horizon: int, season: int, begins: Integers | int = 0, *, first: int = 0
) -> dict[str, Floats]:
    """Forecast y[o], …, y[o + H - 1] from the values before each origin o.

    Args:
        y: one or several series, one after another, [T].
        origins: origins, after the first value of their series, [N].
        horizon: number of predicted values per origin, H.
        season: number of values per season.
        begins: place of the first value of the series of each origin, [N].
        first: number of values after each origin that are left out.

    Returns:
        Forecasts by name, [N, H - first] each. "persistence" repeats the last value. "seasonal naive" repeats the last
        season, or the last value where there is no full season before an origin; it is omitted if the season is 1.
        "drift" extends the line through the first and the last value.

    >>> naive_forecasts(np.array([1.0, 3.0, 2.0]), np.array([3]), horizon=2, season=2)
    {'persistence': array([[2., 2.]]), 'seasonal naive': array([[3., 2.]]), 'drift': array([[2.5, 3. ]])}
    """
    last = y[origins - 1][:, None]
    ahead = np.arange(first, horizon)
    slope = (y[origins - 1] - y[begins]) / np.maximum(origins - 1 - begins, 1)
    forecasts = {"persistence": np.repeat(last, len(ahead), axis=1)}
    if season > 1:
        back = np.where(origins - begins >= season, season, 1)[:, None]
        forecasts["seasonal naive"] = y[origins[:, None] - back + ahead % back]
    forecasts["drift"] = last + slope[:, None] * (ahead + 1)
    return forecasts


def deviations(errors: Floats, first: Integers, stop: Integers) -> Floats:
    """Return the root mean square of errors[f:s] for each pair of places, [N]; missing errors, NaN, are skipped.

    >>> deviations(np.array([3.0, np.nan, 1.0]), np.array([0, 2, 1]), np.array([2, 3, 2]))
    array([ 3.,  1., nan])
    """
    known = ~np.isnan(errors)
    pairs = np.column_stack([first, stop]).ravel()
    count, total = (
        np.where(first < stop, np.add.reduceat(np.append(part, 0.0), pairs)[::2], 0.0)
        for part in (known, np.where(known, errors**2, 0.0))
    )
    mean: Floats = np.divide(total, count, out=np.full(len(first), np.nan), where=count > 0.0)
    return np.sqrt(mean)


def statistical_models() -> dict[str, Any]:
    """Return model classes of statsforecast by name; InputError if it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about versions of other packages
            from statsforecast.models import AutoARIMA, AutoETS, AutoTheta
    except ImportError:
        raise InputError(
            "AutoETS, AutoARIMA and Theta need statsforecast: pip install 'recurra[baselines]', or leave them out."
        ) from None
    return {"AutoETS": AutoETS, "AutoARIMA": AutoARIMA, "Theta": AutoTheta}


def statistical_forecasts(y: Floats, origins: Integers, horizon: int, season: int) -> dict[str, Floats]:
    """Forecast as `naive_forecasts`, with AutoETS, AutoARIMA and Theta of statsforecast.

    Models are selected and estimated once, on the values before the first origin; later values only update their
    states. Forecasts are NaN if a model fails, for example because there are too few values.

    Raises:
        InputError: statsforecast is not installed.
    """
    forecasts: dict[str, Floats] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about convergence of optimizers
        for name, model in statistical_models().items():
            try:
                fitted = model(season_length=season).fit(y[: origins[0]])
                forecasts[name] = np.stack([fitted.forward(y[:origin], horizon)["mean"] for origin in origins])
            except Exception:  # many types, for few or constant values
                forecasts[name] = np.full((len(origins), horizon), np.nan)
    return forecasts
