"""The native backend: the kernels of csrc/, and how torch's autograd and compiler reach them.

A call takes one of two ways. In plain eager code the kernels get the tensors' addresses, from an `autograd.Function`
or, where no gradient is wanted, directly. For torch.compile, torch.export and fake tensors the same call is an operator
of torch.library, `recurra::scan`, which they can look at without running it.

Forward leaves a tape for backward: a tensor [T + 1, B, stride] that only the kernels can read. Backward consumes it.
"""

import importlib
import os
import threading
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch._C._functorch import is_legacy_batchedtensor
from torch.autograd import forward_ad

from recurra.errors import InputError
from recurra.nn import reference
from recurra.nn.cells import Equations, GRUEquations, LSTMEquations, SimpleRNNEquations, State, Weights

MISSING = None  # or why the kernels are not there, to be said after "cannot do"
try:
    importlib.import_module("recurra.nn._kernels")
except ModuleNotFoundError:
    MISSING = (
        "anything, for its kernels are not there: install recurra from a wheel, or where there is a C++ compiler "
        "(on Debian: apt install g++ python3-dev)"
    )
except ImportError as error:
    MISSING = f"anything, for its kernels cannot be loaded ({error}): install recurra anew on this machine"
else:
    from recurra.nn import _kernels

    _wanted = os.environ.get("RECURRA_ISA")
    if _wanted and not _kernels.use(_wanted):
        raise InputError(f"RECURRA_ISA is {_wanted!r}; this processor can run {', '.join(_kernels.isas)}.")

RNN_TANH, RNN_RELU, GRU, LSTM = range(4)  # as csrc/scan.h counts the cells
GATES = (1, 1, 3, 4)
EQUATIONS: tuple[Equations, ...] = (
    SimpleRNNEquations("tanh"),
    SimpleRNNEquations("relu"),
    GRUEquations(),
    LSTMEquations(),
)
_PLAIN = (Tensor, nn.Parameter, type(None))


def isa() -> str | None:
    """The instruction set that the kernels use on this processor; None if there are no kernels."""
    return None if MISSING else _kernels.isa()


def obstacle(equations: Equations, x: Tensor, state: State | None, w: Weights, keep: Tensor | None) -> str | None:
    """Say what of this call the kernels cannot do; None if they can do it all."""
    if MISSING is not None:
        return MISSING
    difference = not_torchs(equations)
    if difference is not None:
        return difference
    if keep is not None:
        return "recurrent dropout"
    for tensor in (x, *(state or ()), *w):
        if tensor is not None and not (
            tensor.dtype is torch.float32 and tensor.is_cpu and tensor.layout is torch.strided
        ):
            return f"{tensor.dtype} tensors on {tensor.device}" if tensor.layout is torch.strided else "sparse tensors"
    if torch.is_autocast_enabled("cpu"):
        return "autocast"
    if torch.compiler.is_compiling():
        return None
    if torch._C._get_tracing_state() is not None:
        return "torch.jit.trace"
    if transforms_are_active():
        return "transforms of torch.func"
    return None


def is_slower_than_torch(equations: Equations, steps: int, w: Weights) -> bool:
    """Whether torch's operators take less time: for one step of a SimpleRNN or GRU with large weights.

    The kernels pack the weights first, which one step does not earn back (benchmarks/layers.py, the grid).
    """
    if torch.compiler.is_compiling() or steps > 1 or isinstance(equations, LSTMEquations):
        return False
    H, I = w.weight_hh.shape[1], w.weight_ih.shape[1]
    return H * (I + H) > 100_000


def _plain(*tensors: Tensor | None) -> bool:
    """Whether they all are tensors with memory of their own, and not somebody's subclass."""
    return all(type(tensor) in _PLAIN for tensor in tensors)


def transforms_are_active() -> bool:
    """Whether vmap, grad or another transform of torch.func, or forward derivatives, are at work."""
    return torch._C._are_functorch_transforms_active() or forward_ad._current_level >= 0


def kernel_of(equations: Equations) -> int | None:
    """Which of the kernels computes these equations; None if none does."""
    if not_torchs(equations) is not None:
        return None
    if isinstance(equations, SimpleRNNEquations):
        return RNN_RELU if equations.activation == "relu" else RNN_TANH
    return LSTM if isinstance(equations, LSTMEquations) else GRU


def not_torchs(equations: Equations) -> str | None:
    """What of these equations neither torch.nn's operators nor the kernels compute; None if both do."""
    if isinstance(equations, SimpleRNNEquations):
        return None if equations.activation in {"tanh", "relu"} else f"activation {equations.activation!r}"
    if not isinstance(equations, GRUEquations | LSTMEquations):
        return type(equations).__name__
    if equations.activation != "tanh":
        return f"activation {equations.activation!r}"
    if equations.recurrent_activation != "sigmoid":
        return f"recurrent_activation {equations.recurrent_activation!r}"
    if isinstance(equations, GRUEquations) and not equations.reset_after:
        return "reset_after=False"
    return None


class _How(NamedTuple):
    """What a call is besides its tensors."""

    equations: Equations
    kernel: int
    reverse: bool
    sequences: bool
    time_major: bool
    layered: bool

    @classmethod
    def of(cls, kernel: int, *options: bool) -> "_How":
        """The same from an operator's arguments, which know the kernel only."""
        return cls(EQUATIONS[kernel], kernel, *options)

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
        return x.new_empty(self.tape_shape(T, B, H))

    def tape_shape(self, T: int, B: int, H: int) -> tuple[int, int, int]:
        return T + 1, B, _kernels.tape_stride(self.kernel, H)


class _Spare:
    """Consumed tapes, to be written again: in fresh memory every 4 KiB cost a page fault, which is half of the time."""

    MOST, BYTES = 8, 64_000_000  # are kept in all

    def __init__(self) -> None:
        self._tapes: list[Tensor] = []
        self._lock = threading.Lock()

    def take(self, shape: tuple[int, int, int]) -> Tensor | None:
        """One of that shape, if there is one."""
        with self._lock:
            for index, tape in enumerate(self._tapes):
                if tape.shape == shape:
                    return self._tapes.pop(index)
        return None

    def give(self, tape: Tensor) -> None:
        """What nobody reads any more."""
        with self._lock:
            self._tapes.append(tape)
            while len(self._tapes) > self.MOST or 4 * sum(kept.numel() for kept in self._tapes) > self.BYTES:
                self._tapes.pop(0)


_spare = _Spare()


def scan(
    equations: Equations,
    x: Tensor,
    state: State | None,
    w: Weights,
    *,
    mask: Tensor | None = None,
    reverse: bool = False,
    sequences: bool = True,
    time_major: bool = False,
    layered: bool = False,
) -> tuple[Tensor | None, State]:
    """What `recurra.nn.scan.scan` does, where `obstacle` finds none.

    With `time_major` the outputs, still [B, T, H], lie in memory step after step. With `layered` the states, given and
    returned, are [1, B, H], as torch.nn has them.

    Raises:
        InputError: the tensors' shapes do not fit each other.
    """
    kernel = kernel_of(equations)
    assert kernel is not None
    how = _How(equations, kernel, reverse, sequences, time_major, layered)
    h0, c0 = (None, None) if state is None else state if len(state) == 2 else (state[0], None)
    gradients = torch.is_grad_enabled() and (
        w.weight_hh.requires_grad
        or x.requires_grad
        or any(tensor is not None and tensor.requires_grad for tensor in (h0, c0, *w))
    )
    if torch.compiler.is_compiling() or torch._C._len_torch_dispatch_stack() > 0 or not _plain(x, mask, h0, c0, *w):
        y, h, c, _ = torch.ops.recurra.scan(x, mask, h0, c0, *w, *how[1:], gradients)
    elif gradients:
        y, h, c = _apply(how, mask, x, h0, c0, *w)  # type: ignore[no-untyped-call]
    else:
        y, h, c, _ = _forward(how, False, mask, x, h0, c0, *w)
    return (y if sequences else None), ((h, c) if kernel == LSTM else (h,))


def new_stepper(equations: Equations, w: Weights) -> "_kernels.Stepper":
    """The kernel of `recurra.nn.stepper.Stepper`, for weights in which `obstacle` finds none."""
    kernel = kernel_of(equations)
    assert kernel is not None
    x = w.weight_ih.new_empty((1, 1, w.weight_ih.shape[1]))
    call = _Call(_How(equations, kernel, False, False, False, False), None, x, None, None, *w)
    return _kernels.Stepper((*call.numbers, 0, 0, 0, 0, 0, 0))


class _Call:
    """One call of the kernels: its numbers, in the order of csrc/module.cpp, and the tensors that they point to."""

    __slots__ = ("H", "T", "kept", "numbers", "reverse")

    def __init__(
        self,
        how: _How,
        mask: Tensor | None,
        x: Tensor,
        h0: Tensor | None,
        c0: Tensor | None,
        w_ih: Tensor,
        w_hh: Tensor,
        b_ih: Tensor | None,
        b_hh: Tensor | None,
    ) -> None:
        kernel, reverse = how.kernel, how.reverse
        x = _readable(x)
        B, T, I = x.shape
        w_ih, w_hh = w_ih.resolve_neg().contiguous(), w_hh.resolve_neg().contiguous()
        b_ih = None if b_ih is None else b_ih.resolve_neg().contiguous()
        b_hh = None if b_hh is None else b_hh.resolve_neg().contiguous()
        h0 = None if h0 is None else h0.resolve_neg().contiguous()
        c0 = None if c0 is None else c0.resolve_neg().contiguous()
        mask = None if mask is None else mask.contiguous()
        H, rows = w_hh.shape[1], w_hh.shape[0]
        if rows != GATES[kernel] * H or w_ih.shape != (rows, I):  # a kernel would read past their end
            raise InputError(
                f"the weights have shapes {tuple(w_ih.shape)} and {tuple(w_hh.shape)}; "
                f"expected {(GATES[kernel] * H, I)} and {(GATES[kernel] * H, H)} for {I} features and {H} units."
            )
        if T == 0:
            raise InputError("the input has no time steps; at least one is needed.")
        if mask is not None and not (mask.dtype is torch.bool and mask.is_cpu):
            raise InputError(f"the mask is {mask.dtype} on {mask.device}; expected torch.bool on cpu.")
        for tensor, size in ((b_ih, rows), (b_hh, rows), (h0, B * H), (c0, B * H), (mask, B * T)):
            if tensor is not None and tensor.numel() != size:
                raise InputError(f"a bias, state or mask has shape {tuple(tensor.shape)}; expected {size} numbers.")
        self.T, self.H, self.reverse = T, H, reverse
        self.kept = x, mask, h0, c0, w_ih, w_hh, b_ih, b_hh
        self.numbers = (
            kernel,
            torch.get_num_threads(),
            B,
            T,
            I,
            H,
            *self.sequences(x),
            *((0, 0, 0) if mask is None else self.sequences(mask)),
            0 if h0 is None else h0.data_ptr(),
            0 if c0 is None else c0.data_ptr(),
            w_ih.data_ptr(),
            w_hh.data_ptr(),
            0 if b_ih is None else b_ih.data_ptr(),
            0 if b_hh is None else b_hh.data_ptr(),
        )

    def sequences(self, tensor: Tensor) -> tuple[int, int, int]:
        """Address and strides of [B, T, …]; in reverse, of its last step and backwards."""
        strides = tensor.stride()
        if self.reverse:
            last = (self.T - 1) * strides[1] * tensor.element_size()
            return tensor.data_ptr() + last, strides[0], -strides[1]
        return tensor.data_ptr(), strides[0], strides[1]

    def forward(self, y: Tensor | None, h: Tensor, c: Tensor | None, tape: Tensor | None) -> None:
        """Run the kernel, which writes outputs [B, T, H], the last h and c [B, H], and the tape."""
        _kernels.forward(
            (
                *self.numbers,
                *((0, 0, 0) if y is None else self.sequences(y)),
                h.data_ptr(),
                0 if c is None else c.data_ptr(),
                0 if tape is None else tape.data_ptr(),
            )
        )

    def backward(self, tape: Tensor, given: Sequence[Tensor | None], found: Sequence[Tensor | None]) -> None:
        """Run the kernel, which reads gradients of (y, h, c) and writes those of (x, h0, c0, *w)."""
        dy, dh, dc = given
        dx, *others = found
        dy = None if dy is None else _readable(dy)
        dh = None if dh is None else dh.resolve_neg().contiguous()
        dc = None if dc is None else dc.resolve_neg().contiguous()
        _kernels.backward(
            (*self.numbers, 0, 0, 0, 0, 0, tape.data_ptr()),
            (
                *((0, 0, 0) if dy is None else self.sequences(dy)),
                0 if dh is None else dh.data_ptr(),
                0 if dc is None else dc.data_ptr(),
                *((0, 0, 0) if dx is None else self.sequences(dx)),
                *[0 if d is None else d.data_ptr() for d in others],
            ),
        )


def _readable(tensor: Tensor) -> Tensor:
    """The same values, each step's features one after the other in memory."""
    tensor = tensor.resolve_neg()
    return tensor if tensor.stride(2) == 1 or tensor.shape[2] == 1 else tensor.contiguous()


def _forward(
    how: _How, keep_tape: bool, mask: Tensor | None, x: Tensor, *others: Any
) -> tuple[Tensor | None, Tensor, Tensor | None, Tensor | None]:
    """Outputs, the last h and c, and the tape; None for what is not wanted. The others are h0, c0 and the weights."""
    call = _Call(how, mask, x, *others)
    H = call.H
    y = how.outputs(x, H) if how.sequences else None
    h = how.last(x, H)
    c = how.last(x, H) if how.kernel == LSTM else None
    tape = None
    if keep_tape:
        tape = _spare.take(how.tape_shape(call.T, x.shape[0], H))
        tape = how.tape(x, H) if tape is None else tape
    call.forward(y, h, c, tape)
    return y, h, c, tape


def _backward(
    how: _How,
    given: Sequence[Tensor | None],
    wanted: Sequence[bool],
    tape: Tensor,
    mask: Tensor | None,
    x: Tensor,
    *others: Any,
) -> list[Tensor | None]:
    """From gradients of (y, h, c) to those of (x, *others), where they are wanted. Consumes the tape."""
    call = _Call(how, mask, x, *others)
    found = [None if leaf is None or not want else _like(leaf) for want, leaf in zip(wanted, (x, *others), strict=True)]
    call.backward(tape, given, found)
    return found


def _like(leaf: Tensor) -> Tensor:
    """Contiguous memory for its gradient."""
    return torch.empty_like(leaf) if leaf.is_contiguous() else leaf.new_empty(leaf.shape)


class _Scan(torch.autograd.Function):
    """The scan and its gradient in eager code."""

    @staticmethod
    def forward(
        ctx: Any, how: _How, mask: Tensor | None, x: Tensor, *others: Tensor | None
    ) -> tuple[Tensor | None, Tensor, Tensor | None]:
        y, h, c, tape = _forward(how, True, mask, x, *others)
        ctx.save_for_backward(mask, x, *others, tape)
        ctx.how, ctx.tape_is_fresh = how, True
        ctx.set_materialize_grads(False)
        return y, h, c

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        *tensors, tape = ctx.saved_tensors
        how, wanted = ctx.how, ctx.needs_input_grad[2:]
        # the gradient itself is to have a gradient, or many gradients come at once (vmap, is_grads_batched)
        if (
            torch.is_grad_enabled()
            or transforms_are_active()
            or any(d is not None and is_legacy_batchedtensor(d) for d in gradients)
        ):
            return None, None, *_backward_of_the_reference(how, gradients, wanted, *tensors)
        if not ctx.tape_is_fresh:  # a second backward through the same graph
            tape = _forward(how._replace(sequences=False), True, *tensors)[3]
        ctx.tape_is_fresh = False
        found = _backward(how, gradients, wanted, tape, *tensors)
        _spare.give(tape)
        return None, None, *found


# Function.apply, but for its care for transforms of torch.func, which `obstacle` has excluded
_apply = super(torch.autograd.Function, _Scan).apply


def _backward_of_the_reference(
    how: _How, given: Sequence[Tensor | None], wanted: Sequence[bool], mask: Tensor | None, *tensors: Tensor | None
) -> list[Tensor | None]:
    """What `_backward` finds, by operators that torch can differentiate and batch."""
    differentiable = torch.is_grad_enabled()
    with torch.enable_grad():
        # views of their own: what one argument was made of, or is at the same time, does not count here
        leaves = [
            None if leaf is None else leaf.view_as(leaf) if leaf.requires_grad else leaf.detach().requires_grad_()
            for leaf in tensors
        ]
        x, w = cast(Tensor, leaves[0]), Weights(*cast(list[Tensor], leaves[3:]))
        state = tuple(leaf.flatten(0, -2) for leaf in leaves[1:3] if leaf is not None) or None
        y, last = reference.scan(how.equations, x, state, w, mask=mask, reverse=how.reverse)
        outputs = (y, *(s[None] for s in last)) if how.layered else (y, *last)
        pairs = [(output, d) for output, d in zip(outputs, given, strict=False) if d is not None]
        if not pairs:
            return [None] * len(wanted)
        found = torch.autograd.grad(
            [output for output, _ in pairs],
            [leaf for want, leaf in zip(wanted, leaves, strict=True) if want and leaf is not None],
            [d for _, d in pairs],
            create_graph=differentiable,
            allow_unused=True,
        )
    left = iter(found)
    return [next(left) if want and leaf is not None else None for want, leaf in zip(wanted, leaves, strict=True)]


# The same for whoever looks at a call without running it: torch.compile, torch.export, fake tensors.

_TENSORS = (
    "Tensor x, Tensor? mask, Tensor? h0, Tensor? c0, "
    "Tensor weight_ih, Tensor weight_hh, Tensor? bias_ih, Tensor? bias_hh, "
)
_HOW = "int kernel, bool reverse, bool sequences, bool time_major, bool layered, "
torch.library.define(
    "recurra::scan", f"({_TENSORS} {_HOW} bool keep_tape) -> (Tensor y, Tensor h, Tensor c, Tensor tape)"
)
torch.library.define(
    "recurra::scan_backward",
    f"(Tensor? dy, Tensor? dh, Tensor? dc, {_TENSORS} Tensor tape, {_HOW} bool[] wanted) -> Tensor[]",
)
_Operator = tuple[Tensor, Tensor, Tensor, Tensor]  # y, h, c, tape; empty where there is none


def _check_kind(*tensors: Tensor | None) -> None:
    """What `obstacle` has seen to when a program was exported may be otherwise when it runs."""
    for tensor in tensors:
        if tensor is not None and (tensor.dtype is not torch.float32 or tensor.layout is not torch.strided):
            raise InputError(f"recurra::scan was given a {tensor.dtype} tensor; it computes in torch.float32.")


@torch.library.impl("recurra::scan", "CPU")
def _scan_operator(x: Tensor, mask: Any, *rest: Any) -> _Operator:
    how, keep_tape = _How.of(*rest[6:11]), rest[11]
    _check_kind(x, *rest[:6])
    found = _forward(how, keep_tape, mask, x, *rest[:6])
    return tuple(x.new_empty(0) if t is None else t for t in found)  # type: ignore[return-value]


@torch.library.register_fake("recurra::scan")  # type: ignore[untyped-decorator]
def _scan_shapes(x: Tensor, mask: Any, *rest: Any) -> _Operator:
    how, keep_tape, H = _How.of(*rest[6:11]), rest[11], rest[3].shape[1]
    return (
        how.outputs(x, H) if how.sequences else x.new_empty(0),
        how.last(x, H),
        how.last(x, H) if how.kernel == LSTM else x.new_empty(0),
        how.tape(x, int(H)) if keep_tape else x.new_empty(0),
    )


@torch.library.impl("recurra::scan_backward", "CPU")
def _backward_operator(dy: Any, dh: Any, dc: Any, x: Tensor, mask: Any, *rest: Any) -> list[Tensor]:
    tape, how, wanted = rest[6], _How.of(*rest[7:12]), rest[12]
    _check_kind(dy, dh, dc, x, *rest[:7])
    tape = tape.clone()  # an operator leaves its arguments as they are
    found = _backward(how, (dy, dh, dc), wanted, tape, mask, x, *rest[:6])
    return [x.new_empty(0) if d is None else d for d in found]


@torch.library.register_fake("recurra::scan_backward")  # type: ignore[untyped-decorator]
def _backward_shapes(dy: Any, dh: Any, dc: Any, x: Tensor, mask: Any, *rest: Any) -> list[Tensor]:
    leaves, wanted = (x, *rest[:6]), rest[12]
    return [
        torch.empty_like(tensor, memory_format=torch.contiguous_format) if want else x.new_empty(0)
        for want, tensor in zip(wanted, leaves, strict=True)
    ]


def _save_for_backward(ctx: Any, inputs: tuple[Any, ...], output: _Operator) -> None:
    ctx.save_for_backward(*inputs[:8], output[3])
    ctx.how = inputs[8:13]
    ctx.set_materialize_grads(False)


def _operator_backward(ctx: Any, dy: Any, dh: Any, dc: Any, _: Any) -> tuple[Any, ...]:
    how = _How.of(*ctx.how)
    x_needed, _, *others_needed = ctx.needs_input_grad[:8]
    wanted = [x_needed, *others_needed]
    dy = dy if how.sequences else None
    dc = dc if how.kernel == LSTM else None
    found = torch.ops.recurra.scan_backward(dy, dh, dc, *ctx.saved_tensors, *ctx.how, wanted)
    dx, *others = (d if want else None for want, d in zip(wanted, found, strict=True))
    return dx, None, *others, *[None] * 6


torch.library.register_autograd("recurra::scan", _operator_backward, setup_context=_save_for_backward)


def _no_second_derivative(ctx: Any, *_: Any) -> None:
    raise NotImplementedError(
        "recurra::scan has no second derivative under torch.compile, torch.export and fake tensors; "
        'in eager code it has, and backend="reference" has it everywhere.'
    )


torch.library.register_autograd("recurra::scan_backward", _no_second_derivative)
