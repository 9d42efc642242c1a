"""The interface of a recurrent cell: named parameters, and one time step that returns states and gates by name.

    B batch, T time steps, I input features, H hidden units, G gates

A recurrent network shares its parameters over time. At every step it computes the new state from the input x_t and the
previous state. The part that does not depend on the state, `a_t = W_ih x_t + b_ih`, is computed for all time steps at
once (`input_part`); `step` computes the rest.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from recurra.nn.arguments import check_choice, check_flags

State = tuple[Tensor, ...]  # one tensor [B, H] for each of `Cell.states`; the first is the output
Gates = dict[str, Tensor]  # one tensor [B, H] for each of `Cell.gates`
Parameters = Mapping[str, Tensor]

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "hard_sigmoid": F.hardsigmoid,  # relu6(x + 3) / 6, as in Keras 3
    "linear": lambda x: x,
}


class ParameterSpec(NamedTuple):
    """The shape of a parameter, and the function that fills a tensor with its initial values in place."""

    shape: tuple[int, ...]
    initialize: Callable[[Tensor], object]


def glorot_uniform(*shape: int) -> ParameterSpec:
    """A parameter initialized uniformly in ±√(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010)."""
    return ParameterSpec(shape, nn.init.xavier_uniform_)


def orthogonal(*shape: int) -> ParameterSpec:
    """A parameter initialized as a random (semi-)orthogonal matrix (Saxe et al., 2014)."""
    return ParameterSpec(shape, nn.init.orthogonal_)


def zeros(*shape: int) -> ParameterSpec:
    """A parameter initialized with zeros."""
    return ParameterSpec(shape, nn.init.zeros_)


def ones(*shape: int) -> ParameterSpec:
    """A parameter initialized with ones."""
    return ParameterSpec(shape, nn.init.ones_)


@dataclass(frozen=True, kw_only=True)
class Cell(ABC):
    """The equations of one time step and the parameters that they use.

    A subclass defines `name`, `gates` and `step`. `RecurrentLayer(cell, input_size, hidden_size)` runs a cell over
    sequences, `OneStep(cell, input_size, hidden_size)` runs a single step. A cell holds options but no tensors; it is
    immutable and can be shared.

    Attributes:
        name: the name of the cell in saved files.
        gates: name of each gate → its name in reports. The default parameters stack the gates in this order.
        states: name of each state; the first one, h, is also the output.
        gates_read_h: whether the gates depend on the previous h, which recurrent dropout drops units from.
        bias: whether to add biases.
    """

    name: ClassVar[str]
    gates: ClassVar[Mapping[str, str]] = {}
    states: ClassVar[tuple[str, ...]] = ("h",)
    gates_read_h: ClassVar[bool] = True

    bias: bool = True

    def __post_init__(self) -> None:
        for option in ("activation", "recurrent_activation"):
            check_choice(self.title, option, getattr(self, option, "tanh"), ACTIVATIONS)
        for option in ("bias", "layer_norm", "reset_after", "unit_forget_bias"):
            check_flags(self.title, **{option: getattr(self, option, True)})

    @property
    def title(self) -> str:
        """The name of the cell in reports: the name of its class without the suffix `Cell`."""
        return type(self).__name__.removesuffix("Cell")

    def parameters(self, input_size: int, hidden_size: int) -> dict[str, ParameterSpec]:
        """Declare the parameters of one direction by name.

        The default is `weight_ih` [G·H, I], `weight_hh` [G·H, H] and `bias` [G·H]: one block of H rows per gate, or a
        single block for a cell without gates. As in Keras, they are initialized Glorot uniform, orthogonal and with
        zeros.

        Args:
            input_size: number of input features, I.
            hidden_size: number of hidden units, H.
        """
        rows = max(len(self.gates), 1) * hidden_size
        specs = {"weight_ih": glorot_uniform(rows, input_size), "weight_hh": orthogonal(rows, hidden_size)}
        return specs | {"bias": zeros(rows)} if self.bias else specs

    def input_part(self, x: Tensor, p: Parameters) -> Tensor:
        """Compute the part that does not depend on the state, for one step or many: x [..., I] → a [..., G·H]."""
        return _product(x, p["weight_ih"], p.get("norm_ih"), p.get("bias", p.get("bias_ih")))

    @abstractmethod
    def step(self, a_t: Tensor, state: State, h_seen: Tensor, p: Parameters) -> tuple[State, Gates]:
        """Compute one time step.

        Args:
            a_t: the input part of this step, [B, G·H].
            state: the previous state, each [B, H].
            h_seen: the previous h as the gates read it, [B, H]: `state[0]` with recurrent dropout applied. Multiply
                weights by `h_seen`; compute the new state from `state`.
            p: the parameters by name.

        Returns:
            The new state, each [B, H], and the gates by name, each [B, H].
        """

    def scan(self, a: Tensor, state: State, p: Parameters) -> tuple[Tensor, State] | None:
        """Compute all time steps at once, for a cell that can do so faster than step by step.

        Args:
            a: the input parts of all steps, [B, T, G·H].
            state: the state before the first step, each [B, H].
            p: the parameters by name.

        Returns:
            The outputs, [B, T, H], and the state after the last step, each [B, H]; None to run step by step.
        """
        return None


@dataclass(frozen=True, kw_only=True)
class NormalizedCell(Cell):
    """A cell with layer normalization as an option (Ba, Kiros and Hinton, 2016).

    With it the products with the weights are normalized, each over all its G·H values, and multiplied by gains, which
    start as ones, before the biases are added:

        LN(v) = (v - mean(v)) / √(variance(v) + 1e-5)
        LN(W_ih x_t) · norm_ih + b_ih     instead of W_ih x_t + b_ih, by `input_part`
        LN(W_hh h) · norm_hh + b_hh       instead of W_hh h + b_hh, by `recurrent_part`

    A value that is normalized alone is 0 always, so that layers need two units or more to learn anything.

    Attributes:
        layer_norm: whether to normalize.
    """

    layer_norm: bool = False

    def parameters(self, input_size: int, hidden_size: int) -> dict[str, ParameterSpec]:
        specs = super().parameters(input_size, hidden_size)
        gains = ones(*specs["weight_ih"].shape[:1])
        return specs | {"norm_ih": gains, "norm_hh": gains} if self.layer_norm else specs


def is_normalized(cell: Cell) -> bool:
    """Whether a cell has layer normalization."""
    return isinstance(cell, NormalizedCell) and cell.layer_norm


def recurrent_part(h: Tensor, p: Parameters) -> Tensor:
    """Compute `W_hh h`, normalized if there are gains, plus `b_hh` if there is a recurrent bias: [B, H] → [B, G·H]."""
    return _product(h, p["weight_hh"], p.get("norm_hh"), p.get("bias_hh"))


def _product(x: Tensor, weight: Tensor, gains: Tensor | None, bias: Tensor | None) -> Tensor:
    if gains is None:
        return F.linear(x, weight, bias)
    return F.layer_norm(F.linear(x, weight), gains.shape, gains, bias)


def snake_case(name: str) -> str:
    """Convert a class name to a layer name as Keras does: `SimpleRNN` → `simple_rnn`, `GRU` → `gru`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
