"""Samples made from windows of a table: what the network sees, and what its output is compared with."""

import torch
from torch import Tensor

from recurra.forecasting.transforms.window import WindowScaling
from recurra.forecasting.windows import Windows
from recurra.training.batches import Batch


class WindowSamples:
    """Samples of windows, each made when its batch is drawn.

    Args:
        windows: the windows.
        scaling: the scaling of windows.
        future_size: number of features of each predicted row that the network is given, the last columns of the rows.
    """

    def __init__(self, windows: Windows, scaling: WindowScaling, future_size: int) -> None:
        self.windows, self.scaling, self.future_size = windows, scaling, future_size

    def __len__(self) -> int:
        return len(self.windows)

    @property
    def device(self) -> torch.device:
        return self.windows.device

    def __getitem__(self, index: Tensor) -> Batch:
        scale = self.scaling.scale(self.windows, index) if self.scaling.per_window.divides else None
        return Batch(target=self.scaling.targets(self.windows, index), scale=scale, **self.inputs(index))

    def inputs(self, index: Tensor) -> dict[str, Tensor]:
        """Return what the network is called with, by name; the rows after the last origin need not exist."""
        x, static = self.scaling.inputs(self.windows, index), self.windows.static_features(index)
        if static is not None:
            x = torch.cat([x, static[:, None].expand(-1, x.shape[1], -1)], dim=2)
        found = {"x": x}
        mask = self.windows.mask(index)
        if mask is not None:
            found["mask"] = mask
        if self.future_size:
            found["future"] = self.windows.future(index, self.future_size)
        return found
