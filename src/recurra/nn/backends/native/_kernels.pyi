"""The extension module that csrc/ is built into.

The tensors of a call are (mask, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh, norm_ih, norm_hh, norm_c,
bias_c), None where there is none; mask and x are [B, T, …]. Invalid arguments raise InputError.
"""

from torch import Tensor

_Tensors = tuple[Tensor | None, ...]

class CellRow:
    """What a caller of a kernel needs to know about its cell."""

    @property
    def name(self) -> str: ...
    @property
    def gates(self) -> int:
        """G, of the weights [G·H, I] and [G·H, H]."""
    @property
    def states(self) -> tuple[str, ...]:
        """The names of the states: h, or h and c."""
    @property
    def separate_recurrent_bias(self) -> bool:
        """Whether bias_hh has a place of its own in the equations, so that it cannot be added to bias_ih."""
    @property
    def normalized(self) -> bool:
        """Whether the products with the weights, and c where it is output, are normalized."""

cells: tuple[CellRow, ...]  # a kernel's number is the place of its cell here
isas: tuple[str, ...]  # the instruction sets that this processor can run, fastest first

def isa() -> str: ...
def use(isa: str) -> bool: ...
def tape_stride(kernel: int, H: int, dropout: bool = False) -> int: ...
def are_plain(tensors: _Tensors) -> bool: ...
def are_plain_floats(tensors: _Tensors) -> bool: ...
def forward(
    kernel: int,
    reverse: bool,
    threads: int,
    tensors: _Tensors,
    y: Tensor | None,
    h: Tensor,
    c: Tensor | None,
    tape: Tensor | None,
    dropout: float = 0.0,
    seed: int = 0,
) -> None:
    """Write outputs [B, T, H], the last h and c [B, H], and the tape; drop a fraction of the outputs."""

def backward(
    kernel: int,
    reverse: bool,
    threads: int,
    tensors: _Tensors,
    tape: Tensor,
    given: _Tensors,
    found: _Tensors,
    dropout: float = 0.0,
) -> None:
    """Read the gradients given of (y, h, c), and write those of (x, h0, c0, *w)."""

class Stepper:
    def __init__(self, kernel: int, tensors: _Tensors) -> None: ...
    def write_state(self, h: Tensor | None, c: Tensor | None) -> None:
        """Set the states to h and c, each [B, H]; None for zeros."""
    def read_state(self, h: Tensor, c: Tensor | None) -> None:
        """Write the states to h and c, each [B, H]."""
    def step(self, x: Tensor, h: Tensor) -> bool:
        """Write the new h; return False and do nothing if x or h is not, or no longer, memory for a step."""
