"""The minimal gated recurrent unit, whose gates do not read the state, so that all time steps are computed at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from recurra.nn.cells.cell import Cell, Gates, Parameters, ParameterSpec, State


@dataclass(frozen=True)
class MinGRUCell(Cell):
    """A minimal gated recurrent unit, minGRU (Feng et al., 2024).

        z = σ(a_z)                       update gate: how much of the candidate is taken
        n = a_n                          candidate
        h_t = (1 - z) · h_{t-1} + z · n

    There are no recurrent weights: gate and candidate depend on the input alone, so a layer refuses recurrent dropout
    and weight dropout. As h_t is linear in h_{t-1}, all T steps take log2(T) passes over the sequence instead of T
    (`scan`). As in the paper, z is the part that is new; in `GRUCell` it is the part that is kept.

    Args:
        bias: whether to add a bias.

    Example:
        >>> from recurra.nn import RecurrentLayer
        >>> layer = RecurrentLayer(MinGRUCell(), 3, 5)
        >>> layer(torch.zeros(2, 7, 3)).shape
        torch.Size([2, 5])
    """

    name: ClassVar[str] = "mingru"
    gates: ClassVar[Mapping[str, str]] = {"z": "update", "n": "candidate"}
    gates_read_h: ClassVar[bool] = False

    def parameters(self, input_size: int, hidden_size: int) -> dict[str, ParameterSpec]:
        specs = super().parameters(input_size, hidden_size)
        del specs["weight_hh"]
        return specs

    def step(self, a_t: Tensor, state: State, h_seen: Tensor, p: Parameters) -> tuple[State, Gates]:
        a_z, n = a_t.chunk(2, dim=-1)
        z = torch.sigmoid(a_z)
        (h,) = state
        return ((1 - z) * h + z * n,), {"z": z, "n": n}

    def scan(self, a: Tensor, state: State, p: Parameters) -> tuple[Tensor, State]:
        """Compute all time steps by doubling (Hillis and Steele, 1986); see `Cell.scan`.

        After each pass, `kept` · h + `added` is what the last steps, twice as many as before, make of a state h.
        """
        a_z, n = a.chunk(2, dim=-1)
        z = torch.sigmoid(a_z)
        kept, added = 1 - z, z * n
        steps = 1
        while steps < a.shape[1]:
            added = torch.cat([added[:, :steps], kept[:, steps:] * added[:, :-steps] + added[:, steps:]], dim=1)
            kept = torch.cat([kept[:, :steps], kept[:, steps:] * kept[:, :-steps]], dim=1)
            steps *= 2
        h = kept * state[0][:, None] + added
        return h, (h[:, -1],)
