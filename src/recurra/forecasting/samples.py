"""Samples made from windows of a table: what the network sees, and what its output is compared with."""

from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from recurra.forecasting.plan import Plan
from recurra.forecasting.static_inputs import as_inputs
from recurra.forecasting.transforms.window import WindowScaling
from recurra.forecasting.windows import Windows
from recurra.training.batches import Batch


class WindowSamples:
    """Samples of windows, each made when its batch is drawn.

    Args:
        windows: the windows.
        scaling: the scaling of windows.
        plan: what was decided about the rows; of predicted rows, the network is given the last `future_size` columns.
    """

    def __init__(self, windows: Windows, scaling: WindowScaling, plan: Plan) -> None:
        self.windows, self.scaling, self.plan = windows, scaling, plan

    def __len__(self) -> int:
        return len(self.windows)

    @property
    def device(self) -> torch.device:
        return self.windows.device

    @cached_property
    def groups(self) -> Tensor:
        """Number of windows of each series that has any, [G]; those of a series follow each other."""
        series = self.windows.series
        starts = np.flatnonzero(np.diff(series, prepend=-1))
        return torch.from_numpy(np.diff(starts, append=len(series)))

    def __getitem__(self, index: Tensor) -> Batch:
        scale = self.scaling.scale(self.windows, index) if self.scaling.per_window.divides else None
        return Batch(target=self.scaling.targets(self.windows, index), scale=scale, **self.inputs(index))

    def inputs(self, index: Tensor) -> dict[str, Tensor]:
        """Return what the network is called with, by name; the rows after the last origin need not exist."""
        x = self.scaling.inputs(self.windows, index)
        if self.plan.static:
            static = as_inputs(self.plan.static, self.windows.of_series(index))
            x = torch.cat([x, static[:, None].expand(-1, x.shape[1], -1)], dim=2)
        found = {"x": x}
        mask = self.windows.mask(index)
        if mask is not None:
            found["mask"] = mask
        if self.plan.future_size:
            found["future"] = self.windows.future(index, self.plan.future_size)
        return found
