"""Tests of whether one forecast is significantly better than another."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from recurra.tables.arrays import Floats

SIGNIFICANCE = 0.05  # p-values below this are significant
MANY_CUTOFFS = 10  # cutoffs whose forecasts do not overlap: enough for a test over time
FEWEST_SERIES = 6  # of fewer series no signed ranks are significant: 2 / 2 ** 5 is more than 0.05
EXACT = 50  # series up to which p-values of signed ranks are exact, instead of those of a normal distribution


@dataclass(frozen=True)
class DieboldMariano:
    """Result of a Diebold-Mariano test.

    Attributes:
        statistic: negative if the losses of the model are smaller.
        p_value: two-sided p-value.
    """

    test: ClassVar = "Diebold-Mariano"
    statistic: float
    p_value: float


@dataclass(frozen=True)
class SignedRanks:
    """Result of a Wilcoxon signed-rank test over series.

    Attributes:
        statistic: sum of the signed ranks, negative if the losses of the model are smaller.
        p_value: two-sided p-value.
        series: number of series that were compared.
        better_in: number of series in which the loss of the model is smaller.
    """

    test: ClassVar = "Wilcoxon signed-rank"
    statistic: float
    p_value: float
    series: int
    better_in: int


Comparison = DieboldMariano | SignedRanks


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


def signed_ranks(model: Floats, baseline: Floats) -> SignedRanks:
    """Test whether one of two forecasts has the smaller loss in more series, and by more.

    This is the test of Wilcoxon 1945, which Demšar 2006 recommends for two methods on many data sets. Unlike a paired t
    test it does not depend on a few series with huge losses. Series without a difference are ranked and then dropped
    (Pratt 1959). It tells whether the result holds for more series of the kind, not whether it holds at other times:
    series that are surprised by the same events are no independent evidence, and p-values are then too small. Of 200
    series whose errors correlate by 0.09, 15 % of the tests of two equally good forecasts are significant at 5 %.

    Args:
        model: loss of the model in each series, [S].
        baseline: loss of the forecast that it is compared with, [S].

    >>> model, baseline = np.array([1.0, 2.0, 1.0, 3.0, 2.0, 4.0]), np.array([2.0, 4.0, 4.0, 7.0, 7.0, 3.5])
    >>> signed_ranks(model, baseline)
    SignedRanks(statistic=-19.0, p_value=0.0625, series=6, better_in=5)
    """
    from scipy.special import ndtr

    difference = model - baseline
    _, place, ties = np.unique(np.abs(difference), return_inverse=True, return_counts=True)
    doubled = (2 * np.cumsum(ties) - ties + 1)[place]  # twice the mean rank, a whole number
    worse, better = doubled[difference > 0.0], doubled[difference < 0.0]
    statistic = float(worse.sum() - better.sum()) / 2
    ranks = np.concatenate([worse, better])
    if not len(ranks):
        p_value = 1.0
    elif len(ranks) <= EXACT:
        ways = np.zeros(int(ranks.sum()) + 1)  # to choose the signs, by the sum of the positive ranks
        ways[0] = 1.0
        for rank in ranks.tolist():
            ways[rank:] += ways[: len(ways) - rank].copy()
        smaller = int(min(worse.sum(), better.sum()))
        p_value = min(1.0, 2 * float(ways[: smaller + 1].sum()) / 2.0 ** len(ranks))
    else:
        p_value = float(2 * ndtr(-2 * abs(statistic) / np.linalg.norm(ranks.astype(np.float64))))
    return SignedRanks(statistic, p_value, len(difference), len(better))


def is_over_series(series: int, cutoffs: float, overlap: int) -> bool:
    """Return whether forecasts are compared series by series, as there are few cutoffs and more series.

    Args:
        series: number of series.
        cutoffs: number of forecasts of a usual series.
        overlap: number of consecutive forecasts that share predicted rows.
    """
    return series >= FEWEST_SERIES and cutoffs / overlap < min(MANY_CUTOFFS, series)


def verdict(model: str, baseline: str, comparison: Comparison, better: bool, *, exact: bool = False) -> str:
    """Describe a comparison in words.

    Args:
        model: display name of the model.
        baseline: display name of the forecast that it is compared with.
        comparison: result of the test.
        better: whether the mean loss of the model is the smaller one.
        exact: whether the errors of both are but those of rounding.

    >>> verdict("the network", "yesterday's close", DieboldMariano(-0.8, 0.41), better=True)
    "the network is no better than yesterday's close (p = 0.41)"
    >>> verdict("the network", "the last y", SignedRanks(-900.0, 0.002, series=60, better_in=45), better=True)
    'the network is better than the last y across 60 series (in 45 of them, p = 0.002)'
    """
    if exact:
        return f"{model} and {baseline} are both exact, but for rounding"
    p = comparison.p_value
    if np.isnan(p):
        return f"{model} cannot be distinguished from {baseline}: there are too few forecasts to compare"
    size = f"p = {p:.2f}" if p >= SIGNIFICANCE else f"p = {p:.2g}" if p >= 0.001 else "p < 0.001"
    smaller = comparison.statistic < 0.0 if isinstance(comparison, SignedRanks) else better
    word = "no better" if p >= SIGNIFICANCE else "better" if smaller else "worse"
    if not isinstance(comparison, SignedRanks):
        return f"{model} is {word} than {baseline} ({size})"
    where = f"{'' if word == 'better' else 'better '}in {comparison.better_in:,} of them"
    mean = "" if p >= SIGNIFICANCE or better == smaller else ", though not in the mean of their squared errors"
    return f"{model} is {word} than {baseline} across {comparison.series:,} series ({where}, {size}){mean}"
