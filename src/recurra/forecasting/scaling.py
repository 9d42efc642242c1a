"""Scalers: fitted on training rows only, each with its inverse.

Rows are [T, C] in float64; each column is scaled separately. `PerWindow` scales windows [B, W], NumPy arrays or torch
tensors.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from recurra.errors import InputError
from recurra.tables.arrays import Floats

AffineKind = Literal["none", "minmax", "standard", "robust"]
WindowKind = Literal["none", "subtract-last", "divide-last", "subtract-mean", "divide-mean"]
X = TypeVar("X", Floats, Tensor)


class Scaler:
    """Base class of scalers: `fit` on training rows [T, C], then `transform` and `inverse` rows [..., C]."""

    def fit(self, rows: Floats) -> Self:
        return self

    def transform(self, rows: Floats) -> Floats:
        raise NotImplementedError

    def inverse(self, rows: Floats) -> Floats:
        raise NotImplementedError


@dataclass
class Affine(Scaler):
    """Scale each column to (x - center) / scale.

    Args:
        kind: "minmax" scales the training rows to the range 0 to 1, "standard" to mean 0 and standard deviation 1,
            "robust" to median 0 and interquartile range 1; "none" does not change them. A column that is constant in
            the training rows is only shifted.
        center: set by `fit`, [C].
        scale: set by `fit`, [C].

    >>> scaler = Affine("minmax").fit(np.array([[10.0], [30.0]]))
    >>> scaler.transform(np.array([[20.0], [40.0]])).tolist()
    [[0.5], [1.5]]
    >>> scaler.inverse(np.array([[0.5]])).tolist()
    [[20.0]]
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
        negligible = np.abs(self.center) * 1e-12  # rounding errors of a constant column
        self.scale = np.where(self.scale > negligible, self.scale, 1.0)
        return self

    def transform(self, rows: Floats) -> Floats:
        return (rows - self.center) / self.scale

    def inverse(self, rows: Floats) -> Floats:
        return rows * self.scale + self.center


@dataclass
class Log(Scaler):
    """Take the natural logarithm of positive values.

    Args:
        columns: mask of the columns to transform, [C]; None: all columns.
    """

    columns: NDArray[np.bool_] | None = None

    def transform(self, rows: Floats) -> Floats:
        if np.any(self._chosen(rows) <= 0.0):
            raise InputError(
                f"the logarithm of {np.min(self._chosen(rows)):g} is undefined; expected positive values: "
                "turn the logarithm off, or add a constant to the column."
            )
        return np.log(rows) if self.columns is None else np.log(rows, where=self.columns, out=rows.copy())

    def inverse(self, rows: Floats) -> Floats:
        return np.exp(rows) if self.columns is None else np.exp(rows, where=self.columns, out=rows.copy())

    def _chosen(self, rows: Floats) -> Floats:
        return rows if self.columns is None else rows[..., self.columns]


@dataclass
class Compose(Scaler):
    """Chain scalers; each is fitted on the training rows as transformed by the previous ones."""

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
    """Difference rows with the row `lag` before: a lag of 1 removes a trend, the length of a season removes the season.

    The inverse needs the `lag` rows before the first difference.

    >>> Differences(lag=1).transform(np.array([3.0, 5.0, 4.0])).tolist()
    [2.0, -1.0]
    >>> Differences(lag=1).inverse(np.array([2.0, -1.0]), np.array([3.0])).tolist()
    [5.0, 4.0]
    """

    lag: int = 1

    def transform(self, rows: Floats) -> Floats:
        """Return the differences [T - lag, ...] of rows [T, ...]."""
        return rows[self.lag :] - rows[: -self.lag]

    def inverse(self, differences: Floats, before: Floats) -> Floats:
        """Return the values [..., H] of differences [..., H], given at least `lag` values before them, [..., ≥ lag]."""
        values = before[..., before.shape[-1] - self.lag :]
        for step in range(differences.shape[-1]):
            values = np.concatenate([values, differences[..., step : step + 1] + values[..., step : step + 1]], axis=-1)
        return values[..., self.lag :]


@dataclass(frozen=True)
class PerWindow:
    """Scale each window by its own loc, so that a model extrapolates to values outside the range of the training rows.

    Args:
        kind: "subtract-last" and "subtract-mean" subtract the last value or the mean of the window; "divide-last" and
            "divide-mean" divide by it; "none" does not change the values.

    >>> window = np.array([[1.0, 2.0, 4.0]])
    >>> scaler = PerWindow("divide-last")
    >>> scaler.transform(window, scaler.loc(window)).tolist()
    [[0.25, 0.5, 1.0]]
    """

    kind: WindowKind = "none"

    @property
    def divides(self) -> bool:
        return self.kind.startswith("divide")

    def loc(self, windows: X) -> X:
        """Return the loc of windows [B, W], [B, 1]: what `transform` subtracts or divides by."""
        if self.kind.endswith("last"):
            return windows[:, -1:]
        if self.kind.endswith("mean"):
            mean: X = windows.mean(1)
            return mean[:, None]
        return windows[:, -1:] * 0.0 + (1.0 if self.divides else 0.0)

    def transform(self, values: X, loc: X) -> X:
        """Scale values [B, ...] of the windows, or of the rows after them, by `loc` [B, 1]."""
        return values / loc if self.divides else values - loc

    def inverse(self, values: X, loc: X) -> X:
        return values * loc if self.divides else values + loc
