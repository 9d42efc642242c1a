"""The kernels of csrc/, loaded, and one call of them: what it is besides its tensors, and the memory that it writes.

The tensors of a call are (mask, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh), None where there is none. Forward
leaves a tape for backward: a tensor [T + 1, B, stride] that only the kernels can read. Backward consumes it.
"""

import importlib
import os
import threading
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from recurra.errors import InputError
from recurra.nn.cells import Parameters

MISSING: str | None = None  # or why the kernels are not there, to be said after "cannot do"
try:
    importlib.import_module("recurra.nn.backends.native._kernels")
except ModuleNotFoundError:
    MISSING = (
        "anything, for its kernels are not there: install recurra from a wheel, or where there is a C++ compiler "
        "(on Debian: apt install g++ python3-dev)"
    )
except ImportError as error:
    MISSING = f"anything, for its kernels cannot be loaded ({error}): install recurra anew on this machine"
else:
    from recurra.nn.backends.native import _kernels

    extension = _kernels

    _wanted = os.environ.get("RECURRA_ISA")
    if _wanted and not extension.use(_wanted):
        raise InputError(f"RECURRA_ISA is {_wanted!r}; this processor can run {', '.join(extension.isas)}.")

# The name of each cell that the kernels compute → its number there; and the names of those with a state (h, c).
KERNELS = {} if MISSING else {cell.name: number for number, cell in enumerate(extension.cells)}
WITH_C = frozenset() if MISSING else frozenset(cell.name for cell in extension.cells if "c" in cell.states)


class Weights(NamedTuple):
    """The parameters of a cell as the kernels take them; gates are stacked in torch's order, G of them."""

    weight_ih: Tensor  # [G·H, I]
    weight_hh: Tensor  # [G·H, H]
    bias_ih: Tensor | None = None  # [G·H]
    bias_hh: Tensor | None = None  # [G·H]

    @classmethod
    def of(cls, p: Parameters) -> "Weights":
        """The parameters of a cell, by their names."""
        return cls(p["weight_ih"], p["weight_hh"], p.get("bias", p.get("bias_ih")), p.get("bias_hh"))


def isa() -> str | None:
    """The instruction set that the kernels use on this processor; None if there are no kernels."""
    return None if MISSING else extension.isa()


class Tensors(NamedTuple):
    """The tensors of a call."""

    mask: Tensor | None  # [B, T], True for the steps to process
    x: Tensor  # [B, T, I]
    h0: Tensor | None  # [B, H] or [1, B, H]
    c0: Tensor | None
    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor | None
    bias_hh: Tensor | None

    @property
    def leaves(self) -> tuple[Tensor | None, ...]:
        """Those that may have a gradient: all but the mask."""
        return self[1:]


class KernelCall(NamedTuple):
    """What a call of a kernel is besides its tensors.

    Attributes:
        kernel: the name of the cell; see `KERNELS`.
        reverse: whether to run from the last step to the first.
        sequences: whether the outputs of all steps are wanted.
        time_major: whether the outputs, [B, T, H] all the same, lie in memory step after step.
        layered: whether the states, given and returned, are [1, B, H] as torch.nn has them, instead of [B, H].
    """

    kernel: str
    reverse: bool
    sequences: bool
    time_major: bool = False
    layered: bool = False

    @property
    def has_c(self) -> bool:
        """Whether the state is (h, c) instead of (h,)."""
        return self.kernel in WITH_C

    def outputs(self, x: Tensor, H: int) -> Tensor:
        """Memory for them, [B, T, H]."""
        B, T, _ = x.shape
        return x.new_empty_strided((B, T, H), (H, B * H, 1)) if self.time_major else x.new_empty(B, T, H)

    def last(self, x: Tensor, H: int) -> Tensor:
        """Memory for a last state, [B, H] or [1, B, H]."""
        return x.new_empty(1, x.shape[0], H) if self.layered else x.new_empty(x.shape[0], H)

    def tape(self, x: Tensor, H: int) -> Tensor:
        """Memory for it, [T + 1, B, stride]."""
        B, T, _ = x.shape
        return x.new_empty(*self.tape_shape(T, B, H))

    def tape_shape(self, T: int, B: int, H: int) -> tuple[int, int, int]:
        return T + 1, B, extension.tape_stride(KERNELS[self.kernel], H)


class Spare:
    """Consumed tapes, to be written again: in fresh memory every 4 KiB cost a page fault, which is half of the time."""

    MOST, BYTES = 8, 64_000_000  # are kept in all

    def __init__(self) -> None:
        self._tapes: list[Tensor] = []
        self._bytes = 0
        self._lock = threading.Lock()

    def take(self, shape: tuple[int, int, int]) -> Tensor | None:
        """One of that shape, if there is one."""
        with self._lock:
            for index, tape in enumerate(self._tapes):
                if tape.shape == shape:
                    self._bytes -= tape.nbytes
                    return self._tapes.pop(index)
        return None

    def give(self, tape: Tensor) -> None:
        """What nobody reads any more."""
        with self._lock:
            self._tapes.append(tape)
            self._bytes += tape.nbytes
            while len(self._tapes) > self.MOST or self._bytes > self.BYTES:
                self._bytes -= self._tapes.pop(0).nbytes


spare = Spare()


def forward(
    call: KernelCall, keep_tape: bool, tensors: Tensors
) -> tuple[Tensor | None, Tensor, Tensor | None, Tensor | None]:
    """The outputs, the last h and c, and the tape; None for what is not wanted."""
    x, H = tensors.x, tensors.weight_hh.shape[-1]
    y = call.outputs(x, H) if call.sequences else None
    h = call.last(x, H)
    c = call.last(x, H) if call.has_c else None
    tape = None
    if keep_tape:
        tape = spare.take(call.tape_shape(x.shape[1], x.shape[0], H))
        tape = call.tape(x, H) if tape is None else tape
    extension.forward(KERNELS[call.kernel], call.reverse, torch.get_num_threads(), tensors, y, h, c, tape)
    return y, h, c, tape


def backward(
    call: KernelCall, given: tuple[Tensor | None, ...], wanted: Sequence[bool], tape: Tensor, tensors: Tensors
) -> tuple[Tensor | None, ...]:
    """From gradients of (y, h, c) to those of the leaves that are wanted; None for the others. Consumes the tape."""
    found = tuple([_like(leaf) if want else None for want, leaf in zip(wanted, tensors.leaves, strict=True)])
    threads = torch.get_num_threads()
    extension.backward(KERNELS[call.kernel], call.reverse, threads, tensors, tape, given, found)
    return found


def _like(leaf: Tensor | None) -> Tensor | None:
    """Contiguous memory for its gradient."""
    if leaf is None:
        return None
    return torch.empty_like(leaf) if leaf.is_contiguous() else leaf.new_empty(leaf.shape)


def new_stepper(kernel: str, w: Weights, h: Tensor, c: Tensor | None) -> "extension.Stepper":
    """One sequence, step by step, with copies of the weights; its state is in h and c, each [H]."""
    x = w.weight_ih.new_empty((1, 1, w.weight_ih.shape[1]))
    return extension.Stepper(KERNELS[kernel], (None, x, None, None, *w), h, c)
