"""The cell of a long short-term memory."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from recurra.nn.cells.cell import ACTIVATIONS, Cell, Gates, Parameters, ParameterSpec, State, recurrent_part


@dataclass(frozen=True)
class LSTMCell(Cell):
    """A long short-term memory (Hochreiter and Schmidhuber, 1997; forget gate: Gers et al., 2000).

        i = σ(a_i + W_hi h)       input gate: how much of the candidate enters the memory
        f = σ(a_f + W_hf h)       forget gate: how much of the memory stays
        g = tanh(a_g + W_hg h)    candidate
        o = σ(a_o + W_ho h)       output gate: how much of the memory shows
        c_t = f · c + i · g
        h_t = o · tanh(c_t)

    σ is `recurrent_activation`, tanh is `activation`. With `unit_forget_bias` the biases of the forget gate start at 1
    (Jozefowicz et al., 2015).
    """

    name: ClassVar[str] = "lstm"
    gates: ClassVar[Mapping[str, str]] = {"i": "input", "f": "forget", "g": "candidate", "o": "output"}
    states: ClassVar[tuple[str, ...]] = ("h", "c")

    activation: str = "tanh"
    recurrent_activation: str = "sigmoid"
    unit_forget_bias: bool = True

    def parameters(self, input_size: int, hidden_size: int) -> dict[str, ParameterSpec]:
        specs = super().parameters(input_size, hidden_size)
        if self.bias and self.unit_forget_bias:

            def ones_for_the_forget_gate(bias: Tensor) -> None:
                bias.zero_()[hidden_size : 2 * hidden_size] = 1.0

            specs["bias"] = ParameterSpec(specs["bias"].shape, ones_for_the_forget_gate)
        return specs

    def step(self, a_t: Tensor, state: State, h_seen: Tensor, p: Parameters) -> tuple[State, Gates]:
        act, gate = ACTIVATIONS[self.activation], ACTIVATIONS[self.recurrent_activation]
        _, c = state
        i, f, g, o = (a_t + recurrent_part(h_seen, p)).chunk(4, dim=-1)
        i, f, g, o = gate(i), gate(f), act(g), gate(o)
        c_t = f * c + i * g
        h_t = o * act(c_t)
        return (h_t, c_t), {"i": i, "f": f, "g": g, "o": o}
