"""Windows over series and the horizons that follow them, in time order; windows are views, not copies.

The window of an origin with fewer rows before it begins with padding, and a horizon may end after the last known row.
"""

from copy import copy

import numpy as np
import torch
from torch import Tensor, nn

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
        before: number of rows of its series before each origin, [N]; None: at least the window. Other rows of a window
            are padding.
        after: number of rows of its series from each origin on that may be compared, [N]; None: at least the horizon.
        static: static covariates of each series, [S, K]; None: there are none.

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
        before: Tensor | None = None,
        after: Tensor | None = None,
        static: Tensor | None = None,
    ) -> None:
        self.values, self.origins, self.window, self.horizon, self.observed = values, origins, window, horizon, observed
        firsts = np.broadcast_to(np.int64(0), len(origins))
        self.series, self.phases = firsts if series is None else series, firsts if phases is None else phases
        self.before, self.after, self.static = before, after, static
        if before is not None:  # so that every window is inside
            self.values, self.origins = nn.functional.pad(values, (0, 0, window, 0)), origins + window
            self.observed = None if observed is None else nn.functional.pad(observed, (window, 0))

    def __len__(self) -> int:
        return len(self.origins)

    @property
    def device(self) -> torch.device:
        return self.values.device

    def inputs(self, index: Tensor) -> Tensor:
        """Return the windows of the samples `index` [B], [B, W, C]; padding is 0."""
        windows = self.values.unfold(0, self.window, 1)  # [L - W + 1, C, W], a view
        found, inside = windows[self.origins[index] - self.window].transpose(1, 2), self.inside(index)
        return found if inside is None else found.where(inside[:, :, None], 0.0)  # not NaN of the series before

    def inside(self, index: Tensor) -> Tensor | None:
        """Return which rows of the windows of the samples `index` [B] are no padding, [B, W]; None: all."""
        if self.before is None:
            return None
        return torch.arange(-self.window, 0, device=self.device) >= -self.before[index][:, None]

    def mask(self, index: Tensor) -> Tensor | None:
        """Return which rows of the windows of the samples `index` [B] are observed, [B, W]; None: all."""
        inside = self.inside(index)
        if self.observed is None:
            return inside
        observed = self.observed.unfold(0, self.window, 1)[self.origins[index] - self.window]
        return observed if inside is None else observed & inside

    def observed_ahead(self, index: Tensor) -> Tensor | None:
        """Return which predicted rows of the samples `index` [B] are known and observed, [B, H]; None: all."""
        known = None
        if self.after is not None:
            known = torch.arange(self.horizon, device=self.device) < self.after[index][:, None]
        if self.observed is None:
            return known
        observed = self.observed[self._ahead(index)]
        return observed if known is None else observed & known

    def at(self, index: Tensor, offsets: Tensor, column: int = 0) -> Tensor:
        """Return a column's values at `offsets` [H] from the origins of the samples `index` [B], [B, H].

        Values before the series are 0.
        """
        found = self.values[self._rows(index, offsets), column]
        return found if self.before is None else found.where(offsets >= -self.before[index][:, None], 0.0)

    def future(self, index: Tensor, count: int) -> Tensor:
        """Return the last `count` columns of the predicted rows of the samples `index` [B], [B, H, count]."""
        return self.values[self._ahead(index), -count:]

    def of_series(self, index: Tensor) -> Tensor:
        """Return the static covariates of the series of the samples `index` [B], [B, K]."""
        assert self.static is not None
        return self.static[self.series[index.cpu().numpy()]]

    def chosen(self, index: Integers) -> "Windows":
        """Return the samples `index` [B] alone."""
        found, places = copy(self), torch.from_numpy(index).to(self.device)
        found.origins, found.series, found.phases = self.origins[places], self.series[index], self.phases[index]
        found.before = None if self.before is None else self.before[places]
        found.after = None if self.after is None else self.after[places]
        return found

    def _ahead(self, index: Tensor) -> Tensor:
        return self._rows(index, torch.arange(self.horizon, device=self.device))

    def _rows(self, index: Tensor, offsets: Tensor) -> Tensor:
        """Return the rows at `offsets` [H] from the origins of the samples `index` [B], the last at most, [B, H]."""
        rows = self.origins[index][:, None] + offsets
        return rows if self.after is None else rows.clamp(max=len(self.values) - 1)


class ExchangedSeries(Windows):
    """Samples that have one static covariate from the series of others.

    Args:
        windows: the samples.
        place: place of the static covariate.
        others: the sample from whose series each has it, [N].
    """

    def __init__(self, windows: Windows, place: int, others: Integers) -> None:
        vars(self).update(vars(windows))
        self.place, self.others = place, torch.from_numpy(others).to(windows.device)

    def of_series(self, index: Tensor) -> Tensor:
        found = super().of_series(index)
        found[:, self.place] = super().of_series(self.others[index])[:, self.place]
        return found


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
        vars(self).update(vars(windows))
        self.column, self.others = column, torch.from_numpy(others).to(windows.device)

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
