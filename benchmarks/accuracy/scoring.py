"""Scores as in the published tables, of points and of quantiles, and the forecasts that they are compared with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from sets import Floats, SeriesSet

PROBABILITIES = (0.025, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.975)
ROUNDING = 1e-6  # relative error of what is exact; the network computes in single precision
DECILES = tuple(p for p in PROBABILITIES if 0.1 <= p <= 0.9)
LEVELS = (80, 95)
NORMAL = {probability: NormalDist().inv_cdf(probability) for probability in PROBABILITIES}


@dataclass(frozen=True)
class Forecast:
    """Forecasts of a set.

    Attributes:
        point: point forecasts, NaN where a series has none, [S, H].
        quantiles: quantiles by probability, [S, H] each.
    """

    point: Floats
    quantiles: Mapping[float, Floats] = field(default_factory=dict)

    @property
    def omitted(self) -> NDArray[np.bool_]:
        """Which series have no forecast, [S]."""
        return np.asarray(np.isnan(self.point).any(axis=1))

    def completed(self, of: "Forecast") -> "Forecast":
        """Return the forecast with those of another one for the series that are omitted."""
        gone = self.omitted[:, None]
        quantiles = {p: np.where(gone, of.quantiles[p], values) for p, values in self.quantiles.items()}
        return Forecast(np.where(gone, of.point, self.point), quantiles)

    def clipped(self) -> "Forecast":
        """Return the forecast with 0 for what is negative."""
        return Forecast(self.point.clip(min=0), {p: values.clip(min=0) for p, values in self.quantiles.items()})


def naive(data: SeriesSet) -> Forecast:
    """Return the last value of each series, with quantiles of a random walk with normal steps."""
    return _lagged(data, 1)


def seasonal_naive(data: SeriesSet) -> Forecast:
    """Return the last season of each series, with quantiles of a seasonal random walk with normal steps.

    A series that is not longer than a season repeats its last value.
    """
    return _lagged(data, data.season)


def _lagged(data: SeriesSet, season: int) -> Forecast:
    ahead = np.arange(data.horizon)
    points, deviations = [], []
    for values in data.training:
        lag = season if len(values) > season else 1
        points.append(values[len(values) - lag + ahead % lag])
        size = np.sqrt(np.mean((values[lag:] - values[:-lag]) ** 2))
        deviations.append(size * np.sqrt(1 + ahead // lag))
    point, deviation = np.stack(points), np.stack(deviations)
    return Forecast(point, {p: point + NORMAL[p] * deviation for p in PROBABILITIES})


def smape(data: SeriesSet, point: Floats) -> Floats:
    """Return the sMAPE of each series in percent, [S]: 100 · mean of 2 |F - Y| / (|F| + |Y|).

    Missing true values are skipped, and so is 0 / 0; any other forecast of a true 0 costs 200.
    """
    truth = data.truth
    both = np.abs(point) + np.abs(truth)
    with np.errstate(invalid="ignore"):
        return np.asarray(100 * np.nanmean(2 * np.abs(point - truth) / both, axis=1))


def mase(data: SeriesSet, point: Floats) -> Floats:
    """Return the MASE of each series, [S]: MAE / MAE of the seasonal naive forecast on the training values.

    A series that is not longer than a season is compared with its last value. It is 0 for a constant series that is
    forecast exactly, and infinite for one that is not.
    """
    error = np.nanmean(np.abs(point - data.truth), axis=1)
    error[error <= ROUNDING * np.nanmean(np.abs(data.truth), axis=1)] = 0.0
    scale = np.array([_mean_change(values, data.season) for values in data.training])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(error == 0.0, 0.0, error / scale)


def _mean_change(values: Floats, season: int) -> float:
    lag = season if len(values) > season else 1
    return float(np.abs(values[lag:] - values[:-lag]).mean())


def quantile_loss(data: SeriesSet, forecast: Forecast) -> float:
    """Return the mean weighted quantile loss over the deciles that the forecast has.

    That of one quantile is 2 · sum of quantile losses / sum of |Y| (Park et al. 2022, and GluonTS).
    """
    truth = data.truth
    total = np.nansum(np.abs(truth))
    losses = []
    for probability in DECILES:
        if probability in forecast.quantiles:
            above = truth - forecast.quantiles[probability]
            losses.append(2 * np.nansum(np.maximum(probability * above, (probability - 1) * above)) / total)
    return float(np.mean(losses)) if losses else float("nan")


@dataclass(frozen=True)
class Coverage:
    """How often intervals of one level hold the true values.

    Attributes:
        share: share of the values that are covered, mean over the series.
        error: its standard error, as the series are independent.
        under_half: share of the series of which less than half of the level is covered.
        ideal: what that share would be for an ideal forecaster whose successive errors are as correlated.
        ideal_all: the same, where errors at every distance are as correlated; constant errors of a series count too.
    """

    share: float
    error: float
    under_half: float
    ideal: float
    ideal_all: float


def coverage(data: SeriesSet, forecast: Forecast, level: int) -> Coverage | None:
    """Return the coverage of the intervals of a level, in percent; None if the forecast has none."""
    lower, upper = (forecast.quantiles.get(round(0.5 + side * level / 200, 3)) for side in (-1, 1))
    if lower is None or upper is None:
        return None
    truth = data.truth
    known = ~np.isnan(truth)
    inside = (lower <= truth) & (truth <= upper)
    own = inside.sum(axis=1) / known.sum(axis=1)
    middle = forecast.quantiles.get(0.5, forecast.point)
    found = np.array([1.0, *(autocorrelation(truth - middle, lag) for lag in range(1, data.horizon))])
    first = found[1] if data.horizon > 1 else 0.0
    ideals = (ideal_under_half(known.sum(axis=1), level, own) for own in (first ** np.arange(data.horizon), found))
    error = float(own.std() / np.sqrt(len(own)))
    return Coverage(float(own.mean()), error, float((own < level / 200).mean()), *ideals)


def autocorrelation(errors: Floats, lag: int = 1) -> float:
    """Return the correlation of two errors of a horizon, from how often they have the same sign.

    Signs do not depend on the scales of the series. Of normal variables with correlation ρ, a share of
    1/2 + arcsin(ρ)/π has the same sign (Sheppard 1899).

    Args:
        errors: errors of forecasts, NaN if unknown, [S, H].
        lag: number of steps from the one to the other.

    >>> autocorrelation(np.array([[1.0, 2.0, 3.0], [-1.0, -2.0, 5.0], [1.0, -2.0, 5.0]]))
    0.0
    """
    product = np.sign(errors[:, lag:] * errors[:, :-lag])
    signs = product[(product != 0) & ~np.isnan(product)]
    if len(signs) == 0:
        return 0.0
    same = float((signs > 0).mean())
    return float(np.clip(np.sin(np.pi * (same - 0.5)), 0.0, 0.999)) + 0.0


def ideal_under_half(horizons: NDArray[np.int64], level: int, correlations: Floats, draws: int = 200) -> float:
    """Return the expected share of series covered under half of the level, if all intervals are exactly right.

    Errors have standard normal margins, so that an interval of 80 % covers each with a probability of 80 %; those of
    one series hit or miss together.

    Args:
        horizons: number of true values of each series, [S].
        level: of the intervals, in percent.
        correlations: of errors that are 0, 1, … steps apart, [H]; powers of one number are an autoregression.
        draws: number of simulated series for each of the set.
    """
    steps = np.arange(len(correlations))
    sizes, directions = np.linalg.eigh(correlations[np.abs(steps[:, None] - steps)])
    factor = directions * np.sqrt(sizes.clip(min=0))  # estimates need not be the correlations of anything
    factor /= np.linalg.norm(factor, axis=1, keepdims=True)
    counts = np.tile(horizons, draws)
    errors = np.random.default_rng(0).normal(size=(len(counts), len(steps))) @ factor.T
    inside = (np.abs(errors) <= -NORMAL[round(0.5 - level / 200, 3)]) & (steps < counts[:, None])
    return float((inside.sum(axis=1) / counts < level / 200).mean())
