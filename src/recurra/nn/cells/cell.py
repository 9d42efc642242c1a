"""What a recurrent cell is: named parameters, and one time step that gives its states and gates by name.

    B batch, T time steps, I input features, H hidden units, G gates

A recurrent network shares its parameters over time. At every step it takes the input x_t and the state of the step
before, and computes the new state. The part that needs no state, `a_t = W_ih x_t + b_ih`, can be computed for all time
steps at once (`input_part`); `step` is the rest.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from recurra.errors import InputError

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
    """Uniform in ±√(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010)."""
    return ParameterSpec(shape, nn.init.xavier_uniform_)


def orthogonal(*shape: int) -> ParameterSpec:
    """A random (semi-)orthogonal matrix (Saxe et al., 2014)."""
    return ParameterSpec(shape, nn.init.orthogonal_)


def zeros(*shape: int) -> ParameterSpec:
    """Zeros."""
    return ParameterSpec(shape, nn.init.zeros_)


@dataclass(frozen=True, kw_only=True)
class Cell(ABC):
    """The equations of one time step and the parameters they need; it holds options, but no tensors.

    A subclass gives `name`, `gates` and `step`. `RecurrentLayer(cell, input_size, hidden_size)` runs it over sequences,
    `OneStep(cell, input_size, hidden_size)` over single steps. A cell is immutable and may be shared.

    Attributes:
        name: the name by which saved files know the cell.
        gates: name of each gate → what it is called in reports. The default parameters stack the gates in this order.
        states: name of each state; the first one, h, is also the output.
        bias: whether there are biases.
    """

    name: ClassVar[str]
    gates: ClassVar[Mapping[str, str]] = {}
    states: ClassVar[tuple[str, ...]] = ("h",)

    bias: bool = True

    def __post_init__(self) -> None:
        for option in ("activation", "recurrent_activation"):
            value = getattr(self, option, "tanh")
            if value not in ACTIVATIONS:
                raise InputError(f"{self.title}: {option} is {value!r}; known are {', '.join(ACTIVATIONS)}.")

    @property
    def title(self) -> str:
        """The cell's name in reports: the name of its class, without a `Cell` at its end."""
        return type(self).__name__.removesuffix("Cell")

    def parameters(self, input_size: int, hidden_size: int) -> dict[str, ParameterSpec]:
        """The parameters of one direction by name.

        By default `weight_ih` [G·H, I], `weight_hh` [G·H, H] and `bias` [G·H]: one block of H rows for each gate, or a
        single block for a cell without gates. They start as in Keras: Glorot uniform, orthogonal, zeros.
        """
        rows = max(len(self.gates), 1) * hidden_size
        specs = {"weight_ih": glorot_uniform(rows, input_size), "weight_hh": orthogonal(rows, hidden_size)}
        return specs | {"bias": zeros(rows)} if self.bias else specs

    def input_part(self, x: Tensor, p: Parameters) -> Tensor:
        """The part of a step that needs no state, for one step or many: x [..., I] → a [..., G·H]."""
        return F.linear(x, p["weight_ih"], p.get("bias", p.get("bias_ih")))

    @abstractmethod
    def step(self, a_t: Tensor, state: State, h_seen: Tensor, p: Parameters) -> tuple[State, Gates]:
        """One time step.

        Args:
            a_t: the input part of this step, [B, G·H].
            state: the state of the step before, each [B, H].
            h_seen: h of the step before as the gates see it, [B, H]: `state[0]`, or with units dropped by recurrent
                dropout. Multiply this one by weights, and carry over `state`.
            p: the parameters by name.

        Returns:
            The new state, each [B, H], and the gates by name, each [B, H].
        """

    def scan(self, a: Tensor, state: State, p: Parameters) -> tuple[Tensor, State] | None:
        """All time steps at once, for a cell that has a faster way than one step after the other.

        Args:
            a: the input parts of all steps, [B, T, G·H].
            state: the state before the first step, each [B, H].
            p: the parameters by name.

        Returns:
            The outputs [B, T, H] and the state after the last step, each [B, H]; None if there is no such way.
        """
        return None


def recurrent_part(h: Tensor, p: Parameters) -> Tensor:
    """`W_hh h`, and `+ b_hh` where the recurrent part has a bias of its own: [B, H] → [B, G·H]."""
    return F.linear(h, p["weight_hh"], p.get("bias_hh"))


def snake_case(name: str) -> str:
    """`SimpleRNN` → `simple_rnn`, `GRU` → `gru`: how Keras makes a layer's name from its class."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
