"""Windows over series and the horizons that follow them, in time order; windows are views, not copies."""

import numpy as np
import torch
from torch import Tensor

from recurra.tables.arrays import Integers


class Windows:
    """Samples of series: a window of rows and the horizon that follows it.

    Only the values and the origins are stored; a window is a view.

    Args:
        values: the rows, [L, C]; the rows of several series are concatenated.
        origins: the index of the first predicted row of each sample, [N]; its window is the W rows before.
        window: number of rows per window, W.
        horizon: number of predicted rows per sample, H.
        observed: whether the target of a row is not missing, [L]; None: no row is masked.
        series: the place of the series that each sample is of, [N]; None: all are of the first.
        phases: the place in its season of the first predicted row of each sample, [N]; None: all are at the first.

    >>> samples = Windows(torch.arange(6.0)[:, None], torch.tensor([3, 4]), window=3, horizon=2)
    >>> samples.inputs(torch.tensor([0, 1]))[:, :, 0]
    tensor([[0., 1., 2.],
            [1., 2., 3.]])
    >>> samples.at(torch.tensor([0, 1]), torch.arange(2))
    tensor([[3., 4.],
            [4., 5.]])
    """

    def __init__(
        self,
        values: Tensor,
        origins: Tensor,
        window: int,
        horizon: int,
        observed: Tensor | None = None,
        series: Integers | None = None,
        phases: Integers | None = None,
    ) -> None:
        self.values, self.origins, self.window, self.horizon, self.observed = values, origins, window, horizon, observed
        firsts = np.broadcast_to(np.int64(0), len(origins))
        self.series, self.phases = firsts if series is None else series, firsts if phases is None else phases

    def __len__(self) -> int:
        return len(self.origins)

    @property
    def device(self) -> torch.device:
        return self.values.device

    def inputs(self, index: Tensor) -> Tensor:
        """Return the windows of the samples `index` [B], [B, W, C]."""
        windows = self.values.unfold(0, self.window, 1)  # [L - W + 1, C, W], a view
        return windows[self.origins[index] - self.window].transpose(1, 2)

    def mask(self, index: Tensor) -> Tensor | None:
        """Return which rows of the windows of the samples `index` [B] are observed, [B, W]; None: all."""
        if self.observed is None:
            return None
        return self.observed.unfold(0, self.window, 1)[self.origins[index] - self.window]

    def observed_ahead(self, index: Tensor) -> Tensor | None:
        """Return which predicted rows of the samples `index` [B] are observed, [B, H]; None: all."""
        if self.observed is None:
            return None
        return self.observed[self._ahead(index)]

    def at(self, index: Tensor, offsets: Tensor, column: int = 0) -> Tensor:
        """Return a column's values at `offsets` [H] from the origins of the samples `index` [B], [B, H]."""
        return self.values[self.origins[index][:, None] + offsets, column]

    def future(self, index: Tensor, count: int) -> Tensor:
        """Return the last `count` columns of the predicted rows of the samples `index` [B], [B, H, count]."""
        return self.values[self._ahead(index), -count:]

    def chosen(self, index: Integers) -> "Windows":
        """Return the samples `index` [B] alone."""
        origins = self.origins[torch.from_numpy(index).to(self.device)]
        series, phases = self.series[index], self.phases[index]
        return Windows(self.values, origins, self.window, self.horizon, self.observed, series, phases)

    def _ahead(self, index: Tensor) -> Tensor:
        return self.origins[index][:, None] + torch.arange(self.horizon, device=self.device)


class ExchangedWindows(Windows):
    """Samples that have the values of one column from others, in the window and in the predicted rows.

    Args:
        windows: the samples.
        column: index of the column.
        others: the sample from which each has that column, [N].

    >>> samples = Windows(torch.arange(12.0).reshape(6, 2), torch.tensor([3, 4]), window=3, horizon=2)
    >>> ExchangedWindows(samples, 1, np.array([1, 0])).inputs(torch.tensor([0]))
    tensor([[[0., 3.],
             [2., 5.],
             [4., 7.]]])
    """

    def __init__(self, windows: Windows, column: int, others: Integers) -> None:
        own = windows
        super().__init__(own.values, own.origins, own.window, own.horizon, own.observed, own.series, own.phases)
        self.column, self.others = column, torch.from_numpy(others).to(own.device)

    def inputs(self, index: Tensor) -> Tensor:
        found = super().inputs(index)
        found[:, :, self.column] = super().inputs(self.others[index])[:, :, self.column]
        return found

    def at(self, index: Tensor, offsets: Tensor, column: int = 0) -> Tensor:
        return super().at(self.others[index] if column == self.column else index, offsets, column)

    def future(self, index: Tensor, count: int) -> Tensor:
        found = super().future(index, count)
        place = self.column - self.values.shape[1]  # counted from the last column
        if place >= -count:
            found[:, :, place] = super().future(self.others[index], count)[:, :, place]
        return found
