"""Samples made from windows of a table: what the network sees, and what its output is compared with."""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from recurra.data.windows import Windows
from recurra.training.batches import Batch

if TYPE_CHECKING:
    from recurra.models.preparation import Preparation


class _Samples:
    """One tensor a sample of a table's windows, made when it is asked for."""

    def __init__(self, preparation: "Preparation", windows: Windows) -> None:
        self.preparation, self.windows = preparation, windows

    def __len__(self) -> int:
        return len(self.windows)

    @property
    def device(self) -> torch.device:
        return self.windows.device


class Inputs(_Samples):
    """What the network sees of each sample, [B, W, C]."""

    def __init__(self, preparation: "Preparation", windows: Windows) -> None:
        super().__init__(preparation, windows)
        self.shared = torch.from_numpy(preparation.shared).to(windows.device)
        self.windowed = torch.from_numpy(preparation.windowed).to(windows.device)
        self.gain = torch.from_numpy(preparation.input_gain).to(windows.device, torch.float32)

    def __getitem__(self, index: Any) -> Tensor:
        x = self.windows.inputs(index)  # [B, W, C]
        per_window, column = self.preparation.per_window, self.preparation.base_column
        if per_window.kind == "none":
            return x
        level = per_window.loc(x[:, :, column : column + 1]).where(self.shared, x.mean(dim=1, keepdim=True))
        level = level.where(self.windowed, 1.0 if per_window.divides else 0.0)  # [B, 1, C]
        return per_window.transform(x, level) / self.gain


class Targets(_Samples):
    """What the network should answer for each sample, [B, H]; NaN where that is not known."""

    def __init__(self, preparation: "Preparation", windows: Windows) -> None:
        super().__init__(preparation, windows)
        self.ahead = torch.arange(windows.horizon, device=windows.device)

    def __getitem__(self, index: Any) -> Tensor:
        preparation = self.preparation
        level, base = preparation.level_and_base(self.windows, index)
        y = self.windows.at(index, self.ahead)
        answer = (preparation.per_window.transform(y, level) - base) / preparation.target_gain
        observed = self.windows.observed_ahead(index)
        return answer if observed is None else answer.where(observed, torch.nan)


class WindowSamples:
    """Samples of windows, each made when its batch is drawn."""

    def __init__(self, preparation: "Preparation", windows: Windows) -> None:
        self.inputs, self.targets = Inputs(preparation, windows), Targets(preparation, windows)

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def device(self) -> torch.device:
        return self.inputs.device

    def __getitem__(self, index: Tensor) -> Batch:
        return Batch(self.inputs[index], self.targets[index], mask=self.inputs.windows.mask(index))
