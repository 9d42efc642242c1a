"""Prediction intervals by split conformal prediction, separately for each step of the horizon."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from recurra.errors import InputError
from recurra.tables.arrays import Floats

Intervals = dict[float, tuple[Floats, Floats]]  # lower and upper ends, [N, H] each, by level in percent
MAX_ERRORS = 10_000  # errors kept per step; of more, evenly spaced order statistics are kept


@dataclass(frozen=True, eq=False)
class Answers:
    """Forecasts on the additive scale: of the table, or of its logarithms.

    Attributes:
        point: point forecasts, [N, H].
        scale: size of one scaled unit of the network's output, [N, 1].
        quantiles: quantiles by probability, in ascending order, [N, H] each; empty if the head predicts none.
    """

    point: Floats
    scale: Floats
    quantiles: Mapping[float, Floats]


class Bands(Protocol):
    """What makes prediction intervals of forecasts."""

    def supports(self, level: float) -> bool:
        """Return whether an interval of this level, in percent, can be made at every step."""
        ...

    def lack(self, level: float) -> str:
        """Return what an interval of this level needs, as a clause; empty if it can be made."""
        ...

    def doubt(self, level: float) -> str:
        """Return why an interval of this level can be made, but not calibrated, as a clause; empty if it is."""
        ...

    def intervals(self, found: Answers, levels: Sequence[float]) -> Intervals:
        """Return the ends of the intervals by level in percent."""
        ...

    def quantiles(self, found: Answers) -> Mapping[float, Floats]:
        """Return the quantiles by probability; empty if none are predicted."""
        ...


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
        return cls(ascending(np.abs(errors), MAX_ERRORS))

    def supports(self, level: float) -> bool:
        """Return whether there are enough errors for an interval of this level, in percent, at every step."""
        return bool((self._ranks(level) <= self._counts()).all())

    def lack(self, level: float) -> str:
        """Return how many errors an interval of this level needs, as a clause; empty if there are enough."""
        if self.supports(level):
            return ""
        return needs(math.ceil(level / (100.0 - level)), int(self._counts().min()))

    def doubt(self, level: float) -> str:
        """Return nothing: what can be made is calibrated."""
        return ""

    def intervals(self, found: Answers, levels: Sequence[float]) -> Intervals:
        """Return the ends of the intervals around point forecasts, by level in percent; see `half_width`."""
        reach = {level: self.half_width(level) * found.scale for level in levels}
        return {level: (found.point - own, found.point + own) for level, own in reach.items()}

    def quantiles(self, found: Answers) -> Mapping[float, Floats]:
        """Return none: these forecasts are single values."""
        return {}

    def half_width(self, level: float) -> Floats:
        """Return the half-width of the interval of this level, in percent, for each step, [H].

        Raises:
            InputError: the level is not between 1 and 100, or there are too few errors for it.
        """
        check_interval(level, self)
        width: Floats = np.take_along_axis(self.errors, self._ranks(level)[None] - 1, axis=0)[0]
        return width

    def _counts(self) -> NDArray[np.int64]:
        return counts_of(self.errors)

    def _ranks(self, level: float) -> NDArray[np.int64]:
        exact = (self._counts() + 1) * (level / 100.0)
        ranks: NDArray[np.int64] = np.maximum(np.ceil(exact - 1e-9).astype(np.int64), 1)
        return ranks


def ascending(errors: Floats, most: int) -> Floats:
    """Return each column [n, H] in ascending order, or of very many errors evenly spaced order statistics."""
    ascending = np.sort(errors, axis=0)
    if len(ascending) > most:
        ascending = ascending[np.linspace(0, len(ascending) - 1, most).round().astype(np.int64)]
    return ascending


def counts_of(errors: Floats) -> NDArray[np.int64]:
    """Return the number of errors [n, H] at each step, [H]."""
    counts: NDArray[np.int64] = np.isfinite(errors).sum(axis=0)
    return counts


def needs(needed: int, found: int) -> str:
    return f"needs {needed:,} validation forecasts per step, and there are {found:,}"


def check_interval(level: float, bands: Bands | None) -> None:
    """Raise an InputError if a level is not between 1 and 100, or its interval cannot be made."""
    if bands is None:
        raise InputError(
            "prediction intervals are calibrated on the validation part, and this model was trained without one; "
            "train it with validation, such as 0.15."
        )
    check_level(level, "a prediction interval's level")
    if lack := bands.lack(level):
        raise InputError(f"an interval of {level:g} % {lack}; make validation larger, or the level lower.")


def check_level(level: float, name: str) -> None:
    """Raise an InputError if a level is not between 1 and 100; `name` is what the message calls it."""
    if not 1.0 <= level < 100.0:
        meant = f"; did you mean {100 * level:g}?" if 0.0 < level < 1.0 else "."
        raise InputError(f"{name} is {level:g}; expected percent from 1 to below 100{meant}")
