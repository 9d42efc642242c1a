"""The native backend: what the kernels can do, and how torch's autograd reaches them.

A call takes one of two ways. In plain eager code the kernels get the tensors from an `autograd.Function` or, where no
gradient is wanted, directly. For torch.compile, torch.export and fake tensors the same call is an operator of
torch.library (operators.py), which they can look at without running it.
"""

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor
from torch._C._functorch import is_legacy_batchedtensor
from torch.autograd import forward_ad

from recurra.nn import kernels, operators, reference
from recurra.nn.cells import Equations, GRUEquations, LSTMEquations, SimpleRNNEquations, State, Weights
from recurra.nn.kernels import EQUATIONS, GRU, LSTM, RNN_RELU, RNN_TANH, Call


def obstacle(equations: Equations, x: Tensor, state: State | None, w: Weights, keep: Tensor | None) -> str | None:
    """Say what of this call the kernels cannot do; None if they can do it all."""
    if kernels.MISSING is not None:
        return kernels.MISSING
    difference = not_torchs(equations)
    if difference is not None:
        return difference
    if keep is not None:
        return "recurrent dropout"
    return obstacle_of_call((x, *(state or ()), *w))


def obstacle_of_call(tensors: tuple[Tensor | None, ...]) -> str | None:
    """Say what of these tensors, or of what is going on in torch, the kernels cannot do; None if they can do it all."""
    compiling = torch.compiler.is_compiling()
    if compiling or not kernels.extension.are_plain_floats(tensors):
        for tensor in tensors:
            if tensor is not None and tensor.layout is not torch.strided:
                return "sparse tensors"
            if tensor is not None and not (tensor.dtype is torch.float32 and tensor.is_cpu):
                return f"{tensor.dtype} tensors on {tensor.device}"
    if torch.is_autocast_enabled("cpu"):
        return "autocast"
    if compiling:
        return None
    if torch._C._get_tracing_state() is not None:
        return "torch.jit.trace"
    if transforms_are_active():
        return "transforms of torch.func"
    return None


def is_slower_than_torch(equations: Equations, B: int, T: int, I: int, H: int) -> bool:
    """Whether torch's operators take less time, because the weights outgrow the second cache and are not used enough.

    The kernels pack the weights, which one or two steps of a SimpleRNN or GRU do not earn back, and they split the
    batch among the threads, where torch splits the weights of an LSTM. Measured with two threads by
    benchmarks/layers.py --grid.
    """
    if torch.compiler.is_compiling():
        return False
    size = H * (I + H)
    if isinstance(equations, LSTMEquations):
        return size > 150_000 and 4 * torch.get_num_threads() > B
    if T == 1:
        return size > (60_000 if isinstance(equations, GRUEquations) else 100_000)
    return T == 2 and size > 200_000


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
    call = Call(kernel, reverse, sequences, time_major, layered)
    h0, c0 = (None, None) if state is None else state if len(state) == 2 else (state[0], None)
    gradients = torch.is_grad_enabled() and (
        w.weight_hh.requires_grad
        or x.requires_grad
        or any(tensor is not None and tensor.requires_grad for tensor in (h0, c0, *w))
    )
    tensors = mask, x, h0, c0, *w
    compiling = torch.compiler.is_compiling() or torch._C._len_torch_dispatch_stack() > 0
    if compiling or not kernels.extension.are_plain(tensors):
        y, h, c, _ = operators.scan(x, mask, h0, c0, *w, *call, gradients)
    elif gradients:
        y, h, c = _apply(call, *tensors)  # type: ignore[no-untyped-call]
    else:
        y, h, c, _ = kernels.forward(call, False, *tensors)
    return (y if sequences else None), ((h, c) if kernel == LSTM else (h,))


class _Scan(torch.autograd.Function):
    """The scan and its gradient in eager code."""

    @staticmethod
    def forward(ctx: Any, call: Call, *tensors: Tensor | None) -> tuple[Tensor | None, Tensor, Tensor | None]:
        y, h, c, tape = kernels.forward(call, True, *tensors)
        ctx.save_for_backward(*tensors, tape)
        ctx.call, ctx.tape_is_fresh = call, True
        ctx.set_materialize_grads(False)
        return y, h, c

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        *tensors, tape = ctx.saved_tensors
        call, wanted = ctx.call, ctx.needs_input_grad[2:]
        # the gradient itself is to have a gradient, or many gradients come at once (vmap, is_grads_batched)
        if (
            torch.is_grad_enabled()
            or transforms_are_active()
            or any(d is not None and is_legacy_batchedtensor(d) for d in gradients)
        ):
            return None, None, *_backward_of_the_reference(call, gradients, wanted, *tensors)
        if not ctx.tape_is_fresh:  # a second backward through the same graph
            tape = kernels.forward(call._replace(sequences=False), True, *tensors)[3]
        ctx.tape_is_fresh = False
        found = kernels.backward(call, gradients, wanted, tape, *tensors)
        kernels.spare.give(tape)
        return None, None, *found


# Function.apply, but for its care for transforms of torch.func, which `obstacle` has excluded
_apply = super(torch.autograd.Function, _Scan).apply


def _backward_of_the_reference(
    call: Call, given: Sequence[Tensor | None], wanted: Sequence[bool], mask: Tensor | None, *tensors: Tensor | None
) -> list[Tensor | None]:
    """What `kernels.backward` finds, by operators that torch can differentiate and batch."""
    differentiable = torch.is_grad_enabled()
    with torch.enable_grad():
        # views of their own: what one argument was made of, or is at the same time, does not count here
        leaves = [
            None if leaf is None else leaf.view_as(leaf) if leaf.requires_grad else leaf.detach().requires_grad_()
            for leaf in tensors
        ]
        x, w = cast(Tensor, leaves[0]), Weights(*cast(list[Tensor], leaves[3:]))
        state = tuple(leaf.flatten(0, -2) for leaf in leaves[1:3] if leaf is not None) or None
        y, last = reference.scan(EQUATIONS[call.kernel], x, state, w, mask=mask, reverse=call.reverse)
        outputs = (y, *(s[None] for s in last)) if call.layered else (y, *last)
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
