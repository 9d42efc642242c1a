"""Tests of whether one forecast is significantly better than another."""

from dataclasses import dataclass

import numpy as np

from recurra.tables.arrays import Floats

SIGNIFICANCE = 0.05  # p-values below this are significant


@dataclass(frozen=True)
class DieboldMariano:
    """Result of a Diebold-Mariano test.

    Attributes:
        statistic: negative if the losses of the model are smaller.
        p_value: two-sided p-value.
    """

    statistic: float
    p_value: float


def diebold_mariano(model: Floats, baseline: Floats, horizon: int = 1) -> DieboldMariano:
    """Test whether two forecasts have the same expected loss.

    The test is that of Diebold & Mariano 1995 with the small-sample correction of Harvey, Leybourne & Newbold 1997 and
    Student's t distribution with N - 1 degrees of freedom.

    Args:
        model: losses of the model in time order, [N].
        baseline: losses of the forecast that it is compared with, [N].
        horizon: number of consecutive forecasts that overlap; autocovariances up to lag horizon - 1 are included.

    Returns:
        Statistic and p-value: 0 and 1 if all losses are equal; NaN if N is less than 2 or not greater than the horizon,
        or if the difference of the losses is constant.

    >>> better, worse = np.array([1.0, 2.0, 1.0, 3.0]), np.array([2.0, 4.0, 3.0, 4.0])
    >>> result = diebold_mariano(better, worse)
    >>> round(result.statistic, 3), round(result.p_value, 3)
    (-5.196, 0.014)
    """
    from scipy.special import stdtr

    difference = model - baseline
    n = len(difference)
    if n > 0 and not difference.any():
        return DieboldMariano(0.0, 1.0)
    if n < 2 or n <= horizon:
        return DieboldMariano(np.nan, np.nan)
    centered = difference - difference.mean()
    covariances = [float((centered[lag:] * centered[: n - lag]).sum()) / n for lag in range(horizon)]
    variance = covariances[0] + 2 * sum(covariances[1:])
    if variance <= 0.0:  # the truncated sum of autocovariances may be negative
        variance, horizon = covariances[0], 1
    if variance <= np.finfo(float).eps * float(np.mean(difference**2)):
        return DieboldMariano(np.nan, np.nan)
    correction = (n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n
    statistic = float(difference.mean() / np.sqrt(variance / n) * np.sqrt(correction))
    return DieboldMariano(statistic, float(2 * stdtr(n - 1, -abs(statistic))))


def verdict(model: str, baseline: str, comparison: DieboldMariano, better: bool, *, exact: bool = False) -> str:
    """Describe a comparison in words.

    Args:
        model: display name of the model.
        baseline: display name of the forecast that it is compared with.
        comparison: result of the test.
        better: whether the mean loss of the model is the smaller one.
        exact: whether the errors of both are but those of rounding.

    >>> verdict("the network", "yesterday's close", DieboldMariano(-0.8, 0.41), better=True)
    "the network is no better than yesterday's close (p = 0.41)"
    """
    if exact:
        return f"{model} and {baseline} are both exact, but for rounding"
    p = comparison.p_value
    if p < SIGNIFICANCE:
        size = f"p = {p:.2g}" if p >= 0.001 else "p < 0.001"
        return f"{model} is {'better' if better else 'worse'} than {baseline} ({size})"
    if np.isnan(p):
        return f"{model} cannot be distinguished from {baseline}: there are too few forecasts to compare"
    return f"{model} is no better than {baseline} (p = {p:.2f})"
