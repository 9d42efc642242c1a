"""Scalers of numbers: fitted on training rows only, each with its exact inverse.

Rows are [T, C] in float64, each column scaled by itself. What is done to a window, [B, W], is plain arithmetic that
works on numpy arrays and torch tensors alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from recurra.data.arrays import Floats
from recurra.errors import InputError

AffineKind = Literal["none", "minmax", "standard", "robust"]
WindowKind = Literal["none", "subtract-last", "divide-last", "subtract-mean", "divide-mean"]
X = TypeVar("X", Floats, Tensor)


class Scaler:
    """Learns from training rows [T, C], transforms any rows [..., C], and goes back exactly but for rounding."""

    def fit(self, rows: Floats) -> Self:
        return self

    def transform(self, rows: Floats) -> Floats:
        raise NotImplementedError

    def inverse(self, rows: Floats) -> Floats:
        raise NotImplementedError


@dataclass
class Affine(Scaler):
    """(x - center) / scale for each column.

    Args:
        kind: "minmax" takes the training rows to 0…1; "standard" to mean 0 and standard deviation 1; "robust" to
            median 0 and quartile distance 1; "none" changes nothing. A column that is constant in training is only
            shifted.

    Attributes:
        center: [C], after fit.
        scale: [C], after fit.
    """

    kind: AffineKind = "standard"
    center: Floats = field(default_factory=lambda: np.zeros(1))
    scale: Floats = field(default_factory=lambda: np.ones(1))

    def fit(self, rows: Floats) -> Self:
        if not len(rows):
            raise InputError(f"there are no rows to fit a {self.kind} scaler on; at least one is needed.")
        if self.kind == "minmax":
            self.center, self.scale = rows.min(axis=0), np.ptp(rows, axis=0)
        elif self.kind == "standard":
            self.center, self.scale = rows.mean(axis=0), rows.std(axis=0)
        elif self.kind == "robust":
            lower, self.center, upper = np.percentile(rows, [25, 50, 75], axis=0)
            self.scale = upper - lower
        else:
            self.center, self.scale = np.zeros(rows.shape[1:]), np.ones(rows.shape[1:])
        negligible = np.abs(self.center) * 1e-12  # a spread of rounding errors is none
        self.scale = np.where(self.scale > negligible, self.scale, 1.0)
        return self

    def transform(self, rows: Floats) -> Floats:
        return (rows - self.center) / self.scale

    def inverse(self, rows: Floats) -> Floats:
        return rows * self.scale + self.center


@dataclass
class Log(Scaler):
    """Natural logarithm, of positive numbers.

    Args:
        columns: which columns, [C] of bool; None: all.
    """

    columns: NDArray[np.bool_] | None = None

    def transform(self, rows: Floats) -> Floats:
        if np.any(self._chosen(rows) <= 0.0):
            raise InputError(
                f"a logarithm was asked for, and {np.min(self._chosen(rows)):g} is not positive; "
                "scale without it, or add a constant to the column."
            )
        return np.log(rows) if self.columns is None else np.log(rows, where=self.columns, out=rows.copy())

    def inverse(self, rows: Floats) -> Floats:
        return np.exp(rows) if self.columns is None else np.exp(rows, where=self.columns, out=rows.copy())

    def _chosen(self, rows: Floats) -> Floats:
        return rows if self.columns is None else rows[..., self.columns]


@dataclass
class Compose(Scaler):
    """Several scalers, one after the other; each is fitted on what the ones before it made of the training rows."""

    steps: Sequence[Scaler]

    def fit(self, rows: Floats) -> Self:
        for step in self.steps:
            rows = step.fit(rows).transform(rows)
        return self

    def transform(self, rows: Floats) -> Floats:
        for step in self.steps:
            rows = step.transform(rows)
        return rows

    def inverse(self, rows: Floats) -> Floats:
        for step in reversed(self.steps):
            rows = step.inverse(rows)
        return rows


@dataclass(frozen=True)
class Differences:
    """Each row's change from the row `lag` before it: 1 takes a trend away, the season's length takes a season away.

    The inverse needs the rows before, as a sum needs where it begins.
    """

    lag: int = 1

    def transform(self, rows: Floats) -> Floats:
        """Rows [T, ...] → [T - lag, ...]."""
        return rows[self.lag :] - rows[: -self.lag]

    def inverse(self, differences: Floats, before: Floats) -> Floats:
        """Differences [..., H] and the values [..., ≥ lag] before them → values [..., H]."""
        values = before[..., before.shape[-1] - self.lag :]
        for step in range(differences.shape[-1]):
            values = np.concatenate([values, differences[..., step : step + 1] + values[..., step : step + 1]], axis=-1)
        return values[..., self.lag :]


@dataclass(frozen=True)
class PerWindow:
    """Measure a window from a loc of its own, so that a series may rise beyond all that was seen in training.

    Args:
        kind: "subtract-last" or "subtract-mean" take the window's last value or mean away; "divide-last" and
            "divide-mean" divide by it; "none" leaves all as it is.
    """

    kind: WindowKind = "none"

    @property
    def divides(self) -> bool:
        return self.kind.startswith("divide")

    def loc(self, windows: X) -> X:
        """What the windows [B, W] are measured from, [B, 1]."""
        if self.kind.endswith("last"):
            return windows[:, -1:]
        if self.kind.endswith("mean"):
            mean: X = windows.mean(1)
            return mean[:, None]
        return windows[:, -1:] * 0.0 + (1.0 if self.divides else 0.0)

    def transform(self, values: X, loc: X) -> X:
        """Values [B, …] of the windows, or of the rows after them, as seen from `loc` [B, 1]."""
        return values / loc if self.divides else values - loc

    def inverse(self, values: X, loc: X) -> X:
        return values * loc if self.divides else values + loc
