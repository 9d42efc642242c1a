"""Windows of rows and the horizon after each, in time order: views on one array, whatever their number."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recurra.errors import InputError

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


@dataclass(frozen=True)
class Split:
    """How a series is cut in time: the rows that are trained on, then those for validation, then those for the test.

    Args:
        training: rows of the training part.
        validation: rows of the validation part.
        test: rows of the test part; they are the last.
    """

    training: int
    validation: int
    test: int

    @classmethod
    def of(cls, rows: int, *, horizon: int = 1, validation: float | int = 0, test: float | int = 0) -> "Split":
        """Cut `rows` rows; a part is a count, or a share of all rows, which is no less than a horizon.

        Raises:
            InputError: nothing is left for training.
        """
        held_out = [
            max(round(part * rows), horizon) if isinstance(part, float) and part else int(part)
            for part in (validation, test)
        ]
        if sum(held_out) >= rows:
            raise InputError(
                f"validation={validation} and test={test} take {sum(held_out)} of {rows} rows; "
                "leave some for training: choose smaller parts."
            )
        return cls(rows - sum(held_out), *held_out)

    @property
    def bounds(self) -> tuple[int, int, int, int]:
        """Where the parts begin and end: 0, end of training, end of validation, end of all."""
        return 0, self.training, self.training + self.validation, self.training + self.validation + self.test


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
