"""The kernels with gradients: their connection to torch's autograd.

In eager mode, an `autograd.Function` calls the kernels or, without gradients, they are called directly. If the call is
recorded (by torch.compile, torch.export or fake tensors), it is an operator of torch.library (operators.py), which can
be traced without running it.
"""

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor

from recurra.nn import torch_internals
from recurra.nn.backends.backend import Call
from recurra.nn.backends.native import kernels, operators
from recurra.nn.backends.native.kernels import KernelCall, Tensors, Weights
from recurra.nn.backends.reference import Reference
from recurra.nn.cells import State


def run(
    call: KernelCall, x: Tensor, state: State | None, w: Weights, mask: Tensor | None, recorder: str | None
) -> tuple[Tensor | None, State]:
    """Run a kernel with support for gradients.

    Args:
        call: the kernel and its options.
        x: inputs, [B, T, I].
        state: the state before the first step, (h,) or (h, c), each [B, H] or [1, B, H]; zeros if None.
        w: the weights and biases.
        mask: [B, T], True at unmasked steps.
        recorder: what records the call; see `torch_internals.recorder`.

    Returns:
        The outputs, [B, T, H] (None without `call.sequences`), and the state after the last step.

    Raises:
        InputError: the shapes of the tensors do not match.
    """
    h0, c0 = (None, None) if state is None else state if len(state) == 2 else (state[0], None)
    gradients = torch.is_grad_enabled() and (
        w.weight_hh.requires_grad
        or x.requires_grad
        or any(tensor is not None and tensor.requires_grad for tensor in (h0, c0, *w))
    )
    tensors = Tensors(mask, x, h0, c0, *w)
    if recorder is not None or not kernels.extension.are_plain(tensors):
        y, h, c, _ = operators.scan(tensors, call, gradients)
    elif gradients:
        y, h, c = _apply(call, *tensors)
    else:
        y, h, c, _ = kernels.forward(call, False, tensors)
    return (y if call.sequences else None), ((h, c) if call.has_c else (h,))


class _Scan(torch.autograd.Function):
    """The scan and its gradient in eager mode."""

    @staticmethod
    def forward(ctx: Any, call: KernelCall, *tensors: Tensor | None) -> tuple[Tensor | None, Tensor, Tensor | None]:
        y, h, c, tape = kernels.forward(call, True, Tensors(*cast(Any, tensors)))
        ctx.save_for_backward(*tensors, tape)
        ctx.call, ctx.tape_is_fresh = call, True
        ctx.set_materialize_grads(False)
        return y, h, c

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        *tensors, tape = ctx.saved_tensors
        call, wanted = ctx.call, ctx.needs_input_grad[2:]
        # the gradient needs a gradient itself, or is a batch of gradients (vmap, is_grads_batched)
        if (
            torch.is_grad_enabled()
            or torch_internals.transforms_are_active()
            or any(d is not None and torch_internals.is_batched(d) for d in gradients)
        ):
            return None, None, *_backward_of_the_reference(call, gradients, wanted, *tensors)
        if not ctx.tape_is_fresh:  # a second backward through the same graph
            tape = kernels.forward(call._replace(sequences=False), True, Tensors(*cast(Any, tensors)))[3]
        ctx.tape_is_fresh = False
        found = kernels.backward(call, gradients, wanted, tape, Tensors(*cast(Any, tensors)))
        kernels.spare.give(tape)
        return None, None, *found


_apply = torch_internals.apply_of(_Scan)


def _backward_of_the_reference(
    call: KernelCall,
    given: Sequence[Tensor | None],
    wanted: Sequence[bool],
    mask: Tensor | None,
    *leaves: Tensor | None,
) -> list[Tensor | None]:
    """Compute the same as `kernels.backward` with operators that torch can differentiate and batch."""
    differentiable = torch.is_grad_enabled()
    with torch.enable_grad():
        # distinct views, so that arguments that depend on each other, or are the same tensor, get separate gradients
        leaves = tuple(
            None if leaf is None else leaf.view_as(leaf) if leaf.requires_grad else leaf.detach().requires_grad_()
            for leaf in leaves
        )
        x, h0, c0, *weights = cast(Any, leaves)
        w = Weights(*weights)
        parameters = {name: weight for name, weight in w._asdict().items() if weight is not None}
        state = tuple(s.flatten(0, -2) for s in (h0, c0) if s is not None) or None
        hidden_size = w.weight_hh.shape[1]
        y, last = Reference().scan(
            Call(kernels.CELLS[call.kernel], hidden_size, parameters, x, state, mask, reverse=call.reverse)
        )
        if call.dropout > 0.0:
            y = y * kernels.dropout_factors(call, x, hidden_size)
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
