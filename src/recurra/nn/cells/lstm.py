"""The long short-term memory."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor
from torch.nn import functional as F

from recurra.nn.cells.cell import (
    ACTIVATIONS,
    Gates,
    NormalizedCell,
    Parameters,
    ParameterSpec,
    State,
    ones,
    recurrent_part,
    zeros,
)


@dataclass(frozen=True)
class LSTMCell(NormalizedCell):
    """A long short-term memory (Hochreiter and Schmidhuber, 1997; forget gate: Gers et al., 2000).

        i = σ(a_i + W_hi h)       input gate: how much of the candidate is added to the cell state
        f = σ(a_f + W_hf h)       forget gate: how much of the cell state is kept
        g = tanh(a_g + W_hg h)    candidate
        o = σ(a_o + W_ho h)       output gate: how much of the cell state is output
        c_t = f · c + i · g
        h_t = o · tanh(c_t)

    σ stands for `recurrent_activation`, tanh for `activation`. With `layer_norm` the products with x_t, within a, and
    with h are normalized, each over the values of all four gates, and so is what is output of the cell state:

        i = σ(a_i + (LN(W_hh h) · norm_hh)_i)        and so on for f, g and o
        h_t = o · tanh(LN(c_t) · norm_c + bias_c)

    c_t itself, which the next step reads, is not normalized, as in the paper. (The LayerNormLSTMCell of PyTorch's
    benchmarks/fastrnns carries over the normalized one.)

    Args:
        activation: activation of the candidate and of the cell state: "tanh", "relu", "sigmoid", "hard_sigmoid" or
            "linear".
        recurrent_activation: activation of the gates, one of the same.
        unit_forget_bias: whether to initialize the bias of the forget gate with 1 (Jozefowicz et al., 2015).
        bias: whether to add a bias, and with `layer_norm` another one, `bias_c`, to the normalized cell state.
        layer_norm: whether to normalize the products and the cell state that is output; see `NormalizedCell`.
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

            def initialize(bias: Tensor) -> None:
                bias.zero_()[hidden_size : 2 * hidden_size] = 1.0

            specs["bias"] = ParameterSpec(specs["bias"].shape, initialize)
        if self.layer_norm:
            specs["norm_c"] = ones(hidden_size)
            if self.bias:
                specs["bias_c"] = zeros(hidden_size)
        return specs

    def step(self, a_t: Tensor, state: State, h_seen: Tensor, p: Parameters) -> tuple[State, Gates]:
        act, gate = ACTIVATIONS[self.activation], ACTIVATIONS[self.recurrent_activation]
        _, c = state
        i, f, g, o = (a_t + recurrent_part(h_seen, p)).chunk(4, dim=-1)
        i, f, g, o = gate(i), gate(f), act(g), gate(o)
        c_t = f * c + i * g
        seen = F.layer_norm(c_t, c_t.shape[-1:], p["norm_c"], p.get("bias_c")) if self.layer_norm else c_t
        h_t = o * act(seen)
        return (h_t, c_t), {"i": i, "f": f, "g": g, "o": o}
