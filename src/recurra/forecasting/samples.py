"""Samples made from windows of a table: what the network sees, and what its output is compared with."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from recurra.forecasting.windows import Windows
from recurra.training.batches import Batch

if TYPE_CHECKING:
    from recurra.forecasting.preparation import Preparation


class WindowSamples:
    """Samples of windows, each made when its batch is drawn."""

    def __init__(self, preparation: "Preparation", windows: Windows) -> None:
        self.preparation, self.windows = preparation, windows
        self.shared = torch.from_numpy(preparation.shared).to(windows.device)
        self.windowed = torch.from_numpy(preparation.windowed).to(windows.device)
        self.gain = torch.from_numpy(preparation.input_gain).to(windows.device, torch.float32)
        self.ahead = torch.arange(windows.horizon, device=windows.device)

    def __len__(self) -> int:
        return len(self.windows)

    @property
    def device(self) -> torch.device:
        return self.windows.device

    def __getitem__(self, index: Tensor) -> Batch:
        return Batch(self.x(index), self.target(index), mask=self.windows.mask(index))

    def x(self, index: Tensor) -> Tensor:
        """Return what the network reads of the samples `index` [B], [B, W, C]."""
        x = self.windows.inputs(index)
        per_window, column = self.preparation.per_window, self.preparation.base_column
        if per_window.kind == "none":
            return x
        level = per_window.loc(x[:, :, column : column + 1]).where(self.shared, x.mean(dim=1, keepdim=True))
        level = level.where(self.windowed, 1.0 if per_window.divides else 0.0)  # [B, 1, C]
        return per_window.transform(x, level) / self.gain

    def target(self, index: Tensor) -> Tensor:
        """Return what the output is compared with for the samples `index` [B], [B, H]; missing values are NaN."""
        preparation = self.preparation
        level, base = preparation.level_and_base(self.windows, index)
        y = self.windows.at(index, self.ahead)
        answer = (preparation.per_window.transform(y, level) - base) / preparation.target_gain
        observed = self.windows.observed_ahead(index)
        return answer if observed is None else answer.where(observed, torch.nan)
