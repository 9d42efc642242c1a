"""Whether one forecast is better than another, or only luckier."""

from dataclasses import dataclass

import numpy as np

from recurra.data.arrays import Floats

LEVEL = 0.05  # p-values below this count as a difference


@dataclass(frozen=True)
class DieboldMariano:
    """Attributes: the statistic, negative where the model's losses are smaller, and the two-sided p-value."""

    statistic: float
    p_value: float


def diebold_mariano(model: Floats, baseline: Floats, horizon: int = 1) -> DieboldMariano:
    """Test whether two forecasts have the same expected loss.

    Diebold & Mariano 1995, with the small-sample correction of Harvey, Leybourne & Newbold 1997 and Student's t with
    n - 1 degrees of freedom.

    Args:
        model: losses of the model, [N], in time order.
        baseline: losses of what it is compared with, [N].
        horizon: forecasts overlap so far: autocovariances up to horizon - 1 are taken into account.

    Returns:
        Statistic and p-value; 0 and 1 where all losses are equal, NaN where there are no more forecasts than overlap,
        fewer than two, or where the difference never varies.
    """
    from scipy.special import stdtr

    difference = model - baseline
    n = len(difference)
    if n > 0 and not difference.any():
        return DieboldMariano(0.0, 1.0)
    if n < 2 or n <= horizon:
        return DieboldMariano(np.nan, np.nan)
    centered = difference - difference.mean()
    covariances = [float(centered[lag:] @ centered[: n - lag]) / n for lag in range(horizon)]
    variance = covariances[0] + 2 * sum(covariances[1:])
    if variance <= 0.0:  # possible with overlap, as these weights do not keep it positive
        variance, horizon = covariances[0], 1
    if variance <= np.finfo(float).eps * float(np.mean(difference**2)):
        return DieboldMariano(np.nan, np.nan)
    correction = (n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n
    statistic = float(difference.mean() / np.sqrt(variance / n) * np.sqrt(correction))
    return DieboldMariano(statistic, float(2 * stdtr(n - 1, -abs(statistic))))


def verdict(model: str, baseline: str, comparison: DieboldMariano, better: bool) -> str:
    """The comparison in words, such as "the network is no better than yesterday's close (p = 0.41)".

    Args:
        model: the forecast in words.
        baseline: what it is compared with, in words.
        comparison: the test.
        better: whether the model's mean loss is the smaller one.
    """
    p = comparison.p_value
    if p < LEVEL:
        size = f"p = {p:.2g}" if p >= 0.001 else "p < 0.001"
        return f"{model} is {'better' if better else 'worse'} than {baseline} ({size})"
    if np.isnan(p):
        return f"{model} cannot be told from {baseline}: there are too few forecasts to compare"
    return f"{model} is no better than {baseline} (p = {p:.2f})"
