"""Predictions that need no model: what a score has to be compared with."""

import warnings
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.data.arrays import Floats
from recurra.errors import InputError


def most_frequent_accuracy(symbols: Sequence[str], training: Sequence[str]) -> float:
    """The accuracy of always predicting the symbol that is most frequent in training.

    Args:
        symbols: what is to be predicted, one symbol each time.
        training: what was to be predicted in training.

    Raises:
        InputError: one of them is empty.
    """
    if not symbols or not training:
        raise InputError("there is nothing to score: no symbols to predict.")
    most_frequent = Counter(training).most_common(1)[0][0]
    return sum(symbol == most_frequent for symbol in symbols) / len(symbols)


def naive_forecasts(y: Floats, origins: NDArray[np.int64], horizon: int, season: int) -> dict[str, Floats]:
    """Forecasts of y[o], …, y[o + H - 1] from the values before o alone, for each origin o.

    Args:
        y: the series, [T].
        origins: [N], ascending, the first at least 1.
        horizon: H.
        season: rows of a season.

    Returns:
        [N, H] each: "persistence", the last value; "seasonal naive", the last season again, where there is a season
        before every origin; "drift", the straight line through the first value and the last.
    """
    last = y[origins - 1][:, None]
    ahead = np.arange(horizon)
    slope = (y[origins - 1] - y[0]) / np.maximum(origins - 1, 1)
    forecasts = {"persistence": np.repeat(last, horizon, axis=1)}
    if season > 1 and origins.min() >= season:
        forecasts["seasonal naive"] = y[origins[:, None] - season + ahead % season]
    forecasts["drift"] = last + slope[:, None] * (ahead + 1)
    return forecasts


def statistical_models() -> dict[str, Any]:
    """The classes of statsforecast by name; InputError if it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of other packages' versions
            from statsforecast.models import AutoARIMA, AutoETS, AutoTheta
    except ImportError:
        raise InputError(
            "AutoETS, AutoARIMA and Theta need statsforecast: pip install 'recurra[baselines]', or leave them out."
        ) from None
    return {"AutoETS": AutoETS, "AutoARIMA": AutoARIMA, "Theta": AutoTheta}


def statistical_forecasts(y: Floats, origins: NDArray[np.int64], horizon: int, season: int) -> dict[str, Floats]:
    """Forecasts as those of `naive_forecasts`, by AutoETS, AutoARIMA and Theta of statsforecast.

    Their form and parameters are estimated once, on the values before the first origin; later values only bring their
    states up to date. NaN where a model cannot be had of so few values, or gives up.

    Raises:
        InputError: statsforecast is not installed.
    """
    forecasts: dict[str, Floats] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of their optimizers
        for name, model in statistical_models().items():
            try:
                fitted = model(season_length=season).fit(y[: origins[0]])
                forecasts[name] = np.stack([fitted.forward(y[:origin], horizon)["mean"] for origin in origins])
            except Exception:  # they raise many kinds where there are few values, or none that differ
                forecasts[name] = np.full((len(origins), horizon), np.nan)
    return forecasts
