"""Load the kernels of csrc/ and call them: the options of a call, its tensors, and the memory for its results.

The tensors of a call are (mask, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh, norm_ih, norm_hh, norm_c, bias_c);
optional ones may be None. The forward pass writes a tape for the backward pass, a tensor [T + 1, B, stride] in a format
private to the kernels. The backward pass overwrites the tape.
"""

import importlib
import os
import threading
from collections.abc import Sequence
from typing import NamedTuple, cast

import torch
from torch import Tensor

from recurra.errors import InputError
from recurra.nn.backends.torch import OPERATORS, operator_of
from recurra.nn.cells import Cell, GRUCell, LSTMCell, Parameters, SimpleRNNCell
from recurra.nn.cells.cell import is_normalized
from recurra.threads import kernel_threads

MISSING: str | None = None  # why the kernels are missing, worded to follow "does not support"
try:
    importlib.import_module("recurra.nn.backends.native._kernels")
except ModuleNotFoundError:
    MISSING = (
        "any call, because its kernels are missing: install recurra from a wheel, or from source with a C++ compiler "
        "(on Debian: apt install g++ python3-dev)"
    )
except ImportError as error:
    MISSING = f"any call, because its kernels cannot be loaded ({error}): reinstall recurra on this machine"
else:
    from recurra.nn.backends.native import _kernels

    extension = _kernels

    _wanted = os.environ.get("RECURRA_ISA")
    if _wanted and not extension.use(_wanted):
        raise InputError(f"RECURRA_ISA is {_wanted!r}; this processor can run {', '.join(extension.isas)}.")

# Name of each kernel → its number in csrc; and the names of those with a state (h, c).
KERNELS = {} if MISSING else {cell.name: number for number, cell in enumerate(extension.cells)}
WITH_C = frozenset() if MISSING else frozenset(cell.name for cell in extension.cells if "c" in cell.states)

# Name of each kernel → the cell that it computes.
CELLS: dict[str, Cell] = OPERATORS | {
    "rnn_tanh_norm": SimpleRNNCell("tanh", layer_norm=True),
    "rnn_relu_norm": SimpleRNNCell("relu", layer_norm=True),
    "gru_norm": GRUCell(layer_norm=True),
    "lstm_norm": LSTMCell(layer_norm=True),
}


def kernel_of(cell: Cell) -> str:
    """Return the name of the kernel for a cell; `differs_in_equations(cell)` must be None."""
    return f"{operator_of(cell)}_norm" if is_normalized(cell) else operator_of(cell)


class Weights(NamedTuple):
    """The parameters of a cell as arguments of the kernels; G gates are stacked in torch's order."""

    weight_ih: Tensor  # [G·H, I]
    weight_hh: Tensor  # [G·H, H]
    bias_ih: Tensor | None = None  # [G·H]
    bias_hh: Tensor | None = None  # [G·H]
    norm_ih: Tensor | None = None  # [G·H]
    norm_hh: Tensor | None = None  # [G·H]
    norm_c: Tensor | None = None  # [H]
    bias_c: Tensor | None = None  # [H]

    @classmethod
    def of(cls, p: Parameters) -> "Weights":
        """Create the arguments from the parameters of a cell by name."""
        bias_ih = p.get("bias", p.get("bias_ih"))
        if "norm_ih" not in p:
            return cls(p["weight_ih"], p["weight_hh"], bias_ih, p.get("bias_hh"))
        gains = p["norm_ih"], p["norm_hh"], p.get("norm_c"), p.get("bias_c")
        return cls(p["weight_ih"], p["weight_hh"], bias_ih, p.get("bias_hh"), *gains)


def isa() -> str | None:
    """Return the instruction set that the kernels use on this processor; None if the kernels are missing."""
    return None if MISSING else extension.isa()


class Tensors(NamedTuple):
    """The tensors of a call."""

    mask: Tensor | None  # [B, T], True at unmasked steps
    x: Tensor  # [B, T, I]
    h0: Tensor | None  # [B, H] or [1, B, H]
    c0: Tensor | None
    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor | None
    bias_hh: Tensor | None
    norm_ih: Tensor | None = None
    norm_hh: Tensor | None = None
    norm_c: Tensor | None = None
    bias_c: Tensor | None = None

    @property
    def leaves(self) -> tuple[Tensor | None, ...]:
        """The tensors that can have a gradient: all but the mask."""
        return self[1:]


class KernelCall(NamedTuple):
    """The options of a kernel call.

    Attributes:
        kernel: the name of the kernel; see `KERNELS`.
        reverse: whether to run from the last step to the first.
        sequences: whether to return the outputs of all steps.
        time_major: whether the memory layout of the outputs is [T, B, H]; their shape is [B, T, H] either way.
        layered: whether the initial and last states are [1, B, H], as in torch.nn, instead of [B, H].
        dropout: fraction of the outputs to drop.
        seed: of the random numbers that say which ones.
    """

    kernel: str
    reverse: bool
    sequences: bool
    time_major: bool = False
    layered: bool = False
    dropout: float = 0.0
    seed: int = 0

    @property
    def has_c(self) -> bool:
        """Whether the state is (h, c) instead of (h,)."""
        return self.kernel in WITH_C

    def outputs(self, x: Tensor, H: int) -> Tensor:
        """Allocate memory for the outputs, [B, T, H]."""
        B, T, _ = x.shape
        return x.new_empty_strided((B, T, H), (H, B * H, 1)) if self.time_major else x.new_empty(B, T, H)

    def last(self, x: Tensor, H: int) -> Tensor:
        """Allocate memory for a last state, [B, H] or [1, B, H]."""
        return x.new_empty(1, x.shape[0], H) if self.layered else x.new_empty(x.shape[0], H)

    def tape(self, x: Tensor, H: int) -> Tensor:
        """Allocate memory for the tape, [T + 1, B, stride]."""
        B, T, _ = x.shape
        return x.new_empty(*self.tape_shape(T, B, H))

    def tape_shape(self, T: int, B: int, H: int) -> tuple[int, int, int]:
        """Return the shape of the tape."""
        return T + 1, B, extension.tape_stride(KERNELS[self.kernel], H, self.dropout > 0.0)


class Spare:
    """Used tapes for reuse: fresh memory costs a page fault per 4 KiB, which would be half of the running time."""

    MOST, BYTES = 8, 64_000_000  # maximum number of tapes, and of their bytes in total

    def __init__(self) -> None:
        self._tapes: list[Tensor] = []
        self._bytes = 0
        self._lock = threading.Lock()

    def take(self, shape: tuple[int, int, int]) -> Tensor | None:
        """Remove and return a tape of this shape; None if there is none."""
        with self._lock:
            for index, tape in enumerate(self._tapes):
                if tape.shape == shape:
                    self._bytes -= tape.nbytes
                    return self._tapes.pop(index)
        return None

    def give(self, tape: Tensor) -> None:
        """Add a tape that is no longer in use."""
        with self._lock:
            self._tapes.append(tape)
            self._bytes += tape.nbytes
            while len(self._tapes) > self.MOST or self._bytes > self.BYTES:
                self._bytes -= self._tapes.pop(0).nbytes


spare = Spare()


def forward(
    call: KernelCall, keep_tape: bool, tensors: Tensors
) -> tuple[Tensor | None, Tensor, Tensor | None, Tensor | None]:
    """Run the forward pass.

    Args:
        call: the kernel and its options.
        keep_tape: whether to return a tape for `backward`.
        tensors: the tensors of the call.

    Returns:
        The outputs (None without `call.sequences`), the last h, the last c (None if the state has none), and the tape
        (None without `keep_tape`).
    """
    x, H = tensors.x, tensors.weight_hh.shape[-1]
    y = call.outputs(x, H) if call.sequences else None
    h = call.last(x, H)
    c = call.last(x, H) if call.has_c else None
    tape = None
    if keep_tape:
        tape = spare.take(call.tape_shape(x.shape[1], x.shape[0], H))
        tape = call.tape(x, H) if tape is None else tape
    extension.forward(
        KERNELS[call.kernel], call.reverse, kernel_threads(), tensors, y, h, c, tape, call.dropout, call.seed
    )
    return y, h, c, tape


def backward(
    call: KernelCall, given: tuple[Tensor | None, ...], wanted: Sequence[bool], tape: Tensor, tensors: Tensors
) -> tuple[Tensor | None, ...]:
    """Run the backward pass, which overwrites the tape.

    Args:
        call: the kernel and its options.
        given: the gradients of y, h and c; None for zeros.
        wanted: whether to compute the gradient of each of `tensors.leaves`.
        tape: the tape of the forward pass.
        tensors: the tensors of the call.

    Returns:
        The gradient of each leaf; None if it is not wanted.
    """
    found = tuple([_like(leaf) if want else None for want, leaf in zip(wanted, tensors.leaves, strict=True)])
    extension.backward(KERNELS[call.kernel], call.reverse, kernel_threads(), tensors, tape, given, found, call.dropout)
    return found


def dropout_factors(call: KernelCall, x: Tensor, H: int) -> Tensor:
    """Return what the dropout of a call with inputs x multiplies its outputs by, [B, T, H]."""
    ones = call._replace(kernel="rnn_relu", sequences=True)  # relu(1) = 1, dropped
    weights = Weights(x.new_zeros(H, 1), x.new_zeros(H, H), x.new_ones(H))
    return cast(Tensor, forward(ones, False, Tensors(None, x.new_zeros(*x.shape[:2], 1), None, None, *weights))[0])


def _like(leaf: Tensor | None) -> Tensor | None:
    """Allocate contiguous memory for the gradient of a leaf."""
    if leaf is None:
        return None
    return torch.empty_like(leaf) if leaf.is_contiguous() else leaf.new_empty(leaf.shape)


def new_stepper(kernel: str, w: Weights, sequences: int) -> "extension.Stepper":
    """Create a stepper for so many sequences, with copies of the weights, and zeros as their states."""
    x = w.weight_ih.new_empty((sequences, 1, w.weight_ih.shape[1]))
    return extension.Stepper(KERNELS[kernel], (None, x, None, None, *w))
