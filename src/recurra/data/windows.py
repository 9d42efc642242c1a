"""Windows of rows and the horizon after each, in time order: views on one array, whatever their number."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Rows = NDArray[np.int64]


class Windows:
    """Samples cut from rows: `window` rows, and the `horizon` rows after them. Only the rows are kept, and the places.

    Args:
        rows: [L, C]; of several series, one below the other.
        first: [N], the row at which each sample's horizon begins; its window is the `window` rows before.
        window: rows of a window, W.
        horizon: rows after it, H.
    """

    def __init__(self, rows: Tensor, first: Tensor, window: int, horizon: int) -> None:
        self.rows, self.first, self.window, self.horizon = rows, first, window, horizon

    def __len__(self) -> int:
        return len(self.first)

    @property
    def device(self) -> torch.device:
        return self.rows.device

    def inputs(self, index: Tensor) -> Tensor:
        """The windows of these samples, [B, W, C]."""
        windows = self.rows.unfold(0, self.window, 1)  # [L - W + 1, C, W], a view
        return windows[self.first[index] - self.window].transpose(1, 2)

    def at(self, index: Tensor, offsets: Tensor, column: int = 0) -> Tensor:
        """One column's values `offsets` [H] rows after the first of each sample's horizon, [B, H]."""
        return self.rows[self.first[index][:, None] + offsets, column]


def origins(start: int, stop: int, context: int, horizon: int, *, reach_back: bool = True) -> Rows:
    """The first rows of all horizons that lie wholly within a part of a series, so that no target is in two parts.

    Args:
        start: the part's first row, counted from the series' first.
        stop: the row after its last.
        context: rows that a sample needs before its horizon.
        horizon: rows of the horizon.
        reach_back: let a window begin before the part; it holds what was known by then, and no target.
    """
    first = max(start, context) if reach_back else start + context
    return np.arange(first, stop - horizon + 1, dtype=np.int64)


def stacked(lengths: Sequence[int], places: Sequence[Rows]) -> Rows:
    """Places in several series → places in the rows of all of them, one series below the other."""
    if len(lengths) == 1:
        return places[0]
    begins = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
    return np.concatenate([place + begin for place, begin in zip(places, begins, strict=True)])
