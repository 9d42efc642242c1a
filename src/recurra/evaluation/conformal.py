"""Prediction intervals by split conformal prediction, separately for each step of the horizon."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recurra.errors import InputError
from recurra.tables.arrays import Floats

MAX_ERRORS = 10_000  # errors kept per step; of more, evenly spaced order statistics are kept


@dataclass(frozen=True)
class Calibration:
    """Absolute errors of forecasts on rows outside the training rows, from which prediction intervals are computed.

    The half-width of an interval is the ⌈(n + 1) · level⌉-th smallest of n errors. If a new error is exchangeable with
    these, the interval covers the new value with a probability of at least `level` (Vovk, Gammerman & Shafer 2005; Lei,
    G'Sell, Rinaldo, Tibshirani & Wasserman 2018).

    Attributes:
        errors: [n, H], each column in ascending order; NaN, for missing values, is last.

    >>> calibration = Calibration.of(np.arange(-9.0, 10.0)[:, None])
    >>> calibration.half_width(90.0)
    array([9.])
    >>> calibration.supports(99.0)
    False
    """

    errors: Floats

    @classmethod
    def of(cls, errors: Floats) -> "Calibration":
        """Build a calibration from signed errors [n, H] in any order."""
        ascending = np.sort(np.abs(errors), axis=0)
        if len(ascending) > MAX_ERRORS:
            ascending = ascending[np.linspace(0, len(ascending) - 1, MAX_ERRORS).round().astype(np.int64)]
        return cls(ascending)

    def supports(self, level: float) -> bool:
        """Return whether there are enough errors for an interval of this level, in percent, at every step."""
        return bool((self._ranks(level) <= self._counts()).all())

    def lack(self, level: float) -> str:
        """Return how many errors an interval of this level needs, as a clause; empty if there are enough."""
        if self.supports(level):
            return ""
        needed = math.ceil(level / (100.0 - level))
        return f"needs {needed:,} validation forecasts per step, and there are {int(self._counts().min()):,}"

    def half_width(self, level: float) -> Floats:
        """Return the half-width of the interval of this level, in percent, for each step, [H].

        Raises:
            InputError: the level is not between 1 and 100, or there are too few errors for it.
        """
        check_level(level, "a prediction interval's level")
        if lack := self.lack(level):
            raise InputError(f"an interval of {level:g} % {lack}; make validation larger, or the level lower.")
        width: Floats = np.take_along_axis(self.errors, self._ranks(level)[None] - 1, axis=0)[0]
        return width

    def _counts(self) -> NDArray[np.int64]:
        counts: NDArray[np.int64] = np.isfinite(self.errors).sum(axis=0)
        return counts

    def _ranks(self, level: float) -> NDArray[np.int64]:
        exact = (self._counts() + 1) * (level / 100.0)
        ranks: NDArray[np.int64] = np.maximum(np.ceil(exact - 1e-9).astype(np.int64), 1)
        return ranks


def check_level(level: float, name: str) -> None:
    """Raise an InputError if a level is not between 1 and 100; `name` is what the message calls it."""
    if not 1.0 <= level < 100.0:
        meant = f"; did you mean {100 * level:g}?" if 0.0 < level < 1.0 else "."
        raise InputError(f"{name} is {level:g}; expected percent from 1 to below 100{meant}")
