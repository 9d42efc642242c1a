"""Conformal calibration of predicted quantiles, separately for each step of the horizon."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from recurra.evaluation.conformal import (
    MAX_ERRORS,
    Answers,
    Calibration,
    Intervals,
    ascending,
    check_interval,
    counts_of,
    needs,
)
from recurra.tables.arrays import Floats


@dataclass(frozen=True)
class QuantileCalibration:
    """Errors of predicted quantiles on rows outside the training rows, by which the quantiles are moved.

    This is conformalized quantile regression (Romano, Patterson & Candès 2019), each quantile on its own. An error is
    measured in widths of the forecast's own widest band, as Sesia & Candès (2020) do, so that a series, or a window,
    with little noise stays narrow. If a new error is exchangeable with these, an upper quantile lies at or above the
    new value with at least its probability, and a lower one at or below it. Where there are too few errors to say so, a
    quantile stays where it is predicted, or covers all of them. A quantile that is not predicted is made of the nearest
    one that is farther from the median, or of the farthest.

    Attributes:
        probabilities: those of the predicted quantiles, in ascending order, [K].
        errors: true value - quantile, in widths of the widest band, [K, n, H], ascending along n; NaN, for missing
            values, is last. With n = 0, of a model without validation part, quantiles stay as they are predicted.

    >>> answers = Answers(np.zeros((99, 1)), np.ones((99, 1)), {p: np.full((99, 1), p - 0.5) for p in (0.1, 0.5, 0.9)})
    >>> calibration = QuantileCalibration.of(answers, np.linspace(-0.98, 0.98, 99)[:, None])
    >>> lower, upper = calibration.intervals(answers, [80.0])[80.0]
    >>> (lower[0, 0].round(6), upper[0, 0].round(6))
    (np.float64(-0.8), np.float64(0.8))
    """

    probabilities: tuple[float, ...]
    errors: Floats

    @classmethod
    def of(cls, found: Answers, truth: Floats) -> "QuantileCalibration":
        """Build a calibration from predicted quantiles and true values [n, H], NaN where they are missing."""
        unit, most = _widest(found), MAX_ERRORS // len(found.quantiles)
        errors = [ascending((truth - values) / unit, most) for values in found.quantiles.values()]
        return cls(tuple(found.quantiles), np.stack(errors))

    @classmethod
    def none(cls, probabilities: Sequence[float], horizon: int) -> "QuantileCalibration":
        """Return the calibration that leaves quantiles as they are predicted."""
        return cls(tuple(probabilities), np.empty((len(probabilities), 0, horizon)))

    def supports(self, level: float) -> bool:
        """Return whether an interval of this level, in percent, can be made at every step."""
        return not self.lack(level)

    def lack(self, level: float) -> str:
        """Return what an interval of this level needs, as a clause; empty if it can be made."""
        low, high = _ends(level)
        needed, counts = math.ceil(high / low - 1e-9), counts_of(self.errors[0])
        if (self.probabilities[0] <= low and high <= self.probabilities[-1]) or (counts >= needed).all():
            return ""
        if len(self.errors[0]):
            return needs(needed, int(counts.min()))
        widest = 100.0 * (self.probabilities[-1] - self.probabilities[0])
        return f"needs a validation part, as the widest that the network predicts has {widest:g} %"

    def intervals(self, found: Answers, levels: Sequence[float]) -> Intervals:
        """Return the ends of the intervals by level in percent: the quantiles that bound it.

        Raises:
            InputError: a level is not between 1 and 100, or cannot be made.
        """
        for level in levels:
            check_interval(level, self)
        ends = {level: _ends(level) for level in levels}
        at = self._at(found, [probability for pair in ends.values() for probability in pair])
        return {level: (at[low], at[high]) for level, (low, high) in ends.items()}

    def quantiles(self, found: Answers) -> Mapping[float, Floats]:
        """Return the calibrated quantiles by probability."""
        return self._at(found, [])

    def _at(self, found: Answers, more: Sequence[float]) -> dict[float, Floats]:
        """Return calibrated quantiles, which do not cross: those that are predicted, and more."""
        wanted, unit = sorted({*self.probabilities, *more}), _widest(found)
        at = {probability: self._moved(found, probability, unit) for probability in wanted}
        upper, lower = [p for p in wanted if p >= 0.5], [p for p in reversed(wanted) if p <= 0.5]
        for side, farther in ((upper, np.maximum), (lower, np.minimum)):
            for inner, outer in pairwise(side):
                at[outer] = farther(at[outer], at[inner])
        return at

    def _moved(self, found: Answers, probability: float, unit: Floats) -> Floats:
        """Return the quantile of this probability, made of the nearest one that is farther from the median, [N, H].

        Errors are measured in `unit` [N, H].
        """
        is_upper = probability > 0.5
        if is_upper:
            base = next((p for p in self.probabilities if p >= probability), self.probabilities[-1])
        else:
            base = next((p for p in reversed(self.probabilities) if p <= probability), self.probabilities[0])
        errors = self.errors[self.probabilities.index(base)]
        if probability == 0.5 or not len(errors):
            return found.quantiles[base]
        counts = counts_of(errors)
        exact = (counts + 1) * probability
        ranks = (np.ceil(exact - 1e-9) if is_upper else np.floor(exact + 1e-9)).astype(np.int64)
        moves = np.take_along_axis(errors, ranks.clip(1, np.maximum(counts, 1))[None] - 1, axis=0)[0]
        outwards = np.fmax(moves, 0.0) if is_upper else np.fmin(moves, 0.0)  # 0 where there is no error at all
        enough = (ranks >= 1) & (ranks <= counts)
        moved: Floats = found.quantiles[base] + np.where(enough, moves, outwards) * unit
        return moved


def calibration_of(found: Answers, truth: Floats) -> Calibration | QuantileCalibration:
    """Build the calibration of forecasts on the validation part from the true values [n, H]."""
    if found.quantiles:
        return QuantileCalibration.of(found, truth)
    return Calibration.of((found.point - truth) / found.scale)


def _widest(found: Answers) -> Floats:
    """Return the width of the widest predicted band, in which errors are measured; a scaled unit where it is 0."""
    *_, last = found.quantiles.values()
    width = last - next(iter(found.quantiles.values()))
    return np.where(width > 0.0, width, found.scale)


def _ends(level: float) -> tuple[float, float]:
    """Return the probabilities of the quantiles that bound an interval; of 90 % exactly 0.05 and 0.95."""
    return round(0.5 - level / 200.0, 12), round(0.5 + level / 200.0, 12)
