"""The last step of the chain: each window is scaled by its own loc, and the target becomes a correction."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, Self, TypeVar

import numpy as np
import torch
from torch import Tensor

from recurra.forecasting.transforms.steps import Mask
from recurra.forecasting.windows import Windows
from recurra.tables.arrays import Floats

Base = Literal["none", "last", "seasonal"]
WindowScalingKind = Literal["none", "subtract-last", "divide-last", "subtract-mean", "divide-mean"]
X = TypeVar("X", Floats, Tensor)
NEGLIGIBLE = 1e-6  # a spread of scaled rows that is rounding alone
LOOKED_AT = 4096  # windows, evenly chosen, from which gains are measured


@dataclass(frozen=True)
class PerWindow:
    """Scale each window by its own loc, so that a model extrapolates to values beyond those of the training rows.

    Args:
        kind: "subtract-last" and "subtract-mean" subtract the last value or the mean of the window; "divide-last" and
            "divide-mean" divide by it, but where the mean is 0; "none" does not change the values.

    >>> window = np.array([[1.0, 2.0, 4.0]])
    >>> scaler = PerWindow("divide-last")
    >>> scaler.transform(window, scaler.loc(window)).tolist()
    [[0.25, 0.5, 1.0]]
    """

    kind: WindowScalingKind = "none"

    @property
    def divides(self) -> bool:
        return self.kind.startswith("divide")

    def loc(self, windows: X) -> X:
        """Return the loc of windows [B, W], [B, 1]: what `transform` subtracts or divides by."""
        if self.kind.endswith("last"):
            return windows[:, -1:]
        if self.kind.endswith("mean"):
            mean: X = windows.mean(1)
            zero = (mean == 0.0) if self.divides else 0.0  # a window of zeros stays as it is
            return (mean + zero)[:, None]
        return windows[:, -1:] * 0.0 + (1.0 if self.divides else 0.0)

    def transform(self, values: X, loc: X) -> X:
        """Scale values [B, ...] of the windows, or of the rows after them, by `loc` [B, 1]."""
        return values / loc if self.divides else values - loc

    def inverse(self, values: X, loc: X) -> X:
        return values * loc if self.divides else values + loc


@dataclass(frozen=True, eq=False)
class WindowScaling:
    """Scale windows by their loc, divide what the network reads by its spread, and correct a base forecast.

    Args:
        per_window: how windows are scaled.
        season: number of rows per season.
        base: what the network corrects: nothing, the last value, or the value one season earlier.
        base_column: column whose last value that is; the loc of the target is taken from it too.
        shared: columns that are scaled by the loc of the target, [C].
        windowed: columns that are scaled by window, [C].
        input_gain: set by `fit`, [C]: the spread of the scaled windows, which is divided out.
        target_gain: set by `fit`: the size (root mean square) of the corrections, which is divided out.
    """

    per_window: PerWindow
    season: int
    base: Base
    base_column: int
    shared: Mask
    windowed: Mask
    input_gain: Floats
    target_gain: float = 1.0

    def fit(self, windows: Windows) -> Self:
        """Fit to windows of the training rows."""
        if not len(windows):
            return self
        count = min(LOOKED_AT, len(windows))
        index = torch.linspace(0, len(windows) - 1, count, device=windows.device).round().long()
        fitted = self
        if self.base != "none":
            answers = self.targets(windows, index).double()
            size = float(answers[answers.isfinite()].square().mean().sqrt())
            fitted = replace(fitted, target_gain=size if size > 0.0 else 1.0)
        if self.windowed.any():
            spread = self.inputs(windows, index).double().std(dim=(0, 1), correction=0).cpu().numpy()
            fitted = replace(fitted, input_gain=np.where(self.windowed & (spread > NEGLIGIBLE), spread, 1.0))
        return fitted

    def inputs(self, windows: Windows, index: Tensor) -> Tensor:
        """Return what the network reads of the windows `index` [B], [B, W, C]."""
        x = windows.inputs(index)
        if self.per_window.kind == "none":
            return x
        shared, windowed, gain = self._tensors_on(x.device)
        loc = self.per_window.loc(x[:, :, self.base_column : self.base_column + 1])
        loc = loc.where(shared, x.mean(dim=1, keepdim=True))
        loc = loc.where(windowed, 1.0 if self.per_window.divides else 0.0)  # [B, 1, C]
        return self.per_window.transform(x, loc) / gain

    def targets(self, windows: Windows, index: Tensor) -> Tensor:
        """Return what the output is compared with for the windows `index` [B], [B, H]; missing values are NaN."""
        loc, base = self._loc_and_base(windows, index)
        y = windows.at(index, torch.arange(windows.horizon, device=windows.device))
        answer = (self.per_window.transform(y, loc) - base) / self.target_gain
        observed = windows.observed_ahead(index)
        return answer if observed is None else answer.where(observed, torch.nan)

    def inverse(self, answers: Tensor, windows: Windows, index: Tensor) -> Floats:
        """Return scaled rows [B, H] for the answers [B, H] of the network to the windows `index` [B]."""
        loc, base = self._loc_and_base(windows, index)
        return self.per_window.inverse(answers * self.target_gain + base, loc).double().cpu().numpy()

    def scale(self, windows: Windows, index: Tensor) -> Tensor:
        """Return the size in scaled rows of one unit of the network's output, [B, 1]."""
        if not self.per_window.divides:
            return torch.ones(len(index), 1, device=windows.device)
        return self._loc_and_base(windows, index)[0].abs()

    def _tensors_on(self, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
        if device not in self._tensors:
            arrays = self.shared, self.windowed, self.input_gain.astype(np.float32)
            shared, windowed, gain = (torch.from_numpy(array).to(device) for array in arrays)
            self._tensors[device] = shared, windowed, gain
        return self._tensors[device]

    @cached_property
    def _tensors(self) -> dict[torch.device, tuple[Tensor, Tensor, Tensor]]:
        return {}

    def _loc_and_base(self, windows: Windows, index: Tensor) -> tuple[Tensor, Tensor]:
        """Return what each window is measured from, [B, 1], and what the network corrects, [B, H] or [B, 1]."""
        device = windows.device
        before = torch.arange(-windows.window, 0, device=device)
        seen = before if self.per_window.kind.endswith("mean") else before[-1:]
        loc = self.per_window.loc(windows.at(index, seen, self.base_column))
        if self.base == "none":
            return loc, torch.zeros_like(loc)
        if self.base == "last":
            base = windows.at(index, before[-1:], self.base_column)
        else:
            ahead = torch.arange(windows.horizon, device=device)
            base = windows.at(index, ahead - self.season * (ahead // self.season + 1))
        return loc, self.per_window.transform(base, loc)

    def state(self) -> dict[str, Floats]:
        return {"input_gain": self.input_gain, "target_gain": np.array(self.target_gain)}
