"""Packed sequences as padded batches, and the outputs of several directions as one tensor."""

import torch
from torch import Tensor

from recurra.nn.cells import State


class Padding:
    """Where the rows of packed data, step after step, stand in a padded batch [B, T, …].

    Attributes:
        mask: [B, T], True where one stands.
    """

    def __init__(self, batch_sizes: Tensor, B: int) -> None:
        counts = torch.arange(B) < batch_sizes[:, None]  # [T, B]
        self.mask = counts.transpose(0, 1)
        t, b = counts.nonzero().unbind(1)
        T = len(batch_sizes)
        self._places, self._size = b * T + t, (B, T)

    def pad(self, data: Tensor) -> Tensor:
        """[rows, features] → [B, T, features]; zeros where there is no row."""
        B, T = self._size
        return data.new_zeros(B * T, data.shape[1]).index_copy(0, self._places, data).view(B, T, -1)

    def pack(self, padded: Tensor) -> Tensor:
        """[B, T, features] → [rows, features]."""
        return padded.flatten(0, 1).index_select(0, self._places)


def permuted(states: State, order: Tensor | None) -> State:
    """The states [L·D, B, H] with their sequences in another order."""
    return states if order is None else tuple([s.index_select(1, order) for s in states])


def join(outputs: list[Tensor], batch_first: bool) -> Tensor:
    """The outputs [B, T, H] of all directions in one contiguous tensor, [B, T, D·H] or [T, B, D·H]."""
    if not batch_first:
        outputs = [y.transpose(0, 1) for y in outputs]
    return torch.cat(outputs, dim=2) if len(outputs) > 1 else outputs[0].contiguous()
