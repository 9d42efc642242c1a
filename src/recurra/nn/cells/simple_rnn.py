"""The simple (Elman) recurrent cell."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from recurra.nn.cells.cell import ACTIVATIONS, Gates, NormalizedCell, Parameters, State, recurrent_part


@dataclass(frozen=True)
class SimpleRNNCell(NormalizedCell):
    """A simple recurrent cell: `h_t = activation(W_ih x_t + b + W_hh h_{t-1})` (Elman, 1990).

    With `layer_norm` both products are normalized, each with gains of its own:

        h_t = activation(LN(W_ih x_t) · norm_ih + b + LN(W_hh h_{t-1}) · norm_hh)

    Args:
        activation: "tanh", "relu", "sigmoid", "hard_sigmoid" or "linear".
        bias: whether to add a bias.
        layer_norm: whether to normalize the products; see `NormalizedCell`.
    """

    name: ClassVar[str] = "rnn"

    activation: str = "tanh"

    def step(self, a_t: Tensor, state: State, h_seen: Tensor, p: Parameters) -> tuple[State, Gates]:
        h_t = ACTIVATIONS[self.activation](a_t + recurrent_part(h_seen, p))
        return (h_t,), {}
