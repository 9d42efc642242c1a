"""Prediction intervals by split conformal prediction, for each step of the horizon by itself."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recurra.data.arrays import Floats
from recurra.errors import InputError

KEPT = 10_000  # errors of a step; of more, an even choice of their order statistics says the same


@dataclass(frozen=True)
class Calibration:
    """Absolute errors of forecasts on rows that were not trained on.

    An interval reaches as far to both sides as the ⌈(n + 1) · level⌉-th smallest of n errors. If the new error is
    exchangeable with those, the interval holds the new value with at least the probability `level` (Vovk, Gammerman,
    Shafer 2005; Lei, G'Sell, Rinaldo, Tibshirani, Wasserman 2018).

    Attributes:
        errors: [n, H], each column in ascending order, NaN last where a value was not observed.
    """

    errors: Floats

    @classmethod
    def of(cls, errors: Floats) -> "Calibration":
        """Errors [n, H] in any order and of any sign."""
        ascending = np.sort(np.abs(errors), axis=0)
        if len(ascending) > KEPT:
            ascending = ascending[np.linspace(0, len(ascending) - 1, KEPT).round().astype(np.int64)]
        return cls(ascending)

    def supports(self, level: float) -> bool:
        """Whether there are errors enough for an interval of this level, in percent, at every step."""
        return bool((self._ranks(level) <= self._counts()).all())

    def half_width(self, level: float) -> Floats:
        """How far the interval of this level, in percent, reaches to either side, [H].

        Raises:
            InputError: there are too few errors for so high a level.
        """
        if not 1.0 <= level < 100.0:
            meant = f"; did you mean {100 * level:g}?" if 0.0 < level < 1.0 else "."
            raise InputError(f"a prediction interval's level is {level:g}; expected percent from 1 to below 100{meant}")
        if not self.supports(level):
            needed = math.ceil(level / (100.0 - level))
            raise InputError(
                f"an interval of {level:g} % needs at least {needed} forecasts of the validation part at every step, "
                f"and there are {int(self._counts().min())}: make validation larger, or the level lower."
            )
        width: Floats = np.take_along_axis(self.errors, self._ranks(level)[None] - 1, axis=0)[0]
        return width

    def _counts(self) -> NDArray[np.int64]:
        counts: NDArray[np.int64] = np.isfinite(self.errors).sum(axis=0)
        return counts

    def _ranks(self, level: float) -> NDArray[np.int64]:
        exact = (self._counts() + 1) * (level / 100.0)
        ranks: NDArray[np.int64] = np.maximum(np.ceil(exact - 1e-9).astype(np.int64), 1)
        return ranks
