"""The last step of the chain: each window is scaled by its own loc, and the target becomes a correction."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace
from functools import cached_property
from itertools import product
from typing import Literal, Self, TypeVar

import numpy as np
import torch
from torch import Tensor

from recurra.forecasting.transforms.steps import Mask
from recurra.forecasting.windows import Windows
from recurra.tables.arrays import Floats

Base = Literal["none", "last", "seasonal", "level"]
WindowScalingKind = Literal["none", "subtract-last", "divide-last", "subtract-mean", "divide-mean", "subtract-level"]
X = TypeVar("X", Floats, Tensor)
NEGLIGIBLE = 1e-6  # a spread of scaled rows that is rounding alone
LOOKED_AT = 4096  # windows, evenly chosen, from which gains are measured
SMOOTHINGS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
SPREADS = tuple(product((0.02, 0.03, 0.05, 0.08, 0.12, 0.2), (0.1, 0.2, 0.3, 0.5, 1.0)))  # smoothing and share


@dataclass(frozen=True)
class PerWindow:
    """Scale each window by its own loc, so that a model extrapolates to values beyond those of the training rows.

    Args:
        kind: "subtract-last" and "subtract-mean" subtract the last value or the mean of the window; "divide-last" and
            "divide-mean" divide by it, but where the mean is 0; "subtract-level" subtracts the level by exponential
            smoothing; "none" does not change the values.
        smoothing: weight of the last value in the level, 0 to 1; each value before it has (1 - smoothing) times the
            weight of the one after it.

    >>> window = np.array([[1.0, 2.0, 4.0]])
    >>> scaler = PerWindow("divide-last")
    >>> scaler.transform(window, scaler.loc(window)).tolist()
    [[0.25, 0.5, 1.0]]
    """

    kind: WindowScalingKind = "none"
    smoothing: float = 1.0

    @property
    def divides(self) -> bool:
        return self.kind.startswith("divide")

    def loc(self, windows: X, inside: Tensor | None = None) -> X:
        """Return the loc of windows [B, W, ...], [B, 1, ...]: what `transform` subtracts or divides by.

        Args:
            windows: the windows.
            inside: which rows of them are no padding, [B, W]; None: all.
        """
        if self.kind.endswith("last"):
            return windows[:, -1:]
        if self.kind.endswith("mean"):
            mean = weighted_mean(windows, None, inside)
            return mean + (mean == 0.0) if self.divides else mean  # a window of zeros stays as it is
        if self.kind.endswith("level"):
            return weighted_mean(windows, smoothing_weights(self.smoothing, windows.shape[1]), inside)
        return windows[:, -1:] * 0.0 + (1.0 if self.divides else 0.0)

    def transform(self, values: X, loc: X) -> X:
        """Scale values [B, ...] of the windows, or of the rows after them, by `loc` [B, 1]."""
        return values / loc if self.divides else values - loc

    def inverse(self, values: X, loc: X) -> X:
        return values * loc if self.divides else values + loc


@dataclass(frozen=True)
class WindowSpread:
    """The spread of a window, which tells quiet times from restless ones: the mean size of its latest changes.

    As in GARCH models (Bollerslev 1986), the weights of changes fall exponentially with their age, and a part of the
    spread is the usual one, to which it returns.

    Args:
        smoothing: weight of the last change in the mean, 0 to 1; each change before it has (1 - smoothing) times the
            weight of the one after it.
        share: share of the usual spread, above 0 to 1; at 1 all windows have the same.
        usual: mean size of the changes in training.

    >>> WindowSpread(smoothing=0.5, share=0.2, usual=8.0).of(torch.tensor([[1.0, 4.0]]))
    tensor([[4.]])
    """

    smoothing: float = 1.0
    share: float = 1.0
    usual: float = 1.0

    def of(self, sizes: Tensor, known: Tensor | None = None) -> Tensor:
        """Return the spreads of windows, [B, 1].

        Args:
            sizes: sizes of the changes in them, from the first to the last, [B, N].
            known: which of these count, [B, N]; None: all.
        """
        mean = weighted_mean(sizes, smoothing_weights(self.smoothing, sizes.shape[1]), known)
        return (1.0 - self.share) * mean.nan_to_num(self.usual) + self.share * self.usual  # NaN if none counts


@dataclass(frozen=True, eq=False)
class WindowScaling:
    """Scale windows by their loc and spread, divide what the network reads by its size, and correct a base forecast.

    Args:
        per_window: how windows are scaled.
        season: number of rows per season.
        base: what the network corrects: nothing, the last value, or the value one season earlier.
        base_column: column whose last value that is; the loc of the target is taken from it too.
        shared: columns that are scaled by the loc of the target, [C].
        windowed: columns that are scaled by window, [C].
        input_gain: set by `fit`, [C]: the spread of the scaled windows, which is divided out.
        target_gain: set by `fit`: the size (root mean square) of the corrections, which is divided out.
        spread: spread of windows, by which the columns in `shared` and the corrections are divided; None: by nothing.

    The smoothing of a level is set by `fit` too: the one whose level has the smallest absolute errors as a forecast.
    So is the spread: the one with the largest likelihood of the corrections, if they have Laplace's distribution.
    """

    per_window: PerWindow
    season: int
    base: Base
    base_column: int
    shared: Mask
    windowed: Mask
    input_gain: Floats
    target_gain: float = 1.0
    spread: WindowSpread | None = None

    def fit(self, windows: Windows) -> Self:
        """Fit to windows of the training rows."""
        if not len(windows):
            return self
        count = min(LOOKED_AT, len(windows))
        index = torch.linspace(0, len(windows) - 1, count, device=windows.device).round().long()
        fitted = self._with_smoothing(windows, index) if self.per_window.kind == "subtract-level" else self
        if self.spread is not None:
            fitted = fitted._with_spread(windows, index)
        if self.base != "none":
            answers = fitted.targets(windows, index).double()
            size = float(answers[answers.isfinite()].square().mean().sqrt())
            fitted = replace(fitted, target_gain=size if size > 0.0 else 1.0)
        if self.windowed.any():
            seen, inside = fitted.inputs(windows, index).double(), windows.inside(index)
            if inside is None:
                spread = seen.std(dim=(0, 1), correction=0).cpu().numpy()
            else:
                spread = seen[inside].std(dim=0, correction=0).cpu().numpy()
            fitted = replace(fitted, input_gain=np.where(self.windowed & (spread > NEGLIGIBLE), spread, 1.0))
        return fitted

    def inputs(self, windows: Windows, index: Tensor) -> Tensor:
        """Return what the network reads of the windows `index` [B], [B, W, C]."""
        x, inside = windows.inputs(index), windows.inside(index)
        if self.per_window.kind != "none":
            shared, windowed, gain = self._tensors_on(x.device)
            loc = self.per_window.loc(x[:, :, self.base_column : self.base_column + 1], inside)
            loc = loc.where(shared, weighted_mean(x, None, inside))
            loc = loc.where(windowed, 1.0 if self.per_window.divides else 0.0)  # [B, 1, C]
            x = self.per_window.transform(x, loc) / gain
        if self.spread is not None:
            x = x.where(~self._tensors_on(x.device)[0], x / self.scale(windows, index)[:, :, None])
        return x if inside is None else x.where(inside[:, :, None], 0.0)

    def targets(self, windows: Windows, index: Tensor) -> Tensor:
        """Return what the output is compared with for the windows `index` [B], [B, H]; missing values are NaN."""
        loc, base = self._loc_and_base(windows, index)
        y = windows.at(index, torch.arange(windows.horizon, device=windows.device))
        answer = (self.per_window.transform(y, loc) - base) / self.target_gain
        if self.spread is not None:
            answer = answer / self.scale(windows, index)
        observed = windows.observed_ahead(index)
        return answer if observed is None else answer.where(observed, torch.nan)

    def inverse(self, answers: Tensor, windows: Windows, index: Tensor) -> Floats:
        """Return scaled rows [..., B, H] for the answers of the network to the windows `index` [B], [..., B, H]."""
        loc, base = self._loc_and_base(windows, index)
        if self.spread is not None:
            answers = answers * self.scale(windows, index)
        return self.per_window.inverse(answers * self.target_gain + base, loc).double().cpu().numpy()

    def scale(self, windows: Windows, index: Tensor) -> Tensor:
        """Return the size in scaled rows of one unit of the network's output, [B, 1]."""
        if self.spread is not None:
            return self.spread.of(*self._changes(windows, index))
        if not self.per_window.divides:
            return torch.ones(len(index), 1, device=windows.device)
        return self._loc_and_base(windows, index)[0].abs()

    def _changes(self, windows: Windows, index: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the sizes of the changes in windows, [B, W - 1], and which of them are known; None: all.

        A change is the error of the last value of `base_column` as a forecast of the row after it.
        """
        rows = torch.arange(-windows.window, 0, device=windows.device)
        sizes = (windows.at(index, rows[1:]) - windows.at(index, rows[:-1], self.base_column)).abs()
        mask = windows.mask(index)
        return sizes, None if mask is None else mask[:, 1:] & mask[:, :-1]

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
        if self.per_window.kind.endswith(("mean", "level")):
            loc = self.per_window.loc(windows.at(index, before, self.base_column), windows.inside(index))
        else:
            loc = self.per_window.loc(windows.at(index, before[-1:], self.base_column))
        if self.base in {"none", "level"}:  # a level is what is subtracted
            return loc, torch.zeros_like(loc)
        if self.base == "last":
            base = windows.at(index, before[-1:], self.base_column)
        else:
            ahead = torch.arange(windows.horizon, device=device)
            base = windows.at(index, ahead - self.season * (ahead // self.season + 1))
        return loc, self.per_window.transform(base, loc)

    def _with_smoothing(self, windows: Windows, index: Tensor) -> Self:
        """Return the scaling with the smoothing whose levels are the best forecasts of the samples `index`."""
        scalings = [replace(self, per_window=replace(self.per_window, smoothing=value)) for value in SMOOTHINGS]
        errors = [float(scaling.targets(windows, index).double().abs().nanmean()) for scaling in scalings]
        return scalings[int(np.nanargmin(errors))] if np.isfinite(errors).any() else scalings[-1]

    def _with_spread(self, windows: Windows, index: Tensor) -> Self:
        """Return the scaling with the spread that suits the corrections of the samples `index` best.

        Laplace's distribution with scale c · spread has the largest likelihood if c is the mean of error / spread, for
        each step of the horizon its own; its logarithm is then the mean of -log(2 · c · spread), less 1.
        """
        errors = replace(self, spread=None).targets(windows, index).double().abs()
        sizes, known = self._changes(windows, index)
        seen = sizes if known is None else sizes[known]
        usual = float(seen.mean()) if seen.numel() else 0.0
        spreads = [WindowSpread(smoothing, share, usual) for smoothing, share in SPREADS if usual > 0.0]

        def loss(spread: WindowSpread) -> float:
            own = spread.of(sizes, known).double()
            return float((errors / own).nanmean(dim=0).log().nanmean() + own.log().mean())

        losses = [loss(spread) for spread in spreads]
        chosen = spreads[int(np.nanargmin(losses))] if np.isfinite(losses).any() else WindowSpread()
        return replace(self, spread=chosen)

    def state(self) -> dict[str, Floats]:
        own = {"smoothing": np.array(self.per_window.smoothing)} if self.per_window.kind == "subtract-level" else {}
        if self.spread is not None:
            own["spread"] = np.array(astuple(self.spread))
        return {"input_gain": self.input_gain, "target_gain": np.array(self.target_gain), **own}

    def with_state(self, state: Mapping[str, Floats]) -> Self:
        """Return the scaling with what `state` returned."""
        smoothing = float(state["smoothing"]) if "smoothing" in state else self.per_window.smoothing
        return replace(
            self,
            per_window=replace(self.per_window, smoothing=smoothing),
            input_gain=state["input_gain"],
            target_gain=float(state["target_gain"]),
            spread=WindowSpread(*state["spread"].tolist()) if "spread" in state else None,
        )


def smoothing_weights(smoothing: float, count: int) -> Floats:
    """Return the weights of `count` values in their level by exponential smoothing, the last value's is 1, [count].

    >>> smoothing_weights(0.5, 3).tolist()
    [0.25, 0.5, 1.0]
    """
    weights: Floats = (1.0 - smoothing) ** np.arange(count - 1.0, -1.0, -1.0)
    return weights


def weighted_mean(windows: X, weights: Floats | None, inside: Tensor | None) -> X:
    """Return the weighted mean of the rows of windows [B, W, ...] that are no padding, [B, 1, ...].

    Args:
        windows: the windows.
        weights: the weights of the rows, [W]; None: all are equal.
        inside: which rows are no padding, [B, W]; None: all.
    """
    if weights is None and inside is None:
        mean: X = windows.mean(1)
        return mean[:, None]
    rest = [1] * (windows.ndim - 2)
    if isinstance(windows, np.ndarray):
        assert weights is not None
        own: X = (windows * (weights / weights.sum()).reshape(-1, *rest)).sum(axis=1)[:, None]
        return own
    factor = windows.new_ones(windows.shape[1]) if weights is None else windows.new_tensor(weights)
    each = factor[None] if inside is None else factor * inside
    each = (each / each.sum(dim=1, keepdim=True)).reshape(*each.shape, *rest)
    return (windows * each).sum(dim=1, keepdim=True)
