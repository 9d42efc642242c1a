"""The kernels as an operator of torch.library, `recurra::scan`, with its shapes and its gradient.

It is for whoever looks at a call without running it: torch.compile, torch.export, fake tensors.
"""

from typing import Any

import torch
from torch import Tensor

from recurra.nn import kernels
from recurra.nn.kernels import LSTM, Call

_TENSORS = (
    "Tensor x, Tensor? mask, Tensor? h0, Tensor? c0, "
    "Tensor weight_ih, Tensor weight_hh, Tensor? bias_ih, Tensor? bias_hh, "
)
_CALL = "int kernel, bool reverse, bool sequences, bool time_major, bool layered, "
torch.library.define(
    "recurra::scan", f"({_TENSORS} {_CALL} bool keep_tape) -> (Tensor y, Tensor h, Tensor c, Tensor tape)"
)
torch.library.define(
    "recurra::scan_backward",
    f"(Tensor? dy, Tensor? dh, Tensor? dc, {_TENSORS} Tensor tape, {_CALL} bool[] wanted) -> Tensor[]",
)
_Operator = tuple[Tensor, Tensor, Tensor, Tensor]  # y, h, c, tape; empty where there is none


@torch.library.impl("recurra::scan", "CPU")
def _scan_operator(x: Tensor, mask: Any, *rest: Any) -> _Operator:
    call, keep_tape = Call(*rest[6:11]), rest[11]
    found = kernels.forward(call, keep_tape, mask, x, *rest[:6])
    return tuple(x.new_empty(0) if t is None else t for t in found)  # type: ignore[return-value]


@torch.library.register_fake("recurra::scan")  # type: ignore[untyped-decorator]
def _scan_shapes(x: Tensor, mask: Any, *rest: Any) -> _Operator:
    call, keep_tape, H = Call(*rest[6:11]), rest[11], rest[3].shape[1]
    return (
        call.outputs(x, H) if call.sequences else x.new_empty(0),
        call.last(x, H),
        call.last(x, H) if call.kernel == LSTM else x.new_empty(0),
        call.tape(x, int(H)) if keep_tape else x.new_empty(0),
    )


@torch.library.impl("recurra::scan_backward", "CPU")
def _backward_operator(dy: Any, dh: Any, dc: Any, x: Tensor, mask: Any, *rest: Any) -> list[Tensor]:
    tape, call, wanted = rest[6], Call(*rest[7:12]), rest[12]
    tape = tape.clone()  # an operator leaves its arguments as they are
    found = kernels.backward(call, (dy, dh, dc), wanted, tape, mask, x, *rest[:6])
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
    ctx.call = inputs[8:13]
    ctx.set_materialize_grads(False)


def _operator_backward(ctx: Any, dy: Any, dh: Any, dc: Any, _: Any) -> tuple[Any, ...]:
    call = Call(*ctx.call)
    x_needed, _, *others_needed = ctx.needs_input_grad[:8]
    wanted = [x_needed, *others_needed]
    dy = dy if call.sequences else None
    dc = dc if call.kernel == LSTM else None
    found = torch.ops.recurra.scan_backward(dy, dh, dc, *ctx.saved_tensors, *ctx.call, wanted)
    dx, *others = (d if want else None for want, d in zip(wanted, found, strict=True))
    return dx, None, *others, *[None] * 6


torch.library.register_autograd("recurra::scan", _operator_backward, setup_context=_save_for_backward)


def _no_second_derivative(ctx: Any, *_: Any) -> None:
    raise NotImplementedError(
        "recurra::scan has no second derivative under torch.compile, torch.export and fake tensors; "
        'in eager code it has, and backend="reference" has it everywhere.'
    )


torch.library.register_autograd("recurra::scan_backward", _no_second_derivative)

scan = torch.ops.recurra.scan
