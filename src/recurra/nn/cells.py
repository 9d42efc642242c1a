"""One time step of each recurrent cell: the equations, to be read.

A recurrent core shares its parameters over time. At every step it takes the input x_t and its own
state of the step before, and makes the new state:

    B batch, I input features, H hidden units (memory units), G gates

What is the same at every step comes first: the input's part `a_t = W_ih x_t + b_ih` needs no state, so it
can be computed for one step or for all steps at once. `step` is the part that has to wait for the step before.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from recurra.errors import InputError

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "hard_sigmoid": F.hardsigmoid,  # relu6(x + 3) / 6, as in Keras 3
    "linear": lambda x: x,
}

State = tuple[Tensor, ...]  # (h,), or (h, c) for an LSTM; each [B, H]


class Weights(NamedTuple):
    """The parameters of one core, in one direction. Gates are stacked in torch's order."""

    weight_ih: Tensor  # [G·H, I]
    weight_hh: Tensor  # [G·H, H]
    bias_ih: Tensor | None = None  # [G·H], added to the input's part
    bias_hh: Tensor | None = None  # [G·H], added to the state's part: in our layers only GRU with reset_after has it


def input_part(x: Tensor, w: Weights) -> Tensor:
    """`a_t = W_ih x_t + b_ih`: [..., I] → [..., G·H], for one time step or for many."""
    return F.linear(x, w.weight_ih, w.bias_ih)


class Equations(Protocol):
    """What a cell computes, without its parameters."""

    gates: ClassVar[int]
    states: ClassVar[int]

    @property
    def activation(self) -> str: ...

    @property
    def separate_bias_hh(self) -> bool: ...

    def step(self, a_t: Tensor, state: State, w: Weights, keep: Tensor | None = None) -> State: ...


@dataclass(frozen=True)
class SimpleRNNEquations:
    """`h_t = activation(W_ih x_t + b + W_hh h_{t-1})` (Elman, Finding structure in time, 1990)."""

    activation: str = "tanh"

    gates: ClassVar[int] = 1
    states: ClassVar[int] = 1
    separate_bias_hh: ClassVar[bool] = False

    def step(self, a_t: Tensor, state: State, w: Weights, keep: Tensor | None = None) -> State:
        (h,) = state
        h_kept = h if keep is None else h * keep
        h_t = ACTIVATIONS[self.activation](a_t + F.linear(h_kept, w.weight_hh, w.bias_hh))
        return (h_t,)


@dataclass(frozen=True)
class GRUEquations:
    """A gated recurrent unit (Cho et al., 2014), gates r, z, n.

        r = σ(a_r + W_hr h)                 how much of the past the candidate sees
        z = σ(a_z + W_hz h)                 how much of the past stays
        n = tanh(a_n + r · (W_hn h + b_hn)) the candidate, reset_after=True
        n = tanh(a_n + W_hn (r · h))        the candidate, reset_after=False
        h_t = z · h + (1 - z) · n

    σ is `recurrent_activation`, tanh is `activation`. With reset_after each gate's state part has a bias of its own.
    """

    activation: str = "tanh"
    recurrent_activation: str = "sigmoid"
    reset_after: bool = True

    gates: ClassVar[int] = 3
    states: ClassVar[int] = 1

    @property
    def separate_bias_hh(self) -> bool:
        return self.reset_after

    def step(self, a_t: Tensor, state: State, w: Weights, keep: Tensor | None = None) -> State:
        act, gate = ACTIVATIONS[self.activation], ACTIVATIONS[self.recurrent_activation]
        (h,) = state
        h_kept = h if keep is None else h * keep
        a_r, a_z, a_n = a_t.chunk(3, dim=-1)
        if self.reset_after:
            g_r, g_z, g_n = F.linear(h_kept, w.weight_hh, w.bias_hh).chunk(3, dim=-1)
            r, z = gate(a_r + g_r), gate(a_z + g_z)
            n = act(a_n + r * g_n)
        else:
            w_hr, w_hz, w_hn = w.weight_hh.chunk(3)
            r = gate(a_r + F.linear(h_kept, w_hr))
            z = gate(a_z + F.linear(h_kept, w_hz))
            n = act(a_n + F.linear(r * h_kept, w_hn))
        h_t = z * h + (1 - z) * n
        return (h_t,)


@dataclass(frozen=True)
class LSTMEquations:
    """A long short-term memory (Hochreiter and Schmidhuber, 1997; forget gate: Gers et al., 2000), gates i, f, g, o.

        i = σ(a_i + W_hi h)       how much of the new enters the memory
        f = σ(a_f + W_hf h)       how much of the memory stays
        g = tanh(a_g + W_hg h)    the new
        o = σ(a_o + W_ho h)       how much of the memory shows
        c_t = f · c + i · g
        h_t = o · tanh(c_t)

    σ is `recurrent_activation`, tanh is `activation`.
    """

    activation: str = "tanh"
    recurrent_activation: str = "sigmoid"

    gates: ClassVar[int] = 4
    states: ClassVar[int] = 2
    separate_bias_hh: ClassVar[bool] = False

    def step(self, a_t: Tensor, state: State, w: Weights, keep: Tensor | None = None) -> State:
        act, gate = ACTIVATIONS[self.activation], ACTIVATIONS[self.recurrent_activation]
        h, c = state
        h_kept = h if keep is None else h * keep
        i, f, g, o = (a_t + F.linear(h_kept, w.weight_hh, w.bias_hh)).chunk(4, dim=-1)
        i, f, o = gate(i), gate(f), gate(o)
        c_t = f * c + i * act(g)
        h_t = o * act(c_t)
        return (h_t, c_t)


class Core(nn.Module):
    """The parameters of a recurrent core: what cells (one step) and layers (all steps) have in common.

    Parameters are `weight_ih` [G·H, I], `weight_hh` [G·H, H] and `bias` [G·H]; a GRU with reset_after has `bias_ih`
    and `bias_hh` instead. They start as in Keras: Glorot uniform, orthogonal, zeros, 1 for an LSTM's forget bias.
    """

    def __init__(
        self,
        equations: Equations,
        input_size: int,
        hidden_size: int,
        *,
        bias: bool,
        unit_forget_bias: bool = False,
    ) -> None:
        super().__init__()
        for name, size in (("input_size", input_size), ("hidden_size", hidden_size)):
            if size < 1:
                raise InputError(f"{type(self).__name__}: {name} is {size}; it must be at least 1.")
        for name in ("activation", "recurrent_activation"):
            activation = getattr(equations, name, "tanh")
            if activation not in ACTIVATIONS:
                raise InputError(
                    f"{type(self).__name__}: {name} is {activation!r}; known are {', '.join(ACTIVATIONS)}."
                )
        self.equations = equations
        self.input_size, self.hidden_size = input_size, hidden_size
        self.use_bias, self.unit_forget_bias = bias, unit_forget_bias
        self._add_weights()

    def _add_weights(self, suffix: str = "") -> None:
        rows = self.equations.gates * self.hidden_size
        self.register_parameter("weight_ih" + suffix, nn.Parameter(torch.empty(rows, self.input_size)))
        self.register_parameter("weight_hh" + suffix, nn.Parameter(torch.empty(rows, self.hidden_size)))
        if self.use_bias:
            for name in ("bias_ih", "bias_hh") if self.equations.separate_bias_hh else ("bias",):
                self.register_parameter(name + suffix, nn.Parameter(torch.empty(rows)))
        self._initialize(suffix)

    @torch.no_grad()
    def _initialize(self, suffix: str) -> None:
        w = self.weights(suffix)
        nn.init.xavier_uniform_(w.weight_ih)
        nn.init.orthogonal_(w.weight_hh)
        for bias in (w.bias_ih, w.bias_hh):
            if bias is not None:
                nn.init.zeros_(bias)
        if self.unit_forget_bias and w.bias_ih is not None:
            w.bias_ih[self.hidden_size : 2 * self.hidden_size] = 1.0

    def weights(self, suffix: str = "") -> Weights:
        """The parameters of one direction; `suffix` is "_reverse" for the second one of a bidirectional layer."""
        bias_ih = bias_hh = None
        if self.use_bias and self.equations.separate_bias_hh:
            bias_ih, bias_hh = getattr(self, "bias_ih" + suffix), getattr(self, "bias_hh" + suffix)
        elif self.use_bias:
            bias_ih = getattr(self, "bias" + suffix)
        return Weights(getattr(self, "weight_ih" + suffix), getattr(self, "weight_hh" + suffix), bias_ih, bias_hh)

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}"


class _Cell(Core):
    def forward(self, x_t: Tensor, state: State | None = None) -> State:
        """One time step.

        Args:
            x_t: the input of this step, [B, I].
            state: the state of the step before, (h,) or (h, c), each [B, H]; zeros if None.

        Returns:
            The new state, (h_t,) or (h_t, c_t); h_t is also the cell's output.
        """
        if state is None:
            state = (x_t.new_zeros(x_t.shape[0], self.hidden_size),) * self.equations.states
        w = self.weights()
        return self.equations.step(input_part(x_t, w), state, w)


class SimpleRNNCell(_Cell):
    """One step of a simple recurrent network; see `SimpleRNNEquations`."""

    def __init__(self, input_size: int, hidden_size: int, *, activation: str = "tanh", bias: bool = True) -> None:
        super().__init__(SimpleRNNEquations(activation), input_size, hidden_size, bias=bias)


class GRUCell(_Cell):
    """One step of a gated recurrent unit; see `GRUEquations`."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        activation: str = "tanh",
        recurrent_activation: str = "sigmoid",
        bias: bool = True,
        reset_after: bool = True,
    ) -> None:
        equations = GRUEquations(activation, recurrent_activation, reset_after)
        super().__init__(equations, input_size, hidden_size, bias=bias)


class LSTMCell(_Cell):
    """One step of a long short-term memory; see `LSTMEquations`."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        activation: str = "tanh",
        recurrent_activation: str = "sigmoid",
        bias: bool = True,
        unit_forget_bias: bool = True,
    ) -> None:
        equations = LSTMEquations(activation, recurrent_activation)
        super().__init__(equations, input_size, hidden_size, bias=bias, unit_forget_bias=unit_forget_bias)
