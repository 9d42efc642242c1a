"""Packed sequences as padded batches, and the outputs of several directions as one tensor."""

import torch
from torch import Tensor

from recurra.nn.cells import State


class Padding:
    """Converts packed data [N, features], N steps ordered by time, to a padded batch [B, T, features] and back.

    Args:
        batch_sizes: number of sequences at each time step, [T].
        B: number of sequences.

    Attributes:
        mask: [B, T], False at padding.
    """

    def __init__(self, batch_sizes: Tensor, B: int) -> None:
        unmasked = torch.arange(B, device=batch_sizes.device) < batch_sizes[:, None]  # [T, B]
        self.mask = unmasked.transpose(0, 1)
        t, b = unmasked.nonzero().unbind(1)
        T = len(batch_sizes)
        self._indices, self._size = b * T + t, (B, T)

    def pad(self, data: Tensor) -> Tensor:
        """Pad with zeros: [N, features] → [B, T, features]."""
        B, T = self._size
        data = data.narrow(0, 0, len(data))  # torch raises here, and not in index_copy, if the storage was freed
        return data.new_zeros(B * T, data.shape[1]).index_copy(0, self._indices, data).view(B, T, -1)

    def pack(self, padded: Tensor) -> Tensor:
        """Remove the padding: [B, T, features] → [N, features]."""
        return _selected(padded.flatten(0, 1), 0, self._indices)


def permuted(states: State, order: Tensor | None) -> State:
    """Reorder the sequences of states [L·D, B, H]."""
    return states if order is None else tuple([_selected(s, 1, order) for s in states])


def _selected(tensor: Tensor, dim: int, index: Tensor) -> Tensor:
    """Return the slices `index` of a dimension.

    The two transposes copy nothing. Their backward raises for a gradient whose storage was freed, where that of
    `index_select` would read it.
    """
    return tensor.index_select(dim, index).transpose(0, 1).transpose(0, 1)


def join(outputs: list[Tensor], batch_first: bool) -> Tensor:
    """Concatenate the outputs [B, T, H] of D directions to a contiguous tensor, [B, T, D·H] or [T, B, D·H]."""
    if not batch_first:
        outputs = [y.transpose(0, 1) for y in outputs]
    return torch.cat(outputs, dim=2) if len(outputs) > 1 else outputs[0].contiguous()
