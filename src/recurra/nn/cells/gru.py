"""The gated recurrent unit."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor
from torch.nn import functional as F

from recurra.errors import InputError
from recurra.nn.cells.cell import (
    ACTIVATIONS,
    Gates,
    NormalizedCell,
    Parameters,
    ParameterSpec,
    State,
    recurrent_part,
    zeros,
)


@dataclass(frozen=True)
class GRUCell(NormalizedCell):
    """A gated recurrent unit (Cho et al., 2014).

        r = σ(a_r + W_hr h)                  reset gate: how much of the previous h the candidate uses
        z = σ(a_z + W_hz h)                  update gate: how much of the previous h is kept
        n = tanh(a_n + r · (W_hn h + b_hn))  candidate, with reset_after=True
        n = tanh(a_n + W_hn (r · h))         candidate, with reset_after=False
        h_t = z · h + (1 - z) · n

    σ stands for `recurrent_activation`, tanh for `activation`. With `layer_norm` the products with x_t, within a, and
    with h are normalized, each over the values of all three gates:

        g = LN(W_hh h) · norm_hh + b_hh
        r = σ(a_r + g_r), z = σ(a_z + g_z), n = tanh(a_n + r · g_n)

    (Ba et al. normalize the products of the candidate by themselves.)

    Args:
        activation: activation of the candidate: "tanh", "relu", "sigmoid", "hard_sigmoid" or "linear".
        recurrent_activation: activation of the gates, one of the same.
        reset_after: whether the reset gate is applied after the product with the recurrent weights, as in torch. If so,
            there are two biases, `bias_ih` and `bias_hh`, instead of `bias`.
        bias: whether to add biases.
        layer_norm: whether to normalize the products, which `reset_after` is needed for; see `NormalizedCell`.
    """

    name: ClassVar[str] = "gru"
    gates: ClassVar[Mapping[str, str]] = {"r": "reset", "z": "update", "n": "candidate"}

    activation: str = "tanh"
    recurrent_activation: str = "sigmoid"
    reset_after: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.layer_norm and not self.reset_after:
            raise InputError(
                "GRU: layer_norm is True and reset_after is False, where there is no product with h to normalize; "
                "use reset_after=True."
            )

    def parameters(self, input_size: int, hidden_size: int) -> dict[str, ParameterSpec]:
        specs = super().parameters(input_size, hidden_size)
        if self.bias and self.reset_after:
            bias = specs.pop("bias")
            specs |= {"bias_ih": bias, "bias_hh": zeros(*bias.shape)}
        return specs

    def step(self, a_t: Tensor, state: State, h_seen: Tensor, p: Parameters) -> tuple[State, Gates]:
        act, gate = ACTIVATIONS[self.activation], ACTIVATIONS[self.recurrent_activation]
        (h,) = state
        a_r, a_z, a_n = a_t.chunk(3, dim=-1)
        if self.reset_after:
            g_r, g_z, g_n = recurrent_part(h_seen, p).chunk(3, dim=-1)
            r, z = gate(a_r + g_r), gate(a_z + g_z)
            n = act(a_n + r * g_n)
        else:
            w_hr, w_hz, w_hn = p["weight_hh"].chunk(3)
            r = gate(a_r + F.linear(h_seen, w_hr))
            z = gate(a_z + F.linear(h_seen, w_hz))
            n = act(a_n + F.linear(r * h_seen, w_hn))
        h_t = z * h + (1 - z) * n
        return (h_t,), {"r": r, "z": z, "n": n}
