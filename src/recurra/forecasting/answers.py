"""What is made of a network's answers: how much of its correction counts, and last values where it gives none."""

import numpy as np

from recurra.evaluation.conformal import Answers
from recurra.tables.arrays import Booleans, Floats

WEIGHTS = tuple(number / 10 for number in range(10, -1, -1))  # of the correction by the network
EVIDENCE, DOUBTFUL = 0.01, 0.5  # the part of the errors that a correction must take away, and the most weight if not


def deserved_weight(found: Answers, corrected: Floats, truth: Floats) -> float:
    """Return the weight that the corrections of answers deserve.

    It is 1 if they make absolute errors smaller by one part in a hundred, and otherwise the weight with the smallest,
    at most a half. A weight below 1 may do better in any case, but forecasts of one time err together, and say little
    about other times.

    Args:
        found: the answers, with whole corrections.
        corrected: the forecasts that they correct, [N, H].
        truth: the true values, NaN where they are missing, [N, H].
    """
    errors = {
        weight: float(np.nanmean(np.abs(corrected + weight * (found.point - corrected) - truth) / found.scale))
        for weight in WEIGHTS
    }
    if errors[1.0] <= (1.0 - EVIDENCE) * errors[0.0]:
        return 1.0
    return min((weight for weight in WEIGHTS if weight <= DOUBTFUL), key=errors.__getitem__)


def with_weight(found: Answers, corrected: Floats, weight: float) -> Answers:
    """Return answers of which only a part of the correction counts: it moves every quantile as it moves the point.

    Args:
        found: the answers, with whole corrections.
        corrected: the forecasts that they correct, [N, H].
        weight: the part that counts, from 0 to 1.
    """
    moved = (weight - 1.0) * (found.point - corrected)
    quantiles = {probability: values + moved for probability, values in found.quantiles.items()}
    return Answers(found.point + moved, found.scale, quantiles)


def with_last_values(found: Answers, answered: Booleans, last: Floats, scale: Floats) -> Answers:
    """Return answers in the rows that are `answered` [N], and last values in the others.

    The quantiles of a last value are as far from it as those of the answers are from theirs on average.

    Args:
        found: the answers in the rows that are `answered`.
        answered: the rows of the answers.
        last: values before each origin, [N, 1].
        scale: size of a unit of the series of each origin, [N, 1].
    """

    def spread(own: Floats, others: Floats) -> Floats:
        whole = np.broadcast_to(others, (len(others), own.shape[1])).copy()
        whole[answered] = own
        return whole

    quantiles = {}
    for probability, values in found.quantiles.items():
        offset = ((values - found.point) / found.scale).mean(axis=0) if len(values) else np.zeros(values.shape[1])
        quantiles[probability] = spread(values, last + offset * scale)
    return Answers(spread(found.point, last), spread(found.scale, scale), quantiles)
